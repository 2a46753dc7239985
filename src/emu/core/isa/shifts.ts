/** Shifts by constant and by register, extends, byte reversal, bit counting. Source: DDI 0403 A2.2.1, A7.7. */
import type { Builder, Expr } from '../builder.ts';
import { everywhere, op, row, v7, variants, dsp, type Decoded } from '../rows.ts';
import { flagsOutsideIT, shiftByConstant, type ShiftName } from './operands.ts';

type Shift = (b: Builder, x: Expr, n: Expr) => Expr;

const FLAGS = variants({ S: [false, true] });

for (const [name, shift] of [
  ['LSL_imm', 'lsl'],
  ['LSR_imm', 'lsr'],
  ['ASR_imm', 'asr'],
  ['ROR_imm', 'ror'],
  ['RRX', 'rrx'],
] as [string, ShiftName][]) {
  op(
    name,
    {
      timing: 'alu',
      dest: 'a',
      src: 'b',
      is: [shift === 'rrx' ? 'reads-flags' : 'shift'],
      hot: shift !== 'ror' && shift !== 'rrx',
      variants: FLAGS,
    },
    (b, o, v) => {
      const s = shiftByConstant(b, shift, b.reg(o.b), o.imm);
      const carry = v.S ? b.let(s.carry) : 0;
      b.setReg(o.a, s.result);
      if (v.S) {
        b.setNZ(s.result);
        b.setC(carry);
      }
    },
  );
}

/** By a register: what becomes of x, and the last bit that is shifted out where n is not 0. */
const BY_REGISTER: Readonly<Record<string, { result: Shift; out: (b: Builder, x: Expr, n: Expr, result: Expr) => Expr; hot?: boolean }>> = {
  LSL: {
    result: (b, x, n) => b.select(b.ltU(n, 32), b.shl(x, n), 0),
    out: (b, x, n) => b.select(b.leU(n, 32), b.and(b.shrU(x, b.sub(32, n)), 1), 0),
    hot: true,
  },
  LSR: {
    result: (b, x, n) => b.select(b.ltU(n, 32), b.shrU(x, n), 0),
    out: (b, x, n) => b.select(b.leU(n, 32), b.and(b.shrU(x, b.sub(n, 1)), 1), 0),
    hot: true,
  },
  ASR: {
    result: (b, x, n) => b.shrS(x, b.select(b.ltU(n, 32), n, 31)),
    out: (b, x, n) => b.and(b.shrS(x, b.select(b.ltU(n, 32), b.sub(n, 1), 31)), 1),
  },
  ROR: { result: (b, x, n) => b.rotr(x, n), out: (b, _x, _n, result) => b.shrU(result, 31) },
};
/** Amounts are the bottom byte of the register: 0 keeps C, 32 and more shift everything out. */
for (const [name, { result, out, hot = false }] of Object.entries(BY_REGISTER))
  op(`${name}_reg`, { timing: 'alu', dest: 'a', src: 'bc', is: ['shift'], hot, variants: FLAGS }, (b, o, v) => {
    const x = b.reg(o.b);
    const n = b.let(b.and(b.reg(o.c), 0xff));
    const r = b.let(result(b, x, n));
    b.setReg(o.a, r);
    if (!v.S) return;
    b.setNZ(r);
    b.setC(b.select(b.eqz(n), b.C(), out(b, x, n, r)));
  });

row('LSL (immediate) T1', '00000 iiiii mmm ddd', everywhere, 'LSLS, MOVS <a>, <b>, #<imm>', (f) =>
  flagsOutsideIT(f.i === 0 ? { op: 'MOV_reg', a: f.d, b: f.m } : { op: 'LSL_imm', a: f.d, b: f.m, imm: f.i }),
);
row('LSR (immediate) T1', '00001 iiiii mmm ddd', everywhere, 'LSRS <a>, <b>, #<imm>', (f) =>
  flagsOutsideIT({ op: 'LSR_imm', a: f.d, b: f.m, imm: f.i || 32 }),
);
row('ASR (immediate) T1', '00010 iiiii mmm ddd', everywhere, 'ASRS <a>, <b>, #<imm>', (f) =>
  flagsOutsideIT({ op: 'ASR_imm', a: f.d, b: f.m, imm: f.i || 32 }),
);
for (const [name, narrow, wide] of [
  ['LSL', '0010', '00'],
  ['LSR', '0011', '01'],
  ['ASR', '0100', '10'],
  ['ROR', '0111', '11'],
] as const) {
  row(`${name} (register) T1`, `010000 ${narrow} mmm ddd`, everywhere, `${name}S <a>, <c>`, (f) =>
    flagsOutsideIT({ op: `${name}_reg`, a: f.d, b: f.d, c: f.m }),
  );
  row(`${name} (register) T2`, `11111010 0 ${wide} s nnnn 1111 dddd 0000 mmmm`, v7, `${name}{S}.W <a>, <b>, <c>`, (f) =>
    f.d === 15 ? 'unpredictable' : { op: `${name}_reg`, v: { S: f.s === 1 }, a: f.d, b: f.n, c: f.m },
  );
}

// ---- extends: the operand is rotated by 0, 8, 16 or 24 first (imm) ------------------------------------------------------------------

op('SXTB', { timing: 'alu', dest: 'a', src: 'b', is: ['bit-field'], hot: true }, (b, o) =>
  b.setReg(o.a, b.ext8S(b.rotr(b.reg(o.b), o.imm))),
);
op('SXTH', { timing: 'alu', dest: 'a', src: 'b', is: ['bit-field'], hot: true }, (b, o) =>
  b.setReg(o.a, b.ext16S(b.rotr(b.reg(o.b), o.imm))),
);
op('UXTB', { timing: 'alu', dest: 'a', src: 'b', is: ['bit-field'], hot: true }, (b, o) =>
  b.setReg(o.a, b.and(b.rotr(b.reg(o.b), o.imm), 0xff)),
);
op('UXTH', { timing: 'alu', dest: 'a', src: 'b', is: ['bit-field'], hot: true }, (b, o) =>
  b.setReg(o.a, b.and(b.rotr(b.reg(o.b), o.imm), 0xffff)),
);
op('SXTB16', { timing: 'dsp', dest: 'a', src: 'b', is: ['bit-field'] }, (b, o) => {
  const x = b.let(b.rotr(b.reg(o.b), o.imm));
  b.setReg(o.a, b.or(b.and(b.ext8S(x), 0xffff), b.shl(b.ext8S(b.shrU(x, 16)), 16)));
});
op('UXTB16', { timing: 'dsp', dest: 'a', src: 'b', is: ['bit-field'] }, (b, o) =>
  b.setReg(o.a, b.and(b.rotr(b.reg(o.b), o.imm), 0x00ff00ff)),
);
// with an addend in c
op('SXTAB', { timing: 'dsp', dest: 'a', src: 'bc', shifted: 'b', is: ['bit-field', 'extend-and-add'] }, (b, o) =>
  b.setReg(o.a, b.add(b.reg(o.c), b.ext8S(b.rotr(b.reg(o.b), o.imm)))),
);
op('SXTAH', { timing: 'dsp', dest: 'a', src: 'bc', shifted: 'b', is: ['bit-field', 'extend-and-add'] }, (b, o) =>
  b.setReg(o.a, b.add(b.reg(o.c), b.ext16S(b.rotr(b.reg(o.b), o.imm)))),
);
op('UXTAB', { timing: 'dsp', dest: 'a', src: 'bc', shifted: 'b', is: ['bit-field', 'extend-and-add'] }, (b, o) =>
  b.setReg(o.a, b.add(b.reg(o.c), b.and(b.rotr(b.reg(o.b), o.imm), 0xff))),
);
op('UXTAH', { timing: 'dsp', dest: 'a', src: 'bc', shifted: 'b', is: ['bit-field', 'extend-and-add'] }, (b, o) =>
  b.setReg(o.a, b.add(b.reg(o.c), b.and(b.rotr(b.reg(o.b), o.imm), 0xffff))),
);
for (const signed of [true, false]) {
  op(signed ? 'SXTAB16' : 'UXTAB16', { timing: 'dsp', dest: 'a', src: 'bc', shifted: 'b', is: ['bit-field', 'extend-and-add'] }, (b, o) => {
    const x = b.let(b.rotr(b.reg(o.b), o.imm));
    const n = b.reg(o.c);
    const low = signed ? b.ext8S(x) : b.and(x, 0xff);
    const high = signed ? b.ext8S(b.shrU(x, 16)) : b.and(b.shrU(x, 16), 0xff);
    b.setReg(o.a, b.or(b.and(b.add(n, low), 0xffff), b.shl(b.add(b.shrU(n, 16), high), 16)));
  });
}

for (const [name, bits] of [
  ['SXTH', '00'],
  ['SXTB', '01'],
  ['UXTH', '10'],
  ['UXTB', '11'],
] as const)
  row(`${name} T1`, `10110010 ${bits} mmm ddd`, everywhere, `${name} <a>, <b>`, (f) => ({ op: name, a: f.d, b: f.m, imm: 0 }));
for (const [plain, adding, bits] of [
  ['SXTH', 'SXTAH', '000'],
  ['UXTH', 'UXTAH', '001'],
  ['SXTB16', 'SXTAB16', '010'],
  ['UXTB16', 'UXTAB16', '011'],
  ['SXTB', 'SXTAB', '100'],
  ['UXTB', 'UXTAB', '101'],
] as const) {
  row(
    `${plain} T2`,
    `11111010 0 ${bits} 1111 1111 dddd 1 0 rr mmmm`,
    plain.endsWith('16') ? dsp : v7,
    `${plain}.W <a>, <b>{, ROR #<imm>}`,
    (f) => (f.d === 15 ? 'unpredictable' : { op: plain, a: f.d, b: f.m, imm: f.r * 8 }),
  );
  row(`${adding} T1`, `11111010 0 ${bits} nnnn 1111 dddd 1 0 rr mmmm`, dsp, `${adding} <a>, <c>, <b>{, ROR #<imm>}`, (f) =>
    f.d === 15 ? 'unpredictable' : { op: adding, a: f.d, b: f.m, c: f.n, imm: f.r * 8 },
  );
}

// ---- reversal and counting -----------------------------------------------------------------------------------------------------------

op('REV', { timing: 'alu', dest: 'a', src: 'b', shifted: 'b', is: ['bit-field', 'reversal'] }, (b, o) => {
  const x = b.reg(o.b);
  b.setReg(o.a, b.or(b.and(b.rotr(x, 8), 0xff00ff00), b.and(b.rotr(x, 24), 0x00ff00ff)));
});
op('REV16', { timing: 'alu', dest: 'a', src: 'b', shifted: 'b', is: ['bit-field', 'reversal'] }, (b, o) => {
  const x = b.reg(o.b);
  b.setReg(o.a, b.or(b.and(b.shl(x, 8), 0xff00ff00), b.and(b.shrU(x, 8), 0x00ff00ff)));
});
op('REVSH', { timing: 'alu', dest: 'a', src: 'b', shifted: 'b', is: ['bit-field', 'reversal'] }, (b, o) => {
  const x = b.reg(o.b);
  b.setReg(o.a, b.ext16S(b.or(b.shl(x, 8), b.and(b.shrU(x, 8), 0xff))));
});
op('RBIT', { timing: 'alu', dest: 'a', src: 'b', shifted: 'b', is: ['bit-field', 'reversal'] }, (b, o) => {
  let x = b.reg(o.b);
  for (const [n, mask] of [
    [1, 0x55555555],
    [2, 0x33333333],
    [4, 0x0f0f0f0f],
  ] as const)
    x = b.let(b.or(b.shl(b.and(x, mask), n), b.and(b.shrU(x, n), mask)));
  b.setReg(o.a, b.or(b.and(b.rotr(x, 8), 0xff00ff00), b.and(b.rotr(x, 24), 0x00ff00ff)));
});
op('CLZ', { timing: 'alu', dest: 'a', src: 'b', is: ['counts-bits'] }, (b, o) => b.setReg(o.a, b.clz(b.reg(o.b))));

for (const [name, bits] of [
  ['REV', '00'],
  ['REV16', '01'],
  ['REVSH', '11'],
] as const)
  row(`${name} T1`, `10111010 ${bits} mmm ddd`, everywhere, `${name} <a>, <b>`, (f) => ({ op: name, a: f.d, b: f.m }));
/** Rm stands twice in these encodings; a difference is UNPREDICTABLE and the second one counts. */
const unary = (d: Decoded): Decoded | 'unpredictable' => (d.a === 15 ? 'unpredictable' : d);
for (const [name, bits] of [
  ['REV', '00'],
  ['REV16', '01'],
  ['RBIT', '10'],
  ['REVSH', '11'],
] as const)
  row(`${name} T2`, `11111010 1001 nnnn 1111 dddd 10 ${bits} mmmm`, v7, `${name}.W <a>, <b>`, (f) => unary({ op: name, a: f.d, b: f.m }));
row('CLZ T1', '11111010 1011 nnnn 1111 dddd 10 00 mmmm', v7, 'CLZ <a>, <b>', (f) => unary({ op: 'CLZ', a: f.d, b: f.m }));
