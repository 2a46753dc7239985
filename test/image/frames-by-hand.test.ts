/** Call frame information that no compiler writes. */
import { expect, it } from 'vitest';
import { FrameTable } from '../../src/image/dwarf-frames.ts';
import { LeftOut } from '../../src/image/left-out.ts';
import { Work } from '../../src/image/work.ts';

/** The first entry says that the CFA is SP, and each of the others is for two bytes of code. */
function frames(count: number): Uint8Array {
  const common = [0xff, 0xff, 0xff, 0xff, 1, 0, 2, 0x7c, 14, 0x0c, 13, 0];
  const bytes = new Uint8Array(4 + common.length + 16 * (count - 1));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, common.length, true);
  bytes.set(common, 4);
  for (let i = 0; i < count - 1; i++)
    [12, 0, 0x0800_0000 + 2 * i, 2].forEach((word, n) => view.setUint32(4 + common.length + 16 * i + 4 * n, word, true));
  return bytes;
}

it('of more entries than any firmware has those at the end are left out', () => {
  const most = 2 ** 17;
  const last = 0x0800_0000 + 2 * (most - 2);
  const leftOut = new LeftOut();
  const table = new FrameTable(frames(most + 1), null, () => true, new Work(leftOut));
  expect(table.rulesAt(last)).toMatchObject({ cfa: { register: 13, offset: 0 }, from: last });
  expect(table.rulesAt(last + 2)).toBeNull();
  expect(leftOut.text).toContain('what is behind 131072 entries of call frame information');
});
