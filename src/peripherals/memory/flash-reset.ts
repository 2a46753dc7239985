/** A reset while the flash is written. */
import type { RegisterContext } from '../../emu/registers.ts';

export const noteInterrupted = (c: RegisterContext<object>): void =>
  c.env.note('guest', 'a reset interrupted a flash operation: its target holds its old contents here, undefined data on silicon');

/** What is under way ends without effect, and the keys count from the first again. */
export function abandon(c: RegisterContext<{ operation: object | null; keys: number; optKeys: number }>): void {
  if (c.s.operation) noteInterrupted(c);
  c.env.disarm('done');
  c.s.operation = null;
  c.s.keys = c.s.optKeys = 0;
}
