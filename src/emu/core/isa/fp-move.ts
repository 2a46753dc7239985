/** Floating-point loads, stores, and moves between registers. Source: DDI 0403 A6.5…A6.7, A7.7; DDI 0553 C2.4. */
import type { Builder, Expr, Operands, Val } from '../builder.ts';
import { fpu, op, row, variants, type Decoded, type Refusal } from '../rows.ts';
import { FPSCR_MASK } from '../float/softfloat-bits.ts';
import { S } from '../state.ts';
import { exists, fpNumber, WIDTHS } from './fp-arithmetic.ts';
import { repeat, setFpReg } from './fp-common.ts';
import { checkStackLimit } from './operands.ts';

// ---- VLDR, VSTR --------------------------------------------------------------------------------------------------------------------
// the FP unit moves words; a double is two of them, low one first (data is little-endian on these cores)
const ALIGNED = { aligned: true } as const;
const loadDouble = (b: Builder, address: Val): Expr => {
  const a = b.let(address);
  let value: Expr = a;
  b.span('read', a, 8, () => {
    const low = b.load(a, 4, ALIGNED);
    value = b.let(b.join(low, b.load(b.add(a, 4), 4, ALIGNED)));
  });
  return value;
};
const storeDouble = (b: Builder, address: Val, value: Expr): void => {
  const a = b.let(address);
  b.span('write', a, 8, () => {
    b.store(a, 4, b.wrap(value), ALIGNED);
    b.store(b.add(a, 4), 4, b.high(value), ALIGNED);
  });
};
const based = (b: Builder, o: Operands): Expr => b.add(b.reg(o.b), o.imm);
const literal = (b: Builder, o: Operands): Expr => b.add(b.and(b.add(b.pc(), 4), ~3), o.imm);

op('VLDR_32', { timing: 'fp-load', fp: true, hot: true, src: 'b', fpDest: 'a' }, (b, o) => b.setS(o.a, b.load(based(b, o), 4, ALIGNED)));
op('VLDR_64', { timing: 'fp-load', fp: true, src: 'b', fpDest: 'A' }, (b, o) => b.setD(o.a, loadDouble(b, based(b, o))));
op('VLDR_lit_32', { timing: 'fp-load', fp: true, fpDest: 'a' }, (b, o) => b.setS(o.a, b.load(literal(b, o), 4, ALIGNED)));
op('VLDR_lit_64', { timing: 'fp-load', fp: true, fpDest: 'A' }, (b, o) => b.setD(o.a, loadDouble(b, literal(b, o))));
op('VSTR_32', { timing: 'fp-store', fp: true, hot: true, src: 'b', fpSrc: 'a' }, (b, o) => b.store(based(b, o), 4, b.s(o.a), ALIGNED));
op('VSTR_64', { timing: 'fp-store', fp: true, src: 'b', fpSrc: 'A' }, (b, o) => storeDouble(b, based(b, o), b.dreg(o.a)));

// ---- VLDM, VSTM, VPUSH, VPOP -------------------------------------------------------------------------------------------------------
// a = first single register, b = base, imm = words, d = 1 for the spare word of FLDMX and FSTMX. A fault leaves the base as it was, so the
// instruction can run again.
const MULTIPLE = variants({ down: [false, true], wback: [false, true] });
/** First address and final base. */
function block(b: Builder, o: Operands, down: boolean): { readonly start: Expr; readonly end: Expr } {
  const base = b.reg(o.b);
  const bytes = b.shl(b.add(o.imm, o.d), 2);
  const end = b.let(down ? b.sub(base, bytes) : b.add(base, bytes));
  return { start: down ? end : base, end };
}
op('VLDM', { timing: 'fp-load-multiple', fp: true, dest: 'b', src: 'b', variants: MULTIPLE }, (b, o, v) => {
  const { start, end } = block(b, o, !!v.down);
  if (v.wback) checkStackLimit(b, o.b, end);
  b.span('read', start, b.shl(o.imm, 2), () =>
    repeat(b, o.imm, (i) => b.setS(b.add(o.a, i), b.load(b.add(start, b.shl(i, 2)), 4, ALIGNED))),
  );
  if (v.wback) b.setReg(o.b, end);
});
op('VSTM', { timing: 'fp-store-multiple', fp: true, dest: 'b', src: 'b', variants: MULTIPLE }, (b, o, v) => {
  const { start, end } = block(b, o, !!v.down);
  if (v.wback) checkStackLimit(b, o.b, end);
  b.span('write', start, b.shl(o.imm, 2), () =>
    repeat(b, o.imm, (i) => b.store(b.add(start, b.shl(i, 2)), 4, b.s(b.add(o.a, i)), ALIGNED)),
  );
  if (v.wback) b.setReg(o.b, end);
});

// loads and stores of doubles exist on single-precision units too
for (const { w, sz, dt, reg } of WIDTHS) {
  for (const [name, l] of [
    ['VSTR', '0'],
    ['VLDR', '1'],
  ] as const)
    row(`${name} ${dt}`, `11101101 ue0${l} nnnn dddd 101${sz} iiiiiiii`, fpu, `${name} <${reg}a>, [<b>, #<imm>]`, (f) => {
      const d = { a: fpNumber(w, f.d, f.e), imm: (f.u ? 4 : -4) * f.i };
      if (f.n !== 15) return exists(w, { op: `${name}_${w}`, ...d, b: f.n });
      return name === 'VSTR' ? 'unpredictable' : exists(w, { op: `VLDR_lit_${w}`, ...d });
    });
  for (const { load, l } of [
    { load: false, l: '0' },
    { load: true, l: '1' },
  ]) {
    const name = load ? 'VLDM' : 'VSTM';
    const multiple = (mode: string, bits: string, down: boolean, stack: string): void =>
      row(
        `${name}${mode} ${dt}`,
        `1110110 ${bits[0]!} ${bits[1]!} e w ${l} nnnn dddd 101${sz} iiiiiiii`,
        fpu,
        `${name}${mode}, F${name.slice(1)}${mode}X${stack} <b>{!}, <list>`,
        (f): Decoded | Refusal | null => {
          if (down && !f.w) return null;
          const words = w === 64 ? f.i & ~1 : f.i;
          const first = w === 64 ? 2 * fpNumber(64, f.d, f.e) : fpNumber(32, f.d, f.e);
          if (w === 64 && f.e) return null;
          if (words === 0 || first + words > 32 || f.n === 15) return 'unpredictable';
          return { op: name, v: { down, wback: f.w === 1 }, a: first, b: f.n, d: f.i - words, imm: words };
        },
      );
    multiple('IA', '01', false, load ? ', VPOP' : '');
    multiple('DB', '10', true, load ? '' : ', VPUSH');
  }
}

// ---- core registers ----------------------------------------------------------------------------------------------------------------
op('VMOV_to_S', { timing: 'fp-move', fp: true, src: 'b', fpDest: 'a' }, (b, o) => b.setS(o.a, b.reg(o.b)));
op('VMOV_from_S', { timing: 'fp-move', fp: true, dest: 'b', fpSrc: 'a' }, (b, o) => b.setReg(o.b, b.s(o.a)));
/** b, c = core registers; a, d = single registers (neighbours, or the halves of a double). */
op('VMOV_to_SS', { timing: 'fp-move', is: ['two-singles'], fp: true, src: 'bc', fpDest: 'ad' }, (b, o) => {
  b.setS(o.a, b.reg(o.b));
  b.setS(o.d, b.reg(o.c));
});
op('VMOV_from_SS', { timing: 'fp-move', is: ['two-singles'], fp: true, dest: 'bc', fpSrc: 'ad' }, (b, o) => {
  b.setReg(o.b, b.s(o.a));
  b.setReg(o.c, b.s(o.d));
});
row('VMOV (core to single)', '11101110 0000 nnnn tttt 1010 y00 1 0000', fpu, 'VMOV <Sa>, <b>', (f) =>
  f.t === 15 || f.t === 13 ? 'unpredictable' : { op: 'VMOV_to_S', a: fpNumber(32, f.n, f.y), b: f.t },
);
row('VMOV (single to core)', '11101110 0001 nnnn tttt 1010 y00 1 0000', fpu, 'VMOV <b>, <Sa>', (f) =>
  f.t === 15 || f.t === 13 ? 'unpredictable' : { op: 'VMOV_from_S', a: fpNumber(32, f.n, f.y), b: f.t },
);
// a word of a double: the same as a single register
row('VMOV (core to scalar)', '11101110 00h0 dddd tttt 1011 e00 1 0000', fpu, 'VMOV.32 <Sa>, <b>', (f) =>
  f.e ? null : f.t === 15 || f.t === 13 ? 'unpredictable' : { op: 'VMOV_to_S', a: f.d * 2 + f.h, b: f.t },
);
row('VMOV (scalar to core)', '11101110 00h1 nnnn tttt 1011 y00 1 0000', fpu, 'VMOV.32 <b>, <Sa>', (f) =>
  f.y ? null : f.t === 15 || f.t === 13 ? 'unpredictable' : { op: 'VMOV_from_S', a: f.n * 2 + f.h, b: f.t },
);
const badPair = (t: number, u: number): boolean => t === 13 || t === 15 || u === 13 || u === 15;
for (const [name, sz] of [
  ['VMOV (two core, two single)', '0'],
  ['VMOV (two core, double)', '1'],
] as const)
  row(name, `11101100 010o uuuu tttt 101${sz} 00z1 mmmm`, fpu, 'VMOV <b>, <c>, <Sa>, <Sd>', (f) => {
    if (sz === '1' && f.z) return null;
    const a = sz === '1' ? f.m * 2 : fpNumber(32, f.m, f.z);
    if (badPair(f.t, f.u) || a === 31 || (f.o === 1 && f.t === f.u)) return 'unpredictable';
    return { op: f.o ? 'VMOV_from_SS' : 'VMOV_to_SS', a, d: a + 1, b: f.t, c: f.u };
  });

// ---- immediates ----------------------------------------------------------------------------------------------------------------------
/** VFPExpandImm: the upper word of the value; of a double the lower one is 0. */
function vfpExpandImm(w: 32 | 64, imm8: number): number {
  const sign = (imm8 >>> 7) << 31;
  const b6 = (imm8 >>> 6) & 1;
  const low = imm8 & 0x3f;
  // exponent: NOT(b6), b6 repeated, imm8<5:4>
  return w === 32
    ? (sign | ((b6 ^ 1) << 30) | (b6 ? 0x3e000000 : 0) | (low << 19)) >>> 0
    : (sign | ((b6 ^ 1) << 30) | (b6 ? 0x3fc00000 : 0) | (low << 16)) >>> 0;
}
for (const { w, sz, on, dt, reg } of WIDTHS) {
  op(`VMOV_imm_${w}`, { timing: 'fp-move', is: ['constant'], fp: true, fpDest: w === 32 ? 'a' : 'A' }, (b, o) =>
    setFpReg(b, w, o.a, w === 32 ? o.imm : b.join(0, o.imm)),
  );
  row(`VMOV (immediate) ${dt}`, `11101110 1e11 iiii dddd 101${sz} 0000 jjjj`, on, `VMOV.${dt} <${reg}a>, #<imm>`, (f) =>
    exists(w, { op: `VMOV_imm_${w}`, a: fpNumber(w, f.d, f.e), imm: vfpExpandImm(w, (f.i << 4) | f.j) }),
  );
}

// ---- FPSCR ---------------------------------------------------------------------------------------------------------------------------
op('VMRS', { timing: 'fp-move', is: ['fp-status'], fp: true, dest: 'b' }, (b, o) => b.setReg(o.b, b.state(S.FPSCR)));
op('VMRS_flags', { timing: 'fp-move', is: ['fp-status'], fp: true }, (b) => b.setNZCV(b.state(S.FPSCR)));
op('VMSR', { timing: 'fp-move', is: ['fp-status'], fp: true, src: 'b' }, (b, o) => b.setState(S.FPSCR, b.and(b.reg(o.b), FPSCR_MASK)));
row('VMRS', '11101110 1111 0001 tttt 1010 0001 0000', fpu, 'VMRS <b>, FPSCR', (f) =>
  f.t === 15 ? { op: 'VMRS_flags' } : f.t === 13 ? 'unpredictable' : { op: 'VMRS', b: f.t },
);
row('VMSR', '11101110 1110 0001 tttt 1010 0001 0000', fpu, 'VMSR FPSCR, <b>', (f) =>
  f.t === 15 || f.t === 13 ? 'unpredictable' : { op: 'VMSR', b: f.t },
);
