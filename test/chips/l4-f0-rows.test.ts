/** Rows of L476, L496 and F072 against the SVD, and the other parts of their lines. */
import { describe, expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import type { GeneratedFacts } from '../../src/chips/facts.ts';
import f0 from '../../src/chips/generated/stm32f0x2.json' with { type: 'json' };
import l476 from '../../src/chips/generated/stm32l476.json' with { type: 'json' };
import l496 from '../../src/chips/generated/stm32l496.json' with { type: 'json' };
import { STM32F072_ABSENT, STM32F072RB } from '../../src/chips/stm32f072.ts';
import { STM32L476_ABSENT, STM32L476RG } from '../../src/chips/stm32l476.ts';
import { STM32L496_ABSENT, STM32L496ZG } from '../../src/chips/stm32l496.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefSystem } from '../brief.ts';

const ROWS = [
  ['STM32L476RG', STM32L476RG, l476, STM32L476_ABSENT],
  ['STM32L496ZG', STM32L496ZG, l496, STM32L496_ABSENT],
  ['STM32F072RB', STM32F072RB, f0, STM32F072_ABSENT],
] as const;

describe.each(ROWS)('%s against the SVD', (_, chip, generated: GeneratedFacts, absent: readonly string[]) => {
  it('has a row for every peripheral of the part, at its base, with the registers of its type', () => {
    for (const p of generated.peripherals) {
      const row = chip.blocks.find((b) => b.name === (chip.covered?.[p.name] ?? p.name));
      expect(row === undefined, p.name).toBe(absent.includes(p.name));
      if (!row || chip.covered?.[p.name]) continue;
      expect(row.base, p.name).toBe(parseInt(p.base, 16));
      const last = chip.facts[p.name]!.registers.at(-1);
      expect(row.size, p.name).toBeGreaterThanOrEqual(last ? last.offset + last.size : 0);
      // The USARTs share facts in which the cut ADD field is joined.
      if (!p.name.includes('ART')) expect(chip.facts[row.facts ?? row.name], p.name).toBe(chip.facts[p.name]);
    }
  });
  it('has no row that the SVD does not know', () => {
    const known = new Set([...generated.peripherals.map((p) => p.name), ...Object.values(chip.covered ?? {})]);
    expect(chip.blocks.filter((b) => !known.has(b.name)).map((b) => b.name)).toEqual([]);
  });
  it('every reset flag row names a field of RCC_CSR, and every flag has a row', () => {
    const csr = chip.facts['RCC']!.registers.find((r) => r.name === 'CSR')!;
    const rows = chip.resetFlags!.flags.map((f) => f.field.replace('RCC.CSR.', ''));
    // V18PWRRSTF belongs to parts with a 1.8 V supply.
    expect(new Set(rows)).toEqual(new Set(csr.fields.map((f) => f.name).filter((n) => n.endsWith('RSTF') && n !== 'V18PWRRSTF')));
  });
});

describe('part numbers', () => {
  it.each([
    ['stm32l476', 'STM32L476RG', 1024],
    ['STM32L476RGT6', 'STM32L476RG', 1024],
    ['stm32l476xg', 'STM32L476RG', 1024],
    ['STM32L476VET6', 'STM32L476VE', 512],
    ['stm32l476vc', 'STM32L476VC', 256],
    ['stm32l496', 'STM32L496ZG', 1024],
    ['STM32L496ZGT6P', 'STM32L496ZG', 1024],
    ['STM32L496AEI6', 'STM32L496AE', 512],
    ['stm32f072', 'STM32F072RB', 128],
    ['STM32F072C8T6', 'STM32F072C8', 64],
    ['stm32f072vb', 'STM32F072VB', 128],
  ] as const)('%s is %s with %i KB', (typed, name, kilobytes) => {
    const chip = findChip(typed);
    expect(chip?.name).toBe(name);
    expect(chip?.memories.find((m) => m.name === 'flash')?.size).toBe(kilobytes * 1024);
    const id = { L4: 0x1fff75e0, F0: 0x1ffff7cc }[chip!.family.slice(-2)]!;
    const system = new BriefSystem(chip!, MODELS);
    system.resetBlocks('power');
    expect(system.read(id, 2)).toBe(kilobytes);
  });
  it.each(['STM32L476RB', 'STM32L476TG', 'STM32F072R6', 'STM32L496ZC', 'STM32F072'.concat('QB')])('%s does not exist', (name) =>
    expect(findChip(name)).toBeUndefined(),
  );
});
