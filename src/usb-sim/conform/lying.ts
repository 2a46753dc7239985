/** Where in flash a download lies, of a device without DfuSe: all of it, or without a beginning that comes there when the download ends. */
import type { DfuWitness } from './link.ts';

export interface Lying {
  /** Address of the first byte that was sent. */
  readonly start: number;
  /** Bytes from there on that flash does not have yet: a device may keep back what makes a program of the rest. */
  readonly heldBack: number;
}
/** `size`: bytes of a block. null: no end of it, of two blocks at least, lies in flash. */
export function lyingOf(witness: Pick<DfuWitness, 'find' | 'read'>, sent: Uint8Array, size: number): Lying | null {
  // where its end does not lie, none that is longer does
  if (witness.find(sent.subarray(Math.max(0, sent.length - 2 * size))) === null) return null;
  for (let from = 0; from === 0 || from + 2 * size <= sent.length; from += size) {
    const at = witness.find(sent.subarray(from));
    if (at === null) continue;
    const there = witness.read(at - from, from);
    if (there === null) return null;
    let heldBack = from;
    while (heldBack > 0 && there[heldBack - 1] === sent[heldBack - 1]) heldBack--;
    return { start: at - from, heldBack };
  }
  return null;
}
