/** Register facts of every chip: what must hold for any block, modelled or not. */
import { describe, expect, it } from 'vitest';
import { coveringChips } from '../chips/covering.ts';
import type { BlockRow } from '../../src/emu/chip.ts';
import { Layout, type RegisterFact } from '../../src/emu/registers.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { BriefSystem } from '../brief.ts';

const deviations = (blocks: readonly string[], registers: readonly string[], why: string): Readonly<Record<string, string>> =>
  Object.fromEntries(blocks.flatMap((block) => registers.map((register) => [`${block}.${register}`, why])));
/** Registers whose reset value in the model is not the SVD's, with the reason. */
const RESET_DEVIATIONS: Readonly<Record<string, string>> = {
  'ADC1.CR': 'in deep power-down after reset (RM0351, RM0399); the SVDs of L4 and H7 print 0',
  'ADC2.CR': 'as ADC1.CR',
  'ADC3.CR': 'as ADC1.CR',
  'ADC4.CR': 'as ADC1.CR',
  ...deviations(
    ['CAN', 'CAN1', 'CAN2', 'CAN3'],
    ['MCR', 'MSR', 'TSR', 'FMR', 'BTR'],
    'RM0090 32.9: asleep, mailboxes empty; several SVDs print 0',
  ),
  ...deviations(
    ['FDCAN1', 'FDCAN2', 'FDCAN3'],
    ['CCCR', 'DBTP', 'NBTP', 'PSR', 'XIDAM'],
    'RM0399 57.5: in initialisation; the SVDs of H7 print 0',
  ),
  ...deviations(
    ['FMC', 'FSMC'],
    ['BCR1', 'BCR2', 'BCR3', 'BCR4'],
    'RM0090 37.5.6, RM0008 21.5.6: 0x30DB and 0x30D2; most SVDs print 0x30D0 for all, the SVD of F413 prints 0',
  ),
  'ADC.CFGR2': 'RM0091; the SVD of the F0x2 prints 0x8000, which is no bit of it',
  'DCACHE.SR': 'BUSYF is 1 for as long as the invalidation out of reset takes, which is left out',
  'CRS.CR': 'TRIM starts at its centre, 32: the SVD of the H563 has it, that of the H533 has the value of a 7-bit field',
  'DBGMCU.IDC': 'the SVD has revision identity 0x1000, which is no part that was sold',
  'FLASH.CR1': 'locked with PSIZE = 3 after reset (RM0399); the SVD of the H745 prints 0',
  'FLASH.CR2': 'locked with PSIZE = 3 after reset (RM0399); the SVD of the H745 prints 0',
  'FLASH.OPTCR': 'locked after reset (RM0399); the SVD of the H745 prints 0',
  'RCC.RSR': 'the flags of a power-on reset; the SVD of the H745 prints 0',
  'RCC.C1_RSR': 'the flags of a power-on reset; the SVD of the H745 prints 0',
  'RCC.C2_RSR': 'the flags of a power-on reset; the SVD of the H745 prints 0',
  'DBGMCU.IDCODE': 'the SVD has a placeholder instead of the device and revision identity',
};
/** Unmodelled registers that do not simply keep what is written, with the reason. */
const WRITE_DEVIATIONS: Readonly<Record<string, string>> = {
  'PWR.PMCR': 'CSSF is a command: it reads 0',
};

const limit = (r: RegisterFact): number => 2 ** (8 * r.size);
/** With its windows. */
const sizeOf = (row: BlockRow): number => Math.max(row.size, ...(row.windows ?? []).map((w) => w.base + w.size - row.base));
const hex = (n: number): string => `0x${n.toString(16)}`;

describe.each(coveringChips().map((chip) => [chip.name, chip] as const))('%s', (_name, chip) => {
  const rows = chip.blocks.map((row) => ({ row, facts: chip.facts[row.facts ?? row.name]! }));
  const system = new BriefSystem(chip, MODELS);

  it('every block has facts, and its registers lie inside it', () => {
    const bad = rows
      .filter(({ row, facts }) => !facts || facts.registers.some((r) => r.offset + r.size > sizeOf(row)))
      .map(({ row }) => row.name);
    expect(bad).toEqual([]);
  });

  it('offsets rise, are aligned and do not overlap', () => {
    const bad: string[] = [];
    for (const { row, facts } of rows) {
      let end = 0;
      for (const r of facts.registers) {
        if (r.offset < end || r.offset % r.size !== 0) bad.push(`${row.name}.${r.name} at ${hex(r.offset)}`);
        end = r.offset + r.size;
      }
    }
    expect(bad).toEqual([]);
  });

  it('names are unique in a block, fields in a register', () => {
    const bad: string[] = [];
    for (const { row, facts } of rows) {
      const names = facts.registers.map((r) => r.name);
      if (new Set(names).size !== names.length) bad.push(row.name);
      for (const r of facts.registers) {
        const fields = r.fields.map((f) => f.name);
        if (new Set(fields).size !== fields.length) bad.push(`${row.name}.${r.name}`);
      }
    }
    expect(bad).toEqual([]);
  });

  it('reset values, write masks and fields fit the width', () => {
    const bad: string[] = [];
    for (const { row, facts } of rows)
      for (const r of facts.registers) {
        if (r.reset < 0 || r.reset >= limit(r) || !Number.isInteger(r.reset)) bad.push(`${row.name}.${r.name} reset ${hex(r.reset)}`);
        if (r.writable < 0 || r.writable >= limit(r)) bad.push(`${row.name}.${r.name} mask ${hex(r.writable)}`);
        for (const f of r.fields) if (f.width < 1 || f.bit + f.width > 8 * r.size) bad.push(`${row.name}.${r.name}.${f.name}`);
      }
    expect(bad).toEqual([]);
  });

  it('every model is known and names only registers that exist', () => {
    const unknown = rows.filter(({ row }) => row.model !== null && !(row.model in MODELS)).map(({ row }) => row.model);
    expect(unknown).toEqual([]);
    for (const { row, facts } of rows) {
      if (row.model === null) continue;
      const model = MODELS[row.model]!(new Layout(facts), { block: row.name, ...row.options });
      const names = new Set(facts.registers.map((r) => r.name));
      expect([row.name, model.modelled === 'all' ? [] : model.modelled.filter((n) => !names.has(n))]).toEqual([row.name, []]);
    }
  });

  it('clock-enable and reset bits exist in RCC, interrupts in the NVIC', () => {
    const rcc = new Layout(chip.facts[chip.rcc]!);
    const lines = Math.min(...chip.cores.map((c) => c.nvicLines));
    const bad = rows.filter(
      ({ row }) =>
        (row.clock && !rcc.hasField(row.clock)) || (row.reset && !rcc.hasField(row.reset)) || row.irqs?.some((i) => i < 0 || i >= lines),
    );
    expect(bad.map(({ row }) => row.name)).toEqual([]);
  });

  it('after power-on an unmodelled register holds its SVD reset value and keeps what its write mask says', () => {
    system.resetBlocks('power');
    // Open the backup domain and the RTC, or their writes are lost.
    system.setWire('dbp', 1);
    const rtc = system.findBlock('RTC');
    const wpr = chip.facts['RTC']?.registers.find((r) => r.name === 'WPR');
    if (rtc && wpr) for (const key of [0xca, 0x53]) rtc.component.write(rtc.state, rtc.env, wpr.offset, 4, key);
    const bad: string[] = [];
    for (const block of system.blocks) {
      // PWR before it has been reset.
      system.setWire('dbp', 1);
      const component = block.component;
      for (const r of component.layout.registers) {
        if (component.isModelled(r)) continue;
        const access = (): number => component.read(block.state as never, block.env, r.offset, r.size);
        if (access() !== r.reset) bad.push(`${block.row.name}.${r.name} = ${hex(access())}, not ${hex(r.reset)}`);
        component.write(block.state as never, block.env, r.offset, r.size, limit(r) - 1);
        if (`${block.row.name}.${r.name}` in WRITE_DEVIATIONS) continue;
        if (access() !== (r.reset | component.writableMask(r)) >>> 0) bad.push(`${block.row.name}.${r.name} after ones`);
      }
      component.onReset(block.state as never, block.env, 'power');
    }
    expect(bad).toEqual([]);
  });

  it('ARR of a timer starts with every bit set, as wide as the counter (RM0367, RM0481; SVDs before the H5 print 0)', () => {
    for (const block of system.blocks.filter((b) => b.row.model === 'tim')) {
      const component = block.component;
      const width = block.row.options?.['bits'] === 32 ? 0xffffffff : 0xffff;
      expect([block.row.name, component.resetValue(component.layout.reg('ARR'))]).toEqual([block.row.name, width]);
    }
  });

  it('a modelled register starts from its SVD reset value, deviations have a reason', () => {
    const deviating: string[] = [];
    for (const block of system.blocks) {
      const component = block.component;
      for (const r of component.layout.registers) if (component.resetValue(r) !== r.reset) deviating.push(`${block.row.name}.${r.name}`);
    }
    expect(deviating.filter((name) => !(name in RESET_DEVIATIONS) && !/^TIM\d+\.ARR$/.test(name))).toEqual([]);
  });
});
