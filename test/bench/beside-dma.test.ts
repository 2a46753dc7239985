/** A wait for a word beside a DMA: what it does not store to stays as it is. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [WORD, TIM2] = [0x20000040, 0x40000000];
const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
/** Enable registers with their bits, and the registers of a channel: control, count, peripheral, memory. */
const CHIPS = {
  // streams: CHSEL 0, MINC, CIRC, from the peripheral
  STM32F405RG: { clocks: [[0x40023830, 1 << 22], [0x40023840, 1]], channel: [0x40026410, 0x40026414, 0x40026418, 0x4002641c], on: 0x501 }, // prettier-ignore
  STM32L476RG: { clocks: [[0x40021048, 1], [0x40021058, 1]], channel: [0x40020008, 0x4002000c, 0x40020010, 0x40020014], on: 0xa1 }, // prettier-ignore
} as const;
type Chip = keyof typeof CHIPS;

/** A timer that has something scheduled, and a channel of 16 items that is on. */
function busy(t: Thumb, chip: Chip, target: number): Thumb {
  const { clocks, channel, on } = CHIPS[chip];
  const [control, count, peripheral, memory] = channel;
  for (const [address, bit] of clocks) store(t, address, bit);
  for (const [address, value] of [
    [TIM2 + 0x2c, 999],
    [TIM2 + 0x0c, 0x100],
    [TIM2, 1],
    [count, 16],
    [peripheral, TIM2 + 0x24],
    [memory, target],
    [control, on],
  ] as const)
    // prettier-ignore
    store(t, address, value);
  return t;
}
const waits = (t: Thumb): Thumb => store(t, WORD, 0).label('wait').ldr(1, 0).cmp(1, 0).beq('wait').label('end').b('end');
function ends(chip: Chip, target: number): readonly [outcome: string, polls: string | null | undefined] {
  const job = plainJob(chip, bareImage(waits(busy(new Thumb(MAIN), chip, target))), { until: '200ms' });
  const { outcome, stuck } = runBench(jobInput(job));
  return [outcome, stuck?.address];
}

describe.each(Object.keys(CHIPS) as Chip[])('on %s a wait for a word', (chip) => {
  it.each([
    ['in front of its buffer', WORD + 4, ['stuck', '0x20000040']],
    ['behind its buffer', WORD - 16, ['stuck', '0x20000040']],
    ['in its buffer', WORD - 15, ['no-jump', undefined]],
    ['at its start', WORD, ['no-jump', undefined]],
  ])('%s', (_name, target, end) => {
    expect(ends(chip, target)).toEqual(end);
  });
});
