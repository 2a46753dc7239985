import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MS, US } from '../../src/emu/time.ts';
import { pllVco } from '../../src/peripherals/clock/rcc-h.ts';
import { timerClock } from '../../src/peripherals/clock/rcc-rules.ts';
import { rate, rateHz } from '../../src/emu/time.ts';
import { H5 } from './h5.ts';

const NS = 1000;

describe('RCC H5: after power-on', () => {
  it('runs from HSI divided by 2: 32 MHz everywhere, SysTick reference 4 MHz', () => {
    const h = new H5();
    for (const clock of ['sysclk', 'hclk', 'pclk1', 'pclk2', 'pclk3', 'timpclk1', 'timpclk2', 'hsi']) expect(h.hz(clock)).toBe(32_000_000);
    expect(h.hz('systick-ext')).toBe(4_000_000);
    for (const clock of ['hse', 'hsi48', 'csi', 'lsi', 'lse', 'usb', 'rtc', 'pll1p']) expect(h.hz(clock)).toBeNull();
    expect(h.hz('usart1')).toBe(32_000_000);
  });
  it('flags the power-on as PINRSTF and BORRSTF', () => expect(new H5().read('RCC.RSR')).toBe(0x0c000000));
});

describe('RCC H5: oscillators', () => {
  it.each([
    ['HSI48', 'hsi48', 2.1 * US, 48_000_000],
    ['CSI', 'csi', 1 * US, 4_000_000],
  ])('%s is ready after its start time, not before', (name, clock, start, hz) => {
    const h = new H5();
    h.set(`RCC.CR.${name}ON`, 1);
    h.wait(start - 1);
    expect(h.get(`RCC.CR.${name}RDY`)).toBe(0);
    expect(h.hz(clock)).toBeNull();
    h.wait(1);
    expect(h.get(`RCC.CR.${name}RDY`)).toBe(1);
    expect(h.hz(clock)).toBe(hz);
    h.set(`RCC.CR.${name}ON`, 0);
    expect(h.get(`RCC.CR.${name}RDY`)).toBe(0);
    expect(h.hz(clock)).toBeNull();
  });
  it('HSE: crystal start plus 512 clocks', () => {
    const h = new H5();
    h.set('RCC.CR.HSEON', 1);
    const start = 2 * MS + Math.ceil((512 * 1e12) / 24e6);
    h.wait(start - 1);
    expect(h.get('RCC.CR.HSERDY')).toBe(0);
    h.wait(1);
    expect(h.get('RCC.CR.HSERDY')).toBe(1);
    expect(h.hz('hse')).toBe(24_000_000);
  });
  it('HSE without a crystal, or a crystal in bypass mode, never gets ready', () => {
    const bare = new H5({ 'hse.hz': NaN });
    bare.set('RCC.CR.HSEON', 1);
    bare.wait(10_000 * MS);
    expect(bare.get('RCC.CR.HSERDY')).toBe(0);
    const bypass = new H5();
    bypass.set('RCC.CR.HSEBYP', 1);
    bypass.set('RCC.CR.HSEON', 1);
    bypass.wait(10_000 * MS);
    expect(bypass.get('RCC.CR.HSERDY')).toBe(0);
    const fed = new H5({ 'hse.external': 1 });
    fed.set('RCC.CR.HSEBYP', 1);
    fed.set('RCC.CR.HSEON', 1);
    fed.wait(1 * MS);
    expect(fed.get('RCC.CR.HSERDY')).toBe(1);
  });
  it('HSIDIV = 0 gives 64 MHz once HSIDIVF is back', () => {
    const h = new H5();
    h.set('RCC.CR.HSIDIV', 0);
    expect(h.get('RCC.CR.HSIDIVF')).toBe(0);
    expect(h.hz('sysclk')).toBe(32_000_000);
    h.wait(250 * NS);
    expect(h.get('RCC.CR.HSIDIVF')).toBe(1);
    expect(h.hz('sysclk')).toBe(64_000_000);
  });
  it('HSION cannot be cleared while SYSCLK comes from HSI', () => {
    const h = new H5();
    h.set('RCC.CR.HSION', 0);
    expect(h.get('RCC.CR.HSION')).toBe(1);
    expect(h.notes.join()).toMatch(/HSION/);
  });
  it('LSI starts when a watchdog asks for it, without LSION', () => {
    const h = new H5();
    h.system.setWire('lsi.request', 1);
    h.wait(80 * US);
    expect(h.get('RCC.BDCR.LSIRDY')).toBe(1);
    expect(h.get('RCC.BDCR.LSION')).toBe(0);
    expect(h.hz('lsi')).toBe(32_000);
  });
  it('LSION needs no DBP; the rest of BDCR does', () => {
    const h = new H5();
    h.write('RCC.BDCR', h.field('RCC.BDCR.LSION').mask);
    h.wait(80 * US);
    expect(h.get('RCC.BDCR.LSIRDY')).toBe(1);
    expect(h.notes).toEqual([]);
    h.write('RCC.BDCR', h.field('RCC.BDCR.LSEON').mask);
    expect(h.get('RCC.BDCR.LSEON')).toBe(0);
    expect(h.get('RCC.BDCR.LSION')).toBe(0);
    expect(h.notes.join()).toMatch(/BDCR.*DBP = 0/);
  });
  it('LSIRDY falls three LSI clocks after LSION', () => {
    const h = new H5();
    h.set('PWR.DBPCR.DBP', 1);
    h.set('RCC.BDCR.LSION', 1);
    h.wait(80 * US);
    h.set('RCC.BDCR.LSION', 0);
    h.wait(93 * US);
    expect(h.get('RCC.BDCR.LSIRDY')).toBe(1);
    h.wait(1 * US);
    expect(h.get('RCC.BDCR.LSIRDY')).toBe(0);
    expect(h.hz('lsi')).toBeNull();
  });
  it('ready interrupt: flag rises only with its enable, the line follows, CICR clears it', () => {
    const h = new H5();
    h.set('RCC.CR.CSION', 1);
    h.wait(1 * US);
    expect(h.read('RCC.CIFR')).toBe(0);
    h.set('RCC.CIER.HSI48RDYIE', 1);
    h.set('RCC.CR.HSI48ON', 1);
    h.wait(3 * US);
    expect(h.read('RCC.CIFR')).toBe(1 << 5);
    expect(h.irqs.get(9)).toBe(true);
    h.write('RCC.CICR', 1 << 5);
    expect(h.read('RCC.CIFR')).toBe(0);
    expect(h.irqs.get(9)).toBe(false);
  });
  it('clock security: a failing HSE moves SYSCLK to HSI and raises NMI', () => {
    const h = new H5();
    h.set('RCC.CR.HSEON', 1);
    h.wait(3 * MS);
    h.set('RCC.CR.HSECSSON', 1);
    h.set('RCC.CFGR1.SW', 2);
    h.wait(1 * US);
    expect(h.hz('sysclk')).toBe(24_000_000);
    h.system.setWire('hse.fail', 1);
    h.wait(1 * US);
    expect(h.hz('sysclk')).toBe(32_000_000);
    expect(h.get('RCC.CIFR.HSECSSF')).toBe(1);
    expect(h.system.wire('nmi')).toBe(1);
    h.write('RCC.CICR', 1 << 10);
    expect(h.system.wire('nmi')).toBe(0);
  });
});

describe('RCC H5: PLL and SYSCLK switch', () => {
  const pll1 = (h: H5): void => {
    // HSI/2 = 32 MHz / 8 × 125 / 2 = 250 MHz
    h.write('RCC.PLL1CFGR', (1 << 0) | (8 << 8) | (1 << 16));
    h.write('RCC.PLL1DIVR', 124 | (1 << 9) | (4 << 16) | (1 << 24));
    h.set('RCC.CR.PLL1ON', 1);
  };
  it('PLL1 locks after 50 µs and gives P, and Q only when enabled', () => {
    const h = new H5();
    pll1(h);
    h.wait(50 * US - 1);
    expect(h.get('RCC.CR.PLL1RDY')).toBe(0);
    h.wait(1);
    expect(h.get('RCC.CR.PLL1RDY')).toBe(1);
    expect(h.hz('pll1p')).toBe(250_000_000);
    expect(h.hz('pll1q')).toBeNull();
    h.set('RCC.PLL1CFGR.PLL1QEN', 1);
    expect(h.hz('pll1q')).toBe(100_000_000);
  });
  it('waits with the switch until the source is ready; SWS shows the source in force', () => {
    const h = new H5();
    pll1(h);
    h.set('RCC.CFGR1.SW', 3);
    expect(h.get('RCC.CFGR1.SWS')).toBe(0);
    h.wait(49 * US);
    expect(h.hz('sysclk')).toBe(32_000_000);
    h.wait(2 * US);
    expect(h.get('RCC.CFGR1.SWS')).toBe(3);
    expect(h.hz('sysclk')).toBe(250_000_000);
    // Its output cannot be switched off under it.
    h.set('RCC.PLL1CFGR.PLL1PEN', 0);
    expect([h.get('RCC.PLL1CFGR.PLL1PEN'), h.hz('sysclk')]).toEqual([1, 250_000_000]);
  });
  it('dividers are frozen while the PLL is on', () => {
    const h = new H5();
    pll1(h);
    const before = h.read('RCC.PLL1DIVR');
    h.write('RCC.PLL1DIVR', 0x01010280);
    expect(h.read('RCC.PLL1DIVR')).toBe(before);
  });
  it('HSION cannot be cleared while PLL1 runs from HSI, even when nothing uses PLL1', () => {
    const h = new H5();
    h.set('RCC.CR.CSION', 1);
    h.set('RCC.CFGR1.SW', 1);
    h.wait(10 * US);
    pll1(h);
    h.set('RCC.CR.HSION', 0);
    expect(h.get('RCC.CR.HSION')).toBe(1);
    h.set('RCC.CR.PLL1ON', 0);
    h.set('RCC.CR.HSION', 0);
    expect(h.get('RCC.CR.HSION')).toBe(0);
    expect(h.hz('sysclk')).toBe(4_000_000);
  });
  it('a PLL whose input is off never locks', () => {
    const h = new H5();
    h.write('RCC.PLL2CFGR', (3 << 0) | (8 << 8) | (1 << 16));
    h.set('RCC.CR.PLL2ON', 1);
    h.wait(100 * MS);
    expect(h.get('RCC.CR.PLL2RDY')).toBe(0);
  });
  it('USBSEL: none, PLL1Q, PLL3Q, HSI48', () => {
    const h = new H5();
    h.set('RCC.CR.HSI48ON', 1);
    h.wait(3 * US);
    expect(h.hz('usb')).toBeNull();
    h.set('RCC.CCIPR4.USBSEL', 3);
    expect(h.hz('usb')).toBe(48_000_000);
    h.set('RCC.CCIPR4.USBSEL', 1);
    expect(h.hz('usb')).toBeNull();
  });
  it('the frequencies of random programs are those of the manual’s formulas', () => {
    const shifts = [1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 64, 128, 256, 512];
    const apb = [1, 1, 1, 1, 2, 4, 8, 16];
    fc.assert(
      fc.property(
        fc.record({
          hsidiv: fc.integer({ min: 0, max: 3 }),
          src: fc.integer({ min: 1, max: 3 }),
          m: fc.integer({ min: 1, max: 63 }),
          n: fc.integer({ min: 3, max: 511 }),
          frac: fc.integer({ min: 0, max: 8191 }),
          fracen: fc.boolean(),
          p: fc.integer({ min: 0, max: 127 }),
          q: fc.integer({ min: 0, max: 127 }),
          hpre: fc.integer({ min: 0, max: 15 }),
          ppre: fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 7 }))),
          timpre: fc.integer({ min: 0, max: 1 }),
          sw: fc.integer({ min: 0, max: 3 }),
        }),
        (x) => {
          const h = new H5();
          h.set('RCC.CR.HSIDIV', x.hsidiv);
          h.wait(1 * US);
          h.write('RCC.CR', (h.read('RCC.CR') | (1 << 8) | (1 << 16)) >>> 0);
          h.write('RCC.PLL1FRACR', x.frac << 3);
          h.write('RCC.PLL1CFGR', x.src | (x.fracen ? 1 << 4 : 0) | (x.m << 8) | (3 << 16));
          h.write('RCC.PLL1DIVR', x.n | (x.p << 9) | (x.q << 16));
          h.set('RCC.CR.PLL1ON', 1);
          h.write('RCC.CFGR2', x.hpre | ((x.ppre[0] ?? 0) << 4) | ((x.ppre[1] ?? 0) << 8) | ((x.ppre[2] ?? 0) << 12));
          h.write('RCC.CFGR1', x.sw | (x.timpre << 15));
          h.wait(10 * MS);
          const hsi = 64e6 / 2 ** x.hsidiv;
          const sources = [0, hsi, 4e6, 24e6];
          const vco = (sources[x.src]! / x.m) * (x.n + 1 + (x.fracen ? x.frac / 8192 : 0));
          const sys = [hsi, 4e6, 24e6, vco / (x.p + 1)][x.sw]!;
          const hclk = sys / shifts[x.hpre]!;
          const near = (clock: string, hz: number): void => expect(h.hz(clock)! / hz).toBeCloseTo(1, 12);
          near('sysclk', sys);
          near('hclk', hclk);
          near('pll1q', vco / (x.q + 1));
          x.ppre.forEach((v, i) => near(`pclk${i + 1}`, hclk / apb[v]!));
          for (const i of [0, 1]) {
            const d = apb[x.ppre[i]!]!;
            near(`timpclk${i + 1}`, x.timpre ? (d <= 4 ? hclk : (4 * hclk) / d) : d <= 2 ? hclk : (2 * hclk) / d);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
  it('PLL arithmetic is exact', () => {
    expect(pllVco(rate(24_000_000), 5, 99, 0)).toEqual(rate(480_000_000));
    expect(pllVco(rate(24_000_000), 0, 99, 0)).toBeNull();
    expect(rateHz(timerClock(rate(250_000_000), 7, 0))).toBe(31_250_000);
  });
});

describe('RCC H5: backup domain and resets', () => {
  const withAccess = (): H5 => {
    const h = new H5();
    h.set('PWR.DBPCR.DBP', 1);
    return h;
  };
  it('BDCR ignores writes without DBP', () => {
    const h = new H5();
    h.set('RCC.BDCR.LSEON', 1);
    expect(h.read('RCC.BDCR')).toBe(0);
    expect(h.notes.join()).toMatch(/DBP/);
  });
  it('LSE is ready after 0.6 s and runs on over a system reset', () => {
    const h = withAccess();
    h.set('RCC.BDCR.LSEON', 1);
    h.wait(600 * MS);
    expect(h.get('RCC.BDCR.LSERDY')).toBe(1);
    h.reset('software');
    expect(h.hz('lse')).toBe(32_768);
  });
  it('RTCSEL can be chosen once; VSWRST clears the domain, its register and the backup registers', () => {
    const h = withAccess();
    h.set('RCC.APB3ENR.RTCAPBEN', 1);
    h.write('TAMP.BKP0R', 0xb007b007);
    h.set('RCC.BDCR.RTCSEL', 2);
    h.set('RCC.BDCR.RTCSEL', 1);
    expect(h.get('RCC.BDCR.RTCSEL')).toBe(2);
    h.reset('software');
    h.set('RCC.APB3ENR.RTCAPBEN', 1);
    h.set('PWR.DBPCR.DBP', 1);
    expect(h.read('TAMP.BKP0R')).toBe(0xb007b007);
    h.set('RCC.BDCR.VSWRST', 1);
    expect(h.read('RCC.BDCR')).toBe(1 << 16);
    expect(h.read('TAMP.BKP0R')).toBe(0);
    h.set('RCC.BDCR.VSWRST', 0);
    h.set('RCC.BDCR.RTCSEL', 1);
    expect(h.get('RCC.BDCR.RTCSEL')).toBe(1);
  });
  it.each([
    ['pin', 0x04000000],
    ['software', 0x14000000],
    ['iwdg', 0x24000000],
    ['wwdg', 0x44000000],
    ['low-power', 0x84000000],
  ] as const)('a %s reset raises its flag and PINRSTF; RMVF clears', (cause, flags) => {
    const h = new H5();
    h.set('RCC.RSR.RMVF', 1);
    expect(h.read('RCC.RSR')).toBe(1 << 23);
    h.reset(cause);
    expect(h.read('RCC.RSR')).toBe(flags);
    h.reset('pin');
    expect(h.read('RCC.RSR')).toBe(flags);
  });
  it('a system reset goes back to HSI/2 and switches everything else off', () => {
    const h = new H5();
    h.write('RCC.CR', h.read('RCC.CR') | (1 << 12) | (1 << 16));
    h.set('RCC.CFGR1.SW', 2);
    h.set('RCC.AHB2ENR.GPIOAEN', 1);
    h.wait(10 * MS);
    expect(h.hz('sysclk')).toBe(24_000_000);
    h.reset('software');
    expect(h.hz('sysclk')).toBe(32_000_000);
    expect(h.hz('hse')).toBeNull();
    expect(h.read('RCC.CR')).toBe(0x2b);
    expect(h.get('RCC.AHB2ENR.GPIOAEN')).toBe(0);
  });
});
