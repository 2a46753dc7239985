/** A loop that compares a counter with what it never comes to has no end, though what it reads changes: the report names the loop, the counter and how far that goes. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [ROM, APB1ENR, TIM2, TIM3] = [0x1fff0000, 0x40023840, 0x40000000, 0x40000400];
interface Wait {
  readonly timer?: number;
  readonly until: number;
  readonly arr?: number;
  /** The loop has another end. */
  readonly bounded?: boolean;
}
/** Waits until the timer, at 1 MHz, has counted so far, then jumps into the ROM. */
function waits({ timer = TIM3, until, arr, bounded = false }: Wait): ReturnType<typeof runBench> {
  const t = new Thumb(MAIN).constant(0, APB1ENR).movs(1, 3).str(1, 0).constant(4, timer).movs(1, 15).str(1, 4, 0x28);
  if (arr !== undefined) t.constant(1, arr).str(1, 4, 0x2c);
  t.movs(1, 1).str(1, 4, 0x14).str(1, 4).constant(5, until).constant(6, 40_000_000).label('wait');
  if (bounded) t.put(0x3e01).beq('go');
  t.ldr(1, 4, 0x24).cmpRegister(1, 5).bcc('wait').label('go').movs(1, 0).str(1, 4);
  const job = plainJob('stm32f405rg', bareImage(t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2)));
  return runBench(jobInput({ ...job, scenario: { ...job.scenario, until: '400ms' } }));
}
const told = ({ notes }: ReturnType<typeof runBench>): string[] =>
  notes.filter(({ kind }) => kind === 'endless').map(({ text }) => String(text));

it('a counter of 16 bits', () => {
  const result = waits({ until: 100_000 });
  expect(told(result)).toEqual([
    expect.stringMatching(
      /^the loop at 0x0800\w+ never ends: it compares TIM3\.CNT with 0x000186a0, and TIM3\.CNT comes to 0x0000ffff at most, which is TIM3\.ARR, as from the reset$/,
    ),
  ]);
  expect(terminalReport(result)).toContain('does not get any further');
});
it('a counter that goes round before', () => {
  expect(told(waits({ until: 1000, arr: 999 }))).toEqual([
    expect.stringMatching(/with 0x000003e8, .* comes to 0x000003e7 at most, which is TIM3\.ARR \(TIM3\.ARR was last written at 0x0800/),
  ]);
});
it.each([
  ['a counter that comes there', { until: 60_000 }],
  ['a counter of 32 bits', { timer: TIM2, until: 100_000 }],
])('%s', (_what, wait) => {
  const result = waits(wait);
  expect([result.entries.length, told(result)]).toEqual([1, []]);
});
it('a counter that comes there behind the end of the run, and a loop with another end', () => {
  expect(told(waits({ timer: TIM2, until: 1_000_000 }))).toEqual([]);
  expect(told(waits({ until: 100_000, bounded: true }))).toEqual([]);
});

it('a register of a block without a clock, which reads as 0, and of one with a clock not', () => {
  const compares = (t: Thumb): Thumb => t.put(0x4011 /* ands r1, r2 */).cmp(1, 0);
  const polls = (clock: number, asks: (t: Thumb) => Thumb = compares): string[] => {
    const t = new Thumb(MAIN).constant(0, APB1ENR).movs(1, clock).str(1, 0).constant(4, TIM3).movs(2, 1);
    // what changes decides nothing
    asks(t.label('wait').put(0x3501 /* adds r5, #1 */).ldr(1, 4, 0x10)).beq('wait');
    const job = plainJob('stm32f405rg', bareImage(t.label('end').b('end')));
    return told(runBench(jobInput({ ...job, scenario: { ...job.scenario, until: '50ms' } })));
  };
  for (const asks of [compares, (t: Thumb) => t.tst(1, 2), (t: Thumb) => t.lsls(1, 1, 31)])
    expect(polls(0, asks)).toEqual([
      expect.stringMatching(
        /^the loop at 0x0800\w+ waits for TIM3\.SR, which reads as 0 as long as TIM3 has no clock: RCC\.APB1ENR\.TIM3EN is 0$/,
      ),
    ]);
  expect(polls(2)).toEqual([]);
});
