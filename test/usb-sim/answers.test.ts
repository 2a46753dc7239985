/** What the host does with devices that answer otherwise, beside what it did before (answers/*.txt): `BOOTBENCH_GOLDEN=write` writes that anew. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { otherAnswers, otherDescriptors, otherDisks } from './answers.ts';
import { CDC_DEVICE, DFU_DEVICE, HID_MSC_DEVICE } from './firmware.ts';

function compare(name: string, lines: Iterable<string>): void {
  const now = `${[...lines].join('\n')}\n`;
  const file = new URL(`./answers/${name}.txt`, import.meta.url);
  if (process.env['BOOTBENCH_GOLDEN'] === 'write') writeFileSync(file, now);
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(now);
}

it.each([
  ['dfu', 'linux', DFU_DEVICE],
  ['dfu', 'windows', DFU_DEVICE],
  ['dfu', 'macos', DFU_DEVICE],
  ['cdc', 'linux', CDC_DEVICE],
  ['hid-msc', 'linux', HID_MSC_DEVICE],
] as const)('descriptors of a %s device that are otherwise, to %s', (name, host, device) => {
  compare(`${name}-${host}`, otherDescriptors(device, host));
});
it('requests of a DFU client that are refused, not answered or disturbed', () => compare('dfu-client', otherAnswers(DFU_DEVICE)));
it('the same of a device without DFU', () => compare('cdc-client', [...otherAnswers(CDC_DEVICE)].slice(0, 40)));
it('a disk that says something else', () => compare('disk', otherDisks()));
