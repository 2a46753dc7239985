/** The programs among several images, and which of them runs: a loader's application is one that the chip does not start by itself. */
import { chunkAt, entryVectors, memoryHolds, splitImagePath, type LoadedImage } from '../../image/image.ts';
import { SCS } from '../../emu/core/arm/scs-state.ts';
import { callChainOf } from './call-chain.ts';
import type { Machine } from '../../emu/machine.ts';

/** What of a session the questions here are about. */
interface Running {
  readonly machine: Machine;
  readonly input: { readonly images: readonly LoadedImage[] };
}

export interface Program {
  readonly name: string;
  readonly image: LoadedImage;
  readonly table: number;
  readonly sp: number;
  /** Its first instruction. */
  readonly start: number;
}

/** Where the byte of an address lies in the arena, whatever alias the address is of; -1 where there is no memory. */
function hostOf({ machine: { system } }: Running, address: number): number {
  const region = system.regionAt(address);
  return region?.memory ? system.hostOf(region, address) : -1;
}
/** All addresses at which this byte appears, now or after a remap to 0. */
export function aliasesOf(s: Running, address: number): readonly number[] {
  const host = hostOf(s, address);
  const { regions } = s.machine.system;
  const found = regions.flatMap(({ base, end, memory }) => {
    const at = memory === null ? -1 : base + host - hostOf(s, base);
    return at >= base && at < end ? [at >>> 0] : [];
  });
  const flash = s.machine.chip.memories.find((m) => m.kind === 'flash' && address >= m.base && address < m.base + m.size);
  return [...new Set([address, ...found, ...(flash ? [address - flash.base] : [])])];
}
/** Its code is where the core is, or its table is the one in force: it was started in a way that needs no read of its reset vector. */
export function isRunning(s: Running, { image, table }: Program): boolean {
  const core = s.machine.bootCore;
  const vtor = core.get(SCS.VTOR) >>> 0;
  if (vtor !== 0 && hostOf(s, vtor) === hostOf(s, table)) return true;
  const starts = image.chunks.map((c) => ({ from: hostOf(s, c.address), bytes: c.data.length }));
  const { frames } = callChainOf(core, s.input.images);
  return [core.pc, ...frames.map((f) => f.pc)].some((pc) => {
    const at = hostOf(s, pc);
    return at >= 0 && starts.some(({ from, bytes }) => at >= from && at < from + bytes);
  });
}

/** The programs that the chip does not start by itself: of several images of one core, one starts the others. */
export function othersThanBooted(s: Running): Program[] {
  if (s.machine.cores.length > 1 || s.input.images.length < 2) return [];
  // F7 starts at an alias of the flash
  const boot = hostOf(s, s.machine.bootVectors());
  return s.input.images.flatMap((image) => programOf(s, image)).filter(({ table }) => hostOf(s, table) !== boot);
}

/** A vector table at the start of an image with a stack in RAM and a reset vector into it. */
function programOf(s: Running, image: LoadedImage): Program[] {
  const table = image.chunks[0]?.address ?? 0;
  const vectors = entryVectors([image], table);
  const reset = ((vectors?.reset ?? 0) & ~1) >>> 0;
  const own = chunkAt(image, reset) !== undefined;
  if (vectors === null || !own || !memoryHolds(s.machine.chip.memories, vectors.sp - 1, 'ram')) return [];
  return [{ name: nameOf(image), image, table, sp: vectors.sp, start: reset }];
}

/** The file, without its folder and its address. */
export function nameOf({ path }: LoadedImage): string {
  const { file } = splitImagePath(path);
  return file.slice(file.lastIndexOf('/') + 1);
}
