/** An application that hangs behind a leave, or that was to run: where, and who called that. */
import { expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bench } from '../../src/index.ts';
import { shortReport } from '../../src/report/short.ts';
import { cli } from '../cli/helpers.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}/firmware.elf`, import.meta.url));

it('behind a leave: leave-path says so', async () => {
  const { out } = await cli(['leave', fixture('f746-leave-muxes'), '--chip', 'stm32f746zg']);
  const place = String.raw`\(f746-leave-muxes/main\.c:\d+\)`;
  expect(out.replace(/\s+/g, ' ')).toMatch(
    new RegExp(`found the application ends in uart_text ${place}, called from main ${place}, which differs from a start`),
  );
});

it('where the application is the goal: on the first line, with what is inlined there', async () => {
  const bytes = new Uint8Array(readFileSync(fixture('f407-hse-timeout')));
  const result = await bench({ chip: 'stm32f407vg', images: [{ path: 'firmware.elf', bytes }], scenario: { goal: 'app' } });
  expect(shortReport(result).replace(/\s+/g, ' ')).toMatch(
    /stuck: the firmware ends in an endless loop: error \(f407-hse-timeout\/main\.c:19\), called from main \(/,
  );
});
