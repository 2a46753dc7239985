/** Where the bytes of a load lie that are not in a core's own RAM, for translated code: one function of the interpreter's module, so that regions stay small. */
import { readTableOf, WORD_MAP } from '../../arena.ts';
import { hasFlashCache } from '../caches/flash-cache.ts';
import { ColdBuilder, ENTRY_DELTA, ENTRY_FAST, ENTRY_FLASH, type Shared } from './record-builders.ts';

/**
 * locate(address, size) → arena offset of the bytes, and in the upper word the cycles that reading them costs; 0 if the interpreter has to read them.
 *   e = readTable[address >>> 12]; misaligned: 0
 *   flash with a price: flashData(address, 1); -1: 0
 *   otherwise: a fast page, and a word that has been written
 */
export function emitLocate(shared: Shared, flashData: number): number {
  const index = shared.writer.declare(['i32', 'i32'], 'i64');
  const f = shared.writer.body(index);
  const b = new ColdBuilder(f, shared);
  const address = b.local(0);
  const size = b.local(1);
  const nowhere = b.i64(0n);
  const entry = b.pageEntry(address, readTableOf(shared.core));
  b.if(b.and(address, b.sub(size, 1)), () => b.give(nowhere));
  const host = b.let(b.add(address, b.and(entry, ENTRY_DELTA)));
  b.if(b.eq(b.and(entry, ENTRY_FAST | ENTRY_FLASH), ENTRY_FLASH), () => {
    const rows = hasFlashCache(shared.profile);
    const price = b.let(b.call(flashData, rows ? [address, 1] : [address]));
    if (rows) b.if(b.eq(price, -1), () => b.give(nowhere));
    b.give(b.join(host, price));
  });
  b.if(b.eqz(b.and(entry, ENTRY_FAST)), () => b.give(nowhere));
  b.if(b.eqz(b.arenaAt(b.shrU(host, 2), WORD_MAP, 1)), () => b.give(nowhere));
  b.ext64U(host).emit(f);
  return index;
}
