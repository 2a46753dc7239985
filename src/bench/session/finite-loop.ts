/**
 * A loop that counts and ends: a delay in front of the jump. Proved as for skipping it: on linear values the iterations are known up to the one in which a decision comes
 * out differently, and the core does leave it then. A loop that waits for a count of ticks is one too. The machine is left as it was.
 */
import type { Core } from '../../emu/core/core.ts';
import { sysTickPeriod } from '../../emu/core/arm/systick.ts';
import { findCountingLoop, moveOn, provedAgain, type CountingLoop } from '../../emu/proofs/counting.ts';
import type { Told } from '../../emu/proofs/steady.ts';
import type { Machine } from '../../emu/machine.ts';
import { MS, type Ps } from '../../emu/time.ts';
import type { FiniteLoop } from './live-run.ts';
import { sysTickInterrupts } from './surrounding-events.ts';

/** Effort: so often an event comes between and it is looked for once more. */
const LOOKS = 4;
/** Behind an event, before the core is back in the loop. */
const BACK = 20_000;
const MOST_BACK: Ps = 100 * MS;
const NOTHING_TOLD: Told = { history: { seq: 0, repeats: 0, timeline: { length: 0 } }, counts: () => new Map() };

/** @param advance runs on to a time, within the limits of the user */
export function finiteLoop(machine: Machine, advance: (time: Ps) => void): FiniteLoop | null {
  const core = machine.bootCore;
  if (core.halted || machine.isRepaired || machine.state.inSystem) return null;
  const before = machine.save();
  try {
    for (let look = 0; look < LOOKS; look++) {
      const loop = [false, true]
        .map((calls) => findCountingLoop(core, machine.system, NOTHING_TOLD, () => false, Infinity, calls))
        .find((l) => l != null);
      const found = loop == null ? null : loop.iterations < Infinity ? counted(machine, loop) : ledByTicks(machine, loop, advance);
      if (found !== null) return found;
      passEvent(machine, core, advance);
    }
    return null;
  } finally {
    machine.restore(before);
  }
}

/** Past the next event, and out of its handler. */
function passEvent(machine: Machine, core: Core, advance: (time: Ps) => void): void {
  const { next } = machine.system.scheduler;
  if (next < Infinity) advance(next + 1);
  // a core that sleeps stands still in its own clock
  advance(Math.min(core.clockTimeOf(core.row.clock, core.cycles() + BACK), machine.now + MOST_BACK));
}

function counted(machine: Machine, loop: CountingLoop): FiniteLoop | null {
  const core = machine.bootCore;
  const endsAt = core.clockTimeOf(core.row.clock, core.cycles() + loop.iterations * loop.cycles);
  const left = leftAfter(core, loop, 0);
  return left === null ? null : { pc: loop.pc, endsAt, ...left };
}

/** Nothing moves in it but a word that the handler of SysTick counts: the next tick shows which. */
function ledByTicks(machine: Machine, loop: CountingLoop, advance: (time: Ps) => void): FiniteLoop | null {
  const core = machine.bootCore;
  if (!sysTickInterrupts(core)) return null;
  let again: CountingLoop | null = null;
  for (let arrivals = 0; arrivals < LOOKS && again?.led !== 'yes'; arrivals++) {
    advance(machine.now + sysTickPeriod(core));
    for (let i = 0; i < BACK && core.pc !== loop.pc; i++) core.step();
    again = provedAgain(core, machine.system, again ?? loop);
    if (again === null) return null;
  }
  if (again?.led !== 'yes' || again.iterations === Infinity) return null;
  const endsAt = machine.now + again.iterations * sysTickPeriod(core);
  const at = machine.save();
  const left = leftAfter(core, again, 1);
  // the ticks of a last round are in memory: what is looked at next is not behind them
  if (left === null) machine.restore(at);
  return left === null ? null : { pc: loop.pc, endsAt, ...left };
}

/** The core stands at its start: with the values of its last iteration, it goes on somewhere else. */
function leftAfter(core: Core, loop: CountingLoop, lead: 0 | 1): Pick<FiniteLoop, 'within'> | null {
  const places = new Set<number>([core.pc]);
  let top = core.arm.sp >>> 0;
  for (let i = 1; i < loop.instructions; i++) {
    core.step();
    places.add(core.pc);
    top = Math.max(top, core.arm.sp >>> 0);
  }
  core.step();
  const past = loop.iterations - 1;
  if (lead === 1) {
    const c = loop.cells[0]!;
    core.storePlain(c.where, 4, (c.at + Math.imul(c.step, past + 1)) >>> 0);
  } else moveOn(core, loop, past);
  for (let i = 0; i < 3 * loop.instructions; i++) {
    if (core.step() || core.halted) return null;
    if (!places.has(core.pc)) return { within: core.arm.sp >>> 0 < top };
  }
  return null;
}
