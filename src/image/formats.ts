/** The formats, beside ELF, whose files say where their bytes go; and what people give in place of an image. */
import { looksLikeDfuSe, parseDfuSe } from './dfu.ts';
import { ImageError, RIGHT_FILE } from './errors.ts';
import { looksLikeHex, parseHex, type RecordFile } from './hex.ts';
import { looksLikeSrec, parseSrec } from './srec.ts';
import { looksLikeUf2, parseUf2 } from './uf2.ts';

export type PlainKind = 'hex' | 'srec' | 'uf2' | 'dfuse';

interface Format {
  readonly kind: PlainKind;
  readonly called: string;
  readonly is: (bytes: Uint8Array) => boolean;
  readonly read: (bytes: Uint8Array) => RecordFile;
  /** What such files are called, where a raw binary may begin like one; null where none does. */
  readonly names: RegExp | null;
}
const noEntry =
  (read: (bytes: Uint8Array) => RecordFile['chunks']) =>
  (bytes: Uint8Array): RecordFile => ({ chunks: read(bytes), entry: null });

const FORMATS: readonly Format[] = [
  { kind: 'hex', called: 'an Intel HEX file', is: looksLikeHex, read: parseHex, names: /\.(hex|ihx|ihex)$/i },
  { kind: 'srec', called: 'an S-record file', is: looksLikeSrec, read: parseSrec, names: /\.(srec?|s19|s28|s37|mot)$/i },
  { kind: 'uf2', called: 'a UF2 file', is: looksLikeUf2, read: noEntry(parseUf2), names: null },
  { kind: 'dfuse', called: 'a DfuSe file', is: looksLikeDfuSe, read: noEntry(parseDfuSe), names: null },
];
/** Of such a file: 4 MB, more than any chip has, are 12 MB in records of 16 bytes. */
const MOST_BYTES = 16 << 20;
/** @throws ImageError where reading all of it would take minutes, and say nothing more */
export function mustFit(bytes: Uint8Array, { called }: Format): void {
  if (bytes.length > MOST_BYTES)
    throw new ImageError(
      'too-large',
      `${called} of ${Math.ceil(bytes.length / 2 ** 20)} MB; at most ${MOST_BYTES >> 20} MB are read`,
      null,
      RIGHT_FILE,
    );
}
export const formatOf = (bytes: Uint8Array): Format | null => FORMATS.find(({ is }) => is(bytes)) ?? null;

/** Files that people give in place of an image, by how they begin. */
const MISTAKEN: readonly { readonly begins: RegExp; readonly is: string; readonly hint: string }[] = [
  {
    begins: /^\s*\{[^]*"bootbench\/scenario@/,
    is: 'this is a scenario, not an image',
    hint: 'give it with --scenario <file>; it can name its images itself',
  },
  {
    begins: /^\s*\{[^]*"bootbench\/run@/,
    is: 'this is a result, not an image',
    hint: '`bootbench compare <file> other.json` compares two results',
  },
  { begins: /^\s*[{[]/, is: 'this is JSON, not an image', hint: 'give a scenario with --scenario <file>; the image is the linked .elf' },
  { begins: /^!<arch>\n/, is: 'this is a library (.a), not an image', hint: 'give the linked .elf' },
];
/** Null where nothing is known about such files. */
export const mistakenFor = (bytes: Uint8Array): (typeof MISTAKEN)[number] | null =>
  MISTAKEN.find(({ begins }) => begins.test(String.fromCharCode(...bytes.subarray(0, 256)))) ?? null;
