import { describe, expect, it } from 'vitest';
import { bench } from '../../src/index.ts';
import type { Step } from '../../src/bench/documents/scenario-types.ts';

/** Copies the word at 0x20000000 to 0x20000004 for ever. */
async function result(steps: readonly Step[], until?: string, boot0: 0 | 1 = 0): ReturnType<typeof bench> {
  const flash = 0x08000000;
  const bytes = new Uint8Array(0x400);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x20001000, true);
  for (let e = 1; e < 16; e++) view.setUint32(4 * e, flash + 0x201, true);
  // r0 = 0x20000000 · loop: ldr r1, [r0] · str r1, [r0, #4] · b loop
  [0x2020, 0x0600, 0x6801, 0x6041, 0xe7fc].forEach((h, i) => view.setUint16(0x200 + 2 * i, h, true));
  return await bench({
    chip: 'stm32f072',
    images: [{ path: `loop.bin@0x${flash.toString(16)}`, bytes }],
    scenario: { schema: 'bootbench/scenario@1', steps, board: { boot0 } },
    ...(until ? { until } : {}),
  });
}
const poke: Step['do'] = { poke: { address: '0x20000000', value: 1 } };

describe('A run with steps to come', () => {
  const missed = (r: Awaited<ReturnType<typeof bench>>): string[] => r.notes.filter((n) => n.kind === 'scenario').map((n) => n.text);
  it('waits for a step that is due later than five seconds after power-on', async () => {
    const r = await result([{ at: '5.2s', do: poke }]);
    expect(Number(r.ended.at)).toBeGreaterThan(5.2);
    expect(missed(r)).toEqual([]);
  });
  it('says which step it did not come to', async () => {
    const r = await result(
      [
        { at: '1s', do: poke },
        { at: '7s', do: poke },
      ],
      '2s',
    );
    expect(missed(r)).toEqual(['the run ended before steps[1]']);
  });
  it('counts none of the steps that runs behind it make anew', async () => {
    const r = await result([{ at: '1s', do: { nrst: { for: '1ms' } } }], undefined, 1);
    expect(r.outcome).toBe('dfu');
    expect(missed(r)).toEqual([]);
  });
});
