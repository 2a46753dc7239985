/** Applications that run on without ever asking for the ROM: what its ways are explains nothing. */
import { expect, it } from 'vitest';
import { bench } from '../../src/index.ts';
import { Thumb } from '../emu/thumb.ts';

const FLASH = 0x08000000;

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
