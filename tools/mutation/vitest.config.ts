/** The test run of one mutant (run.ts): BOOTBENCH_MUTANT says which characters of which file become what, BOOTBENCH_TESTS the order of the test files. */
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import type { Change } from './mutants.ts';

const change = JSON.parse(process.env['BOOTBENCH_MUTANT'] ?? 'null') as Change | null;
const order = JSON.parse(process.env['BOOTBENCH_TESTS'] ?? '[]') as readonly string[];
const place = (test: TestSpecification): number => order.findIndex((path) => test.moduleId.endsWith(path));

class AsTold extends BaseSequencer {
  override sort(tests: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(tests.sort((a, b) => place(a) - place(b)));
  }
}

export default defineConfig({
  plugins: [
    {
      name: 'mutant',
      enforce: 'pre',
      transform: (code, id) =>
        change !== null && id.split('?')[0] === change.path ? code.slice(0, change.start) + change.text + code.slice(change.end) : null,
    },
  ],
  test: {
    include: [...order],
    setupFiles: ['test/seed.ts'],
    testTimeout: 60_000,
    // one thread with one set of modules: most of a mutant's time is loading
    maxWorkers: 1,
    fileParallelism: false,
    isolate: false,
    bail: 1,
    reporters: ['dot'],
    sequence: { sequencer: AsTold },
  },
});
