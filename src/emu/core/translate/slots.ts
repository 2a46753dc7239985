/**
 * Slots: words at a constant distance from a register that a loop does not write, which it loads and stores in each round, as unoptimised code does with its
 * variables, or loads from the stack in each round, as optimised code does where registers are short. A slot is looked up in front of the loop, and what it holds
 * stays in a local: a load that waits for the store of the round before takes the host longer than all the rest of a short loop. Stores still go to memory, so
 * that it is right wherever the region is left.
 *
 * Within the loop nothing but its own stores changes the word, or where it lies: a region calls nothing that stores (loops with calls have no slots), and timers,
 * DMA, other cores and the bench come to their turn only when it has been left; a device that is asked from inside declines where it would do anything of that kind.
 */
import type { Access } from './flow.ts';
import { dominates, predecessors, type Block, type Item } from './block.ts';
import { isApart, type Slot } from './places.ts';
import type { Region } from './region.ts';
import type { Surroundings } from './surroundings.ts';

/** Slots at one place; each takes two locals through the loop. */
const MOST = 4;

export class Slots {
  private readonly found = new Map<Block, Slot[]>();
  private readonly within = new Map<Block, Slot[]>();

  constructor(region: Region, env: Pick<Surroundings, 'cachedData' | 'asksDevices'>) {
    // a line of the data cache moves
    if (env.cachedData) return;
    const preds = predecessors(region.blocks);
    // outer loops come first
    for (const header of region.blocks) {
      if (!header.loopHeader) continue;
      const latches = preds.get(header)!.filter((p) => dominates(header, p));
      const loop = bodyOf(header, latches, preds);
      const outer = this.at(header);
      const slots = slotsOf(loop, latches, env)
        .filter((s) => !outer.some((o) => o.register === s.register && o.offset === s.offset))
        .slice(0, MOST - outer.length);
      if (slots.length === 0) continue;
      this.found.set(header, slots);
      for (const b of loop) this.within.set(b, [...this.at(b), ...slots]);
    }
  }
  /** Those that begin to be slots in front of a loop. */
  before(header: Block): readonly Slot[] {
    return this.found.get(header) ?? [];
  }
  /** Those of all loops that a block belongs to. */
  at(b: Block): readonly Slot[] {
    return this.within.get(b) ?? [];
  }
  /** The same in front of a block: without those of the loop that it begins. */
  around(b: Block): readonly Slot[] {
    const own = this.before(b);
    return this.at(b).filter((s) => !own.includes(s));
  }
}

function bodyOf(header: Block, latches: readonly Block[], preds: ReadonlyMap<Block, readonly Block[]>): Set<Block> {
  const body = new Set([header]);
  const work = [...latches];
  for (let b = work.pop(); b; b = work.pop()) {
    if (body.has(b)) continue;
    body.add(b);
    work.push(...(preds.get(b) ?? []));
  }
  return body;
}

interface Place {
  readonly item: Item;
  readonly access: Access;
  /** It happens in each round. */
  readonly always: boolean;
}

/** Those that are accessed most come first. */
// eslint-disable-next-line complexity -- a word is a slot only if none of these conditions fails
function slotsOf(loop: ReadonlySet<Block>, latches: readonly Block[], env: Pick<Surroundings, 'asksDevices'>): Slot[] {
  let written = 0;
  const places: Place[] = [];
  for (const b of loop) {
    const always = latches.every((l) => dominates(b, l));
    for (const item of b.items) {
      if (item.flow.call || item.flow.system) return [];
      written |= item.flow.writes;
      for (const access of item.flow.accesses) places.push({ item, access, always: always && item.it === 0 });
    }
  }
  const words = new Map<string, Place[]>();
  for (const place of places) {
    const { base, offset, size } = place.access;
    if (base === null || size !== 4 || (written >>> base) & 1) continue;
    const key = `${base} ${offset}`;
    words.set(key, [...(words.get(key) ?? []), place]);
  }
  const stores = places.filter((p) => p.access.store);
  const slots: { readonly slot: Slot; readonly accesses: number }[] = [];
  for (const list of words.values()) {
    const { base, offset } = list[0]!.access;
    const stored = list.some((p) => p.access.store);
    const always = list.some((p) => p.access.store === stored && p.always);
    // where it cannot be looked up the loop is left at its start: a store in each round would leave it as often, and the stack is memory
    if (!always || list.every((p) => p.access.store) || !(stored || base === 13)) continue;
    if (list.some((p) => env.asksDevices(p.item.pc))) continue;
    const others = stores.filter((p) => !list.includes(p) && !(p.access.base === base && isApart(p.access.offset - offset, p.access.size)));
    // after a store that may have changed it the slot is read again; one that is known to change a part of it would make that read wait
    if (others.some((p) => p.access.base === base)) continue;
    const valued = others.length < list.length;
    slots.push({ slot: { register: base!, offset, stored, valued, host: 0, value: 0 }, accesses: list.length });
  }
  return slots.sort((a, b) => b.accesses - a.accesses).map((s) => s.slot);
}
