/** Hints, barriers, sleep. Source: DDI 0403 A5.2.5, A5.3.4, A7.7. */
import { everywhere, op, row, systemOp, v7 } from '../rows.ts';

/** NOP, YIELD, DBG, CSDB, preloads and unallocated hints: nothing that this machine could show. */
op('NOP', { timing: 'nop', hot: true }, () => {});
systemOp('WFE', { timing: 'system', is: ['wait'] });
systemOp('WFI', { timing: 'system', is: ['wait'] });
systemOp('SEV', { timing: 'nop' });
// memory is sequentially consistent here, and everything that changes code or rights takes effect at once
for (const name of ['DSB', 'DMB']) op(name, { timing: 'barrier', hot: true }, () => {});
op('ISB', { timing: 'barrier', is: ['flush'], hot: true }, () => {});

const hint = (o: number): string => (o === 2 ? 'WFE' : o === 3 ? 'WFI' : o === 4 ? 'SEV' : 'NOP');
row('Hints T1', '10111111 oooo 0000', everywhere, 'NOP, YIELD, WFE, WFI, SEV', (f) => ({ op: hint(f.o) }));
row('Hints T2', '11110 0 111010 1111 10 0 0 0 000 oooooooo', v7, 'NOP.W, YIELD.W, WFE.W, WFI.W, SEV.W, DBG', (f) => ({ op: hint(f.o) }));
for (const [name, bits] of [
  ['DSB', '0100'],
  ['DMB', '0101'],
  ['ISB', '0110'],
] as const)
  row(`${name} T1`, `11110 0 111011 1111 10 0 0 1111 ${bits} iiii`, everywhere, `${name} #<imm>`, (f) => ({ op: name, imm: f.i }));
