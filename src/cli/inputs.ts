/** From what a user typed to a run: reads the files and checks all that can be wrong before anything runs. */
import { partNumber } from '../chips/parts.ts';
import { isShortcut, SHORTCUT_NAMES } from '../emu/proofs/shortcuts.ts';
import { circuitInWords } from '../bench/input/board-circuits.ts';
import { boardNamed, boardOf, boardsBegun, plainBoard, sayPart, type KnownBoard } from '../bench/input/boards.ts';
import { chipSaid, type ChipSaid } from '../bench/input/chip-said.ts';
import { inferChip } from '../bench/input/infer-chip.ts';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { CHIPS, chipFamilies, existsUnmodelled, findChip, nearestChip, partInBoardName, suggestChips } from '../chips/index.ts';
import { splitImagePath } from '../image/image.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { checkExpect } from '../bench/documents/expect.ts';
import type { RomInput, RunLimits } from '../bench/input/run-input.ts';
import { SYMPTOMS, type Symptom } from '../bench/documents/result.ts';
import { forcedField, parseScenario, wordValue, type ScenarioOverrides } from '../bench/input/scenario.ts';
import type { Scenario, WordValue } from '../bench/documents/scenario-types.ts';
import { limitMs, parseDuration } from '../bench/documents/duration.ts';
import { EFFORTS } from '../bench/documents/effort.ts';
import { UsageError, didYouMean } from '../bench/documents/usage-error.ts';
import { resolveRomOptions, RomOptionError } from '../rom/options.ts';
import { withLeave } from '../bench/documents/leave-scenario.ts';
import { bootAddress, jobInput, romProfile, romProfileIfAny, type JobImage, type RunJob } from '../bench/input/job.ts';
import { dumpFiles, readDump } from './rom-dump.ts';
import { mustEnd, type FileKind } from './has-end.ts';
import { reason, surroundings } from '../bench/documents/system-errors.ts';
import { VERSION } from '../version.ts';
import { projectClock } from './project-clock.ts';
import { projectParts } from './project-part.ts';
import { romImage } from './rom-image.ts';
import { READS } from './signals.ts';

/** What every command takes that puts firmware on a board, as the command line library hands it over. */
export interface MachineOptions {
  readonly chip?: string;
  readonly scenario?: string;
  readonly seed?: string;
  readonly board?: string;
  readonly boot0?: boolean;
  readonly force?: readonly string[];
  /** Pieces of a dump, each with its address where there are several. */
  readonly rom?: readonly string[];
  readonly romOption?: readonly string[];
  readonly romVersion?: string;
  readonly bootAt?: string;
  readonly semihosting?: boolean;
}
/** The options of `run`. */
export interface RunOptions extends MachineOptions {
  readonly goal?: string;
  /** Where DFU comes, a host's client is tried on it. */
  readonly after?: boolean;
  readonly until?: string;
  readonly symptom?: string | readonly string[];
  readonly pointOfNoReturn?: boolean;
  readonly findJump?: boolean;
  readonly engine?: string;
  readonly effort?: string;
  readonly unicornJs?: string;
  readonly withoutShortcut?: readonly string[];
  readonly maxInstructions?: string;
  readonly wall?: string;
  readonly maxMemory?: string;
  readonly leave?: boolean;
  readonly trigger?: boolean;
}

/** `shown`: what an error calls it. */
export function readInput(path: string, kind: FileKind, cwd: string, shown = path): Uint8Array {
  if (path === '') throw new UsageError('a file name is empty', 'is a shell variable not set?');
  try {
    const file = resolve(cwd, path);
    mustEnd(file, kind, shown);
    return new Uint8Array(readFileSync(file));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw surroundings(error, `cannot read ${shown}`) ?? new UsageError(`cannot read ${shown}: ${reason(error)}`, nameHint(path, cwd));
  }
}
/** Names that look right in the command line or in a scenario and are not what arrives here. */
export function nameHint(path: string, cwd: string): string | null {
  if (path === '-') return 'for a file as standard input (`< file`) write /dev/stdin';
  const slashed = path.replaceAll('\\', '/');
  if (slashed !== path && existsSync(resolve(cwd, slashed))) return `${slashed} exists: write / instead of \\; it also works on Windows`;
  return path.includes('\ufffd') ? 'Node supports only UTF-8 file names: rename the file, or make a link to it' : null;
}
/** What a scenario names lies beside it: an error says where it was looked for. */
function readImageFile(path: string, folder: string, scenario: string | undefined): Uint8Array {
  const { file, address } = splitImagePath(path);
  return readInput(
    file,
    address === null ? 'image' : 'binary',
    folder,
    scenario === undefined || isAbsolute(file) ? file : join(dirname(scenario), file),
  );
}

export function chipNamed(name: string): ChipDescription {
  const chip = findChip(name);
  if (chip !== undefined) return chip;
  if (existsUnmodelled(name))
    throw new UsageError(
      `${JSON.stringify(name)} exists but is not modelled`,
      `the nearest modelled chip is ${nearestChip(name)}; \`bootbench chips\` lists all`,
    );
  const board = boardOf(name);
  if (board !== undefined)
    throw new UsageError(`${JSON.stringify(name)} is a board; its chip is ${board.chip}`, `give --board ${board.name}`);
  const begun = boardsBegun(name);
  // the beginning of a part's name, stm32f4, begins the names of Discovery boards, too
  const ofPart = CHIPS.some((c) => c.name.startsWith(name.trim().toUpperCase()));
  if (begun.length > 0 && !ofPart)
    throw new UsageError(
      `there is no chip ${JSON.stringify(name)}`,
      `there are boards with such names: ${begun.join(', ')}; give a board with --board`,
    );
  const part = partInBoardName(name);
  if (part !== undefined) throw new UsageError(`${JSON.stringify(name)} is a board that bootbench does not know`, sayPart(part));
  const near = suggestChips(name);
  const hint =
    near.length > 0 ? `did you mean ${near.join(' or ')}?` : `bootbench knows parts of ${chipFamilies()}; \`bootbench chips\` lists them`;
  throw new UsageError(`there is no chip ${JSON.stringify(name)}`, hint);
}

/** What a board leads where, and that it is another part's: its oscillators count all the same. */
function saidOf({ name, circuit, chip: part }: KnownBoard, chip: ChipDescription): string {
  const other = findChip(part)?.name === chip.name ? '' : `; it has ${part}, but this run uses ${partNumber(chip)}`;
  return `${circuitInWords(name, circuit)}${other}`;
}

/** The scenario's file with what the command line says of the board. */
async function askedScenario(options: RunOptions, named: KnownBoard | null, cwd: string): Promise<Scenario> {
  const read = options.scenario === undefined ? {} : await readScenario(options.scenario, cwd);
  // A board named on the command line is a statement about its crystals: it beats the scenario file.
  const said = read.board?.vbus === undefined ? {} : { vbus: read.board.vbus };
  const pins = { ...named?.board.pins, ...read.board?.pins };
  const driven = Object.keys(pins).length > 0 ? { pins } : {};
  const onBoard = named === null ? read : { ...read, board: { ...read.board, ...named.board, name: named.name, ...driven, ...said } };
  return withBoot0(onBoard, options.boot0 === true);
}

/** Loaders, applications, banks, cores: more is a mistake, and each is compared with all others. */
const MOST_IMAGES = 32;
/**
 * Reads and checks everything; the job that comes back runs without further questions.
 * @param held a debugger holds the machine: with a dump of the ROM it needs no image, the flash is erased then
 */
// eslint-disable-next-line complexity -- one entry for each key of the job, and each is an option, the scenario's word or a default
export async function loadJob(images: readonly string[], options: RunOptions, cwd: string, held = false): Promise<RunJob> {
  const typedBoard = boardNamed(options.board, '--board');
  const asked = await askedScenario(options, typedBoard, cwd);
  const named = typedBoard ?? boardNamed(asked.board?.name, 'board.name');
  const scenarioFolder = options.scenario === undefined ? cwd : dirname(resolve(cwd, options.scenario));
  const typed = images.length === 0 ? (asked.images ?? []) : images;
  if (typed.length > MOST_IMAGES) throw new UsageError(`${typed.length} images are given`, `a run takes at most ${MOST_IMAGES}`);
  if (typed.length === 0 && asked.board?.boot0 !== 1 && !(held && options.rom !== undefined))
    throw new UsageError(
      'no image is given',
      `for example firmware.elf or firmware.bin@0x08000000; ${held ? 'none is needed with --rom dump.bin' : 'dfu and conform need no image with --boot0'}`,
    );
  const folder = images.length === 0 ? scenarioFolder : cwd;
  const said = images.length === 0 ? options.scenario : undefined;
  const loaded = READS.only(() => typed.map((path): JobImage => ({ path, bytes: readImageFile(path, folder, said) })));
  const { chip, said: ofChip } = READS.only(() => chipOf(options.chip ?? asked.chip ?? named?.chip, loaded, folder));
  const scenario = options.leave === true ? withLeave(asked, bootAddress(chip, asked) ?? 0) : asked;
  const force = Object.fromEntries((options.force ?? []).map((text) => assignment(text, '--force', 'ETH.DMAMR.SWR=0')));
  for (const [path, value] of Object.entries(force)) forcedField(chip, path, value);
  const job: RunJob = {
    version: VERSION,
    chip: partNumber(chip),
    images: loaded,
    scenario,
    overrides: overridesOf(options, typed, force),
    limits: limitsOf(options),
    rom: romInput(chip, options, scenario, cwd),
    symptoms: symptomsOf(options.symptom),
    findJump: options.findJump === true,
    ...(options.after === true && options.effort !== 'quick' ? { after: true } : {}),
    ...(triggered(options, scenario) ? { trigger: true } : {}),
    ...(surrounded(options, scenario) ? { surroundings: true } : {}),
    ...ofChip,
    ...(named === null ? {} : { boardSays: saidOf(named, chip) }),
    ...(named === null && (triggered(options, scenario) || surrounded(options, scenario)) ? clockSaid(typed, folder) : {}),
    noReturn: options.pointOfNoReturn === true,
    engine: engineOf(options),
    ...effortOf(options),
    ...unicornJsOf(options, cwd),
    ...withoutOf(options.withoutShortcut),
    semihosting: options.semihosting !== false,
    bootAt: options.bootAt === undefined ? null : tableAddress(options.bootAt),
    files: stepFiles(scenario, scenarioFolder),
  };
  READS.only(() => jobInput(job)); // all further checks, before anything is run or written
  return job;
}

/** The chip that is named, else the one that the images are built for, by themselves and by their project, with what is to be said of that. */
function chipOf(
  name: string | undefined,
  images: readonly JobImage[],
  folder: string,
): { readonly chip: ChipDescription; readonly said: ChipSaid } {
  if (name !== undefined) return { chip: chipNamed(name), said: {} };
  if (images.length === 0)
    throw new UsageError('which chip? --chip is missing', 'for example --chip stm32h533re; `bootbench chips` lists them');
  const paths = images.map(({ path }) => path);
  const inferred = inferChip(images, projectParts(paths, folder, process));
  return { chip: inferred.chip, said: chipSaid(inferred) };
}
/** Files of the project are read only where a clock is assumed: who names a board, or runs a scenario, is asked for none. */
function clockSaid(images: readonly string[], folder: string): Pick<RunJob, 'clockSays'> {
  const clockSays = projectClock(images, folder, process);
  return clockSays === null ? {} : { clockSays };
}
/** Who gives no scenario wants to see what this firmware does, whether he names the chip or not: its trigger is looked for. `--trigger` asks for it, `--no-trigger` for none. */
function triggered({ trigger, scenario: file, findJump, boot0 }: RunOptions, scenario: Scenario): boolean {
  if (trigger !== undefined) return trigger;
  return file === undefined && findJump !== true && boot0 !== true && scenario.board?.boot0 !== 1;
}

/** No trigger is looked for, and the board is the one that the same run with a trigger would assume: to name the part says nothing of its board. */
const surrounded = (options: RunOptions, scenario: Scenario): boolean =>
  options.scenario === undefined && options.boot0 !== true && scenario.board?.boot0 !== 1 && !triggered(options, scenario);

/** A pin selects the ROM: nothing in flash is needed. */
function tableAddress(text: string): number {
  const address = wordValue(text, '--boot-at');
  if (address % 4 !== 0) throw new UsageError(`--boot-at: there is no vector table at ${text}`, 'give the address of its first word');
  return address;
}

const withBoot0 = (scenario: Scenario, high: boolean): Scenario =>
  high ? { ...scenario, board: { ...scenario.board, boot0: 1 } } : scenario;

export async function readScenario(path: string, cwd: string): Promise<Scenario> {
  const scenario = await parseScenario(new TextDecoder().decode(readInput(path, 'scenario', cwd)), path);
  if (scenario.expect) checkExpect(scenario.expect, path);
  return scenario;
}

function overridesOf(options: RunOptions, images: readonly string[], force: Readonly<Record<string, WordValue>>): ScenarioOverrides {
  const board = plainBoard(options.board);
  if (options.until !== undefined) parseDuration(options.until, '--until');
  return {
    images,
    ...(board === null ? {} : { board }),
    ...(options.seed === undefined ? {} : { seed: count(options.seed, '--seed', 2 ** 32 - 1) }),
    ...(options.until === undefined ? {} : { until: options.until }),
    ...(options.goal === undefined ? {} : { goal: options.goal }),
    romOptions: romOptionsOf(options),
    force,
  };
}

function romOptionsOf(options: RunOptions): Record<string, string> {
  return Object.fromEntries((options.romOption ?? []).map((text) => assignment(text, '--rom-option', 'primask=clears')));
}

function assignment(text: string, option: string, example: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1)
    throw new UsageError(`${option}: ${JSON.stringify(text)} is not name=value`, `for example ${option} ${example}`);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

/** `V9.1` as AN2606 writes it, of `9.1`, `v9.1`, and of the bootloader's ID byte: `0x91`, `0xD2` (V13.2). */
function romVersionOf(typed: string): string {
  const id = /^0x([0-9a-f])([0-9a-f])$/i.exec(typed);
  return id ? `V${parseInt(id[1]!, 16)}.${parseInt(id[2]!, 16)}` : typed.replace(/^v?(?=\d)/i, 'V');
}

function romInput(chip: ChipDescription, options: RunOptions, scenario: Scenario, cwd: string): RomInput {
  const chosen = { ...scenario.romOptions, ...romOptionsOf(options) };
  // Programs that never enter the ROM run without one.
  const asked = options.rom !== undefined || options.romVersion !== undefined || Object.keys(chosen).length > 0;
  if (!asked && romProfileIfAny(chip) === null) return { kind: 'stand-in', bytes: new Uint8Array(0), version: null, options: {} };
  const profile = romProfile(chip);
  try {
    resolveRomOptions(profile.options, chosen);
  } catch (error) {
    if (error instanceof RomOptionError) throw new UsageError(error.message, didYouMean(error.word, error.candidates));
    throw error;
  }
  const version = options.romVersion === undefined ? null : romVersionOf(options.romVersion);
  const versions = profile.versions.value;
  if (version !== null && !versions.includes(version)) {
    throw new UsageError(`--rom-version: ${chip.name} has no ROM ${options.romVersion}`, `it has ${versions.join(', ')}`);
  }
  if (options.rom === undefined) {
    return {
      kind: 'stand-in',
      bytes: romImage(profile.image),
      version,
      options: chosen,
    };
  }
  const dump = readDump(chip, options.rom, (file) => readInput(file, 'dump', cwd));
  if (Object.keys(chosen).length > 0)
    throw new UsageError('--rom-option is for the stand-in ROM', 'the code of a dump has no options: give either --rom or --rom-option');
  return { kind: 'dump', ...dump, version, options: {} };
}

function symptomsOf(texts: string | readonly string[] | undefined): readonly Symptom[] {
  const words = [texts ?? []].flat().map((text) => {
    const found = SYMPTOMS.find((s) => s === text);
    if (found === undefined)
      throw new UsageError(`--symptom: ${JSON.stringify(text)} is not known`, didYouMean(text, SYMPTOMS) ?? `it is ${SYMPTOMS.join(', ')}`);
    return found;
  });
  return [...new Set(words)];
}

function withoutOf(names: readonly string[] | undefined): Pick<RunJob, 'withoutShortcuts'> {
  if (names === undefined) return {};
  const wrong = names.find((name) => !isShortcut(name));
  if (wrong !== undefined)
    throw new UsageError(`--without-shortcut: there is no shortcut ${JSON.stringify(wrong)}`, `known: ${SHORTCUT_NAMES.join(', ')}`);
  return { withoutShortcuts: names.filter(isShortcut) };
}
function engineOf(options: RunOptions): 'bootbench' | 'unicorn' {
  const engine = options.engine ?? 'bootbench';
  if (engine !== 'bootbench' && engine !== 'unicorn')
    throw new UsageError(`--engine: ${JSON.stringify(engine)} is not known`, 'it is bootbench or unicorn');
  return engine;
}
/** @throws UsageError for another word */
export function effortOf({ effort }: Pick<RunOptions, 'effort'>): Pick<RunJob, 'effort'> {
  if (effort === undefined) return {};
  const known = EFFORTS.find((word) => word === effort);
  if (known === undefined) throw new UsageError(`--effort: ${JSON.stringify(effort)} is not known`, `it is ${EFFORTS.join(', ')}`);
  return { effort: known };
}
function unicornJsOf(options: RunOptions, cwd: string): Pick<RunJob, 'unicornJs'> {
  if (options.unicornJs === undefined) return {};
  if (options.engine !== 'unicorn') throw new UsageError('--unicorn-js is for the second engine', 'add --engine unicorn');
  readInput(options.unicornJs, 'program', cwd);
  return { unicornJs: resolve(cwd, options.unicornJs) };
}

export function limitsOf(options: Pick<RunOptions, 'wall' | 'maxInstructions' | 'maxMemory'>): RunLimits {
  return {
    maxInstructions:
      options.maxInstructions === undefined ? null : count(options.maxInstructions, '--max-instructions', Number.MAX_SAFE_INTEGER),
    wallMs: options.wall === undefined ? null : limitMs(options.wall, '--wall'),
    maxMemory: options.maxMemory === undefined ? null : byteCount(options.maxMemory, '--max-memory'),
  };
}

function count(text: string, option: string, max: number): number {
  const n = /^(\d+|0[xX][0-9a-fA-F]+|\d+e\d+)$/.test(text.replaceAll('_', '')) ? Number(text.replaceAll('_', '')) : NaN;
  if (!Number.isSafeInteger(n) || n > max)
    throw new UsageError(`${option}: ${JSON.stringify(text)} is not a whole number from 0 to ${max}`);
  return n;
}

function byteCount(text: string, option: string): number {
  const match = /^(\d+)\s*([kMG]?)i?B?$/.exec(text.trim());
  const scale = { '': 1, k: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[match?.[2] ?? ''] ?? 1;
  const n = match === null ? NaN : Number(match[1]) * scale;
  if (!Number.isSafeInteger(n) || n === 0)
    throw new UsageError(`${option}: ${JSON.stringify(text)} is not a size`, 'for example 300M or 1G');
  return n;
}

/** Files that DFU downloads of the scenario send, relative to it. */
function stepFiles(scenario: Scenario, folder: string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const step of scenario.steps ?? []) {
    if (!('dfu' in step.do) || !('download' in step.do.dfu)) continue;
    const { file } = step.do.dfu.download;
    if (file !== undefined && !files.has(file)) files.set(file, readInput(join(folder, file), 'image', folder));
  }
  return files;
}

/** The files that a command line names, before one of them is read. */
export const typedFiles = (images: readonly string[], { scenario, rom }: Pick<RunOptions, 'scenario' | 'rom'>): string[] => [
  ...images.map((path) => splitImagePath(path).file),
  ...(scenario === undefined ? [] : [scenario]),
  ...dumpFiles(rom ?? []),
];
