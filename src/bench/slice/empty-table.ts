/**
 * A table that has nothing in it: the linker put its start and its end at one address. Who goes through it finds no entry, whatever it looks for. The code that holds both
 * addresses is known from the image; the run says whether it was executed. Only what the code calls makes it such a table: start-up code goes from the start of a region to
 * its end as well, to copy or to clear it.
 */
import type { Core } from '../../emu/core/core.ts';
import type { Instruction } from '../../emu/core/decode.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import type { Ps } from '../../emu/time.ts';
import { sourceName } from '../../image/source-name.ts';
import { scanFunctions } from '../input/code-scan.ts';
import { hex32 } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { checkpointBefore, record, runByStops, runTo } from './window.ts';
import { place } from './words.ts';

interface EmptyTable {
  readonly at: number;
  readonly start: string;
  readonly end: string;
  /** Where one function loads its start and its end. */
  readonly loads: readonly number[];
}
/** Effort: instructions behind the loads in which the two are compared. */
const SOON = 60;

const START = /start|begin|first|base|head/i;
const END = /end|stop|last|limit|tail/i;
/** What C and linker scripts have in any program, and what may well be empty there. */
const USUAL =
  /init_?array|fini_?array|ctors|dtors|exidx|extab|eh_?frame|(^|[._])(t?data|t?bss|text|rodata|noinit|stack|heap|zero|copy|vectors?)([._]|$)/i;

/** In words: the first table without entries that is gone through behind `from`; null where none is. Leaves the session anywhere. */
export function emptyTable(s: Session, powerOn: Checkpoint, from: Ps, end: Ps): string | null {
  const tables = emptyTables(s);
  const loads = new Map(tables.flatMap((table) => table.loads.map((pc) => [pc, table])));
  if (loads.size === 0) return null;
  s.keepCheckpoints = false;
  s.restore(checkpointBefore(s, powerOn, Math.max(from, powerOn.system.now)));
  runTo(s, from);
  let found: EmptyTable | null = null;
  const isOne = (pc: number): boolean => (found = loads.get(pc) ?? null) !== null;
  return runByStops(s, [...loads.keys()], end, isOne) && found !== null ? inWords(s, found) : null;
}
/** From where the code loads one of the two: the loop is where they are compared. Null where they are not: the address then stands for something else. */
function inWords(s: Session, { at, start, end }: EmptyTable): string | null {
  const { bootCore } = s.machine;
  const { steps } = record(s, bootCore, Infinity, SOON);
  const compares = steps.find(({ flow }) => flow?.comparisons.some(({ left, right }) => left >>> 0 === at && right >>> 0 === at));
  if (compares === undefined) return null;
  return `${place(s, compares.pc)} goes through the table from ${start} to ${end}, which has no entry in this image: both are ${hex32(at)} (--gc-sections drops what nothing refers to, unless the linker script says KEEP)`;
}

function emptyTables({ input: { images }, machine: { bootCore } }: Session): readonly EmptyTable[] {
  return scanFunctions(images).flatMap(({ constants, image, symbol }) => {
    const values = new Map<number, number[]>();
    for (const { value, pc } of constants) values.set(value, [...(values.get(value) ?? []), pc]);
    return [...values].flatMap(([at, loads]): EmptyTable[] => {
      if (loads.length < 2) return [];
      const labels = image.symbols.all.filter(({ address, kind, size }) => address === at && kind !== 'function' && size === 0);
      // of a variable that lies there a loop of its own may be the address
      if (image.symbols.all.some(({ address, size }) => address === at && size > 0)) return [];
      const pair = pairOf(labels.map(({ name }) => name));
      if (pair === null || !isCalledFrom(bootCore, Math.min(...loads), symbol.address + symbol.size, new Set(loads))) return [];
      return [{ at, loads, start: sourceName(pair.start), end: sourceName(pair.end) }];
    });
  });
}

type Decoded = Instruction['decoded'];
const LITERAL_BASE = 15;
/** What a register, or a word that lies at a fixed distance from one, holds: a place in the table, or what was loaded by way of it. */
type Held = 'place' | 'entry';
const slotOf = ({ b, imm = 0 }: Decoded): string => `${b}+${imm}`;

/** The code from one address to another branches to something that it loaded by way of the table, of which `loads` load the address. */
function isCalledFrom(core: Core, from: number, to: number, loads: ReadonlySet<number>): boolean {
  const held = new Map<number | string, Held>();
  for (let pc = from; pc < to;) {
    const ins = core.instructionAt(pc);
    const decoded = ins?.decoded ?? { op: '' };
    if (branchesTo(decoded, held)) return true;
    if (loads.has(pc) && decoded.a !== undefined) held.set(decoded.a, 'place');
    else follow(decoded, held);
    pc += ins?.size ?? 2;
  }
  return false;
}
function branchesTo({ op, a, b }: Decoded, held: ReadonlyMap<number | string, Held>): boolean {
  if (op === 'LDR_pc') return b !== undefined && b !== LITERAL_BASE && held.has(b);
  const by = op === 'MOV_pc' ? b : /^BL?X/.test(op) ? a : undefined;
  return by !== undefined && held.get(by) === 'entry';
}
/** What an instruction leaves in registers and, as unoptimised code keeps its variables, on the stack. */
function follow(decoded: Decoded, held: Map<number | string, Held>): void {
  const { op, a, b, c } = decoded;
  if (a === undefined || /^(CMP|CMN|TST|TEQ|CB)/.test(op)) return;
  const of = (key: number | string | undefined): Held | undefined => (key === undefined ? undefined : held.get(key));
  const set = (key: number | string, value: Held | undefined): void => void (value === undefined ? held.delete(key) : held.set(key, value));
  if (op === 'STR_imm') set(slotOf(decoded), of(a));
  else if (/^LDR_lit|^MOV_imm|^MOVT/.test(op)) held.delete(a);
  else if (/^LDR/.test(op)) set(a, (of(b) ?? of(c)) ? 'entry' : of(slotOf(decoded)));
  else if (op === 'LDM' && of(a)) {
    for (let r = 0; r < LITERAL_BASE; r++) if (((decoded.imm ?? 0) >>> r) & 1) held.set(r, 'entry');
  } else if (/^(MOV|ADD|SUB)_/.test(op)) set(a, of(b) ?? of(c));
}

/** Two names that differ by what says start and end: `__start_shell` and `__stop_shell`. */
function pairOf(names: readonly string[]): { readonly start: string; readonly end: string } | null {
  for (const start of names.filter((name) => START.test(name) && !USUAL.test(name))) {
    const end = names.find((name) => END.test(name) && name.replace(END, '') === start.replace(START, ''));
    if (end !== undefined) return { start, end };
  }
  return null;
}
