/** Why a command that wants a USB device got none. */
import type { SessionEnd } from '../session/live-run.ts';
import type { Session } from '../session/session.ts';
import type { TransferStatus } from '../../usb-sim/types.ts';
import { describeRequest } from '../../usb-sim/descriptors.ts';
import { familyOf } from '../../checks/families.ts';

/** What happened, and what to type next. */
export function noDevice(session: Session, { outcome, reason }: SessionEnd): { readonly what: string; readonly next: string } {
  const { chip } = session.input;
  const other = familyOf(chip)?.romWithoutUsb?.instead;
  if (outcome === 'rom-silent' && session.profile?.dfu === null && other !== undefined)
    return {
      what: `no USB device appeared: the ROM of ${chip.name} has no USB, only ${other}`,
      next: '`bootbench uart` offers its USART, and `bootbench rom compare` tests every command of it against a dump',
    };
  const stuck = session.usb.session() === null ? null : enumerationStuck(session);
  if (stuck !== null)
    return {
      what: `a device came to the bus, and the host could not enumerate it: ${stuck}`,
      next: '`bootbench trace --out usb.pcapng` records it for Wireshark',
    };
  return { what: `no USB device appeared: the run ended with ${outcome} (${reason})`, next: '`bootbench run` shows why' };
}

/** The rule that a request breaks which ended so. */
const BREAKS: Readonly<Partial<Record<TransferStatus, string>>> = {
  babble: 'the device sends more than wLength asks for (USB 2.0 §9.3.5)',
};
const NO_END = 'its data stage does not end: a read that is short by whole packets ends with a packet of length 0 (USB 2.0 §5.5.3, §8.5.3)';
/** The last request of an enumeration that did not come to its end; null: there is none. */
function enumerationStuck({ usb }: Session): string | null {
  const failed = usb.logEntries.findLast((l) => l.kind === 'no-answer');
  if (failed) {
    const rule = failed.status === undefined ? undefined : BREAKS[failed.status];
    return rule === undefined ? failed.text : `${failed.text}: ${rule}`;
  }
  const open = usb.state.transfers.find((t) => t.kind === 'control');
  return open?.setup ? `${describeRequest(open.setup, 'DFU')}: ${NO_END}` : null;
}
