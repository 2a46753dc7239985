/** The data cache shows another word than memory has: the cause says which, and what to do about it. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [SRAM1, ROM, CCR, DC] = [0x20010000, 0x1ff00000, 0xe000ed14, 0x00010200];
const [RCC_AHB1ENR, S0CR, S0NDTR, S0PAR, S0M0AR] = [0x40023830, 0x40026410, 0x40026414, 0x40026418, 0x4002641c];
const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);

it('a word that DMA wrote behind the data cache is named where the program waits for it', () => {
  const t = new Thumb(MAIN).constant(7, SRAM1).movs(0, 0).str(0, 7);
  store(t, CCR, DC).dsb().ldr(0, 7);
  store(t, RCC_AHB1ENR, 1 << 22);
  store(t, S0PAR, MAIN);
  store(t, S0M0AR, SRAM1);
  store(t, S0NDTR, 1);
  // memory to memory, words
  store(t, S0CR, (2 << 13) | (2 << 11) | (2 << 6) | 1);
  t.label('wait').ldr(0, 7).cmp(0, 0).beq('wait').constant(3, ROM).ldr(3, 3, 4).bx(3);
  const { outcome, diagnosis } = runBench(jobInput(plainJob('stm32f746zg', bareImage(t))));
  expect(outcome).toBe('stuck');
  expect(diagnosis.causes[0]).toMatchObject({ what: 'SCB.CCR.DC', proved: true });
  expect(diagnosis.causes[0]!.explanation).toMatch(
    /The data cache holds 0x00000000 at 0x20010000, and memory 0x[0-9a-f]{8}: what was written to memory by others, as by DMA/,
  );
});
