/** What is wrong only because of a cause is neither a cause nor harmless. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

it('a stack pointer out of the wrong table is right with the right one', () => {
  // STM32F072: system memory is at 0x1FFFC800 (AN2606 Rev 70); the address is that of F05x
  const t = new Thumb(MAIN);
  // the ROM's vectors at 0: SYSCFGEN, MEM_MODE = 1
  t.constant(0, 0x40021018).movs(1, 1).str(1, 0).constant(0, 0x40010000).str(1, 0);
  t.constant(0, 0x1fffec00).ldr(1, 0).put(0xf381, 0x8808).ldr(1, 0, 4).bx(1);
  const { diagnosis, checks } = runBench(jobInput(plainJob('STM32F072RB', bareImage(t))));
  expect([diagnosis.sets, diagnosis.harmless.includes('msp')]).toEqual([[['entry-address']], false]);
  expect(checks.find(({ id }) => id === 'msp')).toMatchObject({
    verdict: 'n/a',
    because: 'it comes of entry-address: with that repaired, it passes',
  });
});
