/** A ready flag that cannot rise: the wait says what it needs, once, and nothing is forced. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const RCC_CRRCR = 0x40021008;

it('HSI48 of L0 without its reference', () => {
  const t = new Thumb(FLASH + 0x200).constant(0, RCC_CRRCR).movs(1, 1).str(1, 0);
  t.label('wait').ldr(1, 0).lsls(1, 1, 30).put(0xd5fc).label('end').b('end');
  const image = new Uint8Array(0x400);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x201, true);
  image.set(t.bytes(), 0x200);
  const result = runBench(jobInput(plainJob('STM32L072CZ', [{ path: 'app.bin@0x8000000', bytes: image }])));
  expect(result.outcome).toBe('stuck');
  const screen = shortReport(result, { width: 200 });
  expect(screen.split('HSI48RDY does not rise before SYSCFG_CFGR3.ENREF_HSI48 is set')).toHaveLength(2);
  expect(screen).not.toContain('--force');
});
