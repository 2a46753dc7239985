/**
 * Loops that change nothing. A loop is *steady* if the core comes twice to the same instruction in the same state, has stored only values that memory already held, and has
 * read only what cannot change before the next event: memory, and registers that do not follow the time. It then repeats until the next event, and time can be moved
 * there. The rule compares the machine's state and never inspects the code.
 */
import { BUS_ERROR } from '../component.ts';
import type { BranchTargetsCopy } from '../core/caches/branch-targets.ts';
import type { AccessTrace, DeviceAccess } from '../core/core-types.ts';
import type { Core } from '../core/core.ts';
import type { RowUse } from '../core/caches/flash-cache.ts';
import { flowOf } from '../core/translate/flow.ts';
import { CYCCNT, stopsCyccnt } from '../core/arm/debug-registers.ts';
import { highestPending } from '../core/arm/nvic.ts';
import { S } from '../core/state.ts';
import type { History } from '../history.ts';
import { sysTickNextZero } from '../core/arm/systick.ts';
import type { Block, Region, System } from '../system.ts';
import { Turns, turnsAsFound, type Turned, type Unheard } from './turns.ts';

/** What a loop reads, or stores unchanged, and how long that stays valid. */
export interface Reading {
  readonly reads: readonly SteadyRead[];
  /** `System.configuration` in which every read except SysTick's holds until the next event in any state of its block, and whether SysTick is read; null = not determined. */
  always: { readonly configuration: number; readonly sysTick: boolean } | null;
  /** Where `reads` lie; null = not looked up yet. */
  places: Places | null;
}
/** A loop whose iterations all do the same in the same number of cycles. */
export interface Loop extends Reading {
  /** Where its iterations begin. */
  readonly pc: number;
  readonly cycles: number;
  readonly instructions: number;
  readonly cacheHits: number;
  /** `Core.cacheChanges` and `Core.codeVersion` when it was found. */
  readonly cacheChanges: number;
  readonly codeVersion: number;
  /** Rows of the flash controller's data cache at the start of an iteration, if iterations evict and reload some; null: none is evicted. */
  readonly dataRows: Int32Array | null;
  /** `Core.dataMisses` when it was found. */
  readonly dataMisses: number;
  /** Branch predictions at the start of an iteration for the branches in it; null if there are none. */
  readonly branchTargets: BranchTargetsCopy | null;
  /** Reads of an iteration that are counted for the report. */
  readonly counts: readonly [string, number][];
  /** The order of its cache accesses matters. Unless `use` says what order an iteration leaves, the last whole iteration is executed. */
  readonly ordered: boolean;
  /** Rows of the flash controller's caches that an iteration uses: while all are held, every iteration takes the same time and leaves them in this order. */
  readonly use: RowUse | null;
  /** The core's state at `pc` when it was found. */
  readonly state: Uint32Array;
}
export interface SteadyLoop extends Loop {
  /** Where the core stops to skip it: the start of its iterations or, once one was recorded, any instruction of it. */
  pc: number;
  /** Once an iteration was recorded: without rows of data. */
  use: RowUse | null;
  /** Writes in an iteration that the history numbers (of PRIMASK, for instance). */
  readonly writes: number;
  /** Those of them that go to blocks and of which only the last matters. */
  readonly refreshes: readonly DeviceAccess[];
  /** Events in an iteration, each a repeat of the one before: a fault, for instance, that is taken again and again. */
  readonly events: number;
  /** Branch predictions change in the middle of an iteration. */
  readonly branchTargetsMove: boolean;
  /** What an iteration changes and puts back; null: nothing. */
  readonly turned: (Turned & { readonly unheard: Unheard }) | null;
  /** Exception that is pending throughout an iteration and never taken; 0 = none. */
  readonly pending: number;
  /** Skips without a record; and, once an iteration was recorded, each instruction boundary of it. */
  skips: number;
  frames: readonly Frame[] | null;
  /** State words that differ between those boundaries. */
  varying: Int32Array;
  /** Ranges of state words that an iteration may depend on or change: all except general registers that no instruction of it names. */
  readonly compared: Int32Array;
  /** Words of RAM that had another value at a later arrival: by address, how an iteration copies them; null if it does more than copy. */
  readonly copies: Map<number, Copy | null>;
}
/** A value that an iteration only copies (copies.ts). */
export interface Copy {
  /** RAM words that hold it from one iteration to the next. */
  readonly addresses: readonly number[];
  /** State words that hold it, by frame. */
  readonly held: readonly (readonly number[])[];
}
/** An instruction boundary in an iteration, relative to its start. */
export interface Frame {
  readonly pc: number;
  readonly cycles: number;
  readonly instructions: number;
  readonly cacheHits: number;
  readonly state: Uint32Array;
  /** Rows of the flash controller's caches that its instruction uses (`RowUse.stamps`), and those used on the way here, by starting frame (-1: a whole iteration). */
  readonly rows: Int32Array;
  orders: Map<number, Int32Array> | null;
}
export interface SteadyRead {
  readonly address: number;
  readonly size: 1 | 2 | 4;
  /** Unsigned. */
  readonly value: number;
}

/** Indices of the state words that a loop has to repeat. */
export const ARCHITECTURE = Int32Array.from({ length: S.STATE_END >> 2 }, (_, i) => i);
/** Rising numbers as ranges: start, end, start, end … */
export const stretchesOf = (words: Int32Array): Int32Array =>
  Int32Array.from([...words].flatMap((w, i) => [...(words[i - 1] === w - 1 ? [] : [w]), ...(words[i + 1] === w + 1 ? [] : [w + 1])]));
export const STRETCHES = stretchesOf(ARCHITECTURE);
/** The core's architectural state equals a copy. */
const inState = (core: Core, copy: Uint32Array): boolean => core.hasStretches(copy, STRETCHES);

const SYST_CSR = 0xe000e010;
const COUNTFLAG = 1 << 16;

/** Until when a read of the address gives the same value without side effect, if no event comes before; 0 = not at all. */
export function steadyUntil(core: Core, system: System, address: number): number {
  // COUNTFLAG rises without an event; while it is 0, reading it changes nothing
  if (address === SYST_CSR) return (core.peek(SYST_CSR, 4) ?? COUNTFLAG) & COUNTFLAG ? 0 : sysTickNextZero(core);
  if (staysForGood(system, address) || cyccntStands(core, address)) return Infinity;
  const block = address >= 0xe0000000 ? null : system.regionAt(address, core.index)?.block;
  if (!system.readsHold || !block) return 0;
  const { now } = system;
  system.now = core.now();
  const until = block.component.holds(block.state, block.env, address - block.row.base);
  system.now = now;
  return until;
}
/** Cycles for which a loop's reads have to hold before the loop is worth a proof. */
export const HOLDS_WORTH = 4000;
const holdsLong = (core: Core, system: System, address: number): boolean =>
  core.cyclesUntil(steadyUntil(core, system, address)) >= (address === SYST_CSR ? 1 : HOLDS_WORTH);
/** Until when everything that a loop reads holds, apart from events. */
export function loopHolds(core: Core, system: System, loop: Reading): number {
  if (loop.always?.configuration === system.configuration) return loop.always.sysTick ? steadyUntil(core, system, SYST_CSR) : Infinity;
  let first = Infinity;
  let sysTick = false;
  let forGood = true;
  for (const r of loop.reads) {
    if (r.address === SYST_CSR) sysTick = true;
    else if (!staysForGood(system, r.address)) {
      forGood = false;
      first = Math.min(first, steadyUntil(core, system, r.address));
    }
  }
  loop.always = forGood ? { configuration: system.configuration, sysTick } : null;
  return sysTick ? Math.min(first, steadyUntil(core, system, SYST_CSR)) : first;
}

/** Reading the address gives the same value until the next event, without side effect. */
export function readIsSteady(system: System, address: number): boolean {
  if (staysForGood(system, address)) return true;
  const block = address >= 0xe0000000 ? null : system.regionAt(address)?.block;
  return block?.component.holds(block.state, block.env, address - block.row.base) === Infinity;
}
/** SysTick is off, and a read of its status clears nothing more: it stays as it is. */
export const sysTickStands = (core: Core): boolean => ((core.peek(SYST_CSR, 4) ?? 1) & (COUNTFLAG | 1)) === 0;
/** DWT counts no cycles: nothing but a write of the core starts it. */
export const cyccntStands = (core: Core, address: number): boolean => address === CYCCNT && stopsCyccnt(core).length > 0;
/** The same in any state of the block. */
function staysForGood(system: System, address: number): boolean {
  if (address >= 0xe0000000) {
    // SysTick counts and clears COUNTFLAG, DWT counts cycles
    const offset = address & 0xfffff;
    return !(offset >= 0xe010 && offset < 0xe020) && !(offset >= 0x1000 && offset < 0x1020);
  }
  const region = system.regionAt(address);
  if (!region) return false;
  if (region.memory) return !region.memory.guarded;
  const b = region.block!;
  return !system.isClocked(b) || b.component.steady(address - b.row.base);
}

/** History and counts that a skip has to continue. */
export interface Told {
  readonly history: Pick<History, 'seq' | 'repeats'> & { readonly timeline: { readonly length: number } };
  /** Reads of registers without behaviour or clock, by name. */
  counts(): ReadonlyMap<string, number>;
  /** Asked of wires that a loop drives to and fro; left out: such a loop is not looked for. */
  readonly unheard?: Unheard | undefined;
}
const NOTHING_TOLD: Told = { history: { seq: 0, repeats: 0, timeline: { length: 0 } }, counts: () => new Map() };
/** All counters that advance while a loop runs. */
interface Mark {
  readonly cycles: number;
  readonly instructions: number;
  readonly cacheHits: number;
  readonly cacheChanges: number;
  readonly dataMisses: number;
  readonly touches: number;
  readonly writes: number;
  readonly repeats: number;
  readonly events: number;
  readonly counts: ReadonlyMap<string, number>;
}
export const markNow = (core: Core, told: Told): Mark => ({
  cycles: core.cycles(),
  instructions: core.retired(),
  cacheHits: core.get(S.CACHE_HITS),
  cacheChanges: core.caches.cacheChanges(),
  dataMisses: core.caches.dataMisses(),
  touches: core.get(S.TOUCHES),
  writes: told.history.seq,
  repeats: told.history.repeats,
  events: told.history.timeline.length,
  counts: told.counts(),
});
/** Difference between two marks. */
export const since = (a: Mark, b: Mark): Omit<Mark, 'counts' | 'touches'> & Pick<Loop, 'counts'> => ({
  cycles: b.cycles - a.cycles,
  instructions: b.instructions - a.instructions,
  cacheHits: b.cacheHits - a.cacheHits,
  cacheChanges: b.cacheChanges - a.cacheChanges,
  dataMisses: b.dataMisses - a.dataMisses,
  writes: b.writes - a.writes,
  repeats: b.repeats - a.repeats,
  events: b.events - a.events,
  counts: [...b.counts].map(([key, n]): [string, number] => [key, n - (a.counts.get(key) ?? 0)]).filter(([, n]) => n > 0),
});

/**
 * Runs one instruction at a time until the state repeats. Null if it does not within `maxSteps` (the core has then run that far), or if what the loop reads may change
 * without an event.
 */
// eslint-disable-next-line complexity, house/own-lines -- one walk of the core: what ends a search is known only while it steps
export function findSteadyLoop(
  core: Core,
  system: System,
  maxSteps: number,
  told: Told = NOTHING_TOLD,
  stopped: () => boolean = () => false,
  until = Infinity,
): SteadyLoop | null {
  const turns = told.unheard && new Turns(system, told.unheard);
  const trace: AccessTrace = { reads: new Map(), writes: 0, refreshes: [], ...(turns && { turns }) };
  const isBack = (): boolean => turns?.isBack((address) => (core.peek(address, 4) ?? 0) >>> 0) ?? true;
  core.trace(trace);
  try {
    let anchor = core.stateWords();
    let anchorPc = core.pc;
    let at = markNow(core, told);
    let targets = core.branchTargets?.save() ?? null;
    let rows = core.caches.dataRows();
    let sinceAnchor = 0;
    let window = 16;
    let period = -1;
    const iteration: Passed[] = [];
    const beginIteration = (): void => {
      at = markNow(core, told);
      trace.refreshes.length = 0;
      turns?.begin();
      targets = core.branchTargets?.save() ?? null;
      rows = core.caches.dataRows();
      core.branchTargets?.beginUse();
      trace.reads.clear();
      iteration.length = 0;
      sinceAnchor = 0;
    };
    const stepped = (): boolean => {
      if (core.step() || core.halted || stopped() || trace.writes > 0) return false;
      return system.goesOnAt(core.now(), until);
    };
    core.branchTargets?.beginUse();
    for (let i = 0; i < maxSteps; i++) {
      iteration.push({ pc: core.pc, lr: core.get(S.LR) >>> 0, ipsr: core.get(S.IPSR) });
      if (!stepped()) return null;
      if (core.pc === anchorPc && inState(core, anchor) && isBack()) {
        const { cycles, instructions, cacheHits, cacheChanges, dataMisses, writes, repeats, events, counts } = since(
          at,
          markNow(core, told),
        );
        // more data than the flash controller's cache has rows: an iteration reloads what it evicts
        const cachesAlike = cacheChanges === 0 || (cacheChanges === dataMisses && sameRows(rows, core.caches.dataRows()));
        // the second iteration must take as long as the first, with the same cache contents
        if (cycles > 0 && cycles === period && cachesAlike && core.caches.expectsAs(targets)) {
          if (events > 0) return null;
          if (![...trace.reads.keys()].every((a) => holdsLong(core, system, a))) return null;
          const found = turns?.found() ?? null;
          const addresses = [...trace.reads, ...(found?.words ?? []).map((a) => [a, 4] as const)];
          // of the instruction at which the core stands when it is asked
          const asOfHere = (): Pick<SteadyLoop, 'reads' | 'turned'> => ({
            reads: addresses.map(([address, size]) => readNow(core, address, size as 1 | 2 | 4)),
            turned: found && { ...turns!.found()!, unheard: told.unheard! },
          });
          const loop = {
            cycles,
            instructions,
            cacheHits,
            cacheChanges: core.caches.cacheChanges(),
            codeVersion: core.codeVersion,
            dataRows: cacheChanges === 0 ? null : rows,
            dataMisses: core.caches.dataMisses(),
            branchTargetsMove: targets?.changes !== core.branchTargets?.changes,
            writes,
            events: repeats,
            refreshes: trace.refreshes.filter(
              (w) => found?.blocks.some(({ block }) => system.regionAt(w.address)?.block === block) !== true,
            ),
            ordered: core.caches.keepsOrder(),
            use: cacheChanges === 0 ? core.caches.rowsUsed(at.touches) : null,
            counts,
            pending: highestPending(core),
            ...asOfHere(),
            always: null,
            skips: 0,
            frames: null,
            varying: ARCHITECTURE,
            compared: comparedIn(core, iteration),
            copies: new Map<number, Copy | null>(),
            places: null,
          };
          const once = placeToStandAt(core, iteration) ?? anchorPc;
          const used = (): BranchTargetsCopy | null => core.branchTargets?.saveUsed() ?? null;
          if (once === anchorPc) return { pc: anchorPc, state: anchor, branchTargets: used(), ...loop };
          while (core.pc !== once) if (!stepped()) return null;
          const use = loop.use && core.caches.rowsUsed(at.touches);
          const there = {
            use,
            cacheChanges: core.caches.cacheChanges(),
            dataRows: loop.dataRows && core.caches.dataRows(),
            dataMisses: core.caches.dataMisses(),
          };
          if (loop.dataRows !== null && there.dataRows === null) return null;
          return { pc: once, state: core.stateWords(), branchTargets: used(), ...loop, ...there, ...asOfHere() };
        }
        period = cachesAlike ? cycles : -1;
        beginIteration();
        continue;
      }
      // Brent's algorithm: the anchor moves on in growing windows
      if (++sinceAnchor === window) {
        anchor = core.stateWords();
        anchorPc = core.pc;
        beginIteration();
        period = -1;
        window *= 2;
      }
    }
    return null;
  } finally {
    core.trace(null);
  }
}

export const readNow = (core: Core, address: number, size: 1 | 2 | 4): SteadyRead => ({
  address,
  size,
  value: (core.peek(address, size) ?? 0) >>> 0,
});

/**
 * The instruction of an iteration at which the core shall stop. It is executed once in an iteration, because inner loops pass theirs in other states too. Where lines are charged
 * one by one, its line is preferably charged by its predecessor (the core stops after the charge, in a changed state), and it lies in the outermost function (others may
 * call the same callee).
 */
function placeToStandAt(core: Core, iteration: readonly Passed[]): number | null {
  const mask = core.get(S.FLASH_MASK);
  const byLine = core.get(S.FETCH_MODE) === FLASH_CACHES;
  const depths = byLine ? callDepths(iteration) : [];
  const times = new Map<number, number>();
  for (const { pc } of iteration) times.set(pc, (times.get(pc) ?? 0) + 1);
  let place: number | null = null;
  let best = Infinity;
  iteration.forEach(({ pc }, i) => {
    const paid = (iteration.at(i - 1)!.pc & mask) === (pc & mask);
    // otherwise lines are not charged one by one, and the first candidate keeps translated code as it was
    const rank = byLine ? depths[i]! + (paid ? 0 : iteration.length) : i;
    if (times.get(pc) !== 1 || rank >= best) return;
    best = rank;
    place = pc;
  });
  return place;
}
/** FETCH_MODE: the flash controller's caches (core-caches.ts). */
const FLASH_CACHES = 3;
/** An instruction of an iteration, with LR and IPSR before it. */
interface Passed {
  readonly pc: number;
  readonly lr: number;
  readonly ipsr: number;
}
/**
 * State words to compare: general registers that no instruction names are left out, since a poll inside another loop runs with another count of that loop each time. All are
 * compared where exceptions are entered or left, where TypeScript executes an instruction, and on the Cortex-M7, which dual-issues.
 */
function comparedIn(core: Core, iteration: readonly Passed[]): Int32Array {
  if (core.profile.branchTargets || iteration.some(({ ipsr }) => ipsr !== 0)) return STRETCHES;
  let named = 0;
  for (const { pc } of iteration) {
    const ins = core.instructionAt(pc);
    if (!ins) return STRETCHES;
    const flow = flowOf(ins, pc, core.profile, false);
    if (flow.system) return STRETCHES;
    named |= flow.reads | flow.writes;
  }
  const key = named & GENERAL;
  let stretches = COMPARED_BY_NAMED.get(key);
  if (!stretches) {
    const unused = GENERAL & ~named;
    const words = ARCHITECTURE.filter((i) => i > S.LR >> 2 || ((unused >>> (i - (S.R >> 2))) & 1) === 0);
    COMPARED_BY_NAMED.set(key, (stretches = stretchesOf(words)));
  }
  return stretches;
}
/** R0…R12 and LR, by number. */
const GENERAL = 0x5fff;
const COMPARED_BY_NAMED = new Map<number, Int32Array>();
/** Call depth at each instruction of an iteration. It is walked twice, so that calls made before its start are seen. */
function callDepths(iteration: readonly Passed[]): number[] {
  const depths: number[] = [];
  const returns: number[] = [];
  for (let i = 0; i < 2 * iteration.length; i++) {
    const { pc } = iteration[i % iteration.length]!;
    const next = iteration[(i + 1) % iteration.length]!;
    depths[i % iteration.length] = returns.length;
    const behind = next.lr - 1;
    if (next.pc === returns.at(-1)) returns.pop();
    else if (next.pc !== behind && (behind === pc + 4 || behind === pc + 2)) returns.push(behind);
  }
  return depths;
}

/** The core stands at the loop's start in the same state, and all its reads give the same values. */
export function stillSteady(core: Core, loop: SteadyLoop): boolean {
  // an exception that became pending under a mask is taken when the loop unmasks it
  if (loop.writes > 0 && highestPending(core) !== loop.pending) return false;
  if (core.pc !== loop.pc || !core.hasStretches(loop.state, loop.compared)) return false;
  return isAsFound(core, loop) && stillRepeats(core, loop) && stillTurns(core, loop);
}
export function stillTurns(core: Core, { turned }: Pick<SteadyLoop, 'turned'>): boolean {
  if (turned === null) return true;
  return !turned.blocks.some(({ block }) => core.writeIsWatched(block.row.base)) && turnsAsFound(core.system, turned.unheard, turned);
}
/** The next iteration's writes would do nothing that the last one's have not done. */
export const stillRepeats = (core: Core, { refreshes }: Pick<SteadyLoop, 'refreshes'>): boolean =>
  refreshes.every(({ address, size, value }) => core.writeRepeats(address, size, value));
/** Where a loop's reads lie, for one map of the address space. */
interface Places {
  readonly regions: readonly Region[];
  /** Aligned words, by index into the arena. */
  readonly words: Uint32Array;
  readonly wordValues: Uint32Array;
  readonly wordReads: readonly SteadyRead[];
  /** Other memory, by arena offset. */
  readonly memory: readonly { readonly host: number; readonly size: number; readonly value: number }[];
  /** Registers that read as they are stored. */
  readonly stored: readonly { readonly block: Block; readonly index: number; readonly value: number }[];
  readonly registers: readonly { readonly block: Block; readonly offset: number; readonly size: number; readonly value: number }[];
  /** Everything else. */
  readonly rest: readonly SteadyRead[];
}
/** Memory is what the arena holds, except behind a data cache, on the private bus and behind bit-banding. */
// eslint-disable-next-line complexity -- one case for each kind of place that a loop reads
export function placesOf(core: Core, loop: Reading): Places {
  const regions = core.system.regionsOf(core.index);
  if (loop.places?.regions === regions) return loop.places;
  const words: { at: number; read: SteadyRead }[] = [];
  const memory: Places['memory'][number][] = [];
  const stored: Places['stored'][number][] = [];
  const registers: Places['registers'][number][] = [];
  const rest: SteadyRead[] = [];
  for (const r of loop.reads) {
    const region = core.isRemote(r.address) ? null : core.system.regionAt(r.address, core.index);
    if (region?.memory && !region.memory.guarded && r.address + r.size <= region.end) {
      const host = region.memory.host + (r.address - region.base);
      if (r.size === 4 && (host & 3) === 0) words.push({ at: host >>> 2, read: r });
      else memory.push({ host, size: r.size, value: r.value });
    } else if (region?.block && r.address < 0xe0000000 && r.address + r.size <= region.end) {
      const { block } = region;
      const offset = r.address - block.row.base;
      const index = block.component.stored(offset, r.size, true);
      if (index >= 0) stored.push({ block, index, value: r.value });
      else registers.push({ block, offset, size: r.size, value: r.value });
    } else rest.push(r);
  }
  return (loop.places = {
    regions,
    words: Uint32Array.from(words, (w) => w.at),
    wordValues: Uint32Array.from(words, (w) => w.read.value),
    wordReads: words.map((w) => w.read),
    memory,
    stored,
    registers,
    rest,
  });
}
const plainMemory = (core: Core): boolean => core.l1?.dataOn !== true;

/** Its instructions, the cache lines it ran from and the predictions of its branches are unchanged. */
export const sameCode = (core: Core, loop: Loop): boolean =>
  (core.caches.cacheChanges() === loop.cacheChanges || rowsAreBack(core, loop) || (loop.use !== null && core.caches.holdsRows(loop.use))) &&
  core.codeVersion === loop.codeVersion &&
  core.caches.expectsAs(loop.branchTargets);

const sameRows = (a: Int32Array | null, b: Int32Array | null): boolean =>
  a !== null && b !== null && a.length === b.length && a.every((n, i) => n === b[i]);
/** Only rows of data have been evicted and reloaded since, and the cache holds what it held at the start of the iteration. */
const rowsAreBack = (core: Core, loop: Loop): boolean =>
  loop.dataRows !== null &&
  core.caches.cacheChanges() - core.caches.dataMisses() === loop.cacheChanges - loop.dataMisses &&
  sameRows(loop.dataRows, core.caches.dataRows());

/** The loop's code, its cache lines and everything that it reads are as they were when it was found. */
export const isAsFound = (core: Core, loop: Loop): boolean => sameCode(core, loop) && readsAsFound(core, loop);
/** All reads give the values of the loop. */
function readsAsFound(core: Core, loop: Reading): boolean {
  if (!plainMemory(core)) return areAsFound(core, loop.reads);
  const { words, wordValues } = placesOf(core, loop);
  const { u32 } = core.arena;
  for (let i = 0; i < words.length; i++) if (u32[words[i]!] !== wordValues[i]) return false;
  return restAsFound(core, loop);
}
/** Words of memory that have changed since the loop read them; null if anything else has. */
export function movedReads(core: Core, loop: Reading): readonly SteadyRead[] | null {
  if (!plainMemory(core)) return loop.reads.filter((r) => !isAsRead(core, r));
  if (!restAsFound(core, loop)) return null;
  const { words, wordValues, wordReads } = placesOf(core, loop);
  return wordReads.filter((_, i) => core.arena.u32[words[i]!] !== wordValues[i]);
}
/** All reads except whole words of memory give the values of the loop. */
function restAsFound(core: Core, loop: Reading): boolean {
  const { memory } = placesOf(core, loop);
  for (let i = 0; i < memory.length; i++) {
    const m = memory[i]!;
    if (core.system.loadHost(m.host, m.size) !== m.value) return false;
  }
  return devicesAsFound(core, loop);
}
/** The same for reads outside of memory. */
export function devicesAsFound(core: Core, loop: Reading): boolean {
  const { stored, registers, rest } = placesOf(core, loop);
  for (let i = 0; i < stored.length; i++) {
    const { block, index, value } = stored[i]!;
    if (block.state.regs[index]! >>> 0 !== value) return false;
  }
  for (let i = 0; i < registers.length; i++) {
    const { block, offset, size, value } = registers[i]!;
    const { component, state, env } = block;
    const now = component.peek(state, env, offset, size);
    if ((now === BUS_ERROR ? 0 : now) >>> 0 !== value) return false;
  }
  return areAsFound(core, rest);
}
const areAsFound = (core: Core, reads: readonly SteadyRead[]): boolean => reads.every((r) => isAsRead(core, r));
const isAsRead = (core: Core, r: SteadyRead): boolean => (core.peek(r.address, r.size) ?? 0) >>> 0 === r.value;
