/** An empty loop that a program ends in, with an interrupt of a pin enabled: in one place it rests there, in another it has given up. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { namedImage } from './named-image.ts';
import { plainJob } from './plain-job.ts';

const [RCC_AHB1ENR, EXTI_IMR, EXTI_RTSR, NVIC_ISER0] = [0x40023830, 0x40013c00, 0x40013c08, 0xe000e100];
const [OTHER, STOP, END] = [MAIN + 0x80, MAIN + 0x90, MAIN + 0x92];
/** BL, forward and near. */
const bl = (from: number, to: number): [number, number] => [0xf000, 0xf800 | ((to - from - 4) >> 1)];

/** PA0 raises EXTI0, whose handler returns; then main() goes to the loop of another function, which `other` does, too, or does not. */
function resultOf(otherCalls: boolean): ReturnType<typeof runBench> {
  const main = new Thumb(MAIN);
  for (const [address, value] of [
    [RCC_AHB1ENR, 1],
    [EXTI_RTSR, 1],
    [EXTI_IMR, 1],
    [NVIC_ISER0, 1 << 6],
  ] as const)
    main.constant(0, address).constant(1, value).str(1, 0);
  const here = MAIN + 24;
  main.put(...bl(here, STOP));
  const [first] = bareImage(main);
  const image = new Uint8Array(0x400);
  image.set(first!.bytes);
  const view = new DataView(image.buffer);
  const put = (at: number, ...halves: readonly number[]): void =>
    halves.forEach((half, i) => view.setUint16(at - FLASH + 2 * i, half, true));
  put(OTHER, ...(otherCalls ? bl(OTHER, STOP) : [0xbf00, 0xbf00]), 0x4770);
  put(STOP, 0xe7fe);
  const symbols = [
    { name: 'main', address: MAIN, size: 0x80 },
    { name: 'other', address: OTHER, size: 6 },
    { name: 'stop', address: STOP, size: END - STOP },
  ];
  return runBench(jobInput(plainJob('stm32f405rg', namedImage(image, symbols))));
}

it('that one function goes to is where it waits for the pin', () => {
  const { outcome, summary } = resultOf(false);
  expect(outcome).toBe('stuck');
  expect(summary).toMatch(/^the firmware stays at .* unless something comes from outside/);
});
it('that several functions go to is where errors end', () => {
  const { outcome, summary } = resultOf(true);
  expect(outcome).toBe('stuck');
  expect(summary).toMatch(/^the firmware hangs in an endless loop /);
});
