/** The two faces of the endpoint machine: a register block for the CPU, a device port for the bus. */
import type { UsbDevicePort } from '../../emu/ports.ts';
import type { Layout, RegisterModel } from '../../emu/registers.ts';
import type { System } from '../../emu/system.ts';
import { UsbFsMachine, type Context, type UsbFsState, type UsbFsVariant } from './usb-fs-endpoints.ts';
import { Wire } from '../../emu/wires.ts';

/** The register model around the machine. */
export function usbFsModel(layout: Layout, variant: UsbFsVariant, modelled: 'all' | readonly string[]): RegisterModel<UsbFsState> {
  const m = new UsbFsMachine(layout, variant);
  const highBits: Record<string, number> = {};
  // Bits above 15 belong to host mode: a device reads 0 there.
  for (const r of m.endpoints) highBits[r.name] = 0xffff;
  return {
    wires: [variant.supplyWire, variant.irqWire, variant.pullUpWire, ...variant.pins.wires].filter((followed) => followed instanceof Wire),
    clocks: [variant.clock],
    drives: (c) => m.drivesByItself(c),
    about: {
      source: 'RM0091 and RM0481 chapters USB',
      confidence: 'documented',
      lacks: ['host mode', 'LPM', 'overrun of the packet memory'],
    },
    modelled,
    writable: highBits,
    create: () => m.create(),
    onReset: (c) => m.onReset(c),
    onWire: (c) => m.sync(c),
    onClock: (c) => m.sync(c),
    onGate: (c) => m.sync(c),
    live: [],
    read: (c, r, value) => m.readRegister(c, r, value),
    write: (c, r, merged, raw, lanes) => m.writeRegister(c, r, merged, raw, lanes),
    wrote: (c, r, value, old) => m.wroteRegister(c, r, value, old),
    readElse: (c, offset, size) => m.pmaRead(c, offset, size),
    writeElse: (c, offset, size, value) => m.pmaWrite(c, offset, size, value),
  };
}

/** The block as the bus sees it. Stateless: state is looked up at every call, so that a restored machine needs nothing. */
export function usbFsPort(system: System, blockName: string, variant: UsbFsVariant): UsbDevicePort {
  const block = system.block(blockName);
  const m = new UsbFsMachine(block.layout, variant);
  const enter = (): Context => system.contextOf<UsbFsState>(block);
  return {
    attached: () => m.pulledUp(enter()),
    busReset: (active) => m.busReset(enter(), active),
    suspend: (active) => m.suspend(enter(), active),
    startOfFrame: (frame) => m.startOfFrame(enter(), frame),
    setup: (address, endpoint, data) => m.setup(enter(), address, endpoint, data),
    out: (address, endpoint, toggle, data) => m.out(enter(), address, endpoint, toggle, data),
    in: (address, endpoint) => m.in(enter(), address, endpoint),
    inAcknowledged: (address, endpoint) => m.inAcknowledged(enter(), address, endpoint),
    lost: (loss) => m.lost(enter(), loss),
  };
}
