/** When resets, and a handler that does not return, count as the end of a run. */
import type { History } from '../emu/history.ts';
import { MS, type Ps } from '../emu/time.ts';

/** A handler of a fault exception that is active this long counts as not returning. */
export const FAULT_HOLDS = 100 * MS;

/** Entries of the ROM in a row that are taken for a loop: more than firmware tries before it gives up. It is a rule like that of resets, not a proof. */
export const ENTRY_LOOP = 50;
/** The ROM is entered by a branch and left for user code again and again, at a pace that differs by less than 20 %, and no reset is in between. */
export function entryLoopSettled(history: Pick<History, 'entries' | 'resets'>): boolean {
  const last = history.entries.slice(-ENTRY_LOOP);
  if (last.length < ENTRY_LOOP || last.some((e) => e.how !== 'branch') || (history.resets.at(-1)?.at ?? 0) > last[0]!.at) return false;
  const intervals = last.slice(1).map((e, i) => e.at - last[i]!.at);
  return Math.max(...intervals) - Math.min(...intervals) < 0.2 * Math.max(...intervals);
}

/** Three resets by the same cause that neither power-on nor the scenario made; settled if the last two intervals differ by less than 20 %. */
export function resetLoopSettled(history: Pick<History, 'resets'>): boolean {
  const loop = resetLoop(history);
  if (!loop) return false;
  const [a, b] = loop.intervals.slice(-2) as [Ps, Ps];
  return Math.abs(a - b) < 0.2 * Math.max(a, b);
}
export function resetLoop(history: Pick<History, 'resets'>): { by: string; last: Ps; intervals: Ps[] } | null {
  const own = history.resets.filter((r) => r.by !== 'power' && !r.external);
  const last = own.at(-1);
  if (!last) return null;
  const same = own.filter((r) => r.by === last.by);
  if (same.length < 3) return null;
  const intervals: Ps[] = [];
  for (let i = 1; i < same.length; i++) intervals.push(same[i]!.at - same[i - 1]!.at);
  return { by: last.by, last: last.at, intervals };
}
