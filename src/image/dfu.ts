/**
 * Files for DFU. The suffix of DFU 1.1 (appendix B) stands behind the program, whatever that is, with a CRC of all of it. ST's DfuSe files (UM0391) have a
 * prefix and targets in front of it that say what goes where; a plain one does not.
 */
import { ImageError, atOffset, hexAddress } from './errors.ts';
import { Pieces } from './pieces.ts';

const SUFFIX = 16;
const PREFIX = 11;
const TARGET_PREFIX = 274;
const ELEMENT_PREFIX = 8;
const DAMAGED = 'the file is damaged; copy or build it again';

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const hasText = (bytes: Uint8Array, at: number, text: string): boolean =>
  at >= 0 && [...text].every((c, i) => bytes[at + i] === c.charCodeAt(0));

export const looksLikeDfuSe = (bytes: Uint8Array): boolean => hasText(bytes, 0, 'DfuSe');
/** The signature of the suffix is read backwards in the file, behind it stand its length and the CRC. */
export const hasDfuSuffix = (bytes: Uint8Array): boolean =>
  hasText(bytes, bytes.length - 8, 'UFD') && bytes[bytes.length - 5]! >= SUFFIX && bytes[bytes.length - 5]! <= bytes.length;

/** What stands before the suffix, which is checked. */
export function withoutDfuSuffix(bytes: Uint8Array): Uint8Array {
  if (!hasDfuSuffix(bytes)) {
    if (!looksLikeDfuSe(bytes))
      throw new ImageError(
        'not-elf',
        'its name says DFU, but it has neither the prefix of a DfuSe file (DfuSe) nor the suffix of a DFU file (UFD): a container of its own, or cut off',
        atOffset(Math.max(0, bytes.length - SUFFIX)),
        'give the linked .elf; write a raw binary as file.bin@0x08000000',
      );
    const hint = 'the file is truncated; copy or build it again';
    throw new ImageError('truncated', 'it does not end with a DFU file suffix', atOffset(Math.max(0, bytes.length - SUFFIX)), hint);
  }
  const stored = viewOf(bytes).getUint32(bytes.length - 4, true);
  const computed = dfuCrc(bytes.subarray(0, -4));
  if (stored !== computed) {
    const wrong = `CRC ${hexAddress(stored)}, expected ${hexAddress(computed)}`;
    throw new ImageError('bad-checksum', wrong, atOffset(bytes.length - 4), DAMAGED);
  }
  const program = bytes.subarray(0, -bytes[bytes.length - 5]!);
  if (program.length === 0) throw new ImageError('no-segments', 'it contains only a DFU file suffix, nothing to load');
  return program;
}

/** The elements of all targets of a DfuSe file. */
export function parseDfuSe(bytes: Uint8Array): { address: number; data: Uint8Array }[] {
  const body = withoutDfuSuffix(bytes);
  if (body.length < PREFIX) throw new ImageError('truncated', 'it ends inside its prefix', atOffset(body.length), DAMAGED);
  const version = body[5]!;
  if (version !== 1) throw new ImageError('bad-dfu', `a DfuSe file of version ${version}; only version 1 is known`, atOffset(5));
  // UM0391 calls it the length of the file; the writers leave the suffix out
  const size = viewOf(body).getUint32(6, true);
  if (size !== body.length && size !== bytes.length)
    throw new ImageError('bad-dfu', `its prefix announces ${size} bytes, but there are ${body.length}`, atOffset(6), DAMAGED);
  const pieces = new Pieces('bad-dfu');
  let at = PREFIX;
  for (let target = 0; target < body[10]!; target++) at = readTarget(body, at, pieces);
  if (at !== body.length) throw new ImageError('bad-dfu', `${body.length - at} bytes after its last target`, atOffset(at), DAMAGED);
  if (pieces.empty) throw new ImageError('no-segments', 'its targets contain no data, nothing to load');
  return pieces.chunks();
}

/** Reads the target at `at`; where the next one begins. */
function readTarget(body: Uint8Array, at: number, pieces: Pieces): number {
  if (at + TARGET_PREFIX > body.length) throw new ImageError('truncated', 'it ends inside the prefix of a target', atOffset(at), DAMAGED);
  if (!hasText(body, at, 'Target')) throw new ImageError('bad-dfu', 'a target should begin here', atOffset(at), DAMAGED);
  const view = viewOf(body);
  const size = view.getUint32(at + 266, true);
  const elements = view.getUint32(at + 270, true);
  const end = at + TARGET_PREFIX + size;
  if (end > body.length) throw new ImageError('truncated', `a target of ${size} bytes runs past the end`, atOffset(at + 266), DAMAGED);
  let next = at + TARGET_PREFIX;
  for (let n = 0; n < elements; n++) {
    // each round is at least a prefix further on, so a count that lies ends here
    const begins = next + ELEMENT_PREFIX;
    const length = begins > end ? 0 : view.getUint32(next + 4, true);
    if (begins + length > end)
      throw new ImageError('truncated', `element ${n + 1} of ${elements} runs past the end of its target`, atOffset(next), DAMAGED);
    pieces.add(view.getUint32(next, true), body.subarray(begins, begins + length), atOffset(next));
    next = begins + length;
  }
  if (next !== end) throw new ImageError('bad-dfu', `${end - next} bytes after the last element of a target`, atOffset(next), DAMAGED);
  return end;
}

/** DFU 1.1, appendix B: the CRC-32 of IEEE 802.3 without the inversion at its end. */
export function dfuCrc(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 0xff]!;
  return crc >>> 0;
}
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : 0xedb88320);
  return crc;
});
