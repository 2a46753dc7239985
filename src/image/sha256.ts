/** SHA-256 (FIPS 180-4) in hexadecimal, synchronous, so that image loading needs neither Node nor promises. */
import { sha256 as hash } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

/** Whoever has a faster one puts it here: a run hashes an image and a ROM once each and is done before V8 has optimised the library. */
export const SHA256: { digest: (bytes: Uint8Array) => string } = { digest: (bytes) => bytesToHex(hash(bytes)) };

export const sha256 = (bytes: Uint8Array): string => SHA256.digest(bytes);
