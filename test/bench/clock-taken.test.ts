/** A clock that is switched off before a wait for its block: no byte is waited for, and no difference from a reset shows it. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

// RM0368 6.3.11, 19.6.1: APB1ENR.USART2EN is bit 17, SR.TC bit 6
const [APB1ENR, USART2, ROM] = [0x40023840, 0x40004400, 0x1fff0000];

/** Switches the clock on, off if told so, and waits for the last byte to be sent before it enters the ROM. */
function result(takesClock: boolean) {
  const t = new Thumb(MAIN)
    .constant(0, APB1ENR)
    .constant(1, 1 << 17)
    .str(1, 0)
    .constant(3, USART2)
    .movs(2, 0);
  if (takesClock) t.str(2, 0);
  t.movs(2, 1 << 6)
    .label('wait')
    .ldr(1, 3)
    .tst(1, 2)
    .beq('wait');
  t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
  return runBench(jobInput(plainJob('STM32F401RE', bareImage(t))));
}
it('with the clock on, the program enters the ROM', () => {
  expect(result(false).outcome).toBe('dfu');
});
it('the write that takes the clock is the cause, and no byte is waited for', () => {
  const { outcome, notes, diagnosis } = result(true);
  expect([outcome, notes.filter(({ about }) => about?.is === 'waits-for-input' || about?.is === 'received')]).toEqual(['stuck', []]);
  const [cause, ...others] = diagnosis.causes.filter(({ proved }) => proved);
  expect([cause?.what, others]).toEqual(['RCC.APB1ENR.USART2EN', []]);
  expect(cause!.explanation).toBe(
    'USART2 has no clock where the run ends, so it reads as 0: RCC.APB1ENR.USART2EN is 0. Without the instruction that clears it, DFU comes.',
  );
  // the second STR
  expect(Number(cause!.lastWriter!.pc)).toBe(MAIN + 10);
});
