/** Rows of cores against what is made from them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CHIPS } from '../../../src/chips/index.ts';
import { modelOf, PROFILES } from '../../../src/emu/core/models/index.ts';
import { started, word } from './bare-machine.ts';
import { coreIndex, MODELS } from '../../../tools/core-index-text.ts';

test('the list of cores is that of the folder (else: node tools/run-ts.mjs tools/core-index.ts)', async () => {
  for (const [file, text] of Object.entries(await coreIndex())) expect(readFileSync(`${MODELS}/${file}`, 'utf8'), file).toBe(text);
});

test('each core is found by the name that the rows of chips use', () => {
  for (const [name, model] of Object.entries(PROFILES)) {
    expect(model.name).toBe(name);
    expect(modelOf(model.type)).toBe(model);
  }
});

/** Entry, return, tail-chain, registers of the FPU at entry and return, a delayed frame: DDI 0439D 3.9.1 and Arm's other manuals; src/emu/core/models has the source of each. */
test.each([
  ['m0', [16, 12, 6, 0, 0]],
  ['m0plus', [15, 11, 6, 0, 0]],
  ['m3', [12, 12, 6, 0, 0]],
  ['m4', [12, 10, 6, 17, 18]],
  ['m33', [12, 10, 6, 17, 18]],
  ['m7', [12, 10, 6, 17, 18]],
  ['m7sp', [12, 10, 6, 17, 18]],
] as const)('exceptions of %s take what is published', (core, cycles) => {
  const { entry, return: back, tailChain, fpRegisters, lazySave } = PROFILES[core].exceptions;
  expect([entry, back, tailChain, fpRegisters, lazySave].map((c) => c.value)).toEqual(cycles);
});

test('a core behind a flash controller with caches is one that such a controller can stand in front of', () => {
  for (const chip of CHIPS)
    chip.cores.forEach((core, i) => {
      const behind = core.flashCache ?? (i === 0 ? chip.flashCache : undefined);
      if (behind) expect(modelOf(core.type).flashCache, `${chip.name} ${core.name}`).toBe(true);
    });
});

/**
 * Comparators for code and data, revision of the FPB: DDI 0432, 0484 (BPU and DWT as STM32 has them: RM0091 32.5), 0337, 0439, 100230, 0489. Bytes of TAR: ADIv5 (1 KiB at least) and what the AHB-AP's manual
 * says of each core.
 */
test.each([
  ['m0', { code: 4, revision: 1, data: 2, tarWrap: 0x400 }],
  ['m0plus', { code: 4, revision: 1, data: 2, tarWrap: 0x400 }],
  ['m3', { code: 6, revision: 1, data: 4, tarWrap: 0x1000 }],
  ['m4', { code: 6, revision: 1, data: 4, tarWrap: 0x1000 }],
  ['m33', { code: 8, revision: 2, data: 4, tarWrap: 0x400 }],
  ['m7', { code: 8, revision: 2, data: 4, tarWrap: 0x400 }],
] as const)('debug hardware of %s is what its manual lists', (core, expected) => {
  expect(PROFILES[core].debug).toMatchObject(expected);
});

/** DDI 0419 B3.5, DDI 0403 B3.5, DDI 0553 D1.2 (MPU_RBAR.BASE). */
test.each([
  ['m0', 256],
  ['m0plus', 256],
  ['m3', 32],
  ['m4', 32],
  ['m33', 32],
  ['m7', 32],
] as const)('the smallest MPU region of %s has %i bytes', (core, bytes) => {
  expect(2 ** PROFILES[core].mpuSmallest).toBe(bytes);
});

/** DDI 0403 C1.7 and D1.2.9: no software lock of the ITM, so that its lock registers read as zero. */
test.each(['m3', 'm4', 'm33', 'm7'] as const)('the ITM of %s has no lock', (core) => {
  const { cpu } = started(core);
  cpu.write(0xe0000fb0, 4, 0xc5acce55);
  expect([0xe0000fb0, 0xe0000fb4].map((at) => word(cpu, at))).toEqual([0, 0]);
});
