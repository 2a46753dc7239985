/** What DfuSe does to flash: AN3156 §4 and §5. Where the device runs on the emulated chip, flash is looked at there as well. */
import { parseDfuseLayout, sectorOf, segmentAt, setupPacket } from '../descriptors.ts';
import { DFU, DFU_STATE, DFUSE_CODE, dfuseCommand, dfuStateName, dfuTold, hex8 } from '../dfu-protocol.ts';
import { otherMemory, type DfuFacts } from './link.ts';
import { STATE } from './model.ts';
import type { Recorder } from './recorder.ts';
import { dialect, fail, must, notApplicable, PASS, type Finding, type Requirement } from './requirement.ts';
import {
  anyOf,
  asFlashHas,
  carriedOut,
  dfuseOnly,
  downloads,
  dropByError,
  dropByReset,
  erasePage,
  mayBeLost,
  pattern,
  place,
  pointAt,
  readBack,
  readyToWrite,
  room,
  sameBytes,
  seenFlash,
  steps,
  toIdle,
  uploads,
  writes,
  type Drop,
  stillHolds,
} from './steps.ts';
import { setAddress } from './states.ts';

/** 0xFF, or 0x00 where the part erases to that. */
function readsErased(r: Recorder, got: Uint8Array | string): Finding {
  const { erased } = r.link;
  if (erased === undefined && typeof got !== 'string' && got.length > 0 && got.every((b) => b === 0))
    return dialect('erased-zero', 'erased flash reads 0x00, as on STM32L0 and L1');
  return sameBytes(got, new Uint8Array(64).fill(erased ?? 0xff));
}

const block = (facts: DfuFacts): number => facts.functional.transferSize;
const whole = (facts: DfuFacts): number => 3 * block(facts);
/** What was written must lie in flash where it belongs, if the chip itself can be asked; null: it does, or nobody can say. */
function misplaced(r: Recorder, address: number, sent: Uint8Array): string | null {
  const there = r.link.witness?.read(address, sent.length) ?? null;
  if (there === null) return null;
  const at = sent.findIndex((b, i) => there[i] !== b);
  if (at < 0) return null;
  const found = sent.length < LONG_ENOUGH ? null : r.link.witness!.find(sent);
  const where = found === null ? '' : `; what was sent lies at ${hex8(found)}`;
  return `DNLOAD: flash at ${hex8(address + at)} holds 0x${there[at]!.toString(16)}, not 0x${sent[at]!.toString(16)}${where}`;
}
/** Bytes that flash has once only. */
const LONG_ENOUGH = 13;
/** What was written lies where it belongs, and an upload gives it back. */
async function writtenAndRead(r: Recorder, address: number, sent: Uint8Array): Promise<Finding> {
  const wrong = misplaced(r, address, sent);
  if (wrong !== null) return fail(wrong);
  const got = await readBack(r, address, sent.length);
  const same = sameBytes(got, sent);
  return same.verdict === 'fail' && r.link.witness ? fail(`UPLOAD: ${same.observed}; flash holds what was sent`) : same;
}
/** Erased flash, as the chip itself has it. */
function notErased(r: Recorder, address: number, length: number): string | null {
  const there = r.link.witness?.read(address, length) ?? null;
  const at = there?.findIndex((b) => b !== (r.link.erased ?? 0xff)) ?? -1;
  return at < 0 ? null : `flash at ${hex8(address + at)} holds 0x${there![at]!.toString(16)} behind the erase`;
}

/** What makes a device drop a block before its GETSTATUS; a text says that it does not. */
const DROPS: readonly (readonly [name: string, what: string, paragraph: string, seed: number, drop: Drop])[] = [
  [
    'abort',
    'was aborted before GETSTATUS is not written',
    'DFU 1.1 §A.2.4; ST: ABORT is taken in dfuDNLOAD-SYNC',
    5,
    async (r) => ((await r.request(DFU.ABORT)).status === 'ok' ? null : 'ABORT is refused in dfuDNLOAD-SYNC'),
  ],
  ['reset', 'a bus reset came before is not written later', 'DFU 1.1 §A.1, AN3156 §5.1', 8, dropByReset],
  ['refused', 'an error came behind is not written later', 'DFU 1.1 §A.2.4, §A.2.11', 10, dropByError],
];
export const FLASH_REQUIREMENTS: readonly Requirement[] = [
  {
    id: 'flash.erase',
    title: 'an erased page reads as erased flash does',
    paragraph: 'AN3156 §5.3',
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const at = place(r);
      const wrong = await readyToWrite(r, ['write', 2, pattern(64, 1)], ['erase', 0, erasePage(at)]);
      const left = wrong ?? notErased(r, at, sectorAt(r, at));
      return left !== null ? fail(left) : readsErased(r, await readBack(r, at, 64));
    },
  },
  ...(
    [
      ['whole-block', 'a block of wTransferSize', block],
      ['odd', 'an odd tail of 13 bytes', () => 13],
      ['one', 'a block of 2 bytes', () => 2],
      ['packet', 'a block of exactly one packet', (f: DfuFacts) => f.packet0],
      ['short-last', 'a block of one packet and a short one', (f: DfuFacts) => Math.min(f.packet0 + 36, f.functional.transferSize)],
    ] as const
  ).map(([name, what, length]): Requirement => ({
    id: `flash.write-${name}`,
    title: `${what} is written and read back`,
    paragraph: 'AN3156 §5.1, §4.1',
    skip: anyOf(dfuseOnly, writes, uploads, room(length)),
    check: async (r) => {
      const at = place(r);
      const data = pattern(length(r.facts), 2);
      const wrong = await readyToWrite(r, ['write', 2, data]);
      if (wrong !== null) return fail(wrong);
      return writtenAndRead(r, at, data);
    },
  })),
  {
    id: 'flash.behind-block',
    title: 'a block of 13 bytes changes nothing behind its last byte',
    paragraph: 'AN3156 §5.1',
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const at = place(r) + 13;
      const wrong = await readyToWrite(r, ['write', 2, pattern(13, 52)]);
      if (wrong !== null) return fail(wrong);
      const there = r.link.witness?.read(at, 51) ?? (await readBack(r, at, 51));
      if (typeof there === 'string') return fail(there);
      const changed = there.findIndex((b) => b !== (r.link.erased ?? there.at(-1)));
      return must(changed < 0, `flash at ${hex8(at + changed)} holds 0x${there[changed]?.toString(16)}, and nothing was sent there`);
    },
  },
  {
    id: 'flash.block-arithmetic',
    title: 'blocks 2, 3, 4 go to pointer + (block - 2) × wTransferSize',
    paragraph: 'AN3156 §5.1',
    skip: anyOf(dfuseOnly, writes, uploads, room(whole)),
    check: async (r) => {
      const at = place(r);
      const size = r.facts.functional.transferSize;
      const data = pattern(3 * size, 3);
      const wrong =
        (await eraseAll(r, at, at + data.length)) ??
        (await steps(
          r,
          ['set address', 0, setAddress(at)],
          ...[4, 2, 3].map((b) => [`write block ${b}`, b, data.slice((b - 2) * size, (b - 1) * size)] as const),
        ));
      return wrong !== null ? fail(wrong) : writtenAndRead(r, at, data);
    },
  },
  {
    id: 'flash.across-sectors',
    title: 'a block that begins in one sector and ends in the next one is written whole',
    paragraph: 'AN3156 §5.1',
    skip: anyOf(dfuseOnly, writes, uploads, room(block)),
    check: async (r) => {
      const first = place(r);
      const second = first + sectorAt(r, first);
      const data = pattern(Math.min(64, r.facts.functional.transferSize), 68);
      const at = second - Math.min(32, data.length / 2);
      if (second >= first + r.link.writable!.length) return notApplicable('the flash that may be written is one page');
      const wrong = (await eraseAll(r, first, second + 1)) ?? (await steps(r, ['set address', 0, setAddress(at)], ['write', 2, data]));
      return wrong !== null ? fail(wrong) : writtenAndRead(r, at, data);
    },
  },
  {
    id: 'flash.write-end',
    title: 'a block that reaches behind the end of memory is refused, one that ends there is written',
    paragraph: 'AN3156 §5.1, DFU 1.1 §6.1.2',
    skip: anyOf(dfuseOnly, writes, mayBeLost),
    check: async (r) => {
      const last = r.facts.layout.findLast((s) => s.writable && s.erasable);
      const size = Math.min(64, r.facts.functional.transferSize);
      if (!last || last.end !== r.facts.layout.at(-1)!.end || segmentAt(otherMemory(r.facts), last.end))
        return notApplicable('other memory lies behind what may be written');
      const erased = await carriedOut(r, 'erase', 0, erasePage(last.end - last.sectorSize));
      if (erased !== null) return notApplicable(erased);
      const data = pattern(size, 69);
      const wrong =
        (await steps(r, ['set address', 0, setAddress(last.end - size)], ['write', 2, data])) ?? misplaced(r, last.end - size, data);
      if (wrong !== null) return fail(wrong);
      const half = await steps(r, ['erase', 0, erasePage(last.end - last.sectorSize)], ['set address', 0, setAddress(last.end - size / 2)]);
      if (half !== null) return fail(half);
      const s = await r.downloadAndSettle(2, data);
      return must(
        s?.bState !== DFU_STATE.DNLOAD_IDLE,
        `${size} bytes from ${hex8(last.end - size / 2)} on end in dfuDNLOAD-IDLE, status OK`,
      );
    },
  },
  {
    id: 'flash.neighbours',
    title: 'an erase leaves the pages before and behind it alone',
    paragraph: 'AN3156 §5.3',
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const first = place(r);
      const second = first + sectorAt(r, first);
      if (second >= first + r.link.writable!.length) return notApplicable('the flash that may be written is one page');
      const data = pattern(64, 4);
      for (const [erased, kept, side] of [
        [first, second, 'behind'],
        [second, first, 'before'],
      ] as const) {
        const wrong = await steps(
          r,
          ['erase', 0, erasePage(kept)],
          ['set address', 0, setAddress(kept)],
          ['write', 2, data],
          ['erase', 0, erasePage(erased)],
        );
        if (wrong !== null) return fail(wrong);
        const found = await writtenAndRead(r, kept, data);
        if (found.verdict === 'fail')
          return fail(`the erase of ${hex8(erased)} changed the page ${side} it, at ${hex8(kept)}: ${found.observed}`);
        await toIdle(r);
      }
      return PASS;
    },
  },
  ...DROPS.map(([name, what, paragraph, seed, drop]): Requirement => ({
    id: `flash.${name}-drops`,
    title: `a block that ${what}`,
    paragraph,
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const wrong = await readyToWrite(r);
      if (wrong !== null) return fail(wrong);
      const sent = pattern(64, seed);
      await r.download(2, sent);
      const not = await drop(r);
      if (not !== null) return notApplicable(not);
      await r.settled();
      const got = await readBack(r, place(r), sent.length);
      return typeof got !== 'string' && got.every((b, i) => b === sent[i]) ? fail('it was written') : readsErased(r, got);
    },
  })),
  {
    id: 'flash.mass-erase',
    title: 'mass erase empties the flash',
    paragraph: 'AN3156 §5.3',
    skip: anyOf(dfuseOnly, writes, uploads, mayBeLost),
    check: async (r) => {
      const at = place(r);
      const sectors = [...new Set([at, lastSector(r), ...(await emptied(r))])];
      const wrong = await steps(
        r,
        ...sectors.flatMap((sector): [string, number, Uint8Array][] => [
          ['erase', 0, erasePage(sector)],
          ['set address', 0, setAddress(sector)],
          ['write', 2, pattern(64, 6)],
        ]),
        ['mass erase', 0, dfuseCommand(DFUSE_CODE.ERASE)],
      );
      const left =
        wrong ??
        sectors.map((sector) => notErased(r, sector, 64)).find((said) => said !== null) ??
        notErased(r, r.link.writable!.address, r.link.writable!.length);
      return left !== null ? fail(left) : readsErased(r, await readBack(r, at, 64));
    },
  },
  {
    id: 'flash.mass-erase-alone',
    title: 'a mass erase leaves the memory of other settings',
    paragraph: 'UM0424 (memory layout), AN3156 §5.3',
    tellsDialect: true,
    skip: anyOf(dfuseOnly, writes, seenFlash, mayBeLost),
    check: async (r, facts) => {
      for (const [alternate, name] of facts.alternates.entries()) {
        const own = parseDfuseLayout(name).find((s) => s.writable && r.link.witness!.read(s.start, 64) !== null);
        if (alternate === 0 || !own || segmentAt(facts.layout, own.start)) continue;
        if ((await chosen(r, alternate)) !== null) return notApplicable(`setting ${alternate} cannot be chosen`);
        const data = pattern(64, 63);
        const wrong = await steps(r, ['set address', 0, setAddress(own.start)], ['write', 2, data]);
        if (wrong !== null) return notApplicable(wrong);
        await toIdle(r);
        if ((await chosen(r, 0)) !== null) return notApplicable('setting 0 cannot be chosen');
        const before = r.link.witness!.read(own.start, 64)!;
        const erased = await carriedOut(r, 'mass erase', 0, dfuseCommand(DFUSE_CODE.ERASE));
        if (erased !== null) return notApplicable(erased);
        if (!stillHolds(r, own.start, before)) return dialect('mass-erase-takes-all', `${name}: what lay at ${hex8(own.start)} is gone`);
      }
      return facts.alternates.length > 1 ? erasedFromOther(r) : PASS;
    },
  },
  {
    id: 'flash.each-region',
    title: 'the first and the last sector of each region are as long as the name says, and erased whole and alone',
    paragraph: 'UM0424 (memory layout), AN3156 §5.3',
    skip: anyOf(dfuseOnly, writes, seenFlash, mayBeLost),
    check: async (r, facts) => {
      const open = facts.layout.filter((s) => s.erasable && s.writable && r.link.witness!.read(s.start, s.end - s.start) !== null);
      for (const { start, end, sectorSize } of open)
        for (const at of new Set([start, end - sectorSize])) {
          const wrong = await sectorErased(r, at, sectorSize, [
            ...(at > start ? [at - MARK] : []),
            ...(at + sectorSize < end ? [at + sectorSize] : []),
          ]);
          if (wrong !== null) return fail(`the sector at ${hex8(at)}: ${wrong}`);
        }
      return PASS;
    },
  },
  {
    id: 'flash.high-blocks',
    title: 'the block number has 16 bits: a block far behind the pointer is read there, or refused behind the end of memory',
    paragraph: 'AN3156 §4.1, §5.1, DFU 1.1 §6.1.1',
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const size = r.facts.functional.transferSize;
      const { start } = r.facts.layout[0]!;
      const end = r.facts.layout.at(-1)!.end;
      for (const n of [64, 256]) {
        const wrong = await pointAt(r, start);
        if (wrong !== null) return fail(wrong);
        const at = start + n * size;
        const { status, data } = await r.upload(2 + n, size);
        const nothing = at >= end && segmentAt(otherMemory(r.facts), at) === undefined;
        if (nothing && status === 'ok' && data.length > 0) return fail(`UPLOAD block ${2 + n}: ${data.length} bytes from behind the end`);
        const same = at + size > end || status !== 'ok' ? PASS : asFlashHas(r, at, size, data);
        if (same.verdict === 'fail') return fail(`UPLOAD block ${2 + n}: ${same.observed}`);
        await toIdle(r);
      }
      return farBlock(r, end);
    },
  },
  {
    id: 'flash.block-1',
    title: 'block 1 is reserved: with the pointer inside memory it is neither written nor read',
    paragraph: 'AN3156 §4.1, §5.1 (block 1 is reserved)',
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const at = place(r);
      const size = r.facts.functional.transferSize;
      const page = sectorAt(r, at);
      const pointer = at + Math.max(page, size);
      if (pointer >= r.facts.layout.at(-1)!.end) return notApplicable('the flash that may be written ends with the memory');
      const wrong = (await carriedOut(r, 'erase', 0, erasePage(at))) ?? (await pointAt(r, pointer));
      if (wrong !== null) return fail(wrong);
      if ((await r.upload(1, 64)).status === 'ok') return fail('UPLOAD: it was answered');
      await toIdle(r);
      const again = await carriedOut(r, 'set address', 0, setAddress(pointer));
      if (again !== null) return fail(again);
      if ((await r.download(1, pattern(64, 12))).status === 'ok') await r.settled();
      await toIdle(r);
      const left = await readBack(r, pointer - size, 64);
      return typeof left !== 'string' && left.every((b, i) => b === pattern(64, 12)[i]) ? fail('DNLOAD: it was written') : PASS;
    },
  },
  {
    id: 'flash.read-only',
    title: 'a write or an erase of memory that may only be read is refused',
    paragraph: 'AN3156 §5.1, §5.3, DFU 1.1 §6.1.2',
    skip: anyOf(dfuseOnly, downloads, mayBeLost),
    check: async (r) => {
      const s = r.facts.layout.find((x) => x.readable && !x.writable && !x.erasable);
      if (!s) return notApplicable('the device names no such memory');
      // the last sector first: firmware may run from the others
      for (const at of new Set([s.end - s.sectorSize, s.start])) {
        const wrong = await takes(r, at);
        if (wrong !== null) return fail(wrong);
      }
      return PASS;
    },
  },
  {
    id: 'flash.erase-inside',
    title: 'an Erase of an address inside a sector erases that sector, or is refused: the one behind it stays',
    paragraph: 'AN3156 §5.3',
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const at = place(r);
      const sector = sectorAt(r, at);
      if (r.link.writable!.length < 2 * sector) return notApplicable('only one sector may be written');
      const kept = pattern(64, 50);
      const wrong = await steps(
        r,
        ['erase', 0, erasePage(at)],
        ['erase the next', 0, erasePage(at + sector)],
        ['set address', 0, setAddress(at + sector)],
        ['write the next', 2, kept],
        ['set address', 0, setAddress(at)],
        ['write', 2, pattern(64, 51)],
      );
      if (wrong !== null) return fail(wrong);
      const s = await r.downloadAndSettle(0, erasePage(at + sector / 2));
      if (s === null) return fail('no status');
      await toIdle(r);
      const next = sameBytes(await readBack(r, at + sector, 64), kept);
      if (next.verdict === 'fail') return fail(`the sector behind it: ${next.observed}`);
      const left = s.bState === DFU_STATE.DNLOAD_IDLE ? notErased(r, at, 64) : null;
      return left === null ? PASS : fail(left);
    },
  },
  {
    id: 'flash.short-block',
    title: 'a short block 3 goes to pointer + wTransferSize, and is read from there',
    paragraph: 'AN3156 §5.1, §4.1',
    skip: anyOf(dfuseOnly, writes, uploads, room(whole)),
    check: async (r) => {
      const at = place(r);
      const size = r.facts.functional.transferSize;
      const data = pattern(Math.min(64, size), 52);
      const wrong =
        (await eraseAll(r, at, at + 2 * size)) ??
        (await steps(r, ['set address', 0, setAddress(at)], ['write block 3', 3, data])) ??
        misplaced(r, at + size, data) ??
        (await pointAt(r, at));
      if (wrong !== null) return fail(wrong);
      const { status, data: got } = await r.upload(3, data.length);
      return status === 'ok' ? sameBytes(got, data) : fail(`UPLOAD: ${status}`);
    },
  },
  {
    id: 'flash.after-error',
    title: 'behind a write that flash did not take, and behind CLRSTATUS, an erase and a write succeed',
    paragraph: 'DFU 1.1 §6.1.3, §A.2.11',
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const at = place(r);
      const wrong = await readyToWrite(r, ['write', 2, pattern(64, 53)]);
      if (wrong !== null) return fail(wrong);
      await r.downloadAndSettle(2, pattern(64, 54));
      await toIdle(r);
      const data = pattern(64, 55);
      const then = await readyToWrite(r, ['write', 2, data]);
      return then !== null ? fail(`behind it: ${then}`) : writtenAndRead(r, at, data);
    },
  },
  {
    id: 'flash.after-stall',
    title: 'a block outlives a request that is refused in dfuDNLOAD-SYNC, where the state does',
    paragraph: 'DFU 1.1 §A.2.4, AN3156 §5.1',
    skip: anyOf(dfuseOnly, writes, seenFlash),
    check: async (r) => {
      const data = pattern(64, 65);
      const wrong = await readyToWrite(r);
      if (wrong !== null) return fail(wrong);
      if ((await r.download(2, data)).status !== 'ok') return fail('DNLOAD was refused');
      const { status } = await r.upload(2, 64);
      if (status !== 'stall' || (await r.state()) !== STATE.DNLOAD_SYNC)
        return notApplicable('an UPLOAD does not leave dfuDNLOAD-SYNC as it is');
      const s = await r.settled();
      if (s?.bState !== DFU_STATE.DNLOAD_IDLE) return notApplicable(s === null ? 'no status' : dfuTold(s));
      const lost = misplaced(r, place(r), data);
      return lost === null ? PASS : fail(lost);
    },
  },
  {
    id: 'dfuse.reset-pointer',
    title: 'the address pointer does not outlive a bus reset',
    paragraph: 'AN3156 §5.2, DFU 1.1 §A.1',
    tellsDialect: true,
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const data = pattern(64, 61);
      const before = await r.upload(2, 64);
      if (before.status === 'ok' && (await r.state()) === DFU_STATE.UPLOAD_IDLE) await r.request(DFU.ABORT);
      await toIdle(r);
      const wrong = await readyToWrite(r, ['write', 2, data], ['set address', 0, setAddress(place(r))]);
      if (wrong !== null) return fail(wrong);
      if ((await dropByReset(r)) !== null) return notApplicable('a bus reset leads out of DFU mode');
      const { status, data: got } = await r.upload(2, 64);
      const same = status === 'ok' && got.length === 64 && got.every((b, i) => b === data[i]);
      return same ? dialect('pointer-outlives-reset', 'an UPLOAD of block 2 gives what lies at the pointer of before') : PASS;
    },
  },
  {
    id: 'flash.verified',
    title: 'a write that flash does not take is not reported as OK',
    paragraph: 'DFU 1.1 §6.1.2 (errWRITE, errVERIFY)',
    skip: anyOf(dfuseOnly, writes, uploads),
    tellsDialect: true,
    check: async (r) => {
      const at = place(r);
      const wrong = await readyToWrite(r, ['write', 2, pattern(64, 14)]);
      if (wrong !== null) return fail(wrong);
      const over = await r.downloadAndSettle(2, pattern(64, 15));
      if (over?.bState !== DFU_STATE.DNLOAD_IDLE) return PASS;
      const there = r.link.witness?.read(at, 64) ?? (await readBack(r, at, 64));
      if (typeof there === 'string') return fail(there);
      return there.every((b, i) => b === pattern(64, 15)[i])
        ? PASS
        : dialect('not-verified', 'flash holds something else, and the status is OK');
    },
  },
  {
    id: 'flash.blank-first-word',
    title: 'a sector is erased whatever its first word holds',
    paragraph: 'AN3156 §5.3',
    skip: anyOf(dfuseOnly, writes, uploads),
    check: async (r) => {
      const at = place(r);
      const size = r.facts.functional.transferSize;
      if (sectorAt(r, at) < size + 64) return notApplicable('a sector has no room for two blocks');
      const wrong = await readyToWrite(r, ['write', 3, pattern(64, 16)], ['erase', 0, erasePage(at)]);
      const left = wrong ?? notErased(r, at + size, 64);
      return left !== null ? fail(left) : readsErased(r, await readBack(r, at + size, 64));
    },
  },
  {
    id: 'flash.upload-lengths',
    title: 'an UPLOAD gives as many bytes as wLength asks for, from the same place',
    paragraph: 'AN3156 §4.1, DFU 1.1 §6.2',
    skip: anyOf(dfuseOnly, writes, uploads, room(block)),
    check: async (r) => {
      const at = place(r);
      const size = r.facts.functional.transferSize;
      const data = pattern(size, 9);
      const wrong = (await readyToWrite(r, ['write', 2, data])) ?? misplaced(r, at, data);
      if (wrong !== null) return fail(wrong);
      for (const length of [1, 2, 63, 64, 65, size - 1, size].filter((n) => n > 0 && n <= size)) {
        if ((await r.request(DFU.ABORT)).status !== 'ok') return fail('ABORT was refused');
        const got = await r.upload(2, length);
        if (got.status !== 'ok') return fail(`UPLOAD of ${length} bytes: ${got.status}`);
        const same = sameBytes(got.data, data.subarray(0, length));
        if (same.verdict === 'fail') return fail(`UPLOAD of ${length} bytes: ${same.observed}`);
      }
      return PASS;
    },
  },
  {
    id: 'flash.upload-end',
    title: 'at the end of memory an UPLOAD is short, and leads to dfuIDLE',
    paragraph: 'DFU 1.1 §6.2, §A.2.10',
    skip: anyOf(dfuseOnly, downloads, uploads),
    check: async (r) => {
      const last = r.facts.layout.findLast((s) => s.readable);
      const size = r.facts.functional.transferSize;
      if (!last || size <= r.facts.packet0) return notApplicable('a block is no longer than a packet');
      const tail = r.facts.packet0;
      const wrong = await pointAt(r, last.end - tail);
      if (wrong !== null) return fail(wrong);
      const { status, data } = await r.upload(2, size);
      if (status === 'stall') return dialect('upload-end-stalls', 'a block that reaches behind the end is refused');
      if (status !== 'ok') return fail(status);
      if (data.length === size) return fail(`${size} bytes came, of which ${tail} are in memory that the device names`);
      if (data.length !== tail) return fail(`${data.length} bytes, not ${tail}`);
      const same = asFlashHas(r, last.end - tail, tail, data);
      if (same.verdict === 'fail') return same;
      const state = await r.state();
      return must(state === DFU_STATE.IDLE, state === null ? 'no GETSTATE' : `${dfuStateName(state)} behind the short block`);
    },
  },
  {
    id: 'flash.borders',
    title: 'the first and the last bytes of each stretch of memory that the device names are given back as they are',
    paragraph: 'AN3156 §4.1, UM0424 (memory layout)',
    skip: anyOf(dfuseOnly, downloads, uploads),
    check: async (r) => {
      const size = Math.min(r.facts.functional.transferSize, 64);
      for (const s of r.facts.layout.filter((x) => x.readable))
        for (const at of [s.start, s.end - size]) {
          const got = await readBack(r, at, size);
          if (typeof got === 'string') return fail(`${hex8(at)}: ${got}`);
          const same = asFlashHas(r, at, size, got);
          if (same.verdict === 'fail') return fail(`${hex8(at)}: ${same.observed}`);
          await toIdle(r);
        }
      return PASS;
    },
  },
  {
    id: 'flash.alternates',
    title: 'each alternate setting gives as many bytes as its name says',
    paragraph: 'UM0424 (memory layout), AN3156 §4.1, USB 2.0 §9.4.10',
    skip: anyOf(dfuseOnly, downloads, uploads),
    tellsDialect: true,
    check: async (r, facts) => {
      if (facts.alternates.slice(1).every((name) => !parseDfuseLayout(name).some((s) => s.readable)))
        return notApplicable('no other setting names memory that can be read');
      for (const [alternate, name] of facts.alternates.entries()) {
        const first = parseDfuseLayout(name).find((s) => s.readable);
        if (alternate === 0 || !first) continue;
        const refused = await chosen(r, alternate);
        if (refused !== null) return fail(refused);
        const length = Math.min(first.end - first.start, facts.functional.transferSize);
        const got = await readBack(r, first.start, length);
        if (typeof got === 'string') return fail(`${name}: ${got}`);
        if (got.length !== length) return dialect('alternate-shorter', `${name}: ${got.length} bytes of ${length}`);
        await toIdle(r);
      }
      return PASS;
    },
  },
];
/** Another alternate setting; a text says why not. */
async function chosen(r: Recorder, alternate: number): Promise<string | null> {
  const set = setupPacket(1, SET_INTERFACE, alternate, r.facts.interfaceNumber, 0);
  const { status } = await r.control(set, new Uint8Array(0), `SET_INTERFACE(${alternate})`);
  return status === 'ok' ? null : `SET_INTERFACE(${alternate}) was refused`;
}
/** A mass erase while the last setting is chosen: it is no business of that one's to erase the memory of setting 0. */
async function erasedFromOther(r: Recorder): Promise<Finding> {
  const [at, data] = [place(r), pattern(64, 67)];
  const last = r.facts.alternates.length - 1;
  await toIdle(r);
  const wrong = await readyToWrite(r, ['write', 2, data]);
  if (wrong !== null) return fail(wrong);
  await toIdle(r);
  if ((await chosen(r, last)) !== null) return notApplicable(`setting ${last} cannot be chosen`);
  await r.downloadAndSettle(0, dfuseCommand(DFUSE_CODE.ERASE));
  return stillHolds(r, at, data) ? PASS : dialect('mass-erase-takes-all', `setting ${last} is chosen, and what lay at ${hex8(at)} is gone`);
}
/** Bytes that every part programs at once. */
const MARK = 32;
/** Both ends of a sector are written, and what lies beside it, and it is erased; a text says what is wrong. */
async function sectorErased(r: Recorder, at: number, size: number, beside: readonly number[]): Promise<string | null> {
  const [mark, ends] = [pattern(MARK, 64), [at + size - MARK, at]];
  const wrong = await steps(
    r,
    ...[...beside, at].map((place) => ['erase', 0, erasePage(sectorOf(r.facts.layout, place)[0])] as const),
    ...[...beside, ...ends].flatMap((place) => [['set address', 0, setAddress(place)] as const, ['write', 2, mark] as const]),
  );
  if (wrong !== null) return wrong;
  const lost = [...ends, ...beside].find((place) => !stillHolds(r, place, mark));
  if (lost !== undefined) return `what was written does not lie at ${hex8(lost)}`;
  const then = await carriedOut(r, 'erase', 0, erasePage(at));
  const left = then ?? notErased(r, at, MARK) ?? notErased(r, at + size - MARK, MARK);
  if (left !== null) return left;
  const taken = beside.find((place) => !stillHolds(r, place, mark));
  return taken === undefined ? null : `its erase changed what lay beside it, at ${hex8(taken)}`;
}
/** The sectors from an address on; a text says why not. */
async function eraseAll(r: Recorder, from: number, to: number): Promise<string | null> {
  for (let at = from; at < to; at += sectorAt(r, at)) {
    const wrong = await carriedOut(r, `erase ${hex8(at)}`, 0, erasePage(at));
    if (wrong !== null) return wrong;
  }
  return null;
}
/** An erase or a write of a sector that may only be read; null: both are refused, and it is as it was. */
async function takes(r: Recorder, at: number): Promise<string | null> {
  const before = r.link.witness?.read(at, 64) ?? null;
  const changed = (): string | null => {
    const now = before === null ? null : r.link.witness!.read(at, 64)!;
    return now === null || now.every((b, i) => b === before![i]) ? null : `flash at ${hex8(at)} is not what it was`;
  };
  const erased = await r.downloadAndSettle(0, erasePage(at));
  if (erased === null && (await r.state()) !== DFU_STATE.ERROR) return `behind an erase of ${hex8(at)} there is no status`;
  if (erased?.bState === DFU_STATE.DNLOAD_IDLE) return `an erase of ${hex8(at)} ends in dfuDNLOAD-IDLE, status OK`;
  await toIdle(r);
  if (changed() !== null || (await carriedOut(r, 'set address', 0, setAddress(at))) !== null) {
    await toIdle(r);
    return changed();
  }
  const written = await r.downloadAndSettle(2, pattern(64, 13));
  if (written?.bState === DFU_STATE.DNLOAD_IDLE) return `a write to ${hex8(at)} ends in dfuDNLOAD-IDLE, status OK`;
  await toIdle(r);
  return changed();
}
/** DNLOAD of a block that would lie behind the end of memory: not where a device that puts it elsewhere could be lost. */
async function farBlock(r: Recorder, end: number): Promise<Finding> {
  if (!r.link.expendable) return PASS;
  const at = place(r);
  const far = at + 256 * r.facts.functional.transferSize;
  if (far < end || segmentAt(otherMemory(r.facts), far)) return PASS;
  const wrong = await readyToWrite(r);
  if (wrong !== null) return fail(wrong);
  const s = await r.downloadAndSettle(2 + 256, pattern(64, 17));
  return must(s?.bState !== DFU_STATE.DNLOAD_IDLE, `DNLOAD block ${2 + 256}, which lies behind the end, ends in dfuDNLOAD-IDLE, status OK`);
}
/** First and last sectors of the regions that may be erased and written, if the device erases them. */
async function emptied(r: Recorder): Promise<number[]> {
  const taken: number[] = [];
  for (const s of r.facts.layout.filter((x) => x.erasable && x.writable))
    for (const at of [s.start, s.end - s.sectorSize]) {
      if ((await carriedOut(r, 'erase', 0, erasePage(at))) === null) taken.push(at);
      else await toIdle(r);
    }
  return taken;
}
const lastSector = (r: Recorder): number => {
  const { address, length } = r.link.writable!;
  return address + length - sectorAt(r, address + length - 1);
};
const SET_INTERFACE = 11;
/** Bytes of the sector at an address of the layout. */
const sectorAt = (r: Recorder, address: number): number => segmentAt(r.facts.layout, address)!.sectorSize;
