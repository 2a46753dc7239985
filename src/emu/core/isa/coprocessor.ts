/**
 * Coprocessor space: MCR, MRC, CDP, LDC, STC, MCRR, MRRC, and the floating-point space of a core without FPU. No core here has a
 * coprocessor, so all of it takes UsageFault.NOCP. The rows come last: floating-point rows of the same space are tried first.
 * Source: DDI 0403 A5.3.18, DDI 0553 C2.3 (op0 = 0b11 is unallocated).
 */
import { row, v7 } from '../rows.ts';

row('Coprocessor', '111 x 11 oooooo xxxx xxxx cccc xxxx xxxx', v7, '<coprocessor> <imm>', (f) =>
  f.o >>> 4 === 3 ? 'undefined' : { op: 'COPROC', imm: f.c },
);
