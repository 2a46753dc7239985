/**
 * A loop beside a running SysTick: proof that its handler can never change what the loop reads. The handler is run on linear values from anywhere in the loop (its registers
 * unknown): it must put every register back, each decision in it must come out the same for so long as nobody waits for, and what it writes must be
 * nothing that the loop still reads. Nothing is said of any other handler.
 */
import type { Core } from '../emu/core/core.ts';
import type { Instruction } from '../emu/core/decode.ts';
import { EXC_RETURN_FTYPE, EXC_RETURN_THREAD, excReturn } from '../emu/core/exceptions.ts';
import type { Cell, Surroundings } from '../emu/proofs/linear.ts';
import { LinearHandler, type HandlerEntry } from '../emu/proofs/linear-handler.ts';
import { EXC, SCS } from '../emu/core/scs-state.ts';
import { FPCA, getMsp, SPSEL } from '../emu/core/special.ts';
import { sysTickPeriod } from '../emu/core/systick.ts';
import { hypothesis, linearly, provedCells, surroundings } from '../emu/proofs/counting.ts';
import type { SteadyLoop } from '../emu/proofs/steady.ts';
import type { Machine } from '../emu/machine.ts';
import { PS_PER_SECOND } from '../emu/time.ts';
import { readStays } from './surrounding-events.ts';
import type { LiveRun } from './live-run.ts';

/** What holds for a day holds for ever: no bench and no user waits longer. */
const FOR_EVER = 24 * 3600 * PS_PER_SECOND;
/** Effort: a handler of more instructions is not looked at. */
const LONGEST_HANDLER = 2000;
/** Effort: the same of the loop. */
const LONGEST_LOOP = 3000;
/** Ticks of a round: what toggles something is back after two. */
const TICKS = [1, 2];
const FRAME_WORDS = 8;
const FP_FRAME_WORDS = 26;
const STKALIGN = 0x200;

/** SysTick alone can interrupt the loop, at whose start the core stands: it never ends the loop. Leaves the machine anywhere. */
export function tickCannotEnd(s: LiveRun, loop: SteadyLoop): boolean {
  const { machine } = s;
  const core = machine.bootCore;
  // the limits of stack pointers are not watched
  if (core.arm.hasStackLimit) return false;
  const period = sysTickPeriod(core);
  const points = pointsOf(machine, loop);
  if (points === null || !Number.isFinite(period)) return false;
  const ways = new Map<string, Way | null>();
  for (const { how } of points) {
    const key = JSON.stringify(how);
    if (!ways.has(key)) ways.set(key, wayOf(s, how, period));
  }
  return (
    [...ways.values()].every((way) => way !== null) &&
    agree([...ways.values()] as Way[]) &&
    leavesAlone(machine, points, ways as Map<string, Way>)
  );
}

/** A place between two instructions of the loop. */
interface Point {
  readonly how: HandlerEntry;
  /** Bytes of memory that the next instruction reads, and that it stores as they are: by place in the arena. */
  readonly reads: ReadonlySet<number>;
  readonly stores: ReadonlySet<number>;
}
/** Goes round once; null where the round is not the same again, or something holds in it that an interrupt ends. */
function pointsOf(machine: Machine, loop: SteadyLoop): Point[] | null {
  const core = machine.bootCore;
  const end = core.cycles() + loop.cycles;
  const reads = new Map<number, number>();
  const sameStores = new Map<number, number>();
  const points: Point[] = [];
  core.trace({ reads, writes: 0, refreshes: 0, sameStores });
  try {
    while (core.cycles() < end) {
      const how = entryAt(core);
      const ipsr = core.arm.ipsr;
      if (core.arm.exclusiveOpen) return null;
      reads.clear();
      sameStores.clear();
      if (core.step() || core.halted || core.arm.ipsr !== ipsr || points.length > LONGEST_LOOP) return null;
      const [read, stored] = [placesOf(machine, reads), placesOf(machine, sameStores)];
      points.push({ how, reads: read, stores: stored });
    }
  } finally {
    core.trace(null);
  }
  return core.pc === loop.pc && core.cycles() === end ? points : null;
}
function placesOf(machine: Machine, accesses: ReadonlyMap<number, number>): Set<number> {
  const places = new Set<number>();
  for (const [address, size] of accesses) for (const place of hostBytes(machine, address, size)) places.add(place);
  return places;
}
/** By place in the arena, since memory may show at several addresses. Devices have none. */
function hostBytes({ system, bootCore }: Machine, address: number, size: number): number[] {
  const region = system.regionAt(address, bootCore.index);
  return region?.memory ? Array.from({ length: size }, (_, i) => system.hostOf(region, address) + i) : [];
}

/** How the core would take SysTick where it stands (exceptions.ts, `pushFrame`). */
function entryAt(core: Core): HandlerEntry {
  const thread = core.arm.ipsr === 0;
  const control = core.arm.control;
  const psp = thread && (control & SPSEL) !== 0;
  const fp = (control & FPCA) !== 0;
  const frameWords = fp ? FP_FRAME_WORDS : FRAME_WORDS;
  const align = fp || (core.arm.ccr & STKALIGN) !== 0 ? 4 : 0;
  const frame = ((core.arm.sp - 4 * frameWords) & ~align) >>> 0;
  return {
    vector: (core.get(SCS.VTOR) + 4 * EXC.SYSTICK) >>> 0,
    frame,
    frameWords,
    sp: psp ? getMsp(core) >>> 0 : frame,
    excReturn: excReturn(core.profile.arch, (fp ? 0 : EXC_RETURN_FTYPE) | (thread ? EXC_RETURN_THREAD : 0) | (psp ? 4 : 0)),
  };
}

/** What the handler does from one place on: bytes that it writes, and what moves from tick to tick. */
interface Way {
  readonly written: ReadonlySet<number>;
  /** Cells that it reads before it writes them, and bytes of memory that it takes for constant. */
  readonly moving: ReadonlyMap<number, string>;
  readonly constant: ReadonlySet<number>;
}
function wayOf(s: LiveRun, how: HandlerEntry, period: number): Way | null {
  for (const ticks of TICKS) {
    const way = linearly(() => prove(s, how, ticks, FOR_EVER / (ticks * period)));
    if (way !== null) return way;
  }
  return null;
}

/** Runs `ticks` handlers twice: to see what they move, and on what moves so. Throws GIVE_UP. */
function prove(s: LiveRun, how: HandlerEntry, ticks: number, rounds: number): Way | null {
  const { machine } = s;
  const core = machine.bootCore;
  const around = surroundingsOf(s);
  const go = (start: readonly Cell[]): LinearHandler => {
    const run = new LinearHandler(core.profile, around, how, start);
    for (let tick = 0; tick < ticks; tick++) {
      run.through = false;
      run.enter();
      while (!run.through) {
        run.run();
        if (run.instructions > LONGEST_HANDLER) return run;
      }
    }
    return run;
  };
  const start = hypothesis(around, {
    before: [],
    after: go([])
      .cells()
      .filter((c) => c.size !== 0),
  });
  if (start === null) return null;
  const run = go(start);
  if (!run.through || run.rounds < rounds) return null;
  // of a word that is not known nothing may be wanted in the next round
  const written = run.writtenRam();
  if (written.some((c) => c.input && !c.known)) return null;
  const ram = run.cells().filter((c) => c.size !== 0);
  if (provedCells({ cells: () => ram }, start) === null) return null;
  const bytes = (cells: readonly { where: number; size: number }[]): number[] => cells.flatMap((c) => hostBytes(machine, c.where, c.size));
  const all = bytes(written);
  const constant = new Set(bytes(run.reads.map(({ address, size }) => ({ where: address, size }))));
  // the same memory at two addresses is not seen as the same
  if (new Set(all).size !== all.length || all.some((b) => constant.has(b))) return null;
  const moving = new Map(
    ram
      .filter((c) => c.input)
      .flatMap((c) => hostBytes(machine, c.where, c.size).map((b, i) => [b, `${c.where}+${i}:${c.size}:${c.step}`])),
  );
  return { written: new Set(all), moving, constant };
}
function surroundingsOf(s: LiveRun): Surroundings {
  const { bootCore: core, system } = s.machine;
  const plain = surroundings(core, system, new Map<number, Instruction | null>());
  return {
    ...plain,
    // its own registers are others in a handler
    read: (address, size) => (core.isRemote(address) || !readStays(s, address) ? null : plain.read(address, size)),
  };
}

/** From wherever the tick comes it moves the same, and what one of its ways leaves behind is nothing that another one goes by. */
function agree(ways: readonly Way[]): boolean {
  const [first] = ways;
  return ways.every((way) => {
    const same = way.moving.size === first!.moving.size && [...way.moving].every(([b, what]) => first!.moving.get(b) === what);
    const apart = ways.every((other) =>
      [...way.written].every((b) => !other.constant.has(b) && (!other.moving.has(b) || way.moving.has(b))),
    );
    return same && apart;
  });
}

/** Wherever the handler runs, it writes nothing that the loop reads before it stores it itself, nor does it go by what the loop stores. */
function leavesAlone(machine: Machine, points: readonly Point[], ways: ReadonlyMap<string, Way>): boolean {
  const stored = new Set(points.flatMap((p) => [...p.stores]));
  for (const way of ways.values()) if ([...way.moving.keys()].some((b) => stored.has(b))) return false;
  // backwards, twice round: what is read from here on before it is stored
  const live = new Set<number>();
  for (let i = 2 * points.length - 1; i >= 0; i--) {
    const point = points[i % points.length]!;
    for (const b of point.stores) live.delete(b);
    for (const b of point.reads) live.add(b);
    const { written } = ways.get(JSON.stringify(point.how))!;
    if (i < points.length && [...live].some((b) => written.has(b))) return false;
  }
  return true;
}
