/** Caches between a core and its memories, and what a line of flash costs: the flash controller's, the instruction cache in front of it, L1. */
import type { CoreRow } from '../chip.ts';
import type { Region, System } from '../system.ts';
import type { BranchTargetsCopy } from './branch-targets.ts';
import { CoreMemory } from './core-memory.ts';
import type { CoreListener, FlashTiming } from './core-types.ts';
import type { Instruction } from './decode.ts';
import { KIND, type RowUse, type Side } from './flash-cache.ts';
import { Prefetch } from './flash-prefetch.ts';
import { cachePolicy, POLICY } from './mpu.ts';
import { cachesOf } from './scs.ts';
import { S } from './state.ts';
import { classOf, type CodeView } from './timing.ts';

/** Holds no address. */
const NOWHERE: Region = { base: 0, end: 0, memory: null, block: null };

export abstract class CoreCaches extends CoreMemory {
  protected readonly prefetch: Prefetch | null;

  constructor(system: System, row: CoreRow, index: number, listener: CoreListener) {
    super(system, row, index, listener);
    this.prefetch =
      this.flashCache &&
      new Prefetch(this.flashCache.geometry.lineBytes, {
        halfword: (a) => {
          const region = this.regionAt(a);
          return region?.memory ? this.codeHalfword(region, a) : null;
        },
        cycles: (a) => {
          const ins = this.lookAt(a);
          return ins === null
            ? 1
            : ins.def.leaves || classOf(ins) === 'branch-cond'
              ? null
              : this.timing.cycles(ins, a, this.codeView(a)).cost;
        },
      });
  }
  /** Instruction at an address, null where there is none; and what lies around one. */
  protected abstract lookAt(pc: number): Instruction | null;
  protected abstract codeView(pc: number): CodeView;

  // ---- caches of the flash controller ------------------------------------------------------------------------------------------------
  protected override staleFlash(side: Side, host: number, bytes: number): void {
    if (side === KIND.CODE) return this.dropCode(host, bytes);
    this.flushReads();
    this.updateFast();
  }
  /** What stale lines hold is known to the slow paths alone. */
  protected override staleLines(any: boolean): void {
    this.set(S.CACHE_STALE, any ? 1 : 0);
    this.flushReads();
    this.updateFast();
  }
  protected servedByFlashCache(pc: number): boolean {
    return this.flashTiming.page === undefined || pc >>> 20 === this.flashTiming.page;
  }
  protected hostAt(address: number): number {
    let region = this.lastRegion;
    const { regions } = this.system;
    if (regions !== this.lastRegions || address < region.base || address >= region.end) {
      region = this.lastRegion = this.regionAt(address)!;
      this.lastRegions = regions;
    }
    return region.memory!.host + (address - region.base);
  }
  /** Where `hostAt` has looked last: misses come in runs from one memory. */
  private lastRegion: Region = NOWHERE;
  private lastRegions: readonly Region[] | null = null;
  /** A line of instructions that no row holds; `before` is the line that was paid for last. */
  protected flashFill(pc: number, before: number): number {
    if (this.heldByFlashCache(KIND.CODE) && this.servedByFlashCache(pc)) this.flashCache!.fill(KIND.CODE, pc, this.hostAt(pc));
    const line = (pc & this.get(S.FLASH_MASK)) >>> 0;
    const next = line + (this.get(S.FLASH_MASK) | 0) === (before & ~1) >>> 0;
    return next ? this.followingLine(pc) : this.enteringLine(pc);
  }
  protected dataFill(address: number): number {
    if (this.heldByFlashCache(KIND.DATA)) this.flashCache!.fill(KIND.DATA, address, this.hostAt(address));
    return this.get(S.WAIT_STATES);
  }
  /**
   * The same for translated code, which knows what it costs. 0 where rows disagree with memory: one that goes may change what regions rest on, so none runs while it
   * does.
   */
  protected fillRow(side: Side, address: number): 0 | 1 {
    if (this.flashCache!.staleRows(KIND.CODE) > 0 || this.flashCache!.staleRows(KIND.DATA) > 0) return 0;
    this.flashCache!.fill(side, address, this.hostAt(address));
    return 1;
  }
  /** The controller that reads ahead, if it does now. */
  private ahead(): Prefetch | null {
    return this.get(S.FETCH_MODE) === 3 && (this.get(S.FLASH_KINDS) & KIND.PREFETCH) !== 0 ? this.prefetch : null;
  }
  /** Cycles that the line of a place costs behind the line before it. */
  protected followingLine(pc: number): number {
    const waitStates = this.get(S.WAIT_STATES);
    return this.ahead()?.following(pc, waitStates) ?? waitStates;
  }
  /** Cycles that the line of a place costs that was branched to. */
  protected enteringLine(pc: number): number {
    const waitStates = this.get(S.WAIT_STATES);
    return this.ahead()?.entering(pc, waitStates) ?? waitStates;
  }
  /** Software or a reset empties them. */
  flushFlashCache(code: boolean, data: boolean): void {
    if (code) this.flashCache?.flush(KIND.CODE);
    if (data) this.flashCache?.flush(KIND.DATA);
    // what has been paid for is gone: both tiers read it again
    this.set(S.CHARGED, 0);
    this.set(S.LINE, 1);
  }

  // ---- flash timing ------------------------------------------------------------------------------------------------------------
  protected flashTiming: FlashTiming = { waitStates: 0, cache: false, sets: 256, ways: 2, kinds: 0 };
  /** Wait states per flash line and caches, as the chip's flash and cache controllers say. */
  setFlashTiming(t: FlashTiming): void {
    this.flashTiming = { ...t };
    this.applyFlashTiming();
  }
  protected applyFlashTiming(): void {
    const t = this.flashTiming;
    const kinds = this.flashCache ? t.kinds : 0;
    // without wait states the flash controller's caches save nothing: they are passed by
    const mode = t.cache ? 2 : t.waitStates === 0 ? 0 : kinds !== 0 ? 3 : 1;
    if (this.get(S.FETCH_MODE) !== mode) this.flushReads();
    this.set(S.FETCH_MODE, mode);
    this.set(S.WAIT_STATES, t.waitStates);
    this.set(S.FLASH_KINDS, kinds);
    this.set(S.FLASH_MASK, -(this.flashCache?.geometry.lineBytes ?? 16));
    this.set(S.ROW_SHIFT, this.flashCache?.rowShift ?? 0);
    this.set(S.CACHE_SET_MASK, t.sets - 1);
    this.set(S.CACHE_WAYS, t.ways);
    this.set(S.LINE, 1);
    this.set(S.CHARGED, 0);
    this.updateFast();
  }
  // ---- L1 caches ---------------------------------------------------------------------------------------------------------------
  /** Fetches from here look into the instruction cache. */
  protected cachedCode(pc: number, region: Region): boolean {
    return this.l1?.codeOn === true && this.cacheable(region) && cachePolicy(this.core, pc, 'fetch') !== POLICY.NONE;
  }
  protected lineFill(pc: number): number {
    const region = this.regionAt(pc)!;
    this.l1!.fillCode(pc, region.memory!.host + (pc - region.base));
    return this.lineFillCycles(region.memory!);
  }
  cacheMaintenance(operation: string, value: number): void {
    if (operation === 'BPIALL') this.branchTargets?.clear();
    this.l1?.maintain(operation, value);
    this.set(S.LINE, 1);
  }
  cachesSwitched(): void {
    if (!this.l1) return;
    const on = cachesOf(this.core);
    this.l1.enable(on.data, on.code);
    this.set(S.CHARGED, 0);
    this.flushTables();
  }
  /** Fills and other changes of caches so far: while it stands still, a loop that hits goes on hitting. */
  cacheChanges(): number {
    return this.get(S.CACHE_MISSES) + (this.l1?.changes ?? 0) + (this.flashCache?.changes ?? 0);
  }
  /** Of these, data that the flash controller's cache did not hold. */
  dataMisses(): number {
    return this.flashCache?.dataMisses ?? 0;
  }
  /** See `FlashCache.dataRows`. */
  dataRows(): Int32Array | null {
    return this.flashCache?.dataRows() ?? null;
  }
  /** What it remembers of branches is what it was, as far as it remembers any. */
  expectsAs(copy: BranchTargetsCopy | null): boolean {
    return copy === null || (this.branchTargets?.same(copy) ?? true);
  }
  /** A cache is on whose lines are replaced in the order of their use: which instructions ran last matters beyond their results. */
  keepsOrder(): boolean {
    return (
      this.get(S.FETCH_MODE) === 2 ||
      (this.get(S.FETCH_MODE) === 3 && (this.get(S.FLASH_KINDS) & (KIND.CODE | KIND.DATA)) !== 0) ||
      this.l1?.codeOn === true ||
      this.l1?.dataOn === true
    );
  }
  /**
   * Lines of the flash controller's caches that have been used since their uses had got to a number (S.TOUCHES), where no other cache keeps an order; null where one
   * does or none is on.
   */
  rowsUsed(touches: number): RowUse | null {
    return this.flashCacheAlone() ? this.flashCache!.usedSince(touches) : null;
  }
  narrowRows(use: RowUse, code: Iterable<number>, data: Iterable<number>): RowUse {
    return this.flashCache!.narrowed(use, code, data);
  }
  holdsRows(use: RowUse): boolean {
    return this.flashCacheAlone() && this.flashCache!.holds(use);
  }
  /** As if a round had used them; `entered` is a place whose line has been paid for since. */
  useRows(stamps: Int32Array, entered: number | null = null): void {
    this.flashCache!.useAgain(stamps, entered);
  }
  private flashCacheAlone(): boolean {
    return this.flashCache !== null && this.get(S.FETCH_MODE) === 3 && this.l1?.codeOn !== true && this.l1?.dataOn !== true;
  }
  /** Two bytes of an instruction, as fetched: a line of the instruction cache may be older than memory. */
  protected codeHalfword(region: Region, address: number): number {
    if (region.memory!.row.waitStates && this.heldByFlashCache(KIND.CODE)) {
      const held = this.flashCache!.staleValue(KIND.CODE, address, 2);
      if (held >= 0) return held;
    }
    const older = this.stale.count > 0 ? this.stale.value(address, 2) : -1;
    if (older >= 0) return older;
    const stale = this.l1 === null ? -1 : this.l1.staleCopyOf(address);
    return this.system.loadHost(stale >= 0 && this.cachedCode(address, region) ? stale : region.memory!.host + (address - region.base), 2);
  }

  invalidateCache(): void {
    this.arena.u8.fill(0, this.base + S.CACHE_TAGS, this.base + S.NVIC_ENABLED);
    this.stale.clear();
    this.set(S.LINE, 1);
    this.set(S.CHARGED, 0);
  }
}
