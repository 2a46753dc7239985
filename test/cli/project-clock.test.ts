/** `run` looks at the files of the project around an image for the clock at its OSC_IN. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { projectClock } from '../../src/cli/project-clock.ts';
import { folder } from './helpers.ts';

function said(files: Readonly<Record<string, string>>, image = 'build/fw.elf') {
  const root = folder();
  for (const [name, text] of Object.entries({ '.git/HEAD': '', 'build/fw.elf': '', ...files })) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return projectClock([image], root, { env: { HOME: '/nonexistent' } });
}
const IOC = 'PH0-OSC_IN\\ (PH0).Mode=HSE-External-Oscillator\nRCC.HSE_VALUE=25000000\n';
const DRAWN = { file: 'the .ioc file', hz: 25e6, kind: 'crystal', pin: true };

it.each([
  ['a pin of CubeMX with a crystal', { 'a.ioc': IOC }, DRAWN],
  ['with a signal', { 'a.ioc': IOC.replace('Oscillator', 'Clock-Source') }, { ...DRAWN, kind: 'bypass' }],
  ['of two files that say the same', { 'a.ioc': IOC, 'b.ioc': IOC }, DRAWN],
  [
    'what was compiled, before that',
    { 'build/compile_commands.json': '"command": "gcc -DSTM32F407xx -DHSE_VALUE=8000000U -c a.c"', 'a.ioc': IOC },
    { file: 'compile_commands.json', hz: 8e6, kind: 'crystal' },
  ],
  ['a Makefile', { Makefile: 'C_DEFS += -DHSE_VALUE="((uint32_t)12000000)"' }, { file: 'the Makefile', hz: 12e6, kind: 'crystal' }],
  ['platformio.ini', { 'platformio.ini': 'build_flags =\n  -D HSE_VALUE=16000000' }, { file: 'platformio.ini', hz: 16e6, kind: 'crystal' }],
  [
    'the header of the HAL',
    { 'Core/Inc/stm32f4xx_hal_conf.h': '#if !defined (HSE_VALUE)\n  #define HSE_VALUE    ((uint32_t)25000000U) /*!< in Hz */\n#endif' },
    { file: 'stm32f4xx_hal_conf.h', hz: 25e6, kind: 'crystal', template: true },
  ],
])('%s', (_what, files, expected) => {
  expect(said(files as Readonly<Record<string, string>>)).toEqual(expected);
});
it.each([
  ['a frequency that no pin uses', { 'a.ioc': 'RCC.HSE_VALUE=25000000\n' }],
  ['two files that say different ones', { 'a.ioc': IOC, 'b.ioc': IOC.replace('25', '16') }],
  ['two builds of one file', { 'compile_commands.json': '-DHSE_VALUE=8000000 -DHSE_VALUE=25000000' }],
  ['what is commented out', { Makefile: '# -DHSE_VALUE=8000000', 'platformio.ini': '; -D HSE_VALUE=8000000' }],
  ['no clock', { Makefile: '-DHSE_VALUE=99000000' }],
])('not %s', (_what, files) => {
  expect(said(files as Readonly<Record<string, string>>)).toBeNull();
});
