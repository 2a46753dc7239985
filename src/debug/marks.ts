/** Marks on the way of a machine, bounded by what they hold: the oldest ones are dropped. */
import type { Checkpoint } from '../emu/machine-base.ts';
import type { Ps } from '../emu/time.ts';

export interface Mark {
  readonly at: Ps;
  /** Instructions of each core until then. */
  readonly retired: readonly number[];
  readonly checkpoint: Checkpoint;
  readonly edit: boolean;
}
interface Kept {
  readonly mark: Mark;
  /** What it holds beside the contents of pages, and the mark before it does not. */
  readonly bytes: number;
  /** Of its pages. */
  readonly buffers: ReadonlySet<ArrayBufferLike>;
}

/** More marks than this that no edit made are thinned: every second one of the older half goes. */
const PLAIN_KEPT = 96;
/** What V8 takes for an object beside its fields, and for a field. */
const OBJECT = 32;
const FIELD = 8;
/** An entry of the list of pages. */
const PAGE = 64;

export class Marks {
  /** Some that were older were dropped for their size. */
  forgot = false;
  private kept: Kept[] = [];
  /** Of those that no edit made. */
  private plain = 0;
  /** Marks share what has not changed in between: each buffer of pages is held by so many. */
  private readonly holders = new Map<ArrayBufferLike, number>();
  private bytes = 0;
  private readonly limit: number;
  /** Objects of the last mark. */
  private seen: ReadonlySet<object> = new Set();

  /** @param limit bytes; the last two marks are kept in any case */
  constructor(limit: number) {
    this.limit = limit;
  }

  get length(): number {
    return this.kept.length;
  }
  get plainOnes(): number {
    return this.plain;
  }
  at(i: number): Mark | undefined {
    return this.kept.at(i)?.mark;
  }
  findLast(wanted: (mark: Mark) => boolean): Mark | undefined {
    return this.kept.findLast(({ mark }) => wanted(mark))?.mark;
  }

  push(mark: Mark): void {
    const { pages, ...rest } = mark.checkpoint;
    const found = new Weight(this.seen);
    found.add(rest);
    this.seen = found.seen;
    this.hold({ mark, bytes: found.bytes + pages.size * PAGE, buffers: buffersOf(pages) });
    if (this.plain > PLAIN_KEPT) this.thin();
    while (this.bytes > this.limit && this.length > 2) {
      this.release(this.kept.shift()!);
      this.forgot = true;
    }
  }
  pop(): void {
    const last = this.kept.pop();
    if (last) this.release(last);
    this.seen = new Set();
  }
  /** All behind a mark go. */
  cutBehind(mark: Mark): void {
    while (this.length > 0 && this.at(-1) !== mark) this.pop();
  }
  clear(): void {
    this.forgot = false;
    while (this.length > 0) this.pop();
  }

  private thin(): void {
    const half = this.length / 2;
    const all = this.kept;
    this.kept = all.filter(({ mark }, i) => mark.edit || i % 2 === 0 || i > half);
    const left = new Set(this.kept);
    for (const kept of all) if (!left.has(kept)) this.release(kept);
  }
  private hold(kept: Kept): void {
    this.kept.push(kept);
    if (!kept.mark.edit) this.plain++;
    this.bytes += kept.bytes;
    for (const buffer of kept.buffers) {
      const holders = this.holders.get(buffer) ?? 0;
      if (holders === 0) this.bytes += buffer.byteLength;
      this.holders.set(buffer, holders + 1);
    }
  }
  private release({ mark, bytes, buffers }: Kept): void {
    if (!mark.edit) this.plain--;
    this.bytes -= bytes;
    for (const buffer of buffers) {
      const holders = this.holders.get(buffer)! - 1;
      if (holders > 0) this.holders.set(buffer, holders);
      else {
        this.holders.delete(buffer);
        this.bytes -= buffer.byteLength;
      }
    }
  }
}

/** What a checkpoint holds beside pages: plain data, lists, maps and buffers. */
class Weight {
  bytes = 0;
  readonly seen = new Set<object>();
  private readonly known: ReadonlySet<object>;

  /** @param known objects of the mark before: with all that is in them they are counted there */
  constructor(known: ReadonlySet<object>) {
    this.known = known;
  }

  add(value: unknown): void {
    this.bytes += FIELD;
    if (typeof value === 'string') this.bytes += value.length;
    if (typeof value !== 'object' || value === null || this.seen.has(value)) return;
    this.seen.add(value);
    if (this.known.has(value)) return;
    this.bytes += OBJECT;
    if (ArrayBuffer.isView(value)) this.bytes += value.byteLength;
    else if (value instanceof Map)
      for (const [key, item] of value) {
        this.add(key);
        this.add(item);
      }
    else if (value instanceof Set || Array.isArray(value)) for (const item of value) this.add(item);
    else for (const item of Object.values(value)) this.add(item);
  }
}
function buffersOf(pages: Checkpoint['pages']): ReadonlySet<ArrayBufferLike> {
  return new Set([...pages.values()].flatMap(({ bytes, words }) => [bytes.buffer, words.buffer]));
}
