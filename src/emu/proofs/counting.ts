/**
 * Counting loops. If every register and every RAM word that an iteration writes changes by a constant (possibly 0), and every condition in it comes out the same for n
 * iterations, those n can be skipped: the words change by n steps. Proved by running the instructions on linear values (linear.ts) from the core's state. That iterations
 * take equally long is measured on two of them.
 */
import type { DeviceAccess } from '../core/core-types.ts';
import type { Core } from '../core/core.ts';
import type { Instruction } from '../core/decode.ts';
import type { RowUse } from '../core/caches/flash-cache.ts';
import { LinearDevices } from './linear-devices.ts';
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
  stillRepeats,
  stillTurns,
  STRETCHES,
  stretchesOf,
  type Loop,
  type SteadyRead,
  type Told,
} from './steady.ts';
import type { System } from '../system.ts';
import type { Turned, Unheard } from './turns.ts';

export interface CountingLoop extends Loop {
  /** `System.configuration`: which blocks have a clock. */
  readonly configuration: number;
  /** Its instructions. */
  readonly known: Map<number, Instruction | null>;
  /** Everything that it writes: value at iteration 0 and change per iteration. The first cell tells which iteration it is. */
  readonly cells: readonly Cell[];
  /** State words that it depends on and does not write, as ranges; their values are in `state`. */
  readonly still: Int32Array;
  /** General registers and flags that an iteration reads before writing them, by bit. */
  readonly inputs: number;
  /** Iterations that take the same path, counted from iteration 0. */
  readonly iterations: number;
  /**
   * `yes`: its iterations change nothing, and something else changes a word that they read, `cells[0]` (a handler counts ticks). `iterations` then counts values of that word, and
   * the cells are what an iteration writes at each. `cannot`: the loop's use of that word is not linear.
   */
  readonly led: 'yes' | 'no' | 'cannot';
  /** What an iteration reads of blocks and does to them; null: nothing but steady reads. */
  readonly rounds: Rounds | null;
  /** Which instructions an iteration runs, and cycles that depend on operands: see `LinearRun`. */
  readonly path: number;
  readonly extra: number;
  /** Arrivals at its start without a worthwhile skip. */
  vain: number;
}

/** An iteration that also drives outputs, and puts them back, or refreshes a watchdog. */
export interface Rounds {
  /** Its reads of blocks, in order. */
  readonly devices: readonly DeviceAccess[];
  /** Those of them that it does not change itself. */
  readonly inputs: readonly SteadyRead[];
  readonly turned: (Turned & { readonly unheard: Unheard }) | null;
  readonly refreshes: readonly DeviceAccess[];
  /** Writes that the history numbers. */
  readonly writes: number;
}
/** Its blocks are as at the start of an iteration, and what it reads of others is as it was. */
export const roundsHold = (core: Core, rounds: Rounds): boolean =>
  rounds.inputs.every((r) => (core.peek(r.address, r.size) ?? 0) >>> 0 === r.value) &&
  stillRepeats(core, rounds) &&
  stillTurns(core, rounds);

/** Instructions of a prediction, and instructions that a loop must promise to save. */
const PREDICTED = 200;
const WORTH_SKIPPING = 10_000;

/** `known`: instructions decoded since the code last changed; `worth`: cycles for which a read has to hold. */
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

/** A predicted iteration: its start, and what has been written at two consecutive starts. */
interface Iteration {
  readonly pc: number;
  readonly instructions: number;
  readonly before: readonly Cell[];
  readonly after: readonly Cell[];
}

/**
 * Predicts, without running anything, an address that backward branches reach three times at equal distances. With `calls`, calls and returns do not count as
 * backward branches.
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

/** The cells of an iteration with their change from one start to the next. Throws GIVE_UP. */
export function hypothesis(around: Surroundings, { before, after }: Pick<Iteration, 'before' | 'after'>): Cell[] {
  const cells: Cell[] = [];
  for (const cell of after) {
    const old = before.find((b) => b.where === cell.where && b.size === cell.size);
    const was = old?.at ?? (cell.size === 0 ? around.state(cell.where) : around.read(cell.where, cell.size));
    cells.push({ ...cell, step: (cell.at - (was ?? giveUp())) | 0 });
  }
  return cells;
}

/** `devices`: what it reads of blocks; null: a block may only be read where that is steady. */
export function roundsRun(
  core: Core,
  around: Surroundings,
  pc: number,
  devices: readonly DeviceAccess[] | null,
  start: readonly Cell[],
): LinearRun {
  if (devices === null) return new LinearRun(core.profile, around, pc, start);
  const { system } = core;
  const blocks = {
    ...around,
    isDevice: (address: number) => !core.isRemote(address) && (system.regionAt(address, core.index)?.block ?? null) !== null,
    isSteady: (address: number) => steadyUntil(core, system, address) > core.now(),
  };
  return new LinearDevices(core.profile, blocks, pc, devices, start);
}

/** Runs an iteration on linear values: what it writes and how many iterations take the same path; null if it is not linear. */
function prove(
  core: Core,
  around: Surroundings,
  pc: number,
  instructions: number,
  start: readonly Cell[],
  led = false,
  rounds: Rounds | null = null,
): { iterations: number; run: LinearRun; cells: Cell[] } | null {
  const run = roundsRun(core, around, pc, rounds?.devices ?? null, start);
  for (let i = 0; i < instructions; i++) {
    run.run();
    if (run.iterations <= 1 && !led) return null;
  }
  if (run instanceof LinearDevices && run.deviceReads !== rounds!.devices.length) return null;
  const cells = run.next === pc && !run.inItBlock ? provedCells(run, start, led) : null;
  return cells && { iterations: run.iterations, run, cells };
}
/** Everything that an iteration writes, with the values at its start, if it changes as `start` supposes; else null. `led`: cells keep the values that they have at the end. */
export function provedCells(run: Pick<LinearRun, 'cells'>, start: readonly Cell[], led = false): Cell[] | null {
  const cells: Cell[] = [];
  const by = (step: number): number => (led ? 0 : step);
  // what the way to the loop wrote and no iteration uses may have any value at a later arrival
  for (const end of run.cells(true)) {
    const c = start.find((x) => x.where === end.where && x.size === end.size);
    if (c === undefined) return null;
    // the initial value is irrelevant if the loop writes the cell before reading it
    if (end.input && (end.step !== c.step || end.at !== ((c.at + by(c.step)) | 0))) return null;
    cells.push({ ...end, at: end.at - by(end.step) });
  }
  return cells;
}

/**
 * Predicts a counting loop and, if it is worth it, runs a few iterations: the core then stands at its start, in iteration 0. Null if the core has run instructions without
 * finding one, undefined if nothing has run.
 * @param calls also accepts iterations that call functions
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
/** The core is in a loop whose iterations all differ: it counts. */
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

/** A predicted counting loop. */
interface Ahead {
  readonly pc: number;
  readonly instructions: number;
  readonly moving: readonly Cell[];
  /** An iteration reads some of them, and they change. */
  readonly counts: boolean;
  /** Iterations that the proof covers. */
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

/** Runs to the loop's start and through four iterations, and measures two. */
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
      if (!system.goesOnAt(core.now(), until)) return false;
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
    rounds: null,
  });
}

/** The loop with the core's current state as iteration 0 and the steps of `moving`. `still` of what was measured is used again where it fits. */
export function provedFromHere(
  core: Core,
  around: Surroundings,
  pc: number,
  instructions: number,
  moving: readonly Cell[],
  measured: Pick<
    CountingLoop,
    'cycles' | 'cacheHits' | 'counts' | 'branchTargets' | 'use' | 'known' | 'still' | 'inputs' | 'led' | 'rounds'
  >,
): CountingLoop | null {
  const start = moving.map((c) => ({ ...c, at: valueOf(core, c) }));
  const { rounds } = measured;
  const proof = prove(core, around, pc, instructions, start, measured.led === 'yes', rounds);
  if (!proof) return null;
  const { run } = proof;
  // an input with a small step tells the iteration best
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
    reads: [...readsOnce(run.reads), ...(rounds?.inputs ?? [])],
    iterations: proof.iterations,
    path: run.path,
    extra: run.extra,
    always: null,
    places: null,
    vain: 0,
  };
}
/** In a round a word may be read several times: it is one word that a handler moves. */
const readsOnce = (reads: LinearRun['reads']): SteadyRead[] =>
  reads
    .filter((r, i) => reads.findIndex(({ address, size }) => address === r.address && size === r.size) === i)
    .map(({ address, size, value }) => ({ address, size, value: sizedTo(value, size) }));
const sizedTo = (value: number, size: number): number => (size === 4 ? value >>> 0 : value & (2 ** (8 * size) - 1));
/** The core stands at the loop's start, clocks are unchanged, and so is what a round finds of blocks. */
const atStart = (core: Core, { pc, configuration, rounds }: CountingLoop): boolean =>
  core.pc === pc && core.system.configuration === configuration && (rounds === null || roundsHold(core, rounds));

/**
 * The loop proved for the current values, if it takes the same path through the same addresses and so the same time; else null.
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
/** The one word that something else has changed; null if there is none, or more than one. It is taken to change by one per step, in the direction in which it has changed. */
function leaderOf(core: Core, loop: CountingLoop): Cell | null {
  const moved = movedReads(core, loop);
  if (moved === null) return null;
  const [word, ...others] = loop.led === 'yes' ? [leadOf(loop), ...moved] : moved;
  if (word?.size !== 4 || others.length > 0 || !core.isPlainStore(word.address, 4)) return null;
  const cell: Cell = { where: word.address, size: 4, at: 0, step: 1, input: true };
  return ((valueOf(core, cell) - word.value) | 0) < 0 ? { ...cell, step: -1 } : cell;
}
const leadOf = ({ cells }: CountingLoop): SteadyRead => ({ address: cells[0]!.where, size: 4, value: cells[0]!.at });
/** Addresses and sizes that an iteration reads. */
const readsOf = (loop: CountingLoop): string =>
  [...loop.reads, ...(loop.led === 'yes' ? [leadOf(loop)] : [])]
    .map((r) => `${r.address}.${r.size}`)
    .sort()
    .join();

/** The iteration at whose start the core stands, -1 if its state is none of the proved ones. */
export function iterationOf(core: Core, loop: CountingLoop): number {
  if (!atStart(core, loop)) return -1;
  const lead = loop.cells[0];
  let iteration = 0;
  if (lead?.input && lead.step !== 0) {
    const moved = (valueOf(core, lead) - lead.at) | 0;
    // measured in the direction of the step
    iteration = lead.step > 0 ? (moved >>> 0) / lead.step : (-moved >>> 0) / -lead.step;
    if (!Number.isInteger(iteration) || iteration > loop.iterations - (loop.led === 'yes' ? 1 : 0)) return -1;
  }
  for (const c of loop.cells) if (c.input && valueOf(core, c) !== valueAfter(c, iteration)) return -1;
  return core.hasStretches(loop.state, loop.still) && sameLine(core, loop) && isAsFound(core, loop) ? iteration : -1;
}
const valueAfter = (c: Cell, iteration: number): number => sizedTo((c.at + Math.imul(c.step, iteration)) | 0, c.size || 4);
const CHARGED = S.CHARGED >> 2;
/** Number of words of general registers and flags, which come first. */
const WORDS = S.IT >> 2;
/** The line of the loop's start has not been charged, as in iteration 0, or has just been: a stop comes after the charge. */
const sameLine = (core: Core, loop: CountingLoop): boolean =>
  core.get(S.CHARGED) === loop.state[CHARGED] || core.get(S.CHARGED) === core.caches.chargeOf(loop.pc);
/** The line of the start has been charged already, so that its row is the one used last. */
export const isStartPaid = (core: Core, use: RowUse): boolean => core.get(S.CHARGED) !== use.charged;
const valueOf = (core: Core, c: Cell): number => (c.size === 0 ? core.get(c.where) : (core.peek(c.where, c.size) ?? 0) >>> 0);

/** Writes all cells with their values at the start of a later iteration. The caller advances the time. */
export function moveOn(core: Core, loop: CountingLoop, iteration: number): void {
  for (let i = loop.led === 'yes' ? 1 : 0; i < loop.cells.length; i++) {
    const c = loop.cells[i]!;
    if (c.size === 0) core.set(c.where, valueAfter(c, iteration));
    else core.storePlain(c.where, c.size, valueAfter(c, iteration));
  }
}
