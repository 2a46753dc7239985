/**
 * IWDG: independent watchdog. Modelled: all registers, the clock-domain crossing of PR, RLR, WINR and EWCR, window, early wake-up interrupt. Earlier versions of the IP (no EWCR, no ONF, dividers up to 256) work with other options.
 *
 * Facts: registers ST SVD (documented). Update takes up to 5 LSI periods and then lasts to the next prescaled edge: ST's H5 HAL (documented).
 * With the watchdog off an update never ends: AN2606 4.8 (documented); that this goes for all four flags is inferred (one clock serves them).
 * Timeout = (RL + 1) x divider LSI periods and a reload restarts the prescaler: RM table of timeouts (documented) / inferred. EWIF at
 * count <= EWIT - 1: RM0456 61 (documented). The counter itself takes reloads at once, without the two or three LSI periods of real silicon (assumed).
 *
 * Frozen in Stop or Standby where the option bytes say so, off in Shutdown: RM0351 IWDG, DS10198 (documented); its registers can be written all the same.
 *
 * Wires: drives `lsi.request` = 1 while running (RCC keeps the LSI on); listens to `iwdg.hardware` (option byte IWDG_SW = 0): starts by itself; `power.stop`,
 * `power.standby` (PWR), `iwdg.freeze.stop`, `iwdg.freeze.standby` (option bytes).
 */
import type { ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { IWDG_FREEZE_STANDBY, IWDG_FREEZE_STOP, POWER_STANDBY, POWER_STOP } from '../wires.ts';
import { wire } from '../../emu/wires.ts';

export const IWDG_KEY_RELOAD = 0xaaaa;
export const IWDG_KEY_UNLOCK = 0x5555;
export const IWDG_KEY_START = 0xcccc;

export interface IwdgOptions {
  /** Name of the kernel clock. */
  readonly clock: string;
  /** Kernel clocks until a written value has crossed into the watchdog's clock domain. */
  readonly syncTicks: number;
  /** The update then waits for an edge of the prescaled clock. */
  readonly syncToPrescaler: boolean;
  /** Divider by PR; values past the end use the last one. */
  readonly dividers: readonly number[];
  /** Names of the wires towards RCC and from FLASH, for chips with two of these. */
  readonly requestWire: string;
  readonly hardwareWire: string;
}
const DEFAULTS: IwdgOptions = {
  requestWire: 'lsi.request',
  hardwareWire: 'iwdg.hardware',
  clock: 'lsi',
  syncTicks: 5,
  syncToPrescaler: true,
  dividers: [4, 8, 16, 32, 64, 128, 256, 512, 1024],
};

const PVU = 1 << 0;
const RVU = 1 << 1;
const WVU = 1 << 2;
const EWU = 1 << 3;
const ONF = 1 << 8;
const EWIF = 1 << 14;
const UPDATES = [PVU, RVU, WVU, EWU] as const;
const TIMERS = ['update', 'timeout', 'early'];
const POWER_WIRES = [POWER_STOP, POWER_STANDBY, IWDG_FREEZE_STOP, IWDG_FREEZE_STANDBY];
/** Value of `power.standby`. */
const SHUTDOWN = 2;

interface State {
  unlocked: number;
  running: number;
  /** Values as the watchdog's clock domain sees them. */
  pr: number;
  rl: number;
  win: number;
  ew: number;
  /** The counter was `value` when the kernel clock had counted `phase` edges. */
  value: number;
  phase: number;
  /** The early wake-up of this countdown has happened. */
  warned: number;
  /** The counter stands still. */
  frozen: number;
  /** Kernel clock count at which each update in UPDATES ends, -1 = none or clock not running. */
  ends: number[];
}
const fresh = (): State => ({
  unlocked: 0,
  running: 0,
  pr: 0,
  rl: 0xfff,
  win: 0xfff,
  ew: 0,
  value: 0xfff,
  phase: 0,
  warned: 0,
  frozen: 0,
  ends: [-1, -1, -1, -1],
});
type Context = RegisterContext<State>;

export const iwdgV3: ModelFactory<Partial<IwdgOptions>> = (layout, given): RegisterModel<State> => {
  const o: IwdgOptions = { ...DEFAULTS, ...given };
  const KR = layout.reg('KR');
  const PR = layout.reg('PR');
  const RLR = layout.reg('RLR');
  const SR = layout.reg('SR');
  const WINR = layout.has('WINR') ? layout.reg('WINR') : null;
  const EWCR = layout.has('EWCR') ? layout.reg('EWCR') : null;
  const EWIT = EWCR ? layout.field('EWCR.EWIT') : null;
  const EWIE = EWCR ? layout.field('EWCR.EWIE') : null;
  const EWIC = EWCR ? layout.field('EWCR.EWIC') : null;
  const hasOnf = layout.hasField('SR.ONF');

  const divider = (s: State): number => o.dividers[Math.min(s.pr, o.dividers.length - 1)]!;
  const counter = (c: Context): number =>
    c.s.frozen ? c.s.value : Math.max(0, c.s.value - Math.floor((c.env.clockCount(o.clock) - c.s.phase) / divider(c.s)));

  /** The counter goes on from `value` with a fresh prescaler period. */
  const goOnFrom = (c: Context, value: number): void => {
    c.s.value = value;
    c.s.phase = c.env.clockCount(o.clock);
  };
  const load = (c: Context, value: number): void => {
    goOnFrom(c, value);
    c.s.warned = 0;
  };
  const armAll = (c: Context): void => {
    const { s, env } = c;
    if (!s.running || s.frozen) return;
    const at = (count: number): number => env.clockTimeOf(o.clock, count);
    const ends = s.ends.filter((n) => n >= 0);
    env.arm('update', ends.length ? at(Math.min(...ends)) : Infinity);
    env.arm('timeout', at(s.phase + (s.value + 1) * divider(s)));
    const early = EWIT && EWIE && EWIE.of(s.ew) && EWIT.of(s.ew) > 1 && !s.warned ? EWIT.of(s.ew) - 1 : -1;
    env.arm('early', early < 0 ? Infinity : at(s.phase + Math.max(0, s.value - early) * divider(s)));
  };
  /** Stop and Standby, as the option bytes want it. */
  const followPower = (c: Context): void => {
    const { s, env } = c;
    const frozen =
      (env.wire(POWER_STOP) !== 0 && env.wire(IWDG_FREEZE_STOP) !== 0) ||
      (env.wire(POWER_STANDBY) !== 0 && env.wire(IWDG_FREEZE_STANDBY) !== 0);
    if (s.frozen === (frozen ? 1 : 0)) return;
    const value = counter(c);
    s.frozen = frozen ? 1 : 0;
    goOnFrom(c, value);
    for (const t of TIMERS) if (frozen) env.disarm(t);
    armAll(c);
  };
  const beginUpdate = (c: Context, index: number): void => {
    c.put(SR, c.get(SR) | UPDATES[index]!);
    if (c.s.running) c.s.ends[index] = endOfUpdate(c);
    armAll(c);
  };
  const endOfUpdate = (c: Context): number => {
    const end = c.env.clockCount(o.clock) + o.syncTicks;
    if (!o.syncToPrescaler) return end;
    const d = divider(c.s);
    return c.s.phase + Math.ceil((end - c.s.phase) / d) * d;
  };
  const finishUpdates = (c: Context): void => {
    const { s } = c;
    const now = c.env.clockCount(o.clock);
    UPDATES.forEach((flag, i) => {
      if (s.ends[i]! < 0 || s.ends[i]! > now) return;
      s.ends[i] = -1;
      if (flag === PVU) {
        goOnFrom(c, counter(c));
        s.pr = c.get(PR);
      } else if (flag === RVU) s.rl = c.get(RLR);
      else if (flag === WVU) s.win = c.get(WINR!);
      else s.ew = c.get(EWCR!);
      c.put(SR, c.get(SR) & ~flag);
    });
  };
  const [request, hardware] = [wire(o.requestWire), wire(o.hardwareWire)];
  const driveIrq = (c: Context): void => c.env.irq(0, (c.get(SR) & EWIF) !== 0 && EWIE !== null && EWIE.of(c.s.ew) !== 0);
  const start = (c: Context): void => {
    const { s } = c;
    if (s.running) return;
    s.running = 1;
    c.env.setWire(request, 1);
    if (hasOnf) c.put(SR, c.get(SR) | ONF);
    load(c, 0xfff);
    UPDATES.forEach((flag, i) => {
      if (c.get(SR) & flag) s.ends[i] = endOfUpdate(c);
    });
    armAll(c);
  };
  const switchOff = (c: Context): void => {
    Object.assign(c.s, fresh());
    for (const t of TIMERS) c.env.disarm(t);
    c.env.setWire(request, 0);
    c.env.irq(0, false);
  };
  const reload = (c: Context): void => {
    const { s } = c;
    if (!s.running) return;
    // a main loop refreshes more often than this clock ticks
    if (s.frozen === 0 && s.phase === c.env.clockCount(o.clock) && s.value === s.rl && s.rl <= s.win && s.warned === 0) return;
    if (counter(c) > s.win) {
      c.env.note('guest', `IWDG refreshed at ${counter(c)}, above its window ${s.win}`);
      c.env.requestReset('iwdg');
      return;
    }
    load(c, s.rl);
    armAll(c);
  };
  /** Why a write to a protected register is lost, or null. */
  const refusal = (c: Context, r: Register, flag: number): string | null => {
    if (!c.s.unlocked) return `${r.name} written while locked; write 0x5555 to IWDG_KR first`;
    if (c.get(SR) & flag) return `${r.name} written while its update is going on (IWDG_SR = 0x${c.get(SR).toString(16)})`;
    return null;
  };
  const flagOf = (r: Register): number => (r === PR ? PVU : r === RLR ? RVU : r === WINR ? WVU : EWU);

  return {
    timers: TIMERS,
    wires: [hardware, ...POWER_WIRES],
    clocks: [o.clock],
    about: { source: 'RM chapters IWDG, HAL-H5, AN2606 4.8', confidence: 'documented', lacks: ['freezing in debug'] },
    modelled: 'all',
    create: fresh,
    published: (c) => ({ running: c.s.running === 1, due: c.env.due('timeout') }),
    onReset(c) {
      switchOff(c);
      if (c.env.wire(hardware)) start(c);
    },
    onWire(c, changed, value) {
      if (changed === hardware) {
        if (value) start(c);
      } else if (changed === POWER_STANDBY && value === SHUTDOWN) switchOff(c);
      else followPower(c);
    },
    onClock: armAll,
    onTimer(c, timer) {
      if (timer === 'timeout') return c.env.requestReset('iwdg');
      if (timer === 'update') finishUpdates(c);
      else {
        c.s.warned = 1;
        c.put(SR, c.get(SR) | EWIF);
        driveIrq(c);
      }
      armAll(c);
    },
    live: [],
    // A window or an early wake-up makes the moment of each refresh count.
    repeats: ({ s }, r, raw) => r === KR && raw === IWDG_KEY_RELOAD && s.unlocked === 0 && s.warned === 0 && s.win >= s.rl,
    // While an update is going on the register still shows the value in the watchdog's clock domain.
    read(c, r, value) {
      const pending = (c.get(SR) & flagOf(r)) !== 0;
      if (r === PR && pending) return c.s.pr;
      if (r === RLR && pending) return c.s.rl;
      if (r === WINR && pending) return c.s.win;
      if (r === EWCR) return (pending ? c.s.ew : value) & ~EWIC!.mask;
      return value;
    },
    write(c, r, merged, raw) {
      if (r === KR) {
        c.s.unlocked = raw === IWDG_KEY_UNLOCK ? 1 : 0;
        if (raw === IWDG_KEY_START) start(c);
        else if (raw === IWDG_KEY_RELOAD) reload(c);
        return 0;
      }
      if (r === SR) return c.get(SR);
      if (r === EWCR && EWIC!.of(raw)) {
        c.put(SR, c.get(SR) & ~EWIF);
        driveIrq(c);
      }
      const why = refusal(c, r, flagOf(r));
      if (why === null) return r === EWCR ? merged & ~EWIC!.mask : merged;
      // An acknowledge needs no key.
      if (!(r === EWCR && EWIC!.of(raw))) c.env.note('guest', `IWDG_${why}`, { is: 'lost', why: c.s.unlocked ? 'running' : 'protected' });
      return c.get(r);
    },
    wrote(c, r) {
      if (r === KR || r === SR || refusal(c, r, flagOf(r)) !== null) return;
      // A write of the window also refreshes the counter (RM), if no update is going on.
      if (r === WINR && c.s.running && (c.get(SR) & (PVU | RVU)) === 0) load(c, c.s.rl);
      beginUpdate(c, UPDATES.indexOf(flagOf(r) as (typeof UPDATES)[number]));
    },
  };
};
