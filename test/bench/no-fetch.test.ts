/** A function in memory that is for data alone: the jump to it faults, and that memory is the cause where it alone keeps the program from its goal. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { namedImage } from './named-image.ts';
import { plainJob } from './plain-job.ts';

const [CCM, ROM] = [0x10000000, 0x1fff0000];
/** Copies `code` to the start of the CCM, calls it, and goes into the ROM. */
function found(code: number, chip = 'stm32f407vg') {
  const t = new Thumb(MAIN).constant(0, CCM).constant(1, code).str(1, 0).adds(0, 1).put(0x4780);
  t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
  const images = namedImage(bareImage(t)[0]!.bytes, [{ name: 'crc', address: CCM, size: 4 }]);
  const { outcome, diagnosis } = runBench(jobInput(plainJob(chip, images)));
  const [cause] = diagnosis.causes;
  return { outcome, sets: diagnosis.sets, what: cause?.what, says: cause?.explanation, pc: cause?.lastWriter?.pc };
}
const BX_LR = 0x47704770;

it('is named with the function', () => {
  expect(found(BX_LR)).toEqual({
    outcome: 'fault',
    sets: [['state']],
    what: 'ccm',
    says: 'crc() is linked into ccm, and the core fetches no instructions from there: that memory is for data alone. If it did, DFU comes.',
    pc: '0x10000000',
  });
});
it('is no cause where the function would fail as well', () => {
  // UDF
  expect(found(0xde00de00)).toMatchObject({ outcome: 'fault', sets: [] });
});
