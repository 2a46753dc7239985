/** What the branch into the ROM went to, and which words of system memory the firmware read on the way. Shared by the checks of the path. */
import { memoryHolds } from '../image/image.ts';
import { hex, type EntryFacts, type FaultFacts, type Subject, type TargetHistory, type Writer } from './check.ts';
import { familyOf, inManual, maskOf, registerOf } from './families.ts';

/** Where ST's products have their system memory: a read or jump here that meets nothing is a wrong address, not a stray pointer. */
const SYSTEM_AREAS: readonly (readonly [number, number])[] = [
  [0x0bf00000, 0x0c000000],
  [0x0ff00000, 0x10000000],
  [0x1ff00000, 0x20000000],
];
export const SYSTEM_AREAS_SOURCE = 'AN2606 Rev 70 Table 226: address of the bootloader by product';

export const plain = (address: number): number => (address & ~1) >>> 0;
const inSystemArea = (address: number): boolean => SYSTEM_AREAS.some(([from, to]) => address >= from && address < to);

/** The target is the table itself or the word that holds the vector, there or where the table is mapped to. */
export const isVectorAddress = (subject: Subject, address: number): boolean =>
  tablesOf(subject).some((table) => plain(address) === plain(table) || plain(address) === plain(table + 4));
function tablesOf({ rom: { vectorTable }, state: { chip } }: Subject): readonly number[] {
  const memory = chip.memories.find((m) => m.zone === 'systemMemory' && vectorTable >= m.base && vectorTable < m.base + m.size);
  return memory && chip.remap ? [vectorTable, chip.remap.base + vectorTable - memory.base] : [vectorTable];
}

/** Instruction to point at, in the shape of a writer: it changed the PC, no register of the log. */
export const atInstruction = (pc: number | null, at: number): Writer | null =>
  pc === null ? null : { pc, at, kind: 'cpu', core: 0, seq: -1 };

/** The branch into the ROM, or the one that failed and was meant for it; null where an exception or a boot led there, or nothing is known. */
export function jumpOf({ entry, history }: Subject): Writer | null {
  if (entry?.how === 'branch') return atInstruction(entry.fromPc, entry.at);
  const failure = history?.failure;
  return failure?.kind === 'jump' ? atInstruction(failure.pc, failure.at) : null;
}

export interface WrongRead {
  /** Where the firmware looked for a vector table. */
  readonly table: number;
  readonly address: number;
  readonly value: number | null;
  readonly pc: number;
  readonly at: number;
}

const FETCHES = new Set(['bus-fetch', 'mem-fetch', 'invalid-state']);
export const faultText = ({ kind, address }: FaultFacts): string => `${kind}${address === null ? '' : ` at ${hex(address)}`}`;
export const isFetch = (fault: FaultFacts): boolean => FETCHES.has(fault.kind);

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
  // the table is the right one
  if (readFaultedAtTable(subject)) return null;
  if (fault && fault.address !== null && readsForJump(subject, fault, fault.address))
    return { table: tableOf(fault.address, history), address: fault.address, value: null, pc: fault.pc, at: fault.at };
  const target = jumpTargetRead(subject);
  if (target) return { table: (target.address & ~7) >>> 0, ...target };
  const last = history.vectorReads
    .filter((r) => (!fault || r.at < fault.at) && (r.address < rom.vectorTable || r.address >= rom.vectorTable + 8))
    .at(-1);
  return last ? { table: tableOf(last.address, history), ...last } : null;
}

/** The firmware's first fault was at a vector of the ROM: it was refused the read. */
export function readFaultedAtTable({ history, rom: { vectorTable } }: Subject): boolean {
  const address = history?.firstFault?.address ?? null;
  return address !== null && address >= vectorTable && address < vectorTable + 8;
}

/** A failed read that was meant for a vector: not a store, and not a stack that has grown out of RAM into the area below it. */
function readsForJump({ state, history }: Subject, fault: FaultFacts, address: number): boolean {
  const failure = history?.failure;
  if (isFetch(fault) || failure?.kind === 'write') return false;
  const sp = state.core('sp');
  if (sp !== null && Math.abs(sp - address) < STACK_REACH) return false;
  return inSystemArea(address) || failure?.feedsBranch === true;
}
const STACK_REACH = 4096;

/** The word that a failed jump went to, if it was read where another product has its ROM: on F7 the option bytes answer at F4's address. */
function jumpTargetRead({ history, rom }: Subject): Omit<WrongRead, 'table'> | null {
  const failure = history?.failure;
  if (failure?.kind !== 'jump' || !failure.loaded || failure.throughStack) return null;
  const { address, pc } = failure.loaded;
  const elsewhere = inSystemArea(address) && (address < rom.range[0] || address > rom.range[1]);
  return elsewhere ? { address, value: failure.address, pc, at: failure.at } : null;
}

/**
 * A fault of the firmware on its way to the ROM, whose handler lies in system memory: the ROM's table was already mapped or in VTOR. The fault is what has to
 * be explained then, not the state in which its handler begins.
 */
export function faultOnTheWay(subject: Subject): FaultFacts | null {
  const { entry, state, history } = subject;
  const active = (state.core('xpsr') ?? 0) & 0x1ff;
  return entry?.how === 'exception' && active >= HARD_FAULT && active <= SECURE_FAULT ? (history?.firstFault ?? null) : null;
}
/** The entry that is judged, if the firmware made it: null where a fault on the way did. */
export const ownEntry = (subject: Subject): EntryFacts | null => (faultOnTheWay(subject) ? null : subject.entry);

/** MSP before the branch, or before the exception of the fault that came instead: its frame lies on it, unless it lies on PSP. */
export function mspBefore(subject: Subject): number | null {
  const { state } = subject;
  const msp = state.core('msp');
  if (!faultOnTheWay(subject)) return msp;
  const excReturn = state.core('lr');
  if (msp === null || excReturn === null || (excReturn & EXC_RETURN_SPSEL) !== 0) return msp;
  const frame = (excReturn & EXC_RETURN_FTYPE) !== 0 ? BASIC_FRAME : EXTENDED_FRAME;
  const xpsr = state.read((msp + STACKED_XPSR) >>> 0, 4) ?? 0;
  return (msp + frame + ((xpsr & STACKED_ALIGNMENT) !== 0 ? 4 : 0)) >>> 0;
}
/** EXC_RETURN and frames: ARMv7-M ARM B1.5.6 and B1.5.8, ARMv8-M ARM B3.18 to B3.22. */
const EXC_RETURN_SPSEL = 1 << 2;
const EXC_RETURN_FTYPE = 1 << 4;
const BASIC_FRAME = 32;
const EXTENDED_FRAME = 104;
const STACKED_XPSR = 28;
const STACKED_ALIGNMENT = 1 << 9;
const HARD_FAULT = 3;
const SECURE_FAULT = 7;

/** Why the core fetches its vectors from system memory, and who made it do so; null if it does not. */
export function romVectorsInForce({
  state,
  history,
  rom,
}: Subject): { readonly observed: string; readonly lastWriter: Writer | null } | null {
  const vtor = state.core('vtor');
  if (vtor !== null && vtor >= rom.range[0] && vtor <= rom.range[1])
    return { observed: `VTOR = ${hex(vtor)}`, lastWriter: history?.lastWriter('CPU.VTOR') ?? null };
  const field = familyOf(state.chip)?.remap?.field;
  const value = field === undefined ? null : state.field(field);
  if (field === undefined || value !== familyOf(state.chip)?.remap?.systemMemory) return null;
  return {
    observed: `${inManual(field)} = ${value}`,
    lastWriter: history?.lastWriter(registerOf(field), maskOf(state.chip, field)) ?? null,
  };
}

/** SP stands before the reset vector; a table is aligned to 128 bytes at least, so the pair never crosses eight bytes. */
const tableOf = (address: number, history: TargetHistory): number => {
  const base = (address & ~7) >>> 0;
  const beside = history.vectorReads.some((r) => r.address === address - 4);
  return beside ? (address - 4) >>> 0 : base;
};

/** An instruction fetch outside of all memory, in the area where products have their ROM: a jump to another product's address. */
export function strayJump({ history }: Subject): (FaultFacts & { readonly address: number }) | null {
  const fault = history?.firstFault;
  if (!fault || fault.address === null || !isFetch(fault) || !inSystemArea(fault.address)) return null;
  return { ...fault, address: fault.address };
}

/** Instructions between the change of MSP and the branch, in bytes of code. */
const RIGHT_BEFORE = 32;

/**
 * A jump that failed and was meant for the ROM: to a word of system memory that is not the reset vector (the stack pointer in front of it, mostly), or right behind
 * a change of MSP to what was read outside of the flash, where another application would be.
 */
export function wrongWord(
  subject: Subject,
): { readonly address: number; readonly target: number; readonly pc: number; readonly at: number } | null {
  const { history, rom, state } = subject;
  const failure = history?.failure;
  if (failure?.kind !== 'jump' || !failure.loaded || !history?.firstFault) return null;
  const { address, pc } = failure.loaded;
  if (address === rom.vectorTable + 4 || failure.throughStack) return null;
  const inRom = address >= rom.range[0] && address <= rom.range[1];
  const msp = history.lastWriter('CPU.MSP');
  const behindMsp = msp !== null && failure.pc >= msp.pc && failure.pc - msp.pc <= RIGHT_BEFORE;
  const inFlash = memoryHolds(state.chip.memories, address, 'flash');
  return inRom || (behindMsp && !inFlash) ? { address, target: failure.address, pc, at: failure.at } : null;
}

/** The word of system memory from which the firmware took the target of its branch, and which is not the reset vector; null where it did not come from one. */
export function enteredByWord(
  { history, rom }: Subject,
  entry: EntryFacts,
): { readonly address: number; readonly pc: number; readonly at: number } | null {
  const read = history?.vectorReads.findLast((r) => r.at <= entry.at && plain(r.value) === plain(entry.address));
  return read === undefined || read.address === rom.vectorTable + 4 ? null : read;
}

/** MSP holds the word of the table that the target of a failed jump was read from: one wrong place, not two mistakes. */
export function stackFromSamePlace(subject: Subject): boolean {
  const word = wrongWord(subject);
  const msp = mspBefore(subject);
  return word !== null && msp !== null && [word.address, word.address - 4].some((a) => sameStack(subject.state.read(a >>> 0, 4), msp));
}
/** SP is a multiple of 4. */
const sameStack = (word: number | null, sp: number): boolean => word !== null && ((word ^ sp) & ~3) === 0;

/**
 * The code loads the target of the branch through SP between the last change of MSP and the branch: from a place to which it had written nothing. Told by the
 * instructions that lie between the two.
 */
export function targetFromNewStack({ history, entry, state }: Subject): boolean {
  const msp = history?.lastWriter('CPU.MSP') ?? null;
  const from = entry?.how === 'branch' ? entry.fromPc : null;
  if (msp === null || from === null || from <= msp.pc || from - msp.pc > RIGHT_BEFORE) return false;
  const branch = state.read(from, 2) ?? 0;
  return (branch & BRANCH_REGISTER_MASK) === BRANCH_REGISTER && isFilledFromStack(state, msp.pc + 4, from, (branch >>> 3) & 15);
}
/** What is in the register at the end of these instructions was loaded relative to SP in them. */
function isFilledFromStack(state: Subject['state'], first: number, end: number, target: number): boolean {
  let fromStack = false;
  for (let pc = first; pc < end;) {
    const bits = state.read(pc, 2) ?? 0;
    const wide = bits >>> 11 >= 0x1d;
    if (loadedFromStack(bits, wide ? (state.read(pc + 2, 2) ?? 0) : 0) === target) fromStack = true;
    else if (!wide && madeElsewhere(bits) === target) fromStack = false;
    pc += wide ? 4 : 2;
  }
  return fromStack;
}
/** The register that a load relative to SP fills; -1: it is none. */
function loadedFromStack(first: number, second: number): number {
  if (first === LDR_W_SP) return second >>> 12;
  return (first & 0xf800) === LDR_SP ? (first >>> 8) & 7 : -1;
}
/** The register that another load or a move fills; -1: it is neither. */
function madeElsewhere(bits: number): number {
  if ((bits & 0xf800) === LDR) return bits & 7;
  return (bits & 0xff00) === MOV ? movesTo(bits) : -1;
}
const movesTo = (bits: number): number => (bits & 7) | ((bits >>> 4) & 8);
/** BX and BLX; LDR of a word relative to SP and to a low register; MOV of registers (ARMv7-M ARM A5.2). */
const BRANCH_REGISTER = 0x4700;
const BRANCH_REGISTER_MASK = 0xff07;
const LDR_SP = 0x9800;
const LDR_W_SP = 0xf8dd;
const LDR = 0x6800;
const MOV = 0x4600;
