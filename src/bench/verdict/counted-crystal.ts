/** The crystal that a firmware counts on, where another one makes its PLL impossible, or the rate of a serial port odd. */
import { countedCrystal, heldRates, isOfCore, type CountedCrystal } from '../input/counted-crystal.ts';
import { SAY_BOARD, withAdvice } from '../documents/advice.ts';
import type { Note } from '../documents/note-facts.ts';
import type { Session } from '../session/session.ts';

const MHZ = 1e6;

/** A note where what the firmware runs into from the board's crystal would not be with the one whose rate the image holds. */
export function countedCrystalNote(s: Session): Note | null {
  return impossiblePll(s) ?? oddBaud(s) ?? otherRates(s);
}

/** Of a run that looks for what surrounds the firmware: its times and rates are meant for another crystal, which nothing else shows. */
function otherRates({ machine, input }: Session): Note | null {
  const here = input.scenario.board.hse?.hz;
  if (input.givesWay === undefined || here === undefined || machine.system.wire('hse.on') !== 1) return null;
  const counted = countedCrystal(input.images, input.chip, here);
  return counted === null || counted.isShifted === true || !isOfCore(counted.by) ? null : noteOf(counted, here, 'counted', 'HSE is on');
}

function impossiblePll(s: Session): Note | null {
  const { machine, input } = s;
  const here = input.scenario.board.hse?.hz;
  const rows = machine.history.timeline
    .toArray()
    .flatMap(({ about, text }) => (about?.is === 'impossible-clock' ? [{ ...about, text }] : []));
  const [row] = rows;
  // a PLL that another oscillator feeds is out of its range with any crystal
  if (here === undefined || row === undefined || rows.some(({ source }) => source !== 'hse')) return null;
  const off = (hz: number): number => Math.max(...rows.map(({ rate, range }) => beyond((rate * hz) / here, range)));
  const counted = countedCrystal(input.images, input.chip, here);
  if (counted !== null) return off(counted.hz) <= OVERDRIVEN ? noteOf(counted, here, 'pll', row.text) : null;
  if (heldRates(input.images, input.chip).size > 0) return null;
  const full = fullRate(s, here);
  if (full === here && off(here) <= SET_TOO_NARROW) return null;
  if (full !== null && off(full) <= SET_TOO_NARROW)
    return crystalNote(
      full,
      'full',
      `with ${here / MHZ} MHz at OSC_IN the PLL is out of its range, with ${full / MHZ} MHz the chip would run at its full rate`,
    );
  const fitting = ON_BOARDS.filter((rate) => rate !== here && off(rate) <= 1);
  // who chooses dividers makes whole megahertz of it
  const isWhole = (hz: number): boolean => rows.every(({ rate }) => Math.abs((((rate * hz) / here + MHZ / 2) % MHZ) - MHZ / 2) < 1);
  const hz = fitting.find(isWhole) ?? fitting[0];
  return hz === undefined
    ? null
    : crystalNote(hz, 'range', `with ${here / MHZ} MHz at OSC_IN the PLL is out of its range, with ${hz / MHZ} MHz it would not be`);
}
/** The crystal with which HCLK would be the highest that the chip has: who chooses dividers mostly goes for that. */
function fullRate({ machine: { system, chip } }: Session, here: number): number | null {
  const { rate } = system.clock('hclk');
  const highest = Math.max(...Object.values(chip.maxHclkHz?.value ?? {}));
  return rate === null ? null : (ON_BOARDS.find((hz) => Math.abs((rate.num * hz) / (rate.den * here) - highest) < 1) ?? null);
}
/** A PLL locks on an input somewhat beyond what is specified, or beyond the range that the firmware has set for it. */
const SET_TOO_NARROW = 1.5;
/** How far a rate lies beyond a range, as a factor; 1 at most inside of it. */
const beyond = (rate: number, [low, high]: readonly [number, number]): number => Math.max(low / rate, rate / high);
/** Some run a PLL a little beyond its range: they count on that crystal all the same. */
const OVERDRIVEN = 1.1;
/** Where the firmware holds no rate: those of most boards first. */
const ON_BOARDS = [8, 25, 24, 16, 12, 26, 32].map((mhz) => mhz * MHZ);
/** Who sent to the port took it for one of a board with that crystal. Where the clocks are set up for the one that is there, the rate that the functions hold is wrong. */
function oddBaud({ machine, input }: Session): Note | null {
  const here = input.scenario.board.hse?.hz;
  const counts = machine.state.notes.flatMap(({ about }) =>
    about?.is === 'other-baud' && about.counts?.odd === false ? [about.counts] : [],
  )[0];
  if (here === undefined || counts === undefined) return null;
  return noteOf(counts, here, 'baud', `${counts.port} runs at a rate that no sender has`);
}
const noteOf = ({ hz, by }: Omit<CountedCrystal, 'name'>, here: number, lacks: 'pll' | 'baud' | 'counted', what: string): Note =>
  crystalNote(
    hz,
    lacks,
    `${what}. ${by.replace(/^t(?=he )/, 'T')} counts on a crystal of ${hz / MHZ} MHz, and this board has ${here / MHZ} MHz`,
  );
const crystalNote = (hz: number, lacks: 'pll' | 'range' | 'full' | 'baud' | 'counted', said: string): Note => ({
  kind: 'other-crystal',
  about: { is: 'other-crystal', hz, lacks },
  ...withAdvice({ is: 'other', said, lead: ': if yours has one, ', command: SAY_BOARD }),
});
