import { availableParallelism } from 'node:os';
import { globSync } from 'tinyglobby';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { compiledSources } from './test/compiled.ts';
import { ALONE, filesOfRun, WAITING } from './test/suites.ts';

// CI reads the counts; see .ci/run.
const report = process.env['BOOTBENCH_TEST_JSON'];

/** `vitest run` and nothing else: named files are what somebody works on, who wants to see its lines. */
const whole = process.argv[2] === 'run' && process.argv.slice(3).every((word) => word.startsWith('-'));
const plugins = whole ? [compiledSources()] : [];

/** The files of this run by project: of a whole run either the long ones (`--mode=exhaustive`) or all others. */
function filesBy(mode: string): ReadonlyMap<string, readonly string[]> {
  const mine = whole ? filesOfRun(mode === 'exhaustive', process.env['BOOTBENCH_THIRD']) : globSync('test/**/*.test.ts');
  const of = (patterns: readonly string[]): Set<string> => new Set(globSync([...patterns]));
  const [alone, waiting] = [of(ALONE), of(WAITING)];
  const projectOf = (file: string): string => (alone.has(file) ? 'alone' : waiting.has(file) ? 'waiting' : 'shared');
  return grouped(mine, projectOf);
}
function grouped(files: readonly string[], nameOf: (file: string) => string): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const file of files) groups.set(nameOf(file), [...(groups.get(nameOf(file)) ?? []), file]);
  return groups;
}

export default defineConfig(({ mode }) => {
  const files = filesBy(mode);
  // Loading the sources anew for each file took a sixth of the suite's time: files share their processes and with them modules and warm code.
  const kinds: Readonly<Record<string, TestProjectInlineConfiguration>> = {
    alone: { plugins, test: {} },
    shared: { plugins, test: { isolate: false } },
    waiting: { plugins, test: { isolate: false, retry: 1 } },
  };
  const projects = Object.entries(kinds).flatMap(([name, kind]) => {
    const include = files.get(name);
    return include === undefined ? [] : [{ extends: true as const, ...kind, test: { ...kind.test, name, include: [...include] } }];
  });
  return {
    test: {
      setupFiles: ['test/seed.ts'],
      globalSetup: 'test/built.ts',
      testTimeout: 180_000,
      hookTimeout: 180_000,
      // All cores: the default leaves one out, which is half of a machine with two.
      maxWorkers: availableParallelism(),
      // The threads that collect garbage in parallel would take the cores from other tests.
      execArgv: ['--single-threaded-gc', '--max-semi-space-size=64'],
      reporters: ['default', './test/skipped-reporter.ts', ...(report === undefined ? [] : ['json'])],
      ...(report === undefined ? {} : { outputFile: { json: report } }),
      projects,
    },
  };
});
