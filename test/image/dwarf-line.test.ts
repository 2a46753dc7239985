import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FunctionTable } from '../../src/image/dwarf-functions.ts';
import { LineTable } from '../../src/image/dwarf-line.ts';
import { debugSections, DwarfError, stringAt } from '../../src/image/dwarf-reader.ts';
import { readUnits } from '../../src/image/dwarf-units.ts';
import { parseElf } from '../../src/image/elf.ts';
import { codePlace, loadImage } from '../../src/image/image.ts';
import { fileName } from '../../src/image/source-path.ts';
import { VARIANTS, data } from './helpers.ts';

describe('line table', () => {
  test.each(VARIANTS)('every half-word of code has the line that addr2line gives (%s)', (name) => {
    const image = loadImage(data(`${name}.elf`), name);
    // addr2line prints ? for the line number 0, which says that no line made the instruction.
    const rows = new TextDecoder()
      .decode(data(`${name.slice(-2)}.lines`))
      .trim()
      .split('\n');
    const ours: string[] = [];
    for (let i = 0; i < rows.length; i += 2) {
      const found = image.lines.lookup(Number(rows[i]));
      ours.push(rows[i]!, found === null ? '??:0' : `${found.file}:${found.line}`);
    }
    expect(ours).toEqual(rows.map((r) => r.replace(/^.*:[?0]$/, '??:0')));
    expect(rows.filter((r) => r.startsWith('main.c:')).length).toBeGreaterThan(10);
    expect(rows.filter((r) => r.startsWith('sub/other.c:')).length).toBeGreaterThan(5);
  });

  test('a line is found back as the address of its first instruction', () => {
    const image = loadImage(data('dwarf4-O0.elf'), 'a.elf');
    const main = image.symbols.named('main')[0]!;
    const line = image.lines.lookup(main.address)!;
    expect(image.lines.addressesOf('main.c', line.line)).toContain(main.address);
    expect(image.lines.addressesOf('ain.c', line.line)).toEqual([]);
  });

  test('lines of functions that the linker dropped do not shadow the code at low addresses', () => {
    const image = loadImage(data('dwarf5-O2.elf'), 'a.elf');
    for (let pc = 0; pc < 0x40; pc += 2) expect(image.lines.lookup(pc)).toBeNull();
  });

  test.each(['dwarf2-O2', 'dwarf4-O0', 'dwarf5-O2'])('bytes between units are no unit: each starts where .debug_info says (%s)', (name) => {
    const elf = parseElf(data(`${name}.elf`));
    const sections = debugSections(elf.section);
    const whole = new LineTable(sections, () => true);
    const units = readUnits(sections);
    const second = units[1]!.lineTable!;
    for (const gap of [[0], [0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [2, 0, 0, 0, 3, 0, 0]]) {
      const line = Uint8Array.from([...sections.line!.subarray(0, second), ...gap, ...sections.line!.subarray(second)]);
      const info = sections.info!.slice();
      const view = new DataView(info.buffer);
      for (let at = units[1]!.root; at < units[1]!.end - 4; at++)
        if (view.getUint32(at, true) === second) {
          view.setUint32(at, second + gap.length, true);
          break;
        }
      const apart = new LineTable({ ...sections, line, info }, () => true);
      let other = 0;
      for (let pc = 0x08000000; pc < 0x08000400; pc += 2) {
        const found = apart.lookup(pc);
        expect(found).toEqual(whole.lookup(pc));
        if (found?.file === 'sub/other.c') other++;
      }
      expect(other).toBeGreaterThan(5);
    }
  });

  test('damaged debug sections never throw and never hang', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...VARIANTS),
        fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { maxLength: 20 }),
        fc.nat(2000),
        (name, changes, cut) => {
          const elf = parseElf(data(`${name}.elf`));
          const damaged = (section: string): Uint8Array | null => {
            const bytes = elf.section(section)?.slice() ?? null;
            if (bytes !== null) for (const [at, value] of changes) bytes[at % bytes.length] = value;
            return bytes === null || cut < 1000 ? bytes : bytes.subarray(0, cut % bytes.length);
          };
          const table = new LineTable(debugSections(damaged), () => true);
          const found = table.lookup(0x08000010);
          expect(found === null || typeof found.line === 'number').toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('a table that claims four billion empty entries is given up at once', () => {
    // DWARF 5 unit: one folder format pair fewer than needed, entry count 0xffffffff.
    const body = [5, 0, 4, 0, 20, 0, 0, 0, 2, 1, 1, 0xfb, 14, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f];
    const line = new Uint8Array([body.length, 0, 0, 0, ...body]);
    const table = new LineTable(
      debugSections((name) => (name === '.debug_line' ? line : null)),
      () => true,
    );
    const started = Date.now();
    expect(table.lookup(0)).toBeNull();
    expect(Date.now() - started).toBeLessThan(1000);
  });
});

test('strings of a section that many entries share or cut from one long text are bounded', () => {
  const text = new Uint8Array(20_000).fill(0x61);
  const sections = debugSections(() => null);
  expect(new Set(Array.from({ length: 1000 }, () => stringAt(sections, text, 7)))).toEqual(new Set(['a'.repeat(4096)]));
  let sum = 0;
  const all = (): void => {
    for (let at = 0; at < 15_000; at++) sum += stringAt(sections, text, at)!.length;
  };
  expect(all).toThrow(DwarfError);
  expect(sum).toBeLessThanOrEqual(4 * text.length + 4096);
});

describe('source names', () => {
  test.each([
    ['main.c', '/home/me/fw', '/home/me/fw', 'main.c'],
    ['/home/me/fw/src/main.c', null, '/home/me/fw', 'src/main.c'],
    ['/home/me/fw/src/main.c', null, '/home/me/fw/build', '../src/main.c'],
    ['../Core/Src/main.c', 'C:/build/fw/Debug', 'C:/build/fw/Debug', '../Core/Src/main.c'],
    ['C:\\work\\fw\\Core\\main.c', null, 'C:\\work\\fw\\Debug', '../Core/main.c'],
    ['./a/../b.c', null, '/x/y', 'b.c'],
    ['/usr/lib/gcc/include/stdint.h', null, '/home/me/fw', '/usr/lib/gcc/include/stdint.h'],
    ['main.c', 'fw', 'fw', 'main.c'],
    ['main.c', null, null, 'main.c'],
  ])('%s in %s, compiled in %s, is %s', (name, folder, compileFolder, expected) => {
    expect(fileName(name, folder, compileFolder)).toBe(expected);
  });
});

describe('places', () => {
  const image = loadImage(data('dwarf5-O0.elf'), 'a.elf');
  const main = image.symbols.named('main')[0]!;

  test('with a line the symbol stands alone, without one it carries the offset', () => {
    expect(codePlace([image], main.address + 4)).toMatchObject({ symbol: 'main', file: 'main.c' });
    const none = debugSections(() => null);
    const lines = new LineTable(none, () => false);
    const stripped = { ...image, lines, functions: new FunctionTable(none, lines, () => false) };
    const nowhere = { file: null, line: null, inlined: null };
    expect(codePlace([stripped], main.address + 4)).toEqual({ pc: main.address + 4, symbol: 'main+0x4', ...nowhere });
    expect(codePlace([stripped], 0x1fff0000)).toEqual({ pc: 0x1fff0000, symbol: null, ...nowhere });
  });

  test('two static functions of one name are both known', () => {
    const both = image.symbols.named('wait');
    expect(both).toHaveLength(2);
    for (const w of both) expect(image.symbols.at(w.address + 2)).toEqual({ symbol: w, offset: 2 });
  });
});
