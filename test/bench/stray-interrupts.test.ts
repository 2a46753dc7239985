/** Interrupts that end a program without a fault: no handler of its own, or one that does not clear what raised it. */
import { describe, expect, it } from 'vitest';
import { bench } from '../../src/index.ts';
import { Thumb } from '../emu/thumb.ts';

const FLASH = 0x08000000;
/** L476: USART2 is line 38; its transmit register is empty out of reset, so TXEIE raises the line at once. */
const RCC_APB1ENR1 = 0x40021058;
const USART2 = 0x40004400;
const NVIC_ISER1 = 0xe000e104;
const SYSTICK = 0xe000e010;

async function resultOf(handler: (t: Thumb) => Thumb, ticks = false) {
  const main = new Thumb(FLASH + 0x200)
    .constant(1, RCC_APB1ENR1)
    .constant(0, 1 << 17)
    .str(0, 1)
    .constant(1, NVIC_ISER1)
    .constant(0, 1 << 6)
    .str(0, 1);
  if (ticks) main.constant(1, SYSTICK).constant(0, 3999).str(0, 1, 4).movs(0, 7).str(0, 1);
  // UE, TE and TXEIE
  main.constant(1, USART2).constant(0, 0x89).str(0, 1).label('main').b('main');
  const image = new Uint8Array(0x600);
  const view = new DataView(image.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let e = 1; e < 96; e++) view.setUint32(4 * e, FLASH + (e === 1 ? 0x201 : e === 15 ? 0x401 : 0x501), true);
  image.set(main.bytes(), 0x200);
  image.set(new Thumb(FLASH + 0x400).constant(3, 0x20000000).ldr(2, 3).adds(2, 1).str(2, 3).bxLr().bytes(), 0x400);
  image.set(handler(new Thumb(FLASH + 0x500)).bytes(), 0x500);
  return bench({ chip: 'stm32l476', images: [{ path: `app.bin@0x${FLASH.toString(16)}`, bytes: image }] });
}

describe('An interrupt', () => {
  it.each([false, true])('without a handler of its own hangs in the default one (SysTick on: %s)', async (ticks) => {
    const result = await resultOf((t) => t.label('x').b('x'), ticks);
    expect(result.outcome).toBe('stuck');
    expect(result.ended.reason).toBe('settled');
    expect(result.summary).toContain('USART2');
    expect(result.summary).toContain('0x0800020');
    expect(result.stuck!.pc).toBe('0x08000500');
  });
  it('whose handler returns without clearing it keeps everything else from running', async () => {
    const result = await resultOf((t) => t.bxLr());
    expect(result.outcome).toBe('stuck');
    expect(result.summary).toMatch(/USART2.*again and again/);
  });
  it('whose handler clears it is none of that', async () => {
    const result = await resultOf((t) => t.constant(1, USART2).movs(0, 0).str(0, 1).bxLr());
    // main loops for ever, which is another thing
    expect(result.summary).not.toContain('USART2');
  });
});
