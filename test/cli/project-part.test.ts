/** `run` looks at the files of the project around an image for its part: no further than the repository, through no link, and nothing else of them is told. */
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
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

const BOARD = '{ "build": { "mcu": "stm32f405rgt6" } }';
const OWN_BOARD = { file: 'the board file of platformio.ini', part: 'STM32F405RGT' };
it('a board that the project describes goes before one that is called the same', () => {
  const ini = '[env:a]\nboard = nucleo_f103rb\n';
  const at = (files: Readonly<Record<string, string>>) => look(tree({ '.git/': '', '.pio/build/a/': '', ...files }), '.pio/build/a/fw.elf');
  expect(at({ 'platformio.ini': ini, 'boards/nucleo_f103rb.json': BOARD })).toEqual([OWN_BOARD]);
  expect(at({ 'platformio.ini': ini, 'boards/nucleo_f103rb.json': '{' })).toEqual([{ file: 'platformio.ini', part: 'STM32F103RB' }]);
  expect(at({ 'platformio.ini': `[platformio]\nboards_dir = hw\n${ini}`, 'hw/nucleo_f103rb.json': BOARD })).toEqual([OWN_BOARD]);
});
it.skipIf(process.platform === 'win32')('no board is read through a link', () => {
  const root = tree({ 'private/a.json': BOARD, 'p/.git/': '', 'p/platformio.ini': '[env:a]\nboard = a\n' });
  symlinkSync(join(root, 'private'), join(root, 'p/boards'));
  expect(look(root, 'p/fw.elf')).toEqual([]);
});

const DEFINES = '-DUSE_HAL_DRIVER -DSTM32F405xx';
const BUILT = { part: 'STM32F405xx', line: true, file: 'compile_commands.json' };
it.each([
  ['names the part', 'LDSCRIPT = STM32F446ZETx_FLASH.ld\nC_DEFS = -DSTM32F446xx\n', ['STM32F446ZET', 'STM32F446xx']],
  ['as new projects of CubeMX write it', 'LDSCRIPT := ld/stm32f446zetx_flash.ld\n', ['STM32F446ZET']],
  ['is called plainly by the part', 'LDSCRIPT = ld/STM32F072RB.ld\n', ['STM32F072RB']],
  ['is called plainly by the line', 'LDSCRIPT = stm32f072xb.ld\n', ['STM32F072xB']],
  ['is called by a family', 'LDSCRIPT = stm32f4xx.ld\n', []],
  ['is of another line than the build defines', 'LDSCRIPT = STM32F405RGTx_FLASH.ld\nC_DEFS = -DSTM32F446xx\n', ['STM32F446xx']],
  ['is one of two', 'LDSCRIPT = STM32F446RETx_FLASH.ld\nLDSCRIPT = STM32F446ZETx_FLASH.ld\n', []],
  ['names no part', 'LDSCRIPT = linker_FLASH.ld\n', []],
])('LDSCRIPT of a Makefile %s', (_what, makefile, parts) =>
  expect(look(tree({ '.git/': '', Makefile: makefile }), 'fw.elf').map(({ part }) => part)).toEqual(parts),
);
it.each([
  ['names the part', 'set(LD ${CMAKE_CURRENT_SOURCE_DIR}/STM32F405RGTx_FLASH.ld)\n', ['STM32F405RGT', 'STM32F405xx']],
  ['in an option', 'target_link_options(app PRIVATE -T stm32f405rgtx_flash.ld)\n', ['STM32F405RGT', 'STM32F405xx']],
  ['is called plainly', 'target_link_options(app PRIVATE -T${CMAKE_SOURCE_DIR}/ld/stm32f405rg.ld)\n', ['STM32F405RG', 'STM32F405xx']],
  ['is of another line than the build defines', 'set(LD STM32F446RETx_FLASH.ld)\n', ['STM32F405xx']],
  ['is one of two', 'set(LD STM32F405RGTx_FLASH.ld)\nset(LD STM32F405VGTx_FLASH.ld)\n', ['STM32F405xx']],
  ['is a comment', '# STM32F405RGTx_FLASH.ld\n', ['STM32F405xx']],
])('the linker script of CMakeLists.txt %s', (_what, cmake, parts) => {
  const root = tree({ '.git/': '', 'build/compile_commands.json': `["gcc", "${DEFINES}"]`, 'CMakeLists.txt': cmake });
  expect(look(root, 'build/fw.elf').map(({ part }) => part)).toEqual(parts);
});
it('what the build defines, as it was compiled before what its Makefile says', () => {
  const commands = JSON.stringify([{ directory: '/', command: `gcc ${DEFINES} -c a.c`, file: 'a.c' }]);
  const root = tree({ '.git/': '', 'build/compile_commands.json': commands, Makefile: '# -DSTM32F103xB\nC_DEFS = -DSTM32F446xx\n' });
  expect(look(root, 'build/fw.elf')).toEqual([BUILT]);
  expect(look(root, 'fw.elf')).toEqual([{ part: 'STM32F446xx', line: true, file: 'the Makefile' }]);
});
it('a part further up, if it is of the line that was built for', () => {
  const commands = `["gcc", "${DEFINES}"]`;
  const files = { '.git/': '', 'fw/build/compile_commands.json': commands, 'fw/': '' };
  expect(look(tree({ ...files, 'a.ioc': IOC }), 'fw/build/fw.elf')).toEqual([...NAMES_IT, BUILT]);
  expect(look(tree({ ...files, 'a.ioc': 'Mcu.CPN=STM32H743ZIT6' }), 'fw/build/fw.elf')).toEqual([BUILT]);
});
it('of a long list of commands the beginning is read, and no name that is cut', () => {
  const long = (before: number) =>
    tree({ '.git/': '', 'compile_commands.json': `${'#'.repeat(before)} ${DEFINES} ${'#'.repeat(2 << 20)}` });
  expect(look(long(0), 'fw.elf')).toEqual([BUILT]);
  const cut = DEFINES.length - 1;
  expect([0, 1, 2].map((less) => look(long((1 << 20) - 1 - cut + less), 'fw.elf'))).toEqual([[], [], []]);
  expect(look(tree({ '.git/': '', Makefile: `${DEFINES}${'#'.repeat(2 << 20)}` }), 'fw.elf')).toEqual([]);
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
    [`${secret}.ioc`]: `Mcu.CPN=STM32L552${secret}\nMcu.Name=${secret}\n`,
  });
  expect(JSON.stringify(jobs[0]!.chipBecause)).toContain('although the .ioc file names STM32L552, which is not modelled');
  expect([out, err, JSON.stringify({ ...jobs[0], images: [], files: [] })].join('\n')).not.toContain(secret);
});
it('init writes the part as a person does', async () => {
  const cwd = tree({ 'a.ioc': IOC, 'out/': '' });
  const image = fileURLToPath(new URL('../../fixtures/f405-serial-trigger/firmware.elf', import.meta.url));
  copyFileSync(image, join(cwd, 'out/firmware.elf'));
  expect(await cli(['init', 'out/firmware.elf', '--out', 's.json', '--quiet'], { cwd })).toMatchObject({ code: 0 });
  expect(JSON.parse(readFileSync(join(cwd, 's.json'), 'utf8'))).toMatchObject({ chip: 'stm32f405rg' });
});
it('init says that the part is open, and prints the press and the release', async () => {
  const cwd = tree({ 'out/': '' });
  const image = fileURLToPath(new URL('../../fixtures/f405-polls-pin/firmware.elf', import.meta.url));
  copyFileSync(image, join(cwd, 'out/firmware.elf'));
  const { out } = await cli(['init', 'out/firmware.elf', '--out', 's.json'], { cwd });
  expect(out).toMatch(/^taken for STM32F4\d\d.*: if it is another chip, say --chip, for the scenario names this one$/m);
  const { steps } = JSON.parse(readFileSync(join(cwd, 's.json'), 'utf8')) as { steps: readonly object[] };
  expect(steps).toHaveLength(2);
  expect(out).toContain(steps.map((step) => JSON.stringify(step)).join(', '));
});
it('no output is written over them', async () => {
  const { cwd } = await ran({ 'platformio.ini': '[env:rgt6]\nboard_build.mcu = stm32f405rgt6\n' });
  const { code, err } = await cli(['run', '.pio/build/rgt6/firmware.elf', '--json', 'platformio.ini'], { cwd });
  expect([code, err]).toEqual([2, expect.stringContaining('platformio.ini')]);
});
it('run says that the line is what was built for, and that the part of it is not said', async () => {
  const secret = 'hunter2';
  const { jobs, out, err } = await ran({ Makefile: `C_DEFS = -DSTM32F405xx -D${secret}\n` });
  expect(jobs[0]).toMatchObject({
    chipFrom: expect.stringMatching(/^STM32F405RG assumed/) as string,
    chipBecause: expect.stringMatching(/^because the Makefile names STM32F405xx; /) as string,
  });
  expect([out, err, JSON.stringify({ ...jobs[0], images: [], files: [] })].join('\n')).not.toContain(secret);
});
