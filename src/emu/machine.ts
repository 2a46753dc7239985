/**
 * The whole chip on one timeline: blocks, cores, resets, boot, history, checkpoints. Knows no STM32: what boots where, which wires carry
 * flash timing and which fields are reset flags come from the chip's data.
 */
import { MEMORY_BASE, PAGE_BITS, PAGE_SIZE, WORD_MAP } from './arena.ts';
import type { Core, Interceptor } from './core/core.ts';
import { sleepDeep } from './core/arm/scs.ts';
import { bothIntercept } from './core/intercept.ts';
import { S } from './core/state.ts';
import { LoopSkipper, iterationsIn, type SkipHost } from './proofs/loop-skipper.ts';
import type { ShortcutName } from './proofs/shortcuts.ts';
import { findSteadyLoop, loopHolds, type SteadyLoop } from './proofs/steady.ts';
import { QuietRounds, type Quiet } from './quiet-rounds.ts';
import { type Memory } from './system.ts';
import { clockCount, clockTimeOf, MS, WIDE, type Ps } from './time.ts';
import type { Wire } from './wires.ts';
import { sameBytes } from './words.ts';
import { MachineBase, type Checkpoint, type SavedPage } from './machine-base.ts';
import { TOGETHER_FIRST } from './machine-state.ts';

/** Effort: searches while two cores run: longest distance between two, instructions of one for each core, cycles until the next event below which there is none. */
const TOGETHER_LIMIT = 20 * MS,
  TOGETHER_STEPS = 300,
  TOGETHER_CYCLES = 4 * TOGETHER_STEPS;

export class Machine extends MachineBase {
  // ---- repairs -------------------------------------------------------------------------------------------------------------------
  private always: Interceptor | null = null;
  private given: Interceptor | null = null;
  /** A repair that stays, whatever others are set. */
  mend(always: Interceptor): void {
    this.always = always;
    this.setRepairs(this.given);
  }
  override setRepairs(given: Interceptor | null): Interceptor | null {
    const before = this.given;
    this.given = given;
    super.setRepairs(this.always && given ? bothIntercept(this.always, given) : (this.always ?? given));
    return before;
  }

  // ---- running -------------------------------------------------------------------------------------------------------------------
  /** Makes `run` return after the current instruction. */
  stop(): void {
    this.stopAsked = true;
    for (const c of this.cores) c.cut();
  }

  /**
   * Runs until `limit` or until the observer or a timer asked for a stop (`stop()`), or before the first instruction in system memory.
   * Returns why.
   */
  // eslint-disable-next-line complexity -- the run loop: events, turns of the cores and reasons to stop keep their order only together
  run(limit: Ps): 'limit' | 'stopped' | 'entry' {
    if (this.released) throw new Error('this machine was given up');
    const s = this.system;
    this.stopAsked = false;
    this.limit = limit;
    for (;;) {
      s.fireDue(s.now);
      if (this.state.pendingReset) this.performReset();
      if (this.state.standby === 'entering') this.enterStandby();
      if (this.stopAsked) return 'stopped';
      if (s.now >= limit) return 'limit';
      this.releaseCores();
      this.leaveDeepSleep();
      if (this.state.held || this.state.standby === 'in') {
        this.passTime(Math.min(s.scheduler.next, limit));
        continue;
      }
      const core = this.nextCore();
      if (core === null) {
        if (this.skipping) this.passQuiet(this.quietRounds(limit));
        this.passTime(Math.min(s.scheduler.next, limit));
        continue;
      }
      const skipper = this.skippers[core.index]!;
      let until = Math.min(s.scheduler.next, limit);
      const alone = this.isAlone(core);
      if (!alone) {
        if (s.now >= this.state.together.tryAt && this.searchTogether(until)) {
          if (this.pausedInSearch()) return this.cores.some((c) => c.atBreak) ? 'stopped' : 'entry';
          continue;
        }
        until = Math.min(until, this.endOfTurn(core));
      } else if (this.skipping && this.single === null && skipper.mayTry() && skipper.skip(until)) {
        if (this.pausedInSearch()) return core.atBreak ? 'stopped' : 'entry';
        continue;
      }
      s.master = core.index;
      this.entryPause = false;
      skipper.beforeTurn(this.skipping && alone);
      const { single } = this;
      const [retired, exception] = single === null ? [0, 0] : [single.retired(), single.get(S.IPSR)];
      const paused = single === core ? core.stepOnce() : alone ? core.run(until) : this.besideOthers(core, until);
      this.entryPause = false;
      s.master = 0;
      this.settle(core);
      if (single === core && (core.retired() !== retired || core.get(S.IPSR) !== exception)) return 'stopped';
      if (!paused) continue;
      if (core.takeIdleHit()) {
        skipper.stoppedAtLoop();
        continue;
      }
      if (core.atBreak) return 'stopped';
      if (this.fetchWaits(core)) continue;
      skipper.otherCodeBegins();
      return 'entry';
    }
  }

  /**
   * Runs until `core` has executed one instruction more or has entered an exception, the other cores as far as their time has come; sleep passes.
   * Returns why it ended: `limit` if the core did not get there until then, `entry` in front of an instruction in system memory.
   */
  stepCore(core: Core, limit: Ps): 'limit' | 'stopped' | 'entry' {
    this.single = core;
    try {
      return this.run(limit);
    } finally {
      this.single = null;
    }
  }
  private single: Core | null = null;
  /** Cores that a debugger has halted, by index: time goes on without them. Not part of a checkpoint. */
  readonly debugHalted: boolean[] = this.chip.cores.map(() => false);

  /** A search for a steady loop has stopped at an entry into system memory or at a breakpoint. */
  protected pausedInSearch(): boolean {
    const paused = this.entryPause || this.cores.some((c) => c.atBreak);
    this.entryPause = false;
    return paused;
  }

  // ---- cores on one timeline -------------------------------------------------------------------------------------------------------
  /** Out of reset, clocked and awake, or about to wake up. */
  protected runs(core: Core): boolean {
    return (
      this.state.booted[core.index]! &&
      !this.debugHalted[core.index]! &&
      (!core.halted || core.canWake()) &&
      core.isClocked &&
      !this.fetchWaits(core)
    );
  }
  /** Cores with a wake-up event request their clock, which may take time to start. */
  protected leaveDeepSleep(): void {
    const { cores } = this;
    for (let i = 0; i < cores.length; i++) {
      const core = cores[i]!;
      if (core.halted && !core.isClocked && core.wakesUp()) this.system.drive(this.deepSleep[core.index]!, 0);
    }
  }
  /**
   * The core that is furthest behind, null if all sleep. Loops that run at every event use an index: before V8 optimises it, `for…of` allocates an object
   * for each step.
   */
  protected nextCore(): Core | null {
    const { cores } = this;
    let next: Core | null = null;
    for (let i = 0; i < cores.length; i++) {
      const core = cores[i]!;
      if (this.runs(core) && (next === null || core.now() < next.now())) next = core;
    }
    return next;
  }
  override isAlone(core: Core): boolean {
    const { cores } = this;
    for (let i = 0; i < cores.length; i++) if (cores[i] !== core && this.runs(cores[i]!)) return false;
    return true;
  }
  /** A turn ends at the next multiple of the quantum on the bus clock, or where another core has already been. */
  protected endOfTurn(core: Core): Ps {
    const { clock: name, cycles } = this.chip.quantum!;
    const clock = this.system.clock(name);
    const at = core.now();
    let end = clockTimeOf(clock, (Math.floor(clockCount(clock, at) / cycles) + 1) * cycles);
    for (const other of this.cores) if (other !== core && this.runs(other) && other.now() > at) end = Math.min(end, other.now());
    return Math.max(end, at + 1);
  }
  /** Such a turn does not end at the stop of a loop: when the other cores go on would hang on what is known of loops. */
  private besideOthers(core: Core, until: Ps): boolean {
    let paused = core.run(until);
    while (paused && core.takeIdleHit()) {
      this.skippers[core.index]!.othersRun();
      paused = core.run(until);
    }
    return paused;
  }
  /** After a turn: moves the time to that of the core furthest behind, and the counts of sleeping cores with it. */
  protected settle(ran: Core): void {
    const s = this.system;
    if (this.cores.length === 1) {
      s.now = Math.max(s.now, ran.now());
      if (ran.halted) this.showSleep(ran);
      return;
    }
    let now = Infinity;
    const { waking } = this.state;
    for (const core of this.cores) if (this.runs(core) && (!core.halted || waking[core.index])) now = Math.min(now, core.now());
    s.now = Math.max(s.now, now === Infinity ? ran.now() : now);
    this.showSleep(ran);
    for (const core of this.cores) this.comeAlong(core);
  }
  private comeAlong(core: Core): void {
    const { waking } = this.state;
    const i = core.index;
    const behind = core.now() < this.system.now;
    if (!core.halted || !this.state.booted[i]) {
      waking[i] = false;
      if (behind && this.fetchWaits(core)) core.syncClock(this.system.now);
    } else if (!waking[i] || !core.canWake()) {
      if (behind) core.syncClock(this.system.now);
      // from here on it waits for its turn
      waking[i] = core.canWake();
    }
  }
  /** Deep sleep of a core is a wire: clock and power controllers follow it. */
  protected showSleep(core: Core): void {
    this.system.drive(this.deepSleep[core.index]!, core.get(S.HALTED) > 1 && sleepDeep(core) ? 1 : 0);
  }
  protected passTime(to: Ps): void {
    // a handler may read the cycle count of a sleeping core
    const { cores } = this;
    for (let i = 0; i < cores.length; i++) cores[i]!.syncClock(to);
    this.system.fireDue(to);
    for (let i = 0; i < cores.length; i++) {
      const core = cores[i]!;
      core.syncClock(this.system.now);
      this.state.waking[core.index] = core.canWake();
    }
  }
  /**
   * Two cores run. If both are in loops that change nothing, neither can change what the other reads, and both are moved to the next event. The search is executed in
   * any case, so that turns of the cores do not depend on whether loops are skipped.
   */
  protected searchTogether(until: Ps): boolean {
    const s = this.system;
    const t = this.state.together;
    const found: { core: Core; loop: SteadyLoop }[] = [];
    const cores = this.cores.filter((c) => this.runs(c)).sort((a, b) => a.now() - b.now() || a.index - b.index);
    const failed = (): boolean => {
      t.gap = Math.min(t.gap * 2, TOGETHER_LIMIT);
      t.tryAt = s.now + t.gap;
      return true;
    };
    if (cores.some((c) => c.canWake())) return false;
    for (const core of cores) {
      core.setIdlePoints([]);
      if (core.cyclesUntil(until) < TOGETHER_CYCLES) return false;
    }
    for (const core of cores) {
      s.master = core.index;
      // the other core may see what this one changes and puts back
      const { history, counts, interrupted } = this.skipHost;
      const loop = findSteadyLoop(core, s, TOGETHER_STEPS, { history, counts }, interrupted);
      s.master = 0;
      this.settle(core);
      if (!loop) return failed();
      found.push({ core, loop });
    }
    // a loop that reads a counter holds only until the counter's value changes
    const end = found.reduce((t, { core, loop }) => Math.min(t, loopHolds(core, s, loop)), until);
    t.gap = TOGETHER_FIRST;
    t.tryAt = end;
    for (const { core, loop } of found) {
      const left = core.cyclesUntil(end) - (end < until ? 1 : 0);
      if (left <= loop.cycles) continue;
      if (this.skipping) this.skippers[core.index]!.skipIterations(loop, left);
      else this.execute(core, loop, left);
    }
    this.settle(found[0]!.core);
    return true;
  }
  /** What `skipRounds` leaves out. */
  protected execute(core: Core, loop: SteadyLoop, cycles: number): void {
    const end = core.cycles() + iterationsIn(loop, cycles) * loop.cycles;
    this.system.master = core.index;
    while (core.cycles() < end) core.runCycles(end - core.cycles());
    this.system.master = 0;
  }

  /** End of the current call of `run`. */
  private limit: Ps = WIDE;

  /** Loops are skipped. Off: every iteration is executed, with the same results. */
  skipping = true;
  private off: ReadonlySet<ShortcutName> = new Set();
  /** Switches shortcuts off; results stay the same. */
  withoutShortcuts(names: Iterable<ShortcutName>): void {
    this.off = new Set(names);
    this.system.readsHold = !this.off.has('held-reads');
    for (const core of this.cores) {
      core.asksDevices = !this.off.has('device-reads');
      if (this.off.has('translation')) core.setTranslating(false);
    }
  }
  /** Neither cores nor observer follow a wire. */
  private readonly unheard = ({ name, place }: Wire): boolean => {
    const { wire: told } = this.observer;
    return (this.wireEffects[place] ?? null) === null && (told === undefined || told.hears?.(name) === false);
  };
  private readonly quiet = new QuietRounds(this.system);
  /** Events that change nothing that a core in a steady loop, or asleep, could see. Somebody who hears their wires or stores sees each. */
  private quietRounds(until: Ps): Quiet | null {
    if (this.off.has('quiet-rounds') || this.observer.busWritten !== undefined) return null;
    const quiet = this.quiet.ahead(until);
    return quiet?.server.wires.every(this.unheard) === true ? quiet : null;
  }
  private passQuiet(rounds: Quiet | null): void {
    if (rounds === null) return;
    this.quiet.pass(rounds);
    this.history.transfers += rounds.requests;
  }
  /** The instruction behind this one is not executed: a reset was asked for, or Standby. Who steps a core himself has to look. */
  get isLeaving(): boolean {
    return this.state.pendingReset !== null || this.state.standby === 'entering';
  }
  /** What the skippers of all cores ask. */
  private readonly skipHost: SkipHost = ((machine: Machine): SkipHost => ({
    system: machine.system,
    get history() {
      return machine.history;
    },
    counts: () => machine.readCounts(),
    isOff: (name) => machine.off.has(name),
    limit: () => machine.limit,
    quiet: (until) => machine.quietRounds(until),
    passQuiet: (rounds) => machine.passQuiet(rounds),
    get unheard() {
      return machine.off.has('turned-outputs') ? undefined : machine.unheard;
    },
    interrupted: () => machine.stopAsked || machine.state.pendingReset !== null,
    isAlone: (core) => machine.isAlone(core),
    settle: (core) => machine.settle(core),
    countReads: (key, reads) => machine.countReads(key, reads),
  }))(this);
  private readonly skippers = this.cores.map((core) => new LoopSkipper(core, this.skipHost));

  /** The steady loop that a core stands in, if its skipper knows it; null does not mean that there is none. */
  knownLoopOf(core: Core): SteadyLoop | null {
    return this.skippers[core.index]!.standsIn();
  }

  // ---- memory changes and checkpoints ----------------------------------------------------------------------------------------------
  protected override bytesChange(memory: Memory, offset: number, length: number, programmed?: Uint8Array): void {
    this.markDirty(memory.host + offset, length, programmed);
  }
  protected override markDirty(host: number, length: number, programmed?: Uint8Array): void {
    const end = ((host + length - 1) >>> PAGE_BITS) + 1;
    for (let page = host >>> PAGE_BITS; page < end; page++) {
      if (this.dirty[page]) continue;
      const first = page;
      while (page < end && !this.dirty[page]) this.dirty[page++] = 1;
      savePages(this.system.arena.u8, first, page, (at, saved) => {
        if (!this.basePages.has(at)) this.basePages.set(at, saved);
      });
    }
    for (const core of this.cores ?? []) core.invalidateCode(host, length, programmed);
  }

  /** Whether so many bytes from an offset of the arena on may be others than at power-on. */
  hasChanged(host: number, length: number): boolean {
    const end = (host + length - 1) >>> PAGE_BITS;
    for (let page = host >>> PAGE_BITS; page <= end; page++) if (this.dirty[page]) return true;
    return false;
  }
  /** @param since pages that are as they were then are not copied again */
  save(since?: Checkpoint): Checkpoint {
    return {
      pages: this.savedPages(since),
      system: this.system.save(),
      cores: this.cores.map((c) => c.save()),
      history: this.history.copy(),
      attachments: this.attachments.map((a) => a.save()),
      machine: structuredClone(this.state),
    };
  }
  private savedPages(since: Checkpoint | undefined): Map<number, SavedPage> {
    const pages = new Map<number, SavedPage>();
    const { dirty } = this;
    const { u8 } = this.system.arena;
    const unchanged = (page: number): SavedPage | null => {
      const old = since?.pages.get(page);
      return old !== undefined && isAsSaved(u8, page, old) ? old : null;
    };
    for (let first = dirty.indexOf(1), end = first; first >= 0; first = dirty.indexOf(1, end)) {
      const old = unchanged(first);
      end = first + 1;
      if (old !== null) pages.set(first, old);
      else {
        while (dirty[end] && unchanged(end) === null) end++;
        savePages(u8, first, end, (at, saved) => pages.set(at, saved));
      }
    }
    return pages;
  }
  restore(c: Checkpoint): void {
    this.restorePages(c.pages);
    const shown = this.system.remapped();
    this.system.restore(c.system);
    // empties caches, which the cores' own state fills again
    if (this.system.remapped() !== shown) for (const core of this.cores) core.remapped(this.chip.remap!.base);
    this.cores.forEach((core, i) => {
      this.skippers[i]!.restored();
      core.restore(c.cores[i]!);
    });
    this.history = c.history.copy();
    // what is watched may hang on how far the run is
    this.refreshIntercept();
    this.attachments.forEach((a, i) => a.restore(c.attachments[i]));
    this.state = structuredClone(c.machine);
  }
  /** Wires were put in place and nobody was told: what the cores keep of them follows. */
  wiresReplaced(): void {
    for (const core of this.cores) this.setFlashTiming(core);
  }
  /** Copies pages back, those that were saved together in one copy. Pages near decoded code are compared first, so that unchanged code stays decoded. */
  private restorePages(pages: Checkpoint['pages']): void {
    const { dirty, cores } = this;
    const { u8 } = this.system.arena;
    const savedAt = (page: number): SavedPage | null => pages.get(page) ?? (dirty[page] ? this.basePages.get(page)! : null);
    const hasCode = (page: number): boolean => cores.some((core) => core.hasCodeNear(page));
    let page = MEMORY_BASE >>> PAGE_BITS;
    while (page < dirty.length) {
      const first = page++;
      const saved = savedAt(first);
      if (saved === null) continue;
      const code = hasCode(first);
      const same = code && sameBytes(u8.subarray(first << PAGE_BITS, (first + 1) << PAGE_BITS), saved.bytes);
      if (!code) while (follows(saved, page - first, savedAt(page)) && !hasCode(page)) page++;
      loadPages(u8, first, saved, page - first);
      if (!same) for (const core of cores) core.invalidateCode(first << PAGE_BITS, (page - first) << PAGE_BITS);
      for (let at = first; at < page; at++) dirty[at] = pages.has(at) ? 1 : 0;
    }
  }
}

/** Saves the pages from `first` up to `end` in one copy. */
function savePages(u8: Uint8Array, first: number, end: number, each: (page: number, saved: SavedPage) => void): void {
  const host = first << PAGE_BITS;
  const map = WORD_MAP + (host >>> 2);
  const size = (end - first) << PAGE_BITS;
  const bytes = u8.slice(host, host + size);
  const words = u8.slice(map, map + size / 4);
  for (let at = 0; at < size; at += PAGE_SIZE)
    each(first + (at >>> PAGE_BITS), { bytes: bytes.subarray(at, at + PAGE_SIZE), words: words.subarray(at / 4, (at + PAGE_SIZE) / 4) });
}
function isAsSaved(u8: Uint8Array, page: number, { bytes, words }: SavedPage): boolean {
  const host = page << PAGE_BITS;
  const map = WORD_MAP + (host >>> 2);
  return sameBytes(u8.subarray(host, host + PAGE_SIZE), bytes) && sameBytes(u8.subarray(map, map + PAGE_SIZE / 4), words);
}
/** `next` was saved `pages` pages behind `saved` in the same copy. */
function follows(saved: SavedPage, pages: number, next: SavedPage | null): boolean {
  return next !== null && next.bytes.buffer === saved.bytes.buffer && next.bytes.byteOffset === saved.bytes.byteOffset + pages * PAGE_SIZE;
}
function loadPages(u8: Uint8Array, first: number, { bytes, words }: SavedPage, pages: number): void {
  const host = first << PAGE_BITS;
  u8.set(new Uint8Array(bytes.buffer, bytes.byteOffset, pages * PAGE_SIZE), host);
  u8.set(new Uint8Array(words.buffer, words.byteOffset, (pages * PAGE_SIZE) / 4), WORD_MAP + (host >>> 2));
}
