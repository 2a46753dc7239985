/**
 * What leaves a core's waits out. A loop that changes nothing (steady.ts) or only counts (counting.ts) is looked for from time to time, remembered with its place,
 * and skipped there up to the next event. Nothing here is state of the chip: it decides only how fast the same thing happens.
 */
import type { Core } from '../core/core.ts';
import { S } from '../core/state.ts';
import type { History } from '../history.ts';
import type { System } from '../system.ts';
import type { Ps } from '../time.ts';
import { findCountingLoop, isStartPaid, moveOn, provedAgain, iterationOf, type CountingLoop } from './counting.ts';
import { frameAfter, frameAt, frameOf, isElsewhereOnStack, mayRecord, nextPlace, recordFrames, rowsOnTheWay, standIn } from './frames.ts';
import { asCopied } from './copies.ts';
import { KnownLoops } from './known-loops.ts';
import type { ShortcutName } from './shortcuts.ts';
import { devicesAsFound, findSteadyLoop, loopHolds, movedReads, stillSteady, type Loop, type SteadyLoop, type Told } from './steady.ts';

/** Effort: cycles before the first look for a steady loop. */
const FIRST_SEARCH = 20_000;
/** Effort: steps of a look, and of one at a place where a loop is known. */
const SEARCH_STEPS = 900;
/** Effort: see above. */
const SEARCH_STEPS_AGAIN = 200;
/** Effort: so many iterations show a loop in any case; where its state is compared moves on in growing steps. */
const SEARCH_ITERATIONS = 4;
/** Effort: longest distance between looks. */
const GAP_LIMIT = 8_000_000;
/** Effort: cycles that make a look worth it. */
const SEARCH_WORTH = 4_000;
/** Effort: reads of blocks since the last look that make one due before its time. */
const READS_FIRST = 400;
/** Effort: the most that this grows to. */
const READS_LIMIT = 50_000;
/** Effort: looks in vain at one place. */
const MISSES_LIMIT = 64;
/** Effort: arrivals in vain at a steady loop one behind the other, after which it is passed. */
const VAIN_ARRIVALS = 2;
/** Effort: iterations that may pass, behind an interrupt, until registers hold again what an iteration leaves in them. */
const STRANGE_ARRIVALS = 1;
/** Effort: iterations that may pass until a known loop runs from lines that are held. */
const REFETCHES = 1;
/** Effort: arrivals at its stop from other callers, until it stops at another place. */
const ELSEWHERE = 16;
/** Effort: arrivals in vain at a loop that counts. */
const COUNTING_MISSES = 16;
/** Effort: how many of them until it is looked for anew. */
const COUNTING_AGAIN = 4;
/** Effort: instructions that make a skip worth it. */
const COUNTING_WORTH = 100;
/** Effort: loops that count which are kept. */
const KEPT = 4;

/** The machine that the core is part of. */
export interface SkipHost extends Told {
  readonly system: System;
  readonly history: History;
  /** Does without this shortcut. */
  readonly isOff: (name: ShortcutName) => boolean;
  /** End of the run that is going on. */
  readonly limit: () => Ps;
  /** The bench wants a stop, or the chip a reset. */
  readonly interrupted: () => boolean;
  readonly isAlone: (core: Core) => boolean;
  /** Behind a turn of a core: the time is that of the core furthest behind. */
  readonly settle: (core: Core) => void;
  /** Reads of a register that no instruction made. */
  readonly countReads: (key: string, reads: number) => void;
}

/** What is known of the loops of a core. Cycles are the core's. */
interface Known {
  loop: SteadyLoop | null;
  /** Loops that count, the one found last first: a poll that other code comes back to need not be found again. */
  counting: CountingLoop[];
  /** The frame in which the core was left. */
  frame: number;
  /** When `skip` is asked again. */
  tryAt: number;
  /** When another loop than this one is looked for, and how far apart such looks are. */
  searchAt: number;
  gap: number;
  /** The same by reads of blocks. */
  readsAt: number;
  readsGap: number;
  /** Looks at the loop's place that found no loop. */
  misses: number;
  /** Arrivals at it since it was left out last. */
  vain: number;
  /** Arrivals at its place from other callers. */
  elsewhere: number;
  /** Arrivals in a state that is none of its iteration, one behind the other. */
  strange: number;
  /** Iterations that were to fetch lines of a known loop, one behind the other. */
  refetches: number;
}
const nothingKnown = (): Known => ({
  loop: null,
  counting: [],
  frame: 0,
  tryAt: 0,
  searchAt: FIRST_SEARCH,
  gap: FIRST_SEARCH,
  readsAt: 0,
  readsGap: READS_FIRST,
  misses: 0,
  vain: 0,
  elsewhere: 0,
  strange: 0,
  refetches: 0,
});

/** A loop that writes special registers executes its last whole iteration: the history names that one as the last writer. So does one whose order of use counts and is not known. */
export const iterationsIn = (loop: SteadyLoop, cycles: number): number =>
  Math.max(0, Math.floor((cycles - 1) / loop.cycles) - (loop.writes > 0 || (loop.ordered && loop.use === null) ? 1 : 0));

export class LoopSkipper {
  /** What is known now; `known` keeps more for when it comes back. */
  private seen = nothingKnown();
  private readonly known = new KnownLoops();
  /** A checkpoint was restored, and nothing has been looked for since. */
  private atCheckpoint = false;

  private readonly core: Core;
  private readonly host: SkipHost;

  constructor(core: Core, host: SkipHost) {
    this.core = core;
    this.host = host;
  }

  /** A skip may be possible here, or a look for a loop is due. */
  mayTry(): boolean {
    // a branch to itself comes to its stop again without being stopped
    const { core } = this;
    return (
      core.cycles() >= this.seen.tryAt ||
      (core.standsAtLoop && !core.staysPast) ||
      core.deviceReads >= this.seen.readsAt + this.seen.readsGap
    );
  }
  /** Skips if the core is in a steady loop with time before the next event. True if time has passed. */
  // eslint-disable-next-line complexity -- each way to leave a wait out has its own reason to be tried or put off
  skip(until: Ps): boolean {
    // An interrupt that is to be taken goes first.
    if (!this.core.noInterruptDue()) return false;
    if (this.atCheckpoint) this.recall();
    const { loop } = this.seen;
    const counting = this.seen.counting.find((l) => l.pc === this.core.pc);
    // the core stops where a loop that counts can be left out; a steady one may be left out anywhere
    this.seen.tryAt = loop ? this.core.cycles() + 1 : this.seen.searchAt;
    if (counting) return this.skipCounting(counting, until);
    if (loop !== null) {
      if (this.skipSteady(loop, until)) {
        this.seen.vain = 0;
        this.seen.strange = 0;
        this.seen.gap = FIRST_SEARCH;
        this.seen.searchAt = this.core.cycles() + FIRST_SEARCH;
        return true;
      }
      if (this.core.pc === loop.pc && this.core.cyclesUntil(until) > Math.max(loop.cycles * SEARCH_ITERATIONS, SEARCH_WORTH)) {
        if (this.skipKnown(until)) return true;
        if (this.refetching() || this.endsSoon(loop) || this.settling()) return false;
        // the same place in another state: go round once more and see; give up on it if that fails too often
        if (++this.seen.misses > MISSES_LIMIT) this.forget();
        else if (!this.waitsForHandler(loop, until))
          this.search(until, Math.max(SEARCH_STEPS_AGAIN, SEARCH_ITERATIONS * loop.instructions));
        return this.seen.misses <= MISSES_LIMIT;
      }
      if (this.core.pc === loop.pc) this.arrivedInVain(loop);
    }
    const polls = this.core.deviceReads >= this.seen.readsAt + this.seen.readsGap;
    const worth = this.core.cyclesUntil(until) >= SEARCH_WORTH;
    if ((this.core.cycles() < this.seen.searchAt && !polls) || !worth) {
      // it waits for what comes next: these reads say nothing about what it does behind that
      if (polls) this.seen.readsAt = this.core.deviceReads;
      if (loop === null) this.seen.tryAt = this.seen.searchAt;
      return false;
    }
    if (this.standsInKnown()) return true;
    const counts = this.searchCounting(until);
    if (counts || (counts === undefined && !this.host.isOff('steady-loops') && this.search(until, SEARCH_STEPS))) return true;
    this.seen.gap = Math.min(this.seen.gap * 2, GAP_LIMIT);
    this.seen.searchAt = this.core.cycles() + this.seen.gap;
    this.seen.readsAt = this.core.deviceReads;
    if (polls) this.seen.readsGap = Math.min(this.seen.readsGap * 2, READS_LIMIT);
    return true;
  }
  /** Before the core runs: it stops when a look is due. */
  beforeTurn(skips: boolean): void {
    const { core } = this;
    core.readsLimit = skips ? this.seen.readsAt + this.seen.readsGap : Infinity;
    core.returnsAfterHandler = core.cycles() >= this.seen.searchAt && skips;
  }
  /** The core stopped at the place of a loop. */
  stoppedAtLoop(): void {
    this.seen.tryAt = Math.min(this.seen.tryAt, this.core.cycles());
  }
  /** Other code begins: how long the code before it went on without a loop says nothing about it. */
  otherCodeBegins(): void {
    this.seen.gap = FIRST_SEARCH;
    this.seen.searchAt = Math.min(this.seen.searchAt, this.core.cycles() + FIRST_SEARCH);
    this.seen.tryAt = Math.min(this.seen.tryAt, this.seen.searchAt);
  }
  /** A checkpoint was restored: the core may stand in a loop. */
  restored(): void {
    this.seen = { ...nothingKnown(), searchAt: 0, readsAt: this.core.deviceReads };
    this.atCheckpoint = true;
    this.core.setIdlePoints([]);
  }
  /** The steady loop that the core stands in, as far as it is known; null says nothing. */
  standsIn(): SteadyLoop | null {
    const { core } = this;
    const { loop } = this.seen;
    if (loop === null) return null;
    const stands = loop.frames === null ? stillSteady(core, loop) : frameOf(core, loop, this.seen.frame) >= 0;
    return stands ? loop : null;
  }
  /** Other cores run: what is known of the loop here holds no longer. */
  forget(): void {
    this.seen.loop = null;
    this.seen.counting = [];
    this.seen.searchAt = this.seen.tryAt = this.core.cycles() + this.seen.gap;
    this.core.setIdlePoints([]);
  }
  /** Leaves out the whole iterations that fit into `cycles`. */
  skipIterations(loop: SteadyLoop, cycles: number): void {
    const iterations = iterationsIn(loop, cycles);
    if (iterations <= 0) return;
    const { history } = this.host;
    history.seq += iterations * loop.writes;
    history.repeat(iterations * loop.events);
    this.pass(loop, iterations);
    if (this.host.isAlone(this.core)) this.host.settle(this.core);
  }
  /** Time, instructions and what is counted go on by so many iterations; `entered` is a place whose line has been paid for since. */
  private pass(loop: Loop, iterations: number, entered: number | null = null): void {
    for (const [key, reads] of loop.counts) this.host.countReads(key, iterations * reads);
    this.core.skip(iterations * loop.cycles, iterations * loop.instructions, iterations * loop.cacheHits);
    if (loop.use) this.core.caches.useRows(loop.use.stamps, entered);
  }

  /** There is too little time to look what the core does now where it stops: if that goes on, its iterations are executed without a stop at each. */
  private arrivedInVain(loop: SteadyLoop): void {
    if (isElsewhereOnStack(this.core, loop) && ++this.seen.elsewhere > ELSEWHERE) {
      this.seen.elsewhere = 0;
      loop.pc = nextPlace(this.core, loop) ?? loop.pc;
      this.stopAtLoops();
    } else if (++this.seen.vain > VAIN_ARRIVALS) this.core.staysPast = true;
  }

  // ---- how ---------------------------------------------------------------------------------------------------------------------------
  /** The core stands in its loop and the loop holds: moves it on, or goes round once to record the loop. True if time has passed. */
  private skipSteady(loop: SteadyLoop, until: Ps): boolean {
    if (loop.frames !== null) return this.skipToEvent(loop) || (this.handsOn(loop) && this.skipToEvent(this.seen.loop!));
    if (this.core.pc !== loop.pc) return false;
    const holdsUntil = loopHolds(this.core, this.host.system, loop);
    const holds = Math.min(this.core.cyclesUntil(until), this.core.cyclesUntil(holdsUntil) - 1);
    if (holds <= loop.cycles * 2 || !stillSteady(this.core, loop)) return false;
    // many a loop ends with the next tick: a record is worth its iteration at the second skip, and is tried once
    if (loop.skips++ === 1 && this.record(loop, until)) return true;
    this.skipIterations(loop, holds);
    this.core.staysPast = holdsUntil > until;
    return true;
  }
  /** The loop is the one that is recorded but for words that it only copies. */
  private handsOn(loop: SteadyLoop): boolean {
    if (this.host.isOff('copied-words') || this.core.codeVersion !== loop.codeVersion) return false;
    const now = asCopied(this.core, loop);
    if (now === null || frameAt(this.core, now, this.seen.frame) < 0) return false;
    this.seen.loop = now;
    return true;
  }
  /** Behind a checkpoint: events may be near for long, and nothing would be looked for. */
  private recall(): void {
    this.atCheckpoint = false;
    if (this.host.isOff('known-loops')) return;
    if (!this.host.isOff('kept-loops')) this.seen.counting = this.known.counted(this.core).slice(0, KEPT);
    if (this.standsInKnown()) return;
    this.stopAtLoops();
    // in the middle of an iteration it comes to the place of its loop first
    if (this.seen.counting.length > 0) this.seen.searchAt = this.core.cycles() + SEARCH_STEPS_AGAIN;
  }
  /** The core stands in a loop that was recorded before. False as well where it has to go iteration once, which fetches lines of it; it stops there again. */
  private standsInKnown(): boolean {
    const known = this.host.isOff('known-loops') ? null : this.known.recognise(this.core, !this.host.isOff('copied-words'));
    const refetches = known === null || known.held ? 0 : this.seen.refetches + 1;
    if (known !== null && refetches <= REFETCHES) this.found({ loop: known.loop, frame: known.frame });
    this.seen.refetches = refetches;
    return known?.held === true;
  }
  /** The state is that of another record. Where that one cannot be left out now either (what it reads is about to change) it counts as a miss as before. */
  private skipKnown(until: Ps): boolean {
    const { misses } = this.seen;
    const skipped = this.standsInKnown() && this.skipSteady(this.seen.loop!, until);
    if (!skipped) this.seen.misses = misses;
    return skipped;
  }
  /** What it reads is about to change, without an event: its next iteration is another one, and what comes behind that may lead here again. */
  private endsSoon(loop: SteadyLoop): boolean {
    return this.core.cyclesUntil(loopHolds(this.core, this.host.system, loop)) <= loop.cycles * 2;
  }
  /** The first iteration behind other code, or an interrupt, begins with what that has left in registers: the next may be the one that is known. */
  private settling(): boolean {
    return !this.host.isOff('known-loops') && ++this.seen.strange <= STRANGE_ARRIVALS;
  }
  /** An iteration is to fetch lines of the loop that the core stands in. */
  private refetching(): boolean {
    return this.seen.refetches > 0 && this.seen.refetches <= REFETCHES;
  }
  /** Steps on, looking for a steady loop; skips in it. Time has passed either way. True if there is one. */
  private search(until: Ps, steps: number): boolean {
    const loop = this.asTurn(() => findSteadyLoop(this.core, this.host.system, steps, this.host, this.host.interrupted, until));
    if (!loop) return false;
    // an iteration further on it may be one that was recorded
    const known = this.host.isOff('known-loops') ? null : this.known.recognise(this.core, !this.host.isOff('copied-words'));
    this.found(known?.held ? { loop: known.loop, frame: known.frame } : { loop });
    return true;
  }
  /** A word that the loop reads has moved: it may be one that counts ticks, on which a loop that calls functions can be proved as well. True if there is one. */
  private waitsForHandler(loop: SteadyLoop, until: Ps): boolean {
    if (movedReads(this.core, loop)?.length !== 1 || this.searchCounting(until, true) !== true) return false;
    this.seen.loop = null;
    this.stopAtLoops();
    return true;
  }
  /** Looks for a loop that counts, and stands at its start then. Undefined if no time has passed. */
  private searchCounting(until: Ps, calls = false): boolean | undefined {
    if (this.host.isOff('counting-loops')) return undefined;
    const counting = this.asTurn(() => findCountingLoop(this.core, this.host.system, this.host, this.host.interrupted, until, calls));
    if (counting) {
      this.known.counts(this.core, counting);
      const others = this.seen.counting.filter((l) => l.pc !== counting.pc);
      this.found({ counting: [counting, ...others].slice(0, this.host.isOff('kept-loops') ? 1 : KEPT) });
    }
    return counting === undefined ? undefined : counting !== null;
  }
  /** A look is a turn of the core. */
  private asTurn<T>(search: () => T): T {
    this.host.settle(this.core);
    this.host.system.master = this.core.index;
    const found = search();
    this.host.system.master = 0;
    this.host.settle(this.core);
    return found;
  }
  private found(loop: Partial<Pick<Known, 'loop' | 'frame' | 'counting'>>): void {
    const now = this.core.cycles();
    const keeps = !this.host.isOff('kept-loops');
    const counting = keeps ? this.seen.counting.filter((l) => l.pc !== loop.loop?.pc) : [];
    const steady = keeps ? { loop: this.seen.loop, frame: this.seen.frame } : {};
    this.seen = { ...nothingKnown(), ...steady, counting, ...loop };
    this.seen.tryAt = now;
    this.seen.searchAt = now + FIRST_SEARCH;
    this.seen.readsAt = this.core.deviceReads;
    this.stopAtLoops();
  }
  private stopAtLoops(): void {
    const { loop, counting } = this.seen;
    const places = counting.map((l) => l.pc);
    if (loop !== null) places.push(loop.pc);
    this.core.setIdlePoints(places);
  }
  /** Leaves out as many iterations of a loop that counts as there is time for. True if time has passed. */
  private skipCounting(found: CountingLoop, until: Ps): boolean {
    const holdsUntil = loopHolds(this.core, this.host.system, found);
    // what it reads is about to change: its next iteration is another one
    if (holdsUntil <= this.core.now()) return false;
    let iteration = iterationOf(this.core, found);
    let loop = found;
    if (iteration < 0) {
      // the same place with other values, from which it may count as well
      const again = provedAgain(this.core, this.host.system, found);
      if (!again) return this.countsNoMore(found, until);
      again.vain = found.vain;
      this.seen.counting = this.seen.counting.map((l) => (l === found ? again : l));
      loop = again;
      iteration = 0;
    }
    const holds = Math.min(this.core.cyclesUntil(until), this.core.cyclesUntil(holdsUntil) - 1);
    const there = Math.floor((holds - 1) / loop.cycles);
    const left = loop.led === 'yes' ? Infinity : loop.iterations - iteration;
    const iterations = Math.min(left, there) - (loop.ordered && loop.use === null ? 1 : 0);
    this.core.staysPast = there <= left && holdsUntil > until;
    if (iterations * loop.instructions >= COUNTING_WORTH) {
      loop.vain = 0;
      this.seen.gap = FIRST_SEARCH;
    } else if (++loop.vain > COUNTING_MISSES) this.giveUp(loop);
    // few iterations are left out as well: their stops would cost more
    if (iterations <= 0) {
      this.seen.tryAt = this.seen.searchAt;
      return false;
    }
    moveOn(this.core, loop, loop.led === 'yes' ? iteration : iteration + iterations);
    this.pass(loop, iterations, loop.use !== null && isStartPaid(this.core, loop.use) ? loop.pc : null);
    this.seen.searchAt = this.core.cycles() + FIRST_SEARCH;
    this.seen.tryAt = this.seen.searchAt;
    this.host.settle(this.core);
    return true;
  }
  /**
   * The core stands at a loop's start, and this is no iteration of it. The iteration after a change is often another one, and a way of its own: what it leads to is looked at
   * when it comes by again. One that waited for a device has come to its end. True if time has passed.
   */
  private countsNoMore(loop: CountingLoop, until: Ps): boolean {
    const vain = ++loop.vain;
    const ends = !devicesAsFound(this.core, loop);
    const found = !ends && vain % COUNTING_AGAIN === 0 ? this.searchCounting(until) : undefined;
    for (const l of this.seen.counting) if (l.pc === loop.pc) l.vain = vain;
    if (vain > COUNTING_MISSES) this.giveUp(loop);
    return found !== undefined;
  }
  private giveUp(loop: CountingLoop): void {
    this.seen.gap = Math.min(this.seen.gap * 2, GAP_LIMIT);
    this.seen.counting = this.seen.counting.filter((l) => l.pc !== loop.pc);
    this.seen.searchAt = this.core.cycles() + this.seen.gap;
    if (this.seen.loop === null && this.seen.counting.length === 0) this.seen.tryAt = this.seen.searchAt;
    this.stopAtLoops();
  }
  /** Records an iteration of a loop if there is time for it. True if time has passed. */
  private record(loop: SteadyLoop, until: Ps): boolean {
    if (
      this.host.isOff('loop-records') ||
      !mayRecord(loop) ||
      this.core.cyclesUntil(Math.min(until, loopHolds(this.core, this.host.system, loop))) <= loop.cycles * 2
    )
      return false;
    const before = this.core.cycles();
    this.host.system.master = this.core.index;
    loop.frames = recordFrames(this.core, this.host.system, loop, until);
    if (loop.frames !== null) this.known.remember(this.core, loop);
    this.host.system.master = 0;
    this.host.settle(this.core);
    return this.core.cycles() > before;
  }
  /**
   * Moves the core to the place in its loop where it would look up for the next event, and on to the one after it where events fire aside and change
   * nothing for the loop. True if time has passed.
   */
  private skipToEvent(loop: SteadyLoop): boolean {
    const from = frameOf(this.core, loop, this.seen.frame);
    if (from < 0) return false;
    const s = this.host.system;
    const before = this.core.cycles();
    this.seen.frame = from;
    let passed = 0;
    do {
      const until = Math.min(s.scheduler.next, this.host.limit());
      // what is read at the very end of the time for which it holds is read too late
      const most = this.core.cyclesUntil(loopHolds(this.core, s, loop)) - 1;
      const to = frameAfter(loop, this.seen.frame, this.core.cyclesUntil(until), most);
      if (to.cycles <= 0) break;
      const a = loop.frames![this.seen.frame]!;
      const b = loop.frames![to.frame]!;
      this.core.skip(
        to.cycles,
        to.iterations * loop.instructions + b.instructions - a.instructions,
        to.iterations * loop.cacheHits + b.cacheHits - a.cacheHits,
      );
      this.seen.frame = to.frame;
      passed += to.cycles;
      this.host.settle(this.core);
    } while (this.passBackgroundEvents(loop));
    this.seen.tryAt = this.core.cycles();
    if (this.seen.tryAt === before) return false;
    standIn(this.core, loop, loop.frames![this.seen.frame]!);
    if (loop.use) this.core.caches.useRows(rowsOnTheWay(loop, from, this.seen.frame, passed));
    return true;
  }
  /** Fires what is due now, as far as it fires aside. True if that was all, and the core, which is in this loop, has to take no notice of it. */
  private passBackgroundEvents(loop: SteadyLoop): boolean {
    const s = this.host.system;
    const { configuration } = s;
    const event = this.core.get(S.EVENT);
    return (
      s.scheduler.next <= s.now &&
      s.fireBackground(s.now) &&
      s.configuration === configuration &&
      this.core.get(S.EVENT) === event &&
      !this.host.interrupted() &&
      this.host.isAlone(this.core) &&
      this.core.noInterruptDue() &&
      devicesAsFound(this.core, loop)
    );
  }
}
