import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CHIPS, existsUnmodelled, findChip, LINES, nearestChip, partsOf, suggestChips } from '../../src/chips/index.ts';
import { hasPin } from '../../src/chips/parts.ts';
import { loadFacts, type GeneratedFacts } from '../../src/chips/facts.ts';
import f0 from '../../src/chips/generated/stm32f0x2.json' with { type: 'json' };
import h533 from '../../src/chips/generated/stm32h533.json' with { type: 'json' };
import h745 from '../../src/chips/generated/stm32h745.json' with { type: 'json' };
import l476 from '../../src/chips/generated/stm32l476.json' with { type: 'json' };
import l496 from '../../src/chips/generated/stm32l496.json' with { type: 'json' };
import { Layout } from '../../src/emu/registers.ts';

const GENERATED: Readonly<Record<string, GeneratedFacts>> = { f0, h533, h745, l476, l496 };

it('docs/chips.md names the lines that are modelled, all of them and no others', () => {
  const rows = readFileSync(new URL('../../docs/chips.md', import.meta.url), 'utf8').matchAll(/^\| ([CFGHLUW][^|]*) \|/gm);
  const named = [...rows].flatMap(([, lines]) => lines!.match(/\b[CFGHLUW][A-Z0-9]{2}\d\b/g) ?? []);
  expect([...new Set(named)].sort()).toEqual(LINES.map((l) => l.name.slice('STM32'.length)).sort());
});

describe('parts that exist and are not modelled', () => {
  it.each([
    ['stm32mp157', true],
    ['STM32U595ZJT6', true],
    ['stm32h743zg', true],
    ['stm32f407vg', false],
    ['stm32f499', false],
    ['esp32', false],
  ])('%s: %s', (name, exists) => expect(existsUnmodelled(name)).toBe(exists));
  it('the nearest modelled part begins alike', () => {
    expect(nearestChip('stm32f413zh')).toMatch(/^STM32F41/);
    expect(nearestChip('stm32h723zg')).toMatch(/^STM32H7/);
  });
  it.each([
    ['stm32mp157', 'STM32H745XI'],
    ['stm32u5a9', 'STM32U575ZI'],
    ['stm32wba52', 'STM32U575ZI'],
    ['stm32c091', 'STM32C071RB'],
    ['stm32n6', 'STM32H723ZG'],
    ['stm32h7rs', 'STM32H723ZG'],
    ['stm32wle5jc', 'STM32WB55RG'],
  ])('%s exists; of the modelled parts %s has the most alike core and ROM', (name, nearest) => {
    expect(existsUnmodelled(name)).toBe(true);
    expect(nearestChip(name)).toBe(nearest);
  });
  it('a beginning that modelled lines have too is no part that is not modelled', () => {
    expect(existsUnmodelled('stm32h7')).toBe(false);
  });
});

it('a description names its line', () => {
  for (const { name } of LINES) for (const part of partsOf(name)) expect(findChip(part)!.line, part).toBe(name);
});

describe('part numbers', () => {
  it.each([
    ['STM32F401CCU6', 256, 64],
    ['STM32F401RET6', 512, 96],
    ['STM32F407VET6', 512, 192],
    ['stm32f429bit6', 2048, 256],
    ['STM32F746ZGT6', 1024, 336],
    ['STM32F767ZIT6', 2048, 528],
    ['STM32H750VBT6', 128, 1060],
  ] as const)('%s has %i KB of flash and %i KB of RAM (stm32-data)', (name, flash, ram) => {
    const memories = findChip(name)!.memories;
    const total = (kind: string): number =>
      memories
        .filter((m) => m.kind === kind && m.base !== 0x40024000 && !['info', 'info2', 'options', 'options2', 'canram'].includes(m.name))
        .reduce((n, m) => n + m.size, 0) / 1024;
    expect([total('flash'), total('ram')]).toEqual([flash, ram]);
  });
});

describe('chip names', () => {
  it.each([
    'STM32H533RE',
    'stm32h533re',
    'stm32h533',
    'STM32H533RET6',
    'stm32h533retx',
    'STM32H533xE',
    'STM32H533Rx',
    'stm32h533xx',
    'STM32H533RETxTR',
  ])('%s is STM32H533RE', (name) => {
    expect(findChip(name)?.name).toBe('STM32H533RE');
  });
  it.each([
    ['stm32h743xi', 'STM32H743XI'],
    ['STM32H743XIH6', 'STM32H743XI'],
    ['stm32h750xb', 'STM32H750XB'],
    ['stm32h743xx', 'STM32H743ZI'],
  ])('an X that a part has is its package of 240 balls: %s is %s', (name, part) => {
    expect(findChip(name)?.name).toBe(part);
    expect(hasPin(findChip(name)!, 'PK0')).toBe(part.includes('X'));
  });
  it.each(['', 'stm32', 'STM32H5', 'STM32H533RC', 'STM32H534RE', 'ATmega328', 'STM32H533RE!'])('%s is unknown', (name) =>
    expect(findChip(name)).toBeUndefined(),
  );
  it('a part with something odd behind it is none that exists, and the nearest to it is that part', () => {
    expect(existsUnmodelled('STM32H533RE!')).toBe(false);
    expect(nearestChip('STM32H533RE!')).toBe('STM32H533RE');
  });
  it.each([
    ['WBA52CG', 'STM32U575ZI'],
    ['N657X0', 'STM32H723ZG'],
    ['MP157C', 'STM32H745XI'],
  ])('%s without STM32 in front is of a line that exists; alike is %s', (name, near) => {
    expect([existsUnmodelled(name), nearestChip(name)]).toEqual([true, near]);
  });
  it('near names are suggested, far ones are not', () => {
    expect(suggestChips('stm32h553re')).toContain('STM32H533RE');
    expect(suggestChips('h533')).toContain('STM32H533RE');
    expect(suggestChips('esp32-c3')).toEqual([]);
    // of a family its own parts; another maker's part is near to none
    for (const name of ['stm32f4', 'STM32F4xx', 'f4'])
      expect(
        suggestChips(name).every((n) => n.startsWith('STM32F4')),
        name,
      ).toBe(true);
    expect(suggestChips('stm32f4')).toHaveLength(3);
    expect(suggestChips('gd32f103')).toEqual([]);
  });
});

describe.each(Object.entries(GENERATED))('generated facts %s', (_, generated) => {
  const facts = loadFacts(generated);
  it('offsets rise, registers do not overlap, fields and reset values fit', () => {
    for (const [name, block] of Object.entries(facts)) {
      let end = 0;
      for (const r of block.registers) {
        const where = `${name}.${r.name}`;
        expect(r.offset, where).toBeGreaterThanOrEqual(end);
        end = r.offset + r.size;
        const all = r.size === 4 ? 0xffffffff : 2 ** (8 * r.size) - 1;
        expect(r.reset, where).toBeLessThanOrEqual(all);
        expect(r.writable, where).toBeLessThanOrEqual(all);
        for (const f of r.fields) expect(f.bit + f.width, `${where}.${f.name}`).toBeLessThanOrEqual(8 * r.size);
        expect(new Set(r.fields.map((f) => f.name)).size, where).toBe(r.fields.length);
      }
      expect(new Set(block.registers.map((r) => r.name)).size, name).toBe(block.registers.length);
    }
  });
  it('has the boot path’s blocks under the CMSIS names', () => {
    for (const name of ['RCC', 'PWR', 'FLASH', 'GPIOA', 'DBGMCU', 'EXTI']) expect(facts[name]?.registers.length, name).toBeGreaterThan(0);
  });
  it('register names do not repeat the peripheral’s name', () => {
    for (const name of ['RCC', 'PWR', 'FLASH', 'IWDG', 'WWDG', 'GPIOA'])
      for (const r of facts[name]?.registers ?? []) expect(r.name.startsWith(`${name}_`), `${name} ${r.name}`).toBe(false);
  });
});

describe('corrections to the SVD', () => {
  it('F0x2: APB1ENR bit 23 is USBEN', () => expect(new Layout(loadFacts(f0)['RCC']!).field('APB1ENR.USBEN').bit).toBe(23));
  it('H533: EXTICR4 follows EXTICR3', () => expect(new Layout(loadFacts(h533)['EXTI']!).reg('EXTICR4').offset).toBe(0x6c));
  it('H533: GPIOA comes up with the debug pins as alternate functions', () => {
    const facts = loadFacts(h533);
    expect(facts['GPIOA']!.registers[0]).toMatchObject({ name: 'MODER', reset: 0xabffffff });
    expect(facts['GPIOC']!.registers[0]!.reset).toBe(0xffffffff);
  });
});

describe.each(CHIPS.map((c) => [c.name, c] as const))('%s rows', (_, chip) => {
  it('every block has facts, and its clock and reset bits exist', () => {
    const rcc = new Layout(chip.facts[chip.rcc]!);
    for (const b of chip.blocks) {
      expect(chip.facts[b.facts ?? b.name], b.name).toBeDefined();
      if (b.clock) expect(rcc.hasField(b.clock), `${b.name} ${b.clock}`).toBe(true);
      if (b.reset) expect(rcc.hasField(b.reset), `${b.name} ${b.reset}`).toBe(true);
    }
  });
  it('interrupt numbers exist', () => {
    const lines = Math.max(...chip.cores.map((c) => c.nvicLines));
    for (const b of chip.blocks) for (const irq of b.irqs ?? []) expect(irq, b.name).toBeLessThan(lines);
  });
  it('every value says where it comes from', () => {
    for (const [name, p] of Object.entries(chip.parameters)) expect(p.source, name).not.toBe('');
    for (const [name, o] of Object.entries(chip.optionBytes ?? {})) {
      const [block, register, field] = o.field.split('.');
      expect(new Layout(chip.facts[block!]!).hasField(`${register}.${field}`), name).toBe(true);
      expect(o.factory.source, name).not.toBe('');
    }
  });
});

describe('STM32H533RE against the SVD', () => {
  const chip = findChip('stm32h533')!;
  it('has a row for every peripheral, at its base, with the registers of its type', () => {
    for (const p of (h533 as GeneratedFacts).peripherals) {
      const row = chip.blocks.find((b) => b.name === (chip.covered?.[p.name] ?? p.name));
      expect(row, p.name).toBeDefined();
      if (chip.covered?.[p.name]) continue;
      expect(row!.base, p.name).toBe(parseInt(p.base, 16));
      const last = chip.facts[p.name]!.registers.at(-1);
      expect(row!.size, p.name).toBeGreaterThanOrEqual(last ? last.offset + last.size : 0);
      expect(chip.facts[row!.facts ?? row!.name], p.name).toBe(chip.facts[p.name]);
    }
  });
  it('uses only interrupt lines that the SVD gives to the block', () => {
    const shared: Readonly<Record<string, readonly number[]>> = { EXTI: [1], PSSI: [108], CEC: [119] };
    for (const row of chip.blocks) {
      // CEC is in the header and not in the SVD
      const p = (h533 as GeneratedFacts).peripherals.find((x) => x.name === row.name);
      for (const irq of row.irqs ?? []) expect([...(p?.irqs ?? []), ...(shared[row.name] ?? [])], row.name).toContain(irq);
    }
  });
});
