/** What GPIO ports of all versions have alike: pins that float, and LCKR (RM0008 9.2.7, RM0090 8.4.8): write 1, 0, 1 to LCKK beside the same pins, then read. */
import type { Register, RegisterContext } from '../../emu/registers.ts';

/** Value of a pin wire that nothing drives. A wire that was never set reads 0: whoever builds the board sets this on every free pin. */
export const PIN_FLOATING = 2;
/** Value of a pin wire that only a weak pull-up outside holds high: a pull-down inside wins (ASSUMED: of two weak pulls, the level is not defined). */
export const PIN_IDLE_HIGH = 3;
const LCKK = 0x10000;

export interface PinLock {
  /** Steps done of the key sequence and its pin mask. */
  lockStep: number;
  lockPins: number;
}
type Context = RegisterContext<PinLock>;

export const freshLock = (): PinLock => ({ lockStep: 0, lockPins: 0 });
/** Pins whose configuration is frozen, a bit each. */
export function lockedPins(c: Context, lckr: Register): number {
  const value = c.get(lckr);
  return value & LCKK ? value & 0xffff : 0;
}
/** A write to LCKR; gives what it holds then. */
export function writeLock(c: Context, lckr: Register, raw: number): number {
  const { s } = c;
  const old = c.get(lckr);
  if (old & LCKK) return old;
  const mask = raw & 0xffff;
  const key = (raw & LCKK) !== 0;
  const follows = s.lockStep > 0 && mask === s.lockPins;
  if (key && s.lockStep === 2 && follows) s.lockStep = 3;
  else if (!key && s.lockStep === 1 && follows) s.lockStep = 2;
  else s.lockStep = key ? 1 : 0;
  s.lockPins = mask;
  return mask;
}
/** A read of LCKR: the one that ends the key sequence sets LCKK. */
export function readLock(c: Context, lckr: Register, value: number): number {
  if (c.s.lockStep !== 3) return value;
  c.s.lockStep = 0;
  c.put(lckr, value | LCKK);
  return value | LCKK;
}
