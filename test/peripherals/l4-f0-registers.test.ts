/** Reset values and write masks of every modelled register of the core peripherals of L4 and F0, against ST's SVD. */
import { describe, expect, it } from 'vitest';
import { STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32L476RG } from '../../src/chips/stm32l476.ts';
import { STM32L496ZG } from '../../src/chips/stm32l496.ts';
import type { RegisterBlock } from '../../src/emu/registers.ts';
import { StChip } from './st-chip.ts';

const BLOCKS = ['RCC', 'PWR', 'FLASH', 'SYSCFG', 'EXTI', 'DBGMCU'];

/** Write masks that differ from the SVD, with the reason. */
const MASKS: Readonly<Record<string, string>> = {
  'RCC.CFGR': 'SWS is the hardware’s; the SVD calls it read-write',
};
/** Bits that software can set but not clear: write-only in the SVD, kept by the model. */
const SET_ONLY: Readonly<Record<string, number>> = { 'RCC.CR': 0x00080008 /* L4: CSSON, MSIRGSEL */ };
/** Reset values that differ from the SVD. */
const RESETS: Readonly<Record<string, string>> = {
  'DBGMCU.IDCODE': 'the SVD has no reset value for DEV_ID and REV_ID',
};
/** Registers that do not read their reset value right after power-on. */
const AFTER_POWER: Readonly<Record<string, RegExp>> = {
  // Option bytes as the factory leaves them.
  STM32L4: /^FLASH\.(OPTR|PCROP\dSR|PCROP\dER|WRP\d[AB]R)$|^PWR\.SR2$/,
  // Option bytes; the voltage reference is ready.
  STM32F0: /^FLASH\.OBR$|^PWR\.CSR$/,
};
/** Bits that such a write itself starts or ends, by the documented rules. */
const HARDWARE: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  STM32L4: {
    'RCC.CSR': 0xff000000, // RMVF
  },
  STM32F0: {
    'RCC.CSR': 0xff800000,
    'FLASH.ACR': 0x20 /* PRFTBS */,
    'FLASH.AR': 0xffffffff,
  },
};

describe.each([STM32L476RG, STM32L496ZG, STM32F072RB].map((c) => [c.name, c] as const))('%s', (_, description) => {
  const chip = new StChip(description);
  const clocked = (): StChip => {
    chip.again();
    if (description.family === 'STM32L4') {
      chip.set('RCC.APB1ENR1.PWREN', 1);
      chip.set('RCC.APB2ENR.SYSCFGEN', 1);
    } else {
      chip.set('RCC.APB1ENR.PWREN', 1);
      chip.write('RCC.APB2ENR', 0x00400001);
    }
    chip.set(`PWR.${description.family === 'STM32L4' ? 'CR1' : 'CR'}.DBP`, 1);
    return chip;
  };
  const changed = new Set(
    description.family === 'STM32L4' ? ['RCC.APB1ENR1', 'RCC.APB2ENR', 'PWR.CR1'] : ['RCC.APB1ENR', 'RCC.APB2ENR', 'PWR.CR'],
  );

  describe.each(BLOCKS)('%s registers', (name) => {
    const block = chip.system.block(name).component as unknown as RegisterBlock;
    const modelled = block.layout.registers.filter((r) => block.isModelled(r)).map((r) => [r.name, r] as const);

    it('has behaviour for at least one register', () => expect(modelled.length).toBeGreaterThan(0));

    it.each(modelled)('%s: write mask and reset value are the SVD’s', (_n, r) => {
      const path = `${name}.${r.name}`;
      const mask = block.writableMask(r);
      // Ready flags are the hardware's in any case: a mask may lack them, and only them.
      const flags = r.fields
        .filter((f) => /RDY$|RSTF$|^(LSECSSD|SWS|RMVF)$/.test(f.name))
        .reduce((m, f) => m | (((2 ** f.width - 1) << f.bit) >>> 0), 0);
      expect((mask & ~r.writable) >>> 0).toBe(description.family === 'STM32L4' ? (SET_ONLY[path] ?? 0) : 0);
      if (path in MASKS || name === 'RCC') expect((r.writable & ~mask & ~flags) >>> 0).toBe(0);
      else expect(mask).toBe(r.writable);
      if (path in RESETS) expect(block.resetValue(r)).not.toBe(r.reset);
      else expect(block.resetValue(r)).toBe(r.reset);
    });

    it.each(modelled)('%s: reads its reset value after power-on', (_n, r) => {
      const h = clocked();
      const path = `${name}.${r.name}`;
      if (AFTER_POWER[description.family]!.test(path)) expect(h.read(path)).not.toBe(block.resetValue(r));
      else if (!changed.has(path)) expect(h.read(path)).toBe(block.resetValue(r));
    });

    it.each(modelled)('%s: a write changes no bit outside its mask', (_n, r) => {
      for (const value of [0xffffffff, 0]) {
        const h = clocked();
        const path = `${name}.${r.name}`;
        const before = h.read(path);
        h.write(path, value);
        const diff = (h.read(path) ^ before) >>> 0;
        expect((diff & ~(block.writableMask(r) | (HARDWARE[description.family]![path] ?? 0))) >>> 0).toBe(0);
      }
    });
  });
});
