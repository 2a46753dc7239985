/**
 * Cases for a DFU device that nobody leaves to chance: every request and disturbance in every state, followed by a download that has to work, and
 * the borders of packets, blocks, sectors and regions. fast-check runs them first, as `examples` of a property.
 */
import { patternBytes, requestCommand as request, type DfuCommand } from '../bench/dfu/dfu-command.ts';
import type { DfuPlace } from '../bench/dfu/dfu-command-check.ts';
import type { DfuFacts } from '../usb-sim/conform/link.ts';
import { parseDfuseLayout, type DfuSegment } from '../usb-sim/descriptors.ts';
import { DFU, DFUSE_CODE, dfuseCommand } from '../usb-sim/dfu-protocol.ts';
import { loopProgram } from '../usb-sim/conform/transfers.ts';
import { descriptorReads, refusedRequests, settingVisits, standardRead } from './dfu-standard-cases.ts';
import { ABORT, CLRSTATUS, dfuseRequest, erase, GETSTATE, GETSTATUS, NOWHERE, set, SETTLE, UNKNOWN, wholeMemory } from './dfu-words.ts';

type Case = readonly DfuCommand[];

const DETACH = request(DFU.DETACH, 1000, []);
/** Neither a whole packet nor a whole word of flash more than the last one. */
const LENGTHS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129];
const MAIN_FLASH = 0x08000000;
const NAMED_FLASH = 16 << 20;
const PACKET = 64;
const MOST_SECTORS = 48;
/** Bytes: more than one page of flash, where pages are not large. */
const SOME_PAGES = 6000;

const block = (n: number, length: number, seed = 3): DfuCommand => request(DFU.DNLOAD, n, [...patternBytes(length, seed)]);
const read = (n: number, length: number): DfuCommand => request(DFU.UPLOAD, n, null, length);

/** What the device under test is like, for those who write cases. */
interface Ground {
  readonly facts: DfuFacts;
  /** wTransferSize, bytes. */
  readonly size: number;
  readonly dfuse: boolean;
  readonly memory: readonly DfuSegment[];
  /** Where cases write: a sector near the end, and the one behind it. */
  readonly at: number;
  readonly next: number;
  readonly sector: number;
  /** Blocks of data begin with this number. */
  readonly first: number;
}
function groundOf(facts: DfuFacts, { memory, dfuse }: DfuPlace): Ground {
  const last = memory.findLast((s) => s.erasable && s.writable);
  const sector = last?.sectorSize ?? 1024;
  const [at, next] = last ? [Math.max(last.start, last.end - 2 * sector), last.end - sector] : [0, 0];
  const from = dfuse ? at : (memory[0]?.start ?? 0);
  return { facts, size: facts.functional.transferSize, dfuse, memory, at: from, next, sector, first: dfuse ? 2 : 0 };
}

/**
 * All of them, in the order in which they are run.
 * @param disturbances resets, cables and bus errors as well
 */
export function dfuExamples(facts: DfuFacts, place: DfuPlace, disturbances = true): DfuCommand[][] {
  const g = groundOf(facts, place);
  if (g.dfuse && g.memory.length === 0) return standardCases(facts).map((commands) => [...commands]);
  const canWrite = !g.dfuse || g.memory.some((s) => s.erasable && s.writable);
  const cases: Case[] = [
    ...standardCases(facts),
    ...(canWrite ? [...everyEvent(g, disturbances), ...lengths(g), ...blocks(g), ...repeated(g, disturbances)] : []),
    ...(g.dfuse ? [...badCommands(g), ...(canWrite ? [...sectors(g), ...regions(g), ...otherMemory(g)] : [])] : ofWholeMemory(g, place)),
    ...(disturbances && canWrite ? lostPackets(g) : []),
  ];
  return cases.map((commands) => [...commands]);
}

/** Memory of another setting is written, and setting 0 is erased as a whole; and the other way round. */
function otherMemory({ facts, size, at }: Ground): Case[] {
  const last = facts.alternates.length - 1;
  const mine: DfuCommand = { do: 'download', address: at, length: 24, seed: 3 };
  const away: Case = [mine, SETTLE, ABORT, standardRead(0x01, 11, last, facts.interfaceNumber, 0), dfuseRequest(DFUSE_CODE.ERASE), SETTLE];
  const written = facts.alternates.flatMap((name, n): Case[] => {
    // option bytes and OTP are no place for tests
    const own = parseDfuseLayout(name).find((s) => s.writable && s.start >= MAIN_FLASH && s.end <= MAIN_FLASH + NAMED_FLASH);
    if (n === 0 || !own) return [];
    const choose = (setting: number): DfuCommand => standardRead(0x01, 11, setting, facts.interfaceNumber, 0);
    return [[choose(n), ...set(own.start), block(2, Math.min(32, size)), SETTLE, ABORT, choose(0), dfuseRequest(DFUSE_CODE.ERASE), SETTLE]];
  });
  return last > 0 ? [away, ...written] : written;
}
function standardCases(facts: DfuFacts): Case[] {
  return [
    ...descriptorReads(facts).map((c) => [c, GETSTATE]),
    ...refusedRequests(facts).map((c) => [c, GETSTATUS, SETTLE]),
    ...settingVisits(facts),
  ];
}

/** Ways into each state in which a host makes requests. */
function states(g: Ground): Case[] {
  const { dfuse, at, next, size, first } = g;
  const part = Math.min(40, size);
  const into = dfuse ? [...erase(at), ...set(at)] : [];
  const common: Case[] = [
    [],
    [...into, block(first, part)],
    [...into, block(first, size), SETTLE],
    [...into, block(first, size), GETSTATUS],
    [...into, block(first, part), SETTLE, request(DFU.DNLOAD, first + 1, [])],
    [UNKNOWN],
  ];
  if (!dfuse) return [...common, [read(0, size)]];
  return [
    ...common,
    set(at),
    [...set(at), ABORT, read(2, Math.min(PACKET, size))],
    [dfuseRequest(DFUSE_CODE.ERASE, next), GETSTATUS],
    [dfuseRequest(DFUSE_CODE.ERASE), GETSTATUS],
    set(NOWHERE),
  ];
}
/** One thing that happens there. */
function events({ facts, size, dfuse, at, next, first }: Ground): Case[] {
  const tag = facts.interfaceNumber;
  return [
    [GETSTATUS],
    [request(DFU.GETSTATUS, 0, null, 3)],
    [GETSTATE],
    [request(DFU.GETSTATE, 0, null, 6)],
    [CLRSTATUS],
    [ABORT],
    [DETACH],
    [UNKNOWN],
    [block(first, Math.min(24, size), 7)],
    [block(first, size, 8)],
    [block(first + 3, Math.min(8, size), 9)],
    [request(DFU.DNLOAD, 0, [])],
    [request(DFU.DNLOAD, first + 1, [])],
    [block(first, size + 1, 4)],
    [read(first, Math.min(PACKET, size))],
    [read(first, size)],
    [read(first, size + 1)],
    [{ do: 'wait', us: 3_000_000 }],
    [standardRead(0x80, 6, 0x0100, 0, 18)],
    [standardRead(0x80, 6, 0x0200, 0, facts.configuration.length)],
    [standardRead(0x80, 6, 0x0600, 0, 10)],
    [standardRead(0x01, 11, 0, tag, 0)],
    [standardRead(0x00, 9, facts.configuration[5] ?? 1, 0, 0)],
    [standardRead(0xa1, DFU.GETSTATUS, 0, tag + 5, 6)],
    ...(dfuse ? [[read(0, Math.min(4, size))], [dfuseRequest(DFUSE_CODE.ERASE, next)], [dfuseRequest(DFUSE_CODE.SET_ADDRESS, at)]] : []),
  ];
}
function disturbing({ size, first }: Ground): Case[] {
  const long = Math.min(size, PACKET + 36);
  return [
    [{ do: 'busReset' }],
    [{ do: 'suspend', ms: 10 }],
    [{ do: 'unplug', ms: 50 }],
    [{ do: 'nrst', ms: 2 }],
    ...(long > PACKET
      ? ([
          [{ do: 'breakOff', block: first, length: long }],
          [{ do: 'breakOff', block: first, length: long, data: [...patternBytes(long, 6)] }],
          [{ do: 'babble', block: first, length: long, data: [...patternBytes(long, 6)] }],
        ] as const)
      : []),
  ];
}
/** Every event in every state: what it leaves is looked at, and a download behind it works. Once more with the download right behind the event. */
function everyEvent(g: Ground, disturbances: boolean): Case[] {
  const all = [...events(g), ...(disturbances ? disturbing(g) : [])];
  const used = useIt(g);
  const direct: Case = [block(g.first, Math.min(24, g.size), 5), GETSTATUS, SETTLE];
  return states(g).flatMap((state) =>
    all.flatMap((event): Case[] => [
      [...state, ...event, GETSTATE, GETSTATUS, SETTLE, ...used],
      [...state, ...event, ...direct],
    ]),
  );
}
const useIt = ({ at, size }: Ground): DfuCommand[] => [
  { do: 'download', address: at, length: Math.min(45, size), seed: 2 },
  { do: 'upload', address: at, length: Math.min(45, size) },
];

/** Downloads and uploads of lengths around packets, words of flash and blocks. */
function lengths({ size, at, sector }: Ground): Case[] {
  const most = Math.min(sector, 2 * size);
  const each = [...new Set([...LENGTHS, size - PACKET, size - 1, size, size + 1, 2 * size - 1, 2 * size])];
  return each
    .filter((n) => n > 0 && n <= most)
    .map((length) => [
      { do: 'download', address: at, length, seed: 9 },
      { do: 'upload', address: at, length },
      { do: 'upload', address: at, length: Math.max(1, length - 1) },
    ]);
}

/** Block numbers that follow one another, are left out, come again, or are far away. */
function blocks(g: Ground): Case[] {
  const { size, dfuse, at, first, memory, sector } = g;
  const count = Math.min(4, Math.floor((2 * sector) / size));
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  const sent = numbers.flatMap((n) => [block(n, size, n), SETTLE]);
  if (!dfuse)
    return [
      [...sent, ABORT, ...numbers.map((n) => read(n, size))],
      [...sent, request(DFU.DNLOAD, count, []), SETTLE, GETSTATE],
      ...[13, 33, size].map((n): Case => [block(0, n), SETTLE, request(DFU.DNLOAD, 1, []), SETTLE, SETTLE]),
      // a host may take shorter blocks than it could
      [...[0, 1, 2].flatMap((n) => [block(n, Math.ceil(size / 16) * 8, n + 5), SETTLE]), request(DFU.DNLOAD, 3, []), SETTLE, SETTLE],
      [block(0, size), SETTLE, block(256, 64), SETTLE, GETSTATUS],
      [block(256, 64), SETTLE, GETSTATUS],
      [block(0, size), SETTLE, block(5, size), SETTLE, GETSTATUS],
      [block(0, size), SETTLE, block(0, size), SETTLE, GETSTATUS],
      [read(0, size), read(5, size), GETSTATUS],
      [read(3, size), GETSTATUS],
    ];
  const erased = [...erase(at), ...erase(g.next)];
  const start = memory[0]!.start;
  return [
    [...erased, ...set(at), ...sent, ABORT, ...set(at), ABORT, ...numbers.map((n) => read(n, size))],
    [...erased, ...set(at), ...sent, ...set(at), ABORT, ...numbers.toReversed().flatMap((n) => [read(n, size), ABORT])],
    // the pointer stays where it is, behind whatever was read or written
    [...erased, ...set(at), block(3, 16), SETTLE, block(2, 16), SETTLE, ABORT, read(3, 16), ABORT, read(2, 16)],
    // a command in the middle of a download
    [...erased, ...set(at), block(2, 16), SETTLE, ...set(at + 64), block(2, 16), SETTLE, ABORT, read(2, 16)],
    [...erased, ...set(at), block(1, 16), SETTLE, GETSTATUS],
    // a leave goes to the pointer
    [...erased, ...set(at), request(DFU.DNLOAD, 2, [...loopProgram(at)]), SETTLE, ...set(at), request(DFU.DNLOAD, 2, []), GETSTATUS],
    ...[1, 66, 129, 256, 257, 258, 1026, 0x7fff, 0x8000, 0xffff].flatMap((n): Case[] => [
      [...set(start), ABORT, read(n, Math.min(PACKET, size)), GETSTATUS],
      [...set(at), ABORT, read(n, Math.min(PACKET, size)), GETSTATUS],
      [...erased, ...set(at), block(n, 16), SETTLE, GETSTATUS],
    ]),
  ];
}

/** Something is left behind each time, or counts up. */
function repeated(g: Ground, disturbances: boolean): Case[] {
  const times = (n: number, commands: Case): Case => Array.from({ length: n }, () => commands).flat();
  const { dfuse, at, first, size } = g;
  const dropped: Case = [...(dfuse ? set(at) : []), block(first, Math.min(24, size)), ABORT];
  const used = useIt(g);
  // what was dropped is not carried out by a later GETSTATUS, when the device has the time for it
  const later: Case = [GETSTATUS, { do: 'wait', us: 50_000 }, GETSTATE];
  const waits: Case = [...(dfuse ? [...erase(at), ...set(at)] : []), block(first, Math.min(40, size), 8)];
  return [
    [...waits, UNKNOWN, CLRSTATUS, ...later],
    [...waits, ABORT, ...later],
    ...(disturbances ? [[...waits, { do: 'busReset' }, ...later] as Case] : []),
    [...times(70, [GETSTATUS]), ...used],
    [...times(12, [UNKNOWN, GETSTATUS, CLRSTATUS]), ...used],
    [...times(12, dropped), ...used],
    [...times(12, [read(first, Math.min(PACKET, size)), ABORT]), ...used],
    [...times(4, used)],
    ...(disturbances && dfuse
      ? [[...erase(at), ...set(at), block(2, Math.min(40, size)), SETTLE, { do: 'busReset' }, read(2, Math.min(40, size))] as Case]
      : []),
    ...(disturbances
      ? [
          [...times(6, [{ do: 'busReset' }]), ...used],
          [...times(3, [{ do: 'suspend', ms: 5 }, GETSTATUS]), ...used],
        ]
      : []),
  ];
}

/** Commands that are none, in lengths that they do not have, or to where no memory is. */
function badCommands(g: Ground): Case[] {
  const { memory, at, size } = g;
  const four = [...dfuseCommand(DFUSE_CODE.SET_ADDRESS, at)].slice(0, 4);
  const odd = [[0x99], [0xff, 1, 2, 3, 4], [0x21], [0x21, 0, 0], four, [0x41, 0], [0x41, 0, 0, 0], [...patternBytes(PACKET, 1)], [0x00, 0]];
  const behind = [...new Set([NOWHERE, 0x60000000, 0, 0xfffffff0, ...memory.flatMap((s) => [s.end, s.start - 1])])];
  return [
    ...odd.map((data) => [request(DFU.DNLOAD, 0, data), SETTLE, GETSTATUS, ...useIt(g)]),
    ...behind.flatMap((address) => [
      [...set(address), GETSTATUS],
      [...erase(address), GETSTATUS],
    ]),
    ...[1, 2, 3, 4, 5, PACKET, size].map((n) => [read(0, n), GETSTATE, ABORT, ...set(at)]),
    // where memory ends
    ...[1, 8, 32, PACKET].map((n) => [...set(memory.at(-1)!.end - n), ABORT, read(2, Math.min(size, 2 * PACKET)), GETSTATE]),
    ...[8, 32].map((n) => [...set(memory.at(-1)!.end - n), block(2, 2 * n), SETTLE, GETSTATUS]),
  ];
}
/** Each sector is erased, and nothing else is; the first word of a sector is no witness for the rest of it. */
function sectors({ memory, at, next, sector, size }: Ground): Case[] {
  const all = memory.filter((s) => s.erasable && s.writable);
  const starts = all.flatMap((s) => Array.from({ length: (s.end - s.start) / s.sectorSize }, (_, i) => s.start + i * s.sectorSize));
  const marked = (address: number): DfuCommand => ({ do: 'download', address, length: 8, seed: address >>> 8 });
  const apart = starts.length <= MOST_SECTORS ? starts : [...starts.slice(0, MOST_SECTORS / 2), ...starts.slice(-MOST_SECTORS / 2)];
  return [
    ...[8, 32, sector / 2, sector - 8].flatMap((far): Case[] => [
      [{ do: 'download', address: at + far, length: 8, seed: 1 }, marked(next), ...erase(at)],
      [marked(at), { do: 'download', address: next, length: 8, seed: 1 }, ...erase(at + far)],
    ]),
    [marked(at), marked(next), ...erase(at), ...erase(at)],
    [marked(at), dfuseRequest(DFUSE_CODE.ERASE, at), ABORT, SETTLE],
    // across the border of two sectors
    [
      { do: 'download', address: next - 24, length: Math.min(48, size), seed: 6 },
      { do: 'upload', address: next - 24, length: Math.min(48, size) },
    ],
    ...apart.flatMap((address, i): Case[] => [[marked(address), marked(apart[(i + 1) % apart.length]!), ...erase(address)]]),
    [...apart.filter((_, i) => i % Math.ceil(apart.length / 8) === 0).map(marked), dfuseRequest(DFUSE_CODE.ERASE), SETTLE],
  ];
}
/** First and last bytes of each region, and what may not be written. */
function regions({ memory, size }: Ground): Case[] {
  const open = memory.filter((s) => s.erasable && s.writable);
  const closed = memory.filter((s) => !s.writable || !s.erasable);
  return [
    // both ends of a sector are erased
    ...open.flatMap((s) =>
      [...new Set([s.start, s.end - s.sectorSize])].map((at): Case => [
        ...erase(at),
        ...[at + s.sectorSize - 32, at].flatMap((place) => [...set(place), block(2, Math.min(32, size)), SETTLE]),
        ...erase(at),
      ]),
    ),
    ...open.flatMap((s): Case[] => [
      [
        { do: 'download', address: s.start, length: 40, seed: 3 },
        { do: 'upload', address: s.start, length: 40 },
      ],
      [
        { do: 'download', address: s.end - 40, length: 40, seed: 3 },
        { do: 'upload', address: s.end - 40, length: Math.min(size, PACKET) },
      ],
      [{ do: 'download', address: s.end - 40, length: 40, seed: 3 }, dfuseRequest(DFUSE_CODE.ERASE), SETTLE],
    ]),
    ...closed.flatMap((s) => [
      erase(s.start),
      erase(s.end - 8),
      [...set(s.start), block(2, 16), SETTLE],
      [...set(s.end - 16), block(2, 16), SETTLE],
    ]),
  ];
}
function ofWholeMemory({ size }: Ground, place: DfuPlace): Case[] {
  const whole = wholeMemory(size, place);
  const { start, end } = place.memory[0] ?? { start: 0, end: 0 };
  const length = Math.min(end - start, SOME_PAGES);
  const over: Case = [11, 12].map((seed): DfuCommand => ({ do: 'download', address: start, length, seed }));
  return [...(length > 0 ? [over] : []), ...(whole === null ? [] : [whole.read, whole.written(5)]), ...endsInPackets(size, end - start)];
}
/** An upload in blocks shorter than wTransferSize, the last of which is whole packets, and fewer than were asked for. */
function endsInPackets(size: number, length: number): Case[] {
  const part = (Math.ceil(size / PACKET) - 1) * PACKET;
  const count = Math.floor(length / part);
  return part > PACKET && length % part !== 0 && count < MOST_READS
    ? [[...Array.from({ length: count + 1 }, (_, n) => read(n, part)), GETSTATE]]
    : [];
}
const MOST_READS = 300;

/** Each packet of a download and of an upload, and the ACK of it, is lost once. */
function lostPackets({ at, size }: Ground): Case[] {
  const length = Math.min(size, 2 * PACKET + 2);
  const after = [0, 1, 2, 3, 4, 5, 6, 8, 10, 14];
  return (['token', 'packet', 'handshake', 'timeout'] as const).flatMap((kind) =>
    after.flatMap((n): Case[] => [
      [
        { do: 'busError', kind, after: n },
        { do: 'download', address: at, length, seed: 4 },
        { do: 'upload', address: at, length },
      ],
      [
        { do: 'download', address: at, length, seed: 4 },
        { do: 'busError', kind, after: n },
        { do: 'upload', address: at, length },
      ],
    ]),
  );
}
