/** A first scenario for a firmware: what makes it go for the ROM, found by running it. */
import { findJump, tryAll, waitsForInput, type Tried } from './find-jump.ts';
import { isCut } from './attempt.ts';
import type { Outcome } from '../documents/result.ts';
import type { RunInput } from '../input/run-input.ts';
import { SCENARIO_SCHEMA, type Scenario, type Step } from '../documents/scenario-types.ts';
import { Session } from '../session/session.ts';

export interface Trigger {
  /** For a person: `PC13 = 0`, `call of request_dfu (main.c:22)`; null = the firmware goes by itself. */
  readonly name: string | null;
  readonly kind: 'self' | Tried['kind'];
  readonly outcome: Outcome;
  readonly step: Step | null;
}

/** What makes the firmware enter the ROM, as `run` chooses it; empty where nothing was found. Outcomes that never entered it are left out. */
export const sorted = (tried: readonly Trigger[]): Trigger[] =>
  tried.filter((t) => entered(t.outcome)).sort((a, b) => rank(a) - rank(b) || Number(b.outcome === 'dfu') - Number(a.outcome === 'dfu'));
/** What a person presses comes before what is called; a function that asks for a reset goes the whole way, so it comes before one that only jumps. */
export function rank({ step, kind }: Trigger): number {
  if (step !== null && 'do' in step && !('call' in step.do)) return 0;
  return kind === 'request' ? 1 : 2;
}

/** All that was pressed and called, and what came of it. */
export interface Triggers {
  /** What becomes of the firmware that is left alone. */
  readonly alone: Outcome;
  /** Left alone, it ends by itself before anything enters the ROM: it faults, or resets over and over. */
  readonly crashes: boolean;
  readonly tried: readonly Trigger[];
}
export function tryTriggers(input: RunInput): Triggers {
  const session = new Session(input);
  session.startedAt = input.clock?.() ?? 0;
  try {
    const powerOn = session.save();
    input.progress?.('running');
    const end = session.run();
    if (session.machine.history.entries.length > 0 || end.outcome === 'dfu')
      return { alone: end.outcome, crashes: false, tried: [{ name: null, kind: 'self', outcome: end.outcome, step: null }] };
    if (isCut(end.reason)) return { alone: end.outcome, crashes: false, tried: [] };
    // a firmware that has crashed or hangs takes no call any more
    const from = end.outcome === 'no-jump' || (end.outcome === 'stuck' && waitsForInput(session)) ? session.save() : powerOn;
    return { alone: end.outcome, crashes: entered(end.outcome), tried: tryAll(session, from, findJump(session, from)) };
  } finally {
    session.release();
  }
}
/** Some outcomes are those of a firmware that never got into the ROM. */
export const entered = (outcome: Outcome): boolean => outcome !== 'no-jump' && outcome !== 'stuck';

/** A finger lets go of a button again: held for ever it would ask anew after each reset. */
export function pulled(step: Step): readonly Step[] {
  if (!('pin' in step.do)) return [step];
  const { name, level } = step.do.pin;
  return [step, { after: '200ms', do: { pin: { name, level: level === 0 ? 1 : 0 } } }];
}

/** The scenario that pulls a trigger and expects DFU, on top of the one that the firmware was run with. `images` are as they shall stand in the file. */
export function scenarioFor(base: Scenario, chip: string, images: readonly string[], { step }: Trigger): Scenario {
  const steps = [...(base.steps ?? []), ...(step ? pulled(step) : [])];
  return { ...base, schema: SCENARIO_SCHEMA, chip, images, ...(steps.length > 0 ? { steps } : {}), expect: { outcome: 'dfu' } };
}

/** The scenario in which nobody touches the board: whatever the firmware waits for, it neither faults nor resets over and over. */
export const aloneScenario = (base: Scenario, chip: string, images: readonly string[]): Scenario => ({
  ...base,
  schema: SCENARIO_SCHEMA,
  chip,
  images,
  expect: { outcome: ['no-jump', 'stuck', 'dfu'] },
});
