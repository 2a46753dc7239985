/** A conformance report of before, which the one of now must not fall behind. */
import { boundedJson } from '../bench/documents/json-bounds.ts';
import { reportedRequirements } from '../bench/dfu/conformance-report.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import type { RequirementResult, Verdict } from '../usb-sim/conform/requirement.ts';
import { readInput } from './inputs.ts';

/** Verdicts of before, by requirement. */
export type Conformance = ReadonlyMap<string, Verdict>;
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
  return new Map(rows.map(({ id, verdict }) => [id, verdict]));
}

/** What is worse now: pass, dialect, not applicable, fail, in this order. A requirement that was not there before may not fail. */
export function worseThan(before: Conformance, report: { readonly requirements: readonly RequirementResult[] }): Lost[] {
  return report.requirements.flatMap(({ id, verdict, observed, sequence }): Lost[] => {
    const was = before.get(id);
    if (was === undefined ? verdict !== 'fail' : RANK[verdict] >= RANK[was]) return [];
    const is = verdict === 'n/a' ? 'could not be tried' : `is ${verdict}`;
    return [{ id, verdict, sequence, text: `${id} was ${was ?? 'not asked'} and ${is}${observed === null ? '' : `: ${observed}`}` }];
  });
}
