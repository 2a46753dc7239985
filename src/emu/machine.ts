/**
 * The whole chip on one timeline: blocks, cores, resets, boot, history, checkpoints. Knows no STM32: what boots where, which wires carry
 * flash timing and which fields are reset flags come from the chip's data.
 */
import { MEMORY_BASE, PAGE_BITS, PAGE_SIZE, WORD_MAP } from './arena.ts';
import type { Core } from './core/core.ts';
import { sleepDeep } from './core/scs.ts';
import { S } from './core/state.ts';
import { findCountingLoop, isStartPaid, moveOn, provedAgain, roundOf, type CountingLoop } from './counting.ts';
import {
  devicesAsFound,
  findSteadyLoop,
  KnownLoops,
  frameAfter,
  frameOf,
  loopHolds,
  mayRecord,
  recordFrames,
  rowsOnTheWay,
  standIn,
  stillSteady,
  type SteadyLoop,
  type Told,
} from './idle.ts';
import type { ShortcutName } from './shortcuts.ts';
import { type Memory } from './system.ts';
import { clockCount, clockTimeOf, MS, WIDE, type Ps } from './time.ts';
import { sameBytes } from './words.ts';
import { MachineBase, QUANTUM, type Checkpoint, type SavedPage } from './machine-base.ts';
import { TOGETHER_FIRST } from './machine-state.ts';

/** Cycles before the first look for a steady loop, steps of a look, longest distance between looks, cycles that make a look worth it. */
const IDLE_FIRST = 20_000;
const IDLE_STEPS = 900;
const IDLE_AGAIN = 200;
/** So many rounds show a loop in any case: where its state is compared moves on in growing steps. */
const IDLE_ROUNDS = 4;
const IDLE_GAP_LIMIT = 8_000_000;
const IDLE_WORTH = 4_000;
/** Reads of blocks since the last look that make one due before its time, and the most that this grows to. */
const IDLE_READS = 400;
const IDLE_READS_LIMIT = 50_000;
/** Looks in vain at one place. */
const IDLE_MISSES = 64;
/** Arrivals in vain at a loop that counts, how many of them until it is looked for anew, and instructions that make a skip worth it. */
const COUNTING_MISSES = 16;
const COUNTING_AGAIN = 4;
const COUNTING_WORTH = 400;
/** Loops that count which are kept. */
const KEPT = 4;
/** The same for two cores that run: times between looks, instructions of a look for each core. */
const TOGETHER_LIMIT = 20 * MS;
const TOGETHER_STEPS = 300;

/** What is known of the steady loop of a core. Cycles are the core's. */
interface Idle {
  loop: SteadyLoop | null;
  /** Loops that count, the one found last first: a poll that other code comes back to need not be found again. */
  counting: CountingLoop[];
  /** The frame in which the core was left. */
  frame: number;
  /** When `lookForIdle` is asked again. */
  tryAt: number;
  /** When another loop than this one is looked for, and how far apart such looks are. */
  lookAt: number;
  gap: number;
  /** The same by reads of blocks. */
  readsAt: number;
  readsGap: number;
  /** Looks at the loop's place that found no loop. */
  misses: number;
}
const freshIdle = (): Idle => ({
  loop: null,
  counting: [],
  frame: 0,
  tryAt: 0,
  lookAt: IDLE_FIRST,
  gap: IDLE_FIRST,
  readsAt: 0,
  readsGap: IDLE_READS,
  misses: 0,
});

export class Machine extends MachineBase {
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
        this.passTime(Math.min(s.scheduler.next, limit));
        continue;
      }
      let until = Math.min(s.scheduler.next, limit);
      const alone = this.isAlone(core);
      if (!alone) {
        if (s.now >= this.state.together.tryAt && this.lookTogether(until)) {
          if (this.pausedInLook()) return this.cores.some((c) => c.atBreak) ? 'stopped' : 'entry';
          continue;
        }
        until = Math.min(until, this.endOfTurn(core));
      } else if (this.skipping && this.single === null && this.mayBeIdle(core) && this.lookForIdle(core, until)) {
        if (this.pausedInLook()) return core.atBreak ? 'stopped' : 'entry';
        continue;
      }
      s.master = core.index;
      this.entryPause = false;
      const { readsAt, readsGap, lookAt } = this.idle[core.index]!;
      core.readsLimit = this.skipping && alone ? readsAt + readsGap : Infinity;
      core.looksUpBehindHandler = core.cycles() >= lookAt && this.skipping && alone;
      const { single } = this;
      const [retired, exception] = single === null ? [0, 0] : [single.retired(), single.get(S.IPSR)];
      const paused = single === core ? core.stepOnce() : core.run(until);
      this.entryPause = false;
      s.master = 0;
      this.settle(core);
      if (single === core && (core.retired() !== retired || core.get(S.IPSR) !== exception)) return 'stopped';
      if (!paused) continue;
      if (core.takeIdleHit()) {
        const idle = this.idle[core.index]!;
        idle.tryAt = Math.min(idle.tryAt, core.cycles());
        if (!alone) this.forgetIdle(core);
        continue;
      }
      if (core.atBreak) return 'stopped';
      // other code begins: how long the code before it went on without a loop says nothing about it
      const idle = this.idle[core.index]!;
      idle.gap = IDLE_FIRST;
      idle.lookAt = Math.min(idle.lookAt, core.cycles() + IDLE_FIRST);
      idle.tryAt = Math.min(idle.tryAt, idle.lookAt);
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
  /** Cores that a debugger has halted, by index: time goes on without them. Not state of the chip: no checkpoint holds it. */
  readonly debugHalted: boolean[] = this.chip.cores.map(() => false);

  /** A look for steady loops has come to an entry or a breakpoint. */
  protected pausedInLook(): boolean {
    const paused = this.entryPause || this.cores.some((c) => c.atBreak);
    this.entryPause = false;
    return paused;
  }

  // ---- cores on one timeline -------------------------------------------------------------------------------------------------------
  /** Out of reset, clocked and awake, or about to wake up. */
  protected runs(core: Core): boolean {
    return this.state.booted[core.index]! && !this.debugHalted[core.index]! && (!core.halted || core.canWake()) && core.isClocked;
  }
  /** Cores that have something to wake up for ask for their clock: it may take its time. */
  protected leaveDeepSleep(): void {
    const { cores } = this;
    for (let i = 0; i < cores.length; i++) {
      const core = cores[i]!;
      if (core.halted && !core.isClocked && core.wakesUp()) this.system.setWire(`core.deepsleep.${core.index}`, 0);
    }
  }
  /**
   * The core that is furthest behind, null if all sleep. Loops like this one, which run at every event, count their index: until V8 optimises them, `for…of`
   * makes an object for each step.
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
  protected isAlone(core: Core): boolean {
    return this.cores.length === 1 || !this.cores.some((c) => c !== core && this.runs(c));
  }
  /** A turn ends at the next multiple of the quantum on the bus clock, or where another core has already been. */
  protected endOfTurn(core: Core): Ps {
    const { clock: name, cycles } = this.chip.quantum ?? QUANTUM;
    const clock = this.system.clock(name === '' ? core.row.clock : name);
    const at = core.now();
    let end = clockTimeOf(clock, (Math.floor(clockCount(clock, at) / cycles) + 1) * cycles);
    for (const other of this.cores) if (other !== core && this.runs(other) && other.now() > at) end = Math.min(end, other.now());
    return Math.max(end, at + 1);
  }
  /** After a turn: the time is that of the core furthest behind; those that sleep come along. */
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
    for (const core of this.cores) {
      const i = core.index;
      if (!core.halted || !this.state.booted[i]) waking[i] = false;
      else if (!waking[i] || !core.canWake()) {
        if (core.now() < s.now) core.syncClock(s.now);
        // From here on it waits for its turn.
        waking[i] = core.canWake();
      }
    }
  }
  /** Deep sleep of a core is a wire: clock and power controllers follow it. */
  protected showSleep(core: Core): void {
    this.system.setWire(`core.deepsleep.${core.index}`, core.get(S.HALTED) > 1 && sleepDeep(core) ? 1 : 0);
  }
  protected passTime(to: Ps): void {
    // what fires may ask what a core that sleeps has counted
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
   * Two cores run. If both are in loops that change nothing, neither can change what the other reads: both go on to the next event. The look itself is
   * part of the run, so that it does not matter whether anything is skipped.
   */
  protected lookTogether(until: Ps): boolean {
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
      if (core.cyclesUntil(until) < TOGETHER_STEPS * 4) return false;
    }
    for (const core of cores) {
      s.master = core.index;
      const loop = findSteadyLoop(core, s, TOGETHER_STEPS, this.told, this.interrupted);
      s.master = 0;
      this.settle(core);
      if (!loop) return failed();
      found.push({ core, loop });
    }
    // Where a loop reads a counter it holds up to the counter's next event only.
    const end = found.reduce((t, { core, loop }) => Math.min(t, loopHolds(core, s, loop)), until);
    t.gap = TOGETHER_FIRST;
    t.tryAt = end;
    for (const { core, loop } of found) {
      const left = core.cyclesUntil(end) - (end < until ? 1 : 0);
      if (left <= loop.cycles) continue;
      if (this.skipping) this.skipRounds(core, loop, left);
      else this.execute(core, loop, left);
    }
    this.settle(found[0]!.core);
    return true;
  }
  /** What `skipRounds` leaves out. */
  protected execute(core: Core, loop: SteadyLoop, cycles: number): void {
    const end = core.cycles() + roundsIn(loop, cycles) * loop.cycles;
    this.system.master = core.index;
    while (core.cycles() < end) core.runCycles(end - core.cycles());
    this.system.master = 0;
  }

  /** Of the run that is going on. */
  private limit: Ps = WIDE;

  /** Steady loops are skipped to the next event. Off: every round is executed; nothing else may differ. */
  skipping = true;
  /** The loop that was found last, and when to look again. Not state: only how fast the same thing happens. */
  protected readonly idle: Idle[] = this.chip.cores.map(freshIdle);
  private off: ReadonlySet<ShortcutName> = new Set();
  /** Does without some shortcuts; nothing else may differ. */
  withoutShortcuts(names: Iterable<ShortcutName>): void {
    this.off = new Set(names);
    this.system.readsHold = !this.off.has('held-reads');
    for (const core of this.cores) {
      core.asksDevices = !this.off.has('device-reads');
      if (this.off.has('translation')) core.setTranslating(false);
    }
  }
  private readonly known = this.chip.cores.map(() => new KnownLoops());

  private mayBeIdle(core: Core): boolean {
    const idle = this.idle[core.index]!;
    // a branch to itself comes to its stop again without being stopped
    return core.cycles() >= idle.tryAt || core.standsAtLoop || core.deviceReads >= idle.readsAt + idle.readsGap;
  }
  /** Skips if the core is in a steady loop with time before the next event. True if time has passed. */
  // eslint-disable-next-line complexity -- each way to leave a wait out has its own reason to be tried or put off
  protected lookForIdle(core: Core, until: Ps): boolean {
    const idle = this.idle[core.index]!;
    const { loop } = idle;
    // An interrupt that is to be taken goes first.
    if (!core.interruptsLookedAt()) return false;
    const counting = idle.counting.find((l) => l.pc === core.pc);
    // the core stops where a loop that counts can be left out; a steady one may be left out anywhere
    idle.tryAt = loop ? core.cycles() + 1 : idle.lookAt;
    if (counting) return this.skipCounting(core, idle, counting, until);
    if (loop !== null) {
      if (this.skipIn(core, idle, loop, until)) {
        idle.gap = IDLE_FIRST;
        idle.lookAt = core.cycles() + IDLE_FIRST;
        return true;
      }
      if (core.pc === loop.pc && core.cyclesUntil(until) > Math.max(loop.cycles * IDLE_ROUNDS, IDLE_WORTH)) {
        // the same place in another state: go round once more and see; give up on it if that fails too often
        if (++idle.misses <= IDLE_MISSES) this.look(core, until, Math.max(IDLE_AGAIN, IDLE_ROUNDS * loop.instructions));
        else this.forgetIdle(core);
        return idle.misses <= IDLE_MISSES;
      }
    }
    const polls = core.deviceReads >= idle.readsAt + idle.readsGap;
    const worth = core.cyclesUntil(until) >= IDLE_WORTH;
    if ((core.cycles() < idle.lookAt && !polls) || !worth) {
      // it waits for what comes next: these reads say nothing about what it does behind that
      if (polls) idle.readsAt = core.deviceReads;
      if (loop === null) idle.tryAt = idle.lookAt;
      return false;
    }
    const known = this.off.has('known-loops') ? null : this.known[core.index]!.recognise(core);
    if (known) {
      this.found(core, known);
      return true;
    }
    const counts = this.lookForCounting(core, until);
    if (counts || (counts === undefined && !this.off.has('steady-loops') && this.look(core, until, IDLE_STEPS))) return true;
    idle.gap = Math.min(idle.gap * 2, IDLE_GAP_LIMIT);
    idle.lookAt = core.cycles() + idle.gap;
    idle.readsAt = core.deviceReads;
    if (polls) idle.readsGap = Math.min(idle.readsGap * 2, IDLE_READS_LIMIT);
    return true;
  }
  /** The core stands in its loop and the loop holds: moves it on, or goes round once to record the loop. True if time has passed. */
  protected skipIn(core: Core, idle: Idle, loop: SteadyLoop, until: Ps): boolean {
    if (loop.frames !== null) return this.hop(core, idle, loop);
    if (core.pc !== loop.pc) return false;
    const holdsUntil = loopHolds(core, this.system, loop);
    const holds = Math.min(core.cyclesUntil(until), core.cyclesUntil(holdsUntil) - 1);
    if (holds <= loop.cycles * 2 || !stillSteady(core, loop)) return false;
    // many a loop ends with the next tick: a record is worth its round at the second skip, and is tried once
    if (loop.skips++ === 1 && this.record(core, loop, until)) return true;
    this.skipRounds(core, loop, holds);
    core.staysPast = holdsUntil > until;
    return true;
  }
  /** Steps on, looking for a steady loop; skips in it. Time has passed either way. True if there is one. */
  protected look(core: Core, until: Ps, steps: number): boolean {
    const loop = this.looking(core, () => findSteadyLoop(core, this.system, steps, this.told, this.interrupted, until));
    if (loop) this.found(core, { loop });
    return loop !== null;
  }
  /** Looks for a loop that counts, and stands at its start then. Undefined if no time has passed. */
  private lookForCounting(core: Core, until: Ps): boolean | undefined {
    if (this.off.has('counting-loops')) return undefined;
    const counting = this.looking(core, () => findCountingLoop(core, this.system, this.told, this.interrupted, until));
    if (counting) {
      const others = this.idle[core.index]!.counting.filter((l) => l.pc !== counting.pc);
      this.found(core, { counting: [counting, ...others].slice(0, this.off.has('kept-loops') ? 1 : KEPT) });
    }
    return counting === undefined ? undefined : counting !== null;
  }
  /** A look is a turn of the core. */
  private looking<T>(core: Core, look: () => T): T {
    this.settle(core);
    this.system.master = core.index;
    const found = look();
    this.system.master = 0;
    this.settle(core);
    return found;
  }
  private found(core: Core, loop: Partial<Pick<Idle, 'loop' | 'frame' | 'counting'>>): void {
    const now = core.cycles();
    const { counting } = this.idle[core.index]!;
    const kept = this.off.has('kept-loops') ? [] : counting.filter((l) => l.pc !== loop.loop?.pc);
    const idle = Object.assign(this.idle[core.index]!, freshIdle(), { counting: kept }, loop);
    idle.tryAt = now;
    idle.lookAt = now + IDLE_FIRST;
    idle.readsAt = core.deviceReads;
    this.stopAtLoops(core);
  }
  private stopAtLoops(core: Core): void {
    const { loop, counting } = this.idle[core.index]!;
    const places = counting.map((l) => l.pc);
    if (loop !== null) places.push(loop.pc);
    core.setIdlePoints(places);
  }
  /** Ends a look: the bench wants a stop, or the chip a reset. */
  private readonly interrupted = (): boolean => this.stopAsked || this.state.pendingReset !== null;
  /** Leaves out as many rounds of a loop that counts as there is time for. True if time has passed. */
  private skipCounting(core: Core, idle: Idle, found: CountingLoop, until: Ps): boolean {
    const holdsUntil = loopHolds(core, this.system, found);
    // what it reads is about to change: its next round is another one
    if (holdsUntil <= core.now()) return false;
    let round = roundOf(core, found);
    let loop = found;
    if (round < 0) {
      // the same place with other values, from which it may count as well
      const again = provedAgain(core, this.system, found);
      if (!again) return this.countsNoMore(core, idle, found, until);
      again.vain = found.vain;
      idle.counting = idle.counting.map((l) => (l === found ? again : l));
      loop = again;
      round = 0;
    }
    const holds = Math.min(core.cyclesUntil(until), core.cyclesUntil(holdsUntil) - 1);
    const there = Math.floor((holds - 1) / loop.cycles);
    const rounds = Math.min(loop.rounds - round, there) - (loop.ordered && loop.use === null ? 1 : 0);
    core.staysPast = there <= loop.rounds - round && holdsUntil > until;
    if (rounds * loop.instructions >= COUNTING_WORTH) {
      loop.vain = 0;
      idle.gap = IDLE_FIRST;
    } else if (++loop.vain > COUNTING_MISSES) this.giveUp(core, idle, loop);
    // few rounds are left out as well: their stops would cost more
    if (rounds <= 0) {
      idle.tryAt = idle.lookAt;
      return false;
    }
    moveOn(core, loop, round + rounds);
    for (const [key, reads] of loop.counts) this.countReads(key, rounds * reads);
    core.skip(rounds * loop.cycles, rounds * loop.instructions, rounds * loop.cacheHits);
    if (loop.use) core.useRows(loop.use.stamps, isStartPaid(core, loop.use) ? loop.pc : null);
    idle.lookAt = core.cycles() + IDLE_FIRST;
    idle.tryAt = idle.lookAt;
    this.settle(core);
    return true;
  }
  /**
   * The core stands at a loop's start, and this is no round of it. The round after a change is often another one, and a way of its own: what it leads to is looked at
   * when it comes by again. One that waited for a device has come to its end. True if time has passed.
   */
  private countsNoMore(core: Core, idle: Idle, loop: CountingLoop, until: Ps): boolean {
    const vain = ++loop.vain;
    const ends = !devicesAsFound(core, loop);
    const found = !ends && vain % COUNTING_AGAIN === 0 ? this.lookForCounting(core, until) : undefined;
    for (const l of idle.counting) if (l.pc === loop.pc) l.vain = vain;
    if (vain > COUNTING_MISSES) this.giveUp(core, idle, loop);
    return found !== undefined;
  }
  private giveUp(core: Core, idle: Idle, loop: CountingLoop): void {
    idle.gap = Math.min(idle.gap * 2, IDLE_GAP_LIMIT);
    idle.counting = idle.counting.filter((l) => l.pc !== loop.pc);
    idle.lookAt = core.cycles() + idle.gap;
    if (idle.loop === null && idle.counting.length === 0) idle.tryAt = idle.lookAt;
    this.stopAtLoops(core);
  }
  /** For the look for steady loops. */
  private readonly told: Told = ((machine: Machine) => ({
    get history() {
      return machine.history;
    },
    counts: () => machine.readCounts(),
  }))(this);
  /** Records a round of a loop if there is time for it. True if time has passed. */
  protected record(core: Core, loop: SteadyLoop, until: Ps): boolean {
    if (
      this.off.has('loop-records') ||
      !mayRecord(loop) ||
      core.cyclesUntil(Math.min(until, loopHolds(core, this.system, loop))) <= loop.cycles * 2
    )
      return false;
    const before = core.cycles();
    this.system.master = core.index;
    loop.frames = recordFrames(core, this.system, loop, until);
    if (loop.frames !== null) this.known[core.index]!.remember(core, loop);
    this.system.master = 0;
    this.settle(core);
    return core.cycles() > before;
  }
  /**
   * Moves the core to the place in its loop where it would look up for the next event, and on to the one after it where events fire aside and change
   * nothing for the loop. True if time has passed.
   */
  protected hop(core: Core, idle: Idle, loop: SteadyLoop): boolean {
    const from = frameOf(core, loop, idle.frame);
    if (from < 0) return false;
    const s = this.system;
    const before = core.cycles();
    idle.frame = from;
    let passed = 0;
    do {
      const until = Math.min(s.scheduler.next, this.limit);
      // what is read at the very end of the time for which it holds is read too late
      const most = core.cyclesUntil(loopHolds(core, s, loop)) - 1;
      const to = frameAfter(loop, idle.frame, core.cyclesUntil(until), most);
      if (to.cycles <= 0) break;
      const a = loop.frames![idle.frame]!;
      const b = loop.frames![to.frame]!;
      core.skip(
        to.cycles,
        to.rounds * loop.instructions + b.instructions - a.instructions,
        to.rounds * loop.cacheHits + b.cacheHits - a.cacheHits,
      );
      idle.frame = to.frame;
      passed += to.cycles;
      this.settle(core);
    } while (this.passAside(core, loop));
    idle.tryAt = core.cycles();
    if (idle.tryAt === before) return false;
    standIn(core, loop, loop.frames![idle.frame]!);
    if (loop.use) core.useRows(rowsOnTheWay(loop, from, idle.frame, passed));
    return true;
  }
  /** Fires what is due now, as far as it fires aside. True if that was all, and the core, which is in this loop, has to take no notice of it. */
  private passAside(core: Core, loop: SteadyLoop): boolean {
    const s = this.system;
    const { configuration } = s;
    const event = core.get(S.EVENT);
    return (
      s.scheduler.next <= s.now &&
      s.fireAside(s.now) &&
      s.configuration === configuration &&
      core.get(S.EVENT) === event &&
      !this.interrupted() &&
      this.isAlone(core) &&
      core.interruptsLookedAt() &&
      devicesAsFound(core, loop)
    );
  }
  protected forgetIdle(core: Core): void {
    const idle = this.idle[core.index]!;
    idle.loop = null;
    idle.counting = [];
    idle.lookAt = idle.tryAt = core.cycles() + idle.gap;
    core.setIdlePoints([]);
  }
  protected skipRounds(core: Core, loop: SteadyLoop, cycles: number): void {
    const rounds = roundsIn(loop, cycles);
    if (rounds <= 0) return;
    this.history.seq += rounds * loop.writes;
    this.history.repeat(rounds * loop.events);
    for (const [key, reads] of loop.counts) this.countReads(key, rounds * reads);
    core.skip(rounds * loop.cycles, rounds * loop.instructions, rounds * loop.cacheHits);
    if (loop.use) core.useRows(loop.use.stamps);
    if (this.isAlone(core)) this.settle(core);
  }

  // ---- memory changes and checkpoints ----------------------------------------------------------------------------------------------
  protected override bytesChange(memory: Memory, offset: number, length: number, programmed?: Uint8Array): void {
    const host = memory.host + offset;
    this.markDirty(host, length, programmed);
    for (const core of this.cores) core.invalidateCode(host, length, programmed);
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

  save(): Checkpoint {
    const pages = new Map<number, SavedPage>();
    const { dirty } = this;
    for (let first = dirty.indexOf(1); first >= 0;) {
      let end = dirty.indexOf(0, first);
      if (end < 0) end = dirty.length;
      savePages(this.system.arena.u8, first, end, (at, saved) => pages.set(at, saved));
      first = dirty.indexOf(1, end);
    }
    return {
      pages,
      system: this.system.save(),
      cores: this.cores.map((c) => c.save()),
      history: this.history.copy(),
      attachments: this.attachments.map((a) => a.save()),
      machine: structuredClone(this.state),
    };
  }
  restore(c: Checkpoint): void {
    this.restorePages(c.pages);
    const shown = this.system.remapped();
    this.system.restore(c.system);
    // empties caches, which the cores' own state fills again
    if (this.system.remapped() !== shown) for (const core of this.cores) core.remapped(this.chip.remap!.base);
    this.cores.forEach((core, i) => {
      // it may stand in a loop
      Object.assign(this.idle[i]!, freshIdle(), { lookAt: 0, readsAt: core.deviceReads });
      core.setIdlePoints([]);
      core.restore(c.cores[i]!);
    });
    this.refreshIntercept();
    this.history = c.history.copy();
    this.attachments.forEach((a, i) => a.restore(c.attachments[i]));
    this.state = structuredClone(c.machine);
  }
  /** Pages that were saved together are loaded together, but for those whose bytes are compared because of code. */
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

/** A loop that writes special registers executes its last whole round: the history names that one as the last writer. So does one whose order of use counts and is not known. */
const roundsIn = (loop: SteadyLoop, cycles: number): number =>
  Math.max(0, Math.floor((cycles - 1) / loop.cycles) - (loop.writes > 0 || (loop.ordered && loop.use === null) ? 1 : 0));

/** Copies of the pages from `first` up to `end`: one copy for all of them. */
function savePages(u8: Uint8Array, first: number, end: number, each: (page: number, saved: SavedPage) => void): void {
  const host = first << PAGE_BITS;
  const map = WORD_MAP + (host >>> 2);
  const size = (end - first) << PAGE_BITS;
  const bytes = u8.slice(host, host + size);
  const words = u8.slice(map, map + size / 4);
  for (let at = 0; at < size; at += PAGE_SIZE)
    each(first + (at >>> PAGE_BITS), { bytes: bytes.subarray(at, at + PAGE_SIZE), words: words.subarray(at / 4, (at + PAGE_SIZE) / 4) });
}
/** A page was saved so many pages behind another one, in the same copy. */
function follows(saved: SavedPage, pages: number, next: SavedPage | null): boolean {
  return next !== null && next.bytes.buffer === saved.bytes.buffer && next.bytes.byteOffset === saved.bytes.byteOffset + pages * PAGE_SIZE;
}
function loadPages(u8: Uint8Array, first: number, { bytes, words }: SavedPage, pages: number): void {
  const host = first << PAGE_BITS;
  u8.set(new Uint8Array(bytes.buffer, bytes.byteOffset, pages * PAGE_SIZE), host);
  u8.set(new Uint8Array(words.buffer, words.byteOffset, (pages * PAGE_SIZE) / 4), WORD_MAP + (host >>> 2));
}
