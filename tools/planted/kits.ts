/** What judges DFU firmware, on an image: `conform` and the property kit, each with what it says and the processor time that it took. */
import * as fc from 'fast-check';
import '../../src/node-host.ts';
import { noDevice } from '../../src/bench/dfu/no-device.ts';
import { DfuTarget } from '../../src/bench/dfu/dfu-target.ts';
import type { JobImage } from '../../src/bench/input/job.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { HOST } from '../../src/library/host.ts';
import { libraryJob } from '../../src/library/options.ts';
import { DfuViolation, openDfu, type BenchOptions, type DfuUnderTest, type JudgeOptions } from '../../src/property.ts';
import { runConformance } from '../../src/usb-sim/conform/kit.ts';
import type { RequirementResult } from '../../src/usb-sim/conform/requirement.ts';
import { UsageError } from '../../src/bench/documents/usage-error.ts';
import { loopProgram } from '../../src/usb-sim/conform/transfers.ts';
import { hex8 } from '../../src/usb-sim/dfu-protocol.ts';
import { WAYS } from './ways.ts';
import { chipOf, plantedImage, type FirmwareName } from './firmware.ts';

const seconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** What `conform` makes of an image. */
export interface ConformFound {
  readonly results: readonly RequirementResult[];
  /** Names of its dialects. */
  readonly dialect: readonly string[];
  /** There is no device to judge: why. */
  readonly none: string | null;
  /** The kit itself failed: that is not finding anything. */
  readonly fell: string | null;
  readonly cpu: number;
}

/** The device under test: a chip, and what runs on it. */
export type Judged = Pick<BenchOptions, 'chip' | 'images' | 'scenario'>;
export const planted = (firmware: FirmwareName, image: JobImage): Judged => ({ chip: chipOf(firmware), images: [image] });

export async function conform(judged: Judged, accept: readonly string[] = []): Promise<ConformFound> {
  const from = seconds();
  const ended = (what: Partial<ConformFound>): ConformFound => ({
    results: [],
    dialect: [],
    none: null,
    fell: null,
    ...what,
    cpu: seconds() - from,
  });
  const job = await libraryJob(judged);
  await HOST.prepare(job.chip);
  const held = new HeldMachine(jobInput(job));
  try {
    const end = held.start();
    if (!held.usb.outsideReady) return ended({ none: noDevice(held.session, end).what });
    const { requirements: results, dialect } = await runConformance(new DfuTarget(held), { accept });
    return ended({ results, dialect });
  } catch (error) {
    return ended(error instanceof UsageError ? { none: error.message } : { fell: String(error) });
  } finally {
    held.release();
  }
}
/** What fails, or differs otherwise than it did in the baseline. */
export const failures = ({ results }: ConformFound, baseline: readonly RequirementResult[] = []): RequirementResult[] =>
  results.filter((r) => r.verdict === 'fail' || (r.verdict === 'dialect' && baseline.some((b) => b.id === r.id && b.name !== r.name)));

/** What the property kit makes of an image. */
export interface PropertyFound {
  /** What the first failing case breaks, and its commands; null: all cases hold. */
  readonly message: string | null;
  /** The kit itself failed: that is not finding anything. */
  readonly fell: string | null;
  readonly cases: number;
  /** Those that were to be tried, the examples among them. */
  readonly planned: number;
  /** Until the device was on the bus. */
  readonly openCpu: number;
  readonly cpu: number;
}

/** What a team commits of its right firmware: a report of `conform`, from which both kits take what the device does differently. What is worse is a bug. */
export interface Judge extends JudgeOptions {
  readonly baseline: { readonly schema: string; readonly requirements: readonly RequirementResult[] };
}
const judges = new Map<FirmwareName, Promise<Judge>>();
/** Measured once for each firmware. */
export function judgeOf(firmware: FirmwareName): Promise<Judge> {
  const known = judges.get(firmware);
  if (known !== undefined) return known;
  const judge = measured(firmware);
  judges.set(firmware, judge);
  return judge;
}
const baselineOf = (requirements: readonly RequirementResult[]): Judge => ({
  baseline: { schema: 'bootbench/conformance@1', requirements },
});
async function measured(firmware: FirmwareName): Promise<Judge> {
  const right = planted(firmware, plantedImage(firmware, null));
  const { results } = await conform(right);
  const dfu = await openDfu(right);
  dfu.close();
  const [first] = dfu.memory;
  const plain = firmware.startsWith('strict') && first ? { memory: { address: first.start, length: first.end - first.start } } : {};
  return { ...baselineOf(results), ...plain };
}

export async function property(
  judged: Judged,
  { cases, judge, seed = 1 }: { readonly cases: number; readonly judge: JudgeOptions; readonly seed?: number },
): Promise<PropertyFound> {
  const from = seconds();
  let dfu: DfuUnderTest;
  try {
    dfu = await openDfu({ ...judged, ...judge });
  } catch (error) {
    const said =
      error instanceof UsageError || error instanceof DfuViolation
        ? { message: error.message, fell: null }
        : { message: null, fell: String(error) };
    return { ...said, cases: 0, planned: cases, openCpu: seconds() - from, cpu: seconds() - from };
  }
  const openCpu = seconds() - from;
  const examples = dfu.examples();
  const ended = (what: Partial<PropertyFound>): PropertyFound => ({
    message: null,
    fell: null,
    cases: 0,
    planned: cases + examples.length,
    openCpu,
    ...what,
    cpu: seconds() - from,
  });
  try {
    // shrinking costs many times what finding does, and the table wants to know that it was found
    const { failed, errorInstance, numRuns } = fc.check(
      fc.property(dfu.commands(), (commands) => dfu.check(commands)),
      { numRuns: cases + examples.length, examples, seed, endOnFailure: true },
    );
    if (!failed) return ended({ cases: numRuns });
    return ended({
      cases: numRuns,
      ...(errorInstance instanceof DfuViolation ? { message: errorInstance.message } : { fell: String(errorInstance) }),
    });
  } catch (error) {
    return ended({ fell: String(error) });
  } finally {
    dfu.close();
  }
}
/** Where the sectors behind the loader begin (`flash_own_end`). */
const APPLICATION = 0x08004000;
/** The loader with an application, which a reset starts: the board's button is held until the loader is there. */
export function besideApplication(firmware: FirmwareName, loader: JobImage): Judged {
  const application = { path: `application.bin@${hex8(APPLICATION)}`, bytes: loopProgram(APPLICATION) };
  const scenario = { board: { pins: { PA0: 0 as const } }, steps: [{ after: '100ms', do: { pin: { name: 'PA0', level: 1 as const } } }] };
  return { chip: chipOf(firmware), images: [loader, application], scenario };
}
/** What both kits have against a firmware that is right in a way of its own, by a baseline of that firmware: a text each. */
export async function accusations(firmware: FirmwareName, way: string, cases: number): Promise<string[]> {
  const image = plantedImage(firmware, way);
  const judged = WAYS.find(({ id }) => id === way)!.besideApplication ? besideApplication(firmware, image) : planted(firmware, image);
  const found = await conform(judged);
  const failed = failures(found).map((r) => `conform ${r.id} [${r.paragraph}]: ${r.observed}`);
  const ended = [found.none, found.fell].flatMap((text) => (text === null ? [] : [`conform: ${text}`]));
  if (ended.length > 0) return [...failed, ...ended];
  const { message, fell } = await property(judged, { cases, judge: baselineOf(found.results) });
  return [...failed, ...[message, fell].flatMap((text) => (text === null ? [] : [`property: ${text}`]))];
}
