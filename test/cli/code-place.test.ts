/** Places of code in what the board commands print. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { codePlaceText } from '../../src/cli/code-place.ts';
import { loadImage } from '../../src/image/image.ts';

const image = loadImage(new Uint8Array(readFileSync(new URL('../../fixtures/f405-cpp-class/firmware.elf', import.meta.url))), 'fw.elf');

it('a method of a class is named as its source names it, with its line', () => {
  const { address } = image.symbols.named('_ZNK4boot6Loader5startEv')[0]!;
  expect(codePlaceText([image], address & ~1)).toMatch(/^boot::Loader::start, \w+\.cpp:\d+$/);
});
it('a place that no image knows has no text', () => expect(codePlaceText([image], 0x1fff0000)).toBeNull());
