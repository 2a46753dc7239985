import { hintOf, messageOf } from '../../image/message.ts';
import { tooMuchIn } from './json-bounds.ts';
import { findSlip } from './json-slips.ts';

/** Something the user gave is wrong: a flag, a name, a scenario key. One line and a hint; the program exits with 2. */
export class UsageError extends Error {
  /** Tells it from an ImageError, `usage` always. */
  readonly code = 'usage';
  /** What to do instead; null = the message says all. */
  readonly hint: string | null;

  constructor(message: string, hint: string | null = null) {
    super(messageOf(message, hint));
    this.name = 'UsageError';
    this.hint = hintOf(hint);
  }
}

/** What bootbench runs on failed it: the disk, the network, another program. One line and a hint; the program exits with 4. */
export class SurroundingsError extends Error {
  readonly code = 'surroundings';
  /** What to do about it; null = the message says all. */
  readonly hint: string | null;

  constructor(message: string, hint: string | null = null) {
    super(messageOf(message, hint));
    this.name = 'SurroundingsError';
    this.hint = hintOf(hint);
  }
}

/** What is thrown where data cannot be copied into another thread: a Proxy or a function in it is the caller's. Every other error stays itself. */
export const notHandedOver = (error: unknown): unknown =>
  error instanceof Error && error.name === 'DataCloneError'
    ? new UsageError(
        `an option cannot be copied for the thread that runs it: ${error.message}`,
        "give plain data: not a Proxy (Vue's reactive() and MobX make them) and no functions",
      )
    : error;

/** Of a list or a text as much as a message shows: all of it may be more than memory holds. */
function beginning(value: unknown): unknown {
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  return Array.isArray(value) || typeof value === 'string' ? value.slice(0, LONGEST_SHOWN) : value;
}
const LONGEST_SHOWN = 60;
/** Whatever a caller gave, as a message shows it: one line, not long. */
export function shown(value: unknown): string {
  let text: string;
  try {
    text = typeof value === 'bigint' || typeof value === 'symbol' ? String(value) : (JSON.stringify(beginning(value)) ?? typeof value);
  } catch {
    text = typeof value;
  }
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN - 3)}...` : text;
}

/** A name that a caller gave; of what is none nothing: not every object makes a text of itself. */
export const nameIn = (given: unknown): string => (typeof given === 'string' || typeof given === 'number' ? String(given) : '');

/** The candidates nearest to a mistyped word, if any is near. */
export function nearWords(word: string, candidates: Iterable<string>, limit = 3): string[] {
  const typed = word.toLowerCase();
  const scored: { name: string; distance: number }[] = [];
  for (const name of candidates) {
    const known = name.toLowerCase();
    const distance = known === typed ? 0 : known.startsWith(typed) && typed.length > 2 ? 1 : editDistance(typed, known);
    if (distance <= Math.max(2, Math.floor(known.length / 3))) scored.push({ name, distance });
  }
  scored.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return scored
    .filter((s) => s.distance === scored[0]!.distance)
    .slice(0, limit)
    .map((s) => s.name);
}

/** `did you mean a or b?`, null when nothing is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  const near = nearWords(word, candidates);
  return near.length === 0 ? null : `did you mean ${near.join(' or ')}?`;
}

/** Optimal string alignment: a swap of neighbours, the slip that fingers make most, counts as one step. */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 4) return Infinity;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      let cost = Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}

/** A firmware where a scenario or a specification is asked for. */
export const elfInPlaceOf = (name: string): UsageError =>
  new UsageError(
    `${name} is firmware (ELF), but JSON is expected here`,
    `\`bootbench run ${name}\` runs it, \`bootbench init ${name}\` writes its scenario`,
  );

/** The document of a file of JSON; `name` stands in the message, with the place of what is wrong. */
export function parseJson(file: string, name: string): unknown {
  const text = file.replace(/^\ufeff/, '');
  if (text.startsWith('\x7fELF')) throw elfInPlaceOf(name);
  if (text.trim() === '') throw new UsageError(`${name}: the file is empty`);
  // no JSON has one; PowerShell's `>` and old editors write two bytes a letter
  if (text.includes('\0')) throw new UsageError(`${name}: not UTF-8; it looks like UTF-16`, 'save it as UTF-8');
  const why = tooMuchIn(text);
  if (why !== null) throw new UsageError(`${name}: ${why}`, 'is it the right file?');
  const document = parsed(text, name);
  const slip = findSlip(text);
  if (slip !== null) throw new UsageError(`${name}: ${slip.text} (${placeAt(text, slip.at)})`);
  return document;
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as SyntaxError;
    const token = /^Unexpected token '[^]{1,2}', (\.{3})?"([^]*)"(\.{3})? is not valid JSON$/.exec(message);
    if (token !== null) {
      const at = tokenIn(text, { quoted: token[2]!, begins: token[1] === undefined, ends: token[3] === undefined });
      throw notJson(name, 'an unexpected character', at === null ? null : placeAt(text, at));
    }
    // some engines say the line themselves
    const at = /\bline \d/.test(message) ? null : (/at position (\d+)/.exec(message)?.[1] ?? null);
    // others quote what stands there
    const what = /token|identifier|"/.test(message) ? 'an unexpected character' : message;
    throw notJson(name, what, at === null ? null : placeAt(text, Number(at)));
  }
}

const notJson = (name: string, what: string, place: string | null): UsageError =>
  new UsageError(`${name}: not valid JSON: ${what}${place === null ? '' : ` (${place})`}`);

/** What V8 quotes on each side of a token. */
const QUOTED = 10;
/**
 * Where a token is of which V8 says what stands around it in place of where: what it quotes is of a file that may be a link to somebody's secret, and is not told, nor the token. Null where
 * that is not certain.
 */
function tokenIn(text: string, { quoted, begins, ends }: { quoted: string; begins: boolean; ends: boolean }): number | null {
  if (begins) return ends ? null : quoted.length - QUOTED;
  const from = text.indexOf(quoted);
  return from >= 0 && from === text.lastIndexOf(quoted) ? from + QUOTED : null;
}

function placeAt(text: string, at: number): string {
  const before = text.slice(0, at).split('\n');
  return `line ${before.length}, column ${before.at(-1)!.length + 1}`;
}
