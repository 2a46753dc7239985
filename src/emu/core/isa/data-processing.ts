/** Data processing: moves, add/subtract, logic, compares. Source: ARMv7-M ARM (DDI 0403) A7.7, ARMv8-M ARM (DDI 0553) C2.4. */
import type { Builder, Val, Expr } from '../builder.ts';
import { everywhere, op, row, v7, variants, type Decoded } from '../rows.ts';

/** ThumbExpandImm without the carry: the 32-bit constant of a modified immediate (DDI 0403 A5.3.2). */
export function thumbExpandImm(imm12: number): number {
  const imm8 = imm12 & 0xff;
  if (imm12 >>> 10 === 0) {
    switch ((imm12 >>> 8) & 3) {
      case 0: return imm8;
      case 1: return imm8 | (imm8 << 16);
      case 2: return ((imm8 << 8) | (imm8 << 24)) >>> 0;
      default: return (imm8 | (imm8 << 8) | (imm8 << 16) | (imm8 << 24)) >>> 0;
    }
  }
  const n = imm12 >>> 7;
  const value = 0x80 | (imm12 & 0x7f);
  return ((value >>> n) | (value << (32 - n))) >>> 0;
}
export type Rotation = Expr | Val | Builder | Decoded | typeof variants | typeof v7;

op('MOV_imm', { timing: 'alu', dest: 'a', hot: true, variants: variants({ S: [false, true] }) }, (b, o, v) => {
  b.setReg(o.a, o.imm);
  if (v['S']) b.setNZ(o.imm);
});
row('MOV (immediate) T1', '00100 ddd iiiiiiii', everywhere, 'MOVS <a>, #<imm>', (f) => ({ op: 'MOV_imm', v: { S: true }, vIT: { S: false }, a: f['d']!, imm: f['i']! }));

op('ADD_reg', { timing: 'alu', dest: 'a', src: 'bc', hot: true, variants: variants({ S: [false, true] }) }, (b, o, v) => {
  b.setReg(o.a, b.addWithCarry(b.reg(o.b), b.reg(o.c), 0, !!v['S']));
});
row('ADD (register) T1', '0001100 mmm nnn ddd', everywhere, 'ADDS <a>, <b>, <c>', (f) => ({ op: 'ADD_reg', v: { S: true }, vIT: { S: false }, a: f['d']!, b: f['n']!, c: f['m']! }));

op('B', { timing: 'branch', hot: true }, (b, o) => b.jump(b.add(b.add(b.pc(), 4), o.imm)));
row('B T2', '11100 iiiiiiiiiii', everywhere, 'B <imm>', (f) => ({ op: 'B', imm: (f['i']! << 21) >> 20 }));

op('B_cond', { timing: 'branch-cond', hot: true, variants: variants({ cc: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] }) }, (b, o, v) => {
  b.if(b.condition(v['cc'] as number), () => b.jump(b.add(b.add(b.pc(), 4), o.imm)));
});
row('B T1', '1101 cccc iiiiiiii', everywhere, 'B<cc> <imm>', (f) => (f['c']! < 14 ? { op: 'B_cond', v: { cc: f['c']! }, imm: (f['i']! << 24) >> 23 } : null));
op('LDR_imm', { timing: 'load', dest: 'a', src: 'b', hot: true }, (b, o) => b.setReg(o.a, b.load(b.add(b.reg(o.b), o.imm), 4)));
row('LDR (immediate) T1', '01101 iiiii nnn ttt', everywhere, 'LDR <a>, [<b>, #<imm>]', (f) => ({ op: 'LDR_imm', a: f['t']!, b: f['n']!, imm: f['i']! * 4 }));
op('STR_imm', { timing: 'store', src: 'ab', hot: true }, (b, o) => b.store(b.add(b.reg(o.b), o.imm), 4, b.reg(o.a)));
row('STR (immediate) T1', '01100 iiiii nnn ttt', everywhere, 'STR <a>, [<b>, #<imm>]', (f) => ({ op: 'STR_imm', a: f['t']!, b: f['n']!, imm: f['i']! * 4 }));
