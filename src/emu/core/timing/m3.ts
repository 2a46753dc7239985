/**
 * Cortex-M3: the Cortex-M4's pipeline with a slower multiplier. Source: DDI 0337 table 18-1 (documented): MLA and MLS 2, UMULL and SMULL 3 to 5, UMLAL and SMLAL 4 to 7
 * by their operands; here 5 and 7, as for operands above 64 K (assumed). Loads with a register offset do not chain (DDI 0337, documented).
 */
import type { Instruction } from '../decode.ts';
import { alone, pair, refill, startsOddRun } from './m4.ts';
import { addressOf, classOf, straightLine, writes, type TimingModel } from './model.ts';

const indexed = (ins: Instruction): boolean => classOf(ins) === 'load' && addressOf(ins) === 'register';

function multiplication(ins: Instruction): number {
  switch (classOf(ins)) {
    case 'mull':
      return 5;
    // a sum of 64 bits takes longer
    case 'mac':
      return writes(ins).length === 2 ? 7 : 2;
    default:
      return alone(ins).cost;
  }
}

export const m3: TimingModel = {
  reach: { before: 20, after: 0 },
  unaligned: (kind, address, size) => (kind === 'store' ? 0 : size === 4 && (address & 1) !== 0 ? 2 : 1),
  cycles(ins, pc, code) {
    const line = straightLine(ins, pc, code, 5);
    const next = line[1];
    let cost = multiplication(ins);
    if (next) {
      const chained = pair(ins, next);
      cost += chained < 0 && (indexed(ins) || indexed(next)) ? 0 : chained;
    }
    if (startsOddRun(ins, pc, line)) cost += 1;
    return { cost: Math.max(0, cost), taken: alone(ins).taken + refill(ins, pc, code) };
  },
};
