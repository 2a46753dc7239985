/** The main loop of the stand-in ROM under many restores: what is known of it is not found out again. */
import { describe, expect, it, vi } from 'vitest';
import '../../src/property.ts';
import { DfuTarget } from '../../src/bench/dfu/dfu-target.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import * as frames from '../../src/emu/proofs/frames.ts';
import { libraryJob } from '../../src/library/options.ts';
import { setupPacket } from '../../src/usb-sim/descriptors.ts';

const DNLOAD = 1;
const GETSTATUS = 3;
const ROUNDS = 6;
/** The ROM's main loop copies its address pointer: one state of it for each address. */
const ADDRESSES = [0x08000000, 0x08001000, 0x08002000];
const u32 = (n: number): number[] => [n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24];

async function records(chip: string): Promise<number[]> {
  const held = new HeldMachine(jobInput(await libraryJob({ chip, images: [], scenario: { board: { boot0: 1 } } })));
  // with them one record serves all addresses (copied-words.test.ts)
  held.session.machine.withoutShortcuts(['copied-words']);
  held.start();
  const target = new DfuTarget(held);
  const { interfaceNumber } = target.facts;
  const record = vi.spyOn(frames, 'recordFrames');
  return Array.from({ length: ROUNDS }, () => {
    record.mockClear();
    for (const address of ADDRESSES) {
      target.restart();
      target.controlNow(setupPacket(0x21, DNLOAD, 0, interfaceNumber, 5), Uint8Array.from([0x21, ...u32(address)]));
      for (let i = 0; i < 3; i++) target.controlNow(setupPacket(0xa1, GETSTATUS, 0, interfaceNumber, 6));
      target.run(5);
    }
    return record.mock.calls.length;
  });
}

describe('a loop of the ROM behind a restore', () => {
  it('is not recorded again on L476 once it was in each of its states', async () => {
    const [first, ...later] = await records('STM32L476RG');
    expect(first).toBeGreaterThan(0);
    expect(later.slice(2)).toEqual([0, 0, 0]);
  });
});
