/** Where the bytes of a load lie that are not in a core's own RAM, for translated code: one function of the interpreter's module, so that regions stay small. */
import { FLASH_MARK, readTableOf, WORD_MAP } from '../arena.ts';
import { OP } from '../wasm/opcodes.ts';
import { Expr } from './builder.ts';
import { FLASH_CACHE_MASK, hasFlashCache, KIND } from './flash-cache.ts';
import { ColdBuilder, ENTRY_DELTA, ENTRY_FAST, ENTRY_FLASH, type Shared } from './record-builders.ts';
import { S } from './state.ts';

/**
 * locate(address, size) → arena offset of the bytes, and in the upper word the cycles that reading them costs; 0 if the interpreter has to read them.
 *   e = readTable[address >>> 12]; misaligned: 0
 *   flash with a price: if the flash controller's cache has to read its line and cannot: 0
 *   otherwise: a fast page, and a word that has been written
 */
export function emitLocate(shared: Shared, flashData: number): number {
  const index = shared.writer.declare(['i32', 'i32'], 'i64');
  const f = shared.writer.body(index);
  const b = new ColdBuilder(f, shared);
  const address = new Expr('i32', (g) => g.get(0));
  const size = new Expr('i32', (g) => g.get(1));
  const ret = (v: Expr): void => {
    v.emit(f);
    f.op(OP.return);
  };
  const nowhere = b.i64(0n);
  const entry = b.pageEntry(address, readTableOf(shared.core));
  b.if(b.and(address, b.sub(size, 1)), () => ret(nowhere));
  const host = b.let(b.add(address, b.and(entry, ENTRY_DELTA)));
  b.if(b.eq(b.and(entry, ENTRY_FAST | ENTRY_FLASH), ENTRY_FLASH), () => {
    const call = (func: number, ...args: Expr[]): Expr =>
      b.let(
        new Expr('i32', (g) => {
          for (const arg of args) arg.emit(g);
          g.call(func);
        }),
      );
    if (hasFlashCache(shared.profile)) {
      const rows = b.and(b.eq(b.state(S.FETCH_MODE), 3), b.ne(b.and(b.state(S.FLASH_KINDS), KIND.DATA), 0));
      const mark = b.arenaAt(b.shrU(b.and(b.and(address, FLASH_CACHE_MASK), b.state(S.FLASH_MASK)), 3), FLASH_MARK, 1);
      b.if(b.and(rows, b.eqz(b.and(mark, KIND.DATA))), () => {
        b.if(b.eqz(call(shared.imports.fillRow, new Expr('i32', (g) => g.i32(KIND.DATA)), address)), () => ret(nowhere));
        ret(b.join(host, b.state(S.WAIT_STATES)));
      });
    }
    ret(b.join(host, call(flashData, address)));
  });
  b.if(b.eqz(b.and(entry, ENTRY_FAST)), () => ret(nowhere));
  b.if(b.eqz(b.arenaAt(b.shrU(host, 2), WORD_MAP, 1)), () => ret(nowhere));
  b.ext64U(host).emit(f);
  return index;
}
