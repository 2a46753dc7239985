/**
 * One chip on one board with one host: built from a RunInput, powered on, driven by the scenario, run to its end. The same session is
 * restored and run again by the diagnosis.
 */
import { Budget, CutShort, type CutReason } from './budget.ts';
import type { BlockRow } from '../../emu/chip.ts';
import type { Core, Interceptor } from '../../emu/core/core.ts';
import { registerFile } from '../../emu/core/arm/register-file.ts';
import type { EntryRecord } from '../../emu/history.ts';
import type { AnyModelFactory } from '../../emu/registers.ts';
import { UnicornEngine } from '../../engines/unicorn.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { listensTo } from '../../emu/wires.ts';
import { Machine } from '../../emu/machine.ts';
import { MS, PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import type { UsbDevicePort } from '../../emu/ports.ts';
import { PIN_FLOATING, PIN_IDLE_HIGH } from '../../peripherals/pins/gpio-common.ts';
import { MODELS } from '../../peripherals/index.ts';
import { usbPort } from '../../peripherals/usb/usb-ports.ts';
import { dumpBase, loadRom, type LoadedRom } from '../../rom/load.ts';
import { ROM_OPTION_IDS } from '../../rom/options.ts';
import { hostPorts, rxPinOf, watchedPins } from '../../rom/profile.ts';
import { findRomProfile, romProfileOf, type RomProfile } from '../../rom/profiles.ts';
import { UsbSim } from '../../usb-sim/usb-sim.ts';
import { decideOutcome, isBehindRom, outcomeBesideDfu } from './outcome.ts';
import { isRunning, othersThanBooted } from './programs.ts';
import { APP_GOAL, freshGoal } from '../documents/goal.ts';
import type { PinLevel } from '../documents/scenario-types.ts';
import type { EndReason, Outcome } from '../documents/result.ts';
import { keptState } from './kept-state.ts';
import { restartAt, startOf } from './restart.ts';
import { entryLoopSettled, resetsDecide, resetLoop, resetsGoOn, steadyEntries } from './reset-loop.ts';
import type { RunInput } from '../input/run-input.ts';
import { SERIAL_PORT } from '../documents/names.ts';
import { GoalHost } from './goal-host.ts';
import { tellOutputRate } from './uart-rate.ts';
import { serveSemihosting } from '../input/semihosting.ts';
import { Steps } from './steps.ts';
import { finiteLoop } from './finite-loop.ts';
import { isMainLoop } from './main-loop.ts';
import { pollsInput } from './input-registers.ts';
import { isAlone, proveFixedLoop, watchdogRuns } from './fixed-loop.ts';
import { interruptsAround } from './surrounding-events.ts';
import { CHECK_TIMER } from './hearing.ts';
import { holdsInterrupts } from './held-interrupts.ts';
import { floatingInputs } from './floating-inputs.ts';
import type { FiniteLoop, FixedLoop, LiveRun, SessionEnd, SessionState } from './live-run.ts';
import { goesRoundForEver } from './same-rounds.ts';
import { repeatsUntil } from './tick-period.ts';

/** After the last event that counts, and over all (design: when a run ends). */
const QUIET = 5 * PS_PER_SECOND;
/** The same in a run that hurries, or once the ROM was left again, of a firmware that keeps its devices so busy, in writes and transfers a second, that each second costs one of ours. */
const QUIET_IF_BUSY = 1 * PS_PER_SECOND;
const BUSY = 20_000;
const LONGEST = 60 * PS_PER_SECOND;
/** A loop that goes on for so long at the end of a run is a delay of its own; of a shorter one the rest is waited for once. */
const LONG_DELAY = 1 * PS_PER_SECOND;
/** A shorter rest of one is not told. */
const TOLD_DELAY = PS_PER_SECOND / 2;
/** Effort: so many long ones are waited for one behind another: a light that blinks slowly would go on for ever. */
const MOST_DELAYS = 3;
/** The second engine executes waits one by one. */
const LONGEST_UNICORN = 5 * PS_PER_SECOND;
/**
 * What ends a run is looked at on the next multiple of this after something has happened that may have changed it (`stir`), or when the time comes that it waits
 * for; virtual time, so it does not depend on the machine, nor on where a repeated run began.
 */
const CHECK_STEP = 1 * MS;
/** The user's limits are looked at this often all the same. */
const LONGEST_STRETCH = 50 * MS;
const LOOK_BYTES = 1 << 20;
/** Nobody reads more, and it takes no virtual time that would end the run. */
const MOST_PRINTED = 32 << 20;
const printedBySemihosting = ({ state }: Pick<Machine, 'state'>): number => state.console['semihosting']?.count ?? 0;
/** Characters of the console's end in which its last line is looked for, to tell how far a run is. */
const LINE_TOLD = 1024;
/** First checkpoint of the trail, and how much later the next may be. */
const TRAIL_FIRST = 20 * MS;
const TRAIL_GROWTH = 16;
const TRAIL_LENGTH = 8;
/** Milliseconds between two lines of progress. */
const TELL_EVERY = 150;
/** So many entries have a checkpoint each; after them one is taken when this part of the time since the first has gone by. */
const ENTRIES_KEPT = 8;
const ENTRY_GROWTH = 8;
/** So long after something has happened a proof that nothing else comes is sought, and so long at first between two. */
const FIRST_PROOF = 20 * MS;
const UNANSWERED = 2 * PS_PER_SECOND;
/** Of a leave that no DFU client has asked for. */
const NOT_USB = -1;
/** Effort: instructions in which the end of a delay is looked for. */
const DELAY_EFFORT = 20_000_000;
/** The same for rounds of it, most of which are skipped. */
const ROUNDS_EFFORT = 200_000_000;
const NO_ATTACH = 2 * PS_PER_SECOND;
/** The same beside a busy DMA, in a repeated run; of a transfer without an answer, too. */
const SILENT_IF_BUSY = 300 * MS;

export interface RunLimits {
  readonly until?: Ps | null;
  /** A run repeated with something changed: only its outcome is wanted. */
  readonly counterfactual?: boolean;
  /** Something is repaired in it. */
  readonly repaired?: boolean;
  /** Resets up to this time were another run's: they settle nothing. */
  readonly since?: Ps;
  /** Returns then, with the run not over: it may go on from there. What would settle it is asked as if it went on. */
  readonly pause?: Ps;
  /** Ends it before this entry, counted from 1. */
  readonly untilEntry?: number;
  /** Decides at each look whether the run is over, in place of all else that settles it. */
  readonly over?: () => boolean;
}

/** A DFU leave that was carried out: the host's request, the vector table it named, the first instruction. */
interface Leaving {
  readonly request: number;
  readonly table: number;
  readonly pc: number;
}

export interface SessionOptions {
  /** Other values of ROM options than the input's. */
  readonly romOptions?: Readonly<Record<string, string>>;
  readonly parameters?: Readonly<Record<string, number | null>>;
  readonly pins?: Readonly<Record<string, PinLevel>>;
  /** Models of blocks that are not of the chip's own, by the name in their rows. */
  readonly models?: Readonly<Record<string, AnyModelFactory>>;
}

/** Where what it calls only goes another way then, nothing ends. */
const toldLoop = (loop: FiniteLoop | null): FiniteLoop | null => (loop?.within === true ? null : loop);

export class Session implements LiveRun {
  readonly input: RunInput;
  readonly budget: Budget;
  readonly machine: Machine;
  readonly usb: UsbSim;
  readonly profile: RomProfile | null;
  rom: LoadedRom | null;
  readonly steps: Steps;
  /** Null where the goal is USB or the application. */
  private readonly goalHost: GoalHost | null;
  state: SessionState;
  /** Before the first instruction of an entry: the last one, or where there are very many one before it (`lastEntry`). */
  entryCheckpoint: Checkpoint | null = null;
  /** At the first fault before any entry, for checks on the path. */
  faultCheckpoint: Checkpoint | null = null;
  keepCheckpoints = true;
  /** Inputs that nothing drove when the program's last reset came, in the run itself: a fork may take another way. */
  floatsBeforeReset: readonly string[] = [];
  /** A host on another interface has asked the ROM to start the program whose vector table is there. */
  goTo: number | null = null;
  private unlooked = 0;
  /** Before the first instruction of the program that the last leave went to, and whether it starts with interrupts kept from it. */
  leave: (Leaving & { readonly checkpoint: Checkpoint; readonly held: boolean }) | null = null;
  private leaving: Leaving | null = null;
  /**
   * Checkpoints on the way to the first entry, newest last: one for each state of what has been read of system memory, so that a run with another ROM can
   * start behind most of the firmware's own time, and one not long before each reset. Kept where `keepTrail` asks for it.
   */
  readonly trail: Checkpoint[] = [];
  keepTrail = false;
  /** Its end may come early where the firmware is busy: somebody else waits for as long as it takes, if nothing else helps. */
  hurries = false;
  /** Called when the machine has paused before the first instruction of an entry. */
  onPausedEntry: (() => void) | null = null;
  /** Something has happened that may end the run or change what the host sees. */
  onCheckRequested: (() => void) | null = null;
  /** The HID driver of the host has received a report. */
  onReport: ((bytes: Uint8Array) => void) | null = null;
  /** Timer that ends the stretch that runs. */
  private readonly checkSlot: number;
  private running = false;
  asksReach = false;
  /** Somebody else runs the machine, and asks for no end of the run. */
  held = false;
  private exited: number | null = null;
  private nextTrail = TRAIL_FIRST;

  constructor(input: RunInput, options: SessionOptions = {}) {
    // sessions that are made of this one's input share its time
    this.input = input.startedAt === undefined && input.clock ? { ...input, startedAt: input.clock() } : input;
    this.budget = new Budget(this.input);
    const machine = newMachine(input, options);
    this.machine = machine;
    this.profile = romProfileOf(input.chip);
    this.rom = this.placeRom({ ...input.rom.options, ...options.romOptions });
    for (const image of input.images) for (const chunk of image.chunks) machine.load(chunk.address, chunk.data);
    placeLoader(machine);
    this.usb = this.newHost();
    machine.attach(this.usb);
    machine.system.onWork = this.lookAtWork;
    this.checkSlot = machine.system.addTimer(CHECK_TIMER, () => this.running && machine.stop());
    this.steps = new Steps(this);
    machine.attach(this.steps);
    this.goalHost = input.goal.asking === null ? null : new GoalHost(this, input.goal.asking);
    this.state = freshState();
    machine.attach({ save: () => structuredClone(this.state), restore: (s) => (this.state = structuredClone(s as SessionState)) });
    this.observe();
    for (const [name, level] of Object.entries(this.pins(options.pins ?? {}))) machine.system.setWire(`pin.${name}`, level);
    this.steps.driveAdc(input.scenario.adc);
    this.applyForce();
    if (input.mended) machine.mend(input.mended(machine));
    machine.powerOn();
    this.usb.powerOn();
    this.steps.start();
    input.outside?.(machine);
  }

  private newHost(): UsbSim {
    const { machine } = this;
    const { host } = this.input.scenario;
    return new UsbSim(machine.system, () => usbPort(machine.system)?.port ?? NO_DEVICE, {
      host: host.kind,
      cable: host.cable,
      vbus: this.input.scenario.board.vbus,
      driver: host.driver,
      zone: () => machine.state.usbServedBy,
      console: (channel, bytes) => machine.console(channel, String.fromCharCode(...bytes)),
      report: (bytes) => this.onReport?.(bytes),
      changed: () => this.requestCheck(),
    });
  }

  /** What the session wants to hear of the machine. */
  private observe(): void {
    const { machine } = this;
    // who is asked for the goal is no intruder
    const goalPort = this.input.goal.asking?.port;
    const listened = new Set(watchedPins(this.profile).flatMap(({ name, pin }) => (name === goalPort ? [] : [`pin.${pin}`])));
    machine.observer = {
      beforeReset: () => {
        if (this.keepCheckpoints && !machine.state.inSystem) this.floatsBeforeReset = floatingInputs(machine, this.input.scenario.document);
        this.usb.chipReset();
      },
      reset: () => this.onReset(),
      lockup: () => this.requestCheck(),
      entry: (e) => this.onEntry(e),
      leftSystem: (pc) => {
        this.state.anchor = this.state.leftAt = machine.now;
        this.resetProof();
        this.requestCheck();
        return this.keepCheckpoints && this.leaves(pc);
      },
      wire: listensTo(
        (name) => UsbSim.hears(name) || listened.has(name) || this.steps.listens || this.input.outside !== undefined,
        (name, value) => {
          this.usb.onWire(name, value);
          if (this.steps.listens) this.steps.onWire(name, value);
          if (value !== 0 || !machine.state.inSystem || !listened.has(name)) return;
          if (this.state.fellInRom.length < MAX_EDGES) this.state.fellInRom.push({ pin: name.slice('pin.'.length), at: machine.now });
        },
      ),
      console: (channel) => this.hearsFrom(channel),
      semihosting: (core) => {
        this.serve(core);
        return true;
      },
      faulted: (core) => {
        // the boot core decides the run: a second core without an image locks up at once
        if (core !== machine.bootCore || machine.history.entries.length > 0) return;
        if (this.faultCheckpoint === null && this.keepCheckpoints) this.faultCheckpoint = machine.save();
      },
      exception: (core, exception, _handler, pc) => this.onException(core, exception, pc),
      exceptionReturn: (core) => this.onExceptionReturn(core),
    };
  }
  private readonly heard = new Set<string>();
  /** The first character of a port tells at which rate it sends. */
  private hearsFrom(channel: string): void {
    if (this.heard.has(channel)) return;
    this.heard.add(channel);
    const { machine, input } = this;
    const port = channel.toUpperCase();
    if (SERIAL_PORT.test(port)) tellOutputRate(machine, port, input.images, input.scenario.board.hse?.hz ?? null);
  }
  /** A master outside has called the chip on a port at which the ROM would follow. */
  selected(port: string): void {
    const found = this.input.goal.asking?.port === port ? undefined : hostPorts(this.profile).find((i) => i.name === port);
    const { selectedInRom } = this.state;
    if (found === undefined || !this.machine.state.inSystem || selectedInRom.some((s) => s.name === port)) return;
    selectedInRom.push({ ...found, at: this.machine.now });
  }
  private onReset(): void {
    const { machine } = this;
    this.loseHeld();
    if (resetsDecide(machine.history)) machine.history.keepsBehindReset(keptState(machine));
    this.state.anchor = machine.now;
    this.state.fault = null;
    this.state.leftAt = null;
    this.state.delayed = null;
    this.state.loop = null;
    this.state.startsAt = startOf(this);
    this.watchStart(false);
    this.resetProof();
    this.steps.abandonCall();
    this.requestCheck();
  }
  /** Software resets lose what the ECC of RAM still holds back. */
  private loseHeld(): void {
    const { machine, input } = this;
    const reset = machine.history.resets.at(-1);
    if (input.eccLosses === undefined || reset?.by !== 'software' || reset.external) return;
    for (const { address, bytes, stored } of input.eccLosses)
      if (stored.every((byte, i) => machine.bootCore.peekBehindCache(address + i, 1) === byte)) machine.replace(address, bytes);
  }
  /** A call may print 64 KB in two instructions: the limits of the user are looked at by bytes, too. */
  private printed(text: string): void {
    this.machine.console('semihosting', text);
    if ((this.unlooked += text.length) < LOOK_BYTES) return;
    this.unlooked = 0;
    this.lookAtWork();
  }
  /** Devices that work hard may need seconds for the time between two checks. */
  private readonly lookAtWork = (): void => {
    if (this.limitReached() !== null) this.machine.stop();
  };
  private serve(core: Core): void {
    const { machine } = this;
    serveSemihosting(core, {
      print: (text) => this.printed(text),
      exit: (code) => {
        machine.state.semihostingExit ??= code;
        this.exited = code;
        machine.stop();
      },
      now: () => machine.now,
    });
  }

  private placeRom(chosen: Readonly<Record<string, string>>): LoadedRom | null {
    const { machine, profile, input } = this;
    if (!profile) return null;
    if (input.rom.kind === 'dump') {
      machine.load(dumpBase(profile, input.rom.bytes) ?? profile.base, input.rom.bytes);
      for (const piece of input.rom.beside ?? []) machine.load(piece.address, piece.bytes);
      return null;
    }
    const rom = loadRom(profile, input.rom.bytes, chosen, input.rom.version);
    for (const s of rom.segments) machine.load(s.address, s.bytes);
    machine.system.setFaultRanges(rom.faults);
    machine.watchOptionBlock(profile.optionBlock, 4 * ROM_OPTION_IDS.length, profile.gap);
    return rom;
  }

  /** The stand-in ROM with other options than the run's; null where there is none. */
  otherRom(options: Readonly<Record<string, string>>): LoadedRom | null {
    const { profile, input } = this;
    return profile && this.rom ? loadRom(profile, input.rom.bytes, { ...input.rom.options, ...options }, input.rom.version) : null;
  }
  /**
   * Puts another ROM into system memory, as if it had been there from the start: right for a checkpoint whose past has read nothing that differs, which
   * the caller restores then. Returns what undoes it.
   */
  swapRom(rom: LoadedRom): () => void {
    const before = this.rom!;
    const put = (next: LoadedRom, old: LoadedRom): void => {
      // a stretch that only the other one fills is erased here
      for (const s of old.segments)
        if (!next.segments.some((x) => x.address === s.address)) this.machine.replace(s.address, new Uint8Array(s.bytes.length).fill(0xff));
      for (const s of next.segments) this.machine.replace(s.address, s.bytes);
      this.machine.system.setFaultRanges(next.faults);
      this.rom = next;
    };
    put(rom, before);
    return () => put(before, rom);
  }

  /** Values of all pins' wires: floating, weakly high where the ROM listens (RX, I2C, NSS), then what the scenario says. */
  private pins(more: Readonly<Record<string, PinLevel>>): Record<string, number> {
    const pins: Record<string, number> = {};
    for (const b of this.machine.chip.blocks)
      if (b.model?.startsWith('gpio')) for (let n = 0; n < 16; n++) pins[`P${portOf(b)}${n}`] = PIN_FLOATING;
    for (const pin of idleHigh(findRomProfile(this.machine.chip.rom?.id ?? ''))) pins[pin] = PIN_IDLE_HIGH;
    // an adapter that sends holds its line, also against a pull-down of the ROM
    const { goal, scenario } = this.input;
    const senders = [goal.asking?.port ?? [], ...scenario.steps.map(({ action }) => (action.kind === 'uart' ? action.port : []))].flat();
    for (const pin of senders.flatMap((port) => rxPinOf(this.profile, port) ?? [])) pins[pin] = 1;
    const boot0 = this.profile?.boot0Pin;
    if (boot0) pins[boot0] = this.input.scenario.board.boot0;
    for (const [name, level] of Object.entries({ ...this.input.scenario.board.pins, ...more }))
      pins[name] = level === 'z' ? PIN_FLOATING : level;
    return pins;
  }

  private applyForce(): void {
    for (const f of this.input.force) this.machine.system.force(f.peripheral, f.register, f.field, f.value);
  }

  /** A repeated run gives a step of the scenario time to work: when it sees that nothing comes of it is told to nobody. */
  private proofAt(counterfactual: boolean): Ps {
    const { nextProof, anchor } = this.state;
    return counterfactual ? Math.max(nextProof, anchor + FIRST_PROOF) : nextProof;
  }
  private resetProof(): void {
    this.state.nextProof = this.machine.now + FIRST_PROOF;
    this.state.proofGap = FIRST_PROOF;
    this.state.goesIntoLoop = false;
  }

  private onEntry(e: EntryRecord): void {
    // the handler of the fault has jumped: what comes now is the ROM's doing
    if (e.how === 'branch' && e.core === this.machine.bootCore.index) this.state.fault = null;
    this.state.anchor = this.machine.now;
    this.state.leftAt = null;
    this.state.delayed = null;
    this.resetProof();
    this.steps.abandonCall();
    this.goalHost?.entered();
  }
  private onException(core: Core, exception: number, pc: number): void {
    const isFault = exception >= 2 && exception <= 7;
    if (isFault && core === this.machine.bootCore) {
      this.state.fault = { exception, since: this.machine.now, pc };
      this.requestCheck();
    }
  }
  private onExceptionReturn(core: Core): void {
    if (this.state.fault && core === this.machine.bootCore && (core.arm.ipsr === 0 || core.arm.ipsr > 7)) this.state.fault = null;
  }

  /** What was settled is open again: something has been changed from outside. */
  goOn(): void {
    this.state.loop = null;
    this.state.anchor = this.machine.now;
    this.resetProof();
  }
  setRepairs(repairs: Interceptor | null): void {
    this.machine.setRepairs(repairs);
  }

  /** Nothing is asked of the session any more. */
  release(): void {
    this.machine.release();
  }
  save(): Checkpoint {
    return this.machine.save();
  }
  restore(c: Checkpoint): void {
    this.machine.restore(c);
    this.exited = null;
  }

  /** NRST is pressed for 10 ms, the supply stays, and the scenario's steps come once more. */
  pressReset(): void {
    const { machine } = this;
    machine.holdReset(true);
    const released = machine.now + 10 * MS;
    while (machine.now < released) machine.run(released);
    machine.holdReset(false);
    this.state.dfuAt = null;
    this.state.anchor = machine.now;
    this.steps.restart();
  }

  /** Runs to the end of the run by the rules of the design, from where the session is now. */
  run(limits: RunLimits = {}): SessionEnd {
    const { machine } = this;
    for (;;) {
      const limit = this.limitReached();
      if (limit) return this.end(limit, false);
      const deadline = this.deadline(limits);
      const pause = limits.pause ?? Infinity;
      if (machine.now >= pause) return this.end('deadline', false);
      if (machine.now >= deadline) {
        const end = this.atDeadline(limits);
        if (end) return end;
        continue;
      }
      this.running = true;
      const why = machine.run(Math.min(deadline, pause, this.nextCheck(limits.counterfactual === true)));
      this.running = false;
      const end = why === 'entry' ? this.pausedAtEntry(limits) : this.checked(limits);
      if (end) return end;
    }
  }
  /** The end of the run, unless the core is in a loop that is known to end: what comes behind a delay is waited for. */
  private atDeadline(limits: RunLimits): SessionEnd | null {
    const { machine } = this;
    const loop = this.input.engine === 'unicorn' || machine.now === 0 ? null : this.delayAt();
    if (typeof loop === 'string') return this.end(loop, false);
    const end = { ...this.end('deadline', false), loop: toldLoop(loop) };
    const asked = limits.until ?? this.input.until;
    if (loop === null) return end;
    const isLast = asked !== null || machine.now >= LONGEST || loop.endsAt >= LONGEST;
    if (isLast) return this.withoutMainLoop(end, limits);
    // the proof restored the session: its state is another object now
    const { state } = this;
    const left = loop.endsAt - machine.now;
    // programs that do nothing but wait for short times would go on for ever
    const isTail = left < LONG_DELAY;
    const times = state.delayed?.times ?? 0;
    if (times >= (isTail ? 1 : MOST_DELAYS)) return this.withoutMainLoop(end, limits);
    const behind = isTail ? LONG_DELAY : QUIET;
    state.delayed = { until: Math.max(loop.endsAt + behind, machine.now + CHECK_STEP), times: times + 1 };
    return null;
  }
  /** A delay that comes again and again has nothing behind it; a repeated run is not asked for that. */
  private withoutMainLoop(end: SessionEnd, { counterfactual, until }: RunLimits): SessionEnd {
    const { machine, budget } = this;
    const { loop } = end;
    if (loop == null || counterfactual === true || until !== undefined || loop.endsAt - machine.now < TOLD_DELAY) return end;
    try {
      const goesRound = budget.within(ROUNDS_EFFORT, () => isMainLoop(machine, loop, (time) => void this.advance(time)));
      return goesRound ? { ...end, loop: null } : end;
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
      return end;
    }
  }
  /** The delay that the core is in, if it is one; what of the user's limits has run out meanwhile. */
  private delayAt(): FiniteLoop | null | Exclude<CutReason, 'effort'> {
    const { machine, budget } = this;
    try {
      const loop = budget.within(DELAY_EFFORT, () => finiteLoop(machine, (time) => void this.advance(time)));
      // too long to be run, so that nobody knows whether it ends
      return loop?.within === true && loop.endsAt >= LONGEST ? null : loop;
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
      return error.reason === 'effort' ? null : error.reason;
    }
  }
  /** Runs on to a time for a search, whatever would end a run. Throws CutShort where the budget is at its end. */
  advance(time: Ps): ReturnType<Machine['run']> {
    const { machine, budget } = this;
    for (;;) {
      const retired = machine.bootCore.retired();
      const why = machine.run(Math.min(time, checkAt(machine.now + LONGEST_STRETCH)));
      budget.spend(machine.bootCore.retired() - retired);
      if (why !== 'limit' || machine.now >= time) return why;
    }
  }
  /** The end of the run, if nothing that counts can come any more. */
  private checked(limits: RunLimits): SessionEnd | null {
    const { machine } = this;
    if (this.exited !== null) return this.end('semihosting', true);
    this.steps.poll();
    this.goalHost?.poll();
    if (this.keepTrail && machine.now >= this.nextTrail) this.extendTrail();
    if (this.usb.dfuReady && this.state.dfuAt === null) this.state.dfuAt = machine.now;
    // a step that is to come keeps a run from its end, and no program from its start
    if (limits.counterfactual !== true && this.steps.remaining && lookedAt(machine.now) >= this.proofAt(false))
      this.watchStart(this.state.restart === null);
    if (this.steps.remaining) return null;
    const over = this.isSettled(limits) || (limits.counterfactual && !limits.over && this.comesAndGoes());
    return over ? this.end('settled', true) : null;
  }
  /** The machine stands before the first instruction of an entry, or of a program that a DFU leave went to. The end of the run, if it is one. */
  private pausedAtEntry(limits: RunLimits): SessionEnd | null {
    const { machine } = this;
    if (this.leaving !== null) {
      this.leave = { ...this.leaving, checkpoint: machine.save(), held: holdsInterrupts(machine.bootCore) };
      this.leaving = null;
      return null;
    }
    this.changeEntry();
    if (machine.history.entryCount === limits.untilEntry) return this.end('deadline', false);
    if (this.keepCheckpoints) this.keepEntry();
    this.onPausedEntry?.();
    if (this.steps.remaining) return null;
    // a loop shorter than a chunk pauses at nothing but entries
    const loops = this.resetsGoOn(limits.since ?? -1);
    return loops || (this.usb.attachedSince === null && entryLoopSettled(machine.history)) ? this.end('settled', true) : null;
  }
  /** The ROM branches to user code because the host asked for it: the first time for each request. */
  private leaves(pc: number): boolean {
    if (this.goTo !== null) {
      this.leaving = { request: NOT_USB, table: this.goTo, pc };
      this.goTo = null;
      return true;
    }
    const request = this.usb.operations.findLast((o) => o.kind === 'leave' && (o.status === 'running' || o.status === 'ok'));
    if (!request || request.id === this.leave?.request) return false;
    this.leaving = { request: request.id, table: request.address ?? 0, pc };
    return true;
  }

  /** When the run is over by itself if nothing that counts happens until then. */
  get naturalEnd(): Ps {
    return this.input.until ?? Math.min(this.naturally(), LONGEST);
  }
  private naturally(): Ps {
    // A step that is still to come at a known time is waited for: the board's user has not finished either.
    const silent = this.romSilentAt();
    // a ROM that may take longer than that to answer is waited for
    const quiet = Math.max(this.state.anchor, this.steps.dueAt ?? 0) + (this.isHurried ? QUIET_IF_BUSY : QUIET);
    return Math.max(quiet, silent < Infinity ? silent + CHECK_STEP : 0, this.slowRom(), this.state.delayed?.until ?? 0);
  }
  /** Until when a ROM is waited for that attaches again and again before it has found its crystal (F105). */
  private slowRom(): Ps {
    const { machine, profile, state } = this;
    const entry = machine.history.entries.at(-1);
    const waits = entry !== undefined && machine.state.inSystem && state.leftAt === null && state.dfuAt === null;
    return waits && profile && isSlow(profile) ? this.connectedBy(entry.at, profile) + NO_ATTACH + CHECK_STEP : 0;
  }
  private connectedBy(entry: Ps, { startUpMs, usbConnectMs }: NonNullable<Session['profile']>): Ps {
    return entry + (startUpMs.value + usbConnectMs.value) * MS;
  }
  /** The run hurries, or the ROM was left again, and waiting for longer would cost much. */
  get isHurried(): boolean {
    const { machine, state } = this;
    if (!this.mayHurry || machine.now < state.anchor + QUIET_IF_BUSY) return false;
    const { seq, transfers } = machine.history;
    return isBusy(seq + transfers, machine.now);
  }
  private get mayHurry(): boolean {
    return this.hurries || (this.input.effort !== 'full' && this.state.dfuAt === null && isBehindRom(this));
  }
  private deadline(limits: RunLimits): Ps {
    const natural = this.naturally();
    const longest = this.input.engine === 'unicorn' ? LONGEST_UNICORN : LONGEST;
    const deadline = limits.until ?? this.input.until ?? Math.min(natural, longest);
    // what is repaired near the end of the run has its time to show
    return limits.repaired ? Math.max(deadline, Math.min(natural, LONGEST + 2 * QUIET)) : deadline;
  }
  /** Something has happened that may end the run: it is looked at soon. */
  requestCheck(): void {
    this.onCheckRequested?.();
    const { machine, checkSlot } = this;
    const { scheduler } = machine.system;
    if (this.held || scheduler.isArmed(checkSlot)) return;
    scheduler.arm(checkSlot, checkAt(machine.now));
    for (const core of machine.cores) core.cut();
  }
  /** When `run` looks up if nothing happens before: the first time at which one of its conditions can come true by time alone. */
  private nextCheck(counterfactual: boolean): Ps {
    const { machine, state, input } = this;
    const { now } = machine;
    // instructions are counted at each look
    // nor is a second engine fast, or can it be stopped in the middle
    if (input.limits.maxInstructions !== null || input.engine === 'unicorn') return checkAfter(now);
    const times = [this.romSilentAt(), this.silentEnoughAt(counterfactual)];
    if (this.keepTrail) times.push(this.nextTrail);
    if (this.mayHurry) times.push(state.anchor + QUIET_IF_BUSY);
    if (this.seeksProof(counterfactual)) times.push(this.proofAt(counterfactual));
    if (state.dfuAt !== null) times.push((lastLeave(this) ?? now) + NO_ATTACH);
    return Math.min(checkAt(now + LONGEST_STRETCH), ...times.filter((t) => t > now).map(checkAt));
  }
  /** What the input changes in front of an entry is what the ROM is handed. */
  private changeEntry(): void {
    const { machine, input } = this;
    if (input.atEntry === undefined) return;
    input.atEntry(machine);
    const core = machine.cores[machine.history.entries.at(-1)!.core]!;
    machine.history.handed(registerFile(core, core.pc));
  }
  private keepEntry(): void {
    const { machine, entryCheckpoint } = this;
    // what comes after DFU was reached (a leave, interrupts that go to the ROM) is not what led to it
    if (this.state.dfuAt !== null) return;
    const { entries, entryCount } = machine.history;
    const kept = entryCheckpoint?.history.entries.at(-1)?.at ?? 0;
    if (entryCount <= ENTRIES_KEPT || machine.now - kept > (machine.now - entries[0]!.at) / ENTRY_GROWTH)
      this.entryCheckpoint = machine.save();
  }
  /** The run is over: the checkpoint of its last entry, if need be by running again from the last one that was kept. Leaves the session anywhere. */
  lastEntry(): Checkpoint | null {
    const { machine, entryCheckpoint } = this;
    const { entryCount } = machine.history;
    if (entryCheckpoint === null || this.state.dfuAt !== null || entryCheckpoint.history.entryCount === entryCount) return entryCheckpoint;
    this.restore(entryCheckpoint);
    this.run({ untilEntry: entryCount });
    // a limit of the user may have come first
    if (machine.history.entryCount === entryCount) this.entryCheckpoint = machine.save();
    return this.entryCheckpoint;
  }
  private extendTrail(): void {
    const { machine, trail } = this;
    if (machine.history.entries.length > 0) this.keepTrail = false;
    else {
      const last = trail.at(-1);
      const isReplaced =
        last?.machine.systemReads.length === machine.state.systemReads.length &&
        last.history.resets.length === machine.history.resets.length;
      if (isReplaced || trail.length === TRAIL_LENGTH) trail.pop();
      trail.push(machine.save());
      this.nextTrail = machine.now + Math.max(TRAIL_FIRST, Math.floor(machine.now / TRAIL_GROWTH));
    }
  }
  /** The user's own limits. */
  private limitReached(): EndReason | null {
    const { machine, input } = this;
    const { maxInstructions } = input.limits;
    if (maxInstructions !== null && machine.bootCore.retired() >= maxInstructions) return 'instructions';
    if (printedBySemihosting(machine) >= MOST_PRINTED) return 'instructions';
    const reached = this.budget.reached();
    if (reached === null && input.progress && input.clock) this.tell(input.progress, input.clock());
    return reached;
  }

  /** For a person who waits: how far the run is, what runs, what the firmware said last. It begins with a tab: what is tried stays as it was. */
  private tell(progress: (text: string, detail?: boolean) => void, now: number): void {
    if (now - this.toldAt < TELL_EVERY) return;
    this.toldAt = now;
    const { machine } = this;
    const said = Object.values(machine.state.console).at(-1);
    const last = (said?.tail || said?.head || '').slice(-LINE_TOLD).trimEnd().split('\n').at(-1) ?? '';
    const where = machine.bootCore.zone === 'user' ? 'application' : 'ROM';
    progress(`${(machine.now / (1000 * MS)).toFixed(1)} s simulated, ${where}${last === '' ? '' : `: ${last.slice(0, 60)}`}`, true);
  }
  private toldAt = 0;

  /** The program that a loader starts runs, and does not do in this time what it does from reset; null: it does, or nobody has compared. */
  lacksLife: Ps | null = null;

  /** Whether a run that ended in this way has reached what it is for. */
  reaches(outcome: Outcome): boolean {
    const { input, state } = this;
    if (this.goalHost !== null) return state.goal.at !== null;
    if (input.goal.name !== APP_GOAL) return outcome === 'dfu';
    // that DFU was ready says nothing of what came behind it
    return this.applicationRuns(state.dfuAt === null ? outcome : outcomeBesideDfu(this, true));
  }
  /** It runs on, or was started by what the host or a loader did. */
  private applicationRuns(outcome: Outcome): boolean {
    const { machine, state } = this;
    if (machine.state.inSystem || state.fault !== null) return false;
    if (this.lacksLife !== null) return false;
    // a loader that runs on is no application
    const loaded = othersThanBooted(this);
    if (loaded.length > 0 && !loaded.some((p) => isRunning(this, p))) return false;
    // who waits for a pin or a byte runs
    if (state.loop !== null && !pollsInput(machine, state.loop)) return false;
    return outcome === 'stuck' || outcome === 'no-jump' || outcome === 'back-in-app';
  }
  private end(reason: EndReason, settled: boolean): SessionEnd {
    return { reason, outcome: decideOutcome(this, settled), at: this.machine.now, settled };
  }

  /** What is to run has its time to show behind the ROM, too. */
  private awaitsApplication(): boolean {
    return this.input.goal.name === APP_GOAL && isBehindRom(this);
  }
  private isSettled(limits: RunLimits): boolean {
    const { machine, state } = this;
    const counterfactual = limits.counterfactual === true;
    if (limits.over) return limits.over();
    if (state.goal.at !== null) return true;
    if (state.dfuAt !== null && !this.awaitsApplication()) return this.usb.dfuIdle && (counterfactual || this.applicationIsBack());
    // a watchdog, or another core, may still reset the chip
    if (machine.state.lockup && isAlone(machine) && !watchdogRuns(machine)) return true;
    if (this.keepsResetting(limits.since ?? -1) || this.isSilent(counterfactual)) return true;
    return lookedAt(machine.now) >= this.proofAt(counterfactual) && this.seeksProof(counterfactual) && this.isProvenOver(limits);
  }
  /** A run that was repaired at an entry has the resets up to `since` in its history: they settle nothing once the rhythm is broken. */
  private keepsResetting(since: Ps): boolean {
    const { history, now } = this.machine;
    const { last, intervals } = resetLoop(history) ?? { last: now, intervals: [] };
    return this.resetsGoOn(since) && now - last <= 2 * Math.max(...intervals);
  }
  /** The steps of the scenario may be what ends it: the last one has to lie before the last reset. */
  private resetsGoOn(since: Ps): boolean {
    const { history } = this.machine;
    const last = resetLoop(history)?.last ?? -1;
    return last > since && !this.steps.ranAfter(last) && resetsGoOn(history);
  }
  /** Looks for a proof that nothing else can come; without one, the next look is twice as far away. */
  private isProvenOver(limits: RunLimits): boolean {
    const { machine } = this;
    const { now } = machine;
    const counterfactual = limits.counterfactual === true;
    if (!counterfactual) this.watchStart(this.state.restart === null);
    this.decideReach(counterfactual);
    const fixed = proveFixedLoop(this);
    if (!counterfactual && this.goesInto(fixed)) return false;
    // the proof restored the session: its state is another object now
    this.state.loop = fixed;
    // a fault that comes again and again in the ROM is the ROM's answer
    if (fixed && (!machine.state.inSystem || fixed.inFault || (counterfactual && this.isDeaf()))) return true;
    if (this.mayGoRound(counterfactual) && goesRoundForEver(machine)) return true;
    const alike = counterfactual && resetLoop(machine.history) === null ? this.goesOnAlikeUntil(limits) : now;
    // a proof that is due where the run only pauses proves nothing
    if (alike > now && alike >= this.deadline(limits)) return true;
    this.state.proofGap *= 2;
    // what comes behind rounds that are alike is left its time, too
    this.state.nextProof = alike + this.state.proofGap;
    return false;
  }

  /** The loop has been proved on the way to it: what is told of the end is told of a core that is in it. */
  private goesInto(fixed: FixedLoop | null): boolean {
    const { state } = this;
    if (state.goesIntoLoop || fixed === null || fixed.ahead === null) return false;
    state.goesIntoLoop = true;
    state.nextProof = fixed.ahead;
    return true;
  }
  private watchStart(on: boolean): void {
    if (this.state.watchesStart === on) return;
    this.state.watchesStart = on;
    this.steps.setBreakpoints();
  }
  /** The boot core stands where it starts, and no reset brought it there. */
  startedAgain(): void {
    this.state.restart ??= restartAt(this);
    this.watchStart(false);
  }

  /** Inside the ROM it is the host that decides, unless a fault handler holds the core or, for the word of a repeated run, the host waits for that core. */
  private seeksProof(counterfactual: boolean): boolean {
    return !this.machine.state.inSystem || this.state.fault !== null || (counterfactual && this.isDeaf());
  }
  /** Of a run that is not deaf the end would be another one. Where an interrupt may be taken there is no proof, and a look for one costs a checkpoint. */
  private decideReach(counterfactual: boolean): void {
    this.asksReach = counterfactual && this.isDeaf() && this.input.withoutShortcuts?.includes('reached-blocks') !== true;
    if (this.asksReach && interruptsAround(this).others) this.asksReach = false;
  }
  /** In the ROM, and nothing goes on between host and device that could go on without the core: not attached, or a transfer that got no answer. */
  private isDeaf(): boolean {
    const { state, usb } = this;
    return this.romSilentAt() < Infinity && state.dfuAt === null && (usb.attachedSince === null || usb.unansweredSince !== null);
  }

  /** A program that goes round for ever decides the run. Nothing outside answers to its pins, and nobody asked to see more of it. */
  private mayGoRound(counterfactual: boolean): boolean {
    const { machine, state, input } = this;
    if (machine.state.inSystem || state.fault !== null || input.outside !== undefined || input.engine === 'unicorn') return false;
    const { entries } = machine.history;
    return isAlone(machine) && resetLoop(machine.history) === null && (counterfactual || (entries.length === 0 && input.until === null));
  }

  /** The application does the same until then, at least: nothing by which the run is judged comes before. */
  private goesOnAlikeUntil(limits: RunLimits): Ps {
    const { machine, state, input } = this;
    const atRest = !machine.state.inSystem && state.fault === null && input.limits.maxInstructions === null;
    if (!atRest || input.withoutShortcuts?.includes('tick-rounds') === true || !isAlone(machine)) return machine.now;
    return repeatsUntil(machine, this.deadline(limits)) ?? machine.now;
  }

  /** After a leave: a device of the application is on the bus, or it has had two seconds for that. */
  private applicationIsBack(): boolean {
    const leave = lastLeave(this);
    if (leave === null || this.machine.now - leave >= NO_ATTACH) return true;
    return this.usb.sessions.some((u) => u.at > leave && u.enumerated !== null && u.servedBy === 'user');
  }

  /** Into the ROM and out of it at a steady pace: for the word of a repeated run there is nothing to wait for. */
  private comesAndGoes(): boolean {
    return this.state.leftAt !== null && steadyEntries(this.machine.history, 4) !== null;
  }

  private isSilent(counterfactual: boolean): boolean {
    const now = lookedAt(this.machine.now);
    if (now < this.silentEnoughAt(counterfactual)) return false;
    if (now < this.romSilentAt()) this.input.bounds?.leaveOut('a silent ROM beside a busy DMA is followed for 0.3 s');
    return true;
  }
  /** For the word of a repeated run, less silence is enough beside a DMA that is so busy that each second costs one of ours. */
  private silentEnoughAt(counterfactual: boolean): Ps {
    const silent = this.romSilentAt();
    const { now, history } = this.machine;
    const isShort = counterfactual && this.input.effort !== 'full' && isBusy(history.transfers, now);
    return isShort ? silent - (NO_ATTACH - SILENT_IF_BUSY) : silent;
  }
  /**
   * When `rom-silent` is settled if nothing happens until then: a transfer of enumeration unanswered for 2 s, or no attach 2 s after the ROM should be there, later where the host of
   * a goal was kept from asking.
   */
  private romSilentAt(): Ps {
    const { machine, usb, profile } = this;
    const entry = machine.history.entries.at(-1);
    if (!entry || this.state.leftAt !== null || !machine.state.inSystem || !profile) return Infinity;
    const there = this.connectedBy(entry.at, profile) + this.state.goal.heldUp;
    // A ROM that finds its crystal by trying (F105) leaves the host without an answer until then.
    if (usb.unansweredSince !== null) return Math.max(usb.unansweredSince + UNANSWERED, isSlow(profile) ? there + NO_ATTACH : 0);
    return usb.attachedSince === null ? there + NO_ATTACH : Infinity;
  }
}

/** A host that goes by one transfer would give up before it answers. */
const isSlow = ({ usbConnectMs }: NonNullable<Session['profile']>): boolean => usbConnectMs.value * MS > UNANSWERED;
const isBusy = (times: number, now: Ps): boolean => times * PS_PER_SECOND > BUSY * now;
/** A look that an instruction has carried a little behind its time: how far hangs on where the machine stopped before. */
const lookedAt = (time: Ps): Ps => Math.floor(time / CHECK_STEP) * CHECK_STEP;
/** The first multiple of `CHECK_STEP` at or after a time, and the first one behind it. */
const checkAt = (time: Ps): Ps => Math.ceil(time / CHECK_STEP) * CHECK_STEP;
const checkAfter = (time: Ps): Ps => (Math.floor(time / CHECK_STEP) + 1) * CHECK_STEP;

/** When the last DFU leave that was carried out began; null if there was none. */
export const lastLeave = (s: Session): Ps | null =>
  s.usb.operations.findLast((o) => o.kind === 'leave' && o.status === 'ok')?.startedAt ?? null;
const MAX_EDGES = 64;

/** The port of a chip without a USB device block: nothing on it. */
const NO_DEVICE: UsbDevicePort = {
  attached: () => false,
  busReset() {},
  suspend() {},
  startOfFrame() {},
  setup: () => 'none',
  out: () => 'none',
  in: () => 'none',
  inAcknowledged() {},
  lost() {},
};
/** The machine before power-on, with nothing in its memories. */
function newMachine(input: RunInput, options: SessionOptions): Machine {
  const { chip, scenario } = input;
  const parameters: Record<string, number> = {};
  for (const [name, value] of Object.entries({ ...scenario.parameters, ...options.parameters })) parameters[name] = value ?? NaN;
  const machine = new Machine({ chip, models: { ...MODELS, ...options.models }, parameters, seed: input.seed });
  if (input.engine === 'unicorn') for (const core of machine.cores) core.useEngine((host) => new UnicornEngine(host));
  machine.withoutShortcuts(input.withoutShortcuts ?? []);
  machine.semihostingEnabled = input.semihosting;
  machine.bootAt = input.bootAt;
  machine.state.debugger = scenario.board.debugger;
  machine.eraseNonVolatile();
  return machine;
}
const WORD = 4;
const ERASED = 0xffffffff;
/** Who starts an image behind its boot loader (`--boot-at`) says that there is one: a flash that no ROM takes for empty, with the image's stack pointer and start. */
function placeLoader(machine: Machine): void {
  const { bootAt, bootCore } = machine;
  const flash = machine.system.memories.find((m) => m.row.kind === 'flash')?.row;
  if (bootAt === null || !flash || bootCore.peek(flash.base, WORD) !== ERASED) return;
  const words = Uint32Array.of(bootCore.peek(bootAt, WORD) ?? ERASED, bootCore.peek(bootAt + WORD, WORD) ?? ERASED);
  machine.load(flash.base, new Uint8Array(words.buffer));
}

const freshState = (): SessionState => ({
  goal: freshGoal(),
  anchor: 0,
  dfuAt: null,
  fault: null,
  leftAt: null,
  delayed: null,
  nextProof: FIRST_PROOF,
  proofGap: FIRST_PROOF,
  goesIntoLoop: false,
  loop: null,
  watchesStart: false,
  startsAt: null,
  restart: null,
  fellInRom: [],
  selectedInRom: [],
});

/**
 * Pins that a weak pull-up outside keeps high where the ROM listens: RX, I2C, NSS. What does not come out of the package idles like the rest (ASSUMED): nothing
 * drives it.
 */
const idleHigh = (profile: RomProfile | undefined): string[] =>
  (profile?.interfaces.value ?? [])
    .filter((i) => i.name !== 'USB')
    .flatMap((i) => Object.entries(i.pins))
    .filter(([role]) => role === 'rx' || role === 'scl' || role === 'sda' || role === 'nss')
    .map(([, pin]) => pin);
/** Port letter of a GPIO block. */
const portOf = (b: BlockRow): string => (typeof b.options?.['port'] === 'string' ? b.options['port'] : b.name.slice(-1));
