/** Option bytes outlive a run: what the firmware itself wrote there is told, and what it means for the ROM. FLASH_OPTCR of F405: RM0090 3.9.10. */
import { describe, expect, it } from 'vitest';
import { bench } from '../../src/index.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import { shortReport } from '../../src/report/short.ts';
import { Thumb } from '../emu/thumb.ts';

const FLASH = 0x08000000;
const FACTORY = 0x0fffaaec;
const OPTSTRT = 2;

/** OPTCR is unlocked, written and programmed; then the ROM's entry. */
async function programs(optcr: number): Promise<RunResult> {
  const code = new Thumb(FLASH + 0x200)
    .constant(1, 0x40023c00)
    .constant(0, 0x08192a3b)
    .str(0, 1, 8)
    .constant(0, 0x4c5d6e7f)
    .str(0, 1, 8)
    .constant(0, optcr)
    .str(0, 1, 0x14)
    .constant(0, optcr | OPTSTRT)
    .str(0, 1, 0x14)
    .constant(1, 0x1fff0000)
    .put(0x680a, 0xf382, 0x8808) // LDR R2, [R1]; MSR MSP, R2
    .put(0x684a, 0x4710); // LDR R2, [R1, #4]; BX R2
  const bytes = new Uint8Array(0x400);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  view.setUint32(4, FLASH + 0x201, true);
  bytes.set(code.bytes(), 0x200);
  return bench({ chip: 'stm32f405rg', images: [{ path: 'part.bin@0x08000000', bytes }] });
}
const told = (r: RunResult): string | undefined => r.notes.find((n) => n.kind === 'kept-options')?.text.toString();

describe('option bytes that the firmware wrote', () => {
  it('read-out protection level 1: the ROM enumerates, and that it refuses the rest is said on the first screen', async () => {
    const r = await programs((FACTORY & ~0xff00) | 0x5500);
    expect(r.outcome).toBe('dfu');
    expect(told(r)).toContain('FLASH_OPTCR.RDP = 0x55; at RDP level 1 the ROM refuses');
    expect(shortReport(r, { width: 80 })).toMatch(/^Note +option bytes that/m);
  });
  it('a watchdog of the hardware is named, and nothing about protection', async () => {
    const text = told(await programs(FACTORY & ~0x20));
    expect(text).toContain('WDG_SW = 0x0');
    expect(text).not.toContain('level');
  });
  it('the values of the factory, written again, are nothing to tell', async () => {
    const r = await programs(FACTORY);
    expect(told(r)).toBeUndefined();
    expect(shortReport(r, { width: 80 })).not.toContain('option bytes that');
  });
});
