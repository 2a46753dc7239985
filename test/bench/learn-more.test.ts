/** Options of `rom learn` that need a start of another kind than a jump from the state that every ROM can do with. */
import { expect, test } from 'vitest';
import { learn } from '../../src/bench/learn/learn.ts';
import { findChip } from '../../src/chips/index.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { loadRom } from '../../src/rom/load.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import type { RomOptionId } from '../../src/rom/options.ts';
import { plainJob } from './plain-job.ts';

function reading(name: string, option: RomOptionId, value: string) {
  const profile = romProfileOf(findChip(name)!)!;
  const { segments } = loadRom(profile, romImage(profile.image), { [option]: value });
  const { bytes } = segments.find((s) => s.address === profile.systemMemory.value.base)!;
  const job = plainJob(name, []);
  const { options } = learn({ ...job, rom: { kind: 'dump', bytes, version: null, options: {} } }, job);
  return options.find((o) => o.option === option)!;
}

test.each(['leaves', 'clears'])(
  'what a start with BOOT0 high leaves secure is seen behind a DFU leave: %s',
  { timeout: 60_000 },
  (value) => {
    const found = reading('stm32h533re', 'pin-boot-security', value);
    expect(found).toMatchObject({ value, served: true });
  },
);
test.each(['none', 'locks'])('what locks the supply of H7 is masked, and a sentence says by what: %s', { timeout: 60_000 }, (value) => {
  const found = reading('stm32h745xi', 'pwr-lock', value);
  expect(found).toMatchObject({
    value: null,
    says: expect.stringMatching(/^on the emulated chip each store to PWR_CR3 locks the supply/) as string,
  });
});
