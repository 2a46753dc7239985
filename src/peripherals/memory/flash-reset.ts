/** A reset while the flash is written. */
import type { RegisterContext } from '../../emu/registers.ts';

export const noteInterrupted = (c: RegisterContext<object>): void =>
  c.env.note('guest', 'a reset interrupted a flash operation: its target holds its old contents here, undefined data on silicon', {
    is: 'nothing-lost',
  });

/** The flash programs so many bytes at once, and was given only a part of them. */
export const noteUnfilled = (c: RegisterContext<object>, address: number, bytes: number): void =>
  c.env.note(
    'guest',
    `nothing was programmed at 0x${address.toString(16).padStart(8, '0')}: this flash takes ${bytes} bytes at a time, and the last of them were not written`,
  );

/** What is under way ends without effect, and the keys count from the first again. */
export function abandon(c: RegisterContext<{ operation: object | null; keys: number; optKeys: number }>): void {
  if (c.s.operation) noteInterrupted(c);
  c.env.disarm('done');
  c.s.operation = null;
  c.s.keys = c.s.optKeys = 0;
}
