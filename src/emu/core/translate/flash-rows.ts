/** What translated code does where the flash controller's caches are on: lines that are held cost nothing, and every access makes its row the last used one. */
import { FLASH_CACHE, FLASH_MARK } from '../../arena.ts';
import type { FunctionBody } from '../../wasm/module.ts';
import { OP } from '../../wasm/opcodes.ts';
import type { Builder, Expr } from '../builder.ts';
import { FLASH_CACHE_MASK, KIND } from '../caches/flash-cache.ts';
import type { Surroundings } from './surroundings.ts';

type Shape = Pick<Surroundings, 'lineBytes' | 'rowShift'>;

const rowOf = (env: Shape, pc: number): number => (pc & FLASH_CACHE_MASK) >>> env.rowShift;

/** 1 if the line that instruction `pc` lies in is not held. */
export function emitIsLineMissing(f: FunctionBody, env: Shape, pc: number): void {
  f.i32(0);
  f.memory(OP['i32.load8_u'], FLASH_MARK + ((pc & FLASH_CACHE_MASK & -env.lineBytes) >>> 3));
  f.i32(KIND.CODE);
  f.op(0x71);
  f.op(0x45);
}
/** used[row of pc] = ++touches */
export function emitUseRow(f: FunctionBody, env: Shape, pc: number, touches: number): void {
  f.i32(0);
  f.get(touches);
  f.i32(1);
  f.op(0x6a);
  f.tee(touches);
  f.memory(OP['i32.store'], FLASH_CACHE.CODE_USED + 4 * rowOf(env, pc));
}
/** Data in flash: `fill` if its line is not held; used[row] = ++touches. */
export function emitDataRow(b: Builder, env: Shape, address: Expr, touches: number, fill: () => void): void {
  const f = b.f;
  const masked = b.let(b.and(address, FLASH_CACHE_MASK));
  const mark = b.let(b.arenaAt(b.shrU(b.and(masked, -env.lineBytes), 3), FLASH_MARK, 1));
  b.if(b.eqz(b.and(mark, KIND.DATA)), fill, undefined, 'not taken');
  b.shl(b.shrU(masked, env.rowShift), 2).emit(f);
  f.get(touches);
  f.i32(1);
  f.op(0x6a);
  f.tee(touches);
  f.memory(OP['i32.store'], FLASH_CACHE.DATA_USED);
}
