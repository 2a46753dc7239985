/** A fault whose handler goes for the ROM is the first cause; what is wrong behind it comes second. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [ROM, NOTHING, SRAM, HARDFAULT] = [0x1fff0000, 0x60000000, 0x20000100, 0x180];
const CPSID = 0xb672;
const jump = (t: Thumb): Thumb => t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2);
/** Reads there, then jumps; its HardFault handler jumps, too. */
function diagnosed(address: number, masks: boolean): ReturnType<typeof runBench> {
  const t = new Thumb(MAIN);
  if (masks) t.put(CPSID);
  const images = bareImage(jump(t.constant(0, address).ldr(1, 0)));
  const { bytes } = images[0]!;
  new DataView(bytes.buffer).setUint32(12, FLASH + HARDFAULT + 1, true);
  bytes.set(jump(new Thumb(FLASH + HARDFAULT)).bytes(), HARDFAULT);
  return runBench(jobInput(plainJob('stm32f405rg', images)));
}

it('the read that faults is the first cause, and enough', () => {
  const { outcome, diagnosis } = diagnosed(NOTHING, false);
  expect(outcome).toBe('rom-silent');
  expect(diagnosis.sets[0]).toEqual(['fault']);
  expect(diagnosis.causes[0]).toMatchObject({ id: 'fault', proved: true, what: 'HardFault', outcomeAfterRepair: 'dfu' });
  expect(diagnosis.causes[0]!.explanation).toContain('accessed 0x60000000: there is nothing at this address');
});
it('PRIMASK behind it is told second', () => {
  const { sets, causes } = diagnosed(NOTHING, true).diagnosis;
  expect(sets[0]).toEqual(['fault', 'primask']);
  expect(causes.map(({ id }) => id)).toEqual(['fault', 'primask']);
});
it('without a fault, PRIMASK alone', () => {
  expect(diagnosed(SRAM, true).diagnosis.causes.map(({ id }) => id)).toEqual(['primask']);
});
