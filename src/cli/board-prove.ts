/** `bootbench board prove` and `watch`: causes proved on silicon, and whether the board shows up on USB. */
import { jsonDocument } from '../bench/documents/json-text.ts';
import { checkBoard, romKind } from '../board/check-board.ts';
import { prove, type Candidate, type Proof, type ProveAttempt } from '../board/prove.ts';
import { hasArrived, romEntry, runTo } from '../board/run-board.ts';
import { BoardError } from '../board/rsp-client.ts';
import { CHECKS } from '../checks/index.ts';
import { romProfileIfAny } from '../bench/input/job.ts';
import { CHECK_IDS, hex32, type CheckId } from '../bench/documents/result.ts';
import { didYouMean, UsageError } from '../bench/documents/usage-error.ts';
import type { GdbTarget } from '../board/gdb-target.ts';
import type { UsbSeen, UsbWatch } from '../board/usb-watch.ts';
import type { ChipDescription } from '../emu/chip.ts';
import {
  consentToReset,
  hseOf,
  jsonOutput,
  millisecondsOf,
  SEEN,
  usbWatch,
  WATCH_MS,
  withBoard,
  type BoardOptions,
} from './board-common.ts';
import { BOARD_SCHEMA } from '../bench/documents/compare-entry.ts';
import { EXIT, type Io } from './io.ts';

/** What decides how a proof goes. */
export interface ProveSettings {
  /** Empty: all that are broken. */
  readonly wanted: readonly CheckId[];
  /** Milliseconds to the entry, and for DFU behind it. */
  readonly timeout: number;
  readonly watchFor: number | null;
  /** Hertz that feed HSE; null: not known. */
  readonly hse: number | null;
}
interface Proved {
  readonly proof: Proof;
  readonly chip: ChipDescription;
  readonly rom: Rom;
}
type Sink = (attempt: ProveAttempt) => void;

export async function boardProveCommand(ids: readonly string[], options: BoardOptions, io: Io): Promise<number> {
  const settings: ProveSettings = {
    wanted: ids.map(checkNamed),
    timeout: millisecondsOf(options.timeout, '--timeout', 10_000),
    watchFor: millisecondsOf(options.watchFor, '--watch-for', WATCH_MS),
    hse: hseOf(options.hse),
  };
  return proved(options, io, (sink) =>
    withBoard({ action: 'prove', options: { ...settings } }, options, io, async (target, chip, recording) => {
      await consentToReset(target, options, io);
      const watch = recording.watch(await usbWatch(target, options, io));
      return proveOn(target, chip, settings, watch, sink);
    }),
  );
}
/** Makes a proof on a board or its record, and tells of it. */
export async function proved(
  options: BoardOptions,
  io: Io,
  make: (sink: Sink) => Promise<Proved>,
  inputs: readonly string[] = [],
): Promise<number> {
  const outputs = jsonOutput(options, io, inputs);
  try {
    const { proof, chip, rom } = await make((a) => void io.stderr.write(`${attemptText(a)}\n`));
    const document = jsonDocument(documentOf(proof, chip, rom));
    if (options.json === '-') io.stdout.raw(document);
    else {
      outputs.write('--json', document);
      io.stdout.write(textOf(proof, rom));
    }
    return proof.proved.length > 0 || proof.together.length > 0 ? EXIT.ok : EXIT.failed;
  } finally {
    outputs.discard();
  }
}
export async function proveOn(
  target: GdbTarget,
  chip: ChipDescription,
  settings: ProveSettings,
  watch: UsbWatch,
  onAttempt: Sink,
): Promise<Proved> {
  const { timeout, watchFor } = settings;
  const entry = await romEntry(target, chip);
  const candidates = await candidatesAt(target, chip, entry, settings);
  if (candidates.length === 0) throw new UsageError('no check fails at the entry: there is nothing to prove');
  const proof = await prove(target, chip, candidates, { entry, timeout, watchFor: watchFor ?? WATCH_MS, watch, onAttempt });
  return { proof, chip, rom: romKind(target) };
}
function checkNamed(id: string): CheckId {
  const found = CHECK_IDS.find((c) => c === id);
  if (found === undefined) throw new UsageError(`there is no check ${JSON.stringify(id)}`, didYouMean(id, new Set(CHECK_IDS)));
  return found;
}
/** What is broken at the entry, or what the user named. */
async function candidatesAt(
  target: GdbTarget,
  chip: ChipDescription,
  entry: number,
  { timeout, wanted, hse }: ProveSettings,
): Promise<Candidate[]> {
  const arrival = await runTo(target, entry, timeout);
  if (!hasArrived(arrival)) throw new BoardError(`the ROM's entry ${hex32(entry)} was not reached; the core was at ${hex32(arrival.pc)}`);
  const report = await checkBoard(target, chip, romProfileIfAny(chip), hse);
  const chosen = report.checks.filter(({ id, judgement }) =>
    wanted.length > 0 ? wanted.includes(id) : judgement.verdict === 'fail' || judgement.verdict === 'warn',
  );
  return chosen.map(({ id, judgement, subject }): Candidate => {
    if (judgement.verdict !== 'fail' && judgement.verdict !== 'warn')
      throw new UsageError(`${id} does not fail on this board (${judgement.verdict}): there is nothing to repair`);
    return { id, subject, repair: CHECKS.find((c) => c.id === id)?.repair(subject) ?? null };
  });
}

const attemptText = ({ ids, seen, problems }: ProveAttempt): string =>
  `${ids.length === 0 ? 'as it is' : `with ${ids.join(', ')} repaired`}: ${SEEN[seen]}${problems.map((p) => `\n  ${p}`).join('')}`;

type Rom = ReturnType<typeof romKind>;
function textOf({ attempts, proved, refuted, together, left }: Proof, rom: Rom): string {
  const control = attempts[0];
  const lines: string[] = [];
  if (control?.seen === 'dfu') lines.push('The board reaches DFU without a repair: there is nothing to prove.');
  if (control?.seen === 'not-watched') lines.push('Nobody watched USB, so nothing is proved. Add --watch usb or --watch ask.');
  for (const id of proved)
    lines.push(`${rom === 'silicon' ? 'proved on silicon  ' : 'proved, emulated   '} ${id}: with only this repaired, the ROM reached DFU`);
  for (const id of refuted) lines.push(`not the cause alone ${id}: repaired, but still no DFU`);
  if (together.length > 0)
    lines.push(`proved together     ${together.join(', ')}: DFU with all of them repaired, but with none of them alone`);
  for (const { id, why } of left) lines.push(`not tried           ${id}: ${why}`);
  return `${lines.join('\n')}\n`;
}
const documentOf = (proof: Proof, chip: ChipDescription, rom: Rom): object => ({
  schema: BOARD_SCHEMA,
  chip: chip.name,
  rom: { kind: rom },
  confidence: rom === 'silicon' ? 'measured' : 'assumed',
  ...proof,
});

/** Lets the board run from where it stands, or from a reset, and says whether DFU shows up. */
export async function boardWatchCommand(options: BoardOptions & { readonly reset?: boolean }, io: Io): Promise<number> {
  const watchFor = millisecondsOf(options.watchFor, '--watch-for', WATCH_MS);
  const reset = options.reset === true;
  const seen = await withBoard({ action: 'watch', options: { reset, watchFor } }, options, io, async (target, _chip, recording) => {
    if (reset) await consentToReset(target, options, io);
    return watchedOn(target, reset, watchFor, recording.watch(await usbWatch(target, options, io)));
  });
  return watchedText(seen, io);
}
export async function watchedOn(target: GdbTarget, reset: boolean, watchFor: number, watch: UsbWatch): Promise<UsbSeen> {
  if (reset) await target.resetHalt();
  return watch(target, watchFor);
}
export function watchedText(seen: UsbSeen, io: Io): number {
  io.stdout.write(`${SEEN[seen]}\n`);
  return seen === 'dfu' ? EXIT.ok : EXIT.failed;
}
