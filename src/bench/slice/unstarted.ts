/** Of several images, those whose program nobody started: a loader that looked at a vector table and turned away, or that looks elsewhere. */
import { PAGE_BITS } from '../../emu/arena.ts';
import { entryVectors, memoryHolds, splitImagePath, type LoadedImage } from '../../image/image.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import { hex32 } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { runTo } from './window.ts';
import { place } from './words.ts';

const VECTOR = 4;

export interface Program {
  readonly name: string;
  readonly table: number;
  readonly sp: number;
  /** Its first instruction. */
  readonly start: number;
  /** Who read its initial SP. */
  reader: number | null;
  started: boolean;
}

/** In words, one line for each such program. The run is repeated up to `end`; the session is left anywhere. */
export function unstarted(s: Session, powerOn: Checkpoint, end: Ps): string[] {
  const { machine, input } = s;
  const programs = othersThanBooted(s);
  if (input.images.length < 2 || machine.cores.length > 1 || programs.length === 0) return [];
  s.keepCheckpoints = false;
  s.restore(powerOn);
  const repairs = machine.setRepairs({
    pages: new Set(programs.map((p) => p.table >>> PAGE_BITS)),
    read: (core, address) => {
      const p = programs.find(({ table }) => address === table || address === table + VECTOR);
      if (p !== undefined && address === p.table) p.reader ??= core.pc;
      else if (p !== undefined) p.started = true;
      return null;
    },
  });
  try {
    runTo(s, end);
  } finally {
    machine.setRepairs(repairs);
    s.keepCheckpoints = true;
  }
  return programs.filter((p) => !p.started).map((p) => inWords(s, p));
}

/** The programs that the chip does not start by itself. */
export function othersThanBooted(s: Session): Program[] {
  const { system } = s.machine;
  const hostOf = (address: number): number => {
    const region = system.regionAt(address);
    return region ? system.hostOf(region, address) : -1;
  };
  // F7 starts at an alias of the flash
  const boot = hostOf(s.machine.bootVectors());
  return s.input.images.flatMap((image) => programOf(s, image)).filter(({ table }) => hostOf(table) !== boot);
}

/** A vector table at the start of an image with a stack in RAM and a reset vector into it. */
function programOf(s: Session, image: LoadedImage): Program[] {
  const table = image.chunks[0]?.address ?? 0;
  const vectors = entryVectors([image], table);
  const reset = ((vectors?.reset ?? 0) & ~1) >>> 0;
  const own = image.chunks.some((c) => reset >= c.address && reset < c.address + c.data.length);
  if (vectors === null || !own || !memoryHolds(s.machine.chip.memories, vectors.sp - 1, 'ram')) return [];
  return [{ name: nameOf(image), table, sp: vectors.sp, start: reset, reader: null, started: false }];
}

/** The file, without its folder and its address. */
function nameOf({ path }: LoadedImage): string {
  const { file } = splitImagePath(path);
  return file.slice(file.lastIndexOf('/') + 1);
}

function inWords(s: Session, { name, table, sp, reader }: Program): string {
  const where = `${name} at ${hex32(table)} was never started`;
  return reader === null
    ? `${where}: nothing read its vector table`
    : `${where}: ${place(s, reader)} read its initial SP, ${hex32(sp)}, but nothing read its reset vector, so the loader probably rejected that SP`;
}
