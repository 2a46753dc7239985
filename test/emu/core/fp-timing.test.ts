/** Cycles of FP instructions: DDI 0439D table 7-1 (M4, documented), rules measured on RP2350 (M33) and STM32H743 (M7). */
import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { Decoder, type Instruction } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import { timingOf } from '../../../src/emu/core/timing.ts';

const CODE = {
  'VADD S0, S1, S2': [0xee30, 0x0a81],
  'VMUL S3, S0, S2': [0xee60, 0x1a01],
  'VADD S4, S5, S6': [0xee32, 0x2a83],
  'VFMA S0, S5, S6': [0xeea2, 0x0a83],
  'VFMA S7, S0, S6': [0xeee0, 0x3a03],
  'VDIV S0, S1, S2': [0xee80, 0x0a81],
  'VSQRT S0, S1': [0xeeb1, 0x0ae0],
  'VLDR S0': [0xed91, 0x0a01],
  'VLDR D0': [0xed91, 0x0b02],
  'VSTR S0': [0xed81, 0x0a00],
  'VSTR D1': [0xed81, 0x1b00],
  'VPUSH D8-D15': [0xed2d, 0x8b10],
  'VLDM S0-S4': [0xecb0, 0x0a05],
  'VMOV S0, R1': [0xee00, 0x1a10],
  'VMOV R1, S0': [0xee10, 0x1a10],
  'VMOV D0, R1, R2': [0xec42, 0x1b10],
  'VMOV R1, R2, D0': [0xec52, 0x1b10],
  VMRS: [0xeef1, 0xfa10],
  'VCMP S0, S1': [0xeeb4, 0x0a60],
  'VCVT S0': [0xeebd, 0x0ac0],
  'VDIV D0, D1, D2': [0xee81, 0x0b02],
  'VSQRT D0, D1': [0xeeb1, 0x0bc1],
  'ADD R3, R1, R2': [0x188b],
} as const;
type Name = keyof typeof CODE;
/** Cycles of a line of these instructions, and what two of them cost more one behind the other than with an integer instruction between. */
const on = (profile: 'm4' | 'm33' | 'm7'): { cost: (n: Name) => number; pair: (a: Name, b: Name) => number } => {
  const decoder = new Decoder(PROFILES[profile]);
  const timing = timingOf(PROFILES[profile]);
  const instruction = (n: Name): Instruction => decoder.decode(CODE[n][0], (CODE[n] as readonly number[])[1] ?? 0)!;
  const line = (...names: Name[]): number => {
    const starts = new Map<number, Instruction>();
    let end = 0x100;
    for (const n of names) {
      const ins = instruction(n);
      starts.set(end, ins);
      end += ins.size;
    }
    const code = { at: (pc: number) => starts.get(pc) ?? null, halfword: () => null };
    return [...starts].reduce((sum, [pc, ins]) => sum + timing.cycles(ins, pc, code).cost, 0);
  };
  return { cost: (n) => line(n), pair: (a, b) => line(a, b) - line(a) - line(b) };
};

describe('Cortex-M4F', () => {
  const m4 = on('m4');
  test.each<[Name, number]>([
    ['VADD S0, S1, S2', 1],
    ['VFMA S0, S5, S6', 3],
    ['VDIV S0, S1, S2', 1],
    ['VSQRT S0, S1', 1],
    ['VLDR S0', 2],
    ['VLDR D0', 3],
    ['VSTR S0', 2],
    ['VSTR D1', 3],
    ['VPUSH D8-D15', 17],
    ['VLDM S0-S4', 6],
    ['VMOV S0, R1', 1],
    ['VMOV R1, S0', 1],
    ['VMOV D0, R1, R2', 2],
    ['VMOV R1, R2, D0', 2],
    ['VMRS', 1],
    ['VCMP S0, S1', 1],
    ['VCVT S0', 1],
  ])('%s takes %i', (name, cycles) => expect(m4.cost(name)).toBe(cycles));
  test('a result that the next FP instruction consumes costs one more, but not as addend', () => {
    expect(m4.pair('VADD S0, S1, S2', 'VMUL S3, S0, S2')).toBe(1);
    expect(m4.pair('VADD S0, S1, S2', 'VADD S4, S5, S6')).toBe(0);
    expect(m4.pair('VADD S0, S1, S2', 'VFMA S7, S0, S6')).toBe(1);
    expect(m4.pair('VADD S0, S1, S2', 'VFMA S0, S5, S6')).toBe(0);
    expect(m4.pair('VADD S0, S1, S2', 'VSTR S0')).toBe(1);
  });
  test('VDIV and VSQRT run on behind integer instructions: the next FP instruction waits for the rest of the 14', () => {
    expect(m4.pair('VDIV S0, S1, S2', 'VADD S4, S5, S6')).toBe(13);
    expect(m4.pair('VSQRT S0, S1', 'VLDR S0')).toBe(13);
    expect(m4.pair('VDIV S0, S1, S2', 'ADD R3, R1, R2')).toBe(0);
  });
  test('FP registers and core registers of the same number do not depend on each other', () => {
    expect(m4.pair('VADD S0, S1, S2', 'VLDR D0')).toBe(0);
    expect(m4.pair('VADD S0, S1, S2', 'ADD R3, R1, R2')).toBe(0);
  });
});
describe('Cortex-M33F', () => {
  const m33 = on('m33');
  test.each<[Name, number]>([
    ['VADD S0, S1, S2', 1],
    ['VLDR S0', 1],
    ['VLDR D0', 2],
    ['VSTR D1', 2],
    ['VMOV D0, R1, R2', 1],
    ['VMOV R1, R2, D0', 2],
    ['VDIV S0, S1, S2', 14],
  ])('%s takes %i', (name, cycles) => expect(m33.cost(name)).toBe(cycles));
  test('after a multiply-add no FP instruction issues for two cycles; a result as multiplicand or elsewhere comes one later', () => {
    expect(m33.pair('VFMA S0, S5, S6', 'VADD S4, S5, S6')).toBe(2);
    expect(m33.pair('VFMA S0, S5, S6', 'VFMA S0, S5, S6')).toBe(2);
    expect(m33.pair('VFMA S0, S5, S6', 'VFMA S7, S0, S6')).toBe(3);
    expect(m33.pair('VFMA S0, S5, S6', 'VMUL S3, S0, S2')).toBe(3);
    expect(m33.pair('VFMA S0, S5, S6', 'ADD R3, R1, R2')).toBe(0);
  });
  test('latency 2 of arithmetic and of moves to a core register', () => {
    expect(m33.pair('VADD S0, S1, S2', 'VMUL S3, S0, S2')).toBe(1);
    expect(m33.pair('VMOV R1, S0', 'ADD R3, R1, R2')).toBe(1);
    expect(m33.pair('VMOV D0, R1, R2', 'VMUL S3, S0, S2')).toBe(1);
    expect(m33.pair('VMOV S0, R1', 'VMUL S3, S0, S2')).toBe(0);
  });
});
describe('Cortex-M7F', () => {
  const m7 = on('m7');
  test.each<[Name, number]>([
    ['VDIV S0, S1, S2', 16],
    ['VSQRT S0, S1', 14],
    ['VDIV D0, D1, D2', 30],
    ['VSQRT D0, D1', 30],
    ['VADD S0, S1, S2', 1],
  ])('%s takes %i', (name, cycles) => expect(m7.cost(name)).toBe(cycles));
});
