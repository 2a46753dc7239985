/**
 * What instruction semantics are written against. A semantics function is run once for each piece of code that is emitted: for a handler of
 * the interpreter (operands are fields of a decoded record, read at run time) or for an instruction of a translated region (operands are
 * constants). It never sees the difference.
 *
 * Values: a JS number is an i32 constant; an Expr is a pure expression. Everything that reads state (reg, flag, load…) is evaluated where it
 * is called; arithmetic is evaluated where it is used, so keep a value that is used twice with `let`.
 */
import { PAGE_BITS } from '../arena.ts';
import { loadOpcode, OP, OPERATORS, storeOpcode, type WasmType } from '../wasm/opcodes.ts';
import type { Expected, FunctionBody } from '../wasm/module.ts';
import type { CoreFeatures } from './models/features.ts';
import { S } from './state.ts';

export class Expr {
  readonly type: WasmType;
  readonly emit: (f: FunctionBody) => void;
  /** Set for i32 constants, so that constants fold. */
  readonly constant: number | undefined;
  constructor(type: WasmType, emit: (f: FunctionBody) => void, constant?: number) {
    this.type = type;
    this.emit = emit;
    this.constant = constant;
  }
}
export type Val = number | Expr;

/** The core that code is emitted for. */
export type Profile = CoreFeatures;

/** Cores that may be wrong about where a branch to an address in a register or in memory goes (branch-targets.ts). */
export const hasBranchTargets = (profile: Profile): boolean => profile.branchTargets;

/** Operands of a decoded instruction: up to four small fields (register numbers, small constants) and one 32-bit immediate. */
export interface Operands {
  readonly a: Val;
  readonly b: Val;
  readonly c: Val;
  readonly d: Val;
  readonly imm: Val;
}

const i32c = (n: number): Expr => new Expr('i32', (f) => f.i32(n), n | 0);
export const lift = (v: Val): Expr => (typeof v === 'number' ? i32c(v) : v);
const constantOf = (v: Val): number | undefined => (typeof v === 'number' ? v | 0 : v.constant);

const FOLD: Readonly<Record<string, (a: number, b: number) => number>> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: Math.imul,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << (b & 31),
  shr_u: (a, b) => (a >>> (b & 31)) | 0,
  shr_s: (a, b) => a >> (b & 31),
  eq: (a, b) => (a === b ? 1 : 0),
  ne: (a, b) => (a !== b ? 1 : 0),
};

export interface LoadOptions {
  readonly signed?: boolean;
  /** Unaligned addresses always fault (LDRD, LDM, exclusives, acquire/release). */
  readonly aligned?: boolean;
  /** Unprivileged access (LDRT…). */
  readonly unprivileged?: boolean;
}

/** A mutable local; `local` is its index for code that emits by hand. */
export interface Variable {
  readonly get: Expr;
  readonly local: number;
  set(v: Val): void;
}

export abstract class Builder {
  readonly f: FunctionBody;
  readonly profile: Profile;
  /** Offset of the core's state in the arena. */
  readonly cpu: number;
  private readonly scratch: number[] = [];

  constructor(f: FunctionBody, profile: Profile, cpu: number) {
    this.f = f;
    this.profile = profile;
    this.cpu = cpu;
  }

  // ---- pure arithmetic -------------------------------------------------------------------------------------------------------
  op(name: string, ...args: Val[]): Expr {
    const o = OPERATORS[name];
    if (!o) throw new Error(`no WebAssembly operator ${name}`);
    const lifted = args.map(lift);
    lifted.forEach((x, i) => {
      if (x.type !== o.takes[i]) throw new Error(`${name} takes ${o.takes.join()}, got ${lifted.map((y) => y.type).join()}`);
    });
    return new Expr(o.gives, (f) => {
      for (const x of lifted) x.emit(f);
      f.op(o.code);
    });
  }
  /** Any of the i32 operators below, by its WebAssembly name. */
  protected op2(name: string, a: Val, b: Val): Expr {
    const x = constantOf(a);
    const y = constantOf(b);
    const fold = FOLD[name];
    if (fold && x !== undefined && y !== undefined) return i32c(fold(x, y));
    return this.op(`i32.${name}`, a, b);
  }
  add(a: Val, b: Val): Expr {
    return constantOf(b) === 0 ? lift(a) : this.op2('add', a, b);
  }
  sub(a: Val, b: Val): Expr {
    return this.op2('sub', a, b);
  }
  mul(a: Val, b: Val): Expr {
    return this.op2('mul', a, b);
  }
  and(a: Val, b: Val): Expr {
    return this.op2('and', a, b);
  }
  or(a: Val, b: Val): Expr {
    return this.op2('or', a, b);
  }
  xor(a: Val, b: Val): Expr {
    return this.op2('xor', a, b);
  }
  not(a: Val): Expr {
    return this.op2('xor', a, -1);
  }
  neg(a: Val): Expr {
    return this.op2('sub', 0, a);
  }
  /** Shift amounts are taken modulo 32, as WebAssembly does. */
  shl(a: Val, n: Val): Expr {
    return constantOf(n) === 0 ? lift(a) : this.op2('shl', a, n);
  }
  shrU(a: Val, n: Val): Expr {
    return constantOf(n) === 0 ? lift(a) : this.op2('shr_u', a, n);
  }
  shrS(a: Val, n: Val): Expr {
    return constantOf(n) === 0 ? lift(a) : this.op2('shr_s', a, n);
  }
  rotr(a: Val, n: Val): Expr {
    return constantOf(n) === 0 ? lift(a) : this.op2('rotr', a, n);
  }
  divU(a: Val, b: Val): Expr {
    return this.op2('div_u', a, b);
  }
  divS(a: Val, b: Val): Expr {
    return this.op2('div_s', a, b);
  }
  eq(a: Val, b: Val): Expr {
    return this.op2('eq', a, b);
  }
  ne(a: Val, b: Val): Expr {
    return this.op2('ne', a, b);
  }
  ltU(a: Val, b: Val): Expr {
    return this.op2('lt_u', a, b);
  }
  ltS(a: Val, b: Val): Expr {
    return this.op2('lt_s', a, b);
  }
  leU(a: Val, b: Val): Expr {
    return this.op2('le_u', a, b);
  }
  leS(a: Val, b: Val): Expr {
    return this.op2('le_s', a, b);
  }
  gtU(a: Val, b: Val): Expr {
    return this.op2('gt_u', a, b);
  }
  gtS(a: Val, b: Val): Expr {
    return this.op2('gt_s', a, b);
  }
  geU(a: Val, b: Val): Expr {
    return this.op2('ge_u', a, b);
  }
  geS(a: Val, b: Val): Expr {
    return this.op2('ge_s', a, b);
  }
  eqz(a: Val): Expr {
    return this.op('i32.eqz', a);
  }
  clz(a: Val): Expr {
    return this.op('i32.clz', a);
  }
  ext8S(a: Val): Expr {
    return this.op('i32.extend8_s', a);
  }
  ext16S(a: Val): Expr {
    return this.op('i32.extend16_s', a);
  }
  /** cond ? a : b; both sides are evaluated. */
  select(cond: Val, a: Val, b: Val): Expr {
    const x = lift(a);
    const y = lift(b);
    const c = lift(cond);
    if (c.constant !== undefined) return c.constant ? x : y;
    return new Expr(x.type, (f) => {
      x.emit(f);
      y.emit(f);
      c.emit(f);
      f.op(OP.select);
    });
  }
  i64(a: bigint): Expr {
    return new Expr('i64', (f) => {
      f.op(OP['i64.const']);
      f.code.s64(BigInt.asIntN(64, a));
    });
  }
  ext64U(a: Val): Expr {
    return this.op('i64.extend_i32_u', a);
  }
  ext64S(a: Val): Expr {
    return this.op('i64.extend_i32_s', a);
  }
  wrap(a: Val): Expr {
    return this.op('i32.wrap_i64', a);
  }
  /** High word of an i64. */
  high(a: Val): Expr {
    return this.wrap(this.op('i64.shr_u', a, this.i64(32n)));
  }
  /** (hi:lo) as an i64. */
  join(lo: Val, hi: Val): Expr {
    return this.op('i64.or', this.ext64U(lo), this.op('i64.shl', this.ext64U(hi), this.i64(32n)));
  }

  // ---- statements --------------------------------------------------------------------------------------------------------------
  /** Evaluates now and keeps the value. */
  let(v: Val): Expr {
    const e = lift(v);
    if (e.constant !== undefined) return e;
    const local = this.f.newLocal(e.type);
    this.scratch.push(local);
    e.emit(this.f);
    this.f.set(local);
    return new Expr(e.type, (f) => f.get(local));
  }
  /** A mutable local, for values that `if` arms assign. */
  variable(type: WasmType, initial?: Val): Variable {
    const local = this.f.newLocal(type);
    this.scratch.push(local);
    const set = (v: Val): void => {
      lift(v).emit(this.f);
      this.f.set(local);
    };
    if (initial !== undefined) set(initial);
    return { get: new Expr(type, (f) => f.get(local)), set, local };
  }
  if(cond: Val, then: () => void, otherwise?: () => void, way?: Expected): void {
    const c = constantOf(cond);
    if (c !== undefined) {
      if (c) then();
      else otherwise?.();
      return;
    }
    lift(cond).emit(this.f);
    const label = this.f.if(null, way);
    then();
    if (otherwise) {
      this.f.else();
      otherwise();
    }
    this.f.end(label);
  }
  /** What a local, or a parameter, holds where it is used. */
  local(n: number): Expr {
    return new Expr('i32', (f) => f.get(n));
  }
  put(local: number, v: Val): void {
    lift(v).emit(this.f);
    this.f.set(local);
  }
  /** What a function of the module answers; it is called where that is used. */
  call(index: number, args: readonly Val[], type: WasmType = 'i32'): Expr {
    return new Expr(type, (f) => {
      for (const a of args) lift(a).emit(f);
      f.call(index);
    });
  }
  /** Ends the function that is emitted. */
  give(v: Val): void {
    lift(v).emit(this.f);
    this.f.op(OP.return);
  }
  /** Runs `body` for each set bit of `list` below `width`, lowest first. `before` counts the set bits below it. */
  forEachBit(list: Val, width: number, body: (bit: number, before: Expr) => void): void {
    const fixed = constantOf(list);
    const count = this.variable('i32', 0);
    let known = 0;
    for (let bit = 0; bit < width; bit++) {
      if (fixed !== undefined) {
        if (fixed & (1 << bit)) body(bit, i32c(known++));
        continue;
      }
      this.if(this.and(list, 1 << bit), () => {
        body(bit, count.get);
        count.set(this.add(count.get, 1));
      });
    }
  }
  popcount(v: Val): Expr {
    const fixed = constantOf(v);
    if (fixed !== undefined) {
      let n = 0;
      for (let rest = fixed; rest !== 0; rest &= rest - 1) n++;
      return i32c(n);
    }
    return this.op('i32.popcnt', v);
  }
  /** Gives the locals of a finished instruction back. */
  release(): void {
    for (const local of this.scratch.splice(0)) this.f.freeLocal(local);
  }

  // ---- the arena ---------------------------------------------------------------------------------------------------------------
  /** What lies in the arena at `address` + `offset`: a word, or less, without sign. Evaluated where it is used. */
  arenaAt(address: Val, offset: number, size: 1 | 2 | 4 = 4): Expr {
    return new Expr('i32', (f) => {
      lift(address).emit(f);
      f.memory(loadOpcode(size), offset);
    });
  }
  /** Stores there. */
  putAt(address: Val, offset: number, v: Val, size: 1 | 2 | 4 = 4): void {
    lift(address).emit(this.f);
    lift(v).emit(this.f);
    this.f.memory(storeOpcode(size), offset);
  }
  /** Entry of a page table for a guest address. */
  pageEntry(address: Val, table: number): Expr {
    return this.let(this.arenaAt(this.shl(this.shrU(address, PAGE_BITS), 2), table));
  }

  // ---- CPU state ---------------------------------------------------------------------------------------------------------------
  /** Word of the core's state, see state.ts. */
  state(offset: number): Expr {
    return this.let(this.arenaAt(0, this.cpu + offset));
  }
  setState(offset: number, v: Val): void {
    this.putAt(0, this.cpu + offset, v);
  }
  /** General register `n`. R15 reads pc + 4. */
  abstract reg(n: Val): Expr;
  /** Writes a general register, not the PC. A write to SP drops bits 1:0 and is checked against its limit (ARMv8-M). */
  abstract setReg(n: Val, v: Val): void;
  sp(): Expr {
    return this.reg(13);
  }
  /** Address of this instruction. */
  abstract pc(): Expr;
  /** Size of this instruction in bytes. */
  abstract size(): Val;

  N(): Expr {
    return this.let(this.shrU(this.state(S.NF), 31));
  }
  C(): Expr {
    return this.state(S.CF);
  }
  V(): Expr {
    return this.state(S.VF);
  }
  setNZ(result: Val): void {
    const r = this.let(result);
    this.setState(S.NF, r);
    this.setState(S.ZF, r);
  }
  /** `bit` must be 0 or 1. */
  setC(bit: Val): void {
    this.setState(S.CF, bit);
  }
  setV(bit: Val): void {
    this.setState(S.VF, bit);
  }
  setQ(): void {
    this.setState(S.QF, 1);
  }
  /** N, Z, C, V from bits 31:28 of a word. */
  setNZCV(word: Val): void {
    const w = this.let(word);
    this.setState(S.NF, w);
    this.setState(S.ZF, this.xor(this.and(this.shrU(w, 30), 1), 1));
    this.setC(this.and(this.shrU(w, 29), 1));
    this.setV(this.and(this.shrU(w, 28), 1));
  }
  /** ConditionPassed for a constant condition code 0…13, as 0 or 1. Each code has its own form: V8 does not undo a negation. */
  condition(cc: number): Expr {
    const zero = (): Expr => this.eqz(this.state(S.ZF));
    const notZero = (): Expr => this.ne(this.state(S.ZF), 0);
    switch (cc) {
      case 0:
        return this.let(zero());
      case 1:
        return this.let(notZero());
      case 2:
        return this.C();
      case 3:
        return this.let(this.eqz(this.C()));
      case 4:
        return this.let(this.ltS(this.state(S.NF), 0));
      case 5:
        return this.let(this.geS(this.state(S.NF), 0));
      case 6:
        return this.V();
      case 7:
        return this.let(this.eqz(this.V()));
      case 8:
        return this.let(this.and(this.C(), notZero()));
      case 9:
        return this.let(this.or(this.eqz(this.C()), zero()));
      case 10:
        return this.let(this.eq(this.N(), this.V()));
      case 11:
        return this.let(this.ne(this.N(), this.V()));
      case 12:
        return this.let(this.and(this.eq(this.N(), this.V()), notZero()));
      case 13:
        return this.let(this.or(this.ne(this.N(), this.V()), zero()));
      default:
        return i32c(1);
    }
  }

  // FP registers as raw bits.
  abstract s(n: Val): Expr;
  abstract setS(n: Val, bits: Val): void;
  abstract dreg(n: Val): Expr;
  abstract setD(n: Val, bits: Val): void;
  /** Calls a helper of the module (soft float, saturation…): an import of the given name and type. */
  abstract helper(name: string, result: WasmType, ...args: Val[]): Expr;

  // ---- memory ------------------------------------------------------------------------------------------------------------------
  /** Loads 1, 2 or 4 bytes. Faults abandon the instruction, so nothing may have been written before the last access that can fault. */
  abstract load(address: Val, size: 1 | 2 | 4, options?: LoadOptions): Expr;
  abstract store(address: Val, size: 1 | 2 | 4, value: Val, options?: LoadOptions): void;
  /**
   * The accesses that `body` makes are words of one block of `bytes` from `start` on, all read or all written: a tier may look at the whole
   * block once. It changes nothing else, and what the accesses do on their own stays true.
   */
  span(_kind: 'read' | 'write', _start: Expr, _bytes: Val, body: () => void): void {
    body();
  }

  // ---- control -----------------------------------------------------------------------------------------------------------------
  /** Branch to a Thumb address (bit 0 is ignored). Ends the instruction on this path. */
  abstract jump(target: Val): void;
  /** The same, where the address is in a register or in memory. */
  indirect(target: Val): void {
    if (!hasBranchTargets(this.profile)) return this.jump(target);
    const t = this.let(this.and(target, ~1));
    this.foretold(t);
    this.jump(t);
  }
  /** Charges what it costs that the core may have expected another target, and remembers this one. */
  protected foretold(_target: Expr): void {}
  /** BXWritePC / LoadWritePC: exception return in Handler mode, T from bit 0. Ends the instruction on this path. */
  abstract bx(target: Val): void;
  /** BLXWritePC: as bx, but never an exception return. */
  abstract blx(target: Val): void;
  /** Leaves to the slow path before anything was changed. Ends the instruction on this path. */
  abstract leave(reason: number, arg?: Val): void;
  leaveIf(cond: Val, reason: number, arg?: Val): void {
    this.if(cond, () => this.leave(reason, arg));
  }
  /** Extra cycles beyond the row's static cost (division, taken branches are known to the timing table). */
  abstract cycles(n: Val): void;

  // ---- shared pseudo-code of the ARM ARM -----------------------------------------------------------------------------------------
  /**
   * AddWithCarry: result, and sets N, Z, C and V if asked. `write` gets the result before the flags change: writing SP may leave
   * (ARMv8-M limit).
   */
  addWithCarry(x: Val, y: Val, carry: Val, setFlags: boolean, write?: (result: Expr) => void): Expr {
    const a = this.let(x);
    const b = this.let(y);
    const cin = this.let(carry);
    const sum = this.let(this.add(this.add(a, b), cin));
    write?.(sum);
    if (setFlags) {
      this.setNZ(sum);
      const c = constantOf(cin);
      // carry out: sum < a, or sum == a when a carry came in and b is all ones
      const carryOut = c === 0 ? this.ltU(sum, a) : c === 1 ? this.leU(sum, a) : this.select(cin, this.leU(sum, a), this.ltU(sum, a));
      this.setC(carryOut);
      this.setV(this.shrU(this.and(this.xor(a, sum), this.xor(b, sum)), 31));
    }
    return sum;
  }
  /** AddWithCarry(x, NOT(y), 1): the same with fewer operations. C is "no borrow". */
  subtract(x: Val, y: Val, setFlags: boolean, write?: (result: Expr) => void): Expr {
    const a = this.let(x);
    const b = this.let(y);
    const difference = this.let(this.sub(a, b));
    write?.(difference);
    if (setFlags) {
      this.setNZ(difference);
      this.setC(this.geU(a, b));
      this.setV(this.shrU(this.and(this.xor(a, b), this.xor(a, difference)), 31));
    }
    return difference;
  }
}
