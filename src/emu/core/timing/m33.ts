/**
 * Cortex-M33. Arm publishes no table. Rules measured by jnk0le/random on RP2350 (r1p0); where nothing was measured the value of the Cortex-M4
 * stands (assumed). A line of instructions is run through a model of the pipeline: one instruction a cycle, two if the younger is a 16-bit NOP,
 * branch or IT behind a 16-bit instruction.
 */
import type { Instruction } from '../decode.ts';
import {
  addressRegisters,
  classOf,
  is,
  isNop,
  movesTwo,
  costInLine,
  factors,
  fpRegisters,
  isFp,
  knownTimes,
  listLength,
  once,
  previous,
  reads,
  readsFlags,
  rotatedConstant,
  setsFlags,
  shiftsOperand,
  straightLine,
  writes,
  type CodeView,
  type TimingModel,
} from './model.ts';

/** Latencies die out within this many instructions. */
const WINDOW = 8;

const isYounger = (ins: Instruction): boolean => {
  const c = classOf(ins);
  return (
    ins.size === 2 && (isNop(ins) || c === 'it' || c === 'branch' || c === 'branch-cond' || (c === 'branch-reg' && is(ins, 'interworks')))
  );
};
const pairs = (older: Instruction, younger: Instruction): boolean => {
  if (older.size !== 2 || !isYounger(younger)) return false;
  const c = classOf(older);
  // a NOP behind a NOP: the measurements name arithmetic and load/store as older
  if (isNop(younger) && (c === 'nop' || c === 'it')) return false;
  return !/branch|call|system|barrier/.test(c) && !is(older, 'writes-pc');
};
const accumulates = (ins: Instruction): boolean => is(ins, 'extend-and-add');
const chains = (ins: Instruction): boolean =>
  ['mac', 'mul', 'mull'].includes(classOf(ins)) || accumulates(ins) || shiftsOperand(ins) || rotatedConstant(ins);

// eslint-disable-next-line complexity -- a table: cycles by class
function issue(ins: Instruction): number {
  const n = listLength(ins);
  switch (classOf(ins)) {
    case 'load-double':
    case 'store-double':
      return 2;
    case 'load-multiple':
    case 'store-multiple':
    case 'fp-load-multiple':
    case 'fp-store-multiple':
      return Math.max(1, n);
    case 'table-branch':
      return 2;
    case 'mul':
      return ins.size === 2 ? 2 : 1;
    case 'div':
      return 0;
    case 'fp-div':
    case 'fp-sqrt':
      return 14;
    case 'fp-move':
      return movesTwo(ins) && ins.def.dest !== '' ? 2 : 1;
    case 'fp-load':
    case 'fp-store':
      return ins.def.double ? 2 : 1;
    case 'exclusive':
      return is(ins, 'clears-exclusive') ? 1 : 2;
    case 'barrier':
      return is(ins, 'flush') ? 2 : 1;
    case 'system':
      return is(ins, 'exception') ? 0 : 1;
    case 'alu':
      return rotatedConstant(ins) && setsFlags(ins) && !is(ins, 'move') ? 2 : 1;
    default:
      return 1;
  }
}
/** Cycles after issue at which an ordinary consumer can issue. */
function latency(ins: Instruction): number {
  switch (classOf(ins)) {
    case 'load':
    case 'mul':
    case 'mull':
    case 'mac':
    case 'dsp':
    case 'alu-shift':
    case 'load-double':
    case 'load-multiple':
      return 2;
    case 'alu':
      return rotatedConstant(ins) ? 2 : 1;
    case 'fp-move':
      return !movesTwo(ins) && ins.def.dest !== '' && ins.def.fpSrc !== '' ? 2 : 1;
    default:
      return 1;
  }
}
function fpLatency(ins: Instruction): number {
  switch (classOf(ins)) {
    case 'fp-alu':
    case 'fp-convert':
      return 2;
    case 'fp-mac':
      return 4;
    case 'fp-move':
      return movesTwo(ins) && ins.def.fpDest !== '' ? 2 : 1;
    default:
      return 1;
  }
}
/** The accumulator operand of a multiply-accumulate or extend-and-add. */
function accumulators(ins: Instruction): number[] {
  if (accumulates(ins)) return [ins.decoded.c ?? -1];
  if (classOf(ins) !== 'mac') return [];
  const { a, d } = ins.decoded;
  return writes(ins).length === 2 ? [a ?? -1, d ?? -1] : [d ?? -1];
}

/** What the pipeline asks of an instruction, worked out once. */
const traits = once((ins) => ({
  ins,
  reads: reads(ins),
  writes: writes(ins),
  fp: isFp(classOf(ins)),
  fpReads: fpRegisters(ins, 'fpSrc'),
  fpWrites: fpRegisters(ins, 'fpDest'),
  readsFlags: readsFlags(ins),
  setsFlags: setsFlags(ins),
  flagsLate: shiftsOperand(ins),
  issue: issue(ins),
}));

interface Result {
  readonly at: number;
  readonly by: Instruction;
}
/** When a consumer may issue after `result` was issued. */
function readyFor(ins: Instruction, register: number, { at, by }: Result): number {
  const early = at + 1;
  const plain = at + latency(by);
  // nothing is earlier
  if (plain === early) return early;
  const c = classOf(ins);
  const from = classOf(by);
  if (/^store/.test(c) && !addressRegisters(ins).includes(register) && (/^load/.test(from) || chains(by))) return early;
  if (accumulators(ins).includes(register) && ![ins.decoded.b, classOf(ins) === 'mac' ? ins.decoded.c : undefined].includes(register)) {
    if (chains(by) || (from === 'load' && c === 'mac')) return early;
  }
  return plain;
}
/** When the results of FP instructions before it let one issue. */
function fpReady(ins: Instruction, registers: readonly number[], results: ReadonlyMap<number, Result>): number {
  let at = 0;
  for (const r of registers) {
    const result = results.get(r);
    if (!result) continue;
    const chained = classOf(ins) === 'fp-mac' && classOf(result.by) === 'fp-mac' && !factors(ins).includes(r);
    at = Math.max(at, result.at + (chained ? 3 : fpLatency(result.by)));
  }
  return at;
}

function time(line: readonly Instruction[]): number {
  let now = 0;
  let older: { readonly ins: Instruction; readonly at: number } | null = null;
  let fpFrom = 0;
  let flagsFrom = 0;
  const core = new Map<number, Result>();
  const fp = new Map<number, Result>();
  for (let i = 0; i < line.length; i++) {
    const t = traits(line[i]!);
    const { ins } = t;
    let at = 0;
    for (let k = 0; k < t.reads.length; k++) {
      const r = t.reads[k]!;
      const result = core.get(r);
      if (result) at = Math.max(at, readyFor(ins, r, result));
    }
    if (t.fp) at = Math.max(at, fpFrom, fpReady(ins, t.fpReads, fp));
    if (t.readsFlags) at = Math.max(at, flagsFrom);
    if (older && pairs(older.ins, ins) && at <= older.at) {
      older = null;
      continue;
    }
    at = Math.max(at, now);
    now = at + t.issue;
    const last = Math.max(at, now - 1);
    for (let k = 0; k < t.writes.length; k++) core.set(t.writes[k]!, { at: last, by: ins });
    for (let k = 0; k < t.fpWrites.length; k++) fp.set(t.fpWrites[k]!, { at: last, by: ins });
    if (classOf(ins) === 'fp-mac') fpFrom = at + 3;
    if (t.setsFlags) flagsFrom = t.flagsLate ? now + 1 : 0;
    older = { ins, at: last };
  }
  return now;
}

function taken(ins: Instruction, behindFlags: () => boolean): number {
  switch (classOf(ins)) {
    case 'load':
      return 3;
    case 'load-multiple':
      return 2;
    case 'table-branch':
      return 4;
    // it pairs behind an instruction that sets flags only if it is not taken
    case 'branch-cond':
      return behindFlags() ? 2 : 1;
    default:
      return 1;
  }
}

const lineTime = knownTimes(time);
/** The same by the whole model, for tests. */
export const costInWhole = (ins: Instruction, pc: number, code: CodeView): number => costInLine(straightLine(ins, pc, code, WINDOW), time);

/**
 * The results of the first of a line are there when the next one can issue at the earliest, and the two do not pair: the rest takes as long as without it, only
 * later.
 */
const leavesNothing = (ins: Instruction, next: Instruction | null): boolean =>
  latency(ins) === 1 && issue(ins) > 0 && !isFp(classOf(ins)) && (next === null || !pairs(ins, next));

/** Cycles that the first of a line adds to it. */
export function costOf(ins: Instruction, pc: number, code: CodeView): number {
  const next = ins.def.leaves ? null : code.at(pc + ins.size);
  return leavesNothing(ins, next) ? issue(ins) : costInLine(straightLine(ins, pc, code, WINDOW), lineTime);
}

export const m33: TimingModel = {
  reach: { before: WINDOW * 4, after: 24 },
  // nothing measured: as Cortex-M4
  unaligned: (kind, address, size) => (kind === 'store' ? 0 : size === 4 && (address & 1) !== 0 ? 2 : 1),
  cycles: (ins, pc, code) => ({
    cost: costOf(ins, pc, code),
    taken: taken(ins, () => {
      const before = previous(pc, code);
      return before !== null && setsFlags(before) && pairs(before, ins);
    }),
  }),
};
