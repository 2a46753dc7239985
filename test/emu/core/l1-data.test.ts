/** L1 data cache of the Cortex-M7: contents, maintenance, replacement and cycles, in both tiers and against a model of its own. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Core } from '../../../src/emu/core/core.ts';
import { S } from '../../../src/emu/core/state.ts';
import type { Machine } from '../../../src/emu/machine.ts';
import { FLASH, MAIN, RAM, reg, runCycles, runProgram, started } from './bare-machine.ts';
import { ReferenceCache } from './l1-reference.ts';
import { ThumbWriter } from './thumb-writer.ts';

const CCR = 0xe000ed14;
const DC = 0x10000;
const DCIMVAC = 0xe000ef5c;
const DCISW = 0xe000ef60;
const DCCMVAC = 0xe000ef68;
const DCCSW = 0xe000ef6c;
const DCCIMVAC = 0xe000ef70;
const DCCISW = 0xe000ef74;
const LINE_FILL = 6;
const TABLE = FLASH + 0x6000;
const NE = 1;

type Size = 1 | 2 | 4;
type Op =
  | { readonly kind: 'load'; readonly address: number; readonly size: Size }
  | { readonly kind: 'store'; readonly address: number; readonly size: Size }
  | { readonly kind: 'ldm'; readonly address: number }
  | { readonly kind: 'stm'; readonly address: number }
  | { readonly kind: 'maintain'; readonly register: number; readonly value: number };

const general = (cpu: Core): Uint32Array => cpu.stateWords().slice(S.R >> 2, S.R15 >> 2);

function invalidateAll(cpu: Core): void {
  for (let way = 0; way < 4; way++) for (let set = 0; set < 128; set++) cpu.write(DCISW, 4, ((way << 30) | (set << 5)) >>> 0);
}
const enable = (cpu: Core, on: boolean): void => cpu.write(CCR, 4, on ? 0x40200 | DC : 0x40200);

/** The program runs its list `rounds` times; R7 collects what is loaded and is what is stored. */
function programOf(ops: readonly Op[]): { code: number[]; end: number } {
  const w = new ThumbWriter().constant(6, 33);
  const top = w.offset;
  const collect = (r: number): void => void w.emit(0x4377, 0x1800 | (r << 6) | (7 << 3) | 7);
  for (const op of ops) {
    if (op.kind === 'maintain') w.constant(0, op.register).constant(1, op.value).emit(0x6001);
    else {
      w.constant(0, op.address);
      if (op.kind === 'load') {
        w.emit({ 1: 0x7802, 2: 0x8802, 4: 0x6802 }[op.size]);
        collect(2);
      } else if (op.kind === 'store') w.emit({ 1: 0x7007, 2: 0x8007, 4: 0x6007 }[op.size]);
      else if (op.kind === 'ldm') {
        w.emit(0xc80e);
        for (const r of [1, 2, 3]) collect(r);
      } else w.emit(0x463a, 0x463b, 0xc08c);
    }
  }
  w.emit(0x3d01).branchIf(NE, top);
  const end = w.offset;
  w.emit(0xe7fe);
  return { code: w.code, end };
}

/** The same list on the model; accesses that are not aligned go in aligned pieces. */
function model(ops: readonly Op[], rounds: number, cache: ReferenceCache, before: number): number {
  let r7 = before;
  const pieces = (address: number, size: number): [number, number][] => {
    if (address % size === 0) return [[address, size]];
    const list: [number, number][] = [];
    for (let i = 0; i < size;) {
      const n = (address + i) % 2 || size - i < 2 ? 1 : 2;
      list.push([address + i, n]);
      i += n;
    }
    return list;
  };
  const load = (address: number, size: number): number => {
    let value = 0;
    for (const [a, n] of pieces(address, size)) value += cache.load(a, n) * 2 ** (8 * (a - address));
    r7 = (Math.imul(r7, 33) + value) >>> 0;
    return value;
  };
  const store = (address: number, size: number): void => {
    for (const [a, n] of pieces(address, size)) cache.store(a, n, Math.floor(r7 / 2 ** (8 * (a - address))) >>> 0);
  };
  for (let round = 0; round < rounds; round++)
    for (const op of ops) {
      if (op.kind === 'load') load(op.address, op.size);
      else if (op.kind === 'store') store(op.address, op.size);
      else if (op.kind === 'ldm') {
        const words = [0, 4, 8].map((o) => cache.load(op.address + o, 4));
        for (const word of words) r7 = (Math.imul(r7, 33) + word) >>> 0;
      } else if (op.kind === 'stm') {
        for (const o of [0, 4, 8]) cache.store(op.address + o, 4, r7);
      } else if (op.kind === 'maintain') {
        const clean = op.register >= DCCMVAC;
        const invalidate = op.register <= DCISW || op.register >= DCCIMVAC;
        if ([DCISW, DCCSW, DCCISW].includes(op.register)) cache.maintainWay((op.value >>> 5) & 127, op.value >>> 30, clean, invalidate);
        else cache.maintain(op.value, clean, invalidate);
      }
    }
  return r7;
}

// few sets and more lines than ways, so that everything meets
const anyLine = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 40, max: 42 }))
  .map(([tag, set]) => RAM + 0x4000 + tag * 4096 + set * 32);
const anyAddress = fc.tuple(anyLine, fc.integer({ min: 0, max: 28 })).map(([line, offset]) => line + offset);
const anySize = fc.constantFrom<Size>(1, 2, 4);
const anyOp: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('load' as const, 'store' as const), address: anyAddress, size: anySize }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('load' as const), address: fc.integer({ min: TABLE, max: TABLE + 0x40 }), size: anySize }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('ldm' as const, 'stm' as const), address: anyAddress.map((a) => a & ~3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('maintain' as const),
      register: fc.constantFrom(DCIMVAC, DCCMVAC, DCCIMVAC),
      value: anyAddress,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('maintain' as const),
      register: fc.constantFrom(DCISW, DCCSW, DCCISW),
      value: fc
        .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 40, max: 42 }))
        .map(([way, set]) => ((way << 30) | (set << 5)) >>> 0),
    }),
  },
);
const anyDma = fc.array(fc.tuple(anyAddress, fc.nat(0xff)), { maxLength: 6 });

/** Every byte that the lists can touch. */
const PLAYED = Array.from({ length: 7 }, (_, tag) =>
  Array.from({ length: 5 * 32 }, (_x, i) => RAM + 0x4000 + tag * 4096 + 40 * 32 + i),
).flat();

function machineFor(ops: readonly Op[]): { machine: Machine; cpu: Core; end: number } {
  const { code, end } = programOf(ops);
  const table = Array.from({ length: 0x40 }, (_, i) => (i * 0x1357) & 0xffff);
  const { machine, cpu } = started('m7', { [MAIN]: code, [TABLE - FLASH]: table });
  for (const a of PLAYED) machine.system.write(a, 1, (Math.imul(a, 2654435761) >>> 13) & 0xff);
  invalidateAll(cpu);
  return { machine, cpu, end };
}

describe('L1 data cache of the Cortex-M7', () => {
  it('holds, writes back and loses what an independent model does; both tiers in the same cycles; a miss costs one line fill', () => {
    let translated = 0;
    fc.assert(
      fc.property(fc.array(anyOp, { minLength: 5, maxLength: 60 }), fc.array(anyDma, { minLength: 1, maxLength: 3 }), (ops, dmas) => {
        const [a, b, off] = [machineFor(ops), machineFor(ops), machineFor(ops)];
        a.cpu.setTranslating(false);
        b.cpu.setTranslating(true, 2);
        off.cpu.setTranslating(true, 2);
        for (const m of [a, b]) enable(m.cpu, true);
        const bytes = new Map<number, number>();
        const cache = new ReferenceCache({
          read: (address) => bytes.get(address) ?? (off.machine.system.read(address, 1) as number),
          write: (address, value) => void bytes.set(address, value),
          readOnly: (address) => address < RAM,
        });
        for (const address of PLAYED) bytes.set(address, off.machine.system.read(address, 1));
        let r7 = reg(a.cpu, 7);
        for (const dma of dmas) {
          const missesBefore = cache.loadMisses;
          r7 = model(ops, 5, cache, r7);
          const cycles = runProgram(a.machine, a.end, 5);
          expect(runProgram(b.machine, b.end, 5)).toBe(cycles);
          expect(reg(a.cpu, 7)).toBe(r7);
          expect(general(b.cpu)).toEqual(general(a.cpu));
          expect(cycles - runProgram(off.machine, off.end, 5)).toBe((cache.loadMisses - missesBefore) * LINE_FILL);
          for (const [address, value] of dma) {
            for (const m of [a, b]) m.machine.system.write(address, 1, value);
            bytes.set(address, value);
          }
          const memory = (m: Machine): number[] => PLAYED.map((address) => m.system.read(address, 1));
          expect(memory(a.machine)).toEqual(PLAYED.map((address) => bytes.get(address)));
          expect(memory(b.machine)).toEqual(memory(a.machine));
        }
        translated += b.cpu.tier.counters.compiled;
      }),
      { numRuns: 12, seed: 745 },
    );
    expect(translated).toBeGreaterThanOrEqual(12);
  });

  /** The same program with the cache on, executed one by one and translated. */
  function bothTiers(code: readonly number[], prepare: (m: Machine) => void = () => {}): { machine: Machine; cpu: Core }[] {
    return [false, true].map((translating) => {
      const made = started('m7', { [MAIN]: [...code] });
      invalidateAll(made.cpu);
      prepare(made.machine);
      enable(made.cpu, true);
      made.cpu.setTranslating(translating, 2);
      made.cpu.countExits();
      return made;
    });
  }
  const stateOf = (cpu: Core): number[] => [...general(cpu), cpu.pc, cpu.cycles()];
  it('misses of translated code are filled without leaving it, wherever a run is cut', () => {
    const w = new ThumbWriter();
    const outer = w.offset;
    // 700 times a word in each line but one in nine: LDR r2, [r0]; ADDS r7, r7, r2; STR r7, [r0, #4]; ADDS r0, #36
    w.constant(0, RAM + 0x4000).constant(1, 700);
    const inner = w.offset;
    w.emit(0x6802, 0x18bf, 0x6047, 0x3024, 0x3901).branchIf(NE, inner);
    w.emit(0x3501, 0xe7fe - ((w.offset + 2 - outer) >> 1));
    const [a, b] = bothTiers(w.code, (m) => {
      for (let i = 0; i < 700 * 9; i++) m.system.write(RAM + 0x4000 + 4 * i, 4, Math.imul(i, 2654435761) >>> 0);
    }) as [{ machine: Machine; cpu: Core }, { machine: Machine; cpu: Core }];
    for (let cut = 0; cut < 60; cut++) {
      for (const m of [a, b]) runCycles(m.machine, 997 + 61 * cut);
      expect(stateOf(b.cpu), `cut ${cut}`).toEqual(stateOf(a.cpu));
      expect(Buffer.compare(b.cpu.l1!.save(), a.cpu.l1!.save()), `lines, cut ${cut}`).toBe(0);
    }
    const memory = (m: Machine): number[] => Array.from({ length: 700 * 9 }, (_, i) => m.system.read(RAM + 0x4000 + 4 * i, 4));
    expect(memory(b.machine)).toEqual(memory(a.machine));
    expect(reg(b.cpu, 5)).toBeGreaterThan(5);
    const left = [...(b.cpu.tier.exits!.get('access')?.values() ?? [])].reduce((n, c) => n + c, 0);
    expect(left).toBeLessThan(100);
  });
  it('a line that is written back over instructions changes what runs, in the same cycles in both tiers', () => {
    const [LOOP, POINTERS] = [RAM + 0x5000, RAM + 0x4400];
    const ELSEWHERE = LOOP + 0x400;
    const w = new ThumbWriter();
    // ADDS r7, #9 is stored where the pointer of every 256 rounds says, and its line is pushed out: LDR r0, [r0, r5 / 256 * 4]; STRH r2, [r0]; LDR r1, [r1]
    w.constant(0, POINTERS).emit(0x0a2b, 0x009b, 0x58c0).constant(2, 0x3709).emit(0x8002);
    for (let line = 1; line <= 5; line++) w.constant(1, LOOP + 0x80 + 4096 * line).emit(0x6809);
    while (w.offset < 0x80) w.emit(0xbf00);
    w.emit(0x3701, 0x3501);
    w.emit(0xe7fe - ((w.offset + 2) >> 1));
    const start = new ThumbWriter().constant(3, LOOP + 1).emit(0x4718).code;
    const [a, b] = bothTiers(start, (m) => {
      w.code.forEach((half, i) => m.system.write(LOOP + 2 * i, 2, half));
      for (let line = 1; line <= 5; line++) m.system.write(LOOP + 0x80 + 4096 * line, 4, line);
      m.system.write(ELSEWHERE, 4, 0);
      // in the end to the instruction that stands in the loop behind the loads
      [ELSEWHERE, LOOP + 0x80].forEach((pointer, i) => m.system.write(POINTERS + 4 * i, 4, pointer));
    }) as [{ machine: Machine; cpu: Core }, { machine: Machine; cpu: Core }];
    for (let cut = 0; cut < 40; cut++) {
      for (const m of [a, b]) runCycles(m.machine, 1001 + cut);
      expect(stateOf(b.cpu), `cut ${cut}`).toEqual(stateOf(a.cpu));
    }
    expect(b.cpu.tier.counters.compiled).toBeGreaterThan(0);
    expect(reg(b.cpu, 5)).toBeGreaterThan(300);
    expect(reg(b.cpu, 7)).toBe(256 + 9 * (reg(b.cpu, 5) - 256));
  });

  const WORD = RAM + 0x4000;
  const MPU_CTRL = 0xe000ed94;
  const MPU_RBAR = 0xe000ed9c;
  const MPU_RASR = 0xe000eda0;
  /** One region over all RAM with these TEX, S, C, B bits. */
  function cachedWith(attributes: number): { machine: Machine; cpu: Core; memory(): number } {
    const { machine, cpu } = started('m7');
    invalidateAll(cpu);
    cpu.write(MPU_RBAR, 4, RAM | 0x10);
    cpu.write(MPU_RASR, 4, ((3 << 24) | (attributes << 16) | (16 << 1) | 1) >>> 0);
    cpu.write(MPU_CTRL, 4, 5);
    enable(cpu, true);
    machine.system.write(WORD, 4, 1);
    return { machine, cpu, memory: () => machine.system.read(WORD, 4) };
  }
  it.each([
    ['TEX 001 C B: write-back, a write takes the line in', 0b001011, 1, 2],
    ['TEX 000 C B: write-back, a write that misses goes to memory', 0b000011, 2, 2],
    ['TEX 000 C: write-through', 0b000010, 2, 2],
    ['TEX 001: not cacheable', 0b001000, 2, 2],
    ['TEX 001 S C B: shareable, so not cached', 0b001111, 2, 2],
    ['TEX 000 B: Device', 0b000001, 2, 2],
  ] as const)('MPU attributes, %s', (_what, attributes, inMemory, seen) => {
    const { cpu, memory } = cachedWith(attributes);
    cpu.write(WORD, 4, 2);
    expect(memory()).toBe(inMemory);
    expect(cpu.read(WORD, 4)).toBe(seen);
  });
  it('a line that was read keeps its value while memory changes; Device memory shows the change', () => {
    for (const [attributes, seen] of [
      [0b001011, 1],
      [0b000010, 1],
      [0b000001, 9],
    ] as const) {
      const { machine, cpu } = cachedWith(attributes);
      expect(cpu.read(WORD, 4)).toBe(1);
      machine.system.write(WORD, 4, 9);
      expect(cpu.read(WORD, 4)).toBe(seen);
      cpu.write(DCIMVAC, 4, WORD + 17);
      expect(cpu.read(WORD, 4)).toBe(9);
    }
  });
  it('CACR.FORCEWT makes write-back memory write-through, SIWT shareable memory too', () => {
    for (const [attributes, cacr, inMemory] of [
      [0b001011, 4, 2],
      [0b001111, 1, 2],
    ] as const) {
      const { machine, cpu, memory } = cachedWith(attributes);
      cpu.write(0xe000ef9c, 4, cacr);
      cpu.read(WORD, 4);
      cpu.write(WORD, 4, 2);
      expect(memory()).toBe(inMemory);
      machine.system.write(WORD, 4, 9);
      expect(cpu.read(WORD, 4)).toBe(2);
    }
  });
  it('a reset switches the cache off and keeps its lines: what was not cleaned is not in memory', () => {
    const { machine, cpu } = started('m7');
    invalidateAll(cpu);
    enable(cpu, true);
    machine.system.write(WORD, 4, 1);
    cpu.write(WORD, 4, 2);
    cpu.write(WORD + 64, 4, 3);
    cpu.write(DCCMVAC, 4, WORD + 64);
    expect(cpu.l1!.dirtyLines()).toEqual([WORD]);
    cpu.write(0xe000ed0c, 4, 0x05fa0004);
    runCycles(machine, 100);
    expect(cpu.read(CCR, 4) & DC).toBe(0);
    expect([cpu.read(WORD, 4), cpu.read(WORD + 64, 4)]).toEqual([1, 3]);
    // without the invalidation that ARM asks for, the old lines are there again
    enable(cpu, true);
    expect(cpu.read(WORD, 4)).toBe(2);
  });
  it('while the cache is off accesses go past its lines', () => {
    const { machine, cpu } = started('m7');
    invalidateAll(cpu);
    enable(cpu, true);
    machine.system.write(WORD, 4, 1);
    cpu.write(WORD, 4, 2);
    enable(cpu, false);
    expect(cpu.read(WORD, 4)).toBe(1);
    cpu.write(DCCISW, 4, ((WORD >>> 5) & 127) << 5);
    expect(cpu.read(WORD, 4)).toBe(2);
  });
  it('a line that is cleaned over what was stored since the cache went off is told, once it happens', () => {
    const { machine, cpu } = started('m7');
    invalidateAll(cpu);
    enable(cpu, true);
    cpu.write(WORD, 4, 2);
    cpu.write(WORD + 0x40, 4, 2);
    enable(cpu, false);
    cpu.write(WORD + 0x44, 4, 9);
    const clean = (at: number): void => cpu.write(DCCISW, 4, ((at >>> 5) & 127) << 5);
    clean(WORD);
    expect(machine.state.notes).toEqual([]);
    clean(WORD + 0x40);
    expect(machine.state.notes.map(({ about }) => about)).toEqual([{ is: 'over-newer', address: WORD + 0x40 }]);
    // while it is on, a store goes to the line
    enable(cpu, true);
    cpu.write(WORD, 4, 3);
    clean(WORD);
    expect(machine.state.notes).toHaveLength(1);
  });
  it('a checkpoint keeps lines, dirty marks and memory', () => {
    const { machine, cpu } = started('m7');
    invalidateAll(cpu);
    enable(cpu, true);
    cpu.write(WORD, 4, 2);
    const saved = machine.save();
    cpu.write(WORD, 4, 3);
    cpu.write(DCCMVAC, 4, WORD);
    expect(machine.system.read(WORD, 4)).toBe(3);
    machine.restore(saved);
    expect(machine.system.read(WORD, 4)).not.toBe(3);
    expect(cpu.read(WORD, 4)).toBe(2);
    expect(cpu.l1!.dirtyLines()).toEqual([WORD]);
  });
  it('a debugger writes through the core: line and memory have the value', () => {
    const { machine, cpu } = started('m7');
    invalidateAll(cpu);
    enable(cpu, true);
    cpu.write(WORD, 4, 2);
    machine.poke(WORD, 4, 7);
    expect([machine.system.read(WORD, 4), cpu.read(WORD, 4)]).toEqual([7, 7]);
  });
});
