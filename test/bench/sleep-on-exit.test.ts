/** SCR.SLEEPONEXIT: the interrupt that the program waits for comes and is served, and the program still does not go on (PM0214 4.4.6). */
import { expect, it } from 'vitest';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [RCC, EXTI, SCR, ISER, FLAG, ROM] = [0x40023800, 0x40013c00, 0xe000ed10, 0xe000e100, 0x20002000, 0x1fff0000];
const EXTI0 = 6;

/** Waits in WFI for the flag that the handler of EXTI0 sets, and enters the ROM then; or (`stays`) never. */
function waiting(scr: number, stays = false): ReturnType<typeof bareImage> {
  const t = new Thumb(MAIN).b('main').put(0xbf00);
  t.label('handler').constant(0, EXTI).movs(1, 1).str(1, 0, 0x14).constant(0, FLAG).str(1, 0).bxLr();
  t.label('main')
    .constant(0, RCC + 0x30)
    .movs(1, 1)
    .str(1, 0)
    .constant(0, EXTI)
    .str(1, 0)
    .str(1, 0, 8);
  t.constant(0, ISER)
    .movs(1, 1 << EXTI0)
    .str(1, 0)
    .constant(0, SCR)
    .movs(1, scr)
    .str(1, 0)
    .constant(3, FLAG)
    .movs(1, 0)
    .str(1, 3);
  t.label('wait')
    .wfi()
    .ldr(1, 3)
    .cmp(1, stays ? 2 : 1)
    .bne('wait')
    .constant(0, ROM)
    .ldr(1, 0)
    .ldr(2, 0, 4)
    .movSp(1)
    .bx(2);
  const [image] = bareImage(t);
  new DataView(image!.bytes.buffer).setUint32(4 * (16 + EXTI0), MAIN + 4 + 1, true);
  return [image!];
}
const press: Scenario['steps'] = [
  { at: '10ms', do: { pin: { name: 'PA0', level: 1 } } },
  { at: '20ms', do: { pin: { name: 'PA0', level: 0 } } },
];
const resultOf = (images: ReturnType<typeof bareImage>, steps: Scenario['steps'] = press) =>
  runBench(jobInput(plainJob('STM32F405RG', images, { steps })));

it('without it, the press leads to the ROM', () => expect(resultOf(waiting(0)).outcome).toBe('dfu'));
it('with it, that instruction is the cause', () => {
  const { outcome, diagnosis } = resultOf(waiting(2));
  expect(outcome).toBe('stuck');
  expect(diagnosis.causes.filter(({ proved }) => proved).map(({ what }) => what)).toEqual(['SCB.SCR.SLEEPONEXIT']);
});
it('what the core waits for is told as it is: an edge, before it came, and nothing behind it', () => {
  expect(shortReport(resultOf(waiting(2), []), { width: 300 })).toMatch(/only a rising edge on PA0 \(EXTI0\).* wakes it/);
  const { summary, notes } = resultOf(waiting(2));
  expect(summary).not.toContain('never comes');
  expect(notes.filter(({ kind }) => kind === 'wait').map(({ text }) => text)).toEqual([
    expect.stringMatching(/^SCB\.SCR\.SLEEPONEXIT is 1 \(set at .*\): the core sleeps again at the end of each handler/),
    'with SLEEPONEXIT cleared during the wait, the outcome is dfu',
  ]);
});
it('a program that would only go on waiting waits for input', () => {
  const { summary, diagnosis } = resultOf(waiting(2, true));
  expect(summary).toContain('unless something comes from outside');
  expect(diagnosis.causes.filter(({ proved }) => proved)).toEqual([]);
});
