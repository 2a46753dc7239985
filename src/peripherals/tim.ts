/**
 * TIM: basic and general-purpose timers (and the time base of the advanced ones). Modelled: counting up and down, prescaler, auto-reload and repetition with their
 * preloads, one-pulse mode, update and output-compare flags and interrupts, EGR, capture of clocks inside the chip (tim-capture.ts).
 *
 * Facts: registers ST SVD; time base and preload rules: RM general-purpose timer chapter (documented). CEN acts one kernel clock later: RM (documented).
 *
 * Nothing polls: the state is what it was at kernel clock count `anchor` and is brought up to now on each access. A timer is armed only for an
 * interrupt that is enabled and not yet pending.
 */
import { clonePlain } from '../emu/component.ts';
import { RegisterContext, type Layout, type ModelFactory, type Register, type RegisterModel } from '../emu/registers.ts';
import { captureState, inputCapture, type CaptureOptions, type CaptureState } from './tim-capture.ts';

export interface TimOptions {
  readonly block: string;
  /** Name of the kernel clock. */
  readonly clock: string;
  /** Width of the counter. */
  readonly bits: 16 | 32;
  /** Index into the row's `irqs` for each kind of event. */
  readonly irqs: { readonly update: number; readonly cc: number; readonly trigger: number; readonly brk: number };
  /** Clocks inside the chip that channel 1 can capture. */
  readonly capture?: CaptureOptions;
}
const DEFAULTS: TimOptions = { block: 'TIM', clock: 'timpclk1', bits: 16, irqs: { update: 0, cc: 0, trigger: 0, brk: 0 } };

// SR, DIER and EGR have the same events in the same bits.
const UPDATE = 1 << 0;
const COM = 1 << 5;
const TRIGGER = 1 << 6;
const BREAK = 1 << 7;
const CC = 0x1e;
const EVENTS = UPDATE | CC | COM | TRIGGER | BREAK;
const CC1IF = 1 << 1;
const CC1OF = 1 << 9;
const ccBit = (channel: number): number => 2 << channel;

interface State extends CaptureState {
  /** Counter, position in the prescaler period and repetition counter at kernel clock count `anchor`. */
  cnt: number;
  sub: number;
  rep: number;
  anchor: number;
  /** Values in use; the registers hold the preloads. */
  psc: number;
  arr: number;
  ccr: number[];
  /** The counter stands still: block clock off. */
  gated: number;
}
type Context = RegisterContext<State>;

export const tim: ModelFactory = (layout: Layout, given): RegisterModel<State> => {
  const o: TimOptions = { ...DEFAULTS, ...(given as Partial<TimOptions>) };
  const MAX = o.bits === 32 ? 0xffffffff : 0xffff;
  const CR1 = layout.reg('CR1');
  const DIER = layout.reg('DIER');
  const SR = layout.reg('SR');
  const EGR = layout.reg('EGR');
  const CNT = layout.reg('CNT');
  const PSC = layout.reg('PSC');
  const ARR = layout.reg('ARR');
  const RCR = layout.has('RCR') ? layout.reg('RCR') : null;
  const CEN = layout.field('CR1.CEN');
  const UDIS = layout.field('CR1.UDIS');
  const URS = layout.field('CR1.URS');
  const OPM = layout.hasField('CR1.OPM') ? layout.field('CR1.OPM') : null;
  const ARPE = layout.field('CR1.ARPE');
  const DIR = layout.hasField('CR1.DIR') ? layout.field('CR1.DIR') : null;
  const CMS = layout.hasField('CR1.CMS') ? layout.field('CR1.CMS') : null;
  const UIFREMAP = layout.hasField('CR1.UIFREMAP') ? layout.field('CR1.UIFREMAP') : null;
  const capture = o.capture ? inputCapture(layout, o.capture, o.clock) : null;
  const ccrs: Register[] = [];
  for (let i = 1; i <= 4 && layout.has(`CCR${i}`); i++) ccrs.push(layout.reg(`CCR${i}`));
  // The register has two views, named differently by each SVD: found by offset.
  const ccmrs = ccrs.map((_, i) => layout.at(0x18 + 4 * (i >> 1)) ?? null);

  const ccmrByte = (c: Context, i: number): number => (ccmrs[i] ? (c.get(ccmrs[i]) >>> (8 * (i & 1))) & 0xff : 0);
  const isOutput = (c: Context, i: number): boolean => (ccmrByte(c, i) & 3) === 0;
  const isPreloaded = (c: Context, i: number): boolean => (ccmrByte(c, i) & 8) !== 0;
  const down = (c: Context): boolean => DIR !== null && DIR.get(c) !== 0 && (CMS === null || CMS.get(c) === 0);
  const running = (c: Context): boolean => CEN.get(c) !== 0 && !c.s.gated && c.s.arr !== 0; // ARR = 0 blocks the counter
  const flag = (c: Context, bits: number): void => c.put(SR, c.get(SR) | bits);

  const loadPreloads = (c: Context): void => {
    c.s.psc = c.get(PSC);
    c.s.arr = (c.get(ARR) & MAX) >>> 0;
    ccrs.forEach((r, i) => (c.s.ccr[i] = (c.get(r) & MAX) >>> 0));
  };
  /** Registers without preload act at once. */
  const followRegisters = (c: Context): void => {
    if (!ARPE.get(c)) c.s.arr = (c.get(ARR) & MAX) >>> 0;
    ccrs.forEach((r, i) => {
      if (!isPreloaded(c, i)) c.s.ccr[i] = (c.get(r) & MAX) >>> 0;
    });
  };
  const steady = (c: Context): boolean =>
    UDIS.get(c) !== 0 ||
    (!OPM?.get(c) &&
      c.s.psc === c.get(PSC) &&
      c.s.arr === (c.get(ARR) & MAX) >>> 0 &&
      ccrs.every((r, i) => c.s.ccr[i] === (c.get(r) & MAX) >>> 0));

  /** Sets the flags of the channels whose compare value lies in [from, to]. */
  const compare = (c: Context, from: number, to: number): void => {
    let bits = 0;
    for (let i = 0; i < ccrs.length; i++) {
      const value = c.s.ccr[i]!;
      if (value >= from && value <= to && isOutput(c, i)) bits |= ccBit(i);
    }
    if (bits) flag(c, bits);
  };
  /** Counter steps until the counter wraps. */
  const stepsToWrap = (c: Context): number => {
    const { cnt, arr } = c.s;
    if (down(c)) return cnt + 1;
    return cnt <= arr ? arr - cnt + 1 : MAX - cnt + 1;
  };
  const updateEvent = (c: Context): void => {
    if (UDIS.get(c)) return;
    if (c.s.rep > 0) {
      c.s.rep--;
      return;
    }
    c.s.rep = RCR ? c.get(RCR) : 0;
    loadPreloads(c);
    flag(c, UPDATE);
    if (OPM?.get(c)) CEN.set(c, 0);
  };
  const wrap = (c: Context): void => {
    const { s } = c;
    if (down(c)) {
      if (s.cnt > 0) compare(c, 0, s.cnt - 1);
      updateEvent(c);
      s.cnt = s.arr; // already the new one
      compare(c, s.cnt, s.cnt);
      return;
    }
    const overflow = s.cnt <= s.arr;
    compare(c, s.cnt + 1, MAX); // beyond ARR: flagged at the overflow
    s.cnt = 0;
    if (overflow) updateEvent(c);
    compare(c, 0, 0);
  };
  /** Whole periods at once, when each is like the last; returns the kernel clocks left. */
  const skipPeriods = (c: Context, ticks: number): number => {
    const { s } = c;
    const period = (s.arr + 1) * (s.psc + 1);
    const periods = Math.floor(ticks / period);
    if (periods === 0 || !steady(c)) return ticks;
    compare(c, 0, down(c) ? s.arr : MAX);
    if (!UDIS.get(c)) {
      const every = (RCR ? c.get(RCR) : 0) + 1;
      if (periods > s.rep) {
        s.rep = every - 1 - ((periods - s.rep - 1) % every);
        flag(c, UPDATE);
      } else s.rep -= periods;
    }
    return ticks - periods * period;
  };
  /** Brings the counter up to now. */
  const count = (c: Context): void => {
    const { s } = c;
    const now = c.env.clockCount(o.clock);
    let ticks = now - s.anchor;
    if (ticks <= 0) return;
    s.anchor = now;
    while (running(c)) {
      const toWrap = stepsToWrap(c) * (s.psc + 1) - s.sub;
      if (ticks < toWrap) {
        const total = s.sub + ticks;
        const steps = Math.floor(total / (s.psc + 1));
        s.sub = total - steps * (s.psc + 1);
        if (steps === 0) return;
        if (down(c)) compare(c, s.cnt - steps, s.cnt - 1);
        else compare(c, s.cnt + 1, s.cnt + steps);
        s.cnt += down(c) ? -steps : steps;
        return;
      }
      ticks -= toWrap;
      s.sub = 0;
      wrap(c);
      if (running(c)) ticks = skipPeriods(c, ticks);
    }
  };

  /** Takes the counter's value at the newest edge that has come; the counter counts up. */
  const captureEdge = (c: Context): void => {
    const edge = capture?.edge(c);
    if (!edge) return;
    const { s } = c;
    const period = (s.arr + 1) * (s.psc + 1);
    const position = s.cnt * (s.psc + 1) + s.sub - (running(c) ? edge.ago : 0);
    const at = Math.floor((((position % period) + period) % period) / (s.psc + 1));
    const over = edge.several || (c.get(SR) & CC1IF) !== 0;
    c.put(ccrs[0]!, at);
    flag(c, CC1IF | (over ? CC1OF : 0));
  };
  /** Brings the state up to now. */
  const advance = (c: Context): void => {
    count(c);
    captureEdge(c);
  };

  const driveIrqs = (c: Context): void => {
    const pending = c.get(SR) & c.get(DIER) & EVENTS;
    const lines = new Map<number, boolean>();
    const add = (line: number, bits: number): void => void lines.set(line, lines.get(line) === true || (pending & bits) !== 0);
    add(o.irqs.update, UPDATE);
    add(o.irqs.cc, CC);
    add(o.irqs.trigger, TRIGGER | COM);
    add(o.irqs.brk, BREAK);
    for (const [line, level] of lines) c.env.irq(line, level);
  };
  /** Arms the next moment at which an interrupt may rise. */
  const armNext = (c: Context): void => {
    const { s } = c;
    const wanted = c.get(DIER) & ~c.get(SR) & (UPDATE | CC);
    if (!running(c) || !wanted) return c.env.disarm('next');
    let steps = Infinity;
    if (wanted & UPDATE && !UDIS.get(c)) steps = stepsToWrap(c);
    for (let i = 0; i < ccrs.length; i++) {
      if (!(wanted & ccBit(i)) || !isOutput(c, i)) continue;
      const ahead = down(c) ? s.cnt - s.ccr[i]! : s.ccr[i]! - s.cnt;
      steps = Math.min(steps, ahead > 0 ? Math.min(ahead, stepsToWrap(c)) : stepsToWrap(c));
    }
    const counted = steps === Infinity ? Infinity : c.env.clockTimeOf(o.clock, s.anchor + steps * (s.psc + 1) - s.sub);
    c.env.arm('next', capture && wanted & CC1IF ? Math.min(counted, capture.next(c)) : counted);
  };
  const settle = (c: Context): void => {
    driveIrqs(c);
    armNext(c);
  };
  const generate = (c: Context, bits: number): void => {
    const { s } = c;
    if (bits & UPDATE) {
      s.sub = 0;
      if (!UDIS.get(c)) {
        loadPreloads(c);
        s.rep = RCR ? c.get(RCR) : 0;
        if (!URS.get(c)) flag(c, UPDATE);
      }
      s.cnt = down(c) ? s.arr : 0;
    }
    flag(c, bits & SR_EVENTS);
  };
  const SR_EVENTS = (CC | COM | TRIGGER | BREAK) & layout.reg('SR').fields.reduce((m, f) => m | (1 << f.bit), 0);
  const view = (c: Context, r: Register, value: number): number => {
    if (r !== CNT) return r === SR || r === CR1 || (r === ccrs[0] && capture) ? c.get(r) : value;
    const copy = UIFREMAP !== null && UIFREMAP.get(c) !== 0;
    return copy ? ((c.s.cnt & 0x7fffffff) | ((c.get(SR) & UPDATE) << 31)) >>> 0 : c.s.cnt;
  };
  const fresh = (): State => ({
    cnt: 0,
    sub: 0,
    rep: 0,
    anchor: 0,
    psc: 0,
    arr: MAX,
    ccr: ccrs.map(() => 0),
    gated: 0,
    ...captureState(),
  });

  return {
    // All ones of the counter's width (RM0367, RM0481, documented). SVDs before the H5's print 0, with which the counter would stand still.
    resets: { ARR: MAX },
    timers: ['next'],
    clocks: [o.clock, ...(capture?.clocks ?? [])],
    about: {
      source: 'RM chapters general-purpose timers',
      confidence: 'documented',
      lacks: [
        'centre-aligned mode (counts up)',
        'slave modes and external clocks',
        'capture of pins',
        'output pins, PWM on pins, break',
        'TRGO, DMA requests',
        'dithering',
      ],
    },
    modelled: layout.registers
      .map((r) => r.name)
      .filter((n) => capture?.registers.includes(n) || /^(CR1|DIER|SR|EGR|CNT|PSC|ARR|RCR|CCR[1-4]|CCMR[12].*)$/.test(n)),
    create: fresh,
    onReset(c) {
      Object.assign(c.s, fresh());
      c.s.anchor = c.env.clockCount(o.clock);
      c.s.gated = c.env.clocked() ? 0 : 1;
      settle(c);
    },
    onClock: armNext,
    onGate(c, on) {
      advance(c);
      c.s.gated = on ? 0 : 1;
      settle(c);
    },
    onTimer(c) {
      advance(c);
      settle(c);
    },
    // Reading a captured value clears its flag.
    acting: capture ? [ccrs[0]!.name] : [],
    read(c, r, value) {
      advance(c);
      if (r === ccrs[0] && capture?.isOpen(c)) {
        // Reading the captured value clears its flag.
        const captured = c.get(r);
        c.put(SR, c.get(SR) & ~CC1IF);
        settle(c);
        return captured;
      }
      return view(c, r, value);
    },
    peek(c, r, value) {
      const scratch = new RegisterContext<State>(clonePlain(c.s), c.regs.slice(), c.env, null);
      advance(scratch);
      return view(scratch, r, value);
    },
    write(c, r, merged, raw, lanes) {
      const before = c.get(r);
      advance(c);
      // The hardware may have cleared CEN or set flags since: merge again.
      const kept = (merged & lanes) | (c.get(r) & ~lanes);
      if (r === SR) return c.get(SR) & (raw | ~lanes);
      if (r === EGR) {
        generate(c, raw);
        return 0;
      }
      if (r === CNT) {
        c.s.cnt = (((c.s.cnt & ~lanes) | (raw & lanes)) & MAX) >>> 0;
        return before;
      }
      if (r === CR1 && CEN.of(kept) && !CEN.get(c)) c.s.anchor = c.env.clockCount(o.clock) + 1;
      return kept;
    },
    wrote(c, r, value, old) {
      if (r === CR1 && CMS?.of(value) && !CMS.of(old))
        c.env.note('gap', `${o.block}: centre-aligned mode is not modelled, the counter counts up`);
      capture?.follow(c);
      followRegisters(c);
      settle(c);
    },
  };
};
