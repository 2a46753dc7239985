/** System instructions: executed by TypeScript. Source: DDI 0403 B5.2, A7.7; DDI 0553 C2.4. */
import type { Builder, Expr } from '../builder.ts';
import { everywhere, op, row, systemOp, v8, variants } from '../rows.ts';
import { EXIT, S } from '../state.ts';

/** SYSm values beyond the xPSR views 0…7. */
export const SYSM = {
  MSP: 8,
  PSP: 9,
  MSPLIM: 10,
  PSPLIM: 11,
  PRIMASK: 16,
  BASEPRI: 17,
  BASEPRI_MAX: 18,
  FAULTMASK: 19,
  CONTROL: 20,
} as const;

// FAULTMASK and CONTROL decide what the MPU allows, stack limits what an access does: behind those translated code looks about anew.
const PRIMASK_ALONE = 2;
const INSIDE: ReadonlySet<number> = new Set([SYSM.MSP, SYSM.PSP, SYSM.PRIMASK, SYSM.BASEPRI, SYSM.BASEPRI_MAX]);

systemOp('SVC', { timing: 'system', is: ['exception'] });
/** Also inside an IT block whose condition fails. */
systemOp('BKPT', { timing: 'system', is: ['exception'], unconditional: true });
/** a = 1 disables, b = bit 1 PRIMASK, bit 0 FAULTMASK. */
systemOp('CPS', { timing: 'system', inside: (d) => d.b === PRIMASK_ALONE });
/** Special registers that are a word of the state: critical sections and kernels read them all the time. Unprivileged software reads 0 of most (DDI 0403 B5.2.2). */
const IPSR = 5;
const READ: Readonly<Record<number, (b: Builder) => Expr>> = {
  [IPSR]: (b) => b.state(S.IPSR),
  [SYSM.CONTROL]: (b) => b.state(S.CONTROL),
  [SYSM.PRIMASK]: (b) => ifPrivileged(b, b.state(S.PRIMASK)),
  [SYSM.BASEPRI]: (b) => ifPrivileged(b, b.state(S.BASEPRI)),
  [SYSM.MSP]: (b) => ifPrivileged(b, b.select(usesPsp(b), b.state(S.MSP), b.reg(13))),
  [SYSM.PSP]: (b) => ifPrivileged(b, b.select(usesPsp(b), b.reg(13), b.state(S.PSP))),
};
const usesPsp = (b: Builder): Expr => b.and(b.state(S.CONTROL), 2);
const ifPrivileged = (b: Builder, value: Expr): Expr => b.select(b.or(b.state(S.IPSR), b.eqz(b.and(b.state(S.CONTROL), 1))), value, 0);
/** MRS of one of these. */
op(
  'MRS_word',
  { timing: 'system', is: ['special-register'], dest: 'a', variants: variants({ sysm: Object.keys(READ).map(Number) }) },
  (b, o, v) => b.setReg(o.a, READ[v['sysm'] as number]!(b)),
);
/** imm = SYSm, b = mask (bit 1 NZCVQ, bit 0 GE). */
systemOp('MRS', { timing: 'system', is: ['special-register'], inside: () => true, dest: 'a' });
systemOp('MSR', { timing: 'system', is: ['special-register'], inside: (d) => INSIDE.has(d.imm ?? -1), src: 'a' });
/** a = Rd, b = Rn, v.A another security state's view, v.T unprivileged. */
systemOp('TT', { timing: 'system', dest: 'a', src: 'b' });
/** imm = coprocessor number. */
systemOp('COPROC', { timing: 'system' });
op('UDF', { timing: 'system', leaves: true }, (b) => b.leave(EXIT.UNDEFINED));

row('SVC T1', '11011111 iiiiiiii', everywhere, 'SVC #<imm>', (f) => ({ op: 'SVC', imm: f.i }));
row('UDF T1', '11011110 iiiiiiii', everywhere, 'UDF #<imm>', (f) => ({ op: 'UDF', imm: f.i }));
row('UDF T2', '11110 1111111 jjjj 1010 iiiiiiiiiiii', everywhere, 'UDF.W #<imm>', (f) => ({ op: 'UDF', imm: (f.j << 12) | f.i }));
row('BKPT T1', '10111110 iiiiiiii', everywhere, 'BKPT #<imm>', (f) => ({ op: 'BKPT', imm: f.i }));
// ARMv6-M has no FAULTMASK and prints its bit as (0) (DDI 0419 B4.2.1); Cortex-M0 takes it: Marlin of the Malyan M200 (F070) begins with CPSID f (reported)
row('CPS T1', '10110110 011 m 00 i f', everywhere, 'CPS{IE|ID} <b>', (f) =>
  f.f === 0 && f.i === 0 ? 'unpredictable' : { op: 'CPS', a: f.m, b: (f.i << 1) | f.f },
);
row('MRS T1', '11110 0 1111 1 0 1111 10 0 0 dddd ssssssss', everywhere, 'MRS <a>, <imm>', (f, p) =>
  f.d === 13 || f.d === 15
    ? 'unpredictable'
    : READ[f.s] !== undefined && (p.arch !== 'v6m' || f.s !== SYSM.BASEPRI)
      ? { op: 'MRS_word', v: { sysm: f.s }, a: f.d, imm: f.s }
      : { op: 'MRS', a: f.d, imm: f.s },
);
row('MSR T1', '11110 0 1110 0 0 nnnn 10 0 0 mm 00 ssssssss', everywhere, 'MSR <imm>, <a>', (f, p) =>
  // without the DSP extension there are no GE flags to write (DDI 0403 B5.2.3)
  f.n === 13 || f.n === 15 || ((f.m! & 1) !== 0 && p.arch === 'v7m' && !p.dsp)
    ? 'unpredictable'
    : { op: 'MSR', a: f.n, b: p.arch === 'v6m' ? 2 : f.m, imm: f.s },
);
row('TT, TTT, TTA, TTAT', '11101000 0100 nnnn 1111 dddd a t 000000', v8, 'TT{A}{T} <a>, <b>', (f) =>
  f.d === 13 || f.d === 15 || f.n === 15 ? 'unpredictable' : { op: 'TT', v: { A: f.a === 1, T: f.t === 1 }, a: f.d, b: f.n },
);
/** SG is a NOP outside Secure state. */
row('SG', '1110 1001 0111 1111 1110 1001 0111 1111', v8, 'SG', () => ({ op: 'NOP' }));
