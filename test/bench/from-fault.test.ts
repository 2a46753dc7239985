/** The handler of a fault that jumps to the ROM, and one that stays: the outcome is what came of it last. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf } from './rounds-firmware.ts';

const toRom = (t: Thumb): Thumb => t.constant(0, 0x1fff0000).ldr(1, 0).put(0xf381, 0x8808).ldr(0, 0, 4).bx(0);
const HANDLER = 0x08000400;

it.each([
  // UDF
  ['jumps to the ROM, which stays silent', toRom(new Thumb(HANDLER)), 'rom-silent', ['handler-mode']],
  ['stays', new Thumb(HANDLER).label('loop').b('loop'), 'fault', []],
])('a handler of HardFault that %s', (_name, handler, outcome, proved) => {
  const bytes = imageOf(new Thumb(0x08000200).put(0xde00), handler);
  const result = runBench(jobInput(plainJob('stm32l476rg', [{ path: 'app.bin@0x8000000', bytes }])));
  expect(result.outcome).toBe(outcome);
  expect(result.diagnosis.causes.filter((c) => c.proved).map((c) => c.id)).toEqual(proved);
});
