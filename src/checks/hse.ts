/** The crystal that USB in the ROM needs. */
import { broken, notApplicable, pass, type Check, type Judgement, type TargetState } from './check.ts';
import type { FamilyFields } from './family-fields.ts';
import { familyOf, NO_FAMILY, NO_USB } from './families.ts';

/** Of a full-speed device: 2,500 ppm (USB 2.0 7.1.11). */
const TOLERANCE = 0.0025;
const megahertz = (hz: number): string => `${Math.round(hz / 1e3) / 1e3} MHz`;
const listed = (values: readonly number[]): string =>
  values.length > 8 ? `${values[0]} to ${values.at(-1)} MHz in steps of 1 MHz` : `${values.join(', ')} MHz`;

const ODD = "the ROM measures HSE in whole megahertz, and it cannot derive USB's 48 MHz from this frequency";
const ABSENT = "the ROM derives USB's 48 MHz from a crystal, and the board has none";

type Crystals = NonNullable<FamilyFields['hseForUsb']['crystals']>;
const isUsable = ({ mhz }: Crystals, hz: number): boolean => mhz.some((value) => Math.abs(hz / 1e6 / value - 1) <= TOLERANCE);
const milliseconds = (seconds: number): string => `${Math.round(seconds * 1e5) / 100} ms`;

/** The ROM waits for HSE only so long, and how long differs between products and versions: whether this one is too slow is for the run to show. */
function slowStart(state: TargetState, orLse: boolean): Judgement | null {
  const start = state.crystalStart?.('hse') ?? null;
  if (start === null || start.seconds <= start.typical) return null;
  return broken('warn', {
    observed: `HSE takes ${milliseconds(start.seconds)} to start`,
    expected: `a crystal that starts within ${milliseconds(start.typical)}${orLse ? ', or LSE' : ''}`,
    because: 'HSE starts later than the ROM waits for it; the ROM then goes on without USB or resets the chip',
    source: 'AN2606 Rev 70 Table 227: HSE time-out',
    confidence: 'documented',
  });
}

export const hse: Check = {
  id: 'hse',
  question: 'If USB in the ROM needs HSE, does the board provide it?',
  path: false,
  // eslint-disable-next-line complexity -- from a crystal that is not needed to one that the ROM cannot use, each answer ends the search
  judge({ state }) {
    const f = familyOf(state.chip);
    if (!f) return notApplicable(NO_FAMILY);
    const { crystals, source, confidence } = f.hseForUsb;
    if (!crystals) return { ...notApplicable(f.romWithoutUsb ? NO_USB : 'USB in this ROM needs no crystal'), source, confidence };
    if (crystals.orLse && (state.crystalHz?.('lse') ?? 0) > 0)
      return pass('LSE on the board', "LSE trims the ROM's USB clock", source, confidence);
    // a board cannot be asked what is soldered to it: there only a crystal that runs is known
    const hz = state.crystalHz?.('hse') ?? (state.clockHz('hse') || null);
    if (hz === null)
      return {
        verdict: 'unknown',
        observed: 'HSE off',
        expected: null,
        because: 'USB in this ROM needs HSE; whether HSE starts shows only when the ROM switches it on',
        source,
        confidence,
      };
    const wrong = crystals.mistaken?.pairs[Math.round(hz / 1e6)];
    if (crystals.mistaken && wrong !== undefined)
      return broken('fail', {
        observed: `HSE ${megahertz(hz)}`,
        expected: `HSE of ${listed(crystals.mhz.filter((value) => !(value in crystals.mistaken!.pairs)))}`,
        because: `${crystals.mistaken.why}: the ROM takes it for ${wrong} MHz`,
        source,
        confidence: crystals.mistaken.confidence,
      });
    if (isUsable(crystals, hz))
      return (
        slowStart(state, crystals.orLse) ?? pass(`HSE ${megahertz(hz)}`, 'the ROM can measure and use this frequency', source, confidence)
      );
    const [none, wanted] = crystals.orLse ? [', nor LSE', ', or LSE'] : ['', ''];
    const seen = hz > 0 ? { observed: `HSE ${megahertz(hz)}`, because: ODD } : { observed: `no HSE on the board${none}`, because: ABSENT };
    return broken('fail', { ...seen, expected: `HSE of ${listed(crystals.mhz)}${wanted}`, source, confidence });
  },
  repair({ state }) {
    const crystals = familyOf(state.chip)?.hseForUsb.crystals;
    if (!crystals) return null;
    const hz = state.crystalHz?.('hse') ?? 0;
    const usable = isUsable(crystals, hz) && crystals.mistaken?.pairs[Math.round(hz / 1e6)] === undefined;
    return {
      at: 'entry',
      what: usable ? 'a crystal at HSE that starts as fast as usual' : `a crystal of ${USUAL} MHz at HSE`,
      fix: `/* no code helps: the board needs a crystal${usable ? ' that starts faster (load capacitors, drive level)' : ''} or a clock at HSE, ${listed(crystals.mhz)}${crystals.orLse ? ', or 32.768 kHz at LSE' : ''} */`,
      apply: (target) => target.fitCrystal?.('hse', usable ? hz : USUAL * 1e6),
    };
  },
  explanation: [
    'Chips without HSI48 need an HSE crystal or clock for USB in the ROM: most of STM32F4, F7, F1 and older families. The ROM measures the frequency with its internal oscillator and takes the nearest frequency that it knows, so USB fails with an unusual or inaccurate crystal. The ROM also gives up if the crystal starts too slowly (AN2606 Table 227: the limit is between 0.8 ms on F2 and the first F4, and 0.2 s).',
    'Chips with HSI48 and clock recovery need none.',
  ].join('\n\n'),
};
const USUAL = 8;
