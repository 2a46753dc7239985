/**
 * Who wrote a register last before the entry, on a board: a write watchpoint on the word that a failed check looked at, one word a reset, and the instruction
 * behind which the core stood at the last hit. Core registers (PRIMASK, MSP …) have no address and are not found in this way.
 */
import type { GdbTarget } from './gdb-target.ts';
import { continueTo } from './run-board.ts';

/** Hits of one watchpoint that are followed; a counter that is written all the time would take for ever. */
const MOST_HITS = 200;

export interface BoardWriter {
  readonly address: number;
  /** PC at the last hit: the DWT stops behind the store, by one instruction or a few. Null: nothing wrote it, or the comparators do not see it. */
  readonly pc: number | null;
  readonly hits: number;
  /** The entry was not reached with the watchpoint set. */
  readonly incomplete: boolean;
}

/** Resets the board. Null if there is no watchpoint to be had. */
export async function lastWriter(target: GdbTarget, address: number, entry: number, timeout: number): Promise<BoardWriter | null> {
  await target.resetHalt();
  if (!(await target.setWatchpoint(address & ~3, 4, 'write', true))) return null;
  let [pc, hits, incomplete]: [number | null, number, boolean] = [null, 0, true];
  try {
    while (hits < MOST_HITS) {
      const arrival = await continueTo(target, entry, timeout);
      if (!arrival.stopped) break;
      if (arrival.pc === entry) {
        incomplete = false;
        break;
      }
      hits++;
      pc = arrival.pc;
    }
  } finally {
    await target.setWatchpoint(address & ~3, 4, 'write', false);
  }
  return { address, pc, hits, incomplete };
}
