/**
 * A run as plain data, so that it can be sent to a worker thread. `jobInput` checks all that a user can get wrong and makes the machine's
 * input of it.
 */
import { withAdvice } from '../documents/advice.ts';
import type { Note } from '../documents/note-facts.ts';
import { BUT } from '../documents/reservations.ts';
import { findChip } from '../../chips/index.ts';
import { checkMemories, checkOverlap, type LoadedImage } from '../../image/image.ts';
import { loadImages } from '../../image/images.ts';
import { decideBoot } from '../../emu/boot-rules.ts';
import type { BootCondition, ChipDescription } from '../../emu/chip.ts';
import type { ShortcutName } from '../../emu/proofs/shortcuts.ts';
import { OPTION_KEYS } from '../../peripherals/memory/flash-keys.ts';
import { jumpCandidates, scanFunctions, type FunctionFacts } from './code-scan.ts';
import { plannedGoal } from './goal.ts';
import { programsIn } from '../../image/programs.ts';
import { firstBytes, hasTable, tableBehindLoader } from './behind-loader.ts';
import { imageCore, startAddress } from './image-core.ts';
import { otherCode, otherFamily } from './infer-chip.ts';
import { checkOptionBytes, optionNotes } from './option-bytes-in-images.ts';
import { checkFit, refuseSecure } from './image-fit.ts';
import { unicornNotes } from '../../engines/unicorn.ts';
import { romProfileOf, type RomProfile } from '../../rom/profiles.ts';
import { whyNoDump } from '../../rom/why-no-dump.ts';
import type { ProjectClock } from './project-clock.ts';
import type { RomInput, RunInput, RunLimits } from './run-input.ts';
import { APP_GOAL } from '../documents/goal.ts';
import type { Effort } from '../documents/effort.ts';
import type { Symptom } from '../documents/result.ts';
import { outsideNotes, withBanks, withOutside } from './outside-memory.ts';
import { expandScenario, type ScenarioOverrides } from './scenario.ts';
import type { Scenario } from '../documents/scenario-types.ts';
import { UsageError } from '../documents/usage-error.ts';

/** An image: a name and bytes. */
export interface JobImage {
  /** As typed. */
  readonly path: string;
  /** ELF, Intel HEX, S-records, UF2, DfuSe, or raw. */
  readonly bytes: Uint8Array;
}

export interface RunJob {
  readonly version: string;
  readonly chip: string;
  readonly images: readonly JobImage[];
  readonly scenario: Scenario;
  readonly overrides: ScenarioOverrides;
  readonly limits: RunLimits;
  readonly rom: RomInput;
  readonly symptoms: readonly Symptom[];
  readonly findJump?: boolean;
  readonly noReturn?: boolean;
  /** See `RunInput.onlyExpected`. */
  readonly onlyExpected?: boolean;
  /** See `RunInput.provisos`. */
  readonly provisos?: boolean;
  /** See `RunInput.after`; also where the scenario expects something of it. */
  readonly after?: boolean;
  /** See `RunInput.alive`; also where the scenario expects it. */
  readonly alive?: boolean;
  /** Nothing was said about the firmware: its trigger is looked for and pressed (first-run.ts). */
  readonly trigger?: boolean;
  /** Nothing was said about the board, and no trigger is wanted: what the firmware shows to have around it is assumed all the same (assumed.ts). */
  readonly surroundings?: boolean;
  /** The chip was not named: as what it was taken, and which others fit, for a person. */
  readonly chipFrom?: string;
  /** What it was concluded from, for a person. */
  readonly chipBecause?: string;
  /** It is a guess: little speaks for it, or for another one almost as much. */
  readonly chipGuess?: boolean;
  /** `chipBecause` says that the firmware uses a register which the chip does not have. */
  readonly chipNoRegister?: boolean;
  /** Another chip fits as well, or it is a guess: who knows better can name it. */
  readonly chipOpen?: boolean;
  /** The board that was named: what its BOOT0 and USB wires lead to, for a person. */
  readonly boardSays?: string;
  /** Nobody named a board, but the images do: one of BOARDS. */
  readonly boardNamed?: string;
  /** Nobody named a clock, but files of the project around the images do. */
  readonly clockSays?: ProjectClock;
  /** The scenario's board is what the images or their project name: nobody has said it. */
  readonly boardAssumed?: boolean;
  /** See `RunInput.hseAssumed`. */
  readonly hseAssumed?: true;
  readonly engine: 'bootbench' | 'unicorn';
  /** See `RunInput.effort`. */
  readonly effort?: Effort;
  /** Shortcuts that are switched off; left out: none. */
  readonly withoutShortcuts?: readonly ShortcutName[];
  /** File of unicorn.js for the engine `unicorn`; without it, libunicorn. */
  readonly unicornJs?: string;
  readonly semihosting: boolean;
  readonly bootAt: number | null;
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Address of a module whose default export connects what stands around the chip (library/outside.ts). */
  readonly devices?: string;
}

export type RunHooks = Pick<
  RunInput,
  'signal' | 'bounds' | 'clock' | 'startedAt' | 'memoryUse' | 'progress' | 'found' | 'stats' | 'trace' | 'outside' | 'atEntry'
>;

/** A job is asked more than once on its way to the machine. */
const inputs = new WeakMap<RunJob, RunInput>();

export function jobInput(job: RunJob, hooks: RunHooks = {}): RunInput {
  let input = inputs.get(job);
  if (input === undefined) inputs.set(job, (input = checkedInput(job)));
  return { ...input, ...hooks };
}

function checkedInput(job: RunJob): RunInput {
  const bare = findChip(job.chip);
  if (bare === undefined) throw new UsageError(`there is no chip ${job.chip}`);
  const images = loadImages(job.images);
  checkOverlap(images);
  const outside = job.scenario.board?.memories ?? [];
  const chip = withBanks(withOutside(bare, outside, images));
  refuseSecure(images, chip);
  for (const image of images) {
    checkOptionBytes(chip, image);
    checkMemories(image, chip.memories, chip.name);
  }
  checkDump(chip, job.rom);
  const named = job.overrides.goal ?? job.scenario.goal ?? impliedGoal(chip, images, job);
  const goal = plannedGoal(chip, named, job.overrides.goal === undefined ? 'goal' : '--goal');
  const scenario = expandScenario(job.scenario, chip, job.overrides, images);
  return {
    version: job.version,
    chip,
    images,
    scenario,
    goal,
    seed: scenario.seed,
    until: scenario.untilPs,
    limits: job.limits,
    rom: { ...job.rom, options: scenario.document.romOptions },
    force: scenario.force,
    symptoms: job.symptoms,
    findJump: job.findJump === true,
    noReturn: job.noReturn === true,
    onlyExpected: job.onlyExpected === true,
    provisos: job.provisos !== false,
    ...asksAfter(job),
    engine: job.engine,
    ...(job.hseAssumed && { hseAssumed: true as const }),
    ...(job.effort && { effort: job.effort }),
    withoutShortcuts: job.withoutShortcuts ?? [],
    semihosting: job.semihosting,
    bootAt: job.bootAt,
    notes: loadNotes(chip, images, job),
    files: job.files,
  };
}

function asksAfter({ after, alive, scenario }: RunJob): Pick<RunInput, 'after' | 'alive'> {
  const expected = scenario.expect?.after;
  return {
    ...((after === true || expected !== undefined) && { after: true }),
    ...((alive === true || expected?.alive === 'ok') && { alive: true }),
  };
}

/**
 * What is asked where nobody names a goal. A loader and its application are for the application, if nothing of them can enter the ROM; all else is for the
 * ROM, as is whoever asks for it: by BOOT0, by a search for what enters it. What a scenario expects is of the goal that it names.
 */
function impliedGoal(chip: ChipDescription, images: readonly LoadedImage[], job: RunJob): typeof APP_GOAL | undefined {
  const { scenario } = job;
  if (job.findJump === true || scenario.expect != null || job.bootAt !== null) return undefined;
  const start = bootAddress(chip, scenario);
  if (chip.cores.length > 1 || start === null || startsRom(chip, scenario) || !hasTable(chip, images, start)) return undefined;
  const holdsOther = (image: LoadedImage): boolean =>
    programsIn(image, chip.memories).length > 1 ||
    (images.length > 1 && (tableBehindLoader(chip, [image], start) !== null || isBehindHeader(chip, image)));
  if (!images.some(holdsOther)) return undefined;
  const functions = scanFunctions(images);
  return functions.length > 0 && !canEnterRom(functions, chip) ? APP_GOAL : undefined;
}
/** By a jump, or by option bytes that a reset loads: for those it has to know the keys. A reset alone leads back to the loader. */
const canEnterRom = (functions: readonly FunctionFacts[], chip: ChipDescription): boolean =>
  jumpCandidates(functions, chip).some(({ kind }) => kind === 'jump') ||
  functions.some(({ constants }) => OPTION_KEYS.every((key) => constants.some(({ value }) => value === key)));

const isBehindHeader = (chip: ChipDescription, image: LoadedImage): boolean =>
  programsIn(image, chip.memories).some(({ table }) => table > (image.chunks[0]?.address ?? table));

/** Kind of the notes that doubt whether an image is for this chip or core. */
export const WRONG_CHIP = 'wrong-chip';

function loadNotes(chip: ChipDescription, images: readonly LoadedImage[], job: RunJob): Note[] {
  const notes = imageNotes(chip, images, job);
  notes.push(...chipNotes(chip, job));
  if (job.boardSays !== undefined) notes.push({ kind: 'board', text: job.boardSays });
  if (job.engine === 'unicorn') for (const text of unicornNotes()) notes.push({ kind: 'engine', text });
  if (romProfileIfAny(chip) === null)
    notes.push({ kind: 'no-rom', text: `this version has no stand-in ROM for ${chip.name}: its system memory is erased` });
  return [...notes, ...startNotes(chip, images, job)];
}

/** As what the chip was taken that nobody named. */
function chipNotes(chip: ChipDescription, { chipFrom: from, chipOpen, chipBecause: text, chipGuess, chipNoRegister }: RunJob): Note[] {
  const command = 'say --chip';
  const taken = { kind: 'chip' };
  return [
    ...(from === undefined
      ? []
      : chipOpen === true
        ? [{ ...taken, ...withAdvice({ is: 'chip', said: from, lead: ': if it is another chip, ', command }) }]
        : [{ ...taken, text: from }]),
    ...(text === undefined ? [] : [{ kind: 'chip', text, ...(chipNoRegister === true && { about: { is: 'no-register' } as const }) }]),
    ...(chipGuess === true
      ? [
          {
            kind: BUT,
            ...withAdvice({ is: 'chip', said: `${chip.name} is a guess`, lead: ': if the firmware is for another chip, ', command }),
          },
        ]
      : []),
  ];
}

/** What is odd about the images themselves. */
function imageNotes(chip: ChipDescription, images: readonly LoadedImage[], job: RunJob): Note[] {
  const notes: Note[] = images.flatMap((image) => image.remarks.map((remark) => ({ kind: 'image', text: `${image.path}: ${remark}` })));
  for (const text of doubts(chip, images, job)) notes.push({ kind: WRONG_CHIP, text });
  for (const text of optionNotes(chip, images)) notes.push({ kind: 'option-bytes', text });
  for (const text of outsideNotes(chip, images, job.scenario.board?.memories ?? [])) notes.push({ kind: 'outside-memory', text });
  for (const image of images) {
    for (const chunk of image.chunks) {
      const memory = chip.memories.find((m) => chunk.address >= m.base && chunk.address < m.base + m.size);
      if (memory?.kind !== 'ram') continue;
      notes.push({
        kind: 'image',
        text: `${image.path} has bytes in ${memory.name}: they are there at power-on, as if a debugger had loaded them`,
      });
    }
  }
  return notes;
}

/** What speaks against this chip: what the image says of itself, else what its code does. */
function doubts(chip: ChipDescription, images: readonly LoadedImage[], job: RunJob): readonly string[] {
  const said = [
    ...images.flatMap((image) => checkFit(chip, image, job.scenario.board?.optionBytes ?? {})),
    ...job.images.flatMap((image) => otherFamily(chip, image) ?? []),
  ];
  return said.length > 0 ? said : [otherCode(chip, images) ?? []].flat();
}

const WORD = 4;
/** Where the cores start: what is odd about that, and what is missing there. */
function startNotes(chip: ChipDescription, images: readonly LoadedImage[], job: RunJob): Note[] {
  const notes: Note[] = [];
  if (job.bootAt !== null) notes.push({ kind: 'boot-at', text: 'the core started at --boot-at, which a real chip cannot do' });
  if (chip.cores.length > 1 && images.length > 0 && images.every((image) => imageCore(chip, image) === 1)) {
    const [first, second] = chip.cores.map((c) => c.name);
    notes.push({
      kind: WRONG_CHIP,
      text: `this looks like the image for ${second}, but ${first} starts too and has no image; give both: ${first}.elf ${second}.elf`,
    });
  }
  const boot = bootAddress(chip, job.scenario);
  if (job.bootAt === null && boot !== null && !startsRom(chip, job.scenario) && !hasTable(chip, images, boot)) {
    const at = `0x${boot.toString(16).padStart(8, '0')}`;
    const first = firstBytes(images);
    const there = `0x${first.toString(16).padStart(8, '0')}`;
    const said = `no image has bytes at ${at}, where ${chip.name} starts`;
    const table = tableBehindLoader(chip, images, boot);
    notes.push({
      kind: 'boot-address',
      ...(first % WORD === 0
        ? withAdvice({ is: 'loader', said, lead: ': ', command: `also give the image of the bootloader, or --boot-at ${there}` })
        : { text: `${said}: the first bytes are at ${there}, which cannot hold a vector table` }),
      ...(table === null ? {} : { about: { is: 'behind-loader', table } as const }),
    });
  }
  return notes;
}

/** The profile of a chip's stand-in ROM; null while there is none. */
export function romProfileIfAny(chip: ChipDescription): RomProfile | null {
  return romProfileOf(chip);
}
/** The profile of a chip's ROM. */
export function romProfile(chip: ChipDescription): RomProfile {
  const found = romProfileIfAny(chip);
  if (found === null) throw new UsageError(`this version has no stand-in ROM for ${chip.name}`);
  return found;
}

/** Where user code starts by the chip's boot rules and the option bytes of the board; null when a pin selects the ROM. */
export function bootAddress(chip: ChipDescription, scenario: Scenario): number | null {
  if (scenario.board?.boot0 === 1) return null;
  return startAddress(chip, 0, scenario.board?.optionBytes ?? {});
}

/** Option bytes, BFB2 for instance, choose the ROM, which looks for a bank that can run. */
function startsRom(chip: ChipDescription, { board }: Scenario): boolean {
  const value = ({ signal }: BootCondition): number | null => {
    if (signal === 'pin:BOOT0') return board?.boot0 ?? 0;
    // an image somewhere else leaves a chip empty, and is told as what it is
    if (signal === 'flash:empty' || /\.P?EMPTY$/.test(signal)) return 0;
    const option = Object.entries(chip.optionBytes ?? {}).find(([, { field }]) => signal === `field:${field}`);
    return option === undefined ? null : Number(board?.optionBytes?.[option[0]] ?? option[1].factory.value);
  };
  const rule = decideBoot(chip.boot ?? [], chip.cores[0]!.name, value);
  return typeof rule === 'object' && rule.boots === 'system';
}

/** A dump that holds no vector table of this chip's ROM is another file, or another chip's. */
function checkDump(chip: ChipDescription, rom: RomInput): void {
  const profile = romProfileIfAny(chip);
  const why = rom.kind !== 'dump' || profile === null ? null : whyNoDump(chip, profile, rom.bytes);
  if (why !== null) throw new UsageError(`the ROM dump: ${why.what}`, why.hint);
}
