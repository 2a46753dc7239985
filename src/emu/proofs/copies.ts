/**
 * Words that a recorded iteration only copies. The ROM's main loop copies its address pointer in each iteration, and the pointer differs in each case of a property test, so
 * that a record for one value would be made anew each time. Two iterations are run on linear values with an unknown value in the word. It may be copied; any other use (a
 * condition, an address, a sum) gives up. Otherwise the iteration takes the same path and time for every value, and which words hold it is known for every frame.
 */
import type { Core } from '../core/core.ts';
import type { Instruction } from '../core/decode.ts';
import { linearly, surroundings } from './counting.ts';
import { isPlaceIn } from './frames.ts';
import { giveUp, LinearRun, Unknown, type Surroundings } from './linear.ts';
import { ARCHITECTURE, movedReads, type Copy, type Frame, type SteadyLoop, type SteadyRead } from './steady.ts';

type RecordedLoop = SteadyLoop & { readonly frames: readonly Frame[] };
/**
 * Adds the words that have changed to `loop.copies`; false if an iteration does more than copy one. A word is analysed when it has changed, which is rare, and in the recorded
 * state. The code must be unchanged since.
 */
function areCopied(core: Core, loop: RecordedLoop, moved: readonly SteadyRead[]): boolean {
  if (!moved.every(({ address, size }) => size === 4 && (address & 3) === 0)) return false;
  const asked = moved.map((r) => r.address).filter((a) => !loop.copies.has(a));
  // all in one run, if none of them makes it give up
  const together = asked.length > 1 ? linearly(() => follow(core, loop, asked)) : null;
  together?.forEach((copy, i) => loop.copies.set(asked[i]!, copy));
  return moved.every(({ address }) => {
    let copy = loop.copies.get(address);
    if (copy === undefined) loop.copies.set(address, (copy = linearly(() => follow(core, loop, [address]))?.[0] ?? null));
    return copy !== null;
  });
}
/** State and memory at the start of an iteration. */
function asItWas(core: Core, { frames, reads }: RecordedLoop): Surroundings {
  const { state } = frames[0]!;
  const values = new Map(reads.map((r) => [r.address, r]));
  return {
    ...surroundings(core, core.system, new Map<number, Instruction | null>()),
    state: (offset) => state[offset >> 2] ?? giveUp(),
    read: (address, size) => {
      const known = values.get(address);
      return known?.size === size ? known.value : null;
    },
  };
}

/** How an iteration copies the words at these addresses, each with an unknown value of its own. Throws GIVE_UP if it does more with one. */
function follow(core: Core, loop: RecordedLoop, addresses: readonly number[]): (Copy | null)[] {
  const run = new LinearRun(core.profile, asItWas(core, loop), loop.frames[0]!.pc);
  const values = addresses.map(() => new Unknown());
  values.forEach((value, i) => run.store(addresses[i]!, 4, value));
  const words = (): number[][] => values.map((value) => run.wordsThatHold(value));
  const places = (): number[][] => values.map((value) => run.placesThatHold(value));
  const iteration = (): number[][][] =>
    loop.frames.map((_, i) => {
      const held = words();
      goTo(run, loop.frames[(i + 1) % loop.frames.length]!.pc);
      return held;
    });
  // after an iteration or two the values are where every later iteration finds them
  let held = iteration();
  let now = places();
  for (let iterations = 1; ; iterations++) {
    const before = now;
    held = iteration();
    now = places();
    if (alike(before, now) && alike(held[0]!, words())) break;
    if (iterations === SETTLED) giveUp();
  }
  if (run.inItBlock) giveUp();
  return addresses.map((address, i) => {
    const copy: Copy = { addresses: now[i]!, held: held.map((h) => h[i]!) };
    if (!copy.addresses.includes(address)) return WRITTEN_OVER;
    return isOne(loop, copy, loop.reads.find((r) => r.address === address)!.value) ? copy : null;
  });
}
const alike = (a: readonly number[][], b: readonly number[][]): boolean => a.every((n, i) => sameNumbers(n, b[i]!));
/** In the record, all copies of the word have its value. */
const isOne = ({ reads, frames }: RecordedLoop, { addresses, held }: Copy, value: number): boolean =>
  addresses.every((a) => reads.some((r) => r.address === a && r.size === 4 && r.value === value)) &&
  frames.every((f, i) => held[i]!.every((word) => f.state[word] === value));
/** A word that an iteration overwrites is not passed on; if it receives another word's value, that word's entry covers it. */
const WRITTEN_OVER: Copy = { addresses: [], held: [] };
/** Iterations after which the set of words that hold the value must not change any more. */
const SETTLED = 4;
/** Instructions that a core may execute as one: an IT is folded into the one before it, and the Cortex-M7 issues two. */
const AT_ONCE = 4;
/** Runs to the next frame. Throws GIVE_UP if the path does not lead there. */
function goTo(run: LinearRun, pc: number): void {
  for (let i = 0; i < AT_ONCE; i++) {
    run.run();
    if (run.next === pc) return;
  }
  giveUp();
}
const sameNumbers = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

/**
 * The record with the current values of its copied words; null where nothing, or something else, has changed. The caller has checked that the code is unchanged (`conditions`, or
 * `codeVersion`).
 */
export function asCopied(core: Core, loop: SteadyLoop): SteadyLoop | null {
  const { frames } = loop;
  if (frames === null || !isPlaceIn(frames, core.pc)) return null;
  const reads = movedReads(core, loop);
  return reads === null ? null : withMoved(core, loop, reads);
}
/** The same with the changed words known and the core at an address of the record. */
export function withMoved(core: Core, loop: SteadyLoop, reads: readonly SteadyRead[]): SteadyLoop | null {
  const { frames } = loop;
  if (reads.length === 0 || frames === null || !areCopied(core, { ...loop, frames }, reads)) return null;
  const values = new Map<number, number>();
  const moved: { copy: Copy; value: number }[] = [];
  for (const read of reads) {
    if (values.has(read.address)) continue;
    const copy = loop.copies.get(read.address)!;
    if (copy === WRITTEN_OVER) continue;
    const value = wordAt(core, read.address);
    if (!copy.addresses.every((a) => wordAt(core, a) === value)) return null;
    for (const a of copy.addresses) values.set(a, value);
    moved.push({ copy, value });
  }
  if (moved.length === 0 || !reads.every((r) => values.has(r.address))) return null;
  return withValues({ ...loop, frames }, values, moved);
}
const wordAt = (core: Core, address: number): number => (core.peek(address, 4) ?? 0) >>> 0;

function withValues(loop: RecordedLoop, values: ReadonlyMap<number, number>, moved: readonly { copy: Copy; value: number }[]): SteadyLoop {
  const state = loop.frames.map((f, i) => {
    const words = f.state.slice();
    for (const { copy, value } of moved) for (const at of copy.held[i]!) words[at] = value;
    return words;
  });
  const held = new Set([...loop.varying, ...moved.flatMap(({ copy }) => copy.held.flat())]);
  return {
    ...loop,
    state: state[0]!,
    frames: loop.frames.map((f, i): Frame => ({ ...f, state: state[i]! })),
    varying: ARCHITECTURE.filter((i) => held.has(i)),
    reads: loop.reads.map((r) => (values.has(r.address) ? { ...r, value: values.get(r.address)! } : r)),
    places: null,
  };
}
