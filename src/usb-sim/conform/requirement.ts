/** A requirement of the kit, and what a device made of it. */
import type { Trait } from './dialect.ts';
import type { DfuFacts, DfuLink } from './link.ts';
import { DFU_STATE, dfuStatusName } from '../dfu-protocol.ts';
import { isDfuse } from './link.ts';
import { ERR } from './model.ts';
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

/** @param sequence the requests that led to it; told of what is not as asked for */
export function resultOf(
  { id, title, paragraph }: Pick<RequirementResult, 'id' | 'title' | 'paragraph'>,
  finding: Finding,
  sequence: readonly string[],
): RequirementResult {
  const plain = finding.verdict === 'pass' || finding.verdict === 'n/a';
  return { id, title, paragraph, ...finding, sequence: plain ? [] : foldedSequence(sequence) };
}

/** Each requirement starts from a fresh device. */
export async function checkRequirement(requirement: Requirement, link: DfuLink): Promise<RequirementResult> {
  const skipped = requirement.skip?.(link) ?? null;
  if (skipped !== null) return resultOf(requirement, notApplicable(skipped), []);
  if (!(await link.fresh())) return resultOf(requirement, fail('the device could not be brought back to dfuIDLE'), []);
  const recorder = new Recorder(link);
  const finding = await requirement.check(recorder, link.facts);
  const refused = finding.verdict === 'fail' ? await contentsRefused(recorder) : null;
  return resultOf(requirement, refused ?? finding, recorder.sequence);
}

/** bStatus of a device that looks at what it is sent: the file is not for it, or wrong by a check of its vendor (DFU 1.1 §6.1.2). */
const OF_CONTENTS: ReadonlySet<number> = new Set([ERR.TARGET, ERR.FILE, ERR.VENDOR]);
/** A device without DfuSe may take images of its own alone; what the kit sends is none. Null: that is not why the requirement failed. */
async function contentsRefused({ link, refusedBy }: Recorder): Promise<Finding | null> {
  if (refusedBy === null || !OF_CONTENTS.has(refusedBy) || isDfuse(link.facts) || !(await link.fresh())) return null;
  const r = new Recorder(link);
  const s = await r.downloadAndSettle(0, new Uint8Array(Math.min(64, link.facts.functional.transferSize)).fill(0xa5));
  const same = s?.bState === DFU_STATE.ERROR && s.bStatus === refusedBy;
  return same ? notApplicable(`it refuses what is no image of its own (${dfuStatusName(refusedBy)}, DFU 1.1 §6.1.2)`) : null;
}

export interface ConformanceOptions {
  /** Requirements that the device breaks and its team accepts: they count as a dialect. */
  readonly accept?: readonly string[];
  /** After each requirement. */
  readonly told?: (result: RequirementResult) => void;
  /** Before each requirement; what it throws ends the kit. */
  readonly before?: () => void | Promise<void>;
  /** What has ended the kit before its end, in a word: the report holds what was found by then. Null: an error. */
  readonly endedBy?: (thrown: unknown) => string | null;
}
/** Stands in a report that ended before its end. */
export interface EndedEarly {
  readonly ended?: {
    /** `wall`, `signal`. */
    readonly reason: string;
    /** Requirements of the kit; those that the report has not were not asked. */
    readonly asked: number;
  };
}
/** What was found of a device, requirement by requirement. */
export class Findings {
  readonly counts: Record<Verdict, number> = { pass: 0, fail: 0, dialect: 0, 'n/a': 0 };
  readonly requirements: RequirementResult[] = [];
  /** Of the report. */
  end: EndedEarly = {};
  private readonly accept: readonly string[];
  private readonly options: ConformanceOptions;

  constructor(options: ConformanceOptions) {
    this.accept = options.accept ?? [];
    this.options = options;
  }
  /** Each of them, until something ends that. */
  async each<T>(all: readonly T[], judge: (requirement: T) => RequirementResult | Promise<RequirementResult>): Promise<void> {
    try {
      for (const requirement of all) {
        await this.options.before?.();
        this.add(await judge(requirement));
      }
    } catch (thrown) {
      const reason = this.options.endedBy?.(thrown) ?? null;
      if (reason === null) throw thrown;
      this.end = { ended: { reason, asked: all.length } };
    }
  }
  private add(found: RequirementResult): void {
    const accepted = found.verdict === 'fail' && this.accept.includes(found.id);
    const result: RequirementResult = accepted ? { ...found, verdict: 'dialect', dialect: 'accepted' } : found;
    this.counts[result.verdict]++;
    this.requirements.push(result);
    this.options.told?.(result);
  }
  /** Names of what the device does differently. */
  get dialect(): readonly string[] {
    return [...new Set(this.requirements.flatMap(({ verdict, name }) => (verdict === 'dialect' && name !== null ? [name] : [])))];
  }
}
