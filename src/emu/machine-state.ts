/** What belongs to the machine as a whole and to no block or core: plain data, kept in every checkpoint. */
import type { Polled } from './polled.ts';
import { nothingPrinted, print, type Printed } from './console-text.ts';
import type { GuestFact, ResetCause } from './component.ts';
import { US, type Ps } from './time.ts';

/** Where the core was that asked for a reset, or that a reset interrupted: its instruction, and LR there. Null at power-on. */
export interface ResetOrigin {
  readonly pc: number | null;
  readonly lr: number | null;
  readonly waited?: boolean;
}
/** Plain state of the machine itself. */
export interface MachineState {
  pendingReset: ({ by: ResetCause; core: number; external: boolean } & ResetOrigin) | null;
  /** A core runs a user handler that interrupted code in system memory. */
  handlerOverSystem: boolean[];
  /** PC that the last exception return goes to, and handler that the last exception entry goes to. */
  returnTo: number[];
  exceptionTo: { pc: number; from: number }[];
  /** Vector table of each core at its last reset of the chip: a reset of the core alone starts there too. */
  vectors: number[];
  /** The first word of the flash was erased when option bytes were loaded last: other resets start the chip by that (RM0091 2.5, documented; RM0394 2.6). */
  emptyFlash: boolean;
  /** Not held in reset. */
  booted: boolean[];
  /** The boot core is inside the ROM. */
  inSystem: boolean;
  inSystemOf: boolean[];
  usbServedBy: 'user' | 'system' | null;
  /** What was printed, by channel. */
  console: Record<string, Printed>;
  /** Reads and writes by `block.register` without behaviour. */
  unmodelled: Record<string, { reads: number; writes: number }>;
  polled: Polled | null;
  unclocked: Record<string, number>;
  notes: { kind: string; text: string; count: number; block: string | null; about?: GuestFact }[];
  uninitialised: number;
  powerCycles: number;
  /** Of the boot core. */
  lockup: { core: number; reason: string; at: Ps } | null;
  /** Of each core since the last reset. */
  lockups: ({ reason: string; at: Ps } | null)[];
  /** Sleeping cores whose time has come to check whether they wake up. */
  waking: boolean[];
  /** Time of the next search for steady loops of both cores, and the distance between searches. */
  together: { tryAt: Ps; gap: Ps };
  semihostingExit: number | null;
  debugger: boolean;
  /** Words of the ROM's option block that its code has read. */
  optionReads: number[];
  /** Something read or ran in the part of system flash whose contents are not known. */
  gapAccess: boolean;
  /** NRST is held low or power is off: nothing runs. */
  held: boolean;
  /** The core domain has no supply (Standby, Shutdown), or is about to lose it: nothing runs until a reset. */
  standby: 'no' | 'entering' | 'in';
  /** Wires that a repair holds: the scenario's steps no longer reach them. */
  heldWires: string[];
  /** First fault before any entry; `from`: the last instruction before it. */
  firstFault: { kind: string; address: number | null; pc: number; from: number; at: Ps } | null;
  /** Words of system memory that user code read as data, oldest first. */
  vectorReads: { address: number; value: number; pc: number; at: Ps }[];
  /** Words of system memory that anything has read before the first entry, and whether there were more than are listed. */
  systemReads: number[];
  moreSystemReads: boolean;
  /** BKPTs that something attached has answered, by place: MOST_BREAKPOINTS of them. */
  breakpoints: { semihosting: boolean; pc: number; at: Ps }[];
}

/** Time before the first search for loops of two running cores. */
export const TOGETHER_FIRST = 50 * US;
/** Further places of BKPTs are not noted. */
export const MOST_BREAKPOINTS = 16;

export const freshState = (cores: number): MachineState => ({
  pendingReset: null,
  handlerOverSystem: Array<boolean>(cores).fill(false),
  returnTo: Array<number>(cores).fill(-1),
  exceptionTo: Array.from({ length: cores }, () => ({ pc: -1, from: -1 })),
  vectors: Array<number>(cores).fill(0),
  emptyFlash: false,
  booted: Array<boolean>(cores).fill(true),
  inSystem: false,
  inSystemOf: Array<boolean>(cores).fill(false),
  usbServedBy: null,
  console: {},
  unmodelled: {},
  polled: null,
  unclocked: {},
  notes: [],
  uninitialised: 0,
  powerCycles: 0,
  lockup: null,
  lockups: Array.from({ length: cores }, () => null),
  waking: Array<boolean>(cores).fill(false),
  together: { tryAt: 0, gap: TOGETHER_FIRST },
  semihostingExit: null,
  debugger: false,
  optionReads: [],
  gapAccess: false,
  held: false,
  standby: 'no',
  heldWires: [],
  firstFault: null,
  vectorReads: [],
  systemReads: [],
  moreSystemReads: false,
  breakpoints: [],
});

export const say = ({ console }: MachineState, channel: string, text: string): void => print((console[channel] ??= nothingPrinted()), text);

const UNCLOCKED = { read: new Map<string, string>(), write: new Map<string, string>() };
/** Key of `unclocked`: `read of ADC1 while its clock is off`; a text that is put together at each access of a bus master takes longer than the access. */
export function unclockedKey(block: string, kind: 'read' | 'write'): string {
  const known = UNCLOCKED[kind];
  let key = known.get(block);
  if (key === undefined) known.set(block, (key = `${kind} of ${block} while its clock is off`));
  return key;
}
