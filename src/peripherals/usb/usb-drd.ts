/**
 * USB_DRD_FS — full-speed USB of H5, U0, C0, G0 in its device role. CHEPnR, CNTR, ISTR, FNR, DADDR, LPMCSR (stored), BCDR, and 2 KB packet
 * memory of 32-bit words at +0x400 (G0, C0: +0x3C00) with the descriptor table at its start. Host role not modelled.
 * Source: RM0481 chapter "USB"; facts/usb-dfu.md section 6; the endpoint machine is in usb-fs-endpoints.ts.
 */
import type { UsbDevicePort } from '../../emu/ports.ts';
import { optionsOf, type Layout, type ModelFactory, type RegisterModel } from '../../emu/registers.ts';
import type { System } from '../../emu/system.ts';
import { receiveBytes, type UsbFsState, type UsbFsVariant } from './usb-fs-endpoints.ts';
import { usbFsModel, usbFsPort } from './usb-fs-model.ts';
import { UsbPins, type UsbPinsOptions } from './usb-pins.ts';
import { supplyOf } from '../wires.ts';

export interface UsbDrdOptions {
  /** Kernel clock; default `usb`. */
  readonly clock?: string;
  /** Wire that is 1 while the transceiver has its supply (PWR_USBSCR.USB33SV and VDDUSB); default `usb.supply`. */
  readonly supplyWire?: string | null;
  /** Where the packet memory lies, from the block's base; default 0x400. */
  readonly pmaOffset?: number;
  /** Where D- and D+ need an alternate function; left out: the block takes its pins. */
  readonly pins?: UsbPinsOptions;
}

const PMA_OFFSET = 0x400;
const PMA_BYTES = 2048;

function variantOf(_layout: Layout, options: UsbDrdOptions): UsbFsVariant {
  // Descriptor word: TX = COUNT25:16 ADDR15:0, RX = BLSIZE31 NUM_BLOCK30:26 COUNT25:16 ADDR15:0.
  const word = (pma: DataView, entry: number, half: 0 | 1): number => pma.getUint32(entry + half * 4, true);
  return {
    endpointName: (n) => `CHEP${n}R`,
    pmaOffset: options.pmaOffset ?? PMA_OFFSET,
    pmaBytes: PMA_BYTES,
    pmaWidth: 4,
    scattered: false,
    clock: options.clock ?? 'usb',
    supplyWire: supplyOf(options.supplyWire),
    pins: new UsbPins(options.pins),
    suspendReady: true,
    tableBase: () => 0,
    // Buffers start on words.
    address: (pma, entry, half) => word(pma, entry, half) & 0xfffc,
    count: (pma, entry, half) => (word(pma, entry, half) >>> 16) & 0x3ff,
    setCount: (pma, entry, half, count) => pma.setUint32(entry + half * 4, (word(pma, entry, half) & ~(0x3ff << 16)) | (count << 16), true),
    size: (pma, entry, half) => receiveBytes(word(pma, entry, half) >>> 31, (word(pma, entry, half) >>> 26) & 0x1f),
  };
}

export const usbDrd: ModelFactory<UsbDrdOptions> = (layout, options): RegisterModel<UsbFsState> =>
  usbFsModel(layout, variantOf(layout, options), 'all');

/** The device port of block `name`. */
export function usbDrdPort(system: System, name: string): UsbDevicePort {
  const { layout, row } = system.block(name);
  return usbFsPort(system, name, variantOf(layout, optionsOf(usbDrd, row)));
}
