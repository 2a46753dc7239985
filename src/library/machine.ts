/**
 * A machine that the caller controls: run it until something happens, step it, read and change registers, fields, memory and variables by name, fork it, and act
 * as the USB host of its device. The firmware cannot notice the caller: no debugger is attached, and reading has no side effects.
 */
import { printedTexts } from '../emu/console-text.ts';
import { lastWriter, checkRow, place } from '../bench/verdict/document.ts';
import { judgeAll } from '../bench/proof/diagnosis.ts';
import { parseDuration } from '../bench/documents/duration.ts';
import { mainFlash } from '../bench/session/flash-image.ts';
import { HeldMachine } from '../bench/session/held-machine.ts';
import { jobInput, type RunJob } from '../bench/input/job.ts';
import { namesOf } from '../bench/documents/names.ts';
import { decideOutcome } from '../bench/session/outcome.ts';
import type { ResultCheck } from '../bench/documents/public-result.ts';
import type { EndReason, LastWriter, Outcome, Place, ResetBy } from '../bench/documents/result.ts';
import { checkScenario, planAction, wordValue } from '../bench/input/scenario.ts';
import type { Duration, StepAction, WordValue } from '../bench/documents/scenario-types.ts';
import { afterRun, NOT_TRACED } from '../bench/session/subject.ts';
import { isRecord } from '../bench/documents/is-record.ts';
import { nameIn, shown, UsageError, didYouMean } from '../bench/documents/usage-error.ts';
import type { Core, Interceptor } from '../emu/core/core.ts';
import { registerFile, setRegister } from '../emu/core/arm/register-file.ts';
import type { Checkpoint } from '../emu/machine-base.ts';
import { listensTo } from '../emu/wires.ts';
import { lineAt, symbolAt } from '../image/image.ts';
import type { Register } from '../emu/registers.ts';
import { MS, PS_PER_SECOND, type Ps } from '../emu/time.ts';
import { MachineBoard, withBlocks, type DeviceBoard, type BoardBlock, type BoardPin, type Devices } from './board.ts';
import { HOST } from './host.ts';
import { machineJob, mustBeSignal, type MachineOptions } from './options.ts';
import { UsbHost } from './usb-host.ts';

export interface OpenOptions extends MachineOptions {
  /** Connects devices to the chip; called once for each machine, including forks. */
  readonly devices?: Devices;
  /** Memory-mapped devices, for example on an external bus. */
  readonly blocks?: readonly BoardBlock[];
}

/** What `runUntil` waits for. */
export type Until =
  | {
      /** Emulated time since power-on. */
      readonly at: Duration;
    }
  | {
      /** Emulated time from now. */
      readonly for: Duration;
    }
  | {
      /** Before the first instruction of this function. The name is that of the symbol table; a UsageError is thrown if it does not exist. */
      readonly symbol: string;
    }
  | {
      /** Before the instruction at this address. Bit 0 is ignored. */
      readonly address: WordValue;
    }
  | {
      /** Before the first instruction in system memory. */
      readonly entry: true;
    }
  | {
      /** A reset of the chip: any, or only one with this cause. */
      readonly reset: true | ResetBy;
    }
  | {
      /** A fault of the core. */
      readonly fault: true;
    }
  | {
      /** An exception is taken: any, or only this exception number (15 = SysTick, 16 and above = interrupts). */
      readonly exception: true | number;
    }
  | {
      /** An event that the USB host sees. `enumerated`: a device is configured; `dfu`: a device in DFU mode is configured. */
      readonly usb: 'attached' | 'enumerated' | 'dfu' | 'detached';
    }
  | {
      /** The firmware prints this text on a console channel (semihosting, itm, cdc, usart1 …). */
      readonly console: string | RegExp;
      /** The channel; default: any. */
      readonly channel?: string;
    }
  /** A function that returns true to stop; called every millisecond of emulated time. */
  | (() => boolean);

/** When `runUntil` gives up. */
export interface RunOptions {
  /** Emulated time after which the wait ends; default 10s. */
  readonly limit?: Duration;
  /** When it is aborted, the machine stops where it is, and `by` is `aborted`. */
  readonly signal?: AbortSignal;
}
/** Where the machine stopped, and why. */
export interface Stopped extends Place {
  /** Reason for the stop. `until`: the condition is met. */
  readonly by: 'until' | 'breakpoint' | 'watchpoint' | 'limit' | 'aborted';
  /** Emulated time since power-on, in seconds. */
  readonly at: number;
}
/** Accesses at which a watchpoint stops. */
export type WatchKind = 'read' | 'write' | 'access';
/** A breakpoint, watchpoint or listener. */
export interface Removable {
  /** Removes it. Calling it again does nothing. */
  remove(): void;
}

/** Events of a running machine, for `on`. `at` is the emulated time in seconds. */
export interface MachineEvents {
  /** The core is about to execute its first instruction in system memory. */
  entry: {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** Address of that instruction. */
    readonly address: number;
    /** How the core came there. */
    readonly how: 'branch' | 'exception' | 'boot';
    /** The branch; null after a boot. */
    readonly from: Place | null;
  };
  /** The chip was reset. */
  reset: {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** Cause of the reset. */
    readonly by: ResetBy;
  };
  /** An exception is taken. */
  exception: {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** Exception number, as in IPSR. */
    readonly exception: number;
    /** Address of its handler. */
    readonly handler: number;
  };
  /** The core faults. */
  fault: {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** `bus-data`, `undefined`, `mem-fetch` … */
    readonly kind: string;
    /** The accessed address; null = none. */
    readonly address: number | null;
    /** Address of the instruction. */
    readonly pc: number;
  };
  /** The core is in lockup; only a reset ends that. */
  lockup: {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** Text for people. */
    readonly reason: string;
  };
  /** The firmware prints something. */
  console: {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** semihosting, itm, cdc, usart1 … */
    readonly channel: string;
    /** The text, often one character at a time. */
    readonly text: string;
  };
  /** The level that the chip drives on a pin changes. */
  pin: {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** Name of the pin, for example `PA8`. */
    readonly name: string;
    /** The new level; `z` = not driven. */
    readonly driven: 0 | 1 | 'z';
  };
  /** An event on the USB bus. */
  usb: {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** Kind of event, as in `usb.log` of a result. */
    readonly kind: string;
    /** Text for people. */
    readonly text: string;
  };
}

/** A register of a peripheral. */
export interface RegisterView {
  /** Name, for example `RCC.CR`. */
  readonly name: string;
  /** Address as seen by the core. */
  readonly address: number;
  /** Current value, read without side effects. */
  readonly value: number;
  /** Values of the fields by name, lowest bit first. */
  readonly fields: Readonly<Record<string, number>>;
  /** The instruction that last changed the register; null if a reset or the hardware did. */
  readonly lastWriter: LastWriter | null;
}
/** A variable of the firmware, from the symbol table. */
export interface Variable {
  /** Name in the symbol table. */
  readonly name: string;
  /** Address of the first byte. */
  readonly address: number;
  /** Size in bytes, from the symbol table. */
  readonly size: number;
  /** Value as an unsigned little-endian number; null if the size is not 1, 2 or 4 bytes. */
  readonly value: number | null;
  /** A copy of the current bytes. */
  readonly bytes: Uint8Array;
  /** Writes 1, 2 or 4 bytes, little-endian. Throws a UsageError for other sizes, or if the value does not fit. */
  set(value: WordValue): void;
}
/** A saved state of a machine, for `restore` of this machine or a fork. */
export interface Snapshot {
  /** Emulated time since power-on, in seconds. */
  readonly at: number;
  /** @internal */
  readonly checkpoint: Checkpoint;
  /** @internal */
  readonly of: RunJob;
}

const DEFAULT_LIMIT: Duration = '10s';
/** Longest time that a step waits for a sleeping core. */
const STEP_WAIT = 1000 * MS;
/** Most instructions of one step by source lines. */
const LINE_STEPS = 2_000_000;
const PAGE_BITS = 12;
/** Upper half of the addresses of the System Control Space. */
const PRIVATE_BUS = 0xe000;
const seconds = (ps: Ps): number => ps / PS_PER_SECOND;

/** The condition of `runUntil`, in the form that the run loop tests. */
interface Wait {
  readonly entry: boolean;
  readonly addresses: ReadonlySet<number>;
  readonly met: (() => boolean) | null;
  /** How often `met` is tested. */
  readonly every: Ps;
}

class Holder extends HeldMachine {
  breakpoints = new Set<number>();
  watchpoints: { readonly address: number; readonly length: number; readonly kind: WatchKind }[] = [];
  wait: Wait | null = null;
  stopped: Stopped['by'] | null = null;

  private stopAt(pc: number): 'until' | 'breakpoint' | null {
    if (this.wait?.addresses.has(pc)) return 'until';
    return this.breakpoints.has(pc) ? 'breakpoint' : null;
  }

  override run(limit: Ps): void {
    const { machine, steps, usb, state } = this.session;
    if (this.stopped !== null) return;
    this.arm();
    const { wait } = this;
    const why = machine.run(wait === null ? limit : Math.min(limit, machine.now + wait.every));
    for (const core of machine.cores) if (core.atBreak) this.stopped ??= this.stopAt(core.pc);
    steps.poll();
    if (usb.dfuReady && state.dfuAt === null) state.dfuAt = machine.now;
    if ((why === 'entry' && wait?.entry) || wait?.met?.() === true) this.stopped ??= 'until';
  }
  arm(): void {
    const { machine, steps } = this.session;
    steps.otherStops = () => [...this.breakpoints, ...(this.wait?.addresses ?? [])];
    steps.setBreakpoints();
    if (this.watchpoints.length > 0 || machine.isRepaired) machine.setRepairs(this.watchpoints.length > 0 ? this.watcher() : null);
  }
  private watcher(): Interceptor {
    const pages = new Set<number>();
    for (const w of this.watchpoints)
      for (let page = w.address >>> PAGE_BITS; page <= (w.address + w.length - 1) >>> PAGE_BITS; page++) pages.add(page);
    const look = (address: number, size: number, write: boolean): void => {
      const hit = this.watchpoints.some(
        (w) => address < w.address + w.length && w.address < address + size && w.kind !== (write ? 'read' : 'write'),
      );
      if (!hit) return;
      this.stopped ??= 'watchpoint';
      this.session.machine.stop();
    };
    return {
      pages,
      everyDeviceWrite: true,
      read: (core, address, size) => (core.hardwareAccess || look(address, size, false), null),
      write: (_core, address, size, value) => (look(address, size, true), value),
    };
  }
}

/** Creates a machine at power-on. Wrong input throws a UsageError or an ImageError. */
export async function openMachine(options: OpenOptions): Promise<BenchMachine> {
  const { devices, blocks, ...rest } = options ?? {};
  if (Array.isArray(blocks)) for (const block of blocks) mustBe(isObject(block), block, 'a block', '{ name, base, size, read, write }');
  if (devices !== undefined && typeof devices !== 'function') throw new UsageError('devices is not a function', 'give (board) => { … }');
  if (blocks !== undefined && !Array.isArray(blocks)) throw new UsageError('blocks is not a list');
  const job = await machineJob(options === undefined ? (options as never) : (rest as MachineOptions));
  await HOST.prepare(job.chip);
  return new BenchMachine(job, devices ?? (() => undefined), blocks ?? []);
}

/** An emulated chip that runs only when it is told to. Create it with `openMachine`. */
export class BenchMachine {
  /** The USB host. */
  readonly usb: UsbHost;
  /** Pins and ports, seen from outside the chip. */
  readonly board: DeviceBoard;
  private readonly job: RunJob;
  private readonly devices: Devices;
  private readonly blocks: readonly BoardBlock[];
  private readonly held: Holder;
  private readonly listeners: { [K in keyof MachineEvents]?: Set<(event: MachineEvents[K]) => void> } = {};
  private told = 0;
  private closed = false;

  /** @internal use `openMachine` */
  constructor(job: RunJob, devices: Devices, blocks: readonly BoardBlock[]) {
    if (!isRecord(job) || !Array.isArray(blocks)) throw new UsageError('a machine is no class to make one of', 'openMachine opens it');
    this.job = job;
    this.devices = devices;
    this.blocks = blocks;
    const input = jobInput(job);
    const { chip, models } = withBlocks(input.chip, blocks);
    this.held = new Holder({ ...input, chip }, undefined, { models });
    const { session } = this.held;
    this.board = new MachineBoard(session.machine);
    this.usb = new UsbHost(session.usb, this.held.bus, () => this.console);
    session.onReport = (bytes) => this.usb.addReport(bytes);
    this.observe();
    devices(this.board);
  }
  /** @internal what reports tell of a machine comes from here */
  get session(): Holder['session'] {
    if (this.closed) throw new UsageError('the machine was closed');
    return this.held.session;
  }
  private get machine(): Holder['session']['machine'] {
    return this.session.machine;
  }
  private get core(): Core {
    return this.machine.bootCore;
  }

  // ---- events ------------------------------------------------------------------------------------------------------------------
  private emit<K extends keyof MachineEvents>(kind: K, event: MachineEvents[K]): void {
    for (const listener of this.listeners[kind] ?? []) listener(event);
  }
  private observe(): void {
    const { machine } = this.held.session;
    const { observer } = machine;
    const now = (): number => seconds(machine.now);
    machine.observer = {
      ...observer,
      entry: (e) => {
        observer.entry?.(e);
        this.emit('entry', { at: seconds(e.at), address: e.address, how: e.how, from: place(this.session.input, e.fromPc) });
      },
      reset: (by) => {
        observer.reset?.(by);
        this.emit('reset', { at: now(), by });
      },
      exception: (core, exception, handler, pc) => {
        observer.exception?.(core, exception, handler, pc);
        this.emit('exception', { at: now(), exception, handler });
      },
      faulted: (core, kind, address, pc) => {
        observer.faulted?.(core, kind, address, pc);
        this.emit('fault', { at: now(), kind, address, pc });
      },
      lockup: (core, reason) => {
        observer.lockup?.(core, reason);
        this.emit('lockup', { at: now(), reason });
      },
      console: (channel, text) => {
        observer.console?.(channel, text);
        this.emit('console', { at: now(), channel, text });
      },
      wire: listensTo(
        (name) => this.listeners.pin !== undefined && name.startsWith('out.P'),
        (name, value) => {
          observer.wire?.(name, value);
          if (this.listeners.pin !== undefined && name.startsWith('out.P'))
            this.emit('pin', { at: now(), name: name.slice('out.'.length), driven: value === 2 ? 'z' : value === 0 ? 0 : 1 });
        },
        observer.wire,
      ),
    };
  }
  /** Calls `listener` at every event of this kind. Returns a function that removes the listener. */
  on<K extends keyof MachineEvents>(kind: K, listener: (event: MachineEvents[K]) => void): () => void {
    mustBe(EVENTS.has(kind), kind, 'the event', `one of ${[...EVENTS].join(', ')}`);
    mustBe(typeof listener === 'function', listener, 'the listener', 'a function');
    const set = ((this.listeners as Record<K, Set<(event: MachineEvents[K]) => void>>)[kind] ??= new Set());
    set.add(listener);
    return () => void set.delete(listener);
  }
  private tellUsb(): void {
    const { log } = this.usb;
    if (this.told > log.length) this.told = log.length;
    for (; this.told < log.length; this.told++) this.emit('usb', log[this.told]!);
  }

  // ---- running -----------------------------------------------------------------------------------------------------------------
  /** Emulated time since power-on, in seconds. */
  get now(): number {
    return seconds(this.machine.now);
  }
  /** Instructions of the boot core since power-on. */
  get instructions(): number {
    return this.core.retired();
  }
  /** Current place of the boot core. */
  get place(): Place {
    return place(this.session.input, this.core.pc)!;
  }
  /** Whether the core executes the application or the ROM. */
  get zone(): 'application' | 'rom' {
    return this.core.zone === 'systemMemory' ? 'rom' : 'application';
  }

  /** Runs until the condition is met, a breakpoint or watchpoint stops the machine, or the limit is reached. Does not block the event loop. */
  async runUntil(until: Until, options: RunOptions = {}): Promise<Stopped> {
    mustBe(isObject(options), options, 'the second argument', '{ limit, signal }');
    const { limit = DEFAULT_LIMIT, signal } = options;
    mustBeSignal(signal);
    const { held } = this;
    const { timed, absolute } = timeOf(until);
    const bound = parseDuration(timed ?? limit, timed === null ? 'limit' : 'until');
    const end = absolute ? bound : this.machine.now + bound;
    mustStandStill(held);
    const { wait, off } = timed === null ? this.waitFor(until) : { wait: NOTHING, off: () => undefined };
    held.stopped = wait.met?.() === true && !wait.entry ? 'until' : null;
    held.wait = wait;
    try {
      const came = await held.bus.wait(() => held.stopped !== null, { limit: end, ...(signal === undefined ? {} : { signal }) });
      const atEnd = timed === null ? 'limit' : 'until';
      return { by: came ? held.stopped! : signal?.aborted ? 'aborted' : atEnd, at: this.now, ...this.place };
    } finally {
      held.wait = null;
      held.stopped = null;
      off();
      this.tellUsb();
    }
  }
  /** Runs for this emulated time. */
  run(duration: Duration, options: Pick<RunOptions, 'signal'> = {}): Promise<Stopped> {
    return this.runUntil({ for: duration }, options);
  }
  /** Runs to the end of the run, as `bench` does: DFU, a proved endless loop, a settled reset loop, a silent ROM, or the deadline. */
  async finish(options: Pick<RunOptions, 'signal'> = {}): Promise<{
    /** Outcome of the run. */
    readonly outcome: Outcome;
    /** Why the run ended. */
    readonly reason: EndReason;
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
  }> {
    mustBe(isObject(options), options, 'the argument', '{ signal }');
    const { session } = this;
    mustBeSignal(options.signal);
    session.goOn();
    for (;;) {
      options.signal?.throwIfAborted();
      const natural = session.naturalEnd;
      const end = session.run({ until: Math.min(natural, session.machine.now + 50 * MS) });
      this.tellUsb();
      if (end.reason !== 'deadline' || session.machine.now >= session.naturalEnd)
        return { outcome: end.outcome, reason: end.reason, at: seconds(end.at) };
      await new Promise((next) => setTimeout(next, 0));
    }
  }
  /** The outcome if the run ended now. */
  get outcome(): Outcome {
    return decideOutcome(this.session, false);
  }

  private waitFor(until: Until): { readonly wait: Wait; readonly off: () => void } {
    const { machine } = this;
    const base: Wait = NOTHING;
    if (typeof until === 'function') return { wait: { ...base, met: until, every: MS }, off: () => undefined };
    if (typeof until !== 'object' || until === null) throw new UsageError(`until is ${shown(until)}`, 'for example { symbol: "main" }');
    if ('symbol' in until || 'address' in until) {
      const at = 'symbol' in until ? this.symbol(until.symbol) : wordValue(until.address, 'address');
      return { wait: { ...base, addresses: new Set([(at & ~1) >>> 0]) }, off: () => undefined };
    }
    if ('entry' in until) return { wait: { ...base, entry: true }, off: () => undefined };
    let came = false;
    const stop = (): void => {
      came = true;
      machine.stop();
    };
    const heard = (off: () => void): { wait: Wait; off: () => void } => ({ wait: { ...base, met: () => came }, off });
    if ('reset' in until) return heard(this.on('reset', ({ by }) => (until.reset === true || until.reset === by) && stop()));
    if ('fault' in until) return heard(this.on('fault', stop));
    if ('exception' in until)
      return heard(this.on('exception', ({ exception }) => (until.exception === true || until.exception === exception) && stop()));
    if ('console' in until) return heard(this.heardText(until, stop));
    if ('usb' in until) return this.seenUsb(until.usb);
    throw new UsageError(`until has ${Object.keys(until).join(', ') || 'no key'}`, `known: ${UNTIL.join(', ')}`);
  }
  private heardText({ console, channel }: { readonly console: string | RegExp; readonly channel?: string }, stop: () => void): () => void {
    const texts: Record<string, string> = {};
    return this.on('console', (e) => {
      if (channel !== undefined && e.channel !== channel) return;
      const text = (texts[e.channel] = (texts[e.channel] ?? '') + e.text);
      if (typeof console === 'string' ? text.includes(console) : new RegExp(console.source, console.flags.replace(/[gy]/g, '')).test(text))
        stop();
    });
  }
  private seenUsb(what: string): { readonly wait: Wait; readonly off: () => void } {
    const { session, machine } = this;
    const { usb } = session;
    const tests: Readonly<Record<string, () => boolean>> = {
      attached: () => usb.attachedSince !== null,
      enumerated: () => usb.session()?.enumerated != null,
      dfu: () => usb.dfuReady,
      detached: () => usb.attachedSince === null,
    };
    const met = Object.hasOwn(tests, nameIn(what)) ? tests[nameIn(what)] : undefined;
    if (met === undefined) throw new UsageError(`until.usb is ${shown(what)}`, `one of ${Object.keys(tests).join(', ')}`);
    session.onCheckRequested = () => machine.stop();
    return { wait: { ...NOTHING, met }, off: () => void (session.onCheckRequested = null) };
  }

  /** Executes one instruction of the boot core or takes an exception. If the core sleeps, runs until it wakes. */
  step(): Stopped {
    this.stepCore();
    this.tellUsb();
    return { by: 'until', at: this.now, ...this.place };
  }
  private stepCore(): void {
    const { machine, session, core } = this;
    this.held.arm();
    const limit = machine.now + STEP_WAIT;
    while (machine.stepCore(core, limit) === 'entry') continue;
    this.held.stopped = null;
    session.steps.poll();
  }
  /**
   * Runs to the next source line. `over`: called functions run to their return.
   * Without line information it executes one instruction.
   */
  stepLine(options: { readonly over?: boolean } = {}): Stopped {
    mustBe(isObject(options), options, 'the argument', '{ over }');
    const { over = false } = options;
    const { images } = this.session.input;
    const first = lineAt(images, this.core.pc);
    const depth = this.core.arm.sp;
    for (let n = 0; n < LINE_STEPS; n++) {
      this.stepCore();
      const line = lineAt(images, this.core.pc);
      if (first === null && n === 0) break;
      if (over && this.core.arm.sp < depth && this.core.zone === 'user') continue;
      if (line === null ? this.core.zone === 'systemMemory' : line.line !== first?.line || line.file !== first.file) break;
      if (this.held.breakpoints.has(this.core.pc)) break;
    }
    this.tellUsb();
    return { by: 'until', at: this.now, ...this.place };
  }
  /** Sets a breakpoint: `runUntil` stops before the function or the instruction at the address. */
  breakpoint(where: { readonly symbol: string } | { readonly address: WordValue }): Removable {
    mustBe(isObject(where), where, 'breakpoint', '{ symbol } or { address }');
    const at = ('symbol' in where ? this.symbol(where.symbol) : wordValue(where.address, 'address')) & ~1;
    this.held.breakpoints.add(at >>> 0);
    return { remove: () => void this.held.breakpoints.delete(at >>> 0) };
  }
  /** Sets a watchpoint: `runUntil` stops after an instruction that accesses the variable or the bytes at the address. */
  watchpoint(
    what: { readonly symbol: string } | { readonly address: WordValue; readonly length?: number },
    kind: WatchKind = 'write',
  ): Removable {
    mustBe(isObject(what), what, 'watchpoint', '{ symbol } or { address, length }');
    mustBe(['read', 'write', 'access'].includes(kind), kind, 'kind', 'read, write or access');
    if (!('symbol' in what))
      mustBe(Number.isInteger(what.length ?? 4) && (what.length ?? 4) > 0, what.length, 'length', 'a number of bytes');
    const { address, size } =
      'symbol' in what ? this.object(what.symbol) : { address: wordValue(what.address, 'address'), size: what.length ?? 4 };
    const watch = { address, length: Math.max(1, size), kind };
    this.held.watchpoints.push(watch);
    return { remove: () => void (this.held.watchpoints = this.held.watchpoints.filter((w) => w !== watch)) };
  }

  // ---- what is inside ----------------------------------------------------------------------------------------------------------
  /** Core registers by their Arm names in lower case: r0 … r12, sp, lr, pc, xpsr, msp, psp, primask, control … */
  get registers(): Readonly<Record<string, number>> {
    const file = registerFile(this.core, this.core.pc);
    return Object.fromEntries(Object.entries(file).map(([name, value]) => [name, value >>> 0]));
  }
  /** Sets a core register: `r0` to `r12`, `sp`, `lr`, `pc`, `primask` … For an unknown name, a UsageError lists the known ones. */
  setRegister(name: string, value: WordValue): void {
    const known = Object.keys(this.registers);
    if (!known.includes(name))
      throw new UsageError(`the core has no register ${shown(name)}`, didYouMean(nameIn(name), known) ?? `it has ${known.join(', ')}`);
    const word = wordValue(value, name);
    if (name === 'pc') this.core.branchTo((word & ~1) >>> 0);
    else setRegister(this.core, name, word);
  }
  /** Names of the peripherals. */
  get peripherals(): readonly string[] {
    return this.session.input.chip.blocks.map((b) => b.name);
  }
  /** Names of the registers of a peripheral. */
  registersOf(peripheral: string): readonly string[] {
    return this.layout(peripheral).registers.map((r) => r.name);
  }
  /** Reads a register (`RCC.CR`) or a field (`RCC.CR.HSI48ON`) without side effects. */
  read(path: string): number {
    const { address, register, field } = this.resolve(path);
    const value = (this.core.peek(address, register.size) ?? 0) >>> 0;
    return field === null ? value : bits(value, field);
  }
  /** Writes a register or a field like a store of the core; other bits of the register keep their values. */
  write(path: string, value: WordValue): void {
    const { address, register, field } = this.resolve(path);
    const word = wordValue(value, path);
    if (field !== null && word >= 2 ** field.width)
      throw new UsageError(`${path}: ${word} does not fit into ${field.width} bit${field.width === 1 ? '' : 's'}`);
    const mask = field === null ? 0xffffffff : (2 ** field.width - 1) * 2 ** field.bit;
    const old = (this.core.peek(address, register.size) ?? 0) >>> 0;
    const next = field === null ? word : ((old & ~mask) | (word << field.bit)) >>> 0;
    this.machine.as('scenario', () => this.machine.poke(address, register.size, next));
  }
  /** A register with its fields and its last writer. */
  register(path: string): RegisterView {
    const { address, register } = this.resolve(path);
    const value = (this.core.peek(address, register.size) ?? 0) >>> 0;
    const fields = Object.fromEntries([...register.fields].sort((a, b) => a.bit - b.bit).map((f) => [f.name, bits(value, f)]));
    const [block, name] = path.split('.') as [string, string];
    const writer = this.machine.history.lastWriter(`${block}.${name}`);
    return { name: `${block}.${name}`, address, value, fields, lastWriter: lastWriter(this.session.input, writer) };
  }
  /** Position of a field in its register, for example of `RCC.CR.HSION`. */
  fieldBits(path: string): {
    /** Lowest bit. */
    readonly bit: number;
    /** Width in bits. */
    readonly width: number;
  } {
    const { field } = this.resolve(path);
    if (field === null) throw new UsageError(`${path} is not a field`, 'for example RCC.CR.HSION');
    return { bit: field.bit, width: field.width };
  }
  private layout(peripheral: string): NonNullable<ReturnType<Holder['session']['machine']['system']['layoutOf']>> {
    const layout = this.machine.system.layoutOf(nameIn(peripheral));
    if (layout) return layout;
    const { chip } = this.session.input;
    throw new UsageError(`${chip.name} has no peripheral ${shown(peripheral)}`, didYouMean(nameIn(peripheral), this.peripherals));
  }
  private resolve(path: string): {
    readonly address: number;
    readonly register: Register;
    readonly field: Register['fields'][number] | null;
  } {
    const [peripheral = '', name = '', bitsName, ...rest] = nameIn(path).split('.');
    if (name === '' || rest.length > 0)
      throw new UsageError(`${shown(path)} is not PERIPHERAL.REGISTER or PERIPHERAL.REGISTER.FIELD`, 'for example RCC.CR.HSION');
    const layout = this.layout(peripheral);
    const register = layout.registers.find((r) => r.name === name);
    if (!register)
      throw new UsageError(
        `${peripheral} has no register ${name}`,
        didYouMean(
          name,
          layout.registers.map((r) => r.name),
        ),
      );
    const field = bitsName === undefined ? null : register.fields.find((f) => f.name === bitsName);
    if (field === undefined)
      throw new UsageError(
        `${peripheral}.${name} has no field ${bitsName}`,
        didYouMean(
          bitsName!,
          register.fields.map((f) => f.name),
        ),
      );
    return { address: this.machine.system.block(peripheral).row.base + register.offset, register, field };
  }
  /** Reads memory as the core sees it, without side effects. Throws a UsageError for addresses where the bus answers with an error. */
  readMemory(address: WordValue, length: number): Uint8Array {
    const at = wordValue(address, 'address');
    if (!Number.isInteger(length) || length < 0 || length > 2 ** 26)
      throw new UsageError(`length is ${shown(length)}`, 'a number of bytes, at most 64 MiB');
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) {
      const value = this.core.peek((at + i) >>> 0, 1);
      if (value === null) throw new UsageError(`there is no memory or peripheral at 0x${((at + i) >>> 0).toString(16).padStart(8, '0')}`);
      bytes[i] = value;
    }
    return bytes;
  }
  /** Writes bytes to RAM, or to flash as a programmer does. Takes no emulated time. */
  writeMemory(address: WordValue, bytes: Uint8Array): void {
    const at = wordValue(address, 'address');
    const { system } = this.machine;
    mustBe(bytes instanceof Uint8Array, bytes, 'bytes', 'a Uint8Array');
    const region = system.regionAt(at);
    if (!region?.memory || at + bytes.length > region.end)
      throw new UsageError(`no memory accepts ${bytes.length} bytes at 0x${at.toString(16).padStart(8, '0')}`);
    if (region.memory.row.kind !== 'ram') return void this.machine.replace(at, bytes);
    this.machine.as('scenario', () => bytes.forEach((byte, i) => this.machine.poke(at + i, 1, byte)));
  }
  /** Stores one byte from outside, with all side effects of a register write. */
  writeByte(address: WordValue, value: number): void {
    const at = wordValue(address, 'address');
    this.machine.as('scenario', () => this.machine.poke(at, 1, wordValue(value, 'value') & 0xff));
  }
  /** Stores a word from outside, with all side effects: to a peripheral, or to a register of the core that has an address (VTOR, NVIC, SysTick, MPU …). */
  writeWord(address: WordValue, value: WordValue): void {
    const [at, word] = [wordValue(address, 'address'), wordValue(value, 'value')];
    const where = `0x${at.toString(16).padStart(8, '0')}`;
    if (at % 4 !== 0) throw new UsageError(`${where} is no address of a word`, 'a multiple of 4');
    if (this.core.peek(at, 4) === null) throw new UsageError(`there is no memory or peripheral at ${where}`);
    const isRegister = at >>> 16 === PRIVATE_BUS;
    this.machine.as('scenario', () => (isRegister ? this.core.debuggerStore(at, 4, word) : this.machine.poke(at, 4, word)));
  }
  /** The instruction that last changed a register of the core: `primask`, `vtor`, `syst_csr`, `nvic_iser0` … Null if nothing has. */
  lastWriter(register: string): LastWriter | null {
    mustBe(typeof register === 'string' && /^\w+$/.test(register), register, 'register', 'a name like vtor or syst_csr');
    return lastWriter(this.session.input, this.machine.history.lastWriter(`CPU.${register.toUpperCase()}`));
  }
  /** The current contents of the main flash. */
  get flash(): {
    /** Address of the first byte. */
    readonly base: number;
    /** A copy of the contents. */
    readonly bytes: Uint8Array;
  } {
    return mainFlash(this.machine);
  }
  /** Address of a function (without the Thumb bit) or an object. For an unknown name, a UsageError suggests similar ones. */
  symbol(name: string): number {
    return this.object(name).address;
  }
  private object(name: string): { readonly address: number; readonly size: number } {
    const { images, chip } = this.session.input;
    return namesOf(images, chip).symbol(nameIn(name), 'symbol');
  }
  /** Name of the function or object at an address, for example `main+0x12`; null if there is none. */
  symbolAt(address: number): string | null {
    const found = symbolAt(this.session.input.images, wordValue(address, 'address'));
    return found === null ? null : `${found.symbol.name}${found.offset === 0 ? '' : `+0x${found.offset.toString(16)}`}`;
  }
  /** Function, file and line of an address. */
  placeOf(address: number): Place {
    return place(this.session.input, wordValue(address, 'address'))!;
  }
  /** A variable of the firmware by its name in the symbol table. */
  variable(name: string): Variable {
    const { address, size } = this.object(name);
    const bytes = this.readMemory(address, size);
    const value = size === 1 || size === 2 || size === 4 ? bytes.reduceRight((n, b) => n * 256 + b, 0) : null;
    return {
      name,
      address,
      size,
      value,
      bytes,
      set: (next) => {
        if (value === null) throw new UsageError(`${name} has ${size} bytes`, 'use writeMemory');
        const word = wordValue(next, name);
        this.machine.as('scenario', () => this.machine.poke(address, size, word));
      },
    };
  }
  /** Output of the firmware on semihosting, ITM, UARTs and CDC, by channel. */
  get console(): Readonly<Record<string, string>> {
    return printedTexts(this.machine.state.console);
  }
  /** Events so far: clocks, resets, entries, faults, notes. */
  get timeline(): readonly {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** Kind of event, as in `timeline` of a result. */
    readonly kind: string;
    /** Text for people. */
    readonly text: string;
    /** Address of the instruction; null = none. */
    readonly pc: number | null;
  }[] {
    return this.machine.history.timeline.toArray().map(({ at, kind, text, pc }) => ({ at: seconds(at), kind, text, pc }));
  }
  /** Entries into system memory so far. */
  get entries(): readonly {
    /** Emulated time since power-on, in seconds. */
    readonly at: number;
    /** First executed address in system memory. */
    readonly address: number;
    /** `branch`, `exception` or `boot`. */
    readonly how: string;
    /** The branch; null after a boot. */
    readonly from: Place | null;
  }[] {
    return this.machine.history.entries.map((e) => ({
      at: seconds(e.at),
      address: e.address,
      how: e.how,
      from: place(this.session.input, e.fromPc),
    }));
  }
  /** All checks, for the current state. At an entry into the ROM, these are the preconditions of the ROM. */
  checks(): readonly ResultCheck[] {
    const { session, machine } = this;
    const traced = { ...NOT_TRACED, ...afterRun(session), vectorReads: [...machine.state.vectorReads] };
    return judgeAll(session, this.outcome, machine.history.entries.at(-1)?.reached ?? false, traced).map((j) => checkRow(session.input, j));
  }

  // ---- from outside ------------------------------------------------------------------------------------------------------------
  /** A pin seen from outside, for example `PA8`. Throws a UsageError if the part has no such pin. */
  pin(name: string): BoardPin {
    return this.board.pin(name);
  }
  /** How the board holds what it always has. @internal */
  get outside(): { readonly boot0: 0 | 1; readonly cable: 'in' | 'out' } {
    const { machine, usb } = this.session;
    return { boot0: machine.system.parameter('boot0.level') === 1 ? 1 : 0, cable: usb.state.cable ? 'in' : 'out' };
  }
  /** Performs an action of a scenario step now: `{ nrst: { for: '10ms' } }`, `{ call: 'request_dfu' }`, `{ uart: { port: 'USART1', text: 'u' } }` … */
  async act(action: StepAction): Promise<void> {
    // as JSON has it: a key that is undefined is none
    const asked = withoutUndefined(action);
    await checkScenario({ steps: [{ after: '0s', do: asked }] }, 'act');
    const { session } = this;
    session.goOn();
    session.steps.append(planAction(asked, session.input.chip, session.input.images, session.input.scenario.board.vdda));
  }

  // ---- states ------------------------------------------------------------------------------------------------------------------
  /** Saves the state of the machine, for `restore` of this machine or a fork. */
  save(): Snapshot {
    return { at: this.now, checkpoint: this.session.save(), of: this.job };
  }
  /** Restores a saved state. Throws a UsageError for a state of another firmware or chip. */
  restore(snapshot: Snapshot): void {
    if (snapshot?.of !== this.job) throw new UsageError('the state is not from this machine or one of its forks');
    this.session.restore(snapshot.checkpoint);
    for (const core of this.machine.cores) core.takeBreak();
    this.told = this.usb.log.length;
  }
  /** Returns an independent machine in the same state, without breakpoints and listeners. */
  fork(): BenchMachine {
    const twin = new BenchMachine(this.job, this.devices, this.blocks);
    twin.restore(this.save());
    return twin;
  }
  /** Releases the machine; its memory is reused for the next one. */
  close(): void {
    if (this.closed) return;
    this.usb.dispose();
    this.held.release();
    this.closed = true;
  }
}

/** Deeper than any action; what goes on behind that is refused by the schema. */
const MOST_LEVELS = 8;
function withoutUndefined<T>(value: T, levels = MOST_LEVELS): T {
  if (levels === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((v: unknown) => withoutUndefined(v, levels - 1)) as T;
  if (![Object.prototype, null].includes(Object.getPrototypeOf(value) as null)) return value;
  const kept = Object.entries(value).filter(([, v]) => v !== undefined);
  return Object.fromEntries(kept.map(([key, v]) => [key, withoutUndefined(v as unknown, levels - 1)])) as T;
}
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const EVENTS: ReadonlySet<keyof MachineEvents> = new Set(['entry', 'reset', 'exception', 'fault', 'lockup', 'console', 'pin', 'usb']);

function mustBe(right: boolean, value: unknown, name: string, what: string): void {
  if (!right) throw new UsageError(`${name} is ${shown(value)}`, `give ${what}`);
}

function mustStandStill({ wait }: { readonly wait: unknown }): void {
  if (wait !== null) throw new UsageError('the machine is already running', 'await the promise of that call first');
}
/** The time of a condition, since power-on (`absolute`) or from now; null if it is not a time. */
function timeOf(until: Until): { timed: Duration | null; absolute: boolean } {
  if (typeof until !== 'object' || until === null) return { timed: null, absolute: false };
  if ('at' in until) return { timed: until.at, absolute: true };
  return { timed: 'for' in until ? until.for : null, absolute: false };
}
const NOTHING: Wait = { entry: false, addresses: new Set(), met: null, every: Infinity };
const UNTIL = ['at', 'for', 'symbol', 'address', 'entry', 'reset', 'fault', 'exception', 'usb', 'console'];
const bits = (value: number, { bit, width }: { readonly bit: number; readonly width: number }): number =>
  Math.floor(value / 2 ** bit) % 2 ** width;
