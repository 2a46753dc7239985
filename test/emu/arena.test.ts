/** Tables of the arena lie beside one another: whatever is written into one is in no other. */
import { expect, it } from 'vitest';
import {
  BRANCH_TARGETS,
  CPU_STRIDE,
  DECODED_BASE,
  fetchTableOf,
  FLASH_CACHE,
  FLASH_MARK,
  FLASH_ROWS,
  L1,
  L1_FILLS,
  LINE_MAP,
  MEMORY_BASE,
  readTableOf,
  REGION_SLOTS,
  WORD_MAP,
  writeTableOf,
} from '../../src/emu/arena.ts';
import { Arena } from '../../src/emu/arena.ts';

const MEMORY = 32 << 20;
const TABLE = 4 << 20;
const DECODED = 24 << 20;
/** Slots of the L1 caches: four ways of 128 sets, two of 256; rows of a flash cache, for code and for data. */
const SLOTS = 512;
const ROWS = 64;
const word = (at: number): [number, number] => [at, 4];
const TABLES: Readonly<Record<string, readonly [at: number, bytes: number]>> = {
  'state of core 0': [0, CPU_STRIDE],
  'state of core 1': [CPU_STRIDE, CPU_STRIDE],
  'L1 data tags': [L1.DATA_TAGS, 4 * SLOTS],
  'L1 data hosts': [L1.DATA_HOSTS, 4 * SLOTS],
  'L1 code tags': [L1.CODE_TAGS, 4 * SLOTS],
  'L1 code hosts': [L1.CODE_HOSTS, 4 * SLOTS],
  'L1 dirty': [L1.DATA_DIRTY, SLOTS],
  'L1 next of data': [L1.DATA_NEXT, 128],
  'L1 next of code': [L1.CODE_NEXT, 256],
  'L1 stale': [L1.CODE_STALE, SLOTS],
  'L1 data': [L1.DATA, 16 << 10],
  'L1 code': [L1.CODE, 16 << 10],
  'branch targets': [BRANCH_TARGETS.ENTRIES, 8 * SLOTS],
  'branch target changes': word(BRANCH_TARGETS.CHANGES),
  'branch target use': [BRANCH_TARGETS.USED, 128],
  ...Object.fromEntries(
    ['code', 'data'].flatMap((side, i) => {
      const at = i * FLASH_ROWS.TABLE;
      return [
        [`${side} row numbers`, [FLASH_ROWS.NUMBERS + at, 4 * ROWS]],
        [`${side} row hosts`, [FLASH_ROWS.HOSTS + at, 4 * ROWS]],
        [`${side} rows used longest ago`, [FLASH_ROWS.OLDEST + at, 4 * ROWS]],
        [`${side} rows, their use`, [FLASH_ROWS.OLDEST_USED + at, 4 * ROWS]],
        [`first ${side} row`, word(FLASH_ROWS.FIRST + i * FLASH_ROWS.PAIR)],
        [`last ${side} row`, word(FLASH_ROWS.END + i * FLASH_ROWS.PAIR)],
      ] as const;
    }),
  ),
  'row changes': word(FLASH_ROWS.CHANGES),
  'row misses': word(FLASH_ROWS.DATA_MISSES),
  'row copies': word(FLASH_ROWS.COPIES),
  'rows from': word(FLASH_ROWS.FROM),
  'rows bytes': word(FLASH_ROWS.BYTES),
  'rows delta': word(FLASH_ROWS.DELTA),
  ...Object.fromEntries(
    Array.from({ length: 8 }, (_, i) => i).flatMap((i) =>
      (['FROM', 'BYTES', 'DELTA', 'CYCLES'] as const).map(
        (what) => [`fill ${i} ${what}`, word(L1_FILLS[what] + i * L1_FILLS.EACH)] as const,
      ),
    ),
  ),
  'fill changes': word(L1_FILLS.CHANGES),
  'fill reads': word(L1_FILLS.CODE_READS),
  'fill lines': word(L1_FILLS.CODE_LINES),
  ...Object.fromEntries(
    [0, 1].flatMap((core) =>
      [readTableOf, writeTableOf, fetchTableOf].map((of, i) => [`table ${i} of core ${core}`, [of(core), TABLE]] as const),
    ),
  ),
  memory: [MEMORY_BASE, MEMORY],
  'written words': [WORD_MAP + (MEMORY_BASE >>> 2), MEMORY >>> 2],
  decoded: [DECODED_BASE, DECODED],
  'region slots': [REGION_SLOTS, DECODED >>> 3],
  'held lines': [LINE_MAP + (MEMORY_BASE >>> 5), MEMORY >>> 5],
  'code rows': [FLASH_CACHE.CODE_USED, MEMORY >>> 2],
  'data rows': [FLASH_CACHE.DATA_USED, MEMORY >>> 2],
  'row marks': [FLASH_MARK, MEMORY >>> 3],
};

it('no two of them overlap, each is aligned, and all fit', () => {
  const sorted = Object.entries(TABLES).sort(([, [a]], [, [b]]) => a - b);
  for (const [i, [name, [at, bytes]]] of sorted.entries()) {
    expect(at % 4, name).toBe(0);
    const next = sorted[i + 1];
    if (next && at + bytes > next[1][0]) throw new Error(`${name} runs into ${next[0]}`);
  }
  const [, [last, bytes]] = sorted.at(-1)!;
  const arena = new Arena(MEMORY);
  expect(arena.u8.length).toBeGreaterThanOrEqual(last + bytes);
  expect([L1.FROM, L1.TO]).toEqual([L1.DATA_TAGS, L1.CODE + (16 << 10)]);
  // each lies beside the next one: a gap would be memory that each machine pays for
  expect(arena.u8.length).toBeLessThan(sorted.reduce((sum, [, [, size]]) => sum + size, 0) + (1 << 20));
  arena.release();
  expect(() => new Arena(MEMORY + 1)).toThrow('do not fit');
});

it('an arena that was given up comes back empty, pages of decoded code with it', () => {
  const arena = new Arena(0x3000);
  const pages = Array.from({ length: 3 }, () => arena.takeDecodedPage());
  expect(new Set(pages).size).toBe(3);
  const places = [MEMORY_BASE, arena.memoryEnd - 1, WORD_MAP + (arena.memoryEnd >>> 2) - 1, LINE_MAP + (arena.memoryEnd >>> 5) - 1, 0, L1_FILLS.CODE_LINES, pages[0]!, pages[2]! + 0x7fff, REGION_SLOTS, REGION_SLOTS + 3 * 0x1000 - 1]; // prettier-ignore
  for (const at of places) arena.u8[at] = 1;
  arena.release();
  const again = new Arena(0x3000);
  expect(again.memory).toBe(arena.memory);
  expect(places.filter((at) => again.u8[at] !== 0)).toEqual([]);
  const page = again.takeDecodedPage();
  expect(page).toBe(pages[0]);
  again.u8.fill(7, page, page + 0x8000);
  again.freeDecodedPage(page);
  expect([again.takeDecodedPage(), again.u8[page], again.u8[page + 0x7fff]]).toEqual([page, 0, 0]);
  // 24 MB of pages and no more
  let taken = 1;
  while (again.takeDecodedPage() !== 0) taken++;
  expect(taken).toBe(DECODED / 0x8000);
});
