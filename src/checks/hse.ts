/** The crystal that USB in the ROM needs. */
import { bypassed, judgeBypassed, repairBypassed } from './bypass.ts';
import { broken, notApplicable, pass, type Check, type Judgement, type RomFacts, type Subject, type TargetState } from './check.ts';
import type { FamilyFields } from './family-fields.ts';
import { familyOf, NO_FAMILY, NO_USB } from './families.ts';

/** Of a full-speed device: 2,500 ppm (USB 2.0 7.1.11). */
const TOLERANCE = 0.0025;
const megahertz = (hz: number): string => `${Math.round(hz / 1e3) / 1e3} MHz`;
/** Of frequencies: more are a range. */
const FEW = 8;
const listed = (values: readonly number[]): string =>
  values.length > FEW ? `${values[0]} to ${values.at(-1)} MHz in steps of 1 MHz` : `${values.join(', ')} MHz`;

const ODD = 'the ROM measures HSE in whole megahertz, and it cannot derive the clocks of USB and CAN from this frequency';
const ABSENT = 'the ROM derives the clocks of USB and CAN from a crystal, and the board has none';

type Crystals = NonNullable<FamilyFields['hseForUsb']['crystals']>;
const isUsable = ({ mhz }: Crystals, hz: number): boolean => mhz.some((value) => Math.abs(hz / 1e6 / value - 1) <= TOLERANCE);
/** What the ROM takes the crystal for because HSI is off; null: for what it is. */
function measured(state: TargetState, { mhz }: Crystals, hz: number): number | null {
  const nearest = (value: number): number => mhz.reduce((best, m) => (Math.abs(m - value) < Math.abs(best - value) ? m : best));
  const taken = nearest(hz / 1e6 / (1 + (state.oscillatorPpm?.('hsi') ?? 0) / 1e6));
  return taken === nearest(hz / 1e6) ? null : taken;
}
const milliseconds = (seconds: number): string => `${Math.round(seconds * 1e5) / 100} ms`;

const UNKNOWN_LIMIT = { source: 'AN2606 Rev 70 Table 227: HSE time-out', confidence: 'documented' } as const;
/** The ROM waits for HSE only so long, and how long differs between products and versions. */
function slowStart(state: TargetState, { hseWait }: RomFacts, orLse: boolean): Judgement | null {
  const start = state.crystalStart?.('hse') ?? null;
  const limit = hseWait ? hseWait.value / 1000 : start?.typical;
  if (start === null || limit === undefined || start.seconds <= limit) return null;
  return broken(hseWait?.confidence === 'documented' ? 'fail' : 'warn', {
    observed: `HSE takes ${milliseconds(start.seconds)} to start`,
    expected: `a crystal that starts within ${milliseconds(limit)}${orLse ? ', or LSE' : ''}`,
    because: hseWait
      ? `this version of the ROM waits ${milliseconds(limit)} for HSE, then goes on without USB or resets the chip`
      : 'HSE starts later than the ROM waits for it; the ROM then goes on without USB or resets the chip',
    ...(hseWait ? { source: hseWait.source, confidence: hseWait.confidence } : UNKNOWN_LIMIT),
  });
}
/** As fast as usual, or as the ROM needs it: half its limit, in ms. */
function fastEnough(state: TargetState, { hseWait }: RomFacts): number | undefined {
  const typical = state.crystalStart?.('hse')?.typical;
  return hseWait && typical !== undefined && typical * 1000 > hseWait.value ? hseWait.value / 2 : undefined;
}

// eslint-disable-next-line complexity -- from a crystal that is not needed to one that the ROM cannot use, each answer ends the search
function judgeEntered({ state, rom }: Subject): Judgement {
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
  const taken = measured(state, crystals, hz);
  if (isUsable(crystals, hz) && taken !== null)
    return broken('fail', {
      observed: `HSE ${megahertz(hz)}, HSI ${state.oscillatorPpm?.('hsi')} ppm off`,
      expected: 'HSI within about 1 %',
      because: `the ROM measures HSE against HSI, whose error makes it take the crystal for ${taken} MHz`,
      source: 'AN2606 Rev 70 4: HSE is measured against the internal oscillator',
      confidence: 'documented',
    });
  if (isUsable(crystals, hz))
    return (
      slowStart(state, rom, crystals.orLse) ??
      pass(`HSE ${megahertz(hz)}`, 'the ROM can measure and use this frequency', source, confidence)
    );
  const [none, wanted] = crystals.orLse ? [', nor LSE', ', or LSE'] : ['', ''];
  const odd =
    crystals.mhz.length > FEW
      ? ODD
      : `the ROM knows crystals of ${listed(crystals.mhz)} only, and derives the clocks of USB and CAN from them`;
  const seen = hz > 0 ? { observed: `HSE ${megahertz(hz)}`, because: odd } : { observed: `no HSE on the board${none}`, because: ABSENT };
  return broken('fail', { ...seen, expected: `HSE of ${listed(crystals.mhz)}${wanted}`, source, confidence });
}

export const hse: Check = {
  id: 'hse',
  question: 'If USB in the ROM needs HSE, does the board provide it?',
  path: true,
  judge(subject) {
    const wrong = bypassed(subject);
    if (wrong) return judgeBypassed(wrong);
    return subject.entry ? judgeEntered(subject) : notApplicable('no entry');
  },
  // a firmware may try a signal first, and go on without it
  isTentative: (subject) => !subject.entry && subject.outcome !== 'stuck',
  repair(subject) {
    const { state, rom } = subject;
    const wrong = bypassed(subject);
    if (wrong) return repairBypassed(subject, wrong);
    const crystals = familyOf(state.chip)?.hseForUsb.crystals;
    if (!crystals) return null;
    const hz = state.crystalHz?.('hse') ?? 0;
    if (isUsable(crystals, hz) && measured(state, crystals, hz) !== null) return null;
    const usable = isUsable(crystals, hz) && crystals.mistaken?.pairs[Math.round(hz / 1e6)] === undefined;
    const startMs = fastEnough(state, rom);
    return {
      at: 'entry',
      what: usable
        ? `a crystal at HSE that starts ${startMs === undefined ? 'as fast as usual' : `in ${milliseconds(startMs / 1000)}`}`
        : `a crystal of ${USUAL} MHz at HSE`,
      fix: `/* no firmware can change that: the board needs a crystal${usable ? ' that starts faster (load capacitors, drive level)' : ''} or a clock at HSE, ${listed(crystals.mhz)}${crystals.orLse ? ', or 32.768 kHz at LSE' : ''} */`,
      apply: (target) => target.fitCrystal?.('hse', usable ? hz : USUAL * 1e6, startMs),
    };
  },
  explanation: [
    'Chips without HSI48 need an HSE crystal or clock for USB in the ROM: most of STM32F4, F7, F1 and older families. The ROM measures the frequency with its internal oscillator and takes the nearest frequency that it knows, so USB fails with an unusual or inaccurate crystal. The ROM also gives up if the crystal starts too slowly (AN2606 Table 227: the limit is between 0.8 ms on F2 and the first F4, and 0.2 s).',
    'Chips with HSI48 and clock recovery need none.',
  ].join('\n\n'),
};
const USUAL = 8;
