/**
 * What a region knows of addresses and memory along a straight way: which registers hold the same number but for a constant, where in the arena an
 * address lies that was accessed before, and what was stored there or read. Nothing but the region changes memory or page tables while it runs,
 * so an access to the same address needs no look, and a load after a store or another load no load.
 */
import type { FunctionBody } from '../../wasm/module.ts';
import { Expr, lift, type Val } from '../builder.ts';

/** A number of its own for everything whose value is not known, and a distance from it. */
export interface Origin {
  readonly base: number;
  readonly offset: number;
  /** The base is a multiple of four: it was the stack pointer. */
  readonly aligned: boolean;
}
/** A value with its origin. */
export class Placed extends Expr {
  readonly origin: Origin;
  constructor(e: Expr, origin: Origin) {
    super(e.type, e.emit, e.constant);
    this.origin = origin;
  }
}
/** The sum or difference `e` of a value and `by`, if that is a constant: as far from the value's origin. */
export function displaced(v: Val, by: Val, sign: 1 | -1, e: Expr): Expr {
  const n = lift(by).constant;
  if (!(v instanceof Placed) || n === undefined) return e;
  const { base, offset, aligned } = v.origin;
  return new Placed(e, { base, offset: (offset + sign * n) | 0, aligned });
}
/** Bytes that are stored `distance` above a word's address, and the word, cannot be the same. */
export const isApart = (distance: number, bytes: number): boolean =>
  (distance >= 4 && distance < NEAR) || (distance <= -bytes && distance > -NEAR);
/** A word at a constant distance from a register that a loop does not write: see slots.ts. */
export interface Slot {
  readonly register: number;
  readonly offset: number;
  /** The loop stores to it by its register. */
  readonly stored: boolean;
  /** What it holds is kept, not only where it lies: few other stores may change it. */
  readonly valued: boolean;
  /** Locals while the loop is emitted: where the word lies in the arena, and what is there. */
  host: number;
  value: number;
}
/** An address that has been looked up. */
export interface Known {
  readonly origin: Origin;
  readonly size: 1 | 2 | 4;
  /** It may be written, and has been. */
  readonly written: boolean;
  /** The word there is in the local `value`. */
  readonly valued: boolean;
  /** Locals: where it lies in the arena, and what is there. */
  readonly host: number;
  readonly value: number;
  /** It is known all through a loop: its locals are right on every way. */
  readonly slot: Slot | null;
}
interface State {
  readonly registers: readonly Origin[];
  readonly known: readonly Known[];
}

/** Addresses that are kept; every local costs time where code branches. */
const KEPT = 4;
/** Less than any distance at which a memory appears a second time. */
const NEAR = 4096;

export class Places {
  private readonly f: FunctionBody;
  private readonly pairs: { readonly host: number; readonly value: number }[] = [];
  private bases = 0;
  private registers: Origin[];
  private known: readonly Known[] = [];

  constructor(f: FunctionBody) {
    this.f = f;
    this.registers = this.strangers();
  }
  private stranger(register: number): Origin {
    return { base: this.bases++, offset: 0, aligned: register === 13 };
  }
  private strangers(): Origin[] {
    return Array.from({ length: 15 }, (_, r) => this.stranger(r));
  }
  get state(): State {
    return { registers: [...this.registers], known: this.known };
  }
  set state(s: State) {
    this.registers = [...s.registers];
    this.known = s.known;
  }
  /** Ways meet here, or other code has run: nothing is known but slots of loops around this place. */
  forget(slots: readonly Slot[]): void {
    this.registers = this.strangers();
    this.known = slots.map((slot) => {
      const { register, offset, stored, valued, host, value } = slot;
      return { origin: { ...this.registers[register]!, offset }, size: 4, written: stored, valued, host, value, slot };
    });
  }
  /** Only these are slots from here on; what was one is still known. */
  within(slots: readonly Slot[]): void {
    this.known = this.known.map((k) => (k.slot && !slots.includes(k.slot) ? { ...k, slot: null } : k));
  }

  // ---- registers -------------------------------------------------------------------------------------------------------------------
  ofRegister(r: number): Origin {
    return this.registers[r]!;
  }
  /** A register is written; `always`: on every way to what follows. */
  write(r: number, v: Expr | null, always: boolean): void {
    this.registers[r] = always && v instanceof Placed ? v.origin : { ...this.stranger(r), aligned: r === 13 };
  }

  // ---- memory ----------------------------------------------------------------------------------------------------------------------
  find(origin: Origin | null, size: number): Known | null {
    if (!origin) return null;
    return this.known.find((k) => k.origin.base === origin.base && k.origin.offset === origin.offset && k.size >= size) ?? null;
  }
  /** Makes room for an address; the caller sets the locals. */
  add(origin: Origin, size: 1 | 2 | 4, written: boolean, valued: boolean): Known {
    const others = this.known.filter((k) => k.origin.base !== origin.base || k.origin.offset !== origin.offset);
    const slots = others.filter((k) => k.slot);
    const rest = others.filter((k) => !k.slot).slice(-(KEPT - 1));
    const pair = this.pairs.find((p) => !rest.some((k) => k.host === p.host)) ?? this.newPair();
    const made = { origin, size, written, valued, ...pair, slot: null };
    this.known = [...slots, ...rest, made];
    return made;
  }
  private newPair(): { readonly host: number; readonly value: number } {
    const pair = { host: this.f.newLocal('i32'), value: this.f.newLocal('i32') };
    this.pairs.push(pair);
    return pair;
  }
  /**
   * Bytes are stored: values that may lie there are not known any more. Without an origin they may lie anywhere, as may what is far away (aliases). Answers the
   * slots that may lie there, whose locals the caller makes right.
   */
  store(origin: Origin | null, bytes: number): Known[] {
    const apart = (k: Known): boolean => k.origin.base === origin?.base && isApart(origin.offset - k.origin.offset, bytes);
    const touched = this.known.filter((k) => k.slot?.valued && !apart(k));
    this.known = this.known.map((k) => (k.valued && !k.slot && !apart(k) ? { ...k, valued: false } : k));
    return touched;
  }
}
