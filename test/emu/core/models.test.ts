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
