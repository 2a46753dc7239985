/**
 * The board of a firmware that nobody described. A firmware is written for its board's clock: where the usual board of the chip has none at OSC_IN, or another one than
 * the firmware counts on, its own clock tree says which. What is assumed is told.
 */
import { factsIn } from './documents/note-facts.ts';
import type { RunResult } from './documents/result.ts';
import type { Scenario } from './documents/scenario-types.ts';
import type { RunJob } from './input/job.ts';

type BoardGiven = NonNullable<Scenario['board']>;
export interface AssumedBoard {
  readonly board: BoardGiven;
  /** For a person. */
  readonly text: string;
  /** Whether a run on it has what the other lacked. */
  readonly helps: (result: RunResult<string>) => boolean;
}

const MHZ = 1e6;
/** Where the firmware does not tell: the crystal of most boards. */
const USUAL_HSE = 8 * MHZ;
const OR_SAY = 'if your board has another, say --board, or board.hse in a scenario';

/** Another board than that of the run, if the firmware shows one; null if somebody has said what the board is, or where it shows none. */
export function assumedBoard({ scenario, boardSays }: RunJob, { notes, scenario: ran }: RunResult<string>): AssumedBoard | null {
  if (boardSays !== undefined || scenario.board?.hse !== undefined) return null;
  const here = ran.board.hse;
  const [crystal] = factsIn(notes, 'other-crystal');
  if (crystal !== undefined && here !== null)
    return {
      board: { ...scenario.board, hse: { ...here, hz: crystal.hz } },
      text: `a clock of ${crystal.hz / MHZ} MHz at OSC_IN is assumed, because USB would run at a wrong rate with ${here.hz / MHZ} MHz: ${OR_SAY}`,
      helps: (r) => factsIn(r.notes, 'other-crystal').length === 0,
    };
  const missing = factsIn(notes, 'never-ready').find(({ flag, otherBoard }) => otherBoard && flag === 'HSERDY');
  if (missing === undefined) return null;
  const kind = missing.bypass === true ? 'bypass' : 'crystal';
  return {
    board: { ...scenario.board, hse: { hz: here?.hz ?? USUAL_HSE, kind } },
    text: `${kind === 'bypass' ? 'a signal' : 'a crystal'} of ${(here?.hz ?? USUAL_HSE) / MHZ} MHz at OSC_IN is assumed, because the firmware waits for it: ${OR_SAY}`,
    helps: (r) => !factsIn(r.notes, 'never-ready').some(({ flag }) => flag === 'HSERDY'),
  };
}
