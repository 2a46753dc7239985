/** A miss of the L1 data cache, for translated code: one function of the interpreter's module. What it cannot decide it asks of `CoreMemory.readLine`. */
import { L1, L1_FILLS, LINE_MAP, readTableOf, WORD_MAP, writeTableOf } from '../../arena.ts';
import { OP, storeOpcode } from '../../wasm/opcodes.ts';
import { Expr, lift, type Val } from '../builder.ts';
import { LINE_WRITE } from '../caches/l1-cache.ts';
import { S } from '../state.ts';
import { ColdBuilder, ENTRY_CACHED, ENTRY_DELTA, type Shared } from './record-builders.ts';

const SETS = 128;
const WAYS = 4;

/**
 * readLine(address, how, left) → arena offset of the byte in its line, and in the upper word the cycles that it takes, of those that are left; 0 where the interpreter
 * has to make the access (`CoreMemory.readLine` says when).
 *   if the page does not go through the cache, the address is misaligned, the line is held, a load's word has never been written: 0
 *   if it is not known what the line costs, or the one that goes is newer than memory: ask
 *   if less is left for a load: 0
 *   the line takes its way; a store marks it
 * -1 where the core has no such cache.
 */
export function emitReadLine(shared: Shared): number {
  if (!shared.profile.l1) return -1;
  const index = shared.writer.declare(['i32', 'i32', 'i32'], 'i64');
  const f = shared.writer.body(index);
  const b = new ColdBuilder(f, shared);
  const address = new Expr('i32', (g) => g.get(0));
  const how = new Expr('i32', (g) => g.get(1));
  const left = new Expr('i32', (g) => g.get(2));
  const answer = (v: Expr): void => {
    v.emit(f);
    f.op(OP.return);
  };
  const nothing = (): void => answer(b.i64(0n));
  const ask = (): void => {
    b.setState(S.BUDGET, left);
    f.get(0);
    f.get(1);
    f.call(shared.imports.readLine);
    const place = b.variable('i32');
    f.set(place.local);
    answer(b.join(place.get, b.sub(left, b.state(S.BUDGET))));
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
  const set = b.let(b.and(line, SETS - 1));
  const { way, full } = wayFor(b, set);
  const slot = b.let(b.add(b.shl(way, 7), set));
  b.if(b.and(full, b.arenaAt(slot, L1.DATA_DIRTY, 1)), ask);
  const fill = b.let(b.mul(b.shrU(address, 29), L1_FILLS.EACH));
  b.if(b.geU(b.sub(address, b.arenaAt(fill, L1_FILLS.FROM)), b.arenaAt(fill, L1_FILLS.BYTES)), ask);
  const cycles = b.let(b.select(writes, 0, b.arenaAt(fill, L1_FILLS.CYCLES)));
  b.if(b.and(b.eqz(writes), b.ltS(left, cycles)), nothing);
  b.if(full, () => leave(b, slot, set, way));
  take(b, { address, line, slot, way });
  b.if(writes, () => {
    store(b, slot, L1.DATA_DIRTY, 1, 1);
    store(b, word, WORD_MAP, 1, 1);
  });
  b.join(b.add(b.add(b.shl(slot, 5), b.and(address, 31)), L1.DATA), cycles).emit(f);
  return index;
}

function store(b: ColdBuilder, address: Val, offset: number, value: Val, size: 1 | 4 = 4): void {
  lift(address).emit(b.f);
  lift(value).emit(b.f);
  b.f.memory(storeOpcode(size), offset);
}
const tagOf = (b: ColdBuilder, slot: Val): Expr => b.arenaAt(b.shl(slot, 2), L1.DATA_TAGS);

/** The first way of a set that is free, or the next in turn. */
function wayFor(b: ColdBuilder, set: Expr): { way: Expr; full: Expr } {
  const way = b.variable('i32', b.arenaAt(set, L1.DATA_NEXT, 1));
  const full = b.variable('i32', 1);
  for (let free = WAYS - 1; free >= 0; free--)
    b.if(b.eqz(tagOf(b, b.add(set, free * SETS))), () => {
      way.set(free);
      full.set(0);
    });
  return { way: way.get, full: full.get };
}
/** A line that memory agrees with goes. */
function leave(b: ColdBuilder, slot: Expr, set: Expr, way: Expr): void {
  store(b, set, L1.DATA_NEXT, b.and(b.add(way, 1), WAYS - 1), 1);
  const before = b.let(b.arenaAt(b.shl(slot, 2), L1.DATA_HOSTS));
  b.if(before, () => store(b, b.shrU(before, 5), LINE_MAP, 0, 1));
}
/** changes++; the slot holds the line: its bytes, its tag, where it lies */
function take(b: ColdBuilder, { address, line, slot, way }: { address: Expr; line: Expr; slot: Expr; way: Expr }): void {
  const { f } = b;
  store(b, 0, L1_FILLS.CHANGES, b.add(b.arenaAt(0, L1_FILLS.CHANGES), 1));
  for (let at = 0; at < 32; at += 8) {
    b.shl(slot, 5).emit(f);
    b.shl(line, 5).emit(f);
    f.memory(OP['i64.load'], at);
    f.memory(OP['i64.store'], L1.DATA + at);
  }
  store(b, b.shl(slot, 2), L1.DATA_TAGS, b.or(b.and(address, -32), 1));
  store(b, b.shl(slot, 2), L1.DATA_HOSTS, b.shl(line, 5));
  store(b, slot, L1.DATA_DIRTY, 0, 1);
  store(b, line, LINE_MAP, b.add(way, 1), 1);
}
