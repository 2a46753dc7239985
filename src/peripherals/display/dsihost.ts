/**
 * DSI host and its wrapper with no panel on the link: regulator, PLL, the flags of the wrapper, FIFOs that empty at once, the end of a refresh in adapted command mode.
 *
 * Facts: registers ST SVD; wrapper RM0386 20.14 (documented). The regulator is ready and the PLL locked `READY` after they are
 * switched on (assumed; ST's driver waits a second for each); a refresh takes a frame of 60 Hz (assumed). No panel answers: what is read from it never comes.
 */
import type { Layout, ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import type { Ps } from '../../emu/time.ts';

type Ctx = RegisterContext<object>;

const READY: Ps = 100_000_000;
const FRAME: Ps = Math.round(1e12 / 60);
const WISR = { ERIF: 1 << 1, BUSY: 1 << 2, PLLLS: 1 << 8, PLLLIF: 1 << 9, PLLUIF: 1 << 10, RRS: 1 << 12, RRIF: 1 << 13 };
const FLAGS = 0x2603;
const WRPCR = { PLLEN: 1, REGEN: 1 << 24 };
const WCR = { LTDCEN: 1 << 2, DSIEN: 1 << 3 };
/** What is ready after a while: its timer, its switch, its state and the flag of its rise. */
const SWITCHED = [
  { timer: 'regulator', on: WRPCR.REGEN, state: WISR.RRS, flag: WISR.RRIF },
  { timer: 'pll', on: WRPCR.PLLEN, state: WISR.PLLLS, flag: WISR.PLLLIF },
] as const;

class DsiHost {
  readonly r: (name: string) => Register;
  constructor(layout: Layout) {
    this.r = (name) => layout.reg(name);
  }
  private status(c: Ctx, set: number, clear: number): void {
    c.put(this.r('WISR'), (c.get(this.r('WISR')) & ~clear) | set);
    c.env.irq(0, (c.get(this.r('WISR')) & c.get(this.r('WIER')) & FLAGS) !== 0);
  }
  reset(c: Ctx): void {
    for (const timer of ['regulator', 'pll', 'refresh']) c.env.disarm(timer);
    this.status(c, 0, 0);
  }
  onTimer(c: Ctx, timer: string): void {
    const ready = SWITCHED.find((s) => s.timer === timer);
    if (ready) return this.status(c, ready.state | ready.flag, 0);
    c.put(this.r('WCR'), c.get(this.r('WCR')) & ~WCR.LTDCEN);
    this.status(c, WISR.ERIF, WISR.BUSY);
  }
  private power(c: Ctx, value: number): void {
    const state = c.get(this.r('WISR'));
    for (const s of SWITCHED) {
      if (!(value & s.on)) {
        c.env.disarm(s.timer);
        this.status(c, s.state === WISR.PLLLS && state & s.state ? WISR.PLLUIF : 0, s.state);
      } else if (!(state & s.state) && c.env.due(s.timer) === Infinity) c.env.arm(s.timer, c.env.now() + READY);
    }
  }
  write(c: Ctx, r: Register, raw: number): number | void {
    if (r !== this.r('WIFCR')) return;
    this.status(c, 0, raw & FLAGS);
    return 0;
  }
  wrote(c: Ctx, r: Register, value: number, old: number): void {
    if (r === this.r('WRPCR')) this.power(c, value);
    // In adapted command mode LTDCEN asks for one refresh and falls with its end; in video mode the bit does not count.
    const command = c.get(this.r('WCFGR')) & 1 && value & WCR.DSIEN;
    if (r === this.r('WCR') && command && value & ~old & WCR.LTDCEN) {
      this.status(c, WISR.BUSY, 0);
      c.env.arm('refresh', c.env.now() + FRAME);
    }
    if (r === this.r('WIER')) this.status(c, 0, 0);
  }
}

export const dsihost: ModelFactory = (layout): RegisterModel => {
  const block = new DsiHost(layout);
  return {
    timers: ['regulator', 'pll', 'refresh'],
    about: {
      source: 'RM0386 20, RM0410 20; no panel on the link; times of the regulator, the PLL and a refresh (assumed)',
      confidence: 'assumed',
      lacks: [
        'the link and answers of a panel',
        'errors and time-outs of the host',
        'active values of shadow registers',
        'the tearing effect',
      ],
    },
    modelled: 'all',
    create: () => ({}),
    onReset: (c) => block.reset(c),
    drives: () => [],
    onTimer: (c, timer) => block.onTimer(c, timer),
    write: (c, r, _merged, raw) => block.write(c, r, raw),
    wrote: (c, r, value, old) => block.wrote(c, r, value, old),
  };
};
