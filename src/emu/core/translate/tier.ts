/** The translated tier of one core: which places have regions, their table slots, and when they are dropped. */
import { DECODED_BASE, REGION_SLOTS, type Arena } from '../../arena.ts';
import { HELPERS } from '../helpers.ts';
import { NEVER, REC, REGION_HERE } from '../interpreter.ts';
import { emitRegion, type Surroundings } from './emit.ts';
import { discover, type CodeSource } from './region.ts';

/** Counters for `--stats` and benchmarks. */
export interface TierCounters {
  compiled: number;
  instructions: number;
  bytes: number;
  refused: number;
  dropped: number;
}

interface Compiled {
  readonly entry: number;
  readonly record: number;
  readonly slot: number;
  /** Arena bytes of its code. */
  readonly from: number;
  readonly to: number;
}

const FIRST_SIZE = 256;
const MAX_SLOTS = 16_000;
/** A place inside a region gets one of its own when it has become hot so often. */
const AGAIN = 6;

export class Tier {
  readonly counters: TierCounters = { compiled: 0, instructions: 0, bytes: 0, refused: 0, dropped: 0 };
  readonly table: WebAssembly.Table;
  private readonly arena: Arena;
  private readonly slots = new Map<number, number>();
  private readonly live = new Map<number, Compiled>();
  /** Block starts of live regions, and how often places have become hot. Only how soon the same code is translated hangs on them. */
  private readonly covered = new Set<number>();
  private readonly asked = new Map<number, number>();
  private next = 0;
  private stub: unknown = null;

  constructor(arena: Arena) {
    this.arena = arena;
    this.table = new WebAssembly.Table({ element: 'anyfunc', initial: FIRST_SIZE });
  }
  /** The function that stands in every slot without a region. */
  setStub(stub: unknown): void {
    this.stub = stub;
    for (let i = 0; i < this.table.length; i++) this.table.set(i, stub);
  }

  slotOf(pc: number): number {
    let slot = this.slots.get(pc);
    if (slot === undefined) {
      slot = this.next++;
      if (slot >= this.table.length) {
        const from = this.table.length;
        this.table.grow(this.table.length);
        for (let i = from; i < this.table.length; i++) this.table.set(i, this.stub);
      }
      this.slots.set(pc, slot);
    }
    return slot;
  }

  /** Translates the code at `pc`, whose decoded record is `record`. `hostOf` tells where code lies in the arena. */
  compile(pc: number, record: number, source: CodeSource, env: Surroundings, imports: WebAssembly.ModuleImports, hostOf: (pc: number) => number): void {
    // inside a region that exists already: most arrivals will come by its entry; translate again only if they do not
    const seen = (this.asked.get(pc) ?? 0) + 1;
    this.asked.set(pc, seen);
    if (seen < AGAIN && this.covered.has(pc)) {
      this.arena.u8[record + REC.FLAGS] = 0;
      return;
    }
    const region = this.next < MAX_SLOTS ? discover(source, pc) : null;
    if (!region) {
      this.counters.refused++;
      this.arena.u8[record + REC.FLAGS] = NEVER;
      return;
    }
    const bytes = emitRegion(region, env);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { ...imports, memory: this.arena.memory, regions: this.table } });
    const slot = this.slotOf(pc);
    this.table.set(slot, instance.exports['region']);
    this.arena.u16[(REGION_SLOTS + ((record - DECODED_BASE) >>> 3)) >> 1] = slot;
    this.arena.u8[record + REC.FLAGS] = REGION_HERE;
    this.live.set(pc, { entry: pc, record, slot, from: hostOf(region.low), to: hostOf(region.low) + (region.high - region.low) });
    this.counters.compiled++;
    this.counters.bytes += bytes.length;
    for (const b of region.blocks) {
      this.counters.instructions += b.items.length;
      this.covered.add(b.pc);
    }
  }

  private drop(c: Compiled): void {
    this.table.set(c.slot, this.stub);
    if (this.arena.u8[c.record + REC.FLAGS] === REGION_HERE) this.arena.u8[c.record + REC.FLAGS] = 0;
    this.live.delete(c.entry);
    this.covered.clear();
    this.counters.dropped++;
  }
  /** Drops the regions whose code overlaps the bytes. */
  invalidate(host: number, length: number): void {
    if (this.live.size === 0) return;
    for (const c of this.live.values()) if (c.from < host + length && host < c.to) this.drop(c);
  }
  dropAll(): void {
    for (const c of [...this.live.values()]) this.drop(c);
  }
  get helpers(): Surroundings['helpers'] {
    return HELPERS;
  }
}
