import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { findCountingLoop, isCounting, iterationOf, moveOn } from '../../src/emu/proofs/counting.ts';
import { LinearRun } from '../../src/emu/proofs/linear.ts';
import { S } from '../../src/emu/core/state.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { FLASH, handlerAt, MAIN, RAM, reg, runCycles, started, word, type CoreName } from './core/bare-machine.ts';
import { ThumbWriter } from './core/thumb-writer.ts';
import { countSkipped } from './skipped.ts';
import { expectSame } from '../same.ts';

/** [R0+8] counts the ticks. R12 is kept by hardware. */
const COUNT_TICK = [0xb401, 0x2020, 0x0600, 0x6882, 0x3201, 0x6082, 0xbc01, 0x4770];
/** SysTick from R3 with a period in R4, R0 = RAM. */
const SET_UP = [0x2020, 0x0600, 0x2100, 0x6001, 0x6041, 0x6081, 0x23e0, 0x061b, 0x24e0, 0x0224, 0x191b, 0x2410, 0x191b];
const START_TICK = [0x605c, 0x2400, 0x609c, 0x2407, 0x601c];

const WAITING: ChipDescription['memories'] = [
  { name: 'FLASH', base: FLASH, size: 0x8_0000, kind: 'flash', zone: 'user', aliases: [0, 0x1000_0000], waitStates: true },
  { name: 'RAM', base: RAM, size: 0x2_0000, kind: 'ram', zone: 'user' },
];

interface Shape {
  readonly core: CoreName;
  readonly code: readonly number[];
  readonly cycles: number;
  readonly period: number;
  readonly waitStates: number;
  readonly cache: boolean;
}
function run({ core, code, cycles, period, waitStates, cache }: Shape, skipping: boolean) {
  const w = new ThumbWriter();
  w.emit(...SET_UP);
  // R4 = period: by shifts, for the M0
  w.emit(0x2400 | (period >>> 8), 0x0224, 0x3400 | (period & 0xff), ...START_TICK);
  w.emit(...code);
  const { machine, cpu } = started(core, { [MAIN]: w.code, [handlerAt(15)]: COUNT_TICK }, {}, { memories: WAITING });
  cpu.caches.setFlashTiming({ waitStates, cache, sets: 256, ways: 2, kinds: 0 });
  machine.skipping = skipping;
  const skipped = countSkipped([cpu]);
  const stops: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    runCycles(machine, Math.ceil(cycles / 3));
    stops.push({
      pc: cpu.pc,
      cycles: cpu.cycles(),
      retired: cpu.retired(),
      registers: Array.from({ length: 15 }, (_, n) => reg(cpu, n)),
      flags: [cpu.get(S.NF) >>> 31, cpu.get(S.ZF) === 0, cpu.get(S.CF), cpu.get(S.VF), cpu.get(S.QF)],
      words: Array.from({ length: 16 }, (_, n) => word(cpu, RAM + 4 * n)),
      stack: Array.from({ length: 16 }, (_, n) => word(cpu, RAM + 0x8000 - 4 * (n + 1))),
      cache: [cpu.get(S.CACHE_HITS), cpu.get(S.CACHE_MISSES)],
      uninitialised: machine.uninitialisedReads(),
    });
  }
  const left = skipped();
  machine.release();
  return { stops, skipped: left };
}
const agrees = (shape: Shape): number => {
  const fast = run(shape, true);
  expectSame(fast.stops, run(shape, false).stops);
  return fast.skipped;
};
const back = (halfWords: number): number => 0xe000 | (-(halfWords + 2) & 0x7ff);
const branchBack = (cond: number, halfWords: number): number => 0xd000 | (cond << 8) | (-(halfWords + 2) & 0xff);
const NE = 1;
const LO = 3;

const shape = (core: CoreName, code: readonly number[], over: Partial<Shape> = {}): Shape => ({
  core,
  code,
  cycles: 600_000,
  period: 50_000,
  waitStates: 2,
  cache: false,
  ...over,
});

describe('Loops that only count', () => {
  // r5 = 0x40000 · subs r5, #1 · bne · then all over again
  const DOWN = [0x2540, 0x032d, 0x3d01, branchBack(NE, 1), back(4)];
  // the -O0 form: str r1, [r0, #12] · ldr r6, [r0, #12] · adds r6, #1 · str r6, [r0, #12] · ldr r6, [r0, #12] · cmp r6, r7 · blo
  const IN_MEMORY = [0x2740, 0x033f, 0x60c1, 0x68c6, 0x3601, 0x60c6, 0x68c6, 0x42be, branchBack(LO, 5), back(9)];
  it.each<[CoreName, string, readonly number[]]>(
    (['m0', 'm4', 'm33', 'm7'] as const).flatMap((core): [CoreName, string, readonly number[]][] => [
      [core, 'down to zero in a register', DOWN],
      [core, 'up to a limit in memory', IN_MEMORY],
    ]),
  )('%s: a loop that counts %s is left out up to each tick, and nothing else differs', (core, _what, code) => {
    expect(agrees(shape(core, code))).toBeGreaterThan(400_000);
    expect(agrees(shape(core, code, { waitStates: 0 }))).toBeGreaterThan(400_000);
  });

  it.each(['m0', 'm4', 'm33', 'm7'] as const)(
    '%s: a branch to itself is left out again behind each tick that it is masked against',
    (core) => {
      // cpsid i · b .: it comes back to its stop without being stopped there, and was executed for 20,000 cycles behind each event
      for (const masked of [[0xb672], []])
        expect(agrees(shape(core, [...masked, back(0)], { cycles: 3_000_000 })) / 3_000_000).toBeGreaterThan(0.95);
    },
  );

  it('a loop ends in the round in which its count is reached, not one later', () => {
    // what is counted behind the loop tells how often it has ended: adds r1, #1 · str r1, [r0, #4]
    const code = [0x2510, 0x032d, 0x3d01, branchBack(NE, 1), 0x3101, 0x6041, back(6)];
    const fast = run(shape('m4', code, { cycles: 3_000_000 }), true);
    expect(fast.skipped).toBeGreaterThan(1_500_000);
    expect(fast.stops).toEqual(run(shape('m4', code, { cycles: 3_000_000 }), false).stops);
  });

  it('an end that falls into the wait for the line at the start of a round is made behind its first instruction', () => {
    // subs r5, #1 at the end of a line, eight NOPs, bne in the next: every arrival waits
    const nops = Array<number>(8).fill(0xbf00);
    for (const fill of [0, 2, 4, 6])
      for (let k = 0; k < 45; k++) {
        const code = [...Array<number>(fill).fill(0xbf00), 0x2540, 0x032d, 0x3d01, ...nops, branchBack(NE, 9), back(12)];
        expect(agrees(shape('m33', code, { cycles: 3 * (30_000 + k), waitStates: 5 }))).toBeGreaterThan(20_000);
      }
  });

  it('a byte that counts is followed through each of its wraps', () => {
    // ldrb r6, [r0, #12] · adds r6, #1 · strb r6, [r0, #12] · b
    agrees(shape('m4', [0x7b06, 0x3601, 0x7306, back(3)]));
  });

  it('what an interrupt handler counts is not counted by the loop', () => {
    // ldr r6, [r0, #8] is the handler's count: adds r5, #1 · ldr r6, [r0, #8] · str r6, [r0, #12] · b
    expect(agrees(shape('m4', [0x3501, 0x6886, 0x60c6, back(3)]))).toBeGreaterThan(400_000);
  });

  it('a store that moves from round to round is executed', () => {
    // r1 = RAM + 0x100 · str r5, [r1] · adds r1, #4 · adds r5, #1 · b
    const code = [0x2101, 0x0209, 0x1809, 0x600d, 0x3104, 0x3501, back(3)];
    const { skipped } = run(shape('m4', code, { cycles: 60_000 }), true);
    expect(skipped).toBe(0);
  });

  it('a loop that multiplies its count is executed', () => {
    // adds r6, #1 · muls r5, r6, r5 · adds r5, #3 · b
    expect(run(shape('m4', [0x3601, 0x4375, 0x3503, back(3)]), true).skipped).toBe(0);
  });

  const low = fc.constantFrom(1, 2, 5, 6, 7);
  const imm = fc.oneof(fc.constantFrom(0, 1, 2, 255), fc.integer({ min: 0, max: 255 }));
  const offset = fc.constantFrom(12, 16, 20, 24);
  const narrow: fc.Arbitrary<readonly number[]> = fc.oneof(
    fc.tuple(low, imm).map(([r, i]) => [0x3000 | (r << 8) | i]),
    fc.tuple(low, imm).map(([r, i]) => [0x3800 | (r << 8) | i]),
    fc.tuple(low, low, low).map(([d, n, m]) => [0x1800 | (m << 6) | (n << 3) | d]),
    fc.tuple(low, low, low).map(([d, n, m]) => [0x1a00 | (m << 6) | (n << 3) | d]),
    fc.tuple(low, low).map(([d, m]) => [0x0000 | (m << 3) | d]),
    fc.tuple(low, imm).map(([r, i]) => [0x2000 | (r << 8) | i]),
    fc.tuple(low, imm).map(([r, i]) => [0x2800 | (r << 8) | i]),
    fc.tuple(low, low).map(([n, m]) => [0x4280 | (m << 3) | n]),
    fc.tuple(low, low).map(([n, m]) => [0x42c0 | (m << 3) | n]),
    fc.tuple(low, low).map(([d, m]) => [0x43c0 | (m << 3) | d]),
    fc.tuple(low, low).map(([d, m]) => [0x4240 | (m << 3) | d]),
    fc.tuple(low, low, fc.constantFrom(1, 2, 8, 31)).map(([d, m, n]) => [(n << 6) | (m << 3) | d]),
    fc.tuple(low, low, fc.constantFrom(1, 4, 31)).map(([d, m, n]) => [0x0800 | (n << 6) | (m << 3) | d]),
    fc.tuple(low, low, fc.constantFrom(0xb280, 0xb2c0, 0xb240, 0xb200)).map(([d, m, op]) => [op | (m << 3) | d]),
    fc.tuple(low, offset).map(([r, o]) => [0x6800 | ((o >> 2) << 6) | r]),
    fc.tuple(low, offset).map(([r, o]) => [0x6000 | ((o >> 2) << 6) | r]),
    fc.tuple(low, offset).map(([r, o]) => [0x8800 | ((o >> 1) << 6) | r]),
    fc.tuple(low, offset).map(([r, o]) => [0x8000 | ((o >> 1) << 6) | r]),
    fc.tuple(low, fc.constantFrom(12, 13, 17)).map(([r, o]) => [0x7800 | (o << 6) | r]),
    fc.tuple(low, fc.constantFrom(12, 13, 17)).map(([r, o]) => [0x7000 | (o << 6) | r]),
    // push {r5, r6} · pop {r1, r2}
    fc.constant([0xb460, 0xbc06]),
    fc.tuple(low, low).map(([d, m]) => [0x4140 | (m << 3) | d]),
    fc.tuple(low, low).map(([d, m]) => [0x4180 | (m << 3) | d]),
  );
  // an IT block of two: cmp r5, r6 · ite <c> · adds r1, #n · subs r2, #n
  const governed = fc
    .tuple(fc.integer({ min: 0, max: 13 }), imm)
    .map(([c, i]) => [0x42b5, 0xbf00 | (c << 4) | ((c & 1) === 1 ? 0x4 : 0xc), 0x3100 | i, 0x3a00 | i]);
  const body = (core: CoreName): fc.Arbitrary<readonly (readonly number[])[]> =>
    fc.array(core === 'm0' ? narrow : fc.oneof({ weight: 8, arbitrary: narrow }, { weight: 1, arbitrary: governed }), {
      minLength: 0,
      maxLength: 5,
    });
  const counted = fc.constantFrom<CoreName>('m0', 'm4', 'm33', 'm7').chain((core) =>
    fc
      .record({
        body: body(core),
        counter: fc.constantFrom(5, 6, 7),
        step: fc.constantFrom(1, 2, 3, 255),
        down: fc.boolean(),
        start: fc.tuple(imm, fc.constantFrom(0, 8, 16, 24)),
        limit: fc.tuple(imm, fc.constantFrom(0, 8, 16, 24)),
        cond: fc.integer({ min: 0, max: 13 }),
        cycles: fc.integer({ min: 150_000, max: 700_000 }),
        period: fc.constantFrom(3_001, 20_000, 60_001),
        waitStates: fc.constantFrom(0, 1, 4),
        cache: core === 'm33' ? fc.boolean() : fc.constant(false),
      })
      .map(({ body, counter, step, down, start, limit, cond, ...rest }): Shape => {
        const inner = [(down ? 0x3800 : 0x3000) | (counter << 8) | step, ...body.flat()];
        const compare = 0x4280 | (1 << 3) | counter;
        // r1 = the limit, as the body leaves it
        const before = [0x2000 | (counter << 8) | start[0], (start[1] << 6) | (counter << 3) | counter];
        const edge = [0x2100 | limit[0], (limit[1] << 6) | (1 << 3) | 1];
        const loop = [...inner, compare];
        return { core, ...rest, code: [...before, ...edge, ...loop, branchBack(cond, loop.length), back(5 + loop.length)] };
      }),
  );
  it('whatever is counted, and however it ends, leaving rounds out changes nothing that can be seen', () => {
    let skipped = 0;
    let loops = 0;
    fc.assert(
      fc.property(counted, (shape) => {
        const cycles = agrees(shape);
        skipped += cycles;
        if (cycles > 0) loops++;
      }),
      {
        numRuns: Number(process.env['BOOTBENCH_COUNTING'] ?? 60),
      },
    );
    expect(loops).toBeGreaterThan(10);
    expect(skipped).toBeGreaterThan(1_000_000);
  }, 1_200_000);

  // a function behind a branch over it: ldr r6, [r0, #8] · bx lr; and its call four half-words on
  const TICKS = [0xe001, 0x6886, 0x4770];
  const CALL_TICKS = [0xf7ff, 0xfffb];
  // r6 = ticks · the body · cmp with a limit · branch back · behind the loop r7 and [r0, #28] count its ends, and the limit moves on
  const waited = fc.constantFrom<CoreName>('m0', 'm4', 'm33', 'm7').chain((core) =>
    fc
      .record({
        body: body(core),
        calls: fc.boolean(),
        compared: low,
        limit: fc.integer({ min: 0, max: 40 }),
        on: fc.integer({ min: 0, max: 40 }),
        cond: fc.integer({ min: 0, max: 13 }),
        cycles: fc.integer({ min: 100_000, max: 500_000 }),
        period: fc.constantFrom(3_001, 5_001, 9_001, 20_000),
        waitStates: fc.constantFrom(0, 1, 4),
        cache: core === 'm33' ? fc.boolean() : fc.constant(false),
      })
      .map(({ body, calls, compared, limit, on, cond, ...rest }): Shape => {
        // r4 = the limit: the tick has been started with it
        const loop = [...(calls ? CALL_TICKS : [0x6886]), ...body.flat(), 0x4280 | (4 << 3) | compared];
        const behind = [0x3400 | on, 0x69c7, 0x3701, 0x61c7];
        const code = [...TICKS, 0x2400 | limit, ...loop, branchBack(cond, loop.length), ...behind, back(1 + loop.length + behind.length)];
        return { core, ...rest, code };
      }),
  );
  it('whatever is waited for in what a handler counts, leaving rounds out changes nothing that can be seen', () => {
    let skipped = 0;
    let loops = 0;
    fc.assert(
      fc.property(waited, (shape) => {
        const cycles = agrees(shape);
        skipped += cycles;
        if (cycles > 0) loops++;
      }),
      { numRuns: Number(process.env['BOOTBENCH_COUNTING'] ?? 40) },
    );
    expect(loops).toBeGreaterThan(10);
    expect(skipped).toBeGreaterThan(1_000_000);
  }, 1_200_000);
  it.each([
    ['', [0x6886]],
    [' and calls a function for them', CALL_TICKS],
  ])('a wait for some ticks that is proved once%s ends at the tick that it is for', (_how, ticks) => {
    // r5 = ticks; ticks - r5, cmp with 20, blo; then [r0, #28] counts, and all over again
    const loop = [...ticks, 0x1b71, 0x2914];
    const code = [...TICKS, 0x6885, ...loop, branchBack(LO, loop.length), 0x69c7, 0x3701, 0x61c7, back(5 + loop.length)];
    const wait = shape('m4', code, { cycles: 6_000_000, period: 10_000 });
    const instructions = vi.spyOn(LinearRun.prototype, 'run');
    const fast = run(wait, true);
    expect(fast.skipped).toBeGreaterThan(5_000_000);
    expectSame(fast.stops, run(wait, false).stops);
    // 30 waits of 20 ticks, four to six instructions a round: from 2,400 on for a proof at each tick
    expect(instructions.mock.calls.length).toBeLessThan(1_000);
    instructions.mockRestore();
  });
});

describe('A loop that counts', () => {
  it('leaves alone what only the way to it wrote, when it is skipped from another caller', () => {
    // push {r4} · movs r4, #7 · movs r5, #1 · lsls r5, #20 · subs r5, #1 · bne
    const w = new ThumbWriter();
    w.emit(...SET_UP, 0x24ff, 0xb410, 0x2407, 0x2501, 0x052d, 0x3d01, branchBack(NE, 1));
    const { machine, cpu } = started('m4', { [MAIN]: w.code }, {}, { memories: WAITING });
    machine.skipping = false;
    while (reg(cpu, 4) !== 0xff) runCycles(machine, 1);
    const told = { history: { seq: 0, repeats: 0, timeline: { length: 0 } }, counts: () => new Map<string, number>() };
    const loop = findCountingLoop(cpu, machine.system, told, () => false, Infinity, false)!;
    expect(loop.iterations).toBeGreaterThan(1_000_000);
    const saved = cpu.get(S.SP);
    cpu.set(S.R + 16, 0x1234);
    cpu.set(S.SP, saved - 64);
    machine.system.write(saved, 4, 0x5678);
    moveOn(cpu, loop, iterationOf(cpu, loop) + 1000);
    expect([reg(cpu, 4), cpu.get(S.SP), word(cpu, saved)]).toEqual([0x1234, saved - 64, 0x5678]);
  });
  it('in a word of RAM is seen to count wherever the core is in it', () => {
    // ldr r1, [r0] · adds r1, #1 · str r1, [r0] · ldr r2, [r0] · cmp r2, r3 · bne
    const w = new ThumbWriter();
    w.emit(...SET_UP, 0x2300, 0x43db, 0x6801, 0x3101, 0x6001, 0x6802, 0x429a, branchBack(NE, 5));
    const { machine, cpu } = started('m4', { [MAIN]: w.code }, {}, { memories: WAITING });
    machine.skipping = false;
    const seen = new Set<number>();
    runCycles(machine, 200);
    for (let i = 0; i < 600; i++) {
      runCycles(machine, 1);
      seen.add(cpu.pc);
      expect(isCounting(cpu, machine.system), cpu.pc.toString(16)).toBe(true);
    }
    expect(seen.size).toBeGreaterThanOrEqual(5);
  });
  it('is told from one that does nothing', () => {
    const w = new ThumbWriter();
    // nop · b back
    w.emit(...SET_UP, 0xbf00, back(1));
    const { machine, cpu } = started('m4', { [MAIN]: w.code }, {}, { memories: WAITING });
    machine.skipping = false;
    runCycles(machine, 500);
    expect(isCounting(cpu, machine.system)).toBe(false);
  });
});
