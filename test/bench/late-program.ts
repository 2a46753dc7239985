/**
 * Programs on an L476 that wait for a word of RAM, whatever sets it, and jump into the ROM then; whether their runs come so far. BOOTBENCH_PROGRAMS says how many
 * of each family.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import { Session } from '../../src/bench/session/session.ts';
import { findChip } from '../../src/chips/index.ts';
import { MS } from '../../src/emu/time.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

export const CHIP = 'stm32l476';
export const ROM = findChip(CHIP)!.rom!.vectorTable.value;
export const FLASH = 0x08000000;
export const RAM = 0x20000000;
/** A second vector table: that of the flash, but for SysTick. */
export const OTHER_VECTORS = 0x800;
export const UNTIL = 400;
export const CYCLES_PER_MS = 4000;

export const SYSTICK = 0xe000e010;
export const NVIC_ISER0 = 0xe000e100;
export const NVIC_ISER1 = 0xe000e104;
export const AIRCR = 0xe000ed0c;
export const VTOR = 0xe000ed08;
export const RCC_AHB1ENR = 0x40021048;
export const RCC_AHB2ENR = 0x4002104c;
export const RCC_APB1ENR1 = 0x40021058;
export const RCC_BDCR = 0x40021090;
export const RCC_CSR = 0x40021094;
export const PWR_CR1 = 0x40007000;
export const RTC = 0x40002800;
export const EXTI = 0x40010400;
export const TIM2 = 0x40000000;
export const TIM6 = 0x40001000;
export const USART2 = 0x40004400;
export const DMA1_CH2 = 0x4002001c;
export const DMA1_CSELR = 0x400200a8;
export const GPIOA = 0x48000000;
export const IWDG = 0x40003000;
export const WWDG = 0x40002c00;

export type Part = (t: Thumb) => unknown;
export const nothing: Part = () => {};
export const store = (t: Thumb, address: number, value: number): Thumb => t.constant(1, address).constant(0, value).str(0, 1);
/** Into the ROM by its reset vector. */
export const jump: Part = (t) => t.constant(3, ROM).ldr(3, 3, 4).bx(3);
export const NVIC_ICER0 = 0xe000e180;
/** Nothing interrupts the ROM. */
export const quiet: Part = (t) => store(store(store(t, NVIC_ICER0, 0xffffffff), NVIC_ICER0 + 4, 0xffffffff), SYSTICK, 0);
/** RAM comes up with anything in it. */
export const clear: Part = (t) =>
  t.constant(1, RAM).constant(2, 0x600).movs(0, 0).label('clear').str(0, 1).adds(1, 4).put(0x3a01).bne('clear');
/** Sets the word that the loops wait for. */
export const release: Part = (t) => t.movs(0, 1).str(0, 3, 4);

/** What is waited with, for the word at RAM + 4. `asleep`: only an interrupt ends it. */
export const WAITS: Record<string, { readonly asleep: boolean; readonly part: Part }> = {
  poll: { asleep: false, part: (t) => t.label('wait').ldr(0, 7, 4).cmp(0, 0).beq('wait') },
  pointer: { asleep: false, part: (t) => t.adds(7, 4).str(7, 7, 4).label('wait').ldr(0, 7, 4).ldr(0, 0).cmp(0, 0).beq('wait') },
  counts: { asleep: false, part: (t) => t.label('wait').adds(6, 1).ldr(0, 7, 4).cmp(0, 0).beq('wait') },
  masks: { asleep: false, part: (t) => t.label('wait').cpsidI().ldr(0, 7, 4).cpsieI().cmp(0, 0).beq('wait') },
  wfi: { asleep: true, part: (t) => t.label('wait').wfi().ldr(0, 7, 4).cmp(0, 0).beq('wait') },
  wfe: { asleep: true, part: (t) => t.label('wait').wfe().ldr(0, 7, 4).cmp(0, 0).beq('wait') },
};
export const wait = fc.constantFrom(...Object.keys(WAITS));
export const awake = fc.constantFrom(...Object.keys(WAITS).filter((name) => !WAITS[name]!.asleep));

export interface Program {
  readonly setUp?: Part;
  readonly wait: Part;
  /** r2 = [RAM], which it counts; r3 = RAM. */
  readonly tick?: Part;
  readonly otherTick?: Part;
  /** Any line of the NVIC; r2 = [RAM + 0x20], which it counts; r3 = RAM. */
  readonly line?: Part;
  readonly fault?: Part;
  readonly steps?: Scenario['steps'];
  readonly until?: number;
}
/** Main jumps into the ROM behind the wait. */
export function imageOf({ setUp = nothing, wait, tick, otherTick = nothing, line = nothing, fault }: Program): Uint8Array {
  const main = new Thumb(FLASH + 0x200);
  clear(main);
  main.constant(7, RAM);
  setUp(main);
  if (tick) store(store(main, SYSTICK + 4, CYCLES_PER_MS - 1), SYSTICK, 7);
  wait(main);
  quiet(main);
  jump(main);
  const counting = (at: number, word: number, each: Part): Thumb => {
    const t = new Thumb(FLASH + at).constant(3, RAM).ldr(2, 3, word).adds(2, 1).str(2, 3, word);
    each(t);
    return t.label('out').bxLr();
  };
  const image = new Uint8Array(0xa00);
  const view = new DataView(image.buffer);
  for (const [table, sysTick] of [
    [0, 0x601],
    [OTHER_VECTORS, 0x681],
  ] as const) {
    view.setUint32(table, RAM + 0x4000, true);
    for (let e = 1; e < 98; e++) {
      const handler = e === 1 ? 0x201 : e === 15 ? sysTick : e < 15 ? 0x581 : 0x701;
      view.setUint32(table + 4 * e, FLASH + handler, true);
    }
  }
  const put = (at: number, room: number, t: Thumb): void => {
    const bytes = t.bytes();
    if (bytes.length > room) throw new Error(`code at ${at.toString(16)} is too long`);
    image.set(bytes, at);
  };
  put(0x200, 0x380, main);
  const faulty = new Thumb(FLASH + 0x580);
  (fault ?? ((t: Thumb) => t.label('x').b('x')))(faulty);
  put(0x580, 0x80, faulty);
  put(0x600, 0x80, counting(0x600, 0, tick ?? nothing));
  put(0x680, 0x80, counting(0x680, 0, otherTick));
  put(0x700, 0x100, counting(0x700, 0x20, line));
  return image;
}

/** Runs it as a whole, as a repeated run, and as one without the proof of rounds: none may end before it has come to the ROM. */
export function expectEntry(program: Program): void {
  const { steps = [], until = UNTIL } = program;
  const job = plainJob(CHIP, [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: imageOf(program) }], { steps });
  const input = jobInput(job);
  const inRom = [true, 'rom-silent', 'deadline'];
  const end = (s: Session, counterfactual: boolean): unknown[] => {
    const { outcome, reason } = s.run({ until: until * MS, counterfactual });
    const came = s.machine.history.entryCount > 0;
    // in the ROM a repeated run may end when its word is known
    return [came, outcome, came && counterfactual ? 'deadline' : reason];
  };
  const whole = new Session(input);
  whole.keepCheckpoints = false;
  const start = whole.save();
  expect(end(whole, false)).toEqual(inRom);
  whole.restore(start);
  expect(end(whole, true)).toEqual(inRom);
  whole.release();
  const plain = new Session({ ...input, withoutShortcuts: ['tick-rounds'] });
  expect(end(plain, true)).toEqual(inRom);
  plain.release();
}
export const FEW = { numRuns: Number(process.env['BOOTBENCH_PROGRAMS'] ?? 3) };
/** A time in milliseconds, with room for start-up. */
export const late = fc.integer({ min: 1, max: 370 });
