/** When reads of one register are a poll: they follow each other as in a loop that waits for it. */
import type { Ps } from './time.ts';

/** The unmodelled register that was read last: by which instruction, when, and how often in succession. */
export interface Polled {
  readonly register: string;
  reads: number;
  pc: number;
  at: Ps;
  /** Of the core at the last read; null where rounds of a loop were passed over behind it. */
  cycles: number | null;
}
/** Effort: cycles between two reads in a loop that waits, with a call in each round that asks for the time. A driver that looks once a transfer takes longer. */
const LONGEST_ROUND = 1000;

/** What is known behind one more read. */
export function polledAgain(last: Polled | null, register: string, pc: number, at: Ps, cycles: number): Polled {
  const follows = last?.register === register && (last.cycles === null || cycles - last.cycles <= LONGEST_ROUND);
  if (!follows) return { register, reads: 1, pc, at, cycles };
  last.reads++;
  last.pc = pc;
  last.at = at;
  last.cycles = cycles;
  return last;
}
