/** What an answer is worth, held against the instructions that are to blame. */
import type { Drawn } from './cases.ts';
import { runsRight, type Answer, type Case } from './judge.ts';

/** `named`: each fault by an instruction of its own; `other`: by another one; `missed`: not, or of two only one; `accused`: though it changed nothing. */
export const VERDICTS = ['named', 'other', 'missed', 'unchanged', 'accused'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** `beside`: with them another instruction is named as a proved cause. */
interface Judged {
  readonly verdict: Verdict;
  readonly answer: Answer;
  readonly beside: boolean;
}
export function judged(drawn: Drawn, ask: (c: Case) => Answer): Judged {
  const answer = ask(drawn);
  // an application that a loader starts has no outcome of its own
  const right = drawn.kind === 'loader' ? runsRight(drawn).right : answer.outcome === 'dfu';
  if (right) return { verdict: answer.named.length > 0 ? 'accused' : 'unchanged', answer, beside: false };
  const verdict = verdictOf(drawn, answer);
  const all = drawn.made.guilty.flat();
  return { verdict, answer, beside: verdict === 'named' && answer.named.some((pc) => !all.includes(pc)) };
}
function verdictOf({ planted, made: { guilty } }: Drawn, { named, waits }: Answer): Verdict {
  const all = new Set(guilty.flat());
  const found = guilty.filter((each, i) => {
    // a loop that does not end is told by its place
    const told = planted[i]!.fault.kind === 'delay' ? [...named, ...waits] : named;
    return each.some((pc) => told.includes(pc));
  });
  if (found.length === guilty.length) return 'named';
  return found.length === 0 && named.some((pc) => !all.has(pc)) ? 'other' : 'missed';
}
export const inWords = ({ part, kind, planted, style }: Drawn): string =>
  `${part} ${kind}${style.crystal ? ' crystal' : ''}${style.backup && kind === 'request' ? ' backup' : ''}${style.vtor ? ' vtor' : ''} ${planted
    .map(({ fault, place }) => `${fault.what} (${place})`)
    .join(' and ')}`;
