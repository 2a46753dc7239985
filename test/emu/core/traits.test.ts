/** Attributes of instructions are columns of their ops: what timing models and translation ask stands in the row. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import '../../../src/emu/core/isa/index.ts';
import { Decoder, type Instruction } from '../../../src/emu/core/decode.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { OPS, TRAITS, type OpDef } from '../../../src/emu/core/rows.ts';
import { timingOf } from '../../../src/emu/core/timing.ts';

const ops = [...OPS.values()];
const names = (found: readonly OpDef[]): string[] => found.map((o) => o.name).sort();

describe('columns of ops', () => {
  test('each trait is some op’s', () => {
    const used = new Set(ops.flatMap((o) => [...o.is]));
    expect(Object.keys(TRAITS).filter((t) => !used.has(t as keyof typeof TRAITS))).toEqual([]);
  });
  test('each load or store of one register says how it makes its address, but for those with one way', () => {
    const silent = ops.filter((o) => ['load', 'store'].includes(o.timing) && o.variants.every((v) => o.address(v) === undefined));
    const one = names(silent).filter((n) => !/^(LDR|STR)(B|H|SB|SH)?T$|^(LDA|STL)[BH]?$/.test(n));
    expect(one).toEqual([]);
  });
  test('each branch to a place in a register or in memory says when it is a return', () => {
    const dynamic = ops.filter((o) => o.timing === 'branch-reg' || o.timing === 'table-branch' || o.is.has('writes-pc'));
    expect(dynamic.length).toBe(7);
    expect(names(dynamic.filter((o) => o.returns === undefined))).toEqual([]);
    const isReturn = (name: string, d: { a?: number; b?: number }): boolean => OPS.get(name)!.returns!({ op: name, ...d });
    expect(['BX', 'MOV_pc', 'LDR_pc', 'LDM_pc', 'ADD_pc', 'TBB', 'TBH'].map((n) => isReturn(n, { a: 14, b: 14 }))).toEqual([
      true,
      true,
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(isReturn('LDR_pc', { b: 13 })).toBe(true);
    expect(isReturn('BX', { a: 3 })).toBe(false);
  });
  test('each op with a register list or a shifted operand names it', () => {
    expect(names(ops.filter((o) => o.timing.startsWith('load-m') !== (o.list === 'loads')))).toEqual([]);
    expect(names(ops.filter((o) => o.timing.startsWith('store-m') !== (o.list === 'stores')))).toEqual([]);
    const unshifted = ops.filter((o) => o.timing === 'alu-shift' && o.variants.some((v) => o.shifted(v) === ''));
    expect(names(unshifted)).toEqual([]);
    const strangers = ops.filter((o) => o.variants.some((v) => [...o.shifted(v)].some((k) => !o.src.includes(k))));
    expect(names(strangers)).toEqual([]);
  });
  test('no timing model and no part of the translator asks an op for its name', () => {
    const core = fileURLToPath(new URL('../../../src/emu/core/', import.meta.url));
    const files = ['timing', 'translate'].flatMap((room) => readdirSync(join(core, room)).map((f) => join(core, room, f)));
    expect(files.length).toBeGreaterThan(20);
    const asking = files.filter((f) => /decoded\.op\b(?!\))|\bop\.(startsWith|endsWith|includes)\(/.test(readFileSync(f, 'utf8')));
    expect(asking).toEqual([]);
  });
});

describe('what lists of names had missed', () => {
  /** Cycles of a line of instructions, each with its half-words. */
  const line = (core: 'm3' | 'm7', ...code: readonly (readonly number[])[]): number => {
    const decoder = new Decoder(PROFILES[core]);
    const starts = new Map<number, Instruction>();
    let pc = 0x100;
    for (const [first, second] of code) {
      const ins = decoder.decode(first!, second ?? 0)!;
      starts.set(pc, ins);
      pc += ins.size;
    }
    const view = { at: (a: number) => starts.get(a) ?? null, halfword: () => null };
    return [...starts].reduce((sum, [at, ins]) => sum + timingOf(PROFILES[core]).cycles(ins, at, view).cost, 0);
  };
  const LDR_R0_R1 = [0x6808];
  const LDR_R0_R1_R2 = [0x5888];
  const LDR_PC_R1_R2 = [0xf851, 0xf002];
  const LDR_PC_R1 = [0xf8d1, 0xf000];
  test('on a Cortex-M3 a load of the PC with a register offset chains as little as any other', () => {
    const cost = (...code: readonly (readonly number[])[]): number => line('m3', ...code);
    expect(cost(LDR_R0_R1, LDR_R0_R1_R2)).toBe(cost(LDR_R0_R1, LDR_R0_R1) + 1);
    expect(cost(LDR_R0_R1, LDR_PC_R1_R2)).toBe(cost(LDR_R0_R1, LDR_PC_R1) + 1);
  });
  test('on a Cortex-M7 the base that VLDM writes back is there as soon as that of LDM', () => {
    const VLDM_R3 = [0xecb3, 0x0a02];
    const LDM_R3 = [0xe8b3, 0x0030];
    const LDR_R0_R3 = [0x6818];
    expect(line('m7', VLDM_R3, LDR_R0_R3)).toBe(line('m7', LDM_R3, LDR_R0_R3));
  });
});
