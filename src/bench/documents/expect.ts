/** Judges a result against the `expect` of its scenario. Keys left out are not judged. */
import { hasReached } from './reached.ts';
import type { AfterStep, RunResult } from './result.ts';
import type { Expect } from './scenario-types.ts';
import { Pattern, patience } from './pattern.ts';
import { UsageError, didYouMean } from './usage-error.ts';
import { AFTER_STEPS, CHECK_IDS, FOUND_CAUSES } from './result.ts';

/** Whether a result is what was expected. */
export interface Judgement {
  /** True where every expectation does. */
  readonly holds: boolean;
  /** One line per expectation that does not hold. */
  readonly failures: readonly string[];
}

/** Compares a result with what was expected of it. */
export function judge(result: RunResult, expect: Expect): Judgement {
  const failures = [
    ...judgeOutcome(result, expect),
    ...judgeCauses(result, expect),
    ...judgeChecks(result, expect),
    ...judgeResets(result, expect),
    ...judgeConsole(result, expect),
    ...judgeGoal(result, expect),
    ...judgeAfter(result, expect),
  ];
  return { holds: failures.length === 0, failures };
}

/** Whether only a search for causes can tell if it holds. It turns warnings into failures, so that verdicts of checks hang on it, too. */
export const asksForCauses = ({ causes = [], notCauses = [], checks = {} }: Expect, outcome: RunResult['outcome']): boolean =>
  outcome !== 'dfu' && (causes.length > 0 || notCauses.length > 0 || Object.keys(checks).length > 0);

function judgeOutcome(result: RunResult, { outcome }: Expect): string[] {
  if (outcome === undefined) return [];
  const words = typeof outcome === 'string' ? [outcome] : outcome;
  return words.includes(result.outcome) ? [] : [`outcome is ${result.outcome}, expected ${words.join(' or ')}`];
}

function judgeCauses(result: RunResult, { causes = [], notCauses = [] }: Expect): string[] {
  const proved: string[] = result.diagnosis.causes.filter((c) => c.proved).map((c) => c.id);
  const shown = proved.length === 0 ? 'nothing' : proved.join(', ');
  const missing = causes.filter((id) => !proved.includes(id)).map((id) => `cause ${id} is not proved (proved: ${shown})`);
  const unwanted = notCauses.flatMap((id) => {
    if (id === '*') return proved.length === 0 ? [] : [`no cause was expected, proved: ${shown}`];
    return proved.includes(id) ? [`cause ${id} is proved, which was not expected`] : [];
  });
  return [...missing, ...unwanted];
}

function judgeChecks(result: RunResult, { checks = {} }: Expect): string[] {
  return Object.entries(checks).flatMap(([id, verdicts]) => {
    const got = result.checks.find((c) => c.id === id)?.verdict ?? 'missing';
    return verdicts.split('|').includes(got) ? [] : [`check ${id} is ${got}, expected ${verdicts.replaceAll('|', ' or ')}`];
  });
}

function judgeResets(result: RunResult, { resets = {} }: Expect): string[] {
  return Object.entries(resets).flatMap(([by, wanted]) => {
    const count = result.resets.filter((r) => r.by === by).length;
    const { min = 0, max = Infinity } = typeof wanted === 'number' ? { min: wanted, max: wanted } : wanted;
    if (count >= min && count <= max) return [];
    const range = min === max ? `${min}` : max === Infinity ? `at least ${min}` : min === 0 ? `at most ${max}` : `${min} to ${max}`;
    return [`${count} resets by ${by}, expected ${range}`];
  });
}

function judgeGoal(result: RunResult, { goal }: Expect): string[] {
  const reached = hasReached(result);
  return goal === undefined || goal === reached
    ? []
    : [`the goal ${result.goal.name} is ${reached ? '' : 'not '}reached, which was not expected`];
}

function judgeAfter({ after }: RunResult, { after: wanted = {} }: Expect): string[] {
  return Object.entries(wanted).flatMap(([step, words]) => {
    const { result, because } = after?.[step as AfterStep] ?? { result: 'not-tried', because: null };
    if (words.split('|').includes(result)) return [];
    return [`${afterIs(step, result)}, expected ${words.replaceAll('|', ' or ')}${because === null ? '' : `: ${because}`}`];
  });
}

const afterIs = (step: string, result: string): string => `after ${step} is ${result}`;
const isNotTried = (failure: string): boolean => AFTER_STEPS.some((step) => failure.startsWith(afterIs(step, 'not-tried')));
/** Without what follows from the others: of a device that never came, or a step that failed, no further step is tried. */
export function inShort(failures: readonly string[]): readonly string[] {
  const first = failures.filter((failure) => !isNotTried(failure));
  return first.length === 0 ? failures : first;
}

function judgeConsole(result: RunResult, { console: channels = {} }: Expect): string[] {
  const shared = patience();
  return Object.entries(channels).flatMap(([channel, wanted]) => {
    const output = result.console[channel] ?? '';
    return [wanted].flat().flatMap((text) => {
      const pattern = asPattern(text);
      const found = pattern === null ? output.includes(text) : pattern.test(output, shared);
      if (found === true) return [];
      if (found === null)
        return [
          `console ${channel}: ${JSON.stringify(text)} was given up over ${output.length} characters: a narrower pattern can be answered`,
        ];
      const tail = output.length > 200 ? `…${output.slice(-200)}` : output;
      return [`console ${channel} does not show ${JSON.stringify(text)}; it shows ${output === '' ? 'nothing' : JSON.stringify(tail)}`];
    });
  });
}

/** `/…/` or `/…/i` is a regular expression (`m` is always on). */
function asPattern(text: string): Pattern | null {
  const match = /^\/(.+)\/([imsu]*)$/s.exec(text);
  return match === null ? null : new Pattern(match[1]!, match[2]!);
}

/** Throws a UsageError for ids and patterns that can never hold, before anything runs. */
export function checkExpect(expect: Expect, name: string): void {
  const check = (id: string, where: string, known: readonly string[]): void => {
    if (!known.includes(id)) throw new UsageError(`${name}: ${where}: there is no check ${JSON.stringify(id)}`, didYouMean(id, known));
  };
  const causes = [...CHECK_IDS, ...FOUND_CAUSES];
  expect.causes?.forEach((id) => check(id, 'expect.causes', causes));
  expect.notCauses?.filter((id) => id !== '*').forEach((id) => check(id, 'expect.notCauses', causes));
  Object.keys(expect.checks ?? {}).forEach((id) => check(id, 'expect.checks', CHECK_IDS));
  for (const [by, wanted] of Object.entries(expect.resets ?? {})) {
    const { min = 0, max = Infinity } = typeof wanted === 'number' ? {} : wanted;
    if (min > max) throw new UsageError(`${name}: expect.resets.${by}: no number is at least ${min} and at most ${max}`);
  }
  for (const [channel, texts] of Object.entries(expect.console ?? {})) {
    for (const text of [texts].flat()) {
      try {
        asPattern(text);
      } catch (error) {
        throw new UsageError(`${name}: expect.console.${channel}: ${(error as Error).message}`);
      }
    }
  }
}
