/** Why the application's own USB device does not answer, if its clock is the reason. */
import { isUsbRate, USB_HZ } from '../../peripherals/usb/usb-clock.ts';
import { SAY_BOARD, withAdvice } from '../documents/advice.ts';
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
  const hse = input.scenario.board.hse?.hz ?? 0;
  const wanted = system.wire('hse.on') === 1 ? otherCrystal(hse, hz) : null;
  const [kind, text] = [
    'usb-clock',
    `the application's USB device does not answer: the USB block ${is}, but needs ${mhz(USB_HZ)}`,
  ] as const;
  if (wanted === null) return { kind, text };
  const said = `${text}. A crystal of ${mhz(wanted)} instead of ${mhz(hse)} would give that`;
  return {
    kind,
    about: { is: 'other-crystal', hz: wanted, lacks: 'usb' },
    ...withAdvice({ is: 'other', said, lead: ': if your board has one, ', command: SAY_BOARD }),
  };
}

/** The crystal with which the USB clock would be right, if it comes from the crystal; null without one. */
function otherCrystal(hse: number, hz: number): number | null {
  const wanted = hz === 0 ? 0 : (hse * USB_HZ) / hz;
  return wanted % MHZ !== 0 || wanted < LOWEST_HSE || wanted > HIGHEST_HSE ? null : wanted;
}
