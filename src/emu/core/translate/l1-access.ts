/** What translated code does where the L1 caches of a Cortex-M7 are on. Hits stay in the region, everything else leaves it. */
import { L1 } from '../../arena.ts';
import type { FunctionBody, Label } from '../../wasm/module.ts';
import { loadOpcode, OP, storeOpcode } from '../../wasm/opcodes.ts';
import type { Builder, Expr } from '../builder.ts';
import { emitCachedHost, emitFastHost } from '../record-builders.ts';

export const L1_LINE = 32;

/** Plain memory by the page table, or a line of the data cache, or `leave`. `access` gets the address on the stack. */
function emitAccess(
  b: Builder,
  core: number,
  kind: 'read' | 'write',
  a: Expr,
  size: 1 | 2 | 4,
  access: (address: Expr) => void,
  leave: () => void,
): void {
  const f = b.f;
  const host = b.variable('i32');
  const done: Label = f.block();
  const slow = f.block();
  const notPlain = f.block();
  emitFastHost(b, { core }, kind, a, size, host, notPlain);
  access(host.get);
  f.br(done);
  f.end(notPlain);
  access(emitCachedHost(b, { core }, kind, a, size, slow));
  f.br(done);
  f.end(slow);
  leave();
  f.end(done);
}
/** `leave` may have another way to the `result`. */
export function emitCachedLoad(
  b: Builder,
  core: number,
  a: Expr,
  size: 1 | 2 | 4,
  signed: boolean,
  result: number,
  leave: () => void,
): void {
  const load = (address: Expr): void => {
    address.emit(b.f);
    b.f.memory(loadOpcode(size, signed), 0);
    b.f.set(result);
  };
  emitAccess(b, core, 'read', a, size, load, leave);
}
export function emitCachedStore(b: Builder, core: number, a: Expr, v: Expr, size: 1 | 2 | 4, leave: () => void): void {
  const store = (address: Expr): void => {
    address.emit(b.f);
    v.emit(b.f);
    b.f.memory(storeOpcode(size), 0);
  };
  emitAccess(b, core, 'write', a, size, store, leave);
}

/** 1 if neither way of the instruction cache holds the line of `pc`: (tag of way 0 != tag) & (tag of way 1 != tag). */
export function emitIsLineMissing(f: FunctionBody, pc: number, tag: number): void {
  const slot = L1.CODE_TAGS + (((pc >>> 5) & 255) << 2);
  for (let way = 0; way < 2; way++) {
    f.i32(0);
    f.memory(OP['i32.load'], slot + way * 1024);
    f.i32(tag);
    f.op(0x47);
  }
  f.op(0x71);
}
