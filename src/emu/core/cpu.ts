/** What exceptions, the system control space and system instructions see of a core. Implemented by core.ts. */
import type { GuestFact, Refusal } from '../component.ts';
import type { CoreRow } from '../chip.ts';
import type { Ps } from '../time.ts';
import type { Profile } from './builder.ts';
import type { ExceptionCycles } from './models/model.ts';
import type { MpuAnswers } from './arm/mpu-answers.ts';

/** Why an access or an instruction was abandoned. `fetch` kinds happen on instruction fetch, `data` on loads and stores. */
export type FaultKind =
  | 'bus-fetch'
  | 'bus-data'
  | 'bus-data-imprecise'
  | 'mem-fetch'
  | 'mem-data'
  | 'unaligned'
  | 'undefined'
  | 'no-coprocessor'
  | 'invalid-state'
  | 'invalid-pc'
  | 'divide-by-zero'
  | 'stack-overflow'
  | 'breakpoint'
  | 'secure';

/** Thrown out of the fast path by an access that faults; caught by the core's run loop. One preallocated object per core. */
export class GuestFault {
  kind: FaultKind = 'bus-data';
  /** Address of the access, for BFAR and MMFAR. */
  address = 0;
}
/** What was caught, if it is the guest's; an error of ours goes on. */
export function guestFault(caught: unknown): GuestFault {
  if (caught instanceof GuestFault) return caught;
  throw caught;
}

/** A change that the history keeps: special registers and PPB registers, by name (`PRIMASK`, `VTOR`, `NVIC_ISER2`). */
export type SpecialChange = (register: string, old: number, value: number) => void;

export interface Cpu {
  readonly row: CoreRow;
  readonly profile: Profile;
  readonly exceptionCycles: ExceptionCycles;
  /** The core's one fault object: accesses that fault fill it in and throw it. */
  readonly fault: GuestFault;
  /** Word of the core's state (offsets in state.ts): signed and unsigned views, floats for counters. */
  get(offset: number): number;
  set(offset: number, value: number): void;
  /** What `get`, `set` and their like for floats work on, by offset >>> 2 or 3: for what every interrupt or poll runs through. */
  readonly words: Uint32Array;
  readonly floats: Float64Array;
  getByte(offset: number): number;
  getFloat(offset: number): number;
  setFloat(offset: number, value: number): void;

  /** Memory as this core sees it. `privileged` left out = as the core runs now. Throws the core's GuestFault. No alignment limits but the bus's. */
  read(address: number, size: 1 | 2 | 4, privileged?: boolean): number;
  write(address: number, size: 1 | 2 | 4, value: number, privileged?: boolean): void;
  /** So many words from an address on, one after the other as `read` and `write` make them. */
  readWords(address: number, into: Uint32Array, count: number, privileged: boolean): void;
  writeWords(address: number, from: Uint32Array, count: number, privileged: boolean): void;
  /** Read without side effects, access rights and time; null where nothing answers. */
  peek(address: number, size: 1 | 2 | 4): number | null;
  /** Half-word at an instruction address, as a fetch. */
  fetch(address: number): number;

  /** Core cycles since power-on. */
  cycles(): number;
  /** Charges cycles (exception entry and return, waits). */
  spend(cycles: number): void;
  /** Edges of a clock of the chip, and when it reaches a count. */
  clockCount(clock: string): number;
  clockTimeOf(clock: string, count: number): Ps;
  /** The timer of SysTick. */
  armTimer(due: Ps): void;
  disarmTimer(): void;

  /** Something changed that may let an exception be taken (what is pending or active, grouping): the run loop looks before the next instruction. */
  interruptsChanged(): void;
  /** PRIMASK, BASEPRI, FAULTMASK, an enable bit or a priority of the NVIC has another value. */
  maskChanged(raised?: boolean): void;
  /** MPU setup, privilege or CONTROL changed: access rights held in page tables are stale. */
  rightsChanged(): void;
  readonly mpuAnswers: MpuAnswers;
  note(kind: string, text: string, about?: GuestFact): void;
  /** A store to one of the core's own registers had no effect. */
  writeLost(register: string, address: number, why: Refusal, text: string): void;
  /** A special register changed by the running instruction (history, last writer). */
  changed: SpecialChange;
  /** SYSRESETREQ. */
  requestReset(by: 'software' | 'core'): void;
  /** Semihosting BKPT 0xAB: returns true if it was served (R0 set). */
  semihosting(): boolean;
  /** True if a debugger is attached; `takes`: it takes the BKPT at PC. */
  debuggerAttached(takes?: boolean): boolean;
  /** ITM stimulus port 0 output and the like. */
  console(channel: string, text: string): void;
  /** Event for the other core (SEV). */
  sendEvent(): void;
  /** Called on entry to and return from an exception, for the history. */
  exceptionTaken(exception: number, handler: number, interruptedPc: number): void;
  exceptionReturned(exception: number, pc: number): void;
  /** The core is locked up; `reason` says why. */
  lockup(reason: string): void;
  /** Execution goes on at `pc`, even if that is where it stands: a system op that calls this is not followed by an advance. */
  branchTo(pc: number): void;
  /** What software does to caches; left out where nothing follows it. */
  readonly caches?: {
    /** Cache maintenance by address, set or all (Cortex-M7), by Arm's register name. */
    cacheMaintenance(operation: string, value: number): void;
    /** CCR.DC or CCR.IC changed. */
    cachesSwitched(): void;
  };
}
