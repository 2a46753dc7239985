/** Inputs that nothing drives: they read 0 here, and anything on a board. Whether the way into the ROM hangs on one is seen with all of them at 1. */
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS } from '../../emu/time.ts';
import { floatingInputs } from '../session/floating-inputs.ts';
import { minimise } from './minimal-sets.ts';
import type { Session } from '../session/session.ts';

/** Pins on which the first entry hangs; empty where it does not come the less with all of them at 1. `at`: the entry. The session is left anywhere. */
export function decidingFloats(s: Session, powerOn: Checkpoint, at: Checkpoint): readonly string[] {
  s.restore(at);
  const entry = s.machine.history.entries[0];
  if (entry === undefined || entry.how === 'boot') return [];
  // who asks by a request and a reset looked at its inputs in front of the reset
  const pins = [...new Set([...s.floatsBeforeReset, ...floatingInputs(s.machine, s.input.scenario.document)])];
  const failsWith = (held: readonly string[]): boolean => held.length > 0 && !comesWith(s, powerOn, held, entry.at + MS);
  return failsWith(pins) ? minimise(pins, failsWith) : [];
}

/** The entry comes with these pins at 1, up to a time. */
function comesWith(s: Session, powerOn: Checkpoint, held: readonly string[], until: number): boolean {
  const { machine } = s;
  s.keepCheckpoints = false;
  s.restore(powerOn);
  for (const pin of held) {
    machine.system.setWire(`pin.${pin}`, 1);
    machine.state.heldWires.push(`pin.${pin}`);
  }
  s.run({ until, untilEntry: 1, counterfactual: true });
  return machine.history.entryCount > 0;
}
