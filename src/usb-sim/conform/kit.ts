/** The conformance kit: every requirement against one device. */
import { CHAPTER9_REQUIREMENTS } from './chapter9.ts';
import type { DfuLink } from './link.ts';
import { PACKET_REQUIREMENTS } from './packets.ts';
import {
  checkRequirement,
  Findings,
  type ConformanceOptions,
  type EndedEarly,
  type Requirement,
  type RequirementResult,
  type Verdict,
} from './requirement.ts';
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

export interface ConformanceReport extends EndedEarly {
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

/** Every requirement, one after the other. */
export async function runConformance(link: DfuLink, options: ConformanceOptions = {}): Promise<ConformanceReport> {
  const findings = new Findings(options);
  await findings.each(REQUIREMENTS, (requirement) => checkRequirement(requirement, link));
  const { vid, pid, bcdDevice, product, functional, alternates } = link.facts;
  const { counts, dialect, requirements, end } = findings;
  return {
    schema: 'bootbench/conformance@1',
    device: { vid, pid, bcdDevice, product, bcdDfuVersion: functional.version, alternates },
    counts,
    dialect,
    requirements,
    ...end,
  };
}
