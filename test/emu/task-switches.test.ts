/** The kernel of benchmarks/firmware: tasks, PendSV, queues. It ends with 0, which its checksum decides, and takes what it took, however it is executed. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { guestOn, runGuest, withWords, type Guest } from '../../benchmarks/guest.ts';

/** Instructions and core cycles of a thousand samples, as of the interpreter that left for each exception and took the slow path for each word of a frame. */
const RUNS = [
  ['STM32L476RG', 'm4', 0x476, 10_000, 465_985, 1_168_328],
  ['STM32F405RG', 'm4', 0x405, 21_000, 457_837, 1_149_472],
  ['STM32H533RE', 'm33', 0x533, 31_250, 449_883, 1_022_604],
  ['STM32F072RB', 'm0', 0x072, 6000, 4_620_287, 7_665_064],
  ['STM32H745ZI', 'h745', 0x745, 60_000, 453_745, 911_511],
] as const;

describe.each(RUNS)('%s', (chip, build, set_up_for, tick, instructions, cycles) => {
  const start = (): Guest => {
    const file = `benchmarks/firmware/rtos.${build}.elf`;
    return guestOn(chip, withWords(readFileSync(file), { repeats: 1, set_up_for, tick_reload: tick - 1 }, file));
  };
  it.each([
    ['translated', true, false],
    ['interpreted', false, false],
    ['with loops left out', true, true],
  ] as const)('%s', (_name, translating, skipping) => {
    const guest = start();
    const core = guest.machine.bootCore;
    guest.machine.skipping = skipping;
    core.setTranslating(translating);
    expect(runGuest(guest)).toBe(0);
    expect([core.retired(), core.cycles()]).toEqual([instructions, cycles]);
  });
});
it('a core whose exceptions come out of its own code is not given a turn for each of them', () => {
  const file = 'benchmarks/firmware/rtos.m4.elf';
  const guest = guestOn('STM32L476RG', withWords(readFileSync(file), { repeats: 1, set_up_for: 0x476, tick_reload: 79_999 }, file));
  guest.machine.skipping = false;
  const core = guest.machine.bootCore;
  let turns = 0;
  const run = core.run.bind(core);
  core.run = (until) => {
    turns++;
    return run(until);
  };
  expect(runGuest(guest)).toBe(0);
  // some four thousand switches, 14 ticks
  expect(turns).toBeLessThan(50);
});
