/** `bootbench/campaign@1`: a space of runs, as a user declares it (schemas/campaign-1.schema.json). */
import schema from '../../schemas/campaign-1.schema.json' with { type: 'json' };
import { checkCampaignSize } from '../bench/documents/document-bounds.ts';
import { parseDuration } from '../bench/documents/duration.ts';
import type { Outcome } from '../bench/documents/result.ts';
import { AJV_OPTIONS, throwIfWrong } from '../bench/documents/scenario-check.ts';
import { parseJson, UsageError } from '../bench/documents/usage-error.ts';
import { MS } from '../emu/time.ts';

export const CAMPAIGN_SCHEMA = 'bootbench/campaign@1';

export interface SpecTarget {
  /** Alternatives; a list stands for images that are loaded together. */
  readonly images?: readonly (string | readonly string[])[];
  readonly chips?: readonly string[];
  readonly scenarios?: readonly string[];
}
/** From `from` to `to`, both included. */
export interface Range {
  readonly from?: number;
  readonly to: number;
  readonly step?: number;
}
export interface CampaignSpec {
  readonly schema: typeof CAMPAIGN_SCHEMA;
  readonly name?: string;
  readonly targets: readonly SpecTarget[];
  readonly leaveOut?: 'none' | 'single' | 'pairs';
  readonly delays?: { readonly parameters?: readonly string[]; readonly factors: readonly number[] };
  readonly faults?: { readonly kinds: readonly string[]; readonly instructions?: Range; readonly cycles?: Range };
  readonly seeds?: readonly number[] | { readonly from?: number; readonly count: number };
  readonly sample?: { readonly count: number; readonly seed?: number };
  readonly expect?: 'same' | Outcome | readonly Outcome[];
  readonly wall?: string;
}

/** Real time that one case may take. */
const WALL = '60s';
const LAST_SEED = 2 ** 32 - 1;
/** Lines that an NVIC can have, Armv7-M ARM B3.4. */
export const MOST_IRQS = 240;

/** Text of a file; `name` stands in messages. Throws a UsageError that names the key. */
export async function parseSpec(text: string, name: string): Promise<CampaignSpec> {
  const document = parseJson(text, name);
  checkCampaignSize(document, name);
  const { Ajv } = await import('ajv');
  throwIfWrong(new Ajv(AJV_OPTIONS).compile(schema), document, name, 'the campaign');
  const spec = document as CampaignSpec;
  checkFaults(spec, name);
  checkSizes(spec, name);
  const { seeds } = spec;
  if (seeds !== undefined && !isList(seeds) && (seeds.from ?? 1) + seeds.count - 1 > LAST_SEED)
    throw new UsageError(`${name}: seeds go beyond ${LAST_SEED}`);
  wallOf(spec, name);
  return spec;
}

function checkFaults({ faults }: CampaignSpec, name: string): void {
  if (faults === undefined) return;
  const given = (['instructions', 'cycles'] as const).filter((key) => faults[key] !== undefined);
  if (given.length !== 1)
    throw new UsageError(
      `${name}: faults ${given.length === 0 ? 'have no place' : 'have both instructions and cycles'}`,
      'give one of them, for example "instructions": { "to": 64 }',
    );
  const { from = 1, to } = faults[given[0]!]!;
  if (to < from) throw new UsageError(`${name}: faults.${given[0]} goes from ${from} to ${to}`, 'to must not be less than from');
  for (const kind of faults.kinds)
    if (kind.startsWith('irq') && Number(kind.slice(3)) >= MOST_IRQS)
      throw new UsageError(`${name}: faults.kinds has ${kind}`, `the last interrupt line that a core can have is irq${MOST_IRQS - 1}`);
}

/** Targets are read and run before the first case, and so are the delays of each; a list that is longer was made by mistake. */
const MOST_TARGETS = 2_000;
const MOST_DELAYS = 1_000;
function checkSizes({ targets, delays }: CampaignSpec, name: string): void {
  const count = targets.reduce(
    (sum, t) => sum + [t.images, t.chips, t.scenarios].reduce((product, axis) => product * (axis?.length ?? 1), 1),
    0,
  );
  if (count > MOST_TARGETS)
    throw new UsageError(
      `${name}: ${count} targets (images x chips x scenarios); a campaign has ${MOST_TARGETS} at most`,
      'make several of it',
    );
  for (const key of ['parameters', 'factors'] as const)
    if ((delays?.[key]?.length ?? 0) > MOST_DELAYS)
      throw new UsageError(`${name}: delays.${key} has ${delays![key]!.length} entries; ${MOST_DELAYS} is the most`);
}

const isList = (seeds: NonNullable<CampaignSpec['seeds']>): seeds is readonly number[] => Array.isArray(seeds);

/** Seeds by their place on the axis; null = that of the scenario. */
export function seedAt({ seeds }: CampaignSpec, i: number): number | null {
  if (seeds === undefined) return null;
  return isList(seeds) ? seeds[i]! : (seeds.from ?? 1) + i;
}
export const seedCount = ({ seeds }: CampaignSpec): number => (seeds === undefined ? 1 : isList(seeds) ? seeds.length : seeds.count);

/** Milliseconds of real time. */
export const wallOf = ({ wall }: CampaignSpec, name = 'the campaign'): number =>
  Math.max(1, Math.ceil(parseDuration(wall ?? WALL, `${name}: wall`) / MS));
