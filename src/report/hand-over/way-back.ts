/** The way back: what the ROM hands to the application at the leave, and what becomes of it. */
import type { NotAlive, ResultCheck, RunResult } from '../../bench/documents/result.ts';
import { humanTime, sentence } from '../text.ts';
import { shortPlace, type Wire } from './wires.ts';
import type { Rung } from './ladder.ts';

export interface WayBack {
  /** Seconds; null: bench made the leave behind the run, and only its end is known. */
  readonly at: string | null;
  /** Why the application does not work as after a reset. */
  readonly why: readonly string[];
  /** What it has to do first, in C; null: the reasons say it, or nothing is known. */
  readonly repair: string | null;
  /** What the ROM leaves; empty where only the end is known. */
  readonly wires: readonly Wire[];
  readonly rungs: readonly Rung[];
  /** What the host asks for up to the leave, behind its goal. */
  readonly asked: readonly Rung[];
  /** What the application does instead. */
  readonly ends: string;
}

/** Null: nothing was left, or the application runs. */
export function wayBackOf(result: RunResult): WayBack | null {
  const path = result.checks.find(({ id }) => id === 'leave-path');
  const left = result.timeline.findLast(({ kind }) => kind === 'left');
  if (path?.verdict === 'fail' && left !== undefined) return ofRun(result, path, left.at);
  const { alive } = result.after ?? {};
  if (alive?.result !== 'failed') return null;
  const { left: values = [], table = null } = alive.about ?? {};
  return {
    at: null,
    why: [table === null ? sentence(String(alive.because ?? '')) : intoTheRom(table)],
    repair: table === null ? null : `${table.fix}; /* first thing in main() */`,
    wires: values.map(({ id, observed, expected }): Wire => ({
      ...LEFT,
      id,
      label: observed,
      owner: `${table === null ? 'a reset leaves' : 'the application needs'} ${valueBeside(observed, expected)}`,
    })),
    rungs: [STARTS],
    asked: ofTrial(result),
    ends: values.length === 0 ? 'the application does not work after it' : 'it does not work as it does after a reset',
  };
}
const STARTS: Rung = { text: 'the application starts', answer: '', good: true, way: 'life' };
function intoTheRom({ exception, by }: NonNullable<NotAlive['table']>): string {
  const enabled = by === null ? '' : `, enabled at ${shortPlace(by)}`;
  return `After the leave, its exceptions go to the ROM's vector table: the first is ${exception}${enabled}.`;
}
const LEFT = { state: 'broken', repaired: null, code: null, fix: null, why: 'what the ROM leaves' } as const;
/** Of what is expected there, without the name that both have. */
function valueBeside(observed: string, expected: string): string {
  const name = observed.slice(0, observed.indexOf(' = ') + ' = '.length);
  return expected.startsWith(name) ? expected.slice(name.length) : expected;
}

function ofRun(result: RunResult, path: ResultCheck, at: string): WayBack {
  const states = result.checks.filter(({ id, observed }) => id.startsWith('leave-') && id !== 'leave-path' && observed !== null);
  const wires = states.map((check): Wire => ({ ...wireOf(check), state: STATE[check.verdict] ?? 'good' }));
  const order = { broken: 0, odd: 1, good: 2 } as const;
  return {
    at,
    repair: null,
    asked: [LEAVES],
    why: [path, ...states.filter(({ verdict }) => verdict === 'fail')].map(({ because }) => sentence(String(because))),
    wires: wires.sort((a, b) => order[a.state] - order[b.state]),
    rungs: eventsSince(result, at),
    ends: String(path.observed ?? 'it does not run'),
  };
}
const STATE: Readonly<Record<string, Wire['state']>> = { fail: 'broken', warn: 'odd' };
const wireOf = ({ id, observed, expected, because }: ResultCheck): Omit<Wire, 'state'> => ({
  id,
  label: String(observed),
  repaired: null,
  code: null,
  fix: null,
  owner: expected === null ? 'does no harm' : `a reset leaves ${valueBeside(String(observed), String(expected))}`,
  why: String(because),
});

const MOST_EVENTS = 4;
/** What a person would tell of the time behind the leave. */
function eventsSince(result: RunResult, at: string): Rung[] {
  const rows = result.timeline.filter((t) => Number(t.at) > Number(at) && TOLD.has(t.kind)).slice(0, MOST_EVENTS);
  return [
    { ...STARTS, answer: humanTime(at) },
    ...rows.map((t): Rung => ({ text: String(t.text), answer: humanTime(t.at), good: t.kind === 'reset', way: 'life' })),
  ];
}
const TOLD = new Set(['reset', 'fault', 'lockup', 'entry']);

const STEPS = { upload: 'read', erase: 'erase', download: 'write' } as const;
const LEAVES: Rung = { text: 'leave', answer: 'ok', good: true, way: 'down' };
/** What the bench asked of the device behind the run. */
function ofTrial({ after }: RunResult): Rung[] {
  const done = (Object.keys(STEPS) as (keyof typeof STEPS)[]).filter((id) => after?.[id].result === 'ok').map((id) => STEPS[id]);
  return [...(done.length === 0 ? [] : [{ ...LEAVES, text: done.join(', ') }]), LEAVES];
}
