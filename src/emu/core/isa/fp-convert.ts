/** Conversions: integers, fixed point, half precision, single and double, rounding to integral values. Source: DDI 0403 A7.7; DDI 0553 C2.4. */
import type { Builder, Expr, Profile } from '../builder.ts';
import { packFormat, packRint } from '../helpers.ts';
import { op, row, variants, type Variant } from '../rows.ts';
import { ROUND, type Rounding } from '../float/softfloat.ts';
import { S } from '../state.ts';
import { doubleExists, doublePrecision, exists, fpNumber, fpv5, WIDTHS } from './fp-arithmetic.ts';
import { fpDemote, fpPromote, fpReg, setFpReg, type Width } from './fp-common.ts';

type Mode = 'fpscr' | 'nearest' | 'up' | 'down' | 'zero' | 'away';
const roundingOf = (mode: Mode): Rounding | null => (mode === 'fpscr' ? null : ROUND[mode]);
/** A, N, P, M of the directed forms. */
const DIRECTED = ['away', 'nearest', 'up', 'down'] as const;

const toInteger = (b: Builder, w: Width, x: Expr, v: Variant, fraction: number | Expr): Expr =>
  b.helper(
    w === 32 ? 'f32_to_fixed' : 'f64_to_fixed',
    'i32',
    x,
    packFormat({ width: v.half ? 16 : 32, unsigned: !!v.unsigned, rounding: roundingOf(v.mode as Mode) }),
    fraction,
  );

/**
 * Toward zero, as C casts: natively when the value is a normal number that fits and IXC needs no setting. A NaN, an infinity or a large value
 * has a large exponent, so one compare finds them.
 */
function truncate(b: Builder, w: Width, x: Expr, v: Variant): Expr {
  const r = b.variable('i32', 0);
  const exponent = w === 32 ? b.and(b.shrU(x, 23), 0xff) : b.and(b.shrU(b.high(x), 20), 0x7ff);
  const bias = w === 32 ? 127 : 1023;
  const negative = w === 32 ? b.shrU(x, 31) : b.shrU(b.high(x), 31);
  const fits = b.ltU(b.sub(exponent, 1), v.unsigned ? b.select(negative, 0, bias + 31) : bias + 30);
  const inexactIsSet = b.and(b.shrU(b.state(S.FPSCR), 4), 1);
  const value = w === 32 ? b.op('f32.reinterpret_i32', x) : b.op('f64.reinterpret_i64', x);
  b.if(
    b.and(fits, inexactIsSet),
    () => r.set(b.op(`i32.trunc_f${w}_${v.unsigned ? 'u' : 's'}`, value)),
    () => r.set(toInteger(b, w, x, { ...v, mode: 'zero' }, 0)),
  );
  return r.get;
}
/** Integer to single rounds as FPSCR says: natively to nearest when IXC needs no setting. Integer to double is exact. */
function fromInteger(b: Builder, w: Width, x: Expr, unsigned: boolean): Expr {
  const suffix = unsigned ? 'u' : 's';
  if (w === 64) return b.op('i64.reinterpret_f64', b.op(`f64.convert_i32_${suffix}`, x));
  const r = b.variable('i32', b.op('i32.reinterpret_f32', b.op(`f32.convert_i32_${suffix}`, x)));
  b.if(b.ne(b.and(b.state(S.FPSCR), 0x00c00010), 0x10), () =>
    r.set(b.helper('f32_from_fixed', 'i32', x, packFormat({ width: 32, unsigned, rounding: null }), 0)),
  );
  return r.get;
}

for (const { w, sz, on, dt, reg } of WIDTHS) {
  const t = w === 32 ? 'f32' : 'f64';
  const type = w === 32 ? 'i32' : 'i64';
  const [a, b1] = w === 32 ? ['a', 'b'] : ['A', 'B'];
  const both = (p: Profile): boolean => fpv5(p) && on(p);

  // a = single register with the integer, b = the value
  op(
    `VCVT_to_int_${w}`,
    {
      timing: 'fp-convert',
      fp: true,
      fpDest: 'a',
      fpSrc: b1,
      variants: variants({ unsigned: [false, true], mode: ['zero', 'fpscr', ...DIRECTED] }),
    },
    (b, o, v) => {
      const x = fpReg(b, w, o.b);
      b.setS(o.a, v.mode === 'zero' ? truncate(b, w, x, v) : toInteger(b, w, x, v, 0));
    },
  );
  op(
    `VCVT_from_int_${w}`,
    { timing: 'fp-convert', fp: true, fpDest: a, fpSrc: 'b', variants: variants({ unsigned: [false, true] }) },
    (b, o, v) => setFpReg(b, w, o.a, fromInteger(b, w, b.s(o.b), !!v.unsigned)),
  );
  row(`VCVT (from integer) ${dt}`, `11101110 1e11 1000 dddd 101${sz} o1z0 mmmm`, on, `VCVT.${dt}.{S|U}32 <${reg}a>, <Sb>`, (f) =>
    doubleExists(w, f.e, { op: `VCVT_from_int_${w}`, v: { unsigned: f.o === 0 }, a: fpNumber(w, f.d, f.e), b: fpNumber(32, f.m, f.z) }),
  );
  row(`VCVT, VCVTR (to integer) ${dt}`, `11101110 1e11 110u dddd 101${sz} o1z0 mmmm`, on, `VCVT{R}.{U|S}32.${dt} <Sa>, <${reg}b>`, (f) =>
    doubleExists(w, f.z, {
      op: `VCVT_to_int_${w}`,
      v: { unsigned: f.u === 0, mode: f.o ? 'zero' : 'fpscr' },
      a: fpNumber(32, f.d, f.e),
      b: fpNumber(w, f.m, f.z),
    }),
  );
  row(
    `VCVTA, VCVTN, VCVTP, VCVTM ${dt}`,
    `11111110 1e11 11rr dddd 101${sz} o1z0 mmmm`,
    both,
    `VCVT{A|N|P|M}.{U|S}32.${dt} <Sa>, <${reg}b>`,
    (f) =>
      doubleExists(w, f.z, {
        op: `VCVT_to_int_${w}`,
        v: { unsigned: f.o === 0, mode: DIRECTED[f.r]! },
        a: fpNumber(32, f.d, f.e),
        b: fpNumber(w, f.m, f.z),
      }),
  );

  // fixed point in place: imm = fraction bits; to fixed rounds toward zero, from fixed to nearest
  const FIXED = variants({ to: [false, true], unsigned: [false, true], half: [false, true] });
  op(`VCVT_fixed_${w}`, { timing: 'fp-convert', fp: true, fpDest: a, fpSrc: a, variants: FIXED }, (b, o, v) => {
    if (v.to) {
      const word = toInteger(b, w, fpReg(b, w, o.a), { ...v, mode: 'zero' }, b.let(o.imm));
      setFpReg(b, w, o.a, w === 32 ? word : v.unsigned ? b.ext64U(word) : b.ext64S(word));
      return;
    }
    const word = w === 32 ? b.s(o.a) : b.wrap(b.dreg(o.a));
    const format = packFormat({ width: v.half ? 16 : 32, unsigned: !!v.unsigned, rounding: ROUND.nearest });
    setFpReg(b, w, o.a, b.helper(w === 32 ? 'f32_from_fixed' : 'f64_from_fixed', type, word, format, o.imm));
  });
  row(
    `VCVT (fixed-point) ${dt}`,
    `11101110 1e11 1o1u dddd 101${sz} s1j0 iiii`,
    on,
    `VCVT.{${dt}|S16|U16|S32|U32}.{${dt}|S16|U16|S32|U32} <${reg}a>, #<imm>`,
    (f) => {
      const fraction = (f.s ? 32 : 16) - ((f.i << 1) | f.j);
      const d = exists(w, {
        op: `VCVT_fixed_${w}`,
        v: { to: f.o === 1, unsigned: f.u === 1, half: f.s === 0 },
        a: fpNumber(w, f.d, f.e),
        imm: fraction,
      });
      return d && fraction < 0 ? 'unpredictable' : d;
    },
  );

  // rounding to integral values; VRINTX raises IXC
  op(
    `VRINT_${w}`,
    {
      timing: 'fp-convert',
      fp: true,
      fpDest: a,
      fpSrc: b1,
      variants: [...variants({ mode: ['fpscr', 'zero', ...DIRECTED], exact: [false] }), { mode: 'fpscr', exact: true }],
    },
    (b, o, v) => setFpReg(b, w, o.a, b.helper(`${t}_rint`, type, fpReg(b, w, o.b), packRint(roundingOf(v.mode as Mode), !!v.exact))),
  );
  const rint = (name: string, pattern: string, v: Variant): void =>
    row(`${name} ${dt}`, pattern, both, `${name}.${dt} <${reg}a>, <${reg}b>`, (f) =>
      exists(w, { op: `VRINT_${w}`, v, a: fpNumber(w, f.d, f.e), b: fpNumber(w, f.m, f.z) }),
    );
  rint('VRINTR', `11101110 1e11 0110 dddd 101${sz} 01z0 mmmm`, { mode: 'fpscr', exact: false });
  rint('VRINTZ', `11101110 1e11 0110 dddd 101${sz} 11z0 mmmm`, { mode: 'zero', exact: false });
  rint('VRINTX', `11101110 1e11 0111 dddd 101${sz} 01z0 mmmm`, { mode: 'fpscr', exact: true });
  DIRECTED.forEach((mode, i) =>
    rint(`VRINT${'ANPM'[i]!}`, `11111110 1e11 10${i >> 1}${i & 1} dddd 101${sz} 01z0 mmmm`, { mode, exact: false }),
  );

  // half precision in the bottom or top half of a single register
  const TOP = variants({ top: [false, true] });
  op(`VCVT_from_half_${w}`, { timing: 'fp-convert', fp: true, fpDest: a, fpSrc: 'b', variants: TOP }, (b, o, v) => {
    const half = b.and(b.shrU(b.s(o.b), v.top ? 16 : 0), 0xffff);
    setFpReg(b, w, o.a, b.helper(w === 32 ? 'half_to_f32' : 'half_to_f64', type, half));
  });
  op(`VCVT_to_half_${w}`, { timing: 'fp-convert', fp: true, fpDest: 'a', fpSrc: `a${b1}`, variants: TOP }, (b, o, v) => {
    const half = b.helper(`${t}_to_half`, 'i32', fpReg(b, w, o.b));
    b.setS(o.a, v.top ? b.or(b.and(b.s(o.a), 0xffff), b.shl(half, 16)) : b.or(b.and(b.s(o.a), 0xffff0000), half));
  });
  // double precision came with FPv5
  row(`VCVTB, VCVTT (from half) ${dt}`, `11101110 1e11 0010 dddd 101${sz} t1z0 mmmm`, on, `VCVT{B|T}.${dt}.F16 <${reg}a>, <Sb>`, (f) =>
    doubleExists(w, f.e, { op: `VCVT_from_half_${w}`, v: { top: f.t === 1 }, a: fpNumber(w, f.d, f.e), b: fpNumber(32, f.m, f.z) }),
  );
  row(`VCVTB, VCVTT (to half) ${dt}`, `11101110 1e11 0011 dddd 101${sz} t1z0 mmmm`, on, `VCVT{B|T}.F16.${dt} <Sa>, <${reg}b>`, (f) =>
    doubleExists(w, f.z, { op: `VCVT_to_half_${w}`, v: { top: f.t === 1 }, a: fpNumber(32, f.d, f.e), b: fpNumber(w, f.m, f.z) }),
  );
}

op('VCVT_F64_F32', { timing: 'fp-convert', fp: true, fpDest: 'A', fpSrc: 'b' }, (b, o) => b.setD(o.a, fpPromote(b, b.s(o.b))));
op('VCVT_F32_F64', { timing: 'fp-convert', fp: true, fpDest: 'a', fpSrc: 'B' }, (b, o) => b.setS(o.a, fpDemote(b, b.dreg(o.b))));
row('VCVT F64 from F32', '11101110 1e11 0111 dddd 1010 11z0 mmmm', doublePrecision, 'VCVT.F64.F32 <Da>, <Sb>', (f) =>
  f.e ? null : { op: 'VCVT_F64_F32', a: f.d, b: fpNumber(32, f.m, f.z) },
);
row('VCVT F32 from F64', '11101110 1e11 0111 dddd 1011 11z0 mmmm', doublePrecision, 'VCVT.F32.F64 <Sa>, <Db>', (f) =>
  f.z ? null : { op: 'VCVT_F32_F64', a: fpNumber(32, f.d, f.e), b: f.m },
);
