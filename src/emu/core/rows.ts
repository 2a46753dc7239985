/**
 * The instruction set as data. A *row* is one encoding: bit pattern, where it exists, how its operands are cut out, and how it is written in
 * assembler. An *op* is one semantics function with its variants; several encodings share one. Both tiers, the decoder, the disassembly and the
 * timing tables come from here.
 */
import type { Builder, Operands, Profile } from './builder.ts';

/** Static parameters of an op that are known when code is emitted: set flags, shift type, condition… */
export type Variant = Readonly<Record<string, number | string | boolean>>;

/** Class of an instruction for the timing tables. */
export type TimingClass =
  | 'alu'
  | 'alu-shift'
  | 'mul'
  | 'mull'
  | 'mac'
  | 'div'
  | 'load'
  | 'store'
  | 'load-multiple'
  | 'store-multiple'
  | 'load-double'
  | 'store-double'
  | 'branch'
  | 'branch-cond'
  | 'call'
  | 'branch-reg'
  | 'table-branch'
  | 'compare-branch'
  | 'it'
  | 'nop'
  | 'system'
  | 'barrier'
  | 'dsp'
  | 'exclusive'
  | 'fp-alu'
  | 'fp-mac'
  | 'fp-div'
  | 'fp-sqrt'
  | 'fp-move'
  | 'fp-load'
  | 'fp-store'
  | 'fp-load-multiple'
  | 'fp-store-multiple'
  | 'fp-convert';

/** What else can be said of an op. Timing models and translation ask for these: nothing asks an op for its name. */
export const TRAITS = {
  move: 'moves a value, changed or not, into a register: MOV and MVN',
  constant: 'writes a constant',
  'top-half': 'writes the upper half of a register: MOVT',
  compare: 'writes flags alone',
  'reads-flags': 'its result depends on flags',
  'stack-adjust': 'adds a constant to SP, which no operand names',
  shift: 'a shift of its own',
  early: 'an addition or a move that an early ALU can do',
  'bit-field': 'takes bits out, puts them in, extends or packs them',
  'counts-bits': 'CLZ',
  reversal: 'turns bytes or bits round',
  'extend-and-add': 'adds an extended byte or half-word to operand c',
  narrow: 'loads less than a word',
  'writes-pc': 'moves, adds or loads into the PC',
  interworks: 'takes the instruction set from bit 0 of the target',
  'half-words': 'its branch table has half-words, not bytes',
  exception: 'all that it costs is its exception',
  'special-register': 'moves between a special and a general register',
  wait: 'waits for an interrupt or an event',
  flush: 'empties the pipeline: ISB',
  'clears-exclusive': 'an exclusive operation without an access',
  fused: 'multiplies and adds with one rounding',
  'two-singles': 'moves two single registers, or a double',
  'fp-status': 'moves FPSCR',
  sum: 'a floating-point sum or difference',
  product: 'a floating-point product',
} as const;
export type Trait = keyof typeof TRAITS;

/** How a load or store makes its address: base and constant, base and register, base that it also writes, or PC and constant. Left out: it has no choice. */
export type Address = 'offset' | 'register' | 'indexed' | 'literal';

export interface OpDef {
  readonly name: string;
  readonly variants: readonly Variant[];
  readonly timing: TimingClass;
  /** Operand fields (of a…d) that name a general register which is written. */
  readonly dest: string;
  /** Operand fields that name a general register which is read. */
  readonly src: string;
  /** Emitted inside the interpreter's loop instead of as a function of its own (frequent instructions). */
  readonly hot: (v: Variant) => boolean;
  /** Executed by TypeScript (src/emu/core/arm/system-ops.ts) under this op's name: the fast path leaves with EXIT.SYSTEM. */
  readonly system: boolean;
  /** Executed in an IT block even if the condition fails (BKPT). System ops only. */
  readonly unconditional: boolean;
  /** It always goes on somewhere else. */
  readonly leaves: boolean;
  /** FP instruction: leaves with EXIT.FP_TRAP while FP_TRAP is set. */
  readonly fp: boolean;
  /** Operand fields that name a floating-point register which is written or read: `a` a single, `A` a double. */
  readonly fpDest: string;
  readonly fpSrc: string;
  readonly is: ReadonlySet<Trait>;
  readonly address: (v: Variant) => Address | undefined;
  /** It moves the general registers of the list in `imm`. */
  readonly list: 'loads' | 'stores' | undefined;
  /** Operand fields that an early shifter takes, one stage before the ALU. */
  readonly shifted: (v: Variant) => string;
  /** A branch to an address in a register or from memory: whether it is a return. Undefined for everything else. */
  readonly returns: ((d: Decoded) => boolean) | undefined;
  /** A system op behind which translated code may go on: it changes nothing that code hangs on. */
  readonly inside: (d: Decoded) => boolean;
  /** One of its floating-point operands is a double. */
  readonly double: boolean;
  readonly sem: (b: Builder, o: Operands, v: Variant) => void;
}

export interface OpOptions {
  readonly timing: TimingClass;
  readonly dest?: string;
  readonly src?: string;
  readonly hot?: boolean | ((v: Variant) => boolean);
  readonly fp?: boolean;
  readonly unconditional?: boolean;
  readonly fpDest?: string;
  readonly fpSrc?: string;
  readonly is?: readonly Trait[];
  readonly address?: Address | ((v: Variant) => Address | undefined);
  readonly list?: 'loads' | 'stores';
  readonly shifted?: string | ((v: Variant) => string);
  readonly returns?: (d: Decoded) => boolean;
  readonly inside?: (d: Decoded) => boolean;
  /** It always goes on somewhere else; classes of branches need not say so. */
  readonly leaves?: boolean;
  readonly variants?: readonly Variant[];
}
const always =
  <T>(x: T | ((v: Variant) => T)): ((v: Variant) => T) =>
  (v) =>
    typeof x === 'function' ? (x as (v: Variant) => T)(v) : x;

export const OPS = new Map<string, OpDef>();

const LEAVING: ReadonlySet<TimingClass> = new Set(['branch', 'call', 'branch-reg', 'table-branch']);

/** Defines an op. The semantics function is written against the builder; see builder.ts. */
export function op(name: string, options: OpOptions, sem: (b: Builder, o: Operands, v: Variant) => void): void {
  if (OPS.has(name)) throw new Error(`op ${name} is defined twice`);
  OPS.set(name, {
    name,
    sem,
    timing: options.timing,
    variants: options.variants ?? [{}],
    dest: options.dest ?? '',
    src: options.src ?? '',
    hot: typeof options.hot === 'function' ? options.hot : () => options.hot === true,
    system: false,
    unconditional: options.unconditional ?? false,
    leaves: LEAVING.has(options.timing) || options.leaves === true,
    fp: options.fp ?? false,
    fpDest: options.fpDest ?? '',
    fpSrc: options.fpSrc ?? '',
    is: new Set(options.is),
    address: always(options.address),
    list: options.list,
    shifted: always(options.shifted ?? ''),
    returns: options.returns,
    inside: options.inside ?? (() => false),
    double: /[A-D]/.test((options.fpDest ?? '') + (options.fpSrc ?? '')),
  });
}
/** Defines an op that TypeScript executes. */
export function systemOp(name: string, options: OpOptions): void {
  op(name, options, () => {});
  OPS.set(name, { ...OPS.get(name)!, system: true });
}

/** All combinations of the given values: `variants({ S: [false, true], shift: ['lsl', 'lsr'] })`. */
export function variants(axes: Readonly<Record<string, readonly (number | string | boolean)[]>>): Variant[] {
  let list: Record<string, number | string | boolean>[] = [{}];
  for (const [key, values] of Object.entries(axes)) list = list.flatMap((v) => values.map((x) => ({ ...v, [key]: x })));
  return list;
}

/** Result of decoding: an op with its variant and operand fields. */
export interface Decoded {
  readonly op: string;
  readonly v?: Variant | undefined;
  /** Variant inside an IT block if it differs (16-bit data processing sets flags only outside). */
  readonly vIT?: Variant | undefined;
  readonly a?: number | undefined;
  readonly b?: number | undefined;
  readonly c?: number | undefined;
  readonly d?: number | undefined;
  readonly imm?: number | undefined;
}

type Letter =
  | 'a'
  | 'b'
  | 'c'
  | 'd'
  | 'e'
  | 'f'
  | 'g'
  | 'h'
  | 'i'
  | 'j'
  | 'k'
  | 'l'
  | 'm'
  | 'n'
  | 'o'
  | 'p'
  | 'q'
  | 'r'
  | 's'
  | 't'
  | 'u'
  | 'v'
  | 'w'
  | 'y'
  | 'z';
/** Fields cut out by the pattern, by letter. A letter that the pattern does not have is absent. */
export type Fields = Readonly<Record<Letter, number>>;

export interface Row {
  /** Arm's name and encoding, e.g. `ADD (immediate) T3`. */
  readonly name: string;
  /** 16 or 32 characters of 0, 1, x (ignored) and letters naming fields, blanks ignored; first half-word first. */
  readonly pattern: string;
  /** Exists on this profile. */
  readonly on: (p: Profile) => boolean;
  /** Assembler template: `ADD{S} <a>, <b>, #<imm>`; used by tests and listings. */
  readonly asm: string;
  /** Its constant is an 8-bit value repeated or rotated (ThumbExpandImm). */
  readonly expands: boolean;
  /** Operands, or null when these field values belong to another row. */
  readonly decode: (f: Fields, p: Profile) => Decoded | Refusal | null;
}
/** Both take UsageFault.UNDEFINSTR here. UNPREDICTABLE encodings may do anything on silicon, so tests do not compare them. */
export type Refusal = 'undefined' | 'unpredictable';

export const ROWS: Row[] = [];

export const everywhere = (): boolean => true;
export const v7 = (p: Profile): boolean => p.arch !== 'v6m';
export const v8 = (p: Profile): boolean => p.arch === 'v8m';
export const dsp = (p: Profile): boolean => p.dsp;
export const fpu = (p: Profile): boolean => p.fpu !== 'none';

export function row(
  name: string,
  pattern: string,
  on: (p: Profile) => boolean,
  asm: string,
  decode: (f: Fields, p: Profile) => Decoded | Refusal | null,
  { expands = false }: { readonly expands?: boolean } = {},
): void {
  const bits = pattern.replaceAll(' ', '');
  if (bits.length !== 16 && bits.length !== 32) throw new Error(`${name}: pattern has ${bits.length} bits`);
  ROWS.push({ name, pattern: bits, on, asm, expands, decode });
}
