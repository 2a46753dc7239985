/** Firmware that sleeps between the ticks of SysTick, and how its whole run and a repeated one end. */
import { jobInput } from '../../src/bench/input/job.ts';
import type { Outcome } from '../../src/bench/documents/result.ts';
import { Session } from '../../src/bench/session/session.ts';
import type { Machine } from '../../src/emu/machine.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

export const CHIP = 'stm32h533re';
const FLASH = 0x08000000;
export const RAM = 0x20000000;
export const SYSTICK = 0xe000e010;
/** Cycles of a tick: 1 ms out of reset. */
const TICK = 32_000;
const END = 400 * MS;

export type Part = (t: Thumb) => unknown;
/** Main at 0x200 of the flash, or of `base`, and one handler at 0x400 for all exceptions. */
export function imageOf(main: Thumb, handler: Thumb, base = FLASH): Uint8Array {
  const image = new Uint8Array(0x800);
  const view = new DataView(image.buffer);
  view.setUint32(0, RAM + 0x1000, true);
  for (let e = 1; e < 48; e++) view.setUint32(4 * e, base + (e === 1 ? 0x201 : 0x401), true);
  image.set(main.bytes(), 0x200);
  image.set(handler.bytes(), 0x400);
  return image;
}
/** r7 = RAM, with `ticks` at 0. The handler counts and does `each`; main sets up, and sleeps. */
export function firmware(setUp: Part, each: Part, awake: Part = () => {}): Uint8Array {
  const main = new Thumb(FLASH + 0x200).constant(7, RAM).movs(0, 0).str(0, 7).str(0, 7, 4);
  setUp(main);
  main
    .constant(1, SYSTICK)
    .constant(0, TICK - 1)
    .str(0, 1, 4)
    .movs(0, 7)
    .str(0, 1);
  main.label('loop').wfi();
  awake(main);
  main.b('loop');
  const handler = new Thumb(FLASH + 0x400).ldr(2, 7).adds(2, 1).str(2, 7);
  each(handler);
  handler.label('out').bxLr();
  return imageOf(main, handler);
}

export interface Words {
  readonly whole: Outcome;
  readonly repeated: Outcome;
  readonly early: boolean;
}
/** @param watch sees the machine before the repeated run */
export function compare(bytes: Uint8Array, watch: (machine: Machine) => void = () => {}): Words {
  const session = new Session(jobInput(plainJob(CHIP, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes }])));
  session.keepCheckpoints = false;
  const start = session.save();
  const whole = session.run({ until: END });
  session.restore(start);
  watch(session.machine);
  const repeated = session.run({ until: END, counterfactual: true });
  session.release();
  return { whole: whole.outcome, repeated: repeated.outcome, early: repeated.at < whole.at };
}

export const nothing: Part = () => {};
export const DOES_THE_SAME: Words = { whole: 'no-jump', repeated: 'no-jump', early: true };
