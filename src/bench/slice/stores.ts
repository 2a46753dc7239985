/** Who stored to a word last: the run is repeated from checkpoint to checkpoint, the latest first, with a watch on the word. */
import type { Writer } from '../../checks/check.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Interceptor } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { byMaster, type Master } from './masters.ts';
import { runTo } from './window.ts';

/** Instructions that are repeated for one word, over all stretches. */
const MOST_INSTRUCTIONS = 20_000_000;

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
    spent += searchBetween(s, start, end, of, stores);
    end = start.system.now;
  }
  return stores;
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
          stores[i] = { ...byMaster(s, block, at, bytes, value), sp: null, exception: 0, byHardware: false };
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
