/**
 * What has happened since power-on, as far as a diagnosis needs it: every change of a register with who made it, entries into system memory,
 * resets, a timeline. Plain data in immutable chunks, so that a checkpoint shares it.
 */
import type { GuestFact, Refusal, ResetCause } from './component.ts';
import type { Ps } from './time.ts';

export type WriterKind = 'cpu' | 'exception' | 'dma' | 'debugger' | 'scenario';

/** One write that changed something. `seq` counts all writes to blocks and special registers since power-on, in order. */
export interface WriteRecord {
  readonly seq: number;
  readonly at: Ps;
  readonly core: number;
  readonly pc: number;
  /** LR at that instruction: where its function returns to, if it is one that calls none. */
  readonly lr: number;
  readonly kind: WriterKind;
  /** Bus address of the store, or null for special registers. */
  readonly address: number | null;
  /** What a special register held behind it. */
  readonly value?: number;
}

/** A store of a program that had no effect, or not all of it: the first of these by one instruction to one address. */
export interface LostWrite extends WriteRecord {
  readonly block: string;
  /** What was written to: `FLASH.OPTCR`, or an address in a memory. */
  readonly target: string;
  readonly address: number;
  readonly why: Refusal;
  /** The bit that refused it, where it is one of the block; of option bytes, the one that programs them. */
  readonly lock: string | null;
  /** Text of the note that came with it. */
  readonly note: string;
  /** How often up to now, and when last. */
  readonly count: number;
  readonly last: Ps;
}

/** Register file of a core at an instant, by lower-case name. */
export type RegisterFile = Readonly<Record<string, number>>;

export interface EntryRecord {
  readonly at: Ps;
  readonly core: number;
  readonly address: number;
  readonly how: 'branch' | 'exception' | 'boot';
  readonly fromPc: number | null;
  readonly registers: RegisterFile;
  /** Instructions retired by the core before the first one in system memory. */
  readonly retired: number;
  readonly reached: boolean;
}

export interface ResetRecord {
  readonly at: Ps;
  readonly by: ResetCause;
  readonly flags: readonly string[];
  /** Instruction that asked for it, or that was interrupted; null at power-on. */
  readonly fromPc: number | null;
  /** LR at that instruction. */
  readonly fromLr?: number | null;
  readonly core: number;
  /** The scenario made it. */
  readonly external: boolean;
  /** The core waited for flash that was being programmed or erased. */
  readonly waited?: boolean;
  /** What firmware finds again behind it, as a digest; undefined where nobody looked. */
  readonly kept?: string;
}

export interface TimelineRecord {
  readonly at: Ps;
  readonly cycle: number | null;
  readonly kind: string;
  readonly text: string;
  readonly pc: number | null;
  readonly core: number;
  /** What a note that came with it is about. */
  readonly about?: GuestFact;
  count: number;
}

/** Instructions that lose writes; more are not kept. */
const MAX_LOST = 200;
const CHUNK = 256;
const MAX_TIMELINE = 2000;
/** A tick whose handler lies in system memory makes a thousand entries a second: of more than these the first and the last are kept. */
const MAX_ENTRIES = 400;
const FIRST_ENTRIES = 100;

/** Append-only list in chunks; copying it shares the full chunks. */
class Log<T> {
  private chunks: T[][] = [[]];
  length = 0;

  push(item: T): number {
    let last = this.chunks[this.chunks.length - 1]!;
    if (last.length === CHUNK) this.chunks.push((last = []));
    last.push(item);
    return this.length++;
  }
  at(i: number): T | undefined {
    return this.chunks[Math.floor(i / CHUNK)]?.[i % CHUNK];
  }
  last(): T | undefined {
    return this.at(this.length - 1);
  }
  replaceLast(item: T): void {
    this.chunks[this.chunks.length - 1]![(this.length - 1) % CHUNK] = item;
  }
  toArray(): T[] {
    return this.chunks.flat();
  }
  copy(): Log<T> {
    const c = new Log<T>();
    c.chunks = this.chunks.map((chunk, i) => (i === this.chunks.length - 1 ? chunk.slice() : chunk));
    c.length = this.length;
    return c;
  }
}

/** The last change of a special register, which becomes a record when somebody asks: critical sections make millions that nobody asks for. */
class SpecialChange {
  /** Bits that it changed; 0: it is in `list`. */
  bits = 0;
  seq = 0;
  at: Ps = 0;
  pc = 0;
  lr = 0;
  value = 0;
  kind: WriterKind = 'cpu';
  private readonly core: number;
  private readonly list: (WriteRecord | null)[];

  constructor(core: number, list: (WriteRecord | null)[]) {
    this.core = core;
    this.list = list;
  }
  settle(): void {
    if (this.bits === 0) return;
    const { seq, at, core, pc, lr, kind, value } = this;
    markBits(this.list, this.bits, { seq, at, core, pc, lr, kind, address: null, value });
    this.bits = 0;
  }
}

export class History {
  entries: EntryRecord[] = [];
  /** Those in between that were dropped included. */
  entryCount = 0;
  resets: ResetRecord[] = [];
  timeline = new Log<TimelineRecord>();
  /** Writes without effect, oldest first. */
  lost: LostWrite[] = [];
  /** Writes to blocks and special registers so far. */
  seq = 0;
  /** Stores of bus masters so far. */
  transfers = 0;
  /** Events that were no more than a repeat of the one before. */
  repeats = 0;
  /**
   * The last change of each bit, null = reset or hardware; by `BLOCK.REG`. Nothing else holds a record: firmware that masks and unmasks
   * interrupts for minutes (an RTOS waiting for work) makes millions of them.
   */
  private bits = new Map<string, (WriteRecord | null)[]>();
  /** The same for registers that firmware programs for after a reset (option bytes): the last change before one. */
  private before = new Map<string, (WriteRecord | null)[]>();

  enter(entry: EntryRecord): void {
    this.entryCount++;
    this.entries.push(entry);
    if (this.entries.length > MAX_ENTRIES) this.entries.splice(FIRST_ENTRIES, 1);
  }
  /** The first instruction behind the last entry did not run. */
  notReached(): void {
    this.entries.push({ ...this.entries.pop()!, reached: false });
  }
  /** Somebody has changed what the last entry is handed. */
  handed(registers: RegisterFile): void {
    this.entries.push({ ...this.entries.pop()!, registers });
  }
  /** What the last reset left. */
  keepsBehindReset(kept: string): void {
    this.resets.push({ ...this.resets.pop()!, kept });
  }
  /** Bits `changed` of a register have changed; `write` is null when the hardware did it. */
  mark(register: string, changed: number, write: WriteRecord | null): void {
    if (write !== null || this.bits.has(register)) markBits(this.bitsOf(register), changed, write);
  }
  /** The same of a special register of a core, by its own name. */
  markSpecial(register: string, old: number, value: number, core: number): SpecialChange {
    const changed = old ^ value;
    const known = (this.special[core] ??= new Map<string, SpecialChange>());
    let change = known.get(register);
    if (!change) known.set(register, (change = new SpecialChange(core, this.bitsOf(`CPU${core === 0 ? '' : core}.${register}`))));
    if ((change.bits & ~changed) !== 0) change.settle();
    change.bits = changed;
    change.value = value;
    return change;
  }
  /** By core and name of the register there: a name that is put together at each change takes longer than all else. */
  private readonly special: Map<string, SpecialChange>[] = [];
  private settle(): void {
    for (const known of this.special) for (const change of known?.values() ?? []) change.settle();
  }
  private bitsOf(register: string): (WriteRecord | null)[] {
    let list = this.bits.get(register);
    if (!list) this.bits.set(register, (list = new Array<WriteRecord | null>(32).fill(null)));
    return list;
  }
  /** The last instruction that changed one of the bits in `mask`, or null if reset or hardware did. */
  lastWriter(register: string, mask = 0xffffffff): WriteRecord | null {
    this.settle();
    return newest(this.bits.get(register), mask);
  }
  /** The same for a register that was to be remembered, from before the last reset behind which nobody changed it. */
  lastWriterBeforeReset(register: string, mask = 0xffffffff): WriteRecord | null {
    return newest(this.before.get(register), mask);
  }
  /** A reset is about to clear these registers: who changed them last stays known behind it. */
  remember(registers: ReadonlySet<string>): void {
    this.settle();
    for (const register of registers) {
      const list = this.bits.get(register);
      const old = this.before.get(register);
      if (list)
        this.before.set(
          register,
          list.map((w, bit) => w ?? old?.[bit] ?? null),
        );
    }
  }
  /** A reset put everything but the backup domain back by itself. */
  forget(keep: (register: string) => boolean): void {
    this.settle();
    for (const [register, list] of this.bits) if (!keep(register)) list.fill(null);
  }
  /** A store had no effect. `first`: its record, where it is the first of its kind: firmware may make millions of them. */
  lose(pc: number, address: number, why: Refusal, at: Ps, first: () => Omit<LostWrite, 'count' | 'last'>): void {
    const known = this.lost.findIndex((l) => l.pc === pc && l.address === address && l.why === why);
    if (known >= 0) this.lost[known] = { ...this.lost[known]!, count: this.lost[known]!.count + 1, last: at };
    else if (this.lost.length < MAX_LOST) this.lost.push({ ...first(), count: 1, last: at });
  }
  event(e: Omit<TimelineRecord, 'count'>): void {
    const last = this.timeline.last();
    if (last && last.kind === e.kind && last.text === e.text && last.core === e.core) {
      this.repeat(1);
      return;
    }
    if (this.timeline.length < MAX_TIMELINE) this.timeline.push({ ...e, count: 1 });
  }
  /** The last event happens again, `times` times. */
  repeat(times: number): void {
    const last = this.timeline.last();
    if (!last || times <= 0) return;
    this.timeline.replaceLast({ ...last, count: last.count + times });
    this.repeats += times;
  }
  copy(): History {
    this.settle();
    const h = new History();
    h.entries = this.entries.slice();
    h.entryCount = this.entryCount;
    h.resets = [...this.resets];
    h.lost = [...this.lost];
    h.timeline = this.timeline.copy();
    h.seq = this.seq;
    h.transfers = this.transfers;
    h.repeats = this.repeats;
    h.bits = new Map([...this.bits].map(([k, v]) => [k, v.slice()]));
    h.before = new Map(this.before);
    return h;
  }
}

function markBits(list: (WriteRecord | null)[], changed: number, write: WriteRecord | null): void {
  for (let rest = changed >>> 0; rest !== 0; rest &= rest - 1) list[31 - Math.clz32(rest & -rest)] = write;
}
function newest(list: readonly (WriteRecord | null)[] | undefined, mask: number): WriteRecord | null {
  let best: WriteRecord | null = null;
  for (let bit = 0; list && bit < 32; bit++) {
    const w = mask & (1 << bit) ? list[bit]! : null;
    // A scenario's write has the number of the access before it.
    if (w && (!best || w.seq > best.seq || (w.seq === best.seq && w.at > best.at))) best = w;
  }
  return best;
}
