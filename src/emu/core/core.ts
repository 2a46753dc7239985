/**
 * One CPU core: the fast path's slow side (memory, fetch, decode), the run loop, and the glue to exceptions and the system control space.
 * All architectural state is in the arena.
 */
import {
  CPU_STRIDE, DECODED_PAGE_BYTES, fetchTableOf, PAGE_BITS, PAGE_SIZE, readTableOf, RECORD_BYTES, WORD_MAP, writeTableOf, type Arena,
} from '../arena.ts';
import type { CoreRow } from '../chip.ts';
import { BUS_ERROR } from '../component.ts';
import type { Memory, Region, System } from '../system.ts';
import { clockCount, clockTimeOf, mulDivCeil, type Ps } from '../time.ts';
import { PROFILES, type Profile } from './builder.ts';
import { GuestFault, type Cpu, type FaultKind } from './cpu.ts';
import { Decoder, isWide, type Instruction } from './decode.ts';
import type { CpuEngine, EngineHost } from './engine.ts';
import { exceptionReturn, lazyFpSave, raise, resetCore, takePending } from './exceptions.ts';
import { Handlers, H_BREAK, H_UNDEFINED } from './handlers.ts';
import { HELPERS } from './helpers.ts';
import { buildInterpreter, ENTRY_FAST, ENTRY_FLASH, REC } from './interpreter.ts';
import './isa/index.ts';
import { defaultExecuteNever, mpuAllows, mpuCacheable, mpuEnabled, mpuUniform } from './mpu.ts';
import { pendNmi, peekScs, readScs, setIrqLevel, writeScs } from './scs.ts';
import { EXIT, S } from './state.ts';
import { SYSTEM_OPS } from './system-ops.ts';
import { sysTickDue } from './systick.ts';
import { FarLooks, timingOf, type CodeView, type TimingModel } from './timing.ts';
import type { Surroundings } from './translate/emit.ts';
import type { CodeSource } from './translate/region.ts';
import { Tier } from './translate/tier.ts';

/** What a core tells the machine. */
export interface CoreListener {
  /** Control is about to reach code of another zone. Throwing `Pause` stops before that instruction. */
  zoneChange(core: Core, from: Zone, to: Zone, pc: number): void;
  special(core: Core, register: string, old: number, value: number): void;
  /** Around a write to a block or to a memory that a block programs; register changes in between are this core's. */
  beginAccess(core: Core): void;
  endAccess(): void;
  /** A write to a block has been made (after it, with the value written). */
  deviceWrite(core: Core, address: number, size: number, value: number): void;
  semihosting(core: Core): boolean;
  debuggerAttached(core: Core): boolean;
  console(channel: string, text: string): void;
  note(kind: string, text: string): void;
  requestReset(by: 'software' | 'core', core: Core): void;
  sendEvent(core: Core): void;
  exceptionTaken(core: Core, exception: number, handler: number, interruptedPc: number): void;
  exceptionReturned(core: Core, exception: number, pc: number): void;
  /** An access or an instruction faulted; the exception is taken next. */
  faulted(core: Core, kind: FaultKind, address: number | null, pc: number): void;
  lockup(core: Core, reason: string): void;
  /** May change an address, a value, or drop a write (diagnosis by repair). Null while unused. */
  readonly intercept: Interceptor | null;
  /** As `intercept`, for machines in which it differs by core. */
  interceptOf?(core: Core): Interceptor | null;
}
export interface Interceptor {
  read?(core: Core, address: number, size: number): number | null;
  /** Value to write instead, or null to drop the write. */
  write?(core: Core, address: number, size: number, value: number): number | null;
  special?(core: Core, register: string, old: number, value: number): number;
  /** Guest pages whose accesses must come by here. */
  readonly pages: ReadonlySet<number>;
  /** `write` is asked for every write to a block too. */
  readonly everyDeviceWrite?: boolean;
}
export type Zone = 'user' | 'system' | 'data';

interface FastRange {
  readonly base: number;
  readonly size: number;
  readonly host: number;
}

/** Data accesses of a traced stretch of code. */
export interface AccessTrace {
  /** Size of the access by address. */
  readonly reads: Map<number, number>;
  writes: number;
}

/** Thrown out of the fast path to stop before the instruction at PC. */
export const PAUSE = { pause: true } as const;

const moduleCache = new Map<string, WebAssembly.Module>();
let handlersOnce: Handlers | null = null;
/** Handler numbering, shared by all cores. */
export const theHandlers = (): Handlers => (handlersOnce ??= new Handlers());

/** Prebuilt interpreter modules by `profile:core`, put there by the build; otherwise they are generated on first use. */
export const PREBUILT = new Map<string, Uint8Array<ArrayBuffer>>();

export function interpreterBytes(profile: Profile, core: number): Uint8Array<ArrayBuffer> {
  return PREBUILT.get(`${profile.name}:${core}`) ?? buildInterpreter(profile, core, theHandlers(), HELPERS);
}
function interpreterModule(profile: Profile, core: number): WebAssembly.Module {
  const key = `${profile.name}:${core}`;
  let m = moduleCache.get(key);
  if (!m) moduleCache.set(key, (m = new WebAssembly.Module(interpreterBytes(profile, core))));
  return m;
}

const PROFILE_OF = { 'cortex-m0': 'm0', 'cortex-m4f': 'm4', 'cortex-m33f': 'm33', 'cortex-m7f': 'm7' } as const;
/** Arrivals at a place before it is translated. */
const HOT = 250;
/** The longest stretch without looking up: also what lets V8 replace code that runs in a loop. */
const MAX_SLICE = 200_000;

export class Core implements Cpu {
  readonly row: CoreRow;
  readonly index: number;
  readonly profile: Profile;
  readonly system: System;
  readonly arena: Arena;
  listener: CoreListener;
  /** Zone of the code that runs; fetch entries exist for this zone only. */
  zone: Zone = 'user';
  readonly fault = new GuestFault();
  private readonly base: number;
  private readonly decoder: Decoder;
  private readonly handlers: Handlers;
  private readonly timing: TimingModel;
  private readonly wasmRun: () => number;
  private readonly flashLine: (address: number) => number;
  private readonly readTable: number;
  private readonly writeTable: number;
  private readonly fetchTable: number;
  /** Guest pages with an entry, for flushing. */
  private readonly readPages: number[] = [];
  private readonly writePages: number[] = [];
  /** Decoded pages by guest page, and guest page by decoded page. */
  private readonly decodedPages = new Map<number, number>();
  private readonly guestOfDecoded = new Map<number, number>();
  /** Host pages that hold decoded code, with the guest pages they were decoded at. */
  private readonly codeHostPages = new Map<number, Set<number>>();
  private readonly sysTickSlot: number;
  /** cycles() = cycleTarget - BUDGET. */
  private cycleTarget = 0;
  private irqDirty = true;
  /** Instructions executed, without RETIRED. */
  private retiredBase = 0;
  private pcChanged = false;
  /** `retired()` when the core last left reset. */
  retiredAtReset = 0;

  constructor(system: System, row: CoreRow, index: number, listener: CoreListener) {
    this.system = system;
    this.arena = system.arena;
    this.row = row;
    this.index = index;
    this.listener = listener;
    this.profile = PROFILES[PROFILE_OF[row.type]];
    this.base = index * CPU_STRIDE;
    this.readTable = readTableOf(index) >> 2;
    this.writeTable = writeTableOf(index) >> 2;
    this.fetchTable = fetchTableOf(index) >> 2;
    this.decoder = decoderOf(this.profile);
    this.handlers = theHandlers();
    this.timing = timingOf(this.profile);
    this.sysTickSlot = system.addTimer(`${row.name}.systick`, () => sysTickDue(this));
    const fpscr = { get: () => this.get(S.FPSCR), set: (v: number) => this.set(S.FPSCR, v) };
    const helpers = Object.fromEntries(Object.entries(HELPERS).map(([name, h]) => [name, h.make(fpscr)]));
    this.helpers = helpers;
    this.tier = new Tier(this.arena);
    const instance = new WebAssembly.Instance(interpreterModule(this.profile, index), {
      env: {
        memory: this.arena.memory,
        regions: this.tier.table,
        hot: (pc: number, rec: number) => this.translate(pc >>> 0, rec),
        decode: (pc: number, rec: number) => this.decodeAt(pc >>> 0, rec),
        fetch: (pc: number) => this.fetchPage(pc >>> 0),
        read: (address: number, size: 1 | 2 | 4, flags: number) => this.slowRead(address >>> 0, size, flags),
        write: (address: number, size: 1 | 2 | 4, value: number, flags: number) => this.slowWrite(address >>> 0, size, value, flags),
        ...helpers,
      },
    });
    this.wasmRun = instance.exports['run'] as () => number;
    this.flashLine = instance.exports['flashLine'] as (address: number) => number;
    this.tier.setStub(instance.exports['stub']);
    this.set(S.LINE, 1);
    this.set(S.CACHE_WAYS, 2);
  }

  // ---- translated tier -------------------------------------------------------------------------------------------------------------
  readonly tier: Tier;
  private readonly helpers: Record<string, (...args: never[]) => number | bigint>;
  /** Off: everything runs in the interpreter tier. Nothing else may differ. */
  private translating = true;
  private hotAt = HOT;
  /** Arrivals by a branch after which a place is translated (1…250), or off: everything runs in the interpreter tier. Nothing else may differ. */
  setTranslating(on: boolean, hotAt = HOT): void {
    this.translating = on;
    this.hotAt = hotAt;
    this.updateFast();
  }
  /** Fast RAM and flash of translated code, and whether it may run at all. */
  private updateFast(): void {
    const plain = this.tracer === null && !mpuEnabled(this);
    const watched = (m: { base: number; size: number }): boolean => {
      for (const page of this.intercept?.pages ?? []) {
        const a = page * PAGE_SIZE;
        if (a < m.base + m.size && a + PAGE_SIZE > m.base) return true;
      }
      return false;
    };
    const { ram, flash } = this.fastMemories();
    this.set(S.FAST_RAM, plain && !watched(ram) ? ram.size : 0);
    this.set(S.FAST_FLASH, plain && !watched(flash) ? flash.size : 0);
    this.set(S.HOT, this.hotAt);
    this.set(S.TIER, this.translating && plain ? 1 : 0);
  }
  private fastRanges: { ram: FastRange; flash: FastRange } | null = null;
  /** The longest run of RAM that is contiguous in the address space and in the arena, and the first flash. */
  private fastMemories(): { ram: FastRange; flash: FastRange } {
    if (this.fastRanges) return this.fastRanges;
    const none: FastRange = { base: 0, size: 0, host: 0 };
    let best = none;
    let run = none;
    for (const m of [...this.system.memories].sort((a, b) => a.row.base - b.row.base)) {
      if (m.row.core !== undefined && m.row.core !== this.row.name) continue;
      if (m.row.kind !== 'ram' || m.row.guardedBy || (m.host & 0xfff) !== (m.row.base & 0xfff)) continue;
      run = run.size > 0 && run.base + run.size === m.row.base && run.host + run.size === m.host
        ? { ...run, size: run.size + m.row.size }
        : { base: m.row.base, size: m.row.size, host: m.host };
      if (run.size > best.size) best = run;
    }
    const f = this.system.memories.find((m) => m.row.kind === 'flash' && m.row.zone === 'user' && !m.row.guardedBy);
    return (this.fastRanges = { ram: best, flash: f ? { base: f.row.base, size: f.row.size, host: f.host } : none });
  }
  private translate(pc: number, rec: number): void {
    const page = (a: number): number | undefined => this.decodedPages.get(a >>> PAGE_BITS);
    const recordOf = (a: number): number => {
      const decoded = page(a);
      return decoded === undefined ? 0 : decoded + ((a & 0xffe) / 2) * RECORD_BYTES;
    };
    const zone = this.zone;
    const source: CodeSource = {
      profile: this.profile,
      instruction: (a) => {
        const record = recordOf(a);
        if (record === 0 || this.zoneAt(a) !== zone) return null;
        const handler = this.arena.u16[record >> 1]!;
        if (handler === 0 || handler === H_UNDEFINED || handler === H_BREAK || this.breakpoints.has(a) || a === this.idlePc) return null;
        return this.instructionAt(a);
      },
      codeByte: (a) => this.peek(a, 1) ?? 0,
    };
    const mode = this.get(S.FETCH_MODE);
    const { ram, flash } = this.fastMemories();
    const region = this.regionAt(pc)!;
    const memory = region.memory!;
    const env: Surroundings = {
      profile: this.profile, core: this.index, cpu: this.base,
      cycles: ({ pc: at, ins }) => this.timing.cycles(ins, at, this.codeView(at)),
      literal: (a, size) => {
        const m = this.regionAt(a)?.memory;
        if (!m || m.row.kind === 'ram' || m.row.guardedBy || (a & (size - 1)) !== 0 || this.intercept?.pages.has(a >>> PAGE_BITS)) return null;
        if (!m.row.waitStates && mode !== 0) return null;
        return this.system.loadHost(m.host + (a - this.regionAt(a)!.base), size);
      },
      ram, flash,
      fetch: mode as 0 | 1 | 2,
      waitStates: mode === 0 ? 0 : this.get(S.WAIT_STATES),
      timedCode: memory.row.waitStates === true && mode !== 0,
      slotOf: (a) => this.tier.slotOf(a),
      recordOf,
      helpers: HELPERS,
    };
    this.tier.compile(pc, rec, source, env, { ...this.helpers, flashLine: this.flashLine } as unknown as WebAssembly.ModuleImports, (a) => memory.host + (a - region.base));
  }

  // ---- state -------------------------------------------------------------------------------------------------------------------
  get(offset: number): number { return this.arena.i32[(this.base + offset) >> 2]! >>> 0; }
  set(offset: number, value: number): void { this.arena.i32[(this.base + offset) >> 2] = value; }
  getByte(offset: number): number { return this.arena.u8[this.base + offset]!; }
  setByte(offset: number, value: number): void { this.arena.u8[this.base + offset] = value; }
  getFloat(offset: number): number { return this.arena.view.getFloat64(this.base + offset, true); }
  setFloat(offset: number, value: number): void { this.arena.view.setFloat64(this.base + offset, value, true); }
  // ---- another engine --------------------------------------------------------------------------------------------------------------
  private engine: CpuEngine | null = null;
  /** Another engine for straight code; the core still does everything that is not. */
  useEngine(make: (host: EngineHost) => CpuEngine): void {
    this.setTranslating(false);
    this.engine = make({
      arena: this.arena, profile: this.profile, stateBase: this.base,
      get: (offset) => this.get(offset),
      set: (offset, value) => this.set(offset, value),
      regions: () => this.system.regionsOf(this.index),
      watchedPages: () => this.listener.intercept?.pages ?? new Set(),
      instructionAt: (pc) => this.instructionAt(pc),
      plainAt: (pc) => !this.breakpoints.has(pc) && pc !== this.idlePc && this.zoneAt(pc) === this.zone,
      plainAccesses: () => this.tracer === null && !mpuEnabled(this),
      runOwn: () => {
        const left = this.arena.i32[(this.base + S.BUDGET) >> 2]!;
        this.cycleTarget -= left - 1;
        this.set(S.BUDGET, 1);
        return this.wasmRun();
      },
      ramWillChange: (host, bytes) => {
        this.onMemoryWrite(host, bytes);
        this.arena.u8.fill(1, WORD_MAP + (host >>> 2), WORD_MAP + ((host + bytes) >>> 2));
      },
    });
  }
  /** Copy of the architectural words, for comparing states. */
  stateWords(): Uint32Array { return this.arena.u32.slice(this.base >> 2, (this.base + 0x200) >> 2); }
  get pc(): number { return this.get(S.PC); }

  // ---- time --------------------------------------------------------------------------------------------------------------------
  cycles(): number { return this.cycleTarget - this.arena.i32[(this.base + S.BUDGET) >> 2]!; }
  spend(cycles: number): void { this.arena.i32[(this.base + S.BUDGET) >> 2]! -= cycles; }
  now(): Ps { return clockTimeOf(this.system.clock(this.row.clock), this.cycles()); }
  retired(): number { return this.retiredBase + this.get(S.RETIRED); }
  clockCount(clock: string): number {
    return clock === this.row.clock ? this.cycles() : clockCount(this.system.clock(clock), this.now());
  }
  clockTimeOf(clock: string, count: number): Ps { return clockTimeOf(this.system.clock(clock), count); }
  clockRunning(clock: string): boolean { return this.system.clock(clock).rate !== null; }
  armTimer(_name: 'systick', due: Ps): void {
    if (due === Infinity) this.system.scheduler.disarm(this.sysTickSlot);
    else this.system.scheduler.arm(this.sysTickSlot, due);
    this.cut();
  }
  disarmTimer(): void { this.system.scheduler.disarm(this.sysTickSlot); }
  /** Makes the run loop look up before the next instruction, keeping the cycle count. */
  cut(): void {
    const left = this.arena.i32[(this.base + S.BUDGET) >> 2]!;
    if (left > 0) {
      this.cycleTarget -= left;
      this.set(S.BUDGET, 0);
    }
  }
  interruptsChanged(): void {
    this.irqDirty = true;
    this.cut();
  }
  /** The clock's rate changed or time passed without this core: its count goes on from the clock's. */
  syncClock(now: Ps): void {
    this.cycleTarget = clockCount(this.system.clock(this.row.clock), now);
    this.set(S.BUDGET, 0);
  }

  // ---- listener ----------------------------------------------------------------------------------------------------------------
  changed = (register: string, old: number, value: number): void => this.listener.special(this, register, old, value);
  note(kind: string, text: string): void { this.listener.note(kind, text); }
  requestReset(by: 'software' | 'core'): void {
    this.listener.requestReset(by, this);
    this.cut();
  }
  semihosting(): boolean { return this.listener.semihosting(this); }
  debuggerAttached(): boolean { return this.listener.debuggerAttached(this); }
  console(channel: string, text: string): void { this.listener.console(channel, text); }
  sendEvent(): void { this.listener.sendEvent(this); }
  exceptionTaken(exception: number, handler: number, interruptedPc: number): void {
    this.listener.exceptionTaken(this, exception, handler, interruptedPc);
  }
  exceptionReturned(exception: number, pc: number): void { this.listener.exceptionReturned(this, exception, pc); }
  lockup(reason: string): void {
    this.set(S.HALTED, 1);
    this.cut();
    this.listener.lockup(this, reason);
  }
  irq(line: number, level: boolean): void {
    setIrqLevel(this, line, level);
  }

  // ---- reset -------------------------------------------------------------------------------------------------------------------
  /** Core reset: vector table at `vtor`; caches and decoded code of the fetch path are dropped. */
  reset(vtor: number, power: boolean): void {
    const cyclesNow = this.cycles();
    const keep = power ? null : this.arena.u8.slice(this.base + S.CACHE_TAGS, this.base + S.NVIC_ENABLED);
    const retiredNow = power ? 0 : this.retired();
    this.arena.u8.fill(0, this.base, this.base + CPU_STRIDE);
    if (keep) this.arena.u8.set(keep, this.base + S.CACHE_TAGS);
    this.retiredBase = retiredNow;
    this.retiredAtReset = retiredNow;
    this.cycleTarget = power ? 0 : cyclesNow;
    this.set(S.CACHE_WAYS, 2);
    this.applyFlashTiming();
    this.flushTables();
    this.irqDirty = true;
    this.disarmTimer();
    this.byHardware(() => resetCore(this, vtor));
  }

  // ---- flash timing ------------------------------------------------------------------------------------------------------------
  private flashTiming = { waitStates: 0, cache: false, sets: 256, ways: 2 };
  /** Wait states per flash line and instruction cache, as the chip's flash and cache controllers say. */
  setFlashTiming(t: { waitStates: number; cache: boolean; sets: number; ways: number }): void {
    this.flashTiming = { ...t };
    this.applyFlashTiming();
  }
  private applyFlashTiming(): void {
    const t = this.flashTiming;
    const mode = t.cache ? 2 : t.waitStates > 0 ? 1 : 0;
    if (this.get(S.FETCH_MODE) !== mode) this.flushReads();
    this.set(S.FETCH_MODE, mode);
    this.set(S.WAIT_STATES, t.waitStates);
    this.set(S.CACHE_SET_MASK, t.sets - 1);
    this.set(S.CACHE_WAYS, t.ways);
    this.set(S.LINE, 1);
    this.set(S.CHARGED, 0);
    // cycles are part of translated code
    this.tier.dropAll();
    this.updateFast();
  }
  invalidateCache(): void {
    this.arena.u8.fill(0, this.base + S.CACHE_TAGS, this.base + S.NVIC_ENABLED);
    this.set(S.LINE, 1);
    this.set(S.CHARGED, 0);
  }

  // ---- page tables -------------------------------------------------------------------------------------------------------------
  private flushReads(): void {
    for (const page of this.readPages.splice(0)) this.arena.i32[this.readTable + page] = 0;
  }
  /** Drops the fast entries of everything: rights, zones or mappings changed. Decoded code stays. */
  flushTables(): void {
    this.engine?.mappingChanged();
    this.flushReads();
    for (const page of this.writePages.splice(0)) this.arena.i32[this.writeTable + page] = 0;
    this.flushFetch();
  }
  flushFetch(): void {
    this.updateFast();
    for (const page of this.decodedPages.keys()) this.arena.i32[this.fetchTable + page] = 0;
    this.set(S.LINE, 1);
  }
  rightsChanged(): void { this.flushTables(); }
  /** Write entries go when a checkpoint is taken, so that the next store to each page is seen. */
  flushWrites(): void {
    this.engine?.checkpointTaken();
    for (const page of this.writePages.splice(0)) this.arena.i32[this.writeTable + page] = 0;
  }
  /** Guest pages with an interceptor must not be fast. */
  interceptChanged(): void { this.flushTables(); }

  private throwFault(kind: FaultKind, address: number): never {
    this.fault.kind = kind;
    this.fault.address = address >>> 0;
    throw this.fault;
  }
  private regionAt(address: number): Region | null { return this.system.regionAt(address, this.index); }
  private get intercept(): Interceptor | null {
    return this.listener.interceptOf ? this.listener.interceptOf(this) : this.listener.intercept;
  }

  /** The core's own part of the private peripheral bus; a chip may have a block of its own there (DBGMCU). */
  private isScs(address: number): boolean {
    return address >= 0xe0000000 && address < 0xe0100000 && (address < 0xe0042000 || !this.regionAt(address)?.block);
  }
  private privileged(): boolean { return this.get(S.IPSR) !== 0 || (this.get(S.CONTROL) & 1) === 0; }

  // ---- data ----------------------------------------------------------------------------------------------------------------------
  read(address: number, size: 1 | 2 | 4, privileged?: boolean): number {
    return this.slowRead(address >>> 0, size, 0, privileged ?? this.privileged()) >>> 0;
  }
  write(address: number, size: 1 | 2 | 4, value: number, privileged?: boolean): void {
    this.slowWrite(address >>> 0, size, value, 0, privileged ?? this.privileged());
  }

  /** Private peripheral bus of the core; a chip may put blocks of its own there (DBGMCU). */
  private isPrivateBus(address: number): boolean {
    return address >= 0xe0000000 && address < 0xe0100000 && (address < 0xe0042000 || this.regionAt(address) === null);
  }
  private checkAlignment(address: number, size: number, flags: number): void {
    if ((flags & 1) !== 0 || this.profile.arch === 'v6m' || (this.get(S.CCR) & 8) !== 0) this.throwFault('unaligned', address);
    if (size > 1 && this.profile.arch === 'v8m' && this.regionAt(address)?.block) this.throwFault('unaligned', address);
  }

  private slowRead(address: number, size: 1 | 2 | 4, flags: number, privileged = (flags & 2) === 0 && this.privileged()): number {
    if ((address & (size - 1)) !== 0) {
      this.checkAlignment(address, size, flags);
      let value = 0;
      let i = 0;
      // naturally aligned pieces, as the bus sees them
      while (i < size) {
        const piece = ((address + i) & 1) !== 0 || size - i < 2 ? 1 : 2;
        value |= this.slowRead((address + i) >>> 0, piece, 0, privileged) << (8 * i);
        i += piece;
      }
      this.spend(this.timing.unaligned('load', address, size as 2 | 4));
      return value;
    }
    this.traceRead(address, size);
    if (this.isPrivateBus(address)) {
      this.system.now = this.now();
      return readScs(this, address, size, privileged);
    }
    if (mpuEnabled(this) && !mpuAllows(this, address, 'read', privileged)) this.throwFault('mem-data', address);
    const reader = this.intercept;
    const intercepted = reader?.pages.has(address >>> PAGE_BITS) ? reader.read?.(this, address, size) : null;
    if (intercepted !== null && intercepted !== undefined) return intercepted;
    const region = this.regionAt(address);
    if (region === null || address + size > region.end || this.system.isFaulting(address)) this.throwFault('bus-data', address);
    if (region.block) {
      const system = this.system;
      system.now = this.now();
      const value = system.readBlock(region.block, address, size);
      if (value === BUS_ERROR) this.throwFault('bus-data', address);
      this.afterDevice();
      return value;
    }
    const memory = region.memory!;
    if (memory.row.guardedBy) {
      this.system.now = this.now();
      const value = this.system.guarded(memory, address - region.base, size, mpuCacheable(this, address));
      if (value === BUS_ERROR) this.throwFault('bus-data', address);
      return value;
    }
    const host = memory.host + (address - region.base);
    const timed = memory.row.waitStates === true && this.get(S.FETCH_MODE) !== 0;
    if (memory.row.kind === 'ram' && this.arena.u8[WORD_MAP + (host >>> 2)] === 0) {
      this.arena.u8[WORD_MAP + (host >>> 2)] = 2;
      this.set(S.UNINITIALISED, this.get(S.UNINITIALISED) + 1);
    }
    this.fillRead(address, region, timed);
    if (timed) this.spend(this.flashLine(address));
    return this.system.loadHost(host, size);
  }

  private traceRead(address: number, size: 1 | 2 | 4): void {
    const reads = this.tracer?.reads;
    if (reads && (reads.get(address) ?? 0) < size) reads.set(address, size);
  }
  /** Storing what is there already changes nothing as long as it is there: as good as a read. */
  private traceWrite(region: Region, address: number, size: 1 | 2 | 4, value: number): void {
    const m = region.memory;
    const same = m?.row.kind === 'ram' && !m.row.guardedBy && !this.intercept?.pages.has(address >>> PAGE_BITS)
      && this.system.loadHost(m.host + (address - region.base), size) === value;
    if (same) this.traceRead(address, size);
    else this.tracer!.writes++;
  }
  private fillRead(address: number, region: Region, timed: boolean): void {
    const page = address >>> PAGE_BITS;
    if (!this.wholePage(page, region, 'read')) return;
    const delta = (region.memory!.host - region.base) | 0;
    this.arena.i32[this.readTable + page] = (delta & ~0xfff) | (timed ? ENTRY_FLASH : ENTRY_FAST);
    this.readPages.push(page);
  }
  /** A page may be fast if it lies in one memory, has one set of rights, and nobody intercepts it. */
  private wholePage(page: number, region: Region, access: 'read' | 'write'): boolean {
    if (this.tracer) return false;
    const start = (page << PAGE_BITS) >>> 0;
    if (start < region.base || start + PAGE_SIZE > region.end) return false;
    if (((region.memory!.host - region.base) & 0xfff) !== 0) return false;
    if (mpuEnabled(this) && !mpuUniform(this, start, access)) return false;
    return !this.intercept?.pages.has(page);
  }

  private slowWrite(address: number, size: 1 | 2 | 4, value: number, flags: number, privileged = (flags & 2) === 0 && this.privileged()): void {
    if ((address & (size - 1)) !== 0) {
      this.checkAlignment(address, size, flags);
      let i = 0;
      while (i < size) {
        const piece = ((address + i) & 1) !== 0 || size - i < 2 ? 1 : 2;
        this.slowWrite((address + i) >>> 0, piece, value >>> (8 * i), 0, privileged);
        i += piece;
      }
      this.spend(this.timing.unaligned('store', address, size as 2 | 4));
      return;
    }
    value = size === 4 ? value >>> 0 : value & (size === 2 ? 0xffff : 0xff);
    if (this.isPrivateBus(address)) {
      if (this.tracer) this.tracer.writes++;
      this.system.now = this.now();
      writeScs(this, address, size, value, privileged);
      this.afterDevice();
      return;
    }
    if (mpuEnabled(this) && !mpuAllows(this, address, 'write', privileged)) this.throwFault('mem-data', address);
    const hook = this.intercept;
    const region = this.regionAt(address);
    if (hook?.write && (hook.pages.has(address >>> PAGE_BITS) || (hook.everyDeviceWrite && region?.block))) {
      const replaced = hook.write(this, address, size, value);
      if (replaced === null) return;
      value = replaced;
    }
    if (region === null || address + size > region.end) this.throwFault('bus-data', address);
    const system = this.system;
    if (this.tracer) this.traceWrite(region, address, size, value);
    if (region.block) {
      system.now = this.now();
      this.listener.beginAccess(this);
      const answer = system.writeBlock(region.block, address, size, value);
      this.listener.endAccess();
      if (answer === BUS_ERROR) this.throwFault('bus-data', address);
      this.listener.deviceWrite(this, address, size, value);
      this.afterDevice();
      return;
    }
    const memory = region.memory!;
    if (memory.row.kind !== 'ram') {
      system.now = this.now();
      this.listener.beginAccess(this);
      const answer = system.writeMemory(region, address, size, value);
      this.listener.endAccess();
      if (answer === BUS_ERROR) this.throwFault('bus-data', address);
      this.listener.deviceWrite(this, address, size, value);
      this.afterDevice();
      return;
    }
    const host = memory.host + (address - region.base);
    this.onMemoryWrite(host, size);
    system.storeHost(host, size, value);
    this.fillWrite(address, region);
  }
  /** The other cores on the same memories: what they have decoded must not be written behind their back. */
  peers: readonly Core[] = [];
  /** Told before RAM changes through the slow path; the machine marks the page for snapshots. */
  onMemoryWrite: (host: number, size: number) => void = () => {};

  private fillWrite(address: number, region: Region): void {
    const page = address >>> PAGE_BITS;
    const hostPage = (region.memory!.host + (address - region.base)) >>> PAGE_BITS;
    if (this.codeHostPages.has(hostPage) || this.peers.some((p) => p.codeHostPages.has(hostPage)) || !this.wholePage(page, region, 'write')) return;
    const delta = (region.memory!.host - region.base) | 0;
    this.arena.i32[this.writeTable + page] = (delta & ~0xfff) | ENTRY_FAST;
    this.writePages.push(page);
  }

  /** After a device access: a new earlier event, a reset or an interrupt ends the slice. */
  private afterDevice(): void {
    const left = this.arena.i32[(this.base + S.BUDGET) >> 2]!;
    if (left > 0 && this.system.scheduler.next < clockTimeOf(this.system.clock(this.row.clock), this.cycleTarget)) this.cut();
  }

  /** Read without side effects, as a debugger sees it; null where nothing answers. */
  peek(address: number, size: 1 | 2 | 4): number | null {
    address >>>= 0;
    if (this.isPrivateBus(address)) return peekScs(this, address, size);
    const region = this.regionAt(address);
    if (!region || address + size > region.end) return null;
    if (region.memory) return this.system.loadHost(region.memory.host + (address - region.base), size);
    const b = region.block!;
    const v = (b.component.peek ?? b.component.read)?.call(b.component, b.state, b.env, address - b.row.base, size) ?? 0;
    return v === BUS_ERROR ? null : v;
  }

  // ---- fetch and decode ------------------------------------------------------------------------------------------------------------
  fetch(address: number): number {
    // rights come first: an unmapped address that must not be executed is a MemManage fault
    const executable = mpuEnabled(this) ? mpuAllows(this, address, 'fetch', this.privileged()) : !defaultExecuteNever(address);
    if (!executable) this.throwFault('mem-fetch', address);
    const region = this.regionAt(address);
    if (!region?.memory || region.memory.row.zone === 'data' || region.memory.row.guardedBy || this.system.isFaulting(address)) this.throwFault('bus-fetch', address);
    return this.system.loadHost(region.memory.host + (address - region.base), 2);
  }

  /** Zone of the code at an address, null where nothing can be fetched. */
  zoneAt(address: number): Zone | null {
    return this.regionAt(address >>> 0)?.memory?.row.zone ?? null;
  }

  /** Tells the machine when `pc` lies in another zone than the code before it. */
  enterZone(pc: number): void {
    const zone = this.zoneAt(pc);
    if (zone !== null && zone !== this.zone) {
      const from = this.zone;
      this.zone = zone;
      this.flushFetch();
      this.listener.zoneChange(this, from, zone, pc);
    }
  }

  private fetchPage(pc: number): void {
    const page = pc >>> PAGE_BITS;
    this.enterZone(pc);
    this.fetch(pc & ~1);
    let decoded = this.decodedPages.get(page);
    const region = this.regionAt(pc)!;
    const memory = region.memory!;
    if (decoded === undefined || this.unbound.delete(page)) {
      decoded ??= this.arena.takeDecodedPage();
      if (decoded === 0) {
        this.dropAllDecoded();
        decoded = this.arena.takeDecodedPage();
      }
      this.decodedPages.set(page, decoded);
      this.guestOfDecoded.set(decoded, page);
      const hostPage = this.hostPageOf(memory, region, page);
      let set = this.codeHostPages.get(hostPage);
      if (!set) this.codeHostPages.set(hostPage, (set = new Set()));
      set.add(page);
      // stores to this page have to come by the slow path from now on
      for (const base of this.system.basesOf(memory, this.index)) {
        const guest = (base + ((hostPage << PAGE_BITS) - memory.host)) >>> PAGE_BITS;
        this.arena.i32[this.writeTable + guest] = 0;
      }
      for (const peer of this.peers) peer.flushWrites();
    }
    this.arena.i32[this.fetchTable + page] = decoded | (memory.row.waitStates ? ENTRY_FLASH : 0);
  }
  /** Guest pages whose decoded records are empty and belong to no host page: another memory shows there than before. */
  private readonly unbound = new Set<number>();
  /** The chip's remapped place shows another memory: what was decoded or looked up there no longer holds. */
  remapped(base: number): void {
    for (const [page, decoded] of this.decodedPages) {
      if (page < base >>> PAGE_BITS || page > (base + this.remapSpan - 1) >>> PAGE_BITS) continue;
      this.arena.u8.fill(0, decoded, decoded + DECODED_PAGE_BYTES);
      for (const pages of this.codeHostPages.values()) pages.delete(page);
      this.unbound.add(page);
    }
    this.tier.dropAll();
    this.flushTables();
    this.cut();
  }
  private get remapSpan(): number {
    const shows = Object.values(this.system.chip.remap?.shows ?? {});
    return this.system.memories.reduce((n, m) => (shows.includes(m.row.name) ? Math.max(n, m.row.size) : n), 0);
  }
  private hostPageOf(memory: Memory, region: Region, page: number): number {
    return (memory.host + ((page << PAGE_BITS) >>> 0) - region.base) >>> PAGE_BITS;
  }
  private dropAllDecoded(): void {
    this.tier.dropAll();
    this.flushFetch();
    for (const decoded of this.decodedPages.values()) this.arena.freeDecodedPage(decoded);
    this.decodedPages.clear();
    this.guestOfDecoded.clear();
    this.codeHostPages.clear();
    this.unbound.clear();
  }

  /** Bytes of the arena have changed or are about to: decoded instructions that overlap are dropped. */
  invalidateCode(host: number, length: number): void {
    this.engine?.codeChanged(true);
    if (this.codeHostPages.size === 0) return;
    // an instruction of four bytes, and those around whose cost looks at it
    const { before, after } = this.timing.reach;
    const from = host - 8 - before;
    const to = host + length + after;
    this.tier.invalidate(from, to - from);
    for (const pc of this.farLooks.take(host - 3, host + length)) this.dropRecord(pc);
    for (let hostPage = from >>> PAGE_BITS; hostPage <= (to - 1) >>> PAGE_BITS; hostPage++) {
      const pages = this.codeHostPages.get(hostPage);
      if (!pages) continue;
      const start = Math.max(from, hostPage << PAGE_BITS) & 0xffe;
      const end = Math.min(to, (hostPage + 1) << PAGE_BITS) - (hostPage << PAGE_BITS);
      for (const page of pages) {
        const decoded = this.decodedPages.get(page)!;
        this.arena.u8.fill(0, decoded + (start / 2) * RECORD_BYTES, decoded + Math.ceil(end / 2) * RECORD_BYTES);
      }
    }
  }
  /** Guest address of a decoded record, or -1. */
  addressOfRecord(rec: number): number {
    for (const [decoded, page] of this.guestOfDecoded)
      if (rec >= decoded && rec < decoded + DECODED_PAGE_BYTES) return ((page << PAGE_BITS) + ((rec - decoded) / RECORD_BYTES) * 2) >>> 0;
    return -1;
  }
  /** Address of the instruction that ran last before the line changed (source of a branch). */
  lastExecuted(): number {
    return this.addressOfRecord(this.get(S.LAST_REC));
  }

  instructionAt(pc: number): Instruction | null {
    const first = this.peek(pc, 2);
    if (first === null) return null;
    return this.decoder.decode(first, isWide(first) ? (this.peek(pc + 2, 2) ?? 0) : 0);
  }

  private decodeAt(pc: number, rec: number): void {
    if ((this.breakpoints.has(pc) || this.idlePc === pc) && this.passing !== pc) {
      this.arena.u16[rec >> 1] = H_BREAK;
      this.arena.u16[(rec >> 1) + 1] = H_BREAK;
      this.arena.u8[rec + REC.SIZE] = 2;
      this.arena.u8[rec + REC.COST] = 0;
      return;
    }
    const first = this.fetch(pc);
    const wide = isWide(first);
    const ins = this.decoder.decode(first, wide ? this.fetch(pc + 2) : 0);
    const { u8, u16, i32 } = this.arena;
    u8[rec + REC.SIZE] = wide ? 4 : 2;
    if (!ins) {
      u16[rec >> 1] = H_UNDEFINED;
      u16[(rec >> 1) + 1] = H_UNDEFINED;
      u8[rec + REC.COST] = 1;
      return;
    }
    const d = ins.decoded;
    u16[rec >> 1] = this.handlers.idOf(d, false);
    u16[(rec >> 1) + 1] = this.handlers.idOf(d, true);
    u8[rec + REC.A] = d.a ?? 0;
    u8[rec + REC.B] = d.b ?? 0;
    u8[rec + REC.C] = d.c ?? 0;
    u8[rec + REC.D] = d.d ?? 0;
    i32[(rec + REC.IMM) >> 2] = d.imm ?? 0;
    const t = this.timing.cycles(ins, pc, this.codeView(pc));
    u8[rec + REC.COST] = t.cost;
    u8[rec + REC.TAKEN] = t.taken;
  }
  /**
   * What the timing rules may look at: bytes, never what has been decoded, because a cost must not depend on what ran before. Far away (branch
   * targets) that is only the same page or memory that is not RAM, where every change is seen.
   */
  private codeView(pc: number): CodeView {
    const { before, after } = this.timing.reach;
    const visible = (a: number): boolean => {
      if (a >= pc - after - 4 && a <= pc + before) return true;
      const region = this.regionAt(a);
      if (!region?.memory || (a >>> PAGE_BITS !== pc >>> PAGE_BITS && region.memory.row.kind === 'ram')) return false;
      this.farLooks.set(region.memory.host + (a - region.base), pc);
      return true;
    };
    return {
      at: (a) => (visible(a >>> 0) ? this.lookAt(a >>> 0) : null),
      halfword: (a) => {
        const region = this.regionAt(a >>> 0);
        return region?.memory && a >= region.base ? this.system.loadHost(region.memory.host + ((a >>> 0) - region.base), 2) : null;
      },
    };
  }
  /** Instructions whose cost hangs on bytes far from them: by arena address looked at, where they stand. */
  private readonly farLooks = new FarLooks();
  /** Instruction at an address of the same or the next page of memory, null where there is none. */
  private lookAt(pc: number): Instruction | null {
    const region = this.regionAt(pc >>> 0);
    if (!region?.memory || pc + 4 > region.end) return null;
    const host = region.memory.host + (pc - region.base);
    return this.decoder.decode(this.system.loadHost(host, 2), this.system.loadHost(host + 2, 2));
  }

  // ---- breakpoints of the bench ---------------------------------------------------------------------------------------------------
  private breakpoints: ReadonlySet<number> = new Set();
  private passing = -1;
  private breakHit = false;
  setBreakpoints(addresses: ReadonlySet<number>): void {
    for (const a of this.breakpoints) this.dropRecord(a);
    this.breakpoints = addresses;
    for (const a of addresses) this.dropRecord(a);
  }
  get atBreak(): boolean { return this.breakHit; }
  /** Where a steady loop was found: the core stops there so that the loop can be skipped again. */
  private idlePc = -1;
  private idleHit = false;
  setIdlePoint(pc: number): void {
    if (pc === this.idlePc) return;
    if (this.idlePc >= 0) this.dropRecord(this.idlePc);
    this.idlePc = pc;
    if (pc >= 0) this.dropRecord(pc);
  }
  takeIdleHit(): boolean {
    const hit = this.idleHit;
    this.idleHit = false;
    return hit;
  }
  /** True once if the core stopped at a breakpoint; the next run goes past it. */
  takeBreak(): boolean {
    const hit = this.breakHit;
    this.breakHit = false;
    return hit;
  }
  private dropRecord(address: number): void {
    this.engine?.codeChanged(false);
    const decoded = this.decodedPages.get(address >>> PAGE_BITS);
    if (decoded !== undefined) {
      const rec = decoded + ((address & 0xffe) / 2) * RECORD_BYTES;
      this.arena.u8.fill(0, rec, rec + RECORD_BYTES);
      const region = this.regionAt(address);
      if (region?.memory) this.tier.invalidate(region.memory.host + (address - region.base), 2);
    }
  }
  /** Out of sleep, whatever it waits for. */
  wake(): void {
    if (this.get(S.HALTED) !== 1) this.set(S.HALTED, 0);
  }
  /** Executes one instruction (two if they issue together), interrupts included. True if it paused. */
  step(): boolean {
    return this.runUntilCycle(this.cycles() + 1);
  }

  // ---- what a stretch of code touches (steady loops) ---------------------------------------------------------------------------------
  /** While set, every data access comes by the slow path and is listed. */
  private tracer: AccessTrace | null = null;
  trace(t: AccessTrace | null): void {
    this.tracer = t;
    this.updateFast();
    this.flushTables();
  }
  /** Time passes without instructions: `count` rounds of a loop that changes nothing. */
  skip(cycles: number, instructions: number, cacheHits: number): void {
    this.cycleTarget += cycles;
    this.retiredBase += instructions;
    this.set(S.CACHE_HITS, this.get(S.CACHE_HITS) + cacheHits);
  }

  // ---- running -------------------------------------------------------------------------------------------------------------------
  /** Sleeping or locked up. */
  get halted(): boolean { return this.get(S.HALTED) !== 0; }

  /** Cycle count at which the core's clock first reaches `time`. */
  private cyclesAt(time: Ps): number {
    const c = this.system.clock(this.row.clock);
    if (c.rate === null || time === Infinity) return Infinity;
    if (time <= c.anchor) return c.anchorCount;
    // first count whose edge is at or after `time`: timeOf(count) >= time
    let count = c.anchorCount + Math.floor(((time - c.anchor) * c.periodDen) / c.periodNum);
    while (clockTimeOf(c, count) >= time) count--;
    while (clockTimeOf(c, count) < time) count++;
    return count;
  }

  /** Cycles until a time, 0 if it has come. */
  cyclesUntil(time: Ps): number {
    return Math.max(0, this.cyclesAt(time) - this.cycles());
  }
  /**
   * Runs until `until` (ps) or `maxInstructions` more, whichever is first, or until something outside needs a look: a timer is due,
   * a reset was asked for, PAUSE. Returns true if it paused.
   */
  run(until: Ps): boolean {
    return this.runUntilCycle(this.cyclesAt(until));
  }

  /** Runs for so many cycles, or less if something needs a look. True if it paused. */
  runCycles(cycles: number): boolean {
    return this.runUntilCycle(this.cycles() + cycles);
  }
  private runUntilCycle(limit: number): boolean {
    const now = this.cycles();
    let target = Math.min(limit, now + MAX_SLICE);
    const pass = this.idlePc === this.pc || (this.breakpoints.size > 0 && this.breakpoints.has(this.pc));
    if (pass) {
      this.passing = this.pc;
      this.dropRecord(this.pc);
      target = now + 1;
    }
    try {
      return this.runTo(target, now);
    } finally {
      if (pass) {
        this.dropRecord(this.passing);
        this.passing = -1;
      }
    }
  }

  private runTo(target: number, now: number): boolean {
    this.cycleTarget = target;
    this.set(S.BUDGET, target - now);
    try {
      for (;;) {
        if (this.irqDirty) {
          this.irqDirty = false;
          this.system.now = this.now();
          this.byHardware(() => takePending(this));
        }
        if (this.halted) return false;
        if (this.arena.i32[(this.base + S.BUDGET) >> 2]! <= 0) return false;
        if (this.get(S.T) === 0) this.throwFault('invalid-state', this.get(S.PC));
        this.leave(this.engine === null ? this.wasmRun() : this.engine.run());
      }
    } catch (e) {
      if (e === this.fault) {
        this.takeFault(this.fault);
        return false;
      }
      if (e === PAUSE) return true;
      throw e;
    } finally {
      this.retiredBase += this.get(S.RETIRED);
      this.set(S.RETIRED, 0);
    }
  }

  /** The core itself makes the accesses (stacking, vectors), not an instruction. */
  hardwareAccess = false;
  private byHardware<T>(action: () => T): T {
    this.hardwareAccess = true;
    try {
      return action();
    } finally {
      this.hardwareAccess = false;
    }
  }
  private takeFault(fault: GuestFault): void {
    this.restoreIt();
    this.system.now = this.now();
    const addressed = fault.kind.startsWith('bus') || fault.kind.startsWith('mem') || fault.kind === 'unaligned' || fault.kind === 'invalid-state';
    this.listener.faulted(this, fault.kind, addressed ? fault.address : null, this.get(S.PC));
    try {
      this.byHardware(() => raise(this, fault, this.get(S.PC)));
    } catch (e) {
      if (e !== PAUSE) throw e;
    }
  }
  /** An instruction in an IT block was abandoned: ITSTATE is again what it was before it. */
  private restoreIt(): void {
    if (this.get(S.IT_PC) === this.get(S.PC)) this.set(S.IT, this.get(S.IT_NOW));
    this.set(S.IT_PC, 1);
  }
  private notRetired(): void {
    this.set(S.RETIRED, this.get(S.RETIRED) - 1);
  }

  private leave(reason: number): void {
    switch (reason) {
      case EXIT.BUDGET:
        return;
      case EXIT.SYSTEM: {
        const pc = this.get(S.PC);
        const ins = this.instructionAt(pc)!;
        this.system.now = this.now();
        const d = ins.decoded;
        const run = SYSTEM_OPS[d.op];
        if (!run) throw new Error(`no system op ${d.op}`);
        this.pcChanged = false;
        run(this, { a: d.a ?? 0, b: d.b ?? 0, c: d.c ?? 0, d: d.d ?? 0, imm: d.imm ?? 0, v: d.v ?? {} }, pc, ins.size);
        if (this.get(S.PC) === pc && !this.pcChanged) this.set(S.PC, pc + ins.size);
        this.afterDevice();
        return;
      }
      case EXIT.EXC_RETURN:
        this.system.now = this.now();
        this.byHardware(() => exceptionReturn(this, this.get(S.EXIT_ARG)));
        return;
      case EXIT.FP_TRAP: {
        // it runs again and is paid for then
        const pc = this.get(S.PC);
        const decoded = this.decodedPages.get(pc >>> PAGE_BITS);
        if (decoded !== undefined) this.spend(-this.arena.u8[decoded + ((pc & 0xffe) / 2) * RECORD_BYTES + REC.COST]!);
        this.notRetired();
        this.restoreIt();
        this.system.now = this.now();
        lazyFpSave(this);
        return;
      }
      case EXIT.INVSTATE:
        // the loop takes the fault before the next instruction
        this.enterZone(this.get(S.PC));
        return;
      case EXIT.BREAK:
        this.notRetired();
        this.restoreIt();
        if (this.breakpoints.has(this.get(S.PC))) this.breakHit = true;
        else this.idleHit = true;
        throw PAUSE;
      case EXIT.UNDEFINED:
        this.notRetired();
        return this.throwFault('undefined', 0);
      case EXIT.DIV_BY_ZERO:
        this.notRetired();
        return this.throwFault('divide-by-zero', 0);
      case EXIT.STACK_LIMIT:
        this.notRetired();
        return this.throwFault('stack-overflow', 0);
      case EXIT.UNALIGNED:
        this.notRetired();
        return this.throwFault('unaligned', this.get(S.EXIT_ARG));
      default:
        throw new Error(`unknown exit ${reason}`);
    }
  }
  /** For exception entry and return: PC was set to where execution goes on. */
  branchTo(pc: number): void {
    this.set(S.PC, pc);
    this.pcChanged = true;
  }

  /** A sleeping core that has something to wake up for. */
  canWake(): boolean {
    return this.irqDirty && this.get(S.HALTED) !== 1;
  }
  /** SEV of the other core. */
  wakeEvent(): void {
    this.set(S.EVENT, 1);
    this.interruptsChanged();
  }
  nmi(): void {
    pendNmi(this);
  }
  /**
   * Bits that a short polling loop around `pc` tests: the constant of a TST, AND, UBFX or shift behind the load. Null if it cannot be told.
   */
  testedMask(pc: number): number | null {
    let mask: number | null = null;
    let at = pc;
    for (let i = 0; i < 8; i++) {
      const ins = this.instructionAt(at);
      if (!ins) return mask;
      const { op, imm } = ins.decoded;
      if (/^(TST|AND)_imm/.test(op) && imm !== undefined) mask = imm >>> 0;
      else if (/^LSL_imm/.test(op) && imm !== undefined && ins.decoded.v?.['S'] === true) mask = (0x80000000 >>> imm) >>> 0;
      at += ins.size;
    }
    return mask;
  }

  // ---- snapshots -----------------------------------------------------------------------------------------------------------------
  save(): CoreSnapshot {
    return { page: this.arena.u8.slice(this.base, this.base + CPU_STRIDE), cycleTarget: this.cycleTarget, retiredBase: this.retiredBase, zone: this.zone, flash: { ...this.flashTiming } };
  }
  restore(s: CoreSnapshot): void {
    this.arena.u8.set(s.page, this.base);
    this.cycleTarget = s.cycleTarget;
    this.retiredBase = s.retiredBase;
    this.zone = s.zone;
    this.flashTiming = { ...s.flash };
    this.irqDirty = true;
    this.flushTables();
  }
}

export interface CoreSnapshot {
  readonly page: Uint8Array;
  readonly cycleTarget: number;
  readonly retiredBase: number;
  readonly zone: Zone;
  readonly flash: { waitStates: number; cache: boolean; sets: number; ways: number };
}

const decoders = new Map<Profile, Decoder>();
function decoderOf(profile: Profile): Decoder {
  let d = decoders.get(profile);
  if (!d) decoders.set(profile, (d = new Decoder(profile)));
  return d;
}

/** Cycles until a time, for callers that plan ahead. */
export const cyclesBetween = (ps: Ps, periodNum: number, periodDen: number): number => mulDivCeil(ps, periodDen, periodNum);
