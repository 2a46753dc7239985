/**
 * A word of RAM that the program loads from flash at each start, and that it had stored to flash before: what it held in RAM at the reset is of no account, since the
 * request is what was to be kept in flash.
 */
import type { MagicWord } from '../../checks/check.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import { isState, type Place } from '../../emu/proofs/data-flow.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, US, type Ps } from '../../emu/time.ts';
import type { Session } from '../session/session.ts';
import { homeOf, record, runTo, type Step } from './window.ts';

/** What is loaded is stored soon. */
const BEFORE: Ps = 200 * US;
const MOST_STEPS = 12_000;

/** The word of flash from which `overwrittenBy` has filled it, if the program had stored to that word before the reset; else null. @param behind the state right behind the reset */
export function storedCopy(
  s: Session,
  powerOn: Checkpoint,
  behind: Checkpoint,
  { address, overwrittenBy: by }: Pick<MagicWord, 'address' | 'overwrittenBy'>,
): number | null {
  if (by?.kind !== 'cpu') return null;
  const { machine } = s;
  s.keepCheckpoints = false;
  s.restore(behind);
  const resetAt = machine.now;
  runTo(s, by.at - BEFORE);
  const { steps } = record(s, machine.cores[by.core]!, by.at + 1 * MS, MOST_STEPS);
  const stored = steps.findLastIndex(({ at, writes }) => at <= by.at && writes.has(address));
  const from = stored < 0 ? null : inFlash(s, steps.slice(0, stored + 1), address);
  return from !== null && storesTo(s, powerOn, from, resetAt) ? from : null;
}

/** The byte of flash that the value at `address` comes from behind these steps. */
function inFlash(s: Session, steps: readonly Step[], address: number): number | null {
  const { system } = s.machine;
  const wanted = new Set<Place>([address]);
  for (const { writes } of steps.toReversed()) {
    const hits = [...wanted].filter((p) => writes.has(p));
    for (const p of hits) wanted.delete(p);
    for (const source of hits.flatMap((p) => [...writes.get(p)!])) {
      if (!isState(source) && system.regionAt(source)?.memory?.row.kind === 'flash') return homeOf(s, source);
      wanted.add(source);
    }
  }
  return null;
}
/** Whether the program stores to a byte before that time, from power-on, whether or not it arrives. */
function storesTo(s: Session, powerOn: Checkpoint, address: number, until: Ps): boolean {
  const { machine } = s;
  let found = false;
  s.restore(powerOn);
  const repairs = machine.setRepairs({
    pages: new Set([address >>> PAGE_BITS]),
    write: (core, at, bytes, value) => {
      if (core.zone === 'user' && homeOf(s, at) <= address && homeOf(s, at) + bytes > address) {
        found = true;
        machine.stop();
      }
      return value;
    },
  });
  try {
    runTo(s, until, () => found);
  } finally {
    machine.setRepairs(repairs);
  }
  return found;
}
