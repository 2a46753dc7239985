/** `bootbench leave`: one program, started from reset and started by a DFU leave, after a jump into the ROM and after a boot by the pin. */
import type { Judgement, LeaveFacts } from '../../checks/check.ts';
import { CHECKS } from '../../checks/index.ts';
import { CutShort, isCut } from '../session/budget.ts';
import { followLeave } from './follow-leave.ts';
import type { LeaveTwin } from './leave.ts';
import type { LeaveEntry } from '../documents/leave-scenario.ts';
import { repairTarget } from './repairs.ts';
import type { Outcome } from '../documents/result.ts';
import type { RunInput } from '../input/run-input.ts';
import { Session } from '../session/session.ts';
import { NOT_TRACED, romFacts, subjectAt } from '../session/subject.ts';

export interface LeaveRun {
  readonly entry: LeaveEntry;
  /** Of the run up to the leave; anything but `dfu` means that there was none to look at. */
  readonly outcome: Outcome;
  readonly twin: LeaveTwin | null;
  /** See `LeaveFacts.kept`. */
  readonly kept: LeaveFacts['kept'] | null;
  readonly checks: readonly { readonly id: string; readonly judgement: Judgement }[];
  /** No check of the way back fails. */
  readonly works: boolean;
}

export function runLeave(input: RunInput, entry: LeaveEntry): LeaveRun {
  const s = new Session(input);
  try {
    if (entry === 'jump') jumpFromReset(s);
    const powerOn = s.save();
    const { outcome, reason } = s.run();
    if (isCut(reason)) throw new CutShort(reason);
    const { facts: leave, twin } = followLeave(s, powerOn);
    if (leave === null || twin === null || s.leave === null) return { entry, outcome, twin: null, kept: null, checks: [], works: false };
    s.restore(s.leave.checkpoint);
    const subject = subjectAt(s, outcome, true, { ...NOT_TRACED, leave });
    const checks = CHECKS.filter((c) => c.afterEntry).map((c) => ({ id: c.id, judgement: c.judge(subject) }));
    return { entry, outcome, twin, kept: leave.kept ?? null, checks, works: checks.every((c) => c.judgement.verdict !== 'fail') };
  } finally {
    s.release();
  }
}

/** The first instruction after power-on is the ROM's, in the state that a reset leaves: what firmware does that jumps before anything else. */
function jumpFromReset(s: Session): void {
  const { machine } = s;
  const { initialStack, resetVector } = romFacts(s);
  repairTarget(machine).setCore('msp', initialStack);
  machine.bootCore.arm.thumb = 1;
  machine.bootCore.branchTo((resetVector & ~1) >>> 0);
}
