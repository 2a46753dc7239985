/**
 * From a region to a WebAssembly function. Registers and flags are locals; state is loaded at the entry and spilled where the region is left.
 *
 *   entry:     if budget < W(entry): return pc              W = worst cycles to the next check
 *   block:     budget -= cost; retired += n; flash line: if line != first: budget -= wait states
 *   access:    outside of fast RAM -> give back what did not run; return pc of the instruction
 *   branch:    to a block of the region: br; elsewhere: spill, return target | 1
 *   call:      spill; next = table[slot](); if next != return address | 1: return next; reload; check the budget
 *
 * The value returned is the next pc, | 1 if a branch arrives there; or -1: EXC_RETURN at the branch in PC, its value in EXIT_ARG.
 */
import { PAGE_BITS, WORD_MAP, writeTableOf } from '../../arena.ts';
import type { FunctionBody } from '../../wasm/module.ts';
import { ModuleWriter, type Label } from '../../wasm/module.ts';
import { loadOpcode, OP, storeOpcode, type WasmType } from '../../wasm/opcodes.ts';
import { Builder, Expr, lift, type LoadOptions, type Val } from '../builder.ts';
import { OPS } from '../rows.ts';
import { ENTRY_FAST } from '../record-builders.ts';
import { EXIT, S } from '../state.ts';
import { operandsOf, variantOf } from './flow.ts';
import { emitCachedLoad, emitCachedStore, emitIsLineMissing, L1_LINE } from './l1-access.ts';
import { dominates, type Block, type Item, type Region } from './region.ts';
import type { Surroundings } from './surroundings.ts';

/** Bytes of a flash line. */
const FLASH_LINE = 16;
/** Extra cycles that an instruction with operand-dependent time can take. */
const DYNAMIC = 16;
const MAX_DEPTH = 64;

interface Locals {
  readonly regs: readonly number[];
  readonly nf: number;
  readonly zf: number;
  readonly cf: number;
  readonly vf: number;
  readonly budget: number;
  readonly retired: number;
  readonly line: number;
  /** Where the region is left to, and what is given back of cycles and instructions when it is left in the middle of a block. */
  readonly next: number;
  readonly giveCycles: number;
  readonly giveInstructions: number;
}

export function emitRegion(region: Region, env: Surroundings): Uint8Array<ArrayBuffer> {
  const writer = new ModuleWriter();
  const table = writer.importTable('regions');
  const helpers = new Map<string, number>();
  helpers.set('flashLine', writer.importFunction('flashLine', ['i32'], 'i32'));
  // only floating point calls helpers, and every import costs time at each instantiation
  const floats = region.blocks.some((b) => b.items.some((item) => OPS.get(item.ins.decoded.op)!.fp));
  if (floats) for (const [name, h] of Object.entries(env.helpers)) helpers.set(name, writer.importFunction(name, h.params, h.result));
  const type = writer.type([], 'i32');
  const index = writer.declare([], 'i32');
  new RegionEmitter(region, env, writer.body(index), table, type, helpers).emit();
  writer.export('region', index);
  return writer.finish();
}

class RegionEmitter {
  readonly region: Region;
  readonly env: Surroundings;
  readonly f: FunctionBody;
  readonly locals: Locals;
  readonly b: RegionBuilder;
  private readonly table: number;
  private readonly flashLine: number;
  private readonly type: number;
  private readonly loops = new Map<Block, Label>();
  private readonly blocks = new Map<Block, Label>();
  private readonly worst = new Map<Block, number>();
  private readonly used = new Set<number>();
  private readonly written = new Set<number>();
  /** Lines of this code cost a fixed time when they change; or are asked of the cache. */
  private readonly lines: boolean;
  private readonly cached: boolean;
  /** Size of the lines as a mask, and whether the line that runs is kept track of. */
  private readonly lineMask: number;
  private readonly tracked: boolean;

  constructor(region: Region, env: Surroundings, f: FunctionBody, table: number, type: number, helpers: ReadonlyMap<string, number>) {
    this.region = region;
    this.env = env;
    this.f = f;
    this.table = table;
    this.type = type;
    this.flashLine = helpers.get('flashLine')!;
    this.lines = env.timedCode && env.fetch === 1 && env.waitStates > 0;
    this.cached = env.timedCode && env.fetch === 2;
    this.lineMask = -(env.cachedCode ? L1_LINE : FLASH_LINE);
    this.tracked = this.lines || this.cached || env.cachedCode;
    const i32 = (): number => f.newLocal('i32');
    this.locals = {
      regs: Array.from({ length: 15 }, i32),
      nf: i32(),
      zf: i32(),
      cf: i32(),
      vf: i32(),
      budget: i32(),
      retired: i32(),
      line: i32(),
      next: i32(),
      giveCycles: i32(),
      giveInstructions: i32(),
    };
    this.b = new RegionBuilder(f, env, this.locals, helpers, this);
  }

  // ---- costs ---------------------------------------------------------------------------------------------------------------------
  private itemCost(item: Item): number {
    return this.env.cycles(item).cost;
  }
  private lineCost(from: number, to: number): number {
    return this.lines ? (((to & -FLASH_LINE) - (from & -FLASH_LINE)) / FLASH_LINE) * this.env.waitStates : 0;
  }
  /** Cost of a block with all its lines but the first. */
  private blockCost(b: Block): number {
    let sum = 0;
    for (const item of b.items) sum += this.itemCost(item);
    return sum + this.lineCost(b.pc, b.items[b.items.length - 1]!.pc);
  }
  /** Worst cycles from the start of a block to the next check (loop header, behind a call, or the end). */
  private worstFrom(b: Block): number {
    const known = this.worst.get(b);
    if (known !== undefined) return known;
    let sum = this.env.waitStates;
    for (const item of b.items) {
      const c = this.env.cycles(item);
      sum += c.cost + c.taken + DYNAMIC / 4 + this.env.waitStates;
      if (OPS.get(item.ins.decoded.op)!.timing === 'div') sum += DYNAMIC;
    }
    let rest = 0;
    for (const s of b.succ) if (s.order > b.order && !s.loopHeader) rest = Math.max(rest, this.worstFrom(s));
    this.worst.set(b, sum + rest);
    return sum + rest;
  }

  // ---- state ---------------------------------------------------------------------------------------------------------------------
  private load(offset: number, local: number): void {
    this.f.i32(0);
    this.f.memory(OP['i32.load'], this.env.cpu + offset);
    this.f.set(local);
  }
  private store(offset: number, local: number): void {
    this.f.i32(0);
    this.f.get(local);
    this.f.memory(OP['i32.store'], this.env.cpu + offset);
  }
  private reload(): void {
    const l = this.locals;
    for (const r of this.used) this.load(S.R + 4 * r, l.regs[r]!);
    this.load(S.NF, l.nf);
    this.load(S.ZF, l.zf);
    this.load(S.CF, l.cf);
    this.load(S.VF, l.vf);
    this.load(S.BUDGET, l.budget);
    this.load(S.RETIRED, l.retired);
    if (this.tracked) this.load(S.CHARGED, l.line);
  }
  spill(): void {
    const l = this.locals;
    for (const r of this.written) this.store(S.R + 4 * r, l.regs[r]!);
    this.store(S.NF, l.nf);
    this.store(S.ZF, l.zf);
    this.store(S.CF, l.cf);
    this.store(S.VF, l.vf);
    this.store(S.BUDGET, l.budget);
    this.store(S.RETIRED, l.retired);
    if (this.tracked) this.store(S.CHARGED, l.line);
  }
  leaveTo(value: Val): void {
    lift(value).emit(this.f);
    this.f.set(this.locals.next);
    this.f.br(this.out);
  }
  /** Leaves in front of an instruction, giving back what the block had charged for it and what follows. */
  leaveBefore(pc: number, g: GiveBack, to = this.early): void {
    const { f, locals } = this;
    f.i32(pc);
    f.set(locals.next);
    f.i32(g.cycles);
    f.set(locals.giveCycles);
    f.i32(g.instructions);
    f.set(locals.giveInstructions);
    f.br(to);
  }
  addTo(local: number, n: number): void {
    if (n === 0) return;
    this.f.get(local);
    this.f.i32(n);
    this.f.op(0x6a);
    this.f.set(local);
  }

  // ---- structure -------------------------------------------------------------------------------------------------------------------
  emit(): void {
    for (const b of this.region.blocks)
      for (const item of b.items) {
        for (let r = 0; r < 15; r++) if (this.mentions(item, r)) this.used.add(r);
      }
    // which registers are written cannot be told from operand fields alone (lists, implicit LR): all that are used
    for (const r of this.used) this.written.add(r);
    const { f, locals } = this;
    this.reload();
    const root = this.region.blocks[0]!;
    // early: line = line of next      missed: budget += giveCycles; retired -= giveInstructions      out: spill; return next
    this.out = f.block();
    this.missed = f.block();
    this.early = f.block();
    if (!root.loopHeader) this.check(root);
    this.tree(root);
    f.op(OP.unreachable);
    f.end(this.early);
    if (this.tracked) {
      f.get(locals.next);
      f.i32(this.lineMask);
      f.op(0x71);
      f.i32(1);
      f.op(0x72);
      f.set(locals.line);
    }
    f.end(this.missed);
    f.get(locals.budget);
    f.get(locals.giveCycles);
    f.op(0x6a);
    f.set(locals.budget);
    f.get(locals.retired);
    f.get(locals.giveInstructions);
    f.op(0x6b);
    f.set(locals.retired);
    f.end(this.out);
    this.spill();
    f.get(locals.next);
    f.op(OP.return);
  }
  private out!: Label;
  private early!: Label;
  private missed!: Label;
  private mentions(item: Item, r: number): boolean {
    const def = OPS.get(item.ins.decoded.op)!;
    const d = item.ins.decoded;
    for (const k of def.src + def.dest) if ((d[k as 'a'] ?? -1) === r) return true;
    if (/^(LDM|STM)/.test(d.op)) return r === d.a || (((d.imm ?? 0) >>> r) & 1) === 1;
    if (def.timing === 'call') return r === 14;
    // operands that are not named as registers by the op may still be: be generous
    return [d.a, d.b, d.c, d.d].includes(r) || r === 13;
  }

  /** if budget < W: spill; return pc */
  private check(b: Block): void {
    const f = this.f;
    f.get(this.locals.budget);
    f.i32(this.worstFrom(b));
    f.op(0x48);
    const label = f.if();
    this.leaveTo(b.pc);
    f.end(label);
  }

  /** Ramsey, "Beyond Relooper" (2022): the dominator tree gives the nesting. */
  private tree(b: Block): void {
    const merges = b.children.filter((c) => c.merge).sort((x, y) => y.order - x.order);
    if (!b.loopHeader) {
      this.within(b, merges);
      return;
    }
    const label = this.f.loop();
    this.loops.set(b, label);
    this.check(b);
    this.within(b, merges);
    this.f.end(label);
    this.loops.delete(b);
  }
  private within(b: Block, merges: readonly Block[]): void {
    const [outer, ...rest] = merges;
    if (!outer) {
      this.body(b);
      return;
    }
    const label = this.f.block();
    this.blocks.set(outer, label);
    this.within(b, rest);
    this.f.end(label);
    this.blocks.delete(outer);
    this.tree(outer);
  }

  /** Goes on at a target, from inside block `from`. */
  branch(from: Block, pc: number, fromItem: Item | null): void {
    const to = this.region.byPc.get(pc);
    if (to) {
      const loop = this.loops.get(to);
      if (loop && to.order <= from.order && dominates(to, from)) {
        this.f.br(loop);
        return;
      }
      const block = this.blocks.get(to);
      if (block && to.merge && to.order > from.order) {
        this.f.br(block);
        return;
      }
      if (to.dominator === from && !to.merge && to.order > from.order && !this.emitted.has(to)) {
        this.emitted.add(to);
        this.tree(to);
        return;
      }
    }
    // outside, or into an irreducible loop: the interpreter goes on, or another region
    if (fromItem) this.lastRecord(fromItem.pc);
    this.leaveTo(pc | (fromItem ? 1 : 0));
  }
  private readonly emitted = new Set<Block>();
  lastRecord(pc: number): void {
    this.f.i32(0);
    this.f.i32(this.env.recordOf(pc));
    this.f.memory(OP['i32.store'], this.env.cpu + S.LAST_REC);
  }

  /** Instructions of a block. `given` keeps what a leave in the middle has to give back. */
  private body(b: Block): void {
    const { f, locals } = this;
    const items = b.items;
    const timed = this.lines;
    if (timed) {
      // if line != first: budget -= wait states
      const first = this.lineOf(b.pc);
      f.get(locals.line);
      f.i32(first);
      f.op(0x47);
      const label = f.if();
      this.addTo(locals.budget, -this.env.waitStates);
      f.end(label);
    }
    this.addTo(locals.budget, -this.blockCost(b));
    this.addTo(locals.retired, items.length);
    if (timed) {
      f.i32(this.lineOf(items[items.length - 1]!.pc));
      f.set(locals.line);
    }
    let left = this.blockCost(b);
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!;
      const before = i === 0 ? null : items[i - 1]!;
      if (before) left -= this.lineCost(before.pc, item.pc);
      const giveBack = { cycles: left, after: left - this.itemCost(item), instructions: items.length - i };
      left = giveBack.after;
      if (!before || this.lineOf(item.pc) !== this.lineOf(before.pc)) {
        if (this.cached) this.touchLine(item.pc, i === 0);
        if (this.env.cachedCode) this.needLine(item, giveBack);
      }
      const ends = this.instruction(b, item, giveBack);
      this.b.release();
      if (ends) return;
    }
    this.branch(b, b.next, null);
  }

  /** Emits one instruction; true if nothing follows it in this block. */
  private instruction(b: Block, item: Item, giveBack: GiveBack): boolean {
    const { ins, it } = item;
    const op = OPS.get(ins.decoded.op)!;
    // the instructions of an IT block carry their condition themselves
    if (ins.decoded.op === 'IT') return false;
    this.b.begin(b, item, giveBack);
    const run = (): void => {
      if (op.system) return this.b.leave(EXIT.SYSTEM);
      if (op.fp) this.b.leaveIf(this.b.state(S.FP_TRAP), EXIT.FP_TRAP);
      op.sem(this.b, operandsOf(ins), variantOf(ins, it !== 0));
    };
    if (it === 0) {
      run();
      return op.system || !item.flow.falls;
    }
    // one cycle when the condition fails, the static cost when it passes
    const failed = this.itemCost(item) - 1;
    this.b.if(this.b.condition(it >>> 4), run, () => this.addTo(this.locals.budget, failed));
    return false;
  }
  private lineOf(pc: number): number {
    return (pc & this.lineMask) | 1;
  }
  /** Leaves if the L1 instruction cache does not hold the line of an instruction. */
  private needLine(item: Item, giveBack: GiveBack): void {
    const { f } = this;
    const tag = this.lineOf(item.pc);
    emitIsLineMissing(f, item.pc, tag);
    const label = f.if();
    if (item.it !== 0) this.b.rememberIt(item.it);
    this.leaveBefore(item.pc, giveBack, this.missed);
    f.end(label);
    f.i32(tag);
    f.set(this.locals.line);
  }
  /** budget -= flashLine(pc), for the first line of a block only if it is another one than before. */
  private touchLine(pc: number, ifOther: boolean): void {
    const { f, locals } = this;
    const line = this.lineOf(pc);
    let label: Label | null = null;
    if (ifOther) {
      f.get(locals.line);
      f.i32(line);
      f.op(0x47);
      label = f.if();
    }
    f.i32(line);
    f.set(locals.line);
    f.i32(pc);
    this.payLine();
    if (label) f.end(label);
  }
  /** budget -= flashLine(address on the stack) */
  payLine(): void {
    const { f, locals } = this;
    f.call(this.flashLine);
    f.set(locals.giveCycles);
    f.get(locals.budget);
    f.get(locals.giveCycles);
    f.op(0x6b);
    f.set(locals.budget);
  }
  /** A read of flash as data: fixed cost, or the cache's. */
  payData(address: Val): void {
    if (this.env.fetch === 1) this.addTo(this.locals.budget, -this.env.waitStates);
    if (this.env.fetch !== 2) return;
    lift(address).emit(this.f);
    this.payLine();
  }
  /** Line that has been paid for when the region is left at `pc`. */
  setLine(pc: number): void {
    if (!this.tracked) return;
    this.f.i32(this.lineOf(pc));
    this.f.set(this.locals.line);
  }
  /** Leaves by a branch to the address in `next`. */
  leaveBranch(item: Item): void {
    this.lastRecord(item.pc);
    const { next } = this.locals;
    this.leaveTo(
      new Expr('i32', (f) => {
        f.get(next);
        f.i32(-2);
        f.op(0x71);
        f.i32(1);
        f.op(0x72);
      }),
    );
  }
  /** Branch table: targets inside the region by comparison, others leave. */
  switch(b: Block, item: Item): void {
    for (const to of b.succ) {
      if (!this.region.tables.get(item.pc)?.includes(to.pc)) continue;
      this.f.get(this.locals.next);
      this.f.i32(to.pc);
      this.f.op(0x46);
      const label = this.f.if();
      this.branch(b, to.pc, item);
      this.f.end(label);
    }
    this.leaveBranch(item);
  }

  /** A call: spill, run the callee's region, and go on if it came back to the return address. */
  call(b: Block, item: Item, target: number): void {
    const { f, locals } = this;
    const back = item.pc + item.ins.size;
    this.lastRecord(item.pc);
    this.spill();
    // depth limit: the host's stack is finite
    f.i32(0);
    f.memory(OP['i32.load'], this.env.cpu + S.REGION_DEPTH);
    f.i32(MAX_DEPTH);
    f.op(0x4e);
    const deep = f.if();
    f.i32(target | 1);
    f.op(OP.return);
    f.end(deep);
    this.depth(1);
    f.i32(0);
    f.i32(target | 1);
    f.memory(OP['i32.store'], this.env.cpu + S.CALL_TARGET);
    f.i32(this.env.slotOf(target));
    f.op(OP.call_indirect);
    f.code.u32(this.type);
    f.code.u32(this.table);
    f.set(locals.next);
    this.depth(-1);
    f.get(locals.next);
    f.i32(back | 1);
    f.op(0x47);
    const elsewhere = f.if();
    f.get(locals.next);
    f.op(OP.return);
    f.end(elsewhere);
    this.reload();
    // behind a call the budget is looked at again
    const next = this.region.byPc.get(back);
    const need = next ? this.worstFrom(next) : 0;
    f.get(locals.budget);
    f.i32(need);
    f.op(0x48);
    const short = f.if();
    this.leaveTo(back);
    f.end(short);
    this.branch(b, back, null);
  }
  private depth(by: number): void {
    const f = this.f;
    f.i32(0);
    f.i32(0);
    f.memory(OP['i32.load'], this.env.cpu + S.REGION_DEPTH);
    f.i32(by);
    f.op(0x6a);
    f.memory(OP['i32.store'], this.env.cpu + S.REGION_DEPTH);
  }
}

export interface GiveBack {
  /** Cycles charged at the block's start for this instruction and what follows it in the block; and for what follows alone. */
  readonly cycles: number;
  readonly after: number;
  /** Instructions counted at the block's start that have not run before this one. */
  readonly instructions: number;
}

/** The builder for instructions of a region: operands are constants, registers and flags are locals. */
class RegionBuilder extends Builder {
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
  begin(block: Block, item: Item, giveBack: GiveBack): void {
    this.block = block;
    this.item = item;
    this.giveBack = giveBack;
  }
  private constant(v: Val): number {
    const c = lift(v).constant;
    if (c === undefined) throw new Error('a register number that is not constant in a region');
    return c;
  }
  private local(n: number): Expr {
    return new Expr('i32', (f) => f.get(n));
  }
  override reg(n: Val): Expr {
    const r = this.constant(n);
    if (r === 15) return lift((this.item.pc + 4) | 0);
    return this.let(this.local(this.locals.regs[r]!));
  }
  override setReg(n: Val, v: Val): void {
    const r = this.constant(n);
    if (r !== 13) {
      lift(v).emit(this.f);
      this.f.set(this.locals.regs[r]!);
      return;
    }
    const value = this.let(this.and(v, ~3));
    if (this.profile.arch === 'v8m') this.leaveIf(this.ltU(value, this.state(S.SPLIM)), EXIT.STACK_LIMIT);
    value.emit(this.f);
    this.f.set(this.locals.regs[13]!);
  }
  override pc(): Expr {
    return lift(this.item.pc);
  }
  override size(): Val {
    return this.item.ins.size;
  }
  private flagLocal(offset: number): number {
    switch (offset) {
      case S.NF:
        return this.locals.nf;
      case S.ZF:
        return this.locals.zf;
      case S.CF:
        return this.locals.cf;
      case S.VF:
        return this.locals.vf;
      default:
        return -1;
    }
  }
  override state(offset: number): Expr {
    const l = this.flagLocal(offset);
    return l >= 0 ? this.let(this.local(l)) : super.state(offset);
  }
  override setState(offset: number, v: Val): void {
    const l = this.flagLocal(offset);
    if (l < 0) {
      super.setState(offset, v);
      return;
    }
    lift(v).emit(this.f);
    this.f.set(l);
  }
  private at(offset: number): Expr {
    return new Expr('i32', (f) => f.i32(offset));
  }
  private fpLoad(n: Val, bytes: number, type: WasmType, code: number): Expr {
    return this.let(
      new Expr(type, (f) => {
        this.at(this.cpu + S.FP + this.constant(n) * bytes).emit(f);
        f.memory(code, 0);
      }),
    );
  }
  private fpStore(n: Val, bytes: number, v: Val, code: number): void {
    this.at(this.cpu + S.FP + this.constant(n) * bytes).emit(this.f);
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
        this.emitter.payData(fixed);
        const value = options?.signed ? (size === 1 ? (literal << 24) >> 24 : (literal << 16) >> 16) : literal;
        return lift(value | 0);
      }
    }
    if (options?.unprivileged) {
      this.leaveBefore();
      return lift(0);
    }
    const a = this.let(address);
    if (this.env.cachedData) return emitCachedLoad(this, this.env.core, a, size, options?.signed ?? false, () => this.leaveBefore());
    const result = this.variable('i32');
    const code = loadOpcode(size, options?.signed);
    const { ram, flash } = this.env;
    const misaligned = (): Expr => this.and(a, size - 1);
    const done = f.block();
    const notRam = f.block();
    // offset = a - ram; if offset >= FAST_RAM or misaligned or never written: not here
    const offset = this.let(this.sub(a, ram.base));
    const outside = this.geU(offset, this.state(S.FAST_RAM));
    (size === 1 ? outside : this.or(outside, misaligned())).emit(f);
    f.brIf(notRam);
    this.shrU(offset, 2).emit(f);
    f.memory(OP['i32.load8_u'], WORD_MAP + (ram.host >>> 2));
    f.op(0x45);
    f.brIf(notRam);
    offset.emit(f);
    f.memory(code, ram.host);
    f.set(result.local);
    f.br(done);
    f.end(notRam);
    if (flash.size > 0) {
      const inFlash = this.let(this.sub(a, flash.base));
      const inside = this.ltU(inFlash, this.state(S.FAST_FLASH));
      this.if(size === 1 ? inside : this.and(inside, this.eqz(misaligned())), () => {
        this.emitter.payData(a);
        inFlash.emit(f);
        f.memory(code, flash.host);
        f.set(result.local);
        f.br(done);
      });
    }
    this.leaveBefore();
    f.end(done);
    return result.get;
  }

  override store(address: Val, size: 1 | 2 | 4, value: Val, options?: LoadOptions): void {
    const f = this.f;
    if (options?.unprivileged) {
      this.leaveBefore();
      return;
    }
    const a = this.let(address);
    const v = this.let(value);
    if (this.env.cachedData) return emitCachedStore(this, this.env.core, a, v, size, () => this.leaveBefore());
    // e = writeTable[a >>> 12]; if !(e & FAST) or misaligned: leave; host = a + (e & ~0xfff)
    const entry = this.let(
      new Expr('i32', (g) => {
        this.shl(this.shrU(a, PAGE_BITS), 2).emit(g);
        g.memory(OP['i32.load'], writeTableOf(this.env.core));
      }),
    );
    const slow = this.eqz(this.and(entry, ENTRY_FAST));
    this.if(size === 1 ? slow : this.or(slow, this.and(a, size - 1)), () => this.leaveBefore());
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
    this.emitter.addTo(this.locals.budget, -this.env.cycles(this.item).taken);
    // the rest of the block does not run
    this.emitter.addTo(this.locals.budget, this.giveBack.after);
    this.emitter.addTo(this.locals.retired, -(this.giveBack.instructions - 1));
    this.emitter.setLine(this.item.pc);
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
      this.emitter.setLine(this.item.pc);
      super.setState(S.PC, this.item.pc);
      this.emitter.leaveTo(-1);
    });
    this.blx(t);
  }
  override blx(target: Val): void {
    const t = this.let(target);
    this.if(this.eqz(this.and(t, 1)), () => super.setState(S.T, 0));
    t.emit(this.f);
    this.f.set(this.locals.next);
    this.taken();
    this.emitter.leaveBranch(this.item);
  }
}
