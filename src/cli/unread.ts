/** What was written and waits for who reads it. */
import type { Writable } from 'node:stream';
import { milliseconds } from './io.ts';

/** Who has closed his end, and still reads, takes something in this time. */
export const GONE_MS = 2_000;
/** The same of who waits for a program that was told to end. */
export const TOLD_MS = 250;
/** Between two looks. */
const LOOKS_MS = 25;

/**
 * Waits as long as the reader takes something now and then.
 * @param ms so long without taking anything is too long, while `mayEnd`
 * @returns true when everything, or room enough, was taken; false where the reader is left
 */
export function untilTaken(stream: Writable, ms: number, { mayEnd = () => true, all = true }: { mayEnd?: () => boolean; all?: boolean } = {}): Promise<boolean> {
  const isTaken = (): boolean => stream.destroyed || (all ? stream.writableLength === 0 : !stream.writableNeedDrain);
  if (isTaken()) return Promise.resolve(true);
  return new Promise((settle) => {
    let [length, since] = [stream.writableLength, milliseconds()];
    const look = setInterval(() => {
      if (stream.writableLength !== length || !mayEnd()) [length, since] = [stream.writableLength, milliseconds()];
      const taken = isTaken();
      if (!taken && milliseconds() - since < ms) return;
      clearInterval(look);
      settle(taken);
    }, LOOKS_MS);
  });
} // prettier-ignore
