/**
 * ST's HAL puts the clocks back by one call. Whether that is enough behind a leave is tried where the image has it: behind HAL_Init(), for the call starts SysTick, which a jump
 * in front of it would hand to the ROM, and gives up half way where HAL_Init() has not set its priority; at the start of main() only where there is no HAL_Init().
 */
import type { Ps } from '../../emu/time.ts';
import { MS } from '../../emu/time.ts';
import { imageAt } from '../../image/image.ts';
import type { Session } from '../session/session.ts';
import { runByStops } from '../slice/window.ts';

export const CLOCKS_BACK = 'HAL_RCC_DeInit';
const HAL_INIT = 'HAL_Init';
/** Start-up code copies and clears memory in less. */
const STARTED: Ps = 200 * MS;

export interface CallInMain {
  readonly main: { readonly from: number; readonly to: number };
  readonly called: number;
  /** Null where the image has none. */
  readonly init: number | null;
}

/** Null where the program whose vector table it is lacks main() or the call, or has no symbols. */
export function clocksBackIn({ input }: Session, table: number): CallInMain | null {
  const symbols = imageAt(input.images, table)?.symbols;
  const [main, called, init] = ['main', CLOCKS_BACK, HAL_INIT].map((name) => symbols?.named(name).find(({ kind }) => kind === 'function'));
  if (main === undefined || called === undefined) return null;
  const at = (symbol: { readonly address: number }): number => (symbol.address & ~1) >>> 0;
  return { main: { from: at(main), to: at(main) + main.size }, called: at(called), init: init === undefined ? null : at(init) };
}

/** Where a call stands: at the start of main(), or where HAL_Init() returns to. */
export type CallPlace = 'start' | number;
/** The program runs to that place, and makes the call as if it stood there; null where it does not come there. */
export function makeCall(s: Session, { main, called, init }: CallInMain): CallPlace | null {
  const end = s.machine.now + STARTED;
  const runsTo = (address: number): boolean => runByStops(s, [address], end, () => true);
  if (!runsTo(main.from)) return null;
  if (init === null) {
    s.machine.bootCore.beginCall(called);
    return 'start';
  }
  if (!runsTo(init)) return null;
  const back = (s.machine.bootCore.arm.lr & ~1) >>> 0;
  if (!runsTo(back)) return null;
  s.machine.bootCore.beginCall(called);
  return back;
}
