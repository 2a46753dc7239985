/** Where Unicorn (QEMU 5.0.1 inside) departs from the architecture. Each entry names the paragraph that decides. */
import type { Profile } from '../../../src/emu/core/builder.ts';
import { Decoder } from '../../../src/emu/core/decode.ts';
import '../../../src/emu/core/isa/index.ts';
import { PROFILES } from '../../../src/emu/core/models/index.ts';
import type { Decoded } from '../../../src/emu/core/rows.ts';

export interface Difference {
  readonly profile: Profile;
  /** Half-words of the instruction. */
  readonly words: readonly number[];
  readonly decoded: Decoded | null;
  readonly before: Uint32Array;
  readonly mine: string;
  readonly its: string;
  readonly problems: readonly string[];
}
interface Known {
  readonly why: string;
  readonly applies: (d: Difference) => boolean;
}
const withDsp = new Decoder(PROFILES.m4);
export const KNOWN: readonly Known[] = [
  {
    why: 'the DSP extension does not exist on the Cortex-M3: DDI 0403 A1.3; Unicorn executes a part of it there. LLVM agrees (decode-space-m3.test.ts)',
    applies: (d) =>
      d.profile.arch === 'v7m' && !d.profile.dsp && d.decoded === null && withDsp.classify(d.words[0]!, d.words[1] ?? 0) !== 'undefined',
  },
  {
    why: 'alignment: DDI 0403 A3.2.1, multiple, double and exclusive accesses fault when unaligned; DDI 0419 A3.2: on ARMv6-M every access. Unicorn checks none',
    applies: (d) => d.mine === 'unaligned',
  },
  {
    why: 'IT: Unicorn translates it together with the next instruction, so the pc of a single step lies behind that one',
    applies: (d) => d.decoded?.op === 'IT' && d.problems.every((p) => p.startsWith('pc')),
  },
  {
    why: 'BLX (immediate) does not exist: DDI 0403 A5.3.4, hw2 bits 14 and 12 = 1 and 0 are UNDEFINED',
    applies: (d) => d.decoded === null && (d.words[0]! & 0xf800) === 0xf000 && (d.words[1]! & 0xd000) === 0xc000,
  },
  {
    why: 'Advanced SIMD does not exist: DDI 0403 A5.3, 1111 1001 xxx0 is UNDEFINED',
    applies: (d) => d.decoded === null && (d.words[0]! & 0xff10) === 0xf900,
  },
  {
    why: 'STR, STRB, STRH and their T forms with Rn = PC: DDI 0403 A7.7.158 and following, n = 1111 is UNDEFINED',
    applies: (d) => d.decoded === null && (d.words[0]! & 0xff1f) === 0xf80f,
  },
  {
    why: 'ARMv6-M has neither IT nor CBZ: DDI 0419 A5.2.5',
    applies: (d) =>
      d.profile.arch === 'v6m' && d.decoded === null && ((d.words[0]! & 0xff00) === 0xbf00 || (d.words[0]! & 0xf500) === 0xb100),
  },
  {
    why: 'YIELD, WFE and WFI end emulation with an exception of its own that Unicorn reports as an invalid instruction',
    applies: (d) =>
      [0xbf10, 0xbf20, 0xbf30].includes(d.words[0]!) || (d.words[0] === 0xf3af && [0x8001, 0x8002, 0x8003].includes(d.words[1]!)),
  },
  {
    why: 'SETEND does not exist: DDI 0403 A5.2.5',
    applies: (d) => d.decoded === null && (d.words[0]! & 0xfff7) === 0xb650,
  },
  {
    why: 'LDREXD, STREXD, LDAEXD and STLEXD do not exist: DDI 0403 A5.3.6, DDI 0553 C2.3, only the byte and half-word forms are allocated',
    applies: (d) => d.decoded === null && (d.words[0]! & 0xffe0) === 0xe8c0 && (d.words[1]! & 0x0070) === 0x0070,
  },
  {
    why: 'SMLAD: DDI 0403 A7.7.151 saturates nothing and sets Q only if the sum of both products and the accumulator does not fit; QEMU 5.0 sets it for the products alone',
    applies: (d) => d.decoded?.op === 'SMLAD' && d.problems.length === 1 && d.problems[0]!.startsWith('xPSR'),
  },
  {
    why: "Unicorn's monitor stays open from one case to the next and compares address and value; semantics.test.ts has the rules for STREX",
    applies: (d) =>
      !!d.decoded?.op.startsWith('STREX') &&
      d.mine === 'ok' &&
      d.its === 'ok' &&
      d.problems.every((p) => p === 'memory differs' || p.startsWith(`r${d.decoded!.c} `)),
  },
];
/** Never run there: BXNS and BLXNS take Unicorn's Cortex-M33, which starts in Secure state, to Non-secure state for good. */
export const harmsUnicorn = (p: Profile, words: readonly number[]): boolean => p.arch === 'v8m' && (words[0]! & 0xff04) === 0x4704;
/** Loads of Advanced SIMD, which no M-profile core has: Unicorn executes them, unicorn.js aborts. */
export const abortsUnicornJs = (words: readonly number[]): boolean => (words[0]! & 0xff10) === 0xf900;
/** Why Unicorn is wrong here, or null. */
export const knownReason = (d: Difference): string | null => KNOWN.find((k) => k.applies(d))?.why ?? null;
export const knownDifference = (d: Difference): boolean => knownReason(d) !== null;
