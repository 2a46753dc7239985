/** Files of one record a line, as editors and tools leave them: any line ends, perhaps a byte order mark. */
import { ImageError, RIGHT_FILE } from './errors.ts';

const MARK = '\u00ef\u00bb\u00bf';

/** The first characters behind what no record begins with. */
export function firstOf(bytes: Uint8Array, count: number): string {
  const start = String.fromCharCode(...bytes.subarray(0, 256));
  return start.replace(MARK, '').trimStart().slice(0, count);
}

/** 4 MB in records of 8 bytes are 524,288, and some more set addresses. */
const MOST_LINES = 600_000;

/** Its lines that are not empty, with their place. */
export function textLines(bytes: Uint8Array): { readonly text: string; readonly where: string }[] {
  const lines = new TextDecoder('latin1')
    .decode(bytes)
    .replace(MARK, '')
    .split(/\r\n|\r|\n/, MOST_LINES + 1);
  if (lines.length > MOST_LINES) throw new ImageError('too-large', `it has more than ${MOST_LINES} lines`, null, RIGHT_FILE);
  return lines.map((line, i) => ({ text: line.trim(), where: `line ${i + 1}` })).filter(({ text }) => text !== '');
}

/** The bytes that pairs of hexadecimal digits name. */
export function hexBytes(digits: string): Uint8Array {
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

export const hex8 = (n: number): string => `0x${n.toString(16).padStart(2, '0')}`;
