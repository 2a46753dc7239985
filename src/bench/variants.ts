/** Runs under other ROM options or on another board, each made once: what the diagnosis and the search for a symptom have in common. */
import { LOADER_OPTIONS } from '../rom/load.ts';
import type { Checkpoint } from '../emu/machine-base.ts';
import { attempt, CutShort, isCut, observe, type Attempt, type Starts } from './attempt.ts';
import type { NamedRepair } from './repairs.ts';
import type { SymptomOption } from './result.ts';
import type { ParameterChanges } from './board.ts';
import { Session } from './session.ts';

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
  /** Machines whose ROM differs before the entry, by change: their repaired runs start where the ROM was entered. */
  private readonly reached = new Map<string, { readonly session: Session; readonly powerOn: Checkpoint; readonly run: Attempt }>();

  constructor(session: Session, starts: Starts) {
    this.session = session;
    this.starts = starts;
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
      // repairs belong to the last entry; an option may have mattered at an earlier one
      const from = repairs.length > 0 || starts.entryNumber === 1 ? starts : { ...starts, entry: null };
      return attempt(session, from, repairs, { flip: change.rom });
    }
    const known = this.reached.get(keyOf(change, []));
    if (known && repairs.length > 0) {
      // without an entry there is no place for what is repaired at one
      if (known.run.entries === 0 && repairs.every((r) => r.repair.at === 'entry')) return known.run;
      return attempt(
        known.session,
        { powerOn: known.powerOn, entry: known.run.entries === 1 ? known.session.entryCheckpoint : null, entryNumber: 1 },
        repairs,
      );
    }
    const other = new Session(session.input, { romOptions: change.rom, parameters: change.parameters ?? {}, pins: change.pins ?? {} });
    other.startedAt = session.startedAt;
    const powerOn = other.save();
    if (repairs.length > 0) return attempt(other, { powerOn, entry: null, entryNumber: 1 }, repairs);
    const end = other.run({ counterfactual: true });
    if (isCut(end.reason)) throw new CutShort(end.reason);
    const run = observe(other, end);
    if (Object.keys(change.rom).length === 1 && !change.parameters && !change.pins)
      this.reached.set(keyOf(change, []), { session: other, powerOn, run });
    return run;
  }
}

/** The change shows before the ROM is entered. */
const needsPowerOn = (c: Change): boolean =>
  c.parameters !== undefined || c.pins !== undefined || Object.keys(c.rom).some((id) => LOADER_OPTIONS.some((l) => l === id));

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
