/** Resets, faults, storms and second cores that end late: no rule by which a run ends early may come before. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { ENTRY_LOOP, entryLoopSettled, RESET_LOOP, resetLoopSettled } from '../../src/bench/session/reset-loop.ts';
import { Session } from '../../src/bench/session/session.ts';
import type { EntryRecord, ResetRecord } from '../../src/emu/history.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import {
  AIRCR,
  CHIP,
  CYCLES_PER_MS,
  expectEntry,
  FEW,
  imageOf,
  late,
  NVIC_ISER1,
  RAM,
  RCC_APB1ENR1,
  release,
  store,
  USART2,
  WAITS,
  type Part,
} from './late-program.ts';
import { plainJob } from './plain-job.ts';

const SHCSR = 0xe000ed24;
const SHPR1 = 0xe000ed18;
const USGFAULTENA = 1 << 18;
const STARTS = RAM + 0x3000;

describe('Resets', () => {
  /** Counts its starts in RAM that nothing clears, waits `1 << starts * growth` times `unit` and resets; jumps at start `n`. */
  const resets =
    (n: number, unit: number, growth: number): Part =>
    (t) => {
      // what is in RAM at power-on is not a count: a magic word beside it says so
      t.constant(1, STARTS)
        .constant(0, 0x5a5a1234)
        .ldr(2, 1, 4)
        .cmpRegister(2, 0)
        .beq('again')
        .str(0, 1, 4)
        .movs(0, 0)
        .str(0, 1)
        .label('again');
      t.ldr(2, 1).adds(2, 1).str(2, 1).cmp(2, n).beq('go').movs(0, growth).put(0x4350).constant(3, unit).put(0x4083);
      t.label('wait').put(0x3b01).bne('wait').constant(1, AIRCR).constant(0, 0x05fa0004).str(0, 1).label('x').b('x').label('go');
    };
  it('that come later each time, and stop, are no loop', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 4000, max: 10_000 }), (n, unit) =>
        // twice the longest interval behind the last of them
        expectEntry({ wait: resets(n, unit, 1), until: 800 }),
      ),
      FEW,
    );
  });
  it('that are counted in RAM, at the same pace, are none either', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: RESET_LOOP }), fc.integer({ min: 100, max: 50_000 }), (n, unit) =>
        expectEntry({ wait: resets(n, unit, 0), until: 800 }),
      ),
      FEW,
    );
  });
  it('that leave the same each time are a loop at the third', () => {
    // what the second leaves is what the first has left, but for the pattern of power-on
    const again: Part = (t) => t.constant(1, AIRCR).constant(0, 0x05fa0004).str(0, 1).label('x').b('x');
    expect(settledAfter(again)).toBe(3);
    expect(settledAfter((t) => (t.constant(1, STARTS).ldr(2, 1).adds(2, 1).str(2, 1), again(t)))).toBe(RESET_LOOP);
  });
  it('are a loop only if the last two intervals are alike', () => {
    const record = (at: number): ResetRecord => ({ at, by: 'software', flags: [], fromPc: null, core: 0, external: false });
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 2, maxLength: 12 }),
        fc.integer({ min: 1, max: 1e6 }),
        (before, last) => {
          const intervals = [...before, last];
          const times = intervals.reduce((list, gap) => [...list, list.at(-1)! + gap], [5]);
          const [a, b] = intervals.slice(-2) as [number, number];
          expect(resetLoopSettled({ resets: times.map(record) })).toBe(5 * Math.abs(a - b) < Math.max(a, b));
        },
      ),
    );
  });
});

/** After how many resets the run of such a program ends. */
function settledAfter(wait: Part): number {
  const session = new Session(jobInput(plainJob(CHIP, [{ path: 'x.bin@0x08000000', bytes: imageOf({ wait }) }])));
  expect(session.run().outcome).toBe('reset-loop');
  return session.machine.history.resets.length - 1;
}

describe('Entries of the ROM', () => {
  it('are a loop only if all of the last fifty keep the pace', () => {
    const record = (at: number): EntryRecord => ({
      ...{ at, core: 0, address: 0x1fff0000, how: 'branch', fromPc: null, registers: {}, retired: 0, reached: true },
    });
    const steady = Array.from({ length: ENTRY_LOOP + 5 }, (_, i) => 1000 * i);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: ENTRY_LOOP + 4 }), fc.integer({ min: 250, max: 5000 }), (which, by) => {
        // from one of them on all come later
        const entries = steady.map((at, i) => record(i >= which ? at + by : at));
        expect(entryLoopSettled({ entries, resets: [] })).toBe(which <= 5);
      }),
    );
  });
});

describe('A fault handler', () => {
  /** The handler of a UsageFault, which a tick may interrupt, waits; what it returns to is behind the instruction. */
  const lowered: Part = (t) => store(store(t, SHPR1, 0x00800000), SHCSR, USGFAULTENA);
  const back: Part = (t) => t.movFromSp(1).ldr(0, 1, 24).adds(0, 2).str(0, 1, 24).bxLr();
  it('that a tick ends late returns', () => {
    fc.assert(
      fc.property(late, fc.constantFrom('poll', 'counts', 'masks', 'wfi'), (n, how) =>
        expectEntry({
          setUp: lowered,
          wait: (t) => t.put(0xde00),
          tick: (t) => release(t.constant(1, n).cmpRegister(2, 1).bne('out')),
          fault: (t) => (t.constant(7, RAM), WAITS[how]!.part(t), back(t)),
        }),
      ),
      FEW,
    );
  });
  it('that counts for long returns', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (ms) =>
        expectEntry({
          wait: (t) => t.put(0xde00),
          fault: (t) => {
            // two loops, one in the other: the outer count is in RAM
            t.constant(3, RAM)
              .constant(0, ms)
              .str(0, 3, 8)
              .label('outer')
              .constant(0, CYCLES_PER_MS)
              .label('inner')
              .put(0x3801)
              .bne('inner');
            back(t.ldr(0, 3, 8).put(0x3801).str(0, 3, 8).bne('outer'));
          },
        }),
      ),
      FEW,
    );
  });
});

describe('An interrupt that comes back at once', () => {
  const storm: Part = (t) => store(store(store(t, RCC_APB1ENR1, 1 << 17), NVIC_ISER1, 1 << (38 - 32)), USART2, 0x89);
  it('is cleared after many times', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30_000 }), (n) =>
        expectEntry({
          setUp: storm,
          wait: WAITS['poll']!.part,
          line: (t) => release(store(t.constant(1, n).cmpRegister(2, 1).bne('out'), USART2, 0)),
        }),
      ),
      FEW,
    );
  });
  it('is cleared by a tick that goes before it', () => {
    fc.assert(
      fc.property(late, (n) =>
        expectEntry({
          // the priority of line 38
          wait: (t) => (storm(store(t, 0xe000e424, 0x00800000)), WAITS['poll']!.part(t)),
          tick: (t) => release(store(t.constant(1, n).cmpRegister(2, 1).bne('out'), USART2, 0)),
          line: (t) => t.constant(1, RAM).movs(0, 0).str(0, 1, 0x20),
        }),
      ),
      FEW,
    );
  });
});

describe('A second core', () => {
  const SHARED = 0x38000000;
  const CM7 = 0x08000000;
  const CM4 = 0x08100000;
  const image = (base: number, sp: number, code: Part): { path: string; bytes: Uint8Array } => {
    const bytes = new Uint8Array(0x600);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, sp, true);
    for (let n = 1; n < 16; n++) view.setUint32(4 * n, base + (n === 1 ? 0x401 : 0x3f1), true);
    view.setUint16(0x3f0, 0xe7fe, true);
    const main = new Thumb(base + 0x400);
    code(main);
    bytes.set(main.bytes(), 0x400);
    return { path: `app.bin@0x${base.toString(16)}`, bytes };
  };
  it('writes late what the other one waits for', () => {
    fc.assert(
      fc.property(fc.integer({ min: 30, max: 60 }), (ms) => {
        const cm7 = image(CM7, 0x20001000, (t) =>
          store(t, SHARED, 0).label('wait').ldr(0, 1).cmp(0, 0).beq('wait').constant(3, 0x1ff09800).ldr(3, 3, 4).bx(3),
        );
        const cm4 = image(CM4, 0x10001000, (t) => {
          t.constant(0, ms * 16_000)
            .label('count')
            .put(0x3801)
            .bne('count');
          store(t, SHARED, 1).label('x').b('x');
        });
        const s = new Session(jobInput(plainJob('STM32H745XI', [cm7, cm4])));
        s.keepCheckpoints = false;
        s.run({ until: 400 * MS });
        expect(s.machine.history.entryCount).toBe(1);
        s.release();
      }),
      { numRuns: 2 },
    );
  });
});
