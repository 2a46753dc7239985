/**
 * Who stored to a word last: the run is repeated from checkpoint to checkpoint, the latest first, with a watch on the word. A watch makes each access to its page slow, so of a
 * long stretch only those slices are watched in which the word has changed, and the last ones.
 */
import type { Writer } from '../../checks/check.ts';
import { PAGE_BITS, WORD_MAP } from '../../emu/arena.ts';
import type { Interceptor } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { isByStack } from '../session/by-stack.ts';
import type { Session } from '../session/session.ts';
import { byMaster, type Master } from './masters.ts';
import { runTo } from './window.ts';

/** Instructions that are repeated under a watch for one word, over all stretches. */
const MOST_INSTRUCTIONS = 20_000_000;
/** Effort: longer stretches are cut into slices. */
const SHORT = 20 * MS;
const SLICES = 64;
const WIDTHS = [1, 2, 4] as const;

export interface Store {
  readonly pc: number;
  readonly lr: number;
  /** Stack pointer in use; null for another master. */
  readonly sp: number | null;
  readonly at: Ps;
  readonly core: number;
  readonly address: number;
  readonly size: number;
  readonly value: number;
  /** Number of the exception whose handler did it, 0 = Thread mode. */
  readonly exception: number;
  /** The core itself did it, stacking an exception. */
  readonly byHardware: boolean;
  /** … or an instruction that goes by the stack. */
  readonly byStack: boolean;
  /** Another bus master did it: then pc and lr are of the instruction that gave it the address. */
  readonly master: Master | null;
}

/** A store that the repeated run has shown is in no history. */
export const writerOf = ({ pc, lr, at, core }: Store): Writer => ({ pc, lr, at, kind: 'cpu', core, seq: -1 });

/** The last store to [address, address + size) before a time, of this value if one is given; null if there was none since power-on. */
export function lastStore(
  s: Session,
  powerOn: Checkpoint,
  address: number,
  size: number,
  before: Ps,
  value?: number,
): Store | null | 'too long' {
  return storesOf(s, powerOn, [{ address, size, ...(value === undefined ? {} : { value }) }], before)[0]!;
}
export interface Stretch {
  readonly address: number;
  readonly size: number;
  /** Only stores of this value count. */
  readonly value?: number;
  /** Only those of exception handlers. */
  readonly byHandler?: true;
}
const isMeant = (of: Stretch, at: number, bytes: number, value: number): boolean =>
  at < of.address + of.size &&
  at + bytes > of.address &&
  (of.value === undefined || (at === of.address && bytes === of.size && value >>> 0 === of.value));
/** The same for several stretches, each with its own answer: what is repeated for one of them is repeated for all at once. */
export function storesOf(s: Session, powerOn: Checkpoint, of: readonly Stretch[], before: Ps): readonly (Store | null | 'too long')[] {
  const starts = [powerOn, ...s.trail, s.entryCheckpoint, s.faultCheckpoint]
    .filter((c): c is Checkpoint => c !== null && c.system.now < before)
    .sort((a, b) => b.system.now - a.system.now);
  const stores = of.map((): Store | null => null);
  let end = before;
  let spent = 0;
  for (const start of starts) {
    if (stores.every((x) => x !== null)) break;
    if (spent > MOST_INSTRUCTIONS) return stores.map((store) => store ?? 'too long');
    if (start.system.now >= end) continue;
    for (const slice of slicesOf(s, start, end, of, stores)) spent += searchBetween(s, slice.start, slice.end, of, stores);
    end = start.system.now;
  }
  return stores;
}

interface Slice {
  readonly start: Checkpoint;
  readonly end: Ps;
}
/**
 * What is watched of a stretch, the latest first. A long one is run once without a watch: its last slices are worth a look, and of each word that is still sought the last
 * slice in which it changed, and the last at whose end it held the value that is meant.
 */
function slicesOf(s: Session, start: Checkpoint, end: Ps, of: readonly Stretch[], stores: readonly (Store | null)[]): readonly Slice[] {
  const { machine } = s;
  const from = start.system.now;
  if (end - from <= SHORT) return [{ start, end }];
  const missing = of.filter((_, i) => stores[i] === null);
  const changed = new Map<Stretch, Slice>();
  const became = new Map<Stretch, Slice>();
  let recent: (Slice & { readonly instructions: number })[] = [];
  s.keepCheckpoints = false;
  s.restore(start);
  let before = missing.map((w) => heldBy(s, w));
  for (let i = 1; i <= SLICES && machine.now < end; i++) {
    const slice = { start: i === 1 ? start : machine.save(), end: i === SLICES ? end : from + Math.floor(((end - from) * i) / SLICES) };
    const retired = machine.bootCore.retired();
    runTo(s, slice.end);
    const after = missing.map((w) => heldBy(s, w));
    for (const [k, w] of missing.entries()) {
      if (after[k] === before[k]) continue;
      changed.set(w, slice);
      const width = WIDTHS.find((bytes) => bytes === w.size);
      if (width !== undefined && w.value === machine.bootCore.peek(w.address, width)) became.set(w, slice);
    }
    before = after;
    recent = [...recent, { ...slice, instructions: machine.bootCore.retired() - retired }];
    while (recent.length > 1 && recent.reduce((sum, { instructions }) => sum + instructions, 0) > MOST_INSTRUCTIONS) recent.shift();
  }
  const byEnd = new Map([...recent, ...changed.values(), ...became.values()].map((slice) => [slice.end, slice]));
  return [...byEnd.values()].sort((a, b) => b.end - a.end);
}
/** What the bytes of a stretch are, as the core sees them and behind its cache, and whether anything was ever stored there. */
function heldBy({ machine: { system, bootCore } }: Session, { address, size }: Stretch): string {
  const words: (number | null)[] = [];
  for (let at = (address & ~3) >>> 0; at < address + size; at += 4) {
    const region = system.regionAt(at);
    const host = region?.memory ? region.memory.host + at - region.base : null;
    words.push(bootCore.peek(at, 4), bootCore.peekBehindCache(at, 4), host === null ? 0 : system.arena.u8[WORD_MAP + (host >>> 2)]!);
  }
  return words.join();
}

/** Fills in the stores that are still missing; instructions that were run for it. */
function searchBetween(s: Session, start: Checkpoint, end: Ps, of: readonly Stretch[], stores: (Store | null)[]): number {
  const { machine } = s;
  s.keepCheckpoints = false;
  s.restore(start);
  const missing = of.map((_, i) => i).filter((i) => stores[i] === null);
  const watch: Interceptor = {
    pages: new Set(missing.flatMap((i) => [of[i]!.address >>> PAGE_BITS, (of[i]!.address + of[i]!.size - 1) >>> PAGE_BITS])),
    write: (core, at, bytes, value) => {
      if (core.now() >= end) return value;
      for (const i of missing)
        if (isMeant(of[i]!, at, bytes, value) && (of[i]!.byHandler === undefined || core.arm.ipsr !== 0))
          stores[i] = {
            pc: core.pc,
            lr: core.arm.lr,
            sp: core.arm.sp >>> 0,
            at: core.now(),
            core: core.index,
            address: at,
            size: bytes,
            value: value >>> 0,
            exception: core.arm.ipsr,
            byHardware: core.hardwareAccess,
            byStack: isByStack(core),
            master: null,
          };
      return value;
    },
  };
  const observer = machine.observer;
  machine.observer = {
    ...observer,
    busWritten: (block, at, bytes, value) => {
      if (machine.system.now >= end) return;
      for (const i of missing)
        if (of[i]!.byHandler === undefined && isMeant(of[i]!, at, bytes, value))
          stores[i] = { ...byMaster(s, block, at, bytes, value), sp: null, exception: 0, byHardware: false, byStack: false };
    },
  };
  const before = machine.setRepairs(watch);
  const retired = machine.bootCore.retired();
  try {
    runTo(s, end);
  } finally {
    machine.setRepairs(before);
    machine.observer = observer;
  }
  return machine.bootCore.retired() - retired;
}
