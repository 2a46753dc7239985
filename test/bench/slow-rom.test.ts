/** A ROM that finds its crystal by trying attaches several times before the host gets an answer: F105 with 8 MHz takes 13.7 s (AN2606 table 229). */
import { expect, it } from 'vitest';
import { runBench } from '../../src/bench/run.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';
import { Thumb } from '../emu/thumb.ts';

const idle = new Thumb(MAIN).label('on').b('on');
it.each([8e6, 14.7456e6, 25e6])('with %d Hz at OSC_IN the run waits until F105 is there', (hz) => {
  const job = plainJob('STM32F105RC', bareImage(idle), { board: { boot0: 1, hse: { hz, kind: 'crystal' } } });
  expect(runBench(jobInput(job)).outcome).toBe('dfu');
});
