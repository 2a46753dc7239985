/**
 * Cortex-M0+, two stages: what leaves the straight line costs a cycle less than on the Cortex-M0. Source: DDI 0484C table 3-1 (loads, stores, data processing
 * documented; BL, POP with PC, MRS, MSR and barriers reported). MULS in one cycle: CMSIS headers and RM0444 name no other (assumed). An access over the
 * single-cycle I/O port takes 2 here instead of 1.
 */
import { classOf, is, type TimingModel } from './model.ts';
import { m0 } from './m0.ts';

export const m0plus: TimingModel = {
  ...m0,
  cycles(ins, pc, code) {
    const { cost, taken } = m0.cycles(ins, pc, code);
    if (classOf(ins) === 'barrier' || is(ins, 'special-register')) return { cost: cost - 1, taken };
    return { cost, taken: Math.max(0, taken - 1) };
  },
};
