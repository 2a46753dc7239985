/** The crystal that a firmware counts on, where another one makes its PLL impossible, or the rate of a serial port odd. */
import { countedCrystal, type CountedCrystal } from '../input/counted-crystal.ts';
import { SAY_BOARD, withAdvice } from '../documents/advice.ts';
import type { Note } from '../documents/note-facts.ts';
import type { Session } from '../session/session.ts';

const MHZ = 1e6;

/** A note where what the firmware runs into from the board's crystal would not be with the one whose rate the image holds. */
export function countedCrystalNote(s: Session): Note | null {
  return impossiblePll(s) ?? oddBaud(s);
}

function impossiblePll(s: Session): Note | null {
  const { machine, input } = s;
  const here = input.scenario.board.hse?.hz;
  const [row] = machine.history.timeline.toArray().filter(({ about }) => about?.is === 'impossible-clock');
  if (here === undefined || row === undefined) return null;
  const counted = countedCrystal(input.images, input.chip, here);
  return counted === null ? null : noteOf(counted, here, 'pll', row.text);
}
/** Who sent to the port took it for one of a board with that crystal. Where the clocks are set up for the one that is there, the rate that the functions hold is wrong. */
function oddBaud({ machine, input }: Session): Note | null {
  const here = input.scenario.board.hse?.hz;
  const counts = machine.state.notes.flatMap(({ about }) =>
    about?.is === 'other-baud' && about.counts?.odd === false ? [about.counts] : [],
  )[0];
  if (here === undefined || counts === undefined) return null;
  return noteOf(counts, here, 'baud', `${counts.port} runs at a rate that no sender has`);
}
const noteOf = ({ hz, by }: CountedCrystal, here: number, lacks: 'pll' | 'baud', what: string): Note => ({
  kind: 'other-crystal',
  about: { is: 'other-crystal', hz, lacks },
  ...withAdvice({
    is: 'other',
    said: `${what}. ${by} counts on a crystal of ${hz / MHZ} MHz, and this board has ${here / MHZ} MHz`,
    lead: ': if yours has one, ',
    command: SAY_BOARD,
  }),
});
