/** Words for conditions of evidence. */
import type { Outcome, RunResult } from '../../src/bench/documents/result.ts';
import { hex, ms, OUTCOME } from '../words.ts';
import type { Evidence, Row } from './types.ts';

export const outcome =
  (...names: readonly Outcome[]) =>
  ({ result }: Evidence): boolean =>
    result !== null && names.includes(result.outcome);
/** A core register of the machine that stands somewhere. */
export const register = ({ view }: Evidence, name: string): number | null => view?.registers.find((r) => r.name === name)?.value ?? null;
export const registerIs =
  (name: string, value: number) =>
  (e: Evidence): boolean =>
    register(e, name) === value;
export const verdictOf = (result: RunResult, id: string): string | undefined => result.checks.find((c) => c.id === id)?.verdict;
/** How often system memory was entered: by a branch, an exception, a boot. */
export const entries = (result: RunResult, how: string): number => result.entries.filter((e) => e.how === how).length;
const resetsBy = (result: RunResult, by: string): number => result.resets.filter((r) => r.by === by).length;
/** What the firmware has sent on its serial ports. */
const consoleOf = (result: RunResult): string => Object.values(result.console).join('');
export const timesSaid = (result: RunResult, text: string): number => consoleOf(result).split(text).length - 1;

/** The application is on the bus again after a leave, and no watchdog has helped. */
export const usbIsBack = (result: RunResult): boolean =>
  verdictOf(result, 'leave-path') === 'pass' && timesSaid(result, 'configured') === 2 && resetsBy(result, 'iwdg') === 0;

const NONE = 'this chip has none';
/** Core registers that are single bits. */
const BITS: ReadonlySet<string> = new Set(['primask', 'faultmask']);
export function registerRow(e: Evidence, name: string, label = name.toUpperCase()): Row {
  const value = register(e, name);
  return [label, value === null ? NONE : BITS.has(name) ? String(value) : hex(value)];
}
/** Fields have small values; registers and words of memory are in hex. */
export function valueRow(e: Evidence, name: string, label = name): Row {
  const value = e.values[name];
  return [label, value === null || value === undefined ? NONE : name.includes('.') ? String(value) : hex(value)];
}
export const outcomeRow = ({ result }: Evidence): Row => [
  'Outcome',
  result === null ? 'not run' : `${result.outcome}: ${OUTCOME[result.outcome] ?? ''}`,
];
/** Each reset with its time, and the function or address that has asked for it: not each one belongs to the firmware. */
export const resetsRow = ({ result }: Evidence): Row => ['Resets', result?.resets.map(resetWords).join(', ') ?? ''];
const resetWords = ({ by, at, from }: RunResult['resets'][number]): string => {
  const place = from === null ? '' : from.symbol === null ? ` by code at ${from.pc}` : ` by ${from.symbol}()`;
  return Number(at) === 0 ? by : `${by} at ${ms(Number(at))}${place}`;
};
export const entriesRow = ({ result }: Evidence): Row => [
  'Entries into system memory',
  result?.entries
    .slice(0, 4)
    .map(({ how, address }) => `${how} to ${address}`)
    .join(', ') || 'none',
];
export const checkRow = ({ result }: Evidence, id: string): Row => {
  const check = result?.checks.find((c) => c.id === id);
  return [id, check === undefined ? 'not judged' : `${check.verdict}${check.observed === null ? '' : `: ${check.observed}`}`];
};
export const consoleRow = ({ result }: Evidence): Row => [
  'Sent by the firmware',
  result === null ? '' : consoleOf(result).trim().split('\n').join(', ') || 'nothing',
];
export const placeRow = ({ view }: Evidence): Row => [
  'Where',
  view === null
    ? ''
    : `${view.zone === 'rom' ? 'in the ROM' : (view.place.symbol ?? view.place.pc)}${view.place.line === null ? '' : `, line ${view.place.line}`}`,
];
export const timeRow = ({ view }: Evidence): Row => ['Time', view === null ? '' : `${ms(view.at)}, ${view.instructions} instructions`];
