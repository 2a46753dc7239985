/** An initialised variable lies in flash (LMA) and is used in RAM (VMA): where start-up code does not copy it, RAM holds what it came up with. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [RAM, ROM, SPAN, START] = [0x20000000, 0x1fff0000, 0x400, 0x11];
const LOADED = FLASH + SPAN;

/** Enters the ROM if the word in RAM is less than 256, else waits for that. */
function program(copies: boolean): Thumb {
  const t = new Thumb(MAIN).constant(0, RAM);
  if (copies) t.constant(2, LOADED).ldr(1, 2).str(1, 0);
  t.label('wait').ldr(1, 0).lsrs(1, 1, 8).cmp(1, 0);
  return t.bne('wait').constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
}
/** An ELF of two segments: the program, and a variable that runs elsewhere than where it is programmed. */
function elf(copies: boolean, loaded = LOADED): ReturnType<typeof bareImage> {
  const flash = bareImage(program(copies))[0]!.bytes;
  const word = (...values: number[]): number[] => [...new Uint8Array(Uint32Array.from(values).buffer)];
  const [offset, data] = [52 + 2 * 32, 52 + 2 * 32 + SPAN];
  const header = new Uint8Array(52);
  const view = new DataView(header.buffer);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  for (const [at, value] of [[16, 2], [18, 40], [40, 52], [42, 32], [44, 2], [46, 40]] as const) view.setUint16(at, value, true); // prettier-ignore
  for (const [at, value] of [
    [20, 1],
    [24, MAIN + 1],
    [28, 52],
  ] as const)
    view.setUint32(at, value, true);
  const segments = [...word(1, offset, FLASH, FLASH, SPAN, SPAN, 5, 4), ...word(1, data, RAM, loaded, 4, 4, 6, 4)];
  return [{ path: 'app.elf', bytes: Uint8Array.from([...header, ...segments, ...flash, ...word(START)]) }];
}
const resultOf = (copies: boolean, loaded = LOADED) => runBench(jobInput(plainJob('STM32F405RG', elf(copies, loaded))));

it('with its start value copied, the program enters the ROM', () => {
  const { outcome, notes } = resultOf(true);
  expect([outcome, notes.some(({ kind }) => kind === 'uncopied')]).toEqual(['dfu', false]);
});
it('a wait for a variable that nothing copied names it, its start value in flash, and shows by a run that it decides', () => {
  const { outcome, notes } = resultOf(false);
  expect(outcome).toBe('stuck');
  const [what, where, proof] = notes.filter(({ kind }) => kind === 'uncopied').map(({ text }) => String(text));
  expect(what).toMatch(/ reads 0x20000000, which is 0x[0-9a-f]{8} there and should be 0x00000011$/);
  expect(where).toContain('in flash at 0x08000400');
  expect(proof).toBe('with this start value in RAM, the same run reaches DFU');
});
it('a start value that has no place in flash is told as such: only a debugger puts it into RAM', () => {
  const { outcome, notes } = resultOf(false, RAM);
  expect(outcome).toBe('stuck');
  const [what, where, proof] = notes.filter(({ kind }) => kind === 'uncopied').map(({ text }) => String(text));
  expect(what).toContain('is in RAM only, where nothing puts it at power-on');
  expect(where).toContain('no load address in flash');
  expect(proof).toBe('with this start value in RAM, the same run reaches DFU');
});
