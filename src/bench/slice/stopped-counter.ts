/** A wait for cycles of DWT_CYCCNT, which nobody has started: it counts only with DEMCR.TRCENA and DWT_CTRL.CYCCNTENA (Armv7-M ARM C1.6.5, C1.8.7). */
import type { Core } from '../../emu/core/core.ts';
import { CYCCNT, dwtLocked, itmEnabled, startCyccnt, stimulusPort, stopsCyccnt } from '../../emu/core/arm/debug-registers.ts';
import type { Outcome } from '../documents/result.ts';
import type { Session } from '../session/session.ts';

const IN_C = {
  'DEMCR.TRCENA': 'CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk',
  'DWT_CTRL.CYCCNTENA': 'DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk',
} as const;
const OPEN = 'DWT->LAR = 0xC5ACCE55';
const ON_V8M = 'DCB->DEMCR |= DCB_DEMCR_TRCENA_Msk';

/** What the loop waits for, and what it lacks; null where it reads no counter that stands. */
export function stoppedCounter(core: Core, reads: readonly number[]): string | null {
  if (!reads.includes(CYCCNT)) return null;
  const missing = stopsCyccnt(core);
  if (missing.length === 0) return null;
  const lines: string[] = missing.map((field) => (field === 'DEMCR.TRCENA' && core.profile.arch === 'v8m' ? ON_V8M : IN_C[field]));
  const locked = missing.includes('DWT_CTRL.CYCCNTENA') && dwtLocked(core);
  const lock = locked ? ', and the DWT ignores writes until DWT_LAR opens it' : '';
  if (locked) lines.splice(-1, 0, OPEN);
  const debuggers = missing.includes('DEMCR.TRCENA') ? ' (a debugger sets TRCENA)' : '';
  return `the loop waits for DWT_CYCCNT, which does not count: ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} 0${debuggers}${lock}; in front of the wait: ${lines.join('; ')}`;
}
/** A wait for a port of the ITM that has room only while the ITM is on, as `iprintln!` and Arm's ITM_SendChar do; null where the loop reads none, or it is on. */
export function closedPort(core: Core, reads: readonly number[]): string | null {
  const [port] = reads.flatMap((address) => stimulusPort(address) ?? []);
  if (port === undefined || itmEnabled(core)) return null;
  return `the loop waits for ITM_STIM${port}, which has no room while the ITM is off (DEMCR.TRCENA, ITM_TCR.ITMENA); a debugger that takes its output switches it on`;
}
/** The run goes on from where it stands, with the counter on. */
export function outcomeCounting(s: Session): Outcome {
  s.keepCheckpoints = false;
  startCyccnt(s.machine.bootCore);
  s.goOn();
  return s.run({ counterfactual: true }).outcome;
}
