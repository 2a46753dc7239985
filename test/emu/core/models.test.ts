/** Rows of cores against what is made from them. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { modelOf, PROFILES } from '../../../src/emu/core/models/index.ts';
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
