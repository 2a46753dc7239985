/** Bit fields. Source: DDI 0403 A5.3.3, A7.7. */
import { op, row, v7 } from '../rows.ts';

/** imm = lsb, c = width. */
op('UBFX', { timing: 'alu', dest: 'a', src: 'b', shifted: 'b', is: ['bit-field'], hot: true }, (b, o) =>
  b.setReg(o.a, b.shrU(b.shl(b.reg(o.b), b.sub(32, b.add(o.imm, o.c))), b.sub(32, o.c))),
);
op('SBFX', { timing: 'alu', dest: 'a', src: 'b', shifted: 'b', is: ['bit-field'], hot: true }, (b, o) =>
  b.setReg(o.a, b.shrS(b.shl(b.reg(o.b), b.sub(32, b.add(o.imm, o.c))), b.sub(32, o.c))),
);
/** imm = mask of the field, c = lsb. */
op('BFI', { timing: 'alu', dest: 'a', src: 'ab', shifted: 'b', is: ['bit-field'] }, (b, o) => {
  b.setReg(o.a, b.or(b.and(b.reg(o.a), b.not(o.imm)), b.and(b.shl(b.reg(o.b), o.c), o.imm)));
});
op('BFC', { timing: 'alu', dest: 'a', src: 'a', is: ['bit-field'] }, (b, o) => b.setReg(o.a, b.and(b.reg(o.a), b.not(o.imm))));

for (const [name, bits] of [
  ['SBFX', '10100'],
  ['UBFX', '11100'],
] as const) {
  // a field that reaches beyond bit 31 is UNPREDICTABLE
  row(`${name} T1`, `11110 0 1 ${bits} nnnn 0 iii dddd ii 0 wwwww`, v7, `${name} <a>, <b>, #<imm>, #<c>`, (f) =>
    f.d === 15 || f.i + f.w > 31 ? 'unpredictable' : { op: name, a: f.d, b: f.n, imm: f.i, c: f.w + 1 },
  );
}
const maskOf = (lsb: number, msb: number): number => ((2 ** (msb - lsb + 1) - 1) << lsb) >>> 0;
row('BFC T1', '11110 0 1 10110 1111 0 iii dddd ii 0 mmmmm', v7, 'BFC <a>, #<imm>', (f) =>
  f.d === 15 || f.m < f.i ? 'unpredictable' : { op: 'BFC', a: f.d, imm: maskOf(f.i, f.m) },
);
row('BFI T1', '11110 0 1 10110 nnnn 0 iii dddd ii 0 mmmmm', v7, 'BFI <a>, <b>, #<imm>', (f) =>
  f.d === 15 || f.m < f.i ? 'unpredictable' : { op: 'BFI', a: f.d, b: f.n, c: f.i, imm: maskOf(f.i, f.m) },
);
