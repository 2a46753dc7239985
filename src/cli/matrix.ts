/** `bootbench matrix`: each step of the hand-over left out, an exception at each instruction, other ready delays; what comes of each. */
import { jsonText } from '../bench/documents/json-text.ts';
import { jobInput } from '../bench/input/job.ts';
import { runMatrix, type Matrix, type MatrixRow } from '../bench/proof/matrix.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { printable } from '../report/text.ts';
import { loadJob, type RunOptions } from './inputs.ts';
import { EXIT, milliseconds, type Io } from './io.ts';
import { prepareEngine } from './prepare-engine.ts';
import { toldTrigger } from './trigger.ts';
import { interruptible } from './interruptible.ts';

export interface MatrixOptions extends RunOptions {
  readonly pairs?: boolean;
  readonly interrupts?: boolean;
  readonly delays?: boolean;
  readonly json?: boolean;
}

const TITLES: Readonly<Record<MatrixRow['kind'], string>> = {
  step: 'One step left out',
  pair: 'Two steps left out that do not matter alone',
  interrupt: 'An exception made pending at an instruction',
  delay: 'Changed start-up times',
};

/** Exit 0: every row ends as the firmware itself does; 1: some do not. */
export async function matrixCommand(images: readonly string[], options: MatrixOptions, io: Io): Promise<number> {
  const job = await loadJob(images, options, io.cwd);
  await prepareEngine(job);
  const matrix = await interruptible(io, true, async ({ stop, progress }) => {
    const hooks = { signal: () => stop.aborted, clock: milliseconds, ...(progress === undefined ? {} : { progress }) };
    return runMatrix(jobInput(toldTrigger(job, io, hooks), hooks), {
      pairs: options.pairs === true,
      interrupts: options.interrupts === true,
      delays: options.delays === true,
    });
  }).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'CutShort') throw new UsageError(`the matrix was not finished: ${error.message}`);
    throw error;
  });
  if (options.json === true) io.stdout.raw(`${jsonText({ schema: 'bootbench/matrix@1', chip: job.chip, ...matrix })}\n`);
  else io.stdout.write(text(matrix));
  return matrix.rows.every((r) => r.outcome === matrix.outcome) ? EXIT.ok : EXIT.failed;
}

function text({ outcome, rows, cut }: Matrix): string {
  const lines = [`unchanged: ${outcome}`];
  for (const kind of ['step', 'pair', 'interrupt', 'delay'] as const) {
    const of = rows.filter((r) => r.kind === kind);
    if (of.length === 0) continue;
    lines.push('', `${TITLES[kind]} (${of.filter((r) => r.outcome !== outcome).length} of ${of.length} change the outcome)`);
    for (const row of of) lines.push(`  ${row.outcome.padEnd(12)} ${printable(row.what)}`);
  }
  if (cut.length > 0) lines.push('', `shortened to ${cut.join(', ')}`);
  return `${lines.join('\n')}\n`;
}
