/**
 * Skips the waits of one core. From time to time it searches for a loop that changes nothing (steady.ts) or only counts (counting.ts), remembers its address, and
 * from then on skips it up to the next event. Nothing here is state of the chip: it decides how fast a result is reached, never which.
 */
import type { Core } from '../core/core.ts';
import { S } from '../core/state.ts';
import type { History } from '../history.ts';
import { isPart, isTouched, partsOf, type Quiet } from '../quiet-rounds.ts';
import type { System } from '../system.ts';
import type { Ps } from '../time.ts';
import { findCountingLoop, isStartPaid, moveOn, provedAgain, iterationOf, roundsHold, type CountingLoop } from './counting.ts';
import { findRounds } from './rounds.ts';
import { frameAfter, frameAt, frameOf, isElsewhereOnStack, mayRecord, nextPlace, recordFrames, rowsOnTheWay, standIn } from './frames.ts';
import { asCopied } from './copies.ts';
import { KnownLoops } from './known-loops.ts';
import type { ShortcutName } from './shortcuts.ts';
import { devicesAsFound, findSteadyLoop, loopHolds, movedReads, stillSteady, type Loop, type SteadyLoop, type Told } from './steady.ts';

/** Effort: cycles before the first search for a steady loop. */
const FIRST_SEARCH = 20_000;
/** Effort: instructions of a search, and of one at the stop of a known loop. */
const SEARCH_STEPS = 900;
/** Effort: see above. */
const SEARCH_STEPS_AGAIN = 200;
/** Effort: iterations within which a search finds any loop, since its anchor moves on in growing steps. */
const SEARCH_ITERATIONS = 4;
/** Effort: longest distance between searches, in cycles. */
const GAP_LIMIT = 8_000_000;
/** Effort: cycles until the next event below which no search pays. */
const SEARCH_WORTH = 4_000;
/** Effort: reads of blocks since the last search that make the next one due. */
const READS_FIRST = 400;
/** Effort: the most that this grows to. */
const READS_LIMIT = 50_000;
/** Effort: failed searches at a known loop's stop before it is forgotten. */
const MISSES_LIMIT = 64;
/** Effort: consecutive arrivals at a steady loop without a skip, after which its stop is ignored for the rest of the turn. */
const VAIN_ARRIVALS = 2;
/** Effort: iterations after an interrupt in which registers may still differ from what an iteration leaves in them. */
const STRANGE_ARRIVALS = 1;
/** Effort: the same of a loop that puts back what it changes, whose iteration may come by its stop twice or more. */
const STRANGE_TURNS = 4;
/** Effort: iterations in which a known loop may still fetch its cache lines. */
const REFETCHES = 1;
/** Effort: arrivals at the stop from other callers before the stop moves to another instruction. */
const ELSEWHERE = 16;
/** Effort: counting loops: failed attempts before giving up; */
const COUNTING_MISSES = 16;
/** Effort: failed attempts between two searches; */
const COUNTING_AGAIN = 4;
/** Effort: instructions a skip must save; */
const COUNTING_WORTH = 100;
/** Effort: distance between searches from which on rounds of a main loop are looked for. */
const ROUNDS_GAP = 4 * FIRST_SEARCH;
/** Effort: by which that grows when there were none. */
const ROUNDS_GROWTH = 4;
/** Effort: cycles until the next event below which they are not. */
const ROUNDS_WORTH = 10_000;
/** Effort: loops that are remembered. */
const KEPT = 4;

/** The machine that the core is part of. */
export interface SkipHost extends Told {
  readonly system: System;
  readonly history: History;
  /** Rounds of devices that nobody who waits sees, from the next event on, as far as a time (quiet-rounds.ts); null: none. */
  readonly quiet: (until: Ps) => Quiet | null;
  readonly passQuiet: (rounds: Quiet) => void;
  /** This shortcut is switched off. */
  readonly isOff: (name: ShortcutName) => boolean;
  /** End of the run that is going on. */
  readonly limit: () => Ps;
  /** The bench wants a stop, or the chip a reset. */
  readonly interrupted: () => boolean;
  readonly isAlone: (core: Core) => boolean;
  /** After a turn of a core: moves the machine's time to that of the core furthest behind. */
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
  /** Cycle at which `skip` is called again. */
  tryAt: number;
  /** Cycle of the next search for another loop, and the distance between searches. */
  searchAt: number;
  gap: number;
  /** Distance from which on rounds are looked for. */
  roundsGap: number;
  /** The same in reads of blocks. */
  readsAt: number;
  readsGap: number;
  /** Searches at the loop's stop that found none. */
  misses: number;
  /** Arrivals since it was skipped last. */
  vain: number;
  /** Arrivals at its stop from other callers. */
  elsewhere: number;
  /** Consecutive arrivals in a state that no iteration has. */
  strange: number;
  /** Consecutive iterations left to fetch lines of a known loop. */
  refetches: number;
}
const nothingKnown = (): Known => ({
  loop: null,
  counting: [],
  frame: 0,
  tryAt: 0,
  searchAt: FIRST_SEARCH,
  gap: FIRST_SEARCH,
  roundsGap: ROUNDS_GAP,
  readsAt: 0,
  readsGap: READS_FIRST,
  misses: 0,
  vain: 0,
  elsewhere: 0,
  strange: 0,
  refetches: 0,
});

/**
 * Iterations to skip. The last whole one is executed where a loop writes special registers, because the history names it as the last writer, and where the order in which it
 * uses cache lines matters and is not known.
 */
export const iterationsIn = (loop: SteadyLoop, cycles: number): number =>
  Math.max(0, Math.floor((cycles - 1) / loop.cycles) - (loop.writes > 0 || (loop.ordered && loop.use === null) ? 1 : 0));

/** What a loop that counts does to RAM and blocks. */
const touchedBy = ({ cells, rounds }: CountingLoop): readonly number[] => [
  ...cells.flatMap(({ size, where }) => (size === 0 ? [] : [where])),
  ...(rounds?.devices ?? []).map(({ address }) => address),
  ...(rounds?.refreshes ?? []).map(({ address }) => address),
  ...(rounds?.turned?.words ?? []),
];
/** Of an iteration of a loop that counts: what the history numbers. */
const writesOf = ({ rounds }: CountingLoop): number => rounds?.writes ?? 0;
const isOtherPhase = (core: Core, { rounds }: CountingLoop): boolean => rounds !== null && !roundsHold(core, rounds);

export class LoopSkipper {
  /** The loops the core is stopped at; `known` keeps more, for when they come back. */
  private seen = nothingKnown();
  private readonly known = new KnownLoops();
  /** Loops known before may fit again, and nothing was searched since: a checkpoint was restored, or another core ran. */
  private mayRecall = false;

  private readonly core: Core;
  private readonly host: SkipHost;

  constructor(core: Core, host: SkipHost) {
    this.core = core;
    this.host = host;
  }

  /** A skip may be possible here, or a search is due. */
  mayTry(): boolean {
    // a branch to itself arrives at its stop without being stopped
    const { core } = this;
    return (
      core.cycles() >= this.seen.tryAt ||
      (core.standsAtLoop && !core.staysPast) ||
      core.deviceReads >= this.seen.readsAt + this.seen.readsGap
    );
  }
  /** Skips the loop that the core stands in, or searches for one. True if time has passed. */
  // eslint-disable-next-line complexity -- each way to leave a wait out has its own reason to be tried or put off
  skip(turn: Ps): boolean {
    this.beside = null;
    // a pending interrupt is taken first
    if (!this.core.noInterruptDue()) return false;
    if (this.mayRecall) this.recall();
    const { loop } = this.seen;
    const counting = this.seen.counting.find((l) => l.pc === this.core.pc);
    // a counting loop can be skipped at its stop only, a steady one anywhere
    this.seen.tryAt = loop ? this.core.cycles() + 1 : this.seen.searchAt;
    if (counting) return this.skipCounting(counting, turn);
    let until = turn;
    if (loop !== null) {
      if (this.skipSteady(loop, turn)) {
        this.seen.vain = 0;
        this.seen.strange = 0;
        this.seen.gap = FIRST_SEARCH;
        this.seen.searchAt = this.core.cycles() + FIRST_SEARCH;
        return true;
      }
      if (this.core.pc === loop.pc && (loop.frames !== null || loop.skips < 2)) until = this.besideQuiet(turn);
      if (this.core.pc === loop.pc && this.core.cyclesUntil(until) > Math.max(loop.cycles * SEARCH_ITERATIONS, SEARCH_WORTH)) {
        if (this.skipKnown(turn)) return true;
        if (this.refetching() || this.endsSoon(loop) || this.settling(loop)) return false;
        // its stop in another state: search once more, and forget the loop after too many failures
        if (++this.seen.misses > MISSES_LIMIT) this.forget();
        else if (!this.waitsForHandler(loop, until))
          this.search(until, Math.max(SEARCH_STEPS_AGAIN, SEARCH_ITERATIONS * loop.instructions));
        return this.seen.misses <= MISSES_LIMIT;
      }
      if (this.core.pc === loop.pc) this.arrivedInVain(loop);
    }
    const polls = this.core.deviceReads >= this.seen.readsAt + this.seen.readsGap;
    const due = polls || this.core.cycles() >= this.seen.searchAt;
    if (due) until = this.besideQuiet(turn);
    if (!due || this.core.cyclesUntil(until) < SEARCH_WORTH) {
      // the next event is near: these reads say nothing about what the core does after it
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
  /** Rounds of events that end no search. */
  private beside: Quiet | null = null;
  /** When a search has to end: not at events that nobody who waits sees. */
  private besideQuiet(until: Ps): Ps {
    if (this.core.cyclesUntil(until) >= SEARCH_WORTH) return until;
    this.beside ??= this.host.quiet(this.host.limit());
    return this.beside?.to ?? until;
  }
  /** Before the core runs: makes it stop when a search is due. */
  beforeTurn(skips: boolean): void {
    const { core } = this;
    core.readsLimit = skips ? this.seen.readsAt + this.seen.readsGap : Infinity;
    core.returnsAfterHandler = core.cycles() >= this.seen.searchAt && skips;
  }
  /** The core stopped at a loop. */
  stoppedAtLoop(): void {
    this.seen.tryAt = Math.min(this.seen.tryAt, this.core.cycles());
  }
  /** Other code begins: the distance between searches starts small again. */
  otherCodeBegins(): void {
    this.seen.gap = FIRST_SEARCH;
    this.seen.searchAt = Math.min(this.seen.searchAt, this.core.cycles() + FIRST_SEARCH);
    this.seen.tryAt = Math.min(this.seen.tryAt, this.seen.searchAt);
  }
  /** A checkpoint was restored: the core may stand in a loop. */
  restored(): void {
    this.seen = { ...nothingKnown(), searchAt: 0, readsAt: this.core.deviceReads };
    this.mayRecall = true;
    this.core.setIdlePoints([]);
  }
  /** The steady loop that the core stands in, if it is known; null does not mean that there is none. */
  standsIn(): SteadyLoop | null {
    const { core } = this;
    const { loop } = this.seen;
    if (loop === null) return null;
    const stands = loop.frames === null ? stillSteady(core, loop) : frameOf(core, loop, this.seen.frame) >= 0;
    return stands ? loop : null;
  }
  /** Other cores run: what is known of loops is not valid any more, until it is proved again. */
  othersRun(): void {
    this.forget();
    this.mayRecall = true;
    // it was in a loop, and may be so again once they sleep
    if (this.seen.gap === FIRST_SEARCH) this.seen.searchAt = this.seen.tryAt = this.core.cycles();
  }
  private forget(): void {
    this.seen.loop = null;
    this.seen.counting = [];
    this.seen.searchAt = this.seen.tryAt = this.core.cycles() + this.seen.gap;
    this.core.setIdlePoints([]);
  }
  /** Skips the whole iterations that fit into `cycles`. */
  skipIterations(loop: SteadyLoop, cycles: number): void {
    const iterations = iterationsIn(loop, cycles);
    if (iterations <= 0) return;
    const { history } = this.host;
    history.seq += iterations * loop.writes;
    history.repeat(iterations * loop.events);
    this.pass(loop, iterations);
    if (this.host.isAlone(this.core)) this.host.settle(this.core);
  }
  /** Adds the cycles, instructions and counts of so many iterations; `entered`: an address whose cache line has been paid for since. */
  private pass(loop: Loop, iterations: number, entered: number | null = null): void {
    for (const [key, reads] of loop.counts) this.host.countReads(key, iterations * reads);
    this.core.skip(iterations * loop.cycles, iterations * loop.instructions, iterations * loop.cacheHits);
    if (loop.use) this.core.caches.useRows(loop.use.stamps, entered);
  }

  /** The core arrived at its loop and could not skip it. If that goes on the stop moves, or is ignored for the rest of the turn. */
  private arrivedInVain(loop: SteadyLoop): void {
    if (isElsewhereOnStack(this.core, loop) && ++this.seen.elsewhere > ELSEWHERE) {
      this.seen.elsewhere = 0;
      loop.pc = nextPlace(this.core, loop) ?? loop.pc;
      this.stopAtLoops();
    } else if (++this.seen.vain > VAIN_ARRIVALS) this.core.staysPast = true;
  }

  // ---- how ---------------------------------------------------------------------------------------------------------------------------
  /** Skips a steady loop if nothing it reads has changed, or executes an iteration to record it. True if time has passed. */
  private skipSteady(loop: SteadyLoop, until: Ps): boolean {
    if (loop.frames !== null) return this.skipToEvent(loop) || (this.handsOn(loop) && this.skipToEvent(this.seen.loop!));
    if (this.core.pc !== loop.pc) return false;
    const holdsUntil = loopHolds(this.core, this.host.system, loop);
    const holds = Math.min(this.core.cyclesUntil(until), this.core.cyclesUntil(holdsUntil) - 1);
    const short = holds <= loop.cycles * 2;
    // beside rounds that nobody sees it cannot be left out before it is recorded
    const beside = short && loop.skips < 2 && this.besideQuiet(until) > until;
    if (short !== beside || !stillSteady(this.core, loop)) return false;
    if (beside) loop.skips = 1;
    // many loops end with the next tick, so that recording pays from the second skip on; it is tried once
    if (loop.skips++ === 1 && this.record(loop, until)) return true;
    if (beside) return false;
    this.skipIterations(loop, holds);
    this.core.staysPast = holdsUntil > until;
    return true;
  }
  /** The core is in the recorded loop apart from values that an iteration only copies: continues with a record of those values. */
  private handsOn(loop: SteadyLoop): boolean {
    if (this.host.isOff('copied-words') || this.core.codeVersion !== loop.codeVersion) return false;
    const now = asCopied(this.core, loop);
    if (now === null || frameAt(this.core, now, this.seen.frame) < 0) return false;
    this.seen.loop = now;
    return true;
  }
  /** Asks the known loops at once, since no search is made while events are near. */
  private recall(): void {
    this.mayRecall = false;
    if (this.host.isOff('known-loops')) return;
    if (!this.host.isOff('kept-loops')) this.seen.counting = this.known.counted(this.core).slice(0, KEPT);
    if (this.standsInKnown()) return;
    this.stopAtLoops();
    // in the middle of an iteration the core arrives at its stop first
    if (this.seen.counting.length > 0) this.seen.searchAt = this.core.cycles() + SEARCH_STEPS_AGAIN;
  }
  /** The core stands in a loop that was recorded before. Also false where one iteration has to run first to fetch its cache lines. */
  private standsInKnown(): boolean {
    const known = this.host.isOff('known-loops') ? null : this.known.recognise(this.core, !this.host.isOff('copied-words'));
    const refetches = known === null || known.held ? 0 : this.seen.refetches + 1;
    if (known !== null && refetches <= REFETCHES) this.found({ loop: known.loop, frame: known.frame });
    this.seen.refetches = refetches;
    return known?.held === true;
  }
  /** Skips by another record that has this state. If what that one reads is about to change, the arrival counts as a miss all the same. */
  private skipKnown(until: Ps): boolean {
    const { misses } = this.seen;
    const skipped = this.standsInKnown() && this.skipSteady(this.seen.loop!, until);
    if (!skipped) this.seen.misses = misses;
    return skipped;
  }
  /** What it reads is about to change without an event: the next iteration differs, and the core may be back after it. */
  private endsSoon(loop: SteadyLoop): boolean {
    return this.core.cyclesUntil(loopHolds(this.core, this.host.system, loop)) <= loop.cycles * 2;
  }
  /** The first iteration after other code or an interrupt starts with that code's values in registers; the next may match the record. */
  private settling({ turned }: SteadyLoop): boolean {
    if (turned !== null) return ++this.seen.strange <= STRANGE_TURNS;
    return !this.host.isOff('known-loops') && ++this.seen.strange <= STRANGE_ARRIVALS;
  }
  /** One iteration of the loop that the core stands in runs to fetch its cache lines. */
  private refetching(): boolean {
    return this.seen.refetches > 0 && this.seen.refetches <= REFETCHES;
  }
  /** Steps the core in search of a steady loop. Time has passed either way. True if one was found. */
  private search(until: Ps, steps: number): boolean {
    const { system, history, interrupted } = this.host;
    // the search before this one may have run to a reset, or to an event: no instruction comes before that
    if (interrupted() || this.core.halted || !system.goesOnAt(this.core.now(), until)) return false;
    // such a search ends at no store, so it comes behind one that did
    const turns = this.seen.gap > FIRST_SEARCH || (this.seen.loop?.turned ?? null) !== null;
    const told: Told = { history, counts: () => this.host.counts(), ...(turns && { unheard: this.host.unheard }) };
    const loop = this.asTurn(() => findSteadyLoop(this.core, system, steps, told, interrupted, until));
    if (!loop) return false;
    // after this iteration the state may be that of a record
    const known = this.host.isOff('known-loops') ? null : this.known.recognise(this.core, !this.host.isOff('copied-words'));
    this.found(known?.held ? { loop: known.loop, frame: known.frame } : { loop });
    return true;
  }
  /** One word that the loop reads has changed: it may count ticks, and then loops that call functions can be proved too. True if one was found. */
  private waitsForHandler(loop: SteadyLoop, until: Ps): boolean {
    const moved = movedReads(this.core, loop)?.filter(({ address }) => loop.turned?.words.includes(address) !== true);
    if (moved?.length !== 1 || this.searchCounting(until, true) !== true) return false;
    this.seen.loop = null;
    this.stopAtLoops();
    return true;
  }
  /** Searches for a counting loop and leaves the core at its start. Undefined if no time has passed. */
  private searchCounting(until: Ps, calls = false): boolean | undefined {
    if (this.host.isOff('counting-loops')) return undefined;
    const { system, interrupted } = this.host;
    let counting = this.asTurn(() => findCountingLoop(this.core, system, this.host, interrupted, until, calls));
    // what is not predicted is gone through: not before other searches have failed
    if (counting === undefined && this.mayGoRound(until, calls)) {
      if (!calls) this.seen.roundsGap = Math.min(this.seen.roundsGap * ROUNDS_GROWTH, GAP_LIMIT);
      counting = this.asTurn(() => findRounds(this.core, system, this.host, interrupted, until)) ?? undefined;
    }
    if (counting) {
      if (counting.rounds === null) this.known.counts(this.core, counting);
      const others = this.seen.counting.filter((l) => l.pc !== counting.pc);
      this.found({ counting: [counting, ...others].slice(0, this.host.isOff('kept-loops') ? 1 : KEPT) });
    }
    return counting === undefined ? undefined : counting !== null;
  }
  private mayGoRound(until: Ps, calls: boolean): boolean {
    if (this.host.unheard === undefined || this.core.cyclesUntil(until) < ROUNDS_WORTH) return false;
    const { loop, gap, roundsGap } = this.seen;
    // one that writes to blocks is never predicted
    return calls ? loop !== null && (loop.turned !== null || loop.refreshes.length > 0) : gap >= roundsGap;
  }
  /** A search runs the core, so it is a turn of it. */
  private asTurn<T>(search: () => T): T {
    const { system } = this.host;
    this.host.settle(this.core);
    system.master = this.core.index;
    system.bystanders = this.beside && partsOf(this.beside);
    const found = search();
    system.bystanders = null;
    system.master = 0;
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
  /** Skips as many iterations of a counting loop as there is time for. True if time has passed. */
  private skipCounting(found: CountingLoop, until: Ps): boolean {
    const holdsUntil = loopHolds(this.core, this.host.system, found);
    // what it reads is about to change, so the next iteration differs
    if (holdsUntil <= this.core.now()) return false;
    // an iteration may come by its start in another phase of what it drives
    if (isOtherPhase(this.core, found) && ++this.seen.strange <= STRANGE_TURNS) return false;
    const here = iterationOf(this.core, found);
    const loop = here < 0 ? this.countsFromHere(found) : found;
    if (loop === null) return this.countsNoMore(found, until);
    const iteration = Math.max(0, here);
    const left = loop.led === 'yes' ? Infinity : loop.iterations - iteration;
    this.passQuiet(loop, Math.min(this.core.cyclesUntil(holdsUntil) - 1, left * loop.cycles), () => touchedBy(loop));
    const end = Math.min(this.host.system.scheduler.next, this.host.limit());
    const holds = Math.min(this.core.cyclesUntil(end), this.core.cyclesUntil(holdsUntil) - 1);
    const there = Math.floor((holds - 1) / loop.cycles);
    const writes = writesOf(loop);
    const iterations = Math.min(left, there) - ((loop.ordered && loop.use === null) || writes > 0 ? 1 : 0);
    this.core.staysPast = there <= left && holdsUntil > end;
    this.weigh(loop, iterations);
    // a few iterations are skipped too: stopping at each would cost more
    if (iterations <= 0) {
      this.seen.tryAt = this.seen.searchAt;
      return false;
    }
    this.seen.strange = 0;
    this.host.history.seq += iterations * writes;
    moveOn(this.core, loop, loop.led === 'yes' ? iteration : iteration + iterations);
    this.pass(loop, iterations, loop.use !== null && isStartPaid(this.core, loop.use) ? loop.pc : null);
    this.seen.searchAt = this.core.cycles() + FIRST_SEARCH;
    this.seen.tryAt = this.seen.searchAt;
    this.host.settle(this.core);
    return true;
  }
  /** Whether so many iterations are worth a stop; a loop that is not for long is given up. */
  private weigh(loop: CountingLoop, iterations: number): void {
    if (iterations * loop.instructions >= COUNTING_WORTH) {
      loop.vain = 0;
      this.seen.gap = FIRST_SEARCH;
    } else if (++loop.vain > COUNTING_MISSES) this.giveUp(loop);
  }
  /** Its start with other values, from which it may count too. */
  private countsFromHere(found: CountingLoop): CountingLoop | null {
    const again = provedAgain(this.core, this.host.system, found);
    if (again === null) return null;
    again.vain = found.vain;
    this.seen.counting = this.seen.counting.map((l) => (l === found ? again : l));
    return again;
  }
  /**
   * The core stands at a counting loop's start in a state that is none of its iterations: searches anew at every COUNTING_AGAIN-th arrival, because the iteration after a
   * change often takes another path. If what it reads of a device has changed, the wait is over. True if time has passed.
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
  private record(loop: SteadyLoop, turn: Ps): boolean {
    const until = this.besideQuiet(turn);
    if (
      this.host.isOff('loop-records') ||
      !mayRecord(loop) ||
      this.core.cyclesUntil(Math.min(until, loopHolds(this.core, this.host.system, loop))) <= loop.cycles * 2
    )
      return false;
    const before = this.core.cycles();
    loop.frames = this.asTurn(() => recordFrames(this.core, this.host.system, loop, until));
    if (loop.frames !== null) this.known.remember(this.core, loop);
    return this.core.cycles() > before;
  }
  /**
   * Moves the core to the instruction of its recorded loop at which the next event finds it, and on to the event after that while background timers fire that change
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
      // a read in the last cycle for which its value holds would come too late
      const most = this.core.cyclesUntil(loopHolds(this.core, s, loop)) - 1;
      this.passQuiet(loop, most, () => [...(loop.turned?.words ?? []), ...loop.refreshes.map(({ address }) => address)]);
      const until = Math.min(s.scheduler.next, this.host.limit());
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
  /** Events that the loop does not see are passed over, up to where it is sure to be left out: in `most` cycles. */
  private passQuiet(loop: Loop, most: number, touched: () => readonly number[]): void {
    const { system } = this.host;
    const quiet = this.host.quiet(this.host.limit());
    if (quiet === null || this.core.cyclesUntil(quiet.to) + 2 * loop.cycles >= most) return;
    // what it reads of RAM stays as it is
    const isSeen = loop.reads.some(({ address }) => isPart(system, quiet, address)) || touched().some((a) => isTouched(system, quiet, a));
    if (!isSeen) this.host.passQuiet(quiet);
  }
  /** Fires the background timers that are due. True if nothing else is due and none of them changed anything for the core. */
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
