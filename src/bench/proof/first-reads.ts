/**
 * What a program that a leave has started reads before it writes there, and which of these reads decides how it goes on: the run again, with one of them answered as after a reset,
 * or as at power-on.
 */
import { atMost, MOST } from '../documents/bounds.ts';
import { locate } from '../../checks/families.ts';
import type { Writer } from '../../checks/check.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { writerAt } from '../slice/window.ts';

export interface FirstRead {
  /** `RCC.CFGR`, `RTC.BKP0R`; null in RAM. */
  readonly register: string | null;
  readonly address: number;
  readonly size: number;
  readonly value: number;
  /** What the program reads instead where it goes the other way. */
  readonly instead: number;
  readonly reader: Writer;
  /** The same code stores to it next: what it reads is what it keeps. */
  readonly writtenBack?: true;
}

/** A program that goes another way because of what it reads does so while it starts. */
export const WATCHED = 200 * MS;

/** What user code reads first, before it has written there, of the addresses that `instead` has another value for; in their order. `begin`: what happens to the chip first. */
export function firstReads(
  s: Session,
  from: Checkpoint,
  pages: ReadonlySet<number>,
  instead: (address: number, size: number, value: number) => Pick<FirstRead, 'register' | 'instead'> | null,
  over: () => boolean,
  begin: () => void = () => undefined,
): readonly FirstRead[] {
  const { machine } = s;
  const found = new Map<number, FirstRead>();
  const written = new Set<number>();
  const word = (address: number): number => (address & ~3) >>> 0;
  const read = (core: Core, address: number, size: number): null => {
    if (core.zone !== 'user' || core.hardwareAccess || found.has(address) || written.has(word(address))) return null;
    const value = (core.peek(address, size as 1 | 2 | 4) ?? 0) >>> 0;
    const other = instead(address, size, value);
    if (other === null || other.instead === value) return null;
    if (found.size >= MOST.readFirst) return (s.input.bounds?.leaveOut(`the first ${MOST.readFirst} of what is read first`), null);
    found.set(address, { ...other, address, size, value, reader: writerAt(core, machine.history.seq) });
    return null;
  };
  s.restore(from);
  const end: Ps = machine.now + WATCHED;
  const before = machine.setRepairs({
    pages: new Set(pages),
    everyDeviceWrite: true,
    read,
    write: (core, address, _size, value) => {
      const own = written.has(word(address)) ? undefined : found.get(word(address));
      if (own !== undefined && core.pc > own.reader.pc && core.pc - own.reader.pc <= MODIFIES)
        found.set(own.address, { ...own, writtenBack: true });
      written.add(word(address));
      return value;
    },
  });
  try {
    begin();
    s.run({ until: end, over: () => over() || machine.now >= end, counterfactual: true });
  } finally {
    machine.setRepairs(before);
  }
  return [...found.values()];
}

/** Bytes of code from the read of a register to the store that gives it back with some bits changed. */
const MODIFIES = 40;

/** The read is answered otherwise, until the program writes there. */
export const answered = ({ address, size, instead }: FirstRead): Interceptor => {
  let own = false;
  const isThere = (at: number): boolean => at < address + size && at + 4 > address;
  return {
    pages: new Set([address >>> PAGE_BITS]),
    read: (core, at, bytes) => (!own && core.zone === 'user' && at === address && bytes === size ? instead : null),
    write: (core, at, _bytes, value) => {
      if (core.zone === 'user' && isThere(at)) own = true;
      return value;
    },
  };
};

/** The last of the reads that alone decides; null if none does. */
export function deciding(s: Session, reads: readonly FirstRead[], works: (change: () => void) => boolean): FirstRead | null {
  const tried = atMost(s.input, MOST.firstReads, 'first reads', reads.toReversed());
  return tried.find((read) => works(() => void s.machine.setRepairs(answered(read)))) ?? null;
}

/** What the program reads first of the registers that are not as after a reset. */
export function changedReads(s: Session, leave: Checkpoint, reset: ReadonlyMap<string, number>): readonly FirstRead[] {
  const { chip } = s.machine;
  const at = new Map([...reset].flatMap(([name, value]) => (locate(chip, name) ? [[locate(chip, name)!.address, { name, value }]] : [])));
  const pages = new Set([...at.keys()].map((address) => address >>> PAGE_BITS));
  const whole = (address: number, size: number): Pick<FirstRead, 'register' | 'instead'> | null => {
    const register = size === 4 ? at.get(address) : undefined;
    return register === undefined ? null : { register: register.name, instead: register.value };
  };
  return firstReads(s, leave, pages, whole, () => false);
}
