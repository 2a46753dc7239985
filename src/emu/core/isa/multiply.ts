/** Multiply and divide, 32 and 64 bits. Source: DDI 0403 A5.3.16, A5.3.17, A7.7. */
import type { Builder, Expr, Val } from '../builder.ts';
import { dsp, everywhere, op, row, v7, variants, type Decoded } from '../rows.ts';
import { EXIT, S } from '../state.ts';
import { flagsOutsideIT } from './operands.ts';

op('MUL', { timing: 'mul', dest: 'a', src: 'bc', hot: true, variants: variants({ S: [false, true] }) }, (b, o, v) => {
  const r = b.let(b.mul(b.reg(o.b), b.reg(o.c)));
  b.setReg(o.a, r);
  if (v.S) b.setNZ(r);
});
op('MLA', { timing: 'mac', dest: 'a', src: 'bcd', hot: true }, (b, o) => b.setReg(o.a, b.add(b.reg(o.d), b.mul(b.reg(o.b), b.reg(o.c)))));
op('MLS', { timing: 'mac', dest: 'a', src: 'bcd' }, (b, o) => b.setReg(o.a, b.sub(b.reg(o.d), b.mul(b.reg(o.b), b.reg(o.c)))));

/** RdLo in a, RdHi in d. */
function setLong(b: Builder, lo: Val, hi: Val, value: Expr): void {
  const v = b.let(value);
  b.setReg(lo, b.wrap(v));
  b.setReg(hi, b.high(v));
}
for (const [name, signed] of [
  ['SMULL', true],
  ['UMULL', false],
] as const) {
  const widen = (b: Builder, x: Val): Expr => (signed ? b.ext64S(x) : b.ext64U(x));
  op(name, { timing: 'mull', dest: 'ad', src: 'bc' }, (b, o) =>
    setLong(b, o.a, o.d, b.op('i64.mul', widen(b, b.reg(o.b)), widen(b, b.reg(o.c)))),
  );
  op(name.replace('MULL', 'MLAL'), { timing: 'mac', dest: 'ad', src: 'abcd' }, (b, o) => {
    const product = b.op('i64.mul', widen(b, b.reg(o.b)), widen(b, b.reg(o.c)));
    setLong(b, o.a, o.d, b.op('i64.add', product, b.join(b.reg(o.a), b.reg(o.d))));
  });
}
op('UMAAL', { timing: 'mac', dest: 'ad', src: 'abcd' }, (b, o) => {
  const product = b.op('i64.mul', b.ext64U(b.reg(o.b)), b.ext64U(b.reg(o.c)));
  setLong(b, o.a, o.d, b.op('i64.add', b.op('i64.add', product, b.ext64U(b.reg(o.a))), b.ext64U(b.reg(o.d))));
});

/**
 * Cycles of a division. M4: 2 if an operand is 0, 3 if the dividend has fewer significant bits than the divisor, else 5 + a quarter of the
 * difference (measured by compendium.i-0.nl; spans the 2…12 of DDI 0439D table 3-1). M3 and M33: the same (assumed; DDI 0337 prints 2…12,
 * for the M33 Arm publishes none).
 */
function divisionCycles(b: Builder, dividend: Expr, divisor: Expr, signed: boolean): Val {
  if (b.profile.divisionCycles !== undefined) return b.profile.divisionCycles;
  const magnitude = (x: Expr): Expr => b.let(signed ? b.select(b.ltS(x, 0), b.neg(x), x) : x);
  const n = magnitude(dividend);
  const m = magnitude(divisor);
  // significant bits of n minus those of m
  const difference = b.let(b.sub(b.clz(m), b.clz(n)));
  const general = b.select(b.ltS(difference, 0), 3, b.add(5, b.shrS(difference, 2)));
  return b.select(b.or(b.eqz(n), b.eqz(m)), 2, general);
}
for (const [name, signed] of [
  ['SDIV', true],
  ['UDIV', false],
] as const) {
  op(name, { timing: 'div', dest: 'a', src: 'bc' }, (b, o) => {
    const n = b.reg(o.b);
    const m = b.reg(o.c);
    const quotient = b.variable('i32', 0);
    b.if(
      b.eqz(m),
      () => b.leaveIf(b.and(b.state(S.CCR), 1 << 4), EXIT.DIV_BY_ZERO),
      () => {
        if (!signed) return quotient.set(b.divU(n, m));
        // WebAssembly traps where the quotient does not fit, Arm gives the dividend back
        return b.if(
          b.eq(m, -1),
          () => quotient.set(b.neg(n)),
          () => quotient.set(b.divS(n, m)),
        );
      },
    );
    b.cycles(b.let(divisionCycles(b, n, m, signed)));
    b.setReg(o.a, quotient.get);
  });
}

row('MUL T1', '010000 1101 nnn ddd', everywhere, 'MULS <a>, <b>, <c>', (f) => flagsOutsideIT({ op: 'MUL', a: f.d, b: f.n, c: f.d }));
const notPc = (d: Decoded): Decoded | 'unpredictable' => (d.a === 15 ? 'unpredictable' : d);
row('MUL T2', '11111011 0000 nnnn 1111 dddd 0000 mmmm', v7, 'MUL <a>, <b>, <c>', (f) =>
  notPc({ op: 'MUL', v: { S: false }, a: f.d, b: f.n, c: f.m }),
);
row('MLA T1', '11111011 0000 nnnn aaaa dddd 0000 mmmm', v7, 'MLA <a>, <b>, <c>, <d>', (f) =>
  notPc({ op: 'MLA', a: f.d, b: f.n, c: f.m, d: f.a }),
);
row('MLS T1', '11111011 0000 nnnn aaaa dddd 0001 mmmm', v7, 'MLS <a>, <b>, <c>, <d>', (f) =>
  notPc({ op: 'MLS', a: f.d, b: f.n, c: f.m, d: f.a }),
);
for (const [name, bits, on] of [
  ['SMULL', '000 nnnn llll hhhh 0000', v7],
  ['UMULL', '010 nnnn llll hhhh 0000', v7],
  ['SMLAL', '100 nnnn llll hhhh 0000', v7],
  ['UMLAL', '110 nnnn llll hhhh 0000', v7],
  ['UMAAL', '110 nnnn llll hhhh 0110', dsp],
] as const) {
  row(`${name} T1`, `11111011 1 ${bits} mmmm`, on, `${name} <a>, <d>, <b>, <c>`, (f) =>
    f.l === 15 || f.h === 15 ? 'unpredictable' : { op: name, a: f.l, b: f.n, c: f.m, d: f.h },
  );
}
row('SDIV T1', '11111011 1001 nnnn 1111 dddd 1111 mmmm', v7, 'SDIV <a>, <b>, <c>', (f) => notPc({ op: 'SDIV', a: f.d, b: f.n, c: f.m }));
row('UDIV T1', '11111011 1011 nnnn 1111 dddd 1111 mmmm', v7, 'UDIV <a>, <b>, <c>', (f) => notPc({ op: 'UDIV', a: f.d, b: f.n, c: f.m }));
