/** Disassembly: against LLVM's over all 16-bit encodings and a sample of the others, and what no other disassembler is asked for. */
import { describe, expect, test } from 'vitest';
import { Decoder, isWide } from '../../../src/emu/core/decode.ts';
import { disassemble } from '../../../src/emu/core/disassembly.ts';
import '../../../src/emu/core/isa/index.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import { byTurns } from '../../turn.ts';
import { Llvm, llvmMissing, LLVM_UNPREDICTABLE } from './llvm.ts';

/** `{r4-r6}` → `{r4, r5, r6}`. */
const listed = (text: string): string =>
  text.replaceAll(/\b([rsd])(\d+)-\1(\d+)/g, (_all, letter: string, from: string, to: string) =>
    Array.from({ length: Number(to) - Number(from) + 1 }, (_x, k) => `${letter}${Number(from) + k}`).join(', '),
  );
/** Without what both may write in two ways: `.w`, numbers, a first operand that is the second, too. */
const plain = (text: string): string =>
  listed(text.toLowerCase())
    .replaceAll(/\s+/g, ' ')
    .replace(/^(\w+)\.[wn]\b/, '$1')
    .replaceAll(/#(-?)0x([0-9a-f]+)/g, (_all, sign: string, digits: string) => `#${sign}${parseInt(digits, 16)}`)
    .replaceAll(/#(-?\d+\.\d+(?:e[+-]?\d+)?)/g, (_all, n: string) => `#${Number(n)}`)
    .replaceAll(/#-0\b(?!\.)/g, '#0')
    .replace(', #0]', ']')
    .replace(/^(\w+ )(\w+), \2, /, '$1$2, ')
    .replace(/^add (\w+), sp, \1$/, 'add $1, sp')
    .trim();
/** They have other names for it, or we leave its operands out: preloads, hints without a name, UDF under the names of debuggers, other coprocessors. */
const OTHERWISE = /^(pld|pli|hint|trap|__brkdiv0|p?ssbb|nop|esb|tsb|csdb|pac|bti|aut|sevl|dbg|stc|ldc|mcr|mrc|cdp|mcrr|mrrc)/;

/** REV and its kin, CLZ. */
const TWICE = /^(REV\w*|RBIT|CLZ) T[12]$/;
const WIDE = 100_000;
describe.skipIf(llvmMissing !== '')(`against LLVM${llvmMissing ? ` (skipped: ${llvmMissing})` : ''}`, () => {
  test.each(byTurns(['m0', 'm4', 'm7', 'm33'] as const, 2))('of %s', (name) => {
    const decoder = new Decoder(PROFILES[name]);
    const llvm = new Llvm(PROFILES[name]);
    const out = new Uint16Array(1);
    const other: string[] = [];
    let same = 0;
    const compare = (first: number, second: number): void => {
      const i = decoder.decode(first, second);
      llvm.decode(first, second, out);
      if (i === null || out[0] === 0 || (out[0]! & LLVM_UNPREDICTABLE) !== 0) return;
      // Rm stands twice: with two different ones LLVM tells the other
      if (TWICE.test(i.row.name) && ((first ^ second) & 15) !== 0) return;
      const theirs = plain(llvm.text(first, second));
      const { name: mnemonic, operands, target } = disassemble(i, 0, first, second, null);
      const goes = target === null ? operands : [operands, `#${(target - 4) | 0}`].filter((part) => part !== '').join(', ');
      const ours = plain(`${mnemonic} ${goes}`);
      if (ours === theirs) same++;
      else if (!OTHERWISE.test(theirs)) other.push(`${i.row.name}: ${ours} | ${theirs}`);
    };
    for (let first = 0; first < 0x10000; first++) if (!isWide(first)) compare(first, 0);
    let seed = 1;
    const random = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) >>> 16;
    for (let n = 0; n < WIDE; n++) compare(0xe800 | (random() & 0x17ff), random());
    expect(other).toEqual([]);
    expect(same).toBeGreaterThan(50_000);
  });
});

describe('what a listing needs beside the words', () => {
  const decoder = new Decoder(PROFILES.m4);
  const at = (address: number, first: number, second = 0, condition: number | null = null): ReturnType<typeof disassemble> =>
    disassemble(decoder.decode(first, second)!, address, first, second, condition);
  test('where a branch goes, and which word a literal load reads', () => {
    expect(at(0x08000100, 0xe7fe).target).toBe(0x08000100);
    expect(at(0x08000100, 0xf000, 0xf802)).toMatchObject({ name: 'bl', operands: '', target: 0x08000108 });
    expect(at(0x08000102, 0xb128)).toMatchObject({ name: 'cbz', operands: 'r0', target: 0x08000110 });
    // Align(PC, 4)
    expect(at(0x08000102, 0x4801)).toMatchObject({ name: 'ldr', operands: 'r0, [pc, #4]', literal: 0x08000108 });
    expect(at(0x08000100, 0x4770)).toMatchObject({ name: 'bx', operands: 'lr', target: null, literal: null });
  });
  test('an IT block: its condition in place of the S', () => {
    expect(at(0, 0xbf0c)).toMatchObject({ name: 'ite', operands: 'eq' });
    expect(at(0, 0x2001).name).toBe('movs');
    expect(at(0, 0x2001, 0, 1).name).toBe('movne');
    expect(at(0, 0xf101, 0x0002, 0).name).toBe('addeq.w');
  });
  test('what is written with the PC, and the masks', () => {
    expect(at(0, 0x46bf)).toMatchObject({ name: 'mov', operands: 'pc, r7' });
    expect(at(0, 0xbdf0)).toMatchObject({ name: 'pop', operands: '{r4-r7, pc}' });
    expect(at(0, 0xb672)).toMatchObject({ name: 'cpsid', operands: 'i' });
    expect(at(0, 0xf381, 0x8808)).toMatchObject({ name: 'msr', operands: 'msp, r1' });
  });
});
