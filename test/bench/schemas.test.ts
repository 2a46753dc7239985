/** The published schemas help an editor: every key says what it is. */
import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from 'vitest';
import { parseScenario } from '../../src/bench/input/scenario.ts';
import { expandScenario } from '../../src/bench/input/scenario.ts';
import { H533 } from '../samples/results.ts';

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
}
const schema = (name: string): Node =>
  JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8')) as Node;

function undescribed(node: unknown, path: string): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { properties } = node as Node;
  const own = Object.entries(properties ?? {}).filter(([, value]) => !value.description);
  return [...own.map(([key]) => `${path}.${key}`), ...Object.entries(node).flatMap(([key, value]) => undescribed(value, `${path}.${key}`))];
}

describe.each(['scenario-1', 'run-1'])('%s', (name) => {
  it('describes every property', () => expect(undescribed(schema(name), '')).toEqual([]));
});

test('a scenario may name its schema, which changes nothing', async () => {
  const named = await parseScenario('{"$schema":"./x.json","until":"1s"}', 's.json');
  const plain = await parseScenario('{"until":"1s"}', 's.json');
  const document = (s: typeof plain): unknown => expandScenario(s, H533, { images: ['fw.elf'] }).document;
  expect(document(named)).toEqual(document(plain));
});

test.each([
  ['dfuu', 'did you mean dfu? it is one of dfu, dfu-lost'],
  ['hardfault', 'did you mean fault?'],
  ['bootloop', 'did you mean reset-loop?'],
  ['xyzzyxyz', 'it is one of dfu, dfu-lost, reset-loop, fault, rom-silent, back-in-app, stuck, no-jump'],
])('expect.outcome %j: %s', async (outcome, hint) => {
  await expect(parseScenario(JSON.stringify({ expect: { outcome } }), 's.json')).rejects.toThrow(hint);
});
