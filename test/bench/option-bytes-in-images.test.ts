/** Option bytes among the bytes of an image: a programmer writes them through the flash controller, a run takes them from its scenario. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { plainJob } from './plain-job.ts';

const FIRMWARE = { path: 'fw.bin@0x08000000', bytes: new Uint8Array(new Uint32Array([0x20001000, 0x08000009, 0xe7febf00]).buffer) };
const notes = (chip: string, at: string, count = 4): readonly string[] =>
  jobInput(plainJob(chip, [FIRMWARE, { path: `ob.bin@${at}`, bytes: new Uint8Array(count) }]))
    .notes.filter(({ kind }) => kind === 'option-bytes')
    .map(({ text }) => text);

describe('An image with bytes for option bytes', () => {
  it.each([
    ['stm32f072rb', '0x1ffff802'],
    ['stm32f030c6', '0x1ffff800'],
    ['stm32f405rg', '0x1fffc000'],
    ['stm32f746zg', '0x1fff0000'],
    ['stm32l476rg', '0x1fff7800'],
    ['stm32g474re', '0x1fff7800'],
    ['stm32l073rz', '0x1ff80000'],
    ['stm32g0b1re', '0x1fff7800'],
  ])('%s is told that none is set by it', (chip, at) => {
    expect(notes(chip, at)).toEqual([
      `ob.bin@${at}: its bytes at ${at} are option bytes, which an image cannot set here: give them as board.optionBytes in the scenario`,
    ]);
  });
  it.each([
    ['stm32h533re', '0x40022050'],
    ['stm32u575zi', '0x40022040'],
    ['stm32h743zi', '0x5200201c'],
  ])('%s cannot load it where they are registers', (chip, at) => {
    expect(() => notes(chip, at)).toThrow(`its bytes at ${at} are option bytes, which on STM32`);
  });
  it('nothing is said of OTP beside them', () => {
    expect(notes('stm32l476rg', '0x1fff7000', 0x400)).toEqual([]);
    expect(notes('stm32f405rg', '0x1fff7800', 0x200)).toEqual([]);
  });
});
