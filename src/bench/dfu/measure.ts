/** What a device under test is judged by: its dialect, measured on it or given, and the memory that it writes. */
import { CAN_DNLOAD, CAN_UPLOAD, isDfuse, MANIFESTATION_TOLERANT, otherMemory } from '../../usb-sim/conform/link.ts';
import { DfuDialect, DIALECT_NAMES, isDialectName } from '../../usb-sim/conform/dialect.ts';
import { DIALECT_REQUIREMENTS, isRequirement } from '../../usb-sim/conform/kit.ts';
import { Recorder } from '../../usb-sim/conform/recorder.ts';
import { checkRequirement } from '../../usb-sim/conform/requirement.ts';
import { STATE } from '../../usb-sim/conform/model.ts';
import type { MonitorOptions } from '../../usb-sim/conform/monitor.ts';
import type { DfuSegment } from '../../usb-sim/descriptors.ts';
import { DFU } from '../../usb-sim/dfu-protocol.ts';
import { mainFlash } from '../session/flash-image.ts';
import { reportedRequirements } from './conformance-report.ts';
import { didYouMean, shown, UsageError } from '../documents/usage-error.ts';
import { DfuViolation } from './dfu-property.ts';
import type { DfuTarget } from './dfu-target.ts';
import { patternBytes } from './dfu-command.ts';
import { lyingOf, type Lying } from '../../usb-sim/conform/lying.ts';

/** A stretch of flash. */
export interface JudgedMemory {
  /** Of its first byte. */
  readonly address: number;
  /** Bytes. */
  readonly length: number;
}
/** How a device is judged. */
export interface JudgeOptions {
  /**
   * Where it may differ from the text of DFU 1.1: `measured` (default) asks the device for each request in each state, and takes over what is a known
   * dialect; `strict` allows nothing; a list has names of dialects, as a report of `conform` has them.
   */
  readonly dialect?: 'measured' | 'strict' | readonly string[];
  /**
   * A report of `bootbench conform --json`: the device may differ as it did then, and in nothing else. It stands for `dialect: 'measured'`, and adds to `accept`
   * what failed then. With a list of dialects beside it, it may differ in those as well.
   */
  readonly baseline?: unknown;
  /** Requirements of `conform` (`state.dfuIDLE.UPLOAD`, `dfuse.bad-address`) that the device breaks and the team accepts. */
  readonly accept?: readonly string[];
  /** Of a device without DfuSe: where block 0 goes, and how many bytes it takes. Default: two blocks are looked for in flash. */
  readonly memory?: JudgedMemory;
  /** Read protection is active: the device must refuse to read, write and erase (AN2662). */
  readonly readProtected?: boolean;
}

/** Leaves the target restarted. A UsageError for a name that is not known. */
export async function judgedBy(target: DfuTarget, judge: JudgeOptions = {}): Promise<MonitorOptions> {
  const { readProtected = false } = judge;
  const { dialect = 'measured', accept = [] } = withBaseline(judge);
  checkNames(dialect, accept);
  const { facts } = target;
  const { attributes, transferSize } = facts.functional;
  const names = dialect === 'measured' ? await measure(target, accept) : dialect === 'strict' ? [] : dialect;
  const held = new Set(heldIn(judge.baseline).filter((id) => !accept.includes(id)));
  const memory = await memoryOf(target, judge.memory, held);
  target.restart();
  return {
    canDnload: (attributes & CAN_DNLOAD) !== 0,
    canUpload: (attributes & CAN_UPLOAD) !== 0,
    tolerant: (attributes & MANIFESTATION_TOLERANT) !== 0,
    dfuse: isDfuse(facts),
    dialect: new DfuDialect(names),
    accepted: new Set(accept),
    transferSize,
    ...memory,
    protected: readProtected,
    erased: target.erased,
    held,
  };
}
function withBaseline({ baseline, dialect, accept = [] }: JudgeOptions): Pick<JudgeOptions, 'dialect' | 'accept'> {
  if (baseline === undefined) return { ...(dialect === undefined ? {} : { dialect }), accept };
  if (typeof dialect === 'string')
    throw new UsageError('both baseline and dialect are given', 'a baseline says the dialect; a list of names adds to it');
  const rows = reportedRequirements(baseline);
  if (rows === null)
    throw new UsageError(
      'baseline is no report of conform',
      "give JSON.parse(readFileSync('baseline.json', 'utf8')) of `bootbench conform --json baseline.json`",
    );
  const names = rows.flatMap(({ name, verdict }) => (name !== null && (verdict === 'dialect' || verdict === 'fail') ? [name] : []));
  const known = rows.filter((row) => row.accepted && isRequirement(row.id)).map((row) => row.id);
  if (dialect !== undefined && !Array.isArray(dialect)) return { dialect, accept };
  return { dialect: [...new Set([...names, ...(dialect ?? [])])], accept: Array.isArray(accept) ? [...accept, ...known] : accept };
}
const heldIn = (baseline: unknown): string[] =>
  (reportedRequirements(baseline) ?? []).flatMap(({ id, verdict }) => (verdict === 'pass' ? [id] : []));
/** The memory that is judged, and what Get says of it. */
async function memoryOf(
  target: DfuTarget,
  given: JudgeOptions['memory'],
  held: ReadonlySet<string>,
): Promise<Pick<MonitorOptions, 'layout' | 'endGuessed' | 'other' | 'commands' | 'shortAtOnce' | 'heldBack' | 'uploadsMemory'>> {
  const { facts } = target;
  const { attributes } = facts.functional;
  const canUpload = (attributes & CAN_UPLOAD) !== 0;
  if (isDfuse(facts)) {
    const { mine, others } = flashNamed(target);
    return {
      layout: mine,
      endGuessed: false,
      other: [...others, ...otherMemory(facts)],
      commands: canUpload ? await getCommands(target) : null,
      shortAtOnce: true,
      heldBack: 0,
      uploadsMemory: true,
    };
  }
  const found = (attributes & CAN_DNLOAD) === 0 ? NOTHING : await findMemory(target, canUpload);
  const wrong = worseThanHeld(found, held);
  if (wrong !== null) throw wrong;
  const { shortAtOnce, heldBack } = found;
  const plain = { other: [], commands: null, shortAtOnce, heldBack };
  if (!given) return { ...plain, layout: found.layout, endGuessed: !found.uploads, uploadsMemory: found.uploads };
  const [start, end] = [given.address, given.address + given.length];
  if (target.witness.read(start, given.length) === null) throw new UsageError('memory does not lie in flash', 'give { address, length }');
  return { ...plain, layout: [oneSegment(start, end)], endGuessed: false, uploadsMemory: canUpload };
}
/** What setting 0 names of the chip's flash, without a gap, and what else it names. A device can name what it likes. */
function flashNamed(target: DfuTarget): { mine: DfuSegment[]; others: DfuSegment[] } {
  const { base, bytes } = mainFlash(target.held.session.machine);
  const mine: DfuSegment[] = [];
  const others: DfuSegment[] = [];
  for (const s of target.facts.layout) {
    const inFlash = s.start >= base && s.end <= base + bytes.length;
    (inFlash && (mine.at(-1)?.end ?? s.start) === s.start ? mine : others).push(s);
  }
  if (mine.length > 0) return { mine, others };
  throw new UsageError(
    `setting 0 of the device names no flash of the chip: ${shown(target.facts.alternates[0] ?? '')}`,
    'name it as UM0424 does (@Internal Flash /0x08000000/64*2Kg), or ask `bootbench conform`, which judges the rest',
  );
}
function checkNames(dialect: NonNullable<JudgeOptions['dialect']>, accept: readonly string[]): void {
  const words = ['measured', 'strict'];
  if (typeof dialect === 'string' ? !words.includes(dialect) : !Array.isArray(dialect))
    throw new UsageError(`dialect is ${shown(dialect)}`, "give 'measured', 'strict' or a list of names of dialects");
  if (typeof dialect !== 'string')
    for (const name of dialect)
      if (typeof name !== 'string' || !isDialectName(name))
        throw new UsageError(
          `dialect: there is no ${shown(name)}`,
          didYouMean(String(name), DIALECT_NAMES) ?? `known here: ${DIALECT_NAMES.join(', ')}`,
        );
  if (!Array.isArray(accept)) throw new UsageError(`accept is ${shown(accept)}`, 'give a list of requirements of conform');
  for (const id of accept)
    if (!isRequirement(id)) throw new UsageError(`accept: conform has no requirement ${shown(id)}`, '`bootbench conform --all` lists them');
}

/** The names of the dialects that a device speaks; what is no known dialect only where it is accepted. */
async function measure(target: DfuTarget, accept: readonly string[]): Promise<string[]> {
  const names: string[] = [];
  for (const requirement of DIALECT_REQUIREMENTS) {
    const { verdict, name, id } = await checkRequirement(requirement, target);
    if (name !== null && (verdict === 'dialect' || accept.includes(id))) names.push(name);
  }
  return [...new Set(names)];
}

async function getCommands(target: DfuTarget): Promise<readonly number[] | null> {
  target.restart();
  const { status, data } = await new Recorder(target).upload(0, target.facts.functional.transferSize);
  return status === 'ok' ? [...data] : null;
}

/** Cases would go on without it, and judge flash no more: what the device of the baseline took and wrote. */
function worseThanHeld({ refused, layout, heldBack }: Found, held: ReadonlySet<string>): DfuViolation | null {
  if (refused !== null && held.has('plain.download'))
    return new DfuViolation(`${refused}; the device of the baseline took blocks of wTransferSize (DFU 1.1 §4.1.3, §6.1.1)`, []);
  if (refused === null && layout.length === 0 && held.has('plain.begins-again-abort'))
    return new DfuViolation('two blocks were told as done, and do not lie in flash, as those of the baseline did (DFU 1.1 §A.2.4)', []);
  if (heldBack > 0 && held.has('plain.in-flash'))
    return new DfuViolation(
      `the first ${heldBack} bytes of a download were told as done, and do not lie in flash, as those of the baseline did (DFU 1.1 §A.2.4)`,
      [],
    );
  return null;
}
interface Found {
  /** Which of the two blocks was not taken, and what came of it; null: both were. */
  readonly refused: string | null;
  readonly layout: DfuSegment[];
  readonly uploads: boolean;
  readonly shortAtOnce: boolean;
  readonly heldBack: number;
}
/** Bytes that a device may keep back until a download ends: a page of flash, and not a whole sector. */
const MOST_HELD_BACK = 12_288;
/** Where a device without DfuSe puts what it is sent: two blocks are looked for in flash, or as many as show behind what it keeps back. Empty: they do not lie there when their GETSTATUS has ended. */
async function findMemory(target: DfuTarget, canUpload: boolean): Promise<Found> {
  const { transferSize: size } = target.facts.functional;
  target.restart();
  const r = new Recorder(target);
  const sent = patternBytes(Math.max(3, Math.ceil(MOST_HELD_BACK / size)) * size, 0x5b);
  let told = 0;
  let lying: Lying | null = null;
  while (told < sent.length && (told < 2 * size || lying === null)) {
    const block = told / size;
    if ((await r.downloadAndSettle(block, sent.slice(told, told + size)))?.bState !== STATE.DNLOAD_IDLE) {
      if (block < 2) return { ...NOTHING, refused: r.sequence.slice(-2).join('; ') };
      break;
    }
    told += size;
    if (told >= 2 * size) lying = lyingOf(target.witness, sent.subarray(0, told), size);
  }
  if (lying === null) return NOTHING;
  const { start, heldBack } = lying;
  // no stretch of what was sent before: it is looked for in all of flash
  const tail = Uint8Array.from({ length: SHORT }, (_, i) => (i * i * 31 + 5) & 0xff);
  const shortAtOnce =
    (await r.downloadAndSettle(told / size, tail))?.bState === STATE.DNLOAD_IDLE && target.witness.find(tail) === start + told;
  const { base, bytes } = mainFlash(target.held.session.machine);
  const uploaded = canUpload ? await uploadedLength(r, bytes.subarray(start - base), size) : null;
  // some devices give back what was sent last, and no more: that says nothing of how much they take
  const length = uploaded !== null && uploaded > told + SHORT ? uploaded : null;
  const end = length === null ? base + bytes.length : start + length;
  return {
    refused: null,
    layout: [oneSegment(start, end)],
    uploads: length !== null,
    shortAtOnce,
    heldBack,
  };
}
const NOTHING: Found = { refused: null, layout: [], uploads: false, shortAtOnce: false, heldBack: 0 };
/** Bytes of a short block, an odd number. */
const SHORT = 13;
const oneSegment = (start: number, end: number): DfuSegment => ({
  start,
  end,
  sectorSize: end - start,
  readable: true,
  erasable: true,
  writable: true,
});
/** Bytes that an upload from block 0 on gives, if they are what memory holds; null: they are not, or it does not end. */
async function uploadedLength(r: Recorder, memory: Uint8Array, size: number): Promise<number | null> {
  if ((await r.request(DFU.ABORT)).status !== 'ok') return null;
  for (let block = 0, length = 0; length <= memory.length; block++) {
    const { status, data } = await r.upload(block, size);
    if (status !== 'ok' || data.some((b, i) => memory[length + i] !== b)) return null;
    length += data.length;
    if (data.length < size) return length;
  }
  return null;
}
