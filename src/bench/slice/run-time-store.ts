/**
 * A store over a kept word that is no start-up code: main() or a handler had called it. Who called whom is asked at the store itself, in a run that is repeated from
 * the reset; what else the same instruction has stored shows an index or a length that goes too far.
 */
import type { MagicWord, Writer } from '../../checks/check.ts';
import { PAGE_BITS } from '../../emu/arena.ts';
import type { Core } from '../../emu/core/core.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, US } from '../../emu/time.ts';
import { symbolAt } from '../../image/image.ts';
import { callChainOf } from '../session/call-chain.ts';
import type { Session } from '../session/session.ts';
import { runTo } from './window.ts';
import { callsOf } from './words.ts';

/** Elements in front of the word that make it a row. */
const LEAST_ROW = 2;

/** Undefined where start-up code stored, or nobody knows. @param behind the state right behind the reset */
export function runTimeStore(
  s: Session,
  powerOn: Checkpoint,
  behind: Checkpoint,
  { address, overwrittenBy: by }: Pick<MagicWord, 'address' | 'overwrittenBy'>,
): MagicWord['atRunTime'] {
  if (by?.kind !== 'cpu') return undefined;
  const inFull = watched(s, behind, address, by);
  if (inFull.caller === undefined) return undefined;
  // what it stored to before the reset counts, too
  const { stored } = watched(s, powerOn, address, by);
  const bytes = inFull.bytes;
  let from = address;
  while (stored.has(from - bytes)) from -= bytes;
  return { caller: inFull.caller, row: (address - from) / bytes < LEAST_ROW ? null : from };
}

interface Seen {
  /** Undefined: main() or a handler had not been called, or the store was not seen. */
  caller: string | null | undefined;
  bytes: number;
  readonly stored: Set<number>;
}
/** What the instruction does, in the page of the word, from a state on to its store over the word. */
function watched(s: Session, from: Checkpoint, address: number, by: Writer): Seen {
  const { machine } = s;
  const seen: Seen = { caller: undefined, bytes: 4, stored: new Set() };
  s.keepCheckpoints = false;
  s.restore(from);
  const repairs = machine.setRepairs({
    pages: new Set([address >>> PAGE_BITS]),
    write: (core, at, bytes, value) => {
      if (core.pc !== by.pc || core.index !== by.core) return value;
      seen.stored.add(at);
      if (at <= address && at + bytes > address && core.now() >= by.at - US) {
        seen.bytes = bytes;
        seen.caller = callerOf(s, core);
        machine.stop();
      }
      return value;
    },
  });
  try {
    runTo(s, by.at + 1 * MS, () => seen.caller !== undefined || machine.now > by.at);
  } finally {
    machine.setRepairs(repairs);
  }
  return seen;
}
/** The function from which the storing one was called, null where main() or a handler stores itself; undefined before either of them. */
function callerOf(s: Session, core: Core): string | null | undefined {
  const { images } = s.input;
  const { frames } = callChainOf(core, images);
  const outer = frames.findIndex((f) => f.exception !== null || f.function === 'main' || symbolAt(images, f.pc)?.symbol.name === 'main');
  if (outer < 0) return undefined;
  return outer === 0 ? null : (callsOf(s, core)[1]?.text ?? null);
}
