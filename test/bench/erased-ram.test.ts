/** An option byte has a system reset erase SRAM2 (RM0351, FLASH_OPTR.SRAM2_RST): what was kept there is lost. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [SRAM2, AIRCR, SYSRESETREQ, KEPT] = [0x10000000, 0xe000ed0c, 0x05fa0004, 0xb00710ad];

it.each([
  [0, 'reset-loop'],
  [1, 'stuck'],
])('SRAM2_RST = %i: a word of SRAM2 is looked for behind a reset', (value, outcome) => {
  const t = new Thumb(MAIN).constant(0, SRAM2).constant(1, KEPT).ldr(2, 0).put(0x428a).beq('kept');
  t.str(1, 0).constant(0, AIRCR).constant(1, SYSRESETREQ).str(1, 0).label('end').b('end').label('kept').b('kept');
  const result = runBench(jobInput(plainJob('STM32L476RG', bareImage(t), { board: { optionBytes: { SRAM2_RST: value } } })));
  expect(result.outcome).toBe(outcome);
});
