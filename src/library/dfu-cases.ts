/** Cases for a DFU device at random: requests in any order, what seldom meets by chance, transfers, and what happens to the bus and the board. */
import * as fc from 'fast-check';
import { patternBytes, requestCommand, type DfuCommand } from '../bench/dfu/dfu-command.ts';
import type { DfuPlace } from '../bench/dfu/dfu-command-check.ts';
import { isRecord } from '../bench/documents/is-record.ts';
import { didYouMean, shown, UsageError } from '../bench/documents/usage-error.ts';
import { isDfuse, type DfuFacts } from '../usb-sim/conform/link.ts';
import type { DfuSegment } from '../usb-sim/descriptors.ts';
import { DFUSE_CODE, dfuseCommand } from '../usb-sim/dfu-protocol.ts';
import { configurationRead, deviceRead, otherReads, refusedRequests, settingVisits, stringRead } from './dfu-standard-cases.ts';
import { DfuCases } from './dfu-shrink.ts';
import { ABORT, CLRSTATUS, dfuseRequest, erase, GETSTATE, GETSTATUS, NOWHERE, set, SETTLE, UNKNOWN, wholeMemory } from './dfu-words.ts';

/** Limits for the generated cases. */
export interface DfuArbitraryOptions {
  /** Maximum number of commands of a case; default 12. */
  readonly maxLength?: number;
  /** Maximum length of a download or upload in bytes; default three times wTransferSize. */
  readonly maxData?: number;
  /** Include unplugging, resets, bus errors and power cuts; default true. */
  readonly disturbances?: boolean;
}

/** Sectors in which most of a case takes place. */
const NEIGHBOURS = 3;
/** A token and a full packet of data, with what stands around them. */
const PACKET_BITS = 620;

/** Addresses: anywhere in memory, near the borders of segments, and where no memory is. */
function address(layout: readonly DfuSegment[]): fc.Arbitrary<number> {
  const [start, end] = [layout[0]!.start, layout.at(-1)!.end];
  const last = layout.findLast((s) => s.erasable && s.writable) ?? layout.at(-1)!;
  const sectors = Math.min(NEIGHBOURS, Math.floor((last.end - last.start) / last.sectorSize));
  return fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0, max: Math.max(0, Math.floor((end - start) / 32) - 1) }).map((n) => start + 32 * n) },
    // commands of a case meet in few sectors: what one does to the neighbour of another is seen
    { weight: 3, arbitrary: fc.integer({ min: 1, max: Math.max(1, sectors) }).map((n) => last.end - n * last.sectorSize) },
    { weight: 2, arbitrary: fc.constantFrom(...layout.flatMap((s) => [s.start, s.end - s.sectorSize])) },
    { weight: 1, arbitrary: fc.constantFrom(NOWHERE, 0x60000000, end, ...layout.map((s) => s.end)) },
  );
}

const ARBITRARY_KEYS = ['maxLength', 'maxData', 'disturbances'];
export function checkArbitrary(options: DfuArbitraryOptions): void {
  if (!isRecord(options as unknown)) throw new UsageError(`the options are ${shown(options)}`, 'give an object');
  const unknown = Object.keys(options).find((key) => !ARBITRARY_KEYS.includes(key));
  if (unknown !== undefined)
    throw new UsageError(`unknown option ${unknown}`, didYouMean(unknown, ARBITRARY_KEYS) ?? `known here: ${ARBITRARY_KEYS.join(', ')}`);
  const { maxLength = 1, maxData = 1, disturbances = true } = options;
  for (const [name, value, least] of [
    ['maxLength', maxLength, 0],
    ['maxData', maxData, 1],
  ] as const)
    if (!Number.isSafeInteger(value) || value < least)
      throw new UsageError(`${name} is ${shown(value)}`, `give a whole number from ${least} on`);
  if (typeof disturbances !== 'boolean') throw new UsageError(`disturbances is ${shown(disturbances)}`, 'give true or false');
}

/** A fast-check arbitrary of cases: requests in any order, downloads and uploads, and disturbances of the board. */
export function dfuCommands(facts: DfuFacts, options: DfuArbitraryOptions = {}): fc.Arbitrary<DfuCommand[]> {
  if (!isRecord(facts) || !Array.isArray(facts.layout) || !(facts.configuration instanceof Uint8Array))
    throw new UsageError(`${shown(facts)} says nothing of a device`, 'give the facts of what openDfu returns');
  if (!isRecord(options)) throw new UsageError(`the second argument is ${shown(options)}`, 'give an object');
  return casesFor(facts, { memory: facts.layout, dfuse: isDfuse(facts) }, options);
}

/** Requests that are not DFU's: what the device says of itself, in whole and cut to any length, and what it must refuse. */
function standardRequests(facts: DfuFacts): fc.Arbitrary<DfuCommand> {
  const cut = fc.oneof(fc.constantFrom(255, 64, 18, 9, 8), fc.integer({ min: 1, max: facts.configuration.length + 64 }));
  return fc.oneof(
    cut.map(deviceRead),
    cut.map(configurationRead),
    { weight: 2, arbitrary: fc.tuple(fc.integer({ min: 0, max: 8 }), cut).map(([i, n]) => stringRead(facts, i, n)) },
    fc.constantFrom(...otherReads(facts)),
    fc.constantFrom(...refusedRequests(facts)),
  );
}

const request = requestCommand;

export function casesFor(facts: DfuFacts, place: DfuPlace, options: DfuArbitraryOptions = {}): fc.Arbitrary<DfuCommand[]> {
  checkArbitrary(options);
  const { maxLength = 12, maxData = 3 * facts.functional.transferSize, disturbances = true } = options;
  const size = facts.functional.transferSize;
  const block = place.dfuse
    ? fc.oneof(fc.constant(2), fc.integer({ min: 0, max: 6 }), fc.constantFrom(0xffff, 256))
    : fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 3 }) }, { weight: 1, arbitrary: fc.constantFrom(0xffff, 256) });
  const length = fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constantFrom(...[size, size - 1, 64].filter((n) => n > 0 && n <= size)));
  // a device whose setting names no memory in words that can be read
  const named = !place.dfuse || place.memory.length > 0;
  const plain = [
    standardRequests(facts),
    ...requests(size, block, length),
    ...(named && place.dfuse ? dfuseCases(place.memory) : []),
    ...(named ? transfers(facts, place, maxData) : []),
  ];
  const alone = fc.oneof(
    { weight: disturbances ? 14 : 1, arbitrary: fc.oneof(...plain) },
    ...(disturbances ? [{ weight: 1, arbitrary: fc.oneof(...disturbed({ ...place, dfuse: named && place.dfuse }, block, length)) }] : []),
  );
  const phrase = fc.oneof(
    { weight: 60, arbitrary: alone.map((c) => [c]) },
    { weight: 20, arbitrary: fc.oneof(...phrases(size, place, disturbances)) },
    ...[...ofWholeMemory(size, place), fc.constantFrom(...settingVisits(facts))].map((arbitrary) => ({ weight: 1, arbitrary })),
  );
  return new DfuCases(
    fc.array(phrase, { maxLength }).map((all) => all.flat().slice(0, maxLength)),
    place.dfuse,
  );
}

/** Requests that seldom meet in this order by chance, and show what a device forgets. */
function phrases(size: number, { memory, dfuse }: DfuPlace, disturbances: boolean): fc.Arbitrary<DfuCommand[]>[] {
  const data = fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: Math.min(40, size) });
  const written = data.map((d) => request(1, dfuse ? 2 : 0, d));
  const dropped = fc.constantFrom<DfuCommand[]>(
    [ABORT],
    [UNKNOWN, CLRSTATUS],
    ...(disturbances ? [[{ do: 'busReset' }] as DfuCommand[]] : []),
  );
  const dropping = (before: readonly DfuCommand[]): fc.Arbitrary<DfuCommand[]> =>
    fc.tuple(written, dropped).map(([w, d]) => [...before, w, ...d, GETSTATUS, SETTLE]);
  const ended = data.map((d): DfuCommand[] => [request(1, dfuse ? 2 : 0, d), SETTLE, request(1, dfuse ? 2 : 1, []), SETTLE]);
  const cleared = fc.constant<DfuCommand[]>([UNKNOWN, GETSTATUS, CLRSTATUS, GETSTATUS]);
  // what was dropped when it had been written: the next download begins anew
  const again = fc.tuple(written, dropped, written).map(([w, d, then]) => [ABORT, w, SETTLE, ...d, then, SETTLE]);
  if (!dfuse) return [dropping([ABORT]), ended, cleared, again, ...(size > 64 ? [lost(size, written)] : [])];
  const last = memory.findLast((s) => s.erasable && s.writable);
  if (!last) return [ended, cleared];
  const at = sectorFromEnd(last, 2);
  const pointed = [...erase(at), ...set(at)];
  return [
    dropping(pointed),
    ended,
    cleared,
    ...farBlocks(size, memory, last, data),
    ...erases(memory, last, data),
    ...whileBusy(last, disturbances),
    // more than wTransferSize, where a block would be taken
    fc.constantFrom(1, 64).map((more) => [...pointed, request(1, 2, [...patternBytes(size + more, more)]), SETTLE]),
  ];
}
/** The n-th sector from the end. */
const sectorFromEnd = (last: DfuSegment, n: number): number => Math.max(last.start, last.end - n * last.sectorSize);

/** A block far behind the pointer, or the reserved one. */
function farBlocks(
  size: number,
  memory: readonly DfuSegment[],
  last: DfuSegment,
  data: fc.Arbitrary<number[]>,
): fc.Arbitrary<DfuCommand[]>[] {
  const far = fc.constantFrom(1, 66, 256, 258, 0xffff);
  const [end, before] = [sectorFromEnd(last, 1), sectorFromEnd(last, 2)];
  return [
    fc.tuple(far, fc.constantFrom(memory[0]!.start, end)).map(([n, at]) => [...set(at), ABORT, request(2, n, null, Math.min(64, size))]),
    fc.tuple(far, data).map(([n, d]) => [...erase(before), ...set(end), request(1, n, d), SETTLE]),
  ];
}
/** An erase beside what was written before, of an address inside a sector, of all, and where a region ends. */
function erases(memory: readonly DfuSegment[], last: DfuSegment, data: fc.Arbitrary<number[]>): fc.Arbitrary<DfuCommand[]>[] {
  const [end, before] = [sectorFromEnd(last, 1), sectorFromEnd(last, 2)];
  const all = dfuseRequest(DFUSE_CODE.ERASE);
  const regions = memory.filter((s) => s.erasable && s.writable);
  const ends = regions.flatMap((s) => [s.start, s.end - s.sectorSize]);
  return [
    fc
      .tuple(
        data,
        fc.constantFrom(dfuseRequest(DFUSE_CODE.ERASE, before), dfuseRequest(DFUSE_CODE.ERASE, before + last.sectorSize / 2), all),
      )
      .map(([d, then]): DfuCommand[] => [{ do: 'download', address: end, length: d.length, seed: d[0]! }, then, SETTLE]),
    fc.constantFrom(...ends).map((address): DfuCommand[] => [{ do: 'download', address, length: 24, seed: 5 }, all, SETTLE]),
    fc
      .tuple(fc.constantFrom(DFUSE_CODE.ERASE, DFUSE_CODE.SET_ADDRESS), fc.constantFrom(...regions.map((s) => s.end)))
      .map(([c, at]) => [dfuseRequest(c, at), SETTLE]),
    fc
      .constantFrom(32, 64, last.sectorSize / 2)
      .map((far): DfuCommand[] => [{ do: 'download', address: end + far, length: 16, seed: far }, ...erase(end)]),
  ];
}
/** A request while it is busy, and resets. */
function whileBusy(last: DfuSegment, disturbances: boolean): fc.Arbitrary<DfuCommand[]>[] {
  const one = dfuseRequest(DFUSE_CODE.ERASE, sectorFromEnd(last, 1));
  const anything = fc.constantFrom(
    ABORT,
    CLRSTATUS,
    UNKNOWN,
    request(1, 2, [1, 2, 3, 4]),
    request(1, 0, [0x41]),
    request(2, 2, null, 64),
    request(1, 2, []),
  );
  const busy = fc
    .tuple(fc.constantFrom(dfuseRequest(DFUSE_CODE.ERASE), one), fc.integer({ min: 1, max: 30_000 }), anything)
    .map(([work, us, then]): DfuCommand[] => [work, GETSTATUS, { do: 'wait', us }, then, SETTLE]);
  if (!disturbances) return [busy];
  return [
    busy,
    fc.constant<DfuCommand[]>([UNKNOWN, { do: 'busReset' }, GETSTATUS]),
    // a bus reset ends the work, or the work ends by itself: the state stays. A mass erase of seconds no host would wait for
    fc.constantFrom(50_000, 2_000_000).map((us): DfuCommand[] => [one, GETSTATUS, { do: 'busReset' }, { do: 'wait', us }, GETSTATE]),
  ];
}

/** Of a block that is broken off nothing stands before the next one. */
const lost = (size: number, written: fc.Arbitrary<DfuCommand>): fc.Arbitrary<DfuCommand[]> =>
  fc
    .tuple(fc.integer({ min: 65, max: Math.min(size, 130) }), written)
    .map(([n, w]): DfuCommand[] => [ABORT, { do: 'breakOff', block: 0, length: n, data: [...patternBytes(n, 1)] }, ABORT, w, SETTLE]);
function ofWholeMemory(size: number, place: DfuPlace): fc.Arbitrary<DfuCommand[]>[] {
  const whole = wholeMemory(size, place);
  return whole === null ? [] : [fc.constant(whole.read), fc.nat({ max: 255 }).map(whole.written)];
}

/** Single requests, in any order. */
function requests(size: number, block: fc.Arbitrary<number>, length: fc.Arbitrary<number>): fc.Arbitrary<DfuCommand>[] {
  return [
    fc.constantFrom(GETSTATUS, GETSTATE, ABORT, CLRSTATUS, request(0, 1000, []), UNKNOWN, request(3, 0, null, 3), request(5, 0, null, 6)),
    // the end of a download
    fc.constantFrom(request(1, 0, []), request(1, 2, [])),
    fc
      .tuple(block, fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: Math.min(70, size) }))
      .map(([b, data]) => request(1, b, data)),
    fc.constant(request(1, 2, new Array<number>(size + 1).fill(0))),
    fc.tuple(block, length).map(([b, n]) => request(2, b, null, n)),
    fc.constant(SETTLE),
    fc.integer({ min: 1, max: 2000 }).map((us): DfuCommand => ({ do: 'wait', us })),
    ...(size > 64 ? brokenOff(size, block) : []),
  ];
}
/** Blocks of more than one packet, of which the first one comes. */
const brokenOff = (size: number, block: fc.Arbitrary<number>): fc.Arbitrary<DfuCommand>[] => [
  fc.integer({ min: 65, max: size }).map((n): DfuCommand => ({ do: 'breakOff', block: 2, length: n })),
  fc
    .tuple(block, fc.integer({ min: 65, max: Math.min(size, 130) }), fc.nat({ max: 255 }))
    .map(([b, n, seed]): DfuCommand => ({ do: 'breakOff', block: b, length: n, data: [...patternBytes(n, seed)] })),
];
/** Set Address Pointer and Erase (AN3156 §5). */
function dfuseCases(memory: readonly DfuSegment[]): fc.Arbitrary<DfuCommand>[] {
  const at = address(memory);
  return [
    at.map((a) => dfuseRequest(DFUSE_CODE.SET_ADDRESS, a)),
    at.map((a) => dfuseRequest(DFUSE_CODE.ERASE, a)),
    fc.constant(dfuseRequest(DFUSE_CODE.ERASE)),
  ];
}
/** Whole downloads and uploads. Without DfuSe they begin at the start of what the device writes. */
function transfers(facts: DfuFacts, { memory, dfuse }: DfuPlace, maxData: number): fc.Arbitrary<DfuCommand>[] {
  const size = facts.functional.transferSize;
  const [start, end] = [memory[0]?.start ?? 0, memory.at(-1)?.end ?? 3 * size];
  const most = dfuse ? maxData : Math.min(maxData, end - start);
  // what goes wrong does so at borders of packets and blocks: most transfers are short, so that more of them are tried
  const amount = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: Math.min(130, most) }) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: Math.min(size + 1, most) }) },
    { weight: 1, arbitrary: fc.integer({ min: 1, max: most }) },
  );
  const at = dfuse ? address(memory) : fc.constant(start);
  const inside = (a: number): boolean => a >= start && a < end;
  return [
    fc.tuple(at.filter(inside), amount, fc.nat({ max: 255 })).map(([address, n, seed]): DfuCommand => ({
      do: 'download',
      address,
      length: Math.min(n, end - address),
      seed,
    })),
    fc.tuple(at, amount).map(([address, n]): DfuCommand => ({ do: 'upload', address, length: n })),
    // across the end of memory
    fc.tuple(fc.constantFrom(13, 64, size / 2, size), amount).map(([before, n]): DfuCommand => ({
      do: 'upload',
      address: dfuse ? Math.max(start, end - before) : start,
      length: dfuse ? n : size,
    })),
  ];
}
/** What happens to the bus and the board. */
function disturbed({ memory, dfuse }: DfuPlace, block: fc.Arbitrary<number>, length: fc.Arbitrary<number>): fc.Arbitrary<DfuCommand>[] {
  const inside = (a: number): boolean => a >= memory[0]!.start && a < memory.at(-1)!.end;
  const work = dfuse
    ? address(memory)
        .filter(inside)
        .map((a) => [...dfuseCommand(DFUSE_CODE.ERASE, a)])
    : fc.array(fc.nat({ max: 255 }), { minLength: 8, maxLength: 64 });
  return [
    fc.constant<DfuCommand>({ do: 'busReset' }),
    fc.integer({ min: 1, max: 300 }).map((ms): DfuCommand => ({ do: 'unplug', ms })),
    fc.integer({ min: 1, max: 50 }).map((ms): DfuCommand => ({ do: 'suspend', ms })),
    fc
      .tuple(fc.constantFrom('packet' as const, 'handshake' as const, 'token' as const, 'timeout' as const), fc.nat({ max: 60 }))
      .map(([kind, after]): DfuCommand => ({ do: 'busError', kind, after })),
    fc.tuple(block, fc.oneof(length, fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 70 }))).map(([b, what]): DfuCommand => ({
      do: 'babble',
      block: b,
      data: typeof what === 'number' ? null : what,
      length: typeof what === 'number' ? what : what.length,
    })),
    fc
      .tuple(fc.nat({ max: PACKET_BITS }), fc.nat({ max: 60 }), fc.integer({ min: 1, max: 300 }))
      .map(([bit, after, ms]): DfuCommand => ({ do: 'pull', bit, after, ms })),
    fc.integer({ min: 1, max: 20 }).map((ms): DfuCommand => ({ do: 'nrst', ms })),
    fc
      .tuple(work, fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 1, max: 100 }))
      .map(([data, afterUs, ms]): DfuCommand => ({ do: 'powerCut', value: 0, data, afterUs, ms })),
  ];
}
