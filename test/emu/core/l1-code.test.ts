/** L1 instruction cache of the Cortex-M7: lines that memory has left behind run on, in both tiers, with the misses of a model of its own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Core } from '../../../src/emu/core/core.ts';
import { S } from '../../../src/emu/core/state.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { BX_LR, FLASH, MAIN, NOP, RAM, reg, runCycles, runProgram, started } from './bare-machine.ts';
import { ThumbWriter } from './thumb-writer.ts';

const CCR = 0xe000ed14;
const STKALIGN = 0x40200;
const DC = 0x10000;
const IC = 0x20000;
const ICIALLU = 0xe000ef50;
const ICIMVAU = 0xe000ef58;
const DCISW = 0xe000ef60;
const DCCMVAU = 0xe000ef64;
const LINE_FILL = 6;
const NE = 1;
const movs = (r: number, imm: number): number => 0x2000 | (r << 8) | imm;

type Op = { readonly call: number } | { readonly register: number; readonly value: number };

/** Two ways, 256 sets, an invalid way first, then round robin. */
class ReferenceLines {
  private readonly sets = Array.from({ length: 256 }, () => ({
    ways: [null, null] as ({ address: number; code: number[] } | null)[],
    next: 0,
  }));
  private last = -1;
  misses = 0;
  private readonly memory: (address: number) => number;
  constructor(memory: (address: number) => number) {
    this.memory = memory;
  }
  private find(line: number) {
    return this.sets[(line >>> 5) & 255]!.ways.find((w) => w?.address === line);
  }
  /** Half-word of an instruction. */
  fetch(pc: number): number {
    const line = pc - (pc % 32);
    if (line !== this.last && !this.find(line)) {
      this.misses++;
      const set = this.sets[(line >>> 5) & 255]!;
      let way = set.ways.indexOf(null);
      if (way < 0) {
        way = set.next;
        set.next = 1 - set.next;
      }
      set.ways[way] = { address: line, code: Array.from({ length: 16 }, (_, i) => this.memory(line + 2 * i)) };
    }
    this.last = line;
    return this.find(line)?.code[(pc % 32) / 2] ?? this.memory(pc);
  }
  invalidate(address: number | null): void {
    for (const set of this.sets)
      set.ways.forEach((w, i) => {
        if (address === null || w?.address === address - (address % 32)) set.ways[i] = null;
      });
  }
}

/** Functions of five instructions over two lines, the last three in the sets of the program that calls them; the first and the fourth instruction load a constant. */
const FUNCTIONS = [0x4000, 0x6000, 0x8000, 0xa000, 0x4020, 0x5020, 0x7020, 0x9020].map((at) => RAM + at + 28);
const functionCode = (n: number): number[] => [movs(1, n), NOP, NOP, movs(3, n + 100), BX_LR];

function programOf(ops: readonly Op[]): { code: number[]; end: number; starts: number[][] } {
  const w = new ThumbWriter().constant(6, 33);
  const top = w.offset;
  const starts: number[][] = [[0, 4]];
  for (const op of ops) {
    const at: number[] = [];
    const one = (...code: number[]): void => {
      at.push(w.offset);
      w.emit(...code);
    };
    const constant = (r: number, value: number): void => {
      at.push(w.offset, w.offset + 4);
      w.constant(r, value);
    };
    if ('call' in op) {
      constant(0, FUNCTIONS[op.call]! + 1);
      one(0x4780);
      for (const r of [1, 3]) {
        one(0x4377);
        one(0x1800 | (r << 6) | (7 << 3) | 7);
      }
    } else {
      constant(0, op.register);
      constant(1, op.value);
      one(0x6001);
    }
    starts.push(at);
  }
  starts.push([w.offset, w.offset + 2, w.offset + 6]);
  w.emit(0x3d01).branchIf(NE, top).emit(0xe7fe);
  return { code: w.code, end: w.offset - 2, starts };
}

function model(ops: readonly Op[], p: ReturnType<typeof programOf>, rounds: number, lines: ReferenceLines, before: number): number {
  let r7 = before;
  const own = (offset: number): number => lines.fetch(FLASH + MAIN + offset);
  p.starts[0]!.forEach(own);
  for (let round = 0; round < rounds; round++) {
    ops.forEach((op, i) => {
      p.starts[i + 1]!.forEach((offset, k) => {
        own(offset);
        if ('register' in op) {
          if (k === 4) lines.invalidate(op.register === ICIALLU ? null : op.value);
        } else if (k === 2) {
          const code = [0, 2, 4, 6, 8].map((o) => lines.fetch(FUNCTIONS[op.call]! + o));
          for (const constant of [code[0]! & 0xff, code[3]! & 0xff]) r7 = (Math.imul(r7, 33) + constant) >>> 0;
        }
      });
    });
    p.starts.at(-1)!.slice(0, 2).forEach(own);
  }
  own(p.end);
  return r7;
}

function machineFor(p: ReturnType<typeof programOf>): { machine: Machine; cpu: Core } {
  const { machine, cpu } = started('m7', { [MAIN]: p.code });
  FUNCTIONS.forEach((at, n) => functionCode(n).forEach((h, i) => machine.system.write(at + 2 * i, 2, h)));
  cpu.write(ICIALLU, 4, 0);
  return { machine, cpu };
}

const anyOp: fc.Arbitrary<Op> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ call: fc.nat(FUNCTIONS.length - 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      register: fc.constant(ICIMVAU),
      value: fc.tuple(fc.nat(FUNCTIONS.length - 1), fc.nat(9)).map(([n, o]) => FUNCTIONS[n]! + o),
    }),
  },
  { weight: 1, arbitrary: fc.record({ register: fc.constant(ICIALLU), value: fc.constant(0) }) },
);
const anyDma = fc.array(fc.tuple(fc.nat(FUNCTIONS.length - 1), fc.constantFrom(0, 3), fc.nat(255)), { maxLength: 3 });

describe('L1 instruction cache of the Cortex-M7', () => {
  it('runs what its lines hold, as an independent model says; both tiers in the same cycles; a miss costs one line fill', () => {
    let translated = 0;
    fc.assert(
      fc.property(fc.array(anyOp, { minLength: 3, maxLength: 40 }), fc.array(anyDma, { minLength: 1, maxLength: 4 }), (ops, dmas) => {
        const p = programOf(ops);
        const [a, b, off] = [machineFor(p), machineFor(p), machineFor(p)];
        a.cpu.setTranslating(false);
        b.cpu.setTranslating(true, 2);
        for (const m of [a, b]) m.cpu.write(CCR, 4, STKALIGN | IC);
        const lines = new ReferenceLines((address) => a.machine.system.read(address, 2));
        let r7 = reg(a.cpu, 7);
        for (const dma of dmas) {
          const before = lines.misses;
          r7 = model(ops, p, 6, lines, r7);
          const cycles = runProgram(a.machine, p.end, 6);
          expect(runProgram(b.machine, p.end, 6)).toBe(cycles);
          expect(reg(a.cpu, 7)).toBe(r7);
          expect(reg(b.cpu, 7)).toBe(r7);
          expect(cycles - runProgram(off.machine, p.end, 6)).toBe((lines.misses - before) * LINE_FILL);
          for (const [n, which, imm] of dma) {
            // the first half is the opcode: only the constant is new
            for (const m of [a, b, off]) m.machine.system.write(FUNCTIONS[n]! + 2 * which, 1, imm);
          }
        }
        translated += b.cpu.tier.counters.compiled;
      }),
      { numRuns: 15, seed: 745 },
    );
    expect(translated).toBeGreaterThan(30);
  });

  it('functions that push lines of their caller out cost what they cost the interpreter, without leaving translated code for each line', () => {
    // the calls of a loop over five lines: some stand in the sets of the functions, and go on in their own line
    const callees = [...FUNCTIONS.slice(-3), ...FUNCTIONS.slice(-3), ...FUNCTIONS.slice(-3)];
    const w = new ThumbWriter().constant(6, 33);
    const top = w.offset;
    for (const at of callees) w.constant(0, at + 1).emit(0x4780, NOP, NOP, NOP);
    w.emit(0x3d01).branchIf(NE, top).emit(0xe7fe);
    const end = w.offset - 2;
    const [a, b] = [false, true].map((translating) => {
      const m = machineFor({ code: w.code, end, starts: [] });
      m.cpu.setTranslating(translating, 2);
      m.cpu.countExits();
      m.cpu.write(CCR, 4, STKALIGN | IC);
      return m;
    }) as [{ machine: Machine; cpu: Core }, { machine: Machine; cpu: Core }];
    for (const slice of [100_000, 997, 101])
      expect(runProgram(b.machine, end, 60, slice), `slices of ${slice}`).toBe(runProgram(a.machine, end, 60, slice));
    expect(b.cpu.l1!.save()).toEqual(a.cpu.l1!.save());
    expect(b.cpu.l1!.changes).toBeGreaterThan(1000);
    const left = [...(b.cpu.tier.exits!.get('line')?.values() ?? [])].reduce((n, c) => n + c, 0);
    expect(left).toBeLessThan(b.cpu.l1!.changes / 10);
  });

  const EDIT = RAM + 0x4000;
  function caller(on: number): { machine: Machine; cpu: Core; run(): number } {
    const w = new ThumbWriter().constant(0, EDIT + 1).emit(0x4780, 0xe7fe);
    const { machine, cpu } = started('m7', { [MAIN]: w.code });
    machine.system.write(EDIT, 4, (BX_LR << 16) | movs(1, 1));
    cpu.write(ICIALLU, 4, 0);
    for (let way = 0; way < 4; way++) for (let set = 0; set < 128; set++) cpu.write(DCISW, 4, ((way << 30) | (set << 5)) >>> 0);
    cpu.write(CCR, 4, STKALIGN | on);
    const run = (): number => {
      cpu.branchTo(FLASH + MAIN);
      runCycles(machine, 200);
      return reg(cpu, 1);
    };
    return { machine, cpu, run };
  }
  it('code that the core writes through the data cache is not seen before the line is cleaned, nor before the old one is invalidated', () => {
    const { cpu, run } = caller(DC | IC);
    expect(run()).toBe(1);
    cpu.write(EDIT, 1, 2);
    expect(cpu.peek(EDIT, 1)).toBe(2);
    cpu.write(ICIMVAU, 4, EDIT);
    expect(run()).toBe(1);
    cpu.write(DCCMVAU, 4, EDIT);
    expect(run()).toBe(1);
    cpu.write(ICIMVAU, 4, EDIT);
    expect(run()).toBe(2);
  });
  it('switching the cache off shows memory; switching it on again without invalidation shows the old line', () => {
    const { machine, cpu, run } = caller(IC);
    expect(run()).toBe(1);
    machine.system.write(EDIT, 1, 3);
    expect(run()).toBe(1);
    cpu.write(CCR, 4, STKALIGN);
    expect(run()).toBe(3);
    cpu.write(CCR, 4, STKALIGN | IC);
    expect(run()).toBe(1);
    cpu.write(ICIALLU, 4, 0);
    expect(run()).toBe(3);
  });
  it('a checkpoint keeps lines and what memory has become since', () => {
    const { machine, cpu, run } = caller(IC);
    run();
    machine.system.write(EDIT, 1, 4);
    const stale = machine.save();
    cpu.write(ICIALLU, 4, 0);
    expect(run()).toBe(4);
    machine.restore(stale);
    expect(run()).toBe(1);
  });
});

describe('the line that was paid for last is told', () => {
  it.each([
    ['with', STKALIGN | IC, 2],
    ['without', STKALIGN, 4],
  ])('%s the cache', (_, ccr, tags) => {
    const memories = [
      { name: 'FLASH', base: FLASH, size: 0x8_0000, kind: 'flash', zone: 'user', waitStates: true },
      { name: 'RAM', base: RAM, size: 0x2_0000, kind: 'ram', zone: 'user' },
    ] as const;
    const { machine, cpu } = started('m7', { [MAIN]: Array.from({ length: 32 }, () => NOP) }, {}, { memories });
    cpu.caches.setFlashTiming({ waitStates: 2, cache: false, sets: 256, ways: 2, kinds: 0 });
    cpu.write(CCR, 4, ccr);
    const seen = new Set<number>();
    while (cpu.pc < FLASH + MAIN + 62) {
      cpu.step();
      seen.add(cpu.get(S.CHARGED));
      // it may issue two
      expect(cpu.get(S.CHARGED)).toBe(cpu.caches.chargeOf(cpu.pc - 2));
    }
    expect(seen.size).toBe(tags);
    machine.release();
  });
});
