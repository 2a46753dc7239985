/**
 * What JSON of others may hold: `JSON.parse` and what reads its document take seconds and gigabytes for a few megabytes of brackets, and hear nothing meanwhile. One look at
 * the letters tells it first.
 */

/** How deep lists and objects stand in one another. Documents of bootbench go down to 12. */
const DEEPEST = 64;
/** How many values there are; a result of a long run has some thousands. */
export const MOST_VALUES = 2 ** 18;
/** Of one text, as it is written: what a firmware prints is kept up to 512 KB, of which JSON makes six times as much at most. From some
 * eight millions on a regular expression has no stack left. */
const MOST_LETTERS = 2 ** 22;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const OPENS: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSES: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** What is too much in a text, in words that follow the name of the file; null: it can be parsed. */
export function tooMuchIn(text: string): string | null {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const letter = text.charCodeAt(at);
    if (letter === QUOTE) {
      const end = endOfString(text, at);
      if (end - at > MOST_LETTERS) return `a text in it has more than ${MOST_LETTERS} letters`;
      at = end;
    } else if (letter === COMMA) {
      values++;
    } else if (OPENS.has(letter)) {
      values++;
      if (++depth > DEEPEST) return `lists and objects stand more than ${DEEPEST} deep in one another`;
    } else if (CLOSES.has(letter)) depth--;
    if (values > MOST_VALUES) return `it holds more than ${MOST_VALUES} values`;
  }
  return null;
}
/** The quote that closes the string that begins at `from`; the end of the text where none does. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; ; at++) {
    at = text.indexOf('"', at);
    if (at < 0) return text.length;
    let back = at;
    while (text.charCodeAt(back - 1) === BACKSLASH) back--;
    if ((at - back) % 2 === 0) return at;
  }
}

/** `JSON.parse` for what others wrote. @throws SyntaxError, also for what is too much */
export function boundedJson(text: string): unknown {
  const why = tooMuchIn(text);
  if (why !== null) throw new SyntaxError(why);
  return JSON.parse(text);
}
