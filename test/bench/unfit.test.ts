/** A loader that looks at a program, or beside it, and does not start it: the comparison that keeps it from that is the cause, with where both values came from. */
import { describe, expect, it } from 'vitest';
import { jobInput, type RunJob } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf } from './rounds-firmware.ts';

const [LOADER, APP, ROM, FOOTER] = [0x08000000, 0x08004000, 0x1fff0000, 0x08008000];
/** Of the first 0x400 bytes of the program, as the loader adds them up, and its last word. */
const WORDS = 0x100;
const back = (base: number): Thumb => new Thumb(base + 0x400).bxLr();
const app = imageOf(new Thumb(APP + 0x200).constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2), back(APP), APP);
const sum = Array.from({ length: WORDS }, (_, i) => new DataView(app.buffer).getUint32(4 * i, true)).reduce((a, b) => (a + b) >>> 0);

/** The loader asks, goes to `no`, or starts the program. */
function run(asks: (t: Thumb) => Thumb, footer: number | null = null, others: RunJob['images'] = []) {
  const t = asks(new Thumb(LOADER + 0x200))
    .constant(4, APP)
    .ldr(1, 4)
    .movSp(1)
    .ldr(1, 4, 4)
    .bx(1)
    .label('no')
    .b('no');
  const images = [{ path: 'loader.bin@0x8000000', bytes: imageOf(t, back(LOADER)) }, { path: 'app.bin@0x8004000', bytes: app }, ...others];
  if (footer !== null) {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, footer, true);
    images.push({ path: 'footer.bin@0x8008000', bytes });
  }
  const { diagnosis, outcome } = runBench(jobInput(plainJob('stm32f405rg', images)));
  return { outcome, sets: diagnosis.sets, says: diagnosis.causes[0]?.explanation };
}
/** R3 becomes the sum of the words of the program, R5 that of the footer. */
const adds = (t: Thumb): Thumb =>
  t.constant(4, APP).constant(2, WORDS).movs(3, 0).movs(6, 1).label('on').ldr(1, 4).add(3, 3, 1).adds(4, 4).subs(2, 2, 6).bne('on').constant(4, FOOTER).ldr(5, 4); // prettier-ignore

describe('the test is named', () => {
  const [a, b] = ['(computed at 0x0800\\w+)', '(0x08008000 of footer.bin, read at 0x0800\\w+)'].map((x) => x.replace(/[()]/g, '\\$&'));
  const compares = (right: number): RegExp => {
    const [l, r] = [sum, right].map((n) => `0x${(n >>> 0).toString(16).padStart(8, '0')}`);
    return new RegExp(`^app.bin at 0x08004000 is not started: this line compares ${l} ${a} with ${r} ${b}`);
  };
  it('of a checksum that reads all of the program, its vectors too', () => {
    const { sets, says } = run((t) => adds(t).cmpRegister(3, 5).bne('no'), sum + 1);
    expect(sets).toEqual([['branch']]);
    expect(says).toMatch(compares(sum + 1));
    expect(says).toContain('. The other way, DFU comes.');
    expect(says).not.toContain('the same value');
  });
  it('whose two values differ by an inversion', () => {
    expect(run((t) => adds(t).cmpRegister(3, 5).bne('no'), ~sum >>> 0).says).toMatch(
      new RegExp(`${compares(~sum).source}, which is the same value inverted: one of them lacks the final inversion`),
    );
  });
  it('where a branch asks only what a function made of it, without a branch', () => {
    // as GCC has it: SUBS, RSBS, ADCS make 1 of equal and 0 of unequal
    const asked = run((t) => adds(t).subs(3, 3, 5).put(0x4258, 0x4158).cmp(0, 0).beq('no'), sum + 1);
    expect([asked.sets, asked.says]).toEqual([[['branch']], expect.stringMatching(compares(sum + 1))]);
  });
  it('of a word that nobody has programmed', () => {
    const { says } = run((t) => t.constant(4, FOOTER).ldr(1, 4).constant(2, 0x46544552).cmpRegister(1, 2).bne('no'));
    expect(says).toMatch(/compares 0xffffffff \(0x08008000, where no image has bytes, read at 0x0800\w+\) with 0x46544552\. The other way/);
  });
});
it('another program that was started instead is none', () => {
  const other = imageOf(new Thumb(0x0800c200).label('on').b('on'), back(0x0800c000), 0x0800c000);
  const starts = (t: Thumb): Thumb => adds(t).cmpRegister(3, 5).beq('app').constant(4, 0x0800c000).ldr(1, 4, 4).bx(1).label('app');
  expect(run(starts, sum + 1, [{ path: 'other.bin@0x800c000', bytes: other }]).says ?? '').not.toContain('is not started');
});
it('a program that passes is none', () => expect(run((t) => adds(t).cmpRegister(3, 5).bne('no'), sum).outcome).toBe('dfu'));
it('a loader that waits for something else is none', () => {
  const { says } = run((t) => adds(t).constant(4, 0x40020010).ldr(1, 4).cmp(1, 0).beq('no'), sum);
  expect(says ?? '').not.toContain('is not started');
});
