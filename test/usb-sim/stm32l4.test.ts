import { describe, expect, it } from 'vitest';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { STM32L496ZG } from '../../src/chips/stm32l496.ts';
import { Layout } from '../../src/emu/registers.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { DFU_DEVICE, MS } from './firmware.ts';
import { OtgFirmware, otgBenchOn, type OtgBench } from './otg-firmware.ts';
import { BriefSystem } from '../brief.ts';

/** What firmware has to switch on outside the block, in order; MSI at 48 MHz is system and USB clock. */
const PREPARE: readonly (readonly [string, number])[] = [
  ['RCC.APB1ENR1.PWREN', 1],
  ['PWR.CR2.USV', 1],
  ['FLASH.ACR.LATENCY', 2],
  ['RCC.CR.MSIRANGE', 11],
  ['RCC.CR.MSIRGSEL', 1],
  ['RCC.CCIPR.CLK48SEL', 3],
  ['RCC.AHB2ENR.GPIOAEN', 1],
  ['GPIOA.AFRH.AFRH11', 10],
  ['GPIOA.AFRH.AFRH12', 10],
  ['GPIOA.MODER.MODER11', 2],
  ['GPIOA.MODER.MODER12', 2],
];

describe.each([
  ['STM32L476', STM32L476RG],
  ['STM32L496', STM32L496ZG],
] as const)('%s: what USB needs outside its block', (_name, chip) => {
  function board(): { b: OtgBench; set(path: string, value: number): void } {
    const system = new BriefSystem(chip, MODELS);
    const set = (path: string, value: number): void => {
      const block = path.slice(0, path.indexOf('.'));
      const row = system.block(block).row;
      const f = new Layout(chip.facts[row.facts ?? row.name]!).field(path.slice(path.indexOf('.') + 1));
      const address = row.base + f.register.offset;
      system.write(address, 4, ((system.read(address, 4) & ~f.mask) | (value << f.bit)) >>> 0);
    };
    const firmware = new OtgFirmware(system, DFU_DEVICE, {}, false, () => set('RCC.AHB2ENR.OTGFSEN', 1));
    return { b: otgBenchOn(system, firmware, () => system.resetBlocks('power')), set };
  }
  function prepared(left?: string): ReturnType<typeof board> {
    const it = board();
    for (const [path, value] of PREPARE) if (path !== left) it.set(path, value);
    it.b.until(1 * MS);
    return it;
  }

  it('all of it: enumerates', () => {
    const { b } = prepared();
    b.firmware.start();
    b.until(500 * MS);
    expect(b.usb.dfuReady).toBe(true);
    expect(b.notes).toEqual([]);
  });
  it.each(['PWR.CR2.USV', 'RCC.APB1ENR1.PWREN'])('without %s there is no pull-up until the supply is declared valid', (left) => {
    const { b, set } = prepared(left);
    b.firmware.start();
    b.until(500 * MS);
    expect(b.usb.sessions).toEqual([]);
    for (const [path, value] of PREPARE) set(path, value);
    b.until(1000 * MS);
    expect(b.usb.dfuReady).toBe(true);
  });
  it('without a 48 MHz clock the driver hangs in the core reset', () => {
    const { b } = prepared('RCC.CCIPR.CLK48SEL');
    expect(() => b.firmware.start()).toThrow('hangs');
  });
  it('with MSI at its 4 MHz the pull-up is seen and nothing answers', () => {
    const { b } = prepared('RCC.CR.MSIRANGE');
    b.firmware.start();
    b.until(2500 * MS);
    expect(b.usb.sessions).toMatchObject([{ vid: null, servedBy: null }]);
    expect(b.notes.join()).toContain('14.2 MHz');
  });
  it('a system reset ends the session', () => {
    const { b } = prepared();
    b.firmware.start();
    b.until(500 * MS);
    b.usb.chipReset();
    b.system.resetBlocks('system');
    b.until(510 * MS);
    expect(b.usb.sessions[0]).toMatchObject({ endedBy: 'reset' });
  });
});
