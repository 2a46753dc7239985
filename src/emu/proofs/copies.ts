/**
 * Words that a recorded round only copies. The ROM's main loop hands its address pointer on in each round, and the pointer is another one in each case of a property
 * test: a record that holds for one value alone would be made anew each time. The round's instructions run once more, two rounds, with a value in the word of which
 * nothing is known: it may be kept and stored, and where anything else is done with it (a condition, an address, a sum) the run gives up. If it does not, the
 * round goes the same way and takes as long whatever the value is, and the places that hold it are known for every frame.
 */
import type { Core } from '../core/core.ts';
import type { Instruction } from '../core/decode.ts';
import type { System } from '../system.ts';
import { linearly, surroundings } from './counting.ts';
import { isPlaceIn } from './frames.ts';
import { giveUp, LinearRun, Unknown } from './linear.ts';
import { ARCHITECTURE, type Copy, type Frame, type SteadyLoop } from './steady.ts';

/** Notes the words of RAM that the round of a record reads and only copies. The core stands where the record begins. */
export function noteCopies(core: Core, system: System, loop: SteadyLoop): void {
  if (loop.frames === null) return;
  loop.copies = copiesIn(core, system, { ...loop, frames: loop.frames });
  const held = new Set([...loop.varying, ...loop.copies.flatMap((c) => c.held.flat())]);
  loop.varying = ARCHITECTURE.filter((i) => held.has(i));
}
type RecordedLoop = SteadyLoop & { readonly frames: readonly Frame[] };
function copiesIn(core: Core, system: System, loop: RecordedLoop): Copy[] {
  const known = new Map<number, Instruction | null>();
  const copies: Copy[] = [];
  for (const { address, size } of loop.reads) {
    if (size !== 4 || (address & 3) !== 0 || copies.some((c) => c.addresses.includes(address))) continue;
    const copy = linearly(() => follow(core, system, known, loop, address));
    if (copy) copies.push(copy);
  }
  return copies;
}

function follow(core: Core, system: System, known: Map<number, Instruction | null>, loop: RecordedLoop, address: number): Copy | null {
  const value = (core.peek(address, 4) ?? 0) >>> 0;
  const anything = new Unknown();
  const run = new LinearRun(core.profile, surroundings(core, system, known), core.pc);
  run.store(address, 4, anything);
  const round = (): (readonly number[])[] =>
    loop.frames.map((_, i) => {
      const words = run.wordsThatHold(anything);
      goTo(run, loop.frames[(i + 1) % loop.frames.length]!.pc);
      return words;
    });
  // a round or two put the value where every later one finds it
  let held = round();
  let addresses = run.placesThatHold(anything);
  for (let rounds = 1; ; rounds++) {
    const before = addresses;
    held = round();
    addresses = run.placesThatHold(anything);
    if (sameNumbers(before, addresses) && sameNumbers(held[0]!, run.wordsThatHold(anything))) break;
    if (rounds === SETTLED) return null;
  }
  // what a round writes over is no word that it reads
  if (run.inItBlock || !addresses.includes(address)) return null;
  const asRead = addresses.every((a) => loop.reads.some((r) => r.address === a && r.size === 4 && r.value === value));
  const asRecorded = loop.frames.every((f, i) => held[i]!.every((word) => f.state[word] === value));
  return asRead && asRecorded ? { addresses, held } : null;
}
/** Rounds in which the places that hold the value have to become the same. */
const SETTLED = 4;
/** Instructions that a core may execute as one: an IT is folded into the one before it, and the Cortex-M7 issues two. */
const AT_ONCE = 4;
/** On to the next frame. Throws GIVE_UP where the way does not lead there. */
function goTo(run: LinearRun, pc: number): void {
  for (let i = 0; i < AT_ONCE; i++) {
    run.run();
    if (run.next === pc) return;
  }
  giveUp();
}
const sameNumbers = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

/** The record as it is with the values that its copied words hold now; null where they hold what they held, or are not all copied yet. */
export function asCopied(core: Core, loop: SteadyLoop): SteadyLoop | null {
  const { copies, frames } = loop;
  if (frames === null || copies.length === 0 || !isPlaceIn(frames, core.pc)) return null;
  const values = new Map<number, number>();
  const moved: { copy: Copy; value: number }[] = [];
  for (const copy of copies) {
    const value = (core.peek(copy.addresses[0]!, 4) ?? 0) >>> 0;
    if (loop.reads.find((r) => r.address === copy.addresses[0])!.value === value) continue;
    for (const a of copy.addresses) {
      if ((core.peek(a, 4) ?? 0) >>> 0 !== value) return null;
      values.set(a, value);
    }
    moved.push({ copy, value });
  }
  if (moved.length === 0) return null;
  const state = frames.map((f, i) => {
    const words = f.state.slice();
    for (const { copy, value } of moved) for (const at of copy.held[i]!) words[at] = value;
    return words;
  });
  return {
    ...loop,
    state: state[0]!,
    frames: frames.map((f, i): Frame => ({ ...f, state: state[i]! })),
    reads: loop.reads.map((r) => (values.has(r.address) ? { ...r, value: values.get(r.address)! } : r)),
    places: null,
  };
}
