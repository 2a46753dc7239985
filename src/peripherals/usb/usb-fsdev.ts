/**
 * USB FSDEV — the full-speed device block of F0, F1, F3, L0, L1, L4x2, G4, WB. EPnR, CNTR, ISTR, FNR, DADDR, BTABLE, LPMCSR (stored), BCDR, and packet
 * memory of 16-bit words (two a 32-bit word) at `pmaOffset`. On F103 and F303xB/xC there is one 16-bit word in 32 bits (`scattered`).
 * Source: RM0091 chapter "USB"; facts/usb-dfu.md section 6; the endpoint machine is in usb-fs-endpoints.ts.
 */
import type { UsbDevicePort } from '../../emu/ports.ts';
import { optionsOf, type Layout, type ModelFactory, type RegisterModel } from '../../emu/registers.ts';
import type { System } from '../../emu/system.ts';
import { receiveBytes, type UsbFsState, type UsbFsVariant } from './usb-fs-endpoints.ts';
import { usbFsModel, usbFsPort } from './usb-fs-model.ts';
import { UsbPins, type UsbPinsOptions } from './usb-pins.ts';
import { wire } from '../../emu/wires.ts';
import { supplyOf } from '../wires.ts';

export interface UsbFsdevOptions {
  /** Kernel clock; default `usb`. */
  readonly clock?: string;
  /** Wire of the transceiver's supply; default null: supplied with the chip. */
  readonly supplyWire?: string | null;
  /** Wire that switches the pull-up of D+ (L1: in SYSCFG); left out: BCDR, or on the board. */
  readonly pullUpWire?: string;
  /** Wire that moves the interrupt to the second line of the row. */
  readonly irqWire?: string;
  /** Byte offset of the packet memory from the registers; default 0x400. */
  readonly pmaOffset?: number;
  /** Where D- and D+ need an alternate function; left out: the block takes its pins. */
  readonly pins?: UsbPinsOptions;
  /** One 16-bit word in four bytes; default false. */
  readonly scattered?: boolean;
  /**
   * CTR interrupts without CTRM, and a receive buffer of NUM_BLOCK = 0 takes what fits into the packet memory; default false.
   * Of F103, reported: a boot loader that never sets CTRM enumerates on ST's parts and not on a clone (bootsector/stm32-hid-bootloader PR 6); it never writes
   * COUNT0_RX either.
   */
  readonly lenient?: boolean;
  /** A power of two; default 1024. */
  readonly pmaBytes?: number;
}

function variantOf(layout: Layout, options: UsbFsdevOptions): UsbFsVariant {
  const btable = layout.reg('BTABLE');
  const pmaBytes = options.pmaBytes ?? 1024;
  // Entry: ADDR_TX, COUNT_TX, ADDR_RX, COUNT_RX (BL_SIZE15 NUM_BLOCK14:10 COUNT9:0), 16 bits each.
  const half16 = (pma: DataView, entry: number, index: number): number => pma.getUint16((entry + index * 2) & (pmaBytes - 1), true);
  return {
    endpointName: (n) => `EP${n}R`,
    pmaOffset: options.pmaOffset ?? 0x400,
    pmaBytes,
    pmaWidth: 2,
    scattered: options.scattered ?? false,
    clock: options.clock ?? 'usb',
    supplyWire: supplyOf(options.supplyWire ?? null),
    ...(options.irqWire === undefined ? {} : { irqWire: wire(options.irqWire) }),
    ...(options.pullUpWire === undefined ? {} : { pullUpWire: wire(options.pullUpWire) }),
    pins: new UsbPins(options.pins),
    ctrUnmasked: options.lenient === true,
    suspendReady: false,
    tableBase: (c) => c.get(btable) & 0xfff8,
    address: (pma, entry, half) => half16(pma, entry, half * 2) & 0xfffe,
    count: (pma, entry, half) => half16(pma, entry, half * 2 + 1) & 0x3ff,
    setCount: (pma, entry, half, count) =>
      pma.setUint16((entry + half * 4 + 2) & (pmaBytes - 1), (half16(pma, entry, half * 2 + 1) & 0xfc00) | count, true),
    size: (pma, entry, half) => {
      const blocks = half16(pma, entry, half * 2 + 1) >>> 10;
      return blocks === 0 && options.lenient === true ? pmaBytes : receiveBytes(blocks >>> 5, blocks & 0x1f);
    },
  };
}

export const usbFsdev: ModelFactory<UsbFsdevOptions> = (layout, options): RegisterModel<UsbFsState> =>
  usbFsModel(layout, variantOf(layout, options), 'all');

/** The device port of block `name`. */
export function usbFsdevPort(system: System, name: string): UsbDevicePort {
  const { layout, row } = system.block(name);
  return usbFsPort(system, name, variantOf(layout, optionsOf(usbFsdev, row)));
}
