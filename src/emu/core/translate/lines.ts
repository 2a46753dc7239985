/** Lines of code in translated code: what entering one costs, or whether the cache that holds it lets the region go on. */
import type { FunctionBody, Label } from '../../wasm/module.ts';
import type { Expr } from '../builder.ts';
import { lift, type Builder, type Val } from '../builder.ts';
import { KIND } from '../caches/flash-cache.ts';
import { S } from '../state.ts';
import { emitDataRow, emitIsLineMissing, emitUseRow } from './flash-rows.ts';
import { HeldLines } from './held-lines.ts';
import { emitIfLineMissing, L1_LINE } from './l1-access.ts';
import type { Block, Item } from './block.ts';
import type { Region } from './region.ts';
import type { Surroundings } from './surroundings.ts';

interface LineLocals {
  readonly budget: number;
  /** Line that was paid for last, | 1. */
  readonly line: number;
  /** Number of the last use of a row of the flash cache. */
  readonly touches: number;
  /** Hits of the core's instruction cache. */
  readonly hits: number;
  readonly giveCycles: number;
}
/** Functions that a region calls about lines. */
export interface LineImports {
  /** Cycles that reading the line of an address costs where the core has an instruction cache. */
  readonly flashLine: number;
  /** (side, address) → 1: the flash controller's cache holds its line now; 0: the interpreter has to read it. */
  readonly fillRow: number;
  /** (pc, cycles left) → cycles that reading the line of `pc` into the L1 cache takes, -1: the interpreter has to. */
  readonly readCode: number;
  /** (address, bytes) → where the bytes of a load lie. */
  readonly locate: number;
}

/** Where a region goes on, or not. */
interface LineWays {
  /** Leaves before an instruction whose line is not there; that of the one before has been paid for last. */
  leave(before: Item, item: Item): void;
  /** Cycles that the way from the start of a block to the next check may take, and one more. */
  restFrom(b: Block): number;
}

/** No two lines of the L1 instruction cache take the same place. */
const haveSetsOfTheirOwn = (lines: ReadonlySet<number>): boolean =>
  new Set([...lines].map((line) => (line >>> 5) & 255)).size === lines.size;

export class Lines {
  private readonly b: Builder;
  private readonly f: FunctionBody;
  private readonly env: Surroundings;
  private readonly locals: LineLocals;
  private readonly imports: LineImports;
  private readonly ways: LineWays;
  /** Lines cost a fixed time when they change; or are asked of the core's cache; or have to be held by the flash controller's. */
  private readonly charged: boolean;
  private readonly asked: boolean;
  private readonly rows: boolean;
  private readonly tracked: boolean;
  private readonly mask: number;
  private readonly held: HeldLines;

  constructor(b: Builder, region: Region, env: Surroundings, locals: LineLocals, imports: LineImports, ways: LineWays) {
    this.b = b;
    this.f = b.f;
    this.env = env;
    this.locals = locals;
    this.imports = imports;
    this.ways = ways;
    const held = env.fetch === 3 && (env.flashKinds & KIND.CODE) !== 0;
    this.charged = env.timedCode && env.waitStates > 0 && (env.fetch === 1 || env.fetch === 3) && !held;
    this.asked = env.timedCode && env.fetch === 2;
    this.rows = env.timedCode && held;
    this.tracked = this.charged || this.asked || this.rows || env.cachedCode;
    this.mask = -(env.cachedCode ? L1_LINE : env.lineBytes);
    this.held = new HeldLines(region, {
      line: this.mask,
      row: env.cachedCode || this.asked ? this.mask : -(1 << env.rowShift),
      fits: (rows) => (env.cachedCode ? haveSetsOfTheirOwn(rows) : this.rows && rows.size <= env.codeRows),
      callsReplace: !env.cachedCode,
    });
  }
  /** Words of state that lie in locals while the region runs. */
  state(): (readonly [offset: number, local: number])[] {
    const list: (readonly [number, number])[] = [];
    if (this.tracked) list.push([S.CHARGED, this.locals.line]);
    if (this.env.fetch === 3) list.push([S.TOUCHES, this.locals.touches]);
    if (this.env.fetch === 2) list.push([S.CACHE_HITS, this.locals.hits]);
    return list;
  }
  private lineOf(pc: number): number {
    return (pc & this.mask) | 1;
  }
  /** Cycles of the lines between two places of a block. */
  cost(from: number, to: number): number {
    let sum = 0;
    if (this.charged)
      for (let line = (from & this.mask) - this.mask; line <= (to & this.mask); line -= this.mask) sum += this.env.following(line);
    return sum;
  }
  /** Cycles of the line on the way from one instruction to another one, where it is charged. */
  step(from: number, to: number): number {
    return this.charged && this.lineOf(from) !== this.lineOf(to) ? this.price(from, to) : 0;
  }
  /** The line of `to` follows that of `from`, or was branched to. */
  private price(from: number, to: number): number {
    return this.lineOf(from) === this.lineBefore(to) ? this.env.following(to) : this.env.entering(to);
  }
  private lineBefore(pc: number): number {
    return this.lineOf(pc + this.mask);
  }
  private spend(cycles: Val): void {
    const { b, locals } = this;
    b.put(locals.giveCycles, cycles);
    b.put(locals.budget, b.sub(b.local(locals.budget), b.local(locals.giveCycles)));
  }
  private ifOther(pc: number, then: () => void): void {
    this.b.if(this.b.ne(this.b.local(this.locals.line), this.lineOf(pc)), then);
  }
  /** Line that has been paid for when the region goes on or is left at `pc`. */
  set(pc: number): void {
    if (this.tracked) this.b.put(this.locals.line, this.lineOf(pc));
  }
  /** The same for a pc in a local. */
  setTo(local: number): void {
    if (this.tracked) this.b.put(this.locals.line, this.b.or(this.b.and(this.b.local(local), this.mask), 1));
  }
  /**
   * On the way into a block: its first line, if that is another one than was paid for last.
   * @param from the block that leads there, null at the entry of the region
   * @param returned behind a call, as at the entry, only the local tells which line was paid for last
   */
  enter(from: Block | null, to: Block, leave: () => void, returned = false): void {
    const last = returned ? null : (from?.items.at(-1)?.pc ?? null);
    if (last !== null && this.lineOf(last) === this.lineOf(to.pc)) return;
    if (this.charged) this.charge(last, to.pc);
    if (this.asked) {
      if (last !== null) this.askCache(to.pc);
      else this.ifOther(to.pc, () => this.askCache(to.pc));
    }
    if (from === null || !this.held.behind(from, to.pc)) this.hold(last, to.pc, this.ways.restFrom(to), leave);
    this.use(last, to.pc);
  }
  /** Before an instruction that another one precedes in its block. */
  between(block: Block, before: Item, item: Item): void {
    if (this.lineOf(before.pc) === this.lineOf(item.pc)) return;
    if (this.asked) this.askCache(item.pc);
    if (!this.held.atStartOf(block, item.pc)) this.hold(before.pc, item.pc, this.ways.restFrom(block), () => this.ways.leave(before, item));
    this.use(before.pc, item.pc);
  }
  /** The row of `pc` is the one used last, if it is another one than that of `last`. */
  private use(last: number | null, pc: number): void {
    const row = -(1 << this.env.rowShift);
    if (this.rows && (last === null || ((last ^ pc) & row) !== 0)) emitUseRow(this.f, this.env, pc, this.locals.touches);
  }
  /** The line of `pc` has to be there: the cache reads it, or the region is left. `rest`: cycles that the way to the next check may take. */
  private hold(last: number | null, pc: number, rest: number, leave: () => void): void {
    const { f, env } = this;
    if (env.cachedCode) emitIfLineMissing(f, pc, this.lineOf(pc), () => this.readCode(pc, rest, leave));
    if (env.cachedCode || !this.rows) return;
    emitIsLineMissing(f, env, pc);
    const missing = f.if(null, 'not taken');
    this.fill(KIND.CODE, lift(pc), leave);
    this.charge(last, pc);
    f.end(missing);
  }
  /** cycles = readCode(pc, budget - rest); if cycles < 0: leave; budget -= cycles */
  private readCode(pc: number, rest: number, leave: () => void): void {
    const { b, locals } = this;
    const cycles = b.local(locals.giveCycles);
    b.put(locals.giveCycles, b.call(this.imports.readCode, [pc, b.sub(b.local(locals.budget), rest)]));
    b.if(b.ltS(cycles, 0), leave, undefined, 'not taken');
    b.put(locals.budget, b.sub(b.local(locals.budget), cycles));
  }
  /** A line of code is read: it follows the one before, or was branched to. */
  private charge(last: number | null, pc: number): void {
    const { env, b } = this;
    if (last !== null) {
      const cycles = this.price(last, pc);
      if (cycles !== 0) b.cycles(cycles);
      return;
    }
    const follows = env.following(pc);
    const enters = env.entering(pc);
    const behind = b.eq(this.b.local(this.locals.line), this.lineBefore(pc));
    const pay = (): void => this.spend(follows === enters ? follows : b.select(behind, follows, enters));
    if (this.rows) pay();
    else this.ifOther(pc, pay);
  }
  /** TOUCHES = touches; if fillRow(side, address) == 0: leave; touches = TOUCHES */
  private fill(side: number, address: Val, leave: () => void): void {
    const { b, f } = this;
    this.tellTouches();
    b.eqz(b.call(this.imports.fillRow, [side, address])).emit(f);
    const declined = f.if(null, 'not taken');
    leave();
    f.end(declined);
    this.reload(S.TOUCHES, this.locals.touches);
  }
  /** Nothing happens, and nothing leaves, between an instruction and the one before it. */
  quiet(before: Item, item: Item): boolean {
    return !(this.asked || this.rows || this.env.cachedCode) || this.lineOf(before.pc) === this.lineOf(item.pc);
  }
  /**
   * What `flashLine` does if the line was the last one used in its set, written out; everything else calls it:
   *   if (first tag of the set == line) hits++; else { CACHE_HITS = hits; budget -= flashLine(address); hits = CACHE_HITS }
   */
  private askCache(address: Val): void {
    const { b, env, locals } = this;
    const line = b.or(b.and(address, -16), 1);
    const tags = b.shl(b.and(b.shrU(address, 4), env.cacheSets - 1), 3);
    b.if(
      b.eq(b.arenaAt(tags, env.cpu + S.CACHE_TAGS), line),
      () => b.put(locals.hits, b.add(b.local(locals.hits), 1)),
      () => {
        this.tellHits();
        this.spend(b.call(this.imports.flashLine, [address]));
        this.reload(S.CACHE_HITS, locals.hits);
      },
    );
  }
  /** What runs outside of the region may ask for the hits. */
  tellHits(): void {
    if (this.env.fetch === 2) this.b.setState(S.CACHE_HITS, this.b.local(this.locals.hits));
  }
  /** Where the bytes of a load lie that the core's own RAM does not hold (locate.ts), when it has been paid for; or a branch to `leave`. */
  locate(address: Expr, size: number, leave: Label): Expr {
    const { f, b, env } = this;
    if (this.touchesData) this.tellTouches();
    this.tellHits();
    const place = b.let(b.call(this.imports.locate, [address, size], 'i64'));
    const host = b.let(b.wrap(place));
    b.eqz(host).emit(f);
    f.brIf(leave, 'not taken');
    if (env.fetch === 0) return host;
    this.spend(b.high(place));
    if (this.touchesData) this.reload(S.TOUCHES, this.locals.touches);
    if (env.fetch === 2) this.reload(S.CACHE_HITS, this.locals.hits);
    return host;
  }
  /** Data in flash has a row of its own. */
  private get touchesData(): boolean {
    return this.env.fetch === 3 && (this.env.flashKinds & KIND.DATA) !== 0;
  }
  private reload(offset: number, local: number): void {
    this.b.put(local, this.b.state(offset));
  }
  private tellTouches(): void {
    this.b.setState(S.TOUCHES, this.b.local(this.locals.touches));
  }
  /** A read of flash as data: fixed cost, or the cache's. */
  payData(address: Val, leave: () => void): void {
    const { env } = this;
    if (this.touchesData)
      emitDataRow(this.b, env, lift(address), this.locals.touches, () => {
        this.fill(KIND.DATA, address, leave);
        this.spend(env.waitStates);
      });
    else if (env.fetch === 2) this.askCache(address);
    else if (env.fetch !== 0 && env.waitStates > 0) this.spend(env.waitStates);
  }
}
