/** A ROM that acknowledges at a bit rate that its host does not read: it measured something else than the seven bits. */
import { attempt, type Starts } from './attempt.ts';
import type { Note } from '../documents/note-facts.ts';
import { SERIAL } from '../documents/goal.ts';
import type { Session } from '../session/session.ts';

const SYST_CVR = 0xe000e018;

export function atOtherRate(s: Session, starts: Starts, rate: number): Note[] {
  const says = `the ROM acknowledges ${s.input.goal.asking?.text ?? ''}, but at ${Math.round(rate)} baud: no host reads that`;
  const cleared = attempt(s, starts, [], {
    atEntry: ({ machine }) => {
      machine.bootCore.debuggerStore(SYST_CVR, 4, 0);
      return [];
    },
  });
  const why = cleared.reached
    ? '; this ROM measures with SysTick without clearing its counter, in which something is left; fix: SysTick->VAL = 0 in front of the jump'
    : '';
  return [{ kind: SERIAL, text: says + why }];
}
