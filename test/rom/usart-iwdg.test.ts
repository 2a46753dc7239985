/** The watchdog while a ROM without USB waits for a host: what ST's own code does on STM32F103 and STM32F051 (STM32F030F4: inferred), and what AN2606 says of the others. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { unasked } from '../../src/bench/input/run-input.ts';
import { Session } from '../../src/bench/session/session.ts';
import { PS_PER_SECOND } from '../../src/emu/time.ts';
import { plainJob } from '../bench/plain-job.ts';
import { pinBoot, program } from './course.ts';

const resets = (chip: string): readonly string[] => {
  const image = { path: 'fw.bin@0x08000000', bytes: program(0x08000000) };
  const { machine } = new Session(unasked(jobInput(plainJob(chip, [image], { board: { ...pinBoot, optionBytes: { IWDG_SW: 0 } } }))));
  const until = 40 * PS_PER_SECOND;
  for (let stops = 0; machine.now < until && machine.history.resets.length < 2 && stops < 1000; stops++) machine.run(until);
  const by = machine.history.resets.map((r) => r.by);
  machine.release();
  return by;
};

describe('An IWDG that the option bytes start, BOOT0 high, no host', () => {
  // 4096 counts by 256 of an LSI of 40 kHz: 26 s
  it.each(['STM32F103C8', 'STM32F051R8', 'STM32F030F4'])('%s: the ROM slows it, refreshes it once, and is reset by it', (chip) => {
    expect(resets(chip)).toContain('iwdg');
  });
  it.each(['STM32F091RC'])('%s: the ROM refreshes it', (chip) => {
    expect(resets(chip)).not.toContain('iwdg');
  });
});
