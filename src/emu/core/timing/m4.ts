/**
 * Cortex-M4. Sources: DDI 0439D 3.3, 3.5, 7.2.3 (documented); measurements by jnk0le/random on STM32F407 and by compendium.i-0.nl on STM32L4
 * (measured). Where they contradict each other docs/fidelity.md says which one stands here.
 */
import type { Instruction } from '../decode.ts';
import type { TimingClass } from '../rows.ts';
import {
  addressRegisters,
  addressOf,
  classOf,
  is,
  isNop,
  factors,
  fpRegisters,
  isFp,
  listLength,
  meet,
  movesTwo,
  straightLine,
  writes,
  type CodeView,
  type StaticCycles,
  type TimingModel,
} from './model.ts';

const DATA_PROCESSING: ReadonlySet<TimingClass> = new Set<TimingClass>(['alu', 'alu-shift', 'mul', 'mull', 'mac', 'dsp', 'div']);
const isMemory = (c: TimingClass): boolean => /load|store|exclusive/.test(c);

// eslint-disable-next-line complexity -- a table: cycles by class
export function alone(ins: Instruction): StaticCycles {
  const n = listLength(ins);
  switch (classOf(ins)) {
    case 'load':
      return { cost: 2, taken: 3 };
    // a register offset takes the read port that the data would need
    case 'store':
      return { cost: addressOf(ins) === 'register' ? 2 : 1, taken: 0 };
    case 'exclusive':
      return { cost: is(ins, 'clears-exclusive') ? 1 : 2, taken: 0 };
    case 'load-double':
    case 'store-double':
      return { cost: 3, taken: 0 };
    case 'load-multiple':
      return { cost: 1 + n, taken: 1 };
    case 'store-multiple':
      return { cost: 1 + n, taken: 0 };
    case 'table-branch':
      return { cost: 2, taken: 4 };
    // charged by its semantics: it depends on the operands
    case 'div':
      return { cost: 0, taken: 0 };
    case 'fp-mac':
      return { cost: 3, taken: 0 };
    case 'fp-move':
      return { cost: movesTwo(ins) ? 2 : 1, taken: 0 };
    // following integer instructions complete meanwhile
    case 'fp-div':
    case 'fp-sqrt':
      return { cost: 1, taken: 0 };
    case 'fp-load':
    case 'fp-store':
      return { cost: ins.def.double ? 3 : 2, taken: 0 };
    case 'fp-load-multiple':
    case 'fp-store-multiple':
      return { cost: 1 + n, taken: 0 };
    // a refill that everything before it has to be through for
    case 'barrier':
      return { cost: is(ins, 'flush') ? 2 : 1, taken: 0 };
    case 'system':
      return { cost: is(ins, 'exception') ? 0 : 1, taken: 0 };
    default:
      return { cost: 1, taken: 1 };
  }
}

/** What `second` directly behind `first` changes. */
// eslint-disable-next-line complexity -- each line is one rule of DDI 0439D or of measurements
export function pair(first: Instruction, second: Instruction): number {
  const a = classOf(first);
  const b = classOf(second);
  const addressWritten = meet(addressRegisters(second), writes(first));
  let delta = 0;
  // 3.3.2: a load or store behind a load saves a cycle, unless the first makes the second's address
  if (a === 'load' && (b === 'load' || b === 'store') && !addressWritten) delta -= 1;
  // measured: a load, and a store with register offset, hide a NOP behind them
  if (isNop(second) && (a === 'load' || (a === 'store' && addressOf(first) === 'register'))) delta -= 1;
  // measured: the data phase of a store cannot overlap a load
  if (a === 'store' && addressOf(first) !== 'register' && /load/.test(b)) delta += 1;
  // measured: indexed stores chain only if they alternate their bases
  if (a === 'store' && b === 'store' && addressWritten) delta += 1;
  // an address comes a cycle before other operands and is not forwarded
  if (DATA_PROCESSING.has(a) && isMemory(b) && addressWritten) delta += 1;
  // 3.3.1: IT folds onto a preceding 16-bit instruction
  if (b === 'it' && first.size === 2) delta -= 1;
  // 7.2.3: the next FP instruction consumes an arithmetic result, other than as addend
  if (a === 'fp-alu' || a === 'fp-mac' || a === 'fp-convert') {
    const result = fpRegisters(first, 'fpDest');
    if (b === 'fp-mac' ? meet(factors(second), result) : isFp(b) && meet(fpRegisters(second, 'fpSrc'), result)) delta += 1;
  }
  return delta;
}

/** Measured: a run of three or more 32-bit instructions on odd half-words costs one more, of stores alone four or more. It begins behind a 16-bit one. */
export function startsOddRun(ins: Instruction, pc: number, line: readonly Instruction[]): boolean {
  if (ins.size !== 2 || (pc & 2) !== 0) return false;
  let length = 1;
  while (length < line.length && line[length]!.size === 4) length++;
  const run = line.slice(1, Math.min(length, 5));
  return run.length >= (run.every((x) => classOf(x) === 'store') ? 4 : 3);
}

const isDirect = (ins: Instruction): boolean => {
  const c = classOf(ins);
  return c === 'branch' || c === 'branch-cond' || c === 'compare-branch' || (c === 'call' && !is(ins, 'interworks'));
};
/** Measured: a branch to a 32-bit instruction on an odd half-word refills one cycle longer. */
export function refill(ins: Instruction, pc: number, code: CodeView): number {
  if (!isDirect(ins)) return 0;
  const target = (pc + 4 + (ins.decoded.imm ?? 0)) >>> 0;
  return (target & 2) !== 0 && code.at(target)?.size === 4 ? 1 : 0;
}

const DIVISION = 14;
export const m4: TimingModel = {
  reach: { before: 72, after: 0 },
  // split into naturally aligned pieces; the write buffer hides those of a store
  unaligned: (kind, address, size) => (kind === 'store' ? 0 : size === 4 && (address & 1) !== 0 ? 2 : 1),
  cycles(ins, pc, code) {
    const own = alone(ins);
    const c = classOf(ins);
    const line = straightLine(ins, pc, code, 5);
    let { cost } = own;
    const next = line[1];
    if (next) cost += pair(ins, next);
    if (startsOddRun(ins, pc, line)) cost += 1;
    if (c === 'fp-div' || c === 'fp-sqrt') cost += waitOfNextFp(ins, pc, code);
    return { cost: Math.max(0, cost), taken: own.taken + refill(ins, pc, code) };
  },
};
/** Cycles for which the next FP instruction has to wait behind a division or root. */
function waitOfNextFp(ins: Instruction, pc: number, code: CodeView): number {
  let left = DIVISION - 1;
  let at = pc + ins.size;
  for (const x of straightLine(ins, pc, code, DIVISION + 1).slice(1)) {
    const c = classOf(x);
    if (isFp(c)) return Math.max(0, left);
    left -= m4.cycles(x, at, code).cost;
    if (left <= 0) return 0;
    at += x.size;
  }
  return 0;
}
