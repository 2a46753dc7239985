/** Applications that run on without ever asking for the ROM: what its ways are explains nothing. */
import { expect, it } from 'vitest';
import { bench } from '../../src/index.ts';
import { Thumb } from '../emu/thumb.ts';

const FLASH = 0x08000000;

it('a register of the core that unprivileged code asks for in vain is told as such', async () => {
  const bytes = new Uint8Array(0x200);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20005000, true);
  view.setUint32(4, FLASH + 0x101, true);
  view.setUint32(12, FLASH + 0x181, true);
  // MSR CONTROL, r0; ISB
  const code = new Thumb(FLASH + 0x100)
    .movs(0, 1)
    .put(0xf380)
    .put(0x8814)
    .put(0xf3bf)
    .put(0x8f6f)
    .constant(1, 0xe000e100)
    .ldr(0, 1)
    .label('x')
    .b('x');
  bytes.set(code.bytes(), 0x100);
  bytes.set(new Thumb(FLASH + 0x180).label('h').b('h').bytes(), 0x180);
  const result = await bench({
    chip: 'stm32f401re',
    images: [{ path: 'part.bin@0x08000000', bytes }],
    scenario: { until: '1s' } as never,
  });
  expect(result.outcome).toBe('fault');
  expect(result.summary).toContain('read 0xe000e100: that is in the private peripheral bus, which unprivileged code may not access');
});

it('a ROM that would start the program in its bank is told, but suspected of nothing', async () => {
  const bytes = new Uint8Array(0x200);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20005000, true);
  view.setUint32(4, FLASH + 0x101, true);
  // counts in RAM
  const code = new Thumb(FLASH + 0x100).constant(1, 0x20000100).movs(0, 0).label('on').adds(0, 1).str(0, 1).b('on');
  bytes.set(code.bytes(), 0x100);
  const result = await bench({
    chip: 'stm32l073rz',
    images: [{ path: 'part.bin@0x08000000', bytes }],
    scenario: { until: '100ms' } as never,
  });
  expect(result.outcome).toBe('no-jump');
  expect(result.checks.find((c) => c.id === 'dual-bank')?.verdict).toBe('warn');
  expect([result.diagnosis.explained, result.diagnosis.causes]).toEqual([false, []]);
  expect(result.summary).not.toContain('dual-bank');
});
