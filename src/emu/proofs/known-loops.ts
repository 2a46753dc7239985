import { PAGE_BITS } from '../arena.ts';
import type { Core } from '../core/core.ts';
import type { CountingLoop } from './counting.ts';
import { withMoved } from './copies.ts';
import { frameAt, isPlaceIn } from './frames.ts';
import { movedReads, placesOf, sameCode, type Loop, type SteadyLoop } from './steady.ts';

const MAX_KNOWN = 8;
interface Under<L> {
  readonly loop: L;
  readonly conditions: string;
}
/**
 * Recorded loops, latest first. A restored checkpoint or a changed interceptor makes the skipper forget its loop; but when the core is in it again, with the same code, conditions
 * and reads, no search is needed. Counting loops are proved anew at each arrival; only the measured cycles of an iteration are kept.
 */
export class KnownLoops {
  private readonly loops: Under<SteadyLoop>[] = [];
  private counting: readonly Under<CountingLoop>[] = [];

  counts(core: Core, loop: CountingLoop): void {
    const conditions = core.conditions();
    if (conditions === null) return;
    this.counting = [{ loop, conditions }, ...this.counting.filter((k) => k.loop.pc !== loop.pc)].slice(0, MAX_KNOWN);
  }
  /** Counting loops found before under the present conditions. */
  counted(core: Core): CountingLoop[] {
    if (this.counting.length === 0) return [];
    const now = core.conditions();
    return this.counting.flatMap(({ loop, conditions }) => {
      const { configuration } = core.system;
      return conditions === now && plainReads(core, loop) ? [{ ...asOfNow(core, loop), configuration, vain: 0 }] : [];
    });
  }

  remember(core: Core, loop: SteadyLoop): void {
    const conditions = core.conditions();
    if (conditions === null) return;
    this.loops.unshift({ loop, conditions });
    this.loops.splice(MAX_KNOWN);
  }
  /** The known loop and frame that the core is in, or null. If not `held`, its cache lines have to be fetched by executing an iteration. */
  recognise(core: Core, withCopies: boolean): { readonly loop: SteadyLoop; readonly frame: number; readonly held: boolean } | null {
    let now: string | null | undefined;
    for (const [at, { loop: recorded, conditions }] of this.loops.entries()) {
      if (!isPlaceIn(recorded.frames ?? [], core.pc) || conditions !== (now ??= core.conditions())) continue;
      const moved = movedReads(core, recorded);
      if (moved === null || (moved.length > 0 && !withCopies)) continue;
      const known = moved.length === 0 ? recorded : withMoved(core, recorded, moved);
      const frame = known === null ? -1 : frameAt(core, known, 0);
      if (known === null || frame < 0) continue;
      const loop = asOfNow(core, known);
      if (!plainReads(core, loop)) continue;
      this.loops.splice(at, 1);
      this.loops.unshift({ loop, conditions });
      return { loop, frame, held: sameCode(core, loop) };
    }
    return null;
  }
}
/** The loop as found under the present versions. If its order of cache accesses matters its rows are compared (`cacheChanges` -1). */
const asOfNow = <L extends Loop>(core: Core, loop: L): L => ({
  ...loop,
  codeVersion: core.codeVersion,
  cacheChanges: loop.ordered ? -1 : core.caches.cacheChanges(),
  always: null,
});
/** No read is intercepted, and the blocks have their clocks. */
function plainReads(core: Core, loop: Loop): boolean {
  const { stored, registers } = placesOf(core, loop);
  const watched = core.listener.interceptOf?.(core)?.pages ?? core.listener.intercept?.pages;
  return (
    [...stored, ...registers].every(({ block }) => core.system.isClocked(block)) &&
    !loop.reads.some((r) => watched?.has(r.address >>> PAGE_BITS) === true)
  );
}
