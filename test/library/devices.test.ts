/** Devices around the chip in a whole run: the run's own thread loads them, and its repeated runs have them, too. */
import { expect, it } from 'vitest';
import { bench, UsageError } from '../../src/index.ts';
import { firmware } from './firmware.ts';

const L476 = { chip: 'stm32l476rg', images: [firmware('l476-button')] } as const;

it('a module presses the button', async () => {
  const result = await bench({ ...L476, devices: new URL('./finger.mjs', import.meta.url) });
  expect(result.outcome).toBe('dfu');
  expect(Number(result.entries[0]!.at)).toBeGreaterThan(0.1);
});
it('one that cannot be loaded, or connects nothing, is wrong input', async () => {
  await expect(bench({ ...L476, devices: new URL('./nobody.mjs', import.meta.url) })).rejects.toThrow(UsageError);
  await expect(bench({ ...L476, devices: new URL('data:text/javascript,export const board = 1') })).rejects.toThrow(/no default export/);
  await expect(bench({ ...L476, devices: './finger.mjs' as unknown as URL })).rejects.toThrow(/is not a URL/);
});
it('who throws when told of the progress ends the run, and gets it back', async () => {
  const onProgress = (): never => {
    throw new Error('of the caller');
  };
  await expect(bench({ chip: 'stm32f405rg', images: [firmware('f405-masked')], onProgress })).rejects.toThrow('of the caller');
});
