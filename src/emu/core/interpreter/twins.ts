/** Decoded records of code that repeats itself: what is known of the same bytes a little before is taken over instead of being worked out again. */
import { PAGE_SIZE, RECORD_BYTES, type Arena } from '../../arena.ts';
import { H_BREAK, H_DECODE } from './handlers.ts';
import { REC } from './record-builders.ts';
import type { TimingModel } from '../timing.ts';

/** Distance at which code is looked at for a repetition: costs know no larger alignment. */
export const TWIN = 256;
/** Records of so many bytes of code. */
const TWINS = TWIN / 2;
type Reach = TimingModel['reach'];

/** Addresses whose bytes may matter to an instruction or to its twin. */
export const around = (pc: number, { before, after }: Reach): { from: number; to: number } => ({
  from: pc - TWIN - after - 8,
  to: pc + before + 8,
});

/** A record that may stand elsewhere too: decoded, no stop, not begun to be counted. */
export function isPlain({ u8, u16 }: Arena, rec: number): boolean {
  const handler = u16[rec >> 1]!;
  return handler !== H_DECODE && handler !== H_BREAK && u8[rec + REC.FLAGS] === 0;
}
/** All bytes that matter to the instruction at `host` stand TWIN bytes before as well. */
export function repeatsAt({ u8 }: Arena, { before, after }: Reach, host: number): boolean {
  for (let i = host + before + 8; i >= host - after - 8; i--) if (u8[i] !== u8[i - TWIN]) return false;
  return true;
}

/**
 * The same half-word stands behind itself again and again, as where a run has gone astray into empty memory: as many of them from `host` on, `most` at most, to
 * which and to whose twins nothing else matters.
 */
export function repetitions({ u16, i32 }: Arena, reach: Reach, host: number, most: number): number {
  const word = Math.imul(u16[host >> 1]!, 0x10001);
  const { from, to } = around(host, reach);
  const end = (to + 2 * most + 3) >> 2;
  let at = from >> 2;
  while (at < end && i32[at] === word) at++;
  return Math.max(0, Math.min(most, (4 * at - to) >> 1));
}

/** Takes over as many records as `count` says from TWIN bytes before, up to one that is no plain one. */
export function takeOver(arena: Arena, rec: number, twin: number, count: number): void {
  const copy = (to: number, from: number, records: number): void =>
    void arena.i32.copyWithin(to >> 2, from >> 2, (from + records * RECORD_BYTES) >> 2);
  let done = 0;
  while (done < count && done < TWINS && isPlain(arena, twin + done * RECORD_BYTES)) done++;
  copy(rec, twin, done);
  if (done < TWINS) return;
  for (let more; done < count; done += more) copy(rec + done * RECORD_BYTES, rec, (more = Math.min(done, count - done)));
}

/** Records from a place on whose twins follow one another: those at the start of a page have theirs on the page before. */
export const twinsFollow = (pc: number): number => {
  const offset = pc & (PAGE_SIZE - 1);
  return (offset > 0 && offset < TWIN ? TWIN - offset : PAGE_SIZE - offset) / 2;
};
