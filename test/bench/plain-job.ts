import { romProfileIfAny, type RunJob } from '../../src/bench/input/job.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { findChip } from '../../src/chips/index.ts';
import { romImage } from '../../src/cli/rom-image.ts';

/** What a run is given when nothing is asked for on the command line but images and a scenario: the chip's own stand-in ROM, no limits. */
export const plainJob = (chip: string, images: RunJob['images'], scenario: Partial<Scenario> = {}): RunJob => ({
  version: 'test',
  chip,
  images,
  scenario: { schema: 'bootbench/scenario@1', ...scenario },
  overrides: { images: images.map((i) => i.path) },
  limits: { maxInstructions: null, wallMs: null, maxMemory: null },
  rom: { kind: 'stand-in', bytes: romImage(romProfileIfAny(findChip(chip)!)!.image), version: null, options: {} },
  symptoms: [],
  engine: 'bootbench',
  semihosting: true,
  bootAt: null,
  files: new Map(),
});
