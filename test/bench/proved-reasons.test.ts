/** What is proved is the reason that is printed, and not only that its repair helps. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { shortReport } from '../../src/report/short.ts';
import { plainJob } from './plain-job.ts';
import { placeIn } from '../fixtures/place.ts';
import { Thumb } from '../emu/thumb.ts';
import { imageOf } from './rounds-firmware.ts';

const run = (name: string, chip: string): RunResult => {
  const bytes = new Uint8Array(readFileSync(fileURLToPath(new URL(`../../fixtures/${name}/firmware.elf`, import.meta.url))));
  return runBench(jobInput(plainJob(chip, [{ path: 'fw.elf', bytes }])));
};

it('a pointer read back through the new SP is no missing dereference, wherever it points', () => {
  const result = run('l476-target-on-new-stack', 'stm32l476rg');
  expect(result.entries[0]).toMatchObject({ address: '0x00000000', how: 'branch' });
  expect(result.diagnosis.sets).toEqual([['stack-after-msp']]);
  // the smallest change: the code keeps its own stack, and with it its pointer
  const lastWriter = placeIn('l476-target-on-new-stack', '__asm volatile("msr msp');
  expect(result.diagnosis.causes[0]).toMatchObject({ at: 'before-write', proved: true, lastWriter });
  expect(result.checks.find((c) => c.id === 'entry-dereference')?.verdict).toBe('n/a');
});
it('a write to what is a read-only register on this chip is not told as one that DBP kept out', () => {
  const result = run('g474-backup-address-of-l4', 'stm32g474re');
  const [cause] = result.diagnosis.causes;
  expect(cause).toMatchObject({ id: 'magic-survives', proved: true });
  expect(cause!.explanation).toBe(
    'the write had no effect: 0x40002850 is RTC->SR on this chip, which is read only; the first backup register is TAMP->BKP0R at 0x40002500',
  );
  expect(cause!.fix).not.toMatch(/DBP/);
});
it('a backup register behind DBP still is', () =>
  expect(run('g474-backup-no-dbp', 'stm32g474re').diagnosis.causes[0]?.explanation).toMatch(/write-protected \(DBP\)/));
it('an address at which products enter the ROM of H743 is no proved wrong address', () => {
  const main = new Thumb(0x08000200).constant(0, 0x1ff00000).ldr(1, 0, 4).bx(1);
  const bytes = imageOf(main, new Thumb(0x08000400).label('here').b('here'));
  const result = runBench(jobInput(plainJob('stm32h743zi', [{ path: 'app.bin@0x08000000', bytes }])));
  expect(result.diagnosis.causes.filter((c) => c.proved)).toEqual([]);
  expect(result.checks.find((c) => c.id === 'entry-address')).toMatchObject({ verdict: 'unknown', confidence: 'reported' });
  // the first screen has the bootloader's own table beside it
  expect(shortReport(result, { width: 400 })).toMatch(
    /^Maybe +entry-address: products enter .* 0x1ff00000, which is not that of the\s+bootloader \(0x1ff09800\)/m,
  );
});
