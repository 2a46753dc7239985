/**
 * Words that a loop loads and stores in each round, or loads from the stack: translated code looks them up in front of the loop and keeps what they hold, which must not show, whatever
 * lies there and whoever else stores to it.
 */
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { WORD_MAP } from '../../../src/emu/arena.ts';
import { S } from '../../../src/emu/core/state.ts';
import { RegionBuilder } from '../../../src/emu/core/translate/region-builder.ts';
import { CORE_NAMES, LOOP, RAM, runCycles, started, type CoreName } from './bare-machine.ts';
import { BOOKS } from './book-keeping.ts';
import { expectSame } from '../../same.ts';
import { SEED } from '../../seed.ts';
import { seedByTurn } from '../../turn.ts';

const AT = RAM + 0x4000;
const DATA = RAM + 0x1000;
const WATCHED = RAM + 0x6000;
/** The same RAM at another address, see bare-machine.ts. */
const ALIAS = 0x3800_0000 - RAM;
const STACK = RAM + 0x3000;
const FUNCTION = AT + 0x400;
/** Where the slots are: R4, what R6 starts as, and SP. The second word of the function has an immediate in its lowest byte. */
const BASES: Readonly<Record<string, readonly [slots: number, others: number, stack?: number]>> = {
  'plain memory': [DATA, DATA],
  'plain memory, stores next to it': [DATA, DATA - 8],
  'memory that appears twice': [DATA, DATA + ALIAS],
  'where it appears the second time': [DATA + ALIAS, DATA],
  'the end of a page': [DATA + 0xff8, DATA + 0x1000],
  'memory that nobody has written': [RAM + 0x5000, RAM + 0x5008],
  'an odd address': [DATA + 1, DATA],
  'an odd half-word': [DATA + 2, DATA],
  'a page that somebody watches': [WATCHED, WATCHED],
  'a page with code': [AT + 0x800, AT + 0x800],
  'bits of memory, on cores that have them': [0x2200_0000 + 32 * (DATA - RAM), DATA],
  'registers of SysTick': [0xe000_e014, DATA],
  'flash, where stores fault': [0x0800_0100, DATA],
  'a function': [FUNCTION - 4, DATA],
  'a stack on a function': [DATA, DATA, FUNCTION + 4],
  'the stack': [STACK, STACK],
  'memory next to the stack': [STACK + 8, STACK - 8],
  nothing: [0x6000_0000, DATA],
};

type Op =
  | { readonly do: 'load' | 'store'; readonly size: 1 | 2 | 4; readonly rt: number; readonly rn: number; readonly at: number }
  | { readonly do: 'count'; readonly rt: number; readonly at: number; readonly by: number }
  | { readonly do: 'several'; readonly list: number }
  | { readonly do: 'change'; readonly rd: number; readonly by: number }
  | { readonly do: 'push' | 'call' | 'descend' }
  | { readonly do: 'copy'; readonly rt: number; readonly at: number }
  | { readonly do: 'spill'; readonly load: boolean; readonly rt: number; readonly at: number }
  | { readonly do: 'skip'; readonly it: boolean; readonly than: number; readonly op: Op }
  | { readonly do: 'inner'; readonly met: boolean; readonly rounds: number; readonly body: readonly Op[] }
  | { readonly do: 'end'; readonly at: number };

const access = (op: 'load' | 'store', size: 1 | 2 | 4, rt: number, rn: number, at: number): number =>
  ({ 1: 0x7000, 2: 0x8000, 4: 0x6000 })[size] | (op === 'load' ? 0x0800 : 0) | (at << 6) | (rn << 3) | rt;

/** NOP; LDR R0, [R4]; ADDS R0, #3; STR R0, [R4]; BX LR */
const CALLEE = [0xbf00, 0x6820, 0x3003, 0x6020, 0x4770];
/** R0 to R3 are data; R4 is the slots' address, R6 another one; R5 counts rounds and R7 those of inner loops; R8 is a function. */
function encode(core: CoreName, op: Op): number[] {
  switch (op.do) {
    case 'load':
    case 'store':
      return [access(op.do, op.size, op.rt, op.rn, op.at & (8 / op.size - 1))];
    case 'count':
      return [access('load', 4, op.rt, 4, op.at), 0x3000 | (op.rt << 8) | op.by, access('store', 4, op.rt, 4, op.at)];
    case 'several':
      // STM R6!, list
      return [0xc000 | (6 << 8) | op.list];
    case 'change':
      return [0x3000 | (op.rd << 8) | op.by];
    case 'push':
      // PUSH {R0}; POP {R1}
      return [0xb401, 0xbc02];
    case 'spill':
      // LDR or STR of [SP, #4 * at]
      return [(op.load ? 0x9800 : 0x9000) | (op.rt << 8) | op.at];
    case 'copy':
      // MOV R6, SP; STR of [R6, #4 * at]
      return [0x466e, 0x6000 | (op.at << 6) | (6 << 3) | op.rt];
    case 'descend':
      // SUB SP, #8
      return [0xb082];
    case 'call':
      // BLX R8
      return [0x47c0];
    case 'skip': {
      // CMP R0, #than; then something if lower: by IT, or branched over
      const inside = encode(core, op.op);
      const byIt = op.it && core !== 'm0' && inside.length === 1 && op.op.do !== 'change';
      return [0x2800 | op.than, byIt ? 0xbf38 : 0xd200 | ((inside.length - 1) & 0xff), ...inside];
    }
    case 'inner': {
      // MOVS R7, #rounds; two ways to the body, or one; body; SUBS R7, #1; BNE body
      const body = op.body.flatMap((o) => encode(core, o));
      const before = op.met ? [0x2803, 0xd200, 0xbf00] : [];
      return [0x2700 | op.rounds, ...before, ...body, 0x3f01, 0xd100 | (-(body.length + 3) & 0xff)];
    }
    case 'end':
      // CMP R5, #at; BNE over; B .
      return [0x2d00 | op.at, 0xd100, LOOP];
  }
}
const data = fc.integer({ min: 0, max: 3 });
const size = fc.constantFrom(1 as const, 2 as const, 4 as const, 4 as const, 4 as const, 4 as const);
const at = fc.constantFrom(0, 0, 0, 1);
const direction = fc.constantFrom('load' as const, 'store' as const);
const own = fc.record({ do: direction, size: fc.constant(4 as const), rt: data, rn: fc.constant(4), at });
const other = fc.record({ do: direction, size, rt: data, rn: fc.constantFrom(4, 6, 6, 6), at });
const simple: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: own },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('count' as const), rt: data, at, by: fc.nat(255) }) },
  { weight: 2, arbitrary: other },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('spill' as const), load: fc.constantFrom(true, true, false), rt: data, at: fc.nat(2) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('change' as const), rd: fc.constantFrom(0, 1, 2, 3, 6), by: fc.constantFrom(1, 4, 8) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('several' as const), list: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('push' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('copy' as const), rt: data, at: fc.nat(1) }) },
);
const skip = fc.record({ do: fc.constant('skip' as const), it: fc.boolean(), than: fc.constantFrom(1, 3, 40, 200), op: simple });
const inner = fc.record({
  do: fc.constant('inner' as const),
  met: fc.boolean(),
  rounds: fc.integer({ min: 1, max: 5 }),
  body: fc.array(fc.oneof({ weight: 4, arbitrary: simple }, { weight: 1, arbitrary: skip }), { minLength: 1, maxLength: 6 }),
});
const OPS: fc.Arbitrary<Op> = fc.oneof(
  { weight: 10, arbitrary: simple },
  { weight: 3, arbitrary: skip },
  { weight: 2, arbitrary: inner },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change' as const), rd: fc.constant(4), by: fc.constantFrom(4, 8) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('call' as const, 'call' as const, 'descend' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), at: fc.integer({ min: 1, max: 6 }) }) },
);
const PROGRAM = fc.record({
  where: fc.constantFrom(...Object.keys(BASES)),
  ops: fc.array(OPS, { minLength: 2, maxLength: 10 }),
  slices: fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }),
  tick: fc.constantFrom(0, 0, 37, 150),
  /** Arrivals after which a place is translated: code that has not run by then stays outside. */
  hot: fc.integer({ min: 1, max: 4 }),
});
type Program = typeof PROGRAM extends fc.Arbitrary<infer T> ? T : never;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function outcome(core: CoreName, { where, ops, slices, tick, hot }: Program, translating: boolean) {
  const body = ops.flatMap((op) => encode(core, op));
  // SUBS R5, #1; BNE back
  const code = [...body, 0x3d01, 0xd100 | (-(body.length + 3) & 0xff), LOOP];
  const { machine, cpu } = started(core, { 0x21e0: [0x4770] });
  code.forEach((h, i) => machine.system.write(AT + 2 * i, 2, h));
  CALLEE.forEach((h, i) => machine.system.write(FUNCTION + 2 * i, 2, h));
  for (let i = 0; i < 16; i++) for (const to of [DATA, DATA + 0xff0, WATCHED]) machine.system.write(to + 4 * i, 4, 0x0102_0304 * (i + 1));
  const seen: string[] = [];
  if (where === 'a page that somebody watches')
    machine.setRepairs({
      pages: new Set([WATCHED >>> 12]),
      read: (_, address, bytes) => (seen.push(`read ${bytes} at ${address.toString(16)}, ${cpu.cycles()}`), null),
      write: (_, address, bytes, value) => (seen.push(`write ${bytes} at ${address.toString(16)}, ${cpu.cycles()}`), value ^ 1),
    });
  cpu.setTranslating(translating, hot);
  const [slots, others, stack] = BASES[where]!;
  [1, 2, 3, 4, slots, 20, others, 0, FUNCTION | 1].forEach((v, n) => cpu.set(S.R + 4 * n, v));
  if (tick > 0) for (const [a, v] of [[4, tick], [8, 0], [0, 7]] as const) cpu.write(0xe000_e010 + a, 4, v); // prettier-ignore
  cpu.set(S.SP, stack ?? STACK);
  cpu.branchTo(AT);
  const stops = [...slices, ...slices, 5000].map((cycles) => {
    runCycles(machine, cycles);
    return [cpu.pc, cpu.cycles(), cpu.retired(), ...cpu.stateWords().filter((_, i) => !BOOKS.has(i))].join();
  });
  const ram = machine.system.regionAt(RAM)!.memory!;
  const result = {
    regions: cpu.tier.counters.compiled,
    seen,
    stops,
    memory: hex(machine.system.memoryBytes('RAM').subarray(0x800, 0x7000)),
    written: hex(machine.system.arena.u8.subarray(WORD_MAP + ((ram.host + 0x800) >>> 2), WORD_MAP + ((ram.host + 0x7000) >>> 2))),
  };
  machine.release();
  return result;
}

describe.each(CORE_NAMES)('%s', (core) => {
  it('loops that keep words in memory come to the same state, cycle and memory at every stop', () => {
    const lookUp = vi.spyOn(RegionBuilder.prototype, 'lookUp');
    let regions = 0;
    fc.assert(
      fc.property(PROGRAM, (program) => {
        const [plain, fast] = [outcome(core, program, false), outcome(core, program, true)];
        regions += fast.regions;
        expectSame({ ...fast, regions: 0 }, { ...plain, regions: 0 });
      }),
      { numRuns: 200, seed: seedByTurn(SEED, 2) },
    );
    expect(regions).toBeGreaterThan(50);
    expect(lookUp.mock.calls.length).toBeGreaterThan(50);
    lookUp.mockRestore();
  });
  it.each<readonly [string, readonly Op[]]>([
    ['a function', [{ do: 'count', rt: 1, at: 2, by: 1 }]],
    ['a stack on a function', [{ do: 'spill', load: true, rt: 1, at: 0 }, { do: 'change', rd: 1, by: 1 }, { do: 'copy', rt: 1, at: 0 }]], // prettier-ignore
  ])('words of %s that a loop changes are what runs next', (where, body) => {
    const ops: readonly Op[] = [{ do: 'inner', met: false, rounds: 5, body }, { do: 'call' }];
    for (const hot of [1, 2, 3]) {
      const program = { where, ops: [...ops], slices: [500], tick: 0 as const, hot };
      expect({ ...outcome(core, program, true), regions: 0 }).toEqual({ ...outcome(core, program, false), regions: 0 });
    }
  });
});
