import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const VARIANTS = [2, 3, 4, 5].flatMap((v) => ['O0', 'O2'].map((o) => `dwarf${v}-${o}`));

export const data = (name: string): Uint8Array => new Uint8Array(readFileSync(fileURLToPath(new URL(`data/${name}`, import.meta.url))));

/** A copy with some bytes changed. */
export function patched(bytes: Uint8Array, ...patches: [number, ...number[]][]): Uint8Array {
  const copy = bytes.slice();
  for (const [offset, ...values] of patches) copy.set(values, offset);
  return copy;
}
