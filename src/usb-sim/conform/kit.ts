/** The conformance kit: every requirement against one device. */
import { CHAPTER9_REQUIREMENTS } from './chapter9.ts';
import type { DfuLink } from './link.ts';
import { PACKET_REQUIREMENTS } from './packets.ts';
import { checkRequirement, type Requirement, type RequirementResult, type Verdict } from './requirement.ts';
import { STATE_REQUIREMENTS } from './states.ts';
import { TRANSFER_REQUIREMENTS } from './transfers.ts';

/** All, in the order in which a report has them. */
export const REQUIREMENTS: readonly Requirement[] = [
  ...CHAPTER9_REQUIREMENTS,
  ...PACKET_REQUIREMENTS,
  ...STATE_REQUIREMENTS,
  ...TRANSFER_REQUIREMENTS,
];

const IDS: ReadonlySet<string> = new Set(REQUIREMENTS.map((r) => r.id));
export const isRequirement = (id: string): boolean => IDS.has(id);
/** Those that tell how a device differs in what other tests depend on. */
export const DIALECT_REQUIREMENTS: readonly Requirement[] = [
  ...STATE_REQUIREMENTS,
  ...[...CHAPTER9_REQUIREMENTS, ...TRANSFER_REQUIREMENTS].filter((r) => r.tellsDialect === true),
];

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
  /** Names of what the device does differently: `openDfu({ dialect })` judges it by them. */
  readonly dialect: readonly string[];
  readonly requirements: readonly RequirementResult[];
}

export interface ConformanceOptions {
  /** Requirements that the device breaks and its team accepts: they count as a dialect. */
  readonly accept?: readonly string[];
  /** After each requirement. */
  readonly told?: (result: RequirementResult) => void;
}

/** Every requirement, one after the other. */
export async function runConformance(link: DfuLink, { accept = [], told }: ConformanceOptions = {}): Promise<ConformanceReport> {
  const counts = { pass: 0, fail: 0, dialect: 0, 'n/a': 0 };
  const requirements: RequirementResult[] = [];
  for (const requirement of REQUIREMENTS) {
    const found = await checkRequirement(requirement, link);
    const result =
      found.verdict === 'fail' && accept.includes(found.id) ? { ...found, verdict: 'dialect' as const, dialect: 'accepted' } : found;
    counts[result.verdict]++;
    requirements.push(result);
    told?.(result);
  }
  const { vid, pid, bcdDevice, product, functional, alternates } = link.facts;
  return {
    schema: 'bootbench/conformance@1',
    device: { vid, pid, bcdDevice, product, bcdDfuVersion: functional.version, alternates },
    counts,
    dialect: [...new Set(requirements.flatMap(({ verdict, name }) => (verdict === 'dialect' && name !== null ? [name] : [])))],
    requirements,
  };
}
