/** What comes of random lives of a device on the bus, beside what came of them before (answers/lives-*.txt): `BOOTBENCH_GOLDEN=write` writes that anew. */
import { it } from 'vitest';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { DEVICES, livesOf, probes } from './lives.ts';

it.each(DEVICES)('the %s device, host, client and board at any time', (name, device) => {
  expectAsBefore(livesOf(device, 40), new URL(`./answers/lives-${name}.txt`, import.meta.url));
});
it('a DFU device in any state', () => expectAsBefore([...probes()], new URL('./answers/probes.txt', import.meta.url)));
