/** Runs under other ROM options or on another board, each made once: what the diagnosis and the search for a symptom share. */
import { LOADER_OPTIONS, romWord, type LoadedRom } from '../../rom/load.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { attempt, beforeEntries, type Attempt, type Starts } from './attempt.ts';
import type { NamedRepair } from './repairs.ts';
import type { SymptomOption } from '../documents/result.ts';
import type { ParameterChanges } from '../input/board.ts';
import { Session } from '../session/session.ts';

/** Values that stand in place of the run's own. */
export interface Change {
  readonly rom: SymptomOption['rom'];
  /** Chip and board parameters; null = not there. */
  readonly parameters?: ParameterChanges;
  readonly pins?: Readonly<Record<string, 0 | 1>>;
}

export class Variants {
  private readonly session: Session;
  private readonly starts: Starts;
  private readonly runs = new Map<string, Attempt>();
  /** Where a run with another ROM in the same machine was about to enter it, by change. */
  private readonly entered = new Map<string, Checkpoint>();

  constructor(session: Session, starts: Starts) {
    this.session = session;
    this.starts = starts;
  }

  /** Whether the run is asked what it hangs on. */
  get asked(): boolean {
    return this.session.input.provisos !== false;
  }

  run(change: Change, repairs: readonly NamedRepair[] = []): Attempt {
    const key = keyOf(change, repairs);
    const known = this.runs.get(key);
    if (known) return known;
    const made = this.make(change, repairs);
    this.runs.set(key, made);
    return made;
  }

  private make(change: Change, repairs: readonly NamedRepair[]): Attempt {
    const { session, starts } = this;
    if (!needsPowerOn(change)) {
      // repairs belong to the last entry
      const from = repairs.length > 0 ? starts : beforeEntries(starts);
      return attempt(session, from, repairs, { flip: change.rom });
    }
    return this.inPlace(change, repairs) ?? this.inOwnMachine(change, repairs);
  }

  /** In a machine that is built with the change, from its power-on. */
  private inOwnMachine(change: Change, repairs: readonly NamedRepair[]): Attempt {
    const { session } = this;
    const other = new Session(session.input, { romOptions: change.rom, parameters: change.parameters ?? {}, pins: change.pins ?? {} });
    try {
      return attempt(other, { powerOn: other.save(), entry: null, entryNumber: 1 }, repairs);
    } finally {
      other.release();
    }
  }

  /** Where a run with another ROM may start: only where nothing has read what differs. */
  private latestStarts(unchanged: string, isEarly: (c: Checkpoint) => boolean): Starts {
    const { powerOn, fault } = this.starts;
    return {
      powerOn,
      entry: this.entered.get(unchanged) ?? null,
      entryNumber: 1,
      fault: fault && isEarly(fault) ? fault : null,
      later: this.session.trail.findLast(isEarly),
    };
  }

  /** With another ROM in the same machine, from the last checkpoint before anything has read what differs; null if that was before power-on. */
  private inPlace(change: Change, repairs: readonly NamedRepair[]): Attempt | null {
    const { session, starts } = this;
    if (change.parameters || change.pins) return null;
    const rom = session.otherRom(change.rom);
    if (!rom) return null;
    const isEarly = (c: Checkpoint): boolean => unreadUntil(c, session.rom!, rom);
    if (!isEarly(starts.powerOn)) return null;
    if (starts.entry && starts.entryNumber === 1 && isEarly(starts.entry)) return attempt(session, starts, repairs, { rom });
    const unchanged = keyOf(change, []);
    const plain = this.runs.get(unchanged);
    if (plain?.entries === 0 && haveNoPlace(repairs)) return plain;
    const from = this.latestStarts(unchanged, isEarly);
    if (repairs.length > 0) return attempt(session, from, repairs, { rom });
    return attempt(session, from, [], {
      rom,
      atEntry: (s) => {
        this.entered.set(unchanged, s.save());
        return [];
      },
    });
  }
}

/** Nothing up to the checkpoint has read a word in which the two differ. */
function unreadUntil({ machine }: Checkpoint, a: LoadedRom, b: LoadedRom): boolean {
  return !machine.moreSystemReads && machine.systemReads.every((word) => romWord(a, word) === romWord(b, word));
}

/** The change shows before the ROM is entered. */
const needsPowerOn = (c: Change): boolean =>
  c.parameters !== undefined || c.pins !== undefined || Object.keys(c.rom).some((id) => LOADER_OPTIONS.some((l) => l === id));

/** Without an entry there is no place for what is repaired at one. */
const haveNoPlace = (repairs: readonly NamedRepair[]): boolean => repairs.length > 0 && repairs.every((r) => r.repair.at === 'entry');
function keyOf(change: Change, repairs: readonly NamedRepair[]): string {
  const sorted = (o: Readonly<Record<string, unknown>> = {}): string =>
    Object.entries(o)
      .map(([k, v]) => `${k}=${String(v)}`)
      .sort()
      .join();
  return [
    sorted(change.rom),
    sorted(change.parameters),
    sorted(change.pins),
    repairs
      .map((r) => r.id)
      .sort()
      .join(),
  ].join('|');
}
