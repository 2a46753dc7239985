/**
 * The interpreter tier: one WebAssembly module per profile, generated from the ops. `run` executes decoded records until the budget is used
 * up or an instruction needs the slow path.
 *
 *   loop:
 *     if budget <= 0: return BUDGET
 *     if (pc & lineMask) != line: newLine(pc)             // fetch timing, decoded page of this line
 *     rec = REC + (pc & 0xffe) * 8
 *     if IT != 0: step IT; condition fails -> 1 cycle, pc += size, next
 *     budget -= rec.cost;  switch rec.handler: hot ops inline, others by table call
 */
import { DECODED_BASE, fetchTableOf, FLASH_CACHE, FLASH_MARK, L1, readTableOf, REGION_SLOTS } from '../../arena.ts';
import { ModuleWriter, type FunctionBody, type Label } from '../../wasm/module.ts';
import { loadOpcode, OP, storeOpcode, type AccessSize, type WasmType } from '../../wasm/opcodes.ts';
import { emitPredicted } from '../caches/branch-targets.ts';
import { hasBranchTargets, type Expr, type Profile } from '../builder.ts';
import type { Handlers } from './handlers.ts';
import { H_SYSTEM_ALWAYS, type Handler } from './handlers.ts';
import { FLASH_CACHE_MASK, hasFlashCache, KIND } from '../caches/flash-cache.ts';
import { emitFillRow } from './fill-row.ts';
import { emitLocate } from './locate.ts';
import { emitReadCode, emitReadLine } from './l1-lines.ts';
import { EXIT, S } from '../state.ts';

import {
  ColdBuilder,
  emitCachedHost,
  emitFastHost,
  ENTRY_CACHED,
  ENTRY_DELTA,
  ENTRY_FAST,
  ENTRY_FLASH,
  HotBuilder,
  NEVER,
  REC,
  REGION_HERE,
  type RecordBuilder,
  type Shared,
} from './record-builders.ts';

/** Functions that the module imports from TypeScript. Helpers of the builder are added by name as semantics ask for them. */
export interface InterpreterImports {
  /** Fills the record at `rec` for the instruction at `pc`; throws if the fetch faults. */
  decode(pc: number, rec: number): void;
  /** Makes a fetch-table entry for the page of `pc`; throws if it cannot be executed. */
  fetch(pc: number): void;
  /** A place that branches arrive at has become hot: translate it. */
  hot(pc: number, rec: number): void;
  /** Reads with everything that the fast path cannot do; `flags` bit 0 = must be aligned, bit 1 = unprivileged. */
  read(address: number, size: number, flags: number): number;
  write(address: number, size: number, value: number, flags: number): void;
  /** A line of instructions is in no cache (`before`: the one that was paid for last); cycles that it takes. The same for data in flash. */
  lineFill(pc: number, before: number): number;
  dataFill(address: number): number;
  /** A line of code or data of a flash controller's cache, for translated code: 0 where the interpreter has to read it. */
  fillRow(side: number, address: number): number;
  readLine(address: number, how: number): number;
  /** The cache that `CACHE_TAGS` describes has given up a line. */
  replaced(tag: number): void;
  system(packed: number): void;
  [helper: string]: (...args: never[]) => number | bigint | void;
}

/** if table entry is FLASH and the address aligned: BUDGET -= flashData(address); return the bytes. */
function emitFlashLoad(b: ColdBuilder, shared: Shared, a: Expr, size: AccessSize, flashData: number): void {
  const f = b.f;
  const entry = b.pageEntry(a, readTableOf(shared.core));
  b.if(b.and(b.eq(b.and(entry, ENTRY_FAST | ENTRY_FLASH), ENTRY_FLASH), b.eqz(b.and(a, size - 1))), () => {
    b.cycles(b.let(b.call(flashData, hasFlashCache(shared.profile) ? [a, 0] : [a])));
    b.add(a, b.and(entry, ENTRY_DELTA)).emit(f);
    f.memory(loadOpcode(size), 0);
    f.op(OP.return);
  });
}

/** Cores with L1 caches. */
const hasL1 = (profile: Profile): boolean => profile.l1;

/** ld1/ld2/ld4(address, flags) and st1/st2/st4(address, value, flags) for handlers of their own. */
function emitMemoryFunctions(shared: Shared, flashData: number): void {
  const w = shared.writer;
  for (const size of [1, 2, 4]) {
    shared.loads[size] = w.declare(['i32', 'i32'], 'i32');
    shared.stores[size] = w.declare(['i32', 'i32', 'i32'], null);
  }
  for (const size of [1, 2, 4] as const) {
    for (const kind of ['read', 'write'] as const) {
      const f = w.body(kind === 'read' ? shared.loads[size]! : shared.stores[size]!);
      const b = new ColdBuilder(f, shared);
      const a = b.local(0);
      const flags = b.local(kind === 'read' ? 1 : 2);
      const host = b.variable('i32');
      const slow = f.block();
      // unprivileged accesses are checked by the slow path
      b.and(flags, 2).emit(f);
      f.brIf(slow);
      if (kind === 'read') emitFlashLoad(b, shared, a, size, flashData);
      if (hasL1(shared.profile)) host.set(emitCachedHost(b, shared.core, kind, a, size, slow));
      else emitFastHost(b, shared, kind, a, size, host, slow);
      host.get.emit(f);
      if (kind === 'read') f.memory(loadOpcode(size), 0);
      else {
        f.get(1);
        f.memory(storeOpcode(size), 0);
      }
      f.op(OP.return);
      f.end(slow);
      const { read, write } = shared.imports;
      (kind === 'read' ? b.call(read, [a, size, flags]) : b.call(write, [a, size, b.local(1), flags])).emit(f);
    }
  }
}

/**
 * flashLine(address): cycles that reading the flash line of `address` costs now.
 *   mode 1: WAIT_STATES
 *   mode 2: two tags per set, that of the line used last in front, so that most hits change nothing; with one way the second is not looked at.
 *           hit 0, miss WAIT_STATES (the second goes; if CACHE_STALE: replaced(its tag))
 */
function emitFlashLine(shared: Shared): number {
  const index = shared.writer.declare(['i32'], 'i32');
  const f = shared.writer.body(index);
  const b = new ColdBuilder(f, shared);
  const address = b.local(0);
  const mode = b.state(S.FETCH_MODE);
  b.if(b.eqz(mode), () => b.give(0));
  b.if(b.eq(mode, 1), () => b.give(b.state(S.WAIT_STATES)));
  const line = b.let(b.or(b.and(address, ~15), 1));
  const tags = b.let(b.shl(b.and(b.shrU(address, 4), b.state(S.CACHE_SET_MASK)), 3));
  const tag = (n: number): Expr => b.let(b.arenaAt(tags, b.cpu + S.CACHE_TAGS + n * 4));
  const setTag = (n: number, v: Expr): void => b.putAt(tags, b.cpu + S.CACHE_TAGS + n * 4, v);
  const hit = (): void => {
    b.setState(S.CACHE_HITS, b.add(b.state(S.CACHE_HITS), 1));
    b.give(0);
  };
  const first = tag(0);
  b.if(b.eq(first, line), hit);
  setTag(0, line);
  const gone = b.variable('i32', first);
  b.if(b.eq(b.state(S.CACHE_WAYS), 2), () => {
    gone.set(tag(1));
    setTag(1, first);
    b.if(b.eq(gone.get, line), hit);
  });
  b.if(b.state(S.CACHE_STALE), () => b.call(shared.imports.replaced, [gone.get]).emit(f));
  b.setState(S.CACHE_MISSES, b.add(b.state(S.CACHE_MISSES), 1));
  b.state(S.WAIT_STATES).emit(f);
  return index;
}

/**
 * A line that the L1 instruction cache may hold:
 *   line = pc & ~31; if it was paid for last: return 0
 *   if neither way of its set holds it: return lineFill(pc)
 */
function emitCachedLine(b: ColdBuilder, shared: Shared, pc: Expr): void {
  const line = b.let(b.and(pc, ~31));
  const tag = b.let(b.or(line, 1));
  b.setState(S.LINE_MASK, ~31);
  b.setState(S.LINE, line);
  const paid = b.state(S.CHARGED);
  b.setState(S.CHARGED, tag);
  const slot = b.let(b.shl(b.and(b.shrU(pc, 5), 255), 2));
  const held = (way: number): Expr => b.eq(b.arenaAt(slot, L1.CODE_TAGS + way * 1024), tag);
  b.if(b.or(b.eq(paid, tag), b.or(held(0), held(1))), () => b.give(0));
  b.give(b.call(shared.imports.lineFill, [pc, paid]));
}

/** if the kind is on and the line is held: row used last; return 0 */
function emitFlashHit(b: ColdBuilder, kind: number, used: number, address: Expr): void {
  const masked = b.let(b.and(address, FLASH_CACHE_MASK));
  const mark = (): Expr => b.let(b.arenaAt(b.shrU(b.and(masked, b.state(S.FLASH_MASK)), 3), FLASH_MARK, 1));
  b.if(b.and(b.and(b.state(S.FLASH_KINDS), kind), mark()), () => {
    const n = b.let(b.add(b.state(S.TOUCHES), 1));
    b.setState(S.TOUCHES, n);
    b.putAt(b.shl(b.shrU(masked, b.state(S.ROW_SHIFT)), 2), used, n);
    b.give(0);
  });
}
/**
 * flashData(address, region): cycles that reading data from flash costs now. A region is left where filling a row may change what regions rest on: -1. Cores without
 * such rows do with flashLine.
 */
function emitFlashData(shared: Shared, flashLine: number, fillRow: number): number {
  if (!hasFlashCache(shared.profile)) return flashLine;
  const index = shared.writer.declare(['i32', 'i32'], 'i32');
  const f = shared.writer.body(index);
  const b = new ColdBuilder(f, shared);
  const address = b.local(0);
  b.if(b.ne(b.state(S.FETCH_MODE), 3), () => b.give(b.call(flashLine, [address])));
  b.if(b.eqz(b.and(b.state(S.FLASH_KINDS), KIND.DATA)), () => b.give(b.state(S.WAIT_STATES)));
  emitFlashHit(b, KIND.DATA, FLASH_CACHE.DATA_USED, address);
  b.if(b.local(1), () => {
    const filled = b.call(fillRow, [KIND.DATA, address]);
    b.give(b.select(b.let(filled), b.state(S.WAIT_STATES), -1));
  });
  b.call(shared.imports.dataFill, [address]).emit(f);
  return index;
}

/** newLine(pc): the line that is entered; returns the cycles that its fetch costs. Sets LINE, LINE_MASK and REC. */
function emitNewLine(shared: Shared, flashLine: number): number {
  const index = shared.writer.declare(['i32'], 'i32');
  const f = shared.writer.body(index);
  const b = new ColdBuilder(f, shared);
  const pc = b.local(0);
  const load = (): Expr => b.pageEntry(pc, fetchTableOf(shared.core));
  const first = load();
  b.if(b.eqz(first), () => b.call(shared.imports.fetch, [pc]).emit(f));
  const entry = load();
  b.setState(S.REC, b.and(entry, ~0xfff));
  if (hasL1(shared.profile)) b.if(b.and(entry, ENTRY_CACHED), () => emitCachedLine(b, shared, pc));
  const timed = b.let(b.and(b.ne(b.and(entry, ENTRY_FLASH), 0), b.ne(b.state(S.FETCH_MODE), 0)));
  const lineMask = b.state(S.FLASH_MASK);
  const mask = b.let(b.select(timed, lineMask, ~0xfff));
  b.setState(S.LINE_MASK, mask);
  b.setState(S.LINE, b.and(pc, mask));
  // flushing the tables must not cost time: the line that was paid for last is remembered apart
  const paid = b.let(b.or(b.and(pc, lineMask), 1));
  const before = b.state(S.CHARGED);
  b.if(b.and(timed, b.ne(before, paid)), () => {
    b.setState(S.CHARGED, paid);
    if (hasFlashCache(shared.profile))
      b.if(b.eq(b.state(S.FETCH_MODE), 3), () => {
        emitFlashHit(b, KIND.CODE, FLASH_CACHE.CODE_USED, pc);
        b.give(b.call(shared.imports.lineFill, [pc, before]));
      });
    b.give(b.call(flashLine, [pc]));
  });
  f.i32(0);
  return index;
}

/** cond(cc) for the run-time condition of an IT block. */
function emitCondition(shared: Shared): number {
  const index = shared.writer.declare(['i32'], 'i32');
  const f = shared.writer.body(index);
  const b = new ColdBuilder(f, shared);
  const cc = b.local(0);
  for (let base = 0; base < 7; base++) b.if(b.eq(b.shrU(cc, 1), base), () => b.give(b.xor(b.condition(base * 2), b.and(cc, 1))));
  f.i32(1);
  return index;
}

/** Runs a handler's semantics, with the FP trap in front of FP ops. */
function emitSemantics(b: RecordBuilder, h: Handler): void {
  if (h.op.fp) b.leaveIf(b.state(S.FP_TRAP), EXIT.FP_TRAP);
  h.op.sem(b, b.operands, h.v);
}

/**
 * Builds the module. `helpers` are the soft-float and similar functions that semantics call by name, imported from `env`.
 * Exports: `run() → reason`, `flashLine(address) → cycles`, `flashData(address, region) → cycles`, `fillRow(side, address) → 1 or 0`, `locate(address, size) → place`, M7: `predicted(pc, target) → cycles`.
 */
export function buildInterpreter(
  profile: Profile,
  core: number,
  handlers: Handlers,
  helpers: Readonly<Record<string, { params: readonly WasmType[]; result: WasmType }>>,
): Uint8Array<ArrayBuffer> {
  const writer = new ModuleWriter();
  const shared: Shared = {
    writer,
    profile,
    core,
    cpu: core * 0x1000,
    imports: {
      decode: writer.importFunction('decode', ['i32', 'i32'], null),
      fetch: writer.importFunction('fetch', ['i32'], null),
      read: writer.importFunction('read', ['i32', 'i32', 'i32'], 'i32'),
      write: writer.importFunction('write', ['i32', 'i32', 'i32', 'i32'], null),
      hot: writer.importFunction('hot', ['i32', 'i32'], null),
      lineFill: hasL1(profile) || hasFlashCache(profile) ? writer.importFunction('lineFill', ['i32', 'i32'], 'i32') : -1,
      replaced: writer.importFunction('replaced', ['i32'], null),
      system: writer.importFunction('system', ['i32'], null),
      dataFill: hasFlashCache(profile) ? writer.importFunction('dataFill', ['i32'], 'i32') : -1,
      fillRow: hasFlashCache(profile) ? writer.importFunction('fillRow', ['i32', 'i32'], 'i32') : -1,
      readLine: hasL1(profile) ? writer.importFunction('readLine', ['i32', 'i32'], 'i32') : -1,
    },
    regions: writer.importTable('regions'),
    helpers: new Map(),
    predicted: -1,
    loads: {},
    stores: {},
  };
  for (const [name, h] of Object.entries(helpers)) shared.helpers.set(name, writer.importFunction(name, h.params, h.result));
  const flashLine = emitFlashLine(shared);
  const fillRow = emitFillRow(shared);
  const flashData = emitFlashData(shared, flashLine, fillRow);
  const locate = emitLocate(shared, flashData);
  emitMemoryFunctions(shared, flashData);
  const newLine = emitNewLine(shared, flashLine);
  if (hasBranchTargets(profile)) {
    shared.predicted = writer.declare(['i32', 'i32'], 'i32');
    const f = writer.body(shared.predicted);
    const b = new ColdBuilder(f, shared);
    emitPredicted(b, b.local(0), b.local(1));
    writer.export('predicted', shared.predicted);
  }
  const condition = emitCondition(shared);
  const coldType = writer.type(['i32', 'i32'], 'i32');
  const regionType = writer.type(['i32', 'i32'], 'i32');
  const table = handlers.cold.map((h) => {
    const index = writer.declare(['i32', 'i32'], 'i32');
    const b = new ColdBuilder(writer.body(index), shared);
    if ([...h.op.src].length) b.setState(S.R15, b.add(b.pc(), 4));
    emitSemantics(b, h);
    b.next();
    return index;
  });
  writer.setTable(table);
  const run = writer.declare(['i32'], 'i32');
  emitRun(shared, writer.body(run), handlers, { newLine, condition, coldType, regionType });
  // stub(depth, target | 1): what a call to a region that does not exist yet runs: back to the interpreter, at the callee
  const stub = writer.declare(['i32', 'i32'], 'i32');
  writer.body(stub).get(1);
  writer.export('stub', stub);
  writer.export('run', run);
  writer.export('flashLine', flashLine);
  writer.export('flashData', flashData);
  if (hasFlashCache(profile)) writer.export('fillRow', fillRow);
  writer.export('locate', locate);
  if (hasL1(profile)) {
    writer.export('readLine', emitReadLine(shared));
    writer.export('readCode', emitReadCode(shared));
  }
  return writer.finish();
}

// eslint-disable-next-line house/own-lines -- the interpreter’s loop is one WebAssembly function, emitted from its head to its end
function emitRun(
  shared: Shared,
  f: FunctionBody,
  handlers: Handlers,
  functions: { newLine: number; condition: number; coldType: number; regionType: number },
): void {
  const pc = f.newLocal('i32');
  const budget = f.newLocal('i32');
  const rec = f.newLocal('i32');
  const retired = f.newLocal('i32');
  const handler = f.newLocal('i32');
  const itState = f.newLocal('i32');
  /** The last instruction branched here; of the first one the caller says so. */
  const arrived = 0;
  const before = f.newLocal('i32');
  const load = (offset: number, local: number): void => {
    f.i32(0);
    f.memory(OP['i32.load'], shared.cpu + offset);
    f.set(local);
  };
  const store = (offset: number, local: number): void => {
    f.i32(0);
    f.get(local);
    f.memory(OP['i32.store'], shared.cpu + offset);
  };
  const spill = (): void => {
    store(S.PC, pc);
    store(S.BUDGET, budget);
    store(S.RETIRED, retired);
  };
  const exit = (reason: number): void => {
    spill();
    // the branch may be the last instruction of this run, and its target the first of the next
    store(S.LAST_REC, rec);
    top.setState(S.R15, 0);
    f.i32(reason);
    f.op(OP.return);
  };
  load(S.PC, pc);
  load(S.LAST_REC, rec);
  load(S.BUDGET, budget);
  load(S.RETIRED, retired);
  /**
   * After a branch: FLAGS counts arrivals; at the threshold the place is translated; 255 = a region begins here.
   *   v = regions[slot](0, pc | 1); v == -1: EXC_RETURN; pc = v & ~1; T == 0: INVSTATE; arrived = v & 1
   */
  const emitArrival = (): void => {
    top.if(top.and(local(arrived), memory(S.TIER)), () => {
      top.put(arrived, 0);
      top.put(itState, top.arenaAt(local(rec), REC.FLAGS, 1));
      top.if(
        // a branch in front of the end of its IT block (UNPREDICTABLE) takes the rest of the block along, which a region would lose
        top.and(top.eq(local(itState), REGION_HERE), top.eqz(memory(S.IT))),
        () => {
          spill();
          f.i32(0);
          top.or(local(pc), 1).emit(f);
          top.arenaAt(top.shrU(top.sub(local(rec), DECODED_BASE), 3), REGION_SLOTS, 2).emit(f);
          f.op(OP.call_indirect);
          f.code.u32(functions.regionType);
          f.code.u32(shared.regions);
          f.set(itState);
          load(S.BUDGET, budget);
          top.put(before, local(retired));
          load(S.RETIRED, retired);
          // a region that turned back at its door has not run: go on here, without another look at the budget
          top.if(top.or(top.ne(local(itState), local(pc)), top.ne(local(before), local(retired))), () => {
            load(S.LAST_REC, rec);
            top.setState(S.LINE, 1);
            top.if(top.eq(local(itState), -1), () => {
              load(S.PC, pc);
              exit(EXIT.EXC_RETURN);
            });
            top.put(pc, top.and(local(itState), ~1));
            top.if(top.eqz(memory(S.T)), () => exit(EXIT.INVSTATE));
            top.put(arrived, top.and(local(itState), 1));
            f.br(loop);
          });
        },
        () =>
          top.if(top.ltU(local(itState), NEVER), () => {
            top.putAt(local(rec), REC.FLAGS, top.add(local(itState), 1), 1);
            top.if(top.geU(top.add(local(itState), 1), memory(S.HOT)), () => {
              spill();
              top.call(shared.imports.hot, [local(pc), local(rec)]).emit(f);
            });
          }),
      );
    });
  };
  const loop = f.loop();
  const top = new HotBuilder(f, shared, { rec, pc, budget, arrived }, loop, exit, spill);
  const local = (n: number): Expr => top.local(n);
  const memory = (offset: number): Expr => top.arenaAt(0, shared.cpu + offset);
  const sizeOf = (): Expr => top.arenaAt(local(rec), REC.SIZE, 1);
  top.if(top.leS(local(budget), 0), () => {
    top.if(top.eqz(memory(S.ONCE)), () => exit(EXIT.BUDGET));
    top.setState(S.ONCE, 0);
  });
  top.if(top.ne(top.and(local(pc), memory(S.LINE_MASK)), memory(S.LINE)), () => {
    spill();
    store(S.LAST_REC, rec);
    top.put(itState, top.call(functions.newLine, [local(pc)]));
    load(S.BUDGET, budget);
    top.cycles(local(itState));
  });
  top.put(rec, top.add(memory(S.REC), top.shl(top.and(local(pc), 0xffe), 3)));
  const loadHandler = (offset: number): void => top.put(handler, top.arenaAt(local(rec), offset, 2));
  loadHandler(REC.HANDLER);
  // undecoded
  top.if(top.eqz(local(handler)), () => {
    spill();
    top.call(shared.imports.decode, [local(pc), local(rec)]).emit(f);
    // go on, not round: another look at the budget here would make the next stop depend on what was decoded before
    loadHandler(REC.HANDLER);
  });
  emitArrival();
  top.put(retired, top.add(local(retired), 1));
  load(S.IT, itState);
  top.if(local(itState), () => {
    store(S.IT_NOW, itState);
    store(S.IT_PC, pc);
    // ITAdvance
    const advanced = top.or(top.and(local(itState), 0xe0), top.and(top.shl(local(itState), 1), 0x1f));
    top.setState(S.IT, top.select(top.and(local(itState), 7), advanced, 0));
    top.put(itState, top.call(functions.condition, [top.shrU(local(itState), 4)]));
    loadHandler(REC.HANDLER_IT);
    top.if(top.and(top.eqz(local(itState)), top.ne(local(handler), H_SYSTEM_ALWAYS)), () => {
      top.cycles(1);
      top.next();
    });
  });
  top.cycles(top.arenaAt(local(rec), REC.COST, 1));
  top.release();
  // switch (handler)
  const cold = f.block();
  const labels: Label[] = [];
  for (let i = handlers.hot.length - 1; i >= 0; i--) labels[i] = f.block();
  const breakLabel = f.block();
  const system = f.block();
  const undefinedLabel = f.block();
  const inside = f.block();
  f.get(handler);
  f.brTable([cold, undefinedLabel, system, breakLabel, system, inside, ...labels], cold);
  f.end(inside);
  // system(rec.imm); pc = pc + size; arrived = IT == 0: execution comes by here each time, but no region begins in an IT block
  spill();
  top.call(shared.imports.system, [top.arenaAt(local(rec), REC.IMM)]).emit(f);
  load(S.BUDGET, budget);
  top.put(pc, top.add(local(pc), sizeOf()));
  top.put(arrived, top.eqz(memory(S.IT)));
  f.br(loop);
  f.end(undefinedLabel);
  exit(EXIT.UNDEFINED);
  f.end(system);
  exit(EXIT.SYSTEM);
  f.end(breakLabel);
  exit(EXIT.BREAK);
  handlers.hot.forEach((h, i) => {
    f.end(labels[i]!);
    const b = new HotBuilder(f, shared, { rec, pc, budget, arrived }, loop, exit, spill);
    emitSemantics(b, h);
    b.next();
    b.release();
  });
  f.end(cold);
  // next = table[handler - firstCold](rec, pc); odd = leave
  spill();
  f.get(rec);
  f.get(pc);
  f.get(handler);
  f.i32(handlers.firstCold);
  f.op(0x6b);
  f.op(OP.call_indirect);
  f.code.u32(functions.coldType);
  f.code.u32(1);
  f.set(itState);
  load(S.BUDGET, budget);
  top.if(top.and(local(itState), 1), () => {
    store(S.BUDGET, budget);
    top.give(top.shrU(local(itState), 1));
  });
  top.put(arrived, top.ne(local(itState), top.add(local(pc), sizeOf())));
  top.put(pc, local(itState));
  f.br(loop);
  f.end(loop);
  f.i32(EXIT.BUDGET);
}
