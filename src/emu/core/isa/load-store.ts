/** Loads and stores of one register, double words, memory hints. Source: DDI 0403 A5.2.4, A5.3.6…A5.3.10, A7.7; DDI 0553 C2.4. */
import type { Builder, Expr, LoadOptions, Operands, Val } from '../builder.ts';
import { everywhere, op, row, v7, variants, type Address, type Decoded, type Refusal, type Trait } from '../rows.ts';
import { checkStackLimit, SP } from './operands.ts';

/** ARMv6-M faults on every unaligned access; the others as CCR.UNALIGN_TRP says, which the slow path looks at. */
const aligned = (b: Builder): boolean => b.profile.arch === 'v6m';

interface Access {
  readonly size: 1 | 2 | 4;
  readonly signed?: boolean;
}
const LOADS: Readonly<Record<string, Access>> = {
  LDR: { size: 4 },
  LDRB: { size: 1 },
  LDRH: { size: 2 },
  LDRSB: { size: 1, signed: true },
  LDRSH: { size: 2, signed: true },
};
const STORES: Readonly<Record<string, Access>> = { STR: { size: 4 }, STRB: { size: 1 }, STRH: { size: 2 } };

/** Register offset: Rm shifted left by imm (0…3). */
const registerOffset = (b: Builder, o: Operands): Expr => b.add(b.reg(o.b), b.shl(b.reg(o.c), o.imm));
/** Align(PC, 4) + imm. */
const literal = (b: Builder, o: Operands): Expr => b.add(b.and(b.add(b.pc(), 4), ~3), o.imm);
const WRITEBACK = variants({ mode: ['pre', 'post'] });

for (const [name, access] of Object.entries(LOADS)) {
  const load = (b: Builder, address: Val, more?: LoadOptions): Expr =>
    b.load(address, access.size, { signed: access.signed ?? false, aligned: aligned(b), ...more });
  const is: Trait[] = access.size < 4 ? ['narrow'] : [];
  op(`${name}_imm`, { timing: 'load', is, address: 'offset', dest: 'a', src: 'b', hot: true }, (b, o) =>
    b.setReg(o.a, load(b, b.add(b.reg(o.b), o.imm))),
  );
  op(`${name}_reg`, { timing: 'load', is, address: 'register', dest: 'a', src: 'bc', hot: true }, (b, o) =>
    b.setReg(o.a, load(b, registerOffset(b, o))),
  );
  op(`${name}_lit`, { timing: 'load', is, address: 'literal', dest: 'a', hot: name === 'LDR' }, (b, o) =>
    b.setReg(o.a, load(b, literal(b, o))),
  );
  op(`${name}T`, { timing: 'load', is, dest: 'a', src: 'b' }, (b, o) =>
    b.setReg(o.a, load(b, b.add(b.reg(o.b), o.imm), { unprivileged: true })),
  );
  op(
    `${name}_wb`,
    { timing: 'load', is, address: 'indexed', dest: 'ab', src: 'b', hot: name === 'LDR' || name === 'LDRB', variants: WRITEBACK },
    (b, o, v) => {
      const base = b.reg(o.b);
      const moved = b.let(b.add(base, o.imm));
      const data = load(b, v.mode === 'pre' ? moved : base);
      b.setReg(o.b, moved);
      b.setReg(o.a, data);
    },
  );
}
for (const [name, { size }] of Object.entries(STORES)) {
  const store = (b: Builder, address: Val, value: Val, more?: LoadOptions): void =>
    b.store(address, size, value, { aligned: aligned(b), ...more });
  op(`${name}_imm`, { timing: 'store', address: 'offset', src: 'ab', hot: true }, (b, o) => store(b, b.add(b.reg(o.b), o.imm), b.reg(o.a)));
  op(`${name}_reg`, { timing: 'store', address: 'register', src: 'abc', hot: true }, (b, o) => store(b, registerOffset(b, o), b.reg(o.a)));
  op(`${name}T`, { timing: 'store', src: 'ab' }, (b, o) => store(b, b.add(b.reg(o.b), o.imm), b.reg(o.a), { unprivileged: true }));
  op(`${name}_wb`, { timing: 'store', address: 'indexed', dest: 'b', src: 'ab', hot: name !== 'STRH', variants: WRITEBACK }, (b, o, v) => {
    const base = b.reg(o.b);
    const moved = b.let(b.add(base, o.imm));
    checkStackLimit(b, o.b, moved);
    store(b, v.mode === 'pre' ? moved : base, b.reg(o.a));
    b.setReg(o.b, moved);
  });
}
const PC_ADDRESS: Readonly<Record<string, Address>> = { reg: 'register' };
/** Loads of the PC: LoadWritePC, which may be an exception return. */
op(
  'LDR_pc',
  {
    timing: 'load',
    leaves: true,
    is: ['writes-pc', 'interworks'],
    returns: (d) => d.b === SP,
    address: (v) => PC_ADDRESS[v.mode as string],
    dest: 'b',
    src: 'bc',
    variants: variants({ mode: ['imm', 'reg', 'lit', 'pre', 'post'] }),
  },
  (b, o, v) => {
    switch (v.mode) {
      case 'imm':
        return b.bx(b.load(b.add(b.reg(o.b), o.imm), 4));
      case 'reg':
        return b.bx(b.load(registerOffset(b, o), 4));
      case 'lit':
        return b.bx(b.load(literal(b, o), 4));
      default: {
        const base = b.reg(o.b);
        const moved = b.let(b.add(base, o.imm));
        const target = b.load(v.mode === 'pre' ? moved : base, 4);
        b.setReg(o.b, moved);
        return b.bx(target);
      }
    }
  },
);

const DOUBLE = variants({ mode: ['imm', 'pre', 'post'] });
op('LDRD', { timing: 'load-double', dest: 'abc', src: 'b', variants: [...DOUBLE, { mode: 'lit' }] }, (b, o, v) => {
  const base = v.mode === 'lit' ? b.let(b.and(b.add(b.pc(), 4), ~3)) : b.reg(o.b);
  const moved = b.let(b.add(base, o.imm));
  const address = v.mode === 'post' ? base : moved;
  let first: Expr = address;
  let second: Expr = address;
  b.span('read', address, 8, () => {
    first = b.load(address, 4, { aligned: true });
    second = b.load(b.add(address, 4), 4, { aligned: true });
  });
  if (v.mode === 'pre' || v.mode === 'post') b.setReg(o.b, moved);
  b.setReg(o.a, first);
  b.setReg(o.c, second);
});
op('STRD', { timing: 'store-double', dest: 'b', src: 'abc', variants: DOUBLE }, (b, o, v) => {
  const base = b.reg(o.b);
  const moved = b.let(b.add(base, o.imm));
  const address = v.mode === 'post' ? base : moved;
  if (v.mode !== 'imm') checkStackLimit(b, o.b, moved);
  const first = b.reg(o.a);
  const second = b.reg(o.c);
  b.span('write', address, 8, () => {
    b.store(address, 4, first, { aligned: true });
    b.store(b.add(address, 4), 4, second, { aligned: true });
  });
  if (v.mode !== 'imm') b.setReg(o.b, moved);
});

// ---- 16 bits -----------------------------------------------------------------------------------------------------------------------

row('LDR (literal) T1', '01001 ttt iiiiiiii', everywhere, 'LDR <a>, <imm>', (f) => ({ op: 'LDR_lit', a: f.t, imm: f.i * 4 }));
for (const [name, bits] of [
  ['STR', '000'],
  ['STRH', '001'],
  ['STRB', '010'],
  ['LDRSB', '011'],
  ['LDR', '100'],
  ['LDRH', '101'],
  ['LDRB', '110'],
  ['LDRSH', '111'],
] as const)
  row(`${name} (register) T1`, `0101 ${bits} mmm nnn ttt`, everywhere, `${name} <a>, [<b>, <c>]`, (f) => ({
    op: `${name}_reg`,
    a: f.t,
    b: f.n,
    c: f.m,
    imm: 0,
  }));
for (const [name, bits, scale] of [
  ['STR', '01100', 4],
  ['LDR', '01101', 4],
  ['STRB', '01110', 1],
  ['LDRB', '01111', 1],
  ['STRH', '10000', 2],
  ['LDRH', '10001', 2],
] as const)
  row(`${name} (immediate) T1`, `${bits} iiiii nnn ttt`, everywhere, `${name} <a>, [<b>, #<imm>]`, (f) => ({
    op: `${name}_imm`,
    a: f.t,
    b: f.n,
    imm: f.i * scale,
  }));
row('STR (immediate) T2', '10010 ttt iiiiiiii', everywhere, 'STR <a>, [SP, #<imm>]', (f) => ({
  op: 'STR_imm',
  a: f.t,
  b: 13,
  imm: f.i * 4,
}));
row('LDR (immediate) T2', '10011 ttt iiiiiiii', everywhere, 'LDR <a>, [SP, #<imm>]', (f) => ({
  op: 'LDR_imm',
  a: f.t,
  b: 13,
  imm: f.i * 4,
}));

// ---- 32 bits -----------------------------------------------------------------------------------------------------------------------

/** Loads into the PC: LDR branches, the narrow ones are memory hints (PLD, PLI, unallocated) that do nothing. */
function loaded(name: string, mode: 'imm' | 'reg' | 'lit' | 'pre' | 'post', d: Omit<Decoded, 'op'>): Decoded | Refusal {
  if (d.a === 15) {
    if (name === 'LDR') return { op: 'LDR_pc', v: { mode }, b: d.b ?? 0, c: d.c ?? 0, imm: d.imm ?? 0 };
    return mode === 'pre' || mode === 'post' ? 'unpredictable' : { op: 'NOP' };
  }
  return mode === 'pre' || mode === 'post' ? { op: `${name}_wb`, v: { mode }, ...d } : { op: `${name}_${mode}`, ...d };
}
for (const [name, sign, size, asm] of [
  ['LDRB', '0', '00', 'LDRB.W, PLD'],
  ['LDRH', '0', '01', 'LDRH.W'],
  ['LDR', '0', '10', 'LDR.W'],
  ['LDRSB', '1', '00', 'LDRSB.W, PLI'],
  ['LDRSH', '1', '01', 'LDRSH.W'],
] as const) {
  row(`${name} (literal) T2`, `1111100 ${sign} u ${size} 1 1111 tttt iiiiiiiiiiii`, v7, `${asm} <a>, <imm>`, (f) =>
    loaded(name, 'lit', { a: f.t, imm: f.u ? f.i : -f.i }),
  );
  row(`${name} (immediate) T3`, `1111100 ${sign} 1 ${size} 1 nnnn tttt iiiiiiiiiiii`, v7, `${asm} <a>, [<b>, #<imm>]`, (f) =>
    loaded(name, 'imm', { a: f.t, b: f.n, imm: f.i }),
  );
  row(`${name} (register) T2`, `1111100 ${sign} 0 ${size} 1 nnnn tttt 000000 ii mmmm`, v7, `${asm} <a>, [<b>, <c>, LSL #<imm>]`, (f) =>
    loaded(name, 'reg', { a: f.t, b: f.n, c: f.m, imm: f.i }),
  );
  row(`${name}T`, `1111100 ${sign} 0 ${size} 1 nnnn tttt 1110 iiiiiiii`, v7, `${name}T <a>, [<b>, #<imm>]`, (f) =>
    f.t === 15 ? 'unpredictable' : { op: `${name}T`, a: f.t, b: f.n, imm: f.i },
  );
  row(`${name} (immediate) T4`, `1111100 ${sign} 0 ${size} 1 nnnn tttt 1 p u w iiiiiiii`, v7, `${asm} <a>, [<b>], #<imm>`, (f) => {
    if (f.p === 0 && f.w === 0) return 'undefined';
    const mode = f.w === 0 ? 'imm' : f.p ? 'pre' : 'post';
    return loaded(name, mode, { a: f.t, b: f.n, imm: f.u ? f.i : -f.i });
  });
}
for (const [name, size] of [
  ['STRB', '00'],
  ['STRH', '01'],
  ['STR', '10'],
] as const) {
  const refusal = (f: { t: number; n: number }): Refusal | null => (f.n === 15 ? 'undefined' : f.t === 15 ? 'unpredictable' : null);
  row(
    `${name} (immediate) T3`,
    `11111000 1 ${size} 0 nnnn tttt iiiiiiiiiiii`,
    v7,
    `${name}.W <a>, [<b>, #<imm>]`,
    (f) => refusal(f) ?? { op: `${name}_imm`, a: f.t, b: f.n, imm: f.i },
  );
  row(
    `${name} (register) T2`,
    `11111000 0 ${size} 0 nnnn tttt 000000 ii mmmm`,
    v7,
    `${name}.W <a>, [<b>, <c>, LSL #<imm>]`,
    (f) => refusal(f) ?? { op: `${name}_reg`, a: f.t, b: f.n, c: f.m, imm: f.i },
  );
  row(
    `${name}T`,
    `11111000 0 ${size} 0 nnnn tttt 1110 iiiiiiii`,
    v7,
    `${name}T <a>, [<b>, #<imm>]`,
    (f) => refusal(f) ?? { op: `${name}T`, a: f.t, b: f.n, imm: f.i },
  );
  row(`${name} (immediate) T4`, `11111000 0 ${size} 0 nnnn tttt 1 p u w iiiiiiii`, v7, `${name} <a>, [<b>], #<imm>`, (f) => {
    if (f.p === 0 && f.w === 0) return 'undefined';
    const refused = refusal(f);
    if (refused) return refused;
    const d = { a: f.t, b: f.n, imm: f.u ? f.i : -f.i };
    return f.w === 0 ? { op: `${name}_imm`, ...d } : { op: `${name}_wb`, v: { mode: f.p ? 'pre' : 'post' }, ...d };
  });
}

/** P = W = 0 is the exclusive and table-branch space. */
const doubleMode = (f: { p: number; w: number }): 'imm' | 'pre' | 'post' | null =>
  f.w === 0 ? (f.p ? 'imm' : null) : f.p ? 'pre' : 'post';
/** SP and PC as data, and writeback to a transferred register, are UNPREDICTABLE. */
const refusedPair = (f: { t: number; s: number; n: number }, mode: string): boolean =>
  [f.t, f.s].some((t) => t === 13 || t === 15 || (mode !== 'imm' && t === f.n));
row('LDRD', '1110100 p u 1 w 1 nnnn tttt ssss iiiiiiii', v7, 'LDRD <a>, <c>, [<b>, #<imm>]', (f) => {
  const mode = doubleMode(f);
  if (!mode) return null;
  if (refusedPair(f, mode) || f.t === f.s) return 'unpredictable';
  const d = { a: f.t, b: f.n, c: f.s, imm: (f.u ? f.i : -f.i) * 4 };
  if (f.n !== 15) return { op: 'LDRD', v: { mode }, ...d };
  return mode === 'imm' ? { op: 'LDRD', v: { mode: 'lit' }, ...d } : 'unpredictable';
});
row('STRD', '1110100 p u 1 w 0 nnnn tttt ssss iiiiiiii', v7, 'STRD <a>, <c>, [<b>, #<imm>]', (f) => {
  const mode = doubleMode(f);
  if (!mode) return null;
  if (refusedPair(f, mode) || f.n === 15) return 'unpredictable';
  return { op: 'STRD', v: { mode }, a: f.t, b: f.n, c: f.s, imm: (f.u ? f.i : -f.i) * 4 };
});
