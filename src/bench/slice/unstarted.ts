/** Of several images, those whose program nobody started: a loader that looked at a vector table and turned away, or that looks elsewhere. */
import { PAGE_BITS } from '../../emu/arena.ts';
import { entryVectors, memoryHolds, splitImagePath, type LoadedImage } from '../../image/image.ts';
import { SCS } from '../../emu/core/arm/scs-state.ts';
import { callChainOf } from '../session/call-chain.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import { hex32 } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { runTo } from './window.ts';
import { place } from './words.ts';

const VECTOR = 4;

export interface Program {
  readonly name: string;
  readonly image: LoadedImage;
  readonly table: number;
  readonly sp: number;
  /** Its first instruction. */
  readonly start: number;
  /** Who read its initial SP. */
  reader: number | null;
  started: boolean;
}

/**
 * In words, one line for each such program. The run is repeated up to `end`; the session is left anywhere.
 *
 * @param runsOn nothing entered the ROM, and nothing hangs: a program that was started and runs is told, too
 */
export function unstarted(s: Session, powerOn: Checkpoint, end: Ps, runsOn = false): string[] {
  const { machine, input } = s;
  const programs = othersThanBooted(s);
  if (input.images.length < 2 || machine.cores.length > 1 || programs.length === 0) return [];
  const running: Program[] = [];
  s.keepCheckpoints = false;
  s.restore(powerOn);
  const tables = programs.flatMap((of) => aliasesOf(s, of.table).map((table) => ({ of, table })));
  const repairs = machine.setRepairs({
    pages: new Set(tables.map(({ table }) => table >>> PAGE_BITS)),
    read: (core, address) => {
      const found = tables.find(({ table }) => address === table || address === table + VECTOR);
      if (found !== undefined && address === found.table) found.of.reader ??= core.pc;
      else if (found !== undefined) found.of.started = true;
      return null;
    },
  });
  try {
    runTo(s, end);
    for (const p of programs) {
      const runs = isRunning(s, p);
      if (runs && runsOn) running.push(p);
      p.started ||= runs;
    }
  } finally {
    machine.setRepairs(repairs);
    s.keepCheckpoints = true;
  }
  return [
    ...running.map(({ name, table }) => `${name} at ${hex32(table)} was started and runs: with --goal app that is what is judged`),
    ...programs.filter((p) => !p.started).map((p) => inWords(s, p)),
  ];
}

/** Where the byte of an address lies in the arena, whatever alias the address is of; -1 where there is no memory. */
function hostOf({ machine: { system } }: Session, address: number): number {
  const region = system.regionAt(address);
  return region?.memory ? system.hostOf(region, address) : -1;
}
/** All addresses at which this byte appears, now or after a remap to 0. */
function aliasesOf(s: Session, address: number): readonly number[] {
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
function isRunning(s: Session, { image, table }: Program): boolean {
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

/** The programs that the chip does not start by itself. */
export function othersThanBooted(s: Session): Program[] {
  // F7 starts at an alias of the flash
  const boot = hostOf(s, s.machine.bootVectors());
  return s.input.images.flatMap((image) => programOf(s, image)).filter(({ table }) => hostOf(s, table) !== boot);
}

/** A vector table at the start of an image with a stack in RAM and a reset vector into it. */
function programOf(s: Session, image: LoadedImage): Program[] {
  const table = image.chunks[0]?.address ?? 0;
  const vectors = entryVectors([image], table);
  const reset = ((vectors?.reset ?? 0) & ~1) >>> 0;
  const own = image.chunks.some((c) => reset >= c.address && reset < c.address + c.data.length);
  if (vectors === null || !own || !memoryHolds(s.machine.chip.memories, vectors.sp - 1, 'ram')) return [];
  return [{ name: nameOf(image), image, table, sp: vectors.sp, start: reset, reader: null, started: false }];
}

/** The file, without its folder and its address. */
export function nameOf({ path }: LoadedImage): string {
  const { file } = splitImagePath(path);
  return file.slice(file.lastIndexOf('/') + 1);
}

function inWords(s: Session, { name, table, sp, reader }: Program): string {
  const where = `${name} at ${hex32(table)} was never started`;
  return reader === null
    ? `${where}: nothing read its vector table`
    : `${where}: ${place(s, reader)} read its initial SP, ${hex32(sp)}, but nothing read its reset vector, so the loader probably rejected that SP`;
}
