/** What a program reads first of registers that a leave has left otherwise than a reset. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { changedReads } from '../../src/bench/proof/first-reads.ts';
import { Session } from '../../src/bench/session/session.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [RCC_APB1ENR, RCC_APB2ENR] = [0x40023840, 0x40023844];

it('a read whose value is written back with a bit more is told apart from one that is only looked at', () => {
  const ORRS_R1_R2 = 0x4311;
  const t = new Thumb(MAIN).constant(0, RCC_APB1ENR).ldr(1, 0).movs(2, 1).put(ORRS_R1_R2).str(1, 0);
  t.constant(0, RCC_APB2ENR).ldr(1, 0).label('end').b('end');
  const s = new Session(jobInput(plainJob('STM32F411CE', bareImage(t))));
  const reset = new Map([
    ['RCC.APB1ENR', 5],
    ['RCC.APB2ENR', 5],
  ]);
  expect(changedReads(s, s.save(), reset).map(({ register, writtenBack }) => [register, writtenBack ?? false])).toEqual([
    ['RCC.APB1ENR', true],
    ['RCC.APB2ENR', false],
  ]);
  s.release();
});
