/** The unlock sequence of FLASH: two keys behind one another, else the register stays locked until the next reset (HAL: FLASH_KEY1 … FLASH_OPTKEY2, documented). */
export type FlashKeys = readonly [first: number, second: number];
/** For FLASH_KEYR (NSKEYR, KEYR1, KEYR2). */
export const FLASH_KEYS: FlashKeys = [0x45670123, 0xcdef89ab];
/** For FLASH_OPTKEYR. */
export const OPTION_KEYS: FlashKeys = [0x08192a3b, 0x4c5d6e7f];

/**
 * What a write of `value` to a key register makes of the keys seen so far (0, 1, or -1 behind a wrong one): 1 behind the first, -1 behind a wrong one, and 0 behind
 * the second, which opens. `locked`: the lock is closed and may be opened; a second key at an open lock is a wrong one.
 */
export function keysSeen(seen: number, value: number, [first, second]: FlashKeys, locked: boolean): number {
  if (seen === 0 && value === first) return 1;
  return seen === 1 && value === second && locked ? 0 : -1;
}
