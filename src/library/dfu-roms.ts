/** The DFU ROMs that bootbench has, one part of each image, and those that are only a quirk away. */
import { CHIPS } from '../chips/index.ts';
import { romProfileOf } from '../rom/profiles.ts';
import type { DfuQuirk } from '../rom/quirks.ts';
import type { ChipName } from './names.ts';

/** A ROM to try a DFU client on; `openDfuRom` takes it. */
export interface DfuRom {
  /** For a test's title: `F405`, `C562 (by H533)`. */
  readonly name: string;
  /** A part with this ROM. */
  readonly chip: ChipName;
  /** What makes the ROM out of the stand-in of that part. */
  readonly quirks: readonly DfuQuirk[];
}

const rom = (name: string, chip: string, ...quirks: DfuQuirk[]): DfuRom => ({ name, chip: chip as ChipName, quirks });

function ofImages(): DfuRom[] {
  const seen = new Set<string>();
  return CHIPS.flatMap((chip) => {
    const profile = romProfileOf(chip);
    if (profile?.dfu == null || seen.has(profile.image)) return [];
    seen.add(profile.image);
    const part = chip.name.toLowerCase();
    return [rom(part.slice('stm32'.length, 'stm32f405'.length).toUpperCase(), part)];
  });
}

/** All of them, for a matrix: `describe.each(DFU_ROMS)('$name', (rom) => …)`. */
export const DFU_ROMS: readonly DfuRom[] = [
  ...ofImages(),
  rom('H743, bank 2 busy', 'stm32h743zi', 'h743-bank2-busy'),
  rom('F427, long strings', 'stm32f427vi', 'f427-string-length'),
  rom('C562 (by H533)', 'stm32h533re', 'c5-clrstatus-stalls', 'c5-functional-descriptor-hangs', 'c5-no-option-bytes', 'transfer-size-1024'),
];
