/** What --force would get past a wait is told where it does. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

/** Waits for bits of RCC_CFGR, of which SW has 1 and 0, SWS 3 and 2 (RM0090 7.3.3), to have a value. */
function forceFor(mask: number, value: number): string | null | undefined {
  const t = new Thumb(MAIN).constant(0, 0x4002_3808);
  t.label('poll').ldr(1, 0).movs(2, mask).ands(1, 2).cmp(1, value).bne('poll').label('end').b('end');
  const { outcome, stuck } = runBench(jobInput(plainJob('stm32f405rg', bareImage(t), {})));
  expect([outcome, stuck?.register]).toEqual(['stuck', 'RCC.CFGR']);
  return stuck?.force;
}

it.each([
  ['the field that the loop tests', 0xc, 4, 'RCC.CFGR.SWS=1'],
  ['the one of two that ends the wait', 6, 4, 'RCC.CFGR.SWS=1'],
  ['none where neither does', 6, 6, null],
])('%s', (_what, mask, value, force) => expect(forceFor(mask, value)).toBe(force));
