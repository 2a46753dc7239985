import { describe, expect, it } from 'vitest';
import { runConformance } from '../../src/usb-sim/conform/kit.ts';
import { foldedSequence } from '../../src/usb-sim/conform/recorder.ts';
import type { Verdict } from '../../src/usb-sim/conform/requirement.ts';
import { DFU, pollText } from '../../src/usb-sim/dfu-protocol.ts';
import { ReferenceLink, type Fault } from './reference-link.ts';

const NONE = new Uint8Array(0);
async function verdicts(
  link: ReferenceLink,
): Promise<Map<string, { verdict: Verdict; dialect: string | null; sequence: readonly string[] }>> {
  const report = await runConformance(link);
  return new Map(report.requirements.map((r) => [r.id, r]));
}
const isRequest = (setup: Uint8Array, request: number): boolean => (setup[0]! & 0x60) === 0x20 && setup[1] === request;

describe('what led to a failure', () => {
  it('is told round by round: rounds that differ in a block or its bytes alone are counted', () => {
    const round = (n: number): string[] => [`DNLOAD block ${n} [0${n} … 64 bytes] → ok`, 'GETSTATUS → dfuDNBUSY, 20 ms'];
    const lines = ['ABORT → ok', ...[0, 1, 2, 3, 4, 5].flatMap(round), 'GETSTATUS → dfuERROR, status 0'];
    expect(foldedSequence(lines)).toEqual([
      'ABORT → ok',
      ...round(0),
      '… 4 more like these 2',
      ...round(5),
      'GETSTATUS → dfuERROR, status 0',
    ]);
    expect(foldedSequence(lines.slice(0, 5))).toEqual(lines.slice(0, 5));
  });
});

it.each([
  [40, '40 ms'],
  [0x28_00_00, '2621440 ms (40 ms, if the least significant byte came first)'],
  [0x7f_ff_ff, '8388607 ms'],
])('bwPollTimeout %i is told as %s', (ms, text) => expect(pollText(ms)).toBe(text));

describe('the conformance kit', () => {
  it('a device as DFU 1.1 and AN3156 ask for fails nothing, and its only dialect is DfuSe itself', async () => {
    const report = await runConformance(new ReferenceLink());
    const odd = report.requirements.filter((r) => r.verdict === 'fail' || r.verdict === 'dialect');
    expect(odd.map((r) => `${r.verdict} ${r.id} ${r.observed}`)).toEqual(["dialect descriptor.version 0x011a: ST's extension"]);
    expect(report.counts.pass).toBeGreaterThan(85);
  });

  it('every requirement can fail: a device that answers everything with STALL, or nothing at all, passes none but those that read descriptors', async () => {
    for (const status of ['stall', 'timeout'] as const) {
      const found = await verdicts(new ReferenceLink({ before: () => ({ status, data: NONE }) }));
      const passed = [...found].filter(([id, r]) => r.verdict === 'pass' && !id.startsWith('descriptor.'));
      // a refusal is what these ask for
      expect(passed.filter(([id]) => !(status === 'stall' && /block-1$/.test(id))).map(([id]) => id)).toEqual([]);
    }
  });

  it('a DfuSe device that leaves without an answer to its last GETSTATUS does so in a dialect, in each requirement that sees it', async () => {
    const found = await verdicts(
      new ReferenceLink({
        before: (device, setup) => (isRequest(setup, DFU.GETSTATUS) && device.state === 6 ? { status: 'gone', data: NONE } : null),
      }),
    );
    for (const id of ['state.dfuMANIFEST-SYNC.GETSTATUS', 'leave.manifest'])
      expect([id, found.get(id)!.verdict, found.get(id)!.dialect]).toEqual([id, 'dialect', 'leaves-without-answer']);
  });

  it("ST's ways are dialects with names, not failures", async () => {
    const found = await verdicts(new ReferenceLink({}, { st: true, clearStatus: 'makes-error' }));
    expect(found.get('state.dfuIDLE.DNLOAD-0')).toMatchObject({ verdict: 'dialect', dialect: 'leave-from-idle' });
    expect(found.get('state.dfuDNLOAD-SYNC.ABORT')).toMatchObject({ verdict: 'dialect', dialect: 'abort-from-sync' });
    expect(found.get('state.dfuIDLE.CLRSTATUS')).toMatchObject({ verdict: 'dialect', dialect: 'clrstatus-makes-error' });
    expect([...found].filter(([, r]) => r.verdict === 'fail')).toEqual([]);
  });

  it.each([
    ['the last sector', 0x08001c00, 0x400, 256],
    ['a sector in its middle', 0x08000800, 0x400, 256],
    ['a sector of one block', 0x08000800, 0x400, 1024],
    ['two sectors', 0x08001000, 0x800, 256],
  ])(
    'on a board of which only %s may be written nothing fails, and nothing else is written',
    async (_which, address, length, transferSize) => {
      const from = address - 0x08000000;
      const outside = (memory: Uint8Array): boolean => memory.some((b, i) => b !== 0xff && (i < from || i >= from + length));
      const wrote: string[] = [];
      const after: Fault['after'] = (device, setup, answer) => {
        if (outside(device.memory)) wrote.push([...setup].join(' '));
        return answer;
      };
      const facts = { functional: { ...new ReferenceLink().facts.functional, transferSize } };
      const { requirements } = await runConformance(new ReferenceLink({ board: { address, length }, after, facts }, { transferSize }));
      expect(wrote).toEqual([]);
      expect(requirements.filter((r) => r.verdict === 'fail').map((r) => `${r.id}: ${r.observed}`)).toEqual([]);
    },
  );
  it('of one sector that may be written, the whole device being expendable, nothing fails', async () => {
    const link = new ReferenceLink({ board: { address: 0x08001c00, length: 0x400 } });
    const { requirements } = await runConformance(Object.assign(link, { expendable: true }));
    expect(requirements.filter((r) => r.verdict === 'fail').map((r) => `${r.id}: ${r.observed}`)).toEqual([]);
  });

  const faults: [string, string, Fault][] = [
    [
      'the state stays dfuDNLOAD-SYNC for ever',
      'dfuse.set-address',
      { before: (d, s) => (isRequest(s, DFU.GETSTATUS) && d.state === 3 ? { status: 'ok', data: Uint8Array.of(0, 0, 0, 0, 3, 0) } : null) },
    ],
    [
      'uploads start at block 0 of memory',
      'flash.write-whole-block',
      { before: (d, s) => (isRequest(s, DFU.UPLOAD) && s[2]! >= 2 ? d.request(DFU.UPLOAD, s[2]! + 1, 256, NONE) : null) },
    ],
    [
      'an erase does nothing',
      'flash.erase',
      {
        before: (_d, s, data) => {
          if (isRequest(s, DFU.DNLOAD) && data[0] === 0x41) data[0] = 0x21;
          return null;
        },
      },
    ],
    [
      'an erase takes the next page, too',
      'flash.neighbours',
      {
        after: (d, s, a) => {
          if (isRequest(s, DFU.GETSTATUS) && d.memory[0x1000] === 0xff) d.memory.fill(0xff, 0x1400, 0x1800);
          return a;
        },
      },
    ],
    [
      'a bad address is accepted',
      'dfuse.bad-address',
      {
        before: (_d, s, data) => {
          if (isRequest(s, DFU.DNLOAD) && data[4] === 0x1f) data[4] = 0x08;
          return null;
        },
      },
    ],
    [
      'the last byte of an odd tail is lost',
      'flash.write-odd',
      {
        before: (d, s, data) =>
          isRequest(s, DFU.DNLOAD) && data.length === 13 ? d.request(DFU.DNLOAD, 2, 12, data.subarray(0, 12)) : null,
      },
    ],
    [
      'the word in which a block ends is filled up with zeros',
      'flash.behind-block',
      {
        before: (d, s, data) =>
          isRequest(s, DFU.DNLOAD) && data.length === 13 ? d.request(DFU.DNLOAD, 2, 16, Uint8Array.of(...data, 0, 0, 0)) : null,
      },
    ],
    [
      'an upload that came whole is over',
      'state.dfuIDLE.UPLOAD',
      {
        after: (d, s, a) => {
          if (isRequest(s, DFU.UPLOAD) && a.data.length === 256) d.state = 2;
          return a;
        },
      },
    ],
    [
      'block 1 is refused, and bState becomes 15',
      'dfuse.block-1',
      {
        after: (d, s, a) => {
          if (isRequest(s, DFU.UPLOAD) && s[2] === 1) d.state = 15;
          return a;
        },
      },
    ],
    [
      'ABORT in dfuERROR is acknowledged for nothing, and nothing but a CLRSTATUS leads there',
      'state.dfuERROR.ABORT',
      {
        before: (d, s, data) => {
          if (isRequest(s, DFU.ABORT) && d.state === 10) return { status: 'ok', data: NONE };
          const harmless = s[1] === 0x5a || (isRequest(s, DFU.DNLOAD) && data[0] === 0x77);
          return harmless ? { status: 'stall', data: NONE } : null;
        },
      },
    ],
    [
      'CLRSTATUS leaves bStatus',
      'dfu.clear-status',
      {
        after: (d, s, a) => {
          if (isRequest(s, DFU.CLRSTATUS)) d.status = 15;
          return a;
        },
      },
    ],
    [
      'GETSTATE starts the work',
      'dfu.getstate-changes-nothing',
      {
        before: (d, s) => {
          if (isRequest(s, DFU.GETSTATE) && d.state === 3) d.request(DFU.GETSTATUS, 0, 6, NONE);
          return null;
        },
      },
    ],
    [
      'a long block is taken',
      'dfu.block-too-long',
      {
        before: (d, s, data) =>
          isRequest(s, DFU.DNLOAD) && data.length > 256 ? d.request(DFU.DNLOAD, 2, 256, data.subarray(0, 256)) : null,
      },
    ],
    [
      'descriptors are not cut',
      'chapter9.short-read',
      { after: (_d, s, a) => (s[1] === 6 && s[3] === 1 && s[6]! < 18 ? { status: 'ok', data: new Uint8Array(18) } : a) },
    ],
    [
      'an unknown string is an empty answer',
      'chapter9.unknown-string',
      { before: (_d, s) => (s[1] === 6 && s[3] === 3 ? { status: 'ok', data: NONE } : null) },
    ],
    [
      'a functional descriptor of 7 bytes',
      'descriptor.functional',
      {
        facts: { configuration: Uint8Array.of(9, 2, 25, 0, 1, 1, 0, 0xc0, 50, 9, 4, 0, 0, 0, 0xfe, 1, 2, 4, 7, 0x21, 0x0b, 255, 0, 0, 1) },
      },
    ],
    [
      'mass erase erases a page',
      'flash.mass-erase',
      {
        before: (_d, s, data) => {
          if (isRequest(s, DFU.DNLOAD) && data.length === 1 && data[0] === 0x41)
            return _d.request(DFU.DNLOAD, 0, 5, Uint8Array.of(0x41, 0, 0, 0, 8));
          return null;
        },
      },
    ],
    [
      'an abort writes all the same',
      'flash.abort-drops',
      {
        before: (d, s) => {
          if (isRequest(s, DFU.ABORT) && d.state === 3) {
            d.request(DFU.GETSTATUS, 0, 6, NONE);
            d.state = 2;
            return { status: 'ok', data: NONE };
          }
          return null;
        },
      },
    ],
  ];
  it.each(faults)('%s: %s fails, with the requests that show it', async (_what, id, fault) => {
    const found = (await verdicts(new ReferenceLink(fault, { st: true, clearStatus: 'makes-error' }))).get(id)!;
    expect(found.verdict).toBe('fail');
    if (!id.startsWith('descriptor.')) expect(found.sequence.length).toBeGreaterThan(0);
  });

  it('the sequence of a state failure is the shortest way into the state and the request', async () => {
    const fault: Fault = {
      before: (d, s) => (isRequest(s, DFU.UPLOAD) && d.state === 5 ? { status: 'ok', data: new Uint8Array(8) } : null),
    };
    const found = (await verdicts(new ReferenceLink(fault))).get('state.dfuDNLOAD-IDLE.UPLOAD')!;
    expect(found.verdict).toBe('fail');
    expect(found.sequence).toEqual([
      'DNLOAD block 0 [21 00 10 00 08] → ok',
      'GETSTATUS → dfuDNBUSY',
      'GETSTATUS → dfuDNLOAD-IDLE',
      'UPLOAD block 2 256 bytes → 8 bytes',
      'GETSTATE → dfuDNLOAD-IDLE',
    ]);
  });
});
