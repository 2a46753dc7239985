import type { Block, System } from '../../emu/system.ts';

/** The block at this address, where it has no clock and so reads as 0; null where it answers, and where there is none. */
export function unclockedAt(system: System, address: number): Block | null {
  const block = system.regionAt(address)?.block;
  return block && !system.answersReads(block, address - block.row.base) ? block : null;
}
