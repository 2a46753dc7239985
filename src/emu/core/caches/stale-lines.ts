/**
 * Lines of a cache between core and flash (ICACHE of STM32 H5) that are older than memory. The fast path knows tags alone, because what a line holds is what memory
 * holds until memory changes: then its bytes are kept here, as long as its tag stands. While there are such lines nothing is translated, flash is read by
 * the slow path, and a line that is replaced is reported.
 */
import type { Arena } from '../../arena.ts';
import type { Memory } from '../../system.ts';
import { S } from '../state.ts';

export const LINE_BYTES = 16;

interface Line {
  /** Arena offset of its bytes in memory. */
  readonly host: number;
  readonly bytes: Uint8Array;
  /** It has been told that something was read from here that memory no longer holds. */
  told: boolean;
}
export type StaleSnapshot = readonly (readonly [address: number, line: Line])[];

export interface StalePort {
  /** Guest addresses at which a memory begins. */
  basesOf(memory: Memory): readonly number[];
  memoryAt(host: number): Memory | null;
  /** What the cache shows at these bytes is another thing from now on. */
  changed(host: number): void;
  /** The first line has become stale, or the last one has gone. */
  some(any: boolean): void;
}

export class StaleLines {
  private readonly arena: Arena;
  private readonly base: number;
  private readonly port: StalePort;
  /** By guest address of the line. */
  private readonly lines = new Map<number, Line>();

  /** @param base of the core's state in the arena. */
  constructor(arena: Arena, base: number, port: StalePort) {
    this.arena = arena;
    this.base = base;
    this.port = port;
  }
  get count(): number {
    return this.lines.size;
  }
  private isHeld(line: number): boolean {
    const set = (line >>> 4) & this.arena.i32[(this.base + S.CACHE_SET_MASK) >> 2]!;
    const at = (this.base + S.CACHE_TAGS + 8 * set) >> 2;
    const tag = (line | 1) >>> 0;
    return this.arena.u32[at] === tag || this.arena.u32[at + 1] === tag;
  }
  /** Memory is about to change: lines keep what it holds now. */
  memoryChanges(host: number, length: number): void {
    const memory = this.port.memoryAt(host);
    if (!memory?.row.waitStates) return;
    const before = this.lines.size;
    for (const base of this.port.basesOf(memory)) {
      const delta = base - memory.host;
      const first = (host + delta) & -LINE_BYTES;
      for (let line = first >>> 0; line < host + delta + length; line += LINE_BYTES) {
        if (this.lines.has(line) || !this.isHeld(line)) continue;
        const at = line - delta;
        this.lines.set(line, { host: at, bytes: this.arena.u8.slice(at, at + LINE_BYTES), told: false });
      }
    }
    if (before === 0 && this.lines.size > 0) this.port.some(true);
  }
  /** Value that a stale line holds, -1 where none does. */
  value(address: number, size: 1 | 2 | 4): number {
    const line = this.lines.get((address & -LINE_BYTES) >>> 0);
    if (!line) return -1;
    let value = 0;
    for (let i = 0; i < size; i++) value += line.bytes[(address & (LINE_BYTES - 1)) + i]! * 2 ** (8 * i);
    return value;
  }
  /** The value has been used: true the first time that a line shows something else than memory. */
  tells(address: number, size: 1 | 2 | 4): boolean {
    const line = this.lines.get((address & -LINE_BYTES) >>> 0);
    if (!line || line.told) return false;
    const at = address & (LINE_BYTES - 1);
    for (let i = at; i < at + size; i++) if (line.bytes[i] !== this.arena.u8[line.host + i]) line.told = true;
    return line.told;
  }
  /** The cache has given up the line with this tag. */
  replaced(tag: number): void {
    const address = (tag & -LINE_BYTES) >>> 0;
    const line = this.lines.get(address);
    if (!line) return;
    this.lines.delete(address);
    this.port.changed(line.host);
    if (this.lines.size === 0) this.port.some(false);
  }
  /** Invalidation. */
  clear(): void {
    if (this.lines.size === 0) return;
    const gone = [...this.lines.values()];
    this.lines.clear();
    for (const line of gone) this.port.changed(line.host);
    this.port.some(false);
  }
  save(): StaleSnapshot {
    return [...this.lines].map(([address, line]) => [address, { ...line }] as const);
  }
  restore(saved: StaleSnapshot): void {
    this.clear();
    for (const [address, line] of saved) {
      this.lines.set(address, { ...line });
      this.port.changed(line.host);
    }
    this.port.some(this.lines.size > 0);
  }
}
