import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CHECK_IDS } from '../../src/bench/documents/result.ts';
import { CHECKS } from '../../src/checks/index.ts';
import { CHIPS, findChip } from '../../src/chips/index.ts';
import { coverage, ledger } from '../../src/cli/chips.ts';
import { MODELS } from '../../src/peripherals/index.ts';
import { cli } from './helpers.ts';
import { BriefSystem } from '../brief.ts';

describe('a name that is no part', () => {
  test.each([
    ['nucleo-wb55rg', 'is a board; its chip is STM32WB55RG; give --board nucleo-wb55rg'],
    ['BluePill', 'is a board; its chip is STM32F103C8; give --board bluepill'],
    ['stm32f4', 'did you mean STM32F405RG or '],
    ['blackpill', 'there are boards with such names: blackpill-f411ce, '],
    ['foo', 'there is no chip "foo"; bootbench knows parts of STM32C0, '],
  ])('%s', async (name, text) => {
    const { err, code } = await cli(['chips', name]);
    expect([code, err.replace(/\s+/g, ' ')]).toEqual([2, expect.stringContaining(text)]);
  });
});

describe('bootbench chips', () => {
  test('lists every chip', async () => {
    const { out, code } = await cli(['chips']);
    expect(code).toBe(0);
    for (const chip of CHIPS) expect(out).toContain(chip.name);
  });

  test('prints every parameter and ROM option of a chip with confidence and source', async () => {
    const { out } = await cli(['chips', 'STM32H533RET6']);
    const flat = out.replace(/\s+/g, ' ');
    for (const rows of Object.values(ledger(findChip('STM32H533RET6')!))) {
      const shared = rows.every((r) => r.source === rows[0]!.source);
      for (const r of rows) {
        expect(flat).toContain(`${r.name}: ${r.value}${shared ? '' : ` ${r.confidence} ${r.source}`}`.replace(/\s+/g, ' '));
        expect(flat).toContain(`${r.confidence} ${r.source}`.replace(/\s+/g, ' '));
      }
    }
  });

  test.each(CHIPS.map((chip) => [chip.name, chip] as const))(
    'every number of %s has one of the six confidence words and a source',
    (_name, chip) => {
      for (const r of Object.values(ledger(chip)).flat()) {
        expect(['documented', 'measured', 'reported', 'inferred', 'fitted', 'assumed']).toContain(r.confidence);
        expect(r.source).not.toBe('');
      }
    },
  );

  test.each(CHIPS.map((chip) => [chip.name, chip] as const))('%s: every block stands in one list, as the machine has it', (_name, chip) => {
    const { modelled, registersOnly } = coverage(chip);
    expect([...modelled.flatMap((m) => m.blocks), ...registersOnly].sort()).toEqual(chip.blocks.map((b) => b.name).sort());
    const system = new BriefSystem(chip, MODELS);
    for (const m of modelled) {
      expect(['documented', 'measured', 'reported', 'inferred', 'fitted', 'assumed'], m.model).toContain(m.confidence);
      expect(m.source, m.model).not.toBe('');
      for (const name of m.blocks) {
        const block = system.block(name).component;
        const thin = block.layout.registers.filter((r) => !block.isModelled(r)).map((r) => r.name);
        expect(thin, name).toEqual(m.registersOnly);
        // A block with behaviour has at least one register that has it.
        expect(thin.length, name).toBeLessThan(block.layout.registers.length);
      }
    }
    for (const name of registersOnly) {
      const block = system.block(name).component;
      expect(
        block.layout.registers.some((r) => block.isModelled(r)),
        name,
      ).toBe(false);
    }
  });

  test('prints the memory map, what each model lacks and its registers without behaviour', async () => {
    const { out } = await cli(['chips', 'stm32l496']);
    const flat = out.replace(/\s+/g, ' ');
    expect(flat).toContain('0x10000000 sram2: 64 KiB ram; also at 0x20040000');
    expect(flat).toContain('0x08000000 flash: 1024 KiB flash; programmed by FLASH');
    expect(flat).toContain('flash controller: lines of 8 bytes, rows of 32 bytes: 32 of instructions, 8 of data documented');
    expect(flat).toContain('wait states, Range 2: 0 up to 6 MHz, 1 up to 12 MHz');
    for (const m of coverage(CHIPS.find((c) => c.name === 'STM32L496ZG')!).modelled) {
      expect(flat).toContain(`${m.blocks.join(', ')}: ${m.model} ${m.confidence} ${m.source}`.replace(/\s+/g, ' '));
      for (const text of m.lacks) expect(flat).toContain(text);
      if (m.registersOnly.length > 0) expect(flat).toContain(`registers only: ${m.registersOnly.join(', ')}`);
    }
  });

  test('an unknown chip is exit 2 with near names', async () => {
    const ran = await cli(['chips', 'stm32h53']);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('STM32H533RE');
  });

  test.each([
    ['nucleo-f303k8', 'give --chip stm32f303k8'],
    ['nucleo-u545re-q', 'its STM32U545RE is not modelled either; the nearest modelled chip is STM32U575ZI'],
    ['stm32u083rc', 'exists but is not modelled; the nearest modelled chip is STM32G0B1RE'],
    ['stm32mp157', 'exists but is not modelled'],
  ])('%s is exit 2: %s', async (name, says) => {
    const asked = await cli(['chips', name]);
    expect([asked.code, asked.err]).toEqual([2, expect.stringContaining(says)]);
    if (!name.startsWith('nucleo')) return;
    const ran = await cli(['run', '--board', name, 'none.elf']);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining(says)]);
  });
});

describe('bootbench explain', () => {
  test.each(CHECKS.map((check) => [check.id, check] as const))('%s prints its question and explanation', async (id, check) => {
    const { out, code } = await cli(['explain', id.toUpperCase()]);
    expect(code).toBe(0);
    const flat = out.replace(/\s+/g, ' ');
    expect(flat).toContain(check.question.replace(/\s+/g, ' '));
    expect(flat).toContain(check.explanation.replace(/\s+/g, ' ').slice(0, 60));
  });

  test('an id that is not built yet says so, an unknown one is exit 2', async () => {
    const missing = CHECK_IDS.find((id) => !CHECKS.some((c) => c.id === id));
    if (missing !== undefined) expect((await cli(['explain', missing])).out).toContain('not checked in this version');
    const ran = await cli(['explain', 'primsk']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('did you mean primask?');
  });
});

describe('the program', () => {
  test('--help is exit 0 and names the commands', async () => {
    const ran = await cli(['--help']);
    expect(ran.code).toBe(0);
    for (const name of ['run', 'test', 'chips', 'explain']) expect(ran.out).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  });

  test('no command is exit 2 with help on stderr', async () => {
    const ran = await cli([]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('Usage: bootbench');
  });

  test('an unknown command is exit 2 with a near one', async () => {
    const ran = await cli(['chip']);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('chips');
  });

  test('--version is the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    expect((await cli(['--version'])).out.trim()).toBe(version);
  });
});
