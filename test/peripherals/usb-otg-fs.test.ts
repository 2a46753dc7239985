import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { UsbDevicePort } from '../../src/emu/ports.ts';
import { SILENT, type System } from '../../src/emu/system.ts';
import { MS, rate, US } from '../../src/emu/time.ts';
import { usbOtgFsPort } from '../../src/peripherals/usb/usb-otg-fs.ts';
import { usbPort } from '../../src/peripherals/usb/usb-ports.ts';
import {
  CNAK,
  DAINT,
  DAINTMSK,
  DCFG,
  DCTL,
  DIEPCTL,
  DIEPEMPMSK,
  DIEPINT,
  DIEPMSK,
  DIEPTSIZ,
  DIEPTXF,
  DOEPCTL,
  DOEPINT,
  DOEPMSK,
  DOEPTSIZ,
  DSTS,
  DTXFSTS,
  ENABLE,
  EPDIS,
  EPENA,
  F405,
  FIFO,
  GAHBCFG,
  GCCFG,
  GINTMSK,
  GINTSTS,
  GOTGCTL,
  GOTGINT,
  GRSTCTL,
  GRXFSIZ,
  GRXSTSP,
  GRXSTSR,
  GSNPSID,
  GUSBCFG,
  H745,
  L476,
  L496,
  newSystem,
  OTG,
  OTGEN,
  PCGCCTL,
  RESET,
  SNAK,
  STALL,
  USBAEP,
  VARIANTS,
  type Variant,
} from '../usb-sim/otg-firmware.ts';

let system: System;
let port: UsbDevicePort;
let line: boolean;
let notes: string[];
const get = (a: number): number => system.read(a, 4);
const set = (a: number, v: number): void => void system.write(a, 4, v >>> 0);
const or = (a: number, v: number): void => set(a, get(a) | v);
const SETUP = Uint8Array.of(0x80, 6, 0, 1, 0, 0, 64, 0);
const WRITE = Uint8Array.of(0x21, 0x20, 0, 0, 0, 0, 7, 0);
const NOTHING = new Uint8Array(0);
const [USBSUSP, ESUSP, USBRST, ENUMDNE, SOF, RXFLVL, SRQINT, WKUPINT] = [0x800, 0x400, 0x1000, 0x2000, 0x8, 0x10, 0x40000000, 0x80000000];

function fresh(v: Variant, memories: ChipDescription['memories'] = []): void {
  system = newSystem(v, memories);
  port = usbOtgFsPort(system, 'OTG_FS');
  line = false;
  notes = [];
  system.listener = { ...SILENT, irq: (_n, level) => (line = level), note: (_k, text) => notes.push(text) };
  set(ENABLE, OTGEN);
}
const DETECTED = 2_500_000;
function startReset(): void {
  port.busReset(true);
  system.fireDue(system.now + DETECTED);
}
/** Connected, enumerated, FIFOs laid out, EP0 able to receive. */
function ready(v: Variant = L496, memories: ChipDescription['memories'] = []): void {
  fresh(v, memories);
  set(GCCFG, v === F405 ? 0x210000 : 0x10000);
  if (v !== F405) set(GOTGCTL, 0xc0);
  set(GRXFSIZ, 64);
  set(DIEPTXF(0), (16 << 16) | 64);
  set(DIEPTXF(1), (32 << 16) | 80);
  or(DCFG, 3);
  set(DCTL, 0);
  startReset();
  port.busReset(false);
  set(GINTSTS, 0xffffffff);
}
/** All words of the receive FIFO: status entries as [PKTSTS, endpoint, bytes], data as numbers. */
function drain(): unknown[] {
  const list: unknown[] = [];
  while (get(GINTSTS) & RXFLVL) {
    const status = get(GRXSTSP);
    const bytes = (status >>> 4) & 0x7ff;
    list.push([(status >>> 17) & 0xf, status & 0xf, bytes]);
    for (let i = 0; i < bytes; i += 4) list.push(get(FIFO(0)));
  }
  return list;
}
function sendIn(n: number, bytes: readonly number[]): void {
  set(DIEPTSIZ(n), (Math.max(1, Math.ceil(bytes.length / 64)) << 19) | bytes.length);
  or(DIEPCTL(n), EPENA | CNAK);
  for (let i = 0; i < bytes.length; i += 4)
    set(FIFO(n), bytes[i]! | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24));
}
function receiveOut(n: number, packets: number, bytes: number): void {
  set(DOEPTSIZ(n), (packets << 19) | bytes);
  or(DOEPCTL(n), EPENA | CNAK);
}
const counted = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i);

describe.each(VARIANTS.map((v) => [v.name, v] as const))('OTG_FS of %s', (_name, v) => {
  it('has the reset values of its facts', () => {
    fresh(v);
    for (const r of v.facts.registers) expect([r.name, get(OTG + r.offset)]).toEqual([r.name, r.reset]);
  });
  it('names itself as a Synopsys OTG core', () => {
    fresh(v);
    expect(get(GSNPSID) >>> 16).toBe(0x4f54);
  });
  it('reads 0 and ignores writes without its clock', () => {
    fresh(v);
    set(ENABLE, 0);
    set(GRXFSIZ, 64);
    expect(get(GSNPSID)).toBe(0);
    set(ENABLE, OTGEN);
    expect(get(GRXFSIZ)).toBe(0x200);
  });
  it('the list of ports finds it by its model', () => {
    fresh(v);
    expect(usbPort(system)?.name).toBe('OTG_FS');
  });
});

describe('GRSTCTL', () => {
  beforeEach(() => fresh(L476));
  it('CSRST clears registers and FIFOs but not GCCFG, DSPD, SDIS; it clears itself after three PHY clocks', () => {
    set(GCCFG, 0x10000);
    set(DCFG, 0x3f3);
    set(GINTMSK, 0x1000);
    set(GRXFSIZ, 64);
    set(DCTL, 0);
    set(GRSTCTL, 1);
    expect([get(GCCFG), get(DCFG), get(GINTMSK), get(GRXFSIZ), get(DCTL)]).toEqual([0x10000, 0x02200003, 0, 0x200, 0]);
    expect(get(GRSTCTL)).toBe(0x80000001);
    system.fireDue(system.now + 40_000);
    expect(get(GRSTCTL)).toBe(0x80000001);
    system.fireDue(system.now + 30_000);
    expect(get(GRSTCTL)).toBe(0x80000000);
  });
  it('a flush takes eight of the slower clock, and needs both', () => {
    for (const [usb, hclk, ns] of [
      [48, 80, 167],
      [48, 4, 2000],
    ] as const) {
      system.setClock('usb', rate(usb * 1_000_000));
      system.setClock('hclk', rate(hclk * 1_000_000));
      set(GRSTCTL, 0x10);
      system.fireDue(system.now + (ns - 30) * 1000);
      expect(get(GRSTCTL)).toBe(0x80000010);
      system.fireDue(system.now + 300_000);
      expect(get(GRSTCTL)).toBe(0x80000000);
    }
    system.setClock('usb', null);
    set(GRSTCTL, 0x20);
    system.fireDue(system.now + 10 * MS);
    expect(get(GRSTCTL)).toBe(0x80000020);
    system.setClock('usb', rate(48_000_000));
    system.fireDue(system.now + 3 * US);
    expect(get(GRSTCTL)).toBe(0x80000000);
  });
  it('TXFNUM picks the FIFO, 0x10 means all', () => {
    ready();
    set(DIEPCTL(1), 1 << 22);
    set(FIFO(0), 1);
    set(FIFO(1), 2);
    set(GRSTCTL, (1 << 6) | 0x20);
    expect([get(DTXFSTS(0)), get(DTXFSTS(1))]).toEqual([15, 32]);
    set(FIFO(1), 2);
    set(GRSTCTL, (0x10 << 6) | 0x20);
    expect([get(DTXFSTS(0)), get(DTXFSTS(1))]).toEqual([16, 32]);
  });
});

describe('connection', () => {
  const connected = (): number => system.wire('usb.pullup');
  it.each<[string, Variant, (on: boolean) => void]>([
    ['PWRDWN', L476, (on) => set(GCCFG, on ? 0x10000 : 0)],
    ['SDIS', L476, (on) => set(DCTL, on ? 0 : 2)],
    ['the supply', L476, (on) => system.setWire('usb.supply', on ? 1 : 0)],
    ['the B-valid override', L476, (on) => set(GOTGCTL, on ? 0xc0 : 0x40)],
    ['NOVBUSSENS', F405, (on) => set(GCCFG, on ? 0x210000 : 0x10000)],
  ])('hangs on %s', (_n, v, turn) => {
    ready(v);
    const seen = [connected()];
    for (const on of [false, true, false]) {
      turn(on);
      seen.push(connected());
    }
    expect(seen).toEqual([1, 0, 1, 0]);
    expect(port.attached()).toBe(false);
  });
  it.each([
    [L476, 0x210000],
    [F405, 0x90000],
  ] as const)('VBUS sensing follows the cable: SRQINT and BSVLD, then SEDET', (v, gccfg) => {
    ready(v);
    if (v !== F405) set(GOTGCTL, 0);
    set(GCCFG, gccfg);
    set(GINTSTS, 0xffffffff);
    set(GOTGINT, 0xffffffff);
    expect(connected()).toBe(0);
    system.setWire('usb.vbus', 1);
    expect([connected(), get(GINTSTS) & SRQINT, get(GOTGCTL) & 0x80000]).toEqual([1, SRQINT, 0x80000]);
    system.setWire('usb.vbus', 0);
    expect([connected(), get(GOTGINT), get(GINTSTS) & 4, get(GOTGCTL) & 0x80000]).toEqual([0, 4, 4, 0]);
    set(GOTGINT, 4);
    expect(get(GINTSTS) & 4).toBe(0);
  });
  it('an F4 without a supply wire ignores it', () => {
    ready(F405);
    system.setWire('usb.supply', 0);
    expect(connected()).toBe(1);
  });
  it('data contact detection: a standard port has contact and no charger', () => {
    fresh(L476);
    system.setWire('usb.vbus', 1);
    set(GCCFG, 0x60000);
    expect(get(GCCFG)).toBe(0x60001);
    set(GCCFG, 0xa0000);
    expect(get(GCCFG)).toBe(0xa0000);
  });
  it('a forced host mode takes 25 ms, drops the pull-up, and 25 ms back', () => {
    ready();
    set(GUSBCFG, 0x20001440);
    system.fireDue(system.now + 24 * MS);
    expect([get(GINTSTS) & 1, connected()]).toEqual([0, 1]);
    system.fireDue(system.now + 1 * MS);
    expect([get(GINTSTS) & 1, connected()]).toEqual([1, 0]);
    expect(notes.join()).toContain('host mode is not modelled');
    set(GUSBCFG, 0x40001440);
    system.fireDue(system.now + 25 * MS);
    expect([get(GINTSTS) & 1, connected()]).toEqual([0, 1]);
  });
  it('the reset bit of RCC drops it', () => {
    ready();
    set(RESET, OTGEN);
    set(RESET, 0);
    expect([connected(), get(GCCFG), get(GRXFSIZ)]).toEqual([0, 0, 0x200]);
  });
  it('a device that connects without a supply of its transceiver, or with the transceiver off, is told', () => {
    fresh(L496);
    set(DCTL, 2);
    set(DCTL, 0);
    expect(notes.join()).toContain('PWRDWN');
    set(GCCFG, 0x10000);
    notes = [];
    set(DCTL, 2);
    set(DCTL, 0);
    expect(notes).toEqual([]);
    system.setWire('usb.supply', 0);
    set(DCTL, 2);
    set(DCTL, 0);
    expect(notes.join()).toContain('no supply');
  });
  it('an AHB clock below 14.2 MHz is a guest error', () => {
    fresh(L496);
    system.setClock('hclk', rate(4_000_000));
    set(GCCFG, 0x10000);
    set(GOTGCTL, 0xc0);
    set(DCTL, 0);
    expect(notes.join()).toContain('14.2 MHz');
  });
});

describe('bus events', () => {
  beforeEach(() => ready());
  it('a reset: USBRST, endpoints but 0 deactivated; at its end ENUMDNE and full speed', () => {
    or(DIEPCTL(1), USBAEP);
    set(DCFG, 0x7f3);
    startReset();
    expect([get(GINTSTS) & (USBRST | ENUMDNE), get(DIEPCTL(1)) & USBAEP, get(DIEPCTL(0)) & USBAEP]).toEqual([USBRST, 0, USBAEP]);
    port.busReset(false);
    expect([get(GINTSTS) & ENUMDNE, get(DSTS) & 6]).toEqual([ENUMDNE, 6]);
  });
  it('a reset that is under way is seen when the 48 MHz clock starts', () => {
    system.setClock('usb', null);
    port.busReset(true);
    expect(get(GINTSTS) & USBRST).toBe(0);
    system.setClock('usb', rate(48_000_000));
    expect(get(GINTSTS) & USBRST).toBe(0);
    system.fireDue(system.now + DETECTED);
    expect(get(GINTSTS) & USBRST).toBe(USBRST);
  });
  it('idle: early suspend at once, suspend 3 ms later; activity wakes', () => {
    port.suspend(true);
    expect(get(GINTSTS) & (ESUSP | USBSUSP)).toBe(ESUSP);
    system.fireDue(system.now + 3 * MS);
    expect([get(GINTSTS) & USBSUSP, get(DSTS) & 1]).toEqual([USBSUSP, 1]);
    port.suspend(false);
    expect([(get(GINTSTS) & WKUPINT) >>> 0, get(DSTS) & 1]).toEqual([WKUPINT, 0]);
  });
  it('a stopped PHY clock hears no token but wakes', () => {
    port.suspend(true);
    system.fireDue(system.now + 3 * MS);
    set(PCGCCTL, 1);
    expect(port.setup(0, 0, SETUP)).toBe('none');
    port.suspend(false);
    expect((get(GINTSTS) & WKUPINT) >>> 0).toBe(WKUPINT);
  });
  /** Suspended as ST's HAL_PCD_SuspendCallback leaves it. */
  const suspendAndGate = (): void => {
    port.suspend(true);
    system.fireDue(system.now + 3 * MS);
    set(PCGCCTL, 3);
    set(GINTSTS, 0xffffffff);
  };
  it('PHYSUSP is 1 while a stopped PHY clock meets a suspended bus', () => {
    set(PCGCCTL, 1);
    expect(get(PCGCCTL)).toBe(1);
    suspendAndGate();
    expect(get(PCGCCTL)).toBe(0x13);
    set(PCGCCTL, 0);
    expect(get(PCGCCTL)).toBe(0);
  });
  it('a bus reset restarts a stopped PHY clock: WKUPINT, USBRST, ENUMDNE and answers, whether or not STPPCLK is cleared', () => {
    for (const ungates of [false, true]) {
      ready();
      suspendAndGate();
      startReset();
      expect(get(GINTSTS) & (WKUPINT | USBRST)).toBe(WKUPINT | USBRST);
      expect([get(PCGCCTL) & 0x13, get(DSTS) & 1]).toEqual([3, 0]);
      if (ungates) set(PCGCCTL, 0);
      port.busReset(false);
      expect(get(GINTSTS) & ENUMDNE).toBe(ENUMDNE);
      expect(port.setup(0, 0, SETUP)).toBe('ack');
    }
  });
  it('resume restarts a stopped PHY clock; the next suspension stops it again', () => {
    suspendAndGate();
    port.suspend(false);
    expect(port.setup(0, 0, SETUP)).toBe('ack');
    suspendAndGate();
    expect(port.setup(0, 0, SETUP)).toBe('none');
  });
  it('without the 48 MHz clock a reset still raises WKUPINT; USBRST follows when the clock runs', () => {
    suspendAndGate();
    set(GINTMSK, WKUPINT);
    set(GAHBCFG, 1);
    system.setClock('usb', null);
    port.busReset(true);
    expect([get(GINTSTS) & (WKUPINT | USBRST), line]).toEqual([WKUPINT | 0, true]);
    system.setClock('usb', rate(48_000_000));
    system.fireDue(system.now + DETECTED);
    expect(get(GINTSTS) & USBRST).toBe(USBRST);
  });
  it('SOF: flag, frame number and the wire to CRS', () => {
    port.startOfFrame(0x7ab);
    expect([get(GINTSTS) & SOF, (get(DSTS) >>> 8) & 0x3fff, system.wire('usb.sof')]).toEqual([SOF, 0x7ab, 0x7ac]);
    set(GINTSTS, SOF);
    expect(get(GINTSTS) & SOF).toBe(0);
  });
});

describe('interrupts', () => {
  beforeEach(() => ready());
  it('the line is GINT and (GINTSTS & GINTMSK)', () => {
    port.startOfFrame(1);
    port.suspend(true);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), fc.boolean(), (mask, gint) => {
        set(GINTMSK, mask);
        set(GAHBCFG, gint ? 1 : 0);
        expect(line).toBe(gint && (get(GINTSTS) & get(GINTMSK)) !== 0);
      }),
    );
  });
  it('level flags cannot be cleared by writing them', () => {
    port.setup(0, 0, SETUP);
    set(GINTSTS, 0xffffffff);
    expect(get(GINTSTS) & RXFLVL).toBe(RXFLVL);
    drain();
    expect(get(GINTSTS) & RXFLVL).toBe(0);
  });
  it('DAINT shows what DIEPMSK and DOEPMSK let through, IEPINT and OEPINT what DAINTMSK does', () => {
    port.setup(0, 0, SETUP);
    port.in(0, 0);
    drain();
    expect([get(DAINT), get(GINTSTS) & 0xc0000]).toEqual([0, 0]);
    set(DOEPMSK, 8);
    expect([get(DAINT), get(GINTSTS) & 0xc0000]).toEqual([0x10000, 0]);
    set(DAINTMSK, 0x10001);
    expect(get(GINTSTS) & 0xc0000).toBe(0x80000);
    set(DOEPINT(0), 8);
    expect([get(DAINT), get(GINTSTS) & 0xc0000]).toEqual([0, 0]);
    set(DIEPMSK, 0xffff);
    expect(get(DIEPINT(0)) & 0x80).toBe(0x80);
    set(DIEPINT(0), 0xff7f);
    expect(get(DAINT)).toBe(0); // TXFE has a mask of its own
    set(DIEPEMPMSK, 1);
    expect(get(DAINT)).toBe(1);
  });
  it('TXFE: half or completely empty, as GAHBCFG.TXFELVL says', () => {
    const levels = (): number[] =>
      Array.from({ length: 16 }, () => {
        set(FIFO(0), 0);
        return get(DIEPINT(0)) & 0x80;
      });
    set(GAHBCFG, 0);
    expect(levels().filter((l) => l).length).toBe(8);
    set(GRSTCTL, (0x10 << 6) | 0x20);
    set(GAHBCFG, 0x80);
    expect(levels().filter((l) => l).length).toBe(0);
  });
});

describe('SETUP', () => {
  it.each<[string, () => void]>([
    ['the 48 MHz clock stands', () => system.setClock('usb', null)],
    ['it runs at 50 MHz', () => system.setClock('usb', rate(50_000_000))],
    ['the AHB clock is off', () => set(ENABLE, 0)],
    ['the address differs', () => set(DCFG, 0x13)],
    ['SDIS is set', () => set(DCTL, 2)],
    ['the core is being reset', () => set(GRSTCTL, 1)],
    ['the receive FIFO has no room', () => set(GRXFSIZ, 2)],
  ])('gets no handshake when %s', (_n, breakIt) => {
    ready();
    breakIt();
    expect(port.setup(0, 0, SETUP)).toBe('none');
  });
  it('is taken whatever EPENA, NAK and STALL say; sets NAK both ways and clears STALL; done comes with the next token', () => {
    for (const control of [0, EPENA | CNAK, SNAK, STALL]) {
      ready();
      or(DOEPCTL(0), control);
      or(DIEPCTL(0), control & STALL);
      set(DOEPTSIZ(0), 3 << 29);
      expect(port.setup(0, 0, SETUP)).toBe('ack');
      expect([get(DOEPCTL(0)), get(DIEPCTL(0))]).toEqual([0x28000, 0x28000]);
      expect(get(DOEPTSIZ(0)) >>> 29).toBe(2);
      expect(drain()).toEqual([[6, 0, 8], 0x01000680, 0x00400000]);
      expect(port.in(0, 0)).toBe('nak');
      expect(get(DOEPINT(0)) & 8).toBe(0);
      expect(drain()).toEqual([[4, 0, 0]]);
      expect(get(DOEPINT(0)) & 8).toBe(8);
    }
  });
  it('core 3.10a adds OUT done entries and says why: with the SETUP and with the status of a write', () => {
    ready(L476);
    port.setup(0, 0, WRITE);
    port.out(0, 0, 1, counted(7));
    expect(drain().map((x) => (Array.isArray(x) ? (x as number[])[0] : x))).toEqual([6, 0x00002021, 0x00070000, 3, 4]);
    expect(get(DOEPINT(0)) & 0x8029).toBe(0x8009);
    set(DOEPINT(0), 0xffff);
    receiveOut(0, 1, 64);
    expect(port.out(0, 0, 1, counted(7))).toBe('ack');
    expect(drain()).toEqual([[2, 0, 7], 0x03020100, 0x00060504, [3, 0, 0]]);
    port.in(0, 0);
    port.in(0, 0);
    expect(drain()).toEqual([[3, 0, 0]]);
    expect(get(DOEPINT(0)) & 0x20).toBe(0x20);
  });
  it('a fourth one in a row raises B2BSTUP', () => {
    ready();
    set(GRXFSIZ, 100);
    for (let i = 0; i < 3; i++) port.setup(0, 0, SETUP);
    expect(get(DOEPINT(0)) & 0x40).toBe(0);
    port.setup(0, 0, SETUP);
    expect(get(DOEPINT(0)) & 0x40).toBe(0x40);
  });
  it('an address written before the status stage holds from its end on', () => {
    ready();
    port.setup(0, 0, Uint8Array.of(0, 5, 9, 0, 0, 0, 0, 0));
    set(DCFG, get(DCFG) | (9 << 4));
    sendIn(0, []);
    expect(port.in(9, 0)).toBe('none');
    expect(port.in(0, 0)).toEqual({ toggle: 1, data: NOTHING });
    port.inAcknowledged(0, 0);
    expect(port.setup(0, 0, SETUP)).toBe('none');
    expect(port.setup(9, 0, SETUP)).toBe('ack');
  });
});

describe('OUT', () => {
  beforeEach(() => {
    ready();
    set(DOEPCTL(1), USBAEP | (2 << 18) | (1 << 28) | 64);
  });
  it('NAK without EPENA, with NAKSTS, under global OUT NAK and without room; a deactivated endpoint is silent', () => {
    expect(port.out(0, 1, 0, counted(8))).toBe('nak');
    receiveOut(1, 1, 64);
    or(DOEPCTL(1), SNAK);
    expect(port.out(0, 1, 0, counted(8))).toBe('nak');
    or(DOEPCTL(1), CNAK);
    set(DCTL, 0x200);
    expect(port.out(0, 1, 0, counted(8))).toBe('nak');
    expect(get(GINTSTS) & 0x80).toBe(0);
    expect(drain()).toEqual([[1, 0, 0]]);
    expect([get(GINTSTS) & 0x80, get(DCTL)]).toEqual([0x80, 8]);
    set(DCTL, 0x400);
    expect([get(GINTSTS) & 0x80, get(DCTL)]).toEqual([0, 0]);
    // Ten words are kept for SETUPs, two are status: 51 bytes need 13.
    set(GRXFSIZ, 24);
    expect(port.out(0, 1, 0, counted(51))).toBe('nak');
    expect(port.out(0, 1, 0, counted(48))).toBe('ack');
    or(DOEPCTL(1), CNAK | EPENA);
    set(DOEPCTL(1), 0);
    expect(port.out(0, 1, 1, counted(8))).toBe('none');
  });
  it('STALL goes before NAK and stays until software clears it', () => {
    or(DOEPCTL(1), STALL | SNAK);
    expect(port.out(0, 1, 0, counted(8))).toBe('stall');
    set(DOEPCTL(1), get(DOEPCTL(1)) & ~STALL);
    expect(port.out(0, 1, 0, counted(8))).toBe('nak');
  });
  it('full packets count down, the last or a short one ends the transfer: NAK, EPENA 0, done entry, XFRC when it is read', () => {
    receiveOut(1, 3, 192);
    expect(port.out(0, 1, 0, counted(64))).toBe('ack');
    expect([get(DOEPTSIZ(1)), (get(DOEPCTL(1)) & EPENA) >>> 0]).toEqual([(2 << 19) | 128, EPENA]);
    expect(port.out(0, 1, 1, counted(5))).toBe('ack');
    expect([get(DOEPTSIZ(1)), get(DOEPCTL(1)) & (EPENA | 0x20000)]).toEqual([(1 << 19) | 123, 0x20000]);
    expect(get(DOEPINT(1)) & 1).toBe(0);
    const entries = drain();
    expect(entries.filter(Array.isArray)).toEqual([
      [2, 1, 64],
      [2, 1, 5],
      [3, 1, 0],
    ]);
    expect(get(DOEPINT(1)) & 1).toBe(1);
  });
  it('the wrong toggle is acknowledged and dropped; SD0PID and SD1PID set it', () => {
    receiveOut(1, 1, 64);
    expect(port.out(0, 1, 1, counted(8))).toBe('ack');
    expect(drain()).toEqual([]);
    or(DOEPCTL(1), 1 << 29);
    expect(port.out(0, 1, 1, counted(8))).toBe('ack');
    expect(drain()).toHaveLength(4);
    expect(get(DOEPCTL(1)) & 0x10000).toBe(0);
  });
  it('NZLSOHSK: data in the status stage of a read is a STALL', () => {
    or(DCFG, 4);
    port.setup(0, 0, SETUP);
    receiveOut(0, 1, 64);
    expect(port.out(0, 0, 1, counted(3))).toBe('stall');
    expect(port.out(0, 0, 1, NOTHING)).toBe('ack');
  });
  it('EPDIS ends an enabled OUT endpoint with EPDISD once the global OUT NAK is effective, but not OUT endpoint 0', () => {
    const SGONAK = 1 << 9;
    const state = (): number[] => [(get(DOEPCTL(1)) & EPENA) >>> 0, get(DOEPCTL(1)) & EPDIS, get(DOEPINT(1)) & 2];
    receiveOut(1, 1, 64);
    or(DOEPCTL(1), EPDIS | SNAK);
    expect(state()).toEqual([EPENA, EPDIS, 0]);
    or(DCTL, SGONAK);
    expect(state()).toEqual([EPENA, EPDIS, 0]);
    get(GRXSTSP);
    expect(state()).toEqual([0, 0, 2]);
    set(DOEPINT(1), 2);
    or(DOEPCTL(1), EPENA);
    or(DOEPCTL(1), EPDIS);
    expect(state()).toEqual([0, 0, 2]);
    receiveOut(0, 1, 64);
    or(DOEPCTL(0), EPDIS);
    expect((get(DOEPCTL(0)) & EPENA) >>> 0).toBe(EPENA);
  });
  it('any bytes arrive as they were sent, in order', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 0, maxLength: 64 }), { minLength: 1, maxLength: 6 }), (packets) => {
        or(DOEPCTL(1), 1 << 28);
        const bytes: number[] = [];
        let toggle = 0;
        for (const p of packets) {
          receiveOut(1, 1, 64);
          expect(port.out(0, 1, toggle as 0 | 1, p)).toBe('ack');
          toggle ^= 1;
          const status = get(GRXSTSP);
          for (let i = 0; i < ((status >>> 4) & 0x7ff); i += 4) {
            const word = get(FIFO(0));
            for (let b = 0; b < 4 && i + b < p.length; b++) bytes.push((word >>> (8 * b)) & 0xff);
          }
          expect((get(GRXSTSP) >>> 17) & 0xf).toBe(3);
        }
        expect(bytes).toEqual(packets.flatMap((p) => [...p]));
      }),
    );
  });
});

describe('IN', () => {
  beforeEach(() => {
    ready();
    set(DIEPCTL(1), USBAEP | (2 << 18) | (1 << 22) | (1 << 28) | 64);
  });
  it('NAK until EPENA is set, NAK cleared and a whole packet in the FIFO', () => {
    expect(port.in(0, 1)).toBe('nak');
    set(DIEPTSIZ(1), (1 << 19) | 6);
    or(DIEPCTL(1), EPENA | CNAK);
    expect(port.in(0, 1)).toBe('nak');
    set(FIFO(1), 0x03020100);
    expect(port.in(0, 1)).toBe('nak');
    set(FIFO(1), 0x0504);
    expect(port.in(0, 1)).toEqual({ toggle: 0, data: counted(6) });
    or(DIEPCTL(1), SNAK);
    expect([port.in(0, 1), get(DIEPINT(1)) & 0x40]).toEqual(['nak', 0x40]);
    or(DIEPCTL(1), CNAK);
    expect(get(DIEPINT(1)) & 0x40).toBe(0);
    set(DCTL, 0x80);
    expect([port.in(0, 1), get(GINTSTS) & 0x40, get(DCTL)]).toEqual(['nak', 0x40, 4]);
    set(DCTL, 0x100);
    expect(port.in(0, 1)).toMatchObject({ toggle: 0 });
  });
  it('XFRSIZ falls as words are written, PKTCNT as packets are acknowledged; XFRC and EPENA 0 at the end', () => {
    sendIn(1, [...counted(100)]);
    expect(get(DIEPTSIZ(1))).toBe(2 << 19);
    expect(port.in(0, 1)).toEqual({ toggle: 0, data: counted(64) });
    // No handshake: the same again.
    expect(port.in(0, 1)).toEqual({ toggle: 0, data: counted(64) });
    port.inAcknowledged(0, 1);
    expect([get(DIEPTSIZ(1)), get(DIEPINT(1)) & 1, get(DTXFSTS(1))]).toEqual([1 << 19, 0, 23]);
    expect(port.in(0, 1)).toEqual({ toggle: 1, data: counted(100).slice(64) });
    port.inAcknowledged(0, 1);
    expect([get(DIEPTSIZ(1)), get(DIEPINT(1)) & 1, get(DIEPCTL(1)) & EPENA, get(DTXFSTS(1))]).toEqual([0, 1, 0, 32]);
  });
  it('a reset between data and acknowledgement drops the acknowledgement', () => {
    sendIn(1, [1]);
    port.in(0, 1);
    startReset();
    port.inAcknowledged(0, 1);
    expect(get(DIEPINT(1)) & 1).toBe(0);
  });
  it('EP0 sends a packet per EPENA, DATA1 first after a SETUP', () => {
    port.setup(0, 0, SETUP);
    for (const toggle of [1, 0, 1] as const) {
      sendIn(0, [...counted(64)]);
      expect(port.in(0, 0)).toEqual({ toggle, data: counted(64) });
      port.inAcknowledged(0, 0);
      expect(port.in(0, 0)).toBe('nak');
    }
  });
  it('a full FIFO loses the word and says so; the window of an endpoint that is not there too', () => {
    for (let i = 0; i < 33; i++) set(FIFO(1), i);
    set(FIFO(7), 1);
    expect(notes).toEqual(['transmit FIFO 1 is full, a word is lost', 'has no IN endpoint 7: write to its FIFO window is lost']);
  });
  it('FIFOs that overlap damage each other', () => {
    set(DIEPTXF(1), (32 << 16) | 64); // where FIFO 0 lies
    sendIn(1, [...counted(8)]);
    sendIn(0, [9, 9, 9, 9]);
    expect(port.in(0, 1)).toEqual({ toggle: 0, data: Uint8Array.of(9, 9, 9, 9, 4, 5, 6, 7) });
  });
});

describe('FIFO windows', () => {
  it('every window reads the receive FIFO; a look from outside takes nothing; GRXSTSR shows the next status', () => {
    ready(H745);
    port.setup(0, 0, SETUP);
    expect(get(GRXSTSR)).toBe(get(GRXSTSR));
    expect(get(GRXSTSP)).toBe((6 << 17) | (8 << 4));
    const b = system.block('OTG_FS');
    expect(b.component.peek(b.state, b.env, 0x1000, 4)).toBe(0x01000680);
    expect(get(FIFO(8))).toBe(0x01000680);
    expect(get(FIFO(0))).toBe(0x00400000);
    expect(get(FIFO(0))).toBe(0);
    expect(notes.join()).toContain('empty');
  });
  it('the memory itself lies at 0x20000', () => {
    ready();
    port.setup(0, 0, SETUP);
    expect(get(OTG + 0x20004)).toBe(0x01000680);
  });
});

describe('isochronous frames, remote wake-up, DMA', () => {
  const [EOPF, IISOIXFR, INCOMPISOOUT] = [0x8000, 0x100000, 0x200000];
  it('EOPF comes at the part of the frame that DCFG.PFIVL names, while it or what hangs on it is unmasked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3 }), fc.constantFrom(0, EOPF, IISOIXFR), (pfivl, mask) => {
        ready();
        set(DCFG, (get(DCFG) & ~0x1800) | (pfivl << 11));
        set(GINTMSK, mask);
        port.startOfFrame(7);
        system.fireDue(system.now + (79 + 5 * pfivl) * 10 * US);
        expect(get(GINTSTS) & EOPF).toBe(0);
        system.fireDue(system.now + 10 * US);
        expect(get(GINTSTS) & EOPF).toBe(mask === 0 ? 0 : EOPF);
      }),
    );
  });
  it('an isochronous endpoint of the frame that has not moved its packet is incomplete; one of the other parity is not', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), fc.boolean(), (input, oddFrame, oddEndpoint) => {
        ready();
        set(GINTMSK, EOPF);
        const control = input ? DIEPCTL(1) : DOEPCTL(1);
        set(input ? DIEPTSIZ(1) : DOEPTSIZ(1), (1 << 19) | 8);
        set(control, EPENA | CNAK | USBAEP | (1 << 18) | 8 | (oddEndpoint ? 0x20000000 : 0x10000000));
        port.startOfFrame(oddFrame ? 1 : 2);
        system.fireDue(system.now + 900 * US);
        const flag = input ? IISOIXFR : INCOMPISOOUT;
        expect(get(GINTSTS) & (IISOIXFR | INCOMPISOOUT)).toBe(oddFrame === oddEndpoint ? flag : 0);
      }),
    );
  });
  it('RWUSIG drives the bus only while the device is suspended', () => {
    ready();
    or(DCTL, 1);
    expect(system.wire('usb.resume')).toBe(0);
    set(DCTL, get(DCTL) & ~1);
    port.suspend(true);
    system.fireDue(system.now + 3 * MS);
    or(DCTL, 1);
    expect(system.wire('usb.resume')).toBe(1);
    set(DCTL, get(DCTL) & ~1);
    expect(system.wire('usb.resume')).toBe(0);
  });

  const [RAM, DIEPDMA, DOEPDMA] = [0x20000000, (n: number) => OTG + 0x914 + 32 * n, (n: number) => OTG + 0xb14 + 32 * n];
  const inMemory = (at: number, length: number): number[] => Array.from({ length }, (_, i) => system.read(at + i, 1));
  /** As `ready`, on a core with DMA, with RAM. */
  function withDma(): void {
    ready(H745, [{ name: 'ram', base: RAM, size: 0x1000, kind: 'ram', zone: 'data' }]);
    or(GAHBCFG, 0x20);
  }
  it('with DMA a SETUP packet and OUT data arrive in memory and raise their flags without the FIFO', () => {
    withDma();
    set(DOEPDMA(0), RAM);
    port.setup(0, 0, WRITE);
    expect([inMemory(RAM, 8), get(DOEPDMA(0)), get(GINTSTS) & RXFLVL]).toEqual([[...WRITE], RAM + 8, 0]);
    expect(get(DOEPINT(0)) & 8).toBe(0); // STUP comes with the next stage
    set(DOEPDMA(0), RAM + 0x40);
    set(DOEPTSIZ(0), (3 << 29) | (1 << 19) | 64);
    set(DOEPCTL(0), EPENA | CNAK | USBAEP);
    expect(port.out(0, 0, 1, Uint8Array.of(1, 2, 3, 4, 5, 6, 7))).toBe('ack');
    expect([get(DOEPINT(0)) & 9, inMemory(RAM + 0x40, 7), get(DOEPDMA(0))]).toEqual([9, [1, 2, 3, 4, 5, 6, 7], RAM + 0x47]);
  });
  it('with DMA an IN transfer of several packets is read from memory, packet by packet, and ends with XFRC', () => {
    withDma();
    for (let i = 0; i < 100; i++) system.write(RAM + 0x100 + i, 1, i);
    set(DIEPDMA(1), RAM + 0x100);
    set(DIEPTSIZ(1), (2 << 19) | 100);
    set(DIEPCTL(1), EPENA | CNAK | USBAEP | (2 << 18) | (1 << 22) | 0x10000000 | 64);
    const got: number[] = [];
    for (const [toggle, length] of [
      [0, 64],
      [1, 36],
    ]) {
      const answer = port.in(0, 1);
      expect(answer).toMatchObject({ toggle });
      port.in(0, 1); // its handshake was lost: the same packet again
      if (typeof answer !== 'string') got.push(...answer.data);
      port.inAcknowledged(0, 1);
      expect(got.length % 64).toBe(length! % 64);
    }
    expect([got, get(DIEPINT(1)) & 1, get(DIEPTSIZ(1)) & 0x7ffff, port.in(0, 1)]).toEqual([
      Array.from({ length: 100 }, (_, i) => i),
      1,
      0,
      'nak',
    ]);
  });
  it('a core without DMA says so', () => {
    ready(L476);
    or(GAHBCFG, 0x20);
    expect(notes.some((n) => n.includes('has no DMA'))).toBe(true);
    port.setup(0, 0, SETUP);
    expect(get(GINTSTS) & RXFLVL).toBe(RXFLVL);
  });
});

describe.each([F405, L496].map((v) => [v.name, v] as const))('errors on the bus, %s', (_name, v) => {
  const none = new Uint8Array(0);
  const loss = (packet: 'token' | 'data' | 'handshake', endpoint: number): void =>
    port.lost({ how: 'timeout', packet, address: 0, endpoint, setup: false, data: none });
  const TOC = 8;
  beforeEach(() => ready(v));

  it('TOC where the handshake to an IN of endpoint 0 does not come, an interrupt where TOM is set; the data comes again', () => {
    set(DIEPMSK, TOC);
    set(DAINTMSK, 1);
    set(GINTMSK, 0x40000);
    set(GAHBCFG, 1);
    port.setup(0, 0, SETUP);
    sendIn(0, [1, 2, 3]);
    const first = port.in(0, 0);
    expect(first).toEqual({ toggle: 1, data: Uint8Array.of(1, 2, 3) });
    loss('handshake', 0);
    expect([get(DIEPINT(0)) & (TOC | 1), line]).toEqual([TOC, true]);
    set(DIEPINT(0), TOC);
    expect([get(DIEPINT(0)) & TOC, line]).toEqual([0, false]);
    expect(port.in(0, 0)).toEqual(first);
    port.inAcknowledged(0, 0);
    expect(get(DIEPINT(0)) & 1).toBe(1);
  });
  it('a bulk IN that is not acknowledged is sent again, and nothing is told', () => {
    or(DIEPCTL(1), USBAEP | (2 << 18) | (1 << 22) | 64);
    sendIn(1, [9]);
    const first = port.in(0, 1);
    loss('handshake', 1);
    expect(get(DIEPINT(1)) & (TOC | 1)).toBe(0);
    expect(port.in(0, 1)).toEqual(first);
  });
  it('damaged OUT data leaves no trace', () => {
    receiveOut(0, 1, 64);
    loss('data', 0);
    loss('token', 0);
    expect([drain(), get(DOEPINT(0)) & 0x1fff]).toEqual([[], 0]);
  });
  it('a packet beyond MPSIZ is not answered; cores from 3.00a on raise BERR', () => {
    receiveOut(0, 1, 64);
    expect(port.out(0, 0, 0, new Uint8Array(68))).toBe('none');
    expect([drain(), get(DOEPINT(0)) & 0x1000]).toEqual([[], v === F405 ? 0 : 0x1000]);
    expect(port.out(0, 0, 0, Uint8Array.of(5))).toBe('ack');
  });
});
