/**
 * Writes the two files that name all cores, src/emu/core/models/{names,index}.ts, from the rows beside them: node tools/run-ts.mjs tools/core-index.ts
 * test/emu/core/models.test.ts says when they are not up to date.
 */
import { writeFileSync } from 'node:fs';
import { coreIndex, MODELS } from './core-index-text.ts';

for (const [file, text] of Object.entries(await coreIndex())) writeFileSync(`${MODELS}/${file}`, text);
