/**
 * The emulated machine as a debugger holds it: halt, step, run in slices, breakpoints, watchpoints, memory, registers, reset. Speaks no protocol and
 * waits for nothing; servers call `advance` until it says that something has stopped. The way back in time is in time-travel.ts.
 */
import type { Session } from '../bench/session/session.ts';
import { BUS_ERROR } from '../emu/component.ts';
import type { Core, Interceptor } from '../emu/core/core.ts';
import { registerFile, setRegister } from '../emu/core/arm/register-file.ts';
import { holdSysTick, resumeSysTick } from '../emu/core/arm/systick.ts';
import type { Checkpoint } from '../emu/machine-base.ts';
import type { Machine } from '../emu/machine.ts';
import { MS, type Ps } from '../emu/time.ts';

/** Why a core has stopped. */
export type Stop =
  | { readonly kind: 'step' | 'breakpoint' | 'bkpt' | 'interrupt' | 'lockup' | 'begin' | 'exit' }
  | { readonly kind: 'watch'; readonly address: number; readonly access: WatchKind }
  | { readonly kind: 'catch'; readonly what: Catch };
export type WatchKind = 'read' | 'write' | 'access';
/** What the machine stops at on request. */
export const CATCHES = ['entry', 'reset', 'fault', 'dfu'] as const;
export type Catch = (typeof CATCHES)[number];

export interface Stopped {
  readonly core: Core;
  readonly stop: Stop;
}
export interface Watchpoint {
  readonly address: number;
  readonly length: number;
  readonly kind: WatchKind;
}
/** What makes the machine stop, beside the scenario's own breakpoints. */
export interface Stops {
  readonly breakpoints: readonly Set<number>[];
  readonly watchpoints: readonly Watchpoint[][];
  readonly catches: Set<Catch>;
}

/** ARM DDI 0403 C1.6.2: a debugger sees there that the core stands. */
const DHCSR = 0xe000edf0;
const S_HALT = 1 << 17;
/** Longest wait of a step for a core that sleeps. */
const STEP_WAIT = 1000 * MS;
const PAGE_BITS = 12;

export class DebugTarget {
  readonly session: Session;
  readonly machine: Machine;
  stops: Stops;
  /** Text for the user's console; silent while the past runs again. */
  onConsole: (text: string) => void = () => undefined;
  /** Called before the state is changed from outside, and when it has been: what comes after does not follow from what was before. */
  onEdit: () => void = () => undefined;
  /** The cores have come out of a reset; what halts them here keeps them in front of their first instruction. */
  onReset: () => void = () => undefined;
  private pending: Stopped | null = null;
  private exitTold = false;
  private dfuTold = false;

  constructor(session: Session) {
    this.session = session;
    this.machine = session.machine;
    this.stops = this.noStops();
    session.steps.otherStops = (core) => this.stops.breakpoints[core]!;
    this.machine.state.debugger = true;
    this.machine.debugHalted.fill(true);
    this.observe();
  }
  /** The ROM is a dump that the user gave, and no stand-in. */
  get runsDump(): boolean {
    return this.session.input.rom.kind === 'dump';
  }
  noStops(): Stops {
    const { cores } = this.machine;
    return { breakpoints: cores.map(() => new Set()), watchpoints: cores.map(() => []), catches: new Set() };
  }

  private observe(): void {
    const { machine } = this;
    const { observer, bootCore } = machine;
    const stopAt = (core: Core, stop: Stop): void => {
      this.pending ??= { core, stop };
      machine.stop();
    };
    machine.observer = {
      ...observer,
      breakpoint: (core) => stopAt(core, { kind: 'bkpt' }),
      lockup: (core, reason) => {
        observer.lockup?.(core, reason);
        this.onConsole(`lockup: ${reason}\n`);
        stopAt(core, { kind: 'lockup' });
      },
      reset: (by) => {
        observer.reset?.(by);
        this.onConsole(`reset by ${by}\n`);
        this.onReset();
        if (this.stops.catches.has('reset')) stopAt(bootCore, { kind: 'catch', what: 'reset' });
      },
      faulted: (core, kind, address, pc) => {
        observer.faulted?.(core, kind, address, pc);
        if (this.stops.catches.has('fault')) stopAt(core, { kind: 'catch', what: 'fault' });
      },
      console: (channel, text) => {
        observer.console?.(channel, text);
        if (channel === 'semihosting' || channel === 'itm') this.onConsole(text);
      },
      semihosting: (core) => {
        const served = observer.semihosting?.(core) ?? false;
        const exit = machine.state.semihostingExit;
        if (exit !== null && !this.exitTold) {
          this.exitTold = true;
          this.onConsole(`semihosting exit ${exit}\n`);
          stopAt(core, { kind: 'exit' });
        }
        return served;
      },
    };
  }

  // ---- halt and run ----------------------------------------------------------------------------------------------------------------
  isHalted(core: Core): boolean {
    return this.machine.debugHalted[core.index]!;
  }
  setHalted(core: Core, halted: boolean): void {
    if (this.isHalted(core) === halted) return;
    if (halted) holdSysTick(core);
    else resumeSysTick(core);
    this.machine.debugHalted[core.index] = halted;
  }
  /** Time has passed, but not for the SysTick of a halted core. */
  keepSysTicks(): void {
    for (const core of this.machine.cores) {
      if (!this.isHalted(core)) continue;
      resumeSysTick(core);
      holdSysTick(core);
    }
  }
  /** Some core is not halted. */
  get running(): boolean {
    return this.machine.debugHalted.includes(false);
  }

  /** Runs the cores that are not halted until `limit` at most; null if nothing has stopped them before. */
  advanceTo(limit: Ps): Stopped | null {
    const { machine, session } = this;
    while (machine.now < limit) {
      this.arm();
      const why = machine.run(limit);
      const stopped = this.stopOf(why);
      session.steps.poll();
      if (stopped) return stopped;
    }
    return null;
  }
  private stopOf(why: 'limit' | 'stopped' | 'entry'): Stopped | null {
    const { machine, stops, pending } = this;
    this.pending = null;
    if (pending) return pending;
    for (const core of machine.cores) {
      if (core.atBreak && stops.breakpoints[core.index]!.has(core.pc)) return { core, stop: { kind: 'breakpoint' } };
    }
    if (why === 'entry' && stops.catches.has('entry')) return { core: machine.bootCore, stop: { kind: 'catch', what: 'entry' } };
    if (!this.dfuTold && this.session.usb.dfuReady) {
      this.dfuTold = true;
      this.onConsole('the host sees the DFU device\n');
      if (stops.catches.has('dfu')) return { core: machine.bootCore, stop: { kind: 'catch', what: 'dfu' } };
    }
    return null;
  }

  /** One instruction of a core, or into an exception. The others run as far as they are not halted. */
  step(core: Core): Stop {
    const { machine } = this;
    const halted = this.isHalted(core);
    this.setHalted(core, false);
    this.arm();
    const limit = machine.now + STEP_WAIT;
    let why: ReturnType<Machine['run']>;
    do why = machine.stepCore(core, limit);
    while (why === 'entry' && !this.stops.catches.has('entry'));
    const found = this.stopOf(why);
    this.session.steps.poll();
    this.setHalted(core, halted);
    if (found && found.stop.kind !== 'breakpoint') return found.stop;
    return { kind: why === 'limit' ? 'interrupt' : 'step' };
  }

  // ---- breakpoints and watchpoints ---------------------------------------------------------------------------------------------------
  setBreakpoint(core: Core, address: number, on: boolean): void {
    const set = this.stops.breakpoints[core.index]!;
    if (on) set.add((address & ~1) >>> 0);
    else set.delete((address & ~1) >>> 0);
  }
  setWatchpoint(core: Core, watch: Watchpoint, on: boolean): void {
    const list = this.stops.watchpoints[core.index]!;
    const at = list.findIndex((w) => w.address === watch.address && w.length === watch.length && w.kind === watch.kind);
    if (on && at < 0) list.push(watch);
    if (!on && at >= 0) list.splice(at, 1);
  }
  clearStops(core: Core): void {
    this.stops.breakpoints[core.index]!.clear();
    this.stops.watchpoints[core.index]!.length = 0;
  }
  /** Puts the debugger's stops beside those of the scenario. */
  private arm(): void {
    const { machine, stops } = this;
    this.session.steps.setBreakpoints();
    const watched = stops.watchpoints.some((list) => list.length > 0);
    if (watched || machine.isRepaired) machine.setRepairs(watched ? this.watcher() : null);
  }
  private watcher(): Interceptor {
    const { watchpoints } = this.stops;
    const pages = new Set<number>();
    for (const w of watchpoints.flat())
      for (let page = w.address >>> PAGE_BITS; page <= (w.address + w.length - 1) >>> PAGE_BITS; page++) pages.add(page);
    const look = (core: Core, address: number, size: number, write: boolean): void => {
      const hit = watchpoints[core.index]!.find(
        (w) => address < w.address + w.length && w.address < address + size && w.kind !== (write ? 'read' : 'write'),
      );
      if (!hit) return;
      this.pending ??= { core, stop: { kind: 'watch', address: hit.address, access: hit.kind } };
      this.machine.stop();
    };
    return {
      pages,
      everyDeviceWrite: true,
      read: (core, address, size) => (look(core, address, size, false), null),
      write: (core, address, size, value) => (look(core, address, size, true), value),
    };
  }

  // ---- registers and memory --------------------------------------------------------------------------------------------------------
  /** By lower-case name; `s0` to `s31` as raw bits. Null if the core lacks it. */
  readRegister(core: Core, name: string): number | null {
    const single = singleOf(core, name);
    if (single !== null) return core.arm.s(single);
    const value = registerFile(core, core.pc)[name];
    return value === undefined ? null : value >>> 0;
  }
  writeRegister(core: Core, name: string, value: number): void {
    const single = singleOf(core, name);
    if (single !== null) core.arm.setS(single, value);
    else if (name === 'pc') this.goOnAt(core, (value & ~1) >>> 0);
    else setRegister(core, name, value);
    this.onEdit();
  }
  /** Where a debugger puts PC the core goes on, also out of sleep and lockup: a halt ends both (ARM DDI 0403 B1.5.15, B1.5.19). */
  private goOnAt(core: Core, pc: number): void {
    const { machine } = this;
    core.arm.resume();
    machine.state.lockups[core.index] = null;
    if (core === machine.bootCore) machine.state.lockup = null;
    machine.system.setWire(`core.deepsleep.${core.index}`, 0);
    core.branchTo(pc);
  }
  /** As far as something answers from the first byte on; shorter, or empty, where the bus would fault. Without side effects. */
  readMemory(core: Core, address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length;) {
      const at = (address + i) >>> 0;
      const size = widthAt(at, length - i);
      const seen = core.peek(at, size);
      if (seen === null) return bytes.subarray(0, i);
      const value = at === DHCSR && this.isHalted(core) ? seen | S_HALT : seen;
      for (let k = 0; k < size; k++) bytes[i + k] = value >>> (8 * k);
      i += size;
    }
    return bytes;
  }
  /** As a debugger's bus master writes: words where they are aligned; registers act as on a store. Returns how many bytes were taken. */
  writeMemory(core: Core, address: number, bytes: Uint8Array): number {
    let i = 0;
    while (i < bytes.length) {
      const at = (address + i) >>> 0;
      const size = widthAt(at, bytes.length - i);
      let value = 0;
      for (let k = 0; k < size; k++) value |= bytes[i + k]! << (8 * k);
      if (core.peek(at, size) === null || !this.store(core, at, size, value >>> 0)) break;
      i += size;
    }
    this.onEdit();
    return i;
  }
  /** False for flash and ROM, which no plain store changes. */
  private store(core: Core, address: number, size: 1 | 2 | 4, value: number): boolean {
    const memory = this.machine.system.regionAt(address)?.memory;
    return (core.isRemote(address) || !memory || memory.row.kind === 'ram') && this.busWrite(core, address, size, value);
  }
  /** One access of a bus master: to flash it is a programming access, which FLASH_CR has to allow. False where the bus answers with an error. */
  busWrite(core: Core, address: number, size: 1 | 2 | 4, value: number): boolean {
    const { machine } = this;
    return machine.as('debugger', () => {
      if (core.isRemote(address)) return core.debuggerStore(address, size, value);
      if (machine.system.write(address, size, value) === BUS_ERROR) return false;
      core.debuggerWrote(address, size);
      return true;
    });
  }
  /** Leaves in flash what a programmer leaves there; takes no time. */
  program(address: number, bytes: Uint8Array): void {
    const { system } = this.machine;
    const region = system.regionAt(address >>> 0);
    if (region?.memory) system.pokeMemory(region.memory.row.name, (address >>> 0) - region.base, bytes);
    this.onEdit();
  }
  isFlash(address: number, length: number): boolean {
    const region = this.machine.system.regionAt(address >>> 0);
    return region?.memory?.row.kind === 'flash' && address + length <= region.end;
  }

  // ---- reset and restore ---------------------------------------------------------------------------------------------------------
  /** System reset by the debugger. All cores stand in front of their first instruction then; `halted` says for each whether it stays there. */
  reset(halted: readonly boolean[]): void {
    const { machine } = this;
    machine.debugHalted.fill(true);
    machine.askReset('debugger', machine.bootCore, true);
    machine.run(machine.now + 1);
    this.pending = null;
    this.exitTold = this.dfuTold = false;
    halted.forEach((h, i) => (machine.debugHalted[i] = h));
    this.onEdit();
  }
  restore(c: Checkpoint): void {
    this.session.restore(c);
    this.machine.state.debugger = true;
    this.pending = null;
    for (const core of this.machine.cores) core.takeBreak();
  }
}

const widthAt = (address: number, left: number): 1 | 2 | 4 =>
  (address & 3) === 0 && left >= 4 ? 4 : (address & 1) === 0 && left >= 2 ? 2 : 1;
/** Number of `s0` to `s31`; null for other names and without an FPU. */
function singleOf(core: Core, name: string): number | null {
  const number = /^s(\d+)$/.exec(name)?.[1];
  return number === undefined || core.profile.fpu === 'none' || Number(number) > 31 ? null : Number(number);
}
