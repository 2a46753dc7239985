import { describe, expect, it } from 'vitest';
import { bench } from '../../src/index.ts';

const FLASH = 0x08000000;
/** SysTick counts 51,200 cycles and interrupts. */
const START_SYSTICK = [0x23e0, 0x061b, 0x24e0, 0x0224, 0x191b, 0x2410, 0x191b, 0x24c8, 0x0224, 0x605c, 0x2400, 0x609c, 0x2407, 0x601c];
/** r0 = 0x20000000 · loop: ldr r1, [r0] · b loop */
const POLL_FIRST_WORD = [0x2020, 0x0600, 0x6801, 0xe7fd];
/** r2 = 0x20000000 */
const BASE = [0x2220, 0x0612];
const BX_LR = 0x4770;
/** ldr r3, [r2, #at] · adds r3, #1 · str r3, [r2, #at] */
const increment = (at: 0 | 4): number[] => [0x6813 | (at << 4), 0x3301, 0x6013 | (at << 4)];
/** cmp r3, #0 · bne to the next instruction */
const DECISION = [0x2b00, 0xd1ff];

async function outcome(handler: readonly number[]): Promise<string> {
  const bytes = new Uint8Array(0x400);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + (e === 1 ? 0x201 : 0x301), true);
  [...START_SYSTICK, ...POLL_FIRST_WORD].forEach((h, i) => view.setUint16(0x200 + 2 * i, h, true));
  [...BASE, ...handler, BX_LR].forEach((h, i) => view.setUint16(0x300 + 2 * i, h, true));
  return (await bench({ chip: 'stm32h533re', images: [{ path: `tick.bin@0x${FLASH.toString(16)}`, bytes }], until: '100ms' })).outcome;
}

describe('A loop beside a running SysTick', () => {
  it('never ends when the handler counts in another word than the one that the loop reads', async () => {
    expect(await outcome(increment(4))).toBe('stuck');
  });
  it('may end when the handler writes what the loop reads', async () => {
    expect(await outcome(increment(0))).toBe('no-jump');
  });
  it('may end when the handler decides something: its thousandth tick can be another', async () => {
    expect(await outcome([...increment(4), ...DECISION])).toBe('no-jump');
  });
});
