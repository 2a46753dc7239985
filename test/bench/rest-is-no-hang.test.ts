/** A program that rests in its main loop and waits for a pin: a write without effect that decides which loop that is does not bring it further. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [GPIOA, EXTI_IMR, EXTI_RTSR, NVIC_ISER0, RAM] = [0x40020000, 0x40013c00, 0x40013c08, 0xe000e100, 0x20000100];

it.each([
  [true, 'unless something comes from outside', 0],
  [false, 'does not leave the loop', 1],
])('with the interrupt of PA0: %s', (armed, waits, causes) => {
  const t = new Thumb(MAIN);
  for (const [address, value] of [[EXTI_RTSR, 1] as const, [EXTI_IMR, armed ? 1 : 0] as const, [NVIC_ISER0, 1 << 6] as const])
    t.constant(0, address).constant(1, value).str(1, 0);
  // ODR of a port without its clock, read back
  t.constant(2, RAM).movs(1, 0).str(1, 2).constant(0, GPIOA).movs(1, 1).str(1, 0, 0x14).ldr(1, 0, 0x14).cmp(1, 0).bne('other');
  t.label('one').ldr(1, 2).cmp(1, 0).beq('one').label('other').ldr(1, 2).cmp(1, 0).beq('other').label('end').b('end');
  const { outcome, summary, diagnosis } = runBench(jobInput(plainJob('stm32f405rg', bareImage(t))));
  expect(outcome).toBe('stuck');
  expect(summary).toContain(waits);
  expect(diagnosis.causes.filter(({ id }) => id === 'lost-write')).toHaveLength(causes);
});
