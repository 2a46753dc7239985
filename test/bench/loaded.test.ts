/** What a loader leaves running that writes over its application, and what is no matter of the loader. */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { plainJob } from './plain-job.ts';

const [FLASH, APP, RAM, SP] = [0x08000000, 0x08008000, 0x20000000, 0x20010000];
const [RCC_AHB1ENR, RCC_APB1ENR, RCC_APB2ENR] = [0x40023830, 0x40023840, 0x40023844];
const [GPIOA_MODER, GPIOA_BSRR, GPIOA_IDR] = [0x40020000, 0x40020018, 0x40020010];
const [S5CR, S5NDTR, S5PAR, S5M0AR] = [0x40026488, 0x4002648c, 0x40026490, 0x40026494];
const [TIM1_CR1, TIM1_DIER, TIM1_ARR] = [0x40010000, 0x4001000c, 0x4001002c];
const USART2_SR = 0x40004400;
const SUBS_R2_1 = 0x3a01;

const store = (t: Thumb, address: number, value: number): Thumb => t.constant(0, address).constant(1, value).str(1, 0);
/** Vector table, and code behind it. */
function image(base: number, code: (t: Thumb) => unknown): Uint8Array {
  const t = new Thumb(base + 16);
  code(t);
  const words = t.bytes();
  const bytes = new Uint8Array(16 + words.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SP, true);
  view.setUint32(4, base + 16 + 1, true);
  bytes.set(words, 16);
  return bytes;
}
const startApp = (t: Thumb): Thumb => t.constant(0, APP).ldr(1, 0, 4).bx(1);
/** DMA2 stream 5 writes the port's levels into RAM, a byte at each update of TIM1, round and round. */
const scansForEver = (t: Thumb): Thumb => {
  store(t, RCC_AHB1ENR, (1 << 22) | 1);
  store(t, RCC_APB2ENR, 1);
  store(t, S5PAR, GPIOA_IDR);
  store(t, S5M0AR, RAM);
  store(t, S5NDTR, 64);
  store(t, S5CR, (6 << 25) | (1 << 10) | (1 << 8) | 1);
  store(t, TIM1_ARR, 99);
  store(t, TIM1_DIER, 1 << 8);
  return store(t, TIM1_CR1, 1);
};
/** Calls a function by its pointer in RAM after each of some delays. */
const callsByPointer =
  (delay: number) =>
  (t: Thumb): void => {
    const behindBranch = APP + 16 + 2;
    store(t.b('main'), GPIOA_BSRR, 1).bxLr().label('main');
    store(t, RCC_AHB1ENR, 1);
    store(t, GPIOA_MODER, 0xa8000001);
    t.constant(7, RAM)
      .constant(0, behindBranch + 1)
      .str(0, 7, 4);
    t.label('on').constant(2, delay).label('delay').put(SUBS_R2_1).bne('delay').ldr(0, 7, 4).blx(0).b('on');
  };
const run = (loader: (t: Thumb) => unknown, app: (t: Thumb) => unknown) =>
  runBench(
    jobInput(
      plainJob(
        'stm32f405rg',
        [
          { path: 'boot.bin@0x08000000', bytes: image(FLASH, loader) },
          { path: 'app.bin@0x08008000', bytes: image(APP, app) },
        ],
        { goal: 'app' },
      ),
    ),
  );

describe('a loader whose DMA goes on while its application runs', () => {
  it.each([
    ['at once', 3_000],
    ['long behind its start', 600_000],
  ])('is the cause where that dies %s, by what is left on and where it was switched on', (_when, delay) => {
    const { outcome, goal, diagnosis } = run((t) => startApp(scansForEver(t)), callsByPointer(delay));
    expect([outcome, goal.reached]).toEqual(['fault', false]);
    expect(diagnosis.causes.map(({ id }) => id)).toEqual(['image']);
    expect(diagnosis.causes[0]).toMatchObject({
      proved: true,
      what: 'TIM1.CR1.CEN',
      explanation: expect.stringMatching(/So it does with DMA2\.S5CR/),
    });
    expect(Number(diagnosis.causes[0]!.lastWriter?.pc)).toBeLessThan(APP);
  });
});
it('an application that waits to send, as it does from reset, does not run, and its loader is not to blame', () => {
  const waits = (t: Thumb): void => {
    store(t, RCC_APB1ENR, 1 << 17);
    store(t, RCC_AHB1ENR, 1);
    store(t, GPIOA_MODER, 0xa8000001);
    t.constant(0, USART2_SR).movs(1, 0x80).label('wait').ldr(2, 0).tst(2, 1).beq('wait').label('on').b('on');
  };
  const { outcome, goal, diagnosis } = run((t) => startApp(store(t, RCC_AHB1ENR, 2)), waits);
  expect([outcome, goal.reached, diagnosis.sets]).toEqual(['stuck', false, []]);
});
