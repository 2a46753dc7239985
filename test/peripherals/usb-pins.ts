/** The board support that leads D- and D+ to the USB blocks of a part, for tests without GPIO ports. */
import type { System } from '../../src/emu/system.ts';
import type { UsbPinsOptions } from '../../src/peripherals/usb/usb-pins.ts';
import { alternateOf } from '../../src/peripherals/wires.ts';

export function leadUsbPins(system: System): void {
  for (const { row } of system.blocks) {
    const { pins } = (row.options ?? {}) as { readonly pins?: UsbPinsOptions };
    if (row.model?.startsWith('usb') && pins) for (const pin of [pins.dm, pins.dp]) system.drive(alternateOf(pin), pins.af + 1);
  }
}
