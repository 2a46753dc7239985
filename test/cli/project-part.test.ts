/** `run` looks at the files of the project around an image for its part: no further than the repository, through no link, and nothing else of them is told. */
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { projectParts } from '../../src/cli/project-part.ts';
import { cli, folder } from './helpers.ts';

const NAMES_IT = [{ part: 'STM32F405RGT', file: 'the .ioc file' }];
const IOC = 'Mcu.CPN=STM32F405RGT6\n';

/** Files below a folder; a name that ends in a slash is a folder. */
function tree(files: Readonly<Record<string, string>>): string {
  const root = folder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(name.endsWith('/') ? join(root, name) : dirname(join(root, name)), { recursive: true });
    if (!name.endsWith('/')) writeFileSync(join(root, name), text);
  }
  return root;
}
const look = (root: string, image: string, home = '/nonexistent') => projectParts([image], root, { env: { HOME: home } });

it('the nearest folder upwards that names a part', () => {
  const root = tree({ '.git/': '', 'a.ioc': 'Mcu.CPN=STM32H743ZIT6', 'fw/b.ioc': IOC, 'fw/Debug/': '' });
  expect(look(root, 'fw/Debug/fw.elf')).toEqual(NAMES_IT);
  expect(look(root, 'fw/Debug/fw.bin@0x08000000')).toEqual(NAMES_IT);
});
it.each([
  ['beyond the repository', { 'a.ioc': IOC, 'p/.git/': '', 'p/Debug/': '' }, 'p/Debug/fw.elf'],
  ['beyond a worktree', { 'a.ioc': IOC, 'p/.git': 'gitdir: x', 'p/Debug/': '' }, 'p/Debug/fw.elf'],
  ['seven folders above', { 'a.ioc': IOC, '1/2/3/4/5/6/7/': '' }, '1/2/3/4/5/6/7/fw.elf'],
  ['a folder that is called so', { '.git/': '', 'a.ioc/': '', 'platformio.ini/': '' }, 'fw.elf'],
  ['a large file', { '.git/': '', 'a.ioc': IOC + '#'.repeat(2 << 20) }, 'fw.elf'],
  ['a folder that is not there', { '.git/': '' }, 'no/such/fw.elf'],
])('not %s', (_what, files, image) => {
  expect(look(tree(files as Readonly<Record<string, string>>), image)).toEqual([]);
});
it('not in the home folder', () => {
  const root = tree({ 'a.ioc': IOC, 'p/Debug/': '' });
  expect([look(root, 'p/Debug/fw.elf', root), look(root, 'p/Debug/fw.elf')]).toEqual([[], NAMES_IT]);
});
it.skipIf(process.platform === 'win32')('not through a link', () => {
  const root = tree({ 'private/a.ioc': IOC, 'private/platformio.ini': '[env:a]\nboard = nucleo_f103rb\n', 'p/.git/': '' });
  symlinkSync(join(root, 'private/a.ioc'), join(root, 'p/a.ioc'));
  symlinkSync(join(root, 'private/platformio.ini'), join(root, 'p/platformio.ini'));
  expect(look(root, 'p/fw.elf')).toEqual([]);
});

const ELF = 'fixtures/f405-straight/firmware.elf';
async function ran(files: Readonly<Record<string, string>>) {
  const cwd = tree({ '.git/': '', '.pio/build/rgt6/': '', ...files });
  copyFileSync(ELF, join(cwd, '.pio/build/rgt6/firmware.elf'));
  return { cwd, ...(await cli(['run', '.pio/build/rgt6/firmware.elf'], { cwd })) };
}
it('run says from which file the part is', async () => {
  const { jobs } = await ran({ 'platformio.ini': '[env:rgt6]\nboard_build.mcu = stm32f405rgt6\n' });
  expect(jobs[0]).toMatchObject({
    chip: 'STM32F405RGT',
    chipFrom: 'STM32F405RG (platformio.ini)',
    chipBecause: expect.stringContaining('because platformio.ini names STM32F405RG;') as string,
  });
});
it('nothing else of the files is told, nor how they are called', async () => {
  const secret = 'hunter2';
  const { jobs, out, err } = await ran({
    'platformio.ini': `[env:rgt6]\nboard = nucleo_f446re_${secret}\nupload_flags = ${secret}\n`,
    [`${secret}.ioc`]: `Mcu.CPN=STM32L051${secret}\nMcu.Name=${secret}\n`,
  });
  expect(JSON.stringify(jobs[0]!.chipBecause)).toContain('although the .ioc file names STM32L051, which is not modelled');
  expect([out, err, JSON.stringify({ ...jobs[0], images: [], files: [] })].join('\n')).not.toContain(secret);
});
it('no output is written over them', async () => {
  const { cwd } = await ran({ 'platformio.ini': '[env:rgt6]\nboard_build.mcu = stm32f405rgt6\n' });
  const { code, err } = await cli(['run', '.pio/build/rgt6/firmware.elf', '--json', 'platformio.ini'], { cwd });
  expect([code, err]).toEqual([2, expect.stringContaining('platformio.ini')]);
});
