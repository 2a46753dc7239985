/** Where an instruction can go next, found by running its semantics against a builder that only listens. */
import { FunctionBody } from '../../wasm/module.ts';
import type { WasmType } from '../../wasm/opcodes.ts';
import { Builder, Expr, lift, type LoadOptions, type Operands, type Profile, type Val } from '../builder.ts';
import type { Instruction } from '../decode.ts';
import type { Variant } from '../rows.ts';
import { S } from '../state.ts';
import { displaced, Placed } from './places.ts';

/** A load or store at a constant distance from what a register holds in front of the instruction, or (base null) somewhere. */
export interface Access {
  readonly store: boolean;
  readonly size: 1 | 2 | 4;
  readonly base: number | null;
  readonly offset: number;
}

export interface Flow {
  /** Constant branch targets. */
  readonly targets: readonly number[];
  /** A branch to an address in a register or from memory. */
  readonly dynamic: boolean;
  /** Execution may go on behind the instruction. */
  readonly falls: boolean;
  /** Writes LR with the return address and jumps. */
  readonly call: boolean;
  /** TypeScript executes it. */
  readonly system: boolean;
  /** General registers (bits 0–14) and flags (`FLAG_BITS`) that it may read, and that it may write. */
  readonly reads: number;
  readonly writes: number;
  /** It only writes general registers other than SP, and flags, whatever their values: where its condition fails it can run all the same, for nothing. */
  readonly harmless: boolean;
  /** What it may load and store. */
  readonly accesses: readonly Access[];
}

/** Bits of the flags in the masks of a flow, by offset of the state. */
export const FLAG_BITS: ReadonlyMap<number, number> = new Map([
  [S.NF, 1 << 15],
  [S.ZF, 1 << 16],
  [S.CF, 1 << 17],
  [S.VF, 1 << 18],
]);
export const ALL_FLAGS = 0x7_8000;

/** It may only write general registers other than SP. */
export const writesRegistersAlone = (flow: Flow): boolean => flow.harmless && (flow.writes & ALL_FLAGS) === 0;

export const operandsOf = (ins: Instruction): Operands => {
  const d = ins.decoded;
  return { a: d.a ?? 0, b: d.b ?? 0, c: d.c ?? 0, d: d.d ?? 0, imm: (d.imm ?? 0) | 0 };
};
export const variantOf = (ins: Instruction, inIT: boolean): Variant => (inIT ? (ins.decoded.vIT ?? ins.decoded.v) : ins.decoded.v) ?? {};

const zero = (type: WasmType): Expr =>
  type === 'i32'
    ? new Expr('i32', (f) => f.i32(0))
    : new Expr(type, (f) => {
        f.i32(0);
        f.op(type === 'i64' ? 0xac : type === 'f32' ? 0xb2 : 0xb7);
      });

/** Where the listener's code goes. */
const NOWHERE = new FunctionBody([]);

class Listener extends Builder {
  readonly accesses: Access[] = [];
  harmless = true;
  reads = 0;
  writes = 0;
  targets: number[] = [];
  dynamic = false;
  falls = true;
  private depth = 0;
  private readonly at: number;
  private readonly bytes: number;

  constructor(profile: Profile, at: number, bytes: number) {
    super(NOWHERE, profile, 0);
    NOWHERE.code.length = 0;
    this.at = at;
    this.bytes = bytes;
  }
  override if(cond: Val, then: () => void, otherwise?: () => void): void {
    const fixed = lift(cond).constant;
    if (fixed === undefined) this.harmless = false;
    if (fixed === undefined) this.depth++;
    super.if(cond, then, otherwise);
    if (fixed === undefined) this.depth--;
  }
  private ends(): void {
    this.harmless = false;
    if (this.depth === 0) this.falls = false;
  }
  override reg(n: Val): Expr {
    const r = registerOf(n);
    this.reads |= (1 << r) & 0x7fff;
    return new Placed(zero('i32'), { base: r, offset: 0, aligned: false });
  }
  override add(a: Val, b: Val): Expr {
    return displaced(a, b, 1, super.add(a, b));
  }
  override sub(a: Val, b: Val): Expr {
    return displaced(a, b, -1, super.sub(a, b));
  }
  override setReg(n: Val): void {
    const r = registerOf(n);
    this.writes |= 1 << r;
    if (r === 13) this.harmless = false;
  }
  override pc(): Expr {
    return lift(this.at);
  }
  override size(): Val {
    return this.bytes;
  }
  override s(): Expr {
    return zero('i32');
  }
  override setS(): void {
    this.harmless = false;
  }
  override dreg(): Expr {
    return zero('i64');
  }
  override setD(): void {
    this.harmless = false;
  }
  override helper(_name: string, result: WasmType): Expr {
    this.harmless = false;
    return zero(result);
  }
  private access(store: boolean, address: Val, size: 1 | 2 | 4): void {
    this.harmless = false;
    const { base = null, offset = 0 } = address instanceof Placed ? address.origin : {};
    this.accesses.push({ store, size, base, offset });
  }
  override load(address: Val, size: 1 | 2 | 4, _options?: LoadOptions): Expr {
    this.access(false, address, size);
    return zero('i32');
  }
  override store(address: Val, size: 1 | 2 | 4): void {
    this.access(true, address, size);
  }
  override state(offset: number): Expr {
    this.reads |= FLAG_BITS.get(offset) ?? 0;
    return zero('i32');
  }
  override setState(offset: number): void {
    this.writes |= FLAG_BITS.get(offset) ?? 0;
    if (!FLAG_BITS.has(offset)) this.harmless = false;
  }
  override let(v: Val): Expr {
    return lift(v);
  }
  override jump(target: Val): void {
    const t = lift(target).constant;
    if (t === undefined) this.dynamic = true;
    else this.targets.push((t & ~1) >>> 0);
    this.ends();
  }
  override bx(): void {
    this.dynamic = true;
    this.ends();
  }
  override blx(): void {
    this.dynamic = true;
    this.ends();
  }
  override leave(): void {
    this.ends();
  }
  override cycles(): void {
    this.harmless = false;
  }
}

/** A register number, which is a constant in a region. */
export function registerOf(n: Val): number {
  const r = lift(n).constant;
  if (r === undefined) throw new Error('a register number that is not constant in a region');
  return r;
}

/** Flows that have been worked out, of instructions outside IT blocks and in them, with targets relative to the instruction. */
const KNOWN = [new WeakMap<Instruction, Flow>(), new WeakMap<Instruction, Flow>()] as const;

export function flowOf(ins: Instruction, pc: number, profile: Profile, inIT: boolean): Flow {
  const known = KNOWN[inIT ? 1 : 0];
  let flow = known.get(ins);
  if (!flow) known.set(ins, (flow = listen(ins, profile, inIT)));
  return flow.targets.length === 0 ? flow : { ...flow, targets: flow.targets.map((t) => (t + pc) >>> 0) };
}
/** The flow of an instruction at address 0. */
function listen(ins: Instruction, profile: Profile, inIT: boolean): Flow {
  const op = ins.def;
  if (op.system)
    return { targets: [], dynamic: false, falls: true, call: false, system: true, reads: 0, writes: 0, harmless: false, accesses: [] };
  const listener = new Listener(profile, 0, ins.size);
  op.sem(listener, operandsOf(ins), variantOf(ins, inIT));
  listener.release();
  const { targets, dynamic, falls, reads, writes, accesses } = listener;
  const harmless = listener.harmless && !op.fp;
  return { targets, dynamic, falls, call: op.timing === 'call', system: false, reads, writes, harmless, accesses };
}
