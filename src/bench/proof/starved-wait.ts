/** A wait in a handler for what the handler of another exception does, which cannot preempt it: `HAL_Delay()` in a callback. In Thread mode the same wait ends. */
import type { Writer } from '../../checks/check.ts';
import { exceptionName } from '../../checks/core-registers.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { isVendorFile } from '../../image/vendor.ts';
import { callChainOf } from '../session/call-chain.ts';
import type { Session } from '../session/session.ts';
import type { Beneath } from '../slice/why.ts';
import { goOn, type Attempt } from './attempt.ts';

export interface StarvedWait {
  /** The call of what waits, in the handler or what it calls; the loop itself, where no call leads to it. */
  readonly writer: Writer;
  /** Of the exception that waits: `interrupt 28 (TIM2)` */
  readonly handler: string;
  /** Whose handler is awaited: `SysTick` */
  readonly awaited: string;
  /** In Thread mode the goal is reached; else the firmware comes further. */
  readonly reached: boolean;
}

/** Null where the wait does not end in Thread mode either. Leaves the session anywhere. */
export function starvedWait(s: Session, finished: Checkpoint, { awaited, active }: Beneath): StarvedWait | null {
  s.restore(finished);
  const { machine } = s;
  const core = machine.bootCore;
  const writer: Writer = { pc: waitingCall(s), lr: core.arm.lr, at: machine.now, core: core.index, kind: 'cpu', seq: 0 };
  const { outcome, reached } = waitingInThreadMode(s);
  // stuck in a handler once more: the wait was over in between
  if (outcome === 'stuck' && !isInHandler(s)) return null;
  return { writer, handler: exceptionName(machine.chip, active), awaited: exceptionName(machine.chip, awaited), reached };
}
/** Effort: exceptions that come to the same wait. */
const MOST_WAITS = 6;
/** The handlers of all that comes to the same wait are left: a button that is released interrupts once more. */
function waitingInThreadMode(s: Session): Attempt {
  const pc = s.state.loop?.pc;
  for (let left = MOST_WAITS; ; left--) {
    s.machine.bootCore.arm.leaveHandlers();
    const attempt = goOn(s);
    if (attempt.outcome !== 'stuck' || !isInHandler(s) || s.state.loop?.pc !== pc || left === 0) return attempt;
  }
}
const isInHandler = ({ state: { loop } }: Session): boolean => loop !== null && loop.exception !== 0;
/** In the user's own code, if some of it stands between the handler and the loop. */
function waitingCall({ machine, input }: Session): number {
  const { frames } = callChainOf(machine.bootCore, input.images);
  const handler = frames.findIndex(({ exception }) => exception !== null);
  const calls = frames.slice(1, handler + 1).filter(({ inlined }, i) => !inlined || i === handler - 1);
  const own = calls.find(({ file }) => file !== null && !isVendorFile(file));
  return (own ?? calls[0] ?? frames[0])?.pc ?? machine.bootCore.pc;
}
