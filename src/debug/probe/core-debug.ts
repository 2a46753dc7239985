/**
 * The debug registers of a core as a probe sees them through the MEM-AP: DHCSR, DCRSR, DCRDR, DEMCR, DFSR, the FPB or BPU and the DWT comparators
 * (DDI 0403E C1, DDI 0419 C1, DDI 0553 D1.2). They live in the debug power domain: a system reset does not touch them, and while C_DEBUGEN is 0 nothing
 * halts. On ARMv6-M software cannot see them at all, so they are kept here and not in the core.
 */
import type { DebugShape } from '../../emu/core/models/features.ts';
import type { Core } from '../../emu/core/core.ts';
import { highestPending, preempts } from '../../emu/core/arm/nvic.ts';
import type { DebugTarget, Stop, WatchKind } from '../debug-target.ts';

const DHCSR = 0xe000edf0;
const [DCRSR, DCRDR, DEMCR, DFSR] = [0xe000edf4, 0xe000edf8, 0xe000edfc, 0xe000ed30];
const [FP_CTRL, FP_COMP0] = [0xe0002000, 0xe0002008];
const [DWT_CTRL, DWT_COMP0] = [0xe0001000, 0xe0001020];

const KEY = 0xa05f;
const [C_DEBUGEN, C_HALT, C_STEP] = [1, 2, 4];
const [S_REGRDY, S_HALT, S_SLEEP, S_LOCKUP] = [1 << 16, 1 << 17, 1 << 18, 1 << 19];
const S_RESET_ST = 1 << 25;
const [VC_CORERESET, VC_HARDERR] = [1, 1 << 10];
/** DFSR bits by what stopped the core. */
const REASON: Partial<Record<Stop['kind'], number>> = { interrupt: 1, step: 1, breakpoint: 2, bkpt: 2, watch: 4, catch: 8 };

export class CoreDebug {
  readonly core: Core;
  private readonly target: DebugTarget;
  readonly shape: DebugShape;
  private control = 0;
  private demcr = 0;
  private dfsr = 0;
  private data = 0;
  private wasReset = false;
  private fpEnabled = false;
  private readonly fpComp: Uint32Array;
  private readonly dwt: Uint32Array;

  constructor(target: DebugTarget, core: Core) {
    this.target = target;
    this.core = core;
    this.shape = core.profile.debug;
    this.fpComp = new Uint32Array(this.shape.code);
    this.dwt = new Uint32Array(this.shape.data * 4);
  }
  get enabled(): boolean {
    return (this.control & C_DEBUGEN) !== 0;
  }
  get catchesReset(): boolean {
    return this.enabled && (this.demcr & VC_CORERESET) !== 0;
  }
  get catchesFaults(): boolean {
    return this.enabled && (this.demcr & VC_HARDERR) !== 0;
  }
  /** The core came out of a reset. */
  cameOutOfReset(): void {
    this.wasReset = true;
    if (this.catchesReset) this.stopped({ kind: 'catch', what: 'reset' });
  }
  /** The core has stopped by itself. */
  stopped(stop: Stop): void {
    this.control |= C_HALT;
    this.dfsr |= REASON[stop.kind] ?? 1;
    this.target.setHalted(this.core, true);
  }

  /** Null for addresses that are none of these registers. */
  read(address: number): number | null {
    switch (address) {
      case DHCSR:
        return this.readDhcsr();
      case DCRSR:
        return 0;
      case DCRDR:
        return this.data >>> 0;
      case DEMCR:
        return this.demcr >>> 0;
      case DFSR:
        return this.dfsr;
      case FP_CTRL:
        return (((this.shape.revision - 1) << 28) | (this.shape.code << 4) | (this.fpEnabled ? 1 : 0)) >>> 0;
      case DWT_CTRL:
        return ((this.core.peek(DWT_CTRL, 4) ?? 0) & 0x0fffffff) + this.shape.data * 0x10000000;
      default:
        return this.comparator(address)?.value() ?? null;
    }
  }
  /** False for addresses that are none of these registers. */
  write(address: number, value: number): boolean {
    switch (address) {
      case DHCSR:
        if (value >>> 16 === KEY) this.writeDhcsr(value);
        return true;
      case DCRSR:
        this.transfer(value);
        return true;
      case DCRDR:
        this.data = value;
        return true;
      case DEMCR:
        this.demcr = value & 0x010f07f1;
        // TRCENA is what software sees, too
        this.target.busWrite(this.core, DEMCR, 4, this.demcr);
        return true;
      case DFSR:
        this.dfsr &= ~value;
        return true;
      case FP_CTRL:
        if (value & 2) this.fpEnabled = (value & 1) !== 0;
        this.arm();
        return true;
      default: {
        const c = this.comparator(address);
        c?.set(value);
        this.arm();
        return c !== null;
      }
    }
  }

  private readDhcsr(): number {
    const { core } = this;
    const halted = this.target.isHalted(core) && this.enabled;
    let value = (this.control & 0xf) | S_REGRDY;
    if (halted) value |= S_HALT;
    if (core.arm.waiting === 'lockup') value |= S_LOCKUP;
    else if (core.arm.waiting !== 'no') value |= S_SLEEP;
    if (this.wasReset) value |= S_RESET_ST;
    this.wasReset = false;
    return value >>> 0;
  }
  private writeDhcsr(value: number): void {
    const before = this.control;
    this.control = value & 0xf;
    if (!this.enabled) {
      this.control = 0;
      this.target.setHalted(this.core, false);
      return;
    }
    const wasHalted = (before & C_HALT) !== 0 && this.target.isHalted(this.core);
    if (this.control & C_HALT) {
      if (!wasHalted) this.stopped({ kind: 'interrupt' });
    } else if ((this.control & C_STEP) !== 0 && wasHalted) this.stopped(this.target.step(this.core));
    else if (wasHalted && this.breaksAtOnce()) this.stopped({ kind: 'breakpoint' });
    else this.target.setHalted(this.core, false);
  }
  /** A comparator matches the instruction that is next, and no exception comes before it: the core does not get away from there. */
  private breaksAtOnce(): boolean {
    const { core, target } = this;
    return target.stops.breakpoints[core.index]!.has(core.pc) && !preempts(core, highestPending(core));
  }

  /** DCRSR: REGSEL and the direction; DCRDR holds the value. */
  private transfer(select: number): void {
    const number = select & 0x7f;
    if (select & (1 << 16)) this.writeRegister(number, this.data >>> 0);
    else this.data = this.readRegister(number);
  }
  private readRegister(number: number): number {
    const name = nameOf(number);
    if (name !== null) return this.target.readRegister(this.core, name) ?? 0;
    if (number !== SPECIAL) return 0;
    const get = (n: string): number => this.target.readRegister(this.core, n) ?? 0;
    return ((get('control') << 24) | (get('faultmask') << 16) | (get('basepri') << 8) | get('primask')) >>> 0;
  }
  private writeRegister(number: number, value: number): void {
    const name = nameOf(number);
    if (name !== null) {
      if (this.target.readRegister(this.core, name) !== null) this.target.writeRegister(this.core, name, value);
      return;
    }
    if (number !== SPECIAL) return;
    const parts = { primask: value, basepri: value >>> 8, faultmask: value >>> 16, control: value >>> 24 };
    for (const [n, v] of Object.entries(parts))
      if (this.target.readRegister(this.core, n) !== null) this.target.writeRegister(this.core, n, v & 0xff);
  }

  private comparator(address: number): { value(): number; set(value: number): void } | null {
    const word = (list: Uint32Array, at: number): ReturnType<CoreDebug['comparator']> =>
      at >= 0 && at < list.length ? { value: () => list[at]!, set: (value) => (list[at] = value) } : null;
    if (address >= FP_COMP0 && address < FP_COMP0 + 0x100) return word(this.fpComp, (address - FP_COMP0) >> 2);
    if (address >= DWT_COMP0 && address < DWT_COMP0 + 0x100) return word(this.dwt, (address - DWT_COMP0) >> 2);
    return null;
  }
  /** Breakpoints and watchpoints of the target from the comparators. */
  arm(): void {
    const { target, core } = this;
    target.clearStops(core);
    if (this.fpEnabled && this.enabled)
      for (const comp of this.fpComp) for (const address of this.codeAddresses(comp)) target.setBreakpoint(core, address, true);
    for (let i = 0; i < this.dwt.length; i += 4) {
      const watch = this.watch(this.dwt[i]!, this.dwt[i + 1]!, this.dwt[i + 2]!);
      if (watch && this.enabled) target.setWatchpoint(core, watch, true);
    }
  }
  private codeAddresses(comp: number): number[] {
    if ((comp & 1) === 0) return [];
    if (this.shape.revision === 2) return [(comp & ~1) >>> 0];
    const word = comp & 0x1ffffffc;
    const halves = comp >>> 30;
    return [...(halves & 1 ? [word] : []), ...(halves & 2 ? [word + 2] : [])];
  }
  private watch(comp: number, mask: number, func: number): { address: number; length: number; kind: WatchKind } | null {
    if (this.core.profile.arch === 'v8m') {
      const kind = V8_MATCH[func & 0xf];
      return kind === undefined || ((func >>> 4) & 3) !== 1 ? null : { address: comp, length: 1 << ((func >>> 10) & 3), kind };
    }
    const kind = V7_FUNCTION[func & 0xf];
    const length = 1 << (mask & 0x1f);
    return kind === undefined ? null : { address: (comp & ~(length - 1)) >>> 0, length, kind };
  }
}
const V7_FUNCTION: Readonly<Record<number, WatchKind>> = { 5: 'read', 6: 'write', 7: 'access' };
const V8_MATCH: Readonly<Record<number, WatchKind>> = { 4: 'access', 5: 'write', 6: 'read' };
/** CONTROL, FAULTMASK, BASEPRI, PRIMASK in one word. */
const SPECIAL = 0x14;
const NAMES: Readonly<Record<number, string>> = {
  13: 'sp',
  14: 'lr',
  15: 'pc',
  16: 'xpsr',
  17: 'msp',
  18: 'psp',
  0x1c: 'msplim',
  0x1d: 'psplim',
  0x21: 'fpscr',
};
/** Register of the target behind a REGSEL; null for what is none or several. */
function nameOf(number: number): string | null {
  if (number <= 12) return `r${number}`;
  if (number >= 0x40 && number < 0x60) return `s${number - 0x40}`;
  return NAMES[number] ?? null;
}
