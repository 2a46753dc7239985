/** Intel HEX (Intel, rev. A, 1988): records 00 data, 01 end, 02/04 extended address, 03/05 start address. */
import { ImageError } from './errors.ts';

export interface HexFile {
  readonly chunks: readonly { readonly address: number; readonly data: Uint8Array }[];
  readonly entry: number | null;
}

export function looksLikeHex(bytes: Uint8Array): boolean {
  let i = 0;
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) i = 3; // editors' byte order mark
  while (i < bytes.length && (bytes[i] === 0x0d || bytes[i] === 0x0a || bytes[i] === 0x20)) i++;
  return bytes[i] === 0x3a;
}

export function parseHex(bytes: Uint8Array): HexFile {
  const lines = new TextDecoder('latin1')
    .decode(bytes)
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .split(/\r\n|\r|\n/);
  const chunks: { address: number; parts: number[] }[] = [];
  let base = 0;
  let entry: number | null = null;
  let ended = false;
  for (let i = 0; i < lines.length; i++) {
    const text = lines[i]!.trim();
    const where = `line ${i + 1}`;
    if (text === '') continue;
    if (ended) throw new ImageError('bad-hex', 'data after the end record', where);
    const record = parseRecord(text, where);
    const { type, data } = record;
    const word = (): number => data.reduce((n, b) => n * 256 + b, 0);
    const needs = (length: number): void => {
      if (data.length !== length)
        throw new ImageError('bad-hex', `a record of type ${type} with ${data.length} bytes instead of ${length}`, where);
    };
    if (type === 0) {
      append(chunks, base + record.offset, data, where);
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
  if (!ended) throw new ImageError('truncated', 'no end record', `line ${lines.length}`, 'the file is cut short; copy or build it again');
  if (chunks.length === 0) throw new ImageError('no-segments', 'no data records, nothing to load');
  return { chunks: chunks.map((c) => ({ address: c.address, data: Uint8Array.from(c.parts) })), entry };
}

/** Data behind the last ones go on with them. */
function append(chunks: { address: number; parts: number[] }[], address: number, data: readonly number[], where: string): void {
  if (data.length === 0) return;
  if (address + data.length > 2 ** 32) throw new ImageError('bad-hex', 'data past the end of the address space', where);
  const last = chunks[chunks.length - 1];
  if (last !== undefined && last.address + last.parts.length === address) for (const b of data) last.parts.push(b);
  else chunks.push({ address, parts: [...data] });
}

function parseRecord(text: string, where: string): { offset: number; type: number; data: number[] } {
  if (!/^:[0-9a-fA-F]*$/.test(text) || text.length % 2 === 0) throw new ImageError('bad-hex', 'not an Intel HEX record', where);
  const all: number[] = [];
  for (let i = 1; i < text.length; i += 2) all.push(parseInt(text.slice(i, i + 2), 16));
  if (all.length < 5 || all[0] !== all.length - 5)
    throw new ImageError('bad-hex', 'a record whose length does not match its contents', where);
  const sum = all.reduce((n, b) => n + b, 0) & 0xff;
  if (sum !== 0) {
    const got = all[all.length - 1]!;
    const expected = (got - sum) & 0xff;
    const hex = (n: number): string => `0x${n.toString(16).padStart(2, '0')}`;
    throw new ImageError('hex-checksum', `checksum ${hex(got)}, expected ${hex(expected)}`, where, 'the file is damaged; build it again');
  }
  return { offset: all[1]! * 256 + all[2]!, type: all[3]!, data: all.slice(4, -1) };
}
