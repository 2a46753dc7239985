/** G0 programs eight bytes at once (RM0444 3.3.8): one word alone is not programmed, which shows at the reset; the report names its store. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [KEYR, CR, IOPENR, GPIOC_IDR, TARGET, MARK] = [0x40022008, 0x40022014, 0x40021034, 0x50000810, 0x08010000, 0x20000040];
const MAGIC = 0xb007a11e;

it('the store of the first half is named', () => {
  const t = new Thumb(MAIN).constant(6, MARK).constant(2, MAGIC).ldr(1, 6).cmpRegister(1, 2).beq('rest').str(2, 6);
  t.constant(1, KEYR).constant(0, 0x45670123).str(0, 1).constant(0, 0xcdef89ab).str(0, 1);
  t.constant(1, CR).movs(0, 1).str(0, 1).constant(1, TARGET);
  const store = MAIN + 2 * t.length;
  t.str(2, 1).constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1).label('stay').b('stay');
  t.label('rest').constant(1, IOPENR).movs(2, 4).str(2, 1).constant(1, GPIOC_IDR).label('wait').ldr(0, 1).tst(0, 2).beq('wait').b('wait');
  const { notes } = runBench(jobInput(plainJob('stm32g0b1re', bareImage(t))));
  const told = notes.filter(({ kind }) => kind === 'half-store').map(({ text }) => text);
  expect(told).toEqual([`0x${store.toString(16).padStart(8, '0')} wrote 0xb007a11e there and no more`]);
});
