/** RCC of the H745: clock tree by the manual's formulas, ready delays, locks, per-core enables, resets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32H745XI, STM32H745ZI } from '../../src/chips/stm32h745.ts';
import { MS, US } from '../../src/emu/time.ts';
import { resetFlagsH7 } from '../../src/peripherals/clock/rcc-h7.ts';
import { StChip } from './st-chip.ts';

const xi = new StChip(STM32H745XI);
const zi = new StChip(STM32H745ZI);
const fresh = (): StChip => xi.again();
const HPRE = [1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 64, 128, 256, 512];
const PPRE = [1, 1, 1, 1, 2, 4, 8, 16];
const nat = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });

describe('out of reset', () => {
  it('both cores run from HSI at 64 MHz; no PLL, no crystal', () => {
    const h = fresh();
    for (const clock of ['hsi', 'sysclk', 'cpu1', 'hclk', 'pclk1', 'pclk2', 'pclk3', 'pclk4', 'timpclk1'])
      expect(h.hz(clock)).toBe(64_000_000);
    for (const clock of ['hse', 'hsi48', 'lsi', 'lse', 'pll1p', 'usb', 'rtc']) expect(h.hz(clock)).toBeNull();
    expect(h.get('RCC.CR.HSIRDY')).toBe(1);
    expect(h.hz('systick1-ext')).toBe(8_000_000);
  });
});

describe('prescalers', () => {
  it('CPU1 = SYSCLK / D1CPRE, HCLK = CPU1 / HPRE, each APB from HCLK; timers run faster than a divided APB', () => {
    fc.assert(
      fc.property(nat(15), nat(15), nat(7), nat(7), nat(7), nat(7), nat(1), (d1c, hpre, d1, p1, p2, d3, timpre) => {
        const h = fresh();
        h.write('RCC.D1CFGR', (d1c << 8) | (d1 << 4) | hpre);
        h.write('RCC.D2CFGR', (p1 << 4) | (p2 << 8));
        h.write('RCC.D3CFGR', d3 << 4);
        h.set('RCC.CFGR.TIMPRE', timpre);
        const cpu = 64e6 / HPRE[d1c]!;
        const hclk = cpu / HPRE[hpre]!;
        expect(h.hz('cpu1')).toBeCloseTo(cpu, 3);
        expect(h.hz('hclk')).toBeCloseTo(hclk, 3);
        expect(h.hz('pclk3')).toBeCloseTo(hclk / PPRE[d1]!, 3);
        expect(h.hz('pclk4')).toBeCloseTo(hclk / PPRE[d3]!, 3);
        const factor = timpre ? 4 : 2;
        for (const [apb, timer, p] of [
          ['pclk1', 'timpclk1', p1],
          ['pclk2', 'timpclk2', p2],
        ] as const) {
          const divider = PPRE[p]!;
          expect(h.hz(apb)).toBeCloseTo(hclk / divider, 3);
          expect(h.hz(timer)).toBeCloseTo(divider <= factor ? hclk : (hclk / divider) * factor, 3);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('PLLs', () => {
  it('every output is input / DIVM x (DIVN + 1 + FRACN / 8192) / (divider + 1), for all sources', () => {
    const inputs = [64e6, 4e6, 25e6];
    fc.assert(
      fc.property(
        nat(2),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 63 }),
        fc.integer({ min: 3, max: 511 }),
        nat(8191),
        nat(127),
        nat(127),
        nat(127),
        fc.boolean(),
        (source, i, m, n, frac, p, q, r, fractional) => {
          const h = fresh();
          h.set('RCC.CR.CSION', 1);
          h.set('RCC.CR.HSEON', 1);
          h.wait(10 * MS);
          h.write('RCC.PLLCKSELR', source | (m << (4 + 8 * (i - 1))));
          h.write(`RCC.PLL${i}FRACR`, frac << 3);
          h.write('RCC.PLLCFGR', 0x01ff0000 | (fractional ? 1 << (4 * (i - 1)) : 0));
          h.write(`RCC.PLL${i}DIVR`, ((r << 24) | (q << 16) | (p << 9) | n) >>> 0);
          h.set(`RCC.CR.PLL${i}ON`, 1);
          expect(h.hz(`pll${i}p`)).toBeNull();
          h.wait(60 * US);
          expect(h.get(`RCC.CR.PLL${i}RDY`)).toBe(1);
          const vco = (inputs[source]! / m) * (n + 1 + (fractional ? frac / 8192 : 0));
          for (const [output, divider] of [
            ['p', p],
            ['q', q],
            ['r', r],
          ] as const)
            expect(h.hz(`pll${i}${output}`)! / (vco / (divider + 1))).toBeCloseTo(1, 9);
        },
      ),
      { numRuns: 120 },
    );
  });
  /** What is told of PLL1 at 64 MHz / 8 with this configuration, factor and fraction. */
  const toldOf = (cfgr: number, divn: number, fracn: number): string => {
    const h = fresh();
    h.write('RCC.PLLCKSELR', 8 << 4);
    h.write('RCC.PLL1FRACR', fracn << 3);
    h.write('RCC.PLLCFGR', cfgr);
    h.write('RCC.PLL1DIVR', (1 << 9) | divn);
    h.set('RCC.CR.PLL1ON', 1);
    h.wait(200 * US);
    return h.notes.join('\n');
  };
  it('a VCO that its fraction puts some kilohertz above the limit is told with them', () =>
    expect(toldOf(0x01ff0001, 119, 8)).toContain('PLL1: VCO at 960.008 MHz, allowed 192 to 960 MHz'));
  it('an input that is not in the range which RGE says (2 to 4 MHz) is told', () =>
    expect(toldOf(0x01ff0004, 79, 0)).toContain('PLL1: input at 8 MHz, allowed 2 to 4 MHz'));
  it('dividers and source are frozen while the PLL runs; output enables are not', () => {
    const h = fresh();
    h.write('RCC.PLLCKSELR', 4 << 4);
    h.set('RCC.CR.PLL1ON', 1);
    h.wait(60 * US);
    const [divr, cksel] = [h.read('RCC.PLL1DIVR'), h.read('RCC.PLLCKSELR')];
    h.write('RCC.PLL1DIVR', 0);
    h.write('RCC.PLLCKSELR', 2 | (1 << 4));
    expect([h.read('RCC.PLL1DIVR'), h.read('RCC.PLLCKSELR')]).toEqual([divr, cksel]);
    expect(h.notes.length).toBeGreaterThan(0);
    h.set('RCC.PLLCFGR.DIVQ1EN', 0);
    expect(h.hz('pll1q')).toBeNull();
    expect(h.hz('pll1p')).not.toBeNull();
  });
  it('SYSCLK switches after the lock, and PLL1 cannot be stopped while SYSCLK comes from it', () => {
    const h = fresh();
    h.write('RCC.PLLCKSELR', 4 << 4);
    h.write('RCC.PLL1DIVR', 0x01010231);
    h.set('RCC.CR.PLL1ON', 1);
    h.set('RCC.CFGR.SW', 3);
    expect(h.get('RCC.CFGR.SWS')).toBe(0);
    h.wait(60 * US);
    expect(h.get('RCC.CFGR.SWS')).toBe(3);
    expect(h.hz('sysclk')).toBe(400_000_000);
    h.set('RCC.CR.PLL1ON', 0);
    expect(h.get('RCC.CR.PLL1ON')).toBe(1);
    h.set('RCC.CR.HSION', 0);
    expect(h.get('RCC.CR.HSION')).toBe(1);
    h.set('RCC.PLLCFGR.DIVP1EN', 0);
    expect([h.get('RCC.PLLCFGR.DIVP1EN'), h.hz('sysclk')]).toEqual([1, 400_000_000]);
  });
});

describe('oscillators', () => {
  it('HSI48 is ready after its start time and can feed USB', () => {
    const h = fresh();
    h.set('RCC.D2CCIP2R.USBSEL', 3);
    h.set('RCC.CR.HSI48ON', 1);
    expect(h.hz('usb')).toBeNull();
    h.wait(2.2 * US);
    expect(h.get('RCC.CR.HSI48RDY')).toBe(1);
    expect(h.hz('usb')).toBe(48_000_000);
  });
  it('HSE is a 25 MHz crystal on the XI’s board, an 8 MHz clock on the ZI’s', () => {
    const crystal = fresh();
    crystal.set('RCC.CR.HSEON', 1);
    crystal.wait(1 * MS);
    expect(crystal.hz('hse')).toBeNull();
    crystal.wait(2 * MS);
    expect(crystal.hz('hse')).toBe(25_000_000);
    const clock = zi.again();
    clock.set('RCC.CR.HSEBYP', 1);
    clock.set('RCC.CR.HSEON', 1);
    clock.wait(1 * MS);
    expect(clock.hz('hse')).toBe(8_000_000);
  });
  it('HSIDIV divides HSI some clocks later, shown by HSIDIVF', () => {
    const h = fresh();
    h.set('RCC.CR.HSIDIV', 2);
    expect([h.get('RCC.CR.HSIDIVF'), h.hz('sysclk')]).toEqual([0, 64_000_000]);
    h.wait(1 * US);
    expect([h.get('RCC.CR.HSIDIVF'), h.hz('sysclk')]).toEqual([1, 16_000_000]);
  });
  it('BDCR needs DBP', () => {
    const h = fresh();
    h.set('RCC.BDCR.LSEON', 1);
    expect(h.get('RCC.BDCR.LSEON')).toBe(0);
    h.set('PWR.CR1.DBP', 1);
    h.set('RCC.BDCR.LSEON', 1);
    h.wait(700 * MS);
    expect(h.get('RCC.BDCR.LSERDY')).toBe(1);
  });
});

describe('a failing LSE with its clock security on', () => {
  it.each([0, 1])('shows LSECSSD in BDCR; with LSECSSIE = %i flag and interrupt follow', (enable) => {
    const h = fresh();
    h.set('PWR.CR1.DBP', 1);
    h.set('RCC.BDCR.LSEON', 1);
    h.wait(3000 * MS);
    h.set('RCC.BDCR.LSECSSON', 1);
    h.set('RCC.CIER.LSECSSIE', enable);
    h.system.setWire('lse.fail', 1);
    expect([h.get('RCC.BDCR.LSERDY'), h.get('RCC.BDCR.LSECSSD')]).toEqual([0, 1]);
    const line = h.system.block('RCC').row.irqs![0]!;
    expect([h.get('RCC.CIFR.LSECSSF'), h.irqs.get(line) ?? false]).toEqual([enable, enable === 1]);
    h.set('RCC.CICR.LSECSSC', 1);
    expect([h.get('RCC.CIFR.LSECSSF'), h.irqs.get(line) ?? false]).toEqual([0, false]);
  });
});

describe('enable bits of two cores', () => {
  const asCore = <T>(h: StChip, core: number, body: () => T): T => {
    h.system.master = core;
    try {
      return body();
    } finally {
      h.system.master = 0;
    }
  };
  it('a block is clocked while either core has set its bit, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ core: nat(1), bits: nat(0x7ff), own: fc.boolean() }), { maxLength: 12 }), (writes) => {
        const h = fresh();
        const want = [0, 0];
        for (const w of writes) {
          asCore(h, w.core, () => h.write(w.own ? `RCC.C${w.core + 1}_AHB4ENR` : 'RCC.AHB4ENR', w.bits));
          want[w.core] = w.bits;
        }
        for (const core of [0, 1]) {
          expect(asCore(h, core, () => h.read('RCC.AHB4ENR'))).toBe(want[core]);
          expect(h.read(`RCC.C${core + 1}_AHB4ENR`)).toBe(want[core]);
        }
        [...'ABCDEFGHIJK'].forEach((port, i) =>
          expect(h.system.isClocked(h.system.block(`GPIO${port}`))).toBe((((want[0]! | want[1]!) >>> i) & 1) === 1),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('resets', () => {
  it.each([
    ['power', 0, 'C1RSTF C2RSTF D1RSTF D2RSTF BORRSTF PINRSTF PORRSTF'],
    ['pin', 0, 'C1RSTF C2RSTF PINRSTF'],
    ['software', 0, 'C1RSTF C2RSTF PINRSTF SFT1RSTF'],
    ['software', 1, 'C1RSTF C2RSTF PINRSTF SFT2RSTF'],
    ['iwdg', 1, 'C1RSTF C2RSTF PINRSTF IWDG2RSTF'],
    ['wwdg', 0, 'C1RSTF C2RSTF PINRSTF WWDG1RSTF'],
  ] as const)('%s of core %i raises %s', (cause, core, flags) => {
    expect([...resetFlagsH7(cause, core)].sort()).toEqual(flags.split(' ').sort());
  });
  it('flags add up until RMVF, and the clock tree starts over', () => {
    const h = fresh();
    h.write('RCC.RSR', 1 << 16);
    expect(h.read('RCC.RSR')).toBe(1 << 16);
    h.set('RCC.D1CFGR.HPRE', 8);
    h.reset('software');
    h.reset('pin');
    expect(h.read('RCC.RSR')).toBe(0x01460000);
    expect(h.hz('hclk')).toBe(64_000_000);
  });
});
