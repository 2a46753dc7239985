/** State and time of a core, and what it tells the machine: the lowest of its layers. All architectural state is in the arena. `C` is the whole core. */
import type { GuestFact, Refusal } from '../component.ts';
import { CPU_STRIDE, type Arena } from '../arena.ts';
import type { CoreRow } from '../chip.ts';
import type { System } from '../system.ts';
import { clockCount, clockTimeOf, WIDE, type ClockState, type Ps } from '../time.ts';
import type { CoreListener, Zone } from './core-types.ts';
import { GuestFault, type Cpu } from './cpu.ts';
import type { CpuEngine } from './engine.ts';
import { modelOf } from './models/index.ts';
import type { CoreModel, ExceptionCycles } from './models/model.ts';
import { setIrqLevel } from './arm/scs.ts';
import { S } from './state.ts';
import { sysTickDue } from './arm/systick.ts';

export abstract class CoreState<C extends Cpu> {
  readonly row: CoreRow;
  readonly index: number;
  readonly profile: CoreModel;
  readonly exceptionCycles: ExceptionCycles;
  readonly system: System;
  readonly arena: Arena;
  listener: CoreListener<C>;
  /** Zone of the code that runs; fetch entries exist for this zone only. */
  zone: Zone = 'user';
  readonly fault = new GuestFault();
  /** Another engine for straight code, null = our own. */
  protected engine: CpuEngine | null = null;
  protected readonly base: number;
  /** Its page of the arena. */
  readonly words: Uint32Array;
  readonly floats: Float64Array;
  /** Its timer in the scheduler. */
  readonly sysTickSlot: number;
  protected readonly ownClock: ClockState;
  /** cycles() = cycleTarget - BUDGET. */
  protected cycleTarget: number = WIDE;
  protected irqDirty = true;
  /** Instructions executed, without RETIRED. */
  protected retiredBase: number = WIDE;
  protected pcChanged = false;
  /** `retired()` when the core last left reset. */
  retiredAtReset: number = WIDE;

  constructor(system: System, row: CoreRow, index: number, listener: CoreListener<C>) {
    this.cycleTarget = this.retiredBase = this.retiredAtReset = 0;
    this.system = system;
    this.arena = system.arena;
    this.row = row;
    this.index = index;
    this.ownClock = system.clock(row.clock);
    this.listener = listener;
    this.profile = modelOf(row.type);
    this.exceptionCycles = this.profile.exceptions;
    this.base = index * CPU_STRIDE;
    this.words = this.arena.u32.subarray(this.base >> 2, (this.base + CPU_STRIDE) >> 2);
    this.floats = new Float64Array(this.arena.memory.buffer, this.base, CPU_STRIDE >> 3);
    this.sysTickSlot = system.addTimer(`${row.name}.systick`, () => sysTickDue(this.core), true);
  }
  /** This object as the whole core that it is the lowest part of. */
  protected get core(): C {
    return this.whole();
  }
  protected abstract whole(): C;

  // ---- state -------------------------------------------------------------------------------------------------------------------
  get(offset: number): number {
    return this.words[offset >> 2]!;
  }
  set(offset: number, value: number): void {
    this.words[offset >> 2] = value;
  }
  getByte(offset: number): number {
    return this.arena.u8[this.base + offset]!;
  }
  setByte(offset: number, value: number): void {
    this.arena.u8[this.base + offset] = value;
  }
  getFloat(offset: number): number {
    return this.floats[offset >> 3]!;
  }
  setFloat(offset: number, value: number): void {
    this.floats[offset >> 3] = value;
  }
  /** BUDGET as a signed number. */
  protected get budget(): number {
    return this.words[S.BUDGET >> 2]! | 0;
  }
  // ---- time --------------------------------------------------------------------------------------------------------------------
  cycles(): number {
    return this.cycleTarget - this.budget;
  }
  spend(cycles: number): void {
    this.words[S.BUDGET >> 2]! -= cycles;
  }
  /** The core's own time. With its clock stopped, the time at which that happened. */
  now(): Ps {
    const clock = this.ownClock;
    return clock.rate === null ? clock.anchor : clockTimeOf(clock, this.cycles());
  }
  retired(): number {
    return this.retiredBase + this.get(S.RETIRED);
  }
  clockCount(clock: string): number {
    return clock === this.row.clock ? this.cycles() : clockCount(this.system.clock(clock), this.now());
  }
  clockTimeOf(clock: string, count: number): Ps {
    return clockTimeOf(clock === this.row.clock ? this.ownClock : this.system.clock(clock), count);
  }
  armTimer(due: Ps): void {
    if (due === Infinity) this.system.scheduler.disarm(this.sysTickSlot);
    else this.system.scheduler.arm(this.sysTickSlot, due);
    this.cut();
  }
  disarmTimer(): void {
    this.system.scheduler.disarm(this.sysTickSlot);
  }
  /** Ends the run before the next instruction, keeping the cycle count. */
  cut(): void {
    this.wasCut = true;
    this.shorten(0);
  }
  /** `cut` was called. */
  protected wasCut = false;
  /** Ends the run after so many cycles at the latest. */
  protected shorten(cycles: number): void {
    const left = this.budget;
    if (left <= cycles) return;
    this.cycleTarget -= left - cycles;
    this.set(S.BUDGET, cycles);
  }
  /** Makes the run loop check for exceptions before the next instruction. The run itself may go on after that. */
  interruptsChanged(): void {
    this.irqDirty = true;
    this.owed += Math.max(0, this.budget);
    this.shorten(0);
  }
  /** Budget taken away by `interruptsChanged`, given back after the check. */
  protected owed = 0;
  /** The clock's rate changed, or time passed without this core: sets the cycle count to the clock's. */
  syncClock(now: Ps): void {
    this.cycleTarget = clockCount(this.ownClock, now);
    this.set(S.BUDGET, 0);
  }

  // ---- listener ----------------------------------------------------------------------------------------------------------------
  changed = (register: string, old: number, value: number): void => this.listener.special(this.core, register, old, value);
  note(kind: string, text: string, about?: GuestFact): void {
    this.listener.note(kind, text, null, about);
  }
  writeLost(register: string, address: number, why: Refusal, text: string): void {
    this.listener.coreWriteLost(this.core, { register, address, why }, text);
  }
  requestReset(by: 'software' | 'core'): void {
    this.listener.requestReset(by, this.core);
    this.cut();
  }
  semihosting(): boolean {
    return this.listener.semihosting(this.core);
  }
  debuggerAttached(takes = false): boolean {
    return this.listener.debuggerAttached(this.core, takes);
  }
  console(channel: string, text: string): void {
    this.listener.console(channel, text);
  }
  sendEvent(): void {
    this.listener.sendEvent(this.core);
  }
  exceptionTaken(exception: number, handler: number, interruptedPc: number): void {
    this.listener.exceptionTaken(this.core, exception, handler, interruptedPc);
  }
  exceptionReturned(exception: number, pc: number): void {
    this.listener.exceptionReturned(this.core, exception, pc);
  }
  lockup(reason: string): void {
    this.set(S.HALTED, 1);
    this.cut();
    this.listener.lockup(this.core, reason);
  }
  irq(line: number, level: boolean): void {
    setIrqLevel(this.core, line, level);
  }
}
