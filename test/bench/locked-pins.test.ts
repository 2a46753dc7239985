/** Pins that the application has locked in another mode: the ROM's own set-up of them is lost, so no host sees it (RM0090 8.3.8, 8.4.8). */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [RCC, GPIOA, ROM] = [0x40023800, 0x40020000, 0x1fff0000];
const LCKK = 0x10000;

/** PA0 to PA15 as one number of MODER, locked for the pins of the mask, and the jump. */
function entersWith(moder: number, locked: number): Thumb {
  const t = new Thumb(MAIN)
    .constant(0, RCC + 0x30)
    .movs(1, 1)
    .str(1, 0)
    .ldr(1, 0);
  t.constant(0, GPIOA).constant(1, moder).str(1, 0);
  if (locked !== 0) {
    t.constant(1, locked | LCKK)
      .constant(2, locked)
      .constant(3, GPIOA + 0x1c);
    t.str(1, 3).str(2, 3).str(1, 3).ldr(4, 3);
  }
  return t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
}
const resultOf = (program: Thumb, goal?: string) =>
  runBench(jobInput(plainJob('STM32F405RG', bareImage(program), goal === undefined ? {} : { goal })));
const output = (pin: number): number => (1 << (2 * pin)) >>> 0;

describe('the ROM finds its pins', () => {
  it('as outputs: it makes them its own', () => {
    expect(resultOf(entersWith(output(11) | output(12), 0)).outcome).toBe('dfu');
    expect(resultOf(entersWith(output(9), 0), 'usart1').goal?.reached).toBe(true);
  });
  it.each([11, 12])('with PA%i locked as an output: no device, and the lock is the cause', (pin) => {
    const { outcome, diagnosis } = resultOf(entersWith(output(pin), 1 << pin));
    expect(outcome).toBe('rom-silent');
    expect(diagnosis.causes.filter(({ proved }) => proved).map(({ what }) => what)).toEqual(['GPIOA.LCKR']);
  });
  it.each([9, 10])('with PA%i locked as an output: no answer on USART1', (pin) => {
    const { goal, diagnosis } = resultOf(entersWith(output(pin), 1 << pin), 'usart1');
    expect(goal?.reached).toBe(false);
    expect(diagnosis.causes.filter(({ proved }) => proved).map(({ what }) => what)).toEqual(['GPIOA.LCKR']);
  });
  it('with other pins locked: DFU', () => expect(resultOf(entersWith(0, 1 << 5)).outcome).toBe('dfu'));
});
