/** Cortex-M0. Source: DDI 0432C table 3-1 (documented). MULS in one cycle: no statement of ST for STM32F0 was found (assumed). */
import { classOf, is, listLength, type TimingModel } from './model.ts';

export const m0: TimingModel = {
  reach: { before: 0, after: 0 },
  unaligned: () => 0,
  cycles(ins) {
    const n = listLength(ins);
    switch (classOf(ins)) {
      case 'load':
      case 'store':
        return { cost: 2, taken: 3 };
      case 'load-multiple':
        return { cost: 1 + n, taken: 3 };
      case 'store-multiple':
        return { cost: 1 + n, taken: 0 };
      case 'call':
        return { cost: 1, taken: ins.size === 4 ? 3 : 2 };
      case 'barrier':
        return { cost: 4, taken: 0 };
      case 'system': {
        if (is(ins, 'special-register')) return { cost: 4, taken: 0 };
        if (is(ins, 'wait')) return { cost: 2, taken: 0 };
        // the table has no number for SVC and BKPT: exception entry is all they cost
        return { cost: is(ins, 'exception') ? 0 : 1, taken: 0 };
      }
      default:
        return { cost: 1, taken: 2 };
    }
  },
};
