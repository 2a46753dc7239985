/** OTG_HS beside OTG_FS: which transceiver it has, and whom the host talks to. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { F407 } from '../../src/chips/stm32f405.ts';
import { f4Chip } from '../../src/chips/stm32f4.ts';
import { MS, rate, US } from '../../src/emu/time.ts';
import { usbOtgFsPort } from '../../src/peripherals/usb/usb-otg-fs.ts';
import { usbPort } from '../../src/peripherals/usb/usb-ports.ts';
import { StChip } from './st-chip.ts';
import { leadUsbPins } from './usb-pins.ts';

const ENUMDNE = 0x2000;

describe('OTG_HS on its full-speed transceiver', () => {
  const made = new StChip(f4Chip(F407, { name: 'STM32F407VG', flashKilobytes: 1024 }));
  const PHYSEL = 1 << 6;
  const CSRST = 1;
  const fresh = (): StChip => {
    const h = made.again();
    h.write('RCC.AHB1ENR', (1 << 29) >>> 0);
    h.write('RCC.AHB2ENR', 1 << 7);
    h.system.setClock('usb', rate(48_000_000));
    h.system.setWire('usb.vbus', 1);
    leadUsbPins(h.system);
    return h;
  };
  const connect = (h: StChip, block: string): void => {
    h.write(`${block}.GCCFG`, 0x210000);
    h.write(`${block}.DCTL`, 0);
  };

  it('a core reset ends once PHYSEL has chosen it, and PHYSEL stays; with an outside transceiver it never does (HydraFW)', () => {
    const h = fresh();
    h.write('OTG_HS.GRSTCTL', CSRST);
    h.wait(10 * MS);
    expect(h.read('OTG_HS.GRSTCTL') & CSRST).toBe(CSRST);
    h.write('OTG_HS.GUSBCFG', PHYSEL);
    h.wait(US);
    expect(h.read('OTG_HS.GRSTCTL') & CSRST).toBe(0);
    h.write('OTG_HS.GRSTCTL', CSRST);
    h.wait(US);
    expect(h.read('OTG_HS.GRSTCTL') & CSRST).toBe(0);
    expect(h.read('OTG_HS.GUSBCFG') & PHYSEL).toBe(PHYSEL);
  });

  it('GCCFG.PWRDWN = 0 is a defect of one who uses it, not of one with an outside transceiver', () => {
    for (const [chosen, said] of [
      [0, []],
      [PHYSEL, ['connects, but its transceiver is off (GCCFG.PWRDWN = 0)']],
    ] as const) {
      const h = fresh();
      h.write('OTG_HS.GUSBCFG', chosen);
      h.write('OTG_HS.DCTL', 2);
      h.write('OTG_HS.DCTL', 0);
      expect(h.notes).toEqual(said);
    }
  });

  it('the host talks to the one that pulls up, to OTG_FS if both do', () => {
    const h = fresh();
    const both = usbPort(h.system)!.port;
    const seen = (): boolean[] => [
      both.attached(),
      usbOtgFsPort(h.system, 'OTG_FS').attached(),
      usbOtgFsPort(h.system, 'OTG_HS').attached(),
    ];
    connect(h, 'OTG_HS');
    expect(seen()).toEqual([false, false, false]);
    h.write('OTG_HS.GUSBCFG', PHYSEL);
    expect(seen()).toEqual([true, false, true]);
    expect(h.system.wire('usb.pullup')).toBe(1);
    both.busReset(true);
    h.wait(2500 * 1000);
    both.busReset(false);
    expect([h.read('OTG_HS.GINTSTS') & ENUMDNE, h.read('OTG_FS.GINTSTS') & ENUMDNE]).toEqual([ENUMDNE, 0]);
    connect(h, 'OTG_FS');
    both.busReset(true);
    h.wait(2500 * 1000);
    both.busReset(false);
    expect(h.read('OTG_FS.GINTSTS') & ENUMDNE).toBe(ENUMDNE);
    h.write('OTG_FS.DCTL', 2);
    expect(h.system.wire('usb.pullup')).toBe(1);
    h.write('OTG_HS.DCTL', 2);
    expect(h.system.wire('usb.pullup')).toBe(0);
  });
});

describe('high-speed transceiver of F723', () => {
  it('answers once it is clocked: its regulator is ready, its PLL keeps what is written (USB_HS_PHYCInit of ST’s HAL)', () => {
    const h = new StChip(findChip('stm32f723ie')!);
    h.write('USBPHYC.PLL1', 0xb);
    expect(h.read('USBPHYC.PLL1')).toBe(0);
    h.set('RCC.APB2ENR.USBPHYCEN', 1);
    h.write('USBPHYC.LDO', h.read('USBPHYC.LDO') | 4);
    expect(h.read('USBPHYC.LDO') & 6).toBe(6);
    h.write('USBPHYC.PLL1', 0xb);
    expect(h.read('USBPHYC.PLL1')).toBe(0xb);
    expect(h.system.read(0x40017c00, 4)).toBe(0xb);
  });
});
