/**
 * Loops that change nothing. A loop is *steady* when the core is twice in the same state at the same instruction, stored nothing in between but what
 * was there already, and read only what cannot change before the next event: memories, and registers whose value does not depend on the time. Whatever it does then it
 * goes on doing until the next event; time can be moved there. The rule looks at the machine's state, never at the code.
 */
import type { AccessTrace } from './core/core-types.ts';
import type { Core } from './core/core.ts';
import { highestPending } from './core/nvic.ts';
import { S } from './core/state.ts';
import type { History } from './history.ts';
import { sysTickNextZero } from './core/systick.ts';
import type { System } from './system.ts';

export interface SteadyLoop {
  /** Where the state was compared. */
  readonly pc: number;
  readonly cycles: number;
  readonly instructions: number;
  readonly cacheHits: number;
  /** `Core.cacheChanges` when it was found. */
  readonly cacheChanges: number;
  /** Numbers that the history gave to writes (of PRIMASK, say) in a round. */
  readonly writes: number;
  /** Of these, writes to blocks of which the last one alone counts. */
  readonly refreshes: number;
  /** Events of a round, each a repeat of the one before: a fault, say, that is taken again and again. */
  readonly events: number;
  /** Reads of a round that are counted for the report. */
  readonly counts: readonly [string, number][];
  /** The order in which it uses cache lines counts: its last whole round has to be executed. */
  readonly ordered: boolean;
  /** Exception that is pending and never taken in a round, 0 = none. */
  readonly pending: number;
  /** Words that the loop reads, or stores again as they are. */
  readonly reads: readonly SteadyRead[];
  /** Architectural state at `pc`. */
  readonly state: Uint32Array;
  /** How often it was skipped without a record, and every place of a round where the core can be stopped, once a round was recorded. */
  skips: number;
  frames: readonly Frame[] | null;
}
/** An instruction boundary in a round, relative to its start. */
export interface Frame {
  readonly pc: number;
  readonly cycles: number;
  readonly instructions: number;
  readonly cacheHits: number;
  readonly state: Uint32Array;
}
export interface SteadyRead {
  readonly address: number;
  readonly size: 1 | 2 | 4;
  readonly value: number;
}

/** Words of the core's state that are counters or caches of the emulator, not architecture. */
const COUNTERS = new Set<number>(
  [
    S.BUDGET,
    S.RETIRED,
    S.EXIT_ARG,
    S.LINE,
    S.LINE_MASK,
    S.REC,
    S.LAST_REC,
    S.CACHE_HITS,
    S.CACHE_MISSES,
    S.IT_NOW,
    S.IT_PC,
    S.R15,
    S.WAIT_STATES,
    S.TOUCHES,
    S.TIER,
    S.HOT,
  ].map((o) => o >> 2),
);
const COMPARED = 0x200 >> 2;

const ARCHITECTURE = Int32Array.from({ length: COMPARED }, (_, i) => i).filter((i) => !COUNTERS.has(i));

const SYST_CSR = 0xe000e010;
const COUNTFLAG = 1 << 16;

/** Until when reading an address gives the same and has no side effect, if no event comes before; 0 = not at all. */
export function steadyUntil(core: Core, system: System, address: number): number {
  // COUNTFLAG rises without an event; while it is 0, reading it changes nothing
  if (address === SYST_CSR) return (core.peek(SYST_CSR, 4) ?? COUNTFLAG) & COUNTFLAG ? 0 : sysTickNextZero(core);
  return readIsSteady(system, address) ? Infinity : 0;
}
/** Until when a loop stays as it is, events aside. */
export function loopHolds(core: Core, system: System, loop: SteadyLoop): number {
  let first = Infinity;
  for (const r of loop.reads) first = Math.min(first, steadyUntil(core, system, r.address));
  return first;
}

/** Whether reading an address again gives the same until the next event, and has no side effect. */
export function readIsSteady(system: System, address: number): boolean {
  if (address >= 0xe0000000) {
    // SysTick counts and clears COUNTFLAG, DWT counts cycles
    const offset = address & 0xfffff;
    return !(offset >= 0xe010 && offset < 0xe020) && !(offset >= 0x1000 && offset < 0x1020);
  }
  const region = system.regionAt(address);
  if (!region) return false;
  if (region.memory) return !region.memory.row.guardedBy;
  const b = region.block!;
  return !system.isClocked(b) || (b.component.steady?.(address - b.row.base) ?? true);
}

/** What has been told and counted so far. */
export interface Told {
  readonly history: Pick<History, 'seq' | 'repeats'> & { readonly timeline: { readonly length: number } };
  /** Reads of registers without behaviour or clock, by name. */
  counts(): ReadonlyMap<string, number>;
}
const NOTHING_TOLD: Told = { history: { seq: 0, repeats: 0, timeline: { length: 0 } }, counts: () => new Map() };
/** What a round adds to the counts. */
const added = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): readonly [string, number][] =>
  [...after].map(([key, n]): [string, number] => [key, n - (before.get(key) ?? 0)]).filter(([, n]) => n > 0);

/**
 * Runs on from here, one instruction at a time, until the state repeats. Returns null if it does not within `maxSteps` (the core has then simply
 * run that far) or if what it reads may change by itself.
 */
export function findSteadyLoop(
  core: Core,
  system: System,
  maxSteps: number,
  told: Told = NOTHING_TOLD,
  stopped: () => boolean = () => false,
  until = Infinity,
): SteadyLoop | null {
  const trace: AccessTrace = { reads: new Map(), writes: 0, refreshes: 0 };
  core.trace(trace);
  try {
    let anchor = core.stateWords();
    let anchorPc = core.pc;
    const counters = () => ({
      cycles: core.cycles(),
      retired: core.retired(),
      hits: core.get(S.CACHE_HITS),
      misses: core.cacheChanges(),
      writes: told.history.seq,
      repeats: told.history.repeats,
      events: told.history.timeline.length,
      counts: told.counts(),
      refreshes: trace.refreshes,
    });
    let at = counters();
    let sinceAnchor = 0;
    let window = 16;
    let period = -1;
    const round: number[] = [];
    const stepped = (): boolean => {
      if (core.step() || core.halted || stopped() || trace.writes > 0) return false;
      const now = core.now();
      return now < system.scheduler.next && now < until;
    };
    for (let i = 0; i < maxSteps; i++) {
      round.push(core.pc);
      if (!stepped()) return null;
      if (core.pc === anchorPc && core.hasWords(anchor, ARCHITECTURE)) {
        const cycles = core.cycles() - at.cycles;
        const misses = core.cacheChanges() - at.misses;
        // the second round must take as long as the first, from the cache alone
        if (cycles > 0 && cycles === period && misses === 0) {
          if (told.history.timeline.length !== at.events) return null;
          if (![...trace.reads.keys()].every((a) => steadyUntil(core, system, a) > core.now())) return null;
          const reads = [...trace.reads].map(([address, size]): SteadyRead => ({
            address,
            size: size as 1 | 2 | 4,
            value: core.peek(address, size as 1 | 2 | 4) ?? 0,
          }));
          const loop = {
            cycles,
            instructions: core.retired() - at.retired,
            cacheHits: core.get(S.CACHE_HITS) - at.hits,
            cacheChanges: core.cacheChanges(),
            writes: told.history.seq - at.writes,
            events: told.history.repeats - at.repeats,
            refreshes: trace.refreshes - at.refreshes,
            ordered: core.keepsOrder(),
            counts: added(at.counts, told.counts()),
            pending: highestPending(core),
            reads,
            skips: 0,
            frames: null,
          };
          // An instruction of an inner loop comes by in other states as well: stand at one that comes once a round.
          const once = round.find((pc, i) => round.indexOf(pc) === i && round.lastIndexOf(pc) === i) ?? anchorPc;
          if (once === anchorPc) return { pc: anchorPc, state: anchor, ...loop };
          while (core.pc !== once) if (!stepped()) return null;
          return { pc: once, state: core.stateWords(), ...loop };
        }
        period = misses === 0 ? cycles : -1;
        at = counters();
        trace.reads.clear();
        round.length = 0;
        sinceAnchor = 0;
        continue;
      }
      // Brent: move the anchor on, in growing windows
      if (++sinceAnchor === window) {
        anchor = core.stateWords();
        anchorPc = core.pc;
        at = counters();
        trace.reads.clear();
        round.length = 0;
        sinceAnchor = 0;
        period = -1;
        window *= 2;
      }
    }
    return null;
  } finally {
    core.trace(null);
  }
}

/** The core stands again where `loop` was found, in the same state, and everything that the loop reads is as it was. */
export function stillSteady(core: Core, loop: SteadyLoop): boolean {
  // What has become pending while interrupts were masked is taken when the loop lets them in.
  if (loop.writes > 0 && highestPending(core) !== loop.pending) return false;
  return core.pc === loop.pc && core.hasWords(loop.state, ARCHITECTURE) && readsAsFound(core, loop);
}
function readsAsFound(core: Core, loop: SteadyLoop): boolean {
  // Lines that it ran from may have been replaced since.
  if (core.cacheChanges() !== loop.cacheChanges) return false;
  for (const r of loop.reads) if ((core.peek(r.address, r.size) ?? 0) !== r.value) return false;
  return true;
}

/** Longest round that is recorded, in instructions. */
const MAX_FRAMES = 1000;

/** A round in which something is told, or an exception taken, is more than the words that a frame holds. */
export const mayRecord = (loop: SteadyLoop): boolean =>
  !loop.ordered && loop.writes === 0 && loop.events === 0 && loop.counts.length === 0 && loop.instructions <= MAX_FRAMES;

/** Executes one round from the loop's start and keeps every stop in it; null if it is interrupted (the core has then run that far). */
export function recordFrames(core: Core, system: System, loop: SteadyLoop, until: number): readonly Frame[] | null {
  if (!mayRecord(loop)) return null;
  const deep = core.exceptionWords();
  const cycles = core.cycles();
  const instructions = core.retired();
  const hits = core.get(S.CACHE_HITS);
  const frames: Frame[] = [];
  for (;;) {
    frames.push({
      pc: core.pc,
      cycles: core.cycles() - cycles,
      instructions: core.retired() - instructions,
      cacheHits: core.get(S.CACHE_HITS) - hits,
      state: core.stateWords(),
    });
    if (core.step() || core.halted || !core.hasExceptionWords(deep) || core.cacheChanges() !== loop.cacheChanges) return null;
    const now = core.now();
    if (now >= until || system.scheduler.next <= now) return null;
    const done = core.cycles() - cycles;
    if (done >= loop.cycles) return done === loop.cycles && core.hasWords(loop.state, ARCHITECTURE) ? frames : null;
  }
}

/** The frame that the core stands in, with everything that the loop reads as it was; -1 if it does not. `hint` is tried first. */
export function frameOf(core: Core, loop: SteadyLoop, hint: number): number {
  const frames = loop.frames!;
  const { pc } = core;
  let at = frames[hint]?.pc === pc ? hint : -1;
  if (at < 0 || !core.hasWords(frames[at]!.state, ARCHITECTURE))
    at = frames.findIndex((f) => f.pc === pc && core.hasWords(f.state, ARCHITECTURE));
  return at >= 0 && readsAsFound(core, loop) ? at : -1;
}
/** Where the core is when it has come at least `cycles` on from frame `from`, as far as it may go (`most`): whole rounds and a frame. */
export function frameAfter(
  loop: SteadyLoop,
  from: number,
  cycles: number,
  most: number,
): { rounds: number; frame: number; cycles: number } {
  const frames = loop.frames!;
  const start = frames[from]!.cycles;
  const back = cycles > most;
  const total = start + (back ? most : cycles);
  let rounds = Math.floor(total / loop.cycles);
  const rest = total - rounds * loop.cycles;
  let low = 0;
  let high = frames.length;
  // first frame at `rest` or later
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (frames[middle]!.cycles < rest) low = middle + 1;
    else high = middle;
  }
  let frame = low;
  if (frame === frames.length) {
    frame = 0;
    rounds++;
  }
  if (rounds * loop.cycles + frames[frame]!.cycles - start > most) {
    frame--;
    if (frame < 0) {
      frame = frames.length - 1;
      rounds--;
    }
  }
  return { rounds, frame, cycles: rounds * loop.cycles + frames[frame]!.cycles - start };
}
/** Puts the core into a frame; time is the caller's affair. */
export const standIn = (core: Core, frame: Frame): void => core.putWords(frame.state, ARCHITECTURE);
