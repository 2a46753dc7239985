/** Pieces that the floating-point instructions share: register access by width, the native fast path, comparisons, sign operations. */
import type { Builder, Expr, Val } from '../builder.ts';
import { S } from '../state.ts';

/** Bits of the format. */
export type Width = 32 | 64;
export const fpReg = (b: Builder, w: Width, n: Val): Expr => (w === 32 ? b.s(n) : b.dreg(n));
export const setFpReg = (b: Builder, w: Width, n: Val, bits: Val): void => (w === 32 ? b.setS(n, bits) : b.setD(n, bits));

export const ARITHMETIC = ['add', 'sub', 'mul', 'div', 'sqrt'] as const;
export type Arithmetic = (typeof ARITHMETIC)[number];

const SIGN64 = -(1n << 63n);
export const negate = (b: Builder, w: Width, x: Val): Expr => (w === 32 ? b.xor(x, 0x80000000) : b.op('i64.xor', x, b.i64(SIGN64)));
export const absolute = (b: Builder, w: Width, x: Val): Expr => (w === 32 ? b.and(x, 0x7fffffff) : b.op('i64.and', x, b.i64(~SIGN64)));

/** FPSCR: RMode, FZ, DN and IXC. Native arithmetic needs nearest, no flush, and IXC set already, because it cannot raise it. */
const NATIVE_MASK = 0x03c00010;
const NATIVE = 0x10;
const nativeAllowed = (b: Builder): Expr => b.eq(b.and(b.state(S.FPSCR), NATIVE_MASK), NATIVE);

const float = (b: Builder, w: Width, bits: Val): Expr => b.op(w === 32 ? 'f32.reinterpret_i32' : 'f64.reinterpret_i64', bits);
const bitsOf = (b: Builder, w: Width, value: Val): Expr => b.op(w === 32 ? 'i32.reinterpret_f32' : 'i64.reinterpret_f64', value);

/** Normal, finite and above the smallest normal number (which may be what a tiny result was rounded to). */
function plainResult(b: Builder, w: Width, r: Expr): Expr {
  return w === 32 ? b.ltU(b.sub(b.and(b.shrU(r, 23), 0xff), 2), 253) : b.ltU(b.sub(b.and(b.shrU(b.high(r), 20), 0x7ff), 2), 2045);
}
const isZero = (b: Builder, w: Width, r: Expr): Expr => (w === 32 ? b.eqz(b.shl(r, 1)) : b.op('i64.eqz', b.op('i64.shl', r, b.i64(1n))));

/**
 * Add, subtract, multiply, divide, square root:
 *   r = native(x, y);  if !(FPSCR allows it && r is plain): r = helper(x, y)
 * A plain result tells that no operand was a NaN or an infinity; a denormal operand is fine, as FZ is 0.
 */
export function fpArith(b: Builder, name: Arithmetic, type: 'f32' | 'f64', x: Val, y?: Val): Expr {
  const w: Width = type === 'f32' ? 32 : 64;
  const operands = (y === undefined ? [x] : [x, y]).map((v) => b.let(v));
  const r = b.variable(w === 32 ? 'i32' : 'i64', bitsOf(b, w, b.op(`${type}.${name}`, ...operands.map((v) => float(b, w, v)))));
  // sums and differences that are 0 are exact
  const plain = name === 'add' || name === 'sub' ? b.or(plainResult(b, w, r.get), isZero(b, w, r.get)) : plainResult(b, w, r.get);
  b.if(b.eqz(b.and(nativeAllowed(b), plain)), () => r.set(b.helper(`${type}_${name}`, w === 32 ? 'i32' : 'i64', ...operands)));
  return r.get;
}

/**
 * z + x * y with one rounding. In single precision natively through double: the product is exact, and the sum, rounded to double, lies on the
 * same side of every boundary between singles as the exact sum, unless it lies on the boundary itself (low 29 bits 1000…0).
 */
export function fpFma(b: Builder, w: Width, z: Val, x: Val, y: Val): Expr {
  const operands = [z, x, y].map((v) => b.let(v));
  if (w === 64) return b.helper('f64_fma', 'i64', ...operands);
  const [d0, d1, d2] = operands.map((v) => b.op('f64.promote_f32', float(b, 32, v)));
  const sum = b.let(b.op('f64.add', b.op('f64.mul', d1!, d2!), d0!));
  const r = b.variable('i32', bitsOf(b, 32, b.op('f32.demote_f64', sum)));
  const boundary = b.eq(b.and(b.wrap(bitsOf(b, 64, sum)), 0x1fffffff), 0x10000000);
  b.if(b.or(boundary, b.eqz(b.and(nativeAllowed(b), plainResult(b, 32, r.get)))), () => r.set(b.helper('f32_fma', 'i32', ...operands)));
  return r.get;
}

/** Double to single, natively where the result is plain. */
export function fpDemote(b: Builder, x: Val): Expr {
  const value = b.let(x);
  const r = b.variable('i32', bitsOf(b, 32, b.op('f32.demote_f64', float(b, 64, value))));
  b.if(b.eqz(b.and(nativeAllowed(b), plainResult(b, 32, r.get))), () => r.set(b.helper('f64_to_f32', 'i32', value)));
  return r.get;
}
/** Single to double: exact for normal numbers. */
export function fpPromote(b: Builder, x: Val): Expr {
  const value = b.let(x);
  const r = b.variable('i64', bitsOf(b, 64, b.op('f64.promote_f32', float(b, 32, value))));
  const normal = b.ltU(b.sub(b.and(b.shrU(value, 23), 0xff), 1), 254);
  b.if(b.eqz(normal), () => r.set(b.helper('f32_to_f64', 'i64', value)));
  return r.get;
}

/** Comparison into FPSCR N, Z, C, V. Natively unless a NaN takes part or operands are flushed. */
export function fpCompare(b: Builder, w: Width, x: Val, y: Val, quietIsInvalid: boolean): void {
  const p = b.let(x);
  const q = b.let(y);
  const t = w === 32 ? 'f32' : 'f64';
  const relation = (name: string): Expr => b.let(b.op(`${t}.${name}`, float(b, w, p), float(b, w, q)));
  const less = relation('lt');
  const equal = relation('eq');
  const ordered = b.or(b.or(less, equal), relation('gt'));
  const nzcv = b.variable('i32', b.select(less, 0x80000000, b.select(equal, 0x60000000, 0x20000000)));
  const flush = b.and(b.shrU(b.state(S.FPSCR), 24), 1);
  b.if(b.or(flush, b.eqz(ordered)), () => nzcv.set(b.helper(`${t}_compare`, 'i32', p, q, quietIsInvalid ? 1 : 0)));
  b.setState(S.FPSCR, b.or(b.and(b.state(S.FPSCR), 0x0fffffff), nzcv.get));
}

/** Runs `body` for index = 0 … count-1: a loop when the count is read at run time. */
export function repeat(b: Builder, count: Val, body: (index: Val) => void): void {
  const fixed = typeof count === 'number' ? count : count.constant;
  if (fixed !== undefined) {
    for (let i = 0; i < fixed; i++) body(i);
    return;
  }
  const index = b.variable('i32', 0);
  const loop = b.f.loop();
  body(index.get);
  index.set(b.add(index.get, 1));
  b.ltU(index.get, count).emit(b.f);
  b.f.brIf(loop);
  b.f.end(loop);
}
