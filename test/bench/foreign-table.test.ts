/** Two programs, and a core without VTOR: whose vectors are in force is what lies at address 0. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const APP = FLASH + 0x4000;
const APP_MAIN = APP + 0x200;
const [RAM, RCC_APB2ENR, SYSCFG_CFGR1] = [0x20000000, 0x40021018, 0x40010000];
const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);

/** The same layout as that of a bare image, elsewhere: all vectors lead to its own endless loop. */
function application(program: Thumb) {
  const { bytes } = bareImage(program)[0]!;
  const view = new DataView(bytes.buffer);
  for (let at = 4; at < 0x1c0; at += 4) view.setUint32(at, view.getUint32(at, true) + APP - FLASH, true);
  return { path: `app.bin@0x${APP.toString(16)}`, bytes };
}
/** A loader that goes to an application, which lets SysTick interrupt it. */
function told(prepare: (t: Thumb) => Thumb): string {
  const [loader] = bareImage(new Thumb(MAIN).constant(0, APP_MAIN + 1).bx(0));
  const tick = store(store(prepare(new Thumb(APP_MAIN)), 0xe000e014, 999), 0xe000e010, 7)
    .label('end')
    .b('end');
  return JSON.stringify(runBench(jobInput(plainJob('STM32F072RB', [{ ...loader!, path: 'loader.bin@0x08000000' }, application(tick)]))));
}
const tableToRam = (t: Thumb): Thumb =>
  store(
    store(
      t.constant(0, APP).constant(1, RAM).movs(2, 48).label('copy').ldr(3, 0, 0).str(3, 1, 0).adds(0, 4).adds(1, 4).put(0x3a01).bne('copy'),
      RCC_APB2ENR,
      1,
    ),
    SYSCFG_CFGR1,
    3,
  );

it('the table of the loader is named', () =>
  expect(told((t) => t)).toContain(
    'address 0, from where the core takes its vectors, shows the table of loader.bin, but app.bin runs, which has its own at 0x08004000',
  ));
it("a copy of the application's own in RAM is its own", () => expect(told(tableToRam)).not.toMatch(/the table of|vector table of/));
