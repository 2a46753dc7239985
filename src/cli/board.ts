/** `bootbench board check|run`: the checks on a real board, through the GDB server that the user runs anyway. */
import { jsonDocument } from '../bench/documents/json-text.ts';
import { checkBoard, type BoardReport } from '../board/check-board.ts';
import type { GdbTarget } from '../board/gdb-target.ts';
import { lastWriter, type BoardWriter } from '../board/last-writers.ts';
import { BoardError } from '../board/rsp-client.ts';
import { romEntry, runTo } from '../board/run-board.ts';
import { BOARD_SCHEMA } from '../bench/documents/compare-entry.ts';
import { romProfileIfAny } from '../bench/input/job.ts';
import { hex32 } from '../bench/documents/result.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { ChipDescription } from '../emu/chip.ts';
import type { LoadedImage } from '../image/image.ts';
import { pad, wrap } from '../report/text.ts';
import type { UsbSeen, UsbWatch } from '../board/usb-watch.ts';
import {
  consentToReset,
  hseOf,
  imagesOf,
  jsonOutput,
  millisecondsOf,
  SEEN,
  settleFlash,
  usbWatch,
  WATCH_MS,
  withBoard,
  type BoardOptions,
} from './board-common.ts';
import { chipNamed, typedFiles } from './inputs.ts';
import { codePlaceText } from './code-place.ts';
import { EXIT, paintFor, type Io } from './io.ts';
import type { Outputs } from './outputs.ts';

/** A report, with what is told of a board beside it. */
export interface Told {
  readonly report: BoardReport;
  readonly writers: ReadonlyMap<string, BoardWriter>;
  /** What came of it on USB; left out where nobody was asked to watch. */
  readonly usb?: UsbSeen;
}
interface CheckSettings {
  /** Hertz that feed HSE; null: not known. */
  readonly hse: number | null;
}
export interface RunSettings extends CheckSettings {
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
export async function judged(
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
export const check = async (target: GdbTarget, chip: ChipDescription, { hse }: CheckSettings): Promise<BoardReport> => {
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
export async function runAndWatch(
  target: GdbTarget,
  chip: ChipDescription,
  settings: RunSettings,
  watch: UsbWatch | null,
  io: Io,
): Promise<Told> {
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

function tell(told: Told, chip: ChipDescription, images: readonly LoadedImage[], options: BoardOptions, io: Io, outputs: Outputs): number {
  const { report, usb } = told;
  const failed = report.checks.some((c) => c.judgement.verdict === 'fail');
  if (options.json !== undefined) {
    const document = jsonDocument(documentOf(told, chip, images));
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
