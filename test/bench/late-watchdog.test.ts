/**
 * A window watchdog that has not bitten by the time DFU is there: nothing in the ROM is known to refresh it. STM32G431, RM0440 43: WWDG_CFR has WDGTB in bits
 * 13:11, the counter of 64 steps takes 4096 x 2^WDGTB cycles of PCLK each.
 */
import { describe, expect, it } from 'vitest';
import { bench } from '../../src/index.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';

const FLASH = 0x08000000;

/** WWDG is started at its slowest, or not; then the ROM's entry. */
async function enters(started: boolean): Promise<RunResult> {
  const code = new Thumb(FLASH + 0x200).constant(1, 0x40021058).constant(0, 0x800).str(0, 1); // RCC_APB1ENR1.WWDGEN
  if (started) code.constant(1, 0x40002c00).constant(0, 0x387f).str(0, 1, 4).constant(0, 0xff).str(0, 1);
  code
    .constant(1, 0x1fff0000)
    .put(0x680a, 0xf382, 0x8808) // LDR R2, [R1]; MSR MSP, R2
    .put(0x684a, 0x4710); // LDR R2, [R1, #4]; BX R2
  const bytes = new Uint8Array(0x400);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x201, true);
  bytes.set(code.bytes(), 0x200);
  return bench({ chip: 'stm32g431rb', images: [{ path: 'part.bin@0x08000000', bytes }] });
}
const told = (r: RunResult): string[] => r.notes.filter((n) => n.kind === 'watchdog').map((n) => String(n.text));

describe('a window watchdog that runs when DFU is there', () => {
  it('is told with the time at which it resets the chip, and not as harmless', async () => {
    const r = await enters(true);
    expect([r.outcome, r.checks.find((c) => c.id === 'wwdg')?.verdict]).toEqual(['dfu', 'fail']);
    // 64 steps of 4096 x 128 cycles of the ROM's 72 MHz; the few at 16 MHz before that are less than a step
    expect(told(r)).toEqual([expect.stringMatching(/^WWDG runs, .* resets the chip 46\d ms after the start of the ROM and ends DFU$/)]);
    const screen = shortReport(r).replace(/\s+/g, ' ');
    expect(screen).toContain('WWDG runs, and the ROM is not known to refresh it');
    expect(/harmless[^:]*: ([^N]*)/.exec(screen)?.[1]).not.toContain('wwdg');
  });
  it('one that was never started is not told', async () => {
    const r = await enters(false);
    expect(r.outcome).toBe('dfu');
    expect(told(r)).toEqual([]);
  });
});
