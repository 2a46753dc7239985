/** Decoded records of code that repeats itself, erased flash above all: a record is copied from the same bytes 256 bytes before instead of being worked out again. */
import { PAGE_SIZE, RECORD_BYTES, type Arena } from '../arena.ts';
import { H_BREAK, H_DECODE } from './interpreter/handlers.ts';
import { REC } from './interpreter/record-builders.ts';
import type { TimingModel } from './timing.ts';

/** Distance in bytes to the code that a record is copied from: no cost depends on a larger alignment. */
export const REPEAT_BYTES = 256;
const REPEAT_RECORDS = REPEAT_BYTES / 2;
type Reach = TimingModel['reach'];

/** Addresses whose bytes may matter to an instruction, or to the one REPEAT_BYTES before. */
export const around = (pc: number, { before, after }: Reach): { from: number; to: number } => ({
  from: pc - REPEAT_BYTES - after - 8,
  to: pc + before + 8,
});

/** The record may be copied: decoded, without a stop, and not counted yet. */
export function isPlain({ u8, u16 }: Arena, rec: number): boolean {
  const handler = u16[rec >> 1]!;
  return handler !== H_DECODE && handler !== H_BREAK && u8[rec + REC.FLAGS] === 0;
}
/** All bytes that matter to the instruction at `host` are the same REPEAT_BYTES before. */
export function repeatsAt({ u8 }: Arena, { before, after }: Reach, host: number): boolean {
  for (let i = host + before + 8; i >= host - after - 8; i--) if (u8[i] !== u8[i - REPEAT_BYTES]) return false;
  return true;
}

/** Length of the run of identical half-words at `host` (at most `most`) whose timing context is identical too. Erased flash is the usual case. */
export function repetitions({ u16, i32 }: Arena, reach: Reach, host: number, most: number): number {
  const word = Math.imul(u16[host >> 1]!, 0x10001);
  const { from, to } = around(host, reach);
  const end = (to + 2 * most + 3) >> 2;
  let at = from >> 2;
  while (at < end && i32[at] === word) at++;
  return Math.max(0, Math.min(most, (4 * at - to) >> 1));
}

/** Copies `count` records from `source`, which lies REPEAT_BYTES before, but none from the first on that is not plain. */
export function copyRecords(arena: Arena, rec: number, source: number, count: number): void {
  const copy = (to: number, from: number, records: number): void =>
    void arena.i32.copyWithin(to >> 2, from >> 2, (from + records * RECORD_BYTES) >> 2);
  let done = 0;
  while (done < count && done < REPEAT_RECORDS && isPlain(arena, source + done * RECORD_BYTES)) done++;
  copy(rec, source, done);
  if (done < REPEAT_RECORDS) return;
  for (let more; done < count; done += more) copy(rec + done * RECORD_BYTES, rec, (more = Math.min(done, count - done)));
}

/** Records from `pc` on whose sources lie side by side: those at the start of a page have theirs on the page before. */
export const adjacentSources = (pc: number): number => {
  const offset = pc & (PAGE_SIZE - 1);
  return (offset > 0 && offset < REPEAT_BYTES ? REPEAT_BYTES - offset : PAGE_SIZE - offset) / 2;
};
