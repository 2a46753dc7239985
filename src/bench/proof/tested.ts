/** What a step tests: two values, or a bit of one; and behind a test of what a function has answered, the comparison that made the answer. */
import type { Core } from '../../emu/core/core.ts';
import {
  CARRY,
  comparesValues,
  GENERAL_REGISTERS,
  isState,
  registerAt,
  type DataFlow,
  type Place,
  type Places,
} from '../../emu/proofs/data-flow.ts';
import type { Step } from '../slice/window.ts';

/** A value that is tested, and the places that hold it. */
export interface Side {
  readonly from: Places;
  readonly value: number;
}
export interface Tested {
  /** What it looks at. */
  readonly looksAt: Side;
  /** What that is compared with; null where only a bit of it is tested. */
  readonly against: Side | null;
  /** `compared 0x01 with 0x02`, `found bit 0 of 0x06 clear` */
  readonly text: string;
  /** The value that would have been right; null where there are several. */
  readonly wanted: number | null;
}

/** Steps back to the comparison whose result a branch asks. */
const MOST_BACK = 200;

export function tested(core: Core, step: Step, flow: DataFlow): Tested | null {
  const bit = shiftedBit(core, step);
  if (bit !== null) return bit;
  const compared = flow.comparisons.findLast(comparesValues);
  if (compared === undefined) return null;
  const { left, right, leftFrom, rightFrom } = compared;
  return ofTwo({ from: leftFrom, value: left >>> 0 }, { from: rightFrom, value: right >>> 0 });
}
function ofTwo(left: Side, right: Side): Tested {
  const [looksAt, against] = isConstant(left) ? [right, left] : [left, right];
  return { looksAt, against, wanted: against.value, text: `compared ${hex(left.value)} with ${hex(right.value)}` };
}
const isConstant = ({ from }: Side): boolean => from.size === 0;
/** LSLS #31 and a branch by N: compilers test one bit so. */
function shiftedBit(core: Core, { pc, writes, registers }: Step): Tested | null {
  const decoded = core.instructionAt(pc)?.decoded;
  if (decoded?.op !== 'LSL_imm') return null;
  const [bit, value] = [31 - (decoded.imm ?? 0), registers[decoded.b ?? 0]! >>> 0];
  const from = [...writes].find(([to]) => isState(to))?.[1] ?? [];
  return {
    looksAt: { from: new Set<Place>(from), value },
    against: null,
    wanted: null,
    text: `found bit ${bit} of ${hex(value)} ${(value >>> bit) & 1 ? 'set' : 'clear'}`,
  };
}
export const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(2, '0')}`;

interface Made {
  readonly index: number;
  readonly test: Tested;
}
/** Where a constant is asked for: the comparison whose result it asks, made without a branch; `answer` where a constant of the code is asked. */
export function madeBy(core: Core, steps: readonly Step[], index: number, { looksAt, against }: Tested): Made | 'answer' | null {
  if (against === null || !isConstant(against)) return null;
  const isTruth = looksAt.value <= 1 && against.value <= 1;
  const wanted = new Set(looksAt.from);
  // a number may become a truth by its own comparison with 0 or 1: what made the number says more, where that is seen
  let instead: Made | null = null;
  let isMade = false;
  for (let i = index - 1; i >= Math.max(0, index - MOST_BACK); i--) {
    const step = steps[i]!;
    const hits = [...wanted].filter((p) => step.writes.has(p));
    if (hits.length === 0) continue;
    const test = isTruth ? compared(core, step, hits, isMade) : null;
    if (test !== null && (test.against!.value > 1 || !isConstant(test.against!))) return { index: i, test };
    instead ??= test && { index: i, test };
    isMade ||= makesTruth(core, step);
    passBack(wanted, step, hits);
    if (wanted.size === 0) return instead ?? 'answer';
  }
  return instead;
}
/** What stands in `hits` behind a step was made of what then stands in `wanted`. */
function passBack(wanted: Set<Place>, { writes, flow }: Step, hits: readonly Place[]): void {
  for (const p of hits) {
    wanted.delete(p);
    for (const from of writes.get(p)!) wanted.add(from);
  }
  // what an IT block writes goes by its condition
  for (const p of flow?.decides ?? []) wanted.add(p);
}
/** What a side of the test at a step was made of, back to the beginning of the stretch. */
export function sourcesOf(steps: readonly Step[], index: number, { from }: Side): Places {
  const wanted = new Set(from);
  for (let i = index - 1; i >= 0; i--) {
    const step = steps[i]!;
    const hits = [...wanted].filter((p) => step.writes.has(p));
    if (hits.length > 0) passBack(wanted, step, hits);
  }
  return wanted;
}

/** A comparison whose flags are asked, or a difference of two values, which is none where they are equal. */
function compared(core: Core, step: Step, hits: readonly Place[], isMade: boolean): Tested | null {
  const { pc, flow, registers } = step;
  const isFlag = hits.some((p) => isState(p) && !GENERAL_REGISTERS.includes(p));
  if (isFlag && flow !== null && flow.comparisons.some(comparesValues)) return tested(core, step, flow);
  const { op, b, c, imm = 0 } = core.instructionAt(pc)?.decoded ?? {};
  if (b === undefined) return null;
  const side = (n: number): Side => ({ from: new Set([registerAt(n)]), value: registers[n]! >>> 0 });
  if ((op === 'SUB_reg' || op === 'EOR_reg') && c !== undefined) return ofTwo(side(b), side(c));
  // of a number that is asked itself this is a count
  if (!isMade || (op !== 'SUB_imm' && op !== 'ADD_imm')) return null;
  return ofTwo(side(b), { from: new Set(), value: (op === 'SUB_imm' ? imm : -imm) >>> 0 });
}
/** By the carry, or by the number of leading zeros: 1 of a difference that is 0, or the other way round. */
function makesTruth(core: Core, { pc, writes }: Step): boolean {
  return core.instructionAt(pc)?.decoded.op === 'CLZ' || [...writes.values()].some((from) => from.has(CARRY));
}
