/** What `rom learn` says of a stand-in that is given to it as a dump. */
import { learn, type Learned } from '../../src/bench/learn/learn.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import { loadRom } from '../../src/rom/load.ts';
import { romProfileOf, type RomProfile } from '../../src/rom/profiles.ts';
import { plainJob } from './plain-job.ts';

export type Choice = Readonly<Record<string, string>>;
export const profileOf = (chip: ChipDescription): RomProfile => romProfileOf(chip)!;
export function dumpOf(chip: ChipDescription, chosen: Choice): Uint8Array {
  const profile = profileOf(chip);
  const { segments } = loadRom(profile, romImage(profile.image), chosen);
  return segments.find((s) => s.address === profile.systemMemory.value.base)!.bytes;
}
export function learned(chip: ChipDescription, dump: Uint8Array): Learned {
  const job = plainJob(chip.name, []);
  return learn({ ...job, rom: { kind: 'dump', bytes: dump, version: null, options: {} } }, job);
}
