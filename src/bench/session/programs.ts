/** Which program of the images runs: a loader's application is one that the chip does not start by itself. */
import { imageAt, type LoadedImage } from '../../image/image.ts';
import { isIn, nameOf, programsIn, programsOf, type Program } from '../../image/programs.ts';
import { SCS } from '../../emu/core/arm/scs-state.ts';
import { callChainOf } from './call-chain.ts';
import type { Machine } from '../../emu/machine.ts';

/** What of a session the questions here are about. */
interface Running {
  readonly machine: Machine;
  readonly input: { readonly images: readonly LoadedImage[] };
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
export function isRunning(s: Running, { parts, table }: Program): boolean {
  const core = s.machine.bootCore;
  const vtor = core.get(SCS.VTOR) >>> 0;
  if (vtor !== 0 && hostOf(s, vtor) === hostOf(s, table)) return true;
  const starts = parts.map((part) => ({ from: hostOf(s, part.address), bytes: part.size }));
  const { frames } = callChainOf(core, s.input.images);
  return [core.pc, ...frames.map((f) => f.pc)].some((pc) => {
    const at = hostOf(s, pc);
    return at >= 0 && starts.some(({ from, bytes }) => at >= from && at < from + bytes);
  });
}

/** The programs that the chip does not start by itself: of those of one core, one starts the others. */
export function othersThanBooted(s: Running): Program[] {
  if (s.machine.cores.length > 1) return [];
  const { images } = s.input;
  // F7 starts at an alias of the flash
  const boot = hostOf(s, s.machine.bootVectors());
  const programs = programsOf(images, s.machine.chip.memories);
  // one alone is what somebody wants to know of, wherever it lies
  return images.length === 1 && programs.length < 2 ? [] : programs.filter(({ table }) => hostOf(s, table) !== boot);
}

export const ownerName = (of: Program | LoadedImage): string => ('table' in of ? of.name : nameOf(of));
/** Whose byte it is: a program, or an image that begins with none. */
export function ownerAt({ machine, input }: Running, address: number): Program | LoadedImage | undefined {
  const image = imageAt(input.images, address);
  return image && (programsIn(image, machine.chip.memories).find((program) => isIn(program, address)) ?? image);
}
