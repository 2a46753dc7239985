/**
 * Proof that an application which sleeps between the ticks of its SysTick goes on doing the same: for the word of a repeated run there is nothing to wait for
 * then. The machine goes through some ticks and must come back to the state that it was in, but for words of the core and of RAM that have moved; the
 * instructions of that iteration are run again on values that move by as much each time (linear-ticks.ts), which tells for how many iterations
 * every decision in it stays as it is. Nothing else may be scheduled. The machine is left as it was.
 */
import equal from 'fast-deep-equal/es6/index.js';
import { PAGE_BITS } from '../../emu/arena.ts';
import { hypothesis, linearly, provedCells, surroundings } from '../../emu/proofs/counting.ts';
import type { Core } from '../../emu/core/core.ts';
import type { DeviceAccess } from '../../emu/core/core-types.ts';
import type { Instruction } from '../../emu/core/decode.ts';
import type { Cell } from '../../emu/proofs/linear.ts';
import { LinearTicks, type TickSurroundings } from '../../emu/proofs/linear-ticks.ts';
import { highestPending } from '../../emu/core/arm/nvic.ts';
import { EXC, SCR, SCS } from '../../emu/core/arm/scs-state.ts';
import { sysTickPeriod } from '../../emu/core/arm/systick.ts';
import { ARCHITECTURE, readIsSteady } from '../../emu/proofs/steady.ts';
import type { Checkpoint, SavedPage } from '../../emu/machine-base.ts';
import type { Machine } from '../../emu/machine.ts';
import type { Ps } from '../../emu/time.ts';
import { difference, wordsOf } from '../../emu/words.ts';
import { hearing, CHECK_TIMER } from './hearing.ts';

/** Ticks of an iteration: what toggles something is back after two. */
const TICKS = 2;
/** Effort: instructions of a longer iteration are not looked at. */
const LONGEST_PERIOD = 2000;

/**
 * Until when the application does what it does now, as far as that is known; null where it is not. The chip has one core that runs.
 * @param until later than this nobody asks
 */
export function repeatsUntil(machine: Machine, until: Ps): Ps | null {
  const core = machine.bootCore;
  const period = TICKS * sysTickPeriod(core);
  if (!(period < until - machine.now) || !sleepsPlainly(core) || machine.isRepaired || !onlyTicks(machine)) return null;
  const before = machine.save();
  const iteration = runPeriod(machine, before, period);
  machine.restore(before);
  if (iteration === null || !sameBlocks(before, iteration.after)) return null;
  const proof = linearly(() => prove(machine, iteration.devices));
  return proof !== null && onlyMoved(machine, before, iteration.after, proof.moved) ? machine.now + proof.iterations * period : null;
}

/** In WFI, as thread code on MSP without masks, an FP context or anything pending. */
function sleepsPlainly(core: Core): boolean {
  return (
    core.arm.waiting === 'wfi' &&
    core.arm.isPlainThread &&
    (core.get(SCS.SCR) & SCR.SLEEPONEXIT) === 0 &&
    highestPending(core) === 0 &&
    !core.canWake()
  );
}
function onlyTicks(machine: Machine): boolean {
  const { scheduler } = machine.system;
  const ticks = new Set([`${machine.bootCore.row.name}.systick`, CHECK_TIMER]);
  return scheduler.due.every((due, slot) => due === Infinity || ticks.has(scheduler.slotName(slot)));
}
interface Period {
  readonly after: Checkpoint;
  readonly devices: readonly DeviceAccess[];
}
/** Goes through an iteration; null if anything but ticks happens, or if it does not end as it began. */
function runPeriod(machine: Machine, before: Checkpoint, period: Ps): Period | null {
  const core = machine.bootCore;
  const { skipping } = machine;
  const devices: DeviceAccess[] = [];
  const changes = core.caches.cacheChanges();
  const targets = core.branchTargets?.save() ?? null;
  let ticks = 0;
  const hear = (exception: number): void => {
    if (exception === EXC.SYSTICK) ticks++;
    else machine.stop();
  };
  machine.skipping = false;
  core.trace({ reads: new Map(), writes: 0, refreshes: [], devices });
  try {
    const why = hearing(machine, { exception: (_core, exception) => hear(exception) }, () => machine.run(machine.now + period));
    if (why !== 'limit' || ticks !== TICKS || core.caches.cacheChanges() !== changes) return null;
    return core.caches.expectsAs(targets) ? { after: machine.save(before), devices } : null;
  } finally {
    core.trace(null);
    machine.skipping = skipping;
  }
}

/** Runs an iteration on linear values: what it moves, where that is after it, and how many iterations go the same way. Throws GIVE_UP. */
function prove(machine: Machine, devices: readonly DeviceAccess[]): { iterations: number; moved: readonly Cell[] } | null {
  const core = machine.bootCore;
  const around = surroundingsOf(machine);
  const go = (start: readonly Cell[]): LinearTicks => {
    const run = new LinearTicks(core.profile, around, core.pc, devices, start);
    for (let tick = 0; tick < TICKS; tick++) for (run.tick(); !run.asleep; run.run()) if (run.instructions > LONGEST_PERIOD) return run;
    return run;
  };
  const moved = go([]).cells();
  const start = hypothesis(around, { before: [], after: moved });
  const run = go(start);
  const whole = run.asleep && run.next === core.pc && !run.inItBlock && run.deviceReads === devices.length;
  return whole && provedCells(run, start) !== null ? { iterations: run.iterations, moved } : null;
}
function surroundingsOf({ bootCore: core, system }: Machine): TickSurroundings {
  const plain = surroundings(core, system, new Map<number, Instruction | null>());
  return {
    ...plain,
    // the core's own registers follow the ticks
    read: (address, size) => (core.isRemote(address) ? null : plain.read(address, size)),
    isDevice: (address) => !core.isRemote(address) && (system.regionAt(address, core.index)?.block ?? null) !== null,
    isSteady: (address) => readIsSteady(system, address),
    handler: core.peek(core.get(SCS.VTOR) + 4 * EXC.SYSTICK, 4) ?? 0,
  };
}

/** Times aside. */
export const sameBlocks = ({ system: a }: Checkpoint, { system: b }: Checkpoint): boolean =>
  equal({ ...a, due: null, now: 0 }, { ...b, due: null, now: 0 });

/** Between the two the core and memory have changed in nothing but what `moved` says, and that is where it says. */
export function onlyMoved(machine: Machine, before: Checkpoint, after: Checkpoint, moved: readonly Cell[]): boolean {
  const core = machine.bootCore;
  const words = ({ cores }: Checkpoint): Int32Array => wordsOf(cores[core.index]!.page);
  const expected = words(before).slice();
  const memory = new Map<number, number>();
  for (const { where, size, at } of moved) {
    if (size === 0) expected[where >> 2] = at;
    for (let i = 0; i < size; i++)
      memory.set(machine.system.hostOf(machine.system.regionAt(where, core.index)!, where + i), (at >>> (8 * i)) & 0xff);
  }
  const now = words(after);
  return ARCHITECTURE.every((i) => now[i] === expected[i]) && onlyPagesMoved(before.pages, after.pages, memory);
}
type Pages = ReadonlyMap<number, SavedPage>;
function onlyPagesMoved(before: Pages, after: Pages, memory: ReadonlyMap<number, number>): boolean {
  for (const [page, { bytes }] of after) {
    const old = before.get(page)?.bytes;
    if (old === undefined) return false;
    if (old === bytes) continue;
    const [first, end] = difference(bytes, 0, old);
    for (let at = first; at < end; at++) if (bytes[at] !== old[at] && !memory.has((page << PAGE_BITS) + at)) return false;
  }
  for (const [host, value] of memory) if (after.get(host >>> PAGE_BITS)?.bytes[host & ((1 << PAGE_BITS) - 1)] !== value) return false;
  return true;
}
