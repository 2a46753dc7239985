/** A loader that does not start a program because of its initial SP: the comparison is the cause where the program lives without it. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf } from './rounds-firmware.ts';

const [LOADER, APP, ROM, GPIOA_IDR, AHB1ENR] = [0x08000000, 0x08004000, 0x1fff0000, 0x40020010, 0x40023830];
/** The test of many loaders, for a RAM of 128 KB: its end does not pass. */
const MASK = 0x2ffe0000;
const back = (base: number): Thumb => new Thumb(base + 0x400).bxLr();
const jumps = (t: Thumb): Thumb => t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);

/** @param also what the loader asks as well */
function run(sp: number, then: (t: Thumb) => Thumb, also = (t: Thumb): Thumb => t) {
  const loader = new Thumb(LOADER + 0x200).constant(4, APP).ldr(1, 4).constant(2, MASK);
  const asksAt = LOADER + 0x200 + 2 * loader.length;
  also(loader.ands(1, 2).constant(3, 0x20000000).cmpRegister(1, 3).bne('no')).ldr(1, 4, 4).bx(1).label('no').b('no');
  const bytes = imageOf(then(new Thumb(APP + 0x200)), back(APP), APP);
  new DataView(bytes.buffer).setUint32(0, sp, true);
  const images = [
    { path: 'loader.bin@0x8000000', bytes: imageOf(loader, back(LOADER)) },
    { path: 'app.bin@0x8004000', bytes },
  ];
  return { ...runBench(jobInput(plainJob('stm32f405rg', images))), asksAt };
}
const asksSp = ({ diagnosis }: Pick<ReturnType<typeof run>, 'diagnosis'>) => diagnosis.causes.filter(({ what }) => what === 'initial SP of app.bin'); // prettier-ignore
const TOP = 0x20020000;

it('the comparison, with the values as compared', () => {
  const result = run(TOP, jumps);
  const [cause] = asksSp(result);
  expect([result.diagnosis.sets, cause?.proved, Number(cause?.lastWriter?.pc)]).toEqual([[['branch']], true, result.asksAt]);
  expect(cause!.explanation).toBe(
    'app.bin at 0x08004000 is not started, because of its initial SP, 0x20020000: this line compares 0x20020000 & 0x2ffe0000 = 0x20020000 with 0x20000000. The other way, DFU comes.',
  );
  expect(result.notes.filter(({ text }) => text.includes('never started'))).toEqual([]);
});
it('the values that are compared by ADD, NEGS, ADCS', () => {
  const loader = new Thumb(LOADER + 0x200).constant(4, APP).ldr(1, 4).constant(2, MASK);
  const asksAt = LOADER + 0x200 + 2 * loader.length;
  // ANDS R1, R2; ADD R3, R1, #-0x20000000; NEGS R0, R3; ADCS R0, R3; CMP R0, #0
  loader.ands(1, 2).put(0xf101, 0x4360, 0x4258, 0x4158).cmp(0, 0).beq('no').ldr(1, 4, 4).bx(1).label('no').b('no');
  const bytes = imageOf(jumps(new Thumb(APP + 0x200)), back(APP), APP);
  new DataView(bytes.buffer).setUint32(0, 0x10002000, true);
  const images = [
    { path: 'loader.bin@0x8000000', bytes: imageOf(loader, back(LOADER)) },
    { path: 'app.bin@0x8004000', bytes },
  ];
  const [cause] = asksSp(runBench(jobInput(plainJob('stm32f405rg', images))));
  expect([cause?.proved, Number(cause?.lastWriter?.pc)]).toEqual([true, asksAt]);
  expect(cause!.explanation).toContain(
    'this line compares 0x10002000 & 0x2ffe0000 = 0x00000000 with 0x20000000. The other way, DFU comes.',
  );
});
it('without a proof where the program only runs', () => {
  const result = run(TOP, (t) => t.label('on').b('on'));
  expect(asksSp(result)).toMatchObject([{ proved: false }]);
  expect(asksSp(result)[0]!.explanation).toContain('The other way, app.bin is started and runs.');
});
it('a program that dies as soon as it is started is none', () => expect(asksSp(run(TOP, (t) => t.put(0xde00)))).toEqual([]));
it('an SP that passes is none, though a pin then keeps the program from its start', () => {
  const asks = (t: Thumb): Thumb => t.constant(0, AHB1ENR).constant(1, 1).str(1, 0).constant(0, GPIOA_IDR).ldr(1, 0).cmp(1, 0).beq('no').movs(2, 1).tst(1, 2).beq('no'); // prettier-ignore
  expect(asksSp(run(0x20010000, jumps, asks))).toEqual([]);
  expect(run(0x20010000, jumps).outcome).toBe('dfu');
});
