/** Options of the library functions, and their conversion into a job. Wrong options throw a UsageError or an ImageError before anything runs. */
import { isRecord } from '../bench/documents/is-record.ts';
import { partNumber } from '../chips/parts.ts';
import { chipFamilies, existsUnmodelled, findChip, nearestChip, suggestChips } from '../chips/index.ts';
import { parseDuration } from '../bench/documents/duration.ts';
import { checkExpect } from '../bench/documents/expect.ts';
import { jobInput, romProfileIfAny, type JobImage, type RunJob } from '../bench/input/job.ts';
import { SYMPTOMS, type CheckId, type Outcome, type Symptom } from '../bench/documents/result.ts';
import type { RomInput, RunLimits } from '../bench/input/run-input.ts';
import { checkScenario, wordValue } from '../bench/input/scenario.ts';
import type { Duration, Expect, Scenario, WordValue } from '../bench/documents/scenario-types.ts';
import { nameIn, shown, UsageError, didYouMean } from '../bench/documents/usage-error.ts';
import type { ChipDescription } from '../emu/chip.ts';
import type { ROM_OPTION_VALUES, RomOptionId } from '../rom/options.ts';
import { resolveRomOptions, RomOptionError } from '../rom/options.ts';
import { dumpInPieces, whyNoPlace } from '../rom/pieces.ts';
import type { RomProfile } from '../rom/profile.ts';
import { VERSION } from '../version.ts';
import { HOST } from './host.ts';
import type { ChipName } from './names.ts';

export type { JobImage } from '../bench/input/job.ts';

/** ROM options (ROM behaviour that ST does not publish) by id; `bootbench explain <id>` describes each. */
export type RomOptions = { readonly [K in RomOptionId]?: (typeof ROM_OPTION_VALUES)[K][number] };

/** The expected result, as in a scenario file, with typed ids of checks and causes. */
export type TypedExpect = Omit<Expect, 'causes' | 'notCauses' | 'checks' | 'outcome'> & {
  /** The expected outcome, or a list of possible ones. */
  readonly outcome?: Outcome | readonly Outcome[];
  /** Causes that must be proved; others may be proved, too. */
  readonly causes?: readonly CheckId[];
  /** Causes that must not be proved; `*` = none at all. */
  readonly notCauses?: readonly (CheckId | '*')[];
  /** Expected verdicts by check; alternatives are separated by `|`. */
  readonly checks?: { readonly [K in CheckId]?: string };
};
/** A scenario (docs/scenario.md) with typed ids of ROM options, checks and causes. */
export type TypedScenario = Omit<Scenario, 'romOptions' | 'expect'> & {
  /** ROM options that differ from their defaults. */
  readonly romOptions?: RomOptions;
  /** The expected result; null = none. */
  readonly expect?: TypedExpect | null;
};

/** Limits of a run. If one ends the run, `ended.reason` says so. */
export interface Limits {
  /** Maximum number of instructions of the boot core. */
  readonly maxInstructions?: number | null;
  /** Maximum real time, in milliseconds. */
  readonly wallMs?: number | null;
}

/** Options that describe a machine. */
export interface MachineOptions {
  /** Part or line, for example `stm32h533re` or `STM32F407VGT6`. */
  readonly chip: ChipName;
  /** Images to load. `path` is the name in the result; for a raw binary it also contains the address: `fw.bin@0x08000000`. May be empty if BOOT0 is high. */
  readonly images: readonly JobImage[];
  /** Board, host and steps. Default: the usual board of the chip, the cable plugged in, no steps. A UsageError names a wrong key. */
  readonly scenario?: TypedScenario;
  /** Seed of the RAM contents at power-on and of everything else that is random: a whole number from 0 to 2^32 - 1; default 1. */
  readonly seed?: number;
  /** Emulated time since power-on at which the run ends, for example `2s` or `100ms`. */
  readonly until?: Duration;
  /** ROM options; they take precedence over those of the scenario. */
  readonly romOptions?: RomOptions;
  /** Register fields that are fixed to a value: `{ 'ETH.DMAMR.SWR': 0 }`. */
  readonly force?: Readonly<Record<string, WordValue>>;
  /** A dump of the chip's own ROM, used instead of the stand-in: system memory from its first byte, or pieces with the addresses that they were read from. */
  readonly romDump?: Uint8Array | readonly DumpPiece[];
  /** Handle BKPT 0xAB as semihosting; default true. */
  readonly semihosting?: boolean;
  /** Address of a vector table; the boot core starts there instead of where the chip boots. */
  readonly bootAt?: number;
  /** Contents of the files that DFU downloads of the scenario send, by their names in the scenario. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

/** A part of a dump; parts do not overlap, and lie in system memory. */
export interface DumpPiece {
  /** Bus address of its first byte. */
  readonly address: number;
  /** Its contents. */
  readonly bytes: Uint8Array;
}

export interface BenchOptions extends MachineOptions {
  /** What you see on your board. The result says whether the run shows it and, if not, what would cause it. */
  readonly symptom?: Symptom | readonly Symptom[];
  /** For firmware that waits for a button or a command: find what makes it jump and do it; the result names it. Default false. */
  readonly trigger?: boolean;
  /** Where DFU comes: try what a host does with the device, on a copy of the machine; the result tells it in `after`. Default false; `bootbench run` does it. */
  readonly after?: boolean;
  /** Limits of the run; none by default. */
  readonly limits?: Limits;
  /**
   * Devices around the chip: the URL of a module whose default export is a function as `devices` of `openMachine`. The thread of the run loads it:
   * `new URL('./board.js', import.meta.url)`, or an absolute path as URL.
   */
  readonly devices?: URL;
  /** When it is aborted, the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called with the progress of the run, for display. */
  readonly onProgress?: (event: Progress) => void;
}
/** Progress of `bench`. */
export interface Progress {
  /** `running`, or the repair that is being tried. */
  readonly text: string;
  /** How far the run is, and the last output of the firmware; may be empty. */
  readonly detail: string;
}

const MACHINE_KEYS = ['chip', 'images', 'scenario', 'seed', 'until', 'romOptions', 'force', 'romDump', 'semihosting', 'bootAt', 'files'];
export const BENCH_KEYS = [...MACHINE_KEYS, 'symptom', 'trigger', 'after', 'limits', 'devices', 'signal', 'onProgress'];

/** Checks everything that does not need a machine. */
export async function libraryJob(options: BenchOptions, keys: readonly string[] = BENCH_KEYS): Promise<RunJob> {
  checkOptions(options, keys);
  const chip = chipNamed(options.chip);
  const scenario = await checkScenario(options.scenario ?? {}, 'scenario');
  if (scenario.expect) checkExpect(scenario.expect, 'scenario');
  if (options.images.length === 0 && scenario.board?.boot0 !== 1)
    throw new UsageError('images: no image is given', 'to run only the ROM, give scenario: { board: { boot0: 1 } }');
  const romOptions = { ...scenario.romOptions, ...options.romOptions } as Readonly<Record<string, string>>;
  const job: RunJob = {
    version: VERSION,
    chip: partNumber(chip),
    images: options.images.map(({ path, bytes }) => ({ path, bytes })),
    scenario,
    overrides: {
      images: options.images.map((image) => image.path),
      romOptions,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(options.until === undefined ? {} : { until: options.until }),
      ...(options.force === undefined ? {} : { force: options.force }),
    },
    limits: limitsOf(options.limits),
    rom: {
      kind: options.romDump === undefined ? 'stand-in' : 'dump',
      ...(await romBytes(chip, options, romOptions)),
      version: null,
      options: romOptions,
    },
    symptoms: symptomsOf(options.symptom),
    after: options.after === true,
    trigger: options.trigger === true,
    engine: 'bootbench',
    semihosting: options.semihosting !== false,
    bootAt: options.bootAt === undefined ? null : wordValue(options.bootAt, 'bootAt'),
    files: options.files ?? new Map<string, Uint8Array>(),
    ...(options.devices === undefined ? {} : { devices: options.devices.href }),
  };
  // all further checks: images, memories, names
  jobInput(job);
  return job;
}

/** A machine's job: what only a whole run has is refused. */
export const machineJob = (options: MachineOptions, more: readonly string[] = []): Promise<RunJob> =>
  libraryJob(options, [...MACHINE_KEYS, ...more]);

function checkOptions(options: BenchOptions, keys: readonly string[]): void {
  if (!isRecord(options)) throw new UsageError(`the options are ${shown(options)}`, 'give { chip, images }');
  for (const [key, value] of Object.entries(options))
    if (value !== undefined && !keys.includes(key))
      throw new UsageError(`unknown option ${key}`, didYouMean(key, keys) ?? `known here: ${keys.join(', ')}`);
  checkImages(options.images);
  checkValues(options);
  checkTypes(options);
}

export function checkImages(images: unknown): void {
  if (!Array.isArray(images)) throw new UsageError(`images is ${shown(images)}`, 'give a list of { path, bytes }');
  // forEach passes over the holes of a list
  Array.from(images).forEach((image: unknown, i) => {
    if (!isRecord(image) || typeof image['path'] !== 'string' || !isBytes(image['bytes']))
      throw new UsageError(
        `images[${i}] is not { path, bytes }`,
        'bytes is a Uint8Array; readImage of bootbench/node reads one from a file',
      );
  });
}

/** Options that have a range or a form. */
function checkValues({ seed, until, files, signal }: BenchOptions): void {
  if (seed !== undefined && !(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32))
    throw new UsageError(`seed: ${shown(seed)} is not a whole number from 0 to ${2 ** 32 - 1}`);
  if (until !== undefined) parseDuration(nameIn(until), 'until');
  if (files !== undefined && !(files instanceof Map && [...files.values()].every(isBytes)))
    throw new UsageError('files is not a Map of names and Uint8Arrays');
  mustBeSignal(signal);
}
/** One of another realm, or of a polyfill, is one as well. */
export function mustBeSignal(signal: unknown): void {
  if (signal === undefined) return;
  const calls = ['addEventListener', 'removeEventListener', 'throwIfAborted'];
  if (!isRecord(signal) || typeof signal['aborted'] !== 'boolean' || calls.some((name) => typeof signal[name] !== 'function'))
    throw new UsageError(`signal is ${shown(signal)}, and no AbortSignal`, 'new AbortController().signal is one');
}

/** Options that are right where their type is. */
function checkTypes({ romDump, devices, onProgress, semihosting, trigger, force, romOptions, limits }: BenchOptions): void {
  if (romDump !== undefined && !isBytes(romDump)) checkPieces(romDump);
  if (devices !== undefined && !(devices instanceof URL))
    throw new UsageError('devices is not a URL', "a run loads them in its own thread: new URL('./board.js', import.meta.url)");
  if (onProgress !== undefined && typeof onProgress !== 'function') throw new UsageError('onProgress is not a function');
  for (const [name, value] of Object.entries({ semihosting, trigger }))
    if (value !== undefined && typeof value !== 'boolean') throw new UsageError(`${name} is ${shown(value)}`, 'true or false');
  for (const [name, value] of Object.entries({ force, romOptions, limits }))
    if (value !== undefined && !isRecord(value)) throw new UsageError(`${name} is ${shown(value)}`, 'give an object');
}
function checkPieces(pieces: unknown): void {
  if (!Array.isArray(pieces) || pieces.length === 0)
    throw new UsageError('romDump is not a Uint8Array', 'or a list of { address, bytes }, if the dump has several pieces');
  Array.from(pieces).forEach((piece: unknown, i) => {
    if (!isRecord(piece) || !isBytes(piece['bytes']) || !isAddress(piece['address']))
      throw new UsageError(`romDump[${i}] is not { address, bytes }`, 'for example { address: 0x1fff0000, bytes }');
  });
}
const isAddress = (value: unknown): boolean => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

/** The chip of a name; a UsageError says which are near. */
function chipNamed(name: unknown): ChipDescription {
  if (typeof name !== 'string') throw new UsageError(`chip is ${shown(name)}`, 'give a part, for example stm32h533re');
  const chip = findChip(name);
  if (chip !== undefined) return chip;
  if (existsUnmodelled(name))
    throw new UsageError(`${JSON.stringify(name)} exists but is not modelled`, `the nearest modelled chip is ${nearestChip(name)}`);
  const near = suggestChips(name);
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `bootbench knows parts of ${chipFamilies()}`;
  throw new UsageError(`there is no chip ${JSON.stringify(name)}`, hint);
}

async function romBytes(
  chip: ChipDescription,
  { romDump }: BenchOptions,
  chosen: Readonly<Record<string, string>>,
): Promise<Pick<RomInput, 'bytes' | 'beside'>> {
  const profile = romProfileIfAny(chip);
  if (profile === null) {
    if (romDump !== undefined || Object.keys(chosen).length > 0) throw new UsageError(`this version has no stand-in ROM for ${chip.name}`);
    return { bytes: new Uint8Array(0) };
  }
  try {
    resolveRomOptions(profile.options, chosen);
  } catch (error) {
    if (error instanceof RomOptionError) throw new UsageError(error.message, didYouMean(error.word, error.candidates));
    throw error;
  }
  if (romDump === undefined) return { bytes: await HOST.romImage(profile.image) };
  const dump = isBytes(romDump) ? { bytes: romDump } : dumpOfPieces(chip, profile, romDump);
  if (Object.keys(chosen).length > 0)
    throw new UsageError('romOptions are for the stand-in ROM', 'the code of a dump has no options: give either romDump or romOptions');
  return dump;
}
function dumpOfPieces(chip: ChipDescription, profile: RomProfile, pieces: readonly DumpPiece[]): Pick<RomInput, 'bytes' | 'beside'> {
  const why = whyNoPlace(chip, profile, pieces);
  if (why !== null) throw new UsageError(`romDump: ${why}`);
  return dumpInPieces(profile, pieces);
}

function limitsOf(limits: Limits = {}): RunLimits {
  const known = ['maxInstructions', 'wallMs'];
  for (const [key, value] of Object.entries(limits)) {
    if (!known.includes(key)) throw new UsageError(`unknown limit ${key}`, didYouMean(key, known) ?? `known: ${known.join(', ')}`);
    if (value != null && !(typeof value === 'number' && Number.isSafeInteger(value) && value > 0))
      throw new UsageError(`limits.${key}: ${shown(value)} is not a whole number above 0`);
  }
  return { maxInstructions: limits.maxInstructions ?? null, wallMs: limits.wallMs ?? null, maxMemory: null };
}

function symptomsOf(given: Symptom | readonly Symptom[] = []): readonly Symptom[] {
  const words: readonly unknown[] = [given].flat();
  return [
    ...new Set(
      words.map((word) => {
        const found = SYMPTOMS.find((s) => s === word);
        if (found !== undefined) return found;
        throw new UsageError(`symptom: ${shown(word)} is not known`, didYouMean(nameIn(word), SYMPTOMS) ?? `it is ${SYMPTOMS.join(', ')}`);
      }),
    ),
  ];
}
