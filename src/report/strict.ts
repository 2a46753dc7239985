/** What `--strict` holds against a run that is as it should be: reservations, and what the firmware leaves to a ROM of which nobody has published that it copes. */
import { judge, type Judgement } from '../bench/documents/expect.ts';
import { BUT, hasReservations } from '../bench/documents/reservations.ts';
import type { CheckId, RunResult } from '../bench/documents/result.ts';
import type { Expect } from '../bench/documents/scenario-types.ts';
import { hasReached } from '../bench/documents/reached.ts';
import type { Sentence } from '../bench/documents/sentence.ts';
import { provisos } from './provisos.ts';
import { leftWhere } from './story/sentences.ts';
import { leansOn } from './story/story.ts';

interface Objection {
  readonly text: string | Sentence;
  /** The check that is not passed; null of a reservation. */
  readonly check: CheckId | null;
}

/** @param expect of a scenario: that its step `call` made the call is no news to whoever wrote that step. Null: none was given. */
export function objections(result: RunResult, expect: Expect | null): readonly Objection[] {
  const rests = hasReservations(result) ? result.notes.filter(({ kind }) => kind === BUT) : [];
  const news = expect === null ? rests : rests.filter(({ about }) => about?.is !== 'called-itself');
  return [...news.map(({ text }): Objection => ({ text, check: null })), ...leftToRom(result, expect)];
}
/** Who names what his ROM does, or what a check shall find, has decided. */
function leftToRom(result: RunResult, expect: Expect | null): Objection[] {
  if (!hasReached(result)) return [];
  return leansOn(result).flatMap((fact) =>
    fact.left.flatMap((left): Objection[] => {
      const { checks, scenario, chip } = result;
      const check = checks.find(({ id }) => id === left.id);
      const option = fact.options.find(({ rom }) => rom === left.id);
      const [does] = option === undefined ? [] : provisos(chip, [option]).rom;
      // that the ROM sets VTOR is inferred, and no rule of ST's asks a program to do it
      if (check?.verdict !== 'fail' || check.confidence !== 'documented' || option === undefined || does === undefined) return [];
      if (scenario.romOptions[option.rom] !== undefined || expect?.checks?.[check.id] !== undefined) return [];
      const asks = `"checks": {"${check.id}": "pass"} in "expect" asks for the same without --strict`;
      const accepts = `if yours is known to be one, say --rom-option ${option.rom}=${option.value}`;
      return [
        { check: check.id, text: `the firmware leaves ${leftWhere(left)}, and the real ROM must be one that ${does}; ${asks}; ${accepts}` },
      ];
    }),
  );
}

const heldAgainst = ({ text }: Objection): string => `it holds, but: ${text}`;
/** @param strict what holds with an objection does not hold */
export function judged(result: RunResult, expect: Expect, strict = false): Judgement {
  const judgement = judge(result, expect);
  const failures = strict && judgement.holds ? objections(result, expect).map(heldAgainst) : [];
  return failures.length === 0 ? judgement : { holds: false, failures };
}
/** The checks that a scenario's failures are about. */
export function checksBlamed(
  result: RunResult,
  failures: readonly string[],
): readonly { readonly check: RunResult['checks'][number]; readonly failure: string }[] {
  const { expect } = result.scenario;
  const strict = objections(result, expect).map((o) => ({ id: o.check, failure: heldAgainst(o) }));
  return result.checks.flatMap((check) => {
    const own =
      failures.find((text) => text.startsWith(`check ${check.id} is `)) ??
      strict.find(({ id, failure }) => id === check.id && failures.includes(failure))?.failure;
    return own === undefined ? [] : [{ check, failure: own }];
  });
}
