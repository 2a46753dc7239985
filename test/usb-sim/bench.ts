/** A chip whose firmware is a driver of the tests: host and wires around them. */
import { SILENT, type System } from '../../src/emu/system.ts';
import type { Ps } from '../../src/emu/time.ts';
import type { HostOptions } from '../../src/usb-sim/host-api.ts';
import { UsbSim } from '../../src/usb-sim/usb-sim.ts';

export interface BenchOf<Firmware> {
  system: System;
  firmware: Firmware;
  usb: UsbSim;
  notes: string[];
  until(t: Ps, stop?: () => boolean): void;
}

/** @param reset powers the chip on. */
export function benchWith<Firmware extends { irq(level: boolean): void }>(
  system: System,
  firmware: Firmware,
  port: ConstructorParameters<typeof UsbSim>[1],
  irqLine: number,
  reset: () => void,
  host: Partial<HostOptions>,
): BenchOf<Firmware> {
  const notes: string[] = [];
  const usb = new UsbSim(system, port, { host: 'linux', cable: 'in', driver: 'dfu', zone: () => 'system', ...host });
  system.listener = {
    ...SILENT,
    irq: (line, level) => {
      if (line === irqLine) firmware.irq(level);
    },
    note: (_kind, text) => notes.push(text),
    wire: (name, value) => usb.onWire(name, value),
  };
  reset();
  usb.powerOn();
  return {
    system,
    firmware,
    usb,
    notes,
    until(t, stop) {
      while (system.scheduler.next <= t) {
        if (stop?.()) return;
        system.fireDue(system.scheduler.next);
      }
      if (!stop?.()) system.fireDue(t);
    },
  };
}
