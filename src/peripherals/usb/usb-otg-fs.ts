/**
 * USB OTG_FS — Synopsys DWC2 as ST builds it into F4 (core 2.81a), L476 (3.10a), L496 and H7 (3.30a), in device mode with FIFOs served by the CPU.
 *
 * Modelled: VBUS sensing and its overrides, soft disconnect, transceiver power, core reset and FIFO flushes that end by counted clocks, bus reset and speed
 * enumeration, SOF, early suspend, suspend, resume; one FIFO memory laid out by GRXFSIZ and DIEPTXFn; the receive status queue; all endpoints with
 * EPENA, NAK, STALL, data toggles, transfer size and packet count; global NAKs; interrupt tree; data contact detection on a standard port; session
 * flags; the extra OUT done entries of core 3.10a; end of periodic frame and incomplete isochronous transfers; remote wake-up (wire `usb.resume`); the DMA of the
 * cores that have one (H7).
 * CSRST, RXFFLSH and TXFFLSH stay set for ever while the 48 MHz clock does not run.
 *
 * Sources: RM0351 chapter "OTG_FS" and RM0456's text of the same chapter (device programming model), facts/usb-dfu.md section 6; what RMs leave open: hathach/tinyusb
 * dwc2, dmitrystu/libusb_stm32 and ST's LL driver, which run on the chips (marked inferred in the code).
 */
import type { UsbDevicePort } from '../../emu/ports.ts';
import { optionsOf, type ModelFactory, type RegisterModel } from '../../emu/registers.ts';
import type { System } from '../../emu/system.ts';
import { OTG_TIMERS, OtgFsMachine } from './usb-otg-fs/machine.ts';
import type { Context, OtgFsOptions, OtgFsState } from './usb-otg-fs/registers.ts';
import { OtgFsBus } from './usb-otg-fs/transactions.ts';
import { USB_VBUS } from '../wires.ts';

/** Registers of host mode, and what no driver of a device needs. */
const UNMODELLED = /^(H|GLPMCFG|DVBUS)/;

export const usbOtgFs: ModelFactory<OtgFsOptions> = (layout, options): RegisterModel<OtgFsState> => {
  const m = new OtgFsMachine(layout, options);
  // What a write held is needed again after it has been stored; the two calls follow each other.
  let written = 0;
  return {
    timers: OTG_TIMERS,
    wires: [USB_VBUS, ...(m.supplyWire === null ? [] : [m.supplyWire]), ...m.pins.wires],
    clocks: [m.clock, m.busClock],
    about: {
      source: "RM0351 OTG_FS; what it leaves open from TinyUSB, libusb_stm32, ST's LL driver (inferred)",
      confidence: 'documented',
      lacks: ['host mode', 'LPM, HNP, SRP', 'GUSBCFG.TRDT', 'fetching ahead by the DMA (a packet is read when its token comes)'],
    },
    modelled: layout.registers.filter((r) => !UNMODELLED.test(r.name)).map((r) => r.name),
    // with DMA the controller stores what the host sends
    busMaster: m.hasDma,
    create: () => m.create(),
    onReset: (c) => m.onReset(c),
    onTimer: (c, timer) => m.onTimer(c, timer),
    onWire: (c) => m.sync(c),
    onClock: (c) => m.onClock(c),
    onGate: (c) => m.sync(c),
    live: ['GRXSTSP'],
    acting: ['GRXSTSP'],
    read: (c, r, value) => m.readRegister(c, r, value),
    peek: (_c, _r, value) => value,
    write: (c, r, merged, raw, lanes) => {
      written = raw;
      return m.writeRegister(c, r, merged, raw, lanes);
    },
    wrote: (c, r, value, old) => m.wroteRegister(c, r, value, old, written),
    readElse: (c, offset, size) => m.fifoRead(c, offset, size, false),
    peekElse: (c, offset, size) => m.fifoRead(c, offset, size, true),
    writeElse: (c, offset, size, value) => m.fifoWrite(c, offset, size, value),
  };
};

/** The device port of block `name`. Stateless: state is looked up at every call, so that a restored machine needs nothing. */
export function usbOtgFsPort(system: System, name: string): UsbDevicePort {
  const block = system.block(name);
  const m = new OtgFsMachine(block.layout, optionsOf(usbOtgFs, block.row));
  const bus = new OtgFsBus(m);
  const enter = (): Context => system.contextOf<OtgFsState>(block);
  return {
    attached: () => m.pulledUp(enter()),
    busReset: (active) => m.busReset(enter(), active),
    suspend: (active) => m.suspend(enter(), active),
    startOfFrame: (frame) => m.startOfFrame(enter(), frame),
    setup: (address, endpoint, data) => bus.setup(enter(), address, endpoint, data),
    out: (address, endpoint, toggle, data) => bus.out(enter(), address, endpoint, toggle, data),
    in: (address, endpoint) => bus.in(enter(), address, endpoint),
    inAcknowledged: (address, endpoint) => bus.inAcknowledged(enter(), address, endpoint),
    lost: (loss) => bus.lost(enter(), loss),
  };
}
