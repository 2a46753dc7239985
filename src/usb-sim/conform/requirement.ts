/** A requirement of the kit, and what a device made of it. */
import type { Trait } from './dialect.ts';
import type { DfuFacts, DfuLink } from './link.ts';
import { foldedSequence, Recorder } from './recorder.ts';

export type Verdict = 'pass' | 'fail' | 'dialect' | 'n/a';
export interface Finding {
  readonly verdict: Verdict;
  /** What was seen, where it is not what was asked; the reason of `n/a`. */
  readonly observed: string | null;
  /** Name of the dialect. */
  readonly dialect: string | null;
  /** The same as DfuDialect takes it: with the cell of the tables that it was seen in; of a cell that fails, how it answers. */
  readonly name: string | null;
}
export interface Requirement {
  /** Stable: `state.dfuIDLE.ABORT`. */
  readonly id: string;
  readonly title: string;
  /** Document and paragraph. */
  readonly paragraph: string;
  /** What it finds decides how other requests of the device are judged. */
  readonly tellsDialect?: boolean;
  /** Why it does not apply to this device; null = it does. */
  skip?(link: DfuLink): string | null;
  check(r: Recorder, facts: DfuFacts): Promise<Finding>;
}
export const PASS: Finding = { verdict: 'pass', observed: null, dialect: null, name: null };
export const fail = (observed: string, name: string | null = null): Finding => ({ verdict: 'fail', observed, dialect: null, name });
export const dialect = (id: Trait, observed: string): Finding => ({ verdict: 'dialect', observed, dialect: id, name: id });
/** A dialect of the tables of appendix A. */
export const inCell = (id: string, observed: string, cell: string): Finding => ({
  verdict: 'dialect',
  observed,
  dialect: id,
  name: `${id}:${cell}`,
});
export const notApplicable = (why: string): Finding => ({ verdict: 'n/a', observed: why, dialect: null, name: null });
export const must = (holds: boolean, observed: string): Finding => (holds ? PASS : fail(observed));

export interface RequirementResult extends Finding {
  readonly id: string;
  readonly title: string;
  readonly paragraph: string;
  /** The requests that led to a `fail` or `dialect`; rounds that repeat are told once. */
  readonly sequence: readonly string[];
}

/** Each requirement starts from a fresh device. */
export async function checkRequirement(requirement: Requirement, link: DfuLink): Promise<RequirementResult> {
  const { id, title, paragraph } = requirement;
  const result = (finding: Finding, sequence: readonly string[]): RequirementResult => ({ id, title, paragraph, ...finding, sequence });
  const skipped = requirement.skip?.(link) ?? null;
  if (skipped !== null) return result(notApplicable(skipped), []);
  if (!(await link.fresh())) return result(fail('the device could not be brought back to dfuIDLE'), []);
  const recorder = new Recorder(link);
  const finding = await requirement.check(recorder, link.facts);
  return result(finding, finding.verdict === 'pass' || finding.verdict === 'n/a' ? [] : foldedSequence(recorder.sequence));
}
