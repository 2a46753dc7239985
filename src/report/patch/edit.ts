/** Changes of a source file, each at a line of it, and how they are put in. */
export interface Edit {
  /** What it mends, as results name it. */
  readonly cause: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Before or after the statement that contains the line, instead of the only statement on it, instead of the whole line, below the line, or before an assembler instruction. */
  readonly how: 'before' | 'after' | 'statement' | 'line' | 'below' | 'instructions';
  readonly code: readonly string[];
}

/** Applies all edits to a file, from the last line up; null if none could be applied. */
export function applied(
  lines: readonly string[],
  edits: readonly Edit[],
  refuse: (cause: string, why: string) => void,
  done: Set<string>,
): readonly string[] | null {
  const changed = [...lines];
  let any = false;
  // code that jumps away comes last in the file, so it is inserted first; below one line, the first is put in last
  const order = edits.map((edit, i) => ({ edit, i, below: edit.how === 'below' }));
  order.sort(
    (a, b) => b.edit.line - a.edit.line || Number(jumps(b.edit)) - Number(jumps(a.edit)) || (a.below && b.below ? b.i - a.i : a.i - b.i),
  );
  for (const { edit } of order) {
    const why = put(changed, edit);
    if (why !== null) refuse(edit.cause, why);
    else {
      any = true;
      done.add(edit.cause);
    }
  }
  return any ? changed : null;
}
export const jumps = ({ code }: Pick<Edit, 'code'>): boolean => code.some((line) => line.includes('bx %1') || line === 'bx r2');

/** A statement of its own, whatever comes in front of it: another fix may have put it there. */
export const WAIT = /^while \(.*\) (?:\{\}|;)$/;

// eslint-disable-next-line complexity -- one case for each way to insert a statement before, after or instead of a line of C
function put(lines: string[], { line, how, code: put }: Edit): string | null {
  if (how === 'instructions' && line <= lines.length) {
    lines.splice(line - 1, 0, ...put.map((text) => indentOf(lines[line - 1]!) + text));
    return null;
  }
  if (line > lines.length) return `the file has only ${lines.length} lines, but the image refers to line ${line}`;
  const block = /\{.*\}\s*$/.test(code(lines[line - 1]!)) && !(how === 'before' && WAIT.test(code(lines[line - 1]!)));
  if (how !== 'line' && how !== 'below' && block) return `line ${line} contains a whole block; there: ${put.join(' ')}`;
  if (how === 'line' || how === 'below') {
    const outer = how === 'below' ? indentOf(lines[line - 1]!) : '';
    const inner = how === 'below' && code(lines[line - 1]!).endsWith('{') ? insideOf(lines, line, outer) : outer;
    const step = inner.slice(outer.length);
    const deep = (text: string): string => (step === '' ? text : text.replace(/^(?: {2})+/, (own) => step.repeat(own.length / 2)));
    lines.splice(how === 'line' ? line - 1 : line, how === 'line' ? 1 : 0, ...put.map((text) => inner + deep(text)));
    return null;
  }
  const first = statementStart(lines, line - 1);
  const last = how === 'statement' ? line - 1 : statementEnd(lines, line - 1);
  const old = lines[first]!;
  const guard = how === 'before' && put.length === 1 && opensWithoutBrace(put[0]!);
  if ((how === 'statement' || guard) && (first !== line - 1 || !isOneStatement(old)))
    return `${old.trim()} is more than one statement; instead of it: ${put.join(' ')}`;
  const indent = indentOf(old);
  if (guard) {
    lines.splice(first, 1, `${indent}${put[0]}`, `  ${old}`);
    return null;
  }
  const deeper = (text: string): string => `${indent}    ${text}`;
  // code with declarations gets its own block, so that two fixes can both declare the same name
  const declares = put.some((text) => /^\s*(?:u?int\d+_t|unsigned|const|volatile|static)\b/.test(text));
  const open = opensWithoutBrace(lines[first - 1] ?? '');
  const body = declares || open ? [`${indent}{`, ...put.map(deeper), `${indent}}`] : put.map((text) => indent + text);
  const kept = how === 'statement' ? [] : lines.slice(first, last + 1);
  if (open && how !== 'statement') {
    const inside = [put.map(deeper), kept.map((text) => `    ${text}`)];
    lines.splice(first, kept.length, `${indent}{`, ...(how === 'before' ? inside : inside.reverse()).flat(), `${indent}}`);
  } else lines.splice(first, last + 1 - first, ...(how === 'before' ? [...body, ...kept] : [...kept, ...body]));
  return null;
}
/** As the block has it behind its brace. */
function insideOf(lines: readonly string[], line: number, outer: string): string {
  const next = indentOf(lines.slice(line).find((text) => code(text) !== '') ?? '');
  return next.startsWith(outer) && next.length > outer.length ? next : `${outer}  `;
}
export const indentOf = (line: string): string => /^\s*/.exec(line)![0];

/** Index of the first line of the statement that contains line `at`. */
function statementStart(lines: readonly string[], at: number): number {
  let first = at;
  while (first > 0 && continues(code(lines[first - 1]!)) && at - first < MOST_LINES) first--;
  return first;
}
function statementEnd(lines: readonly string[], at: number): number {
  let last = at;
  while (last + 1 < lines.length && continues(code(lines[last]!)) && last - at < MOST_LINES) last++;
  return last;
}
const MOST_LINES = 12;
export const code = (line: string): string =>
  line
    .replace(/\/\*.*?\*\//g, '')
    .replace(/\/\/.*$/, '')
    .trim();
/** Whether the statement on this line continues on the next line. */
const continues = (text: string): boolean =>
  text !== '' && !/[;{}:]$/.test(text) && !text.startsWith('#') && !text.endsWith('*/') && !opensWithoutBrace(text);
/** `if (x)` and its like, with the statement on the next line. */
const opensWithoutBrace = (line: string): boolean => /^(?:\}\s*)?(?:else\s+)?(?:if|for|while)\s*\(.*\)$|^(?:\}\s*)?else$/.test(code(line));
const isOneStatement = (line: string): boolean =>
  (code(line).match(/;/g) ?? []).length === 1 && code(line).endsWith(';') && !/^(?:if|for|while|else|return)\b/.test(code(line));
export const isCpp = (file: string): boolean => /\.(?:cc|cpp|cxx|c\+\+|hh|hpp|hxx|h\+\+|ipp|tpp)$/i.test(file);
