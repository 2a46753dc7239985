/**
 * Pending, enabled and active exceptions and their priorities (ARMv7-M B1.5, B3.4; ARMv6-M B1.5, B3.4; ARMv8-M without the Security
 * Extension). Numbers: a lower value is a higher priority; NMI -2, HardFault -1, configurable ones 0…255, nothing 256.
 */
import type { Cpu } from '../cpu.ts';
import { EXC, merge, notV6, SCS, always, type ScsRegister } from './scs-state.ts';
import { S } from '../state.ts';

const NO_PRIORITY = 256;

const word = (bitmap: number, line: number): number => bitmap + ((line >>> 5) << 2);
const bit = (line: number): number => 1 << (line & 31);
const words = (cpu: Cpu): number => (cpu.row.nvicLines + 31) >>> 5;
/** Bits of the last word that belong to lines that exist. */
const linesMask = (cpu: Cpu, index: number): number => {
  const rest = cpu.row.nvicLines - index * 32;
  return rest <= 0 ? 0 : rest >= 32 ? 0xffffffff : ((1 << rest) - 1) >>> 0;
};
const hasLine = (cpu: Cpu, line: number): boolean => line >= 0 && line < cpu.row.nvicLines;
/** Implemented bits of a priority byte. */
export const priorityMask = (cpu: Cpu): number => (0xff << (8 - cpu.row.priorityBits)) & 0xff;

export function priorityOf(cpu: Cpu, exception: number): number {
  if (exception >= EXC.IRQ0) return cpu.getByte(S.NVIC_PRIORITY + exception - EXC.IRQ0);
  if (exception === EXC.NMI) return -2;
  if (exception === EXC.HARDFAULT) return -1;
  return cpu.getByte(SCS.SYS_PRIORITY + exception);
}
/** The part of a priority that decides about preemption: AIRCR.PRIGROUP cuts the lower bits off. ARMv6-M has no grouping. */
export function groupOf(cpu: Cpu, priority: number): number {
  if (priority < 0 || priority >= NO_PRIORITY || cpu.profile.arch === 'v6m') return priority;
  return priority & ~((2 << cpu.get(SCS.PRIGROUP)) - 1);
}

/** Where the bit of an exception is: in the word of the system exceptions, or in those of the lines. */
const place = (system: number, lines: number, exception: number): number =>
  exception < EXC.IRQ0 ? system : word(lines, exception - EXC.IRQ0);
const bitOf = (exception: number): number => (exception < EXC.IRQ0 ? 1 << exception : bit(exception - EXC.IRQ0));
const pendingAt = (exception: number): number => place(SCS.SYS_PENDING, S.NVIC_PENDING, exception);
const activeAt = (exception: number): number => place(SCS.SYS_ACTIVE, S.NVIC_ACTIVE, exception);
const setBit = (cpu: Cpu, at: number, exception: number): void => cpu.set(at, cpu.get(at) | bitOf(exception));
const clearBit = (cpu: Cpu, at: number, exception: number): void => cpu.set(at, cpu.get(at) & ~bitOf(exception));

export const isActive = (cpu: Cpu, exception: number): boolean => (cpu.get(activeAt(exception)) & bitOf(exception)) !== 0;
export const isPending = (cpu: Cpu, exception: number): boolean => (cpu.get(pendingAt(exception)) & bitOf(exception)) !== 0;
/** Faults with an enable bit; all other system exceptions are always enabled. */
const CONFIGURABLE = (1 << EXC.MEMMANAGE) | (1 << EXC.BUSFAULT) | (1 << EXC.USAGEFAULT);
export const isEnabled = (cpu: Cpu, exception: number): boolean =>
  (exception < EXC.IRQ0 && (CONFIGURABLE & (1 << exception)) === 0) ||
  (cpu.get(place(SCS.SYS_ENABLED, S.NVIC_ENABLED, exception)) & bitOf(exception)) !== 0;

/** Makes an exception pending. With SCR.SEVONPEND the transition is an event for WFE. */
export function setPending(cpu: Cpu, exception: number): void {
  if (isPending(cpu, exception)) return;
  setBit(cpu, pendingAt(exception), exception);
  if (cpu.get(SCS.SCR) & 0x10) cpu.set(S.EVENT, 1);
  cpu.maskChanged();
}
export function clearPending(cpu: Cpu, exception: number): void {
  clearBit(cpu, pendingAt(exception), exception);
}
/** The exception is taken: no longer pending, active. */
export function activate(cpu: Cpu, exception: number): void {
  clearPending(cpu, exception);
  setBit(cpu, activeAt(exception), exception);
}
/** The exception has returned. A line that is still high is pending again. */
export function deactivate(cpu: Cpu, exception: number): void {
  clearBit(cpu, activeAt(exception), exception);
  if (exception >= EXC.IRQ0 && isLineUp(cpu, exception - EXC.IRQ0)) setPending(cpu, exception);
}

const lowestBit = (bits: number): number => 31 - Math.clz32(bits & -bits);

// Every interrupt asks these questions several times: plain loops over the words, the lowest exception number first.

/** Group priority of the most urgent active exception. */
export function activePriority(cpu: Cpu): number {
  const w = cpu.words;
  let best = NO_PRIORITY;
  for (let bits = w[SCS.SYS_ACTIVE >> 2]!; bits !== 0; bits &= bits - 1)
    best = Math.min(best, groupOf(cpu, priorityOf(cpu, lowestBit(bits))));
  for (let i = 0, n = words(cpu); i < n; i++)
    for (let bits = w[(S.NVIC_ACTIVE >> 2) + i]!; bits !== 0; bits &= bits - 1)
      best = Math.min(best, groupOf(cpu, priorityOf(cpu, EXC.IRQ0 + 32 * i + lowestBit(bits))));
  return best;
}
export function activeCount(cpu: Cpu): number {
  const w = cpu.words;
  let count = 0;
  for (let bits = w[SCS.SYS_ACTIVE >> 2]!; bits !== 0; bits &= bits - 1) count++;
  for (let i = 0, n = words(cpu); i < n; i++) for (let bits = w[(S.NVIC_ACTIVE >> 2) + i]!; bits !== 0; bits &= bits - 1) count++;
  return count;
}
/** Priority that the masks FAULTMASK, PRIMASK and BASEPRI lend to the running code. */
function boostedPriority(cpu: Cpu, ignorePrimask = false): number {
  if (cpu.get(S.FAULTMASK) & 1) return -1;
  if (!ignorePrimask && cpu.get(S.PRIMASK) & 1) return 0;
  const basepri = cpu.get(S.BASEPRI) & 0xff;
  return basepri === 0 ? NO_PRIORITY : groupOf(cpu, basepri);
}
/** ExecutionPriority() of the ARM ARM. */
export const executionPriority = (cpu: Cpu, ignorePrimask = false): number =>
  Math.min(activePriority(cpu), boostedPriority(cpu, ignorePrimask));

/** Whether that is negative: in HardFault or NMI, or by FAULTMASK. */
export const isBelowZero = (cpu: Cpu): boolean =>
  (cpu.get(SCS.SYS_ACTIVE) & ((1 << EXC.NMI) | (1 << EXC.HARDFAULT))) !== 0 || (cpu.get(S.FAULTMASK) & 1) !== 0;

/** Pending and enabled exception of the highest priority; among equals the lowest number; 0 if there is none. */
export function highestPending(cpu: Cpu): number {
  const w = cpu.words;
  let best = 0;
  let bestPriority = NO_PRIORITY;
  for (let bits = w[SCS.SYS_PENDING >> 2]! & (~CONFIGURABLE | w[SCS.SYS_ENABLED >> 2]!); bits !== 0; bits &= bits - 1) {
    const exception = lowestBit(bits);
    const priority = priorityOf(cpu, exception);
    if (priority >= bestPriority) continue;
    best = exception;
    bestPriority = priority;
  }
  for (let i = 0, n = words(cpu); i < n; i++)
    for (let bits = w[(S.NVIC_PENDING >> 2) + i]! & w[(S.NVIC_ENABLED >> 2) + i]!; bits !== 0; bits &= bits - 1) {
      const exception = EXC.IRQ0 + 32 * i + lowestBit(bits);
      const priority = priorityOf(cpu, exception);
      if (priority >= bestPriority) continue;
      best = exception;
      bestPriority = priority;
    }
  return best;
}
/** Whether an exception would interrupt what runs now. */
export const preempts = (cpu: Cpu, exception: number, ignorePrimask = false): boolean =>
  exception !== 0 && groupOf(cpu, priorityOf(cpu, exception)) < executionPriority(cpu, ignorePrimask);

/** The pending exception that would be taken if it were not for FAULTMASK, PRIMASK and BASEPRI; 0: there is none. */
export function heldBack(cpu: Cpu): number {
  const exception = highestPending(cpu);
  if (exception === 0) return 0;
  const priority = groupOf(cpu, priorityOf(cpu, exception));
  return priority >= boostedPriority(cpu) && priority < activePriority(cpu) ? exception : 0;
}

export const isLineUp = (cpu: Cpu, line: number): boolean => (cpu.get(word(S.NVIC_LEVEL, line)) & bit(line)) !== 0;
/** An interrupt line is enabled. */
export function anyLineEnabled(cpu: Cpu): boolean {
  for (let line = 0; line < 512; line += 32) if (cpu.get(word(S.NVIC_ENABLED, line)) !== 0) return true;
  return false;
}
/** Level of an interrupt line. A rising edge makes it pending, also while its handler runs. */
export function setIrqLevel(cpu: Cpu, line: number, level: boolean): void {
  if (!hasLine(cpu, line)) return;
  const offset = word(S.NVIC_LEVEL, line);
  const old = cpu.get(offset);
  const now = level ? old | bit(line) : old & ~bit(line);
  if (old >>> 0 === now >>> 0) return;
  cpu.set(offset, now);
  if (level) setPending(cpu, EXC.IRQ0 + line);
}
export function pendNmi(cpu: Cpu): void {
  setPending(cpu, EXC.NMI);
}

const tell = (cpu: Cpu, name: string, old: number, offset: number): void => {
  const now = cpu.get(offset) >>> 0;
  if (now !== old >>> 0) cpu.changed(name, old >>> 0, now);
};

/** ICSR: the highest pending exception as VECTPENDING shows it, with BASEPRI and FAULTMASK taken into account but not PRIMASK. */
function vectPending(cpu: Cpu): number {
  const e = highestPending(cpu);
  return e !== 0 && groupOf(cpu, priorityOf(cpu, e)) < boostedPriority(cpu, true) ? e : 0;
}
/** What a write to ICSR may change of it. */
const ICSR_PENDING = 0x941ff000;
function icsrPending(cpu: Cpu): number {
  const pending = cpu.get(SCS.SYS_PENDING);
  let icsr = vectPending(cpu) << 12;
  if (pending & (1 << EXC.SYSTICK)) icsr |= 1 << 26;
  if (pending & (1 << EXC.PENDSV)) icsr |= 1 << 28;
  if (pending & (1 << EXC.NMI)) icsr |= 1 << 31;
  return icsr;
}
function readIcsr(cpu: Cpu): number {
  let icsr = cpu.get(S.IPSR) | icsrPending(cpu);
  for (let i = 0; i < words(cpu); i++) if (cpu.get(S.NVIC_PENDING + 4 * i) !== 0) icsr |= 1 << 22;
  if (notV6(cpu) && activeCount(cpu) - (isActive(cpu, cpu.get(S.IPSR)) ? 1 : 0) === 0) icsr |= 1 << 11;
  return icsr >>> 0;
}
function writeIcsr(cpu: Cpu, value: number): void {
  const old = readIcsr(cpu);
  const set = (n: number): boolean => (value & (1 << n)) !== 0;
  if (set(31)) setPending(cpu, EXC.NMI);
  if (set(28)) setPending(cpu, EXC.PENDSV);
  else if (set(27)) clearPending(cpu, EXC.PENDSV);
  if (set(26)) setPending(cpu, EXC.SYSTICK);
  else if (set(25)) clearPending(cpu, EXC.SYSTICK);
  if (set(30) && cpu.profile.arch === 'v8m') clearPending(cpu, EXC.NMI);
  const now = ((old & ~ICSR_PENDING) | icsrPending(cpu)) >>> 0;
  if (now !== old) cpu.changed('ICSR', old, now);
}

/** ISER and ICER, ISPR and ICPR, IABR, IPR and STIR. Registers beyond the last line read as zero and ignore writes. */
function registers(): ScsRegister[] {
  const list: ScsRegister[] = [
    { address: 0xe000ed04, name: 'ICSR', on: always, read: readIcsr, write: (cpu, value, mask) => writeIcsr(cpu, value & mask) },
  ];
  for (let i = 0; i < 16; i++) {
    const enabled = S.NVIC_ENABLED + 4 * i;
    const pending = S.NVIC_PENDING + 4 * i;
    const level = S.NVIC_LEVEL + 4 * i;
    const active = S.NVIC_ACTIVE + 4 * i;
    const enable =
      (on: boolean) =>
      (cpu: Cpu, value: number, mask: number): void => {
        const old = cpu.get(enabled);
        const bits = value & mask & linesMask(cpu, i);
        cpu.set(enabled, on ? old | bits : old & ~bits);
        tell(cpu, `NVIC_ISER${i}`, old, enabled);
        // that it was asked for says which words a program forgets
        if (!on && (old & bits) === 0 && bits !== 0) cpu.changed(`NVIC_ICER${i}`, 0, bits);
        cpu.maskChanged();
      };
    const read =
      (offset: number) =>
      (cpu: Cpu): number =>
        cpu.get(offset) >>> 0;
    list.push(
      { address: 0xe000e100 + 4 * i, name: `NVIC_ISER${i}`, on: always, read: read(enabled), write: enable(true) },
      { address: 0xe000e180 + 4 * i, name: `NVIC_ICER${i}`, on: always, read: read(enabled), write: enable(false) },
      {
        address: 0xe000e200 + 4 * i,
        name: `NVIC_ISPR${i}`,
        on: always,
        read: read(pending),
        write: (cpu, value, mask) => {
          const old = cpu.get(pending);
          for (let bits = value & mask & linesMask(cpu, i); bits !== 0; bits &= bits - 1)
            setPending(cpu, EXC.IRQ0 + 32 * i + 31 - Math.clz32(bits & -bits));
          tell(cpu, `NVIC_ISPR${i}`, old, pending);
        },
      },
      {
        address: 0xe000e280 + 4 * i,
        name: `NVIC_ICPR${i}`,
        on: always,
        read: read(pending),
        write: (cpu, value, mask) => {
          // a line that is high and not being served stays pending
          const old = cpu.get(pending);
          cpu.set(pending, old & ~(value & mask & ~(cpu.get(level) & ~cpu.get(active))));
          tell(cpu, `NVIC_ISPR${i}`, old, pending);
        },
      },
      { address: 0xe000e300 + 4 * i, name: `NVIC_IABR${i}`, on: notV6, read: read(active) },
    );
  }
  for (let i = 0; i < 128; i++) {
    const offset = S.NVIC_PRIORITY + 4 * i;
    list.push({
      address: 0xe000e400 + 4 * i,
      name: `NVIC_IPR${i}`,
      on: always,
      read: (cpu) => cpu.get(offset),
      write: (cpu, value, mask) => {
        const old = cpu.get(offset);
        let implemented = 0;
        for (let b = 0; b < 4; b++) if (hasLine(cpu, 4 * i + b)) implemented |= priorityMask(cpu) << (8 * b);
        cpu.set(offset, merge(old, value, mask & implemented));
        tell(cpu, `NVIC_IPR${i}`, old, offset);
        cpu.maskChanged();
      },
    });
  }
  list.push({
    address: 0xe000ef00,
    name: 'STIR',
    on: notV6,
    read: () => 0,
    unprivileged: (cpu) => (cpu.get(S.CCR) & 2) !== 0,
    write: (cpu, value, mask) => {
      const line = value & mask & 0x1ff;
      if (!hasLine(cpu, line)) return;
      const offset = word(S.NVIC_PENDING, line);
      const old = cpu.get(offset);
      setPending(cpu, EXC.IRQ0 + line);
      tell(cpu, `NVIC_ISPR${line >>> 5}`, old, offset);
    },
  });
  return list;
}
export const NVIC_REGISTERS: readonly ScsRegister[] = registers();
