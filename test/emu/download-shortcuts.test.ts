/** A download to the stand-in ROM, whose main loop and flash polls run from the flash controller's caches: left out or executed, everything ends the same. */
import { describe, expect, it, vi } from 'vitest';
import '../../src/property.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import type { FlashCacheSnapshot } from '../../src/emu/core/caches/flash-cache.ts';
import { S } from '../../src/emu/core/state.ts';
import { ARCHITECTURE } from '../../src/emu/proofs/steady.ts';
import type { ShortcutName } from '../../src/emu/proofs/shortcuts.ts';
import { libraryJob } from '../../src/library/options.ts';
import { countSkipped } from './skipped.ts';
import { expectSame } from '../same.ts';

const LOOK = 1_000_000_000;
const DATA = Uint8Array.from({ length: 300 }, (_, i) => (i * 37 + 11) & 0xff);

/** Rows in their order of use, with what they hold. */
const rowsOf = (cache: FlashCacheSnapshot | null) =>
  cache &&
  [cache.code, cache.data].map((rows) => [...rows].sort((a, b) => a.used - b.used).map(({ row, marks, stale }) => ({ row, marks, stale })));

async function downloads(chip: string) {
  const held = new HeldMachine(jobInput(await libraryJob({ chip, images: [], scenario: { board: { boot0: 1 } } })));
  held.start();
  const { machine } = held.session;
  const start = held.save();
  const skipped = countSkipped(machine.cores);
  const run = (skipping: boolean, without: readonly ShortcutName[] = []) => {
    held.restore(start);
    machine.skipping = skipping;
    machine.withoutShortcuts(without);
    const before = skipped();
    const id = held.usb.dfu({ kind: 'download', address: 0x08000000, data: DATA });
    while (!held.usb.dfuIdle) held.run(held.bus.now + LOOK);
    // where the main loop waits for the next transfer
    for (let i = 0; i < 20; i++) held.run(held.bus.now + LOOK / 3);
    const { system, cores, history } = held.save();
    return {
      skipped: skipped() - before,
      state: {
        operation: held.usb.operations.find((o) => o.id === id)!.status,
        now: system.now,
        registers: system.registers,
        models: system.models,
        seq: history.seq,
        cycles: machine.cores.map((core) => [core.cycles(), core.retired()]),
        words: cores.map(({ page }) => {
          const words = new Uint32Array(page.buffer, page.byteOffset, page.length / 4);
          return Array.from(ARCHITECTURE, (at) => [at * 4, words[at]]).filter(([at]) => at !== S.LAST_REC);
        }),
        rows: cores.map(({ flashCache }) => rowsOf(flashCache)),
        bytes: DATA.map((_, i) => machine.system.read(0x08000000 + i, 1)),
      },
    };
  };
  return run;
}

describe.each(['STM32L476RG', 'STM32F072RB'])('a download to %s', (chip) => {
  it('ends in the same state, caches included, whether loops are left out or not', { timeout: 30_000 }, async () => {
    const run = await downloads(chip);
    const fast = run(true);
    expect(fast.state.operation).toBe('ok');
    expectSame(run(false).state, fast.state);
    for (const name of ['kept-loops', 'loop-records', 'counting-loops', 'steady-loops'] as const)
      expectSame(run(true, [name]).state, fast.state);
    // the main loop between two transfers: while the flash is busy the ROM's own code waits, and polls nothing
    expect(fast.skipped).toBeGreaterThan(run(false).skipped);
  });
});

describe('the loop of the machine', () => {
  it('turns a few times for each double word that the ROM of L476 programs', async () => {
    const held = new HeldMachine(jobInput(await libraryJob({ chip: 'STM32L476RG', images: [], scenario: { board: { boot0: 1 } } })));
    held.start();
    const [core] = held.session.machine.cores;
    const run = vi.spyOn(core!, 'run');
    const turns = (length: number): number => {
      run.mockClear();
      held.usb.dfu({ kind: 'download', address: 0x08000000, data: new Uint8Array(length) });
      while (!held.usb.dfuIdle) held.run(held.bus.now + LOOK);
      return run.mock.calls.length;
    };
    turns(2048);
    // one up to the end of the programming, one from there to the next wait, and what USB adds; with a turn for each stop and each new event it was 11
    expect(turns(2 * 2048) / (4096 / 8)).toBeLessThan(5);
  });
});
