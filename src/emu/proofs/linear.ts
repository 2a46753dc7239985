/**
 * Runs instructions on values that change by a constant from one iteration of a loop to the next, with the semantics of the rows (builder.ts). It gives up on anything that is
 * not linear in the iteration's number, or not plain arithmetic on registers and memory. Every decision (a condition, a carry, a wrap) limits the number of iterations that
 * are known to take the same path.
 */
import { FunctionBody } from '../wasm/module.ts';
import type { WasmType } from '../wasm/opcodes.ts';
import { Builder, Expr, type LoadOptions, type Profile, type Val, type Variable } from '../core/builder.ts';
import { advanceIt, type Instruction } from '../core/decode.ts';
import { S } from '../core/state.ts';
import { operandsOf, variantOf } from '../core/translate/flow.ts';

/** Thrown where a value or an instruction is not linear. */
export const GIVE_UP = new Error('not linear');
export const giveUp = (): never => {
  throw GIVE_UP;
};

/** `at` + `step` · n in iteration n, modulo 2³². */
export class Linear extends Expr {
  readonly at: number;
  readonly step: number;
  constructor(at: number, step: number) {
    super('i32', giveUp, (step | 0) === 0 ? at | 0 : undefined);
    this.at = at | 0;
    this.step = step | 0;
  }
}
export const linear = (at: number, step = 0): Linear => new Linear(at, step);
/** An unknown value: it may be copied as a whole word, but nothing may depend on it. */
export class Unknown extends Expr {
  constructor() {
    super('i32', giveUp);
  }
}
type Value = Linear | Unknown;
const valueOf = (v: Val): Value => (v instanceof Unknown ? v : from(v));
function from(v: Val): Linear {
  if (typeof v === 'number') return linear(v);
  if (v instanceof Linear) return v;
  return v.constant === undefined ? giveUp() : linear(v.constant);
}

/** Operators that are evaluated for constants only. */
const CONSTANT: Readonly<Record<string, (a: number, b: number) => number>> = {
  or: (a, b) => a | b,
  rotr: (a, b) => (a >>> (b & 31)) | (a << (-b & 31)),
  div_u: (a, b) => (b === 0 ? giveUp() : (a >>> 0) / (b >>> 0)),
  div_s: (a, b) => (b === 0 ? giveUp() : a / b),
};
const ZERO = linear(0);
const NO_CODE = new FunctionBody([]);

/** State, code and memory as the instructions find them. */
export interface Surroundings {
  /** Word of the core's state. */
  state(offset: number): number;
  instruction(pc: number): Instruction | null;
  /** Value of a read that is the same in every iteration; null if it is not, or not known to be. */
  read(address: number, size: 1 | 2 | 4): number | null;
  /** A store there changes RAM and nothing else. */
  isPlain(address: number, size: 1 | 2 | 4): boolean;
}

/** A state word (`size` 0) or a piece of RAM that a loop writes. */
export interface Cell {
  readonly where: number;
  readonly size: 0 | 1 | 2 | 4;
  readonly at: number;
  readonly step: number;
  /** The iteration reads it before writing it. */
  readonly input: boolean;
}

/** A piece of RAM that is known. */
interface Piece {
  readonly where: number;
  readonly size: 1 | 2 | 4;
  value: Value;
  written: boolean;
  input: boolean;
}

/** General registers, flags, Q and GE: what plain instructions write. */
const WRITABLE_END = S.IT;

export class LinearRun extends Builder {
  /** Iterations, counted from 0, in which all decisions so far come out the same. */
  iterations = Infinity;
  /** Address of the next instruction. */
  next: number;
  /** Instructions run so far, with those whose condition failed; a hash of which they are; cycles that depend on operands. */
  instructions = 0;
  path = 0;
  extra = 0;
  readonly reads: { address: number; size: 1 | 2 | 4; value: number }[] = [];
  private readonly around: Surroundings;
  /** Known state words, by index, and pieces of RAM. */
  private readonly words: (Value | undefined)[] = Array<Value | undefined>(WRITABLE_END >> 2).fill(undefined);
  private ram: Piece[] = [];
  /** State words that have been written, and that were read before being written: bits by index. */
  private written = 0;
  inputs = 0;
  private at = 0;
  private bytes = 2;
  private it = 0;

  constructor(profile: Profile, around: Surroundings, pc: number, cells: Iterable<Cell> = []) {
    super(NO_CODE, profile, 0);
    this.around = around;
    this.next = pc;
    this.it = around.state(S.IT);
    for (const { where, size, at, step } of cells) {
      if (size === 0) this.words[where >> 2] = linear(at, step);
      else this.ram.push({ where, size, value: linear(at, step), written: false, input: false });
    }
  }

  /** Everything that was written or given at the start; with `used`, of the latter only what has been read or written since. */
  cells(used = false): Cell[] {
    const cells: Cell[] = [];
    this.words.forEach((w, i) => {
      const counts = !used || ((this.inputs | this.written) & (1 << i)) !== 0;
      if (w instanceof Linear && counts)
        cells.push({ where: 4 * i, size: 0, at: w.at, step: w.step, input: (this.inputs & (1 << i)) !== 0 });
    });
    for (const { where, size, value, input, written } of this.ram)
      if (value instanceof Linear && (!used || input || written)) cells.push({ where, size, at: value.at, step: value.step, input });
    return cells;
  }
  /** Pieces of RAM that are written, with known values or not. */
  writtenRam(): { readonly where: number; readonly size: 1 | 2 | 4; readonly input: boolean; readonly known: boolean }[] {
    return this.ram
      .filter((c) => c.written)
      .map(({ where, size, input, value }) => ({ where, size, input, known: value instanceof Linear }));
  }
  /** State words that hold a value, by index. */
  wordsThatHold(value: Unknown): number[] {
    // asked at each instruction of an iteration
    const at: number[] = [];
    const { words } = this;
    for (let i = 0; i < words.length; i++) if (words[i] === value) at.push(i);
    return at;
  }
  /** Words of RAM that hold a value, by address. */
  placesThatHold(value: Unknown): number[] {
    return this.ram.flatMap((c) => (c.value === value ? [c.where] : []));
  }
  get inItBlock(): boolean {
    return this.it !== 0;
  }

  /** Runs the next instruction. Throws GIVE_UP. */
  run(): void {
    const pc = this.next;
    const ins = this.around.instruction(pc) ?? giveUp();
    const op = ins.def;
    this.at = pc;
    this.bytes = ins.size;
    this.next = (pc + ins.size) >>> 0;
    this.instructions++;
    this.path = (Math.imul(this.path, 31) + pc) | 0;
    const { it } = this;
    this.it = it === 0 ? 0 : advanceIt(it);
    if (it !== 0 && this.truth(this.condition(it >>> 4)) === 0) return;
    // taking the same path through an IT block means executing the same instructions
    this.path ^= it;
    // an interrupt reads others of its own
    if (op.system || op.is.has('special-register')) return this.system(ins.decoded.op);
    op.sem(this, operandsOf(ins), variantOf(ins, it !== 0));
  }

  protected system(_op: string): void {
    giveUp();
  }

  // ---- how long things stay as they are ------------------------------------------------------------------------------------------
  private limit(iterations: number): void {
    this.iterations = Math.min(this.iterations, iterations);
  }
  /** Whether start + step·n ≥ 0 as integers. Limits the iterations to those with the same answer. */
  private notNegative(start: number, step: number): boolean {
    const yes = start >= 0;
    if (yes && step < 0) this.limit(Math.floor(start / -step) + 1);
    if (!yes && step > 0) this.limit(Math.ceil(-start / step));
    return yes;
  }
  /** The value as an unsigned or signed integer. Limits the iterations to those in which it is linear without wrapping. */
  private integer(x: Linear, signed: boolean): number {
    const start = signed ? x.at : x.at >>> 0;
    const [low, high] = signed ? [-0x80000000, 0x7fffffff] : [0, 0xffffffff];
    if (x.step > 0) this.limit(Math.floor((high - start) / x.step) + 1);
    if (x.step < 0) this.limit(Math.floor((start - low) / -x.step) + 1);
    return start;
  }
  private less(x: Linear, y: Linear, signed: boolean): number {
    const difference = this.integer(x, signed) - this.integer(y, signed);
    return this.notNegative(difference, x.step - y.step) ? 0 : 1;
  }
  private equal(x: Linear, y: Linear): number {
    const at = (x.at - y.at) | 0;
    const step = (x.step - y.step) | 0;
    if (at === 0) {
      if (step !== 0) this.limit(1);
      return 1;
    }
    if (step !== 0) this.limit(firstZero(at, step));
    return 0;
  }
  /** x modulo 2^bits, which is linear while the bits above do not change. */
  private low(x: Linear, bits: number): Linear {
    if (bits === 32) return x;
    const mask = (1 << bits) - 1;
    if (x.step === 0) return linear(x.at & mask);
    const start = (x.at & mask) >>> 0;
    const end = 2 ** bits - 1;
    if (x.step > 0) this.limit(Math.floor((end - start) / x.step) + 1);
    else this.limit(Math.floor(start / -x.step) + 1);
    return linear(start, x.step);
  }
  /** Limits the iterations to those in which the bits above the lowest `bits` do not change. */
  private above(x: Linear, bits: number): number {
    this.low(x, bits);
    return x.at;
  }
  protected truth(v: Val): number {
    const x = from(v);
    return x.step === 0 ? x.at : giveUp();
  }

  // ---- arithmetic ------------------------------------------------------------------------------------------------------------------
  /** Operators that `Builder` names, and those on constants alone. */
  // eslint-disable-next-line complexity -- a table: one case for each operator
  protected override op2(name: string, a: Val, b: Val): Expr {
    const [x, y] = [from(a), from(b)];
    switch (name) {
      case 'add':
        return linear(x.at + y.at, x.step + y.step);
      case 'sub':
        return linear(x.at - y.at, x.step - y.step);
      case 'mul':
        if (x.step !== 0 && y.step !== 0) giveUp();
        return linear(Math.imul(x.at, y.at), Math.imul(x.step, y.at) + Math.imul(x.at, y.step));
      case 'and':
        return this.masked(x, y);
      case 'xor':
        // -1 - x
        return y.constant === -1 ? linear(~x.at, -x.step) : linear(this.truth(x) ^ this.truth(y));
      case 'shl':
        return linear(x.at << this.truth(y), x.step << y.at);
      case 'shr_u':
        return linear(this.above(x, this.truth(y) & 31) >>> y.at);
      case 'shr_s':
        return linear(this.above(x, this.truth(y) & 31) >> y.at);
      case 'eq':
        return linear(this.equal(x, y));
      case 'ne':
        return linear(1 - this.equal(x, y));
      case 'lt_u':
      case 'lt_s':
        return linear(this.less(x, y, name === 'lt_s'));
      case 'gt_u':
      case 'gt_s':
        return linear(this.less(y, x, name === 'gt_s'));
      case 'le_u':
      case 'le_s':
        return linear(1 - this.less(y, x, name === 'le_s'));
      case 'ge_u':
      case 'ge_s':
        return linear(1 - this.less(x, y, name === 'ge_s'));
      default:
        return linear((CONSTANT[name] ?? giveUp())(this.truth(x), this.truth(y)));
    }
  }
  override op(name: string, ...args: Val[]): Expr {
    const x = from(args[0]!);
    switch (name) {
      case 'i32.eqz':
        return linear(this.equal(x, ZERO));
      case 'i32.extend8_s':
        return this.extended(x, 8);
      case 'i32.extend16_s':
        return this.extended(x, 16);
      case 'i32.clz':
        return linear(Math.clz32(this.truth(x)));
      default:
        return giveUp();
    }
  }
  /** Sign extension of the low bits: linear while they stay on one side. */
  private extended(x: Linear, bits: number): Linear {
    const part = this.low(x, bits);
    const half = 2 ** (bits - 1);
    const negative = this.notNegative(part.at - half, part.step);
    return linear(negative ? part.at - 2 * half : part.at, part.step);
  }
  private masked(a: Linear, b: Linear): Linear {
    const [x, y] = b.step === 0 ? [a, b] : [b, a];
    if (y.step !== 0) giveUp();
    if (x.step === 0) return linear(x.at & y.at);
    const mask = y.at;
    // ones from bit 0 on
    if (mask !== 0 && (mask & (mask + 1)) === 0) return this.low(x, 32 - Math.clz32(mask));
    // ones down to some bit: what is below it does not count
    const zeros = mask === 0 ? 32 : 31 - Math.clz32(mask & -mask);
    return linear(this.above(x, zeros) & mask);
  }
  override select(cond: Val, a: Val, b: Val): Expr {
    return this.truth(cond) !== 0 ? from(a) : from(b);
  }
  override i64(): Expr {
    return giveUp();
  }
  override let(v: Val): Expr {
    return valueOf(v);
  }
  /** The instruction runs at once: a local holds what was put last. */
  override variable(_type: WasmType, initial?: Val): Variable {
    let value: Expr | null = initial === undefined ? null : this.let(initial);
    return {
      local: -1,
      set: (v) => (value = this.let(v)),
      get get() {
        return value ?? giveUp();
      },
    };
  }
  override if(cond: Val, then: () => void, otherwise?: () => void): void {
    if (this.truth(cond) !== 0) then();
    else otherwise?.();
  }
  override addWithCarry(x: Val, y: Val, carry: Val, setFlags: boolean, write?: (result: Expr) => void): Expr {
    const [a, b] = [from(x), from(y)];
    const c = this.truth(carry);
    const sum = linear(a.at + b.at + c, a.step + b.step);
    write?.(sum);
    if (!setFlags) return sum;
    this.setNZ(sum);
    const step = a.step + b.step;
    this.setC(this.notNegative(this.integer(a, false) + this.integer(b, false) + c - 0x1_0000_0000, step) ? 1 : 0);
    this.setOverflow(this.integer(a, true) + this.integer(b, true) + c, step);
    return sum;
  }
  override subtract(x: Val, y: Val, setFlags: boolean, write?: (result: Expr) => void): Expr {
    const [a, b] = [from(x), from(y)];
    const difference = linear(a.at - b.at, a.step - b.step);
    write?.(difference);
    if (!setFlags) return difference;
    this.setNZ(difference);
    this.setC(1 - this.less(a, b, false));
    this.setOverflow(this.integer(a, true) - this.integer(b, true), a.step - b.step);
    return difference;
  }
  /** V of a signed sum that is start + step·n before it is cut to 32 bits. */
  private setOverflow(start: number, step: number): void {
    const above = this.notNegative(start - 0x80000000, step);
    const fits = this.notNegative(start + 0x80000000, step);
    this.setV(above || !fits ? 1 : 0);
  }

  // ---- state ---------------------------------------------------------------------------------------------------------------------
  override state(offset: number): Expr {
    if (offset < WRITABLE_END) this.inputs |= (1 << (offset >> 2)) & ~this.written;
    return this.words[offset >> 2] ?? linear(this.around.state(offset));
  }
  override setState(offset: number, v: Val): void {
    if (offset === S.IT) this.it = this.truth(v);
    else if (offset < WRITABLE_END) {
      this.words[offset >> 2] = valueOf(v);
      this.written |= 1 << (offset >> 2);
    } else giveUp();
  }
  override reg(n: Val): Expr {
    const r = this.truth(n);
    return r === 15 ? linear(this.at + 4) : this.state(S.R + 4 * r);
  }
  override setReg(n: Val, v: Val): void {
    const r = this.truth(n);
    // its limit is not watched here
    if (r === 13 && this.truth(v) & 3) giveUp();
    this.setState(S.R + 4 * r, v);
  }
  override pc(): Expr {
    return linear(this.at);
  }
  override size(): Val {
    return this.bytes;
  }
  override arenaAt(): Expr {
    return giveUp();
  }
  override s(_n: Val): Expr {
    return giveUp();
  }
  override setS(_n: Val, _bits: Val): void {
    giveUp();
  }
  override dreg(): Expr {
    return giveUp();
  }
  override setD(): void {
    giveUp();
  }
  override helper(): Expr {
    return giveUp();
  }

  // ---- memory --------------------------------------------------------------------------------------------------------------------
  protected place(address: Val, size: number, options: LoadOptions | undefined): number {
    const a = this.truth(address) >>> 0;
    if ((a & (size - 1)) !== 0 || options?.unprivileged) giveUp();
    return a;
  }
  /** The cell at exactly this address and size. One that is larger is cut, if it does not move; of smaller ones `stores` says whether all that they hold goes. */
  private cellAt(address: number, size: 1 | 2 | 4, stores: boolean): Piece | null {
    const over: Piece[] = [];
    for (const c of this.ram) {
      if (c.where === address && c.size === size) return c;
      if (c.where < address + size && address < c.where + c.size) over.push(c);
    }
    const [larger] = over;
    if (larger === undefined) return null;
    if (larger.size > size) return this.cut(larger, size).find((c) => c.where === address) ?? giveUp();
    return stores ? this.covered(over) : this.composed(address, size, over);
  }
  /** A stack has other locals at the same place in each function that is called. */
  private cut(cell: Piece, size: 1 | 2 | 4): Piece[] {
    const value = this.truth(cell.value);
    const pieces = Array.from({ length: cell.size / size }, (_, i): Piece => {
      const at = (value >>> (8 * size * i)) & (2 ** (8 * size) - 1);
      return { ...cell, where: cell.where + size * i, size, value: linear(at) };
    });
    this.ram = [...this.ram.filter((c) => c !== cell), ...pieces];
    return pieces;
  }
  /** What was read before it was written has to be told of each piece. */
  private covered(pieces: readonly Piece[]): null {
    if (pieces.some((c) => c.input)) giveUp();
    this.ram = this.ram.filter((c) => !pieces.includes(c));
    return null;
  }
  private composed(address: number, size: 1 | 2 | 4, pieces: readonly Piece[]): Piece {
    if (pieces.reduce((sum, c) => sum + c.size, 0) !== size) giveUp();
    let value = 0;
    for (const c of pieces) {
      c.input ||= !c.written;
      value |= this.truth(c.value) << (8 * (c.where - address));
    }
    // not one of its cells: it stays in pieces
    return { where: address, size, value: linear(value), written: true, input: false };
  }
  override load(address: Val, size: 1 | 2 | 4, options?: LoadOptions): Expr {
    const a = this.place(address, size, options);
    const cell = this.cellAt(a, size, false);
    let value = cell?.value;
    if (cell && !cell.written) cell.input = true;
    if (value === undefined) {
      const word = this.around.read(a, size) ?? giveUp();
      this.reads.push({ address: a, size, value: word });
      value = linear(word);
    }
    return options?.signed && size < 4 ? this.extended(from(value), 8 * size) : value;
  }
  override store(address: Val, size: 1 | 2 | 4, value: Val, options?: LoadOptions): void {
    const a = this.place(address, size, options);
    const cell = this.cellAt(a, size, true);
    const stored = size === 4 ? valueOf(value) : this.low(from(value), 8 * size);
    if (cell) {
      cell.value = stored;
      cell.written = true;
    } else if (this.around.isPlain(a, size)) this.ram.push({ where: a, size, value: stored, written: true, input: false });
    else giveUp();
  }

  // ---- control -------------------------------------------------------------------------------------------------------------------
  override jump(target: Val): void {
    this.next = (this.truth(target) & ~1) >>> 0;
  }
  override bx(target: Val): void {
    const t = this.truth(target) >>> 0;
    if (t >= 0xf0000000) return this.exceptionReturn(t);
    // a change of the instruction set
    if ((t & 1) === 0) giveUp();
    this.next = (t & ~1) >>> 0;
  }
  protected exceptionReturn(_value: number): void {
    giveUp();
  }
  override blx(target: Val): void {
    this.bx(target);
  }
  override leave(): void {
    giveUp();
  }
  override cycles(n: Val): void {
    this.extra += this.truth(n);
  }
}

/** Smallest n > 0 with start + step·n = 0 modulo 2³², for start ≠ 0; Infinity if there is none. */
function firstZero(start: number, step: number): number {
  // step·n = -start: both halved until the step is odd, which has an inverse
  let s = BigInt(step >>> 0);
  let t = BigInt(-start >>> 0);
  let modulus = 1n << 32n;
  while ((s & 1n) === 0n) {
    if ((t & 1n) !== 0n) return Infinity;
    s >>= 1n;
    t >>= 1n;
    modulus >>= 1n;
  }
  // Newton's iteration doubles the correct bits
  let inverse = s;
  for (let bits = 3; bits < 32; bits *= 2) inverse = BigInt.asUintN(32, inverse * (2n - s * inverse));
  return Number((t * inverse) % modulus);
}
