/** An instruction of the FPU faults: who switched it off, or that nobody switched it on. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [CPACR, ROM] = [0xe000ed88, 0x1fff0000];
/** VMOV S0, R0, and then into the ROM. */
const computes = (t: Thumb): Thumb => t.put(0xee00, 0x0a10).constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
const grants = (t: Thumb, value: number): Thumb => t.constant(0, CPACR).constant(1, value).str(1, 0).put(0xf3bf, 0x8f6f);
const found = (t: Thumb, chip = 'stm32f405rg') => {
  const { outcome, diagnosis } = runBench(jobInput(plainJob(chip, bareImage(computes(t)))));
  return { outcome, sets: diagnosis.sets, says: diagnosis.causes[0]?.explanation, line: diagnosis.causes[0]?.lastWriter?.pc };
};

it('nothing has switched it on since the reset: the reset handler is where that is done', () => {
  const { outcome, sets, says, line } = found(new Thumb(MAIN));
  expect([outcome, sets, line]).toEqual(['fault', [['state']], '0x08000200']);
  expect(says).toMatch(
    /^Nothing has switched the FPU on \(SCB->CPACR\) since the reset, and 0x08000200 executes an instruction of it\. .* SystemInit\(\), which this program does not have\. With access to it granted, DFU comes\.$/,
  );
});
it('a line has taken it away again', () => {
  const t = grants(grants(new Thumb(MAIN), 0xf << 20), 0);
  const { sets, says } = found(t);
  expect(sets).toEqual([['state']]);
  expect(says).toMatch(/^This line takes the FPU away \(SCB->CPACR\), and 0x/);
});
it('with access to it, or without an FPU, that is not said', () => {
  expect(found(grants(new Thumb(MAIN), 0xf << 20))).toMatchObject({ outcome: 'dfu', sets: [] });
  expect(found(new Thumb(MAIN), 'stm32f103c8')).toMatchObject({ outcome: 'fault', sets: [] });
});
it('a core without an FPU has none to switch off', () => {
  const input = jobInput(plainJob('stm32f103c8', bareImage(computes(new Thumb(MAIN)))));
  const text = JSON.stringify(runBench(input));
  expect(text).toContain('0x08000200 executed a coprocessor instruction, and the core has no FPU');
  expect(text).toContain('NOCP (coprocessor instruction, and the core has no FPU)');
  expect(text).not.toContain('FPU is off');
});
