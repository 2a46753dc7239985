/** The monitor of the property kit: it holds for the reference device in each of its dialects, and says what a device with one fault breaks. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DfuDialect, isDialectName } from '../../src/usb-sim/conform/dialect.ts';
import { DfuMonitor, type MonitorOptions } from '../../src/usb-sim/conform/monitor.ts';
import type { Asked } from '../../src/usb-sim/conform/work.ts';
import { ReferenceDfu, type ReferenceOptions } from '../../src/usb-sim/conform/reference.ts';
import { parseDfuseLayout } from '../../src/usb-sim/descriptors.ts';
import type { LinkAnswer } from '../../src/usb-sim/conform/link.ts';

const LAYOUT = parseDfuseLayout('@Internal Flash  /0x08000000/8*1Kg');
const SIZE = 256;
const NONE = new Uint8Array(0);
const STRICT: ReferenceOptions = { layout: LAYOUT, transferSize: SIZE, clearStatus: 'stall-error', st: false };
const optionsOf = (names: readonly string[], more: Partial<MonitorOptions> = {}): MonitorOptions => ({
  canDnload: true,
  canUpload: true,
  tolerant: true,
  dfuse: true,
  dialect: new DfuDialect(names),
  accepted: new Set(),
  transferSize: SIZE,
  layout: LAYOUT,
  endGuessed: false,
  other: [],
  commands: [0, 0x21, 0x41, 0x92],
  shortAtOnce: true,
  heldBack: 0,
  uploadsMemory: true,
  protected: false,
  erased: 0xff,
  held: new Set(),
  ...more,
});

const read = (request: number, length: number, value = 0): Asked => ({ request, value, length, data: NONE });
const send = (request: number, value: number, data: number[]): Asked => ({
  request,
  value,
  length: data.length,
  data: Uint8Array.from(data),
});
const at = (code: number, address: number): Asked =>
  send(1, 0, [code, address & 0xff, (address >>> 8) & 0xff, (address >>> 16) & 0xff, address >>> 24]);
const [GETSTATUS, GETSTATE, ABORT, CLRSTATUS] = [read(3, 6), read(5, 1), read(6, 0), read(4, 0)];
const asked = fc.oneof(
  fc.constantFrom(GETSTATUS, GETSTATUS, GETSTATUS, GETSTATE, ABORT, CLRSTATUS, read(0x5a, 0), read(0, 0, 1000)),
  fc.tuple(fc.constantFrom(0x21, 0x41), fc.constantFrom(0x08000000, 0x08000400, 0x08001fc0, 0x1f000000)).map(([c, a]) => at(c, a)),
  fc.tuple(fc.integer({ min: 0, max: 4 }), fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 40 })).map(([b, d]) => send(1, b, d)),
  fc.constant(send(1, 2, new Array<number>(SIZE + 1).fill(0))),
  fc.tuple(fc.integer({ min: 0, max: 4 }), fc.constantFrom(1, 64, SIZE)).map(([b, n]) => read(2, n, b)),
);

type Device = (a: Asked) => LinkAnswer;
/** What the monitor says of a course of requests; the model's memory follows the device's as the property kit does it. */
function watched(device: ReferenceDfu, answer: Device, options: MonitorOptions, course: readonly Asked[]): string | null {
  const monitor = new DfuMonitor(options, device.memory.slice());
  for (const a of course) {
    const { wrong } = monitor.judge(a, answer(a));
    monitor.memory.set(device.memory);
    if (wrong !== null) return wrong;
    if (monitor.left) return null;
  }
  return null;
}
const plainly =
  (device: ReferenceDfu): Device =>
  (a) =>
    device.request(a.request, a.value, a.length, a.data);

describe('the monitor of a DFU device', () => {
  it.each([
    ['the text of the standard', STRICT, []],
    ['CLRSTATUS that is refused without a word', { ...STRICT, clearStatus: 'stall-keeps' }, ['stall-keeps-state']],
    ["ST's ROM", { ...STRICT, st: true, clearStatus: 'makes-error' }, ['leave-from-idle', 'abort-from-sync', 'clrstatus-makes-error']],
  ] as const)('has nothing to say of the reference device: %s (property)', (_name, reference, names) => {
    fc.assert(
      fc.property(fc.array(asked, { maxLength: 30 }), (course) => {
        const device = new ReferenceDfu(reference);
        expect(watched(device, plainly(device), optionsOf(names), course)).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });

  it("does not take ST's dialect for the standard, and takes a cell of it alone where only that was named", () => {
    const st = (): ReferenceDfu => new ReferenceDfu({ ...STRICT, st: true });
    const abort = [at(0x21, 0x08000000), ABORT];
    const said = (names: readonly string[], course: readonly Asked[]): string | null => {
      const device = st();
      return watched(device, plainly(device), optionsOf(names), course);
    };
    expect(said([], abort)).toBe('acknowledged in dfuDNLOAD-SYNC; asked for: STALL, then dfuERROR (DFU 1.1 §A.2.4)');
    expect(said(['abort-from-sync:dfuDNLOAD-SYNC.ABORT'], abort)).toBeNull();
    expect(said(['abort-from-sync:dfuMANIFEST-SYNC.ABORT'], abort)).toMatch(/^acknowledged in dfuDNLOAD-SYNC/);
  });

  const setAt = at(0x21, 0x08000400);
  const done = [GETSTATUS, GETSTATUS];
  const faults: [string, RegExp, readonly Asked[], (device: ReferenceDfu) => Device][] = [
    [
      'CLRSTATUS leaves bStatus',
      /dfuIDLE with errSTALLEDPKT \(DFU 1\.1 §6\.1\.2\)/,
      [read(0x5a, 0), CLRSTATUS, GETSTATUS],
      (d) => (a) => {
        const answer = plainly(d)(a);
        if (a === CLRSTATUS) d.status = 15;
        return answer;
      },
    ],
    [
      'an error says OK',
      /dfuERROR with OK/,
      [read(0x5a, 0), GETSTATUS],
      (d) => (a) => {
        d.status = 0;
        const answer = plainly(d)(a);
        d.status = 0;
        return answer;
      },
    ],
    [
      'bwPollTimeout in the wrong byte order',
      /bwPollTimeout is 3276800 ms/,
      [setAt, GETSTATUS],
      (d) => (a) => {
        const answer = plainly(d)(a);
        if (a === GETSTATUS) answer.data[3] = 50;
        return answer;
      },
    ],
    [
      'an upload one block too high',
      /byte 0 is 0xff, and memory holds 0x7 \(AN3156 §4\.1\)/,
      [setAt, ...done, ABORT, read(2, 64, 2)],
      (d) => (a) => {
        d.memory[0x400] = 7;
        return plainly(d)(a.request === 2 ? { ...a, value: a.value + 1 } : a);
      },
    ],
    [
      'a short block that leaves the upload open',
      /dfuUPLOAD-IDLE; asked for: dfuIDLE/,
      [at(0x21, 0x08001fc0), ...done, ABORT, read(2, SIZE, 2), GETSTATE],
      (d) => (a) => {
        const answer = plainly(d)(a);
        if (a.request === 2) d.state = 9;
        return answer;
      },
    ],
    [
      'a bad address that is taken',
      /dfuDNLOAD-IDLE; asked for: .*dfuERROR: no memory is at 0x1f000000 \(AN3156 §5\.2, Set Address Pointer\)/,
      [at(0x21, 0x1f000000), ...done],
      (d) => (a) => plainly(d)(a.data[4] === 0x1f ? setAt : a),
    ],
    [
      'a block that is too long and taken',
      /dfuDNLOAD-IDLE; asked for: .*\(DFU 1\.1 §6\.1\.1\)/,
      [setAt, ...done, send(1, 2, new Array<number>(SIZE + 1).fill(0)), ...done],
      (d) => (a) => plainly(d)(a.data.length > SIZE ? { ...a, length: SIZE, data: a.data.subarray(0, SIZE) } : a),
    ],
    ['an ABORT that is refused in dfuDNLOAD-IDLE', /STALL in dfuDNLOAD-IDLE; asked for: acknowledged, then dfuIDLE/, [setAt, ...done, ABORT], (d) => (a) =>
      a === ABORT ? { status: 'stall', data: NONE } : plainly(d)(a)], // prettier-ignore
  ];
  it.each(faults)('%s', (_name, said, course, faulty) => {
    const right = new ReferenceDfu(STRICT);
    expect(watched(right, plainly(right), optionsOf([]), course)).toBeNull();
    const device = new ReferenceDfu(STRICT);
    expect(watched(device, faulty(device), optionsOf([]), course)).toMatch(said);
  });

  it('leaves open what the standard leaves open: how long a device is busy, and who goes back to dfuDNLOAD-SYNC', () => {
    const answers = (...states: number[]): Device => {
      let next = 0;
      return (a) =>
        a.data.length > 0 ? { status: 'ok', data: NONE } : { status: 'ok', data: Uint8Array.of(0, 1, 0, 0, states[next++]!, 0) };
    };
    const course = [setAt, GETSTATUS, GETSTATUS, GETSTATUS];
    const said = (states: number[], names: readonly string[] = []): string | null =>
      watched(new ReferenceDfu(STRICT), answers(...states), optionsOf(names), course);
    expect(said([4, 5, 5])).toBeNull();
    expect(said([4, 4, 5])).toBeNull();
    expect(said([3, 4, 5])).toBeNull();
    expect(said([5, 5, 5])).toBeNull();
    expect(said([4, 2, 2])).toMatch(/^dfuIDLE; asked for/);
  });
});

describe('a device whose team accepts that it does not cut answers', () => {
  const cut = [read(3, 3), read(5, 6), read(2, 2)];
  it('is not asked for less or more than the document has', () => {
    const monitor = new DfuMonitor(optionsOf([], { accepted: new Set(['dfu.short-lengths']) }), new Uint8Array(0x2000));
    expect(cut.map((a) => monitor.avoids(a))).toEqual([true, true, true]);
    expect([GETSTATUS, read(5, 1), read(2, 4)].map((a) => monitor.avoids(a))).toEqual([false, false, false]);
    const other = new DfuMonitor(optionsOf([]), new Uint8Array(0x2000));
    expect(cut.map((a) => other.avoids(a))).toEqual([false, false, false]);
  });
});
it('a host that starts manifestation asks for all of the status: a leave that is refused for want of firmware is told in it', () => {
  const monitor = new DfuMonitor(optionsOf(['leave-from-idle']), new Uint8Array(0x2000));
  monitor.judge(send(1, 2, []), { status: 'ok', data: NONE });
  expect([read(3, 1), read(3, 4), GETSTATUS].map((a) => monitor.avoids(a))).toEqual([true, true, false]);
});
describe('bwPollTimeout of an erase', () => {
  const busyOnceMore: Device = (a) => ({
    status: 'ok',
    data: a.request === 3 ? Uint8Array.of(0, 1, 0, 0, 4, 0) : NONE,
  });
  const course: Asked[] = [at(0x41, 0x08000400), GETSTATUS, { ...GETSTATUS, waited: true }];
  it('has to hold where the baseline says that it did, and may be too short elsewhere', () => {
    for (const [held, said] of [
      [['dfu.poll-timeout'], 'dfuDNBUSY behind bwPollTimeout, which held in the baseline (DFU 1.1 §6.1.2)'],
      [[], null],
    ] as const) {
      const monitor = new DfuMonitor({ ...optionsOf([]), held: new Set(held) }, new Uint8Array(0x2000).fill(0xff));
      expect(course.map((a) => monitor.judge(a, busyOnceMore(a)).wrong)).toEqual([null, null, said]);
    }
  });
  it('is held against no device that was asked before its time: the second one may be any', () => {
    const monitor = new DfuMonitor({ ...optionsOf([]), held: new Set(['dfu.poll-timeout']) }, new Uint8Array(0x2000).fill(0xff));
    const early = [...course.slice(0, 2), GETSTATUS, course[2]!];
    expect(early.map((a) => monitor.judge(a, busyOnceMore(a)).wrong)).toEqual([null, null, null, null]);
    expect(monitor.pollHolds).toBe(false);
  });
  it('is one thing for a sector and another for all of them', () => {
    const mass = [send(1, 0, [0x41]), ...course.slice(1)];
    for (const [held, holds] of [
      ['dfu.poll-timeout', true],
      ['dfu.poll-timeout-mass', false],
    ] as const) {
      const monitor = new DfuMonitor({ ...optionsOf([]), held: new Set([held]) }, new Uint8Array(0x2000).fill(0xff));
      expect(mass.map((a) => monitor.judge(a, busyOnceMore(a)).wrong).every((wrong) => wrong === null)).toBe(holds);
    }
  });
});

describe('what a device may answer', () => {
  const answer = (...data: number[]): LinkAnswer => ({ status: 'ok', data: Uint8Array.from(data) });
  const stall: LinkAnswer = { status: 'stall', data: NONE };
  const fresh = (): DfuMonitor => new DfuMonitor(optionsOf([]), new Uint8Array(0x2000).fill(0xff));

  it('is a STALL of GETSTATE in dfuDNBUSY, which no other state allows (DFU 1.1 §A.2.5)', () => {
    const busy = fresh();
    busy.judge(at(0x21, 0x08000400), answer());
    busy.judge(GETSTATUS, answer(0, 50, 0, 0, 4, 0));
    expect(busy.judge(GETSTATE, stall).wrong).toBeNull();
    expect(busy.judge(GETSTATUS, answer(15, 0, 0, 0, 10, 0)).wrong).toBeNull();
    expect(fresh().judge(GETSTATE, stall).wrong).toMatch(/^STALL in dfuIDLE/);
  });
  it('is errFIRMWARE behind a bus reset, once flash has changed, and no other error (DFU 1.1 §6.1.2)', () => {
    const said = (changed: boolean, bStatus: number): string | null => {
      const monitor = fresh();
      monitor.reset(changed);
      return monitor.judge(GETSTATUS, answer(bStatus, 0, 0, 0, 10, 0)).wrong;
    };
    expect(said(true, 10)).toBeNull();
    expect(said(true, 15)).toMatch(/dfuERROR with errSTALLEDPKT/);
    expect(said(false, 10)).toMatch(/dfuERROR with errFIRMWARE; asked for: dfuIDLE/);
  });
});

describe('names of dialects', () => {
  it.each(['abort-from-sync', 'stall-keeps-state:dfuIDLE.UPLOAD', 'seen:dfuIDLE.UPLOAD:stall:dfuIDLE', 'never-busy'])('%s is one', (name) =>
    expect(isDialectName(name)).toBe(true),
  );
  it.each([
    'abort',
    'abort-from-sync:dfuIDEL.ABORT',
    'seen:dfuIDLE.UPLOAD',
    'seen:dfuIDLE.UPLOAD:nak:dfuIDLE',
    'never-busy:dfuIDLE.ABORT',
    '',
  ])('%s is none', (name) => expect(isDialectName(name)).toBe(false));
});
