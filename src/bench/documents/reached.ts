/** Whether a run reached what it was for. */
import { APP_GOAL, USB_GOAL, type GoalName } from './goal.ts';
import type { RunResult } from './result.ts';

/** The goal is not USB DFU: its name. */
export const otherGoal = ({ goal }: Pick<RunResult, 'goal'>): GoalName | null => {
  const name = (goal as RunResult['goal'] | undefined)?.name ?? USB_GOAL;
  return name === USB_GOAL ? null : name;
};
/** Whether a run reached what it was for; a document from before there were goals was for USB DFU. */
export const hasReached = (result: Pick<RunResult, 'outcome' | 'goal'>): boolean =>
  otherGoal(result) === null ? result.outcome === 'dfu' : result.goal.reached;
/** What came of the goal, for a person: `usart1: answered`. */
export function goalInWords({ outcome, goal }: Pick<RunResult, 'outcome' | 'goal'>): string {
  const name = otherGoal({ goal }) ?? USB_GOAL;
  if (name === USB_GOAL) return `${name}: ${outcome}`;
  const [yes, no] = name === APP_GOAL ? ['runs', 'does not run'] : ['answered', 'no answer'];
  return `${name}: ${goal.reached ? yes : no}`;
}
/** The outcome where a person looks for the goal: the words are about DFU, which another goal does not need. */
export const outcomeInWords = (result: Pick<RunResult, 'outcome' | 'goal'>): string =>
  otherGoal(result) !== null && hasReached(result) ? `${result.outcome} (of USB, which is not the goal)` : result.outcome;
