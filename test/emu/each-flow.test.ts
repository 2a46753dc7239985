/**
 * Random instructions on registers and words that move from round to round: for as many rounds as it is said (linear.ts) they come to what constants come to, and how many these are, what was read and what each
 * instruction makes of what (data-flow.ts) stands in each-flow.txt, which `BOOTBENCH_GOLDEN=write` writes anew.
 */
import { expect, it } from 'vitest';
import { FRAME } from '../../src/emu/core/arm/exceptions.ts';
import { Decoder } from '../../src/emu/core/decode.ts';
import '../../src/emu/core/isa/index.ts';
import { PROFILES } from '../../src/emu/core/models/index.ts';
import { S } from '../../src/emu/core/state.ts';
import { dataFlow } from '../../src/emu/proofs/data-flow.ts';
import { LinearHandler } from '../../src/emu/proofs/linear-handler.ts';
import { LinearTicks } from '../../src/emu/proofs/linear-ticks.ts';
import { GIVE_UP, LinearRun, type Cell, type Surroundings } from '../../src/emu/proofs/linear.ts';
import { digest } from '../digest.ts';
import { RAM } from './core/bare-machine.ts';
import { expectAsBefore } from './core/golden-file.ts';
import { Chance, NARROW, WIDE } from './random-thumb.ts';

const CODE = 0x08000100;
const HANDLER = 0x08000200;
const DEVICE = 0x40000000;
const decoder = new Decoder(PROFILES.m4);
const FLAGS = [S.NF, S.ZF, S.CF, S.VF, S.QF, S.GE];
const OTHERS: readonly ((c: Chance) => number[])[] = [
  // any half-word but 32-bit prefixes, and what a table of twenty kinds has not
  ...[0, 1, 2].map(() => (c: Chance) => [c.below(0xe800)]),
  ...WIDE, ...WIDE,
  (c) => [0xe850 | c.of([0x100, 0x120, 0x180, 0x80]), (1 << 12) | (2 << 8) | 3],
  (c) => [0xf8d0 | c.below(2) * 0x20, (c.register() << 12) | c.of([8, 10, 12])],
  (c) => [0xfb90 | c.register(), 0xf0f0 | (c.register() << 8) | c.register()],
  (c) => [0xfbb0 | c.register(), 0xf0f0 | (c.register() << 8) | c.register()],
  (c) => [0xea4f, (c.below(8) << 12) | (c.register() << 8) | (c.below(16) << 4) | c.register()],
  (c) => [0xfa00 | (c.below(4) << 5) | c.register(), 0xf000 | (c.register() << 8) | c.register()],
  (c) => [0xf380 | c.register(), 0x8800 | c.of([0, 16, 17])],
  (c) => [0xf3ef, 0x8000 | (c.register() << 8) | c.of([0, 16])],
  (c) => [0xed90, 0x0a00 | c.below(4)],
  (c) => [0xee30, 0x0a20 | (c.below(4) << 12)],
]; // prettier-ignore

/** A core of words, by offset of its state and by address. */
class World implements Surroundings {
  readonly words = new Map<number, number>();
  readonly memory = new Map<number, number>();
  readonly code = new Map<number, readonly [number, number]>();
  state = (offset: number): number => this.words.get(offset) ?? 0;
  instruction = (pc: number) => (this.code.has(pc) ? decoder.decode(...this.code.get(pc)!) : null);
  read = (address: number, size: 1 | 2 | 4): number | null => {
    if (address < RAM || address + size > RAM + 0x1000) return null;
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = (value << 8) | (this.memory.get(address + i) ?? (address + i) & 0x7f);
    return size === 4 ? value | 0 : value;
  };
  isPlain = (address: number): boolean => address >= RAM && address < RAM + 0x800;
  isDevice = (address: number): boolean => address >>> 0 >= DEVICE;
  isSteady = (address: number): boolean => (address & 4) === 0;
  readonly handler = HANDLER | 1;
  place(at: number, halves: readonly number[]): void {
    halves.forEach((h, i) => this.code.set(at + 2 * i, [h, halves[i + 1] ?? 0xbf00]));
  }
}
const NUMBERS = [0, 1, 2, 3, 100, 0x7f, 0x80, 0xff, 0xfff0, 0x7ffffff0, -1, -5, -0x80000000];
const STEPS = [0, 0, 0, 1, 1, -1, 2, 3, -4, 16, 0x100, 0x10000];
interface Case {
  readonly world: World;
  readonly cells: readonly Cell[];
  readonly count: number;
}
function made(c: Chance): Case {
  const world = new World();
  const halves: number[] = [];
  const lengths: number[] = [];
  for (let n = 1 + c.below(4); n > 0; n--) {
    const one = c.of([...NARROW, ...OTHERS])(c);
    halves.push(...one);
    lengths.push(one.length);
  }
  world.place(CODE, halves);
  world.words.set(S.SP, RAM + 0x400);
  const cells: Cell[] = [{ where: S.R, size: 0, at: RAM, step: 0, input: false }];
  const any = () => ({ at: c.of(NUMBERS) + c.below(3), step: c.of(STEPS), input: false });
  for (const n of [1, 2, 3, 4, 5, 6, 7]) cells.push({ where: S.R + 4 * n, size: 0, ...any() });
  for (const offset of FLAGS) world.words.set(offset, offset === S.GE ? c.below(16) : c.below(2) * (offset === S.NF ? -0x80000000 : 1));
  for (const [where, size] of [[RAM + 12, 4], [RAM + 16, 2], [RAM + 18, 1], [RAM + 20, 4]] as const) if (c.below(2)) cells.push({ where, size, ...any(), at: c.of([0, 1, 200, 255]) }); // prettier-ignore
  return { world, cells: cells.map((x) => (x.size === 0 ? { ...x, at: x.at | 0 } : x)), count: lengths.length };
}
function goes(run: LinearRun, count: number): boolean {
  try {
    for (let i = 0; i < count; i++) run.run();
    return true;
  } catch (e) {
    if (e !== GIVE_UP) throw e;
    return false;
  }
}
const moved = ({ at, step, ...rest }: Cell, n: number): Cell => ({ ...rest, at: (at + Math.imul(step, n)) | 0, step: 0 });
const key = (cells: readonly Cell[]): string =>
  cells
    .map(({ where, size, at }) => `${where} ${size} ${size === 1 ? at & 0xff : size === 2 ? at & 0xffff : at >>> 0}`)
    .sort()
    .join();

it('what moves by a constant does so for as many rounds as is said, and is known as far as it was', () => {
  const c = new Chance(77);
  const lines = Array.from({ length: 1600 }, () => {
    const { world, cells, count } = made(c);
    const run = new LinearRun(PROFILES.m4, world, CODE, cells);
    if (!goes(run, count)) return `gives up after ${run.instructions}`;
    for (const n of [1, 2, 3, run.iterations - 1]) {
      if (n >= run.iterations || n > 2 ** 31) continue;
      const constant = new LinearRun(PROFILES.m4, world, CODE, cells.map((x) => moved(x, n))); // prettier-ignore
      expect(goes(constant, count)).toBe(true);
      const seen = [constant.next, constant.path, constant.extra, key(constant.cells())];
      expect(seen).toEqual([run.next, run.path, run.extra, key(run.cells().map((x) => moved(x, n)))]);
    }
    const all = [run.next, run.path, run.extra, run.inputs, run.reads, run.cells(), run.writtenRam(), run.inItBlock];
    return `${run.iterations} rounds, ${run.instructions}: ${digest(JSON.stringify(all)).slice(0, 4)}`;
  });
  expectAsBefore(lines, new URL('./each-flow.txt', import.meta.url));
});

/** By core, one number for what a thousand instructions say of themselves. */
const sorted = (set: Iterable<number>): number[] => [...set].sort((a, b) => a - b);
it('each instruction is made of what it was made of', () => {
  const c = new Chance(78);
  const lines = Array.from({ length: 700 }, () => {
    const { world, cells, count } = made(c);
    for (const { where, size, at } of cells) if (size === 0) world.words.set(where, at);
    const flow = dataFlow(PROFILES.m4, world, CODE, 1 + (count > 2 ? 1 : 0));
    if (!flow) return 'none';
    const { writes, loads, stores, decides, comparisons, branch, exact, operands } = flow;
    const access = [...loads, ...stores].map((a) => ({ ...a, addressFrom: sorted(a.addressFrom) }));
    const compared = comparisons.map((x) => [x.left, x.right, sorted(x.leftFrom), sorted(x.rightFrom)]);
    const all = [[...writes].map(([to, from]) => [to, sorted(from)]), access, sorted(decides), compared, branch && [branch, sorted(branch.from)], operands]; // prettier-ignore
    return `${exact ? 'seen' : 'by its row'}, ${writes.size} ${loads.length} ${stores.length}: ${digest(JSON.stringify(all)).slice(0, 4)}`;
  });
  expectAsBefore(lines, new URL('./each-source.txt', import.meta.url));
});

it('a handler between two sleeps, and one that comes anywhere, come to what they came to', () => {
  const c = new Chance(79);
  const lines = Array.from({ length: 500 }, (_, i) => {
    const { world, cells } = made(c);
    const parts = Array.from({ length: c.below(4) }, () => c.of([...NARROW, ...WIDE])(c));
    const returns = c.of([[0x4770], [0x4770], [0x4770], [0xbf30], [0x9b06, 0x4770], [0x9307, 0x4770], [0x9006, 0x4770]]);
    const body = i % 2 ? [[0xb4ff], ...parts, [0xbcff]] : parts;
    const ldr = [[0x2740, 0x063f], [0x687c & ~0x40], [0x687c]];
    const all = [...(c.below(3) ? [] : ldr.slice(0, 2 + c.below(2))), ...body, returns];
    world.place(HANDLER, all.flat());
    world.place(CODE, [0xbf30]);
    const sp = RAM + 0x400 + c.of([0, 0, 0, 0, 4]);
    const told: unknown[] = [];
    const step = (run: LinearRun, done: () => boolean): void => {
      const ends = (): boolean => {
        for (let n = 0; n < 30 && !done(); n++) if (!goes(run, 1)) return false;
        return true;
      };
      told.push(ends(), run.instructions, run.iterations, run.next, run.reads, run.cells(), run.writtenRam());
    };
    const tick = new LinearTicks(PROFILES.m4, world, CODE, [{ address: DEVICE, size: 4, value: 9 }, { address: DEVICE + 4, size: 4, value: 9 }] as never, [...cells, { where: S.SP, size: 0, at: sp, step: 0, input: false }]); // prettier-ignore
    let taken = true;
    try {
      tick.tick();
    } catch {
      taken = false;
    }
    told.push(taken, tick.asleep, tick.deviceReads);
    if (taken) step(tick, () => tick.next === CODE || tick.asleep);
    told.push(tick.asleep, tick.deviceReads);
    const memory = new Map([[RAM + 0x3c, HANDLER | 1]]);
    world.read = (
      (read) => (address: number, size: 1 | 2 | 4) =>
        memory.get(address) ?? read(address, size)
    )(world.read);
    const frame = sp - 32;
    const handler = new LinearHandler(PROFILES.m4, world, { vector: RAM + 0x3c, frame, frameWords: c.of([8, 8, 26]), sp: frame, excReturn: 0xfffffff9 }); // prettier-ignore
    let entered = true;
    try {
      handler.enter();
    } catch {
      entered = false;
    }
    if (entered) step(handler, () => handler.through);
    told.push(entered, handler.through, FRAME.length);
    return `${taken} ${tick.asleep} ${tick.next === CODE} ${handler.through}: ${digest(JSON.stringify(told)).slice(0, 4)}`;
  });
  expectAsBefore(lines, new URL('./each-handler.txt', import.meta.url));
});
it('a handler is through where it returns as it was entered, and is given up elsewhere', () => {
  const ends = ([
    [HANDLER, []],
    [HANDLER | 1, [0x4770]],
    // SUB SP, #8; 0xffffffe9 and 0xfffffff9 by way of R0, which the frame restores
    [HANDLER | 1, [0xb082, 0x4770]],
    [HANDLER | 1, [0x2016, 0x43c0, 0x4700]],
    [HANDLER | 1, [0x2006, 0x43c0, 0x4700]],
  ] as const).map(([vector, code]) => {
    const world = new World();
    world.read = () => vector;
    world.place(HANDLER, code);
    const handler = new LinearHandler(PROFILES.m4, world, { vector: RAM + 0x3c, frame: RAM + 0x100, frameWords: 8, sp: RAM + 0x100, excReturn: 0xfffffff9 });
    try {
      handler.enter();
      code.forEach(() => handler.run());
      return handler.through;
    } catch (e) {
      return e;
    }
  });
  expect(ends).toEqual([GIVE_UP, true, GIVE_UP, GIVE_UP, true]);
}); // prettier-ignore
