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

/** A magic word, a reason and a check sum of both, as a volatile struct: the magic word is read twice. */
function struct(): Thumb {
  const t = new Thumb(MAIN).constant(3, SRAM2).constant(4, KEPT).ldr(1, 3).cmpRegister(1, 4).bne('ask');
  // EORS r2, r0
  t.ldr(1, 3, 8).ldr(2, 3).ldr(0, 3, 4).put(0x4042).cmpRegister(1, 2).bne('ask').cmp(0, 1).bne('ask');
  t.movs(0, 0).str(0, 3).constant(0, 0x1fff0000).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
  t.label('ask').str(4, 3).movs(0, 1).str(0, 3, 4).put(0x4060).str(0, 3, 8);
  return t.constant(0, AIRCR).constant(1, SYSRESETREQ).str(1, 0).label('end').b('end');
}
const run = (value: number) =>
  runBench(jobInput(plainJob('STM32L476RG', bareImage(struct()), { board: { optionBytes: { SRAM2_RST: value } } })));
it('a request of several words that lives through the reset leads to DFU', () => {
  expect(run(1).outcome).toBe('dfu');
});
it('the same request is lost as a whole with the RAM, and the option is the cause: it is kept as a whole', () => {
  const { outcome, diagnosis } = run(0);
  const [cause, ...others] = diagnosis.causes.filter(({ proved }) => proved);
  expect([outcome, cause?.id, cause?.outcomeAfterRepair, others]).toEqual(['reset-loop', 'magic-survives', 'dfu', []]);
  expect(cause!.repair).toBe('0x10000000 keeps 0xb00710ad, 0x10000008 keeps 0xb00710ac, 0x10000004 keeps 0x00000001 until they are read');
  expect(cause!.fix).toContain('FLASH_OPTR.SRAM2_RST = 0 has each system reset erase this RAM: put the request into another RAM');
});
