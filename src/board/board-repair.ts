/**
 * Repairs on a board: core registers and memory-mapped registers only, written through the GDB server while the core stands in front of the ROM's first
 * instruction. What a debugger cannot do is refused by name, and what did not take is told.
 */
import { hex, type Repair, type RepairTarget, type Subject } from '../checks/check.ts';
import { locate } from '../checks/families.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { littleEndian, type GdbTarget } from './gdb-target.ts';

const ICER = 0xe000e180;
const ICPR = 0xe000e280;
const ICSR = 0xe000ed04;
const VTOR = 0xe000ed08;
const PENDSVCLR_PENDSTCLR = (1 << 27) | (1 << 25);
/** xPSR.T */
const THUMB = 1 << 24;

/** A repair asked for what only the emulated machine can do. */
class CannotRepair extends Error {
  override name = 'CannotRepair';
}
const cannot = (what: string): never => {
  throw new CannotRepair(what);
};

/** An edit, carried out later: repairs describe them at once, a board takes them one by one. Null, or what did not take. */
type Edit = () => Promise<string | null>;

/** Why this repair cannot be made on a board; null = it can. */
export function whyNotOnBoard(repair: Repair, subject: Subject, target: GdbTarget, chip: ChipDescription): string | null {
  if (repair.at !== 'entry') return 'it acts before the entry';
  if (repair.acts !== undefined) return 'it acts in place of an exception';
  try {
    editsOf(repair, subject, target, chip);
    return null;
  } catch (error) {
    if (error instanceof CannotRepair) return error.message;
    throw error;
  }
}

/** Applies a repair; the texts say what did not take. */
export async function applyOnBoard(
  repair: Extract<Repair, { at: 'entry' }>,
  subject: Subject,
  target: GdbTarget,
  chip: ChipDescription,
): Promise<string[]> {
  const problems: string[] = [];
  for (const edit of editsOf(repair, subject, target, chip)) {
    const problem = await edit();
    if (problem !== null) problems.push(problem);
  }
  return problems;
}

function editsOf(repair: Extract<Repair, { at: 'entry' }>, subject: Subject, target: GdbTarget, chip: ChipDescription): Edit[] {
  const edits: Edit[] = [];
  const store = (address: number, size: 1 | 2 | 4, value: number): void => {
    edits.push(async () => ((await target.writeMemory(address, littleEndian(value, size))) ? null : `${hex(address)} cannot be written`));
  };
  const register = (name: string, value: number): void => {
    edits.push(async () => {
      if (!(await target.writeRegister(name, value))) return `${name.toUpperCase()} cannot be written through this server`;
      const now = await target.readRegister(name);
      return now === null || now === value >>> 0 ? null : `${name.toUpperCase()} is ${hex(now)} after ${hex(value)} was written`;
    });
  };
  const branch = (address: number): void => {
    edits.push(async () => {
      const xpsr = await target.readRegister('xpsr');
      if (xpsr === null) return 'xPSR is not shown';
      const thumb = (address & 1) !== 0 ? xpsr | THUMB : xpsr & ~THUMB;
      await target.writeRegister('xpsr', thumb >>> 0);
      return (await target.writeRegister('pc', (address & ~1) >>> 0)) ? null : 'PC cannot be written through this server';
    });
  };
  const to: RepairTarget = {
    setCore: (name, value) => {
      if (name === 'vtor') store(VTOR, 4, value);
      else register(name, value);
    },
    setField: (path, value) => edits.push(() => writeField(target, chip, path, value)),
    putField: () => cannot('it changes option bytes'),
    eraseWord: () => cannot('it erases flash'),
    write: store,
    leaveHandlerMode: () => cannot('a debugger cannot leave Handler mode for the core'),
    clearNvic: (what, lines) => {
      const clear = what === 'enabled' ? ICER : ICPR;
      const words = new Map<number, number>();
      if (lines) for (const n of lines) words.set(n >>> 5, (words.get(n >>> 5) ?? 0) | (1 << (n & 31)));
      else for (let i = 0; i < nvicWords(chip); i++) words.set(i, 0xffffffff);
      for (const [i, mask] of words) store(clear + 4 * i, 4, mask >>> 0);
      if (what === 'pending' && !lines) store(ICSR, 4, PENDSVCLR_PENDSTCLR);
    },
    stopTimersOf: (block) => void cannot(`${block} cannot be stopped once it runs`),
    holdPin: (name) => void cannot(`somebody has to hold ${name}`),
    fitCrystal: () => void cannot('somebody has to fit a crystal'),
    holdOtherCores: () => void cannot("the other core is not in this server's hands"),
    branchTo: branch,
    jumpTo: branch,
  };
  repair.apply(to, subject);
  return edits;
}
const nvicWords = (chip: ChipDescription): number => Math.ceil((chip.cores[0]?.nvicLines ?? 240) / 32);

async function writeField(target: GdbTarget, chip: ChipDescription, path: string, value: number): Promise<string | null> {
  const place = locate(chip, path);
  if (place === null) return `${path}: ${chip.name} has no such register or field`;
  const { address, mask, bit } = place;
  const now = await target.word(address);
  if (now === null) return `${path} cannot be read`;
  const whole = (now & ~mask) | ((value << bit) & mask);
  if (!(await target.writeMemory(address, littleEndian(whole, 4)))) return `${path} cannot be written`;
  const then = await target.word(address);
  const got = then === null ? null : (then & mask) >>> bit;
  return got === value >>> 0 ? null : `${path} is ${got === null ? 'not readable' : got} after ${value} was written`;
}
