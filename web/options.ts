/** What the page asks for, as options of the library's runs and machines. */
import { chipSaid, type ChipSaid } from '../src/bench/input/chip-said.ts';
import { inferChip } from '../src/bench/input/infer-chip.ts';
import { PREBUILT_VALIDATOR } from '../src/bench/documents/scenario-check.ts';
import validator from '../src/cli/validator.ts';
import { INTERPRETERS } from '../src/interpreters.ts';
import { HOST } from '../src/library/host.ts';
import { loadInterpreters } from '../src/library/interpreter-files.ts';
import type { BenchOptions, RomOptions, TypedScenario } from '../src/library/options.ts';
import { romImage } from '../src/rom-images.ts';
import { pathOf } from './own-file.ts';
import { dumpFor, prepareChip, withFacts } from './remote.ts';
import { piecesOf, type Flips, type Setup } from './setup.ts';

// each run needs all of this: nothing is imported when it is asked for, which would be a round of requests more
PREBUILT_VALIDATOR.load = () => Promise.resolve(validator);
HOST.romImage = (name) => Promise.resolve(romImage(name));
HOST.prepare = async (chip) => {
  await prepareChip(chip);
  await loadInterpreters(chip, INTERPRETERS);
};

const imagesOf = (setup: Setup): NonNullable<BenchOptions['images']> =>
  piecesOf(setup).map(({ name, bytes }) => ({ path: pathOf(name, bytes), bytes }));
/** What is said of a chip that nobody named. */
export const saidOf = (setup: Setup): Promise<ChipSaid> | ChipSaid =>
  setup.chip !== null ? {} : withFacts(() => chipSaid(inferChip(imagesOf(setup))));
export async function optionsOf(setup: Setup, flips: Flips): Promise<BenchOptions> {
  const { chip, scenario, trigger } = setup;
  const images = imagesOf(setup);
  const part = chip ?? (await withFacts(() => inferChip(images).chip.name));
  await HOST.prepare(part);
  const board = flips.crystal === false ? { ...scenario.board, hse: null } : scenario.board;
  const { romOptions: _, ...others } = scenario;
  const dump = await dumpFor(part);
  // the code of a dump has no options
  const rom = dump === null ? { romOptions: flips.rom as RomOptions } : { romDump: dump };
  const asked: TypedScenario = { ...(dump === null ? scenario : others), ...(board === undefined ? {} : { board }) };
  return { chip: part, images, scenario: asked, ...rom, ...(trigger ? { trigger } : {}) };
}
/** For a machine that is held: it is triggered as the run was. */
export async function machineOptionsOf(setup: Setup, flips: Flips): Promise<Omit<BenchOptions, 'trigger' | 'devices'>> {
  const { trigger: _, devices: _devices, ...options } = await optionsOf(setup, flips);
  const { found } = setup;
  return found === undefined ? options : { ...options, scenario: { ...(options.scenario as TypedScenario), steps: found } };
}
