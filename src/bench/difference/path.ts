/**
 * What on the way kept the receiver from its goal: writes of the firmware that had no effect, waits that it gave up. All of one kind are put right in one repeated run; if that
 * reaches the goal, the smallest sets that do are searched for.
 */
import { MOST } from '../documents/bounds.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Writer } from '../../checks/check.ts';
import type { Ps } from '../../emu/time.ts';
import type { Interceptor } from '../../emu/core/core.ts';
import { bothIntercept } from '../../emu/core/intercept.ts';
import type { Machine } from '../../emu/machine.ts';
import type { RunResult } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { runFrom, type Attempt } from '../proof/attempt.ts';
import { earlyFlags, onlyCounted, type EarlyFlag } from './early-flag.ts';
import { asWanted, givenUp, type GivenUp } from './gave-up.ts';
import { opening, openingOf, type Opening } from './openings.ts';
import { Tries } from './search.ts';

export type PathCause =
  | { readonly is: 'lost-write'; readonly opening: Opening }
  | { readonly is: 'gave-up'; readonly wait: GivenUp }
  | { readonly is: 'fault'; readonly fault: DataFault }
  | { readonly is: 'state'; readonly flag: EarlyFlag };
/** A load or store that faulted, and whose handler went for the ROM. */
export interface DataFault {
  readonly pc: number;
  readonly address: number;
  /** Where it stands, and who called that. */
  readonly writer: Writer;
  /** What happened, in words. */
  readonly says: string;
  /** `HardFault` */
  readonly exception: string;
}
export interface PathFinding {
  /** Each is enough, and without all of them nothing is. Empty: nothing of the kind is the cause. */
  readonly sets: readonly (readonly PathCause[])[];
  /** Nothing else is enough. */
  readonly complete: boolean;
  /** They only let the run come further: what keeps it from DFU then; null: nothing that was found. */
  readonly behind?: RunResult<string>['diagnosis'] | null;
}
export const NOT_ON_PATH: PathFinding = { sets: [], complete: true };

export type PathGoal = (run: Attempt) => boolean;

/** One kind of things that can be put right on the way, with the runs that were made with some of them. */
export class PathSearch {
  readonly all: readonly PathCause[];
  private readonly run: (some: readonly PathCause[]) => Attempt;
  private readonly bounded: (most: number) => void;
  private readonly known = new Map<string, Attempt>();

  /** @param what is searched for; @param run the run again from power-on, with these put right */
  constructor({ input }: Session, what: string, all: readonly PathCause[], run: (some: readonly PathCause[]) => Attempt) {
    this.all = all;
    this.bounded = (most) => input.bounds?.leaveOut(`${most} runs for ${what}`);
    this.run = run;
  }
  /** The smallest sets with which the goal is reached. The session is left anywhere. */
  sets(reached: PathGoal): PathFinding {
    // without any, it is the run itself
    const works = (some: readonly PathCause[]): boolean => some.length > 0 && reached(this.again(some));
    return new Tries(this.all, works, this.bounded, MOST.pathRuns).sets(this.all);
  }
  private again(some: readonly PathCause[]): Attempt {
    const key = this.all.flatMap((cause, i) => (some.includes(cause) ? [i] : [])).join();
    const known = this.known.get(key) ?? this.run(some);
    this.known.set(key, known);
    return known;
  }
}
/** Writes without effect up to `end`. */
export function lostWrites(s: Session, powerOn: Checkpoint, end: Checkpoint): PathSearch {
  const { machine } = s;
  const all = end.history.lost.flatMap((write): PathCause[] => {
    const found = openingOf(machine.system, write);
    return found === null ? [] : [{ is: 'lost-write', opening: found }];
  });
  return new PathSearch(s, 'writes that had no effect', all, (some) => runFrom(s, powerOn, mending(some)(machine)));
}
/** Waits that were given up up to `end`, or that the run hangs in. */
export function waits(s: Session, powerOn: Checkpoint, end: Ps, hangsOn: readonly number[]): PathSearch {
  const all = givenUp(s, powerOn, end, hangsOn).map((wait): PathCause => ({ is: 'gave-up', wait }));
  return new PathSearch(s, 'waits that were given up', all, (some) => runFrom(s, powerOn, mending(some)(s.machine)));
}
/** Flags of timers that were set before their time. */
export function earlyOnes(s: Session, powerOn: Checkpoint, finished: Checkpoint): PathSearch {
  const all = earlyFlags(s, powerOn, finished).map((flag): PathCause => ({ is: 'state', flag }));
  return new PathSearch(s, 'flags of timers that UG sets', all, (some) => runFrom(s, powerOn, mending(some)(s.machine)));
}
/** The access that faulted. */
export function faults(s: Session, powerOn: Checkpoint, fault: DataFault): PathSearch {
  return new PathSearch(s, 'the fault', [{ is: 'fault', fault }], (some) => runFrom(s, powerOn, mending(some)(s.machine)));
}
/** Reads answer 0, and stores go nowhere: as if there were something. */
function without(all: readonly DataFault[]): Interceptor {
  const isOne = (pc: number, address: number): boolean => all.some((f) => f.pc === pc && (f.address & ~3) === (address & ~3));
  return {
    pages: new Set(all.map(({ address }) => address >>> PAGE_BITS)),
    read: (core, address) => (isOne(core.pc, address) ? 0 : null),
    write: (core, address, _size, value) => (isOne(core.pc, address) ? null : value),
  };
}
/** Those put right, for a run from its start. */
export const mending =
  (causes: readonly PathCause[]) =>
  (machine: Machine): Interceptor => {
    const waits = asWanted(causes.flatMap((c) => (c.is === 'gave-up' ? [c.wait] : [])));
    const lacking = causes.flatMap((c) => (c.is === 'fault' ? [c.fault] : []));
    if (lacking.length > 0) return without(lacking);
    const early = causes.flatMap((c) => (c.is === 'state' ? [c.flag] : []));
    if (early.length > 0) return onlyCounted(machine, early);
    return bothIntercept(
      opening(
        machine,
        causes.flatMap((c) => (c.is === 'lost-write' ? [c.opening] : [])),
      ),
      waits,
    );
  };
