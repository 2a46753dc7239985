/** Reads from a result what was proved, and by what: a repaired run reaches its goal, or the program does what it does from reset. */
import type { GoalName } from './goal.ts';
import { hasReached, otherGoal } from './reached.ts';
import { AFTER_STEPS, type After, type AfterStep, type CauseId, type ResultCause, type RunResult } from './result.ts';

export interface Proof {
  /** What the repaired runs reach. */
  readonly reached: 'dfu' | 'goal' | 'program' | 'used';
  /** The goal, where it is not USB. */
  readonly goal: GoalName | null;
  /** Smallest sets of repairs, any one of which is enough. */
  readonly sets: readonly (readonly CauseId[])[];
  /** All that stand in a set. */
  readonly causes: readonly ResultCause[];
}

/** The causes of the first set that is enough, in its order. */
export const firstSet = ({ sets, causes }: Pick<Proof, 'sets' | 'causes'>): ResultCause[] => {
  const first = sets[0] ?? [];
  // several differences have one id
  return first.flatMap((id, i) => causes.filter((c) => c.id === id)[first.slice(0, i).filter((other) => other === id).length] ?? []);
};

/** It stands around the chip, where no code mends it. */
export const isAround = ({ id }: Pick<ResultCause, 'id'>): boolean => id === 'board' || id === 'host';
/** Steps of the acceptance client that the device refused, or that failed. */
export const badSteps = (after: After): readonly AfterStep[] =>
  AFTER_STEPS.filter((step) => ['refused', 'failed'].includes(after[step].result));

/** Null where nothing was proved. */
export function proofOf(result: Pick<RunResult, 'diagnosis' | 'goal' | 'outcome'>): Proof | null {
  const { diagnosis } = result;
  const causes = diagnosis.causes.filter((c) => c.proved);
  if (causes.length === 0) return null;
  const goal = otherGoal(result);
  const used = hasReached(result);
  const reached = causes.every(({ id }) => id === 'image') ? 'program' : used ? 'used' : goal === null ? 'dfu' : 'goal';
  return { reached, goal, sets: diagnosis.sets, causes };
}

/** The last that was asked of DFU was a leave, and the application does not come back from it as it should. */
export function failsToLeave(result: Pick<RunResult, 'scenario' | 'checks' | 'after'>): boolean {
  const last = result.scenario.steps.findLast((step) => 'dfu' in step.do);
  if (last === undefined || !('dfu' in last.do) || !('leave' in last.do.dfu)) return false;
  if (result.after !== null && badSteps(result.after).includes('alive')) return true;
  return result.checks.some(({ id, verdict }) => id.startsWith('leave-') && verdict === 'fail');
}
