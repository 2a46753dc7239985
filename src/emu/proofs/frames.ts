/**
 * Records of steady loops: the core's state at every instruction boundary of one iteration. With a record the core can be moved to where it would be at a given time
 * without executing the iterations in between.
 */
import type { Core } from '../core/core.ts';
import { S } from '../core/state.ts';
import type { System } from '../system.ts';
import { ARCHITECTURE, isAsFound, type Frame, type SteadyLoop } from './steady.ts';

/** Longest iteration that is recorded, in instructions. */
const MAX_FRAMES = 1000;

/** A frame holds state words only, so iterations that report events, take exceptions or change branch predictions are not recorded. */
export const mayRecord = (loop: SteadyLoop): boolean =>
  (!loop.ordered || loop.use !== null) &&
  !loop.branchTargetsMove &&
  loop.dataRows === null &&
  loop.writes === 0 &&
  loop.turned === null &&
  loop.events === 0 &&
  loop.counts.length === 0 &&
  loop.instructions <= MAX_FRAMES;

const NO_ROWS = { stamps: new Int32Array(0) };

/** Executes one iteration from the loop's start and records every instruction boundary; null if it is interrupted (the core has then run that far). */
export function recordFrames(core: Core, system: System, loop: SteadyLoop, until: number): readonly Frame[] | null {
  if (!mayRecord(loop)) return null;
  const deep = core.exceptionWords();
  const cycles = core.cycles();
  const instructions = core.retired();
  const hits = core.get(S.CACHE_HITS);
  const changes = core.caches.cacheChanges();
  const frames: Frame[] = [];
  for (;;) {
    const before = {
      pc: core.pc,
      cycles: core.cycles() - cycles,
      instructions: core.retired() - instructions,
      cacheHits: core.get(S.CACHE_HITS) - hits,
      state: core.stateWords(),
    };
    const touches = core.get(S.TOUCHES);
    if (core.step() || core.halted || !core.hasExceptionWords(deep) || core.caches.cacheChanges() !== changes) return null;
    const rows = loop.use ? core.caches.rowsUsed(touches) : NO_ROWS;
    if (rows === null) return null;
    frames.push({ ...before, rows: rows.stamps, orders: null });
    if (!system.goesOnAt(core.now(), until)) return null;
    const done = core.cycles() - cycles;
    if (done < loop.cycles) continue;
    if (done > loop.cycles || !core.hasStretches(loop.state, loop.compared)) return null;
    loop.varying = varyingWords(frames[0]!.state, frames);
    return frames;
  }
}

/** State words that differ between frames. */
function varyingWords(state: Uint32Array, frames: readonly Frame[]): Int32Array {
  const varies = new Uint8Array(state.length);
  for (let f = 0; f < frames.length; f++) {
    const { state: other } = frames[f]!;
    for (let i = 0; i < state.length; i++) if (other[i] !== state[i]) varies[i] = 1;
  }
  return ARCHITECTURE.filter((i) => varies[i] === 1);
}

/** Places of recorded iterations. */
const placesIn = new WeakMap<readonly Frame[], ReadonlySet<number>>();
/** Some frame is at this address. */
export function isPlaceIn(frames: readonly Frame[], pc: number): boolean {
  let places = placesIn.get(frames);
  if (!places) placesIn.set(frames, (places = new Set(frames.map((f) => f.pc))));
  return places.has(pc);
}
/** The frame whose state the core has, or -1. `hint` is tried first. */
export function frameAt(core: Core, loop: SteadyLoop, hint: number): number {
  const { pc } = core;
  const { compared } = loop;
  const frames = loop.frames!;
  if (!isPlaceIn(frames, pc)) return -1;
  if (frames[hint]?.pc === pc && core.hasStretches(frames[hint].state, compared)) return hint;
  return frames.findIndex((f) => f.pc === pc && core.hasStretches(f.state, compared));
}
/** The same if all reads of the loop also give the recorded values, or -1. */
export function frameOf(core: Core, loop: SteadyLoop, hint: number): number {
  const at = frameAt(core, loop, hint);
  return at >= 0 && isAsFound(core, loop) ? at : -1;
}

/** Where the core is at least `cycles` after frame `from`, but at most `most` after it: whole iterations and a frame. */
export function frameAfter(
  loop: SteadyLoop,
  from: number,
  cycles: number,
  most: number,
): { iterations: number; frame: number; cycles: number } {
  const frames = loop.frames!;
  const start = frames[from]!.cycles;
  const back = cycles > most;
  const total = start + (back ? most : cycles);
  let iterations = Math.floor(total / loop.cycles);
  const rest = total - iterations * loop.cycles;
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
    iterations++;
  }
  if (iterations * loop.cycles + frames[frame]!.cycles - start > most) {
    frame--;
    if (frame < 0) {
      frame = frames.length - 1;
      iterations--;
    }
  }
  return { iterations, frame, cycles: iterations * loop.cycles + frames[frame]!.cycles - start };
}
/** Flash cache rows that a loop uses between two frames, in order of their last use. */
export function rowsOnTheWay(loop: SteadyLoop, from: number, to: number, cycles: number): Int32Array {
  const frames = loop.frames!;
  const whole = cycles >= loop.cycles;
  const known = (frames[to]!.orders ??= new Map());
  const key = whole ? WHOLE_ITERATION : from;
  let order = known.get(key);
  if (!order) {
    // events at random points of a long iteration would otherwise fill the map with all pairs of frames
    if (known.size >= MOST_ORDERS) known.clear();
    known.set(key, (order = usedFrom(frames, whole ? to : from, whole ? frames.length : (to - from + frames.length) % frames.length)));
  }
  return order;
}
const WHOLE_ITERATION = -1;
const MOST_ORDERS = 16;
/** Rows of so many frames from one on, in order of their last use. */
function usedFrom(frames: readonly Frame[], from: number, count: number): Int32Array {
  const last = new Set<number>();
  for (let i = from, n = count; n > 0; n--) {
    for (const row of frames[i]!.rows) {
      last.delete(row);
      last.add(row);
    }
    i = (i + 1) % frames.length;
  }
  return Int32Array.from(last);
}
/** SP differs from the loop's at this address: other code has called the same function. */
export const isElsewhereOnStack = (core: Core, loop: SteadyLoop): boolean =>
  loop.frames !== null && !loop.frames.some((f) => f.pc === core.pc && f.state[SP] === core.get(S.SP) >>> 0);
const SP = S.SP >> 2;
/** The next instruction at which a recorded loop can stop: executed once in an iteration, with its line already charged. Null if there is none. */
export function nextPlace(core: Core, { pc, frames }: SteadyLoop): number | null {
  if (frames === null) return null;
  const at = frames.findIndex((f) => f.pc === pc);
  for (let i = 1; i < frames.length; i++) {
    const { pc: place, state } = frames[(at + i) % frames.length]!;
    const paid = state[S.CHARGED >> 2] === core.caches.chargeOf(place);
    if (paid && frames.filter((f) => f.pc === place).length === 1) return place;
  }
  return null;
}
/** Gives the core the state of another frame. The caller advances the time. */
export const standIn = (core: Core, loop: SteadyLoop, frame: Frame): void => core.putWords(frame.state, loop.varying);
