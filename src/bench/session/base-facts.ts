/** What a run left behind, before anything is repeated. */
import type { FaultFacts } from '../../checks/check.ts';
import type { Note } from '../documents/note-facts.ts';
import type { Place, ResultStuck, RunResult, Seconds } from '../documents/result.ts';
import type { SessionEnd } from './live-run.ts';

/** Everything of the base run that the result tells, taken before the session is used for counterfactuals. */
export interface BaseFacts {
  readonly goal: RunResult<string>['goal'];
  /** The ROM answered the host of the goal at this rate, which no host reads. */
  readonly otherRate: number | null;
  /** When a DFU leave went to the application; null = none did. */
  readonly leftAt: Seconds | null;
  readonly end: SessionEnd;
  readonly seconds: Seconds;
  readonly cycles: number;
  readonly instructions: number;
  readonly cores: RunResult['time']['cores'];
  readonly resets: RunResult['resets'];
  readonly entries: RunResult['entries'];
  readonly usb: RunResult<string>['usb'];
  readonly console: Readonly<Record<string, string>>;
  readonly semihostingExit: number | null;
  readonly stuck: ResultStuck | null;
  readonly interrupt: StuckInterrupt | null;
  readonly notes: Note[];
  readonly uninitialisedReads: number;
  readonly unmodelled: RunResult['unmodelled'];
  readonly timeline: RunResult<string>['timeline'];
  readonly lockup: string | null;
  /** First fault before any entry. */
  readonly firstFault: FaultFacts | null;
  readonly fault: { readonly exception: number; readonly pc: number } | null;
}

/** The interrupt in whose handler a stuck run hangs. */
export interface StuckInterrupt {
  /** `interrupt 38 (USART2)`. */
  readonly name: string;
  /** The handler returns and is entered again and again. */
  readonly storm: boolean;
  readonly handler: Place;
  /** Many vectors lead to it: what start-up code gives to those that the program has no handler for. */
  readonly shared: boolean;
  /** The program's table has another handler for it: VTOR lacks bits that it was written with, or the table is not aligned. */
  readonly wrongTable: boolean;
  /** Who enabled its line; null for a system exception. */
  readonly enabledBy: Place | null;
}
