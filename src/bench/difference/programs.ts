/**
 * A program that another one starts: a loader's application. What works is the same image started from reset, without the loader in front of it; what it should do is what it does
 * then for a while: the interrupts that it serves, the pins and ports that it drives, its device on USB, and no fault.
 */
import { MOST } from '../documents/bounds.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import type { RunInput } from '../input/run-input.ts';
import { Session } from '../session/session.ts';
import { othersThanBooted, type Program } from '../slice/unstarted.ts';
import { checkpointBefore, record, runTo } from '../slice/window.ts';

/** How long a program is watched from its first instruction on. */
const WATCHED = 60 * MS;

/** The program behind the one that the chip starts; null where there are not two, or more. */
export function secondProgram(s: Session): Program | null {
  const { machine, input } = s;
  if (machine.cores.length > 1 || input.images.length < 2) return null;
  const others = othersThanBooted(s);
  return others.length === 1 ? others[0]! : null;
}

/** The state before its first instruction, at the last time that it is started up to `end`; null if it never is. The session is left there. */
export function arrival(s: Session, powerOn: Checkpoint, { start, name }: Program, end: Ps): Checkpoint | null {
  const { machine, steps } = s;
  const core = machine.bootCore;
  s.restore(powerOn);
  // a step of the scenario that is carried out sets the stops anew
  const before = steps.otherStops;
  steps.otherStops = (index) => (index === core.index ? [...before(index), start] : before(index));
  steps.setBreakpoints();
  let last: Checkpoint | null = null;
  let starts = 0;
  try {
    while (starts < MOST.starts && machine.now < end && !machine.state.lockup) {
      const { now } = machine;
      s.advance(end);
      const there = core.atBreak && core.pc === start;
      if (there) last = ((starts += 1), s.save());
      // one that waits for a symbol, which may be this program's start
      steps.poll();
      if (!there && machine.now === now) break;
    }
    if (starts === MOST.starts && machine.now < end) s.input.bounds?.leaveOut(`the first ${MOST.starts} starts of ${name}`);
  } finally {
    steps.otherStops = before;
    steps.setBreakpoints();
  }
  return last;
}

/** The branch that leads to the start of a program in the state before its first instruction; null where none is seen shortly before. The session is left anywhere. */
export function senderOf(s: Session, powerOn: Checkpoint, { start }: Program, arrived: Checkpoint): number | null {
  const at = arrived.system.now;
  const from = Math.max(0, at - LOOKED_BACK);
  const kept = s.keepCheckpoints;
  s.keepCheckpoints = false;
  s.restore(checkpointBefore(s, powerOn, from));
  runTo(s, from);
  const { steps } = record(s, s.machine.bootCore, at, MOST_STEPS);
  s.keepCheckpoints = kept;
  const branch = steps.at(-1)?.flow?.branch ?? null;
  return branch !== null && (branch.target & ~1) >>> 0 === start ? branch.pc : null;
}
const LOOKED_BACK = 20 * US;
const MOST_STEPS = 20_000;

/** The same image from reset. The caller releases it. */
export function fromReset(input: RunInput, { table, start }: Program): { readonly session: Session; readonly at: Checkpoint } | null {
  const session = new Session({ ...input, scenario: { ...input.scenario, steps: [] }, bootAt: table, findJump: false, noReturn: false });
  session.keepCheckpoints = false;
  if (session.machine.bootCore.pc === start) return { session, at: session.save() };
  session.release();
  return null;
}

/** What a program does. */
export interface Life {
  readonly served: ReadonlySet<number>;
  readonly driven: ReadonlySet<string>;
  readonly enumerated: boolean;
  readonly died: boolean;
}
/** From where the session stands. */
export function watch(s: Session): Life {
  const { machine, usb } = s;
  const [served, driven] = [new Set<number>(), new Set<string>()];
  const before = machine.observer;
  const resets = machine.history.resets.length;
  machine.observer = {
    ...before,
    exception: (core, exception, ...rest) => {
      before.exception?.(core, exception, ...rest);
      if (core === machine.bootCore) served.add(exception);
    },
    wire: (name, value) => {
      before.wire?.(name, value);
      driven.add(name);
    },
  };
  const end = machine.now + WATCHED;
  try {
    while (machine.now < end && !machine.state.lockup) {
      const now = machine.now;
      s.advance(end);
      s.steps.poll();
      if (machine.now === now) break;
    }
  } finally {
    machine.observer = before;
  }
  const died = machine.state.lockup !== null || s.state.fault !== null || machine.history.resets.length > resets;
  return { served, driven, enumerated: usb.sessions.at(-1)?.enumerated != null, died };
}
/** It does at least what the other does. */
export const livesAs = (life: Life, wanted: Life): boolean =>
  life.died === wanted.died &&
  (life.enumerated || !wanted.enumerated) &&
  [...wanted.served].every((exception) => life.served.has(exception)) &&
  [...wanted.driven].every((name) => life.driven.has(name));
