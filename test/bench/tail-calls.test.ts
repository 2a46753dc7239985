/** Functions that end in a branch to the next one are no frames of the stack, and yet they called it. */
import { describe, expect, it } from 'vitest';
import type { CallFrame } from '../../src/bench/session/call-chain.ts';
import { withTailCalls } from '../../src/bench/session/tail-calls.ts';
import { loadImage, type LoadedImage } from '../../src/image/image.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
import { data } from '../image/helpers.ts';

const BASE = 0x0800_0000;
const [INIT, MSP, ENABLE, SIZE] = [BASE + 0x100, BASE + 0x140, BASE + 0x180, 0x20];
const code = new Uint8Array(0x200);
const view = new DataView(code.buffer);
const half = (address: number): number => view.getUint16(address - BASE, true);
/** BL (0xd000) or B.W (0x9000) within the first kilobyte. */
function branch(at: number, to: number, how: 0xd000 | 0x9000): void {
  const offset = (to - at - 4) >> 1;
  view.setUint16(at - BASE, 0xf000 | ((offset >> 11) & 0x3ff), true);
  view.setUint16(at - BASE + 2, how | 0x2800 | (offset & 0x7ff), true);
}
const NAMES: Readonly<Record<number, string>> = { [INIT]: 'init', [MSP]: 'msp_init', [ENABLE]: 'enable' };
function imageOf(): LoadedImage {
  const image = loadImage(data('calls.elf'), 'calls.elf');
  const named = Object.entries(NAMES).map(
    ([address, name]) => ({ name, address: Number(address), size: SIZE, kind: 'function', binding: 'global' }) as const,
  );
  const frames = (pc: number): CallFrame[] => [at(pc)];
  return {
    ...image,
    chunks: [{ address: BASE, data: code }] as unknown as LoadedImage['chunks'],
    symbols: new SymbolTable(named, () => BASE + code.length),
    functions: { frames } as unknown as LoadedImage['functions'],
  };
}
const at = (pc: number): CallFrame => {
  const name = NAMES[pc & ~(SIZE * 2 - 1)]!;
  return { pc, sp: 0x20001000, function: name, file: `${name}.c`, line: pc & 0xff, inlined: false, exception: null };
};
const BL_AT = INIT + 8;
const STACK = [at(ENABLE + 4), at(BL_AT + 2)];
const told = (frames: readonly CallFrame[]): string[] => frames.map((f) => `${f.function} ${f.file}:${f.line}`);

describe('a function that was reached by a tail call', () => {
  it('has the one in front of it that branched there, at its branch', () => {
    code.fill(0);
    branch(BL_AT, MSP, 0xd000);
    branch(MSP + 0x10, ENABLE, 0x9000);
    expect(told(withTailCalls(STACK, [imageOf()], half))).toEqual(['enable enable.c:132', 'msp_init msp_init.c:80', 'init init.c:10']);
  });
  it('has none of two branches that would do, and none where it was called itself', () => {
    code.fill(0);
    branch(BL_AT, MSP, 0xd000);
    branch(MSP + 4, ENABLE, 0x9000);
    branch(MSP + 0x10, ENABLE, 0x9000);
    expect(withTailCalls(STACK, [imageOf()], half)).toEqual(STACK);
    code.fill(0);
    branch(BL_AT, ENABLE, 0xd000);
    expect(withTailCalls(STACK, [imageOf()], half)).toEqual(STACK);
  });
});
