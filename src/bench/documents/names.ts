/** Names and addresses of a scenario, looked up in the images and the chip. What does not exist is the user's mistake. */
import type { ChipDescription } from '../../emu/chip.ts';
import { hexAddress } from '../../image/errors.ts';
import type { ImageSymbol, LoadedImage } from '../../image/image.ts';
import { UsageError, didYouMean } from './usage-error.ts';

export interface Names {
  symbol(name: string, where: string): ImageSymbol;
  /** Throws if nothing of the chip answers there. */
  checkAddress(address: number, where: string): void;
}

export function namesOf(images: readonly LoadedImage[], chip: ChipDescription): Names {
  return {
    symbol(name, where) {
      const found = images.flatMap((image) => image.symbols.named(name));
      const first = found[0];
      if (first === undefined) throw new UsageError(`${where}: the images have no symbol ${name}`, unknownSymbolHint(name, images));
      const rivals = found.filter((s) => s.binding !== 'local');
      const chosen = rivals[0] ?? first;
      const pool = rivals.length > 0 ? rivals : found;
      if (pool.some((s) => s.address !== chosen.address)) {
        const places = pool.map((s) => hexAddress(s.address)).join(', ');
        throw new UsageError(`${where}: ${pool.length} symbols are called ${name} (${places})`, 'use an address, or rename one');
      }
      return chosen;
    },
    checkAddress(address, where) {
      const inMemory = chip.memories.some((m) => [m.base, ...(m.aliases ?? [])].some((base) => address >= base && address < base + m.size));
      const inBlock = chip.blocks.some((b) => address >= b.base && address < b.base + b.size);
      if (!inMemory && !inBlock)
        throw new UsageError(`${where}: there is no memory or peripheral at ${hexAddress(address)} on ${chip.name}`);
    },
  };
}

function unknownSymbolHint(name: string, images: readonly LoadedImage[]): string | null {
  const all = images.flatMap((image) => image.symbols.all.map((s) => s.name));
  if (all.length === 0) return 'none of them contains symbols: give the .elf, not stripped';
  return didYouMean(name, new Set(all)) ?? 'was it inlined, or removed by the linker? mark it __attribute__((used, noinline))';
}

/** Blocks that are serial ports, by name. */
export const SERIAL_PORT = /^(LP)?US?ART\d+$/;
/** Fields of the status of a serial interface that tell what it sends, or that it is ready: nothing from outside sets them. */
export const OF_SENDER = /^(TX|TC$|TCBGT|TEACK|REACK|BUSY|BSY|ABR|SBKF)/;
