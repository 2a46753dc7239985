/** Keyframes of a page: where each core stood at events, few enough to lie in the page. */
import type { TracedMoment, TracedRun } from '../bench/documents/trace-types.ts';

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
