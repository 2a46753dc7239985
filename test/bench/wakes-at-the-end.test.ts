/** The last step of a scenario wakes the chip: the run does not end before it has woken. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

it('a pin that ends Standby on L476', () => {
  const t = new Thumb(MAIN);
  const store = (address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
  store(0x40021058, 1 << 28); // PWREN
  store(0x40007008, 2); // PWR_CR3.EWUP2
  store(0x40007018, 0x1f);
  store(0x40007000, 0x203); // LPMS: Standby
  store(0xe000ed10, 4); // SLEEPDEEP
  t.label('sleep').wfi().b('sleep');
  const { resets } = runBench(
    jobInput(
      plainJob('STM32L476RG', bareImage(t), {
        board: { pins: { PC13: 0 } },
        steps: [{ at: '300ms', do: { pin: { name: 'PC13', level: 1 } } }],
      }),
    ),
  );
  expect(resets).toHaveLength(2);
  expect(Number(resets[1]!.at)).toBeGreaterThan(0.3);
});
