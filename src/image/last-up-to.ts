/** Index of the last of so many in order that is up to what is looked for; -1 where none is. */
export function lastUpTo(count: number, isUpTo: (index: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isUpTo(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
