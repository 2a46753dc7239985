/** What notes are about, for whoever acts on them: their texts are for people alone. The document `run@1` has the texts; results in memory have both. */
import type { GuestFact } from '../../emu/component.ts';
import type { CHECK_IDS } from '../../checks/ids.ts';
import type { Advice } from './advice.ts';
import type { Hex, Place } from './place.ts';
import type { Sentence } from './sentence.ts';

type CheckId = (typeof CHECK_IDS)[number];

/** A call, innermost first. */
export interface Frame {
  /** `main (main.c:12)` */
  readonly text: string;
  /** `main` */
  readonly name: string;
  readonly file: string | null;
  /** How often it stands there in succession: a recursion. */
  readonly times: number;
}
/** `f (a.c:1) < main (a.c:9)` */
export const chainText = (frames: readonly Frame[]): string => frames.map((f) => f.text).join(' < ');

export type NoteFact =
  /** `guest`: of a block of the chip; `misuse`: no more than its text says. */
  | ((GuestFact | { readonly is: 'misuse' }) & { readonly block: string | null })
  /** `crash`: what faulted. `jumped`: by a jump to a wrong address. */
  | { readonly is: 'fault'; readonly at: Place; readonly jumped: boolean }
  /** `crash`, `reset`: who called that, innermost first. */
  | { readonly is: 'calls'; readonly frames: readonly Frame[] }
  /** `loop`: where a stuck run waits; `inHandler`: in the handler of an interrupt, which the summary names; `asleep`: there the core sleeps, whatever the loop reads. */
  | {
      readonly is: 'loop';
      readonly at: Place;
      readonly where: string;
      /** The function of the loop, if need be one that stands inlined in `at`'s. */
      readonly inner?: Frame;
      readonly callers: readonly Frame[];
      readonly inHandler: boolean;
      readonly asleep?: true;
      /** The handler returns, and is taken again. */
      readonly storm?: true;
    }
  /** `wait`: the polled block has no clock; `enable` is its bit, for example `RCC.AHB1ENR.GPIOAEN`. */
  | { readonly is: 'no-clock'; readonly block: string; readonly enable: string }
  /** `usb-clock`, `other-crystal`: a crystal of this many hertz would give USB its clock, the PLL a rate in its range, a serial port the rate of its sender, or the firmware the times that it counts on. */
  | { readonly is: 'other-crystal'; readonly hz: number; readonly lacks: 'usb' | 'pll' | 'range' | 'full' | 'baud' | 'counted' }
  /** `boot-address`: the images begin with this vector table, which a boot loader that is not among them would start. */
  | { readonly is: 'behind-loader'; readonly table: number }
  /** `hand-over`: the branch by which a loader starts its application. */
  | { readonly is: 'hands-over'; readonly at: Place }
  /** `not-triggered`: the firmware polls a pin or a port, or has an interrupt for it. */
  | { readonly is: 'waits-for-input' }
  /** `received`: the program read what the scenario gave it there, `USART2` or `PC13`, and no jump came of it. */
  | { readonly is: 'received'; readonly from: string }
  /** `chip`: it says that the firmware uses a register which the chip does not have. */
  | { readonly is: 'no-register' }
  /** `find-jump`: a pin or a text was tried, and no jump came of it. */
  | { readonly is: 'tried-input' }
  /** `not-triggered`: no function of the image jumps into system memory. */
  | { readonly is: 'lacks-jump' }
  /** `not-triggered`: steps that may trigger the jump; `serial`: one of them sends a byte. */
  | { readonly is: 'steps'; readonly serial: boolean }
  /** `but`: a way into the ROM beside the one that the run took. */
  | { readonly is: 'way-fails' }
  /** `but`: a host cannot use the device that appears as it should. */
  /** `endsAtReset`: only up to the next reset. */
  | { readonly is: 'unusable'; readonly endsAtReset?: boolean }
  /** An exception that is left enabled would keep DFU from coming, if it came early. `fixes`: what switches it off in front of the jump, in C, by the check that finds it. */
  | { readonly is: 'late-interrupt'; readonly fixes: readonly { readonly id: CheckId; readonly fix: string }[] }
  /** `but`: the ROM refreshes the watchdog only while a host talks to it. `fixes`: as above. */
  | { readonly is: 'unfed-watchdog'; readonly fixes: readonly { readonly id: CheckId; readonly fix: string }[] }
  /** `but`: a register took a write of a program while its block had no clock. `fix`: what switches that on in front of the write, in C; `at`: seconds. */
  | { readonly is: 'unclocked-write'; readonly enable: string; readonly fix: string; readonly by: Place & { readonly at: string } }
  /** `but`: a step calls the function that jumps. */
  | { readonly is: 'called-itself' }
  /** `but`: semihosting was answered, and the board has no debugger that does so. */
  | { readonly is: 'needs-debugger' }
  /** `limit`: a search came to the end of its budget; `more`: with more effort it goes on. */
  | { readonly is: 'search-ended'; readonly more: boolean }
  /** `called-from`: the nearest call in a program's own sources that led to a write of a vendor's code, which a cause or a check names as its last writer; `calls`: the function called there. */
  | {
      readonly is: 'called-from';
      readonly write: { readonly pc: Hex; readonly at: string };
      readonly by: Place;
      readonly calls: string | null;
    }
  /** `repaired-jump`: where a program that never came to the ROM jumps into it once its causes are repaired. */
  | { readonly is: 'jumps-at'; readonly at: Place }
  /** `gave-up`: one of the waits was for HSE, and so long (ps); a crystal that starts sooner ends it. */
  | { readonly is: 'crystal-late'; readonly waited: number }
  /** `watchdog`: the one of this check bites in the ROM. */
  | { readonly is: 'watchdog'; readonly check: CheckId };

export interface Note<Text extends Sentence = string> {
  readonly kind: string;
  readonly text: Text;
  readonly about?: NoteFact;
  /** The text ends in it. */
  readonly advice?: Advice;
}
/** Kind of the note about who called a vendor's function. */
export const CALLED_FROM = 'called-from';
/** Kind of the notes about variables that start-up code has not copied to RAM, where the run hangs on one: what it read, then how that shows. */
export const UNCOPIED = 'uncopied';
/** Kind of the note about a bounded wait that ended by its bound, and that is no cause. */
export const GAVE_UP = 'gave-up';
/** Kind of the note about the test by which a program that found its request did not go to the ROM. */
export const FAILED_TEST = 'failed-test';
/** Kind of the note about a function that jumps into the ROM and does not come to its jump: where it is, and who called it. */
export const SHORT_OF_JUMP = 'short-of-jump';
/** Kind of the note about the jump to which only a repaired run comes. */
export const REPAIRED_JUMP = 'repaired-jump';
/** Kind of the note that names the store that a flash took only as a part of what it programs at once. */
export const HALF_STORE = 'half-store';
type Notes = readonly Note<Sentence>[];

type OfKind<K extends NoteFact['is']> = Extract<NoteFact, { readonly is: K }>;
/** The facts of one kind, in order. */
export const factsIn = <K extends NoteFact['is']>(notes: Notes, is: K): OfKind<K>[] =>
  notes.flatMap(({ about }) => (about?.is === is ? [about as OfKind<K>] : []));

/** Who called the vendor's code that made a write; null where it is the program's own, or nobody knows. */
export const callerOf = (notes: Notes, writer: { readonly pc: Hex; readonly at: string } | null): OfKind<'called-from'> | null =>
  (writer !== null && factsIn(notes, CALLED_FROM).find(({ write }) => write.pc === writer.pc && write.at === writer.at)) || null;

/** Facts that say of a write that it had no effect; `misuse` of the flash is a write or a start that it refused. */
const REFUSALS: ReadonlySet<NoteFact['is']> = new Set(['misuse', 'locked', 'lost', 'unprogrammed', 'half-written'] as const);
/** The first write that the flash refused: of option bytes that select the boot memory, of a stored request. It causes the refusals that follow. */
export const refusedWrite = (notes: Notes): Note<Sentence> | undefined =>
  notes.find(({ about }) => about !== undefined && REFUSALS.has(about.is) && 'block' in about && about.block === 'FLASH');
