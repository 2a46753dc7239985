/** The lines of the stand-in ROMs: each names a line of a file that is here, and the table says what the debug data say. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { romSource } from '../../src/cli/rom-code.ts';
import { codePlace, loadImage } from '../../src/image/image.ts';
import { codeLine } from '../../src/rom/code-lines.ts';
import { makeCodeLines } from '../../src/rom/make-code-lines.ts';
import { byTurns } from '../turn.ts';

const ROM = join(import.meta.dirname, '../../rom');
const images = readdirSync(join(ROM, 'images')).flatMap((f) => (f.endsWith('.elf') ? [f.replace('.elf', '')] : []));
const elfOf = (image: string): Buffer => readFileSync(join(ROM, 'images', `${image}.elf`));

describe.each(byTurns(images, 4))('the lines of %s', (image) => {
  const lines = makeCodeLines(elfOf(image), image);
  it('are of files below rom/, within their ends, and small', () => {
    const lengths = lines.files.map((file) => {
      expect(existsSync(join(ROM, file)), file).toBe(true);
      return readFileSync(join(ROM, file), 'utf8').split('\n').length;
    });
    for (let i = 0; i < lines.stretches.length; i += 4)
      if (lines.stretches[i + 1]! >= 0) expect(lines.stretches[i + 2]!).toBeLessThanOrEqual(lengths[lines.stretches[i + 1]!]!);
    expect(JSON.stringify(lines).length).toBeLessThan(30_000);
  });
  it('are those of the debug data', () => {
    const elf = loadImage(elfOf(image), image);
    for (const { address, data } of elf.chunks)
      for (let at = address; at < address + data.length; at += 14) {
        const { symbol, file, line } = codePlace([elf], at);
        const found = codeLine(lines, at)!;
        expect(found.symbol, `0x${at.toString(16)}`).toBe(symbol?.split('+')[0] ?? null);
        if (file?.startsWith('..') !== true) expect([found.file, found.line]).toEqual([file, file === null ? null : line]);
        expect(found.from).toBeLessThanOrEqual(at);
      }
  });
});

it('knows no line outside of the code', () => {
  const lines = makeCodeLines(elfOf('f072'), 'f072');
  expect([lines.base - 2, lines.base + 0x10000, 0].map((at) => codeLine(lines, at))).toEqual([null, null, null]);
});
it('has the text of the line that the entry is', () => {
  const source = romSource('f072');
  const { base } = makeCodeLines(elfOf('f072'), 'f072');
  const entry = new DataView(new Uint8Array(readFileSync(join(ROM, 'images', 'f072.bin'))).buffer).getUint32(4, true) - 1;
  const found = source(entry)!;
  expect([found.symbol, found.file]).toEqual(['rom_entry', 'common/start.c']);
  expect(found.text).toBe(readFileSync(join(ROM, 'common/start.c'), 'utf8').split('\n')[found.line! - 1]);
  expect(source(base - 4)).toBeNull();
  expect(romSource('no-such-image')(0x1fffc800)).toBeNull();
});
