/**
 * A loop beside a running SysTick: proof that its handler can never change what the loop reads. The handler is run on linear values from anywhere in the loop (its registers
 * unknown): it must put every register back, each decision in it must come out the same for so long as nobody waits for, and what it writes must be
 * nothing that the loop still reads. Nothing is said of any other handler.
 */
import equal from 'fast-deep-equal/es6/index.js';
import type { Core } from '../../emu/core/core.ts';
import type { Instruction } from '../../emu/core/decode.ts';
import { EXC_RETURN_FTYPE, EXC_RETURN_THREAD, excReturn } from '../../emu/core/arm/exceptions.ts';
import type { Cell, Surroundings } from '../../emu/proofs/linear.ts';
import { LinearHandler, type HandlerEntry } from '../../emu/proofs/linear-handler.ts';
import { EXC, SCS } from '../../emu/core/arm/scs-state.ts';
import { FPCA, getMsp, SPSEL } from '../../emu/core/arm/special.ts';
import { sysTickPeriod } from '../../emu/core/arm/systick.ts';
import { hypothesis, linearly, provedCells, surroundings } from '../../emu/proofs/counting.ts';
import type { SteadyLoop } from '../../emu/proofs/steady.ts';
import type { Machine } from '../../emu/machine.ts';
import { PS_PER_SECOND } from '../../emu/time.ts';
import { readStays } from './surrounding-events.ts';
import type { LiveRun } from './live-run.ts';

/** What holds for a day holds for ever: no bench and no user waits longer. */
const FOR_EVER = 24 * 3600 * PS_PER_SECOND;
/** Effort: a handler of more instructions is not looked at. */
const LONGEST_HANDLER = 2000;
/** Ticks of an iteration: what toggles something is back after two. */
const TICKS = 2;
const FRAME_WORDS = 8;
const FP_FRAME_WORDS = 26;
const STKALIGN = 0x200;

/** SysTick alone can interrupt the loop, at whose start the core stands: it never ends the loop. Leaves the machine anywhere. */
export function tickCannotEnd(s: LiveRun, loop: SteadyLoop): boolean {
  const { machine } = s;
  const core = machine.bootCore;
  // the limits of stack pointers are not watched
  if (core.arm.hasStackLimit) return false;
  const points = pointsOf(machine, loop);
  if (points === null) return false;
  const iterations = FOR_EVER / (TICKS * sysTickPeriod(core));
  const ways = new Map<string, Way>();
  for (const [key, how] of new Map(points.map((p) => [JSON.stringify(p.how), p.how]))) {
    const way = linearly(() => prove(s, how, iterations));
    if (way === null) return false;
    ways.set(key, way);
  }
  return agree([...ways.values()]) && leavesAlone(points, ways);
}

/** A place between two instructions of the loop. */
interface Point {
  readonly how: HandlerEntry;
  /** Bytes of memory that the next instruction reads, and that it stores as they are: by place in the arena. */
  readonly reads: ReadonlySet<number>;
  readonly stores: ReadonlySet<number>;
}
/** Null where the iteration is not gone through as it was, or something holds in it that an interrupt ends. */
function pointsOf(machine: Machine, loop: SteadyLoop): Point[] | null {
  const core = machine.bootCore;
  const reads = new Map<number, number>();
  const sameStores = new Map<number, number>();
  const points: Point[] = [];
  let how = entryAt(core);
  let exclusive = false;
  core.trace({ reads, writes: 0, refreshes: [], sameStores });
  try {
    const whole = runsOnceThrough(core, loop, () => {
      points.push({ how, reads: placesOf(machine, reads), stores: placesOf(machine, sameStores) });
      reads.clear();
      sameStores.clear();
      how = entryAt(core);
      exclusive ||= core.arm.exclusiveOpen;
    });
    return whole && !exclusive ? points : null;
  } finally {
    core.trace(null);
  }
}
/**
 * Goes once round a loop, from its start, and says so behind each instruction, a dual-issued one too, which may end it without a cycle of its own; false where an exception
 * comes between, or the core stops.
 */
export function runsOnceThrough(core: Core, { cycles }: SteadyLoop, passed: () => void = () => {}): boolean {
  const { pc, arm } = core;
  const end = core.cycles() + cycles;
  const { ipsr } = arm;
  while (core.cycles() < end || (core.cycles() === end && core.pc !== pc)) {
    if (core.stepOnce() || core.halted || arm.ipsr !== ipsr) return false;
    passed();
  }
  return true;
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
export function entryAt(core: Core): HandlerEntry {
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

/** Runs the handlers of an iteration twice: to see what they move, and on what moves so. Throws GIVE_UP. */
function prove(s: LiveRun, how: HandlerEntry, iterations: number): Way | null {
  const { machine } = s;
  const core = machine.bootCore;
  const around = surroundingsOf(s);
  const go = (start: readonly Cell[]): LinearHandler => {
    const run = new LinearHandler(core.profile, around, how, start);
    for (let tick = 0; tick < TICKS; tick++) {
      run.through = false;
      run.enter();
      while (!run.through) {
        run.run();
        if (run.instructions > LONGEST_HANDLER) return run;
      }
    }
    return run;
  };
  const start = hypothesis(around, { before: [], after: go([]).cells() });
  const run = go(start);
  if (!run.through || run.iterations < iterations) return null;
  // of a word that is not known nothing may be wanted in the next iteration
  const written = run.writtenRam();
  if (written.some((c) => c.input && !c.known)) return null;
  if (provedCells(run, start) === null) return null;
  const bytes = (cells: readonly { where: number; size: number }[]): number[] => cells.flatMap((c) => hostBytes(machine, c.where, c.size));
  const all = bytes(written);
  const constant = new Set(bytes(run.reads.map(({ address, size }) => ({ where: address, size }))));
  // the same memory at two addresses is not seen as the same
  if (new Set(all).size !== all.length) return null;
  const moving = new Map(
    run
      .cells()
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

/** From wherever the tick comes it moves the same, and nothing that one of its ways writes is constant to any of them. */
function agree(ways: readonly Way[]): boolean {
  const [first] = ways;
  const constant = new Set(ways.flatMap((way) => [...way.constant]));
  return ways.every((way) => equal(way.moving, first!.moving) && [...way.written].every((b) => !constant.has(b)));
}

/** Wherever the handler runs, it writes nothing that the loop reads before it stores it itself, nor does it go by what the loop stores. */
function leavesAlone(points: readonly Point[], ways: ReadonlyMap<string, Way>): boolean {
  const stored = new Set(points.flatMap((p) => [...p.stores]));
  for (const way of ways.values()) if ([...way.moving.keys()].some((b) => stored.has(b))) return false;
  // backwards, twice round: what is read from here on before it is stored
  const live = new Set<number>();
  for (const point of [...points, ...points].toReversed()) {
    for (const b of point.stores) live.delete(b);
    for (const b of point.reads) live.add(b);
    const { written } = ways.get(JSON.stringify(point.how))!;
    if ([...live].some((b) => written.has(b))) return false;
  }
  return true;
}
