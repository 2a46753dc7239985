/**
 * Debug data that is small in its file and large in what reading it takes: line tables within each other, attributes without bytes, states, variables, drawn in size and
 * contents. Each reader hears in the middle of it that its command is to end; one that does not is slow.
 */
import { READING } from '../../src/image/work.ts';
import type { Draw } from './change.ts';
import {
  abbreviations,
  attributesWithoutBytes,
  frameOf,
  infoUnit,
  joined,
  linesInside,
  manyFiles,
  manyStates,
  manyVariables,
  repeated,
  uleb,
  UNIT,
  unitEntry,
  word,
  CODE,
  type Kind,
  type Sections,
} from './debug-data.ts';

/** From 1 to `most`, as often small as large. */
const size = (d: Draw, most: number): number => Math.floor(Math.exp((Math.log(most) * d.below(1001)) / 1000));
const some = (d: Draw, most: number, draw: () => readonly number[]): number[] => Array.from({ length: size(d, most) }, draw).flat();

/** Opcodes of a line program, most of which make no row. */
const opcode = (d: Draw): readonly number[] =>
  d.one([
    [6],
    [7],
    [10],
    [8],
    [1],
    [d.below(256)],
    [4, ...uleb(d.below(300))],
    [2, ...uleb(d.below(1000))],
    [0, 5, 2, ...word(CODE)],
    [0, 1, 1],
    [0, 5, 3, 0x61, 0, 0, 0],
  ]);
/** Instructions of call frame information. */
const rule = (d: Draw): readonly number[] =>
  d.one([[0x0a], [0x0b], [0x0a, 0x0b], [0x08, ...uleb(d.below(600))], [0x80 | d.below(64), 1], [0x40 | d.below(64)], [0x0e, 1]]);
/** Forms with few bytes or none. */
const FORMS = [0x21, 0x19, 0x0b, 0x0f, 0x0d, 0x08, 0x0a, 0x17];
const kind = (d: Draw): Kind => ({
  tag: d.one([0x2e, 0x1d, 0x34, 0x0b, 0x39, 0x13]),
  children: d.chance(0.2),
  attributes: Array.from(
    { length: size(d, 500) },
    () => [d.one([0x01, 0x03, 0x11, 0x12, 0x31, 0x47, 0x55, 0x3a, 0x3b, 0x02]), d.one(FORMS)] as const,
  ),
});

const SHAPES: readonly ((d: Draw) => Sections)[] = [
  (d) =>
    linesInside(
      size(d, 2000),
      repeated(
        size(d, 2 ** 18),
        some(d, 8, () => opcode(d)),
      ),
    ),
  (d) => attributesWithoutBytes(size(d, 2 ** 20), size(d, 500), d.one([0x21, 0x19])),
  (d) => manyStates(size(d, 600), size(d, 2 ** 20)),
  (d) => manyVariables(size(d, 2 ** 16), size(d, 2 ** 18), 0x20000000 + 4 * d.below(4)),
  (d) =>
    frameOf(
      repeated(
        size(d, 2 ** 18),
        some(d, 8, () => rule(d)),
      ),
    ),
  (d) => ({
    '.debug_abbrev': abbreviations([UNIT, kind(d), kind(d)]),
    '.debug_info': infoUnit(
      unitEntry(0),
      repeated(
        size(d, 2 ** 18),
        some(d, 16, () => [d.below(4), ...uleb(d.below(200))]),
      ),
    ),
    '.debug_line': manyFiles(size(d, 2 ** 12), d.chance(0.5)),
    '.debug_ranges': joined(repeated(size(d, 2 ** 14), [...word(CODE + d.below(64)), ...word(CODE + 64 + d.below(64))]), new Uint8Array(8)),
  }),
];
export const hostileSections = (d: Draw): Sections => {
  const drawn = d.one(SHAPES)(d);
  return d.chance(0.3) ? { ...drawn, ...d.one(SHAPES)(d) } : drawn;
};
/** Milliseconds that a reader has before it is told to end. */
const TOLD_MS = 300;
export function hearing(work: () => void): void {
  const { user } = process.cpuUsage();
  READING.within(() => process.cpuUsage().user - user > TOLD_MS * 1000, work);
}
