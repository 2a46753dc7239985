/** Caches between a core and its memories, and what a line of flash costs: the flash controller's, the instruction cache in front of it, L1. */
import type { Memory, Region, System } from '../../system.ts';
import { L1_FILLS, type Arena } from '../../arena.ts';
import { mulDivCeil, type ClockState } from '../../time.ts';
import type { BranchTargets, BranchTargetsCopy } from './branch-targets.ts';
import type { FlashTiming } from '../core-types.ts';
import type { Cpu } from '../cpu.ts';
import type { Instruction } from '../decode.ts';
import { KIND, type FlashCache, type FlashPlace, type RowUse, type Side } from './flash-cache.ts';
import { Prefetch } from './flash-prefetch.ts';
import { L1_LINE_BYTES, type L1Cache } from './l1-cache.ts';
import { cachePolicy, POLICY } from '../arm/mpu.ts';
import { cachesOf } from '../arm/scs.ts';
import type { StaleLines } from './stale-lines.ts';
import { S } from '../state.ts';
import { classOf, type CodeView, type TimingModel } from '../timing.ts';

/** Holds no address. */
const NOWHERE: FlashPlace = { base: 0, bytes: 0, host: 0 };

/** The core, with its caches. */
export interface CachedCore extends Cpu {
  readonly system: System;
  readonly arena: Arena;
  /** Of the chip's cores. */
  readonly index: number;
  readonly l1: L1Cache | null;
  readonly branchTargets: BranchTargets | null;
  readonly flashCache: FlashCache | null;
  readonly stale: StaleLines;
  /** Drops the fast entries of everything. */
  flushTables(): void;
}
/** What the caches ask of the core around them. */
export interface CacheHost {
  /** Instruction at an address, null where there is none; and what lies around one. */
  readonly instructionForTiming: (pc: number) => Instruction | null;
  readonly codeView: (pc: number) => CodeView;
  /** Drops the fast entries of reads. */
  readonly flushReads: () => void;
  /** Whether translated code may run, and what memory it may read, has changed. */
  readonly updateFast: () => void;
  /** Drops what was decoded and translated from these bytes. */
  readonly dropCode: (host: number, bytes: number) => void;
}

/** Bus cycles of a line fill where the chip's row names none. */
const DEFAULT_FILL = 6;

/** A part of the core. The contents lie in `core.flashCache`, `core.l1` and `core.stale`; this says what they mean for time and for what code and data read. */
export class CoreCaches {
  readonly prefetch: Prefetch | null;
  private readonly core: CachedCore;
  private readonly host: CacheHost;
  private readonly ownClock: ClockState;
  /** Of the bus that lines come by, where the chip's row says. */
  private readonly fillClock: ClockState | undefined;

  constructor(core: CachedCore, timing: TimingModel, host: CacheHost) {
    this.core = core;
    this.host = host;
    this.ownClock = core.system.clock(core.row.clock);
    this.fillClock = core.row.lineFill && core.system.clock(core.row.lineFill.clock);
    this.prefetch =
      core.flashCache &&
      new Prefetch(core.flashCache.geometry.lineBytes, {
        halfword: (a) => {
          const region = this.regionAt(a);
          return region?.memory ? this.codeHalfword(region, a) : null;
        },
        cycles: (a) => {
          const ins = host.instructionForTiming(a);
          return ins === null ? 1 : ins.def.leaves || classOf(ins) === 'branch-cond' ? null : timing.cycles(ins, a, host.codeView(a)).cost;
        },
      });
  }
  private regionAt(address: number): Region | null {
    return this.core.system.regionAt(address, this.core.index);
  }
  private get(offset: number): number {
    return this.core.get(offset);
  }
  private set(offset: number, value: number): void {
    this.core.set(offset, value);
  }

  // ---- caches of the flash controller ------------------------------------------------------------------------------------------------
  staleFlash(side: Side, host: number, bytes: number): void {
    if (side === KIND.CODE) return this.host.dropCode(host, bytes);
    this.host.flushReads();
    this.host.updateFast();
  }
  /** What stale lines hold is known to the slow paths alone. */
  staleLines(any: boolean): void {
    this.set(S.CACHE_STALE, any ? 1 : 0);
    this.host.flushReads();
    this.host.updateFast();
  }
  servedByFlashCache(pc: number): boolean {
    return this.flashTiming.page === undefined || pc >>> 20 === this.flashTiming.page;
  }
  /** Where the byte of an address lies in the arena. */
  hostAt(address: number): number {
    const { base, host } = this.placeOf(address);
    return host + (address - base);
  }
  /** The memory that an address lies in. Misses come in runs from one. */
  private placeOf(address: number): FlashPlace {
    const { regions } = this.core.system;
    const { base, bytes } = this.lastPlace;
    if (regions === this.lastRegions && address >= base && address < base + bytes) return this.lastPlace;
    const region = this.regionAt(address)!;
    this.lastRegions = regions;
    return (this.lastPlace = { base: region.base, bytes: region.end - region.base, host: region.memory!.host });
  }
  private lastPlace = NOWHERE;
  private lastRegions: readonly Region[] | null = null;
  /** A line of instructions that no row holds; `before` is the line that was paid for last. */
  flashFill(pc: number, before: number): number {
    if (this.heldByFlashCache(KIND.CODE) && this.servedByFlashCache(pc)) this.core.flashCache!.fill(KIND.CODE, pc, this.placeOf(pc));
    const line = (pc & this.get(S.FLASH_MASK)) >>> 0;
    const next = line + (this.get(S.FLASH_MASK) | 0) === (before & ~1) >>> 0;
    return next ? this.followingLine(pc) : this.enteringLine(pc);
  }
  dataFill(address: number): number {
    if (this.heldByFlashCache(KIND.DATA)) this.core.flashCache!.fill(KIND.DATA, address, this.placeOf(address));
    return this.get(S.WAIT_STATES);
  }
  /**
   * The same for translated code, which knows what it costs, where the interpreter's module asks (fill-row.ts). 0 where rows disagree with memory: one that goes may
   * change what regions rest on, so none runs while it does.
   */
  fillRow(side: Side, address: number): 0 | 1 {
    if (this.core.flashCache!.staleRows(KIND.CODE) > 0 || this.core.flashCache!.staleRows(KIND.DATA) > 0) return 0;
    this.core.flashCache!.fill(side, address, this.placeOf(address));
    return 1;
  }
  /** The controller that reads ahead, if it does now. */
  private ahead(): Prefetch | null {
    return this.get(S.FETCH_MODE) === 3 && (this.get(S.FLASH_KINDS) & KIND.PREFETCH) !== 0 ? this.prefetch : null;
  }
  /** Cycles that the line of a place costs behind the line before it. */
  followingLine(pc: number): number {
    const waitStates = this.get(S.WAIT_STATES);
    return this.ahead()?.following(pc, waitStates) ?? waitStates;
  }
  /** Cycles that the line of a place costs that was branched to. */
  enteringLine(pc: number): number {
    const waitStates = this.get(S.WAIT_STATES);
    return this.ahead()?.entering(pc, waitStates) ?? waitStates;
  }
  /** Software or a reset empties them. */
  flushFlashCache(code: boolean, data: boolean): void {
    if (code) this.core.flashCache?.flush(KIND.CODE);
    if (data) this.core.flashCache?.flush(KIND.DATA);
    // what has been paid for is gone: both tiers read it again
    this.set(S.CHARGED, 0);
    this.set(S.LINE, 1);
  }

  /** A cache of the flash controller is on and in use. */
  heldByFlashCache(side: Side): boolean {
    return this.core.flashCache !== null && this.get(S.FETCH_MODE) === 3 && (this.get(S.FLASH_KINDS) & side) !== 0;
  }

  // ---- flash timing ------------------------------------------------------------------------------------------------------------
  /** Never changed in place: a checkpoint copies it. */
  flashTiming: FlashTiming = { waitStates: 0, cache: false, sets: 256, ways: 2, kinds: 0 };
  /** Wait states per flash line and caches, as the chip's flash and cache controllers say. */
  setFlashTiming(t: FlashTiming): void {
    this.flashTiming = { ...t };
    this.applyFlashTiming();
  }
  applyFlashTiming(): void {
    const t = this.flashTiming;
    const kinds = this.core.flashCache ? t.kinds : 0;
    // without wait states the flash controller's caches save nothing: they are passed by
    const mode = t.cache ? 2 : t.waitStates === 0 ? 0 : kinds !== 0 ? 3 : 1;
    if (this.get(S.FETCH_MODE) !== mode) this.host.flushReads();
    this.set(S.FETCH_MODE, mode);
    this.set(S.WAIT_STATES, t.waitStates);
    this.set(S.FLASH_KINDS, kinds);
    this.set(S.FLASH_MASK, -(this.core.flashCache?.geometry.lineBytes ?? 16));
    this.set(S.ROW_SHIFT, this.core.flashCache?.rowShift ?? 0);
    this.set(S.CACHE_SET_MASK, t.sets - 1);
    this.set(S.CACHE_WAYS, t.ways);
    this.set(S.LINE, 1);
    this.set(S.CHARGED, 0);
    this.host.updateFast();
  }
  // ---- L1 caches ---------------------------------------------------------------------------------------------------------------
  /** Fetches from here look into the instruction cache. */
  cachedCode(pc: number, region: Region): boolean {
    return this.core.l1?.codeOn === true && this.cacheable(region) && cachePolicy(this.core, pc, 'fetch') !== POLICY.NONE;
  }
  /** What S.CHARGED holds when the line of an instruction was the last that a fetch was paid for. */
  chargeOf(pc: number): number {
    const region = this.regionAt(pc);
    const mask = region?.memory && this.cachedCode(pc, region) ? -L1_LINE_BYTES : this.get(S.FLASH_MASK);
    return ((pc & mask) | 1) >>> 0;
  }
  cacheable(region: Region): boolean {
    const memory = region.memory!;
    return memory.row.core === undefined && !memory.guarded && ((memory.host - region.base) & 0xfff) === 0;
  }
  /** Cycles that the core waits for a line: see `lineFill` of the chip's row. */
  lineFillCycles(memory: Memory): number {
    const fill = this.core.row.lineFill;
    const cycles = (fill?.cycles.value ?? DEFAULT_FILL) + (memory.row.waitStates ? this.get(S.WAIT_STATES) : 0);
    const bus = this.fillClock;
    const own = this.ownClock;
    return bus?.rate && own.rate ? mulDivCeil(cycles, bus.periodNum * own.periodDen, bus.periodDen * own.periodNum) : cycles;
  }
  /** The same for the line of an address; the interpreter's module knows it from now on. */
  learnFill(address: number, region: Region): number {
    const cycles = this.lineFillCycles(region.memory!);
    const { u32 } = this.core.arena;
    const at = (address >>> 29) * L1_FILLS.EACH;
    u32[(L1_FILLS.FROM + at) >> 2] = region.base;
    u32[(L1_FILLS.BYTES + at) >> 2] = region.end - region.base;
    u32[(L1_FILLS.DELTA + at) >> 2] = region.memory!.host - region.base;
    u32[(L1_FILLS.CYCLES + at) >> 2] = cycles;
    return cycles;
  }
  /** Clocks, wait states or mappings are others. */
  forgetFills(): void {
    if (this.core.l1) this.core.arena.u32.fill(0, L1_FILLS.FROM >> 2, L1_FILLS.CHANGES >> 2);
  }
  lineFill(pc: number): number {
    const region = this.regionAt(pc)!;
    this.core.l1!.fillCode(pc, region.memory!.host + (pc - region.base));
    return this.learnFill(pc, region);
  }
  cacheMaintenance(operation: string, value: number): void {
    if (operation === 'BPIALL') this.core.branchTargets?.clear();
    this.core.l1?.maintain(operation, value);
    this.set(S.LINE, 1);
  }
  cachesSwitched(): void {
    if (!this.core.l1) return;
    const on = cachesOf(this.core);
    this.core.l1.enable(on.data, on.code);
    this.set(S.CHARGED, 0);
    this.core.flushTables();
  }
  /** Fills and other changes of caches so far: while it stands still, a loop that hits goes on hitting. */
  cacheChanges(): number {
    return this.get(S.CACHE_MISSES) + (this.core.l1?.changes ?? 0) + (this.core.flashCache?.changes ?? 0);
  }
  /** Of these, data that the flash controller's cache did not hold. */
  dataMisses(): number {
    return this.core.flashCache?.dataMisses ?? 0;
  }
  /** See `FlashCache.dataRows`. */
  dataRows(): Int32Array | null {
    return this.core.flashCache?.dataRows() ?? null;
  }
  /** What it remembers of branches is what it was, as far as it remembers any. */
  expectsAs(copy: BranchTargetsCopy | null): boolean {
    return copy === null || (this.core.branchTargets?.same(copy) ?? true);
  }
  /** A cache is on whose lines are replaced in the order of their use: which instructions ran last matters beyond their results. */
  keepsOrder(): boolean {
    return (
      this.get(S.FETCH_MODE) === 2 ||
      (this.get(S.FETCH_MODE) === 3 && (this.get(S.FLASH_KINDS) & (KIND.CODE | KIND.DATA)) !== 0) ||
      this.core.l1?.codeOn === true ||
      this.core.l1?.dataOn === true
    );
  }
  /**
   * Lines of the flash controller's caches that have been used since their uses had got to a number (S.TOUCHES), where no other cache keeps an order; null where one
   * does or none is on.
   */
  rowsUsed(touches: number): RowUse | null {
    return this.flashCacheAlone() ? this.core.flashCache!.usedSince(touches) : null;
  }
  holdsRows(use: RowUse): boolean {
    return this.flashCacheAlone() && this.core.flashCache!.holds(use);
  }
  /** As if a round had used them; `entered` is a place whose line has been paid for since. */
  useRows(stamps: Int32Array, entered: number | null = null): void {
    this.core.flashCache!.useAgain(stamps, entered);
  }
  private flashCacheAlone(): boolean {
    return this.core.flashCache !== null && this.get(S.FETCH_MODE) === 3 && this.core.l1?.codeOn !== true && this.core.l1?.dataOn !== true;
  }
  /** Two bytes of an instruction, as fetched: a line of the instruction cache may be older than memory. */
  codeHalfword(region: Region, address: number): number {
    if (region.memory!.row.waitStates && this.heldByFlashCache(KIND.CODE)) {
      const held = this.core.flashCache!.staleValue(KIND.CODE, address, 2);
      if (held >= 0) return held;
    }
    const older = this.core.stale.count > 0 ? this.core.stale.value(address, 2) : -1;
    if (older >= 0) return older;
    const stale = this.core.l1 === null ? -1 : this.core.l1.staleCopyOf(address);
    return this.core.system.loadHost(
      stale >= 0 && this.cachedCode(address, region) ? stale : region.memory!.host + (address - region.base),
      2,
    );
  }

  invalidateCache(): void {
    this.core.words.fill(0, S.CACHE_TAGS >> 2, S.NVIC_ENABLED >> 2);
    this.core.stale.clear();
    this.set(S.LINE, 1);
    this.set(S.CHARGED, 0);
  }
}
