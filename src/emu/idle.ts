/**
 * Loops that change nothing. A loop is *steady* when the core is twice in the same state at the same instruction, stored nothing in between but what
 * was there already, and read only what cannot change before the next event: memories, and registers whose value does not depend on the time. Whatever it does then it
 * goes on doing until the next event; time can be moved there. The rule looks at the machine's state, never at the code.
 */
import type { AccessTrace } from './core/core-types.ts';
import type { Core } from './core/core.ts';
import { highestPending } from './core/nvic.ts';
import { S } from './core/state.ts';
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
  /** Exception that is pending and never taken in a round, 0 = none. */
  readonly pending: number;
  /** Words that the loop reads, or stores again as they are. */
  readonly reads: readonly SteadyRead[];
  /** Architectural state at `pc`. */
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
    S.FAST_RAM,
    S.FAST_HALFWORDS,
    S.FAST_WORDS,
    S.TIER,
    S.HOT,
  ].map((o) => o >> 2),
);
const COMPARED = 0x200 >> 2;

function sameState(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = 0; i < COMPARED; i++) if (a[i] !== b[i] && !COUNTERS.has(i)) return false;
  return true;
}

const SYST_CSR = 0xe000e010;
const COUNTFLAG = 1 << 16;

/** Until when reading an address gives the same and has no side effect, if no event comes before; 0 = not at all. */
export function steadyUntil(core: Core, system: System, address: number): number {
  // COUNTFLAG rises without an event; while it is 0, reading it changes nothing
  if (address === SYST_CSR) return (core.peek(SYST_CSR, 4) ?? COUNTFLAG) & COUNTFLAG ? 0 : sysTickNextZero(core);
  return readIsSteady(system, address) ? Infinity : 0;
}
/** Until when a loop stays as it is, events aside. */
export const loopHolds = (core: Core, system: System, loop: SteadyLoop): number =>
  loop.reads.reduce((first, r) => Math.min(first, steadyUntil(core, system, r.address)), Infinity);

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

/**
 * Runs on from here, one instruction at a time, until the state repeats. Returns null if it does not within `maxSteps` (the core has then simply
 * run that far) or if what it reads may change by itself.
 */
export function findSteadyLoop(
  core: Core,
  system: System,
  maxSteps: number,
  writesSoFar: () => number = () => 0,
  stopped: () => boolean = () => false,
): SteadyLoop | null {
  const trace: AccessTrace = { reads: new Map(), writes: 0 };
  const words = (): Uint32Array => core.stateWords();
  core.trace(trace);
  try {
    let anchor = words();
    let anchorPc = core.pc;
    const counters = () => ({
      cycles: core.cycles(),
      retired: core.retired(),
      hits: core.get(S.CACHE_HITS),
      misses: core.cacheChanges(),
      writes: writesSoFar(),
    });
    let at = counters();
    let sinceAnchor = 0;
    let window = 16;
    let period = -1;
    const round: number[] = [];
    const stepped = (): boolean => !core.step() && !core.halted && !stopped() && system.scheduler.next > core.now() && trace.writes === 0;
    for (let i = 0; i < maxSteps; i++) {
      round.push(core.pc);
      if (!stepped()) return null;
      if (core.pc === anchorPc && sameState(anchor, words())) {
        const cycles = core.cycles() - at.cycles;
        const misses = core.cacheChanges() - at.misses;
        // the second round must take as long as the first, from the cache alone
        if (cycles > 0 && cycles === period && misses === 0) {
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
            writes: writesSoFar() - at.writes,
            pending: highestPending(core),
            reads,
          };
          // An instruction of an inner loop comes by in other states as well: stand at one that comes once a round.
          const once = round.find((pc, i) => round.indexOf(pc) === i && round.lastIndexOf(pc) === i) ?? anchorPc;
          if (once === anchorPc) return { pc: anchorPc, state: anchor, ...loop };
          while (core.pc !== once) if (!stepped()) return null;
          return { pc: once, state: words(), ...loop };
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
        anchor = words();
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
  // Lines that it ran from may have been replaced since.
  if (core.cacheChanges() !== loop.cacheChanges) return false;
  return (
    core.pc === loop.pc &&
    sameState(loop.state, core.stateWords()) &&
    loop.reads.every((r) => (core.peek(r.address, r.size) ?? 0) === r.value)
  );
}
