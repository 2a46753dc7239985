/** Reset values and write masks of every modelled register of the H745's core peripherals, against ST's SVD as corrected by the CMSIS header. */
import { describe, expect, it } from 'vitest';
import { STM32H745XI } from '../../src/chips/stm32h745.ts';
import type { RegisterBlock } from '../../src/emu/registers.ts';
import { StChip } from './st-chip.ts';

const BLOCKS = ['RCC', 'PWR', 'FLASH', 'SYSCFG', 'EXTI', 'HSEM', 'DBGMCU'];

/** Write masks that differ from the SVD, with the reason. */
const FLAGS = 'the SVD calls status bits read-write; they are the hardware’s';
const MASKS: Readonly<Record<string, string>> = {
  'RCC.CR': FLAGS,
  'RCC.CFGR': FLAGS,
  'RCC.BDCR': FLAGS,
  'RCC.CSR': FLAGS,
  'RCC.CIFR': FLAGS,
  'RCC.RSR': FLAGS,
  'RCC.C1_RSR': FLAGS,
  'RCC.C2_RSR': FLAGS,
  'RCC.CICR': 'clear bits read 0',
  'PWR.CR3': 'the SVD lets software write USBREGEN but not USB33DEN, which ST’s drivers set',
  'FLASH.KEYR1': 'write-only',
  'FLASH.OPTKEYR': 'write-only',
  'FLASH.SR1': FLAGS,
  'FLASH.SR2': FLAGS,
  'FLASH.CCR1': 'clear bits read 0',
  'FLASH.CCR2': 'clear bits read 0',
  'FLASH.OPTSR_CUR': 'the option bytes in force',
  'FLASH.SCAR_CUR1': 'the option bytes in force',
  'FLASH.SCAR_CUR2': 'the option bytes in force',
  'FLASH.BOOT7_PRG': 'the SVD calls it read-only; it is how the addresses are programmed',
  'SYSCFG.CCCSR': FLAGS,
  'EXTI.C1PR1': 'cleared by writing one',
  'EXTI.C2PR1': 'cleared by writing one',
  'EXTI.C1IMR3': 'the SVD has lost the access of lines 64 to 88',
  'EXTI.C2IMR3': 'the SVD has lost the access of lines 64 to 88',
  'EXTI.C1EMR3': 'the SVD has lost the access of lines 64 to 88',
  'EXTI.C2EMR3': 'the SVD has lost the access of lines 64 to 88',
  'HSEM.C1ICR': 'clear bits read 0',
  'HSEM.C2ICR': 'clear bits read 0',
};
const USER = 'shows the option bytes';
for (const n of [1, 2, 3, 4]) (MASKS as Record<string, string>)[`SYSCFG.UR${n}`] = USER;
/** Reset values that differ from the SVD. */
const RESETS = new Set(['FLASH.CR1', 'FLASH.CR2', 'FLASH.OPTCR', 'RCC.RSR', 'RCC.C1_RSR', 'RCC.C2_RSR', 'DBGMCU.IDC']);
/** Registers that do not read their reset value right after power-on: option bytes, ready HSI, what wires show. */
const AFTER_POWER = /^FLASH\.(OPTSR|BOOT[74]|WPSN|PRAR|SCAR).*(CUR|PRG)|^SYSCFG\.UR|^RCC\.CR$/;
/** Bits that a write itself starts or ends, by the documented rules. */
const HARDWARE: Readonly<Record<string, number>> = {
  'RCC.RSR': 0xfffe0000,
  'RCC.C1_RSR': 0xfffe0000,
  'RCC.C2_RSR': 0xfffe0000,
  'RCC.CR': 0x3f00a124 /* ready flags fall and rise */,
};

const chip = new StChip(STM32H745XI);
const clocked = (): StChip => {
  chip.again();
  chip.set('RCC.APB4ENR.SYSCFGEN', 1);
  chip.set('RCC.AHB4ENR.HSEMEN', 1);
  chip.set('PWR.CR1.DBP', 1);
  return chip;
};
const CHANGED = new Set(['RCC.APB4ENR', 'RCC.C1_APB4ENR', 'RCC.AHB4ENR', 'RCC.C1_AHB4ENR', 'PWR.CR1']);

describe.each(BLOCKS)('%s registers', (name) => {
  const block = chip.system.block(name).component as unknown as RegisterBlock;
  const modelled = block.layout.registers.filter((r) => block.isModelled(r)).map((r) => [r.name, r] as const);

  it('has behaviour for at least one register', () => expect(modelled.length).toBeGreaterThan(0));

  it.each(modelled)('%s: write mask and reset value are the SVD’s', (_n, r) => {
    const path = `${name}.${r.name}`;
    if (path in MASKS) expect(block.writableMask(r)).not.toBe(r.writable);
    else expect(block.writableMask(r)).toBe(r.writable);
    if (RESETS.has(path)) expect(block.resetValue(r)).not.toBe(r.reset);
    else expect(block.resetValue(r)).toBe(r.reset);
  });

  // A read of RLR takes the semaphore.
  it.each(modelled.filter(([n]) => !n.startsWith('RLR')))('%s: reads its reset value after power-on', (_n, r) => {
    const h = clocked();
    const path = `${name}.${r.name}`;
    if (!CHANGED.has(path) && !AFTER_POWER.test(path)) expect(h.read(path)).toBe(block.resetValue(r));
  });

  it.each(modelled.filter(([n]) => !/^(KEYR|OPTKEYR|R\d|RLR)/.test(n)))('%s: a write changes no bit outside its mask', (_n, r) => {
    for (const value of [0xffffffff, 0]) {
      const h = clocked();
      const path = `${name}.${r.name}`;
      const before = h.read(path);
      h.write(path, value);
      const diff = (h.read(path) ^ before) >>> 0;
      expect((diff & ~(block.writableMask(r) | (HARDWARE[path] ?? 0))) >>> 0).toBe(0);
    }
  });
});
