/** What is a poll of a register, and what only reads it now and then. */
import { expect, it } from 'vitest';
import { polledAgain, type Polled } from '../../src/emu/polled.ts';

function reads(times: number, every: number): Polled {
  let polled: Polled | null = null;
  for (let n = 0; n < times; n++) polled = polledAgain(polled, 'SPI3.I2SCFGR', 0x08000100, n, n * every);
  return polled!;
}

it('a loop that waits reads again within some hundred cycles', () => expect(reads(200, 60).reads).toBe(200));
it('a driver that looks at a register once a transfer polls nothing, however often', () => expect(reads(200, 20_000).reads).toBe(1));
it('another register ends it', () => {
  expect(polledAgain(reads(200, 60), 'SPI3.CRCPR', 0x08000104, 1, 12_000)).toMatchObject({ register: 'SPI3.CRCPR', reads: 1 });
});
it('rounds of a loop that were passed over count', () => {
  const passed: Polled = { ...reads(3, 60), reads: 1_000_000, cycles: null };
  expect(polledAgain(passed, 'SPI3.I2SCFGR', 0x08000100, 9, 1e9).reads).toBe(1_000_001);
});
