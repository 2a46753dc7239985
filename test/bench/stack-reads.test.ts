/** What a loop without end saves on its stack and takes back is nothing that it polls. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const WORD = 0x20000100;
const PUSH_POP = [0xb480, 0xbc80]; // PUSH {R7}, POP {R7}
const MOVS_LDR_SP = [0x2201, 0x9b00]; // MOVS R2, #1 and LDR R3, [SP]: a Cortex-M7 issues both at once
const run = (looks: (t: Thumb) => Thumb, chip = 'stm32f405rg') =>
  runBench(
    jobInput(
      plainJob(
        chip,
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
it.each(['stm32f405rg', 'stm32h743zi'])('nor a local variable beside the word (%s)', (chip) => {
  expect(run((t) => t.put(...MOVS_LDR_SP).ldr(1, 4), chip).stuck?.address).toBe('0x20000100');
});
