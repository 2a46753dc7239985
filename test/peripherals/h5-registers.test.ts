/** Reset values and write masks of every modelled register of the core peripherals, against ST's SVD. */
import { describe, expect, it } from 'vitest';
import type { RegisterBlock } from '../../src/emu/registers.ts';
import { H5 } from './h5.ts';

const BLOCKS = ['RCC', 'PWR', 'FLASH', 'ICACHE', 'SBS', 'DBGMCU'];

/** Write masks that differ from the SVD, with the reason. */
const MASKS: Readonly<Record<string, string>> = {
  'RCC.BDCR': 'LSERDY, LSIRDY and LSECSSD are flags of the hardware; the SVD calls the whole register read-write',
  'RCC.RSR': 'the flags are the hardware’s, only RMVF is written',
  'RCC.CICR': 'clear bits read 0',
};
/** Reset values that differ from the SVD. */
const RESETS: Readonly<Record<string, string>> = {
  'DBGMCU.IDCODE': 'the SVD has no reset value for DEV_ID and REV_ID',
};
/** Registers that do not read their reset value right after power-on. */
const AFTER_POWER: Readonly<Record<string, string>> = {
  'FLASH.OPTSR_CUR': 'option bytes',
  'FLASH.OPTSR_PRG': 'option bytes',
  'FLASH.OPTSR2_CUR': 'option bytes',
  'FLASH.OPTSR2_PRG': 'option bytes',
  'FLASH.NSBOOTR_CUR': 'option bytes',
  'FLASH.NSBOOTR_PRG': 'option bytes',
  'FLASH.SECBOOTR_CUR': 'option bytes',
  'FLASH.SECBOOTR_PRG': 'option bytes',
  'FLASH.WRP1R_CUR': 'option bytes',
  'FLASH.WRP1R_PRG': 'option bytes',
  'FLASH.WRP2R_CUR': 'option bytes',
  'FLASH.WRP2R_PRG': 'option bytes',
  'FLASH.HDP1R_CUR': 'option bytes',
  'FLASH.HDP1R_PRG': 'option bytes',
  'FLASH.HDP2R_CUR': 'option bytes',
  'FLASH.HDP2R_PRG': 'option bytes',
  'PWR.VMSR': 'VDDIO2 is present on the board',
};

const chip = new H5();
chip.set('PWR.DBPCR.DBP', 1);
chip.set('RCC.APB3ENR.SBSEN', 1);
const poweredOn = chip.system.save();
/** The chip after power-on, clocked and with access to the backup domain; much cheaper than a new one. */
const fresh = (): H5 => {
  chip.system.restore(poweredOn);
  return chip;
};

describe.each(BLOCKS)('%s registers', (name) => {
  const block = chip.system.block(name).component as RegisterBlock;
  const modelled = block.layout.registers.filter((r) => block.isModelled(r));

  it('has behaviour for at least one register', () => expect(modelled.length).toBeGreaterThan(0));

  it.each(modelled.map((r) => [r.name, r] as const))('%s: reset value and write mask are the SVD’s', (_, r) => {
    const path = `${name}.${r.name}`;
    if (path in MASKS) expect(block.writableMask(r)).not.toBe(r.writable);
    else expect(block.writableMask(r)).toBe(r.writable);
    if (path in RESETS) expect(block.resetValue(r)).not.toBe(r.reset);
    else expect(block.resetValue(r)).toBe(r.reset);
  });

  it.each(modelled.map((r) => [r.name, r] as const))('%s: reads its reset value after power-on', (_, r) => {
    const h = fresh();
    const path = `${name}.${r.name}`;
    if (path in AFTER_POWER) expect(h.read(path)).not.toBe(block.resetValue(r));
    else if (path !== 'RCC.APB3ENR' && path !== 'PWR.DBPCR') expect(h.read(path)).toBe(block.resetValue(r));
  });

  it.each(modelled.map((r) => [r.name, r] as const))('%s: a write changes no bit outside its mask', (_, r) => {
    for (const value of [0xffffffff, 0]) {
      const h = fresh();
      const path = `${name}.${r.name}`;
      // Flags that such a write itself starts or ends, by the documented rules.
      const hardware: Record<string, number> = { 'RCC.CR': h.field('RCC.CR.HSIDIVF').mask, 'RCC.RSR': 0xfc000000, 'PWR.USBSCR': 0 };
      const before = h.read(path);
      h.write(path, value);
      const changed = (h.read(path) ^ before) >>> 0;
      expect(changed & ~(block.writableMask(r) | (hardware[path] ?? 0))).toBe(0);
    }
  });
});
