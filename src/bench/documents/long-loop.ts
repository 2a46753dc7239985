/** A loop in which a run ended and that counts on for long: shorter ones are made by main loops over and over, and say nothing. */
import type { RunResult } from './result.ts';

/** Seconds. */
const LONG = 0.5;
/** The loop in which the run ended, if it goes on for long; else undefined. */
export const longLoop = ({ at, loop }: RunResult['ended']): RunResult['ended']['loop'] =>
  loop !== undefined && Number(loop.endsAt) - Number(at) >= LONG ? loop : undefined;
