/** What the host says and hears, rung by rung; where no host ever sees a device, what the program does instead. */
import { hasReached, otherGoal } from '../../bench/documents/reached.ts';
import { APP_GOAL, type GoalName } from '../../bench/documents/goal.ts';
import type { RunResult } from '../../bench/documents/result.ts';
import { humanTime } from '../text.ts';

export interface Rung {
  readonly text: string;
  /** What came back; empty: nothing is expected. */
  readonly answer: string;
  readonly good: boolean;
  /** `up`: the device speaks; `life`: nobody does, it is something that happens to the program. */
  readonly way: 'up' | 'down' | 'life';
}
export interface Ladder {
  /** Whose: `USB host`, `host on USART1`, `your application`. */
  readonly of: string;
  readonly rungs: readonly Rung[];
  /** How many of them are the same when it is repaired. */
  readonly common: number;
  /** What follows, with the cause repaired; empty: nothing is proved. */
  readonly repaired: readonly Rung[];
  /** What it comes to: `0483:df11`. */
  readonly goal: string;
  /** In this run. */
  readonly reached: boolean;
  /** With the cause repaired. */
  readonly reachedRepaired: boolean;
  /** Where it stopped, in words; empty where it did not. */
  readonly stopped: string;
}

type Log = RunResult['usb']['log'];
const split = (text: string): readonly [what: string, answer: string] => {
  const at = text.indexOf('): ') >= 0 ? text.indexOf('): ') + 1 : text.indexOf(': ');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 2)];
};
/** `GET_DESCRIPTOR` of `GET_DESCRIPTOR(DEVICE, 64)`. */
const nameOf = (request: string): string => request.replace(/\(.*$/, '');
/** How many bytes are asked for is left out: the answer tells it. */
const shown = (request: string): string => request.replace(/, \d+\)$/, ')');
const READY = 'enumerated';

interface Step extends Rung {
  readonly name: string;
  readonly count: number;
}
/** What a row of the log is to a person; null where it tells nothing. */
function stepOf({ kind, text }: Log[number]): Step | null {
  const [what, answered] = split(String(text));
  const step = { name: kind, answer: '', good: true, count: 1 };
  switch (kind) {
    case 'attach':
      return { ...step, text: String(text), way: 'up' };
    case 'detach':
      return { ...step, text: 'pull-up off', good: false, way: 'up' };
    case 'reset':
      return { ...step, text: String(text), way: 'down' };
    case 'request':
      return {
        ...step,
        text: shown(what),
        name: nameOf(what),
        answer: answered.replace(/, \d+ NAKs$/, ''),
        way: 'down',
      };
    case 'no-answer':
      return { ...step, text: shown(what), name: nameOf(what), answer: 'no answer', good: false, way: 'down' };
    default:
      return null;
  }
}
/** The same request again is one rung. */
function added(to: Step[], step: Step): void {
  const last = to.at(-1);
  if (last?.name !== step.name || last.good !== step.good) to.push(step);
  else to[to.length - 1] = { ...last, count: last.count + 1, text: last.text === step.text ? last.text : step.name, answer: step.good ? '' : step.answer }; // prettier-ignore
}
/** A bus reset behind a request that was answered, and what the host reads of a device that is configured, tell nothing. */
function rungsOf(log: Log, isAttached = false): Rung[] {
  const steps: Step[] = [];
  let configured = false;
  for (const row of log) {
    configured ||= row.kind === READY;
    // a refusal is an answer, unless the host cannot do without
    if (row.kind.startsWith('enumeration-') && steps.length > 0) steps.push({ ...steps.pop()!, good: false });
    // what the client of DFU heard
    if (row.kind === 'dfu' && steps.length > 0) steps.push({ ...steps.pop()!, answer: String(row.text).split(',')[0]! });
    const step = stepOf(row);
    if (step === null || (configured && step.way === 'down' && !step.name.startsWith('DFU_'))) continue;
    if (step.name !== 'reset' || (!isAttached && steps.length < 2)) added(steps, step);
  }
  // of requests in vain the attempts are counted, and not how often each asks
  return steps.map(({ text, answer, good, way, count }) => ({ text: good && count > 1 ? `${text} ×${count}` : text, answer, good, way }));
}

/** Up to the first request that nobody answers: what a host does then only repeats it. */
function upToSilence(rungs: readonly Rung[]): readonly Rung[] {
  const first = rungs.findIndex(({ good }) => !good);
  return first < 0 ? rungs : rungs.slice(0, first + 1);
}

/** The bus behind the entry. */
function ofUsb(result: RunResult): Ladder | null {
  const { usb, entries } = result;
  const from = Number(entries.at(-1)?.at ?? Infinity);
  const session = usb.sessions.findLast((s) => Number(s.at) >= from);
  if (session === undefined) return null;
  const since = usb.log.filter((row) => Number(row.at) >= Number(session.at));
  const reached = hasReached(result);
  const all = rungsOf(since);
  const heard = reached ? all : upToSilence(all);
  const gone = since.some(({ kind }) => kind === 'enumeration-failed');
  const [common, then] = parted(heard, result.repaired?.log ?? []);
  // a device that puts the host off again and again never answers, and the log has no end of that request
  const asked =
    reached || heard.some(({ good }) => !good) || then[0]?.way !== 'down' ? [] : [{ ...then[0], answer: 'no answer', good: false }];
  const rungs = [...heard, ...asked];
  return {
    of: 'USB host',
    rungs,
    common: reached ? rungs.length : common,
    repaired: then,
    goal: '0483:df11',
    reached,
    reachedRepaired: isProved(result),
    stopped: reached ? '' : gone ? giveUp(since) : 'no DFU device',
  };
}
/** How many rungs the repaired run has in common with this one, and what follows there. */
function parted(rungs: readonly Rung[], log: Log): readonly [common: number, then: readonly Rung[]] {
  const attach = log.findLastIndex(({ kind }) => kind === 'attach');
  const good = rungs.filter((r) => r.good).length;
  // it has the same device, up to where this one falls silent
  if (attach < 0) return [good, rungsOf(log, true)];
  const all = rungsOf(log.slice(attach));
  let same = 0;
  while (same < Math.min(good, all.length) && all[same]!.text === rungs[same]!.text) same++;
  return [same, all.slice(same)];
}
const giveUp = (log: Log): string => {
  const attempts = 1 + log.filter(({ kind }) => kind === 'enumeration-retry').length;
  return `the host gives up after ${attempts === 1 ? 'one attempt' : `${attempts} attempts`}`;
};
const isProved = ({ diagnosis }: RunResult): boolean => diagnosis.sets.length > 0;

/** What a run is for, reached; null: USB. */
export const goalText = (goal: GoalName | null): string =>
  goal === null ? '0483:df11' : goal === APP_GOAL ? 'the application runs' : `${goal.toUpperCase()} answers`;
/** The first words of another host. */
function ofPort(result: RunResult, goal: GoalName): Ladder | null {
  const from = result.entries.at(-1)?.at;
  if (from === undefined) return null;
  const { reached } = result.goal;
  const port = goal.toUpperCase();
  const said = result.timeline.filter((t) => t.kind === 'scenario' && Number(t.at) >= Number(from)).map((t) => String(t.text));
  // the heading names the port
  const asks = result.goal.asks === undefined ? null : String(result.goal.asks).replace(/ on .*$/, '');
  const asked = asks !== null ? [asks] : said.length > 0 ? said : [port];
  const rungs = asked.map((text, i): Rung => {
    const last = i === asked.length - 1;
    return { text, answer: last ? (reached ? 'ACK' : 'no answer') : '', good: reached || !last, way: 'down' };
  });
  return {
    of: `host on ${port}`,
    rungs,
    common: reached ? rungs.length : rungs.length - 1,
    repaired: reached || !isProved(result) ? [] : [{ ...rungs.at(-1)!, answer: 'ACK', good: true }],
    goal: goalText(goal),
    reached,
    reachedRepaired: isProved(result),
    stopped: reached ? '' : `nothing is heard on ${port}`,
  };
}

const ENDS: Readonly<Record<string, string>> = {
  'reset-loop': 'and so on, without an end',
  fault: 'the core stays in its fault',
  'rom-silent': 'no DFU device',
  'back-in-app': 'the application runs again',
  stuck: 'waits without an end',
  'no-jump': 'runs on, and never jumps into the ROM',
};
/** Events of a life that a person would tell. */
const TOLD = new Set(['reset', 'scenario', 'fault', 'lockup', 'left', 'entry']);
const MOST_EVENTS = 6;
/** What the program does where no host sees anything. */
function ofLife(result: RunResult, goal: GoalName | null): Ladder {
  const from = Number(result.entries.at(-1)?.at ?? 0);
  const rows = result.timeline.filter((t) => TOLD.has(t.kind) && Number(t.at) >= from && !(t.kind === 'entry' && Number(t.at) === from));
  const left = rows.length - MOST_EVENTS;
  const some = left <= 1 ? rows : [...rows.slice(0, 2), ...rows.slice(2 - MOST_EVENTS)];
  const bad = new Set(['fault', 'lockup']);
  const rungs = some.map(({ at, kind, text }): Rung => ({ text: String(text), answer: humanTime(at), good: !bad.has(kind), way: 'life' }));
  if (left > 1) rungs.splice(2, 0, { text: `${left} more`, answer: '', good: true, way: 'life' });
  const reached = hasReached(result);
  const isForRom = goal !== APP_GOAL && !isLoaded(result);
  const jump: Rung[] = result.entries.length === 0 && isForRom ? [{ text: 'jump into the ROM', answer: '', good: true, way: 'life' }] : [];
  return {
    of: result.entries.length === 0 ? 'your application' : 'in the ROM',
    rungs,
    common: rungs.length,
    repaired: isProved(result) ? jump : [],
    goal: goalText(goal),
    reached,
    reachedRepaired: isProved(result),
    stopped: reached ? '' : (ENDS[result.outcome] ?? result.outcome),
  };
}
/** A loader starts a program that does not work for what is left to it: no ROM is in it. */
export const isLoaded = ({ handOvers }: RunResult): boolean => handOvers.some(({ from }) => from === 'loader');
export function ladderOf(result: RunResult): Ladder {
  const goal = otherGoal(result);
  const ladder = goal === null ? ofUsb(result) : goal === APP_GOAL ? null : ofPort(result, goal);
  return ladder ?? ofLife(result, goal);
}
