/** A reset while the flash is written. */
import type { Register, RegisterContext } from '../../emu/registers.ts';

export const noteInterrupted = (c: RegisterContext<object>): void =>
  c.env.note('guest', 'a reset interrupted a flash operation: its target holds its old contents here, undefined data on silicon', {
    is: 'nothing-lost',
  });

/** The flash programs so many bytes at once, and was given only a part of them. */
export const noteUnfilled = (c: RegisterContext<object>, address: number, bytes: number): void =>
  c.env.note(
    'guest',
    `nothing was programmed at 0x${address.toString(16).padStart(8, '0')}: this flash takes ${bytes} bytes at a time, and the last of them were not written`,
    { is: 'half-written', address },
  );

/** What is under way ends without effect, and the keys count from the first again. */
export function abandon(c: RegisterContext<{ operation: object | null; keys: number; optKeys: number }>): void {
  if (c.s.operation) noteInterrupted(c);
  c.env.disarm('done');
  c.s.operation = null;
  c.s.keys = c.s.optKeys = 0;
}

/** A register of option bytes that firmware writes, and what its bits are programmed to. */
export interface OptionRegister {
  readonly register: Register;
  readonly programmed: number;
}
/**
 * A reset loads the option bytes as they were programmed: what was written to their registers and not programmed is gone.
 * @param start the bit that programs them; @param running it was set, and is not done
 */
export function noteUnprogrammed(c: RegisterContext<object>, options: readonly OptionRegister[], start: string, running: boolean): void {
  const registers = options.flatMap(({ register, programmed }) => ((c.get(register) ^ programmed) >>> 0 === 0 ? [] : [register.name]));
  if (registers.length === 0) return;
  const names = registers.map((name) => `FLASH_${name}`).join(', ');
  const why = running ? `a reset came before FLASH_${start} had programmed it` : `FLASH_${start} was not set before this reset`;
  c.env.note('guest', `${names} was written and never programmed: ${why}`, { is: 'unprogrammed', registers, start, running });
}
