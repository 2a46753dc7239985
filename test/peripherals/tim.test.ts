import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { rate } from '../../src/emu/time.ts';
import { bench, type Bench } from './bench.ts';

const EN = { TIM2: 1 << 0, TIM3: 1 << 1, TIM6: 1 << 4 };
const IRQ = { TIM2: 45, TIM3: 46, TIM6: 49, TIM1_UP: 42, TIM1_CC: 44 };
const CEN = 1;
const UDIS = 2;
const URS = 4;
const OPM = 8;
const DIR = 16;
const ARPE = 128;
const UIF = 1;

let made: Bench | undefined;
function timers(): Bench {
  const b = (made ??= bench(
    [
      {
        name: 'TIM2',
        model: 'tim',
        base: 0x40000000,
        size: 0x400,
        irqs: [45],
        clock: 'APB1LENR.TIM2EN',
        options: { clock: 'ck', bits: 32 },
      },
      {
        name: 'TIM3',
        model: 'tim',
        base: 0x40000400,
        size: 0x400,
        irqs: [46],
        clock: 'APB1LENR.TIM3EN',
        options: { clock: 'ck', bits: 16 },
      },
      {
        name: 'TIM6',
        model: 'tim',
        base: 0x40001000,
        size: 0x400,
        irqs: [49],
        clock: 'APB1LENR.TIM6EN',
        options: { clock: 'ck', bits: 16 },
      },
      {
        name: 'TIM1',
        model: 'tim',
        base: 0x40012c00,
        size: 0x400,
        irqs: [42, 41, 43, 44],
        options: { clock: 'ck', bits: 16, irqs: { update: 0, brk: 1, trigger: 2, cc: 3 } },
      },
    ],
    { ck: 32_000_000 },
  )).again();
  b.write('RCC.APB1LENR', EN.TIM2 | EN.TIM3 | EN.TIM6);
  return b;
}
/** Loads PSC and ARR with UG, clears the flag, starts; the counter's first kernel clock is the next but one. */
function start(b: Bench, tim: string, psc: number, arr: number, cr1 = 0): void {
  b.write(`${tim}.PSC`, psc);
  b.write(`${tim}.ARR`, arr);
  b.write(`${tim}.CR1`, cr1);
  b.write(`${tim}.EGR`, 1);
  b.write(`${tim}.SR`, 0);
  b.write(`${tim}.CR1`, cr1 | CEN);
}

describe('TIM time base', () => {
  it('CNT = floor((clocks - 1) / (PSC + 1)) mod (ARR + 1), up and down, however it is read', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 0xffff }),
        fc.integer({ min: 1, max: 0xffff }),
        fc.boolean(),
        fc.array(fc.integer({ min: 0, max: 3_000_000 }), { minLength: 1, maxLength: 8 }),
        (psc, arr, down, waits) => {
          const b = timers();
          start(b, 'TIM3', psc, arr, down ? DIR : 0);
          let clocks = -1; // CEN acts one kernel clock later
          for (const wait of waits) {
            b.ticks('ck', wait);
            clocks += wait;
            const steps = Math.floor(Math.max(0, clocks) / (psc + 1));
            const up = steps % (arr + 1);
            expect(b.peek('TIM3.CNT')).toBe(down ? arr - up : up);
            expect(b.read('TIM3.CNT')).toBe(down ? arr - up : up);
            expect(b.read('TIM3.SR') & UIF).toBe(steps > arr ? 1 : 0);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('the lazily computed state equals a counter stepped clock by clock', () => {
    // The oracle is the manual's counter written naively, one kernel clock a step.
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), n: fc.integer({ min: 0, max: 150 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('psc' as const, 'rcr' as const), n: fc.integer({ min: 0, max: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('arr' as const), n: fc.integer({ min: 1, max: 12 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('ccr' as const), n: fc.integer({ min: 0, max: 14 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('ug' as const, 'clear' as const), n: fc.constant(0) }) },
    );
    const small = fc.integer({ min: 0, max: 3 });
    fc.assert(
      fc.property(
        small,
        fc.integer({ min: 1, max: 12 }),
        small,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.array(step, { maxLength: 30 }),
        (psc, arr, rcr, arpe, udis, ocpe, steps) => {
          const b = timers();
          const cr1 = (arpe ? ARPE : 0) | (udis ? UDIS : 0);
          b.write('TIM1.CCMR1', ocpe ? 8 : 0);
          b.write('TIM1.RCR', rcr);
          start(b, 'TIM1', psc, arr, arpe ? ARPE : 0);
          b.write('TIM1.CR1', cr1 | CEN);
          b.ticks('ck', 1);
          const m = { cnt: 0, sub: 0, rep: rcr, psc, arr, ccr: 0, PSC: psc, ARR: arr, CCR: 0, RCR: rcr, uif: 0, ccif: 0 };
          const load = (): void => {
            m.psc = m.PSC;
            m.arr = m.ARR;
            m.ccr = m.CCR;
            m.rep = m.RCR;
          };
          const clock = (): void => {
            if (++m.sub <= m.psc) return;
            m.sub = 0;
            const overflow = m.cnt === m.arr;
            m.cnt = overflow || m.cnt === 0xffff ? 0 : m.cnt + 1;
            if (overflow && m.ccr > m.arr) m.ccif = 1;
            if (overflow && !udis) {
              if (m.rep > 0) m.rep--;
              else {
                load();
                m.uif = 1;
              }
            }
            if (m.cnt === m.ccr) m.ccif = 1;
          };
          for (const s of steps) {
            if (s.kind === 'wait') {
              b.ticks('ck', s.n);
              for (let i = 0; i < s.n; i++) clock();
            } else if (s.kind === 'ug') {
              b.write('TIM1.EGR', 1);
              m.cnt = m.sub = 0;
              if (!udis) {
                load();
                m.uif = 1;
              }
            } else if (s.kind === 'clear') {
              b.write('TIM1.SR', 0);
              m.uif = m.ccif = 0;
            } else if (s.kind === 'psc') {
              b.write('TIM1.PSC', s.n);
              m.PSC = s.n;
            } else if (s.kind === 'rcr') {
              b.write('TIM1.RCR', s.n);
              m.RCR = s.n;
            } else if (s.kind === 'arr') {
              // A value below CNT sends the counter round its whole 16 bits: tested apart.
              const n = Math.max(s.n, m.cnt);
              b.write('TIM1.ARR', n);
              m.ARR = n;
              if (!arpe) m.arr = n;
            } else {
              b.write('TIM1.CCR1', s.n);
              m.CCR = s.n;
              if (!ocpe) m.ccr = s.n;
            }
            expect({ cnt: b.read('TIM1.CNT'), sr: b.read('TIM1.SR') & 3 }).toEqual({ cnt: m.cnt, sr: m.uif | (m.ccif << 1) });
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('a counter above ARR goes on to its end and wraps without an update', () => {
    const b = timers();
    start(b, 'TIM3', 0, 99);
    b.ticks('ck', 1 + 50);
    b.write('TIM3.ARR', 10);
    b.ticks('ck', 0xffff - 50);
    expect([b.read('TIM3.CNT'), b.read('TIM3.SR') & UIF]).toEqual([0xffff, 0]);
    b.ticks('ck', 1);
    expect([b.read('TIM3.CNT'), b.read('TIM3.SR') & UIF]).toEqual([0, 0]);
    b.ticks('ck', 11);
    expect([b.read('TIM3.CNT'), b.read('TIM3.SR') & UIF]).toEqual([0, 1]);
  });

  it('a byte write beside CEN does not restart a pulse that has ended', () => {
    const b = timers();
    start(b, 'TIM6', 0, 9, OPM);
    b.ticks('ck', 100);
    b.sys.write(b.address('TIM6.CR1') + 1, 1, 8); // UIFREMAP
    expect(b.read('TIM6.CR1')).toBe(0x808);
  });

  it('the 32-bit counter passes 2^31', () => {
    const b = timers();
    start(b, 'TIM2', 0, 0xffffffff);
    b.ticks('ck', 0x90000001);
    expect(b.read('TIM2.CNT')).toBe(0x90000000);
  });

  it('PSC is a preload: without an update event the first period runs undivided', () => {
    const b = timers();
    b.write('TIM6.PSC', 31);
    b.write('TIM6.ARR', 9);
    b.write('TIM6.CR1', CEN);
    b.ticks('ck', 1 + 10);
    expect(b.field('TIM6.SR', 'UIF')).toBe(1);
    b.write('TIM6.SR', 0);
    b.ticks('ck', 319);
    expect(b.read('TIM6.SR')).toBe(0);
    b.ticks('ck', 1);
    expect(b.read('TIM6.SR')).toBe(1);
  });

  it('ARR acts at once without ARPE and at the next update with it', () => {
    const b = timers();
    start(b, 'TIM3', 0, 99);
    b.write('TIM3.ARR', 49);
    b.ticks('ck', 1 + 50);
    expect([b.read('TIM3.CNT'), b.read('TIM3.SR') & UIF]).toEqual([0, 1]);
    timers();
    start(b, 'TIM3', 0, 99, ARPE);
    b.write('TIM3.ARR', 49);
    b.ticks('ck', 1 + 50);
    expect([b.read('TIM3.CNT'), b.read('TIM3.SR') & UIF]).toEqual([50, 0]);
    b.ticks('ck', 50 + 50);
    expect(b.read('TIM3.CNT')).toBe(0);
  });

  it('ARR = 0 blocks the counter', () => {
    const b = timers();
    start(b, 'TIM3', 0, 0);
    b.ticks('ck', 1000);
    expect([b.read('TIM3.CNT'), b.read('TIM3.SR')]).toEqual([0, 0]);
  });

  it('UG sets UIF unless URS, UDIS stops updates', () => {
    const b = timers();
    b.write('TIM6.EGR', 1);
    expect(b.read('TIM6.SR')).toBe(1);
    b.write('TIM6.SR', 0);
    b.write('TIM6.CR1', URS);
    b.write('TIM6.EGR', 1);
    expect(b.read('TIM6.SR')).toBe(0);
    start(b, 'TIM6', 0, 9, UDIS);
    b.ticks('ck', 1005);
    expect([b.read('TIM6.SR'), b.read('TIM6.CNT')]).toEqual([0, 4]);
  });

  it('one-pulse mode clears CEN at the update, without any event armed', () => {
    const b = timers();
    start(b, 'TIM6', 3, 9, OPM);
    expect(b.sys.scheduler.next).toBe(Infinity);
    b.ticks('ck', 1 + 39);
    expect(b.read('TIM6.CR1')).toBe(OPM | CEN);
    b.ticks('ck', 1);
    expect([b.peek('TIM6.CR1'), b.read('TIM6.CR1'), b.read('TIM6.SR'), b.read('TIM6.CNT')]).toEqual([OPM, OPM, 1, 0]);
    b.ticks('ck', 1000);
    expect(b.read('TIM6.CNT')).toBe(0);
  });

  it('SR is cleared by zeros and untouched by ones', () => {
    const b = timers();
    b.write('TIM3.EGR', 0x1f);
    expect(b.read('TIM3.SR')).toBe(0x1f);
    b.write('TIM3.SR', ~0x6 & 0xffff);
    expect(b.read('TIM3.SR')).toBe(0x19);
    b.write('TIM3.SR', 0xfffffffe);
    expect(b.read('TIM3.SR')).toBe(0x18);
  });

  it('a peek changes nothing', () => {
    const b = timers();
    start(b, 'TIM6', 0, 9);
    const before = JSON.stringify(b.sys.save());
    b.sys.now = 5_000_000;
    const later = JSON.stringify(b.sys.save());
    expect(b.peek('TIM6.SR')).toBe(1);
    expect(JSON.stringify(b.sys.save())).toBe(later);
    expect(later).not.toBe(before);
  });
});

describe('TIM interrupts', () => {
  it('the update interrupt rises on its clock and stays until UIF is cleared; nothing is armed meanwhile', () => {
    const b = timers();
    b.write('TIM6.DIER', 1);
    start(b, 'TIM6', 31, 999);
    b.ticks('ck', 32_000);
    expect(b.irqs.get(IRQ.TIM6)).toBe(false);
    b.ticks('ck', 1);
    expect(b.irqs.get(IRQ.TIM6)).toBe(true);
    expect(b.sys.scheduler.next).toBe(Infinity);
    b.write('TIM6.SR', 0);
    expect(b.irqs.get(IRQ.TIM6)).toBe(false);
    b.ticks('ck', 32_000);
    expect(b.irqs.get(IRQ.TIM6)).toBe(true);
  });

  it('without an enabled interrupt no event is ever armed', () => {
    const b = timers();
    start(b, 'TIM2', 0, 100);
    start(b, 'TIM3', 0, 100);
    expect(b.sys.scheduler.next).toBe(Infinity);
  });

  it('the compare interrupt comes at CNT = CCR', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.boolean(),
        (psc, ccr, arr, down) => {
          const b = timers();
          b.write('TIM3.CCR2', ccr);
          b.write('TIM3.DIER', 4);
          start(b, 'TIM3', psc, arr, down ? DIR : 0);
          if (down && ccr > arr) return;
          // From CNT = 0 (up) or ARR (down): counter steps to the first match.
          const steps = down ? (ccr === arr ? arr + 1 : arr - ccr) : ccr === 0 || ccr > arr ? arr + 1 : ccr;
          b.ticks('ck', steps * (psc + 1));
          expect(b.irqs.get(IRQ.TIM3)).toBe(false);
          b.ticks('ck', 1);
          expect(b.irqs.get(IRQ.TIM3)).toBe(true);
          expect(b.read('TIM3.SR') & 4).toBe(4);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('an input channel does not compare', () => {
    const b = timers();
    b.write('TIM3.CCMR1', 1);
    b.write('TIM3.DIER', 2);
    start(b, 'TIM3', 0, 10);
    b.ticks('ck', 100);
    expect(b.field('TIM3.SR', 'CC1IF')).toBe(0);
    expect(b.field('TIM3.SR', 'CC2IF')).toBe(1);
  });

  it('TIM1: update and compare have lines of their own, and RCR lets every (RCR + 1)th overflow through', () => {
    const b = timers();
    b.write('TIM1.RCR', 3);
    b.write('TIM1.DIER', 1 | 2);
    b.write('TIM1.CCR1', 5);
    start(b, 'TIM1', 0, 9);
    b.ticks('ck', 1 + 5);
    expect([b.irqs.get(IRQ.TIM1_UP), b.irqs.get(IRQ.TIM1_CC)]).toEqual([false, true]);
    b.ticks('ck', 34);
    expect(b.irqs.get(IRQ.TIM1_UP)).toBe(false);
    b.ticks('ck', 1);
    expect(b.irqs.get(IRQ.TIM1_UP)).toBe(true);
  });

  it('follows a change of its kernel clock, without losing a count', () => {
    const b = timers();
    b.write('TIM6.DIER', 1);
    start(b, 'TIM6', 0, 999);
    b.ticks('ck', 501);
    b.sys.setClock('ck', rate(8_000_000));
    const t = b.sys.now;
    b.until(t + 499 * 125_000);
    expect([b.irqs.get(IRQ.TIM6), b.read('TIM6.CNT')]).toEqual([false, 999]);
    b.until(t + 500 * 125_000);
    expect(b.irqs.get(IRQ.TIM6)).toBe(true);
  });

  it('stands still while its block clock is off: no count and no interrupt', () => {
    const b = timers();
    b.write('TIM6.DIER', 1);
    start(b, 'TIM6', 0, 999);
    b.ticks('ck', 601);
    b.write('RCC.APB1LENR', 0);
    b.ticks('ck', 100_000);
    expect([b.irqs.get(IRQ.TIM6), b.read('TIM6.CNT')]).toEqual([false, 0]); // an unclocked block reads 0
    b.write('RCC.APB1LENR', EN.TIM6);
    expect(b.read('TIM6.CNT')).toBe(600);
    b.ticks('ck', 400);
    expect(b.irqs.get(IRQ.TIM6)).toBe(true);
  });

  it('a system reset stops it', () => {
    const b = timers();
    b.write('TIM6.DIER', 1);
    start(b, 'TIM6', 0, 999);
    b.sys.resetBlocks('system');
    b.ticks('ck', 10_000);
    expect(b.irqs.get(IRQ.TIM6)).toBe(false);
    b.write('RCC.APB1LENR', EN.TIM6);
    expect([b.read('TIM6.CR1'), b.read('TIM6.CNT'), b.read('TIM6.ARR')]).toEqual([0, 0, 0xffff]);
  });
});

describe('TIM centre-aligned', () => {
  const CMS = 5;
  /** The counter step by step: 0 up to ARR, back to 0; flags by direction (RM0090 §18.3.2). */
  function* steps(arr: number, ccr: number, cms: number): Generator<{ cnt: number; down: boolean; flags: number }> {
    let cnt = 0;
    let down = false;
    for (;;) {
      let flags = 0;
      cnt += down ? -1 : 1;
      if (cnt === 0 || cnt === arr) {
        down = cnt === arr;
        flags |= UIF;
      }
      if (cnt === ccr && (cms === 3 || (cms === 1) === down)) flags |= 2;
      yield { cnt, down, flags };
    }
  }
  it('goes as step by step: CNT, DIR, and which way sets CC1IF', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 0, max: 42 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }),
        (arr, ccr, cms, psc, waits) => {
          const b = timers();
          b.write('TIM3.CCR1', ccr);
          start(b, 'TIM3', psc, arr, cms << CMS);
          const model = steps(arr, ccr, cms);
          let [clocks, done] = [-1, 0];
          let now = { cnt: 0, down: false };
          for (const wait of waits) {
            b.ticks('ck', wait);
            clocks += wait;
            let flags = 0;
            for (; done < Math.floor(Math.max(0, clocks) / (psc + 1)); done++) {
              const step = model.next().value as { cnt: number; down: boolean; flags: number };
              now = step;
              flags |= step.flags;
            }
            expect(b.peek('TIM3.CNT')).toBe(now.cnt);
            expect(b.read('TIM3.CNT')).toBe(now.cnt);
            expect((b.read('TIM3.CR1') & DIR) !== 0).toBe(now.down);
            expect(b.read('TIM3.SR') & (UIF | 2)).toBe(flags);
            b.write('TIM3.SR', 0);
          }
        },
      ),
    );
  });
  it('interrupts at the clock of each flag', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 12 }),
        fc.integer({ min: 0, max: 13 }),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        (arr, ccr, cms, enabled) => {
          const b = timers();
          b.write('TIM3.CCR1', ccr);
          b.write('TIM3.DIER', enabled);
          start(b, 'TIM3', 0, arr, cms << CMS);
          const model = steps(arr, ccr, cms);
          b.ticks('ck', 1);
          for (let clock = 0; clock < 60; clock++) {
            b.ticks('ck', 1);
            const { flags } = model.next().value as { flags: number };
            expect(b.irqs.get(IRQ.TIM3)).toBe((flags & enabled) !== 0);
            b.write('TIM3.SR', 0);
          }
        },
      ),
    );
  });
  it('has two update events a period, of which RCR + 1 make one', () => {
    const b = timers();
    b.write('TIM1.RCR', 1);
    b.write('TIM1.DIER', UIF);
    start(b, 'TIM1', 0, 100, 3 << CMS);
    const rises: number[] = [];
    for (let clock = 0; clock < 1000; clock++) {
      b.ticks('ck', 1);
      if (b.read('TIM1.SR') & UIF) {
        rises.push(clock);
        b.write('TIM1.SR', 0);
      }
    }
    expect(rises.slice(1).map((at, i) => at - rises[i]!)).toEqual(rises.slice(1).map(() => 200));
    expect(rises.length).toBe(4);
  });
  it('DIR is read-only, and UG begins at 0 on the way up', () => {
    const b = timers();
    start(b, 'TIM3', 0, 50, 1 << CMS);
    b.ticks('ck', 80);
    expect(b.read('TIM3.CR1') & DIR).toBe(DIR);
    b.write('TIM3.CR1', (1 << CMS) | CEN);
    expect(b.read('TIM3.CR1') & DIR).toBe(DIR);
    b.write('TIM3.EGR', 1);
    expect(b.read('TIM3.CR1') & DIR).toBe(0);
    expect(b.read('TIM3.CNT')).toBeLessThan(3);
  });
});
