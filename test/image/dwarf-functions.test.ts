import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FunctionTable } from '../../src/image/dwarf-functions.ts';
import { LineTable } from '../../src/image/dwarf-line.ts';
import { debugSections } from '../../src/image/dwarf-reader.ts';
import { parseElf } from '../../src/image/elf.ts';
import { codePlace, loadImage } from '../../src/image/image.ts';
import { VARIANTS, data } from './helpers.ts';

/** What `addr2line -a -i -f` printed: frames of each address, the innermost first. It is the same for all versions but for pieces that DWARF 2 cannot name. */
function expected(name: string): Map<number, string[]> {
  const rows = new TextDecoder()
    .decode(data(`${name === 'dwarf2-O2' ? name : name.slice(-2)}.frames`))
    .trim()
    .split('\n');
  const frames = new Map<number, string[]>();
  let list: string[] = [];
  for (let i = 0; i < rows.length;) {
    if (rows[i]!.startsWith('0x')) frames.set(Number(rows[i++]), (list = []));
    else {
      list.push(`${rows[i]} ${rows[i + 1]!.replace(/^.*:[?0]$/, '??:0')}`);
      i += 2;
    }
  }
  return frames;
}

describe('inlined calls', () => {
  test.each(VARIANTS)('every half-word of code has the calls that addr2line gives (%s)', (name) => {
    const image = loadImage(data(`${name}.elf`), name);
    let inlined = 0;
    for (const [pc, wanted] of expected(name)) {
      const ours = image.functions.frames(pc).map((f) => `${f.function} ${f.file === null ? '??:0' : `${f.file}:${f.line}`}`);
      // outside of all functions addr2line names the last symbol before
      if (image.functions.functionAt(pc) === null) continue;
      expect([pc, ...ours]).toEqual([pc, ...wanted]);
      if (ours.length > 1) inlined++;
    }
    // strict DWARF 2 has no word for code in several pieces
    expect(inlined > 3).toBe(name.endsWith('O2') && !name.startsWith('dwarf2'));
  });

  test.each(['calls', 'calls-zlib', 'calls-gnu'])('code from a header counts as the line that calls it (%s)', (name) => {
    const image = loadImage(data(`${name}.elf`), name);
    const deep = image.symbols.named('deep')[0]!;
    // CPSID i, two inlined functions deep in intrinsics.h
    const pc = deep.address + 0x20;
    expect(image.functions.frames(pc)).toEqual([
      { function: 'mask_interrupts', file: 'intrinsics.h', line: 3, inlined: true },
      { function: 'stop_here', file: 'intrinsics.h', line: 7, inlined: true },
      { function: 'deep', file: 'calls.c', line: 12, inlined: false },
    ]);
    expect(codePlace([image], pc)).toEqual({ pc, symbol: 'deep', file: 'calls.c', line: 12, inlined: 'stop_here' });
    expect(image.remarks).toEqual([]);
  });

  test('a function has the range of its code', () => {
    const image = loadImage(data('dwarf4-O0.elf'), 'a.elf');
    const main = image.symbols.named('main')[0]!;
    expect(image.functions.functionAt(main.address + 2)).toEqual({ name: 'main', from: main.address, to: main.address + main.size });
  });

  test('damaged debug sections never throw and never hang', () => {
    fc.assert(
      fc.property(fc.constantFrom(...VARIANTS), fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { maxLength: 20 }), (name, changes) => {
        const elf = parseElf(data(`${name}.elf`));
        const sections = debugSections((section) => {
          const bytes = elf.section(section)?.slice() ?? null;
          if (bytes !== null) for (const [at, value] of changes) bytes[at % bytes.length] = value;
          return bytes;
        });
        const table = new FunctionTable(sections, new LineTable(sections, () => true), () => true);
        for (let pc = 0x08000000; pc < 0x08000100; pc += 4) expect(table.frames(pc).length).toBeLessThan(100);
      }),
      { numRuns: 300 },
    );
  });
});

test('an address outside of the image has no symbol, however near a label without a size stands before it', () => {
  const image = loadImage(data('dwarf5-O2.elf'), 'a.elf');
  for (const pc of [0x1fff0000, 0x0bf97000, 0x1ff09800, 0x20004000])
    expect(codePlace([image], pc)).toMatchObject({ symbol: null, line: null });
});
