/** Saturation. Source: DDI 0403 A7.7 (SSAT, USAT, QADD…), A2.2 (SignedSatQ, UnsignedSatQ). */
import type { Builder, Expr, Val } from '../builder.ts';
import { dsp, op, row, v7, variants } from '../rows.ts';
import { orQ } from './operands.ts';

/** min <= x <= max as signed words. */
const clamp = (b: Builder, x: Expr, min: Val, max: Val): Expr => b.let(b.select(b.gtS(x, max), max, b.select(b.ltS(x, min), min, x)));

/** Signed saturation to 32 bits of an i64; sets Q. */
function saturate64(b: Builder, value: Expr): Expr {
  const v = b.let(value);
  const word = b.let(b.wrap(v));
  const fits = b.let(b.op('i64.eq', v, b.ext64S(word)));
  orQ(b, b.xor(fits, 1));
  // 0x7fffffff for positive, 0x80000000 for negative values
  return b.let(b.select(fits, word, b.xor(b.shrS(b.high(v), 31), 0x7fffffff)));
}

const SHIFT = variants({ shift: ['lsl', 'asr'] });
/** c = number of bits, imm = shift amount (LSL 0…31, ASR 1…31). */
op('SSAT', { timing: 'dsp', dest: 'a', src: 'b', variants: SHIFT }, (b, o, v) => {
  const x = b.let(v.shift === 'lsl' ? b.shl(b.reg(o.b), o.imm) : b.shrS(b.reg(o.b), o.imm));
  const max = b.let(b.sub(b.shl(1, b.sub(o.c, 1)), 1));
  const r = clamp(b, x, b.not(max), max);
  orQ(b, b.ne(r, x));
  b.setReg(o.a, r);
});
op('USAT', { timing: 'dsp', dest: 'a', src: 'b', variants: SHIFT }, (b, o, v) => {
  const x = b.let(v.shift === 'lsl' ? b.shl(b.reg(o.b), o.imm) : b.shrS(b.reg(o.b), o.imm));
  const r = clamp(b, x, 0, b.let(b.sub(b.shl(1, o.c), 1)));
  orQ(b, b.ne(r, x));
  b.setReg(o.a, r);
});
op('SSAT16', { timing: 'dsp', dest: 'a', src: 'b' }, (b, o) => {
  const n = b.reg(o.b);
  const max = b.let(b.sub(b.shl(1, b.sub(o.c, 1)), 1));
  const low = b.let(b.ext16S(n));
  const high = b.let(b.shrS(n, 16));
  const lowSat = clamp(b, low, b.not(max), max);
  const highSat = clamp(b, high, b.not(max), max);
  orQ(b, b.or(b.ne(low, lowSat), b.ne(high, highSat)));
  b.setReg(o.a, b.or(b.and(lowSat, 0xffff), b.shl(highSat, 16)));
});
op('USAT16', { timing: 'dsp', dest: 'a', src: 'b' }, (b, o) => {
  const n = b.reg(o.b);
  const max = b.let(b.sub(b.shl(1, o.c), 1));
  const low = b.let(b.ext16S(n));
  const high = b.let(b.shrS(n, 16));
  const lowSat = clamp(b, low, 0, max);
  const highSat = clamp(b, high, 0, max);
  orQ(b, b.or(b.ne(low, lowSat), b.ne(high, highSat)));
  b.setReg(o.a, b.or(lowSat, b.shl(highSat, 16)));
});

/** b = Rm, c = Rn, the operand that QDADD and QDSUB double (and saturate first). */
for (const [name, sub, double] of [
  ['QADD', false, false],
  ['QDADD', false, true],
  ['QSUB', true, false],
  ['QDSUB', true, true],
] as const) {
  op(name, { timing: 'dsp', dest: 'a', src: 'bc' }, (b, o) => {
    const m = b.reg(o.b);
    const n = b.ext64S(b.reg(o.c));
    const y = double ? b.ext64S(saturate64(b, b.op('i64.add', n, n))) : n;
    b.setReg(o.a, saturate64(b, b.op(sub ? 'i64.sub' : 'i64.add', b.ext64S(m), y)));
  });
}

// with ASR #0 the encoding is SSAT16 or USAT16
row('SSAT16 T1', '11110 0 11 0010 nnnn 0000 dddd 00 0 0 wwww', dsp, 'SSAT16 <a>, #<c>, <b>', (f) =>
  f.d === 15 ? 'unpredictable' : { op: 'SSAT16', a: f.d, b: f.n, c: f.w + 1 },
);
row('USAT16 T1', '11110 0 11 1010 nnnn 0000 dddd 00 0 0 wwww', dsp, 'USAT16 <a>, #<c>, <b>', (f) =>
  f.d === 15 ? 'unpredictable' : { op: 'USAT16', a: f.d, b: f.n, c: f.w },
);
for (const [name, bits, plus] of [
  ['SSAT', '00', 1],
  ['USAT', '10', 0],
] as const) {
  row(`${name} T1`, `11110 0 11 ${bits} h 0 nnnn 0 iii dddd ii 0 wwwww`, v7, `${name} <a>, #<c>, <b>{, <shift> #<imm>}`, (f, p) => {
    // ASR #0 is the place of SSAT16 and USAT16, which only the DSP extension has
    if (f.h && f.i === 0 && !p.dsp) return 'undefined';
    if (f.d === 15 || (f.h && f.i === 0)) return 'unpredictable';
    return { op: name, v: { shift: f.h ? 'asr' : 'lsl' }, a: f.d, b: f.n, c: f.w + plus, imm: f.i };
  });
}
for (const [name, bits] of [
  ['QADD', '00'],
  ['QDADD', '01'],
  ['QSUB', '10'],
  ['QDSUB', '11'],
] as const)
  row(`${name} T1`, `11111010 1000 nnnn 1111 dddd 10 ${bits} mmmm`, dsp, `${name} <a>, <b>, <c>`, (f) =>
    f.d === 15 ? 'unpredictable' : { op: name, a: f.d, b: f.m, c: f.n },
  );
