/** What STM32WB has beside L4: HSEPRE, LSI2, low-power modes of two cores, option registers of CPU2. Clock tree and flash sequences are with those of all chips. */
import { describe, expect, it } from 'vitest';
import { STM32WB55RG } from '../../src/chips/stm32wb.ts';
import { MS } from '../../src/emu/time.ts';
import { StChip } from './st-chip.ts';

// ST HAL: FLASH_KEY1 and so on
const KEY1 = 0x45670123;
const KEY2 = 0xcdef89ab;
const OPTKEY1 = 0x08192a3b;
const OPTKEY2 = 0x4c5d6e7f;

const chip = new StChip(STM32WB55RG);
const fresh = (): StChip => chip.again();

describe('RCC of WB', () => {
  it('HSEPRE halves HSE for SYSCLK', () => {
    const h = fresh();
    h.set('RCC.CR.HSEON', 1);
    h.wait(20 * MS);
    h.set('RCC.CFGR.SW', 2);
    h.wait(MS);
    expect(h.hz('sysclk')).toBe(32_000_000);
    h.set('RCC.CR.HSEPRE', 1);
    expect(h.hz('sysclk')).toBe(16_000_000);
  });
  it('LSI is there with LSI2 alone', () => {
    const h = fresh();
    h.set('RCC.CSR.LSI2ON', 1);
    expect(h.hz('lsi')).toBeNull();
    h.wait(10 * MS);
    expect([h.get('RCC.CSR.LSI2RDY'), h.get('RCC.CSR.LSI1RDY'), h.hz('lsi')]).toEqual([1, 0, 32_000]);
  });
});

describe('low-power modes of WB', () => {
  it.each([
    [0, 0],
    [3, 1],
    [4, 1],
  ])('with Standby asked by CPU1 and %i by CPU2, C1SBF is %i behind the wake-up', (second, flag) => {
    const h = fresh();
    h.wait(MS);
    h.set('PWR.CR1.LPMS', 3);
    h.set('PWR.C2CR1.LPMS', second);
    h.set('PWR.CR3.EWUP1', 1);
    h.system.setWire('core.deepsleep.0', 1);
    h.wait(MS);
    h.system.setWire('in.PA0', 1);
    h.wait(MS);
    expect(h.get('PWR.EXTSCR.C1SBF')).toBe(flag);
    h.set('PWR.EXTSCR.C1CSSF', 1);
    expect(h.get('PWR.EXTSCR.C1SBF')).toBe(0);
  });
});

describe('option bytes of WB', () => {
  it('CPU1 changes OPTR and not SFR; OPTSTRT writes OPTR to 0x1FFF8000', () => {
    const h = fresh();
    for (const key of [KEY1, KEY2]) h.write('FLASH.KEYR', key);
    for (const key of [OPTKEY1, OPTKEY2]) h.write('FLASH.OPTKEYR', key);
    const secure = h.read('FLASH.SFR');
    h.set('FLASH.SFR.SFSA', 0x12);
    expect(h.read('FLASH.SFR')).toBe(secure);
    h.set('FLASH.OPTR.nBOOT0', 0);
    h.set('FLASH.CR.OPTSTRT', 1);
    h.wait(100 * MS);
    const words = new DataView(h.system.memoryBytes('options').slice(0, 8).buffer);
    expect(words.getUint32(0, true)).toBe(h.read('FLASH.OPTR'));
    expect(words.getUint32(4, true)).toBe(~h.read('FLASH.OPTR') >>> 0);
  });
});
