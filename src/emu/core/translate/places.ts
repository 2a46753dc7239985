/** What a region knows of addresses: which registers hold the same number but for a constant, and so which accesses are to a slot (slots.ts). */
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
/** A slot and its address. */
interface Known {
  readonly origin: Origin;
  readonly slot: Slot;
}
interface State {
  readonly registers: readonly Origin[];
  readonly known: readonly Known[];
}

/** Less than any distance at which a memory appears a second time. */
const NEAR = 4096;

export class Places {
  private bases = 0;
  private registers = this.strangers();
  private known: readonly Known[] = [];

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
    this.known = slots.map((slot) => ({ origin: { ...this.registers[slot.register]!, offset: slot.offset }, slot }));
  }
  /** Only these are slots from here on. */
  within(slots: readonly Slot[]): void {
    this.known = this.known.filter((k) => slots.includes(k.slot));
  }

  // ---- registers -------------------------------------------------------------------------------------------------------------------
  ofRegister(r: number): Origin {
    return this.registers[r]!;
  }
  /** A register is written; `always`: on every way to what follows. */
  write(r: number, v: Expr | null, always: boolean): void {
    this.registers[r] = always && v instanceof Placed ? v.origin : this.stranger(r);
  }

  // ---- memory ----------------------------------------------------------------------------------------------------------------------
  find(origin: Origin | null): Slot | null {
    return this.known.find((k) => k.origin.base === origin?.base && k.origin.offset === origin.offset)?.slot ?? null;
  }
  /** Slots that may lie where bytes are stored: without an origin anywhere, as what is far away (aliases). The caller makes their locals right. */
  store(origin: Origin | null, bytes: number): Slot[] {
    const apart = (k: Known): boolean => k.origin.base === origin?.base && isApart(origin.offset - k.origin.offset, bytes);
    return this.known.filter((k) => k.slot.valued && !apart(k)).map((k) => k.slot);
  }
}
