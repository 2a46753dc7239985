/** Intel HEX (Intel, rev. A, 1988): records 00 data, 01 end, 02/04 extended address, 03/05 start address. */
import { ImageError } from './errors.ts';
import { Pieces } from './pieces.ts';
import { firstOf, hex8, hexBytes, textLines } from './text-lines.ts';

/** What a file of records holds. */
export interface RecordFile {
  readonly chunks: readonly { readonly address: number; readonly data: Uint8Array }[];
  readonly entry: number | null;
}

/** Ctrl-Z: DOS ended texts with it, and some tools still do. */
const DOS_END = '\u001a';

export const looksLikeHex = (bytes: Uint8Array): boolean => firstOf(bytes, 1) === ':';

export function parseHex(bytes: Uint8Array): RecordFile {
  const pieces = new Pieces('bad-hex');
  let base = 0;
  let entry: number | null = null;
  let ended = false;
  let last = 'line 1';
  for (const { text, where } of textLines(bytes)) {
    if (ended && text === DOS_END) continue;
    last = where;
    if (ended) throw new ImageError('bad-hex', 'data after the end record', where);
    const { type, data, offset } = parseRecord(text, where);
    const word = (): number => data.reduce((n, b) => n * 256 + b, 0);
    const needs = (length: number): void => {
      if (data.length !== length)
        throw new ImageError('bad-hex', `a record of type ${type} with ${data.length} bytes instead of ${length}`, where);
    };
    if (type === 0) {
      pieces.add(base + offset, data, where);
    } else if (type === 1) {
      needs(0);
      ended = true;
    } else if (type === 2) {
      needs(2);
      base = word() * 16;
    } else if (type === 4) {
      needs(2);
      base = word() * 65536;
    } else if (type === 3) {
      needs(4); // 8086 CS:IP, meaningless here
    } else if (type === 5) {
      needs(4);
      entry = word();
    } else {
      throw new ImageError('bad-hex', `unknown record type ${type}`, where);
    }
  }
  if (!ended) throw new ImageError('truncated', 'no end record', `behind ${last}`, 'the file is truncated; copy or build it again');
  if (pieces.empty) throw new ImageError('no-segments', 'no data records, nothing to load');
  return { chunks: pieces.chunks(), entry };
}

function parseRecord(text: string, where: string): { offset: number; type: number; data: Uint8Array } {
  if (!/^:[0-9a-fA-F]*$/.test(text) || text.length % 2 === 0) throw new ImageError('bad-hex', 'not an Intel HEX record', where);
  const all = hexBytes(text.slice(1));
  if (all.length < 5 || all[0] !== all.length - 5)
    throw new ImageError('bad-hex', 'a record whose length does not match its contents', where);
  const sum = all.reduce((n, b) => n + b, 0) & 0xff;
  if (sum !== 0) {
    const got = all[all.length - 1]!;
    const wrong = `checksum ${hex8(got)}, expected ${hex8((got - sum) & 0xff)}`;
    throw new ImageError('hex-checksum', wrong, where, 'the file is damaged; build it again');
  }
  return { offset: all[1]! * 256 + all[2]!, type: all[3]!, data: all.subarray(4, -1) };
}
