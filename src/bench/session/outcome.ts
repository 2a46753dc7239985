/** The one word for how a run ended. Decided in the order of the contract, from the last entry on, about the boot core. */
import type { Outcome } from '../documents/result.ts';
import type { History } from '../../emu/history.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { entryLoopSettled, FAULT_HOLDS, resetLoop, resetLoopSettled } from './reset-loop.ts';

/** A device that has been ready for DFU and has not answered for so long, while later steps ran, is lost. */
const LOST: Ps = 1000 * MS;

/** What the word hangs on; a session has it. */
export interface Judged {
  readonly machine: {
    readonly now: Ps;
    readonly history: Pick<History, 'resets' | 'entries'>;
    readonly state: { readonly lockup: unknown; readonly semihostingExit: unknown };
  };
  readonly state: {
    /** When DFU was ready first. */
    readonly dfuAt: Ps | null;
    readonly leftAt: Ps | null;
    /** The fault exception that is active. */
    readonly fault: { readonly since: Ps } | null;
    /** A loop that is proved to have no end. */
    readonly loop: { readonly inFault: boolean } | null;
  };
  readonly usb: { readonly dfuLostSince: Ps | null };
  readonly steps: {
    /** Whether a step of the scenario ran later than that. */
    ranAfter(at: Ps): boolean;
  };
}

/** A step behind the last reset may have ended it: who holds a button lets go of it. */
function keepsResetting({ machine: { history, now }, steps }: Judged): boolean {
  const loop = resetLoop(history);
  if (loop === null || steps.ranAfter(loop.last)) return false;
  return resetLoopSettled(history) || now - loop.last <= 2 * Math.max(...loop.intervals);
}

function isHeldByFault({ machine, state }: Judged, settled: boolean): boolean {
  if (state.fault === null) return false;
  return machine.now - state.fault.since >= FAULT_HOLDS || (settled && state.loop?.inFault === true);
}

/** Since the last entry the ROM was left: by a reset, by a branch, or again and again. */
function hasLeft(s: Judged, settled: boolean): boolean {
  return isBehindRom(s) || (settled && entryLoopSettled(s.machine.history));
}
/** A reset or a branch has led out of the ROM since it was entered last. */
export function isBehindRom({ machine, state }: Pick<Judged, 'machine' | 'state'>): boolean {
  const entry = machine.history.entries.at(-1);
  return entry !== undefined && (state.leftAt !== null || machine.history.resets.some((r) => r.at > entry.at));
}

/** `settled`: the run ended because nothing else can come. */
export function decideOutcome(s: Judged, settled: boolean): Outcome {
  const { machine, state, usb } = s;
  if (state.dfuAt === null) return outcomeBesideDfu(s, settled);
  const lost = usb.dfuLostSince;
  return lost !== null && machine.now - lost >= LOST && s.steps.ranAfter(state.dfuAt) ? 'dfu-lost' : 'dfu';
}
/** What the run ends with, whether or not DFU was ready before. */
export function outcomeBesideDfu(s: Judged, settled: boolean): Outcome {
  const { machine, state } = s;
  if (keepsResetting(s)) return 'reset-loop';
  if (machine.state.lockup) return 'fault';
  if (isHeldByFault(s, settled)) return 'fault';
  if (machine.history.entries.length > 0) return hasLeft(s, settled) ? 'back-in-app' : 'rom-silent';
  if (state.loop && machine.state.semihostingExit === null) return 'stuck';
  return 'no-jump';
}
