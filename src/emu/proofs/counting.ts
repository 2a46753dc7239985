/**
 * Loops that only count, or do not even that. Where every register and every word of RAM that an iteration writes moves by a constant (which may be
 * 0), and every decision of the iteration stays the same for so many iterations, those iterations can be left out: the words move by as many steps. Proved
 * by running the iteration's instructions on linear values (core/linear.ts) from the state that the core is in; that iterations take equally long is
 * measured on two of them.
 */
import type { Core } from '../core/core.ts';
import type { Instruction } from '../core/decode.ts';
import type { RowUse } from '../core/caches/flash-cache.ts';
import { GIVE_UP, giveUp, LinearRun, type Cell, type Surroundings } from './linear.ts';
import { S } from '../core/state.ts';
import {
  ARCHITECTURE,
  HOLDS_WORTH,
  isAsFound,
  movedReads,
  markNow,
  sameCode,
  since,
  steadyUntil,
  STRETCHES,
  stretchesOf,
  type Loop,
  type SteadyRead,
  type Told,
} from './steady.ts';
import type { System } from '../system.ts';

export interface CountingLoop extends Loop {
  /** `System.configuration`: which blocks have a clock. */
  readonly configuration: number;
  /** Its instructions. */
  readonly known: Map<number, Instruction | null>;
  /** Everything that it writes: where it was at iteration 0, and by how much it moves in an iteration. First what tells the iteration. */
  readonly cells: readonly Cell[];
  /** Words of the core's state that matter and that it does not write, by index, and the state at iteration 0. */
  readonly still: Int32Array;
  /** General registers and flags that an iteration reads before it writes them, by bit. */
  readonly inputs: number;
  /** Iterations that go the same way, counted from iteration 0. */
  readonly iterations: number;
  /**
   * Its iterations leave everything as it is, and something else moves a word that they read, `cells[0]` (a handler counts ticks): `iterations` are values of that word then, and the
   * cells what an iteration leaves at such a value. `cannot`: what is made of the word is not linear.
   */
  readonly led: 'yes' | 'no' | 'cannot';
  /** Which instructions an iteration runs, and cycles that hang on their operands: see `LinearRun`. */
  readonly path: number;
  readonly extra: number;
  /** Arrivals at its start that were not worth a skip. */
  vain: number;
}

/** Instructions looked ahead, and instructions that a loop must promise to leave out to be worth its price. */
const PREDICTED = 200;
const WORTH_SKIPPING = 10_000;

/** `known`: instructions that have been looked up since the code last changed; `worth`: cycles for which a read has to hold. */
export function surroundings(core: Core, system: System, known: Map<number, Instruction | null>, worth = 1): Surroundings {
  const { zone } = core;
  const decodeAt = (pc: number): Instruction | null => {
    const found = core.zoneAt(pc) !== zone || core.stopsAt(pc) ? null : core.instructionAt(pc);
    known.set(pc, found);
    return found;
  };
  return {
    state: (offset) => core.get(offset),
    instruction: (pc) => known.get(pc) ?? decodeAt(pc),
    read: (address, size) =>
      core.isWatched(address) || core.cyclesUntil(steadyUntil(core, system, address)) < worth ? null : core.peek(address, size),
    isPlain: (address, size) => core.isPlainStore(address, size),
  };
}

/** An iteration as it would run from here: where it begins, and what has been written by two of its beginnings. */
interface Iteration {
  readonly pc: number;
  readonly instructions: number;
  readonly before: readonly Cell[];
  readonly after: readonly Cell[];
}

/**
 * Looks ahead, without running anything, for a place that branches back come to three times, the last two as far apart as the first two. With `calls` those of calls and returns
 * begin no iteration.
 */
function findIteration(core: Core, around: Surroundings, calls: boolean): Iteration | null {
  const run = new LinearRun(core.profile, around, core.pc);
  let arrivals: { pc: number; at: number; cells: readonly Cell[] }[] = [];
  while (run.instructions < PREDICTED) {
    const from = run.next;
    run.run();
    if (run.next > from || run.inItBlock) continue;
    const { timing, returns } = around.instruction(from)!.def;
    if (calls && (timing === 'call' || returns !== undefined)) continue;
    const arrival = { pc: run.next, at: run.instructions, cells: run.cells() };
    if (arrivals[0]?.pc !== run.next) arrivals = [];
    arrivals.push(arrival);
    if (arrivals.length < 3) continue;
    const [a, b, c] = arrivals as [typeof arrival, typeof arrival, typeof arrival];
    if (c.at - b.at === b.at - a.at) return { pc: c.pc, instructions: c.at - b.at, before: b.cells, after: c.cells };
    arrivals.shift();
  }
  return null;
}

/** The cells of an iteration with what they move by from one beginning to the next. Throws GIVE_UP. */
export function hypothesis(around: Surroundings, { before, after }: Pick<Iteration, 'before' | 'after'>): Cell[] {
  const cells: Cell[] = [];
  for (const cell of after) {
    const old = before.find((b) => b.where === cell.where && b.size === cell.size);
    const was = old?.at ?? (cell.size === 0 ? around.state(cell.where) : around.read(cell.where, cell.size));
    cells.push({ ...cell, step: (cell.at - (was ?? giveUp())) | 0 });
  }
  return cells;
}

/** Runs an iteration on linear values: what it writes and how many iterations go the same way; null if it is not linear. */
function prove(
  core: Core,
  around: Surroundings,
  pc: number,
  instructions: number,
  start: readonly Cell[],
  led = false,
): { iterations: number; run: LinearRun; cells: Cell[] } | null {
  const run = new LinearRun(core.profile, around, pc, start);
  for (let i = 0; i < instructions; i++) {
    run.run();
    if (run.iterations <= 1 && !led) return null;
  }
  const cells = run.next === pc && !run.inItBlock ? provedCells(run, start, led) : null;
  return cells && { iterations: run.iterations, run, cells };
}
/** Everything that an iteration writes as it is at its start, if it moves as `start` supposes; else null. `led`: what it reads stays, and each is as it is at its end. */
export function provedCells(run: Pick<LinearRun, 'cells'>, start: readonly Cell[], led = false): Cell[] | null {
  const cells: Cell[] = [];
  const by = (step: number): number => (led ? 0 : step);
  for (const end of run.cells()) {
    const c = start.find((x) => x.where === end.where && x.size === end.size);
    if (c === undefined) return null;
    // where it starts is of no matter to what is written before it is read
    if (end.input && (end.step !== c.step || end.at !== ((c.at + by(c.step)) | 0))) return null;
    cells.push({ ...end, at: end.at - by(end.step) });
  }
  return cells;
}

/**
 * Looks for a counting loop from here and, if one promises to be worth it, runs a few iterations of it: the core then stands at its start, in iteration 0. Null if the core
 * has run some instructions in vain, undefined if nothing has run.
 * @param calls iterations that call functions, too
 */
export function findCountingLoop(
  core: Core,
  system: System,
  told: Told,
  stopped: () => boolean,
  until: number,
  calls: boolean,
): CountingLoop | null | undefined {
  const known = new Map<number, Instruction | null>();
  const around = surroundings(core, system, known, HOLDS_WORTH);
  const ahead = linearly(() => predict(core, around, calls));
  if (!ahead || ahead.iterations * ahead.instructions < WORTH_SKIPPING) return undefined;
  return linearly(() => measure(core, system, around, { ...ahead, known }, told, stopped, until));
}
/** The core is in a loop whose next iterations are all other ones: it counts. */
export function isCounting(core: Core, system: System): boolean {
  const around = surroundings(core, system, new Map());
  return linearly(() => predict(core, around, false))?.counts ?? false;
}
export function linearly<T>(action: () => T): T | null {
  try {
    return action();
  } catch (e) {
    if (e !== GIVE_UP) throw e;
    return null;
  }
}

/** A loop that counts, as far as can be told without running it. */
interface Ahead {
  readonly pc: number;
  readonly instructions: number;
  readonly moving: readonly Cell[];
  /** What an iteration reads of them is another value each time. */
  readonly counts: boolean;
  /** For how long. */
  readonly iterations: number;
}
function predict(core: Core, around: Surroundings, calls: boolean): Ahead | null {
  const iteration = findIteration(core, around, calls);
  if (!iteration) return null;
  const moving = hypothesis(around, iteration);
  const { pc, instructions } = iteration;
  const proof = prove(core, around, pc, instructions, moving);
  // only the proof has the words of RAM from the iteration's start on, and knows which of them are read before they are written
  const counts = proof?.cells.some((c) => c.input && c.step !== 0) ?? false;
  return proof && { pc, instructions, moving, counts, iterations: proof.iterations };
}

/** Runs to the loop's start and round it. */
// eslint-disable-next-line complexity -- one walk of the core: what ends a search is known only while it steps
function measure(
  core: Core,
  system: System,
  around: Surroundings,
  { pc, instructions, moving, known }: Ahead & Pick<CountingLoop, 'known'>,
  told: Told,
  stopped: () => boolean,
  until: number,
): CountingLoop | null {
  const toStart = (most: number): boolean => {
    for (let i = 0; i < most; i++) {
      if (core.step() || core.halted || stopped()) return false;
      const now = core.now();
      if (now >= until || now >= system.scheduler.next) return false;
      if (core.pc === pc && core.get(S.IT) === 0) return true;
    }
    return false;
  };
  if (core.pc !== pc && !toStart(PREDICTED)) return null;
  // the first iteration may still fill caches
  if (!toStart(instructions)) return null;
  core.branchTargets?.beginUse();
  const a = markNow(core, told);
  if (!toStart(instructions)) return null;
  const b = markNow(core, told);
  const targets = core.branchTargets?.save() ?? null;
  if (!toStart(instructions)) return null;
  const c = markNow(core, told);
  if (!core.caches.expectsAs(targets)) return null;
  const [first, second, both] = [since(a, b), since(b, c), since(a, c)];
  if (first.cycles !== second.cycles || both.cacheChanges !== 0 || both.writes !== 0 || both.events !== 0) return null;
  if (first.instructions !== instructions || second.instructions !== instructions) return null;
  return provedFromHere(core, around, pc, instructions, moving, {
    cycles: second.cycles,
    cacheHits: second.cacheHits,
    counts: second.counts,
    branchTargets: core.branchTargets?.saveUsed() ?? null,
    use: core.caches.rowsUsed(b.touches),
    known,
    still: STRETCHES,
    inputs: -1,
    led: 'no',
  });
}

/** The loop as it stands at its start now, with the steps of `moving`. `still` of what was measured is taken where it fits. */
function provedFromHere(
  core: Core,
  around: Surroundings,
  pc: number,
  instructions: number,
  moving: readonly Cell[],
  measured: Pick<CountingLoop, 'cycles' | 'cacheHits' | 'counts' | 'branchTargets' | 'use' | 'known' | 'still' | 'inputs' | 'led'>,
): CountingLoop | null {
  const start = moving.map((c) => ({ ...c, at: valueOf(core, c) }));
  const proof = prove(core, around, pc, instructions, start, measured.led === 'yes');
  if (!proof) return null;
  const { run } = proof;
  // an input that moves little tells the iteration best
  const rank = (c: Cell): number => (c.input && c.step !== 0 ? Math.abs(c.step) : Infinity);
  const cells = proof.cells.sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
  const matters = (i: number): boolean => i !== CHARGED && (i >= WORDS || (run.inputs & (1 << i)) !== 0);
  return {
    ...measured,
    pc,
    instructions,
    cacheChanges: core.caches.cacheChanges(),
    dataRows: null,
    dataMisses: core.caches.dataMisses(),
    codeVersion: core.codeVersion,
    configuration: core.system.configuration,
    ordered: core.caches.keepsOrder(),
    cells,
    inputs: run.inputs,
    still:
      run.inputs === measured.inputs
        ? measured.still
        : stretchesOf(ARCHITECTURE.filter((i) => matters(i) && !cells.some((c) => c.size === 0 && c.where === 4 * i))),
    state: core.stateWords(),
    reads: run.reads.map(({ address, size, value }): SteadyRead => ({ address, size, value: sizedTo(value, size) })),
    iterations: proof.iterations,
    path: run.path,
    extra: run.extra,
    always: null,
    places: null,
    vain: 0,
  };
}
const sizedTo = (value: number, size: number): number => (size === 4 ? value >>> 0 : value & (2 ** (8 * size) - 1));
/** The core stands where an iteration begins, and clocks are what they were. */
const atStart = (core: Core, loop: CountingLoop): boolean => core.pc === loop.pc && core.system.configuration === loop.configuration;

/**
 * The loop as it stands at its start with other values, if it still goes the same way through the same places: then its iterations take as long. Null if it
 * does not.
 */
export function provedAgain(core: Core, system: System, loop: CountingLoop): CountingLoop | null {
  if (!atStart(core, loop) || !sameCode(core, loop) || core.get(S.IT) !== 0 || !sameLine(core, loop)) return null;
  const around = surroundings(core, system, loop.known);
  const again = (moving: readonly Cell[], led: CountingLoop['led']): CountingLoop | null =>
    linearly(() => provedFromHere(core, around, loop.pc, loop.instructions, moving, { ...loop, led }));
  const own = loop.led === 'yes' ? loop.cells.slice(1).map((c) => ({ ...c, step: 0 })) : loop.cells;
  const leader = loop.led === 'cannot' ? null : leaderOf(core, loop);
  const now = (leader && again([leader, ...own], 'yes')) ?? again(own, leader || loop.led === 'cannot' ? 'cannot' : 'no');
  return now && now.path === loop.path && now.extra === loop.extra && readsOf(now) === readsOf(loop) ? now : null;
}
/** The word that something else has moved; null if there is none, or more than one. It moves by any number, one at a time here. */
function leaderOf(core: Core, loop: CountingLoop): Cell | null {
  const moved = movedReads(core, loop);
  if (moved === null) return null;
  const [word, ...others] = loop.led === 'yes' ? [leadOf(loop), ...moved] : moved;
  if (word?.size !== 4 || others.length > 0 || !core.isPlainStore(word.address, 4)) return null;
  const cell: Cell = { where: word.address, size: 4, at: 0, step: 1, input: true };
  return ((valueOf(core, cell) - word.value) | 0) < 0 ? { ...cell, step: -1 } : cell;
}
const leadOf = ({ cells }: CountingLoop): SteadyRead => ({ address: cells[0]!.where, size: 4, value: cells[0]!.at });
/** The places that an iteration reads. */
const readsOf = (loop: CountingLoop): string =>
  [...loop.reads, ...(loop.led === 'yes' ? [leadOf(loop)] : [])]
    .map((r) => `${r.address}.${r.size}`)
    .sort()
    .join();

/** The iteration that the core stands at the start of, -1 if this is not the loop as it was proved. */
export function iterationOf(core: Core, loop: CountingLoop): number {
  if (!atStart(core, loop)) return -1;
  const lead = loop.cells[0];
  let iteration = 0;
  if (lead?.input && lead.step !== 0) {
    const moved = (valueOf(core, lead) - lead.at) | 0;
    // taken in the direction that it moves in
    iteration = lead.step > 0 ? (moved >>> 0) / lead.step : (-moved >>> 0) / -lead.step;
    if (!Number.isInteger(iteration) || iteration > loop.iterations - (loop.led === 'yes' ? 1 : 0)) return -1;
  }
  for (const c of loop.cells) if (c.input && valueOf(core, c) !== valueAfter(c, iteration)) return -1;
  return core.hasStretches(loop.state, loop.still) && sameLine(core, loop) && isAsFound(core, loop) ? iteration : -1;
}
const valueAfter = (c: Cell, iteration: number): number => sizedTo((c.at + Math.imul(c.step, iteration)) | 0, c.size || 4);
const CHARGED = S.CHARGED >> 2;
/** Words before this one are the general registers and flags. */
const WORDS = S.IT >> 2;
/** The line that the loop's start lies in has still to be paid for, as in iteration 0, or has just been: a stop at the start comes after that. */
const sameLine = (core: Core, loop: CountingLoop): boolean =>
  core.get(S.CHARGED) === loop.state[CHARGED] || core.get(S.CHARGED) === ((loop.pc & core.get(S.FLASH_MASK)) | 1) >>> 0;
/** The line of the start has been paid for, which the iteration itself does first: its row has been used behind all others. */
export const isStartPaid = (core: Core, use: RowUse): boolean => core.get(S.CHARGED) !== use.charged;
const valueOf = (core: Core, c: Cell): number => (c.size === 0 ? core.get(c.where) : (core.peek(c.where, c.size) ?? 0) >>> 0);

/** Puts everything that the loop writes where it is at the start of a later iteration; time is the caller's affair. */
export function moveOn(core: Core, loop: CountingLoop, iteration: number): void {
  for (let i = loop.led === 'yes' ? 1 : 0; i < loop.cells.length; i++) {
    const c = loop.cells[i]!;
    if (c.size === 0) core.set(c.where, valueAfter(c, iteration));
    else core.storePlain(c.where, c.size, valueAfter(c, iteration));
  }
}
