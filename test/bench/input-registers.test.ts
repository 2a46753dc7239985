/** Bits of serial status registers that show an input: what the receiver does, and no bit that is not there. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { inputRegisters } from '../../src/bench/session/input-registers.ts';
import { Session } from '../../src/bench/session/session.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

it.each([
  ['stm32f405rg', 0x40004400, { rx: 5, tx: 6, none: 15 }],
  ['stm32l476rg', 0x4000441c, { rx: 5, tx: 7, none: 31 }],
])('%s: USART2', (chip, address, { rx, tx, none }) => {
  const session = new Session(jobInput(plainJob(chip, bareImage(new Thumb(MAIN).label('end').b('end')))));
  const { bits } = inputRegisters(session.machine).get(address)!;
  expect([rx, tx, none].map((bit) => (bits >>> bit) & 1)).toEqual([1, 0, 0]);
  session.release();
});
