/** Where a program ends that does not come back: in its Error_Handler, most often. */
import { callChainOf } from '../session/call-chain.ts';
import { proveFixedLoop } from '../session/fixed-loop.ts';
import type { Session } from '../session/session.ts';
import { framesOf } from '../slice/words.ts';

/** `ends in Error_Handler (main.c:196), called from SystemClock_Config (main.c:121)`; null unless the program stands in a loop that nothing ends. */
export function deadEnd(s: Session): string | null {
  const { machine, input } = s;
  if (machine.state.inSystem || machine.bootCore.halted || proveFixedLoop(s) === null) return null;
  const [at, caller] = framesOf(callChainOf(machine.bootCore, input.images).frames);
  if (at === undefined) return null;
  return `ends in ${at.text}${caller === undefined ? '' : `, called from ${caller.text}`}`;
}
