/**
 * Wires between blocks, cores and the board: numbers that one drives and others read or follow. A wire is declared by its name and is then an object that its users
 * hold: names are for scenarios, reports and who looks from outside.
 */

/** One wire; the same object for everybody who declares the name. Which machine's value is meant says the machine that is asked. */
export class Wire {
  readonly name: string;
  /** Its place among the values of any machine. */
  readonly place: number;
  constructor(name: string, place: number) {
    this.name = name;
    this.place = place;
  }
}

const declared = new Map<string, Wire>();

/** The wire of this name, declared here if it is not yet. */
export function wire(name: string): Wire {
  let known = declared.get(name);
  if (known === undefined) declared.set(name, (known = new Wire(name, declared.size)));
  return known;
}
/** The wire of this name, undefined where nobody has declared one. */
export function findWire(name: string): Wire | undefined {
  return declared.get(name);
}

/** All that are declared. */
export const allWires = (): readonly Wire[] => [...declared.values()];

/** Wires of numbered sources (triggers, requests). */
export const wiresByNumber = (names: Readonly<Record<number, string>>): Readonly<Record<number, Wire>> =>
  Object.fromEntries(Object.entries(names).map(([n, name]) => [n, wire(name)]));

/** A number for each of some wires: a look-up that takes as long as one of an array. -1 for all others. */
export function numberedWires(wires: ReadonlyMap<Wire, number>): (w: Wire) => number {
  const numbers = new Int16Array(1 + Math.max(-1, ...[...wires.keys()].map((w) => w.place))).fill(-1);
  for (const [w, number] of wires) numbers[w.place] = number;
  return (w) => (w.place < numbers.length ? numbers[w.place]! : -1);
}

/** `hears`: it does something with changes of this wire; left out: of any. */
export type WireListener = ((name: string, value: number) => void) & { readonly hears?: (name: string) => boolean };
/** A listener that does nothing with changes of other wires than those that it hears, and those that the one before heard. */
export const listensTo = (
  hears: (name: string) => boolean,
  listener: (name: string, value: number) => void,
  before?: WireListener,
): WireListener =>
  Object.assign(listener, { hears: (name: string): boolean => hears(name) || (before !== undefined && before.hears?.(name) !== false) });

/** Room for wires that are declared while a machine runs. */
const MARGIN = 64;

/** The values of one machine's wires, 0 until one is set, in one array: a checkpoint is one copy, and of the machine's state they are what is set most often. */
export class Wires {
  private values = new Float64Array(declared.size + MARGIN);

  get(w: Wire): number {
    return w.place < this.values.length ? this.values[w.place]! : 0;
  }
  /** False if it had that value. */
  set(w: Wire, value: number): boolean {
    if (this.get(w) === value) return false;
    if (w.place >= this.values.length) this.grow(w.place);
    this.values[w.place] = value;
    return true;
  }
  private grow(place: number): void {
    const grown = new Float64Array(place + MARGIN);
    grown.set(this.values);
    this.values = grown;
  }

  save(): Float64Array {
    return this.values.slice();
  }
  restore(saved: Float64Array): void {
    if (saved.length > this.values.length) this.grow(saved.length);
    this.values.set(saved);
    // saved before there were so many
    this.values.fill(0, saved.length);
  }
}

// What the machine itself drives.
/** 0 while the core runs or sleeps, 1 in deep sleep (SLEEPDEEP): clock and power controllers follow it. */
export const deepSleepOf = (core: number): Wire => wire(`core.deepsleep.${core}`);
/** Code of the last reset (`RESET_CAUSES`), driven before blocks are reset. */
export const RESET_CAUSE = wire('reset.cause');
/** Index of the core that asked for it. */
export const RESET_CORE = wire('reset.core');
/** 1: the core domain was without supply (Standby) before this reset. */
export const POWER_LOST = wire('power.lost');
/** 1 while secure code of the vendor runs. */
export const CORE_SECURE = wire('core.secure');
/** What the place at 0 shows by the boot selection. */
export const BOOT_REMAP = wire('boot.remap');
/** Grows with each SEV of this core, where there are several. */
export const sevOf = (core: string): Wire => wire(`sev.${core}`);
/** Grows with each write that the instruction cache refuses. */
export const ICACHE_ERROR = wire('icache.error');

// What it follows.
/** 1: the block that has the power enters Standby or Shutdown. */
export const POWER_DOWN = wire('power.down');
/** 1: the memory keeps its contents in Standby. */
export const keepsOf = (memory: string): Wire => wire(`power.keeps.${memory}`);
/** 1: the core may leave the reset in which the chip's boot rule holds it. */
export const releaseOf = (core: string): Wire => wire(`core.release.${core}`);
/** Each change is an event for the core's WFE. */
export const eventOf = (core: string): Wire => wire(`event.${core}`);
/** Each change asks the other cores to catch up. */
export const CORE_MEET = wire('core.meet');
/** 1: NMI. */
export const NMI = wire('nmi');
/** Wait states of the flash. */
export const FLASH_LATENCY = wire('flash.latency');
export const FLASH_PREFETCH = wire('flash.prefetch');
/** Halves of the flash that are being programmed or erased (1: lower, 2: upper, 3: all of it): a fetch from there waits. */
export const FLASH_BUSY = wire('flash.busy');
/** 1 while the caches of the flash controller are on; a rising `…RESET` empties one. */
export const ART_ICACHE = wire('art.icache');
export const ART_DCACHE = wire('art.dcache');
export const ART_ICACHE_RESET = wire('art.icache.reset');
export const ART_DCACHE_RESET = wire('art.dcache.reset');
/** H745's ART between the Cortex-M4 and the flash: on, and bits 31:20 of the addresses that it serves. */
export const ART_ENABLED = wire('art.enabled');
export const ART_PAGE = wire('art.page');
/** ICACHE: on, its ways, and a number that grows with each invalidation. */
export const ICACHE_ENABLED = wire('icache.enabled');
export const ICACHE_WAYS = wire('icache.ways');
export const ICACHE_INVALIDATE = wire('icache.invalidate');
/** Hits and misses of the ICACHE since power-on, modulo 2^32 (`Env.total`). */
export const ICACHE_HITS = wire('icache.hits');
export const ICACHE_MISSES = wire('icache.misses');
