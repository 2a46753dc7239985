/** `bootbench board dfu-test`: the DFU property suite on a real device, inside a flash range that the user names. */
import { jsonDocument } from '../bench/documents/json-text.ts';
import { dfuTest, type DfuTestResult } from '../board/dfu-test.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { isDfuse } from '../usb-sim/conform/link.ts';
import { flashRange, openReal } from './conform.ts';
import { IMPORT } from './import.ts';
import { EXIT, type Io, verbatim } from './io.ts';
import type * as FastCheck from 'fast-check';
import { optional } from '../campaign/optional.ts';

export interface DfuTestOptions {
  readonly usb?: string;
  readonly flash?: string;
  readonly cases?: string;
  readonly seed?: string;
  readonly json?: boolean;
}
const MOST_CASES = 1_000_000;

export async function boardDfuTestCommand(options: DfuTestOptions, io: Io): Promise<number> {
  const cases = whole(options.cases, '--cases', 100, MOST_CASES);
  const seed = whole(options.seed, '--seed', 1, 2 ** 31 - 1);
  if (options.flash === undefined)
    throw new UsageError(
      'which flash may be overwritten? --flash is missing',
      'for example --flash 0x0801f000:4096: whole sectors whose contents you do not need',
    );
  const fc = await fastCheck();
  const opened = await openReal(options.usb ?? '0483:df11', flashRange(options.flash));
  let result: DfuTestResult;
  try {
    if (!isDfuse(opened.link.facts))
      throw new UsageError('the device supports only plain DFU 1.1, which has no addresses, so the test cannot stay within the range');
    result = await dfuTest(fc, opened.link, { cases, seed, onCase: progress(io, cases) });
  } finally {
    await opened.close();
  }
  const { failure } = result;
  if (options.json === true) io.stdout.raw(jsonDocument(result));
  else if (failure === null) io.stdout.write(`${result.cases} sequences, seed ${result.seed}: the device behaves like the model\n`);
  else io.stdout.write(`after ${result.cases} sequences, seed ${result.seed}: ${failure.what}\nshortest sequence:\n${failure.script}\n`);
  return failure === null ? EXIT.ok : EXIT.failed;
}
function progress(io: Io, cases: number): (done: number) => void {
  return (done) => {
    if (io.stderr.isTTY && (done % 10 === 0 || done === cases))
      io.stderr.raw(verbatim(`\r${done} of ${cases}${done >= cases ? '\n' : ''}`));
  };
}
function whole(text: string | undefined, option: string, fallback: number, most: number): number {
  if (text === undefined) return fallback;
  const n = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (!(n >= 1 && n <= most)) throw new UsageError(`${option}: ${JSON.stringify(text)} is not a number of 1 to ${most}`);
  return n;
}
/** fast-check is optional: only property tests need it. */
const fastCheck = (): Promise<typeof FastCheck> =>
  optional(
    () => IMPORT.module('fast-check') as Promise<typeof FastCheck>,
    'board dfu-test needs the package `fast-check`',
    'npm install fast-check',
  );
