/** The order in which answers stand. Authors tend to write the right one at the same place: the page deals them out anew, for each step in its own order. */

/** With this one the right answers of the course are spread evenly (test/web/lessons.test.ts). */
const SALT = 10;

/** FNV-1a of a text, 32 bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
/** Mixes all bits into the low ones (the finaliser of MurmurHash3). */
function mixed(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
/**
 * The same items in the order of a step: always the same one, whoever asks.
 * @param step the step's key (`stepKey`)
 */
export function dealt<T>(items: readonly T[], step: string): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const j = mixed(hash(`${SALT}/${step}/${i}`)) % (i + 1);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}
