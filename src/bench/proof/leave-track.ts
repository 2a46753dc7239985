/**
 * What a program does after a leave or a reset, as far as two runs of it can be held side by side: its stores to peripherals in Thread mode, by
 * instruction and address, and where its exceptions went. Values, and the rounds of a waiting loop, may differ.
 */
import { EXC } from '../../emu/core/arm/scs-state.ts';
import type { Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';

/** Stores that are kept: a program that goes another way does so while it starts. */
const MOST = 4000;

interface Store {
  readonly pc: number;
  readonly address: number;
  readonly at: Ps;
}
interface Taken {
  readonly handler: number;
  readonly pc: number;
  readonly at: Ps;
}

/** Where two runs of a program go different ways; times since their start in ps. */
export interface Parting {
  readonly at: Ps;
  readonly kind: 'store' | 'exception' | 'end';
  /** After the leave: the instruction, and the address of the store or of the handler. */
  readonly pc: number;
  readonly address: number | null;
  /** From reset, at the same place; null where nothing came any more. */
  readonly reset: { readonly pc: number; readonly address: number } | null;
  /** Number of the exception. */
  readonly exception: number | null;
}

export interface Track {
  /** Exceptions that handlers of the program served, how often. */
  readonly served: Map<number, number>;
  readonly stores: readonly Store[];
  readonly first: ReadonlyMap<number, Taken>;
  /** Where this track leaves that of the run from reset; null if it does not. */
  partsFrom(reset: Track): Parting | null;
  /** How many of its stores are those of the other one, from the first on; null: all that both have seen. */
  together(reset: Track): number | null;
  /** Stores are not watched any more. */
  endStores(): void;
  /** Nothing is. */
  end(): void;
}

/** Watches from now on. */
export function watchLeave(s: Session): Track {
  const { machine } = s;
  const start = machine.now;
  const stores: Store[] = [];
  const served = new Map<number, number>();
  const first = new Map<number, Taken>();
  const { observer } = machine;
  const repairs = machine.setRepairs(null);
  machine.setRepairs({
    // what is changed on the way stays changed
    ...repairs,
    pages: repairs?.pages ?? new Set(),
    everyDeviceWrite: true,
    write: (core, address, size, value) => {
      const through = repairs?.write?.(core, address, size, value) ?? value;
      if (core !== machine.bootCore || core.zone !== 'user' || core.arm.ipsr !== 0 || stores.length >= MOST) return through;
      const { pc } = core;
      const last = stores.at(-1);
      if (last?.pc !== pc || last.address !== address) stores.push({ pc, address, at: core.now() - start });
      return through;
    },
  });
  // a buffered store that the bus refuses: the core has gone on when its fault is taken
  let refused: number | null = null;
  machine.observer = {
    ...observer,
    faulted: (core, kind, address, pc) => {
      observer.faulted?.(core, kind, address, pc);
      if (core === machine.bootCore) refused = kind === 'bus-data-imprecise' ? pc : null;
    },
    exception: (core, exception, handler, next) => {
      observer.exception?.(core, exception, handler, next);
      if (core !== machine.bootCore) return;
      const pc = exception === EXC.HARDFAULT || exception === EXC.BUSFAULT ? (refused ?? next) : next;
      if (core.zoneAt(handler & ~1) === 'user') served.set(exception, (served.get(exception) ?? 0) + 1);
      if (!first.has(exception)) first.set(exception, { handler: handler & ~1, pc, at: core.now() - start });
    },
  };
  return {
    served,
    stores,
    first,
    partsFrom: (reset) => earliest(partingStore(stores, reset.stores), partingException(first, reset.first)),
    together: (reset) => {
      const both = together(stores, reset.stores);
      // one that merely ends earlier may do so because it is full
      return both < reset.stores.length && (both < stores.length || stores.length < MOST) ? both : null;
    },
    endStores: () => void machine.setRepairs(repairs),
    end: () => {
      machine.observer = observer;
      machine.setRepairs(repairs);
    },
  };
}

const isSame = (a: Store, b: Store): boolean => a.pc === b.pc && a.address === b.address;
function together(ours: readonly Store[], reset: readonly Store[]): number {
  const parted = ours.findIndex((store, i) => reset[i] === undefined || !isSame(store, reset[i]));
  return parted < 0 ? ours.length : parted;
}
function partingStore(ours: readonly Store[], reset: readonly Store[]): Parting | null {
  const both = together(ours, reset);
  const [a, b] = [ours[both], reset[both]];
  if (a && b) return { at: a.at, kind: 'store', pc: a.pc, address: a.address, reset: { pc: b.pc, address: b.address }, exception: null };
  // a track that merely ends earlier may do so because its window does
  const last = ours.at(-1);
  if (!b || !last || ours.length >= MOST) return null;
  return { at: last.at, kind: 'end', pc: last.pc, address: null, reset: { pc: b.pc, address: b.address }, exception: null };
}

function partingException(ours: ReadonlyMap<number, Taken>, reset: ReadonlyMap<number, Taken>): Parting | null {
  let found: Parting | null = null;
  for (const [exception, taken] of ours) {
    const other = reset.get(exception);
    if (other?.handler === taken.handler || (found && found.at <= taken.at)) continue;
    const there = other ? { pc: other.pc, address: other.handler } : null;
    found = { at: taken.at, kind: 'exception', pc: taken.pc, address: taken.handler, reset: there, exception };
  }
  return found;
}

/** A track that ends is less than one that goes elsewhere. */
function earliest(a: Parting | null, b: Parting | null): Parting | null {
  if (!a || !b) return a ?? b;
  if (a.kind === 'end') return b;
  return b.at <= a.at ? b : a;
}
