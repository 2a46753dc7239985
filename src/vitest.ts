/**
 * `bootbench/vitest`: matchers for results and machines, and a fixture that provides each test with a new machine.
 *
 *     import { machineTest } from 'bootbench/vitest';
 *     const test = machineTest({ chip: 'stm32h533re', images: [readImage('build/fw.elf')] });
 *     test('the jump works', async ({ machine }) => {
 *       await machine.act({ call: 'request_dfu' });
 *       await expect(machine).toReachDfu();
 *     });
 * @module bootbench/vitest
 */
import { expect, test, type TestAPI } from 'vitest';
import './node-host.ts';
import { isRecord } from './bench/documents/is-record.ts';
import type { CheckId, Outcome, RunResult } from './bench/documents/result.ts';
import { CHECK_IDS, OUTCOMES, RUN_SCHEMA } from './bench/documents/result.ts';
import { UsageError, didYouMean } from './bench/documents/usage-error.ts';
import { bench } from './library/bench.ts';
import { BenchMachine, openMachine, type OpenOptions } from './library/machine.ts';
import type { BenchOptions } from './library/options.ts';
import { spokenPlain } from './report/text.ts';

/** What the matchers accept: a result, a machine (the matcher runs it to its end), or the options of a run (the matcher makes the run). */
export type Benched = RunResult<string> | BenchMachine | BenchOptions | Promise<RunResult<string>>;

interface BootMatchers<R> {
  /** The host sees the DFU device of the ROM. Await it. */
  toReachDfu(): Promise<R>;
  /** The run ends with this outcome. Await it. */
  toEndWith(outcome: Outcome): Promise<R>;
  /** The run does not reach DFU, and a repair proves that this check is a cause. Await it. Not for machines, because they are not diagnosed. */
  toFailOn(check: CheckId): Promise<R>;
}
declare module 'vitest' {
  // the type parameter has to be the one of the interface that is merged
  // eslint-disable-next-line @typescript-eslint/no-explicit-any, @typescript-eslint/no-empty-object-type, @typescript-eslint/no-unused-vars
  interface Matchers<T = any> extends BootMatchers<void> {}
}

interface Answer {
  readonly pass: boolean;
  readonly message: () => string;
}
const isResult = (value: unknown): value is RunResult<string> =>
  typeof value === 'object' && value !== null && (value as { schema?: unknown }).schema === RUN_SCHEMA;
/** As far as the matchers read it. */
const isWhole = ({ outcome, summary, diagnosis }: Unknown<RunResult<string>>): boolean =>
  typeof outcome === 'string' && typeof summary === 'string' && isRecord(diagnosis) && isListOfRecords(diagnosis['causes']);
type Unknown<T> = { readonly [K in keyof T]: unknown };
const isListOfRecords = (value: unknown): boolean => Array.isArray(value) && value.every(isRecord);

async function resultOf(given: unknown): Promise<RunResult<string>> {
  const value = await given;
  if (!isResult(value)) return bench(value as BenchOptions);
  if (!isWhole(value)) throw new UsageError('this result has no outcome or no diagnosis', 'give the whole result of bench');
  return value;
}

async function outcomeOf(given: unknown): Promise<{ readonly outcome: Outcome; readonly summary: string }> {
  if (given instanceof BenchMachine) {
    const { outcome, at } = await given.finish();
    return { outcome, summary: `the machine ended with ${outcome} after ${at.toFixed(3)} s` };
  }
  return resultOf(given);
}
const causesOf = (result: RunResult<string>): readonly string[] => result.diagnosis.causes.filter((c) => c.proved).map((c) => c.id);
function known<T extends string>(word: T, words: readonly T[], what: string): void {
  if (!words.includes(word))
    throw new UsageError(`there is no ${what} ${JSON.stringify(word)}`, didYouMean(String(word), words) ?? `one of ${words.join(', ')}`);
}

async function endsWith(given: unknown, outcome: Outcome): Promise<Answer> {
  known(outcome, OUTCOMES, 'outcome');
  const seen = await outcomeOf(given);
  return { pass: seen.outcome === outcome, message: () => spokenPlain(`expected ${outcome}, got ${seen.outcome}: ${seen.summary}`) };
}

expect.extend({
  toReachDfu: (given: unknown) => endsWith(given, 'dfu'),
  toEndWith: (given: unknown, outcome: Outcome) => endsWith(given, outcome),
  async toFailOn(given: unknown, check: CheckId): Promise<Answer> {
    known(check, CHECK_IDS, 'check');
    if (given instanceof BenchMachine)
      throw new UsageError('toFailOn needs a result: a machine has no diagnosis', 'give the options of bench');
    const result = await resultOf(given);
    const causes = causesOf(result);
    return {
      pass: result.outcome !== 'dfu' && causes.includes(check),
      message: () => spokenPlain(`proved causes: ${causes.join(', ') || 'none'}; ${result.summary}`),
    };
  },
});

/** `test` with a fixture `machine`: a new machine at power-on for each test, which is closed after the test. */
export function machineTest(options: OpenOptions): TestAPI<{
  /** New for each test, and closed after it. */
  machine: BenchMachine;
}> {
  return test.extend<{ machine: BenchMachine }>({
    machine: async ({}, use) => {
      const machine = await openMachine(options);
      try {
        await use(machine);
      } finally {
        machine.close();
      }
    },
  });
}
