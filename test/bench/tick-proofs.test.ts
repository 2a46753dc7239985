/** What a loop beside SysTick has to be for the word `stuck`, rule by rule: each with the firmware next to it of which nothing may be said. */
import { describe, expect, it } from 'vitest';
import { RAM, TickBench, type Part } from './tick-bench.ts';

const l476 = new TickBench('stm32l476rg');
/** CCM SRAM of STM32G431 and where it shows again (RM0440, 2.4). */
const CCM = 0x10000000;
const CCM_AGAIN = 0x20005800;

/** Polls [RAM + 4]. */
const polls: Part = (t) => t.label('wait').ldr(0, 7, 4).cmp(0, 0).beq('wait').label('end').b('end');
const here: Part = (t) => t.label('wait').b('wait');
/** SP is lower for a part of the loop. */
const RETURN_SP = RAM + 0x1000 - 0x20;

describe('A loop beside a tick is stuck', () => {
  it('where nothing happens for a day', () => {
    // ticks of a second, in pairs: out of reset the core runs at 4 MHz
    const at = (tick: number): boolean =>
      l476.isStuck({ loop: polls, reload: 3_999_999, handler: (t) => t.constant(1, tick).cmpRegister(2, 1).bne('out').str(2, 3, 4) });
    expect([86_402, 86_403, 86_404].map(at)).toEqual([false, true, true]);
  });
  it('where SysTick is on and never counts: SYST_RVR is 0', () => {
    const handler: Part = (t) => t.cmp(2, 40).bne('out').str(2, 3, 4);
    expect(l476.isStuck({ loop: polls, reload: 0, handler })).toBe(true);
    expect(l476.isStuck({ loop: polls, handler })).toBe(false);
  });
  it('unless a limit of a stack is set', () => {
    const h533 = new TickBench('stm32h533re');
    const limits = (which: number, value: number): boolean =>
      h533.isStuck({ loop: here, setUp: (t) => t.constant(0, value).put(0xf380, 0x8800 | which) });
    expect(limits(10, 0)).toBe(true);
    expect(limits(10, RAM + 0x100)).toBe(false);
    expect(limits(11, RAM + 0x100)).toBe(false);
  });
  it('where the handler is through soon', () => {
    const waits = (rounds: number): boolean =>
      l476.isStuck({
        loop: here,
        reload: 39_999,
        handler: (t) => t.movs(0, rounds).lsls(0, 0, 4).label('spin').put(0x3801).bne('spin'),
      });
    expect(waits(10)).toBe(true);
    expect(waits(90)).toBe(false);
  });
  it('unless a memory is used at two of its addresses', () => {
    const g431 = new TickBench('stm32g431rb');
    const uses = (a: number, b: number, each: Part): boolean =>
      g431.isStuck({
        loop: here,
        setUp: (t) => t.constant(1, CCM).str(0, 1).str(0, 1, 4),
        handler: (t) => (t.constant(0, a).constant(1, b), each(t)),
      });
    const counts: Part = (t) => t.ldr(2, 0).adds(2, 1).str(2, 1);
    expect(uses(CCM, CCM, counts)).toBe(true);
    expect(uses(CCM, CCM_AGAIN, counts)).toBe(false);
    expect(uses(CCM_AGAIN, CCM, counts)).toBe(false);
    const stores: Part = (t) => t.str(2, 0).str(2, 1);
    expect(uses(CCM, CCM + 4, stores)).toBe(true);
    expect(uses(CCM, CCM_AGAIN + 4, stores)).toBe(true);
    expect(uses(CCM, CCM_AGAIN, stores)).toBe(false);
  });
  it('unless the handler goes by what it has kept of a register of the loop', () => {
    // every other tick: up to a tick it makes a word 5; behind that it looks whether it is 5 and makes it `then`
    const keeps = (tick: number, then: Part): boolean =>
      l476.isStuck({
        loop: (t) => t.movs(4, 0).label('wait').ldr(0, 7, 4).cmp(0, 0).beq('wait').label('end').b('end'),
        handler: (t) => {
          const isEarly: Part = () => t.movs(1, tick).subs(0, 2, 1).lsrs(0, 0, 31).cmp(0, 0);
          t.ldr(0, 3, 12).movs(1, 1).subs(0, 1, 0).str(0, 3, 12).cmp(0, 0).beq('second');
          isEarly(t);
          t.beq('out').movs(0, 5).str(0, 3, 8).b('out').label('second');
          isEarly(t);
          t.bne('out').ldr(0, 3, 8).cmp(0, 5).bne('bad');
          then(t);
          t.str(0, 3, 8).b('out').label('bad').str(2, 3, 4);
        },
      });
    const ticks = [3, 4, 5, 6, 7, 8];
    expect(ticks.map((tick) => keeps(tick, (t) => t.movs(0, 5)))).toContain(true);
    expect(ticks.map((tick) => keeps(tick, (t) => t.put(0x4620)))).not.toContain(true);
  });
});

/** Calls for a part of the loop, where SP is lower: `inside` stands there, `outside` in front, `behind` behind. */
const twoDepths =
  (outside: Part, behind: Part = () => {}): Part =>
  (t) => (t.label('wait'), outside(t), t.push(3).put(0xbf00).pop(3), behind(t), t.b('wait'));
/** In the handler: left by `leave` where SP is that of the inner part, or is not. */
const where =
  (leave: 'beq' | 'bne') =>
  (then: Part): Part =>
  (t) => (
    t
      .movFromSp(1)
      .constant(0, RETURN_SP - 8)
      .cmpRegister(1, 0)
      [leave]('out'),
    then(t)
  );
const inside = where('bne');
const outside = where('beq');

describe('A loop that a tick finds at two depths of its stack is stuck', () => {
  const nothing: Part = () => {};
  const store: Part = (t) => t.movs(0, 7).str(0, 3, 8);
  const counts: Part = (t) => t.ldr(0, 3, 12).adds(0, 1).str(0, 3, 12);
  const stuck = (loop: Part, handler: Part): boolean => l476.isStuck({ loop, handler });

  it('where the handler does the same at both', () => {
    expect(stuck(twoDepths(nothing), nothing)).toBe(true);
    expect(stuck(twoDepths(nothing), counts)).toBe(true);
  });
  it('unless it counts at one of them', () => {
    expect(stuck(twoDepths(nothing), inside(counts))).toBe(false);
    expect(stuck(twoDepths(nothing), outside(counts))).toBe(false);
  });
  it('unless it stores at one what it goes by at the other', () => {
    const reads: Part = (t) => t.ldr(0, 3, 8);
    expect(stuck(twoDepths(nothing), inside(store))).toBe(true);
    expect(
      stuck(twoDepths(nothing), (t) =>
        t
          .movFromSp(1)
          .constant(0, RETURN_SP - 8)
          .cmpRegister(1, 0)
          .beq('in')
          .ldr(0, 3, 8)
          .b('out')
          .label('in')
          .movs(0, 7)
          .str(0, 3, 8),
      ),
    ).toBe(false);
    expect(stuck(twoDepths(nothing), inside(reads))).toBe(true);
  });
  it('where what it stores inside is stored by the loop before that reads it', () => {
    const [reads, stores]: Part[] = [(t) => t.ldr(0, 7, 8), (t) => t.str(0, 7, 8)];
    expect(stuck(twoDepths(reads!), inside(store))).toBe(false);
    expect(stuck(twoDepths(nothing, reads), inside(store))).toBe(false);
    expect(
      stuck(
        twoDepths(nothing, (t) => (stores!(t), reads!(t))),
        inside(store),
      ),
    ).toBe(true);
    expect(stuck(twoDepths(reads!, stores), inside(store))).toBe(true);
    expect(stuck(twoDepths(stores!, reads), inside(store))).toBe(false);
    expect(
      stuck(
        twoDepths((t) => (reads!(t), stores!(t))),
        inside(store),
      ),
    ).toBe(false);
    expect(
      stuck(
        twoDepths((t) => (stores!(t), reads!(t))),
        inside(store),
      ),
    ).toBe(true);
  });
});
