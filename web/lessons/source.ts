/** Source as a student may see it: as it was built, and without the comments that tell the answer. */

/** A line of the file with its number, which is that of the line table. */
export interface SourceLine {
  readonly number: number;
  readonly text: string;
}

/** The lines that this firmware was built of. Comments are blanked: those of the fixtures name the fault. */
export function readable(text: string, defines: readonly string[]): SourceLine[] {
  const lines = withoutComments(text).split(/\r?\n/);
  const kept = takenLines(lines, defines);
  return withoutDoubleGaps(kept);
}

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]+/g, ' ')).replace(/[ \t]+$/gm, '');

interface Branch {
  /** The lines around are part of the build. */
  readonly around: boolean;
  /** A branch was taken already. */
  done: boolean;
  taken: boolean;
}
/** What the preprocessor would leave: `#ifdef`, `#ifndef`, `#if` with `defined`, `#elif`, `#else`, `#endif`. Other conditions keep their lines. */
function takenLines(lines: readonly string[], defines: readonly string[]): SourceLine[] {
  const names = new Set(defines.map((d) => d.split('=')[0]!));
  const open: Branch[] = [];
  const kept: SourceLine[] = [];
  const taken = (): boolean => open.every((b) => b.taken);
  lines.forEach((line, i) => {
    const [, word = '', rest = ''] = /^\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b(.*)$/.exec(line) ?? [];
    const top = open.at(-1);
    if (word.startsWith('if')) {
      const around = taken();
      const holds = conditionOf(word, rest, names);
      open.push({ around, done: holds, taken: holds });
    } else if (word === 'elif' || word === 'else') {
      if (!top) return;
      top.taken = !top.done && (word === 'else' || conditionOf('if', rest, names));
      top.done ||= top.taken;
    } else if (word === 'endif') open.pop();
    else if (taken()) kept.push({ number: i + 1, text: line });
  });
  return kept;
}
function conditionOf(word: string, rest: string, names: ReadonlySet<string>): boolean {
  const name = rest.trim().split(/\s/)[0] ?? '';
  if (word === 'ifdef') return names.has(name);
  if (word === 'ifndef') return !names.has(name);
  return rest.split('||').some((part) =>
    part.split('&&').every((term) => {
      const [, not = '', of = ''] = /^\s*(!?)\s*defined\s*\(?\s*(\w+)/.exec(term) ?? [];
      return of === '' || names.has(of) !== (not === '!');
    }),
  );
}

/** One empty line at most between two others, none at the ends. */
function withoutDoubleGaps(lines: readonly SourceLine[]): SourceLine[] {
  const spare = lines.filter(({ text }, i) => text.trim() !== '' || (i > 0 && lines[i - 1]!.text.trim() !== ''));
  while (spare[0]?.text.trim() === '') spare.shift();
  while (spare.at(-1)?.text.trim() === '') spare.pop();
  return spare;
}
