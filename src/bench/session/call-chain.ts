/**
 * The calls that lead to where a core is: callers by the image's frame information, through exception frames, with what was inlined. Where an image has none for
 * a place the return address in LR is followed once, and the chain says that it ends there.
 */
import type { Core } from '../../emu/core/core.ts';
import { registerFile } from '../../emu/core/arm/register-file.ts';
import { DWARF_REGISTERS, type FrameRules } from '../../image/dwarf-frames.ts';
import { codePlace, framesAt, rulesAt, symbolAt, type LoadedImage } from '../../image/image.ts';
import { sourceName } from '../../image/source-name.ts';
import { callAt, mayGoOnIn } from './goes-on-in.ts';

export interface CallFrame {
  /** The instruction: the first frame's next one, the call in a caller, the interrupted one below an exception. */
  readonly pc: number;
  /** SP of the function at that instruction. */
  readonly sp: number;
  readonly function: string | null;
  readonly file: string | null;
  readonly line: number | null;
  /** The function's code stands inside of the next frame's. */
  readonly inlined: boolean;
  /** The next frame did not call this one: this exception (its number, as in IPSR) interrupted it. */
  readonly exception: number | null;
}
export interface CallChain {
  readonly frames: readonly CallFrame[];
  /** Why there are no more: the start of the program, no frame information, or a stack that holds nonsense. */
  readonly end: 'start' | 'unknown' | 'broken';
}

/** Registers by lower-case name: those of `registerFile`. */
export type Registers = Readonly<Record<string, number>>;
/** A word of memory without side effects; null where nothing answers. */
export type ReadWord = (address: number) => number | null;

const LONGEST = 100;
const SPSEL = 4;
const FTYPE = 0x10;
const FRAME_WORDS = 8;
const FP_WORDS = 18;
const ALIGNED = 0x200;
const isExcReturn = (value: number): boolean => value >>> 24 === 0xff;

/** Where the core stands now. */
export const callChainOf = (core: Core, images: readonly LoadedImage[]): CallChain =>
  callChain(images, registerFile(core, core.pc), (address) => core.peek(address, 4));

/** From registers at an instruction boundary, and memory as it was then. */
export function callChain(images: readonly LoadedImage[], registers: Registers, read: ReadWord): CallChain {
  const frames: CallFrame[] = [];
  let state: Unwound = startOf(registers);
  for (;;) {
    const next = callerOf(images, state, read, frames.length === 0);
    push(frames, images, state, typeof next === 'string' ? null : next.exception);
    if (typeof next === 'string') return { frames, end: next };
    if (next.exception === null && isMainEnteredOtherwise(images, state, next.state, read)) return { frames, end: 'start' };
    if (frames.length >= LONGEST) return { frames, end: 'broken' };
    state = next.state;
  }
}

interface Unwound {
  /** r0…r12, SP, LR; null = not known. */
  readonly r: readonly (number | null)[];
  readonly pc: number;
  /** `pc` is a return address: the call stands before it. */
  readonly returned: boolean;
  readonly exception: number;
  readonly psp: number;
}
function startOf(registers: Registers): Unwound {
  const r = Array.from({ length: 13 }, (_, i) => registers[`r${i}`] ?? null);
  return {
    r: [...r, registers['sp'] ?? null, registers['lr'] ?? null],
    pc: registers['pc'] ?? 0,
    returned: false,
    exception: (registers['xpsr'] ?? 0) & 0x1ff,
    psp: registers['psp'] ?? 0,
  };
}

function push(frames: CallFrame[], images: readonly LoadedImage[], { r, pc, returned }: Unwound, exception: number | null): void {
  const at = returned ? pc - 2 : pc;
  const sp = (r[DWARF_REGISTERS.SP] ?? 0) >>> 0;
  const inner = framesAt(images, at);
  if (inner.length === 0) {
    const { symbol, file, line } = codePlace(images, at);
    frames.push({ pc: at, sp, function: symbol, file, line, inlined: false, exception });
  }
  inner.forEach((f, i) => {
    const last = i === inner.length - 1;
    const symbol = last ? symbolAt(images, at)?.symbol.name : undefined;
    const name = f.function ?? (symbol === undefined ? null : sourceName(symbol));
    frames.push({ pc: at, sp, ...f, function: name, exception: last ? exception : null });
  });
}

type Caller = { readonly state: Unwound; readonly exception: number | null };
function callerOf(images: readonly LoadedImage[], state: Unwound, read: ReadWord, first: boolean): Caller | CallChain['end'] {
  const { r, pc, returned } = state;
  const rules = rulesAt(images, returned ? pc - 2 : pc);
  if (isUnknown(images, rules, state, read, first)) return 'unknown';
  if (rules === null) return returnTo(state, [...r], r[DWARF_REGISTERS.LR] ?? null, read);
  const base = r[rules.cfa.register];
  if (base == null) return 'unknown';
  const cfa = (base + rules.cfa.offset) >>> 0;
  const caller = restored(rules, r, cfa, read);
  return isOutermost(images, rules, caller[DWARF_REGISTERS.LR] ?? null)
    ? 'start'
    : returnTo(state, caller, caller[DWARF_REGISTERS.LR] ?? null, read);
}

/** A return address leads behind a call that is still under way; LR of a function that runs, or that was interrupted, need not. */
function isUnknown(images: readonly LoadedImage[], rules: FrameRules | null, state: Unwound, read: ReadWord, first: boolean): boolean {
  if (!first && (state.returned || rules === null)) return rules === null;
  // armcc says of each register that it is the same
  const kept = (rules?.registers.get(rules.returnRegister)?.kind ?? 'same') === 'same';
  return kept && isLeftOver(images, rules, state, read);
}

/**
 * Nobody in the program calls main(), and the start-up code of armcc branches to it: LR is then that of a call that has returned. Only a BL to main() itself names
 * its caller.
 */
function isMainEnteredOtherwise(images: readonly LoadedImage[], { pc }: Unwound, caller: Unwound, read: ReadWord): boolean {
  const symbol = symbolAt(images, pc)?.symbol;
  return symbol?.name === 'main' && callAt(halfOf(read), caller.pc - 4) !== (symbol.address & ~1) >>> 0;
}

function restored(rules: FrameRules, r: Unwound['r'], cfa: number, read: ReadWord): (number | null)[] {
  const caller = [...r];
  for (const [register, rule] of rules.registers) {
    if (register > DWARF_REGISTERS.LR) continue;
    if (rule.kind === 'at') caller[register] = read((cfa + rule.at) >>> 0);
    else if (rule.kind === 'register') caller[register] = r[rule.register] ?? null;
    else if (rule.kind === 'lost') caller[register] = null;
  }
  caller[DWARF_REGISTERS.SP] = cfa;
  return caller;
}

const halfOf =
  (read: ReadWord) =>
  (address: number): number =>
    (((read((address & ~3) >>> 0) ?? 0) >>> (8 * (address & 2))) & 0xffff) >>> 0;
/** LR as a reset or an exception entry leaves it. */
const isEntry = (lr: number): boolean => lr >>> 0 === 0xffffffff || isExcReturn(lr);
/**
 * LR is left over from a call that has returned, and names no caller: the call in front of it leads to another function than the one that runs, and, where frame
 * information says that LR is as at the entry (a tail call may have come between), that function has made calls before, or the called one does not go on in it.
 */
function isLeftOver(images: readonly LoadedImage[], rules: FrameRules | null, { r, pc }: Unwound, read: ReadWord): boolean {
  const lr = r[DWARF_REGISTERS.LR];
  if (lr == null || isEntry(lr)) return false;
  const from = rules?.from ?? symbolAt(images, pc)?.symbol.address;
  const half = halfOf(read);
  const target = callAt(half, (lr & ~1) - 4);
  if (from === undefined) return target === null || target > pc || pc - target >= LONGEST_UNNAMED;
  const start = (from & ~1) >>> 0;
  if (target === start) return false;
  const byRegister = target === null && (half((lr & ~1) - 2) & BLX_MASK) === BLX;
  return (rules === null && !byRegister) || makesCalls(half, start, pc) || (target !== null && !mayGoOnIn(images, half, target, start));
}
const isBehindCall = (read: ReadWord, pc: number): boolean => {
  const half = halfOf(read);
  return callAt(half, pc - 4) !== null || (half(pc - 2) & BLX_MASK) === BLX;
};
function makesCalls(half: (address: number) => number, from: number, to: number): boolean {
  for (let at = from; at < to; at += 2) if (callAt(half, at) !== null || (half(at) & BLX_MASK) === BLX) return true;
  return false;
}
const LONGEST_UNNAMED = 1024;
const [BLX, BLX_MASK] = [0x4780, 0xff87];

/**
 * Nobody called a function that gives its return address up: DW_CFA_undefined (armcc), or no rule for LR at a place from which it has called others (clang, where
 * a function never returns). LR then leads back into the function itself.
 */
function isOutermost(images: readonly LoadedImage[], rules: FrameRules, lr: number | null): boolean {
  const rule = rules.registers.get(rules.returnRegister);
  if (rule !== undefined || lr === null) return rule?.kind === 'lost';
  const behind = rulesAt(images, (lr & ~1) - 2);
  return behind !== null && behind.from === rules.from && !behind.registers.has(rules.returnRegister);
}

function returnTo(state: Unwound, r: (number | null)[], address: number | null, read: ReadWord): Caller | CallChain['end'] {
  if (address === null) return 'broken';
  // LR out of reset: nobody called
  if (address >>> 0 === 0xffffffff) return 'start';
  if (isExcReturn(address)) return interrupted(state, r, address, read);
  if ((address & 1) === 0) return 'broken';
  const pc = (address & ~1) >>> 0;
  // a task begins with the address of what ends it in LR: nobody called
  if (!isBehindCall(read, pc)) return 'start';
  const stands = pc === state.pc && r[DWARF_REGISTERS.SP] === state.r[DWARF_REGISTERS.SP];
  return stands ? 'broken' : { state: { ...state, r, pc, returned: true }, exception: null };
}

/** Below an exception handler: the frame that the core stacked. */
function interrupted(state: Unwound, r: (number | null)[], excReturn: number, read: ReadWord): Caller | CallChain['end'] {
  const onPsp = (excReturn & SPSEL) !== 0;
  const frame = onPsp ? state.psp : r[DWARF_REGISTERS.SP];
  if (frame == null) return 'broken';
  const words = Array.from({ length: FRAME_WORDS }, (_, i) => read((frame + 4 * i) >>> 0));
  const [pc, psr] = [words[6], words[7]];
  if (pc == null || psr == null) return 'broken';
  const size = 4 * (FRAME_WORDS + ((excReturn & FTYPE) === 0 ? FP_WORDS : 0)) + (psr & ALIGNED ? 4 : 0);
  const caller = [...r];
  [0, 1, 2, 3, 12, DWARF_REGISTERS.LR].forEach((register, i) => (caller[register] = words[i] ?? null));
  caller[DWARF_REGISTERS.SP] = (frame + size) >>> 0;
  const next = { r: caller, pc: (pc & ~1) >>> 0, returned: false, exception: psr & 0x1ff, psp: onPsp ? frame + size : state.psp };
  return { state: next, exception: state.exception };
}
