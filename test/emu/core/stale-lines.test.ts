/** The instruction cache of STM32H5, between core and flash: its lines keep what they were filled with; both tiers and a model of lists. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChipDescription } from '../../../src/emu/chip.ts';
import type { Core } from '../../../src/emu/core/core.ts';
import { S } from '../../../src/emu/core/state.ts';
import { STM32H533RE } from '../../../src/chips/stm32h533.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { MODELS } from '../../../src/peripherals/index.ts';
import { BX_LR, FLASH, LOOP, RAM, RAM_END, runCycles, started } from './bare-machine.ts';
import { ThumbWriter } from './thumb-writer.ts';
import { BriefMachine } from '../../brief.ts';

const WAIT = 5;
const MEMORIES: Partial<ChipDescription> = {
  memories: [
    { name: 'FLASH', base: FLASH, size: 0x8_0000, kind: 'flash', zone: 'user', aliases: [0], waitStates: true },
    { name: 'RAM', base: RAM, size: RAM_END - RAM, kind: 'ram', zone: 'user' },
  ],
};
const movs = (r: number, imm: number): number => 0x2000 | (r << 8) | imm;
/** Functions of one line each and words, four of a kind in one set of the cache. */
const FUNCTIONS = [0x3000, 0x4000, 0x5000, 0x6000, 0x3010, 0x4010, 0x5010];
const WORDS = [0x3020, 0x4020, 0x5020, 0x3018, 0x4008];
const RESULTS = RAM + 0x4000;

type Op = { readonly call: number } | { readonly load: number };
type Round = { readonly poke: number; readonly value: number } | 'invalidate' | 'nothing';

/** What the ops give, stored one behind the other; in RAM, which no cache stands before. */
function programOf(ops: readonly Op[]): { bytes: Uint8Array; end: number } {
  const w = new ThumbWriter().constant(5, RESULTS);
  for (const op of ops) {
    if ('call' in op) w.constant(3, FLASH + FUNCTIONS[op.call]! + 1).emit(0x4798);
    else w.constant(3, FLASH + WORDS[op.load]!).emit(0x6818);
    w.emit(0xf845, 0x0b04);
  }
  const end = w.offset;
  return { bytes: new Uint8Array(new Uint16Array([...w.code, LOOP]).buffer), end };
}
interface Bench {
  readonly machine: Machine;
  readonly cpu: Core;
}
function benchOf(program: Uint8Array): Bench {
  const b = started(
    'm33',
    Object.fromEntries([...FUNCTIONS.map((f, i) => [f, [movs(0, i), BX_LR]]), ...WORDS.map((a, i) => [a, [0x100 + i, 0]])]) as Record<
      number,
      number[]
    >,
    {},
    MEMORIES,
  );
  b.machine.system.pokeMemory('RAM', 0, program);
  b.cpu.caches.setFlashTiming({ waitStates: WAIT, cache: true, sets: 256, ways: 2, kinds: 0 });
  return b;
}
function run({ machine, cpu }: Bench, end: number, n: number): { results: number[]; cycles: number } {
  cpu.branchTo(RAM);
  cpu.setBreakpoints(new Set([RAM + end]));
  const from = cpu.cycles();
  for (let i = 0; i < 100 && cpu.pc !== RAM + end; i++) runCycles(machine, 499);
  expect(cpu.pc).toBe(RAM + end);
  return { results: Array.from({ length: n }, (_, i) => cpu.peek(RESULTS + 4 * i, 4)!), cycles: cpu.cycles() - from };
}

/** Two lines a set, the one used last behind the other, each with what memory held when it was read. */
class Lines {
  private readonly sets = new Map<number, { line: number; content: ReadonlyMap<number, number> }[]>();
  misses = 0;
  read(address: number, memory: ReadonlyMap<number, number>): number {
    const line = address >>> 4;
    const list = this.sets.get(line & 255) ?? [];
    const i = list.findIndex((x) => x.line === line);
    if (i < 0) this.misses++;
    const entry = i < 0 ? { line, content: new Map([...memory].filter(([a]) => a >>> 4 === line)) } : list.splice(i, 1)[0]!;
    if (i < 0 && list.length === 2) list.shift();
    list.push(entry);
    this.sets.set(line & 255, list);
    return entry.content.get(address)!;
  }
  invalidate(): void {
    this.sets.clear();
  }
}
const anyOp: fc.Arbitrary<Op> = fc.oneof(fc.record({ call: fc.nat(FUNCTIONS.length - 1) }), fc.record({ load: fc.nat(WORDS.length - 1) }));
const anyRound: fc.Arbitrary<Round> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ poke: fc.nat(FUNCTIONS.length + WORDS.length - 1), value: fc.nat(255) }) },
  { weight: 2, arbitrary: fc.constant('nothing' as const) },
  { weight: 1, arbitrary: fc.constant('invalidate' as const) },
);

describe('instruction cache of STM32H5', () => {
  it('shows what a model with lists shows, whatever is programmed behind its back; both tiers in the same cycles', () => {
    let stale = 0;
    let translated = 0;
    fc.assert(
      fc.property(fc.array(anyOp, { minLength: 4, maxLength: 16 }), fc.array(anyRound, { minLength: 3, maxLength: 9 }), (ops, rounds) => {
        const p = programOf(ops);
        const [a, b] = [benchOf(p.bytes), benchOf(p.bytes)];
        a.cpu.setTranslating(false);
        b.cpu.setTranslating(true, 2);
        const memory = new Map<number, number>([
          ...FUNCTIONS.map((f, i) => [f, i] as const),
          ...WORDS.map((w, i) => [w, 0x100 + i] as const),
        ]);
        const lines = new Lines();
        let plain: number | null = null;
        for (const round of ['nothing' as const, 'nothing' as const, ...rounds]) {
          if (round === 'invalidate') {
            lines.invalidate();
            for (const x of [a, b]) x.cpu.caches.invalidateCache();
          } else if (round !== 'nothing') {
            const at = round.poke < FUNCTIONS.length ? FUNCTIONS[round.poke]! : WORDS[round.poke - FUNCTIONS.length]!;
            const isCode = round.poke < FUNCTIONS.length;
            memory.set(at, isCode ? round.value : 0x100 | round.value);
            for (const x of [a, b]) x.machine.system.pokeMemory('FLASH', at, new Uint8Array([round.value]));
          }
          stale += a.cpu.stale.count;
          const before = lines.misses;
          const wanted = ops.map((op) => lines.read('call' in op ? FUNCTIONS[op.call]! : WORDS[op.load]!, memory));
          const ran = run(a, p.end, ops.length);
          expect(ran.results).toEqual(wanted);
          expect(run(b, p.end, ops.length)).toEqual(ran);
          plain ??= ran.cycles - WAIT * (lines.misses - before);
          expect(ran.cycles - plain).toBe(WAIT * (lines.misses - before));
        }
        translated += b.cpu.tier.counters.compiled;
      }),
      { numRuns: 60, seed: 533 },
    );
    expect(stale).toBeGreaterThan(100);
    expect(translated).toBeGreaterThan(30);
  });

  it('a checkpoint keeps what its lines hold', () => {
    const p = programOf([{ call: 0 }, { load: 0 }]);
    const b = benchOf(p.bytes);
    expect(run(b, p.end, 2).results).toEqual([0, 0x100]);
    b.machine.system.pokeMemory('FLASH', FUNCTIONS[0]!, new Uint8Array([7]));
    b.machine.system.pokeMemory('FLASH', WORDS[0]!, new Uint8Array([7]));
    const saved = b.machine.save();
    b.cpu.caches.invalidateCache();
    expect(run(b, p.end, 2).results).toEqual([7, 0x107]);
    b.machine.restore(saved);
    expect(run(b, p.end, 2).results).toEqual([0, 0x100]);
  });

  it('says once for each line that it shows something else than memory', () => {
    const p = programOf([{ call: 0 }, { load: 0 }, { load: 0 }, { load: 1 }]);
    const b = benchOf(p.bytes);
    run(b, p.end, 4);
    for (const at of [FUNCTIONS[0]!, WORDS[0]!]) b.machine.system.pokeMemory('FLASH', at, new Uint8Array([7]));
    // written with what was there
    b.machine.system.pokeMemory('FLASH', WORDS[1]!, new Uint8Array([1]));
    for (let i = 0; i < 3; i++) run(b, p.end, 4);
    expect(b.machine.state.notes.map((n) => `${n.count} ${n.text.slice(0, 22)}`)).toEqual([
      '1 0x08003000 is executed',
      '1 0x08003020 reads as it',
    ]);
    b.cpu.caches.invalidateCache();
    run(b, p.end, 4);
    expect(b.machine.state.notes.length).toBe(2);
  });

  const PAGE = 0x0804_0000;
  const ICACHE = 0x4003_0400;
  const FLASH_REGISTERS = 0x4002_2000;
  function h533(): { cpu: Core; program(at: number, value: number): void; wait(): void } {
    const machine = new BriefMachine({ chip: STM32H533RE, models: MODELS, seed: 1 });
    machine.eraseNonVolatile();
    machine.powerOn();
    const cpu = machine.cores[0]!;
    const wait = (): void => void machine.run(machine.now + 1e9);
    wait();
    const program = (at: number, value: number): void => {
      for (const key of [0x4567_0123, 0xcdef_89ab]) cpu.write(FLASH_REGISTERS + 4, 4, key);
      cpu.write(FLASH_REGISTERS + 0x28, 4, 2);
      for (let i = 0; i < 4; i++) cpu.write(at + 4 * i, 4, value);
      wait();
      cpu.write(FLASH_REGISTERS + 0x28, 4, 0);
      cpu.write(FLASH_REGISTERS + 0x28, 4, 1);
    };
    return { cpu, program, wait };
  }
  const on = ({ cpu, wait }: ReturnType<typeof h533>): void => {
    cpu.write(ICACHE, 4, 0x5 | (3 << 16));
    wait();
  };
  it('H533: a word that was read before it was programmed reads erased until the cache is invalidated', () => {
    const h = h533();
    on(h);
    expect(h.cpu.read(PAGE, 4)).toBe(0xffff_ffff);
    h.program(PAGE, 0x1234_5678);
    expect(h.cpu.read(PAGE, 4)).toBe(0xffff_ffff);
    h.cpu.write(ICACHE, 4, 0x7);
    h.wait();
    expect(h.cpu.read(PAGE, 4)).toBe(0x1234_5678);
  });
  it('H533: one that was not read before does not', () => {
    const h = h533();
    on(h);
    h.program(PAGE, 0x1234_5678);
    expect(h.cpu.read(PAGE, 4)).toBe(0x1234_5678);
  });
  it('H533: switching it off shows memory, now and afterwards', () => {
    const h = h533();
    on(h);
    h.cpu.read(PAGE, 4);
    h.program(PAGE, 0x1234_5678);
    h.cpu.write(ICACHE, 4, 0x4);
    expect(h.cpu.read(PAGE, 4)).toBe(0x1234_5678);
    h.wait();
    on(h);
    expect(h.cpu.read(PAGE, 4)).toBe(0x1234_5678);
  });
  it('H533: ERRF tells of a write to cacheable memory while it is on', () => {
    const h = h533();
    h.program(PAGE, 1);
    expect(h.cpu.read(ICACHE + 4, 4) & 4).toBe(0);
    on(h);
    h.program(PAGE + 16, 1);
    expect(h.cpu.read(ICACHE + 4, 4) & 4).toBe(4);
    h.cpu.write(ICACHE + 0xc, 4, 4);
    expect(h.cpu.read(ICACHE + 4, 4) & 4).toBe(0);
    expect(h.cpu.read(PAGE + 16, 4)).toBe(1);
  });
  it('H533: HMONR and MMONR count hits and misses', () => {
    const h = h533();
    on(h);
    const [hits, misses] = [h.cpu.get(S.CACHE_HITS), h.cpu.get(S.CACHE_MISSES)];
    for (let i = 0; i < 8; i++) h.cpu.read(PAGE + 4 * i, 4);
    expect([h.cpu.get(S.CACHE_HITS) - hits, h.cpu.get(S.CACHE_MISSES) - misses]).toEqual([6, 2]);
    const counted = [h.cpu.read(ICACHE + 0x10, 4), h.cpu.read(ICACHE + 0x14, 4)];
    for (let i = 0; i < 8; i++) h.cpu.read(PAGE + 4 * i, 4);
    expect([h.cpu.read(ICACHE + 0x10, 4) - counted[0]!, h.cpu.read(ICACHE + 0x14, 4) - counted[1]!]).toEqual([8, 0]);
    expect(counted[1]).toBeGreaterThanOrEqual(2);
  });
});
