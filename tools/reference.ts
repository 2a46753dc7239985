/** Writes the tables of docs/scenario.md and docs/result.md from the published schemas: `node tools/run-ts.mjs tools/reference.ts`. A test compares them with what stands there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { reference } from '../test/docs/reference.ts';

for (const [schema, page] of [
  ['scenario-1', 'docs/scenario.md'],
  ['run-1', 'docs/result.md'],
] as const)
  writeFileSync(page, reference(readFileSync(page, 'utf8'), readFileSync(`schemas/${schema}.schema.json`, 'utf8')));
