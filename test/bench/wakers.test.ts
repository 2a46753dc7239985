/** What a report says of a sleep, or of a wait for a handler: the sources from outside that would end it, each with the line that enabled it; "nothing" only of all of them. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { Step } from '../../src/bench/documents/scenario-types.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { runBench } from '../../src/bench/run.ts';
import { Session } from '../../src/bench/session/session.ts';
import { lineOfPin } from '../../src/bench/slice/wakers.ts';
import { setPending } from '../../src/emu/core/arm/nvic.ts';
import { EXC } from '../../src/emu/core/arm/scs-state.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const [AHB1ENR, AHB2ENR, APB1ENR1, APB1ENR2, APB2ENR, CCIPR, BDCR, CSR] = [0x48, 0x4c, 0x58, 0x5c, 0x60, 0x88, 0x90, 0x94].map(
  (offset) => 0x40021000 + offset,
) as [number, number, number, number, number, number, number, number];
const [PWR_CR1, PWR_CR3, PWR_SCR, SCR] = [0x40007000, 0x40007008, 0x40007018, 0xe000ed10];
const [LPUART1, USART2, I2C1, CAN1, EXTI, RTC, DMA1, TIM2, COMP] = [
  0x40008000, 0x40004400, 0x40005400, 0x40006400, 0x40010400, 0x40002800, 0x40020000, 0x40000000, 0x40010200,
];
type Writes = readonly (readonly [address: number, value: number])[];
const nvic = (line: number): readonly [number, number] => [0xe000e100 + 4 * (line >> 5), (1 << (line & 31)) >>> 0];

/** A handler that nobody wrote. */
const ENDLESS = FLASH + 0x1f1;
/** Instead of an address: so many rounds of a delay. */
const WAIT = 0;
/** Writes, then sleeps for good, or polls a word of RAM. */
function program(writes: Writes, then: 'wfi' | 'poll', handler = FLASH + 0x201): Uint8Array {
  const image = new Uint8Array(0x1000);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let e = 1; e < 100; e++) view.setUint32(4 * e, e < EXC.IRQ0 ? FLASH + 0x201 : handler, true);
  view.setUint16(ENDLESS - 1 - FLASH, 0xe7fe, true);
  const t = new Thumb(FLASH + 0x200);
  for (const [i, [address, value]] of [...writes, [0x20000100, 0] as const].entries())
    if (address === WAIT) t.constant(0, value).label(`wait${i}`).put(0x3801).bne(`wait${i}`);
    else t.constant(1, address).constant(0, value).str(0, 1);
  t.constant(1, 0x20000100).label('loop');
  if (then === 'wfi') t.wfi();
  else t.ldr(0, 1);
  t.b('loop');
  image.set(t.bytes(), 0x200);
  return image;
}
function run(
  writes: Writes,
  then: 'wfi' | 'poll' = 'wfi',
  steps: readonly Step[] = [],
  until?: string,
  handler = FLASH + 0x201,
): RunResult {
  const job = plainJob('stm32l476', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: program(writes, then, handler) }]);
  return runBench(jobInput({ ...job, scenario: { ...job.scenario, steps, ...(until === undefined ? {} : { until }) } }));
}
/** What it says, without the places. */
const said = (result: RunResult): string =>
  result.notes
    .filter((n) => n.kind === 'wait')
    .map((n) => String(n.text).replace(/ \((?:enabled at )?0x[0-9a-f]+\)/g, ''))
    .join(' | ');

/** Stop 1 or 2, Standby (3), Shutdown (4). */
const deep = (lpms: number): Writes => [
  [APB1ENR1, 0x10000000],
  [PWR_CR1, 0x300 | lpms],
  [SCR, 4],
];
const lpuart = (uesm: boolean): Writes => [
  [APB1ENR2, 1],
  [CCIPR, 2 << 10],
  [LPUART1 + 0xc, 426_667],
  [LPUART1, 0x25 | (uesm ? 2 : 0)],
  nvic(70),
];
const rising = (line: number): Writes => [
  [AHB2ENR, 1],
  [0x48000000, 0xabfffffc],
  [EXTI + 8, 1 << line],
  [EXTI, 1 << line],
];
const usart2 = (cr1: number, cr3 = 0): Writes => [
  [APB1ENR1, 0x20000],
  [USART2 + 0xc, 35],
  [USART2 + 8, cr3],
  [USART2, 0xd | cr1],
];

it('nothing is enabled: no interrupt wakes it', () => {
  expect(said(run([]))).toBe('the core sleeps (WFI), and no enabled interrupt wakes it');
  expect(said(run(deep(1)))).toBe('the core sleeps (WFI) in Stop, and no enabled interrupt wakes it');
});

it('LPUART1 with UESM: a byte wakes; without it the port is named, and why it hears nothing', () => {
  expect(said(run([...lpuart(true), ...deep(2)]))).toBe('the core sleeps (WFI) in Stop, and only a byte at LPUART1 wakes it');
  expect(said(run([...lpuart(false), ...deep(2)]))).toBe(
    'the core sleeps (WFI) in Stop, and no enabled interrupt wakes it | LPUART1 hears nothing in Stop: UESM = 0',
  );
  expect(said(run(lpuart(false)))).toBe('the core sleeps (WFI), and only a byte at LPUART1 wakes it');
});

it('the line that enabled it is told', () => {
  expect(String(run([...lpuart(true), ...deep(2)]).notes.find((n) => n.kind === 'wait')!.text)).toMatch(
    /a byte at LPUART1 \(enabled at 0x08000[0-9a-f]{3}\)/,
  );
});

it('an edge on a pin, if its line, the edge and the interrupt are on', () => {
  expect(said(run([...rising(0), nvic(6), ...deep(1)]))).toBe(
    'the core sleeps (WFI) in Stop, and only a rising edge on PA0 (EXTI0) wakes it',
  );
  expect(said(run([...rising(0), ...deep(1)]))).toBe('the core sleeps (WFI) in Stop, and no enabled interrupt wakes it');
});

it('a button with a pull-up that counts when it is let go', () => {
  const pulledUp: Writes = [[AHB2ENR, 1], [0x4800000c, 0x64000001], ...rising(0)];
  expect(said(run([...pulledUp, nvic(6), ...deep(1)]))).toBe(
    'the core sleeps (WFI) in Stop, and only a rising edge on PA0 (EXTI0) wakes it',
  );
});

it('an edge on a pin leads to its own interrupt only, not to another one that is pending just then', () => {
  const [EXTI0, TIM2_LINE] = [6, 28];
  const led = (enabled: readonly number[]): number | null => {
    const bytes = program([...rising(0), ...enabled.map(nvic)], 'poll');
    const session = new Session(jobInput(plainJob('stm32l476', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
    session.run();
    setPending(session.machine.bootCore, EXC.IRQ0 + TIM2_LINE);
    const line = lineOfPin(session, { name: 'PA0', line: 0, level: 0, edge: 'rising', both: false }, true);
    session.release();
    return line;
  };
  expect(led([TIM2_LINE])).toBeNull();
  expect(led([EXTI0])).toBe(EXTI0);
  expect(led([EXTI0, TIM2_LINE])).toBe(EXTI0);
});

it('a master that addresses the I2C, in Stop with WUPEN only; a CAN frame, not in Stop; a capture; a comparator', () => {
  const slave = (wupen: boolean): Writes => [[CCIPR, 2 << 12], [I2C1 + 8, 0x8054], [I2C1, 9 | (wupen ? 1 << 18 : 0)], nvic(31)];
  const i2c = (stop: Writes, wupen: boolean): string => said(run([[APB1ENR1, 0x10200000], ...slave(wupen), ...stop]));
  const stop: Writes = [
    [PWR_CR1, 0x201],
    [SCR, 4],
  ];
  expect([i2c([], false), i2c(stop, true), i2c(stop, false)]).toEqual([
    'the core sleeps (WFI), and only a master that addresses I2C1 wakes it',
    'the core sleeps (WFI) in Stop, and only a master that addresses I2C1 wakes it',
    'the core sleeps (WFI) in Stop, and no enabled interrupt wakes it',
  ]);
  const can: Writes = [[APB1ENR1, 0x12000000], [CAN1 + 0x14, 2], nvic(20)];
  expect([said(run(can)), said(run([...can, ...stop]))]).toEqual([
    'the core sleeps (WFI), and only a frame at CAN1 wakes it',
    'the core sleeps (WFI) in Stop, and no enabled interrupt wakes it',
  ]);
  expect(said(run([[APB1ENR1, 1], [TIM2 + 0x18, 1], [TIM2 + 0x20, 1], [TIM2 + 0xc, 2], nvic(28)]))).toBe(
    'the core sleeps (WFI), and only an edge at TIM2_CH1 wakes it',
  );
  expect(said(run([[APB2ENR, 1], [COMP, 1], nvic(64)]))).toContain('a comparator (COMP1_CSR.');
});

it('a line that two blocks share counts for the one that is on: USB beside CAN of F103', () => {
  const [RCC_APB1ENR, CAN, USB_LP] = [0x4002101c, 0x40006400, 20];
  const told = (enabled: number): string => {
    const job = plainJob('stm32f103c8', [
      { path: `app.bin@0x${FLASH.toString(16)}`, bytes: program([[RCC_APB1ENR, enabled], [CAN + 0x14, 2], nvic(USB_LP)], 'wfi') },
    ]);
    return said(runBench(jobInput({ ...job, scenario: { ...job.scenario, host: { cable: 'out' } } })));
  };
  const [CANEN, USBEN] = [1 << 25, 1 << 23];
  expect(told(CANEN)).toBe('the core sleeps (WFI), and only a frame at CAN1 wakes it');
  expect(told(USBEN)).toBe('the core sleeps (WFI), and only the host at USB wakes it');
});

it('an enabled interrupt of a block without behaviour: not known, and said so', () => {
  expect(said(run([[APB2ENR, 1 << 21], nvic(74)]))).toBe(
    'the core sleeps (WFI), and nothing that bootbench models wakes it; bootbench does not know when SAI1 (its interrupt is enabled) would',
  );
});

it('Standby: the wake-up pins that are enabled are named; the RTC wakes it without any interrupt in the NVIC', () => {
  expect(said(run(deep(3)))).toBe('the chip is in Standby (WFI), and neither a wake-up pin nor the RTC wakes it');
  const pin: Writes = [
    [APB1ENR1, 0x10000000],
    [PWR_CR3, 0x8001],
    [PWR_SCR, 0x1f],
  ];
  expect(said(run([...pin, ...deep(3)]))).toBe('the chip is in Standby (WFI), and only an edge at WKUP1 wakes it: the RTC is not set to');
  expect(said(run([...pin, ...deep(4)]))).toContain('the chip is in Shutdown (WFI), where LSI is off too');
});

it('a handler that is an endless loop writes nothing', () => {
  expect(said(run([...usart2(0x10, 0x40), nvic(38)], 'poll', [], undefined, ENDLESS))).toBe(
    'the loop polls 0x20000100, which the program does not write there; a byte at USART2 only leads to an endless loop, the handler at 0x080001f0',
  );
});
it('a loop that polls what a handler writes waits for the input whose interrupt is on: IDLE of a receiver, DMA alone', () => {
  const idle = run([...usart2(0x10, 0x40), nvic(38)], 'poll');
  expect(idle.summary).toMatch(/^the firmware stays at .* unless something comes from outside, and never jumps: the loop polls 0x20000100/);
  expect(said(idle)).toBe(
    'the loop polls 0x20000100, which the program does not write there; a handler that may write it runs only with a byte at USART2',
  );
  const dma: Writes = [[AHB1ENR, 0x101], [DMA1 + 0x6c, 0x83], nvic(16)];
  expect(said(run([...usart2(0, 0x40), ...dma], 'poll'))).toBe(
    'the loop polls 0x20000100, which the program does not write there; a handler that may write it runs only with bytes at USART2 (DMA)',
  );
  expect(said(run([...usart2(0x10, 0x40), [APB2ENR, 1 << 21], nvic(38), nvic(74)], 'poll'))).toMatch(
    /a handler that may write it runs only with a byte at USART2; bootbench does not know when SAI1 \(its interrupt is enabled\) would$/,
  );
  expect(run(usart2(0x10, 0x40), 'poll').summary).toContain('does not leave the loop');
});

it('the RTC ends Standby though no interrupt is enabled: the run does not call it a wait for good', () => {
  const rtc: Writes = [
    [APB1ENR1, 0x10000400],
    [PWR_CR1, 0x100],
    [CSR, 1],
    [BDCR, 0x8200],
    [WAIT, 4000],
    [RTC + 0x24, 0xca],
    [RTC + 0x24, 0x53],
    [RTC + 8, 0],
    [WAIT, 4000],
  ];
  const wakes: Writes = [
    [RTC + 0x14, 0x7ff],
    [RTC + 8, 0x4400],
  ];
  const resets = (writes: Writes): readonly string[] => run(writes, 'wfi', [], '1200ms').resets.map((r) => r.by);
  expect(resets([...rtc, ...wakes, ...deep(3)]).slice(0, 2)).toEqual(['power', 'power']);
  expect(resets([...rtc, ...deep(3)])).toEqual(['power']);
});

it('a loop that polls a byte waits for the handler that writes that byte, whoever writes its neighbours', () => {
  const [ISPR0, WORD] = [0xe000e200, 0x20000100];
  // handlers of lines 6 and 7 write bytes 1 and 2 of the word; then byte 1 is cleared and polled
  const told = (poll: (t: Thumb) => Thumb): string => {
    const image = new Uint8Array(0x1000);
    const view = new DataView(image.buffer);
    view.setUint32(0, 0x20001000, true);
    for (let e = 1; e < 100; e++) view.setUint32(4 * e, FLASH + 0x201, true);
    view.setUint32(4 * 22, FLASH + 0x301, true);
    view.setUint32(4 * 23, FLASH + 0x321, true);
    const writesByte = (at: number, n: number): void =>
      void image.set(
        new Thumb(FLASH + at)
          .constant(1, WORD)
          .movs(0, 1)
          .put(0x7008 | (n << 6))
          .bxLr()
          .bytes(),
        at,
      );
    writesByte(0x300, 1);
    writesByte(0x320, 2);
    const t = new Thumb(FLASH + 0x200);
    const writes: Writes = [
      [WORD, 0],
      [0xe000e100, 0xc0],
      [ISPR0, 0x40],
      [ISPR0, 0x80],
      [WORD, 0],
    ];
    for (const [address, value] of writes) t.constant(1, address).constant(0, value).str(0, 1);
    poll(t.constant(1, WORD).label('loop')).b('loop');
    image.set(t.bytes(), 0x200);
    const result = runBench(jobInput(plainJob('stm32l476', [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: image }])));
    expect(result.outcome).toBe('stuck');
    return said(result);
  };
  // LDRB r0, [r1, #1]; LDR r0, [r1] and LSLS r0, #22, which leaves bytes 0 and 1
  const polls = [
    ['0x20000101', (t: Thumb) => t.put(0x7848)],
    ['0x20000100', (t: Thumb) => t.ldr(0, 1).put(0x0580)],
  ] as const;
  for (const [address, poll] of polls)
    expect(told((t) => poll(t).put(0x2800).beq('loop'))).toContain(`${address}, which the handler of interrupt 6 (EXTI) writes`);
});
