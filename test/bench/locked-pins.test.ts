/** Pins that the application has locked in another mode: the ROM's own set-up of them is lost, so no host sees it (RM0090 8.3.8, 8.4.8). */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

interface Part {
  readonly name: string;
  /** Of the register that turns the port's clock on. */
  readonly clock: number;
  /** Of the one that resets it. */
  readonly reset: number;
  readonly port: number;
}
const ROM = 0x1fff0000;
const LCKK = 0x10000;
const F405: Part = { name: 'STM32F405RG', clock: 0x40023830, reset: 0x40023810, port: 0x40020000 };
const L4 = { clock: 0x4002104c, reset: 0x4002102c, port: 0x48000000 };
/** Whose device-only block has its pins as alternate function 10, as OTG has (DS11451, DS12470, DS11912, DS11929). */
const FSDEV: readonly Part[] = [
  { name: 'STM32L412KB', ...L4 },
  { name: 'STM32L432KC', ...L4 },
  { name: 'STM32L452RE', ...L4 },
  { name: 'STM32WB55RG', clock: 0x5800004c, reset: 0x5800002c, port: L4.port },
];

/** PA0 to PA15 as one number of MODER, locked for the pins of the mask, and the jump. */
function entersWith(moder: number, locked: number, { clock, port, reset } = F405, pulse = false): Thumb {
  const t = new Thumb(MAIN).constant(0, clock).movs(1, 1).str(1, 0).ldr(1, 0);
  t.constant(0, port).constant(1, moder).str(1, 0);
  if (locked !== 0) {
    t.constant(1, locked | LCKK)
      .constant(2, locked)
      .constant(3, port + 0x1c);
    t.str(1, 3).str(2, 3).str(1, 3).ldr(4, 3);
  }
  if (pulse) t.constant(0, reset).movs(1, 1).str(1, 0).movs(1, 0).str(1, 0);
  return t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
}
const resultOf = (program: Thumb, goal?: string, part = F405) =>
  runBench(jobInput(plainJob(part.name, bareImage(program), goal === undefined ? {} : { goal })));
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
  it.each(FSDEV)('$name: as outputs DFU, and with one of them locked no device', (part) => {
    const both = output(11) | output(12);
    expect(resultOf(entersWith(both, 0, part), undefined, part).outcome).toBe('dfu');
    const { outcome, diagnosis } = resultOf(entersWith(both, 1 << 12, part), undefined, part);
    expect(outcome).toBe('rom-silent');
    expect(diagnosis.causes.filter(({ proved }) => proved).map(({ what }) => what)).toEqual(['GPIOA.LCKR']);
  });
  it.each([F405, ...FSDEV])('$name: a reset of the port opens the lock, and is the fix', (part) => {
    const { diagnosis } = resultOf(entersWith(output(12), 1 << 12, part), undefined, part);
    const [cause] = diagnosis.causes.filter(({ proved }) => proved);
    expect(cause?.fix).toMatch(/^RCC->(AHB[12]RSTR) \|= RCC_\1_GPIOARST;\nRCC->\1 &= ~RCC_\1_GPIOARST;$/);
    expect(cause?.explanation).toContain('A reset of the port by RCC opens this lock');
    expect(resultOf(entersWith(output(12), 1 << 12, part, true), undefined, part).outcome).toBe('dfu');
  });
  it('with other pins locked: DFU', () => expect(resultOf(entersWith(0, 1 << 5)).outcome).toBe('dfu'));
});
