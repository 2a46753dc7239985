/**
 * Cycle tables per core. A row's cost is static; what depends on operands (division) is charged by its semantics, and what depends on the
 * neighbour is a rule between two instructions that follow each other. Flash wait states and caches come on top (interpreter.ts).
 *
 * Sources: M0 — Cortex-M0 TRM DDI 0432C table 3-1 (documented). M4 — Cortex-M4 TRM DDI 0439D 3.3, 7.2.3 (documented) and published
 * measurements (compendium.i-0.nl, STM32L4; measured). M33 and M7 — Arm publishes no table; rules measured on silicon by others (jnk0le/random
 * "pipeline cycle test", RP2350 and STM32H743; measured); where a row is unknown the M4 value stands (assumed).
 */
import type { Profile } from './builder.ts';
import type { Instruction } from './decode.ts';
import { OPS, type TimingClass } from './rows.ts';

export interface StaticCycles {
  /** Cycles of the instruction when it does not branch. */
  readonly cost: number;
  /** More cycles when it branches. */
  readonly taken: number;
}
export interface TimingModel {
  cycles(ins: Instruction, pc: number): StaticCycles;
  /** Correction for `second` directly behind `first`, added to the first one's cost. */
  pair(first: Instruction, second: Instruction, pc: number): number;
}

const classOf = (ins: Instruction): TimingClass => OPS.get(ins.decoded.op)!.timing;
const bitCount = (n: number): number => {
  let c = 0;
  for (; n; n &= n - 1) c++;
  return c;
};
/** Registers that a load/store multiple moves: the list stands in `imm`, for FP in `d` or `imm` as a count. */
const listLength = (ins: Instruction): number => {
  const c = classOf(ins);
  if (c === 'fp-load-multiple' || c === 'fp-store-multiple') return ins.decoded.imm ?? 0;
  return bitCount((ins.decoded.imm ?? 0) & 0xffff);
};
const fieldsNamed = (ins: Instruction, which: 'dest' | 'src'): number[] => {
  const def = OPS.get(ins.decoded.op)!;
  return [...def[which]].map((k) => ins.decoded[k as 'a' | 'b' | 'c' | 'd'] ?? -1);
};
const writes = (ins: Instruction): number[] => fieldsNamed(ins, 'dest');
const reads = (ins: Instruction): number[] => fieldsNamed(ins, 'src');
/** Floating-point registers as numbers of singles: a double is two. */
const fpRegisters = (ins: Instruction, which: 'fpDest' | 'fpSrc'): number[] =>
  [...OPS.get(ins.decoded.op)![which]].flatMap((k) => {
    const n = ins.decoded[k.toLowerCase() as 'a' | 'b' | 'c' | 'd'] ?? 0;
    return k === k.toLowerCase() ? [n] : [2 * n, 2 * n + 1];
  });
const overlap = (written: number[], read: () => number[]): boolean => written.length > 0 && read().some((r) => written.includes(r));
const depends = (first: Instruction, second: Instruction): boolean =>
  overlap(writes(first), () => reads(second)) || overlap(fpRegisters(first, 'fpDest'), () => fpRegisters(second, 'fpSrc'));
/** Multiplicands only: a multiply-add reads its accumulator (operand a) later. */
const dependsOnFactors = (first: Instruction, second: Instruction): boolean => {
  const { b, c } = second.decoded;
  const double = OPS.get(second.decoded.op)!.fpSrc === 'ABC';
  const factors = [b ?? 0, c ?? 0].flatMap((n) => (double ? [2 * n, 2 * n + 1] : [n]));
  return fpRegisters(first, 'fpDest').some((r) => factors.includes(r));
};
/** VMOV between two core registers and two singles or a double. */
const movesTwo = (ins: Instruction): boolean => ins.decoded.op.endsWith('_SS');
const isLoad = (c: TimingClass): boolean => c === 'load';
const isStore = (c: TimingClass): boolean => c === 'store';

const m0: TimingModel = {
  cycles(ins) {
    const n = listLength(ins);
    switch (classOf(ins)) {
      case 'load': case 'store': return { cost: 2, taken: 3 };
      case 'load-multiple': return { cost: 1 + n, taken: 3 };
      case 'store-multiple': return { cost: 1 + n, taken: 0 };
      case 'branch': case 'branch-cond': case 'branch-reg': return { cost: 1, taken: 2 };
      case 'call': return { cost: 1, taken: ins.size === 4 ? 3 : 2 };
      case 'alu': case 'alu-shift': return { cost: 1, taken: 2 };
      case 'system': case 'barrier': return { cost: ins.decoded.op === 'CPS' ? 1 : 4, taken: 0 };
      case 'nop': return { cost: 1, taken: 0 };
      default: return { cost: 1, taken: 2 };
    }
  },
  pair: () => 0,
};

const m4: TimingModel = {
  cycles(ins) {
    const n = listLength(ins);
    switch (classOf(ins)) {
      case 'load': return { cost: 2, taken: 3 };
      case 'store': return { cost: (ins.decoded.op.includes('reg') ? 2 : 1), taken: 0 };
      case 'exclusive': return { cost: ins.decoded.op === 'CLREX' ? 1 : 2, taken: 0 };
      case 'load-double': case 'store-double': return { cost: 3, taken: 0 };
      case 'load-multiple': return { cost: 1 + n, taken: 1 };
      case 'store-multiple': return { cost: 1 + n, taken: 0 };
      case 'branch': case 'branch-cond': case 'call': case 'compare-branch': case 'branch-reg': return { cost: 1, taken: 1 };
      case 'table-branch': return { cost: 2, taken: 4 };
      case 'it': return { cost: 1, taken: 0 };
      case 'div': return { cost: 0, taken: 0 };
      case 'fp-mac': return { cost: 3, taken: 0 };
      case 'fp-move': return { cost: movesTwo(ins) ? 2 : 1, taken: 0 };
      case 'fp-div': case 'fp-sqrt': return { cost: 14, taken: 0 };
      case 'fp-load': case 'fp-store': return { cost: ins.decoded.op.endsWith('64') ? 3 : 2, taken: 0 };
      case 'fp-load-multiple': case 'fp-store-multiple': return { cost: 1 + n, taken: 0 };
      default: return { cost: 1, taken: 1 };
    }
  },
  pair(first, second) {
    const a = classOf(first);
    const b = classOf(second);
    let delta = 0;
    // DDI 0439D 3.3.2 rule 1: a load behind a load, or a store behind a load, saves one cycle unless the address depends on it
    if (isLoad(a) && (isLoad(b) || isStore(b))) {
      const address = second.decoded.b ?? -1;
      if (!writes(first).includes(address)) delta -= 1;
    }
    // rule 3: address register written by the data-processing instruction right before
    if ((a === 'alu' || a === 'alu-shift') && (isLoad(b) || isStore(b)) && writes(first).includes(second.decoded.b ?? -1)) delta += 1;
    // IT folds onto a preceding 16-bit instruction
    if (b === 'it' && first.size === 2) delta -= 1;
    // 7.2.3: the next FP instruction consumes an arithmetic result, other than as addend
    if (a === 'fp-alu' || a === 'fp-mac' || a === 'fp-convert') {
      if (b === 'fp-mac' ? dependsOnFactors(first, second) : b.startsWith('fp-') && depends(first, second)) delta += 1;
    }
    return delta;
  },
};

/** Instructions that the M33 pairs as the younger of two 16-bit ones. */
const pairsSecond = (ins: Instruction): boolean => {
  const c = classOf(ins);
  return ins.size === 2 && (c === 'nop' || c === 'it' || c === 'branch' || c === 'branch-cond');
};
const setsFlags = (ins: Instruction): boolean => ins.decoded.v?.['S'] === true || /^(CMP|CMN|TST|TEQ)/.test(ins.decoded.op);

const m33: TimingModel = {
  cycles(ins) {
    const n = listLength(ins);
    switch (classOf(ins)) {
      case 'load': return { cost: 1, taken: 3 };
      case 'store': return { cost: 1, taken: 0 };
      case 'load-double': case 'store-double': return { cost: 2, taken: 0 };
      case 'load-multiple': return { cost: Math.max(1, n), taken: 2 };
      case 'store-multiple': return { cost: Math.max(1, n), taken: 0 };
      case 'branch': case 'branch-cond': return { cost: 1, taken: 1 };
      case 'call': case 'branch-reg': case 'compare-branch': return { cost: 1, taken: 1 };
      case 'table-branch': return { cost: 2, taken: 4 };
      case 'it': return { cost: 1, taken: 0 };
      case 'mul': return { cost: ins.size === 2 ? 2 : 1, taken: 0 };
      case 'div': return { cost: 0, taken: 0 };
      case 'fp-div': case 'fp-sqrt': return { cost: 14, taken: 0 };
      case 'fp-move': return { cost: ins.decoded.op === 'VMOV_from_SS' ? 2 : 1, taken: 0 };
      case 'fp-load': case 'fp-store': return { cost: ins.decoded.op.endsWith('64') ? 2 : 1, taken: 0 };
      case 'fp-load-multiple': case 'fp-store-multiple': return { cost: Math.max(1, n), taken: 0 };
      default: return { cost: 1, taken: 1 };
    }
  },
  pair(first, second) {
    const a = classOf(first);
    const b = classOf(second);
    let delta = 0;
    if (first.size === 2 && pairsSecond(second)) {
      // a taken branch pairs only behind an instruction that sets no flags; the not-taken one pairs always
      if (b !== 'branch-cond' || !setsFlags(first)) delta -= 1;
    }
    // latency 2: the consumer right behind stalls one cycle (a load's value may be stored at once)
    const twoCycle = isLoad(a) || a === 'mul' || a === 'mull' || a === 'mac' || a === 'dsp' || a === 'alu-shift' || a === 'fp-alu' || a === 'fp-convert' || first.decoded.op === 'VMOV_from_S' || first.decoded.op === 'VMOV_to_SS';
    if (twoCycle && depends(first, second)) {
      const storedOnly = isStore(b) && isLoad(a) && second.decoded.b !== undefined && !writes(first).includes(second.decoded.b);
      const accumulates = b === 'mac' && second.decoded.d !== undefined && writes(first).includes(second.decoded.d) && ![second.decoded.b, second.decoded.c].some((r) => r !== undefined && writes(first).includes(r));
      if (!storedOnly && !accumulates) delta += 1;
    }
    if (a === 'fp-mac' && b.startsWith('fp-')) delta += (b === 'fp-mac' ? dependsOnFactors(first, second) : depends(first, second)) ? 3 : 2;
    return delta;
  },
};

const m7: TimingModel = {
  cycles(ins) {
    const n = listLength(ins);
    switch (classOf(ins)) {
      case 'load-multiple': case 'store-multiple': return { cost: Math.max(1, Math.ceil(n / 2)), taken: 1 };
      case 'branch': case 'branch-cond': case 'call': case 'branch-reg': case 'compare-branch': return { cost: 1, taken: 0 };
      case 'table-branch': return { cost: 2, taken: 2 };
      case 'div': return { cost: 0, taken: 0 };
      case 'fp-div': return { cost: ins.decoded.op.endsWith('64') ? 30 : 16, taken: 0 };
      case 'fp-sqrt': return { cost: ins.decoded.op.endsWith('64') ? 30 : 14, taken: 0 };
      case 'system': case 'barrier': return { cost: 3, taken: 0 };
      default: return { cost: 1, taken: 0 };
    }
  },
  pair(first, second) {
    const a = classOf(first);
    const b = classOf(second);
    if (isLoad(a) && depends(first, second)) return 1;
    const simple = (c: TimingClass): boolean => c === 'alu' || c === 'load' || c === 'store' || c === 'nop' || c === 'it' || c === 'branch-cond';
    const bothMemory = (isStore(a) && isStore(b)) || (isLoad(a) && isLoad(b));
    return simple(a) && simple(b) && !depends(first, second) && !bothMemory ? -1 : 0;
  },
};

const MODELS = { m0, m4, m33, m7 } as const;
export const timingOf = (profile: Profile): TimingModel => MODELS[profile.name];
