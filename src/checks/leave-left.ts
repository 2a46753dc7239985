/** What the checks of state that a ROM leaves behind have in common: the leave twin has found what differs, and what the program relied on. */
import { broken, notApplicable, pass, unknown, type Check, type Judgement, type LeaveFacts, type LeftKind, type Subject } from './check.ts';
import type { Confidence } from '../emu/confidence.ts';

export interface LeaveCheckText {
  readonly id: string;
  readonly kind: LeftKind;
  readonly question: string;
  /** Why it is so, and where that stands; by the option of the stand-in ROM that it follows, if there is one. */
  readonly source: string;
  readonly confidence: Confidence;
  readonly option: string | null;
  /** What the program has to do, for the chip and the table of the leave. */
  fix(subject: Subject, leave: LeaveFacts): string;
  readonly explanation: string;
  /** The chip has no such thing. */
  lacks?(subject: Subject): string | null;
}

export const leaveCheck = (text: LeaveCheckText): Check => ({
  id: text.id,
  question: text.question,
  path: false,
  afterEntry: true,
  judge: (subject) => judgeLeft(text, subject),
  repair: () => null,
  explanation: text.explanation,
});

function judgeLeft(text: LeaveCheckText, subject: Subject): Judgement {
  const leave = subject.history?.leave;
  if (leave === undefined) return notApplicable('this target does not record a DFU leave');
  if (leave === null) return notApplicable('the run has no DFU leave');
  const lacking = text.lacks?.(subject) ?? null;
  if (lacking !== null) return notApplicable(lacking);
  if (leave.table === null) return unknown('the leave could not be compared with a reset');
  const confidence = (text.option === null ? undefined : subject.rom.option(text.option)?.confidence) ?? text.confidence;
  const found = leave.left.find((l) => l.kind === text.kind);
  if (!found) return pass(null, 'the state after the leave is the same as after a reset', text.source, confidence);
  if (!found.relied)
    return pass(
      found.observed,
      'the state differs from that after a reset, but the program does not depend on it',
      text.source,
      confidence,
    );
  const own = leave.own?.find(({ kind }) => kind === text.kind);
  if (own !== undefined)
    return broken('fail', {
      observed: own.observed,
      expected: found.expected,
      because: `the program starts again if this state is as after a reset (proved by repairing it in the same run). The firmware itself left ${own.names.join(', ')} on when it jumped into the ROM: switch it off before the jump`,
      source: text.source,
      confidence,
      lastWriter: own.by,
    });
  return broken('fail', {
    observed: found.observed,
    expected: found.expected,
    because: `the program starts again if this state is as after a reset (proved by repairing it in the same run): ${text.fix(subject, leave)}`,
    source: text.source,
    confidence,
  });
}
