/** A loader masks interrupts and starts an application that waits for its tick: nothing ever wrote what is polled, and the mask is the reason. */
import { expect, it } from 'vitest';
import { bench } from '../../src/index.ts';
import { CHIP, imageOf, nothing, type Part } from './late-program.ts';

const run = (wait: Part) =>
  bench({ chip: CHIP, images: [{ path: 'x.bin@0x08000000', bytes: imageOf({ wait, tick: nothing }) }], scenario: {} });

it('an interrupt that waits behind a mask is told, and who masked it', async () => {
  const { outcome, notes } = await run((t) => t.cpsidI().label('wait').ldr(0, 7, 8).cmp(0, 99).bne('wait'));
  expect(outcome).toBe('stuck');
  expect(notes.map((n) => n.text).join()).toMatch(/SysTick is not taken: PRIMASK is 1 since 0x[0-9a-f]{8}/);
});
it('without a mask nothing of the kind is said', async () => {
  const { outcome, notes } = await run((t) => t.label('wait').ldr(0, 7, 8).cmp(0, 99).bne('wait'));
  expect(outcome).toBe('stuck');
  expect(notes.map((n) => n.text).join()).not.toContain('not taken');
});
it('a loop that polls nothing and stays one without the mask has another reason', async () => {
  const { outcome, notes } = await run((t) => t.cpsidI().label('wait').cmp(0, 99).b('wait'));
  expect(outcome).toBe('stuck');
  expect(notes.map((n) => n.text).join()).not.toContain('not taken');
});
it.each([
  ['an error handler', []],
  // ISB, DSB, and what -O0 leaves of the inlined function
  ['an assertion of FreeRTOS', [0xf3bf, 0x8f6f, 0xf3bf, 0x8f4f, 0xbf00, 0xbf00]],
])('of a program that masks interrupts and goes straight into an empty loop nobody can say that it waits: %s', async (_, between) => {
  const { outcome, notes, summary } = await run((t) => t.cpsidI().put(...between).label('wait').b('wait')); // prettier-ignore
  expect(outcome).toBe('stuck');
  expect(notes.map((n) => n.text).join()).not.toContain('not taken');
  expect(summary).toContain('hangs in an endless loop');
});
