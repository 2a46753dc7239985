/** What no oracle shows: exits to the slow path, fault restoration, stack limits, the exclusive monitor, division cycles. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Profile } from '../../../src/emu/core/builder.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { thumbExpandImm } from '../../../src/emu/core/isa/expand-imm.ts';
import { EXIT, S } from '../../../src/emu/core/state.ts';
import { BareCore, FAULT } from './bare-core.ts';
import { CODE, DATA, DATA_BYTES, PC, SP, XPSR } from './unicorn.ts';

const cores = new Map<Profile, BareCore>();
function coreOf(profile: Profile): BareCore {
  let c = cores.get(profile);
  if (!c) cores.set(profile, (c = new BareCore(profile)));
  return c;
}
const { m0, m4, m33, m7 } = PROFILES;
const LR = 14;
const MIDDLE = DATA + DATA_BYTES / 2;

function state(c: BareCore, offset: number, value?: number): number {
  if (value !== undefined) c.arena.u32[offset >> 2] = value;
  return c.arena.u32[offset >> 2]!;
}
/** Puts code at the start and registers into a known state; `registers` by number. */
function prepare(c: BareCore, code: readonly number[], registers: Readonly<Record<number, number>> = {}): void {
  c.code.set(new Uint8Array(Uint16Array.from([...code, 0xe7fe, 0xe7fe]).buffer));
  c.flush();
  for (let i = 0; i < 15; i++) c.registers[i] = registers[i] ?? 0x1111_1111 * i;
  c.registers[SP] = registers[SP] ?? MIDDLE;
  c.registers[PC] = CODE;
  c.registers[XPSR] = 0;
  for (const k of [S.SPLIM, S.CCR, S.IPSR]) state(c, k, 0);
}
const setWord = (c: BareCore, address: number, value: number): void =>
  new DataView(c.data.buffer, c.data.byteOffset).setUint32(address - DATA, value, true);
const word = (c: BareCore, address: number): number => new DataView(c.data.buffer, c.data.byteOffset).getUint32(address - DATA, true);

beforeEach(() => {
  for (const c of cores.values()) c.data.fill(0xa5);
});

describe('ARMv8-M stack limit: the fault comes before memory or registers change (DDI 0553 B3.8)', () => {
  const limited: Readonly<Record<string, readonly number[]>> = {
    'PUSH {R4, LR}': [0xb510],
    'SUB SP, #16': [0xb084],
    'STMDB SP!, {R4, R5}': [0xe92d, 0x0030],
    'STR R0, [SP, #-4]!': [0xf84d, 0x0d04],
    'SUB.W SP, SP, #32': [0xf1ad, 0x0d20],
    'STRD R0, R1, [SP, #-8]!': [0xe96d, 0x0102],
    'LDMDB SP!, {R4, R5}': [0xe93d, 0x0030],
    'LDR R0, [SP, #-8]!': [0xf85d, 0x0d08],
    'SUBS.W SP, SP, R1': [0xebbd, 0x0d01],
    'MOV SP, R2': [0x4695],
  };
  for (const [name, code] of Object.entries(limited)) {
    test(`${name} below MSPLIM leaves with STACK_LIMIT and nothing is changed`, () => {
      const c = coreOf(m33);
      prepare(c, code, { 1: 64, 2: MIDDLE - 64 });
      state(c, S.SPLIM, MIDDLE);
      const before = c.registers.slice();
      const memory = c.data.slice();
      expect(c.run(1)).toBe(EXIT.STACK_LIMIT);
      expect([...c.registers]).toEqual([...before]);
      expect(Buffer.compare(c.data, memory)).toBe(0);
    });
    test(`${name} down to the limit is allowed, and M4 has no limit`, () => {
      for (const [profile, limit] of [
        [m33, MIDDLE - 64],
        [m4, MIDDLE],
      ] as const) {
        const c = coreOf(profile);
        prepare(c, code, { 1: 64, 2: MIDDLE - 64 });
        state(c, S.SPLIM, limit);
        expect(c.run(1)).toBe(EXIT.BUDGET);
        expect(c.registers[SP]).toBeLessThan(MIDDLE);
      }
    });
  }
  test('SP bits 1:0 stay 0 whatever is written (DDI 0403 B1.4.1)', () => {
    const c = coreOf(m4);
    prepare(c, [0x4695], { 2: DATA + 0x107 });
    expect(c.run(1)).toBe(EXIT.BUDGET);
    expect(c.registers[SP]).toBe(DATA + 0x104);
  });
});

describe('exclusive monitor', () => {
  // LDREX R1, [R0]; STREX R2, R3, [R0]; STREX R4, R3, [R0]
  test('a store-exclusive succeeds once after a load-exclusive', () => {
    const c = coreOf(m4);
    prepare(c, [0xe850, 0x1f00, 0xe840, 0x3200, 0xe840, 0x3400], { 0: MIDDLE, 3: 77 });
    setWord(c, MIDDLE, 5);
    expect(c.run(3)).toBe(EXIT.BUDGET);
    expect([c.registers[1], c.registers[2], c.registers[4], word(c, MIDDLE)]).toEqual([5, 0, 1, 77]);
  });
  test('CLREX makes the store-exclusive fail and memory stays', () => {
    const c = coreOf(m33);
    prepare(c, [0xe850, 0x1f00, 0xf3bf, 0x8f2f, 0xe840, 0x3200], { 0: MIDDLE, 3: 77 });
    setWord(c, MIDDLE, 5);
    c.run(3);
    expect([c.registers[2], word(c, MIDDLE)]).toEqual([1, 5]);
  });
  test('the local monitor tags no address: a store-exclusive elsewhere succeeds (DDI 0439D 3.6.1)', () => {
    const c = coreOf(m4);
    prepare(c, [0xe850, 0x1f00, 0xe840, 0x3201], { 0: MIDDLE, 3: 77 });
    c.run(2);
    expect([c.registers[2], word(c, MIDDLE + 4)]).toEqual([0, 77]);
  });
  test('an unaligned store-exclusive faults even when it would fail anyway', () => {
    const c = coreOf(m4);
    prepare(c, [0xe840, 0x3200], { 0: MIDDLE + 2 });
    expect(c.run(1)).toBe(EXIT.UNALIGNED);
  });
});

describe('returning through the PC', () => {
  const EXC_RETURN = 0xffff_fff9;
  const returns: Readonly<Record<string, readonly number[]>> = {
    'BX LR': [0x4770],
    'POP {R4, PC}': [0xbd10],
    'LDR PC, [R0]': [0xf8d0, 0xf000],
    'LDMIA R0!, {R1, PC}': [0xe8b0, 0x8002],
  };
  for (const [name, code] of Object.entries(returns)) {
    test(`${name} with EXC_RETURN in Handler mode leaves with EXC_RETURN, other registers are written`, () => {
      for (const profile of [m0, m4, m33, m7]) {
        if (profile === m0 && code.length > 1) continue;
        const c = coreOf(profile);
        prepare(c, code, { 0: MIDDLE, [SP]: MIDDLE, [LR]: EXC_RETURN });
        setWord(c, MIDDLE, name.startsWith('LDR') ? EXC_RETURN : 0x4444);
        setWord(c, MIDDLE + 4, EXC_RETURN);
        state(c, S.IPSR, 16);
        expect(c.run(1)).toBe(EXIT.EXC_RETURN);
        expect(state(c, S.EXIT_ARG)).toBe(EXC_RETURN);
        expect(c.registers[PC]).toBe(CODE);
        if (name.startsWith('POP')) expect([c.registers[4], c.registers[SP]]).toEqual([0x4444, MIDDLE + 8]);
        if (name.startsWith('LDM')) expect([c.registers[0], c.registers[1]]).toEqual([MIDDLE + 8, 0x4444]);
      }
    });
  }
  test('the same value in Thread mode is a branch to 0xFFFFFFF8', () => {
    const c = coreOf(m4);
    prepare(c, [0x4770], { [LR]: EXC_RETURN });
    expect(c.run(1)).toBe(EXIT.BUDGET);
    expect(c.registers[PC]).toBe(0xffff_fff8);
  });
  test('MOV PC is no exception return (BranchWritePC)', () => {
    const c = coreOf(m4);
    prepare(c, [0x46f7], { [LR]: EXC_RETURN });
    state(c, S.IPSR, 16);
    expect(c.run(1)).toBe(EXIT.BUDGET);
    expect(c.registers[PC]).toBe(0xffff_fff8);
  });
  test('BLX to an even address clears T, LR is written, and the next instruction takes INVSTATE', () => {
    const c = coreOf(m4);
    prepare(c, [0x4798], { 3: CODE + 0x20 });
    expect(c.run(1)).toBe(EXIT.INVSTATE);
    expect([c.registers[PC], c.registers[LR], state(c, S.T)]).toEqual([CODE + 0x20, CODE + 3, 0]);
  });
});

describe('faults in the middle', () => {
  const END = DATA + DATA_BYTES;
  test('a block that runs out of memory leaves base and registers as they were', () => {
    const c = coreOf(m4);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x3f }), fc.integer({ min: 0, max: 1 }), (list, write) => {
        // LDMIA/STMIA.W R7!, {list + R8 + R9}, last words beyond the end
        prepare(c, [0xe8a7 | (write ? 0 : 0x10), list | 0x300], { 7: END - 4 });
        const before = c.registers.slice();
        expect(c.run(1)).toBe(FAULT.UNMAPPED);
        expect([...c.registers]).toEqual([...before]);
      }),
      { numRuns: 60 },
    );
  });
  test('LDRD whose second word faults writes neither register', () => {
    const c = coreOf(m33);
    prepare(c, [0xe9d0, 0x1200], { 0: END - 4 });
    expect(c.run(1)).toBe(FAULT.UNMAPPED);
    expect([c.registers[1], c.registers[2]]).toEqual([0x11111111, 0x22222222]);
  });
  test('unaligned: LDR works on ARMv7-M, LDM, LDRD and everything on ARMv6-M fault (DDI 0403 A3.2.1)', () => {
    const run = (profile: Profile, code: readonly number[]): number => {
      const c = coreOf(profile);
      prepare(c, code, { 0: MIDDLE + 2 });
      return c.run(1);
    };
    expect(run(m4, [0x6801])).toBe(EXIT.BUDGET);
    expect(run(m4, [0xc81e])).toBe(FAULT.UNALIGNED);
    expect(run(m4, [0xe9d0, 0x1200])).toBe(FAULT.UNALIGNED);
    expect(run(m0, [0x6801])).toBe(FAULT.UNALIGNED);
    expect(run(m0, [0xc81e])).toBe(FAULT.UNALIGNED);
  });
  test('LDRT asks for unprivileged access', () => {
    const c = coreOf(m4);
    prepare(c, [0xf850, 0x1e00], { 0: MIDDLE });
    expect(c.run(1)).toBe(EXIT.BUDGET);
    expect(c.slowFlags & 2).toBe(2);
  });
});

describe('IT', () => {
  test('BKPT in a block whose condition fails is executed all the same (DDI 0403 A7.7.17)', () => {
    const c = coreOf(m4);
    prepare(c, [0xbf08, 0xbe01]); // IT EQ with Z clear
    expect(c.run(2)).toBe(EXIT.SYSTEM);
    expect(c.registers[PC]).toBe(CODE + 2);
  });
  test('other system instructions are skipped', () => {
    const c = coreOf(m4);
    prepare(c, [0xbf08, 0xdf01]);
    expect(c.run(2)).toBe(EXIT.BUDGET);
    expect(c.registers[PC]).toBe(CODE + 4);
  });
  test('16-bit data processing changes no flags inside a block', () => {
    const c = coreOf(m4);
    prepare(c, [0xbf18, 0x1a49]); // IT NE; SUB R1, R1, R1
    c.registers[XPSR] = 0x9000_0000;
    expect(c.run(2)).toBe(EXIT.BUDGET);
    expect([c.registers[1], c.registers[XPSR]]).toEqual([0, 0x9000_0000]);
  });
});

describe('division', () => {
  const SDIV = [0xfb91, 0xf0f2];
  const UDIV = [0xfbb1, 0xf0f2];
  /** Cycles of one division: the budget that lets the branch behind it run, less one cycle of its record and one of the branch. */
  const cycles = (profile: Profile, code: readonly number[], n: number, m: number): number => {
    const c = coreOf(profile);
    for (let budget = 1; budget < 40; budget++) {
      prepare(c, code, { 1: n, 2: m });
      c.run(budget);
      if (c.lastRetired === 2) return budget - 2;
    }
    return -1;
  };
  const bits = (n: number): number => 32 - Math.clz32(n);
  const law = (n: number, m: number): number => (n === 0 || m === 0 ? 2 : bits(n) < bits(m) ? 3 : 5 + Math.floor((bits(n) - bits(m)) / 4));
  test('M4 and M33: 2 with a zero operand, 3 for a short dividend, else 5 + a quarter of the difference in bits (facts/timing.md 1.2)', () => {
    for (const profile of [m4, m33])
      for (const [n, m] of [
        [0, 5],
        [5, 0],
        [3, 9],
        [9, 9],
        [1000, 3],
        [0xffffffff, 1],
        [0x80000000, 2],
      ] as const)
        expect(cycles(profile, UDIV, n, m), `${n}/${m}`).toBe(law(n, m));
    for (const [n, m] of [
      [-1000, 3],
      [7, -2],
      [-0x80000000, -1],
    ] as const)
      expect(cycles(m4, SDIV, n >>> 0, m >>> 0), `${n}/${m}`).toBe(law(Math.abs(n), Math.abs(m)));
  });
  test('M7: always 7', () => {
    expect([cycles(m7, UDIV, 0xffffffff, 1), cycles(m7, SDIV, 1, 5)]).toEqual([7, 7]);
  });
  test('by zero gives 0, or leaves with DIV_BY_ZERO when CCR.DIV_0_TRP is set', () => {
    const c = coreOf(m4);
    for (const code of [SDIV, UDIV]) {
      prepare(c, code, { 1: 100, 2: 0 });
      c.run(1);
      expect(c.registers[0]).toBe(0);
      prepare(c, code, { 0: 42, 1: 100, 2: 0 });
      state(c, S.CCR, 1 << 4);
      expect(c.run(1)).toBe(EXIT.DIV_BY_ZERO);
      expect([c.registers[0], c.registers[PC]]).toEqual([42, CODE]);
    }
  });
  test('0x80000000 / -1 gives 0x80000000', () => {
    const c = coreOf(m4);
    prepare(c, SDIV, { 1: 0x80000000, 2: 0xffffffff });
    c.run(1);
    expect(c.registers[0]).toBe(0x80000000);
  });
});

test('ThumbExpandImm: four byte patterns, else 1bcdefgh rotated right by imm12[11:7] (DDI 0403 A5.3.2)', () => {
  for (let imm12 = 0; imm12 < 4096; imm12++) {
    const byte = (imm12 & 0xff).toString(2).padStart(8, '0');
    const zero = '00000000';
    const patterns = [zero + zero + zero + byte, zero + byte + zero + byte, byte + zero + byte + zero, byte + byte + byte + byte];
    const rotation = imm12 >>> 7;
    const plain = `${zero}${zero}${zero}1${byte.slice(1)}`;
    const expected = imm12 >>> 10 === 0 ? patterns[(imm12 >>> 8) & 3]! : plain.slice(32 - rotation) + plain.slice(0, 32 - rotation);
    expect(thumbExpandImm(imm12) >>> 0).toBe(parseInt(expected, 2));
  }
});
