/** What the host does with devices that answer otherwise (answers/*.txt), one line an outcome: `BOOTBENCH_GOLDEN=write` writes that anew. */
import { it } from 'vitest';
import { byOutcome } from '../by-outcome.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { otherAnswers, otherDescriptors, otherDisks } from './answers.ts';
import { CDC_DEVICE, DFU_DEVICE, HID_MSC_DEVICE } from './firmware.ts';

const compare = (name: string, lines: Iterable<string>): void =>
  expectAsBefore(byOutcome(lines), new URL(`./answers/${name}.txt`, import.meta.url));

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
