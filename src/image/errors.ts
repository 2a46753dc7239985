import { hintOf, messageOf, ofError } from './message.ts';

/** A firmware image that cannot be used, said in a way that a user can act on. Image code throws nothing else. */
export type ImageErrorCode =
  | 'empty'
  | 'too-large'
  | 'not-elf'
  | 'truncated'
  | 'wrong-class'
  | 'wrong-endianness'
  | 'wrong-machine'
  | 'wrong-type'
  | 'bad-header'
  | 'no-segments'
  | 'bad-hex'
  | 'hex-checksum'
  | 'bad-srec'
  | 'bad-uf2'
  | 'bad-dfu'
  | 'bad-checksum'
  | 'no-address'
  | 'bad-address'
  | 'outside-memory'
  | 'read-only-memory'
  | 'overlap'
  | 'wrong-core';

/** An image that cannot be read: the message has file, place and what to do. */
export class ImageError extends Error {
  /** The kind of mistake. */
  readonly code: ImageErrorCode;
  /** File as the user typed it; empty until the loader knows it. */
  readonly path: string;
  /** The mistake without its place. */
  readonly what: string;
  /** Where in the file or in memory, e.g. `offset 0x34` or `line 12`; null when it is the whole file. */
  readonly where: string | null;
  /** What to do; null = nothing is known. */
  readonly hint: string | null;

  constructor(code: ImageErrorCode, what: string, where: string | null = null, hint: string | null = null, path = '') {
    super(messageOf(`${path === '' ? '' : `${path}: `}${what}${where === null ? '' : ` (${where})`}`, hint));
    this.name = 'ImageError';
    this.code = code;
    this.path = path;
    this.what = ofError(what);
    this.where = where && ofError(where);
    this.hint = hintOf(hint);
  }

  /** @internal */
  inFile(path: string): ImageError {
    return this.path === '' ? new ImageError(this.code, this.what, this.where, this.hint, path) : this;
  }
}

/** What to do about a file that no firmware of these chips fills. */
export const RIGHT_FILE = 'no chip has more than 4 MB of flash: is it the right file?';
export const hexAddress = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
export const atOffset = (n: number): string => `offset 0x${n.toString(16)}`;

/** The largest file that is read as an image, MiB: an ELF with its debug data, or the text of all memory that a machine can have. */
export const LARGEST_IMAGE = 128;
