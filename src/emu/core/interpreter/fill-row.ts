/** A miss of the flash controller's caches, for translated code: one function of the interpreter's module. What it cannot decide it asks of `CoreCaches.fillRow`. */
import { FLASH_CACHE, FLASH_MARK, FLASH_ROWS } from '../../arena.ts';
import type { Expr, Val } from '../builder.ts';
import { FLASH_CACHE_MASK, hasFlashCache, KIND, RENUMBER_AT } from '../caches/flash-cache.ts';
import { S } from '../state.ts';
import { ColdBuilder, type Shared } from './record-builders.ts';

const ROWS = FLASH_ROWS;

/**
 * fillRow(side, address) → 1, or 0 where translated code has to end: the line of the address is read.
 *   if a copy exists, or numbers of use start over: ask
 *   if the row is not held: replaceRow
 *   mark |= side; used[row] = ++TOUCHES; CHANGES++; data: DATA_MISSES++
 * -1 where the core has no such caches.
 */
export function emitFillRow(shared: Shared): number {
  if (!hasFlashCache(shared.profile)) return -1;
  const index = shared.writer.declare(['i32', 'i32'], 'i32');
  const f = shared.writer.body(index);
  const b = new ColdBuilder(f, shared);
  const side = b.local(0);
  const address = b.local(1);
  const ask = (): void => b.give(b.call(shared.imports.fillRow, [side, address]));
  const touches = b.let(b.add(b.state(S.TOUCHES), 1));
  b.if(b.or(b.arenaAt(0, ROWS.COPIES), b.geU(touches, RENUMBER_AT)), ask, undefined, 'not taken');
  const masked = b.let(b.and(address, FLASH_CACHE_MASK));
  const row = b.let(b.shrU(masked, b.state(S.ROW_SHIFT)));
  const used = b.let(b.select(b.eq(side, KIND.CODE), FLASH_CACHE.CODE_USED, FLASH_CACHE.DATA_USED));
  const stamp = b.let(b.add(used, b.shl(row, 2)));
  b.if(b.eqz(b.arenaAt(stamp, 0)), () => emitReplace(b, { side, address, row, used, ask }));
  const mark = b.let(b.shrU(b.and(masked, b.state(S.FLASH_MASK)), 3));
  b.putAt(mark, FLASH_MARK, b.or(b.arenaAt(mark, FLASH_MARK, 1), side), 1);
  b.putAt(stamp, 0, touches);
  b.setState(S.TOUCHES, touches);
  count(b, ROWS.CHANGES, 1);
  count(b, ROWS.DATA_MISSES, b.eq(side, KIND.DATA));
  f.i32(1);
  return index;
}

const count = (b: ColdBuilder, offset: number, more: Val): void => b.putAt(0, offset, b.add(b.arenaAt(0, offset), more));

/**
 * The row that was used longest ago goes, as far as the last look knows it (`Oldest.next`):
 *   if the address is not in the memory that is known: ask
 *   do: if FIRST == END: ask; place = OLDEST[FIRST]; FIRST++; while it has been used since
 *   marks of its lines &= ~side; used[its number] = 0; the place takes the row
 */
function emitReplace(
  b: ColdBuilder,
  { side, address, row, used, ask }: { side: Expr; address: Expr; row: Expr; used: Expr; ask: () => void },
): void {
  const { f } = b;
  b.if(b.geU(b.sub(address, b.arenaAt(0, ROWS.FROM)), b.arenaAt(0, ROWS.BYTES)), ask, undefined, 'not taken');
  const second = b.let(b.sub(side, 1));
  const table = b.let(b.mul(second, ROWS.TABLE));
  const pair = b.let(b.mul(second, ROWS.PAIR));
  const place = b.variable('i32');
  const number = b.variable('i32');
  const first = b.variable('i32', b.arenaAt(pair, ROWS.FIRST));
  const next = f.loop();
  b.if(b.geU(first.get, b.arenaAt(pair, ROWS.END)), ask, undefined, 'not taken');
  const at = b.let(b.add(table, b.shl(first.get, 2)));
  place.set(b.add(table, b.shl(b.arenaAt(at, ROWS.OLDEST), 2)));
  number.set(b.arenaAt(place.get, ROWS.NUMBERS));
  first.set(b.add(first.get, 1));
  const itsStamp = b.let(b.add(used, b.shl(number.get, 2)));
  b.ne(b.arenaAt(itsStamp, 0), b.arenaAt(at, ROWS.OLDEST_USED)).emit(f);
  f.brIf(next, 'not taken');
  f.end(next);
  b.putAt(pair, ROWS.FIRST, first.get);
  // a row of 32 bytes has four bytes of marks, one of 16 has two
  const shift = b.state(S.ROW_SHIFT);
  const marks = b.let(b.shl(number.get, b.sub(shift, 3)));
  const lines = b.select(b.eq(shift, 5), 0x0101_0101, 0x0101);
  b.putAt(marks, FLASH_MARK, b.and(b.arenaAt(marks, FLASH_MARK), b.not(b.mul(lines, side))));
  b.putAt(itsStamp, 0, 0);
  b.putAt(place.get, ROWS.NUMBERS, row);
  b.putAt(place.get, ROWS.HOSTS, b.and(b.add(address, b.arenaAt(0, ROWS.DELTA)), b.shl(-1, shift)));
}
