/** An EXTI line that listens to another port than the one whose pin the scenario moves. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [RCC_APB2ENR, EXTICR4, IMR, FTSR] = [0x40023844, 0x40013814, 0x40013c00, 0x40013c0c];

function reasons(exticr: number | null, clocked = true): readonly string[] {
  const t = new Thumb(MAIN);
  const store = (address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
  if (clocked) store(RCC_APB2ENR, 1 << 14);
  if (exticr !== null) store(EXTICR4, exticr);
  store(FTSR, 1 << 13);
  store(IMR, 1 << 13);
  store(0xe000e104, 1 << 8); // EXTI15_10
  t.label('end').b('end');
  const steps = [{ at: '10ms', do: { pin: { name: 'PC13', level: 0 } } }] as const;
  const { notes } = runBench(jobInput(plainJob('STM32F405RG', bareImage(t), { board: { pins: { PC13: 1, PB13: 1 } }, steps })));
  return notes.filter(({ kind }) => kind === 'not-triggered').map(({ text }) => text);
}

it('is told, with the register that says which port', () => {
  expect(reasons(null).join()).toContain(
    'the scenario moves PC13, which EXTI line 13 does not listen to: nothing has written SYSCFG.EXTICR4',
  );
  expect(reasons(0x10).join()).toContain('EXTI line 13 does not listen to: SYSCFG.EXTICR4 was last written at 0x0800020');
});
it('a write that SYSCFG lost without its clock is the reason', () => {
  expect(reasons(0x20, false).join()).toMatch(
    /line 13 does not listen to: the write to SYSCFG\.EXTICR4 at 0x0800020[0-9a-f] is lost: RCC\.APB2ENR\.SYSCFGEN is 0 there/,
  );
});
it('SWDIO is nothing that anybody presses', () => {
  expect(reasons(null).join()).not.toContain('"name":"PA13"');
});
