import { describe, expect, test } from 'vitest';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { dataFlow, registerAt, stateAt } from '../../../src/emu/proofs/data-flow.ts';
import { Decoder } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import { S } from '../../../src/emu/core/state.ts';

const decoder = new Decoder(PROFILES.m4);
/** The flow of one instruction at 0x08000100 with these registers and words of memory. */
function flowOf(
  first: number,
  second = 0,
  registers: Readonly<Record<number, number>> = {},
  memory: Readonly<Record<number, number>> = {},
) {
  const flow = dataFlow(
    PROFILES.m4,
    {
      state: (offset) => registers[(offset - S.R) >> 2] ?? 0,
      instruction: () => decoder.decode(first, second),
      read: (address) => memory[address] ?? null,
      isPlain: () => true,
    },
    0x08000100,
  );
  if (!flow) throw new Error('no such instruction');
  return flow;
}
const bytes = (address: number): number[] => [0, 1, 2, 3].map((i) => address + i);

describe('what an instruction makes of what', () => {
  test('ADDS r0, r1, r2: the sum and the flags are made of both operands', () => {
    const flow = flowOf(0x1888);
    expect([...flow.writes.get(registerAt(0))!]).toEqual([registerAt(1), registerAt(2)]);
    expect([...flow.writes.get(stateAt(S.ZF))!]).toEqual([registerAt(1), registerAt(2)]);
  });
  test('LDR r0, [r1, #4]: the value is that of the word, the address that of the base', () => {
    const flow = flowOf(0x6848, 0, { 1: 0x20000000 }, { 0x20000004: 7 });
    expect([...flow.writes.get(registerAt(0))!]).toEqual(bytes(0x20000004));
    expect(flow.loads).toEqual([{ address: 0x20000004, size: 4, addressFrom: new Set([registerAt(1)]), pc: 0x08000100 }]);
  });
  test('LDR r0, [r1, #4] of a word that is not aligned: made of its four bytes alone, and sent to its own address', () => {
    const halves = { 0x1ffff796: 0xff40, 0x1ffff798: 0x1fff };
    const flow = flowOf(0x6848, 0, { 1: 0x1ffff792 }, halves);
    expect([...flow.writes.get(registerAt(0))!]).toEqual(bytes(0x1ffff796));
    expect(flow.loads).toEqual([{ address: 0x1ffff796, size: 4, addressFrom: new Set([registerAt(1)]), pc: 0x08000100 }]);
    expect(flow.exact).toBe(true);
  });
  test('LDR pc, [r1] of a word that is not aligned goes to what its bytes make', () => {
    const odd = { 0x20000001: 0x01, 0x20000002: 0x02, 0x20000003: 0x90, 0x20000004: 0x08 };
    expect(flowOf(0xf8d1, 0xf000, { 1: 0x20000001 }, odd).branch?.target).toBe(0x08900201);
  });
  test('LDRSH r0, [r1, r2] of a half-word that is not aligned keeps its sign', () => {
    const code: Readonly<Record<number, number>> = { 0x08000100: 0x5e88, 0x08000102: 0x2800 };
    const memory: Readonly<Record<number, number>> = { 0x20000001: 0x01, 0x20000002: 0x90 };
    const around = {
      state: (offset: number) => (offset === S.R + 4 ? 0x20000001 : 0),
      instruction: (pc: number) => decoder.decode(code[pc]!, 0),
      read: (address: number) => memory[address] ?? null,
      isPlain: () => true,
    };
    expect(dataFlow(PROFILES.m4, around, 0x08000100, 2)!.comparisons[0]?.left).toBe(-0x6fff);
  });
  test('LDR from where nothing answers still tells its address', () => {
    const flow = flowOf(0x6848, 0, { 1: 0x1fff0000 });
    expect(flow.exact).toBe(false);
    expect(flow.loads[0]).toMatchObject({ address: 0x1fff0004, addressFrom: new Set([registerAt(1)]) });
    expect(flow.writes.get(registerAt(0))).toEqual(new Set([registerAt(1), ...bytes(0x1fff0004)]));
  });
  test('STRB r0, [r1]: one byte of memory', () => {
    const flow = flowOf(0x7008, 0, { 1: 0x20000003 });
    expect([...flow.writes]).toEqual([[0x20000003, new Set([registerAt(0)])]]);
  });
  test('CMP r0, #5 compares a register with a constant', () => {
    expect(flowOf(0x2805, 0, { 0: 9 }).comparisons).toEqual([
      { left: 9, right: 5, leftFrom: new Set([registerAt(0)]), rightFrom: new Set() },
    ]);
  });
  test('CBZ r3 decides on a register', () => {
    const { decides, comparisons } = flowOf(0xb103, 0, { 3: 1 });
    expect([...decides]).toEqual([registerAt(3)]);
    expect(comparisons).toEqual([{ left: 1, right: 0, leftFrom: new Set([registerAt(3)]), rightFrom: new Set() }]);
  });
  test('BGE decides on N and V, and compares the two; BHI on C and Z', () => {
    const [n, v] = [stateAt(S.NF), stateAt(S.VF)];
    const { decides, comparisons } = flowOf(0xdafe);
    expect([...decides].sort()).toEqual([n, v].sort());
    expect(comparisons.map(({ leftFrom, rightFrom }) => [...leftFrom, ...rightFrom].sort())).toEqual([[n, v].sort()]);
    expect([...flowOf(0xd8fe).decides].sort()).toEqual([stateAt(S.CF), stateAt(S.ZF)].sort());
  });
  test('BX r3 goes to a register, also where the target is even, as does BLX; B goes to none', () => {
    expect(flowOf(0x4798, 0, { 3: 0x20003001 }).branch).toEqual({ target: 0x20003001, from: new Set([registerAt(3)]), pc: 0x08000100 });
    expect([flowOf(0xe7fe).branch, flowOf(0xd0fe).branch]).toEqual([null, null]);
    expect(flowOf(0x4718, 0, { 3: 0x20003000 }).branch).toEqual({ target: 0x20003000, from: new Set([registerAt(3)]), pc: 0x08000100 });
  });
  test('POP {r4, pc} goes to the word on the stack', () => {
    const flow = flowOf(0xbd10, 0, { 13: 0x20001000 }, { 0x20001000: 1, 0x20001004: 0x08000201 });
    expect(flow.branch).toEqual({ target: 0x08000201, from: new Set(bytes(0x20001004)), pc: 0x08000100 });
    expect([...flow.writes.get(registerAt(4))!]).toEqual(bytes(0x20001000));
  });
  test('MOVS r0, #1 is made of nothing', () => expect([...flowOf(0x2001).writes.get(registerAt(0))!]).toEqual([]));
  test('of instructions that issue together each access has its own', () => {
    const code: Readonly<Record<number, number>> = { 0x08000100: 0x680a, 0x08000102: 0x684b, 0x08000104: 0x4718 };
    const words: Readonly<Record<number, number>> = { 0x20000000: 1, 0x20000004: 0x08000201 };
    const around = {
      state: (offset: number) => (offset === S.R + 4 ? 0x20000000 : 0),
      instruction: (pc: number) => decoder.decode(code[pc]!, 0),
      read: (address: number) => words[address] ?? null,
      isPlain: () => true,
    };
    const flow = dataFlow(PROFILES.m4, around, 0x08000100, 3)!;
    expect(flow.loads.map(({ address, pc }) => [address, pc])).toEqual([
      [0x20000000, 0x08000100],
      [0x20000004, 0x08000102],
    ]);
    expect(flow.branch?.pc).toBe(0x08000104);
  });
});
