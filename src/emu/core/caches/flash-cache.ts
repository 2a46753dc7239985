/**
 * Caches between a flash controller and its core (on STM32 L4 and F4: the ART accelerator's). Rows of one or more flash lines, least recently used goes
 * first, any row anywhere (associativity is not published: assumed); a row fills line by line (assumed).
 *
 * Use changes the order, so a hit has to be cheap: each row has a word that takes the number of its last use, each line a mark whether it is held. Both tiers
 * test the mark and write the word themselves; misses come here. Marks and words are found by address, without its upper bits: a memory and its alias at 0
 * share them.
 */
import { FLASH_CACHE, FLASH_MARK, type Arena } from '../../arena.ts';
import type { FlashCacheRow } from '../../chip.ts';
import type { Profile } from '../builder.ts';
import { S } from '../state.ts';

/** What is on. */
export const KIND = { CODE: 1, DATA: 2, PREFETCH: 4 } as const;
/** Cores that a flash controller with caches, or one that reads ahead, can stand in front of. */
export const hasFlashCache = (profile: Profile): boolean => profile.flashCache;
export type Side = typeof KIND.CODE | typeof KIND.DATA;

/** Address bits that marks and words are found by. */
export const FLASH_CACHE_MASK = 0x1ff_ffff;
/** Effort: uses are numbered anew before their numbers get longer. */
const RENUMBER_AT = 0x4000_0000;
const NO_BYTES = new Uint8Array(0);

interface Row {
  /** Number of the row: masked address / bytes of a row. */
  row: number;
  /** Arena offset of its first byte. */
  host: number;
  /** Bytes as they were read, where memory has changed since (`stale`); what they are otherwise means nothing. */
  readonly bytes: Uint8Array;
  stale: boolean;
  /** It has been told that something was read from here that memory no longer holds. */
  told: boolean;
}
export interface FlashCacheSnapshot {
  readonly code: readonly SavedRow[];
  readonly data: readonly SavedRow[];
}
interface SavedRow {
  readonly row: number;
  readonly host: number;
  /** Of a stale row. */
  readonly bytes: Uint8Array;
  readonly stale: boolean;
  readonly told: boolean;
  readonly used: number;
  readonly marks: readonly number[];
}

/** Rows that a stretch of code has used, in the order of their last use, and the lines that they held behind it. */
export interface RowUse {
  /** Arena words that take the number of a row's last use. */
  readonly stamps: Int32Array;
  /** Arena bytes of lines, and the sides for which they are held. */
  readonly marks: Int32Array;
  readonly sides: Uint8Array;
  /** S.CHARGED behind the stretch. */
  readonly charged: number;
}

/** Effort: fewer rows than these are not worth a look of their own. */
const FEW = 4;
/** Effort: rows that a look finds where most have been used since the last one. */
const SOME = 8;

/**
 * Rows that were used longest ago, found many at a time: one is still that as long as it has not been used again. A look takes all that have not been used since the
 * look before, so that loops that miss again and again look once for most of their rows.
 */
class Oldest {
  /** Places in the list of rows and the numbers of their use, oldest first. */
  private readonly rows: Int32Array;
  private readonly used: Int32Array;
  /** All places, as a look goes through them: in the order of the last look, which rows that are replaced one after another keep. */
  private readonly order: Int32Array;
  private first = 0;
  private end = 0;
  /** Number of the last use at the last look. */
  private before = 0;

  constructor(rows: number) {
    this.rows = new Int32Array(rows);
    this.used = new Int32Array(rows);
    this.order = Int32Array.from({ length: rows }, (_, row) => row);
  }
  forget(): void {
    this.end = 0;
    this.first = 0;
    this.before = 0;
  }
  /** -1 if none is left. */
  next(i32: Int32Array, stamps: Int32Array): number {
    while (this.first < this.end) {
      const row = this.rows[this.first]!;
      if (i32[stamps[row]!] === this.used[this.first++]) return row;
    }
    return -1;
  }
  /** `now`: number of the last use. */
  look(i32: Int32Array, stamps: Int32Array, now: number): void {
    this.take(i32, stamps, this.before, stamps.length);
    if (this.end < FEW) this.take(i32, stamps, now, Math.min(SOME, stamps.length));
    else this.reorder(i32, stamps);
    this.before = now;
    this.first = 0;
  }
  /** Those that were found come first, the others as they were. */
  private reorder(i32: Int32Array, stamps: Int32Array): void {
    const { rows, order, end, before } = this;
    let to = order.length;
    for (let from = order.length - 1; from >= 0; from--) if (i32[stamps[order[from]!]!]! > before) order[--to] = order[from]!;
    for (let i = 0; i < end; i++) order[i] = rows[i]!;
  }
  /** The oldest `most` of the rows whose last use is not later than `until`. */
  private take(i32: Int32Array, stamps: Int32Array, until: number, most: number): void {
    const { rows, used, order } = this;
    let n = 0;
    for (let i = 0; i < order.length; i++) {
      const row = order[i]!;
      const use = i32[stamps[row]!]!;
      if (use > until || (n === most && use >= used[n - 1]!)) continue;
      let at = n < most ? n++ : n - 1;
      for (; at > 0 && used[at - 1]! > use; at--) {
        used[at] = used[at - 1]!;
        rows[at] = rows[at - 1]!;
      }
      used[at] = use;
      rows[at] = row;
    }
    this.end = n;
  }
}

export interface FlashCachePort {
  /** What the side shows at these bytes is about to be something else: rows that disagree with memory appear or go. */
  staleChanged(side: Side, host: number, bytes: number): void;
}

export class FlashCache {
  readonly geometry: FlashCacheRow;
  /** Misses and flushes so far. */
  changes = 0;
  /** Of these, misses of data. */
  dataMisses = 0;
  private readonly arena: Arena;
  private readonly base: number;
  private readonly port: FlashCachePort;
  private rows: Record<Side, Row[]> = { 1: [], 2: [] };
  /** Arena words that take the number of last use of each of `rows`. */
  private readonly stamps: Readonly<Record<Side, Int32Array>>;
  private readonly waiting: Readonly<Record<Side, Oldest>>;
  private stale: Record<Side, number> = { 1: 0, 2: 0 };
  /** Arena bytes that rows have come from so far. */
  private low = Infinity;
  private high = 0;

  /** @param base of the core's state in the arena. */
  constructor(arena: Arena, base: number, geometry: FlashCacheRow, port: FlashCachePort) {
    this.arena = arena;
    this.base = base;
    this.geometry = geometry;
    this.stamps = { 1: new Int32Array(geometry.codeRows), 2: new Int32Array(geometry.dataRows) };
    this.waiting = { 1: new Oldest(geometry.codeRows), 2: new Oldest(geometry.dataRows) };
    this.port = port;
  }
  get rowShift(): number {
    return this.geometry.rowBytes === 32 ? 5 : 4;
  }
  staleRows(side: Side): number {
    return this.stale[side];
  }
  private stampAt(side: Side, row: number): number {
    return ((side === KIND.CODE ? FLASH_CACHE.CODE_USED : FLASH_CACHE.DATA_USED) >> 2) + row;
  }
  private markAt(address: number): number {
    return FLASH_MARK + ((address & FLASH_CACHE_MASK & -this.geometry.lineBytes) >>> 3);
  }
  private use(side: Side, row: number): void {
    const at = (this.base + S.TOUCHES) >> 2;
    let n = this.arena.i32[at]! + 1;
    if (n >= RENUMBER_AT) n = this.renumber() + 1;
    this.arena.i32[at] = n;
    this.arena.i32[this.stampAt(side, row)] = n;
  }
  /** Numbers of use start over in the same order. */
  private renumber(): number {
    let n = 0;
    for (const side of [KIND.CODE, KIND.DATA]) {
      const sorted = [...this.rows[side]].sort(
        (a, b) => this.arena.i32[this.stampAt(side, a.row)]! - this.arena.i32[this.stampAt(side, b.row)]!,
      );
      for (const r of sorted) this.arena.i32[this.stampAt(side, r.row)] = ++n;
      this.waiting[side].forget();
    }
    return n;
  }

  /** The line of an address is not held: reads it. `host` is where its row lies in the arena. */
  fill(side: Side, address: number, host: number): void {
    const { rowBytes, lineBytes } = this.geometry;
    const number = (address & FLASH_CACHE_MASK) >>> this.rowShift;
    const start = host & -rowBytes;
    if (start < this.low) this.low = start;
    if (start + rowBytes > this.high) this.high = start + rowBytes;
    // a row that is held has been used
    const held = this.arena.i32[this.stampAt(side, number)] !== 0;
    if (!held) this.replace(side, number, start);
    else if (this.stale[side] > 0) {
      const row = this.rowOf(side, number)!;
      const from = address & (rowBytes - 1) & -lineBytes;
      row.bytes.set(this.arena.u8.subarray(start + from, start + from + lineBytes), from);
    }
    this.arena.u8[this.markAt(address)]! |= side;
    this.use(side, number);
    this.changes++;
    if (side === KIND.DATA) this.dataMisses++;
  }
  private rowOf(side: Side, number: number): Row | null {
    return this.rows[side].find((r) => r.row === number) ?? null;
  }
  /** Index of the row that was used longest ago. */
  private oldest(side: Side): number {
    const { i32 } = this.arena;
    const stamps = this.stamps[side];
    const waiting = this.waiting[side];
    const at = waiting.next(i32, stamps);
    if (at >= 0) return at;
    waiting.look(i32, stamps, i32[(this.base + S.TOUCHES) >> 2]!);
    return waiting.next(i32, stamps);
  }
  /** A free row, or that which was used longest ago, becomes another one. Loops miss often: where all rows are in use it has to be cheap. */
  private replace(side: Side, number: number, host: number): void {
    const { rowBytes } = this.geometry;
    const list = this.rows[side];
    const stamps = this.stamps[side];
    if (list.length < stamps.length) {
      stamps[list.length] = this.stampAt(side, number);
      list.push({ row: number, host, bytes: new Uint8Array(rowBytes), stale: false, told: false });
    } else {
      const at = this.oldest(side);
      const row = list[at]!;
      this.drop(side, row);
      stamps[at] = this.stampAt(side, number);
      row.row = number;
      row.host = host;
      row.stale = false;
      row.told = false;
    }
  }
  private drop(side: Side, r: Row): void {
    const start = r.row * this.geometry.rowBytes;
    for (let i = 0; i < this.geometry.rowBytes; i += this.geometry.lineBytes) this.arena.u8[this.markAt(start + i)]! &= ~side;
    this.arena.i32[this.stampAt(side, r.row)] = 0;
    if (!r.stale) return;
    this.stale[side]--;
    this.port.staleChanged(side, r.host, this.geometry.rowBytes);
  }
  /** ICRST, DCRST, a reset. */
  flush(side: Side): void {
    this.changes++;
    for (const r of this.rows[side].splice(0)) this.drop(side, r);
    this.waiting[side].forget();
  }

  /**
   * Flash is about to change: rows keep what they hold. But programming writes its bytes into the data cache as well (RM0090 3.6.4, RM0351 3.3.6: "programming
   * and caches"); an erase does not.
   */
  memoryChanged(host: number, bytes: number, programmed?: Uint8Array): void {
    if (host >= this.high || host + bytes <= this.low) return;
    for (const side of [KIND.CODE, KIND.DATA])
      for (const r of this.rows[side]) {
        if (r.host >= host + bytes || r.host + this.geometry.rowBytes <= host) continue;
        if (side === KIND.DATA && programmed) {
          if (r.stale) this.update(r, host, programmed);
          continue;
        }
        if (r.stale) continue;
        r.stale = true;
        r.bytes.set(this.arena.u8.subarray(r.host, r.host + this.geometry.rowBytes));
        this.stale[side]++;
        this.port.staleChanged(side, r.host, this.geometry.rowBytes);
      }
  }
  /** A stale row of the data cache takes bytes that are being programmed; it is not stale if all its lines are then as memory will be. */
  private update(r: Row, host: number, programmed: Uint8Array): void {
    const { rowBytes, lineBytes } = this.geometry;
    let same = true;
    for (let i = 0; i < rowBytes; i++) {
      const byte = programmed[r.host + i - host];
      if (byte !== undefined) r.bytes[i] = byte;
      const held = (this.arena.u8[this.markAt(r.row * rowBytes + (i & -lineBytes))]! & KIND.DATA) !== 0;
      if (held && r.bytes[i] !== (byte ?? this.arena.u8[r.host + i])) same = false;
    }
    if (!same) return;
    r.stale = false;
    this.stale[KIND.DATA]--;
    this.port.staleChanged(KIND.DATA, r.host, rowBytes);
  }
  /** Value that a stale row holds, -1 where none does. */
  staleValue(side: Side, address: number, size: 1 | 2 | 4): number {
    if (this.stale[side] === 0 || (this.arena.u8[this.markAt(address)]! & side) === 0) return -1;
    const number = (address & FLASH_CACHE_MASK) >>> this.rowShift;
    const r = this.rowOf(side, number);
    if (!r?.stale) return -1;
    const offset = address & (this.geometry.rowBytes - 1);
    let value = 0;
    for (let i = 0; i < size; i++) value += r.bytes[offset + i]! * 2 ** (8 * i);
    return value;
  }

  /** The value has been used: true the first time that a row shows something else than memory. */
  tells(side: Side, address: number, size: 1 | 2 | 4): boolean {
    const number = (address & FLASH_CACHE_MASK) >>> this.rowShift;
    const r = this.rowOf(side, number);
    if (!r?.stale || r.told) return false;
    const at = address & (this.geometry.rowBytes - 1);
    for (let i = at; i < at + size; i++) if (r.bytes[i] !== this.arena.u8[r.host + i]) r.told = true;
    return r.told;
  }

  /** Rows of data in their order of use, with what is held of each; null while one shows something else than memory. */
  dataRows(): Int32Array | null {
    if (this.stale[KIND.DATA] > 0) return null;
    const { rowBytes, lineBytes } = this.geometry;
    const { i32, u8 } = this.arena;
    const rows = this.rows[KIND.DATA];
    const sorted = [...rows].sort((a, b) => i32[this.stampAt(KIND.DATA, a.row)]! - i32[this.stampAt(KIND.DATA, b.row)]!);
    const copy = new Int32Array(2 * sorted.length);
    sorted.forEach((r, i) => {
      let held = 0;
      for (let at = 0; at < rowBytes; at += lineBytes) held = (held << 1) | (u8[this.markAt(r.row * rowBytes + at)]! & KIND.DATA ? 1 : 0);
      copy[2 * i] = r.row;
      copy[2 * i + 1] = held;
    });
    return copy;
  }

  /** Rows used since their uses had got to a number (S.TOUCHES); null while one shows something else than memory. */
  usedSince(touches: number): RowUse | null {
    if (this.stale[KIND.CODE] > 0 || this.stale[KIND.DATA] > 0) return null;
    const { i32, u8 } = this.arena;
    const used: { side: Side; row: Row; stamp: number }[] = [];
    for (const side of [KIND.CODE, KIND.DATA])
      for (const row of this.rows[side]) {
        const stamp = this.stampAt(side, row.row);
        if (i32[stamp]! > touches) used.push({ side, row, stamp });
      }
    used.sort((a, b) => i32[a.stamp]! - i32[b.stamp]!);
    const marks = used.flatMap(({ side, row }) =>
      this.linesOf(row)
        .map((line) => this.markAt(line))
        .filter((at) => (u8[at]! & side) !== 0)
        .map((at) => ({ at, side })),
    );
    return {
      stamps: Int32Array.from(used, (u) => u.stamp),
      marks: Int32Array.from(marks, (m) => m.at),
      sides: Uint8Array.from(marks, (m) => m.side),
      charged: i32[(this.base + S.CHARGED) >> 2]! >>> 0,
    };
  }
  /** All of these lines are held, and hold what memory does. */
  holds({ marks, sides }: RowUse): boolean {
    if (this.stale[KIND.CODE] > 0 || this.stale[KIND.DATA] > 0) return false;
    const { u8 } = this.arena;
    for (let i = 0; i < marks.length; i++) if ((u8[marks[i]!]! & sides[i]!) === 0) return false;
    return true;
  }
  /** Rows that are held are used once more, in this order; last that of the code at `entered`, if it is one of them. */
  useAgain(stamps: Int32Array, entered: number | null): void {
    const { i32 } = this.arena;
    const at = (this.base + S.TOUCHES) >> 2;
    if (i32[at]! + stamps.length + 1 >= RENUMBER_AT) i32[at] = this.renumber();
    let n = i32[at]!;
    for (let i = 0; i < stamps.length; i++) i32[stamps[i]!] = ++n;
    if (entered !== null) {
      const stamp = this.stampAt(KIND.CODE, (entered & FLASH_CACHE_MASK) >>> this.rowShift);
      if (stamps.includes(stamp)) i32[stamp] = ++n;
    }
    i32[at] = n;
  }

  save(): FlashCacheSnapshot {
    const saved = (side: Side): SavedRow[] =>
      this.rows[side].map((r) => ({
        ...r,
        bytes: r.stale ? r.bytes.slice() : NO_BYTES,
        used: this.arena.i32[this.stampAt(side, r.row)]!,
        marks: this.linesOf(r).map((a) => this.arena.u8[this.markAt(a)]! & side),
      }));
    return { code: saved(KIND.CODE), data: saved(KIND.DATA) };
  }
  restore(s: FlashCacheSnapshot): void {
    for (const side of [KIND.CODE, KIND.DATA]) {
      this.flush(side);
      for (const { used, marks, ...r } of side === KIND.CODE ? s.code : s.data) {
        const row: Row = { ...r, bytes: new Uint8Array(this.geometry.rowBytes) };
        row.bytes.set(r.bytes);
        this.stamps[side][this.rows[side].length] = this.stampAt(side, row.row);
        this.rows[side].push(row);
        this.low = Math.min(this.low, row.host);
        this.high = Math.max(this.high, row.host + this.geometry.rowBytes);
        this.arena.i32[this.stampAt(side, row.row)] = used;
        this.linesOf(row).forEach((a, i) => (this.arena.u8[this.markAt(a)]! |= marks[i]!));
        if (!row.stale) continue;
        this.stale[side]++;
        this.port.staleChanged(side, row.host, this.geometry.rowBytes);
      }
    }
  }
  private linesOf(r: Row): number[] {
    const { rowBytes, lineBytes } = this.geometry;
    return Array.from({ length: rowBytes / lineBytes }, (_, i) => r.row * rowBytes + i * lineBytes);
  }
}
