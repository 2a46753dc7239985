/** The builder for instructions of a region: operands are constants, registers and flags are locals. */
import { readTableOf, WORD_MAP, writeTableOf } from '../../arena.ts';
import type { FunctionBody } from '../../wasm/module.ts';
import { loadOpcode, OP, storeOpcode, type WasmType } from '../../wasm/opcodes.ts';
import { Builder, Expr, lift, type LoadOptions, type Val } from '../builder.ts';
import { ENTRY_FAST, ENTRY_FLASH } from '../record-builders.ts';
import { EXIT, S } from '../state.ts';
import { flagLocal, type Locals, type RegionEmitter } from './emit.ts';
import { registerOf } from './flow.ts';
import { emitCachedLoad, emitCachedStore } from './l1-access.ts';
import type { Block, Item } from './block.ts';
import type { Surroundings } from './surroundings.ts';

export interface GiveBack {
  /** Cycles charged at the block's start for this instruction and what follows it in the block; and for what follows alone. */
  readonly cycles: number;
  readonly after: number;
  /** Instructions counted at the block's start that have not run before this one. */
  readonly instructions: number;
}

/** A byte 1 for each word, in a map access of so many bytes. */
const ONES = { 1: 0x01, 2: 0x0101, 4: 0x01010101 } as const;

export class RegionBuilder extends Builder {
  private readonly env: Surroundings;
  private readonly locals: Locals;
  private readonly helpers: ReadonlyMap<string, number>;
  private readonly emitter: RegionEmitter;
  private block!: Block;
  private item!: Item;
  private giveBack!: GiveBack;

  constructor(f: FunctionBody, env: Surroundings, locals: Locals, helpers: ReadonlyMap<string, number>, emitter: RegionEmitter) {
    super(f, env.profile, env.cpu);
    this.env = env;
    this.locals = locals;
    this.helpers = helpers;
    this.emitter = emitter;
  }
  /** Where an instruction runs whether its condition holds or not: the condition, which decides about what it writes. */
  private holds: Expr | null = null;
  onlyIf(condition: Expr, run: () => void): void {
    this.holds = condition;
    run();
    this.holds = null;
  }
  begin(block: Block, item: Item, giveBack: GiveBack): void {
    this.block = block;
    this.item = item;
    this.giveBack = giveBack;
  }
  private local(n: number): Expr {
    return new Expr('i32', (f) => f.get(n));
  }
  override reg(n: Val): Expr {
    const r = registerOf(n);
    if (r === 15) return lift((this.item.pc + 4) | 0);
    return this.let(this.local(this.locals.regs[r]!));
  }
  override setReg(n: Val, v: Val): void {
    const r = registerOf(n);
    if (r !== 13) {
      const local = this.locals.regs[r]!;
      lift(this.holds ? this.select(this.holds, v, this.local(local)) : v).emit(this.f);
      this.f.set(local);
      return;
    }
    const value = this.let(this.and(v, ~3));
    if (this.profile.arch === 'v8m') this.leaveIf(this.ltU(value, this.state(S.SPLIM)), EXIT.STACK_LIMIT);
    value.emit(this.f);
    this.f.set(this.locals.regs[13]!);
  }
  /**
   * Operands of the compare or subtraction that set the flags last, while nothing else has: conditions then compare them directly. Kept in two
   * locals of their own; null where that is not known.
   */
  compared: { readonly a: Val; readonly b: Val } | null = null;
  private nested = 0;
  override if(cond: Val, then: () => void, otherwise?: () => void): void {
    this.nested++;
    super.if(cond, then, otherwise);
    this.nested--;
  }
  private keep(v: Val, local: number): Val {
    if (lift(v).constant !== undefined) return v;
    lift(v).emit(this.f);
    this.f.set(local);
    return this.local(local);
  }
  override subtract(x: Val, y: Val, setFlags: boolean, write?: (result: Expr) => void): Expr {
    const a = this.let(x);
    const b = this.let(y);
    const difference = super.subtract(a, b, setFlags, write);
    if (setFlags && this.nested === 0) this.compared = { a: this.keep(a, this.locals.comparedA), b: this.keep(b, this.locals.comparedB) };
    return difference;
  }
  override condition(cc: number): Expr {
    if (this.compared === null) return super.condition(cc);
    const { a, b } = this.compared;
    switch (cc) {
      case 0:
        return this.let(this.eq(a, b));
      case 1:
        return this.let(this.ne(a, b));
      case 2:
        return this.let(this.geU(a, b));
      case 3:
        return this.let(this.ltU(a, b));
      case 8:
        return this.let(this.gtU(a, b));
      case 9:
        return this.let(this.leU(a, b));
      case 10:
        return this.let(this.geS(a, b));
      case 11:
        return this.let(this.ltS(a, b));
      case 12:
        return this.let(this.gtS(a, b));
      case 13:
        return this.let(this.leS(a, b));
      default:
        return super.condition(cc);
    }
  }
  override pc(): Expr {
    return lift(this.item.pc);
  }
  override size(): Val {
    return this.item.ins.size;
  }
  override state(offset: number): Expr {
    const l = flagLocal(this.locals, offset);
    return l >= 0 ? this.let(this.local(l)) : super.state(offset);
  }
  override setState(offset: number, v: Val): void {
    const l = flagLocal(this.locals, offset);
    if (l < 0) {
      super.setState(offset, v);
      return;
    }
    lift(v).emit(this.f);
    this.f.set(l);
    this.compared = null;
  }
  private at(offset: number): Expr {
    return new Expr('i32', (f) => f.i32(offset));
  }
  private fpLoad(n: Val, bytes: number, type: WasmType, code: number): Expr {
    return this.let(
      new Expr(type, (f) => {
        this.at(this.cpu + S.FP + registerOf(n) * bytes).emit(f);
        f.memory(code, 0);
      }),
    );
  }
  private fpStore(n: Val, bytes: number, v: Val, code: number): void {
    this.at(this.cpu + S.FP + registerOf(n) * bytes).emit(this.f);
    lift(v).emit(this.f);
    this.f.memory(code, 0);
  }
  override s(n: Val): Expr {
    return this.fpLoad(n, 4, 'i32', OP['i32.load']);
  }
  override setS(n: Val, bits: Val): void {
    this.fpStore(n, 4, bits, OP['i32.store']);
  }
  override dreg(n: Val): Expr {
    return this.fpLoad(n, 8, 'i64', OP['i64.load']);
  }
  override setD(n: Val, bits: Val): void {
    this.fpStore(n, 8, bits, OP['i64.store']);
  }
  override helper(name: string, result: WasmType, ...args: Val[]): Expr {
    const index = this.helpers.get(name);
    if (index === undefined) throw new Error(`helper ${name} is not declared`);
    for (const a of args) lift(a).emit(this.f);
    this.f.call(index);
    const v = this.variable(result);
    this.f.set(v.local);
    return v.get;
  }

  // ---- memory: what is not fast leaves before the instruction --------------------------------------------------------------------------
  /** Leaves so that the interpreter runs this instruction in an IT block. */
  rememberIt(it: number): void {
    super.setState(S.IT, it);
  }
  override load(address: Val, size: 1 | 2 | 4, options?: LoadOptions): Expr {
    const f = this.f;
    const fixed = lift(address).constant;
    if (fixed !== undefined) {
      const literal = this.env.literal(fixed >>> 0, size);
      if (literal !== null) {
        this.emitter.lines.payData(fixed, () => this.leaveBefore());
        const value = options?.signed ? (size === 1 ? (literal << 24) >> 24 : (literal << 16) >> 16) : literal;
        return lift(value | 0);
      }
    }
    if (options?.unprivileged) {
      this.leaveBefore();
      return lift(0);
    }
    if (this.spanning) {
      this.add(address, this.spanning).emit(f);
      f.memory(loadOpcode(size, options?.signed), 0);
      const word = this.variable('i32');
      f.set(word.local);
      return word.get;
    }
    const a = this.let(address);
    if (this.env.cachedData) return emitCachedLoad(this, this.env.core, a, size, options?.signed ?? false, () => this.leaveBefore());
    const result = this.variable('i32');
    const code = loadOpcode(size, options?.signed);
    const { ram } = this.env;
    const misaligned = (): Expr => this.and(a, size - 1);
    const done = f.block();
    const elsewhere = f.block();
    // offset = a - ram; if rotr(offset, log2 size) >= RAM / size, which a misaligned one is too: elsewhere; if never written: leave
    const offset = this.let(this.sub(a, ram.base));
    this.geU(this.rotr(offset, size >> 1), ram.size / size).emit(f);
    f.brIf(elsewhere);
    this.leaveIfAny(this.eqz(this.arenaAt(this.shrU(offset, 2), WORD_MAP + (ram.host >>> 2), 1)));
    offset.emit(f);
    f.memory(code, ram.host);
    f.set(result.local);
    f.br(done);
    f.end(elsewhere);
    // e = readTable[a >>> 12]; a fast page: host = a + (e & ~0xfff); a page of flash with a price: the same, and pay
    const entry = this.pageEntry(a, readTableOf(this.env.core));
    if (size > 1) this.leaveIfAny(misaligned());
    const host = this.let(this.add(a, this.and(entry, ~0xfff)));
    const take = (): void => {
      host.emit(f);
      f.memory(code, 0);
      f.set(result.local);
      f.br(done);
    };
    if (this.env.fetch !== 0)
      this.if(this.eq(this.and(entry, ENTRY_FAST | ENTRY_FLASH), ENTRY_FLASH), () => {
        this.emitter.lines.payData(a, () => this.leaveBefore());
        take();
      });
    this.if(this.and(entry, ENTRY_FAST), () => {
      this.leaveIfAny(this.eqz(this.arenaAt(this.shrU(host, 2), WORD_MAP, 1)));
      take();
    });
    this.leaveBefore();
    f.end(done);
    return result.get;
  }
  /** One branch for each: V8 makes a compare and a jump of it, but a value of a combination. */
  private leaveIfAny(...conds: readonly Expr[]): void {
    const { f } = this;
    const stay = f.block();
    const leave = f.block();
    for (const c of conds) {
      c.emit(f);
      f.brIf(leave);
    }
    f.br(stay);
    f.end(leave);
    this.leaveBefore();
    f.end(stay);
  }

  /**
   * Several words from `start` on: one look at the page and the map of written words for all of them.
   *   e = table[start >>> 12]; if !(e & FAST) or misaligned or the last word lies in another page: leave; host = address + (e & ~0xfff)
   */
  override span(kind: 'read' | 'write', start: Expr, bytes: Val, body: () => void): void {
    const n = lift(bytes).constant ?? 0;
    if (n < 8 || n > 64 || start.constant !== undefined || this.env.cachedData) return body();
    const { f } = this;
    const a = this.let(start);
    const entry = this.pageEntry(a, kind === 'read' ? readTableOf(this.env.core) : writeTableOf(this.env.core));
    this.leaveIfAny(this.eqz(this.and(entry, ENTRY_FAST)), this.and(a, 3), this.gtU(this.and(a, 0xfff), 0x1000 - n));
    const delta = this.let(this.and(entry, ~0xfff));
    const map = this.let(this.shrU(this.add(a, delta), 2));
    const bytesOfMap = (action: (at: number, width: 1 | 2 | 4) => void): void => {
      for (let at = 0; at < n / 4;) {
        const width = n / 4 - at >= 4 ? 4 : n / 4 - at >= 2 ? 2 : 1;
        action(at, width);
        at += width;
      }
    };
    if (kind === 'read')
      // every byte is 0 (never written), 1 or 2: adding 0x7f sets the top bit of those that are not 0
      bytesOfMap((at, width) => {
        const ones = ONES[width];
        const tops = this.and(this.add(this.arenaAt(map, WORD_MAP + at, width), Math.imul(ones, 0x7f)), Math.imul(ones, 0x80));
        this.leaveIfAny(this.ne(tops, Math.imul(ones, 0x80)));
      });
    this.spanning = delta;
    body();
    this.spanning = null;
    if (kind === 'write')
      bytesOfMap((at, width) => {
        map.emit(f);
        f.i32(ONES[width]);
        f.memory(storeOpcode(width), WORD_MAP + at);
      });
  }
  private spanning: Expr | null = null;

  override store(address: Val, size: 1 | 2 | 4, value: Val, options?: LoadOptions): void {
    const f = this.f;
    if (options?.unprivileged) {
      this.leaveBefore();
      return;
    }
    if (this.spanning) {
      this.add(address, this.spanning).emit(f);
      lift(value).emit(f);
      f.memory(storeOpcode(size), 0);
      return;
    }
    const a = this.let(address);
    const v = this.let(value);
    if (this.env.cachedData) return emitCachedStore(this, this.env.core, a, v, size, () => this.leaveBefore());
    // e = writeTable[a >>> 12]; if !(e & FAST) or misaligned: leave; host = a + (e & ~0xfff)
    const entry = this.pageEntry(a, writeTableOf(this.env.core));
    this.leaveIfAny(this.eqz(this.and(entry, ENTRY_FAST)), ...(size > 1 ? [this.and(a, size - 1)] : []));
    const host = this.let(this.add(a, this.and(entry, ~0xfff)));
    host.emit(f);
    v.emit(f);
    f.memory(storeOpcode(size), 0);
    this.shrU(host, 2).emit(f);
    f.i32(1);
    f.memory(OP['i32.store8'], WORD_MAP);
  }

  // ---- control -------------------------------------------------------------------------------------------------------------------
  /** Leaves so that the interpreter runs this instruction: what the block had charged for it and the rest is given back. */
  private leaveBefore(): void {
    const { giveBack, item } = this;
    if (item.it !== 0) super.setState(S.IT, item.it);
    this.emitter.leaveBefore(item.pc, giveBack);
  }
  override leave(_reason: number): void {
    this.leaveBefore();
  }
  override cycles(n: Val): void {
    this.f.get(this.locals.budget);
    lift(n).emit(this.f);
    this.f.op(0x6b);
    this.f.set(this.locals.budget);
  }
  private taken(): void {
    this.emitter.addTo(this.locals.budget, -this.emitter.cyclesOf(this.item).taken);
    // the rest of the block does not run
    this.emitter.addTo(this.locals.budget, this.giveBack.after);
    this.emitter.addTo(this.locals.retired, -(this.giveBack.instructions - 1));
    this.emitter.lines.set(this.item.pc);
  }
  override jump(target: Val): void {
    const { block, item, giveBack } = this;
    const fixed = lift(target).constant;
    if (fixed !== undefined && item.flow.call) {
      this.taken();
      this.emitter.call(block, item, (fixed & ~1) >>> 0);
    } else if (fixed !== undefined) {
      this.taken();
      this.emitter.branch(block, (fixed & ~1) >>> 0, item);
    } else {
      lift(target).emit(this.f);
      this.f.set(this.locals.next);
      this.taken();
      this.emitter.switch(block, item);
    }
    this.block = block;
    this.item = item;
    this.giveBack = giveBack;
  }
  override bx(target: Val): void {
    const t = this.let(target);
    const magic = this.profile.arch === 'v8m' ? this.eq(this.shrU(t, 24), 0xff) : this.eq(this.shrU(t, 28), 0xf);
    this.if(this.and(magic, this.ne(this.state(S.IPSR), 0)), () => {
      super.setState(S.EXIT_ARG, t);
      this.emitter.addTo(this.locals.budget, this.giveBack.after);
      this.emitter.addTo(this.locals.retired, -(this.giveBack.instructions - 1));
      this.emitter.lines.set(this.item.pc);
      super.setState(S.PC, this.item.pc);
      this.emitter.leaveTo(-1);
    });
    this.blx(t);
  }
  override blx(target: Val): void {
    const t = this.let(target);
    const { block, item, giveBack } = this;
    const leave = (): void => {
      t.emit(this.f);
      this.f.set(this.locals.next);
      this.taken();
      this.emitter.leaveBranch(item);
    };
    // an even address: the interpreter takes INVSTATE there
    this.if(this.eqz(this.and(t, 1)), () => {
      super.setState(S.T, 0);
      if (item.flow.call) leave();
    });
    if (!item.flow.call) return leave();
    this.taken();
    this.emitter.call(block, item, t);
    this.begin(block, item, giveBack);
  }
}
