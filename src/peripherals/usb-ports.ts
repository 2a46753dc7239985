/** The USB device block of a chip as the bus sees it, whichever IP it is. */
import type { UsbDevicePort } from '../emu/ports.ts';
import type { System } from '../emu/system.ts';
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

/** The first block with a USB device model, null if the chip has none. */
export function usbPort(system: System): NamedUsbPort | null {
  for (const { row } of system.blocks) {
    const port = row.model === null ? undefined : PORTS[row.model];
    if (port) return { name: row.name, port: port(system, row.name) };
  }
  return null;
}
