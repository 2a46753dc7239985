/** What a check says beside its verdict, and the edges of what it reads: numbers, names, and repairs of a part. */
import { findChip } from '../../src/chips/index.ts';
import { describe, expect, it } from 'vitest';
import { exceptionName, exceptionPriority, FIRST_IRQ, groupPriority, linesSet, listed, PPB } from '../../src/checks/core-registers.ts';
import type { Judgement } from '../../src/checks/check.ts';
import { keptDeclaration, keptInC } from '../../src/checks/fix-in-c.ts';
import { check, FakeTarget, TIM2_IRQ, USB_IRQ, writer } from './fake-target.ts';

const chip = new FakeTarget().subject().state.chip;

it('a fix of PRIMASK says which interrupts have to be off before: those that still are on', () => {
  const fix = (t: FakeTarget): string => String(check('primask').repair(t.subject())?.fix);
  expect(fix(new FakeTarget())).toContain('after clearing the NVIC');
  expect(fix(new FakeTarget().enable(28))).toContain('after switching off the interrupts that are still enabled');
});

describe('The NVIC', () => {
  it.each([0, 1, 31, 32, 63, 64, 95, 96, 127, 130])('line %d is found in its word', (line) => {
    expect(linesSet(new FakeTarget().enable(line).subject().state, PPB.NVIC_ISER)).toEqual([line]);
  });
  it('gives the lines in rising order', () => {
    const t = new FakeTarget().enable(31).enable(0).enable(32).enable(7);
    expect(linesSet(t.subject().state, PPB.NVIC_ISER)).toEqual([0, 7, 31, 32]);
  });
  it('has a priority byte for each line and each configurable exception', () => {
    const t = new FakeTarget();
    for (const [n, value] of [0x10, 0x20, 0x30, 0x40].entries()) t.priority(44 + n, value);
    const { state } = t.subject();
    expect([44, 45, 46, 47].map((line) => exceptionPriority(state, FIRST_IRQ + line))).toEqual([0x10, 0x20, 0x30, 0x40]);
    t.ppb.set(PPB.SHPR1, 0x04030201).set(PPB.SHPR1 + 8, 0xa0b00000);
    expect([4, 5, 6, 7, 14, 15].map((n) => exceptionPriority(state, n))).toEqual([1, 2, 3, 4, 0xb0, 0xa0]);
  });
  it('has fixed priorities above all others for NMI and HardFault, and none for what is no exception', () => {
    const { state } = new FakeTarget().subject();
    expect([1, 2, 3].map((n) => exceptionPriority(state, n))).toEqual([null, -2, -1]);
  });
  it.each([
    [0, 0xfe],
    [3, 0xf0],
    [4, 0xe0],
    [6, 0x80],
    [7, 0x00],
  ])('compares the bits above PRIGROUP = %d', (group, mask) => {
    const t = new FakeTarget();
    t.ppb.set(PPB.AIRCR, group << 8);
    expect(groupPriority(t.subject().state, 0xff)).toBe(mask);
    // NMI and HardFault have no groups
    expect(groupPriority(t.subject().state, -1)).toBe(-1);
    expect(groupPriority(t.subject().state, 0)).toBe(0);
  });
});

describe('Names', () => {
  it.each([
    [2, 'NMI'],
    [3, 'HardFault'],
    [4, 'MemManage'],
    [5, 'BusFault'],
    [6, 'UsageFault'],
    [7, 'SecureFault'],
    [11, 'SVCall'],
    [12, 'DebugMonitor'],
    [14, 'PendSV'],
    [15, 'SysTick'],
    [13, 'exception 13'],
    [FIRST_IRQ + TIM2_IRQ, 'interrupt 45 (TIM2)'],
    [FIRST_IRQ + USB_IRQ, 'interrupt 74 (USB)'],
  ])('exception %d is %s (Armv8-M ARM B3.9)', (number, name) => expect(exceptionName(chip, number)).toBe(name));
  it.each([
    ['stm32g474re', 11, 'DMA1_Channel1'],
    ['stm32g474re', 96, 'DMA1_Channel8'],
    ['stm32f411ce', 17, 'DMA1_Stream6'],
    ['stm32f411ce', 47, 'DMA1_Stream7'],
    ['stm32f411ce', 70, 'DMA2_Stream7'],
    ['stm32h533re', 27, 'GPDMA1_Channel0'],
    ['stm32h533re', 97, 'GPDMA2_Channel7'],
    ['stm32l476rg', 69, 'DMA2_Channel7'],
    // channels that share a line
    ['stm32f072rb', 10, 'DMA1'],
  ])('%s: line %d is that of %s', (name, line, dma) =>
    expect(exceptionName(findChip(name)!, FIRST_IRQ + line)).toBe(`interrupt ${line} (${dma})`),
  );
  it('are eight at most, then a number', () => {
    const names = [...'abcdefghi'];
    expect(listed(names.slice(0, 8))).toBe('a, b, c, d, e, f, g, h');
    expect(listed(names)).toBe('a, b, c, d, e, f, g, h and 1 more');
  });
});

describe('nvic-enabled', () => {
  const several = (): FakeTarget => new FakeTarget().enable(10).enable(TIM2_IRQ).enable(50).enable(60);
  it('repairs all lines at once, and in C by a loop from four lines on', () => {
    const repair = check('nvic-enabled').repair(several().subject())!;
    expect(repair.what).toBe('all lines disabled in the NVIC');
    expect(repair.fix).toContain('for (unsigned i = 0;');
    const three = check('nvic-enabled').repair(new FakeTarget().enable(10).enable(TIM2_IRQ).enable(50).subject())!;
    expect(three.fix!.split('\n')).toHaveLength(3);
    expect(three.fix).toContain('NVIC_DisableIRQ((IRQn_Type)45);   /* TIM2 */');
  });
  it('narrowed down to some lines tells all, and repairs these alone', () => {
    const all = check('nvic-enabled').repair(several().subject())!;
    const { judgement, repair } = check('nvic-enabled').narrow!(several().subject(), ['45', '50'], all)!;
    expect(judgement.observed).toMatch(/^enabled: 10, 45 \(TIM2\), 50/);
    expect(repair!.what).toMatch(/^disabled in the NVIC: 45 \(TIM2\), 50/);
    expect(repair!.fix).not.toContain('for (');
  });
  it('says where other lines were switched off, and this one was not', () => {
    const judged = (...writes: readonly [string, number][]): Judgement['besides'] => {
      const t = new FakeTarget().enable(TIM2_IRQ);
      writes.forEach(([register, pc], i) => t.writers.set(`CPU.NVIC_${register}`, writer(pc, i + 1)));
      return t.judge('nvic-enabled').besides;
    };
    expect(judged(['ISER1', 0x100])).toBeUndefined();
    expect(judged(['ICER0', 0x200], ['ISER1', 0x100])).toBeUndefined();
    for (const register of ['ICER0', 'ISER2']) expect(judged(['ISER1', 0x100], [register, 0x200])?.writer.pc).toBe(0x200);
    // a change in its own word switched some of its lines off one by one
    expect(judged(['ISER1', 0x100], ['ICER1', 0x200])).toBeUndefined();
  });
  it('a wake-up of the RTC can come without a clock from the bus', () => {
    const { observed } = check('nvic-enabled').judge(new FakeTarget(findChip('stm32l152re')!).enable(3).subject());
    expect(observed).toBe('enabled: 3 (RTC/EXTI); can still come: 3 (RTC/EXTI)');
  });
  it('knows its members', () => {
    const subject = several().subject();
    expect(check('nvic-enabled').members!(subject, check('nvic-enabled').repair(subject)!)).toEqual(['10', '45', '50', '60']);
  });
});

describe('fpu', () => {
  const judged = (control: number, fpccr: number) => {
    const t = new FakeTarget();
    t.core['control'] = control;
    t.ppb.set(PPB.FPCCR, fpccr);
    return t.judge('fpu');
  };
  it('says what CONTROL.FPCA and FPCCR.LSPACT are', () => {
    expect(judged(0, 0xc0000000)).toMatchObject({
      verdict: 'pass',
      observed: 'FPCCR.LSPACT = 0, CONTROL.FPCA = 0',
      because: 'no save is pending',
    });
    expect(judged(4, 0xc0000000)).toMatchObject({ verdict: 'pass', observed: 'FPCCR.LSPACT = 0, CONTROL.FPCA = 1' });
    expect(judged(4, 0xc0000000).because).toContain('larger stack frame');
    expect(judged(3, 0xc0000001)).toMatchObject({ verdict: 'warn', observed: 'FPCCR.LSPACT = 1, CONTROL.FPCA = 0' });
  });
});

describe('stack-limit', () => {
  const judged = (core: Record<string, number>) => {
    const t = new FakeTarget();
    Object.assign(t.core, core);
    return t.judge('stack-limit');
  };
  it('looks at the stack in use: the process stack in Thread mode with CONTROL.SPSEL', () => {
    const limits = { psp: 0x20020000, psplim: 0x20030000, msplim: 0 };
    expect(judged({ ...limits, control: 2 })).toMatchObject({ verdict: 'fail', observed: 'PSPLIM = 0x20030000, SP = 0x20020000' });
    expect(judged({ ...limits, control: 0 })).toMatchObject({ verdict: 'pass', observed: 'MSPLIM = 0x00000000, SP = 0x20004000' });
    // handlers use the main stack, whatever CONTROL says
    expect(judged({ ...limits, control: 2, xpsr: 0x01000003 }).verdict).toBe('pass');
  });
  it('looks at MSP and its limit, too, while the process stack is in use: exceptions push there', () => {
    const judgement = judged({ control: 2, psp: 0x20020000, psplim: 0x20010000, msp: 0x20004000, msplim: 0x20030000 });
    expect(judgement).toMatchObject({ verdict: 'fail', observed: 'MSPLIM = 0x20030000, MSP = 0x20004000' });
    expect(judgement.because).toContain('the next exception');
  });
  it('clears both limits where both are in the way', () => {
    const t = new FakeTarget();
    Object.assign(t.core, { control: 2, psp: 0x20020000, psplim: 0x20020000, msp: 0x20004000, msplim: 0x20030000 });
    expect(check('stack-limit').repair(t.subject())).toMatchObject({ fix: '__set_PSPLIM(0);\n__set_MSPLIM(0);' });
  });
  it('is broken at the limit, not a word above it', () => {
    expect(judged({ msplim: 0x20030000, msp: 0x20030000 }).verdict).toBe('fail');
    expect(judged({ msplim: 0x20030000, msp: 0x20030008 }).verdict).toBe('pass');
  });
});

describe('What cannot be known', () => {
  it('is not judged: a supply range without a name', () => {
    const t = new FakeTarget();
    // a fifth code: there are four
    const state = { ...t.subject().state, field: (path: string) => (path === 'PWR.VOSSR.ACTVOS' ? 7 : t.get(path)) };
    expect(check('flash-latency').judge({ ...t.subject(), state })).toMatchObject({
      verdict: 'unknown',
      observed: null,
    });
  });
  it('is not judged: a supply bit that cannot be read', () => {
    const t = new FakeTarget();
    const state = { ...t.subject().state, field: (path: string) => (path.startsWith('PWR.USBSCR') ? null : t.get(path)) };
    expect(check('vddusb').judge({ ...t.subject(), state }).verdict).toBe('n/a');
  });
  it('is not repaired: an MPU that nobody is known to have switched on', () => {
    const t = new FakeTarget();
    t.entry = null;
    t.ppb.set(PPB.MPU_CTRL, 5);
    expect(check('mpu').repair(t.subject())).toBeNull();
    t.writers.set('CPU.MPU_CTRL', writer(0x08000200, 31));
    expect(check('mpu').repair(t.subject())).toMatchObject({ at: 'before-write', seq: 31, value: null });
  });
});

describe('A variable that outlives a reset', () => {
  it('has the type of its size', () => {
    expect(keptInC('flag', 1)).toContain('uint8_t flag;');
    expect(keptInC('flag', 2)).toContain('uint16_t flag;');
    expect(keptInC('flag', 4)).toContain('uint32_t flag;');
    expect(keptInC('flags', 12)).toContain('add this to the declaration');
  });
  it.each([
    ['.noinit', '/* this overwrites request (.noinit): leave .noinit out */'],
    ['.bss', expect.stringContaining('__attribute__((section(".noinit"))) volatile uint32_t request;')],
    [null, expect.stringContaining('volatile uint32_t request;')],
  ])('that lies in %s goes where start-up code leaves it alone, if it is not there already', (section, fix) => {
    const t = new FakeTarget();
    t.entry = null;
    const request = { address: 0x20000100, wanted: 0xdeadbeef, atReset: 0xdeadbeef, inDirtyLine: false, comparedWith: 0xdeadbeef };
    const by = writer(0x08000400, 7);
    const flow = { reader: by, writer: by, decision: by, overwrittenBy: writer(0x08000500, 8) };
    const variable = { name: 'request', bytes: 4, section, declared: null };
    t.magic = [{ ...request, ...flow, read: 0, readWithoutClock: false, variable, elsewhere: null }];
    expect(check('magic-survives').repair(t.subject())).toMatchObject({ at: 'keep', fix });
  });
  it.each([
    [
      { overwriter: 'log.c:9 (put)', atRunTime: { caller: 'main (main.c:4)', row: 0x200000f0 } },
      '/* log.c:9 (put), called from main (main.c:4), fills 0x200000f0 and what follows, up to the request at 0x20000100 (request): its index or length goes too far */',
    ],
    [
      { overwriter: 'main.c:7 (main)', atRunTime: { caller: null, row: null } },
      '/* main.c:7 (main) writes to 0x20000100 (request), where the request is: check the address there, or do not write before the request was read */',
    ],
    [{ onStack: true }, '/* the stack reaches 0x20000100 (request): put .noinit where no stack is */'],
    [{ by: 'dma' }, '/* a transfer writes to 0x20000100 (request): give it a buffer of its own */'],
  ] as const)('that no start-up code writes over is given the advice that fits %j', (facts, fix) => {
    const t = new FakeTarget();
    t.entry = null;
    const by = writer(0x08000400, 7);
    const { by: kind = 'cpu', ...rest } = facts as { readonly by?: 'dma' | 'cpu' };
    const request = { address: 0x20000100, wanted: 0xdeadbeef, atReset: 0xdeadbeef, inDirtyLine: false, comparedWith: 0xdeadbeef };
    const flow = { reader: by, writer: by, decision: by, overwrittenBy: { ...writer(0x08000500, 8), kind } };
    const variable = { name: 'request', bytes: 4, section: '.noinit', declared: null };
    t.magic = [{ ...request, ...flow, ...rest, read: 0, readWithoutClock: false, variable, elsewhere: null }];
    expect(check('magic-survives').repair(t.subject())).toMatchObject({ fix });
  });
  it('keeps its own declaration, without a value', () => {
    expect(keptDeclaration('static volatile uint32_t request = 0;')).toMatch(/section.*static volatile uint32_t request;$/);
  });
});
