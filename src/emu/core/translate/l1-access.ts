/** What translated code does where the L1 caches of a Cortex-M7 are on. Hits and most misses of data stay in the region, everything else leaves it. */
import { L1 } from '../../arena.ts';
import type { FunctionBody } from '../../wasm/module.ts';
import { loadOpcode, OP, storeOpcode } from '../../wasm/opcodes.ts';
import type { Builder, Expr } from '../builder.ts';
import { LINE_WRITE } from '../caches/l1-cache.ts';
import { emitCachedHost } from '../interpreter/record-builders.ts';

export const L1_LINE = 32;

/** One access of translated code. */
export interface CachedAccess {
  readonly core: number;
  readonly a: Expr;
  readonly size: 1 | 2 | 4;
  /** place = the line of the address, read from memory if that may be done here; 0 if not. */
  readonly readLine: (how: number) => Expr;
  /** What is done instead: it leaves, or has another way to the result. */
  readonly missed: () => void;
}

/** place = where the line holds the byte; if it is not there: place = readLine(); if place == 0: missed, else: access */
function emitAccess(b: Builder, kind: 'read' | 'write', { core, a, size, readLine, missed }: CachedAccess, access: () => void): void {
  const { f } = b;
  const place = b.variable('i32');
  const done = f.block();
  const held = f.block();
  const leave = f.block();
  place.set(emitCachedHost(b, core, kind, a, size, leave));
  f.br(held);
  f.end(leave);
  place.set(readLine(kind === 'write' ? size | LINE_WRITE : size));
  place.get.emit(f);
  f.brIf(held);
  missed();
  f.br(done);
  f.end(held);
  place.get.emit(f);
  access();
  f.end(done);
}
export function emitCachedLoad(b: Builder, access: CachedAccess, signed: boolean, result: number): void {
  emitAccess(b, 'read', access, () => {
    b.f.memory(loadOpcode(access.size, signed), 0);
    b.f.set(result);
  });
}
export function emitCachedStore(b: Builder, access: CachedAccess, v: Expr): void {
  emitAccess(b, 'write', access, () => {
    v.emit(b.f);
    b.f.memory(storeOpcode(access.size), 0);
  });
}

/** `missing` where neither way of the instruction cache holds the line of `pc`: if (tag of way 0 != tag) if (tag of way 1 != tag) … */
export function emitIfLineMissing(f: FunctionBody, pc: number, tag: number, missing: () => void): void {
  const slot = L1.CODE_TAGS + (((pc >>> 5) & 255) << 2);
  const held = f.block();
  for (let way = 0; way < 2; way++) {
    f.i32(0);
    f.memory(OP['i32.load'], slot + way * 1024);
    f.i32(tag);
    f.op(0x46);
    f.brIf(held, 'taken');
  }
  missing();
  f.end(held);
}
