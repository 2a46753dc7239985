/**
 * From a region to a WebAssembly function. Registers and flags are locals; state is loaded at the entry and spilled where the region is left.
 *
 *   region(depth, pc | 1) → next
 *   entry:     if budget < W(entry): return pc              W = what the way to the next check needs
 *   way in:    loops: if budget < W: spill, return pc; then the block's first line, if it is another one (lines.ts)
 *   block:     budget -= cost; retired += n
 *   access:    outside of fast RAM -> give back what did not run; return pc of the instruction
 *   branch:    to a block of the region: br; elsewhere: spill, return target | 1, or go on in the region that begins there (table[slot], as a tail call)
 *   system:    spill; TypeScript executes it; reload; if budget < W: leave        (masks, stack pointers and reads of special registers; others leave before)
 *   call:      spill what was written; next = table[slot](depth + 1, target); if next != return address | 1: return next; reload; check the budget
 *
 * The value returned is the next pc, | 1 if a branch arrives there; or -1: EXC_RETURN at the branch in PC, its value in EXIT_ARG.
 */
import { DECODED_BASE, fetchTableOf, L1_FILLS, REGION_SLOTS } from '../../arena.ts';
import type { FunctionBody } from '../../wasm/module.ts';
import { ModuleWriter, type Label } from '../../wasm/module.ts';
import { hasTailCalls, OP } from '../../wasm/opcodes.ts';
import type { Expr } from '../builder.ts';
import { hasBranchTargets, lift, type Val } from '../builder.ts';
import { REC, REGION_HERE } from '../interpreter/record-builders.ts';
import { EXIT, S } from '../state.ts';
import { packSystemOp } from '../arm/system-ops.ts';
import { ALL_FLAGS, FLAG_BITS, operandsOf, variantOf, writesRegistersAlone } from './flow.ts';
import { Lines } from './lines.ts';
import { RegionBuilder, type GiveBack, type WaysOut } from './region-builder.ts';
import { routeTo } from './reducible.ts';
import { Costs } from './costs.ts';
import { LEFT, type Left } from './exits.ts';
import { flagLocal, newLocals, type Locals } from './locals.ts';
import { dominates, type Block, type Item } from './block.ts';
import { Slots } from './slots.ts';
import type { Region } from './region.ts';
import type { Surroundings } from './surroundings.ts';

/** Calls of regions within regions: the host's stack is finite. */
const MAX_DEPTH = 64;
/** Instructions that run though a branch skips them. */
const MAX_ARM = 4;
/** Parameters of a region. */
const DEPTH = 0;

/** Type and table of regions, and the function itself. */
interface Callees {
  readonly type: number;
  readonly table: number;
  readonly self: number;
}
/** Instructions of an IT block as values of which one set is taken: condition, last instruction, and what each side writes. */
interface Choice {
  readonly condition: number;
  readonly last: Item;
  readonly then: Map<number, Expr>;
  readonly otherwise: Map<number, Expr>;
  /** Cycles that are given back where a side does not run. */
  readonly saved: readonly [then: number, otherwise: number];
}

/** A block that the branch before it skips, and where both ways go on. */
interface Arm {
  readonly block: Block;
  readonly to: number;
  readonly label: Label;
}

export function emitRegion(region: Region, env: Surroundings): Uint8Array<ArrayBuffer> {
  const writer = new ModuleWriter();
  const table = writer.importTable('regions');
  const helpers = new Map<string, number>();
  helpers.set('flashLine', writer.importFunction('flashLine', ['i32'], 'i32'));
  helpers.set('fillRow', env.fetch === 3 ? writer.importFunction('fillRow', ['i32', 'i32'], 'i32') : -1);
  if (env.cachedCode) helpers.set('readCode', writer.importFunction('readCode', ['i32', 'i32'], 'i32'));
  if (region.blocks.some((b) => b.items.some((item) => item.flow.accesses.length > 0))) {
    if (env.cachedData) helpers.set('readLine', writer.importFunction('readLine', ['i32', 'i32', 'i32'], 'i64'));
    else helpers.set('locate', writer.importFunction('locate', ['i32', 'i32'], 'i64'));
  }
  if (env.counted) helpers.set('left', writer.importFunction('left', ['i32', 'i32'], null));
  // every import costs time at each instantiation: only what is called
  if (hasBranchTargets(env.profile) && region.blocks.some((b) => b.items.some((item) => item.flow.dynamic)))
    helpers.set('predicted', writer.importFunction('predicted', ['i32', 'i32'], 'i32'));
  if (region.blocks.some((b) => b.items.some(isExecutedInside))) helpers.set('system', writer.importFunction('system', ['i32'], null));
  if (region.blocks.some((b) => b.items.some((item) => env.asksDevices(item.pc))))
    helpers.set('device', writer.importFunction('device', ['i32', 'i32'], 'i32'));
  const floats = region.blocks.some((b) => b.items.some((item) => item.ins.def.fp));
  if (floats) for (const [name, h] of Object.entries(env.helpers)) helpers.set(name, writer.importFunction(name, h.params, h.result));
  const type = writer.type(['i32', 'i32'], 'i32');
  const index = writer.declare(['i32', 'i32'], 'i32');
  new RegionEmitter(region, env, writer.body(index), { table, type, self: index }, helpers).emit();
  writer.export('region', index);
  writer.nameFunction(index, `region ${region.entry.toString(16).padStart(8, '0')}`);
  return writer.finish();
}

class RegionEmitter implements WaysOut {
  readonly region: Region;
  readonly env: Surroundings;
  readonly f: FunctionBody;
  readonly locals: Locals;
  readonly b: RegionBuilder;
  private readonly callees: Callees;
  private readonly loops = new Map<Block, Label>();
  private readonly blocks = new Map<Block, Label>();
  readonly costs: Costs;
  /** Function that counts ways out, where somebody wants to know. */
  private readonly left: number | undefined;
  private readonly helpers: ReadonlyMap<string, number>;
  /** Registers and flags (masks of `Flow`) that the region's code mentions. */
  private used = ALL_FLAGS;
  /** What differs from memory now, in front of the instruction that is emitted. */
  private dirty = 0;
  /** Where all ways out lead: see `emit`. */
  private way!: { readonly out: Label; readonly missed: Label; readonly early: Label };
  readonly lines: Lines;
  private readonly slots: Slots;

  constructor(region: Region, env: Surroundings, f: FunctionBody, callees: Callees, helpers: ReadonlyMap<string, number>) {
    this.region = region;
    this.env = env;
    this.f = f;
    this.callees = callees;
    this.costs = new Costs(env);
    this.helpers = helpers;
    this.left = helpers.get('left');
    this.slots = new Slots(region, env);
    this.locals = newLocals(f);
    this.b = new RegionBuilder(f, env, this.locals, helpers, this);
    const imported = (name: string): number => helpers.get(name)!;
    const lineImports = {
      flashLine: imported('flashLine'),
      fillRow: imported('fillRow'),
      readCode: imported('readCode'),
      locate: imported('locate'),
    };
    this.lines = new Lines(this.b, region, env, this.locals, lineImports, {
      leave: (before, item) => {
        if (item.it !== 0) this.b.rememberIt(item.it);
        this.lines.set(before.pc);
        this.leaveBefore(item.pc, this.here, 'line');
      },
      restFrom: (b) => this.costs.budgetFrom(b),
    });
  }

  // ---- state ---------------------------------------------------------------------------------------------------------------------
  private load(offset: number, local: number): void {
    this.b.put(local, this.b.arenaAt(0, this.env.cpu + offset));
  }
  private store(offset: number, local: number): void {
    this.b.putAt(0, this.env.cpu + offset, this.b.local(local));
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
  private count(why: Left, pc: number): void {
    if (this.left === undefined) return;
    this.b.call(this.left, [LEFT.indexOf(why), pc]).emit(this.f);
  }
  /** Leaves behind the writes of the instruction that is emitted. */
  leaveTo(value: Val, why: Left, at: number): void {
    this.count(why, at);
    this.b.put(this.locals.next, value);
    this.b.flags.tell();
    this.f.br(this.way.out);
  }
  /** Leaves in front of an instruction, giving back what the block had charged for it and what follows. */
  leaveBefore(pc: number, g: GiveBack, why: Left): void {
    this.count(why, pc);
    const { b, locals } = this;
    b.put(locals.next, pc);
    b.put(locals.giveCycles, g.cycles);
    b.put(locals.giveInstructions, g.instructions);
    b.flags.tell();
    this.f.br(why === 'line' ? this.way.missed : this.way.early);
  }
  /** The rest of the block does not run: this instruction's line was paid for last. */
  endAt(item: Item, { after, instructions }: GiveBack): void {
    this.addTo(this.locals.budget, after);
    this.addTo(this.locals.retired, 1 - instructions);
    this.lines.set(item.pc);
  }
  /** What the instruction that is emitted may write. */
  private writes = 0;
  addTo(local: number, n: number): void {
    if (n !== 0) this.b.put(local, this.b.add(this.b.local(local), n));
  }

  // ---- structure -------------------------------------------------------------------------------------------------------------------
  emit(): void {
    const { b, f, locals, region } = this;
    for (const { items } of region.blocks) for (const item of items) this.used |= item.flow.reads | item.flow.writes;
    const root = region.blocks[0]!;
    this.door(root);
    this.reload();
    // early: line = line of next      missed: budget += giveCycles; retired -= giveInstructions      out: spill; return next
    this.way = { out: f.block(), missed: f.block(), early: f.block() };
    this.lines.enter(null, root, () => this.leaveTo(root.pc, 'line', root.pc));
    this.tree(root);
    f.op(OP.unreachable);
    f.end(this.way.early);
    this.lines.setTo(locals.next);
    f.end(this.way.missed);
    b.put(locals.budget, b.add(b.local(locals.budget), b.local(locals.giveCycles)));
    b.put(locals.retired, b.sub(b.local(locals.retired), b.local(locals.giveInstructions)));
    f.end(this.way.out);
    b.flags.arrive();
    b.release();
    this.spill(region.blocks.reduce((mask, { items }) => items.reduce((m, item) => m | item.flow.writes, mask), 0));
    if (this.linked) this.followLink();
    b.give(b.local(locals.next));
    f.op(OP.unreachable);
  }
  /** A way out has found a slot. */
  private linked = false;
  /** if link: go on in that region. The host's frames stay as they are, so what it returns goes to whoever called this one. */
  private followLink(): void {
    const { b, f, locals } = this;
    b.if(b.local(locals.link), () => {
      f.get(DEPTH);
      f.get(locals.next);
      b.sub(b.local(locals.link), 1).emit(f);
      f.op(OP.return_call_indirect);
      f.code.u32(this.callees.type);
      f.code.u32(this.callees.table);
    });
  }
  /** What is left to goes on in the region of this slot; its stub where there is none. */
  private link(slot: Val): void {
    if (!hasTailCalls()) return;
    this.linked = true;
    this.b.put(this.locals.link, this.b.add(slot, 1));
  }
  /** if budget < W: return pc. Before anything is loaded: near the end of a budget the interpreter comes by often. */
  private door(root: Block): void {
    const { b } = this;
    const turn = (): void => {
      this.count('budget', root.pc);
      b.give(root.pc);
    };
    b.if(b.ltS(b.arenaAt(0, this.env.cpu + S.BUDGET), this.costs.budgetFrom(root)), turn, undefined, 'not taken');
  }
  /** if budget < needed: leave */
  private ifShort(needed: number, leave: () => void): void {
    const { b, f } = this;
    b.ltS(b.local(this.locals.budget), needed).emit(f);
    const short = f.if(null, 'not taken');
    leave();
    f.end(short);
  }
  /**
   * On the way to a block, or to the dispatcher in front of it. A loop asks here for the budget of a round, before anything of its first line is paid for:
   *   if budget < W: spill; return pc
   * @param returned behind a call: only the local tells which line was paid for last
   */
  private arrive(from: Block, via: Block, to: Block, returned: boolean): void {
    const last = from.items.at(-1)?.pc;
    const leave = (why: Left): void => {
      if (!returned) this.lines.set(last ?? to.pc);
      this.leaveTo(to.pc, why, to.pc);
    };
    const headers = [via, to].filter((b) => b.loopHeader);
    if (headers.length > 0) this.ifShort(Math.max(...headers.map((b) => this.costs.budgetFrom(b))), () => leave('budget'));
    // what leads to a dispatcher has done it
    if (last !== undefined) this.lines.enter(from, to, () => leave('line'), returned);
  }
  /** Leaves at the start of a block whose line has been paid for. */
  private leaveAt(b: Block, why: Left): void {
    this.dirty = b.dirty;
    this.writes = 0;
    if (b.items.length > 0) this.lines.set(b.pc);
    else this.lines.setTo(this.locals.selector);
    this.leaveTo(b.items.length > 0 ? b.pc : this.b.local(this.locals.selector), why, b.pc);
  }
  /** Looks up the slots of a loop in front of it, or leaves: the interpreter runs a round. */
  private lookUpSlots(header: Block): void {
    const slots = this.slots.before(header);
    if (slots.length === 0) return;
    const { f } = this;
    const done = f.block();
    const leave = f.block();
    for (const slot of slots) {
      slot.host = f.newLocal('i32');
      slot.value = f.newLocal('i32');
      this.b.lookUp(slot, leave);
    }
    f.br(done);
    f.end(leave);
    this.leaveAt(header, 'access');
    f.end(done);
  }

  /** Ramsey, "Beyond Relooper" (2022): the dominator tree gives the nesting. */
  private tree(b: Block): void {
    const merges = b.children.filter((c) => c.merge).sort((x, y) => y.order - x.order);
    if (!b.loopHeader) {
      this.within(b, merges);
      return;
    }
    this.lookUpSlots(b);
    const label = this.f.loop();
    this.loops.set(b, label);
    this.b.meet(this.slots.at(b));
    this.within(b, merges);
    this.f.end(label);
    this.loops.delete(b);
    for (const slot of this.slots.before(b)) for (const local of [slot.host, slot.value]) this.f.freeLocal(local);
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
    this.b.meet(this.slots.around(outer));
    this.tree(outer);
  }

  /** Goes on at a target, from inside block `from`. */
  branch(from: Block, pc: number, fromItem: Item | null, returned = false): void {
    const { dirty, writes } = this;
    this.b.afresh(() => this.branchTo(from, pc, fromItem, returned));
    this.dirty = dirty;
    this.writes = writes;
  }
  private branchTo(from: Block, pc: number, fromItem: Item | null, returned: boolean): void {
    const target = this.region.byPc.get(pc);
    if (target && this.branchInside(from, target, returned)) return;
    if (!returned && from.items.length > 0) this.lines.set(from.items.at(-1)!.pc);
    // outside, or into an irreducible loop: the interpreter goes on, or another region
    if (fromItem) this.lastRecord(fromItem.pc);
    if (!target) this.link(this.env.slotOf(pc));
    this.leaveTo(pc | (fromItem ? 1 : 0), 'outside', pc);
  }
  /** False where structured control flow has no way there. */
  private branchInside(from: Block, target: Block, returned: boolean): boolean {
    const to = routeTo(from, target);
    const label = this.labelOf(from, to);
    const first = to.dominator === from && !to.merge && to.order > from.order && !this.emitted.has(to);
    if (!label && !first) return false;
    this.arrive(from, to, target, returned);
    if (to !== target && from.items.length > 0) this.b.put(this.locals.selector, target.pc);
    if (label || to.loopHeader) this.b.flags.tell();
    if (label) this.f.br(label);
    else {
      this.emitted.add(to);
      this.tree(to);
    }
    return true;
  }
  private readonly emitted = new Set<Block>();
  /** Where code of a block is or will be that more than one way leads to. */
  private labelOf(from: Block, to: Block): Label | undefined {
    if (to.order <= from.order) return dominates(to, from) ? this.loops.get(to) : undefined;
    return to.merge ? this.blocks.get(to) : undefined;
  }
  lastRecord(pc: number): void {
    this.b.putAt(0, this.env.cpu + S.LAST_REC, pc | 1);
  }

  /** What leaving before the instruction that is emitted gives back. */
  private here!: GiveBack;
  /** Instructions of a block. `given` keeps what a leave in the middle has to give back. */
  private body(b: Block): void {
    const { locals } = this;
    const items = b.items;
    this.dirty = b.dirty;
    this.b.places.within(this.slots.at(b));
    if (items.length === 0) return this.dispatch(b);
    let choice: Choice | null = null;
    // with all its lines but the first
    let left = this.costs.sum(b) + this.lines.cost(b.pc, items[items.length - 1]!.pc);
    this.addTo(locals.budget, -left);
    this.addTo(locals.retired, items.length);
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!;
      const before = i === 0 ? null : items[i - 1]!;
      if (before) left -= this.lines.cost(before.pc, item.pc);
      const giveBack = { cycles: left, after: left - this.costs.of(item), instructions: items.length - i };
      left = giveBack.after;
      this.writes = 0;
      this.here = giveBack;
      if (before) this.lines.between(b, before, item);
      this.writes = item.flow.writes;
      if (item.ins.def.timing === 'it') choice = this.choiceBehind(items, i);
      const arm = i === items.length - 1 ? this.armBehind(b) : null;
      if (arm) return this.skip(b, item, arm, giveBack);
      const ends = choice ? this.choose(choice, item, b, giveBack) : this.instruction(b, item, giveBack);
      if (choice?.last === item) choice = null;
      if (!choice) this.b.release();
      if (ends) return;
      this.dirty |= item.flow.writes;
      this.writes = 0;
    }
    this.branch(b, b.next, null);
  }

  // ---- IT blocks -------------------------------------------------------------------------------------------------------------------
  /**
   * The instructions behind an IT as a choice between two sets of values, where both sides can be worked out whatever the condition: they write
   * registers and nothing else, and nothing leaves between them.
   */
  private choiceBehind(items: readonly Item[], i: number): Choice | null {
    let last = items[i]!;
    const condition = items[i + 1]!.it >>> 4;
    const saved: [number, number] = [0, 0];
    for (let k = i + 1; k < items.length && items[k]!.it !== 0; k++) {
      const item = items[k]!;
      if (!writesRegistersAlone(item.flow) || (k > i + 1 && !this.lines.quiet(last, item))) return null;
      // one that does not run takes one cycle instead of its cost
      saved[item.it >>> 4 === condition ? 0 : 1] += this.costs.of(item) - 1;
      last = item;
    }
    return { condition, last, then: new Map(), otherwise: new Map(), saved };
  }
  /** One instruction of a choice; behind the last one the registers take what was chosen. */
  private choose(choice: Choice, item: Item, b: Block, giveBack: GiveBack): boolean {
    if (item.it === 0) return false;
    const { ins } = item;
    this.b.begin(b, item, giveBack);
    this.b.onSide(item.it >>> 4 === choice.condition ? choice.then : choice.otherwise, () =>
      ins.def.sem(this.b, operandsOf(ins), variantOf(ins, true)),
    );
    if (item !== choice.last) return false;
    const { condition, then, otherwise, saved } = choice;
    this.b.choose(this.b.condition(condition), then, otherwise);
    if (saved[0] === saved[1]) this.addTo(this.locals.budget, saved[0]);
    else this.b.cycles(this.otherwise(condition, -saved[0], -saved[1]));
    return false;
  }

  // ---- short arms ------------------------------------------------------------------------------------------------------------------
  /**
   * The block that a branch at the end of `b` skips, if it can run as a choice as well: a few instructions that write registers and flags and nothing else, and
   * where both ways meet behind it. A branch that the host guesses wrong costs it more than all of them.
   */
  private armBehind(b: Block): Arm | null {
    const last = b.items.at(-1)!;
    if (last.it !== 0 || last.ins.def.timing !== 'branch-cond') return null;
    const arm = this.region.byPc.get(b.next);
    const to = this.region.byPc.get(last.flow.targets[0]!);
    if (!arm || !to || arm.next !== to.pc || arm.dominator !== b || arm.merge || arm.loopHeader || to.loopHeader) return null;
    const label = this.labelOf(arm, to);
    if (arm.items.length > MAX_ARM || routeTo(b, to) !== to || !label) return null;
    const runs = arm.items.every((item) => item.it === 0 && item.flow.harmless && this.lines.quiet(last, item));
    return runs && this.lines.quiet(last, to.items[0]!) ? { block: arm, to: to.pc, label } : null;
  }
  /** The branch at the end of `b` and what it skips: one set of values or the other. */
  private skip(b: Block, item: Item, { block: arm, to, label }: Arm, giveBack: GiveBack): void {
    const { locals, lines, costs } = this;
    const items = arm.items;
    const last = items.at(-1)!;
    this.b.begin(b, item, giveBack);
    const { cc } = variantOf(item.ins, false) as { cc: number };
    const skips = this.b.comparison(cc);
    const registers = new Map<number, Expr>();
    const flags = this.b.flags.onSide(() => {
      for (const of of items) {
        this.b.begin(arm, of, giveBack);
        this.b.onSide(registers, () => of.ins.def.sem(this.b, operandsOf(of.ins), variantOf(of.ins, false)));
      }
    });
    const skipped = costs.cycles(item).taken + lines.step(item.pc, to);
    const ran = lines.step(item.pc, arm.pc) + costs.sum(arm) + lines.cost(arm.pc, last.pc) + lines.step(last.pc, to);
    // both numbers at once: a condition that V8 needs once is no value that everything waits for
    const spent = this.b.let(this.otherwise(cc, ran | (items.length << 16), skipped));
    this.b.cycles(this.b.and(spent, 0xffff));
    this.b.put(locals.retired, this.b.add(this.b.local(locals.retired), this.b.shrU(spent, 16)));
    this.b.choose(skips, new Map(), registers);
    this.b.flags.choose(skips, flags);
    this.b.release();
    this.f.br(label);
  }

  /** if selector == entry: go there; … else the last entry */
  private dispatch(b: Block): void {
    const { f } = this;
    this.writes = 0;
    for (const to of b.succ.slice(0, -1)) {
      const otherwise = f.block();
      const here = f.block();
      for (const pc of this.entriesOf(to)) {
        this.b.eq(this.b.local(this.locals.selector), pc).emit(f);
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
    const op = ins.def;
    // the instructions of an IT block carry their condition themselves
    if (ins.def.timing === 'it') return false;
    this.b.begin(b, item, giveBack);
    const run = (): void => {
      if (isExecutedInside(item)) return this.system(b, item, giveBack);
      if (op.system) return this.b.leave(EXIT.SYSTEM);
      if (op.fp) this.b.leaveIf(this.b.state(S.FP_TRAP), EXIT.FP_TRAP);
      op.sem(this.b, operandsOf(ins), variantOf(ins, it !== 0));
    };
    if (it === 0) {
      run();
      return op.system || !item.flow.falls;
    }
    // one cycle when the condition fails, the static cost when it passes
    this.b.if(this.b.condition(it >>> 4), run, () => this.addTo(this.locals.budget, this.costs.of(item) - 1));
    return false;
  }
  /**
   * A value for when a condition fails, or another. The comparison is not the one that the registers were chosen by: V8 would take the two for one
   * with two uses, and then makes a value of it that everything waits for.
   */
  private otherwise(condition: number, fails: number, holds: number): Expr {
    const { b } = this;
    if (condition >>> 1 !== 0) return b.select(b.condition(condition ^ 1), fails, holds);
    const isZero = b.ltU(b.state(S.ZF), 1);
    return condition === 0 ? b.select(isZero, holds, fails) : b.select(isZero, fails, holds);
  }
  /** Leaves by a branch to the address in `next`. Whoever called has kept a place for a return; elsewhere the region that begins there goes on. */
  leaveBranch(item: Item): void {
    this.lastRecord(item.pc);
    const { next } = this.locals;
    if (isLinked(item) && hasTailCalls()) {
      const { b, f } = this;
      const target = b.local(next);
      const none = f.block();
      if (interworks(item)) {
        b.eqz(b.and(target, 1)).emit(f);
        f.brIf(none);
      }
      this.link(this.slotAt(b.and(target, ~1), none));
      f.end(none);
    }
    this.leaveTo(this.arriving(this.b.local(next)), 'register', item.pc);
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
    // by address: the way to one may lead over a dispatcher
    const targets = known.filter((pc) => this.region.byPc.has(pc));
    if (targets.length === 0) {
      this.leaveBranch(item);
      return;
    }
    const lowest = Math.min(...targets);
    const labels = targets.map(() => f.block());
    const elsewhere = f.block();
    this.b.shrU(this.b.sub(this.b.local(this.locals.next), lowest), 1).emit(f);
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
  /** A system instruction that TypeScript executes without leaving: an interrupt that may be taken now ends the budget. */
  private system(b: Block, item: Item, giveBack: GiveBack): void {
    this.endAt(item, giveBack);
    this.b.flags.settle();
    this.spill(this.dirty | this.writes);
    this.b.putAt(0, this.env.cpu + S.PC, item.pc);
    this.b.call(this.helpers.get('system')!, [packSystemOp(item.ins.def.name, item.ins.decoded)]).emit(this.f);
    this.goOn(b, item.pc + item.ins.size, false);
  }
  /** Behind what ran outside: everything is in memory, and the budget is looked at again. */
  private goOn(b: Block, pc: number, returned: boolean): void {
    const { dirty, writes } = this;
    this.reload();
    this.b.returned();
    const next = this.region.byPc.get(pc);
    this.ifShort(next ? this.costs.budgetFrom(next) : 0, () => {
      this.dirty = 0;
      this.writes = 0;
      this.leaveTo(pc, 'budget', pc);
    });
    this.branch(b, pc, null, returned);
    this.dirty = dirty;
    this.writes = writes;
  }
  /** A call: spill, run the callee's region, and go on if it came back to the return address. */
  call(b: Block, item: Item, target: number | Expr): void {
    const { f, locals } = this;
    const back = item.pc + item.ins.size;
    const callee = typeof target === 'number' ? lift(target | 1) : target;
    this.lastRecord(item.pc);
    const { flags, places } = this.b;
    const { now } = flags;
    const { state } = places;
    flags.settle();
    this.spill(this.dirty | this.writes);
    const direct = f.block();
    const elsewhere = f.block();
    this.b.geS(this.b.local(DEPTH), MAX_DEPTH).emit(f);
    f.brIf(elsewhere, 'not taken');
    // nothing is dropped while a region runs: a function that calls itself needs no table
    const recursive = target === this.region.entry;
    const slot = recursive ? null : typeof target === 'number' ? lift(this.env.slotOf(target)) : this.slotAt(target, elsewhere);
    f.br(direct);
    f.end(elsewhere);
    this.count('call', item.pc);
    this.b.give(typeof target === 'number' ? callee : this.arriving(callee));
    f.end(direct);
    const reads = this.env.cachedCode ? this.b.let(this.b.arenaAt(0, L1_FILLS.CODE_READS)) : null;
    this.b.add(this.b.local(DEPTH), 1).emit(f);
    callee.emit(f);
    if (slot) {
      slot.emit(f);
      f.op(OP.call_indirect);
      f.code.u32(this.callees.type);
      f.code.u32(this.callees.table);
    } else f.call(this.callees.self);
    f.set(locals.next);
    const unwound = this.b.ne(this.b.local(locals.next), back | 1);
    // lines that the callee has read may have taken the place of those that this region counts on (held-lines.ts)
    (reads ? this.b.or(unwound, this.b.ne(reads, this.b.arenaAt(0, L1_FILLS.CODE_READS))) : unwound).emit(f);
    const other = f.if(null, 'not taken');
    this.count('unwound', item.pc);
    this.b.give(this.b.local(locals.next));
    f.end(other);
    this.goOn(b, back, true);
    flags.now = now;
    places.state = state;
  }
}

const isExecutedInside = ({ ins, it }: Item): boolean => it === 0 && ins.def.inside(ins.decoded);

/** Branches to an address in a register or from memory that are no returns: by a table, to a handler, to a function as the last act of another one. */
const isLinked = ({ ins }: Item): boolean => ins.def.returns?.(ins.decoded) === false;
/** These take the instruction set from bit 0: without it INVSTATE follows. */
const interworks = ({ ins }: Item): boolean => ins.def.is.has('interworks');
