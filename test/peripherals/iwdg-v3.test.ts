import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { rate } from '../../src/emu/time.ts';
import { bench, type Bench } from './bench.ts';

const IRQ = 35;
const row = { name: 'IWDG', model: 'iwdg-v3', base: 0x40003000, size: 0x400, irqs: [IRQ] };
const START = 0xcccc;
const UNLOCK = 0x5555;
const RELOAD = 0xaaaa;

const made = bench([row], { lsi: 32_000 });
const iwdg = (): Bench => made.again();
/** Starts, sets PR and RLR, waits for both updates, reloads. */
function running(pr: number, rl: number): Bench {
  const b = iwdg();
  b.write('IWDG.KR', START);
  b.write('IWDG.KR', UNLOCK);
  b.write('IWDG.PR', pr);
  b.write('IWDG.RLR', rl);
  while (b.read('IWDG.SR') & 0xf) b.ticks('lsi', 1);
  b.write('IWDG.KR', RELOAD);
  return b;
}

describe('IWDG', () => {
  it('holds its reset values and does not run', () => {
    const b = iwdg();
    expect([b.read('IWDG.PR'), b.read('IWDG.RLR'), b.read('IWDG.SR'), b.read('IWDG.WINR'), b.read('IWDG.EWCR')]).toEqual([
      0, 0xfff, 0, 0xfff, 0,
    ]);
    b.ticks('lsi', 1_000_000);
    expect(b.resets).toEqual([]);
  });

  it('0xCCCC starts it for good, asks for the LSI and sets ONF; the first timeout is 4096 x 4 LSI clocks', () => {
    const b = iwdg();
    b.write('IWDG.KR', START);
    expect(b.field('IWDG.SR', 'ONF')).toBe(1);
    expect(b.sys.wire('lsi.request')).toBe(1);
    b.ticks('lsi', 4096 * 4 - 1);
    expect(b.resets).toEqual([]);
    b.ticks('lsi', 1);
    expect(b.resets).toEqual(['iwdg']);
  });

  it('a refresh counts for itself once a window is set or the registers are unlocked', () => {
    const repeats = (b: Bench): boolean => {
      const block = b.sys.block('IWDG');
      return block.component.repeats(block.state, block.env, 0, 4, RELOAD);
    };
    const b = running(0, 0x200);
    expect(repeats(b)).toBe(true);
    b.write('IWDG.KR', UNLOCK);
    expect(repeats(b)).toBe(false);
    b.write('IWDG.WINR', 0x100);
    while (b.read('IWDG.SR') & 0xf) b.ticks('lsi', 1);
    b.write('IWDG.KR', 0);
    expect(repeats(b)).toBe(false);
  });

  it('the timeout is (RL + 1) x divider LSI clocks after a reload, for every divider', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 0xfff }), (pr, rl) => {
        const b = running(pr, rl);
        const divider = Math.min(4 * 2 ** pr, 1024);
        b.ticks('lsi', (rl + 1) * divider - 1);
        const early = b.resets.length;
        b.ticks('lsi', 1);
        expect([early, b.resets]).toEqual([0, ['iwdg']]);
      }),
      { numRuns: 60 },
    );
  });

  it('a reload in time keeps it quiet', () => {
    const b = running(0, 99);
    for (let i = 0; i < 20; i++) {
      b.ticks('lsi', 399);
      b.write('IWDG.KR', RELOAD);
    }
    expect(b.resets).toEqual([]);
  });

  it('PVU and RVU last 5 LSI clocks and then to the next prescaled edge', () => {
    const b = iwdg();
    b.write('IWDG.KR', START);
    b.write('IWDG.KR', UNLOCK);
    b.write('IWDG.PR', 3);
    expect(b.read('IWDG.SR') & 0xf).toBe(1);
    expect(b.read('IWDG.PR')).toBe(0); // the watchdog's side still has the old value
    b.ticks('lsi', 7); // 5, then the edge of LSI/4 at 8
    expect(b.field('IWDG.SR', 'PVU')).toBe(1);
    b.ticks('lsi', 1);
    expect(b.field('IWDG.SR', 'PVU')).toBe(0);
    expect(b.read('IWDG.PR')).toBe(3);
    b.write('IWDG.RLR', 10);
    b.ticks('lsi', 31);
    expect(b.field('IWDG.SR', 'RVU')).toBe(1);
    b.ticks('lsi', 1);
    expect(b.field('IWDG.SR', 'RVU')).toBe(0);
  });

  it('with the watchdog off PVU stays 1 for ever, and ends after a start (AN2606 4.8)', () => {
    const b = iwdg();
    b.write('IWDG.KR', UNLOCK);
    b.write('IWDG.PR', 6);
    b.ticks('lsi', 10_000_000);
    expect(b.field('IWDG.SR', 'PVU')).toBe(1);
    b.write('IWDG.KR', START);
    b.ticks('lsi', 8);
    expect(b.field('IWDG.SR', 'PVU')).toBe(0);
    expect(b.read('IWDG.PR')).toBe(6);
  });

  it('protected registers need 0x5555, and any other key locks again', () => {
    const b = iwdg();
    b.write('IWDG.RLR', 5);
    b.write('IWDG.KR', UNLOCK);
    b.write('IWDG.KR', RELOAD);
    b.write('IWDG.RLR', 6);
    expect(b.read('IWDG.RLR')).toBe(0xfff);
    expect(b.read('IWDG.SR')).toBe(0);
    expect(b.notes.map((n) => n.kind)).toEqual(['guest', 'guest']);
    expect(b.notes[0]!.text).toBe('IWDG_RLR written while locked; write 0x5555 to IWDG_KR first');
  });

  it('a write while the same update is going on is lost', () => {
    const b = iwdg();
    b.write('IWDG.KR', START);
    b.write('IWDG.KR', UNLOCK);
    b.write('IWDG.RLR', 100);
    b.write('IWDG.RLR', 200);
    b.ticks('lsi', 8);
    expect(b.read('IWDG.RLR')).toBe(100);
  });

  it('a reload above the window resets, below it does not', () => {
    const b = running(0, 1000);
    b.write('IWDG.KR', UNLOCK);
    b.write('IWDG.WINR', 500);
    while (b.read('IWDG.SR') & 4) b.ticks('lsi', 1);
    b.ticks('lsi', 501 * 4);
    b.write('IWDG.KR', RELOAD);
    expect(b.resets).toEqual([]);
    b.ticks('lsi', 100 * 4);
    b.write('IWDG.KR', RELOAD);
    expect(b.resets).toEqual(['iwdg']);
  });

  it.each([
    [2000, []],
    [1999, ['iwdg']],
  ])('the window begins where the counter is WIN: a reload %i clocks after the last one causes %j', (clocks, resets) => {
    const b = running(0, 1000);
    b.write('IWDG.KR', UNLOCK);
    b.write('IWDG.WINR', 500);
    b.ticks('lsi', 600 * 4);
    b.write('IWDG.KR', RELOAD);
    expect(b.resets).toEqual([]);
    b.ticks('lsi', clocks);
    b.write('IWDG.KR', RELOAD);
    expect(b.resets).toEqual(resets);
  });

  it('the early wake-up comes at EWIT - 1, once per countdown, and EWIC acknowledges it without a key', () => {
    const b = running(0, 100);
    b.write('IWDG.KR', UNLOCK);
    b.write('IWDG.EWCR', (1 << 15) | 41);
    while (b.read('IWDG.SR') & 8) b.ticks('lsi', 1);
    b.write('IWDG.KR', RELOAD);
    b.ticks('lsi', 60 * 4 - 1);
    expect(b.irqs.get(IRQ)).toBe(false);
    b.ticks('lsi', 1);
    expect(b.irqs.get(IRQ)).toBe(true);
    expect(b.field('IWDG.SR', 'EWIF')).toBe(1);
    b.write('IWDG.EWCR', 1 << 14);
    expect(b.irqs.get(IRQ)).toBe(false);
    expect(b.read('IWDG.EWCR')).toBe((1 << 15) | 41);
    b.write('IWDG.KR', UNLOCK);
    b.write('IWDG.RLR', 100);
    b.ticks('lsi', 10);
    expect(b.irqs.get(IRQ)).toBe(false);
    b.write('IWDG.KR', RELOAD);
    b.ticks('lsi', 60 * 4);
    expect(b.irqs.get(IRQ)).toBe(true);
  });

  it('a write of WINR refreshes the counter, without looking at the window', () => {
    const b = running(0, 99);
    b.ticks('lsi', 300);
    b.write('IWDG.KR', UNLOCK);
    b.write('IWDG.WINR', 50);
    b.ticks('lsi', 399);
    expect(b.resets).toEqual([]);
    b.ticks('lsi', 1);
    expect(b.resets).toEqual(['iwdg']);
  });

  it('counts the LSI through its start-up and its rate changes', () => {
    const b = bench([row], { lsi: null });
    b.write('IWDG.KR', START);
    b.until(1e9);
    b.sys.setClock('lsi', rate(32_000));
    b.ticks('lsi', 10_000);
    b.sys.setClock('lsi', rate(64_000));
    b.ticks('lsi', 6_383);
    expect(b.resets).toEqual([]);
    b.ticks('lsi', 1);
    expect(b.resets).toEqual(['iwdg']);
  });

  it('a system reset stops it and releases the LSI; the option byte starts it again', () => {
    const b = running(0, 10);
    b.sys.resetBlocks('system');
    b.ticks('lsi', 100_000);
    expect([b.resets, b.sys.wire('lsi.request'), b.field('IWDG.SR', 'ONF')]).toEqual([[], 0, 0]);
    b.sys.setWire('iwdg.hardware', 1);
    expect(b.field('IWDG.SR', 'ONF')).toBe(1);
    b.sys.resetBlocks('system');
    expect(b.field('IWDG.SR', 'ONF')).toBe(1);
  });

  it('a saved and restored machine bites at the same time', () => {
    const b = running(1, 200);
    b.ticks('lsi', 77);
    const saved = b.sys.save();
    b.ticks('lsi', 201 * 8 - 77);
    const when = b.sys.now;
    expect(b.resets).toEqual(['iwdg']);
    b.sys.restore(saved);
    b.until(when - 1);
    expect(b.resets.length).toBe(1);
    b.until(when);
    expect(b.resets.length).toBe(2);
  });
});
