/**
 * What the machine code of an image says without being run: which functions hold the address of the ROM, set MSP and branch, or ask for a reset. Nothing here
 * is a verdict: `find-jump.ts` calls what is found and looks what comes of it.
 */
import type { ChipDescription, MemoryRow } from '../../emu/chip.ts';
import type { Piece } from './compared-pieces.ts';
import { is, type Encoding } from './encoding.ts';
import { isNarrowLoad, KnownWords, mayWriteNarrow, mayWriteWide, narrowOffset, rotated } from './known-words.ts';
import { VECTKEY, writesReset } from './reset-write.ts';
import { ShiftedBases } from './shifted-base.ts';
import { StackBases } from './stack-base.ts';
import type { ImageSymbol, LoadedImage } from '../../image/image.ts';

const LDR_LITERAL_T1: Encoding = { mask: 0xf800, value: 0x4800 };
const LDR_LITERAL_T2: Encoding = { mask: 0xff7f0000 | 0, value: 0xf85f0000 | 0 };
const MOVW: Encoding = { mask: 0xfbf08000 | 0, value: 0xf2400000 | 0 };
const MOVT: Encoding = { mask: 0xfbf08000 | 0, value: 0xf2c00000 | 0 };
/** MOV of a modified constant: 0x58000000 is RCC of WB, 0x40000000 TIM2. */
const MOV_WIDE: Encoding = { mask: 0xfbef8000 | 0, value: 0xf04f0000 | 0 };
/** MSR of MSP: SYSm 8. */
const MSR_MSP: Encoding = { mask: 0xfff0f0ff | 0, value: 0xf3808008 | 0 };
/** LDR of SP from a register's place, as start-up files in assembler do it. */
const LDR_SP: Encoding = { mask: 0xfff0f000 | 0, value: 0xf8d0d000 | 0 };
const BL: Encoding = { mask: 0xf800d000 | 0, value: 0xf000d000 | 0 };
const B_WIDE: Encoding = { mask: 0xf800d000 | 0, value: 0xf0009000 | 0 };
const B_T2: Encoding = { mask: 0xf800, value: 0xe000 };
/** BX and BLX by register; BX LR is a return. */
const BRANCH_REGISTER: Encoding = { mask: 0xff07, value: 0x4700 };
const BX_LR = 0x4770;
const POP_PC: Encoding = { mask: 0xff00, value: 0xbd00 };
/** Stores of any width to a place that is not the stack. */
const STORES: readonly Encoding[] = [
  { mask: 0xf800, value: 0x6000 },
  { mask: 0xf800, value: 0x7000 },
  { mask: 0xf800, value: 0x8000 },
  { mask: 0xf800, value: 0x5000 },
  { mask: 0xff100000 | 0, value: 0xf8000000 | 0 },
  { mask: 0xfe500000 | 0, value: 0xe8400000 | 0 },
];
/** Loads and stores of any width with a positive offset of 12 bits. */
const OFFSET_12: Encoding = { mask: 0xff800000 | 0, value: 0xf8800000 | 0 };
/** LDR of a word with an offset of five bits, in words. */
const LDR_T1: Encoding = { mask: 0xf800, value: 0x6800 };
/** Of those with 12 bits: a load. */
const LOAD = 1 << 20;
const CMP_T1: Encoding = { mask: 0xf800, value: 0x2800 };
/** CMP of two registers, both low, or one of them high. */
const CMP_LOW: Encoding = { mask: 0xffc0, value: 0x4280 };
const CMP_HIGH: Encoding = { mask: 0xff00, value: 0x4500 };
const CMP_T2: Encoding = { mask: 0xfbf08f00 | 0, value: 0xf1b00f00 | 0 };
/** MOVS and ADDS of a small number, and ORR of one. */
const MOVS_T1: Encoding = { mask: 0xf800, value: 0x2000 };
const ADDS_T2: Encoding = { mask: 0xf800, value: 0x3000 };
const ORR_T1: Encoding = { mask: 0xfbe0f000 | 0, value: 0xf0400000 | 0 };

export const isIn = ({ symbol: { address, size } }: Pick<FunctionFacts, 'symbol'>, pc: number): boolean =>
  pc >= address && pc < address + size;
/** It loads this address, or accesses it. */
export const holds = ({ accesses, constants }: FunctionFacts, address: number): boolean =>
  accesses.includes(address) || constants.some(({ value }) => value === address);

/** What one function holds. */
export interface FunctionFacts {
  readonly symbol: ImageSymbol;
  readonly image: LoadedImage;
  /** Constants that it loads, with the address of the load. */
  readonly constants: readonly { readonly value: number; readonly pc: number }[];
  /** Addresses that it reaches from such a constant by an offset: of absolute addresses compilers keep what lies at a multiple of 4 KiB. */
  readonly accesses: readonly number[];
  /** What it loads from by an offset behind such a constant, by the constant. */
  readonly loads: ReadonlyMap<number, readonly number[]>;
  /** Offsets from which it loads, behind any base but the stack. */
  readonly loadsAt: ReadonlySet<number>;
  /** Words that it loads from constant addresses. */
  readonly words: readonly number[];
  /** Loads and stores at constant addresses. */
  readonly accessed: KnownWords['accessed'];
  /** What it compares with numbers. */
  readonly pieces: readonly Piece[];
  readonly setsMsp: boolean;
  /** It branches to an address in a register. */
  readonly branchesFar: boolean;
  /** Functions that it calls or goes on in, with the place of the call. */
  readonly calls: readonly { readonly target: number; readonly pc: number }[];
  /** Where it stores outside of the stack. */
  readonly stores: readonly number[];
  /** Small numbers that it compares with. */
  readonly compared: readonly number[];
  /** Constants that it compares something with, of 16 bits as well. */
  readonly comparedWith: ReadonlySet<number>;
  /** Numbers that MOVW loads: whole ones of 16 bits, and lower halves. */
  readonly halves: ReadonlySet<number>;
  /** Small numbers that it loads, adds or sets the bits of, with the place. */
  readonly small: readonly { readonly value: number; readonly pc: number }[];
}

/** All functions that the images name, by address. */
export const scanFunctions = onceFor(scanAll);
type Scan = (images: readonly LoadedImage[]) => readonly FunctionFacts[];
function onceFor(scan: Scan): Scan {
  const scanned = new WeakMap<readonly LoadedImage[], readonly FunctionFacts[]>();
  return (images) => {
    let found = scanned.get(images);
    if (found === undefined) scanned.set(images, (found = scan(images)));
    return found;
  };
}
function scanAll(images: readonly LoadedImage[]): readonly FunctionFacts[] {
  const found: FunctionFacts[] = [];
  const seen = new Set<number>();
  for (const image of images)
    for (const symbol of image.symbols.all) {
      const { address: start, kind, size } = symbol;
      if (kind !== 'function' || size < 2 || seen.has(start)) continue;
      const halfwords = bytesOf(image, start, size);
      if (halfwords === null) continue;
      seen.add(start);
      found.push(scan(image, symbol, start, halfwords));
    }
  return found.sort((a, b) => a.symbol.address - b.symbol.address);
}

/** The facts of images that name no function (stripped, Intel HEX, raw bytes), of each stretch of memory as if it were one: what of it is code nobody says. */
export const scanUnnamed = onceFor(scanStretches);
function scanStretches(images: readonly LoadedImage[]): readonly FunctionFacts[] {
  return images
    .filter(({ symbols }) => !symbols.all.some((s) => s.kind === 'function'))
    .flatMap((image) =>
      image.chunks.map(({ address, data }) => {
        const symbol: ImageSymbol = { name: '', address, size: data.length, kind: 'function', binding: 'local' };
        return scan(image, symbol, address, new DataView(data.buffer, data.byteOffset, data.length));
      }),
    );
}

/** Bytes of the image, of a function with its literal pool as a rule; null where it has none. */
function bytesOf(image: LoadedImage, start: number, size: number): DataView | null {
  const chunk = image.chunks.find((c) => start >= c.address && start + size <= c.address + c.data.length);
  if (!chunk) return null;
  const at = start - chunk.address;
  return new DataView(chunk.data.buffer, chunk.data.byteOffset + at, size);
}

interface Draft {
  readonly constants: { value: number; pc: number }[];
  readonly accesses: number[];
  readonly loads: Map<number, number[]>;
  readonly loadsAt: Set<number>;
  /** Whole constants by register. */
  readonly held: Map<number, number>;
  /** The register that this instruction puts a constant into. */
  puts: number | null;
  readonly known: KnownWords;
  readonly bases: StackBases;
  readonly shifted: ShiftedBases;
  readonly calls: { target: number; pc: number }[];
  readonly stores: number[];
  readonly compared: number[];
  readonly comparedWith: Set<number>;
  readonly small: { value: number; pc: number }[];
  readonly literals: Set<number>;
  /** Lower halves by register, until MOVT brings the upper one. */
  readonly low: Map<number, number>;
  readonly halves: Set<number>;
  /** The word at an address outside of the function: of one in assembler the literals may lie behind its end. */
  readonly beyond: (address: number) => DataView | null;
  setsMsp: boolean;
  branchesFar: boolean;
}

function scan(image: LoadedImage, symbol: ImageSymbol, start: number, code: DataView): FunctionFacts {
  const d: Draft = {
    constants: [],
    accesses: [],
    loads: new Map(),
    loadsAt: new Set(),
    held: new Map(),
    puts: null,
    known: new KnownWords(),
    bases: new StackBases(),
    shifted: new ShiftedBases(),
    calls: [],
    stores: [],
    compared: [],
    comparedWith: new Set(),
    small: [],
    literals: new Set(),
    low: new Map(),
    halves: new Set(),
    beyond: (address) => bytesOf(image, address, 4),
    setsMsp: false,
    branchesFar: false,
  };
  for (let at = 0; at + 2 <= code.byteLength;) {
    const pc = start + at;
    const first = code.getUint16(at, true);
    const wide = first >>> 11 >= 0x1d;
    // what lies behind the code is data: a load has named it by then
    if (d.literals.has(pc)) {
      at += 4;
      continue;
    }
    const bits = wide && at + 4 <= code.byteLength ? (first << 16) | code.getUint16(at + 2, true) : first;
    let sum: number | null = null;
    if (bits === first) d.known.narrow(bits, pc);
    else sum = d.known.wide(bits, pc);
    // what they load stands in a register behind them
    d.puts = null;
    if (bits === first) narrowInstruction(d, code, start, pc, bits);
    else wideInstruction(d, code, start, pc, bits);
    forget(d, bits, bits === first);
    if (sum !== null) constant(d, pc, (bits >>> 8) & 15, sum);
    noteBases(d, bits, bits === first);
    at += wide ? 4 : 2;
  }
  const { constants, accesses, loads, loadsAt, calls, stores, compared, comparedWith, halves, small, setsMsp, branchesFar } = d;
  const { loaded: words, accessed, compared: inPieces } = d.known;
  const reached = { constants, accesses, loads, loadsAt, words, accessed, calls, stores };
  return { symbol, image, ...reached, compared, comparedWith, halves, pieces: inPieces.pieces, small, setsMsp, branchesFar };
}

/** The functions that call the one at `pc` by name. */
export function callersOf(images: readonly LoadedImage[], pc: number): readonly string[] {
  const all = scanFunctions(images);
  const at = all.find(({ symbol: { address, size } }) => pc >= (address & ~1) && pc < (address & ~1) + size)?.symbol.address;
  if (at === undefined) return [];
  const callers = all.filter(({ calls, symbol }) => symbol.address !== at && calls.some(({ target }) => target === (at & ~1) >>> 0));
  return callers.map(({ symbol }) => symbol.name);
}
/** The function that calls the one at `pc`, if it is one alone: LR at a jump says who returned last, not who called. */
export function onlyCallerOf(images: readonly LoadedImage[], pc: number): string | null {
  const callers = callersOf(images, pc);
  return callers.length === 1 ? callers[0]! : null;
}

/** Functions that begin the ways to one: none of them is start-up code. */
export interface CalledFrom {
  /** Of the image's vector table. */
  readonly handlers: readonly string[];
  /** That no function calls by name: callbacks, tasks. */
  readonly pointers: readonly string[];
}
/** Where the ways to a function begin; null where one begins in start-up code, or nothing is known of it. */
export function calledFrom(images: readonly LoadedImage[], to: FunctionFacts): CalledFrom | null {
  const all = scanFunctions(images);
  const start = all.find((f) => f.image === to.image && isReset(f));
  const handled = handlersOf(to.image);
  // start-up code may hold the address of what it goes on in
  const begins = (f: FunctionFacts): boolean =>
    f === start || f.symbol.name === 'main' || start?.constants.some(({ value }) => (value & ~1) >>> 0 === f.symbol.address) === true;
  const [handlers, pointers] = [new Set<string>(), new Set<string>()];
  const seen = new Set([to]);
  for (const f of seen) {
    if (begins(f)) return null;
    const callers = all.filter((c) => c !== f && c.calls.some(({ target }) => target === f.symbol.address));
    const isHandler = handled.has(f.symbol.address);
    if (isHandler) handlers.add(f.symbol.name);
    else if (callers.length === 0) pointers.add(f.symbol.name);
    for (const c of callers) seen.add(c);
  }
  // what nothing calls is no way that a board goes
  return pointers.has(to.symbol.name) ? null : { handlers: [...handlers], pointers: [...pointers] };
}
const MOST_VECTORS = 16 + 240;
/** The vector table of its image leads to it. */
export const isHandler = ({ image, symbol }: FunctionFacts): boolean => handlersOf(image).has(symbol.address);
/** The addresses in the vector table that the image begins with, but for the reset. */
function handlersOf({ chunks }: LoadedImage): ReadonlySet<number> {
  const [first] = chunks.toSorted((a, b) => a.address - b.address);
  const found = new Set<number>();
  if (first === undefined) return found;
  const table = new DataView(first.data.buffer, first.data.byteOffset, first.data.length);
  for (let at = 8; at + 4 <= Math.min(first.data.length, 4 * MOST_VECTORS); at += 4) {
    const vector = table.getUint32(at, true);
    const isCode = vector % 2 === 1 && chunks.some((c) => vector >= c.address && vector < c.address + c.data.length);
    if (isCode) found.add(vector - 1);
    else if (vector !== 0) break;
  }
  return found;
}

function literal(d: Draft, code: DataView, start: number, pc: number, register: number, offset: number): void {
  const address = ((pc + 4) & ~3) + offset;
  const at = address - start;
  const word = at >= 0 && at + 4 <= code.byteLength ? code.getUint32(at, true) : (d.beyond(address)?.getUint32(0, true) ?? null);
  if (word === null) return;
  d.literals.add(address);
  constant(d, pc, register, word);
}
function constant(d: Draft, pc: number, register: number, value: number): void {
  d.constants.push({ value, pc });
  d.held.set(register, value);
  d.puts = register;
  d.known.set(register, value);
}

/** A register holds its constant up to what may write it; behind a return another way comes in. */
function forget({ held, puts }: Draft, bits: number, isNarrow: boolean): void {
  if (isNarrow && (bits === BX_LR || is(bits, POP_PC))) held.clear();
  const written = isNarrow ? mayWriteNarrow(bits) : mayWriteWide(bits);
  for (const register of held.keys()) if (register !== puts && written & (1 << register)) held.delete(register);
}

function compare(d: Draft, ...registers: readonly number[]): void {
  for (const register of registers) {
    for (const value of [d.held.get(register), d.low.get(register)]) if (value !== undefined) d.comparedWith.add(value);
  }
}

function noteBases(d: Draft, bits: number, isNarrow: boolean): void {
  noteOffset(d, bits);
  const address = isNarrow ? d.shifted.narrow(bits) : null;
  if (address !== null) d.accesses.push(address);
  if (isNarrow) d.bases.narrow(bits);
  else for (const bases of [d.shifted, d.bases]) bases.wide(bits);
}
function noteOffset({ loadsAt, bases }: Draft, bits: number): void {
  if (bases.holdsBaseOf(bits)) return;
  const narrow = narrowOffset(bits);
  if (narrow !== null && isNarrowLoad(bits)) loadsAt.add(narrow);
  else if (is(bits, OFFSET_12) && (bits & LOAD) !== 0) loadsAt.add(bits & 0xfff);
}
function load(d: Draft, register: number, offset: number): void {
  const base = d.held.get(register);
  if (base !== undefined) d.loads.set(base, [...(d.loads.get(base) ?? []), (base + offset) >>> 0]);
}

function narrowInstruction(d: Draft, code: DataView, start: number, pc: number, bits: number): void {
  if (is(bits, LDR_LITERAL_T1)) literal(d, code, start, pc, (bits >>> 8) & 7, (bits & 0xff) * 4);
  else if (is(bits, LDR_T1)) load(d, (bits >>> 3) & 7, ((bits >>> 6) & 31) * 4);
  else if (is(bits, BRANCH_REGISTER)) d.branchesFar ||= bits !== BX_LR;
  else if (is(bits, B_T2)) d.calls.push({ target: (pc + 4 + ((bits << 21) >> 20)) >>> 0, pc });
  else if (is(bits, CMP_T1)) d.compared.push(bits & 0xff);
  else if (is(bits, CMP_LOW)) compare(d, bits & 7, (bits >>> 3) & 7);
  else if (is(bits, CMP_HIGH)) compare(d, (bits & 7) | ((bits >>> 4) & 8), (bits >>> 3) & 15);
  else if (is(bits, MOVS_T1) || is(bits, ADDS_T2)) smallNumber(d, bits, pc);
  else if (STORES.some((s) => s.mask > 0 && is(bits, s))) store(d, bits, pc);
}

// eslint-disable-next-line complexity -- one line an encoding
function wideInstruction(d: Draft, code: DataView, start: number, pc: number, bits: number): void {
  const register = (bits >>> 8) & 15;
  const half = ((bits >>> 4) & 0xf000) | ((bits >>> 15) & 0x0800) | ((bits >>> 4) & 0x0700) | (bits & 0xff);
  const base = d.held.get((bits >>> 16) & 15);
  if (is(bits, OFFSET_12) && base !== undefined) {
    d.accesses.push((base + (bits & 0xfff)) >>> 0);
    load(d, (bits >>> 16) & 15, bits & 0xfff);
  }
  if (is(bits, LDR_LITERAL_T2)) literal(d, code, start, pc, (bits >>> 12) & 15, bits & 0x00800000 ? bits & 0xfff : -(bits & 0xfff));
  else if (is(bits, MOVW)) lowerHalf(d, register, half);
  else if (is(bits, MOVT)) constant(d, pc, register, ((half << 16) | (d.low.get(register) ?? 0)) >>> 0);
  else if (is(bits, MOV_WIDE)) rotatedConstant(d, register, rotated(bits));
  else if (is(bits, MSR_MSP) || is(bits, LDR_SP)) d.setsMsp = true;
  else if (is(bits, BL) || is(bits, B_WIDE)) d.calls.push({ target: farTarget(pc, bits), pc });
  else if (is(bits, CMP_T2)) d.compared.push(bits & 0xff);
  else if (is(bits, ORR_T1)) d.small.push({ value: bits & 0xff, pc });
  else if (STORES.some((s) => s.mask < 0 && is(bits, s))) store(d, bits, pc);
}

function store(d: Draft, bits: number, pc: number): void {
  if (!d.bases.holdsBaseOf(bits)) d.stores.push(pc);
}
/** MOVT sets the upper half of what MOVS leaves, too. */
function smallNumber(d: Draft, bits: number, pc: number): void {
  d.small.push({ value: bits & 0xff, pc });
  if (is(bits, MOVS_T1)) d.low.set((bits >>> 8) & 7, bits & 0xff);
}
function lowerHalf(d: Draft, register: number, half: number): void {
  d.low.set(register, half);
  d.halves.add(half);
}
/** A number whose upper bits are those of a block's address is one; others are no base of anything. */
function rotatedConstant(d: Draft, register: number, value: number): void {
  d.known.set(register, value);
  d.low.set(register, value & 0xffff);
  if (value >>> 28 !== 4 && value >>> 28 !== 5) return;
  d.accesses.push(value);
  d.held.set(register, value);
  d.puts = register;
}
/** Where BL at `pc` leads to; null for another instruction. @param bits its two half-words, the first one above */
export const blTarget = (pc: number, bits: number): number | null => (is(bits, BL) ? farTarget(pc, bits) : null);
/** S:I1:I2:imm10:imm11:0 with I = NOT(J EOR S). */
function farTarget(pc: number, bits: number): number {
  const s = (bits >>> 26) & 1;
  const i1 = ((bits >>> 13) & 1) ^ s ^ 1;
  const i2 = ((bits >>> 11) & 1) ^ s ^ 1;
  const imm = (s << 24) | (i1 << 23) | (i2 << 22) | (((bits >>> 16) & 0x3ff) << 12) | ((bits & 0x7ff) << 1);
  return (pc + 4 + ((imm << 7) >> 7)) >>> 0;
}

/** A function that may end in system memory, and why. */
export interface JumpCandidate {
  readonly facts: FunctionFacts;
  /** `jump`: it goes there itself; `request`: it leaves something behind and resets. */
  readonly kind: 'jump' | 'request';
  /** Start-up code calls it: that it did not jump was its own decision. */
  readonly runsAnyway: boolean;
  /** It holds an address of the ROM: of another, a loader for instance, nobody knows where it goes. */
  readonly namesRom: boolean;
  /** For a person: `holds 0x1fff0000, sets MSP and branches`. */
  readonly why: string;
}

const isReset = ({ image, symbol }: FunctionFacts): boolean => ((image.entry ?? 1) & ~1) >>> 0 === symbol.address;
const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;

/** What the offset of a load reaches behind its base. */
const REACH = 0x1000;
/** Not those of unique ID and flash size (F0, F1 and F3 have them in the ROM's last bytes), nor the base of a load of them where they stand right behind the ROM. */
function romAddresses(chip: ChipDescription): (value: number) => boolean {
  const [first, last] = chip.rom?.range.value ?? [0, -1];
  const table = chip.rom?.vectorTable.value ?? first;
  const identity = chip.memories.find((m) => m.name === 'info')?.base ?? 0;
  const isBase = (value: number): boolean => value < identity && value >= identity - REACH && value !== first;
  return (value) => (value >= first && value <= last && !isBase(value) && !isFact(chip, value)) || value === table || value === table + 4;
}
/** What ST writes about the part in its ROM or beside it (unique ID, size of the flash, calibration): any firmware may read it. */
export function isFact({ memories }: ChipDescription, address: number): boolean {
  const from = (m: MemoryRow): number => m.base + (m.zone === 'systemMemory' ? (m.factsFrom ?? m.size) : 0);
  return memories.some((m) => m.zone !== 'user' && address >= from(m) && address < m.base + m.size);
}

/** All that it loads behind this constant is unique ID or flash size: where these lie in the last bytes of the ROM (F0, F3) or behind it (F1), the base of the load may be one of the ROM. */
function readsIdentity({ loads }: FunctionFacts, base: number, chip: ChipDescription): boolean {
  const reached = loads.get(base) ?? [];
  return reached.length > 0 && reached.every((a) => isFact(chip, a));
}

/** What a vector table has to lie at a multiple of, at least (Armv7-M ARM B3.2.5). */
const TABLE_ALIGNMENT = 0x80;
/** It loads a reset vector of a constant table in the flash that users have: the program that it starts is no ROM. */
const startsAnImage = ({ words }: FunctionFacts, { memories }: ChipDescription): boolean =>
  words.some(
    (a) => a % TABLE_ALIGNMENT === 4 && memories.some((m) => m.kind === 'flash' && m.zone === 'user' && a >= m.base && a < m.base + m.size),
  );

/** It holds where another image begins, whose header may tell it where the table is. */
const startsOther = ({ image, constants }: FunctionFacts, functions: readonly FunctionFacts[]): boolean =>
  constants.some(({ value }) => functions.some((other) => other.image !== image && other.image.chunks[0]?.address === value));

/** The address is a bound, as of the flash that a function may write: it goes nowhere from there. */
const onlyCompares = ({ comparedWith, setsMsp, branchesFar }: FunctionFacts, value: number): boolean =>
  comparedWith.has(value) && !setsMsp && !branchesFar;
/** Its callers tell it which table: each holds the address of one in the flash that users have, and none that of the ROM. Nor does it map the ROM to 0 itself. */
function startsCallersImage(
  { symbol, words, constants }: FunctionFacts,
  functions: readonly FunctionFacts[],
  chip: ChipDescription,
  inRom: (value: number) => boolean,
): boolean {
  const callers = functions.filter(({ calls }) => calls.some(({ target }) => target === symbol.address));
  const mapper = chip.blocks.find(({ name }) => name === 'SYSCFG')?.base ?? null;
  const maps = mapper !== null && constants.some(({ value }) => value >= mapper && value < mapper + REACH);
  const namesTable = ({ memories }: ChipDescription, value: number): boolean =>
    value % TABLE_ALIGNMENT === 0 &&
    memories.some((m) => m.kind === 'flash' && m.zone === 'user' && value > m.base && value < m.base + m.size);
  return (
    callers.length > 0 &&
    !maps &&
    words.every((a) => a >= TABLE_ALIGNMENT) &&
    callers.every((c) => c.constants.some(({ value }) => namesTable(chip, value)) && !c.constants.some(({ value }) => inRom(value)))
  );
}

function whyJump(facts: FunctionFacts, base: number | null, at: ReadonlyMap<number, FunctionFacts>): string {
  const branches = facts.branchesFar || facts.calls.some((c) => at.get(c.target)?.setsMsp === true);
  return [
    ...(base === null ? [] : [`holds ${hex(base)}`]),
    ...(facts.setsMsp ? ['sets MSP'] : []),
    ...(branches ? ['branches to an address in a register'] : []),
  ].join(', ');
}

/** It has the key, and writes it with a bit that resets. */
function resets({ constants, image, symbol: { address, size } }: FunctionFacts): boolean {
  if (!constants.some(({ value }) => value >>> 16 === VECTKEY)) return false;
  const code = bytesOf(image, address, size);
  return code !== null && writesReset(code, address, (a) => bytesOf(image, a, 4)?.getUint32(0, true) ?? null);
}
/** Writes something down and resets the chip, itself or by a function that it calls. */
function storesBeforeReset(facts: FunctionFacts, at: ReadonlyMap<number, FunctionFacts>): boolean {
  // the store to AIRCR itself is one
  if (resets(facts)) return facts.stores.length > 1;
  const call = resetCall(facts, at);
  return call !== undefined && facts.stores.some((pc) => pc < call.pc);
}
function resetCall(facts: FunctionFacts, at: ReadonlyMap<number, FunctionFacts>): FunctionFacts['calls'][number] | undefined {
  const resetting = (f: FunctionFacts | undefined): boolean => f !== undefined && f !== facts && resets(f);
  return facts.calls.find((c) => {
    const callee = at.get(c.target);
    // unoptimised, HAL_NVIC_SystemReset calls the function that resets
    return resetting(callee) || (callee?.stores.length === 0 && callee.calls.some((inner) => resetting(at.get(inner.target))));
  });
}
/** Has a number stored by a function that it calls (HAL_RTCEx_BKUPWrite) and resets the chip; in front of the jump, code compares something with that number. */
function hasStoredBeforeReset(facts: FunctionFacts, at: ReadonlyMap<number, FunctionFacts>, asked: ReadonlySet<number>): boolean {
  const reset = resets(facts) ? Infinity : resetCall(facts, at)?.pc;
  if (reset === undefined) return false;
  const stores = facts.calls.some(({ target, pc }) => pc < reset && (at.get(target)?.stores.length ?? 0) > 0);
  return (
    stores &&
    [...facts.constants, ...facts.small]
      .map(({ value }) => value)
      .concat(...facts.halves)
      .some((n) => n !== 0 && asked.has(n))
  );
}

/** Functions that can enter system memory, those that jump themselves first. */
export function jumpCandidates(functions: readonly FunctionFacts[], chip: ChipDescription): JumpCandidate[] {
  const at = new Map(functions.map((f) => [f.symbol.address, f]));
  // a reset calls it anyway: of it counts what holds the ROM's address, a branch of start-up code in assembler
  const asked = functions.filter((f) => !isReset(f));
  const calledFirst = new Set(functions.filter(isReset).flatMap((f) => f.calls.map((c) => c.target)));
  const started = (f: FunctionFacts): boolean => isReset(f) || calledFirst.has(f.symbol.address);
  const inRom = romAddresses(chip);
  const found: JumpCandidate[] = [];
  for (const facts of functions) {
    const base = facts.constants.find((c) => inRom(c.value) && !readsIdentity(facts, c.value, chip) && !onlyCompares(facts, c.value));
    const jumps = facts.setsMsp && facts.branchesFar && !isReset(facts);
    if (
      base ||
      (jumps && !startsAnImage(facts, chip) && !startsOther(facts, functions) && !startsCallersImage(facts, functions, chip, inRom))
    )
      found.push({
        facts,
        kind: 'jump',
        runsAnyway: started(facts),
        namesRom: base !== undefined,
        why: whyJump(facts, base?.value ?? null, at),
      });
  }
  const jumps = new Set(found.map((c) => c.facts));
  const deciding = functions.filter((f) => jumps.has(f) || f.calls.some(({ target }) => jumps.has(at.get(target)!)));
  const numbers = new Set(deciding.flatMap(({ compared, comparedWith }) => [...compared, ...comparedWith]));
  for (const facts of asked)
    if (!jumps.has(facts) && (storesBeforeReset(facts, at) || hasStoredBeforeReset(facts, at, numbers)))
      found.push({ facts, kind: 'request', runsAnyway: started(facts), namesRom: false, why: 'stores something and may reset the chip' });
  return found;
}
