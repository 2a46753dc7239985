/**
 * A request by the flag of a reset: the program resets the chip and goes to the ROM if it then finds the flag of that reset. It never finds it if start-up
 * code has cleared the flags, or if it goes by another flag first that is set as well: every reset sets that of the pin. Found by running again from the reset
 * with the clearing write left out, or with the other flags hidden from the program: then it comes to the ROM.
 */
import type { LostFlag, Writer } from '../../checks/check.ts';
import { locate } from '../../checks/families.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { ResetFlagRow } from '../../emu/chip.ts';
import type { Interceptor } from '../../emu/core/core.ts';
import type { ResetRecord } from '../../emu/history.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { hidingInterceptor } from './hidden-bits.ts';
import { resetToTrace } from './requests.ts';
import { checkpointBefore, record, runTo, writerAt, type Step } from './window.ts';
import { place } from './words.ts';

/** How long behind the reset the program may take to ask, and to come to the ROM. */
const AFTER = 500 * MS;
/** Instructions from the first read of the flags on in which the two ways part: most do soon. */
const PARTING_STEPS = [200, 2_000, 12_000];

/** What the program did with the flags behind the reset. */
interface Seen {
  /** Its first read of them, and the first one behind the write that cleared them. */
  read: Writer | null;
  readCleared: Writer | null;
  /** The write that cleared them; `seq` is its number. */
  cleared: Writer | null;
}
/** What is told apart: the flags that only this reset raises, and the others that are set behind it. */
interface Flags {
  readonly address: number;
  readonly own: readonly ResetFlagRow[];
  readonly others: readonly ResetFlagRow[];
}

/** Of the run that ended at `finished`, wherever the session stands. */
export function traceLostFlag(s: Session, powerOn: Checkpoint, { history: { resets } }: Checkpoint): LostFlag | null {
  const index = resetToTrace(resets);
  const reset = resets[index];
  const flags = reset && !reset.external ? flagsOf(s, reset) : null;
  if (!reset || flags === null) return null;
  s.keepCheckpoints = false;
  s.restore(checkpointBefore(s, powerOn, reset.at - 1));
  if (!runUntil(s, reset.at + 1 * MS, () => s.machine.history.resets.length > index)) return null;
  const behind = s.save();
  return new LostFlagTrace(s, behind, index, reset, flags).run(resets[index + 1]?.at ?? Infinity);
}

function flagsOf({ machine: { chip } }: Session, { by, flags }: ResetRecord): Flags | null {
  const set = (chip.resetFlags?.flags ?? []).filter((f) => flags.includes(f.field.split('.')[2]!));
  const own = set.filter((f) => f.raisedBy.includes(by) && !f.raisedBy.includes('power'));
  const at = own[0] && locate(chip, own[0].field);
  return at ? { address: at.address, own, others: set.filter((f) => !own.includes(f)) } : null;
}

class LostFlagTrace {
  private readonly session: Session;
  private readonly behind: Checkpoint;
  private readonly index: number;
  private readonly reset: ResetRecord;
  private readonly flags: Flags;

  constructor(session: Session, behind: Checkpoint, index: number, reset: ResetRecord, flags: Flags) {
    this.session = session;
    this.behind = behind;
    this.index = index;
    this.reset = reset;
    this.flags = flags;
  }

  run(next: Ps): LostFlag | null {
    const seen = this.watch(Math.min(next, this.reset.at + AFTER));
    return seen.read === null ? null : (this.ifCleared(seen) ?? this.ifAskedLater(seen.read));
  }

  private ifCleared({ cleared, readCleared }: Seen): LostFlag | null {
    if (cleared === null || readCleared === null) return null;
    const without: Interceptor = {
      pages: new Set([this.flags.address >>> PAGE_BITS]),
      everyDeviceWrite: true,
      write: (_core, _address, _size, value) => {
        if (this.session.machine.history.seq + 1 !== cleared.seq) return value;
        this.session.machine.history.seq = cleared.seq;
        return null;
      },
    };
    return this.comesToRom(without) ? { ...this.facts(readCleared), cleared, others: [], stale: false, asked: true } : null;
  }

  private ifAskedLater(read: Writer): LostFlag | null {
    const { others, own } = this.flags;
    if (others.length === 0 || !this.comesToRom(this.without(others))) return null;
    const single = others.find((f) => this.comesToRom(this.without([f])));
    const guilty = single === undefined ? others : [single];
    const asked = !this.comesToRom(this.without([...guilty, ...own]));
    return {
      ...this.facts(this.partingOf(read, guilty) ?? read),
      cleared: null,
      others: guilty.map((f) => f.field),
      stale: guilty.every((f) => !f.raisedBy.includes(this.reset.by)),
      asked,
    };
  }

  private facts(reader: Writer): Pick<LostFlag, 'address' | 'resets' | 'by' | 'own' | 'reader' | 'places'> {
    const { reset, flags, session, index } = this;
    return {
      address: flags.address,
      resets: index + 1,
      by: reset.by,
      own: flags.own.map((f) => f.field),
      reader,
      places: { reader: place(session, reader.pc), reset: place(session, reset.fromPc ?? 0) },
    };
  }

  /** The same run with a look at each read of the flags, and at each write as long as they are set. */
  private watch(until: Ps): Seen {
    const { session, flags } = this;
    const { machine } = session;
    const seen: Seen = { read: null, readCleared: null, cleared: null };
    const isSet = (): boolean => flags.own.some((f) => machine.fieldValue(f.field) === 1);
    let last: Writer | null = null;
    const look = (): void => {
      if (seen.cleared === null && last !== null && !isSet()) seen.cleared = last;
    };
    const looking: Interceptor = {
      pages: new Set([flags.address >>> PAGE_BITS]),
      everyDeviceWrite: true,
      read: (core, address) => {
        if (core.zone !== 'user' || (address & ~3) >>> 0 !== flags.address) return null;
        look();
        seen.read ??= writerAt(core, machine.history.seq);
        if (seen.cleared !== null) seen.readCleared ??= writerAt(core, machine.history.seq);
        return null;
      },
      write: (core, _address, _size, value) => {
        look();
        last = writerAt(core, machine.history.seq + 1);
        return value;
      },
    };
    this.again(looking, () => runUntil(session, until, () => machine.history.resets.length > this.index + 1));
    return seen;
  }

  private without(hidden: readonly ResetFlagRow[]): Interceptor {
    const { machine } = this.session;
    const mask = hidden.reduce((all, f) => all | (locate(machine.chip, f.field)?.mask ?? 0), 0) >>> 0;
    return hidingInterceptor(machine, [{ address: this.flags.address, mask, resets: this.index + 1 }]);
  }

  private comesToRom(repairs: Interceptor): boolean {
    const { session } = this;
    const { machine } = session;
    return this.again(repairs, () => {
      const entries = machine.history.entries.length;
      const hasEntered = (): boolean => machine.history.entries.length > entries;
      runUntil(session, this.reset.at + AFTER, () => hasEntered() || machine.history.resets.length > this.index + 1);
      return hasEntered();
    });
  }

  /** The last instruction before the program goes another way than it does without these flags. */
  private partingOf(read: Writer, hidden: readonly ResetFlagRow[]): Writer | null {
    for (const most of PARTING_STEPS) {
      const [is, would] = [this.stepsFrom(read, this.without([]), most), this.stepsFrom(read, this.without(hidden), most)];
      const parted = is.findIndex((step, i) => step.pc !== would[i]?.pc);
      const branch = parted <= 0 || would[parted] === undefined ? undefined : is[parted - 1];
      if (branch) return { pc: branch.pc, at: branch.at, kind: 'cpu', core: read.core, seq: -1, lr: branch.registers[14]! };
    }
    return null;
  }
  private stepsFrom(read: Writer, repairs: Interceptor, most: number): readonly Step[] {
    const { session } = this;
    const { machine } = session;
    return this.again(repairs, () => {
      runUntil(session, Math.max(machine.now, read.at - 1 * US), () => false);
      return record(session, machine.cores[read.core]!, this.reset.at + AFTER, most).steps;
    });
  }
  /** From behind the reset. */
  private again<T>(repairs: Interceptor, work: () => T): T {
    const { session } = this;
    session.restore(this.behind);
    const before = session.machine.setRepairs(repairs);
    try {
      return work();
    } finally {
      session.machine.setRepairs(before);
    }
  }
}

/** Runs on to a time, or until it is so; an entry and a reset stop the machine, so that it is asked there. Whether it is so. */
function runUntil(s: Session, time: Ps, isSo: () => boolean): boolean {
  const { machine } = s;
  const { observer } = machine;
  machine.observer = {
    ...observer,
    entry: (e) => {
      observer.entry?.(e);
      machine.stop();
    },
    reset: (by) => {
      observer.reset?.(by);
      machine.stop();
    },
  };
  try {
    runTo(s, time, isSo);
  } finally {
    machine.observer = observer;
  }
  return isSo();
}
