/** DSP extension: parallel add and subtract, packing, sums of differences, half-word and dual multiplies. Source: DDI 0403 A5.3.13…A5.3.17, A7.7. */
import type { Builder, Expr, Val } from '../builder.ts';
import { dsp, op, row, variants, type Decoded } from '../rows.ts';
import { S } from '../state.ts';
import { decodeShift, orQ, shiftByConstant, type ShiftName } from './operands.ts';

const notPc = (d: Decoded): Decoded | 'unpredictable' => (d.a === 15 ? 'unpredictable' : d);

// ---- parallel add and subtract -------------------------------------------------------------------------------------------------------

const KINDS = ['S', 'Q', 'SH', 'U', 'UQ', 'UH'] as const;
type Kind = (typeof KINDS)[number];
const FORMS = ['ADD16', 'ASX', 'SAX', 'SUB16', 'ADD8', 'SUB8'] as const;
type Form = (typeof FORMS)[number];

/** One lane of Rn and Rm, and whether it subtracts. */
interface Lane {
  readonly n: number;
  readonly m: number;
  readonly subtract: boolean;
}
function lanesOf(form: Form): readonly Lane[] {
  switch (form) {
    case 'ADD16':
      return [
        { n: 0, m: 0, subtract: false },
        { n: 1, m: 1, subtract: false },
      ];
    case 'SUB16':
      return [
        { n: 0, m: 0, subtract: true },
        { n: 1, m: 1, subtract: true },
      ];
    // add and subtract with exchange: the top of Rn with the bottom of Rm and the reverse
    case 'ASX':
      return [
        { n: 0, m: 1, subtract: true },
        { n: 1, m: 0, subtract: false },
      ];
    case 'SAX':
      return [
        { n: 0, m: 1, subtract: false },
        { n: 1, m: 0, subtract: true },
      ];
    default:
      return [0, 1, 2, 3].map((i) => ({ n: i, m: i, subtract: form === 'SUB8' }));
  }
}
op('PARALLEL', { timing: 'dsp', dest: 'a', src: 'bc', variants: variants({ kind: KINDS, form: FORMS }) }, (b, o, v) => {
  const kind = v.kind as Kind;
  const form = v.form as Form;
  const bits = form.endsWith('8') ? 8 : 16;
  const mask = (1 << bits) - 1;
  const signed = !kind.startsWith('U');
  const n = b.reg(o.b);
  const m = b.reg(o.c);
  const lane = (x: Expr, i: number): Expr => {
    const low = b.shrU(x, i * bits);
    return signed ? (bits === 8 ? b.ext8S(low) : b.ext16S(low)) : b.and(low, mask);
  };
  let result: Val = 0;
  let ge: Val = 0;
  lanesOf(form).forEach((l, i) => {
    const exact = b.let(l.subtract ? b.sub(lane(n, l.n), lane(m, l.m)) : b.add(lane(n, l.n), lane(m, l.m)));
    let value: Expr = exact;
    if (kind === 'Q') {
      const max = mask >> 1;
      value = b.select(b.gtS(exact, max), max, b.select(b.ltS(exact, ~max), ~max, exact));
    } else if (kind === 'UQ') value = b.select(b.gtS(exact, mask), mask, b.select(b.ltS(exact, 0), 0, exact));
    else if (kind === 'SH' || kind === 'UH') value = b.shrS(exact, 1);
    else {
      // GE: signed result >= 0; unsigned carry out, or no borrow
      const bit = !signed && !l.subtract ? b.gtS(exact, mask) : b.geS(exact, 0);
      ge = b.or(ge, b.mul(bit, bits === 8 ? 1 << i : 3 << (2 * i)));
    }
    result = b.or(result, b.shl(b.and(value, mask), i * bits));
  });
  b.setReg(o.a, result);
  if (kind === 'S' || kind === 'U') b.setState(S.GE, ge);
});
const FORM_BITS: Readonly<Record<Form, string>> = { ADD8: '000', ADD16: '001', ASX: '010', SUB8: '100', SUB16: '101', SAX: '110' };
const KIND_BITS: Readonly<Record<Kind, string>> = { S: '000', Q: '001', SH: '010', U: '100', UQ: '101', UH: '110' };
for (const kind of KINDS)
  for (const form of FORMS)
    row(
      `${kind}${form} T1`,
      `11111010 1 ${FORM_BITS[form]} nnnn 1111 dddd 0 ${KIND_BITS[kind]} mmmm`,
      dsp,
      `${kind}${form} <a>, <b>, <c>`,
      (f) => notPc({ op: 'PARALLEL', v: { kind, form }, a: f.d, b: f.n, c: f.m }),
    );

op('SEL', { timing: 'dsp', dest: 'a', src: 'bc', is: ['reads-flags'] }, (b, o) => {
  const ge = b.state(S.GE);
  const n = b.reg(o.b);
  const m = b.reg(o.c);
  let r: Val = 0;
  for (let i = 0; i < 4; i++) r = b.or(r, b.and(b.select(b.and(ge, 1 << i), n, m), 0xff << (8 * i)));
  b.setReg(o.a, r);
});
row('SEL T1', '11111010 1010 nnnn 1111 dddd 1000 mmmm', dsp, 'SEL <a>, <b>, <c>', (f) => notPc({ op: 'SEL', a: f.d, b: f.n, c: f.m }));

// ---- packing ---------------------------------------------------------------------------------------------------------------------------

/** Bottom of Rn and top of the shifted Rm (BT), or the reverse (TB); imm = amount, 0 = unshifted. */
op(
  'PKH',
  {
    timing: 'dsp',
    dest: 'a',
    src: 'bc',
    is: ['bit-field'],
    shifted: (v) => (v.tb ? 'bc' : 'c'),
    variants: [{ tb: false }, { tb: false, shift: 'lsl' }, { tb: true }, { tb: true, shift: 'asr' }],
  },
  (b, o, v) => {
    const n = b.reg(o.b);
    const m = b.reg(o.c);
    const y = v.shift ? shiftByConstant(b, v.shift as ShiftName, m, o.imm).result : m;
    b.setReg(o.a, v.tb ? b.or(b.and(n, 0xffff0000), b.and(y, 0xffff)) : b.or(b.and(y, 0xffff0000), b.and(n, 0xffff)));
  },
);
row('PKH T1', '1110101 0110 0 nnnn 0 iii dddd ii t 0 mmmm', dsp, 'PKHBT, PKHTB <a>, <b>, <c>{, <shift>}', (f) => {
  const s = decodeShift(f.t * 2, f.i);
  return notPc({ op: 'PKH', v: s ? { tb: f.t === 1, shift: s.shift } : { tb: f.t === 1 }, a: f.d, b: f.n, c: f.m, imm: s?.amount ?? 0 });
});

// ---- absolute differences -----------------------------------------------------------------------------------------------------------------

for (const accumulate of [false, true]) {
  op(accumulate ? 'USADA8' : 'USAD8', { timing: accumulate ? 'mac' : 'dsp', dest: 'a', src: accumulate ? 'bcd' : 'bc' }, (b, o) => {
    const n = b.reg(o.b);
    const m = b.reg(o.c);
    let sum: Val = accumulate ? b.reg(o.d) : 0;
    for (let i = 0; i < 4; i++) {
      const difference = b.let(b.sub(b.and(b.shrU(n, 8 * i), 0xff), b.and(b.shrU(m, 8 * i), 0xff)));
      sum = b.add(sum, b.select(b.ltS(difference, 0), b.neg(difference), difference));
    }
    b.setReg(o.a, sum);
  });
}

// ---- half-word and dual multiplies ----------------------------------------------------------------------------------------------------------

const half = (b: Builder, x: Expr, top: unknown): Expr => (top ? b.shrS(x, 16) : b.ext16S(x));
/** Exchanges the halves of Rm for the X forms. */
const exchanged = (b: Builder, x: Expr, exchange: unknown): Expr => (exchange ? b.let(b.rotr(x, 16)) : x);
/** Sum of a 64-bit value whose exact result may leave 32 bits: truncated, with Q set (no saturation). */
function setWithQ(b: Builder, rd: Val, exact: Expr): void {
  const v = b.let(exact);
  const word = b.let(b.wrap(v));
  b.setReg(rd, word);
  orQ(b, b.op('i64.ne', v, b.ext64S(word)));
}
const add64 = (b: Builder, x: Expr, y: Expr): Expr => b.op('i64.add', x, y);

const HALVES = variants({ N: [false, true], M: [false, true] });
op('SMULxy', { timing: 'mul', dest: 'a', src: 'bc', variants: HALVES }, (b, o, v) =>
  b.setReg(o.a, b.mul(half(b, b.reg(o.b), v.N), half(b, b.reg(o.c), v.M))),
);
op('SMLAxy', { timing: 'mac', dest: 'a', src: 'bcd', variants: HALVES }, (b, o, v) => {
  const product = b.mul(half(b, b.reg(o.b), v.N), half(b, b.reg(o.c), v.M));
  setWithQ(b, o.a, add64(b, b.ext64S(product), b.ext64S(b.reg(o.d))));
});
op('SMLALxy', { timing: 'mac', dest: 'ad', src: 'abcd', variants: HALVES }, (b, o, v) => {
  const product = b.mul(half(b, b.reg(o.b), v.N), half(b, b.reg(o.c), v.M));
  const sum = b.let(add64(b, b.ext64S(product), b.join(b.reg(o.a), b.reg(o.d))));
  b.setReg(o.a, b.wrap(sum));
  b.setReg(o.d, b.high(sum));
});
/** Top 32 bits of a 48-bit product. */
const wordByHalf = (b: Builder, n: Expr, m: Expr, top: unknown): Expr =>
  b.op('i64.shr_s', b.op('i64.mul', b.ext64S(n), b.ext64S(half(b, m, top))), b.i64(16n));
op('SMULWy', { timing: 'mul', dest: 'a', src: 'bc', variants: variants({ M: [false, true] }) }, (b, o, v) =>
  b.setReg(o.a, b.wrap(wordByHalf(b, b.reg(o.b), b.reg(o.c), v.M))),
);
op('SMLAWy', { timing: 'mac', dest: 'a', src: 'bcd', variants: variants({ M: [false, true] }) }, (b, o, v) => {
  setWithQ(b, o.a, add64(b, wordByHalf(b, b.reg(o.b), b.reg(o.c), v.M), b.ext64S(b.reg(o.d))));
});

/** Sum or difference of the two half-word products, as an i64. */
function dualProduct(b: Builder, n: Expr, rm: Expr, subtract: boolean, exchange: unknown): Expr {
  const m = exchanged(b, rm, exchange);
  const low = b.ext64S(b.mul(half(b, n, false), half(b, m, false)));
  const high = b.ext64S(b.mul(half(b, n, true), half(b, m, true)));
  return b.op(subtract ? 'i64.sub' : 'i64.add', low, high);
}
const EXCHANGE = variants({ X: [false, true] });
for (const [sign, subtract] of [
  ['A', false],
  ['S', true],
] as const) {
  op(`SMU${sign}D`, { timing: 'mul', dest: 'a', src: 'bc', variants: EXCHANGE }, (b, o, v) =>
    setWithQ(b, o.a, dualProduct(b, b.reg(o.b), b.reg(o.c), subtract, v.X)),
  );
  op(`SML${sign}D`, { timing: 'mac', dest: 'a', src: 'bcd', variants: EXCHANGE }, (b, o, v) => {
    setWithQ(b, o.a, add64(b, dualProduct(b, b.reg(o.b), b.reg(o.c), subtract, v.X), b.ext64S(b.reg(o.d))));
  });
  op(`SML${sign}LD`, { timing: 'mac', dest: 'ad', src: 'abcd', variants: EXCHANGE }, (b, o, v) => {
    const sum = b.let(add64(b, dualProduct(b, b.reg(o.b), b.reg(o.c), subtract, v.X), b.join(b.reg(o.a), b.reg(o.d))));
    b.setReg(o.a, b.wrap(sum));
    b.setReg(o.d, b.high(sum));
  });
}
/** Most significant word of the product; R rounds by adding 0x80000000. */
const ROUND = variants({ R: [false, true] });
const product64 = (b: Builder, n: Expr, m: Expr): Expr => b.op('i64.mul', b.ext64S(n), b.ext64S(m));
const topWord = (b: Builder, value: Expr, round: unknown): Expr => b.high(round ? add64(b, value, b.i64(0x80000000n)) : value);
op('SMMUL', { timing: 'mul', dest: 'a', src: 'bc', variants: ROUND }, (b, o, v) =>
  b.setReg(o.a, topWord(b, product64(b, b.reg(o.b), b.reg(o.c)), v.R)),
);
for (const [name, operator] of [
  ['SMMLA', 'i64.add'],
  ['SMMLS', 'i64.sub'],
] as const) {
  op(name, { timing: 'mac', dest: 'a', src: 'bcd', variants: ROUND }, (b, o, v) => {
    const sum = b.op(operator, b.join(0, b.reg(o.d)), product64(b, b.reg(o.b), b.reg(o.c)));
    b.setReg(o.a, topWord(b, sum, v.R));
  });
}

/** Multiply rows: Ra = 15 selects the form without accumulator. */
function multiplies(
  name: string,
  accumulating: string,
  bits: string,
  variant: (f: { y: number; z: number }) => Record<string, boolean>,
  tail: string,
  suffix: string,
): void {
  const asm = (of: string): string => of.replace(/x?y$/, '') + suffix;
  row(`${name} T1`, `11111011 0 ${bits} nnnn 1111 dddd ${tail} mmmm`, dsp, `${asm(name)} <a>, <b>, <c>`, (f) =>
    notPc({ op: name, v: variant(f), a: f.d, b: f.n, c: f.m }),
  );
  row(`${accumulating} T1`, `11111011 0 ${bits} nnnn aaaa dddd ${tail} mmmm`, dsp, `${asm(accumulating)} <a>, <b>, <c>, <d>`, (f) =>
    notPc({ op: accumulating, v: variant(f), a: f.d, b: f.n, c: f.m, d: f.a }),
  );
}
multiplies('SMULxy', 'SMLAxy', '001', (f) => ({ N: f.y === 1, M: f.z === 1 }), '00yz', '{B|T}{B|T}');
multiplies('SMUAD', 'SMLAD', '010', (f) => ({ X: f.z === 1 }), '000z', '{X}');
multiplies('SMULWy', 'SMLAWy', '011', (f) => ({ M: f.z === 1 }), '000z', '{B|T}');
multiplies('SMUSD', 'SMLSD', '100', (f) => ({ X: f.z === 1 }), '000z', '{X}');
multiplies('SMMUL', 'SMMLA', '101', (f) => ({ R: f.z === 1 }), '000z', '{R}');
row('SMMLS T1', '11111011 0 110 nnnn aaaa dddd 000z mmmm', dsp, 'SMMLS{R} <a>, <b>, <c>, <d>', (f) =>
  f.a === 15 ? 'unpredictable' : notPc({ op: 'SMMLS', v: { R: f.z === 1 }, a: f.d, b: f.n, c: f.m, d: f.a }),
);
row('USAD8 T1', '11111011 0 111 nnnn 1111 dddd 0000 mmmm', dsp, 'USAD8 <a>, <b>, <c>', (f) =>
  notPc({ op: 'USAD8', a: f.d, b: f.n, c: f.m }),
);
row('USADA8 T1', '11111011 0 111 nnnn aaaa dddd 0000 mmmm', dsp, 'USADA8 <a>, <b>, <c>, <d>', (f) =>
  notPc({ op: 'USADA8', a: f.d, b: f.n, c: f.m, d: f.a }),
);
const long = (
  name: string,
  asm: string,
  bits: string,
  tail: string,
  variant: (f: { y: number; z: number }) => Record<string, boolean>,
): void =>
  row(`${name} T1`, `11111011 1 ${bits} nnnn llll hhhh ${tail} mmmm`, dsp, `${asm} <a>, <d>, <b>, <c>`, (f) =>
    f.l === 15 || f.h === 15 ? 'unpredictable' : { op: name, v: variant(f), a: f.l, b: f.n, c: f.m, d: f.h },
  );
long('SMLALxy', 'SMLAL{B|T}{B|T}', '100', '10yz', (f) => ({ N: f.y === 1, M: f.z === 1 }));
long('SMLALD', 'SMLALD{X}', '100', '110z', (f) => ({ X: f.z === 1 }));
long('SMLSLD', 'SMLSLD{X}', '101', '110z', (f) => ({ X: f.z === 1 }));
