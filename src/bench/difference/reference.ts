/** The state that works: the ROM of the same chip on the same board, started from reset, at its first instruction. */
import { Session } from '../session/session.ts';
import type { RunInput } from '../input/run-input.ts';
import type { Working } from './transplant.ts';

/** Longer than any option bytes take to load behind a reset. */
const LATEST = 100_000_000_000;

/**
 * How it is started: at the ROM's own vector table, with the pins as they are, or by BOOT0. The first says less of the board; where the chip's boot rules do more than choose
 * a table, the second is what works.
 */
export type Start = 'table' | 'pin';

function inputFor(input: RunInput, start: Start): RunInput | null {
  const table = input.chip.rom?.vectorTable.value;
  const { scenario } = input;
  const plain = {
    ...input,
    findJump: false,
    noReturn: false,
    symptoms: [],
    until: null,
    limits: { ...input.limits, maxInstructions: null },
  };
  const asleep = { ...scenario, steps: [] };
  if (start === 'table') return table === undefined ? null : { ...plain, scenario: asleep, bootAt: table };
  return { ...plain, scenario: { ...asleep, board: { ...scenario.board, boot0: 1 } } };
}

/** The session stands at the first instruction of the ROM; null where the chip does not come there. The caller releases it. */
export function romFromReset(input: RunInput, start: Start): Working | null {
  const other = inputFor(input, start);
  if (other === null) return null;
  const session = new Session(other);
  session.run({ until: LATEST, untilEntry: 1 });
  if (session.machine.history.entries.at(-1)?.how === 'boot') return { session, at: session.save() };
  session.release();
  return null;
}
