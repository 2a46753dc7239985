import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { checkFit } from '../../src/bench/input/image-fit.ts';
import { CHIPS, findChip } from '../../src/chips/index.ts';
import { ImageError, loadImage, type LoadedImage } from '../../src/image/image.ts';

const chip = (name: string) => findChip(name)!;
const elf = (fixture: string): LoadedImage => loadImage(new Uint8Array(readFileSync(`fixtures/${fixture}/firmware.elf`)), 'fw.elf');
const vectors = (sp: number, pc: number): LoadedImage =>
  loadImage(new Uint8Array(Uint32Array.of(sp, pc, 0xe7fee7fe).buffer), 'fw.bin@0x08000000');
const built = (image: LoadedImage, architecture: number, fpu: number, doublePrecision: boolean): LoadedImage => ({
  ...image,
  attributes: { architecture, fpu, doublePrecision },
});

describe('an image and a chip', () => {
  test.each([
    ['h533-straight', 'stm32h533re'],
    ['h533-straight-o3-hard', 'stm32h533re'],
    ['f072-seed002-remap', 'stm32f072rb'],
    ['l476-seed004-fixed', 'stm32l476rg'],
    ['l496-seed003-as-posted', 'stm32l496zg'],
    ['h745-seed001-fixed', 'stm32h745xi'],
    ['f405-straight', 'stm32f405rg'],
  ])('%s fits %s', (fixture, name) => {
    expect(checkFit(chip(name), elf(fixture))).toEqual([]);
  });

  test.each([
    ['h533-straight', 'stm32f072rb', 'built for Armv8-M Mainline, which the Cortex-M0 of STM32F072RB cannot run'],
    ['h533-straight', 'stm32l476rg', 'built for Armv8-M Mainline, which the Cortex-M4 of STM32L476RG cannot run'],
    ['f405-straight', 'stm32f072rb', 'built for Armv7E-M, which the Cortex-M0 of STM32F072RB cannot run'],
  ])('%s on %s is refused: the core lacks the instructions', (fixture, name, text) => {
    expect(() => checkFit(chip(name), elf(fixture))).toThrow(text);
  });

  test('Armv7E-M without an FPU is doubted on a Cortex-M3, for one file of assembler marks it so (ChibiOS); with an FPU it is refused', () => {
    for (const name of ['stm32f103cb', 'stm32l152re', 'stm32f207zg']) {
      expect(checkFit(chip(name), built(vectors(0x20001000, 0x08000009), 13, 0, false))[0], name).toContain('marked as Armv7E-M');
      expect(() => checkFit(chip(name), built(vectors(0x20001000, 0x08000009), 13, 6, false)), name).toThrow('built for an FPU');
    }
  });

  test('FPv5 on a Cortex-M4 is refused, on the Cortex-M7 it fits', () => {
    const image = built(vectors(0x20001000, 0x08000009), 13, 8, true);
    expect(() => checkFit(chip('stm32l476rg'), image)).toThrow(ImageError);
    expect(checkFit(chip('stm32h745xi'), image)).toEqual([]);
  });

  test('doubles are doubted on STM32F72x to F75x, whose Cortex-M7 has single precision alone', () => {
    const image = built(vectors(0x20001000, 0x08000009), 13, 8, true);
    for (const name of ['stm32f722re', 'stm32f746zg', 'stm32f756zg', 'stm32f733ze'])
      expect(checkFit(chip(name), image)[0], name).toContain(
        'double-precision floating-point instructions, which the Cortex-M7 of STM32F7',
      );
    for (const name of ['stm32f767zi', 'stm32h743zi', 'stm32h723zg']) expect(checkFit(chip(name), image), name).toEqual([]);
  });

  test('an image of the M4 where the M7 starts is doubted by its FPU', () => {
    const [doubt] = checkFit(chip('stm32h745xi'), built(vectors(0x20001000, 0x08000009), 13, 6, false));
    expect(doubt).toContain('is it the image for cm4?');
  });

  test('Armv6-M code runs on every core, but is doubted on all but Cortex-M0 and Cortex-M0+', () => {
    for (const c of CHIPS) {
      const doubts = checkFit(c, built(vectors(0x20000400, 0x08000009), 12, 0, false));
      expect(doubts.length, c.name).toBe(c.cores[0]!.type.startsWith('cortex-m0') ? 0 : 1);
    }
  });

  test('a vector table outside the memories is named with its words', () => {
    const f072 = chip('stm32f072rb');
    expect(checkFit(f072, vectors(0x20004000, 0x08000009))).toEqual([]);
    expect(checkFit(f072, vectors(0x20044000, 0x08000009))[0]).toContain('initial SP 0x20044000, outside the RAM of STM32F072RB');
    expect(checkFit(f072, vectors(0x20004000, 0x08100009))[0]).toContain('reset vector 0x08100009, outside the memory');
    // code that was linked to 0 runs through the alias
    expect(checkFit(f072, vectors(0x20004000, 0x00000009))).toEqual([]);
  });

  test('the table is looked for where the option bytes start the core', () => {
    const image = loadImage(new Uint8Array(Uint32Array.of(0x30000000, 0x08040009).buffer), 'fw.bin@0x08040000');
    expect(checkFit(chip('stm32h533re'), image)).toEqual([]);
    expect(checkFit(chip('stm32h533re'), image, { NSBOOTADD: 0x80400 })[0]).toContain('0x30000000');
  });
});
