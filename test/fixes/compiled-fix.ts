/** Does a printed fix work as C? The patch of the report is put into the fixture's own main.c, compiled with or without CMSIS names, and the result is run. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { applyPatch, parsePatch } from 'diff';
import type { Outcome, ResultCause, RunResult } from '../../src/bench/documents/result.ts';
import { patchOf } from '../../src/report/patch.ts';
import type { SourceFile } from '../../src/report/source-lines.ts';
import { findChip } from '../../src/chips/index.ts';
import { keptDeclaration, isRemark, partsOf } from '../../src/checks/fix-in-c.ts';
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
  /** Checks that find something in the run with the fixes. */
  readonly failing: readonly string[];
}

/** What the sources know: the names of CMSIS, or their own alone. */
export type Names = 'cmsis' | 'own';

export const runOf = async (name: string, scenario = 'scenario.json'): Promise<RunResult<string>> =>
  inThread(await loadJob([], { scenario: join(FIXTURES, name, scenario) }, FIXTURES), {});
/** The base run, and the smallest set of causes that it proved; null where there is nothing to fix in C. */
export async function provedSet(name: string, scenario = 'scenario.json'): Promise<{ result: RunResult; causes: ResultCause[] } | null> {
  const manifest = manifestOf(name);
  if (manifest.app !== undefined || !manifest.sources[0]!.endsWith('.c')) return null;
  const result = await runOf(name, scenario);
  const set = result.diagnosis.sets[0];
  if (!set) return null;
  const causes = set.map((id) => result.diagnosis.causes.find((c) => c.id === id)!);
  return causes.every((c) => c.fix !== null && isAdvice(c.fix)) ? null : { result, causes };
}

/** The fixes of all causes put in, compiled and run. */
export async function runFixed(
  name: string,
  result: RunResult,
  causes: readonly ResultCause[],
  build: readonly string[],
  scenario = 'scenario.json',
  names: Names = 'cmsis',
): Promise<Fixed> {
  const told = { build: build.join(' '), causes: causes.map((c) => c.id), failing: [] };
  const folder = mkdtempSync(join(tmpdir(), 'bootbench-fix-'));
  try {
    const changed = patched(manifestOf(name).sources, result, causes, names);
    if ('error' in changed) return { ...told, outcome: null, error: changed.error };
    const called =
      result.scenario.steps?.flatMap((s) => ('call' in s.do ? [typeof s.do.call === 'string' ? s.do.call : s.do.call.symbol] : [])) ?? [];
    // what a step waits for has to be there by its name
    const named = result.scenario.steps?.some((s) => 'atSymbol' in s) === true ? ['-fno-inline'] : [];
    const compiled = compile(name, result, changed, [...build, ...named], folder, called, names);
    if (compiled !== null) return { ...told, outcome: null, error: compiled };
    const job = await loadJob([join(folder, 'fixed.elf')], { scenario: join(FIXTURES, name, scenario) }, folder);
    const { outcome, checks } = await inThread(job, {});
    const failing = checks.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn').map(({ id }) => id);
    return { ...told, outcome, error: null, failing };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const manifestOf = (name: string): Manifest => JSON.parse(readFileSync(join(FIXTURES, name, 'fixture.json'), 'utf8')) as Manifest;

/** The sources that the patch of the report changes. */
function patched(
  sources: readonly string[],
  result: RunResult,
  causes: readonly ResultCause[],
  names: Names,
): ReadonlyMap<string, string> | { readonly error: string } {
  const text = (file: string): string => readFileSync(join(FIXTURES, file), 'utf8');
  const of = (file: string): SourceFile | null =>
    sources.includes(file) ? { path: file, lines: text(file).split('\n'), newer: false, elsewhere: false } : null;
  const patch = patchOf(result, Object.assign(of, { usesCmsis: () => names === 'cmsis' }));
  const left = causes.filter((c) => !patch.causes.includes(c.id) && !isAdvice(String(c.fix)));
  const changed = new Map<string, string>();
  if (patch.text === '' && left.length === 1) {
    const main = byHand(text(sources[0]!), String(left[0]!.fix));
    if (main !== null) return changed.set(sources[0]!, main);
  }
  if (left.length > 0) return { error: patch.left.join('; ') };
  for (const one of parsePatch(patch.text)) {
    const file = one.newFileName!.slice('b/'.length);
    const whole = applyPatch(text(file), one);
    if (whole === false) return { error: `the patch of ${file} does not fit` };
    changed.set(file, whole);
  }
  return changed;
}
/** A request that is to be kept: a patch is not made of it, for the report does not know the file that declares it. Null for any other fix. */
function byHand(source: string, fix: string): string | null {
  const [part] = partsOf(fix);
  const name = part?.goes === 'declaration' ? /^of (\w+)/.exec(part.remark)![1]! : null;
  if (name !== null) return source.replace(new RegExp(`^\\w.*\\b${name}\\b[^(]*;$`, 'm'), keptDeclaration);
  const word = part?.goes === 'word' ? /^at (0x[0-9a-f]{8})/.exec(part.remark)?.[1] : undefined;
  if (word === undefined) return null;
  // the variable is used wherever the word was
  const used = source.replaceAll(new RegExp(`REG\\(${word}u?\\)`, 'gi'), 'dfu_request');
  return used.replace(/(#include .*\n)(?![^]*#include)/, `$1${part!.code.join('\n')}\n`);
}
/** Nothing but remarks: the board, the option bytes or another core's program is what has to change. */
const isAdvice = (fix: string): boolean => partsOf(fix).every(isRemark);

function compile(
  name: string,
  result: RunResult,
  changed: ReadonlyMap<string, string>,
  build: readonly string[],
  folder: string,
  called: readonly string[],
  names: Names,
): string | null {
  const { board, sources, flags } = manifestOf(name);
  writeFileSync(join(folder, 'names.h'), cmsisNames(findChip(result.chip)!));
  const include = join(FIXTURES, 'common', board);
  const files = sources.map((source) => {
    const text = changed.get(source);
    if (text === undefined) return join(FIXTURES, source);
    const file = join(folder, basename(source));
    writeFileSync(file, text);
    return file;
  });
  const own = flags.filter((f) => !f.startsWith('-O') && f !== '-flto' && f !== '-fomit-frame-pointer');
  const cpu = own.some((f) => f.startsWith('-mcpu')) ? [] : ['-mcpu=cortex-m33'];
  const args = [
    ...['-std=gnu17', ...cpu, '-mthumb', '-g', '-ffreestanding', '-fno-common', '-fno-tree-loop-distribute-patterns', '-w'],
    ...[...own, ...build, '-I', include, ...(names === 'cmsis' ? ['-include', join(folder, 'names.h')] : [])],
    ...[...files, '-nostdlib', '-Wl,--no-warn-rwx-segments', '-L', FIXTURES, '-T', join(include, 'link.ld'), '-lgcc'],
    // what the scenario calls is used by nobody else
    ...called.map((symbol) => `-Wl,-u,${symbol}`),
    ...['-o', join(folder, 'fixed.elf')],
  ];
  const run = spawnSync(GCC, args, { encoding: 'utf8', timeout: 60_000 });
  if (run.status === 0 && existsSync(join(folder, 'fixed.elf'))) return null;
  return run.stderr.split('\n').find((l) => /error|undefined/.test(l)) ?? `${GCC} ended with ${run.status}`;
}
