/** The crystal that USB in the ROM needs. */
import { broken, notApplicable, pass, type Check } from './check.ts';
import { familyOf, NO_FAMILY } from './families.ts';

/** Of a full-speed device: 2,500 ppm (USB 2.0 7.1.11). */
const TOLERANCE = 0.0025;
const megahertz = (hz: number): string => `${Math.round(hz / 1e3) / 1e3} MHz`;
const listed = (values: readonly number[]): string =>
  values.length > 8 ? `${values[0]} to ${values.at(-1)} MHz in steps of 1 MHz` : `${values.join(', ')} MHz`;

const ODD = "the ROM measures HSE in whole megahertz, and USB's 48 MHz cannot be made from this one";
const ABSENT = "the ROM makes USB's 48 MHz from a crystal, and the board has none";

export const hse: Check = {
  id: 'hse',
  question: 'Does USB in the ROM need HSE, and is it there?',
  path: false,
  // eslint-disable-next-line complexity -- from a crystal that is not needed to one that the ROM cannot use, each answer ends the search
  judge({ state }) {
    const f = familyOf(state.chip);
    if (!f) return notApplicable(NO_FAMILY);
    const { crystals, source, confidence } = f.hseForUsb;
    if (!crystals) return { ...notApplicable('USB in this ROM needs no crystal'), source, confidence };
    if (crystals.orLse && (state.crystalHz?.('lse') ?? 0) > 0)
      return pass('LSE on the board', "the ROM's USB clock is trimmed by LSE", source, confidence);
    // a board cannot be asked what is soldered to it: there only a crystal that runs is known
    const hz = state.crystalHz?.('hse') ?? (state.clockHz('hse') || null);
    if (hz === null)
      return {
        verdict: 'unknown',
        observed: 'HSE off',
        expected: null,
        because: 'USB needs HSE here; whether it starts is seen only when the ROM asks for it',
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
    if (crystals.mhz.some((value) => Math.abs(hz / 1e6 / value - 1) <= TOLERANCE))
      return pass(`HSE ${megahertz(hz)}`, 'a frequency that the ROM finds and can use', source, confidence);
    const [none, wanted] = crystals.orLse ? [', nor LSE', ', or LSE'] : ['', ''];
    const seen = hz > 0 ? { observed: `HSE ${megahertz(hz)}`, because: ODD } : { observed: `no HSE on the board${none}`, because: ABSENT };
    return broken('fail', { ...seen, expected: `HSE of ${listed(crystals.mhz)}${wanted}`, source, confidence });
  },
  repair({ state }) {
    const crystals = familyOf(state.chip)?.hseForUsb.crystals;
    if (!crystals) return null;
    return {
      at: 'entry',
      what: `a crystal of ${USUAL} MHz at HSE`,
      fix: `/* no code helps: the board needs a crystal or a clock at HSE, ${listed(crystals.mhz)}${crystals.orLse ? ', or 32.768 kHz at LSE' : ''} */`,
      apply: (target) => target.fitCrystal?.('hse', USUAL * 1e6),
    };
  },
  explanation: [
    'Chips without HSI48 need an HSE crystal or clock for USB in the ROM: most of STM32F4, F7, F1 and older. The ROM measures the frequency against its internal oscillator and takes the nearest one that it knows, so an unusual crystal, or a bad one, breaks USB.',
    'Chips with HSI48 and clock recovery need none.',
  ].join('\n\n'),
};
const USUAL = 8;
