/** `bootbench dfu --quirk`: real clients over USB/IP meet the quirks of ROMs that bootbench has no part of. */
import { expect, it } from 'vitest';
import { DFU_QUIRK_NAMES } from '../../src/rom/quirks.ts';
import { cli, folder } from './helpers.ts';

const dfu = (...args: string[]) => cli(['dfu', '--chip', 'stm32f072rb', '--boot0', ...args], { cwd: folder({}) });

it('the device that is offered has the quirk', async () => {
  expect((await dfu()).err).toContain('"@Option Bytes  /0x1FFFF800/01*016 e"');
  const { code, err } = await dfu('--quirk', 'c5-no-option-bytes', '--quirk', 'transfer-size-1024');
  expect(code).toBe(0);
  expect(err).toBe('bootbench: 0483:df11 STM32  BOOTLOADER, served by the stand-in ROM: "@Internal Flash  /0x08000000/064*0002Kg"\n');
});
it('an unknown name is a usage error that lists the names', async () => {
  const { code, err } = await dfu('--quirk', 'stuck');
  expect(code).toBe(2);
  expect(err).toContain(`--quirk: there is no quirk "stuck"; known: ${DFU_QUIRK_NAMES.join(', ')}`);
});
