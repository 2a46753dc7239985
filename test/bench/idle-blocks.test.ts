/** A wait for a block that one of its own fields keeps still: it is proved to be one without end, and the field is told. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

type Store = readonly [address: number, value: number];
/** A program that makes these stores and then waits for a bit. */
function waiting(address: number, bit: number, stores: readonly Store[], chip = 'STM32L476RG'): RunResult {
  const t = new Thumb(MAIN);
  for (const [at, value] of stores) t.constant(0, at).constant(1, value).str(1, 0);
  t.constant(0, address).constant(2, bit);
  t.label('poll').ldr(1, 0).tst(1, 2).beq('poll').label('end').b('end');
  return runBench(jobInput(plainJob(chip, bareImage(t), {})));
}
const told = ({ outcome, notes }: RunResult): readonly unknown[] => [
  outcome,
  ...notes.filter(({ kind }) => kind === 'wait').map((n) => n.text),
];

const [AHB2ENR, APB1ENR1, ADC, TIM2] = [0x4002104c, 0x40021058, 0x50040000, 0x40000000];
const [ADC_ON, HCLK]: readonly Store[] = [
  [AHB2ENR, 1 << 13],
  [ADC + 0x308, 1 << 16],
];

it('ADRDY does not rise in deep power-down, in which the converter is out of reset', () => {
  const result = waiting(ADC, 1, [ADC_ON!, HCLK!, [ADC + 8, 0x30000000], [ADC + 8, 0x30000001]]);
  expect(told(result)).toEqual([
    'stuck',
    expect.stringContaining('ADC1.ISR, which does not change while ADC1.CR.DEEPPWD is 1; nothing has changed ADC1.CR.DEEPPWD'),
  ]);
});
it('nor without the regulator, nor before ADEN', () => {
  const [awake, regulated]: readonly Store[] = [
    [ADC + 8, 0],
    [ADC + 8, 0x10000000],
  ];
  expect(told(waiting(ADC, 1, [ADC_ON!, HCLK!, awake!, [ADC + 8, 1]]))[1]).toContain('while ADC1.CR.ADVREGEN is 0');
  expect(told(waiting(ADC, 4, [ADC_ON!, HCLK!, awake!, regulated!]))[1]).toContain('while ADC1.CR.ADEN is 0');
});
it('a calibration, which is done in front of ADEN, does not end without the kernel clock', () => {
  const stores: readonly Store[] = [ADC_ON!, [ADC + 8, 0], [ADC + 8, 0x10000000]];
  const calibrate: Store = [ADC + 8, 0x90000000];
  const CCIPR = 0x40021088;
  expect(told(waiting(ADC, 1, [...stores, calibrate]))).toEqual([
    'stuck',
    expect.stringContaining(
      'ADC1.ISR, which does not change without the clock of ADC1: with CKMODE = 0, RCC.CCIPR.ADCSEL = 0 selects it, and nothing runs there; nothing has changed RCC.CCIPR.ADCSEL',
    ),
  ]);
  // from HCLK, or from SYSCLK
  for (const clock of [HCLK!, [CCIPR, 3 << 28]] satisfies Store[])
    expect(told(waiting(ADC, 1, [...stores, clock, calibrate]))[1]).toContain('while ADC1.CR.ADEN is 0');
});
it('of F4 and F1, EOC does not rise without ADON', () => {
  const f4 = waiting(
    0x40012000,
    2,
    [
      [0x40023844, 1 << 8],
      [0x40012008, 1 << 30],
    ],
    'STM32F405RG',
  );
  expect(told(f4)).toEqual(['stuck', expect.stringContaining('ADC1.SR, which does not change while ADC1.CR2.ADON is 0')]);
  const f1 = waiting(
    0x40012400,
    2,
    [
      [0x40021018, 1 << 9],
      [0x40012408, 1 << 22],
    ],
    'STM32F103RB',
  );
  expect(told(f1)[1]).toContain('while ADC1.CR2.ADON is 0; nothing has changed ADC1.CR2.ADON');
});
it('a timer without CEN neither counts nor raises UIF; with it the wait ends', () => {
  const on: Store = [APB1ENR1, 1];
  const short: Store = [TIM2 + 0x2c, 100];
  for (const [offset, name] of [
    [0x24, 'CNT'],
    [0x10, 'SR'],
  ] as const)
    expect(told(waiting(TIM2 + offset, 1, [on, short]))).toEqual([
      'stuck',
      expect.stringContaining(`TIM2.${name}, which does not change while TIM2.CR1.CEN is 0; nothing has changed TIM2.CR1.CEN`),
    ]);
  expect(told(waiting(TIM2 + 0x10, 1, [on, short, [TIM2, 1]])).join()).not.toContain('TIM2');
});
it('a serial port, SPI, I2C and RNG do nothing until they are enabled: no byte from outside is waited for', () => {
  const cases: readonly (readonly [block: string, flags: number, bit: number, clock: Store, enable: string])[] = [
    ['USART2.ISR', 0x4000441c, 1 << 5, [APB1ENR1, 1 << 17], 'USART2.CR1.UE'],
    ['SPI1.SR', 0x40013008, 1, [0x40021060, 1 << 12], 'SPI1.CR1.SPE'],
    ['I2C1.ISR', 0x40005418, 2, [APB1ENR1, 1 << 21], 'I2C1.CR1.PE'],
    ['RNG.SR', 0x50060804, 1, [AHB2ENR, 1 << 18], 'RNG.CR.RNGEN'],
  ];
  for (const [flags, address, bit, clock, enable] of cases)
    expect(told(waiting(address, bit, [clock]))).toEqual(['stuck', expect.stringContaining(`${flags}, which does not change while ${enable} is 0; nothing has changed ${enable}`)]); // prettier-ignore
});

const [F4_AHB1ENR, F4_APB1ENR, GPIOB, I2C1] = [0x40023830, 0x40023840, 0x40020400, 0x40005400];
/** I2C1 of an F4 on PB8 and PB9, which has sent a start and an address. */
function addressing(t: Thumb, address: number): void {
  const store = (at: number, value: number): Thumb => t.constant(0, at).constant(1, value).str(1, 0);
  store(F4_AHB1ENR, 2)
    .constant(0, F4_APB1ENR)
    .constant(1, 1 << 21)
    .str(1, 0);
  store(GPIOB + 0x24, 0x44)
    .constant(0, GPIOB)
    .constant(1, 0xa0000)
    .str(1, 0);
  store(I2C1 + 4, 16)
    .constant(0, I2C1 + 0x1c)
    .constant(1, 80)
    .str(1, 0);
  store(I2C1, 1).constant(0, I2C1).constant(1, 0x101).str(1, 0);
  t.constant(0, I2C1 + 0x14)
    .constant(2, 1)
    .label('start')
    .ldr(1, 0)
    .tst(1, 2)
    .beq('start');
  store(I2C1 + 0x10, address << 1);
}
const SILENT = 'I2C1: no device on the emulated bus acknowledges address 0x50';
const onF4 = (t: Thumb): RunResult => runBench(jobInput(plainJob('STM32F405RG', bareImage(t), {})));

it('nobody on the bus acknowledges an address: the wait for it says so', () => {
  const t = new Thumb(MAIN);
  addressing(t, 0x50);
  t.constant(0, I2C1 + 0x14)
    .constant(2, 2)
    .label('poll')
    .ldr(1, 0)
    .tst(1, 2)
    .beq('poll')
    .label('end')
    .b('end');
  const result = onF4(t);
  expect(told(result)).toEqual(['stuck', SILENT]);
  expect(shortReport(result, { width: 200 })).toContain(SILENT);
});
it('and so does the loop without end to which a program goes that has seen it', () => {
  const t = new Thumb(MAIN);
  addressing(t, 0x50);
  t.constant(0, I2C1 + 0x14)
    .constant(2, 1 << 10)
    .label('poll')
    .ldr(1, 0)
    .tst(1, 2)
    .beq('poll')
    .label('error')
    .b('error');
  const result = onF4(t);
  expect(told(result)).toEqual(['stuck']);
  expect(shortReport(result, { width: 200 })).toContain(SILENT);
});
it('a program that asks again and again and goes on is told how often', () => {
  const t = new Thumb(MAIN).movs(7, 0).label('again');
  addressing(t, 0x50);
  t.constant(0, I2C1 + 0x14)
    .constant(2, 1 << 10)
    .label('poll')
    .ldr(1, 0)
    .tst(1, 2)
    .beq('poll')
    .movs(1, 0)
    .str(1, 0);
  t.constant(0, I2C1).constant(1, 0x201).str(1, 0).adds(7, 1).b('again');
  const result = onF4(t);
  expect(result.outcome).toBe('no-jump');
  expect(shortReport(result, { width: 200 })).toMatch(
    /I2C1: no device on the emulated bus acknowledges address 0x50: the firmware asked \d{3,} times/,
  );
});
