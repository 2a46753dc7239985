/** Misses of the L1 caches, for translated code: functions of the interpreter's module. */
import { L1, L1_FILLS, LINE_MAP, readTableOf, WORD_MAP, writeTableOf } from '../../arena.ts';
import { OP } from '../../wasm/opcodes.ts';
import type { Expr } from '../builder.ts';
import { CODE_SETS, CODE_WAYS, DATA_SETS, DATA_WAYS, LINE_WRITE } from '../caches/l1-cache.ts';
import { S } from '../state.ts';
import { ColdBuilder, ENTRY_CACHED, ENTRY_DELTA, type Shared } from './record-builders.ts';

/** One of the caches: log2 of its sets, its ways, and where its words and bytes lie. */
const DATA = {
  setBits: Math.log2(DATA_SETS),
  ways: DATA_WAYS,
  tags: L1.DATA_TAGS,
  hosts: L1.DATA_HOSTS,
  next: L1.DATA_NEXT,
  lines: L1.DATA,
  count: L1_FILLS.CHANGES,
} as const;
const CODE = {
  setBits: Math.log2(CODE_SETS),
  ways: CODE_WAYS,
  tags: L1.CODE_TAGS,
  hosts: L1.CODE_HOSTS,
  next: L1.CODE_NEXT,
  lines: L1.CODE,
  count: L1_FILLS.CODE_READS,
} as const;
type Cache = typeof DATA | typeof CODE;
/** Where a line goes. `full`: another one leaves. */
interface Choice {
  readonly set: Expr;
  readonly way: Expr;
  readonly slot: Expr;
  readonly full: Expr;
}

/**
 * readLine(address, how, left) → arena offset of the byte in its line, and in the upper word the cycles that it takes, of those that are left; 0 where the interpreter
 * has to make the access (`CoreMemory.readLine` says when).
 *   if the page does not go through the cache, the address is misaligned, the line is held, a load's word has never been written: 0
 *   if it is not known what the line costs, or the one that goes is newer than memory: ask
 *   if less is left for a load: 0
 *   the line takes its way; a store marks it
 */
export function emitReadLine(shared: Shared): number {
  const index = shared.writer.declare(['i32', 'i32', 'i32'], 'i64');
  const f = shared.writer.body(index);
  const b = new ColdBuilder(f, shared);
  const [address, how, left] = [b.local(0), b.local(1), b.local(2)];
  const nothing = (): void => b.give(b.i64(0n));
  const ask = (): void => {
    b.setState(S.BUDGET, left);
    const place = b.let(b.call(shared.imports.readLine, [address, how]));
    b.give(b.join(place, b.sub(left, b.state(S.BUDGET))));
  };
  const writes = b.let(b.and(how, LINE_WRITE));
  const page = b.let(b.select(writes, b.pageEntry(address, writeTableOf(shared.core)), b.pageEntry(address, readTableOf(shared.core))));
  b.if(b.eqz(b.and(page, ENTRY_CACHED)), nothing);
  b.if(b.and(address, b.sub(b.and(how, 7), 1)), nothing);
  const host = b.let(b.add(address, b.and(page, ENTRY_DELTA)));
  const line = b.let(b.shrU(host, 5));
  const word = b.let(b.shrU(host, 2));
  b.if(b.arenaAt(line, LINE_MAP, 1), nothing);
  b.if(b.eqz(b.or(writes, b.arenaAt(word, WORD_MAP, 1))), nothing);
  const choice = choose(b, DATA, b.let(b.and(line, DATA_SETS - 1)));
  const { slot, full } = choice;
  b.if(b.and(full, b.arenaAt(slot, L1.DATA_DIRTY, 1)), ask);
  const fill = fillOf(b, address);
  b.if(isUnknown(b, fill, address), ask);
  const cycles = b.let(b.select(writes, 0, b.arenaAt(fill, L1_FILLS.CYCLES)));
  b.if(b.and(b.eqz(writes), b.ltS(left, cycles)), nothing);
  b.if(full, () => {
    const before = b.let(b.arenaAt(b.shl(slot, 2), L1.DATA_HOSTS));
    b.if(before, () => b.putAt(b.shrU(before, 5), LINE_MAP, 0, 1));
  });
  take(b, DATA, choice, address, b.let(b.shl(line, 5)));
  b.putAt(slot, L1.DATA_DIRTY, b.ne(writes, 0), 1);
  b.putAt(line, LINE_MAP, b.add(choice.way, 1), 1);
  b.if(writes, () => b.putAt(word, WORD_MAP, 1, 1));
  b.join(b.add(b.add(b.shl(slot, 5), b.and(address, 31)), L1.DATA), cycles).emit(f);
  return index;
}

/**
 * readCode(pc, left) → cycles that the line of an instruction takes which the cache does not hold, of those that are left; -1 where the interpreter has to read it:
 * more is needed or nobody knows how many, or the line that goes is older than memory, so that other instructions come into sight.
 */
export function emitReadCode(shared: Shared): number {
  const index = shared.writer.declare(['i32', 'i32'], 'i32');
  const b = new ColdBuilder(shared.writer.body(index), shared);
  const [pc, left] = [b.local(0), b.local(1)];
  const nothing = (): void => b.give(-1);
  const fill = fillOf(b, pc);
  b.if(isUnknown(b, fill, pc), nothing);
  const cycles = b.let(b.arenaAt(fill, L1_FILLS.CYCLES));
  b.if(b.ltS(left, cycles), nothing);
  const choice = choose(b, CODE, b.let(b.and(b.shrU(pc, 5), CODE_SETS - 1)));
  const { slot, full } = choice;
  b.if(b.and(full, b.arenaAt(slot, L1.CODE_STALE, 1)), nothing);
  const lines = b.let(b.arenaAt(0, L1_FILLS.CODE_LINES));
  const goes = b.and(full, b.ne(b.arenaAt(b.shl(slot, 2), L1.CODE_HOSTS), 0));
  b.putAt(0, L1_FILLS.CODE_LINES, b.add(lines, b.eqz(goes)));
  take(b, CODE, choice, pc, b.let(b.and(b.add(pc, b.arenaAt(fill, L1_FILLS.DELTA)), -32)));
  cycles.emit(b.f);
  return index;
}

const fillOf = (b: ColdBuilder, address: Expr): Expr => b.let(b.mul(b.shrU(address, 29), L1_FILLS.EACH));
const isUnknown = (b: ColdBuilder, fill: Expr, address: Expr): Expr =>
  b.geU(b.sub(address, b.arenaAt(fill, L1_FILLS.FROM)), b.arenaAt(fill, L1_FILLS.BYTES));

/** The first way of a set that is free, or the next in turn. */
function choose(b: ColdBuilder, cache: Cache, set: Expr): Choice {
  const way = b.variable('i32', b.arenaAt(set, cache.next, 1));
  const full = b.variable('i32', 1);
  for (let free = cache.ways - 1; free >= 0; free--)
    b.if(b.eqz(b.arenaAt(b.shl(b.add(set, free << cache.setBits), 2), cache.tags)), () => {
      way.set(free);
      full.set(0);
    });
  return { set, way: way.get, slot: b.let(b.add(b.shl(way.get, cache.setBits), set)), full: full.get };
}
/** count++; the next of a full set is the one behind; the slot holds the line: its bytes, its tag, where it lies */
function take(b: ColdBuilder, cache: Cache, { set, way, slot, full }: Choice, address: Expr, host: Expr): void {
  const { f } = b;
  b.putAt(0, cache.count, b.add(b.arenaAt(0, cache.count), 1));
  b.if(full, () => b.putAt(set, cache.next, b.and(b.add(way, 1), cache.ways - 1), 1));
  for (let at = 0; at < 32; at += 8) {
    b.shl(slot, 5).emit(f);
    host.emit(f);
    f.memory(OP['i64.load'], at);
    f.memory(OP['i64.store'], cache.lines + at);
  }
  b.putAt(b.shl(slot, 2), cache.tags, b.or(b.and(address, -32), 1));
  b.putAt(b.shl(slot, 2), cache.hosts, host);
}
