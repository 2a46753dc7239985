import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { S } from '../../src/emu/core/state.ts';
import { BX_LR, CPSID_I, CPSIE_I, handlerAt, MAIN, NOP, RAM, reg, runCycles, started, word } from './core/bare-machine.ts';
import { countSkipped } from './skipped.ts';

/** R0 = RAM, R3 = SysTick: counts 51,200 cycles and interrupts. */
const SET_UP = [
  0x2020, 0x0600, 0x2100, 0x6001, 0x6041, 0x6081, 0x23e0, 0x061b, 0x24e0, 0x0224, 0x191b, 0x2410, 0x191b, 0x24c8, 0x0224, 0x605c, 0x2400,
  0x609c, 0x2407, 0x601c,
];
/** [R0+8] counts the ticks. */
const COUNT_TICK = [0x6882, 0x3201, 0x6082, 0x4770];
const LDR_R1 = 0x6801;
const STR_R1_AT_4 = 0x6041;
const STR_R5_AT_12 = 0x60c5;
const STRB_R1_AT_4 = 0x7101;
const ADDS_R5 = 0x3501;
const MOVS_R1_0 = 0x2100;
const MOVS_R1_7 = 0x2107;
const MOVS_R5_200 = 0x25c8;
const SUBS_R5_1 = 0x3d01;
/** To the instruction before it. */
const BNE_BACK = 0xd1fd;
/** lsls r2, r1, #31 · itt pl · movwpl r2, #0xaaaa · str r5, [r0, #12] if PL. */
const UNLESS_ODD = [0x07ca, 0xbf5c, 0xf64a, 0x22aa, STR_R5_AT_12];
const UDF = 0xde00;
/** ldr r1, [r3] */
const LDR_R1_SYST_CSR = 0x6819;
const branchBack = (halfWords: number): number => 0xe000 | (-(halfWords + 2) & 0x7ff);

function run(body: readonly number[], cycles: number, skipping: boolean, before: readonly number[] = []) {
  const code = [...SET_UP, ...before, ...body, branchBack(body.length)];
  const { machine, cpu } = started('m33', { [MAIN]: code, [handlerAt(15)]: COUNT_TICK, [handlerAt(3)]: [BX_LR] });
  machine.skipping = skipping;
  const skipped = countSkipped([cpu]);
  let steps = 0;
  const step = cpu.step.bind(cpu);
  cpu.step = () => {
    steps++;
    return step();
  };
  runCycles(machine, cycles);
  const state = {
    pc: cpu.pc,
    cycles: cpu.cycles(),
    retired: cpu.retired(),
    registers: Array.from({ length: 13 }, (_, n) => reg(cpu, n)),
    primask: cpu.get(S.PRIMASK),
    words: [0, 4, 8, 12].map((at) => word(cpu, RAM + at)),
    seq: machine.history.seq,
    writer: machine.history.lastWriter('CPU.PRIMASK'),
    timeline: machine.history.timeline.toArray(),
  };
  return { state, skipped: skipped(), steps };
}

describe('Loops that change nothing', () => {
  it('an idle loop that masks interrupts and stores what is there already is skipped from tick to tick', () => {
    const body = [CPSID_I, LDR_R1, STR_R1_AT_4, CPSIE_I];
    const fast = run(body, 1_000_000, true);
    expect(fast.skipped).toBeGreaterThan(700_000);
    expect(fast.state.words[2]).toBe(19);
    expect(fast.state).toEqual(run(body, 1_000_000, false).state);
  });

  it('a round with an inner loop is found once, not looked for at every pass of the inner one', () => {
    // R5 = 200, down to 0, and again: a place in the inner loop comes by in 200 states
    const body = [MOVS_R5_200, SUBS_R5_1, BNE_BACK];
    const fast = run(body, 2_000_000, true);
    expect(fast.skipped).toBeGreaterThan(1_500_000);
    expect(fast.steps).toBeLessThan(10_000);
    expect(fast.state).toEqual(run(body, 2_000_000, false).state);
  });

  it('a loop that counts in memory is skipped with its count', () => {
    const fast = run([ADDS_R5, STR_R5_AT_12], 300_000, true);
    expect(fast.skipped).toBeGreaterThan(200_000);
    expect(fast.state).toEqual(run([ADDS_R5, STR_R5_AT_12], 300_000, false).state);
  });

  it('a loop that stores two values in turn is skipped with the one that it begins with', () => {
    const body = [MOVS_R1_0, STR_R1_AT_4, MOVS_R1_7, STRB_R1_AT_4];
    const fast = run(body, 1_000_000, true);
    expect(fast.skipped).toBeGreaterThan(500_000);
    expect(fast.state).toEqual(run(body, 1_000_000, false).state);
  });

  it('a stop on a wide instruction whose condition fails is passed whole', () => {
    const body = [MOVS_R1_7, ...UNLESS_ODD];
    const fast = run(body, 400_000, true);
    expect(fast.skipped).toBeGreaterThan(250_000);
    expect(fast.state).toEqual(run(body, 400_000, false).state);
  });

  it('an instruction that faults anew after each return is skipped with all its faults in the history', () => {
    const fast = run([UDF], 400_000, true);
    expect(fast.skipped).toBeGreaterThan(250_000);
    expect(fast.state.timeline.at(-1)!.count).toBeGreaterThan(5_000);
    expect(fast.state).toEqual(run([UDF], 400_000, false).state);
  });

  it('a loop that polls SysTick is skipped to the moment when the counter wraps, with few steps', () => {
    const body = [LDR_R1_SYST_CSR];
    const fast = run(body, 2_000_000, true);
    expect(fast.skipped).toBeGreaterThan(1_800_000);
    expect(fast.steps).toBeLessThan(10_000);
    expect(fast.state).toEqual(run(body, 2_000_000, false).state);
  });

  it.each([
    ['plain', [NOP, LDR_R1, NOP, NOP]],
    ['that masks interrupts', [CPSID_I, LDR_R1, NOP, CPSIE_I]],
  ])('a loop in RAM %s is another one when an interrupt handler has written over an instruction of it', (_what, loop) => {
    const ends = [true, false].map((skipping) => {
      // bx to RAM + 0x20, where the loop lies
      const main = [...SET_UP, 0x0007, 0x3721, 0x4738];
      // at the third tick: ldr r2, [r0, #12] (adds r5, #1) · strh r2, [r0, #0x24]
      const tick = [0x6882, 0x3201, 0x6082, 0x2a03, 0xd101, 0x68c2, 0x8482, 0x4770];
      const { machine, cpu } = started('m33', { [MAIN]: main, [handlerAt(15)]: tick });
      machine.skipping = skipping;
      const code = [ADDS_R5, 0, ...Array<number>(8).fill(NOP), ...loop, branchBack(loop.length)];
      machine.load(RAM + 12, new Uint8Array(Uint16Array.from(code).buffer));
      cpu.set(S.R + 4 * 5, 0);
      runCycles(machine, 1_000_000);
      return { cycles: cpu.cycles(), retired: cpu.retired(), ticks: word(cpu, RAM + 8), counted: reg(cpu, 5) };
    });
    expect(ends[0]).toEqual(ends[1]);
    expect(ends[0]!.ticks).toBe(19);
    expect(ends[0]!.counted).toBeGreaterThan(50_000);
  });

  it('the second of two loops is found when the firmware has gone on to it', () => {
    // ldr r5, [r0, #8] · cmp r5, #6 · blo: until the sixth tick
    const first = [0x6885, 0x2d06, 0xd3fc];
    const fast = run([LDR_R1], 1_000_000, true, first);
    expect(fast.skipped).toBeGreaterThan(800_000);
    expect(fast.state).toEqual(run([LDR_R1], 1_000_000, false, first).state);
  });

  it('whatever the loop does, skipping changes nothing that can be seen', () => {
    const instruction = fc.constantFrom(
      NOP,
      CPSID_I,
      CPSIE_I,
      LDR_R1,
      STR_R1_AT_4,
      STRB_R1_AT_4,
      STR_R5_AT_12,
      ADDS_R5,
      MOVS_R1_0,
      MOVS_R1_7,
    );
    const piece = fc.oneof({ weight: 6, arbitrary: instruction.map((i) => [i]) }, { weight: 1, arbitrary: fc.constant(UNLESS_ODD) });
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 7 }), fc.integer({ min: 60_000, max: 400_000 }), (pieces, cycles) => {
        const body = pieces.flat();
        expect(run(body, cycles, true).state).toEqual(run(body, cycles, false).state);
      }),
      { numRuns: 25 },
    );
  });
});
