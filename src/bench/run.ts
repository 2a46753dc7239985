/** A run with everything: base run, checks, diagnosis by repair, dependence on ROM options, result. */
import { collectBase, makeResult } from './document.ts';
import { dependencies, diagnose, judgeAll } from './diagnosis.ts';
import type { Attempt, Starts } from './attempt.ts';
import type { RunResult } from './result.ts';
import type { RunInput } from './run-input.ts';
import { Session } from './session.ts';
import { NOT_TRACED, type Traced } from './subject.ts';
import { answerSymptom } from './symptom.ts';
import { traceMagic } from './magic.ts';

export function runBench(input: RunInput): RunResult {
  const session = new Session(input);
  session.startedAt = input.clock?.() ?? 0;
  const powerOn = session.save();
  const end = session.run();
  const finished = session.save();
  const base = collectBase(session, end);
  const { machine } = session;
  const entries = machine.history.entries;
  const reached = entries.at(-1)?.reached ?? false;
  const run: Attempt = { outcome: end.outcome, end, optionReads: [...machine.state.optionReads], gapAccess: machine.state.gapAccess };
  const cut = end.reason === 'instructions' || end.reason === 'wall' || end.reason === 'memory' || end.reason === 'signal';

  // what only a second look can tell
  let traced: Traced = { ...NOT_TRACED, vectorReads: [...machine.state.vectorReads] };
  if (!cut && entries.length === 0 && end.outcome !== 'dfu') traced = { ...traced, magic: traceMagic(session, powerOn) };

  // the judged instant: the last entry, else the first fault, else the end
  session.restore(session.entryCheckpoint ?? session.faultCheckpoint ?? finished);
  const judged = judgeAll(session, end.outcome, reached, traced);

  const starts: Starts = { powerOn, entry: session.entryCheckpoint, entryNumber: Math.max(1, entries.length) };
  const limited = cut || (end.outcome === 'rom-silent' && !end.settled);
  const diagnosis = diagnose(session, starts, judged, end.outcome, !limited);
  const dependsOn = limited ? [] : dependencies(session, starts, [], run, false);
  const symptom = input.symptom ? answerSymptom(session, input.symptom, end.outcome, base) : null;
  return makeResult(session, base, judged, diagnosis, dependsOn, symptom);
}
