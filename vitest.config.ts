import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // CI reads the counts; see .ci/run.
    ...(process.env['BOOTBENCH_TEST_JSON'] === undefined
      ? {}
      : { reporters: ['default', 'json'], outputFile: { json: process.env['BOOTBENCH_TEST_JSON'] } }),
  },
});
