/** Motorola S-records (M68000 Family Programmer's Reference Manual, appendix C): S0 header, S1 to S3 data, S5 and S6 counts, S7 to S9 the end and where to start. */
import { ImageError } from './errors.ts';
import type { RecordFile } from './hex.ts';
import { Pieces } from './pieces.ts';
import { firstOf, hex8, hexBytes, textLines } from './text-lines.ts';

/** Bytes of the address in a record of each type; S4 is reserved. */
const ADDRESS_BYTES = [2, 2, 3, 4, null, 2, 3, 4, 3, 2] as const;

export const looksLikeSrec = (bytes: Uint8Array): boolean => /^S[0-9][0-9A-F]{6}/i.test(firstOf(bytes, 8));

export function parseSrec(bytes: Uint8Array): RecordFile {
  const pieces = new Pieces('bad-srec');
  let entry: number | null = null;
  let ended = false;
  let records = 0;
  let last = 'line 1';
  for (const { text, where } of textLines(bytes)) {
    last = where;
    if (ended) throw new ImageError('bad-srec', 'data after the end record', where);
    const { type, address, data } = parseRecord(text, where);
    if (type >= 1 && type <= 3) {
      pieces.add(address, data, where);
      records++;
    } else if (type >= 5 && data.length > 0) {
      throw new ImageError('bad-srec', `an S${type} record with data`, where);
    } else if (type === 5 || type === 6) {
      if (address !== records) {
        const wrong = `its count is ${address} data records, but there are ${records}`;
        throw new ImageError('truncated', wrong, where, 'the file is damaged; build it again');
      }
    } else if (type >= 7) {
      ended = true;
      // S7 0 is what linkers write that know no entry
      if (address !== 0) entry = address;
    }
  }
  if (!ended) throw new ImageError('truncated', 'no end record', `behind ${last}`, 'the file is truncated; copy or build it again');
  if (pieces.empty) throw new ImageError('no-segments', 'no data records, nothing to load');
  return { chunks: pieces.chunks(), entry };
}

function parseRecord(text: string, where: string): { type: number; address: number; data: Uint8Array } {
  if (!/^S[0-9][0-9A-F]*$/i.test(text) || text.length % 2 !== 0) throw new ImageError('bad-srec', 'not an S-record', where);
  const type = Number(text[1]);
  const width = ADDRESS_BYTES[type];
  if (width === null || width === undefined) throw new ImageError('bad-srec', `unknown record type S${type}`, where);
  const all = hexBytes(text.slice(2));
  if (all.length < width + 2 || all[0] !== all.length - 1)
    throw new ImageError('bad-srec', 'a record whose length does not match its contents', where);
  const got = all[all.length - 1]!;
  const expected = ~all.subarray(0, -1).reduce((n, b) => n + b, 0) & 0xff;
  if (got !== expected) {
    const wrong = `checksum ${hex8(got)}, expected ${hex8(expected)}`;
    throw new ImageError('bad-checksum', wrong, where, 'the file is damaged; build it again');
  }
  const address = all.subarray(1, 1 + width).reduce((n, b) => n * 256 + b, 0);
  return { type, address, data: all.subarray(1 + width, -1) };
}
