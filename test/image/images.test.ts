/** A loader and its application, each built in its own folder with files of the same names. */
import { expect, test } from 'vitest';
import type { LoadedImage } from '../../src/image/image.ts';
import { loadImages } from '../../src/image/images.ts';
import { data } from './helpers.ts';

const FOLDER = '/src/project';
/** The image as built in another folder, whose name is as long. */
function builtIn(elf: string, folder: string): Uint8Array {
  const bytes = data(`${elf}.elf`).slice();
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  expect(folder).toHaveLength(FOLDER.length);
  for (let at = text.indexOf(FOLDER); at >= 0; at = text.indexOf(FOLDER, at + 1)) text.write(folder, at);
  return bytes;
}
const lineOf = ({ lines, symbols }: LoadedImage) => lines.lookup(symbols.named('main')[0]!.address);
const mains = (elf: string, folders: readonly string[]) =>
  loadImages(folders.map((folder) => ({ path: 'fw.elf', bytes: builtIn(elf, folder) }))).map((image) => lineOf(image)?.file);

test.each(['dwarf2-O2', 'dwarf4-O0', 'dwarf5-O2'])('files of one name are told apart by their folders (%s)', (elf) => {
  expect(mains(elf, ['/src/loader1', '/src/program'])).toEqual(['loader1/main.c', 'program/main.c']);
});
test.each(['dwarf2-O2', 'dwarf5-O2'])('one file that both have, and that of a single image, keeps its name (%s)', (elf) => {
  expect(mains(elf, [FOLDER, FOLDER])).toEqual(['main.c', 'main.c']);
  expect(mains(elf, ['/src/program'])).toEqual(['main.c']);
});
