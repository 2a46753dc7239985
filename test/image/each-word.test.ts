/**
 * What becomes of an ELF file with one word of its headers otherwise (each-word/*.txt): for each value the kind of error, or what of the file is other then; `.` as if nothing had changed.
 * Words that do the same share a line. `BOOTBENCH_GOLDEN=write` writes that anew.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseElf } from '../../src/image/elf.ts';
import { ImageError } from '../../src/image/errors.ts';
import { byOutcome } from '../by-outcome.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';

const read = (path: string): Uint8Array => new Uint8Array(readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url))));
const [HEADER, SEGMENT, SECTION] = [52, 32, 40];
/** Words at the start of a section that may say how it is compressed. */
const COMPRESSION = 12;
const NAMES = ['.text', '.bss', '.ARM.attributes', '.debug_info', '.debug_line', '.debug_frame'];

/** All that a parsed file says, by name; or the kind of its error. */
function told(bytes: Uint8Array): ReadonlyMap<string, string> | string {
  const plain = (_key: string, value: unknown): unknown =>
    value instanceof Uint8Array ? value.join() : value instanceof Map ? [...(value as Map<unknown, unknown>)] : value;
  try {
    const file = parseElf(bytes);
    const contents = NAMES.map((name) => [file.section(name), file.loaded(name)]);
    return new Map(Object.entries({ ...file, contents }).map(([name, value]) => [name, JSON.stringify(value, plain) ?? '']));
  } catch (e) {
    if (!(e instanceof ImageError)) throw e;
    return e.code;
  }
}
/** An error, or the names of what is other. */
function otherThan(before: ReadonlyMap<string, string>, bytes: Uint8Array): string {
  const now = told(bytes);
  if (typeof now === 'string') return now;
  const names = [...now].filter(([name, value]) => before.get(name) !== value).map(([name]) => name);
  return names.length === 0 ? '.' : names.join('+');
}
/** Where the words of the header, of each segment and of each section lie, by name. */
function* words(view: DataView): Generator<readonly [string, number]> {
  const table = (at: number, count: number, size: number): number[] =>
    Array.from({ length: view.getUint16(count, true) }, (_, n) => view.getUint32(at, true) + n * size);
  for (let at = 0; at < HEADER; at += 2) yield [`header +${at}`, at];
  for (const [n, from] of table(28, 44, SEGMENT).entries())
    for (let at = 0; at < SEGMENT; at += 4) yield [`segment ${n} +${at}`, from + at];
  for (const [n, from] of table(32, 48, SECTION).entries()) {
    for (let at = 0; at < SECTION; at += 4) yield [`section ${n} +${at}`, from + at];
    const contents = view.getUint32(from + 16, true);
    const isThere = view.getUint32(from + 4, true) === 1 && view.getUint32(from + 20, true) >= COMPRESSION;
    for (let at = 0; isThere && at < COMPRESSION; at += 4) yield [`section ${n} contents +${at}`, contents + at];
  }
}
/** A half-word or word: others nearby, none, and both sides of the end of the file. */
const OTHERS: readonly ((was: number, length: number) => number)[] = [
  () => 0,
  (was) => was + 1,
  (was) => was - 1,
  (was) => was ^ 0x800,
  (_was, length) => length,
  (_was, length) => length + 1,
  () => -1,
];

describe.each([
  ['plain', 'fixtures/h533-straight/firmware.elf'],
  ['zlib', 'test/image/data/calls-zlib.elf'],
  ['gnu', 'test/image/data/calls-gnu.elf'],
])('%s', (file, path) => {
  const elf = read(path);
  it('any word of the headers otherwise gives what it gave: an error of its kind, or a file', () => {
    const before = told(elf);
    if (typeof before === 'string') throw new Error(before);
    const lines = [...words(new DataView(elf.buffer))].map(([name, at]) => {
      const isHalf = at < HEADER;
      const outcomes = OTHERS.map((other) => {
        const copy = elf.slice();
        const changed = new DataView(copy.buffer);
        if (isHalf) changed.setUint16(at, other(changed.getUint16(at, true), elf.length), true);
        else changed.setUint32(at, other(changed.getUint32(at, true), elf.length), true);
        return otherThan(before, copy);
      });
      return `${name}: ${outcomes.join(' ')}`;
    });
    expect(lines.length).toBeGreaterThan(100);
    expectAsBefore(
      byOutcome(lines).filter((line) => !line.startsWith('. . . . . . . |')),
      new URL(`./each-word/${file}.txt`, import.meta.url),
    );
  });
  it('a file that ends in its headers or before its last byte is an error, and no exception of another kind', () => {
    const lengths = [...Array(HEADER).keys(), ...[1, 2, SECTION, SECTION + 1, elf.length >> 1].map((n) => elf.length - n)];
    for (const length of lengths) expect(() => parseElf(elf.slice(0, length)), `${length} bytes`).toThrow(ImageError);
  });
});
