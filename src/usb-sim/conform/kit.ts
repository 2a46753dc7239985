/** The conformance kit: every requirement against one device. */
import { CHAPTER9_REQUIREMENTS } from './chapter9.ts';
import type { DfuLink } from './link.ts';
import { checkRequirement, type Requirement, type RequirementResult, type Verdict } from './requirement.ts';
import { STATE_REQUIREMENTS } from './states.ts';
import { TRANSFER_REQUIREMENTS } from './transfers.ts';

const REQUIREMENTS: readonly Requirement[] = [...CHAPTER9_REQUIREMENTS, ...STATE_REQUIREMENTS, ...TRANSFER_REQUIREMENTS];

export interface ConformanceReport {
  readonly schema: 'bootbench/conformance@1';
  readonly device: {
    readonly vid: number;
    readonly pid: number;
    readonly bcdDevice: number;
    readonly product: string | null;
    readonly bcdDfuVersion: number;
    readonly alternates: readonly string[];
  };
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly requirements: readonly RequirementResult[];
}

/** @param told after each requirement */
export async function runConformance(link: DfuLink, told?: (result: RequirementResult) => void): Promise<ConformanceReport> {
  const counts = { pass: 0, fail: 0, dialect: 0, 'n/a': 0 };
  const requirements: RequirementResult[] = [];
  for (const requirement of REQUIREMENTS) {
    const result = await checkRequirement(requirement, link);
    counts[result.verdict]++;
    requirements.push(result);
    told?.(result);
  }
  const { vid, pid, bcdDevice, product, functional, alternates } = link.facts;
  return {
    schema: 'bootbench/conformance@1',
    device: { vid, pid, bcdDevice, product, bcdDfuVersion: functional.version, alternates },
    counts,
    requirements,
  };
}
