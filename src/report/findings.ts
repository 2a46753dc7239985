/** What a scenario that does not hold has to say to a CI server: one finding for each proved cause, else one for the failure itself, with the place in the sources. */
import type { CauseId, Place, RunResult } from '../bench/documents/result.ts';
import { proofOf } from '../bench/documents/serial-proof.ts';
import { factsIn } from '../bench/documents/note-facts.ts';
import type { Sources } from './source-lines.ts';
import { codeOf } from './text.ts';

export interface Finding {
  /** The scenario's file. */
  readonly scenario: string;
  /** Id of a check, an outcome, or `error` for a scenario that could not be run. */
  readonly rule: CauseId | RunResult['outcome'] | 'error';
  readonly message: string;
  /** Below the working folder, with `/`; the scenario itself where no source is known. */
  readonly file: string;
  readonly line: number;
}

/** @param failures what of `expect` does not hold */
export function findingsOf(scenario: string, result: RunResult, failures: readonly string[], sources: Sources): Finding[] {
  const told = failures.join('; ');
  const causes = proofOf(result)?.causes ?? [];
  const at = (place: Place | null): Pick<Finding, 'file' | 'line'> => {
    const found = place?.file == null ? null : sources(place.file);
    return found === null || found.elsewhere ? { file: scenario, line: 1 } : { file: found.path, line: place!.line ?? 1 };
  };
  if (causes.length === 0) {
    const fault = factsIn(result.notes, 'fault').find(({ at }) => at.file !== null);
    return [
      {
        scenario,
        rule: result.outcome,
        message: `${told}: ${result.summary}`,
        ...at(fault?.at ?? result.entries.at(-1)?.from ?? null),
      },
    ];
  }
  return causes.map((cause) => ({
    scenario,
    rule: cause.id,
    message: [`${cause.explanation} (${told})`, cause.fix === null ? cause.repair : `fix: ${codeOf(cause.fix).join('\n')}`]
      .filter((t) => t !== null)
      .join('\n'),
    ...at(cause.lastWriter ?? result.entries.at(-1)?.from ?? null),
  }));
}
