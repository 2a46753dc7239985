/**
 * A core as a row: everything that one Cortex-M has otherwise than another. Adding a core is a file here; its name and its place
 * in the list are generated from it (tools/core-index.ts). What a chip decides for itself (interrupt lines, priority bits, MPU regions, the core's revision) stands in its `CoreRow`.
 */
import type { Sourced } from '../../chip.ts';
import type { TimingModel } from '../timing/model.ts';
import type { CoreFeatures } from './features.ts';

/** What exceptions cost with zero-wait memory, in cycles, and where each figure comes from. */
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

export interface CoreModel extends CoreFeatures {
  readonly exceptions: ExceptionCycles;
  readonly timing: TimingModel;
}

export const NO_FP: Pick<ExceptionCycles, 'fpRegisters' | 'lazySave'> = {
  fpRegisters: { value: 0, source: 'no FPU', confidence: 'documented' },
  lazySave: { value: 0, source: 'no FPU', confidence: 'documented' },
};
const M4_FP: Pick<ExceptionCycles, 'fpRegisters' | 'lazySave'> = {
  fpRegisters: { value: 17, source: 'DDI 0439D 3.9.1: 29 - 12 and 27 - 10', confidence: 'documented' },
  lazySave: { value: 18, source: 'no figure published; 17 stores and the restart', confidence: 'assumed' },
};
export const M4_EXCEPTIONS: ExceptionCycles = {
  entry: { value: 12, source: 'DDI 0439D 3.9.1', confidence: 'documented' },
  return: { value: 10, source: 'DDI 0439D 3.9.1', confidence: 'documented' },
  tailChain: { value: 6, source: 'DDI 0439D 3.9.1', confidence: 'documented' },
  ...M4_FP,
};
/** As those of the Cortex-M4, where Arm publishes none. */
export const likeM4 = (entry: Sourced<number>): ExceptionCycles => ({
  entry,
  return: { value: 10, source: 'no figure published (10 to 12); as Cortex-M4', confidence: 'assumed' },
  tailChain: { value: 6, source: 'no figure published; as Cortex-M4', confidence: 'assumed' },
  fpRegisters: { ...M4_FP.fpRegisters, source: `as Cortex-M4 (${M4_FP.fpRegisters.source})`, confidence: 'assumed' },
  lazySave: M4_FP.lazySave,
});

/** Size, SRD and ENABLE; attributes and rights; XN: RASR of PMSAv7. */
export const RASR_V7 = 0x173fff3f;
