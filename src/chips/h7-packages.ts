/** SYSCFG_PKGR of the STM32H7: which package the die is in, as firmware asks for it that runs on boards with and without the SMPS. Data only. */
import type { ChipDescription, PackageRow } from '../emu/chip.ts';
import { withOthers } from './lazy.ts';
import { packageOf } from './parts.ts';
import { known } from './rows.ts';

const SOURCE = 'LL-H7 ll_system.h: SYSTEM_LL_PACKAGE';
/** By the package's name without its balls or leads in the middle: die 0x450, and die 0x483 with and without the pins of an SMPS. */
const DIE_450 = { LQFP100: 0, TFBGA100: 0, LQFP144: 2, LQFP176: 5, UFBGA176: 5, LQFP208: 8, TFBGA240: 8 };
const DIE_483 = { LQFP100: 1, TFBGA100: 1, LQFP144: 5, UFBGA144: 6 };
/** What ST calls the industrial pinout is that of the parts with an SMPS, H725 and H735, and of larger packages (inferred from which part comes in which). */
const DIE_483_SMPS = { VFQFPN68: 0, LQFP100: 2, TFBGA100: 3, WLCSP115: 4, LQFP144: 7, UFBGA169: 8, UFBGA176: 9, LQFP176: 10 };

function codesFor(line: string): Readonly<Record<string, number>> | null {
  if (/^STM32H7[45]/.test(line)) return DIE_450;
  if (/^STM32H7[23]5$/.test(line)) return DIE_483_SMPS;
  return /^STM32H7[23]/.test(line) ? { ...DIE_483_SMPS, ...DIE_483 } : null;
}

function codeOf(line: string, row: PackageRow | null): number | undefined {
  const codes = codesFor(line);
  const named = row?.name.split(', ')[0]!.replace(/\+.*/, '');
  return codes && named !== undefined ? codes[named] : undefined;
}

/** The same description; of an H7 its parameter `package.code` is what PKGR reads, by the first package where the part number leaves it open. */
export function withPackageCode(chip: ChipDescription): ChipDescription {
  const code = codeOf(chip.line, packageOf(chip));
  if (code === undefined) return chip;
  return withOthers(chip, { parameters: () => ({ ...chip.parameters, 'package.code': known(code, SOURCE) }) });
}
