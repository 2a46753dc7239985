/** The translated tier of one core: which places have regions, their table slots, and when they are dropped. */
import { DECODED_BASE, REGION_SLOTS, type Arena } from '../../arena.ts';
import { HELPERS } from '../helpers.ts';
import { NEVER, REC, REGION_HERE } from '../record-builders.ts';
import { emitRegion } from './emit.ts';
import { discover, type CodeSource } from './region.ts';
import type { Surroundings } from './surroundings.ts';

/** Counters for `--stats` and benchmarks. */
export interface TierCounters {
  compiled: number;
  revived: number;
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
  /** Everything that the code was made from: what it assumes (`key`), its bytes and what follows them, literals that were folded. */
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly literals: readonly Literal[];
  /** Starts of its blocks, and addresses of its instructions. */
  readonly blocks: readonly number[];
  readonly instructions: ReadonlySet<number>;
  /** Arena offset of its entry: what lies at an address can be another memory later. */
  readonly host: number;
  readonly run: unknown;
}
interface Literal {
  readonly address: number;
  readonly size: number;
  readonly value: number;
}

const FIRST_SIZE = 256;
const MAX_SLOTS = 16_000;
/** A place inside a region gets one of its own when it has become hot so often. */
const AGAIN = 6;
/** Bytes around a region that the cycles of its instructions may hang on: more than the reach of any timing model. */
const AROUND = 512;
/** Arrivals that a dropped place starts with: it is asked for again soon, and comes back at once if nothing changed. */
const COMES_BACK = 248;

export class Tier {
  readonly counters: TierCounters = { compiled: 0, revived: 0, instructions: 0, bytes: 0, refused: 0, dropped: 0 };
  readonly table: WebAssembly.Table;
  private readonly arena: Arena;
  private readonly slots = new Map<number, number>();
  private readonly live = new Map<number, Compiled>();
  /** Block starts of live regions, and how often places have become hot. Only how soon the same code is translated hangs on them. */
  private readonly covered = new Set<number>();
  private readonly asked = new Map<number, number>();
  /**
   * Regions that were dropped, by key: they come back when the same code runs under the same assumptions again (a fork, a clock that is set as
   * before). An instance that imports a table is never freed by the engine, so making them anew would also lose memory.
   */
  private readonly kept = new Map<string, Compiled[]>();
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
  compile(
    pc: number,
    record: number,
    source: CodeSource,
    env: Surroundings,
    imports: WebAssembly.ModuleImports,
    hostOf: (pc: number) => number,
  ): void {
    // inside a region that exists already: most arrivals will come by its entry; translate again only if they do not
    const seen = (this.asked.get(pc) ?? 0) + 1;
    this.asked.set(pc, seen);
    if (seen < AGAIN && this.covered.has(pc)) {
      this.arena.u8[record + REC.FLAGS] = 0;
      return;
    }
    const key = `${pc}:${env.ram.size}:${env.fetch}:${env.waitStates}:${env.cachedCode}:${env.cachedData}:${env.flashKinds}:${env.cache.sets}:${env.cache.ways}`;
    const same = this.kept.get(key)?.find((c) => c.host === hostOf(pc) && this.stillRight(c, source, env));
    if (same) {
      this.enter(same);
      this.counters.revived++;
      return;
    }
    const literals: Literal[] = [];
    const noting: Surroundings = {
      ...env,
      literal: (address, size) => {
        const value = env.literal(address, size);
        if (value !== null) literals.push({ address, size, value });
        return value;
      },
    };
    const region = this.next < MAX_SLOTS ? discover(source, pc, this.covered.has(pc)) : null;
    if (!region) {
      this.counters.refused++;
      this.arena.u8[record + REC.FLAGS] = NEVER;
      return;
    }
    const bytes = emitRegion(region, noting);
    const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
      env: { ...imports, memory: this.arena.memory, regions: this.table },
    });
    const from = hostOf(region.low);
    const to = from + (region.high - region.low);
    const compiled: Compiled = {
      entry: pc,
      record,
      slot: this.slotOf(pc),
      from,
      to,
      key,
      literals,
      host: hostOf(pc),
      run: instance.exports['region'],
      bytes: this.arena.u8.slice(from - AROUND, to + AROUND),
      blocks: region.blocks.map((b) => b.pc),
      instructions: new Set(region.blocks.flatMap((b) => b.items.map((item) => item.pc))),
    };
    this.enter(compiled);
    const list = this.kept.get(key);
    if (list) list.push(compiled);
    else this.kept.set(key, [compiled]);
    this.counters.compiled++;
    this.counters.bytes += bytes.length;
    this.counters.instructions += compiled.instructions.size;
  }
  private enter(c: Compiled): void {
    this.table.set(c.slot, c.run);
    this.arena.u16[(REGION_SLOTS + ((c.record - DECODED_BASE) >>> 3)) >> 1] = c.slot;
    this.arena.u8[c.record + REC.FLAGS] = REGION_HERE;
    this.live.set(c.entry, c);
    for (const pc of c.blocks) this.covered.add(pc);
  }
  /** The code, what follows it and its literals are what they were, and nothing wants to stop in it. */
  private stillRight(c: Compiled, source: CodeSource, env: Surroundings): boolean {
    for (let i = 0; i < c.bytes.length; i++) if (this.arena.u8[c.from - AROUND + i] !== c.bytes[i]) return false;
    if (!c.literals.every((l) => env.literal(l.address, l.size) === l.value)) return false;
    return !source.stops().some((pc) => c.instructions.has(pc));
  }

  private drop(c: Compiled): void {
    this.table.set(c.slot, this.stub);
    if (this.arena.u8[c.record + REC.FLAGS] === REGION_HERE) this.arena.u8[c.record + REC.FLAGS] = COMES_BACK;
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
  /** Decoded records lie elsewhere from now on: code that names them is no good any more. */
  forget(): void {
    this.dropAll();
    this.kept.clear();
  }
  get helpers(): Surroundings['helpers'] {
    return HELPERS;
  }
}
