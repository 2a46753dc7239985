/** What a team accepts of its device: the monitor takes it as it is, and does not ask for what nobody can foresee. */
import { describe, expect, it } from 'vitest';
import { runConformance } from '../../src/usb-sim/conform/kit.ts';
import { DfuDialect, isDialectName } from '../../src/usb-sim/conform/dialect.ts';
import type { LinkAnswer } from '../../src/usb-sim/conform/link.ts';
import { DfuMonitor, type MonitorOptions } from '../../src/usb-sim/conform/monitor.ts';
import type { Asked } from '../../src/usb-sim/conform/work.ts';
import { DFU, DFUSE_CODE, dfuseCommand } from '../../src/usb-sim/dfu-protocol.ts';
import { parseDfuseLayout } from '../../src/usb-sim/descriptors.ts';
import { ReferenceLink, type Fault } from './reference-link.ts';

const LAYOUT = parseDfuseLayout('@Internal Flash  /0x08000000/2*1Ka,6*1Kg');
const SIZE = 256;
const PLAIN: Partial<MonitorOptions> = { dfuse: false, layout: parseDfuseLayout('@Internal Flash  /0x08000000/8*1Kg') };
const NONE = new Uint8Array(0);
const OK: LinkAnswer = { status: 'ok', data: NONE };
const STALL: LinkAnswer = { status: 'stall', data: NONE };

function monitorOf(names: readonly string[], accepted: readonly string[] = [], more: Partial<MonitorOptions> = {}): DfuMonitor {
  const options: MonitorOptions = {
    canDnload: true,
    canUpload: true,
    tolerant: true,
    dfuse: true,
    dialect: new DfuDialect(names),
    accepted: new Set(accepted),
    transferSize: SIZE,
    layout: LAYOUT,
    endGuessed: false,
    other: [],
    commands: null,
    shortAtOnce: true,
    heldBack: 0,
    uploadsMemory: true,
    protected: false,
    erased: 0xff,
    held: new Set(),
    ...more,
  };
  return new DfuMonitor(options, new Uint8Array(8192).fill(0xff));
}
const read = (request: number, length: number, value = 0): Asked => ({ request, value, length, data: NONE });
const block = (value: number, length: number): Asked => ({ request: DFU.DNLOAD, value, length, data: new Uint8Array(length) });
const command = (...of: Parameters<typeof dfuseCommand>): Asked => {
  const data = dfuseCommand(...of);
  return { request: DFU.DNLOAD, value: 0, length: data.length, data };
};
const status = (bStatus: number, bState: number): LinkAnswer => ({ status: 'ok', data: Uint8Array.of(bStatus, 0, 0, 0, bState, 0) });
const GETSTATUS = read(DFU.GETSTATUS, 6);
const DETACH = read(DFU.DETACH, 0, 1000);

describe('a cell that is accepted as it was seen', () => {
  it('a device that restarts at DETACH is gone, with its status stage or without', () => {
    for (const [name, answer] of [
      ['seen:dfuIDLE.DETACH:ok:gone', OK],
      ['seen:dfuIDLE.DETACH:none:gone', { status: 'gone', data: NONE }],
    ] as const) {
      expect(isDialectName(name)).toBe(true);
      const monitor = monitorOf([name]);
      expect(monitor.judge(DETACH, answer).wrong).toBeNull();
      expect(monitor.left).toBe(true);
      expect(monitorOf([]).judge(DETACH, answer).wrong).toMatch(/asked for: STALL|no answer/);
    }
  });
  it('a device that goes back to dfuIDLE may tell dfuMANIFEST-SYNC once more, and is in one of both', () => {
    const monitor = monitorOf(['leave-from-idle:dfuIDLE.DNLOAD-0'], [], { ...PLAIN, tolerant: true });
    expect(monitor.judge(block(0, 0), OK).wrong).toBeNull();
    expect(monitor.judge(GETSTATUS, status(0, 6)).wrong).toBeNull();
    expect([...monitor.states]).toEqual([6, 2]);
    expect(monitor.judge(read(DFU.GETSTATE, 1), { status: 'ok', data: Uint8Array.of(2) }).wrong).toBeNull();
  });
  it('a DfuSe device that leaves without an answer has that for a dialect, or transactions were lost', () => {
    const leaving = (names: readonly string[], lossy: boolean): string | null => {
      const monitor = monitorOf(['leave-from-idle:dfuIDLE.DNLOAD-0', ...names]);
      monitor.lossy = lossy;
      expect(monitor.judge(block(2, 0), OK).wrong).toBeNull();
      return monitor.judge(GETSTATUS, { status: 'gone', data: NONE }).wrong;
    };
    expect(leaving([], false)).toMatch(/^no answer: the device has left the bus; asked for: dfuMANIFEST/);
    expect(leaving([], true)).toBeNull();
    expect(leaving(['leaves-without-answer'], false)).toBeNull();
  });
  it('a request that is not answered leaves the state that was seen behind it', () => {
    const monitor = monitorOf(['seen:dfuIDLE.unknown:none:dfuIDLE']);
    expect(monitor.judge(read(0x5a, 0), { status: 'timeout', data: NONE }).wrong).toBeNull();
    expect(monitor.state).toBe(2);
    expect(monitor.judge(GETSTATUS, { status: 'timeout', data: NONE }).wrong).toMatch(/^no answer; a device answers within 5 s/);
  });
  it('a block that is carried out inside its DNLOAD has ended there, or has failed there where it may', () => {
    const names = ['seen:dfuIDLE.DNLOAD:ok:dfuDNLOAD-IDLE', 'seen:dfuDNLOAD-IDLE.DNLOAD:ok:dfuDNLOAD-IDLE'];
    const monitor = monitorOf(names, [], PLAIN);
    const first = monitor.judge(block(0, SIZE), OK);
    expect([first.wrong, first.ended?.fails, first.ended?.write?.address]).toEqual([null, 'never', 0x08000000]);
    expect(monitor.judge(block(7, SIZE), OK).ended?.fails).toBe('may');
    expect(monitor.judge(GETSTATUS, status(8, 10)).wrong).toBeNull();
  });
  it('a block that a device takes where the standard refuses it may be written or not, and so may the one before', () => {
    const monitor = monitorOf(['seen:dfuDNLOAD-SYNC.DNLOAD:ok:dfuDNLOAD-SYNC', 'seen:dfuERROR.DNLOAD:ok:dfuERROR'], [], PLAIN);
    monitor.judge(block(0, SIZE), OK);
    expect(monitor.judge(block(1, SIZE), OK).wrong).toBeNull();
    const { ended } = monitor.judge(GETSTATUS, status(0, 5));
    expect([ended?.write?.from, ended?.write?.data?.length]).toEqual([0x08000000, 0]);
    monitor.judge(read(0x5a, 0), STALL);
    expect(monitor.judge(block(0, SIZE), OK).ended?.fails).toBe('may');
    expect([monitor.state, monitor.work]).toEqual([10, null]);
  });
  it('nothing is asked of the bytes of an UPLOAD that should have been refused', () => {
    const monitor = monitorOf(['seen:dfuDNLOAD-SYNC.UPLOAD:ok:dfuDNLOAD-SYNC'], [], PLAIN);
    monitor.judge(block(0, 12), OK);
    expect(monitor.judge(read(DFU.UPLOAD, 4), { status: 'ok', data: Uint8Array.of(1, 2, 3, 4) }).wrong).toBeNull();
    expect(monitor.judge(GETSTATUS, status(0, 4)).wrong).toBeNull();
  });
});

it('what is longer than wTransferSize may be refused without a change of state, whatever the state is', () => {
  const monitor = monitorOf([]);
  for (const asked of [read(DFU.UPLOAD, SIZE + 1, 2), block(2, SIZE + 1)]) expect(monitor.judge(asked, STALL).wrong).toBeNull();
  expect(monitor.judge(GETSTATUS, status(0, 2)).wrong).toBeNull();
  monitor.judge(command(DFUSE_CODE.SET_ADDRESS, 0x08000800), OK);
  expect(monitor.judge(block(2, SIZE + 1), STALL).wrong).toBeNull();
  expect(monitor.judge(GETSTATUS, status(0, 4)).wrong).toBeNull();
});

describe('a request that a requirement deals with', () => {
  const pointed = (accepted: readonly string[]): DfuMonitor => {
    const monitor = monitorOf([], accepted);
    monitor.judge(command(DFUSE_CODE.SET_ADDRESS, 0x08001f00), OK);
    monitor.judge(GETSTATUS, status(0, 4));
    monitor.judge(GETSTATUS, status(0, 5));
    return monitor;
  };
  it.each<[string, Asked]>([
    ['dfu.block-too-long', block(2, SIZE + 1)],
    ['flash.block-1', block(1, 8)],
    ['flash.block-1', read(DFU.UPLOAD, 8, 1)],
    ['dfuse.block-1', read(DFU.UPLOAD, 8, 1)],
    ['dfuse.bad-command', { ...block(0, 4), data: Uint8Array.of(0x77, 1, 2, 3) }],
    ['dfuse.bad-address', command(DFUSE_CODE.SET_ADDRESS, 0x1f000000)],
    ['dfuse.bad-erase', command(DFUSE_CODE.ERASE, 0x1f000000)],
    ['flash.read-only', command(DFUSE_CODE.ERASE, 0x08000400)],
    ['flash.mass-erase', command(DFUSE_CODE.ERASE)],
    ['flash.high-blocks', block(3, 8)],
    ['flash.high-blocks', read(DFU.UPLOAD, 8, 0xffff)],
    ['flash.upload-end', read(DFU.UPLOAD, 257, 2)],
  ])('is avoided where %s is accepted, and only there', (id, asked) => {
    expect(pointed([id]).avoids(asked)).toBe(true);
    expect(pointed([]).avoids(asked)).toBe(false);
  });
  it.each<[string, Asked]>([
    ['flash.high-blocks', block(2, SIZE)],
    ['flash.upload-end', read(DFU.UPLOAD, SIZE, 2)],
    ['flash.read-only', command(DFUSE_CODE.ERASE, 0x08000800)],
    ['dfuse.bad-address', command(DFUSE_CODE.SET_ADDRESS, 0x08000000)],
  ])('where %s is accepted, what it does not deal with is asked for as ever', (id, asked) => {
    expect(pointed([id]).avoids(asked)).toBe(false);
  });
  it('a block behind a short one is avoided until an ABORT or a reset begins anew', () => {
    const monitor = monitorOf(['seen:dfuERROR.DNLOAD:ok:dfuERROR'], ['plain.behind-short'], PLAIN);
    expect(monitor.avoids(block(0, 12))).toBe(false);
    monitor.judge(block(0, 12), OK);
    monitor.judge(GETSTATUS, status(0, 5));
    expect(monitor.avoids(block(1, 12))).toBe(true);
    // refused by the USB stack or by DFU: the state is one of two
    monitor.judge(block(1, SIZE + 1), STALL);
    expect(monitor.avoids(block(1, 12))).toBe(true);
    monitor.judge(GETSTATUS, status(0, 5));
    monitor.judge(read(DFU.ABORT, 0), OK);
    expect(monitor.avoids(block(0, 12))).toBe(false);
  });
});

/** A device without DfuSe that takes blocks, and does not answer any more behind one that is short. */
function plainDevice(hangs: boolean): Fault {
  let [state, short, dead] = [2, false, false];
  const next = (to: number, answer: LinkAnswer = OK): LinkAnswer => {
    state = to;
    return answer;
  };
  const answer = (setup: Uint8Array, data: Uint8Array): LinkAnswer => {
    const [, request] = setup as unknown as [number, number];
    if (request === DFU.GETSTATE) return { status: 'ok', data: Uint8Array.of(state) };
    if (request === DFU.GETSTATUS) return next(state === 3 ? 5 : state, status(0, state === 3 ? 5 : state));
    if (request === DFU.ABORT) return next(2);
    if (request !== DFU.DNLOAD || data.length === 0) return STALL;
    dead = hangs && short;
    short = data.length < SIZE;
    return next(3);
  };
  return {
    facts: { functional: { attributes: 0x0d, detachTimeoutMs: 255, transferSize: SIZE, version: 0x0110 }, layout: [] },
    before: (device, setup, data) => {
      // a fresh device is one that nothing was asked of
      if (device.status === 0) [state, short, dead] = [2, false, false];
      device.status = 1;
      if ((setup[0]! & 0x60) === 0) return null;
      return dead ? { status: 'timeout', data: NONE } : answer(setup, data);
    },
  };
}
it.each([
  [true, 'fail', 'the block behind it: no status'],
  [false, 'pass', null],
])('a device that hangs behind a short block (%s): plain.behind-short says %s', async (hangs, verdict, observed) => {
  const { requirements } = await runConformance(new ReferenceLink(plainDevice(hangs)));
  const found = requirements.find((r) => r.id === 'plain.behind-short')!;
  expect([found.verdict, found.observed]).toEqual([verdict, observed]);
});
