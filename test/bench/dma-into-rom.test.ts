/** A DMA channel is left on that writes to RAM of the ROM: that the stand-in keeps nothing there says nothing of ST's ROM. */
import { describe, expect, it } from 'vitest';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [RCC_AHB1ENR, DMA1, ROM] = [0x40021048, 0x40020000, 0x1fff0000];
const [EN, DIR, MINC] = [1, 1 << 4, 1 << 7];
/** STM32G491: channel 1 of DMA1 is switched on, then the ROM is entered. */
function ran(memory: number, control: number): RunResult {
  const t = new Thumb(MAIN);
  const store = (address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
  store(RCC_AHB1ENR, 1);
  store(DMA1 + 0x10, 0x40012c24);
  store(DMA1 + 0x14, memory);
  store(DMA1 + 0x0c, 0x100);
  store(DMA1 + 0x08, control);
  t.constant(0, ROM).ldr(1, 0).put(0xf381, 0x8808 /* msr msp, r1 */).ldr(1, 0, 4).put(0x4708 /* bx r1 */);
  return runBench(jobInput(plainJob('stm32g491re', bareImage(t))));
}
const reservations = (r: RunResult): string[] => r.notes.filter(({ kind }) => kind === 'but').map(({ text }) => String(text));

describe('a DMA channel left on at the jump', () => {
  it('is a reservation where it writes to the RAM that AN2606 gives to the ROM, and not harmless', () => {
    const result = ran(0x20003000, EN | MINC);
    expect(result.outcome).toBe('dfu');
    expect(reservations(result)).toEqual([
      expect.stringMatching(/^A DMA channel that writes to 0x20003000 is left on .*DMA1_CCR1\.EN = 1/),
    ]);
    expect(result.diagnosis.harmless).not.toContain('dma');
  });
  it.each([
    ['it writes to other RAM', 0x20006000, EN | MINC],
    ['it reads from that RAM', 0x20003000, EN | MINC | DIR],
  ])('is harmless where %s', (_, memory, control) => {
    const result = ran(memory, control);
    expect(result.outcome).toBe('dfu');
    expect(reservations(result)).toEqual([]);
    expect(result.diagnosis.harmless).toContain('dma');
  });
});
