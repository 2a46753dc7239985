/**
 * What is left of the space of coprocessors 10 and 11 on a core with an FPU: UsageFault.NOCP while the FPU is off (the frame tests that first),
 * else UNDEFINED. VLSTM and VLLDM are among it: without the Security Extension they are UNDEFINED. Source: DDI 0403 A6.2; DDI 0553 C2.4.
 */
import { fpu, op, row } from '../rows.ts';
import { EXIT } from '../state.ts';

op('FP_undefined', { timing: 'fp-alu', fp: true }, (b) => b.leave(EXIT.UNDEFINED));
row('FP space', '111 x 11 oooooo xxxx xxxx 101 x xxxx xxxx', fpu, 'UNDEFINED', (f) =>
  f.o >>> 1 === 0 || f.o >>> 4 === 3 ? 'undefined' : { op: 'FP_undefined' },
);
