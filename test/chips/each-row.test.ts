/**
 * What the rows of all chips and ROMs say, each value once with those that say it, beside what they said before (each-row/*.txt): values of a line as they are, longer ones as a digest; where they are from is
 * left out. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { expect, it } from 'vitest';
import { CHIPS } from '../../src/chips/index.ts';
import { ROM_PROFILES } from '../../src/rom/profiles.ts';
import { digest } from '../digest.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';

/** Longer values stand as a digest, and more names than that as a number with one. */
const LONGEST = 120;
const MOST_NAMES = 3;

/** Registers, where facts are from, and the chip of a ROM: they have tests and tables of their own. */
const ELSEWHERE: ReadonlySet<string> = new Set(['facts', 'sources', 'source', 'chip']);

/** A value without where it is from; what is computed by a function is tested where that runs. */
function plain(key: string, value: unknown): unknown {
  if (ELSEWHERE.has(key)) return undefined;
  if (typeof value === 'function') return 'a function';
  if (value instanceof Map) return [...(value as Map<unknown, unknown>)];
  if (typeof value === 'object' && value !== null && 'confidence' in value && 'value' in value) return value.value;
  return value;
}
function told(value: unknown): string {
  const text = JSON.stringify(value, plain) ?? '-';
  return text.length > LONGEST ? `${text.slice(0, LONGEST / 2)}… ${digest(text)}` : text;
}
/** What a row says, piece by piece: fields of records and blocks by their names. */
function* pieces(row: object): Generator<string> {
  for (const [key, value] of Object.entries(row) as [string, unknown][]) {
    if (ELSEWHERE.has(key)) continue;
    if (Array.isArray(value) && (value as unknown[]).every((v) => typeof v === 'object' && v !== null && 'name' in v))
      for (const part of value as { name: string }[]) yield `${key} ${part.name}: ${told(part)}`;
    else if (key === 'parameters' || key === 'optionBytes')
      for (const [name, part] of Object.entries(value as object)) yield `${key}.${name}: ${told(part)}`;
    else yield `${key}: ${told(value)}`;
  }
}
function table(rows: readonly { readonly name: string; readonly row: object }[]): string[] {
  const said = new Map<string, string[]>();
  for (const { name, row } of rows)
    for (const piece of pieces(row)) {
      const names = said.get(piece);
      if (names === undefined) said.set(piece, [name]);
      else names.push(name);
    }
  const all = (names: readonly string[]): string =>
    names.length > MOST_NAMES ? `${names.length} ${digest(names.join())}` : names.join(' ');
  return [...said].map(([piece, names]) => `${piece} | ${all(names)}`).toSorted();
}

/** By its place in the row, how sure each fact is that says so. */
function* sureness(place: string, value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  if ('confidence' in value) yield `${place}: ${String(value.confidence)}`;
  for (const [key, part] of Object.entries(value))
    if (!ELSEWHERE.has(key)) yield* sureness(Array.isArray(value) ? place : `${place}.${key}`, part);
}

it('facts of chips and ROMs are as sure as they were', () => {
  const said = new Map<string, string[]>();
  const rows = [...CHIPS.map((row) => ({ name: row.name, row })), ...ROM_PROFILES.map((row) => ({ name: row.id, row }))];
  for (const { name, row } of rows) for (const word of new Set(sureness('', row))) said.set(word, [...(said.get(word) ?? []), name]);
  const lines = [...said]
    .map(([word, names]) => `${word} | ${names.length > MOST_NAMES ? `${names.length} ${digest(names.join())}` : names.join(' ')}`)
    .toSorted();
  expect(lines.length).toBeGreaterThan(50);
  expectAsBefore(lines, new URL('./each-row/sureness.txt', import.meta.url));
});
it('rows of chips say what they said', () => {
  const lines = table(CHIPS.map((row) => ({ name: row.name, row })));
  expect(lines.length).toBeGreaterThan(1000);
  expectAsBefore(lines, new URL('./each-row/chips.txt', import.meta.url));
});
it('profiles of ROMs say what they said', () => {
  const lines = table(ROM_PROFILES.map((row) => ({ name: row.id, row })));
  expect(lines.length).toBeGreaterThan(100);
  expectAsBefore(lines, new URL('./each-row/roms.txt', import.meta.url));
});
