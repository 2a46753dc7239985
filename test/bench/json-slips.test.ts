import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findSlip } from '../../src/bench/documents/json-slips.ts';
import { parseScenario } from '../../src/bench/input/scenario.ts';

describe('what JSON.parse lets pass', () => {
  test.each([
    ['{"a": 1, "a": 1}', 'a is given twice', 9],
    ['{"a": {"b": 1}, "b": [{"c": 1}, {"c": 1, "d": 1, "c" \n : 2}]}', 'b[1].c is given twice', 49],
    ['{"\\u0061": 1, "a": 1}', 'a is given twice', 14],
    ['{"steps": [1, {"at": 1e400}]}', 'steps[1].at is 1e400, which is too large for a number', 21],
    ['-1e999', 'it is -1e999, which is too large for a number', 0],
  ])('%s', (text, what, at) => {
    expect(findSlip(text)).toEqual({ text: what, at });
  });

  test.each(['{"a": {"a": 1}, "b": ["a", "a", {"a": 1}, {"a": 2}]}', '["a:", "a:"]', '{"a": "a", "b": "\\"b\\": 1"}', '1e300', '""'])(
    '%s has no slip',
    (text) => expect(findSlip(text)).toBeNull(),
  );

  test('whatever JSON.stringify writes has none, and a key written once more has', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), fc.boolean(), (value, wide) => {
        const text = JSON.stringify(value, null, wide ? 2 : 0);
        expect(findSlip(text)).toBeNull();
        const [key] = Object.keys(value);
        expect(findSlip(`${text.slice(0, -1)},${JSON.stringify(key)}: 0}`)?.text).toBe(`${key === '' ? '""' : key} is given twice`);
      }),
    );
  });

  test('a scenario with one is refused with its place', async () => {
    const text = '{ "schema": "bootbench/scenario@1",\n  "chip": "stm32f405rg",\n  "chip": "stm32f072rb" }';
    await expect(parseScenario(text, 's.json')).rejects.toThrow('s.json: chip is given twice (line 3, column 3)');
    await expect(parseScenario('{ "schema": "bootbench/scenario@1", "seed": 1e400 }', 's.json')).rejects.toThrow(
      's.json: seed is 1e400, which is too large for a number (line 1, column 45)',
    );
  });
});

test('a string of 50 MB is an error of the input', async () => {
  const text = `{"schema":"bootbench/scenario@1","chip":"${'a'.repeat(50_000_000)}"}`;
  await expect(parseScenario(text, 'a.json')).rejects.toThrow('a.json: a text in it has more than 4194304 letters; is it the right file?');
});
