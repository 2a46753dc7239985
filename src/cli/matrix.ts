/** `bootbench matrix`: each step of the hand-over left out, an exception at each instruction, other ready delays; what comes of each. */
import { jsonDocument } from '../bench/documents/json-text.ts';
import { jobInput } from '../bench/input/job.ts';
import { runMatrix, type Matrix, type MatrixRow } from '../bench/proof/matrix.ts';
import { printable } from '../report/text.ts';
import { loadJob, type RunOptions } from './inputs.ts';
import { EXIT, exitAfter, type Io } from './io.ts';
import { prepareEngine } from './prepare-engine.ts';
import { ENDED_BY, interruptible, orCutShort, runHooks } from './interruptible.ts';
import { toldTrigger } from './trigger.ts';

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
  const parts = { pairs: options.pairs === true, interrupts: options.interrupts === true, delays: options.delays === true };
  const { matrix, signal } = await interruptible(io, true, async (hooks) => ({
    matrix: await orCutShort(() => runMatrix(jobInput(toldTrigger(job, io, runHooks(hooks)), runHooks(hooks)), parts), 'the matrix', hooks),
    signal: hooks.interrupted(),
  }));
  if (options.json === true) io.stdout.raw(jsonDocument({ schema: 'bootbench/matrix@1', chip: job.chip, ...matrix }));
  else io.stdout.write(text(matrix));
  if (signal !== null) return exitAfter(signal);
  return matrix.ended === null && matrix.rows.every((r) => r.outcome === matrix.outcome) ? EXIT.ok : EXIT.failed;
}

function text({ outcome, rows, cut, ended }: Matrix): string {
  const lines = [`unchanged: ${outcome}`];
  for (const kind of ['step', 'pair', 'interrupt', 'delay'] as const) {
    const of = rows.filter((r) => r.kind === kind);
    if (of.length === 0) continue;
    lines.push('', `${TITLES[kind]} (${of.filter((r) => r.outcome !== outcome).length} of ${of.length} change the outcome)`);
    for (const row of of) lines.push(`  ${row.outcome.padEnd(12)} ${printable(row.what)}`);
  }
  if (cut.length > 0) lines.push('', `shortened to ${cut.join(', ')}`);
  if (ended !== null) lines.push('', `not finished: ended by ${ENDED_BY[ended]}`);
  return `${lines.join('\n')}\n`;
}
