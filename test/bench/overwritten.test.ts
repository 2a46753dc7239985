/** A fault that hangs on a word of RAM which a store wrote over: the store is the cause, where the run without it comes to its goal. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { namedImage } from './named-image.ts';
import { plainJob } from './plain-job.ts';

const [ROM, WORD, TABLE, VTOR] = [0x1fff0000, 0x20000040, 0x20000200, 0xe000ed08];
const NOWHERE = 0x41414141;
const [PUSH_LR, POP_PC, STR_R1_SP, BLX_R3, SVC] = [0xb500, 0xbd00, 0x9100, 0x4798, 0xdf00];
const run = (t: Thumb): ReturnType<typeof runBench> => runBench(jobInput(plainJob('stm32f405rg', bareImage(t))));
const intoRom = (t: Thumb): Thumb => t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
/** A routine right behind the first branch. */
const withRoutine = (routine: (t: Thumb) => Thumb): Thumb => routine(new Thumb(MAIN).b('main').put(0xbf00)).label('main');
const ROUTINE = MAIN + 4 + 1;

/** A pointer to code that enters the ROM, then another value over it. */
function pointer(t: Thumb, first: number, second: number): Thumb {
  return t.constant(0, WORD).constant(1, first).str(1, 0).constant(1, second).str(1, 0).ldr(2, 0).bx(2);
}
/** The handler of SVC in a table in RAM, and the end of a buffer over its vector. */
function vector(t: Thumb): Thumb {
  t.constant(0, TABLE)
    .constant(1, ROUTINE)
    .str(1, 0, 4 * 11)
    .constant(2, VTOR)
    .str(0, 2);
  return intoRom(
    t
      .constant(1, NOWHERE)
      .str(1, 0, 4 * 11)
      .put(SVC),
  );
}
/** The same where SRAM is mapped to 0 in place of VTOR, as on a Cortex-M0. */
function vectorAtZero(t: Thumb): Thumb {
  const [APB2ENR, MEMRMP, SRAM] = [0x40023844, 0x40013800, 0x20000000];
  t.constant(0, APB2ENR).constant(1, 0x4000).str(1, 0).constant(3, SRAM).constant(1, ROUTINE);
  t.str(1, 3, 4 * 11)
    .constant(0, MEMRMP)
    .movs(1, 3)
    .str(1, 0)
    .constant(1, NOWHERE)
    .str(1, 3, 4 * 11);
  return intoRom(t.put(SVC).movs(1, 0).str(1, 0));
}
it.each<[string, () => Thumb, string, RegExp]>([
  [
    'a pointer',
    () => pointer(withRoutine(intoRom), ROUTINE, NOWHERE),
    '0x20000040',
    /over the word 0x20000040: 0x0\w+ becomes 0x41414141,/,
  ],
  ['a vector in RAM', () => vector(withRoutine((t) => t.bxLr())), 'the word at 0x2000022c', /over a vector in RAM, 0x2000022c: /],
  [
    'a vector in RAM that is mapped to 0',
    () => vectorAtZero(withRoutine((t) => t.bxLr())),
    'the word at 0x2000002c',
    /over a vector in RAM, 0x2000002c: /,
  ],
  [
    'a return address',
    () =>
      intoRom(
        withRoutine((t) => t.put(PUSH_LR).constant(1, NOWHERE).put(STR_R1_SP, POP_PC))
          .constant(3, ROUTINE)
          .put(BLX_R3),
      ),
    'the word at 0x2',
    /over what the stack holds at 0x2\w+: /,
  ],
])('%s', (_what, program, what, says) => {
  const { outcome, diagnosis } = run(program());
  expect(outcome).toBe('fault');
  expect(diagnosis.causes.map(({ id, proved }) => [id, proved])).toEqual([['overwritten', true]]);
  const [cause] = diagnosis.causes;
  expect(cause!.what).toContain(what);
  expect(cause!.explanation).toMatch(says);
  expect(cause!.lastWriter).not.toBeNull();
  expect(diagnosis.sets).toEqual([['overwritten']]);
});

it.each<[string, Thumb]>([
  ['that was never right', pointer(withRoutine(intoRom), NOWHERE + 2, NOWHERE)],
  ['that nothing had been stored to', withRoutine(intoRom).constant(0, WORD).constant(1, NOWHERE).str(1, 0).ldr(2, 0).bx(2)],
])('a word %s is not written over', (_how, program) => {
  const { outcome, diagnosis } = run(program);
  expect(outcome).toBe('fault');
  expect(diagnosis.causes.map(({ id }) => id)).not.toContain('overwritten');
});
it('a right word over a right one is no fault', () => {
  expect(run(pointer(withRoutine(intoRom), ROUTINE, ROUTINE)).outcome).toBe('dfu');
});
it.each([
  [
    'a variable is linked over the vectors',
    { name: 'samples', address: 0x20000000, size: 0x48, variable: true },
    'samples and the vectors share',
  ],
  ['the whole table is one', { name: 'table', address: 0x20000000, size: 0x200, variable: true }, 'within its buffer'],
])('the linker script is to be mended where %s', (_how, variable, fix) => {
  const bytes = bareImage(vectorAtZero(withRoutine((t) => t.bxLr())))[0]!.bytes;
  const { diagnosis } = runBench(jobInput(plainJob('stm32f405rg', namedImage(bytes, [variable]))));
  expect(diagnosis.causes[0]!.fix).toContain(fix);
});
