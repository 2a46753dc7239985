/** A ready flag that cannot rise: the wait says what it needs, once, and nothing is forced. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const RCC_CRRCR = 0x40021008;

it('HSI48 of L0 without its reference', () => {
  const t = new Thumb(MAIN).constant(0, RCC_CRRCR).movs(1, 1).str(1, 0);
  t.label('wait').ldr(1, 0).lsls(1, 1, 30).put(0xd5fc).label('end').b('end');
  const result = runBench(jobInput(plainJob('STM32L072CZ', bareImage(t))));
  expect(result.outcome).toBe('stuck');
  const screen = shortReport(result, { width: 200 });
  expect(screen.split('HSI48RDY does not rise before SYSCFG_CFGR3.ENREF_HSI48 is set')).toHaveLength(2);
  expect(screen).not.toContain('--force');
});
