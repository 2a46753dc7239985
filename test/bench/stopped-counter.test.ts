/** Delays by DWT_CYCCNT: without DEMCR.TRCENA or DWT_CTRL.CYCCNTENA it stands, and the delay never ends (Armv7-M ARM C1.6.5, C1.8.7, C1.8.8). */
import { describe, expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

const [CTRL, CYCCNT, DEMCR] = [0xe0001000, 0xe0001004, 0xe000edfc];
const [ITM_LAR, DWT_LAR] = [0xe0000fb0, 0xe0001fb0];

/** Waits for 256 cycles and enters the ROM. */
function delays(trcena: number, cyccntena: number, rom = 0x1fff0000, lar?: number): ReturnType<typeof bareImage> {
  const t = new Thumb(MAIN);
  if (lar !== undefined) t.constant(0, lar).constant(1, 0xc5acce55).str(1, 0);
  t.constant(0, DEMCR)
    .constant(1, trcena << 24)
    .str(1, 0)
    .constant(0, CTRL)
    .movs(1, cyccntena)
    .str(1, 0);
  t.constant(0, CYCCNT).label('wait').ldr(1, 0).lsrs(1, 1, 8).cmp(1, 0).beq('wait');
  return bareImage(t.constant(0, rom).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2));
}
/** The same with the lock of the DWT opened first by a write to this register. */
const unlocks = (lar: number): ReturnType<typeof bareImage> => delays(1, 1, 0x1ff00000, lar);
const resultOf = (chip: string, images: ReturnType<typeof bareImage>) => runBench(jobInput(plainJob(chip, images)));

it('with both bits set, it counts and the ROM is entered', () => expect(resultOf('STM32F405RG', delays(1, 1)).outcome).toBe('dfu'));
it.each([
  ['STM32F405RG', 0, 1, 'DEMCR.TRCENA is 0', 'CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk'],
  ['STM32F405RG', 1, 0, 'DWT_CTRL.CYCCNTENA is 0', 'DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk'],
  ['STM32F722RE', 0, 0, 'DEMCR.TRCENA and DWT_CTRL.CYCCNTENA are 0', 'DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk'],
])('%s with TRCENA = %i and CYCCNTENA = %i waits for ever, and is told what is missing', (chip, trcena, cyccntena, missing, line) => {
  const { outcome, stuck, notes } = resultOf(chip, delays(trcena, cyccntena));
  expect([outcome, stuck?.register]).toEqual(['stuck', 'DWT.CYCCNT']);
  const [why, proof] = notes.filter(({ kind }) => kind === 'wait').map(({ text }) => String(text));
  expect(why).toContain(`the loop waits for DWT_CYCCNT, which does not count: ${missing}`);
  expect(why).toContain(line);
  expect(proof).toMatch(/^with it counting during the wait, the outcome is /);
});

describe('a wait for room in a port of the ITM', () => {
  /** Two calls in a round save different return addresses in the same word, as code without optimisation does. */
  const prints = (trcena: number): ReturnType<typeof bareImage> => {
    const asks = MAIN + 2;
    const t = new Thumb(MAIN).b('main').push(0, true).ldr(1, 4).pop(0, true);
    t.label('main')
      .constant(4, DEMCR)
      .constant(1, trcena << 24)
      .str(1, 4)
      .constant(4, 0xe0000e80)
      .movs(1, 1)
      .str(1, 4);
    t.constant(4, 0xe0000000)
      .constant(5, asks + 1)
      .label('wait')
      .blx(5)
      .blx(5)
      .cmp(1, 0)
      .beq('wait');
    return bareImage(t.constant(0, 0x1fff0000).ldr(1, 0).ldr(2, 0, 4).movSp(1).bx(2));
  };
  it('goes on while the ITM is on', () => expect(resultOf('STM32F405RG', prints(1)).outcome).toBe('dfu'));
  it('lasts for ever while it is off, and is told so', () => {
    const { outcome, stuck, notes } = resultOf('STM32F405RG', prints(0));
    expect([outcome, stuck?.register]).toEqual(['stuck', 'ITM.STIM0']);
    const [why] = notes.filter(({ kind }) => kind === 'wait').map(({ text }) => String(text));
    expect(why).toContain('the loop waits for ITM_STIM0, which has no room while the ITM is off');
  });
});

describe('the software lock of the DWT', () => {
  it.each([
    ['STM32F746ZG', DWT_LAR],
    ['STM32F722RE', DWT_LAR],
    ['STM32F722RE', ITM_LAR],
  ])('%s counts once the key is in %i', (chip, lar) => expect(resultOf(chip, unlocks(lar)).outcome).toBe('dfu'));
  it.each([
    ['without the key', delays(1, 1, 0x1ff00000)],
    ['with it in ITM_LAR alone', unlocks(ITM_LAR)],
  ])('STM32F746ZG %s loses CYCCNTENA, and the key in front of that write is proved to be the cause', (_how, images) => {
    const { outcome, stuck, diagnosis } = resultOf('STM32F746ZG', images);
    expect([outcome, stuck?.register]).toEqual(['stuck', 'DWT.CYCCNT']);
    expect(diagnosis.causes.map(({ proved, fix }) => [proved, fix])).toEqual([
      [true, '/* right before that line */\nDWT->LAR = 0xC5ACCE55u;'],
    ]);
  });
});
