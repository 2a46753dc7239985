/** Interrupts that leave the program no time, beside a tick: no proof that it lasts, but it is told. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { CHIP, FLASH, imageOf, NVIC_ISER0, nothing, RCC_APB1ENR1, store, TIM2, WAITS, type Part } from './late-program.ts';
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
});
