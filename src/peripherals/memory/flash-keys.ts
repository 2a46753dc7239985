import { WRITE_FAULT, type Field, type Register, type RegisterContext } from '../../emu/registers.ts';

/** The unlock sequence of FLASH: two keys behind one another, else the register stays locked until the next reset (HAL: FLASH_KEY1 … FLASH_OPTKEY2, documented). */
export type FlashKeys = readonly [first: number, second: number];
/** For FLASH_KEYR (NSKEYR, KEYR1, KEYR2). */
export const FLASH_KEYS: FlashKeys = [0x45670123, 0xcdef89ab];
/** For FLASH_OPTKEYR. */
export const OPTION_KEYS: FlashKeys = [0x08192a3b, 0x4c5d6e7f];

/**
 * What a write of `value` to a key register makes of the keys seen so far (0, 1, or -1 behind a wrong one): 1 behind the first, -1 behind a wrong one, and 0 behind
 * the second, which opens. `takes`: the second key is accepted; not where the lock is open already and the part calls that a wrong sequence.
 */
export function keysSeen(seen: number, value: number, [first, second]: FlashKeys, takes: boolean): number {
  if (seen === 0 && value === first) return 1;
  return seen === 1 && value === second && takes ? 0 : -1;
}

/**
 * A write to KEYR or OPTKEYR of F4, L4 and U5: the second key opens the lock, a wrong one closes it until the next reset and is a bus error.
 * @param locked the lock is closed: a second key at an open lock is a wrong one
 */
export function writeKey(
  c: RegisterContext<{ keys: number; optKeys: number }>,
  r: Register,
  value: number,
  option: boolean,
  lock: Field,
  locked: boolean,
): number {
  const seen = keysSeen(option ? c.s.optKeys : c.s.keys, value, option ? OPTION_KEYS : FLASH_KEYS, locked);
  if (option) c.s.optKeys = seen;
  else c.s.keys = seen;
  if (seen !== 1) lock.set(c, seen === 0 ? 0 : 1);
  if (seen >= 0) return 0;
  c.env.note('guest', `FLASH_${r.name}: wrong key sequence: locked until the next reset`, { is: 'lost', why: 'key' });
  return WRITE_FAULT;
}

/** A write to an option register that has no effect while the bit `lock` is set. */
export const noteLocked = (c: RegisterContext<object>, r: Register, lock: string): void =>
  c.env.note('guest', `FLASH_${r.name} written while ${lock} = 1: ignored`, { is: 'locked', lock });
