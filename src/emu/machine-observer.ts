import type { ResetCause } from './component.ts';
import type { Core } from './core/core.ts';
import type { EntryRecord } from './history.ts';
import type { WireListener } from './wires.ts';

/** Callbacks for the bench, called between instructions. */
export interface MachineObserver {
  /** Before the first instruction in system memory. The machine pauses, so that a checkpoint can be taken. */
  entry?(entry: EntryRecord): void;
  reset?(by: ResetCause): void;
  /** A reset is about to reach the blocks. */
  beforeReset?(): void;
  /** A bus master other than a core has written to an address. */
  busWritten?(block: string, address: number, size: number, value: number): void;
  /** A wire between blocks changed. */
  wire?: WireListener;
  /** Thread-mode code outside of system memory is about to run after an entry. True: the machine pauses before its first instruction. */
  leftSystem?(pc: number): boolean | undefined;
  console?(channel: string, text: string): void;
  /** Somebody outside has bytes from the chip: of the address that an I2C master asked, or of a frame of CAN with this identifier. */
  heard?(port: string, from: number, bytes: readonly number[]): void;
  /** An access or instruction faulted; called before the exception is taken. */
  faulted?(core: Core, kind: string, address: number | null, pc: number): void;
  note?(kind: string, text: string): void;
  semihosting?(core: Core): boolean;
  lockup?(core: Core, reason: string): void;
  /** A BKPT was reached that the attached debugger takes; PC stays there. */
  breakpoint?(core: Core): void;
  exception?(core: Core, exception: number, handler: number, pc: number): void;
  exceptionReturn?(core: Core, exception: number, pc: number): void;
  /** A clock has another rate. */
  clock?(name: string): void;
  /** A special register of a core (PRIMASK, CONTROL …) has another value. */
  special?(core: Core, register: string, value: number): void;
  /** An exception became pending, or a mask, an enable bit or a priority of a core has another value. */
  pending?(core: Core): void;
}
