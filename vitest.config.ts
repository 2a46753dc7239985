import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// CI reads the counts; see .ci/run.
const report = process.env['BOOTBENCH_TEST_JSON'];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/seed.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // All cores: the default leaves one out, which is half of a machine with two.
    maxWorkers: availableParallelism(),
    reporters: ['default', './test/skipped-reporter.ts', ...(report === undefined ? [] : ['json'])],
    ...(report === undefined ? {} : { outputFile: { json: report } }),
  },
});
