/** What a core says to the machine, and what the machine may do to its accesses. `C` is the core itself, which core.ts alone can name. */
import type { GuestFact, Refusal } from '../component.ts';
import type { Block } from '../system.ts';
import type { FaultKind } from './cpu.ts';

/** A store to a register of the core that had no effect. */
export interface LostStore {
  /** `SCB.AIRCR` */
  readonly register: string;
  readonly address: number;
  readonly why: Refusal;
}
/** What a core tells the machine. */
export interface CoreListener<C> {
  /** Control is about to reach code of another zone. Throwing `Pause` stops before that instruction. */
  zoneChange(core: C, from: Zone, to: Zone, pc: number): void;
  /** What lies at `pc` cannot be fetched yet: the core waits in front of it. */
  fetchWaits(core: C, pc: number): boolean;
  /** No other core runs now or is about to wake up. */
  isAlone(core: C): boolean;
  special(core: C, register: string, old: number, value: number): void;
  /** An exception became pending, or a mask, an enable bit or a priority has another value. */
  pending(core: C): void;
  /** Around a write to a block or to a memory that a block programs; register changes in between are this core's. */
  beginAccess(core: C, address: number): void;
  endAccess(): void;
  /** A write to a block has been made (after it, with the value written). */
  deviceWrite(core: C, block: Block): void;
  /** A write to memory that the cache between core and flash may hold, which is for reading only. */
  cacheableWrite(core: C): void;
  semihosting(core: C): boolean;
  debuggerAttached(core: C, takes: boolean): boolean;
  console(channel: string, text: string): void;
  note(kind: string, text: string, block?: string | null, about?: GuestFact): void;
  /** A store to one of its own registers had no effect. */
  coreWriteLost(core: C, lost: LostStore, text: string): void;
  requestReset(by: 'software' | 'core', core: C): void;
  sendEvent(core: C): void;
  exceptionTaken(core: C, exception: number, handler: number, interruptedPc: number): void;
  exceptionReturned(core: C, exception: number, pc: number): void;
  /** An access or an instruction faulted; the exception is taken next. */
  faulted(core: C, kind: FaultKind, address: number | null, pc: number): void;
  lockup(core: C, reason: string): void;
  /** May change an address, a value, or drop a write (diagnosis by repair). Null while unused. */
  readonly intercept: AccessInterceptor<C> | null;
  /** As `intercept`, for machines in which it differs by core. */
  interceptOf?(core: C): AccessInterceptor<C> | null;
}
export interface AccessInterceptor<C> {
  read?(core: C, address: number, size: number): number | null;
  /** Value to write instead, or null to drop the write. */
  write?(core: C, address: number, size: number, value: number): number | null;
  /** A block asks for a reset: true = it does not come. */
  vetoReset?(by: string): boolean;
  special?(core: C, register: string, old: number, value: number): number;
  /** Guest pages whose accesses must come by here; asked again where a core enters or leaves system memory, and at a reset. */
  readonly pages: ReadonlySet<number>;
  /** False: `write` changes none now. */
  readonly writes?: boolean;
  /** `write` is asked for every write to a block too. */
  readonly everyDeviceWrite?: boolean;
}
export type Zone = 'user' | 'systemMemory' | 'data';

/** How long fetches and reads of flash take now. */
export interface FlashTiming {
  readonly waitStates: number;
  /** Instruction cache of its own block: on, and its shape. */
  readonly cache: boolean;
  readonly sets: number;
  readonly ways: number;
  /** What the flash controller does (KIND in flash-cache.ts). */
  readonly kinds: number;
  /** Bits 31:20 of the addresses that it does it for; left out = all. */
  readonly page?: number;
}
/** Memory that translated code reads without asking: guest base, bytes, arena offset of the first. */
export interface FastRange {
  readonly base: number;
  readonly size: number;
  readonly host: number;
}

/** Who notes what a traced stretch changes and may put back. */
export interface PutBack {
  /** Before a store to an aligned word of RAM that holds `value`; false if it is one too many. */
  store(address: number, value: number): boolean;
  /** Before a write to a block; false if it may do more than can be put back. */
  write(block: Block, offset: number, size: number, value: number): boolean;
}
/** Data accesses of a traced stretch of code. */
export interface AccessTrace {
  /** Size of the access by address. */
  readonly reads: Map<number, number>;
  writes: number;
  /** Writes of which the last one alone counts (`RegisterModel.repeats`). */
  readonly refreshes: DeviceAccess[];
  /** Size by address of stores of what was there already; where it is absent they count as reads. */
  readonly sameStores?: Map<number, number>;
  /** What is put back before the iteration ends; where it is absent such writes count. */
  readonly turns?: PutBack;
  /** Reads of blocks in order, with what they gave, for who asks. */
  readonly devices?: DeviceAccess[];
}
export interface DeviceAccess {
  readonly address: number;
  readonly size: 1 | 2 | 4;
  readonly value: number;
}

/** Thrown out of the fast path to stop before the instruction at PC. */
export const PAUSE = { pause: true } as const;
