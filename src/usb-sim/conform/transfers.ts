/** What DFU transfers and ST's DfuSe commands do: DFU 1.1 §6, AN3156. */
import { DFU, DFU_STATE, DFUSE_CODE, dfuseCommand } from '../dfu-protocol.ts';
import { CAN_DNLOAD, CAN_UPLOAD, isDfuse, type DfuFacts, type DfuLink } from './link.ts';
import type { Recorder } from './recorder.ts';
import { dialect, fail, must, notApplicable, PASS, type Finding, type Requirement } from './requirement.ts';
import { setAddress } from './states.ts';

const dfuseOnly = (link: DfuLink): string | null => (isDfuse(link.facts) ? null : 'the device has no DfuSe (bcdDFUVersion is not 0x011A)');
const uploads = (link: DfuLink): string | null =>
  (link.facts.functional.attributes & CAN_UPLOAD) === 0 ? 'the device cannot upload (bitCanUpload)' : null;
const downloads = (link: DfuLink): string | null =>
  (link.facts.functional.attributes & CAN_DNLOAD) === 0 ? 'the device cannot download (bitCanDnload)' : null;
const writes = (link: DfuLink): string | null => downloads(link) ?? (link.writable === null ? 'no flash may be written' : null);
const anyOf =
  (...questions: ((link: DfuLink) => string | null)[]) =>
  (link: DfuLink): string | null => {
    for (const q of questions) {
      const why = q(link);
      if (why !== null) return why;
    }
    return null;
  };

const erasePage = (address: number): Uint8Array => dfuseCommand(DFUSE_CODE.ERASE, address);
const pattern = (length: number, seed: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 37 + seed * 101 + (i >> 8) * 7) & 0xff);
const hex8 = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;

/** A step that must end in dfuDNLOAD-IDLE without an error; the text says why not. */
async function carriedOut(r: Recorder, what: string, block: number, data: Uint8Array): Promise<string | null> {
  const s = await r.downloadAndSettle(block, data);
  if (s === null) return `${what}: no status`;
  return s.bState === DFU_STATE.DNLOAD_IDLE && s.bStatus === 0 ? null : `${what}: state ${s.bState}, status ${s.bStatus}`;
}
async function steps(r: Recorder, ...list: readonly (readonly [string, number, Uint8Array])[]): Promise<string | null> {
  for (const [what, block, data] of list) {
    const wrong = await carriedOut(r, what, block, data);
    if (wrong !== null) return wrong;
  }
  return null;
}
/** Reads `length` bytes at an address in blocks of wTransferSize; a text says why not. */
async function readBack(r: Recorder, address: number, length: number): Promise<Uint8Array | string> {
  const wrong = await carriedOut(r, `set address ${hex8(address)}`, 0, setAddress(address));
  if (wrong !== null) return wrong;
  if ((await r.request(DFU.ABORT)).status !== 'ok') return 'ABORT was refused';
  const size = r.facts.functional.transferSize;
  const parts: number[] = [];
  for (let block = 2; parts.length < length; block++) {
    const { status, data } = await r.upload(block, Math.min(size, length - parts.length));
    if (status !== 'ok') return `UPLOAD block ${block}: ${status}`;
    parts.push(...data);
    if (data.length < Math.min(size, length - parts.length + data.length)) break;
  }
  return Uint8Array.from(parts);
}
function sameBytes(got: Uint8Array | string, want: Uint8Array): Finding {
  if (typeof got === 'string') return fail(got);
  if (got.length !== want.length) return fail(`${got.length} bytes came back, not ${want.length}`);
  const at = want.findIndex((b, i) => got[i] !== b);
  return at < 0 ? PASS : fail(`byte ${at} is 0x${got[at]!.toString(16)}, not 0x${want[at]!.toString(16)}`);
}
const place = (r: Recorder): number => r.link.writable!.address;
/** Data of `length` bytes fits in what may be written. */
const room =
  (bytes: (facts: DfuFacts) => number) =>
  (link: DfuLink): string | null =>
    link.writable === null || link.writable.length < bytes(link.facts) ? 'the flash that may be written is too small' : null;

/** A request that must end in dfuERROR, at once by STALL or at GETSTATUS. */
async function refusedWith(
  r: Recorder,
  block: number,
  data: Uint8Array,
  statuses: readonly number[],
  named: Readonly<Record<number, string>>,
): Promise<Finding> {
  const { status } = await r.download(block, data);
  const s = await (status === 'ok' ? r.settled() : r.status());
  if (s === null) return fail(status === 'ok' ? 'no status' : `${status}, then no status`);
  if (s.bState !== DFU_STATE.ERROR) return fail(`state ${s.bState}, status ${s.bStatus}: it was accepted`);
  if (statuses.includes(s.bStatus)) return PASS;
  const known = named[s.bStatus];
  return known === undefined ? fail(`status ${s.bStatus}`) : dialect(known, `status ${s.bStatus}`);
}
const ERR = { TARGET: 1, WRITE: 3, ERASE: 4, ADDRESS: 8, UNKNOWN: 14, STALLEDPKT: 15 } as const;
const OPENBL = {
  [ERR.ADDRESS]: 'err-address',
  [ERR.WRITE]: 'err-write',
  [ERR.ERASE]: 'err-erase',
  [ERR.UNKNOWN]: 'err-unknown',
  [ERR.STALLEDPKT]: 'err-stalled',
};
/** No part has memory here. */
const NOWHERE = 0x1f000000;

const COMMON: readonly Requirement[] = [
  {
    id: 'dfu.getstatus-length',
    title: 'GETSTATUS gives 6 bytes',
    paragraph: 'DFU 1.1 §6.1.2',
    check: async (r) => {
      const { status, data } = await r.request(DFU.GETSTATUS, 0, 6);
      return must(status === 'ok' && data.length === 6, `${status}, ${data.length} bytes`);
    },
  },
  {
    id: 'dfu.getstatus-keeps-idle',
    title: 'GETSTATUS in dfuIDLE says OK and changes nothing',
    paragraph: 'DFU 1.1 §6.1.2',
    check: async (r) => {
      const s = await r.status();
      return must(
        s !== null && s.bStatus === 0 && s.bState === DFU_STATE.IDLE && (await r.state()) === DFU_STATE.IDLE,
        'another state or status',
      );
    },
  },
  {
    id: 'dfu.getstate-changes-nothing',
    title: 'GETSTATE does not start the work of a download',
    paragraph: 'DFU 1.1 §6.1.5',
    skip: dfuseOnly,
    check: async (r) => {
      await r.download(0, setAddress(r.facts.layout[0]?.start ?? 0));
      const seen = [await r.state(), await r.state()];
      return must(
        seen.every((s) => s === DFU_STATE.DNLOAD_SYNC),
        `states ${seen.join(', ')}`,
      );
    },
  },
  {
    id: 'dfu.clear-status',
    title: 'CLRSTATUS in dfuERROR clears bStatus as well as the state',
    paragraph: 'DFU 1.1 §6.1.3',
    check: async (r) => {
      await r.request(0x5a);
      if ((await r.state()) !== DFU_STATE.ERROR) return notApplicable('an unknown request does not lead to dfuERROR');
      await r.request(DFU.CLRSTATUS);
      const s = await r.status();
      return must(s?.bStatus === 0 && s.bState === DFU_STATE.IDLE, s === null ? 'no status' : `state ${s.bState}, status ${s.bStatus}`);
    },
  },
  {
    id: 'dfu.block-too-long',
    title: 'a DNLOAD longer than wTransferSize is refused',
    paragraph: 'DFU 1.1 §6.1.1, §4.1.3',
    skip: downloads,
    check: async (r) => {
      const size = r.facts.functional.transferSize;
      const { status } = await r.download(2, new Uint8Array(size + 64));
      if (status === 'stall') return must((await r.state()) !== null, 'GETSTATE is not answered any more');
      const s = status === 'ok' ? await r.settled() : null;
      return must(
        s?.bState === DFU_STATE.ERROR,
        s === null ? `${status}, then no status` : `accepted: state ${s.bState}, status ${s.bStatus}`,
      );
    },
  },
  {
    id: 'dfu.poll-timeout',
    title: 'after bwPollTimeout the device is no longer busy',
    paragraph: 'DFU 1.1 §6.1.2, §A.2.5',
    skip: anyOf(dfuseOnly, writes),
    check: async (r) => {
      if ((await r.download(0, erasePage(place(r)))).status !== 'ok') return fail('the erase was refused');
      const first = await r.status();
      if (first === null) return fail('no status');
      await r.link.wait(first.pollMs);
      const second = await r.status();
      if (second === null) return fail('no status after bwPollTimeout');
      return second.bState === DFU_STATE.DNBUSY ? dialect('poll-timeout-short', `still dfuDNBUSY after ${first.pollMs} ms`) : PASS;
    },
  },
];

const DFUSE: readonly Requirement[] = [
  {
    id: 'dfuse.get-commands',
    title: 'UPLOAD of block 0 lists the commands 00, 21, 41 (and 92)',
    paragraph: 'AN3156 §4.1 (Get)',
    skip: anyOf(dfuseOnly, uploads),
    check: async (r) => {
      const { status, data } = await r.upload(0, r.facts.functional.transferSize);
      const codes = [...data];
      if (status !== 'ok' || ![DFUSE_CODE.GET, DFUSE_CODE.SET_ADDRESS, DFUSE_CODE.ERASE].every((c) => codes.includes(c)))
        return fail(`${status}: ${codes.map((c) => c.toString(16)).join(' ')}`);
      return codes.includes(DFUSE_CODE.READ_UNPROTECT)
        ? PASS
        : dialect('no-read-unprotect', `${codes.map((c) => c.toString(16)).join(' ')}`);
    },
  },
  {
    id: 'dfuse.set-address',
    title: 'Set Address Pointer is busy at the first GETSTATUS, done at the second',
    paragraph: 'AN3156 §4.2, AN2662 fig. 55',
    skip: anyOf(dfuseOnly, downloads),
    check: async (r) => {
      if ((await r.download(0, setAddress(r.facts.layout[0]!.start))).status !== 'ok') return fail('refused');
      const first = await r.status();
      if (first?.bState === DFU_STATE.DNLOAD_IDLE)
        return dialect('never-busy', 'dfuDNLOAD-IDLE at once: dfu-util says "Wrong state after command"');
      if (first?.bState !== DFU_STATE.DNBUSY) return fail(first === null ? 'no status' : `state ${first.bState}, status ${first.bStatus}`);
      const s = await r.settled();
      return must(
        s?.bState === DFU_STATE.DNLOAD_IDLE && s.bStatus === 0,
        s === null ? 'no status' : `state ${s.bState}, status ${s.bStatus}`,
      );
    },
  },
  {
    id: 'dfuse.bad-address',
    title: 'Set Address Pointer outside of memory is errTARGET',
    paragraph: 'AN3156 §4.2, AN2662 fig. 55',
    skip: anyOf(dfuseOnly, downloads),
    check: (r) => refusedWith(r, 0, setAddress(NOWHERE), [ERR.TARGET], OPENBL),
  },
  {
    id: 'dfuse.bad-erase',
    title: 'Erase outside of memory is errTARGET',
    paragraph: 'AN3156 §4.3, AN2662 fig. 57',
    skip: anyOf(dfuseOnly, downloads),
    check: (r) => refusedWith(r, 0, erasePage(NOWHERE), [ERR.TARGET], OPENBL),
  },
  {
    id: 'dfuse.bad-command',
    title: 'a command that does not exist is errSTALLEDPKT',
    paragraph: 'AN2662 fig. 55',
    skip: anyOf(dfuseOnly, downloads),
    check: (r) => refusedWith(r, 0, Uint8Array.of(0x77, 1, 2, 3), [ERR.STALLEDPKT], { ...OPENBL, [ERR.TARGET]: 'err-target' }),
  },
  {
    id: 'dfuse.block-1',
    title: 'UPLOAD of block 1 is refused',
    paragraph: 'AN3156 §5 (block 1 is reserved)',
    skip: anyOf(dfuseOnly, uploads),
    check: async (r) => must((await r.upload(1, 64)).status === 'stall', 'it was answered'),
  },
  {
    id: 'dfuse.upload-needs-idle',
    title: 'UPLOAD right after a command is refused: an ABORT comes between',
    paragraph: 'DFU 1.1 §A.2.6, AN3156 §5',
    skip: anyOf(dfuseOnly, uploads, downloads),
    check: async (r) => {
      const wrong = await carriedOut(r, 'set address', 0, setAddress(r.facts.layout[0]!.start));
      if (wrong !== null) return fail(wrong);
      const { status } = await r.upload(2, 64);
      return status === 'stall' ? PASS : status === 'ok' ? dialect('upload-from-dnload-idle', 'it was answered') : fail(status);
    },
  },
];

/** 0xFF, or 0x00 where the part erases to that. */
function readsErased(r: Recorder, got: Uint8Array | string): Finding {
  const { erased } = r.link;
  if (erased === undefined && typeof got !== 'string' && got.length > 0 && got.every((b) => b === 0))
    return dialect('erased-zero', 'erased flash reads 0x00, as on STM32L0 and L1');
  return sameBytes(got, new Uint8Array(64).fill(erased ?? 0xff));
}

const whole = (facts: DfuFacts): number => 3 * facts.functional.transferSize;
const FLASH: readonly Requirement[] = [
  {
    id: 'flash.erase',
    title: 'an erased page reads as erased flash does',
    paragraph: 'AN3156 §4.3',
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const at = place(r);
      const wrong = await steps(
        r,
        ['erase', 0, erasePage(at)],
        ['set address', 0, setAddress(at)],
        ['write', 2, pattern(64, 1)],
        ['erase', 0, erasePage(at)],
      );
      return wrong !== null ? fail(wrong) : readsErased(r, await readBack(r, at, 64));
    },
  },
  ...(
    [
      ['whole-block', 'a block of wTransferSize', (f: DfuFacts) => f.functional.transferSize],
      ['odd', 'an odd tail of 13 bytes', () => 13],
      ['one', 'a block of 2 bytes', () => 2],
      ['packet', 'a block of exactly one packet', (f: DfuFacts) => f.packet0],
    ] as const
  ).map(([name, what, length]): Requirement => ({
    id: `flash.write-${name}`,
    title: `${what} is written and read back`,
    paragraph: 'AN3156 §4.4, §5',
    skip: anyOf(dfuseOnly, writes, uploads, room(length)),
    check: async (r) => {
      const at = place(r);
      const data = pattern(length(r.facts), 2);
      const wrong = await steps(r, ['erase', 0, erasePage(at)], ['set address', 0, setAddress(at)], ['write', 2, data]);
      return wrong !== null ? fail(wrong) : sameBytes(await readBack(r, at, data.length), data);
    },
  })),
  {
    id: 'flash.block-arithmetic',
    title: 'blocks 2, 3, 4 go to pointer + (block - 2) × wTransferSize',
    paragraph: 'AN3156 §4.4',
    skip: anyOf(dfuseOnly, writes, uploads, room(whole)),
    check: async (r) => {
      const at = place(r);
      const size = r.facts.functional.transferSize;
      const data = pattern(3 * size, 3);
      const page = r.facts.layout.find((s) => at >= s.start && at < s.end)!.sectorSize;
      for (let a = at; a < at + data.length; a += page) {
        const wrong = await carriedOut(r, `erase ${hex8(a)}`, 0, erasePage(a));
        if (wrong !== null) return fail(wrong);
      }
      const wrong = await steps(
        r,
        ['set address', 0, setAddress(at)],
        ...[4, 2, 3].map((b) => [`write block ${b}`, b, data.slice((b - 2) * size, (b - 1) * size)] as const),
      );
      return wrong !== null ? fail(wrong) : sameBytes(await readBack(r, at, data.length), data);
    },
  },
  {
    id: 'flash.neighbours',
    title: 'an erase leaves the page behind it alone',
    paragraph: 'AN3156 §4.3',
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const at = place(r);
      const page = r.facts.layout.find((s) => at >= s.start && at < s.end)!.sectorSize;
      if (r.link.writable!.length < 2 * page) return notApplicable('the flash that may be written is one page');
      const data = pattern(64, 4);
      const wrong = await steps(
        r,
        ['erase', 0, erasePage(at + page)],
        ['set address', 0, setAddress(at + page)],
        ['write', 2, data],
        ['erase', 0, erasePage(at)],
      );
      return wrong !== null ? fail(wrong) : sameBytes(await readBack(r, at + page, 64), data);
    },
  },
  {
    id: 'flash.abort-drops',
    title: 'a block that was aborted before GETSTATUS is not written',
    paragraph: 'DFU 1.1 §A.2.4; ST: ABORT is taken in dfuDNLOAD-SYNC',
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const at = place(r);
      const wrong = await steps(r, ['erase', 0, erasePage(at)], ['set address', 0, setAddress(at)]);
      if (wrong !== null) return fail(wrong);
      await r.download(2, pattern(64, 5));
      if ((await r.request(DFU.ABORT)).status !== 'ok') return notApplicable('ABORT is refused in dfuDNLOAD-SYNC');
      return readsErased(r, await readBack(r, at, 64));
    },
  },
  {
    id: 'flash.mass-erase',
    title: 'mass erase empties the flash',
    paragraph: 'AN3156 §4.3',
    skip: (link) => anyOf(dfuseOnly, writes, uploads)(link) ?? (link.expendable ? null : 'only a part of the flash may be written'),
    check: async (r) => {
      const at = place(r);
      const wrong = await steps(
        r,
        ['erase', 0, erasePage(at)],
        ['set address', 0, setAddress(at)],
        ['write', 2, pattern(64, 6)],
        ['mass erase', 0, dfuseCommand(DFUSE_CODE.ERASE)],
      );
      return wrong !== null ? fail(wrong) : readsErased(r, await readBack(r, at, 64));
    },
  },
];

const PLAIN: readonly Requirement[] = [
  {
    id: 'plain.download',
    title: 'blocks 0, 1, 2 are taken one after the other',
    paragraph: 'DFU 1.1 §6.1.1',
    skip: (link) => (isDfuse(link.facts) ? 'the device has DfuSe' : writes(link)),
    check: async (r) => {
      const size = r.facts.functional.transferSize;
      const wrong = await steps(r, ...[0, 1, 2].map((b) => [`block ${b}`, b, pattern(size, b)] as const));
      return wrong === null ? PASS : fail(wrong);
    },
  },
  {
    id: 'plain.manifest',
    title: 'a DNLOAD of length 0 ends the download: manifestation, then dfuIDLE or a wait for reset',
    paragraph: 'DFU 1.1 §7, §A.2.7',
    skip: (link) =>
      isDfuse(link.facts) ? 'the device has DfuSe' : (writes(link) ?? (link.expendable ? null : 'the device may not be sent away')),
    check: async (r) => {
      const wrong = await carriedOut(r, 'block 0', 0, pattern(64, 1));
      if (wrong !== null) return fail(wrong);
      if ((await r.download(1, new Uint8Array(0))).status !== 'ok') return fail('the end of the download was refused');
      const s = await r.settled();
      if (s === null) return dialect('leaves-without-answer', 'no status');
      return must(s.bStatus === 0 && (s.bState === DFU_STATE.IDLE || s.bState === 8), `state ${s.bState}, status ${s.bStatus}`);
    },
  },
  {
    id: 'plain.upload',
    title: 'an upload ends with a short block',
    paragraph: 'DFU 1.1 §6.2',
    skip: (link) => (isDfuse(link.facts) ? 'the device has DfuSe' : uploads(link)),
    check: async (r) => {
      const size = r.facts.functional.transferSize;
      for (let block = 0; block < MAX_BLOCKS; block++) {
        const { status, data } = await r.upload(block, size);
        if (status !== 'ok') return fail(`block ${block}: ${status}`);
        if (data.length < size) return must((await r.state()) === DFU_STATE.IDLE, 'the state is not dfuIDLE after the short block');
      }
      return notApplicable(`${MAX_BLOCKS} blocks and no end`);
    },
  },
];
const MAX_BLOCKS = 4096;

const LEAVE: readonly Requirement[] = [
  {
    id: 'leave.manifest',
    title: 'a DNLOAD of length 0 and GETSTATUS: dfuMANIFEST',
    paragraph: 'AN3156 §6',
    skip: (link) => dfuseOnly(link) ?? (link.expendable ? null : 'the device may not be sent away'),
    check: async (r) => {
      const wrong = await carriedOut(r, 'set address', 0, setAddress(r.facts.layout[0]!.start));
      if (wrong !== null) return fail(wrong);
      if ((await r.download(2, new Uint8Array(0))).status !== 'ok') return fail('the DNLOAD of length 0 was refused');
      const s = await r.status();
      if (s === null) return dialect('leaves-without-answer', 'GETSTATUS is not answered (H7, U5, G0)');
      return must(s.bState === 7 && s.bStatus === 0, `state ${s.bState}, status ${s.bStatus}`);
    },
  },
];

export const TRANSFER_REQUIREMENTS: readonly Requirement[] = [...COMMON, ...DFUSE, ...FLASH, ...PLAIN, ...LEAVE];
