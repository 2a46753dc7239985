/** A BKPT that was left in front of the jump: without a debugger (DHCSR.C_DEBUGEN = 0) it is a HardFault with HFSR.DEBUGEVT set (Armv7-M ARM C1.6.1). */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [APB2ENR, MEMRMP, ROM] = [0x40023844, 0x40013800, 0x1fff0000];
const [BKPT, NOP] = [0xbe00, 0xbf00];

/** `mapped`: the ROM's vectors lie at 0, where VTOR points, when the instruction comes. */
function jumpsBehind(instruction: number, mapped: boolean): ReturnType<typeof bareImage> {
  const t = new Thumb(MAIN)
    .constant(0, APB2ENR)
    .constant(1, 1 << 14)
    .str(1, 0)
    .ldr(1, 0);
  if (mapped) t.constant(0, MEMRMP).movs(1, 1).str(1, 0);
  return bareImage(t.constant(0, ROM).ldr(1, 0).ldr(2, 0, 4).put(instruction).movSp(1).bx(2));
}
const resultOf = (images: ReturnType<typeof bareImage>) => runBench(jobInput(plainJob('STM32F405RG', images)));

it('without it, the ROM is entered', () => expect(resultOf(jumpsBehind(NOP, true)).outcome).toBe('dfu'));
it.each([
  ['goes to the handler of the application', false],
  ["goes to the ROM's, whose vectors are in force", true],
])('the fault %s: the instruction is the proved cause', (_what, mapped) => {
  const images = jumpsBehind(BKPT, mapped);
  const { outcome, diagnosis, checks } = resultOf(images);
  expect(outcome).not.toBe('dfu');
  expect(diagnosis.sets[0]).toEqual(['debugger']);
  expect(diagnosis.causes.filter(({ proved }) => proved).map(({ id }) => id)).toEqual(['debugger']);
  const at = `0x0${(MAIN + new Uint16Array(images[0]!.bytes.buffer, MAIN - 0x08000000).indexOf(BKPT) * 2).toString(16)}`;
  expect(checks.find(({ id }) => id === 'debugger')).toMatchObject({ verdict: 'fail', observed: `BKPT at ${at}` });
});
