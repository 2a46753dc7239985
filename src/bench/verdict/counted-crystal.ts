/** The crystal that a firmware counts on, where another one makes its PLL impossible. */
import type { ChipDescription } from '../../emu/chip.ts';
import { scanFunctions, type FunctionFacts } from '../input/code-scan.ts';
import { SAY_BOARD, withAdvice } from '../documents/advice.ts';
import type { Note } from '../documents/note-facts.ts';
import type { Session } from '../session/session.ts';

const MHZ = 1e6;
/** Crystals and oscillators that boards have. */
const USUAL = [4, 6, 7.3728, 8, 10, 11.0592, 12, 14.7456, 16, 18, 19.2, 20, 22.1184, 24, 25, 26, 27, 30, 32, 40, 48, 50].map(
  (mhz) => mhz * MHZ,
);
/** Functions that compute the rate of a clock: they hold HSE_VALUE beside the rates of the chip's own oscillators. */
const COUNTS = /clock|rcc|freq/i;
/** What a block's registers take. */
const BLOCK = 0x400;

/** A note where the PLL runs out of its range from the board's crystal, and the image holds the rate of another. */
export function countedCrystalNote(s: Session): Note | null {
  const { machine, input } = s;
  const here = input.scenario.board.hse?.hz;
  const [row] = machine.history.timeline.toArray().filter(({ about }) => about?.is === 'impossible-clock');
  if (here === undefined || row === undefined) return null;
  const counted = countedCrystal(scanFunctions(input.images), input.chip, here);
  if (counted === null) return null;
  const { hz, by } = counted;
  return {
    kind: 'other-crystal',
    about: { is: 'other-crystal', hz, lacks: 'pll' },
    ...withAdvice({
      is: 'other',
      said: `${row.text}. ${by} counts on a crystal of ${hz / MHZ} MHz, and this board has ${here / MHZ} MHz`,
      lead: ': if yours has one, ',
      command: SAY_BOARD,
    }),
  };
}

/** The only usual rate that such functions hold and that is not the board's; an own oscillator's only where there is no other: the crystal has the same then. */
export function countedCrystal(
  functions: readonly FunctionFacts[],
  chip: ChipDescription,
  here: number,
): { readonly hz: number; readonly by: string } | null {
  const base = chip.blocks.find(({ name }) => name === chip.rcc)?.base ?? 0;
  const own = new Set(Object.entries(chip.parameters).flatMap(([name, p]) => (/^(hsi|csi|msi)\w*\.hz$/.test(name) ? [p.value] : [])));
  const found = new Map<number, string>();
  for (const { symbol, constants } of functions) {
    const isClock = COUNTS.test(symbol.name) || constants.some(({ value }) => value >= base && value < base + BLOCK);
    for (const { value } of isClock ? constants : []) if (USUAL.includes(value) && !found.has(value)) found.set(value, symbol.name);
  }
  if (found.has(here)) return null;
  const others = [...found].filter(([hz]) => !own.has(hz));
  const [first] = others.length > 0 ? others : [...found];
  return first === undefined || others.length > 1 ? null : { hz: first[0], by: first[1] };
}
