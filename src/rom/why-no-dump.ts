/** What a dump cannot be: of another chip, erased, cut off. */
import type { ChipDescription } from '../emu/chip.ts';
import { dumpBase } from './load.ts';
import type { RomProfile } from './profile.ts';
import { hex } from '../emu/hex.ts';

/** Why bytes are no ROM of this chip, in a sentence, and what helps; null if they can be one. */
export function whyNoDump(
  chip: ChipDescription,
  profile: RomProfile,
  bytes: Uint8Array,
): { readonly what: string; readonly hint: string } | null {
  const { size, base } = profile.systemMemory.value;
  const place = `system memory of ${chip.name} has ${size} bytes from ${hex(base)}`;
  if (bytes.length < Math.min(SHORTEST, size)) return { what: `a dump of ${bytes.length} bytes is too short for a ROM`, hint: place };
  if (bytes.every((byte) => byte === 0xff))
    return { what: 'the dump is 0xFF throughout: the chip was protected, or nothing was read', hint: place };
  if (bytes.every((byte) => byte === 0)) return { what: 'the dump is 0 throughout: nothing was read', hint: place };
  if (bytes.length > size) return { what: `a dump of ${bytes.length} bytes is too long`, hint: place };
  if (dumpBase(profile, bytes) !== null) return null;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [sp, reset] = [words.getUint32(0, true), words.getUint32(4, true)];
  if (sp === 0xffffffff || reset === 0xffffffff)
    return { what: 'the vector table of the dump is erased', hint: `the ROM's table is at ${hex(profile.base)}; ${place}` };
  return {
    what: `the dump is not of ${chip.name}: it begins with SP ${hex(sp)} and reset vector ${hex(reset)}`,
    hint: `is it of another chip? The ROM's table is at ${hex(profile.base)}; ${place}`,
  };
}
/** The smallest ROM has 2 KB. */
const SHORTEST = 1024;
