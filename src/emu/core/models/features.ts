/** What instructions, decoding and registers of a core depend on. Cycles stand in model.ts: they are computed from decoded instructions, which depend on this. */
import type { CoreName, CoreType } from './names.ts';

/** Feature registers that software reads: ID_*, MVFR*, CLIDR, CTR by name; one that is not here reads 0. */
export type IdRegisters = Readonly<Record<string, number>>;

/** What debug hardware a core has, as its implementation in STM32 chips shows it. */
export interface DebugShape {
  /** Comparators for code; FPB revision 2 reaches the whole address space, 1 (and the BPU) its first half GiB. */
  readonly code: number;
  readonly revision: 1 | 2;
  /** Comparators for data. */
  readonly data: number;
  /** IDR of the AHB-AP, DPIDR on SWD. */
  readonly idr: number;
  readonly dpidr: number;
  /** TAR increments inside so many bytes. */
  readonly tarWrap: number;
}
export interface CoreFeatures {
  readonly name: CoreName;
  /** As the rows of chips name it. */
  readonly type: CoreType;
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
  readonly debug: DebugShape;
}
