/**
 * Loads and stores that meet at the same bytes, by the same base register or another one that points there too: translated code looks an
 * address up once and keeps what it stored, which must not show.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { S } from '../../../src/emu/core/state.ts';
import { CORE_NAMES, LOOP, RAM, runCycles, started, type CoreName } from './bare-machine.ts';
import { expectSame } from '../../same.ts';

const AT = RAM + 0x4000;
const DATA = RAM + 0x1000;
/** The same RAM at another address, see bare-machine.ts. */
const ALIAS = 0x3800_0000 - RAM;
const ROUNDS = 6;

type Op =
  | { readonly do: 'load' | 'store'; readonly size: 1 | 2 | 4; readonly rt: number; readonly rn: number; readonly at: number }
  | { readonly do: 'several'; readonly load: boolean; readonly rn: number; readonly list: number }
  | { readonly do: 'move'; readonly rd: number; readonly rn: number; readonly by: number }
  | { readonly do: 'change'; readonly rd: number; readonly by: number }
  | { readonly do: 'skip'; readonly store: boolean; readonly rt: number; readonly rn: number; readonly at: number };

/** R0 to R3 are data; R4 the data's address, R6 moves about it, R7 is its alias; R5 counts. */
function encode(core: CoreName, op: Op): number[] {
  switch (op.do) {
    case 'load':
    case 'store': {
      const code = { 1: 0x7000, 2: 0x8000, 4: 0x6000 }[op.size] | (op.do === 'load' ? 0x0800 : 0);
      return [code | ((op.at & (8 / op.size - 1)) << 6) | (op.rn << 3) | op.rt];
    }
    case 'several':
      // PUSH or POP would move SP: STM and LDM with a copy of the base in R6
      return [0x4600 | (op.rn << 3) | 6, (op.load ? 0xc800 : 0xc000) | (6 << 8) | op.list];
    case 'move':
      // R6 = base + by
      return [0x4600 | (op.rn << 3) | 6, 0x3000 | (6 << 8) | op.by];
    case 'change':
      return [0x3000 | (op.rd << 8) | op.by];
    case 'skip':
      // CMP R0, #3; then one instruction if lower: by IT, or branched over
      return [0x2803, core === 'm0' ? 0xd200 : 0xbf38, (op.store ? 0x6000 : 0x6800) | (op.at << 6) | (op.rn << 3) | op.rt];
  }
}
const data = fc.integer({ min: 0, max: 3 });
const base = fc.constantFrom(4, 4, 4, 6, 7);
const OPS: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 24,
    arbitrary: fc.record({
      do: fc.constantFrom('load' as const, 'store' as const),
      size: fc.constantFrom(1 as const, 2 as const, 4 as const, 4 as const),
      rt: data,
      rn: base,
      at: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('several' as const),
      load: fc.boolean(),
      rn: fc.constantFrom(4, 7),
      list: fc.integer({ min: 1, max: 15 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('move' as const),
      rd: fc.constant(6),
      rn: fc.constantFrom(4, 7),
      by: fc.constantFrom(0, 2, 4, 8),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('change' as const), rd: data, by: fc.nat(255) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('skip' as const), store: fc.boolean(), rt: data, rn: base, at: fc.nat(1) }) },
);

function outcome(core: CoreName, code: readonly number[], translating: boolean) {
  const { machine, cpu } = started(core);
  code.forEach((h, i) => machine.system.write(AT + 2 * i, 2, h));
  for (let i = 0; i < 16; i++) machine.system.write(DATA + 4 * i, 4, 0x01020304 * (i + 1));
  cpu.setTranslating(translating, 1);
  const registers = [1, 2, 3, 4, DATA, ROUNDS, DATA, DATA + ALIAS];
  registers.forEach((v, n) => cpu.set(S.R + 4 * n, v));
  cpu.branchTo(AT);
  runCycles(machine, 4000);
  return {
    regions: cpu.tier.counters.compiled,
    state: [...Array.from({ length: 8 }, (_, n) => cpu.get(S.R + 4 * n)), cpu.pc, cpu.cycles(), cpu.retired()],
    memory: [...machine.system.memoryBytes('RAM').subarray(0x1000, 0x1000 + 4096)],
  };
}

describe.each(CORE_NAMES)('%s', (core) => {
  it('loads and stores at and about the same address come out as one by one', () => {
    let regions = 0;
    fc.assert(
      fc.property(fc.array(OPS, { minLength: 6, maxLength: 24 }), (ops) => {
        const body = ops.flatMap((op) => encode(core, op));
        // SUBS R5, #1; BNE back
        const code = [...body, 0x3d01, 0xd100 | (-(body.length + 3) & 0xff), LOOP];
        const [plain, fast] = [outcome(core, code, false), outcome(core, code, true)];
        regions += fast.regions;
        expectSame({ ...fast, regions: 0 }, { ...plain, regions: 0 });
      }),
      { numRuns: 200, seed: 20261120 },
    );
    expect(regions).toBeGreaterThan(50);
  });
});
