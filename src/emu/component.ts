/**
 * What the machine is to a block of a chip. State is plain data made by `create`: no closures, no promises, no class
 * instances, so that a machine can be saved, forked and compared. A block acts only when it is called: on a bus access, a timer
 * that it armed, a wire or a clock that it listens to, or a reset. Nothing polls.
 */
import type { Ps, Rate } from './time.ts';
import type { Wire } from './wires.ts';

export type TypedArray = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;
export type Plain = number | string | boolean | null | undefined | TypedArray | readonly Plain[] | { [key: string]: Plain };

/**
 * power: power-on, everything. system: system reset (pin, software, watchdogs…). backup: backup-domain reset. gate: the block's own
 * reset bit in RCC.
 */
export type ResetKind = 'power' | 'system' | 'backup' | 'gate';

/** What a note is about, in the chip's own names, for rooms that act on it: none of them reads its text. */
export type GuestFact =
  /** This flag cannot be set on this board; `otherBoard`: it could on one with that clock, which is a signal where `bypass` is set, else a crystal. */
  | { readonly is: 'never-ready'; readonly flag: string; readonly otherBoard: boolean; readonly bypass?: boolean }
  /** On a serial bus nobody answered to this address, of seven bits. */
  | { readonly is: 'no-acknowledge'; readonly address: number }
  /** A write that the bit `lock` refused. */
  | { readonly is: 'locked'; readonly lock: string }
  /** A write that had no effect for another reason. */
  | { readonly is: 'lost'; readonly why: Refusal }
  /** A write to this register of the backup domain that was ignored. */
  | { readonly is: 'backup-locked'; readonly register: string }
  /** VTOR was written with bits that it does not have. */
  | { readonly is: 'vtor-cut'; readonly written: number }
  /** The VCO of a PLL, its input or its output, outside of what the data sheet allows: a real chip need not run with it. `source`: the oscillator that feeds it; rate and range in hertz. */
  | {
      readonly is: 'impossible-clock';
      readonly source: string;
      readonly rate: number;
      readonly range: readonly [low: number, high: number];
    }
  /** At a reset: these registers of option bytes were written, and the bit `start` was never set to program them, or (`running`) had not done it yet. */
  | { readonly is: 'unprogrammed'; readonly registers: readonly string[]; readonly start: string; readonly running: boolean }
  /** Flash is read with fewer wait states than its clock asks for, by a write of this register, or since the clock was raised. */
  | { readonly is: 'flash-too-fast'; readonly since: 'wait-states' | 'clock' }
  /** A serial port runs at another rate than who sends to it; `wrote`: the instruction that set it; `counts`: the crystal in hertz with which it would be right, and the function that holds its rate; `odd`: with that one the system clock would be odd. */
  | {
      readonly is: 'other-baud';
      readonly wrote: number | null;
      readonly counts: { readonly port: string; readonly hz: number; readonly by: string; readonly odd: boolean } | null;
    }
  /** Flash that cannot be read or executed from now on, first and last address. */
  | { readonly is: 'secured'; readonly from: number; readonly to: number }
  /** This bit, by `REG.BIT`, was to be cleared, and what it switches on is in use. */
  | { readonly is: 'in-use'; readonly bit: string }
  /** At a reset: a RAM was erased, because this option byte, `BLOCK.REG.FIELD`, is 0. */
  | { readonly is: 'ram-erased'; readonly option: string }
  /** At a reset: a unit of the flash was written in part. */
  | { readonly is: 'half-written'; readonly address: number }
  /** A line of the data cache was written back over what the code had stored there since it switched the cache off. */
  | { readonly is: 'over-newer'; readonly address: number }
  /** This register, `BLOCK.REG`, took a write although its block had no clock: `enable`, `RCC.REG.FIELD`, was 0. */
  | { readonly is: 'kept-unclocked'; readonly register: string; readonly enable: string }
  /** Odd, but nothing that the firmware wrote was refused. */
  | { readonly is: 'nothing-lost' }
  /** A serial port did not get this byte; `behindOne`: the program had taken one before. */
  | { readonly is: 'lost-byte'; readonly behindOne: boolean }
  /** The chip went to sleep; `cold`: without its RAM. */
  | { readonly is: 'sleep'; readonly cold: boolean };

/**
 * Why a store does not do what it says. `no-clock`, `in-reset`: of its block. `backup-domain`: PWR's DBP is 0. `locked`: a bit LOCK of the block. `protected`: its key register
 * (RTC_WPR, IWDG_KR) was not given the keys. `key`: the keys themselves were wrong. `running`: not while that is on or busy. `not-allowed`: by this core or security state.
 * `in-use`: the system clock comes from what was to be switched off.
 * Of option bytes that a reset brought back as they were: `not-programmed`: nothing started it, `cut-short`: the reset came before it was done.
 */
export type Refusal =
  | 'no-clock'
  | 'in-reset'
  | 'backup-domain'
  | 'locked'
  | 'protected'
  | 'key'
  | 'running'
  | 'not-allowed'
  | 'not-programmed'
  | 'cut-short'
  | 'in-use';

/** The machine as one block sees it. One Env belongs to one block. */
export interface Env {
  readonly name: string;
  /** Time of the access or event that is being served. */
  now(): Ps;
  /** Arms the block's timer `timer` (declared in `timers`), replacing its earlier due time. `onTimer` is called at `due`. */
  arm(timer: string, due: Ps): void;
  disarm(timer: string): void;
  /** Due time of a timer, Infinity if not armed. */
  due(timer: string): Ps;
  /** Drives interrupt line `index` of this block (index into the chip row's `irq` list) to a level; with `core` towards that core alone. */
  irq(index: number, level: boolean, core?: number): void;
  /** Index of the core whose access is being served; 0 where it is none's. */
  master(): number;
  /** Whole edges of a named clock of the chip at `now()`. */
  clockCount(clock: string): number;
  /** The block's clock-enable bit is set (always true for a block without one). */
  clocked(): boolean;
  /** When the clock will have counted `count` edges; Infinity while it is stopped. */
  clockTimeOf(clock: string, count: number): Ps;
  /** The clock's rate, null while it is stopped. */
  clockRate(clock: string): Rate | null;
  /** For clock controllers: sets a clock's rate from `now()` on; listeners are told if it changed. */
  setClock(clock: string, rate: Rate | null): void;
  /** Level or value of a wire between blocks, 0 if nobody has driven it. */
  wire(wire: Wire): number;
  /** Drives a wire; blocks that listen to it are told at once if the value changed. */
  setWire(wire: Wire, value: number): void;
  /** A wire that the machine counts on: its count now. Nobody is told when it changes. */
  total(wire: Wire): number;
  /** Board and chip parameter, e.g. `hse.hz`, `vddusb.volts`; undefined if the board has none. */
  parameter(name: string): number | undefined;
  /** Asks for a reset of the whole chip. It takes place after the current instruction. */
  requestReset(by: ResetCause): void;
  /** A guest error or another event worth a line in the timeline. */
  note(kind: string, text: string, about?: GuestFact): void;
  /** Bus access by this block as a bus master (DMA, ROM helpers); null/false = bus error. */
  busRead(address: number, size: 1 | 2 | 4): number | null;
  busWrite(address: number, size: 1 | 2 | 4, value: number): boolean;
  /**
   * For flash controllers: changes the bytes of a chip memory directly (program, erase); decoded code is dropped. `programmed`: a data cache in the flash
   * interface takes the bytes as well.
   */
  pokeMemory(memory: string, offset: number, bytes: Uint8Array, programmed?: boolean): void;
  peekMemory(memory: string, offset: number, length: number): Uint8Array;
}

/** Codes of the wire `reset.cause`, which is driven before blocks are reset: the index in this list. */
export const RESET_CAUSES = [
  'power',
  'brownout',
  'pin',
  'software',
  'iwdg',
  'wwdg',
  'low-power',
  'option-bytes',
  'debugger',
  'core',
] as const;
export type ResetCause = (typeof RESET_CAUSES)[number];

/** Thrown by nobody: the value that a device returns for an access that it answers with a bus error. */
export const BUS_ERROR = -1;

/** Deep copy of plain data; typed arrays are copied, strings and numbers shared. */
export function clonePlain<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  if (ArrayBuffer.isView(value)) return (value as unknown as Uint8Array).slice() as unknown as T;
  if (Array.isArray(value)) return value.map(clonePlain) as unknown as T;
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = clonePlain((value as Record<string, unknown>)[key]);
  return copy as T;
}
