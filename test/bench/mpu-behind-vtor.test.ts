/** The load of the ROM's vectors faults under the MPU while VTOR is at the ROM's table: the fault enters the ROM by its own vector. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { placeIn } from '../fixtures/place.ts';
import { plainJob } from './plain-job.ts';

const run = (name: string, chip: string) => {
  const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL(`../../fixtures/${name}/firmware.elf`, import.meta.url))));
  return runBench(jobInput(plainJob(chip, [{ path: 'fw.elf', bytes }])));
};

describe('a load that the MPU refuses while the vectors are those of the ROM', () => {
  it.each([
    ['g0b1-mpu-behind-vtor', 'stm32g0b1re', 'fault'],
    ['l432-mpu-behind-vtor', 'stm32l432kc', 'reset-loop'],
  ])('%s: the MPU alone is to blame, by the line that enables it', (name, chip, outcome) => {
    const result = run(name, chip);
    expect(result.outcome).toBe(outcome);
    expect(result.diagnosis.sets).toEqual([['mpu']]);
    expect(result.diagnosis.causes[0]).toMatchObject({
      id: 'mpu',
      proved: true,
      at: 'before-write',
      lastWriter: placeIn(name, 'MPU_CTRL = 1u;'),
    });
    // the table that was read is the right one
    expect(result.checks.find((c) => c.id === 'entry-address')?.because).not.toMatch(/on this chip it is at/);
  });
  it('no jump is told that never was', () => {
    const { summary } = run('g0b1-mpu-behind-vtor', 'stm32g0b1re');
    expect(summary).toMatch(/HardFault taken before any jump into system memory \(mpu-behind-vtor.c:\d+\), by a vector of the ROM.s table/);
    expect(summary).not.toContain('after the jump');
  });
});
