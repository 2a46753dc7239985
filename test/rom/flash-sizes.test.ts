/** One image serves all flash sizes of its die: the ROM erases what the part has, in the banks that it has, and reads nothing behind it. */
import { expect, it } from 'vitest';
import { DfuTarget } from '../../src/bench/dfu/dfu-target.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { checkRequirement } from '../../src/usb-sim/conform/requirement.ts';
import { TRANSFER_REQUIREMENTS } from '../../src/usb-sim/conform/transfers.ts';

/** Parts with less flash than the largest of their die, or with one bank where that has two. */
const PARTS = [
  ...['STM32L476RE', 'STM32L476RC', 'STM32L496VE', 'STM32L4R5ZG', 'STM32G474CB', 'STM32L072RB', 'STM32L152RC', 'STM32G0B1RB'],
  ...['STM32F427VG', 'STM32F469VE', 'STM32H523CC', 'STM32H563RG', 'STM32U575RG', 'STM32H750VB', 'STM32F722RC'],
];
const IDS = ['flash.erase', 'flash.neighbours', 'flash.mass-erase'];

it.each(PARTS)('%s erases pages and everything by DFU', async (chip) => {
  const held = new HeldMachine(jobInput(await loadJob([], { chip, boot0: true }, '.')));
  try {
    expect(held.start().outcome).toBe('dfu');
    const link = new DfuTarget(held);
    for (const id of IDS) {
      const { verdict, observed } = await checkRequirement(
        TRANSFER_REQUIREMENTS.find((r) => r.id === id)!,
        link,
      );
      // a part with one sector has no neighbours
      expect({ id, failed: verdict === 'fail', observed: verdict === 'fail' ? observed : null }).toEqual({
        id,
        failed: false,
        observed: null,
      });
    }
  } finally {
    held.release();
  }
});
