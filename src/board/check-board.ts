/** The checks on a board: identity first, then each check on the state at the entry into system memory, or as the board stands now. */
import { CHECKS } from '../checks/index.ts';
import type { Judgement, RomFacts, Subject } from '../checks/check.ts';
import { unknown } from '../checks/check.ts';
import { CHECK_IDS, type CheckId } from '../bench/documents/result.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { modelOf } from '../emu/core/models/index.ts';
import { feedsOnlyTalkers, masksInterrupts, usbIrqOf, watchedPins } from '../rom/profile.ts';
import { resolveRomOptions } from '../rom/options.ts';
import type { RomProfile } from '../rom/profiles.ts';
import { BoardState } from './board-state.ts';
import type { GdbTarget } from './gdb-target.ts';
import { BoardError } from './rsp-client.ts';

export interface BoardCheck {
  readonly id: CheckId;
  readonly judgement: Judgement;
  /** Registers that it looked at, by address. */
  readonly words: readonly number[];
  /** What was judged: repairs are made of it. */
  readonly subject: Subject;
}
export type RomKind = 'stand-in' | 'dump' | 'silicon';
/** What the ROM behind a server is: `bootbench gdb` shows a stand-in or a dump, everything else is taken for a chip. */
export function romKind(target: GdbTarget): RomKind {
  if (target.dialect.name !== 'bootbench') return 'silicon';
  return target.runsDump ? 'dump' : 'stand-in';
}

export interface BoardReport {
  readonly rom: RomKind;
  /** Where the core stands; null = not at an entry. */
  readonly entry: { readonly address: number; readonly how: 'branch' | 'exception' } | null;
  readonly pc: number;
  /** The core is in the ROM, at its entry or behind it. */
  readonly inRom: boolean;
  readonly registers: Readonly<Record<string, number>>;
  readonly checks: readonly BoardCheck[];
}

const CPUID = 0xe000ed00;
/** PARTNO: which core it is, whatever its revision. */
const partOf = (cpuid: number): number => (cpuid >>> 4) & 0xfff;

/**
 * A board answers, and it is the chip that was named. A server may answer zeros for a dead board, so a zero is no answer.
 * Throws BoardError, or UsageError for another chip.
 */
export async function identify(target: GdbTarget, chip: ChipDescription): Promise<void> {
  const cpuid = await target.word(CPUID);
  if (cpuid === null || cpuid === 0)
    throw new BoardError('the board does not answer: CPUID reads as zero or not at all; is it powered, and is read-out protection off?');
  if (partOf(cpuid) !== partOf(modelOf(chip.cores[0]!.type).cpuid))
    throw new UsageError(`the board has another core than ${chip.name}: CPUID = 0x${cpuid.toString(16)}`, 'is --chip right?');
  const dbgmcu = chip.blocks.find((b) => b.name === 'DBGMCU');
  const id = dbgmcu ? await target.word(dbgmcu.base) : null;
  const devId = dbgmcu?.options?.['devId'];
  if (id !== null && id !== 0 && typeof devId === 'number' && (id & 0xfff) !== (devId & 0xfff))
    throw new UsageError(
      `the board is no ${chip.name}: DBGMCU_IDCODE.DEV_ID = 0x${(id & 0xfff).toString(16)}, not 0x${(devId & 0xfff).toString(16)}`,
      'is --chip right?',
    );
}

/** What the board's own ROM says of its entry: initial SP and reset vector. */
export async function romVectors(target: GdbTarget, chip: ChipDescription): Promise<{ table: number; sp: number; reset: number } | null> {
  const table = chip.rom?.vectorTable.value;
  if (table === undefined) return null;
  const [sp, reset] = [await target.word(table), await target.word(table + 4)];
  return sp === null || reset === null || reset === 0 || reset === 0xffffffff ? null : { table, sp, reset };
}

/** @param hseHz what feeds HSE on this board; null: not known */
export async function checkBoard(
  target: GdbTarget,
  chip: ChipDescription,
  profile: RomProfile | null,
  hseHz: number | null,
): Promise<BoardReport> {
  const vectors = await romVectors(target, chip);
  const board = new BoardState(target, chip, hseHz);
  const range = chip.rom?.range.value ?? [0, 0];
  return board.settle((state) => {
    const [pc, xpsr] = [state.core('pc') ?? 0, state.core('xpsr') ?? 0];
    const inRom = pc >= range[0] && pc <= range[1];
    // behind its first instruction everything is the ROM's own doing
    const atEntry = inRom && (vectors === null || pc === (vectors.reset & ~1) >>> 0);
    const how = (xpsr & 0x1ff) === 0 ? 'branch' : 'exception';
    const subject: Subject = {
      state,
      history: null,
      // the probe stops before the instruction: T says what the branch had in bit 0
      entry: atEntry ? { address: pc, thumb: (xpsr & (1 << 24)) !== 0, how, reached: true, fromPc: null, at: 0 } : null,
      rom: romOf(chip, profile, vectors),
      outcome: 'no-jump',
    };
    const registers: Record<string, number> = {};
    for (const name of REGISTERS) {
      const value = state.core(name);
      if (value !== null) registers[name] = value;
    }
    const checks = CHECK_IDS.map((id): BoardCheck => {
      board.takeAsked();
      return { id, judgement: judge(id, subject), words: board.takeAsked(), subject };
    });
    return { rom: romKind(target), entry: atEntry ? { address: pc, how } : null, pc, inRom, registers, checks };
  });
}
const REGISTERS = [
  'r0',
  'r1',
  'r2',
  'r3',
  'r4',
  'r5',
  'r6',
  'r7',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'sp',
  'lr',
  'pc',
  'xpsr',
  'msp',
  'psp',
  'primask',
  'basepri',
  'faultmask',
  'control',
  'msplim',
  'psplim',
  'vtor',
];

function judge(id: CheckId, subject: Subject): Judgement {
  const check = CHECKS.find((c) => c.id === id);
  if (!check) return unknown('not checked in this version');
  if (!subject.entry && !check.path) return { ...unknown('the core does not stand at an entry into system memory'), verdict: 'n/a' };
  const judgement = check.judge(subject);
  if (id !== 'reset-flags' || judgement.verdict !== 'warn') return judgement;
  return { ...judgement, because: `${judgement.because}; on a board the debugger's own reset leaves one (SYSRESETREQ)` };
}

function romOf(chip: ChipDescription, profile: RomProfile | null, vectors: { sp: number; reset: number } | null): RomFacts {
  const options = profile ? resolveRomOptions(profile.options) : [];
  return {
    vectorTable: chip.rom?.vectorTable.value ?? 0,
    initialStack: vectors?.sp ?? 0,
    resetVector: vectors?.reset ?? 0,
    range: chip.rom?.range.value ?? [0, 0],
    ramUse: chip.rom?.ramUse.value ?? [],
    usbIrq: usbIrqOf(profile),
    listensTo: watchedPins(profile),
    masksInterrupts: profile && masksInterrupts(profile, true),
    feedsOnlyTalkers: profile && feedsOnlyTalkers(profile, true),
    option: (id) => {
      const o = options.find((x) => x.id === id);
      return o ? { value: o.value, confidence: o.confidence } : null;
    },
  };
}
