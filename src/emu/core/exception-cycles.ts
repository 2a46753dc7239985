/** What exceptions cost with zero-wait memory, and where each figure comes from. */
import type { Sourced } from '../chip.ts';
import type { Profile } from './builder.ts';

export interface ExceptionCycles {
  /** Request to first handler instruction. */
  readonly entry: Sourced<number>;
  readonly return: Sourced<number>;
  readonly tailChain: Sourced<number>;
  /** Added to entry or return when FP registers are stored or loaded. */
  readonly fpRegisters: Sourced<number>;
  /** First FP instruction of a handler that has to fill the lazy frame. */
  readonly lazySave: Sourced<number>;
}
const M4_FP: Pick<ExceptionCycles, 'fpRegisters' | 'lazySave'> = {
  fpRegisters: { value: 17, source: 'DDI 0439D 3.9.1: 29 - 12 and 27 - 10', confidence: 'documented' },
  lazySave: { value: 18, source: 'no figure published; 17 stores and the restart', confidence: 'assumed' },
};
const LIKE_M4: Pick<ExceptionCycles, 'fpRegisters' | 'lazySave'> = {
  fpRegisters: { ...M4_FP.fpRegisters, source: `as Cortex-M4 (${M4_FP.fpRegisters.source})`, confidence: 'assumed' },
  lazySave: M4_FP.lazySave,
};
const NO_FP: Pick<ExceptionCycles, 'fpRegisters' | 'lazySave'> = {
  fpRegisters: { value: 0, source: 'no FPU', confidence: 'documented' },
  lazySave: { value: 0, source: 'no FPU', confidence: 'documented' },
};
export const EXCEPTION_CYCLES: Readonly<Record<Profile['name'], ExceptionCycles>> = {
  m0: {
    entry: { value: 16, source: 'Yiu, table of interrupt latencies; DDI 0432C 3.6 prints no number', confidence: 'reported' },
    return: { value: 12, source: 'as POP of 8 words with PC, 4 + N', confidence: 'assumed' },
    tailChain: { value: 6, source: 'DDI 0432C has tail-chaining without a number; as Cortex-M4', confidence: 'assumed' },
    ...NO_FP,
  },
  m4: {
    entry: { value: 12, source: 'DDI 0439D 3.9.1', confidence: 'documented' },
    return: { value: 10, source: 'DDI 0439D 3.9.1', confidence: 'documented' },
    tailChain: { value: 6, source: 'DDI 0439D 3.9.1', confidence: 'documented' },
    ...M4_FP,
  },
  m33: {
    entry: { value: 12, source: 'Yiu, Cortex-M for Beginners', confidence: 'reported' },
    return: { value: 10, source: 'no figure published (10 to 12); as Cortex-M4', confidence: 'assumed' },
    tailChain: { value: 6, source: 'no figure published; as Cortex-M4', confidence: 'assumed' },
    ...LIKE_M4,
  },
  m7: {
    entry: { value: 12, source: 'Arm community thread 47326: 12 typical, 14 worst', confidence: 'reported' },
    return: { value: 10, source: 'no figure published (10 to 12); as Cortex-M4', confidence: 'assumed' },
    tailChain: { value: 6, source: 'no figure published; as Cortex-M4', confidence: 'assumed' },
    ...LIKE_M4,
  },
};
