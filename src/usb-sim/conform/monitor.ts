/**
 * Watches a DFU device request by request and says where it breaks DFU 1.1 or AN3156, in a dialect of its own. What the standard leaves open
 * (how often a device is busy, when it begins to write, which of several errors it names) is left open here too: the monitor keeps every state
 * that the device may be in, and each answer narrows them.
 */
import { sectorOf, segmentAt, type DfuSegment } from '../descriptors.ts';
import {
  DFU,
  DFUSE_CODE,
  dfuseAddress,
  dfuStateName,
  dfuStatusName,
  dfuTold,
  hex8,
  LONGEST_POLL,
  pollText,
  dfuStatus,
  isWholeAnswer,
} from '../dfu-protocol.ts';
import { ERROR_TRAIT, type DfuDialect } from './dialect.ts';
import { unansweredText, type LinkAnswer } from './link.ts';
import {
  ERR,
  findsNoFirmware,
  NO_FIRMWARE,
  REQUEST_OF,
  STATE,
  STATE_PARAGRAPH,
  type Answer,
  type Expected,
  type ModelOptions,
  type ModelRequest,
} from './model.ts';
import { NO_WORK, type Asked, type PendingWrite, type Work } from './work.ts';

/** What a device under test is, as far as it is judged. */
export interface MonitorOptions extends ModelOptions {
  /** It speaks DfuSe (AN3156); else blocks follow one another from the start of `layout`. */
  readonly dfuse: boolean;
  /** bmAttributes: it goes back to dfuIDLE behind a download, without a reset. */
  readonly tolerant: boolean;
  readonly dialect: DfuDialect;
  /** Requirements of `conform` that it is known to break. */
  readonly accepted: ReadonlySet<string>;
  /** wTransferSize, bytes. */
  readonly transferSize: number;
  /** Memory that it reads and writes, from the first segment to the last without a gap; empty: not known. */
  readonly layout: readonly DfuSegment[];
  /** Where `layout` ends is where flash ends: nobody has seen how much of it the device takes. */
  readonly endGuessed: boolean;
  /** Memory of other alternate settings, of which nothing is asked. */
  readonly other: readonly DfuSegment[];
  /** Its answer to Get; null: not known. */
  readonly commands: readonly number[] | null;
  /** A block shorter than wTransferSize lies in flash when it is told as done; else perhaps not before the download ends (DFU 1.1 §7). */
  readonly shortAtOnce: boolean;
  /** Bytes from the start of `layout` on that come to flash when a download ends, and not before. */
  readonly heldBack: number;
  /** UPLOAD gives what `layout` holds. */
  readonly uploadsMemory: boolean;
  /** RDP is active: reads, writes and erases are errVENDOR (AN2662). */
  readonly protected: boolean;
  /** Byte that erased flash reads. */
  readonly erased: number;
  /** Requirements of `conform` that held before, by a report: what they ask for has to hold here too, where the standard leaves it open. */
  readonly held: ReadonlySet<string>;
}
interface Outcome extends Expected {
  /** bStatus values behind it, where it leads to dfuERROR; empty: any but OK. */
  readonly statuses: readonly number[];
  readonly paragraph: string;
}
/** Different bytes that no two places have in common by chance. */
const TELLING = 8;
/** Widest unit in which flash is programmed: a flash word of STM32H7. */
const FLASH_UNIT = 32;
const DOUBLE_WORD = 8;
/** What every DfuSe device has (AN3156 §4.2). */
const COMMANDS = [DFUSE_CODE.GET, DFUSE_CODE.SET_ADDRESS, DFUSE_CODE.ERASE];
/** The requirement that asks for one. */
export const MASS_ERASE = 'flash.mass-erase';
const STILL_BUSY = 'dfuDNBUSY behind bwPollTimeout, which held in the baseline (DFU 1.1 §6.1.2)';
/** States in which nothing waits to be carried out. */
const WITHOUT_WORK: ReadonlySet<number> = new Set([STATE.IDLE, STATE.UPLOAD_IDLE, STATE.MANIFEST_SYNC]);
/** By which a dialect refuses a command that does not exist. */
const OTHER_ERRORS = [ERR.TARGET, ERR.ADDRESS, ERR.WRITE, ERR.ERASE, ERR.UNKNOWN, ERR.VENDOR] as const;
const ADDRESS_ERRORS = [ERR.TARGET, ERR.ADDRESS, ERR.WRITE, ERR.ERASE];
const MORE_ADDRESS_ERRORS = [ERR.UNKNOWN, ERR.PROG, ERR.VERIFY] as const;
const REQUEST_NAME = new Map(Object.entries(REQUEST_OF).map(([name, code]) => [code, name as ModelRequest]));

export class DfuMonitor {
  readonly options: MonitorOptions;
  /** What the device's memory holds, from `base` on; who carries the requests out keeps it as flash is. */
  readonly memory: Uint8Array;
  /** Lowest address of the layout. */
  readonly base: number;
  /** States that the device may be in (bState, DFU 1.1 §6.1.2). */
  states: ReadonlySet<number> = new Set([STATE.IDLE]);
  /** A block or command whose end was not told yet. */
  work: Work | null = null;
  /** The device was told to leave. */
  left = false;
  /** Transactions may have been lost: an answer that does not come says nothing. */
  lossy = false;
  /** Milliseconds for which the last GETSTATUS asks the host to wait. */
  pollMs = 0;
  /** That status was the first one of its work: only then bwPollTimeout is of all of it. */
  private ofAllWork = false;
  /** Another setting than 0 is chosen. */
  private otherChosen = false;
  /** Memory of the setting that is chosen, if it is not that of `layout`. */
  private chosen: readonly DfuSegment[] = [];
  /** bStatus values that dfuERROR may have; empty: any but OK. */
  private errors: readonly number[] = [];
  /** DfuSe's address pointer; null: not known. */
  pointer: number | null = null;
  /** The one that a bus reset has taken from the device. */
  private lostPointer: number | null = null;
  /** Of a device without DfuSe: the next block of a download or upload, and where it goes; null: out of order. */
  private course: { block: number; offset: number } | null = { block: 0, offset: 0 };
  /** Of a device without DfuSe: the next block may begin in the middle of a word. */
  private astray = false;

  constructor(options: MonitorOptions, memory: Uint8Array) {
    this.options = options;
    this.memory = memory;
    this.base = options.layout[0]?.start ?? 0;
  }
  /**
   * Bus reset, or power: dfuIDLE. What was under way may have been done or not. `changed`: flash is not as it was in the beginning, so that the
   * device may say or no longer say that its firmware is corrupt (DFU 1.1 §6.1.2, errFIRMWARE).
   */
  reset(changed: boolean): void {
    const corrupt = this.options.dialect.has('reset-finds-error');
    this.states = new Set([...(corrupt && !changed ? [] : [STATE.IDLE]), ...(corrupt || changed ? [STATE.ERROR] : [])]);
    this.errors = [ERR.FIRMWARE];
    this.work = null;
    this.lostPointer = this.pointer;
    this.otherChosen = false;
    this.pointer = null;
    this.chosen = [];
    this.begins();
  }
  private begins(): void {
    this.course = { block: 0, offset: 0 };
    this.astray = false;
  }
  /** The request may have reached the device or not. */
  perhaps(asked: Asked): void {
    const before = [...this.states];
    const outcomes = this.outcomes(kindOf(asked), asked);
    this.states = new Set([...before, ...outcomes.flatMap((o) => o.next)]);
    this.errors = [];
    this.course = null;
    if (asked.request === DFU.UPLOAD) this.movesOn();
    if (kindOf(asked) === 'DNLOAD') this.work ??= { ...this.worksOn(asked.value, asked.data), fails: 'may', statuses: [] };
  }
  /** A request that is not DFU's was refused: a device may take that for an error or not. */
  perhapsRefused(): void {
    this.states = new Set([...this.states, STATE.ERROR]);
    this.errors = [];
  }
  /** A configuration or setting was chosen, be it the same: a device may begin anew. `memory` is what the setting's name lists, of another one than that of `layout`. */
  settingChosen(memory: readonly DfuSegment[], other: boolean): void {
    this.otherChosen = other;
    this.chosen = this.options.accepted.has('flash.alternates') ? [] : memory;
    this.states = new Set([...this.states, STATE.IDLE]);
    this.errors = [];
    if (this.work !== null) this.work = { ...this.work, fails: 'may', statuses: [], mayBeDropped: true };
    this.pointer = null;
    this.course = null;
  }
  /** The only state that it can be in; null: there are several. */
  get state(): number | null {
    return this.states.size === 1 ? [...this.states][0]! : null;
  }
  /** What a request would make the device do, if it takes it; null: nothing. */
  workOf(asked: Asked): Work | null {
    return asked.request === DFU.DNLOAD && asked.data.length > 0 ? this.worksOn(asked.value, asked.data) : null;
  }
  /** A requirement deals with it that the device is known to break: nobody can say what it does, and a host that knows it does not ask for it. */
  avoids(asked: Asked): boolean {
    const { dfuse, accepted } = this.options;
    // a host that starts manifestation wants to know what comes of it
    if (isCut(asked, dfuse) && (accepted.has('dfu.short-lengths') || this.states.has(STATE.MANIFEST_SYNC))) return true;
    if (asked.request === DFU.UPLOAD) return dfuse && this.uploadAvoided(asked);
    const requirement = this.workOf(asked)?.requirement ?? null;
    return requirement !== null && accepted.has(requirement);
  }
  private uploadAvoided({ value, length }: Asked): boolean {
    const { accepted } = this.options;
    if (value < 2) return value === 1 && (accepted.has('dfuse.block-1') || accepted.has('flash.block-1'));
    const at = this.uploadFrom(value);
    if (at === null || !this.inside(at)) return accepted.has('flash.high-blocks');
    return !this.inside(at + length - 1) && accepted.has('flash.upload-end');
  }

  /**
   * Takes an answer in; a text is what is wrong with it. `ended` is work whose end this answer told.
   */
  judge(asked: Asked, got: LinkAnswer): { readonly wrong: string | null; readonly ended: Work | null } {
    const kind = kindOf(asked);
    if (this.leaves(kind, got)) return { wrong: this.manifestWrong(got), ended: null };
    const answer: Answer = got.status === 'ok' || got.status === 'stall' ? got.status : 'none';
    const outcomes = this.outcomes(kind, asked);
    const fits = outcomes.filter((o) => o.answer === answer);
    if (fits.length === 0)
      return {
        wrong: got.status === 'ok' || got.status === 'stall' ? this.unexpected(got.status, outcomes) : unansweredText(got.status),
        ended: null,
      };
    if (fits.some((o) => o.next.length === 0)) {
      this.left = true;
      return { wrong: null, ended: null };
    }
    const next = new Set(fits.flatMap((o) => o.next));
    if (answer !== 'ok') return this.refused(next, fits);
    if (kind === 'GETSTATUS') return this.statusTold(asked, got.data, next);
    if (kind === 'GETSTATE') return this.stateTold(asked, got.data, next);
    if (kind === 'UPLOAD' && (next.has(STATE.IDLE) || next.has(STATE.UPLOAD_IDLE)))
      return { wrong: this.uploaded(asked, got.data, next), ended: null };
    // an UPLOAD that the team accepts where the standard asks for a STALL: nothing says what it is that comes
    return this.taken(kind, asked, next, fits);
  }

  /** The last GETSTATUS of a download: a device with DfuSe, or one that needs a reset, is not asked any further. */
  private leaves(kind: ModelRequest, got: LinkAnswer): boolean {
    const manifests = this.states.has(STATE.MANIFEST_SYNC) && kind === 'GETSTATUS' && !(this.options.tolerant && !this.options.dfuse);
    if (!manifests || got.status === 'stall') return false;
    if (this.states.size > 1 && got.status === 'ok' && got.data[4] !== STATE.MANIFEST) return false;
    if (got.data.length >= 5 && findsNoFirmware(dfuStatus(got.data))) return false;
    return (this.left = true);
  }
  /** The status that starts manifestation; a device that goes without an answer may do so. */
  private manifestWrong({ status, data }: LinkAnswer): string | null {
    const { dfuse, accepted } = this.options;
    if (accepted.has(dfuse ? 'leave.manifest' : 'plain.manifest')) return null;
    if (status !== 'ok' && dfuse && !this.lossy && !this.options.dialect.has('leaves-without-answer'))
      return `${unansweredText(status)}; asked for: dfuMANIFEST (AN3156 §5.5, DFU 1.1 §A.2.7)`;
    if (status !== 'ok' || data.length < 5) return null;
    const [bStatus = 0, , , , bState = 0] = data;
    const allowed: readonly number[] = dfuse ? [STATE.MANIFEST] : [STATE.MANIFEST_SYNC, STATE.MANIFEST, STATE.MANIFEST_WAIT_RESET];
    const paragraph = dfuse ? 'AN3156 §5.5, DFU 1.1 §A.2.7' : 'DFU 1.1 §A.2.7';
    if (bStatus === 0 && allowed.includes(bState)) return null;
    return `${dfuTold({ bState, bStatus })}; asked for: ${allowed.map(dfuStateName).join(' or ')} (${paragraph})`;
  }
  private unexpected(answer: Answer, outcomes: readonly Outcome[]): string {
    const states = [...this.states].map(dfuStateName).join(' or ');
    const wanted = [...new Set(outcomes.map((o) => inWords(o.answer, o.next)))].join(', or ');
    return `${answer === 'ok' ? 'acknowledged' : 'STALL'} in ${states}; asked for: ${wanted} (${outcomes[0]?.paragraph ?? 'DFU 1.1 §A.2'})`;
  }

  /** What a request may do in each state that the device may be in. */
  private outcomes(kind: ModelRequest, asked: Asked): Outcome[] {
    return [...this.states].flatMap((state) => this.inState(state, kind, asked));
  }
  private inState(state: number, kind: ModelRequest, asked: Asked): Outcome[] {
    const paragraph = `DFU 1.1 §${STATE_PARAGRAPH[state] ?? 'A.2.5'}`;
    const plain = (e: Expected): Outcome => ({ ...e, statuses: this.stalledStatuses(kind), paragraph });
    const busy = state === STATE.DNBUSY || state === STATE.MANIFEST;
    // §A.2.5 and §A.2.8 name no request, and so not GETSTATE either: a device may refuse it there
    if (kind === 'GETSTATE')
      return [plain({ answer: 'ok', next: [state] }), ...(busy ? [plain({ answer: 'stall', next: [STATE.ERROR] })] : [])];
    if (busy) return this.whileBusy(state, kind, asked, plain);
    const table = this.options.dialect.allowed(state, kind, this.options).map(plain);
    const known = table.flatMap((o): Outcome[] => {
      if (o.answer !== 'ok') return [o];
      if (kind === 'DNLOAD') return this.downloads(asked, o);
      if (kind === 'UPLOAD') return this.uploads(asked, o);
      if (kind === 'GETSTATUS' && state === STATE.DNLOAD_SYNC) return [this.synced(o)];
      if (kind === 'GETSTATUS' && state === STATE.MANIFEST_SYNC) return [mayHaveLooked(o)];
      return [o];
    });
    // what is too long for a device its USB stack may refuse, of which the state knows nothing
    const tooLong = (kind === 'DNLOAD' || kind === 'UPLOAD') && asked.length > this.options.transferSize;
    if (tooLong) return [...known, { answer: 'stall', next: [state], statuses: [], paragraph }];
    // a device may not agree that the download has ended (DFU 1.1 §A.2.6)
    const ends = kind === 'DNLOAD 0' && known.some((o) => o.next.includes(STATE.MANIFEST_SYNC));
    return ends ? [...known, { answer: 'stall', next: [STATE.ERROR], statuses: NO_FIRMWARE, paragraph }] : known;
  }
  /** bStatus behind a refused request; devices name a CLRSTATUS that nobody needed as they like. */
  private stalledStatuses(kind: ModelRequest): readonly number[] {
    if (kind === 'CLRSTATUS' || (this.states.has(STATE.ERROR) && this.errors.length === 0)) return [];
    const asEnd = kind === 'DNLOAD 0' ? NO_FIRMWARE : [];
    return [ERR.STALLEDPKT, ...asEnd, ...this.inDialect([ERR.UNKNOWN, ERR.VENDOR]), ...this.ifError()];
  }
  /** A request that is refused in dfuERROR leaves the status as it is, or makes it errSTALLEDPKT. */
  private ifError(): readonly number[] {
    return this.states.has(STATE.ERROR) ? this.errors : [];
  }
  /** DFU 1.1 §A.2.5, §A.2.8: until bwPollTimeout is over every request is refused; behind it the device waits for GETSTATUS. */
  private whileBusy(state: number, kind: ModelRequest, { waited = false }: Asked, plain: (e: Expected) => Outcome): Outcome[] {
    const refused = plain({ answer: 'stall', next: [STATE.ERROR] });
    if (kind !== 'GETSTATUS') return [refused];
    const early = waited ? [] : [refused];
    if (state === STATE.MANIFEST)
      return [
        ...early,
        mayHaveLooked(plain({ answer: 'ok', next: [STATE.MANIFEST, STATE.MANIFEST_SYNC, STATE.MANIFEST_WAIT_RESET, STATE.IDLE] })),
      ];
    return [...early, this.synced(plain({ answer: 'ok', next: [STATE.DNBUSY, STATE.DNLOAD_SYNC, STATE.DNLOAD_IDLE] }))];
  }
  /** GETSTATUS while a block or command waits to be carried out: how it may end. */
  private synced(o: Outcome): Outcome {
    const { fails, statuses, paragraph } = this.work ?? NO_WORK;
    const next = fails === 'must' ? o.next.filter((s) => s !== STATE.DNLOAD_IDLE) : o.next;
    return fails === 'never' ? o : { ...o, next: [...next, STATE.ERROR], statuses, paragraph };
  }
  private downloads({ value, data }: Asked, o: Outcome): Outcome[] {
    const { fails, statuses, paragraph } = this.worksOn(value, data);
    if (fails === 'never') return [o];
    // what cannot be done may be refused at once, too
    return [
      atOnce(o.next) ? { ...o, next: [...(fails === 'must' ? [] : o.next), STATE.ERROR], statuses, paragraph } : o,
      { answer: 'stall', next: [STATE.ERROR], statuses: statuses.length > 0 ? [...statuses, ERR.STALLEDPKT] : [], paragraph },
    ];
  }
  private uploads(asked: Asked, o: Outcome): Outcome[] {
    const refused = (statuses: readonly number[], paragraph: string): Outcome => ({
      answer: 'stall',
      next: [STATE.ERROR],
      statuses,
      paragraph,
    });
    const { dfuse, transferSize } = this.options;
    if (asked.length > transferSize || asked.length === 0) return [o, refused([], 'DFU 1.1 §6.2')];
    if (!dfuse)
      return asked.value === this.course?.block || (asked.value === 0 && !this.states.has(STATE.UPLOAD_IDLE))
        ? [o]
        : [o, refused([], 'DFU 1.1 §6.2')];
    if (asked.value === 0) return [o];
    if (asked.value === 1) return [refused([ERR.STALLEDPKT, ERR.TARGET], 'AN3156 §4.1')];
    if (this.options.protected) return [refused([ERR.VENDOR], 'AN2662 (RDP)')];
    if (this.chosenFrom(asked.value) !== null) return [o];
    const at = this.uploadFrom(asked.value);
    if (at === null) return [o, refused([], 'AN3156 §4.1')];
    return this.inside(at) ? [o] : [refused([ERR.TARGET, ERR.ADDRESS, ERR.STALLEDPKT], 'AN3156 §4.1'), ...this.pastTheEnd(o)];
  }
  /** Bytes that the setting which is chosen has from a block on; null: it does not lie there, or may not be read. */
  private chosenFrom(block: number): number | null {
    const at = this.pointer === null || block < 2 ? null : this.pointer + (block - 2) * this.options.transferSize;
    const segment = at === null ? undefined : segmentAt(this.chosen, at);
    return at === null || !segment?.readable ? null : segment.end - at;
  }
  /** Behind the last byte of memory an upload may end with a block of no bytes. */
  private pastTheEnd(o: Outcome): Outcome[] {
    return [{ ...o, next: [STATE.IDLE] }];
  }

  private refused(next: ReadonlySet<number>, fits: readonly Outcome[]): { wrong: null; ended: Work | null } {
    const { work } = this;
    this.states = next;
    if (next.has(STATE.ERROR)) this.errors = merged(fits);
    if (work !== null && this.options.accepted.has('flash.after-stall'))
      this.work = { ...work, fails: 'may', statuses: [], mayBeDropped: true };
    // an error drops the work; where it may be none, the work may be done all the same
    if (work !== null && next.has(STATE.ERROR)) this.work = next.size === 1 ? null : { ...work, fails: 'may', statuses: [] };
    return { wrong: null, ended: this.work === null && work !== null ? { ...work, fails: 'may' } : null };
  }
  private taken(
    kind: ModelRequest,
    { value, data }: Asked,
    next: ReadonlySet<number>,
    fits: readonly Outcome[],
  ): { wrong: null; ended: Work | null } {
    const dropped = kind === 'ABORT' || kind === 'CLRSTATUS' ? this.work : null;
    if (kind === 'DNLOAD') {
      this.work = this.workTaken(value, data);
      if (!next.has(STATE.DNLOAD_SYNC)) return { wrong: null, ended: this.doneAtOnce(this.work, next, fits) };
    } else if (kind === 'ABORT' || kind === 'CLRSTATUS') {
      this.work = null;
      this.begins();
      if (dropped?.pointer != null) this.pointer = null;
    }
    this.states = next;
    if (next.has(STATE.ERROR)) this.errors = merged(fits);
    return { wrong: null, ended: dropped === null ? null : { ...dropped, fails: 'may' } };
  }
  private workTaken(block: number, data: Uint8Array): Work {
    const behind = this.work?.write ?? null;
    const work = this.worksOn(block, data);
    if (this.strayBlock) this.course = null;
    else this.advance(block, data.length);
    // nobody saw what became of the one before: what this one finds is not known
    return behind !== null && work.fails === 'never' ? { ...work, fails: 'may' } : work;
  }
  /** A block that is carried out inside its DNLOAD, or dropped there. */
  private doneAtOnce(work: Work, next: ReadonlySet<number>, fits: readonly Outcome[]): Work {
    const perhaps = next.has(STATE.ERROR) || !next.has(STATE.DNLOAD_IDLE);
    this.finish(work, perhaps);
    this.states = next;
    if (next.has(STATE.ERROR)) this.errors = merged(fits);
    return { ...work, fails: perhaps ? 'may' : 'never' };
  }
  private statusTold(
    { length, waited = false }: Asked,
    data: Uint8Array,
    next: ReadonlySet<number>,
  ): { wrong: string | null; ended: Work | null } {
    if (data.length !== Math.min(length, 6)) return { wrong: `${data.length} bytes of status (DFU 1.1 §6.1.2)`, ended: null };
    if (data.length < 5) return this.statusUnseen(next);
    const { bStatus, bState, pollMs } = dfuStatus(data);
    this.pollMs = pollMs;
    const wrong = this.statusRefused(bStatus, bState, next, waited);
    this.ofAllWork = !this.states.has(STATE.DNBUSY);
    if (wrong !== null) return { wrong, ended: null };
    this.errors = bState === STATE.ERROR ? [bStatus] : [];
    const { work } = this;
    const over = work !== null && (bState === STATE.DNLOAD_IDLE || bState === STATE.ERROR);
    if (over) this.finish(work, bState === STATE.ERROR);
    this.states = this.behindStatus(bState);
    if (bState === STATE.MANIFEST_WAIT_RESET) this.left = true;
    if (!over) return { wrong: null, ended: null };
    const done = work.mayBeDropped === true ? 'may' : 'never';
    return { wrong: null, ended: { ...work, fails: bState === STATE.ERROR ? 'must' : done } };
  }
  /** The device went on as with every GETSTATUS, and bState was not among the bytes that were asked for. */
  private statusUnseen(next: ReadonlySet<number>): { wrong: null; ended: null } {
    this.states = new Set([
      ...next,
      ...(next.has(STATE.DNBUSY) ? this.busyNow() : []),
      ...(next.has(STATE.MANIFEST_SYNC) ? this.states : []),
    ]);
    if (next.has(STATE.ERROR)) this.errors = [];
    return { wrong: null, ended: null };
  }
  private statusRefused(bStatus: number, bState: number, next: ReadonlySet<number>, waited: boolean): string | null {
    const { tolerant } = this.options;
    if (waited && bState === STATE.DNBUSY && this.pollHolds) return STILL_BUSY;
    if (tolerant && bState === STATE.MANIFEST_WAIT_RESET)
      return 'dfuMANIFEST-WAIT-RESET, and bitManifestationTolerant is 1 (DFU 1.1 §A.2.7)';
    return next.has(bState) ? statusWrong(bStatus, bState, this.pollMs, this.errorsTold()) : this.otherState(bState, next, bStatus);
  }
  /** bwPollTimeout of work like the one under way held in the baseline, and the last one that was told is of the same kind: one that came before its time may be any. */
  get pollHolds(): boolean {
    const { work } = this;
    if (work?.write == null || !this.ofAllWork) return false;
    const mass = work.requirement === MASS_ERASE;
    return this.options.held.has(mass ? 'dfu.poll-timeout-mass' : work.write.data === null ? 'dfu.poll-timeout' : 'dfu.poll-timeout-block');
  }
  /** What a device may have gone on to behind the status that it told. */
  private behindStatus(bState: number): ReadonlySet<number> {
    if (bState === STATE.DNBUSY) return this.busyNow();
    // a device that is done at once may tell the state that it comes from (sboot_stm32)
    if (bState === STATE.MANIFEST_SYNC && this.options.tolerant) return new Set([bState, STATE.IDLE]);
    if (bState !== STATE.MANIFEST) return new Set([bState]);
    // it may find that what was sent is no firmware (DFU 1.1 §A.2.8)
    this.errors = NO_FIRMWARE;
    return new Set([STATE.MANIFEST, STATE.MANIFEST_SYNC, STATE.ERROR]);
  }
  private errorsTold(): readonly number[] {
    if (this.states.has(STATE.ERROR)) return this.errors;
    if (this.states.has(STATE.MANIFEST_SYNC) || this.states.has(STATE.MANIFEST)) return NO_FIRMWARE;
    return this.work === null ? [ERR.STALLEDPKT] : this.work.statuses;
  }
  /** dfuDNBUSY was told; what the device goes on to by itself. */
  private busyNow(): ReadonlySet<number> {
    const states: number[] = [STATE.DNBUSY, STATE.DNLOAD_SYNC];
    if (this.options.dialect.has('busy-to-idle') && this.work?.fails !== 'must') states.push(STATE.DNLOAD_IDLE);
    if (this.work !== null && this.work.fails !== 'never') {
      states.push(STATE.ERROR);
      this.errors = this.work.statuses;
    }
    return new Set(states);
  }
  private finish(work: Work, failed: boolean): void {
    this.work = null;
    if (work.pointer !== null) this.pointer = failed ? null : work.pointer;
  }
  private stateTold({ length }: Asked, data: Uint8Array, next: ReadonlySet<number>): { wrong: string | null; ended: null } {
    if (data.length !== Math.min(length, 1)) return { wrong: `${data.length} bytes of state (DFU 1.1 §6.1.5)`, ended: null };
    if (data.length === 0) return { wrong: null, ended: null };
    if (!next.has(data[0]!)) return { wrong: this.otherState(data[0]!, next), ended: null };
    this.states = new Set([data[0]!]);
    if (WITHOUT_WORK.has(data[0]!)) this.work = null;
    return { wrong: null, ended: null };
  }
  /** An error that work ends in, or does not, breaks the rule of that work; else it is the table of states. */
  private otherState(state: number, next: ReadonlySet<number>, bStatus: number | null = null): string {
    const from = [...this.states][0] ?? STATE.IDLE;
    const ofWork = this.work !== null && (this.work.fails === 'must' || state === STATE.ERROR);
    const paragraph = ofWork ? this.work!.paragraph : `DFU 1.1 §${STATE_PARAGRAPH[from] ?? 'A.2.5'}`;
    const told = bStatus === null || state !== STATE.ERROR ? dfuStateName(state) : dfuTold({ bState: state, bStatus });
    const why = ofWork && this.work?.fails === 'must' && this.work.why ? `: ${this.work.why}` : '';
    return `${told}; asked for: ${[...next].map(dfuStateName).join(' or ')}${why} (${paragraph})`;
  }

  private uploaded({ value, length }: Asked, data: Uint8Array, next: ReadonlySet<number>): string | null {
    const { dfuse, transferSize } = this.options;
    if (data.length > length) return `${data.length} bytes, though ${length} were asked for (DFU 1.1 §6.2)`;
    const short = data.length < length || length === 0;
    const begins = !this.states.has(STATE.UPLOAD_IDLE);
    const at = this.uploadFrom(value, begins);
    const ends = short || (length < transferSize && this.options.dialect.has('short-upload-ends'));
    this.states = new Set([...next].filter((s) => length > transferSize || length === 0 || s === (ends ? STATE.IDLE : STATE.UPLOAD_IDLE)));
    // ST's code is in dfuIDLE behind the whole answer to Get, short or not
    if (this.states.size === 0 || (dfuse && value === 0)) this.states = next;
    if (dfuse && value === 0) return this.listWrong(data, length);
    const cut = this.cutShort(value, length, data.length);
    if (cut !== null) return cut;
    if (!dfuse) this.uploadsOn(value, data.length, begins);
    if (this.isFromBefore(value, data)) return 'it gives what lies at the pointer of before the bus reset (AN3156 §5.2, DFU 1.1 §A.1)';
    return at === null || length > transferSize ? null : this.memoryDiffers(at, length, data);
  }
  /** What came is not what memory holds there. */
  private memoryDiffers(at: number, length: number, data: Uint8Array): string | null {
    const { uploadsMemory, dfuse } = this.options;
    if (!uploadsMemory) return null;
    const end = Math.min(at + length, this.base + this.memory.length);
    return differs(data, this.memory.subarray(at - this.base, Math.max(end, at) - this.base), dfuse ? 'AN3156 §4.1' : 'DFU 1.1 §6.2');
  }
  /** What lies nowhere else, so that nobody could take it for something else. */
  private isFromBefore(block: number, data: Uint8Array): boolean {
    const { lostPointer, base, memory } = this;
    if (!this.options.dfuse || this.pointer !== null || lostPointer === null || block !== 2) return false;
    if (this.options.dialect.has('pointer-outlives-reset')) return false;
    // a pointer goes back to where a region begins, if anywhere
    if (this.options.layout.some((segment) => segment.start === lostPointer)) return false;
    const at = lostPointer - base;
    const varied = new Set(data).size > TELLING;
    return varied && at >= 0 && data.every((b, i) => memory[at + i] === b);
  }
  /** Fewer bytes than the setting that is chosen has there. */
  private cutShort(block: number, length: number, came: number): string | null {
    const { dfuse, dialect, transferSize } = this.options;
    const most = dfuse && !dialect.has('alternate-shorter') ? this.chosenFrom(block) : null;
    if (most === null || length > transferSize || came >= Math.min(length, most)) return null;
    return `${came} bytes of the setting's memory came, not ${Math.min(length, most)} (UM0424, USB 2.0 §9.4.10)`;
  }
  /** The answer to Get. */
  private listWrong(data: Uint8Array, length: number): string | null {
    const { commands } = this.options;
    const lacks = length >= 4 ? COMMANDS.find((code) => !data.includes(code)) : undefined;
    if (lacks !== undefined) return `Get does not list 0x${lacks.toString(16)} (AN3156 §4.2)`;
    return commands === null ? null : differs(data, Uint8Array.from(commands).subarray(0, length), 'AN3156 §4.2');
  }
  /** Address that an upload of a block reads from; null: not known, or not judged. */
  private uploadFrom(block: number, begins = true): number | null {
    const { dfuse, transferSize, layout } = this.options;
    if (layout.length === 0) return null;
    if (dfuse) {
      const at = this.pointer === null ? null : this.pointer + (block - 2) * transferSize;
      return at === null || this.elsewhere(at) ? null : at;
    }
    if (this.otherChosen) return null;
    // in dfuUPLOAD-IDLE a number of 0 may be the one behind 65,535, or a new beginning: the device's own choice
    if (block === 0) return begins ? this.base : null;
    return this.course?.block === block ? this.base + this.course.offset : null;
  }
  private uploadsOn(block: number, bytes: number, begins: boolean): void {
    this.movesOn();
    if (block === 0 && !begins) this.course = null;
    else if (block === 0) this.course = bytes === this.options.transferSize ? { block: 1, offset: bytes } : null;
    else this.advance(block, bytes);
  }
  /** A read that no ABORT ends: some devices go on there with what they are sent. */
  private movesOn(): void {
    this.astray ||= this.options.accepted.has('dfu.upload-restarts');
  }
  private advance(block: number, bytes: number): void {
    if (this.options.dfuse) return;
    const first = block === 0 && this.state === STATE.IDLE;
    const offset = first ? 0 : this.course?.block === block ? this.course.offset : null;
    // what lies behind a short block is the device's own choice; one that appends them, by the baseline, is held to that
    const goesOn = bytes === this.options.transferSize || (bytes % DOUBLE_WORD === 0 && this.options.held.has('plain.shorter-blocks'));
    if (!goesOn) this.astray = true;
    this.course = offset === null || !goesOn ? null : { block: block + 1, offset: offset + bytes };
  }

  private worksOn(block: number, data: Uint8Array): Work {
    if (data.length > this.options.transferSize) {
      return {
        ...NO_WORK,
        fails: 'must',
        why: `${data.length} bytes are more than wTransferSize`,
        paragraph: 'DFU 1.1 §6.1.1',
        requirement: 'dfu.block-too-long',
      };
    }
    if (this.strayBlock) return this.unforeseen('DFU 1.1 §A.2');
    if (!this.options.dfuse) return this.plainBlock(block, data);
    if (block === 0) return this.command(data);
    if (block === 1)
      return {
        ...NO_WORK,
        fails: 'must',
        why: 'block 1 is reserved',
        paragraph: 'AN3156 §5.1 (block 1 is reserved)',
        requirement: 'flash.block-1',
      };
    const address = this.pointer === null ? null : this.pointer + (block - 2) * this.options.transferSize;
    return this.writes(address, data, 'AN3156 §5.1');
  }
  /** A DNLOAD that the standard refuses in this state, and the device takes, as the team accepts: nobody can say which block it writes. */
  private get strayBlock(): boolean {
    const { dialect } = this.options;
    return [...this.states].some(
      (s) =>
        s !== STATE.IDLE && s !== STATE.DNLOAD_IDLE && dialect.allowed(s, 'DNLOAD', this.options).some(({ answer }) => answer === 'ok'),
    );
  }
  private plainBlock(block: number, data: Uint8Array): Work {
    const { layout } = this.options;
    const first = block === 0 && this.state === STATE.IDLE;
    const offset = first ? 0 : this.course?.block === block ? this.course.offset : null;
    // which memory another setting writes is the device's own affair
    if (this.otherChosen) return this.unforeseen('DFU 1.1 §6.1.1');
    if (layout.length > 0 && block * this.options.transferSize >= this.memory.length && this.options.held.has('plain.high-block'))
      return {
        ...NO_WORK,
        fails: 'must',
        paragraph: 'DFU 1.1 §6.1.2, §6.1.1',
        write: this.anywhere(true),
        requirement: 'plain.high-block',
      };
    if (offset === null || layout.length === 0) return this.unforeseen('DFU 1.1 §6.1.1');
    // a device without DfuSe erases as it goes, and how much at a time is its own choice
    const known = this.writes(this.base + offset, data, 'DFU 1.1 §6.1.1');
    // two blocks were tried
    const mayEnd = this.options.endGuessed && known.fails === 'never' && offset + data.length > 2 * this.options.transferSize;
    const work: Work = mayEnd ? { ...known, fails: 'may', statuses: this.addressErrors() } : known;
    return { ...work, write: work.write && { ...work.write, from: this.base, to: this.base + this.memory.length } };
  }
  private unforeseen(paragraph: string): Work {
    const requirement = this.astray ? 'plain.behind-short' : null;
    return { ...NO_WORK, fails: 'may', paragraph, write: this.anywhere(true), requirement };
  }
  private writes(address: number | null, data: Uint8Array, paragraph: string): Work {
    if (this.options.protected) return { ...NO_WORK, fails: 'must', statuses: [ERR.VENDOR], paragraph: 'AN2662 (RDP)' };
    const far = 'flash.high-blocks';
    if (address === null) return { ...NO_WORK, fails: 'may', paragraph, write: this.anywhere(true), requirement: far };
    const whole = this.inside(address) && this.inside(address + data.length - 1);
    const end = this.base + this.memory.length;
    const from = address - (address % FLASH_UNIT);
    const to = Math.min(end, Math.ceil((address + data.length) / FLASH_UNIT) * FLASH_UNIT);
    const write = this.inside(address) ? { from, to, address, data: data.slice() } : null;
    if (!whole)
      return {
        ...NO_WORK,
        fails: this.elsewhere(address + data.length - 1) ? 'may' : 'must',
        why: `${hex8(address)} + ${data.length} is not all inside the memory that the device names`,
        statuses: this.addressErrors(),
        paragraph,
        write,
        requirement: this.inside(address) ? 'flash.write-end' : far,
      };
    const erased = this.memory.subarray(from - this.base, to - this.base).every((b) => b === this.options.erased);
    const open = this.segmentAt(address)?.writable !== false && this.segmentAt(address + data.length - 1)?.writable !== false;
    if (!open)
      return { ...NO_WORK, fails: 'must', why: `${hex8(address)} may only be read`, paragraph, write, requirement: 'flash.read-only' };
    // what flash cannot program at once (half-words of F0, double words of L4) a device may refuse
    return { ...NO_WORK, fails: erased && address % DOUBLE_WORD === 0 ? 'never' : 'may', paragraph, write };
  }
  private command(data: Uint8Array): Work {
    const [code] = data;
    if (code === DFUSE_CODE.READ_UNPROTECT && data.length === 1)
      return { ...NO_WORK, fails: 'may', paragraph: 'AN3156 §5.4', write: this.anywhere(true) };
    if (code === DFUSE_CODE.SET_ADDRESS && data.length === 5) return this.setAddress(dfuseAddress(data));
    if (code === DFUSE_CODE.ERASE && (data.length === 5 || data.length === 1)) return this.erase(data);
    return {
      ...NO_WORK,
      fails: 'must',
      why: 'it is no command of DfuSe',
      statuses: this.badCommand(),
      paragraph: 'AN2662 fig. 55',
      requirement: 'dfuse.bad-command',
    };
  }
  private setAddress(address: number): Work {
    const paragraph = 'AN3156 §5.2, Set Address Pointer';
    if (this.inside(address)) return { ...NO_WORK, pointer: address, paragraph };
    if (this.elsewhere(address))
      return { ...NO_WORK, pointer: address, fails: segmentAt(this.chosen, address) ? 'never' : 'may', paragraph };
    return {
      ...NO_WORK,
      fails: 'must',
      why: `no memory is at ${hex8(address)}`,
      statuses: this.badAddress(),
      paragraph,
      requirement: 'dfuse.bad-address',
    };
  }
  private erase(data: Uint8Array): Work {
    const paragraph = 'AN3156 §5.3, Erase';
    if (this.options.protected) return { ...NO_WORK, fails: 'must', statuses: [ERR.VENDOR], paragraph: 'AN2662 (RDP)' };
    const end = this.base + this.memory.length;
    if (data.length === 1 && this.otherChosen)
      return { ...NO_WORK, fails: 'may', paragraph, write: this.anywhere(this.options.dialect.has('mass-erase-takes-all')) };
    if (data.length === 1) {
      const write = { from: this.base, to: end, address: this.base, data: null };
      return { ...NO_WORK, paragraph, write, requirement: MASS_ERASE };
    }
    const address = dfuseAddress(data);
    if (this.elsewhere(address)) return { ...NO_WORK, fails: 'may', paragraph };
    if (!this.inside(address))
      return {
        ...NO_WORK,
        fails: 'must',
        why: `no memory is at ${hex8(address)}`,
        statuses: this.badAddress(),
        paragraph,
        requirement: 'dfuse.bad-erase',
      };
    const [from, to] = this.sectorOf(address);
    const write = { from, to, address: from, data: null };
    // an address inside of a sector names that sector, or nothing
    if (this.segmentAt(address)!.erasable)
      return address === from
        ? { ...NO_WORK, paragraph, write }
        : { ...NO_WORK, fails: 'may', statuses: this.badAddress(), paragraph, write };
    return { ...NO_WORK, fails: 'must', why: `${hex8(address)} cannot be erased`, paragraph, write, requirement: 'flash.read-only' };
  }
  /** Where nothing says what a block may change. */
  private anywhere(changes: boolean): PendingWrite | null {
    if (!changes || this.memory.length === 0) return null;
    return { from: this.base, to: this.base + this.memory.length, address: this.base, data: new Uint8Array(0) };
  }
  private badAddress(): readonly number[] {
    return [...this.addressErrors(), ...this.inDialect([ERR.STALLEDPKT])];
  }
  private addressErrors(): readonly number[] {
    return [...ADDRESS_ERRORS, ...this.inDialect(MORE_ADDRESS_ERRORS)];
  }
  private badCommand(): readonly number[] {
    return [ERR.STALLEDPKT, ...this.inDialect(OTHER_ERRORS)];
  }
  /** Those by which this device refuses. */
  private inDialect(codes: readonly (keyof typeof ERROR_TRAIT)[]): readonly number[] {
    return codes.filter((code) => this.options.dialect.has(ERROR_TRAIT[code]));
  }
  private inside(address: number): boolean {
    return address >= this.base && address < this.base + this.memory.length;
  }
  private elsewhere(address: number): boolean {
    return segmentAt(this.options.other, address) !== undefined;
  }
  private segmentAt(address: number): DfuSegment | undefined {
    return segmentAt(this.options.layout, address);
  }
  /** First address of the sector that an address lies in, and the first one behind it. */
  sectorOf(address: number): [number, number] {
    return sectorOf(this.options.layout, address);
  }
}

/** A device may look at what was downloaded before it takes it for its firmware. */
const mayHaveLooked = (o: Outcome): Outcome => ({ ...o, next: [...o.next, STATE.ERROR], statuses: NO_FIRMWARE });
/** Another wLength than the one of the document. */
const isCut = ({ request, value, length }: Asked, dfuse: boolean): boolean =>
  ((request === DFU.GETSTATUS || request === DFU.GETSTATE) && !isWholeAnswer(request, length)) ||
  (dfuse && request === DFU.UPLOAD && value === 0 && length < COMMANDS.length);
function kindOf({ request, data }: Asked): ModelRequest {
  if (request === DFU.DNLOAD) return data.length === 0 ? 'DNLOAD 0' : 'DNLOAD';
  return REQUEST_NAME.get(request) ?? 'unknown';
}
/** A DNLOAD that leads to dfuDNLOAD-IDLE has carried its block out. */
const atOnce = (next: readonly number[]): boolean => next.includes(STATE.DNLOAD_IDLE) && !next.includes(STATE.DNLOAD_SYNC);
const ANSWER_WORDS: Readonly<Record<Answer, string>> = { ok: 'acknowledged', stall: 'STALL', none: 'no answer' };
const inWords = (answer: Answer, next: readonly number[]): string =>
  `${ANSWER_WORDS[answer]}, then ${next.length === 0 ? 'gone' : next.map(dfuStateName).join(' or ')}`;
/** Any error is allowed where one of them allows any. */
const merged = (fits: readonly Outcome[]): readonly number[] =>
  fits.some((o) => o.statuses.length === 0) ? [] : [...new Set(fits.flatMap((o) => o.statuses))];

function statusWrong(bStatus: number, bState: number, pollMs: number, errors: readonly number[]): string | null {
  if (pollMs > LONGEST_POLL) return `bwPollTimeout is ${pollText(pollMs)} (DFU 1.1 §6.1.2)`;
  if (bState !== STATE.ERROR) return bStatus === 0 ? null : `${dfuTold({ bState, bStatus })} (DFU 1.1 §6.1.2)`;
  if (bStatus === 0) return 'dfuERROR with OK (DFU 1.1 §6.1.2)';
  if (errors.length === 0 || errors.includes(bStatus)) return null;
  return `${dfuTold({ bState, bStatus })}; asked for: ${errors.map(dfuStatusName).join(' or ')} (DFU 1.1 §6.1.2)`;
}
function differs(got: Uint8Array, want: Uint8Array, paragraph: string): string | null {
  if (got.length !== want.length) return `${got.length} bytes came, not ${want.length} (${paragraph})`;
  const at = want.findIndex((b, i) => got[i] !== b);
  return at < 0 ? null : `byte ${at} is 0x${got[at]!.toString(16)}, and memory holds 0x${want[at]!.toString(16)} (${paragraph})`;
}
