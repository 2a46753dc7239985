/** What DFU transfers and ST's DfuSe commands do: DFU 1.1 §6, AN3156. */
import { DESCRIPTOR, getDescriptor, parseDfuseLayout, segmentAt } from '../descriptors.ts';
import { DFU, DFU_STATE, DFUSE_CODE, dfuseCommand, dfuStateName, dfuTold, type DfuStatus, hex8, pollText } from '../dfu-protocol.ts';
import { isDfuse } from './link.ts';
import { FLASH_REQUIREMENTS } from './flash.ts';
import { ERR, REQUEST_OF } from './model.ts';
import { PLAIN_REQUIREMENTS } from './plain.ts';
import type { Recorder } from './recorder.ts';
import { named, OPENBL, OTHERS, otherStatus, refusedWith } from './refusals.ts';
import { dialect, fail, must, notApplicable, PASS, type Finding, type Requirement } from './requirement.ts';
import { endRefused, harmless, longestWork, noFirmware, saysCorrupt, setAddress } from './states.ts';
import {
  AFTER_WORK,
  anyOf,
  blocks,
  carriedOut,
  dfuseOnly,
  downloads,
  erasePage,
  mayBeLost,
  pattern,
  place,
  readyToWrite,
  room,
  sameBytes,
  staysHere,
  toIdle,
  uploads,
  writes,
  seenFlash,
  stillHolds,
} from './steps.ts';

/** No part has memory here. */
const NOWHERE = 0x1f000000;

/** Bytes; the beginning may come to flash when the download ends. */
const NOT_BLANK = 6144;
/** Goes on with an upload until what comes next is other than its beginning: a device that goes on there behind an ABORT gives itself away. */
async function readToOther(r: Recorder, block: number, first: Uint8Array): Promise<void> {
  const size = first.length;
  for (let read = size, b = block + 1; read < NOT_BLANK; read += size, b++) {
    const { status, data } = await r.upload(b, size);
    if (status !== 'ok' || data.length < size || sameBytes(data, first).verdict !== 'pass') return;
  }
}
/** What a device is busy with for a while: an erase, or a whole block. */
const longWork = (r: Recorder): { block: number; data: Uint8Array } =>
  isDfuse(r.facts) ? { block: 0, data: erasePage(place(r)) } : { block: 0, data: pattern(r.facts.functional.transferSize, 24) };
/** That work begun: the first status; or why nothing can be said of it. */
async function atWork(r: Recorder): Promise<DfuStatus | Finding> {
  const { block, data } = longWork(r);
  if ((await r.download(block, data)).status !== 'ok') return fail('it was refused');
  const first = await r.status();
  return first?.bState === DFU_STATE.DNBUSY ? first : notApplicable('it is never busy');
}
/** bwPollTimeout may be so many times longer than the work: it is a bound for the worst case, and devices have one for all. */
const POLL_FACTOR = 64;
const SHORT_WORK = 20;
/** Milliseconds that a host waits before each request to a device that is not at work: some say what their longest work takes. */
const LONGEST_IDLE = 60_000;
/** Milliseconds for which flash is at work from now on; null: it does not begin. */
async function workedFor(r: Recorder, most: number): Promise<number | null> {
  const { witness } = r.link;
  let [begun, waited, idle] = [0, 0, 0];
  for (; waited < Math.min(most, LONGEST_WORK) && !(begun > 0 && idle > AFTER_WORK); waited++) {
    await r.link.wait(1);
    if (witness!.busy()) [begun, idle] = [begun + 1, 0];
    else idle++;
  }
  return begun > 0 ? waited - idle : null;
}
/** Milliseconds: the erase of a large sector takes 4 s. */
const LONGEST_WORK = 10_000;

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
    skip: (link) => (isDfuse(link.facts) ? downloads(link) : writes(link)),
    check: async (r) => {
      const { block, data } = harmless(r);
      await r.download(block, data);
      const seen = [await r.state(), await r.state()];
      if (seen.every((s) => s === DFU_STATE.DNLOAD_IDLE))
        return notApplicable('a block is done behind its DNLOAD, or at the first GETSTATE');
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
      return must(s?.bStatus === 0 && s.bState === DFU_STATE.IDLE, s === null ? 'no status' : dfuTold(s));
    },
  },
  {
    id: 'dfu.stalled-status',
    title: 'after a request that it does not know bStatus is errSTALLEDPKT',
    paragraph: 'DFU 1.1 §6.1.2',
    tellsDialect: true,
    check: async (r) => {
      await r.request(0x5a);
      const s = await r.status();
      if (s?.bState !== DFU_STATE.ERROR) return notApplicable('an unknown request does not lead to dfuERROR');
      return s.bStatus === ERR.STALLEDPKT ? PASS : otherStatus(s, named(...OTHERS, ERR.VENDOR));
    },
  },
  {
    id: 'dfu.status-kept',
    title: 'bStatus stays as it is until CLRSTATUS',
    paragraph: 'DFU 1.1 §6.1.2, §A.2.11',
    check: async (r) => {
      await r.request(0x5a);
      const [first, second] = [await r.status(), await r.status()];
      if (first?.bState !== DFU_STATE.ERROR) return notApplicable('an unknown request does not lead to dfuERROR');
      return must(
        first.bStatus !== 0 && second?.bState === DFU_STATE.ERROR && second.bStatus === first.bStatus,
        `${dfuTold(first)}, then ${second === null ? 'none' : dfuTold(second)}`,
      );
    },
  },
  {
    id: 'dfu.reset-clears-status',
    title: 'behind a bus reset the status of an error is OK again',
    paragraph: 'DFU 1.1 §6.1.2, §A.2.3',
    check: async (r) => {
      await r.request(REQUEST_OF.unknown);
      const error = await r.status();
      if (error?.bState !== DFU_STATE.ERROR) return notApplicable('a refused request leads to no error');
      r.sequence.push('bus reset');
      if ((await r.link.reset()) !== 'dfu') return notApplicable('a bus reset leads out of DFU mode');
      const s = await r.status();
      if (s !== null && saysCorrupt(s)) return notApplicable('a bus reset leads to dfuERROR with errFIRMWARE');
      return must(s?.bStatus === 0 && s.bState === DFU_STATE.IDLE, s === null ? 'no status' : dfuTold(s));
    },
  },
  {
    id: 'dfu.reset-ends-work',
    title: 'behind a bus reset the state stays dfuIDLE, whatever was under way',
    paragraph: 'DFU 1.1 §A.2.3, §A.2.5',
    skip: writes,
    check: async (r) => {
      const { block, data } = longestWork(r);
      if ((await r.download(block, data)).status !== 'ok') return notApplicable('the work is refused');
      const s = await r.status();
      r.sequence.push('bus reset');
      const back = await r.link.reset();
      if (back === 'gone') return notApplicable('a device that is at work does not answer the host in time behind a bus reset');
      if (back !== 'dfu') return notApplicable('a bus reset leads out of DFU mode');
      // as long as the work would take
      for (const ms of [0, Math.min(s?.pollMs ?? 0, LONGEST_WORK), SHORT_WORK]) {
        await r.link.wait(ms);
        const now = await r.status();
        if (now?.bState !== DFU_STATE.IDLE && !(now && saysCorrupt(now))) return fail(now === null ? 'no status' : dfuTold(now));
      }
      return PASS;
    },
  },
  {
    id: 'dfu.short-lengths',
    title: 'GETSTATUS and GETSTATE are cut to wLength, and end with a short packet where it is longer',
    paragraph: 'USB 2.0 §9.3.5, DFU 1.1 §6.1.2, §6.1.5',
    check: async (r) => {
      for (const [request, length, want] of [
        [DFU.GETSTATUS, 1, 1],
        [DFU.GETSTATUS, 3, 3],
        [DFU.GETSTATUS, 64, 6],
        [DFU.GETSTATE, 64, 1],
      ] as const) {
        const { status, data } = await r.request(request, 0, length);
        // DFU 1.1 asks for wLength 6 and 1: another one may be refused
        if (status === 'stall') return dialect('other-length-stalls', `wLength ${length}: STALL`);
        if (status !== 'ok' || data.length !== want) return fail(`wLength ${length}: ${status}, ${data.length} bytes`);
      }
      return PASS;
    },
  },
  {
    id: 'dfu.busy-ends-in-sync',
    title: 'after bwPollTimeout GETSTATE says dfuDNLOAD-SYNC: the host is to ask for the status',
    paragraph: 'DFU 1.1 §A.2.5',
    skip: writes,
    tellsDialect: true,
    check: async (r) => {
      const first = await atWork(r);
      if ('verdict' in first) return first;
      if (!(await r.waitFor(first))) return fail(`bwPollTimeout is ${pollText(first.pollMs)}`);
      const state = await r.state();
      if (state === DFU_STATE.DNLOAD_IDLE) return dialect('busy-to-idle', 'dfuDNLOAD-IDLE without a GETSTATUS');
      return must(state === DFU_STATE.DNLOAD_SYNC || state === DFU_STATE.DNBUSY, state === null ? 'no GETSTATE' : dfuStateName(state));
    },
  },
  {
    id: 'dfu.busy-ends',
    title: 'dfuDNBUSY ends when the work is done',
    paragraph: 'DFU 1.1 §A.2.5, §6.1.2',
    skip: writes,
    check: async (r) => {
      const { block, data } = longWork(r);
      const s = await r.downloadAndSettle(block, data);
      if (s === null) return fail('no status');
      return must(s.bState === DFU_STATE.DNLOAD_IDLE && s.bStatus === 0, `${dfuTold(s)}, bwPollTimeout ${pollText(s.pollMs)}`);
    },
  },
  {
    id: 'dfu.idle-when-done',
    title: 'dfuDNLOAD-IDLE says that the work is done: flash is not at work behind it',
    paragraph: 'DFU 1.1 §A.2.4, §A.2.5',
    skip: (link) => (link.witness ? writes(link) : 'only the emulated chip tells when its flash is at work'),
    check: async (r) => {
      const { block, data } = longWork(r);
      const s = await r.downloadAndSettle(block, data);
      if (s?.bState !== DFU_STATE.DNLOAD_IDLE) return notApplicable('it does not get there');
      for (let ms = 0; ms < AFTER_WORK; ms++) {
        if (r.link.witness!.busy()) return fail(`the flash is at work ${ms} ms behind it`);
        await r.link.wait(1);
      }
      return PASS;
    },
  },
  {
    id: 'dfu.istring',
    title: 'iString is 0, or a string that is there',
    paragraph: 'DFU 1.1 §6.1.2',
    check: async (r) => {
      await r.request(0x5a);
      const { status, data } = await r.request(DFU.GETSTATUS, 0, 6);
      if (status !== 'ok' || data.length < 6) return fail(`${status}, ${data.length} bytes`);
      const index = data[5]!;
      if (index === 0) return PASS;
      const text = await r.control(
        getDescriptor(DESCRIPTOR.STRING, index, r.facts.langId, 255),
        new Uint8Array(0),
        `GET_DESCRIPTOR(STRING ${index}, 255)`,
      );
      return must(text.status === 'ok', `iString is ${index}, which is ${text.status}`);
    },
  },
  {
    id: 'dfu.poll-timeout-length',
    title: 'bwPollTimeout is the time that the work takes',
    paragraph: 'DFU 1.1 §6.1.2',
    skip: (link) => (link.witness ? writes(link) : 'only the emulated chip tells how long its flash is at work'),
    check: async (r) => {
      const first = await atWork(r);
      if ('verdict' in first) return first;
      const worked = await workedFor(r, first.pollMs);
      if (worked === null) return notApplicable('the flash is not at work behind this GETSTATUS');
      const most = POLL_FACTOR * Math.max(worked, SHORT_WORK);
      return must(first.pollMs <= most, `${pollText(first.pollMs)}; the flash was at work for ${worked} ms`);
    },
  },
  {
    id: 'dfu.poll-timeout-idle',
    title: 'bwPollTimeout is short where there is nothing to wait for',
    paragraph: 'DFU 1.1 §6.1.2',
    check: async (r) => {
      const idle = await r.status();
      await r.request(REQUEST_OF.unknown);
      const error = await r.status();
      if (idle === null || error === null) return fail('no status');
      const worst = Math.max(idle.pollMs, error.pollMs);
      return must(worst <= LONGEST_IDLE, pollText(worst));
    },
  },
  {
    id: 'dfu.upload-restarts',
    title: 'an ABORT ends an upload: the next one starts where the first did',
    paragraph: 'DFU 1.1 §6.2, §A.2.10',
    skip: uploads,
    check: async (r) => {
      const block = isDfuse(r.facts) ? 2 : 0;
      const size = Math.min(r.facts.functional.transferSize, 64);
      // what is blank reads alike from everywhere
      if (!isDfuse(r.facts) && r.link.writable !== null && downloads(r.link) === null) {
        const { transferSize } = r.facts.functional;
        const sent = pattern(Math.max(2 * transferSize, NOT_BLANK), 48);
        await blocks(r, sent, transferSize);
        await toIdle(r);
      }
      const first = await r.upload(block, size);
      if (first.status !== 'ok') return notApplicable('it cannot be read here');
      if (!isDfuse(r.facts) && (await r.state()) === DFU_STATE.UPLOAD_IDLE) await readToOther(r, block, first.data);
      const state = await r.state();
      if (state === DFU_STATE.UPLOAD_IDLE && (await r.request(DFU.ABORT)).status !== 'ok') return fail('ABORT was refused');
      if (state === DFU_STATE.ERROR) await r.request(DFU.CLRSTATUS);
      const again = await r.upload(block, size);
      return again.status === 'ok' ? sameBytes(again.data, first.data) : fail(`the second: ${again.status}`);
    },
  },
  {
    id: 'dfu.upload-of-less',
    title: 'an UPLOAD that gives all that wLength asks for leads to dfuUPLOAD-IDLE',
    paragraph: 'DFU 1.1 §A.2.3, §6.2',
    skip: uploads,
    tellsDialect: true,
    check: async (r) => {
      const length = Math.min(4, r.facts.functional.transferSize - 1);
      const { status, data } = await r.upload(isDfuse(r.facts) ? 2 : 0, length);
      if (status !== 'ok' || data.length !== length || length === 0) return notApplicable('it does not give so many bytes');
      const state = await r.state();
      if (state === DFU_STATE.IDLE) return dialect('short-upload-ends', `dfuIDLE behind ${length} of ${length} bytes`);
      return must(state === DFU_STATE.UPLOAD_IDLE, state === null ? 'no GETSTATE' : dfuStateName(state));
    },
  },
  {
    id: 'dfu.transfer-size',
    title: 'a block of wTransferSize bytes is taken',
    paragraph: 'DFU 1.1 §4.1.3, §6.1.1',
    skip: anyOf(writes, (link) => (isDfuse(link.facts) ? room(({ functional }) => functional.transferSize)(link) : null)),
    check: async (r) => {
      const { transferSize: size } = r.facts.functional;
      const block = isDfuse(r.facts) ? 2 : 0;
      for (let length = size; length > 0; length = Math.floor(length / 2)) {
        const wrong = isDfuse(r.facts) ? await readyToWrite(r) : null;
        if (wrong !== null) return notApplicable(wrong);
        if ((await r.download(block, pattern(length, 51))).status !== 'stall')
          return must(length === size, `${size} bytes: STALL; ${length} bytes are taken`);
        await toIdle(r);
      }
      return notApplicable('no block is taken');
    },
  },
  {
    id: 'dfu.block-too-long',
    title: 'a DNLOAD longer than wTransferSize is refused',
    paragraph: 'DFU 1.1 §6.1.1, §4.1.3',
    skip: downloads,
    check: async (r) => {
      const size = r.facts.functional.transferSize;
      for (const more of [64, 1, size]) {
        const wrong = await refusesLong(r, size + more);
        if (wrong !== null) return fail(`${size + more} bytes: ${wrong}`);
      }
      return PASS;
    },
  },
  {
    id: 'dfu.poll-timeout',
    title: 'after bwPollTimeout of an erase the device is no longer busy',
    paragraph: 'DFU 1.1 §6.1.2, §A.2.5',
    skip: anyOf(dfuseOnly, writes),
    check: (r) => busyFor(r, 0, erasePage(place(r))),
  },
  {
    id: 'dfu.poll-timeout-block',
    title: 'after bwPollTimeout of a block the device is no longer busy',
    paragraph: 'DFU 1.1 §6.1.2, §A.2.5',
    skip: writes,
    check: async (r) => {
      const data = pattern(r.facts.functional.transferSize, 62);
      if (!isDfuse(r.facts)) return busyFor(r, 0, data);
      const wrong = await readyToWrite(r);
      return wrong !== null ? fail(wrong) : busyFor(r, 2, data);
    },
  },
  {
    id: 'dfu.poll-timeout-mass',
    title: 'after bwPollTimeout of a mass erase the device is no longer busy',
    paragraph: 'DFU 1.1 §6.1.2, §A.2.5',
    skip: anyOf(dfuseOnly, writes, mayBeLost),
    check: (r) => busyFor(r, 0, dfuseCommand(DFUSE_CODE.ERASE)),
  },
];
/** A block of more than wTransferSize is refused, and the device goes on; a text says that it is not. */
async function refusesLong(r: Recorder, length: number): Promise<string | null> {
  const dfuse = isDfuse(r.facts);
  const wrong = dfuse && r.link.writable !== null ? await readyToWrite(r) : null;
  if (wrong !== null) return `before it: ${wrong}`;
  const { status } = await r.download(dfuse ? 2 : 0, new Uint8Array(length).fill(0x55));
  const s = status === 'ok' ? await r.settled() : null;
  if (status !== 'stall' && s?.bState !== DFU_STATE.ERROR) return s === null ? `${status}, then no status` : `accepted: ${dfuTold(s)}`;
  await toIdle(r);
  return (await r.state()) === DFU_STATE.IDLE ? null : 'dfuIDLE is not reached behind it';
}
/** Where no memory is: far away, and right behind each region that the device names. */
function outside({ facts: { alternates } }: Recorder): number[] {
  const named = alternates.flatMap((name) => parseDfuseLayout(name));
  const own = parseDfuseLayout(alternates[0] ?? '');
  return [NOWHERE, ...new Set(own.map((s) => s.end).filter((end) => segmentAt(named, end) === undefined))];
}
/** The worst of what is found. */
async function refusesOutside(r: Recorder, command: (address: number) => Uint8Array): Promise<Finding> {
  let worst: Finding = PASS;
  for (const at of outside(r)) {
    const found = await refusedWith(r, 0, command(at), [ERR.TARGET], OPENBL);
    if (found.verdict === 'fail') return { ...found, observed: `0x${at.toString(16).padStart(8, '0')}: ${found.observed}` };
    if (found.verdict === 'dialect') worst = found;
    await toIdle(r);
  }
  return worst;
}
/** A command or block, and whether bwPollTimeout holds. */
async function busyFor(r: Recorder, block: number, data: Uint8Array): Promise<Finding> {
  if ((await r.download(block, data)).status !== 'ok') return fail('it was refused');
  const first = await r.status();
  if (first === null) return fail('no status');
  if (!(await r.waitFor(first))) return fail(`bwPollTimeout is ${pollText(first.pollMs)}`);
  // a chip whose core stands still while its flash is at work answers the next GETSTATUS late, and is not busy then
  const atWork = r.link.witness?.busy() ?? false;
  const second = await r.status();
  if (second === null) return fail('no status after bwPollTimeout');
  if (atWork) return dialect('poll-timeout-short', `flash is still at work after ${first.pollMs} ms`);
  return second.bState === DFU_STATE.DNBUSY ? dialect('poll-timeout-short', `still dfuDNBUSY after ${first.pollMs} ms`) : PASS;
}

const DFUSE: readonly Requirement[] = [
  {
    id: 'dfuse.get-commands',
    title: 'UPLOAD of block 0 lists the commands 00, 21, 41 (and 92)',
    paragraph: 'AN3156 §4.2 (Get)',
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
    paragraph: 'AN3156 §5.2, AN2662 fig. 55',
    skip: anyOf(dfuseOnly, downloads),
    tellsDialect: true,
    check: async (r) => {
      if ((await r.download(0, setAddress(r.facts.layout[0]!.start))).status !== 'ok') return fail('refused');
      const first = await r.status();
      if (first?.bState === DFU_STATE.DNLOAD_IDLE)
        return dialect('never-busy', 'dfuDNLOAD-IDLE at once: dfu-util says "Wrong state after command"');
      if (first?.bState !== DFU_STATE.DNBUSY) return fail(first === null ? 'no status' : dfuTold(first));
      if (!(await r.waitFor(first))) return fail(`bwPollTimeout is ${pollText(first.pollMs)}`);
      const s = await r.settled();
      return must(s?.bState === DFU_STATE.DNLOAD_IDLE && s.bStatus === 0, s === null ? 'no status' : dfuTold(s));
    },
  },
  {
    id: 'dfuse.bad-address',
    title: 'Set Address Pointer outside of memory is errTARGET',
    paragraph: 'AN3156 §5.2, AN2662 fig. 55',
    skip: anyOf(dfuseOnly, downloads),
    tellsDialect: true,
    check: (r) => refusesOutside(r, setAddress),
  },
  {
    id: 'dfuse.bad-erase',
    title: 'Erase outside of memory is errTARGET',
    paragraph: 'AN3156 §5.3, AN2662 fig. 57',
    skip: anyOf(dfuseOnly, downloads),
    tellsDialect: true,
    check: (r) => refusesOutside(r, erasePage),
  },
  {
    id: 'dfuse.bad-command',
    title: 'a command that does not exist is errSTALLEDPKT',
    paragraph: 'AN2662 fig. 55',
    skip: anyOf(dfuseOnly, downloads),
    tellsDialect: true,
    check: (r) => refusedWith(r, 0, Uint8Array.of(0x77, 1, 2, 3), [ERR.STALLEDPKT], named(...OTHERS, ERR.TARGET)),
  },
  {
    id: 'dfuse.bad-length',
    title: 'a command with another length than its own is refused, and does nothing',
    paragraph: 'AN3156 §5.2, §5.3, AN2662 fig. 55',
    skip: anyOf(dfuseOnly, writes),
    tellsDialect: true,
    check: async (r) => {
      const [at, written] = [place(r), pattern(64, 66)];
      const wrong = await readyToWrite(r, ['write', 2, written]);
      if (wrong !== null) return fail(wrong);
      for (const data of [
        erasePage(at).slice(0, 3),
        erasePage(at).slice(0, 4),
        setAddress(at).slice(0, 4),
        Uint8Array.of(...erasePage(at), 0),
      ]) {
        await toIdle(r);
        const found = await refusedWith(r, 0, data, [ERR.STALLEDPKT], named(...OTHERS, ERR.TARGET));
        const said = `${data.length} bytes of command 0x${data[0]!.toString(16)}: `;
        if (found.verdict === 'fail') return { ...found, observed: `${said}${found.observed}` };
        if (!stillHolds(r, at, written)) return fail(`${said}flash at ${hex8(at)} has changed`);
      }
      return PASS;
    },
  },
  {
    id: 'dfuse.block-1',
    title: 'UPLOAD of block 1 is refused',
    paragraph: 'AN3156 §4.1 (block 1 is reserved)',
    skip: anyOf(dfuseOnly, uploads),
    check: async (r) => {
      const { status } = await r.upload(1, 64);
      if (status !== 'stall') return fail(status === 'ok' ? 'it was answered' : status);
      const state = await r.state();
      return must(state === DFU_STATE.ERROR || state === DFU_STATE.IDLE, state === null ? 'no GETSTATE' : dfuStateName(state));
    },
  },
  {
    id: 'dfuse.upload-needs-idle',
    title: 'UPLOAD right after a command is refused: an ABORT comes between',
    paragraph: 'DFU 1.1 §A.2.6, AN3156 §4.1',
    skip: anyOf(dfuseOnly, uploads, downloads),
    check: async (r) => {
      const wrong = await carriedOut(r, 'set address', 0, setAddress(r.facts.layout[0]!.start));
      if (wrong !== null) return fail(wrong);
      const { status } = await r.upload(2, 64);
      return status === 'stall' ? PASS : status === 'ok' ? dialect('upload-from-dnload-idle', 'it was answered') : fail(status);
    },
  },
];

const LEAVE: readonly Requirement[] = [
  {
    id: 'leave.manifest',
    title: 'a DNLOAD of length 0 and GETSTATUS: dfuMANIFEST',
    paragraph: 'AN3156 §5.5',
    skip: anyOf(dfuseOnly, staysHere),
    check: async (r) => {
      const wrong = await carriedOut(r, 'set address', 0, setAddress(r.facts.layout[0]!.start));
      if (wrong !== null) return fail(wrong);
      const s = await toldToLeave(r);
      if (s === null) return dialect('leaves-without-answer', 'GETSTATUS is not answered (H7, U5, G0)');
      return 'verdict' in s ? s : must(s.bState === 7 && s.bStatus === 0, dfuTold(s));
    },
  },
  {
    id: 'leave.goes',
    title: 'behind dfuMANIFEST the device leaves the bus',
    paragraph: 'AN3156 §5.5, DFU 1.1 §A.2.8',
    skip: (link) => dfuseOnly(link) ?? (link.expendable && link.witness ? null : 'the device may not be sent away'),
    check: async (r) => {
      const wrong = await carriedOut(r, 'set address', 0, setAddress(r.facts.layout[0]!.start));
      if (wrong !== null) return fail(wrong);
      const before = r.link.witness!.attached();
      const s = await toldToLeave(r);
      if (s !== null && 'verdict' in s) return s;
      for (let ms = 0; ms < LONGEST_LEAVE; ms += 10) {
        if (r.link.witness!.attached() !== before) return PASS;
        await r.link.wait(10);
      }
      return (await endRefused(r)) ?? fail(`it is still there ${LONGEST_LEAVE} ms later`);
    },
  },
  {
    id: 'leave.pointer',
    title: 'a leave starts the program whose vector table lies at the address pointer, with its MSP',
    paragraph: 'AN3156 §5.5',
    tellsDialect: true,
    skip: anyOf(dfuseOnly, staysHere, seenFlash, writes),
    check: async (r) => {
      if (r.facts.functional.transferSize < PROGRAM_LENGTH) return notApplicable('wTransferSize has no room for a program');
      const at = place(r);
      const program = loopProgram(at);
      const wrong = await readyToWrite(r, ['write', 2, program], ['set address', 0, setAddress(at)]);
      if (wrong !== null) return fail(wrong);
      const s = await toldToLeave(r);
      if (s !== null && 'verdict' in s) return s;
      const { witness } = r.link;
      for (let ms = 0; ms < LONGEST_LEAVE; ms += 10) {
        await r.link.wait(10);
        if (!loops(at, witness!.pc())) continue;
        const msp = witness!.msp();
        return hasStack(msp) ? PASS : dialect('leave-keeps-stack', `MSP is ${hex8(msp)}, not ${hex8(STACK_TOP)} as its vector table says`);
      }
      return dialect('leave-elsewhere', `the program at ${hex8(at)} does not run; PC is ${hex8(witness!.pc())}`);
    },
  },
];
/** A DNLOAD of length 0 and GETSTATUS: what it tells, or why that is no leave; null: no status, as of a device that is gone. */
async function toldToLeave(r: Recorder): Promise<DfuStatus | Finding | null> {
  const { status } = await r.download(2, new Uint8Array(0));
  if (status !== 'ok') return (status === 'stall' ? await endRefused(r) : null) ?? fail('the DNLOAD of length 0 was refused');
  const s = await r.status();
  return s && (noFirmware(s) ?? s);
}
/** A vector table, and the one instruction that each of its vectors leads to: a loop. */
export function loopProgram(address: number): Uint8Array {
  const words = new Uint32Array(VECTORS + 1).fill(address + 4 * VECTORS + 1);
  words[0] = STACK_TOP;
  words[VECTORS] = 0xbf00e7fe;
  return new Uint8Array(words.buffer);
}
/** That program is under way. */
export const loops = (address: number, pc: number): boolean => pc === address + 4 * VECTORS;
/** MSP is what its vector table says. */
export const hasStack = (msp: number): boolean => msp === STACK_TOP;
/** As many as fit in a packet. */
const VECTORS = 15;
const PROGRAM_LENGTH = 4 * (VECTORS + 1);
/** In the RAM of every part. */
const STACK_TOP = 0x20001000;
/** Milliseconds in which a device leaves, an application without a vector table included. */
export const LONGEST_LEAVE = 2000;

export const TRANSFER_REQUIREMENTS: readonly Requirement[] = [...COMMON, ...DFUSE, ...FLASH_REQUIREMENTS, ...PLAIN_REQUIREMENTS, ...LEAVE];
