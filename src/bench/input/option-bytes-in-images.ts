/**
 * Option bytes that an image holds (`.option_bytes` of an ELF, the second target of a DfuSe file). A programmer writes them through the flash controller, and which ones are then in
 * force depends on it; here the scenario says it.
 */
import type { ChipDescription } from '../../emu/chip.ts';
import { ImageError, type LoadedImage } from '../../image/image.ts';
import type { AddressRange } from '../../rom/profile.ts';
import { romProfileOf } from '../../rom/profiles.ts';
import { parseDfuseLayout } from '../../usb-sim/descriptors.ts';
import { hex32 } from '../documents/result.ts';

/** As the ROM lists them to DFU clients, and memories of their own where it lists none. */
function optionRanges(chip: ChipDescription): readonly AddressRange[] {
  const listed = romProfileOf(chip)?.dfu?.alts.value.filter((name) => name.startsWith('@Option Bytes')) ?? [];
  const ranges = listed.flatMap(parseDfuseLayout).map(({ start, end }) => ({ base: start, size: end - start }));
  return ranges.length > 0 ? ranges : chip.memories.filter(({ name }) => name === 'options');
}
/** The first address at which the image has bytes for them; null without any. */
function optionBytesOf(chip: ChipDescription, image: LoadedImage): number | null {
  const ranges = optionRanges(chip);
  const found = image.chunks.flatMap(({ address, data }) =>
    ranges.filter((r) => address < r.base + r.size && address + data.length > r.base).map((r) => Math.max(address, r.base)),
  );
  return found.length === 0 ? null : Math.min(...found);
}
const INSTEAD = 'give them as board.optionBytes in the scenario';

/** Where they are memory, they lie there and nothing is set by them. */
export function optionNotes(chip: ChipDescription, images: readonly LoadedImage[]): string[] {
  return images.flatMap((image) => {
    const at = optionBytesOf(chip, image);
    return at === null ? [] : [`${image.path}: its bytes at ${hex32(at)} are option bytes, which an image cannot set here: ${INSTEAD}`];
  });
}
/** Where they are registers alone, an image cannot hold them. */
export function checkOptionBytes(chip: ChipDescription, image: LoadedImage): void {
  const at = optionBytesOf(chip, image);
  if (at === null || chip.memories.some((m) => at >= m.base && at < m.base + m.size)) return;
  throw new ImageError(
    'outside-memory',
    `its bytes at ${hex32(at)} are option bytes, which on ${chip.name} are registers of FLASH`,
    null,
    `leave them out of the image and ${INSTEAD}`,
    image.path,
  );
}
