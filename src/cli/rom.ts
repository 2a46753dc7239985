/** `bootbench rom learn`: what the code of a dump does where ST's text leaves it open. */
import { jsonDocument, jsonLines } from '../bench/documents/json-text.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { RunJob } from '../bench/input/job.ts';
import { romProfile } from '../bench/input/job.ts';
import { learn, type Learned, type LearnedOption } from '../bench/learn/learn.ts';
import { shown } from '../bench/learn/beyond.ts';
import { compareRoms, differences, type Compared, type Comparison } from '../bench/learn/compare.ts';
import { isStandIn } from '../rom/load.ts';
import { whyNoDump } from '../rom/why-no-dump.ts';
import { printable, wrap } from '../report/text.ts';
import { VERSION } from '../version.ts';
import { chipNamed, limitsOf, readInput } from './inputs.ts';
import { interruptible, orCutShort, runHooks } from './interruptible.ts';
import { EXIT, type Io } from './io.ts';
import { Outputs, type OutputFile } from './outputs.ts';
import { usePrebuilt } from './prebuilt.ts';
import { readDump } from './rom-dump.ts';
import { romImage } from './rom-image.ts';

export interface RomCompareOptions {
  readonly chip?: string;
  readonly json?: boolean;
  readonly all?: boolean;
  readonly wall?: string;
}
export interface RomLearnOptions {
  readonly chip?: string;
  readonly json?: boolean;
  readonly evidence?: string;
  readonly wall?: string;
}

/** A dump of a chip's ROM that can be one. */
function dumpOf(files: readonly string[], chipName: string | undefined, cwd: string) {
  if (chipName === undefined) throw new UsageError('which chip is the dump of? --chip is missing', 'for example --chip stm32l476rg');
  const chip = chipNamed(chipName);
  const profile = romProfile(chip);
  const dump = readDump(chip, files, (file) => readInput(file, 'dump', cwd), '');
  const why = whyNoDump(chip, profile, dump.bytes);
  if (why !== null) throw new UsageError(`${files.join(', ')}: ${why.what}`, why.hint);
  return { chip, profile, dump };
}

/** Exit code: 0 = alike in all that was asked, 1 = not. */
export async function romCompareCommand(files: readonly string[], options: RomCompareOptions, io: Io): Promise<number> {
  const { chip, profile, dump } = dumpOf(files, options.chip, io.cwd);
  usePrebuilt(chip.cores);
  const image = romImage(profile.image);
  const jobs = jobsOf(chip.name, dump, image, options.wall);
  const compared = await interruptible(io, true, (hooks) =>
    orCutShort(() => compareRoms(...jobs, runHooks(hooks)), 'the comparison', hooks),
  );
  if (options.json === true) io.stdout.raw(jsonDocument(comparisonOf(compared)));
  else
    for (const line of comparisonText(compared, options.all === true, Math.max(60, Math.min(io.stdout.columns, 120))))
      io.stdout.write(`${printable(line)}\n`);
  const { learned, serial, dfu } = compared;
  const alike = learned.control && ![...learned.options].some(isOther) && differences([...(serial ?? []), ...(dfu ?? [])]).length === 0;
  return alike ? EXIT.ok : EXIT.failed;
}

export async function romLearnCommand(files: readonly string[], options: RomLearnOptions, io: Io): Promise<number> {
  const { chip, profile, dump } = dumpOf(files, options.chip, io.cwd);
  const written = options.evidence === undefined ? [] : [{ option: '--evidence', path: options.evidence } satisfies OutputFile];
  const outputs = new Outputs(written, io.cwd);
  try {
    usePrebuilt(chip.cores);
    const image = romImage(profile.image);
    const jobs = jobsOf(chip.name, dump, image, options.wall);
    const learned = await interruptible(io, true, (hooks) => orCutShort(() => learn(...jobs, runHooks(hooks)), 'what the ROM does', hooks));
    const own = isStandIn(profile, image, dump.bytes);
    if (options.evidence !== undefined) {
      if (own) throw new UsageError('--evidence: the dump is a stand-in ROM of bootbench, which is no evidence', 'dump the ROM of a chip');
      outputs.write('--evidence', jsonLines(evidenceLines(learned, new Date())));
    }
    if (options.json === true) io.stdout.raw(jsonDocument(documentOf(learned)));
    else for (const line of textOf(learned, own, Math.max(60, Math.min(io.stdout.columns, 120)))) io.stdout.write(`${printable(line)}\n`);
    return learned.control ? EXIT.ok : EXIT.failed;
  } finally {
    outputs.discard();
  }
}

const comparisonOf = ({ learned, serial, dfu }: Comparison): object => ({
  schema: 'bootbench/rom-compare@1',
  version: VERSION,
  chip: learned.chip,
  romId: learned.rom,
  romSha256: learned.sha256,
  options: learned.options.map(({ option, value, standIn }) => ({ option, dump: value, standIn })),
  registers: learned.registers.map(({ register, value, standIn }) => ({ register, dump: value, standIn })),
  serial,
  dfu,
});

function* comparisonText({ learned, serial, dfu }: Comparison, all: boolean, width: number): Generator<string> {
  yield `${learned.chip}, ROM with SHA-256 ${learned.sha256}`;
  const options = learned.options.map(({ option, value, standIn }) => ({ what: option, dump: value, standIn }));
  const known = options.filter((o) => o.dump !== null);
  const registers = learned.registers.map((r) => ({ what: r.register, dump: shown(r.value), standIn: shown(r.standIn) }));
  yield* part(`options (${options.length - known.length} undecided)`, known, all, width);
  yield* part('registers that the idle ROM has written', registers, all, width);
  if (serial !== null) yield* part('commands of AN3155', serial, all, width);
  if (dfu !== null) yield* part('requirements of DFU', dfu, all, width);
}
function* part(title: string, rows: readonly Compared[], all: boolean, width: number): Generator<string> {
  const other = differences(rows);
  yield* ['', `${title}: ${rows.length - other.length} alike, ${other.length} not`];
  for (const row of all ? rows : other) {
    yield* wrap(row.what, width, '    ', '  ');
    yield* wrap(row.dump ?? 'no answer', width, INDENT, '    dump       ');
    if (row.dump !== row.standIn) yield* wrap(row.standIn ?? 'no answer', width, INDENT, '    stand-in   ');
  }
}

/** Of the dump and of the stand-in, with the same limit. */
function jobsOf(
  chip: string,
  dump: Pick<RunJob['rom'], 'bytes' | 'beside'>,
  image: Uint8Array,
  wall: string | undefined,
): readonly [dump: RunJob, standIn: RunJob] {
  const limits = limitsOf(wall === undefined ? {} : { wall });
  return [
    { ...jobOf(chip, 'dump', dump), limits },
    { ...jobOf(chip, 'stand-in', { bytes: image }), limits },
  ];
}
const jobOf = (chip: string, kind: 'dump' | 'stand-in', rom: Pick<RunJob['rom'], 'bytes' | 'beside'>): RunJob => ({
  version: VERSION,
  chip,
  images: [],
  scenario: { schema: 'bootbench/scenario@1' },
  overrides: { images: [] },
  limits: { maxInstructions: null, wallMs: null, maxMemory: null },
  rom: { kind, ...rom, version: null, options: {} },
  symptoms: [],
  engine: 'bootbench',
  semihosting: true,
  bootAt: null,
  files: new Map(),
});

const INDENT = ' '.repeat(25);
const isOther = (o: LearnedOption): boolean => o.value !== null && o.value !== o.standIn;
const pcOf = (pc: number | null): string => (pc === null ? '' : `, by 0x${pc.toString(16).padStart(8, '0')}`);
const servedOf = (served: boolean | null): string => (served === null ? '' : served ? '; served' : '; not served');

function* textOf(learned: Learned, own: boolean, width: number): Generator<string> {
  yield `${learned.chip}, ROM with SHA-256 ${learned.sha256}`;
  if (own) yield* wrap("This dump is a stand-in ROM of bootbench, not ST's code.", width, '');
  yield `A jump from the state that a reset leaves: ${learned.plain ? 'served' : 'not served'}`;
  if (!learned.control) {
    yield* wrap(
      `The ROM does not answer even in the state that every ROM can do with, so nothing is decided: is it the ROM of ${learned.chip}?`,
      width,
      '',
    );
    return;
  }
  const decided = learned.options.filter((o) => o.value !== null);
  yield '';
  for (const o of decided) {
    const first = `${isOther(o) ? '*' : ' '} ${o.option.padEnd(21)}${o.value} `;
    yield* wrap(`(${o.says}${pcOf(o.pc)}${servedOf(o.served)})`, width, INDENT, first);
  }
  const open = learned.options.filter((o) => o.value === null);
  if (open.length > 0) yield* ['', 'Undecided:'];
  for (const o of open) yield* wrap(o.says, width, INDENT, `  ${o.option.padEnd(21)}`);
  yield* beyondOptions(learned, width);
  yield '';
  const other = decided.filter(isOther);
  if (other.length === 0) yield `${decided.length} options decided; the stand-in has the same values.`;
  else {
    yield `${decided.length} options decided; * = the stand-in has another value:`;
    for (const o of other) yield `  ${o.option.padEnd(21)}${o.standIn} (${o.confidence})`;
  }
}

/** What no option names. */
function* beyondOptions({ registers, oddStates }: Learned, width: number): Generator<string> {
  yield* ['', 'Left behind by a caller:'];
  for (const { state, served } of oddStates)
    yield* wrap(`${state}: ${served === null ? 'cannot be made on this chip' : served ? 'served' : 'not served'}`, width, '    ', '  ');
  const other = registers.filter((r) => r.value !== r.standIn);
  yield* ['', `Registers that the idle ROM has written: ${registers.length - other.length} as the stand-in's, ${other.length} otherwise`];
  for (const r of other) yield* wrap(`${r.register} ${shown(r.value)}${pcOf(r.pc)} (stand-in: ${shown(r.standIn)})`, width, '    ', '  ');
}

const documentOf = ({ chip, rom, sha256, plain, control, options, registers, oddStates }: Learned): object => ({
  schema: 'bootbench/rom-learn@1',
  version: VERSION,
  chip,
  romId: rom,
  romSha256: sha256,
  plain,
  control,
  options: options.map(({ option, value, says, pc, served, standIn, confidence }) => ({
    option,
    value,
    because: says,
    pc: pc === null ? null : `0x${pc.toString(16).padStart(8, '0')}`,
    served,
    standIn: { value: standIn, confidence },
  })),
  registers: registers.map((r) => ({ ...r, pc: r.pc === null ? null : `0x${r.pc.toString(16).padStart(8, '0')}` })),
  oddStates,
});

/** One line for each decided option; no bytes of the ROM. */
const evidenceLines = ({ chip, rom, sha256, options }: Learned, now: Date): object[] =>
  options.flatMap(({ option, value }) =>
    value === null
      ? []
      : [
          {
            schema: 'bootbench/evidence@1',
            chip,
            dbgmcu: null,
            romId: rom,
            romSha256: sha256,
            option,
            value,
            probe: 'rom learn',
            control: true,
            tries: 1,
            debugger: null,
            at: now.toISOString().slice(0, 10),
            version: VERSION,
            recording: null,
          },
        ],
  );
