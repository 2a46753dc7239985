/** What a run is for: DFU over USB, the ROM's protocol on another interface, or the application itself. */
import type { Ps } from '../../emu/time.ts';

/** `usb`, `app`, or an interface of the ROM: `usart1`, `can2`, `fdcan1`, `i2c1`, `spi1`. */
export type GoalName = string;
export const USB_GOAL = 'usb';
export const APP_GOAL = 'app';
/** Kind of the notes about what is said on a serial interface. */
export const SERIAL = 'serial';

/** The goal of a run that is going on, as plain state. */
export interface GoalState {
  /** Entries into the ROM behind which it was asked; the same number is not asked twice. */
  asked: number;
  /** The next of what is said to it. */
  next: number;
  /** Characters that the port had printed before. */
  printed: number;
  /** For how long steps of the user have kept the host from asking. */
  heldUp: Ps;
  /** When it answered. */
  at: Ps | null;
  /** It answered with this bit rate, which the host does not read. */
  otherRate: number | null;
}
export const freshGoal = (): GoalState => ({ asked: 0, next: 0, printed: 0, heldUp: 0, at: null, otherRate: null });
