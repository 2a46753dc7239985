/** Whether a run reached what it was for. */
import { USB_GOAL, type GoalName } from './goal.ts';
import type { RunResult } from './result.ts';

/** The goal is not USB DFU: its name. */
export const otherGoal = ({ goal }: Pick<RunResult, 'goal'>): GoalName | null => {
  const name = (goal as RunResult['goal'] | undefined)?.name ?? USB_GOAL;
  return name === USB_GOAL ? null : name;
};
/** Whether a run reached what it was for; a document from before there were goals was for USB DFU. */
export const hasReached = (result: Pick<RunResult, 'outcome' | 'goal'>): boolean =>
  otherGoal(result) === null ? result.outcome === 'dfu' : result.goal.reached;
