/** What a device without DfuSe makes of blocks: DFU 1.1 §6, §7. Where it runs on the emulated chip, flash is looked at there as well. */
import { DFU, DFU_STATE, dfuStateName, dfuStatusName, dfuTold, hex8 } from '../dfu-protocol.ts';
import { MANIFESTATION_TOLERANT } from './link.ts';
import { lyingOf } from './lying.ts';
import { ERR, findsNoFirmware, STATE } from './model.ts';
import type { Recorder } from './recorder.ts';
import { named, OTHERS, otherStatus } from './refusals.ts';
import { dialect, fail, must, notApplicable, PASS, type Finding, type Requirement } from './requirement.ts';
import { endRefused } from './states.ts';
import {
  AFTER_WORK,
  anyOf,
  blocks,
  carriedOut,
  dropByError,
  dropByReset,
  mayBeLost,
  pattern,
  plainOnly,
  sameBytes,
  seenFlash,
  staysHere,
  steps,
  toIdle,
  uploads,
  writes,
  type Drop,
} from './steps.ts';

/** What ends a download before its time: the next one begins at the start of memory again. */
const RESTARTS: readonly (readonly [name: string, what: string, paragraph: string, seed: number, drop: Drop])[] = [
  [
    'abort',
    'an ABORT',
    'DFU 1.1 §6.1.4, §A.2.6',
    30,
    async (r) => ((await r.request(DFU.ABORT)).status === 'ok' ? null : 'ABORT is refused'),
  ],
  ['error', 'an error', 'DFU 1.1 §6.1.3, §A.2.11', 33, dropByError],
  ['reset', 'a bus reset', 'DFU 1.1 §A.1, §A.2.6', 36, dropByReset],
];

export const PLAIN_REQUIREMENTS: readonly Requirement[] = [
  {
    id: 'plain.download',
    title: 'blocks 0, 1, 2 are taken one after the other',
    paragraph: 'DFU 1.1 §6.1.1',
    skip: anyOf(plainOnly, writes),
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
    skip: anyOf(plainOnly, writes, staysHere),
    check: async (r) => {
      const wrong = await carriedOut(r, 'block 0', 0, pattern(64, 1));
      if (wrong !== null) return fail(wrong);
      const { status } = await r.download(1, new Uint8Array(0));
      if (status !== 'ok') return (status === 'stall' ? await endRefused(r) : null) ?? fail('the end of the download was refused');
      const s = await r.settled();
      if (s === null) return dialect('leaves-without-answer', 'no status');
      const tolerant = (r.facts.functional.attributes & MANIFESTATION_TOLERANT) !== 0;
      const end = tolerant ? DFU_STATE.IDLE : STATE.MANIFEST_WAIT_RESET;
      if (findsNoFirmware(s)) return notApplicable(`what was sent is no firmware for it: ${dfuStatusName(s.bStatus)}`);
      if (s.bStatus !== 0 || s.bState !== end) return fail(`${dfuTold(s)}; bitManifestationTolerant is ${tolerant ? 1 : 0}`);
      return PASS;
    },
  },
  {
    id: 'plain.written',
    title: 'blocks 0, 1 and a short one lie one behind the other in flash, and UPLOAD gives them back',
    paragraph: 'DFU 1.1 §6.1.1, §6.2',
    skip: anyOf(plainOnly, writes, uploads),
    check: async (r) => {
      const size = r.facts.functional.transferSize;
      const sent = pattern(2 * size + 13, 7);
      const { wrong } = await blocks(r, sent, size);
      if (wrong !== null) return fail(wrong);
      const kept = await inFlash(r, sent, 3);
      if (kept === 'gone') return notApplicable('it keeps the end of a download until manifestation, and leaves then');
      if (kept === 'part') return fail('flash holds the beginning of what was sent, and not the rest');
      const at = kept;
      if ((await r.state()) !== DFU_STATE.IDLE && (await r.request(DFU.ABORT)).status !== 'ok') return fail('ABORT was refused');
      const parts: number[] = [];
      for (const block of [0, 1, 2]) {
        const { status, data } = await r.upload(block, size);
        if (status !== 'ok') return fail(`UPLOAD block ${block}: ${status}`);
        parts.push(...data);
      }
      const got = Uint8Array.from(parts).subarray(0, sent.length);
      const memory = at === null ? null : r.link.witness!.read(at, sent.length);
      const same = sameBytes(got, memory ?? sent);
      return (same.verdict === 'pass' || at !== null ? null : await heldBack(r, sent)) ?? same;
    },
  },
  {
    id: 'plain.in-flash',
    title: 'blocks that were told as done lie in flash, from the first one on',
    paragraph: 'DFU 1.1 §A.2.4, §7',
    skip: anyOf(plainOnly, seenFlash, writes),
    tellsDialect: true,
    check: async (r) => {
      const sent = await wholeDownload(r, 49);
      const lying = sent.length === 0 ? null : lyingOf(r.link.witness!, sent, r.facts.functional.transferSize);
      if (lying === null) return notApplicable('what was sent does not lie in flash as it is, or its end does not');
      if (lying.heldBack === 0) return PASS;
      return dialect('held-back', `the first ${lying.heldBack} bytes are not there before the download ends`);
    },
  },
  {
    id: 'plain.shorter-blocks',
    title: 'a download in blocks shorter than wTransferSize lies in flash without gaps',
    paragraph: 'DFU 1.1 §4.1.3, §6.1.1',
    skip: anyOf(plainOnly, seenFlash, writes),
    tellsDialect: true,
    check: async (r) => {
      const size = r.facts.functional.transferSize;
      const part = Math.floor(size / 2) & ~7;
      if (part === 0) return notApplicable('a block is too short to be cut');
      const sent = pattern(part * Math.max(4, Math.floor(SOME_PAGES / part)), 50);
      const { wrong } = await blocks(r, sent, part);
      if (wrong !== null) return dialect('short-blocks-apart', wrong);
      if (lyingOf(r.link.witness!, sent, part) !== null) return PASS;
      const second = r.link.witness!.find(sent.subarray(part, 2 * part));
      const third = r.link.witness!.find(sent.subarray(2 * part, 3 * part));
      if (second === null || third === null) return notApplicable('what was sent does not lie in flash as it is');
      return dialect('short-blocks-apart', `blocks of ${part} bytes lie ${third - second} bytes apart`);
    },
  },
  {
    id: 'plain.neighbours',
    title: 'a block that is written again leaves the others as they are',
    paragraph: 'DFU 1.1 §6.1.1',
    skip: anyOf(plainOnly, seenFlash, writes),
    check: async (r) => {
      const size = r.facts.functional.transferSize;
      const sent = pattern(2 * size, 18);
      const { wrong } = await blocks(r, sent, size);
      const at = wrong === null ? r.link.witness!.find(sent) : null;
      if (at === null) return wrong === null ? notApplicable('what was sent does not lie in flash as it is') : fail(wrong);
      const again = pattern(size, 19);
      const second = await carriedOut(r, 'block 1 again', 1, again);
      // DFU 1.1 leaves open what a device does with a number out of turn: it may refuse it, or take it for the next one
      if (second !== null || r.link.witness!.find(again) !== at + size)
        return notApplicable('a block out of turn is not written in its place');
      return sameBytes(r.link.witness!.read(at, size), sent.slice(0, size));
    },
  },
  {
    id: 'plain.written-over',
    title: 'a download over an older one leaves nothing of it, in whatever page of flash',
    paragraph: 'DFU 1.1 §A.2.4, §6.1.2',
    skip: anyOf(plainOnly, seenFlash, writes, mayBeLost),
    check: async (r) => {
      const older = await wholeDownload(r, 46);
      const at = r.link.witness!.find(older);
      if (older.length === 0 || at === null) return notApplicable('what was sent does not lie in flash as it is');
      await toIdle(r);
      const newer = await wholeDownload(r, 47);
      if (newer.length < older.length) return notApplicable('it takes no second download');
      return sameBytes(r.link.witness!.read(at, newer.length), newer);
    },
  },
  {
    id: 'plain.odd-lengths',
    title: 'a block of 13 bytes is written whole, and an UPLOAD gives as many bytes as wLength asks for',
    paragraph: 'DFU 1.1 §6.1.1, §6.2',
    skip: anyOf(plainOnly, writes, uploads),
    check: async (r) => {
      const lengths = [Math.min(r.facts.packet0 + 36, r.facts.functional.transferSize), 13];
      for (const [i, length] of lengths.entries()) {
        const sent = pattern(length, 20 + 5 * i);
        const wrong = await carriedOut(r, 'block 0', 0, sent);
        if (wrong !== null) return fail(wrong);
        const kept = await inFlash(r, sent, 1);
        if (kept === 'gone') return notApplicable('it keeps the end of a download until manifestation, and leaves then');
        if (kept === 'part') return fail(`of a block of ${length} bytes not all are written`);
        if ((await r.state()) !== DFU_STATE.IDLE && (await r.request(DFU.ABORT)).status !== 'ok') return fail('ABORT was refused');
      }
      for (const length of [1, 3, 13]) {
        const { status, data } = await r.upload(0, length);
        if (status !== 'ok' || data.length !== length) return fail(`UPLOAD of ${length} bytes: ${status}, ${data.length} bytes`);
        if ((await r.state()) === DFU_STATE.UPLOAD_IDLE) await r.request(DFU.ABORT);
      }
      return PASS;
    },
  },
  {
    id: 'plain.behind-short',
    title: 'a block that comes behind a short one is written or refused, and the next download goes on as ever',
    paragraph: 'DFU 1.1 §6.1.1, §A.2.6',
    skip: anyOf(plainOnly, writes),
    check: async (r) => {
      const { transferSize } = r.facts.functional;
      const wrong = await carriedOut(r, 'block 0 [13 bytes]', 0, pattern(Math.min(13, transferSize), 41));
      if (wrong !== null) return notApplicable(wrong);
      for (const [what, block] of [
        ['the block behind it', 1],
        ['the next download', 0],
      ] as const) {
        const { status } = await r.download(block, pattern(transferSize, 42));
        if (status !== 'ok' && status !== 'stall') return fail(`${what}: ${status}`);
        if ((await r.settled()) === null) return fail(`${what}: no status`);
        await toIdle(r);
      }
      return PASS;
    },
  },
  {
    id: 'plain.high-block',
    title: 'a block behind the end of what the device writes is errADDRESS',
    paragraph: 'DFU 1.1 §6.1.2, §6.1.1',
    skip: anyOf(plainOnly, writes, mayBeLost),
    check: async (r) => {
      const { status } = await r.download(256, pattern(64, 21));
      const s = await (status === 'ok' ? r.settled() : r.status());
      if (s?.bState === DFU_STATE.DNLOAD_IDLE) {
        const at = r.link.witness?.find(pattern(64, 21)) ?? null;
        if (at === null || (await whereBlock(r, 0)) !== at) return notApplicable('it is taken');
        // a device that counts blocks by itself does not look at their numbers; one that does has cut this one
        const counts = (await whereBlock(r, 1)) === at;
        return counts
          ? dialect('number-ignored', 'blocks go one behind the other, whatever their number')
          : fail('block 256 goes where block 0 goes');
      }
      if (s?.bState !== DFU_STATE.ERROR) return fail(s === null ? 'no status' : dfuStateName(s.bState));
      return s.bStatus === ERR.ADDRESS ? PASS : otherStatus(s, named(...OTHERS, ERR.TARGET, ERR.VENDOR));
    },
  },
  {
    id: 'plain.end-of-memory',
    title: 'blocks that a device counts by itself are errADDRESS behind the end of what it writes',
    paragraph: 'DFU 1.1 §6.1.2, §6.1.1',
    skip: anyOf(plainOnly, seenFlash, writes, mayBeLost),
    check: async (r) => {
      const start = await whereBlock(r, 0);
      if (start === null || (await whereBlock(r, 1)) !== start)
        return notApplicable(
          'block 1 does not go where block 0 goes, as with a device that counts blocks by itself, or they are not seen in flash',
        );
      if ((await r.request(DFU.ABORT)).status !== 'ok') return fail('ABORT was refused');
      return fillTheMemory(r, start);
    },
  },
  ...RESTARTS.map(([name, what, paragraph, seed, drop]): Requirement => ({
    id: `plain.begins-again-${name}`,
    title: `a download behind ${what} begins at the start of memory again`,
    paragraph,
    skip: anyOf(plainOnly, seenFlash, writes),
    check: async (r) => {
      const size = r.facts.functional.transferSize;
      const first = lyingOf(r.link.witness!, await wholeDownload(r, seed), size);
      if (first === null) return notApplicable('what was sent does not lie in flash as it is');
      const kept = await drop(r);
      if (kept !== null) return notApplicable(kept);
      const again = await wholeDownload(r, seed + 1);
      if (again.length === 0) return notApplicable('it takes no second download');
      const second = lyingOf(r.link.witness!, again, size);
      if (second === null) return notApplicable('what was sent lies in flash once only');
      const apart = second.start - first.start;
      return must(
        apart === 0,
        `block 0 lies ${Math.abs(apart)} bytes ${apart > 0 ? 'behind' : 'before'} block 0 of the download that was dropped`,
      );
    },
  })),
  {
    id: 'plain.dropped',
    title: 'a block that an error or a bus reset came behind is not written later',
    paragraph: 'DFU 1.1 §A.1, §A.2.4, §A.2.11',
    skip: anyOf(plainOnly, seenFlash, writes),
    check: async (r) => {
      const sent = pattern(64, 22);
      await r.download(0, sent);
      // to start before GETSTATUS asks is the device's own choice, and what has begun is not taken back
      await r.link.wait(LONGEST_BLOCK);
      if (r.link.witness!.find(sent) !== null) return notApplicable('a block is written as soon as it has come');
      await r.request(0x5a);
      if ((await r.state()) === DFU_STATE.ERROR) {
        await r.request(DFU.CLRSTATUS);
        await r.settled();
        await r.link.wait(AFTER_WORK);
        if (r.link.witness!.find(sent) !== null) return fail('it was written behind the error');
        await r.download(0, sent);
      }
      if (r.link.witness!.find(sent) !== null) return notApplicable('a block is written in its DNLOAD');
      r.sequence.push('bus reset');
      if ((await r.link.reset()) !== 'dfu') return notApplicable('the device is not in DFU mode any more');
      await r.settled();
      await r.link.wait(AFTER_WORK);
      return must(r.link.witness!.find(sent) === null, 'it was written behind the reset');
    },
  },
  {
    id: 'plain.upload',
    title: 'an upload ends with a short block',
    paragraph: 'DFU 1.1 §6.2',
    skip: anyOf(plainOnly, uploads),
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
/**
 * Where what was sent lies in flash; null: nowhere (it may be encrypted), or nobody can say. What is not there yet may be kept until the download ends (DFU 1.1 §7),
 * which `next` is the number for.
 */
async function inFlash(r: Recorder, sent: Uint8Array, next: number): Promise<number | null | 'part' | 'gone'> {
  const { witness } = r.link;
  if (!witness) return null;
  const begun = witness.find(sent.subarray(0, Math.min(16, sent.length - 1)));
  const at = witness.find(sent);
  if (at !== null || begun === null) return at;
  if (!r.link.expendable || (await r.download(next, new Uint8Array(0))).status !== 'ok') return 'part';
  const s = await r.settled();
  const found = witness.find(sent);
  if (found === null) return 'part';
  return s?.bState === DFU_STATE.IDLE ? found : 'gone';
}
/** Flash does not have it before the device has been told that it is whole: nobody starts half a program. */
async function heldBack(r: Recorder, sent: Uint8Array): Promise<Finding | null> {
  const { witness, expendable } = r.link;
  if (!witness || !expendable) return null;
  await toIdle(r);
  const size = r.facts.functional.transferSize;
  if ((await blocks(r, sent, size)).wrong !== null || (await r.download(3, new Uint8Array(0))).status !== 'ok') return null;
  const s = await r.settled();
  if (s !== null && findsNoFirmware(s)) return notApplicable(`it starts no such program: ${dfuStatusName(s.bStatus)}`);
  return witness.find(sent) === null ? null : notApplicable('it keeps a part of a download until manifestation');
}
/** Blocks from the start on, some pages of flash, and what of them was told as done. */
async function wholeDownload(r: Recorder, seed: number): Promise<Uint8Array> {
  const size = r.facts.functional.transferSize;
  const sent = pattern(size * Math.max(3, Math.floor(SOME_PAGES / size)), seed);
  return sent.subarray(0, (await blocks(r, sent, size)).done);
}
const SOME_PAGES = 8192;
/** Milliseconds in which a device has written a block, and erased what lies there. */
const LONGEST_BLOCK = 1000;
/** Where a block goes that is the first behind dfuIDLE. */
async function whereBlock(r: Recorder, block: number): Promise<number | null> {
  if ((await r.request(DFU.ABORT)).status !== 'ok') return null;
  const sent = pattern(64, 23 + block);
  return (await carriedOut(r, `block ${block}`, block, sent)) === null ? (r.link.witness?.find(sent) ?? null) : null;
}
const MAX_BLOCKS = 1024;
/** One block behind the other until the device takes no more; it has begun at `start`. */
async function fillTheMemory(r: Recorder, start: number): Promise<Finding> {
  const size = r.facts.functional.transferSize;
  for (let block = 0; block < MAX_BLOCKS; block++) {
    const taken = block * size;
    if (r.link.witness!.read(start, taken) === null)
      return fail(`${taken} bytes were taken from ${hex8(start)} on, more than flash has there`);
    const { status } = await r.download(block, pattern(size, block));
    const s = await (status === 'ok' ? r.settled() : r.status());
    if (s === null) return fail(`block ${block}: no status`);
    if (s.bState === DFU_STATE.DNLOAD_IDLE && s.bStatus === 0) continue;
    if (s.bState !== DFU_STATE.ERROR) return fail(`block ${block}: ${dfuTold(s)}`);
    if (s.bStatus === ERR.ADDRESS) return PASS;
    return s.bStatus === 0
      ? fail(`block ${block}: dfuERROR with status OK`)
      : otherStatus(s, named(...OTHERS, ERR.TARGET, ERR.PROG, ERR.VERIFY, ERR.VENDOR));
  }
  return notApplicable(`${MAX_BLOCKS} blocks and no end`);
}
