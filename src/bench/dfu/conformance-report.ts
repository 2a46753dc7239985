/** A report of `conform` that was written before, as somebody gives it back. */
import { isRecord } from '../documents/is-record.ts';
import type { Verdict } from '../../usb-sim/conform/requirement.ts';

export interface ReportedRequirement {
  readonly id: string;
  readonly verdict: Verdict;
  /** How the device differs, as a name of a dialect; null: it does not, or no name says it. */
  readonly name: string | null;
  /** A failure that its team accepted. */
  readonly accepted: boolean;
}
const VERDICTS: readonly string[] = ['pass', 'dialect', 'n/a', 'fail'] satisfies Verdict[];
const isVerdict = (value: unknown): value is Verdict => typeof value === 'string' && VERDICTS.includes(value);

/** Its requirements; null: it is no such report. */
export function reportedRequirements(document: unknown): ReportedRequirement[] | null {
  const rows = isRecord(document) && document['schema'] === 'bootbench/conformance@1' ? document['requirements'] : null;
  if (!Array.isArray(rows)) return null;
  const all = rows.map((row: unknown): ReportedRequirement | null => {
    const { id, verdict, name, dialect } = isRecord(row) ? row : {};
    if (typeof id !== 'string' || !isVerdict(verdict)) return null;
    return { id, verdict, name: typeof name === 'string' ? name : null, accepted: verdict === 'fail' || dialect === 'accepted' };
  });
  return all.every((row) => row !== null) ? all : null;
}
