/** A plain crash: which instruction did what, what the fault registers say, who called it, and where its handler is. */
import type { FaultFacts } from '../../checks/check.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import { isFetch } from '../../checks/entry.ts';
import { SCS } from '../../emu/core/arm/scs-state.ts';
import { codePlace } from '../../image/image.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { hearing } from '../session/hearing.ts';
import { restartInChain } from '../session/restart.ts';
import type { Session } from '../session/session.ts';
import { isCode } from '../slice/failure.ts';
import { lastStore } from '../slice/stores.ts';
import { callsInWords, place, whatIsAt } from '../slice/words.ts';

const CFSR = 0xe000ed28;
const HFSR = 0xe000ed2c;
const MMFAR = 0xe000ed34;
const BFAR = 0xe000ed38;

export type Bits = readonly (readonly [bit: number, name: string, meaning: string])[];
/** ARMv7-M B3.2.15, ARMv8-M D1.2.11. */
export const CFSR_BITS: Bits = [
  [0, 'IACCVIOL', 'an instruction was fetched from where the MPU forbids it'],
  [1, 'DACCVIOL', 'a load or store that the MPU forbids'],
  [3, 'MUNSTKERR', 'unstacking was forbidden by the MPU'],
  [4, 'MSTKERR', 'stacking was forbidden by the MPU'],
  [5, 'MLSPERR', 'saving floating-point state was forbidden by the MPU'],
  [8, 'IBUSERR', 'an instruction fetch got no answer from the bus'],
  [9, 'PRECISERR', 'a load or store got no answer from the bus'],
  [10, 'IMPRECISERR', 'an earlier store got no answer from the bus'],
  [11, 'UNSTKERR', 'unstacking got no answer from the bus'],
  [12, 'STKERR', 'stacking got no answer from the bus'],
  [13, 'LSPERR', 'saving floating-point state got no answer from the bus'],
  [16, 'UNDEFINSTR', 'no instruction of this core'],
  [17, 'INVSTATE', 'a branch to an even address: bit 0 of the target was 0'],
  [18, 'INVPC', 'a bad EXC_RETURN'],
  [19, 'NOCP', 'the FPU is off (CPACR)'],
  [20, 'STKOF', 'SP went below its limit'],
  [24, 'UNALIGNED', 'an unaligned access'],
  [25, 'DIVBYZERO', 'a division by zero'],
];
export const HFSR_BITS: Bits = [
  [1, 'VECTTBL', 'the vector could not be read'],
  [30, 'FORCED', 'escalated to HardFault, for the fault of its own kind is not enabled'],
  [31, 'DEBUGEVT', 'BKPT without a debugger'],
];
const EXCEPTIONS: Readonly<Record<number, string>> = {
  2: 'NMI',
  3: 'HardFault',
  4: 'MemManage',
  5: 'BusFault',
  6: 'UsageFault',
  7: 'SecureFault',
};

const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
const named = (value: number, bits: Bits): string[] =>
  bits.filter(([bit]) => ((value >>> bit) & 1) !== 0).map(([, name, meaning]) => `${name} (${meaning})`);

const DOING: Readonly<Record<string, string>> = {
  'bus-fetch': 'jumped to',
  'mem-fetch': 'jumped to',
  'invalid-state': 'jumped to',
  'bus-data': 'accessed',
  'bus-data-imprecise': 'stored to',
  'mem-data': 'accessed',
  unaligned: 'accessed',
  undefined: 'ran into an undefined instruction',
  'no-coprocessor': 'used the FPU, which is off',
  'divide-by-zero': 'divided by zero',
  'stack-overflow': 'moved SP below its limit',
  breakpoint: 'ran BKPT without a debugger',
};

/** What the first fault was, in one phrase. `did`: how its access is known better. */
export function faultPhrase(s: Session, fault: FaultFacts, did: 'read' | 'write' | 'jump' | null): string {
  const by = place(s, isFetch(fault) && fault.from >= 0 ? fault.from : fault.pc);
  if (fault.kind === 'undefined') {
    const code = encodingAt(s, fault.pc);
    return isUdf(code) ? `${by} ran into UDF, ${UDF_MEANS}` : `${by} ${DOING['undefined']!} (0x${code})`;
  }
  const verb = did === 'read' ? 'read' : did === 'write' ? 'wrote to' : (DOING[fault.kind] ?? fault.kind);
  if (fault.address === null || !/to$|accessed|read/.test(verb)) return `${by} ${verb}`;
  const why = fault.kind === 'unaligned' ? 'which is not aligned' : (outOfStack(s, fault.address) ?? whatIsAt(s, fault.address));
  return `${by} ${verb} ${hex(fault.address)}: ${why}`;
}

/** A HardFault that no access raised: an SVC that its priority or a mask keeps from being taken at once (Armv7-M ARM B1.5.8). `pc`: what the fault came in front of. */
export function heldCallInWords(s: Session, pc: number): string[] {
  const { bootCore: core, history } = s.machine;
  const at = (pc - 2) >>> 0;
  if ((core.peek(at, 2) ?? 0) >>> 8 !== SVC) return [];
  const { faultmask, primask, basepri } = core.arm;
  const mask = faultmask ? 'FAULTMASK' : primask ? 'PRIMASK' : basepri ? 'BASEPRI' : null;
  const why = mask === null ? 'in a handler that is as urgent' : `with ${mask} = ${mask === 'BASEPRI' ? `0x${basepri.toString(16)}` : 1}`;
  const writer = mask === null ? null : history.lastWriter(`CPU${core.index === 0 ? '' : core.index}.${mask}`);
  return [
    `${place(s, at)} ran SVC ${why}: a call that cannot be taken at once is a HardFault`,
    ...(writer ? [`${mask} was set at ${place(s, writer.pc)}`] : []),
  ];
}
const SVC = 0xdf;

/**
 * Nobody jumped there: an exception was taken, and its vector does not lead to code. What it holds, and who wrote that; empty where it was another way. The session stands
 * at the fault, and is left anywhere.
 */
export function badVectorInWords(s: Session, fault: FaultFacts, powerOn: Checkpoint): string[] {
  const { bootCore: core, chip } = s.machine;
  const exception = core.arm.ipsr;
  const at = (core.get(SCS.VTOR) + 4 * exception) >>> 0;
  const vector = core.peek(at, 4) ?? 0;
  const why = exception === 0 ? null : noHandler(s, fault, vector);
  if (why === null) return [];
  const came = fault.from >= 0 && isCode(s, fault.from) ? ` came at ${place(s, fault.from)}` : ' came';
  return [
    `${exceptionName(chip, exception)}${came}, and its vector at ${hex(at)} holds ${hex(vector)}: ${why}`,
    ...filledBy(s, at, fault.at, powerOn),
  ];
}
/** Why the fault is the vector's; null if it is not. */
function noHandler(s: Session, fault: FaultFacts, vector: number): string | null {
  const target = (vector & ~1) >>> 0;
  if (isFetch(fault) && target === ((fault.address ?? fault.pc) & ~1) >>> 0)
    return fault.kind === 'invalid-state' && (vector & 1) === 0 ? 'bit 0 is 0, and a Cortex-M has no Arm state' : whatIsAt(s, target);
  return fault.pc >= target && fault.pc - target < RAN_ON && !isCode(s, target) ? 'no image has code there' : null;
}
/** Who wrote a vector that lies in RAM. */
function filledBy(s: Session, at: number, before: number, powerOn: Checkpoint): string[] {
  const region = s.machine.system.regionAt(at);
  if (region?.memory?.row.kind !== 'ram') return [];
  const store = lastStore(s, powerOn, (region.memory.row.base + (at - region.base)) >>> 0, 4, before);
  if (store === null) return ['nothing has written that vector since power-on: the table in RAM was not filled there'];
  return store === 'too long' ? [] : [`that vector was written at ${place(s, store.pc)}`];
}
/** A handler that is no code faults within so many bytes. */
const RAN_ON = 1024;

/** The half-words of an instruction as a listing has them. */
function encodingAt({ machine: { bootCore } }: Session, pc: number): string {
  const half = (at: number): number => bootCore.peek(at, 2) ?? 0;
  const words = half(pc) >>> 11 >= 0x1d ? [half(pc), half(pc + 2)] : [half(pc)];
  return words.map((word) => word.toString(16).padStart(4, '0')).join('');
}
/** UDF, encodings T1 and T2 (Armv7-M ARM A7.7.194, Armv6-M ARM A6.7.77). */
const isUdf = (encoding: string): boolean => /^(?:de..|f7f.a...)$/.test(encoding);
const UDF_MEANS = 'which compilers put where no program may come: use of a null pointer, __builtin_trap(), __builtin_unreachable()';

/** Of a jump into data: the fault came later, at one of the words there. */
export const ranAwayPhrase = (s: Session, pc: number, target: number): string =>
  `${place(s, pc)} jumped to ${hex(target)}: ${whatIsAt(s, target)}, and no image has code there`;

/** The access is one of a stack that has left RAM downwards; null if it is not. The session stands at the fault. */
function outOfStack(s: Session, address: number): string | null {
  const { machine } = s;
  const sp = machine.bootCore.arm.sp;
  const below = machine.chip.memories.some((m) => m.kind === 'ram' && sp < m.base && m.base - sp <= STACK_REACH);
  const left = machine.system.regionAt(sp, machine.bootCore.index)?.memory?.row.kind !== 'ram';
  return Math.abs(sp - address) < STACK_REACH && below && left ? `the stack has grown out of RAM, SP = ${hex(sp)}` : null;
}
const STACK_REACH = 4096;

/** The program itself switched the data cache off, and what stood in dirty lines is not what it reads now: of its stack too. */
function lostLines(s: Session): string | null {
  const { bootCore: core, history } = s.machine;
  const dirty = ((core.peek(CCR, 4) ?? 0) & DC) === 0 ? (core.l1?.dirtyLines().length ?? 0) : 0;
  const off = history.lastWriter('CPU.CCR', DC);
  if (dirty === 0 || off === null || off.at < (history.resets.at(-1)?.at ?? 0)) return null;
  const lines = dirty === 1 ? 'a dirty line' : `${dirty} dirty lines`;
  return `the data cache was switched off with ${lines} at ${place(s, off.pc)}: what they hold is lost, of the stack too; SCB_DisableDCache() cleans them`;
}
/** It started from a table that an image brought and that flash no longer has. */
function erasedTable(s: Session): string | null {
  const { machine, input } = s;
  const table = machine.bootVectors();
  const brought = input.images.some((i) => i.chunks.some((c) => table >= c.address && table < c.address + c.data.length));
  if (!brought || [table, table + 4].some((at) => machine.bootCore.peek(at, 4) !== ERASED)) return null;
  return `the vector table at ${hex(table)} came with the image and is erased now: the firmware has erased it, for which few parts start their ROM, and not at every reset`;
}
const ERASED = 0xffffffff;

const CCR = 0xe000ed14;
const DC = 1 << 16;

/** Lines about the fault at which the session stands, in front of its exception. Leaves the session behind that. */
export function crashInWords(s: Session, fault: FaultFacts): string[] {
  const { machine } = s;
  const core = machine.bootCore;
  const lines: string[] = [];
  const calls = callsInWords(s, core);
  const again = isFetch(fault) ? null : restartInChain(s, (pc) => place(s, pc));
  if (again !== null) lines.push(again);
  // where a jump went wrong nothing is known of a frame
  if (calls.length > 1 && !isFetch(fault)) lines.push(`called by: ${calls.join(' < ')}`);
  for (const told of [erasedTable(s), lostLines(s)]) if (told !== null) lines.push(told);
  const taken: { exception: number; handler: number }[] = [];
  hearing(machine, { exception: (c, exception, handler) => c === core && taken.push({ exception, handler }) }, () => {
    machine.run(machine.now + 1);
    for (let i = 0; i < 4 && taken.length === 0 && !machine.state.lockup; i++)
      machine.run(core.clockTimeOf(core.row.clock, core.cycles() + 2));
  });
  const read = (address: number): number => core.peek(address, 4) ?? 0;
  if (core.profile.arch !== 'v6m') {
    const [cfsr, hfsr] = [read(CFSR), read(HFSR)];
    const words = [...named(cfsr, CFSR_BITS), ...named(hfsr, HFSR_BITS)];
    const at = (cfsr >>> 15) & 1 ? `, BFAR = ${hex(read(BFAR))}` : (cfsr >>> 7) & 1 ? `, MMFAR = ${hex(read(MMFAR))}` : '';
    if (words.length > 0) lines.push(`CFSR = ${hex(cfsr)}, HFSR = ${hex(hfsr)}${at}: ${words.join('; ')}`);
  }
  const last = taken.at(-1);
  if (last) {
    // weak handlers are mostly one function under many names: the line says more than one of the names
    const at = codePlace(s.input.images, last.handler & ~1);
    lines.push(
      `${EXCEPTIONS[last.exception] ?? `exception ${last.exception}`} goes to ${at.file === null ? place(s, last.handler & ~1) : `${at.file}:${at.line}`}`,
    );
  }
  return lines;
}
