import { describe, expect, it } from 'vitest';
import { MS, US } from '../../src/emu/time.ts';
import { H5 } from './h5.ts';

describe('PWR H5', () => {
  it('VOSRDY falls with a change of VOS and rises 10.5 µs later; only then is the range in force', () => {
    const h = new H5();
    expect(h.read('PWR.VOSSR')).toBe(0x2008);
    h.set('PWR.VOSCR.VOS', 3);
    expect(h.get('PWR.VOSSR.VOSRDY')).toBe(0);
    h.wait(10.5 * US - 1);
    expect(h.system.wire('vos')).toBe(0);
    h.wait(1);
    expect(h.get('PWR.VOSSR.VOSRDY')).toBe(1);
    expect(h.get('PWR.VOSSR.ACTVOS')).toBe(3);
    expect(h.system.wire('vos')).toBe(3);
    h.reset('software');
    expect(h.system.wire('vos')).toBe(0);
  });
  it('the USB transceiver has a supply when USB33SV is set and VDDUSB is there', () => {
    const h = new H5();
    expect(h.system.wire('usb.supply')).toBe(0);
    h.set('PWR.USBSCR.USB33DEN', 1);
    expect(h.system.wire('usb.supply')).toBe(0);
    h.set('PWR.USBSCR.USB33SV', 1);
    expect(h.system.wire('usb.supply')).toBe(1);
    const dead = new H5({ 'vddusb.volts': 0 });
    dead.set('PWR.USBSCR.USB33SV', 1);
    expect(dead.system.wire('usb.supply')).toBe(0);
    dead.system.setParameter('vddusb.volts', 3.3);
    dead.system.setWire('supplies', 1);
    expect(dead.system.wire('usb.supply')).toBe(1);
  });
  it('USB33RDY needs the detector, its time and a voltage', () => {
    const h = new H5();
    h.set('PWR.USBSCR.USB33SV', 1);
    h.wait(1 * MS);
    expect(h.get('PWR.VMSR.USB33RDY')).toBe(0);
    h.set('PWR.USBSCR.USB33DEN', 1);
    expect(h.get('PWR.VMSR.USB33RDY')).toBe(0);
    h.wait(10 * US);
    expect(h.get('PWR.VMSR.USB33RDY')).toBe(1);
    const dead = new H5({ 'vddusb.volts': 1.1 });
    dead.set('PWR.USBSCR.USB33DEN', 1);
    dead.wait(10 * MS);
    expect(dead.get('PWR.VMSR.USB33RDY')).toBe(0);
  });
  it('a system reset takes DBP back', () => {
    const h = new H5();
    h.set('PWR.DBPCR.DBP', 1);
    expect(h.system.wire('dbp')).toBe(1);
    h.reset('iwdg');
    expect(h.system.wire('dbp')).toBe(0);
    expect(h.read('PWR.DBPCR')).toBe(0);
  });
});

describe('ICACHE', () => {
  const time256 = Math.ceil((256 * 1e12) / 32e6);
  it('invalidates itself after reset: BUSYF for 256 clocks', () => {
    const h = new H5();
    expect(h.read('ICACHE.SR')).toBe(1);
    h.wait(time256 - 1);
    expect(h.get('ICACHE.SR.BUSYF')).toBe(1);
    h.wait(1);
    expect(h.read('ICACHE.SR')).toBe(2);
    h.write('ICACHE.FCR', 2);
    expect(h.read('ICACHE.SR')).toBe(0);
  });
  it('is bypassed while it invalidates; disabling starts an invalidation while EN already reads 0', () => {
    const h = new H5();
    h.set('ICACHE.CR.EN', 1);
    expect(h.system.wire('icache.enabled')).toBe(0);
    h.wait(time256);
    expect(h.system.wire('icache.enabled')).toBe(1);
    h.set('ICACHE.CR.EN', 0);
    expect(h.get('ICACHE.CR.EN')).toBe(0);
    expect(h.get('ICACHE.SR.BUSYF')).toBe(1);
    expect(h.system.wire('icache.invalidate')).toBe(2);
  });
  it('a software reset leaves it disabled', () => {
    const h = new H5();
    h.set('ICACHE.CR.EN', 1);
    h.wait(1 * MS);
    h.reset('software');
    expect(h.read('ICACHE.CR')).toBe(4);
    expect(h.system.wire('icache.enabled')).toBe(0);
  });
  it('CACHEINV reads 0, ends with BSYENDF and its interrupt', () => {
    const h = new H5();
    h.wait(1 * MS);
    h.write('ICACHE.FCR', 2);
    h.write('ICACHE.IER', 2);
    h.write('ICACHE.CR', 0x6);
    expect(h.read('ICACHE.CR')).toBe(0x4);
    expect(h.irqs.get(104) ?? false).toBe(false);
    h.wait(time256);
    expect(h.irqs.get(104)).toBe(true);
    h.write('ICACHE.FCR', 2);
    expect(h.irqs.get(104)).toBe(false);
  });
  it('the invalidation follows a clock switch', () => {
    const h = new H5();
    h.wait(time256 / 2);
    h.set('RCC.CR.HSIDIV', 0);
    h.wait(250_000);
    // Eight of the remaining 128 clocks ran at 32 MHz.
    h.wait(Math.ceil((120 * 1e12) / 64e6) - 1);
    expect(h.get('ICACHE.SR.BUSYF')).toBe(1);
    h.wait(1);
    expect(h.get('ICACHE.SR.BUSYF')).toBe(0);
  });
  it('monitors count between enable and disable and saturate', () => {
    const h = new H5();
    h.wait(1 * MS);
    h.system.setWire('icache.hits', 100);
    h.system.setWire('icache.misses', 7);
    h.write('ICACHE.CR', 0x5 | (3 << 16));
    h.system.setWire('icache.hits', 150);
    h.system.setWire('icache.misses', 70_007);
    expect(h.read('ICACHE.HMONR')).toBe(50);
    expect(h.read('ICACHE.MMONR')).toBe(0xffff);
    h.write('ICACHE.CR', 0x5);
    h.system.setWire('icache.hits', 200);
    expect(h.read('ICACHE.HMONR')).toBe(50);
    h.write('ICACHE.CR', 0x5 | (1 << 18));
    expect(h.read('ICACHE.HMONR')).toBe(0);
  });
});

describe('SBS and DBGMCU H5', () => {
  it('lock bits stay set until a reset', () => {
    const h = new H5();
    h.set('RCC.APB3ENR.SBSEN', 1);
    h.write('SBS.CNSLCKR', 1);
    h.write('SBS.CNSLCKR', 0);
    expect(h.system.wire('sbs.lockvtor')).toBe(1);
    h.reset('software');
    expect(h.system.wire('sbs.lockvtor')).toBe(0);
  });
  it('without its clock SBS reads 0 and ignores writes', () => {
    const h = new H5();
    h.write('SBS.CNSLCKR', 1);
    expect(h.read('SBS.FPUIMR')).toBe(0);
    h.set('RCC.APB3ENR.SBSEN', 1);
    expect(h.read('SBS.CNSLCKR')).toBe(0);
    expect(h.read('SBS.FPUIMR')).toBe(0x1f);
  });
  it('IDCODE is 0x478; DBGMCU_CR survives a system reset', () => {
    const h = new H5();
    expect(h.get('DBGMCU.IDCODE.DEV_ID')).toBe(0x478);
    h.write('DBGMCU.CR', 6);
    h.reset('software');
    expect(h.read('DBGMCU.CR')).toBe(6);
  });
});
