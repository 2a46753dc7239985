/**
 * SysTick (ARMv6-M B3.3, ARMv7-M B3.3, ARMv8-M without the Security Extension). Nothing counts: the state is the value at one clock edge,
 * everything else is computed when it is asked for. One timer is armed while TICKINT is set.
 */
import type { Cpu } from '../cpu.ts';
import { setPending } from './nvic.ts';
import { always, EXC, merge, SCS, type ScsRegister } from './scs-state.ts';

const ENABLE = 1;
const TICKINT = 2;
const CLKSOURCE = 4;
const COUNTFLAG = 1 << 16;

/** The value `clocks` edges after it was `value`, and how often it counted down to zero on the way. */
export function sysTickAfter(value: number, reload: number, clocks: number): { readonly value: number; readonly zeros: number } {
  if (clocks < value) return { value: value - clocks, zeros: 0 };
  // from zero on: the next edge loads `reload`, and so every reload + 1 edges
  const fromZero = clocks - value;
  const first = value > 0 ? 1 : 0;
  if (reload === 0) return { value: 0, zeros: first };
  const phase = fromZero % (reload + 1);
  return { value: phase === 0 ? 0 : reload + 1 - phase, zeros: first + Math.floor(fromZero / (reload + 1)) };
}

const clockOf = (cpu: Cpu): string =>
  (cpu.get(SCS.SYST_CSR) & CLKSOURCE) !== 0 || cpu.row.sysTickClock === null ? cpu.row.clock : cpu.row.sysTickClock;
const enabled = (cpu: Cpu): boolean => (cpu.get(SCS.SYST_CSR) & ENABLE) !== 0;

/** Edges of its clock up to now, the anchor's while it stands. Another core's time may be behind an event that was just served. */
const countNow = (cpu: Cpu): number => {
  const anchor = cpu.getFloat(SCS.SYST_ANCHOR);
  return enabled(cpu) ? Math.max(anchor, cpu.clockCount(clockOf(cpu))) : anchor;
};
const after = (cpu: Cpu, count: number): { readonly value: number; readonly zeros: number } =>
  sysTickAfter(cpu.get(SCS.SYST_VALUE), cpu.get(SCS.SYST_RVR), count - cpu.getFloat(SCS.SYST_ANCHOR));
/** Edges since the anchor, between two zeros of a counter that runs by the core's clock, as one that polls it finds it nearly always; else -1. */
function clocksBetween(cpu: Cpu): number {
  const csr = cpu.words[SCS.SYST_CSR >> 2]!;
  if ((csr & ENABLE) === 0 || ((csr & CLKSOURCE) === 0 && cpu.row.sysTickClock !== null)) return -1;
  const clocks = cpu.cycles() - cpu.floats[SCS.SYST_ANCHOR >> 3]!;
  return clocks < cpu.words[SCS.SYST_VALUE >> 2]! ? clocks : -1;
}
/** Moves the anchor to now; zeros on the way set COUNTFLAG and pend the exception. */
function sync(cpu: Cpu): void {
  const clocks = clocksBetween(cpu);
  if (clocks >= 0) {
    cpu.words[SCS.SYST_VALUE >> 2]! -= clocks;
    cpu.floats[SCS.SYST_ANCHOR >> 3]! += clocks;
    return;
  }
  if (!enabled(cpu)) return;
  const count = countNow(cpu);
  const { value, zeros } = after(cpu, count);
  cpu.set(SCS.SYST_VALUE, value);
  cpu.setFloat(SCS.SYST_ANCHOR, count);
  if (zeros > 0) reachedZero(cpu);
}
function reachedZero(cpu: Cpu): void {
  const csr = cpu.get(SCS.SYST_CSR);
  cpu.set(SCS.SYST_CSR, csr | COUNTFLAG);
  if (csr & TICKINT) setPending(cpu, EXC.SYSTICK);
}
/** Edges from the anchor to the next zero, Infinity if there is none. */
function clocksToZero(cpu: Cpu): number {
  const value = cpu.get(SCS.SYST_VALUE);
  const reload = cpu.get(SCS.SYST_RVR);
  return value > 0 ? value : reload > 0 ? reload + 1 : Infinity;
}
function rearm(cpu: Cpu): void {
  const clocks = clocksToZero(cpu);
  if ((cpu.get(SCS.SYST_CSR) & (ENABLE | TICKINT)) !== (ENABLE | TICKINT) || clocks === Infinity) {
    cpu.disarmTimer();
    return;
  }
  cpu.armTimer(cpu.clockTimeOf(clockOf(cpu), cpu.getFloat(SCS.SYST_ANCHOR) + clocks));
}

/** When the counter reaches zero next (COUNTFLAG rises), Infinity if it does not. */
export function sysTickNextZero(cpu: Cpu): number {
  if (!enabled(cpu)) return Infinity;
  sync(cpu);
  const clocks = clocksToZero(cpu);
  return clocks === Infinity ? Infinity : cpu.clockTimeOf(clockOf(cpu), cpu.getFloat(SCS.SYST_ANCHOR) + clocks);
}

/** From one zero to the next, Infinity if it does not count. */
export function sysTickPeriod(cpu: Cpu): number {
  const reload = cpu.get(SCS.SYST_RVR);
  if (!enabled(cpu) || reload === 0) return Infinity;
  const anchor = cpu.getFloat(SCS.SYST_ANCHOR);
  return cpu.clockTimeOf(clockOf(cpu), anchor + reload + 1) - cpu.clockTimeOf(clockOf(cpu), anchor);
}

/** The armed timer is due: the counter stands at zero, whatever this core's own time is. */
export function sysTickDue(cpu: Cpu): void {
  const clocks = clocksToZero(cpu);
  if (!enabled(cpu) || clocks === Infinity) return;
  cpu.setFloat(SCS.SYST_ANCHOR, cpu.getFloat(SCS.SYST_ANCHOR) + clocks);
  cpu.set(SCS.SYST_VALUE, 0);
  reachedZero(cpu);
  rearm(cpu);
}
/** The rate of a clock changed: edges that were counted stay counted, the next zero comes at another time. */
export function sysTickClockChanged(cpu: Cpu): void {
  if (enabled(cpu)) rearm(cpu);
}
/** The core enters Debug state: the counter stands (ARM DDI 0403 B3.3.1). */
export function holdSysTick(cpu: Cpu): void {
  sync(cpu);
  cpu.disarmTimer();
}
/** The core leaves Debug state: the counter goes on from where it stood. */
export function resumeSysTick(cpu: Cpu): void {
  if (!enabled(cpu)) return;
  cpu.setFloat(SCS.SYST_ANCHOR, cpu.clockCount(clockOf(cpu)));
  rearm(cpu);
}
/** Reset: stopped. The value and the reload value are UNKNOWN by the architecture; they start from 0 here. */
export function resetSysTick(cpu: Cpu): void {
  cpu.set(SCS.SYST_CSR, cpu.row.sysTickClock === null ? CLKSOURCE : 0);
  cpu.set(SCS.SYST_RVR, 0);
  cpu.set(SCS.SYST_VALUE, 0);
  cpu.setFloat(SCS.SYST_ANCHOR, 0);
  cpu.disarmTimer();
}

const readCsr = (cpu: Cpu): number => cpu.get(SCS.SYST_CSR) | (after(cpu, countNow(cpu)).zeros > 0 ? COUNTFLAG : 0);

/** What a read of SYST_CSR gives; it clears COUNTFLAG. */
function takeCsr(cpu: Cpu): number {
  sync(cpu);
  const csr = cpu.words[SCS.SYST_CSR >> 2]!;
  cpu.words[SCS.SYST_CSR >> 2] = csr & ~COUNTFLAG;
  return csr;
}

function writeCsr(cpu: Cpu, value: number, mask: number): void {
  sync(cpu);
  const old = cpu.get(SCS.SYST_CSR);
  let writable = ENABLE | TICKINT;
  if (cpu.row.sysTickClock !== null) writable |= CLKSOURCE;
  const now = merge(old, value, mask & writable);
  // counting goes on from here with whatever clock is selected now
  cpu.set(SCS.SYST_CSR, now);
  cpu.setFloat(SCS.SYST_ANCHOR, cpu.clockCount(clockOf(cpu)));
  if (now !== old) cpu.changed('SYST_CSR', old, now);
  rearm(cpu);
}

export const SYSTICK_REGISTERS: readonly ScsRegister[] = [
  {
    address: 0xe000e010,
    name: 'SYST_CSR',
    on: always,
    read: readCsr,
    afterRead: (cpu) => {
      takeCsr(cpu);
      rearm(cpu);
    },
    // no timer runs and nothing becomes pending
    readIfFree: (cpu) => (cpu.get(SCS.SYST_CSR) & TICKINT ? -1 : takeCsr(cpu)),
    write: writeCsr,
  },
  {
    address: 0xe000e014,
    name: 'SYST_RVR',
    on: always,
    read: (cpu) => cpu.get(SCS.SYST_RVR),
    write: (cpu, value, mask) => {
      sync(cpu);
      const old = cpu.get(SCS.SYST_RVR);
      const now = merge(old, value, mask & 0xffffff);
      cpu.set(SCS.SYST_RVR, now);
      if (now !== old) cpu.changed('SYST_RVR', old, now);
      rearm(cpu);
    },
  },
  {
    // any write clears the value and COUNTFLAG; the next edge loads the reload value
    address: 0xe000e018,
    name: 'SYST_CVR',
    on: always,
    read: (cpu) => {
      const clocks = clocksBetween(cpu);
      return clocks >= 0 ? cpu.words[SCS.SYST_VALUE >> 2]! - clocks : after(cpu, countNow(cpu)).value;
    },
    write: (cpu) => {
      sync(cpu);
      const old = cpu.get(SCS.SYST_VALUE);
      cpu.set(SCS.SYST_VALUE, 0);
      cpu.set(SCS.SYST_CSR, cpu.get(SCS.SYST_CSR) & ~COUNTFLAG);
      if (old !== 0) cpu.changed('SYST_CVR', old, 0);
      rearm(cpu);
    },
  },
  {
    // NOREF when there is no reference clock; SKEW: TENMS is not exactly 10 ms, because it depends on the clock tree
    address: 0xe000e01c,
    name: 'SYST_CALIB',
    on: always,
    read: (cpu) => (cpu.row.sysTickClock === null ? 0x80000000 : 0) | 0x40000000,
    write: () => {},
  },
];
