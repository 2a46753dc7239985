/** UID and OTP of STM32H5: a read through ICACHE, or of a byte, is a bus error (nuttx#20122, embassy#2696: reported). */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [ICACHE_CR, UID, ROM] = [0x40030400, 0x08fff800, 0x0bf97000];
const LDRB = 0x7801;

function reads(icache: number, load: (t: Thumb) => Thumb): ReturnType<typeof bareImage> {
  const t = new Thumb(MAIN).constant(0, ICACHE_CR).movs(2, 1);
  // SR.BUSYF: it is invalidated behind a reset
  t.label('busy').ldr(1, 0, 4).tst(1, 2).bne('busy').movs(1, icache).str(1, 0).constant(0, UID);
  return bareImage(load(t).constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2));
}
const crashOf = (images: ReturnType<typeof bareImage>): string[] =>
  runBench(jobInput(plainJob('STM32H563ZI', images)))
    .notes.filter(({ kind }) => kind === 'crash')
    .map(({ text }) => String(text));

it('as words, with ICACHE off, there is no fault', () => expect(crashOf(reads(0, (t) => t.ldr(1, 0)))).toEqual([]));
it('through ICACHE, the line that switched it on and the way out are told', () => {
  const [fault] = crashOf(reads(1, (t) => t.ldr(1, 0)));
  expect(fault).toMatch(
    /read 0x08fff800: this is in the OTP and read-only area \(UID, flash size\), which must not be read through ICACHE \(switched on at 0x080002\w\w\): make 0x08fff000 to 0x08ffffff non-cacheable by an MPU region/,
  );
});
it('as a byte, the width is told', () =>
  expect(crashOf(reads(0, (t) => t.put(LDRB)))[0]).toMatch(/read-only area .*; it answers reads of words and half-words alone/));
