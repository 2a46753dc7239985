/** Whether a clock is good enough for a full-speed device. */
import type { Rate } from '../../emu/time.ts';

/**
 * The kernel clock may be this far off 48 MHz, in hertz: 2 %. ASSUMED. USB 2.0 §7.1.11 asks a device for 0.25 %, but a receiver aligns to every edge
 * (at most 7 bit times apart) and so still decodes at several per cent; a measurement on a board with HSI48 detuned would settle it.
 */
const TOLERANCE_HZ = 960_000;

export const USB_HZ = 48_000_000;
export const isUsbRate = (rate: Rate | null): boolean => rate !== null && Math.abs(rate.num - USB_HZ * rate.den) <= TOLERANCE_HZ * rate.den;
