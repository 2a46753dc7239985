/** Code in flash that waits because the flash is being programmed or erased. System memory is of the same flash. */
import type { Core } from './core/core.ts';
import type { System } from './system.ts';
import { FLASH_BUSY, ICACHE_ENABLED } from './wires.ts';

/**
 * What is being programmed or erased answers no read until that is over, its other bank does (RM0090 3.6, RM0091 3.2, RM0351 3.3, RM0410 3.3.5: documented). Data that is read
 * meanwhile does not wait here. ST's ROM of STM32F051 polls BSY at most 4,095 times (0x1FFFEF4A), some 1.7 ms, then resets; it erases pages of 20 to 40 ms because its own
 * fetches wait (measured). A core with a cache of its own goes on: what it runs until then has been fetched before (assumed).
 */
export function waitsForFlash(system: System, core: Core, pc: number): boolean {
  const halves = system.level(FLASH_BUSY);
  if (halves === 0 || core.halted || core.l1?.codeOn || system.level(ICACHE_ENABLED) !== 0) return false;
  const region = system.regionAt(pc);
  const row = region?.memory?.row;
  if (!region || !row) return false;
  if (row.zone === 'systemMemory') return ((halves >> (row.name === OF_BANK_2 ? 1 : 0)) & 1) !== 0;
  if (row.kind !== 'flash' || row.zone !== 'user') return false;
  return ((halves >> (pc - region.base < row.size / 2 ? 0 : 1)) & 1) !== 0;
}
/** System memory of two banks has a row each; where there is one row, it is bank 1's. */
const OF_BANK_2 = 'rom2';
