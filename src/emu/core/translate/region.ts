/**
 * A region: the code that is reached from one entry without leaving the function, as basic blocks with dominators. Only instructions that
 * have been executed (decoded) belong to it, so that data is never taken for code.
 */
import { advanceIt, type Instruction } from '../decode.ts';
import type { Profile } from '../builder.ts';
import { dominates, newBlock, predecessors, type Block, type Item } from './block.ts';
import { flowOf } from './flow.ts';
import { makeReducible } from './reducible.ts';

/** What discovery needs to know of the core. */
export interface CodeSource {
  readonly profile: Profile;
  /** The instruction at `pc` if it has been executed and may be translated, else null. */
  instruction(pc: number): Instruction | null;
  /** What stands at `pc` of a page from which something has been executed, if it could be translated. */
  unexecuted(pc: number): Instruction | null;
  /** Half-word or byte of code memory (branch tables). */
  codeByte(address: number): number;
}

export interface Region {
  readonly entry: number;
  readonly blocks: readonly Block[];
  readonly byPc: ReadonlyMap<number, Block>;
  /** Targets of branch tables by the pc of the table branch. */
  readonly tables: ReadonlyMap<number, readonly number[]>;
  /** Lowest and highest byte of its code. */
  readonly low: number;
  readonly high: number;
}

const MAX_INSTRUCTIONS = 600;

/** Targets of TBB/TBH: entries of the table behind the instruction, as far as it can reach before its nearest target. */
function tableTargets(source: CodeSource, pc: number, half: boolean): number[] {
  const base = pc + 4;
  const targets: number[] = [];
  let limit = base + 512;
  for (let i = 0; base + (half ? 2 * i : i) < limit && i < 256; i++) {
    const at = base + (half ? 2 * i : i);
    const offset = half ? source.codeByte(at) | (source.codeByte(at + 1) << 8) : source.codeByte(at);
    const target = base + 2 * offset;
    if (target <= at) break;
    targets.push(target);
    limit = Math.min(limit, target);
  }
  return [...new Set(targets)];
}

/**
 * Whether all instructions governed by the IT at `pc` may be translated. A region that ended inside an IT block would leave without ITSTATE,
 * and the rest of the block would run unconditionally.
 */
function wholeItBlock(source: CodeSource, pc: number, ins: Instruction): boolean {
  let at = pc + ins.size;
  for (let it = ins.decoded.imm ?? 0; it !== 0; it = advanceIt(it)) {
    const governed = source.instruction(at);
    if (!governed || unpredictableInIt(governed, it, source.profile)) return false;
    at += governed.size;
  }
  return true;
}
/**
 * What is UNPREDICTABLE in an IT block because of its place there; `it` is the ITSTATE that governs it. Such a block is left to the interpreter, which gives each
 * instruction the next ITSTATE whatever it is: the one behind an IT is that of the new block, a branch takes the rest of the block along, condition 0b1111 passes.
 * A region knows none of that: its targets have no ITSTATE.
 */
function unpredictableInIt(ins: Instruction, it: number, profile: Profile): boolean {
  const { timing } = ins.def;
  // DDI 0403 A7.7: IT (IT in an IT block, condition 0b1110 with ELSE), B T1 and T3, CBZ
  if (it >>> 4 === NV || timing === 'it' || timing === 'branch-cond' || timing === 'compare-branch') return true;
  // the same, each branch: what writes the PC has to be the last one
  const { targets, dynamic, call } = flowOf(ins, 0, profile, true);
  return advanceIt(it) !== 0 && (call || dynamic || targets.length > 0);
}
const NV = 0b1111;

/** As many instructions that have not been executed are taken along, where they lead back to code that has. */
const MAX_BRIDGE = 8;
/**
 * A short piece of straight code from `pc` on that nobody has come by yet and that leads back to executed code: an arm of an `if`, which would
 * leave the region each time it is run later. Calls, loads of the PC and what TypeScript executes are no such pieces.
 */
function bridge(source: CodeSource, pc: number): Map<number, Instruction> | null {
  const found = new Map<number, Instruction>();
  for (let at = pc; found.size <= MAX_BRIDGE;) {
    if (source.instruction(at)) return found;
    const ins = source.unexecuted(at);
    if (!ins || ins.def.timing === 'it') return null;
    const flow = flowOf(ins, at, source.profile, false);
    if (flow.call || flow.dynamic || flow.system || !flow.targets.every((t) => source.instruction(t))) return null;
    found.set(at, ins);
    if (!flow.falls) return flow.targets.length > 0 ? found : null;
    at += ins.size;
  }
  return null;
}

/** The code that is reached from an entry: instructions by address, and where blocks have to begin. */
class Walk {
  readonly items = new Map<number, Item>();
  readonly leaders: Set<number>;
  readonly tables = new Map<number, readonly number[]>();
  private readonly source: CodeSource;
  private readonly entry: number;
  private readonly work: number[];
  private bridged = new Map<number, Instruction>();

  constructor(source: CodeSource, entry: number) {
    this.source = source;
    this.entry = entry;
    this.leaders = new Set([entry]);
    this.work = [entry];
    while (this.work.length > 0) this.straight(this.work.pop()!);
  }
  /** From `start` on until nothing follows, or what follows has been met. */
  private straight(start: number): void {
    const { items, source } = this;
    let it = 0;
    // what an IT governs was met without it where bytes behind a branch table were taken for targets
    for (let pc = start; it !== 0 || (!items.has(pc) && items.size < MAX_INSTRUCTIONS);) {
      const ins = this.instruction(pc);
      if (!ins || (ins.def.timing === 'it' && !wholeItBlock(source, pc, ins))) return;
      const item = { pc, ins, flow: flowOf(ins, pc, source.profile, it !== 0), it };
      items.set(pc, item);
      if (ins.def.timing === 'it') it = ins.decoded.imm ?? 0;
      else it = it === 0 ? 0 : advanceIt(it);
      if (this.endsAt(item)) return;
      pc += ins.size;
    }
  }
  private instruction(pc: number): Instruction | null {
    const executed = this.source.instruction(pc);
    if (executed || pc === this.entry) return executed;
    if (!this.bridged.has(pc)) this.bridged = bridge(this.source, pc) ?? this.bridged;
    return this.bridged.get(pc) ?? null;
  }
  /** Notes where an instruction leads; true if nothing goes on behind it. */
  private endsAt({ pc, ins, flow, it }: Item): boolean {
    const next = pc + ins.size;
    if (flow.call) {
      // the callee is another region; execution comes back behind the call
      this.leaders.add(next);
      return false;
    }
    const table = ins.def.timing === 'table-branch';
    const reach = table ? tableTargets(this.source, pc, ins.def.is.has('half-words')) : flow.targets;
    if (table) this.tables.set(pc, reach);
    for (const t of reach) {
      this.leaders.add(t);
      this.work.push(t);
    }
    if (reach.length > 0 || flow.dynamic || flow.system || !flow.falls) this.leaders.add(next);
    return !flow.falls && it === 0;
  }
}

/** Null if the entry itself cannot be translated. */
export function discover(source: CodeSource, entry: number, loopOnly = false): Region | null {
  const walk = new Walk(source, entry);
  if (!walk.items.has(entry)) return null;
  const byPc = blocksOf(walk);
  linkBlocks(byPc, walk.tables);
  if (loopOnly) keepLoop(byPc.get(entry)!, byPc);
  makeReducible(byPc.get(entry)!);
  return analyse(entry, byPc, walk.tables);
}

function blocksOf({ items, leaders }: Walk): Map<number, Block> {
  const byPc = new Map<number, Block>();
  for (const pc of [...leaders].sort((a, b) => a - b)) {
    if (items.get(pc)?.it !== 0) continue;
    const list: Item[] = [];
    let at = pc;
    for (let item = items.get(at); item; item = items.get(at)) {
      list.push(item);
      at += item.ins.size;
      if (!item.flow.falls && item.it === 0) break;
      // a block does not end inside an IT block
      if (leaders.has(at) && !items.get(at)?.it) break;
    }
    byPc.set(pc, newBlock(pc, list, at));
  }
  return byPc;
}
/** Each block gets those that may follow it. */
function linkBlocks(byPc: ReadonlyMap<number, Block>, tables: ReadonlyMap<number, readonly number[]>): void {
  for (const b of byPc.values()) {
    const targets = new Set<number>();
    for (const item of b.items) {
      if (item.flow.call) continue;
      for (const t of tables.get(item.pc) ?? item.flow.targets) targets.add(t);
    }
    const last = b.items[b.items.length - 1]!;
    if (last.flow.falls || last.it !== 0 || last.flow.call) targets.add(b.next);
    for (const t of targets) {
      const to = byPc.get(t);
      if (to) b.succ.push(to);
    }
  }
}

/** Drops what is not in the innermost loop that begins at the entry, if there is one: compilers lay a loop out behind its header. */
function keepLoop(entry: Block, byPc: Map<number, Block>): void {
  const preds = predecessors([...byPc.values()].filter((b) => b.pc >= entry.pc));
  const work = [...(preds.get(entry) ?? [])];
  if (work.length === 0) return;
  const reaches = new Set([entry]);
  for (let b = work.pop(); b; b = work.pop()) {
    if (reaches.has(b)) continue;
    reaches.add(b);
    work.push(...(preds.get(b) ?? []));
  }
  for (const b of [...byPc.values()]) {
    if (!reaches.has(b)) byPc.delete(b.pc);
    else b.succ = b.succ.filter((s) => reaches.has(s));
  }
}

/** Order, dominators, loop headers and merge points of the blocks. */
function analyse(entry: number, byPc: Map<number, Block>, tables: ReadonlyMap<number, readonly number[]>): Region {
  const order = reversePostorder(byPc.get(entry)!);
  order.forEach((b, i) => (b.order = i));
  const preds = predecessors(order);
  findDominators(order, preds);
  for (const b of order) {
    const before = preds.get(b) ?? [];
    b.loopHeader ||= before.some((p) => p.order >= b.order && dominates(b, p));
    b.merge = b.twice || before.filter((p) => p.order < b.order).length > 1;
  }
  findDirty(order);
  const code = order.filter((b) => b.items.length > 0);
  return {
    entry,
    tables,
    blocks: order,
    byPc: new Map(code.map((b) => [b.pc, b])),
    low: Math.min(...code.map((b) => b.pc)),
    high: Math.max(...code.map((b) => b.next)),
  };
}
function reversePostorder(root: Block): Block[] {
  const post: Block[] = [];
  const seen = new Set<Block>([root]);
  const stack: { b: Block; i: number }[] = [{ b: root, i: 0 }];
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const next = top.b.succ[top.i++];
    if (!next) {
      post.push(top.b);
      stack.pop();
    } else if (!seen.has(next)) {
      seen.add(next);
      stack.push({ b: next, i: 0 });
    }
  }
  return post.reverse();
}
/** Cooper, Harvey, Kennedy: A Simple, Fast Dominance Algorithm. */
function findDominators(order: readonly Block[], preds: ReadonlyMap<Block, readonly Block[]>): void {
  order[0]!.dominator = order[0]!;
  for (let changed = true; changed;) {
    changed = false;
    for (const b of order.slice(1)) {
      let best: Block | null = null;
      for (const p of preds.get(b) ?? []) if (p.dominator) best = best ? intersect(p, best) : p;
      if (!best || b.dominator === best) continue;
      b.dominator = best;
      changed = true;
    }
  }
  for (const b of order.slice(1)) b.dominator!.children.push(b);
}

/** What is written on some way from the entry, or from the last call, to a block. At a call everything goes to memory. */
function findDirty(blocks: readonly Block[]): void {
  const after = (b: Block): number => {
    const last = b.items.at(-1);
    if (last?.flow.call && last.it === 0) return 0;
    return b.items.reduce((mask, item) => mask | item.flow.writes, b.dirty);
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const b of blocks) {
      const out = after(b);
      for (const s of b.succ) {
        if ((s.dirty | out) === s.dirty) continue;
        s.dirty |= out;
        changed = true;
      }
    }
  }
}

function intersect(a: Block, b: Block): Block {
  let x = a;
  let y = b;
  while (x !== y) {
    while (x.order > y.order) x = x.dominator!;
    while (y.order > x.order) y = y.dominator!;
  }
  return x;
}
