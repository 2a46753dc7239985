/** How wide a text is drawn. Fonts are the reader's own, so widths are those of a wide one (DejaVu, which Linux falls back to), and nothing that others draw is wider. */

export interface Font {
  readonly size: number;
  readonly mono?: true;
  readonly bold?: true;
}

/** From here on characters take a whole square: East Asian scripts and what is drawn as a picture. */
const FIRST_SQUARE = 0x2e80;
const NARROW = /[ijl.,:;|!'I()[\]/ ft-]/;
const WIDE = /[mwMW@%—]/;
const LARGE = /[A-Z0-9#$&+<=>?_~]/;

function shareOf(char: string, mono: boolean): number {
  if (char.codePointAt(0)! >= FIRST_SQUARE) return 1.1;
  if (mono) return 0.61;
  if (NARROW.test(char)) return 0.4;
  if (WIDE.test(char)) return 1;
  return LARGE.test(char) ? 0.7 : 0.62;
}
export function widthOf(text: string, { size, mono, bold }: Font): number {
  let shares = 0;
  for (const char of text) shares += shareOf(char, mono === true);
  return shares * size * (bold === true ? 1.1 : 1);
}

/** What is left out is marked, and the whole stands where a reader can get at it. */
export const MARK = '…';
/** The text as far as it fits. */
export function fit(text: string, width: number, font: Font): string {
  // wider than any picture: nobody needs to measure all of it
  const most = text.slice(0, LONGEST);
  if (most === text && widthOf(text, font) <= width) return text;
  const room = width - widthOf(MARK, font);
  let [used, kept] = [0, ''];
  for (const char of most) {
    used += widthOf(char, font);
    if (used > room) break;
    kept += char;
  }
  return kept.trimEnd() + MARK;
}
const LONGEST = 1000;
/** A register's value: its leading zeros go before its digits do, and the register before its field. */
export function fitValue(text: string, width: number, font: Font): string {
  if (fit(text, width, font) === text) return text;
  const short = text.slice(0, LONGEST).replace(/\b0x0+(?=[0-9a-f])/g, '0x');
  const field = short.replace(/^[A-Z][A-Z0-9_]*\.(?=\w+ = )/, '');
  return fit(short, width, font) === short ? short : fit(field, width, font);
}
/** The text in lines, broken between words; the last line is marked where there would be more. */
export function wrapped(text: string, width: number, font: Font, most: number): string[] {
  const lines: string[] = [];
  let words = text
    .slice(0, LONGEST)
    .split(/\s+/)
    .filter((word) => word !== '');
  while (words.length > 0 && lines.length < most) {
    let count = 1;
    while (count < words.length && widthOf(words.slice(0, count + 1).join(' '), font) <= width) count++;
    const last = lines.length === most - 1;
    lines.push(fit(words.slice(0, last ? undefined : count).join(' '), width, font));
    words = last ? [] : words.slice(count);
  }
  return lines;
}
