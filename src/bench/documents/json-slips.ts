/** What JSON.parse lets pass though nobody means it: a key that is there twice, of which the last one counts, and numbers that become Infinity. */
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\],]|-?\d[\d.eE+-]*/g;

export interface Slip {
  readonly text: string;
  /** Where it begins in the text. */
  readonly at: number;
}

/** An object or a list that is open at the token. */
interface Open {
  /** Keys that were there, null for a list. */
  readonly keys: Set<string> | null;
  /** How a path names what stands here: `steps[2]`, the last key. */
  name: string;
  index: number;
}

/** The first slip of a text that JSON.parse takes; null without one. */
export function findSlip(text: string): Slip | null {
  const open: Open[] = [];
  for (const match of text.matchAll(TOKEN)) {
    const { 0: token, 1: string, 2: colon, index: at } = match;
    const here = open.at(-1);
    if (token === '{' || token === '[') {
      open.push({ keys: token === '{' ? new Set() : null, name: '', index: 0 });
    } else if (token === '}' || token === ']') {
      open.pop();
    } else if (token === ',') {
      if (here !== undefined) here.index++;
    } else if (string === undefined) {
      if (!Number.isFinite(Number(token))) return { text: `${pathOf(open)} is ${token}, which is too large for a number`, at };
    } else if (here?.keys && colon !== undefined) {
      here.name = JSON.parse(string) as string;
      if (here.keys.has(here.name)) return { text: `${pathOf(open)} is given twice`, at };
      here.keys.add(here.name);
    }
  }
  return null;
}

const pathOf = (open: readonly Open[]): string =>
  open.map(({ keys, name, index }, i) => (keys === null ? `[${index}]` : `${i === 0 ? '' : '.'}${name === '' ? '""' : name}`)).join('') ||
  'it';
