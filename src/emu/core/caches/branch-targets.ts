/**
 * Where branches went the last time: the Branch Target Address Cache of a Cortex-M7, as far as it decides what a branch to an address
 * in a register or in memory costs. Direct branches count as predicted and are not in here.
 *
 *  - The prefetch unit has a BTAC "for single-cycle turn-around of branch predictor state and target address" and forwards flags "for
 *    early resolution of direct branches"; a return stack is not among its parts (documented: DDI 0489, 1.2.3, as quoted by others). So
 *    a branch that is not direct is predicted to where it went the last time; if it goes elsewhere, or is not known, nothing resolves it
 *    early (inferred).
 *  - A wrong prediction costs 8 cycles, 6 with forwarded flags (measured: jnk0le, STM32H743); without them 8 (inferred).
 *  - CCR.BP is always 1 (documented: DUI 0646, 4.3.7). With ACTLR.DISBTACREAD the BTAC is not used; with DISBTACALLOC there are no new
 *    entries, but those that are there are updated (documented: DDI 0489, table 3-3, as quoted by others). After DISBTACREAD it is empty
 *    (assumed).
 *  - Its size is not published. 512 entries in sets of four, of which the least recently used goes, are so many that it hardly matters
 *    (assumed); docs/fidelity.md says what fewer would do.
 *  - Empty after a reset (assumed). BPIALL empties it, as the architecture's name for it says (that the M7 does: assumed). Writing code
 *    does not.
 *
 * An entry is (address of the branch | 1) << 32 | target. The one that was used last stands first in its set, so that a branch that goes
 * where it went changes nothing if it stands there: translated code looks for that itself. Everything else is `predicted`, a function of
 * the interpreter's module.
 */
import { BRANCH_TARGETS, type Arena } from '../../arena.ts';
import { OP } from '../../wasm/opcodes.ts';
import { Expr, lift, type Builder, type Val } from '../builder.ts';
import { SCS } from '../arm/scs-state.ts';

export const MISPREDICTED = 8;
const SETS = 128;
const WAYS = 4;
const WORDS = SETS * WAYS * 2;

/** ACTLR bits. */
export const DISBTACREAD = 1 << 13;
const DISBTACALLOC = 1 << 14;

const entryAt = (set: Val, offset: number): Expr =>
  new Expr('i64', (f) => {
    lift(set).emit(f);
    f.memory(OP['i64.load'], offset);
  });

/** Whether a branch at a known address goes elsewhere than the entry that stands first in its set says. */
export function isUnexpected(b: Builder, pc: number, target: Val): Expr {
  const set = BRANCH_TARGETS.ENTRIES + ((pc >>> 1) & (SETS - 1)) * WAYS * 8;
  return b.op('i64.ne', entryAt(0, set), b.op('i64.or', b.ext64U(target), b.i64(BigInt((pc | 1) >>> 0) << 32n)));
}

/**
 * predicted(pc, target): cycles that the branch there loses.
 *   the set is used; key = (pc | 1) << 32 | target; if it stands first: return 0
 *   if DISBTACREAD, or DISBTACALLOC and no entry is this branch's: return 8
 *   entries move back by one until the branch's own, or the last, is written over; the first = key
 *   return own == key ? 0 : 8
 */
export function emitPredicted(b: Builder, pc: Expr, target: Expr): void {
  const { f } = b;
  const tag = b.let(b.or(pc, 1));
  const key = b.let(b.join(target, tag));
  const number = b.let(b.and(b.shrU(pc, 1), SETS - 1));
  const set = b.let(b.mul(number, WAYS * 8));
  b.putAt(number, BRANCH_TARGETS.USED, 1, 1);
  const entries = Array.from({ length: WAYS }, (_, way) => b.let(entryAt(set, BRANCH_TARGETS.ENTRIES + way * 8)));
  const isOwn = (entry: Expr): Expr => b.eq(b.high(entry), tag);
  b.if(b.op('i64.eq', entries[0]!, key), () => b.give(0));
  const control = b.state(SCS.ACTLR);
  b.if(b.and(control, DISBTACREAD), () => b.give(MISPREDICTED));
  b.if(b.and(control, DISBTACALLOC), () =>
    b.if(b.eqz(entries.map(isOwn).reduce((any, own) => b.or(any, own))), () => b.give(MISPREDICTED)),
  );
  b.putAt(0, BRANCH_TARGETS.CHANGES, b.add(b.arenaAt(0, BRANCH_TARGETS.CHANGES), 1));
  entries.forEach((entry, way) => {
    set.emit(f);
    (way === 0 ? key : entries[way - 1]!).emit(f);
    f.memory(OP['i64.store'], BRANCH_TARGETS.ENTRIES + way * 8);
    b.if(isOwn(entry), () => b.give(b.select(b.op('i64.eq', entry, key), 0, MISPREDICTED)));
  });
  f.i32(MISPREDICTED);
}

/** Entries, how often any had changed by then, and ACTLR. */
export interface BranchTargetsCopy {
  readonly words: Uint32Array;
  /** Where they stand; null = these are all. */
  readonly at: Int32Array | null;
  readonly changes: number;
  readonly control: number;
}

export class BranchTargets {
  private readonly arena: Arena;
  private readonly control: () => number;
  constructor(arena: Arena, control: () => number) {
    this.arena = arena;
    this.control = control;
  }
  private get entries(): Uint32Array {
    return this.arena.u32.subarray(BRANCH_TARGETS.ENTRIES >> 2, (BRANCH_TARGETS.ENTRIES >> 2) + WORDS);
  }
  get changes(): number {
    return this.arena.u32[BRANCH_TARGETS.CHANGES >> 2]!;
  }
  private changed(): void {
    this.arena.u32[BRANCH_TARGETS.CHANGES >> 2]!++;
  }
  clear(): void {
    this.entries.fill(0);
    this.changed();
  }
  save(): BranchTargetsCopy {
    return { words: this.entries.slice(), at: null, changes: this.changes, control: this.control() };
  }
  restore(copy: BranchTargetsCopy): void {
    this.entries.set(copy.words);
    this.changed();
  }
  /** They are, and are used, as when the copy was made, whatever was in between. */
  same({ words, at, changes, control }: BranchTargetsCopy): boolean {
    if (control !== this.control()) return false;
    if (changes === this.changes) return true;
    const { entries } = this;
    for (let i = 0; i < words.length; i++) if (words[i] !== entries[at === null ? i : at[i]!]) return false;
    return true;
  }

  // ---- what a stretch of code uses, while the interpreter runs it --------------------------------------------------------------------
  beginUse(): void {
    this.arena.u8.fill(0, BRANCH_TARGETS.USED, BRANCH_TARGETS.USED + SETS);
  }
  /** A copy of what was used since: all that the cycles of that code hang on. */
  saveUsed(): BranchTargetsCopy {
    const { entries } = this;
    const used = (i: number): boolean => this.arena.u8[BRANCH_TARGETS.USED + Math.floor(i / (2 * WAYS))] !== 0;
    const at = Int32Array.from({ length: WORDS }, (_, i) => i).filter(used);
    return { words: Uint32Array.from(at, (i) => entries[i]!), at, changes: this.changes, control: this.control() };
  }
}
