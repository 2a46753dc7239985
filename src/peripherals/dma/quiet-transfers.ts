/** Transfers of the same to where it stands already, of a channel or a stream that stores what it reads at one address (src/emu/quiet-rounds.ts). */
import type { Env } from '../../emu/component.ts';
import type { QuietRequests } from '../../emu/quiet-requests.ts';
import type { Stretch } from '../../emu/registers.ts';

/** How far a channel is. */
export interface Progress {
  readonly left: number;
  /** Transfers of the whole buffer. */
  readonly total: number;
  readonly circular: boolean;
  /** Address of the next store, and of the first one of a buffer; bytes of each. */
  readonly next: number;
  readonly first: number;
  readonly size: 1 | 2 | 4;
  /** Each store goes behind the one before. */
  readonly moves: boolean;
  /** The flag of a half, of the whole buffer stands already, and its interrupt is off. */
  readonly halfKnown: boolean;
  readonly wholeKnown: boolean;
}

/** A beat is over before the next request comes. */
export const isSlow = (env: Env, beatClocks: number, { apart }: QuietRequests): boolean =>
  apart > env.clockTimeOf('hclk', env.clockCount('hclk') + beatClocks + 1) - env.now();

/** How many come next that store what stands there and raise no flag that somebody sees. @param width bytes of what is read that are stored */
export function standing(p: Progress, width: number, { values, most, stands }: QuietRequests): number {
  const mask = 2 ** (8 * width) - 1;
  const free = Math.min(most, unseen(p, values.length));
  for (let i = 0; i < free; i++)
    if (!stands((placeAt(p, i) & ~(p.size - 1)) >>> 0, p.size, (values[i % values.length]! & mask) >>> 0)) return i;
  return free;
}
/** Transfers in front of the one that raises something. A circular buffer without news goes round and round. */
function unseen({ left, total, circular, halfKnown, wholeKnown }: Progress, values: number): number {
  const half = total >>> 1;
  if (halfKnown && wholeKnown && circular && total % values === 0) return Infinity;
  return left > half && !halfKnown ? left - half - 1 : left - 1;
}
/** Where the transfer goes that is `ahead` of the next one. */
export function placeAt({ left, total, next, first, size, moves }: Progress, ahead: number): number {
  if (!moves) return next;
  return ahead < left ? next + ahead * size : first + ((ahead - left) % total) * size;
}
/** What is left behind so many. */
export const leftBehind = ({ left, total }: Progress, requests: number): number =>
  requests < left ? left - requests : total - ((requests - left) % total);

/** Where `items` of `size` bytes are stored from an address on, or all of them there. */
export function stretchOf(address: number, size: number, items: number, moves: boolean): Stretch {
  const from = (address & ~(size - 1)) >>> 0;
  return { from, to: from + size * (moves ? Math.max(items, 1) : 1) - 1 };
}
