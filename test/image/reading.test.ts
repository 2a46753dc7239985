/** Parts of an image, besides its debug data, that no tool writes: what reading and asking takes is bounded. */
import { zlibSync } from 'fflate';
import { expect, it } from 'vitest';
import { readAttributes } from '../../src/image/attributes.ts';
import { parseElf, type ElfSymbol } from '../../src/image/elf.ts';
import { loadImage, type LoadedImage } from '../../src/image/image.ts';
import { loadImages } from '../../src/image/images.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
import { abbreviations, infoUnit, joined, manyFiles, repeated, uleb, withDebug, word } from '../../tools/fuzz/debug-data.ts';
import { READING } from '../../src/image/work.ts';
import { data } from './helpers.ts';

it('compressed sections that come to nothing have taken their room all the same', () => {
  const size = 24 << 20;
  const noise = Uint8Array.from({ length: size >> 6 }, (_, i) => (i * i * 2654435761) >>> 24);
  const packed = zlibSync(
    new Uint8Array(size).map((_, i) => noise[i >> 6]!),
    { level: 1 },
  );
  // ELFCOMPRESS_ZLIB in the form of GNU tools; the last byte of the checksum is another one
  const whole = joined([0x5a, 0x4c, 0x49, 0x42, 0, 0, 0, 0, ...word(size).reverse()], packed);
  const damaged = whole.slice(0, -8);
  const elf = (bytes: Uint8Array): ReturnType<typeof parseElf> => {
    const names = ['.zdebug_info', '.zdebug_str', '.zdebug_line', '.zdebug_abbrev', '.zdebug_frame'];
    return parseElf(withDebug(data('calls.elf'), Object.fromEntries(names.map((name) => [name, bytes]))));
  };
  for (const bytes of [whole, damaged]) {
    const { section, leftOut } = elf(bytes);
    const found = ['.debug_line', '.debug_info', '.debug_str', '.debug_abbrev', '.debug_frame'].map((name) => section(name)?.length);
    expect(found.slice(0, 4)).toEqual(new Array(4).fill(bytes === whole ? size : undefined));
    expect(found[4]).toBeUndefined();
    expect(leftOut.text).toMatch(/: \.debug_frame, 24 MB from \d+ KB$/);
  }
}, 60_000);

it('a compressed section is left off by a command that is to end, and read at another time', () => {
  const plain = new Uint8Array(4 << 20).map((_, i) => (i * i * 2654435761) >>> 24);
  const packed = joined([0x5a, 0x4c, 0x49, 0x42, 0, 0, 0, 0, ...word(plain.length).reverse()], zlibSync(plain, { level: 1 }));
  const { section, leftOut } = parseElf(withDebug(data('calls.elf'), { '.zdebug_str': packed }));
  let looks = 0;
  const during = READING.within(
    () => ++looks > 3,
    () => section('.debug_str'),
  );
  expect(during).toBeNull();
  expect(looks).toBe(4);
  expect(leftOut.text).toBe('debug information was left out, as the run was to end while it was read');
  expect(Buffer.compare(section('.debug_str')!, plain)).toBe(0);
});

it('build attributes of megabytes are none', () => {
  // FORMAT_A, "aeabi", Tag_File with Tag_CPU_arch, again and again
  const of = (count: number): Uint8Array => {
    const tags = repeated(count, [6, 13]);
    const file = joined([1], word(5 + tags.length), tags);
    const vendor = joined(new TextEncoder().encode('aeabi\0'), file);
    return joined([0x41], word(4 + vendor.length), vendor);
  };
  expect(readAttributes(of(10))?.architecture).toBe(13);
  expect(readAttributes(of(40_000))).toBeNull();
});

it('the end of a label is looked for once, however often an address is asked about', () => {
  const labels = Array.from({ length: 2000 }, (_, i): ElfSymbol => {
    return { name: `l${i}`, address: 0x0800_0000 + 4 * i, size: 0, kind: 'label', binding: 'local' };
  });
  let asked = 0;
  const table = new SymbolTable(labels, () => (++asked, 0x0800_0000 + 8000));
  for (let i = 0; i < 1000; i++) expect(table.at(0x0800_2000 + i)).toBeNull();
  expect(asked).toBeLessThanOrEqual(2 * labels.length);
  expect(table.at(0x0800_1f3f)?.symbol.name).toBe('l1999');
});

it('files of two images are told apart by so many folders as programs have', () => {
  const folders = 400;
  // units of DWARF 4 with DW_AT_stmt_list and DW_AT_comp_dir as a string, each for a line table of its own
  const table = (files: number): Uint8Array => manyFiles(files, true);
  const elf = (letter: string, files: number): Uint8Array => {
    const lines = Array.from({ length: folders }, () => table(files));
    let at = 0;
    const units = lines.map((line, i) => {
      const unit = infoUnit([1, ...word(at)], new TextEncoder().encode(`/${letter}/${i}\0`));
      at += line.length;
      return unit;
    });
    const kind = { tag: 0x11, children: false, attributes: [[0x10, 0x17] as const, [0x1b, 0x08] as const] };
    return withDebug(data('calls.elf'), {
      '.debug_line': joined(...lines),
      '.debug_info': joined(...units),
      '.debug_abbrev': abbreviations([kind]),
    });
  };
  const load = (files: number): readonly LoadedImage[] =>
    loadImages([elf('a', files), elf('a', files)].map((bytes, i) => ({ path: `${i}.elf`, bytes })));
  expect(load(2).map(({ leftOut }) => leftOut.text)).toEqual([null, null]);
  const [, second] = load(700);
  expect(second!.leftOut.text).toContain('what is behind 524288 places of files that two images have');
  expect(loadImage(elf('a', 700), 'a.elf').lines.files.length).toBeGreaterThan(600);
  expect(uleb(300)).toEqual([0xac, 2]);
});
