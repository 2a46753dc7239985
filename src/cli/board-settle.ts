/** `bootbench board settle`: options of the ROM, settled on a board by a probe in RAM. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { romKind } from '../board/check-board.ts';
import type { GdbTarget } from '../board/gdb-target.ts';
import { serialAnswer } from '../board/serial-watch.ts';
import { SettleBench, type Settled, type SettleSettings } from '../board/settle.ts';
import { settleExperiments, whyNotSettled } from '../board/settle-experiments.ts';
import { SETTLE_PROBE } from '../board/settle-image.ts';
import { addressGiven, type UsbWatch, type Watcher } from '../board/usb-watch.ts';
import { jsonDocument, jsonLines } from '../bench/documents/json-text.ts';
import { hex32 } from '../bench/documents/result.ts';
import { didYouMean, UsageError } from '../bench/documents/usage-error.ts';
import { romProfileIfAny } from '../bench/input/job.ts';
import { familyOf, locate } from '../checks/families.ts';
import { fromHex } from '../debug/packets.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { sha256 } from '../image/sha256.ts';
import { mustEnd } from './has-end.ts';
import { printable, wrap } from '../report/text.ts';
import { EVIDENCE_SCHEMA, SIMULATED, type EvidenceLine } from '../rom/evidence.ts';
import { resolveRomOptions, type RomOptionId } from '../rom/options.ts';
import type { RomProfile } from '../rom/profile.ts';
import { VERSION } from '../version.ts';
import { consentToReset, jsonOutput, millisecondsOf, usbWatch, withBoard, type BoardOptions, type Recording } from './board-common.ts';
import { romOnBoard, type RomSeen } from './board-rom.ts';
import { chipNamed } from './inputs.ts';
import { EXIT, type Io, verbatim } from './io.ts';
import { Outputs } from './outputs.ts';

export interface SettleOptions extends BoardOptions {
  readonly tries?: string;
  readonly serial?: string;
  readonly baud?: string;
  readonly evidence?: string;
  readonly list?: boolean;
}
/** What decides how it goes; in the record too. */
export interface SettleWork extends SettleSettings {
  readonly wanted: readonly RomOptionId[];
}
export interface SettleReport {
  readonly chip: ChipDescription;
  readonly profile: RomProfile;
  readonly dbgmcu: number | null;
  readonly rom: RomSeen;
  readonly kind: ReturnType<typeof romKind>;
  readonly server: string;
  readonly settled: readonly Settled[];
}
const SETTLE_SCHEMA = 'bootbench/board-settle@1';
const WATCH_FOR_MS = 5000;
const MOST_TRIES = 100;

export async function boardSettleCommand(names: readonly string[], options: SettleOptions, io: Io): Promise<number> {
  if (options.chip === undefined) throw new UsageError('which chip? --chip is missing', 'for example --chip stm32l476rg');
  const chip = chipNamed(options.chip);
  const profile = profileOf(chip);
  if (options.list === true) return list(chip, profile, io);
  const work: SettleWork = {
    wanted: wantedOf(names, chip, profile),
    tries: wholeOf(options.tries, '--tries', 2, MOST_TRIES),
    watchFor: millisecondsOf(options.watchFor, '--watch-for', WATCH_FOR_MS),
    timeout: millisecondsOf(options.timeout, '--timeout', 10_000),
  };
  const recording = recordingPath(options, io);
  const evidence = new Outputs(
    options.evidence === undefined ? [] : [{ option: '--evidence', path: options.evidence, updates: true }],
    io.cwd,
  );
  const before = options.evidence === undefined ? '' : linesBefore(resolve(io.cwd, options.evidence));
  try {
    let report: SettleReport | null = null;
    const code = await told(options, io, async (sink) => {
      report = await withBoard(
        { action: 'settle', options: { ...work, wanted: [], options: work.wanted } },
        options,
        io,
        async (target, found, recorded) => {
          await consentToReset(target, options, io);
          const [watch, watcher] = await watchOf(target, found, profile, options, io);
          const asked = options.evidence === undefined ? undefined : refuseEarly;
          return settleOn(target, found, work, { watch: recorded.watch(watch, watcher), note: recorded.note }, sink, asked);
        },
      );
      return report;
    });
    if (options.evidence !== undefined) {
      const lines = evidenceOf(report!, recording, new Date());
      if (evidence.write('--evidence', verbatim(before + jsonLines(lines))))
        io.stderr.write(`${options.evidence}: ${lines.length} ${lines.length === 1 ? 'line' : 'lines'} added\n`);
    }
    return code;
  } finally {
    evidence.discard();
  }
}
const profileOf = (chip: ChipDescription): RomProfile => {
  const profile = romProfileIfAny(chip);
  if (profile === null) throw new UsageError(`the ROM of ${chip.name} is not known`);
  return profile;
};
const LIST_WORDS =
  'Behind each option: what the stand-in does, and how sure that is (`bootbench explain assumed` has these words). "A probe settles it": `board settle` answers it on your board. "Not by a probe": why not, and what does.';
function list(chip: ChipDescription, profile: RomProfile, io: Io): number {
  const experiments = settleExperiments(chip, profile);
  const width = Math.max(60, Math.min(io.stdout.columns, 120));
  const lines: string[] = [`${chip.name}, ROM ${profile.id}`, ...wrap(LIST_WORDS, width, ''), ''];
  const settings = resolveRomOptions(profile.options);
  for (const { id, value, confidence } of settings) {
    const words = experiments.has(id) ? 'a probe settles it' : `not by a probe: ${whyNotSettled(chip, profile, id)}`;
    lines.push(...wrap(`${value} (${confidence}); ${words}`, width, ' '.repeat(23), id.padEnd(23)));
  }
  const open = settings.filter((o) => experiments.has(o.id) && o.confidence !== 'measured').map((o) => o.id);
  if (open.length > 0) lines.push('', ...wrap(`board settle ${open.join(' ')}`, width, '    ', 'Not measured yet: '));
  for (const line of lines) io.stdout.write(`${line}\n`);
  return EXIT.ok;
}
function wantedOf(names: readonly string[], chip: ChipDescription, profile: RomProfile): RomOptionId[] {
  if (names.length === 0)
    throw new UsageError('which option is to be settled?', 'for example `board settle primask vtor …`; --list shows them all');
  const known = resolveRomOptions(profile.options).map((o) => o.id);
  return [...new Set(names)].map((name) => {
    const option = known.find((id) => id === name);
    if (option === undefined)
      throw new UsageError(`the ROM of ${chip.name} has no option ${JSON.stringify(name)}`, didYouMean(name, new Set(known)));
    if (!settleExperiments(chip, profile).has(option))
      throw new UsageError(`a probe cannot settle ${option}: ${whyNotSettled(chip, profile, option)}`);
    return option;
  });
}
function wholeOf(text: string | undefined, option: string, fallback: number, most: number): number {
  if (text === undefined) return fallback;
  const n = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(n >= 1 && n <= most)) throw new UsageError(`${option}: ${JSON.stringify(text)} is not a number from 1 to ${most}`);
  return n;
}
/** Where the record will be, seen from the evidence. */
function recordingPath({ evidence, record }: SettleOptions, io: Io): string | null {
  if (evidence === undefined || record === undefined) return null;
  const path = relative(dirname(resolve(io.cwd, evidence)), resolve(io.cwd, record)).replaceAll('\\', '/');
  if (path.startsWith('../') || /^([a-z]:|\/)/i.test(path) || !/^[\w.\-/ ]{1,120}$/.test(path))
    throw new UsageError(
      `--record: ${JSON.stringify(record)} does not lie beside the evidence`,
      'put it into the folder of --evidence, or below it',
    );
  return path;
}
function linesBefore(path: string): string {
  if (!existsSync(path)) return '';
  mustEnd(path, 'evidence', path);
  const text = readFileSync(path, 'utf8');
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** Who says whether the ROM answers: a serial port, the package `usb` or the user where they are named, else the board's own USB block. */
async function watchOf(
  target: GdbTarget,
  chip: ChipDescription,
  profile: RomProfile,
  options: SettleOptions,
  io: Io,
): Promise<readonly [UsbWatch, Watcher]> {
  if (options.serial !== undefined) return [serialAnswer(options.serial, wholeOf(options.baud, '--baud', 9600, 115_200)), 'host'];
  if (options.watch === 'none') throw new UsageError('--watch none: nothing can be settled while nobody watches');
  if (profile.dfu === null)
    throw new UsageError(
      `the ROM of ${chip.name} has no USB: who hears its answer to 0x7F?`,
      'wire a serial port to its USART and name it: --serial /dev/ttyUSB0; `bootbench probe --pty` has one',
    );
  const registers = options.watch === undefined ? registersOf(chip) : null;
  return registers === null ? [await usbWatch(target, options, io), 'host'] : [registers, 'registers'];
}
/** Null: where the address would stand is not known. */
export function registersOf(chip: ChipDescription): UsbWatch | null {
  const block = familyOf(chip)?.usb?.block;
  const name = [`${block}.DADDR.ADD`, `${block}.DCFG.DAD`].find((path) => locate(chip, path) !== null);
  const place = name === undefined ? null : locate(chip, name);
  const rom = chip.rom?.range.value;
  return place === null || rom === undefined ? null : addressGiven({ address: place.address, mask: place.mask, name: name!, rom });
}

/** Settles on a board or on its record. @param asked looks at what is there before anything is settled, and may throw */
export async function settleOn(
  target: GdbTarget,
  chip: ChipDescription,
  work: SettleWork,
  { watch, note }: { readonly watch: UsbWatch; readonly note: Recording['note'] },
  sink: (settled: Settled) => void,
  asked: (seen: EvidenceGround) => void = () => undefined,
): Promise<SettleReport> {
  const profile = profileOf(chip);
  const experiments = settleExperiments(chip, profile);
  const dbgmcu = chip.blocks.find((b) => b.name === 'DBGMCU');
  const rom = await romOnBoard(target, chip, profile, note);
  const report = {
    chip,
    profile,
    dbgmcu: dbgmcu ? await target.word(dbgmcu.base) : null,
    rom,
    kind: romKind(target),
    server: target.dialect.label,
  };
  asked(report);
  const bench = await SettleBench.at(target, chip, profile, watch, work);
  const settled: Settled[] = [];
  for (const option of work.wanted) {
    const experiment = experiments.get(option);
    if (experiment === undefined) throw new UsageError(`a probe cannot settle ${option}: ${whyNotSettled(chip, profile, option)}`);
    const one = await bench.settle(experiment);
    sink(one);
    settled.push(one);
  }
  return { ...report, settled };
}

/** Makes a report and tells of it. */
export async function told(
  options: BoardOptions,
  io: Io,
  make: (sink: (settled: Settled) => void) => Promise<SettleReport>,
  inputs: readonly string[] = [],
): Promise<number> {
  const outputs = jsonOutput(options, io, inputs);
  try {
    const report = await make(() => undefined);
    const document = jsonDocument(documentOf(report));
    if (options.json === '-') io.stdout.raw(document);
    else {
      outputs.write('--json', document);
      for (const line of textOf(report, Math.max(60, Math.min(io.stdout.columns, 120)))) io.stdout.write(`${printable(line)}\n`);
    }
    return report.settled.every((s) => s.value !== null) ? EXIT.ok : EXIT.failed;
  } finally {
    outputs.discard();
  }
}
const standIn = ({ profile }: SettleReport, option: string) => resolveRomOptions(profile.options).find((o) => o.id === option)!;
function* textOf(report: SettleReport, width: number): Generator<string> {
  const { chip, rom, settled } = report;
  yield `${chip.name}, ROM with SHA-256 ${rom.sha256 ?? 'unknown: it cannot be read as a whole'}`;
  if (rom.standIn || report.kind === 'stand-in') yield* wrap("This is a stand-in ROM of bootbench, not ST's code.", width, '');
  else if (rom.emulated) yield* wrap('The chip is an emulated one: what is settled here is no evidence.', width, '');
  for (const s of settled) {
    const first = `${s.value === null || s.value === standIn(report, s.option).value ? ' ' : '*'} ${s.option.padEnd(21)}${s.value ?? 'undecided'} `;
    yield* wrap(`(${s.says})`, width, ' '.repeat(25), first);
  }
  if (settled.some((s) => s.tries > 0))
    yield* wrap(
      'Before and behind each option that is settled, the ROM was entered with nothing left broken (control run), and answered.',
      width,
      '',
    );
  const other = settled.filter((s) => s.value !== null && s.value !== standIn(report, s.option).value);
  if (other.length > 0) yield '* = the stand-in has another value:';
  for (const s of other) yield `  ${s.option.padEnd(21)}${standIn(report, s.option).value} (${standIn(report, s.option).confidence})`;
}
const documentOf = (report: SettleReport): object => ({
  schema: SETTLE_SCHEMA,
  version: VERSION,
  chip: report.chip.name,
  dbgmcu: report.dbgmcu === null ? null : hex32(report.dbgmcu),
  romId: report.profile.id,
  romSha256: report.rom.sha256,
  rom: { kind: report.rom.standIn || report.kind === 'stand-in' ? 'stand-in' : report.kind, emulated: report.rom.emulated },
  server: report.server,
  options: report.settled.map((s) => ({
    option: s.option,
    value: s.value,
    because: s.says,
    served: s.served,
    tries: s.tries,
    standIn: { value: standIn(report, s.option).value, confidence: standIn(report, s.option).confidence },
  })),
});

const PROBE_ID = sha256(fromHex(SETTLE_PROBE)!).slice(0, 8);
/** What is known of a board before anything is settled on it. */
type EvidenceGround = Pick<SettleReport, 'kind' | 'rom' | 'server'>;
/** Why what was seen there is no evidence; null: it is. */
export function whyNoEvidence({ kind, rom, server }: EvidenceGround): string | null {
  if (rom.standIn) return 'the ROM is a stand-in of bootbench, which is no evidence';
  if (kind === 'stand-in' || /^(bootbench|QEMU)\b/.test(server)) return `${server} has no board behind it, so this is no evidence`;
  return rom.sha256 === null ? 'the ROM cannot be read as a whole, so it has no hash that others could have too' : null;
}
/** Throws where nobody could use what would be settled: the user does not wait for it. */
function refuseEarly(seen: EvidenceGround): void {
  const why = whyNoEvidence(seen);
  if (why !== null)
    throw new UsageError(
      `--evidence: ${why}; nothing was settled, and no file of evidence was written`,
      'leave --evidence out to settle it all the same',
    );
}
/** A line for each option that is decided. */
function evidenceOf(report: SettleReport, recording: string | null, now: Date): EvidenceLine[] {
  return report.settled.flatMap((s) =>
    s.value === null
      ? []
      : [
          {
            schema: EVIDENCE_SCHEMA,
            chip: report.chip.name,
            dbgmcu: report.dbgmcu === null ? null : hex32(report.dbgmcu),
            romId: report.profile.id,
            romSha256: report.rom.sha256!,
            option: s.option as RomOptionId,
            value: s.value,
            probe: `settle ${s.option} ${PROBE_ID}`,
            control: true as const,
            tries: s.tries,
            debugger: report.rom.emulated ? `${report.server} ${SIMULATED}` : report.server,
            at: now.toISOString().slice(0, 10),
            version: VERSION,
            recording,
          },
        ],
  );
}
