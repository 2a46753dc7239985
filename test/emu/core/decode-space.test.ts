/** What the comparison of the decode space rests on: the rules of UNPREDICTABLE, the mnemonics, and that it can fail. */
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { Decoder } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import { ROWS, type Row } from '../../../src/emu/core/rows.ts';
import { DecodeSpace, failuresOf } from './decode-space.ts';
import { llvmMissing } from './llvm.ts';
import { isNamed, mnemonicsOf } from './mnemonics.ts';
import { unpredictable } from './unpredictable.ts';

const { m0, m4, m33, m7 } = PROFILES;

describe('UNPREDICTABLE by the ARM ARM', () => {
  test('the bit printed as (0) of data processing (shifted register)', () => {
    expect(unpredictable(m4, 0xeb00, 0x8001)?.kind).toBe('bits');
    expect(unpredictable(m4, 0xeb00, 0x0001)).toBeNull();
  });
  test('R13 as Rm of ADC, R15 as Rd', () => {
    expect(unpredictable(m4, 0xeb41, 0x000d)?.kind).toBe('register');
    expect(unpredictable(m4, 0xeb41, 0x0f02)?.kind).toBe('register');
    expect(unpredictable(m4, 0xeb41, 0x0002)).toBeNull();
  });
  test('LDM: one register, base in the list with writeback, PC with LR; not two registers', () => {
    for (const [first, list] of [
      [0xe891, 0x0004],
      [0xe8b1, 0x0006],
      [0xe891, 0xc000],
    ] as const)
      expect(unpredictable(m4, first, list)?.kind).toBe('description');
    expect(unpredictable(m4, 0xe8b1, 0x4000 | 0x0004)).toBeNull();
    expect(unpredictable(m4, 0xe8be, 0x4004)?.kind).toBe('description');
  });
  test('MRS: BASEPRI is there from ARMv7-M on, the stack limits from ARMv8-M on', () => {
    expect([m0, m4, m33].map((p) => unpredictable(p, 0xf3ef, 0x8011) === null)).toEqual([false, true, true]);
    expect([m0, m4, m33].map((p) => unpredictable(p, 0xf3ef, 0x800a) === null)).toEqual([false, false, true]);
  });
  test('TBB: base SP; VCVT to 16 bits: more than 16 integer bits', () => {
    expect(unpredictable(m4, 0xe8dd, 0xf001)?.kind).toBe('description');
    expect(unpredictable(m4, 0xe8d2, 0xf001)).toBeNull();
    expect(unpredictable(m4, 0xeebe, 0x0a68)?.kind).toBe('description');
    expect(unpredictable(m4, 0xeebe, 0x0a48)).toBeNull();
  });
  test('VLDM: registers beyond S31', () => {
    expect(unpredictable(m4, 0xec90, 0xfa02)).toBeNull();
    expect(unpredictable(m4, 0xec90, 0xfa03)?.kind).toBe('description');
  });
  test('a plain instruction is not', () => {
    const decoder = new Decoder(m7);
    for (const [first, second] of [
      [0xf101, 0x0002], // ADD.W R0, R1, #2
      [0xf8d1, 0x0004], // LDR.W R0, [R1, #4]
      [0xee30, 0x0a81], // VADD.F32 S0, S1, S2
      [0xf000, 0xf800], // BL
    ] as const) {
      expect(unpredictable(m7, first, second)).toBeNull();
      expect(decoder.decode(first, second)).not.toBeNull();
    }
  });
});

describe('assembler templates', () => {
  const named = (name: string): Row => ROWS.find((r) => r.name === name)!;
  test('accept their own mnemonic and no other', () => {
    for (const [row, good, other] of [
      ['ADD (immediate) T2', 'adds.w r0, r1, #2', 'sub.w r0, r1, #2'],
      ['SMULxy T1', 'smultb r0, r1, r2', 'smulwb r0, r1, r2'],
      ['SMUAD T1', 'smuadx r0, r1, r2', 'smusdx r0, r1, r2'],
      ['LDRSB (immediate) T3', 'ldrsb.w r0, [r1]', 'ldrb.w r0, [r1]'],
      ['VMUL F32', 'vmul.f32 s0, s1, s2', 'vmul.f64 d0, d1, d2'],
      ['B T1', 'bne #4', 'bl #4'],
      ['IT', 'itte ne', 'cbz r0, #4'],
      ['DSB T1', 'ssbb', 'dmb sy'],
    ] as const) {
      expect(isNamed(named(row), good), row).toBe(true);
      expect(isNamed(named(row), other), row).toBe(false);
    }
  });
  test('every row has at least one', () => {
    expect(ROWS.filter((r) => mnemonicsOf(r.asm).length === 0).map((r) => r.name)).toEqual(['Coprocessor']);
  });
});

describe.skipIf(llvmMissing !== '')(`the comparison can fail${llvmMissing ? ` (skipped: ${llvmMissing})` : ''}`, () => {
  test("the M7's rows against an M4: double precision and FPv5", () => {
    const space = new DecodeSpace(m7, m4);
    for (const [first, second] of [
      [0xee31, 0x0b02], // VADD.F64 D0, D1, D2
      [0xfe00, 0x0a81], // VSELEQ.F32 S0, S1, S2
      [0xee30, 0x0a81], // VADD.F32
    ] as const)
      space.wide(first, second);
    const tally = space.take();
    expect(failuresOf(tally)).toHaveLength(2);
    expect(tally.agreed).toBe(1);
  });
  test("the M33's rows against an M4: LDA, STL, TT and SG", () => {
    const space = new DecodeSpace(m33, m4);
    for (const [first, second] of [
      [0xe8d1, 0x0faf], // LDA R0, [R1]
      [0xe8c1, 0x0faf], // STL R0, [R1]
      [0xe97f, 0xe97f], // SG
    ] as const)
      space.wide(first, second);
    expect(failuresOf(space.take())).toHaveLength(3);
  });
  test('the rows of ARMv7-M against an M0: all but BL, MRS, MSR, the barriers and UDF', () => {
    const space = new DecodeSpace(m4, m0);
    for (const [first, second] of [
      [0xf101, 0x0002], // ADD.W R0, R1, #2
      [0xf000, 0xf800], // BL
      [0xf3bf, 0x8f5f], // DMB
    ] as const)
      space.wide(first, second);
    const tally = space.take();
    expect(failuresOf(tally)).toHaveLength(1);
    expect(tally.agreed).toBe(2);
  });
});
