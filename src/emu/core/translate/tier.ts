/**
 * The translated tier of one core: which places have regions, their table slots, and which of them may run.
 *
 * A region is right for its *assumptions* (a text made of everything that changes what code does or costs, its bytes aside), for the arena bytes it was made
 * from, and as long as nobody wants to stop in it. Assumptions change often (a clock is set, a checkpoint is restored) and come back: each has a set of
 * regions with table slots of its own, so that changing sets writes marks of decoded records and nothing else. Bytes that change make the regions that
 * rest on them *suspect*: they are compared before they run again. Everything here is about how soon the same code is translated, never about what it does.
 */
import { DECODED_BASE, PAGE_BITS, REGION_SLOTS, type Arena } from '../../arena.ts';
import { NEVER, REC, REGION_HERE } from '../interpreter/record-builders.ts';
import { emitRegion } from './emit.ts';
import { LEFT, type Left } from './exits.ts';
import { discover, type CodeSource, type Region } from './region.ts';
import type { Surroundings } from './surroundings.ts';
import { AROUND, pagesOf, type Need, type SharedSet, type Translation, type Translations } from './translations.ts';

/** Counters for `--stats` and benchmarks. */
export interface TierCounters {
  compiled: number;
  /** Made by another machine. */
  adopted: number;
  revived: number;
  instructions: number;
  bytes: number;
  refused: number;
  dropped: number;
}

/** What a core tells about itself when a region is wanted. */
export interface Origin {
  readonly source: CodeSource;
  readonly env: Surroundings;
  /** Arena offset of code at an address. */
  hostOf(pc: number): number;
  /** The same for any memory. */
  hostAt(address: number): number;
  /** Arena bytes of the memory that the code lies in. */
  readonly memory: { readonly from: number; readonly to: number };
  /** Is told the arena offset of each half-word far away that the cycles of an instruction hang on. */
  onFarByte(listener: ((host: number) => void) | null): void;
}

/** The core as the tier sees it. */
export interface TierCore {
  readonly arena: Arena;
  /** Functions that translated code imports. */
  readonly imports: () => WebAssembly.ModuleImports;
  /** Whether this machine may run a translation that another one made, its bytes aside; if so its pages count as code from now on. */
  adopts(t: Translation): boolean;
  /** Stops of the bench on these instructions. */
  stopsAmong(instructions: ReadonlySet<number>): number;
}

/** A translation in this machine. */
interface Compiled {
  readonly t: Translation;
  readonly set: RegionSet;
  /** Decoded record of its entry. */
  record: number;
  readonly run: unknown;
  /** Something that it was made from may have changed. */
  suspect: boolean;
  /** Stops that lie on its instructions. */
  stops: number;
  /** A better one has been or will be made. */
  superseded: boolean;
}

/** Regions under the same assumptions. */
interface RegionSet {
  readonly shared: SharedSet;
  /** Those that stand in their slots, by entry. */
  readonly live: Map<number, Compiled>;
  /** All of this machine, by entry, oldest first. An instance that imports a table is never freed by the engine: making them anew would also lose memory. */
  readonly made: Map<number, Compiled[]>;
  /** Block starts of live regions. */
  readonly covered: Set<number>;
}

const FIRST_SIZE = 256;
/** Hints that are kept. */
const MAX_READERS = 4096;
/**
 * A place inside a region gets one of its own when it has become hot so often, and once for each instruction that it would have: what the
 * interpreter runs from there to the next region has to outweigh the compiling.
 */
const AGAIN = 6;
/**
 * How often a place outside of regions is asked for before it is translated: a translation takes as long as interpreting some hundred thousand instructions,
 * and more while V8 is cold. More than AGAIN would let inner loops have regions of their own before what is around them has one: a fifth slower for good.
 */
export const PATIENCE = 4;
/** The same in a run that is expected to end soon: most of what is translated in one hardly runs afterwards. */
export const PATIENCE_IF_SHORT = 16;
/** The same where clients of a device are served: it mostly waits, and what runs is over before a translation of it is paid for. */
export const PATIENCE_IF_SERVING = 128;
/** Arrivals that a known place starts with: it is asked for soon, and comes at once if nothing changed. */
export const COMES_BACK = 248;

export class Tier {
  readonly counters: TierCounters = { compiled: 0, adopted: 0, revived: 0, instructions: 0, bytes: 0, refused: 0, dropped: 0 };
  /** Ways out of regions so far, by reason and place; null while nobody counts them, see `CoreCode.countExits`. */
  exits: Map<Left, Map<number, number>> | null = null;
  readonly table: WebAssembly.Table;
  /** Guest pages that folded literals have come from. */
  readonly literalPages = new Set<number>();
  private readonly core: TierCore;
  private readonly arena: Arena;
  private readonly translations: Translations;
  private readonly sets = new Map<string, RegionSet>();
  private assumptions = '';
  private current: RegionSet;
  /** How often places have become hot, outside of regions and inside one. */
  private readonly asked = new Map<number, { outside: number; times: number; enough: number }>();
  /** Regions by arena page that they were made from, and by guest page of their instructions. */
  private readonly byHostPage = new Map<number, Set<Compiled>>();
  private readonly byGuestPage = new Map<number, Set<Compiled>>();
  private stub: unknown = null;

  constructor(core: TierCore, translations: Translations) {
    this.core = core;
    this.arena = core.arena;
    this.translations = translations;
    this.table = new WebAssembly.Table({ element: 'anyfunc', initial: FIRST_SIZE });
    this.current = this.setOf(this.assumptions);
  }
  /** The function that stands in every slot without a region. */
  setStub(stub: unknown): void {
    this.stub = stub;
    for (let i = 0; i < this.table.length; i++) this.table.set(i, stub);
  }
  private setOf(assumptions: string): RegionSet {
    let set = this.sets.get(assumptions);
    if (!set)
      this.sets.set(
        assumptions,
        (set = { shared: this.translations.setOf(assumptions), live: new Map(), made: new Map(), covered: new Set() }),
      );
    return set;
  }

  /** A region that counts is left. */
  left(why: number, pc: number): void {
    const places = this.exits?.get(LEFT[why]!);
    if (places) places.set(pc, (places.get(pc) ?? 0) + 1);
    else this.exits?.set(LEFT[why]!, new Map([[pc, 1]]));
  }
  /** Slot of the region that begins at an address, under the present assumptions. */
  slotOf(pc: number): number {
    return this.translations.slotOf(this.current.shared, pc);
  }
  /** A module names slots of other regions, up to the newest: they have to be there. */
  private reach(slot: number): void {
    const { length } = this.table;
    if (slot >= length) this.table.grow(Math.max(slot + 1, 2 * length) - length, this.stub);
  }

  /** 1 where tests want a region at once. */
  patience = PATIENCE;

  // ---- translating -----------------------------------------------------------------------------------------------------------------
  /** Enters a region at `pc`, whose decoded record is `record`: one that is there and right, or a new one from `origin`. */
  enter(pc: number, record: number, origin: () => Origin): void {
    const set = this.current;
    const known = this.usable(set.made.get(pc)) ?? this.adopt(pc, record);
    if (known) {
      known.record = record;
      this.goLive(known);
      return;
    }
    // inside a region that exists already: most arrivals will come by its entry; translate again only if they do not
    const inside = set.covered.has(pc);
    const asked = this.asked.get(pc) ?? { outside: 0, times: 0, enough: AGAIN };
    this.asked.set(pc, asked);
    const later = (): void => void (this.arena.u8[record + REC.FLAGS] = 0);
    if (inside ? ++asked.times < asked.enough : ++asked.outside < this.patience) return later();
    const from = this.translations.hasRoom ? origin() : null;
    const region = from && discover(from.source, pc, inside);
    if (!region) {
      this.counters.refused++;
      this.arena.u8[record + REC.FLAGS] = NEVER;
      return;
    }
    if (inside) {
      asked.enough = region.blocks.reduce((sum, b) => sum + b.items.length, 0);
      if (asked.times < asked.enough) return later();
    }
    const made = this.translate(region, from);
    this.translations.keep(set.shared, made);
    this.goLive(this.instantiate(made, record));
    this.counters.compiled++;
    this.counters.bytes += made.bytes;
    this.counters.instructions += made.instructions.size;
  }
  private translate(region: Region, { env, hostOf, hostAt, onFarByte, memory }: Origin): Translation {
    const needs: Need[] = [];
    const literalPages = new Set<number>();
    const seen = new Set<number>();
    const { view } = this.arena;
    const noting: Surroundings = {
      ...env,
      literal: (address, size) => {
        const value = env.literal(address, size);
        if (value === null) return null;
        const host = hostAt(address);
        needs.push({ host, size, value: valueAt(view, host, size) });
        literalPages.add(address >>> PAGE_BITS);
        return value;
      },
    };
    // a look takes in the four bytes of a wide instruction
    onFarByte((host) => {
      for (const at of [host, host + 2]) if (!seen.has(at)) needs.push({ host: at, size: 2, value: valueAt(view, at, 2) });
      seen.add(host).add(host + 2);
    });
    try {
      const bytes = emitRegion(region, noting);
      const from = hostOf(region.low);
      const to = from + (region.high - region.low);
      const around = Math.max(from - AROUND, memory.from);
      const instructions = new Set(region.blocks.flatMap((b) => b.items.map((item) => item.pc)));
      return {
        entry: region.entry,
        slot: this.slotOf(region.entry),
        module: new WebAssembly.Module(bytes),
        low: region.low,
        high: region.high,
        from,
        to,
        around,
        code: this.arena.u16.slice(around >> 1, Math.min(to + AROUND + 1, memory.to) >> 1),
        needs,
        literalPages,
        blocks: region.blocks.map((b) => b.pc),
        instructions,
        pages: pagesOf(instructions),
        readers: new Set([...instructions].filter((pc) => env.asksDevices(pc))),
        bytes: bytes.length,
      };
    } finally {
      onFarByte(null);
    }
  }
  /** What another machine has made of the same code. */
  private adopt(pc: number, record: number): Compiled | null {
    const set = this.current;
    const own = set.made.get(pc);
    for (const t of set.shared.made.get(pc) ?? []) {
      if (
        own?.some((c) => c.t === t) ||
        this.lacksReaders(t) ||
        !this.stillRight(t) ||
        this.core.stopsAmong(t.instructions) > 0 ||
        !this.core.adopts(t)
      )
        continue;
      this.counters.adopted++;
      return this.instantiate(t, record);
    }
    return null;
  }
  // ---- loads that read devices -------------------------------------------------------------------------------------------------------
  asksDevices(pc: number): boolean {
    return this.translations.readers.has(pc);
  }
  private lacksReaders(t: Translation): boolean {
    for (const pc of this.translations.readers) if (t.instructions.has(pc) && !t.readers.has(pc)) return true;
    return false;
  }
  /** The load at `pc` keeps leaving its regions because it reads devices, `others` have done so too: they are made anew when they are wanted next. */
  readsDevices(pc: number, others: readonly number[]): void {
    const { readers } = this.translations;
    if (readers.size >= MAX_READERS) readers.clear();
    for (const at of [pc, ...others]) readers.add(at);
    for (const c of this.byGuestPage.get(pc >>> PAGE_BITS) ?? []) {
      if (c.superseded || !c.t.instructions.has(pc) || c.t.readers.has(pc)) continue;
      c.superseded = true;
      this.drop(c);
    }
  }
  private instantiate(t: Translation, record: number): Compiled {
    const set = this.current;
    this.reach(this.translations.lastSlot);
    const instance = new WebAssembly.Instance(t.module, {
      env: { ...this.core.imports(), memory: this.arena.memory, regions: this.table },
    });
    const c: Compiled = { t, set, record, run: instance.exports['region'], suspect: false, stops: 0, superseded: false };
    for (const page of t.literalPages) this.literalPages.add(page);
    for (let page = t.from >>> PAGE_BITS; page <= (t.to - 1) >>> PAGE_BITS; page++) push(this.byHostPage, page, c);
    for (const n of t.needs) push(this.byHostPage, n.host >>> PAGE_BITS, c);
    for (const page of t.pages) push(this.byGuestPage, page, c);
    const list = set.made.get(t.entry);
    if (list) list.push(c);
    else set.made.set(t.entry, [c]);
    return c;
  }

  /** The first that nobody wants to stop in and that is what its bytes say. */
  private usable(made: readonly Compiled[] | undefined): Compiled | null {
    for (const c of made ?? []) {
      if (c.stops > 0 || c.superseded || (c.suspect && !this.stillRight(c.t))) continue;
      c.suspect = false;
      this.counters.revived++;
      return c;
    }
    return null;
  }
  private stillRight(t: Translation): boolean {
    const { u16, view } = this.arena;
    const start = t.around >> 1;
    const { code } = t;
    for (let i = 0; i < code.length; i++) if (u16[start + i] !== code[i]) return false;
    return t.needs.every((n) => valueAt(view, n.host, n.size) === n.value);
  }

  // ---- what may run ----------------------------------------------------------------------------------------------------------------
  private goLive(c: Compiled): void {
    const { set, t } = c;
    if (set.live.get(t.entry) !== c) {
      this.table.set(t.slot, c.run);
      set.live.set(t.entry, c);
      for (const pc of t.blocks) set.covered.add(pc);
    }
    if (set === this.current) this.mark(c);
  }
  /** A branch that arrives at its entry runs it. */
  private mark(c: Compiled): void {
    this.arena.u16[(REGION_SLOTS + ((c.record - DECODED_BASE) >>> 3)) >> 1] = c.t.slot;
    this.arena.u8[c.record + REC.FLAGS] = REGION_HERE;
  }
  private unmark(c: Compiled): void {
    if (this.arena.u8[c.record + REC.FLAGS] === REGION_HERE) this.arena.u8[c.record + REC.FLAGS] = COMES_BACK;
  }
  private drop(c: Compiled): void {
    const { set, t } = c;
    if (set.live.get(t.entry) !== c) return;
    this.table.set(t.slot, this.stub);
    set.live.delete(t.entry);
    for (const pc of t.blocks) set.covered.delete(pc);
    if (set === this.current) this.unmark(c);
    this.counters.dropped++;
  }

  /**
   * The core's assumptions are these from now on: regions that were made under others rest. With `again` marks of records have been lost. True if the assumptions are
   * others than before.
   */
  assume(assumptions: string, again = false): boolean {
    const others = assumptions !== this.assumptions;
    if (!others && !again) return false;
    if (others) {
      for (const c of this.current.live.values()) this.unmark(c);
      this.assumptions = assumptions;
      this.current = this.setOf(assumptions);
    }
    for (const c of this.current.live.values()) this.mark(c);
    return others;
  }
  /**
   * These bytes of the arena have changed or are about to. `before` and `after`: how far away an instruction's bytes or cycles may hang on them.
   */
  invalidate(host: number, length: number, before: number, after: number): void {
    const end = host + length;
    for (let page = (host - before) >>> PAGE_BITS; page <= (end + after - 1) >>> PAGE_BITS; page++) {
      for (const c of this.byHostPage.get(page) ?? []) {
        if (c.suspect) continue;
        const own = c.t.from < end + after && host - before < c.t.to;
        if (!own && !c.t.needs.some((n) => n.host < end && host < n.host + n.size)) continue;
        c.suspect = true;
        this.drop(c);
      }
    }
  }
  /** The core is to stop in front of an instruction, or no longer. */
  stop(pc: number): void {
    for (const c of this.byGuestPage.get(pc >>> PAGE_BITS) ?? []) {
      if (!c.t.instructions.has(pc)) continue;
      c.stops++;
      this.drop(c);
    }
  }
  unstop(pc: number): void {
    for (const c of this.byGuestPage.get(pc >>> PAGE_BITS) ?? []) {
      if (!c.t.instructions.has(pc) || --c.stops > 0 || c.suspect) continue;
      // what was made while somebody wanted to stop here leaves that place out
      if (!c.superseded && (c.set.made.get(c.t.entry)!.find((made) => !made.superseded) === c || !c.set.live.has(c.t.entry)))
        this.goLive(c);
    }
  }
  /** Decoded records lie elsewhere from now on, and stores to code have not been seen. */
  forget(): void {
    for (const set of this.sets.values()) {
      for (const c of [...set.live.values()]) this.drop(c);
      for (const made of set.made.values()) for (const c of made) c.suspect = true;
    }
  }
  /** Somebody has translated this place under the present assumptions. */
  isKnown(pc: number): boolean {
    return this.current.shared.made.has(pc);
  }
}

function push(map: Map<number, Set<Compiled>>, page: number, c: Compiled): void {
  const set = map.get(page);
  if (set) set.add(c);
  else map.set(page, new Set([c]));
}
const valueAt = (view: DataView, host: number, size: number): number =>
  size === 4 ? view.getUint32(host, true) : size === 2 ? view.getUint16(host, true) : view.getUint8(host);
