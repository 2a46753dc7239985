/** Where an instruction can go next, found by running its semantics against a builder that only listens. */
import { FunctionBody } from '../../wasm/module.ts';
import type { WasmType } from '../../wasm/opcodes.ts';
import { Builder, Expr, lift, type LoadOptions, type Operands, type Profile, type Val } from '../builder.ts';
import type { Instruction } from '../decode.ts';
import { OPS, type Variant } from '../rows.ts';

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
}

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

class Listener extends Builder {
  targets: number[] = [];
  dynamic = false;
  falls = true;
  private depth = 0;
  private readonly at: number;
  private readonly bytes: number;

  constructor(profile: Profile, at: number, bytes: number) {
    super(new FunctionBody([]), profile, 0);
    this.at = at;
    this.bytes = bytes;
  }
  override if(cond: Val, then: () => void, otherwise?: () => void): void {
    const fixed = lift(cond).constant;
    if (fixed === undefined) this.depth++;
    super.if(cond, then, otherwise);
    if (fixed === undefined) this.depth--;
  }
  private ends(): void {
    if (this.depth === 0) this.falls = false;
  }
  override reg(): Expr {
    return zero('i32');
  }
  override setReg(): void {}
  override pc(): Expr {
    return lift(this.at);
  }
  override size(): Val {
    return this.bytes;
  }
  override s(): Expr {
    return zero('i32');
  }
  override setS(): void {}
  override dreg(): Expr {
    return zero('i64');
  }
  override setD(): void {}
  override helper(_name: string, result: WasmType): Expr {
    return zero(result);
  }
  override load(_address: Val, _size: 1 | 2 | 4, _options?: LoadOptions): Expr {
    return zero('i32');
  }
  override store(): void {}
  override state(): Expr {
    return zero('i32');
  }
  override setState(): void {}
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
  override cycles(): void {}
}

export function flowOf(ins: Instruction, pc: number, profile: Profile): Flow {
  const op = OPS.get(ins.decoded.op)!;
  if (op.system) return { targets: [], dynamic: false, falls: true, call: false, system: true };
  const listener = new Listener(profile, pc, ins.size);
  op.sem(listener, operandsOf(ins), variantOf(ins, false));
  return { targets: listener.targets, dynamic: listener.dynamic, falls: listener.falls, call: op.timing === 'call', system: false };
}
