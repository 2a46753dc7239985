/** Caches of the flash controller (ART accelerator of STM32 L4 and F4): rows, least recently used first, prefetch, stale rows; both tiers alike. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChipDescription, FlashCacheRow } from '../../../src/emu/chip.ts';
import type { Core } from '../../../src/emu/core/core.ts';
import { KIND } from '../../../src/emu/core/caches/flash-cache.ts';
import { S } from '../../../src/emu/core/state.ts';
import { STM32F405RG } from '../../../src/chips/stm32f405.ts';
import { STM32L476RG } from '../../../src/chips/stm32l476.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { MODELS } from '../../../src/peripherals/index.ts';
import { BX_LR, FLASH, LOOP, MAIN, NOP, RAM, RAM_END, reg, runCycles, runProgram, started } from './bare-machine.ts';
import { countSkipped } from '../skipped.ts';
import { ThumbWriter } from './thumb-writer.ts';
import { BriefMachine } from '../../brief.ts';

const WAIT = 4;
const NE = 1;
const TABLE = 0x6000;
const movs = (r: number, imm: number): number => 0x2000 | (r << 8) | imm;

const chipWith = (value: FlashCacheRow): Partial<ChipDescription> => ({
  flashCache: { value, source: 'test', confidence: 'assumed' },
  memories: [
    { name: 'FLASH', base: FLASH, size: 0x8_0000, kind: 'flash', zone: 'user', aliases: [0], waitStates: true },
    { name: 'RAM', base: RAM, size: RAM_END - RAM, kind: 'ram', zone: 'user' },
  ],
});
const setTiming = (cpu: Core, waitStates: number, kinds: number): void =>
  cpu.caches.setFlashTiming({ waitStates, cache: false, sets: 256, ways: 2, kinds });

type Op = { readonly call: number } | { readonly load: number } | { readonly literal: number };
/** Literals lie behind the program, in reach of all of it. */
const POOL = 0x2c0;
/** Functions of seven instructions, some of them wide, over several lines. */
const FUNCTIONS = [0x3000, 0x3024, 0x3038, 0x3106, 0x3300, 0x331e].map((o) => FLASH + o);
const CODE = [movs(1, 5), 0xf04f, 0x0307, NOP, 0xf101, 0x0102, NOP, NOP, BX_LR];

interface Access {
  readonly kind: 'fetch' | 'data';
  readonly address: number;
}
/** The program, and every fetch and read of one round of it. */
function programOf(ops: readonly Op[]): { code: number[]; end: number; before: Access[]; round: Access[]; after: Access[] } {
  const w = new ThumbWriter();
  const before: Access[] = [];
  const round: Access[] = [];
  let list = before;
  const one = (...code: number[]): void => {
    list.push({ kind: 'fetch', address: FLASH + MAIN + w.offset });
    w.emit(...code);
  };
  const constant = (r: number, value: number): void => {
    for (const o of [0, 4]) list.push({ kind: 'fetch', address: FLASH + MAIN + w.offset + o });
    w.constant(r, value);
  };
  one(NOP);
  const top = w.offset;
  list = round;
  for (const op of ops) {
    if ('call' in op) {
      constant(0, FUNCTIONS[op.call]! + 1);
      one(0x4780);
      let at = FUNCTIONS[op.call]!;
      for (let i = 0; i < CODE.length;) {
        const size = CODE[i]! >>> 11 >= 0x1d ? 4 : 2;
        list.push({ kind: 'fetch', address: at });
        at += size;
        i += size / 2;
      }
    } else if ('load' in op) {
      constant(0, FLASH + TABLE + op.load);
      one(0x6802);
      list.push({ kind: 'data', address: FLASH + TABLE + op.load });
    } else {
      const at = POOL + 4 * op.literal;
      one(0x4a00 | ((at - ((w.offset + 4) & ~3)) >> 2));
      list.push({ kind: 'data', address: FLASH + MAIN + at });
    }
  }
  one(0x3d01);
  list.push({ kind: 'fetch', address: FLASH + MAIN + w.offset });
  w.branchIf(NE, top);
  const end = w.offset;
  w.emit(0xe7fe);
  return { code: w.code, end, before, round, after: [{ kind: 'fetch', address: FLASH + MAIN + end }] };
}

/** Least recently used rows as lists, oldest first. */
class Reference {
  private readonly g: FlashCacheRow;
  private readonly kinds: number;
  private readonly half: (address: number) => number;
  private readonly lists: { code: { row: number; lines: Set<number> }[]; data: { row: number; lines: Set<number> }[] } = {
    code: [],
    data: [],
  };
  private last = -1;
  cycles = 0;
  constructor(g: FlashCacheRow, kinds: number, half: (address: number) => number) {
    this.g = g;
    this.kinds = kinds;
    this.half = half;
  }
  private use(which: 'code' | 'data', line: number): boolean {
    const list = this.lists[which];
    const row = Math.floor(line / this.g.rowBytes);
    const i = list.findIndex((r) => r.row === row);
    const entry = i < 0 ? { row, lines: new Set<number>() } : list.splice(i, 1)[0]!;
    if (i < 0 && list.length === (which === 'code' ? this.g.codeRows : this.g.dataRows)) list.shift();
    list.push(entry);
    const held = entry.lines.has(line);
    entry.lines.add(line);
    return held;
  }
  private sequential(line: number): number {
    let n = 0;
    for (let a = line - this.g.lineBytes; a < line; a += this.half(a) >>> 11 >= 0x1d ? 4 : 2) n++;
    return Math.max(0, WAIT + 1 - n);
  }
  access(a: Access): void {
    const line = a.address - (a.address % this.g.lineBytes);
    if (a.kind === 'data') {
      if ((this.kinds & KIND.DATA) === 0 || !this.use('data', line)) this.cycles += WAIT;
      return;
    }
    if (line === this.last) return;
    if ((this.kinds & KIND.CODE) === 0 || !this.use('code', line))
      this.cycles += this.kinds & KIND.PREFETCH && line === this.last + this.g.lineBytes ? this.sequential(line) : WAIT;
    this.last = line;
  }
}

function machineFor(p: ReturnType<typeof programOf>, g: FlashCacheRow): { machine: Machine; cpu: Core } {
  const table = Array.from({ length: 0x100 }, (_, i) => i * 77);
  return started('m4', { [MAIN]: p.code, [TABLE]: table, ...Object.fromEntries(FUNCTIONS.map((f) => [f - FLASH, CODE])) }, {}, chipWith(g));
}

/** Rows and the lines that they hold, in the order of their last use. */
function rowsOf(cpu: Core): unknown {
  const { code, data } = cpu.flashCache!.save();
  return [code, data].map((rows) =>
    [...rows].sort((x, y) => x.used - y.used).map(({ row, host, marks }) => ({ row, host, held: marks.map((m) => m !== 0) })),
  );
}

const GEOMETRIES: readonly FlashCacheRow[] = [
  { lineBytes: 8, rowBytes: 32, codeRows: 6, dataRows: 3 },
  { lineBytes: 16, rowBytes: 16, codeRows: 10, dataRows: 3 },
  { lineBytes: 8, rowBytes: 32, codeRows: 32, dataRows: 8 },
];
const anyOp: fc.Arbitrary<Op> = fc.oneof(
  fc.record({ call: fc.nat(FUNCTIONS.length - 1) }),
  fc.record({ load: fc.nat(0x3f).map((n) => 4 * n) }),
  fc.record({ literal: fc.nat(0x1f) }),
);

describe('caches of the flash controller', () => {
  it('cost what a model with lists says; both tiers in the same cycles, whatever is on', () => {
    let translated = 0;
    fc.assert(
      fc.property(
        fc.array(anyOp, { minLength: 2, maxLength: 24 }),
        fc.constantFrom(...GEOMETRIES),
        fc.integer({ min: 0, max: 7 }),
        (ops, g, kinds) => {
          const p = programOf(ops);
          const [a, b, off] = [machineFor(p, g), machineFor(p, g), machineFor(p, g)];
          a.cpu.setTranslating(false);
          b.cpu.setTranslating(true, 2);
          for (const m of [a, b]) setTiming(m.cpu, WAIT, kinds);
          const reference = new Reference(g, kinds, (address) => a.machine.system.read(address, 2));
          for (let k = 0; k < 3; k++) {
            const before = reference.cycles;
            for (const x of p.before) reference.access(x);
            for (let r = 0; r < 5; r++) for (const x of p.round) reference.access(x);
            for (const x of p.after) reference.access(x);
            const cycles = runProgram(a.machine, p.end, 5, 997);
            expect(runProgram(b.machine, p.end, 5, 997)).toBe(cycles);
            expect(cycles - runProgram(off.machine, p.end, 5, 997)).toBe(reference.cycles - before);
            expect(rowsOf(b.cpu)).toEqual(rowsOf(a.cpu));
          }
          translated += b.cpu.tier.counters.compiled;
        },
      ),
      { numRuns: 40, seed: 476 },
    );
    expect(translated).toBeGreaterThan(40);
  });

  const WORD = TABLE + 0x40;
  function stale(): { machine: Machine; cpu: Core; run(): number[] } {
    const w = new ThumbWriter()
      .constant(0, FLASH + WORD)
      .emit(0x6802)
      .constant(0, FUNCTIONS[0]! + 1)
      .emit(0x4780, 0xe7fe);
    const { machine, cpu } = started(
      'm4',
      { [MAIN]: w.code, [WORD]: [11, 0], [FUNCTIONS[0]! - FLASH]: [movs(1, 1), BX_LR] },
      {},
      chipWith(GEOMETRIES[2]!),
    );
    const run = (): number[] => {
      cpu.branchTo(FLASH + MAIN);
      runCycles(machine, 300);
      return [reg(cpu, 1), reg(cpu, 2)];
    };
    return { machine, cpu, run };
  }
  const program = (machine: Machine): void => {
    machine.system.pokeMemory('FLASH', FUNCTIONS[0]! - FLASH, new Uint8Array([2]));
    machine.system.pokeMemory('FLASH', WORD, new Uint8Array([22]));
  };
  it.each(GEOMETRIES)('a loop that does not fit stays in its region, in the cycles of the interpreter: %o', (geometry) => {
    const LENGTH = 560;
    // ADDS R1, #1 …; LDR R2, [R0]; ADDS R0, #32; BIC R0, R0, #0x1000; B to the first
    const back = (0xe000 | (-(LENGTH + 6) & 0x7ff)) >>> 0;
    const code = [...Array.from({ length: LENGTH }, () => 0x3101), 0x6802, 0x3020, 0xf420, 0x5080, back];
    const machines = [true, false].map((tier) => {
      const { machine: m, cpu } = started('m4', { [MAIN]: code }, {}, chipWith(geometry));
      setTiming(cpu, WAIT, KIND.CODE | KIND.DATA);
      cpu.set(S.R, FLASH + TABLE);
      cpu.setTranslating(tier, 1);
      return { m, cpu };
    });
    const [translated, interpreted] = machines as [(typeof machines)[0], (typeof machines)[0]];
    runCycles(translated.m, 30_000);
    runCycles(interpreted.m, 30_000);
    translated.cpu.countExits();
    for (let i = 0; i < 60; i++) {
      const seen = machines.map(({ m, cpu }) => {
        runCycles(m, 997 + i);
        return [cpu.pc, cpu.cycles(), cpu.retired(), cpu.get(S.R), cpu.get(S.R + 4), cpu.flashCache!.changes];
      });
      expect(seen[0]).toEqual(seen[1]);
      if (i === 20) translated.cpu.tier.exits!.clear();
    }
    expect(translated.cpu.flashCache!.dataMisses).toBeGreaterThan(30);
    expect(translated.cpu.tier.exits!.get('line')).toBeUndefined();
    expect(translated.cpu.tier.exits!.get('access')).toBeUndefined();
    expect(translated.cpu.tier.counters.compiled).toBeGreaterThan(0);
  });
  it('after an erase, rows that were read before keep the old contents until they are reset', () => {
    const { machine, cpu, run } = stale();
    setTiming(cpu, WAIT, KIND.CODE | KIND.DATA);
    expect(run()).toEqual([1, 11]);
    program(machine);
    expect(run()).toEqual([1, 11]);
    expect(run()).toEqual([1, 11]);
    expect(machine.state.notes.map((n) => [n.count, n.text.split(' ')[0]])).toEqual([
      [1, '0x08006040'],
      [1, '0x08003000'],
    ]);
    cpu.caches.flushFlashCache(true, false);
    expect(run()).toEqual([2, 11]);
    cpu.caches.flushFlashCache(false, true);
    expect(run()).toEqual([2, 22]);
  });
  it('a line of such a row that nobody had read comes from memory as it is then', () => {
    // LDR R2, [R0]; LDR R3, [R0, #24], of another line of the row, if R1 is not 0
    const code = [0x6802, 0x2900, 0xd000, 0x6983, LOOP];
    const { machine, cpu } = started('m4', { [MAIN]: code, [WORD]: [11, 0], [WORD + 24]: [33, 0] }, {}, chipWith(GEOMETRIES[2]!));
    setTiming(cpu, WAIT, KIND.DATA);
    const run = (both: boolean): number[] => {
      cpu.branchTo(FLASH + MAIN);
      [FLASH + WORD, both ? 1 : 0, 0, 0].forEach((value, r) => cpu.set(S.R + 4 * r, value));
      runCycles(machine, 300);
      return [reg(cpu, 2), reg(cpu, 3)];
    };
    expect(run(false)).toEqual([11, 0]);
    machine.system.pokeMemory('FLASH', WORD, new Uint8Array([22]));
    machine.system.pokeMemory('FLASH', WORD + 24, new Uint8Array([44]));
    expect(run(true)).toEqual([11, 44]);
  });
  it('programming reaches rows of data, not those of code (RM0090 3.6.4)', () => {
    const { machine, cpu, run } = stale();
    setTiming(cpu, WAIT, KIND.CODE | KIND.DATA);
    expect(run()).toEqual([1, 11]);
    machine.system.pokeMemory('FLASH', FUNCTIONS[0]! - FLASH, new Uint8Array([2]), true);
    machine.system.pokeMemory('FLASH', WORD, new Uint8Array([22]), true);
    expect(run()).toEqual([1, 22]);
  });
  it('after an erase, what is programmed shows beside what the row has kept; all of it programmed, the row is as memory', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.nat(15),
        fc.nat(16),
        (old, programmed, from, length) => {
          const { machine, cpu, run } = stale();
          setTiming(cpu, WAIT, KIND.CODE | KIND.DATA);
          const row = WORD & ~15;
          machine.system.pokeMemory('FLASH', row, old);
          run();
          machine.system.pokeMemory('FLASH', row, new Uint8Array(16).fill(0xff));
          const part = programmed.subarray(from, from + length);
          machine.system.pokeMemory('FLASH', row + from, part, true);
          const seen = Uint8Array.from(old, (byte, i) => part[i - from] ?? byte);
          const at = WORD - row;
          expect(run()[1]).toBe(new DataView(seen.buffer).getUint32(at, true));
          machine.system.pokeMemory('FLASH', row, programmed, true);
          expect(run()[1]).toBe(new DataView(programmed.buffer, programmed.byteOffset).getUint32(at, true));
          expect(cpu.flashCache!.staleRows(KIND.DATA)).toBe(0);
        },
      ),
      { numRuns: 25 },
    );
  });
  it('a checkpoint keeps rows, their order and what they hold', () => {
    const { machine, cpu, run } = stale();
    setTiming(cpu, WAIT, KIND.CODE | KIND.DATA);
    run();
    program(machine);
    const saved = machine.save();
    cpu.caches.flushFlashCache(true, true);
    expect(run()).toEqual([2, 22]);
    machine.restore(saved);
    expect(run()).toEqual([1, 11]);
  });
  it('a loop that reads more data than rows are held is skipped all the same, and leaves time and rows as without', () => {
    let longest = 0;
    fc.assert(
      fc.property(
        fc.array(fc.nat(11), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...GEOMETRIES),
        fc.constantFrom(KIND.DATA, KIND.DATA | KIND.CODE, KIND.CODE | KIND.DATA | KIND.PREFETCH),
        fc.array(fc.integer({ min: 1000, max: 300_000 }), { minLength: 1, maxLength: 3 }),
        (lines, g, kinds, stops) => {
          const w = new ThumbWriter();
          const top = w.offset;
          for (const line of lines) {
            w.constant(0, FLASH + TABLE + 16 * line);
            w.emit(0x6802);
          }
          w.emit(0xe000 | (((top - w.offset - 4) >> 1) & 0x7ff));
          const table = Array.from({ length: 0x100 }, (_, i) => i * 77);
          const end = (skipping: boolean) => {
            const { machine, cpu } = started('m4', { [MAIN]: w.code, [TABLE]: table }, {}, chipWith(g));
            machine.skipping = skipping;
            setTiming(cpu, WAIT, kinds);
            const skipped = countSkipped([cpu]);
            for (const cycles of stops) runCycles(machine, cycles);
            longest = Math.max(longest, new Set(lines).size > g.dataRows ? skipped() : 0);
            const rows = cpu.save().flashCache!;
            const order = (side: typeof rows.data) => [...side].sort((a, b) => a.used - b.used).map(({ row, marks }) => [row, ...marks]);
            return [cpu.pc, cpu.cycles(), cpu.retired(), order(rows.data), order(rows.code)];
          };
          expect(end(true)).toEqual(end(false));
        },
      ),
      { numRuns: 60 },
    );
    expect(longest).toBeGreaterThan(100_000);
  });

  it('with the caches off flash is what it is', () => {
    const { machine, cpu, run } = stale();
    setTiming(cpu, WAIT, KIND.PREFETCH);
    run();
    program(machine);
    expect(run()).toEqual([2, 22]);
  });

  it.each([
    ['STM32L476RG', STM32L476RG, 0x4002_2000, KIND.CODE | KIND.DATA],
    ['STM32F405RG', STM32F405RG, 0x4002_3c00, 0],
  ] as const)(
    '%s: FLASH_ACR switches them; what is on after a reset counts as soon as there are wait states',
    (_name, chip, acr, atReset) => {
      const machine = new BriefMachine({ chip, models: MODELS, seed: 1 });
      machine.eraseNonVolatile();
      machine.powerOn();
      const cpu = machine.cores[0]!;
      const now = (): number[] => [cpu.get(S.FETCH_MODE), cpu.get(S.FLASH_KINDS)];
      expect(now()).toEqual([0, atReset]);
      cpu.write(acr, 4, cpu.read(acr, 4) | 4);
      expect(now()).toEqual([atReset ? 3 : 1, atReset]);
      cpu.write(acr, 4, 0x704);
      expect(now()).toEqual([3, 7]);
      // erased words by address: one miss each, then hits
      const cost = (address: number): number => {
        const from = cpu.cycles();
        cpu.read(address, 4);
        return cpu.cycles() - from;
      };
      expect([cost(0x0800_0100), cost(0x0800_0104), cost(0x0800_0110)]).toEqual([4, 0, 4]);
      cpu.write(acr, 4, 0x1304);
      cpu.write(acr, 4, 0x704);
      expect(cost(0x0800_0100)).toBe(4);
    },
  );
});
