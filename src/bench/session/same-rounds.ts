/**
 * Proof that an application goes round for ever: the whole chip comes back to a state that it was in, and nothing is scheduled that could come between. Unlike a fixed
 * loop it may store and drive pins on the way: an LED that is toggled is back after two rounds.
 */
import equal from 'fast-deep-equal/es6/index.js';
import type { AccessTrace } from '../../emu/core/core-types.ts';
import type { Core } from '../../emu/core/core.ts';
import { ARCHITECTURE, readIsSteady, stretchesOf } from '../../emu/proofs/steady.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Machine } from '../../emu/machine.ts';
import { onlyMoved, sameBlocks } from './tick-period.ts';
import { CHECK_TIMER } from './hearing.ts';

/** Effort: rounds of more instructions are not looked for. */
const MAX_STEPS = 4000;
/** Effort: so often the core may be back where it was while the rest of the chip is not. */
const MOST_COMPARED = 8;
/** The first place from which a round is looked for; later ones are tried for twice as long each. */
const FIRST_WINDOW = 64;
const STRETCHES = stretchesOf(ARCHITECTURE);

/** The chip has one core that runs. It is left as it was. */
export function goesRoundForEver(machine: Machine): boolean {
  const core = machine.bootCore;
  if (core.halted || machine.isRepaired || !nothingScheduled(machine)) return false;
  const before = machine.save();
  const trace: AccessTrace = { reads: new Map(), writes: 0, refreshes: [] };
  core.trace(trace);
  try {
    return comesBack(machine, core, trace);
  } finally {
    core.trace(null);
    machine.restore(before);
  }
}

const nothingScheduled = ({ system: { scheduler } }: Machine): boolean =>
  scheduler.due.every((due, slot) => due === Infinity || scheduler.slotName(slot) === CHECK_TIMER);

/** Brent's algorithm: the place that has to come again moves on in growing windows. */
function comesBack(machine: Machine, core: Core, trace: AccessTrace): boolean {
  const said = printed(machine);
  let at = machine.save();
  let state = core.stateWords();
  let window = FIRST_WINDOW;
  let passed = 0;
  let compared = 0;
  for (let i = 0; i < MAX_STEPS; i++) {
    if (core.step() || core.halted || machine.isLeaving || !nothingScheduled(machine) || printed(machine) !== said) return false;
    if (core.hasStretches(state, STRETCHES)) {
      if (isAsBefore(machine, at)) return [...trace.reads.keys()].every((address) => readIsSteady(machine.system, address));
      if (++compared >= MOST_COMPARED) return false;
    }
    if (++passed < window) continue;
    at = machine.save();
    state = core.stateWords();
    trace.reads.clear();
    passed = compared = 0;
    window *= 2;
  }
  return false;
}

/** Who prints does something new in each round. */
const printed = ({ state }: Machine): number => Object.values(state.console).reduce((n, { count }) => n + count, 0);

/** All that the chip holds is as it was then; times aside. */
function isAsBefore(machine: Machine, then: Checkpoint): boolean {
  const now = machine.save(then);
  const { index } = machine.bootCore;
  return sameBlocks(then, now) && equal(then.cores[index]!.l1, now.cores[index]!.l1) && onlyMoved(machine, then, now, []);
}
