import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VERDICTS } from '../../src/usb-sim/dfu-operations.ts';
import { DFU_STATE, takeStatus } from '../../src/usb-sim/dfu-protocol.ts';
import type { DfuState } from '../../src/usb-sim/types.ts';
import { bench, DFU_DEVICE, MS, US, type Bench, type FirmwareOptions } from './firmware.ts';

const bytes = (n: number, seed = 1): Uint8Array => Uint8Array.from({ length: n }, (_, i) => (i * 7 + seed * 13 + (i >> 8)) & 0xff);
function ready(options: FirmwareOptions = {}): Bench {
  const b = bench(DFU_DEVICE, options);
  b.firmware.start();
  b.until(500 * MS);
  expect(b.usb.dfuReady).toBe(true);
  return b;
}

describe('DFU client', () => {
  it('download erases every sector in range first, then writes; an odd tail is not padded', () => {
    const b = ready();
    const data = bytes(9000);
    b.usb.dfu({ kind: 'download', address: 0x08002000, data });
    b.until(3000 * MS, () => b.usb.dfuIdle);
    expect(b.usb.operations[0]).toMatchObject({ status: 'ok', error: null, bStatus: 0, bState: 5 });
    expect(b.firmware.state.erased).toEqual([0x2000, 0x4000]);
    expect(b.firmware.state.memory.slice(0x2000, 0x2000 + 9000)).toEqual(data);
    expect(b.firmware.state.memory[0x2000 + 9000]).toBe(0xff);
  });
  it('upload reads back what was written, whatever the length (property)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.nat({ max: 60 }), fc.nat(), (length, sector, seed) => {
        const b = ready();
        const data = bytes(length, seed);
        const address = 0x08000000 + sector * 8192;
        b.usb.dfu({ kind: 'download', address, data });
        const id = b.usb.dfu({ kind: 'upload', address, length });
        b.until(5000 * MS, () => b.usb.dfuIdle);
        const up = b.usb.operations.find((o) => o.id === id)!;
        expect(up).toMatchObject({ status: 'ok' });
        expect(up.data).toEqual(data);
      }),
      { numRuns: 15 },
    );
  });
  it('bwPollTimeout is waited for: the second GETSTATUS comes no sooner', () => {
    const b = ready();
    b.usb.dfu({ kind: 'erase', address: 0x08000000 });
    b.until(3000 * MS, () => b.usb.dfuIdle);
    const polls = b.usb.logEntries.filter((l) => l.at > 500 * MS && l.text.startsWith('DFU_GETSTATUS'));
    expect(polls).toHaveLength(3);
    expect(polls[2]!.at - polls[1]!.at).toBeGreaterThanOrEqual(7 * MS);
  });
  it('an address that the device refuses fails with its status; the next operation recovers by CLRSTATUS', () => {
    const b = ready();
    b.usb.dfu({ kind: 'upload', address: 0x20000000, length: 16 });
    b.usb.dfu({ kind: 'upload', address: 0x08000000, length: 16 });
    b.until(3000 * MS, () => b.usb.dfuIdle);
    expect(b.usb.operations.map((o) => o.status)).toEqual(['failed', 'ok']);
    expect(b.usb.operations[0]!.error).toBe('set address 0x20000000: dfuERROR, bStatus 1');
    expect(b.firmware.state.requests).toContain('2104');
  });
  it('a download outside the layout is refused before anything is sent', () => {
    const b = ready();
    const before = b.firmware.state.requests.length;
    b.usb.dfu({ kind: 'download', address: 0x08080000, data: bytes(4) });
    b.until(520 * MS);
    expect(b.usb.operations[0]).toMatchObject({ status: 'failed', error: "no memory at 0x08080000 in the device's layout" });
    expect(b.firmware.state.requests.length).toBe(before);
  });
  it.each([false, true])('leave: the device goes, which is no loss (ROM silent: %s)', (silentLeave) => {
    const b = ready({ silentLeave });
    b.usb.dfu({ kind: 'leave', address: 0x08000000 });
    b.until(2000 * MS);
    expect(b.usb.operations[0]).toMatchObject({ status: 'ok' });
    expect(b.usb.sessions[0]!.endedBy).toBe('detach');
    expect(b.usb.dfuLostSince).toBe(null);
    expect(b.usb.dfuLeft).toBe(true);
  });
  it('a device that goes during an operation fails it and is lost', () => {
    const b = ready();
    b.usb.dfu({ kind: 'download', address: 0x08000000, data: bytes(20000) });
    b.until(520 * MS);
    b.firmware.pullUp(false);
    b.until(600 * MS);
    expect(b.usb.operations[0]).toMatchObject({ status: 'failed', error: 'the device left the bus' });
    expect(b.usb.dfuLostSince).toBeGreaterThanOrEqual(520 * MS);
  });
  it('a ready device that falls silent is noticed by the status that the client asks for every 250 ms', () => {
    const b = ready();
    b.system.setClock('usb', null);
    b.until(1500 * MS);
    expect(b.usb.dfuLostSince! - 500 * MS).toBeLessThan(300 * MS);
  });
  it('a request from outside is answered beside the client', () => {
    const b = ready();
    const id = b.usb.submitControl(Uint8Array.of(0x80, 6, 0, 1, 0, 0, 18, 0));
    expect(b.usb.takeResult(id)).toBe(null);
    b.until(520 * MS);
    expect(b.usb.takeResult(id)).toEqual({ id, status: 'ok', data: Uint8Array.from(DFU_DEVICE.device), actual: 18 });
  });
});

describe('save and restore', () => {
  it('at any event, in the same machine or another, the same log and sessions follow (property)', () => {
    const scenario = (): Bench => {
      const b = bench(DFU_DEVICE, { latency: 20 * US });
      b.firmware.start();
      b.usb.dfu({ kind: 'download', address: 0x08000000, data: bytes(3000) });
      b.usb.dfu({ kind: 'upload', address: 0x08000000, length: 1500 });
      b.usb.dfu({ kind: 'leave', address: 0x08000000 });
      return b;
    };
    const END = 900 * MS;
    const whole = scenario();
    let events = 0;
    whole.until(END, () => (events++, false));
    const expected = whole.usb.save();
    expect(expected.operations.map((o) => o.status)).toEqual(['ok', 'ok', 'ok']);
    fc.assert(
      fc.property(fc.nat({ max: events - 1 }), fc.boolean(), (stop, other) => {
        const a = scenario();
        let n = 0;
        a.until(END, () => n++ >= stop);
        const saved = { system: a.system.save(), usb: a.usb.save(), firmware: a.firmware.save() };
        if (!other) a.until(END);
        const target = other ? scenario() : a;
        target.system.restore(saved.system);
        target.usb.restore(saved.usb);
        target.firmware.restore(saved.firmware);
        target.until(END);
        expect(target.usb.save()).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });
});

describe('What GETSTATUS tells', () => {
  it('bwPollTimeout has three bytes, the lowest first; five bytes of an answer are too few', () => {
    const dfu = {} as DfuState;
    expect(takeStatus(dfu, Uint8Array.of(7, 0x11, 0x22, 0x33, 4, 0))).toBe(true);
    expect([dfu.bStatus, dfu.pollTimeoutMs, dfu.bState]).toEqual([7, 0x332211, 4]);
    expect(takeStatus(dfu, new Uint8Array(5))).toBe(false);
  });

  const { IDLE, DNBUSY, DNLOAD_IDLE, MANIFEST, ERROR } = DFU_STATE;
  const DNLOAD_SYNC = 3;
  const MANIFEST_SYNC = 6;
  /** DFU 1.1 A.2 and AN3156: a command is polled at least twice, for the first GETSTATUS starts it. */
  it.each([
    ['write', DNLOAD_SYNC, 'again'],
    ['write', DNBUSY, 'again'],
    ['write', DNLOAD_IDLE, 'done'],
    ['write', MANIFEST, 'done'],
    ['write', ERROR, 'failed'],
    ['command', DNBUSY, 'again'],
    ['command', DNLOAD_IDLE, 'done'],
    ['manifest', MANIFEST_SYNC, 'again'],
    ['manifest', DNBUSY, 'again'],
    ['manifest', MANIFEST, 'done'],
    ['manifest', ERROR, 'failed'],
    ['abort', IDLE, 'done'],
    ['abort', DNLOAD_IDLE, 'failed'],
    ['idle', IDLE, 'done'],
    ['idle', ERROR, 'recover'],
  ] as const)('%s, in state %i: %s', (action, bState, verdict) => {
    expect(VERDICTS[action]({ bState, bStatus: 0 }, 2)).toBe(verdict);
  });
  it('a status that is no OK fails a write and a command, and so does a command that was over at its first poll', () => {
    for (const action of ['write', 'command'] as const) expect(VERDICTS[action]({ bState: DNLOAD_IDLE, bStatus: 3 }, 2)).toBe('failed');
    expect(VERDICTS.command({ bState: DNLOAD_IDLE, bStatus: 0 }, 1)).toBe('failed');
  });
  it('the way back to dfuIDLE is tried three times', () => {
    expect([3, 4].map((polls) => VERDICTS.idle({ bState: ERROR, bStatus: 0 }, polls))).toEqual(['recover', 'failed']);
  });
});
