/** A faulting access by a pointer and an offset: what is followed back is the pointer, as it was held. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

it.each([0, 0x20])('with the offset %i', (offset) => {
  const t = new Thumb(MAIN).constant(0, 0x20000100).constant(1, 0x60000000).str(1, 0);
  t.ldr(2, 0).ldr(3, 2, offset).label('end').b('end');
  const screen = shortReport(runBench(jobInput(plainJob('stm32f405rg', bareImage(t)))), { width: 200 });
  expect(screen).toContain('0x60000000 was loaded from 0x20000100');
  expect(screen).not.toContain('0x60000020 was loaded');
});
it('of a pointer through which a branch target was loaded, too', () => {
  // its target is a constant in flash, behind a pointer that came from RAM
  const t = new Thumb(MAIN).constant(0, 0x20000100).constant(1, 0x08000000).str(1, 0).ldr(2, 0).ldr(3, 2, 0x40).put(0x4798);
  const [image] = bareImage(t);
  new DataView(image!.bytes.buffer).setUint32(0x40, 0x60000001, true);
  const screen = shortReport(runBench(jobInput(plainJob('stm32f405rg', [image!]))), { width: 200 });
  expect(screen).toContain('0x08000000 was loaded from 0x20000100');
  expect(screen).not.toContain('0x08000040 was');
});
