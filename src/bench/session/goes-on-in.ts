/** Whether a function that was called may have gone on in another one by branches, read from the machine code. */
import { blTarget, scanFunctions, type FunctionFacts } from '../input/code-scan.ts';
import type { LoadedImage } from '../../image/image.ts';

/** A halfword of code. */
export type Half = (address: number) => number;

export const startOf = ({ symbol }: FunctionFacts): number => (symbol.address & ~1) >>> 0;
/** Where the BL that stands there leads; null where none does. */
export const callAt = (half: Half, at: number): number | null => blTarget(at, (half(at) << 16) | half(at + 2));

/** From one function to another by branches out of functions; so may one of which nothing is known, or that branches to a register. */
export function mayGoOnIn(images: readonly LoadedImage[], half: Half, from: number, to: number): boolean {
  const all = scanFunctions(images);
  const reached = new Set([from]);
  for (const start of reached) {
    const f = all.find((g) => startOf(g) === start);
    if (start === to || f === undefined || f.branchesFar) return true;
    const end = start + f.symbol.size;
    for (const { target, pc } of f.calls) if (callAt(half, pc) === null && (target < start || target >= end)) reached.add(target);
  }
  return false;
}
