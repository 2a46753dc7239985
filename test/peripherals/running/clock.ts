/** RCC of each family and CRS: what is set up for the table of running blocks, and what happens then. */
import { RESET_CAUSES } from '../../../src/emu/component.ts';
import { MS, US } from '../../../src/emu/time.ts';
import { course, type Course, type Part } from '../running.ts';

/** Oscillators by all of their names. */
const OSCILLATORS = [
  'CR.HSION',
  'CR.HSEON',
  'CR.MSION',
  'CR.MSISON',
  'CR.MSIKON',
  'CR.CSION',
  'CR.HSI48ON',
  'CR.SHSION',
  'CRRCR.HSI48ON',
  'CR2.HSI14ON',
  'CR2.HSI48ON',
  'CSR.LSION',
  'BDCR.LSION',
  'CSR.LSEON',
  'BDCR.LSEON',
];
const PLLS = ['PLLON', 'PLL1ON', 'PLL2ON', 'PLL3ON', 'PLLI2SON', 'PLLSAION', 'PLLSAI1ON', 'PLLSAI2ON'];
/** From a crystal of 8 MHz, each as its family calls it: fields that a version lacks are passed over. */
function configurePlls(p: Part, isL0: boolean): void {
  const fields: readonly (readonly [field: string, value: number])[] = [
    // F0, F1, F3, L0, L1
    ['CFGR.PLLSRC', isL0 ? 1 : 2],
    ['CFGR.PLLMUL', 2],
    ['CFGR.PLLDIV', 2],
    // F2, F4, F7
    ['PLLCFGR.PLLM', 4],
    ['PLLCFGR.PLLN', 100],
    ['PLLCFGR.PLLQ', 5],
    ['PLLI2SCFGR.PLLI2SN', 96],
    ['PLLSAICFGR.PLLSAIN', 96],
    // L4, G0, G4, WB
    ['PLLCFGR.PLLREN', 1],
    ['PLLCFGR.PLLPEN', 1],
    ['PLLCFGR.PLLQEN', 1],
    ['PLLSAI1CFGR.PLLSAI1N', 20],
    ['PLLSAI1CFGR.PLLSAI1REN', 1],
    ['PLLSAI1CFGR.PLLSAI1QEN', 1],
    ['PLLSAI1CFGR.PLLSAI1PEN', 1],
    ['PLLSAI2CFGR.PLLSAI2N', 24],
    ['PLLSAI2CFGR.PLLSAI2PEN', 1],
    ['PLLSAI2CFGR.PLLSAI2REN', 1],
    // H7
    ['PLLCKSELR.PLLSRC', 2],
    ['PLLCKSELR.DIVM1', 2],
    ['PLLCKSELR.DIVM2', 1],
    ['PLLCKSELR.DIVM3', 2],
  ];
  for (const [field, value] of fields) p.set(field, value);
  p.set('PLLCFGR.PLLSRC', p.has('PLLI2SCFGR') || p.has('AHB1LPENR') ? 1 : 3);
  for (const n of [1, 2, 3]) {
    p.set(`PLL${n}CFGR.PLL${n}SRC`, 3);
    p.set(`PLL${n}CFGR.PLL${n}M`, n);
    for (const name of ['PEN', 'QEN', 'REN']) p.set(`PLL${n}CFGR.PLL${n}${name}`, 1);
    for (const out of ['P', 'Q', 'R']) p.set(`PLLCFGR.DIV${out}${n}EN`, 1);
    p.set(`PLL${n}DIVR.PLL${n}N`, 30 + n);
    p.set(`PLL${n}DIVR.DIVN${n}`, 50 + n);
  }
}
const enableInterrupts = (p: Part): void => {
  p.put('CIER', 0xffffffff);
  p.put('CIR', 0x00003f00);
};
const clearInterrupts = (p: Part): void => {
  p.put('CICR', 0xffffffff);
  p.put('CIR', 0x00ff3f00);
};
const SWITCH = ['CFGR.SW', 'CFGR1.SW'];
const WATCHED = ['CR', 'CFGR', 'CFGR1', 'CIFR', 'CIR', 'CSR', 'RSR', 'BDCR', 'ICSCR', 'ICSCR1'];
const look = (p: Part): void => {
  for (const r of WATCHED) if (p.has(r)) p.take(r);
};
/** Everything is switched on; SYSCLK goes through its sources, into Stop and out of it, loses its crystals and is reset. */
function live(p: Part): void {
  for (const field of PLLS) p.set(`CR.${field}`, 1);
  p.wait(2 * MS);
  look(p);
  clearInterrupts(p);
  for (const source of [1, 0, 2, 3]) {
    for (const field of SWITCH) p.set(field, source);
    p.wait(20 * US);
    look(p);
    p.drive('power.stop', 1);
    p.wait(100 * US);
    p.drive('power.stop', 0);
    p.wait(3 * MS);
    look(p);
    for (const field of OSCILLATORS) p.set(field, 1);
    p.wait(3 * MS);
    for (const field of PLLS) p.set(`CR.${field}`, 1);
    p.wait(2 * MS);
  }
  for (const fails of ['hse.fail', 'lse.fail']) {
    p.drive(fails, 1);
    p.wait(200 * US);
    look(p);
    clearInterrupts(p);
    p.drive(fails, 0);
    p.wait(3 * MS);
  }
  p.drive('lsi.request', 1);
  p.wait(1 * MS);
  p.drive('reset.cause', RESET_CAUSES.indexOf('software'));
  p.sys.resetBlocks('system');
  p.wait(3 * MS);
  look(p);
  for (const field of ['CSR.RMVF', 'RSR.RMVF']) p.set(field, 1);
  look(p);
}
const rcc = (on: string, isL0 = false): Course => ({
  on: [`${on} RCC`],
  parameters: { 'hse.hz': 8_000_000, 'lse.hz': 32_768 },
  // gates and resets of the blocks have tables of their own; the formulas of factors, prescalers and multiplexers are a rule (clock-trees.test.ts)
  turns: /^(?!RCC\..*(ENR|RSTR|SMENR|LPENR|CFGR|CCIPR|PLL\d?DIVR|PLLCKSELR|FRACR|CDCCIPR)\d?$)/,
  ...course((p) => {
    p.drive('vos', 1);
    for (const field of OSCILLATORS) p.set(field, 1);
    p.set('CSR.RTCSEL', 1);
    p.set('BDCR.RTCSEL', 1);
    p.set('CSR.RTCEN', 1);
    p.set('BDCR.RTCEN', 1);
    p.wait(900 * MS);
    configurePlls(p, isL0);
    enableInterrupts(p);
    for (const field of ['CR.CSSON', 'CR.HSECSSON', 'BDCR.LSECSSON', 'CSR.LSECSSON']) p.set(field, 1);
  }, live),
});

export const CLOCK: Readonly<Record<string, Course>> = {
  'rcc-f0': rcc('stm32f072rb'),
  'rcc-f1': rcc('stm32f103c8'),
  'rcc-f1 of F3': rcc('stm32f303cc'),
  'rcc-f4': rcc('stm32f429zi'),
  'rcc-f4 of F7': rcc('stm32f767zi'),
  'rcc-g0': rcc('stm32g0b1re'),
  'rcc-h5': rcc('stm32h533re'),
  'rcc-h7': rcc('stm32h743zi'),
  'rcc-l0': rcc('stm32l072cz', true),
  'rcc-l1': rcc('stm32l152re', true),
  'rcc-l4': rcc('stm32l476rg'),
  'rcc-l4 of G4': rcc('stm32g474re'),
  'rcc-u5': rcc('stm32u575zi'),
  crs: {
    on: ['stm32f072rb CRS', 'stm32h533re CRS'],
    ...course(
      (p) => {
        p.put('CR', 0x2000 | 0xf);
        p.put('CFGR', 0x2022bb7f);
      },
      (p) => {
        p.set('CR.CEN', 1);
        p.set('CR.AUTOTRIMEN', 1);
        // early, late, in time, missing
        for (const time of [1000, 990, 1010, 1000, 1001, 999, 5000, 1000]) {
          p.wait(time * US);
          p.drive('usb.sof', time);
          p.drive('crs.sync', time & 1);
          p.take('CR');
          p.take('ISR');
          p.put('ICR', 0xf);
        }
        p.set('CR.SWSYNC', 1);
        p.wait(1 * MS);
        p.take('ISR');
        p.set('CR.CEN', 0);
      },
    ),
  },
};
