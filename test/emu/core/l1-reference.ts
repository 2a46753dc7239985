/** A Cortex-M7 data cache as a small model of its own: four ways, 128 sets, 32-byte lines, an invalid way first, then round robin. */
const LINE = 32;
const SETS = 128;

interface Line {
  readonly address: number;
  readonly bytes: Uint8Array;
  dirty: boolean;
}
/** Memory behind the cache: by address, and whether a line that is not there is taken in by a write, or written back at all. */
export interface Behind {
  read(address: number): number;
  write(address: number, value: number): void;
  /** Read-only memory is cached write-through without write-allocate. */
  readOnly(address: number): boolean;
}

export class ReferenceCache {
  private readonly sets = Array.from({ length: SETS }, () => ({ ways: [null, null, null, null] as (Line | null)[], next: 0 }));
  private readonly behind: Behind;
  loadMisses = 0;

  constructor(behind: Behind) {
    this.behind = behind;
  }
  private setOf(address: number) {
    return this.sets[(address >>> 5) % SETS]!;
  }
  private find(address: number): Line | null {
    return this.setOf(address).ways.find((l) => l !== null && l.address === address - (address % LINE)) ?? null;
  }
  private fill(address: number): Line {
    const start = address - (address % LINE);
    const line: Line = { address: start, bytes: Uint8Array.from({ length: LINE }, (_, i) => this.behind.read(start + i)), dirty: false };
    const set = this.setOf(address);
    let way = set.ways.indexOf(null);
    if (way < 0) {
      way = set.next;
      set.next = (set.next + 1) % 4;
      this.writeBack(set.ways[way]!);
    }
    set.ways[way] = line;
    return line;
  }
  private writeBack(line: Line): void {
    if (line.dirty) line.bytes.forEach((b, i) => this.behind.write(line.address + i, b));
    line.dirty = false;
  }
  /** One access on the bus: `size` bytes, naturally aligned. */
  load(address: number, size: number): number {
    let line = this.find(address);
    if (!line) {
      this.loadMisses++;
      line = this.fill(address);
    }
    let value = 0;
    for (let i = 0; i < size; i++) value += line.bytes[(address % LINE) + i]! * 2 ** (8 * i);
    return value;
  }
  store(address: number, size: number, value: number): void {
    if (this.behind.readOnly(address)) return;
    const line = this.find(address) ?? this.fill(address);
    for (let i = 0; i < size; i++) line.bytes[(address % LINE) + i] = value >>> (8 * i);
    line.dirty = true;
  }
  /** By address. */
  maintain(address: number, clean: boolean, invalidate: boolean): void {
    const set = this.setOf(address);
    const way = set.ways.findIndex((l) => l !== null && l.address === address - (address % LINE));
    if (way >= 0) this.maintainWay((address >>> 5) % SETS, way, clean, invalidate);
  }
  maintainWay(set: number, way: number, clean: boolean, invalidate: boolean): void {
    const { ways } = this.sets[set]!;
    const line = ways[way];
    if (!line) return;
    if (clean) this.writeBack(line);
    if (invalidate) ways[way] = null;
  }
}
