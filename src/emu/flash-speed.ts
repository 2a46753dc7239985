/** Code that is read from flash faster than flash delivers. */
import type { Core } from './core/core.ts';
import type { System } from './system.ts';
import { rateHz } from './time.ts';
import { FLASH_LATENCY } from './wires.ts';

export const FLASH_CLOCK = 'hclk';
const MHZ = 1e6;

/**
 * Wait states and clock that do not go together, where the core runs from flash; null where they do in any voltage range: the most lenient one counts, for nothing here knows
 * which is in force. The tables are those of the reference manuals (`flashLatency` of the chip); real flash mostly delivers a little faster, cold and at 3.3 V.
 */
export function flashTooFast(
  system: System,
  core: Core,
): { readonly waitStates: number; readonly least: number; readonly hz: number } | null {
  const { chip } = system;
  const rate = chip.flashLatency && chip.clocks.includes(FLASH_CLOCK) ? system.clock(FLASH_CLOCK).rate : null;
  const row = rate ? system.regionAt(core.pc)?.memory?.row : undefined;
  if (!rate || row?.kind !== 'flash' || row.zone !== 'user') return null;
  const hz = rateHz(rate);
  const needed = Object.values(chip.flashLatency!.value).flatMap((rows) => rows.find(([most]) => hz <= most * MHZ)?.[1] ?? []);
  const waitStates = system.level(FLASH_LATENCY);
  // above all rows the clock itself is impossible
  const least = needed.length === 0 ? 0 : Math.min(...needed);
  return waitStates < least ? { waitStates, least, hz } : null;
}
