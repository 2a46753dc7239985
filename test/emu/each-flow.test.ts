/**
 * Random instructions on registers and words that move from round to round (linear.ts), and what each instruction makes of what (data-flow.ts). The core itself says what is right: it executes the same code
 * from the state of a later round, or with one input otherwise.
 */
import { expect, it } from 'vitest';
import { Decoder } from '../../src/emu/core/decode.ts';
import '../../src/emu/core/isa/index.ts';
import { PROFILES } from '../../src/emu/core/models/index.ts';
import { EXIT, S } from '../../src/emu/core/state.ts';
import { dataFlow, stateAt, type DataFlow, type Place } from '../../src/emu/proofs/data-flow.ts';
import { LinearHandler } from '../../src/emu/proofs/linear-handler.ts';
import { LinearTicks } from '../../src/emu/proofs/linear-ticks.ts';
import { GIVE_UP, LinearRun, type Cell, type Surroundings } from '../../src/emu/proofs/linear.ts';
import { BareCore } from './core/bare-core.ts';
import { FLASH, handlerAt, MAIN, RAM, started } from './core/bare-machine.ts';
import { PC, XPSR } from './core/unicorn.ts';
import { Chance, NARROW, WIDE } from './random-thumb.ts';

const CODE = FLASH + 0x100;
const HANDLER = FLASH + handlerAt(15);
const DEVICE = 0x40000000;
/** RAM that the code reads, and of it what it may write. */
const BYTES = 0x1000;
const PLAIN = 0x800;
const PROFILE = PROFILES.m4;
const decoder = new Decoder(PROFILE);
const FLAGS: readonly number[] = [S.NF, S.ZF, S.CF, S.VF, S.QF, S.GE];
const REGISTERS = Array.from({ length: 15 }, (_, n) => S.R + 4 * n);
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

/** What a core has before or behind some instructions: state words by offset, flags as bits, and RAM. */
interface Known {
  readonly words: Map<number, number>;
  readonly ram: Uint8Array;
}
const MEMORY = Uint8Array.from({ length: BYTES }, (_, i) => i & 0x7f);
const wordAt = (ram: Uint8Array, at: number, size: number): number => {
  let value = 0;
  for (let i = size - 1; i >= 0; i--) value = (value << 8) | ram[at - RAM + i]!;
  return size === 4 ? value | 0 : value;
};
/** A flag's word as the bit, or the four bits, that it stands for. */
const bitOf = (offset: number, v: number): number =>
  offset === S.NF ? v >>> 31 : offset === S.ZF ? Number(v === 0) : v & (offset === S.GE ? 15 : 1);
const shown = (offset: number, v: number): number => (FLAGS.includes(offset) ? bitOf(offset, v) : v >>> 0);
const BIT = [31, 30, 29, 28, 27, 16];
function withCells({ words, ram }: Known, cells: Iterable<Cell>, n: number): Known {
  const made = { words: new Map(words), ram: ram.slice() };
  for (const { where, size, at, step } of cells) {
    const value = (at + Math.imul(step, n)) | 0;
    if (size === 0) made.words.set(where, value);
    else for (let i = 0; i < size; i++) made.ram[where - RAM + i] = value >>> (8 * i);
  }
  return made;
}
const told = ({ words, ram }: Known): string =>
  `${[...REGISTERS, ...FLAGS].map((o) => shown(o, words.get(o) ?? 0)).join()} ${Buffer.from(ram).toString('latin1')}`;

/** Code, state and memory as a proof finds them. */
class World implements Surroundings {
  words = new Map<number, number>();
  ram = MEMORY;
  readonly code = new Map<number, readonly [number, number]>();
  readonly handler = HANDLER | 1;
  state = (offset: number): number => this.words.get(offset) ?? 0;
  instruction = (pc: number) => (this.code.has(pc) ? decoder.decode(...this.code.get(pc)!) : null);
  read = (address: number, size: 1 | 2 | 4): number | null =>
    address < RAM || address + size > RAM + BYTES ? null : wordAt(this.ram, address, size);
  isPlain = (address: number): boolean => address >= RAM && address < RAM + PLAIN;
  isDevice = (address: number): boolean => address >>> 0 >= DEVICE;
  isSteady = (address: number): boolean => (address & 4) === 0;
  place(at: number, halves: readonly number[]): void {
    halves.forEach((h, i) => this.code.set(at + 2 * i, [h, halves[i + 1] ?? 0xbf00]));
  }
}
const NUMBERS = [0, 1, 2, 3, 100, 0x7f, 0x80, 0xff, 0xfff0, 0x7ffffff0, -1, -5, -0x80000000];
const STEPS = [0, 0, 0, 1, 1, -1, 2, 3, -4, 16, 0x100, 0x10000];
interface Case {
  readonly world: World;
  readonly halves: readonly number[];
  readonly cells: readonly Cell[];
  readonly count: number;
}
function made(c: Chance, most = 4): Case {
  const world = new World();
  const all = Array.from({ length: 1 + c.below(most) }, () => c.of([...NARROW, ...OTHERS])(c));
  world.place(CODE, all.flat());
  world.words.set(S.SP, RAM + 0x400);
  const cells: Cell[] = [{ where: S.R, size: 0, at: RAM, step: 0, input: false }];
  const any = () => ({ at: (c.of(NUMBERS) + c.below(3)) | 0, step: c.of(STEPS), input: false });
  for (const n of [1, 2, 3, 4, 5, 6, 7]) cells.push({ where: S.R + 4 * n, size: 0, ...any() });
  for (const offset of FLAGS) world.words.set(offset, offset === S.GE ? c.below(16) : c.below(2) * (offset === S.NF ? -0x80000000 : 1));
  for (const [where, size] of [[RAM + 12, 4], [RAM + 16, 2], [RAM + 18, 1], [RAM + 20, 4]] as const) if (c.below(2)) cells.push({ where, size, ...any(), at: c.of([0, 1, 200, 255]) }); // prettier-ignore
  return { world, halves: all.flat(), cells, count: all.length };
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

const core = new BareCore(PROFILE);
/** What the core makes of a state with `count` instructions, and with so many cycles that depend on operands; null: it has not come through. */
function executed(
  halves: readonly number[],
  { words, ram }: Known,
  count: number,
  extra = 0,
): (Known & { next: number; inIt: boolean }) | null {
  core.code.set(new Uint8Array(Uint16Array.of(...halves, 0xbf00, 0xbf00).buffer), CODE - FLASH);
  core.flush();
  core.data.set(ram);
  REGISTERS.forEach((offset, n) => (core.registers[n] = words.get(offset) ?? 0));
  core.registers[PC] = CODE;
  core.registers[XPSR] = FLAGS.reduce((psr, offset, i) => psr | (bitOf(offset, words.get(offset) ?? 0) << BIT[i]!), 0);
  const end = core.run(count + extra);
  const { i32 } = core.arena;
  if (end !== EXIT.BUDGET || i32[S.BUDGET >> 2] !== 0 || core.lastRetired !== count) return null;
  const after = new Map([...REGISTERS, ...FLAGS].map((offset) => [offset, i32[offset >> 2]!]));
  return { words: after, ram: core.data.slice(0, BYTES), next: core.registers[PC]!, inIt: i32[S.IT >> 2] !== 0 };
}

it('what moves by a constant does so on the core, for as many rounds as is said', () => {
  const c = new Chance(77);
  let [through, ends, exact] = [0, 0, 0];
  for (let i = 0; i < 1600; i++) {
    const { world, halves, cells, count } = made(c);
    const run = new LinearRun(PROFILE, world, CODE, cells);
    if (!goes(run, count)) continue;
    through++;
    const start = { words: world.words, ram: MEMORY };
    const results = run.cells();
    const round = (n: number): boolean => {
      const real = executed(halves, withCells(start, cells, n), count, run.extra);
      return (real !== null && real.next === run.next && real.inIt === run.inItBlock && told(real) === told(withCells(withCells(start, cells, n), results, n))); // prettier-ignore
    };
    const text = halves.map((h) => h.toString(16)).join(' ');
    // a loop that moves a byte or a half-word has stored it: what it finds has its width
    const fits = (n: number): boolean =>
      cells.every(({ size, at, step }) => size === 0 || size === 4 || (at + step * n >= 0 && at + step * n < 2 ** (8 * size)));
    for (const n of [0, 1, 2, 3, run.iterations - 1])
      if (n < Math.min(run.iterations, 2 ** 31) && fits(n) && !round(n)) throw new Error(`${text}: round ${n} of ${run.iterations}`);
    if (run.iterations < 2 ** 31 && fits(run.iterations)) {
      ends++;
      if (!round(run.iterations)) exact++;
    }
    inputsAreAll(run, halves, withCells(start, cells, 0), count, text);
  }
  // most are linear, and most of those that end do so where the core does something else
  expect(through).toBeGreaterThanOrEqual(719);
  expect(exact / ends).toBeGreaterThan(0.74);
});
/** What is not named as read may be anything: nothing else than itself is otherwise behind the instructions. */
function inputsAreAll(run: LinearRun, halves: readonly number[], start: Known, count: number, text: string): void {
  const plain = executed(halves, start, count, run.extra)!;
  const differs = (words: Map<number, number>, ram: Uint8Array): string => {
    const real = executed(halves, { words, ram }, count, run.extra);
    if (real?.next !== plain.next) return 'way';
    for (const o of [...REGISTERS, ...FLAGS])
      if (shown(o, real.words.get(o)!) !== shown(o, plain.words.get(o)!) && start.words.get(o) === words.get(o)) return `${o}`;
    return real.ram.every((b, i) => b === plain.ram[i] || start.ram[i] !== ram[i]) ? '' : 'RAM';
  };
  for (const offset of [...REGISTERS, ...FLAGS]) {
    if (run.inputs & (1 << (offset >> 2))) continue;
    const was = start.words.get(offset) ?? 0;
    const found = differs(new Map(start.words).set(offset, offset === S.SP ? was ^ 4 : ~was), start.ram);
    if (found) throw new Error(`${text}: ${offset} is no input, but ${found} is made of it`);
  }
  const read = new Set([...run.reads.map((r) => [r.address, r.size] as const), ...run.cells().filter((x) => x.size > 0 && x.input).map((x) => [x.where, x.size] as const)].flatMap(([at, size]) => Array.from({ length: size }, (_, i) => at + i - RAM))); // prettier-ignore
  const found = differs(start.words, start.ram.map((b, i) => (read.has(i) ? b : b ^ 0xff))); // prettier-ignore
  if (found) throw new Error(`${text}: RAM that is not read, but ${found} is made of it`);
}

/** Rounds of some instructions for which all decisions stay: R1 and R2 by where they begin and their step, a byte at R0 + 12. */
function rounds(
  halves: readonly number[],
  r1: readonly [number, number],
  r2: readonly [number, number] = [0, 0],
  byte: readonly [number, number] = [0, 0],
): number | null {
  const world = new World();
  world.place(CODE, halves);
  const cell = (where: number, size: 0 | 1, [at, step]: readonly [number, number]): Cell => ({ where, size, at, step, input: false });
  const cells = [cell(S.R, 0, [RAM, 0]), cell(S.R + 4, 0, r1), cell(S.R + 8, 0, r2), cell(RAM + 12, 1, byte)];
  const run = new LinearRun(PROFILE, world, CODE, cells);
  return goes(run, halves.filter((h, i) => i === 0 || halves[i - 1]! < 0xe800 || h >= 0xe800).length) ? run.iterations : null;
}
const COUNTS: readonly (readonly [string, number | null, ...Parameters<typeof rounds>])[] = [
  ['SUBS R1, #1 from 100 until it borrows', 100, [0x3901], [100, -1]],
  ['SUBS R1, #1 and BNE from 100 until it is 0', 99, [0x3901, 0xd1fd], [100, -1]],
  ['SUBS R1, #1 and BPL from 100 until it is negative', 100, [0x3901, 0xd5fd], [100, -1]],
  ['ADDS R1, #1 from -5', 4, [0x3101], [-5, 1]],
  ['CMP R1, R2 until both are one', 10, [0x4291], [0, 1], [10, 0]],
  ['CMP R1, R2 of a lower one that goes down, until it wraps', 6, [0x4291], [5, -1], [10, 0]],
  ['CBZ R1, which comes to 0 in the second round', 1, [0xb101], [-3, 3]],
  ['CBZ R1, odd and moved by 2', Infinity, [0xb101], [1, 2]],
  ['CBZ R1, which wraps and comes to 0', 0x55555555, [0xb101], [1, 3]],
  ['CBZ R1, which wraps and comes to 0 by an even step', 0x55555555, [0xb101], [2, 6]],
  ['CBZ R1, 0 and moved', 1, [0xb101], [0, 1]],
  ['UXTH R2, R1 until it wraps', 16, [0xb28a], [0xfff0, 1]],
  ['UXTB R2, R1 down to 0', 6, [0xb2ca], [5, -1]],
  ['SXTB R2, R1 until it is negative', 2, [0xb24a], [0x7e, 1]],
  ['SXTB R2, R1 until it is positive', 2, [0xb24a], [0xfe, 1]],
  ['LSRS R2, R1, #4 until the bits above move', 1, [0x090a], [0xf, 1]],
  ['LDRB R1, ADDS R1, #1, STRB R1 of a byte', 5, [0x7b01, 0x3101, 0x7301], [0, 0], [0, 0], [250, 1]],
  ['MULS R1, R2 and BNE of one that moves', 5, [0x4351, 0xd1fd], [-15, 3], [2, 0]],
  ['MULS R1, R2 of two that move', null, [0x4351], [1, 1], [1, 1]],
  ['STRB R2, [R1] at an address that moves', null, [0x700a], [RAM, 1]],
]; // prettier-ignore
for (const [what, expected, ...how] of COUNTS) it(`${what}: ${expected}`, () => expect(rounds(...how)).toBe(expected));

/** Words with one bit otherwise, or all. */
const FLIPS = [1, 0x80, 0x8000, 0x40000000, -0x80000000, -1];
const isFlag = (place: Place): boolean => FLAGS.includes(-1 - place);
/** The sources that show: by each place that is otherwise behind the instructions, what was otherwise before them. */
function sourcesSeen(halves: readonly number[], start: Known, count: number, loads: readonly number[]): Map<Place, Set<Place>> | null {
  const plain = executed(halves, start, count);
  if (!plain) return null;
  const seen = new Map<Place, Set<Place>>();
  const differ = (source: Place, words: Map<number, number>, ram: Uint8Array): void => {
    const real = executed(halves, { words, ram }, count);
    const add = (to: Place): void => void (seen.get(to) ?? seen.set(to, new Set()).get(to)!).add(source);
    if (real?.next !== plain.next) return add(0);
    for (const o of [...REGISTERS, ...FLAGS]) if (shown(o, real.words.get(o)!) !== shown(o, plain.words.get(o)!)) add(stateAt(o));
    if (Buffer.compare(real.ram, plain.ram) !== 0) real.ram.forEach((b, i) => b !== plain.ram[i] && add(RAM + i));
  };
  for (const offset of REGISTERS) for (const flip of FLIPS) differ(stateAt(offset), new Map(start.words).set(offset, (start.words.get(offset) ?? 0) ^ flip), start.ram); // prettier-ignore
  for (const offset of FLAGS) for (const flip of offset === S.GE ? [1, 2, 4, 8] : [1]) differ(stateAt(offset), new Map(start.words).set(offset, offset === S.NF ? ~start.words.get(offset)! : start.words.get(offset)! ^ flip), start.ram); // prettier-ignore
  for (const at of loads) for (const flip of [1, 0x80, 0xff]) differ(at, start.words, start.ram.map((b, i) => (i === at - RAM ? b ^ flip : b))); // prettier-ignore
  return seen;
}
it('each instruction is made of what it is made of on the core', () => {
  const c = new Chance(78);
  let [exact, pairs, shows] = [0, 0, 0];
  for (let i = 0; i < 700; i++) {
    const { world, halves, cells, count: all } = made(c, 2);
    const start = withCells({ words: world.words, ram: MEMORY }, cells, 0);
    Object.assign(world, { words: start.words, ram: start.ram });
    const two = dataFlow(PROFILE, world, CODE, all);
    // what is stored is not loaded by an instruction that issues with it
    const one = !two?.exact || (two.stores.length > 0 && two.loads.length > 0);
    const flow = one ? dataFlow(PROFILE, world, CODE) : two;
    if (!flow) continue;
    // two numbers of the code are no comparison
    expect(flow.comparisons.filter((x) => x.leftFrom.size + x.rightFrom.size === 0)).toEqual([]);
    const loads = [...new Set(flow.loads.flatMap(({ address, size }) => Array.from({ length: size }, (_, n) => address + n)))].filter(
      (at) => at >= RAM && at < RAM + BYTES,
    );
    const seen = sourcesSeen(halves, start, one ? 1 : all, [...loads, RAM + 0x10]);
    if (!seen) continue;
    const text = halves.map((h) => h.toString(16)).join(' ');
    if (flow.exact) exact++;
    // what decides, or says where, may change anything
    const steers = new Set([...flow.decides,...[...flow.loads, ...flow.stores].flatMap((a) => [...a.addressFrom]),...(flow.branch?.from ?? [])]); // prettier-ignore
    for (const [to, sources] of seen)
      for (const from of sources) {
        const kept = to === from && !flow.writes.has(to);
        if (kept || steers.has(from) || (!flow.exact && (isFlag(to) || isFlag(from)))) continue;
        if (!flow.writes.get(to)?.has(from)) throw new Error(`${text}: ${to} is made of ${from}`);
      }
    if (!flow.exact) continue;
    for (const [to, named] of flow.writes)
      for (const from of isFlag(to) ? [] : named) {
        pairs++;
        if (seen.get(to)?.has(from) || seen.get(0)?.has(from)) shows++;
      }
    accessesAre(flow, halves, start, one ? 1 : all, text);
  }
  // the rest is what the values hide: a bit that an AND takes away, R5 - R5
  expect(exact).toBeGreaterThanOrEqual(599);
  expect(shows / pairs).toBeGreaterThan(0.92);
});
/** Bytes that are stored are what they are whatever was there, a word that is compared with another gives Z, and a branch goes where it is said to go. */
function accessesAre(flow: DataFlow, halves: readonly number[], start: Known, count: number, text: string): void {
  const real = executed(halves, start, count)!;
  const other = executed(halves, { ...start, ram: start.ram.map((b) => b ^ 0xff) }, count);
  const stored = new Set(flow.stores.flatMap(({ address, size }) => Array.from({ length: size }, (_, n) => address + n - RAM)));
  if (other && flow.loads.length === 0) real.ram.forEach((b, i) => {
    if ((b === other.ram[i]) !== stored.has(i)) throw new Error(`${text}: a store at ${i}`);
  }); // prettier-ignore
  if (flow.branch && (flow.branch.target & ~1) >>> 0 !== real.next) throw new Error(`${text}: goes to ${real.next}`);
  const last = flow.comparisons.at(-1);
  // an addition with a carry compares nothing
  const carries = flow.writes.get(stateAt(S.VF))?.has(stateAt(S.CF)) !== false;
  if (!carries && !last) throw new Error(`${text}: compares nothing`);
  if (last && count === 1 && flow.writes.get(stateAt(S.VF))?.has(stateAt(S.CF)) === false && (real.words.get(S.ZF) === 0) !== (last.left === last.right)) throw new Error(`${text}: compares ${last.left} with ${last.right}`); // prettier-ignore
}
it('what is decided of instructions that issue together has its sources', () => {
  const world = new World();
  world.place(CODE, [0x2805, 0xd0fe, 0x4148]);
  // CMP R0, #5; BEQ
  expect(dataFlow(PROFILE, world, CODE, 2)!.decides).toEqual(new Set([stateAt(S.R)]));
  world.place(CODE, [0x42c9, 0x4152]);
  // CMN R1, R1; ADCS R2, R2
  expect(dataFlow(PROFILE, world, CODE, 2)!.writes.get(stateAt(S.R + 8))).toEqual(new Set([stateAt(S.R + 8), stateAt(S.R + 4)]));
});

const NOP = 0xbf00;
const BLOCK = {
  name: 'B',
  registers: ['D0', 'D1'].map((name, i) => ({ name, offset: 4 * i, size: 4 as const, reset: 9, writable: 0, fields: [] })),
};
/** WFI, and behind it NOP and WFI again; SysTick's handler is to be placed. */
const { machine, cpu } = started(
  'm4',
  { [MAIN]: [0xbf30, NOP, NOP, 0xe7fe] },
  {},
  { facts: { B: BLOCK }, blocks: [{ name: 'B', model: null, base: DEVICE, size: 8 }] },
);
cpu.setBreakpoints(new Set([FLASH + MAIN + 4]));
machine.run(machine.now + 10_000);
const sleeping = machine.save();
/** What is there where the program goes on behind SysTick's handler; null: it has not come there. */
function handled(halves: readonly number[], { words, ram }: Known): Known | null {
  machine.restore(sleeping);
  machine.system.pokeMemory('FLASH', HANDLER - FLASH, new Uint8Array(Uint16Array.from(halves).buffer));
  machine.system.pokeMemory('RAM', 0, ram);
  for (const offset of [...REGISTERS, ...FLAGS]) cpu.set(offset, words.get(offset) ?? 0);
  cpu.write(0xe000ed04, 4, 1 << 26);
  machine.run(machine.now + 1_000_000);
  if (cpu.pc !== FLASH + MAIN + 4) return null;
  return { words: new Map([...REGISTERS, ...FLAGS].map((o) => [o, cpu.get(o)])), ram: machine.system.memoryBytes('RAM').slice(0, BYTES) };
}
/** Runs until `done`; false: it was given up. */
function comes(run: LinearRun, done: () => boolean): boolean {
  for (let n = 0; n < 30 && !done(); n++) if (!goes(run, 1)) return false;
  return done();
}
const entered = (enter: () => void): boolean => {
  try {
    enter();
    return true;
  } catch (e) {
    if (e !== GIVE_UP) throw e;
    return false;
  }
};
it('a handler between two sleeps, and one that comes anywhere, come to what they come to on the core', () => {
  const c = new Chance(79);
  let [back, through] = [0, 0];
  for (let i = 0; i < 500; i++) {
    const { world, cells } = made(c);
    const parts = Array.from({ length: c.below(4) }, () => c.of([...NARROW, ...WIDE])(c));
    const returns = c.of([[0x4770], [0x4770], [0x4770], [0xbf30], [0x9b06, 0x4770], [0x9307, 0x4770], [0x9006, 0x4770]]);
    const body = i % 2 ? [[0xb4ff], ...parts, [0xbcff]] : parts;
    const ldr = [[0x2740, 0x063f], [0x687c & ~0x40], [0x687c]];
    const halves = [...(c.below(3) ? [] : ldr.slice(0, 2 + c.below(2))), ...body, returns].flat();
    world.place(HANDLER, halves);
    world.place(FLASH + MAIN + 2, [NOP]);
    const text = halves.map((h) => h.toString(16)).join(' ');
    const sp = RAM + 0x400 + c.of([0, 0, 0, 0, 4]);
    const all = [...cells, { where: S.SP, size: 0, at: sp, step: 0, input: false } as const];
    const tick = new LinearTicks(PROFILE, world, FLASH + MAIN + 2, [{ address: DEVICE, size: 4, value: 9 }, { address: DEVICE + 4, size: 4, value: 9 }] as never, all); // prettier-ignore
    if (entered(() => tick.tick()) && comes(tick, () => tick.next === FLASH + MAIN + 4)) {
      back++;
      for (const n of [0, 1, tick.iterations - 1]) {
        if (n >= Math.min(tick.iterations, 2 ** 31)) continue;
        const start = withCells({ words: world.words, ram: MEMORY }, all, n);
        const real = handled(halves, start);
        const expected = withCells(start, tick.cells(), n);
        if (real === null || told(real) !== told(expected)) throw new Error(`${text}: round ${n} of ${tick.iterations}`);
      }
    }
    const frame = sp - 32;
    const handler = new LinearHandler(PROFILE, { ...world, read: (at, size) => (at === 0x3c ? HANDLER | 1 : world.read(at, size)) }, { vector: 0x3c, frame, frameWords: 8, sp: frame, excReturn: 0xfffffff9 }); // prettier-ignore
    const proved = sp % 8 === 0 && entered(() => handler.enter()) && comes(handler, () => handler.through);
    if (!proved) continue;
    through++;
    // any registers, but R0 and R7, which say where the handler writes
    const kept = [1, 2].every((turn) => {
      const start = withCells({ words: world.words, ram: MEMORY }, all, 0);
      for (const o of [...REGISTERS, ...FLAGS])
        if (o !== S.SP && o !== S.R && turn === 2)
          start.words.set(o, c.below(2 ** 31) & (o === S.CF || o === S.VF || o === S.QF ? 1 : o === S.GE ? 15 : -1));
      const real = handled(halves, start);
      return real !== null && [...REGISTERS, ...FLAGS].every((o) => shown(o, real.words.get(o)!) === shown(o, start.words.get(o) ?? 0));
    });
    if (!kept) throw new Error(`${text}: through, but not all is as it was`);
  }
  expect([back, through]).toEqual([expect.toSatisfy((n: number) => n > 120), expect.toSatisfy((n: number) => n > 33)]);
});
it('a handler may read of a block what it read before, in that order, where only the state counts', () => {
  // LDR R3, [R4]; LDRB; LDRSB R3, [R4, R5]
  const reads = ([[0x6823, 0, 4, 0], [0x7823, 0, 1, 0], [0x7823, 0, 4, 0], [0x6823, 4, 4, 0], [0x6823, 0, 4, 4], [0x5763, 0, 1, 0]] as const).map(([halves, at, size, address]) => {
    const world = new World();
    world.place(HANDLER, [halves]);
    const cells = [S.SP, S.R + 16, S.R + 20].map((where, i) => ({ where, size: 0, at: [RAM + 0x400, DEVICE + at, 0][i]!, step: 0, input: false }) as const);
    const tick = new LinearTicks(PROFILE, world, CODE, [{ address: DEVICE + address, size, value: 9 } as never], cells);
    return entered(() => tick.tick()) && goes(tick, 1) && tick.cells().find(({ where }) => where === S.R + 12)?.at;
  });
  expect(reads).toEqual([9, 9, false, false, false, false]);
}); // prettier-ignore
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
    const handler = new LinearHandler(PROFILE, world, { vector: RAM + 0x3c, frame: RAM + 0x100, frameWords: 8, sp: RAM + 0x100, excReturn: 0xfffffff9 });
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
