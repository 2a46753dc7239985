/** Where LLVM's decoder departs from the architecture. Each entry names the paragraph that decides. */
import type { Difference } from './decode-space.ts';

interface Known {
  readonly why: string;
  readonly applies: (d: Difference) => boolean;
}
/** Coprocessors 10 and 11, the floating-point space. */
const floatingPoint = (d: Difference): boolean => (d.first & 0xec00) === 0xec00 && (d.second & 0x0e00) === 0x0a00;

export const LLVM_KNOWN: readonly Known[] = [
  {
    why: 'floating-point space of a core without FPU: UsageFault NOCP, DDI 0403 A2.5.2; LLVM has no instruction there',
    applies: (d) => d.profile.fpu === 'none' && d.mine === 'coprocessor' && d.its === 'undefined' && floatingPoint(d),
  },
  {
    why: 'LDRH, LDRSH with Rt = PC are unallocated memory hints, which do nothing: DDI 0403 A5.3.8. LLVM has no such instruction',
    applies: (d) => d.mine === 'defined' && d.its === 'undefined' && (d.first & 0xfe70) === 0xf830 && d.second >>> 12 === 15,
  },
  {
    why: 'LDRD, STRD with pre-indexed SP: DDI 0403 A7.7 refuses R13 as Rt and Rt2 only; LLVM as base too, though not post-indexed or without writeback',
    applies: (d) =>
      d.mine === 'defined' && d.its === 'unpredictable' && (d.first & 0xff6f) === 0xe96d && /^t2(LDRD|STRD)_PRE$/.test(d.opcode),
  },
  {
    why: 'coprocessor, op1 = 00000x: no instruction, DDI 0403 A5.3.18; without that coprocessor the fault is NOCP like that of the space around it (DDI 0553 C2.3)',
    applies: (d) => d.mine === 'coprocessor' && d.its === 'undefined' && (d.first & 0xefe0) === 0xec00,
  },
  {
    why: 'VMRS, VMSR: FPSCR is the only register there, DDI 0403 A7.7, DDI 0553 C2.4; LLVM knows FPSID, FPEXC, FPINST and MVFR of the A profile',
    applies: (d) =>
      d.mine === 'undefined' &&
      d.its !== 'undefined' &&
      (d.first & 0xffe0) === 0xeee0 &&
      /^VM(RS|SR)_(FPSID|FPEXC|FPINST2?|MVFR[012])$/.test(d.opcode),
  },
  {
    why: 'LDC2, STC2 on coprocessors 10 and 11: no instruction, DDI 0403 A6.5, DDI 0553 C2.3; LLVM takes the unindexed forms for a coprocessor of its own',
    applies: (d) => d.mine === 'undefined' && d.its === 'coprocessor' && (d.first & 0xfe00) === 0xfc00 && floatingPoint(d),
  },
];
export const knownOfLlvm = (d: Difference): string | null => LLVM_KNOWN.find((k) => k.applies(d))?.why ?? null;
