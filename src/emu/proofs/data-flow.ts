/**
 * Data flow of one instruction: for every state word and byte of memory that it writes, where the value came from. The semantics of the rows (builder.ts) are run on the values
 * that the core has before the instruction.
 */
import type { Expr, LoadOptions, Profile, Val } from '../core/builder.ts';
import type { Instruction } from '../core/decode.ts';
import { GIVE_UP, Linear, LinearRun, type Surroundings } from './linear.ts';
import { S } from '../core/state.ts';

/** Source or destination of a value: a byte of memory by its address, or (below zero) a state word. */
export type Place = number;
/** Place of the core's state at `offset` (state.ts). */
export const stateAt = (offset: number): Place => -1 - offset;
/** Place of general register `n`. */
export const registerAt = (n: number): Place => stateAt(S.R + 4 * n);
/** The flag C. */
export const CARRY: Place = stateAt(S.CF);
export const isState = (place: Place): boolean => place < 0;
/** Places of R0 to R12, SP and LR, by their number. */
export const GENERAL_REGISTERS: readonly Place[] = Array.from({ length: 15 }, (_, n) => registerAt(n));

export type Places = ReadonlySet<Place>;
const NONE: Places = new Set();
const union = (a: Places, b: Places): Places => (a.size === 0 ? b : b.size === 0 ? a : new Set([...a, ...b]));

export interface FlowAccess {
  readonly address: number;
  readonly size: 1 | 2 | 4;
  /** Sources of the address. */
  readonly addressFrom: Places;
  /** Address of the instruction, where several are dual-issued. */
  readonly pc: number;
}
/** Two values that were compared, or a value and 0 where it was tested for zero. */
export interface Comparison {
  readonly left: number;
  readonly right: number;
  readonly leftFrom: Places;
  readonly rightFrom: Places;
}

/** A comparison of values, not of flags: a conditional branch tests those. */
export const comparesValues = ({ leftFrom, rightFrom }: Comparison): boolean =>
  [...leftFrom, ...rightFrom].some((from) => !isState(from) || GENERAL_REGISTERS.includes(from));
/** Instructions from the one that compares to the branch that goes by it, at most. */
export const COMPARISON_HOLDS = 8;

export interface DataFlow {
  readonly writes: ReadonlyMap<Place, Places>;
  readonly loads: readonly FlowAccess[];
  readonly stores: readonly FlowAccess[];
  /** Sources of a condition (conditional branch, IT block); empty without one. */
  readonly decides: Places;
  readonly comparisons: readonly Comparison[];
  /** Target of a branch to a register or to a loaded word. */
  readonly branch: { readonly target: number; readonly from: Places; readonly pc: number } | null;
  /** From running its semantics; else from the operands of its row. */
  readonly exact: boolean;
  /** General registers that the row says it reads. */
  readonly operands: readonly Place[];
}

/** A known value that remembers where it came from. */
class Sourced extends Linear {
  readonly from: Places;
  constructor(at: number, from: Places) {
    super(at, 0);
    this.from = from;
  }
}
const sourcesOf = (v: Val): Places => (v instanceof Sourced ? v.from : NONE);
const bytesOf = (address: number, size: number): Places => new Set(Array.from({ length: size }, (_, i) => (address + i) >>> 0));

class FlowRun extends LinearRun {
  readonly writes = new Map<Place, Places>();
  readonly loads: FlowAccess[] = [];
  readonly stores: FlowAccess[] = [];
  readonly comparisons: Comparison[] = [];
  decides: Places = NONE;
  branch: DataFlow['branch'] = null;
  /** Address of the instruction that is run. */
  current: number;

  constructor(profile: Profile, around: Surroundings, pc: number) {
    super(profile, around, pc);
    this.current = pc;
  }
  /** A result with its sources. */
  private made(result: Expr, ...of: readonly Val[]): Expr {
    const from = of.reduce<Places>((all, v) => union(all, sourcesOf(v)), NONE);
    return from.size === 0 ? result : new Sourced(this.truth(result), from);
  }

  // ---- arithmetic ------------------------------------------------------------------------------------------------------------------
  protected override op2(name: string, a: Val, b: Val): Expr {
    return name === 'eq' || name === 'ne' ? this.tested(super.op2(name, a, b), a, b) : this.made(super.op2(name, a, b), a, b);
  }
  override op(name: string, ...args: Val[]): Expr {
    return name === 'i32.eqz' ? this.tested(super.op(name, ...args), args[0]!, 0) : this.made(super.op(name, ...args), ...args);
  }
  override select(cond: Val, a: Val, b: Val): Expr {
    return this.made(super.select(cond, a, b), cond, this.truth(cond) !== 0 ? a : b);
  }
  override addWithCarry(x: Val, y: Val, carry: Val, setFlags: boolean, write?: (result: Expr) => void): Expr {
    const sum = this.made(super.addWithCarry(x, y, carry, false), x, y, carry);
    write?.(sum);
    if (setFlags) {
      const all = super.addWithCarry(x, y, carry, true);
      this.flagsFrom(this.made(all, x, y, carry));
      // CMN; with a carry it is no comparison
      if (carry === 0)
        this.comparisons.push({ left: this.truth(x), right: -this.truth(y) | 0, leftFrom: sourcesOf(x), rightFrom: sourcesOf(y) });
    }
    return sum;
  }
  override subtract(x: Val, y: Val, setFlags: boolean, write?: (result: Expr) => void): Expr {
    const difference = this.made(super.subtract(x, y, false), x, y);
    write?.(difference);
    if (setFlags) {
      this.flagsFrom(this.made(super.subtract(x, y, true), x, y));
      this.comparisons.push({ left: this.truth(x), right: this.truth(y), leftFrom: sourcesOf(x), rightFrom: sourcesOf(y) });
    }
    return difference;
  }
  private flagsFrom(result: Expr): void {
    // the next of several may ask for them
    for (const offset of [S.NF, S.ZF, S.CF, S.VF]) this.setState(offset, new Sourced(this.truth(this.state(offset)), sourcesOf(result)));
  }
  private tested(result: Expr, a: Val, b: Val): Expr {
    if (sourcesOf(a).size > 0 || sourcesOf(b).size > 0)
      this.comparisons.push({ left: this.truth(a), right: this.truth(b), leftFrom: sourcesOf(a), rightFrom: sourcesOf(b) });
    return this.made(result, a, b);
  }

  // ---- decisions -------------------------------------------------------------------------------------------------------------------
  override condition(cc: number): Expr {
    const c = super.condition(cc);
    this.decides = union(this.decides, sourcesOf(c));
    return c;
  }
  override if(cond: Val, then: () => void, otherwise?: () => void): void {
    this.decides = union(this.decides, sourcesOf(cond));
    super.if(cond, then, otherwise);
  }

  // ---- state and memory ------------------------------------------------------------------------------------------------------------
  override state(offset: number): Expr {
    const v = super.state(offset);
    const place = stateAt(offset);
    return this.writes.has(place) ? v : new Sourced(this.truth(v), new Set([place]));
  }
  override setState(offset: number, v: Val): void {
    this.writes.set(stateAt(offset), sourcesOf(v));
    super.setState(offset, v);
  }
  override s(n: Val): Expr {
    return this.state(S.FP + 4 * this.truth(n));
  }
  override setS(n: Val, bits: Val): void {
    this.writes.set(stateAt(S.FP + 4 * this.truth(n)), sourcesOf(bits));
  }
  override load(address: Val, size: 1 | 2 | 4, options?: LoadOptions): Expr {
    const at = this.truth(address) >>> 0;
    this.loads.push({ address: at, size, addressFrom: sourcesOf(address), pc: this.current });
    return new Sourced(this.loaded(at, size, options), bytesOf(at, size));
  }
  /** In halves where it is not aligned. */
  private loaded(at: number, size: 1 | 2 | 4, options?: LoadOptions): number {
    if (at % size === 0) return this.truth(super.load(at, size, options));
    const half = size === 4 ? 2 : 1;
    return this.loaded(at, half) | (this.loaded(at + half, half, options) << (8 * half));
  }
  override store(address: Val, size: 1 | 2 | 4, value: Val): void {
    const at = this.truth(address) >>> 0;
    this.stores.push({ address: at, size, addressFrom: sourcesOf(address), pc: this.current });
    for (const byte of bytesOf(at, size)) this.writes.set(byte, sourcesOf(value));
  }

  // ---- control -------------------------------------------------------------------------------------------------------------------
  private goesTo(target: Val): void {
    if (sourcesOf(target).size > 0) this.branch = { target: this.truth(target) >>> 0, from: sourcesOf(target), pc: this.current };
  }
  override jump(target: Val): void {
    this.goesTo(target);
    super.jump(target);
  }
  /** A branch to an even address or EXC_RETURN ends the instruction here; the core does the rest. */
  override bx(target: Val): void {
    this.goesTo(target);
  }
  override blx(target: Val): void {
    this.goesTo(target);
  }
}

/** Operand fields of a row, as register numbers. */
function named(ins: Instruction, fields: string): number[] {
  const d = ins.decoded;
  const value: Readonly<Record<string, number | undefined>> = { a: d.a, b: d.b, c: d.c, d: d.d };
  return [...fields].map((f) => value[f]).filter((n): n is number => n !== undefined);
}

/**
 * The data flow of the instruction at `pc`, or of `count` dual-issued ones as a whole; null if there is none. `around` is the state before
 * them.
 */
export function dataFlow(profile: Profile, around: Surroundings, pc: number, count = 1): DataFlow | null {
  const run = new FlowRun(profile, around, pc);
  let exact = true;
  let ins = around.instruction(pc);
  if (!ins) return null;
  try {
    for (let i = 0; i < count; i++) {
      run.current = run.next;
      ins = around.instruction(run.current) ?? ins;
      run.run();
    }
  } catch (e) {
    if (e !== GIVE_UP) throw e;
    exact = false;
    const from = new Set(named(ins, ins.def.src).map(registerAt));
    for (const load of run.loads) for (const byte of bytesOf(load.address, load.size)) from.add(byte);
    for (const n of named(ins, ins.def.dest)) if (!run.writes.has(registerAt(n))) run.writes.set(registerAt(n), from);
  }
  const { writes, loads, stores, decides, comparisons, branch } = run;
  return { writes, loads, stores, decides, comparisons, branch, exact, operands: named(ins, ins.def.src).map(registerAt) };
}
