import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dfuCrc } from '../../src/image/dfu.ts';
import { ImageError, loadImage, type ImageChunk } from '../../src/image/image.ts';
import { data, patched } from './helpers.ts';

const BASE = 0x0800_0000;
const binary = data('dwarf5-O2.bin');
const ascii = (s: string): Uint8Array => Uint8Array.from(s, (c) => c.charCodeAt(0));
const word = (n: number): Uint8Array => Uint8Array.of(n, n >>> 8, n >>> 16, n >>> 24);
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((p) => [...p]));
const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, '0').toUpperCase()).join('');

/** Pieces that lie apart from each other, from low addresses to high ones. */
const pieces = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.uint8Array({ minLength: 1, maxLength: 700 })), { minLength: 1, maxLength: 4 })
  .map((list) => {
    let at = BASE;
    return list.map(([gap, bytes]): ImageChunk => {
      const chunk = { address: at + gap, data: bytes };
      at = chunk.address + bytes.length;
      return chunk;
    });
  });

function srecord(type: number, address: number, bytes: Uint8Array): string {
  const wide = { 1: 2, 2: 3, 3: 4, 5: 2, 6: 3, 7: 4, 8: 3, 9: 2 }[type] ?? 2;
  const all = join(Uint8Array.of(wide + bytes.length + 1), word(address).slice(0, wide).reverse(), bytes);
  return `S${type}${hex(join(all, Uint8Array.of(~all.reduce((a, b) => a + b, 0))))}\r\n`;
}
const srec = (chunks: readonly ImageChunk[]): Uint8Array => {
  const rows = chunks.flatMap(({ address, data: bytes }) =>
    Array.from({ length: Math.ceil(bytes.length / 32) }, (_, i) => srecord(3, address + 32 * i, bytes.subarray(32 * i, 32 * i + 32))),
  );
  return ascii(srecord(0, 0, ascii('name')) + rows.join('') + srecord(5, rows.length, word(0).slice(4)) + srecord(7, 0, word(0).slice(4)));
};

interface Uf2Block extends ImageChunk {
  readonly flags?: number;
  readonly number?: number;
  readonly total?: number;
  readonly family?: number;
}
function uf2(blocks: readonly Uf2Block[]): Uint8Array {
  return join(
    ...blocks.map(({ address, data: bytes, flags = 0x2000, number, total = blocks.length, family = 0x57755a57 }, i) => {
      const head = [0x0a324655, 0x9e5d5157, flags, address, bytes.length, number ?? i, total, family];
      return join(...head.map(word), bytes, new Uint8Array(476 - bytes.length), word(0x0ab16f30));
    }),
  );
}
const uf2Of = (chunks: readonly ImageChunk[]): Uint8Array =>
  uf2(
    chunks.flatMap(({ address, data: bytes }) =>
      Array.from({ length: Math.ceil(bytes.length / 256) }, (_, i) => ({
        address: address + 256 * i,
        data: bytes.subarray(256 * i, 256 * i + 256),
      })),
    ),
  );

const suffixed = (bytes: Uint8Array, bcdDfu: number): Uint8Array => {
  const start = join(bytes, word(0xdf11ffff), Uint8Array.of(0x83, 4, bcdDfu, bcdDfu >> 8), ascii('UFD'), Uint8Array.of(16));
  return join(start, word(dfuCrc(start)));
};
function target(chunks: readonly ImageChunk[], size?: number, count = chunks.length): Uint8Array {
  const elements = join(...chunks.map(({ address, data: bytes }) => join(word(address), word(bytes.length), bytes)));
  return join(ascii('Target'), new Uint8Array(260), word(size ?? elements.length), word(count), elements);
}
const dfuse = (targets: readonly Uint8Array[], size?: number, count = targets.length): Uint8Array => {
  const body = join(...targets);
  return suffixed(join(ascii('DfuSe'), Uint8Array.of(1), word(size ?? body.length + 11), Uint8Array.of(count), body), 0x011a);
};

const WRITERS = { 'a.srec': srec, 'a.uf2': uf2Of, 'a.dfu': (chunks: readonly ImageChunk[]) => dfuse([target(chunks)]) };
/** Adjacent pieces are one chunk of an image. */
const joined = (chunks: readonly ImageChunk[]): readonly ImageChunk[] => loadImage(srec(chunks), 'a.srec').chunks;

describe('files that say where their bytes go', () => {
  test.each(Object.entries(WRITERS))('%s: any bytes at any place survive', (name, write) => {
    fc.assert(
      fc.property(pieces, (chunks) => {
        expect(loadImage(write(chunks), name).chunks).toEqual(chunks);
      }),
    );
  });

  test('pieces that touch are one', () => {
    const two = [
      { address: BASE, data: ascii('abc') },
      { address: BASE + 3, data: ascii('def') },
    ];
    expect(joined(two)).toEqual([{ address: BASE, data: ascii('abcdef') }]);
    expect(loadImage(dfuse([target(two.slice(1)), target(two.slice(0, 1))]), 'a.dfu').chunks).toEqual(joined(two));
  });

  test.each(Object.entries(WRITERS))('%s: damaged or cut short, it is an ImageError or what it was', (name, write) => {
    const good = write([{ address: BASE, data: binary }]);
    for (let n = 0; n < good.length - 2; n++) expect(() => loadImage(good.subarray(0, n), name), `cut at ${n}`).toThrow(ImageError);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        try {
          loadImage(patched(good, [at, value]), name);
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
        }
      }),
    );
  });

  test.each(['a.srec', 'a.uf2', 'a.dfu'])('%s: whatever stands in it, it is read or an ImageError', (name) => {
    const heads = { 'a.srec': ascii('S3'), 'a.uf2': join(word(0x0a324655), word(0x9e5d5157)), 'a.dfu': ascii('DfuSe\x01') };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        const file = join(heads[name as keyof typeof heads], bytes);
        expect(() => loadImage(name === 'a.dfu' ? suffixed(file, 0x11a) : file, name)).toThrow(ImageError);
      }),
    );
  });

  test.each([
    ['dwarf5-O2.srec', srec([])],
    ['dwarf5-O2.uf2', uf2Of([{ address: BASE, data: binary }])],
    ['dwarf5-O2-twice.dfu', dfuse([])],
  ])('%s takes no address of the user', (name, bytes) => {
    expect(() => loadImage(bytes, `${name}@0x08000000`)).toThrow(/already contains its addresses; leave out @address$/);
  });

  test('a HEX file takes no address, and a raw binary that begins with a colon does', () => {
    expect(() => loadImage(ascii(':00000001FF\n'), 'a.hex@0x08000000')).toThrow('an Intel HEX file already contains its addresses');
    expect(loadImage(ascii(':abc'), 'a.bin@0x08000000').chunks).toEqual([{ address: BASE, data: ascii(':abc') }]);
  });
});

describe('a file that no firmware fills is refused before it is read', () => {
  const large = (begins: string): Uint8Array => {
    const bytes = new Uint8Array((16 << 20) + 1).fill(0x0a);
    bytes.set(ascii(begins));
    return bytes;
  };
  test.each([
    [':00000001FF', 'an Intel HEX file'],
    ['S0030000FC', 'an S-record file'],
    ['UF2\nWQ]\x9e', 'a UF2 file'],
    ['DfuSe', 'a DfuSe file'],
  ])('by its size: %j', (begins, called) => {
    const bytes = large(begins);
    expect(() => loadImage(bytes, 'a.hex')).toThrow(
      `a.hex: ${called} of 17 MB; at most 16 MB are read; no chip has more than 4 MB of flash`,
    );
  });
  test('by its pieces that stand apart from each other', () => {
    const far = Array.from({ length: 32_769 }, (_, n) => ({ address: BASE + 2 * n, data: Uint8Array.of(n) }));
    expect(() => loadImage(dfuse([target(far)]), 'a.dfu')).toThrow('a.dfu: it puts more than 32768 pieces apart from each other');
    expect(loadImage(dfuse([target(far.slice(1))]), 'a.dfu').chunks).toHaveLength(32_768);
  });
  test.each([
    ['hex', ':0100000000FF\n'],
    ['srec', 'S104000000FB\n'],
  ])('by its lines: %s', (kind, record) => {
    expect(() => loadImage(ascii(record.repeat(600_001)), `a.${kind}`)).toThrow(
      'it has more than 600000 lines; no chip has more than 4 MB of flash',
    );
  });
});

describe('S-records', () => {
  test('objcopy wrote the same bytes and the same entry as the ELF holds', () => {
    const [file, elf] = [loadImage(data('dwarf5-O2.srec'), 'a.srec'), loadImage(data('dwarf5-O2.elf'), 'a.elf')];
    expect(file).toMatchObject({ kind: 'srec', chunks: elf.chunks, entry: elf.entry });
  });

  test('addresses of 16 and 24 bits count as those of 32 do', () => {
    const rows = srecord(1, 0x1234, ascii('a')) + srecord(2, 0x123456, ascii('b')) + srecord(9, 0x1234, word(0).slice(4));
    expect(loadImage(ascii(rows), 'a.s19')).toMatchObject({
      chunks: [{ address: 0x1234 }, { address: 0x123456 }],
      entry: 0x1234,
    });
  });

  const end = srecord(7, 0, word(0).slice(4));
  const one = srecord(3, BASE, ascii('a'));
  test.each([
    ['a wrong checksum', one.replace(/..\r\n$/, '00\n') + end, 'bad-checksum', 'checksum 0x00, expected 0x90 (line 1)'],
    ['no end', one, 'truncated', 'no end record (behind line 1)'],
    ['data behind the end', end + one, 'bad-srec', 'data after the end record (line 2)'],
    [
      'a count that is wrong',
      one + srecord(5, 2, word(0).slice(4)) + end,
      'truncated',
      'its count is 2 data records, but there are 1 (line 2)',
    ],
    ['a reserved type', one + 'S4030000FC\n' + end, 'bad-srec', 'unknown record type S4 (line 2)'],
    ['a length that is too long', one.replace('S306', 'S307') + end, 'bad-srec', 'length does not match'],
    ['half a byte', one + 'S30\n', 'bad-srec', 'not an S-record (line 2)'],
    ['an end with data', one + srecord(7, 0, ascii('a')), 'bad-srec', 'an S7 record with data (line 2)'],
    ['data past the last address', srecord(3, 0xffffffff, ascii('ab')) + end, 'bad-srec', 'past the end of the address space (line 1)'],
    ['no data', srecord(0, 0, ascii('name')) + end, 'no-segments', 'nothing to load'],
    ['bytes given twice', one + one + end, 'overlap', '0x08000000'],
  ])('%s names its line', (_what, text, code, message) => {
    expect(() => loadImage(ascii(text), 'a.srec')).toThrow(
      expect.objectContaining({ code, path: 'a.srec', message: expect.stringContaining(message) as string }),
    );
  });
});

describe('UF2', () => {
  const block = { address: BASE, data: ascii('abcd') };
  const next = { address: BASE + 4, data: ascii('efgh') };

  test("uf2conv.py of its authors wrote the ELF's bytes, filled up to the block", () => {
    const { chunks, kind } = loadImage(data('dwarf5-O2.uf2'), 'a.uf2');
    expect(kind).toBe('uf2');
    expect(chunks).toEqual([{ address: BASE, data: join(binary, new Uint8Array(256 - binary.length).fill(0xff)) }]);
  });

  test('blocks may come in any order, and those that are not for the main flash are left out', () => {
    const file = uf2([
      { ...next, number: 1 },
      { address: 0, data: ascii('no'), flags: 0x2001, number: 2 },
      { ...block, number: 0 },
    ]);
    expect(loadImage(file, 'a.uf2').chunks).toEqual([{ address: BASE, data: ascii('abcdefgh') }]);
  });

  test.each([
    ['half a block', uf2([block]).subarray(0, 500), 'truncated', '500 bytes is not a multiple of the block size'],
    ['a block that is missing', uf2([block, next]).subarray(0, 512), 'truncated', 'block 1 of 2 is missing'],
    ['a number that is too large to count to', uf2([{ ...block, total: 0xffffffff }]), 'truncated', 'block 1 of 4294967295 is missing'],
    ['a block twice', uf2([block, { ...next, number: 0 }]), 'bad-uf2', 'block 0 occurs twice (offset 0x200)'],
    ['a number past the last', uf2([{ ...block, number: 1 }]), 'bad-uf2', 'block 1 of 1 (offset 0x0)'],
    [
      'two opinions on how many there are',
      uf2([block, { ...next, total: 3 }]),
      'bad-uf2',
      'a total of 3 blocks, but the first one gives 2',
    ],
    ['two families', uf2([block, { ...next, family: 1 }]), 'bad-uf2', 'programs for 2 families (0x57755a57, 0x00000001)'],
    ['files in place of a program', uf2([{ ...block, flags: 0x1000 }]), 'bad-uf2', 'its blocks contain files'],
    ['nothing for the main flash', uf2([{ ...block, flags: 1 }]), 'no-segments', 'nothing to load'],
    ['more data than fits', patched(uf2([block]), [16, 0xdd, 1]), 'bad-uf2', 'a block with 477 bytes of data'],
    ['no magic at the end of a block', patched(uf2([block]), [508, 0]), 'bad-uf2', 'without the magic words of UF2 (offset 0x0)'],
  ])('%s is told', (_what, bytes, code, message) => {
    expect(() => loadImage(bytes, 'a.uf2')).toThrow(
      expect.objectContaining({ code, path: 'a.uf2', message: expect.stringContaining(message) as string }),
    );
  });
});

describe('DFU', () => {
  const element = { address: BASE, data: ascii('abcd') };

  test('the CRC is that of IEEE 802.3 without its last inversion', () => {
    expect(dfuCrc(ascii('123456789'))).toBe(~0xcbf43926 >>> 0);
  });

  test('a DfuSe file by the packer of dfu-util has both of its elements', () => {
    const image = loadImage(data('dwarf5-O2-twice.dfu'), 'a.dfu');
    expect(image).toMatchObject({ kind: 'dfuse', entry: null });
    expect(image.chunks).toEqual([BASE, BASE + 0x4000].map((address) => ({ address, data: binary })));
  });

  test('a plain file with the suffix of DFU 1.1, by dfu-suffix, is a raw binary: its address stands behind the @', () => {
    const bytes = data('dwarf5-O2-plain.dfu');
    expect(loadImage(bytes, 'a.dfu@0x08004000')).toMatchObject({ kind: 'binary', chunks: [{ address: BASE + 0x4000, data: binary }] });
    expect(() => loadImage(bytes, 'a.dfu')).toThrow(
      'a raw binary with the suffix of a DFU file, which says no address (a DfuSe file would), needs an address; write it as a.dfu@0x08000000',
    );
    expect(() => loadImage(bytes, 'a.dfu@main')).toThrow('"main" is not an address');
  });

  test('a file that only its name calls DFU is not told to be cut off: it has neither prefix nor suffix', () => {
    expect(() => loadImage(ascii('firmware update by: somebody'.repeat(4)), 'a.dfu')).toThrow(
      /neither the prefix of a DfuSe file \(DfuSe\) nor the suffix of a DFU file \(UFD\)/,
    );
  });

  test('a prefix may count the suffix or not', () => {
    const file = dfuse([target([element])], 11 + 274 + 12 + 16);
    expect(loadImage(file, 'a.dfu').chunks).toEqual([element]);
  });

  const good = target([element]);
  test.each([
    ['a CRC that is wrong', patched(dfuse([good]), [294, 0]), 'bad-checksum', 'expected 0x'],
    ['no suffix', dfuse([good]).subarray(0, -16), 'truncated', 'does not end with a DFU file suffix'],
    ['nothing but a suffix', suffixed(ascii(''), 0x100), 'no-segments', 'nothing to load'],
    [
      'a version that nobody knows',
      suffixed(ascii('DfuSe\x02123456'), 0x11a),
      'bad-dfu',
      'version 2; only version 1 is known (offset 0x5)',
    ],
    ['half a prefix', suffixed(ascii('DfuSe\x01'), 0x11a), 'truncated', 'inside its prefix'],
    ['a size that is not its own', dfuse([good], 300), 'bad-dfu', 'its prefix announces 300 bytes, but there are 297'],
    ['more targets than there are', dfuse([good], undefined, 2), 'truncated', 'inside the prefix of a target (offset 0x129)'],
    ['fewer targets than there are', dfuse([good, good], undefined, 1), 'bad-dfu', '286 bytes after its last target'],
    ['a target without its name', patchedTarget(good), 'bad-dfu', 'a target should begin here (offset 0xb)'],
    ['a target that is too long', dfuse([target([element], 2 ** 32 - 1)]), 'truncated', 'a target of 4294967295 bytes runs past the end'],
    ['an element that is too long', dfuse([target([element], 8)]), 'truncated', 'element 1 of 1 runs past the end of its target'],
    ['elements without end', dfuse([target([element], 12, 2 ** 32 - 1)]), 'truncated', 'element 2 of 4294967295 runs past'],
    ['fewer elements than there are', dfuse([target([element], 12, 0)]), 'bad-dfu', '12 bytes after the last element of a target'],
    ['no targets', dfuse([]), 'no-segments', 'its targets contain no data'],
    ['bytes given twice', dfuse([good, good]), 'overlap', '0x08000000'],
    ['data past the last address', dfuse([target([{ ...element, address: 0xfffffffe }])]), 'bad-dfu', 'past the end of the address space'],
  ])('%s is told', (_what, bytes, code, message) => {
    expect(() => loadImage(bytes, 'a.dfu')).toThrow(
      expect.objectContaining({ code, path: 'a.dfu', message: expect.stringContaining(message) as string }),
    );
  });

  function patchedTarget(bytes: Uint8Array): Uint8Array {
    return dfuse([patched(bytes, [0, 0x74])]);
  }
});
