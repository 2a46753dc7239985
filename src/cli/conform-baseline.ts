/** A conformance report of before, which the one of now must not fall behind. */
import { boundedJson } from '../bench/documents/json-bounds.ts';
import { reportedRequirements, type ReportedRequirement } from '../bench/dfu/conformance-report.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { RequirementResult, Verdict } from '../usb-sim/conform/requirement.ts';
import { readInput } from './inputs.ts';

/** Of before, by requirement. */
export type Conformance = ReadonlyMap<string, Pick<ReportedRequirement, 'verdict' | 'name'>>;
/** A requirement that the device does not hold as it did. */
export interface Lost extends Pick<RequirementResult, 'id' | 'verdict' | 'sequence'> {
  /** What it was and is. */
  readonly text: string;
}
const RANK: Readonly<Record<Verdict, number>> = { pass: 3, dialect: 2, 'n/a': 1, fail: 0 };

export function readConformance(path: string, cwd: string): Conformance {
  const bad = (): UsageError =>
    new UsageError(`--baseline: ${path} is no report of conform`, '`bootbench conform … --json baseline.json` writes one');
  let document: unknown;
  try {
    document = boundedJson(new TextDecoder().decode(readInput(path, 'baseline', cwd)));
  } catch (error) {
    throw error instanceof SyntaxError ? bad() : error;
  }
  const rows = reportedRequirements(document);
  if (rows === null) throw bad();
  // what its team accepts is a failure still: it is not worse where nobody says again that it is accepted
  return new Map(rows.map(({ id, verdict, name, accepted }) => [id, { verdict: accepted ? 'fail' : verdict, name }]));
}

/** What is worse now: pass, dialect, not applicable, fail, in this order, or another dialect. A requirement that was not there before may not fail. */
export function worseThan(before: Conformance, report: { readonly requirements: readonly RequirementResult[] }): Lost[] {
  return report.requirements.flatMap(({ id, verdict, name, observed, sequence }): Lost[] => {
    const was = before.get(id);
    const other = was?.verdict === 'dialect' && verdict === 'dialect' && was.name !== null && was.name !== name;
    if (!other && (was === undefined ? verdict !== 'fail' : RANK[verdict] >= RANK[was.verdict])) return [];
    const had = was === undefined ? 'not asked' : other ? `dialect ${was.name}` : was.verdict;
    const is = verdict === 'n/a' ? 'could not be tried' : other ? `is ${name}` : `is ${verdict}`;
    return [{ id, verdict, sequence, text: `${id} was ${had} and ${is}${observed === null ? '' : `: ${observed}`}` }];
  });
}
