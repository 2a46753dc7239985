/**
 * Register blocks. The layout (offsets, reset values, fields) comes from the chip's generated facts; a model adds behaviour and names
 * registers and fields as the manual does. A register that no model speaks for keeps its reset value and write mask and is reported
 * as unmodelled when the firmware touches it.
 */
import type { ClockTree } from './clock-tree.ts';
import type { Confidence } from './confidence.ts';
import { BUS_ERROR, type Env, type ResetKind } from './component.ts';
import type { QuietRequests, QuietSource } from './quiet-requests.ts';
import type { Ps } from './time.ts';
import type { Wire } from './wires.ts';

/** One register of a generated layout. */
export interface RegisterFact {
  readonly name: string;
  /** Byte offset from the block's base. */
  readonly offset: number;
  /** Width in bytes. */
  readonly size: 1 | 2 | 4;
  readonly reset: number;
  /** Bits that software can change by a plain write. */
  readonly writable: number;
  readonly fields: readonly FieldFact[];
}
export interface FieldFact {
  readonly name: string;
  readonly bit: number;
  readonly width: number;
}
export interface BlockFacts {
  readonly name: string;
  readonly registers: readonly RegisterFact[];
}

/** A register of one block: its index in the block's storage. */
export interface Register extends RegisterFact {
  readonly index: number;
}

/** A field, resolved by name when the model is built. */
export class Field {
  readonly register: Register;
  readonly name: string;
  readonly bit: number;
  readonly width: number;
  /** Unshifted mask, e.g. 0x7 for a three-bit field. */
  readonly max: number;
  /** Mask in place. */
  readonly mask: number;

  constructor(register: Register, fact: FieldFact) {
    this.register = register;
    this.name = fact.name;
    this.bit = fact.bit;
    this.width = fact.width;
    this.max = fact.width >= 32 ? 0xffffffff : (1 << fact.width) - 1;
    this.mask = (this.max << fact.bit) >>> 0;
  }
  /** The field's value inside a register value. */
  of(value: number): number {
    return ((value >>> this.bit) & this.max) >>> 0;
  }
  get(c: RegisterContext<object>): number {
    return this.of(c.regs[this.register.index]!);
  }
  /** Sets the field, as the CPU's write that is being served or else as the hardware. */
  set(c: RegisterContext<object>, value: number): void {
    const old = c.regs[this.register.index]!;
    c.put(this.register, ((old & ~this.mask) | ((value << this.bit) & this.mask)) >>> 0);
  }
}

/** A register of the facts with its offset. Fields are read from the facts when first used. */
class PlacedRegister implements Register {
  readonly index: number;
  readonly name: string;
  readonly offset: number;
  readonly size: 1 | 2 | 4;
  readonly reset: number;
  readonly writable: number;
  private readonly fact: RegisterFact;

  constructor(fact: RegisterFact, index: number) {
    this.index = index;
    this.name = fact.name;
    this.offset = fact.offset;
    this.size = fact.size;
    this.reset = fact.reset;
    this.writable = fact.writable;
    this.fact = fact;
  }
  get fields(): readonly FieldFact[] {
    return this.fact.fields;
  }
}

/**
 * Registers and fields by the manual's names. Unknown names throw when the model is built. Nothing in it changes: machines share it (`layoutFor`). A chip
 * has more than a hundred blocks and a firmware uses a few, so look-up tables are made at the first use.
 */
export class Layout {
  readonly facts: BlockFacts;
  readonly registers: readonly Register[];
  /** Masks of writable bits and reset values, by index, as the facts have them. */
  readonly writable: Uint32Array;
  readonly resets: Uint32Array;
  private byName: ReadonlyMap<string, Register> | null = null;
  private readonly fields = new Map<string, Field>();
  /** Index + 1 of the register that covers a byte offset. */
  private byOffset: Uint16Array | null = null;

  constructor(facts: BlockFacts) {
    const { registers } = facts;
    this.facts = facts;
    this.registers = registers.map((r, index) => new PlacedRegister(r, index));
    this.writable = new Uint32Array(registers.length);
    this.resets = new Uint32Array(registers.length);
    for (let i = 0; i < registers.length; i++) {
      this.writable[i] = registers[i]!.writable;
      this.resets[i] = registers[i]!.reset;
    }
  }
  private find(name: string): Register | undefined {
    this.byName ??= new Map(this.registers.map((r) => [r.name, r]));
    return this.byName.get(name);
  }
  has(name: string): boolean {
    return this.find(name) !== undefined;
  }
  reg(name: string): Register {
    const r = this.find(name);
    if (!r) throw new Error(`${this.facts.name} has no register ${name}`);
    return r;
  }
  /** `field('CR.HSION')`. */
  field(path: string): Field {
    let field = this.fields.get(path);
    if (!field) {
      const dot = path.indexOf('.');
      const register = this.reg(path.slice(0, dot));
      const fact = register.fields.find((f) => f.name === path.slice(dot + 1));
      if (!fact) throw new Error(`${this.facts.name}.${register.name} has no field ${path.slice(dot + 1)}`);
      this.fields.set(path, (field = new Field(register, fact)));
    }
    return field;
  }
  hasField(path: string): boolean {
    const dot = path.indexOf('.');
    return !!this.find(path.slice(0, dot))?.fields.some((f) => f.name === path.slice(dot + 1));
  }
  at(offset: number): Register | undefined {
    this.byOffset ??= placesOf(this.registers);
    // an address less a base may come as a double: V8 would compile this for integers again and again
    const number = this.byOffset[offset | 0];
    // no element -1 is asked for: V8 would look for a property of that name
    return number ? this.registers[number - 1] : undefined;
  }
}

function placesOf(registers: readonly Register[]): Uint16Array {
  const places = new Uint16Array(registers.reduce((end, r) => Math.max(end, r.offset + r.size), 0));
  for (const r of registers) for (let i = r.offset; i < r.offset + r.size; i++) if (places[i] === 0) places[i] = r.index + 1;
  return places;
}

const layouts = new WeakMap<BlockFacts, Layout>();
/** The layout that facts imply, made once. */
export function layoutFor(facts: BlockFacts): Layout {
  let layout = layouts.get(facts);
  if (!layout) layouts.set(facts, (layout = new Layout(facts)));
  return layout;
}

export interface RegisterState {
  regs: Uint32Array;
  model: object;
}

/** Returned by a model's `write` for a bus error; nothing is stored. */
export const WRITE_FAULT = NaN;

/** What a model's functions are called with. */
export class RegisterContext<S extends object> {
  s: S;
  regs: Uint32Array;
  env: Env;
  private readonly onChange: ChangeListener | null;
  constructor(s: S, regs: Uint32Array, env: Env, onChange: ChangeListener | null) {
    this.s = s;
    this.regs = regs;
    this.env = env;
    this.onChange = onChange;
  }
  get(r: Register): number {
    return this.regs[r.index]!;
  }
  /** Stores a whole register value and records which bits changed. */
  put(r: Register, value: number): void {
    const old = this.regs[r.index]!;
    value >>>= 0;
    if (old === value) return;
    this.regs[r.index] = value;
    this.onChange?.(this.env.name, r, old, value);
  }
}
export type ChangeListener = (block: string, register: Register, old: number, value: number) => void;

/** What a model says of its state to those outside of the machine, by name: they never look into the state itself. */
export interface Published {
  /** A watchdog counts. */
  readonly running?: boolean;
  /** When it resets the chip if nothing is done; Infinity while it does not count. */
  readonly due?: Ps;
  /** The field that keeps its flags from rising and its counter from counting, and what it holds: `CR1.CEN`, 0; null: none does. */
  readonly idleBy?: { readonly field: string; readonly value: number } | null;
  /** The kernel clock that does not run and that what it was told to do waits for, by its name in the clock tree, and the setting by which it is that one; null: none. */
  readonly unclocked?: { readonly clock: string; readonly by: string } | null;
  /** What SYSCLK is switched by: the fields that ask and that answer (`CFGR.SW`, `CFGR.SWS`), what is asked, and what each value asks for. */
  readonly sysclk?: { readonly select: string; readonly status: string; readonly asked: number; readonly sources: readonly ClockSource[] };
  /** Where a bus master stores by what it was told to do, as long as nobody writes its registers; left out: anywhere. */
  readonly stores?: readonly Stretch[];
}
/** By its name in the clock tree, with the ON bit by which it is off: `hsi`, `CR.HSION`. */
export interface ClockSource {
  readonly name: string;
  readonly off: string | null;
}
/** First and last address. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/**
 * Behaviour of one IP version. All functions get the context first. `write` is called before a value is stored: it returns what is to
 * be stored (most return nothing: the masked value is stored). `merged` is the old value with the writable bits replaced, `raw` what was written, in
 * place for narrow writes, `lanes` the mask of bits that the access covers. `read` may replace what is read; `peek` does the same
 * without side effects (when it is left out `read` must have none).
 */
export interface RegisterModel<S extends object = object> {
  readonly timers?: readonly string[];
  /**
   * Background timers: their handlers may change registers, clocks and pending interrupts and read a core's cycle count, but never its PC and never memory.
   */
  readonly background?: readonly string[];
  /** It stores to memory or other blocks by itself (`Env.busWrite`). */
  readonly busMaster?: boolean;
  readonly wires?: readonly Wire[];
  readonly clocks?: readonly string[];
  /**
   * Wires to other blocks that it may drive without a write by a core: at a timer, a wire, a clock, or an action of the host. It must not change a clock or request a reset
   * then. Left out: anything.
   */
  drives?(c: RegisterContext<S>): readonly Wire[];
  /** Source of the behaviour, and what the model lacks; printed by `bootbench chips`. */
  readonly about?: { readonly source: string; readonly confidence: Confidence; readonly lacks: readonly string[] };
  /** Names of the registers with behaviour (reads and writes as documented); all others count as unmodelled. */
  readonly modelled: 'all' | readonly string[];
  /** Overrides of the generated facts where they are wrong: write masks by register name, each with a reason in a comment. */
  readonly writable?: Readonly<Record<string, number>>;
  readonly resets?: Readonly<Record<string, number>>;
  /** Registers that a reset kind leaves alone (backup domain, reset flags). */
  keeps?(r: Register, kind: ResetKind): boolean;
  create(): S;
  published?(c: RegisterContext<S>): Published;
  /** The registers still hold what a reset is about to clear. */
  beforeReset?(c: RegisterContext<S>): void;
  onReset?(c: RegisterContext<S>, kind: ResetKind): void;
  /** Of a block of the backup domain: a part of it is reset by a system reset, too. */
  readonly hearsSystemReset?: boolean;
  onTimer?(c: RegisterContext<S>, timer: string): void;
  onWire?(c: RegisterContext<S>, wire: Wire, value: number): void;
  onClock?(c: RegisterContext<S>, clock: string): void;
  /** Of RCC: where the clocks come from. */
  clockTree?(c: RegisterContext<S>): ClockTree;
  onGate?(c: RegisterContext<S>, on: boolean): void;
  /** `size`: width of the access in bytes, for data registers that return as many bytes as are read. */
  read?(c: RegisterContext<S>, r: Register, value: number, size: number): number;
  /** Registers whose reads depend on the time or have side effects. Left out: all of them if there is a `read`, none otherwise. */
  readonly live?: readonly string[];
  peek?(c: RegisterContext<S>, r: Register, value: number, size: number): number;
  /** Registers whose reads do more than bring the block's own state up to now: an interrupt, a timer, a wire, a note. Left out: all of them if there is a `peek`, none otherwise. */
  readonly acting?: readonly string[];
  /** Of `acting` registers: in the block's present state a read of this one has none of these effects. */
  actsNot?(c: RegisterContext<S>, r: Register): boolean;
  /** Of `live` registers: until when a read gives the same and has no side effect, apart from events; 0 = not at all, Infinity = until the next event. Left out: 0. */
  holds?(c: RegisterContext<S>, r: Register): Ps;
  write?(c: RegisterContext<S>, r: Register, merged: number, raw: number, lanes: number): number | void;
  /** In the block's present state, this write may be skipped if the same one follows before the block's next event (a watchdog's refresh, an output set to its level). */
  repeats?(c: RegisterContext<S>, r: Register, raw: number): boolean;
  /** In the block's present state, this write changes nothing but outputs of the block: the wires that it drives then, by which it is undone if they go back. Null: more. */
  turns?(c: RegisterContext<S>, r: Register, raw: number): readonly Wire[] | null;
  /** A change of this wire that is undone before anybody looks leaves the block as it was. Left out: it may not. */
  ignores?(c: RegisterContext<S>, wire: Wire): boolean;
  /** In the block's present state, with nothing else coming: requests that it makes again and again, which change nothing else that anybody sees (quiet-rounds.ts). */
  quietSource?(c: RegisterContext<S>): QuietSource | null;
  /** Whole rounds of it were served: so many counts have gone by. */
  passQuiet?(c: RegisterContext<S>, counts: number): void;
  /** How many such requests would next be served by stores of what stands there, with no more than counts changed; `NOT_MINE` where none would be served. */
  quietRequests?(c: RegisterContext<S>, asked: QuietRequests): number;
  /** So many of them have been served. */
  serveQuiet?(c: RegisterContext<S>, request: Wire, requests: number): void;
  /** The wires that a change of this one is led on to, if that is all it does. */
  leads?(c: RegisterContext<S>, request: Wire): readonly Wire[];
  /** Called after a write has been stored. */
  wrote?(c: RegisterContext<S>, r: Register, value: number, old: number): void;
  /** Offsets without a register (packet memories, FIFOs): BUS_ERROR or a value; left out = reads 0, writes ignored. */
  readElse?(c: RegisterContext<S>, offset: number, size: number): number;
  /** As `readElse` without side effects; left out when `readElse` has none. */
  peekElse?(c: RegisterContext<S>, offset: number, size: number): number;
  /** As `holds`, of an offset without a register. */
  holdsElse?(c: RegisterContext<S>, offset: number): Ps;
  writeElse?(c: RegisterContext<S>, offset: number, size: number, value: number): number;
  /** For the block that programs a flash memory: a bus write to that memory, by absolute address. BUS_ERROR or 0. */
  program?(c: RegisterContext<S>, address: number, size: number, value: number): number;
  /** For the block that guards a memory: a bus read of it; `value` is what the memory holds. BUS_ERROR or the value. */
  guardRead?(c: RegisterContext<S>, address: number, size: number, value: number, cacheable: boolean): number;
}

/** A model factory: built once per block from its layout and the chip row's options `O`; `block` among them is the row's name. */
export type ModelFactory<O extends object = { readonly block?: string }> = (layout: Layout, options: O) => RegisterModel<any>; // eslint-disable-line @typescript-eslint/no-explicit-any
/** One whose options are known to the rows that name it. */
export type AnyModelFactory = ModelFactory<any>; // eslint-disable-line @typescript-eslint/no-explicit-any

/** The options of a block's row. */
interface ModelRow {
  readonly name: string;
  readonly options?: Readonly<Record<string, unknown>>;
}
const models = new WeakMap<ModelRow, Map<AnyModelFactory, { readonly layout: Layout; readonly model: RegisterModel<object> }>>();
/** The behaviour of a chip's block, made once: a model holds options and fields, all state is in what `create` makes. */
export function modelFor(row: ModelRow, factory: AnyModelFactory, layout: Layout): RegisterModel<object> {
  let made = models.get(row);
  if (!made) models.set(row, (made = new Map()));
  let known = made.get(factory);
  if (known?.layout !== layout) made.set(factory, (known = { layout, model: factory(layout, optionsOf(factory, row)) }));
  return known.model;
}

/** What a row says to its model, for who needs it beside the model: rows are checked where they are written. */
export const optionsOf = <O extends object>(_factory: ModelFactory<O>, row: ModelRow): O =>
  ({ block: row.name, ...row.options }) as object as O;

/** Of a register: nothing is known of it; software alone changes it, so that a read tells what was written; its model speaks for it. */
const [UNMODELLED, PLAIN, MODELLED] = [0, 1, 2];
/** Called on each access by which a register without behaviour is asked for something. */
export type UnmodelledListener = (block: string, register: Register | number, kind: 'read' | 'write') => void;

/** The lanes that an access of `size` bytes has. */
export const sizeMask = (size: number): number => (size === 4 ? 0xffffffff : size === 2 ? 0xffff : 0xff);

export interface BlockHooks {
  readonly onChange: ChangeListener | null;
  readonly onUnmodelled: UnmodelledListener | null;
}

/** A layout's values, in a copy where a model has others for some registers. */
function withOverrides(layout: Layout, values: Uint32Array, others: Readonly<Record<string, number>> | undefined): Uint32Array {
  if (!others) return values;
  const copy = values.slice();
  for (const [name, value] of Object.entries(others)) if (layout.has(name)) copy[layout.reg(name).index] = value;
  return copy;
}

/**
 * A block as the machine sees it; without a model every register is unmodelled. `read` and `write` are given an offset from the block's base and a size in bytes; they
 * return BUS_ERROR for a bus error, otherwise the unsigned value / 0. `peek` is a read without side effects.
 */
export class RegisterBlock {
  readonly layout: Layout;
  readonly timers: readonly string[];
  readonly background: readonly string[];
  readonly busMaster: boolean;
  readonly wires: readonly Wire[];
  readonly clocks: readonly string[];
  private readonly model: RegisterModel<object> | null;
  private readonly hooks: BlockHooks;
  private readonly modelledIndex: Uint8Array;
  private readonly writable: Uint32Array;
  private readonly resets: Uint32Array;
  private readonly context: RegisterContext<object>;

  // eslint-disable-next-line complexity -- defaults of a model
  constructor(layout: Layout, model: RegisterModel<object> | null, hooks: BlockHooks) {
    this.layout = layout;
    this.model = model;
    this.hooks = hooks;
    this.timers = model?.timers ?? [];
    this.background = model?.background ?? [];
    this.busMaster = model?.busMaster ?? false;
    this.wires = model?.wires ?? [];
    this.clocks = model?.clocks ?? [];
    this.writable = withOverrides(layout, layout.writable, model?.writable);
    this.resets = withOverrides(layout, layout.resets, model?.resets);
    this.modelledIndex = new Uint8Array(layout.registers.length);
    if (model) {
      if (model.modelled === 'all') this.modelledIndex.fill(MODELLED);
      else for (const name of model.modelled) this.modelledIndex[layout.reg(name).index] = MODELLED;
    }
    for (const r of layout.registers) if (!this.isModelled(r) && this.isPlain(r)) this.modelledIndex[r.index] = PLAIN;
    this.context = new RegisterContext<object>({}, new Uint32Array(0), null as unknown as Env, hooks.onChange);
  }

  private enter(state: RegisterState, env: Env): RegisterContext<object> {
    const c = this.context;
    c.s = state.model;
    c.regs = state.regs;
    c.env = env;
    return c;
  }

  /** See `RegisterModel.clockTree`; null: it makes no clocks. */
  clockTree(state: RegisterState, env: Env): ClockTree | null {
    return this.model?.clockTree?.(this.enter(state, env)) ?? null;
  }
  published(state: RegisterState, env: Env): Published {
    return this.model?.published?.(this.enter(state, env)) ?? {};
  }
  isModelled(r: Register): boolean {
    return this.modelledIndex[r.index] === MODELLED;
  }
  /** Software alone changes it: what is read is what was written. */
  private isPlain(r: Register): boolean {
    const bits = r.fields.length === 0 ? sizeMask(r.size) : r.fields.reduce((all, { bit, width }) => all | ((2 ** width - 1) << bit), 0);
    return (bits & ~this.writable[r.index]!) === 0;
  }
  writableMask(r: Register): number {
    return this.writable[r.index]!;
  }
  resetValue(r: Register): number {
    return this.resets[r.index]!;
  }

  /** Reading this offset has no side effect and gives the same until the next event of the block. */
  steady(offset: number): boolean {
    const r = this.layout.at(offset);
    if (!r) return !this.model?.readElse;
    return this.model?.live ? !this.model.live.includes(r.name) : !this.model?.read;
  }

  /** Such a read has no effect outside of the block: no interrupt, timer, wire or note. Its value may depend on the time. */
  sideEffectFree(offset: number, size: number): boolean {
    const { model } = this;
    const r = this.layout.at(offset);
    if (!r) return !model?.peekElse;
    if (size > r.size) return false;
    return !model?.read || (model.acting ? !model.acting.includes(r.name) : !model.peek);
  }

  /** The same in some states of the block only, which is checked at each read (`sideEffectFreeNow`). */
  sideEffectFreeInSomeStates(offset: number, size: number): boolean {
    const r = this.layout.at(offset);
    return r !== undefined && size <= r.size && this.model?.actsNot !== undefined;
  }
  sideEffectFreeNow(state: RegisterState, env: Env, offset: number): boolean {
    const r = this.layout.at(offset);
    return r !== undefined && this.model?.actsNot?.(this.enter(state, env), r) === true;
  }
  /** Where `steady` says no: see `RegisterModel.holds`. */
  holds(state: RegisterState, env: Env, offset: number): Ps {
    const r = this.layout.at(offset);
    const c = this.enter(state, env);
    return (r === undefined ? this.model?.holdsElse?.(c, offset) : this.model?.holds?.(c, r)) ?? 0;
  }

  /**
   * Index of the register that a read gives as it is stored, in the words `regs` of the state; -1 where there is more to it. That reads of
   * a register without behaviour are counted is more to it, but not for who only looks (`peeked`).
   */
  stored(offset: number, size: number, peeked = false): number {
    const r = this.layout.at(offset);
    if (r?.offset !== offset || r.size !== size) return -1;
    return (peeked ? !this.model?.peek : this.modelledIndex[r.index] === MODELLED) && !this.model?.read ? r.index : -1;
  }

  /** See `RegisterModel.drives`; null: unknown. */
  drives(state: RegisterState, env: Env): readonly Wire[] | null {
    return this.model?.drives?.(this.enter(state, env)) ?? null;
  }

  /** See `RegisterModel.repeats`. */
  repeats(state: RegisterState, env: Env, offset: number, size: number, value: number): boolean {
    const r = this.layout.at(offset);
    if (!r || !this.model?.repeats || offset !== r.offset || size < r.size) return false;
    return this.model.repeats(this.enter(state, env), r, value);
  }

  /** See `RegisterModel.turns`. */
  turns(state: RegisterState, env: Env, offset: number, size: number, value: number): readonly Wire[] | null {
    const r = this.layout.at(offset);
    if (!r || !this.model?.turns || offset !== r.offset || size < r.size) return null;
    return this.model.turns(this.enter(state, env), r, value);
  }
  /** See `RegisterModel.ignores`. */
  ignores(state: RegisterState, env: Env, changed: Wire): boolean {
    return this.model?.ignores?.(this.enter(state, env), changed) === true;
  }

  /** See `RegisterModel.quietSource`, and those behind it. */
  quietSource(state: RegisterState, env: Env): QuietSource | null {
    return this.model?.quietSource?.(this.enter(state, env)) ?? null;
  }
  passQuiet(state: RegisterState, env: Env, counts: number): void {
    this.model?.passQuiet?.(this.enter(state, env), counts);
  }
  /** 0 where the model says nothing. */
  quietRequests(state: RegisterState, env: Env, asked: QuietRequests): number {
    return this.model?.quietRequests?.(this.enter(state, env), asked) ?? 0;
  }
  serveQuiet(state: RegisterState, env: Env, request: Wire, requests: number): void {
    this.model?.serveQuiet?.(this.enter(state, env), request, requests);
  }
  leads(state: RegisterState, env: Env, request: Wire): readonly Wire[] | null {
    return this.model?.leads?.(this.enter(state, env), request) ?? null;
  }

  create(): RegisterState {
    return { regs: this.resets.slice(), model: this.model?.create() ?? {} };
  }

  get hearsSystemReset(): boolean {
    return this.model?.hearsSystemReset === true;
  }
  onReset(state: RegisterState, env: Env, kind: ResetKind): void {
    const c = this.enter(state, env);
    this.model?.beforeReset?.(c);
    const { registers } = this.layout;
    const { regs } = state;
    for (let i = 0; i < registers.length; i++) {
      if (regs[i] === this.resets[i]) continue;
      const r = registers[i]!;
      if (kind !== 'power' && this.model?.keeps?.(r, kind)) continue;
      if (kind === 'backup' && !this.model?.keeps) continue;
      c.put(r, this.resets[r.index]!);
    }
    this.model?.onReset?.(c, kind);
  }
  onTimer(state: RegisterState, env: Env, timer: string): void {
    this.model?.onTimer?.(this.enter(state, env), timer);
  }
  onWire(state: RegisterState, env: Env, wire: Wire, value: number): void {
    this.model?.onWire?.(this.enter(state, env), wire, value);
  }
  onClock(state: RegisterState, env: Env, clock: string): void {
    this.model?.onClock?.(this.enter(state, env), clock);
  }
  onGate(state: RegisterState, env: Env, on: boolean): void {
    this.model?.onGate?.(this.enter(state, env), on);
  }

  programMemory(state: RegisterState, env: Env, address: number, size: number, value: number): number {
    return this.model?.program ? this.model.program(this.enter(state, env), address, size, value >>> 0) : BUS_ERROR;
  }
  guardRead(state: RegisterState, env: Env, address: number, size: number, value: number, cacheable: boolean): number {
    return this.model?.guardRead ? this.model.guardRead(this.enter(state, env), address, size, value, cacheable) : value;
  }

  read(state: RegisterState, env: Env, offset: number, size: number): number {
    return this.access(state, env, offset, size, false);
  }
  peek(state: RegisterState, env: Env, offset: number, size: number): number {
    return this.access(state, env, offset, size, true);
  }

  // eslint-disable-next-line complexity -- one read of the bus: each step may end it
  private access(state: RegisterState, env: Env, offset: number, size: number, peeks: boolean): number {
    const r = this.layout.at(offset);
    const c = this.enter(state, env);
    if (!r) {
      if (peeks && this.model?.peekElse) return this.model.peekElse(c, offset, size);
      if (this.model?.readElse) return this.model.readElse(c, offset, size);
      if (!peeks) this.hooks.onUnmodelled?.(env.name, offset, 'read');
      return 0;
    }
    if (!peeks && this.modelledIndex[r.index] === UNMODELLED) this.hooks.onUnmodelled?.(env.name, r, 'read');
    let value = state.regs[r.index]!;
    const view = peeks ? (this.model?.peek ?? this.model?.read) : this.model?.read;
    if (view) value = view.call(this.model, c, r, value, size);
    const shift = (offset - r.offset) * 8;
    if (size <= r.size) return ((value >>> shift) & sizeMask(size)) >>> 0;
    // Wider than the register: join with the next one, as the bus does for 16-bit registers read as a word.
    const low = (value & sizeMask(r.size)) >>> 0;
    const rest = this.layout.at(offset + r.size) ? this.access(state, env, offset + r.size, size - r.size, peeks) : 0;
    return (low | (rest << (r.size * 8))) >>> 0;
  }

  // eslint-disable-next-line complexity -- one write of the bus: each step may end it
  write(state: RegisterState, env: Env, offset: number, size: number, value: number): number {
    const r = this.layout.at(offset);
    const c = this.enter(state, env);
    if (!r) {
      if (this.model?.writeElse) return this.model.writeElse(c, offset, size, value >>> 0);
      this.hooks.onUnmodelled?.(env.name, offset, 'write');
      return 0;
    }
    const shift = (offset - r.offset) * 8;
    const width = Math.min(size, r.size);
    const lanes = (sizeMask(width) << shift) >>> 0;
    const raw = ((value << shift) & lanes) >>> 0;
    const old = state.regs[r.index]!;
    // what writes back what stands there asks for nothing
    if (this.modelledIndex[r.index] !== MODELLED && (raw ^ (old & lanes)) !== 0) this.hooks.onUnmodelled?.(env.name, r, 'write');
    const mask = this.writable[r.index]! & lanes;
    const merged = ((old & ~mask) | (raw & mask)) >>> 0;
    const answer = this.model?.write?.(c, r, merged, raw, lanes);
    if (answer !== undefined && Number.isNaN(answer)) return BUS_ERROR;
    c.put(r, answer === undefined ? merged : (answer as number) >>> 0);
    this.model?.wrote?.(c, r, state.regs[r.index]!, old);
    if (size > width && this.layout.at(offset + width)) this.write(state, env, offset + width, size - width, value >>> (width * 8));
    return 0;
  }
}
