/** Scenarios that ask for the way back. */
import type { Scenario, Step } from './scenario-types.ts';

/** How the ROM came to run: the scenario's own way, a jump from the state after a reset, BOOT0 high at power-on. */
export type LeaveEntry = 'scenario' | 'jump' | 'boot0';

/** The scenario with a DFU leave behind its last step, unless a leave is the last thing that it asks of DFU. */
export function withLeave(scenario: Scenario, table: number): Scenario {
  const steps = scenario.steps ?? [];
  const last = steps.findLast((step) => 'dfu' in step.do);
  if (last !== undefined && 'dfu' in last.do && 'leave' in last.do.dfu) return scenario;
  const leave: Step = { after: '0ms', do: { dfu: { leave: `0x${(table >>> 0).toString(16).padStart(8, '0')}` } } };
  return { ...scenario, steps: [...steps, leave] };
}

/**
 * Input of a run for one entry: `boot0` and `jump` need no trigger of the firmware.
 *
 * @param table what a DFU leave names; null: the host goes on without DFU, by Go
 */
export function leaveScenario(scenario: Scenario, table: number | null, entry: LeaveEntry): Scenario {
  const left = (own: Scenario): Scenario => (table === null ? own : withLeave(own, table));
  if (entry === 'scenario') return left(scenario);
  const board = entry === 'boot0' ? { ...scenario.board, boot0: 1 as const } : (scenario.board ?? {});
  return left({ ...scenario, board, steps: [] });
}
