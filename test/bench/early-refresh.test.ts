/** IWDG that is refreshed while its window is still shut. STM32G431, RM0440 42: KR at 0x40003000, PR 4, RLR 8, SR 0xc, WINR 0x10. */
import { expect, it } from 'vitest';
import { bench } from '../../src/index.ts';
import { Thumb } from '../emu/thumb.ts';

const FLASH = 0x08000000;

it('is the cause of the resets, at what set the window, and proved without one', async () => {
  const code = new Thumb(FLASH + 0x200).constant(1, 0x40003000).constant(0, 0xcccc).str(0, 1);
  code.constant(0, 0x5555).str(0, 1).constant(0, 1000).str(0, 1, 8);
  code.label('busy').ldr(2, 1, 0xc).put(0x2a00).bne('busy'); // CMP R2, #0
  const window = `0x0${(FLASH + 0x200 + 2 * code.constant(0, 500).length).toString(16)}`;
  code.str(0, 1, 0x10).constant(0, 0xaaaa).str(0, 1).constant(1, 0x1fff0000);
  code.put(0x680a, 0xf382, 0x8808, 0x684a, 0x4710); // LDR R2, [R1]; MSR MSP, R2; LDR R2, [R1, #4]; BX R2
  const bytes = new Uint8Array(0x400);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x201, true);
  bytes.set(code.bytes(), 0x200);
  const r = await bench({ chip: 'stm32g431rb', images: [{ path: 'part.bin@0x08000000', bytes }] });
  expect(r.outcome).toBe('reset-loop');
  const told = r.notes.map(({ text }) => String(text)).join('\n');
  expect(told).toContain('IWDG was refreshed while its window was still shut');
  expect(told).not.toContain('in time');
  const [cause] = r.diagnosis.causes;
  expect([cause?.id, cause?.lastWriter?.pc, String(cause?.fix)]).toEqual(['iwdg', window, expect.stringContaining('IWDG->WINR = 0xFFFu;')]);
});
