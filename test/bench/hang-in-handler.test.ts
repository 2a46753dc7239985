/** Where a handler is that never returns: the vector says it, wherever the loop stands. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { plainJob } from './plain-job.ts';
import { CHIP, firmware, nothing } from './rounds-firmware.ts';

it('in an image without names the handler is told, and not the loop that it ends in', () => {
  const bytes = firmware(nothing, (t) => t.label('stay').b('stay'));
  const { summary } = runBench(jobInput(plainJob(CHIP, [{ path: 'app.bin@0x08000000', bytes }])));
  expect(summary).toContain('handler (0x08000400), which never returns');
});
