/** A crash in words: the instruction and what it did, the fault registers, the callers, and the handler. */
import type { FaultFacts } from '../../checks/check.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import { isFetch } from '../../checks/entry.ts';
import { vectorAddress } from '../../emu/core/arm/exceptions.ts';
import { modelOf } from '../../emu/core/models/index.ts';
import { EXC, SCS } from '../../emu/core/arm/scs-state.ts';
import { codePlace, imageAt } from '../../image/image.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { hearing } from '../session/hearing.ts';
import { restartInChain } from '../session/restart.ts';
import { chainText, type Note, type NoteFact } from '../documents/note-facts.ts';
import type { Session } from '../session/session.ts';
import { isCode } from '../slice/failure.ts';
import { lastStore } from '../slice/stores.ts';
import { callsOf, place, whatIsAt } from '../slice/words.ts';

const CFSR = 0xe000ed28;
const HFSR = 0xe000ed2c;
const MMFAR = 0xe000ed34;
const BFAR = 0xe000ed38;

export type Bits = readonly (readonly [bit: number, name: string, meaning: string])[];
/** ARMv7-M B3.2.15, ARMv8-M D1.2.11. */
export const CFSR_BITS: Bits = [
  [0, 'IACCVIOL', 'the MPU does not allow instruction fetches at this address'],
  [1, 'DACCVIOL', 'the MPU does not allow this load or store'],
  [3, 'MUNSTKERR', 'the MPU did not allow unstacking at an exception return'],
  [4, 'MSTKERR', 'the MPU did not allow stacking at an exception entry'],
  [5, 'MLSPERR', 'the MPU did not allow saving the floating-point state'],
  [8, 'IBUSERR', 'bus error on an instruction fetch'],
  [9, 'PRECISERR', 'bus error on a load or store'],
  [10, 'IMPRECISERR', 'bus error on an earlier store'],
  [11, 'UNSTKERR', 'bus error on unstacking at an exception return'],
  [12, 'STKERR', 'bus error on stacking at an exception entry'],
  [13, 'LSPERR', 'bus error on saving the floating-point state'],
  [16, 'UNDEFINSTR', 'undefined instruction'],
  [17, 'INVSTATE', 'branch to an even address: bit 0 of the target was 0'],
  [18, 'INVPC', 'invalid EXC_RETURN value'],
  [19, 'NOCP', 'FPU instruction while the FPU is off (CPACR)'],
  [20, 'STKOF', 'SP went below its stack limit'],
  [24, 'UNALIGNED', 'unaligned access'],
  [25, 'DIVBYZERO', 'division by zero'],
];
export const HFSR_BITS: Bits = [
  [1, 'VECTTBL', 'the vector could not be read'],
  [30, 'FORCED', 'escalated to HardFault, because the configurable fault handler is disabled or cannot preempt'],
  [31, 'DEBUGEVT', 'BKPT without a debugger'],
];
/** Of NMI and the faults. */
export const EXCEPTIONS: Readonly<Record<number, string>> = {
  2: 'NMI',
  3: 'HardFault',
  4: 'MemManage',
  5: 'BusFault',
  6: 'UsageFault',
  7: 'SecureFault',
};

/** Peripherals, external devices and the system: execute-never unless a region of the MPU says otherwise, the last of them always (Armv7-M ARM B3.1, Armv8-M ARM B8). */
const NEVER_FETCHED = (address: number): boolean => address >>> 29 === 2 || address >= 0xa0000000;
const SYSTEM_SPACE = 0xe0000000;
/** IACCVIOL is not always the MPU's doing. */
function fetchRefused(read: (address: number) => number, address: number | null): string {
  const plain = CFSR_BITS[0]![2];
  if (address === null || !NEVER_FETCHED(address)) return plain;
  if (address < SYSTEM_SPACE && (read(MPU_CTRL) & 1) !== 0) return plain;
  return `the default memory map does not allow instruction fetches at this address${read(MPU_TYPE) === 0 ? '; this core has no MPU' : ''}`;
}
const MPU_TYPE = 0xe000ed90;
const MPU_CTRL = 0xe000ed94;

const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
const named = (value: number, bits: Bits): string[] =>
  bits.filter(([bit]) => ((value >>> bit) & 1) !== 0).map(([, name, meaning]) => `${name} (${meaning})`);

const JUMPED = 'jumped to';
const DOING: Readonly<Record<string, string>> = {
  'bus-fetch': JUMPED,
  'mem-fetch': JUMPED,
  'invalid-state': JUMPED,
  'bus-data': 'accessed',
  'bus-data-imprecise': 'stored to',
  'mem-data': 'accessed',
  unaligned: 'accessed',
  undefined: 'executed an undefined instruction',
  'no-coprocessor': 'executed an FPU instruction while the FPU is off',
  'divide-by-zero': 'divided by zero',
  'stack-overflow': 'moved SP below its limit',
  breakpoint: 'executed BKPT without a debugger',
};

/** The first fault in one phrase. `did`: kind of access, if it is known from the trace. */
export function faultPhrase(s: Session, fault: FaultFacts, did: 'read' | 'write' | 'jump' | null): string {
  const even = evenResetVector(s, fault);
  if (even !== null) return `the reset vector is ${hex(even)}: ${NO_ARM_STATE}`;
  const by = place(s, isFetch(fault) && fault.from >= 0 ? fault.from : fault.pc);
  if (fault.kind === 'undefined') {
    const code = encodingAt(s, fault.pc);
    return isUdf(code) ? `${by} executed UDF, ${UDF_MEANS}` : `${by} ${DOING['undefined']!} (0x${code})`;
  }
  if (fault.kind === 'no-coprocessor' && !hasFpu(s)) return `${by} executed a ${NO_FPU}`;
  const verb = did === 'read' ? 'read' : did === 'write' ? 'wrote to' : (DOING[fault.kind] ?? fault.kind);
  if (fault.address === null || !/to$|accessed|read/.test(verb)) return `${by} ${verb}`;
  return `${by} ${verb} ${hex(fault.address)}: ${whyThere(s, fault.kind, fault.address)}`;
}
function whyThere(s: Session, kind: string, address: number): string {
  if (kind === 'unaligned') return 'the address is not aligned';
  // no memory of a board helps against that
  if (kind === 'invalid-state' && !s.machine.system.regionAt(address)?.memory) return NO_ARM_STATE;
  return outOfStack(s, address) ?? whatIsAt(s, address);
}
const NO_ARM_STATE = 'bit 0 is 0, and a Cortex-M has no Arm state';

/** The reset vector, if the core faulted at it without an instruction because it is even; null otherwise. */
function evenResetVector({ machine }: Session, { kind, pc }: FaultFacts): number | null {
  const table = machine.state.vectors[machine.bootCore.index];
  const reset = table === undefined ? null : machine.bootCore.peek(table + 4, 4);
  return kind === 'invalid-state' && reset === pc && (reset & 1) === 0 ? reset : null;
}

/** Whether that phrase tells of a jump. */
export const isJump = (s: Session, fault: FaultFacts, did: 'read' | 'write' | 'jump' | null): boolean =>
  did !== 'read' && did !== 'write' && DOING[fault.kind] === JUMPED && fault.address !== null && evenResetVector(s, fault) === null;

/** A HardFault without a bus access: an SVC that cannot be taken because of its priority or a mask (Armv7-M ARM B1.5.8). `pc`: the return address of the fault. */
export function heldCallInWords(s: Session, pc: number): string[] {
  const { bootCore: core, history } = s.machine;
  const at = (pc - 2) >>> 0;
  if ((core.peek(at, 2) ?? 0) >>> 8 !== SVC) return [];
  const { faultmask, primask, basepri } = core.arm;
  const mask = faultmask ? 'FAULTMASK' : primask ? 'PRIMASK' : basepri ? 'BASEPRI' : null;
  const why =
    mask === null
      ? 'in a handler of the same or a higher priority'
      : `with ${mask} = ${mask === 'BASEPRI' ? `0x${basepri.toString(16)}` : 1}`;
  const writer = mask === null ? null : history.lastWriter(`CPU${core.index === 0 ? '' : core.index}.${mask}`);
  return [
    `${place(s, at)} executed SVC ${why}: an SVC that cannot be taken at once causes a HardFault`,
    ...(writer ? [`${mask} was set at ${place(s, writer.pc)}`] : []),
  ];
}
const SVC = 0xdf;

/**
 * A fault because the vector of an exception does not lead to code: the value of the vector and its writer. Empty for other faults. The session must be at the
 * fault; its position afterwards is undefined.
 */
export function badVectorInWords(s: Session, fault: FaultFacts, powerOn: Checkpoint): string[] {
  const found = badVector(s, fault);
  if (found === null) return [];
  const { exception, address, value, why } = found;
  const came = fault.from >= 0 && isCode(s, fault.from) ? ` was taken at ${place(s, fault.from)}` : ' was taken';
  return [
    `${exceptionName(s.machine.chip, exception)}${came}, and its vector at ${hex(address)} holds ${hex(value)}: ${why}`,
    ...misaligned(s, exception),
    ...filledBy(s, address, fault.at, powerOn),
  ];
}
/** The vector by which the fault came, and what is wrong with it; null for another fault. The session must be at the fault. */
export function badVector(
  s: Session,
  fault: FaultFacts,
): { readonly exception: number; readonly address: number; readonly value: number; readonly why: string } | null {
  const { bootCore: core } = s.machine;
  const exception = core.arm.ipsr;
  const address = vectorAddress(core, exception);
  const value = core.peek(address, 4) ?? 0;
  // a handler that VTOR no longer leads to may jump to where its new vector points
  const wentThere = s.machine.state.exceptionTo[core.index]!.pc >>> 0 === (value & ~1) >>> 0;
  const why = exception === 0 || !wentThere ? null : noHandler(s, fault, value);
  return why === null ? null : { exception, address, value, why };
}
/** A table that is not aligned to its size: who said where it is. */
function misaligned(s: Session, exception: number): string[] {
  const { machine } = s;
  const core = machine.bootCore;
  const table = core.get(SCS.VTOR) >>> 0;
  const writer = machine.history.lastWriter(`CPU${core.index === 0 ? '' : core.index}.VTOR`);
  const at = writer === null ? '' : ` (set at ${place(s, writer.pc)})`;
  const cut = machine.state.notes.flatMap(({ about }) => (about?.is === 'vtor-cut' ? [about.written] : [])).at(-1);
  if (cut !== undefined)
    return [`VTOR was written with ${hex(cut)}${at} and is ${hex(table)}: its low bits do not exist, so the core reads another vector`];
  if ((table & (4 * exception)) === 0) return [];
  const size = 2 ** Math.ceil(Math.log2(4 * (EXC.IRQ0 + core.row.nvicLines)));
  return [
    `VTOR is ${hex(table)}${at}, and a table of ${EXC.IRQ0 + core.row.nvicLines} vectors has to begin at a multiple of 0x${size.toString(16)}: the core reads another vector`,
  ];
}
/** What is wrong with the vector; null if the vector did not cause the fault. */
function noHandler(s: Session, fault: FaultFacts, vector: number): string | null {
  const target = (vector & ~1) >>> 0;
  if (isFetch(fault) && target === ((fault.address ?? fault.pc) & ~1) >>> 0)
    return fault.kind === 'invalid-state' && (vector & 1) === 0 ? NO_ARM_STATE : whatIsAt(s, target);
  return fault.pc >= target && fault.pc - target < RAN_ON && !isCode(s, target) ? 'no image has code there' : null;
}
/** The writer of a vector in RAM. */
function filledBy(s: Session, at: number, before: number, powerOn: Checkpoint): string[] {
  const region = s.machine.system.regionAt(at);
  if (region?.memory?.row.kind !== 'ram') return [];
  const store = lastStore(s, powerOn, (region.memory.row.base + (at - region.base)) >>> 0, 4, before);
  if (store === null) return ['nothing has written that vector since power-on, so this entry of the vector table in RAM was never filled'];
  return store === 'too long' ? [] : [`that vector was written at ${place(s, store.pc)}`];
}
/** If a vector does not lead to code, the fault comes within this number of bytes. */
const RAN_ON = 1024;

/** The half-words of an instruction, as in a listing. */
function encodingAt({ machine: { bootCore } }: Session, pc: number): string {
  const half = (at: number): number => bootCore.peek(at, 2) ?? 0;
  const words = half(pc) >>> 11 >= 0x1d ? [half(pc), half(pc + 2)] : [half(pc)];
  return words.map((word) => word.toString(16).padStart(4, '0')).join('');
}
/** UDF, encodings T1 and T2 (Armv7-M ARM A7.7.194, Armv6-M ARM A6.7.77). */
const isUdf = (encoding: string): boolean => /^(?:de..|f7f.a...)$/.test(encoding);
const UDF_MEANS =
  'which compilers place where the program must never get to: a panic or abort of Rust, use of a null pointer, __builtin_trap(), __builtin_unreachable()';

/** A jump into data: the fault came later, at one of the words there. */
export const ranAwayPhrase = (s: Session, pc: number, target: number): string =>
  `${place(s, pc)} jumped to ${hex(target)}: ${whatIsAt(s, target)}, and no image has code there`;

/** A note if the access belongs to a stack that has grown below RAM; null otherwise. The session must be at the fault. */
function outOfStack(s: Session, address: number): string | null {
  const { machine } = s;
  const sp = machine.bootCore.arm.sp;
  const below = machine.chip.memories.some((m) => m.kind === 'ram' && sp < m.base && m.base - sp <= STACK_REACH);
  const left = machine.system.regionAt(sp, machine.bootCore.index)?.memory?.row.kind !== 'ram';
  return Math.abs(sp - address) < STACK_REACH && below && left ? `the stack has grown out of RAM, SP = ${hex(sp)}` : null;
}
const STACK_REACH = 4096;

/** A note if the program switched the data cache off while lines were dirty, so that their data (including the stack) was lost; null otherwise. */
function lostLines(s: Session): string | null {
  const { bootCore: core, history } = s.machine;
  const dirty = ((core.peek(CCR, 4) ?? 0) & DC) === 0 ? (core.l1?.dirtyLines().length ?? 0) : 0;
  const off = history.lastWriter('CPU.CCR', DC);
  if (dirty === 0 || off === null || off.at < (history.resets.at(-1)?.at ?? 0)) return null;
  const lines = dirty === 1 ? 'a dirty line' : `${dirty} dirty lines`;
  return `the data cache was switched off with ${lines} at ${place(s, off.pc)}: their data is lost, including the stack; clean all lines right behind that, with interrupts masked and in registers only (SCB_DisableDCache() does so in an optimised build)`;
}
/** A note if the firmware has erased the vector table from which the chip starts; null otherwise. */
function erasedTable(s: Session): string | null {
  const { machine, input } = s;
  const table = machine.bootVectors();
  const brought = imageAt(input.images, table) !== undefined;
  if (!brought || [table, table + 4].some((at) => machine.bootCore.peek(at, 4) !== ERASED)) return null;
  return `the firmware has erased the vector table at ${hex(table)}; only few parts then start their ROM, and not at every reset`;
}
const ERASED = 0xffffffff;

const CCR = 0xe000ed14;
const DC = 1 << 16;

const NOCP = 19;
const NO_FPU = 'coprocessor instruction, and the core has no FPU';
const hasFpu = ({ machine: { chip, bootCore } }: Session): boolean => modelOf(chip.cores[bootCore.index]!.type).fpu !== 'none';
/** CFSR and HFSR with what their bits mean; null where none is set. */
function registersInWords(s: Session, read: (address: number) => number, fault: FaultFacts | null): string | null {
  const [cfsr, hfsr] = [read(CFSR), read(HFSR)];
  const fetched = fault !== null && isFetch(fault) ? fault.address : null;
  const meant = (bit: number, meaning: string): string =>
    bit === 0 ? fetchRefused(read, fetched) : bit === NOCP && !hasFpu(s) ? NO_FPU : meaning;
  const bits = CFSR_BITS.map(([bit, name, meaning]) => [bit, name, meant(bit, meaning)] as const);
  const words = [...named(cfsr, bits), ...named(hfsr, HFSR_BITS)];
  const at = (cfsr >>> 15) & 1 ? `, BFAR = ${hex(read(BFAR))}` : (cfsr >>> 7) & 1 ? `, MMFAR = ${hex(read(MMFAR))}` : '';
  return words.length === 0 ? null : `CFSR = ${hex(cfsr)}, HFSR = ${hex(hfsr)}${at}: ${words.join('; ')}`;
}

function behindEntry(s: Session, address: number): string {
  const isSystem = s.machine.system.regionAt(address)?.memory?.row.zone === 'systemMemory';
  return isSystem ? 'this is in system memory' : whatIsAt(s, address);
}
function whoRan(s: Session, pc: number): string {
  const zone = s.machine.bootCore.zoneAt(pc);
  return zone === 'user' || zone === null ? place(s, pc) : `the ROM, at ${hex(pc)},`;
}
/** The first fault behind the last entry, for a run that ends in it. The session must be at the end of the run. */
export function faultBehindEntry(s: Session): string[] {
  const { machine } = s;
  const core = machine.bootCore;
  const entry = machine.history.entries.at(-1)!;
  const fault = machine.history.timeline.toArray().find((e) => e.kind === 'fault' && e.at >= entry.at && e.core === core.index);
  const [, kind, at] = /^([\w-]+)(?: at (0x[0-9a-f]+))?$/.exec(fault?.text ?? '') ?? [];
  // what was entered at an address without code, or without its Thumb bit, is told as the jump that it is
  if (fault?.pc == null || kind === undefined || DOING[kind] === JUMPED) return [];
  const did = kind === 'no-coprocessor' && !hasFpu(s) ? `executed a ${NO_FPU}` : (DOING[kind] ?? kind);
  const where = at === undefined || !/to$|accessed/.test(did) ? '' : ` ${at}: ${behindEntry(s, Number(at))}`;
  const registers = core.profile.arch === 'v6m' ? null : registersInWords(s, (a) => core.peek(a, 4) ?? 0, null);
  return [`${whoRan(s, fault.pc)} ${did}${where}`, ...(registers === null ? [] : [registers])];
}

/** Notes about the fault. The session must be at the fault, before its exception, and is after it on return. */
export function crashInWords(s: Session, fault: FaultFacts): Note[] {
  const { machine } = s;
  const core = machine.bootCore;
  const lines: Note[] = [];
  const tell = (text: string, about?: NoteFact): void => void lines.push({ kind: 'crash', text, ...(about && { about }) });
  const calls = callsOf(s, core);
  const again = isFetch(fault) ? null : restartInChain(s, (pc) => place(s, pc));
  if (again !== null) tell(again);
  // after a wrong jump, the stack frame is not known
  const [self, ...callers] = calls;
  if (callers.length > 0 && !isFetch(fault)) {
    // the function that faults is named with the fault already; how often it called itself is not
    const frames = self!.times > 1 ? calls : callers;
    tell(`called by: ${chainText(frames)}`, { is: 'calls', frames });
  }
  for (const told of [erasedTable(s), lostLines(s)]) if (told !== null) tell(told);
  const taken: { exception: number; handler: number }[] = [];
  hearing(machine, { exception: (c, exception, handler) => c === core && taken.push({ exception, handler }) }, () => {
    machine.run(machine.now + 1);
    for (let i = 0; i < 4 && taken.length === 0 && !machine.state.lockup; i++)
      machine.run(core.clockTimeOf(core.row.clock, core.cycles() + 2));
  });
  const read = (address: number): number => core.peek(address, 4) ?? 0;
  const registers = core.profile.arch === 'v6m' ? null : registersInWords(s, read, fault);
  if (registers !== null) tell(registers);
  const last = taken.at(-1);
  if (last) {
    // weak handlers are usually one function with many names, so the line is clearer than one of the names
    const at = codePlace(s.input.images, last.handler & ~1);
    tell(
      `${EXCEPTIONS[last.exception] ?? `exception ${last.exception}`} goes to ${at.file === null ? place(s, last.handler & ~1) : `${at.file}:${at.line}`}`,
    );
  }
  return lines;
}
