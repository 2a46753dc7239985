/**
 * Does a printed fix work as C? It is put into the fixture's own main.c at the place that the report names, compiled with CMSIS names, and the result is run.
 *
 * The place: a repair of the state handed over goes right before the jump; one of the path replaces what the line to blame did (`before-write`), or goes before
 * it (`keep`).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome, ResultCause, RunResult } from '../../src/bench/result.ts';
import { findChip } from '../../src/chips/index.ts';
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
    const compiled = compile(name, result, source, build, folder);
    if (compiled !== null) return { ...told, outcome: null, error: compiled };
    const job = await loadJob([join(folder, 'fixed.elf')], { scenario: join(FIXTURES, name, scenario) }, folder);
    return { ...told, outcome: (await inThread(job, {})).outcome, error: null };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const manifestOf = (name: string): Manifest => JSON.parse(readFileSync(join(FIXTURES, name, 'fixture.json'), 'utf8')) as Manifest;

/** The source with every fix at its place; those that jump go last. */
function patched(source: string, result: RunResult, causes: readonly ResultCause[]): string | { readonly error: string } {
  const lines = source.split('\n');
  const marked = lines.findIndex((l) => /\/\*.*\bJUMP\b/.test(l)) + 1;
  const jump = marked > 0 ? marked : (result.entries.at(-1)?.from?.line ?? null);
  const redirected = causes.find((c) => c.at === 'redirect')?.lastWriter?.line ?? null;
  const before = redirected === null || jump === null ? (redirected ?? jump) : Math.min(redirected, jump);
  const edits: { line: number; replace: boolean; code: string }[] = [];
  for (const cause of causes) {
    if (cause.fix === null) return { error: `${cause.id} has no fix` };
    const line = cause.at === 'entry' || cause.at === 'redirect' ? before : (cause.lastWriter?.line ?? null);
    if (line === null) return { error: `${cause.id}: the report names no line` };
    edits.push({ line, replace: cause.at === 'before-write', code: cause.fix });
  }
  // from the last line up; at one line what stands in front is put in last
  edits.sort((a, b) => b.line - a.line || Number(jumps(b.code)) - Number(jumps(a.code)));
  for (const { line, replace, code } of edits) lines.splice(line - 1, replace ? 1 : 0, '{', code, '}');
  return lines.join('\n');
}
const jumps = (code: string): boolean => code.includes('bx %1');
/** Nothing but a remark: the board, the option bytes or another core's program is what has to change. */
const isRemark = (code: string): boolean => code.replace(/\/\*[^]*?\*\//g, '').trim() === '';

function compile(name: string, result: RunResult, source: string, build: readonly string[], folder: string): string | null {
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
    ...['-o', join(folder, 'fixed.elf')],
  ];
  const run = spawnSync(GCC, args, { encoding: 'utf8', timeout: 60_000 });
  if (run.status === 0 && existsSync(join(folder, 'fixed.elf'))) return null;
  return run.stderr.split('\n').find((l) => /error|undefined/.test(l)) ?? `${GCC} ended with ${run.status}`;
}
