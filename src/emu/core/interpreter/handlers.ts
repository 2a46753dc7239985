/** Numbering of the interpreter's handlers: one per op and variant, and a second one inside the loop for frequent ops. */
import { OPS, type Decoded, type OpDef, type Variant } from '../rows.ts';

export interface Handler {
  readonly id: number;
  readonly op: OpDef;
  readonly v: Variant;
  /** Inside the loop: only for operands that are neither PC nor a written SP. */
  readonly hot: boolean;
}

/** Handler 0 decodes, handler 1 is UNDEFINED, handler 2 leaves for a system op. */
export const H_DECODE = 0;
export const H_UNDEFINED = 1;
const H_SYSTEM = 2;
/** Handler 3 stops before the instruction (breakpoints of the bench). */
export const H_BREAK = 3;
/** Handler 4 is handler 2 in an IT block, whether or not the condition holds. */
export const H_SYSTEM_ALWAYS = 4;
/** Handler 5 has TypeScript execute a system op that lets the run go on: `imm` is the packed op. */
export const H_INSIDE = 5;
const FIRST = 6;

const keyOf = (op: string, v: Variant): string => {
  let key = op;
  const names = Object.keys(v);
  if (names.length > 1) names.sort();
  for (const k of names) key += `,${k}=${String(v[k])}`;
  return key;
};

export class Handlers {
  /** Hot handlers come first, so that the loop's br_table stays small. */
  readonly hot: readonly Handler[];
  readonly cold: readonly Handler[];
  private readonly hotByKey = new Map<string, Handler>();
  private readonly coldByKey = new Map<string, Handler>();

  constructor() {
    const hot: Handler[] = [];
    const cold: Handler[] = [];
    for (const op of OPS.values()) {
      if (op.system) continue;
      for (const v of op.variants) {
        if (!op.hot(v)) continue;
        const h: Handler = { id: FIRST + hot.length, op, v, hot: true };
        hot.push(h);
        this.hotByKey.set(keyOf(op.name, v), h);
      }
    }
    for (const op of OPS.values()) {
      if (op.system) continue;
      for (const v of op.variants) {
        const h: Handler = { id: FIRST + hot.length + cold.length, op, v, hot: false };
        cold.push(h);
        this.coldByKey.set(keyOf(op.name, v), h);
      }
    }
    this.hot = hot;
    this.cold = cold;
  }
  get firstCold(): number {
    return FIRST + this.hot.length;
  }

  /** Handlers for a decoded instruction, outside (`v`) and inside (`vIT`) an IT block: the decoder gives the same object for the same bits. */
  idsOf(d: Decoded): readonly [number, number] {
    let ids = this.known.get(d);
    if (!ids) {
      const outside = this.idOf(d, false);
      // most are the same in both places
      this.known.set(d, (ids = [outside, outside === H_SYSTEM || d.vIT ? this.idOf(d, true) : outside]));
    }
    return ids;
  }
  private readonly known = new WeakMap<Decoded, readonly [number, number]>();
  private idOf(d: Decoded, inIT: boolean): number {
    const op = OPS.get(d.op);
    if (!op) throw new Error(`row names an unknown op ${d.op}`);
    if (op.inside(d)) return H_INSIDE;
    if (op.system) return op.unconditional && inIT ? H_SYSTEM_ALWAYS : H_SYSTEM;
    const v = (inIT ? (d.vIT ?? d.v) : d.v) ?? {};
    const key = keyOf(d.op, v);
    const plain = [...op.src].every((k) => fieldOf(d, k) !== 15) && [...op.dest].every((k) => fieldOf(d, k) !== 15 && fieldOf(d, k) !== 13);
    const handler = (plain ? this.hotByKey.get(key) : undefined) ?? this.coldByKey.get(key);
    if (!handler) throw new Error(`op ${key} has no such variant`);
    return handler.id;
  }
}

const fieldOf = (d: Decoded, key: string): number => d[key as 'a' | 'b' | 'c' | 'd'] ?? 0;
