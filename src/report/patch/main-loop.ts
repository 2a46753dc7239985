/**
 * The jump from an interrupt, moved: its caller in the interrupt sets a flag, and the loop of main() calls what jumps. Only where the text shows all of it: who calls
 * the function that jumps, and a loop that main() stays in.
 */
import type { Sources } from '../source-lines.ts';
import { code, indentOf, isCpp, type Edit } from './edit.ts';
import { isInHeaderOf } from '../known-names.ts';
import { functionAt, functionsOf, isPlain, isStatic, mentionsOf, neverReturns, type FunctionText, type Mention } from './functions.ts';

/** Calls that a system of tasks starts by: main() goes no further. */
const SCHEDULER = /\b(?:osKernelStart|vTaskStartScheduler|tx_kernel_enter|OSStart|rt_system_scheduler_start)\s*\(/;
const ENDLESS = /\b(?:while\s*\(\s*(?:1[uU]?|true|TRUE)\s*\)|for\s*\(\s*;\s*;\s*\))/;
const MOST_CALLERS = 5;

interface Loop {
  readonly main: FunctionText;
  /** From 1: the lines of its head and, where it has one, its whole body. */
  readonly line: number;
  readonly last: number;
  readonly head: string;
  /** What its body has on the replaced lines. */
  readonly body: readonly string[];
  /** It ends behind the replaced lines. */
  readonly open: boolean;
  readonly inner: string;
}

/** The only main() of the program. */
export function mainIn(sources: Sources): FunctionText | null {
  const found = (sources.codeFiles?.() ?? []).flatMap((file) =>
    functionsOf(file, sources(file)?.lines ?? []).filter((f) => f.name === 'main'),
  );
  return found.length === 1 ? found[0]! : null;
}

/** The edits, or why there are none, as the end of a sentence. */
export function throughMainLoop(cause: string, jump: { readonly file: string; readonly line: number }, sources: Sources): Edit[] | string {
  const main = mainIn(sources);
  if (main === null) return 'main() was not found in the sources';
  const loop = loopOf(main, sources(main.file)!.lines);
  if (typeof loop === 'string') return loop;
  const moved = movedCalls(jump, main, sources);
  if (typeof moved === 'string') return moved;
  const { callee, calls } = moved;
  if (isStatic(callee) && callee.file !== main.file) return `${callee.name}() is static in ${callee.file}, and main() is in ${main.file}`;
  if (isCpp(callee.file) !== isCpp(main.file)) return `${callee.name}() is not in the language of ${main.file}`;
  const others = [...new Set(calls.map((c) => c.file))].filter((file) => file !== main.file);
  const flag = freeName([main.file, ...others], sources);
  const top = declarations(main.file, sources);
  const tops = others.map((file) => ({ file, line: declarations(file, sources) }));
  if (top === null || tops.some((t) => t.line === null)) return 'no place for a declaration was found';
  const known =
    sources(main.file)!.lines.some((text, i) => i < main.from && new RegExp(`\\b${callee.name}\\s*\\(`).test(code(text))) ||
    isInHeaderOf(main.file, callee.name, callee.file, sources);
  return [
    ...calls.map(({ file, line, text }): Edit => {
      const changed = text.replace(callOf(callee.name), `${flag} = 1;`);
      return { cause, file, line, how: 'line', code: [changed] };
    }),
    {
      ...{ cause, file: main.file, line: top, how: 'below' },
      code: [
        '',
        `${others.length === 0 ? 'static ' : ''}volatile int ${flag};   /* set in an interrupt, taken in the loop of main() */`,
        ...(known ? [] : [`${isStatic(callee) ? 'static ' : ''}void ${callee.name}(void);`]),
      ],
    },
    ...tops.map(({ file, line }): Edit => ({ cause, file, line: line!, how: 'below', code: ['', `extern volatile int ${flag};`] })),
    ...inLoop(cause, loop, flag, callee.name),
  ];
}

/** The loop with the call in it, line by line. */
function inLoop(cause: string, { main, line, last, head, body, open, inner }: Loop, flag: string, name: string): Edit[] {
  const outer = indentOf(head);
  const step = inner.startsWith(outer) ? inner.slice(outer.length) : '  ';
  const code = [head, `${inner}if (${flag}) {`, `${inner}${step}${name}();`, `${inner}}`, ...body, ...(open ? [] : [`${outer}}`])];
  const rest = Array.from({ length: last - line }, (_, i): Edit => ({ cause, file: main.file, line: line + 1 + i, how: 'line', code: [] }));
  return [{ cause, file: main.file, line, how: 'line', code }, ...rest];
}

/** The first loop without an end that main() itself has, outside of what the preprocessor may leave out. */
function loopOf(main: FunctionText, lines: readonly string[]): Loop | string {
  let depth = 0;
  let optional = 0;
  for (let i = main.from; i <= main.to; i++) {
    const bare = code(lines[i]!);
    if (/^#\s*if/.test(bare)) optional++;
    if (/^#\s*endif/.test(bare)) optional--;
    if (SCHEDULER.test(bare)) return 'main() starts a system of tasks, and does not come to its loop';
    const found = depth === 1 && optional === 0 ? loopAt(lines, i) : null;
    if (found) return { main, ...found };
    for (const c of bare) depth += Number(c === '{') - Number(c === '}');
  }
  return 'no loop that main() stays in was found in its text';
}
// eslint-disable-next-line complexity -- one case for each way to write the loop
function loopAt(lines: readonly string[], at: number): Omit<Loop, 'main'> | null {
  const text = lines[at]!;
  const bare = code(text);
  const head = ENDLESS.exec(bare);
  if (head?.index !== 0) return null;
  const outer = indentOf(text);
  const next = lines.slice(at + 1).find((l) => code(l) !== '' && code(l) !== '{');
  const deeper = next !== undefined && indentOf(next).length > outer.length && indentOf(next).startsWith(outer);
  const inner = deeper ? indentOf(next) : outer + (outer.includes('\t') ? '\t' : '  ');
  const opened = `${outer}${head[0]} {`;
  const behind = bare.slice(head[0].length).trim();
  const line = at + 1;
  if (behind === '{') return { line, last: line, head: text, body: [], open: true, inner };
  if (behind === '' && code(lines[at + 1] ?? '') === '{')
    return { line: line + 1, last: line + 1, head: lines[at + 1]!, body: [], open: true, inner };
  if (behind === '' && /;$/.test(code(lines[at + 1] ?? '')))
    return { line, last: line + 1, head: opened, body: [lines[at + 1]!], open: false, inner };
  const block = /^(?:;|\{(.*)\})$/.exec(behind);
  if (block === null) return null;
  const own = (block[1] ?? '').trim();
  return { line, last: line, head: opened, body: own === '' ? [] : [inner + own], open: false, inner };
}

/** What main()'s loop can call, and the calls of it that are to set the flag. */
function movedCalls(
  jump: { readonly file: string; readonly line: number },
  main: FunctionText,
  sources: Sources,
): { readonly callee: FunctionText; readonly calls: readonly Mention[] } | string {
  const files = sources.codeFiles?.() ?? [];
  const all = [...new Set([...files, jump.file])];
  let callee = functionAt(jump.file, jump.line, sources);
  for (let n = 0; callee !== null && callee.name !== 'main' && n < MOST_CALLERS; n++) {
    const { name } = callee;
    const mentions = mentionsOf(callee, all, sources);
    const calls = mentions.filter((m) => !runsInMain(functionAt(m.file, m.line, sources), main, all, sources));
    if (calls.length === 0) return `no call of ${name}() that can be moved was found`;
    const isOwn = files.includes(callee.file) && !/\.(?:h|hpp|hh|inc)$/i.test(callee.file);
    if (isPlain(callee) && isOwn && calls.every((m) => isMovable(m, name, sources))) return { callee, calls };
    const callers = calls.map((m) => functionAt(m.file, m.line, sources));
    const [first] = callers;
    if (first == null || callers.some((f) => f?.name !== first.name || f.file !== first.file))
      return `${name}() is not only called, or its callers do not go on without it`;
    callee = first;
  }
  return 'the function that jumps was not found in the sources';
}

/** main(), or a function that nothing but main() and such functions call: no interrupt comes by it. */
function runsInMain(around: FunctionText | null, main: FunctionText, files: readonly string[], sources: Sources, depth = 0): boolean {
  if (around === null || around.name === main.name) return around !== null;
  const callers = depth < MOST_CALLERS ? mentionsOf(around, files, sources) : [];
  return callers.length > 0 && callers.every((m) => runsInMain(functionAt(m.file, m.line, sources), main, files, sources, depth + 1));
}

const callOf = (name: string): RegExp => new RegExp(`\\b${name}\\s*\\(\\s*\\)\\s*;`);
/** A statement of its own in a function that returns, with nothing behind it that waits for the end. */
function isMovable({ file, line, text }: Mention, name: string, sources: Sources): boolean {
  const bare = code(text);
  const found = callOf(name).exec(bare);
  const around = functionAt(file, line, sources);
  if (found === null || around === null || neverReturns(around)) return false;
  const before = bare.slice(0, found.index).trim();
  const behind = bare
    .slice(found.index + found[0].length)
    .replaceAll('}', '')
    .trim();
  const next =
    sources(file)!
      .lines.slice(line, around.to + 1)
      .map(code)
      .find((t) => t !== '' && t !== '}') ?? '';
  const waits = [behind, behind === '' ? next : ''].some((t) => ENDLESS.test(t) || /unreachable|NVIC_SystemReset/.test(t));
  return (before === '' || /[){;:]$|\b(?:else|do)$/.test(before)) && !waits && !bare.slice(found.index + found[0].length).includes(name);
}

const freeName = (files: readonly string[], sources: Sources): string => {
  const taken = (name: string): boolean => files.some((f) => sources(f)!.lines.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
  return ['dfu_requested', 'jump_requested'].find((name) => !taken(name)) ?? 'jump_requested_by_irq';
};

/** The line (from 1) below which a declaration can stand: the last `#include` that is not left out, else what is above the first function. */
export function declarations(file: string, sources: Sources): number | null {
  const lines = sources(file)?.lines ?? [];
  let optional = 0;
  let place: number | null = null;
  lines.forEach((text, i) => {
    if (/^\s*#\s*if/.test(text)) optional++;
    if (/^\s*#\s*include\b/.test(text)) place = optional === 0 ? i + 1 : null;
    if (/^\s*#\s*endif/.test(text)) {
      optional--;
      if (optional === 0) place ??= lines.slice(0, i).some((l) => /^\s*#\s*include\b/.test(l)) ? i + 1 : null;
    }
  });
  if (place !== null) return place;
  const first = functionsOf(file, lines)[0]?.from ?? 0;
  return first > 0 && code(lines[first - 1]!) === '' ? first : null;
}
