/** Branches, IT, table branches. Source: DDI 0403 A7.7; DDI 0553 C2.4. Only BX, BLX and loads of the PC exchange the instruction set. */
import { everywhere, op, row, v7, variants } from '../rows.ts';
import { S } from '../state.ts';
import { LR, signExtend } from './operands.ts';

op('B', { timing: 'branch', hot: true }, (b, o) => b.jump(b.add(b.add(b.pc(), 4), o.imm)));
op(
  'B_cond',
  { timing: 'branch-cond', is: ['reads-flags'], hot: true, variants: variants({ cc: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] }) },
  (b, o, v) => {
    b.if(b.condition(v.cc as number), () => b.jump(b.add(b.add(b.pc(), 4), o.imm)));
  },
);
op('BL', { timing: 'call', hot: true }, (b, o) => {
  const next = b.let(b.add(b.pc(), 4));
  b.setReg(14, b.or(next, 1));
  b.jump(b.add(next, o.imm));
});
op('BX', { timing: 'branch-reg', is: ['interworks'], returns: (d) => d.a === LR, src: 'a', hot: true }, (b, o) => b.bx(b.reg(o.a)));
op('BLX', { timing: 'call', is: ['interworks'], src: 'a', hot: true }, (b, o) => {
  const target = b.reg(o.a);
  b.setReg(14, b.or(b.add(b.pc(), 2), 1));
  b.blx(target);
});
op('CBZ', { timing: 'compare-branch', src: 'a', hot: true, variants: variants({ nonzero: [false, true] }) }, (b, o, v) => {
  const x = b.reg(o.a);
  b.if(v.nonzero ? b.ne(x, 0) : b.eqz(x), () => b.jump(b.add(b.add(b.pc(), 4), o.imm)));
});
op('TBB', { timing: 'table-branch', returns: () => false, src: 'bc' }, (b, o) => {
  const halfwords = b.load(b.add(b.reg(o.b), b.reg(o.c)), 1);
  b.indirect(b.add(b.add(b.pc(), 4), b.shl(halfwords, 1)));
});
op('TBH', { timing: 'table-branch', is: ['half-words'], returns: () => false, src: 'bc' }, (b, o) => {
  const halfwords = b.load(b.add(b.reg(o.b), b.shl(b.reg(o.c), 1)), 2);
  b.indirect(b.add(b.add(b.pc(), 4), b.shl(halfwords, 1)));
});
/** imm = firstcond:mask, which is ITSTATE for the next instruction. */
op('IT', { timing: 'it', is: ['reads-flags'], hot: true }, (b, o) => b.setState(S.IT, o.imm));

row('B T2', '11100 iiiiiiiiiii', everywhere, 'B <imm>', (f) => ({ op: 'B', imm: signExtend(f.i, 11) * 2 }));
row('B T1', '1101 cccc iiiiiiii', everywhere, 'B<cc> <imm>', (f) =>
  f.c < 14 ? { op: 'B_cond', v: { cc: f.c }, imm: signExtend(f.i, 8) * 2 } : null,
);
row('BX', '01000111 0 mmmm 000', everywhere, 'BX <a>', (f) => ({ op: 'BX', a: f.m }));
row('BLX (register) T1', '01000111 1 mmmm 000', everywhere, 'BLX <a>', (f) => (f.m === 15 ? 'unpredictable' : { op: 'BLX', a: f.m }));
row('CBZ, CBNZ', '1011 o 0 i 1 iiiii nnn', v7, 'CB{N}Z <a>, <imm>', (f) => ({
  op: 'CBZ',
  v: { nonzero: f.o === 1 },
  a: f.n,
  imm: f.i * 2,
}));
row('IT', '10111111 cccc mmmm', v7, 'IT <cc>, <mask>', (f) => {
  if (f.m === 0) return null;
  // firstcond 1111, and 1110 with more than one instruction in it or ELSE, are UNPREDICTABLE; NV never passes as AL does
  return f.c === 15 ? 'unpredictable' : { op: 'IT', imm: (f.c << 4) | f.m };
});

/** S:I1:I2:imm10:imm11:0 with I = NOT(J EOR S). */
const farOffset = (s: number, j1: number, j2: number, imm10: number, imm11: number): number =>
  signExtend((s << 23) | ((j1 ^ s ^ 1) << 22) | ((j2 ^ s ^ 1) << 21) | (imm10 << 11) | imm11, 24) * 2;
row('B T4', '11110 s iiiiiiiiii 10 j 1 k lllllllllll', v7, 'B.W <imm>', (f) => ({ op: 'B', imm: farOffset(f.s, f.j, f.k, f.i, f.l) }));
row('BL T1', '11110 s iiiiiiiiii 11 j 1 k lllllllllll', everywhere, 'BL <imm>', (f) => ({
  op: 'BL',
  imm: farOffset(f.s, f.j, f.k, f.i, f.l),
}));
row('B T3', '11110 s cccc iiiiii 10 j 0 k lllllllllll', v7, 'B<cc>.W <imm>', (f) =>
  f.c >= 14 ? null : { op: 'B_cond', v: { cc: f.c }, imm: signExtend((f.s << 19) | (f.k << 18) | (f.j << 17) | (f.i << 11) | f.l, 20) * 2 },
);
row('TBB', '11101000 1101 nnnn 1111 0000 000 0 mmmm', v7, 'TBB [<b>, <c>]', (f) => ({ op: 'TBB', b: f.n, c: f.m }));
row('TBH', '11101000 1101 nnnn 1111 0000 000 1 mmmm', v7, 'TBH [<b>, <c>, LSL #1]', (f) => ({ op: 'TBH', b: f.n, c: f.m }));
