import { it } from 'vitest';
import { expectAsBefore } from '../emu/core/golden-file.ts';
import { runningBlocks } from './running.ts';
import { endpointStates, OTG } from './running/usb.ts';

runningBlocks('usb', OTG);
it('endpoints of USB FSDEV and USB_DRD_FS answer in each state as they did', () => {
  const [first, ...others] = [
    endpointStates('stm32h533re USB', [0, 1, 2, 3]),
    endpointStates('stm32f072rb USB', [0, 1, 2, 3]),
    endpointStates('stm32f103c8 USB', [0]),
  ];
  // of the others only what is other than with the first
  const lines = [...first!, ...others.flatMap((more) => more.filter((line) => !first!.includes(line)))];
  expectAsBefore(lines, new URL('./running/endpoints.txt', import.meta.url));
});
