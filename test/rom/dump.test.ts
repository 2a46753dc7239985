import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { UsageError } from '../../src/bench/documents/usage-error.ts';
import { findChip } from '../../src/chips/index.ts';
import { dumpBase } from '../../src/rom/load.ts';
import { findRomProfile } from '../../src/rom/profiles.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { plainJob } from '../bench/plain-job.ts';

const CHIPS = ['stm32h533', 'stm32l476', 'stm32f072', 'stm32h745', 'stm32f405'];
const profileOf = (chip: string) => findRomProfile(findChip(chip)!.rom!.id)!;
/** The stand-in's own bytes as if they were a dump that begins at `from`. */
function dumpFrom(chip: string, from: number): Uint8Array {
  const profile = profileOf(chip);
  const image = romImage(profile.image);
  const bytes = new Uint8Array(profile.base - from + image.length).fill(0xff);
  bytes.set(image, profile.base - from);
  return bytes;
}
const job = (chip: string, bytes: Uint8Array) => ({
  ...plainJob(chip, [{ path: 'app.bin@0x08000000', bytes: new Uint8Array(64).fill(0x20) }]),
  rom: { kind: 'dump' as const, bytes, version: null, options: {} },
});

describe.each(CHIPS)('A dump of the ROM of %s', (chip) => {
  const profile = profileOf(chip);
  it('lies where its vector table is the ROM’s, whether it begins there or with system memory', () => {
    for (const from of [profile.base, profile.systemMemory.value.base]) {
      const bytes = dumpFrom(chip, from);
      expect(dumpBase(profile, bytes)).toBe(from);
      const session = new Session(jobInput(job(chip, bytes)));
      const image = romImage(profile.image);
      expect(session.machine.system.read(profile.base + 4, 4)).toBe(new DataView(image.buffer, image.byteOffset).getUint32(4, true));
      session.release();
    }
  });
  it('is refused if it is another chip’s or no ROM at all', () => {
    const other = CHIPS.find((c) => profileOf(c).systemMemory.value.base !== profile.systemMemory.value.base)!;
    for (const bytes of [new Uint8Array(1024), dumpFrom(other, profileOf(other).base), new Uint8Array([1, 2, 3])])
      expect(() => jobInput(job(chip, bytes))).toThrow(UsageError);
    // its vector table alone is no ROM
    expect(() => jobInput(job(chip, dumpFrom(chip, profile.base).slice(0, 100)))).toThrow(/a dump of 100 bytes is too short for a ROM/);
  });
});
