/**
 * The fixes of a result as a patch of the user's sources: a unified diff for `patch -p1`. A repair of the state handed over goes right before the jump, one of a
 * write takes its place. What is no statement, and what lies in a file that is not found, is told instead of being guessed.
 */
import { createTwoFilesPatch } from 'diff';
import type { CheckId, ResultCause, RunResult } from '../bench/result.ts';
import type { Sources } from './source-lines.ts';

export interface Patch {
  /** Unified diff; empty where there is nothing that can be put in. */
  readonly text: string;
  /** Causes whose fix is in it. */
  readonly causes: readonly CheckId[];
  /** What is not in it, and why: one sentence each. */
  readonly left: readonly string[];
  /** Its files do not lie below the working folder: `patch -d /`. */
  readonly elsewhere: boolean;
}

interface Edit {
  readonly id: CheckId;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly replace: boolean;
  readonly code: readonly string[];
}

/** Fixes that are a way to write the program, with names that it does not have. */
const ADVICE: ReadonlySet<string> = new Set<CheckId>(['handler-mode']);

export function patchOf(result: RunResult, sources: Sources): Patch {
  const set = result.diagnosis.sets[0] ?? [];
  const causes = set.flatMap((id) => result.diagnosis.causes.find((c) => c.id === id && c.proved) ?? []);
  const left: string[] = [];
  const edits: Edit[] = [];
  for (const cause of causes) {
    const edit = editOf(result, causes, cause);
    if (typeof edit === 'string') left.push(`${cause.id}: ${edit}`);
    else edits.push(edit);
  }
  let text = '';
  let elsewhere = false;
  const done = new Set<CheckId>();
  for (const file of new Set(edits.map((e) => e.file))) {
    const found = sources(file);
    if (found === null) {
      for (const { id, file: name } of edits.filter((e) => e.file === file)) left.push(`${id}: ${name} was not found beside the image`);
      continue;
    }
    if (found.newer) left.push(`${found.path} was changed after the image was built: build first, lines may be off`);
    const changed = applied(
      found.lines,
      edits.filter((e) => e.file === file),
      (id, why) => left.push(`${id}: ${why}`),
      done,
    );
    if (changed === null) continue;
    elsewhere ||= found.elsewhere;
    const [before, after] = [found.lines, changed].map((lines) => lines.join('\n')) as [string, string];
    text += createTwoFilesPatch(`a/${found.path}`, `b/${found.path}`, before, after, '', '', { context: 3 })
      .replace(/^=+\n/, '')
      .replaceAll('\t\n', '\n');
  }
  return { text, causes: [...done], left, elsewhere };
}

/** The change that a cause's fix asks for, or why there is none. */
function editOf(result: RunResult, causes: readonly ResultCause[], cause: ResultCause): Edit | string {
  const { id, fix, at } = cause;
  const bare = fix?.replace(/\/\*[^]*?\*\//g, '').trim() ?? '';
  if (fix === null || bare === '') return 'no code of this program repairs it';
  if (ADVICE.has(id) || bare.includes('__attribute__') || !/[;}]/.test(bare))
    return `not a line to put in: ${fix.replace(/\s+/g, ' ').trim()}`;
  const jump = result.entries.at(-1)?.from ?? null;
  const redirected = causes.find((c) => c.at === 'redirect')?.lastWriter ?? null;
  const early =
    redirected?.line != null && (jump?.line == null || (redirected.file === jump.file && redirected.line < jump.line)) ? redirected : jump;
  const place = at === 'entry' || at === 'redirect' ? early : cause.lastWriter;
  if (place?.file == null || place.line === null) return 'the image has no source line for the place';
  return { id, file: place.file, line: place.line, replace: at === 'before-write', code: fix.replace(/\n+$/, '').split('\n') };
}

/** The file with all edits, from the last line up; null if none of them could be made. */
function applied(
  lines: readonly string[],
  edits: readonly Edit[],
  refuse: (id: CheckId, why: string) => void,
  done: Set<CheckId>,
): readonly string[] | null {
  const changed = [...lines];
  let any = false;
  // what jumps away goes last, so it is put in first
  for (const edit of edits.toSorted((a, b) => b.line - a.line || Number(jumps(b)) - Number(jumps(a)))) {
    const why = put(changed, edit);
    if (why !== null) refuse(edit.id, why);
    else {
      any = true;
      done.add(edit.id);
    }
  }
  return any ? changed : null;
}
const jumps = ({ code }: Edit): boolean => code.some((line) => /\bbx\b/.test(line));

function put(lines: string[], { line, replace, code }: Edit): string | null {
  if (line > lines.length) return `the file has ${lines.length} lines, the image says ${line}`;
  const first = statementStart(lines, line - 1);
  const old = lines[first]!;
  const indent = /^\s*/.exec(old)![0];
  const open = opensWithoutBrace(lines[first - 1] ?? '');
  const body = code.map((text) => `${indent}${open ? '    ' : ''}${text}`);
  if (replace) {
    if (first !== line - 1 || !isOneStatement(old)) return `${old.trim()} is more than one statement; instead of it: ${code.join(' ')}`;
    lines.splice(first, 1, ...(open ? [`${indent}{`, ...body, `${indent}}`] : body));
    return null;
  }
  // what declares something gets a block of its own, so that two fixes may both do it
  const declares = code.some((text) => /^\s*(?:u?int\d+_t|const|volatile|static)\b/.test(text));
  if (open) lines.splice(first, line - first, `${indent}{`, ...body, ...lines.slice(first, line).map((l) => `    ${l}`), `${indent}}`);
  else if (declares) lines.splice(first, 0, `${indent}{`, ...body.map((l) => `    ${l}`), `${indent}}`);
  else lines.splice(first, 0, ...body);
  return null;
}

/** Index of the line on which the statement begins that `at` is a part of. */
function statementStart(lines: readonly string[], at: number): number {
  let first = at;
  while (first > 0 && continues(code(lines[first - 1]!)) && at - first < MOST_LINES) first--;
  return first;
}
const MOST_LINES = 12;
const code = (line: string): string =>
  line
    .replace(/\/\*.*?\*\//g, '')
    .replace(/\/\/.*$/, '')
    .trim();
/** The statement on this line goes on below. */
const continues = (text: string): boolean =>
  text !== '' && !/[;{}:]$/.test(text) && !text.startsWith('#') && !text.endsWith('*/') && !opensWithoutBrace(text);
/** `if (x)` and its like, with the statement on the next line. */
const opensWithoutBrace = (line: string): boolean => /^(?:\}\s*)?(?:else\s+)?(?:if|for|while)\s*\(.*\)$|^(?:\}\s*)?else$/.test(code(line));
const isOneStatement = (line: string): boolean =>
  (code(line).match(/;/g) ?? []).length === 1 && code(line).endsWith(';') && !/^(?:if|for|while|else|return)\b/.test(code(line));
