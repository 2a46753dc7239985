/** What differs between two runs: how they ended, the state at their last entries, checks, causes. Times and source lines are not compared. */
import { CHECK_IDS, type CheckId, type ResultCheck, type ResultEntry, type RunResult } from './result.ts';

export interface Difference {
  /** What is compared; the groups stand in the order of a report. */
  readonly group: 'run' | 'entry' | 'registers' | 'checks' | 'causes' | 'usb';
  readonly name: string;
  readonly a: string;
  readonly b: string;
}

const NONE = '–';

export function compareRuns(a: RunResult, b: RunResult): Difference[] {
  return [...run(a, b), ...entry(a, b), ...registers(a, b), ...checks(a, b), ...causes(a, b), ...usb(a, b)];
}

const differing = (group: Difference['group'], rows: readonly (readonly [name: string, a: string, b: string])[]): Difference[] =>
  rows.filter(([, a, b]) => a !== b).map(([name, a, b]) => ({ group, name, a, b }));

const run = (a: RunResult, b: RunResult): Difference[] =>
  differing('run', [
    ['chip', a.chip, b.chip],
    ['outcome', a.outcome, b.outcome],
    ['resets', resetsOf(a), resetsOf(b)],
    ['entries', String(a.entries.length), String(b.entries.length)],
    ['ROM', romOf(a), romOf(b)],
    ...union(Object.keys(a.rom.options), Object.keys(b.rom.options)).map(
      (id) => [`ROM option ${id}`, a.rom.options[id]?.value ?? NONE, b.rom.options[id]?.value ?? NONE] as const,
    ),
  ]);
/** `power, software x 3` */
function resetsOf({ resets }: RunResult): string {
  const runs: { by: string; count: number }[] = [];
  for (const { by } of resets) {
    const last = runs.at(-1);
    if (last?.by === by) last.count++;
    else runs.push({ by, count: 1 });
  }
  return runs.map(({ by, count }) => (count === 1 ? by : `${by} x ${count}`)).join(', ');
}
const romOf = ({ rom }: RunResult): string => [rom.kind, rom.id, rom.version].filter((x) => x !== null).join(' ');

const last = (r: RunResult): ResultEntry | undefined => r.entries.at(-1);
function entry(a: RunResult, b: RunResult): Difference[] {
  const [x, y] = [last(a), last(b)];
  const of = (e: ResultEntry | undefined, what: (e: ResultEntry) => string): string => (e === undefined ? 'no entry' : what(e));
  return differing('entry', [
    ['how', of(x, (e) => e.how), of(y, (e) => e.how)],
    ['address', of(x, (e) => e.address), of(y, (e) => e.address)],
    ['first instruction ran', of(x, (e) => (e.reached ? 'yes' : 'no')), of(y, (e) => (e.reached ? 'yes' : 'no'))],
    ['core', of(x, (e) => e.core ?? NONE), of(y, (e) => e.core ?? NONE)],
  ]);
}
/** Only where both were in the ROM. R0 to R12 mean nothing to it, but a debugger shows them too. */
function registers(a: RunResult, b: RunResult): Difference[] {
  const [x, y] = [last(a)?.registers, last(b)?.registers];
  if (!x || !y) return [];
  return differing(
    'registers',
    union(Object.keys(x), Object.keys(y)).map((name) => [name, x[name] ?? NONE, y[name] ?? NONE] as const),
  );
}

function checks(a: RunResult, b: RunResult): Difference[] {
  const of = (r: RunResult, id: CheckId): ResultCheck | undefined => r.checks.find((c) => c.id === id);
  const shown = (c: ResultCheck | undefined): string =>
    c === undefined ? NONE : `${c.verdict}${c.observed === null ? '' : `, ${c.observed}`}`;
  // what is broken in one and holds in the other may be why only one works: it stands first
  const weight = (id: CheckId): number => {
    const [x, y] = [of(a, id)?.verdict, of(b, id)?.verdict];
    if (x === y) return 2;
    return x === 'fail' || y === 'fail' ? 0 : 1;
  };
  return differing(
    'checks',
    [...CHECK_IDS].sort((p, q) => weight(p) - weight(q)).map((id) => [id, shown(of(a, id)), shown(of(b, id))] as const),
  );
}

function causes(a: RunResult, b: RunResult): Difference[] {
  const of = ({ diagnosis }: RunResult, id: string): string => {
    const cause = diagnosis.causes.find((c) => c.id === id);
    return cause === undefined ? NONE : cause.proved ? 'proved' : 'not proved';
  };
  const ids = union(
    a.diagnosis.causes.map((c) => c.id),
    b.diagnosis.causes.map((c) => c.id),
  );
  return differing(
    'causes',
    ids.map((id) => [id, of(a, id), of(b, id)] as const),
  );
}

/** The devices that the host configured, in order. */
function usb(a: RunResult, b: RunResult): Difference[] {
  const of = ({ usb: { sessions } }: RunResult): string =>
    sessions
      .filter((s) => s.enumerated)
      .map((s) => `${s.vid?.slice(2) ?? '?'}:${s.pid?.slice(2) ?? '?'} served by ${s.servedBy ?? 'nobody'}`)
      .join(', ') || 'none';
  return differing('usb', [['devices', of(a), of(b)]]);
}

const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];
