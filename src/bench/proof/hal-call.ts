/** ST's HAL puts the clocks back by one call. Whether that is enough behind a leave is tried where the image has it: at the start of main(), where a user would write it. */
import type { Ps } from '../../emu/time.ts';
import { MS } from '../../emu/time.ts';
import { imageAt } from '../../image/image.ts';
import type { Session } from '../session/session.ts';
import { runByStops } from '../slice/window.ts';

export const CLOCKS_BACK = 'HAL_RCC_DeInit';
/** Start-up code copies and clears memory in less. */
const STARTED: Ps = 200 * MS;

export interface CallAtMain {
  readonly main: number;
  readonly called: number;
}

/** Null where the program whose vector table it is lacks one of the two, or has no symbols. */
export function clocksBackIn({ input }: Session, table: number): CallAtMain | null {
  const symbols = imageAt(input.images, table)?.symbols;
  const [main, called] = ['main', CLOCKS_BACK].map((name) => symbols?.named(name).find(({ kind }) => kind === 'function')?.address);
  return main === undefined || called === undefined ? null : { main: (main & ~1) >>> 0, called: (called & ~1) >>> 0 };
}

/** The program runs to its main(), and makes the call as if it stood first there. */
export function makeCall(s: Session, { main, called }: CallAtMain): void {
  if (runByStops(s, [main], s.machine.now + STARTED, () => true)) s.machine.bootCore.beginCall(called);
}
