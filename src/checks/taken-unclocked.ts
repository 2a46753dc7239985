/** The mapping of address 0 by a register that took the write while its block had no clock. */
import { unknown, type Judgement, type TargetHistory, type TargetState } from './check.ts';
import { familyOf, inManual, maskOf, registerOf } from './families.ts';

/** That such a write counts is reported, not documented; null where it was written with the clock, or long before. */
export function takenUnclocked(state: TargetState, history: TargetHistory | null): Judgement | null {
  const field = familyOf(state.chip)?.remap?.field;
  if (field === undefined) return null;
  const register = registerOf(field);
  const writer = history?.lastWriter(register, maskOf(state.chip, field)) ?? null;
  // of writes that follow each other, only the first is told
  const taken = history?.takenUnclocked?.find((w) => w.register === register && (w.pc === writer?.pc || state.field(w.enable) === 0));
  if (taken === undefined || writer === null) return null;
  const observed = `${inManual(field)} = ${state.field(field)}, written while ${inManual(taken.enable)} was 0`;
  return {
    ...unknown('that a write counts without the clock of its block is reported, not documented'),
    observed,
    lastWriter: writer,
  };
}
