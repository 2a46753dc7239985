/**
 * The one linear memory of a machine: CPU state, page tables, memories, the map of written words and decoded code. Both tiers work on
 * it, so switching tiers copies nothing. Untouched parts cost no physical memory.
 */

export const PAGE_BITS = 12;
export const PAGE_SIZE = 1 << PAGE_BITS;

/** CPU state of core i lies at i * CPU_STRIDE. */
export const CPU_STRIDE = 0x1000;
const TABLES_BASE = 0x1_0000;
const TABLE_BYTES = 4 << 20;
/** Per core: read table, write table, fetch table; one word per 4-KiB guest page. */
export const readTableOf = (core: number): number => TABLES_BASE + core * 3 * TABLE_BYTES;
export const writeTableOf = (core: number): number => readTableOf(core) + TABLE_BYTES;
export const fetchTableOf = (core: number): number => readTableOf(core) + 2 * TABLE_BYTES;

/** A decoded page: one 16-byte record per half-word of a 4-KiB code page. */
export const RECORD_BYTES = 16;
export const DECODED_PAGE_BYTES = (PAGE_SIZE / 2) * RECORD_BYTES;

const pageUp = (n: number): number => (n + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);

const MAX_CORES = 2;
/** First byte of the guest memories, the same for every chip so that generated code can hold it as a constant. */
export const MEMORY_BASE = TABLES_BASE + MAX_CORES * 3 * TABLE_BYTES;
const MAX_MEMORY = 32 << 20;
const WORD_MAP_BASE = MEMORY_BASE + MAX_MEMORY;
/** One byte per guest word: 0 = never written since power-on. Index `WORD_MAP + (host >>> 2)`. */
export const WORD_MAP = WORD_MAP_BASE - (MEMORY_BASE >>> 2);
export const DECODED_BASE = WORD_MAP_BASE + (MAX_MEMORY >>> 2);
const DECODED_BYTES = 24 << 20;
/** Slot of the region that begins at a record: one half-word per record, at `REGION_SLOTS + ((record - DECODED_BASE) >>> 3)`. */
export const REGION_SLOTS = DECODED_BASE + DECODED_BYTES;
const LINE_MAP_BASE = REGION_SLOTS + (DECODED_BYTES >>> 3);
/** One byte per 32-byte line of guest memory: way + 1 where the L1 data cache holds it, else 0. Index `LINE_MAP + (host >>> 5)`. */
export const LINE_MAP = LINE_MAP_BASE - (MEMORY_BASE >>> 5);
/** Rows of a flash cache (core/flash-cache.ts) by address: one word per 16 bytes, the number of its last use. */
const CODE_USED = LINE_MAP_BASE + (MAX_MEMORY >>> 5);
export const FLASH_CACHE = { CODE_USED, DATA_USED: CODE_USED + (MAX_MEMORY >>> 2) } as const;
/** One byte per 8 bytes of address: a flash cache holds the line for instructions (1) or data (2). */
export const FLASH_MARK = FLASH_CACHE.DATA_USED + (MAX_MEMORY >>> 2);
const ARENA_BYTES = FLASH_MARK + (MAX_MEMORY >>> 3);

/**
 * L1 caches of the one core that has them, between the cores' pages and the tables: 16 KB data (four ways of 128 sets), 16 KB instructions (two ways
 * of 256 sets), 32-byte lines. Slot = way * sets + set, so that a way of the data cache is laid out as a page of memory.
 */
export const L1 = {
  /** Guest address of the line | 1, or 0; one word per slot. */
  DATA_TAGS: 0x2000,
  /** Where the line lies in the arena, 0 = where no memory is. */
  DATA_HOSTS: 0x2800,
  CODE_TAGS: 0x3000,
  CODE_HOSTS: 0x3800,
  /** One byte per slot: newer than memory. */
  DATA_DIRTY: 0x4000,
  /** One byte per set: the way that is replaced next. */
  DATA_NEXT: 0x4200,
  CODE_NEXT: 0x4280,
  /** One byte per slot: memory has changed since the line was read. */
  CODE_STALE: 0x4400,
  DATA: 0x5000,
  CODE: 0x9000,
  /** First and last byte + 1 of all this. */
  FROM: 0x2000,
  TO: 0xd000,
} as const;
/** Behind them what the same core remembers of branches (core/branch-targets.ts): eight bytes for each, how often any of it has changed, a byte for each set that was looked into. */
export const BRANCH_TARGETS = { ENTRIES: 0xd000, CHANGES: 0xe000, USED: 0xe004 } as const;
/**
 * Which rows a flash cache holds (core/caches/flash-cache.ts), behind those: a table for code, then one for data, at most 64 rows each. The interpreter's module
 * replaces rows in them by itself.
 */
export const FLASH_ROWS = {
  /** Number of the row at each place of a table, and where it lies in the arena. */
  NUMBERS: 0xf000,
  HOSTS: 0xf100,
  /** Places that were used longest ago, oldest first, and the numbers of their use; the first that was not taken yet, and the end. */
  OLDEST: 0xf200,
  OLDEST_USED: 0xf300,
  FIRST: 0xf800,
  END: 0xf804,
  /** Bytes from one table to the next, and from one FIRST to the next. */
  TABLE: 0x400,
  PAIR: 8,
  /** Misses and flushes so far; of these, misses of data. */
  CHANGES: 0xf810,
  DATA_MISSES: 0xf814,
  /** Rows whose bytes were copied, because memory has changed since. */
  COPIES: 0xf818,
  /** Where the memory lies that rows came from last: its first address, its bytes, and from an address to the arena. */
  FROM: 0xf81c,
  BYTES: 0xf820,
  DELTA: 0xf824,
} as const;
/**
 * What a line of the L1 caches costs now, one for each eighth of the address space: of the memory that a line came from last its first address, its bytes (0: none is known),
 * from an address to the arena, and the cycles. Behind them fills and invalidations of both caches so far, but for
 * instruction lines that translated code has read; these; and how many instruction lines hold memory.
 */
export const L1_FILLS = {
  FROM: 0xf830,
  BYTES: 0xf834,
  DELTA: 0xf838,
  CYCLES: 0xf83c,
  EACH: 16,
  CHANGES: 0xf8b0,
  CODE_READS: 0xf8b4,
  CODE_LINES: 0xf8b8,
} as const;

/**
 * Memories of machines that were given up, all zero, for the next ones: making one costs milliseconds and brings the garbage collector on, for it counts as a
 * hundred megabytes.
 */
const spare: WebAssembly.Memory[] = [];
const MAX_SPARE = 2;

export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly view: DataView;
  readonly memoryBase = MEMORY_BASE;
  readonly memoryEnd: number;
  readonly wordMap = WORD_MAP;
  private decodedNext = DECODED_BASE;
  private readonly decodedFree: number[] = [];
  private readonly limit: number;

  /** @param memoryBytes size of all guest memories, at most 32 MiB. */
  constructor(memoryBytes: number) {
    if (memoryBytes > MAX_MEMORY) throw new Error(`${memoryBytes} bytes of memory do not fit the arena`);
    this.memoryEnd = MEMORY_BASE + pageUp(memoryBytes);
    this.limit = DECODED_BASE + DECODED_BYTES;
    this.memory = spare.pop() ?? new WebAssembly.Memory({ initial: Math.ceil(ARENA_BYTES / 65536) });
    const buffer = this.memory.buffer;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.view = new DataView(buffer);
  }

  /** The machine is given up, its page tables are empty: another one may have the memory. */
  release(): void {
    if (spare.length >= MAX_SPARE) return;
    const { u8, memoryEnd } = this;
    u8.fill(0, 0, TABLES_BASE);
    u8.fill(0, MEMORY_BASE, memoryEnd);
    u8.fill(0, WORD_MAP_BASE, WORD_MAP + (memoryEnd >>> 2));
    u8.fill(0, LINE_MAP_BASE, LINE_MAP + (memoryEnd >>> 5));
    u8.fill(0, DECODED_BASE, this.decodedNext);
    u8.fill(0, REGION_SLOTS, REGION_SLOTS + ((this.decodedNext - DECODED_BASE) >>> 3));
    spare.push(this.memory);
  }

  /** A zeroed decoded page, or 0 when there is no room (the caller drops all decoded pages and asks again). */
  takeDecodedPage(): number {
    const reused = this.decodedFree.pop();
    if (reused !== undefined) {
      this.u8.fill(0, reused, reused + DECODED_PAGE_BYTES);
      return reused;
    }
    if (this.decodedNext + DECODED_PAGE_BYTES > this.limit) return 0;
    const page = this.decodedNext;
    this.decodedNext += DECODED_PAGE_BYTES;
    return page;
  }
  freeDecodedPage(page: number): void {
    this.decodedFree.push(page);
  }
}
