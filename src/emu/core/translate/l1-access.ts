/** What translated code does where the L1 caches of a Cortex-M7 are on. Hits stay in the region, everything else leaves it. */
import { L1, LINE_MAP, readTableOf, WORD_MAP, writeTableOf } from '../../arena.ts';
import type { FunctionBody, Label } from '../../wasm/module.ts';
import { loadOpcode, OP, storeOpcode } from '../../wasm/opcodes.ts';
import type { Builder, Expr } from '../builder.ts';
import { beyondEnd, ENTRY_CACHED, ENTRY_DELTA, ENTRY_FAST, ENTRY_PART } from '../record-builders.ts';

export const L1_LINE = 32;

/**
 * Arena offset of the bytes, or a branch to `leave`:
 *   e = table[a >>> 12]; if !(e & (FAST | CACHED)), writes: nor e & PART, or misaligned: leave; host = a + (e & DELTA)
 *   if e & CACHED: way = lineMap[host >>> 5]; if way == 0: leave; writes: dirty[way - 1][set] = 1; data + (way - 1) * 4096 + (a & 0xfff)
 *   reads: if the word has never been written: leave        writes: the same if e & PART; it is written now
 */
function emitPlace(b: Builder, core: number, kind: 'read' | 'write', a: Expr, size: 1 | 2 | 4, leave: Label): Expr {
  const f = b.f;
  const leaveIf = (c: Expr): void => {
    c.emit(f);
    f.brIf(leave, 'not taken');
  };
  const entry = b.pageEntry(a, kind === 'read' ? readTableOf(core) : writeTableOf(core));
  leaveIf(b.eqz(b.and(entry, ENTRY_FAST | ENTRY_CACHED | (kind === 'read' ? 0 : ENTRY_PART))));
  if (size > 1) leaveIf(b.and(a, size - 1));
  const host = b.let(b.add(a, b.and(entry, ENTRY_DELTA)));
  const place = b.variable('i32', host);
  const inLine = (): void => {
    const way = b.let(b.arenaAt(b.shrU(host, 5), LINE_MAP, 1));
    leaveIf(b.eqz(way));
    if (kind === 'write') {
      b.add(b.shl(way, 7), b.and(b.shrU(a, 5), 127)).emit(f);
      f.i32(1);
      f.memory(OP['i32.store8'], L1.DATA_DIRTY - 128);
    }
    place.set(b.add(b.add(b.shl(way, 12), b.and(a, 0xfff)), L1.DATA - 0x1000));
  };
  b.if(b.and(entry, ENTRY_CACHED), inLine, kind === 'write' ? () => leaveIf(beyondEnd(b, entry, host)) : undefined);
  if (kind === 'read') leaveIf(b.eqz(b.arenaAt(b.shrU(host, 2), WORD_MAP, 1)));
  else {
    b.shrU(host, 2).emit(f);
    f.i32(1);
    f.memory(OP['i32.store8'], WORD_MAP);
  }
  return place.get;
}
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
    emitPlace(b, core, 'read', a, size, leave).emit(b.f);
    b.f.memory(loadOpcode(size, signed), 0);
    b.f.set(result);
  });
}
export function emitCachedStore(b: Builder, core: number, a: Expr, v: Expr, size: 1 | 2 | 4, missed: () => void): void {
  emitAccess(b, missed, (leave) => {
    emitPlace(b, core, 'write', a, size, leave).emit(b.f);
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
