/**
 * The flags while a region runs. What a compare or a subtraction sets is not worked out but kept as its operands: most flags are never looked
 * at, yet all are part of the state with which a region may be left, and a loop would carry each of them round.
 *
 *   N, Z: their own locals | both from the local of N | from a − b
 *   C:    its local | a >= b without sign            V: its local | overflow of a − b
 *
 * Where the code is emitted this is known, but for places that are reached from several others: there the bits of the local `lazy` tell.
 */
import { Expr, lift, type Builder, type Val } from '../builder.ts';
import { S } from '../state.ts';

/** Bits of `lazy`: Z is taken from the local of N; N, C and V are those of a − b. */
const Z_AS_N = 1;
const N_COMPARED = 2;
const C_COMPARED = 4;
const V_COMPARED = 8;
const ALL = Z_AS_N | N_COMPARED | C_COMPARED | V_COMPARED;

export interface FlagLocals {
  readonly nf: number;
  readonly zf: number;
  readonly cf: number;
  readonly vf: number;
  readonly comparedA: number;
  readonly comparedB: number;
  readonly lazy: number;
}
/** What is known at a place: which bits of `lazy` are known, those bits, and the operands if they are known better than as locals. */
export interface FlagState {
  readonly known: number;
  readonly bits: number;
  readonly a: Val;
  readonly b: Val;
}

/** What one side of a choice does to the flags. */
export interface FlagSide {
  readonly locals: ReadonlyMap<number, Expr>;
  readonly state: FlagState;
}

export class Flags {
  private readonly builder: Builder;
  private readonly locals: FlagLocals;
  private readonly inLocals: { readonly a: Expr; readonly b: Expr };
  /** At the region's entry and behind calls: everything in locals. */
  readonly plain: FlagState;
  /** Where several ways meet. */
  readonly unknown: FlagState;
  now: FlagState;
  /** Something was kept as operands somewhere in the region. */
  private used = false;

  constructor(builder: Builder, locals: FlagLocals) {
    this.builder = builder;
    this.locals = locals;
    this.inLocals = { a: this.local(locals.comparedA), b: this.local(locals.comparedB) };
    this.plain = { known: ALL, bits: 0, ...this.inLocals };
    this.unknown = { known: 0, bits: 0, ...this.inLocals };
    this.now = this.plain;
  }
  /** What code that runs as one side of a choice would put into locals, by their number. */
  private side: Map<number, Expr> | null = null;

  private local(n: number): Expr {
    return this.side?.get(n) ?? new Expr('i32', (f) => f.get(n));
  }
  private put(v: Val, local: number): void {
    if (this.side) this.side.set(local, this.builder.let(v));
    else {
      lift(v).emit(this.builder.f);
      this.builder.f.set(local);
    }
  }
  private keep(v: Val, local: number): Val {
    this.put(v, local);
    return lift(v).constant ?? this.local(local);
  }
  /** Runs code that changes no flag, as one side of a choice; what it would change is for `choose`. */
  onSide(run: () => void): FlagSide {
    const before = this.now;
    const locals = new Map<number, Expr>();
    this.side = locals;
    run();
    this.side = null;
    const state = this.now;
    this.now = before;
    return { locals, state };
  }
  /** On the way to a place that others reach too: where the condition holds the flags are as they were, elsewhere those of the side. */
  choose(condition: Expr, { locals, state }: FlagSide): void {
    const { builder: x, now } = this;
    const same = state.known === now.known && state.bits === now.bits;
    const lazy = same ? this.told(now) : x.select(condition, this.told(now), this.told(state));
    // all of them before any changes: the condition may be a comparison of these locals
    const chosen = [[this.locals.lazy, x.let(lazy)] as const];
    for (const [local, value] of locals) chosen.push([local, x.let(x.select(condition, this.local(local), value))]);
    for (const [local, value] of chosen) this.put(value, local);
    this.now = this.unknown;
  }
  private is(bits: number): boolean {
    return (this.now.known & bits) === bits && (this.now.bits & bits) === bits;
  }
  private become(bits: number, on: boolean): void {
    const { known, bits: now, a, b } = this.now;
    this.now = { known: known | bits, bits: on ? now | bits : now & ~bits, a, b };
  }

  // ---- writing -------------------------------------------------------------------------------------------------------------------
  /** All four are those of a − b from here on. */
  compare(a: Val, b: Val): void {
    this.used = true;
    this.now = { known: ALL, bits: ALL, a: this.keep(a, this.locals.comparedA), b: this.keep(b, this.locals.comparedB) };
  }
  setNZ(result: Val): void {
    this.put(result, this.locals.nf);
    this.become(Z_AS_N, true);
    this.become(N_COMPARED, false);
    this.used = true;
  }
  /** One flag, by its offset in the state. */
  set(offset: number, v: Val): void {
    const { locals } = this;
    switch (offset) {
      case S.NF:
      case S.ZF:
        this.settleNZ();
        this.put(v, offset === S.NF ? locals.nf : locals.zf);
        return;
      case S.CF:
        this.put(v, locals.cf);
        return this.become(C_COMPARED, false);
      default:
        this.put(v, locals.vf);
        return this.become(V_COMPARED, false);
    }
  }

  // ---- reading: nothing changes ----------------------------------------------------------------------------------------------------
  private difference(): Expr {
    return this.builder.sub(this.now.a, this.now.b);
  }
  private overflow(): Expr {
    const { builder: x } = this;
    const { a, b } = this.now;
    return x.shrU(x.and(x.xor(a, b), x.xor(a, this.difference())), 31);
  }
  /** One of two values, by bits of `lazy`. */
  private pick(bits: number, on: () => Expr, off: () => Expr): Expr {
    const { now, builder: x, locals } = this;
    if (now.known & now.bits & bits) return on();
    if ((now.known & bits) === bits) return off();
    return x.select(x.and(this.local(locals.lazy), bits & ~now.known), on(), off());
  }
  /** The word of a flag by its offset in the state, see state.ts. */
  get(offset: number): Expr {
    const { locals, builder: x } = this;
    const n = (): Expr =>
      this.pick(
        N_COMPARED,
        () => this.difference(),
        () => this.local(locals.nf),
      );
    switch (offset) {
      case S.NF:
        return n();
      case S.ZF:
        return this.pick(Z_AS_N | N_COMPARED, n, () => this.local(locals.zf));
      case S.CF:
        return this.pick(
          C_COMPARED,
          () => x.geU(this.now.a, this.now.b),
          () => this.local(locals.cf),
        );
      default:
        return this.pick(
          V_COMPARED,
          () => this.overflow(),
          () => this.local(locals.vf),
        );
    }
  }
  /** ConditionPassed as one comparison of the operands, where the flags that it asks for are those of a compare. */
  // eslint-disable-next-line complexity -- one case for each of the fourteen conditions
  condition(cc: number): Expr | null {
    const { builder: x } = this;
    const { a, b } = this.now;
    switch (cc) {
      case 0:
        return this.is(N_COMPARED) ? x.eq(a, b) : null;
      case 1:
        return this.is(N_COMPARED) ? x.ne(a, b) : null;
      case 2:
        return this.is(C_COMPARED) ? x.geU(a, b) : null;
      case 3:
        return this.is(C_COMPARED) ? x.ltU(a, b) : null;
      case 8:
        return this.is(C_COMPARED | N_COMPARED) ? x.gtU(a, b) : null;
      case 9:
        return this.is(C_COMPARED | N_COMPARED) ? x.leU(a, b) : null;
      case 10:
        return this.is(V_COMPARED | N_COMPARED) ? x.geS(a, b) : null;
      case 11:
        return this.is(V_COMPARED | N_COMPARED) ? x.ltS(a, b) : null;
      case 12:
        return this.is(V_COMPARED | N_COMPARED) ? x.gtS(a, b) : null;
      case 13:
        return this.is(V_COMPARED | N_COMPARED) ? x.leS(a, b) : null;
      default:
        return null;
    }
  }

  // ---- where ways meet, and ways out -----------------------------------------------------------------------------------------------
  private settleNZ(): void {
    const { locals } = this;
    if ((this.now.known & (Z_AS_N | N_COMPARED)) === (Z_AS_N | N_COMPARED) && !(this.now.bits & (Z_AS_N | N_COMPARED))) return;
    const z = this.builder.let(this.get(S.ZF));
    this.put(this.get(S.NF), locals.nf);
    this.put(z, locals.zf);
    this.become(Z_AS_N | N_COMPARED, false);
  }
  /** Works all flags out: everything is in locals from here on. */
  settle(): void {
    const { locals } = this;
    this.settleNZ();
    const rest = C_COMPARED | V_COMPARED;
    if ((this.now.known & rest) === rest && !(this.now.bits & rest)) return;
    this.put(this.get(S.CF), locals.cf);
    this.put(this.get(S.VF), locals.vf);
    this.become(rest, false);
  }
  /** In front of a branch to a place that others reach too, and to a way out: `lazy` says what is known here. */
  tell(): void {
    if (this.now.known !== 0) this.put(this.told(this.now), this.locals.lazy);
  }
  private told({ known, bits }: FlagState): Expr {
    const { builder: x } = this;
    return known === ALL ? lift(bits) : x.or(x.and(this.local(this.locals.lazy), ALL & ~known), bits);
  }
  /** On a way out: as `settle`, but nothing to do if no flags were kept as anything else anywhere. */
  arrive(): void {
    this.now = this.unknown;
    if (this.used) this.settle();
  }
}
