/** Options of the library's entries, and the job that they are. */
import { findChip } from './chips/index.ts';
import { romProfileIfAny, type JobImage, type RunJob } from './bench/job.ts';
import type { Symptom } from './bench/result.ts';
import type { RunLimits } from './bench/run-input.ts';
import { checkScenario } from './bench/scenario.ts';
import type { Scenario } from './bench/scenario-types.ts';
import { UsageError } from './bench/usage-error.ts';
import { VERSION } from './version.ts';

export interface BenchOptions {
  readonly chip: string;
  /** `path` names an image in the result; a raw binary carries its address there: `fw.bin@0x08000000`. */
  readonly images: readonly JobImage[];
  readonly scenario?: Scenario;
  readonly seed?: number;
  readonly until?: string;
  readonly romOptions?: Readonly<Record<string, string>>;
  readonly force?: Readonly<Record<string, number | string>>;
  /** A dump of the chip's own ROM in place of the stand-in. */
  readonly romDump?: Uint8Array;
  /** Bytes of the stand-in ROM, for places without a file system; on Node the package's own are read. */
  readonly romImage?: Uint8Array;
  readonly symptom?: Symptom | readonly Symptom[];
  readonly semihosting?: boolean;
  readonly bootAt?: number;
  readonly limits?: Partial<RunLimits>;
  /** Files that DFU downloads of the scenario send, by the name in the scenario. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
  readonly signal?: () => boolean;
}

/** Checks what can be checked without loading the images; wrong input is a UsageError. */
export async function libraryJob(options: BenchOptions): Promise<RunJob> {
  const chip = findChip(options.chip);
  if (chip === undefined) throw new UsageError(`there is no chip ${JSON.stringify(options.chip)}`);
  const scenario = await checkScenario(options.scenario ?? {}, 'scenario');
  const profile = romProfileIfAny(chip);
  const bytes =
    options.romDump ?? options.romImage ?? (profile ? (await import('./cli/package.ts')).romImage(profile.image) : new Uint8Array(0));
  const romOptions = { ...scenario.romOptions, ...options.romOptions };
  return {
    version: VERSION,
    chip: chip.name,
    images: options.images,
    scenario,
    overrides: {
      images: options.images.map((image) => image.path),
      romOptions,
      ...(options.seed === undefined ? {} : { seed: options.seed }),
      ...(options.until === undefined ? {} : { until: options.until }),
      ...(options.force === undefined ? {} : { force: options.force }),
    },
    limits: { maxInstructions: null, wallMs: null, maxMemory: null, ...options.limits },
    rom: { kind: options.romDump === undefined ? 'stand-in' : 'dump', bytes, version: null, options: romOptions },
    symptoms: [options.symptom ?? []].flat(),
    engine: 'bootbench',
    semihosting: options.semihosting !== false,
    bootAt: options.bootAt ?? null,
    files: options.files ?? new Map(),
  };
}
