/** A core's code: fetch, decoded pages, breakpoints, and the translated tier. */
import { DECODED_PAGE_BYTES, fetchTableOf, PAGE_BITS, PAGE_SIZE, RECORD_BYTES } from '../arena.ts';
import type { CoreRow } from '../chip.ts';
import type { Memory, System } from '../system.ts';
import type { Profile } from './builder.ts';
import { CoreCaches, type CachedCore } from './caches/core-caches.ts';
import { CoreMemory, STORED } from './core-memory.ts';
import { PAUSE, type AccessTrace, type CoreListener, type FastRange, type Zone } from './core-types.ts';
import { KIND, type Side } from './caches/flash-cache.ts';
import { Decoder, isWide, type Instruction } from './decode.ts';
import type { ReadingCore } from './device-reads.ts';
import { H_BREAK, H_DECODE, H_INSIDE, H_UNDEFINED, type Handlers } from './interpreter/handlers.ts';
import { HELPERS } from './helpers.ts';
import type { InterpreterImports } from './interpreter/interpreter.ts';
import { interpreterModule, theHandlers } from './interpreter/interpreter-module.ts';
import { ENTRY_CACHED, ENTRY_FLASH, REC } from './interpreter/record-builders.ts';
import { packSystemOp } from './arm/system-ops.ts';
import { defaultExecuteNever, mpuAllows, mpuEnabled, mpuSetUp } from './arm/mpu.ts';
import { S } from './state.ts';
import { classOf, FarBytes, type CodeView } from './timing.ts';
import type { CodeSource } from './translate/region.ts';
import type { Surroundings } from './translate/surroundings.ts';
import { adjacentSources, around, copyRecords, isPlain, REPEAT_BYTES, repeatsAt, repetitions } from './repeated-code.ts';
import { COMES_BACK, PATIENCE, PATIENCE_IF_SHORT, Tier, type Origin } from './translate/tier.ts';
import { translationsOf, type Translation } from './translate/translations.ts';

/** Arrivals at an address before it is translated. */
const HOT = 250;
/** Reads of devices by one instruction until it may ask for them without leaving its region, in such numbers. */
const DEVICE_READS = 4;

/** Most MPU set-ups with translations of their own (an RTOS has one for each task and one or two in between). Firmware with more is interpreted. */
const MOST_SET_UPS = 32;
const TOO_MANY = 'too many';

export abstract class CoreCode<C extends CachedCore & ReadingCore> extends CoreMemory<C> {
  readonly caches: CoreCaches;
  readonly tier: Tier;
  protected readonly decoder: Decoder;
  protected readonly handlers: Handlers;
  protected readonly fetchTable: number;
  /** Runs decoded records; returns the reason of the exit. */
  protected readonly wasmRun: (arrived: 0 | 1) => number;
  /** Cycles of reading the flash line of an address, where only the core's own caches are in front of it. */
  private readonly flashLine: (address: number) => number;
  /** Reads a flash line that no row holds (fill-row.ts); undefined where there are no rows. */
  private readonly fillRow: unknown;
  private readonly readLineInside: unknown;
  private readonly readCode: unknown;
  /** Where the bytes of a load lie (locate.ts). */
  private readonly locate: unknown;
  /** Cycles that a branch loses to a wrong prediction (branch-targets.ts); undefined on cores without branch targets. */
  private readonly predicted: unknown;
  protected readonly helpers: Record<string, (...args: never[]) => number | bigint>;
  /** Decoded pages by guest page, and guest page by decoded page. */
  protected readonly decodedPages = new Map<number, number>();
  protected readonly guestOfDecoded = new Map<number, number>();

  constructor(system: System, row: CoreRow, index: number, listener: CoreListener<C>) {
    super(system, row, index, listener);
    this.caches = new CoreCaches(this.core, this.timing, {
      instructionForTiming: (pc) => this.instructionForTiming(pc),
      codeView: (pc) => this.codeView(pc),
      flushReads: () => this.flushReads(),
      updateFast: () => this.updateFast(),
      dropCode: (host, bytes) => this.dropCode(host, bytes),
    });
    this.fetchTable = fetchTableOf(index) >> 2;
    this.decoder = decoderOf(this.profile);
    this.handlers = theHandlers();
    const fpscr = { get: () => this.get(S.FPSCR), set: (v: number) => this.set(S.FPSCR, v) };
    this.helpers = Object.fromEntries(Object.entries(HELPERS).map(([name, h]) => [name, h.make(fpscr)]));
    let regionImports: WebAssembly.ModuleImports | null = null;
    this.tier = new Tier(
      {
        arena: this.arena,
        imports: () =>
          (regionImports ??= {
            ...this.helpers,
            flashLine: this.flashLine,
            fillRow: this.fillRow,
            locate: this.locate,
            predicted: this.predicted,
            device: this.deviceReader.read,
            readLine: this.readLineInside,
            readCode: this.readCode,
            system: (packed: number) => this.executeInside(packed),
            left: (why: number, pc: number) => this.tier.left(why, pc >>> 0),
          } as unknown as WebAssembly.ModuleImports),
        adopts: (t) => this.adopts(t),
        stopsAmong: (instructions) => {
          let n = 0;
          for (const a of this.idlePoints) if (instructions.has(a)) n++;
          for (const a of this.breakpoints) if (instructions.has(a)) n++;
          return n;
        },
      },
      translationsOf(system.chip, index),
    );
    const imports: InterpreterImports = {
      hot: (pc: number, rec: number) => this.translate(pc >>> 0, rec),
      decode: (pc: number, rec: number) => this.decodeAt(pc >>> 0, rec),
      fetch: (pc: number) => this.fetchPage(pc >>> 0),
      read: (address: number, size: 1 | 2 | 4, flags: number) => this.slowRead(address >>> 0, size, flags),
      write: (address: number, size: 1 | 2 | 4, value: number, flags: number) => this.slowWrite(address >>> 0, size, value, flags | STORED),
      lineFill: (pc: number, before: number) => (this.l1 ? this.caches.lineFill(pc >>> 0) : this.caches.flashFill(pc >>> 0, before)),
      dataFill: (address: number) => this.caches.dataFill(address >>> 0),
      fillRow: (side: number, address: number) => this.caches.fillRow(side as Side, address >>> 0),
      readLine: (address: number, how: number) => this.readLine(address >>> 0, how),
      replaced: (tag: number) => this.stale.replaced(tag >>> 0),
      system: (packed: number) => this.executeInside(packed),
      ...this.helpers,
    };
    const instance = new WebAssembly.Instance(interpreterModule(this.profile, index), {
      env: { ...imports, memory: this.arena.memory, regions: this.tier.table } as WebAssembly.ModuleImports,
    });
    this.wasmRun = instance.exports['run'] as (arrived: 0 | 1) => number;
    this.flashLine = instance.exports['flashLine'] as (address: number) => number;
    this.fillRow = instance.exports['fillRow'];
    this.readLineInside = instance.exports['readLine'];
    this.readCode = instance.exports['readCode'];
    this.flashData = instance.exports['flashData'] as typeof this.flashData;
    this.locate = instance.exports['locate'];
    this.predicted = instance.exports['predicted'];
    this.tier.setStub(instance.exports['stub']);
    this.set(S.LINE, 1);
    this.set(S.CACHE_WAYS, 2);
  }
  protected abstract runUntilCycle(limit: number): boolean;
  /** Executes the system instruction at S.PC for translated code, which continues after it. */
  protected abstract executeInside(packed: number): void;
  abstract branchTo(pc: number): void;

  // ---- translated tier -------------------------------------------------------------------------------------------------------------
  /** Off: everything is interpreted, with the same results. */
  protected translating = true;
  protected hotAt = HOT;
  /**
   * Arrivals by a branch after which an address is translated (1…250; default HOT, PATIENCE times over), or off: everything is interpreted. Results are the
   * same.
   */
  setTranslating(on: boolean, hotAt?: number): void {
    this.translating = on;
    this.hotAt = hotAt ?? HOT;
    this.hasPatience = hotAt === undefined;
    this.setShortRun(false);
    this.updateFast();
  }
  private hasPatience = true;
  /** The run is expected to end soon, so that less of it is worth translating. Results are the same. */
  setShortRun(short: boolean, patience = PATIENCE_IF_SHORT): void {
    this.tier.patience = !this.hasPatience ? 1 : short ? patience : PATIENCE;
  }
  /** Fast RAM of translated code, and whether it may run at all. */
  protected override updateFast(): void {
    const watched = (m: { base: number; size: number }): boolean => {
      for (const page of this.intercept?.pages ?? []) {
        const a = page * PAGE_SIZE;
        if (a < m.base + m.size && a + PAGE_SIZE > m.base) return true;
      }
      return false;
    };
    const ram = this.fastMemory();
    // with the data cache on, the tables decide
    const fast = !mpuEnabled(this.core) && this.l1?.dataOn !== true && !watched(ram) ? ram.size : 0;
    this.fastBytes = fast;
    this.caches.forgetFills();
    if (this.tier.assume(this.assumptions())) this.caches.prefetch?.forget();
    this.set(S.HOT, this.hotAt);
    this.updateTier();
  }
  private updateTier(): void {
    const may = this.translating && this.tracer === null && this.stale.count === 0 && this.mpuText() !== TOO_MANY;
    this.set(S.TIER, may ? 1 : 0);
  }
  private fastBytes = 0;
  protected fastRange: FastRange | null = null;
  /** The longest piece of RAM that is contiguous in the address space and in the arena: it needs no page table. */
  protected fastMemory(): FastRange {
    if (this.fastRange) return this.fastRange;
    let best: FastRange = { base: 0, size: 0, host: 0 };
    let run = best;
    for (const m of [...this.system.memories].sort((a, b) => a.row.base - b.row.base)) {
      if (m.row.core !== undefined && m.row.core !== this.row.name) continue;
      if (m.row.kind !== 'ram' || m.guarded || m.row.gate || (m.host & 0xfff) !== (m.row.base & 0xfff)) continue;
      run =
        run.size > 0 && run.base + run.size === m.row.base && run.host + run.size === m.host
          ? { ...run, size: run.size + m.row.size }
          : { base: m.row.base, size: m.row.size, host: m.host };
      if (run.size > best.size) best = run;
    }
    return (this.fastRange = best);
  }
  protected translate(pc: number, rec: number): void {
    // a region is compared with the bytes in memory: no translation while cache lines differ from them
    if ((this.l1?.codeOn && this.l1.staleLines > 0) || (this.flashCache?.staleRows(KIND.CODE) ?? 0) > 0) {
      this.arena.u8[rec + REC.FLAGS] = 0;
      return;
    }
    this.tier.enter(pc, rec, () => this.originOf(pc));
  }
  /**
   * Everything beside its bytes that changes what translated code does or costs: all that `originOf` turns into constants. Regions made under the same text may
   * run in each other's place.
   */
  protected assumptions(): string {
    const { sets, ways, page } = this.caches.flashTiming;
    const state = [S.FETCH_MODE, S.WAIT_STATES, S.FLASH_KINDS, S.FLASH_MASK, S.ROW_SHIFT].map((offset) => this.get(offset)).join();
    const caches = `${this.l1?.codeOn}:${this.l1?.dataOn}:${(this.flashCache?.staleRows(KIND.DATA) ?? 0) > 0}`;
    const watched = this.intercept?.pages;
    let hidden = '';
    if (watched?.size) for (const page of this.tier.literalPages) if (watched.has(page)) hidden += `,${page}`;
    return `${this.system.remapped()?.row.name}:${this.fastBytes}:${state}:${sets}:${ways}:${page}:${caches}:${hidden}:${this.tier.exits !== null}:${this.mpuText()}`;
  }
  /** Set-ups of the MPU under which code may have been translated. */
  private readonly mpuSetUps = new Set<string>();
  /** The MPU set-up in force as a text (`mpuSetUp`); TOO_MANY for a new one when there have been enough. */
  private mpuText(): string {
    const text = this.mpuAnswers.textOf(() => mpuSetUp(this.core, this.privileged()));
    if (text === '' || this.mpuSetUps.has(text)) return text;
    if (this.mpuSetUps.size >= MOST_SET_UPS) return TOO_MANY;
    this.mpuSetUps.add(text);
    return text;
  }
  /** A value that stays the same while equal bytes execute with equal effects, costs and stops; null if unknown. */
  conditions(): string | null {
    return this.mpuText() === TOO_MANY ? null : `${this.codeBytes}:${this.assumptions()}:${[...this.breakpoints].join()}`;
  }
  /** Makes translated code count the reasons of its exits, see `tier.exits`. */
  countExits(): void {
    this.tier.exits ??= new Map();
    this.updateFast();
  }
  /** Translated code may read devices without leaving its region. */
  asksDevices = true;
  /** Translates a load anew that has often left its region to read a device. */
  protected override readsDevice(): void {
    if (!this.asksDevices) return;
    const pc = this.get(S.PC);
    const enough = DEVICE_READS * this.hotAt;
    if (this.deviceReader.count(pc, enough)) this.tier.readsDevices(pc, this.deviceReader.often(enough / 8));
  }
  /** What translation reads of code at `pc`. */
  private originOf(pc: number): Origin {
    const recordOf = (a: number): number => {
      const decoded = this.decodedPages.get(a >>> PAGE_BITS);
      return decoded === undefined ? 0 : decoded + ((a & 0xffe) / 2) * RECORD_BYTES;
    };
    const zone = this.zone;
    const judged = mpuEnabled(this.core);
    const cached = this.caches.cachedCode(pc, this.regionAt(pc)!);
    // with an MPU, execute rights and cacheability may differ within a region
    const mayFetch = (a: number): boolean =>
      !judged || (mpuAllows(this.core, a, 'fetch', this.privileged()) && this.caches.cachedCode(a, this.regionAt(a)!) === cached);
    const mayRun = (a: number): Instruction | null =>
      this.zoneAt(a) !== zone || this.breakpoints.has(a) || this.idlePoints.has(a) || !mayFetch(a) ? null : this.instructionAt(a);
    const source: CodeSource = {
      profile: this.profile,
      instruction: (a) => {
        const record = recordOf(a);
        const handler = record === 0 ? 0 : this.arena.u16[record >> 1]!;
        return handler === 0 || handler === H_UNDEFINED || handler === H_BREAK ? null : mayRun(a);
      },
      unexecuted: (a) => (recordOf(a) === 0 ? null : mayRun(a)),
      codeByte: (a) => this.peek(a, 1) ?? 0,
    };
    const mode = this.get(S.FETCH_MODE);
    const region = this.regionAt(pc)!;
    const memory = region.memory!;
    const env: Surroundings = {
      profile: this.profile,
      core: this.index,
      cpu: this.base,
      cycles: ({ pc: at, ins }) => this.timing.cycles(ins, at, this.codeView(at)),
      // eslint-disable-next-line complexity -- a literal is constant only if none of these conditions fails
      literal: (a, size) => {
        const m = this.regionAt(a)?.memory;
        if (this.l1?.dataOn && m && m.row.core === undefined) return null;
        if (judged && !mpuAllows(this.core, a, 'read', this.privileged())) return null;
        if (!m || m.row.kind === 'ram' || m.guarded || (a & (size - 1)) !== 0 || this.intercept?.pages.has(a >>> PAGE_BITS)) return null;
        if ((!m.row.waitStates && mode !== 0) || this.flashCache?.staleRows(KIND.DATA)) return null;
        return this.system.loadHost(m.host + (a - this.regionAt(a)!.base), size);
      },
      ram: { ...this.fastMemory(), size: this.fastBytes },
      partialPages: this.system.memories.some((m) => m.row.kind === 'ram' && ((m.row.base + m.row.size) & (PAGE_SIZE - 1)) !== 0),
      fetch: mode as Surroundings['fetch'],
      flashKinds: mode === 3 ? this.get(S.FLASH_KINDS) & (this.caches.servedByFlashCache(pc) ? -1 : ~KIND.CODE) : 0,
      lineBytes: -(this.get(S.FLASH_MASK) | 0),
      rowShift: this.get(S.ROW_SHIFT),
      codeRows: this.flashCache?.geometry.codeRows ?? 0,
      cacheSets: this.caches.flashTiming.sets,
      following: (at) => this.caches.followingLine(at),
      entering: (at) => this.caches.enteringLine(at),
      worstLine: mode === 0 ? 0 : (this.caches.prefetch?.worst(this.get(S.WAIT_STATES)) ?? this.get(S.WAIT_STATES)),
      waitStates: mode === 0 ? 0 : this.get(S.WAIT_STATES),
      timedCode: memory.row.waitStates === true && mode !== 0 && !this.caches.cachedCode(pc, region),
      cachedCode: this.caches.cachedCode(pc, region),
      cachedData: this.l1?.dataOn === true,
      counted: this.tier.exits !== null,
      slotOf: (a) => this.tier.slotOf(a),
      asksDevices: (at) => this.asksDevices && this.tier.asksDevices(at),
      helpers: HELPERS,
    };
    return {
      source,
      env,
      memory: { from: memory.host, to: memory.host + memory.row.size },
      hostOf: (a) => memory.host + (a - region.base),
      hostAt: (a) => this.caches.hostAt(a),
      onFarByte: (listener) => (this.farByteRead = listener),
    };
  }
  /** A translation of another machine may be used: this one intercepts none of its folded literals, all of it can be fetched, and stores to it will be seen. */
  private adopts(t: Translation): boolean {
    const watched = this.intercept?.pages;
    if (watched) for (const page of t.literalPages) if (watched.has(page)) return false;
    if (this.system.faultsIn(t.low, t.high)) return false;
    for (const page of t.pages) {
      if (this.decodedPages.has(page) && !this.unbound.has(page)) continue;
      const region = this.regionAt((page << PAGE_BITS) >>> 0);
      const decoded = this.decodedPages.get(page) ?? this.arena.takeDecodedPage();
      if (!region?.memory || decoded === 0) return false;
      this.beginDecoded(page, decoded);
    }
    return true;
  }
  private farByteRead: ((host: number) => void) | null = null;

  override flushFetch(): void {
    this.updateFast();
    for (const page of this.decodedPages.keys()) this.arena.i32[this.fetchTable + page] = 0;
    this.set(S.LINE, 1);
  }

  // ---- fetch and decode ------------------------------------------------------------------------------------------------------------
  fetch(address: number): number {
    // rights come first: an unmapped address without execute permission is a MemManage fault
    const executable = mpuEnabled(this.core) ? mpuAllows(this.core, address, 'fetch', this.privileged()) : !defaultExecuteNever(address);
    if (!executable) this.throwFault('mem-fetch', address);
    const region = this.regionAt(address);
    if (!region?.memory || region.memory.row.zone === 'data' || region.memory.guarded || this.system.isFaulting(address))
      this.throwFault('bus-fetch', address);
    if (this.stale.count > 0 || this.flashCache?.staleRows(KIND.CODE)) this.tellOlder(KIND.CODE, address, 2);
    return this.caches.codeHalfword(region, address);
  }

  /** Zone of the code at an address, null where nothing can be fetched. */
  zoneAt(address: number): Zone | null {
    return this.regionAt(address >>> 0)?.memory?.row.zone ?? null;
  }

  /** Tells the machine if `pc` is in another zone than the code before it. */
  enterZone(pc: number): void {
    const zone = this.zoneAt(pc);
    if (zone !== null && zone !== this.zone) {
      const from = this.zone;
      this.zone = zone;
      this.flushFetch();
      this.listener.zoneChange(this.core, from, zone, pc);
    }
  }

  protected fetchPage(pc: number): void {
    const page = pc >>> PAGE_BITS;
    this.enterZone(pc);
    if (this.listener.fetchWaits(this.core, pc)) throw PAUSE;
    this.fetch((pc & ~1) >>> 0);
    let decoded = this.decodedPages.get(page);
    const region = this.regionAt(pc)!;
    const memory = region.memory!;
    if (decoded === undefined) {
      decoded = this.arena.takeDecodedPage();
      if (decoded === 0) {
        this.dropAllDecoded();
        decoded = this.arena.takeDecodedPage();
      }
      this.beginDecoded(page, decoded);
    } else if (this.unbound.has(page)) this.bind(page);
    this.arena.i32[this.fetchTable + page] =
      decoded | (this.caches.cachedCode(pc, region) ? ENTRY_CACHED : memory.row.waitStates ? ENTRY_FLASH : 0);
  }
  private beginDecoded(page: number, decoded: number): void {
    this.decodedPages.set(page, decoded);
    this.guestOfDecoded.set(decoded, page);
    this.bind(page);
  }
  /** Binds a decoded page to the memory that is at `page` now: stores there take the slow path from now on. */
  private bind(page: number): void {
    this.unbound.delete(page);
    const start = (page << PAGE_BITS) >>> 0;
    for (const region of this.system.regionsOf(this.index)) {
      if (!region.memory || region.base >= start + PAGE_SIZE || region.end <= start) continue;
      const delta = region.memory.host - region.base;
      if ((delta & (PAGE_SIZE - 1)) !== 0) this.skewed.add(page);
      const end = Math.min(start + PAGE_SIZE, region.end) + delta;
      for (let host = (Math.max(start, region.base) + delta) >>> PAGE_BITS; host <= (end - 1) >>> PAGE_BITS; host++)
        this.bindHost(page, host, region.memory);
    }
    for (const peer of this.peers) peer.flushWrites();
  }
  private bindHost(page: number, hostPage: number, memory: Memory): void {
    let set = this.codeHostPages.get(hostPage);
    if (!set) this.codeHostPages.set(hostPage, (set = new Set()));
    set.add(page);
    for (const base of this.system.basesOf(memory, this.index)) {
      const guest = base + ((hostPage << PAGE_BITS) - memory.host);
      this.arena.i32[this.writeTable + (guest >>> PAGE_BITS)] = 0;
      this.arena.i32[this.writeTable + ((guest + PAGE_SIZE - 1) >>> PAGE_BITS)] = 0;
    }
  }
  /** Decoded pages whose bytes do not begin with a page of the arena (the second address of G431's CCM). */
  private readonly skewed = new Set<number>();
  /** Guest pages with empty records and no host page, because another memory has been mapped there. */
  protected readonly unbound = new Set<number>();
  /** Another memory is mapped at the chip's remap base: drops what was decoded there. */
  remapped(base: number): void {
    this.bytesChanged();
    this.caches.flushFlashCache(true, true);
    this.caches.prefetch?.forget();
    for (const [page, decoded] of this.decodedPages) {
      if (page < base >>> PAGE_BITS || page > (base + this.remapSpan - 1) >>> PAGE_BITS) continue;
      this.forgetRecords(decoded, decoded + DECODED_PAGE_BYTES);
      for (const pages of this.codeHostPages.values()) pages.delete(page);
      this.unbound.add(page);
    }
    // calls in translated code do not check the callee's page
    for (const page of [...this.unbound]) {
      const region = this.regionAt((page << PAGE_BITS) >>> 0);
      if (region?.memory) this.bind(page);
    }
    this.flushTables();
    this.tier.assume(this.assumptions(), true);
    this.cut();
  }
  protected get remapSpan(): number {
    const shows = Object.values(this.system.chip.remap?.shows ?? {});
    return this.system.memories.reduce((n, m) => (shows.includes(m.row.name) ? Math.max(n, m.row.size) : n), 0);
  }
  protected dropAllDecoded(): void {
    // later changes of the bytes are not seen
    this.bytesChanged();
    this.tier.forget();
    this.flushFetch();
    for (const decoded of this.decodedPages.values()) this.arena.freeDecodedPage(decoded);
    this.decodedPages.clear();
    this.guestOfDecoded.clear();
    this.set(S.LAST_REC, 0);
    this.caches.prefetch?.forget();
    this.codeHostPages.clear();
    this.unbound.clear();
    this.skewed.clear();
  }

  /** Code has been decoded from an arena page, or from a neighbour whose first or last instructions may depend on its bytes. */
  hasCodeNear(hostPage: number): boolean {
    const { codeHostPages: pages } = this;
    return pages.size > 0 && (pages.has(hostPage) || pages.has(hostPage - 1) || pages.has(hostPage + 1));
  }
  /** Drops decoded instructions that overlap changed arena bytes. `programmed`: the new bytes, where flash is about to be programmed. */
  invalidateCode(host: number, length: number, programmed?: Uint8Array): void {
    this.l1?.memoryChanged(host, length);
    this.flashCache?.memoryChanged(host, length, programmed);
    if (this.get(S.FETCH_MODE) === 2) this.stale.memoryChanges(host, length);
    this.dropCode(host, length);
  }
  protected override dropCode(host: number, length: number): void {
    this.engine?.codeChanged(host, length);
    if (this.codeHostPages.size === 0) return;
    if (this.caches.prefetch && (this.hasCodeNear(host >>> PAGE_BITS) || this.hasCodeNear((host + length - 1) >>> PAGE_BITS)))
      this.caches.prefetch.forget();
    // a four-byte instruction, and neighbours whose cost depends on it
    const { before, after } = this.timing.reach;
    const from = host - 8 - before;
    // the cost of a line depends on the line before it
    const to = host + length + Math.max(after, this.flashCache ? 16 : 0);
    this.tier.invalidate(host, length, host - from, to - host - length);
    for (const pc of this.farBytes.take(host - 3, host + length)) this.dropRecord(pc);
    for (let hostPage = from >>> PAGE_BITS; hostPage <= (to - 1) >>> PAGE_BITS; hostPage++) {
      const pages = this.codeHostPages.get(hostPage);
      if (!pages) continue;
      this.bytesChanged();
      const start = Math.max(from, hostPage << PAGE_BITS) & 0xffe;
      const end = Math.min(to, (hostPage + 1) << PAGE_BITS) - (hostPage << PAGE_BITS);
      for (const page of pages) {
        const decoded = this.decodedPages.get(page)!;
        if (this.skewed.has(page)) this.forgetRecords(decoded, decoded + DECODED_PAGE_BYTES);
        else this.forgetRecords(decoded + (start / 2) * RECORD_BYTES, decoded + Math.ceil(end / 2) * RECORD_BYTES);
      }
    }
  }
  /** Marks a record for decoding. Its other fields stay, since it may be that of the running store, whose operands and size are still needed. */
  private forgetRecords(from: number, to: number): void {
    const { u8, i32 } = this.arena;
    for (let rec = from; rec < to; rec += RECORD_BYTES) {
      i32[rec >> 2] = 0;
      u8[rec + REC.FLAGS] = 0;
    }
  }
  /** Guest address of a decoded record, or -1. Translated code passes the address itself, | 1. */
  addressOfRecord(rec: number): number {
    if (rec & 1) return (rec & ~1) >>> 0;
    for (const [decoded, page] of this.guestOfDecoded)
      if (rec >= decoded && rec < decoded + DECODED_PAGE_BYTES) return ((page << PAGE_BITS) + ((rec - decoded) / RECORD_BYTES) * 2) >>> 0;
    return -1;
  }
  /** Address of the last instruction before the fetch line changed: the source of a branch. */
  lastExecuted(): number {
    return this.addressOfRecord(this.get(S.LAST_REC));
  }

  instructionAt(pc: number): Instruction | null {
    const half = (a: number): number | null => {
      const region = this.regionAt(a);
      return region?.memory && a + 2 <= region.end ? this.caches.codeHalfword(region, a) : this.peek(a, 2);
    };
    const first = half(pc >>> 0);
    if (first === null) return null;
    return this.decoder.decode(first, isWide(first) ? (half((pc + 2) >>> 0) ?? 0) : 0);
  }

  // eslint-disable-next-line complexity -- fetch and decode fault by byte and by half-word, in the order of the bus
  protected decodeAt(pc: number, rec: number): void {
    if ((this.breakpoints.has(pc) || this.idlePoints.has(pc)) && this.passing !== pc) {
      this.arena.u16[rec >> 1] = H_BREAK;
      this.arena.u16[(rec >> 1) + 1] = H_BREAK;
      // in an IT block whose condition fails the stop is skipped with its instruction
      this.arena.u8[rec + REC.SIZE] = isWide(this.peek(pc, 2) ?? 0) ? 4 : 2;
      this.arena.u8[rec + REC.COST] = 0;
      if (this.passed?.pc === pc) this.passed = null;
      return;
    }
    const first = this.fetch(pc);
    const wide = isWide(first);
    const ins = this.decoder.decode(first, wide ? this.fetch(pc + 2) : 0);
    const { u8, u16, i32 } = this.arena;
    if (ins !== null && this.repeats(pc, rec, ins)) return;
    u8[rec + REC.SIZE] = wide ? 4 : 2;
    if (!ins) {
      u16[rec >> 1] = H_UNDEFINED;
      u16[(rec >> 1) + 1] = H_UNDEFINED;
      u8[rec + REC.COST] = 1;
      return;
    }
    const d = ins.decoded;
    const [id, idInIt] = this.handlers.idsOf(d);
    u16[rec >> 1] = id;
    u16[(rec >> 1) + 1] = idInIt;
    u8[rec + REC.A] = d.a ?? 0;
    u8[rec + REC.B] = d.b ?? 0;
    u8[rec + REC.C] = d.c ?? 0;
    u8[rec + REC.D] = d.d ?? 0;
    i32[(rec + REC.IMM) >> 2] = id === H_INSIDE ? packSystemOp(d.op, d) : (d.imm ?? 0);
    const t = this.timing.cycles(ins, pc, this.codeView(pc));
    u8[rec + REC.COST] = t.cost;
    u8[rec + REC.TAKEN] = t.taken;
    if (u8[rec + REC.FLAGS] === 0 && this.tier.isKnown(pc)) u8[rec + REC.FLAGS] = COMES_BACK;
  }
  /**
   * Copies the record from REPEAT_BYTES before if all bytes that matter to the instruction are the same there, as in erased flash; in a run of one half-word the
   * records behind it as well. Not for branches, whose cost may depend on bytes at their target. True if it did.
   */
  private repeats(pc: number, rec: number, ins: Instruction): boolean {
    const { arena } = this;
    const source = this.recordAt(pc - REPEAT_BYTES);
    if (source < 0 || !isPlain(arena, source) || /branch|call/.test(classOf(ins)) || !this.codeIsMemory()) return false;
    const region = this.regionAt(pc)!;
    const { reach } = this.timing;
    const { from, to } = around(pc, reach);
    const host = this.caches.hostAt(pc);
    if (from < region.base || to >= region.end || !repeatsAt(arena, reach, host)) return false;
    copyRecords(arena, rec, source, ins.size === 2 ? Math.max(1, repetitions(arena, reach, host, this.mayCopy(pc, region.end - to))) : 1);
    return true;
  }
  /** Half-words from `pc` on that can be fetched if the first one can: within so many bytes, and up to the next stop. */
  private mayCopy(pc: number, bytes: number): number {
    let most = Math.min(adjacentSources(pc), bytes >> 1);
    for (const at of [...this.breakpoints, ...this.idlePoints]) if (at > pc && at < pc + 2 * most) most = (at - pc) >> 1;
    return mpuEnabled(this.core) || this.system.faultsIn(pc, pc + 2 * most) ? 1 : most;
  }
  /** No cache line holds code older than memory. */
  private codeIsMemory(): boolean {
    return this.stale.count === 0 && (this.l1?.staleLines ?? 0) === 0 && (this.flashCache?.staleRows(KIND.CODE) ?? 0) === 0;
  }
  /**
   * What timing rules may read: bytes, never decoded records, because a cost must not depend on what ran before. Far bytes (branch targets) only in the same page
   * or outside of RAM, where every change is seen.
   */
  protected codeView(pc: number): CodeView {
    const { before, after } = this.timing.reach;
    const region = this.regionAt(pc);
    const inMemory = region?.memory && this.codeIsMemory() ? region : null;
    const visible = (a: number): boolean => {
      const far = this.regionAt(a);
      if (!far?.memory || (a >>> PAGE_BITS !== pc >>> PAGE_BITS && far.memory.row.kind === 'ram')) return false;
      const host = far.memory.host + (a - far.base);
      this.farBytes.set(host, pc);
      this.farByteRead?.(host);
      return true;
    };
    return {
      at: (a) => {
        a >>>= 0;
        if ((a < pc - after - 4 || a > pc + before) && !visible(a)) return null;
        if (inMemory === null || a < inMemory.base || a + 4 > inMemory.end) return this.instructionForTiming(a);
        const { u16 } = this.arena;
        const at = (inMemory.memory!.host + a - inMemory.base) >> 1;
        return this.decoder.decode(u16[at]!, u16[at + 1]!);
      },
      halfword: (a) => {
        const here = this.regionAt(a >>> 0);
        return here?.memory && a >= here.base ? this.caches.codeHalfword(here, a >>> 0) : null;
      },
    };
  }
  /** Instructions whose cost depends on far bytes: by the arena address of such a byte. */
  protected readonly farBytes = new FarBytes();
  /** Instruction at an address of the same or the next page of memory, null where there is none. */
  protected instructionForTiming(pc: number): Instruction | null {
    const region = this.regionAt(pc >>> 0);
    if (!region?.memory || pc + 4 > region.end) return null;
    return this.decoder.decode(this.caches.codeHalfword(region, pc), this.caches.codeHalfword(region, pc + 2));
  }

  // ---- breakpoints of the bench ---------------------------------------------------------------------------------------------------
  protected breakpoints: ReadonlySet<number> = new Set();
  protected passing = -1;
  /** The decoded instruction at the stop that was passed last. Valid while the stop's record is the one that was put back then. */
  protected passed: { readonly pc: number; readonly record: Uint8Array } | null = null;
  protected breakHit = false;
  /** The breakpoint at which the core stands and that it has reported: the next run passes it. */
  protected toldStop = -1;
  /** The instruction at a stop is the next to be executed. */
  protected beginPass(pc: number): void {
    this.passing = pc;
    this.engine?.codeChanged(0, 0);
    const rec = this.recordAt(pc);
    if (rec < 0) return;
    const { u8, u16 } = this.arena;
    if (this.passed?.pc === pc && u16[rec >> 1] === H_BREAK) u8.set(this.passed.record, rec);
    else u8.fill(0, rec, rec + RECORD_BYTES);
  }
  protected endPass(): void {
    const pc = this.passing;
    this.passing = -1;
    this.engine?.codeChanged(0, 0);
    const rec = this.recordAt(pc);
    if (rec < 0) return;
    const { u8, u16 } = this.arena;
    // if the instruction overwrote itself, it is decoded again
    if (u16[rec >> 1] === H_DECODE) return;
    if (!this.idlePoints.has(pc) && !this.breakpoints.has(pc)) return void u8.fill(0, rec, rec + RECORD_BYTES);
    if (this.passed?.pc !== pc) this.passed = { pc, record: new Uint8Array(RECORD_BYTES) };
    this.passed.record.set(u8.subarray(rec, rec + RECORD_BYTES));
    u16[rec >> 1] = H_BREAK;
    u16[(rec >> 1) + 1] = H_BREAK;
    u8[rec + REC.COST] = 0;
  }
  private recordAt(pc: number): number {
    const decoded = this.decodedPages.get(pc >>> PAGE_BITS);
    return decoded === undefined ? -1 : decoded + ((pc & 0xffe) / 2) * RECORD_BYTES;
  }
  setBreakpoints(addresses: ReadonlySet<number>): void {
    this.codeVersion++;
    const before = this.breakpoints;
    for (const a of before) this.dropRecord(a);
    this.breakpoints = addresses;
    for (const a of addresses) {
      this.dropRecord(a);
      this.tier.stop(a);
    }
    for (const a of before) this.tier.unstop(a);
  }
  /** Sets the breakpoints. */
  stopsExactlyAt(addresses: ReadonlySet<number>): boolean {
    return addresses.size === this.breakpoints.size && [...addresses].every((a) => this.breakpoints.has(a));
  }
  stopsAt(pc: number): boolean {
    return this.breakpoints.has(pc);
  }
  get atBreak(): boolean {
    return this.breakHit;
  }
  /** Addresses of known loops: the core stops there so that they can be skipped. */
  protected readonly idlePoints = new Set<number>();
  protected idleHit = false;
  /** Sets the addresses at which the core stops for known loops. */
  setIdlePoints(places: readonly number[]): void {
    const { idlePoints } = this;
    const gone = [...idlePoints].filter((pc) => !places.includes(pc));
    for (const pc of gone) {
      this.dropRecord(pc);
      idlePoints.delete(pc);
    }
    for (const pc of places) {
      if (idlePoints.has(pc)) continue;
      idlePoints.add(pc);
      this.dropRecord(pc);
      this.tier.stop(pc);
    }
    for (const pc of gone) this.tier.unstop(pc);
  }
  takeIdleHit(): boolean {
    const hit = this.idleHit;
    this.idleHit = false;
    return hit;
  }
  /** True once if the core stopped at a breakpoint; the next run passes it. */
  takeBreak(): boolean {
    const hit = this.breakHit;
    this.breakHit = false;
    return hit;
  }
  protected dropRecord(address: number): void {
    this.engine?.codeChanged(0, 0);
    const decoded = this.decodedPages.get(address >>> PAGE_BITS);
    if (decoded !== undefined) {
      const rec = decoded + ((address & 0xffe) / 2) * RECORD_BYTES;
      this.forgetRecords(rec, rec + RECORD_BYTES);
    }
  }
  /** Ends sleep. */
  wake(): void {
    if (this.get(S.HALTED) !== 1) this.set(S.HALTED, 0);
  }
  /** Executes one instruction (two if dual-issued), interrupts included. True if it paused. */
  step(): boolean {
    return this.runUntilCycle(this.cycles() + 1);
  }

  // ---- what a stretch of code touches (steady loops) ---------------------------------------------------------------------------------
  trace(t: AccessTrace | null): void {
    this.tracer = t;
    this.engine?.mappingChanged();
    this.updateTier();
    // pages get no entry while accesses are traced, so none has to be dropped afterwards
    if (t !== null) {
      this.flushReads();
      this.flushWrites();
    }
  }
  /** Adds the cycles, instructions and cache hits of skipped iterations. */
  skip(cycles: number, instructions: number, cacheHits: number): void {
    this.cycleTarget += cycles;
    this.retiredBase += instructions;
    this.set(S.CACHE_HITS, this.get(S.CACHE_HITS) + cacheHits);
  }
}

const decoders = new Map<Profile, Decoder>();
function decoderOf(profile: Profile): Decoder {
  let d = decoders.get(profile);
  if (!d) decoders.set(profile, (d = new Decoder(profile)));
  return d;
}
