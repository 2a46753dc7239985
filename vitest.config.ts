import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // All cores: the default leaves one out, which is half of a machine with two.
    maxWorkers: availableParallelism(),
    // CI reads the counts; see .ci/run.
    ...(process.env['BOOTBENCH_TEST_JSON'] === undefined
      ? {}
      : { reporters: ['default', 'json'], outputFile: { json: process.env['BOOTBENCH_TEST_JSON'] } }),
  },
});
