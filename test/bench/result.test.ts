import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHECK_IDS, FOUND_CAUSES, hex16, hex32, OUTCOMES, seconds, VERDICTS, type RunResult } from '../../src/bench/documents/result.ts';
import { RESET_CAUSES } from '../../src/emu/component.ts';
import { serialise } from '../../src/bench/documents/serialise.ts';
import { dfuResult, primaskResult } from '../samples/results.ts';

interface Schema {
  readonly [key: string]: unknown;
  readonly properties: Readonly<Record<string, Schema>>;
  readonly definitions: Readonly<Record<string, Schema & { readonly enum: readonly string[] }>>;
  readonly items: Schema & { readonly $ref?: string };
}
const schemaOf = (name: string): Schema => JSON.parse(readFileSync(new URL(`../../schemas/${name}`, import.meta.url), 'utf8')) as Schema;
const run = schemaOf('run-1.schema.json');
const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false, strictTypes: false, allowUnionTypes: true });
const valid = ajv.compile(run);
const validScenario = ajv.compile(schemaOf('scenario-1.schema.json'));

/** Key order of a document against the schema, all the way down. */
function orderProblems(value: unknown, schema: Schema, path = ''): string[] {
  if (value === null || typeof value !== 'object') return [];
  const ref = (schema as { $ref?: string }).$ref ?? (schema as { anyOf?: { $ref?: string }[] }).anyOf?.[0]?.$ref;
  const s = ref === undefined ? schema : run.definitions[ref.replace('#/definitions/', '')]!;
  if (Array.isArray(value)) return value.flatMap((item, i) => orderProblems(item, s.items, `${path}[${i}]`));
  if ((s.properties as unknown) === undefined) return [];
  const keys = Object.keys(value);
  const order = Object.keys(s.properties).filter((k) => keys.includes(k));
  const wrong = keys.join() === order.join() ? [] : [`${path}: ${keys.join()}`];
  return [...wrong, ...keys.flatMap((k) => orderProblems((value as Record<string, unknown>)[k], s.properties[k]!, `${path}.${k}`))];
}

describe('bootbench/run@1', () => {
  test.each([
    ['a run that reached DFU', dfuResult()],
    ['a run that failed', primaskResult()],
  ])('%s is valid, complete and in the order of the schema', (_what, result) => {
    const document = JSON.parse(serialise(result)) as RunResult;
    expect(valid(document), JSON.stringify(valid.errors?.[0])).toBe(true);
    expect(orderProblems(document, run)).toEqual([]);
    expect(Object.keys(document)).toEqual(Object.keys(run.properties));
    expect(validScenario(document.scenario), JSON.stringify(validScenario.errors?.[0])).toBe(true);
  });

  test('the order of keys does not depend on how the result was put together', () => {
    const result = primaskResult();
    const shuffled = JSON.parse(JSON.stringify(result), (_key, value: unknown) =>
      value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).reverse()) : value,
    ) as RunResult;
    const sorted = (text: string): string => text.replace(/"scenario": \{[\s\S]*?\n {2}\},/, '').replace(/"registers": \{[^}]*\}/g, '');
    expect(sorted(serialise(shuffled))).toBe(sorted(serialise(result)));
  });

  test.each<[string, (r: RunResult) => unknown, string]>([
    ['a missing key', ({ notes: _notes, ...rest }) => rest, 'result.notes is missing'],
    ['an unknown key', (r) => ({ ...r, extra: 1 }), 'result.extra is no key'],
    ['an address with capitals', (r) => ({ ...r, entries: [{ ...r.entries[0]!, address: '0x0BF97000' }] }), 'result.entries[0].address'],
    ['a short time', (r) => ({ ...r, ended: { reason: 'settled', at: '0.5' } }), 'result.ended.at'],
    ['a fraction of a cycle', (r) => ({ ...r, time: { ...r.time, cycles: 1.5 } }), 'result.time.cycles'],
  ])('%s is a defect that is not written', (_what, spoil, message) => {
    expect(() => serialise(spoil(dfuResult()) as RunResult)).toThrow(message);
  });

  test('the schema has the words of the types, and every check id in order', () => {
    expect(run.definitions['outcome']!.enum).toEqual(OUTCOMES);
    expect(run.definitions['checkId']!.enum).toEqual(CHECK_IDS);
    expect((run.definitions['causeId']!['anyOf'] as readonly Schema[])[1]!['enum']).toEqual(FOUND_CAUSES);
    const { resets, checks } = run.properties as Record<string, Schema>;
    const enumOf = (schema: Schema, key: string): unknown => schema.items.properties[key]!['enum'];
    expect(enumOf(resets!, 'by')).toEqual(RESET_CAUSES);
    expect(enumOf(checks!, 'verdict')).toEqual(VERDICTS);
    expect(new Set(CHECK_IDS).size).toBe(CHECK_IDS.length);
  });
});

describe('forms', () => {
  test('addresses have 8 digits, USB ids 4, lower case', () => {
    expect(hex32(0x0bf97000)).toBe('0x0bf97000');
    expect(hex32(-1)).toBe('0xffffffff');
    expect(hex16(0xdf11)).toBe('0xdf11');
  });

  test('times are cut off, not rounded', () => {
    expect(seconds(1_999_999_999_999)).toBe('1.999999999');
    fc.assert(
      fc.property(fc.nat(Number.MAX_SAFE_INTEGER), (ps) => {
        const text = seconds(ps);
        expect(text).toMatch(/^\d+\.\d{9}$/);
        expect(BigInt(text.replace('.', ''))).toBe(BigInt(ps) / 1000n);
      }),
    );
  });
});
