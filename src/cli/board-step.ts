/** `bootbench board step-compare`: board and emulated chip instruction by instruction. */
import { jsonDocument } from '../bench/documents/json-text.ts';
import { emulatedBoard } from '../board/emulated.ts';
import type { GdbTarget } from '../board/gdb-target.ts';
import { BoardError } from '../board/rsp-client.ts';
import { stepCompare, type StepResult } from '../board/step-compare.ts';
import { unasked } from '../bench/input/run-input.ts';
import { jobInput } from '../bench/input/job.ts';
import { namesOf } from '../bench/documents/names.ts';
import { hex32 } from '../bench/documents/result.ts';
import { wordValue } from '../bench/input/scenario.ts';
import { Session } from '../bench/session/session.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { findChip } from '../chips/index.ts';
import { symbolAt, type LoadedImage } from '../image/image.ts';
import { consentToReset, jsonOutput, millisecondsOf, settleFlash, withBoard, type BoardOptions } from './board-common.ts';
import { codePlaceText } from './code-place.ts';
import { loadJob, typedFiles } from './inputs.ts';
import { EXIT, type Io } from './io.ts';
import { usePrebuilt } from './prebuilt.ts';

export interface StepOptions extends BoardOptions {
  readonly from?: string;
  readonly steps?: string;
}
const STEP_SCHEMA = 'bootbench/step-compare@1';
const MOST_STEPS = 1_000_000;

export async function boardStepCompareCommand(paths: readonly string[], options: StepOptions, io: Io): Promise<number> {
  const steps = options.steps === undefined ? 500 : Number(options.steps);
  if (!Number.isInteger(steps) || steps < 1 || steps > MOST_STEPS)
    throw new UsageError(`--steps: ${JSON.stringify(options.steps)} is not a number of steps`, `it is 1 to ${MOST_STEPS}`);
  const timeout = millisecondsOf(options.timeout, '--timeout', 10_000);
  return stepCompared(paths, options, { from: null, steps, timeout }, io, (settings, compare, images) =>
    withBoard({ action: 'step-compare', options: { ...settings } }, options, io, async (target, found, { off }) => {
      await consentToReset(target, options, io);
      await off(() => settleFlash(target, found, images, options, io));
      return compare(target);
    }),
  );
}
interface StepSettings {
  /** Null: what --from says, else the function that jumps on the emulated chip. */
  readonly from: number | null;
  readonly steps: number;
  readonly timeout: number;
}
/** Compares a board, or its record, with the emulated chip, and tells of it. */
export async function stepCompared(
  paths: readonly string[],
  options: StepOptions,
  { from: known, steps, timeout }: StepSettings,
  io: Io,
  onBoard: (
    settings: StepSettings,
    compare: (target: GdbTarget) => Promise<StepResult>,
    images: readonly LoadedImage[],
  ) => Promise<StepResult>,
): Promise<number> {
  const job = await loadJob(paths, { ...(options.chip === undefined ? {} : { chip: options.chip }) }, io.cwd);
  const { images, chip } = jobInput(job);
  usePrebuilt(findChip(job.chip)?.cores ?? []);
  const typed = options.from === undefined ? known : placeOf(options.from, images, chip);
  const session = new Session(unasked(jobInput(job)));
  const emulated = await emulatedBoard(session);
  const outputs = jsonOutput(options, io, typedFiles(paths, {}));
  try {
    const from = typed ?? (await jumpingFunction(emulated, images, timeout));
    const settings = { from, steps, timeout };
    const result = await onBoard(settings, (target) => stepCompare(target, emulated, settings), images);
    const document = jsonDocument(documentOf(result, images));
    outputs.write('--json', document);
    if (options.json === '-') io.stdout.raw(document);
    else io.stdout.write(textOf(result, images));
    return result.difference === null ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (error instanceof BoardError) throw new UsageError(error.message);
    throw error;
  } finally {
    outputs.discard();
    await emulated.detach(false);
    session.release();
  }
}
function placeOf(text: string, images: readonly LoadedImage[], chip: Parameters<typeof namesOf>[1]): number {
  const address = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? wordValue(text, '--from') : namesOf(images, chip).symbol(text, '--from').address;
  return (address & ~1) >>> 0;
}
/** The function that goes into the ROM, from the emulated run. */
async function jumpingFunction(emulated: GdbTarget, images: readonly LoadedImage[], timeout: number): Promise<number> {
  const give = 'give a function or an address to start at with --from';
  await emulated.monitorText('catch entry');
  const stop = await emulated.runUntilStop(timeout);
  await emulated.monitorText('catch entry off');
  if (stop === null) throw new UsageError('on the emulated chip this firmware does not enter the ROM', give);
  await emulated.stepBack();
  const pc = (await emulated.readRegister('pc')) ?? 0;
  const found = symbolAt(images, pc);
  if (found === null) throw new UsageError(`the jump at ${hex32(pc)} is in no function that the images name`, give);
  return (found.symbol.address & ~1) >>> 0;
}

const placeText = (pc: number, images: readonly LoadedImage[]): string => {
  const place = codePlaceText(images, pc);
  return `${hex32(pc)}${place === null ? '' : ` (${place})`}`;
};
function textOf({ from, steps, to, difference }: StepResult, images: readonly LoadedImage[]): string {
  if (difference === null) return `${steps} equal steps, from ${placeText(from, images)} to ${placeText(to, images)}\n`;
  const { pc, register, board, emulated, others } = difference;
  const where =
    steps === 0
      ? `Already at ${placeText(from, images)}`
      : `After the instruction at ${placeText(pc, images)}, following ${steps - 1} equal steps,`;
  return (
    `${where} ${register.toUpperCase()} differs: ${hex32(board)} on the board, ${hex32(emulated)} on the emulated chip` +
    `${others.length > 0 ? ` (also ${others.map((o) => o.toUpperCase()).join(', ')})` : ''}.\n` +
    'The reason is one of: a property of the real chip that bootbench does not know, a defect of the emulated chip, or a counter or identity register that the program has read.\n'
  );
}
const documentOf = ({ from, steps, to, difference }: StepResult, images: readonly LoadedImage[]): object => ({
  schema: STEP_SCHEMA,
  from: placeText(from, images),
  steps,
  to: placeText(to, images),
  difference: difference && {
    ...difference,
    pc: placeText(difference.pc, images),
    board: hex32(difference.board),
    emulated: hex32(difference.emulated),
  },
});
