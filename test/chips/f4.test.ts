/** STM32F405 and STM32F411: where they start, part numbers, reset flags, places of their blocks. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { STM32F405RG } from '../../src/chips/stm32f405.ts';
import { STM32F411RE } from '../../src/chips/stm32f411.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { StChip } from '../peripherals/st-chip.ts';
import { BriefMachine, BriefSystem } from '../brief.ts';

const CHIPS = [STM32F405RG, STM32F411RE].map((c) => [c.name, c] as const);

describe.each(CHIPS)('%s starts (AN2606 Table 2, pattern 1)', (_, chip) => {
  it.each([
    ['flash', 0, {}],
    ['rom', 1, { 'boot0.level': 1 }],
    ['sram1', 3, { 'boot0.level': 1, 'boot1.level': 1 }],
    ['flash', 0, { 'boot1.level': 1 }],
    ['flash', 0, { 'boot0.level': 1, 'option.RDP': 0xcc }],
    ['rom', 1, { 'boot0.level': 1, 'option.RDP': 0x55 }],
  ] as const)('from %s with MEM_MODE = %i: %j', (where, mode, parameters) => {
    const m = new BriefMachine({ chip, models: MODELS, parameters, seed: 1 });
    m.eraseNonVolatile();
    for (const base of [0x08000000, 0x1fff0000]) {
      const bytes = new Uint8Array(Uint32Array.from([0x20002000, base + 0x101]).buffer);
      m.load(base, bytes);
    }
    m.powerOn();
    expect(m.system.regionAt(0)?.memory?.row.name).toBe(where);
    expect(m.fieldValue('SYSCFG.MEMRMP.MEM_MODE')).toBe(mode);
    if (where === 'rom') expect(m.bootCore.pc).toBe(0x1fff0100);
    if (where === 'flash') expect(m.bootCore.pc).toBe(0x08000100);
  });
});

describe.each(CHIPS)('%s rows', (_, chip) => {
  it('every reset flag of RCC_CSR has a row', () => {
    const csr = chip.facts['RCC']!.registers.find((r) => r.name === 'CSR')!;
    expect(new Set(chip.resetFlags!.flags.map((f) => f.field.replace('RCC.CSR.', '')))).toEqual(
      new Set(csr.fields.map((f) => f.name).filter((n) => n.endsWith('RSTF'))),
    );
  });
  it('no two blocks or memories overlap', () => {
    const spans = [...chip.blocks, ...chip.memories].map((b) => [b.base, b.base + b.size, b.name] as const).sort((a, b) => a[0] - b[0]);
    const bad = spans.filter((s, i) => i > 0 && s[0] < spans[i - 1]![1]).map((s) => s[2]);
    expect(bad).toEqual([]);
  });
  it('every enable bit of a block in RCC belongs to a row, memories and unused ones aside', () => {
    const used = new Set(chip.blocks.map((b) => b.clock));
    const bits = chip.facts['RCC']!.registers.filter((r) => r.name.endsWith('ENR') && !r.name.endsWith('LPENR')).flatMap((r) =>
      r.fields.map((f) => `${r.name}.${f.name}`),
    );
    expect(bits.filter((b) => !used.has(b)).sort()).toEqual(
      chip === STM32F405RG ? ['AHB1ENR.BKPSRAMEN', 'AHB1ENR.CCMDATARAMEN', 'AHB1ENR.OTGHSULPIEN'] : [],
    );
  });
});

describe.each(CHIPS)('%s SYSCFG', (_, chip) => {
  it('maps the ROM to 0 without its clock; EXTICR needs the clock (micropython PR 4862)', () => {
    const h = new StChip(chip);
    h.write('SYSCFG.EXTICR1', 0x2);
    h.write('SYSCFG.MEMRMP', 1);
    expect([h.read('SYSCFG.MEMRMP') & 3, h.read('SYSCFG.EXTICR1')]).toEqual([1, 0]);
    expect(h.system.regionAt(0)?.memory?.row.name).toBe('rom');
    h.set('RCC.APB2ENR.SYSCFGEN', 1);
    h.write('SYSCFG.EXTICR1', 0x2);
    expect(h.read('SYSCFG.EXTICR1')).toBe(2);
  });
});

describe('part numbers', () => {
  it.each([
    ['stm32f405', 'STM32F405RG', 1024],
    ['STM32F405RGT6', 'STM32F405RG', 1024],
    ['stm32f405vg', 'STM32F405VG', 1024],
    ['STM32F405OEY6', 'STM32F405OE', 512],
    ['stm32f411', 'STM32F411RE', 512],
    ['STM32F411CEU6', 'STM32F411CE', 512],
    ['stm32f411vc', 'STM32F411VC', 256],
    ['STM32F407VET6', 'STM32F407VE', 512],
    ['stm32f401ccu6', 'STM32F401CC', 256],
    ['f446re', 'STM32F446RE', 512],
    ['STM32F429ZIT6', 'STM32F429ZI', 2048],
    ['STM32F412CGU6', 'STM32F412CG', 1024],
    ['STM32F413ZHT6', 'STM32F413ZH', 1536],
    ['STM32F469NIH6', 'STM32F469NI', 2048],
  ] as const)('%s is %s with %i KB', (typed, name, kilobytes) => {
    const chip = findChip(typed);
    expect(chip?.name).toBe(name);
    expect(chip?.memories.find((m) => m.name === 'flash')?.size).toBe(kilobytes * 1024);
    const system = new BriefSystem(chip!, MODELS);
    system.resetBlocks('power');
    expect(system.read(0x1fff7a22, 2)).toBe(kilobytes);
  });
  it.each(['STM32F405RE', 'STM32F411RG', 'STM32F410RB'])('%s is not here', (name) => expect(findChip(name)).toBeUndefined());
});

describe('backup SRAM', () => {
  it.each(['stm32f405rg', 'stm32f429zi', 'stm32f446re', 'stm32f469ni', 'stm32f722re', 'stm32f746zg', 'stm32f767zi'])(
    '%s has 4 KB at 0x40024000, behind its clock and DBP',
    (name) => {
      const system = new BriefSystem(findChip(name)!, MODELS);
      system.resetBlocks('power');
      const ahb1enr = 0x40023830;
      const clock = system.read(ahb1enr, 4) | (1 << 18);
      const last = 0x40024ffc;
      // RM0090 5.1.2: DBP protects it, and the clock of PWR has to be on to set that
      system.write(ahb1enr, 4, clock);
      system.write(0x40023840, 4, 1 << 28);
      system.pokeMemory('bkpsram', 0xffc, Uint8Array.of(1, 2, 3, 4));
      system.write(last, 4, 0x12345678);
      expect(system.read(last, 4)).toBe(0x04030201);
      system.write(0x40007000, 4, system.read(0x40007000, 4) | (1 << 8));
      for (const at of [0x40024000, last]) {
        system.write(at, 4, 0x12345678);
        expect(system.read(at, 4)).toBe(0x12345678);
      }
      // without its clock it is silent, and keeps what it has
      system.write(ahb1enr, 4, clock & ~(1 << 18));
      expect(system.read(last, 4)).toBe(0);
      system.write(last, 4, 0);
      system.write(ahb1enr, 4, clock);
      expect(system.read(last, 4)).toBe(0x12345678);
    },
  );
  it.each(['stm32f401re', 'stm32f411re', 'stm32f412zg', 'stm32f413zh'])('%s has none', (name) => {
    expect(new BriefSystem(findChip(name)!, MODELS).regionAt(0x40024000)).toBeNull();
  });
});
