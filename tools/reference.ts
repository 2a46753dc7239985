/** Writes docs/scenario.md and docs/result.md from the published schemas: `node tools/run-ts.mjs tools/reference.ts`. A test compares them with what stands there. */
import { readFileSync, writeFileSync } from 'node:fs';
import { reference } from '../test/docs/reference.ts';

for (const [schema, file, title] of [
  ['scenario-1', 'scenario', 'Scenario'],
  ['run-1', 'result', 'Result'],
] as const)
  writeFileSync(`docs/${file}.md`, reference(title, readFileSync(`schemas/${schema}.schema.json`, 'utf8')));
