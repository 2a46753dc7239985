/** An initialised variable lies in flash (LMA) and is used in RAM (VMA): where start-up code does not copy it, RAM holds what it came up with. */
import { describe, expect, it } from 'vitest';
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
const words = (...values: number[]): number[] => [...new Uint8Array(Uint32Array.from(values).buffer)];
/** An ELF of two segments: the program, and what runs elsewhere than where it is programmed; a function of its own where it is named. */
function elf(code: Thumb, loaded = LOADED, data = words(START), named = ''): ReturnType<typeof bareImage> {
  const flash = bareImage(code)[0]!.bytes;
  const headers = 52 + 2 * 32;
  const behind = headers + SPAN + data.length;
  const header = new Uint8Array(52);
  const view = new DataView(header.buffer);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  const names = [0, ...new TextEncoder().encode(named), 0];
  while (names.length % 4 !== 0) names.push(0);
  const symbols = [...words(0, 0, 0, 0), ...words(1, RAM + 1, data.length, 0xfff10012)];
  // none, the symbols, their names (SHT_SYMTAB, SHT_STRTAB)
  const sections = [
    ...words(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    ...words(0, 2, 0, 0, behind, symbols.length, 2, 1, 4, 16),
    ...words(0, 3, 0, 0, behind + symbols.length, names.length, 0, 0, 1, 0),
  ];
  for (const [at, value] of [[16, 2], [18, 40], [40, 52], [42, 32], [44, 2], [46, 40], [48, named === '' ? 0 : 3]] as const) view.setUint16(at, value, true); // prettier-ignore
  for (const [at, value] of [
    [20, 1],
    [24, MAIN + 1],
    [28, 52],
    [32, named === '' ? 0 : behind + symbols.length + names.length],
  ] as const)
    view.setUint32(at, value, true);
  const segments = [
    ...words(1, headers, FLASH, FLASH, SPAN, SPAN, 5, 4),
    ...words(1, headers + SPAN, RAM, loaded, data.length, data.length, 6, 4),
  ];
  const end = named === '' ? [] : [...symbols, ...names, ...sections];
  return [{ path: 'app.elf', bytes: Uint8Array.from([...header, ...segments, ...flash, ...data, ...end]) }];
}
const resultOf = (copies: boolean, loaded = LOADED) => runBench(jobInput(plainJob('STM32F405RG', elf(program(copies), loaded))));

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

describe('a function that runs in RAM', () => {
  const inRam = words(0x47702000, 0x46c046c0); // MOVS r0, #0; BX lr; NOPs
  function called(copies: boolean) {
    const t = new Thumb(MAIN).constant(0, RAM);
    if (copies) t.constant(2, LOADED).ldr(1, 2).str(1, 0);
    t.constant(3, RAM + 1).put(0x4798);
    t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
    return runBench(jobInput(plainJob('STM32F405RG', elf(t, LOADED, inRam, 'in_ram'))));
  }
  it('that is copied is called, and the program enters the ROM', () => {
    const { outcome, notes } = called(true);
    expect([outcome, notes.some(({ kind }) => kind === 'uncopied')]).toEqual(['dfu', false]);
  });
  it('that nothing copied is named with its call, and shows by a run that it decides', () => {
    const { outcome, notes, summary } = called(false);
    expect(outcome).not.toBe('dfu');
    const [what, where, proof] = notes.filter(({ kind }) => kind === 'uncopied').map(({ text }) => String(text));
    expect(what).toMatch(/ calls .*in_ram.*, and 0x20000000 is 0x[0-9a-f]{8} there and should be 0x47702000$/);
    expect(where).toContain('the code is in flash at 0x08000400');
    expect(proof).toBe('with this code in RAM, the same run reaches DFU');
    expect(summary).toContain('cause: what start-up code has to put into RAM is not there.');
  });
});

describe('start values that are copied by a loop', () => {
  const data = words(START, 0x22, 0x33);
  /** As start-up code does, word by word; the count goes by SUBS r3, #1. */
  function copied(from: number) {
    const t = new Thumb(MAIN).constant(0, RAM).constant(4, from).movs(3, 3);
    t.label('copy').ldr(2, 4).str(2, 0).adds(4, 4).adds(0, 4).put(0x3b01).bne('copy').constant(0, RAM);
    t.label('wait').ldr(1, 0).lsrs(1, 1, 8).cmp(1, 0).bne('wait');
    t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
    return runBench(jobInput(plainJob('STM32F405RG', elf(t, LOADED, data))));
  }
  it('from their place lead into the ROM', () => {
    const { outcome, notes } = copied(LOADED);
    expect([outcome, notes.some(({ kind }) => kind === 'uncopied')]).toEqual(['dfu', false]);
  });
  it('from a wrong place are the cause, with the instruction that stores them and both places', () => {
    const { outcome, notes } = copied(FLASH);
    expect(outcome).toBe('stuck');
    const [what, where, proof] = notes.filter(({ kind }) => kind === 'uncopied').map(({ text }) => String(text));
    expect(what).toMatch(/copies .* from a wrong place: .* stores 0x[0-9a-f]{8} to 0x20000000, which should be 0x00000011$/);
    expect(where).toContain('are in flash at 0x08000400, and it copies from 0x08000000: take LOADADDR(');
    expect(proof).toBe('with the right start values stored, the same run reaches DFU');
  });
});
