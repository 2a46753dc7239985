/**
 * A program that another one starts: a loader's application. What works is the same image started from reset, without the loader in front of it; what it should do is what it does
 * then for a while: the interrupts that it serves, the pins and ports that it drives, its device on USB, and no fault.
 */
import type { Writer } from '../../checks/check.ts';
import { MOST } from '../documents/bounds.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import type { RunInput } from '../input/run-input.ts';
import type { Machine } from '../../emu/machine.ts';
import { callChainOf } from '../session/call-chain.ts';
import { proveFixedLoop } from '../session/fixed-loop.ts';
import { Session } from '../session/session.ts';
import { othersThanBooted } from '../session/programs.ts';
import type { Program } from '../../image/programs.ts';
import { checkpointBefore, record, runByStops, runTo, type Step } from '../slice/window.ts';

/** How long a program is watched from its first instruction on; one that dies later, until then, but no longer than `LONGEST`. */
export const WATCHED = 60 * MS;
/** Of one that seems to run: what blinks does so within that. */
export const WATCHED_LONGER = 420 * MS;
const LONGEST = 1000 * MS;
const BEHIND_DEATH = 10 * MS;
/** When the run dies that the session has come to the end of; null: it does not. */
export const diesAt = ({ machine, state }: Session): Ps | null => machine.state.lockup?.at ?? state.fault?.since ?? null;
export const toWatch = ({ system: { now } }: Checkpoint, dies: Ps | null, least = WATCHED): Ps =>
  Math.max(least, Math.min((dies ?? 0) - now + BEHIND_DEATH, LONGEST));

/** The program behind the one that the chip starts; null where there are not two, or more. */
export function secondProgram(s: Session): Program | null {
  const others = othersThanBooted(s);
  return others.length === 1 ? others[0]! : null;
}

/** The state before its first instruction, at the last time that it is started up to `end`; null if it never is. The session is left there. */
export function arrival(s: Session, powerOn: Checkpoint, { start, name }: Program, end: Ps): Checkpoint | null {
  s.restore(powerOn);
  let last: Checkpoint | null = null;
  let starts = 0;
  runByStops(s, [start], end, () => {
    last = s.save();
    return ++starts >= MOST.starts;
  });
  if (starts === MOST.starts && s.machine.now < end) s.input.bounds?.leaveOut(`the first ${MOST.starts} starts of ${name}`);
  return last;
}

/** What hands over to a program. */
export interface Sender {
  /** The branch to its start. */
  readonly pc: number;
  /** Where in the handler of the exception that is still active then this happens: the branch itself, or the call that leads to it; null in Thread mode. */
  readonly inHandler: Writer | null;
}
/** How a program is started, by the state before its first instruction; null where no branch to it is seen shortly before. The session is left anywhere. */
export function senderOf(s: Session, powerOn: Checkpoint, { start }: Program, arrived: Checkpoint): Sender | null {
  const at = arrived.system.now;
  const from = Math.max(0, at - LOOKED_BACK);
  const kept = s.keepCheckpoints;
  s.keepCheckpoints = false;
  const repeat = (most: number): readonly Step[] => {
    s.restore(checkpointBefore(s, powerOn, from));
    runTo(s, from);
    return record(s, s.machine.bootCore, at, most).steps;
  };
  const steps = repeat(MOST_STEPS);
  const last = steps.at(-1);
  const branch = last?.flow?.branch ?? null;
  const sender = last && branch !== null && (branch.target & ~1) >>> 0 === start ? branch.pc : null;
  const inHandler = sender === null || s.machine.bootCore.arm.ipsr === 0 ? null : inHandlerOf(s, steps, repeat, sender);
  s.keepCheckpoints = kept;
  return sender === null ? null : { pc: sender, inHandler };
}
/** The calls are followed from before the stack changed: a loader sets that of the program before it branches. */
function inHandlerOf(s: Session, steps: readonly Step[], repeat: (most: number) => unknown, sender: number): Writer {
  const last = steps.at(-1)!;
  const sp = last.registers[SP];
  const before = steps.findLastIndex((step) => step.registers[SP] !== sp);
  repeat(before < 0 ? steps.length - 1 : before);
  const { frames } = callChainOf(s.machine.bootCore, s.input.images);
  const handler = frames.findIndex(({ exception }) => exception !== null);
  // with what was inlined into it, the handler branches itself
  const itself = handler < 0 || frames.slice(0, handler).every(({ inlined }) => inlined);
  return { pc: itself ? sender : frames[handler]!.pc, at: last.at, kind: 'cpu', core: s.machine.bootCore.index, seq: -1 };
}
const SP = 13;
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

interface Driven {
  readonly level: number;
  readonly times: number;
}
/** What a program does. */
export interface Life {
  readonly served: ReadonlySet<number>;
  /** Wires, with the last level that they were driven to and how often they were. */
  readonly driven: ReadonlyMap<string, Driven>;
  readonly enumerated: boolean;
  /** Channels on which it has printed. */
  readonly printed: ReadonlySet<string>;
  /** In a loop that is proved to have no end. */
  readonly hangs: boolean;
  /** Thread mode had a turn at the end of the time: no handler keeps it for good. */
  readonly threads: boolean;
  readonly died: boolean;
}
/** From where the session stands. */
export function watch(s: Session, watched: Ps): Life {
  const { machine, usb } = s;
  const [served, driven] = [new Set<number>(), new Map<string, Driven>()];
  const before = machine.observer;
  const resets = machine.history.resets.length;
  const printedBefore = printedOn(machine);
  machine.observer = {
    ...before,
    exception: (core, exception, ...rest) => {
      before.exception?.(core, exception, ...rest);
      if (core === machine.bootCore) served.add(exception);
    },
    wire: (name, value) => {
      before.wire?.(name, value);
      driven.set(name, { level: value, times: (driven.get(name)?.times ?? 0) + 1 });
    },
  };
  const end = machine.now + watched;
  const advance = (to: Ps): void => {
    while (machine.now < to && !machine.state.lockup) {
      const now = machine.now;
      s.advance(to);
      s.steps.poll();
      if (machine.now === now) break;
    }
  };
  let threads = false;
  try {
    advance(end - watched / 4);
    for (let looks = LOOKS - 1; looks >= 0; looks--) {
      threads ||= machine.bootCore.arm.ipsr === 0;
      advance(end - Math.floor((watched / 4 / LOOKS) * looks));
    }
  } finally {
    machine.observer = before;
  }
  const died = machine.state.lockup !== null || s.state.fault !== null || machine.history.resets.length > resets;
  const printed = new Set([...printedOn(machine)].filter(([name, count]) => count > (printedBefore.get(name) ?? 0)).map(([name]) => name));
  const hangs = !died && proveFixedLoop(s) !== null;
  return { served, driven, printed, hangs, threads, enumerated: usb.sessions.at(-1)?.enumerated != null, died };
}
/** At times that no period of interrupts divides well, how often it is looked at in the last quarter. */
const LOOKS = 37;
const printedOn = ({ state }: Machine): ReadonlyMap<string, number> =>
  new Map(Object.entries(state.console).map(([name, { count }]) => [name, count]));
/**
 * It does at least what the other does, and what that one drives again and again at least half as often, its set-up apart. What only the chip sees, a PLL or wait states, may have been so
 * before, and so may an output that is only set up: who started it may have left it so.
 */
export const livesAs = (s: Session, life: Life, wanted: Life): boolean =>
  life.died === wanted.died &&
  (life.enumerated || !wanted.enumerated) &&
  (!life.hangs || wanted.hangs) &&
  (life.threads || !wanted.threads) &&
  [...wanted.printed].every((channel) => life.printed.has(channel)) &&
  [...wanted.served].every((exception) => life.served.has(exception)) &&
  [...wanted.driven].every(([name, { level, times }]) => {
    const isSetUp = !OUTPUT.test(name) || times <= SET_UP_TIMES;
    if (isSetUp) return life.driven.has(name) || s.machine.system.wire(name) === level;
    return 2 * ((life.driven.get(name)?.times ?? 0) - SET_UP_TIMES) >= times - SET_UP_TIMES;
  });
/** Its mode, and its level. */
const SET_UP_TIMES = 2;
const OUTPUT = /^out\./;
