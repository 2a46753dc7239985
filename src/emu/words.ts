/** Stretches of bytes compared by words. They begin at a word; what is no whole word at the end is not looked at. */

export const wordsOf = (bytes: Uint8Array): Int32Array => new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);

/** How many words are the same up to the first that is not. */
function sameWords(a: Int32Array, b: Int32Array): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return i;
}
/** Both are whole words, as many. */
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => sameWords(wordsOf(a), wordsOf(b)) === a.length >> 2;

/** From the first byte that differs from memory up to behind the last one; the same twice where none does. */
export function difference(u8: Uint8Array, host: number, bytes: Uint8Array): [number, number] {
  const there = u8.subarray(host, host + bytes.length);
  let first = (host | bytes.byteOffset) & 3 ? 0 : 4 * sameWords(wordsOf(there), wordsOf(bytes));
  let end = bytes.length;
  while (first < end && there[first] === bytes[first]) first++;
  while (end > first && there[end - 1] === bytes[end - 1]) end--;
  return [first, end];
}
