/** When resets, and a handler that does not return, count as the end of a run. */
import type { EntryRecord, History } from '../emu/history.ts';
import { MS, type Ps } from '../emu/time.ts';

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

/** Three resets by the same cause that neither power-on nor the scenario made; settled if the last two intervals differ by less than 20 %. */
export function resetLoopSettled(history: Pick<History, 'resets'>): boolean {
  const loop = resetLoop(history);
  return loop !== null && isSteady(loop.intervals.slice(-2));
}
export function resetLoop(history: Pick<History, 'resets'>): { by: string; last: Ps; intervals: Ps[] } | null {
  const own = history.resets.filter((r) => r.by !== 'power' && !r.external);
  const last = own.at(-1);
  if (!last) return null;
  const same = own.filter((r) => r.by === last.by);
  if (same.length < 3) return null;
  return { by: last.by, last: last.at, intervals: intervalsOf(same) };
}
