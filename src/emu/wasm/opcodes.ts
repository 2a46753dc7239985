/** WebAssembly binary encoding: value types and opcodes by their text-format names. Source: WebAssembly core specification 2.0, 5.4. */

export type WasmType = 'i32' | 'i64' | 'f32' | 'f64';
export const TYPE_CODE: Readonly<Record<WasmType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };
export const VOID_BLOCK = 0x40;

export const OP = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  br_table: 0x0e,
  return: 0x0f,
  call: 0x10,
  call_indirect: 0x11,
  return_call: 0x12,
  return_call_indirect: 0x13,
  drop: 0x1a,
  select: 0x1b,
  'local.get': 0x20,
  'local.set': 0x21,
  'local.tee': 0x22,
  'global.get': 0x23,
  'global.set': 0x24,
  'i32.load': 0x28,
  'i64.load': 0x29,
  'f32.load': 0x2a,
  'f64.load': 0x2b,
  'i32.load8_s': 0x2c,
  'i32.load8_u': 0x2d,
  'i32.load16_s': 0x2e,
  'i32.load16_u': 0x2f,
  'i32.store': 0x36,
  'i64.store': 0x37,
  'f32.store': 0x38,
  'f64.store': 0x39,
  'i32.store8': 0x3a,
  'i32.store16': 0x3b,
  'i32.const': 0x41,
  'i64.const': 0x42,
  'f32.const': 0x43,
  'f64.const': 0x44,
} as const;

export type AccessSize = 1 | 2 | 4;
/** Opcode that loads so many bytes into an i32. */
export function loadOpcode(size: AccessSize, signed = false): number {
  if (size === 4) return OP['i32.load'];
  if (size === 2) return signed ? OP['i32.load16_s'] : OP['i32.load16_u'];
  return signed ? OP['i32.load8_s'] : OP['i32.load8_u'];
}
/** Opcode that stores the lower bytes of an i32. */
export function storeOpcode(size: AccessSize): number {
  return size === 4 ? OP['i32.store'] : size === 2 ? OP['i32.store16'] : OP['i32.store8'];
}

/** Operators: opcode, operand types, result type. */
export interface Operator {
  readonly code: number;
  readonly takes: readonly WasmType[];
  readonly gives: WasmType;
}
const ops = (type: WasmType, gives: WasmType, arity: 1 | 2, first: number, names: string): [string, Operator][] =>
  names.split(' ').map((name, i) => [`${type}.${name}`, { code: first + i, takes: arity === 1 ? [type] : [type, type], gives }]);
const conv = (first: number, rows: string): [string, Operator][] =>
  rows.split(' ').map((row, i) => {
    const [name, from] = row.split('<') as [string, WasmType];
    return [name, { code: first + i, takes: [from], gives: name.slice(0, 3) as WasmType }];
  });

export const OPERATORS: Readonly<Record<string, Operator>> = Object.fromEntries([
  ...ops('i32', 'i32', 1, 0x45, 'eqz'),
  ...ops('i32', 'i32', 2, 0x46, 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'),
  ...ops('i64', 'i32', 1, 0x50, 'eqz'),
  ...ops('i64', 'i32', 2, 0x51, 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'),
  ...ops('f32', 'i32', 2, 0x5b, 'eq ne lt gt le ge'),
  ...ops('f64', 'i32', 2, 0x61, 'eq ne lt gt le ge'),
  ...ops('i32', 'i32', 1, 0x67, 'clz ctz popcnt'),
  ...ops('i32', 'i32', 2, 0x6a, 'add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr'),
  ...ops('i64', 'i64', 1, 0x79, 'clz ctz popcnt'),
  ...ops('i64', 'i64', 2, 0x7c, 'add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr'),
  ...ops('f32', 'f32', 1, 0x8b, 'abs neg ceil floor trunc nearest sqrt'),
  ...ops('f32', 'f32', 2, 0x92, 'add sub mul div min max copysign'),
  ...ops('f64', 'f64', 1, 0x99, 'abs neg ceil floor trunc nearest sqrt'),
  ...ops('f64', 'f64', 2, 0xa0, 'add sub mul div min max copysign'),
  ...conv(0xa7, 'i32.wrap_i64<i64 i32.trunc_f32_s<f32 i32.trunc_f32_u<f32 i32.trunc_f64_s<f64 i32.trunc_f64_u<f64'),
  ...conv(0xac, 'i64.extend_i32_s<i32 i64.extend_i32_u<i32'),
  ...conv(0xb2, 'f32.convert_i32_s<i32 f32.convert_i32_u<i32'),
  ...conv(0xb6, 'f32.demote_f64<f64 f64.convert_i32_s<i32 f64.convert_i32_u<i32'),
  ...conv(0xbb, 'f64.promote_f32<f32 i32.reinterpret_f32<f32 i64.reinterpret_f64<f64 f32.reinterpret_i32<i32 f64.reinterpret_i64<i64'),
  ...conv(0xc0, 'i32.extend8_s<i32 i32.extend16_s<i32'),
]);

let tailCalls: boolean | undefined;
/** The host knows tail calls: Node 20 does, some browsers do not yet. */
export function hasTailCalls(): boolean {
  // a module with one function that goes on in itself
  const body = [0x00, OP.return_call, 0x00, 0x0b];
  const module = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 2 + body.length, 1, body.length, ...body];
  return (tailCalls ??= WebAssembly.validate(Uint8Array.from(module)));
}
