import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ImageError,
  checkMemories,
  checkOverlap,
  entryVectors,
  loadImage,
  splitImagePath,
  type MemoryRange,
} from '../../src/image/image.ts';
import { data } from './helpers.ts';

const text = (s: string): Uint8Array => new TextEncoder().encode(s);
const EOF_RECORD = ':00000001FF\n';

/** One HEX record with a right checksum. */
function record(type: number, offset: number, bytes: readonly number[]): string {
  const all = [bytes.length, offset >> 8, offset & 255, type, ...bytes];
  all.push(-all.reduce((a, b) => a + b, 0) & 255);
  return `:${all
    .map((b) => b.toString(16).padStart(2, '0'))
    .join('')
    .toUpperCase()}\n`;
}

describe('Intel HEX', () => {
  test('objcopy wrote the same bytes as the ELF holds', () => {
    const hex = loadImage(data('dwarf5-O2.hex'), 'a.hex');
    const elf = loadImage(data('dwarf5-O2.elf'), 'a.elf');
    expect(hex.chunks).toEqual(elf.chunks);
    expect(hex.entry).toBe(elf.entry);
  });

  test('any bytes at any address survive', () => {
    fc.assert(
      fc.property(fc.nat(0xfffe), fc.uint8Array({ minLength: 1, maxLength: 100 }), (upper, bytes) => {
        let hex = record(4, 0, [upper >> 8, upper & 255]);
        for (let i = 0; i < bytes.length; i += 16) hex += record(0, i, [...bytes.subarray(i, i + 16)]);
        const { chunks } = loadImage(text(hex + EOF_RECORD), 'a.hex');
        expect(chunks).toEqual([{ address: upper * 65536, data: bytes }]);
      }),
    );
  });

  test('a record of type 2 sets bits 4 to 19 of the address, until the next one of type 2 or 4', () => {
    const lines = [
      record(2, 0, [0x12, 0x34]),
      record(0, 5, [1]),
      record(4, 0, [0x08, 0]),
      record(0, 5, [2]),
      record(2, 0, [0xff, 0xff]),
      record(0, 0, [3]),
    ];
    const { chunks } = loadImage(text(lines.join('') + EOF_RECORD), 'a.hex');
    expect(chunks.map((c) => [c.address, ...c.data])).toEqual([
      [0x12345, 1],
      [0xffff0, 3],
      [0x08000005, 2],
    ]);
  });

  test('behind the end record blank lines and the end of a DOS text, Ctrl-Z, say nothing', () => {
    for (const end of ['\u001a', '\r\n \r\n\u001a', '\u001a\n', '\n\n'])
      expect(loadImage(text(record(0, 0, [1]) + EOF_RECORD + end), 'a.hex').chunks).toHaveLength(1);
  });

  test.each([
    ['a wrong checksum', ':0100000041BF\n' + EOF_RECORD, 'hex-checksum', 'checksum 0xbf, expected 0xbe (line 1)'],
    ['a missing end record', record(0, 0, [1]), 'truncated', 'no end record'],
    ['data after the end', EOF_RECORD + record(0, 0, [1]), 'bad-hex', 'line 2'],
    ['data after Ctrl-Z', EOF_RECORD + '\u001a\n' + record(0, 0, [1]), 'bad-hex', 'line 3'],
    ['a length that is too long', ':0500000041BE\n', 'bad-hex', 'line 1'],
    ['letters that are no digits', ':zz\n', 'bad-hex', 'line 1'],
    ['an unknown type', record(9, 0, []), 'bad-hex', 'unknown record type 9'],
    ['no data at all', EOF_RECORD, 'no-segments', 'nothing to load'],
    ['bytes given twice', record(0, 0, [1, 2]) + record(0, 1, [3]) + EOF_RECORD, 'overlap', '0x00000001'],
  ])('%s names its line', (_what, hex, code, message) => {
    expect(() => loadImage(text(hex), 'a.hex')).toThrow(
      expect.objectContaining({ code, path: 'a.hex', message: expect.stringContaining(message) as string }),
    );
  });

  test('cut short or damaged, it is an ImageError', () => {
    const hex = data('dwarf5-O2.hex');
    for (let n = 0; n < hex.length - 2; n++) expect(() => loadImage(hex.subarray(0, n), 'a.hex'), `cut at ${n}`).toThrow(ImageError);
    fc.assert(
      fc.property(fc.nat(hex.length - 1), fc.nat(255), (at, value) => {
        const bytes = hex.slice();
        bytes[at] = value;
        try {
          loadImage(bytes, 'a.hex');
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
        }
      }),
    );
  });
});

describe('raw binaries', () => {
  test('the address stands behind an @', () => {
    const image = loadImage(text('abcd'), 'fw.bin@0x08004000');
    expect(image).toMatchObject({ kind: 'binary', path: 'fw.bin@0x08004000', chunks: [{ address: 0x08004000 }] });
    expect(splitImagePath('me@home/fw.elf')).toEqual({ file: 'me@home/fw.elf', address: null });
    expect(splitImagePath('a.bin@134217728')).toEqual({ file: 'a.bin', address: 0x08000000 });
    expect(splitImagePath('me@a.bin@b/fw.elf')).toEqual({ file: 'me@a.bin@b/fw.elf', address: null });
    for (const typed of ['a.bin@', 'a.BIN@0x0800zz', 'a.raw@main'])
      expect(() => splitImagePath(typed)).toThrow(
        expect.objectContaining({ code: 'bad-address', hint: expect.stringContaining('@0x08000000') }),
      );
  });

  test('without an address the message says how to give one', () => {
    expect(() => loadImage(text('abcd'), 'fw.bin')).toThrow('write it as fw.bin@<address>');
  });

  test('an address for an ELF, past 32 bits, or with bytes past the end is refused', () => {
    expect(() => loadImage(data('dwarf5-O2.elf'), 'a.elf@0x08000000')).toThrow('leave out @address');
    expect(() => splitImagePath('a.bin@0x100000000')).toThrow('32 bits');
    expect(() => loadImage(text('abcd'), 'a.bin@0xffffffff')).toThrow('past the end');
  });
});

describe('several images on a chip', () => {
  const memories: MemoryRange[] = [
    { name: 'FLASH1', base: 0x08000000, size: 0x1000, kind: 'flash', aliases: [0x0c000000] },
    { name: 'FLASH2', base: 0x08001000, size: 0x1000, kind: 'flash' },
    { name: 'SRAM1', base: 0x20000000, size: 0x1000, kind: 'ram' },
    { name: 'ROM', base: 0x1fff0000, size: 0x1000, kind: 'rom' },
  ];
  const raw = (length: number, address: string): ReturnType<typeof loadImage> =>
    loadImage(new Uint8Array(length).fill(1), `x.bin@${address}`);

  test('an overlap names both files and the address', () => {
    const app = raw(16, '0x08000008');
    const boot = loadImage(new Uint8Array(16), 'boot.bin@0x08000000');
    expect(() => checkOverlap([app, boot])).toThrow('boot.bin@0x08000000 and x.bin@0x08000008 both have bytes at 0x08000008');
    expect(() => checkOverlap([raw(8, '0x08000008'), loadImage(new Uint8Array(8), 'boot.bin@0x08000000')])).not.toThrow();
  });

  test('bytes may span banks that lie side by side, and may use an alias', () => {
    expect(() => checkMemories(raw(0x2000, '0x08000000'), memories, 'STM32X')).not.toThrow();
    expect(() => checkMemories(raw(16, '0x0c000000'), memories, 'STM32X')).not.toThrow();
    expect(() => checkMemories(raw(16, '0x20000000'), memories, 'STM32X')).not.toThrow();
  });

  test('bytes outside the memories are refused with the reason', () => {
    expect(() => checkMemories(raw(0x2010, '0x08000000'), memories, 'STM32X')).toThrow(
      'run 16 bytes past the end of FLASH2 (0x08002000) on STM32X',
    );
    expect(() => checkMemories(raw(4, '0x90000000'), memories, 'STM32X')).toThrow(
      '0x90000000 are outside the memory of STM32X; flash starts at 0x08000000',
    );
    expect(() => checkMemories(raw(4, '0x1fff0000'), memories, 'STM32X')).toThrow('are in ROM, which STM32X cannot program');
  });

  test('the vector table is read across images, null where nothing is', () => {
    const sp = loadImage(new Uint8Array([0, 0x10, 0, 0x20]), 'sp.bin@0x08000000');
    const reset = loadImage(new Uint8Array([9, 0, 0, 8]), 'reset.bin@0x08000004');
    expect(entryVectors([sp, reset], 0x08000000)).toEqual({ sp: 0x20001000, reset: 0x08000009 });
    expect(entryVectors([sp], 0x08000000)).toBeNull();
  });
});
