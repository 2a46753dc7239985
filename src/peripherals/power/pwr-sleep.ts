/**
 * Deep sleep as all versions of PWR know it: Stop, Standby and Shutdown, which events end them, what is left behind. The registers are the version's own.
 *
 * Facts: the core's SLEEPDEEP with WFI or WFE enters the mode (RM0351 5.3, RM0090 5.3, documented); Stop ends by an interrupt or event, the others by a wake-up pin,
 * the RTC, NRST or IWDG, as a reset; wake-up pins are edges on the pad, whatever GPIO does with it (documented); nRST_STOP… = 0 make entering a reset with LPWRRSTF (documented).
 * With DBG_STOP the clocks go on from the oscillator that waking up selects, with DBG_STANDBY the core domain keeps its supply (RM0090 38.16.1, documented).
 *
 * Wires driven: `power.stop` (RCC stops its clocks; falls when the core wants to run), `power.standby` (1 Standby, 2 Shutdown), `power.keeps.<memory>` and `power.down` (the
 * core domain has no supply). Wires read: `core.deepsleep.<n>`, `rtc.alarm`, `rtc.wakeup`, `rtc.stamp`, `pin.<pad>`, `debug.stop`, `debug.standby` (DBGMCU), `reset.on.stop`…
 * (option bytes), `power.lost` (machine: the reset that is going on is the loss of the supply).
 */
import type { ResetKind } from '../../emu/component.ts';
import type { Field, RegisterContext } from '../../emu/registers.ts';
import { POWER_DOWN, POWER_LOST, type Wire } from '../../emu/wires.ts';
import { POWER_STANDBY, POWER_STOP } from '../wires.ts';
import { PIN_FLOATING } from '../pins/gpio-common.ts';
import { deepSleepOf, keepsOf } from '../../emu/wires.ts';
import {
  boardLevel,
  DEBUG_STANDBY,
  DEBUG_STOP,
  RESET_ON_SHUTDOWN,
  RESET_ON_STANDBY,
  RESET_ON_STOP,
  RTC_ALARM,
  RTC_STAMP,
  RTC_WAKEUP,
} from '../wires.ts';

export type DeepSleep = 'stop' | 'standby' | 'shutdown';

export interface SleepState {
  /** The core's deep sleep, as it was entered. */
  asleep: 'no' | DeepSleep;
  /** Index and value, one behind the other, of the registers that work on in Standby and Shutdown. */
  saved: number[];
}
export const freshSleep = (): SleepState => ({ asleep: 'no', saved: [] });
type Context = RegisterContext<SleepState>;

export interface WakeUpPin {
  readonly pad: string;
  readonly enable: Field;
  readonly flag: Field;
  /** 1: falling edge; left out = always rising. */
  readonly falling?: Field;
  /** Whether the wake-up line takes this pad, where it has several. */
  selected?(c: Context): boolean;
}
export interface SleepRules {
  readonly cores: number;
  /** What the registers ask for now. */
  mode(c: Context): DeepSleep;
  /** How deep its Stop is, as `power.stop` tells it; left out = there is one. */
  depth?(c: Context): 1 | 2 | 3;
  /** Pads that wake, in the manual's order. */
  readonly pins: readonly WakeUpPin[];
  /** The RTC may wake from Standby and Shutdown. */
  rtcWakes(c: Context): boolean;
  /** A pad has set its flag. */
  flagged?(c: Context): void;
  /** A wake-up is pending: Standby ends as soon as it has begun. */
  pending(c: Context): boolean;
  /** Flags of a mode that has been entered. */
  entered(c: Context, mode: DeepSleep): void;
  /** An RTC event has come. */
  rtcEvent?(c: Context): void;
  /** RAM that keeps its contents, of all that the chip has. */
  keeps(c: Context, mode: DeepSleep): readonly string[];
  /** Indexes of the registers that lie outside the core domain. */
  readonly outside: readonly number[];
}

const RTC_WIRES: readonly Wire[] = [RTC_ALARM, RTC_WAKEUP, RTC_STAMP];
/** RAM that some mode of some chip keeps. */
const KEPT_MEMORIES = ['sram2', 'bkpsram', 'ccm'].map((name) => ({ name, keeps: keepsOf(name) }));
const FORBIDDEN: Readonly<Record<DeepSleep, Wire>> = { stop: RESET_ON_STOP, standby: RESET_ON_STANDBY, shutdown: RESET_ON_SHUTDOWN };
const NAMES: Readonly<Record<DeepSleep, string>> = { stop: 'Stop', standby: 'Standby', shutdown: 'Shutdown' };
export const WAKE_UP_TIMER = 'standby.end';

export class Sleep {
  private readonly rules: SleepRules;
  readonly wires: readonly Wire[];
  private readonly cores: readonly Wire[];
  private readonly pads: readonly Wire[];
  constructor(rules: SleepRules) {
    this.rules = rules;
    this.cores = Array.from({ length: rules.cores }, (_, i) => deepSleepOf(i));
    this.pads = rules.pins.map((p) => boardLevel(p.pad));
    this.wires = [...this.cores, ...RTC_WIRES, ...this.pads];
  }

  /** True if the wire was one of its own. */
  onWire(c: Context, wire: Wire, value: number): boolean {
    if (this.cores.includes(wire)) {
      if (value === 0) this.leaveStop(c);
      else if (this.allAsleep(c)) this.enter(c);
      return true;
    }
    if (RTC_WIRES.includes(wire)) {
      if (value) this.rtcEvent(c);
      return true;
    }
    const pin = this.rules.pins[this.pads.indexOf(wire)];
    if (pin && value < 2 && this.selected(c, pin)) this.pinEdge(c, pin, value);
    return pin !== undefined;
  }
  private allAsleep(c: Context): boolean {
    return this.cores.every((core) => c.env.wire(core) !== 0);
  }

  private enter(c: Context): void {
    const mode = this.rules.mode(c);
    const { env } = c;
    if (env.wire(FORBIDDEN[mode])) {
      env.note('power', `${NAMES[mode]} entered although an option byte forbids it: reset`);
      return env.requestReset('low-power');
    }
    c.s.asleep = mode;
    this.rules.entered(c, mode);
    const debugged = env.wire(mode === 'stop' ? DEBUG_STOP : DEBUG_STANDBY) !== 0;
    env.note('power', `enters ${NAMES[mode]}${debugged ? ', clocked for a debugger (DBGMCU_CR)' : ''}`, {
      is: 'sleep',
      cold: mode !== 'stop',
    });
    if (mode === 'stop') {
      env.setWire(POWER_STOP, this.rules.depth?.(c) ?? 1);
      if (debugged) env.setWire(POWER_STOP, 0);
      return;
    }
    c.s.saved = this.rules.outside.flatMap((i) => [i, c.regs[i]!]);
    const kept = this.rules.keeps(c, mode);
    for (const { name, keeps } of KEPT_MEMORIES) env.setWire(keeps, kept.includes(name) ? 1 : 0);
    env.setWire(POWER_STANDBY, mode === 'shutdown' ? 2 : 1);
    if (!debugged) env.setWire(POWER_DOWN, 1);
    if (this.rules.pending(c)) this.wake(c);
  }
  private leaveStop(c: Context): void {
    if (c.s.asleep !== 'stop') return;
    c.s.asleep = 'no';
    c.env.setWire(POWER_STOP, 0);
  }
  /** Out of Standby or Shutdown: the supply returns, then the reset vector is fetched. */
  private wake(c: Context): void {
    if (c.env.due(WAKE_UP_TIMER) === Infinity) c.env.arm(WAKE_UP_TIMER, c.env.now() + (c.env.parameter('standby.wakeup.ps') ?? 0));
  }
  onTimer(c: Context): void {
    c.env.requestReset('power');
  }
  private wakeFromStandby(c: Context): void {
    if (c.s.asleep !== 'standby' && c.s.asleep !== 'shutdown') return;
    for (let i = 0; i < c.s.saved.length; i += 2) c.s.saved[i + 1] = c.regs[c.s.saved[i]!]!;
    this.wake(c);
  }
  private rtcEvent(c: Context): void {
    this.rules.rtcEvent?.(c);
    if (this.rules.rtcWakes(c)) this.wakeFromStandby(c);
  }
  private selected(c: Context, pin: WakeUpPin): boolean {
    return pin.selected?.(c) ?? true;
  }
  private pinEdge(c: Context, pin: WakeUpPin, level: number): void {
    if (!pin.enable.get(c) || level === (pin.falling?.get(c) ?? 0)) return;
    pin.flag.set(c, 1);
    this.rules.flagged?.(c);
    this.wakeFromStandby(c);
  }
  /** A pad that is at its active level when it is enabled counts as an edge (RM0090 5.4.2, EWUP). */
  enabled(c: Context, value: number, old: number): void {
    this.rules.pins.forEach((pin, i) => {
      if (!pin.enable.of(value) || pin.enable.of(old) || !this.selected(c, pin)) return;
      const level = c.env.wire(this.pads[i]!);
      if (level !== PIN_FLOATING && Math.min(level, 1) !== (pin.falling?.get(c) ?? 0)) pin.flag.set(c, 1);
    });
  }
  rtcPending(c: Context): boolean {
    return RTC_WIRES.some((wire) => c.env.wire(wire) !== 0);
  }

  /**
   * Call behind the reset of the registers. The reset that the loss of the supply is leaves the mode; the one that ends it, whatever its cause, also gives the
   * registers outside the core domain their values back, after Shutdown none.
   */
  onReset(c: Context, kind: ResetKind): void {
    if (kind === 'backup' || kind === 'gate') return;
    const entering = kind === 'system' && c.env.wire(POWER_LOST) !== 0;
    if (entering || (kind === 'system' && c.s.asleep === 'standby'))
      for (let i = 0; i < c.s.saved.length; i += 2) c.regs[c.s.saved[i]!] = c.s.saved[i + 1]!;
    if (entering) return;
    c.env.disarm(WAKE_UP_TIMER);
    Object.assign(c.s, freshSleep());
    for (const mode of [POWER_DOWN, POWER_STANDBY, POWER_STOP]) c.env.setWire(mode, 0);
  }
}
