/** A loader jumps through erased flash: the test by which it took that for an application is named. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf } from './rounds-firmware.ts';

const [LOADER, APP] = [0x08000000, 0x08004000];
/** The loader asks, and goes to `none`, where no application is, or starts it. */
function run(chip: string, rom: number, asks: (t: Thumb) => Thumb) {
  const t = asks(new Thumb(LOADER + 0x200).constant(4, APP)).ldr(1, 4, 4).bx(1).label('none').constant(0, rom).ldr(1, 0).movSp(1).ldr(2, 0, 4).bx(2); // prettier-ignore
  const { diagnosis } = runBench(jobInput(plainJob(chip, [{ path: 'loader.bin@0x8000000', bytes: imageOf(t, new Thumb(LOADER + 0x400).bxLr()) }]))); // prettier-ignore
  const [cause] = diagnosis.causes;
  return { sets: diagnosis.sets, proved: cause?.proved, says: cause?.explanation ?? '' };
}

it('with what most chips read there and this one does not, though the ROM then returns', () => {
  // as GCC has it: ADDS #1, SUBS #1, SBCS make 1 of what is not 0xffffffff
  const found = run('stm32l072cz', 0x1ff00000, (t) => t.ldr(0, 4).adds(0, 1).put(0x1e43, 0x4198).cmp(0, 0).beq('none'));
  expect(found.says).toBe(
    'Nothing is programmed at 0x08004000, and the test of that lets the program go on to the fault: this line compares 0x00000000 (0x08004000, where no image has bytes) with 0xffffffff, which is erased flash on most chips: on this one it reads 0x00000000. The other way, the firmware enters the ROM.',
  );
  expect([found.sets, found.proved]).toEqual([[], false]);
});
it('proved where the other way leads to DFU', () => {
  const found = run('stm32f405rg', 0x1fff0000, (t) => t.ldr(0, 4).cmp(0, 0).beq('none'));
  expect(found.sets).toEqual([['branch']]);
  expect(found.says).toMatch(/compares 0xffffffff \(0x08004000, where no image has bytes\) with 0x00000000\. The other way, DFU comes\.$/);
});
it('a test that looked elsewhere is none', () => {
  expect(run('stm32f405rg', 0x1fff0000, (t) => t.constant(0, 0x20000100).ldr(0, 0).cmp(0, 1).beq('none')).says).not.toContain(
    'Nothing is programmed',
  );
});
