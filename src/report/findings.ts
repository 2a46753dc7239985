/** What a scenario that does not hold has to say to a CI server: one finding for each proved cause, else one for the failure itself, with the place in the sources. */
import { partsOf } from '../checks/fix-in-c.ts';
import { inShort } from '../bench/documents/expect.ts';
import { callerOf, factsIn } from '../bench/documents/note-facts.ts';
import type { CauseId, Place, ResultCause, RunResult } from '../bench/documents/result.ts';
import { isVendorFile } from '../image/vendor.ts';
import type { Sources } from './source-lines.ts';
import type { FactOf } from './story/facts.ts';
import { labelOf, patchOf } from './patch.ts';
import { checksBlamed } from './strict.ts';
import { linesOf } from './story/lines.ts';
import { storyOf } from './story/story.ts';
import { toldOn } from './story/surfaces.ts';

export interface Finding {
  /** The scenario's file. */
  readonly scenario: string;
  /** Id of a check, an outcome, or `error` for a scenario that could not be run. */
  readonly rule: CauseId | RunResult['outcome'] | 'error';
  /** What a person reads in the place of `rule`, where that says too little. */
  readonly title?: string;
  readonly message: string;
  /** The part of the message that says what to change; left out: nothing does. */
  readonly fix?: string;
  /** The part that tells the cause; what else a scenario says is the same for all its causes. */
  readonly cause?: string;
  /** From the root of the repository, without one from the working folder, with `/`; the scenario itself where no source is known. */
  readonly file: string;
  readonly line: number;
}

/**
 * @param failures what of `expect` does not hold
 * @param named the scenario's file as a CI server looks for it
 */
export function findingsOf(
  scenario: string,
  result: RunResult,
  failures: readonly string[],
  sources: Sources,
  named = scenario,
): Finding[] {
  const story = storyOf(result, { sources });
  type Spot = Pick<Finding, 'file' | 'line'>;
  const spotOf = (place: Pick<Place, 'file' | 'line'> | null): Spot | null => {
    const found = place?.file == null ? null : sources(place.file);
    const line = place?.line ?? 1;
    // a CI server looks from the root of the repository, wherever bootbench was started in it
    if (found?.home?.git === true) return { file: found.home.path, line };
    return found === null || found.elsewhere ? null : { file: found.path, line };
  };
  /** The first that lies in the repository: a library or the start-up code that did it may not, and the line that mends it does. */
  const at = (...places: Parameters<typeof spotOf>[0][]): Spot =>
    places.map(spotOf).find((spot) => spot !== null) ?? { file: named, line: 1 };
  const proved = story.filter((f): f is FactOf<'cause'> => f.is === 'cause' && f.proof !== null);
  const message = (own: FactOf<'cause'> | null): Pick<Finding, 'message' | 'fix' | 'cause'> => {
    const told = toldOn(
      'finding',
      // the fix is the one of the first set; a cause of another set has a repair of its own
      own?.proof === 'other'
        ? [own, ...story.filter((f) => f.is === 'proof' || f.is === 'holds-if')]
        : story.filter((f) => f.is !== 'cause' || f.proof === null || f === own),
    );
    // the place of a finding is where its source stands
    const parts = told.map((t) => ({ is: t.is, text: linesOf({ ...t, source: null }, { width: Infinity }).join('\n') }));
    const part = (wanted: (typeof parts)[number]['is']): string | undefined => {
      const all = parts.filter(({ is }) => is === wanted).map((p) => p.text);
      return all.length === 0 ? undefined : all.join('\n');
    };
    const [fix, cause] = [part('fix'), own === null ? undefined : part('cause')];
    const text = [inShort(failures).join('; '), ...parts.map((p) => p.text)].join('\n');
    return { message: text, ...(fix !== undefined && { fix }), ...(cause !== undefined && { cause }) };
  };
  const jump = result.entries.at(-1)?.from ?? null;
  if (proved.length === 0) {
    const blamed = checksBlamed(result, failures);
    const ofChecks = blamed.map(({ check: { id, lastWriter } }): Finding => {
      const caller = callerOf(result.notes, lastWriter)?.by ?? null;
      return { scenario, rule: id, ...message(null), ...at(caller, lastWriter, jump) };
    });
    // what else does not hold has its own place
    if (ofChecks.length > 0 && failures.every((text) => blamed.some(({ failure }) => failure === text))) return ofChecks;
    const fault = factsIn(result.notes, 'fault').find((f) => f.at.file !== null);
    const reset = result.resets.findLast(({ by }) => by !== 'power')?.from ?? null;
    // of a wait without a proved cause the user's own code, not the driver that waits
    const guessed = story.flatMap((f) => (f.is === 'cause' ? [f.caller, f.cause.lastWriter] : []));
    const loop = result.stuck?.at ?? null;
    const places = [fault?.at ?? jump ?? reset, ...guessed, loop].filter((p) => p?.file != null);
    return [
      ...ofChecks,
      { scenario, rule: result.outcome, ...message(null), ...at(...places.filter((p) => !isVendorFile(p!.file!)), ...places) },
    ];
  }
  const { causes, hunks } = patchOf(result, sources);
  const fixed = (cause: ResultCause): Pick<Place, 'file' | 'line'> | null => {
    if (!causes.includes(labelOf(cause))) return null;
    const { fix } = cause;
    const code = fix === null ? [] : partsOf(fix).flatMap((part) => part.code.map((text) => text.trim()));
    const adds = ({ changed }: (typeof hunks)[number]): boolean =>
      changed.some(({ mark, text }) => mark === '+' && code.includes(text.trim()));
    const hunk = hunks.find(adds) ?? hunks[0];
    return hunk === undefined ? null : { file: hunk.name, line: hunk.line };
  };
  const placesOf = ({ caller, cause }: FactOf<'cause'>): Parameters<typeof spotOf>[0][] => {
    const [wrote, mended] = [cause.lastWriter, fixed(cause)];
    // a jump at the wrong place is mended elsewhere, and stays what is wrong
    if (cause.at === 'entry' && wrote === null) return [caller, jump, mended];
    // nobody changes a vendor's code
    const isOwn = wrote?.file == null || !isVendorFile(wrote.file);
    return [caller, ...(isOfDeclaration(cause) || !isOwn ? [mended, wrote] : [wrote, mended]), jump];
  };
  return proved.map((f) => ({ scenario, rule: f.cause.id, ...titleOf(f.cause), ...message(f), ...at(...placesOf(f)) }));
}
/** For a list of findings: a fix that one of them has told for the same cause at the same place is named by it, and not told again. */
export function withoutToldFixes(findings: readonly Finding[]): readonly Finding[] {
  const told = new Map<string, string>();
  return findings.map((f) => {
    const { scenario, rule, file, line, fix } = f;
    if (fix === undefined) return f;
    const key = JSON.stringify([rule, file, line, fix]);
    const first = told.get(key);
    if (first === undefined) told.set(key, scenario);
    return first === undefined || first === scenario ? f : { ...f, message: f.message.replace(fix, () => `Fix    as for ${first}`) };
  });
}
/** For a page that shows all of them below each other: of those that say the same, the later ones name the first. */
export function withoutRepeats(findings: readonly Finding[]): readonly (Pick<Finding, 'rule' | 'title' | 'file' | 'line'> & {
  /** Null: all of it is told by the first. */
  readonly message: string | null;
  readonly scenario: string;
  /** What tells the rest. */
  readonly first: Finding | null;
})[] {
  const [whole, rests] = [new Map<string, Finding>(), new Map<string, Finding>()];
  return findings.map((f) => {
    const { scenario, rule, title, file, line, message, fix, cause } = f;
    const same = JSON.stringify([rule, title, file, line, fix ?? message]);
    const rest = JSON.stringify([scenario, cause === undefined ? message : message.replace(cause, () => '')]);
    const [first, sibling] = [whole.get(same), rests.get(rest)];
    if (first === undefined) whole.set(same, f);
    if (sibling === undefined) rests.set(rest, f);
    // two causes of a scenario may have their place in common
    if (first !== undefined && first.scenario !== scenario) return { ...f, message: null, first };
    if (sibling !== undefined && cause !== undefined) return { ...f, message: cause, first: sibling };
    return { ...f, first: null };
  });
}
const titleOf = (cause: ResultCause): Pick<Finding, 'title'> => (labelOf(cause) === cause.id ? {} : { title: labelOf(cause) });
/** Start-up code clears what is declared so: it does the same to all, and nobody mends it. */
const isOfDeclaration = ({ fix }: FactOf<'cause'>['cause']): boolean =>
  fix !== null && partsOf(fix).some(({ goes }) => goes === 'declaration');
