/** Floating-point data processing: arithmetic, fused and chained multiply-add, sign, compare, VSEL, VMAXNM. Source: DDI 0403 A6.4, A7.7; DDI 0553 C2.4. */
import type { Builder, Expr, Profile } from '../builder.ts';
import { fpu, op, row, variants, type Decoded, type Fields, type Trait } from '../rows.ts';
import { absolute, fpArith, fpCompare, fpFma, fpReg, negate, setFpReg, type Arithmetic, type Width } from './fp-common.ts';

export const fpv5 = (p: Profile): boolean => p.fpv5;
export const doublePrecision = (p: Profile): boolean => p.fpu === 'dp';
/** Both widths, each with its bit in the encoding and the profiles that have it. */
export const WIDTHS = [
  { w: 32, sz: '0', on: fpu, dt: 'F32', reg: 'S' },
  { w: 64, sz: '1', on: doublePrecision, dt: 'F64', reg: 'D' },
] as const;

/** Register number from its four bits and the single one: low bit of a single, high bit of a double. Only D0…D15 exist. */
export const fpNumber = (w: Width, four: number, one: number): number => (w === 32 ? (four << 1) | one : four | (one << 4));
/** Doubles above D15 are UNDEFINED: no row of the FP space takes them but its last (fp-undefined.ts). */
export const exists = (w: Width, d: Decoded): Decoded | null =>
  w === 64 && [d.a, d.b, d.c].some((n) => n !== undefined && n > 15) ? null : d;

/** The same where one operand alone is of that width; `one` is its single bit. */
export const doubleExists = (w: Width, one: number, d: Decoded): Decoded | null => (w === 64 && one ? null : d);

/** Inside the interpreter's loop: FP code runs a third faster, integer code as fast as before. */
const HOT = new Set(['VADD', 'VSUB', 'VMUL', 'VFMA', 'VFMS']);

type Three = (b: Builder, w: Width, x: Expr, y: Expr, destination: () => Expr) => Expr;
const arith = (b: Builder, name: Arithmetic, w: Width, x: Expr, y: Expr): Expr => fpArith(b, name, w === 32 ? 'f32' : 'f64', x, y);

const SUMS: Readonly<Record<string, Three>> = {
  VADD: (b, w, x, y) => arith(b, 'add', w, x, y),
  VSUB: (b, w, x, y) => arith(b, 'sub', w, x, y),
};
const PRODUCTS: Readonly<Record<string, Three>> = {
  VMUL: (b, w, x, y) => arith(b, 'mul', w, x, y),
  VNMUL: (b, w, x, y) => negate(b, w, arith(b, 'mul', w, x, y)),
};
// the chained ones round twice: the product, then the sum
const CHAINED: Readonly<Record<string, Three>> = {
  VMLA: (b, w, x, y, d) => arith(b, 'add', w, d(), arith(b, 'mul', w, x, y)),
  VMLS: (b, w, x, y, d) => arith(b, 'add', w, d(), negate(b, w, arith(b, 'mul', w, x, y))),
  VNMLA: (b, w, x, y, d) => arith(b, 'add', w, negate(b, w, d()), negate(b, w, arith(b, 'mul', w, x, y))),
  VNMLS: (b, w, x, y, d) => arith(b, 'add', w, negate(b, w, d()), arith(b, 'mul', w, x, y)),
};
// the fused ones negate operands before, NaNs included
const FUSED: Readonly<Record<string, Three>> = {
  VFMA: (b, w, x, y, d) => fpFma(b, w, d(), x, y),
  VFMS: (b, w, x, y, d) => fpFma(b, w, d(), negate(b, w, x), y),
  VFNMA: (b, w, x, y, d) => fpFma(b, w, negate(b, w, d()), negate(b, w, x), y),
  VFNMS: (b, w, x, y, d) => fpFma(b, w, negate(b, w, d()), x, y),
};

/** Opcode bits 23 and 21:20, and bit 6. */
const ENCODING: Readonly<Record<string, readonly [string, string, string]>> = {
  VMLA: ['0', '00', '0'],
  VMLS: ['0', '00', '1'],
  VNMLS: ['0', '01', '0'],
  VNMLA: ['0', '01', '1'],
  VMUL: ['0', '10', '0'],
  VNMUL: ['0', '10', '1'],
  VADD: ['0', '11', '0'],
  VSUB: ['0', '11', '1'],
  VDIV: ['1', '00', '0'],
  VFNMS: ['1', '01', '0'],
  VFNMA: ['1', '01', '1'],
  VFMA: ['1', '10', '0'],
  VFMS: ['1', '10', '1'],
};
const threeFields = (w: Width, f: Fields): Omit<Decoded, 'op'> => ({
  a: fpNumber(w, f.d, f.e),
  b: fpNumber(w, f.n, f.y),
  c: fpNumber(w, f.m, f.z),
});
const twoFields = (w: Width, f: Fields): Omit<Decoded, 'op'> => ({ a: fpNumber(w, f.d, f.e), b: fpNumber(w, f.m, f.z) });

for (const { w, sz, on, dt, reg } of WIDTHS) {
  const [a, bc, abc] = w === 32 ? ['a', 'bc', 'abc'] : ['A', 'BC', 'ABC'];
  const three = (name: string, timing: 'fp-alu' | 'fp-mac' | 'fp-div', f: Three, is: readonly Trait[] = []): void => {
    op(`${name}_${w}`, { timing, fp: true, is, hot: w === 32 && HOT.has(name), fpDest: a, fpSrc: timing === 'fp-mac' ? abc : bc }, (b, o) =>
      setFpReg(
        b,
        w,
        o.a,
        f(b, w, fpReg(b, w, o.b), fpReg(b, w, o.c), () => fpReg(b, w, o.a)),
      ),
    );
    const [high, low, bit6] = ENCODING[name]!;
    row(
      `${name} ${dt}`,
      `11101110 ${high}e${low} nnnn dddd 101${sz} y${bit6}z0 mmmm`,
      on,
      `${name}.${dt} <${reg}a>, <${reg}b>, <${reg}c>`,
      (f2) => exists(w, { op: `${name}_${w}`, ...threeFields(w, f2) }),
    );
  };
  for (const [name, f] of Object.entries(SUMS)) three(name, 'fp-alu', f, ['sum']);
  for (const [name, f] of Object.entries(PRODUCTS)) three(name, 'fp-alu', f, ['product']);
  for (const [name, f] of Object.entries(CHAINED)) three(name, 'fp-mac', f);
  for (const [name, f] of Object.entries(FUSED)) three(name, 'fp-mac', f, ['fused']);
  three('VDIV', 'fp-div', (b, w2, x, y) => arith(b, 'div', w2, x, y));

  const two = (
    name: string,
    timing: 'fp-alu' | 'fp-sqrt' | 'fp-move',
    opc2: string,
    bits76: string,
    f: (b: Builder, x: Expr) => Expr,
  ): void => {
    op(`${name}_${w}`, { timing, fp: true, fpDest: a, fpSrc: a === 'a' ? 'b' : 'B' }, (b, o) =>
      setFpReg(b, w, o.a, f(b, fpReg(b, w, o.b))),
    );
    const template = name === 'VMOV_reg' ? 'VMOV' : name;
    row(
      `${template} (register) ${dt}`,
      `11101110 1e11 ${opc2} dddd 101${sz} ${bits76}z0 mmmm`,
      on,
      `${template}.${dt} <${reg}a>, <${reg}b>`,
      (f2) => exists(w, { op: `${name}_${w}`, ...twoFields(w, f2) }),
    );
  };
  two('VMOV_reg', 'fp-move', '0000', '01', (_b, x) => x);
  two('VABS', 'fp-alu', '0000', '11', (b, x) => absolute(b, w, x));
  two('VNEG', 'fp-alu', '0001', '01', (b, x) => negate(b, w, x));
  two('VSQRT', 'fp-sqrt', '0001', '11', (b, x) => fpArith(b, 'sqrt', w === 32 ? 'f32' : 'f64', x));

  // VCMPE: quiet NaNs raise IOC too
  const E = variants({ E: [false, true] });
  const zero = (b: Builder): Expr | number => (w === 32 ? 0 : b.i64(0n));
  op(`VCMP_${w}`, { timing: 'fp-alu', fp: true, fpSrc: w === 32 ? 'ab' : 'AB', variants: E }, (b, o, v) =>
    fpCompare(b, w, fpReg(b, w, o.a), fpReg(b, w, o.b), !!v.E),
  );
  op(`VCMP_zero_${w}`, { timing: 'fp-alu', fp: true, fpSrc: a, variants: E }, (b, o, v) =>
    fpCompare(b, w, fpReg(b, w, o.a), zero(b), !!v.E),
  );
  row(`VCMP, VCMPE ${dt}`, `11101110 1e11 0100 dddd 101${sz} q1z0 mmmm`, on, `VCMP{E}.${dt} <${reg}a>, <${reg}b>`, (f) =>
    exists(w, { op: `VCMP_${w}`, v: { E: f.q === 1 }, ...twoFields(w, f) }),
  );
  row(`VCMP, VCMPE zero ${dt}`, `11101110 1e11 0101 dddd 101${sz} q100 0000`, on, `VCMP{E}.${dt} <${reg}a>, #0.0`, (f) =>
    exists(w, { op: `VCMP_zero_${w}`, v: { E: f.q === 1 }, a: fpNumber(w, f.d, f.e) }),
  );

  // FPv5
  const both = (p: Profile): boolean => fpv5(p) && on(p);
  op(
    `VSEL_${w}`,
    { timing: 'fp-move', is: ['reads-flags'], fp: true, fpDest: a, fpSrc: bc, variants: variants({ cc: [0, 6, 10, 12] }) },
    (b, o, v) => setFpReg(b, w, o.a, b.select(b.condition(v.cc as number), fpReg(b, w, o.b), fpReg(b, w, o.c))),
  );
  row(`VSEL ${dt}`, `11111110 0ecc nnnn dddd 101${sz} y0z0 mmmm`, both, `VSEL<cc>.${dt} <${reg}a>, <${reg}b>, <${reg}c>`, (f) =>
    exists(w, { op: `VSEL_${w}`, v: { cc: [0, 6, 10, 12][f.c]! }, ...threeFields(w, f) }),
  );
  op(`VMAXNM_${w}`, { timing: 'fp-alu', fp: true, fpDest: a, fpSrc: bc, variants: variants({ min: [false, true] }) }, (b, o, v) =>
    setFpReg(
      b,
      w,
      o.a,
      b.helper(w === 32 ? 'f32_maxnum' : 'f64_maxnum', w === 32 ? 'i32' : 'i64', fpReg(b, w, o.b), fpReg(b, w, o.c), v.min ? 1 : 0),
    ),
  );
  row(
    `VMAXNM, VMINNM ${dt}`,
    `11111110 1e00 nnnn dddd 101${sz} yoz0 mmmm`,
    both,
    `V{MAX|MIN}NM.${dt} <${reg}a>, <${reg}b>, <${reg}c>`,
    (f) => exists(w, { op: `VMAXNM_${w}`, v: { min: f.o === 1 }, ...threeFields(w, f) }),
  );
}
