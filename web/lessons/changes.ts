/** What is another one than in the step before: a student reads a program once, and must be told when it is no longer the same. */
import type { SourceLine } from './source.ts';

/** A program as a step shows it. */
export interface Shown {
  readonly firmware: string;
  readonly chip: string;
  readonly file: string;
  readonly lines: readonly SourceLine[];
}
export interface Changes {
  /** Empty: nothing has changed. */
  readonly text: string;
  /** Numbers of the lines that the step before did not show. */
  readonly fresh: ReadonlySet<number>;
}
const NOTHING: ReadonlySet<number> = new Set();
/** With a smaller share of common lines, in either of the two, it is another program: what they share is how each one jumps. */
const ALIKE = 0.75;
/** More of them are only counted. */
const MOST_QUOTED = 3;

export function changesSince(before: Shown | null, now: Shown): Changes {
  if (before === null || before.firmware === now.firmware) return { text: '', fresh: NOTHING };
  const chip = before.chip === now.chip ? '' : ` The chip is an ${now.chip.toUpperCase()}; before it was an ${before.chip.toUpperCase()}.`;
  const fresh = notIn(now.lines, before.lines);
  const gone = notIn(before.lines, now.lines);
  if (fresh.length === 0 && gone.length === 0) {
    const what = chip === '' ? 'Something else of the run is different: the text says what.' : chip.trim();
    return { text: `The same program as in the step before. ${what}`, fresh: NOTHING };
  }
  // a program that was written for another chip has not come of this one, however alike they are
  if (chip !== '' || isMost(fresh, now.lines) || isMost(gone, before.lines))
    return { text: `Another program than in the step before.${chip}`, fresh: NOTHING };
  const parts = [fresh.length === 0 ? '' : `new ${fresh.length === 1 ? 'is line' : 'are lines'} ${ranges(fresh)}`, goneWords(gone)];
  return {
    text: `Nearly the program of the step before: ${parts.filter((p) => p !== '').join('; ')}.${chip}`,
    fresh: new Set(fresh.map((l) => l.number)),
  };
}
const isMost = (some: readonly SourceLine[], lines: readonly SourceLine[]): boolean =>
  some.length > (1 - ALIKE) * lines.filter(hasText).length;
const hasText = ({ text }: SourceLine): boolean => /\w/.test(text);
/** Lines with a text that the others have not, or not so often. */
function notIn(lines: readonly SourceLine[], others: readonly SourceLine[]): SourceLine[] {
  const left = new Map<string, number>();
  for (const { text } of others) left.set(text.trim(), (left.get(text.trim()) ?? 0) + 1);
  return lines.filter((line) => {
    const key = line.text.trim();
    const n = left.get(key) ?? 0;
    left.set(key, n - 1);
    return hasText(line) && n <= 0;
  });
}
function ranges(lines: readonly SourceLine[]): string {
  const runs: [number, number][] = [];
  for (const { number } of lines) {
    const last = runs.at(-1);
    if (last !== undefined && number === last[1] + 1) last[1] = number;
    else runs.push([number, number]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(', ');
}
function goneWords(gone: readonly SourceLine[]): string {
  if (gone.length === 0) return '';
  if (gone.length > MOST_QUOTED) return `${gone.length} lines are gone`;
  return `gone ${gone.length === 1 ? 'is' : 'are'} ${gone.map((l) => `“${l.text.trim()}”`).join(', ')}`;
}
