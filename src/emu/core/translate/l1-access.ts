/** What translated code does where the L1 caches of a Cortex-M7 are on. Hits stay in the region, everything else leaves it. */
import { L1 } from '../../arena.ts';
import type { FunctionBody, Label } from '../../wasm/module.ts';
import { loadOpcode, OP, storeOpcode } from '../../wasm/opcodes.ts';
import type { Builder, Expr } from '../builder.ts';
import { emitCachedHost } from '../interpreter/record-builders.ts';

export const L1_LINE = 32;

/** `access` gets the place, or `missed` says what is done instead. */
function emitAccess(b: Builder, missed: () => void, access: (leave: Label) => void): void {
  const { f } = b;
  const done = f.block();
  const leave = f.block();
  access(leave);
  f.br(done);
  f.end(leave);
  missed();
  f.end(done);
}
/** `missed` may have another way to the `result`. */
export function emitCachedLoad(
  b: Builder,
  core: number,
  a: Expr,
  size: 1 | 2 | 4,
  signed: boolean,
  result: number,
  missed: () => void,
): void {
  emitAccess(b, missed, (leave) => {
    emitCachedHost(b, core, 'read', a, size, leave).emit(b.f);
    b.f.memory(loadOpcode(size, signed), 0);
    b.f.set(result);
  });
}
export function emitCachedStore(b: Builder, core: number, a: Expr, v: Expr, size: 1 | 2 | 4, missed: () => void): void {
  emitAccess(b, missed, (leave) => {
    emitCachedHost(b, core, 'write', a, size, leave).emit(b.f);
    v.emit(b.f);
    b.f.memory(storeOpcode(size), 0);
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
