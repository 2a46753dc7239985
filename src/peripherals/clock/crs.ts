/**
 * CRS: clock recovery system, trims HSI48 against USB SOF (or GPIO, LSE). Modelled: counter, limits, flags, automatic trimming, SYNCSRC = USB SOF, LSE and GPIO,
 * SWSYNC.
 *
 * Facts: registers ST SVD; evaluation by FELIM, 3 x FELIM and 128 x FELIM, TRIM steps of 0, 1 and 2, and the flags: RM CRS chapter, ST HAL
 * rcc_ex.c (documented). A capture at exactly zero counts as upward (assumed).
 *
 * Wires: listens to `usb.sof` (each change is a start of frame) and `crs.sync` (rising edge of the pin); drives `crs.trim` = TRIM minus its centre, so that RCC can
 * follow. With an oscillator at 0 ppm and TRIM at its reset value the 48 MHz are exact and TRIM stays.
 */
import type { ModelFactory, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { CRS_SYNC, CRS_TRIM, USB_SOF } from '../wires.ts';

export interface CrsOptions {
  /** Name of the trimmed clock. */
  readonly clock: string;
  /** SYNCSRC of the USB block whose start of frame drives `usb.sof`. */
  readonly usbSource: number;
}
const SYNC_GPIO = 0;
const SYNC_LSE = 1;
const LSE = 'lse';
const SYNC_USB = 2;

interface State {
  /** Clock count at the last SYNC that reloaded the counter; -1 = the counter has not started. */
  start: number;
  /** SYNC signals since the last one that passed SYNCDIV. */
  divided: number;
}
type Context = RegisterContext<State>;

export const crs: ModelFactory<Partial<CrsOptions>> = (layout, given): RegisterModel<State> => {
  const { clock = 'hsi48', usbSource = SYNC_USB } = given;
  const CR = layout.reg('CR');
  const CFGR = layout.reg('CFGR');
  const ISR = layout.reg('ISR');
  const ICR = layout.reg('ICR');
  const field = (name: string) => layout.field(name);
  const CEN = field('CR.CEN');
  const AUTOTRIMEN = field('CR.AUTOTRIMEN');
  const SWSYNC = field('CR.SWSYNC');
  const TRIM = field('CR.TRIM');
  const RELOAD = field('CFGR.RELOAD');
  const FELIM = field('CFGR.FELIM');
  const SYNCDIV = field('CFGR.SYNCDIV');
  const SYNCSRC = field('CFGR.SYNCSRC');
  const [SYNCOKF, SYNCWARNF, ERRF, ESYNCF] = ['SYNCOKF', 'SYNCWARNF', 'ERRF', 'ESYNCF'].map((n) => field(`ISR.${n}`)) as [F, F, F, F];
  const [SYNCERR, SYNCMISS, TRIMOVF] = ['SYNCERR', 'SYNCMISS', 'TRIMOVF'].map((n) => field(`ISR.${n}`)) as [F, F, F];
  type F = typeof CEN;
  const FEDIR = field('ISR.FEDIR');
  const FECAP = field('ISR.FECAP');
  const CENTRE = (TRIM.max + 1) / 2;
  const ENABLES = 0xf; // CR and ISR and ICR have SYNCOK, SYNCWARN, ERR, ESYNC in the same four bits

  const outRange = (c: Context): number => FELIM.get(c) * 128;
  const driveIrq = (c: Context): void => c.env.irq(0, (c.get(CR) & c.get(ISR) & ENABLES) !== 0);
  /** By the masks of flags: it happens in each frame. */
  const raise = (c: Context, flags: number): void => {
    const before = c.get(ISR);
    if ((before & flags) === flags) return;
    c.put(ISR, before | flags);
    driveIrq(c);
  };
  const armAll = (c: Context): void => {
    const running = CEN.get(c) && c.s.start >= 0;
    const at = (ticks: number): number => (running ? c.env.clockTimeOf(clock, c.s.start + ticks) : Infinity);
    c.env.arm('expected', running && !ESYNCF.get(c) ? at(RELOAD.get(c) + 1) : Infinity);
    c.env.arm('miss', at(RELOAD.get(c) + 1 + outRange(c)));
  };
  const trimBy = (c: Context, step: number): void => {
    if (!AUTOTRIMEN.get(c) || step === 0) return;
    const want = TRIM.get(c) + step;
    const got = Math.min(TRIM.max, Math.max(0, want));
    if (got !== want) raise(c, TRIMOVF.mask | ERRF.mask);
    TRIM.set(c, got);
    c.env.setWire(CRS_TRIM, got - CENTRE);
  };
  /** A SYNC event: captures the counter, judges it, reloads. */
  const sync = (c: Context): void => {
    const { s } = c;
    const now = c.env.clockCount(clock);
    if (s.start >= 0) {
      // Counts down from RELOAD to 0, then up.
      const left = RELOAD.get(c) - (now - s.start - 1);
      const size = Math.abs(left);
      const up = left <= 0;
      const captured = (Math.min(size, 0xffff) << FECAP.bit) | ((up ? 0 : 1) << FEDIR.bit);
      c.put(ISR, (c.get(ISR) & ~(FECAP.mask | FEDIR.mask)) | captured);
      const limit = FELIM.get(c);
      // Upward: the clock is fast, so TRIM goes down.
      const sign = up ? -1 : 1;
      if (size < limit) raise(c, SYNCOKF.mask);
      else if (size < 3 * limit) {
        raise(c, SYNCOKF.mask);
        trimBy(c, sign);
      } else if (size < outRange(c)) {
        raise(c, SYNCWARNF.mask);
        trimBy(c, 2 * sign);
      } else if (!up) raise(c, SYNCERR.mask | ERRF.mask);
    }
    s.start = now;
    armAll(c);
  };
  /** Of LSE only the edges that pass SYNCDIV are events. */
  const followLse = (c: Context): void => {
    const follows = CEN.get(c) && SYNCSRC.get(c) === SYNC_LSE;
    c.env.arm('lse', follows ? c.env.clockTimeOf(LSE, c.env.clockCount(LSE) + 2 ** SYNCDIV.get(c)) : Infinity);
  };
  const signal = (c: Context): void => {
    if (!CEN.get(c)) return;
    if (++c.s.divided < 2 ** SYNCDIV.get(c)) return;
    c.s.divided = 0;
    sync(c);
  };

  return {
    timers: ['expected', 'miss', 'lse'],
    background: ['expected', 'miss', 'lse'],
    wires: [USB_SOF, CRS_SYNC],
    clocks: [clock, LSE],
    drives: () => [CRS_TRIM],
    about: { source: 'RM chapter CRS, ST HAL rcc_ex.c', confidence: 'documented', lacks: [] },
    modelled: 'all',
    // TRIM starts at its centre. ST's H533 SVD has 0x4000, the value of a 7-bit TRIM, beside a 6-bit field; H563's has 0x2000.
    resets: { CR: CENTRE << TRIM.bit },
    create: () => ({ start: -1, divided: 0 }),
    onReset(c) {
      c.s.start = -1;
      c.s.divided = 0;
      c.env.disarm('expected');
      c.env.disarm('miss');
      c.env.disarm('lse');
      c.env.setWire(CRS_TRIM, 0);
      c.env.irq(0, false);
    },
    onClock(c, changed) {
      if (changed === LSE) followLse(c);
      else armAll(c);
    },
    onWire(c, wire, value) {
      const source = SYNCSRC.get(c);
      if (wire === USB_SOF ? source === usbSource : source === SYNC_GPIO && value !== 0) signal(c);
    },
    onTimer(c, timer) {
      if (timer === 'expected') return raise(c, ESYNCF.mask);
      if (timer === 'lse') {
        sync(c);
        return followLse(c);
      }
      c.s.start = -1; // the counter stops until the next SYNC
      raise(c, SYNCMISS.mask | ERRF.mask);
      armAll(c);
    },
    write(c, r, merged, raw) {
      if (r === ISR) return c.get(ISR);
      if (r === ICR) {
        let isr = c.get(ISR) & ~(raw & ENABLES);
        if (raw & ERRF.mask) isr &= ~(SYNCERR.mask | SYNCMISS.mask | TRIMOVF.mask);
        c.put(ISR, isr);
        return 0;
      }
      if (r === CFGR && CEN.get(c)) {
        c.env.note('guest', 'CRS_CFGR written while CEN = 1: write lost', { is: 'lost', why: 'running' });
        return c.get(r);
      }
      if (r !== CR) return merged;
      // TRIM is the hardware's while AUTOTRIMEN is set.
      return AUTOTRIMEN.of(c.get(CR)) && AUTOTRIMEN.of(merged) ? (merged & ~TRIM.mask) | (c.get(CR) & TRIM.mask) : merged;
    },
    wrote(c, r, value, old) {
      if (r === CR) {
        if (!CEN.of(value)) c.s.start = -1;
        c.env.setWire(CRS_TRIM, TRIM.of(value) - CENTRE);
        if (SWSYNC.of(value)) {
          SWSYNC.set(c, 0); // cleared by hardware
          if (CEN.of(value)) sync(c);
        }
        if (CEN.of(value) !== CEN.of(old)) {
          armAll(c);
          followLse(c);
        }
      } else if (r === ICR) armAll(c);
      driveIrq(c);
    },
  };
};
