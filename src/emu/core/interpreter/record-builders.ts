/** Builders of the interpreter's handlers: operands are fields of a decoded record, state and memory lie in the arena. */
import { L1, LINE_MAP, readTableOf, WORD_MAP, writeTableOf } from '../../arena.ts';
import type { ModuleWriter } from '../../wasm/module.ts';
import { type FunctionBody, type Label } from '../../wasm/module.ts';
import { loadOpcode, OP, storeOpcode, type WasmType } from '../../wasm/opcodes.ts';
import { Builder, Expr, hasBranchTargets, lift, type LoadOptions, type Operands, type Profile, type Val } from '../builder.ts';
import { EXIT, S } from '../state.ts';

/** Layout of a decoded record (16 bytes). */
export const REC = { HANDLER: 0, HANDLER_IT: 2, A: 4, B: 5, C: 6, D: 7, IMM: 8, SIZE: 12, COST: 13, TAKEN: 14, FLAGS: 15 } as const;

/** Flag bits of a read, write or fetch table entry (its page part is host minus guest address, or the decoded page). */
export const ENTRY_FAST = 1;
/** Reads of this page pay flash timing; fetches too. */
export const ENTRY_FLASH = 2;
/** Accesses to this page look into the L1 data cache, fetches into the L1 instruction cache. */
export const ENTRY_CACHED = 4;

/** Of a write table entry: memory ends inside this page. What has been read or written lies in front of the end, and is written as by FAST. */
export const ENTRY_PART = 8;
/** The page part of a read or write table entry: a memory need not lie in the arena as it lies in its page (the second address of G431's CCM). */
export const ENTRY_DELTA = ~15;

/** Values of a record's FLAGS: arrivals so far; not to be translated; a region begins here. */
export const NEVER = 254;
export const REGION_HERE = 255;

export interface Shared {
  readonly writer: ModuleWriter;
  readonly cpu: number;
  readonly core: number;
  readonly profile: Profile;
  readonly imports: Record<
    'decode' | 'fetch' | 'read' | 'write' | 'hot' | 'lineFill' | 'dataFill' | 'fillRow' | 'readLine' | 'replaced' | 'system',
    number
  >;
  readonly helpers: Map<string, number>;
  /** See branch-targets.ts; -1 where every branch is predicted. */
  predicted: number;
  /** Table of translated regions, shared with their modules. */
  readonly regions: number;
  loads: Record<number, number>;
  stores: Record<number, number>;
}

const flagsOf = (o: LoadOptions | undefined): number => (o?.aligned ? 1 : 0) | (o?.unprivileged ? 2 : 0);

/** Builder whose operands are fields of the record; common to handlers inside the loop and handlers of their own. */
export abstract class RecordBuilder extends Builder {
  protected readonly shared: Shared;
  protected readonly recLocal: number;
  protected readonly pcLocal: number;
  readonly operands: Operands;

  constructor(f: FunctionBody, shared: Shared, recLocal: number, pcLocal: number) {
    super(f, shared.profile, shared.cpu);
    this.shared = shared;
    this.recLocal = recLocal;
    this.pcLocal = pcLocal;
    const field = (code: number, offset: number): Expr =>
      new Expr('i32', (g) => {
        g.get(recLocal);
        g.memory(code, offset);
      });
    const byte = (offset: number): Expr => field(OP['i32.load8_u'], offset);
    this.operands = { a: byte(REC.A), b: byte(REC.B), c: byte(REC.C), d: byte(REC.D), imm: field(OP['i32.load'], REC.IMM) };
  }
  protected recByte(offset: number): Expr {
    return new Expr('i32', (g) => {
      g.get(this.recLocal);
      g.memory(OP['i32.load8_u'], offset);
    });
  }
  override pc(): Expr {
    return new Expr('i32', (g) => g.get(this.pcLocal));
  }
  override size(): Val {
    return this.recByte(REC.SIZE);
  }
  private stateArray(offset: number, index: Val, shift: number, type: WasmType, load: number): Expr {
    const n = lift(index);
    return this.let(
      new Expr(type, (g) => {
        this.shl(n, shift).emit(g);
        g.memory(load, this.cpu + offset);
      }),
    );
  }
  private setStateArray(offset: number, index: Val, shift: number, value: Val, store: number): void {
    this.shl(index, shift).emit(this.f);
    lift(value).emit(this.f);
    this.f.memory(store, this.cpu + offset);
  }
  override reg(n: Val): Expr {
    return this.stateArray(S.R, n, 2, 'i32', OP['i32.load']);
  }
  protected rawSetReg(n: Val, v: Val): void {
    this.setStateArray(S.R, n, 2, v, OP['i32.store']);
  }
  override s(n: Val): Expr {
    return this.stateArray(S.FP, n, 2, 'i32', OP['i32.load']);
  }
  override setS(n: Val, bits: Val): void {
    this.setStateArray(S.FP, n, 2, bits, OP['i32.store']);
  }
  override dreg(n: Val): Expr {
    return this.stateArray(S.FP, n, 3, 'i64', OP['i64.load']);
  }
  override setD(n: Val, bits: Val): void {
    this.setStateArray(S.FP, n, 3, bits, OP['i64.store']);
  }
  override helper(name: string, result: WasmType, ...args: Val[]): Expr {
    const index = this.shared.helpers.get(name);
    if (index === undefined) throw new Error(`helper ${name} is not declared (see helpers.ts)`);
    for (const a of args) lift(a).emit(this.f);
    this.f.call(index);
    const v = this.variable(result);
    this.f.set(v.local);
    return v.get;
  }
  /** Whether a register number read at run time may name SP or PC. */
  abstract readonly anyRegister: boolean;
  override setReg(n: Val, v: Val): void {
    const fixed = typeof n === 'number' ? n : n.constant;
    if (fixed === undefined && !this.anyRegister) {
      this.rawSetReg(n, v);
      return;
    }
    if (fixed !== undefined && fixed !== 13) {
      this.rawSetReg(n, v);
      return;
    }
    const value = this.let(v);
    const sp = (): void => {
      const aligned = this.let(this.and(value, ~3));
      if (this.profile.arch === 'v8m') this.leaveIf(this.ltU(aligned, this.state(S.SPLIM)), EXIT.STACK_LIMIT);
      this.rawSetReg(13, aligned);
    };
    if (fixed === 13) sp();
    else this.if(this.eq(n, 13), sp, () => this.rawSetReg(n, value));
  }
  override bx(target: Val): void {
    const t = this.let(target);
    // EXC_RETURN: top byte 0xFF (v8-M), top nibble 0xF (v6-M, v7-M), in Handler mode only
    const magic = this.profile.arch === 'v8m' ? this.eq(this.shrU(t, 24), 0xff) : this.eq(this.shrU(t, 28), 0xf);
    this.if(this.and(magic, this.ne(this.state(S.IPSR), 0)), () => this.leave(EXIT.EXC_RETURN, t));
    this.blx(t);
  }
  override blx(target: Val): void {
    const t = this.let(target);
    if (hasBranchTargets(this.profile)) this.foretold(t);
    this.if(this.eqz(this.and(t, 1)), () => {
      this.setState(S.T, 0);
      this.setState(S.LAST_REC, new Expr('i32', (g) => g.get(this.recLocal)));
      this.taken();
      this.leaveAt(this.and(t, ~1), EXIT.INVSTATE);
    });
    this.jump(t);
  }
  protected override foretold(target: Expr): void {
    const cycles = new Expr('i32', (g) => {
      g.get(this.pcLocal);
      target.emit(g);
      g.call(this.shared.predicted);
    });
    this.cycles(cycles);
  }
  /** Charges the taken-branch cycles of the record. */
  protected taken(): void {
    this.cycles(this.recByte(REC.TAKEN));
  }
  /** Finishes the instruction, then leaves with PC = `pc`. */
  protected abstract leaveAt(pc: Val, reason: number): void;
}

/** A handler of its own: (rec, pc) → next pc, or reason * 2 + 1. */
export class ColdBuilder extends RecordBuilder {
  override readonly anyRegister = true;
  constructor(f: FunctionBody, shared: Shared) {
    super(f, shared, 0, 1);
  }
  next(): void {
    this.add(this.pc(), this.size()).emit(this.f);
  }
  override load(address: Val, size: 1 | 2 | 4, options?: LoadOptions): Expr {
    const raw = this.let(
      new Expr('i32', (g) => {
        lift(address).emit(g);
        g.i32(flagsOf(options));
        g.call(this.shared.loads[size]!);
      }),
    );
    return options?.signed ? this.let(size === 1 ? this.ext8S(raw) : this.ext16S(raw)) : raw;
  }
  override store(address: Val, size: 1 | 2 | 4, value: Val, options?: LoadOptions): void {
    lift(address).emit(this.f);
    lift(value).emit(this.f);
    this.f.i32(flagsOf(options));
    this.f.call(this.shared.stores[size]!);
  }
  override jump(target: Val): void {
    const t = this.let(target);
    this.taken();
    this.give(this.and(t, ~1));
  }
  override leave(reason: number, arg?: Val): void {
    if (arg !== undefined) this.setState(S.EXIT_ARG, arg);
    this.give(reason * 2 + 1);
  }
  protected override leaveAt(pc: Val, reason: number): void {
    this.setState(S.PC, pc);
    this.give(reason * 2 + 1);
  }
  override cycles(n: Val): void {
    const before = this.state(S.BUDGET);
    this.setState(S.BUDGET, this.sub(before, n));
  }
}

/** A handler inside the loop; pc, budget and retired are locals of `run`. */
export class HotBuilder extends RecordBuilder {
  override readonly anyRegister = false;
  private readonly budget: number;
  private readonly arrived: number;
  private readonly loopLabel: Label;
  private readonly exit: (reason: number) => void;
  private readonly spill: () => void;

  constructor(
    f: FunctionBody,
    shared: Shared,
    locals: { rec: number; pc: number; budget: number; arrived: number },
    loopLabel: Label,
    exit: (reason: number) => void,
    spill: () => void,
  ) {
    super(f, shared, locals.rec, locals.pc);
    this.budget = locals.budget;
    this.arrived = locals.arrived;
    this.loopLabel = loopLabel;
    this.exit = exit;
    this.spill = spill;
  }
  next(): void {
    this.add(this.pc(), this.size()).emit(this.f);
    this.f.set(this.pcLocal);
    this.f.br(this.loopLabel);
  }
  private reloadBudget(): void {
    this.f.i32(0);
    this.f.memory(OP['i32.load'], this.cpu + S.BUDGET);
    this.f.set(this.budget);
  }
  override load(address: Val, size: 1 | 2 | 4, options?: LoadOptions): Expr {
    const f = this.f;
    const a = this.let(address);
    const result = this.variable('i32');
    const host = this.variable('i32');
    const fast = loadOpcode(size, options?.signed);
    const done = f.block();
    const slow = f.block();
    emitFastHost(this, this.shared, 'read', a, size, host, slow);
    host.get.emit(f);
    f.memory(fast, 0);
    f.set(result.local);
    f.br(done);
    f.end(slow);
    this.spill();
    a.emit(f);
    f.i32(flagsOf(options));
    f.call(this.shared.loads[size]!);
    f.set(result.local);
    this.reloadBudget();
    if (options?.signed && size < 4) result.set(size === 1 ? this.ext8S(result.get) : this.ext16S(result.get));
    f.end(done);
    return result.get;
  }
  override store(address: Val, size: 1 | 2 | 4, value: Val, options?: LoadOptions): void {
    const f = this.f;
    const a = this.let(address);
    const v = this.let(value);
    const host = this.variable('i32');
    const done = f.block();
    const slow = f.block();
    emitFastHost(this, this.shared, 'write', a, size, host, slow);
    host.get.emit(f);
    v.emit(f);
    f.memory(storeOpcode(size), 0);
    f.br(done);
    f.end(slow);
    this.spill();
    a.emit(f);
    v.emit(f);
    f.i32(flagsOf(options));
    f.call(this.shared.stores[size]!);
    this.reloadBudget();
    f.end(done);
  }
  override jump(target: Val): void {
    const t = this.let(target);
    this.taken();
    this.and(t, ~1).emit(this.f);
    this.f.set(this.pcLocal);
    this.f.i32(1);
    this.f.set(this.arrived);
    this.f.br(this.loopLabel);
  }
  override leave(reason: number, arg?: Val): void {
    if (arg !== undefined) this.setState(S.EXIT_ARG, arg);
    this.exit(reason);
  }
  protected override leaveAt(pc: Val, reason: number): void {
    lift(pc).emit(this.f);
    this.f.set(this.pcLocal);
    this.exit(reason);
  }
  override cycles(n: Val): void {
    this.f.get(this.budget);
    lift(n).emit(this.f);
    this.f.op(0x6b);
    this.f.set(this.budget);
  }
}

/**
 * host = address + entry, or branch to `slow`:
 *   e = table[address >>> 12]; if !(e & FAST) or misaligned: slow; writes: !(e & (FAST | PART))
 *   host = address + (e & DELTA)
 *   reads: wordMap[host >>> 2] == 0: slow        writes: the same if e & PART; wordMap[host >>> 2] = 1
 */
export function emitFastHost(
  b: Builder,
  shared: { readonly core: number },
  kind: 'read' | 'write',
  a: Expr,
  size: number,
  host: { get: Expr; set(v: Val): void },
  slow: Label,
): void {
  const f = b.f;
  const table = kind === 'read' ? readTableOf(shared.core) : writeTableOf(shared.core);
  const entry = b.pageEntry(a, table);
  const bad = b.eqz(b.and(entry, kind === 'read' ? ENTRY_FAST : ENTRY_FAST | ENTRY_PART));
  (size === 1 ? bad : b.or(bad, b.and(a, size - 1))).emit(f);
  f.brIf(slow);
  host.set(b.add(a, b.and(entry, ENTRY_DELTA)));
  if (kind === 'read') {
    b.eqz(b.arenaAt(b.shrU(host.get, 2), WORD_MAP, 1)).emit(f);
    f.brIf(slow);
  } else {
    beyondEnd(b, entry, host.get).emit(f);
    f.brIf(slow);
    b.shrU(host.get, 2).emit(f);
    f.i32(1);
    f.memory(OP['i32.store8'], WORD_MAP);
  }
}
/** The page is one in which memory ends, and this word has not been touched. */
export const beyondEnd = (b: Builder, entry: Expr, host: Expr): Expr =>
  b.and(b.shrU(entry, 3), b.eqz(b.arenaAt(b.shrU(host, 2), WORD_MAP, 1)));

/**
 * Arena offset of the bytes where there is an L1 data cache, or a branch to `leave`:
 *   e = table[a >>> 12]; if !(e & (FAST | CACHED)), writes: nor e & PART, or misaligned: leave; host = a + (e & DELTA)
 *   if e & CACHED: way = lineMap[host >>> 5]; if way == 0: leave; writes: dirty[way - 1][set] = 1; data + (way - 1) * 4096 + (a & 0xfff)
 *   reads: if the word has never been written: leave        writes: the same if e & PART; it is written now
 */
export function emitCachedHost(b: Builder, core: number, kind: 'read' | 'write', a: Expr, size: 1 | 2 | 4, leave: Label): Expr {
  const f = b.f;
  const leaveIf = (c: Expr): void => {
    c.emit(f);
    f.brIf(leave, 'not taken');
  };
  const entry = b.pageEntry(a, kind === 'read' ? readTableOf(core) : writeTableOf(core));
  leaveIf(b.eqz(b.and(entry, ENTRY_FAST | ENTRY_CACHED | (kind === 'read' ? 0 : ENTRY_PART))));
  if (size > 1) leaveIf(b.and(a, size - 1));
  const host = b.let(b.add(a, b.and(entry, ENTRY_DELTA)));
  const place = b.variable('i32', host);
  const inLine = (): void => {
    const way = b.let(b.arenaAt(b.shrU(host, 5), LINE_MAP, 1));
    leaveIf(b.eqz(way));
    if (kind === 'write') {
      b.add(b.shl(way, 7), b.and(b.shrU(a, 5), 127)).emit(f);
      f.i32(1);
      f.memory(OP['i32.store8'], L1.DATA_DIRTY - 128);
    }
    place.set(b.add(b.add(b.shl(way, 12), b.and(a, 0xfff)), L1.DATA - 0x1000));
  };
  b.if(b.and(entry, ENTRY_CACHED), inLine, kind === 'write' ? () => leaveIf(beyondEnd(b, entry, host)) : undefined);
  if (kind === 'read') leaveIf(b.eqz(b.arenaAt(b.shrU(host, 2), WORD_MAP, 1)));
  else {
    b.shrU(host, 2).emit(f);
    f.i32(1);
    f.memory(OP['i32.store8'], WORD_MAP);
  }
  return place.get;
}
