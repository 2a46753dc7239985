/** Smallest parts of a list that still do what the whole does, by trying; each try is a run, so few of them matter. */

/** Whether some of the members are enough. */
type Works<T> = (some: readonly T[]) => boolean;

/** Those that work alone: if several together do not, none of them does. */
export function enoughAlone<T>(ids: readonly T[], works: Works<T>): readonly T[] {
  if (ids.length === 0 || !works(ids)) return [];
  const middle = (ids.length + 1) >> 1;
  return ids.length === 1 ? ids : [ids.slice(0, middle), ids.slice(middle)].flatMap((half) => enoughAlone(half, works));
}

/**
 * Smallest subset that still works, of a set that does: the first alone, then halves, for a single one is the usual case, then one element after another is left
 * out. Order decides between equals.
 */
export function minimise<T>(ids: readonly T[], works: Works<T>): T[] {
  if (works(ids.slice(0, 1))) return ids.slice(0, 1);
  let set = [...ids];
  while (set.length > 1) {
    const middle = (set.length + 1) >> 1;
    const half = [set.slice(0, middle), set.slice(middle)].find(works);
    if (!half) break;
    set = half;
  }
  if (set.length === 1) return set;
  for (const id of [...set]) {
    const without = set.filter((x) => x !== id);
    if (without.length > 0 && works(without)) set = without;
  }
  return set;
}

/** Smallest part that still works, where mostly one member matters: halves first, then one after another is left out. */
export function halve<T>(members: readonly T[], works: Works<T>): readonly T[] {
  let kept = members;
  while (kept.length > 1) {
    const middle = kept.length >> 1;
    const [a, b] = [kept.slice(0, middle), kept.slice(middle)];
    if (works(b)) kept = b;
    else if (works(a)) kept = a;
    else break;
  }
  // each of two was just tried alone
  if (kept.length === 2) return kept;
  for (const m of kept) if (kept.length > 1 && works(kept.filter((x) => x !== m))) kept = kept.filter((x) => x !== m);
  return kept;
}
