/**
 * Cycles per core. What an instruction costs follows from the code around it; what depends on operands (division, unaligned addresses) is charged
 * by its semantics or by the access. Flash wait states and caches come on top (interpreter.ts). docs/fidelity.md is the ledger of the rules.
 */
import type { CoreModel } from './models/model.ts';
import type { TimingModel } from './timing/model.ts';

export { classOf } from './timing/model.ts';
export type { CodeView, StaticCycles, TimingModel } from './timing/model.ts';

export const timingOf = (profile: CoreModel): TimingModel => profile.timing;

/** Which instructions looked at which byte for their cost, beyond their own surroundings. */
export class FarBytes {
  private readonly by = new Map<number, Set<number>>();
  set(address: number, pc: number): void {
    const set = this.by.get(address);
    if (set) set.add(pc);
    else this.by.set(address, new Set([pc]));
  }
  /** Removes and gives the instructions that looked at something in a range. */
  take(from: number, to: number): number[] {
    const found: number[] = [];
    const one = (address: number): void => {
      const set = this.by.get(address);
      if (!set) return;
      found.push(...set);
      this.by.delete(address);
    };
    if (to - from <= this.by.size) for (let a = from; a < to; a++) one(a);
    else for (const a of [...this.by.keys()]) if (a >= from && a < to) one(a);
    return found;
  }
}
