/**
 * Caches between a flash controller and its core (on STM32 L4 and F4: the ART accelerator's). Rows of one or more flash lines, least recently used goes
 * first, any row anywhere (associativity is not published: assumed); a row fills line by line (assumed).
 *
 * Use changes the order, so a hit has to be cheap: each row has a word that takes the number of its last use, each line a mark whether it is held. Both tiers
 * test the mark and write the word themselves; misses of translated code end in the interpreter's module as long as it knows which row goes (fill-row.ts), all
 * others here. Marks and words are found by address, without its upper bits: a memory and its alias at 0 share them.
 */
import { FLASH_CACHE, FLASH_MARK, FLASH_ROWS, type Arena } from '../../arena.ts';
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
export const RENUMBER_AT = 0x4000_0000;
const NO_BYTES = new Uint8Array(0);

/** Bytes of a row as they were read, where memory has changed since (`stale`); what they are otherwise means nothing. */
interface Copy {
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

/**
 * Rows that were used longest ago, found many at a time: one is still that as long as it has not been used again. A look takes all that have not been used since the
 * look before, so that loops that miss again and again look once for most of their rows; where those are few it takes all.
 */
class Oldest {
  /** Arena words: rows of the table, what was found and the numbers of its use, first and end. */
  private readonly numbers: number;
  private readonly rows: number;
  private readonly used: number;
  private readonly firstAt: number;
  private readonly stamps: number;
  private readonly i32: Int32Array;
  /** All places, as a look goes through them: in the order of the last look, which rows that are replaced one after another keep. */
  private readonly order: Int32Array;
  /** Number of the last use at the last look. */
  private before = 0;

  /** @param stamps word of the number of the last use of row 0 */
  constructor(i32: Int32Array, side: Side, rows: number, stamps: number) {
    const table = (side - 1) * FLASH_ROWS.TABLE;
    this.i32 = i32;
    this.numbers = (FLASH_ROWS.NUMBERS + table) >> 2;
    this.rows = (FLASH_ROWS.OLDEST + table) >> 2;
    this.used = (FLASH_ROWS.OLDEST_USED + table) >> 2;
    this.firstAt = (FLASH_ROWS.FIRST + (side - 1) * FLASH_ROWS.PAIR) >> 2;
    this.stamps = stamps;
    this.order = Int32Array.from({ length: rows }, (_, row) => row);
  }
  private useOf(place: number): number {
    return this.i32[this.stamps + this.i32[this.numbers + place]!]!;
  }
  forget(): void {
    this.found(0);
    this.before = 0;
  }
  private found(count: number): void {
    this.i32[this.firstAt] = 0;
    this.i32[this.firstAt + 1] = count;
  }
  /** A place of the table; -1 if none is left. */
  next(): number {
    const { i32, firstAt } = this;
    while (i32[firstAt]! < i32[firstAt + 1]!) {
      const at = i32[firstAt]!++;
      const place = i32[this.rows + at]!;
      if (this.useOf(place) === i32[this.used + at]) return place;
    }
    return -1;
  }
  /** `now`: number of the last use. */
  look(now: number): void {
    const count = this.take(this.before);
    this.found(count < FEW ? this.take(now) : count);
    this.before = now;
  }
  /** Rows whose last use is not later than `until`, in the order of their use. They come first in the next look. */
  private take(until: number): number {
    const { i32, rows, used, order } = this;
    let n = 0;
    let others = 0;
    for (let i = 0; i < order.length; i++) {
      const place = order[i]!;
      const use = this.useOf(place);
      if (use > until) {
        order[others++] = place;
        continue;
      }
      let at = n++;
      for (; at > 0 && i32[used + at - 1]! > use; at--) {
        i32[used + at] = i32[used + at - 1]!;
        i32[rows + at] = i32[rows + at - 1]!;
      }
      i32[used + at] = use;
      i32[rows + at] = place;
    }
    order.copyWithin(n, 0, others);
    for (let i = 0; i < n; i++) order[i] = i32[rows + i]!;
    return n;
  }
}

export interface FlashCachePort {
  /** What the side shows at these bytes is about to be something else: rows that disagree with memory appear or go. */
  staleChanged(side: Side, host: number, bytes: number): void;
}
/** A memory that rows come from: its first address, its bytes, and where they lie in the arena. */
export interface FlashPlace {
  readonly base: number;
  readonly bytes: number;
  readonly host: number;
}
const SIDES: readonly Side[] = [KIND.CODE, KIND.DATA];

export class FlashCache {
  readonly geometry: FlashCacheRow;
  private readonly arena: Arena;
  private readonly i32: Int32Array;
  private readonly base: number;
  private readonly port: FlashCachePort;
  /** Rows that each side holds; their numbers and places in memory stand in the arena. */
  private readonly count: Record<Side, number> = { 1: 0, 2: 0 };
  /** By place in the table. */
  private readonly copies: Readonly<Record<Side, Map<number, Copy>>> = { 1: new Map(), 2: new Map() };
  private readonly waiting: Readonly<Record<Side, Oldest>>;
  private readonly stale: Record<Side, number> = { 1: 0, 2: 0 };
  /** Arena bytes that rows may have come from so far. */
  private low = Infinity;
  private high = 0;

  /** @param base of the core's state in the arena. */
  constructor(arena: Arena, base: number, geometry: FlashCacheRow, port: FlashCachePort) {
    this.arena = arena;
    this.i32 = arena.i32;
    this.base = base;
    this.geometry = geometry;
    const oldest = (side: Side, rows: number): Oldest => new Oldest(arena.i32, side, rows, this.stampAt(side, 0));
    this.waiting = { 1: oldest(KIND.CODE, geometry.codeRows), 2: oldest(KIND.DATA, geometry.dataRows) };
    this.port = port;
  }
  /** Misses and flushes so far. */
  get changes(): number {
    return this.i32[FLASH_ROWS.CHANGES >> 2]!;
  }
  /** Of these, misses of data. */
  get dataMisses(): number {
    return this.i32[FLASH_ROWS.DATA_MISSES >> 2]!;
  }
  get rowShift(): number {
    return this.geometry.rowBytes === 32 ? 5 : 4;
  }
  staleRows(side: Side): number {
    return this.stale[side];
  }
  private most(side: Side): number {
    return side === KIND.CODE ? this.geometry.codeRows : this.geometry.dataRows;
  }
  private numberAt(side: Side, place: number): number {
    return ((FLASH_ROWS.NUMBERS + (side - 1) * FLASH_ROWS.TABLE) >> 2) + place;
  }
  private hostAt(side: Side, place: number): number {
    return ((FLASH_ROWS.HOSTS + (side - 1) * FLASH_ROWS.TABLE) >> 2) + place;
  }
  private numberOf(side: Side, place: number): number {
    return this.i32[this.numberAt(side, place)]!;
  }
  private hostOf(side: Side, place: number): number {
    return this.i32[this.hostAt(side, place)]!;
  }
  private useOf(side: Side, place: number): number {
    return this.i32[this.stampAt(side, this.numberOf(side, place))]!;
  }
  private stampAt(side: Side, row: number): number {
    return ((side === KIND.CODE ? FLASH_CACHE.CODE_USED : FLASH_CACHE.DATA_USED) >> 2) + row;
  }
  private markAt(address: number): number {
    return FLASH_MARK + ((address & FLASH_CACHE_MASK & -this.geometry.lineBytes) >>> 3);
  }
  private use(side: Side, row: number): void {
    const at = (this.base + S.TOUCHES) >> 2;
    let n = this.i32[at]! + 1;
    if (n >= RENUMBER_AT) n = this.renumber() + 1;
    this.i32[at] = n;
    this.i32[this.stampAt(side, row)] = n;
  }
  /** Numbers of use start over in the same order. */
  private renumber(): number {
    let n = 0;
    for (const side of SIDES) {
      for (const place of this.inOrder(side)) this.i32[this.stampAt(side, this.numberOf(side, place))] = ++n;
      this.waiting[side].forget();
    }
    return n;
  }
  private places(side: Side): number[] {
    return Array.from({ length: this.count[side] }, (_, place) => place);
  }
  /** Places in the order of their last use. */
  private inOrder(side: Side): number[] {
    return this.places(side).sort((a, b) => this.useOf(side, a) - this.useOf(side, b));
  }

  /** The line of an address is not held: reads it. */
  fill(side: Side, address: number, from: FlashPlace): void {
    const { i32 } = this;
    const { lineBytes, rowBytes } = this.geometry;
    const number = (address & FLASH_CACHE_MASK) >>> this.rowShift;
    this.know(from);
    const start = (from.host + (address - from.base)) & -rowBytes;
    // a row that is held has been used
    const held = i32[this.stampAt(side, number)] !== 0;
    if (!held) this.replace(side, number, start);
    else if (this.stale[side] > 0) {
      const at = address & (rowBytes - 1) & -lineBytes;
      this.copyOf(side, number)?.bytes.set(this.arena.u8.subarray(start + at, start + at + lineBytes), at);
    }
    this.arena.u8[this.markAt(address)]! |= side;
    this.use(side, number);
    i32[FLASH_ROWS.CHANGES >> 2]!++;
    if (side === KIND.DATA) i32[FLASH_ROWS.DATA_MISSES >> 2]!++;
  }
  /** Rows of this memory may be replaced by the interpreter's module. */
  private know({ base, bytes, host }: FlashPlace): void {
    const { i32 } = this;
    i32[FLASH_ROWS.FROM >> 2] = base;
    i32[FLASH_ROWS.BYTES >> 2] = bytes;
    i32[FLASH_ROWS.DELTA >> 2] = host - base;
    if (host < this.low) this.low = host;
    if (host + bytes > this.high) this.high = host + bytes;
  }
  /** Another memory may show where rows came from. */
  forgetPlace(): void {
    this.i32[FLASH_ROWS.BYTES >> 2] = 0;
  }
  private placeOf(side: Side, number: number): number {
    for (let place = 0; place < this.count[side]; place++) if (this.numberOf(side, place) === number) return place;
    return -1;
  }
  private copyOf(side: Side, number: number): Copy | null {
    return this.copies[side].get(this.placeOf(side, number)) ?? null;
  }
  private setCopy(side: Side, place: number, copy: Copy | null): void {
    if (copy === null) this.copies[side].delete(place);
    else this.copies[side].set(place, copy);
    this.i32[FLASH_ROWS.COPIES >> 2] = this.copies[KIND.CODE].size + this.copies[KIND.DATA].size;
  }
  /** Place of the row that was used longest ago. */
  private oldest(side: Side): number {
    const waiting = this.waiting[side];
    const at = waiting.next();
    if (at >= 0) return at;
    waiting.look(this.i32[(this.base + S.TOUCHES) >> 2]!);
    return waiting.next();
  }
  /** A free place, or that of the row which was used longest ago, takes another row. Loops miss often: where all rows are in use it has to be cheap. */
  private replace(side: Side, number: number, host: number): void {
    let place = this.count[side];
    if (place < this.most(side)) this.count[side]++;
    else this.drop(side, (place = this.oldest(side)));
    this.i32[this.numberAt(side, place)] = number;
    this.i32[this.hostAt(side, place)] = host;
  }
  private drop(side: Side, place: number): void {
    const { rowBytes, lineBytes } = this.geometry;
    const number = this.numberOf(side, place);
    for (let i = 0; i < rowBytes; i += lineBytes) this.arena.u8[this.markAt(number * rowBytes + i)]! &= ~side;
    this.i32[this.stampAt(side, number)] = 0;
    const copy = this.copies[side].get(place);
    if (!copy) return;
    this.setCopy(side, place, null);
    if (!copy.stale) return;
    this.stale[side]--;
    this.port.staleChanged(side, this.hostOf(side, place), rowBytes);
  }
  /** ICRST, DCRST, a reset. */
  flush(side: Side): void {
    this.i32[FLASH_ROWS.CHANGES >> 2]!++;
    const places = this.places(side);
    this.count[side] = 0;
    for (const place of places) this.drop(side, place);
    this.waiting[side].forget();
  }

  /**
   * Flash is about to change: rows keep what they hold. But programming writes its bytes into the data cache as well (RM0090 3.6.4, RM0351 3.3.6: "programming
   * and caches"); an erase does not.
   */
  memoryChanged(host: number, bytes: number, programmed?: Uint8Array): void {
    if (host >= this.high || host + bytes <= this.low) return;
    const { rowBytes } = this.geometry;
    for (const side of SIDES)
      for (let place = 0; place < this.count[side]; place++) {
        const start = this.hostOf(side, place);
        if (start >= host + bytes || start + rowBytes <= host) continue;
        const copy = this.copies[side].get(place);
        if (side === KIND.DATA && programmed) {
          if (copy?.stale) this.update(place, copy, host, programmed);
          continue;
        }
        if (copy?.stale) continue;
        this.setCopy(side, place, { bytes: this.arena.u8.slice(start, start + rowBytes), stale: true, told: copy?.told ?? false });
        this.stale[side]++;
        this.port.staleChanged(side, start, rowBytes);
      }
  }
  /** A stale row of the data cache takes bytes that are being programmed; it is not stale if all its lines are then as memory will be. */
  private update(place: number, copy: Copy, host: number, programmed: Uint8Array): void {
    const { rowBytes, lineBytes } = this.geometry;
    const start = this.hostOf(KIND.DATA, place);
    const address = this.numberOf(KIND.DATA, place) * rowBytes;
    let same = true;
    for (let i = 0; i < rowBytes; i++) {
      const byte = programmed[start + i - host];
      if (byte !== undefined) copy.bytes[i] = byte;
      const held = (this.arena.u8[this.markAt(address + (i & -lineBytes))]! & KIND.DATA) !== 0;
      if (held && copy.bytes[i] !== (byte ?? this.arena.u8[start + i])) same = false;
    }
    if (!same) return;
    copy.stale = false;
    this.stale[KIND.DATA]--;
    this.port.staleChanged(KIND.DATA, start, rowBytes);
  }
  /** Value that a stale row holds, -1 where none does. */
  staleValue(side: Side, address: number, size: 1 | 2 | 4): number {
    if (this.stale[side] === 0 || (this.arena.u8[this.markAt(address)]! & side) === 0) return -1;
    const copy = this.copyOf(side, (address & FLASH_CACHE_MASK) >>> this.rowShift);
    if (!copy?.stale) return -1;
    const offset = address & (this.geometry.rowBytes - 1);
    let value = 0;
    for (let i = 0; i < size; i++) value += copy.bytes[offset + i]! * 2 ** (8 * i);
    return value;
  }

  /** The value has been used: true the first time that a row shows something else than memory. */
  tells(side: Side, address: number, size: 1 | 2 | 4): boolean {
    const place = this.placeOf(side, (address & FLASH_CACHE_MASK) >>> this.rowShift);
    const copy = this.copies[side].get(place);
    if (!copy?.stale || copy.told) return false;
    const at = address & (this.geometry.rowBytes - 1);
    const host = this.hostOf(side, place);
    for (let i = at; i < at + size; i++) if (copy.bytes[i] !== this.arena.u8[host + i]) copy.told = true;
    return copy.told;
  }

  /** Rows of data in their order of use, with what is held of each; null while one shows something else than memory. */
  dataRows(): Int32Array | null {
    if (this.stale[KIND.DATA] > 0) return null;
    const { u8 } = this.arena;
    return Int32Array.from(
      this.inOrder(KIND.DATA).flatMap((place) => {
        const number = this.numberOf(KIND.DATA, place);
        const held = this.linesOf(number).reduce((bits, line) => (bits << 1) | (u8[this.markAt(line)]! & KIND.DATA ? 1 : 0), 0);
        return [number, held];
      }),
    );
  }

  /** Rows used since their uses had got to a number (S.TOUCHES); null while one shows something else than memory. */
  usedSince(touches: number): RowUse | null {
    if (this.stale[KIND.CODE] > 0 || this.stale[KIND.DATA] > 0) return null;
    const { i32, arena } = this;
    const used: { side: Side; number: number; stamp: number }[] = [];
    for (const side of SIDES)
      for (const place of this.places(side)) {
        const number = this.numberOf(side, place);
        const stamp = this.stampAt(side, number);
        if (i32[stamp]! > touches) used.push({ side, number, stamp });
      }
    used.sort((a, b) => i32[a.stamp]! - i32[b.stamp]!);
    const marks = used.flatMap(({ side, number }) =>
      this.linesOf(number)
        .map((line) => this.markAt(line))
        .filter((at) => (arena.u8[at]! & side) !== 0)
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
    const { i32 } = this;
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
      this.places(side).map((place) => {
        const row = this.numberOf(side, place);
        const copy = this.copies[side].get(place);
        return {
          row,
          host: this.hostOf(side, place),
          bytes: copy?.stale ? copy.bytes.slice() : NO_BYTES,
          stale: copy?.stale ?? false,
          told: copy?.told ?? false,
          used: this.useOf(side, place),
          marks: this.linesOf(row).map((a) => this.arena.u8[this.markAt(a)]! & side),
        };
      });
    return { code: saved(KIND.CODE), data: saved(KIND.DATA) };
  }
  restore(s: FlashCacheSnapshot): void {
    const { i32 } = this;
    const { rowBytes } = this.geometry;
    for (const side of SIDES) {
      this.flush(side);
      for (const { row, host, bytes, stale, told, used, marks } of side === KIND.CODE ? s.code : s.data) {
        const place = this.count[side]++;
        i32[this.numberAt(side, place)] = row;
        i32[this.hostAt(side, place)] = host;
        this.low = Math.min(this.low, host);
        this.high = Math.max(this.high, host + rowBytes);
        i32[this.stampAt(side, row)] = used;
        this.linesOf(row).forEach((a, i) => (this.arena.u8[this.markAt(a)]! |= marks[i]!));
        if (!stale && !told) continue;
        const copy = { bytes: new Uint8Array(rowBytes), stale, told };
        copy.bytes.set(bytes);
        this.setCopy(side, place, copy);
        if (!stale) continue;
        this.stale[side]++;
        this.port.staleChanged(side, host, rowBytes);
      }
    }
  }
  /** First addresses of a row's lines. */
  private linesOf(row: number): number[] {
    const { rowBytes, lineBytes } = this.geometry;
    return Array.from({ length: rowBytes / lineBytes }, (_, i) => row * rowBytes + i * lineBytes);
  }
}
