/** Words of system memory that a program has read before it enters the ROM: where these are equal, another dump would have made no difference so far. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { MS } from '../../src/emu/time.ts';
import { bareImage, MAIN } from '../bench/bare-image.ts';
import { plainJob } from '../bench/plain-job.ts';
import { Thumb } from './thumb.ts';

const ROM = 0x1fff0000;

it('each word once, in the order of the first reads, whatever their width; none of flash and RAM', () => {
  const program = new Thumb(MAIN).constant(0, ROM).constant(2, 0x20000100);
  // LDRB R1, [R0, #6]
  program.ldr(1, 0, 8).ldr(1, 0).ldr(1, 0, 8).put(0x7981).ldr(3, 2);
  program.label('end').b('end');
  const { machine } = new Session(jobInput(plainJob('STM32F405RG', bareImage(program))));
  machine.run(MS);
  expect(machine.state.systemReads).toEqual([ROM + 8, ROM, ROM + 4]);
  expect(machine.state.moreSystemReads).toBe(false);
  machine.release();
});
