/**
 * `bootbench matrix`: which steps before the jump matter. Every write of the last part before the jump is suppressed, alone and in pairs; an exception is made
 * pending at each instruction; start-up times of the chip are changed. Each row is a run of the user's firmware with that one thing changed.
 */
import { PENDSTSET, PPB } from '../../checks/core-registers.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { CutShort, isCut, type CutReason } from '../session/budget.ts';
import { handOverSteps, placeInWords, type HandOverStep } from './hand-over.ts';
import { runTo } from '../slice/window.ts';
import { leavingOut } from '../input/left-out.ts';
import { hex32, type Outcome } from '../documents/result.ts';
import type { RunInput } from '../input/run-input.ts';
import { Session } from '../session/session.ts';
import { inShortRun } from '../session/short-run.ts';
import { UsageError } from '../documents/usage-error.ts';

/** The last stretch before the jump: so long, and so many steps of it. */
const STRETCH = 50 * MS;
const MOST_STEPS = 48;
const MOST_PAIRS = 400;
/** Instructions before the entry at which an exception is made pending. */
const INSTRUCTIONS = 64;

export interface MatrixRow {
  readonly kind: 'step' | 'pair' | 'interrupt' | 'delay';
  /** `main.c:12 RCC.CR`, `SysTick pending at main.c:20`, `hse.start.ps x 10` */
  readonly what: string;
  readonly outcome: Outcome;
}
export interface Matrix {
  /** Of the firmware as it is. */
  readonly outcome: Outcome;
  readonly rows: readonly MatrixRow[];
  /** Parts of the matrix that were cut off, in words. */
  readonly cut: readonly string[];
  /** What ended it before all rows were there. */
  readonly ended: CutReason | null;
}
export interface MatrixParts {
  readonly pairs: boolean;
  readonly interrupts: boolean;
  readonly delays: boolean;
}

export function runMatrix(input: RunInput, parts: MatrixParts): Matrix {
  const session = new Session(input);
  try {
    const powerOn = session.save();
    input.progress?.('running');
    const end = session.run();
    if (isCut(end.reason)) throw new CutShort(end.reason);
    const entry = session.machine.history.entries.find((e) => e.how === 'branch');
    if (!entry)
      throw new UsageError('this firmware never jumps into the ROM', '`bootbench init` finds what makes it jump and writes the scenario');
    const reset = session.machine.history.resets.findLast((r) => r.at < entry.at)?.at ?? 0;
    return new Runs(session, powerOn, Math.max(reset, entry.at - STRETCH), entry.at).all(end.outcome, parts);
  } finally {
    session.release();
  }
}

class Runs {
  private readonly s: Session;
  private readonly before: Checkpoint;
  private readonly entryAt: Ps;
  private readonly rows: MatrixRow[] = [];
  private readonly cut: string[] = [];

  constructor(s: Session, powerOn: Checkpoint, from: Ps, entryAt: Ps) {
    this.s = s;
    this.entryAt = entryAt;
    s.keepCheckpoints = false;
    s.restore(powerOn);
    this.runTo(from);
    this.before = s.save();
  }

  all(outcome: Outcome, parts: MatrixParts): Matrix {
    let ended: CutReason | null = null;
    try {
      this.fill(outcome, parts);
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
      ended = error.reason;
    }
    return { outcome, rows: this.rows, cut: this.cut, ended };
  }
  private fill(outcome: Outcome, parts: MatrixParts): void {
    const steps = this.steps();
    const harmless: HandOverStep[] = [];
    for (const step of steps) {
      const without = this.without([step]);
      if (without === outcome) harmless.push(step);
      this.row('step', step.what, without);
    }
    if (parts.pairs) this.pairs(harmless);
    if (parts.interrupts) this.interrupts();
    if (parts.delays) this.delays();
  }
  private row(kind: MatrixRow['kind'], what: string, outcome: Outcome): void {
    this.rows.push({ kind, what, outcome });
    this.s.input.progress?.(`${what}: ${outcome}`);
  }

  private runTo(time: Ps): void {
    runTo(this.s, time);
  }
  private finish(): Outcome {
    const end = inShortRun(this.s.machine, () => this.s.run({ counterfactual: true, repaired: true }));
    if (isCut(end.reason)) throw new CutShort(end.reason);
    return end.outcome;
  }

  // ---- steps -----------------------------------------------------------------------------------------------------------------------
  private steps(): readonly HandOverStep[] {
    const all = handOverSteps(this.s, this.before, this.entryAt);
    if (all.length > MOST_STEPS) this.cut.push(`the last ${MOST_STEPS} of ${all.length} steps`);
    return all.slice(-MOST_STEPS);
  }
  private where(pc: number): string {
    return placeInWords(this.s, pc);
  }

  private without(steps: readonly HandOverStep[]): Outcome {
    const { machine } = this.s;
    const left = new Set(steps.map((step) => step.pc));
    this.s.restore(this.before);
    machine.setRepairs(leavingOut(left));
    // in the ROM there is nothing to leave out, and every write would be asked about
    this.s.onPausedEntry = () => machine.setRepairs(null);
    try {
      return this.finish();
    } finally {
      this.s.onPausedEntry = null;
      machine.setRepairs(null);
    }
  }
  /** Of steps that may each be left out alone. */
  private pairs(steps: readonly HandOverStep[]): void {
    const list = steps.flatMap((a, i) => steps.slice(i + 1).map((b) => [a, b] as const));
    if (list.length > MOST_PAIRS) this.cut.push(`the first ${MOST_PAIRS} of ${list.length} pairs`);
    for (const [a, b] of list.slice(0, MOST_PAIRS)) this.row('pair', `${a.what} and ${b.what}`, this.without([a, b]));
  }

  // ---- interrupts and delays -------------------------------------------------------------------------------------------------------
  /** SysTick becomes pending at each of the last instructions before the jump. */
  private interrupts(): void {
    const { machine } = this.s;
    for (const at of this.boundaries()) {
      this.s.restore(this.before);
      this.runTo(at);
      const core = machine.bootCore;
      const place = `${this.where(core.pc)} (${hex32(core.pc)})`;
      core.write(PPB.ICSR, 4, PENDSTSET, true);
      this.row('interrupt', `SysTick pending at ${place}`, this.finish());
    }
  }
  private boundaries(): Ps[] {
    const { machine } = this.s;
    this.s.restore(this.before);
    const cycle = Math.max(1, Math.floor(1e12 / 600e6));
    this.runTo(Math.max(machine.now, this.entryAt - INSTRUCTIONS * 64 * cycle * 8));
    const times: Ps[] = [];
    while (machine.now < this.entryAt) {
      if (times.at(-1) !== machine.now) times.push(machine.now);
      const before = machine.now;
      this.runTo(before + 1);
      if (machine.now === before) break;
    }
    return times.slice(-INSTRUCTIONS);
  }
  /** Oscillators, PLLs and supplies that take a tenth or ten times of their time. */
  private delays(): void {
    const { input } = this.s;
    for (const [name, fact] of Object.entries(input.chip.parameters)) {
      if (!/\.(start|lock|ready)\.ps$/.test(name) || fact.value <= 0) continue;
      for (const [factor, word] of [
        [0.1, '/ 10'],
        [10, 'x 10'],
      ] as const) {
        const other = new Session(input, { parameters: { [name]: Math.round(fact.value * factor) } });
        try {
          const end = other.run({ counterfactual: true });
          if (isCut(end.reason)) throw new CutShort(end.reason);
          this.row('delay', `${name} ${word}`, end.outcome);
        } finally {
          other.release();
        }
      }
    }
  }
}
