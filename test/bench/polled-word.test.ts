/** Which of the words that an endless loop reads is told as the one that it polls. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [FLAG, SP] = [0x20000200, 0x20001000];

it('is none in the frame of a function that each round calls', () => {
  // SUB and ADD of 8 to SP, STR and LDR of r3 and r2 relative to r7, which is SP
  const [enter, leave, frame] = [0xb082, 0xb002, 0x466f];
  const round = (inFrame: boolean): string | null | undefined => {
    const t = new Thumb(MAIN).constant(6, FLAG).movs(3, 1).movs(0, 0).str(0, 6).label('loop').put(enter).put(frame).str(3, 7, 4);
    if (inFrame) t.ldr(2, 7, 4);
    return runBench(jobInput(plainJob('STM32F411CE', bareImage(t.ldr(1, 6).put(leave).b('loop'))))).stuck?.address;
  };
  expect([round(true), round(false)]).toEqual(['0x20000200', '0x20000200']);
});
it('may be one in the frame of the loop itself', () => {
  const t = new Thumb(MAIN)
    .constant(7, SP - 16)
    .movs(3, 1)
    .str(3, 7)
    .label('loop')
    .ldr(2, 7)
    .b('loop');
  expect(runBench(jobInput(plainJob('STM32F411CE', bareImage(t)))).stuck?.address).toBe('0x20000ff0');
});
