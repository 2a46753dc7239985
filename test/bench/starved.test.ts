/** Interrupts that leave the program no time, beside a tick: no proof that it lasts, but it is told. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { CHIP, FLASH, imageOf, NVIC_ISER0, nothing, RCC_APB1ENR1, store, TIM2, WAITS, type Part } from './late-program.ts';
import { Thumb } from '../emu/thumb.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [CR1, DIER, SR, ARR] = [TIM2, TIM2 + 0x0c, TIM2 + 0x10, TIM2 + 0x2c];
/** TIM2 asks at each of its updates, `cycles` apart. */
const timer =
  (cycles: number): Part =>
  (t) =>
    store(store(store(store(store(t, RCC_APB1ENR1, 1), ARR, cycles - 1), DIER, 1), NVIC_ISER0, 1 << 28), CR1, 1);
const clears: Part = (t) => store(t, SR, 0);

function run(cycles: number, line: Part): RunResult {
  const bytes = imageOf({ setUp: timer(cycles), wait: WAITS['poll']!.part, tick: nothing, line });
  return runBench(jobInput(plainJob(CHIP, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }], { until: '50ms' })));
}
const starved = ({ notes }: RunResult): string[] => notes.filter((n) => n.kind === 'starved').map((n) => String(n.text));

/** A press raises EXTI line 0, whose handler reads a word, and writes to EXTI at `written`; the program counts on. */
function pressed(written: number | null, until?: string): RunResult {
  const [RCC, EXTI, ISER] = [0x40023800, 0x40013c00, 0xe000e100];
  const t = new Thumb(MAIN).b('main').put(0xbf00);
  t.label('handler').constant(0, EXTI).movs(1, 1);
  if (written !== null) t.str(1, 0, written);
  t.constant(0, 0x20000040).ldr(1, 0).bxLr();
  t.label('main')
    .constant(0, RCC + 0x30)
    .movs(1, 1)
    .str(1, 0)
    .constant(0, EXTI)
    .str(1, 0)
    .str(1, 0, 8);
  t.constant(0, ISER)
    .movs(1, 1 << 6)
    .str(1, 0)
    .label('loop')
    .adds(2, 1)
    .b('loop');
  const [image] = bareImage(t);
  new DataView(image!.bytes.buffer).setUint32(4 * (16 + 6), MAIN + 4 + 1, true);
  const steps = [{ at: '10ms', do: { pin: { name: 'PA0', level: 1 as const } } }];
  return runBench(jobInput(plainJob('STM32F405RG', [image!], { steps, ...(until !== undefined && { until }) })));
}
it('an interrupt that is proved to come back for ever is no wait for what its handler reads', () => {
  const result = pressed(null);
  expect([result.outcome, result.stuck?.address, result.diagnosis.causes]).toEqual(['stuck', null, []]);
  expect(result.notes.filter((n) => n.kind === 'wait').map((n) => String(n.text))).toEqual([
    'EXTI.PR keeps its flag of line 0, which a write of 1 to that bit clears',
  ]);
  const report = terminalReport(result).replace(/\s+/g, ' ');
  expect(report).toContain('is taken again and again: its handler (0x08000204) returns without clearing its cause');
  expect(report).toContain('the program behind them does not run');
  expect(report).not.toMatch(/polls|waits for/);
});
describe('an interrupt', () => {
  it('whose handler does not clear what raised it is told, with where the program stands', () => {
    const result = run(4000, nothing);
    expect(result.outcome).toBe('no-jump');
    expect(result.summary).toMatch(/^only interrupt handlers run, and the firmware never jumps/);
    expect(starved(result)).toEqual([
      expect.stringMatching(
        /^interrupt 28 \(TIM2\) is taken again and again, .* when its handler 0x08000700 returns, the interrupt is pending again \(\d{3,} times in 5 ms\); the program is stopped at 0x080002\w\w$/,
      ),
    ]);
  });
  it('that comes again before its handler is done is told', () =>
    expect(starved(run(8, clears))).toEqual([expect.stringContaining('the interrupt is pending again')]));
  it('that leaves the program its time is not', () => {
    const result = run(400, clears);
    expect(result.outcome).not.toBe('dfu');
    expect(starved(result)).toEqual([]);
  });
  it.each([
    [0x14, false],
    [0x04, true],
  ])('of EXTI whose handler writes to +%i is told with the flag that stays: %s', (written, stays) => {
    const result = pressed(written, '50ms');
    const line = expect.stringContaining(': EXTI.PR keeps its flag of line 0, which a write of 1 to that bit clears') as unknown;
    expect(starved(result)).toEqual(stays ? [line] : []);
  });
});
