/**
 * The full event stream of a run, including what the timeline of the result merges or leaves out: clocks, masks, the active exception, pins, supplies and the USB
 * lines as signals over time; USB transfers with their bytes; console; and the rows of the timeline. Recording does not change the machine.
 *
 * The machine skips a loop that provably repeats itself, so the trace contains only its first iterations.
 */
import { exceptionName } from '../../checks/core-registers.ts';
import type { Core } from '../../emu/core/core.ts';
import type { EntryRecord } from '../../emu/history.ts';
import type { MachineObserver } from '../../emu/machine-observer.ts';
import { registerFile } from '../../emu/core/arm/register-file.ts';
import { listensTo } from '../../emu/wires.ts';
import { rateHz, type Ps } from '../../emu/time.ts';
import { copyOf, driverOf, isInterruptTransfer } from '../../usb-sim/outside.ts';
import type { TappedStatus, Transfer } from '../../usb-sim/types.ts';
import type { UsbTap } from '../../usb-sim/usb-sim.ts';
import { attempt, type Starts } from '../proof/attempt.ts';
import { CutShort } from '../session/budget.ts';
import { place, timelineRows } from './document.ts';
import type { NamedRepair } from '../proof/repairs.ts';
import type { Outcome } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import type {
  TraceSignal,
  TraceTransfer,
  TracedJump,
  TracedClocks,
  TracedMoment,
  TracedWord,
  TracedMemory,
  TracedRun,
  RunTrace,
} from '../documents/trace-types.ts';

/** Most signal changes that are kept. */
const MOST_CHANGES = 1_000_000;
/** Characters of the console; more is dropped, and counted with the changes. */
const MOST_SAID = 4 << 20;
const MOST_JUMPS = 64;
/** Effort: as many moments as are kept. */
const MOST_MOMENTS = 20_000;
/** Picoseconds: a core is not looked at again before. */
const MOMENTS_APART: Ps = 1_000_000;
/** Effort: as many clock trees as are kept; so many more around each entry, which is what a reader looks for; and all together. */
const MOST_TREES = 4000;
const TREES_AT_ENTRY = 400;
const ALL_TREES = 16_000;
const TABLE_WORDS = 16;
const STACK_WORDS = 24;
/** Characters within this time belong to one console line. */
const SAME_LINE: Ps = 5_000_000_000;

const MASKS = ['PRIMASK', 'BASEPRI', 'FAULTMASK', 'CONTROL'] as const;
type Mask = (typeof MASKS)[number];
const maskOf = (core: Core, mask: Mask): number => core.arm[mask.toLowerCase() as Lowercase<Mask>];
const BITS_OF: Readonly<Record<Mask, number>> = { PRIMASK: 1, BASEPRI: 8, FAULTMASK: 1, CONTROL: 4 };
/** Wires other than pins that are of interest. */
const SUPPLIES: readonly string[] = ['usb.supply', 'vos', 'dbp', 'power.lost', 'power.stop', 'flash.latency'];
const USB_WIRES: readonly string[] = ['usb.pullup', 'usb.vbus'];

interface SignalRow extends Pick<TraceSignal, 'name' | 'group' | 'kind' | 'bits'> {
  readonly first: number;
}
interface TapEvent {
  readonly at: Ps;
  readonly transfer: Readonly<Transfer>;
  readonly interrupt: boolean;
  readonly driver: string;
  /** null: it begins. */
  readonly status: TappedStatus | null;
}

/** A core at an instant; what its place is called is looked up at the end. */
interface Stood {
  readonly at: Ps;
  readonly core: number;
  readonly pc: number;
  readonly sp: number;
  readonly vtor: number | null;
}

/** Append-only, so that a state of it is a length of each list. */
class Recording {
  readonly at: number[] = [];
  readonly signal: number[] = [];
  readonly value: number[] = [];
  readonly tapped: TapEvent[] = [];
  readonly console: { at: Ps; channel: string; text: string }[] = [];
  readonly jumps: TracedJump[] = [];
  readonly stood: Stood[] = [];
  /** `behind`: so many changes had not been kept before it. */
  readonly clocks: (TracedClocks & { readonly behind: number })[] = [];
  /** Changes of clocks that were not kept, and when the last one was. */
  unkept = 0;
  unkeptAt: Ps = -1;
  /** So many trees may still come. */
  treesLeft = MOST_TREES;
  /** Characters of `console`. */
  said = 0;
  dropped = 0;

  cut(to: Mark): void {
    this.at.length = this.signal.length = this.value.length = to.changes;
    this.tapped.length = to.tapped;
    this.console.length = to.console;
    this.said = to.said;
    this.jumps.length = to.jumps;
    this.stood.length = to.stood;
    this.clocks.length = to.clocks;
    this.takeClocks(to);
  }
  private takeClocks({ unkept, unkeptAt, treesLeft }: Mark): void {
    this.unkept = unkept;
    this.unkeptAt = unkeptAt;
    this.treesLeft = treesLeft;
  }
  copy(to: Mark): Recording {
    const c = new Recording();
    for (let i = 0; i < to.changes; i++) {
      c.at.push(this.at[i]!);
      c.signal.push(this.signal[i]!);
      c.value.push(this.value[i]!);
    }
    c.tapped.push(...this.tapped.slice(0, to.tapped));
    for (let i = 0; i < to.console; i++) c.console.push(this.console[i]!);
    c.said = to.said;
    c.jumps.push(...this.jumps.slice(0, to.jumps));
    for (let i = 0; i < to.stood; i++) c.stood.push(this.stood[i]!);
    c.clocks.push(...this.clocks.slice(0, to.clocks));
    c.takeClocks(to);
    return c;
  }
}
/** Position of the recording at a checkpoint. */
interface Mark {
  readonly of: Recording;
  readonly changes: number;
  readonly tapped: number;
  readonly console: number;
  readonly said: number;
  readonly jumps: number;
  readonly stood: number;
  readonly clocks: number;
  readonly unkept: number;
  readonly unkeptAt: Ps;
  readonly treesLeft: number;
}

export class Tracer {
  private readonly session: Session;
  private readonly rows: SignalRow[] = [];
  private readonly byName = new Map<string, number>();
  private readonly taken = new Set<number>();
  private log = new Recording();
  private recording = false;
  /** Called if interrupt masks may have changed without an event. */
  private stale = false;
  private runDone: TracedRun | null = null;
  private repairedDone: RunTrace['repaired'] = null;

  /** Must be created before the first checkpoint of the session. */
  constructor(session: Session) {
    this.session = session;
    const { machine } = session;
    const { system, chip } = machine;
    for (const name of chip.clocks) this.add(`clock ${name}`, { name, group: 'clock', kind: 'hz', bits: 64, first: this.rate(name) });
    for (const core of machine.cores) {
      for (const mask of MASKS)
        this.add(this.coreKey(core, mask), this.coreRow(core, mask.toLowerCase(), BITS_OF[mask], maskOf(core, mask)));
      this.add(this.coreKey(core, 'exception'), this.coreRow(core, 'exception', 9, 0));
      this.add(this.coreKey(core, 'held-back'), this.coreRow(core, 'held_back', 9, 0));
      this.add(this.coreKey(core, 'rom'), this.coreRow(core, 'in_rom', 1, 0));
    }
    for (const name of SUPPLIES) this.add(name, { name, group: 'supply', kind: 'number', bits: 8, first: system.wire(name) });
    for (const name of USB_WIRES) this.add(name, { name, group: 'usb', kind: 'number', bits: 1, first: system.wire(name) });
    for (const pin of pinsOf(session))
      for (const [wire, by] of [
        [`out.${pin}`, 'chip'],
        [`pin.${pin}`, 'board'],
      ] as const)
        this.add(wire, { name: `${pin}.${by}`, group: 'pin', kind: 'level', bits: 1, first: system.wire(wire) });
    machine.attach({ save: () => this.mark(), restore: (mark) => this.restore(mark as Mark) });
  }

  /** Runs an action with the recording on. */
  record<T>(action: () => T): T {
    const { machine, usb } = this.session;
    const { observer } = machine;
    this.lookAtClocks();
    machine.observer = this.observe(observer);
    usb.tap = this.tap;
    this.recording = true;
    try {
      return action();
    } finally {
      this.recording = false;
      usb.tap = null;
      machine.observer = observer;
    }
  }
  /** Called at the end of the run. */
  finish(outcome: Outcome): void {
    this.runDone = this.collect(outcome);
  }
  /** Repeats the run with the proved causes repaired. The position of the session afterwards is undefined. */
  repairWith(starts: Starts, repairs: readonly NamedRepair[]): void {
    if (repairs.length === 0) return;
    // the run's own recording stays: checkpoints know how much of it is theirs
    this.log = new Recording();
    try {
      const { outcome } = this.record(() => attempt(this.session, starts, repairs));
      this.repairedDone = { ...this.collect(outcome), repairs: repairs.map((r) => r.id) };
    } catch (error) {
      if (!(error instanceof CutShort)) throw error;
    }
  }
  trace(): RunTrace | null {
    const { chip } = this.session.input;
    const exceptions = Object.fromEntries(
      [...this.taken].sort((a, b) => a - b).map((n) => [n, exceptionName(chip, n).replace(/^interrupt /, '')]),
    );
    return (
      this.runDone && { chip: chip.name, exceptions, memories: memoriesOf(this.session), run: this.runDone, repaired: this.repairedDone }
    );
  }

  // ---- what is recorded ----------------------------------------------------------------------------------------------------------
  private observe(before: MachineObserver): MachineObserver {
    const { machine } = this.session;
    const masks = (core: Core): void => {
      for (const mask of MASKS) this.change(this.coreKey(core, mask), maskOf(core, mask));
      this.change(this.coreKey(core, 'exception'), core.arm.ipsr);
      this.heldBack(core);
    };
    return {
      ...before,
      clock: (name) => {
        this.change(`clock ${name}`, this.rate(name));
        this.lookAtClocks(true);
      },
      note: (kind, text) => {
        before.note?.(kind, text);
        this.lookAtClocks();
      },
      special: (core, register, value) => {
        if (register in BITS_OF) this.change(this.coreKey(core, register), value, core.now());
        this.heldBack(core);
        this.lookAt(core, core.now());
      },
      pending: (core) => this.heldBack(core),
      wire: listensTo(
        (name) => this.byName.has(name),
        (name, value) => {
          before.wire?.(name, value);
          if (this.byName.has(name)) this.change(name, value);
        },
        before.wire,
      ),
      exception: (core, exception, ...rest) => {
        before.exception?.(core, exception, ...rest);
        this.taken.add(exception);
        this.change(this.coreKey(core, 'exception'), exception, core.now());
        this.heldBack(core);
        this.lookAt(core, core.now());
      },
      exceptionReturn: (core, ...rest) => {
        before.exceptionReturn?.(core, ...rest);
        this.change(this.coreKey(core, 'exception'), core.arm.ipsr, core.now());
        this.heldBack(core);
      },
      reset: (by) => {
        before.reset?.(by);
        machine.cores.forEach(masks);
        for (const core of machine.cores) this.change(this.coreKey(core, 'rom'), 0);
        this.lookAtClocks();
        this.look();
      },
      entry: (entry) => {
        before.entry?.(entry);
        this.change(this.coreKey(machine.cores[entry.core]!, 'rom'), 1, entry.at);
        this.stale = true;
        this.lookAtClocksOfEntry();
        this.lookAtJump(entry);
        this.lookAt(machine.cores[entry.core]!, entry.at, entry.registers);
      },
      leftSystem: (pc) => {
        this.change(this.coreKey(machine.bootCore, 'rom'), 0);
        this.lookAt(machine.bootCore, machine.now);
        return before.leftSystem?.(pc);
      },
      console: (channel, text) => {
        before.console?.(channel, text);
        this.say(channel, text);
        this.look();
      },
    };
  }
  private readonly tap: UsbTap = {
    started: (t, at) => this.tapped(t, at, null),
    ended: (t, status, at) => this.tapped(t, at, status),
  };
  private tapped(t: Readonly<Transfer>, at: Ps, status: TappedStatus | null): void {
    const transfer = copyOf(t);
    this.look(at);
    const { state } = this.session.usb;
    this.log.tapped.push({ at, transfer, interrupt: isInterruptTransfer(state, t), driver: driverOf(state, t), status });
  }
  private change(key: string, value: number, at: Ps = this.session.machine.now): void {
    const signal = this.byName.get(key);
    if (signal === undefined) return;
    if (this.stale) this.lookAtMasks();
    const { log } = this;
    if (log.at.length >= MOST_CHANGES) {
      log.dropped++;
      return;
    }
    log.at.push(at);
    log.signal.push(signal);
    log.value.push(value);
  }
  /** A repair changes state without events. */
  private lookAtMasks(): void {
    this.stale = false;
    for (const core of this.session.machine.cores) {
      for (const mask of MASKS) this.change(this.coreKey(core, mask), maskOf(core, mask));
      this.heldBack(core);
    }
  }
  /** What a mask holds back from now on. */
  private heldBack(core: Core): void {
    const exception = core.arm.heldBack;
    if (exception !== 0) this.taken.add(exception);
    this.change(this.coreKey(core, 'held-back'), exception, core.now());
  }
  /** Also at notes: an oscillator that never gets ready changes no clock. A write changes several clocks at once. */
  private lookAtClocks(isChange = false): void {
    const { log } = this;
    const { now: at, system } = this.session.machine;
    const isKept = log.clocks.at(-1)?.at === at;
    if (!isKept && log.treesLeft <= 0) {
      if (isChange && log.unkeptAt !== at) log.unkept++;
      if (isChange) log.unkeptAt = at;
      return;
    }
    const tree = system.clockTree();
    if (tree === null) return;
    if (isKept) {
      log.clocks.pop();
      log.treesLeft++;
    }
    const last = log.clocks.at(-1);
    if (last?.behind === log.unkept && JSON.stringify(last.tree) === JSON.stringify(tree)) return;
    log.clocks.push({ at, tree, behind: log.unkept });
    log.treesLeft--;
  }
  /** Also where there are too many in front of it. */
  private lookAtClocksOfEntry(): void {
    const { log } = this;
    log.treesLeft = Math.min(Math.max(log.treesLeft, TREES_AT_ENTRY), ALL_TREES - log.clocks.length);
    this.lookAtClocks();
  }
  private look(at: Ps = this.session.machine.now): void {
    for (const core of this.session.machine.cores) this.lookAt(core, at);
  }
  /** `always`: the registers of an entry, which is what a reader looks for. */
  private lookAt(core: Core, at: Ps, always?: EntryRecord['registers']): void {
    const { stood } = this.log;
    const last = stood.findLast((s) => s.core === core.index);
    if (always === undefined && (stood.length >= MOST_MOMENTS || (last !== undefined && at - last.at < MOMENTS_APART))) return;
    const registers = always ?? registerFile(core, core.pc);
    stood.push({ at, core: core.index, pc: registers['pc']!, sp: registers['sp']!, vtor: registers['vtor'] ?? null });
  }
  private momentsOf({ stood }: Recording): TracedMoment[] {
    const { input, machine } = this.session;
    return stood.map(({ at, core, pc, sp, vtor }) => ({
      at,
      core: machine.cores.length > 1 ? machine.cores[core]!.row.name : null,
      place: place(input, pc)!,
      sp: sp >>> 0,
      vtor,
    }));
  }
  private lookAtJump({ at, core: index, registers }: EntryRecord): void {
    const { machine, input } = this.session;
    const { jumps } = this.log;
    // a SysTick whose handler is in system memory makes a thousand entries per second
    if (jumps.length >= MOST_JUMPS) jumps.length = MOST_JUMPS - 1;
    const core = machine.cores[index]!;
    const words = (base: number, count: number): TracedWord[] =>
      Array.from({ length: count }, (_x, i) => {
        const address = (base + 4 * i) >>> 0;
        const value = core.peek(address, 4);
        const where = value === null || (value & 1) === 0 ? null : place(input, value - 1);
        return { address, value: value === null ? null : value >>> 0, place: where?.symbol == null ? null : where };
      });
    const vectors = (registers['vtor'] ?? 0) >>> 0;
    jumps.push({ at, vectors, table: words(vectors, TABLE_WORDS), stack: words(((registers['sp'] ?? 0) & ~3) >>> 0, STACK_WORDS) });
  }
  private say(channel: string, text: string): void {
    const { log } = this;
    if (log.said + text.length > MOST_SAID || log.console.length >= MOST_CHANGES) {
      log.dropped++;
      return;
    }
    log.said += text.length;
    log.console.push({ at: this.session.machine.now, channel, text });
  }

  // ---- signals -------------------------------------------------------------------------------------------------------------------
  private add(key: string, row: SignalRow): void {
    this.byName.set(key, this.rows.length);
    this.rows.push(row);
  }
  private coreKey(core: Core, name: string): string {
    return `${core.index} ${name}`;
  }
  private coreRow(core: Core, name: string, bits: number, first: number): SignalRow {
    return { name: `${core.row.name}.${name}`, group: 'core', kind: 'number', bits, first };
  }
  private rate(name: string): number {
    const { rate } = this.session.machine.system.clock(name);
    return rate === null ? 0 : rateHz(rate);
  }

  // ---- checkpoints ---------------------------------------------------------------------------------------------------------------
  private mark(): Mark {
    const { log } = this;
    return {
      of: log,
      changes: log.at.length,
      tapped: log.tapped.length,
      console: log.console.length,
      said: log.said,
      jumps: log.jumps.length,
      stood: log.stood.length,
      clocks: log.clocks.length,
      unkept: log.unkept,
      unkeptAt: log.unkeptAt,
      treesLeft: log.treesLeft,
    };
  }
  private restore(mark: Mark): void {
    if (!this.recording) return;
    this.stale = true;
    if (mark.of === this.log) this.log.cut(mark);
    else this.log = mark.of.copy(mark);
  }

  private collect(outcome: Outcome): TracedRun {
    const { log, session } = this;
    const changes = this.rows.map(({ first }) => ({ at: [0], values: [first] }));
    for (let i = 0; i < log.at.length; i++) {
      const { at, values } = changes[log.signal[i]!]!;
      const last = values.length - 1;
      if (values[last] === log.value[i]) continue;
      if (at[last] === log.at[i]) values[last] = log.value[i]!;
      else {
        // cores run ahead of the blocks within a turn
        at.push(Math.max(log.at[i]!, at[last]!));
        values.push(log.value[i]!);
      }
    }
    const signals = this.rows
      .map(({ name, group, kind, bits }, i): TraceSignal => ({ name, group, kind, bits, ...changes[i]! }))
      .filter(({ at, values, kind }) => at.length > 1 || (kind === 'hz' && values[0] !== 0));
    return {
      jump: log.jumps.at(-1) ?? null,
      outcome,
      end: session.machine.now,
      signals,
      transfers: transfersOf(log.tapped),
      console: linesOf(log.console),
      rows: timelineRows(session),
      moments: this.momentsOf(log),
      clocks: clocksOf(log),
      host: session.usb.state.log.map(({ at, kind, text }) => ({ at, kind, text })),
      dropped: log.dropped,
    };
  }
}

const clocksOf = ({ clocks, unkept: all }: Recording): TracedClocks[] =>
  clocks.map(({ at, tree, behind }, i) => {
    const unkept = (clocks[i + 1]?.behind ?? all) - behind;
    return { at, tree, ...(unkept === 0 ? {} : { unkept }) };
  });

function memoriesOf({ input }: Session): TracedMemory[] {
  const chunks = input.images.flatMap((i) => i.chunks);
  return input.chip.memories.map(({ name, base, size, kind, zone }) => {
    const image = chunks.reduce((n, c) => n + Math.max(0, Math.min(c.address + c.data.length, base + size) - Math.max(c.address, base)), 0);
    return { name, base, size, kind, isRom: zone === 'systemMemory', image };
  });
}

function pinsOf({ machine: { chip } }: Session): string[] {
  const ports = chip.blocks.filter((b) => b.model?.startsWith('gpio'));
  const letter = (b: (typeof ports)[number]): string => (typeof b.options?.['port'] === 'string' ? b.options['port'] : b.name.slice(-1));
  return ports.flatMap((b) => Array.from({ length: 16 }, (_x, n) => `P${letter(b)}${n}`));
}

/** Characters arrive one by one; a line has the time of its first character. */
function linesOf(said: TracedRun['console']): TracedRun['console'] {
  const lines: { at: Ps; channel: string; text: string }[] = [];
  const open = new Map<string, number>();
  for (const { at, channel, text } of said) {
    const i = open.get(channel);
    if (i !== undefined && at - lines[i]!.at < SAME_LINE) lines[i]!.text += text;
    else {
      open.set(channel, lines.length);
      lines.push({ at, channel, text });
    }
    if (text.endsWith('\n')) open.delete(channel);
  }
  return lines;
}

/** A pipe has one transfer at a time, so the one that ends is the last one that began. */
function transfersOf(events: readonly TapEvent[]): TraceTransfer[] {
  const open = new Map<string, number>();
  const list: TraceTransfer[] = [];
  for (const { at, transfer, interrupt, driver, status } of events) {
    const pipe = `${transfer.kind} ${transfer.endpoint}`;
    if (status === null) {
      open.set(pipe, list.length);
      list.push({ from: at, to: null, status: null, interrupt, driver, started: transfer, ended: null });
      continue;
    }
    const i = open.get(pipe);
    // a transfer that never got to the bus has no start
    if (i === undefined || list[i]!.started.started !== transfer.started) continue;
    list[i] = { ...list[i]!, to: at, status, ended: transfer };
    open.delete(pipe);
  }
  return list;
}
