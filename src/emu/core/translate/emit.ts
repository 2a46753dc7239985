/**
 * From a region to a WebAssembly function. Registers and flags are locals; state is loaded at the entry and spilled where the region is left.
 *
 *   region(depth, pc | 1) → next
 *   entry:     if budget < W(entry): return pc              W = worst cycles to the next check
 *   block:     budget -= cost; retired += n; flash line: if line != first: budget -= wait states
 *   access:    outside of fast RAM -> give back what did not run; return pc of the instruction
 *   branch:    to a block of the region: br; elsewhere: spill, return target | 1
 *   call:      spill what was written; next = table[slot](depth + 1, target); if next != return address | 1: return next; reload; check the budget
 *
 * The value returned is the next pc, | 1 if a branch arrives there; or -1: EXC_RETURN at the branch in PC, its value in EXIT_ARG.
 */
import { DECODED_BASE, fetchTableOf, REGION_SLOTS } from '../../arena.ts';
import type { FunctionBody } from '../../wasm/module.ts';
import { ModuleWriter, type Label } from '../../wasm/module.ts';
import { OP } from '../../wasm/opcodes.ts';
import { Expr, lift, type Val } from '../builder.ts';
import { OPS } from '../rows.ts';
import { REC, REGION_HERE } from '../record-builders.ts';
import { EXIT, S } from '../state.ts';
import { ALL_FLAGS, FLAG_BITS, operandsOf, variantOf } from './flow.ts';
import { Lines } from './lines.ts';
import { RegionBuilder, type GiveBack } from './region-builder.ts';
import { routeTo } from './reducible.ts';
import { dominates, type Block, type Item } from './block.ts';
import type { Region } from './region.ts';
import type { StaticCycles } from '../timing.ts';
import type { Surroundings } from './surroundings.ts';

/** Extra cycles that an instruction with operand-dependent time can take. */
const DYNAMIC = 16;
/** Calls of regions within regions: the host's stack is finite. */
const MAX_DEPTH = 64;
/** Parameters of a region. */
const DEPTH = 0;
/** Ways out that spill different sets of registers; a set that has none of its own takes a larger one. */
const WAYS_OUT = 8;

export interface Locals {
  readonly regs: readonly number[];
  readonly nf: number;
  readonly zf: number;
  readonly cf: number;
  readonly vf: number;
  readonly budget: number;
  readonly retired: number;
  readonly line: number;
  /** Number of the last use of a row of the flash cache. */
  readonly touches: number;
  /** Where the region is left to, and what is given back of cycles and instructions when it is left in the middle of a block. */
  readonly next: number;
  readonly giveCycles: number;
  readonly giveInstructions: number;
  /** Operands of the last compare, see `RegionBuilder.compared`. */
  readonly comparedA: number;
  readonly comparedB: number;
  /** Where a dispatcher goes on: the pc of one of its entries. */
  readonly selector: number;
}

export function emitRegion(region: Region, env: Surroundings): Uint8Array<ArrayBuffer> {
  const writer = new ModuleWriter();
  const table = writer.importTable('regions');
  const helpers = new Map<string, number>();
  helpers.set('flashLine', writer.importFunction('flashLine', ['i32'], 'i32'));
  // only floating point calls helpers, and every import costs time at each instantiation
  const floats = region.blocks.some((b) => b.items.some((item) => OPS.get(item.ins.decoded.op)!.fp));
  if (floats) for (const [name, h] of Object.entries(env.helpers)) helpers.set(name, writer.importFunction(name, h.params, h.result));
  const type = writer.type(['i32', 'i32'], 'i32');
  const index = writer.declare(['i32', 'i32'], 'i32');
  new RegionEmitter(region, env, writer.body(index), table, type, helpers).emit();
  writer.export('region', index);
  writer.nameFunction(index, `region ${region.entry.toString(16).padStart(8, '0')}`);
  return writer.finish();
}

export class RegionEmitter {
  readonly region: Region;
  readonly env: Surroundings;
  readonly f: FunctionBody;
  readonly locals: Locals;
  readonly b: RegionBuilder;
  private readonly table: number;
  private readonly type: number;
  private readonly loops = new Map<Block, Label>();
  private readonly blocks = new Map<Block, Label>();
  private readonly worst = new Map<Block, number>();
  /** Registers and flags (masks of `Flow`) that the region's code mentions. */
  private used = ALL_FLAGS;
  /** What differs from memory now, in front of the instruction that is emitted. */
  private dirty = 0;
  private readonly exits: { readonly mask: number; readonly out: Label; readonly missed: Label; readonly early: Label }[] = [];
  readonly lines: Lines;

  constructor(region: Region, env: Surroundings, f: FunctionBody, table: number, type: number, helpers: ReadonlyMap<string, number>) {
    this.region = region;
    this.env = env;
    this.f = f;
    this.table = table;
    this.type = type;
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
      touches: i32(),
      next: i32(),
      giveCycles: i32(),
      giveInstructions: i32(),
      comparedA: i32(),
      comparedB: i32(),
      selector: i32(),
    };
    this.b = new RegionBuilder(f, env, this.locals, helpers, this);
    this.lines = new Lines(this.b, region, env, this.locals, helpers.get('flashLine')!, (item) => {
      if (item.it !== 0) this.b.rememberIt(item.it);
      this.leaveBefore(item.pc, this.here, true);
    });
  }

  // ---- costs ---------------------------------------------------------------------------------------------------------------------
  private readonly known = new Map<Item, StaticCycles>();
  /** Static cycles of an instruction; worked out once, for they hang on the code around it. */
  cyclesOf(item: Item): StaticCycles {
    let cycles = this.known.get(item);
    if (!cycles) this.known.set(item, (cycles = this.env.cycles(item)));
    return cycles;
  }
  private itemCost(item: Item): number {
    return this.cyclesOf(item).cost;
  }
  /** Cost of a block with all its lines but the first. */
  private blockCost(b: Block): number {
    let sum = 0;
    for (const item of b.items) sum += this.itemCost(item);
    return sum + this.lines.cost(b.pc, b.items[b.items.length - 1]!.pc);
  }
  /** Worst cycles from the start of a block to the next check (loop header, behind a call, or the end). */
  private worstFrom(b: Block): number {
    const known = this.worst.get(b);
    if (known !== undefined) return known;
    let sum = this.env.waitStates;
    for (const item of b.items) {
      const c = this.cyclesOf(item);
      const { timing } = OPS.get(item.ins.decoded.op)!;
      // its line, and up to two words of flash that it loads
      const lines = timing === 'load-double' || timing === 'fp-load' ? 3 : 2;
      sum += c.cost + c.taken + DYNAMIC / 4 + lines * this.env.waitStates;
      if (timing === 'div') sum += DYNAMIC;
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
  /** Registers and flags of a mask, by offset in the state and local. */
  private each(mask: number, action: (offset: number, local: number) => void): void {
    const l = this.locals;
    for (let r = 0; r < 15; r++) if ((mask >>> r) & 1) action(S.R + 4 * r, l.regs[r]!);
    for (const [offset, bit] of FLAG_BITS) if (mask & bit) action(offset, flagLocal(l, offset));
  }
  private reload(): void {
    const l = this.locals;
    this.each(this.used, (offset, local) => this.load(offset, local));
    this.load(S.BUDGET, l.budget);
    this.load(S.RETIRED, l.retired);
    for (const [offset, local] of this.lines.state()) this.load(offset, local);
  }
  private spill(mask: number): void {
    const l = this.locals;
    this.each(mask, (offset, local) => this.store(offset, local));
    this.store(S.BUDGET, l.budget);
    this.store(S.RETIRED, l.retired);
    for (const [offset, local] of this.lines.state()) this.store(offset, local);
  }
  /** The smallest way out that spills all of a mask. */
  private wayOut(mask: number): { readonly out: Label; readonly missed: Label; readonly early: Label } {
    return this.exits.find((e) => (e.mask & mask) === mask)!;
  }
  /** Leaves behind the writes of the instruction that is emitted. */
  leaveTo(value: Val): void {
    lift(value).emit(this.f);
    this.f.set(this.locals.next);
    this.f.br(this.wayOut(this.dirty | this.writes).out);
  }
  /** Leaves in front of an instruction, giving back what the block had charged for it and what follows. */
  leaveBefore(pc: number, g: GiveBack, missed = false): void {
    const { f, locals } = this;
    f.i32(pc);
    f.set(locals.next);
    f.i32(g.cycles);
    f.set(locals.giveCycles);
    f.i32(g.instructions);
    f.set(locals.giveInstructions);
    const way = this.wayOut(this.dirty);
    f.br(missed ? way.missed : way.early);
  }
  /** What the instruction that is emitted may write. */
  private writes = 0;
  addTo(local: number, n: number): void {
    if (n === 0) return;
    this.f.get(local);
    this.f.i32(n);
    this.f.op(0x6a);
    this.f.set(local);
  }

  // ---- structure -------------------------------------------------------------------------------------------------------------------
  emit(): void {
    const { f, locals, region } = this;
    for (const b of region.blocks) for (const item of b.items) this.used |= item.flow.reads | item.flow.writes;
    const root = region.blocks[0]!;
    this.reload();
    // early: line = line of next      missed: budget += giveCycles; retired -= giveInstructions      out: spill; return next
    const masks = this.masksOut();
    for (const mask of masks) this.exits.push({ mask, out: f.block(), missed: f.block(), early: f.block() });
    if (!root.loopHeader) this.check(root);
    this.tree(root);
    f.op(OP.unreachable);
    for (const { mask, out, missed, early } of this.exits.toReversed()) {
      f.end(early);
      this.lines.setTo(locals.next);
      f.end(missed);
      f.get(locals.budget);
      f.get(locals.giveCycles);
      f.op(0x6a);
      f.set(locals.budget);
      f.get(locals.retired);
      f.get(locals.giveInstructions);
      f.op(0x6b);
      f.set(locals.retired);
      f.end(out);
      this.spill(mask);
      f.get(locals.next);
      f.op(OP.return);
    }
    f.op(OP.unreachable);
  }
  /** What is dirty at the ways out: the sets met most often and the whole, smaller ones first. */
  private masksOut(): number[] {
    const met = new Map<number, number>();
    let whole = 0;
    for (const b of this.region.blocks) {
      let mask = b.dirty;
      for (const item of b.items) {
        met.set(mask, (met.get(mask) ?? 0) + 1);
        mask |= item.flow.writes;
      }
      met.set(mask, (met.get(mask) ?? 0) + 1);
      whole |= mask;
    }
    met.delete(whole);
    const often = [...met].sort((a, b) => b[1] - a[1]).slice(0, WAYS_OUT - 1);
    return [...often.map(([mask]) => mask), whole].sort((a, b) => bitCount(a) - bitCount(b));
  }

  /** if budget < W: spill; return pc */
  private check(b: Block): void {
    const f = this.f;
    f.get(this.locals.budget);
    f.i32(this.worstFrom(b));
    f.op(0x48);
    const label = f.if();
    this.dirty = b.dirty;
    this.writes = 0;
    this.leaveTo(b.items.length > 0 ? b.pc : new Expr('i32', (g) => g.get(this.locals.selector)));
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
    const { dirty, writes } = this;
    this.branchTo(from, pc, fromItem);
    this.dirty = dirty;
    this.writes = writes;
  }
  private branchTo(from: Block, pc: number, fromItem: Item | null): void {
    const target = this.region.byPc.get(pc);
    if (target) {
      const to = routeTo(from, target);
      if (to !== target && from.items.length > 0) {
        this.f.i32(pc);
        this.f.set(this.locals.selector);
      }
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
        const { compared } = this.b;
        this.inherited = to.loopHeader ? null : compared;
        this.tree(to);
        this.b.compared = compared;
        return;
      }
    }
    // outside, or into an irreducible loop: the interpreter goes on, or another region
    if (fromItem) this.lastRecord(fromItem.pc);
    this.leaveTo(pc | (fromItem ? 1 : 0));
  }
  private readonly emitted = new Set<Block>();
  /** What the only predecessor of the block that is emitted next has compared. */
  private inherited: RegionBuilder['compared'] = null;
  lastRecord(pc: number): void {
    this.f.i32(0);
    this.f.i32(this.env.recordOf(pc));
    this.f.memory(OP['i32.store'], this.env.cpu + S.LAST_REC);
  }

  /** What leaving before the instruction that is emitted gives back. */
  private here!: GiveBack;
  /** Instructions of a block. `given` keeps what a leave in the middle has to give back. */
  private body(b: Block): void {
    const { locals } = this;
    const items = b.items;
    this.dirty = b.dirty;
    this.b.compared = this.inherited;
    this.inherited = null;
    if (items.length === 0) return this.dispatch(b);
    this.lines.startBlock(b);
    let left = this.blockCost(b);
    this.addTo(locals.budget, -left);
    this.addTo(locals.retired, items.length);
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!;
      const before = i === 0 ? null : items[i - 1]!;
      if (before) left -= this.lines.cost(before.pc, item.pc);
      const giveBack = { cycles: left, after: left - this.itemCost(item), instructions: items.length - i };
      left = giveBack.after;
      this.writes = 0;
      this.here = giveBack;
      this.lines.startItem(b, i);
      this.writes = item.flow.writes;
      const ends = this.instruction(b, item, giveBack);
      this.b.release();
      if (ends) return;
      this.dirty |= item.flow.writes;
      this.writes = 0;
    }
    this.branch(b, b.next, null);
  }

  /** if selector == entry: go there; … else the last entry */
  private dispatch(b: Block): void {
    const { f } = this;
    this.writes = 0;
    for (const to of b.succ.slice(0, -1)) {
      const otherwise = f.block();
      const here = f.block();
      for (const pc of this.entriesOf(to)) {
        f.get(this.locals.selector);
        f.i32(pc);
        f.op(0x46);
        f.brIf(here);
      }
      f.br(otherwise);
      f.end(here);
      this.branch(b, this.entriesOf(to)[0]!, null);
      f.end(otherwise);
    }
    this.branch(b, this.entriesOf(b.succ[b.succ.length - 1]!)[0]!, null);
  }
  /** The block itself, or those with instructions that a dispatcher leads to, directly or by another one. */
  private entriesOf(b: Block): number[] {
    return b.items.length > 0 ? [b.pc] : b.succ.flatMap((s) => this.entriesOf(s));
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
    if (failed === 0 && item.flow.registersOnly) {
      // no branch: the value written is the new one or the old one
      this.b.onlyIf(this.b.condition(it >>> 4), run);
      return false;
    }
    this.b.if(this.b.condition(it >>> 4), run, () => this.addTo(this.locals.budget, failed));
    return false;
  }
  /** Leaves by a branch to the address in `next`. */
  leaveBranch(item: Item): void {
    this.lastRecord(item.pc);
    const { next } = this.locals;
    this.leaveTo(this.arriving(new Expr('i32', (f) => f.get(next))));
  }
  /** address & ~1 | 1; but 0xFFFFFFFE without the 1, because -1 means EXC_RETURN. Nothing can be fetched there. */
  private arriving(address: Expr): Expr {
    const { b } = this;
    return b.or(b.and(address, -2), b.ltU(address, 0xffff_fffe));
  }
  /**
   * A branch to the address in `next`. Targets of a branch table that lie in the region are reached by a table over its span:
   *   switch ((next - lowest) >>> 1) { … } others leave
   */
  switch(b: Block, item: Item): void {
    const { f } = this;
    const known = this.region.tables.get(item.pc) ?? [];
    const targets = b.succ.map((to) => to.pc).filter((pc) => known.includes(pc));
    if (targets.length === 0) {
      this.leaveBranch(item);
      return;
    }
    const lowest = Math.min(...targets);
    const labels = targets.map(() => f.block());
    const elsewhere = f.block();
    f.get(this.locals.next);
    f.i32(lowest);
    f.op(0x6b);
    f.i32(1);
    f.op(0x76);
    const span = (Math.max(...targets) - lowest) / 2 + 1;
    f.brTable(
      Array.from({ length: span }, (_, i) => labels[targets.indexOf(lowest + 2 * i)] ?? elsewhere),
      elsewhere,
    );
    f.end(elsewhere);
    this.leaveBranch(item);
    for (let i = targets.length - 1; i >= 0; i--) {
      f.end(labels[i]!);
      this.branch(b, targets[i]!, item);
    }
  }

  /**
   * Slot of the region that begins at an address, or a branch to `none`:
   *   e = fetchTable[pc >>> 12]; rec = (e & ~0xfff) + (pc & 0xffe) * 8; if e == 0 or rec.FLAGS != REGION_HERE: none
   */
  private slotAt(target: Expr, none: Label): Expr {
    const { f, b } = this;
    const entry = b.pageEntry(target, fetchTableOf(this.env.core));
    b.eqz(entry).emit(f);
    f.brIf(none);
    const record = b.let(b.add(b.and(entry, ~0xfff), b.shl(b.and(target, 0xffe), 3)));
    b.ne(b.arenaAt(record, REC.FLAGS, 1), REGION_HERE).emit(f);
    f.brIf(none);
    return b.let(b.arenaAt(b.shrU(b.sub(record, DECODED_BASE), 3), REGION_SLOTS, 2));
  }
  /** A call: spill, run the callee's region, and go on if it came back to the return address. */
  call(b: Block, item: Item, target: number | Expr): void {
    const { f, locals } = this;
    const back = item.pc + item.ins.size;
    const callee = typeof target === 'number' ? lift(target | 1) : target;
    this.lastRecord(item.pc);
    const { dirty, writes } = this;
    this.spill(dirty | writes);
    const direct = f.block();
    const elsewhere = f.block();
    f.get(DEPTH);
    f.i32(MAX_DEPTH);
    f.op(0x4e);
    f.brIf(elsewhere);
    const slot = typeof target === 'number' ? lift(this.env.slotOf(target)) : this.slotAt(target, elsewhere);
    f.br(direct);
    f.end(elsewhere);
    (typeof target === 'number' ? callee : this.arriving(callee)).emit(f);
    f.op(OP.return);
    f.end(direct);
    f.get(DEPTH);
    f.i32(1);
    f.op(0x6a);
    callee.emit(f);
    slot.emit(f);
    f.op(OP.call_indirect);
    f.code.u32(this.type);
    f.code.u32(this.table);
    f.set(locals.next);
    f.get(locals.next);
    f.i32(back | 1);
    f.op(0x47);
    const other = f.if();
    f.get(locals.next);
    f.op(OP.return);
    f.end(other);
    this.reload();
    this.b.compared = null;
    // behind a call the budget is looked at again
    const next = this.region.byPc.get(back);
    const need = next ? this.worstFrom(next) : 0;
    f.get(locals.budget);
    f.i32(need);
    f.op(0x48);
    const short = f.if();
    this.dirty = 0;
    this.writes = 0;
    this.leaveTo(back);
    f.end(short);
    this.branch(b, back, null);
    this.dirty = dirty;
    this.writes = writes;
  }
}

const bitCount = (mask: number): number => {
  let n = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) n++;
  return n;
};
/** The local of a flag, by its offset in the state; -1 if that is no flag. */
export function flagLocal(l: Locals, offset: number): number {
  switch (offset) {
    case S.NF:
      return l.nf;
    case S.ZF:
      return l.zf;
    case S.CF:
      return l.cf;
    case S.VF:
      return l.vf;
    default:
      return -1;
  }
}
