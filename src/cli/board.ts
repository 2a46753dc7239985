/** `bootbench board check|run|replay|dump-rom`: the checks on a real board, through the GDB server that the user runs anyway. */
import { jsonText } from '../bench/documents/json-text.ts';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkBoard, type BoardReport } from '../board/check-board.ts';
import type { GdbTarget } from '../board/gdb-target.ts';
import { SERVERS, type ServerName } from '../board/dialects.ts';
import { lastWriter, type BoardWriter } from '../board/last-writers.ts';
import { BoardError } from '../board/rsp-client.ts';
import { romEntry, runTo } from '../board/run-board.ts';
import { replaying } from '../board/transports.ts';
import { CAPTURE_POINTS, type CapturePoint } from '../board/capture.ts';
import { BOARD_SCHEMA } from '../bench/documents/compare-entry.ts';
import { romProfileIfAny } from '../bench/input/job.ts';
import { CHECK_IDS, hex32, type CheckId } from '../bench/documents/result.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { ChipDescription } from '../emu/chip.ts';
import type { LoadedImage } from '../image/image.ts';
import { pad, wrap } from '../report/text.ts';
import { replayed, type UsbSeen, type UsbWatch } from '../board/usb-watch.ts';
import {
  consentToReset,
  hseOf,
  imagesOf,
  jsonOutput,
  millisecondsOf,
  over,
  SEEN,
  settleFlash,
  usbWatch,
  WATCH_MS,
  withBoard,
  type BoardOptions,
} from './board-common.ts';
import { captureAt, captureDocument } from './board-capture.ts';
import { proved, proveOn } from './board-prove.ts';
import { chipNamed, typedFiles } from './inputs.ts';
import { codePlaceText } from './code-place.ts';
import { EXIT, paintFor, type Io } from './io.ts';
import { Outputs, reason } from './outputs.ts';

/** A report, with what is told of a board beside it. */
interface Told {
  readonly report: BoardReport;
  readonly writers: ReadonlyMap<string, BoardWriter>;
  /** What came of it on USB; left out where nobody was asked to watch. */
  readonly usb?: UsbSeen;
}
interface CheckSettings {
  /** Hertz that feed HSE; null: not known. */
  readonly hse: number | null;
}
interface RunSettings extends CheckSettings {
  readonly timeout: number;
  readonly lastWriters: boolean;
  /** Milliseconds; null: nobody watches USB. */
  readonly watchFor: number | null;
}

export async function boardCheckCommand(images: readonly string[], options: BoardOptions, io: Io): Promise<number> {
  const loaded = imagesOf(images, io);
  const settings: CheckSettings = { hse: hseOf(options.hse) };
  return judged(options, io, typedFiles(images, {}), loaded, async () => {
    const report = await withBoard({ action: 'check', options: { ...settings } }, options, io, (target, chip) =>
      check(target, chip, settings),
    );
    return { chip: chipNamed(options.chip!), told: { report, writers: new Map() } };
  });
}
/** Makes a report of a board or its record, and tells of it. */
async function judged(
  options: BoardOptions,
  io: Io,
  inputs: readonly string[],
  loaded: readonly LoadedImage[],
  make: () => Promise<{ readonly chip: ChipDescription; readonly told: Told }>,
): Promise<number> {
  const outputs = jsonOutput(options, io, inputs);
  try {
    const { chip, told } = await make();
    return tell(told, chip, loaded, options, io, outputs);
  } finally {
    outputs.discard();
  }
}
const check = async (target: GdbTarget, chip: ChipDescription, { hse }: CheckSettings): Promise<BoardReport> => {
  await target.assertHalted();
  return checkBoard(target, chip, romProfileIfAny(chip), hse);
};

export async function boardRunCommand(images: readonly string[], options: BoardOptions, io: Io): Promise<number> {
  const settings: RunSettings = {
    timeout: millisecondsOf(options.timeout, '--timeout', 10_000),
    lastWriters: options.lastWriters === true,
    hse: hseOf(options.hse),
    watchFor: options.watch === undefined ? null : millisecondsOf(options.watchFor, '--watch-for', WATCH_MS),
  };
  const loaded = imagesOf(images, io);
  if (options.flash === true && loaded.length === 0)
    throw new UsageError('--flash: which image?', 'bootbench board run firmware.elf --flash …');
  return judged(options, io, typedFiles(images, {}), loaded, async () => {
    const told = await withBoard({ action: 'run', options: { ...settings } }, options, io, async (target, chip, recording) => {
      await consentToReset(target, options, io);
      await recording.off(() => settleFlash(target, chip, loaded, options, io));
      const watch = options.watch === undefined ? null : recording.watch(await usbWatch(target, options, io));
      return runAndWatch(target, chip, settings, watch, io);
    });
    return { chip: chipNamed(options.chip!), told };
  });
}
async function runAndWatch(target: GdbTarget, chip: ChipDescription, settings: RunSettings, watch: UsbWatch | null, io: Io): Promise<Told> {
  const ran = await runToEntry(target, chip, settings, io);
  const { watchFor } = settings;
  return watch === null || watchFor === null || ran.report.entry === null ? ran : { ...ran, usb: await watch(target, watchFor) };
}
/** Resets, runs to the first instruction of the ROM, and judges there. */
async function runToEntry(target: GdbTarget, chip: ChipDescription, settings: RunSettings, io: Io): Promise<Told> {
  const entry = await romEntry(target, chip);
  const { pc, stopped } = await runTo(target, entry, settings.timeout);
  if (!stopped)
    io.stderr.write(`the ROM's entry ${hex32(entry)} was not reached in ${settings.timeout / 1000} s; the core was at ${hex32(pc)}\n`);
  else if (pc !== entry) io.stderr.write(`the core stopped at ${hex32(pc)}, not at the ROM's entry ${hex32(entry)}\n`);
  const report = await checkBoard(target, chip, romProfileIfAny(chip), settings.hse);
  if (!stopped && report.inRom)
    io.stderr.write('it is in the ROM, but did not enter at the reset vector: where does the firmware jump to?\n');
  await target.assertHalted();
  const writers = new Map<string, BoardWriter>();
  if (settings.lastWriters && report.entry !== null) await findWriters(target, entry, settings.timeout, report, writers);
  return { report, writers };
}
/** Each word is watched once, one reset for each; the board stands at its entry again in the end. */
async function findWriters(
  target: GdbTarget,
  entry: number,
  timeout: number,
  report: BoardReport,
  writers: Map<string, BoardWriter>,
): Promise<void> {
  const byAddress = new Map<number, BoardWriter>();
  for (const { id, judgement, words } of report.checks) {
    const [address] = words;
    if ((judgement.verdict !== 'fail' && judgement.verdict !== 'warn') || address === undefined) continue;
    const found = byAddress.get(address) ?? (await lastWriter(target, address, entry, timeout));
    if (found === null) throw new BoardError('no watchpoint can be set: the comparators are in use, or the server has no watchpoints');
    byAddress.set(address, found);
    writers.set(id, found);
    if (found.incomplete) await runTo(target, entry, timeout);
  }
}

export async function boardReplayCommand(file: string, options: BoardOptions, io: Io): Promise<number> {
  let text: string;
  try {
    text = readFileSync(resolve(io.cwd, file), 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${reason(error)}`);
  }
  text = text.replaceAll('\r\n', '\n');
  try {
    return await replayOf(text, file, options, io);
  } catch (error) {
    if (!(error instanceof UsageError) || error.message.startsWith(file)) throw error;
    throw new UsageError(`${file}: ${error.message}`, 'unless the board really did that, the recording was truncated or edited');
  }
}
async function replayOf(text: string, file: string, options: BoardOptions, io: Io): Promise<number> {
  const [, action, name, json] = /^# (check|run|capture|prove) (\S+) (\{.*\})$/m.exec(text) ?? [];
  if (action === undefined) throw new UsageError(`${file} is not a recording of \`board check\`, \`run\`, \`prove\` or \`capture\``);
  const chip = chipNamed(name!);
  const recorded = settingsOf(json!, file);
  const transport = replaying(text.replace(/^# .*\n/m, ''), file);
  const how = { server: recorded.server, running: recorded.running };
  if (action === 'capture') {
    const at = recorded.at;
    const captured = await over(transport, chip, io, how, async (target) => {
      await consentToReset(target, { yes: true }, io);
      return captureAt(target, chip, at, recorded.timeout, io);
    });
    io.stdout.raw(captureDocument(captured, chip, null));
    return EXIT.ok;
  }
  const watch = replayed(() => transport.mark());
  if (action === 'prove') {
    const prove = (sink: Parameters<typeof proveOn>[4]): ReturnType<typeof proveOn> =>
      over(transport, chip, io, how, async (target) => {
        await consentToReset(target, { yes: true }, io);
        return proveOn(target, chip, recorded, watch, sink);
      });
    return proved(options, io, prove, [file]);
  }
  return judged(options, io, [file], [], async () => {
    const told = await over(transport, chip, io, how, async (target): Promise<Told> => {
      if (action === 'check') return { report: await check(target, chip, recorded), writers: new Map() };
      await consentToReset(target, { yes: true }, io);
      return runAndWatch(target, chip, recorded, watch, io);
    });
    return { chip, told };
  });
}
interface RecordedSettings extends RunSettings {
  /** Checks that were to be proved. */
  readonly wanted: readonly CheckId[];
  readonly server: ServerName | null;
  readonly running: boolean;
  readonly at: CapturePoint;
}
/** The second line of a record; a record is a file that anybody may have written. */
function settingsOf(json: string, file: string): RecordedSettings {
  const bad = (): never => {
    throw new UsageError(`${file}: the second line does not say how it was made`);
  };
  let value: Readonly<Record<string, unknown>>;
  try {
    value = JSON.parse(json) as Readonly<Record<string, unknown>>;
  } catch {
    return bad();
  }
  const { timeout = 0, server = null, wanted = [] } = value;
  const numberOrNull = (key: string): number | null => (typeof value[key] === 'number' && value[key] >= 0 ? value[key] : null);
  if (!Array.isArray(wanted) || !wanted.every((id) => CHECK_IDS.some((c) => c === id))) return bad();
  if (typeof timeout !== 'number' || !(timeout >= 0)) return bad();
  if (server !== null && !SERVERS.some((s) => s === server)) return bad();
  return {
    timeout,
    lastWriters: value['lastWriters'] === true,
    hse: numberOrNull('hse'),
    watchFor: numberOrNull('watchFor'),
    wanted: wanted as readonly CheckId[],
    server: server as ServerName | null,
    running: value['running'] === true,
    at: CAPTURE_POINTS.find((p) => p === value['at']) ?? 'now',
  };
}

export async function boardDumpCommand(file: string, options: BoardOptions, io: Io): Promise<number> {
  const outputs = new Outputs([{ option: 'the dump', path: file }], io.cwd);
  try {
    const bytes = await withBoard({ action: 'dump-rom', options: {} }, options, io, async (target, chip) => {
      const memory = romProfileIfAny(chip)?.systemMemory.value;
      if (!memory) throw new UsageError(`the address of the ROM of ${chip.name} is not known`);
      const read = await target.readMemory(memory.base, memory.size);
      if (read?.length !== memory.size)
        throw new BoardError(`only ${read?.length ?? 0} of ${memory.size} bytes could be read from the board`);
      if (read.every((b) => b === read[0]))
        throw new BoardError('all bytes are the same, so this is not a ROM; many servers answer like this if the board is disconnected');
      return read;
    });
    outputs.write('the dump', bytes);
    io.stderr.write(`${file}: ${bytes.length} bytes. This is ST's code: use it with --rom on your machine, and do not publish it.\n`);
    return EXIT.ok;
  } finally {
    outputs.discard();
  }
}

function tell(told: Told, chip: ChipDescription, images: readonly LoadedImage[], options: BoardOptions, io: Io, outputs: Outputs): number {
  const { report, usb } = told;
  const failed = report.checks.some((c) => c.judgement.verdict === 'fail');
  if (options.json !== undefined) {
    const document = `${jsonText(documentOf(told, chip, images))}\n`;
    if (options.json === '-') io.stdout.raw(document);
    else outputs.write('--json', document);
  }
  if (options.json !== '-') io.stdout.write(textOf(told, chip, images, io, options.color !== false));
  return report.entry === null || failed || usb === 'nothing' ? EXIT.failed : EXIT.ok;
}
function documentOf({ report, writers, usb }: Told, chip: ChipDescription, images: readonly LoadedImage[]): object {
  return {
    schema: BOARD_SCHEMA,
    chip: chip.name,
    rom: { kind: report.rom },
    entry: report.entry && { address: hex32(report.entry.address), how: report.entry.how },
    ...(usb === undefined ? {} : { usb }),
    pc: hex32(report.pc),
    registers: Object.fromEntries(Object.entries(report.registers).map(([name, value]) => [name, hex32(value)])),
    checks: report.checks.map(({ id, judgement }) => {
      const { verdict, observed, expected, because, source, confidence } = judgement;
      const w = writers.get(id);
      const lastWriter = w && {
        address: hex32(w.address),
        pc: w.pc === null ? null : hex32(w.pc),
        hits: w.hits,
        where: whereOf(w, images),
      };
      return { id, verdict, observed, expected, because, source, confidence, ...(lastWriter ? { lastWriter } : {}) };
    }),
  };
}
/** The comparator stops behind the store. */
const whereOf = ({ pc }: BoardWriter, images: readonly LoadedImage[]): string | null =>
  pc === null ? null : codePlaceText(images, pc - 2);
function writerText(w: BoardWriter, images: readonly LoadedImage[]): string {
  if (w.pc === null) return `${hex32(w.address)} was not written before the entry, or the comparators cannot see the write`;
  const where = whereOf(w, images);
  const behind = w.incomplete ? '; the entry was not reached with the watchpoint set' : '';
  return `last written just before ${hex32(w.pc)}${where === null ? '' : ` (${where})`}, ${w.hits} writes${behind}`;
}
const ORDER = ['fail', 'warn', 'unknown', 'pass'];
function textOf({ report, writers, usb }: Told, chip: ChipDescription, images: readonly LoadedImage[], io: Io, colour: boolean): string {
  const paint = paintFor(io, io.stdout, colour);
  const where = report.entry
    ? `at the entry into the ROM, ${hex32(report.entry.address)}`
    : report.inRom
      ? `at ${hex32(report.pc)}, inside the ROM, not at its entry: use \`board run\` to check the state at the jump`
      : `at ${hex32(report.pc)}, not at an entry into the ROM`;
  const lines = [paint('bold', `${chip.name} on a board, ${where}`)];
  if (usb !== undefined) lines.push(paint(usb === 'dfu' ? 'green' : 'red', `  USB: ${SEEN[usb]}`));
  const rows = report.checks
    .filter((c) => c.judgement.verdict !== 'n/a')
    .toSorted((a, b) => ORDER.indexOf(a.judgement.verdict) - ORDER.indexOf(b.judgement.verdict));
  const width = Math.max(...rows.map((r) => r.id.length)) + 1;
  for (const { id, judgement } of rows) {
    const { verdict, observed, because } = judgement;
    const style = verdict === 'fail' ? 'red' : verdict === 'pass' ? 'green' : 'dim';
    lines.push(`  ${pad(paint(style, verdict), 9)}${pad(id, width)}${observed ?? ''}`);
    const indent = ' '.repeat(11);
    if (verdict === 'fail' || verdict === 'warn' || verdict === 'unknown') lines.push(...wrap(because, io.stdout.columns, indent));
    const writer = writers.get(id);
    if (writer) lines.push(...wrap(writerText(writer, images), io.stdout.columns, indent));
  }
  return `${lines.join('\n')}\n`;
}
