import { describe, expect, it } from 'vitest';
import { bench } from '../../src/index.ts';

const CPSID_I = 0xb672;
const CPSIE_I = 0xb662;
/** SysTick counts 51,200 cycles and interrupts. */
const START_SYSTICK = [0x23e0, 0x061b, 0x24e0, 0x0224, 0x191b, 0x2410, 0x191b, 0x24c8, 0x0224, 0x605c, 0x2400, 0x609c, 0x2407, 0x601c];
const NOP = 0xbf00;
const BX_LR = 0x4770;
const FLASH = 0x08000000;

/** Vectors, a handler that returns at once, and main: `before`, then a loop that masks and unmasks interrupts. */
function firmware(before: readonly number[]): Uint8Array {
  const image = new Uint8Array(0x400);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, FLASH + (e === 1 ? 0x201 : 0x301), true);
  view.setUint16(0x300, BX_LR, true);
  [...before, CPSID_I, NOP, CPSIE_I, 0xe000 | (-5 & 0x7ff)].forEach((h, i) => view.setUint16(0x200 + 2 * i, h, true));
  return image;
}
const outcome = async (before: readonly number[]): Promise<string> =>
  (await bench({ chip: 'stm32h533re', images: [{ path: `loop.bin@0x${FLASH.toString(16)}`, bytes: firmware(before) }], until: '100ms' }))
    .outcome;

describe('Fixed loops', () => {
  it('a loop that masks interrupts and lets them in again is no dead end while SysTick runs', async () => {
    expect(await outcome(START_SYSTICK)).toBe('no-jump');
  });
  it('the same loop with no interrupt enabled is one', async () => {
    expect(await outcome([])).toBe('stuck');
  });
});
