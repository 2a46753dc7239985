/** From the site's first page to the playground: the dropped files are found there by the link. */
import { expect, it } from 'vitest';
import { broughtLink } from '../../web/to-playground.ts';
import { chosenFiles } from '../../web/dropped.ts';
import { kept } from '../../web/kept.ts';
import { readLink } from '../../web/link.ts';

const filesOf = (...all: readonly File[]): FileList => all as unknown as FileList;
const file = (name: string, text: string): File => Object.assign(new File([text], name), { webkitRelativePath: '' });

it('what was dropped is kept under the hash of its firmware, with further images and sources, and nothing is said of the chip', async () => {
  const link = await broughtLink(
    await chosenFiles(filesOf(file('app.elf', 'one'), file('loader.elf', 'two'), file('main.c', 'int main(void);'))),
  );
  const { sha256, chip, example } = readLink(link!);
  expect({ chip, example }).toEqual({ chip: '', example: '' });
  expect(await kept(sha256)).toEqual({
    name: 'app.elf',
    bytes: new TextEncoder().encode('one'),
    others: [{ name: 'loader.elf', bytes: new TextEncoder().encode('two') }],
    source: { 'main.c': 'int main(void);' },
  });
});
it('sources alone are no firmware', async () => {
  expect(await broughtLink(await chosenFiles(filesOf(file('a.c', ''), file('b.c', ''))))).toBeNull();
});
