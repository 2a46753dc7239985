/** `bootbench leave`: one program, started from reset and started by the host of the ROM (a DFU leave, or Go of its commands), after a jump into the ROM and after a boot by the pin. */
import type { Judgement, LeaveFacts } from '../../checks/check.ts';
import { CHECKS } from '../../checks/index.ts';
import { CutShort, isCut } from '../session/budget.ts';
import type { Ps } from '../../emu/time.ts';
import { hasFaulted, LIFE, toolFor } from './after.ts';
import { runUntil } from './after-tool.ts';
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
  /** Of the run up to the leave. */
  readonly outcome: Outcome;
  /** It came to its goal, so that its host could ask for the application. */
  readonly reached: boolean;
  /** Why the host could not ask for it, or the ROM refused; null where that is not known. */
  readonly refused: string | null;
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
    const byGo = s.input.goal.asking !== null;
    const reached = byGo ? s.state.goal.at !== null : outcome === 'dfu';
    const asked: Asked = byGo && reached ? goByHost(s) : { refused: null };
    const { facts: leave, twin } = followLeave(s, powerOn, asked.at);
    if (leave === null || twin === null || s.leave === null)
      return { entry, outcome, reached, refused: asked.refused, twin: null, kept: null, checks: [], works: false };
    s.restore(s.leave.checkpoint);
    const subject = subjectAt(s, outcome, true, { ...NOT_TRACED, leave });
    const checks = CHECKS.filter((c) => c.afterEntry).map((c) => ({ id: c.id, judgement: c.judge(subject) }));
    const works = checks.every((c) => c.judgement.verdict !== 'fail');
    return { entry, outcome, reached, refused: null, twin, kept: leave.kept ?? null, checks, works };
  } finally {
    s.release();
  }
}

interface Asked {
  readonly refused: string | null;
  /** When the host asked; left out: it did not. */
  readonly at?: Ps;
}
/** What a host without DFU does behind the ROM's first answer: it starts the application, which has as long to come back as behind a DFU leave. */
function goByHost(s: Session): Asked {
  const tool = toolFor(s, s.input.goal);
  if (typeof tool === 'string') return { refused: tool };
  try {
    const start = tool.application();
    if (start === null) return { refused: 'there is no application' };
    const at = s.machine.now;
    const { result, because } = tool.leave(start);
    if (result !== 'ok') return { refused: because };
    runUntil(s, () => hasFaulted(s), s.machine.now + LIFE);
    return { refused: null, at };
  } finally {
    tool.end?.();
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
