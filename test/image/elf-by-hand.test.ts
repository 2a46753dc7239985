/** What a file made by hand says, word by word: symbols of each kind and binding, names up to the last byte of their table, sections by their flags. */
import { zlibSync } from 'fflate';
import { describe, expect, it, vi } from 'vitest';
import { readAttributes } from '../../src/image/attributes.ts';
import { parseElf, type ElfSymbol } from '../../src/image/elf.ts';
import { loadImage } from '../../src/image/image.ts';
import { stringTable } from '../../src/image/strings.ts';

const [PROGBITS, SYMTAB, STRTAB, NOBITS] = [1, 2, 3, 8];
const [WRITE, ALLOC, EXECINSTR] = [1, 2, 4];
interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly address?: number;
  readonly bytes?: Uint8Array;
  readonly size?: number;
  readonly link?: number;
}
const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

/** Where contents begin: behind the header and two program headers. */
const FROM = 52 + 2 * 32;
/** Sections behind the first, which is empty; the table of their names is the last of all. `tail` stands behind the contents. */
function elfOf(sections: readonly Section[], tail = '', memory = 4): Uint8Array {
  const all: Section[] = [{ name: '', type: 0 }, ...sections, { name: '.shstrtab', type: STRTAB, bytes: text('') }];
  const names = all.map(({ name }) => `${name}\0`).join('');
  all[all.length - 1] = { name: '.shstrtab', type: STRTAB, bytes: text(names) };
  const contents: number[] = [];
  const rows = all.map((s, i) => {
    const offset = FROM + contents.length;
    for (const byte of s.bytes ?? []) contents.push(byte);
    const nameAt = all.slice(0, i).reduce((sum, { name }) => sum + name.length + 1, 0);
    return words(nameAt, s.type, s.flags ?? 0, s.address ?? 0, offset, s.size ?? s.bytes?.length ?? 0, s.link ?? 0, 0, 1, 0);
  });
  contents.push(...text(tail));
  while (contents.length % 4) contents.push(0);
  // two PT_LOADs of the file's first four bytes, which take so many in memory, side by side
  const segments = [0x0800_0000, 0x0800_0000 + memory].flatMap((at) => [...words(1, 0, at, at, 4, memory, 5, 4)]);
  const header = new Uint8Array(52);
  const view = new DataView(header.buffer);
  header.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  const halves = [2, 40] as const;
  halves.forEach((value, i) => view.setUint16(16 + 2 * i, value, true));
  view.setUint32(20, 1, true);
  view.setUint32(28, 52, true);
  view.setUint32(32, FROM + contents.length, true);
  [52, 32, 2, 40, all.length, all.length - 1].forEach((value, i) => view.setUint16(40 + 2 * i, value, true));
  return Uint8Array.from([...header, ...segments, ...contents, ...rows.flatMap((row) => [...row])]);
}

/** Elf32_Sym: name, value, size, info (binding << 4 | type), other, section. */
const symbol = (name: number, value: number, size: number, info: number, section = 1): Uint8Array => {
  const bytes = words(name, value, size, 0);
  bytes[12] = info;
  new DataView(bytes.buffer).setUint16(14, section, true);
  return bytes;
};
function withSymbols(names: string, rows: readonly Uint8Array[], tail = '', memory = 4): Uint8Array {
  const table = Uint8Array.from(rows.flatMap((row) => [...row]));
  return elfOf(
    [
      { name: '.symtab', type: SYMTAB, bytes: table, link: 2 },
      { name: '.strtab', type: STRTAB, bytes: text(names) },
    ],
    tail,
    memory,
  );
}
const symbolsOf = (...what: Parameters<typeof withSymbols>): readonly ElfSymbol[] => parseElf(withSymbols(...what)).symbols;

describe('A symbol', () => {
  it.each([
    ['a local label', 0x00, 0x2000_0001, ['label', 'local', 0x2000_0001]],
    ['a global object', 0x11, 0x2000_0001, ['object', 'global', 0x2000_0001]],
    ['a global function, without the Thumb bit', 0x12, 0x0800_0101, ['function', 'global', 0x0800_0100]],
    ['a function above 2 GB', 0x12, 0x9000_0101, ['function', 'global', 0x9000_0100]],
    ['a weak function', 0x22, 0x0800_0101, ['function', 'weak', 0x0800_0100]],
  ] as const)('%s', (_name, info, value, expected) => {
    const found = symbolsOf('\0abc\0', [symbol(1, value, 6, info)]);
    expect(found.map((s) => [s.kind, s.binding, s.address])).toEqual([expected]);
    expect(found[0]).toMatchObject({ name: 'abc', size: 6 });
  });
  it.each([
    ['of a section', symbol(1, 0, 0, 0x03)],
    ['of a binding that nobody knows', symbol(1, 0, 0, 0x32)],
    ['that is defined elsewhere', symbol(1, 0, 0, 0x12, 0)],
    ['without a name', symbol(0, 0, 0, 0x12)],
    ['whose name lies behind its table', symbol(5, 0, 0, 0x12)],
  ])('%s is none', (_name, row) => expect(symbolsOf('\0abc\0', [row])).toEqual([]));
  it.each(['$t', '$d.12', '$a', '$x'])('that maps code and data (%s) is none', (name) =>
    expect(symbolsOf(`\0${name}\0`, [symbol(1, 0, 0, 0)])).toEqual([]),
  );
  it('that IAR writes for a label inside of a function (??main_0) is none, and stays where no such function is', () => {
    const at = 0x0800_0100;
    const names = '\0main\0??main_0\0??gone_0\0';
    const rows = [symbol(1, at | 1, 32, 0x12), symbol(6, (at + 8) | 1, 0, 0x02), symbol(15, (at + 64) | 1, 0, 0x02)];
    expect(symbolsOf(names, rows).map((s) => s.name)).toEqual(['main', '??gone_0']);
    const { symbols } = loadImage(withSymbols(names, rows, '', 0x0100_0000), 'a.elf');
    expect(symbols.at(at + 12)).toMatchObject({ symbol: { name: 'main' }, offset: 12 });
  });
  it('whose name holds line feeds and tabs keeps its line', () =>
    expect(symbolsOf('\0a\nb\tc\0', [symbol(1, 0, 0, 0x12)]).map((s) => s.name)).toEqual(['a\ufffdb\ufffdc']));
  it('whose name is longer than 4096 bytes has its beginning', () => {
    const names = `\0${'a'.repeat(4096)}\0${'b'.repeat(4097)}\0`;
    expect(symbolsOf(names, [symbol(1, 0, 0, 0x12), symbol(4098, 0, 0, 0x12)]).map((s) => s.name)).toEqual([
      'a'.repeat(4096),
      'b'.repeat(4096),
    ]);
  });
  it('of many that share one long text costs no more than the text four times', () => {
    const names = `\0${'a'.repeat(20_000)}\0`;
    const same = symbolsOf(
      names,
      Array.from({ length: 2000 }, () => symbol(1, 0, 0, 0x12)),
    );
    expect(same.length).toBe(2000);
    const apart = symbolsOf(
      names,
      Array.from({ length: 2000 }, (_, i) => symbol(1 + i, 0, 0, 0x12)),
    );
    expect(apart.reduce((sum, { name }) => sum + name.length, 0)).toBeLessThanOrEqual(4 * names.length + 4096);
  });
  it.each(['', 'more', 'more\0'])('whose name is not ended has what its table holds of it (behind it stands "%s")', (tail) => {
    const names = symbolsOf('\0abc', [symbol(1, 0, 0, 0x12), symbol(3, 0, 0, 0x12), symbol(4, 0, 0, 0x12)], tail).map((s) => s.name);
    expect(names).toEqual(['abc', 'c']);
  });
});

describe('A label without a size', () => {
  it.each([4, 12])('names the rest of its stretch, of %i bytes in memory, and is a number outside of it', (memory) => {
    const first = 0x0800_0000;
    const [next, end] = [first + memory, first + 2 * memory];
    const at = (label: number, address: number): string | undefined =>
      loadImage(withSymbols('\0abc\0', [symbol(1, label, 0, 0)], '', memory), 'a.elf').symbols.at(address)?.symbol.name;
    const named = (addresses: readonly number[], label?: number): boolean[] =>
      addresses.map((address) => at(label ?? address, address) === 'abc');
    expect(named([first - 1, first, next - 1, next, end - 1, end])).toEqual([false, true, true, true, true, false]);
    expect(named([first - 1, first, next - 1, next], first)).toEqual([false, true, true, false]);
  });
});

/** Bytes that do not shrink. */
function noiseOf(length: number): Uint8Array {
  let word = 1;
  return Uint8Array.from({ length }, () => (word = (Math.imul(word, 1664525) + 1013904223) >>> 0) >>> 24);
}

describe('A section', () => {
  it.each([
    ['a twentieth', 32 << 10, 20, (32 * 20) << 10],
    ['a thousandth: no debug data is so even', 1, 1 << 20, undefined],
  ])('that is compressed to %s is read, if it is one of a firmware', (_name, noise, times, expected) => {
    const drawn = noiseOf(noise);
    const size = noise * times;
    const packed = zlibSync(
      new Uint8Array(size).map((_, i) => drawn[Math.floor(i / times)]!),
      { level: 1 },
    );
    const bytes = new Uint8Array(12 + packed.length);
    bytes.set(words(1, size, 1));
    bytes.set(packed, 12);
    const elf = parseElf(elfOf([{ name: '.debug_str', type: PROGBITS, flags: 0x800, bytes }]));
    expect(elf.section('.debug_str')?.length).toBe(expected);
    if (expected === undefined) expect(elf.leftOut.text).toMatch(/: \.debug_str, 1 MB from \d+ KB$/);
    else expect(elf.leftOut.text).toBeNull();
  });
  it.each([1000, 1 << 20, (1 << 20) - 1, (1 << 20) + 1])('that is compressed and says to have %i bytes, of 1,048,576', (said) => {
    const few = noiseOf(1 << 16);
    const shrinking = new Uint8Array(1 << 20).map((_, i) => few[i >> 4]!);
    const bytes = Uint8Array.from([...words(1, said, 1), ...zlibSync(shrinking)]);
    const elf = parseElf(elfOf([{ name: '.debug_str', type: PROGBITS, flags: 0x800, bytes }]));
    expect(elf.section('.debug_str')?.at(-1)).toBe(said === 1 << 20 ? shrinking.at(-1) : undefined);
  });
  it.each([
    ['that is loaded', PROGBITS, ALLOC, true],
    ['that is loaded and written', PROGBITS, ALLOC | WRITE, true],
    ['that is zeroed', NOBITS, ALLOC | WRITE, true],
    ['that is code', PROGBITS, ALLOC | EXECINSTR, true],
    ['that is written and not loaded', PROGBITS, WRITE, false],
    ['that is for tools', PROGBITS, 0, false],
  ] as const)('%s is in memory: %#', (_name, type, flags, isIn) => {
    const file = parseElf(elfOf([{ name: '.it', type, flags, address: 0x2000_0000, size: 4, bytes: new Uint8Array(4) }]));
    expect([0x1fff_ffff, 0x2000_0000, 0x2000_0003, 0x2000_0004].map((a) => file.sectionAt(a))).toEqual([
      null,
      ...(isIn ? ['.it', '.it'] : [null, null]),
      null,
    ]);
  });
});

/** Addenda to the ABI for the Arm Architecture, "Formal syntax of an ABI Build Attributes Section". */
const CPU_ARCH = 6;
/** Of the vendor "aeabi", with what is said of the whole file. */
const aeabi = (...tags: number[]): number[] => [
  0x41,
  ...[15 + tags.length, 0, 0, 0, ...text('aeabi\0')],
  ...[1, 5 + tags.length, 0, 0, 0, ...tags],
];
describe('Build attributes', () => {
  const NOTHING = { architecture: null, fpu: 0, doublePrecision: false };
  it.each([
    ['with its format alone', [0x41], NOTHING],
    ['of another format', [0x42], null],
    ['too short for a length', [0x41, 4, 0, 0], NOTHING],
    ['with a length that has no vendor', [0x41, 4, 0, 0, 0], null],
    ['with a length of nothing', [0x41, 0, 0, 0, 0], null],
    ['longer than the section', [0x41, 6, 0, 0, 0, 0], null],
    ['of a vendor without a name', [0x41, 5, 0, 0, 0, 0], NOTHING],
    ['that says nothing of the file', aeabi(), NOTHING],
    ['whose scope ends with a tag, which is 0 then', aeabi(CPU_ARCH), { ...NOTHING, architecture: 0 }],
    ['with an architecture', aeabi(CPU_ARCH, 17), { ...NOTHING, architecture: 17 }],
  ])('%s', (_name, bytes, expected) => expect(readAttributes(Uint8Array.from(bytes))).toEqual(expected));
});

describe('A table of symbols', () => {
  const names = '\0abc\0$t\0';
  /** Quicker than row by row. */
  const many = (count: number, name: number): Uint8Array => {
    const table = Buffer.alloc(16 * count, symbol(name, 0x0800_0001, 2, 0x12));
    const small = withSymbols(names, [symbol(name, 0x0800_0001, 2, 0x12)]);
    const whole = Buffer.concat([small, table]);
    // the section header of .symtab, the first behind the empty one: its offset and its size
    const header = whole.readUInt32LE(32) + 40;
    whole.writeUInt32LE(small.length, header + 16);
    whole.writeUInt32LE(table.length, header + 20);
    return whole;
  };
  it.each([
    ['names', 2 ** 17 + 1, 1, 2 ** 17, 'more than 131072 names'],
    ['entries that name nothing', 2 ** 19 + 1, 5, 0, 'more than 524288 entries'],
  ])('with more %s than any firmware has is read up to a bound, which is told', (_what, count, name, kept, said) => {
    const { symbols, remarks } = parseElf(many(count, name));
    expect(symbols).toHaveLength(kept);
    expect(remarks.filter((remark) => remark.startsWith('its table of symbols'))).toEqual([expect.stringContaining(said)]);
    expect(parseElf(many(4, 1)).remarks.join()).not.toContain('table of symbols');
  });
});

it('Names that begin at all places of one long text are looked through a few times as often as it is long, not each to the longest name', () => {
  const [count, length] = [20_000, 100_000];
  const table = stringTable(new Uint8Array(length).fill(0x41));
  let looked = 0;
  const indexOf = vi.spyOn(Uint8Array.prototype, 'indexOf').mockImplementation(function (this: Uint8Array, value, from) {
    looked += this.length;
    return Array.prototype.indexOf.call(this, value, from);
  });
  try {
    const told = Array.from({ length: count }, (_, i) => table.at(i));
    expect(told[0]).toHaveLength(4096);
    expect(told.at(-1)).toBeNull();
  } finally {
    indexOf.mockRestore();
  }
  expect(looked).toBeLessThan(6 * length + 260 * count);
});

describe('Segments', () => {
  /** So many of the same four bytes, side by side. */
  const of = (count: number): Uint8Array => {
    const header = Buffer.from(elfOf([]).subarray(0, 52));
    header.writeUInt16LE(count, 44);
    header.writeUInt32LE(0, 32);
    [48, 50].forEach((at) => header.writeUInt16LE(0, at));
    const rows = Array.from({ length: count }, (_, i) => words(1, 0, 0x0800_0000 + 4 * i, 0x0800_0000 + 4 * i, 4, 4, 5, 4));
    return Buffer.concat([header, ...rows]);
  };
  it('are read, and a file with more of them than any linker makes is refused in a sentence', () => {
    expect(parseElf(of(512)).segments).toHaveLength(512);
    expect(() => parseElf(of(513))).toThrow('more than 512 segments that are loaded');
  });
});

describe('A variable in a bit-band alias, 0x22000000 or 0x42000000', () => {
  /** The second segment lies at `address`, and has the four bytes of the file from `from` on. */
  const withSegment = (address: number, from: number): Uint8Array => {
    const bytes = elfOf([{ name: '.alias', type: NOBITS, flags: WRITE | ALLOC, address, size: 0x4ec00 }]);
    const view = new DataView(bytes.buffer);
    [from, address, address].forEach((value, i) => view.setUint32(52 + 32 + 4 + 4 * i, value, true));
    return bytes;
  };
  const [ZEROS, MAGIC] = [8, 0];
  it.each([0x2200_0000, 0x4200_0000])('takes no memory and loads nothing: its place is that of the bits (0x%x)', (address) => {
    const elf = parseElf(withSegment(address, ZEROS));
    expect([elf.segments.map((s) => s.address), elf.reserved]).toEqual([[0x0800_0000], []]);
  });
  it('that has other values than 0 is loaded, as is one beside the alias', () => {
    expect(parseElf(withSegment(0x2200_0000, MAGIC)).segments).toHaveLength(2);
    const beside = parseElf(withSegment(0x2400_0000, ZEROS));
    expect([beside.segments.length, beside.reserved.length]).toEqual([2, 1]);
  });
});
