/** What owners of the same ROM share, and what of a dump belongs to one part. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { Session } from '../../src/bench/session/session.ts';
import { CHIPS, findChip } from '../../src/chips/index.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { isMadeUp, ownRange, ownWords, romHash, withoutOwnWords } from '../../src/rom/identity.ts';
import { loadRom } from '../../src/rom/load.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { plainJob } from '../bench/plain-job.ts';

const profileOf = (name: string) => romProfileOf(findChip(name)!)!;
const systemMemory = (name: string): Uint8Array => {
  const profile = profileOf(name);
  const { base } = profile.systemMemory.value;
  return loadRom(profile, romImage(profile.image))
    .segments.find((s) => s.address === base)!
    .bytes.slice();
};

describe('the words of one part', () => {
  it('are found on every chip that has a ROM, where the emulated part has the ones that are made up', () => {
    for (const name of [
      'stm32f072rb',
      'stm32f103c8',
      'stm32f405rg',
      'stm32h533re',
      'stm32h743zi',
      'stm32l072cz',
      'stm32l152re',
      'stm32u575zi',
    ]) {
      const chip = findChip(name)!;
      const session = new Session(jobInput(plainJob(name, [{ path: 'app.bin@0x08000000', bytes: new Uint8Array(64) }])));
      const uid = ownWords(chip)!.uid.map((address) => session.machine.system.read(address, 4) >>> 0);
      expect([name, isMadeUp(chip, uid)]).toEqual([name, true]);
      expect(isMadeUp(chip, [uid[0]!, uid[1]!, uid[2]! + 1])).toBe(false);
      session.release();
    }
    expect(CHIPS.filter((chip) => romProfileOf(chip) !== undefined && ownWords(chip) === null).map((c) => c.name)).toEqual([]);
  });
  it('lie inside of system memory on F0, F1 and F3 (RM0091 33.1, RM0008 30.2), and outside of it on the others', () => {
    const range = (name: string) => ownRange(findChip(name)!, profileOf(name));
    expect(range('stm32f072rb')).toEqual({ base: 0x1ffff7ac, size: 0x54 });
    expect(range('stm32f103c8')).toEqual({ base: 0x1ffff7e0, size: 0x20 });
    expect(range('stm32f303cc')).toEqual({ base: 0x1ffff7ac, size: 0x54 });
    for (const name of ['stm32l476rg', 'stm32h743zi', 'stm32f405rg']) expect(range(name)).toBeNull();
  });
  it('are erased in a dump, and nothing else is', () => {
    const from = 0x1fffc800;
    const dump = systemMemory('stm32f072rb').fill(0x55, 0x1ffff7ac - from);
    const without = withoutOwnWords(findChip('stm32f072rb')!, profileOf('stm32f072rb'), from, dump);
    expect([...without.subarray(0x1ffff7ac - from)].every((b) => b === 0xff)).toBe(true);
    expect(without.subarray(0, 0x1ffff7ac - from)).toEqual(dump.subarray(0, 0x1ffff7ac - from));
  });
});

describe('the hash of a ROM', () => {
  const hash = (name: string, dump: Uint8Array) => romHash(findChip(name)!, profileOf(name), dump);
  it('is the same for two parts with their own IDs and flash sizes, and another one where one instruction differs', () => {
    for (const [name, own] of [
      ['stm32f072rb', 0x2fac],
      ['stm32f103c8', 0x7e8],
    ] as const) {
      const [one, other, code] = [systemMemory(name), systemMemory(name), systemMemory(name)];
      one.fill(0x11, own, own + 12);
      other.fill(0x22, own, own + 12);
      code[0x100]! ^= 1;
      expect(hash(name, one)).toBe(hash(name, other));
      expect(hash(name, code)).not.toBe(hash(name, one));
    }
  });
  it('does not know the bootloader ID', () => {
    const dump = systemMemory('stm32l476rg');
    const other = dump.slice();
    other[0x6ffe] = 0x12;
    expect(hash('stm32l476rg', other)).toBe(hash('stm32l476rg', dump));
  });
  it('is the same wherever a dump begins and ends', () => {
    const dump = systemMemory('stm32h743zi');
    const table = profileOf('stm32h743zi').base - profileOf('stm32h743zi').systemMemory.value.base;
    expect(table).toBe(0x9800);
    expect(hash('stm32h743zi', dump.subarray(table))).toBe(hash('stm32h743zi', dump));
    const end = dump.findLastIndex((b) => b !== 0xff) + 1;
    expect(hash('stm32h743zi', dump.subarray(table, end))).toBe(hash('stm32h743zi', dump));
  });
  it('is the one that the same dump gets with its own words left out', () => {
    const dump = systemMemory('stm32f072rb').fill(0x55, 0x2fac);
    const { base } = profileOf('stm32f072rb').systemMemory.value;
    expect(hash('stm32f072rb', withoutOwnWords(findChip('stm32f072rb')!, profileOf('stm32f072rb'), base, dump))).toBe(
      hash('stm32f072rb', dump),
    );
  });
});

it('a part that runs a dump without them has them all the same', () => {
  for (const name of ['stm32f072rb', 'stm32f103c8']) {
    const chip = findChip(name)!;
    const profile = profileOf(name);
    const bytes = withoutOwnWords(chip, profile, profile.systemMemory.value.base, systemMemory(name));
    const job = { ...plainJob(name, [{ path: 'app.bin@0x08000000', bytes: new Uint8Array(64) }]) };
    const session = new Session(jobInput({ ...job, rom: { kind: 'dump', bytes, version: null, options: {} } }));
    const words = ownWords(chip)!;
    expect([
      name,
      isMadeUp(
        chip,
        words.uid.map((a) => session.machine.system.read(a, 4) >>> 0),
      ),
    ]).toEqual([name, true]);
    expect(session.machine.system.read(words.flashSize, 2)).toBe(name === 'stm32f072rb' ? 128 : 64);
    session.release();
  }
});
