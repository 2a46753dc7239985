/** What belongs to a region: executed code, and short arms that nobody has come by yet. */
import { describe, expect, it } from 'vitest';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { Decoder, isWide, type Instruction } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import { discover } from '../../../src/emu/core/translate/region.ts';

const AT = 0x0800_1000;
const BX_LR = 0x4770;
const NOP = 0xbf00;
/** CMP R0, #0; BEQ to the half-word with this number. */
const ifZero = (to: number): number[] => [0x2800, 0xd000 | ((to - 3) & 0xff)];
const b = (from: number, to: number): number => 0xe000 | ((to - from - 2) & 0x7ff);

/** Half-words of each block found from the start on, where those with the numbers in `executed` have been executed. */
function blocks(code: readonly number[], executed: readonly number[]): number[][] {
  const profile = PROFILES.m4;
  const decoder = new Decoder(profile);
  const at = (pc: number): Instruction | null => {
    const first = code[(pc - AT) / 2];
    return first === undefined ? null : decoder.decode(first, isWide(first) ? code[(pc - AT) / 2 + 1]! : 0);
  };
  const region = discover(
    { profile, codeByte: () => 0, unexecuted: at, instruction: (pc) => (executed.includes((pc - AT) / 2) ? at(pc) : null) },
    AT,
  )!;
  return region.blocks.map((x) => x.items.map((item) => (item.pc - AT) / 2));
}
const found = (code: readonly number[], executed: readonly number[]): number[] =>
  blocks(code, executed)
    .flat()
    .sort((x, y) => x - y);

describe('a region', () => {
  it('takes in the arm of a branch that leads back to executed code', () => {
    // 4: MOVS R1, #1 is the arm, and falls into BX LR at 5 or branches back to 2
    expect(found([...ifZero(4), NOP, b(3, 5), 0x2101, BX_LR], [0, 1, 2, 3, 5])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(found([...ifZero(4), NOP, BX_LR, 0x2101, b(5, 2)], [0, 1, 2, 3])).toEqual([0, 1, 2, 3, 4, 5]);
  });
  it('leaves out what is long, returns, calls, is left to TypeScript or is no instruction', () => {
    const long = [...ifZero(4), NOP, BX_LR, ...Array<number>(9).fill(NOP), b(13, 2)];
    expect(found(long, [0, 1, 2, 3])).toEqual([0, 1, 2, 3]);
    for (const arm of [[BX_LR], [0xf000, 0xf800, b(6, 2)], [0xbe00, b(5, 2)], [0xde00]])
      expect(found([...ifZero(4), NOP, BX_LR, ...arm], [0, 1, 2, 3])).toEqual([0, 1, 2, 3]);
  });
  it('keeps what an IT governs behind it, though a branch leads there too', () => {
    // 2 branches to 4, which is met before the IT at 3: MOVLT R1, #1
    const code = [...ifZero(3), b(2, 4), 0xbfb8, 0x2101, BX_LR];
    const of = blocks(code, [0, 1, 2, 3, 4, 5]);
    expect(of.find((block) => block[0] === 3)).toEqual([3, 4, 5]);
    expect(of.some((block) => block[0] === 4)).toBe(false);
  });
  it('begins nowhere that has not been executed', () => {
    expect(() => found([NOP, BX_LR], [1])).toThrow();
  });
});
