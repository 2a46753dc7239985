/**
 * L1 caches of a Cortex-M7, with contents: 16 KB four-way data cache, 16 KB two-way instruction cache, 32-byte lines (CCSIDR of the STM32H7, see
 * scs.ts). Memory in the arena is what the bus sees; lines hold copies of it, so that DMA, another core or a reset miss what only a line holds.
 *
 * A hit changes nothing but a line's bytes and its dirty mark: both tiers look for hits themselves (record-builders.ts, translate/emit.ts) and come
 * here for misses; what translated code misses is mostly filled by the interpreter's module (l1-lines.ts). That needs a replacement that hits do not touch: an invalid way first, then round robin (assumed; ARM does not say which).
 *
 * Lines are found by where they lie in the arena: two addresses of one memory share a line here (silicon tags by address: they would be two).
 */
import { L1, L1_FILLS, LINE_MAP, type Arena } from '../../arena.ts';
import type { Region } from '../../system.ts';

const LINE_BYTES = 32;
export { LINE_BYTES as L1_LINE_BYTES };
/** Beside the bytes of an access, in what translated code asks for: it is a store. */
export const LINE_WRITE = 8;
export const DATA_WAYS = 4;
export const DATA_SETS = 128;
export const CODE_WAYS = 2;
export const CODE_SETS = 256;
const DATA_SLOTS = DATA_WAYS * DATA_SETS;
const CODE_SLOTS = CODE_WAYS * CODE_SETS;
const VALID = 1;

/** The core around its caches. */
export interface L1Port {
  regionAt(address: number): Region | null;
  /** A line is about to be written back to RAM. */
  memoryChanges(host: number, bytes: number): void;
  /** Instructions read from here may be others from now on. */
  codeChanges(host: number, bytes: number): void;
  /** A line was written back to where no RAM answers. */
  busError(): void;
  /** A line was written back over what was stored to its RAM since the cache went off. */
  overNewer(address: number): void;
}
/** Bytes above SP that are a function's own. */
const FRAME_BYTES = 256;
/** `overNewer` in words. */
export function overNewerText(sp: number, line: number): string {
  const where = line + LINE_BYTES > sp && line < sp + FRAME_BYTES ? ' of the stack, the local variables of this code' : '';
  return `cleaning the data cache wrote old values over newer ones at 0x${line.toString(16)}${where}: they were stored after the cache was switched off, and its line was still dirty`;
}
/** Tags, marks and lines. */
export type L1Snapshot = Uint8Array;

export class L1Cache {
  /** CCR.DC and CCR.IC. */
  dataOn = false;
  codeOn = false;
  /** Fills and invalidations so far: as long as it stands still, what hits goes on hitting. */
  get changes(): number {
    return this.arena.u32[L1_FILLS.CHANGES >> 2]! + this.arena.u32[L1_FILLS.CODE_READS >> 2]!;
  }
  private changed(): void {
    this.arena.u32[L1_FILLS.CHANGES >> 2]!++;
  }
  /** Instruction lines of memories. */
  private get codeLines(): number {
    return this.arena.u32[L1_FILLS.CODE_LINES >> 2]!;
  }
  private set codeLines(n: number) {
    this.arena.u32[L1_FILLS.CODE_LINES >> 2] = n;
  }
  /** Those of them that memory no longer agrees with. */
  staleLines = 0;
  private readonly arena: Arena;
  private readonly port: L1Port;

  constructor(arena: Arena, port: L1Port) {
    this.arena = arena;
    this.port = port;
  }

  // ---- words and bytes -------------------------------------------------------------------------------------------------------------
  private word(table: number, slot: number): number {
    return this.arena.u32[(table >> 2) + slot]!;
  }
  private setWord(table: number, slot: number, value: number): void {
    this.arena.u32[(table >> 2) + slot] = value;
  }
  private mark(table: number, slot: number): number {
    return this.arena.u8[table + slot]!;
  }
  private setMark(table: number, slot: number, value: number): void {
    this.arena.u8[table + slot] = value;
  }
  private arenaHost(address: number): number {
    const region = this.port.regionAt(address);
    return region?.memory && ((region.memory.host - region.base) & 0xfff) === 0 ? region.memory.host + (address - region.base) : 0;
  }

  // ---- power-on, snapshots -----------------------------------------------------------------------------------------------------------
  /**
   * Tag and data RAM come up as `random` says. Half of the lines are valid, and none is dirty (assumed): cleaning a cache that was never invalidated is reported
   * to end in a HardFault on some parts (modm #1236, F746) and not on others.
   */
  /** As if there never had been a line. */
  clear(): void {
    this.unmap();
    this.arena.u8.fill(0, L1.FROM, L1.TO);
  }
  powerOn(random: () => number): void {
    const { u8, u32 } = this.arena;
    this.unmap();
    u8.fill(0, L1.FROM, L1.TO);
    for (let i = L1.DATA >> 2; i < L1.TO >> 2; i++) u32[i] = random();
    const lines = (tags: number, hosts: number, slots: number, sets: number): void => {
      for (let slot = 0; slot < slots; slot++) {
        const tag = random();
        if ((tag & VALID) === 0) continue;
        const address = ((tag & ~(LINE_BYTES * sets - 1)) | ((slot % sets) * LINE_BYTES)) >>> 0;
        const region = this.port.regionAt(address);
        // Tightly-coupled memory is never looked for here.
        const host = region?.memory && region.memory.row.core === undefined ? this.arenaHost(address) : 0;
        this.setWord(tags, slot, (address | VALID) >>> 0);
        this.setWord(hosts, slot, host);
      }
    };
    lines(L1.DATA_TAGS, L1.DATA_HOSTS, DATA_SLOTS, DATA_SETS);
    lines(L1.CODE_TAGS, L1.CODE_HOSTS, CODE_SLOTS, CODE_SETS);
    for (let slot = 0; slot < CODE_SLOTS; slot++) if (this.word(L1.CODE_HOSTS, slot)) this.setMark(L1.CODE_STALE, slot, 1);
    this.map();
  }
  save(): L1Snapshot {
    return this.arena.u8.slice(L1.FROM, L1.TO);
  }
  restore(s: L1Snapshot): void {
    // a remark is lost where a run is repeated from the few instructions in between
    this.behind.clear();
    this.dropStale();
    this.unmap();
    this.arena.u8.set(s, L1.FROM);
    this.map();
    this.changed();
    this.dropStale();
  }
  private unmap(): void {
    for (let slot = 0; slot < DATA_SLOTS; slot++) {
      const host = this.word(L1.DATA_HOSTS, slot);
      if (host) this.arena.u8[LINE_MAP + (host >>> 5)] = 0;
    }
  }
  private map(): void {
    for (let slot = 0; slot < DATA_SLOTS; slot++) {
      const host = this.word(L1.DATA_HOSTS, slot);
      if (host) this.arena.u8[LINE_MAP + (host >>> 5)] = Math.floor(slot / DATA_SETS) + 1;
    }
    this.codeLines = 0;
    this.staleLines = 0;
    for (let slot = 0; slot < CODE_SLOTS; slot++) {
      if (this.word(L1.CODE_HOSTS, slot)) this.codeLines++;
      if (this.mark(L1.CODE_STALE, slot)) this.staleLines++;
    }
  }

  // ---- data --------------------------------------------------------------------------------------------------------------------------
  /** Arena offset of the cached copy of a byte of memory, or -1. */
  copyOf(host: number): number {
    const way = this.arena.u8[LINE_MAP + (host >>> 5)]!;
    return way === 0 ? -1 : L1.DATA + (way - 1) * 0x1000 + (host & 0xfff);
  }
  private dataSlot(host: number): number {
    const way = this.arena.u8[LINE_MAP + (host >>> 5)]!;
    return way === 0 ? -1 : (way - 1) * DATA_SETS + ((host >>> 5) & (DATA_SETS - 1));
  }
  markDirty(host: number): void {
    this.setMark(L1.DATA_DIRTY, this.dataSlot(host), 1);
  }
  /** Of the line that goes when this one is read: where it is written back to, -1 if nowhere, 0 if it need not be. */
  writtenBackFor(host: number): number {
    const set = (host >>> 5) & (DATA_SETS - 1);
    for (let way = 0; way < DATA_WAYS; way++) if (this.word(L1.DATA_TAGS, way * DATA_SETS + set) === 0) return 0;
    const slot = this.mark(L1.DATA_NEXT, set) * DATA_SETS + set;
    if (!this.mark(L1.DATA_DIRTY, slot)) return 0;
    return this.isRam(slot) ? this.word(L1.DATA_HOSTS, slot) : -1;
  }
  /** Behind the line of a slot there is RAM. */
  private isRam(slot: number): boolean {
    const region = this.port.regionAt((this.word(L1.DATA_TAGS, slot) & ~VALID) >>> 0);
    return this.word(L1.DATA_HOSTS, slot) !== 0 && region?.memory?.row.kind === 'ram';
  }
  /** Reads the line of an address from memory; what it replaces is written back if it has to be. */
  fillData(address: number, host: number): void {
    const set = (host >>> 5) & (DATA_SETS - 1);
    let way = 0;
    while (way < DATA_WAYS && this.word(L1.DATA_TAGS, way * DATA_SETS + set) !== 0) way++;
    if (way === DATA_WAYS) {
      way = this.mark(L1.DATA_NEXT, set);
      this.setMark(L1.DATA_NEXT, set, (way + 1) % DATA_WAYS);
      this.cleanSlot(way * DATA_SETS + set);
      this.dropData(way * DATA_SETS + set);
    }
    const slot = way * DATA_SETS + set;
    const line = host & ~(LINE_BYTES - 1);
    this.copyLine(line, L1.DATA + slot * LINE_BYTES);
    this.setWord(L1.DATA_TAGS, slot, ((address & ~(LINE_BYTES - 1)) | VALID) >>> 0);
    this.setWord(L1.DATA_HOSTS, slot, line);
    this.setMark(L1.DATA_DIRTY, slot, 0);
    this.arena.u8[LINE_MAP + (line >>> 5)] = way + 1;
    this.changed();
  }
  private dropData(slot: number): void {
    if (this.word(L1.DATA_TAGS, slot) === 0) return;
    const host = this.word(L1.DATA_HOSTS, slot);
    if (host) this.arena.u8[LINE_MAP + (host >>> 5)] = 0;
    this.setWord(L1.DATA_TAGS, slot, 0);
    this.setWord(L1.DATA_HOSTS, slot, 0);
    this.setMark(L1.DATA_DIRTY, slot, 0);
    this.changed();
  }
  /** Writes a dirty line back. */
  private cleanSlot(slot: number): void {
    if (!this.mark(L1.DATA_DIRTY, slot)) return;
    this.setMark(L1.DATA_DIRTY, slot, 0);
    if (!this.isRam(slot)) {
      this.port.busError();
      return;
    }
    const host = this.word(L1.DATA_HOSTS, slot);
    if (this.behind.get(slot)?.some((word, i) => word !== this.arena.u32[(host >> 2) + i]))
      this.port.overNewer((this.word(L1.DATA_TAGS, slot) & ~VALID) >>> 0);
    this.port.memoryChanges(host, LINE_BYTES);
    this.copyLine(L1.DATA + slot * LINE_BYTES, host);
  }
  /** `copyWithin` takes longer to begin than this to end. */
  private copyLine(from: number, to: number): void {
    const { i32 } = this.arena;
    for (let i = 0; i < LINE_BYTES / 4; i++) i32[(to >> 2) + i] = i32[(from >> 2) + i]!;
  }
  /** Something else than the core wrote through its port (a debugger): a line that holds the bytes gets them too. */
  update(host: number, size: number): void {
    const copy = this.copyOf(host);
    if (copy >= 0) this.arena.u8.copyWithin(copy, host, host + size);
  }
  /** Addresses of the lines that are newer than memory. */
  dirtyLines(): number[] {
    const list: number[] = [];
    for (let slot = 0; slot < DATA_SLOTS; slot++)
      if (this.mark(L1.DATA_DIRTY, slot)) list.push((this.word(L1.DATA_TAGS, slot) & ~VALID) >>> 0);
    return list.sort((a, b) => a - b);
  }

  // ---- instructions ------------------------------------------------------------------------------------------------------------------
  private codeSlot(address: number): number {
    const set = (address >>> 5) & (CODE_SETS - 1);
    const tag = ((address & ~(LINE_BYTES - 1)) | VALID) >>> 0;
    for (let way = 0; way < CODE_WAYS; way++) if (this.word(L1.CODE_TAGS, way * CODE_SETS + set) === tag) return way * CODE_SETS + set;
    return -1;
  }
  /** Arena offset of the cached copy of an instruction's byte where memory has changed since, else -1. */
  staleCopyOf(address: number): number {
    if (this.staleLines === 0 || !this.codeOn) return -1;
    const slot = this.codeSlot(address);
    return slot >= 0 && this.mark(L1.CODE_STALE, slot) ? L1.CODE + slot * LINE_BYTES + (address & (LINE_BYTES - 1)) : -1;
  }
  fillCode(address: number, host: number): void {
    const set = (address >>> 5) & (CODE_SETS - 1);
    let way = 0;
    while (way < CODE_WAYS && this.word(L1.CODE_TAGS, way * CODE_SETS + set) !== 0) way++;
    if (way === CODE_WAYS) {
      way = this.mark(L1.CODE_NEXT, set);
      this.setMark(L1.CODE_NEXT, set, (way + 1) % CODE_WAYS);
      this.dropCode(way * CODE_SETS + set);
    }
    const slot = way * CODE_SETS + set;
    const line = host & ~(LINE_BYTES - 1);
    this.arena.u8.copyWithin(L1.CODE + slot * LINE_BYTES, line, line + LINE_BYTES);
    this.setWord(L1.CODE_TAGS, slot, ((address & ~(LINE_BYTES - 1)) | VALID) >>> 0);
    this.setWord(L1.CODE_HOSTS, slot, line);
    this.codeLines++;
    this.changed();
  }
  private dropCode(slot: number): void {
    if (this.word(L1.CODE_TAGS, slot) === 0) return;
    const host = this.word(L1.CODE_HOSTS, slot);
    this.setWord(L1.CODE_TAGS, slot, 0);
    this.setWord(L1.CODE_HOSTS, slot, 0);
    if (host) this.codeLines--;
    this.changed();
    if (!this.mark(L1.CODE_STALE, slot)) return;
    this.setMark(L1.CODE_STALE, slot, 0);
    this.staleLines--;
    if (host) this.port.codeChanges(host, LINE_BYTES);
  }
  /** An instruction line holds this line of memory. */
  holdsCode(host: number): boolean {
    for (let slot = (host >>> 5) & 127; slot < CODE_SLOTS; slot += 128) if (this.word(L1.CODE_HOSTS, slot) === host) return true;
    return false;
  }
  /** Memory has changed or is about to: instruction lines of it keep what they hold. */
  memoryChanged(host: number, bytes: number): void {
    if (this.codeLines === 0) return;
    const first = host & ~(LINE_BYTES - 1);
    const mark = (slot: number): void => {
      if (this.mark(L1.CODE_STALE, slot)) return;
      this.setMark(L1.CODE_STALE, slot, 1);
      this.staleLines++;
    };
    if (bytes > LINE_BYTES * CODE_SETS) {
      for (let slot = 0; slot < CODE_SLOTS; slot++) {
        const h = this.word(L1.CODE_HOSTS, slot);
        if (h >= first && h < host + bytes && h !== 0) mark(slot);
      }
      return;
    }
    // Guest and arena address agree in the lower twelve bits: two sets can hold the line.
    for (let line = first; line < host + bytes; line += LINE_BYTES)
      for (let slot = (line >>> 5) & 127; slot < CODE_SLOTS; slot += 128) if (this.word(L1.CODE_HOSTS, slot) === line) mark(slot);
  }
  /** Lines that disagree with memory come into or go out of sight. */
  private dropStale(): void {
    for (let slot = 0; this.staleLines > 0 && slot < CODE_SLOTS; slot++)
      if (this.mark(L1.CODE_STALE, slot) && this.word(L1.CODE_HOSTS, slot))
        this.port.codeChanges(this.word(L1.CODE_HOSTS, slot), LINE_BYTES);
  }

  // ---- control -----------------------------------------------------------------------------------------------------------------------
  enable(data: boolean, code: boolean): void {
    if (code !== this.codeOn) this.dropStale();
    if (data !== this.dataOn) this.keepBehind(!data);
    this.dataOn = data;
    this.codeOn = code;
    this.changed();
  }
  /** What memory holds behind dirty lines while the cache is off: stores go past it then. */
  private keepBehind(off: boolean): void {
    this.behind.clear();
    for (let slot = 0; off && slot < DATA_SLOTS; slot++) {
      const host = this.word(L1.DATA_HOSTS, slot);
      if (this.mark(L1.DATA_DIRTY, slot) && host !== 0) this.behind.set(slot, this.arena.u32.slice(host >> 2, (host + LINE_BYTES) >> 2));
    }
  }
  private readonly behind = new Map<number, Uint32Array>();
  /** Maintenance by Arm's register name: by address (any byte of the line), by set and way (way in bits 31:30, set in bits 11:5), or all. */
  maintain(operation: string, value: number): void {
    this.changed();
    if (operation === 'ICIALLU') {
      for (let slot = 0; slot < CODE_SLOTS; slot++) this.dropCode(slot);
      return;
    }
    if (operation === 'ICIMVAU') {
      const slot = this.codeSlot(value);
      if (slot >= 0) this.dropCode(slot);
      return;
    }
    if (!operation.startsWith('DC')) return;
    let slot: number;
    if (operation.endsWith('SW')) slot = (value >>> 30) * DATA_SETS + ((value >>> 5) & (DATA_SETS - 1));
    else {
      const host = this.arenaHost(value & ~(LINE_BYTES - 1));
      slot = host === 0 ? -1 : this.dataSlot(host);
    }
    if (slot < 0) return;
    if (operation.startsWith('DCC')) this.cleanSlot(slot);
    if (operation === 'DCISW' || operation === 'DCIMVAC' || operation.startsWith('DCCI')) this.dropData(slot);
  }
}
