/**
 * Random waits of programs as they are: functions that several callers wait in, loops within loops, masked interrupts, refreshed watchdogs, registers that a background timer moves, flash caches with few rows, and a bench
 * that moves words, replaces what is read and goes back to a checkpoint. Run with what leaves rounds out they end as if each round had been executed, with a shortcut off as well.
 */
import { expect, it } from 'vitest';
import type { ChipDescription, FlashCacheRow } from '../../src/emu/chip.ts';
import type { Core } from '../../src/emu/core/core.ts';
import { S } from '../../src/emu/core/state.ts';
import type { Checkpoint } from '../../src/emu/machine-base.ts';
import type { ShortcutName } from '../../src/emu/proofs/shortcuts.ts';
import type { Layout, RegisterModel } from '../../src/emu/registers.ts';
import { FLASH, handlerAt, MAIN, PS_PER_CYCLE, RAM, started, type CoreName } from './core/bare-machine.ts';
import { Chance } from './random-thumb.ts';

const BLOCK = 0x40000000;
const FUNCTION = 0x1400;
/** Those that decide what is left out. */
const SHORTCUTS: readonly ShortcutName[] = ['steady-loops', 'counting-loops', 'loop-records', 'kept-loops', 'known-loops', 'copied-words', 'held-reads', 'device-reads', 'translation']; // prettier-ignore
const PIECE = 22_000;
const PIECES = 6;

/** TIME goes on every 8,192 cycles, DATA stays, KEY is written again and again, MOVED is what the timer beside moves. */
const clocked = (layout: Layout): RegisterModel<object> => {
  const [moved, data] = [layout.reg('MOVED'), layout.reg('DATA')];
  return {
    modelled: ['TIME', 'DATA', 'KEY', 'MOVED'],
    timers: ['background', 'foreground'],
    background: ['background'],
    create: () => ({}),
    live: ['TIME'],
    onTimer: (c, timer) => {
      const every = c.get(data) >>> 4;
      c.put(moved, timer === 'background' ? c.get(moved) + (c.get(data) & 3 ? 0 : 1) : 0);
      if (every > 0) c.env.arm(timer, c.env.now() + every * 2_100 * PS_PER_CYCLE);
    },
    wrote: (c, r, value) => {
      if (r.name === 'DATA' && value >>> 4 > 0) c.env.arm(value & 4 ? 'foreground' : 'background', c.env.now() + 900 * PS_PER_CYCLE);
    },
    read: (c, r, value) => (r.name === 'TIME' ? (c.env.clockCount('ext') >>> 10) & 0xffff : value),
    holds: (c, r) => (r.name === 'TIME' ? c.env.clockTimeOf('ext', ((c.env.clockCount('ext') >>> 10) + 1) << 10) : Infinity),
    repeats: (c, r) => r.name === 'KEY' && (c.get(data) & 8) === 0,
  };
};
const fact = (name: string, offset: number) => ({ name, offset, size: 4 as const, reset: 3, writable: 0xffff, fields: [] });
const chip = (flashCache: FlashCacheRow | null): Partial<ChipDescription> => ({
  facts: { B: { name: 'B', registers: ['TIME', 'DATA', 'KEY', 'MOVED', 'BARE'].map((name, i) => fact(name, 4 * i)) } },
  blocks: [{ name: 'B', model: 'clocked', base: BLOCK, size: 0x20 }],
  memories: [
    { name: 'FLASH', base: FLASH, size: 0x8000, kind: 'flash', zone: 'user', aliases: [0], waitStates: true },
    { name: 'RAM', base: RAM, size: 0x9000, kind: 'ram', zone: 'user' },
  ],
  ...(flashCache && { flashCache: { value: flashCache, source: 'test', confidence: 'assumed' } }),
});

/** Half-words at an offset of the flash. R0 = RAM, R6 = the block, R7 = the private bus; R1 to R5 are the program's. */
class Code {
  readonly halves: number[] = [];
  private readonly base: number;
  constructor(base: number) {
    this.base = base;
  }
  get here(): number {
    return this.base + 2 * this.halves.length;
  }
  put(...halves: readonly number[]): this {
    this.halves.push(...halves);
    return this;
  }
  call(target: number): this {
    const by = target - (this.here + 4);
    const s = by < 0 ? 1 : 0;
    const j = (bit: number): number => (((by >> bit) & 1) ^ s ^ 1) & 1;
    return this.put(0xf000 | (s << 10) | ((by >> 12) & 0x3ff), 0xd000 | (j(23) << 13) | (j(22) << 11) | ((by >> 1) & 0x7ff));
  }
  back(condition: number, to: number): this {
    return this.put(0xd000 | (condition << 8) | (((to - this.here - 4) >> 1) & 0xff));
  }
  round(to: number): this {
    return this.put(0xe000 | (((to - this.here - 4) >> 1) & 0x7ff));
  }
}
type Piece = (w: Code, c: Chance) => void;
const CALLS: readonly Piece[] = [(w) => w.call(FUNCTION), (w) => w.put(0xb40e).call(FUNCTION).put(0xbc0e)];
/** One thing of a round. */
const PIECES_OF_A_ROUND: readonly Piece[] = [
  (w, c) => w.put(0x6830 | c.of([0x40, 0x40, 0x42, 0xc1, 0xc4, 0x101])),
  (w, c) => w.put(c.of([0x8872, 0x7931, 0x8832])),
  (w) => w.put(0x60b1),
  (w) => w.put(0x6832),
  (w, c) => w.put(c.of([0x6882, 0x68c1, 0x6901, 0x68c1]), c.of([0x6141, 0x6142, 0xbf00])),
  (w) => w.put(0x68c1, 0x6101, 0x6902, 0x6182),
  (w) => w.put(0xb672, 0xb662),
  (w) => w.put(0xf3ef, 0x8410, 0xb672, 0xf384, 0x8810),
  (w, c) => w.put(0x2500 | (1 + c.below(4)), 0x3d01, 0xd1fd),
  (w, c) => w.put(0x2500, 0x3501, 0x2d00 | (2 + c.below(3)), 0xdbfc),
  // words of flash, one or four rows apart from one another
  (w, c) => w.put(0x4a00 | c.below(64), 0x4920 | c.below(16)),
  ...[0, 1].map((): Piece => (w, c) => w.put(...[0, 0x10, 0x20, 0x30, 0x40, 0x50].map((at) => 0x4a00 | at | c.below(8)))),
  ...CALLS,
  (w, c) => w.put(c.of([0xb40c, 0xb406]), c.of([0xbc0c, 0xbc06])),
  // SysTick's control and count, ICSR
  (w, c) => w.put(...c.of([[0x683a], [0x683a], [0x68ba], [0x25cf, 0x012d, 0x3504, 0x597a], [0x25cf, 0x012d, 0x3504, 0x597a]])),
  (w, c) => w.put(c.of([0x7b01, 0x8982, 0x7402]), c.of([0xbf00, 0x7d01])),
]; // prettier-ignore
/** What it goes on for, by flags: forever, until a word of RAM or a register is otherwise, for a count. */
const ENDS: readonly ((c: Chance) => number[])[] = [
  (c) => [0x6882, 0x2a00 | c.of([3, 4, 8, 200])],
  (c) => [0x68f2, 0x2a00 | c.of([6, 9, 12])],
  (c) => [0x6832, 0x2a00 | c.of([2, 5, 9])],
  () => [0x42b6, 0x42b6],
  (c) => [0x3c00 | c.of([1, 1, 2])],
];
const HANDLERS: readonly (readonly number[])[] = [
  [0x2020, 0x0600, 0x6882, 0x3201, 0x6082, 0x4770],
  [0x2020, 0x0600, 0x6882, 0x3201, 0x6082, 0x4770],
  [0x2020, 0x0600, 0x68c1, 0x3101, 0x60c1, 0x6882, 0x3201, 0x6082, 0x4770],
  [0x4770],
];
const wait = (w: Code, c: Chance, most: number): void => {
  const start = w.here;
  for (let n = c.below(most); n > 0; n--) c.of(PIECES_OF_A_ROUND)(w, c);
  const end = c.of(ENDS)(c);
  w.put(...end).back(end[0] === 0x42b6 ? 0 : end[0]! >>> 8 === 0x3c ? 1 : c.of([1, 3]), start);
};
type Program = { readonly main: readonly number[]; readonly called: readonly number[]; readonly ticks: number };
/** Sets the registers, what the block's timer does and how often, and the words of RAM. */
function begun(c: Chance): Code {
  const w = new Code(MAIN);
  w.put(0x2020, 0x0600, 0x2640, 0x0636, 0x27e0, 0x063f, 0x25e0, 0x022d, 0x197f, 0x3710);
  w.put(0x2200 | c.of([0, 0, 3, 8, 0x10, 0x13, 0x31, 0x34, 0x58]), 0x6072);
  for (const at of [8, 12, 16, 20]) w.put(0x2100 | c.below(4), 0x6001 | ((at >> 2) << 6));
  return w;
}
/** A function that waits for the next tick, and callers that come to it soon or late in one, each with a stack of its own. */
function shared(c: Chance): Program {
  const called = new Code(FUNCTION).put(0x6882);
  const start = called.here;
  for (let n = c.below(3); n > 0; n--) called.put(c.of([0x6903, 0x6143, 0xbf00, 0x6833]));
  called.put(0x6881, 0x4291).back(0, start).put(0x4770);
  const w = begun(c);
  const top = w.here;
  for (let n = 2 + c.below(3); n > 0; n--) {
    const late = c.of([0, 0, 1, 2, 3]);
    if (late > 0) w.put(0x25ff, (late << 6) | (5 << 3) | 5, 0x3d01, 0xd1fd);
    const saved = c.of([0, 2, 0xe]);
    if (saved > 0)
      w.put(0xb400 | saved)
        .call(FUNCTION)
        .put(0xbc00 | saved);
    else w.call(FUNCTION);
  }
  w.round(top);
  return { main: w.halves, called: called.halves, ticks: c.of([5_000, 7_000, 9_999]) };
}
/** Waits for the handler's word of RAM, the same each time but for R0, which nothing of the wait names, and what else a round counts. */
function flagged(c: Chance): Program {
  const w = begun(c).put(0x0001, 0x2300);
  const top = w.here;
  w.put(...c.of([[0x3004], [0x3004, 0x3401]]), 0x608b);
  const start = w.here;
  for (let i = c.below(3); i > 0; i--) w.put(c.of([0xbf00, 0x690d, 0x614d]));
  w.put(0x688a, 0x2a00).back(0, start).round(top);
  return { main: w.halves, called: [0x4770], ticks: c.of([9_999, 25_000]) };
}
/** Waits for a register to move, in rounds that differ in a register which the wait does not name. */
function outer(c: Chance): Program {
  const w = begun(c).put(0x2200 | c.of([0x30, 0x50, 0x70]), 0x6072);
  const top = w.here;
  for (let n = 1 + c.below(2); n > 0; n--) {
    w.put(...c.of([[0x3004], [0x3401], [0x3004, 0x3c01], [0x2300, 0x3501]]));
    // TIME or MOVED
    const which = c.of([0, 3]) << 6;
    w.put(0x6831 | which);
    const start = w.here;
    for (let i = c.below(3); i > 0; i--) w.put(c.of([0x6873, 0xbf00, 0x683b]));
    w.put(0x6832 | which, 0x428a).back(0, start);
  }
  w.round(top);
  return { main: w.halves, called: [0x4770], ticks: c.of([0, 0, 25_000]) };
}
function program(c: Chance): Program {
  const called = new Code(FUNCTION);
  if (c.below(2)) called.put(0xb500);
  const pushed = called.halves.length > 0;
  for (let n = c.below(3); n > 0; n--) c.of(PIECES_OF_A_ROUND.filter((make) => !CALLS.includes(make)))(called, c);
  if (c.below(3) === 0) wait(called, c, 2);
  called.put(pushed ? 0xbd00 : 0x4770);
  const w = begun(c);
  w.put(0x24ff, 0x0200 | (4 << 3) | 4 | (c.below(2) << 6));
  const top = w.here;
  for (let n = 1 + c.below(2); n > 0; n--) wait(w, c, 5);
  if (c.below(2)) w.put(0x69c1, 0x3101, 0x61c1);
  w.round(top);
  return { main: w.halves, called: called.halves, ticks: c.of([0, 0, 7_000, 9_999, 25_000]) };
}

const CACHES: readonly FlashCacheRow[] = [
  { lineBytes: 8, rowBytes: 16, codeRows: 8, dataRows: 3 },
  { lineBytes: 16, rowBytes: 16, codeRows: 64, dataRows: 4 },
];
const MACHINES: readonly (readonly [CoreName, FlashCacheRow | null])[] = [
  ['m0', null],
  ['m4', CACHES[0]!],
  ['m4', CACHES[1]!],
  ['m33', null],
  ['m7', null],
];
/** What the bench does between the pieces of a run. */
interface Course {
  readonly waits: number;
  readonly kinds: number;
  readonly masked: boolean;
  readonly moves: readonly number[];
  readonly replaced: boolean;
  readonly ticks: number;
  readonly dataCache: boolean;
}

class Bench {
  readonly machine;
  private readonly cpu: Core;
  private readonly start: Checkpoint;
  private skipped = 0;
  constructor(core: CoreName, cache: FlashCacheRow | null) {
    const { machine, cpu } = started(core, {}, {}, chip(cache), { clocked });
    this.machine = machine;
    this.cpu = cpu;
    this.start = machine.save();
    const skip = cpu.skip.bind(cpu);
    cpu.skip = (cycles, ...rest) => {
      this.skipped += cycles;
      skip(cycles, ...rest);
    };
  }
  private begin(code: ReturnType<typeof program>, handler: readonly number[], course: Course): void {
    const { machine, cpu } = this;
    machine.restore(this.start);
    const halves = (list: readonly number[]): Uint8Array => Uint8Array.from(list.flatMap((h) => [h & 0xff, h >>> 8]));
    machine.system.pokeMemory('FLASH', MAIN, halves(code.main));
    machine.system.pokeMemory('FLASH', FUNCTION, halves(code.called));
    machine.system.pokeMemory('FLASH', handlerAt(15), halves(handler));
    cpu.caches.setFlashTiming({ waitStates: course.waits, cache: course.waits > 4, sets: 256, ways: 2, kinds: course.kinds });
    if (code.ticks > 0)
      for (const [at, value] of [[0xe000e014, code.ticks], [0xe000e018, 0], [0xe000e010, course.ticks]] as const) cpu.write(at, 4, value); // prettier-ignore
    if (course.dataCache) cpu.write(0xe000ed14, 4, 0x50200);
    cpu.set(S.PRIMASK, course.masked ? 1 : 0);
    machine.setRepairs(course.replaced ? { pages: new Set([BLOCK >>> 12]), read: () => null } : null);
  }
  run(code: ReturnType<typeof program>, handler: readonly number[], course: Course, skipping: boolean, without: readonly ShortcutName[]) {
    const { machine, cpu } = this;
    this.begin(code, handler, course);
    machine.skipping = skipping;
    machine.withoutShortcuts(without);
    this.skipped = 0;
    let now = 0;
    let middle: Checkpoint | null = null;
    const seen = Array.from({ length: PIECES }, (_, i) => {
      if (i === 2) middle = machine.save();
      // the same again, with a word otherwise: what is known of its loops may hold
      if (i === 4) machine.restore(middle!);
      now = i === 4 ? 3 : now + 1;
      const word = course.moves[i]!;
      if (word > 0) machine.system.write(RAM + word, 4, 40 + i);
      if (word < 0) machine.system.write(BLOCK + 12, 4, 5 + i);
      machine.run(now * PIECE * PS_PER_CYCLE);
      const flags = [cpu.get(S.NF) >>> 31, cpu.get(S.ZF) === 0, cpu.get(S.CF), cpu.get(S.VF)];
      const words = [...machine.system.memoryBytes('RAM').subarray(0, 32), ...machine.system.memoryBytes('RAM').subarray(0x7fa0, 0x8000)];
      const told = [machine.history.seq, machine.history.repeats, machine.uninitialisedReads(), machine.state.unmodelled];
      return [cpu.pc, cpu.cycles(), cpu.retired(), ...cpu.stateWords().subarray(S.R >> 2, S.R15 >> 2), ...flags, ...words, cpu.get(S.CACHE_HITS), told, cpu.peek(0xe000e018, 4), cpu.peek(BLOCK + 12, 4)]; // prettier-ignore
    });
    return { end: JSON.stringify(seen), skipped: this.skipped };
  }
}

/** By machine, of its 29 programs: how many are left out in part, and how many thousand of their 3,828,000 cycles. */
const LEFT_OUT: readonly (readonly [number, number])[] = [[17, 1581], [17, 1745], [22, 2001], [20, 1805], [25, 2406]]; // prettier-ignore
it.each(MACHINES.map(([core, cache], n) => [core, cache?.rowBytes ? `a cache of ${cache.codeRows} rows` : 'no cache', n] as const))(
  '%s with %s: programs of which waits are left out end as if none were, and no fewer are than could be', (_core, _cache, n) => {
    const [core, cache] = MACHINES[n]!;
    const bench = new Bench(core, cache);
    let [programs, cycles] = [0, 0];
    for (let i = 0; i < 29; i++) {
      const c = new Chance(5000 + 1000 * n + i);
      const code = (i < 18 ? program : i < 23 ? shared : i < 27 ? outer : flagged)(c);
      const handler = i < 18 ? c.of(HANDLERS) : HANDLERS[0]!;
      const course: Course = {
        waits: cache ? c.of([1, 3, 4]) : c.of([0, 1, 4, 5]),
        kinds: cache ? c.of([3, 3, 3, 7, 1, 2]) : 0,
        masked: c.below(6) === 0,
        moves: Array.from({ length: PIECES }, () => c.of([0, 0, 8, 12, 12, -1])),
        replaced: c.below(6) === 0,
        ticks: c.of([7, 7, 5, 3]),
        dataCache: core === 'm7' && c.below(3) === 0,
      };
      const whole = bench.run(code, handler, course, true, []);
      const less = i % 2 ? bench.run(code, handler, course, true, [SHORTCUTS[((i >> 1) + n) % SHORTCUTS.length]!]) : whole;
      const plain = bench.run(code, handler, course, false, []);
      programs += Number(whole.skipped > 0);
      cycles += whole.skipped;
      if (whole.end !== plain.end || less.end !== plain.end)
        throw new Error(`${core} ${n} ${i}: ${code.main.map((h) => h.toString(16)).join(' ')} / ${code.called.map((h) => h.toString(16)).join(' ')} ${JSON.stringify(course)}`); // prettier-ignore
    }
    bench.machine.release();
    expect(programs).toBeGreaterThanOrEqual(LEFT_OUT[n]![0]);
    expect(cycles / 1000).toBeGreaterThanOrEqual(LEFT_OUT[n]![1]);
  }); // prettier-ignore
