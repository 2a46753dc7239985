/** Who says that the board is on USB. */
import { describe, expect, it } from 'vitest';
import type { GdbTarget } from '../../src/board/gdb-target.ts';
import { askedUser, nobody, realHost } from '../../src/board/usb-watch.ts';

const released: string[] = [];
const target = { letRun: () => Promise.resolve(void released.push('runs')) } as unknown as GdbTarget;
const DFU = { vendorId: 0x0483, productId: 0xdf11 };
const OTHER = { vendorId: 0x0483, productId: 0x5740 };
/** One list of devices for each look; the last one stays. */
const listing = (...lists: (typeof DFU)[][]) => {
  let at = 0;
  return { getDevices: () => Promise.resolve(lists[Math.min(at++, lists.length - 1)]!) };
};

describe('devices of this computer', () => {
  it('one more in DFU mode than before the board ran is DFU', async () => {
    expect(await realHost(listing([], [OTHER], [DFU]))(target, 2000)).toBe('dfu');
    // somebody else's board in DFU mode is not this one
    expect(await realHost(listing([DFU], [DFU, OTHER]))(target, 600)).toBe('nothing');
    expect(await realHost(listing([DFU], [DFU], [DFU, DFU]))(target, 2000)).toBe('dfu');
    expect(released).toEqual(['runs', 'runs', 'runs']);
  });
});

describe('a person', () => {
  it.each([
    [true, 'dfu'],
    [false, 'nothing'],
    [null, 'not-watched'],
  ] as const)('who answers %s', async (answer, seen) => {
    expect(await askedUser(() => Promise.resolve(answer))(target, 0)).toBe(seen);
  });
  it('nobody', async () => {
    expect(await nobody(target, 0)).toBe('not-watched');
  });
});
