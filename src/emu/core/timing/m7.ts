/**
 * Cortex-M7. Arm publishes no table. Rules measured by jnk0le/random on STM32H743 rev Y (measured) and, where said, those of LLVM's scheduling
 * model (reported). A line of instructions is run through a model of the pipeline: two instructions a cycle in order, operands wanted at one of several
 * stages. Branches count as predicted; what it costs that one to an address in a register or in memory is not: branch-targets.ts.
 */
import type { Instruction } from '../decode.ts';
import {
  addressRegisters,
  addressOf,
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
  reads,
  readsFlags,
  rotatedConstant,
  setsFlags,
  shiftsOperand,
  straightLine,
  writes,
  type TimingModel,
} from './model.ts';

/** Lines are cut at blocks of this size, so that a cost hangs on a bounded piece of code. */
const BLOCK = 256;
const MOST = 140;

/** Cycles from a store to a load of the same address (reported: LLVM). */
const STORE_TO_LOAD = 4;

/** Where an instruction wants an operand. EX1 is address and shifter, `late` the ALUs of EX2. */
type Stage = 'late' | 'ex1' | 'factor' | 'accumulator' | 'address' | 'data';
/** Cycles from the producer's issue to the first at which a consumer at each stage can issue; 0 = together with it. */
type Ready = Readonly<Record<Stage, number>>;

const LATE_ALU: Ready = { late: 1, ex1: 2, factor: 1, accumulator: 0, address: 2, data: 0 };
const EARLY_ALU: Ready = { late: 0, ex1: 1, factor: 1, accumulator: 0, address: 1, data: 0 };
const REVERSED: Ready = { late: 0, ex1: 2, factor: 1, accumulator: 0, address: 2, data: 0 };
const BITFIELD: Ready = { late: 1, ex1: 2, factor: 1, accumulator: 0, address: 2, data: 0 };
const WRITE_BACK: Ready = { late: 0, ex1: 2, factor: 1, accumulator: 0, address: 1, data: 0 };
const WORD_LOAD: Ready = { late: 1, ex1: 2, factor: 2, accumulator: 1, address: 3, data: 0 };
const NARROW_LOAD: Ready = { late: 2, ex1: 3, factor: 3, accumulator: 1, address: 3, data: 0 };
const PRODUCT: Ready = { late: 2, ex1: 3, factor: 2, accumulator: 1, address: 4, data: 0 };
const FROM_FP: Ready = { late: 1, ex1: 2, factor: 1, accumulator: 0, address: 2, data: 0 };

/** The same for floating-point results. */
type FpStage = 'operand' | 'vfma' | 'vmla' | 'data' | 'move';
type FpReady = Readonly<Record<FpStage, number>>;
const FP_ALU: FpReady = { operand: 3, vfma: 3, vmla: 2, data: 1, move: 3 };
const FP_FMA: FpReady = { operand: 5, vfma: 3, vmla: 2, data: 3, move: 5 };
const FP_MLA: FpReady = { operand: 6, vfma: 3, vmla: 3, data: 4, move: 6 };
const FP_LOAD: FpReady = { operand: 1, vfma: 3, vmla: 2, data: 1, move: 1 };
const FP_MOVE: FpReady = { operand: 3, vfma: 3, vmla: 3, data: 1, move: 3 };

const isBitfield = (ins: Instruction): boolean => is(ins, 'bit-field') || is(ins, 'counts-bits') || classOf(ins) === 'dsp';
const isReversal = (ins: Instruction): boolean => is(ins, 'reversal');
const isProduct = (ins: Instruction): boolean => ['mul', 'mull', 'mac'].includes(classOf(ins));
/** Uses the shifter of EX1 for its second operand. */
const usesShifter = once((ins): boolean => shiftsOperand(ins) || rotatedConstant(ins));
const plainShift = (ins: Instruction): boolean => is(ins, 'shift');
const earlyCapable = once((ins): boolean => is(ins, 'early') && !rotatedConstant(ins));
const isFma = (ins: Instruction): boolean => is(ins, 'fused');
const isDouble = (ins: Instruction): boolean => ins.def.double;
const isLoad = (ins: Instruction): boolean => classOf(ins) === 'load';
const isStore = (ins: Instruction): boolean => classOf(ins) === 'store';
const isBranch = once(
  (ins): boolean => ['branch', 'branch-cond', 'call', 'branch-reg', 'compare-branch'].includes(classOf(ins)) || is(ins, 'writes-pc'),
);
const isFpMove = (ins: Instruction): boolean => classOf(ins) === 'fp-move';
const isFpMemory = (ins: Instruction): boolean => classOf(ins) === 'fp-load' || classOf(ins) === 'fp-store';

// eslint-disable-next-line complexity -- a table: classes that issue alone
const issuesAlone = once((ins): boolean => {
  switch (classOf(ins)) {
    case 'load-double':
    case 'store-double':
    case 'load-multiple':
    case 'store-multiple':
    case 'fp-load-multiple':
    case 'fp-store-multiple':
    case 'div':
    case 'exclusive':
    case 'table-branch':
    case 'system':
    case 'barrier':
      return true;
    case 'fp-load':
    case 'fp-store':
      return isDouble(ins);
    case 'fp-move':
      return movesTwo(ins) || is(ins, 'fp-status');
    case 'nop':
      return !isNop(ins);
    default:
      return false;
  }
});
/** Cycles for which nothing that comes later can issue. */
// eslint-disable-next-line complexity -- a table: cycles by class
const issue = once((ins): number => {
  const n = listLength(ins);
  switch (classOf(ins)) {
    case 'load-multiple':
    case 'store-multiple':
    case 'fp-load-multiple':
    case 'fp-store-multiple':
      return Math.max(1, Math.ceil(n / 2));
    case 'table-branch':
      return 2;
    // charged by its semantics
    case 'div':
      return 0;
    case 'system':
      return is(ins, 'exception') ? 0 : 3;
    case 'barrier':
      return 3;
    case 'fp-div':
      return isDouble(ins) ? 30 : 16;
    case 'fp-sqrt':
      return isDouble(ins) ? 30 : 14;
    case 'fp-mac':
      return isDouble(ins) ? (isFma(ins) ? 7 : 8) : 1;
    case 'fp-alu':
      return is(ins, 'product') && isDouble(ins) ? 5 : 1;
    default:
      return 1;
  }
});
/** EX1 operands of an instruction that has some. */
const ex1Operands = once((ins): readonly number[] =>
  [...ins.def.shifted(ins.decoded.v ?? {})].map((k) => ins.decoded[k as 'b' | 'c'] ?? -1),
);
function accumulators(ins: Instruction): number[] {
  if (classOf(ins) !== 'mac') return [];
  const { a, d } = ins.decoded;
  return writes(ins).length === 2 ? [a ?? -1, d ?? -1] : [d ?? -1];
}
function stageOf(ins: Instruction, register: number): Stage {
  if (addressRegisters(ins).includes(register)) return 'address';
  if (ex1Operands(ins).includes(register)) return 'ex1';
  const c = classOf(ins);
  if (isProduct(ins))
    return [ins.decoded.b, ins.decoded.c].includes(register) || !accumulators(ins).includes(register) ? 'factor' : 'accumulator';
  if (/store/.test(c)) return 'data';
  return c === 'div' ? 'factor' : 'late';
}
function resultOf(ins: Instruction, register: number, early: boolean): Ready {
  const c = classOf(ins);
  if (/^(load|store)/.test(c) || c === 'fp-load-multiple' || c === 'fp-store-multiple') {
    const base = c === 'load-multiple' || c === 'store-multiple' ? ins.decoded.a : ins.decoded.b;
    if (register === base && !(isLoad(ins) && register === ins.decoded.a)) return WRITE_BACK;
    return is(ins, 'narrow') ? NARROW_LOAD : WORD_LOAD;
  }
  if (isProduct(ins)) return PRODUCT;
  if (isReversal(ins)) return REVERSED;
  if (isBitfield(ins)) return BITFIELD;
  if (isFp(c)) return FROM_FP;
  return early ? EARLY_ALU : LATE_ALU;
}
function fpStageOf(ins: Instruction, register: number): FpStage {
  const c = classOf(ins);
  if (c === 'fp-mac') return factors(ins).includes(register) ? 'operand' : isFma(ins) ? 'vfma' : 'vmla';
  if (c === 'fp-store' || c === 'fp-store-multiple') return 'data';
  return c === 'fp-move' ? 'move' : 'operand';
}
function fpResultOf(ins: Instruction): FpReady {
  switch (classOf(ins)) {
    case 'fp-mac':
      return isFma(ins) ? FP_FMA : FP_MLA;
    case 'fp-load':
    case 'fp-load-multiple':
      return FP_LOAD;
    case 'fp-move':
      return FP_MOVE;
    default:
      return FP_ALU;
  }
}

/** Whether the units and ports let `younger` go together with `older`, operands aside. */
function fit(older: Instruction, younger: Instruction): boolean {
  if (issuesAlone(older) || issuesAlone(younger) || APART.some((rule) => rule(older, younger))) return false;
  if (isLoad(older) && isLoad(younger)) return inTwoBanks(older, younger);
  return !(isFp(classOf(older)) && isFp(classOf(younger))) || !FP_APART.some((rule) => rule(older, younger));
}
type Kind = (ins: Instruction) => boolean;
type Rule = (older: Instruction, younger: Instruction) => boolean;
const both =
  (kind: Kind): Rule =>
  (a, b) =>
    kind(a) && kind(b);
const oneEach =
  (p: Kind, q: Kind): Rule =>
  (a, b) =>
    (p(a) && q(b)) || (q(a) && p(b));
const ofClass =
  (name: string): Kind =>
  (ins) =>
    classOf(ins) === name;
/** Pairs that the integer side does not issue together, each a measured rule. */
const APART: readonly Rule[] = [
  both(isBranch),
  both(ofClass('it')),
  (older, younger) => usesShifter(younger) && (usesShifter(older) || plainShift(older) || is(older, 'bit-field')),
  (_, younger) => isBitfield(younger),
  both(isProduct),
  oneEach(isProduct, isStore),
  both(isStore),
  // divisions take one integer instruction along
  (_, younger) => /^fp-(div|sqrt)/.test(classOf(younger)),
];
const isFpArithmetic: Kind = (ins) => !isFpMove(ins) && !isFpMemory(ins);
/** The same for two instructions of the floating-point side. */
const FP_APART: readonly Rule[] = [
  both(isFpArithmetic),
  both(isFpMove),
  oneEach(ofClass('fp-mac'), (ins) => isFpMove(ins) || isFpMemory(ins)),
  both(ofClass('fp-load')),
  both(ofClass('fp-store')),
];
/** Odd and even words lie in two banks: known where both go by one base. */
function inTwoBanks(a: Instruction, b: Instruction): boolean {
  const same = a.decoded.b === b.decoded.b && addressRegisters(a).length === 1 && addressRegisters(b).length === 1;
  return same && (((a.decoded.imm ?? 0) ^ (b.decoded.imm ?? 0)) & 4) !== 0;
}
const movwMovt = (older: Instruction, younger: Instruction): boolean =>
  is(older, 'constant') && is(younger, 'top-half') && older.decoded.a === younger.decoded.a;

interface State {
  now: number;
  older: { readonly ins: Instruction; readonly at: number } | null;
  /** Cycle from which each register is there for each stage. */
  readonly core: Map<number, { readonly at: number; readonly ready: Ready; readonly load: boolean }>;
  readonly fp: Map<number, { readonly at: number; readonly ready: FpReady }>;
  /** Cycle of the last store to each base register and offset. */
  readonly stored: Map<number, number>;
  flags: number;
  lastMac: number;
  lastMla: number;
}
/** Base register and offset of a load or store of one register, as a number; -1 where the address is another sum. */
const PLACES = 0x1_0000;
const placeOf = once((ins): number =>
  (isLoad(ins) || isStore(ins)) && addressOf(ins) === 'offset'
    ? (ins.decoded.b ?? 0) * PLACES + ((ins.decoded.imm ?? 0) & (PLACES - 1))
    : -1,
);

// eslint-disable-next-line complexity -- each operand kind has its own stage
function operandsReady(s: State, ins: Instruction): number {
  let at = 0;
  if (s.stored.size > 0 && isLoad(ins)) at = (s.stored.get(placeOf(ins)) ?? -STORE_TO_LOAD) + STORE_TO_LOAD;
  const hasEx1 = ex1Operands(ins).length > 0;
  for (const r of new Set(reads(ins))) {
    const result = s.core.get(r);
    if (!result) continue;
    const stage = stageOf(ins, r);
    // loaded words reach only instructions that need none of their operands early
    const wanted = result.load && hasEx1 && stage === 'late' ? 'ex1' : stage;
    at = Math.max(at, result.at + result.ready[wanted]);
  }
  const c = classOf(ins);
  if (isFp(c)) {
    for (const r of fpRegisters(ins, 'fpSrc')) {
      const result = s.fp.get(r);
      if (result) at = Math.max(at, result.at + result.ready[fpStageOf(ins, r)]);
    }
    const blocked = /^fp-(load|store)-multiple/.test(c) || (isFpMemory(ins) && isDouble(ins)) || is(ins, 'sum') || is(ins, 'constant');
    if (blocked) at = Math.max(at, s.lastMac + 4);
    if (c === 'fp-mac' && isFma(ins)) at = Math.max(at, s.lastMla + 2);
  }
  if (readsFlags(ins) && classOf(ins) !== 'branch-cond') at = Math.max(at, s.flags);
  return at;
}
const start = (): State => ({
  now: 0,
  older: null,
  core: new Map(),
  fp: new Map(),
  stored: new Map(),
  flags: 0,
  lastMac: -9,
  lastMla: -9,
});
// eslint-disable-next-line complexity -- one turn of the pipeline model: split, it would pass nine values from piece to piece
function step(s: State, ins: Instruction): void {
  const ready = operandsReady(s, ins);
  const first = s.older;
  const notYounger = isFp(classOf(ins)) && (isFpMemory(ins) || isFpMove(ins)) && s.now - 1 - s.lastMac <= 3 && s.lastMac >= 0;
  const together = first !== null && fit(first.ins, ins) && !notYounger && (ready <= first.at || movwMovt(first.ins, ins));
  let at: number;
  if (together) {
    at = first.at;
    s.older = null;
  } else {
    at = Math.max(ready, s.now);
    s.now = at + issue(ins);
    s.older = { ins, at };
  }
  const early =
    ((earlyCapable(ins) && !together) || plainShift(ins)) &&
    reads(ins).every((r) => {
      const x = s.core.get(r);
      return !x || x.at + x.ready.ex1 <= at;
    });
  const last = Math.max(at, together ? at : s.now - 1);
  for (const r of writes(ins)) s.core.set(r, { at: last, ready: resultOf(ins, r, early), load: isLoad(ins) });
  for (const r of fpRegisters(ins, 'fpDest')) s.fp.set(r, { at: last, ready: fpResultOf(ins) });
  if (s.stored.size > 0) for (const r of writes(ins)) for (const k of s.stored.keys()) if (Math.floor(k / PLACES) === r) s.stored.delete(k);
  if (isStore(ins) && placeOf(ins) >= 0) s.stored.set(placeOf(ins), at);
  if (setsFlags(ins)) s.flags = at + 1;
  if (classOf(ins) === 'fp-mac' && !isDouble(ins)) {
    s.lastMac = at;
    if (!isFma(ins)) s.lastMla = at;
  }
}

/** Of a line on its own. */
export function timeOf(line: readonly Instruction[]): number {
  const s = start();
  for (const ins of line) step(s, ins);
  return s.now;
}
const lineTime = knownTimes(timeOf);

export const m7: TimingModel = {
  reach: { before: BLOCK + 32, after: 0 },
  // measured: three cycles as the older of a pair, four as the younger; stores go to the store buffer
  unaligned: (kind) => (kind === 'store' ? 0 : 3),
  cycles(ins, pc, code) {
    const cost = costInLine(straightLine(ins, pc, code, MOST, BLOCK), lineTime);
    // a branch that goes together with what follows it has that slot to itself when it is taken
    return { cost, taken: classOf(ins) === 'table-branch' ? 2 : cost === 0 || !isBranch(ins) || is(ins, 'writes-pc') ? 1 : 0 };
  },
};
