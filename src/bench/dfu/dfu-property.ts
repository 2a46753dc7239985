/**
 * Carries commands out on an emulated device and holds what must always hold: every request is answered or refused, the state machine is that of
 * DFU 1.1 in the device's dialect, flash holds nothing that was not sent, uploads return what flash holds, protected memory is not read, and a
 * device that lost its power comes back. What flash holds is read from the machine, never through the device.
 */
import { MS, US } from '../../emu/time.ts';
import { DfuMonitor, MASS_ERASE, type MonitorOptions } from '../../usb-sim/conform/monitor.ts';
import type { Asked, PendingWrite, Work } from '../../usb-sim/conform/work.ts';
import { findsNoFirmware, STATE } from '../../usb-sim/conform/model.ts';
import { hasStack, LONGEST_LEAVE, loopProgram, loops } from '../../usb-sim/conform/transfers.ts';
import type { LinkAnswer } from '../../usb-sim/conform/link.ts';
import { answerText, foldedSequence } from '../../usb-sim/conform/recorder.ts';
import { readDescriptors, StandardMonitor, standardSetup, type WholeDescriptors } from '../../usb-sim/conform/standard.ts';
import { parseDfuseLayout, setupPacket, type DfuSegment } from '../../usb-sim/descriptors.ts';
import { DFU, DFUSE_CODE, dfuseCommand, dfuStateName, dfuStatus, hex8 } from '../../usb-sim/dfu-protocol.ts';
import type { UsbSession } from '../../usb-sim/types.ts';
import { describeAsked, describeCommand, describeCommands, patternBytes, type DfuCommand } from './dfu-command.ts';
import type { DfuTarget } from './dfu-target.ts';
import { SentBlocks, type SentBlock } from './sent-blocks.ts';
import { flashInPlace, mainFlash } from '../session/flash-image.ts';

/** An invariant does not hold. The message has the script that shows it. */
export class DfuViolation extends Error {
  /** The case that broke the rule. */
  readonly commands: readonly DfuCommand[];
  /** @param answers what came back, of each command; the script shows it */
  constructor(what: string, commands: readonly DfuCommand[] = [], answers: readonly string[] = []) {
    super(`${what}\n${describeCommands(commands, answers)}`);
    this.name = 'DfuViolation';
    this.commands = commands;
  }
}

const MAX_POLLS = 100;
/** States in which a host asks again. */
const UNDER_WAY = [STATE.DNBUSY, STATE.DNLOAD_SYNC];
/** A device that needs no reset behind a download comes out of these by itself. */
const MANIFESTS = [STATE.MANIFEST_SYNC, STATE.MANIFEST];
/** A chip that was reset lets go of the bus within this. */
const GOES = 1_000 * MS;
/** Milliseconds of a suspension that a request may meet. */
const IDLE_AT_REQUEST = 1_000;
/** Milliseconds of a mass erase, at most. */
const LONGEST_WORK = 60_000;
/** Milliseconds for which a user holds the plug in his hand. */
const REPLUG = 100;
const NONE = new Uint8Array(0);
/** Answers of one command that its line shows. */
const MOST_ANSWERS = 4;
const [SET_CONFIGURATION, SET_INTERFACE] = [9, 11];
/** What takes a device back to its start. */
export type DfuReset = 'busReset' | 'unplug' | 'nrst';
type ResetCommand = Extract<DfuCommand, { do: DfuReset }>;
const RESETS: readonly ResetCommand[] = [{ do: 'busReset' }, { do: 'unplug', ms: 200 }, { do: 'nrst', ms: 10 }];
/** Bytes that are compared, and put back, together: a megabyte of each in every case was a tenth of what it cost. */
const PAGE = 4096;

export class DfuProperty {
  private readonly target: DfuTarget;
  private readonly options: MonitorOptions;
  /** What flash holds when a case begins, from the first byte of the layout on. */
  private readonly initial: Uint8Array;
  private readonly flashBase: number;
  /** The monitor's, of one case after another: it holds what flash holds but for pages of `touched`. */
  private readonly memory: Uint8Array;
  private readonly touched = new Set<number>();
  private readonly descriptors: WholeDescriptors;

  constructor(target: DfuTarget, options: MonitorOptions) {
    this.target = target;
    this.options = options;
    const { layout } = options;
    const { base, bytes } = mainFlash(target.held.session.machine);
    this.flashBase = base;
    const from = (layout[0]?.start ?? base) - base;
    this.memory = new Uint8Array((layout.at(-1)?.end ?? 0) - (layout[0]?.start ?? 0)).fill(target.erased);
    this.initial = this.memory.slice();
    this.initial.set(bytes.subarray(from, from + this.memory.length));
    this.memory.set(this.initial);
    target.restart();
    this.descriptors = readDescriptors(
      (setup) => target.controlNow(setup),
      target.facts,
      () => target.restart(),
    );
  }

  /** What the device does not come back from to DFU, though nothing was asked of it: an application starts there. */
  endsAt(): DfuReset[] {
    return RESETS.filter((reset) => {
      const course = this.fromCheckpoint();
      course.carryOut(reset);
      return course.over;
    }).map((reset) => reset.do);
  }
  private fromCheckpoint(): Course {
    this.target.restart();
    for (const page of this.touched) this.memory.set(this.initial.subarray(page * PAGE, (page + 1) * PAGE), page * PAGE);
    this.touched.clear();
    const monitor = new DfuMonitor(this.options, this.memory);
    const standard = new StandardMonitor(this.target.facts, this.descriptors, this.options);
    return new Course(this.target, monitor, standard, this.flashBase, this.touched);
  }
  /** One case from the checkpoint; throws a DfuViolation. */
  run(commands: readonly DfuCommand[]): void {
    const course = this.fromCheckpoint();
    const answers: string[] = [];
    for (let i = 0; i < commands.length; i++) {
      const problem = course.carryOut(commands[i]!);
      answers.push(problem === null ? course.answered() : course.inFull());
      if (problem !== null) throw new DfuViolation(`${describeCommand(commands[i]!)}: ${problem}`, commands.slice(0, i + 1), answers);
      if (course.over) break;
    }
    const problem = course.compareAll();
    if (problem !== null) throw new DfuViolation(problem, commands, answers);
  }
}

/** One case under way. A text is what is wrong. */
class Course {
  /** The device was sent away. */
  over = false;
  private readonly target: DfuTarget;
  private readonly model: DfuMonitor;
  private readonly standard: StandardMonitor;
  /** What flash held where the block or command under way may change it. */
  private before: Uint8Array = NONE;
  /** The same of the request that was made last. */
  private asked: Uint8Array = NONE;
  private readonly flashBase: number;
  /** Pages of the model's memory that may not hold what they held when the case began. */
  private readonly touched: Set<number>;
  /** Milliseconds for which the cable is out when it is pulled. */
  private pulledFor = 0;
  private readonly sent = new SentBlocks();
  /** What memory of other settings held when a mass erase began. */
  private others: Uint8Array[] = [];
  /** Requests and answers of the command under way. */
  private readonly said: { readonly setup: Uint8Array; readonly data: Uint8Array; readonly got: LinkAnswer }[] = [];

  constructor(target: DfuTarget, model: DfuMonitor, standard: StandardMonitor, flashBase: number, touched: Set<number>) {
    this.target = target;
    this.model = model;
    this.standard = standard;
    this.flashBase = flashBase;
    this.touched = touched;
  }

  carryOut(c: DfuCommand): string | null {
    const problem = this.pulledBefore();
    if (problem !== null) return problem;
    this.sent.begins(c);
    switch (c.do) {
      case 'request':
        return this.request(c.request, c.value, c.data === null ? c.length : Uint8Array.from(c.data));
      case 'standard':
        return this.askStandard(c);
      case 'settle':
        return this.settle();
      case 'download':
        return this.download(c.address, patternBytes(c.length, c.seed));
      case 'upload':
        return this.upload(c.address, c.length);
      case 'breakOff':
        return this.breakOff(c);
      case 'wait':
        this.target.run(c.us / 1000);
        return null;
      case 'suspend':
        this.target.held.usb.suspend(c.ms * MS);
        // what comes next begins while the bus is idle, and waits for the resume, not so long that it is given up
        this.target.run(Math.max(0, c.ms - IDLE_AT_REQUEST));
        return null;
      case 'busError':
      case 'pull':
        this.spoil(c);
        return null;
      case 'babble':
        return this.babble(c.block, c.data === null ? c.length : Uint8Array.from(c.data));
      default:
        return this.disturb(c);
    }
  }

  private request(request: number, value: number, payload: Uint8Array | number, waited = false): string | null {
    if (this.over) return null;
    const { model } = this;
    const input = typeof payload === 'number';
    const asked: Asked = { request, value, length: input ? payload : payload.length, data: input ? NONE : payload, waited };
    if (model.avoids(asked) || !this.standard.isConfigured) return null;
    const write = this.lookBefore(asked);
    const under = model.work?.write ?? write;
    const got = this.ask(this.setup(asked, input), asked.data);
    if (got === 'pulled') return this.afterPull(asked, under);
    if (request === DFU.UPLOAD && (this.keepsTheEnd || this.options.heldBack > 0))
      model.memory.set(this.flash(model.base, model.base + model.memory.length));
    return this.judged(asked, got);
  }
  private judged(asked: Asked, got: LinkAnswer): string | null {
    const { model } = this;
    const attached = this.target.witness.attached();
    const had = model.work;
    const broken = this.stalledBehindData(got);
    if (broken !== null) return broken;
    const { wrong, ended } = model.judge(asked, got);
    if (wrong !== null) return wrong;
    const lost = (got.status === 'ok' ? this.notInFlash(this.sent.taken(asked, model)) : null) ?? this.replaced(had?.write ?? null, ended);
    if (lost !== null) return lost;
    if (model.left) return this.leaves(got, attached);
    const status = asked.request === DFU.GETSTATUS && got.status === 'ok' && got.data.length === 6;
    const named = status ? this.standard.istringWrong(got.data[5]!) : null;
    return named ?? this.workIsOver(had, ended);
  }
  /** To refuse the rest of a read is a device's right; one that ended such reads with a packet of length 0 in the baseline is held to that. */
  private stalledBehindData({ status, data }: LinkAnswer): string | null {
    if (status !== 'stall' || data.length === 0 || this.model.lossy || !this.options.held.has('usb.zero-length-packet')) return null;
    return `a STALL behind ${data.length} bytes, in place of the packet that ends them (USB 2.0 §5.5.3, §8.5.3)`;
  }
  /** A mass erase is under way: what lies in memory of other settings. */
  private lookAround(asked: Asked): void {
    const mass = this.model.workOf(asked)?.requirement === MASS_ERASE && !this.options.dialect.has('mass-erase-takes-all');
    if (asked.request === DFU.DNLOAD) this.others = mass ? this.options.other.map((s) => this.inFlash(s)) : [];
  }
  private inFlash({ start, end }: DfuSegment): Uint8Array {
    return this.target.witness.read(start, end - start) ?? NONE;
  }
  private othersTaken(): string | null {
    const at = this.others.findIndex((bytes, i) => firstDifference(this.inFlash(this.options.other[i]!), bytes) >= 0);
    this.others = [];
    const lost = at < 0 ? null : this.options.other[at]!;
    return lost && `a mass erase of setting 0 changed the memory of another setting at 0x${lost.start.toString(16)} (UM0424, AN3156 §5.3)`;
  }
  /** Work whose end was told, or that was dropped. */
  private workIsOver(had: Work | null, ended: Work | null): string | null {
    if (ended !== null) return this.othersTaken() ?? this.afterWork(ended);
    return this.model.work === null && had?.write ? this.takeMixture(had.write) : null;
  }
  /** A download has ended: what was sent lies in flash. */
  private notInFlash(blocks: readonly SentBlock[]): string | null {
    for (const { address, data } of blocks) {
      const at = firstDifference(this.flash(address, address + data.length), data);
      if (at >= 0) return `flash at 0x${(address + at).toString(16)} is not what was sent, and the download has ended (DFU 1.1 §7, §A.2.8)`;
    }
    return null;
  }
  /** A device that takes a block while another one waits, or whose end nobody saw. */
  private replaced(had: PendingWrite | null, ended: Work | null): string | null {
    const now = this.model.work?.write ?? ended?.write ?? null;
    if (had === null || now === null || now === had) return null;
    const mixed = this.takeMixture(had);
    this.before = this.asked;
    return mixed;
  }
  /** It was told to leave; one with DfuSe goes by itself (AN3156 §5.5). */
  private leaves(got: LinkAnswer, attached: number | null): string | null {
    this.over = true;
    const { dfuse, accepted } = this.options;
    if (!dfuse || got.status !== 'ok' || accepted.has('leave.goes')) return null;
    for (let ms = 0; ms < LONGEST_LEAVE; ms += 10) {
      if (this.target.witness.attached() !== attached) return this.startsElsewhere();
      this.target.run(10);
    }
    const { status, data } = this.target.controlNow(this.setup({ request: DFU.GETSTATUS, value: 0, length: 6, data: NONE }, true));
    // behind dfuMANIFEST it may find nothing that it could start (DFU 1.1 §A.2.8)
    if (status === 'ok' && data.length >= 5 && findsNoFirmware(dfuStatus(data))) return null;
    return `it is still on the bus ${LONGEST_LEAVE} ms behind dfuMANIFEST (AN3156 §5.5, DFU 1.1 §A.2.8)`;
  }
  /** A program that does nothing lies at the pointer, and it is not the one that runs. */
  private startsElsewhere(): string | null {
    const { pointer, base } = this.model;
    const { witness } = this.target;
    const program = pointer === null ? null : loopProgram(pointer);
    const there = pointer === null ? null : this.model.memory.subarray(pointer - base, pointer - base + program!.length);
    if (there === null || program!.some((b, i) => there[i] !== b) || this.options.dialect.has('leave-elsewhere')) return null;
    for (let ms = 0; ms < LONGEST_LEAVE; ms += 10) {
      if (loops(pointer!, witness.pc())) return this.startsWithoutStack(pointer!);
      this.target.run(10);
    }
    return `the program at the pointer, 0x${pointer!.toString(16)}, does not run; PC is 0x${witness.pc().toString(16)} (AN3156 §5.5)`;
  }
  private startsWithoutStack(pointer: number): string | null {
    const msp = this.target.witness.msp();
    if (hasStack(msp) || this.options.dialect.has('leave-keeps-stack')) return null;
    return `the program at the pointer, ${hex8(pointer)}, runs, and MSP is ${hex8(msp)}, not what its vector table says (AN3156 §5.5)`;
  }
  private askStandard(asked: Extract<DfuCommand, { do: 'standard' }>): string | null {
    if (this.over) return null;
    const { model, standard } = this;
    if (standard.avoids(asked)) return null;
    const got = this.ask(standardSetup(asked));
    if (got === 'pulled') return this.afterPull({ request: DFU.GETSTATE, value: 0, length: 1, data: NONE }, model.work?.write ?? null);
    const wrong = standard.judge(asked, got);
    if (wrong !== null) return wrong;
    if (got.status === 'stall') model.perhapsRefused();
    const chosen = (asked.type === 0 && asked.request === SET_CONFIGURATION) || (asked.type === 1 && asked.request === SET_INTERFACE);
    if (got.status === 'ok' && chosen) {
      const name = standard.setting === 0 ? '' : (this.target.facts.alternates[standard.setting] ?? '');
      model.settingChosen(parseDfuseLayout(name), standard.setting !== 0);
    }
    return null;
  }
  private setup({ request, value, length }: Asked, input: boolean): Uint8Array {
    return setupPacket(input ? 0xa1 : 0x21, request, value, this.target.facts.interfaceNumber, length);
  }
  /** What a request may change in flash; what lies there is kept. */
  private lookBefore(asked: Asked): PendingWrite | null {
    const write = this.model.workOf(asked)?.write ?? null;
    if (write !== null) this.asked = this.flash(write.from, write.to).slice();
    if (write !== null && this.model.work === null) this.before = this.asked;
    this.touch(write);
    this.lookAround(asked);
    return write;
  }

  /** What the device has answered since this was asked last: all of it, or how it began and ended. */
  answered(): string {
    const { said } = this;
    const all = said.map(({ setup, got }) => answerText(setup, got));
    said.length = 0;
    return all.length > MOST_ANSWERS ? `${all[0]!}, … ${all.at(-1)!}` : all.join(', ');
  }
  /** The same request by request, where there were several. */
  inFull(): string {
    const lines = this.said.map(({ setup, data, got }) => `${describeAsked(setup, data)} → ${answerText(setup, got)}`);
    if (lines.length < 2) return this.answered();
    this.said.length = 0;
    return ['', ...foldedSequence(lines)].join('\n     ');
  }
  /** A control transfer; `pulled`: in the middle of it the cable was, and it is in again. */
  private ask(setup: Uint8Array, data: Uint8Array = NONE): LinkAnswer | 'pulled' {
    const got = this.target.controlNow(setup, data);
    this.said.push({ setup, data, got });
    if (this.target.held.usb.state.cable) return got;
    this.plugAgain();
    return 'pulled';
  }
  /** The cable was pulled behind the last transaction of a command. */
  private pulledBefore(): string | null {
    if (this.over || this.target.held.usb.state.cable) return null;
    this.plugAgain();
    return this.afterPull({ request: DFU.GETSTATE, value: 0, length: 1, data: NONE }, this.model.work?.write ?? null);
  }
  /** What goes wrong in one of the transactions that follow. */
  private spoil(c: Extract<DfuCommand, { do: 'busError' | 'pull' }>): void {
    this.model.lossy = true;
    const { usb } = this.target.held;
    if (c.do === 'busError' && c.kind === 'handshake' && this.options.accepted.has('usb.lost-ack')) return;
    if (c.do === 'busError') return usb.disturb(c.kind, c.after);
    this.pulledFor = c.ms;
    usb.unplugAt(c.bit, c.after);
  }
  /** What the device makes of a broken-off read or write is known to be wrong. */
  private neverBreaksOff(read: boolean): boolean {
    return (read ? ['usb.new-setup'] : ['usb.new-setup-in-write', 'usb.broken-off-write']).some((id) => this.options.accepted.has(id));
  }
  private plugAgain(): void {
    this.target.run(this.pulledFor);
    this.target.held.usb.plug();
  }
  /** The device was told to leave, or has done its work, or has not: as far as it got. */
  private afterPull(asked: Asked, write: PendingWrite | null): string | null {
    const { model } = this;
    if (asked.request === DFU.GETSTATUS && model.states.has(STATE.MANIFEST_SYNC)) {
      this.over = true;
      return null;
    }
    const back = this.comesBack(write !== null);
    if (this.isElsewhere()) return null;
    if (!back) return this.stayedAway('after the cable was pulled');
    return this.beganAnew() ?? (write && this.takeMixture(write)) ?? this.compareStates();
  }
  /** Behind a reset: bStatus, too, where it may say what a device found in its flash. */
  private beganAnew(): string | null {
    const { model } = this;
    model.reset(model.options.layout.length === 0 || this.changedPages().length > 0);
    this.standard.reset();
    return model.states.has(STATE.ERROR) ? this.request(DFU.GETSTATUS, 0, 6) : null;
  }

  /** Work has ended: what it must have done to flash. Where the words were not erased the device may leave any mixture of old and new. */
  private afterWork({ write, fails, paragraph }: Work): string | null {
    if (write === null) return null;
    const { model } = this;
    const { from, to, address, data } = write;
    const plain = !model.options.dfuse;
    if (fails !== 'never' || data?.length === 0 || this.mayBeMixed(write)) return this.takeMixture(write);
    const now = this.flash(from, to);
    const around = plain && !model.options.held.has('plain.neighbours') ? now : this.before;
    const want = data === null ? this.erased(from) : around.slice();
    if (data !== null) {
      want.set(data.subarray(0, to - address), address - from);
      if (plain) want.set(now.subarray(0, Math.max(0, model.base + model.options.heldBack - from)));
      if (this.paddedAsAccepted) want.set(now.subarray(address - from + data.length), address - from + data.length);
    }
    const wrong = firstDifference(now, want);
    if (wrong >= 0)
      return `flash at 0x${(from + wrong).toString(16)} holds 0x${now[wrong]!.toString(16)}, not 0x${want[wrong]!.toString(16)}${this.target.witness.busy() ? ', and is still at work' : ''} (${paragraph})`;
    model.memory.set(now, from - model.base);
    return null;
  }
  /** The unit of flash in which a block ends the device may fill up as it likes. */
  private get paddedAsAccepted(): boolean {
    return this.options.accepted.has('flash.behind-block');
  }
  /** What such a device still keeps of a download may come to flash at any time. */
  private get keepsTheEnd(): boolean {
    return !this.options.dfuse && !this.options.shortAtOnce;
  }
  /** Flash may hold some of the old and some of the new, though the device reports no error. */
  private mayBeMixed({ address, data }: PendingWrite): boolean {
    if (data === null) return false;
    const { dfuse, transferSize, dialect } = this.options;
    if (!dfuse) return this.keepsTheEnd && (data.length < transferSize || (address - this.model.base) % transferSize !== 0);
    return dialect.has('not-verified') && !this.before.every((b) => b === this.target.erased);
  }
  /** What an erase leaves of what was there: memory that cannot be erased stays (a mass erase). */
  private erased(from: number): Uint8Array {
    const want = this.before.slice();
    for (const s of this.options.layout)
      if (s.erasable) want.fill(this.target.erased, Math.max(s.start - from, 0), Math.max(s.end - from, 0));
    return want;
  }
  /** Of what work would have changed anything may have been, from old to new; nothing else. */
  private takeMixture({ from, to, address, data }: PendingWrite): string | null {
    const { model, before } = this;
    const now = this.flash(from, to);
    if (data !== null && data.length > 0 && model.options.dfuse)
      for (let i = 0; i < now.length; i++) {
        const sent = data[i - (address - from)];
        if (now[i] !== before[i] && sent === undefined && !(this.paddedAsAccepted && from + i >= address))
          return `flash at 0x${(from + i).toString(16)} changed, and nothing was sent there (AN3156 §5.1)`;
        if (sent !== undefined && (now[i]! & ~(before[i]! | sent)) !== 0)
          return `flash at 0x${(from + i).toString(16)} holds what was not sent (AN3156 §5.1)`;
      }
    model.memory.set(now, from - model.base);
    return null;
  }

  /** As a host does: GETSTATUS, and the time that the device asks for. */
  private settle(): string | null {
    const { model } = this;
    let waited = false;
    for (let i = 0; i < MAX_POLLS; i++) {
      const problem = this.request(DFU.GETSTATUS, 0, 6, waited);
      if (problem !== null || this.over) return problem;
      const manifests = model.options.tolerant && !model.options.dfuse && MANIFESTS.some((state) => model.states.has(state));
      if (!manifests && !UNDER_WAY.some((state) => model.states.has(state))) return null;
      if (model.pollMs > 0) this.target.run(model.pollMs);
      if (model.states.has(STATE.DNBUSY) && model.pollHolds && this.target.witness.busy())
        return `flash is at work ${model.pollMs} ms behind dfuDNBUSY: bwPollTimeout held in the baseline (DFU 1.1 §6.1.2)`;
      waited = true;
    }
    return `still ${[...model.states].map(dfuStateName).join(' or ')} after ${MAX_POLLS} polls (DFU 1.1 §A.2.5)`;
  }
  private block(block: number, data: Uint8Array): string | null {
    return this.request(DFU.DNLOAD, block, data) ?? this.settle();
  }
  /** CLRSTATUS or ABORT, as a host begins. */
  private idle(): string | null {
    const { model } = this;
    const under = UNDER_WAY.some((state) => model.states.has(state)) ? this.settle() : null;
    const problem = under ?? (model.state === null ? this.compareStates() : null);
    if (problem !== null || this.over || model.state === STATE.IDLE) return problem;
    return this.request(model.state === STATE.ERROR ? DFU.CLRSTATUS : DFU.ABORT, 0, NONE);
  }
  private download(address: number, data: Uint8Array): string | null {
    const { dfuse, transferSize: size } = this.options;
    let problem = this.idle();
    for (let at = address; dfuse && problem === null && at < address + data.length; at = this.model.sectorOf(at)[1])
      problem = this.block(0, dfuseCommand(DFUSE_CODE.ERASE, at));
    for (let at = 0; problem === null && at < data.length; at += size) {
      if (this.over || this.model.states.has(STATE.ERROR)) return null;
      const part = data.subarray(at, at + size);
      problem = dfuse
        ? (this.block(0, dfuseCommand(DFUSE_CODE.SET_ADDRESS, address + at)) ?? this.block(2, part))
        : this.block(at / size, part);
    }
    return problem;
  }
  private upload(address: number, length: number): string | null {
    const { dfuse, transferSize: size } = this.options;
    let problem = this.idle();
    if (dfuse && problem === null) {
      problem = this.block(0, dfuseCommand(DFUSE_CODE.SET_ADDRESS, address));
      if (this.over || this.model.states.has(STATE.ERROR)) return problem;
      problem ??= this.request(DFU.ABORT, 0, NONE);
    }
    for (let at = 0, block = dfuse ? 2 : 0; problem === null && at < length; at += size, block++)
      problem = this.request(DFU.UPLOAD, block, Math.min(size, length - at));
    return problem;
  }
  private get options(): MonitorOptions {
    return this.model.options;
  }
  private breakOff({ block, length, data = null }: Extract<DfuCommand, { do: 'breakOff' }>): string | null {
    const { target, model } = this;
    const sent = data === null ? NONE : Uint8Array.from(data);
    const request = data === null ? DFU.UPLOAD : DFU.DNLOAD;
    const asked: Asked = { request, value: block, length: data === null ? length : sent.length, data: sent };
    if (model.avoids(asked) || this.neverBreaksOff(data === null) || model.states.has(STATE.DNBUSY)) return null;
    this.lookBefore(asked);
    void target.abandon(this.setup(asked, data === null), sent);
    if (!target.held.usb.state.cable) {
      this.plugAgain();
      return this.afterPull(asked, model.work?.write ?? null);
    }
    model.perhaps(asked);
    return this.compareStates() ?? this.perhapsDone();
  }
  /**
   * A read is over for the host at its first packet, as one that is broken off. Of data that is too long DWC2 takes no notice, and takes the repetition; FSDEV and USB_DRD
   * answer STALL, and the code behind them has seen no data.
   */
  private babble(block: number, payload: Uint8Array | number): string | null {
    if (this.over) return null;
    const { target, model } = this;
    const { usb } = target.held;
    const input = typeof payload === 'number';
    const data = input ? NONE : payload;
    const length = input ? payload : payload.length;
    const asked: Asked = { request: input ? DFU.UPLOAD : DFU.DNLOAD, value: block, length, data };
    // a babbling read ends for the device as one that is broken off
    if (model.avoids(asked) || (input && this.neverBreaksOff(true)) || model.states.has(STATE.DNBUSY)) return null;
    this.lookBefore(asked);
    usb.disturb('babble');
    const got = target.controlNow(this.setup(asked, input), data);
    usb.calm();
    if (input || got.status !== 'ok') model.perhaps(asked);
    else {
      const { wrong } = model.judge(asked, got);
      if (wrong !== null) return wrong;
    }
    return this.compareStates() ?? this.perhapsDone();
  }
  /** A block that may have reached the device, which has nothing to do any more: flash may hold some of it. */
  private perhapsDone(): string | null {
    const { model } = this;
    const { work } = model;
    if (this.over || work === null || UNDER_WAY.some((state) => model.states.has(state))) return null;
    model.work = null;
    return work.write && this.takeMixture(work.write);
  }
  private compareStates(): string | null {
    return this.over ? null : this.request(DFU.GETSTATE, 0, 1);
  }

  private disturb(c: Extract<DfuCommand, { do: 'busReset' | 'unplug' | 'nrst' | 'powerCut' }>): string | null {
    const { target, model } = this;
    const { machine, usb } = target.held.session;
    usb.calm();
    const session = c.do === 'busReset' ? null : usb.session();
    const servedBy = usb.session()?.servedBy;
    switch (c.do) {
      case 'busReset':
        usb.resetDevice();
        break;
      case 'unplug':
        usb.unplug();
        target.run(c.ms);
        usb.plug();
        break;
      case 'nrst':
        machine.holdReset(true);
        target.run(c.ms);
        machine.holdReset(false);
        break;
      case 'powerCut':
        this.cutPower(c);
    }
    const busy = model.work !== null;
    this.sent.drop();
    const back = this.isBack(session, busy);
    if (this.isElsewhere()) return null;
    if (back) return this.isThereAgain(busy || c.do === 'powerCut');
    // a ROM that clears EMPTY is there for one start, one that was jumped to as well: what flash holds comes next
    this.over = c.do === 'nrst' && servedBy === 'system' && machine.bootVectors() !== machine.chip.rom?.vectorTable.value;
    return this.over ? null : this.stayedAway('');
  }
  /** It begins anew; what was under way is anything between old and new. */
  private isThereAgain(mayHaveChanged: boolean): string | null {
    const wrong = this.beganAnew();
    if (mayHaveChanged) this.adoptFlash();
    return wrong ?? this.compareStates();
  }
  /** An application runs, on the bus or not: a reset may lead there (DFU 1.1 §A.1), and that is the end of the case. */
  private isElsewhere(): boolean {
    const { target } = this;
    const { state, outsideReady } = target.held.usb;
    return (this.over = outsideReady ? !target.inDfuMode() : !state.pullup && target.runsProgram(this.options.layout));
  }
  private stayedAway(why: string): string {
    const { target } = this;
    const { held, witness } = target;
    const where = held.usb.state.pullup ? 'it is attached, and does not enumerate' : 'it does not attach';
    return `the device does not come back${why && ` ${why}`}: ${where}; PC is ${hex8(witness.pc())}`;
  }
  /** A device is there again, not the one of before (null: it did not go). */
  private isBack(before: UsbSession | null, busy: boolean): boolean {
    const { usb, bus } = this.target.held;
    if (before !== null) bus.runUntil(() => usb.session() !== before, bus.now + GOES);
    return (busy || usb.session() !== before) && this.comesBack(busy);
  }
  /** A host gives up on a device that is `busy` with a large sector (128 KB of F405: a second): a user pulls the cable once more when that is done. */
  private comesBack(busy: boolean): boolean {
    const { target } = this;
    if (target.back(this.options.layout) || !busy) return target.held.usb.outsideReady;
    for (let ms = 0; target.witness.busy() && ms < LONGEST_WORK; ms += REPLUG) target.run(REPLUG);
    target.held.usb.unplug();
    target.run(REPLUG);
    target.held.usb.plug();
    return target.back();
  }
  /** A DNLOAD and the GETSTATUS that starts its work; then the power goes. */
  private cutPower({ data, value, afterUs, ms }: Extract<DfuCommand, { do: 'powerCut' }>): void {
    const { target } = this;
    const sent = Uint8Array.from(data);
    const { machine } = target.held.session;
    const { usb, bus } = target.held;
    const { interfaceNumber } = target.facts;
    if (!this.model.avoids({ request: DFU.DNLOAD, value, length: data.length, data: sent }))
      target.controlNow(setupPacket(0x21, DFU.DNLOAD, value, interfaceNumber, data.length), sent);
    const id = usb.submitControl(setupPacket(0xa1, DFU.GETSTATUS, 0, interfaceNumber, 6));
    bus.runUntil(() => false, bus.now + afterUs * US);
    machine.powerOff();
    bus.runUntil(() => false, bus.now + ms * MS);
    machine.powerOn(true);
    usb.cancel(id);
    usb.takeResult(id);
  }

  compareAll(): string | null {
    const { model } = this;
    if (this.over || model.work !== null || this.keepsTheEnd) return null;
    for (const [from, to] of this.changedPages()) {
      const begin = Math.min(to, Math.max(from, model.base + model.options.heldBack));
      const at = firstDifference(this.flash(begin, to), model.memory.subarray(begin - model.base, to - model.base));
      if (at >= 0)
        return `flash at 0x${(begin + at).toString(16)} is not what was sent, though every block was told as done (DFU 1.1 §A.2.4)`;
    }
    return null;
  }
  /** The model takes over what flash holds. */
  private adoptFlash(): void {
    const { model } = this;
    for (const [from, to] of this.changedPages()) {
      this.touch({ from, to });
      model.memory.set(this.flash(from, to), from - model.base);
    }
  }
  private touch(stretch: Pick<PendingWrite, 'from' | 'to'> | null): void {
    if (stretch === null) return;
    const { base } = this.model;
    for (let page = Math.floor((stretch.from - base) / PAGE); page * PAGE < stretch.to - base; page++) this.touched.add(page);
  }
  /** Where flash or the model's memory may hold something else than when the case began, as addresses. */
  private changedPages(): [number, number][] {
    const { model, touched } = this;
    const { machine } = this.target.held.session;
    const size = model.memory.length;
    const host = this.flash(model.base, model.base + size).byteOffset;
    const pages: [number, number][] = [];
    for (let at = 0; at < size; at += PAGE) {
      const length = Math.min(PAGE, size - at);
      if (touched.has(at / PAGE) || machine.hasChanged(host + at, length)) pages.push([model.base + at, model.base + at + length]);
    }
    return pages;
  }
  private flash(from: number, to: number): Uint8Array {
    return flashInPlace(this.target.held.session.machine).bytes.subarray(from - this.flashBase, to - this.flashBase);
  }
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  if (typeof Buffer !== 'undefined' && Buffer.compare(a, b) === 0) return -1;
  const words = Math.min(a.length, b.length) >> 2;
  const [x, y] = [a, b].map((bytes) => (bytes.byteOffset % 4 === 0 ? new Int32Array(bytes.buffer, bytes.byteOffset, words) : null));
  let i = 0;
  if (x && y) {
    while (i < words && x[i] === y[i]) i++;
    i *= 4;
  }
  for (; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return i;
  return -1;
}
