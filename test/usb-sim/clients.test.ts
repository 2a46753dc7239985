/** What clients outside see and send, beside what they did before (answers/clients-*.txt): `BOOTBENCH_GOLDEN=write` writes that anew. */
import { it } from 'vitest';
import { byOutcome } from '../by-outcome.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { chosen, DEVICES, listed, pages, refused, shown, usbIp } from './clients.ts';

const compare = async (name: string, lines: AsyncIterable<string>): Promise<void> => {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  expectAsBefore(all, new URL(`./answers/clients-${name}.txt`, import.meta.url));
};

it.each(DEVICES)('a page sees of the %s device what it saw', (name, device) => compare(`${name}-shown`, shown(device)));
it('filters choose the same devices', () => compare('filters', chosen()));
it('arguments that are none are refused', () => compare('refused', refused()));
it('calls of a page, one line an outcome', async () => {
  const all: string[] = [];
  for await (const line of pages(24)) all.push(line);
  expectAsBefore(byOutcome(all), new URL('./answers/clients-pages.txt', import.meta.url));
});
it('messages of USB/IP', () => compare('usbip', usbIp()));
it('lists of USB/IP', () => compare('lists', listed()));
