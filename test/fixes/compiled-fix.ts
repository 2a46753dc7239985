/**
 * Does a printed fix work as C? It is put into the fixture's own main.c at the place that the report names, compiled with CMSIS names, and the result is run.
 *
 * The place: a repair of the state handed over goes right before the jump; one of the path replaces what the line to blame did (`before-write`); parts with a
 * place of their own say it (src/checks/fix-in-c.ts).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome, ResultCause, RunResult } from '../../src/bench/result.ts';
import { findChip } from '../../src/chips/index.ts';
import { GOES, type Goes } from '../../src/checks/fix-in-c.ts';
import { inThread } from '../../src/cli/engine.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { cmsisNames } from './cmsis-names.ts';

/** Tests and tools run in the project's folder; a bundled tool has no place of its own. */
const FIXTURES = join(process.cwd(), 'fixtures/');
const GCC = 'arm-none-eabi-gcc';
export const gccMissing = spawnSync(GCC, ['--version']).status === 0 ? '' : `${GCC} is not installed`;

/** Flags in place of the fixture's own optimisation. */
export const BUILDS: readonly (readonly string[])[] = [['-O0'], ['-Os'], ['-O2'], ['-Os', '-flto'], ['-O2', '-fomit-frame-pointer']];

interface Manifest {
  readonly board: string;
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  readonly app?: unknown;
}
export interface Fixed {
  readonly build: string;
  readonly causes: readonly string[];
  /** Null where it did not compile; then `error` says why. */
  readonly outcome: Outcome | null;
  readonly error: string | null;
}

/** The base run, and the smallest set of causes that it proved; null where there is nothing to fix in C. */
export async function provedSet(name: string, scenario = 'scenario.json'): Promise<{ result: RunResult; causes: ResultCause[] } | null> {
  const manifest = manifestOf(name);
  if (manifest.app !== undefined || !manifest.sources[0]!.endsWith('.c')) return null;
  const result = await inThread(await loadJob([], { scenario: join(FIXTURES, name, scenario) }, FIXTURES), {});
  const set = result.diagnosis.sets[0];
  if (!set) return null;
  const causes = set.map((id) => result.diagnosis.causes.find((c) => c.id === id)!);
  return causes.every((c) => c.fix !== null && isRemark(c.fix)) ? null : { result, causes };
}

/** The fixes of all causes put in, compiled and run. */
export async function runFixed(
  name: string,
  result: RunResult,
  causes: readonly ResultCause[],
  build: readonly string[],
  scenario = 'scenario.json',
): Promise<Fixed> {
  const told = { build: build.join(' '), causes: causes.map((c) => c.id) };
  const folder = mkdtempSync(join(tmpdir(), 'bootbench-fix-'));
  try {
    const source = patched(readFileSync(join(FIXTURES, manifestOf(name).sources[0]!), 'utf8'), result, causes);
    if (typeof source !== 'string') return { ...told, outcome: null, error: source.error };
    const called =
      result.scenario.steps?.flatMap((s) => ('call' in s.do ? [typeof s.do.call === 'string' ? s.do.call : s.do.call.symbol] : [])) ?? [];
    const compiled = compile(name, result, source, build, folder, called);
    if (compiled !== null) return { ...told, outcome: null, error: compiled };
    const job = await loadJob([join(folder, 'fixed.elf')], { scenario: join(FIXTURES, name, scenario) }, folder);
    return { ...told, outcome: (await inThread(job, {})).outcome, error: null };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const manifestOf = (name: string): Manifest => JSON.parse(readFileSync(join(FIXTURES, name, 'fixture.json'), 'utf8')) as Manifest;

interface Edit {
  /** Counted from 1. */
  readonly line: number;
  readonly how: 'before' | 'after' | 'replace';
  readonly code: string;
}

/** The source with every fix at the place that it names, as a person would put it in. */
function patched(source: string, result: RunResult, causes: readonly ResultCause[]): string | { readonly error: string } {
  const lines = source.split('\n');
  const jump = findLine(lines, /\/\*.*\bJUMP\b/) ?? result.entries.at(-1)?.from?.line ?? null;
  const edits: Edit[] = [];
  for (const cause of causes) {
    for (const { goes, comment, code } of partsOf(cause.fix!)) {
      const edit = goes === null ? plainEdit(lines, cause, code, jump) : placed(lines, cause, goes, comment, code, jump);
      if (edit === null) return { error: `${cause.id}: the report names no line` };
      edits.push(...edit);
    }
  }
  // from the last line up; at one line the jump comes last, and one jump is enough
  const rank = ({ how, code }: Edit): number => (how === 'replace' ? 0 : how === 'after' ? 1 : jumps(code) ? 2 : 3);
  const sorted = edits.toSorted((a, b) => b.line - a.line || rank(a) - rank(b));
  const jumping =
    sorted.findLast(({ code }) => code.includes('msr control')) ?? sorted.find(({ code, line }) => jumps(code) && line === jump);
  for (const edit of sorted) {
    if (jumps(edit.code) && edit.line === jump && edit !== jumping) continue;
    const at = edit.how === 'after' ? edit.line : edit.line - 1;
    lines.splice(at, edit.how === 'replace' ? 1 : 0, ...edit.code.split('\n'));
  }
  return lines.join('\n');
}
const jumps = (code: string): boolean => code.includes('bx %1');
const findLine = (lines: readonly string[], what: RegExp): number | null => {
  const at = lines.findIndex((l) => what.test(l));
  return at < 0 ? null : at + 1;
};
const block = (code: string): string => `{\n${code}\n}`;

/** A fix by its parts: what stands behind a comment that says where it goes. */
function partsOf(fix: string): { readonly goes: Goes | null; readonly comment: string; readonly code: string }[] {
  const parts: { goes: Goes | null; comment: string; code: string[] }[] = [];
  for (const line of fix.split('\n')) {
    const goes = (Object.keys(GOES) as Goes[]).find((g) => line.startsWith(`/* ${GOES[g]}`)) ?? null;
    if (goes !== null || parts.length === 0) parts.push({ goes, comment: goes === null ? '' : line, code: goes === null ? [line] : [] });
    else parts.at(-1)!.code.push(line);
  }
  return parts.map((p) => ({ ...p, code: p.code.join('\n') }));
}

/** A fix of one part: in place of the line to blame, or in front of the jump; a jump takes the place of the old one and of its reads. */
function plainEdit(lines: readonly string[], cause: ResultCause, code: string, jump: number | null): Edit[] | null {
  const line = cause.at === 'entry' || cause.at === 'redirect' ? jump : (cause.lastWriter?.line ?? null);
  if (line === null) return null;
  if (!jumps(code)) return [{ line, how: cause.at === 'before-write' ? 'replace' : 'before', code: block(code) }];
  const read = cause.lastWriter?.line ?? line;
  const reads = lines.flatMap((text, i) => (i + 1 >= read && i + 1 < line && OLD_READ.test(text) ? [i + 1] : []));
  return [{ line, how: 'replace', code: block(code) }, ...reads.map((at): Edit => ({ line: at, how: 'replace', code: '' }))];
}
const OLD_READ = /^\s*(volatile )?uint32_t \w+ = .*(REG\(|\*\()/;

function placed(lines: string[], cause: ResultCause, goes: Goes, comment: string, code: string, jump: number | null): Edit[] | null {
  const named = cause.lastWriter?.line ?? null;
  switch (goes) {
    case 'file': {
      const word = /the word at (0x[0-9a-f]{8})/.exec(comment)?.[1];
      // the variable is used wherever the word was
      if (word) lines.forEach((l, i) => (lines[i] = l.replaceAll(new RegExp(`REG\\(${word}u?\\)`, 'gi'), 'dfu_request')));
      return [{ line: lines.findLastIndex((l) => l.startsWith('#include')) + 1, how: 'after', code }];
    }
    case 'declaration': {
      const name = /declaration of (\w+)/.exec(comment)![1]!;
      const line = findLine(lines, new RegExp(`^\\w.*\\b${name}\\b[^(]*;`));
      return line === null ? null : [{ line, how: 'replace', code }];
    }
    case 'here': {
      if (jump === null) return null;
      // where the jump is not reached, its function is where the way begins
      const begin = lines.findLastIndex((l, i) => i < jump && /^\w.*\) \{$/.test(l)) + 1;
      return [
        cause.at === 'before-write' ? { line: begin, how: 'after', code: block(code) } : { line: jump, how: 'replace', code: block(code) },
      ];
    }
    case 'main':
      return [{ line: findLine(lines, /^int main\(/)!, how: 'after', code: block(code) }];
    case 'unmask': {
      const line = lines.findLastIndex((l, i) => (jump === null || i < jump) && /(__enable_irq|irq_on)\(/.test(l)) + 1;
      return line === 0 ? null : [{ line, how: 'before', code }];
    }
    case 'before':
    case 'after':
      return named === null ? null : [{ line: named, how: goes, code }];
  }
}
/** Nothing but a remark: the board, the option bytes or another core's program is what has to change. */
const isRemark = (code: string): boolean => code.replace(/\/\*[^]*?\*\//g, '').trim() === '';

function compile(
  name: string,
  result: RunResult,
  source: string,
  build: readonly string[],
  folder: string,
  called: readonly string[],
): string | null {
  const { board, sources, flags } = manifestOf(name);
  writeFileSync(join(folder, 'main.c'), source);
  writeFileSync(join(folder, 'names.h'), cmsisNames(findChip(result.chip)!));
  const include = join(FIXTURES, 'common', board);
  const others = sources.slice(1).map((s) => join(FIXTURES, s));
  const own = flags.filter((f) => !f.startsWith('-O') && f !== '-flto' && f !== '-fomit-frame-pointer');
  const cpu = own.some((f) => f.startsWith('-mcpu')) ? [] : ['-mcpu=cortex-m33'];
  const args = [
    ...['-std=gnu17', ...cpu, '-mthumb', '-g', '-ffreestanding', '-fno-common', '-fno-tree-loop-distribute-patterns', '-w'],
    ...[...own, ...build, '-I', include, '-include', join(folder, 'names.h')],
    ...[join(folder, 'main.c'), ...others, '-nostdlib', '-Wl,--no-warn-rwx-segments', '-T', join(include, 'link.ld'), '-lgcc'],
    // what the scenario calls is used by nobody else
    ...called.map((symbol) => `-Wl,-u,${symbol}`),
    ...['-o', join(folder, 'fixed.elf')],
  ];
  const run = spawnSync(GCC, args, { encoding: 'utf8', timeout: 60_000 });
  if (run.status === 0 && existsSync(join(folder, 'fixed.elf'))) return null;
  return run.stderr.split('\n').find((l) => /error|undefined/.test(l)) ?? `${GCC} ended with ${run.status}`;
}
