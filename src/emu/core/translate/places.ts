/**
 * What a region knows of addresses and memory along a straight way: which registers hold the same number but for a constant, where in the arena an
 * address lies that was accessed before, and what was stored there or read. Nothing but the region changes memory or page tables while it runs,
 * so an access to the same address needs no look, and a load after a store or another load no load.
 */
import type { FunctionBody } from '../../wasm/module.ts';
import { Expr } from '../builder.ts';

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
  /** Ways meet here, or other code has run. */
  forget(): void {
    this.registers = this.strangers();
    this.known = [];
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
    const others = this.known.filter((k) => k.origin.base !== origin.base || k.origin.offset !== origin.offset).slice(-(KEPT - 1));
    const pair = this.pairs.find((p) => !others.some((k) => k.host === p.host)) ?? this.newPair();
    const made = { origin, size, written, valued, ...pair };
    this.known = [...others, made];
    return made;
  }
  private newPair(): { readonly host: number; readonly value: number } {
    const pair = { host: this.f.newLocal('i32'), value: this.f.newLocal('i32') };
    this.pairs.push(pair);
    return pair;
  }
  /** Bytes are stored: values that may lie there are not known any more. Without an origin they may lie anywhere, as may what is far away (aliases). */
  store(origin: Origin | null, bytes: number): void {
    const apart = (k: Known): boolean => {
      if (k.origin.base !== origin?.base) return false;
      const distance = origin.offset - k.origin.offset;
      return (distance >= 4 && distance < NEAR) || (distance <= -bytes && distance > -NEAR);
    };
    this.known = this.known.map((k) => (k.valued && !apart(k) ? { ...k, valued: false } : k));
  }
}
