import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseElf } from '../../src/image/elf.ts';
import { ImageError, loadImage } from '../../src/image/image.ts';
import { sha256 } from '../../src/image/sha256.ts';
import { VARIANTS, data, patched } from './helpers.ts';

const elf = data('dwarf5-O2.elf');
const codeOf = (bytes: Uint8Array, path = 'a.elf'): string => {
  try {
    loadImage(bytes, path);
  } catch (error) {
    if (error instanceof ImageError) return error.code;
    throw error;
  }
  return 'loaded';
};

describe('ELF', () => {
  test('segments are placed by LMA: initialised data follows the code in flash', () => {
    const image = loadImage(elf, 'a.elf');
    const [first, ...rest] = image.chunks;
    expect(rest).toEqual([]);
    expect(first!.address).toBe(0x08000000);
    expect([...first!.data.subarray(-16)]).toEqual([1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0]);
    expect([...data('dwarf5-O2.bin')]).toEqual([...first!.data]);
  });

  test('the headers of the file in front of a segment are no part of the program', () => {
    const view = new DataView(elf.slice().buffer);
    const header = view.getUint32(28, true);
    const [offset, filled, size] = [4, 16, 20].map((at) => view.getUint32(header + at, true)) as [number, number, number];
    const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
    const reaches = patched(
      elf,
      [header + 4, ...word(0)],
      [header + 8, ...word(0x08000000 - offset)],
      [header + 12, ...word(0x08000000 - offset)],
      [header + 16, ...word(filled + offset)],
      [header + 20, ...word(size + offset)],
    );
    const image = loadImage(reaches, 'a.elf');
    expect(image.chunks).toEqual(loadImage(elf, 'a.elf').chunks);
    expect(image.remarks).toContainEqual(expect.stringContaining('bootbench loads nothing below 0x08000000'));
    // without sections nobody can tell
    expect(loadImage(patched(reaches, [32, 0, 0, 0, 0], [48, 0, 0]), 'a.elf').chunks[0]!.address).toBe(0x08000000 - offset);
  });

  test('entry point, functions without the Thumb bit, objects by run address', () => {
    const image = loadImage(elf, 'a.elf');
    const handler = image.symbols.named('Reset_Handler')[0]!;
    expect(handler).toMatchObject({ kind: 'function', binding: 'global' });
    expect(handler.address % 2).toBe(0);
    expect(image.entry).toBe(handler.address + 1);
    expect(image.symbols.named('table')[0]).toMatchObject({ kind: 'object', address: 0x20000000, size: 16 });
    expect(image.symbols.named('_estack')[0]).toMatchObject({ kind: 'label', address: 0x20001000 });
  });

  test.each(VARIANTS)('elfy reads the same segments and symbols (%s)', (name) => {
    const elfy = createRequire(import.meta.url)('elfy') as { parse(b: Buffer): ElfyFile };
    interface ElfyFile {
      entry: number;
      body: { programs: { type: string; paddr: number; vaddr: number; filesz: number; data: Buffer }[] };
    }
    const bytes = data(`${name}.elf`);
    const theirs = elfy.parse(Buffer.from(bytes));
    const ours = parseElf(bytes);
    expect(ours.entry).toBe(theirs.entry);
    const loads = theirs.body.programs.filter((p) => p.type === 'load' && p.filesz > 0);
    expect(ours.segments.map((s) => [s.address, s.runAddress, Buffer.from(s.data).toString('hex')])).toEqual(
      loads.map((p) => [p.paddr, p.vaddr, p.data.toString('hex')]),
    );
  });

  test.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(0), 'empty'],
    ['text', new TextEncoder().encode('hello, this is not firmware'), 'not-elf'],
    ['a 64-bit file', patched(elf, [4, 2]), 'wrong-class'],
    ['a big-endian file', patched(elf, [5, 2]), 'wrong-endianness'],
    ['an x86-64 machine', patched(elf, [18, 62, 0]), 'wrong-machine'],
    ['an object file', patched(elf, [16, 1, 0]), 'wrong-type'],
    ['no program headers', patched(elf, [44, 0, 0]), 'no-segments'],
    ['program headers beyond the file', patched(elf, [28, 0xff, 0xff, 0xff, 0x7f]), 'truncated'],
  ])('%s is refused with its own code', (_what, bytes, code) => {
    expect(codeOf(bytes)).toBe(code);
  });

  test('an error names the file, what is wrong, where, and what to do', () => {
    expect(() => loadImage(patched(elf, [18, 243, 0]), 'build/fw.elf')).toThrow(
      'build/fw.elf: built for RISC-V, not for Arm (offset 0x12); build with arm-none-eabi-gcc',
    );
  });

  test.each<[string, string, string]>([
    ['{\n  "schema": "bootbench/scenario@1"\n}', 'a.json', 'this is a scenario, not an image; give it with --scenario a.json'],
    ['{ "schema": "bootbench/run@1" }', 'r.json', 'this is a result, not an image'],
    ['{}', 'x.json', 'this is JSON, not an image'],
    ['!<arch>\nfoo.o/', 'lib.a', 'this is a library (.a), not an image'],
  ])('%j says what it is', (text, path, message) => {
    expect(() =>
      loadImage(
        Uint8Array.from(text, (c) => c.charCodeAt(0)),
        path,
      ),
    ).toThrow(message);
  });

  test('a file cut short at any byte is an ImageError', () => {
    for (let n = 0; n < elf.length; n++) expect(codeOf(elf.subarray(0, n)), `cut at ${n}`).not.toBe('loaded');
  });

  test('flipped bytes give a valid image or an ImageError, and all look-ups stay calm', () => {
    const flip = fc.tuple(fc.nat(elf.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.constantFrom(...VARIANTS), fc.array(flip, { minLength: 1, maxLength: 12 }), (name, flips) => {
        const bytes = data(`${name}.elf`);
        for (const [at, mask] of flips) bytes[at % bytes.length]! ^= mask;
        let image;
        try {
          image = loadImage(bytes, 'a.elf');
        } catch (error) {
          expect(error).toBeInstanceOf(ImageError);
          return;
        }
        for (let pc = 0x08000000; pc < 0x08000080; pc += 2) {
          image.lines.lookup(pc);
          image.symbols.at(pc);
        }
        image.symbols.named('main');
      }),
      { numRuns: 1500 },
    );
  });

  test('random bytes behind an ELF magic are an ImageError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (tail) => {
        const bytes = new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 1, 1, ...tail]);
        expect(() => loadImage(bytes, 'a.elf')).toThrow(ImageError);
      }),
    );
  });
});

test('SHA-256 agrees with OpenSSL for all lengths around the block size', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(sha256(bytes)).toBe(createHash('sha256').update(bytes).digest('hex'));
    }),
    { numRuns: 500 },
  );
});
