/** A run while it goes on. The rules about when it is over and the steps of its scenario work on this; session.ts holds them together. */
import type { CallChain } from './call-chain.ts';
import type { Machine } from '../../emu/machine.ts';
import type { Ps } from '../../emu/time.ts';
import type { RomProfile } from '../../rom/profiles.ts';
import type { UsbSim } from '../../usb-sim/usb-sim.ts';
import type { GoalState } from '../documents/goal.ts';
import type { EndReason, Outcome } from '../documents/result.ts';
import type { RunInput } from '../input/run-input.ts';

/** What the core will never get out of. */
export interface FixedLoop {
  readonly pc: number;
  /** What it reads, memory-mapped registers first, the stack last; empty for `b .`. */
  readonly reads: number[];
  /** How many of them, at the end, it reads by SP alone: saved registers, which nobody polls. */
  readonly ofStack: number;
  /** How many bytes it takes of each. */
  readonly sizes: number[];
  readonly sleeping: boolean;
  /** The fault exception that is active in it never returns. */
  readonly inFault: boolean;
  /** Number of the exception whose handler it is, or is in; 0 in Thread mode. */
  readonly exception: number;
  /** The handler returns and is entered again at once: its line stays up. */
  readonly storm: boolean;
  /** Where the core was in it when it was found: the run may have ended on the way there. */
  readonly calls: CallChain['frames'];
  /** The call in a function to which each iteration returns, the outermost of these; null where it stays in one. */
  readonly around: number | null;
  /** When the core is in it; null where it was when the proof was sought, or nothing tells. */
  readonly ahead: Ps | null;
}

/** A loop that is known to end. */
export interface FiniteLoop {
  /** Where its iterations begin. */
  readonly pc: number;
  /** When it is left, if nothing holds it up: interrupts make it later. */
  readonly endsAt: Ps;
  /** It is a function it calls that goes another way then: the loop may go on. */
  readonly within: boolean;
}

/** Start-up code that ran again without a reset. */
export interface Restart {
  readonly at: Ps;
  /** The call; null where it was another kind of branch. */
  readonly call: number | null;
  /** Behind the last call. */
  readonly lr: number;
}

/** Plain state of a session, saved with the machine. */
export interface SessionState {
  /** Of a goal that is asked for on an interface of the ROM. */
  goal: GoalState;
  /** Latest of power-on, reset, entry, branch out of system memory, scenario step. */
  anchor: Ps;
  /** First DFU readiness served by system memory. */
  dfuAt: Ps | null;
  /** Active fault-type exception and since when. */
  fault: { exception: number; since: Ps; pc: number } | null;
  leftAt: Ps | null;
  /** Until when the run goes on because of a loop that ends, and how often it has done so. */
  delayed: { readonly until: Ps; readonly times: number } | null;
  nextProof: Ps;
  proofGap: Ps;
  /** The run goes on into a loop that is proved to have no end. */
  goesIntoLoop: boolean;
  loop: FixedLoop | null;
  /** The place where the boot core starts has a stop, from some time behind the last reset on. */
  watchesStart: boolean;
  /** Where the boot core began at the last reset; null where no image is there. */
  startsAt: number | null;
  /** The first one. */
  restart: Restart | null;
  /** RX pins of the ROM's serial interfaces that fell while the ROM ran. */
  fellInRom: { pin: string; at: Ps }[];
  /** I2C and SPI ports of the ROM that a master outside has selected while the ROM ran, with the pins by which that master could be kept quiet. */
  selectedInRom: { name: string; pins: readonly string[]; at: Ps }[];
}

export interface SessionEnd {
  readonly reason: EndReason;
  readonly outcome: Outcome;
  readonly at: Ps;
  /** Why it counts as settled; null for limits. */
  readonly settled: boolean;
  /** The loop in which a deadline met the core, if it is known to end. */
  readonly loop?: FiniteLoop | null;
}

export interface LiveRun {
  readonly input: RunInput;
  readonly machine: Machine;
  readonly usb: UsbSim;
  readonly profile: RomProfile | null;
  readonly state: SessionState;
  /** Where the scenario stands. */
  readonly steps: { readonly remaining: boolean };
  /** A proof may ask which blocks are reached by what is scheduled; else that may change anything. */
  readonly asksReach: boolean;
  /** A master outside has called the chip on this port. */
  selected(port: string): void;
  /** Something has happened that may end the run. */
  requestCheck(): void;
  /** The boot core stands where it starts, and no reset brought it there. */
  startedAgain(): void;
}
