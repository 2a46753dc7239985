/** `bootbench ask`: runs the firmware once, then keeps every explanation of the symptoms until an experiment rules it out. */
import { observe, type Starts } from './attempt.ts';
import { CutShort, isCut } from '../session/budget.ts';
import { judgeAll } from './diagnosis.ts';
import type { NamedRepair } from './repairs.ts';
import type { Symptom } from '../documents/result.ts';
import type { RunInput } from '../input/run-input.ts';
import { Session } from '../session/session.ts';
import { repairsAtEntry, Solver, type Experiment, type Explained, type Solution } from './solver.ts';
import { afterRun, NOT_TRACED } from '../session/subject.ts';
import { Variants } from './variants.ts';

export class Inquiry {
  private readonly session: Session;
  private readonly solver: Solver;
  private readonly repairs: readonly NamedRepair[];

  constructor(input: RunInput) {
    const session = (this.session = new Session(input));
    const powerOn = session.save();
    input.progress?.('running');
    const end = session.run();
    if (isCut(end.reason)) throw new CutShort(end.reason);
    const finished = session.save();
    const base = observe(session, end);
    const reached = session.machine.history.entries.at(-1)?.reached ?? false;
    const traced = { ...NOT_TRACED, ...afterRun(session), vectorReads: [...session.machine.state.vectorReads] };
    const entry = session.lastEntry();
    session.restore(entry ?? session.faultCheckpoint ?? finished);
    this.repairs = repairsAtEntry(judgeAll(session, end.outcome, reached, traced));
    const starts: Starts = { powerOn, entry, entryNumber: entry?.history.entryCount ?? 1 };
    this.solver = new Solver(session, starts, new Variants(session, starts), base);
  }
  release(): void {
    this.session.release();
  }

  solve(symptoms: readonly Symptom[]): Solution {
    return this.solver.solve(symptoms, this.repairs);
  }
  /** The next experiment to separate the remaining explanations. */
  next(left: readonly Explained[], done: readonly string[]): Experiment | null {
    return this.solver.nextExperiment(left, this.repairs, done);
  }
}
