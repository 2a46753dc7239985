/** What interrupt masks mean to the ROM: they keep its USB interrupt from it, if it takes any. */
import { pass, type Judgement, type RomFacts, type Subject, type TargetState } from './check.ts';
import { exceptionPriority, FIRST_IRQ, groupPriority } from './core-registers.ts';

/** Group priority of the ROM's USB interrupt as it is found; null where it has none, or the line is not known. */
export function usbPriority({ state, rom }: Subject): number | null {
  if (rom.usbIrq === null) return null;
  const priority = exceptionPriority(state, FIRST_IRQ + rom.usbIrq);
  return priority === null ? null : groupPriority(state, priority);
}

/** Nothing of it reaches a ROM that masks interrupts by itself; null for the others. `because` begins with "this ROM masks interrupts itself". */
export function nothingToIt({ masksInterrupts }: RomFacts, observed: string, because = ''): Judgement | null {
  if (masksInterrupts == null) return null;
  const { source, confidence } = masksInterrupts;
  return pass(observed, `this ROM masks all interrupts itself and takes none${because === '' ? '' : `; ${because}`}`, source, confidence);
}
/** PRIMASK or FAULTMASK holds everything until such a ROM has masked interrupts itself. */
export const heldAtEntry = (state: TargetState): boolean => (((state.core('primask') ?? 0) | (state.core('faultmask') ?? 0)) & 1) !== 0;
/** Whether a mask holds this exception: PRIMASK and FAULTMASK each, BASEPRI those that are not above its priority. */
export function holdsBack(state: TargetState, exception: number): boolean {
  if (heldAtEntry(state)) return true;
  const basepri = state.core('basepri') ?? 0;
  const priority = exceptionPriority(state, exception);
  return basepri !== 0 && priority !== null && groupPriority(state, priority) >= groupPriority(state, basepri);
}
