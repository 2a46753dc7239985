/** SCR.SLEEPDEEP: WFI enters Stop, where SysTick stands (RM0090 5.3.4), so a wait for ticks never ends. A wait for a pin is meant so. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [SCR, SYST, FLAG, ROM] = [0xe000ed10, 0xe000e010, 0x20002000, 0x1fff0000];

/** Sleeps until SysTick's handler has run (`ticks`: or until another interrupt, which is not enabled), and enters the ROM. */
function program(scr: number, ticks: boolean): ReturnType<typeof bareImage> {
  const t = new Thumb(MAIN).b('main').put(0xbf00);
  t.label('handler').constant(0, FLAG).movs(1, 1).str(1, 0).bxLr();
  t.label('main').constant(3, FLAG).movs(1, 0).str(1, 3).constant(0, SCR).movs(1, scr).str(1, 0);
  t.constant(0, SYST)
    .constant(1, 15999)
    .str(1, 0, 4)
    .movs(1, ticks ? 7 : 0)
    .str(1, 0);
  t.label('wait').wfi().ldr(1, 3).cmp(1, 1).bne('wait').movs(1, 0).constant(0, SYST).str(1, 0);
  t.constant(0, SCR).str(1, 0).constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
  const [image] = bareImage(t);
  new DataView(image!.bytes.buffer).setUint32(4 * 15, MAIN + 4 + 1, true);
  return [image!];
}
const resultOf = (scr: number, ticks: boolean) => runBench(jobInput(plainJob('STM32F405RG', program(scr, ticks))));
const proved = ({ diagnosis }: ReturnType<typeof resultOf>) => diagnosis.causes.filter((c) => c.proved).map(({ what }) => what);

it('without it, the tick wakes the core', () => expect(resultOf(0, true).outcome).toBe('dfu'));
it('with it, the instruction that sets it is the cause', () => {
  const result = resultOf(4, true);
  expect([result.outcome, proved(result)]).toEqual(['stuck', ['SCB.SCR.SLEEPDEEP']]);
  expect(result.notes.map(({ text }) => text)).toContainEqual(expect.stringContaining('SysTick does not run in Stop'));
});
it('who waits for no tick is not accused of it', () => {
  const result = resultOf(4, false);
  expect([result.outcome, proved(result)]).toEqual(['stuck', []]);
});
