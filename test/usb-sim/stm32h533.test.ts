import { describe, expect, it } from 'vitest';
import { STM32H533RE } from '../../src/chips/stm32h533.ts';
import { Layout } from '../../src/emu/registers.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { benchOn, MS, US, type Bench } from './firmware.ts';
import { BriefSystem } from '../brief.ts';

/** The real chip's RCC, PWR and CRS around the USB block; what firmware has to switch on. */
function h533(): { b: Bench; set(path: string, value: number): void; get(path: string): number } {
  const system = new BriefSystem(STM32H533RE, MODELS);
  const b = benchOn(system, () => system.resetBlocks('power'));
  const place = (path: string): { address: number; mask: number; bit: number } => {
    const [block, field] = [path.slice(0, path.indexOf('.')), path.slice(path.indexOf('.') + 1)];
    const row = system.block(block).row;
    const f = new Layout(STM32H533RE.facts[row.facts ?? row.name]!).field(field);
    return { address: row.base + f.register.offset, mask: f.mask, bit: f.bit };
  };
  return {
    b,
    get: (path) => ((system.read(place(path).address, 4) & place(path).mask) >>> place(path).bit) >>> 0,
    set: (path, value) => {
      const { address, mask, bit } = place(path);
      system.write(address, 4, ((system.read(address, 4) & ~mask) | (value << bit)) >>> 0);
    },
  };
}
const PREPARE: readonly (readonly [string, number])[] = [
  ['RCC.CR.HSI48ON', 1],
  ['RCC.CCIPR4.USBSEL', 3],
  ['PWR.USBSCR.USB33SV', 1],
  ['RCC.AHB2ENR.GPIOAEN', 1],
  ['GPIOA.AFRH.AFSEL11', 10],
  ['GPIOA.AFRH.AFSEL12', 10],
  ['GPIOA.MODER.MODE11', 2],
  ['GPIOA.MODER.MODE12', 2],
];

describe('STM32H533: what USB needs outside its block', () => {
  it('HSI48 as the kernel clock and the supply-valid bit: enumerates, and CRS counts SOFs', () => {
    const { b, set, get } = h533();
    for (const [path, value] of PREPARE) set(path, value);
    set('RCC.APB1LENR.CRSEN', 1);
    set('CRS.CFGR.SYNCSRC', 2);
    set('CRS.CR.AUTOTRIMEN', 1);
    set('CRS.CR.CEN', 1);
    b.until(1 * MS);
    b.firmware.start();
    b.until(500 * MS);
    expect(b.usb.dfuReady).toBe(true);
    expect(get('CRS.ISR.SYNCOKF')).toBe(1);
  });
  it('without USB33SV there is no pull-up at all', () => {
    const { b, set } = h533();
    for (const [path, value] of PREPARE) if (!path.startsWith('PWR')) set(path, value);
    b.until(1 * MS);
    b.firmware.start();
    b.until(500 * MS);
    expect(b.usb.sessions).toEqual([]);
    set('PWR.USBSCR.USB33SV', 1);
    b.until(501 * MS);
    expect(b.usb.sessions).toHaveLength(1);
  });
  it.each(['RCC.CR.HSI48ON', 'RCC.CCIPR4.USBSEL'])('without %s the pull-up is seen and nothing answers', (left) => {
    const { b, set } = h533();
    for (const [path, value] of PREPARE) if (path !== left) set(path, value);
    b.until(1 * MS);
    b.firmware.start();
    b.until(2500 * MS);
    expect(b.usb.sessions).toMatchObject([{ vid: null, servedBy: null }]);
    expect(b.usb.unansweredSince! / MS).toBeCloseTo(211, -1);
  });
  it('a system reset ends the session by reset', () => {
    const { b, set } = h533();
    for (const [path, value] of PREPARE) set(path, value);
    b.until(1 * MS);
    b.firmware.start();
    b.until(500 * MS);
    b.usb.chipReset();
    b.system.resetBlocks('system');
    b.until(510 * MS);
    expect(b.usb.sessions[0]).toMatchObject({ endedBy: 'reset', endedAt: 500 * MS + 2.5 * US });
  });
});
