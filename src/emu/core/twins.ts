/** Decoded records of code that repeats itself: what is known of the same bytes a little before is taken over instead of being worked out again. */
import { RECORD_BYTES, type Arena } from '../arena.ts';
import { H_DECODE } from './handlers.ts';
import type { TimingModel } from './timing.ts';

/** Distance at which code is looked at for a repetition: costs know no larger alignment. */
export const TWIN = 256;
/** Record of the instruction so far before. */
export const twinOf = (rec: number): number => rec - (TWIN / 2) * RECORD_BYTES;

/** Takes the record over from TWIN bytes before if all bytes that matter to the instruction at `host` stand there too. */
export function takeTwin({ u8, i32 }: Arena, { before, after }: TimingModel['reach'], rec: number, host: number): boolean {
  for (let i = host + before + 8; i >= host - after - 8; i--) if (u8[i] !== u8[i - TWIN]) return false;
  copyRecord(i32, twinOf(rec), rec);
  return true;
}

/** The same instruction stands behind itself again and again, as where a run has gone astray into empty memory: all of them on the page up to a stop. */
export function takeOn(
  { u8, u16, i32 }: Arena,
  { before }: TimingModel['reach'],
  pc: number,
  rec: number,
  host: number,
  stopsAt: (pc: number) => boolean,
): void {
  const ahead = host + before + 8;
  for (let at = 2; ((pc + at) & 0xfff) !== 0; at += 2) {
    const next = rec + (at / 2) * RECORD_BYTES;
    if (u8[host + at] !== u8[host] || u8[host + at + 1] !== u8[host + 1] || u16[next >> 1] !== H_DECODE) return;
    if (u8[ahead + at - 1] !== u8[ahead + at - 1 - TWIN] || u8[ahead + at] !== u8[ahead + at - TWIN]) return;
    if (stopsAt(pc + at)) return;
    copyRecord(i32, rec, next);
  }
}

function copyRecord(i32: Int32Array, from: number, to: number): void {
  for (let i = 0; i < RECORD_BYTES; i += 4) i32[(to + i) >> 2] = i32[(from + i) >> 2]!;
}
