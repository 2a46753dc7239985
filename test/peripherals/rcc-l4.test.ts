/** RCC of L476 and L496: clock tree by the manual's formulas, ready delays, locks, resets. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { STM32L496ZG } from '../../src/chips/stm32l496.ts';
import { MS, US } from '../../src/emu/time.ts';
import { MSI_HZ } from '../../src/peripherals/clock/rcc-l4.ts';
import { StChip } from './st-chip.ts';

const l476 = new StChip(STM32L476RG);
const l496 = new StChip(STM32L496ZG);
const withHse = new StChip(STM32L496ZG, { 'hse.hz': 8_000_000 });
const fresh = (): StChip => l476.again();
const openBackup = (h: StChip): void => {
  h.set('RCC.APB1ENR1.PWREN', 1);
  h.set('PWR.CR1.DBP', 1);
};
const startLse = (h: StChip): void => {
  openBackup(h);
  h.set('RCC.BDCR.LSEON', 1);
  h.wait(700 * MS);
};

describe('out of reset', () => {
  it('SYSCLK is MSI at 4 MHz, all buses undivided, no other oscillator runs', () => {
    const h = fresh();
    for (const clock of ['msi', 'sysclk', 'hclk', 'pclk1', 'pclk2', 'timpclk1']) expect(h.hz(clock)).toBe(4_000_000);
    for (const clock of ['hsi', 'hse', 'lsi', 'lse', 'pllr', 'usb', 'rtc']) expect(h.hz(clock)).toBeNull();
    expect(h.hz('systick-ext')).toBe(500_000);
  });
});

describe('MSI', () => {
  it.each(MSI_HZ.map((hz, range) => [range, hz] as const))('range %i gives %i Hz once MSIRGSEL hands over to CR', (range, hz) => {
    const h = fresh();
    h.set('RCC.CR.MSIRANGE', range);
    expect(h.hz('msi')).toBe(4_000_000);
    h.set('RCC.CR.MSIRGSEL', 1);
    expect(h.hz('sysclk')).toBe(hz);
  });
  it('ranges that do not exist change nothing', () => {
    const h = fresh();
    h.set('RCC.CR.MSIRGSEL', 1);
    for (const range of [12, 13, 14, 15]) {
      h.set('RCC.CR.MSIRANGE', range);
      expect(h.get('RCC.CR.MSIRANGE')).toBe(6);
    }
  });
  it('MSIRGSEL falls with a reset only, and MSI is back at 4 MHz', () => {
    const h = fresh();
    h.write('RCC.CR', 0xbb);
    expect(h.hz('sysclk')).toBe(48_000_000);
    h.set('RCC.CR.MSIRGSEL', 0);
    expect(h.get('RCC.CR.MSIRGSEL')).toBe(1);
    h.reset('software');
    expect(h.get('RCC.CR.MSIRGSEL')).toBe(0);
    expect(h.hz('sysclk')).toBe(4_000_000);
  });
  it('with LSE and MSIPLLEN it locks to a multiple of 32.768 kHz, 48.005 MHz in range 11; without LSE it runs free', () => {
    const h = fresh();
    h.write('RCC.CR', 0xbd);
    h.wait(5 * MS);
    expect(h.hz('msi')).toBe(48_000_000);
    startLse(h);
    h.wait(2 * MS);
    expect(h.hz('msi')).toBe(1465 * 32_768);
    h.set('RCC.CR.MSIPLLEN', 0);
    expect(h.hz('msi')).toBe(48_000_000);
  });
  it('serves USB through CLK48SEL = 3', () => {
    const h = fresh();
    h.write('RCC.CR', 0xb9);
    h.set('RCC.CCIPR.CLK48SEL', 3);
    expect(h.hz('usb')).toBe(48_000_000);
  });
});

describe('PLL', () => {
  it('every output is input / (M + 1) x N / divider, for all factors and sources', () => {
    const inputs = [null, 4_000_000, 16_000_000, 8_000_000];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 0, max: 7 }),
        fc.integer({ min: 8, max: 86 }),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 0, max: 31 }),
        fc.integer({ min: 0, max: 1 }),
        (source, m, n, q, r, pdiv, p) => {
          const h = withHse.again();
          h.set('RCC.CR.HSION', 1);
          h.set('RCC.CR.HSEON', 1);
          h.wait(10 * MS);
          h.write(
            'RCC.PLLCFGR',
            (pdiv << 27) | (r << 25) | (1 << 24) | (q << 21) | (1 << 20) | (p << 17) | (1 << 16) | (n << 8) | (m << 4) | source,
          );
          h.write('RCC.PLLSAI1CFGR', (r << 25) | (1 << 24) | (q << 21) | (1 << 20) | (n << 8));
          h.set('RCC.CR.PLLON', 1);
          h.set('RCC.CR.PLLSAI1ON', 1);
          expect(h.hz('pllr')).toBeNull();
          h.wait(15 * US);
          expect(h.get('RCC.CR.PLLRDY')).toBe(1);
          const vco = (inputs[source]! * n) / (m + 1);
          const divider = pdiv === 0 ? (p ? 17 : 7) : pdiv;
          expect(h.hz('pllr')).toBeCloseTo(vco / (2 * (r + 1)), 3);
          expect(h.hz('pllq')).toBeCloseTo(vco / (2 * (q + 1)), 3);
          expect(h.hz('pllsai1r')).toBeCloseTo(vco / (2 * (r + 1)), 3);
          if (pdiv === 1) expect(h.hz('pllp')).toBeNull();
          else expect(h.hz('pllp')).toBeCloseTo(vco / divider, 3);
        },
      ),
      { numRuns: 120 },
    );
  });
  it('80 MHz from MSI: SYSCLK switches a few clocks after the lock, not before', () => {
    const h = fresh();
    h.write('RCC.PLLCFGR', (1 << 24) | (40 << 8) | 1);
    h.set('RCC.CR.PLLON', 1);
    h.set('RCC.CFGR.SW', 3);
    expect(h.get('RCC.CFGR.SWS')).toBe(0);
    h.wait(15 * US);
    expect(h.get('RCC.CFGR.SWS')).toBe(0);
    h.wait(1 * US);
    expect(h.get('RCC.CFGR.SWS')).toBe(3);
    expect(h.hz('hclk')).toBe(80_000_000);
  });
  it('factors are frozen while it is on, and PLLON and PLLREN stay while SYSCLK comes from it', () => {
    const h = fresh();
    h.write('RCC.PLLCFGR', (1 << 24) | (40 << 8) | 1);
    h.set('RCC.CR.PLLON', 1);
    h.wait(20 * US);
    h.set('RCC.PLLCFGR.PLLN', 20);
    expect(h.get('RCC.PLLCFGR.PLLN')).toBe(40);
    h.set('RCC.CFGR.SW', 3);
    h.wait(5 * US);
    h.set('RCC.CR.PLLON', 0);
    expect(h.get('RCC.CR.PLLON')).toBe(1);
    h.set('RCC.PLLCFGR.PLLREN', 0);
    expect(h.get('RCC.PLLCFGR.PLLREN')).toBe(1);
    h.set('RCC.CFGR.SW', 0);
    h.wait(5 * US);
    h.set('RCC.CR.PLLON', 0);
    expect(h.get('RCC.CR.PLLRDY')).toBe(0);
  });
});

describe('buses and kernel clocks', () => {
  it('HCLK, PCLK and timer clocks follow HPRE and PPRE', () => {
    const ahb = [1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 64, 128, 256, 512];
    const apb = [1, 1, 1, 1, 2, 4, 8, 16];
    for (const [hpre, h1] of ahb.entries())
      for (const [p1, d1] of apb.entries()) {
        const p2 = (p1 + 3) % 8;
        const h = fresh();
        h.write('RCC.CFGR', (p2 << 11) | (p1 << 8) | (hpre << 4));
        const hclk = 4_000_000 / h1;
        expect(h.hz('hclk')).toBe(hclk);
        expect(h.hz('pclk1')).toBe(hclk / d1);
        expect(h.hz('pclk2')).toBe(hclk / apb[p2]!);
        expect(h.hz('timpclk1')).toBe(d1 === 1 ? hclk : (2 * hclk) / d1);
      }
  });
  it('USART kernel clocks: PCLK, SYSCLK, HSI16, LSE', () => {
    const h = fresh();
    h.write('RCC.CFGR', 4 << 8);
    h.set('RCC.CR.HSION', 1);
    startLse(h);
    for (const [value, hz] of [
      [0, 2_000_000],
      [1, 4_000_000],
      [2, 16_000_000],
      [3, 32_768],
    ] as const) {
      h.set('RCC.CCIPR.USART2SEL', value);
      expect(h.hz('usart2')).toBe(hz);
    }
  });
});

describe('oscillators', () => {
  it('L496: HSI48 is ready 2.5 µs after HSI48ON and feeds USB through CLK48SEL = 0; the L476 has none', () => {
    const h = l496.again();
    h.set('RCC.CRRCR.HSI48ON', 1);
    h.wait(2 * US);
    expect(h.get('RCC.CRRCR.HSI48RDY')).toBe(0);
    expect(h.hz('usb')).toBeNull();
    h.wait(1 * US);
    expect(h.get('RCC.CRRCR.HSI48RDY')).toBe(1);
    expect(h.hz('usb')).toBe(48_000_000);
    expect(l476.layout('RCC').has('CRRCR')).toBe(false);
  });
  it('HSE never gets ready on a board without a crystal', () => {
    const h = fresh();
    h.set('RCC.CR.HSEON', 1);
    h.wait(5000 * MS);
    expect(h.get('RCC.CR.HSERDY')).toBe(0);
  });
  it('LSE starts only with DBP set, takes 0.6 s, and lives through a system reset', () => {
    const h = fresh();
    h.set('RCC.BDCR.LSEON', 1);
    expect(h.get('RCC.BDCR.LSEON')).toBe(0);
    openBackup(h);
    h.set('RCC.BDCR.LSEON', 1);
    h.wait(599 * MS);
    expect(h.get('RCC.BDCR.LSERDY')).toBe(0);
    h.wait(2 * MS);
    expect(h.get('RCC.BDCR.LSERDY')).toBe(1);
    h.reset('software');
    expect(h.get('RCC.BDCR.LSERDY')).toBe(1);
    openBackup(h);
    h.set('RCC.BDCR.BDRST', 1);
    expect(h.get('RCC.BDCR.LSERDY')).toBe(0);
  });
  it('the running IWDG keeps LSI on without LSION', () => {
    const h = fresh();
    h.write('IWDG.KR', 0xcccc);
    h.wait(100 * US);
    expect(h.get('RCC.CSR.LSION')).toBe(0);
    expect(h.get('RCC.CSR.LSIRDY')).toBe(1);
  });
  it('HSE failing under CSS: SYSCLK falls back to MSI, CSSF pends, NMI rises', () => {
    const h = withHse.again();
    h.set('RCC.CR.HSEON', 1);
    h.wait(10 * MS);
    h.set('RCC.CR.CSSON', 1);
    h.set('RCC.CFGR.SW', 2);
    h.wait(10 * US);
    expect(h.hz('sysclk')).toBe(8_000_000);
    h.system.setWire('hse.fail', 1);
    h.wait(10 * US);
    expect(h.hz('sysclk')).toBe(4_000_000);
    expect(h.get('RCC.CIFR.CSSF')).toBe(1);
    expect(h.system.wire('nmi')).toBe(1);
    h.write('RCC.CICR', 1 << 8);
    expect(h.system.wire('nmi')).toBe(0);
  });
});

describe('CSR', () => {
  it.each([
    ['software', 0x14000000],
    ['pin', 0x04000000],
    ['iwdg', 0x24000000],
    ['wwdg', 0x44000000],
    ['low-power', 0x84000000],
    ['option-bytes', 0x06000000],
  ] as const)('after RMVF a reset by %s leaves exactly its flags', (cause, flags) => {
    const h = fresh();
    h.set('RCC.CSR.RMVF', 1);
    expect(h.read('RCC.CSR') >>> 24).toBe(0);
    h.reset(cause);
    expect((h.read('RCC.CSR') & 0xff000000) >>> 0).toBe(flags);
    expect(h.get('RCC.CSR.MSISRANGE')).toBe(6);
  });
  it('flags gather until RMVF', () => {
    const h = fresh();
    h.reset('software');
    h.reset('iwdg');
    expect((h.read('RCC.CSR') & 0xff000000) >>> 0).toBe(0x3c000000);
  });
});

describe('WWDGEN', () => {
  it('stays set until a system reset', () => {
    const h = fresh();
    h.set('RCC.APB1ENR1.WWDGEN', 1);
    h.set('RCC.APB1ENR1.PWREN', 1);
    h.write('RCC.APB1ENR1', 0);
    expect([h.get('RCC.APB1ENR1.WWDGEN'), h.get('RCC.APB1ENR1.PWREN')]).toEqual([1, 0]);
    h.reset('software');
    expect(h.get('RCC.APB1ENR1.WWDGEN')).toBe(0);
  });
});

describe('gating', () => {
  it('PWR, SYSCFG and GPIOA read 0 and ignore writes until their clock is on', () => {
    const h = fresh();
    expect(h.read('PWR.CR1')).toBe(0);
    h.write('PWR.CR2', 0x400);
    h.set('RCC.APB1ENR1.PWREN', 1);
    expect(h.read('PWR.CR1')).toBe(0x200);
    expect(h.read('PWR.CR2')).toBe(0);
    expect(h.read('GPIOA.MODER')).toBe(0);
    h.set('RCC.AHB2ENR.GPIOAEN', 1);
    expect(h.read('GPIOA.MODER')).toBe(0xabffffff);
  });
});
