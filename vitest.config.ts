import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { compiledSources } from './test/compiled.ts';

// CI reads the counts; see .ci/run.
const report = process.env['BOOTBENCH_TEST_JSON'];

/**
 * Files that need a process of their own: they import other test files once more, or look at what nobody has loaded yet; or they make many machines, which takes several times as
 * long in a process where many were before (answers.test.ts 38 s in place of 3.5, web-usb.test.ts 12 in place of 1.2): V8 never frees a module that imports a table.
 */
const ALONE = [
  'test/emu/core/{in-*-mode,sequence,differential,tiers}.test.ts',
  'test/chips/lazy.test.ts',
  'test/usb-sim/{answers,lives,clients,web-usb}.test.ts',
  'test/peripherals/{reactions,quiet-reads,variants}.test.ts',
  'test/machines/restored.test.ts',
  'test/bench/rules.test.ts',
  'test/fixes/fixes.test.ts',
];

/** Files that stand in for a function of a module, which no module of Node's lets them: with vitest's own loading. */
const SPIED = ['test/emu/known-loops-of-rom.test.ts', 'test/bench/rounds-again.test.ts'];

/** `vitest run` and nothing else: named files are what somebody works on, who wants to see its lines. */
const whole = process.argv[2] === 'run' && process.argv.slice(3).every((word) => word.startsWith('-'));
const plugins = whole ? [compiledSources()] : [];

export default defineConfig({
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
    // Loading the sources anew for each file took a sixth of the suite's time: files share their processes and with them modules and warm code.
    projects: [
      { extends: true, plugins, test: { name: 'alone', include: ALONE } },
      { extends: true, plugins, test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: [...ALONE, ...SPIED], isolate: false } },
      { extends: true, test: { name: 'spied', include: SPIED } },
    ],
  },
});
