/** What a run is given back: words that behind a reset keep what they held until the program looks at them. */
import type { Core } from '../../emu/core/core.ts';
import { isByStack } from '../session/by-stack.ts';

/**
 * A word that the stack uses as well is two words here, as it would be if it lay elsewhere: what is pushed there is popped again, and a return address that was saved
 * there still leads back. Who looks twice, as at a volatile word, sees it twice, until something is written there.
 */
export class KeptWords {
  private seen = new Set<number>();
  private overwritten = new Set<number>();
  /** What the stack has there. */
  private pushed = new Map<number, number>();

  /** For checkpoints, where one run is repeated with it. */
  save(): unknown {
    return structuredClone([this.seen, this.overwritten, this.pushed]);
  }
  restore(saved: unknown): void {
    [this.seen, this.overwritten, this.pushed] = structuredClone(saved) as [Set<number>, Set<number>, Map<number, number>];
  }

  /** Memory has it from here on. */
  isOver(address: number): boolean {
    return this.overwritten.has(address) && !this.pushed.has(address);
  }
  /** @return null: what memory has */
  read(core: Core, address: number, value: number): number | null {
    if (isByStack(core)) return this.pushed.get(address) ?? null;
    if (this.overwritten.has(address)) return null;
    this.seen.add(address);
    return value >>> 0;
  }
  /**
   * Whether a store is held back, because the word has not been read yet.
   *
   * @param against the instruction whose stores are held back all the same
   */
  holdsBack(core: Core, address: number, value: number, against?: number): boolean {
    const kept = !this.seen.has(address) || (against !== undefined && core.pc === against);
    if (!kept) this.overwritten.add(address);
    if (!isByStack(core)) return kept;
    if (kept) this.pushed.set(address, value);
    else this.pushed.delete(address);
    return kept;
  }
}
