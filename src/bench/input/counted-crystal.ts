/** The crystal that a firmware counts on, by the rates that its functions hold. */
import type { ChipDescription } from '../../emu/chip.ts';
import type { LoadedImage } from '../../image/image.ts';
import { scanFunctions } from './code-scan.ts';

const MHZ = 1e6;
/** Crystals and oscillators that boards have. */
const USUAL = [4, 6, 7.3728, 8, 10, 11.0592, 12, 14.7456, 16, 18, 19.2, 20, 22.1184, 24, 25, 26, 27, 30, 32, 40, 48, 50].map(
  (mhz) => mhz * MHZ,
);
/** Functions that compute the rate of a clock: they hold HSE_VALUE beside the rates of the chip's own oscillators. */
const COUNTS = /clock|rcc|freq/i;
/** Functions that hold no other rates. */
const OF_CORE = /freq|coreclock/i;
export const isOfCore = (by: string): boolean => OF_CORE.test(by);
const FIRST_HSI = 8 * MHZ;
const SHIFTED = [2, 4];
/** What a block's registers take. */
const BLOCK = 0x400;

/** `by`: the function that holds the rate; `the firmware`, where it may hold it for the chip's own oscillator. */
export interface CountedCrystal {
  readonly hz: number;
  readonly by: string;
  /** Where its source says it: `HSE_VALUE`, and the file of a project with ST's HAL. */
  readonly name: string;
  /** The rate is that of the chip's own oscillator, and the board's may be made of it: by itself it says nothing. */
  readonly isShifted?: true;
}

/** The only usual rate that such functions hold and that is not the board's; an own oscillator's only where there is no other: the crystal has the same then. */
export function countedCrystal(images: readonly LoadedImage[], chip: ChipDescription, here: number): CountedCrystal | null {
  const found = heldRates(images, chip);
  const oscillators = Object.entries(chip.parameters).flatMap(([name, p]) => (/^(hsi|csi|msi)\w*\.hz$/.test(name) ? [p.value] : []));
  const own = new Set(oscillators);
  // the PLL of F0, F1 and F3 takes half of it
  const half = chip.parameters['hsi.hz']?.value === FIRST_HSI ? FIRST_HSI / 2 : null;
  if (found.has(here) && !own.has(here)) return null;
  const crystals = [...found].filter(([hz]) => hz !== half);
  const all = crystals.filter(([hz]) => !own.has(hz));
  // who only works RCC may hold another rate, a driver of a serial port the double of HSI for instance
  const counting = all.filter(([, by]) => COUNTS.test(by));
  const others = counting.length > 0 ? counting : all;
  const [first] = others.length > 0 ? others : crystals;
  if (first === undefined || others.length > 1) return null;
  const [hz, by] = first;
  // the board's is that of the chip's own oscillator as well: a driver may hold another rate for a reason of its own
  if (found.has(here) && (own.has(hz) || !isOfCore(by))) return null;
  // compilers make the one of two such rates from the other by a shift
  const isShifted = own.has(hz) && SHIFTED.some((factor) => hz === here * factor || here === hz * factor);
  return { hz, by: own.has(hz) ? 'the firmware' : by, name: nameIn(images, chip), ...(isShifted && { isShifted: true as const }) };
}
/** CubeMX writes that file for each project. */
function nameIn(images: readonly LoadedImage[], { family }: ChipDescription): string {
  const usesHal = scanFunctions(images).some(({ symbol }) => symbol.name.startsWith('HAL_RCC_'));
  return usesHal ? `HSE_VALUE in ${family.toLowerCase()}xx_hal_conf.h` : 'HSE_VALUE';
}
/** As numbers of either kind: H7's HAL_RCC_GetSysClockFreq() computes in single precision. */
const RATES = new Map(USUAL.flatMap((hz) => [hz, new Uint32Array(Float32Array.of(hz).buffer)[0]!].map((value) => [value, hz] as const)));
/** The usual rates that functions hold which compute a clock, with one of these functions. */
export function heldRates(images: readonly LoadedImage[], chip: ChipDescription): ReadonlyMap<number, string> {
  const base = chip.blocks.find(({ name }) => name === chip.rcc)?.base ?? 0;
  const found = new Map<number, string>();
  for (const { symbol, constants } of scanFunctions(images)) {
    const isClock = COUNTS.test(symbol.name) || constants.some(({ value }) => value >= base && value < base + BLOCK);
    for (const { value } of isClock ? constants : []) {
      const hz = RATES.get(value);
      if (hz !== undefined && !found.has(hz)) found.set(hz, symbol.name);
    }
  }
  return found;
}
