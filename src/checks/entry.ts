/** What the branch into the ROM went to, and which words of system memory the firmware read on the way. Shared by the checks of the path. */
import type { Subject, TargetHistory, Writer } from './check.ts';

/** Where ST's products have their system memory: a read or jump here that meets nothing is a wrong address, not a stray pointer. */
const SYSTEM_AREAS: readonly (readonly [number, number])[] = [
  [0x0bf00000, 0x0c000000],
  [0x0ff00000, 0x10000000],
  [0x1ff00000, 0x20000000],
];
export const SYSTEM_AREAS_SOURCE = 'AN2606 Rev 70 Table 226: address of the bootloader by product';

export const plain = (address: number): number => (address & ~1) >>> 0;
export const inSystemArea = (address: number): boolean => SYSTEM_AREAS.some(([from, to]) => address >= from && address < to);

/** The target is the table itself or the word that holds the vector. */
export const isVectorAddress = ({ rom }: Subject, address: number): boolean =>
  plain(address) === plain(rom.vectorTable) || plain(address) === plain(rom.vectorTable + 4);

/** Instruction to point at, in the shape of a writer: it changed the PC, no register of the log. */
export const atInstruction = (pc: number | null, at: number): Writer | null =>
  pc === null ? null : { pc, at, kind: 'cpu', core: 0, seq: -1 };

export interface WrongRead {
  /** Where the firmware looked for a vector table. */
  readonly table: number;
  readonly address: number;
  readonly value: number | null;
  readonly pc: number;
  readonly at: number;
}

const FETCHES = new Set(['bus-fetch', 'mem-fetch', 'invalid-state']);

/** Whether the firmware loaded the ROM's own reset vector. */
export const readRightVector = (subject: Subject): boolean =>
  subject.history?.vectorReads.some((r) => r.address === subject.rom.vectorTable + 4) ?? false;

/**
 * A vector that was read where the ROM's table is not; the last one counts. Null if there was none, or if the right one was read too. What was
 * read after the first fault is not the firmware's doing: the fault itself may fetch its handler from a table in system memory.
 */
export function wrongVectorRead(subject: Subject): WrongRead | null {
  const { history, rom } = subject;
  if (!history || readRightVector(subject)) return null;
  const fault = history.firstFault;
  if (fault && fault.address !== null && !FETCHES.has(fault.kind) && inSystemArea(fault.address))
    return { table: tableOf(fault.address, history), address: fault.address, value: null, pc: fault.pc, at: fault.at };
  const last = history.vectorReads
    .filter((r) => (!fault || r.at < fault.at) && (r.address < rom.vectorTable || r.address >= rom.vectorTable + 8))
    .at(-1);
  return last ? { table: tableOf(last.address, history), ...last } : null;
}

/** SP stands before the reset vector; a table is aligned to 128 bytes at least, so the pair never crosses eight bytes. */
const tableOf = (address: number, history: TargetHistory): number => {
  const base = (address & ~7) >>> 0;
  const beside = history.vectorReads.some((r) => r.address === address - 4);
  return beside ? (address - 4) >>> 0 : base;
};

/** An instruction fetch outside of all memory, in the area where products have their ROM: a jump to another product's address. */
export function strayJump({ history }: Subject): { readonly address: number; readonly pc: number; readonly at: number } | null {
  const fault = history?.firstFault;
  if (!fault || fault.address === null || !FETCHES.has(fault.kind) || !inSystemArea(fault.address)) return null;
  return { address: fault.address, pc: fault.pc, at: fault.at };
}
