/**
 * What images say of themselves, beside what they said (each-place.txt, which `BOOTBENCH_GOLDEN=write` writes anew): each instruction of some ELFs by function, build attributes with one byte otherwise, and
 * what becomes of chunks around the edges of memories and of each other.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readAttributes } from '../../src/image/attributes.ts';
import { parseElf } from '../../src/image/elf.ts';
import { ImageError } from '../../src/image/errors.ts';
import * as image from '../../src/image/image.ts';
import { byOutcome } from '../by-outcome.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';

const FILES = ['fixtures/h533-straight/firmware.elf', 'test/image/data/dwarf5-O0.elf', 'test/image/data/dwarf2-O2.elf', 'test/image/data/calls-zlib.elf']; // prettier-ignore
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(path));
function outcome(action: () => unknown): string {
  try {
    return JSON.stringify(action() ?? null);
  } catch (e) {
    if (!(e instanceof ImageError)) throw e;
    return `${e.code}: ${e.message}`;
  }
}
/** Without the sentence of an error. */
const kindOf = (action: () => unknown): string => outcome(action).replace(/^([\w-]+): .*/s, '$1');

/** By function: how many instructions, its lines, how many frames a caller has there, and what is declared. */
function* places(path: string): Generator<string> {
  const loaded = image.loadImage(read(path), path);
  const images = [image.loadImage(Uint8Array.of(1, 2, 3, 4), 'a.bin@0x60000000'), loaded];
  const { entry, kind, remarks, attributes, chunks } = loaded;
  yield `${path}: ${JSON.stringify([entry, kind, remarks, attributes, chunks.map((c) => [c.address, c.data.length])])}`;
  const of = new Map<string, Set<string>>();
  for (const { address, data } of chunks)
    for (let pc = address; pc < address + data.length && data.length < 0x8000; pc += 2) {
      const name = image.symbolAt(images, pc)?.symbol.name ?? '-';
      const line = image.lineAt(images, pc);
      const frames = image.framesAt(images, pc);
      const told = `${line ? `${line.file.replace(/.*\//, '')}:${line.line}` : '-'}${frames.length > 1 ? ` in ${frames.length}` : ''}`;
      of.set(name, (of.get(name) ?? new Set()).add(told));
    }
  for (const [name, told] of of) {
    const found = image.findSymbol(images, name);
    const { address = 0, size = 0 } = found ?? {};
    yield `  ${name} ${address.toString(16)}+${size}: ${[...told].join(' ')}; ${JSON.stringify([image.declarationAt(images, address), image.functionName(name, [])])}`;
  }
  yield `  vectors: ${JSON.stringify([-4, 0, 4].map((d) => image.entryVectors(images, chunks[0]!.address + d)))} ${JSON.stringify(image.entryVectors(images, 0x60000000))}`;
}

const ascii = (text: string): number[] => [...text].map((c) => c.charCodeAt(0));
const word = (n: number): number[] => [n & 0xff, n >>> 8, 0, 0];
const scope = (kind: number, values: readonly number[]): number[] => [kind, ...word(values.length + 5), ...values];
const vendor = (name: string, scopes: readonly number[]): number[] => [
  ...word(scopes.length + name.length + 5),
  ...ascii(`${name}\0`),
  ...scopes,
];
const MADE = [
  0x41,
  ...vendor('gnu', scope(1, [6, 3])),
  ...vendor('aeabi', [...scope(2, [6, 9]), ...scope(1, [...[5, ...ascii('M7\0')], ...[4, 65, 0], 32, 1, 66, 0, 6, 13, 10, 0x88, 0, 67, 65, 0, 68, 6, 27, 1]), ...scope(1, [6, 14])]), // prettier-ignore
];
/** What of the attributes is other, with its value. */
function fieldsOther(before: string, now: string): string {
  const [a, b] = [before, now].map((text) => JSON.parse(text) as Record<string, unknown> | null);
  if (!a || !b) return String(b);
  return Object.keys(b)
    .flatMap((key) => (a[key] === b[key] ? [] : [`${key}=${String(b[key])}`]))
    .join('+');
}
function* attributes(name: string, bytes: Uint8Array): Generator<string> {
  const before = outcome(() => readAttributes(bytes));
  yield `${name}: ${before}`;
  const others = (at: number): string =>
    [0, 1, 27, 32, 0x80, 0xff].map((value) => {
      const now = outcome(() => readAttributes(bytes.map((b, i) => (i === at ? value : b))));
      return now === before ? '.' : /^[\w-]+: /.test(now) ? now.split(':')[0]! : fieldsOther(before, now);
    }).join(' '); // prettier-ignore
  const lines = Array.from(bytes, (_, at) => `+${at}: ${others(at)}`);
  yield* byOutcome(lines).map((line) => `  ${line}`);
}

const MEMORIES: readonly image.MemoryRange[] = [
  { name: 'FLASH', base: 0x1000, size: 0x100, kind: 'flash', aliases: [0, 0x5000] },
  { name: 'BANK2', base: 0x1100, size: 0x80, kind: 'flash' },
  { name: 'ROM', base: 0x2000, size: 0x10, kind: 'rom' },
  { name: 'RAM', base: 0x2010, size: 0x10, kind: 'ram' },
];
const bin = (address: number, length: number): image.LoadedImage => image.loadImage(new Uint8Array(length), `at-${address.toString(16)}.bin`, { address }); // prettier-ignore
function* memories(): Generator<string> {
  for (const address of [0, 0xfc, 0xffc, 0x1000, 0x10fc, 0x10ff, 0x117f, 0x1180, 0x1ffc, 0x2000, 0x200f, 0x2010, 0x201f, 0x2020, 0x50ff])
    for (const length of [1, 4, 0x84]) {
      const one = bin(address, length);
      yield `${address.toString(16)} +${length}: ${kindOf(() => image.checkMemories(one, MEMORIES, 'CHIP'))} ${kindOf(() => image.checkMemories(one, MEMORIES.slice(2), 'CHIP'))}`;
    }
  for (const kind of ['ram', 'flash', 'rom', null] as const)
    yield `${kind}: ${[-1, 0, 0xff, 0x100, 0x1000, 0x117f, 0x1180, 0x200f, 0x2010, 0x201f, 0x2020].map((at) => Number(image.memoryHolds(MEMORIES, at, kind))).join('')}`;
  for (const [a, b] of [[0, 4], [0, 3], [4, 0], [3, 0], [0, 0], [0, 100]] as const) yield `${a} and ${b}: ${kindOf(() => image.checkOverlap([bin(a, 4), bin(b, 4)]))}`; // prettier-ignore
  for (const typed of ['a.bin@0x10', 'a.bin@16', 'a.bin@0x100000000', 'a.bin@4294967295', 'a.bin@x', 'a@x', 'a@b/c.bin', '@1', 'a.IMG@', 'a.elf@0x10']) yield `${typed}: ${kindOf(() => image.splitImagePath(typed))}`; // prettier-ignore
  const raw = (bytes: readonly number[], name: string, address?: number): string =>
    kindOf(() =>
      image.loadImage(Uint8Array.from(bytes), name, address === undefined ? {} : { address }).chunks.map((c) => [c.address, ...c.data]),
    );
  for (const [bytes, name, at] of [[[], 'a.bin', 0], [[1, 2], 'a.bin', 0xfffffffe], [[1, 2], 'a.bin', 0xffffffff], [[1, 2], 'a.bin'], [[1, 2], 'a.raw'], [[1, 2], 'a.txt'], [[0x7f, 0x45, 0x4c, 0x46], 'a.elf', 4], [ascii(':020000040001F9\n:0100040007F4\n:0100050008F2\n:01000300FFFD\n:0400000500000005F2\n:00000001FF\n'), 'a.hex']] as const) yield `${name} ${bytes.length} ${at}: ${raw(bytes, name, at)}`; // prettier-ignore
  for (const text of ['{"schema":"bootbench/scenario@1"}', ' {"schema":"bootbench/run@1"}', '[]', 'UF2\n', 'xUF2\n', 'DfuSe', 'S00600004844521B', 'S40600004844521B', '!<arch>\n', 'nothing']) yield `${JSON.stringify(text)}: ${raw(ascii(text), 'f')}`; // prettier-ignore
}

/** Files for other machines, and such that are not linked. */
function* others(): Generator<string> {
  const elf = read(FILES[0]!);
  for (const [at, values] of [[16, [0, 1, 2, 3, 4, 5]], [18, [0, 2, 3, 8, 20, 40, 62, 83, 93, 94, 164, 183, 243, 244, 247]]] as const)
    for (const value of values) {
      const copy = elf.slice();
      copy[at] = value;
      yield `header +${at} ${value}: ${kindOf(() => parseElf(copy).entry)}`;
    }
} // prettier-ignore

it('says what it said', () => {
  const own = parseElf(read(FILES[1]!)).section('.ARM.attributes')!;
  const lines = [...FILES.flatMap((path) => [...places(path)]), ...attributes('an ELF', own), ...attributes('several vendors', Uint8Array.from(MADE)), ...memories(), ...others()]; // prettier-ignore
  expectAsBefore(lines, new URL('./each-place.txt', import.meta.url));
});

it('bytes outside of all memories are told with the memory next to them', () => {
  const told = (address: number, length: number): string => outcome(() => image.checkMemories(bin(address, length), MEMORIES, 'CHIP'));
  expect(told(0xffc, 4)).toBe(
    'outside-memory: at-ffc.bin: its bytes at 0x00000ffc are outside the memory of CHIP; flash starts at 0x00001000; is it built for another chip?',
  );
  expect(told(0x10ff, 0x84)).toBe(
    'outside-memory: at-10ff.bin: its bytes from 0x000010ff run 3 bytes past the end of BANK2 (0x00001180) on CHIP; is it built for a larger part?',
  );
});
