/** `--rom-version` as AN2606 writes it, without its V, in lower case, and as the bootloader's ID byte. */
import { expect, it } from 'vitest';
import { loadJob } from '../../src/cli/inputs.ts';

const versionOf = async (romVersion: string): Promise<string | null> => {
  const { rom } = await loadJob([], { chip: 'stm32h743zi', boot0: true, romVersion }, '/');
  return rom.kind === 'stand-in' ? rom.version : null;
};

it.each([
  ['V9.1', 'V9.1'],
  ['v9.1', 'V9.1'],
  ['9.1', 'V9.1'],
  ['0x91', 'V9.1'],
  ['0xD2', 'V13.2'],
])('%s is %s', async (typed, version) => expect(await versionOf(typed)).toBe(version));

it('one that the part has not is told as typed', async () =>
  await expect(versionOf('0x93')).rejects.toThrow('STM32H743ZI has no ROM 0x93'));
