/** The row of the H745 against the SVD of its first core, and its boot rules. */
import { describe, expect, it } from 'vitest';
import generated from '../../src/chips/generated/stm32h745.json' with { type: 'json' };
import { findChip } from '../../src/chips/index.ts';
import { STM32H745_ABSENT, STM32H745XI as chip, STM32H745ZI } from '../../src/chips/stm32h745.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefMachine } from '../brief.ts';

/** Lines that the SVD lacks, or gives to another block (CMSIS header stm32h745xx.h). */
const OTHER_LINES = new Set([
  // The SVD has the high-speed port's lines at the full-speed one and the other way round.
  'OTG1_HS_GLOBAL',
  'OTG2_HS_GLOBAL',
  'TIM12',
  'TIM13',
  'TIM14',
  'DAC1',
  'WWDG2',
  'HSEM',
  'EXTI',
  'FDCAN1',
  'FDCAN_CCU',
  'SDMMC1',
  'SDMMC2',
  'RAMECC1',
  'RAMECC2',
  'RAMECC3',
  'ADC1',
  'ADC2',
  'ADC3_Common',
  'HRTIM_Master',
  'HRTIM_TIMA',
  'HRTIM_TIMB',
  'HRTIM_TIMC',
  'HRTIM_TIMD',
  'HRTIM_TIME',
  'HRTIM_Common',
]);

describe('against the SVD', () => {
  it('has a row for every peripheral of the part, at its base, with the registers of its type', () => {
    for (const p of generated.peripherals) {
      const row = chip.blocks.find((b) => b.name === (chip.covered?.[p.name] ?? p.name));
      expect(row === undefined, p.name).toBe(STM32H745_ABSENT.includes(p.name));
      if (!row || chip.covered?.[p.name]) continue;
      expect(row.base, p.name).toBe(parseInt(p.base, 16));
      const last = chip.facts[p.name]!.registers.at(-1);
      expect(row.size, p.name).toBeGreaterThanOrEqual(last ? last.offset + last.size : 0);
      expect(chip.facts[row.facts ?? row.name], p.name).toBe(chip.facts[p.name]);
    }
  });
  it('uses only interrupt lines that the SVD gives to the block', () => {
    for (const p of generated.peripherals) {
      const row = chip.blocks.find((b) => b.name === p.name);
      if (!row || OTHER_LINES.has(p.name)) continue;
      for (const line of row.irqs ?? []) expect(p.irqs as readonly number[], p.name).toContain(line);
    }
  });
  it('every reset flag row names a field of RCC_RSR, and every flag has a row', () => {
    const rsr = chip.facts['RCC']!.registers.find((r) => r.name === 'RSR')!;
    const rows = chip.resetFlags!.flags.map((f) => f.field.replace('RCC.RSR.', ''));
    expect(new Set(rows)).toEqual(new Set(rsr.fields.map((f) => f.name).filter((n) => n.endsWith('RSTF'))));
  });
  it('memories of both cores do not overlap where one core sees them', () => {
    for (const core of chip.cores) {
      const seen = chip.memories
        .filter((m) => m.core === undefined || m.core === core.name)
        .flatMap((m) => [m.base, ...(m.aliases ?? [])].map((base) => [base, base + m.size] as const))
        .sort((a, b) => a[0] - b[0]);
      for (let i = 1; i < seen.length; i++) expect(seen[i]![0]).toBeGreaterThanOrEqual(seen[i - 1]![1]);
    }
  });
});

describe('part names', () => {
  it.each([
    ['stm32h745', 'STM32H745XI'],
    ['STM32H745XIH6', 'STM32H745XI'],
    ['stm32h745zi', 'STM32H745ZI'],
    ['STM32H745ZIT6', 'STM32H745ZI'],
  ])('%s is %s', (typed, name) => expect(findChip(typed)?.name).toBe(name));
  it('ZI differs by its board', () =>
    expect([chip, STM32H745ZI].map((c) => c.parameters['hse.hz']!.value)).toEqual([25_000_000, 8_000_000]));
});

describe('pattern 10', () => {
  const boots = (parameters: Readonly<Record<string, number>>): readonly [number, number] => {
    const m = new BriefMachine({ chip, models: MODELS, parameters, seed: 1 });
    m.eraseNonVolatile();
    m.powerOn();
    return [m.bootVectors(m.cores[0]!), m.bootVectors(m.cores[1]!)];
  };
  it.each([
    [{}, 0x08000000, 0x08100000],
    [{ 'boot0.level': 1 }, 0x1ff09800, 0x10000000],
    [{ 'option.BOOT_CM7_ADD0': 0x1ff0 }, 0x1ff09800, 0x08100000],
    [{ 'option.BOOT_CM7_ADD0': 0x2400, 'option.BOOT_CM4_ADD0': 0x3000 }, 0x24000000, 0x30000000],
    [{ 'boot0.level': 1, 'option.BOOT_CM7_ADD1': 0x0804 }, 0x08040000, 0x10000000],
  ] as const)('%j: cm7 at %i, cm4 at %i', (parameters, cm7, cm4) =>
    expect(boots(parameters as Readonly<Record<string, number>>)).toEqual([cm7, cm4]),
  );
});
