/**
 * Exclusive accesses, load-acquire and store-release. The local monitor tags no address: every store-exclusive matches the load-exclusive
 * before it (DDI 0439D 3.6.1: the reservation granule is the whole address range). Source: DDI 0403 A3.4, A7.7; DDI 0553 B9, C2.4.
 */
import type { Builder, Expr, Val } from '../builder.ts';
import { op, row, v7, v8, type Decoded } from '../rows.ts';
import { EXIT, S } from '../state.ts';

const SIZES = [
  ['', 4, '10'],
  ['B', 1, '00'],
  ['H', 2, '01'],
] as const;

/** The slow path checks alignment of accesses that are made; a store-exclusive that fails must fault as well. */
function mustBeAligned(b: Builder, address: Expr, size: number): void {
  if (size > 1) b.leaveIf(b.and(address, size - 1), EXIT.UNALIGNED, address);
}
function loadExclusive(b: Builder, rt: Val, address: Expr, size: 1 | 2 | 4): void {
  const data = b.load(address, size, { aligned: true });
  b.setState(S.EXCLUSIVE_OPEN, 1);
  b.setReg(rt, data);
}
function storeExclusive(b: Builder, rd: Val, rt: Val, address: Expr, size: 1 | 2 | 4): void {
  mustBeAligned(b, address, size);
  const open = b.state(S.EXCLUSIVE_OPEN);
  const value = b.reg(rt);
  b.if(open, () => b.store(address, size, value, { aligned: true }));
  b.setState(S.EXCLUSIVE_OPEN, 0);
  b.setReg(rd, b.eqz(open));
}
/** a = Rt, b = Rn, c = Rd (status), imm = offset. The acquire and release forms do the same here: nothing reorders accesses. */
for (const [suffix, size] of SIZES) {
  op(`LDREX${suffix}`, { timing: 'exclusive', dest: 'a', src: 'b' }, (b, o) =>
    loadExclusive(b, o.a, b.let(b.add(b.reg(o.b), o.imm)), size),
  );
  op(`STREX${suffix}`, { timing: 'exclusive', dest: 'c', src: 'ab' }, (b, o) =>
    storeExclusive(b, o.c, o.a, b.let(b.add(b.reg(o.b), o.imm)), size),
  );
  op(`LDA${suffix}`, { timing: 'load', is: ['narrow'], dest: 'a', src: 'b' }, (b, o) =>
    b.setReg(o.a, b.load(b.reg(o.b), size, { aligned: true })),
  );
  op(`STL${suffix}`, { timing: 'store', src: 'ab' }, (b, o) => b.store(b.reg(o.b), size, b.reg(o.a), { aligned: true }));
}
op('CLREX', { timing: 'exclusive', is: ['clears-exclusive'] }, (b) => b.setState(S.EXCLUSIVE_OPEN, 0));

/** SP and PC as data or status, PC as base, and a status register that is also used for something else are UNPREDICTABLE. */
function registers(d: Decoded): Decoded | 'unpredictable' {
  const special = (n: number | undefined): boolean => n === 13 || n === 15;
  return special(d.a) || special(d.c) || d.b === 15 || d.c === d.a || d.c === d.b ? 'unpredictable' : d;
}
row('STREX T1', '11101000 0100 nnnn tttt dddd iiiiiiii', v7, 'STREX <c>, <a>, [<b>, #<imm>]', (f) =>
  registers({ op: 'STREX', a: f.t, b: f.n, c: f.d, imm: f.i * 4 }),
);
row('LDREX T1', '11101000 0101 nnnn tttt 1111 iiiiiiii', v7, 'LDREX <a>, [<b>, #<imm>]', (f) =>
  registers({ op: 'LDREX', a: f.t, b: f.n, imm: f.i * 4 }),
);
for (const [suffix, , bits] of SIZES) {
  if (suffix) {
    row(`STREX${suffix} T1`, `11101000 1100 nnnn tttt 1111 01 ${bits} dddd`, v7, `STREX${suffix} <c>, <a>, [<b>]`, (f) =>
      registers({ op: `STREX${suffix}`, a: f.t, b: f.n, c: f.d }),
    );
    row(`LDREX${suffix} T1`, `11101000 1101 nnnn tttt 1111 01 ${bits} 1111`, v7, `LDREX${suffix} <a>, [<b>]`, (f) =>
      registers({ op: `LDREX${suffix}`, a: f.t, b: f.n }),
    );
  }
  row(`STL${suffix} T1`, `11101000 1100 nnnn tttt 1111 10 ${bits} 1111`, v8, `STL${suffix} <a>, [<b>]`, (f) =>
    registers({ op: `STL${suffix}`, a: f.t, b: f.n }),
  );
  row(`LDA${suffix} T1`, `11101000 1101 nnnn tttt 1111 10 ${bits} 1111`, v8, `LDA${suffix} <a>, [<b>]`, (f) =>
    registers({ op: `LDA${suffix}`, a: f.t, b: f.n }),
  );
  row(`STLEX${suffix} T1`, `11101000 1100 nnnn tttt 1111 11 ${bits} dddd`, v8, `STLEX${suffix} <c>, <a>, [<b>]`, (f) =>
    registers({ op: `STREX${suffix}`, a: f.t, b: f.n, c: f.d }),
  );
  row(`LDAEX${suffix} T1`, `11101000 1101 nnnn tttt 1111 11 ${bits} 1111`, v8, `LDAEX${suffix} <a>, [<b>]`, (f) =>
    registers({ op: `LDREX${suffix}`, a: f.t, b: f.n }),
  );
}
row('CLREX T1', '11110 0 111011 1111 10 0 0 1111 0010 1111', v7, 'CLREX', () => ({ op: 'CLREX' }));
