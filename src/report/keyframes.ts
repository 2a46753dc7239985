/** Keyframes of a page: where each core stood at events, and the clock trees, few enough to lie in the page. */
import type { TracedClocks, TracedMoment, TracedRun } from '../bench/documents/trace-types.ts';

/** The line of an address in the stand-in ROM, and its text; null: there is none. */
export type RomSource = (
  address: number,
) => { readonly symbol: string | null; readonly file: string | null; readonly line: number | null; readonly text: string | null } | null;

/** Columns, for each moment one item. */
export interface PictureMoments {
  /** Seconds, rising. */
  readonly at: readonly number[];
  /** Index into `texts`: where. */
  readonly place: readonly number[];
  /** Index into `texts`: the line of the source; -1: not known. */
  readonly code: readonly number[];
  readonly pc: readonly number[];
  readonly sp: readonly number[];
  /** -1: the core has none. */
  readonly vtor: readonly number[];
  /** Index into `texts`: the core; -1: the only one. */
  readonly core: readonly number[];
}
/** Effort: as many as lie in a page (50 bytes each). */
const MOST = 800;
const PS = 1e12;

/** The last of each part of the time, the parts in the first view being shorter. */
export function fewerMoments({ moments, end }: TracedRun, view: readonly [number, number] | null): readonly TracedMoment[] {
  if (moments.length <= MOST) return moments;
  const [from, to] = view ?? [0, end / PS];
  const part = ({ at, core }: TracedMoment): string => {
    const seconds = at / PS;
    const inside = seconds >= from && seconds <= to;
    const width = (inside ? to - from : end / PS) / (MOST / 2);
    return `${core} ${inside} ${Math.floor((inside ? seconds - from : seconds) / width)}`;
  };
  return moments.filter((m, i) => moments[i + 1] === undefined || part(moments[i + 1]!) !== part(m));
}

/** Effort: as many clock changes as lie in a page, those around the hand-over, and so many of the first and the last ones. */
const MOST_CLOCKS = 800;
const AT_AN_END = 100;
/** @param entry seconds; the last hand-over; null: there is none */
export function fewerClocks(clocks: readonly TracedClocks[], entry: number | null): readonly TracedClocks[] {
  if (clocks.length <= MOST_CLOCKS) return clocks;
  const inForce = entry === null ? -1 : clocks.findLastIndex(({ at }) => at <= entry * PS);
  const around = entry === null ? 0 : MOST_CLOCKS / 2 - AT_AN_END;
  const atEnd = MOST_CLOCKS / 2 - around;
  const kept = clocks.flatMap((_, i) => (i < atEnd || i >= clocks.length - atEnd || Math.abs(i - inForce) <= around ? [i] : []));
  return kept.map((i, k) => {
    const next = kept[k + 1] ?? clocks.length;
    const unkept = clocks.slice(i, next).reduce((sum, c) => sum + (c.unkept ?? 0), next - i - 1);
    return { ...clocks[i]!, ...(unkept === 0 ? {} : { unkept }) };
  });
}
