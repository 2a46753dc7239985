/** The builder for instructions of a region: operands are constants, registers and flags are locals. */
import { PAGE_SIZE, readTableOf, WORD_MAP, writeTableOf } from '../../arena.ts';
import type { Expected, FunctionBody, Label } from '../../wasm/module.ts';
import { loadOpcode, OP, storeOpcode, type WasmType } from '../../wasm/opcodes.ts';
import { isUnexpected } from '../caches/branch-targets.ts';
import { LINE_WRITE } from '../caches/l1-cache.ts';
import { Builder, Expr, hasBranchTargets, lift, type LoadOptions, type Val } from '../builder.ts';
import { beyondEnd, ENTRY_DELTA, ENTRY_FAST, ENTRY_PART } from '../interpreter/record-builders.ts';
import { EXIT, S } from '../state.ts';
import type { Costs } from './costs.ts';
import { Flags } from './flags.ts';
import { ALL_FLAGS, FLAG_BITS, registerOf } from './flow.ts';
import { type CachedAccess, emitCachedLoad, emitCachedStore } from './l1-access.ts';
import type { Left } from './exits.ts';
import type { Lines } from './lines.ts';
import type { Locals } from './locals.ts';
import { displaced, Placed, Places, type Origin, type Slot } from './places.ts';
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

/** Where an instruction goes when it does not simply go on: the emitter of the region answers. */
export interface WaysOut {
  readonly lines: Pick<Lines, 'payData' | 'locate' | 'tellHits'>;
  readonly costs: Pick<Costs, 'cycles' | 'budgetFrom'>;
  /** Leaves in front of an instruction, giving back what the block had charged for it and what follows. */
  leaveBefore(pc: number, g: GiveBack, why: Left): void;
  /** Leaves behind the writes of the instruction that is emitted. */
  leaveTo(value: Val, why: Left, at: number): void;
  /** Leaves by a branch to the address in `next`. */
  leaveBranch(item: Item): void;
  /** The rest of the block does not run: this instruction's line was paid for last. */
  endAt(item: Item, g: GiveBack): void;
  addTo(local: number, n: number): void;
  branch(from: Block, pc: number, fromItem: Item | null): void;
  switch(b: Block, item: Item): void;
  call(b: Block, item: Item, target: number | Expr): void;
}

export class RegionBuilder extends Builder {
  private readonly env: Surroundings;
  private readonly locals: Locals;
  private readonly helpers: ReadonlyMap<string, number>;
  private readonly emitter: WaysOut;
  private block!: Block;
  private item!: Item;
  private giveBack!: GiveBack;

  constructor(f: FunctionBody, env: Surroundings, locals: Locals, helpers: ReadonlyMap<string, number>, emitter: WaysOut) {
    super(f, env.profile, env.cpu);
    this.env = env;
    this.locals = locals;
    this.helpers = helpers;
    this.emitter = emitter;
    this.flags = new Flags(this, locals);
    this.places = new Places();
  }
  /** Registers as one side of a choice sees them. */
  private side: Map<number, Expr> | null = null;
  /** Runs code that only writes registers other than SP, as one of the `sides` of a choice: it sees what that side has written, and nothing changes. */
  onSide(side: Map<number, Expr>, run: () => void): void {
    this.side = side;
    run();
    this.side = null;
  }
  /** Takes what one side has written: one select for each register, so that a value waits for one choice however many instructions made it. */
  choose(condition: Expr, then: ReadonlyMap<number, Expr>, otherwise: ReadonlyMap<number, Expr>): void {
    for (const r of new Set([...then.keys(), ...otherwise.keys()])) {
      const old = this.local(this.locals.regs[r]!);
      this.select(condition, then.get(r) ?? old, otherwise.get(r) ?? old).emit(this.f);
      this.f.set(this.locals.regs[r]!);
      this.places.write(r, null, true);
    }
  }
  begin(block: Block, item: Item, giveBack: GiveBack): void {
    this.block = block;
    this.item = item;
    this.giveBack = giveBack;
    this.emitting = true;
  }
  /** An instruction is emitted, not what stands between two. */
  private emitting = false;
  override release(): void {
    this.emitting = false;
    super.release();
  }
  override reg(n: Val): Expr {
    const r = registerOf(n);
    if (r === 15) return lift((this.item.pc + 4) | 0);
    const seen = this.side?.get(r);
    if (seen) return seen;
    return new Placed(this.let(this.local(this.locals.regs[r]!)), this.places.ofRegister(r));
  }
  override let(v: Val): Expr {
    const kept = super.let(v);
    return v instanceof Placed ? new Placed(kept, v.origin) : kept;
  }
  override add(a: Val, b: Val): Expr {
    return displaced(a, b, 1, super.add(a, b));
  }
  override sub(a: Val, b: Val): Expr {
    return displaced(a, b, -1, super.sub(a, b));
  }
  override setReg(n: Val, v: Val): void {
    const r = registerOf(n);
    if (this.side) {
      this.side.set(r, this.let(v));
      return;
    }
    const placed = lift(v);
    const always = this.nested === 0;
    if (r !== 13) {
      placed.emit(this.f);
      this.f.set(this.locals.regs[r]!);
      this.places.write(r, placed, always);
      return;
    }
    const multiple = placed instanceof Placed && placed.origin.aligned && (placed.origin.offset & 3) === 0;
    const value = this.let(multiple ? placed : this.and(v, ~3));
    if (this.profile.arch === 'v8m') this.leaveIf(this.ltU(value, this.state(S.SPLIM)), EXIT.STACK_LIMIT);
    value.emit(this.f);
    this.f.set(this.locals.regs[13]!);
    this.places.write(13, value, always);
  }
  readonly flags: Flags;
  readonly places: Places;
  private nested = 0;
  override if(cond: Val, then: () => void, otherwise?: () => void, way?: Expected): void {
    // the condition first: settling changes what it may look at
    const fixed = lift(cond).constant !== undefined;
    const c = !fixed && this.writesFlags() ? this.let(cond) : cond;
    // on one way only they would be known differently behind it
    if (!fixed && this.nested === 0 && this.writesFlags()) this.flags.settle();
    this.nested++;
    super.if(c, then, otherwise, way);
    this.nested--;
  }
  private writesFlags(): boolean {
    return this.emitting && (this.item.flow.writes & ALL_FLAGS) !== 0;
  }
  /** Runs what emits code for another place, whatever surrounds the branch to it; flags are known as before when it is done. */
  afresh(run: () => void): void {
    const { nested, places } = this;
    const { now } = this.flags;
    const { state } = places;
    this.nested = 0;
    run();
    this.nested = nested;
    this.flags.now = now;
    places.state = state;
  }
  /** Several ways lead to what is emitted next. */
  meet(slots: readonly Slot[]): void {
    this.flags.now = this.flags.unknown;
    this.places.forget(slots);
  }
  /** What is emitted next runs behind a call. */
  returned(): void {
    this.flags.now = this.flags.plain;
    this.places.forget([]);
  }
  /** The origin of an address, where knowing it is of use. */
  private originOf(a: Val): Origin | null {
    return a instanceof Placed && !this.env.cachedData ? a.origin : null;
  }
  override addWithCarry(x: Val, y: Val, carry: Val, setFlags: boolean, write?: (result: Expr) => void): Expr {
    // adding n is subtracting -n, carry and overflow included, but for 0 and the number that has no negative
    const n = lift(y).constant;
    if (setFlags && lift(carry).constant === 0 && n !== undefined && n << 1 !== 0) return this.subtract(x, -n | 0, true, write);
    return super.addWithCarry(x, y, carry, setFlags, write);
  }
  override subtract(x: Val, y: Val, setFlags: boolean, write?: (result: Expr) => void): Expr {
    if (!setFlags || this.nested > 0) return super.subtract(x, y, setFlags, write);
    const a = this.let(x);
    const b = this.let(y);
    const difference = this.let(this.sub(a, b));
    write?.(difference);
    this.flags.compare(a, b);
    return difference;
  }
  override setNZ(result: Val): void {
    if (this.nested > 0) super.setNZ(result);
    else this.flags.setNZ(result);
  }
  /** The condition as a comparison, where it is one, to be made where it is used. */
  comparison(cc: number): Expr {
    return this.flags.condition(cc) ?? super.condition(cc);
  }
  override condition(cc: number): Expr {
    const compared = this.flags.condition(cc);
    return compared ? this.let(compared) : super.condition(cc);
  }
  override pc(): Expr {
    return lift(this.item.pc);
  }
  override size(): Val {
    return this.item.ins.size;
  }
  override state(offset: number): Expr {
    return FLAG_BITS.has(offset) ? this.let(this.flags.get(offset)) : super.state(offset);
  }
  override setState(offset: number, v: Val): void {
    if (FLAG_BITS.has(offset)) this.flags.set(offset, v);
    else super.setState(offset, v);
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
    const origin = this.originOf(a);
    const slot = this.places.find(origin);
    if (slot) return this.loadSlot(slot, size, options);
    const result = this.variable('i32');
    const asks = this.asksDevices();
    const missed = (): void => (asks ? this.askDevice(a, size, options?.signed ?? false, result.local) : this.leaveBefore());
    if (this.env.cachedData) {
      emitCachedLoad(this, this.cached(a, size, missed), options?.signed ?? false, result.local);
      return result.get;
    }
    const code = loadOpcode(size, options?.signed);
    const { ram } = this.env;
    this.orLeave((leave, done) => {
      const elsewhere = f.block();
      // offset = a - ram; if rotr(offset, log2 size) >= RAM / size, which a misaligned one is too: elsewhere; if never written: leave
      const offset = this.let(this.sub(a, ram.base));
      const number = this.let(this.rotr(offset, size >> 1));
      this.geU(number, ram.size / size).emit(f);
      f.brIf(elsewhere, 'not taken');
      this.eqz(this.arenaAt(this.shrU(number, 2 - (size >> 1)), WORD_MAP + (ram.host >>> 2), 1)).emit(f);
      f.brIf(leave, 'not taken');
      offset.emit(f);
      f.memory(code, ram.host);
      f.set(result.local);
      f.br(done);
      f.end(elsewhere);
      this.emitter.lines.locate(a, size, leave).emit(f);
      f.memory(code, 0);
      f.set(result.local);
    }, missed);
    return result.get;
  }
  /**
   * A line that the data cache does not hold (interpreter/l1-lines.ts) may take what the rest of the way to the next check leaves:
   *   (place, cycles) = readLine(a, how, budget - W); budget -= cycles, of a load
   */
  private cached(a: Expr, size: 1 | 2 | 4, missed: () => void): CachedAccess {
    const readLine = (how: number): Expr => {
      const writes = (how & LINE_WRITE) !== 0;
      const rest = this.emitter.costs.budgetFrom(this.block);
      const line = this.helper('readLine', 'i64', a, how, writes ? 0 : this.sub(this.local(this.locals.budget), rest));
      if (!writes) this.cycles(this.high(line));
      return this.let(this.wrap(line));
    };
    return { core: this.env.core, a, size, readLine, missed };
  }
  private loadSlot(slot: Slot, size: 1 | 2 | 4, options?: LoadOptions): Expr {
    if (slot.valued && size === 4) return this.let(this.local(slot.value));
    return this.let(
      new Expr('i32', (f) => {
        f.get(slot.host);
        f.memory(loadOpcode(size, options?.signed), 0);
      }),
    );
  }
  /** A load that reads devices again and again, whose instruction makes one access and cannot be left behind it. */
  private asksDevices(): boolean {
    const { item } = this;
    if (!this.env.asksDevices(item.pc) || (item.flow.writes & (1 << 13)) !== 0) return false;
    const { def, decoded } = item.ins;
    const address = def.address(decoded.v ?? {});
    return def.timing === 'load' && !def.is.has('writes-pc') && address !== undefined && address !== 'literal';
  }
  /**
   * The address is no plain memory (see device-reads.ts):
   *   BUDGET = what is left in front of the access; result = device(a, size); if DECLINED: DECLINED = 0; leave
   */
  private askDevice(a: Expr, size: 1 | 2 | 4, signed: boolean, result: number): void {
    const { f } = this;
    super.setState(S.BUDGET, this.add(this.local(this.locals.budget), this.giveBack.after));
    this.emitter.lines.tellHits();
    a.emit(f);
    f.i32(size);
    f.call(this.helpers.get('device')!);
    f.set(result);
    this.if(super.state(S.DECLINED), () => {
      super.setState(S.DECLINED, 0);
      this.leaveBefore();
    });
    if (!signed) return;
    const shift = 32 - 8 * size;
    this.shrS(this.shl(this.local(result), shift), shift).emit(f);
    f.set(result);
  }
  /** One way out for all that `body` finds: it branches to `leave`, or on to `done`. */
  private orLeave(body: (leave: Label, done: Label) => void, missed: () => void = () => this.leaveBefore()): void {
    const { f } = this;
    const done = f.block();
    const leave = f.block();
    body(leave, done);
    f.br(done);
    f.end(leave);
    missed();
    f.end(done);
  }
  /** One branch for each: V8 makes a compare and a jump of it, but a value of a combination. */
  private leaveIfAny(...conds: readonly Expr[]): void {
    this.orLeave((leave) => {
      for (const c of conds) {
        c.emit(this.f);
        this.f.brIf(leave, 'not taken');
      }
    });
  }

  /**
   * Several words from `start` on: one look at the page and the map of written words for all of them.
   *   e = table[start >>> 12]; if !(e & FAST) or misaligned or the last word lies in another page: leave; host = address + (e & DELTA)
   */
  override span(kind: 'read' | 'write', start: Expr, bytes: Val, body: () => void): void {
    const n = lift(bytes).constant ?? 0;
    if (n < 8 || n > 64 || start.constant !== undefined || this.env.cachedData) return body();
    const { f } = this;
    const a = this.let(start);
    const conds: Expr[] = [];
    const entry = this.pageEntry(a, kind === 'read' ? readTableOf(this.env.core) : writeTableOf(this.env.core));
    const may = kind === 'read' ? ENTRY_FAST : ENTRY_FAST | ENTRY_PART;
    conds.push(this.eqz(this.and(entry, may)), this.and(a, 3), this.gtU(this.and(a, 0xfff), 0x1000 - n));
    const delta = this.let(this.and(entry, ENTRY_DELTA));
    const map = this.let(this.shrU(this.add(a, delta), 2));
    // two words byte by byte: stores of single words mark bytes, and the host waits for those to reach memory when it reads them as one
    const bytesOfMap = (action: (at: number, width: 1 | 2 | 4) => void): void => {
      for (let at = 0; at < n / 4;) {
        const width = n / 4 - at >= 4 ? 4 : n / 4 - at >= 2 && n > 8 ? 2 : 1;
        action(at, width);
        at += width;
      }
    };
    const partial = kind === 'write' && this.env.partialPages;
    if (kind === 'read' || partial)
      // every byte is 0 (never written), 1 or 2: adding 0x7f sets the top bit of those that are not 0
      bytesOfMap((at, width) => {
        const ones = ONES[width];
        const bad = (): Expr => {
          if (width === 1) return this.eqz(this.arenaAt(map, WORD_MAP + at, 1));
          const tops = this.and(this.add(this.arenaAt(map, WORD_MAP + at, width), Math.imul(ones, 0x7f)), Math.imul(ones, 0x80));
          return this.ne(tops, Math.imul(ones, 0x80));
        };
        conds.push(partial ? this.and(this.shrU(entry, 3), bad()) : bad());
      });
    this.leaveIfAny(...conds);
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
      this.stored(this.places.store(this.originOf(address), size));
      return;
    }
    const a = this.let(address);
    const v = this.let(value);
    if (this.env.cachedData)
      return emitCachedStore(
        this,
        this.cached(a, size, () => this.leaveBefore()),
        v,
      );
    const origin = this.originOf(a);
    const slot = this.places.find(origin);
    const touched = this.places.store(origin, size);
    if (slot && !slot.stored) this.leaveIfAny(this.eqz(this.and(this.pageEntry(a, writeTableOf(this.env.core)), ENTRY_FAST | ENTRY_PART)));
    const host = slot ? this.local(slot.host) : this.placeOfStore(a, size);
    host.emit(f);
    v.emit(f);
    f.memory(storeOpcode(size), 0);
    if (!slot?.stored) {
      this.shrU(host, 2).emit(f);
      f.i32(1);
      f.memory(OP['i32.store8'], WORD_MAP);
    }
    this.stored(touched, size === 4 ? slot : null, v);
  }

  /**
   * Where a store goes in the arena:
   *   e = writeTable[a >>> 12]; if !(e & (FAST | PART)) or misaligned: leave; host = a + (e & DELTA); if e & PART and the word has not been touched: leave
   * In fast RAM host is known without waiting for e, and loads that follow need not wait to know where the store goes.
   */
  private placeOfStore(a: Expr, size: 1 | 2 | 4): Expr {
    const { ram, partialPages: partial } = this.env;
    const wholePages = ((ram.base + ram.size) & (PAGE_SIZE - 1)) === 0;
    const entry = this.pageEntry(a, writeTableOf(this.env.core));
    this.leaveIfAny(this.eqz(this.and(entry, ENTRY_FAST | ENTRY_PART)));
    const offset = this.let(this.sub(a, ram.base));
    const place = this.variable('i32', this.add(offset, ram.host));
    const elsewhere = (): void => {
      if (size > 1) this.leaveIfAny(this.and(a, size - 1));
      place.set(this.add(a, this.and(entry, ENTRY_DELTA)));
      if (partial && wholePages) this.leaveIfAny(beyondEnd(this, entry, place.get));
    };
    this.if(this.geU(this.rotr(offset, size >> 1), ram.size / size), elsewhere, undefined, 'not taken');
    if (partial && !wholePages) this.leaveIfAny(beyondEnd(this, entry, place.get));
    return place.get;
  }

  /** Behind a store: one slot has this value now, others may have changed. */
  private stored(touched: readonly Slot[], written: Slot | null = null, value: Val = 0): void {
    for (const slot of touched) {
      lift(slot === written ? value : this.arenaAt(this.local(slot.host), 0)).emit(this.f);
      this.f.set(slot.value);
    }
  }
  /**
   * In front of a loop: where a slot lies and what is there. A branch to `leave` if it is not a word that may be read, and written if the loop does, and has been
   * written:
   *   e = readTable[a >>> 12]; w = writeTable[a >>> 12]; if !(e & FAST), or !(w & (FAST | PART)) where it writes, or misaligned: leave; host = a + (e & DELTA); if written words[host >>> 2] != 1: leave
   */
  lookUp(slot: Slot, leave: Label): void {
    const { f } = this;
    const a = this.let(this.add(this.reg(slot.register), slot.offset));
    const known = this.places.find(this.originOf(a));
    let host: Expr;
    if (known && (known.stored || !slot.stored)) host = this.local(known.host);
    else {
      const entry = this.pageEntry(a, readTableOf(this.env.core));
      // what has been written does not lie behind the end of memory
      const mayWrite = (e: Expr): Expr => (this.env.partialPages ? this.or(e, this.shrU(e, 3)) : e);
      const may = slot.stored ? this.and(mayWrite(this.pageEntry(a, writeTableOf(this.env.core))), entry) : entry;
      host = this.let(this.add(a, this.and(entry, ENTRY_DELTA)));
      const written = this.arenaAt(this.shrU(host, 2), WORD_MAP, 1);
      // a store would make 1 of what has only been read
      const unknown = slot.stored ? this.ne(written, 1) : this.eqz(written);
      for (const c of [this.eqz(this.and(may, ENTRY_FAST)), this.and(a, 3), unknown]) {
        c.emit(f);
        f.brIf(leave, 'not taken');
      }
    }
    host.emit(f);
    f.set(slot.host);
    if (!slot.valued) return;
    this.arenaAt(host, 0).emit(f);
    f.set(slot.value);
  }

  // ---- control -------------------------------------------------------------------------------------------------------------------
  /** Leaves so that the interpreter runs this instruction: what the block had charged for it and the rest is given back. */
  private leaveBefore(): void {
    const { giveBack, item } = this;
    if (item.it !== 0) super.setState(S.IT, item.it);
    this.emitter.leaveBefore(item.pc, giveBack, item.ins.def.system ? 'system' : 'access');
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
    this.emitter.addTo(this.locals.budget, -this.emitter.costs.cycles(this.item).taken);
    this.emitter.endAt(this.item, this.giveBack);
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
  /** if entry != (pc, target): budget -= predicted(pc, target) */
  protected override foretold(target: Expr): void {
    const { pc } = this.item;
    this.if(isUnexpected(this, pc, target), () => this.cycles(this.helper('predicted', 'i32', pc, target)));
  }
  override bx(target: Val): void {
    const t = this.let(target);
    const magic = this.profile.arch === 'v8m' ? this.eq(this.shrU(t, 24), 0xff) : this.eq(this.shrU(t, 28), 0xf);
    this.if(this.and(magic, this.ne(this.state(S.IPSR), 0)), () => {
      super.setState(S.EXIT_ARG, t);
      this.emitter.endAt(this.item, this.giveBack);
      super.setState(S.PC, this.item.pc);
      this.emitter.leaveTo(-1, 'exception return', this.item.pc);
    });
    this.blx(t);
  }
  override blx(target: Val): void {
    const t = this.let(target);
    const { block, item, giveBack } = this;
    if (hasBranchTargets(this.profile)) this.foretold(t);
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
