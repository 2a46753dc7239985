/** Images that are linked behind a boot loader which is not among them. */
import { startAddress, unaliased } from './image-core.ts';
import type { ChipDescription } from '../../emu/chip.ts';
import { entryVectors, memoryHolds, wordAt, type LoadedImage } from '../../image/image.ts';

const WORD = 4;

/** Whether images have the first words of the vector table there. */
export const hasTable = (chip: ChipDescription, images: readonly LoadedImage[], address: number): boolean =>
  images.some((image) =>
    image.chunks.some((c) => {
      const from = unaliased(chip, c.address);
      return address >= from && address + 2 * WORD <= from + c.data.length;
    }),
  );

/** Where the first bytes of the images are; Infinity without any. */
export const firstBytes = (images: readonly LoadedImage[]): number =>
  Math.min(...images.flatMap(({ chunks }) => chunks.map((c) => c.address)));

/** The vector table that begins the images, where they have nothing at `start`: with a stack in RAM and a start in their own code. Null where they do not begin with one. */
export function tableBehindLoader(chip: ChipDescription, images: readonly LoadedImage[], start: number): number | null {
  if (hasTable(chip, images, start)) return null;
  const first = firstBytes(images);
  // VTOR, which the loader writes, has bits 31:7
  if (!Number.isFinite(first) || first % 0x80 !== 0 || !memoryHolds(chip.memories, first, 'flash')) return null;
  const vectors = entryVectors(images, first);
  if (vectors === null || !memoryHolds(chip.memories, vectors.sp - WORD, 'ram')) return null;
  return vectors.reset % 2 === 1 && wordAt(images, (vectors.reset & ~3) >>> 0) !== null ? first : null;
}

/** Where the images' own vector table is: where the chip starts, or behind the boot loader that is missing. */
export function ownTable(chip: ChipDescription, images: readonly LoadedImage[]): number | null {
  const start = startAddress(chip, 0);
  return start === null ? null : (tableBehindLoader(chip, images, start) ?? start);
}
