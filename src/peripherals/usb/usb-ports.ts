/** The USB device block of a chip as the bus sees it, whichever IP it is. */
import type { UsbDevicePort } from '../../emu/ports.ts';
import type { System } from '../../emu/system.ts';
import { usbDrdPort } from './usb-drd.ts';
import { usbFsdevPort } from './usb-fsdev.ts';
import { usbOtgFsPort } from './usb-otg-fs.ts';

const PORTS: Readonly<Record<string, (system: System, block: string) => UsbDevicePort>> = {
  'usb-drd': usbDrdPort,
  'usb-fsdev': usbFsdevPort,
  'usb-otg-fs': usbOtgFsPort,
};

export interface NamedUsbPort {
  /** Name of the block. */
  readonly name: string;
  readonly port: UsbDevicePort;
}

/**
 * The block with a USB device model, null if the chip has none. Of two (OTG_FS and OTG_HS) the host talks to the one that pulls up, to OTG_FS if both do: there is one
 * cable.
 */
export function usbPort(system: System): NamedUsbPort | null {
  const ports = system.blocks.flatMap(({ row }): NamedUsbPort[] => {
    const port = row.model === null ? undefined : PORTS[row.model];
    return port ? [{ name: row.name, port: port(system, row.name) }] : [];
  });
  ports.sort((a, b) => Number(a.name === SECOND) - Number(b.name === SECOND));
  const [first, second] = ports;
  if (!first || !second) return first ?? null;
  return { name: first.name, port: either(first.port, second.port) };
}
const SECOND = 'OTG_HS';

function either(first: UsbDevicePort, second: UsbDevicePort): UsbDevicePort {
  const port = (): UsbDevicePort => (!first.attached() && second.attached() ? second : first);
  return {
    attached: () => port().attached(),
    busReset: (active) => port().busReset(active),
    suspend: (active) => port().suspend(active),
    startOfFrame: (frame) => port().startOfFrame(frame),
    setup: (address, endpoint, data) => port().setup(address, endpoint, data),
    out: (address, endpoint, toggle, data) => port().out(address, endpoint, toggle, data),
    in: (address, endpoint) => port().in(address, endpoint),
    inAcknowledged: (address, endpoint) => port().inAcknowledged(address, endpoint),
    lost: (loss) => port().lost(loss),
  };
}
