/**
 * WWDG: window watchdog. Modelled: all registers.
 *
 * Facts: clock PCLK/(4096 x 2^WDGTB), reset when T6 falls or when CR is refreshed above the window, EWIF at 0x40: ST HAL wwdg.c and RM (documented).
 * WDGTB has three bits (two in version 1). The counter runs freely, also before WDGA (documented); that it starts from 0x7F with the block's
 * clock and that the prescaler is not restarted by a write to CR is inferred.
 *
 * Wires: listens to `wwdg.hardware` (option byte WWDG_SW = 0): WDGA is set from reset on.
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { WWDG_HARDWARE } from '../wires.ts';

export interface WwdgOptions {
  /** Name of the APB clock. */
  readonly clock: string;
  /** Constant divider before WDGTB. */
  readonly divider: number;
}
const DEFAULTS: WwdgOptions = { clock: 'pclk1', divider: 4096 };

interface State {
  /** T was `value` when the APB clock had counted `phase` edges; a prescaler period began there. */
  value: number;
  phase: number;
  /** The counter stands still: block clock off. */
  gated: number;
  /** APB clocks into the prescaler period when it stopped. */
  rest: number;
}
const fresh = (): State => ({ value: 0x7f, phase: 0, gated: 0, rest: 0 });
type Context = RegisterContext<State>;

export const wwdgV2: ModelFactory<Partial<WwdgOptions>> = (layout, given): RegisterModel<State> => {
  const o: WwdgOptions = { ...DEFAULTS, ...given };
  const CR = layout.reg('CR');
  const CFR = layout.reg('CFR');
  const SR = layout.reg('SR');
  const T = layout.field('CR.T');
  const WDGA = layout.field('CR.WDGA');
  const W = layout.field('CFR.W');
  const EWI = layout.field('CFR.EWI');
  const WDGTB = layout.field('CFR.WDGTB');
  const EWIF = layout.field('SR.EWIF');

  const period = (c: Context): number => o.divider * 2 ** WDGTB.get(c);
  const elapsed = (c: Context): number => c.env.clockCount(o.clock) - c.s.phase;
  const counter = (c: Context): number => (c.s.gated ? c.s.value : (c.s.value - (Math.floor(elapsed(c) / period(c)) % 128) + 128) % 128);
  /** Moves the anchor to the last whole prescaler period. */
  const settle = (c: Context): void => {
    if (c.s.gated) return;
    const p = period(c);
    const steps = Math.floor(elapsed(c) / p);
    c.s.value = counter(c);
    c.s.phase += steps * p;
  };
  const armAll = (c: Context): void => {
    const { s, env } = c;
    const when = (steps: number): number => env.clockTimeOf(o.clock, s.phase + steps * period(c));
    if (s.gated || !WDGA.get(c)) {
      env.disarm('timeout');
      env.disarm('early');
      return;
    }
    env.arm('timeout', when(s.value - 0x3f));
    env.arm('early', s.value > 0x40 ? when(s.value - 0x40) : Infinity);
  };
  const driveIrq = (c: Context): void => c.env.irq(0, EWIF.get(c) !== 0 && EWI.get(c) !== 0);
  const startByOption = (c: Context): void => {
    if (!c.env.wire(WWDG_HARDWARE)) return;
    settle(c);
    WDGA.set(c, 1);
    armAll(c);
  };
  const bite = (c: Context, why: string): void => {
    c.env.note('guest', `WWDG: ${why}`);
    c.env.requestReset('wwdg');
  };

  return {
    timers: ['timeout', 'early'],
    wires: [WWDG_HARDWARE],
    clocks: [o.clock],
    about: { source: 'RM chapters WWDG, ST HAL wwdg.c', confidence: 'documented', lacks: ['freezing in debug'] },
    modelled: 'all',
    create: fresh,
    published: (c) => ({ running: WDGA.get(c) === 1, due: c.env.due('timeout') }),
    onReset(c) {
      Object.assign(c.s, fresh());
      c.s.phase = c.env.clockCount(o.clock);
      c.s.gated = c.env.clocked() ? 0 : 1;
      c.env.disarm('timeout');
      c.env.disarm('early');
      c.env.irq(0, false);
      startByOption(c);
    },
    onWire: startByOption,
    onClock: armAll,
    onGate(c, on) {
      if (on) {
        c.s.phase = c.env.clockCount(o.clock) - c.s.rest;
        c.s.gated = 0;
      } else {
        settle(c);
        c.s.rest = elapsed(c);
        c.s.gated = 1;
      }
      armAll(c);
    },
    onTimer(c, timer) {
      if (timer === 'timeout') return bite(c, 'counter passed 0x40');
      EWIF.set(c, 1);
      driveIrq(c);
    },
    read: (c, r, value) => (r === CR ? (value & ~T.mask) | counter(c) : value),
    write(c, r, merged, raw, lanes) {
      settle(c);
      if (r === SR) return (c.get(SR) & (raw | ~lanes)) >>> 0;
      if (r === CFR) return merged | (c.get(CFR) & EWI.mask); // EWI: set only
      const kept = WDGA.get(c);
      const { value } = c.s;
      if (kept && value > W.get(c)) bite(c, `refreshed at 0x${value.toString(16)}, above its window 0x${W.get(c).toString(16)}`);
      else if ((kept || WDGA.of(raw)) && T.of(raw) < 0x40) bite(c, 'CR written with T6 = 0');
      c.s.value = T.of(merged);
      return kept ? merged | WDGA.mask : merged; // WDGA: set only
    },
    wrote(c, r) {
      if (r === SR || r === CFR) driveIrq(c);
      armAll(c);
    },
  };
};
