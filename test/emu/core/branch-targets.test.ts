/**
 * Branches to addresses in registers and in memory on a Cortex-M7, compared with a model that knows nothing of the emulator: random trees
 * of calls, run by the model as lists of steps, say which branches go elsewhere than the last time. With ACTLR.DISBTACREAD every such
 * branch costs as much, so the difference in cycles tells how many did not.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BRANCH_TARGETS } from '../../../src/emu/arena.ts';
import { STM32H745XI } from '../../../src/chips/stm32h745.ts';
import type { Core } from '../../../src/emu/core/core.ts';
import { S } from '../../../src/emu/core/state.ts';
import { MODELS } from '../../../src/peripherals/index.ts';
import { countSkipped } from '../skipped.ts';
import { BX_LR, FLASH, handlerAt, LOOP, MAIN, RAM, reg, runCycles, runProgram, started, word, type Program } from './bare-machine.ts';
import { ThumbWriter } from './thumb-writer.ts';
import { expectSame } from '../../same.ts';
import { BriefMachine } from '../../brief.ts';

const ACTLR = 0xe000e008;
const DISBTACREAD = 1 << 13;
const DISBTACALLOC = 1 << 14;
const BPIALL = 0xe000ef78;
const MISPREDICTED = 8;

/** BL from one offset of the flash to another. */
function bl(from: number, to: number): [number, number] {
  const d = to - (from + 4);
  const bit = (n: number): number => (d >> n) & 1;
  const s = bit(24);
  const j = (n: number): number => bit(n) ^ s ^ 1;
  return [0xf000 | (s << 10) | ((d >> 12) & 0x3ff), 0xd000 | (j(23) << 13) | (j(22) << 11) | ((d >> 1) & 0x7ff)];
}

// ---- random trees of calls -------------------------------------------------------------------------------------------------------
type How = 'bl' | 'blx' | 'table';
const RETURNS = {
  // POP {PC}
  pop: [0xbd00],
  // POP {R3} · BX R3
  register: [0xbc08, 0x4718],
  // POP {R3} · MOV PC, R3
  move: [0xbc08, 0x469f],
  // LDR PC, [SP], #4
  load: [0xf85d, 0xfb04],
  // LDMIA.W SP!, {R7, PC}: behind PUSH {R7, LR}
  multiple: [0xe8bd, 0x8080],
} as const;
interface Func {
  readonly calls: readonly { readonly how: How; readonly to: number }[];
  readonly returns: keyof typeof RETURNS;
  /** Half-words left empty in front of it. */
  readonly gap: number;
}
const FUNCTIONS = 7;
const functions: fc.Arbitrary<readonly Func[]> = fc.tuple(
  ...Array.from({ length: FUNCTIONS }, (_, i) =>
    fc.record({
      calls: fc.array(
        fc.record({
          how: fc.constantFrom<How>('bl', 'bl', 'blx', 'table'),
          to: fc.integer({ min: Math.min(i + 1, FUNCTIONS), max: Math.min(i + 3, FUNCTIONS) }),
        }),
        { maxLength: 4 },
      ),
      returns: fc.constantFrom(...(Object.keys(RETURNS) as (keyof typeof RETURNS)[])),
      // the same set for many of them, if it is 256 bytes from one to the next
      gap: fc.constantFrom(0, 1, 2, 5, 96),
    }),
  ),
);

/** What a function does, as the model runs it. */
type Act = { readonly call: number; readonly back: number } | { readonly branch: number; readonly to: number | readonly number[] };
const FIRST = 0x4000;
function assemble(list: readonly Func[]): { program: Program; acts: readonly (readonly Act[])[]; returnAt: readonly number[] } {
  const program: Record<number, readonly number[]> = {};
  const starts: number[] = [];
  const acts: Act[][] = [];
  const returnAt: number[] = [];
  let at = FIRST;
  // callees first, so that callers know where they are; one more function that calls nothing
  for (let i = FUNCTIONS; i >= 0; i--) {
    const f = list[i] ?? { calls: [], returns: 'pop', gap: 0 };
    at += 2 * f.gap;
    starts[i] = at;
    const w = new ThumbWriter();
    const own: Act[] = [];
    w.emit(f.returns === 'multiple' ? 0xb580 : 0xb500);
    for (const { how, to } of f.calls) {
      if (how === 'table') {
        // MOVS R2, #1 · ANDS R2, R6 · ADDS R6, #1 · TBB [PC, R2], to one of two NOPs
        w.emit(0x2201, 0x4032, 0x3601);
        const here = at + w.offset;
        own.push({ branch: here, to: [here + 6, here + 8] });
        w.emit(0xe8df, 0xf002, 0x0201, 0xbf00, 0xbf00);
      } else if (how === 'blx') {
        w.constant(3, FLASH + starts[to]! + 1);
        own.push({ branch: at + w.offset, to: starts[to]! });
        w.emit(0x4798);
        own.push({ call: to, back: at + w.offset });
      } else {
        w.emit(...bl(at + w.offset, starts[to]!));
        own.push({ call: to, back: at + w.offset });
      }
    }
    w.emit(...RETURNS[f.returns]);
    returnAt[i] = at + w.offset - (f.returns === 'load' || f.returns === 'multiple' ? 4 : 2);
    acts[i] = own;
    program[at] = w.code;
    at += w.offset;
  }
  program[MAIN] = [...bl(MAIN, starts[0]!), 0x3d01, 0xd1fb, LOOP];
  return { program, acts, returnAt };
}
const END = 8;

/** Branches that were executed, and those that went elsewhere than the last time, or were forgotten. */
function model(acts: readonly (readonly Act[])[], returnAt: readonly number[], rounds: number): { all: number; wrong: number } {
  let all = 0;
  let wrong = 0;
  let tables = 0;
  // 128 sets by the half-word's number, four branches in each, the one used last at the end
  const sets = new Map<number, { branch: number; to: number }[]>();
  const branch = (from: number, to: number): void => {
    all++;
    const set = (from / 2) % 128;
    const known = sets.get(set) ?? [];
    if (!known.some((k) => k.branch === from && k.to === to)) wrong++;
    sets.set(set, [...known.filter((k) => k.branch !== from), { branch: from, to }].slice(-4));
  };
  const run = (i: number, back: number): void => {
    for (const act of acts[i]!)
      if ('call' in act) run(act.call, act.back);
      else branch(act.branch, typeof act.to === 'number' ? act.to : act.to[tables++ & 1]!);
    branch(returnAt[i]!, back);
  };
  for (let n = 0; n < rounds; n++) run(0, MAIN + 4);
  return { all, wrong };
}

describe('Cortex-M7: where a branch goes that the instruction does not say', () => {
  const measure = (program: Program, rounds: number, translated: boolean, actlr: number): { cycles: number; cpu: Core } => {
    const { machine, cpu } = started('m7', program);
    machine.skipping = false;
    cpu.setTranslating(translated, 1);
    cpu.write(ACTLR, 4, actlr);
    cpu.set(S.R + 24, 0);
    return { cycles: runProgram(machine, END, rounds, 777), cpu };
  };
  it('is where it went the last time, or costs 8 cycles', () => {
    let seen = 0;
    let wrongs = 0;
    fc.assert(
      fc.property(functions, fc.integer({ min: 1, max: 6 }), (list, rounds) => {
        const { program, acts, returnAt } = assemble(list);
        const { all, wrong } = model(acts, returnAt, rounds);
        const never = measure(program, rounds, false, DISBTACREAD).cycles;
        const own = measure(program, rounds, false, 0);
        const translated = measure(program, rounds, true, 0);
        expect((never - own.cycles) / MISPREDICTED).toBe(all - wrong);
        expect(translated.cycles).toBe(own.cycles);
        expect(translated.cpu.branchTargets!.save().words).toEqual(own.cpu.branchTargets!.save().words);
        seen += all;
        wrongs += wrong;
      }),
      { numRuns: 30, seed: 7 },
    );
    expect(wrongs).toBeGreaterThan(200);
    expect(seen - wrongs).toBeGreaterThan(200);
  });

  /** Calls of one function from one place and from two in turn, `rounds` times: cycles of each program on a core that has been prepared. */
  const FUNCTION = 0x4000;
  const ONE: Program = { [MAIN]: [...bl(MAIN, FUNCTION), 0xbf00, 0xbf00, 0x3d01, 0xd1f9, LOOP], [FUNCTION]: [BX_LR] };
  const TWO: Program = { [MAIN]: [...bl(MAIN, FUNCTION), ...bl(MAIN + 4, FUNCTION), 0x3d01, 0xd1f9, LOOP], [FUNCTION]: [BX_LR] };
  /** Wrong predictions of 10 rounds, behind 10 others. */
  const wrongBehind = (program: Program, prepare: (cpu: Core) => void, between: (cpu: Core) => void, end = 12): number => {
    const run = (never: boolean): number => {
      const { machine, cpu } = started('m7', program);
      const act = (what: (cpu: Core) => void): void => {
        what(cpu);
        if (never) cpu.write(ACTLR, 4, DISBTACREAD);
      };
      act(prepare);
      runProgram(machine, end, 10);
      act(between);
      return runProgram(machine, end, 10);
    };
    const calls = program === TWO ? 20 : 10;
    return calls - (run(true) - run(false)) / MISPREDICTED;
  };
  const nothing = (): void => {};
  it('stays known', () => {
    expect(wrongBehind(ONE, nothing, nothing)).toBe(0);
    expect(wrongBehind(TWO, nothing, nothing)).toBe(20);
  });
  it('is forgotten by BPIALL and by a reset', () => {
    expect(wrongBehind(ONE, nothing, (cpu) => cpu.write(BPIALL, 4, 0))).toBe(1);
    expect(wrongBehind(ONE, nothing, (cpu) => cpu.reset(FLASH, 'system'))).toBe(1);
  });
  it('is not kept by ACTLR.DISBTACREAD, nor used while it is set', () => {
    const off = (cpu: Core): void => cpu.write(ACTLR, 4, DISBTACREAD);
    expect(wrongBehind(ONE, nothing, off)).toBe(10);
    expect(
      wrongBehind(ONE, off, (cpu) => {
        off(cpu);
        cpu.write(ACTLR, 4, 0);
      }),
    ).toBe(1);
  });
  it('ACTLR.DISBTACALLOC keeps what is there up to date and lets nothing in', () => {
    const full = (cpu: Core): void => cpu.write(ACTLR, 4, DISBTACALLOC);
    expect(wrongBehind(ONE, nothing, full)).toBe(0);
    expect(wrongBehind(ONE, full, nothing)).toBe(10);
    // CBNZ R6 · BL · B · BL: from the other place in the second run
    const other: Program = {
      [MAIN]: [0xb916, ...bl(MAIN + 2, FUNCTION), 0xe001, ...bl(MAIN + 8, FUNCTION), 0x3d01, 0xd1f7, LOOP],
      [FUNCTION]: [BX_LR],
    };
    const elsewhere = (cpu: Core): void => {
      full(cpu);
      cpu.set(S.R + 24, 1);
    };
    expect(wrongBehind(other, (cpu) => cpu.set(S.R + 24, 0), elsewhere, 16)).toBe(1);
  });

  it('a stop comes at the same instruction, however close to a wrong prediction it is', () => {
    // MOVS R2, #1 · ANDS R2, R6 · ADDS R6, #1 · TBB [PC, R2] to one of two NOPs · BL to PUSH {LR} · POP {PC} · B
    const code = [0x2201, 0x4032, 0x3601, 0xe8df, 0xf002, 0x0201, 0xbf00, 0xbf00, ...bl(MAIN + 16, FUNCTION), 0xe7f4];
    const machines = [false, true].map((translated) => {
      const { machine, cpu } = started('m7', { [MAIN]: code, [FUNCTION]: [0xb500, 0xbd00] });
      machine.skipping = false;
      cpu.setTranslating(translated, 1);
      return { machine, cpu };
    });
    for (let slice = 1; slice < 150; slice++)
      for (let i = 0; i < 12; i++) {
        const [own, translated] = machines.map(({ machine, cpu }) => {
          runCycles(machine, slice);
          return [cpu.pc, cpu.cycles(), cpu.retired()];
        });
        expect(translated, `slices of ${slice}`).toEqual(own);
      }
    expect(machines[1]!.cpu.tier.counters.compiled).toBeGreaterThan(0);
  });

  it('is part of a checkpoint', () => {
    const { machine, cpu } = started('m7', TWO);
    runProgram(machine, END + 4, 3);
    const saved = machine.save();
    const first = runProgram(machine, END + 4, 4);
    const after = cpu.branchTargets!.save().words;
    cpu.write(BPIALL, 4, 0);
    machine.restore(saved);
    expect(runProgram(machine, END + 4, 4)).toBe(first);
    expect(cpu.branchTargets!.save().words).toEqual(after);
  });
  it('a copy of what was used has the four entries of each branch, and is the same while they are', () => {
    const { cpu } = started('m7', { 0x1100: [0x4700], 0x1106: [0x4700] });
    const targets = cpu.branchTargets!;
    const branch = (from: number, to: number): void => {
      cpu.set(S.R, FLASH + to + 1);
      cpu.branchTo(FLASH + from);
      cpu.step();
    };
    targets.beginUse();
    branch(0x1106, 0x3000);
    const used = targets.saveUsed();
    // the third half-word of a set of 128, of eight words each
    expect([...used.at!]).toEqual([24, 25, 26, 27, 28, 29, 30, 31]);
    expect([...used.words].slice(0, 2)).toEqual([FLASH + 0x3001, FLASH + 0x1107]);
    branch(0x1100, 0x3000);
    expect(targets.same(used)).toBe(true);
    branch(0x1106, 0x3010);
    expect(targets.same(used)).toBe(false);
  });
  it('is put back from a copy of its own, and is then known to be the same', () => {
    const { machine, cpu } = started('m7', TWO);
    runProgram(machine, END + 4, 3);
    const targets = cpu.branchTargets!;
    const copy = targets.save();
    expect(copy.words.some((w) => w !== 0)).toBe(true);
    targets.clear();
    expect(targets.same(copy)).toBe(false);
    targets.restore(copy);
    expect([targets.save().words, targets.same(copy)]).toEqual([copy.words, true]);
  });
  it('the CM4 of an STM32H745 remembers nothing, and what the CM7 remembers is gone with its machine', () => {
    const m = new BriefMachine({ chip: STM32H745XI, models: MODELS, seed: 1 });
    m.powerOn();
    const [cm7, cm4] = m.cores as [Core, Core];
    expect(cm4.branchTargets).toBeNull();
    const { u32 } = m.system.arena;
    u32[BRANCH_TARGETS.ENTRIES >> 2] = 1;
    expect(cm7.branchTargets!.save().words[0]).toBe(1);
    cm7.leaveArena();
    expect(cm7.branchTargets!.save().words.every((w) => w === 0)).toBe(true);
  });
});

describe('Loops with calls on a Cortex-M7', () => {
  /** R0 = RAM, SysTick from R3 with 256 * `period` cycles, R5 = 0x40000. */
  const setUp = (period: number): number[] => [
    ...[0x2020, 0x0600, 0x2100, 0x6001, 0x6041, 0x6081, 0x60c1, 0x23e0, 0x061b, 0x24e0, 0x0224, 0x191b, 0x2410, 0x191b],
    ...[0x2400 | period, 0x0224, 0x605c, 0x2400, 0x609c, 0x2407, 0x601c, 0x2540, 0x032d],
  ];
  const FUNCTIONS_AT = [0x4000, 0x4100, 0x4200];
  /** ADDS R1, #3 · BX LR, PUSH {LR} · LDR R6, [R0, #8] · POP {PC}, and one that calls the first. */
  const CALLEES: Program = {
    0x4000: [0x3103, BX_LR],
    0x4100: [0xb500, 0x6886, 0xbd00],
    0x4200: [0xb500, ...bl(0x4202, 0x4000), 0xbd00],
  };
  interface Shape {
    readonly calls: readonly number[];
    readonly counts: boolean;
    readonly tick: readonly number[];
    readonly period: number;
    readonly cycles: number;
  }
  const shapes: fc.Arbitrary<Shape> = fc.record({
    calls: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 4 }),
    counts: fc.boolean(),
    tick: fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 2 }),
    period: fc.integer({ min: 20, max: 200 }),
    cycles: fc.integer({ min: 150_000, max: 500_000 }),
  });
  function run({ calls, counts, tick, period, cycles }: Shape, skipping: boolean) {
    const w = new ThumbWriter();
    w.emit(...setUp(period));
    const top = w.offset;
    if (counts) w.emit(0x3d01);
    // no round that counts is recognised across a call: MOVS R2, #i · TBB [PC, R2] to one of three NOPs instead
    for (const i of calls)
      if (counts) w.emit(0x2200 | i, 0xe8df, 0xf002, 0x0302, 0xbf04, 0xbf00, 0xbf00);
      else w.emit(...bl(MAIN + w.offset, FUNCTIONS_AT[i]!));
    // what R1 counts is not seen by a loop that changes nothing
    w.emit(0x2100);
    const back = (cond: number | null): number => {
      const d = (top - (w.offset + 4)) >> 1;
      return cond === null ? 0xe000 | (d & 0x7ff) : 0xd000 | (cond << 8) | (d & 0xff);
    };
    // CMP R5, #0 · BNE · R5 = 0x40000 · B
    if (counts) w.emit(0x2d00).emit(back(1)).emit(0x2540, 0x032d);
    w.emit(back(null));
    // PUSH {R4, LR} · MOVS R4, #32 · LSLS R4, #24 · LDR R2, [R4, #8] · ADDS R2, #1 · STR R2, [R4, #8] · calls · POP {R4, PC}
    const handler = [0xb510, 0x2420, 0x0624, 0x68a2, 0x3201, 0x60a2];
    for (const i of tick) handler.push(...bl(0x5000 + 2 * handler.length, FUNCTIONS_AT[i]!));
    handler.push(0xbd10);
    const entry = [0xe000 | (((0x5000 - handlerAt(15) - 4) >> 1) & 0x7ff)];
    const far = 0x5000 - handlerAt(15) - 4 >= 0x800;
    const [a, b] = bl(handlerAt(15), 0x5000);
    // B.W where it is too far for B
    const jump = far ? [a, (b & ~0x4000) | 0x1000] : entry;
    const { machine, cpu } = started('m7', { [MAIN]: w.code, ...CALLEES, 0x5000: handler, [handlerAt(15)]: jump });
    machine.skipping = skipping;
    const skipped = countSkipped([cpu]);
    const stops: unknown[] = [];
    for (let i = 0; i < 4; i++) {
      runCycles(machine, Math.ceil(cycles / 4));
      stops.push({
        pc: cpu.pc,
        cycles: cpu.cycles(),
        retired: cpu.retired(),
        registers: Array.from({ length: 15 }, (_, n) => reg(cpu, n)),
        words: Array.from({ length: 16 }, (_, n) => word(cpu, RAM + 4 * n)),
        stack: Array.from({ length: 16 }, (_, n) => word(cpu, RAM + 0x8000 - 4 * (n + 1))),
        branches: cpu.branchTargets!.save().words,
      });
    }
    return { stops, skipped: skipped() };
  }
  it('leaving rounds out changes nothing, what is remembered of branches included', () => {
    let counted = 0;
    let steady = 0;
    let ticks = 0;
    fc.assert(
      fc.property(shapes, (shape) => {
        const fast = run(shape, true);
        const slow = run(shape, false);
        expectSame(fast.stops, slow.stops);
        if (shape.counts) counted += fast.skipped;
        else steady += fast.skipped;
        ticks += (slow.stops.at(-1) as { words: number[] }).words[2]!;
      }),
      {
        numRuns: Number(process.env['BOOTBENCH_COUNTING'] ?? 30),
      },
    );
    expect(ticks).toBeGreaterThan(100);
    expect(counted).toBeGreaterThan(500_000);
    expect(steady).toBeGreaterThan(500_000);
  }, 1_200_000);
  it('a function that is called from two places in turn does not keep a loop from being left out', () => {
    for (const calls of [
      [0, 0],
      [0, 2],
    ]) {
      const shape = { calls, counts: false, tick: [0, 0], period: 200, cycles: 400_000 };
      const fast = run(shape, true);
      expect(fast.skipped).toBeGreaterThan(200_000);
      expect(fast.stops).toEqual(run(shape, false).stops);
    }
  });
});
