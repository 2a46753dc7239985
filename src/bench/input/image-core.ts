/** Which core of a chip an image is for: told apart by where they lie. */
import type { BootRule, ChipDescription } from '../../emu/chip.ts';
import { chunkAt } from '../../image/image.ts';

interface WithChunks {
  readonly chunks: readonly { readonly address: number; readonly data: { readonly length: number } }[];
}

/** Rows of the boot table that a core looks at, without those that hold it. */
const rulesOf = (chip: ChipDescription, core: number): readonly BootRule[] =>
  (chip.boot ?? []).filter((r) => (r.core ?? chip.cores[core]!.name) === chip.cores[core]!.name && r.boots !== 'held');

/** The address at which images are linked of one that a memory appears at too (F7 starts over ITCM). */
export function unaliased(chip: ChipDescription, address: number): number {
  for (const m of chip.memories)
    for (const base of m.aliases ?? []) if (address >= base && address < base + m.size) return m.base + address - base;
  return address;
}

/** Where a core starts by the last row that boots user code, with these option bytes (by field path) or the factory's; null if that is no fixed place. */
export function startAddress(chip: ChipDescription, core: number, optionBytes: Readonly<Record<string, unknown>> = {}): number | null {
  const rule = rulesOf(chip, core).findLast((r) => r.boots === 'user');
  if (rule === undefined) return null;
  if (typeof rule.vectors === 'number') return unaliased(chip, rule.vectors);
  const { field, shift } = rule.vectors;
  for (const [name, row] of Object.entries(chip.optionBytes ?? {}))
    if (row.field.endsWith(field)) return unaliased(chip, (Number(optionBytes[name] ?? row.factory.value) * 2 ** shift) >>> 0);
  return null;
}

const covers = (image: WithChunks, address: number | null): boolean => address !== null && chunkAt(image, address) !== undefined;

/**
 * Index of the core. An image that has the first core's vectors is that core's, whatever else it has. One without them belongs to the second core if
 * it has its vectors, or lies behind them in the same memory.
 */
export function imageCore(chip: ChipDescription, image: WithChunks): number {
  if (chip.cores.length < 2) return 0;
  const [first, second] = [startAddress(chip, 0), startAddress(chip, 1)];
  if (covers(image, first) || second === null) return 0;
  const memory = chip.memories.find((m) => second >= m.base && second < m.base + m.size);
  const behind = (c: WithChunks['chunks'][number]): boolean =>
    memory !== undefined && c.address >= second && c.address < memory.base + memory.size;
  return covers(image, second) || image.chunks.every(behind) ? 1 : 0;
}
