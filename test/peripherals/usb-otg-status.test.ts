/** OTG_FS under a driver that sets no more than it must (comma.ai's panda, which enumerates on H725). */
import { beforeEach, describe, expect, it } from 'vitest';
import type { UsbDevicePort } from '../../src/emu/ports.ts';
import type { System } from '../../src/emu/system.ts';
import { MS } from '../../src/emu/time.ts';
import { usbOtgFsPort } from '../../src/peripherals/usb/usb-otg-fs.ts';
import {
  CNAK,
  DCFG,
  DCTL,
  DIEPCTL,
  DIEPINT,
  DIEPTSIZ,
  DIEPTXF,
  DOEPCTL,
  DOEPTSIZ,
  ENABLE,
  EPENA,
  F405,
  FIFO,
  GCCFG,
  GINTSTS,
  GOTGCTL,
  GRXFSIZ,
  L496,
  newSystem,
  OTGEN,
  type Variant,
} from '../usb-sim/otg-firmware.ts';

let system: System;
let port: UsbDevicePort;
const get = (a: number): number => system.read(a, 4);
const set = (a: number, v: number): void => void system.write(a, 4, v >>> 0);
const or = (a: number, v: number): void => set(a, get(a) | v);
const SETUP = Uint8Array.of(0x80, 6, 0, 1, 0, 0, 64, 0);
const WRITE = Uint8Array.of(0x21, 0x20, 0, 0, 0, 0, 7, 0);
const NOTHING = new Uint8Array(0);

/** Connected and enumerated. */
function ready(v: Variant): void {
  system = newSystem(v);
  port = usbOtgFsPort(system, 'OTG_FS');
  set(ENABLE, OTGEN);
  set(GCCFG, v === F405 ? 0x210000 : 0x10000);
  if (v !== F405) set(GOTGCTL, 0xc0);
  set(GRXFSIZ, 64);
  set(DIEPTXF(0), (16 << 16) | 64);
  or(DCFG, 3);
  set(DCTL, 0);
  port.busReset(true);
  system.fireDue(system.now + 2_500_000);
  port.busReset(false);
}

describe.each([F405, L496].map((v) => [v.name, v] as const))(
  'control transfers of a driver that sets no more than it must, %s',
  (_name, v) => {
    beforeEach(() => ready(v));

    it('the status stage of a control read is taken where only NAK was cleared', () => {
      port.setup(0, 0, SETUP);
      set(DIEPTSIZ(0), (1 << 19) | 1);
      or(DIEPCTL(0), EPENA | CNAK);
      set(FIFO(0), 1);
      expect(port.in(0, 0)).toEqual({ toggle: 1, data: Uint8Array.of(1) });
      port.inAcknowledged(0, 0);
      set(DOEPTSIZ(0), 1 << 19);
      expect(port.out(0, 0, 1, NOTHING)).toBe('nak');
      or(DOEPCTL(0), CNAK);
      expect(port.out(0, 0, 1, NOTHING)).toBe('ack');
      expect(port.out(0, 0, 0, NOTHING)).toBe('nak');
    });
    it('data of a control write is not taken without EPENA', () => {
      port.setup(0, 0, WRITE);
      set(DOEPTSIZ(0), (1 << 19) | 64);
      or(DOEPCTL(0), CNAK);
      expect(port.out(0, 0, 1, Uint8Array.of(1, 2, 3, 4, 5, 6, 7))).toBe('nak');
    });
    it('endpoint 0 sends its empty packet with a count of 0', () => {
      port.setup(0, 0, Uint8Array.of(0, 5, 7, 0, 0, 0, 0, 0));
      expect(port.in(0, 0)).toBe('nak');
      set(DIEPTSIZ(0), 0);
      or(DIEPCTL(0), EPENA | CNAK);
      expect(port.in(0, 0)).toEqual({ toggle: 1, data: NOTHING });
      port.inAcknowledged(0, 0);
      expect([get(DIEPINT(0)) & 1, get(DIEPCTL(0)) & EPENA]).toEqual([1, 0]);
    });
  },
);

describe('SE0 on the bus (USB 2.0 7.1.7.5, TDETRST)', () => {
  const [WKUPINT, USBRST, ENUMDNE] = [0x80000000, 0x1000, 0x2000];
  const flags = (): number => (get(GINTSTS) & (WKUPINT | USBRST | ENUMDNE)) >>> 0;
  const DETECTED = 2_500_000;
  beforeEach(() => {
    ready(F405);
    set(GINTSTS, 0xffffffff);
  });

  it('wakes a suspended core at once, and is a reset 2.5 us later', () => {
    port.suspend(true);
    system.fireDue(system.now + 3 * MS);
    port.busReset(true);
    expect(flags()).toBe(WKUPINT);
    system.fireDue(system.now + DETECTED - 1);
    expect(flags()).toBe(WKUPINT);
    system.fireDue(system.now + 1);
    expect(flags()).toBe((WKUPINT | USBRST) >>> 0);
  });
  it('is no reset if it is shorter than 2.5 us', () => {
    port.busReset(true);
    system.fireDue(system.now + DETECTED - 1);
    port.busReset(false);
    system.fireDue(system.now + DETECTED);
    expect(flags()).toBe(0);
  });
});
