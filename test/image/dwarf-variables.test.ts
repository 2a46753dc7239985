import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { debugSections } from '../../src/image/dwarf-reader.ts';
import { VariableTable } from '../../src/image/dwarf-variables.ts';
import { parseElf } from '../../src/image/elf.ts';
import { loadImage, sectionAt } from '../../src/image/image.ts';
import { data, VARIANTS } from './helpers.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/', import.meta.url));
/** A static variable in .bss, one set in a header, C++, link-time optimisation. */
const CASES = [
  'h533-magic-bss',
  'f405-request-byte-bss',
  'f405-request-bss-delayed',
  'h533-seed000-cdc',
  'f405-masked-lto',
  'f405-cpp-class',
];

describe('where a variable is declared', () => {
  test.each(CASES)('the line that the debug data names has its name (%s)', (name) => {
    const elf = readFileSync(join(FIXTURES, name, 'firmware.elf'));
    const { variables } = loadImage(elf, name);
    let found = 0;
    for (const { address, name: symbol } of parseElf(elf).symbols.filter((s) => s.kind === 'object')) {
      const declared = variables.declaredAt(address);
      if (declared === null) continue;
      const line = readFileSync(join(FIXTURES, declared.file), 'utf8').split('\n')[declared.line - 1];
      expect(line, `${declared.file}:${declared.line}`).toContain(symbol.replace(/\..*$/, ''));
      found++;
    }
    expect(found).toBeGreaterThan(0);
  });

  test('nowhere for code, and for an address without a variable', () => {
    const { symbols, variables } = loadImage(readFileSync(join(FIXTURES, 'h533-magic-bss', 'firmware.elf')), 'a.elf');
    expect(variables.declaredAt(symbols.named('main')[0]!.address)).toBeNull();
    expect(variables.declaredAt(0x2000_ff00)).toBeNull();
  });

  test('it lies in the section that the file names, and code in that of the code', () => {
    const image = loadImage(readFileSync(join(FIXTURES, 'h533-magic-bss', 'firmware.elf')), 'a.elf');
    const at = (name: string): string | null => sectionAt([image], image.symbols.named(name)[0]!.address);
    const { name } = parseElf(readFileSync(join(FIXTURES, 'h533-magic-bss', 'firmware.elf'))).symbols.find(
      (s) => s.kind === 'object' && s.address >= 0x20000000,
    )!;
    expect([at(name), at('main'), sectionAt([image], 0x2000_ff00)]).toEqual(['.bss', '.text', null]);
  });

  test('damaged debug data is an answer or none, never an error', () => {
    const elf = parseElf(data(`${VARIANTS[0]!}.elf`));
    const sections = debugSections(elf.section);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 8 }), (changes) => {
        const info = Uint8Array.from(sections.info!);
        for (const [at, value] of changes) info[at % info.length] = value;
        new VariableTable({ ...sections, info }).declaredAt(0x2000_0000);
      }),
      { numRuns: 60 },
    );
  });
});
