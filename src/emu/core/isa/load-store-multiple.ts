/** LDM, STM, PUSH, POP. Source: DDI 0403 A5.2.1, A5.3.5, A7.7. All accesses come before any register is written. */
import type { Builder, Expr, Operands, Val, Variable } from '../builder.ts';
import { everywhere, op, row, v7, variants, type Decoded } from '../rows.ts';
import { checkStackLimit } from './operands.ts';

/** R0…R12 and LR; bit 13 does not exist in a list and bit 15 is the PC. */
const REGISTERS = 0x5fff;

/** Start address of the block and the base after it. */
function block(b: Builder, o: Operands, down: boolean, bytes: Expr): { readonly start: Expr; readonly end: Expr } {
  const base = b.reg(o.a);
  if (!down) return { start: base, end: b.let(b.add(base, bytes)) };
  const lower = b.let(b.sub(base, bytes));
  return { start: lower, end: lower };
}
const bytesOf = (b: Builder, list: Val): Expr => b.let(b.shl(b.popcount(list), 2));

/** Loads the listed registers and gives back a function that writes them. */
function loadAll(b: Builder, list: Val, start: Expr): () => void {
  const loaded: Variable[] = [];
  b.forEachBit(b.and(list, REGISTERS), 15, (bit, before) => {
    const slot = b.variable('i32');
    loaded[bit] = slot;
    slot.set(b.load(b.add(start, b.shl(before, 2)), 4, { aligned: true }));
  });
  return () => b.forEachBit(b.and(list, REGISTERS), 15, (bit) => b.setReg(bit, loaded[bit]!.get));
}
const FORMS = variants({ down: [false, true], wback: [false, true] });

op('LDM', { timing: 'load-multiple', list: 'loads', dest: 'a', src: 'a', variants: FORMS }, (b, o, v) => {
  const bytes = bytesOf(b, o.imm);
  const { start, end } = block(b, o, !!v.down, bytes);
  let writeAll = (): void => {};
  b.span('read', start, bytes, () => (writeAll = loadAll(b, o.imm, start)));
  if (v.wback) b.setReg(o.a, end);
  writeAll();
});
op(
  'LDM_pc',
  {
    timing: 'load-multiple',
    list: 'loads',
    leaves: true,
    is: ['writes-pc', 'interworks'],
    returns: () => true,
    dest: 'a',
    src: 'a',
    variants: FORMS,
  },
  (b, o, v) => {
    const bytes = bytesOf(b, o.imm);
    const { start, end } = block(b, o, !!v.down, bytes);
    let writeAll = (): void => {};
    let target: Expr = bytes;
    b.span('read', start, bytes, () => {
      writeAll = loadAll(b, o.imm, start);
      target = b.load(b.sub(b.add(start, bytes), 4), 4, { aligned: true });
    });
    if (v.wback) b.setReg(o.a, end);
    writeAll();
    b.bx(target);
  },
);
op('STM', { timing: 'store-multiple', list: 'stores', dest: 'a', src: 'a', variants: FORMS }, (b, o, v) => {
  const bytes = bytesOf(b, o.imm);
  const { start, end } = block(b, o, !!v.down, bytes);
  if (v.wback) checkStackLimit(b, o.a, end);
  b.span('write', start, bytes, () =>
    b.forEachBit(b.and(o.imm, REGISTERS), 15, (bit, before) => b.store(b.add(start, b.shl(before, 2)), 4, b.reg(bit), { aligned: true })),
  );
  if (v.wback) b.setReg(o.a, end);
});

const loads = (d: Omit<Decoded, 'op'> & { imm: number }): Decoded => ({ op: d.imm & 0x8000 ? 'LDM_pc' : 'LDM', ...d });
const count = (list: number): number => {
  let n = 0;
  for (let rest = list; rest; rest &= rest - 1) n++;
  return n;
};

row('STM T1', '11000 nnn iiiiiiii', everywhere, 'STM <a>!, <list>', (f) =>
  f.i === 0 ? 'unpredictable' : { op: 'STM', v: { down: false, wback: true }, a: f.n, imm: f.i },
);
row('LDM T1', '11001 nnn iiiiiiii', everywhere, 'LDM <a>{!}, <list>', (f) =>
  f.i === 0 ? 'unpredictable' : loads({ v: { down: false, wback: ((f.i >>> f.n) & 1) === 0 }, a: f.n, imm: f.i }),
);
row('PUSH T1', '1011010 m iiiiiiii', everywhere, 'PUSH <list>', (f) => {
  const list = f.i | (f.m << 14);
  return list === 0 ? 'unpredictable' : { op: 'STM', v: { down: true, wback: true }, a: 13, imm: list };
});
row('POP T1', '1011110 p iiiiiiii', everywhere, 'POP <list>', (f) => {
  const list = f.i | (f.p << 15);
  return list === 0 ? 'unpredictable' : loads({ v: { down: false, wback: true }, a: 13, imm: list });
});
/** Fewer than two registers, PC as base, PC and LR together, and a base in the list with writeback are UNPREDICTABLE. */
for (const [suffix, bits, down, store, load] of [
  ['IA', '01', false, 'STM{IA}.W', 'LDM{IA}.W, POP.W'],
  ['DB', '10', true, 'STMDB, PUSH.W', 'LDMDB'],
] as const) {
  row(`STM${suffix} T2`, `1110100 ${bits} 0 w 0 nnnn iiiiiiiiiiiiiiii`, v7, `${store} <a>{!}, <list>`, (f) =>
    f.n === 15 || count(f.i) < 2 || f.i & 0xa000 || (f.w && (f.i >>> f.n) & 1)
      ? 'unpredictable'
      : { op: 'STM', v: { down, wback: f.w === 1 }, a: f.n, imm: f.i },
  );
  row(`LDM${suffix} T2`, `1110100 ${bits} 0 w 1 nnnn iiiiiiiiiiiiiiii`, v7, `${load} <a>{!}, <list>`, (f) =>
    f.n === 15 || count(f.i) < 2 || f.i & 0x2000 || (f.w && (f.i >>> f.n) & 1)
      ? 'unpredictable'
      : loads({ v: { down, wback: f.w === 1 }, a: f.n, imm: f.i }),
  );
}
