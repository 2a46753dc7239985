/** The locals of a region's function. */
import type { FunctionBody } from '../../wasm/module.ts';
import { S } from '../state.ts';

export interface Locals {
  readonly regs: readonly number[];
  readonly nf: number;
  readonly zf: number;
  readonly cf: number;
  readonly vf: number;
  readonly budget: number;
  readonly retired: number;
  readonly line: number;
  /** Number of the last use of a row of the flash cache. */
  readonly touches: number;
  /** Hits of the core's instruction cache. */
  readonly hits: number;
  /** Where the region is left to, and what is given back of cycles and instructions when it is left in the middle of a block. */
  readonly next: number;
  /** Slot of the region that begins there, + 1; 0 where nobody has looked for one. */
  readonly link: number;
  readonly giveCycles: number;
  readonly giveInstructions: number;
  /** Operands of the last compare, and which flags are those of it, see flags.ts. */
  readonly comparedA: number;
  readonly comparedB: number;
  readonly lazy: number;
  /** Where a dispatcher goes on: the pc of one of its entries. */
  readonly selector: number;
}

export function newLocals(f: FunctionBody): Locals {
  const i32 = (): number => f.newLocal('i32');
  return {
    regs: Array.from({ length: 15 }, i32),
    nf: i32(),
    zf: i32(),
    cf: i32(),
    vf: i32(),
    budget: i32(),
    retired: i32(),
    line: i32(),
    touches: i32(),
    hits: i32(),
    next: i32(),
    link: i32(),
    giveCycles: i32(),
    giveInstructions: i32(),
    comparedA: i32(),
    comparedB: i32(),
    lazy: i32(),
    selector: i32(),
  };
}
/** The local of a flag, by its offset in the state. */
export function flagLocal(l: Locals, offset: number): number {
  switch (offset) {
    case S.NF:
      return l.nf;
    case S.ZF:
      return l.zf;
    case S.CF:
      return l.cf;
    default:
      return l.vf;
  }
}
