/** Whether bytes look encrypted or compressed: no program for a Cortex-M. */
import type { LoadedImage } from '../../image/image.ts';

/** Thumb code with its tables has 5 to 7 bits a byte, what is encrypted or compressed almost 8; of less than a kilobyte nothing can be said. */
const SCRAMBLED_BITS = 7.5;
const LEAST_BYTES = 1024;

/** Shannon's entropy, in bits a byte. */
function entropy(counts: Uint32Array, total: number): number {
  let bits = 0;
  for (const n of counts) if (n > 0) bits -= (n / total) * Math.log2(n / total);
  return bits;
}

/** The image has no vector table at its start, and its bytes come about equally often. */
export function isScrambled({ chunks }: LoadedImage): boolean {
  const [first] = chunks;
  if (first === undefined || hasTable(first)) return false;
  const counts = new Uint32Array(256);
  let total = 0;
  for (const { data } of chunks)
    for (const byte of data) {
      counts[byte]!++;
      total++;
    }
  return total >= LEAST_BYTES && entropy(counts, total) >= SCRAMBLED_BITS;
}

/** An even word in RAM, and an odd one: initial SP and reset vector. */
function hasTable({ data }: LoadedImage['chunks'][number]): boolean {
  if (data.length < 8) return false;
  const view = new DataView(data.buffer, data.byteOffset, 8);
  const [sp, reset] = [view.getUint32(0, true), view.getUint32(4, true)];
  return sp % 4 === 0 && sp >= 0x10000000 && sp <= 0x38010000 && reset % 2 === 1 && reset < 0x40000000;
}
