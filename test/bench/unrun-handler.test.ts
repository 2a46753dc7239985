/** A wait for a flag that a handler would set, which never runs: the interrupt is named, and why it does not come. */
import { expect, it } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { runBench } from '../../src/bench/run.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
import { Thumb } from '../emu/thumb.ts';
import { bareImage, FLASH, MAIN } from './bare-image.ts';
import { plainJob } from './plain-job.ts';

type Store = readonly [address: number, value: number];
const [FLAG, TIM2, ISER0, APB1ENR1] = [0x20000040, 0x40000000, 0xe000e100, 0x40021058];
const HANDLER = MAIN + 0x100;
const LINE = 28;
const ON: Store = [APB1ENR1, 1];
const COUNTS: readonly Store[] = [
  [TIM2 + 0x2c, 100],
  [TIM2, 1],
];
const IN_NVIC: Store = [ISER0, 1 << LINE];
const UIE: Store = [TIM2 + 0xc, 1];
const VTOR: Store = [0xe000ed08, FLASH];

/** A program that makes these stores and then waits for the flag; its handler stands behind it. */
function told(stores: readonly Store[], hasVector = true, line = LINE, name = 'TIM2_IRQHandler', reads = 1): string {
  const t = new Thumb(MAIN);
  for (const [at, value] of [VTOR, ...stores]) t.constant(0, at).constant(1, value).str(1, 0);
  t.constant(0, FLAG).label('poll').ldr(1, 0);
  if (reads > 1) t.ldr(3, 0, 4);
  t.constant(2, 1).tst(1, 2).beq('poll').label('end').b('end');
  const handler = new Thumb(HANDLER);
  handler
    .constant(0, TIM2 + 0x10)
    .constant(1, 0)
    .str(1, 0)
    .constant(0, FLAG)
    .constant(1, 1)
    .str(1, 0)
    .bxLr();
  const [image] = bareImage(t);
  image!.bytes.set(handler.bytes(), HANDLER - FLASH);
  if (hasVector) new DataView(image!.bytes.buffer).setUint32(4 * (16 + line), HANDLER + 1, true);
  const input = jobInput(plainJob('STM32L476RG', [image!], {}));
  const symbol = { name, address: HANDLER, size: handler.bytes().length, kind: 'function', binding: 'global' } as const;
  const symbols = new SymbolTable([symbol], () => FLASH + 0x400);
  const { outcome, notes } = runBench({ ...input, images: [{ ...input.images[0]!, symbols }] });
  return [outcome, ...notes.filter(({ kind }) => kind === 'wait').map((n) => String(n.text))].join('\n');
}

it('the timer counts, and asks for no interrupt', () => {
  const text = told([ON, ...COUNTS, IN_NVIC]);
  expect(text).toMatch(/^stuck\n/);
  expect(text).toContain('which the handler of interrupt 28 (TIM2) can write (TIM2_IRQHandler) and has not written');
  expect(text).toContain('TIM2 asks for none of its interrupts: DIER.UIE');
});
it('its line is off in the NVIC', () => {
  expect(told([ON, UIE, ...COUNTS])).toContain('interrupt 28 (TIM2) is disabled in the NVIC');
});
it('the block has no clock', () => {
  expect(told([IN_NVIC, UIE, ...COUNTS])).toContain('TIM2 has no clock: RCC.APB1ENR1.TIM2EN is 0');
});
it('no vector leads to the handler', () => {
  expect(told([ON, UIE, IN_NVIC], false)).toContain('which TIM2_IRQHandler can write, and no vector leads to TIM2_IRQHandler');
});
it('nothing is told where the handler runs', () => {
  expect(told([ON, UIE, ...COUNTS, IN_NVIC])).not.toContain('the loop waits');
});
it('a word behind the last vector of the chip is none', () => {
  expect(told([ON, ...COUNTS], true, LINE, 'KEY_Scan')).toContain('interrupt 28 (TIM2) can write (KEY_Scan)');
  expect(told([ON, ...COUNTS], true, 100, 'KEY_Scan')).toBe('stuck');
});
it('of a loop that reads another word as well it is not said which it waits for', () => {
  const text = (reads: number): string => told([ON, ...COUNTS, IN_NVIC], true, LINE, 'TIM2_IRQHandler', reads);
  expect(text(1)).toContain('the loop waits for 0x20000040, which the handler');
  expect(text(2)).toContain('the loop reads 0x20000040, which the handler');
});
