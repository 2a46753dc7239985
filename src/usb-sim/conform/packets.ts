/** Packets of control transfers and what stands around them: USB 2.0 §5.5, §8.5, §8.6, §9. */
import { DESCRIPTOR, getDescriptor, setupPacket } from '../descriptors.ts';
import { DFU, DFU_STATE, dfuStateName } from '../dfu-protocol.ts';
import { namedStrings, stringWrong, totalLengthWrong } from './descriptor-rules.ts';
import { CAN_UPLOAD, isDfuse, type LinkAnswer } from './link.ts';
import type { Recorder } from './recorder.ts';
import { fail, must, notApplicable, PASS, type Finding, type Requirement } from './requirement.ts';
import { harmless, setAddress } from './states.ts';
import {
  AFTER_WORK,
  anyOf,
  carriedOut,
  pattern,
  place,
  pointAt,
  readyToWrite,
  sameBytes,
  seenFlash,
  toIdle,
  uploads,
  writes,
} from './steps.ts';

const NONE = new Uint8Array(0);
const MOST_STRINGS = 16;
/** Milliseconds: a device sees a suspend after 3 (USB 2.0 §7.1.7.6). */
const SUSPENDED = 10;
/** It ends in the middle of a character. */
const ODD_LENGTH = 9;
const readString = (r: Recorder, index: number, length: number): Promise<LinkAnswer> =>
  r.control(
    getDescriptor(DESCRIPTOR.STRING, index, index === 0 ? 0 : r.facts.langId, length),
    NONE,
    `GET_DESCRIPTOR(STRING ${index}, ${length})`,
  );

/** A read whose data ends with a full packet before wLength is reached; null: this device has none. */
async function shortByPackets(r: Recorder): Promise<LinkAnswer | null> {
  const { facts } = r;
  const uploadable = (facts.functional.attributes & CAN_UPLOAD) !== 0 && facts.functional.transferSize > facts.packet0;
  const upload = uploadable ? await (isDfuse(facts) ? lastPacket(r) : lastBlock(r)) : null;
  return upload ?? descriptorOfWholePackets(r);
}
async function descriptorOfWholePackets(r: Recorder): Promise<LinkAnswer | null> {
  const { configuration, packet0 } = r.facts;
  if (configuration.length % packet0 === 0)
    return r.control(getDescriptor(DESCRIPTOR.CONFIGURATION, 0, 0, 4096), NONE, 'GET_DESCRIPTOR(CONFIGURATION, 4096)');
  for (let index = 0; index <= MOST_STRINGS; index++) {
    const head = await readString(r, index, 2);
    if (head.status === 'ok' && head.data[0]! > 0 && head.data[0]! % packet0 === 0) return readString(r, index, 255);
  }
  return null;
}
/** DfuSe: a block that begins a packet before the end of memory. */
async function lastPacket(r: Recorder): Promise<LinkAnswer | null> {
  const end = r.facts.layout.findLast((s) => s.readable)?.end;
  if (end === undefined) return null;
  if ((await pointAt(r, end - r.facts.packet0)) !== null) return null;
  return r.upload(2, r.facts.functional.transferSize);
}
/** Without DfuSe: the short block that ends an upload, if it is whole packets; blocks of two lengths are tried. */
async function lastBlock(r: Recorder): Promise<LinkAnswer | null> {
  const { packet0, functional } = r.facts;
  for (const length of [functional.transferSize, functional.transferSize - packet0]) {
    const got = length > packet0 ? await endOfUpload(r, length) : null;
    if (got !== null && (got.status === 'timeout' || (got.data.length > 0 && got.data.length % packet0 === 0))) return got;
    const state = await r.state();
    if (state === DFU_STATE.UPLOAD_IDLE) await r.request(DFU.ABORT);
    else if (state !== DFU_STATE.IDLE) return null;
  }
  return null;
}
/** The block that ends an upload in blocks of a length; null: it is refused before, or does not end. */
async function endOfUpload(r: Recorder, length: number): Promise<LinkAnswer | null> {
  for (let block = 0; block < MOST_BLOCKS; block++) {
    const got = await r.upload(block, length);
    // a STALL behind data is one in place of the packet that ends them
    if (got.status !== 'ok') return got.status === 'timeout' || got.data.length > 0 ? got : null;
    if (got.data.length < length) return got;
  }
  return null;
}
const MOST_BLOCKS = 4096;

/** bLength of a string, and what comes where it is asked for exactly, and for more; a text is what is wrong. */
async function stringAskedWrong(r: Recorder, index: number, other: number | null): Promise<string | null> {
  const whole = await readString(r, index, 255);
  if (whole.status !== 'ok') return `string ${index}: ${whole.status}`;
  const wrong = stringWrong(index, whole.data);
  if (wrong !== null) return wrong;
  const length = whole.data.length;
  for (const asked of [2, ODD_LENGTH, length]) {
    // another string may lie where this one did
    if (other !== null) await readString(r, other, 255);
    const part = await readString(r, index, asked);
    if (part.status !== 'ok' || part.data.length !== Math.min(asked, length))
      return `string ${index}, wLength ${asked}: ${part.status}, ${part.data.length} bytes`;
    const same = sameBytes(part.data, whole.data.subarray(0, asked));
    if (same.verdict === 'fail') return `string ${index}, wLength ${asked}: ${same.observed}`;
  }
  return null;
}

/** A block of `length` bytes, where blocks may be written. */
async function block(r: Recorder, length: number): Promise<Finding | LinkAnswer> {
  if (!isDfuse(r.facts)) return r.download(0, pattern(length, 11));
  const wrong = await readyToWrite(r);
  return wrong === null ? r.download(2, pattern(length, 11)) : fail(wrong);
}

/** A block where `lost` was to go: it lies in flash alone. */
async function behindTheLost(r: Recorder, block: number, lost: Uint8Array): Promise<Finding> {
  const { facts } = r;
  const witness = r.link.witness!;
  const pointed = isDfuse(facts) ? await carriedOut(r, 'set address', 0, setAddress(place(r))) : null;
  const sent = pattern(facts.packet0, 41);
  const wrong = pointed ?? (await carriedOut(r, `block ${block}`, block, sent));
  if (wrong !== null) return fail(wrong);
  if (witness.find(lost) !== null) return fail('flash holds the packet of the block that was broken off');
  if (!isDfuse(facts)) return PASS;
  const same = sameBytes(witness.read(place(r), sent.length), sent);
  return same.verdict === 'fail' ? fail(`flash: ${same.observed}`) : same;
}

/** The host has the data, and its status stage tells the device so: an UPLOAD counts as one whose ACK came. */
async function uploadWithoutAck(r: Recorder): Promise<Finding> {
  if (uploads(r.link) !== null) return PASS;
  const states: (number | null)[] = [];
  for (const lost of [false, true]) {
    if (!(await r.link.fresh())) return fail('the device could not be brought back');
    if (lost) {
      r.sequence.push('the ACK of the host is lost in the data stage that follows');
      r.link.loseAck!();
    }
    const { status } = await r.upload(isDfuse(r.facts) ? 2 : 0, Math.min(8, r.facts.functional.transferSize));
    if (status !== 'ok') return lost ? fail(`UPLOAD: ${status}`) : PASS;
    states.push(await r.state());
  }
  const [whole, lost] = states.map((state) => (state === null ? 'no GETSTATE' : dfuStateName(state)));
  return must(whole === lost, `behind that UPLOAD ${lost}, and ${whole} where no ACK is lost`);
}

export const PACKET_REQUIREMENTS: readonly Requirement[] = [
  {
    id: 'usb.zero-length-packet',
    title: 'a read that is short by whole packets ends with a packet of length 0',
    paragraph: 'USB 2.0 §5.5.3, §8.5.3',
    check: async (r) => {
      const got = await shortByPackets(r);
      if (got === null) return notApplicable('the device has no such read');
      const { status, data } = got;
      if (status === 'stall' && data.length > 0) return fail(`a STALL behind ${data.length} bytes, in place of a packet of length 0`);
      return must(status === 'ok' || status === 'stall', `${status}: the data stage does not end`);
    },
  },
  {
    id: 'usb.full-last-packet',
    title: 'a block whose last packet is full is complete: nothing more is waited for',
    paragraph: 'USB 2.0 §5.5.3, §8.5.3',
    skip: writes,
    check: async (r) => {
      const length = r.facts.packet0;
      if (length > r.facts.functional.transferSize) return notApplicable('a block is shorter than a packet');
      const got = await block(r, length);
      return 'status' in got ? must(got.status === 'ok', got.status) : got;
    },
  },
  {
    id: 'usb.data-toggle',
    title: 'DATA0 and DATA1 take turns through a long read: no packet is lost',
    paragraph: 'USB 2.0 §8.6',
    skip: uploads,
    check: async (r) => {
      const { facts } = r;
      if (facts.functional.transferSize <= 2 * facts.packet0) return notApplicable('a block is not longer than two packets');
      const at = isDfuse(facts) ? 2 : 0;
      const first = await r.upload(at, facts.functional.transferSize);
      if (first.status === 'stall') return notApplicable('it cannot be read here');
      if (first.status !== 'ok') return fail(first.status);
      if ((await r.state()) === DFU_STATE.UPLOAD_IDLE) await r.request(DFU.ABORT);
      const again = await r.upload(at, facts.functional.transferSize);
      if (again.status !== 'ok') return fail(`the second: ${again.status}`);
      const same = sameBytes(again.data, first.data);
      // `dfu.upload-restarts` asks whether it begins again
      const moved = !isDfuse(facts) && again.data.length === first.data.length && same.verdict === 'fail';
      return moved ? notApplicable('a read goes on where the last one ended') : same;
    },
  },
  {
    id: 'usb.suspend',
    title: 'behind a suspend the device goes on where it was',
    paragraph: 'USB 2.0 §9.1.1.6, §7.1.7.6',
    skip: (link) => (link.suspend ? null : 'this link cannot suspend the bus'),
    check: async (r) => {
      const { block: number, data } = harmless(r);
      const begun = writes(r.link) === null && (await r.downloadAndSettle(number, data))?.bState === DFU_STATE.DNLOAD_IDLE;
      if (!begun) {
        await toIdle(r);
        await r.request(0x5a);
      }
      const before = await r.state();
      r.sequence.push(`the bus is idle for ${SUSPENDED} ms`);
      await r.link.suspend!(SUSPENDED);
      const after = await r.state();
      if (after === null) return fail('it does not answer any more');
      return must(after === before, `${dfuStateName(before ?? 0)} before, ${dfuStateName(after)} behind it`);
    },
  },
  {
    id: 'usb.new-setup',
    title: 'a SETUP in the middle of a long read gets an answer of its own',
    paragraph: 'USB 2.0 §5.5.5, §8.5.3',
    skip: (link) => (link.abandon ? uploads(link) : 'this link cannot break a transfer off'),
    check: async (r) => {
      const { facts } = r;
      const size = facts.functional.transferSize;
      if (size <= facts.packet0) return notApplicable('a block is no longer than a packet');
      r.sequence.push(`UPLOAD of ${size} bytes, broken off after its first packet`);
      await r.link.abandon!(setupPacket(0xa1, DFU.UPLOAD, isDfuse(facts) ? 2 : 0, facts.interfaceNumber, size));
      const { status, data } = await r.control(getDescriptor(DESCRIPTOR.DEVICE, 0, 0, 18), NONE, 'GET_DESCRIPTOR(DEVICE, 18)');
      const right = status === 'ok' && data.length === 18 && data[0] === 18 && (data[8]! | (data[9]! << 8)) === facts.vid;
      return must(right, `${status}, ${data.length} bytes${status === 'ok' ? ', not the descriptor' : ''}`);
    },
  },
  {
    id: 'usb.new-setup-in-write',
    title: 'of a block whose DNLOAD is broken off in its data stage nothing comes into the next one',
    paragraph: 'USB 2.0 §5.5.5, §8.5.3, DFU 1.1 §6.1.1',
    skip: (link) => (link.abandon ? anyOf(seenFlash, writes)(link) : 'this link cannot break a transfer off'),
    check: async (r) => {
      const { facts } = r;
      const length = Math.min(facts.functional.transferSize, 2 * facts.packet0);
      if (length <= facts.packet0) return notApplicable('a block is no longer than a packet');
      const wrong = isDfuse(facts) ? await readyToWrite(r) : null;
      if (wrong !== null) return fail(wrong);
      const lost = pattern(length, 40);
      const block = isDfuse(facts) ? 2 : 0;
      r.sequence.push(`DNLOAD block ${block} [${length} bytes], broken off after its first packet`);
      await r.link.abandon!(setupPacket(0x21, DFU.DNLOAD, block, facts.interfaceNumber, length), lost);
      if ((await r.state()) === null) return fail('a GETSTATE behind it is not answered');
      await toIdle(r);
      return behindTheLost(r, block, lost.subarray(0, facts.packet0));
    },
  },
  {
    id: 'usb.broken-off-write',
    title: 'a block whose DNLOAD is broken off in its data stage is not written',
    paragraph: 'USB 2.0 §8.5.3, DFU 1.1 §6.1.1',
    skip: (link) => (link.abandon ? anyOf(seenFlash, writes)(link) : 'this link cannot break a transfer off'),
    check: async (r) => {
      const { facts } = r;
      const length = Math.min(facts.functional.transferSize, 2 * facts.packet0);
      if (length <= facts.packet0) return notApplicable('a block is no longer than a packet');
      const wrong = isDfuse(facts) ? await readyToWrite(r) : null;
      if (wrong !== null) return fail(wrong);
      const lost = pattern(length, 43);
      const block = isDfuse(facts) ? 2 : 0;
      r.sequence.push(`DNLOAD block ${block} [${length} bytes], broken off after its first packet`);
      await r.link.abandon!(setupPacket(0x21, DFU.DNLOAD, block, facts.interfaceNumber, length), lost);
      await r.settled();
      await r.link.wait(AFTER_WORK);
      return must(r.link.witness!.find(lost.subarray(0, facts.packet0)) === null, 'its first packet lies in flash behind a GETSTATUS');
    },
  },
  {
    id: 'usb.lost-ack',
    title: 'a read whose last ACK is lost ends with its status stage',
    paragraph: 'USB 2.0 §8.5.3.3',
    skip: (link) => (link.loseAck ? null : 'this link cannot lose a handshake'),
    check: async (r) => {
      for (const refused of [false, true]) {
        // a request that is refused leaves its traces in an endpoint
        if (refused) await r.request(0x5a);
        r.sequence.push('the ACK of the host is lost in the data stage that follows');
        r.link.loseAck!();
        const { status, data } = await r.request(DFU.GETSTATUS, 0, 6);
        if (status !== 'ok' || data.length !== 6)
          return fail(`GETSTATUS${refused ? ' behind a STALL' : ''}: ${status}, ${data.length} bytes`);
      }
      return uploadWithoutAck(r);
    },
  },
  {
    id: 'usb.strings',
    title: 'each string that a descriptor names is there; bLength is what comes, and wLength cuts it',
    paragraph: 'USB 2.0 §9.6.7, §9.4.3',
    check: async (r) => {
      const device = await r.control(getDescriptor(DESCRIPTOR.DEVICE, 0, 0, 18), NONE, 'GET_DESCRIPTOR(DEVICE, 18)');
      const named = namedStrings(device.data, r.facts.configuration);
      const indices = new Set([...Array.from({ length: MOST_STRINGS + 1 }, (_, i) => i), ...named.map(([, index]) => index)]);
      let found = 0;
      let before: number | null = null;
      for (const index of indices) {
        const by = named.find(([, i]) => i === index);
        if ((await readString(r, index, 255)).status !== 'ok') {
          if (by) return fail(`${by[0]} is ${index}, and there is no such string`);
          if (!(await r.link.fresh())) return fail(`string ${index}: the device could not be brought back`);
          continue;
        }
        const wrong = await stringAskedWrong(r, index, before);
        if (wrong !== null) return fail(wrong);
        before = index;
        found++;
      }
      return found > 0 ? PASS : notApplicable('the device has no strings');
    },
  },
  {
    id: 'usb.total-length',
    title: 'wTotalLength is the length of the configuration with all that belongs to it',
    paragraph: 'USB 2.0 §9.6.3, §9.4.3',
    check: async (r) => {
      const { status, data } = await r.control(
        getDescriptor(DESCRIPTOR.CONFIGURATION, 0, 0, 4096),
        NONE,
        'GET_DESCRIPTOR(CONFIGURATION, 4096)',
      );
      const wrong = status === 'ok' ? totalLengthWrong(data) : status;
      return wrong === null ? PASS : fail(wrong);
    },
  },
  {
    id: 'usb.other-interface',
    title: 'a DFU request to an interface that is not there is refused',
    paragraph: 'USB 2.0 §9.2.7, DFU 1.1 §3',
    skip: (link) => (link.claimedOnly ? 'this link reaches claimed interfaces only' : null),
    check: async (r, { interfaceNumber }) => {
      const other = interfaceNumber + 5;
      if ((await r.state()) === null) return fail('no GETSTATE of its own interface');
      const { status } = await r.control(setupPacket(0xa1, DFU.GETSTATE, 0, other, 1), NONE, `GETSTATE of interface ${other}`);
      return must(status === 'stall', status === 'ok' ? 'it is answered' : status);
    },
  },
];
