/** An EXTI line that listens to another port than the one whose pin the scenario moves. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const FLASH = 0x08000000;
const [RCC_APB2ENR, EXTICR4, IMR, FTSR] = [0x40023844, 0x40013814, 0x40013c00, 0x40013c0c];

function reasons(exticr: number | null): readonly string[] {
  const t = new Thumb(FLASH + 0x200);
  const store = (address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
  store(RCC_APB2ENR, 1 << 14);
  if (exticr !== null) store(EXTICR4, exticr);
  store(FTSR, 1 << 13);
  store(IMR, 1 << 13);
  store(0xe000e104, 1 << 8); // EXTI15_10
  t.label('end').b('end');
  const image = new Uint8Array(0x400);
  const view = new DataView(image.buffer);
  for (let at = 0; at < 0x1c0; at += 4) view.setUint32(at, FLASH + 0x1f1, true);
  view.setUint32(0, 0x20002000, true);
  view.setUint32(4, FLASH + 0x201, true);
  view.setUint16(0x1f0, 0xe7fe, true);
  image.set(t.bytes(), 0x200);
  const steps = [{ at: '10ms', do: { pin: { name: 'PC13', level: 0 } } }] as const;
  const { notes } = runBench(
    jobInput(plainJob('STM32F405RG', [{ path: 'app.bin@0x8000000', bytes: image }], { board: { pins: { PC13: 1, PB13: 1 } }, steps })),
  );
  return notes.filter(({ kind }) => kind === 'not-triggered').map(({ text }) => text);
}

it('is told, with the register that says which port', () => {
  expect(reasons(null).join()).toContain(
    'the scenario moves PC13, which EXTI line 13 does not listen to: nothing has written SYSCFG.EXTICR4',
  );
  expect(reasons(0x10).join()).toContain('EXTI line 13 does not listen to: SYSCFG.EXTICR4 was last written at 0x0800020');
});
it('SWDIO is nothing that anybody presses', () => {
  expect(reasons(null).join()).not.toContain('"name":"PA13"');
});
