/**
 * Translations that the machines of a process share. What a translation is made of – assumptions, bytes, the chip's layout – is the same in every machine of a
 * chip that runs the same code, so the compiled module is too; a machine makes an instance of it, with its own memory and table. Table slots are numbered here, for
 * translated calls name them.
 */
import { PAGE_BITS } from '../../arena.ts';

/** Bytes away from a region's code that it was made from: literals that were folded, branch targets that cycles hang on. */
export interface Need {
  readonly host: number;
  readonly size: number;
  readonly value: number;
}

/** A translated region, machine apart. Offsets are the arena's, which is laid out alike for all machines of a chip. */
export interface Translation {
  readonly entry: number;
  readonly slot: number;
  readonly module: WebAssembly.Module;
  /** First byte of its code and the one behind the last, as guest and as arena addresses. */
  readonly low: number;
  readonly high: number;
  readonly from: number;
  readonly to: number;
  /** Half-words from `around` on, which is AROUND bytes in front of its code, to as many behind it, where there are so many in its memory. */
  readonly around: number;
  readonly code: Uint16Array;
  readonly needs: readonly Need[];
  /** Guest pages of the literals among them. */
  readonly literalPages: ReadonlySet<number>;
  /** Starts of its blocks, addresses of its instructions, and the pages of those. */
  readonly blocks: readonly number[];
  readonly instructions: ReadonlySet<number>;
  readonly pages: ReadonlySet<number>;
  /** Instructions that were translated as readers of devices. */
  readonly readers: ReadonlySet<number>;
  /** Of the module. */
  readonly bytes: number;
}

/** Bytes around a region that are compared with it: more than the reach of any timing model. */
export const AROUND = 512;

/** Slots and translations under one set of assumptions. */
export interface SharedSet {
  readonly slots: Map<number, number>;
  readonly made: Map<number, Translation[]>;
}

/** Slots that a table may have, and those after which new machines begin with a numbering of their own. */
const MAX_SLOTS = 60_000;
const FULL = 20_000;
/** Modules that are kept for machines to come, in bytes of WebAssembly. */
const MAX_BYTES = 8 << 20;
const MAX_AT_A_PLACE = 8;

export class Translations {
  /** Instructions that have read devices again and again, whatever code it was: hints. */
  readonly readers = new Set<number>();
  private readonly sets = new Map<string, SharedSet>();
  private slots = 0;
  private bytes = 0;

  get full(): boolean {
    return this.slots >= FULL;
  }
  get hasRoom(): boolean {
    return this.slots < MAX_SLOTS;
  }
  /** The newest. */
  get lastSlot(): number {
    return this.slots - 1;
  }
  setOf(assumptions: string): SharedSet {
    let set = this.sets.get(assumptions);
    if (!set) this.sets.set(assumptions, (set = { slots: new Map(), made: new Map() }));
    return set;
  }
  slotOf(set: SharedSet, pc: number): number {
    let slot = set.slots.get(pc);
    if (slot === undefined) set.slots.set(pc, (slot = this.slots++));
    return slot;
  }
  keep(set: SharedSet, t: Translation): void {
    this.bytes += t.bytes;
    if (this.bytes > MAX_BYTES) {
      for (const s of this.sets.values()) s.made.clear();
      this.bytes = t.bytes;
    }
    const list = set.made.get(t.entry);
    if (!list) set.made.set(t.entry, [t]);
    // code that changes all the time: the oldest goes
    else if (list.push(t) > MAX_AT_A_PLACE) list.shift();
  }
}

const byChip = new WeakMap<object, Translations[]>();

/** For core number `core` of a chip. */
export function translationsOf(chip: object, core: number): Translations {
  let list = byChip.get(chip);
  if (!list) byChip.set(chip, (list = []));
  const known = list[core];
  return known && !known.full ? known : (list[core] = new Translations());
}

export function pagesOf(addresses: Iterable<number>): Set<number> {
  const pages = new Set<number>();
  for (const a of addresses) pages.add(a >>> PAGE_BITS);
  return pages;
}
