/**
 * A core as a row: everything that one Cortex-M has otherwise than another. Adding a core is a file here, its name in `CoreName` and a line in index.ts. What a chip
 * decides for itself (interrupt lines, priority bits, MPU regions, the core's revision) stands in its `CoreRow`.
 */
import type { Sourced } from '../../chip.ts';
import type { TimingModel } from '../timing/model.ts';

export type CoreName = 'm0' | 'm0plus' | 'm3' | 'm4' | 'm33' | 'm7';

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

/** Feature registers that software reads: ID_*, MVFR*, CLIDR, CTR by name; one that is not here reads 0. */
export type IdRegisters = Readonly<Record<string, number>>;

export interface CoreModel {
  readonly name: CoreName;
  /** As reports name it. */
  readonly title: string;
  readonly arch: 'v6m' | 'v7m' | 'v8m';
  readonly dsp: boolean;
  /** Single precision only, or double precision too. */
  readonly fpu: 'none' | 'sp' | 'dp';
  /** FPv5 (VRINT, VSEL, VMAXNM…), else FPv4. */
  readonly fpv5: boolean;
  /** Unprivileged Thread mode: CONTROL.nPRIV can be set. */
  readonly unprivileged: boolean;
  /** Bits of VTOR that software can write; 0 = there is none. */
  readonly vtor: number;
  readonly cpuid: number;
  readonly ccr: { readonly reset: number; readonly writable: number };
  readonly id: IdRegisters;
  /** Smallest MPU region as a power of two. */
  readonly mpuSmallest: number;
  /** Bits of RASR or RLAR that software can write. */
  readonly mpuAttributes: number;
  /** L1 caches and tightly-coupled memory, with their registers. */
  readonly l1: boolean;
  /** It may be wrong about where a branch to an address in a register or in memory goes (branch-targets.ts). */
  readonly branchTargets: boolean;
  /** A flash controller with caches, or one that reads ahead, can stand in front of it. */
  readonly flashCache: boolean;
  /** Cycles of a division; left out = by its operands (isa/multiply.ts). */
  readonly divisionCycles?: number;
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
