/** Data processing: moves, add and subtract, logic, compares. Source: DDI 0403 A5.2, A5.3, A7.7; DDI 0553 C2.4. */
import type { Builder, Expr, Operands, Val } from '../builder.ts';
import { everywhere, op, row, v7, variants, type Decoded, type Fields, type Trait, type Variant } from '../rows.ts';
import { thumbExpandImm } from './expand-imm.ts';
import { decodeShift, flagsOutsideIT, LR, shiftByConstant, SHIFTS, type ShiftName } from './operands.ts';

// ---- ops ---------------------------------------------------------------------------------------------------------------------------

const FLAGS = variants({ S: [false, true] });
/** Logic with a constant: `carry` when the constant was rotated, C is then its bit 31. */
const LOGIC_IMM_FLAGS: readonly Variant[] = [{ S: false }, { S: true }, { S: true, carry: true }];
const SHIFTED = variants({ S: [false, true], shift: SHIFTS });

/** Writes a result and, if the instruction sets flags, N and Z of it, and C where it has one. */
function conclude(b: Builder, o: Operands, v: Variant, result: Val, carry?: Val): void {
  b.setReg(o.a, result);
  if (!v.S) return;
  b.setNZ(result);
  if (carry !== undefined) b.setC(carry);
}
/** The carry of a constant that was rotated. */
const rotated = (b: Builder, o: Operands, v: Variant): Val | undefined => (v.carry ? b.shrU(o.imm, 31) : undefined);

type Logic = (b: Builder, x: Expr, y: Val) => Expr;
const LOGIC: Readonly<Record<string, Logic>> = {
  AND: (b, x, y) => b.and(x, y),
  BIC: (b, x, y) => b.and(x, b.not(y)),
  ORR: (b, x, y) => b.or(x, y),
  ORN: (b, x, y) => b.or(x, b.not(y)),
  EOR: (b, x, y) => b.xor(x, y),
};
const HOT_LOGIC = new Set(['AND', 'BIC', 'ORR', 'EOR']);
/** What compilers emit often: shifted operands without flags, constants that are not rotated. */
const hotShift = (v: Variant): boolean => v.S !== true && (v.shift === 'lsl' || v.shift === 'lsr');
const notCarry = (v: Variant): boolean => v.carry !== true;

for (const [name, f] of Object.entries(LOGIC)) {
  const hot = HOT_LOGIC.has(name);
  op(`${name}_imm`, { timing: 'alu', dest: 'a', src: 'b', hot: (v) => hot && notCarry(v), variants: LOGIC_IMM_FLAGS }, (b, o, v) => {
    conclude(b, o, v, b.let(f(b, b.reg(o.b), o.imm)), rotated(b, o, v));
  });
  op(`${name}_reg`, { timing: 'alu', dest: 'a', src: 'bc', hot, variants: FLAGS }, (b, o, v) => {
    conclude(b, o, v, b.let(f(b, b.reg(o.b), b.reg(o.c))));
  });
  op(
    `${name}_rsh`,
    { timing: 'alu-shift', dest: 'a', src: 'bc', shifted: 'c', hot: (v) => hot && name !== 'BIC' && hotShift(v), variants: SHIFTED },
    (b, o, v) => {
      const y = shiftByConstant(b, v.shift as ShiftName, b.reg(o.c), o.imm);
      const carry = v.S ? b.let(y.carry) : 0;
      conclude(b, o, v, b.let(f(b, b.reg(o.b), y.result)), carry);
    },
  );
}
for (const [name, like] of [
  ['TST', 'AND'],
  ['TEQ', 'EOR'],
] as const) {
  const f = LOGIC[like]!;
  const hot = name === 'TST';
  op(
    `${name}_imm`,
    { timing: 'alu', src: 'b', is: ['compare'], hot: (v) => hot && notCarry(v), variants: LOGIC_IMM_FLAGS.slice(1) },
    (b, o, v) => {
      b.setNZ(f(b, b.reg(o.b), o.imm));
      if (v.carry) b.setC(b.shrU(o.imm, 31));
    },
  );
  op(`${name}_reg`, { timing: 'alu', src: 'bc', is: ['compare'], hot }, (b, o) => b.setNZ(f(b, b.reg(o.b), b.reg(o.c))));
  op(`${name}_rsh`, { timing: 'alu-shift', src: 'bc', shifted: 'c', is: ['compare'], variants: variants({ shift: SHIFTS }) }, (b, o, v) => {
    const y = shiftByConstant(b, v.shift as ShiftName, b.reg(o.c), o.imm);
    const carry = b.let(y.carry);
    b.setNZ(f(b, b.reg(o.b), y.result));
    b.setC(carry);
  });
}

op('MOV_imm', { timing: 'alu', dest: 'a', is: ['move', 'constant', 'early'], hot: notCarry, variants: LOGIC_IMM_FLAGS }, (b, o, v) => {
  conclude(b, o, v, o.imm, rotated(b, o, v));
});
op('MVN_imm', { timing: 'alu', dest: 'a', is: ['move'], hot: notCarry, variants: LOGIC_IMM_FLAGS }, (b, o, v) => {
  conclude(b, o, v, b.let(b.not(o.imm)), rotated(b, o, v));
});
op('MOVT', { timing: 'alu', dest: 'a', src: 'a', is: ['top-half'], hot: true }, (b, o) =>
  b.setReg(o.a, b.or(b.and(b.reg(o.a), 0xffff), b.shl(o.imm, 16))),
);
op('MOV_reg', { timing: 'alu', dest: 'a', src: 'b', is: ['move', 'early'], hot: true, variants: FLAGS }, (b, o, v) => {
  conclude(b, o, v, b.reg(o.b));
});
op('MVN_reg', { timing: 'alu', dest: 'a', src: 'b', is: ['move'], hot: true, variants: FLAGS }, (b, o, v) => {
  conclude(b, o, v, b.let(b.not(b.reg(o.b))));
});
op('MVN_rsh', { timing: 'alu-shift', dest: 'a', src: 'b', shifted: 'b', variants: SHIFTED }, (b, o, v) => {
  const y = shiftByConstant(b, v.shift as ShiftName, b.reg(o.b), o.imm);
  const carry = v.S ? b.let(y.carry) : 0;
  conclude(b, o, v, b.let(b.not(y.result)), carry);
});
/** Writing the PC by data processing is a plain branch (BranchWritePC): T does not change. */
op('MOV_pc', { timing: 'branch-reg', is: ['writes-pc'], src: 'b', returns: (d) => d.b === LR }, (b, o) => b.indirect(b.reg(o.b)));
op('ADD_pc', { timing: 'branch-reg', is: ['writes-pc'], src: 'bc', returns: () => false }, (b, o) =>
  b.indirect(b.add(b.reg(o.b), b.reg(o.c))),
);

type Arithmetic = (b: Builder, x: Val, y: Val, setFlags: boolean, write?: (r: Expr) => void) => void;
const ARITHMETIC: Readonly<Record<string, Arithmetic>> = {
  ADD: (b, x, y, s, write) => b.addWithCarry(x, y, 0, s, write),
  SUB: (b, x, y, s, write) => b.subtract(x, y, s, write),
  RSB: (b, x, y, s, write) => b.subtract(y, x, s, write),
  ADC: (b, x, y, s, write) => b.addWithCarry(x, y, b.C(), s, write),
  SBC: (b, x, y, s, write) => b.addWithCarry(x, b.not(y), b.C(), s, write),
};
for (const [name, f] of Object.entries(ARITHMETIC)) {
  const carry: Trait[] = name === 'ADC' || name === 'SBC' ? ['reads-flags'] : [];
  const is: Trait[] = name === 'ADD' || name === 'SUB' ? ['early'] : carry;
  op(`${name}_imm`, { timing: 'alu', dest: 'a', src: 'b', is, hot: ['ADD', 'SUB', 'RSB'].includes(name), variants: FLAGS }, (b, o, v) => {
    f(b, b.reg(o.b), o.imm, !!v.S, (r) => b.setReg(o.a, r));
  });
  op(`${name}_reg`, { timing: 'alu', dest: 'a', src: 'bc', is, hot: name !== 'RSB', variants: FLAGS }, (b, o, v) => {
    f(b, b.reg(o.b), b.reg(o.c), !!v.S, (r) => b.setReg(o.a, r));
  });
  op(
    `${name}_rsh`,
    {
      timing: 'alu-shift',
      dest: 'a',
      src: 'bc',
      shifted: 'c',
      is: carry,
      hot: (v) => (name === 'ADD' || name === 'SUB') && hotShift(v),
      variants: SHIFTED,
    },
    (b, o, v) => {
      const y = shiftByConstant(b, v.shift as ShiftName, b.reg(o.c), o.imm).result;
      f(b, b.reg(o.b), y, !!v.S, (r) => b.setReg(o.a, r));
    },
  );
}
for (const [name, like] of [
  ['CMP', 'SUB'],
  ['CMN', 'ADD'],
] as const) {
  const f = ARITHMETIC[like]!;
  const hot = name === 'CMP';
  op(`${name}_imm`, { timing: 'alu', src: 'b', is: ['compare'], hot }, (b, o) => f(b, b.reg(o.b), o.imm, true));
  op(`${name}_reg`, { timing: 'alu', src: 'bc', is: ['compare'], hot }, (b, o) => f(b, b.reg(o.b), b.reg(o.c), true));
  op(`${name}_rsh`, { timing: 'alu-shift', src: 'bc', shifted: 'c', is: ['compare'], variants: variants({ shift: SHIFTS }) }, (b, o, v) => {
    f(b, b.reg(o.b), shiftByConstant(b, v.shift as ShiftName, b.reg(o.c), o.imm).result, true);
  });
}
/** ADD SP, SP, #imm and SUB SP, SP, #imm of 16 bits: one op, negative when subtracted. */
op('ADD_SP', { timing: 'alu', is: ['stack-adjust', 'early'], hot: true }, (b, o) => b.setReg(13, b.add(b.sp(), o.imm)));
/** Align(PC, 4) plus a constant, negative when subtracted. */
op('ADR', { timing: 'alu', dest: 'a', is: ['early'], hot: true }, (b, o) => b.setReg(o.a, b.add(b.and(b.add(b.pc(), 4), ~3), o.imm)));

// ---- 16-bit encodings --------------------------------------------------------------------------------------------------------------

const two = (name: string, opcode: string): void =>
  row(`${name} (register) T1`, `010000 ${opcode} mmm ddd`, everywhere, `${name}S <a>, <c>`, (f) =>
    flagsOutsideIT({ op: `${name}_reg`, a: f.d, b: f.d, c: f.m }),
  );

row('ADD (register) T1', '0001100 mmm nnn ddd', everywhere, 'ADDS <a>, <b>, <c>', (f) =>
  flagsOutsideIT({ op: 'ADD_reg', a: f.d, b: f.n, c: f.m }),
);
row('SUB (register) T1', '0001101 mmm nnn ddd', everywhere, 'SUBS <a>, <b>, <c>', (f) =>
  flagsOutsideIT({ op: 'SUB_reg', a: f.d, b: f.n, c: f.m }),
);
row('ADD (immediate) T1', '0001110 iii nnn ddd', everywhere, 'ADDS <a>, <b>, #<imm>', (f) =>
  flagsOutsideIT({ op: 'ADD_imm', a: f.d, b: f.n, imm: f.i }),
);
row('SUB (immediate) T1', '0001111 iii nnn ddd', everywhere, 'SUBS <a>, <b>, #<imm>', (f) =>
  flagsOutsideIT({ op: 'SUB_imm', a: f.d, b: f.n, imm: f.i }),
);
row('MOV (immediate) T1', '00100 ddd iiiiiiii', everywhere, 'MOVS <a>, #<imm>', (f) => flagsOutsideIT({ op: 'MOV_imm', a: f.d, imm: f.i }));
row('CMP (immediate) T1', '00101 nnn iiiiiiii', everywhere, 'CMP <b>, #<imm>', (f) => ({ op: 'CMP_imm', b: f.n, imm: f.i }));
row('ADD (immediate) T2', '00110 ddd iiiiiiii', everywhere, 'ADDS <a>, #<imm>', (f) =>
  flagsOutsideIT({ op: 'ADD_imm', a: f.d, b: f.d, imm: f.i }),
);
row('SUB (immediate) T2', '00111 ddd iiiiiiii', everywhere, 'SUBS <a>, #<imm>', (f) =>
  flagsOutsideIT({ op: 'SUB_imm', a: f.d, b: f.d, imm: f.i }),
);
two('AND', '0000');
two('EOR', '0001');
two('ADC', '0101');
two('SBC', '0110');
row('TST (register) T1', '010000 1000 mmm nnn', everywhere, 'TST <b>, <c>', (f) => ({ op: 'TST_reg', b: f.n, c: f.m }));
row('RSB (immediate) T1', '010000 1001 nnn ddd', everywhere, 'RSBS <a>, <b>, #0', (f) =>
  flagsOutsideIT({ op: 'RSB_imm', a: f.d, b: f.n, imm: 0 }),
);
row('CMP (register) T1', '010000 1010 mmm nnn', everywhere, 'CMP <b>, <c>', (f) => ({ op: 'CMP_reg', b: f.n, c: f.m }));
row('CMN (register) T1', '010000 1011 mmm nnn', everywhere, 'CMN <b>, <c>', (f) => ({ op: 'CMN_reg', b: f.n, c: f.m }));
two('ORR', '1100');
two('BIC', '1110');
row('MVN (register) T1', '010000 1111 mmm ddd', everywhere, 'MVNS <a>, <b>', (f) => flagsOutsideIT({ op: 'MVN_reg', a: f.d, b: f.m }));
row('ADD (register) T2', '01000100 d mmmm ddd', everywhere, 'ADD <a>, <c>', (f) =>
  f.d === 15 ? { op: 'ADD_pc', b: 15, c: f.m } : { op: 'ADD_reg', v: { S: false }, a: f.d, b: f.d, c: f.m },
);
row('CMP (register) T2', '01000101 n mmmm nnn', everywhere, 'CMP <b>, <c>', (f) => ({ op: 'CMP_reg', b: f.n, c: f.m }));
row('MOV (register) T1', '01000110 d mmmm ddd', everywhere, 'MOV <a>, <b>', (f) =>
  f.d === 15 ? { op: 'MOV_pc', b: f.m } : { op: 'MOV_reg', v: { S: false }, a: f.d, b: f.m },
);
row('ADR T1', '10100 ddd iiiiiiii', everywhere, 'ADR <a>, <imm>', (f) => ({ op: 'ADR', a: f.d, imm: f.i * 4 }));
row('ADD (SP plus immediate) T1', '10101 ddd iiiiiiii', everywhere, 'ADD <a>, SP, #<imm>', (f) => ({
  op: 'ADD_imm',
  v: { S: false },
  a: f.d,
  b: 13,
  imm: f.i * 4,
}));
row('ADD (SP plus immediate) T2', '10110000 0 iiiiiii', everywhere, 'ADD SP, SP, #<imm>', (f) => ({ op: 'ADD_SP', imm: f.i * 4 }));
row('SUB (SP minus immediate) T1', '10110000 1 iiiiiii', everywhere, 'SUB SP, SP, #<imm>', (f) => ({ op: 'ADD_SP', imm: -f.i * 4 }));

// ---- 32-bit encodings: modified immediate (A5.3.1), plain immediate (A5.3.3), shifted register (A5.3.11) ----------------------------

/** Rd = PC is UNPREDICTABLE where the encoding is not another instruction: UNDEFINED here. */
const notPc = (d: Decoded): Decoded | 'unpredictable' => (d.a === 15 ? 'unpredictable' : d);
const imm12 = (f: Fields): number => (f.i << 11) | (f.j << 8) | f.k;

/** Logic ops set C from a rotated constant, arithmetic does not. */
const immediateFlags = (f: Fields, logic: boolean): Variant =>
  f.s === 0 ? { S: false } : logic && imm12(f) >>> 10 !== 0 ? { S: true, carry: true } : { S: true };

function immediate(name: string, opcode: string, logic: boolean): void {
  row(
    `${name} (immediate) T2`,
    `11110 i 0 ${opcode} s nnnn 0 jjj dddd kkkkkkkk`,
    v7,
    `${name}{S}.W <a>, <b>, #<imm>`,
    (f) => notPc({ op: `${name}_imm`, v: immediateFlags(f, logic), a: f.d, b: f.n, imm: thumbExpandImm(imm12(f)) }),
    { expands: true },
  );
}
function immediateTest(name: string, opcode: string, logic: boolean): void {
  row(
    `${name} (immediate) T2`,
    `11110 i 0 ${opcode} 1 nnnn 0 jjj 1111 kkkkkkkk`,
    v7,
    `${name}.W <b>, #<imm>`,
    (f) => {
      const d = { b: f.n, imm: thumbExpandImm(imm12(f)) };
      return logic ? { op: `${name}_imm`, v: immediateFlags({ ...f, s: 1 }, true), ...d } : { op: `${name}_imm`, ...d };
    },
    { expands: true },
  );
}
function immediateMove(name: string, opcode: string): void {
  row(
    `${name} (immediate) T2`,
    `11110 i 0 ${opcode} s 1111 0 jjj dddd kkkkkkkk`,
    v7,
    `${name}{S}.W <a>, #<imm>`,
    (f) => notPc({ op: `${name}_imm`, v: immediateFlags(f, true), a: f.d, imm: thumbExpandImm(imm12(f)) }),
    { expands: true },
  );
}
immediateTest('TST', '0000', true);
immediate('AND', '0000', true);
immediate('BIC', '0001', true);
immediateMove('MOV', '0010');
immediate('ORR', '0010', true);
immediateMove('MVN', '0011');
immediate('ORN', '0011', true);
immediateTest('TEQ', '0100', true);
immediate('EOR', '0100', true);
immediateTest('CMN', '1000', false);
immediate('ADD', '1000', false);
immediate('ADC', '1010', false);
immediate('SBC', '1011', false);
immediateTest('CMP', '1101', false);
immediate('SUB', '1101', false);
immediate('RSB', '1110', false);

row('ADR T3', '11110 i 10 0000 1111 0 jjj dddd kkkkkkkk', v7, 'ADR.W, ADDW <a>, <imm>', (f) => notPc({ op: 'ADR', a: f.d, imm: imm12(f) }));
row('ADD (immediate) T4', '11110 i 10 0000 nnnn 0 jjj dddd kkkkkkkk', v7, 'ADDW <a>, <b>, #<imm>', (f) =>
  notPc({ op: 'ADD_imm', v: { S: false }, a: f.d, b: f.n, imm: imm12(f) }),
);
row('MOV (immediate) T3', '11110 i 10 0100 nnnn 0 jjj dddd kkkkkkkk', v7, 'MOVW <a>, #<imm>', (f) =>
  notPc({ op: 'MOV_imm', v: { S: false }, a: f.d, imm: (f.n << 12) | imm12(f) }),
);
row('ADR T2', '11110 i 10 1010 1111 0 jjj dddd kkkkkkkk', v7, 'ADR.W, SUBW <a>, PC, #<imm>', (f) =>
  notPc({ op: 'ADR', a: f.d, imm: -imm12(f) }),
);
row('SUB (immediate) T4', '11110 i 10 1010 nnnn 0 jjj dddd kkkkkkkk', v7, 'SUBW <a>, <b>, #<imm>', (f) =>
  notPc({ op: 'SUB_imm', v: { S: false }, a: f.d, b: f.n, imm: imm12(f) }),
);
row('MOVT T1', '11110 i 10 1100 nnnn 0 jjj dddd kkkkkkkk', v7, 'MOVT <a>, #<imm>', (f) =>
  notPc({ op: 'MOVT', a: f.d, imm: (f.n << 12) | imm12(f) }),
);

function shifted(name: string, opcode: string): void {
  row(`${name} (register) T2`, `1110101 ${opcode} s nnnn 0 iii dddd ii tt mmmm`, v7, `${name}{S}.W <a>, <b>, <c>{, <shift>}`, (f) => {
    const s = decodeShift(f.t, f.i);
    const d = { a: f.d, b: f.n, c: f.m };
    return notPc(
      s
        ? { op: `${name}_rsh`, v: { S: f.s === 1, shift: s.shift }, ...d, imm: s.amount }
        : { op: `${name}_reg`, v: { S: f.s === 1 }, ...d },
    );
  });
}
function shiftedTest(name: string, opcode: string): void {
  row(`${name} (register) T2`, `1110101 ${opcode} 1 nnnn 0 iii 1111 ii tt mmmm`, v7, `${name}.W <b>, <c>{, <shift>}`, (f) => {
    const s = decodeShift(f.t, f.i);
    const d = { b: f.n, c: f.m };
    return s ? { op: `${name}_rsh`, v: { shift: s.shift }, ...d, imm: s.amount } : { op: `${name}_reg`, ...d };
  });
}
shiftedTest('TST', '0000');
shifted('AND', '0000');
shifted('BIC', '0001');
const SHIFT_OPS = { lsl: 'LSL_imm', lsr: 'LSR_imm', asr: 'ASR_imm', ror: 'ROR_imm', rrx: 'RRX' } as const;
row(
  'MOV (register) T3',
  '1110101 0010 s 1111 0 iii dddd ii tt mmmm',
  v7,
  'MOV{S}.W, LSL{S}.W, LSR{S}.W, ASR{S}.W, ROR{S}.W, RRX{S} <a>, <b>{, <shift>}',
  (f) => {
    const s = decodeShift(f.t, f.i);
    const d = { v: { S: f.s === 1 }, a: f.d, b: f.m };
    return notPc(s ? { op: SHIFT_OPS[s.shift], ...d, imm: s.amount } : { op: 'MOV_reg', ...d });
  },
);
shifted('ORR', '0010');
row('MVN (register) T2', '1110101 0011 s 1111 0 iii dddd ii tt mmmm', v7, 'MVN{S}.W <a>, <b>{, <shift>}', (f) => {
  const s = decodeShift(f.t, f.i);
  const d = { a: f.d, b: f.m };
  return notPc(
    s ? { op: 'MVN_rsh', v: { S: f.s === 1, shift: s.shift }, ...d, imm: s.amount } : { op: 'MVN_reg', v: { S: f.s === 1 }, ...d },
  );
});
shifted('ORN', '0011');
shiftedTest('TEQ', '0100');
shifted('EOR', '0100');
shiftedTest('CMN', '1000');
shifted('ADD', '1000');
shifted('ADC', '1010');
shifted('SBC', '1011');
shiftedTest('CMP', '1101');
shifted('SUB', '1101');
shifted('RSB', '1110');
