import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { SILENT, type System } from '../../src/emu/system.ts';
import { rate } from '../../src/emu/time.ts';
import type { UsbDevicePort } from '../../src/emu/ports.ts';
import { STM32G0B1RE } from '../../src/chips/stm32g0.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';
import { usbDrdPort } from '../../src/peripherals/usb/usb-drd.ts';
import { APB2ENR, APB2RSTR, BCDR, CHEP, CHIP, CNTR, DADDR, FNR, ISTR, newSystem, PMA, USB, USBEN } from '../usb-sim/firmware.ts';

let system: System;
let port: UsbDevicePort;
let line: boolean;
let notes: string[];
const get = (a: number): number => system.read(a, 4);
const set = (a: number, v: number): void => void system.write(a, 4, v >>> 0);
const SETUP = Uint8Array.of(0x80, 6, 0, 1, 0, 0, 64, 0);

/** Endpoint register n to exactly `wanted` (CTR bits 0). */
function endpoint(n: number, wanted: number): void {
  const old = get(CHEP(n));
  set(CHEP(n), (wanted & 0x070f) | ((old ^ wanted) & 0x7070));
}
const RX0 = 0x80;
const TX0 = 0x40;
/** Control endpoint 0 with 64-byte buffers, valid for reception, at address 0. */
function ready(): void {
  set(CNTR, 0);
  set(BCDR, 0x8000);
  set(PMA, TX0);
  set(PMA + 4, 0x80000000 | (1 << 26) | RX0);
  endpoint(0, 0x3220);
  set(DADDR, 0x80);
  set(ISTR, 0);
}

beforeEach(() => {
  system = newSystem();
  port = usbDrdPort(system, 'USB');
  line = false;
  notes = [];
  system.listener = { ...SILENT, irq: (_n, level) => (line = level), note: (_k, text) => notes.push(text) };
  set(APB2ENR, USBEN);
});

describe('USB_DRD_FS registers', () => {
  it('have the reset values of the SVD', () => {
    for (const r of CHIP.facts['USB']!.registers) expect([r.name, get(USB + r.offset)]).toEqual([r.name, r.reset]);
  });
  it('read 0 and ignore writes without APB2ENR.USBEN', () => {
    set(APB2ENR, 0);
    set(BCDR, 0x8000);
    expect(get(CNTR)).toBe(0);
    set(APB2ENR, USBEN);
    expect(get(BCDR)).toBe(0);
    expect(get(CNTR)).toBe(3);
  });
  it('CHEPnR: STAT and DTOG toggle on 1, VTRX/VTTX clear on 0, the rest is stored, bits above 15 stay 0', () => {
    set(CNTR, 0);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 0x7fffffff }), { minLength: 1, maxLength: 20 }), (writes) => {
        let model = get(CHEP(3));
        for (const w of writes) {
          set(CHEP(3), w);
          model = (w & 0x070f) | ((model ^ w) & 0x7070) | (model & w & 0x8080) | (model & 0x800);
          expect(get(CHEP(3))).toBe(model);
        }
      }),
    );
  });
  it('the interrupt line is (ISTR & CNTR) of the maskable flags', () => {
    ready();
    port.suspend(true); // ESOF and SUSP
    port.startOfFrame(1); // SOF
    fc.assert(
      fc.property(fc.nat({ max: 0xffff }), (mask) => {
        set(CNTR, mask & ~3);
        expect(line).toBe((get(ISTR) & get(CNTR) & 0xff80) !== 0);
      }),
    );
    set(CNTR, 0x0200);
    expect(line).toBe(true);
    set(ISTR, ~0x200);
    expect(line).toBe(false);
  });
  it('ISTR: a written 0 clears a flag, a written 1 does nothing, CTR and IDN are read-only', () => {
    ready();
    port.suspend(true);
    expect(get(ISTR)).toBe(0x900);
    set(ISTR, 0xffffffff);
    expect(get(ISTR)).toBe(0x900);
    set(ISTR, ~0x800);
    expect(get(ISTR)).toBe(0x100);
    port.setup(0, 0, SETUP);
    set(ISTR, 0);
    expect(get(ISTR)).toBe(0x8010);
    endpoint(0, 0x2220);
    expect(get(ISTR)).toBe(0);
  });
  it('IDN is the lowest pending endpoint, but double-buffered ones come first; DIR says reception', () => {
    ready();
    set(PMA + 8, 0x100);
    set(PMA + 16, 0x140);
    endpoint(1, 0x0031);
    endpoint(2, 0x0032);
    for (const n of [2, 1]) {
      port.in(0, n);
      port.inAcknowledged(0, n);
    }
    expect(get(ISTR) & 0x801f).toBe(0x8001);
    port.setup(0, 0, SETUP);
    expect(get(ISTR) & 0x801f).toBe(0x8010);
    set(CHEP(2), 0x8182); // kind = double-buffered bulk, CTR kept
    expect(get(ISTR) & 0x801f).toBe(0x8002);
  });
  it('USBRST clears CHEPnR but not VTRX, clears DADDR, and holds RST_DCON', () => {
    ready();
    port.setup(0, 0, SETUP);
    set(CNTR, 1);
    expect(get(CHEP(0))).toBe(0x8000);
    expect(get(DADDR)).toBe(0);
    set(CHEP(0), 0x3220);
    set(DADDR, 0x85);
    set(ISTR, 0);
    expect([get(CHEP(0)), get(DADDR), get(ISTR) & 0x400]).toEqual([0, 0, 0x400]);
    expect(port.setup(0, 0, SETUP)).toBe('none');
    set(CNTR, 0);
    set(ISTR, 0);
    expect(get(ISTR)).toBe(0);
  });
  it('L2RES drives the bus only while the device is suspended', () => {
    ready();
    set(CNTR, 0x10);
    expect(system.wire('usb.resume')).toBe(0);
    set(CNTR, 0x18);
    expect(system.wire('usb.resume')).toBe(1);
    set(CNTR, 0x08);
    expect(system.wire('usb.resume')).toBe(0);
  });
  it('WKUP needs no kernel clock, the reset behind it does', () => {
    ready();
    port.suspend(true);
    set(CNTR, 0x1008); // WKUPM, SUSPEN
    set(ISTR, 0);
    system.setClock('usb', null);
    port.busReset(true);
    expect([get(ISTR), get(CNTR) & 4, line]).toEqual([0x1000, 0, true]);
    system.setClock('usb', rate(48_000_000));
    expect(get(ISTR)).toBe(0x1400);
  });
  it('SUSPRDY follows SUSPEN; activity wakes: WKUP rises and SUSPRDY falls', () => {
    ready();
    port.suspend(true);
    expect(get(ISTR) & 0x800).toBe(0x800);
    set(CNTR, 8);
    expect(get(CNTR)).toBe(12);
    set(ISTR, 0);
    port.suspend(true);
    expect(get(ISTR)).toBe(0);
    port.busReset(true);
    expect(get(ISTR)).toBe(0x1400);
    expect(get(CNTR)).toBe(8);
  });
  it('FNR: frame number, LCK after two frames, RXDP while the line idles', () => {
    ready();
    expect(get(FNR)).toBe(0x8000);
    port.busReset(true);
    expect(get(FNR) & 0x8000).toBe(0);
    port.busReset(false);
    port.startOfFrame(0x7ff);
    expect(get(FNR)).toBe(0x87ff);
    port.startOfFrame(0x000);
    expect(get(FNR)).toBe(0xa000);
  });
  it('BCDR: contact with a cable, no charger on a standard port', () => {
    set(CNTR, 0);
    set(BCDR, 3);
    expect(get(BCDR)).toBe(3);
    system.setWire('usb.vbus', 1);
    expect(get(BCDR)).toBe(0x13);
    set(BCDR, 5);
    expect(get(BCDR) & 0x60).toBe(0);
  });
});

describe('USB_DRD_FS pull-up', () => {
  it('needs DPPU, a transceiver that is powered up and the supply', () => {
    const levels: number[] = [];
    const look = (): void => void levels.push(system.wire('usb.pullup'));
    set(BCDR, 0x8000);
    look(); // PDWN is set after reset
    set(CNTR, 1);
    look();
    system.setWire('usb.supply', 0);
    look();
    system.setWire('usb.supply', 1);
    look();
    set(CNTR, 2);
    look();
    expect(levels).toEqual([0, 1, 0, 1, 0]);
    expect(port.attached()).toBe(false);
  });
  it('stays when the kernel clock or the bus clock stops; a reset of the block drops it', () => {
    ready();
    system.setClock('usb', null);
    set(APB2ENR, 0);
    expect(system.wire('usb.pullup')).toBe(1);
    set(APB2RSTR, USBEN);
    expect(system.wire('usb.pullup')).toBe(0);
    set(APB2RSTR, 0);
    set(APB2ENR, USBEN);
    expect([get(CNTR), get(BCDR), get(CHEP(0))]).toEqual([3, 0, 0]);
  });
});

describe('USB_DRD_FS transactions', () => {
  it.each<[string, () => void]>([
    ['the kernel clock stands', () => system.setClock('usb', null)],
    ['the kernel clock runs at 50 MHz', () => system.setClock('usb', rate(50_000_000))],
    ['the bus clock is off', () => set(APB2ENR, 0)],
    ['the supply is off', () => system.setWire('usb.supply', 0)],
    ['DADDR.EF is 0', () => set(DADDR, 0)],
    ['the address differs', () => set(DADDR, 0x81)],
    ['USBRST is set', () => set(CNTR, 1)],
    ['PDWN is set', () => set(CNTR, 2)],
    ['the endpoint is disabled', () => endpoint(0, 0x0220)],
    ['the endpoint is not a control endpoint', () => endpoint(0, 0x3020)],
    ['VTRX is still set', () => void port.setup(0, 0, SETUP)],
  ])('SETUP gets no handshake when %s', (_name, breakIt) => {
    ready();
    breakIt();
    expect(port.setup(0, 0, SETUP)).toBe('none');
  });
  it('SETUP is taken in every state of a control endpoint: data and CRC in memory, both directions NAK, both toggles 1', () => {
    for (const stat of [0x1210, 0x2220, 0x3230]) {
      ready();
      endpoint(0, stat);
      expect(port.setup(0, 0, SETUP)).toBe('ack');
      expect(get(CHEP(0))).toBe(0xea60);
      expect([get(PMA + RX0), get(PMA + RX0 + 4)]).toEqual([0x01000680, 0x00400000]);
      // CRC16 of the standard's GET_DESCRIPTOR example: 80 06 00 01 00 00 40 00 → DD 94.
      expect(get(PMA + RX0 + 8) & 0xffff).toBe(0x94dd);
      expect(get(PMA + 4)).toBe((0x80000000 | (1 << 26) | (8 << 16) | RX0) >>> 0);
      expect(port.out(0, 0, 1, new Uint8Array(0))).toBe('nak');
      expect(port.in(0, 0)).toBe('nak');
      set(CHEP(0), 0x0200);
    }
  });
  it('OUT: the wrong toggle is acknowledged and dropped, the right one sets VTRX and NAK', () => {
    ready();
    expect(port.out(0, 0, 1, Uint8Array.of(1))).toBe('ack');
    expect(get(CHEP(0))).toBe(0x3220);
    expect(port.out(0, 0, 0, Uint8Array.of(1))).toBe('ack');
    expect(get(CHEP(0))).toBe(0xe220);
    expect(port.out(0, 0, 1, Uint8Array.of(1))).toBe('nak');
  });
  it('OUT longer than the buffer: STALL, nothing is counted, nothing is written behind it', () => {
    ready();
    set(PMA + 4, (2 << 26) | RX0); // BLSIZE 0, two blocks of two bytes
    set(PMA + RX0 + 4, 0x12345678);
    expect(port.out(0, 0, 0, Uint8Array.of(1, 2, 3, 4, 5))).toBe('stall');
    expect(get(CHEP(0))).toBe(0x3220);
    expect(get(PMA + RX0 + 4)).toBe(0x12345678);
    expect(port.out(0, 0, 0, Uint8Array.of(1, 2, 3, 4))).toBe('ack');
    expect((get(PMA + 4) >>> 16) & 0x3ff).toBe(4);
  });
  it('EPKIND on a control endpoint: a status stage with data is a STALL', () => {
    ready();
    endpoint(0, 0x3320);
    expect(port.out(0, 0, 0, Uint8Array.of(1))).toBe('stall');
    expect(port.out(0, 0, 0, new Uint8Array(0))).toBe('ack');
  });
  it('IN: data from the packet memory; ACK sets VTTX, NAK and the other toggle; a reset in between drops it', () => {
    ready();
    set(PMA + TX0, 0x44332211);
    set(PMA, (3 << 16) | TX0);
    endpoint(0, 0x3230);
    expect(port.in(0, 0)).toEqual({ toggle: 0, data: Uint8Array.of(0x11, 0x22, 0x33) });
    port.inAcknowledged(0, 0);
    expect(get(CHEP(0))).toBe(0x32e0);
    endpoint(0, 0x3270);
    expect(port.in(0, 0)).toMatchObject({ toggle: 1 });
    port.busReset(true);
    port.inAcknowledged(0, 0);
    expect(get(CHEP(0))).toBe(0);
  });
  it('STALL in one direction leaves the other alone, and SETUP clears it', () => {
    ready();
    endpoint(0, 0x3210);
    expect(port.in(0, 0)).toBe('stall');
    expect(port.out(0, 0, 0, new Uint8Array(0))).toBe('ack');
    set(CHEP(0), 0x0200);
    expect(port.setup(0, 0, SETUP)).toBe('ack');
    expect(get(CHEP(0)) & 0x3030).toBe(0x2020);
  });
  it('double-buffered bulk IN: the buffer is DTOG, NAK while DTOG equals SW_BUF', () => {
    ready();
    set(PMA + 8, (1 << 16) | 0x100);
    set(PMA + 12, (1 << 16) | 0x140);
    set(PMA + 0x100, 0xa0);
    set(PMA + 0x140, 0xa1);
    endpoint(1, 0x0131);
    expect(port.in(0, 1)).toBe('nak');
    endpoint(1, 0x4131);
    expect(port.in(0, 1)).toEqual({ toggle: 0, data: Uint8Array.of(0xa0) });
    port.inAcknowledged(0, 1);
    expect(port.in(0, 1)).toBe('nak');
    set(CHEP(1), 0x4101 | 0x80); // SW_BUF toggles
    expect(port.in(0, 1)).toEqual({ toggle: 1, data: Uint8Array.of(0xa1) });
  });
  it('bus reset clears CHEPnR and DADDR once, at its start', () => {
    ready();
    port.busReset(true);
    expect([get(CHEP(0)), get(DADDR), get(ISTR)]).toEqual([0, 0, 0x400]);
    endpoint(0, 0x3220);
    port.busReset(false);
    expect(get(CHEP(0))).toBe(0x3220);
  });
  it('a bus reset that is under way is seen when the kernel clock starts', () => {
    ready();
    system.setClock('usb', null);
    port.busReset(true);
    expect(get(ISTR)).toBe(0);
    system.setClock('usb', rate(48_000_000));
    expect(get(ISTR)).toBe(0x400);
  });
  it('a narrow store to the packet memory fills the word, and is a guest error', () => {
    set(PMA + 0x200, 0x11223344);
    system.write(PMA + 0x201, 1, 0xab);
    expect(get(PMA + 0x200)).toBe(0xabababab);
    system.write(PMA + 0x202, 2, 0x1234);
    expect(get(PMA + 0x200)).toBe(0x12341234);
    expect(notes).toHaveLength(2);
    expect(notes[0]).toContain('8-bit write at +0x601');
  });
  it('a buffer that runs past the packet memory is a guest error', () => {
    ready();
    set(PMA, (64 << 16) | 0x7f0);
    endpoint(0, 0x3230);
    port.in(0, 0);
    expect(notes.join()).toContain('past the packet memory');
  });
});

describe('G0B1', () => {
  it('is seen by the host without PWR_CR2.USV, as Klipper and Katapult leave it', () => {
    const h = new StChip(STM32G0B1RE);
    h.set('RCC.APBENR1.USBEN', 1);
    h.set('RCC.CR.HSI48ON', 1);
    h.wait(MS);
    const device = usbDrdPort(h.system, 'USB');
    h.write('USB.CNTR', 0);
    h.write('USB.BCDR', 0x8000);
    expect(h.get('PWR.CR2.USV')).toBe(0);
    expect(device.attached()).toBe(true);
  });
});

describe('errors on the bus (RM0481, USB_ISTR.ERR)', () => {
  const ERR = 0x2000;
  const loss = (how: 'crc' | 'cut' | 'timeout', packet: 'token' | 'data' | 'handshake', more = {}): void =>
    port.lost({ how, packet, address: 0, endpoint: 0, setup: false, data: new Uint8Array(0), ...more });
  beforeEach(ready);

  it('raise ERR, and its interrupt where it is unmasked; a written 0 clears it', () => {
    set(CNTR, ERR);
    loss('crc', 'token');
    expect([get(ISTR) & ERR, line]).toEqual([ERR, true]);
    set(ISTR, ~ERR);
    expect([get(ISTR) & ERR, line]).toEqual([0, false]);
  });
  it('a damaged SETUP lies in the buffer, and nothing else has changed: the repetition is taken', () => {
    const before = get(CHEP(0));
    loss('crc', 'data', { setup: true, data: SETUP });
    expect([get(CHEP(0)), (get(PMA + 4) >>> 16) & 0x3ff, get(ISTR) & 0x8000]).toEqual([before, 0, 0]);
    expect(get(PMA + RX0)).toBe(0x01000680);
    expect(port.setup(0, 0, SETUP)).toBe('ack');
    expect((get(PMA + 4) >>> 16) & 0x3ff).toBe(8);
  });
  it('of a packet that is cut the bytes before the cut are stored, without a CRC', () => {
    for (let i = 0; i < 12; i += 4) set(PMA + RX0 + i, 0xeeeeeeee);
    loss('cut', 'data', { data: Uint8Array.of(1, 2, 3) });
    expect(get(PMA + RX0)).toBe(0xee030201);
  });
  it('an endpoint that NAKs stores nothing', () => {
    endpoint(0, 0x2220);
    set(PMA + RX0, 0x55555555);
    loss('crc', 'data', { data: Uint8Array.of(1, 2, 3, 4) });
    expect([get(PMA + RX0), get(ISTR) & ERR]).toEqual([0x55555555, ERR]);
  });
  it('data without a handshake is sent again with the same toggle', () => {
    set(PMA, (4 << 16) | TX0);
    set(PMA + TX0, 0x04030201);
    endpoint(0, 0x3230);
    const first = port.in(0, 0);
    loss('timeout', 'handshake');
    expect([get(ISTR) & ERR, get(CHEP(0)) & 0x80]).toEqual([ERR, 0]);
    expect(port.in(0, 0)).toEqual(first);
    port.inAcknowledged(0, 0);
    expect(get(CHEP(0)) & 0x80).toBe(0x80);
  });
  it('of another device, or without a clock, are not seen', () => {
    loss('timeout', 'data', { address: 5 });
    set(APB2ENR, 0);
    loss('crc', 'token');
    set(APB2ENR, USBEN);
    expect(get(ISTR) & ERR).toBe(0);
  });
});
