/** What an interrupt mask keeps from the ROM: its USB interrupt, if that is known. */
import type { Subject } from './check.ts';
import { exceptionPriority, FIRST_IRQ, groupPriority } from './core-registers.ts';

/** Group priority of the ROM's USB interrupt as it is found; null where the line is not known. */
export function usbPriority({ state, rom }: Subject): number | null {
  if (rom.usbIrq < 0) return null;
  const priority = exceptionPriority(state, FIRST_IRQ + rom.usbIrq);
  return priority === null ? null : groupPriority(state, priority);
}
