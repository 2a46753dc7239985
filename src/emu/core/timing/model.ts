/** What timing models share: the interface, and how an instruction is looked at. */
import type { Instruction } from '../decode.ts';
import { SP } from '../isa/operands.ts';
import type { Address, TimingClass, Trait } from '../rows.ts';

export interface StaticCycles {
  /** Cycles of the instruction when it does not branch. */
  readonly cost: number;
  /** More cycles when it branches. */
  readonly taken: number;
}
/** Code as bytes in memory: never what was executed or decoded before, so that costs are the same in every run and in both tiers. */
export interface CodeView {
  /** Instruction at an address, null where none can be read. */
  at(pc: number): Instruction | null;
  /** Half-word at an address, null where none can be read. */
  halfword(pc: number): number | null;
}
export interface TimingModel {
  cycles(ins: Instruction, pc: number, code: CodeView): StaticCycles;
  /** Added to an access that is not aligned to its size. */
  unaligned(kind: 'load' | 'store', address: number, size: 2 | 4): number;
  /** Bytes before and behind a changed one within which costs may be other ones now. */
  readonly reach: { readonly before: number; readonly after: number };
}

/** A property of an instruction, worked out once: the decoder gives the same object for the same bits. */
export const once = <T>(of: (ins: Instruction) => T): ((ins: Instruction) => T) => {
  const known = new WeakMap<Instruction, T>();
  return (ins) => {
    let value = known.get(ins);
    if (value === undefined) known.set(ins, (value = of(ins)));
    return value;
  };
};

export const classOf = (ins: Instruction): TimingClass => ins.def.timing;
export const is = (ins: Instruction, trait: Trait): boolean => ins.def.is.has(trait);
/** How a load or store of one register makes its address. */
export const addressOf = (ins: Instruction): Address | undefined => ins.def.address(ins.decoded.v ?? {});
/** NOP and the hints that do nothing. */
export const isNop = (ins: Instruction): boolean => ins.def.timing === 'nop' && !ins.def.system;
const bitCount = (n: number): number => {
  let c = 0;
  for (; n; n &= n - 1) c++;
  return c;
};
/** Registers that a load/store multiple moves: the list stands in `imm`, for FP in `imm` as a count. */
export const listLength = (ins: Instruction): number => {
  const c = classOf(ins);
  if (c === 'fp-load-multiple' || c === 'fp-store-multiple') return ins.decoded.imm ?? 0;
  return bitCount((ins.decoded.imm ?? 0) & 0xffff);
};
const named = (ins: Instruction, which: 'dest' | 'src'): number[] =>
  [...ins.def[which]].map((k) => ins.decoded[k as 'a' | 'b' | 'c' | 'd'] ?? -1);
/** General registers that are written. Lists of LDM are part of it. */
export const writes = once((ins): readonly number[] => {
  const { imm } = ins.decoded;
  if (is(ins, 'stack-adjust')) return [SP];
  const found = named(ins, 'dest');
  if (ins.def.list === 'loads') for (let r = 0; r < 15; r++) if (((imm ?? 0) >>> r) & 1) found.push(r);
  return found;
});
export const reads = once((ins): readonly number[] => {
  const { imm } = ins.decoded;
  if (is(ins, 'stack-adjust')) return [SP];
  const found = named(ins, 'src');
  if (ins.def.list === 'stores') for (let r = 0; r < 15; r++) if (((imm ?? 0) >>> r) & 1) found.push(r);
  return found;
});
/** Floating-point registers as numbers of singles: a double is two. */
export const fpRegisters = (ins: Instruction, which: 'fpDest' | 'fpSrc'): readonly number[] =>
  (which === 'fpDest' ? fpWrites : fpReads)(ins);
const fpNamed = (ins: Instruction, which: 'fpDest' | 'fpSrc'): readonly number[] => {
  const { def } = ins;
  const { a, d, imm } = ins.decoded;
  if ((def.timing === 'fp-load-multiple' && which === 'fpDest') || (def.timing === 'fp-store-multiple' && which === 'fpSrc'))
    return Array.from({ length: Math.min(32, imm ?? 0) }, (_, i) => (d ?? a ?? 0) + i);
  return [...def[which]].flatMap((k) => {
    const n = ins.decoded[k.toLowerCase() as 'a' | 'b' | 'c' | 'd'] ?? 0;
    return k === k.toLowerCase() ? [n] : [2 * n, 2 * n + 1];
  });
};
const fpWrites = once((ins) => fpNamed(ins, 'fpDest'));
const fpReads = once((ins) => fpNamed(ins, 'fpSrc'));
/** Registers of an access's address, in the operand fields that loads and stores use. */
// eslint-disable-next-line complexity -- a table: operand fields by class
export const addressRegisters = once((ins): readonly number[] => {
  const { b, c } = ins.decoded;
  switch (classOf(ins)) {
    case 'load-multiple':
    case 'store-multiple':
      return [ins.decoded.a ?? -1];
    case 'load':
    case 'store':
      switch (addressOf(ins)) {
        case 'literal':
          return [];
        case 'register':
          return [b ?? -1, c ?? -1];
        default:
          return [b ?? -1];
      }
    case 'load-double':
    case 'store-double':
    case 'exclusive':
      return [b ?? -1];
    case 'table-branch':
      return [b ?? -1, c ?? -1];
    case 'fp-load':
    case 'fp-store':
    case 'fp-load-multiple':
    case 'fp-store-multiple':
      return named(ins, 'src');
    default:
      return [];
  }
});
/** Multiplicands of an FP multiply-add: its accumulator (operand a) is read later. */
export const factors = (ins: Instruction): number[] => {
  const { b, c } = ins.decoded;
  const double = ins.def.fpSrc === 'ABC';
  return [b!, c!].flatMap((n) => (double ? [2 * n, 2 * n + 1] : [n]));
};
export const meet = (a: readonly number[], b: readonly number[]): boolean => a.some((r) => r >= 0 && b.includes(r));
/** VMOV between two core registers and two singles or a double. */
export const movesTwo = (ins: Instruction): boolean => is(ins, 'two-singles');
export const isFp = (c: TimingClass): boolean => c.startsWith('fp-');
export const setsFlags = once((ins): boolean => ins.decoded.v?.['S'] === true || is(ins, 'compare'));
export const readsFlags = once((ins): boolean => is(ins, 'reads-flags') || ins.decoded.v?.['shift'] === 'rrx');
/** Second operand is a register shifted by the instruction. A shift on its own is not. */
export const shiftsOperand = (ins: Instruction): boolean => classOf(ins) === 'alu-shift';
/** Second operand is an 8-bit value rotated to its place: neither plain nor a pattern of bytes. */
export function rotatedConstant(ins: Instruction): boolean {
  if (ins.size !== 4 || !ins.row.expands) return false;
  const n = (ins.decoded.imm ?? 0) >>> 0;
  const low = n & 0xff;
  if (n <= 0xff) return false;
  return n !== (low | (low << 16)) >>> 0 && n !== Math.imul((n >>> 8) & 0xff, 0x01000100) >>> 0 && n !== Math.imul(low, 0x01010101) >>> 0;
}
const BEYOND = 6;
/** The instructions from `ins` on that run one after the other: up to a branch that always leaves, `count` of them, or some behind the end of a block of `block` bytes: enough for results to arrive. */
export function straightLine(ins: Instruction, pc: number, code: CodeView, count: number, block = Infinity): Instruction[] {
  const end = block === Infinity ? Infinity : (Math.floor(pc / block) + 1) * block;
  const line = [ins];
  let at = pc + ins.size;
  let beyond = 0;
  for (let last = ins; line.length < count && beyond < BEYOND && !last.def.leaves;) {
    const next = code.at(at);
    if (!next) break;
    if (at >= end) beyond++;
    line.push((last = next));
    at += next.size;
  }
  return line;
}
/**
 * Cost of the first of a line of instructions under a model of the whole pipeline: the time of the line less the time of the rest. The sum over
 * a line is then the model's time for it, wherever it is entered.
 */
export const costInLine = (line: readonly Instruction[], time: (line: readonly Instruction[]) => number): number =>
  Math.max(0, time(line) - time(line.slice(1)));

/** Effort: lines that are remembered. */
const KNOWN_LINES = 4096;
const nameOf = (line: readonly Instruction[]): string => {
  let name = '';
  for (let i = 0; i < line.length; i++) name += line[i]!.name;
  return name;
};
/** The same times, each line's worked out once: the rest of a line is the line of its next instruction, and code is looked at again whenever it is decoded or translated again. */
export function knownTimes(time: (line: readonly Instruction[]) => number): (line: readonly Instruction[]) => number {
  const known = new Map<string, number>();
  return (line) => {
    const name = nameOf(line);
    let cycles = known.get(name);
    if (cycles === undefined) {
      if (known.size >= KNOWN_LINES) known.clear();
      known.set(name, (cycles = time(line)));
    }
    return cycles;
  };
}

/** Size of the instruction that ends at `pc`. A half-word that cannot begin a 32-bit instruction ends one, and from there on they pair up. */
export function previous(pc: number, code: CodeView): Instruction | null {
  const wide = (h: number | null): boolean => h !== null && (h & 0xf800) > 0xe000;
  let run = 0;
  while (run < 8 && wide(code.halfword(pc - 4 - 2 * run))) run++;
  return code.at(run % 2 === 1 ? pc - 4 : pc - 2);
}
