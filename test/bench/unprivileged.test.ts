/** A program that drops its privileges, and then has to have them on its way to the ROM. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf, RAM } from './rounds-firmware.ts';

const NVIC_ICER0 = 0xe000e180;
/** MSR CONTROL, ISB; PSP is below MSP. */
const control = (t: Thumb, value: number): Thumb =>
  t
    .constant(0, RAM + 0x800)
    .put(0xf380, 0x8809)
    .movs(0, value)
    .put(0xf380, 0x8814)
    .put(0xf3bf, 0x8f6f);
const run = (chip: string, main: Thumb) => {
  main.constant(0, 0x1fff0000).ldr(1, 0).put(0xf381, 0x8808).ldr(0, 0, 4).bx(0);
  return runBench(
    jobInput(plainJob(chip, [{ path: 'app.bin@0x8000000', bytes: imageOf(main, new Thumb(0x08000400).label('loop').b('loop')) }])),
  );
};
const MSR = 0x08000200 + 8;

it.each([
  ['a privileged thread', 'stm32l476rg', 1],
  ['a task on PSP', 'stm32f405rg', 3],
])('%s: the write of CONTROL is to blame, not the access that faults', (_name, chip, value) => {
  const main = control(new Thumb(0x08000200), value).constant(1, NVIC_ICER0).constant(0, 0xffffffff).str(0, 1);
  const { outcome, diagnosis, notes } = run(chip, main);
  expect(outcome).toBe('fault');
  expect(diagnosis.causes[0]).toMatchObject({
    id: 'control',
    proved: true,
    repair: 'CONTROL.nPRIV stays 0',
    lastWriter: { pc: `0x0${MSR.toString(16)}` },
  });
  expect(diagnosis.causes[0]!.explanation).toContain('unprivileged (CONTROL.nPRIV = 1)');
  // where the address came from says nothing
  expect(notes.filter((n) => n.kind === 'chain')).toEqual([]);
});
it('a privileged access to nothing there is no matter of CONTROL', () => {
  const { diagnosis } = run('stm32l476rg', new Thumb(0x08000200).constant(1, 0x60000000).str(0, 1));
  expect(diagnosis.causes.map(({ id }) => id)).not.toContain('control');
});
