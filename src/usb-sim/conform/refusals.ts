/** How a device refuses, and the bStatus with which it does: DFU 1.1 §6.1.2. */
import { DFU_STATE, dfuStatusName, dfuTold, type DfuStatus } from '../dfu-protocol.ts';
import { ERROR_TRAIT, type Trait } from './dialect.ts';
import { ERR } from './model.ts';
import type { Recorder } from './recorder.ts';
import { dialect, fail, PASS, type Finding } from './requirement.ts';

/** Another bStatus than the one that is asked for. */
export function otherStatus({ bStatus }: DfuStatus, known: Readonly<Record<number, Trait>>): Finding {
  const id = known[bStatus];
  return id === undefined ? fail(dfuStatusName(bStatus)) : dialect(id, dfuStatusName(bStatus));
}
/** A request that must end in dfuERROR, at once by STALL or at GETSTATUS. */
export async function refusedWith(
  r: Recorder,
  block: number,
  data: Uint8Array,
  statuses: readonly number[],
  known: Readonly<Record<number, Trait>>,
): Promise<Finding> {
  const { status } = await r.download(block, data);
  const s = await (status === 'ok' ? r.settled() : r.status());
  if (s === null) return fail(status === 'ok' ? 'no status' : `${status}, then no status`);
  if (s.bState !== DFU_STATE.ERROR) return fail(`${dfuTold(s)}: it was accepted`);
  if (statuses.includes(s.bStatus)) return PASS;
  return otherStatus(s, known);
}
export const named = (...codes: readonly (keyof typeof ERROR_TRAIT)[]): Readonly<Record<number, Trait>> =>
  Object.fromEntries(codes.map((code) => [code, ERROR_TRAIT[code]]));
export const OTHERS = [ERR.ADDRESS, ERR.WRITE, ERR.ERASE, ERR.UNKNOWN, ERR.STALLEDPKT] as const;
/** bStatus by which other stacks than ST's ROM refuse. */
export const OPENBL = named(...OTHERS);
