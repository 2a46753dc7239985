/**
 * Operations of the DFU client with a DfuSe device that is a few lines of state: what they do to its memory, and how they end when it refuses, takes its time or never ends
 * (AN3156 4, UM0424, dfuse.c of dfu-util 0.11 as facts/usb-dfu.md section 5 has it).
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MS } from '../../src/emu/time.ts';
import { onOperationDone, onOperationWait, startOperation, VERDICTS } from '../../src/usb-sim/dfu-operations.ts';
import type { Host } from '../../src/usb-sim/host-api.ts';
import type { DfuOperation, DfuState, TransferResult } from '../../src/usb-sim/types.ts';

const S = { IDLE: 2, SYNC: 3, BUSY: 4, DNLOAD_IDLE: 5, MANIFEST_SYNC: 6, MANIFEST: 7, UPLOAD_IDLE: 9, ERROR: 10 } as const;
const R = { DNLOAD: 1, UPLOAD: 2, GETSTATUS: 3, CLRSTATUS: 4, ABORT: 6 } as const;
/** 4 pages of 64 bytes and 2 of 256 from 0x1000 on that can be erased, one of 128 that can only be written, one of 64 that can only be read. */
const LAYOUT = '@Flash /0x00001000/4*064Bg,2*256Bg,1*128Be,1*064Ba';
const PAGES = [0, 64, 128, 192, 256, 512].map((at, i, all) => ({ start: 0x1000 + at, size: (all[i + 1] ?? 768) - at }));
const [WRITABLE, READ_ONLY, END] = [0x1300, 0x1380, 0x13c0];

/** How a device is otherwise. */
interface Quirks {
  /** Polls for which it is busy with each command or block. */
  readonly busyFor: number;
  readonly pollMs: number;
  /** GETSTATUS is a STALL so many times while it is busy. */
  readonly stalls: number;
  /** The number of the DNLOAD that ends in dfuERROR. */
  readonly failsAt: number;
  /** Its state when an operation begins. */
  readonly state: number;
  /** No answer to any request, and this is what the host makes of it. */
  readonly mute?: TransferResult['status'];
}
const PLAIN: Quirks = { busyFor: 1, pollMs: 5, stalls: 0, failsAt: -1, state: S.IDLE };

class Device {
  readonly memory = new Uint8Array(END - 0x1000).fill(0xee);
  readonly erased: number[] = [];
  readonly q: Quirks;
  state: number;
  status = 0;
  private pointer = 0;
  private busy = 0;
  private stalled = 0;
  private downloads = 0;
  manifested = false;

  constructor(q: Quirks) {
    this.q = q;
    this.state = q.state;
    this.status = q.state === S.ERROR ? 0x0f : 0;
  }
  answer(setup: Uint8Array, data: Uint8Array): TransferResult {
    const [request, block, length] = [setup[1]!, setup[2]! | (setup[3]! << 8), setup[6]! | (setup[7]! << 8)];
    const ok = (bytes: Uint8Array = new Uint8Array(0)): TransferResult => ({ status: 'ok', data: bytes }) as TransferResult;
    const stall = { status: 'stall', data: new Uint8Array(0) } as TransferResult;
    if (this.q.mute) return { ...stall, status: this.q.mute };
    switch (request) {
      case R.GETSTATUS:
        return this.getStatus(ok, stall);
      case R.CLRSTATUS:
      case R.ABORT:
        [this.state, this.status] = [S.IDLE, 0];
        return ok();
      case R.UPLOAD: {
        this.state = S.UPLOAD_IDLE;
        const at = this.pointer - 0x1000 + (block - 2) * 64;
        return ok(this.memory.slice(at, at + length));
      }
      default:
        if (this.state !== S.IDLE && this.state !== S.DNLOAD_IDLE) return stall;
        this.busy = this.q.busyFor;
        this.state = S.SYNC;
        if (this.downloads++ === this.q.failsAt) this.status = 8;
        else if (data.length === 0) this.state = S.MANIFEST_SYNC;
        else this.take(block, data);
        return ok();
    }
  }
  private take(block: number, data: Uint8Array): void {
    const address = data[1]! | (data[2]! << 8) | (data[3]! << 16) | (data[4]! << 24);
    if (block > 1) this.memory.set(data, this.pointer - 0x1000 + (block - 2) * 64);
    else if (data[0] === 0x21) this.pointer = address;
    else if (data[0] === 0x41) {
      const page = data.length === 1 ? undefined : PAGES.find((p) => p.start === address);
      this.erased.push(data.length === 1 ? 0 : address);
      if (page) this.memory.fill(0xff, page.start - 0x1000, page.start + page.size - 0x1000);
    }
  }
  private getStatus(ok: (bytes: Uint8Array) => TransferResult, stall: TransferResult): TransferResult {
    if (this.state === S.MANIFEST_SYNC) [this.state, this.manifested] = [S.MANIFEST, true];
    else if (this.status !== 0) this.state = S.ERROR;
    else if (this.state === S.SYNC || this.state === S.BUSY) {
      if (this.state === S.BUSY && this.stalled < this.q.stalls) {
        this.stalled++;
        return stall;
      }
      this.state = this.busy-- > 0 ? S.BUSY : S.DNLOAD_IDLE;
    }
    const { pollMs } = this.q;
    return ok(Uint8Array.of(this.status, pollMs & 0xff, (pollMs >>> 8) & 0xff, pollMs >>> 16, this.state, 0));
  }
}

interface Ended {
  readonly operation: DfuOperation;
  readonly device: Device;
  readonly dfu: DfuState;
  /** Of each wait for the device, in milliseconds. */
  readonly waits: readonly number[];
  readonly requests: readonly string[];
}
function run(what: Partial<DfuOperation>, quirks: Partial<Quirks> = {}): Ended {
  const device = new Device({ ...PLAIN, ...quirks });
  const operation = {
    ...{ id: 1, kind: 'download', address: 0x1000, length: 0, data: new Uint8Array(0), status: 'queued', error: null },
    ...{ bStatus: 0, bState: -1, startedAt: null, endedAt: null, plan: [], at: 0, phase: '', polls: 0, stalls: 0 },
    ...what,
  } as unknown as DfuOperation;
  const dfu = {
    ...{ interfaceNumber: 0, alts: [{ alternate: 0, iInterface: 4, name: LAYOUT }], transferSize: 64, version: 0x011a, probe: [] },
    ...{ recoveries: 0, bStatus: 0, bState: -1, pollTimeoutMs: 0, readyAt: 0, left: false, raw: false },
  } as DfuState;
  const queue: (() => void)[] = [];
  const waits: number[] = [];
  const requests: string[] = [];
  let now = 1000;
  const host = {
    state: { operations: [operation], dfu },
    now: () => now++,
    log: () => {},
    wait: (tag: string, delay: number) => {
      if (tag !== 'dfu.poll') return;
      waits.push(delay / MS);
      queue.push(() => onOperationWait(host, dfu));
    },
    control: (tag: string, setup: Uint8Array, data: Uint8Array = new Uint8Array(0)) => {
      requests.push(
        `${setup[1]! + (setup[0] === (data.length > 0 || ![R.GETSTATUS, R.UPLOAD].includes(setup[1] as 2 | 3) ? 0x21 : 0xa1) ? 0 : 100)} ${setup[2]! | (setup[3]! << 8)} ${data.length || setup[6]}`,
      );
      queue.push(() => onOperationDone(host, dfu, tag.slice('dfu.op.'.length), device.answer(setup, data)));
    },
  } as unknown as Host;
  startOperation(host, dfu, operation);
  for (let n = 0; n < 5000 && queue.length > 0; n++) queue.shift()!();
  expect(queue).toEqual([]);
  expect(operation.endedAt).not.toBeNull();
  return { operation, device, dfu, waits, requests };
}
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + 3) & 0x7f);
/** Pages that `length` bytes at an address lie in; an operation of none has one. */
const pagesOf = (address: number, length: number): readonly number[] =>
  PAGES.filter((p) => p.start < address + Math.max(1, length) && p.start + p.size > address).map((p) => p.start);

describe('operations', () => {
  it('a download erases each page that it touches once and writes its bytes, whatever the device takes its time for', () => {
    fc.assert(
      fc.property(fc.nat(0x2ff), fc.nat(400), fc.nat(3), fc.nat(300), fc.nat(2), (offset, length, busy, pollMs, stalls) => {
        const address = 0x1000 + offset;
        const data = bytes(Math.min(length, WRITABLE - address));
        // a STALL is borne with only by who was told to wait
        const { operation, device, waits } = run({ address, data }, { busyFor: busy + 1, pollMs, stalls: pollMs > 0 ? stalls : 0 });
        expect([operation.status, operation.error]).toEqual(['ok', null]);
        const pages = pagesOf(address, data.length);
        // a page of which only a part is written is erased as a whole
        expect(device.erased).toEqual(pages.map((p) => (p < address ? Math.max(p, address) : p)));
        expect(device.memory.slice(offset, offset + data.length)).toEqual(data);
        expect(waits.every((ms) => ms === pollMs)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
  it('an upload brings what is there, a short block ends it', () => {
    for (const [length, expected] of [
      [200, 200],
      [64, 64],
      [1, 1],
      // the device has no more
      [END - 0x1000 + 400, END - 0x1000],
    ] as const) {
      const { operation, device, requests } = run({ kind: 'upload', length });
      expect([operation.status, operation.data.length]).toEqual(['ok', expected]);
      expect(operation.data).toEqual(device.memory.slice(0, expected));
      expect(device.state).toBe(S.IDLE);
      // the device's fifteen blocks, and one in which is nothing
      expect(requests.filter((r) => r.startsWith('2 ')).length).toBe(Math.min(Math.ceil(length / 64), 16));
    }
  });
  it('an erase takes pages, all of them without an address, and neither what only is written nor what is not there', () => {
    expect(run({ kind: 'erase', address: 0x1040, length: 65 }).device.erased).toEqual([0x1040, 0x1080]);
    expect(run({ kind: 'erase', address: 0x1040, length: 64 }).device.erased).toEqual([0x1040]);
    expect(run({ kind: 'erase', address: 0x1040, length: 0 }).device.erased).toEqual([0x1040]);
    expect(run({ kind: 'erase', address: null }).device.erased).toEqual([0]);
    expect(run({ kind: 'erase', address: WRITABLE, length: 1 }).operation.error).toMatch(/0x00001300 is not erasable/);
    expect(run({ address: WRITABLE, data: bytes(8) }).operation.error).toBeNull();
    expect(run({ address: READ_ONLY, data: bytes(8) }).operation.error).toMatch(/0x00001380 is not writable/);
    for (const address of [0xfff, END]) expect(run({ address, data: bytes(1) }).operation.error).toMatch(/no memory at/);
    expect(run({ address: READ_ONLY - 1, data: bytes(2) }).requests).toEqual([]);
  });
  it('a leave sets the address, downloads nothing and is over with the status', () => {
    const { operation, device, dfu, requests } = run({ kind: 'leave', address: 0x1000 });
    expect([operation.status, device.manifested, dfu.left]).toEqual(['ok', true, true]);
    expect(requests.slice(-2)).toEqual(['1 2 0', '3 0 6']);
    const refused = run({ kind: 'leave', address: 0x1000 }, { failsAt: 1 });
    expect([refused.operation.status, refused.dfu.left]).toEqual(['failed', false]);
  });
  it('a single request is what it is told to be, and any answer ends it', () => {
    const raw = (request: number, block: number, payload: Uint8Array | number, quirks: Partial<Quirks> = {}): Ended =>
      run({ kind: 'request', plan: [{ do: 'raw', request, block, payload }] }, quirks);
    const status = raw(R.GETSTATUS, 0, 6);
    expect([status.operation.status, [...status.operation.data], status.requests]).toEqual(['ok', [0, 5, 0, 0, S.IDLE, 0], ['3 0 6']]);
    expect([status.dfu.raw, status.dfu.left]).toEqual([true, false]);
    const some = raw(R.DNLOAD, 1, bytes(5));
    expect([some.requests, some.dfu.left]).toEqual([['1 1 5'], false]);
    // what leaves, wanted or not
    expect(raw(R.DNLOAD, 0, bytes(0)).dfu.left).toBe(true);
    expect(raw(R.ABORT, 0, bytes(0)).dfu.left).toBe(false);
    expect(raw(R.DNLOAD, 2, bytes(4), { state: S.UPLOAD_IDLE }).operation).toMatchObject({ status: 'ok', error: null });
  });
  it('a single request that brings no answer at all fails with what the host made of it', () => {
    const plan = [{ do: 'raw', request: R.GETSTATUS, block: 0, payload: 6 }] as const;
    for (const mute of ['timeout', 'error'] as const)
      expect(run({ kind: 'request', plan: [...plan] }, { mute }).operation).toMatchObject({ status: 'failed', error: mute });
  });
  it('a device in dfuERROR is cleared first, one with a transfer open is aborted', () => {
    for (const [state, request] of [
      [S.ERROR, '4 0 0'],
      [S.DNLOAD_IDLE, '6 0 0'],
      [S.UPLOAD_IDLE, '6 0 0'],
    ] as const) {
      const { operation, requests } = run({ kind: 'erase', length: 1 }, { state });
      expect([operation.status, requests[1]]).toEqual(['ok', request]);
    }
  });
  it('an error at any request ends it, with what the device said', () => {
    // an erase, an address, a block
    for (const failsAt of [0, 1, 2]) {
      const { operation } = run({ data: bytes(10) }, { failsAt });
      expect([operation.status, operation.bState, operation.bStatus]).toEqual(['failed', S.ERROR, 8]);
      expect(operation.error).toMatch([/^erase 0x00001000/, /^set address 0x00001000/, /^write block 2/][failsAt]!);
    }
  });
  it('three STALLs of a busy device are borne, not four, and none without a time to wait', () => {
    expect(run({ kind: 'erase', length: 1 }, { stalls: 3, busyFor: 2 }).operation.status).toBe('ok');
    expect(run({ kind: 'erase', length: 1 }, { stalls: 4, busyFor: 2 }).operation.status).toBe('failed');
    expect(run({ kind: 'erase', length: 1 }, { stalls: 1, busyFor: 2, pollMs: 0 }).operation.status).toBe('failed');
  });
  it('a hundred polls without a wait are enough, any number with one is borne', () => {
    expect(run({ kind: 'erase', length: 1 }, { busyFor: 99, pollMs: 0 }).operation.status).toBe('ok');
    expect(run({ kind: 'erase', length: 1 }, { busyFor: 100, pollMs: 0 }).operation.status).toBe('failed');
    expect(run({ kind: 'erase', length: 1 }, { busyFor: 300, pollMs: 1 }).operation.status).toBe('ok');
  });
});

describe('what an action makes of a state (dfuse.c)', () => {
  const STATES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  const rule = {
    // dfu_abort_to_idle and the loop in front of it
    idle: (s: number, _status: number, polls: number) => (s === S.IDLE ? 'done' : polls > 3 ? 'failed' : 'recover'),
    abort: (s: number) => (s === S.IDLE ? 'done' : 'failed'),
    // dfuse_special_command: busy at the first poll, then no longer and without an error
    command: (s: number, status: number, polls: number) => (s === S.BUSY ? 'again' : polls > 1 && status === 0 ? 'done' : 'failed'),
    // dfuse_dnload_chunk
    write: (s: number, status: number) =>
      s === S.ERROR ? 'failed' : s !== S.DNLOAD_IDLE && s !== S.MANIFEST ? 'again' : status === 0 ? 'done' : 'failed',
    manifest: (s: number) => (s === S.ERROR ? 'failed' : s === S.MANIFEST ? 'done' : 'again'),
    read: () => 'done',
    raw: () => 'done',
  } as const;
  it.each(Object.keys(rule) as (keyof typeof rule)[])('%s', (action) => {
    for (const bState of STATES)
      for (const bStatus of [0, 8])
        for (const polls of [1, 2, 3, 4, 5])
          expect([bState, bStatus, polls, VERDICTS[action]({ bState, bStatus }, polls)]).toEqual([
            bState,
            bStatus,
            polls,
            rule[action](bState, bStatus, polls),
          ]);
  });
});
