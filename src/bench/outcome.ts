/** The one word for how a run ended. Decided in the order of the contract, from the last entry on, about the boot core. */
import type { Outcome } from './result.ts';
import { FAULT_HOLDS, resetLoop, resetLoopSettled } from './reset-loop.ts';
import type { Session } from './session.ts';

export function decideOutcome(s: Session, settled: boolean): Outcome {
  const { machine, state, usb } = s;
  const now = machine.now;
  if (state.dfuAt !== null) {
    const lost = usb.dfuLostSince;
    return lost !== null && now - lost >= 1_000_000_000_000 && s.steps.ranAfter(state.dfuAt) ? 'dfu-lost' : 'dfu';
  }
  const loop = resetLoop(s.machine.history);
  if (loop && (resetLoopSettled(s.machine.history) || now - loop.last <= 2 * Math.max(...loop.intervals))) return 'reset-loop';
  if (machine.state.lockup) return 'fault';
  if (state.fault && (now - state.fault.since >= FAULT_HOLDS || (settled && state.loop?.inFault))) return 'fault';
  const entry = machine.history.entries.at(-1);
  if (entry) {
    const resetAfter = machine.history.resets.some((r) => r.at > entry.at);
    return resetAfter || state.leftAt !== null ? 'back-in-app' : 'rom-silent';
  }
  if (state.loop && machine.state.semihostingExit === null) return 'stuck';
  return 'no-jump';
}
