/** When resets, and a handler that does not return, count as the end of a run. */
import type { EntryRecord, History, ResetRecord } from '../../emu/history.ts';
import { MS, type Ps } from '../../emu/time.ts';

/** A handler of a fault exception that is active this long counts as not returning. */
export const FAULT_HOLDS = 100 * MS;

const intervalsOf = (events: readonly { readonly at: Ps }[]): Ps[] => events.slice(1).map((e, i) => e.at - events[i]!.at);
/** Intervals that differ by less than 20 %. */
const isSteady = (intervals: readonly Ps[]): boolean => Math.max(...intervals) - Math.min(...intervals) < 0.2 * Math.max(...intervals);

/** The last so many entries of the ROM, if they come at a steady pace without a reset in between; else null. */
export function steadyEntries({ entries, resets }: Pick<History, 'entries' | 'resets'>, count: number): readonly EntryRecord[] | null {
  const last = entries.slice(-count);
  if (last.length < count || (resets.at(-1)?.at ?? 0) > last[0]!.at) return null;
  return isSteady(intervalsOf(last)) ? last : null;
}
/** Entries of the ROM in a row that are taken for a loop: more than firmware tries before it gives up. It is a rule like that of resets, not a proof. */
export const ENTRY_LOOP = 50;
/** The ROM is entered by a branch and left for user code again and again. */
export const entryLoopSettled = (history: Pick<History, 'entries' | 'resets'>): boolean =>
  steadyEntries(history, ENTRY_LOOP)?.every((e) => e.how === 'branch') ?? false;

/** Resets in a row that are taken for a loop where each leaves something else: more than firmware counts failed starts. A rule, not a proof. */
export const RESET_LOOP = 16;
/**
 * Three resets by the same cause that neither power-on nor the scenario made, the last two intervals less than 20 % apart. They settle it where the last two left the
 * same (the next start goes like the last one); where something counts on, sixteen do.
 */
export function resetLoopSettled(history: Pick<History, 'resets'>): boolean {
  const loop = resetLoop(history);
  return loop !== null && isSteady(loop.intervals.slice(-2)) && (loop.alike || loop.intervals.length + 1 >= RESET_LOOP);
}
/** Most resets of one round of a loop. Two are common: the application resets into the ROM, and the ROM resets back. */
const LONGEST_ROUND = 4;
/**
 * The run may end for its resets: they settle a loop, or they come round. Round: the last one left what an earlier one had left, as long behind that one as that
 * one behind the one before it, so what came in between comes again.
 */
export function resetsGoOn(history: Pick<History, 'resets'>): boolean {
  if (resetLoopSettled(history)) return true;
  const own = ownResets(history);
  for (let round = 2; round <= LONGEST_ROUND && own.length > 2 * round; round++) {
    const [first, before, last] = [2, 1, 0].map((back) => own.at(-1 - back * round)!) as [ResetRecord, ResetRecord, ResetRecord];
    if (last.kept !== undefined && last.kept === before.kept && isSteady(intervalsOf([first, before, last]))) return true;
  }
  return false;
}
export interface ResetLoop {
  readonly by: string;
  readonly last: Ps;
  readonly intervals: readonly Ps[];
  /** The last two left the same behind, or nobody looked. */
  readonly alike: boolean;
}
export function resetLoop(history: Pick<History, 'resets'>): ResetLoop | null {
  const same = ownResets(history);
  const last = same.at(-1);
  if (!last || same.length < 3) return null;
  return { by: last.by, last: last.at, intervals: intervalsOf(same), alike: last.kept === same.at(-2)!.kept };
}
/** Those by the cause of the last one. */
function ownResets({ resets }: Pick<History, 'resets'>): readonly ResetRecord[] {
  const own = resets.filter((r) => r.by !== 'power' && !r.external);
  return own.filter((r) => r.by === own.at(-1)?.by);
}
/** What the reset that has just happened left is worth a look: it may settle a loop. */
export const resetsDecide = (history: Pick<History, 'resets'>): boolean => {
  const last = history.resets.at(-1);
  return last !== undefined && last.by !== 'power' && !last.external && inRange(ownResets(history).length);
};
const inRange = (resets: number): boolean => resets >= 2 && resets < RESET_LOOP;
