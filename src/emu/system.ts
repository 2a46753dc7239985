/**
 * A chip without its cores: blocks, memories, clocks, wires, timers. The machine adds the cores; tests of peripherals use it alone.
 */
import { Arena, PAGE_SIZE } from './arena.ts';
import type { BlockRow, ChipDescription, MemoryRow } from './chip.ts';
import { BUS_ERROR, clonePlain, type Env, type GuestFact, type ResetCause, type ResetKind } from './component.ts';
import {
  layoutFor,
  modelFor,
  RegisterBlock,
  RegisterContext,
  sizeMask,
  type BlockHooks,
  type ChangeListener,
  type Layout,
  type AnyModelFactory,
  type RegisterState,
  type Published,
} from './registers.ts';
import {
  clockCount,
  clockTimeOf,
  sameRate,
  Scheduler,
  setClockRate,
  stoppedClock,
  WIDE,
  type ClockState,
  type Ps,
  type Rate,
} from './time.ts';
import type { ClockTree } from './clock-tree.ts';
import { findWire, wire, Wires, type Wire } from './wires.ts';

/** A block of the chip at run time. */
interface RccBit {
  readonly register: number;
  readonly mask: number;
}
export interface Block {
  readonly row: BlockRow;
  readonly component: RegisterBlock;
  /** Its registers. */
  readonly layout: Layout;
  readonly env: Env;
  readonly index: number;
  readonly state: RegisterState;
  readonly enable: RccBit | null;
  /** Resets it, and holds it while it is set. */
  readonly reset: RccBit | null;
  readonly timerBase: number;
}

/** A memory of the chip placed in the arena. */
export interface Memory {
  readonly row: MemoryRow;
  /** Offset of its first byte in the arena. */
  readonly host: number;
  /** Reads may differ from its bytes: guarded by a block, or behind a gate that is closed or follows a wire. */
  guarded: boolean;
}

/** One range of the address space. */
export interface Region {
  readonly base: number;
  /** Exclusive end; up to 2^32. */
  readonly end: number;
  readonly memory: Memory | null;
  readonly block: Block | null;
}

/** Callbacks for the machine, called while an access or a timer is served. */
export interface SystemListener {
  /** `core`: index of the only core that the line reaches; left out = all. */
  irq(line: number, level: boolean, core?: number): void;
  reset(by: ResetCause, block: string): void;
  note(kind: string, text: string, block: string, about?: GuestFact): void;
  changed: ChangeListener | null;
  unmodelled(block: string, register: string, kind: 'read' | 'write'): void;
  /** An access to a block whose clock is off. */
  unclocked(block: string, offset: number, kind: 'read' | 'write'): void;
  /** A clock changed its rate. */
  clock(name: string): void;
  /** A wire changed its value. */
  wire(name: string, value: number, wire: Wire): void;
  /** The clock of a memory was switched: page-table entries for it are invalid. */
  gated?(): void;
  /** Bytes of a memory are about to be changed by a block (flash programming, DMA). Called before the change; `programmed`: see `Env.pokeMemory`. */
  memoryChanged(memory: Memory, offset: number, length: number, programmed?: Uint8Array): void;
  /** A block is about to read from the bus. */
  busRead?(address: number): void;
  /** A block has written to the bus. */
  busWritten?(block: string, address: number, size: number, value: number): void;
}

/** The blocks of one interrupt line: for each, its wire to all cores and those to single cores. */
interface Sharers {
  readonly of: ReadonlyMap<string, readonly Wire[]>;
  readonly all: readonly (readonly Wire[])[];
}

export const SILENT: SystemListener = {
  irq() {},
  reset() {},
  note() {},
  changed: null,
  unmodelled() {},
  unclocked() {},
  clock() {},
  wire() {},
  memoryChanged() {},
};

/** A mask: timers and writes between two looks, some milliseconds of ours. */
const LOOK_AT = 0xfff;

/** Plain state of everything outside the cores and memories. */
export interface SystemState {
  /** Registers of all blocks, concatenated. */
  registers: Uint32Array;
  /** States of blocks whose models have one. */
  models: object[];
  wires: Float64Array;
  clocks: Record<string, ClockState>;
  due: Float64Array;
  now: Ps;
  /** Parameters that the board has changed since it was made. */
  parameters: Readonly<Record<string, number>>;
}

export class System {
  readonly chip: ChipDescription;
  readonly arena: Arena;
  readonly memories: readonly Memory[];
  readonly blocks: readonly Block[];
  readonly scheduler = new Scheduler();
  /** Address map of the first core, sorted by base; replaced when the remap changes. */
  regions: readonly Region[];
  /** The same for each core; one list where all are alike. */
  private views: readonly (readonly Region[])[] = [];
  /** Index of the core that runs, 0 while none does. */
  master = 0;
  listener: SystemListener = SILENT;
  /** `RegisterModel.holds` is used: registers that follow the time count as steady for a while. */
  readsHold = true;
  /** Time of the current access or timer. The machine sets it before an access. */
  now: Ps = WIDE;
  /** Never replaced, so that references stay valid. */
  private readonly clocks = new Map<string, ClockState>();
  private readonly wires: Wires;
  /** Parameters at construction, and changes since. */
  private readonly given: Readonly<Record<string, number>>;
  /** Never changed in place: checkpoints share it. */
  private changed: Readonly<Record<string, number>> = {};
  private readonly byName = new Map<string, Block>();
  /** Followers of a wire, by its place. */
  private readonly wireListeners: (Block[] | null)[] = [];
  /** Selects the memory at the remap base. */
  private readonly remapWire: Wire | null;
  private readonly clockListeners = new Map<string, Block[]>();
  private readonly timerOwner: { block: Block; timer: string }[] = [];
  private readonly externalTimers: (() => void)[] = [];
  /** Slots of background timers. */
  private readonly background = new Set<number>();
  /** Interrupt lines with more than one block, by line. */
  private readonly irqSharers: (Sharers | null)[] = [];
  private readonly registers: Uint32Array;
  /** Where a block's registers stand among all (first, count), and its model's state among all, -1 without one. */
  partsOf(b: Block): { readonly first: number; readonly count: number; readonly model: number } {
    const { regs } = b.state;
    const first = (regs.byteOffset - this.registers.byteOffset) >> 2;
    return { first, count: regs.length, model: this.modelled.indexOf(b.state) };
  }
  /** States of blocks whose models have one. */
  private readonly modelled: readonly RegisterState[];
  /** Memories that are accessible whenever they have a clock. */
  private readonly gatedMemories: readonly Memory[];
  private rccRegs: Uint32Array = new Uint32Array(0);
  private rcc: Block | null = null;

  /**
   * @param models behaviour by name; throws where a row names a missing one.
   * @param parameters overrides of the chip's parameters (board, slow chip…); a value of NaN removes one (crystal not fitted).
   */
  constructor(chip: ChipDescription, models: Readonly<Record<string, AnyModelFactory>>, parameters: Readonly<Record<string, number>> = {}) {
    this.now = 0;
    this.chip = chip;
    this.given = { ...Object.fromEntries(Object.entries(chip.parameters).map(([name, fact]) => [name, fact.value])), ...parameters };
    const bytes = chip.memories.reduce((sum, m) => sum + ((m.size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1)), 0);
    this.arena = new Arena(bytes);
    let host = this.arena.memoryBase;
    this.memories = chip.memories.map((row) => {
      const memory: Memory = { row, host, guarded: row.guardedBy !== undefined || row.gate !== undefined };
      host += (row.size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
      return memory;
    });
    this.gatedMemories = this.memories.filter(({ row }) => row.gate !== undefined && row.gate.writable === undefined);
    for (const name of chip.clocks) this.clocks.set(name, stoppedClock());
    const hooks: BlockHooks = {
      onChange: this.onChange,
      onUnmodelled: (block, register, kind) =>
        this.listener.unmodelled(block, typeof register === 'number' ? `+0x${register.toString(16)}` : register.name, kind),
    };
    const rccFacts = chip.facts[chip.rcc];
    const rccLayout = rccFacts ? layoutFor(rccFacts) : null;
    this.blocks = chip.blocks.map((row, index) => {
      const factsName = row.facts ?? row.name;
      const facts = chip.facts[factsName];
      if (!facts) throw new Error(`${chip.name}: no register facts ${factsName}`);
      const layout = layoutFor(facts);
      const factory = row.model === null ? null : models[row.model];
      if (factory === undefined) throw new Error(`${chip.name}: ${row.name} asks for an unknown model ${row.model}`);
      const component = new RegisterBlock(layout, factory ? modelFor(row, factory, layout) : null, hooks);
      const timerBase = this.timerOwner.length;
      const bitOf = (path: string | undefined): RccBit | null => {
        const field = path && rccLayout ? rccLayout.field(path) : null;
        return field ? { register: field.register.index, mask: field.mask } : null;
      };
      const block: Block = {
        row,
        component,
        layout,
        index,
        timerBase,
        env: this.makeEnv(row.name, () => block),
        state: component.create(),
        enable: bitOf(row.clock),
        reset: bitOf(row.reset),
      };
      for (const timer of component.timers) {
        const slot = this.scheduler.addSlot(`${row.name}.${timer}`);
        if (component.background.includes(timer)) this.background.add(slot);
        this.timerOwner.push({ block, timer });
      }
      for (const followed of component.wires) this.listen(followed, block);
      for (const clock of component.clocks) {
        if (!this.clocks.has(clock)) throw new Error(`${row.name} listens to an unknown clock ${clock}`);
        push(this.clockListeners, clock, block);
      }
      this.byName.set(row.name, block);
      return block;
    });
    this.registers = this.joinRegisters();
    this.modelled = this.blocks.map((b) => b.state).filter((state) => Object.keys(state.model).length > 0);
    this.rcc = this.byName.get(chip.rcc) ?? null;
    const drivers = new Map<number, string[]>();
    for (const row of chip.blocks) for (const line of new Set(row.irqs)) push(drivers, line, row.name);
    const seen = chip.blocks.some((row) => row.seesInterrupts);
    for (const [line, names] of drivers) {
      if (!seen && names.length === 1) continue;
      const of = new Map(
        names.map((name) => [name, [wire(`irq.${line}.${name}`), ...chip.cores.map((_c, i) => wire(`irq.${line}.${name}.${i}`))]]),
      );
      while (this.irqSharers.length <= line) this.irqSharers.push(null);
      this.irqSharers[line] = { of, all: [...of.values()] };
    }
    this.remapWire = chip.remap ? wire(chip.remap.wire) : null;
    this.wires = new Wires();
    this.bindRcc();
    this.regions = this.layOut();
  }

  /** Puts the registers of all blocks into one array, so that checkpoints copy them at once. */
  private joinRegisters(): Uint32Array {
    const states = this.blocks.map((b) => b.state);
    const all = new Uint32Array(states.reduce((sum, { regs }) => sum + regs.length, 0));
    let at = 0;
    for (const state of states) {
      const part = all.subarray(at, (at += state.regs.length));
      part.set(state.regs);
      state.regs = part;
    }
    return all;
  }
  /** Index of the core that a block belongs to, undefined for shared ones. */
  private coreOf(b: Block): number | undefined {
    const i = b.row.core === undefined ? -1 : this.chip.cores.findIndex((c) => c.name === b.row.core);
    return i < 0 ? undefined : i;
  }
  private bindRcc(): void {
    if (this.rcc) this.rccRegs = this.rcc.state.regs;
  }

  /** Without a getter, for which V8 would keep its properties in a dictionary. */
  private makeEnv(name: string, self: () => Block): Env {
    const system = this; // eslint-disable-line @typescript-eslint/no-this-alias
    const slot = (timer: string): number => {
      const block = self();
      const i = block.component.timers.indexOf(timer);
      if (i < 0) throw new Error(`${name} has no timer ${timer}`);
      return block.timerBase + i;
    };
    const clock = (of: string): ClockState => {
      const c = system.clocks.get(of);
      if (!c) throw new Error(`${name}: unknown clock ${of}`);
      return c;
    };
    return {
      name,
      now: () => system.now,
      clocked: () => system.isClocked(self()),
      arm: (timer, due) =>
        due === Infinity ? system.scheduler.disarm(slot(timer)) : system.scheduler.arm(slot(timer), Math.max(due, system.now)),
      disarm: (timer) => system.scheduler.disarm(slot(timer)),
      due: (timer) => system.scheduler.due[slot(timer)]!,
      irq: (index, level, core = system.coreOf(self())) => {
        const line = self().row.irqs?.[index];
        if (line !== undefined) system.driveIrq(line, name, level, core);
      },
      master: () => system.master,
      clockCount: (of) => clockCount(clock(of), system.now),
      clockTimeOf: (of, count) => clockTimeOf(clock(of), count),
      clockRate: (of) => clock(of).rate,
      setClock: (of, rate) => {
        system.clockDrivers.set(of, name);
        system.setClock(of, rate);
      },
      wire: (w) => system.wires.get(w),
      setWire: (w, value) => {
        system.wireDrivers[w.place] = self().index;
        system.drive(w, value);
      },
      total: (w) => system.totals.get(w)?.() ?? system.wires.get(w),
      parameter: (of) => system.parameter(of),
      requestReset: (by) => system.listener.reset(by, name),
      note: (kind, text, about) => system.listener.note(kind, text, name, about),
      busRead: (address, size) => {
        system.listener.busRead?.(address);
        const v = system.isReachedBy(name, address) ? system.read(address, size) : BUS_ERROR;
        return v === BUS_ERROR ? null : v;
      },
      busWrite: (address, size, value) => {
        const done = system.isReachedBy(name, address) && system.write(address, size, value) !== BUS_ERROR;
        if (done) system.listener.busWritten?.(name, address, size, value);
        return done;
      },
      pokeMemory: (memory, offset, bytes, programmed) => system.pokeMemory(memory, offset, bytes, programmed),
      peekMemory: (memory, offset, length) => system.memoryBytes(memory).slice(offset, offset + length),
    };
  }

  block(name: string): Block {
    const b = this.byName.get(name);
    if (!b) throw new Error(`${this.chip.name} has no block ${name}`);
    return b;
  }
  /** The context of a model's functions for callers other than the bus. Made at every call, so that nothing is stale after a restore. */
  contextOf<S extends object>(block: Block): RegisterContext<S> {
    const { model, regs } = block.state;
    let context = this.contexts.get(block) as RegisterContext<S> | undefined;
    if (!context) this.contexts.set(block, (context = new RegisterContext(model as S, regs, block.env, this.onChange)));
    context.s = model as S;
    context.regs = regs;
    return context;
  }
  private readonly contexts = new Map<Block, RegisterContext<object>>();
  private readonly onChange: ChangeListener = (block, register, old, value) => this.listener.changed?.(block, register, old, value);
  findBlock(name: string): Block | undefined {
    return this.byName.get(name);
  }
  /** What the model of a block publishes of its state. */
  published({ component, state, env }: Block): Published {
    return component.published(state, env);
  }
  parameter(name: string): number | undefined {
    const v = this.changed[name] ?? this.given[name];
    return v === undefined || Number.isNaN(v) ? undefined : v;
  }
  setParameter(name: string, value: number): void {
    this.changed = { ...this.changed, [name]: value };
  }
  clock(name: string): ClockState {
    const c = this.clocks.get(name);
    if (!c) throw new Error(`${this.chip.name} has no clock ${name}`);
    return c;
  }
  /** Where the clocks come from now; null: this chip's RCC does not tell. */
  clockTree(): ClockTree | null {
    const { component, state, env } = this.block(this.chip.rcc);
    return component.clockTree(state, env);
  }
  setClock(name: string, rate: Rate | null): void {
    const c = this.clock(name);
    if (sameRate(c.rate, rate)) return;
    setClockRate(c, rate, this.now);
    this.configuration++;
    this.listener.clock(name);
    for (const b of this.clockListeners.get(name) ?? []) b.component.onClock(b.state, b.env, name);
  }
  /** A wire's value by name, for scenarios and users; 0 if there is none. */
  wire(name: string): number {
    const known = findWire(name);
    return known === undefined ? 0 : this.wires.get(known);
  }
  setWire(name: string, value: number): void {
    this.drive(wire(name), value);
  }
  /** A wire's value. */
  level(w: Wire): number {
    return this.wires.get(w);
  }
  /** Counts that blocks read like wires (`Env.total`). */
  readonly totals = new Map<Wire, () => number>();
  /** Drives a wire and calls its followers if the value changed. */
  drive(w: Wire, value: number): void {
    if (!this.wires.set(w, value)) return;
    if (w === this.remapWire) {
      this.configuration++;
      this.arrange();
    }
    this.listener.wire(w.name, value, w);
    const listeners = w.place < this.wireListeners.length ? this.wireListeners[w.place]! : null;
    if (listeners === null) return;
    for (let i = 0; i < listeners.length; i++) {
      const b = listeners[i]!;
      b.component.onWire(b.state, b.env, w, value);
    }
  }
  /** Blocks that follow a wire. */
  followersOf(w: Wire): readonly Block[] {
    return this.wireListeners[w.place] ?? [];
  }
  private listen(w: Wire, block: Block): void {
    const { wireListeners } = this;
    while (wireListeners.length <= w.place) wireListeners.push(null);
    const list = wireListeners[w.place];
    if (list) list.push(block);
    else wireListeners[w.place] = [block];
  }

  /** Block that drove a wire last, by the wire's place; kept for who compares two machines, no part of the state. */
  private readonly wireDrivers: number[] = [];
  private readonly clockDrivers = new Map<string, string>();
  /** The block that drove a wire last; null: none has, so it is the machine's or the board's. */
  driverOf(w: Wire): Block | null {
    const index = this.wireDrivers[w.place];
    return index === undefined ? null : this.blocks[index]!;
  }
  /** The block that set a clock last, by name; null: none has. */
  clockDriverOf(clock: string): string | null {
    return this.clockDrivers.get(clock) ?? null;
  }

  /** Blocks that share an interrupt line are ORed; their levels are kept as wires. */
  private driveIrq(line: number, block: string, level: boolean, core: number | undefined): void {
    const sharers = line < this.irqSharers.length ? this.irqSharers[line]! : null;
    if (!sharers) return this.listener.irq(line, level, core);
    const { wires } = this;
    const own = sharers.of.get(block)![core === undefined ? 0 : core + 1]!;
    this.wireDrivers[own.place] = this.block(block).index;
    wires.set(own, level ? 1 : 0);
    const several = this.chip.cores.length > 1;
    for (let to = 0; to < (several ? this.chip.cores.length : 1); to++) {
      if (core !== undefined && several && to !== core) continue;
      let up = false;
      for (let i = 0; i < sharers.all.length && !up; i++) {
        const own = sharers.all[i]!;
        up = wires.get(own[0]!) === 1 || (several && wires.get(own[to + 1]!) === 1);
      }
      this.listener.irq(line, up, several ? to : undefined);
    }
  }

  /** A timer of something outside the chip (USB host, scenario): returns its slot for the scheduler. `background` as in `RegisterModel`. */
  addTimer(name: string, fire: () => void, background = false): number {
    const slot = this.scheduler.addSlot(name);
    this.externalTimers[slot] = fire;
    if (background) this.background.add(slot);
    return slot;
  }

  /** The block whose timer a slot is; null: something outside the chip. */
  ownerOf(slot: number): Block | null {
    return this.timerOwner[slot]?.block ?? null;
  }

  layoutOf(block: string): Layout | null {
    return this.byName.get(block)?.layout ?? null;
  }
  /** Name of the register at an address, null where the block has none. */
  registerName(b: Block, address: number): string | null {
    return b.layout.at(address - b.row.base)?.name ?? null;
  }
  hasArmedTimer(b: Block): boolean {
    const n = b.component.timers.length;
    for (let i = 0; i < n; i++) if (this.scheduler.due[b.timerBase + i] !== Infinity) return true;
    return false;
  }

  /** Devices may take long for little emulated time: who looks at limits is asked by their work, too. */
  private worked(): void {
    if ((++this.work & LOOK_AT) === 0) this.onWork?.();
  }
  private work = 0;
  /** Called every few thousand timers and writes of devices; it may stop the machine. */
  onWork: (() => void) | null = null;

  /** Fires every timer that is due at or before `now`, in time order. `this.now` is each timer's own due time meanwhile. */
  fireDue(now: Ps): void {
    const s = this.scheduler;
    while (s.next <= now) {
      this.now = Math.max(this.now, s.next);
      this.fire(s.takeDue(s.next));
    }
    this.now = Math.max(this.now, now);
  }
  /** As `fireDue`, but stops before a timer that is not in the background and returns false then. */
  fireBackground(now: Ps): boolean {
    return this.fireThose(now, (slot) => this.background.has(slot));
  }
  private fireThose(now: Ps, isOne: (slot: number) => boolean): boolean {
    const s = this.scheduler;
    this.now = Math.max(this.now, now);
    while (s.next <= now) {
      const slot = s.first();
      if (!isOne(slot)) return false;
      this.fire(s.take(slot));
    }
    return true;
  }
  /** Blocks whose events do not end a search for a loop: they are rounds that nobody who waits sees (quiet-rounds.ts). */
  bystanders: ReadonlySet<Block> | null = null;
  /** Between two instructions of a search: nothing has to be looked at now. Events of bystanders happen by the way, as they would between two turns of the core. */
  goesOnAt(now: Ps, until: Ps): boolean {
    const { bystanders } = this;
    if (now >= until) return false;
    if (now < this.scheduler.next) return true;
    if (bystanders === null) return false;
    return this.fireThose(now, (slot) => {
      const owner = this.ownerOf(slot);
      return owner !== null && bystanders.has(owner);
    });
  }
  private fire(slot: number): void {
    this.worked();
    const owner = this.timerOwner[slot];
    if (owner) owner.block.component.onTimer(owner.block.state, owner.block.env, owner.timer);
    else this.externalTimers[slot]?.();
  }

  /** Resets all blocks that this kind of reset reaches; `coreDomain`: without those that work in Standby. RAM is unchanged. */
  resetBlocks(kind: ResetKind, coreDomain = false): void {
    this.configuration++;
    const before = this.rccRegs.slice();
    for (const b of this.blocks) {
      if (coreDomain && b.row.worksInStandby) continue;
      if (kind === 'system' && b.row.backup && !b.component.hearsSystemReset) continue;
      if (kind === 'backup' && !b.row.backup && b !== this.rcc) continue;
      b.component.onReset(b.state, b.env, kind);
    }
    if (kind === 'system') this.eraseMemories();
    this.tellGates(before);
  }
  /** What option bytes have a system reset erase: it reads 0 then. */
  private eraseMemories(): void {
    for (const { field, erases = [] } of Object.values(this.chip.optionBytes ?? {})) {
      const [block = '', ...option] = field.split('.');
      // a machine of a few blocks may lack the flash, or the RAM
      const there = this.memories.filter(({ row }) => erases.includes(row.name));
      if (there.length === 0 || this.findBlock(block) === undefined || this.fieldValue(field) !== 0) continue;
      for (const { row } of there) this.pokeMemory(row.name, 0, new Uint8Array(row.size));
      const names = there.map(({ row }) => row.name.toUpperCase()).join(', ');
      this.listener.note('guest', `the reset erased ${names}: ${option.join('.')} is 0`, block, {
        is: 'ram-erased',
        option: field,
      });
    }
  }
  /** Value of `BLOCK.REG.FIELD` as stored. */
  fieldValue(path: string): number {
    const [block, register, field] = path.split('.') as [string, string, string];
    const { layout, state } = this.block(block);
    const f = layout.field(`${register}.${field}`);
    return f.of(state.regs[f.register.index]!);
  }

  /** Resets one block. */
  resetBlock(block: Block, kind: ResetKind = 'system'): void {
    this.configuration++;
    const before = this.rccRegs.slice();
    block.component.onReset(block.state, block.env, kind);
    this.tellGates(before);
  }

  /** Changes with every clock change, gating of a block, reset and remap. */
  configuration = 0;
  isClocked(b: Block): boolean {
    return b.enable === null || (this.rccRegs[b.enable.register]! & b.enable.mask) !== 0;
  }
  isInReset(b: Block): boolean {
    return b.reset !== null && (this.rccRegs[b.reset.register]! & b.reset.mask) !== 0;
  }

  /** Registers read as 0 while the block has no clock, apart from those that need none. */
  answersReads(b: Block, offset: number): boolean {
    return this.isClocked(b) || b.row.readsUnclocked === true || b.row.unclocked?.includes(offset & ~3) === true;
  }
  /** Reads a device, if its block has a clock. */
  readBlock(b: Block, address: number, size: number): number {
    const offset = address - b.row.base;
    if (!this.answersReads(b, offset)) {
      this.listener.unclocked(b.row.name, offset, 'read');
      return this.forced.size ? this.pinned(address, size, 0) : 0;
    }
    const value = b.component.read(b.state, b.env, offset, size);
    return this.forced.size && value !== BUS_ERROR ? this.pinned(address, size, value) : value;
  }

  /** Fields that a scenario pins: mask and value by word address. */
  private readonly forced = new Map<number, { mask: number; value: number }>();
  /** Pins a field of an unmodelled register: it reads `value` whatever is written. */
  force(block: string, register: string, field: string, value: number): void {
    const b = this.block(block);
    const f = b.layout.field(`${register}.${field}`);
    const address = b.row.base + f.register.offset;
    const word = address & ~3;
    const shift = (address & 3) * 8;
    const old = this.forced.get(word) ?? { mask: 0, value: 0 };
    this.forced.set(word, {
      mask: (old.mask | (f.mask << shift)) >>> 0,
      value: ((old.value & ~(f.mask << shift)) | (((value << f.bit) & f.mask) << shift)) >>> 0,
    });
  }
  /** A read of some register may differ from what it holds. */
  get pins(): boolean {
    return this.forced.size > 0;
  }
  private pinned(address: number, size: number, value: number): number {
    const pin = this.forced.get(address & ~3);
    if (!pin) return value;
    const shift = (address & 3) * 8;
    const mask = (pin.mask >>> shift) & sizeMask(size);
    return ((value & ~mask) | ((pin.value >>> shift) & mask)) >>> 0;
  }

  /** Address ranges that answer with a bus error. */
  private faultRanges: readonly { base: number; end: number }[] = [];
  setFaultRanges(ranges: readonly { readonly base: number; readonly size: number }[]): void {
    this.faultRanges = ranges.map((r) => ({ base: r.base, end: r.base + r.size }));
  }
  isFaulting(address: number): boolean {
    const { faultRanges } = this;
    for (let i = 0; i < faultRanges.length; i++) if (address >= faultRanges[i]!.base && address < faultRanges[i]!.end) return true;
    return false;
  }

  /** Some address from `low` to `high` answers with one. */
  faultsIn(low: number, high: number): boolean {
    return this.faultRanges.some((r) => r.base < high && low < r.end);
  }

  private keptUnclocked(b: Block, offset: number): void {
    const name = b.layout.registers.find((r) => r.offset === (offset & ~3))?.name;
    if (name === undefined || b.row.clock === undefined) return;
    const [register, enable] = [`${b.row.name}.${name}`, `${this.chip.rcc}.${b.row.clock}`];
    this.listener.note('guest', `${register} takes a write without its clock: ${enable} is 0`, b.row.name, {
      is: 'kept-unclocked',
      register,
      enable,
    });
  }
  writeBlock(b: Block, address: number, size: number, value: number): number {
    this.worked();
    const offset = address - b.row.base;
    if (!this.isClocked(b)) {
      if (!b.row.unclocked?.includes(offset & ~3)) {
        this.listener.unclocked(b.row.name, offset, 'write');
        return 0;
      }
      this.keptUnclocked(b, offset);
    }
    if (this.isInReset(b)) {
      this.listener.note('guest', `a write is lost: ${this.chip.rcc}.${b.row.reset!} holds it in reset`, b.row.name, {
        is: 'lost',
        why: 'in-reset',
      });
      return 0;
    }
    const before = b === this.rcc ? this.rccRegs.slice() : null;
    const answer = b.component.write(b.state, b.env, offset, size, value);
    if (before) {
      if (!before.every((word, i) => word === this.rccRegs[i])) this.configuration++;
      this.applyResetBits(before);
      this.tellGates(before);
    }
    return answer;
  }

  /** A reset bit that rises or falls resets its block. */
  private applyResetBits(before: Uint32Array): void {
    const { blocks } = this;
    for (let i = 0; i < blocks.length; i++) {
      const b = blocks[i]!;
      if (b.reset === null) continue;
      const { register, mask } = b.reset;
      // the backup domain's own reset bit (VSWRST, BDRST) makes a backup reset
      if (((before[register]! ^ this.rccRegs[register]!) & mask) !== 0)
        b.component.onReset(b.state, b.env, b.row.backup ? 'backup' : 'gate');
    }
  }

  /** Tells the blocks whose clock-enable bit differs from `before`. */
  private tellGates(before: Uint32Array): void {
    const { blocks } = this;
    for (let i = 0; i < blocks.length; i++) {
      const b = blocks[i]!;
      if (b.enable === null) continue;
      const { register, mask } = b.enable;
      if (((before[register]! ^ this.rccRegs[register]!) & mask) !== 0) b.component.onGate(b.state, b.env, this.isClocked(b));
    }
    if (this.followGates()) this.listener.gated?.();
  }
  /** Whether a memory's clock was switched. */
  private followGates(): boolean {
    let changed = false;
    for (const memory of this.gatedMemories) {
      const guarded = !this.isClockOn(memory.row.gate!.clock);
      changed ||= guarded !== memory.guarded;
      memory.guarded = guarded;
    }
    return changed;
  }

  /** Address map of a core. */
  regionsOf(core: number): readonly Region[] {
    return this.views[core] ?? this.regions;
  }
  regionAt(address: number, core = 0): Region | null {
    const { near } = this;
    if (core === 0 && near !== null && address >= near.base && address < near.end) return near;
    const regions = core === 0 ? this.regions : this.regionsOf(core);
    let lo = 0;
    let hi = regions.length - 1;
    while (lo <= hi) {
      const mid = (lo + hi) >>> 1;
      const r = regions[mid]!;
      if (address < r.base) hi = mid - 1;
      else if (address >= r.end) lo = mid + 1;
      else {
        if (core === 0) this.near = r;
        return r;
      }
    }
    return null;
  }
  /** The region found last: the next access is mostly to the same one. */
  private near: Region | null = null;
  private arrange(): void {
    this.regions = this.layOut();
    this.near = null;
  }

  /** Arena offset of a memory address, or -1. */
  hostOf(region: Region, address: number): number {
    return region.memory ? region.memory.host + (address - region.base) : -1;
  }

  /** A bus master has a way to this address. */
  private isReachedBy(master: string, address: number): boolean {
    return this.regionAt(address)?.memory?.row.masters?.includes(master) !== false;
  }
  /** Bus read without a core (bus masters, tests). BUS_ERROR where nothing answers. */
  read(address: number, size: number): number {
    const region = this.regionAt(address);
    if (!region || address + size > region.end) return BUS_ERROR;
    if (region.block) return this.readBlock(region.block, address, size);
    const memory = region.memory!;
    if (memory.guarded) return this.guarded(memory, address - region.base, size);
    return this.loadHost(this.hostOf(region, address), size);
  }

  /** Bus write without a core. */
  write(address: number, size: number, value: number): number {
    const region = this.regionAt(address);
    if (!region || address + size > region.end) return BUS_ERROR;
    if (region.block) return this.writeBlock(region.block, address, size, value);
    return this.writeMemory(region, address, size, value);
  }

  /** A write that lands in a memory: RAM stores, flash goes to its programming block, ROM is a bus error. */
  writeMemory(region: Region, address: number, size: number, value: number): number {
    const memory = region.memory!;
    const offset = address - region.base;
    if (memory.row.kind === 'ram') {
      if (memory.row.gate && !this.takesWrites(memory.row.gate)) return 0;
      if (this.holds(memory.host + offset, size, value)) return 0;
      this.listener.memoryChanged(memory, offset, size);
      this.storeHost(memory.host + offset, size, value);
      return 0;
    }
    if (memory.row.programmedBy) {
      const b = this.block(memory.row.programmedBy);
      return b.component.programMemory(b.state, b.env, memory.row.base + offset, size, value);
    }
    return BUS_ERROR;
  }

  /** A store of this value changes nothing: it stands there, in RAM that takes every write. */
  ramHolds(address: number, size: number, value: number): boolean {
    const region = this.regionAt(address);
    const memory = region?.memory;
    if (!region || !memory || memory.row.kind !== 'ram' || memory.row.gate || address + size > region.end) return false;
    return this.holds(this.hostOf(region, address), size, value);
  }
  private holds(host: number, size: number, value: number): boolean {
    return this.arena.u8[this.arena.wordMap + (host >>> 2)] === 1 && this.loadHost(host, size) === value;
  }

  /** Whether a memory behind a gate has its clock and is not write-protected. */
  takesWrites({ clock, writable }: NonNullable<MemoryRow['gate']>): boolean {
    return this.isClockOn(clock) && (writable === undefined || this.wires.get(wire(writable)) !== 0);
  }
  /** Whether RCC has set this enable bit. */
  isClockOn(clock: string): boolean {
    const { register, mask } = this.rcc!.layout.field(clock);
    return (this.rccRegs[register.index]! & mask) !== 0;
  }

  /** Reads a guarded memory. */
  guarded(memory: Memory, offset: number, size: number, cacheable = true): number {
    const { gate } = memory.row;
    if (gate) return this.isClockOn(gate.clock) ? this.loadHost(memory.host + offset, size) : 0;
    const b = this.block(memory.row.guardedBy!);
    return b.component.guardRead(b.state, b.env, memory.row.base + offset, size, this.loadHost(memory.host + offset, size), cacheable);
  }

  loadHost(host: number, size: number): number {
    const v = this.arena.view;
    return size === 4 ? v.getUint32(host, true) : size === 2 ? v.getUint16(host, true) : v.getUint8(host);
  }
  storeHost(host: number, size: number, value: number): void {
    const v = this.arena.view;
    if (size === 4) v.setUint32(host, value >>> 0, true);
    else if (size === 2) v.setUint16(host, value & 0xffff, true);
    else v.setUint8(host, value & 0xff);
    this.arena.u8[this.arena.wordMap + (host >>> 2)] = 1;
  }

  /** Bytes of a memory by name, as a view (flash contents, tests). */
  memoryBytes(name: string): Uint8Array {
    const m = this.memories.find((x) => x.row.name === name);
    if (!m) throw new Error(`${this.chip.name} has no memory ${name}`);
    return this.arena.u8.subarray(m.host, m.host + m.row.size);
  }

  pokeMemory(name: string, offset: number, bytes: Uint8Array, programmed = false): void {
    const m = this.memories.find((x) => x.row.name === name);
    if (!m || offset < 0 || offset + bytes.length > m.row.size) throw new Error(`${name}: no bytes ${offset}..${offset + bytes.length}`);
    this.listener.memoryChanged(m, offset, bytes.length, programmed ? bytes : undefined);
    this.arena.u8.set(bytes, m.host + offset);
    const map = this.arena.wordMap;
    this.arena.u8.fill(1, map + ((m.host + offset) >>> 2), map + ((m.host + offset + bytes.length + 3) >>> 2));
  }

  /** The memory at the chip's remap base. */
  remapped(): Memory | null {
    const remap = this.chip.remap;
    if (!remap) return null;
    const name = remap.shows[this.wires.get(this.remapWire!)];
    return this.memories.find((m) => m.row.name === name) ?? null;
  }
  /** All addresses of a memory's first byte for a core. */
  basesOf(memory: Memory, core = 0): readonly number[] {
    return this.regionsOf(core)
      .filter((r) => r.memory === memory)
      .map((r) => r.base);
  }

  private layOut(): readonly Region[] {
    const own = this.memories.some((m) => m.row.core !== undefined);
    this.views = own ? this.chip.cores.map((c) => this.layOutFor(c.name)) : [];
    return this.views[0] ?? this.layOutFor(undefined);
  }
  private layOutFor(core: string | undefined): Region[] {
    const regions: Region[] = [];
    for (const memory of this.memories.filter((m) => m.row.core === undefined || m.row.core === core))
      for (const base of [memory.row.base, ...(memory.row.aliases ?? [])])
        regions.push({ base, end: base + memory.row.size, memory, block: null });
    const shown = this.remapped();
    if (shown) regions.push({ base: this.chip.remap!.base, end: this.chip.remap!.base + shown.row.size, memory: shown, block: null });
    for (const block of this.blocks)
      for (const { base, size } of [block.row, ...(block.row.windows ?? [])]) regions.push({ base, end: base + size, memory: null, block });
    regions.sort((a, b) => a.base - b.base);
    for (let i = 1; i < regions.length; i++) {
      const a = regions[i - 1]!;
      const b = regions[i]!;
      if (b.base < a.end) throw new Error(`${this.chip.name}: ${nameOf(a)} and ${nameOf(b)} overlap at 0x${b.base.toString(16)}`);
    }
    return regions;
  }

  save(): SystemState {
    return {
      registers: this.registers.slice(),
      models: this.modelled.map((state) => clonePlain(state.model)),
      wires: this.wires.save(),
      clocks: Object.fromEntries([...this.clocks].map(([name, c]) => [name, { ...c }])),
      due: this.scheduler.due.slice(),
      now: this.now,
      parameters: this.changed,
    };
  }
  restore(s: SystemState): void {
    this.configuration++;
    this.registers.set(s.registers);
    this.followGates();
    this.modelled.forEach((state, i) => (state.model = clonePlain(s.models[i]!)));
    this.wires.restore(s.wires);
    this.changed = s.parameters;
    if (this.chip.remap) this.arrange();
    for (const [name, c] of this.clocks) Object.assign(c, s.clocks[name]);
    this.scheduler.due.set(s.due);
    this.scheduler.refresh();
    this.now = s.now;
  }
}

const nameOf = (r: Region): string => r.memory?.row.name ?? r.block?.row.name ?? '?';

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
