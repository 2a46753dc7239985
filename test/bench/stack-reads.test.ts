/** What a loop without end saves on its stack and takes back is nothing that it polls. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const WORD = 0x20000100;
const PUSH_POP = [0xb480, 0xbc80]; // PUSH {R7}, POP {R7}
const run = (looks: (t: Thumb) => Thumb) =>
  runBench(
    jobInput(
      plainJob(
        'stm32f405rg',
        bareImage(
          looks(
            new Thumb(MAIN)
              .constant(4, WORD)
              .label('wait')
              .put(...PUSH_POP),
          ).b('wait'),
        ),
      ),
    ),
  );

it('polls the word behind them', () => expect(run((t) => t.ldr(1, 4)).stuck?.address).toBe('0x20000100'));
it('polls nothing without one', () => {
  const { outcome, stuck, summary } = run((t) => t);
  expect([outcome, stuck?.address]).toEqual(['stuck', null]);
  expect(summary).toContain('hangs in an endless loop');
});
