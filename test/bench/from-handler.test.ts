/** A loader that starts its application from inside a handler, from which it never returns. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';
import { imageOf } from './rounds-firmware.ts';

const [LOADER, APP] = [0x08000000, 0x08004000];
/** MSP, VTOR and the branch of a loader. */
const starts = (t: Thumb): Thumb => t.constant(0, APP).constant(1, 0xe000ed08).str(0, 1).ldr(1, 0).put(0xf381, 0x8808).ldr(0, 0, 4).bx(0);
const ticks = (): Uint8Array => {
  const main = new Thumb(APP + 0x200).constant(1, 0xe000e010).constant(0, 7_999).str(0, 1, 4).movs(0, 7).str(0, 1);
  return imageOf(main.label('loop').wfi().b('loop'), new Thumb(APP + 0x400).bxLr(), APP);
};

it.each([
  // SVC, and interrupt 6 by NVIC_STIR
  ['SVCall', (t: Thumb) => t.put(0xdf00)],
  ['interrupt 6 (EXTI)', (t: Thumb) => t.constant(1, 0xe000e100).movs(0, 0x40).str(0, 1).constant(1, 0xe000ef00).movs(0, 6).str(0, 1)],
])('the handler of %s is named with its line, and what it costs', (exception, raise) => {
  const handler = starts(new Thumb(LOADER + 0x400));
  const branch = LOADER + 0x400 + 2 * (handler.length - 1);
  const main = raise(new Thumb(LOADER + 0x200))
    .label('loop')
    .wfi()
    .b('loop');
  const images = [
    { path: 'loader.bin@0x8000000', bytes: imageOf(main, handler) },
    { path: 'app.bin@0x8004000', bytes: ticks() },
  ];
  const { diagnosis, outcome } = runBench(jobInput(plainJob('stm32f103cb', images)));
  expect(outcome).toBe('stuck');
  expect(diagnosis.causes[0]).toMatchObject({
    what: 'IPSR',
    proved: true,
    explanation: `loader.bin starts app.bin from inside the handler of ${exception}. That exception stays active, so no interrupt of its priority or a lower one is taken. In Thread mode, it works as from reset.`,
    lastWriter: { pc: `0x0${branch.toString(16)}` },
  });
});
