import { describe, expect, test } from 'vitest';
import { familyOf } from '../../src/checks/families.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { findChip } from '../../src/chips/index.ts';
import { CHECK_IDS } from '../../src/bench/documents/result.ts';
import { PPB } from '../../src/checks/core-registers.ts';
import { FakeTarget, INITIAL_SP, TIM2_IRQ, USB_IRQ, check, repaired, writer } from './fake-target.ts';

/** What one check makes of a changed handover, and that its repair takes the change back. */
interface Case {
  readonly id: string;
  readonly what: string;
  readonly verdict: 'fail' | 'warn';
  readonly observed: string | RegExp;
  readonly change: (t: FakeTarget) => unknown;
}
/** BASEPRI is 0x50, and the USB interrupt has this priority. */
const besideUsb = (what: string, verdict: Case['verdict'], priority: number): Case => ({
  id: 'basepri',
  what,
  verdict,
  observed: `0x50, priority of the USB interrupt 0x${priority.toString(16)}`,
  change: (t) => {
    t.core['basepri'] = 0x50;
    t.priority(USB_IRQ, priority);
  },
});
const CASES: readonly Case[] = [
  {
    id: 'msp',
    what: 'address of the table instead of its first word',
    verdict: 'fail',
    observed: '0x0bf97000',
    change: (t) => (t.core['msp'] = 0x0bf97000),
  },
  { id: 'msp', what: 'above the end of RAM', verdict: 'fail', observed: '0x20044004', change: (t) => (t.core['msp'] = 0x20044004) },
  {
    id: 'msp',
    what: 'at the very bottom of RAM, nothing below',
    verdict: 'fail',
    observed: '0x20000000',
    change: (t) => (t.core['msp'] = 0x20000000),
  },
  { id: 'msp', what: "inside the ROM's RAM", verdict: 'fail', observed: '0x20001000', change: (t) => (t.core['msp'] = 0x20001000) },
  {
    id: 'msp',
    what: 'stack of the application at the top of RAM',
    verdict: 'warn',
    observed: '0x20044000',
    change: (t) => (t.core['msp'] = 0x20044000),
  },
  {
    id: 'stack-after-msp',
    what: 'eight bytes popped',
    verdict: 'warn',
    observed: '8 bytes above',
    change: (t) => {
      t.core['msp'] = INITIAL_SP + 8;
      t.writers.set('CPU.MSP', writer(0x08000100, 5));
    },
  },
  { id: 'vtor', what: "application's table", verdict: 'warn', observed: '0x08000000', change: (t) => (t.core['vtor'] = 0x08000000) },
  {
    id: 'control',
    what: 'PSP in RAM that the ROM leaves alone',
    verdict: 'warn',
    observed: 'PSP = 0x20040000',
    change: (t) => {
      t.core['control'] = 2;
      t.core['psp'] = 0x20040000;
    },
  },
  {
    id: 'control',
    what: "PSP inside the ROM's RAM",
    verdict: 'fail',
    observed: 'PSP = 0x20000400',
    change: (t) => {
      t.core['control'] = 2;
      t.core['psp'] = 0x20000400;
    },
  },
  { id: 'control', what: 'unprivileged', verdict: 'warn', observed: 'CONTROL = 1', change: (t) => (t.core['control'] = 1) },
  {
    id: 'handler-mode',
    what: 'TIM2 at priority 0',
    verdict: 'fail',
    observed: 'interrupt 45 (TIM2), priority 0',
    change: (t) => (t.core['xpsr'] = 0x01000000 | (16 + TIM2_IRQ)),
  },
  {
    id: 'handler-mode',
    what: 'TIM2 below USB',
    verdict: 'warn',
    observed: 'priority 240',
    change: (t) => {
      t.core['xpsr'] = 0x01000000 | (16 + TIM2_IRQ);
      t.priority(TIM2_IRQ, 0xf0);
    },
  },
  { id: 'handler-mode', what: 'HardFault handler', verdict: 'fail', observed: 'HardFault', change: (t) => (t.core['xpsr'] = 0x01000003) },
  { id: 'primask', what: 'set', verdict: 'fail', observed: 'PRIMASK = 1', change: (t) => (t.core['primask'] = 1) },
  besideUsb('masks the USB interrupt', 'fail', 0x60),
  besideUsb('equal to the priority of the USB interrupt', 'fail', 0x50),
  besideUsb('one level below the priority of the USB interrupt', 'warn', 0x40),
  { id: 'basepri', what: 'USB interrupt at priority 0', verdict: 'warn', observed: '0x50', change: (t) => (t.core['basepri'] = 0x50) },
  { id: 'faultmask', what: 'set', verdict: 'fail', observed: 'FAULTMASK = 1', change: (t) => (t.core['faultmask'] = 1) },
  { id: 'sleep-on-exit', what: 'set', verdict: 'warn', observed: 'SCR.SLEEPONEXIT = 1', change: (t) => t.ppb.set(PPB.SCR, 1 << 1) },
  {
    id: 'nvic-enabled',
    what: 'TIM2 with its clock on',
    verdict: 'fail',
    observed: 'can still come: 45 (TIM2)',
    change: (t) => t.enable(TIM2_IRQ).set('RCC.APB1LENR.TIM2EN', 1),
  },
  {
    id: 'nvic-enabled',
    what: 'TIM2 without clock',
    verdict: 'fail',
    observed: 'none can come: their peripherals have no clock, or are as behind a reset',
    change: (t) => t.enable(TIM2_IRQ),
  },
  { id: 'nvic-pending', what: 'TIM2', verdict: 'fail', observed: 'pending: 45 (TIM2)', change: (t) => t.enable(TIM2_IRQ, PPB.NVIC_ISPR) },
  {
    id: 'nvic-pending',
    what: 'SysTick and PendSV in ICSR',
    verdict: 'fail',
    observed: 'SysTick, PendSV',
    change: (t) => t.ppb.set(PPB.ICSR, (1 << 26) | (1 << 28)),
  },
  { id: 'systick', what: 'interrupting', verdict: 'fail', observed: '0x00000007', change: (t) => t.ppb.set(PPB.SYST_CSR, 7) },
  { id: 'systick', what: 'counting only', verdict: 'warn', observed: '0x00000005', change: (t) => t.ppb.set(PPB.SYST_CSR, 5) },
  {
    id: 'systick',
    what: 'stopped with its interrupt enabled',
    verdict: 'warn',
    observed: '0x00000002',
    change: (t) => t.ppb.set(PPB.SYST_CSR, 2),
  },
  { id: 'sysclk', what: 'from PLL1', verdict: 'warn', observed: 'PLL1', change: (t) => t.set('RCC.CFGR1.SW', 3).set('RCC.CFGR1.SWS', 3) },
  {
    id: 'pll',
    what: 'PLL1 and PLL3 on',
    verdict: 'fail',
    observed: 'on: PLL1, PLL3',
    change: (t) => t.set('RCC.CR.PLL1ON', 1).set('RCC.CR.PLL3ON', 1),
  },
  {
    id: 'flash-latency',
    what: 'no wait states at 32 MHz in VOS3',
    verdict: 'fail',
    observed: 'LATENCY = 0 at 32 MHz, VOS3',
    change: (t) => t.set('FLASH.ACR.LATENCY', 0),
  },
  { id: 'prescalers', what: 'HCLK halved', verdict: 'warn', observed: 'RCC_CFGR2.HPRE = 8', change: (t) => t.set('RCC.CFGR2.HPRE', 8) },
  {
    id: 'kernel-clocks',
    what: 'USB from PLL3',
    verdict: 'warn',
    observed: 'RCC_CCIPR4.USBSEL = 2',
    change: (t) => t.set('RCC.CCIPR4.USBSEL', 2),
  },
  { id: 'hsi48', what: 'off', verdict: 'warn', observed: 'HSI48ON = 0', change: (t) => t.set('RCC.CR.HSI48ON', 0) },
  {
    id: 'vddusb',
    what: 'not declared valid',
    verdict: 'warn',
    observed: 'USB33SV = 0',
    change: (t) => t.set('PWR.USBSCR.USB33SV', 0).set('PWR.USBSCR.USB33DEN', 1),
  },
  {
    id: 'usb-clock',
    what: 'trim far from the middle',
    verdict: 'warn',
    observed: 'CRS_CR.TRIM = 60',
    change: (t) => t.set('CRS.CR.TRIM', 60),
  },
  {
    id: 'usb-left-on',
    what: 'pull-up on',
    verdict: 'fail',
    observed: 'pull-up on',
    change: (t) => t.set('RCC.APB2ENR.USBEN', 1).set('USB.BCDR.DPPU_DPD', 1),
  },
  {
    id: 'peripherals-left-on',
    what: 'GPIOA and USART2',
    verdict: 'fail',
    observed: 'GPIOA, USART2',
    change: (t) => t.set('RCC.AHB2ENR.GPIOAEN', 1).set('RCC.APB1LENR.USART2EN', 1),
  },
  {
    id: 'peripherals-left-on',
    what: 'USB held in reset',
    verdict: 'warn',
    observed: 'held in reset: USB',
    change: (t) => t.set('RCC.APB2RSTR.USBRST', 1),
  },
  { id: 'dma', what: 'channel 3 of GPDMA1', verdict: 'fail', observed: 'GPDMA1_C3CR.EN', change: (t) => t.set('GPDMA1.C3CR.EN', 1) },
  {
    id: 'exti',
    what: 'line 13 unmasked and pending',
    verdict: 'warn',
    observed: 'EXTI_IMR1: 0x2000, EXTI_RPR1: 0x2000',
    change: (t) => t.set('EXTI.IMR1.IM13', 1).set('EXTI.RPR1.RPIF13', 1),
  },
  { id: 'icache', what: 'on', verdict: 'warn', observed: 'ICACHE_CR.EN = 1', change: (t) => t.set('ICACHE.CR.EN', 1) },
  { id: 'dcache', what: 'on', verdict: 'warn', observed: 'DCACHE_CR.EN = 1', change: (t) => t.set('DCACHE.CR.EN', 1) },
  { id: 'mpu', what: 'on', verdict: 'warn', observed: '0x00000005', change: (t) => t.ppb.set(PPB.MPU_CTRL, 5) },
  {
    id: 'fpu',
    what: 'lazy frame waiting',
    verdict: 'warn',
    observed: 'LSPACT = 1',
    change: (t) => {
      t.ppb.set(PPB.FPCCR, 0xc0000001);
      t.core['control'] = 4;
    },
  },
  { id: 'reset-flags', what: 'software reset', verdict: 'warn', observed: 'set: SFTRSTF', change: (t) => t.set('RCC.RSR.SFTRSTF', 1) },
  { id: 'iwdg', what: 'running', verdict: 'warn', observed: 'running', change: (t) => t.set('IWDG.SR.ONF', 1) },
  { id: 'wwdg', what: 'running', verdict: 'fail', observed: 'WWDG_CR.WDGA = 1', change: (t) => t.set('WWDG.CR.WDGA', 1) },
  {
    id: 'stack-limit',
    what: "above the ROM's stack",
    verdict: 'fail',
    observed: 'MSPLIM = 0x20043000',
    change: (t) => (t.core['msplim'] = 0x20043000),
  },
  {
    id: 'stack-limit',
    what: "inside the ROM's RAM",
    verdict: 'warn',
    observed: 'MSPLIM = 0x20003000',
    change: (t) => (t.core['msplim'] = 0x20003000),
  },
];

describe('checks of the state handed over', () => {
  test('a clean handover breaks nothing', () => {
    const t = new FakeTarget();
    const broken = CHECKS.map((c) => ({ id: c.id, ...c.judge(t.subject()) })).filter((j) => j.verdict === 'fail' || j.verdict === 'warn');
    expect(broken).toEqual([]);
  });
  test('without history every check still answers', () => {
    const t = new FakeTarget();
    t.withHistory = false;
    for (const entry of [t.entry, null]) {
      t.entry = entry;
      for (const c of CHECKS) expect(['pass', 'n/a', 'unknown'], c.id).toContain(c.judge(t.subject()).verdict);
    }
  });

  test.each(CASES)('$id: $what is $verdict, and the repair takes it back', ({ id, verdict, observed, change }) => {
    const t = new FakeTarget();
    change(t);
    const before = t.judge(id);
    expect(before.verdict).toBe(verdict);
    expect(before.observed).toMatch(observed instanceof RegExp ? observed : new RegExp(observed.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
    expect(before.expected).not.toBeNull();
    expect(before.source).not.toBeNull();
    expect(repaired(id, t).verdict).toBe('pass');
  });
  test.each(CASES)('$id ($what): the repair leaves every other check as it was', ({ id, change }) => {
    const t = new FakeTarget();
    change(t);
    const subject = t.subject();
    const broken = (): string[] => CHECKS.filter((c) => ['fail', 'warn'].includes(c.judge(t.subject()).verdict)).map((c) => c.id);
    const before = broken();
    const repair = check(id).repair(subject);
    if (repair?.at !== 'entry') throw new Error('entry repair expected');
    repair.apply(t, subject);
    expect(broken().filter((x) => !before.includes(x))).toEqual([]);
  });

  test('the repair of SysTick takes its pending exception away, and no other one', () => {
    const t = new FakeTarget();
    t.ppb.set(PPB.SYST_CSR, 7).set(PPB.ICSR, (1 << 26) | (1 << 28));
    repaired('systick', t);
    expect(t.ppb.get(PPB.ICSR)).toBe(1 << 28);
  });
  test('the last writer of the judged bit is named', () => {
    const t = new FakeTarget();
    t.set('PWR.USBSCR.USB33SV', 0).writers.set('PWR.USBSCR', writer(0x08000123, 9));
    expect(t.judge('vddusb').lastWriter).toEqual(writer(0x08000123, 9));
  });
  test('power and pin flags alone are what the ROM meets after a boot by pin', () => {
    const t = new FakeTarget();
    t.set('RCC.RSR.PINRSTF', 1).set('RCC.RSR.BORRSTF', 1);
    expect(t.judge('reset-flags').verdict).toBe('pass');
  });
  test('AIRCR.PRIGROUP: priorities of one group do not preempt each other', () => {
    const t = new FakeTarget();
    t.core['xpsr'] = 0x01000000 | (16 + TIM2_IRQ);
    t.priority(TIM2_IRQ, 0x70).priority(USB_IRQ, 0x40);
    expect(t.judge('handler-mode').verdict).toBe('warn');
    t.ppb.set(PPB.AIRCR, 7 << 8);
    expect(t.judge('handler-mode').verdict).toBe('fail');
  });
  test.each(['handler-mode', 'basepri', 'primask'])('%s of a ROM without USB speaks of no interrupt of USB', (id) => {
    const t = new FakeTarget();
    Object.assign(t.core, { xpsr: 0x01000000 | (16 + TIM2_IRQ), basepri: 0x40, primask: 1 });
    const subject = t.subject();
    const { because, observed, verdict } = check(id).judge({ ...subject, rom: { ...subject.rom, usbIrq: null } });
    expect(verdict).not.toBe('pass');
    expect(`${because} ${observed}`).not.toContain('USB');
  });
  test.each([
    [2, false],
    [3, false],
    [6, false],
    [7, false],
    [11, true],
    [16 + TIM2_IRQ, true],
  ])('exception %i: the main loop comes again, and may jump: %s', (exception, comes) => {
    const t = new FakeTarget();
    t.core['xpsr'] = 0x01000000 | exception;
    expect(check('handler-mode').repair(t.subject())!.fix.includes('main loop')).toBe(comes);
  });
  test.each(['stm32f411ce', 'stm32l496zg', 'stm32h743zi', 'stm32u575zi'])('%s: an OTG core that was reset pulls nothing up', (name) => {
    const chip = findChip(name)!;
    const { usb } = familyOf(chip)!;
    const t = new FakeTarget(chip);
    // as a reset by RCC leaves that of an F4 (chips/otg-fs.ts), which HAL_DeInit() makes
    t.set(usb!.enable, 1).set(usb!.pullUp!, 0).set(`${usb!.block}.GCCFG.PWRDWN`, 0);
    expect(t.judge('usb-left-on')).toMatchObject({ verdict: 'fail', observed: expect.stringMatching(/pull-up off$/) as unknown });
    expect(t.judge('usb-left-on').because).not.toContain('the host still sees');
    t.set(`${usb!.block}.GCCFG.PWRDWN`, 1);
    expect(t.judge('usb-left-on').observed).toMatch(/pull-up on$/);
  });
  test('HCLK above the range is the matter of voltage-range, not of flash-latency', () => {
    const t = new FakeTarget();
    t.clocks['hclk'] = 250e6;
    expect(t.judge('voltage-range').verdict).toBe('fail');
    expect(t.judge('flash-latency').verdict).toBe('n/a');
    t.set('PWR.VOSSR.ACTVOS', 3).set('FLASH.ACR.LATENCY', 5);
    expect([t.judge('voltage-range').verdict, t.judge('flash-latency').verdict]).toEqual(['pass', 'pass']);
  });
  test('product states other than Open and Provisioning are named', () => {
    const t = new FakeTarget();
    t.set('FLASH.OPTSR_CUR.PRODUCT_STATE', 0x72);
    expect(t.judge('protection')).toMatchObject({ verdict: 'warn', observed: expect.stringContaining('Closed') as unknown });
  });
  test('a chip with TrustZone on is not judged', () => {
    const t = new FakeTarget();
    t.set('FLASH.OPTSR2_CUR.TZEN', 0xb4);
    expect(t.judge('trustzone').verdict).toBe('unknown');
  });
  test('watchdog resets before the entry are counted', () => {
    const t = new FakeTarget();
    t.resets = [1, 2].map((at) => ({ at, by: 'iwdg', flags: ['IWDGRSTF'], external: false }));
    expect(t.judge('iwdg')).toMatchObject({ verdict: 'warn', observed: expect.stringContaining('2 resets') as unknown });
    t.set('IWDG.SR.ONF', 1);
    repaired('iwdg', t);
    expect(t.stopped).toEqual(['IWDG']);
  });
  test.each([
    ['iwdg', 'IWDG.SR.ONF'],
    ['wwdg', 'WWDG.CR.WDGA'],
  ] as const)('%s that bit while code waited for the flash to be erased says so, one that bit otherwise does not', (id, running) => {
    const t = new FakeTarget();
    t.set(running, 1);
    const because = (waited: boolean): string | null => {
      t.resets = [{ at: 1, by: id, flags: [], external: false, ...(waited ? { waited } : {}) }];
      return t.judge(id).because;
    };
    expect(because(true)).toContain('during a flash erase or program operation');
    expect(because(false)).not.toContain('erased');
  });
  test('an IWDG reset that carries a request over is no reproach', () => {
    const t = new FakeTarget();
    t.entry = null;
    t.resets = [{ at: 1, by: 'iwdg', flags: ['IWDGRSTF'], external: false }];
    expect(t.judge('iwdg').verdict).toBe('warn');
    const subject = t.subject();
    const word = { address: 0x20000000, wanted: 5, atReset: 5, read: 5 } as unknown as NonNullable<typeof subject.history>['magic'][number];
    expect(check('iwdg').judge({ ...subject, history: { ...subject.history!, magic: [word] } }).verdict).toBe('pass');
  });
  test('without an entry the write that started IWDG is the one to leave out', () => {
    const t = new FakeTarget();
    t.entry = null;
    t.set('IWDG.SR.ONF', 1).writers.set('IWDG.SR', writer(0x08000200, 77));
    expect(check('iwdg').repair(t.subject())).toMatchObject({ at: 'before-write', seq: 77, value: null });
  });
});

describe('the table of checks', () => {
  test('ids are those of the contract, each once', () => {
    const ids = CHECKS.map((c) => c.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(CHECK_IDS).toContain(id);
  });
  test.each(CHECKS.map((c) => [c.id, c] as const))('%s has a question and an explanation in paragraphs', (_id, c) => {
    expect(c.question.endsWith('?')).toBe(true);
    expect(c.explanation.length).toBeGreaterThan(60);
    for (const paragraph of c.explanation.split('\n\n')) expect(paragraph.trim()).toMatch(/[.)]$/);
  });
});

test('the clock of SBS, which products switch on for the jump, is no peripheral left on', () => {
  const on = new FakeTarget().set('RCC.APB3ENR.SBSEN', 1);
  expect(check('peripherals-left-on').judge(on.subject()).verdict).toBe('pass');
});
