/**
 * What tells a part from its neighbours on the wafer, and a ROM from another one. A dump holds words that ST programs part by part (unique ID, flash size,
 * calibration); they are left out of dumps and hashes, so that owners of the same ROM get the same hash, and nobody shares a serial number.
 */
import type { ChipDescription } from '../emu/chip.ts';
import { sha256 } from '../image/sha256.ts';
import { dumpBase, type RomSegment } from './load.ts';
import { inOrder, joined } from './pieces.ts';
import type { AddressRange, RomProfile } from './profile.ts';

/** Where a part's own words lie: the three of the unique ID, and the flash size. */
export interface OwnWords {
  readonly uid: readonly number[];
  readonly flashSize: number;
}
/** By the options of the flash controller's row, which places them. Null: the row does not say. */
export function ownWords(chip: ChipDescription): OwnWords | null {
  const options = chip.blocks.find((b) => b.name === 'FLASH')?.options ?? {};
  const name = options['idMemory'] ?? options['infoMemory'] ?? options['otpMemory'];
  const base = chip.memories.find((m) => m.name === name)?.base;
  if (base === undefined) return null;
  const numbers = (value: unknown): number[] => (Array.isArray(value) ? value.filter((n) => typeof n === 'number') : []);
  const { uidOffset, sizeOffset } = options;
  const apart = numbers(options['uidOffsets']);
  if (apart.length === 3 && typeof sizeOffset === 'number') return { uid: apart.map((n) => base + n), flashSize: base + sizeOffset };
  if (typeof uidOffset === 'number' && typeof sizeOffset === 'number')
    return { uid: [0, 4, 8].map((n) => base + uidOffset + n), flashSize: base + sizeOffset };
  // behind the OTP of H5 (RM0481, RM0492: device electronic signature)
  return options['otpMemory'] === undefined ? null : { uid: [0x800, 0x804, 0x808].map((n) => base + n), flashSize: base + 0x80c };
}

/** The part of system memory that belongs to one part alone: from the first of its words to the end, calibration included (F0, F1, F3). */
export function ownRange(chip: ChipDescription, { systemMemory }: RomProfile): AddressRange | null {
  const { base, size } = systemMemory.value;
  const words = ownWords(chip);
  const inside = [...(words?.uid ?? []), ...(words === null ? [] : [words.flashSize])].filter((a) => a >= base && a < base + size);
  return inside.length === 0 ? null : { base: Math.min(...inside), size: base + size - Math.min(...inside) };
}

/** A copy of what was read from `from` on, erased where the part's own words are. */
export function withoutOwnWords(chip: ChipDescription, profile: RomProfile, from: number, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const own = ownRange(chip, profile);
  if (own !== null) copy.fill(0xff, Math.max(0, own.base - from), Math.max(0, own.base + own.size - from));
  return copy;
}

/**
 * What owners of the same ROM share: SHA-256 from its vector table to the last byte that is not erased, without the part's own words and without the bootloader ID,
 * wherever the dump begins and however far behind the ROM's end it goes. Pieces elsewhere in system memory count in order of address, each to its last byte that
 * is not erased.
 */
export function romHash(chip: ChipDescription, profile: RomProfile, dump: Uint8Array, beside: readonly RomSegment[] = []): string {
  const from = dumpBase(profile, dump) ?? profile.systemMemory.value.base;
  const bytes = withoutOwnWords(chip, profile, from, dump);
  const id = profile.build.id;
  if (id !== null && id.address >= from && id.address < from + bytes.length) bytes[id.address - from] = 0xff;
  const rom = bytes.subarray(Math.min(Math.max(0, profile.base - from), bytes.length));
  const parts = inOrder({ address: profile.base, bytes: rom }, beside);
  return sha256(joined(parts.map((part) => withoutErasedEnd(part.bytes))));
}
function withoutErasedEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0xff) end--;
  return bytes.subarray(0, end);
}

/** Whether these are the words that this program makes up for its emulated parts: no part of ST's has them. */
export const isMadeUp = (chip: ChipDescription, uid: readonly number[]): boolean =>
  uid.length === 3 && uid.every((word, i) => word === chip.parameters[`uid.${i}`]?.value);
