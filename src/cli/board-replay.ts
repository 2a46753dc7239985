/** `bootbench board replay`: what a command found on a board, from its record alone. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CAPTURE_POINTS, type CapturePoint } from '../board/capture.ts';
import { SERVERS, type ServerName } from '../board/dialects.ts';
import type { GdbTarget } from '../board/gdb-target.ts';
import { replaying, type Replay } from '../board/transports.ts';
import { replayed, type UsbWatch } from '../board/usb-watch.ts';
import { CHECK_IDS, type CheckId } from '../bench/documents/result.ts';
import { boundedJson } from '../bench/documents/json-bounds.ts';
import { SurroundingsError, UsageError } from '../bench/documents/usage-error.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { ROM_OPTION_VALUES, type RomOptionId } from '../rom/options.ts';
import { check, judged, runAndWatch, type RunSettings, type Told } from './board.ts';
import { captureAt, captureDocument } from './board-capture.ts';
import { consentToReset, over, type BoardOptions } from './board-common.ts';
import { dumpText, dumpedOn } from './board-dump.ts';
import { proved, proveOn, watchedOn, watchedText } from './board-prove.ts';
import { registersOf, settleOn, told, type SettleReport } from './board-settle.ts';
import { stepCompared } from './board-step.ts';
import { mustEnd } from './has-end.ts';
import { chipNamed } from './inputs.ts';
import { EXIT, type Io } from './io.ts';
import { reason } from '../bench/documents/system-errors.ts';

const ACTIONS = ['check', 'run', 'prove', 'watch', 'capture', 'settle', 'step-compare', 'dump-rom'] as const;
type Action = (typeof ACTIONS)[number];

export async function boardReplayCommand(file: string, images: readonly string[], options: BoardOptions, io: Io): Promise<number> {
  const text = readRecord(resolve(io.cwd, file), file);
  return explained(file, () => replayOf(recordIn(text, file), images, options, io));
}
export function readRecord(path: string, file: string): string {
  try {
    mustEnd(path, 'record', file);
    return readFileSync(path, 'utf8').replaceAll('\r\n', '\n');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`cannot read ${file}: ${reason(error)}`);
  }
}
async function explained<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // what is wrong with an option is not the recording's
    if (!(error instanceof UsageError) || error.message.startsWith(file) || error.message.startsWith('--')) throw error;
    throw new UsageError(`${file}: ${error.message}`, 'unless the board really did that, the recording was truncated or edited');
  }
}
interface Record {
  readonly file: string;
  readonly action: Action;
  readonly chip: ChipDescription;
  readonly settings: RecordedSettings;
  readonly transport: Replay;
}
function recordIn(text: string, file: string): Record {
  const [, word, name, json] = /^# ([\w-]+) (\S+) (\{.*\})$/m.exec(text) ?? [];
  const action = ACTIONS.find((a) => a === word);
  if (action === undefined) throw new UsageError(`${file} is not a recording of \`board ${ACTIONS.join('`, `')}\``);
  const chip = chipNamed(name!);
  const settings = settingsOf(json!, file);
  return { file, action, chip, settings, transport: replaying(text.replace(/^# .*\n/m, ''), file) };
}
/** What was settled, for those who have a record alone. */
export async function settledIn(text: string, file: string, io: Io): Promise<SettleReport> {
  const record = recordIn(text, file);
  if (record.action !== 'settle') throw new UsageError(`${file} is not a recording of \`board settle\``);
  return explained(file, () => settleAgain(record, io));
}
function settleAgain({ transport, chip, settings }: Record, io: Io): Promise<SettleReport> {
  const watch = replayed(() => transport.mark(), registersOf(chip));
  return play(transport, chip, settings, io, async (target) => {
    await consentToReset(target, { yes: true }, io);
    const work = { ...settings, wanted: settings.options, watchFor: settings.watchFor ?? 0 };
    return settleOn(target, chip, work, { watch, note: () => Promise.resolve(transport.mark()) }, () => undefined);
  });
}
async function play<T>(
  transport: Replay,
  chip: ChipDescription,
  { server, running }: RecordedSettings,
  io: Io,
  use: (target: GdbTarget) => Promise<T>,
): Promise<T> {
  try {
    return await over(transport, chip, io, { server, running }, use);
  } catch (error) {
    // a record that says nothing is no matter of the surroundings
    if (error instanceof SurroundingsError) throw new UsageError(error.message);
    throw error;
  }
}

async function replayOf(record: Record, images: readonly string[], options: BoardOptions, io: Io): Promise<number> {
  const { file, action, chip, settings, transport } = record;
  const watch = replayed(() => transport.mark());
  const again = <T>(use: (target: GdbTarget) => Promise<T>, resets: boolean): Promise<T> =>
    play(transport, chip, settings, io, async (target) => {
      if (resets) await consentToReset(target, { yes: true }, io);
      return use(target);
    });
  switch (action) {
    case 'capture': {
      const { at } = settings;
      const captured = await again((target) => captureAt(target, chip, at, settings.timeout, io), at !== 'now');
      io.stdout.raw(captureDocument(captured, chip, null));
      return EXIT.ok;
    }
    case 'prove':
      return proved(options, io, (sink) => again((target) => proveOn(target, chip, settings, watch, sink), true), [file]);
    case 'watch':
      return watchedText(await again((target) => watchedOn(target, settings.reset, settings.watchFor ?? 0, watch), settings.reset), io);
    case 'settle':
      return told(options, io, () => settleAgain(record, io), [file]);
    case 'dump-rom':
      return dumpText(await again((target) => dumpedOn(target, chip, () => Promise.resolve(transport.mark())), false), null, io);
    case 'step-compare': {
      if (images.length === 0)
        throw new UsageError(`${file}: the record does not hold the firmware that was compared`, 'name it behind the record');
      const { from, steps, timeout } = settings;
      return stepCompared(images, { ...options, chip: chip.name }, { from, steps, timeout }, io, (_settings, compare) =>
        again((target) => compare(target), true),
      );
    }
    default:
      return judgedAgain(record, watch, again, options, io);
  }
}
function judgedAgain(
  { file, action, chip, settings }: Record,
  watch: UsbWatch,
  again: <T>(use: (target: GdbTarget) => Promise<T>, resets: boolean) => Promise<T>,
  options: BoardOptions,
  io: Io,
): Promise<number> {
  return judged(options, io, [file], [], async () => {
    const found = await again<Told>(
      async (target) =>
        action === 'check'
          ? { report: await check(target, chip, settings), writers: new Map() }
          : runAndWatch(target, chip, settings, watch, io),
      action === 'run',
    );
    return { chip, told: found };
  });
}

interface RecordedSettings extends RunSettings {
  /** Checks that were to be proved. */
  readonly wanted: readonly CheckId[];
  /** Options that were to be settled. */
  readonly options: readonly RomOptionId[];
  readonly tries: number;
  readonly server: ServerName | null;
  readonly running: boolean;
  readonly reset: boolean;
  readonly at: CapturePoint;
  readonly from: number | null;
  readonly steps: number;
}
/** The second line of a record; a record is a file that anybody may have written. */
function settingsOf(json: string, file: string): RecordedSettings {
  const bad = (): never => {
    throw new UsageError(`${file}: the second line does not say how it was made`);
  };
  let value: Readonly<{ [key: string]: unknown }>;
  try {
    value = boundedJson(json) as Readonly<{ [key: string]: unknown }>;
  } catch {
    return bad();
  }
  const { server = null, wanted = [], options = [] } = value;
  const whole = (key: string, fallback: number, most: number): number => {
    const n = value[key] ?? fallback;
    return typeof n === 'number' && n >= 0 && n <= most ? n : bad();
  };
  const numberOrNull = (key: string): number | null => (typeof value[key] === 'number' && value[key] >= 0 ? value[key] : null);
  if (!Array.isArray(wanted) || !wanted.every((id) => CHECK_IDS.some((c) => c === id))) return bad();
  if (!Array.isArray(options) || !options.every((id) => typeof id === 'string' && Object.hasOwn(ROM_OPTION_VALUES, id))) return bad();
  if (server !== null && !SERVERS.some((s) => s === server)) return bad();
  return {
    timeout: whole('timeout', 0, MOST_MS),
    tries: whole('tries', 1, 100),
    steps: whole('steps', 0, 1_000_000),
    lastWriters: value['lastWriters'] === true,
    hse: numberOrNull('hse'),
    watchFor: numberOrNull('watchFor'),
    wanted: wanted as readonly CheckId[],
    options: options as readonly RomOptionId[],
    server: server as ServerName | null,
    running: value['running'] === true,
    reset: value['reset'] === true,
    at: CAPTURE_POINTS.find((p) => p === value['at']) ?? 'now',
    from: numberOrNull('from'),
  };
}
/** A day: nothing that was recorded took longer. */
const MOST_MS = 86_400_000;
