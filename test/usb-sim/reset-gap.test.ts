import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { bench } from '../../src/index.ts';

it('USB host: the second reset of the port leaves the device time to serve the status stage before it', async () => {
  const path = 'fixtures/h533-straight/firmware.elf';
  const { usb } = await bench({ chip: 'stm32h533re', images: [{ path, bytes: new Uint8Array(readFileSync(path)) }] });
  const first = usb.log.findIndex((l) => l.text.startsWith('GET_DESCRIPTOR(DEVICE, 64)'));
  const reset = usb.log.slice(first).find((l) => l.kind === 'reset')!;
  const gap = Number(reset.at) - Number(usb.log[first]!.at);
  // to the nanosecond: seconds are no exact numbers
  expect(Math.round(gap * 1e9)).toBeGreaterThanOrEqual(100_000);
});
