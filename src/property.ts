/**
 * `bootbench/property`: fast-check arbitraries for a DFU device on an emulated chip, judged by DFU 1.1, AN3156 and its own dialect.
 *
 *     const dfu = await openDfu({ chip: 'stm32l476rg', images: [], scenario: { board: { boot0: 1 } } });
 *     fc.assert(fc.property(dfu.commands(), (commands) => dfu.check(commands)));
 * @module bootbench/property
 */
import * as fc from 'fast-check';
import './browser-host.ts';
import { caseSteps, patternBytes, requestCommand, type DfuCommand } from './bench/dfu/dfu-command.ts';
import { checkCommands, type DfuPlace } from './bench/dfu/dfu-command-check.ts';
import { DfuProperty } from './bench/dfu/dfu-property.ts';
import { DfuTarget } from './bench/dfu/dfu-target.ts';
import { judgedBy, type JudgeOptions } from './bench/dfu/measure.ts';
import { HeldMachine } from './bench/session/held-machine.ts';
import { jobInput } from './bench/input/job.ts';
import { SCENARIO_SCHEMA, type HostKind } from './bench/documents/scenario-types.ts';
import { didYouMean, shown, UsageError } from './bench/documents/usage-error.ts';
import { HOST } from './library/host.ts';
import { libraryJob, type BenchOptions, type TypedScenario } from './library/options.ts';
import { isDfuse, type DfuFacts } from './usb-sim/conform/link.ts';
import { parseDfuseLayout, type DfuSegment } from './usb-sim/descriptors.ts';
import { DFUSE_CODE, dfuseCommand } from './usb-sim/dfu-protocol.ts';

export { DfuViolation } from './bench/dfu/dfu-property.ts';
export { describeCommand, describeCommands, patternBytes } from './bench/dfu/dfu-command-check.ts';
export type { DfuCommand } from './bench/dfu/dfu-command.ts';
export type { PendingWrite } from './usb-sim/conform/monitor.ts';
export { ReferenceDfu, type ReferenceOptions } from './usb-sim/conform/reference.ts';
export type { DfuFacts, LinkAnswer, LinkStatus } from './usb-sim/conform/link.ts';
export type { BusError } from './bench/documents/scenario-types.ts';
export type { DfuFunctional, DfuSegment } from './usb-sim/descriptors.ts';
export type { BenchOptions } from './library/options.ts';

/** Limits for the generated cases. */
export interface DfuArbitraryOptions {
  /** Maximum number of commands of a case; default 12. */
  readonly maxLength?: number;
  /** Maximum length of a download or upload in bytes; default three times wTransferSize. */
  readonly maxData?: number;
  /** Include unplugging, resets, bus errors and power cuts; default true. */
  readonly disturbances?: boolean;
}

/** A DFU device in dfuIDLE, and the cases to run on it. */
export interface DfuUnderTest {
  /** Facts from the descriptors of the device. */
  readonly facts: DfuFacts;
  /** Memory that downloads go to: as the device names it, or (without DfuSe) where two blocks were found in flash; empty: not known. */
  readonly memory: readonly DfuSegment[];
  /** Names of the dialects by which it is judged: `abort-from-sync:dfuDNLOAD-SYNC.ABORT` (see docs/conformance.md). */
  readonly dialect: readonly string[];
  /** A fast-check arbitrary of cases; a failing case shrinks to the commands that are needed. */
  commands(options?: DfuArbitraryOptions): fc.Arbitrary<DfuCommand[]>;
  /** Runs one case on a fork of the device in dfuIDLE. Throws a DfuViolation if the device breaks a rule. */
  check(commands: readonly DfuCommand[]): void;
  /** A scenario that performs the same commands. */
  scenario(commands: readonly DfuCommand[]): TypedScenario;
  /** Releases the machine. */
  close(): void;
}

export interface OpenDfuOptions extends BenchOptions, JudgeOptions {}
export type { JudgedMemory, JudgeOptions } from './bench/dfu/measure.ts';

const HOSTS: readonly HostKind[] = ['linux', 'windows', 'macos'];
/** A fast-check arbitrary of USB hosts, for `scenario.host.kind`. */
export const hostKind = (): fc.Arbitrary<HostKind> => fc.constantFrom(...HOSTS);

/**
 * Runs firmware until its DFU device is on the bus, and finds out by what it is judged: DFU 1.1, AN3156 where it speaks DfuSe, and its own dialect.
 * Throws a UsageError if no device appears, or for a name that is not known.
 */
export async function openDfu(options: OpenDfuOptions): Promise<DfuUnderTest> {
  const { readProtected = false, dialect, baseline, accept, memory, ...rest } = options ?? {};
  if (typeof readProtected !== 'boolean') throw new UsageError(`readProtected is ${shown(readProtected)}`, 'give true or false');
  const job = await libraryJob(options ? (rest as BenchOptions) : options);
  await HOST.prepare(job.chip);
  const held = new HeldMachine(jobInput(job));
  const end = held.start();
  if (!held.usb.outsideReady) throw new UsageError(`no USB device is on the bus: the run ended with ${end.outcome}`);
  const target = new DfuTarget(held);
  const judged = await judgedBy(target, {
    readProtected,
    ...(dialect === undefined ? {} : { dialect }),
    ...(baseline === undefined ? {} : { baseline }),
    ...(accept === undefined ? {} : { accept }),
    ...(memory === undefined ? {} : { memory }),
  });
  const property = new DfuProperty(target, judged);
  const place: DfuPlace = { memory: judged.layout, dfuse: judged.dfuse };
  return {
    facts: target.facts,
    memory: judged.layout,
    dialect: judged.dialect.names,
    commands: (o) => casesFor(target.facts, place, o),
    check: (commands) => {
      checkCommands(commands, place);
      property.run(commands);
    },
    scenario: (commands) => {
      checkCommands(commands, place);
      const steps = caseSteps(commands, target.facts).map((s, i) => (i === 0 ? { ...s, after: '1s' } : s));
      return {
        ...(job.scenario as TypedScenario),
        schema: SCENARIO_SCHEMA,
        chip: job.chip,
        images: options.images.map((i) => i.path),
        steps: [...(job.scenario.steps ?? []), ...steps],
      };
    },
    close: () => held.release(),
  };
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
    { weight: 1, arbitrary: fc.constantFrom(0x1f000000, 0x60000000, end, ...layout.map((s) => s.end)) },
  );
}

const ARBITRARY_KEYS = ['maxLength', 'maxData', 'disturbances'];
function checkArbitrary(options: DfuArbitraryOptions): void {
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
export const dfuCommands = (facts: DfuFacts, options: DfuArbitraryOptions = {}): fc.Arbitrary<DfuCommand[]> =>
  casesFor(facts, { memory: facts.layout, dfuse: isDfuse(facts) }, options);

/** Requests that are not DFU's: what the device says of itself, in whole and cut to any length, and what it must refuse. */
function standardRequests({ interfaceNumber, alternates, configuration, langId }: DfuFacts): fc.Arbitrary<DfuCommand> {
  const read = (type: number, request: number, value: number, index: number, length: number): DfuCommand => ({
    do: 'standard',
    type,
    request,
    value,
    index,
    length,
  });
  const cut = fc.oneof(fc.constantFrom(255, 64, 18, 9, 8), fc.integer({ min: 1, max: configuration.length + 64 }));
  const strings = fc.tuple(fc.integer({ min: 0, max: 8 }), cut).map(([i, n]) => read(0x80, 6, 0x0300 | i, i === 0 ? 0 : langId, n));
  const other = interfaceNumber + 5;
  return fc.oneof(
    cut.map((n) => read(0x80, 6, 0x0100, 0, n)),
    cut.map((n) => read(0x80, 6, 0x0200, 0, n)),
    { weight: 2, arbitrary: strings },
    fc.constantFrom(
      read(0x81, 6, 0x2100, interfaceNumber, 9),
      read(0x80, 0, 0, 0, 2),
      read(0x80, 8, 0, 0, 1),
      read(0x81, 10, 0, interfaceNumber, 1),
    ),
    // to be refused
    fc.constantFrom(
      read(0x80, 6, 0x03f7, langId, 255),
      read(0x80, 6, 0x7700, 0, 64),
      read(0x80, 6, 0x0600, 0, 10),
      read(0x00, 9, 77, 0, 0),
      read(0x80, 0x7e, 0, 0, 4),
      read(0xc0, 0x55, 0, 0, 4),
      read(0x01, 11, Math.max(99, alternates.length), interfaceNumber, 0),
      read(0xa1, 5, 0, other, 1),
      read(0xa1, 3, 0, other, 6),
    ),
  );
}
/** The device is taken out of its configuration and back; another setting is chosen, and a block of its memory read. */
function otherSettings({ interfaceNumber, alternates, functional, configuration }: DfuFacts): fc.Arbitrary<DfuCommand[]>[] {
  const at = (type: number, request: number, value: number, length: number): DfuCommand => ({
    do: 'standard',
    type,
    request,
    value,
    index: interfaceNumber,
    length,
  });
  const back: DfuCommand[] = [at(1, 11, 0, 0), at(0x81, 10, 0, 1)];
  const others = alternates.flatMap((name, n): DfuCommand[][] => {
    const first = parseDfuseLayout(name).find((s) => s.readable);
    if (n === 0) return [];
    const choose = [SETTLE, ABORT, at(1, 11, n, 0), at(0x81, 10, 0, 1)];
    if (!first) return [[...choose, ...back]];
    const length = Math.min(functional.transferSize, first.end - first.start);
    return [
      [
        ...choose,
        dnload([...dfuseCommand(DFUSE_CODE.SET_ADDRESS, first.start)]),
        SETTLE,
        ABORT,
        request(2, 2, null, length),
        ABORT,
        ...back,
      ],
    ];
  });
  const device = (type: number, request: number, value: number, length: number): DfuCommand => ({
    do: 'standard',
    type,
    request,
    value,
    index: 0,
    length,
  });
  const leftAndBack = [0, configuration[5] ?? 1].flatMap((value) => [device(0, 9, value, 0), device(0x80, 8, 0, 1)]);
  return [fc.constantFrom(leftAndBack, ...others)];
}

const request = requestCommand;
const dnload = (data: number[]): DfuCommand => request(1, 0, data);

function casesFor(facts: DfuFacts, place: DfuPlace, options: DfuArbitraryOptions = {}): fc.Arbitrary<DfuCommand[]> {
  checkArbitrary(options);
  const { maxLength = 12, maxData = 3 * facts.functional.transferSize, disturbances = true } = options;
  const size = facts.functional.transferSize;
  const block = place.dfuse
    ? fc.oneof(fc.constant(2), fc.integer({ min: 0, max: 6 }), fc.constantFrom(0xffff, 256))
    : fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 3 }) }, { weight: 1, arbitrary: fc.constantFrom(0xffff, 256) });
  const length = fc.oneof(fc.integer({ min: 1, max: 80 }), fc.constantFrom(...[size, size - 1, 64].filter((n) => n > 0 && n <= size)));
  const plain = [
    standardRequests(facts),
    ...requests(size, block, length),
    ...(place.dfuse ? dfuseCases(place.memory) : []),
    ...transfers(facts, place, maxData),
  ];
  const alone = fc.oneof(
    { weight: disturbances ? 14 : 1, arbitrary: fc.oneof(...plain) },
    ...(disturbances ? [{ weight: 1, arbitrary: fc.oneof(...disturbed(place, block, length)) }] : []),
  );
  const phrase = fc.oneof(
    { weight: 60, arbitrary: alone.map((c) => [c]) },
    { weight: 20, arbitrary: fc.oneof(...phrases(size, place, disturbances)) },
    ...[...wholeMemory(size, place), ...otherSettings(facts)].map((arbitrary) => ({ weight: 1, arbitrary })),
  );
  return fc.array(phrase, { maxLength }).map((all) => all.flat().slice(0, maxLength));
}

const [SETTLE, GETSTATUS, ABORT, CLRSTATUS, UNKNOWN] = [
  { do: 'settle' } as DfuCommand,
  request(3, 0, null, 6),
  request(6, 0, []),
  request(4, 0, []),
  request(0x5a, 0, []),
];
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
  const sector = (n: number): number => Math.max(last.start, last.end - n * last.sectorSize);
  const code = (c: number, at: number): DfuCommand => dnload([...dfuseCommand(c, at)]);
  const set = (at: number): DfuCommand[] => [code(DFUSE_CODE.SET_ADDRESS, at), SETTLE];
  const all = dnload([...dfuseCommand(DFUSE_CODE.ERASE)]);
  const regions = memory.filter((s) => s.erasable && s.writable);
  const ends = regions.flatMap((s) => [s.start, s.end - s.sectorSize]);
  const anything = fc.constantFrom(
    ABORT,
    CLRSTATUS,
    UNKNOWN,
    request(1, 2, [1, 2, 3, 4]),
    request(1, 0, [0x41]),
    request(2, 2, null, 64),
    request(1, 2, []),
  );
  const far = fc.constantFrom(1, 66, 256, 258, 0xffff);
  return [
    dropping([code(DFUSE_CODE.ERASE, sector(2)), SETTLE, ...set(sector(2))]),
    ended,
    cleared,
    // a block far behind the pointer, or the reserved one
    fc
      .tuple(far, fc.constantFrom(memory[0]!.start, sector(1)))
      .map(([n, at]) => [...set(at), ABORT, request(2, n, null, Math.min(64, size))]),
    fc.tuple(far, data).map(([n, d]) => [code(DFUSE_CODE.ERASE, sector(2)), SETTLE, ...set(sector(1)), request(1, n, d), SETTLE]),
    // an erase beside what was written before, of an address inside a sector, and of all
    fc
      .tuple(
        data,
        fc.constantFrom<DfuCommand>(
          ...[sector(2), sector(2) + last.sectorSize / 2].map((at) => code(DFUSE_CODE.ERASE, at)),
          dnload([...dfuseCommand(DFUSE_CODE.ERASE)]),
        ),
      )
      .map(([d, erase]) => [{ do: 'download', address: sector(1), length: d.length, seed: d[0]! } as DfuCommand, erase, SETTLE]),
    // a mass erase leaves no end of a region
    fc.constantFrom(...ends).map((at) => [{ do: 'download', address: at, length: 24, seed: 5 } as DfuCommand, all, SETTLE]),
    // right behind a region
    fc
      .tuple(fc.constantFrom(DFUSE_CODE.ERASE, DFUSE_CODE.SET_ADDRESS), fc.constantFrom(...regions.map((s) => s.end)))
      .map(([c, at]) => [code(c, at), SETTLE]),
    // a request while it is busy
    fc
      .tuple(fc.constantFrom(all, code(DFUSE_CODE.ERASE, sector(1))), fc.integer({ min: 1, max: 30_000 }), anything)
      .map(([work, us, then]) => [work, GETSTATUS, { do: 'wait', us } as DfuCommand, then, SETTLE]),
    // a bus reset behind an error
    ...(disturbances
      ? [
          fc.constant<DfuCommand[]>([UNKNOWN, { do: 'busReset' }, GETSTATUS]),
          // a bus reset while it is busy ends the work, or the work ends by itself: the state stays. A mass erase of seconds no host would wait for
          fc
            .constantFrom(50_000, 2_000_000)
            .map((us): DfuCommand[] => [
              code(DFUSE_CODE.ERASE, sector(1)),
              GETSTATUS,
              { do: 'busReset' },
              { do: 'wait', us },
              request(5, 0, null, 1),
            ]),
        ]
      : []),
    // what was written behind the start of a sector, and is erased
    fc
      .constantFrom(32, 64, last.sectorSize / 2)
      .map((far) => [
        { do: 'download', address: sector(1) + far, length: 16, seed: far } as DfuCommand,
        code(DFUSE_CODE.ERASE, sector(1)),
        SETTLE,
      ]),
    // more than wTransferSize, where a block would be taken
    fc
      .constantFrom(1, 64)
      .map((more) => [
        code(DFUSE_CODE.ERASE, sector(2)),
        SETTLE,
        ...set(sector(2)),
        request(1, 2, [...patternBytes(size + more, more)]),
        SETTLE,
      ]),
  ];
}

/** Of a block that is broken off nothing stands before the next one. */
const lost = (size: number, written: fc.Arbitrary<DfuCommand>): fc.Arbitrary<DfuCommand[]> =>
  fc
    .tuple(fc.integer({ min: 65, max: Math.min(size, 130) }), written)
    .map(([n, w]): DfuCommand[] => [ABORT, { do: 'breakOff', block: 0, length: n, data: [...patternBytes(n, 1)] }, ABORT, w, SETTLE]);
/** Blocks of a memory that a case may read or write from its start to its end. */
const MOST_BLOCKS = 256;
/** Without DfuSe the end of memory is reached block by block, from its start. */
function wholeMemory(size: number, { memory, dfuse }: DfuPlace): fc.Arbitrary<DfuCommand[]>[] {
  const [first, last] = [memory[0], memory.at(-1)];
  if (dfuse || !first || !last) return [];
  const address = first.start;
  const whole = Math.floor((last.end - address) / size);
  if (whole === 0 || whole > MOST_BLOCKS) return [];
  return [
    fc.constant<DfuCommand[]>([{ do: 'upload', address, length: (whole + 1) * size }, request(5, 0, null, 1)]),
    fc
      .nat({ max: 255 })
      .map((seed): DfuCommand[] => [
        { do: 'download', address, length: whole * size, seed },
        request(1, whole, [...patternBytes(size, seed)]),
        SETTLE,
        GETSTATUS,
      ]),
  ];
}

/** Single requests, in any order. */
function requests(size: number, block: fc.Arbitrary<number>, length: fc.Arbitrary<number>): fc.Arbitrary<DfuCommand>[] {
  return [
    fc.constantFrom(
      request(3, 0, null, 6),
      request(5, 0, null, 1),
      request(6, 0, []),
      request(4, 0, []),
      request(0, 1000, []),
      request(0x5a, 0, []),
      request(3, 0, null, 3),
      request(5, 0, null, 6),
    ),
    // the end of a download
    fc.constantFrom(request(1, 0, []), request(1, 2, [])),
    fc
      .tuple(block, fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: Math.min(70, size) }))
      .map(([b, data]) => request(1, b, data)),
    fc.constant(request(1, 2, new Array<number>(size + 1).fill(0))),
    fc.tuple(block, length).map(([b, n]) => request(2, b, null, n)),
    fc.constant<DfuCommand>({ do: 'settle' }),
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
    at.map((a) => dnload([...dfuseCommand(DFUSE_CODE.SET_ADDRESS, a)])),
    at.map((a) => dnload([...dfuseCommand(DFUSE_CODE.ERASE, a)])),
    fc.constant(dnload([...dfuseCommand(DFUSE_CODE.ERASE)])),
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
