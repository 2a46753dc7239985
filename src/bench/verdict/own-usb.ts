/** Why the application's own USB device does not answer, if its clock is the reason. */
import { isUsbRate, USB_HZ } from '../../peripherals/usb/usb-clock.ts';
import type { Note } from '../documents/note-facts.ts';
import type { Session } from '../session/session.ts';

const MHZ = 1e6;
const mhz = (hz: number): string => `${+(hz / MHZ).toFixed(3)} MHz`;
/** Range of crystals on boards. */
const LOWEST_HSE = 4 * MHZ;
const HIGHEST_HSE = 50 * MHZ;

/** A note for a device that pulls D+ up but whose descriptors the host never read, in a run without the ROM. */
export function usbClockNote({ machine: { system, history }, usb, input }: Session): Note | null {
  const last = usb.sessions.at(-1);
  if (history.entries.length > 0 || !last || last.attached === null || last.vid !== null) return null;
  if (!system.chip.clocks.includes('usb')) return null;
  const { rate } = system.clock('usb');
  if (isUsbRate(rate)) return null;
  const hz = rate === null ? 0 : rate.num / rate.den;
  const is = rate === null ? 'has no clock' : `runs at ${mhz(hz)}`;
  return {
    kind: 'usb-clock',
    text: `the application's USB device does not answer: the USB block ${is}, but needs ${mhz(USB_HZ)}${system.wire('hse.on') === 1 ? otherCrystal(input.scenario.board.hse?.hz ?? 0, hz) : ''}`,
  };
}

/** A suggestion if the USB clock comes from the crystal and would be right with another crystal. */
function otherCrystal(hse: number, hz: number): string {
  const wanted = hz === 0 ? 0 : (hse * USB_HZ) / hz;
  if (wanted % MHZ !== 0 || wanted < LOWEST_HSE || wanted > HIGHEST_HSE) return '';
  return `. A crystal of ${mhz(wanted)} instead of ${mhz(hse)} would give that: does your board have one? (--board, or board.hse in a scenario)`;
}
