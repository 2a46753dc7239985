import { describe, expect, test } from 'vitest';
import { boundedJson, tooMuchIn } from '../../src/bench/documents/json-bounds.ts';
import { parseJson } from '../../src/bench/documents/usage-error.ts';
import { parseEvidence } from '../../src/rom/evidence.ts';

const DEEP = 'lists and objects stand more than 64 deep in one another';
const LONG = 'a text in it has more than 4194304 letters';
const MANY = 'it holds more than 262144 values';
describe('JSON that nobody writes is refused before it is parsed', () => {
  test.each([
    ['lists without an end', '['.repeat(8_000_000), DEEP],
    ['lists in lists', '['.repeat(65) + ']'.repeat(65), DEEP],
    ['objects in objects', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, DEEP],
    ['a long list', `[${'1,'.repeat(262_144)}1]`, MANY],
    ['many lists', `[${'[],'.repeat(200_000)}[]]`, MANY],
    ['a long text', `["${'\\u0000'.repeat(700_000)}"]`, LONG],
    ['a long key', `{"${'a'.repeat(4_194_304)}":1}`, LONG],
    ['a text without an end', `"${'a'.repeat(8_000_000)}`, LONG],
    ['many keys', `{${Array.from({ length: 300_000 }, (_, i) => `"${i}":1`).join()}}`, MANY],
  ])('%s', (_what, text, why) => {
    expect(tooMuchIn(text)).toBe(why);
    expect(() => parseJson(text, 'a.json')).toThrow(`a.json: ${why}; is it the right file?`);
    expect(() => boundedJson(text)).toThrow(SyntaxError);
    if (text.length > 4096) expect(parseEvidence(text)).toBe('it is longer than 4096 characters');
  });

  test('what a firmware may print in a result, each letter of it escaped, is read', () => {
    const console = { usart1: '\u0001'.repeat(2 ** 19) };
    expect(boundedJson(JSON.stringify(console))).toEqual(console);
  });

  test('64 deep, and as many values as may be, are read', () => {
    expect(parseJson('['.repeat(64) + ']'.repeat(64), 'a.json')).toBeInstanceOf(Array);
    expect(boundedJson(`[${'1,'.repeat(262_141)}1]`)).toHaveLength(262_142);
  });

  test('what stands in strings does not count', () => {
    const long = JSON.stringify({ a: '[{,'.repeat(300_000), 'b"\\': '\\"\\\\', c: '\\' });
    expect(tooMuchIn(long)).toBeNull();
    expect(boundedJson(long)).toEqual(JSON.parse(long));
    // ends in a string: JSON.parse says that
    expect(() => boundedJson('{"a\\"')).toThrow(SyntaxError);
  });
});
