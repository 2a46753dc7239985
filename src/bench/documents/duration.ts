/** Times with units, exact: `1.5ms` is 1 500 000 000 ps, digit by digit, without floating point. */
import { MS, type Ps } from '../../emu/time.ts';
import { shown, UsageError } from './usage-error.ts';

const EXPONENT: Readonly<Record<string, number>> = { min: 12, m: 12, s: 12, ms: 9, us: 6, µs: 6, μs: 6, ns: 3, ps: 0 };
/** Minutes are so many of what the table has for them. */
const SECONDS_A_MINUTE = 60n;

/** Picoseconds, or null if the text is no time or finer than a picosecond. */
export function durationPs(text: string): Ps | null {
  // callers in JavaScript give anything
  if (typeof text !== 'string') return null;
  const match = /^(\d+)(?:\.(\d+))?\s*(min|m|s|ms|us|µs|μs|ns|ps)$/.exec(text.trim());
  if (match === null) return null;
  const exponent = EXPONENT[match[3]!]!;
  const fraction = (match[2] ?? '').replace(/0+$/, '');
  if (fraction.length > exponent) return null;
  const times = match[3]!.startsWith('m') && match[3] !== 'ms' ? SECONDS_A_MINUTE : 1n;
  const ps = times * BigInt(match[1]! + fraction + '0'.repeat(exponent - fraction.length));
  return ps > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(ps);
}

/** For `where`, a key or an option; throws UsageError. */
export function parseDuration(text: string, where: string): Ps {
  const ps = durationPs(text);
  if (ps === null)
    throw new UsageError(
      `${where}: ${shown(text)} is not a time`,
      'write a number with a unit, like 100ms, 2s, 5min or 10us (at most 2.5 hours)',
    );
  return ps;
}

/** A limit of real time, whole milliseconds. */
export const limitMs = (text: string, where: string): number => Math.ceil(parseDuration(text, where) / MS);

/** The shortest exact text with a unit. */
export function formatDuration(ps: Ps): string {
  for (const unit of ['s', 'ms', 'us', 'ns'] as const) {
    const size = 10 ** EXPONENT[unit]!;
    if (ps % size === 0) return `${ps / size}${unit}`;
  }
  return `${ps}ps`;
}
