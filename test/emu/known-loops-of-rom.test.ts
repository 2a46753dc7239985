/** The main loop of the stand-in ROM under many restores: what is known of it is not found out again. */
import { describe, expect, it } from 'vitest';
import '../../src/property.ts';
import { DfuTarget } from '../../src/bench/dfu/dfu-target.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import type { ShortcutName } from '../../src/emu/proofs/shortcuts.ts';
import { libraryJob } from '../../src/library/options.ts';
import { setupPacket } from '../../src/usb-sim/descriptors.ts';

const DNLOAD = 1;
const GETSTATUS = 3;
const ROUNDS = 6;
/** The ROM's main loop copies its address pointer: one state of it for each address. */
const ADDRESSES = [0x08000000, 0x08001000, 0x08002000];
const u32 = (n: number): number[] => [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24];

/** Instructions that were executed one by one in each round: that is how a loop is recorded. */
async function steps(chip: string, ...without: ShortcutName[]): Promise<number[]> {
  const held = new HeldMachine(jobInput(await libraryJob({ chip, images: [], scenario: { board: { boot0: 1 } } })));
  // with them one record serves all addresses (copied-words.test.ts)
  held.session.machine.withoutShortcuts(['copied-words', ...without]);
  held.start();
  const target = new DfuTarget(held);
  const { interfaceNumber } = target.facts;
  let taken = 0;
  for (const core of held.session.machine.cores) {
    const step = core.step.bind(core);
    core.step = () => {
      taken++;
      return step();
    };
  }
  return Array.from({ length: ROUNDS }, () => {
    taken = 0;
    for (const address of ADDRESSES) {
      target.restart();
      target.controlNow(setupPacket(0x21, DNLOAD, 0, interfaceNumber, 5), Uint8Array.from([0x21, ...u32(address)]));
      for (let i = 0; i < 3; i++) target.controlNow(setupPacket(0xa1, GETSTATUS, 0, interfaceNumber, 6));
      target.run(5);
    }
    return taken;
  });
}

describe('a loop of the ROM behind a restore', () => {
  it('is not recorded again on L476 once it was in each of its states', async () => {
    const [first, ...later] = await steps('STM32L476RG');
    expect(first).toBeGreaterThan(0);
    expect(later.slice(2)).toEqual([0, 0, 0]);
  });
  it('is found and recorded again each time where known loops are switched off', async () => {
    const [first, ...later] = await steps('STM32L476RG', 'known-loops');
    for (const again of later) expect(again).toBe(first);
  });
});
