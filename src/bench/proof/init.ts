/** `bootbench init`: finds by running what makes a firmware jump into the ROM, and makes a scenario of it. */
import { entered, findJump, rank, tryAll, waitsForInput } from './find-jump.ts';
import { reaches, type Tried } from '../documents/tried.ts';
import { CutShort, isCut } from '../session/budget.ts';
import type { AfterStep, Outcome } from '../documents/result.ts';
import { MS, type Ps } from '../../emu/time.ts';
import type { PlannedGoal } from '../input/goal.ts';
import type { RunInput } from '../input/run-input.ts';
import { SCENARIO_SCHEMA, type Expect, type Scenario, type Step } from '../documents/scenario-types.ts';
import { Session } from '../session/session.ts';
import { hasClient } from './after.ts';

export interface Trigger {
  /** Text for people: `PC13 = 0`, `call of request_dfu (main.c:22)`; null = the firmware jumps by itself. */
  readonly name: string | null;
  readonly kind: 'self' | Tried['kind'];
  readonly outcome: Outcome;
  readonly step: Step | null;
  readonly via?: Tried['via'];
  readonly reached?: boolean;
  readonly instead?: Tried['instead'];
  readonly example?: Tried['example'];
  /** How long a pin is held, where that is longer than a press. */
  readonly held?: string;
  readonly listens?: Tried['listens'];
  /** Nothing had come of it so far, and it was followed no longer. */
  readonly followedFor?: number;
}

/** Triggers that make the firmware enter the ROM, in the order in which `run` chooses; empty if none was found. */
export const sorted = (tried: readonly Trigger[]): Trigger[] =>
  tried.filter((t) => entered(t.outcome)).sort((a, b) => rank(a) - rank(b) || Number(reaches(b)) - Number(reaches(a)));
/** Pins that were held for a moment only, because something better or cheaper led into the ROM: what asks for longer looks like what asks for nothing. */
export function heldBriefly(tried: readonly Trigger[]): string[] {
  const byTime = new Map<Ps, string[]>();
  for (const { name, step, outcome, followedFor = Infinity } of tried)
    if (name !== null && step !== null && 'pin' in step.do && followedFor < Infinity && !entered(outcome))
      byTime.set(followedFor, [...(byTime.get(followedFor) ?? []), name]);
  return [...byTime].map(
    ([time, names]) =>
      `${names.join(', ')}: tried for ${time / MS / 1000} s only, and nothing came of it; a button that has to be held for longer is found with --effort full`,
  );
}
/** All triggers that were tried, with their outcomes. */
export interface Triggers {
  /** What they were tried for. */
  readonly goal: PlannedGoal;
  /** Outcome of the firmware without any input. */
  readonly alone: Outcome;
  /** Without any input, the firmware faults or resets repeatedly before anything enters the ROM. */
  readonly crashes: boolean;
  readonly tried: readonly Trigger[];
}
/** As `run` does: busy firmware is asked for its inputs early, and followed for as long as any other only where none leads on. */
export function tryTriggers(input: RunInput): Triggers {
  const first = tryWithin(input, input.effort !== 'full');
  if (!first.hurried || leadsOn(first.tried)) return first;
  // it may still go by itself; what comes of its inputs is known
  return tryWithin(input, false, first.tried);
}
/** What is chosen is an input, not a function that is called. */
export function leadsOn(tried: readonly Trigger[]): boolean {
  const best = sorted(tried)[0];
  return best !== undefined && rank(best) === 0;
}
function tryWithin(input: RunInput, hurries: boolean, known?: readonly Trigger[]): Triggers & { readonly hurried: boolean } {
  const session = new Session(input);
  try {
    const powerOn = session.save();
    input.progress?.('running');
    session.hurries = hurries;
    const end = session.run();
    const hurried = hurries && session.isHurried;
    session.hurries = false;
    if (session.machine.history.entries.length > 0 || end.outcome === 'dfu')
      return { goal: input.goal, alone: end.outcome, crashes: false, hurried, tried: [byItself(session, end.outcome)] };
    if (isCut(end.reason)) throw new CutShort(end.reason);
    // firmware that has crashed or hangs cannot be called
    const from = end.outcome === 'no-jump' || (end.outcome === 'stuck' && waitsForInput(session)) ? session.save() : powerOn;
    const tried = known ?? tryAll(session, powerOn, from, findJump(session, powerOn, from));
    return { goal: input.goal, alone: end.outcome, crashes: entered(end.outcome), hurried, tried };
  } finally {
    session.release();
  }
}
/** Nothing has to be done to the firmware. As in trials, `reached` stands for a goal that is not USB. */
function byItself(s: Session, outcome: Outcome): Trigger {
  const reached = s.input.goal.asking === null ? {} : { reached: s.reaches(outcome) };
  return { name: null, kind: 'self', outcome, step: null, ...reached };
}
/** A finger lets go of a button again: held for ever it would ask anew after each reset. */
export function pulled(step: Step, held = '200ms'): readonly Step[] {
  if (!('pin' in step.do)) return [step];
  const { name, level } = step.do.pin;
  return [step, { after: held, do: { pin: { name, level: level === 0 ? 1 : 0 } } }];
}

/**
 * The scenario that pulls a trigger and expects DFU, on top of the one that the firmware was run with, and a download where the trigger led to a device that has one.
 * `images` are as they shall stand in the file.
 *
 * @param behind steps behind the download that hold today, and shall hold from now on
 */
export function scenarioFor(
  base: Scenario,
  chip: string,
  images: readonly string[],
  trigger: Trigger,
  goal: PlannedGoal,
  behind: readonly AfterStep[] = [],
): Scenario {
  const { step, held, reached } = trigger;
  const steps = [...(base.steps ?? []), ...(step ? pulled(step, held) : [])];
  const after = downloads(base, trigger, goal) && { ...DOWNLOAD, ...Object.fromEntries(behind.map((name) => [name, 'ok'])) };
  return {
    ...head(base, chip, images),
    ...(steps.length > 0 ? { steps } : {}),
    expect: { ...(reached === undefined ? { outcome: 'dfu' } : { goal: true }), ...(after && { after }) },
  };
}
/** A client downloads to what this trigger leads to. A step that uses the device leaves it in a state of its own. */
export const downloads = (base: Scenario, trigger: Trigger, goal: PlannedGoal): boolean =>
  reaches(trigger) && mayDownload(base, trigger, goal);
/** The same once the trigger leads to a device. */
export const mayDownload = ({ steps = [] }: Scenario, trigger: Trigger, goal: PlannedGoal): boolean =>
  hasClient(goal) && ![...steps, ...(trigger.step ? [trigger.step] : [])].some((s) => 'dfu' in s.do);
/** It stands behind staying there and erasing: without those it is not tried. */
const DOWNLOAD: NonNullable<Expect['after']> = { download: 'ok', verify: 'ok' };

/** The scenario without any input, which expects that the firmware neither faults nor resets repeatedly. */
export const aloneScenario = (base: Scenario, chip: string, images: readonly string[]): Scenario => ({
  ...head(base, chip, images),
  expect: { outcome: ['no-jump', 'stuck', 'dfu'] },
});

/** What every scenario begins with, and then what the one has that it is made from. */
function head({ schema: _schema, chip: _chip, images: _images, ...rest }: Scenario, chip: string, images: readonly string[]): Scenario {
  return { schema: SCENARIO_SCHEMA, chip, images, ...rest };
}
