import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { bench, type Bench } from './bench.ts';

const IRQ = 0;
const row = { name: 'WWDG', model: 'wwdg-v2', base: 0x40002c00, size: 0x400, irqs: [IRQ], clock: 'APB1LENR.WWDGEN' };

const made = bench([row], { pclk1: 32_000_000 });
function wwdg(): Bench {
  const b = made.again();
  b.write('RCC.APB1LENR', 1 << 11);
  return b;
}

describe('WWDG', () => {
  it('resets when T6 falls: T[5:0] + 1 periods of PCLK1/(4096 x 2^WDGTB)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0x40, max: 0x7f }), (wdgtb, t) => {
        const b = wwdg();
        b.write('WWDG.CFR', (wdgtb << 11) | 0x7f);
        b.write('WWDG.CR', 0x80 | t);
        const period = 4096 * 2 ** wdgtb;
        b.ticks('pclk1', (t - 0x3f) * period - 1);
        const early = b.resets.length;
        expect(b.read('WWDG.CR') & 0x7f).toBe(0x40);
        b.ticks('pclk1', 1);
        expect([early, b.resets]).toEqual([0, ['wwdg']]);
      }),
      { numRuns: 50 },
    );
  });

  it('a refresh above the window resets, inside it does not', () => {
    const b = wwdg();
    b.write('WWDG.CFR', 0x50);
    b.write('WWDG.CR', 0xff);
    b.ticks('pclk1', 4096 * 0x2f);
    b.write('WWDG.CR', 0xff);
    expect(b.resets).toEqual([]);
    b.ticks('pclk1', 4096 * 0x2e);
    expect(b.read('WWDG.CR')).toBe(0xd1);
    b.write('WWDG.CR', 0xff);
    expect(b.resets).toEqual(['wwdg']);
  });

  it('writing T6 = 0 resets at once', () => {
    const b = wwdg();
    b.write('WWDG.CR', 0x80 | 0x3f);
    expect(b.resets).toEqual(['wwdg']);
  });

  it('EWIF comes at 0x40 also without EWI; the interrupt needs EWI; 0 clears, 1 does not', () => {
    const b = wwdg();
    b.write('WWDG.CR', 0xc2);
    b.ticks('pclk1', 2 * 4096 - 1);
    expect(b.read('WWDG.SR')).toBe(0);
    b.ticks('pclk1', 1);
    expect([b.read('WWDG.SR'), b.irqs.get(IRQ)]).toEqual([1, false]);
    b.write('WWDG.CFR', (1 << 9) | 0x7f);
    expect(b.irqs.get(IRQ)).toBe(true);
    b.write('WWDG.SR', 1);
    expect(b.read('WWDG.SR')).toBe(1);
    b.write('WWDG.SR', 0);
    expect([b.read('WWDG.SR'), b.irqs.get(IRQ)]).toEqual([0, false]);
  });

  it('WDGA and EWI can only be set', () => {
    const b = wwdg();
    b.write('WWDG.CR', 0xff);
    b.write('WWDG.CFR', 0x27f);
    b.write('WWDG.CFR', 0x7f);
    b.write('WWDG.CR', 0x7f);
    expect([b.read('WWDG.CR'), b.read('WWDG.CFR')]).toEqual([0xff, 0x27f]);
  });

  it('the option byte WWDG_SW = 0 activates it at reset', () => {
    const b = wwdg();
    b.sys.setWire('wwdg.hardware', 1);
    b.sys.resetBlocks('system');
    b.write('RCC.APB1LENR', 1 << 11);
    expect(b.read('WWDG.CR')).toBe(0xff);
    b.ticks('pclk1', 64 * 4096);
    expect(b.resets).toEqual(['wwdg']);
  });

  it('stands still while its clock is gated', () => {
    const b = wwdg();
    b.write('WWDG.CR', 0xff);
    b.ticks('pclk1', 4096 * 3 + 100);
    b.write('RCC.APB1LENR', 0);
    b.ticks('pclk1', 4096 * 500);
    expect(b.resets).toEqual([]);
    b.write('RCC.APB1LENR', 1 << 11);
    expect(b.read('WWDG.CR')).toBe(0xfc);
    b.ticks('pclk1', 4096 - 101);
    expect(b.read('WWDG.CR')).toBe(0xfc);
    b.ticks('pclk1', 1);
    expect(b.read('WWDG.CR')).toBe(0xfb);
  });
});
