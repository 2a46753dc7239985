/** A core's view of memory: the page tables of the fast path, and the slow path for every access that they do not cover. */
import { PAGE_BITS, PAGE_SIZE, readTableOf, WORD_MAP, writeTableOf } from '../arena.ts';
import type { CoreRow } from '../chip.ts';
import { BUS_ERROR } from '../component.ts';
import type { Region, System } from '../system.ts';
import { countAt } from '../time.ts';
import { BranchTargets } from './caches/branch-targets.ts';
import { hasBranchTargets } from './builder.ts';
import type { CoreCaches } from './caches/core-caches.ts';
import { CoreState } from './core-state.ts';
import type { AccessInterceptor, AccessTrace, CoreListener } from './core-types.ts';
import type { FaultKind } from './cpu.ts';
import { FlashCache, hasFlashCache, KIND, type Side } from './caches/flash-cache.ts';
import { L1_LINE_BYTES, L1Cache, LINE_WRITE, overNewerText } from './caches/l1-cache.ts';
import { ENTRY_CACHED, ENTRY_DELTA, ENTRY_FAST, ENTRY_FLASH, ENTRY_PART } from './interpreter/record-builders.ts';
import { impreciseBusFault } from './arm/exceptions.ts';
import { MpuAnswers } from './arm/mpu-answers.ts';
import { cachePolicy, isDeviceMemory, mpuAllows, mpuCacheable, mpuEnabled, mpuUniform, POLICY } from './arm/mpu.ts';
import { SCS } from './arm/scs-state.ts';
import { peekScs, readScs, writeScs } from './arm/scs.ts';
import { rightsOf } from './arm/special.ts';
import { DeviceReads, type ReadingCore } from './device-reads.ts';
import { LINE_BYTES, StaleLines } from './caches/stale-lines.ts';
import { S } from './state.ts';
import { timingOf, type TimingModel } from './timing.ts';

/** Bit-banding (Cortex-M4 TRM 3.7, documented): bit n of byte b stands at word 8b + n; the access there is as wide as the one to the alias. */
/** Behind it stores wait for their answer (Armv7-M ARM B3.1). */
const SYSTEM_SPACE = 0xe0000000;
/** ACTLR of Cortex-M3 and M4. */
const DISDEFWBUF = 1 << 1;
/** Flag of a write: an instruction's, not the core's own (stacking), whose faults have bits of their own. */
export const STORED = 4;
const bandByte = (alias: number): number => ((alias & 0xf0000000) + ((alias & 0x01ffffff) >>> 5)) >>> 0;
const bandWord = (alias: number, size: number): number => (bandByte(alias) & -size) >>> 0;
const bandBit = (alias: number, size: number): number => 8 * (bandByte(alias) & (size - 1)) + ((alias >>> 2) & 7);
/** Words from an address to the end of its data cache line. */
const wordsOfLine = (address: number): number => L1_LINE_BYTES / 4 - ((address >>> 2) & (L1_LINE_BYTES / 4 - 1));

export abstract class CoreMemory<C extends ReadingCore> extends CoreState<C> {
  protected readonly readTable: number;
  protected readonly writeTable: number;
  /** Guest pages with an entry, for flushing. */
  protected readonly readPages: number[] = [];
  protected readonly writePages: number[] = [];
  /** Host pages that hold decoded code, with the guest pages they were decoded at. */
  protected readonly codeHostPages = new Map<number, Set<number>>();
  /** While set, every data access takes the slow path and is listed. */
  protected tracer: AccessTrace | null = null;
  /** Cycles of a data read from flash now. */
  protected flashData!: (address: number, region: 0 | 1) => number;

  protected readonly timing: TimingModel;
  /** L1 caches, null on cores without. */
  readonly l1: L1Cache | null;
  /** Branch target cache, null on cores without. */
  readonly branchTargets: BranchTargets | null;
  /** Caches of the flash controller, null where there are none. */
  readonly flashCache: FlashCache | null;
  /** Reads of devices by translated code. */
  protected readonly deviceReader: DeviceReads;
  /** Lines of the cache between core and flash (`icache.enabled`) that are older than memory. */
  readonly stale: StaleLines;

  constructor(system: System, row: CoreRow, index: number, listener: CoreListener<C>) {
    super(system, row, index, listener);
    this.readTable = readTableOf(index) >> 2;
    this.writeTable = writeTableOf(index) >> 2;
    this.timing = timingOf(this.profile);
    this.l1 = this.profile.l1
      ? new L1Cache(this.arena, {
          regionAt: (address) => this.regionAt(address),
          memoryChanges: (host, bytes) => this.onMemoryWrite(host, bytes),
          codeChanges: (host, bytes) => this.dropCode(host, bytes),
          busError: () => impreciseBusFault(this.core),
          overNewer: (address) => {
            const text = overNewerText(this.get(S.SP) >>> 0, address);
            this.listener.note('guest', text, null, { is: 'over-newer', address });
          },
        })
      : null;
    if (this.l1 && system.chip.cores.filter((c) => c.type === row.type).length > 1)
      throw new Error('L1 caches of two cores do not fit the arena');
    this.branchTargets = hasBranchTargets(this.profile) ? new BranchTargets(this.arena, () => this.get(SCS.ACTLR)) : null;
    const geometry = (row.flashCache ?? (index === 0 ? system.chip.flashCache : undefined))?.value;
    this.flashCache =
      geometry && hasFlashCache(this.profile)
        ? new FlashCache(this.arena, this.base, geometry, {
            staleChanged: (side, host, bytes) => this.caches.staleFlash(side, host, bytes),
          })
        : null;
    this.deviceReader = new DeviceReads(this.core, this.base);
    this.stale = new StaleLines(this.arena, this.base, {
      basesOf: (memory) => system.basesOf(memory, index),
      memoryAt: (host) => system.memories.find((m) => host >= m.host && host < m.host + m.row.size) ?? null,
      changed: (host) => this.dropCode(host, LINE_BYTES),
      some: (any) => this.caches.staleLines(any),
    });
  }
  /** Costs and contents of the caches. */
  abstract readonly caches: CoreCaches;
  /** Drops code decoded or translated from these bytes. */
  protected abstract dropCode(host: number, bytes: number): void;
  /** Updates whether translated code may run, and what memory it may read. */
  protected abstract updateFast(): void;
  abstract flushFetch(): void;
  /** The running instruction reads a device by the slow path. */
  protected abstract readsDevice(): void;

  // ---- page tables -------------------------------------------------------------------------------------------------------------
  protected flushReads(): void {
    for (const page of this.readPages.splice(0)) this.arena.i32[this.readTable + page] = 0;
  }
  readonly mpuAnswers = new MpuAnswers();
  /** Drops all page-table entries: rights, zones or mappings changed. Decoded code stays. */
  flushTables(): void {
    this.mpuAnswers.forget();
    this.deviceReader.forget();
    this.engine?.mappingChanged();
    this.flashCache?.forgetPlace();
    this.flushReads();
    for (const page of this.writePages.splice(0)) this.arena.i32[this.writeTable + page] = 0;
    this.flushFetch();
    this.tableRights = rightsOf(this.core);
  }
  /** Rights for which the tables were filled. */
  private tableRights = 0;
  /** Changes with every write to a page with decoded code, remap, and change of rights, interceptors or stops. */
  codeVersion = 0;
  /** The same for the bytes of code alone. */
  codeBytes = 0;
  protected bytesChanged(): void {
    this.codeVersion++;
    this.codeBytes++;
  }
  rightsChanged(): void {
    this.codeVersion++;
    this.flushTables();
  }
  /** Drops write entries when a checkpoint is taken, so that the next store to each page is seen. */
  flushWrites(): void {
    this.engine?.checkpointTaken();
    for (const page of this.writePages.splice(0)) this.arena.i32[this.writeTable + page] = 0;
  }
  /** Guest pages with an interceptor must not be fast. */
  interceptChanged(): void {
    this.codeVersion++;
    this.flushTables();
  }

  protected throwFault(kind: FaultKind, address: number): never {
    this.fault.kind = kind;
    this.fault.address = address >>> 0;
    throw this.fault;
  }
  protected regionAt(address: number): Region | null {
    return this.system.regionAt(address, this.index);
  }
  protected get intercept(): AccessInterceptor<C> | null {
    return this.listener.interceptOf ? this.listener.interceptOf(this.core) : this.listener.intercept;
  }

  protected privileged(): boolean {
    return this.get(S.IPSR) !== 0 || (this.get(S.CONTROL) & 1) === 0;
  }

  // ---- data ----------------------------------------------------------------------------------------------------------------------
  /** Accesses of the core itself (stacking, vector fetch). Aligned words of pages with an entry skip the slow path. */
  read(address: number, size: 1 | 2 | 4, privileged = this.privileged()): number {
    if (size === 4) return this.readWord(address, privileged, this.judgesAlike(privileged));
    return this.slowRead(address >>> 0, size, 0, privileged) >>> 0;
  }
  write(address: number, size: 1 | 2 | 4, value: number, privileged = this.privileged()): void {
    if (size === 4) this.writeWord(address, value, privileged, this.judgesAlike(privileged));
    else this.slowWrite(address >>> 0, size, value, 0, privileged);
  }

  readWords(address: number, into: Uint32Array, count: number, privileged: boolean): void {
    const alike = this.judgesAlike(privileged);
    const word = alike ? this.fastWords(this.readTable, address, count) : 0;
    if (word !== 0 && this.takeKnown(word, word, into, 0, count)) return;
    for (let i = 0, end = 0; i < count; i = end) {
      const at = address + 4 * i;
      end = Math.min(count, i + wordsOfLine(at));
      const line = alike ? this.lineWord(this.readTable, at) : 0;
      if (line !== 0 && this.takeKnown(line, this.memoryHost(this.readTable, at) >>> 2, into, i, end)) continue;
      for (let k = i; k < end; k++) into[k] = this.readWord(address + 4 * k, privileged, alike);
    }
  }
  writeWords(address: number, from: Uint32Array, count: number, privileged: boolean): void {
    const alike = this.judgesAlike(privileged);
    const word = alike ? this.fastWords(this.writeTable, address, count) : 0;
    if (word !== 0) return this.put(word, word, from, 0, count);
    for (let i = 0, end = 0; i < count; i = end) {
      const at = address + 4 * i;
      end = Math.min(count, i + wordsOfLine(at));
      const line = alike ? this.lineWord(this.writeTable, at) : 0;
      if (line !== 0) {
        const host = this.memoryHost(this.writeTable, at);
        this.put(line, host >>> 2, from, i, end);
        this.l1!.markDirty(host);
      } else for (let k = i; k < end; k++) this.writeWord(address + 4 * k, from[k]!, privileged, alike);
    }
  }
  /** Copies arena words from index `word` on to `into[i]` … `into[end - 1]`; their memory begins at word index `host`. False, with nothing read, where one was never written. */
  private takeKnown(word: number, host: number, into: Uint32Array, i: number, end: number): boolean {
    const { u8, u32 } = this.arena;
    for (let k = 0; k < end - i; k++) if (u8[WORD_MAP + host + k] === 0) return false;
    for (let k = 0; k < end - i; k++) into[i + k] = u32[word + k]!;
    return true;
  }
  /** The same for writing; marks the words as written. */
  private put(word: number, host: number, from: Uint32Array, i: number, end: number): void {
    const { u8, u32 } = this.arena;
    for (let k = 0; k < end - i; k++) {
      u32[word + k] = from[i + k]!;
      u8[WORD_MAP + host + k] = 1;
    }
  }
  /** The tables were filled for the rights that an access of the core itself has now. */
  private judgesAlike(privileged: boolean): boolean {
    if ((this.get(SCS.MPU_CTRL) & 1) === 0) return true;
    return privileged === this.privileged() && rightsOf(this.core) === this.tableRights;
  }
  /** Arena index of the first of so many words; 0 if they cross a page or one needs the slow path. */
  private fastWords(table: number, address: number, count: number): number {
    if ((address & (PAGE_SIZE - 1)) + 4 * count > PAGE_SIZE) return 0;
    const word = this.fastHost(table, address) >>> 2;
    // memory may end between the first and the last
    return word === 0 || count === 1 || this.fastHost(table, address + 4 * (count - 1)) !== 0 ? word : 0;
  }

  /** Arena offset of an aligned word by a page table, 0 if it needs the slow path. */
  private fastHost(table: number, address: number): number {
    const entry = this.arena.i32[table + (address >>> PAGE_BITS)]!;
    if ((entry & (ENTRY_FAST | ENTRY_PART)) === 0 || (address & 3) !== 0) return 0;
    const host = (address + (entry & ENTRY_DELTA)) >>> 0;
    return (entry & ENTRY_PART) !== 0 && this.arena.u8[WORD_MAP + (host >>> 2)] === 0 ? 0 : host;
  }
  /** Arena index of an aligned word, in memory or in its data cache line; 0 if it needs the slow path. */
  private wordAt(table: number, address: number): number {
    return this.lineWord(table, address) || this.fastHost(table, address) >>> 2;
  }
  /** The same in the data cache; 0 also where the page is not cached. */
  private lineWord(table: number, address: number): number {
    const entry = this.arena.i32[table + (address >>> PAGE_BITS)]!;
    if ((entry & (ENTRY_FAST | ENTRY_CACHED)) !== ENTRY_CACHED || (address & 3) !== 0) return 0;
    return Math.max(0, this.l1!.copyOf((address + (entry & ENTRY_DELTA)) >>> 0)) >>> 2;
  }
  /** Index of a word in its memory, for a page with an entry. */
  private memoryHost(table: number, address: number): number {
    return (address + (this.arena.i32[table + (address >>> PAGE_BITS)]! & ENTRY_DELTA)) >>> 0;
  }
  /** Reads an aligned word of a page whose reads only cost cycles: for vectors. */
  private isPricedFlash(address: number): boolean {
    const entry = this.arena.i32[this.readTable + (address >>> PAGE_BITS)]!;
    return (entry & (ENTRY_FAST | ENTRY_PART | ENTRY_CACHED | ENTRY_FLASH)) === ENTRY_FLASH && (address & 3) === 0;
  }
  /** `alike`: the tables may be used. */
  private readWord(address: number, privileged: boolean, alike: boolean): number {
    const word = alike ? this.wordAt(this.readTable, address) : 0;
    const known = word !== 0 && this.arena.u8[WORD_MAP + (this.memoryHost(this.readTable, address) >>> 2)] !== 0;
    if (known) return this.arena.u32[word]!;
    if (alike && word === 0 && this.isPricedFlash(address)) {
      this.spend(this.flashData(address, 0));
      return this.arena.u32[this.memoryHost(this.readTable, address) >>> 2]!;
    }
    return this.slowRead(address >>> 0, 4, 0, privileged) >>> 0;
  }
  private writeWord(address: number, value: number, privileged: boolean, alike: boolean): void {
    const word = alike ? this.wordAt(this.writeTable, address) : 0;
    if (word === 0) return this.slowWrite(address >>> 0, 4, value, 0, privileged);
    const host = this.memoryHost(this.writeTable, address);
    this.arena.u32[word] = value;
    this.arena.u8[WORD_MAP + (host >>> 2)] = 1;
    if (word !== host >>> 2) this.l1!.markDirty(host);
  }
  /** Private peripheral bus of the core; a chip may put blocks of its own there (DBGMCU). */
  protected isPrivateBus(address: number): boolean {
    return address >= 0xe0000000 && address < 0xe0100000 && (address < 0xe0042000 || this.regionAt(address) === null);
  }
  protected checkAlignment(address: number, size: number, flags: number): void {
    if ((flags & 1) !== 0 || this.profile.arch === 'v6m' || (this.get(S.CCR) & 8) !== 0) this.throwFault('unaligned', address);
    if (size > 1 && this.mustBeAligned(address)) this.throwFault('unaligned', address);
  }

  /** Cortex-M7 refuses unaligned accesses to all Device memory, external SDRAM of the default map too (PM0253 3.3.5); M33 those to peripherals. */
  private mustBeAligned(address: number): boolean {
    if (this.profile.l1) return isDeviceMemory(this.core, address);
    return this.profile.arch === 'v8m' && this.regionAt(address)?.block != null;
  }

  protected slowRead(address: number, size: 1 | 2 | 4, flags: number, privileged = (flags & 2) === 0 && this.privileged()): number {
    if ((address & (size - 1)) !== 0) {
      this.checkAlignment(address, size, flags);
      let value = 0;
      let i = 0;
      // split into naturally aligned accesses, as on the bus
      while (i < size) {
        const piece = ((address + i) & 1) !== 0 || size - i < 2 ? 1 : 2;
        value |= this.slowRead((address + i) >>> 0, piece, 0, privileged) << (8 * i);
        i += piece;
      }
      this.spend(this.timing.unaligned('load', address, size as 2 | 4));
      return value;
    }
    if (this.isPrivateBus(address)) {
      this.traceRead(address, size);
      this.readsDevice();
      this.system.now = this.now();
      return readScs(this.core, address, size, privileged);
    }
    const own = this.judge(address, 'read', privileged);
    if (this.isBitBand(address)) return (this.busRead(bandWord(address, size), size, own) >>> bandBit(address, size)) & 1;
    return this.busRead(address, size, own);
  }

  /**
   * Checks the access against the MPU. True if the running code has the same rights, so that the page may get a table entry. The lazy FP frame of privileged code, for
   * instance, may be written while unprivileged code runs.
   */
  private judge(address: number, access: 'read' | 'write', privileged: boolean): boolean {
    if (!mpuEnabled(this.core)) return true;
    if (!mpuAllows(this.core, address, access, privileged)) this.throwFault('mem-data', address);
    return privileged === this.privileged();
  }

  /** A bit-band alias. The MPU checks the alias, the bus sees the byte behind it. */
  protected isBitBand(address: number): boolean {
    const area = (address & 0xfe000000) >>> 0;
    return (area === 0x42000000 || area === 0x22000000) && this.row.bitBand === true;
  }

  /** Reads of blocks so far, by which polling is noticed. */
  deviceReads = 0;
  /** Number of reads at which the run ends. */
  readsLimit = Infinity;
  /** `own`: see `judge`. */
  // eslint-disable-next-line complexity -- the path of every slow read: the order of its checks is the order of the bus
  protected busRead(address: number, size: 1 | 2 | 4, own: boolean): number {
    this.traceRead(address, size);
    const reader = this.intercept;
    const intercepted = reader?.pages.has(address >>> PAGE_BITS) ? reader.read?.(this.core, address, size) : null;
    if (intercepted !== null && intercepted !== undefined) return intercepted;
    const region = this.regionAt(address);
    if (region === null || address + size > region.end || this.system.isFaulting(address)) this.throwFault('bus-data', address);
    if (region.block) {
      const system = this.system;
      this.readsDevice();
      if (++this.deviceReads >= this.readsLimit) {
        this.readsLimit = Infinity;
        this.cut();
      }
      system.now = this.now();
      const value = system.readBlock(region.block, address, size);
      if (value === BUS_ERROR) this.throwFault('bus-data', address);
      this.tracer?.devices?.push({ address, size, value: value >>> 0 });
      this.afterDevice();
      return value;
    }
    const memory = region.memory!;
    if (memory.guarded) {
      this.system.now = this.now();
      const value = this.system.guarded(memory, address - region.base, size, mpuCacheable(this.core, address));
      if (value === BUS_ERROR) this.throwFault('bus-data', address);
      return value;
    }
    const host = memory.host + (address - region.base);
    const policy = this.dataPolicy(address, region);
    const timed = policy === POLICY.NONE && memory.row.waitStates === true && this.get(S.FETCH_MODE) !== 0;
    if (memory.row.kind === 'ram' && this.arena.u8[WORD_MAP + (host >>> 2)] === 0) {
      this.arena.u8[WORD_MAP + (host >>> 2)] = 2;
      this.set(S.UNINITIALISED, this.get(S.UNINITIALISED) + 1);
    }
    if (policy !== POLICY.NONE) return this.cachedRead(address, region, host, size, own);
    if (!timed) this.fillRead(address, region, ENTRY_FAST, own);
    else {
      this.spend(this.flashData(address, 0));
      const stale = this.caches.heldByFlashCache(KIND.DATA)
        ? this.flashCache!.staleValue(KIND.DATA, address, size)
        : this.stale.count > 0 && mpuCacheable(this.core, address)
          ? this.stale.value(address, size)
          : -1;
      if (stale >= 0) {
        this.tellOlder(KIND.DATA, address, size);
        return stale;
      }
      if (this.stale.count === 0 && !this.flashCache?.staleRows(KIND.DATA)) this.fillRead(address, region, ENTRY_FLASH, own);
    }
    return this.system.loadHost(host, size);
  }

  /** Notes, once for each line, that a cache in front of the flash returned data older than the flash. */
  protected tellOlder(side: Side, address: number, size: 1 | 2 | 4): void {
    const first = this.caches.heldByFlashCache(side) ? this.flashCache!.tells(side, address, size) : this.stale.tells(address, size);
    const where = `0x${address.toString(16).padStart(8, '0')}`;
    const what = side === KIND.CODE ? 'is executed' : 'reads';
    if (first)
      this.listener.note('guest', `${where} ${what} as it was before the flash was written: the cache in front of it was not invalidated`);
  }
  protected traceRead(address: number, size: 1 | 2 | 4, reads = this.tracer?.reads): void {
    if (reads && (reads.get(address) ?? 0) < size) reads.set(address, size);
  }
  /** A store of the value that memory already holds counts as a read. */
  protected traceWrite(region: Region, address: number, size: 1 | 2 | 4, value: number): void {
    const m = region.memory;
    const same =
      m?.row.kind === 'ram' && !m.guarded && !this.intercept?.pages.has(address >>> PAGE_BITS) && this.peek(address, size) === value;
    if (same) this.traceRead(address, size, this.tracer!.sameStores);
    else if (this.writeRepeats(address, size, value)) this.tracer!.refreshes.push({ address, size, value });
    else if (!this.writeTurns(region, address, size, value)) this.tracer!.writes++;
  }
  /** What the write changes can be put back, and nobody who intercepts it sees it. */
  private writeTurns({ memory, block }: Region, address: number, size: 1 | 2 | 4, value: number): boolean {
    const turns = this.tracer?.turns;
    if (turns === undefined || this.writeIsWatched(address, block !== null)) return false;
    if (block) return this.system.isClocked(block) && turns.write(block, address - block.row.base, size, value);
    const word = address & ~3;
    if (memory?.row.kind !== 'ram' || memory.guarded) return false;
    return turns.store(word >>> 0, (this.peek(word >>> 0, 4) ?? 0) >>> 0);
  }
  /** A write to a block may be skipped if the same one follows (`RegisterModel.repeats`) and nobody intercepts it. */
  writeRepeats(address: number, size: 1 | 2 | 4, value: number): boolean {
    const b = this.regionAt(address)?.block;
    if (!b || this.writeIsWatched(address)) return false;
    return this.system.isClocked(b) && b.component.repeats(b.state, b.env, address - b.row.base, size, value);
  }
  protected fillRead(address: number, region: Region, kind: number, own: boolean): void {
    const page = address >>> PAGE_BITS;
    const entry = (region.memory!.host - region.base) | kind;
    if (!own || this.arena.i32[this.readTable + page] === entry) return;
    if (!this.wholePage(page, region) && !this.endPage(page, region)) return;
    this.arena.i32[this.readTable + page] = entry;
    this.readPages.push(page);
  }
  /** A page may be fast if it lies in one memory, has one set of rights, and nobody intercepts it. */
  protected wholePage(page: number, region: Region): boolean {
    const start = (page << PAGE_BITS) >>> 0;
    return start >= region.base && start + PAGE_SIZE <= region.end && this.plainPage(start, region);
  }
  /** RAM ends inside the page with nothing behind it; words behind the end count as never written (ENTRY_PART). */
  private endPage(page: number, region: Region): boolean {
    const start = (page << PAGE_BITS) >>> 0;
    const { row, guarded } = region.memory!;
    if (row.kind !== 'ram' || guarded || start < region.base || start + PAGE_SIZE <= region.end) return false;
    for (let a = region.end; a < start + PAGE_SIZE; a += 4) if (this.regionAt(a)) return false;
    return this.plainPage(start, region);
  }
  private plainPage(start: number, region: Region): boolean {
    if (this.tracer) return false;
    if (((region.memory!.host - region.base) & ~ENTRY_DELTA) !== 0) return false;
    if (mpuEnabled(this.core) && !mpuUniform(this.core, start)) return false;
    return !this.intercept?.pages.has(start >>> PAGE_BITS);
  }

  protected slowWrite(
    address: number,
    size: 1 | 2 | 4,
    value: number,
    flags: number,
    privileged = (flags & 2) === 0 && this.privileged(),
  ): void {
    if ((address & (size - 1)) !== 0) {
      this.checkAlignment(address, size, flags);
      let i = 0;
      while (i < size) {
        const piece = ((address + i) & 1) !== 0 || size - i < 2 ? 1 : 2;
        this.slowWrite((address + i) >>> 0, piece, value >>> (8 * i), flags & STORED, privileged);
        i += piece;
      }
      this.spend(this.timing.unaligned('store', address, size as 2 | 4));
      return;
    }
    value = size === 4 ? value >>> 0 : value & (size === 2 ? 0xffff : 0xff);
    if (this.isPrivateBus(address)) {
      this.privateWrite(address, size, value, privileged);
      return;
    }
    const own = this.judge(address, 'write', privileged);
    if (this.isBitBand(address)) {
      const word = bandWord(address, size);
      const bit = 1 << bandBit(address, size);
      const old = this.busRead(word, size, own);
      this.busWrite(word, size, ((value & 1) !== 0 ? old | bit : old & ~bit) >>> 0, own, flags);
    } else this.busWrite(address, size, value, own, flags);
  }

  private privateWrite(address: number, size: 1 | 2 | 4, value: number, privileged: boolean): void {
    if (this.tracer) this.tracer.writes++;
    const hook = this.intercept;
    const stored = hook?.write && hook.pages.has(address >>> PAGE_BITS) ? hook.write(this.core, address, size, value) : value;
    if (stored === null) return;
    this.system.now = this.now();
    // what a repair puts in place of a part may be the whole word, with its key
    const width = stored < 2 ** (8 * size) ? size : 4;
    writeScs(this.core, address, width, stored, privileged);
    this.afterDevice();
  }
  /** A bus error answers a store: from a buffer the core has gone on, and the fault comes behind it. */
  private refuseStore(address: number, flags: number): void {
    if ((flags & STORED) === 0 || !this.buffersStore(address)) this.throwFault('bus-data', address);
    this.system.now = this.now();
    this.listener.faulted(this.core, 'bus-data-imprecise', address, this.get(S.PC));
    impreciseBusFault(this.core);
  }
  /**
   * All stores are asynchronous on Cortex-M7 (PM0253 2.5.3). Cortex-M3 and M4 have a write buffer that ACTLR.DISDEFWBUF turns off and that the system space does not use
   * (PM0214 2.5.3, 4.4.1; PM0056). Cortex-M33: not known.
   */
  private buffersStore(address: number): boolean {
    if (this.profile.arch !== 'v7m') return false;
    return this.profile.l1 || (address < SYSTEM_SPACE && (this.get(SCS.ACTLR) & DISDEFWBUF) === 0);
  }
  // eslint-disable-next-line complexity -- the path of every slow write: the order of its checks is the order of the bus
  protected busWrite(address: number, size: 1 | 2 | 4, value: number, own: boolean, flags: number): void {
    const hook = this.intercept;
    const region = this.regionAt(address);
    if (hook?.write && (hook.pages.has(address >>> PAGE_BITS) || (hook.everyDeviceWrite && region?.block))) {
      const replaced = hook.write(this.core, address, size, value);
      if (replaced === null) return;
      value = replaced;
    }
    if (region === null || address + size > region.end) return this.refuseStore(address, flags);
    const system = this.system;
    if (this.tracer) this.traceWrite(region, address, size, value);
    if (region.block) {
      system.now = this.now();
      this.listener.beginAccess(this.core, address);
      const answer = system.writeBlock(region.block, address, size, value);
      this.listener.endAccess();
      if (answer === BUS_ERROR) return this.refuseStore(address, flags);
      this.listener.deviceWrite(this.core, region.block);
      this.afterDevice();
      return;
    }
    const memory = region.memory!;
    const policy = this.dataPolicy(address, region);
    if (memory.row.kind !== 'ram') {
      if (this.get(S.FETCH_MODE) === 2 && memory.row.waitStates && mpuCacheable(this.core, address))
        this.listener.cacheableWrite(this.core);
      system.now = this.now();
      this.listener.beginAccess(this.core, address);
      const answer = system.writeMemory(region, address, size, value);
      this.listener.endAccess();
      if (answer === BUS_ERROR) return this.refuseStore(address, flags);
      if (policy !== POLICY.NONE) this.storeCopy(memory.host + (address - region.base), size, value);
      this.afterDevice();
      return;
    }
    const host = memory.host + (address - region.base);
    if (memory.guarded && memory.row.gate) return void system.writeMemory(region, address, size, value);
    if (policy >= POLICY.WRITE_BACK && this.cachedWrite(address, region, host, size, value, policy, own)) return;
    this.onMemoryWrite(host, size);
    system.storeHost(host, size, value);
    if (policy !== POLICY.NONE) this.storeCopy(host, size, value);
    else if (own) this.fillWrite(address, region);
  }

  // ---- L1 data cache ---------------------------------------------------------------------------------------------------------------
  /** Cache policy of an access. Tightly-coupled memory is not cached. */
  protected dataPolicy(address: number, region: Region): number {
    if (this.l1?.dataOn !== true || !this.caches.cacheable(region)) return POLICY.NONE;
    return cachePolicy(this.core, address, 'data');
  }
  private cachedRead(address: number, region: Region, host: number, size: 1 | 2 | 4, own: boolean): number {
    const l1 = this.l1!;
    if (l1.copyOf(host) < 0) {
      l1.fillData(address, host);
      this.spend(this.caches.lineFillCycles(region.memory!));
    }
    this.fillRead(address, region, ENTRY_CACHED, own);
    return this.system.loadHost(l1.copyOf(host), size);
  }
  /**
   * Fills a line that translated code misses and l1-lines.ts does not fill itself, as `cachedRead` and `cachedWrite` do, if BUDGET covers it. Returns the arena offset of the
   * cached byte, or 0: nothing has happened and the interpreter makes the access, because it affects more than the core or is no miss.
   */
  protected readLine(address: number, how: number): number {
    const writes = (how & LINE_WRITE) !== 0;
    const entry = this.arena.i32[(writes ? this.writeTable : this.readTable) + (address >>> PAGE_BITS)]!;
    const host = (address + (entry & ENTRY_DELTA)) >>> 0;
    const l1 = this.l1!;
    if ((entry & ENTRY_CACHED) === 0 || (address & ((how & 7) - 1)) !== 0 || l1.copyOf(host) >= 0) return 0;
    const { u8 } = this.arena;
    const word = WORD_MAP + (host >>> 2);
    if (!writes && u8[word] === 0) return 0;
    const leaves = l1.writtenBackFor(host);
    if (leaves !== 0 && this.isCodeNear(leaves)) return 0;
    if (!writes) {
      const cycles = this.caches.learnFill(address, this.regionAt(address)!);
      if (this.budget < cycles) return 0;
      this.spend(cycles);
    }
    l1.fillData(address, host);
    if (writes) {
      l1.markDirty(host);
      u8[word] = 1;
    }
    return l1.copyOf(host);
  }
  /** A write to this line may change what a core executes, or its cost. */
  private isCodeNear(host: number): boolean {
    return this.holdsCode(host - PAGE_SIZE, 2 * PAGE_SIZE + L1_LINE_BYTES) || this.l1!.holdsCode(host);
  }
  /** Writes to a cache line; false if the write goes to memory alone. Stores do not wait for a fill (store buffer, assumed). */
  private cachedWrite(
    address: number,
    region: Region,
    host: number,
    size: 1 | 2 | 4,
    value: number,
    policy: number,
    own: boolean,
  ): boolean {
    const l1 = this.l1!;
    if (l1.copyOf(host) < 0) {
      if (policy !== POLICY.WRITE_ALLOCATE) return false;
      l1.fillData(address, host);
    }
    this.storeCopy(host, size, value);
    l1.markDirty(host);
    this.arena.u8[WORD_MAP + (host >>> 2)] = 1;
    const page = address >>> PAGE_BITS;
    if (own && policy === POLICY.WRITE_ALLOCATE && this.wholePage(page, region)) {
      this.arena.i32[this.writeTable + page] = ((region.memory!.host - region.base) & ENTRY_DELTA) | ENTRY_CACHED;
      this.writePages.push(page);
    }
    return true;
  }
  private storeCopy(host: number, size: 1 | 2 | 4, value: number): void {
    const copy = this.l1!.copyOf(host);
    if (copy < 0) return;
    const { view } = this.arena;
    if (size === 4) view.setUint32(copy, value >>> 0, true);
    else if (size === 2) view.setUint16(copy, value & 0xffff, true);
    else view.setUint8(copy, value & 0xff);
  }
  /** A debugger's store to the private bus or to a bit-band alias. False where nothing answers. */
  debuggerStore(address: number, size: 1 | 2 | 4, value: number): boolean {
    if (!this.isPrivateBus(address)) {
      const word = bandWord(address, size);
      const bit = bandBit(address, size);
      const old = this.peek(word, size);
      if (old === null) return false;
      this.system.write(word, size, value & 1 ? old | (1 << bit) : old & ~(1 << bit));
      return true;
    }
    this.system.now = this.now();
    writeScs(this.core, address, size, value, true);
    return true;
  }
  /** A debugger wrote through the core's port: updates the data cache. */
  debuggerWrote(address: number, size: number): void {
    const region = this.regionAt(address);
    if (region?.memory && this.dataPolicy(address, region) !== POLICY.NONE)
      this.l1!.update(region.memory.host + (address - region.base), size);
  }
  /** The other cores: stores to code that they have decoded must be seen. */
  peers: readonly CoreMemory<C>[] = [];
  /** Called before RAM changes by the slow path; the machine marks the page for checkpoints. */
  onMemoryWrite: (host: number, size: number) => void = () => {};

  protected fillWrite(address: number, region: Region): void {
    const page = address >>> PAGE_BITS;
    const whole = this.wholePage(page, region);
    if (!whole && !this.endPage(page, region)) return;
    const delta = (region.memory!.host - region.base) | 0;
    if (this.holdsCode(((page << PAGE_BITS) + delta) >>> 0, PAGE_SIZE)) return;
    // later stores are not seen, and the page may touch two pages of the arena
    if ((delta & (PAGE_SIZE - 1)) !== 0) this.onMemoryWrite((page << PAGE_BITS) + delta, PAGE_SIZE);
    this.arena.i32[this.writeTable + page] = delta | (whole ? ENTRY_FAST : ENTRY_PART);
    this.writePages.push(page);
  }

  /** Code has been decoded from an arena page that these bytes touch. */
  private holdsCode(host: number, length: number): boolean {
    for (let page = host >>> PAGE_BITS; page <= (host + length - 1) >>> PAGE_BITS; page++)
      if (this.codeHostPages.has(page) || this.peers.some((p) => p.codeHostPages.has(page))) return true;
    return false;
  }

  /** Accesses to this address are intercepted. */
  isWatched(address: number): boolean {
    return this.intercept?.pages.has(address >>> PAGE_BITS) ?? false;
  }
  /** A write there is intercepted, of a block or of memory. */
  writeIsWatched(address: number, isBlock = true): boolean {
    const { intercept } = this;
    if (intercept?.write === undefined || intercept.writes === false) return false;
    return (isBlock && intercept.everyDeviceWrite === true) || intercept.pages.has(address >>> PAGE_BITS);
  }
  /** A store there changes RAM and nothing else: no decoded code, no interceptor. */
  isPlainStore(address: number, size: 1 | 2 | 4): boolean {
    if (this.isPrivateBus(address) || this.isBitBand(address) || this.isWatched(address)) return false;
    const region = this.regionAt(address);
    if (region?.memory?.row.kind !== 'ram' || region.memory.guarded || address + size > region.end) return false;
    return !this.holdsCode(region.memory.host + (address - region.base), size);
  }
  /** Stores without taking time, where `isPlainStore`. */
  storePlain(address: number, size: 1 | 2 | 4, value: number): void {
    this.busWrite(address, size, value, !mpuEnabled(this.core), 0);
  }

  /** After a device access: ends the run at an event that has become the next one. Resets, interrupts and clock changes call `cut` themselves. */
  protected afterDevice(): void {
    if (this.endsSlice()) this.shorten(Math.max(0, countAt(this.ownClock, this.system.scheduler.next) - this.cycles()));
  }
  endsSlice(): boolean {
    // compared by cycles: a time between two clock edges is not before the second one
    return this.budget > 0 && countAt(this.ownClock, this.system.scheduler.next) < this.cycleTarget;
  }

  /** On the private bus or a bit-band alias. */
  isRemote(address: number): boolean {
    return this.isPrivateBus(address) || this.isBitBand(address);
  }
  /** Reads without side effects, as a debugger would; null where nothing answers. */
  peek(address: number, size: 1 | 2 | 4): number | null {
    return this.peekAt(address >>> 0, size, true);
  }
  /** The same without the data cache: what a bus master reads, or the core after a reset. */
  peekBehindCache(address: number, size: 1 | 2 | 4): number | null {
    return this.peekAt(address >>> 0, size, false);
  }
  private peekAt(address: number, size: 1 | 2 | 4, cached: boolean): number | null {
    if (this.isPrivateBus(address)) return peekScs(this.core, address, size);
    if (this.isBitBand(address)) {
      const word = this.peek(bandWord(address, size), size);
      return word === null ? null : (word >>> bandBit(address, size)) & 1;
    }
    const region = this.regionAt(address);
    if (!region || address + size > region.end) return null;
    if (region.memory) {
      const host = region.memory.host + (address - region.base);
      const copy = !cached || this.dataPolicy(address, region) === POLICY.NONE ? -1 : this.l1!.copyOf(host);
      return this.system.loadHost(copy < 0 ? host : copy, size);
    }
    const b = region.block!;
    const v = b.component.peek(b.state, b.env, address - b.row.base, size);
    return v === BUS_ERROR ? null : v;
  }
}
