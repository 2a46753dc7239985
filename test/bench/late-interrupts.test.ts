/** Interrupts that are still enabled at the jump: told is the one that can come, and no line of a block that is as behind a reset. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const ROM = 0x1fff0000;
const [NVIC_ISER0, NVIC_IPR7, EXTI, TIM3, RCC_APB1ENR, RCC_APB1RSTR] = [
  0xe000e100, 0xe000e41c, 0x40013c00, 0x40000400, 0x40023840, 0x40023820,
];
const [TIM3_LINE, EXTI15_10, CPSID_I] = [29, 40, 0xb672];
const EXTI_ON = [[EXTI, 1 << 13], [EXTI + 12, 1 << 13], [NVIC_ISER0 + 4, 1 << (EXTI15_10 - 32)]] as const; // prettier-ignore
/** The USB interrupt preempts its handler. */
const TIM3_ON = [[RCC_APB1ENR, 2], [TIM3 + 0x2c, 0xffff], [TIM3 + 0xc, 1], [NVIC_IPR7, 0x4000], [NVIC_ISER0, 1 << TIM3_LINE], [TIM3, 1]] as const; // prettier-ignore
const TIM3_RESET = [[RCC_APB1RSTR, 2], [RCC_APB1RSTR, 0]] as const; // prettier-ignore
type Stores = readonly (readonly [address: number, value: number])[];

/** The handler of the application returns at once. */
function run(stores: Stores, mask: readonly number[] = []) {
  const t = new Thumb(MAIN).b('main').bxLr().label('main');
  for (const [address, value] of stores) t.constant(0, address).constant(1, value).str(1, 0);
  t.put(...mask)
    .constant(0, ROM)
    .ldr(1, 0)
    .put(0xf381, 0x8808)
    .ldr(1, 0, 4)
    .bx(1);
  const images = bareImage(t);
  for (const line of [TIM3_LINE, EXTI15_10]) new DataView(images[0]!.bytes.buffer).setUint32(4 * (16 + line), MAIN + 2 + 1, true);
  const result = runBench(jobInput(plainJob('STM32F411CE', images)));
  const told = result.notes.flatMap(({ text }) => /^.*(?= still enabled at the jump)/.exec(text) ?? []);
  return { ...result, told, enabled: result.checks.find(({ id }) => id === 'nvic-enabled')?.observed };
}

describe('of lines that are enabled at the jump', () => {
  it('that of a timer that runs comes, though the table of the application is still in force in the first instructions of the ROM', () => {
    const { outcome, told, enabled } = run(TIM3_ON);
    expect([outcome, told]).toEqual(['dfu', ['Interrupt 29 (TIM3) is']]);
    expect(enabled).toBe('enabled: 29 (TIM3); can still come: 29 (TIM3)');
  });
  it('that of a timer with a clock that was reset does not', () => {
    const { outcome, told, enabled } = run([...TIM3_ON, ...TIM3_RESET]);
    expect([outcome, told]).toEqual(['dfu', []]);
    expect(enabled).toBe('enabled: 29 (TIM3); none can come: their peripherals have no clock, or are as behind a reset');
  });
  it('that of a pin whose edge is unmasked in EXTI does, without a clock', () => {
    const { outcome, told, enabled } = run([...EXTI_ON, ...TIM3_ON, ...TIM3_RESET]);
    expect([outcome, told]).toEqual(['dfu', ['Interrupt 40 (EXTI) is']]);
    expect(enabled).toBe('enabled: 29 (TIM3), 40 (EXTI); can still come: 40 (EXTI)');
  });
  it('that of another line of EXTI than the one that is unmasked does not', () => {
    const { told, enabled } = run([[EXTI, 1 << 3], [EXTI + 12, 1 << 3], EXTI_ON[2]]); // prettier-ignore
    expect(told).toEqual([]);
    expect(enabled).toContain('none can come');
  });
});

describe('behind a mask', () => {
  it('what can come is a cause, too, and what cannot is none', () => {
    expect(run(EXTI_ON, [CPSID_I]).diagnosis.sets).toEqual([['nvic-enabled', 'primask']]);
    expect(run([...TIM3_ON, ...TIM3_RESET], [CPSID_I]).diagnosis.sets).toEqual([['primask']]);
  });
});
