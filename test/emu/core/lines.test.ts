/** What the timing models ask of lines of code: constants by their encoding, how far a line goes. */
import { describe, expect, it } from 'vitest';
import type { CodeView } from '../../../src/emu/core/timing.ts';
import { Decoder, type Instruction } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { rotatedConstant, straightLine } from '../../../src/emu/core/timing/model.ts';

const decoder = new Decoder(PROFILES.m7);
const NOP = decoder.decode(0xbf00, 0)!;
const RETURN = decoder.decode(0x4770, 0)!;

// ARMv7-M ARM, A5.3.2: i:imm3:a of 4 and more turns 1:imm8 around, less repeats imm8
it('a constant of MOV.W is rotated if its encoding turns it around, and not where bytes repeat', () => {
  const wrong: string[] = [];
  for (let n = 0; n < 0x1000; n++) {
    const ins = decoder.decode(0xf04f | ((n >>> 11) << 10), (((n >>> 8) & 7) << 12) | (n & 0xff));
    const turns = n >>> 10 !== 0;
    if (ins !== null && rotatedConstant(ins) !== turns) wrong.push(n.toString(16));
  }
  expect(wrong).toEqual([]);
});

describe('a straight line', () => {
  const PC = 0x08000000;
  const codeOf = (list: readonly Instruction[]): CodeView => ({ at: (pc) => list[(pc - PC) >> 1] ?? null, halfword: () => null });
  const nops = codeOf(Array.from({ length: 40 }, () => NOP));
  it.each([1, 2, 3, 8])('has %i instructions where so many are asked for', (count) =>
    expect(straightLine(NOP, PC, nops, count)).toHaveLength(count),
  );
  it('ends behind what always leaves, and where no code is', () => {
    const code = codeOf([NOP, NOP, RETURN, NOP]);
    expect(straightLine(NOP, PC, code, 10)).toEqual([NOP, NOP, RETURN]);
    expect(straightLine(NOP, PC, codeOf([NOP, NOP]), 10)).toHaveLength(2);
    expect(straightLine(RETURN, PC, nops, 10)).toEqual([RETURN]);
  });
  it.each([0, 2, 12, 14])('goes six instructions beyond the block of 16 bytes that it begins in, from byte %i', (at) =>
    expect(straightLine(NOP, PC + at, nops, 40, 16)).toHaveLength((16 - at) / 2 + 6),
  );
});
