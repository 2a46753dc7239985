/**
 * Clock trees as the reference manuals draw them, for the property test: which source feeds what, and the formulas in hertz, as the manuals print them: RM0481, RM0399,
 * RM0351, RM0091, RM0090, RM0383, chapter RCC. Written down without a look at the models.
 */
import { STM32C071RB } from '../../src/chips/stm32c0.ts';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32F105RC } from '../../src/chips/stm32f105.ts';
import { STM32F103C8 } from '../../src/chips/stm32f1.ts';
import { STM32F207ZG } from '../../src/chips/stm32f2.ts';
import { STM32F070RB } from '../../src/chips/stm32f0x.ts';
import { STM32F303CC } from '../../src/chips/stm32f3.ts';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32F411RE, STM32F412ZG } from '../../src/chips/stm32f411.ts';
import { STM32G0B1RE } from '../../src/chips/stm32g0.ts';
import { STM32G431RB, STM32G474RE, STM32G491RE } from '../../src/chips/stm32g4.ts';
import { STM32H503RB } from '../../src/chips/stm32h503.ts';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { STM32H563ZI } from '../../src/chips/stm32h563.ts';
import { STM32H723ZG } from '../../src/chips/stm32h723.ts';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import { STM32L072CZ } from '../../src/chips/stm32l0.ts';
import { STM32L152RE } from '../../src/chips/stm32l1.ts';
import { STM32U575ZI } from '../../src/chips/stm32u5.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { STM32WB55RG } from '../../src/chips/stm32wb.ts';
import { STM32L412RB, STM32L432KC, STM32L452RE, STM32L4R5ZI } from '../../src/chips/stm32l4x3.ts';
import { STM32L496ZG } from '../../src/chips/stm32l496.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';

export type Hz = number | null;
export type Get = (field: string) => number;
export interface PllCheck {
  readonly name: string;
  readonly on: string;
  readonly rdy: string;
  /** Oscillator that feeds it, or null. */
  source(get: Get): string | null;
  /** VCO in hertz from its input; null with factors that do not exist. */
  vco(get: Get, input: number): Hz;
  /** Limits of the VCO that a warning is given for; left out: the manual has none for the VCO alone. */
  limits?(get: Get): readonly [number, number];
  readonly outputs: Readonly<Record<string, (get: Get, vco: number) => Hz>>;
  /** Fields that cannot change while it is on. */
  readonly frozen: readonly string[];
}
export interface Tree {
  readonly chip: ChipDescription;
  /** Name → [ON, RDY, hertz]. */
  readonly oscillators: Readonly<
    Record<string, readonly [on: string, rdy: string, hz: number | ((get: Get, hsiDivider: number) => number)]>
  >;
  readonly plls: readonly PllCheck[];
  readonly sw: string;
  readonly sws: string;
  /** By SWS. */
  readonly sysclk: readonly string[];
  /** Everything behind SYSCLK and the muxes. */
  buses(get: Get, clock: (name: string) => Hz): Readonly<Record<string, Hz>>;
  /** Further fields that a program sets. */
  readonly fields: readonly string[];
  /** HSIDIV and its flag. */
  readonly divided?: readonly [divider: string, flag: string];
}

const HPRE = [1, 1, 1, 1, 1, 1, 1, 1, 2, 4, 8, 16, 64, 128, 256, 512];
const PPRE = [1, 1, 1, 1, 2, 4, 8, 16];
const by = (hz: Hz, divider: number): Hz => (hz === null ? null : hz / divider);
/** Timer clock: the APB clock while it is not divided, else two times it; with TIMPRE four times, HCLK up to a division by four. */
const timer = (hclk: Hz, ppre: number, timpre = 0): Hz => {
  if (hclk === null) return null;
  const divider = PPRE[ppre]!;
  if (timpre) return divider <= 4 ? hclk : (4 * hclk) / divider;
  return divider === 1 ? hclk : (2 * hclk) / divider;
};

// ---- F0 ------------------------------------------------------------------------------------------------------------------------------
const f0: Tree = {
  chip: STM32F072RB,
  oscillators: {
    hsi: ['CR.HSION', 'CR.HSIRDY', 8e6],
    hsi14: ['CR2.HSI14ON', 'CR2.HSI14RDY', 14e6],
    hsi48: ['CR2.HSI48ON', 'CR2.HSI48RDY', 48e6],
    hse: ['CR.HSEON', 'CR.HSERDY', 8e6],
  },
  plls: [
    {
      name: 'pll',
      on: 'CR.PLLON',
      rdy: 'CR.PLLRDY',
      source: (get) => ['hsi', 'hsi', 'hse', 'hsi48'][get('CFGR.PLLSRC')]!,
      // PLLSRC 0 halves HSI, the others are divided by PREDIV.
      vco: (get, input) => (input / (get('CFGR.PLLSRC') === 0 ? 2 : get('CFGR2.PREDIV') + 1)) * Math.min(get('CFGR.PLLMUL') + 2, 16),
      outputs: { pll: (_get, vco) => vco },
      frozen: ['CFGR.PLLSRC', 'CFGR.PLLMUL', 'CFGR2.PREDIV'],
    },
  ],
  sw: 'CFGR.SW',
  sws: 'CFGR.SWS',
  sysclk: ['hsi', 'hse', 'pll', 'hsi48'],
  buses: (get, clock) => {
    const hclk = by(clock('sysclk'), HPRE[get('CFGR.HPRE')]!);
    const pclk1 = by(hclk, PPRE[get('CFGR.PPRE')]!);
    return {
      hclk,
      pclk1,
      timpclk1: timer(hclk, get('CFGR.PPRE')),
      usb: get('CFGR3.USBSW') ? clock('pll') : clock('hsi48'),
      usart1: [pclk1, clock('sysclk'), null, clock('hsi')][get('CFGR3.USART1SW')]!,
    };
  },
  fields: ['CFGR.HPRE', 'CFGR.PPRE', 'CFGR3.USBSW', 'CFGR3.USART1SW', 'CFGR.PLLXTPRE'],
};

/** RM0360 7.2: no HSI48; PLLSRC 3 is reserved, SW 3 too. */
const f070: Tree = {
  ...f0,
  chip: STM32F070RB,
  oscillators: {
    hsi: ['CR.HSION', 'CR.HSIRDY', (get): number => 8e6 + 40e3 * (get('CR.HSITRIM') - 16)],
    hsi14: f0.oscillators['hsi14']!,
    hse: f0.oscillators['hse']!,
  },
  plls: [{ ...f0.plls[0]!, source: (get) => ['hsi', 'hsi', 'hse', null][get('CFGR.PLLSRC')]! }],
  sysclk: ['hsi', 'hse', 'pll', ''],
  buses: (get, clock) => ({
    ...f0.buses(get, (name) => (name === 'hsi48' ? null : clock(name))),
    usb: get('CFGR3.USBSW') ? clock('pll') : null,
  }),
  fields: [...f0.fields, 'CR.HSITRIM'],
};

// ---- F4 ------------------------------------------------------------------------------------------------------------------------------
const f4 = (chip: ChipDescription, timpre: boolean): Tree => {
  const pll = (name: string, prefix: string, m: string, outputs: PllCheck['outputs'], frozen: readonly string[]): PllCheck => ({
    name,
    on: `CR.${prefix}ON`,
    rdy: `CR.${prefix}RDY`,
    source: (get) => (get('PLLCFGR.PLLSRC') ? 'hse' : 'hsi'),
    // M and N of 0 and 1 are wrong configurations.
    vco: (get, input) => {
      const n = get(`${prefix}CFGR.${prefix}N`);
      return get(m) < 2 || n < 2 ? null : (input / get(m)) * n;
    },
    limits: () => [100e6, 432e6],
    outputs,
    frozen: ['PLLCFGR.PLLSRC', m, `${prefix}CFGR.${prefix}N`, ...frozen],
  });
  return {
    chip,
    oscillators: { hsi: ['CR.HSION', 'CR.HSIRDY', 16e6], hse: ['CR.HSEON', 'CR.HSERDY', chip.parameters['hse.hz']!.value] },
    plls: [
      pll(
        'pll',
        'PLL',
        'PLLCFGR.PLLM',
        {
          pllp: (get, vco) => vco / [2, 4, 6, 8][get('PLLCFGR.PLLP')]!,
          usb: (get, vco) => (get('PLLCFGR.PLLQ') < 2 ? null : vco / get('PLLCFGR.PLLQ')),
        },
        ['PLLCFGR.PLLP', 'PLLCFGR.PLLQ'],
      ),
      pll(
        'plli2s',
        'PLLI2S',
        chip === STM32F411RE || chip === STM32F412ZG ? 'PLLI2SCFGR.PLLI2SM' : 'PLLCFGR.PLLM',
        { plli2sr: (get, vco) => (get('PLLI2SCFGR.PLLI2SR') < 2 ? null : vco / get('PLLI2SCFGR.PLLI2SR')) },
        ['PLLI2SCFGR.PLLI2SR'],
      ),
    ],
    sw: 'CFGR.SW',
    sws: 'CFGR.SWS',
    sysclk: ['hsi', 'hse', 'pllp'],
    buses: (get, clock) => {
      const hclk = by(clock('sysclk'), HPRE[get('CFGR.HPRE')]!);
      const fast = timpre ? get('DCKCFGR.TIMPRE') : 0;
      return {
        hclk,
        pclk1: by(hclk, PPRE[get('CFGR.PPRE1')]!),
        pclk2: by(hclk, PPRE[get('CFGR.PPRE2')]!),
        timpclk1: timer(hclk, get('CFGR.PPRE1'), fast),
        timpclk2: timer(hclk, get('CFGR.PPRE2'), fast),
      };
    },
    fields: ['CFGR.HPRE', 'CFGR.PPRE1', 'CFGR.PPRE2', ...(timpre ? ['DCKCFGR.TIMPRE'] : [])],
  };
};

// ---- F1 ------------------------------------------------------------------------------------------------------------------------------
/** RM0008 7.2: PLLMUL is 2 to 16, of HSI / 2, HSE or HSE / 2; USB takes the PLL or two thirds of it. */
const f1: Tree = {
  chip: STM32F103C8,
  oscillators: { hsi: ['CR.HSION', 'CR.HSIRDY', 8e6], hse: ['CR.HSEON', 'CR.HSERDY', 8e6] },
  plls: [
    {
      name: 'pll',
      on: 'CR.PLLON',
      rdy: 'CR.PLLRDY',
      source: (get) => (get('CFGR.PLLSRC') ? 'hse' : 'hsi'),
      vco: (get, input) => (input / (get('CFGR.PLLSRC') === 0 ? 2 : get('CFGR.PLLXTPRE') + 1)) * Math.min(get('CFGR.PLLMUL') + 2, 16),
      outputs: { pll: (_get, vco) => vco, usb: (get, vco) => (get('CFGR.OTGFSPRE') ? vco : (2 * vco) / 3) },
      frozen: ['CFGR.PLLSRC', 'CFGR.PLLMUL', 'CFGR.PLLXTPRE'],
    },
  ],
  sw: 'CFGR.SW',
  sws: 'CFGR.SWS',
  sysclk: ['hsi', 'hse', 'pll'],
  buses: (get, clock) => {
    const hclk = by(clock('sysclk'), HPRE[get('CFGR.HPRE')]!);
    return {
      hclk,
      pclk1: by(hclk, PPRE[get('CFGR.PPRE1')]!),
      pclk2: by(hclk, PPRE[get('CFGR.PPRE2')]!),
      timpclk1: timer(hclk, get('CFGR.PPRE1')),
      timpclk2: timer(hclk, get('CFGR.PPRE2')),
    };
  },
  fields: ['CFGR.HPRE', 'CFGR.PPRE1', 'CFGR.PPRE2', 'CFGR.OTGFSPRE'],
};

/** RM0008 8.2: PREDIV1 takes HSE or PLL2, PLL2 and PLL3 take HSE through PREDIV2; PLLMUL is 4 to 9 and 6.5; USB takes twice the PLL over 3 or 2. */
const F107_PLLMUL: Readonly<Record<number, number>> = { 2: 4, 3: 5, 4: 6, 5: 7, 6: 8, 7: 9, 13: 6.5 };
const F107_PLL2MUL: Readonly<Record<number, number>> = { 6: 8, 7: 9, 8: 10, 9: 11, 10: 12, 11: 13, 12: 14, 14: 16, 15: 20 };
const f107Second = (name: 'pll2' | 'pll3'): PllCheck => {
  const upper = name.toUpperCase();
  return {
    name,
    on: `CR.${upper}ON`,
    rdy: `CR.${upper}RDY`,
    source: () => 'hse',
    vco: (get, input) => {
      const by = F107_PLL2MUL[get(`CFGR2.${upper}MUL`)];
      return by === undefined ? null : (input * by) / (get('CFGR2.PREDIV2') + 1);
    },
    outputs: { [name]: (_get, vco) => vco },
    frozen: [`CFGR2.${upper}MUL`, 'CFGR2.PREDIV2'],
  };
};
const f107: Tree = {
  ...f1,
  chip: STM32F105RC,
  oscillators: { hsi: ['CR.HSION', 'CR.HSIRDY', 8e6], hse: ['CR.HSEON', 'CR.HSERDY', 25e6] },
  plls: [
    f107Second('pll2'),
    f107Second('pll3'),
    {
      name: 'pll',
      on: 'CR.PLLON',
      rdy: 'CR.PLLRDY',
      // PLL2 in front of it (PREDIV1SRC) is beyond this test's sources; the ROM of F105 runs so (fixtures/jump-1fffb000).
      source: (get) => (get('CFGR.PLLSRC') ? 'hse' : 'hsi'),
      vco: (get, input) => {
        const by = F107_PLLMUL[get('CFGR.PLLMUL')];
        return by === undefined ? null : (input / (get('CFGR.PLLSRC') ? get('CFGR2.PREDIV1') + 1 : 2)) * by;
      },
      outputs: { pll: (_get, vco) => vco, usb: (get, vco) => (get('CFGR.OTGFSPRE') ? vco : (2 * vco) / 3) },
      frozen: ['CFGR.PLLSRC', 'CFGR.PLLMUL', 'CFGR2.PREDIV1'],
    },
  ],
};

/** RM0316 9.2: HSE through PREDIV, muxes of the USARTs. */
const f3: Tree = {
  ...f1,
  chip: STM32F303CC,
  plls: [
    {
      ...f1.plls[0]!,
      source: (get) => ['hsi', 'hsi', 'hse', 'hse'][get('CFGR.PLLSRC')]!,
      vco: (get, input) => (input / (get('CFGR.PLLSRC') === 0 ? 2 : get('CFGR2.PREDIV') + 1)) * Math.min(get('CFGR.PLLMUL') + 2, 16),
      outputs: { pll: (_get, vco) => vco, usb: (get, vco) => (get('CFGR.USBPRE') ? vco : (2 * vco) / 3) },
      frozen: ['CFGR.PLLSRC', 'CFGR.PLLMUL', 'CFGR2.PREDIV'],
    },
  ],
  buses: (get, clock) => {
    const buses = f1.buses(get, clock);
    const of = (name: string, bus: string): Hz => [buses[bus]!, clock('sysclk'), null, clock('hsi')][get(`CFGR3.${name}SW`)]!;
    return { ...buses, usart1: of('USART1', 'pclk2'), usart2: of('USART2', 'pclk1') };
  },
  fields: ['CFGR.HPRE', 'CFGR.PPRE1', 'CFGR.PPRE2', 'CFGR.USBPRE', 'CFGR3.USART1SW', 'CFGR3.USART2SW'],
};

// ---- G0 ------------------------------------------------------------------------------------------------------------------------------
/** RM0444 5.2: HSI16 / HSIDIV is HSISYS, the PLL takes HSI16 or HSE; P, Q and R divide by 2 and more. */
const g0: Tree = {
  chip: STM32G0B1RE,
  oscillators: {
    hsi: ['CR.HSION', 'CR.HSIRDY', (get) => 16e6 / 2 ** get('CR.HSIDIV')],
    hse: ['CR.HSEON', 'CR.HSERDY', 8e6],
    hsi48: ['CR.HSI48ON', 'CR.HSI48RDY', 48e6],
  },
  plls: [
    {
      name: 'pll',
      on: 'CR.PLLON',
      rdy: 'CR.PLLRDY',
      source: (get) => [null, null, 'hsi', 'hse'][get('PLLCFGR.PLLSRC')]!,
      // In front of HSIDIV.
      vco: (get, input) => {
        const n = get('PLLCFGR.PLLN');
        const hz = get('PLLCFGR.PLLSRC') === 2 ? 16e6 : input;
        return n < 8 ? null : (hz * n) / (get('PLLCFGR.PLLM') + 1);
      },
      outputs: Object.fromEntries(
        ['P', 'Q', 'R'].map((x) => [
          `pll${x.toLowerCase()}`,
          (get: Get, vco: number): Hz =>
            get(`PLLCFGR.PLL${x}EN`) && get(`PLLCFGR.PLL${x}`) > 0 ? vco / (get(`PLLCFGR.PLL${x}`) + 1) : null,
        ]),
      ),
      frozen: ['PLLCFGR.PLLSRC', 'PLLCFGR.PLLM', 'PLLCFGR.PLLN'],
    },
  ],
  sw: 'CFGR.SW',
  sws: 'CFGR.SWS',
  sysclk: ['hsi', 'hse', 'pllr'],
  buses: (get, clock) => {
    const hclk = by(clock('sysclk'), HPRE[get('CFGR.HPRE')]!);
    return { hclk, pclk1: by(hclk, PPRE[get('CFGR.PPRE')]!), timpclk1: timer(hclk, get('CFGR.PPRE')) };
  },
  fields: ['CFGR.HPRE', 'CFGR.PPRE', 'CR.HSIDIV', ...['P', 'Q', 'R'].flatMap((x) => [`PLLCFGR.PLL${x}`, `PLLCFGR.PLL${x}EN`])],
};

/** RM0490 6.2: HSI48 / HSIDIV is HSISYS, / HSIKERDIV goes to the kernels; no PLL; SYSDIV divides what SW selects. */
const c0: Tree = {
  chip: STM32C071RB,
  oscillators: {
    hsi: ['CR.HSION', 'CR.HSIRDY', (get) => 48e6 / 2 ** get('CR.HSIDIV')],
    hse: ['CR.HSEON', 'CR.HSERDY', 8e6],
    hsi48: ['CR.HSIUSB48ON', 'CR.HSIUSB48RDY', 48e6],
  },
  plls: [],
  sw: 'CFGR.SW',
  sws: 'CFGR.SWS',
  sysclk: ['hsi', 'hse', 'hsi48'],
  buses: (get, clock) => {
    const sysclk = by(clock('sysclk'), get('CR.SYSDIV') + 1);
    const hclk = by(sysclk, HPRE[get('CFGR.HPRE')]!);
    const pclk1 = by(hclk, PPRE[get('CFGR.PPRE')]!);
    const hsiker = get('CR.HSIRDY') ? 48e6 / (get('CR.HSIKERDIV') + 1) : null;
    return {
      sysclk,
      hclk,
      pclk1,
      timpclk1: timer(hclk, get('CFGR.PPRE')),
      usb: clock(get('CCIPR2.USBSEL') ? 'hse' : 'hsi48'),
      i2c1: [pclk1, sysclk, hsiker, null][get('CCIPR.I2C1SEL')]!,
    };
  },
  fields: ['CFGR.HPRE', 'CFGR.PPRE', 'CR.HSIDIV', 'CR.HSIKERDIV', 'CR.SYSDIV', 'CCIPR2.USBSEL', 'CCIPR.I2C1SEL'],
};

// ---- L0 ------------------------------------------------------------------------------------------------------------------------------
/** RM0376 7.2 and 7.3: MSI of 65.536 kHz doubled by its range; HSI16 whole or a quarter; VCO = source × 3 to 48, behind it 2 to 4; USB takes half of the VCO. */
const l0: Tree = {
  chip: STM32L072CZ,
  oscillators: {
    msi: ['CR.MSION', 'CR.MSIRDY', (get) => 65_536 * 2 ** get('ICSCR.MSIRANGE')],
    hsi: ['CR.HSI16ON', 'CR.HSI16RDY', (get) => (get('CR.HSI16DIVEN') ? 4e6 : 16e6)],
    hse: ['CR.HSEON', 'CR.HSERDY', 8e6],
  },
  plls: [
    {
      name: 'pll',
      on: 'CR.PLLON',
      rdy: 'CR.PLLRDY',
      source: (get) => (get('CFGR.PLLSRC') ? 'hse' : 'hsi'),
      vco: (get, input) => {
        const factor = [3, 4, 6, 8, 12, 16, 24, 32, 48][get('CFGR.PLLMUL')];
        return factor === undefined || get('CFGR.PLLDIV') === 0 ? null : input * factor;
      },
      // Range 2, as after a reset.
      limits: () => [0, 48e6],
      outputs: { pll: (get, vco) => vco / (get('CFGR.PLLDIV') + 1), usb: (get, vco) => (get('CCIPR.HSI48SEL') ? null : vco / 2) },
      frozen: ['CFGR.PLLSRC', 'CFGR.PLLMUL', 'CFGR.PLLDIV'],
    },
  ],
  sw: 'CFGR.SW',
  sws: 'CFGR.SWS',
  sysclk: ['msi', 'hsi', 'hse', 'pll'],
  buses: (get, clock) => {
    const hclk = by(clock('sysclk'), HPRE[get('CFGR.HPRE')]!);
    const [pclk1, pclk2] = [by(hclk, PPRE[get('CFGR.PPRE1')]!), by(hclk, PPRE[get('CFGR.PPRE2')]!)];
    return {
      hclk,
      pclk1,
      pclk2,
      timpclk1: timer(hclk, get('CFGR.PPRE1')),
      timpclk2: timer(hclk, get('CFGR.PPRE2')),
      usart1: [pclk2, clock('sysclk'), clock('hsi'), null][get('CCIPR.USART1SEL')]!,
      i2c1: [pclk1, clock('sysclk'), clock('hsi'), null][get('CCIPR.I2C1SEL')]!,
    };
  },
  fields: [
    'CFGR.HPRE',
    'CFGR.PPRE1',
    'CFGR.PPRE2',
    'ICSCR.MSIRANGE',
    'CR.HSI16DIVEN',
    'CCIPR.USART1SEL',
    'CCIPR.I2C1SEL',
    'CCIPR.HSI48SEL',
  ],
};

/** RM0038 6.2 and 6.3: as L0 without HSI48, HSI's divider and muxes. */
const l1: Tree = {
  chip: STM32L152RE,
  oscillators: {
    msi: ['CR.MSION', 'CR.MSIRDY', (get) => 65_536 * 2 ** get('ICSCR.MSIRANGE')],
    hsi: ['CR.HSION', 'CR.HSIRDY', 16e6],
    hse: ['CR.HSEON', 'CR.HSERDY', 8e6],
  },
  plls: [{ ...l0.plls[0]!, outputs: { pll: (get, vco) => vco / (get('CFGR.PLLDIV') + 1), usb: (_get, vco) => vco / 2 } }],
  sw: 'CFGR.SW',
  sws: 'CFGR.SWS',
  sysclk: ['msi', 'hsi', 'hse', 'pll'],
  buses: (get, clock) => {
    const hclk = by(clock('sysclk'), HPRE[get('CFGR.HPRE')]!);
    return {
      hclk,
      pclk1: by(hclk, PPRE[get('CFGR.PPRE1')]!),
      pclk2: by(hclk, PPRE[get('CFGR.PPRE2')]!),
      timpclk1: timer(hclk, get('CFGR.PPRE1')),
      timpclk2: timer(hclk, get('CFGR.PPRE2')),
      'systick-ext': by(hclk, 8),
      'hse-rtc': by(clock('hse'), 2 << get('CR.RTCPRE')),
    };
  },
  fields: ['CFGR.HPRE', 'CFGR.PPRE1', 'CFGR.PPRE2', 'ICSCR.MSIRANGE', 'CR.RTCPRE'],
};

// ---- L4 ------------------------------------------------------------------------------------------------------------------------------
const MSI = [100e3, 200e3, 400e3, 800e3, 1e6, 2e6, 4e6, 8e6, 16e6, 24e6, 32e6, 48e6];
interface L4Tree {
  readonly pdiv: boolean;
  readonly msi: boolean;
  readonly hsi48: boolean;
  readonly plls: readonly (readonly [prefix: string, outputs: string])[];
  /** Each PLL has its own M. */
  readonly ownM?: boolean;
  readonly sysclk: readonly string[];
  /** By CLK48SEL. */
  readonly clk48: readonly (string | null)[];
  readonly vco: readonly [number, number];
  /** RM0434 8.4: outputs divide by their field + 1, PLLSAI1CFGR's fields are called as PLLCFGR's, HPRE knows 3, 5, 6, 10, 32. */
  readonly wb?: boolean;
}
const WB_HPRE = [1, 3, 5, 1, 1, 6, 10, 32, 2, 4, 8, 16, 64, 128, 256, 512];
const L4_PLLS = [
  ['PLL', 'PQR'],
  ['PLLSAI1', 'PQR'],
  ['PLLSAI2', 'PR'],
] as const;
const L4_CLK48 = ['hsi48', 'pllsai1q', 'pllq', 'msi'] as const;
const l4 = (chip: ChipDescription, x: L4Tree): Tree => {
  const { pdiv } = x;
  const named = (prefix: string, field: string): string => `${prefix}CFGR.${x.wb ? 'PLL' : prefix}${field}`;
  const m = (prefix: string): string => (x.ownM ? `${prefix}CFGR.${prefix}M` : 'PLLCFGR.PLLM');
  const pll = (prefix: string, outputs: readonly string[], name = prefix.toLowerCase()): PllCheck => ({
    name,
    on: `CR.${prefix}ON`,
    rdy: `CR.${prefix}RDY`,
    source: (get) => [null, x.msi ? 'msi' : null, 'hsi', 'hse'][get('PLLCFGR.PLLSRC')]!,
    vco: (get, input) => {
      const n = get(named(prefix, 'N'));
      return n === 0 ? null : (input / (get(m(prefix)) + 1)) * n;
    },
    limits: () => x.vco,
    outputs: Object.fromEntries(
      outputs.map((o) => [
        `${name}${o.toLowerCase()}`,
        (get: Get, vco: number): Hz => {
          if (!get(named(prefix, `${o}EN`))) return null;
          if (x.wb) return vco / (get(named(prefix, o)) + 1);
          if (o !== 'P') return vco / [2, 4, 6, 8][get(`${prefix}CFGR.${prefix}${o}`)]!;
          const p = pdiv ? get(`${prefix}CFGR.${prefix}PDIV`) : 0;
          return p === 0 ? vco / (get(`${prefix}CFGR.${prefix}P`) ? 17 : 7) : p === 1 ? null : vco / p;
        },
      ]),
    ),
    frozen: [
      'PLLCFGR.PLLSRC',
      m(prefix),
      named(prefix, 'N'),
      ...outputs.map((o) => named(prefix, o)),
      ...(pdiv ? [`${prefix}CFGR.${prefix}PDIV`] : []),
    ],
  });
  return {
    chip,
    oscillators: {
      ...(x.msi
        ? {
            msi: [
              'CR.MSION',
              'CR.MSIRDY',
              (get: Get): number => MSI[x.wb || get('CR.MSIRGSEL') ? get('CR.MSIRANGE') : get('CSR.MSISRANGE')]!,
            ] as const,
          }
        : {}),
      hsi: ['CR.HSION', 'CR.HSIRDY', 16e6],
      ...(x.hsi48 ? { hsi48: ['CRRCR.HSI48ON', 'CRRCR.HSI48RDY', 48e6] as const } : {}),
    },
    plls: x.plls.map(([prefix, outputs]) => pll(prefix, [...outputs])),
    sw: 'CFGR.SW',
    sws: 'CFGR.SWS',
    sysclk: x.sysclk,
    buses: (get, clock) => {
      const hclk = by(clock('sysclk'), (x.wb ? WB_HPRE : HPRE)[get('CFGR.HPRE')]!);
      const pclk1 = by(hclk, PPRE[get('CFGR.PPRE1')]!);
      const pclk2 = by(hclk, PPRE[get('CFGR.PPRE2')]!);
      return {
        hclk,
        pclk1,
        pclk2,
        timpclk1: timer(hclk, get('CFGR.PPRE1')),
        timpclk2: timer(hclk, get('CFGR.PPRE2')),
        usb: ((name) => (name == null ? null : clock(name)))(x.clk48[get('CCIPR.CLK48SEL')]),
        usart1: [pclk2, clock('sysclk'), clock('hsi'), null][get('CCIPR.USART1SEL')]!,
        ...(x.wb
          ? { lpuart1: [pclk1, clock('sysclk'), clock('hsi'), null][get('CCIPR.LPUART1SEL')]! }
          : { usart2: [pclk1, clock('sysclk'), clock('hsi'), null][get('CCIPR.USART2SEL')]! }),
      };
    },
    fields: [
      'CFGR.HPRE',
      'CFGR.PPRE1',
      'CFGR.PPRE2',
      ...(x.msi ? ['CR.MSIRANGE', ...(x.wb ? [] : ['CR.MSIRGSEL'])] : []),
      'CCIPR.CLK48SEL',
      'CCIPR.USART1SEL',
      x.wb ? 'CCIPR.LPUART1SEL' : 'CCIPR.USART2SEL',
      ...x.plls.flatMap(([p, outputs]) => [...outputs].map((o) => named(p, `${o}EN`))),
    ],
  };
};

const L4_TREE = {
  msi: true,
  plls: L4_PLLS,
  sysclk: ['msi', 'hsi', 'hse', 'pllr'],
  clk48: L4_CLK48,
  vco: [64e6, 344e6],
} as const;
/** RM0394 6.2: two PLLs. */
const L43_TREE: L4Tree = {
  ...L4_TREE,
  pdiv: true,
  hsi48: true,
  plls: [
    ['PLL', 'PQR'],
    ['PLLSAI1', 'PQR'],
  ],
};
const WB_TREE: L4Tree = { ...L43_TREE, pdiv: false, wb: true };
/** RM0440 7.2: no MSI, one PLL. */
const G4_TREE: L4Tree = {
  pdiv: true,
  msi: false,
  hsi48: true,
  plls: [['PLL', 'PQR']],
  sysclk: ['', 'hsi', 'hse', 'pllr'],
  clk48: ['hsi48', null, 'pllq', null],
  vco: [96e6, 344e6],
};

// ---- H5, H7 --------------------------------------------------------------------------------------------------------------------------
interface HNames {
  readonly sources: readonly (string | null)[];
  readonly src: (i: number) => string;
  readonly m: (i: number) => string;
  readonly n: (i: number) => string;
  readonly fracen: (i: number) => string;
  readonly vcosel: (i: number) => string;
  readonly enable: (i: number, o: string) => string;
  readonly div: (i: number, o: string) => string;
  readonly wide: readonly [number, number];
}
const hPlls = (x: HNames, numbers: readonly number[] = [1, 2, 3]): PllCheck[] =>
  numbers.map((i) => ({
    name: `pll${i}`,
    on: `CR.PLL${i}ON`,
    rdy: `CR.PLL${i}RDY`,
    source: (get) => x.sources[get(x.src(i))]!,
    // The fraction is not part of these programs: see the tests of each RCC.
    vco: (get, input) => (get(x.m(i)) === 0 ? null : (input / get(x.m(i))) * (get(x.n(i)) + 1)),
    limits: (get) => (get(x.vcosel(i)) ? [150e6, 420e6] : x.wide),
    outputs: Object.fromEntries(
      ['P', 'Q', 'R'].map((o) => [
        `pll${i}${o.toLowerCase()}`,
        (get: Get, vco: number): Hz => (get(x.enable(i, o)) ? vco / (get(x.div(i, o)) + 1) : null),
      ]),
    ),
    frozen: [x.src(i), x.m(i), x.n(i), x.vcosel(i), ...['P', 'Q', 'R'].map((o) => x.div(i, o))],
  }));
const hOscillators = (hse: number): Tree['oscillators'] => ({
  hsi: ['CR.HSION', 'CR.HSIRDY', (_get, divider) => 64e6 / divider],
  csi: ['CR.CSION', 'CR.CSIRDY', 4e6],
  hse: ['CR.HSEON', 'CR.HSERDY', hse],
  hsi48: ['CR.HSI48ON', 'CR.HSI48RDY', 48e6],
});
const h5Names: HNames = {
  sources: [null, 'hsi', 'csi', 'hse'],
  src: (i) => `PLL${i}CFGR.PLL${i}SRC`,
  m: (i) => `PLL${i}CFGR.PLL${i}M`,
  n: (i) => `PLL${i}DIVR.PLL${i}N`,
  fracen: (i) => `PLL${i}CFGR.PLL${i}FRACEN`,
  vcosel: (i) => `PLL${i}CFGR.PLL${i}VCOSEL`,
  enable: (i, o) => `PLL${i}CFGR.PLL${i}${o}EN`,
  div: (i, o) => `PLL${i}DIVR.PLL${i}${o}`,
  wide: [128e6, 560e6],
};
const h5: Tree = {
  chip: STM32H533RE,
  oscillators: hOscillators(24e6),
  plls: hPlls(h5Names),
  sw: 'CFGR1.SW',
  sws: 'CFGR1.SWS',
  sysclk: ['hsi', 'csi', 'hse', 'pll1p'],
  buses: (get, clock) => {
    const hclk = by(clock('sysclk'), HPRE[get('CFGR2.HPRE')]!);
    const [p1, p2, p3] = [1, 2, 3].map((i) => get(`CFGR2.PPRE${i}`)) as [number, number, number];
    const pclk2 = by(hclk, PPRE[p2]!);
    return {
      hclk,
      pclk1: by(hclk, PPRE[p1]!),
      pclk2,
      pclk3: by(hclk, PPRE[p3]!),
      timpclk1: timer(hclk, p1, get('CFGR1.TIMPRE')),
      timpclk2: timer(hclk, p2, get('CFGR1.TIMPRE')),
      usb: [null, clock('pll1q'), clock('pll3q'), clock('hsi48')][get('CCIPR4.USBSEL')]!,
      rng: [clock('hsi48'), clock('pll1q'), null, null][get('CCIPR5.RNGSEL')]!,
      usart1: [pclk2, clock('pll2q'), clock('pll3q'), clock('hsi'), clock('csi'), null][get('CCIPR1.USART1SEL')] ?? null,
    };
  },
  fields: [
    'CR.HSIDIV',
    'CFGR2.HPRE',
    'CFGR2.PPRE1',
    'CFGR2.PPRE2',
    'CFGR2.PPRE3',
    'CFGR1.TIMPRE',
    'CCIPR4.USBSEL',
    'CCIPR5.RNGSEL',
    'CCIPR1.USART1SEL',
    ...[1, 2, 3].flatMap((i) => ['P', 'Q', 'R'].map((o) => h5Names.enable(i, o))),
  ],
  divided: ['CR.HSIDIV', 'CR.HSIDIVF'],
};
/** Two PLLs: the second one's Q stands where the third one's was among USB's clocks, and a USART has nothing there (RM0492, HAL's rcc_ex.h). */
const h503: Tree = {
  ...h5,
  chip: STM32H503RB,
  plls: hPlls(h5Names, [1, 2]),
  buses: (get, clock) => ({
    ...h5.buses(get, (name) => (name === 'pll3q' ? null : clock(name))),
    usb: [null, clock('pll1q'), clock('pll2q'), clock('hsi48')][get('CCIPR4.USBSEL')]!,
  }),
  fields: h5.fields.filter((path) => !path.includes('PLL3')),
};
const h7Names: HNames = {
  sources: ['hsi', 'csi', 'hse', null],
  src: () => 'PLLCKSELR.PLLSRC',
  m: (i) => `PLLCKSELR.DIVM${i}`,
  n: (i) => `PLL${i}DIVR.DIVN${i}`,
  fracen: (i) => `PLLCFGR.PLL${i}FRACEN`,
  vcosel: (i) => `PLLCFGR.PLL${i}VCOSEL`,
  enable: (i, o) => `PLLCFGR.DIV${o}${i}EN`,
  div: (i, o) => `PLL${i}DIVR.DIV${o}${i}`,
  wide: [192e6, 960e6],
};
const h7: Tree = {
  chip: STM32H745XI,
  oscillators: hOscillators(25e6),
  plls: hPlls(h7Names),
  sw: 'CFGR.SW',
  sws: 'CFGR.SWS',
  sysclk: ['hsi', 'csi', 'hse', 'pll1p'],
  buses: (get, clock) => {
    const cpu1 = by(clock('sysclk'), HPRE[get('D1CFGR.D1CPRE')]!);
    const hclk = by(cpu1, HPRE[get('D1CFGR.HPRE')]!);
    const [p1, p2] = [get('D2CFGR.D2PPRE1'), get('D2CFGR.D2PPRE2')];
    const pclk2 = by(hclk, PPRE[p2]!);
    return {
      cpu1,
      hclk,
      pclk1: by(hclk, PPRE[p1]!),
      pclk2,
      pclk3: by(hclk, PPRE[get('D1CFGR.D1PPRE')]!),
      pclk4: by(hclk, PPRE[get('D3CFGR.D3PPRE')]!),
      timpclk1: timer(hclk, p1, get('CFGR.TIMPRE')),
      timpclk2: timer(hclk, p2, get('CFGR.TIMPRE')),
      usb: [null, clock('pll1q'), clock('pll3q'), clock('hsi48')][get('D2CCIP2R.USBSEL')]!,
      rng: [clock('hsi48'), clock('pll1q'), null, null][get('D2CCIP2R.RNGSEL')]!,
      usart1: [pclk2, clock('pll2q'), clock('pll3q'), clock('hsi'), clock('csi'), null][get('D2CCIP2R.USART16SEL')] ?? null,
    };
  },
  fields: [
    'CR.HSIDIV',
    'D1CFGR.D1CPRE',
    'D1CFGR.HPRE',
    'D1CFGR.D1PPRE',
    'D2CFGR.D2PPRE1',
    'D2CFGR.D2PPRE2',
    'D3CFGR.D3PPRE',
    'CFGR.TIMPRE',
    'D2CCIP2R.USBSEL',
    'D2CCIP2R.RNGSEL',
    'D2CCIP2R.USART16SEL',
    ...[1, 2, 3].flatMap((i) => ['P', 'Q', 'R'].map((o) => h7Names.enable(i, o))),
  ],
  divided: ['CR.HSIDIV', 'CR.HSIDIVF'],
};

// ---- U5 ------------------------------------------------------------------------------------------------------------------------------
/** RM0456 11.4: MSIRC0 to 3, each divided by 1 to 4. */
const U5_MSI = [48e6, 4e6, 3.072e6, 0.4e6].flatMap((hz) => [1, 2, 3, 4].map((divider) => hz / divider));
const u5Msi =
  (own: string, behindReset: string) =>
  (get: Get): number =>
    U5_MSI[get(get('ICSCR1.MSIRGSEL') ? `ICSCR1.${own}` : `CSR.${behindReset}`)]!;
/** The board has no crystal. */
const u5: Tree = {
  chip: STM32U575ZI,
  oscillators: {
    msis: ['CR.MSISON', 'CR.MSISRDY', u5Msi('MSISRANGE', 'MSISSRANGE')],
    msik: ['CR.MSIKON', 'CR.MSIKRDY', u5Msi('MSIKRANGE', 'MSIKSRANGE')],
    hsi: ['CR.HSION', 'CR.HSIRDY', 16e6],
    hsi48: ['CR.HSI48ON', 'CR.HSI48RDY', 48e6],
  },
  plls: [1, 2, 3].map((i) => {
    const [cfgr, divr] = [`PLL${i}CFGR.PLL${i}`, `PLL${i}DIVR.PLL${i}`];
    return {
      name: `pll${i}`,
      on: `CR.PLL${i}ON`,
      rdy: `CR.PLL${i}RDY`,
      source: (get): string | null => [null, 'msis', 'hsi', 'hse'][get(`${cfgr}SRC`)]!,
      vco: (get, input): number => (input / (get(`${cfgr}M`) + 1)) * (get(`${divr}N`) + 1),
      limits: () => [128e6, 544e6] as const,
      outputs: Object.fromEntries(
        ['P', 'Q', 'R'].map((o) => [
          `pll${i}${o.toLowerCase()}`,
          (get: Get, vco: number): Hz => (get(`${cfgr}${o}EN`) ? vco / (get(`${divr}${o}`) + 1) : null),
        ]),
      ),
      frozen: [`${cfgr}SRC`, `${cfgr}M`, `${divr}N`, ...['P', 'Q', 'R'].map((o) => `${divr}${o}`)],
    } satisfies PllCheck;
  }),
  sw: 'CFGR1.SW',
  sws: 'CFGR1.SWS',
  sysclk: ['msis', 'hsi', 'hse', 'pll1r'],
  buses: (get, clock) => {
    const hclk = by(clock('sysclk'), HPRE[get('CFGR2.HPRE')]!);
    const [p1, p2] = [get('CFGR2.PPRE1'), get('CFGR2.PPRE2')];
    const [pclk2, pclk3] = [by(hclk, PPRE[p2]!), by(hclk, PPRE[get('CFGR3.PPRE3')]!)];
    return {
      hclk,
      pclk1: by(hclk, PPRE[p1]!),
      pclk2,
      pclk3,
      timpclk1: timer(hclk, p1),
      timpclk2: timer(hclk, p2),
      usb: [clock('hsi48'), clock('pll2q'), clock('pll1q'), clock('msik')][get('CCIPR1.ICLKSEL')]!,
      rng: [clock('hsi48'), by(clock('hsi48'), 2), clock('hsi'), null][get('CCIPR2.RNGSEL')]!,
      usart1: [pclk2, clock('sysclk'), clock('hsi'), null][get('CCIPR1.USART1SEL')]!,
      spi3: [pclk3, clock('sysclk'), clock('hsi'), clock('msik')][get('CCIPR3.SPI3SEL')]!,
    };
  },
  fields: [
    ...['CFGR2.HPRE', 'CFGR2.PPRE1', 'CFGR2.PPRE2', 'CFGR3.PPRE3', 'CCIPR1.ICLKSEL', 'CCIPR2.RNGSEL', 'CCIPR1.USART1SEL', 'CCIPR3.SPI3SEL'],
    ...['ICSCR1.MSISRANGE', 'ICSCR1.MSIKRANGE', 'ICSCR1.MSIRGSEL', 'CSR.MSISSRANGE', 'CSR.MSIKSRANGE'],
    ...[1, 2, 3].flatMap((i) => ['P', 'Q', 'R'].map((o) => `PLL${i}CFGR.PLL${i}${o}EN`)),
  ],
};

export const TREES: readonly Tree[] = [
  f0,
  f070,
  f4(STM32F405RG, false),
  f4(STM32F207ZG, false),
  f4(STM32F411RE, true),
  f4(STM32F412ZG, true),
  l4(STM32L476RG, { ...L4_TREE, pdiv: false, hsi48: false }),
  l4(STM32L496ZG, { ...L4_TREE, pdiv: true, hsi48: true }),
  ...[STM32L432KC, STM32L452RE, STM32L412RB].map((chip) => l4(chip, L43_TREE)),
  l4(STM32L4R5ZI, {
    ...L4_TREE,
    pdiv: true,
    hsi48: true,
    ownM: true,
    plls: [
      ['PLL', 'PQR'],
      ['PLLSAI1', 'PQR'],
      ['PLLSAI2', 'PQR'],
    ],
  }),
  l4(STM32WB55RG, WB_TREE),
  f1,
  f3,
  f107,
  g0,
  c0,
  l0,
  l1,
  l4(STM32G431RB, G4_TREE),
  l4(STM32G474RE, G4_TREE),
  l4(STM32G491RE, G4_TREE),
  h5,
  h503,
  u5,
  { ...h5, chip: STM32H563ZI, oscillators: hOscillators(8e6) },
  h7,
  { ...h7, chip: STM32H723ZG, oscillators: hOscillators(8e6) },
];
