/**
 * One CPU core: the run loop, and the glue to exceptions and the system control space. Below it lie state and time (core-state.ts), memory
 * (core-memory.ts), caches and flash timing (core-caches.ts) and code (core-code.ts).
 */
import { CPU_STRIDE, PAGE_BITS, RECORD_BYTES, WORD_MAP } from '../arena.ts';
import { countAt, type Ps } from '../time.ts';
import { ArmView } from './arm/arm-view.ts';
import type { BranchTargetsCopy } from './caches/branch-targets.ts';
import { CoreCode } from './core-code.ts';
import { PAUSE, type AccessInterceptor, type FlashTiming, type Zone } from './core-types.ts';
import type { Cpu, GuestFault } from './cpu.ts';
import type { CpuEngine, EngineHost } from './engine.ts';
import { exceptionReturn, lazyFpSave, raise, resetCore, takePending } from './arm/exceptions.ts';
import { REC } from './interpreter/record-builders.ts';
import { mpuEnabled } from './arm/mpu.ts';
import type { FlashCacheSnapshot } from './caches/flash-cache.ts';
import type { L1Snapshot } from './caches/l1-cache.ts';
import { highestPending, preempts } from './arm/nvic.ts';
import { cachesOf, pendNmi } from './arm/scs.ts';
import type { StaleSnapshot } from './caches/stale-lines.ts';
import { SCS } from './arm/scs-state.ts';
import { EXIT, S } from './state.ts';
import { runPackedSystemOp, SYSTEM_OPS, type SystemOp, type SystemOperands } from './arm/system-ops.ts';
import { testedMask } from './tested-mask.ts';

/**
 * Longest run in cycles without returning to the machine. V8 can replace the WebAssembly code only between runs. A return costs microseconds, mostly instructions interpreted
 * before it and up to the next region.
 */
const MAX_SLICE = 1_000_000;

/** Cycles after a handler's return before the machine searches for loops: most known loops stop the core before that. */
const AFTER_HANDLER = 200;

/** Words of `exceptionWords` in which SysTick's count is kept relative to a point in time: the same counter differs there. */
const MOVES_WITH_TIME = new Set([SCS.SYST_VALUE, SCS.SYST_ANCHOR, SCS.SYST_ANCHOR + 4].map((offset) => (offset - S.NVIC_ENABLED) >> 2));

/** Sees accesses of a core, see `AccessInterceptor`. */
export type Interceptor = AccessInterceptor<Core>;

export class Core extends CoreCode<Core> implements Cpu {
  protected override whole(): Core {
    return this;
  }
  /** Its registers, for code outside of `src/emu`. */
  readonly arm = new ArmView(this);

  // ---- another engine --------------------------------------------------------------------------------------------------------------
  /** Lets another engine execute straight code; exceptions, devices and system instructions stay with this core. */
  useEngine(make: (host: EngineHost) => CpuEngine): void {
    this.setTranslating(false);
    this.engine = make({
      arena: this.arena,
      profile: this.profile,
      get: (offset) => this.get(offset),
      set: (offset, value) => this.set(offset, value),
      regions: () => this.system.regionsOf(this.index),
      watchedPages: () => this.listener.intercept?.pages ?? new Set(),
      instructionAt: (pc) => this.instructionAt(pc),
      plainAt: (pc) =>
        !this.breakpoints.has(pc) &&
        !this.idlePoints.has(pc) &&
        this.zoneAt(pc) === this.zone &&
        !(this.l1?.codeOn && this.l1.staleLines > 0),
      plainAccesses: () => this.tracer === null && !mpuEnabled(this) && this.l1?.dataOn !== true,
      runOwn: () => {
        const left = this.budget;
        this.cycleTarget -= left - 1;
        this.set(S.BUDGET, 1);
        return this.wasmRun(0);
      },
      ramWillChange: (host, bytes) => {
        this.onMemoryWrite(host, bytes);
        this.arena.u8.fill(1, WORD_MAP + (host >>> 2), WORD_MAP + ((host + bytes) >>> 2));
      },
    });
  }
  /** Copy of the state words, for comparing. */
  stateWords(): Uint32Array {
    return this.arena.u32.slice(this.base >> 2, (this.base + 0x200) >> 2);
  }
  /** The words in these ranges (start, end, start, end …) equal those of a copy. */
  hasStretches(copy: Uint32Array, stretches: Int32Array): boolean {
    const { u32 } = this.arena;
    const base = this.base >> 2;
    for (let k = 0; k < stretches.length; k += 2)
      for (let i = stretches[k]!, end = stretches[k + 1]!; i < end; i++) if (u32[base + i] !== copy[i]) return false;
    return true;
  }
  /** Writes words of a copy back. The current fetch line is looked up anew, which costs no cycles. */
  putWords(copy: Uint32Array, which: Int32Array): void {
    const { u32 } = this.arena;
    const base = this.base >> 2;
    for (let i = 0; i < which.length; i++) u32[base + which[i]!] = copy[which[i]!]!;
    this.set(S.LINE, 1);
  }
  /** Enabled, pending and active exceptions and the system control space, for comparing. */
  exceptionWords(): Uint32Array {
    return this.arena.u32.slice((this.base + S.NVIC_ENABLED) >> 2, (this.base + CPU_STRIDE) >> 2);
  }
  hasExceptionWords(copy: Uint32Array): boolean {
    const from = (this.base + S.NVIC_ENABLED) >> 2;
    const { u32 } = this.arena;
    for (let i = 0; i < copy.length; i++) if (u32[from + i] !== copy[i] && !MOVES_WITH_TIME.has(i)) return false;
    return true;
  }
  /** No pending exception can be taken before the next instruction. False if one can, or if the core sleeps. */
  noInterruptDue(): boolean {
    if (!this.irqDirty) return true;
    if (this.halted || preempts(this, highestPending(this))) return false;
    this.irqDirty = false;
    return true;
  }
  /**
   * A mask or an enable bit changed. Critical sections are short and many (TinyUSB disables its line at each poll), so the run goes on unless an exception can be taken now.
   * It also ends where another core runs, to keep the two together, and where this one sleeps, to be woken.
   * `raised`: the mask was raised, so that nothing new can be taken.
   */
  maskChanged(raised = false): void {
    if (this.halted || (this.peers.length > 0 && !this.listener.isAlone(this)) || (!raised && preempts(this, highestPending(this))))
      this.interruptsChanged();
    this.listener.pending(this);
  }
  get pc(): number {
    return this.get(S.PC);
  }

  // ---- reset -------------------------------------------------------------------------------------------------------------------
  /** Reset: vector table at `vtor`; decoded code of the fetch path is dropped. `core`: nothing outside of the core is reset with it. */
  reset(vtor: number, how: 'power' | 'system' | 'core'): void {
    const power = how === 'power';
    const levels = Array.from({ length: how === 'core' ? 16 : 0 }, (_, i) => this.get(S.NVIC_LEVEL + 4 * i));
    const cyclesNow = this.cycles();
    const keep = power ? null : this.arena.u8.slice(this.base + S.CACHE_TAGS, this.base + S.NVIC_ENABLED);
    const retiredNow = power ? 0 : this.retired();
    const [hits, misses] = power ? [0, 0] : [this.get(S.CACHE_HITS), this.get(S.CACHE_MISSES)];
    this.arena.u8.fill(0, this.base, this.base + CPU_STRIDE);
    this.set(S.CACHE_HITS, hits);
    this.set(S.CACHE_MISSES, misses);
    if (keep) this.arena.u8.set(keep, this.base + S.CACHE_TAGS);
    this.retiredBase = retiredNow;
    this.retiredAtReset = retiredNow;
    this.cycleTarget = power ? 0 : cyclesNow;
    this.set(S.CACHE_WAYS, 2);
    this.set(S.CACHE_STALE, this.stale.count > 0 ? 1 : 0);
    // lines stay as they are, dirty ones too: they are out of reach while the caches are off
    this.l1?.enable(false, false);
    this.branchTargets?.clear();
    this.caches.applyFlashTiming();
    // the accelerator belongs to the flash interface
    this.caches.flushFlashCache(how !== 'core', how !== 'core');
    this.flushTables();
    this.irqDirty = true;
    this.disarmTimer();
    this.byHardware(() => resetCore(this, vtor));
    levels.forEach((level, i) => {
      for (let bits = level; bits !== 0; bits &= bits - 1) this.irq(32 * i + 31 - Math.clz32(bits & -bits), true);
    });
  }

  // ---- running -------------------------------------------------------------------------------------------------------------------
  /** Sleeping or locked up. */
  get halted(): boolean {
    return this.get(S.HALTED) !== 0;
  }

  /** Cycles until a time, 0 if it has come. */
  cyclesUntil(time: Ps): number {
    return Math.max(0, countAt(this.ownClock, time) - this.cycles());
  }
  /**
   * Runs until `until` (ps), or until the machine has to act: a timer is due, a reset was requested, PAUSE. Returns true if it
   * paused.
   */
  run(until: Ps): boolean {
    return this.runUntilCycle(countAt(this.ownClock, until));
  }

  /** Runs for so many cycles, or less if the machine has to act. True if it paused. */
  runCycles(cycles: number): boolean {
    return this.runUntilCycle(this.cycles() + cycles);
  }
  protected override runUntilCycle(limit: number): boolean {
    const now = this.cycles();
    const target = Math.min(limit, now + MAX_SLICE);
    const { pc } = this;
    // a budget that ended in front of a stop has not reached it
    const pass = this.breakpoints.size > 0 && this.breakpoints.has(pc) ? this.toldStop === pc : this.idlePoints.has(pc);
    this.toldStop = -1;
    // one instruction alone: the stop is in force again after it
    const single = pass && (!this.staysPast || this.breakpoints.has(pc));
    this.staysPast = false;
    if (pass) this.beginPass(pc);
    let paused: boolean;
    this.wasCut = false;
    try {
      paused = this.runTo(single ? now + 1 : target, now);
    } finally {
      if (pass) this.endPass();
    }
    if (single && !paused && this.mayGoOn()) paused = this.goOn(target);
    return paused && this.idleHit && !this.hasBudget() ? this.finishStop() : paused;
  }
  /** After the instruction at a stop: nothing asked the run to end, and there is no other stop. */
  private mayGoOn(): boolean {
    return !this.wasCut && !this.irqDirty && !this.halted && !this.standsAtLoop;
  }
  private goOn(target: number): boolean {
    const now = this.cycles();
    const end = Math.min(target, countAt(this.ownClock, this.system.scheduler.next));
    return end > now && this.runTo(end, now);
  }
  /** Makes the core continue at `address` as if it had been called from the current PC; wakes it. */
  beginCall(address: number): void {
    this.arm.lr = (this.pc | 1) >>> 0;
    this.arm.leaveItBlock();
    this.wake();
    this.branchTo(address);
  }
  /** The next run begins at a loop's stop and does not stop there again. */
  staysPast = false;
  /** PC is the stop of a loop. */
  get standsAtLoop(): boolean {
    return this.idlePoints.size > 0 && this.idlePoints.has(this.pc);
  }
  private hasBudget(): boolean {
    return this.budget > 0;
  }
  /** The fetch at the stop used the budget up: without the stop the instruction would have been executed in this run, so it is executed now. */
  private finishStop(): boolean {
    this.idleHit = false;
    return this.stepOnce();
  }
  /**
   * Takes a due exception, then executes one instruction, breakpoint or not, even one that costs no cycle because it is dual-issued.
   * True if the machine has to act (entry into system memory: nothing was executed).
   */
  stepOnce(): boolean {
    const now = this.cycles();
    const { pc } = this;
    const pass = this.breakpoints.has(pc) || this.idlePoints.has(pc);
    this.toldStop = -1;
    if (pass) this.beginPass(pc);
    this.set(S.ONCE, 1);
    try {
      return this.runTo(now, now);
    } finally {
      this.set(S.ONCE, 0);
      if (pass) this.endPass();
    }
  }

  /** No exception was taken after all: gives the run its budget back, up to the next event. Where another core runs the run ends instead. */
  private takeBack(): void {
    const { owed } = this;
    this.owed = 0;
    if (this.irqDirty || this.wasCut || this.halted || this.returnsAfterHandler || !this.listener.isAlone(this)) return;
    const given = Math.min(owed, countAt(this.ownClock, this.system.scheduler.next) - this.cycleTarget);
    if (given <= 0) return;
    this.cycleTarget += given;
    this.set(S.BUDGET, this.budget + given);
  }
  /** 1 where execution continues at an address it reaches often (a handler, the instruction after a system instruction): a region may begin there. */
  private arrives: 0 | 1 = 0;
  /** Addresses at which the core's own instructions let an exception in (CPSIE, a write to NVIC): handlers return to these each time. */
  private readonly yields = new Set<number>();
  private takeExceptions(byItself: boolean): void {
    const { pc } = this;
    this.irqDirty = false;
    this.system.now = this.now();
    this.hardwareAccess = true;
    if (takePending(this) && byItself) this.yields.add(pc);
    this.hardwareAccess = false;
    if (this.owed > 0) this.takeBack();
  }
  private runTo(target: number, now: number): boolean {
    this.owed = 0;
    this.cycleTarget = target;
    this.set(S.BUDGET, target - now);
    try {
      for (let byItself = false; ; byItself = true) {
        if (this.irqDirty) this.takeExceptions(byItself);
        if (this.halted) return false;
        if (!this.hasBudget() && this.get(S.ONCE) === 0) return false;
        if (this.get(S.T) === 0) this.throwFault('invalid-state', this.get(S.PC));
        // no region begins in the middle of an IT block
        const arrives = this.get(S.IT) === 0 ? this.arrives : 0;
        this.arrives = 0;
        if (this.leave(this.engine === null ? this.wasmRun(arrives) : this.engine.run())) return true;
      }
    } catch (e) {
      this.hardwareAccess = false;
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

  /** The machine wants to search for loops as soon as the running handler has returned. */
  returnsAfterHandler = false;
  /** Accesses are the core's own (stacking, vector fetch), not an instruction's. The run loop resets it when one faults. */
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
    const addressed =
      fault.kind.startsWith('bus') || fault.kind.startsWith('mem') || fault.kind === 'unaligned' || fault.kind === 'invalid-state';
    this.listener.faulted(this, fault.kind, addressed ? fault.address : null, this.get(S.PC));
    try {
      this.byHardware(() => raise(this, fault, this.get(S.PC)));
    } catch (e) {
      if (e !== PAUSE) throw e;
    }
  }
  /** An instruction in an IT block was abandoned: restores ITSTATE. */
  private restoreIt(): void {
    if (this.get(S.IT_PC) === this.get(S.PC)) this.set(S.IT, this.get(S.IT_NOW));
    this.set(S.IT_PC, 1);
  }
  private notRetired(): void {
    this.set(S.RETIRED, this.get(S.RETIRED) - 1);
  }
  /** Decoded system instructions by address, valid while the code is unchanged. */
  private readonly systemInstructions = new Map<
    number,
    { readonly run: SystemOp; readonly operands: SystemOperands; readonly size: number }
  >();
  private systemVersion = -1;
  private systemInstruction(pc: number): { readonly run: SystemOp; readonly operands: SystemOperands; readonly size: number } {
    if (this.systemVersion !== this.codeBytes) {
      this.systemInstructions.clear();
      this.systemVersion = this.codeBytes;
    }
    let known = this.systemInstructions.get(pc);
    if (known) return known;
    const { decoded: d, size } = this.instructionAt(pc)!;
    const run = SYSTEM_OPS[d.op];
    if (!run) throw new Error(`no system op ${d.op}`);
    known = { run, operands: { a: d.a ?? 0, b: d.b ?? 0, c: d.c ?? 0, d: d.d ?? 0, imm: d.imm ?? 0, v: d.v ?? {} }, size };
    this.systemInstructions.set(pc, known);
    return known;
  }

  /** A system instruction inside of WebAssembly: it arms no timer, and the caller checks the budget. */
  protected override executeInside(packed: number): void {
    this.system.now = this.now();
    runPackedSystemOp(this, packed);
  }
  private executeSystem(pc: number): void {
    const { run, operands, size } = this.systemInstruction(pc);
    this.system.now = this.now();
    this.pcChanged = false;
    run(this, operands, pc, size);
    if (this.get(S.PC) === pc && !this.pcChanged) this.set(S.PC, pc + size);
    this.afterDevice();
  }

  private returnFromException(): void {
    this.system.now = this.now();
    this.hardwareAccess = true;
    // source of the branch, whichever tier executed it
    this.set(S.LAST_REC, (this.pc | 1) >>> 0);
    const chained = exceptionReturn(this, this.get(S.EXIT_ARG));
    this.hardwareAccess = false;
    // interrupts come anywhere: regions at all their return addresses would translate one loop many times
    this.arrives = chained || this.yields.has(this.pc) ? 1 : 0;
    if (this.returnsAfterHandler) this.shorten(AFTER_HANDLER);
  }
  /** Handles the exit of WebAssembly. True: the run pauses. */
  private leave(reason: number): boolean {
    switch (reason) {
      case EXIT.BUDGET:
        return false;
      case EXIT.SYSTEM:
        this.executeSystem(this.get(S.PC));
        this.arrives = 1;
        return false;
      case EXIT.EXC_RETURN:
        this.returnFromException();
        return false;
      case EXIT.FP_TRAP: {
        // the instruction runs again and is charged then
        const pc = this.get(S.PC);
        const decoded = this.decodedPages.get(pc >>> PAGE_BITS);
        if (decoded !== undefined) this.spend(-this.arena.u8[decoded + ((pc & 0xffe) / 2) * RECORD_BYTES + REC.COST]!);
        this.notRetired();
        this.restoreIt();
        this.system.now = this.now();
        const denied = lazyFpSave(this);
        if (denied !== null) this.takeFault(denied);
        this.arrives = 1;
        return false;
      }
      case EXIT.INVSTATE:
        // the run loop raises the fault before the next instruction
        this.enterZone(this.get(S.PC));
        return false;
      case EXIT.BREAK:
        this.notRetired();
        this.restoreIt();
        if (this.breakpoints.has(this.get(S.PC))) {
          this.breakHit = true;
          this.toldStop = this.get(S.PC);
        } else this.idleHit = true;
        return true;
      case EXIT.UNDEFINED:
        this.notRetired();
        this.throwFault('undefined', 0);
      case EXIT.DIV_BY_ZERO:
        this.notRetired();
        this.throwFault('divide-by-zero', 0);
      case EXIT.STACK_LIMIT:
        this.notRetired();
        this.throwFault('stack-overflow', 0);
      case EXIT.UNALIGNED:
        this.notRetired();
        this.throwFault('unaligned', this.get(S.EXIT_ARG));
      default:
        throw new Error(`unknown exit ${reason}`);
    }
  }
  /** For exception entry and return: PC was set to where execution goes on. */
  override branchTo(pc: number): void {
    this.set(S.PC, pc);
    this.pcChanged = true;
    this.arrives = 1;
  }

  /** Its clock runs. */
  get isClocked(): boolean {
    return this.ownClock.rate !== null;
  }
  /** A sleeping core would wake up now. Has no side effect, so it can be asked while the core's clock is stopped. */
  wakesUp(): boolean {
    if (!this.canWake()) return false;
    const waitsForEvent = this.get(S.HALTED) === 3;
    return (waitsForEvent && this.get(S.EVENT) !== 0) || preempts(this, highestPending(this), !waitsForEvent);
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
  /** Bits that a short polling loop around `pc` tests; null if unknown. */
  testedMask(pc: number): number | null {
    return testedMask(this, pc);
  }

  /** The machine is released: zeroes what this core wrote to the arena outside of its page and of memory. */
  leaveArena(): void {
    this.flushTables();
    this.caches.flushFlashCache(true, true);
    this.l1?.clear();
    this.branchTargets?.clear();
    this.engine?.release();
  }

  // ---- snapshots -----------------------------------------------------------------------------------------------------------------
  save(): CoreSnapshot {
    return {
      page: this.arena.u8.slice(this.base, this.base + CPU_STRIDE),
      cycleTarget: this.cycleTarget,
      retiredBase: this.retiredBase,
      retiredAtReset: this.retiredAtReset,
      zone: this.zone,
      toldStop: this.toldStop,
      flash: { ...this.caches.flashTiming },
      l1: this.l1?.save() ?? null,
      branchTargets: this.branchTargets?.save() ?? null,
      flashCache: this.flashCache?.save() ?? null,
      stale: this.stale.save(),
    };
  }
  restore(s: CoreSnapshot): void {
    this.arena.u8.set(s.page, this.base);
    this.cycleTarget = s.cycleTarget;
    this.retiredBase = s.retiredBase;
    this.retiredAtReset = s.retiredAtReset;
    this.zone = s.zone;
    this.toldStop = s.toldStop;
    this.caches.flashTiming = { ...s.flash };
    if (this.flashCache && s.flashCache) this.flashCache.restore(s.flashCache);
    this.stale.restore(s.stale);
    if (s.branchTargets) this.branchTargets?.restore(s.branchTargets);
    if (this.l1 && s.l1) {
      this.l1.restore(s.l1);
      const on = cachesOf(this);
      this.l1.enable(on.data, on.code);
    }
    this.irqDirty = true;
    this.flushTables();
  }
}

export interface CoreSnapshot {
  readonly page: Uint8Array;
  readonly cycleTarget: number;
  readonly retiredBase: number;
  /** Instructions until the last reset: what comes next is a boot if it is the first one behind it. */
  readonly retiredAtReset: number;
  readonly zone: Zone;
  readonly toldStop: number;
  /** Tags and lines of the L1 caches. */
  readonly l1: L1Snapshot | null;
  readonly branchTargets: BranchTargetsCopy | null;
  readonly flashCache: FlashCacheSnapshot | null;
  /** Lines of the cache between core and flash that are older than memory. */
  readonly stale: StaleSnapshot;
  readonly flash: FlashTiming;
}
