/**
 * A few instructions that a branch skips: translated code runs them whatever the condition and takes one set of values or the other, which must not show in registers,
 * flags, cycles or what flash and its caches are asked for, wherever the region is left.
 */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { STM32F072RB } from '../../../src/chips/stm32f072.ts';
import { STM32L476RG } from '../../../src/chips/stm32l476.ts';
import type { ChipDescription } from '../../../src/emu/chip.ts';
import { S } from '../../../src/emu/core/state.ts';
import { RegionBuilder } from '../../../src/emu/core/translate/region-builder.ts';
import { CORE_NAMES, FLASH, LOOP, MAIN, RAM, RAM_END, runCycles, started, type CoreName } from './bare-machine.ts';
import { BOOKS } from './book-keeping.ts';
import { expectSame } from '../../same.ts';

/** R0 to R3 are data, R4 is theirs in memory, R5 counts rounds, R6 is a random number, R7 is SysTick. */
const d = fc.integer({ min: 0, max: 3 });
const imm = fc.nat(255);
/** Half-words of one instruction that writes registers and flags. */
const PLAIN = fc.oneof(
  // MOVS, ADDS, SUBS, CMP with a constant
  fc.tuple(fc.constantFrom(0x2000, 0x3000, 0x3800, 0x2800), d, imm).map(([op, r, n]) => op | (r << 8) | n),
  // ADDS, SUBS of three registers
  fc.tuple(fc.constantFrom(0x1800, 0x1a00), d, d, d).map(([op, a, b, c]) => op | (a << 6) | (b << 3) | c),
  // LSLS, LSRS, ASRS by a constant
  fc.tuple(fc.constantFrom(0, 0x0800, 0x1000), fc.nat(31), d, d).map(([op, n, a, b]) => op | (n << 6) | (a << 3) | b),
  // ANDS, EORS, LSLS, LSRS, ADCS, SBCS, RORS, TST, RSBS, CMP, CMN, ORRS, MULS, BICS, MVNS of registers
  fc.tuple(fc.constantFrom(0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), d, d).map(([op, a, b]) => 0x4000 | (op << 6) | (a << 3) | b),
  // MOV, and UXTH, SXTB, REV, which leave flags
  fc.tuple(fc.constantFrom(0x4600, 0xb280, 0xb240, 0xba00), d, d).map(([op, a, b]) => op | (a << 3) | b),
);
/** STR or LDR of [R4, #4 * n]; LDR of [R7, #4], which is no memory: the region is left, and flags with it. */
const ACCESS = fc.oneof(
  fc.tuple(fc.constantFrom(0x6000, 0x6800), fc.nat(7), d).map(([op, n, r]) => op | (n << 6) | (4 << 3) | r),
  d.map((r) => 0x6800 | (1 << 6) | (7 << 3) | r),
);
/** What looks at flags: ADCS, SBCS. */
const CARRY = fc.tuple(fc.constantFrom(5, 6), d, d).map(([op, a, b]) => 0x4000 | (op << 6) | (a << 3) | b);
const NOPS = fc.nat(6).map((n) => Array.from({ length: n }, () => 0xbf00));

interface Skip {
  readonly before: readonly number[];
  readonly condition: number;
  readonly arm: readonly number[];
  readonly behind: readonly number[];
}
const SKIP: fc.Arbitrary<Skip> = fc.record({
  before: fc.tuple(NOPS, fc.array(fc.oneof(PLAIN, ACCESS), { maxLength: 3 })).map(([n, ops]) => [...n, ...ops]),
  condition: fc.integer({ min: 0, max: 13 }),
  arm: fc.array(PLAIN, { minLength: 1, maxLength: 5 }),
  behind: fc.array(fc.oneof(CARRY, ACCESS, PLAIN), { maxLength: 2 }),
});
/** Flags of one compare or of another one, and something that looks at them. */
const COMPARE = fc.tuple(fc.constantFrom(0x4280, 0x1a00, 0x42c0), d, d).map(([op, a, b]) => op | (a << 3) | b);
const COMPARES: fc.Arbitrary<Skip> = fc.record({
  before: COMPARE.map((op) => [op]),
  condition: fc.integer({ min: 0, max: 13 }),
  arm: COMPARE.map((op) => [op]),
  behind: CARRY.map((op) => [op]),
});
const programOf = (skip: fc.Arbitrary<Skip>) =>
  fc.record({
    skips: fc.array(skip, { minLength: 1, maxLength: 4 }),
    slices: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 6 }),
    waitStates: fc.nat(4),
    cache: fc.boolean(),
    kinds: fc.nat(7),
    data: fc.array(fc.integer(), { minLength: 5, maxLength: 5 }),
    tick: fc.constantFrom(0, 0, 61),
  });
type Program = ReturnType<typeof programOf> extends fc.Arbitrary<infer T> ? T : never;

/** Each round mixes R6 into R0, so that conditions come out both ways. */
function codeOf(skips: readonly Skip[]): number[] {
  // R6 = R6 ror R5; EORS R0, R6
  const body = [0x41ee, 0x4070];
  for (const { before, condition, arm, behind } of skips)
    body.push(...before, 0xd000 | (condition << 8) | ((arm.length - 1) & 0xff), ...arm, ...behind);
  return [...body, 0x3d01, 0xd100 | (-(body.length + 3) & 0xff), LOOP];
}

const FLASH_CACHES: Partial<Record<CoreName, ChipDescription['flashCache']>> = { m0: STM32F072RB.flashCache, m4: STM32L476RG.flashCache };
const TIMED = {
  memories: [
    { name: 'FLASH', base: FLASH, size: 0x8_0000, kind: 'flash', zone: 'user', aliases: [0], waitStates: true },
    { name: 'RAM', base: RAM, size: RAM_END - RAM, kind: 'ram', zone: 'user' },
  ],
} as const;

function outcome(core: CoreName, p: Program, translating: boolean) {
  const { machine, cpu } = started(
    core,
    { [MAIN]: codeOf(p.skips) },
    {},
    { ...TIMED, ...(FLASH_CACHES[core] && { flashCache: FLASH_CACHES[core] }) },
  );
  cpu.caches.setFlashTiming({
    waitStates: p.waitStates,
    cache: p.cache && core === 'm33',
    sets: 256,
    ways: 2,
    kinds: core === 'm4' ? p.kinds : p.kinds & 4,
  });
  cpu.setTranslating(translating, 2);
  [...p.data.slice(0, 4), RAM + 0x100, 60, p.data[4]!, 0xe000_e010].forEach((v, n) => cpu.set(S.R + 4 * n, v | 0));
  for (let i = 0; i < 8; i++) machine.system.write(RAM + 0x100 + 4 * i, 4, 0x0102_0304 * (i + 1));
  if (p.tick > 0) for (const [a, v] of [[4, p.tick], [8, 0], [0, 7]] as const) cpu.write(0xe000_e010 + a, 4, v); // prettier-ignore
  const stops = [...p.slices, ...p.slices, 4000].map((cycles) => {
    runCycles(machine, cycles);
    return [cpu.pc, cpu.cycles(), cpu.retired(), ...cpu.stateWords().filter((_, i) => !BOOKS.has(i))].join();
  });
  const memory = Buffer.from(machine.system.memoryBytes('RAM').subarray(0x100, 0x120)).toString('hex');
  const regions = cpu.tier.counters.compiled;
  machine.release();
  return { regions, stops, memory };
}

describe.each(CORE_NAMES)('%s', (core) => {
  it.each([
    ['any instructions', SKIP, 150],
    ['compares', COMPARES, 60],
  ] as const)('%s that a branch skips leave the same state, cycle and memory at every stop', (_, skip, numRuns) => {
    const comparison = vi.spyOn(RegionBuilder.prototype, 'comparison');
    let regions = 0;
    fc.assert(
      fc.property(programOf(skip), (program) => {
        const [plain, fast] = [outcome(core, program, false), outcome(core, program, true)];
        regions += fast.regions;
        expectSame({ ...fast, regions: 0 }, { ...plain, regions: 0 });
      }),
      { numRuns },
    );
    expect(regions).toBeGreaterThan(numRuns);
    expect(comparison.mock.calls.length).toBeGreaterThan(numRuns);
    comparison.mockRestore();
  });
});
