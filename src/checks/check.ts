/**
 * The interfaces of checks. A check answers one question about the state at the last entry into the ROM, or about the path to it. It reads a target (live
 * machine, snapshot, board) and never decides an outcome. Its repair is a counterfactual change that the diagnosis applies to a fork of the run.
 */
import type { ChipDescription, MemoryRow } from '../emu/chip.ts';
import type { Confidence } from '../emu/confidence.ts';
export { hex } from '../emu/hex.ts';

export type Verdict = 'pass' | 'fail' | 'warn' | 'n/a' | 'unknown';

/** The last writer of something: address of the instruction, time and kind of writer. */
export interface Writer {
  readonly pc: number;
  /** LR at that instruction, where it is known. */
  readonly lr?: number;
  /** Picoseconds since power-on. */
  readonly at: number;
  readonly kind: 'cpu' | 'exception' | 'dma' | 'debugger' | 'scenario';
  readonly core: number;
  /** Number of the write since power-on; a repair refers to the write by it. */
  readonly seq: number;
  /** What a special register held behind it, where that is known. */
  readonly value?: number;
}

/** State of another core of the chip. */
export type CoreState = 'running' | 'asleep' | 'locked up' | 'held';

/** Registers and memory at the checked instant. Reading has no side effects. */
export interface TargetState {
  readonly chip: ChipDescription;
  /** Core register by lower-case name (`primask`, `msp`, `vtor`, `xpsr`…); null if the target cannot tell. */
  core(register: string): number | null;
  /** Reads the bus as a debugger does, including PPB registers; null if nothing answers. */
  read(address: number, size: 1 | 2 | 4): number | null;
  /** Field or register of a block: `RCC.CR.HSI48ON`, `PWR.USBSCR`; null if the chip has no such thing. */
  field(path: string): number | null;
  /** L1 caches of the core, if the target can read them: dirty data lines, and the number of instruction lines that are older than memory. */
  readonly l1?: { readonly dirty: readonly number[]; readonly stale: number } | null;
  /** The MPU region that applies to an address; null if the default memory map applies. Absent if the target cannot tell. */
  mpuRegion?(address: number): { readonly number: number; readonly rbar: number; readonly attributes: number } | null;
  /** The other cores; absent if the target cannot tell. */
  readonly otherCores?: readonly { readonly name: string; readonly state: CoreState }[];
  /** Every bit of the block that software can change is as behind a reset of it. Absent if the target cannot tell. */
  isAsReset?(block: string): boolean;
  /** Whether a watchdog runs, if no register shows it; absent if the target cannot tell. */
  watchdogRuns?(block: string): boolean;
  /** Level of a boot pin (`BOOT0`) as the boot decision sees it; null if unknown. */
  bootPin?(name: string): number | null;
  /** The flash was empty when the chip last tested it, which it does not do at every reset. Absent if the target does not show it; then its first word is used. */
  emptyFlash?(): boolean;
  /** Level of a pin, driven by the board or the chip; `z` = not driven, null = unknown. */
  pin?(name: string): 0 | 1 | 'z' | null;
  /** Rate of a clock in hertz, 0 if stopped, null if unknown. */
  clockHz(name: string): number | null;
  /** Frequency of the crystal or clock at `hse` or `lse` on the board, in hertz; 0 = none. Absent if the target cannot tell. */
  crystalHz?(name: 'hse' | 'lse'): number;
  /** How far an oscillator is off, in parts per million. */
  oscillatorPpm?(name: string): number;
  /** Start-up time of that crystal and the typical one in the datasheet, in seconds; null if unknown. */
  crystalStart?(name: 'hse' | 'lse'): { readonly seconds: number; readonly typical: number } | null;
}

/** Facts about the checked entry. */
export interface EntryFacts {
  /** Target address of the branch; bit 0 is the Thumb bit if it is known. */
  readonly address: number;
  readonly thumb: boolean;
  readonly how: 'branch' | 'exception' | 'boot';
  readonly reached: boolean;
  readonly fromPc: number | null;
  readonly at: number;
}

/** A reset as the machine saw it. */
export interface ResetFacts {
  readonly at: number;
  readonly by: string;
  readonly flags: readonly string[];
  readonly external: boolean;
  /** The instruction that asked for it; null or absent if there is none, or it is not known. */
  readonly from?: Writer | null;
  /** The core was stalled by a flash program or erase operation; absent if the target cannot tell. */
  readonly waited?: boolean;
}

/** A reset by another core than that which runs the ROM. */
export interface OtherReset {
  readonly by: Writer;
  /** Since the entry, in picoseconds. */
  readonly after: number;
}

/** Events since power-on, if the target records them. */
export interface TargetHistory {
  /** The last instruction that changed a bit of `mask` in a register such as `RCC.CR` or `CPU.PRIMASK`; null if a reset or the hardware did. */
  lastWriter(register: string, mask?: number): Writer | null;
  /** For an option byte register: the last instruction that changed it before a reset; absent if the target does not record it. */
  lastWriterBeforeReset?(register: string, mask?: number): Writer | null;
  /** Instructions whose write of option bytes no bit `start` (`CR.OPTSTRT`) had programmed when a reset came. Absent if the target does not record it. */
  readonly neverProgrammed?: readonly { readonly pc: number; readonly start: string; readonly running: boolean }[];
  /** Writes that a register took while its block had no clock, which is not documented; absent if the target does not watch them. */
  readonly takenUnclocked?: readonly { readonly pc: number; readonly register: string; readonly enable: string }[];
  readonly resets: readonly ResetFacts[];
  readonly entries: readonly EntryFacts[];
  /** Reads of possible vectors: the addresses in or near system memory that user code read before the entry, newest last. */
  readonly vectorReads: readonly { readonly address: number; readonly value: number; readonly pc: number; readonly at: number }[];
  /** Words that pass a request across a reset, or should have done so; the most significant first. */
  readonly magic: readonly MagicWord[];
  /** The flag of a reset that asked for the ROM and was not found behind it; null or absent if there is none. */
  readonly lostFlag?: LostFlag | null;
  /** BKPT instructions that user code executed, oldest first; absent if the target does not record them. */
  readonly breakpoints?: readonly { readonly semihosting: boolean; readonly pc: number; readonly at: number }[];
  /** USB devices of user code that the host saw before the checked instant, oldest first; absent if the target does not watch the bus. */
  readonly usbOfUser?: readonly UsbFacts[];
  /** RX pins of the ROM's serial interfaces with a falling edge while the ROM ran, including after the last entry; absent if they are not watched. */
  readonly fellInRom?: readonly { readonly pin: string; readonly at: number }[];
  /** Ports of the ROM on which an external master addressed the chip while the ROM ran, with the pins that block the master if they are held high. */
  readonly selectedInRom?: readonly { readonly name: string; readonly pins: readonly string[]; readonly at: number }[];
  /** A reset that the program of another core asked for while the ROM ran; null or absent if there was none. */
  readonly resetByOther?: OtherReset | null;
  /** The last DFU leave and its effects until the end of the run; null if there was none. */
  readonly leave?: LeaveFacts | null;
  /** First fault before any entry. */
  readonly firstFault: FaultFacts | null;
  /** What started the watchdog that repeatedly resets the chip; null or absent if it is not known. */
  readonly watchdogStart?: Writer | null;
  /** Its resets come since it is refreshed while its window is still shut; absent if it is not known. */
  readonly refreshedEarly?: boolean;
  /** Where the address of that fault, or of a wrong entry, came from; null or absent if it was not traced. */
  readonly failure?: FailureFacts | null;
}

/** A failed jump or access, traced back. */
export interface FailureFacts {
  readonly kind: 'jump' | 'read' | 'write';
  readonly pc: number;
  readonly at: number;
  readonly address: number;
  /** Memory that the target or address was last loaded from, and the instruction that loaded it; null if it was not loaded. */
  readonly loaded: { readonly address: number; readonly pc: number } | null;
  /** The code branches to the value of the failed read a few instructions later. */
  readonly feedsBranch: boolean;
  /** The value was loaded through SP. */
  readonly throughStack: boolean;
}

export interface FaultFacts {
  readonly kind: string;
  readonly address: number | null;
  readonly pc: number;
  /** The previous instruction; for a fetch, the branch. */
  readonly from: number;
  readonly at: number;
}

/** A session of a USB device on the bus. */
export interface UsbFacts {
  readonly at: number;
  readonly enumerated: boolean;
  /** The pull-up was released or the cable unplugged; null = still connected. */
  readonly endedAt: number | null;
}

export interface LeaveFacts {
  readonly at: number;
  /** The Go command of a host without DFU; left out: a DFU leave. */
  readonly byGo?: true;
  /** User code ran after it. */
  readonly started: boolean;
  /** Causes of the resets between the leave and the end. */
  readonly resets: readonly string[];
  /** The host configured a USB device of user code before the leave, and after it. */
  readonly usbBefore: boolean;
  readonly usbAfter: boolean;
  /** User code entered the ROM again after it. */
  readonly entry: { readonly pc: number | null; readonly at: number } | null;
  /** An exception of user code was taken to a handler in system memory after it. */
  readonly exceptionInSystem: { readonly pc: number | null; readonly at: number } | null;
  /** Address of the vector table of the leave; null if it is not known. */
  readonly table: number | null;
  /** A request that was kept, and because of which it enters the ROM again; left out: none was found. `says` has no full stop. */
  readonly kept?: { readonly what: string; readonly says: string; readonly by: Writer | null };
  /** What the program does after a reset of the same chip but did not do after the leave. */
  readonly missing: readonly string[];
  /** Where it ends that does not show all of that: `ends in Error_Handler (main.c:196), called from …`; left out where it stands in no endless loop. */
  readonly ends?: string;
  /** What the firmware itself had left switched on when it entered the ROM, and the program depends on; left out: nothing. */
  readonly own?: readonly OwnLeft[];
  /** State that differs from that after a reset, in the order of `LEFT_KINDS`. */
  readonly left: readonly LeftState[];
}

/** Blocks, interrupts or SysTick that are behind the leave as they were when the ROM was entered, and otherwise than behind a reset. */
export interface OwnLeft {
  readonly kind: 'rest' | 'irq';
  /** `TIM3`, `interrupt 29 (TIM3)` */
  readonly names: readonly string[];
  /** `TIM3_CR1 = 0x00000001` */
  readonly observed: string;
  readonly by: Writer | null;
  /** Switches them off before the jump; empty: not known. */
  readonly fix: readonly string[];
}
/** Groups of state that a ROM leaves. `supply`: only power-on restores it; `security`: non-secure code cannot change it; `rest`: all other blocks of the chip. */
export const LEFT_KINDS = ['vtor', 'remap', 'clocks', 'supply', 'irq', 'flash', 'security', 'rest'] as const;
export type LeftKind = (typeof LEFT_KINDS)[number];
export interface LeftState {
  readonly kind: LeftKind;
  /** The value after the leave, and the value after a reset. */
  readonly observed: string;
  readonly expected: string;
  /** The leave works if this (and whatever else is in its minimal set) is as after a reset. */
  readonly relied: boolean;
}

/** A variable that contains a request. */
export interface MagicVariable {
  readonly name: string;
  readonly bytes: number;
  /** Section of the image; null or absent if it is not known. */
  readonly section?: string | null;
  /** Place of its declaration; null if the debug data does not have it. */
  readonly declared: { readonly file: string; readonly line: number } | null;
}

/** A stack that reached down into the variables. */
export interface GrownStack {
  /** Addresses: SP, and the end of the variables above it, by the section that ends there; `below`: bytes from SP to that end. */
  readonly sp: number;
  readonly end: number;
  readonly section: string;
  readonly below: number;
}
/** A word that survived a reset, or should have: user code tests it after the reset, or nothing reads it. */
export interface MagicWord {
  readonly address: number;
  /** Number of resets up to and including the one that the word had to survive, counting power-on; default 2. */
  readonly resets?: number;
  /** Last value stored there before the reset, and the value that it really held at the reset (they differ if the write was ignored); null = never stored. */
  readonly wanted: number | null;
  readonly atReset: number;
  /** At the reset, the value was only in a dirty line of the data cache. */
  readonly inDirtyLine: boolean;
  /** A narrow store that was still in the ECC write buffer of the RAM, so that the reset lost it: the reason in words, and the size of an ECC word in bytes. */
  readonly heldBack?: { readonly because: string; readonly bytes: number };
  /** The last store wrote only a part of it. */
  readonly inParts?: true;
  /** Value when user code read it after the reset, and its writer in between; null = nothing read it. */
  readonly read: number | null;
  readonly reader: Writer | null;
  /** For a register: its bus clock was off at the store; absent if it is not known. */
  readonly writtenWithoutClock?: boolean;
  /** For data EEPROM: it was unlocked at the store; absent otherwise. */
  readonly writtenUnlocked?: true;
  /** The bus clock of the register was off at the read, so the read returned 0. */
  readonly readWithoutClock: boolean;
  readonly writer: Writer | null;
  readonly overwrittenBy: Writer | null;
  /** `overwrittenBy` came behind a first look at the word, by code that takes it for something else. */
  readonly lookedAtBefore?: true;
  /** `main.c:24 (main)` of it, where an instruction did it. */
  readonly overwriter?: string;
  /**
   * `overwrittenBy` is no start-up code, since main() or a handler ran: the function that called it, null where there is none, and the first of the words that the same
   * instruction has stored one behind the other up to this one, null if it has not.
   */
  readonly atRunTime?: { readonly caller: string | null; readonly row: number | null };
  /** `overwrittenBy` has loaded it from this word of flash, to which the program had stored before: what is kept is kept there. */
  readonly copyOf?: number;
  /** It stored to the stack that it ran on. */
  readonly onStack?: true;
  /** `dfu.c:20` of the store of a request that the stack took, and of the read; absent where a line is not known. */
  readonly lines?: { readonly writer: string; readonly reader: string };
  /** `overwrittenBy` is not executed without these reset flags, which an earlier reset (`stale`) or any reset raised; absent if that is not so. */
  readonly becauseOf?: { readonly flags: readonly string[]; readonly stale: boolean };
  /** `overwrittenBy` happened before the reset. */
  readonly lostBefore?: true;
  /** `overwrittenBy` stored next to SP, and the word is a variable: the stack had grown over it. */
  readonly byStack?: GrownStack;
  /** The RAM lost its supply before the reset: Standby or Shutdown. */
  readonly lostSupply?: true;
  /** The value with which the code compares it after the read, and where; null = no comparison was seen. */
  readonly comparedWith: number | null;
  readonly decision: Writer | null;
  /** The variable of the image at this address; null or absent if there is none. */
  readonly variable?: MagicVariable | null;
  /** The last store stayed in a line of the data cache that was dropped before it reached memory. */
  readonly dropped?: true;
  /** It was kept, and is compared with another value, which no code stores anywhere. */
  readonly isOther?: true;
  /** Another word that received the value with which this one is compared. */
  readonly elsewhere: { readonly address: number; readonly writer: Writer } | null;
}

/** The program comes to the ROM if it finds the flag of its own reset, and does not find it. */
export interface LostFlag {
  /** The register with the flags. */
  readonly address: number;
  /** Number of resets up to and including the one that it is the flag of, counting power-on. */
  readonly resets: number;
  readonly by: string;
  /** Paths of the flags that only this reset raised. */
  readonly own: readonly string[];
  /** What cleared them before they were read; null: they were still set. */
  readonly cleared: Writer | null;
  /** The first read of the cleared flags, or the branch by which the program leaves before it asks for them. */
  readonly reader: Writer;
  /** Flags that it goes by first, set by an earlier reset (`stale`) or by every reset; none if the flags were cleared. */
  readonly others: readonly string[];
  readonly stale: boolean;
  /** Without those it comes to the ROM by its own flag only. */
  readonly asked: boolean;
  /** `main.c:24 (main)` of the read and of what asked for the reset. */
  readonly places: { readonly reader: string; readonly reset: string };
}

/** Facts about the ROM that checks need: those of its profile, not its code. */
export interface RomFacts {
  readonly vectorTable: number;
  /** Another table in system memory at which products enter it; what it leads to is not modelled. */
  readonly otherTable?: { readonly value: number; readonly source: string } | null;
  readonly initialStack: number;
  readonly resetVector: number;
  readonly range: readonly [number, number];
  readonly ramUse: readonly { readonly base: number; readonly size: number }[];
  /** The interrupt by which it serves USB; null: it has no USB, or nobody knows. */
  readonly usbIrq: number | null;
  /** How long this version waits for HSE, in ms; left out or null: not known, or it needs none. */
  readonly hseWait?: { readonly value: number; readonly source: string; readonly confidence: Confidence } | null;
  /** RX pins that the ROM watches in addition to USB, for a start bit or the start of a CAN frame. */
  readonly listensTo: readonly { readonly name: string; readonly pin: string }[];
  /** Where its code masks all interrupts by itself, some instructions behind its first one, and never takes one; left out or null: not known of it. */
  readonly masksInterrupts?: { readonly source: string; readonly confidence: Confidence } | null;
  /** Where its code refreshes IWDG once, and again only while a host talks to it; left out or null: not known of it. */
  readonly feedsOnlyTalkers?: { readonly source: string; readonly confidence: Confidence } | null;
  /** Value of a ROM option in this run, with its confidence; null if the family does not have the option. */
  option(id: string): { readonly value: string; readonly confidence: Confidence } | null;
}

export interface Subject {
  readonly state: TargetState;
  readonly history: TargetHistory | null;
  readonly entry: EntryFacts | null;
  readonly rom: RomFacts;
  /** Outcome of the checked run. */
  readonly outcome: string;
  /** What it is to jump to is an application, and not the ROM; absent: the ROM. */
  readonly startsApplication?: boolean;
}

export interface Judgement {
  readonly verdict: Verdict;
  readonly observed: string | null;
  readonly expected: string | null;
  /** One sentence for a person. */
  readonly because: string;
  /** Where the rule comes from, and how sure it is. */
  readonly source: string | null;
  readonly confidence: Confidence | null;
  readonly lastWriter?: Writer | null;
  /** Another write that belongs to the sentence: what is said in front of its place, and behind it. */
  readonly besides?: { readonly said: readonly [string, string]; readonly writer: Writer };
}

/** Changes that a repair can make to the machine before the first ROM instruction. */
export interface RepairTarget {
  setCore(register: string, value: number): void;
  /** Sets a register field directly: without the side effects of a bus write, but with the consequences of the new value (clocks, wires). */
  setField(path: string, value: number): void;
  /** Like setField but ignores locks: option bytes as if they had been programmed differently. */
  putField?(path: string, value: number): void;
  /** Erases a word of the flash, as if it had never been programmed. */
  eraseWord?(address: number): void;
  /** Makes a bus write as software does. */
  write(address: number, size: 1 | 2 | 4, value: number): void;
  /** Leaves all exceptions: none is active or pending; Thread mode with MSP. */
  leaveHandlerMode(): void;
  clearNvic(what: 'enabled' | 'pending', lines?: readonly number[]): void;
  /** Undoes the active exception: the code that it interrupted continues. */
  undoException?(): void;
  /** Undoes the start of the watchdog of this block. */
  stopTimersOf(block: string): void;
  /** Drives this pin from the board from now on, whatever the scenario does. */
  holdPin?(name: string, level: 0 | 1): void;
  /** Gives the board a crystal of this frequency with the start-up time of the datasheet. */
  /** `startMs`: how fast it starts; left out: as usual. */
  fitCrystal?(name: 'hse' | 'lse', hz: number, startMs?: number): void;
  /** Puts the other cores back into reset. */
  holdOtherCores?(): void;
  branchTo(address: number): void;
  /** Jumps from user code instead of a fault; the entry follows. */
  jumpTo?(address: number): void;
}

export type Repair =
  | {
      readonly at: 'entry';
      /** The change that bootbench makes, in words, and the same change in C for the user. */
      readonly what: string;
      readonly fix: string;
      /**
       * `instead-of-fault`: applied instead of the first fault, if the firmware never reached an entry. `undoes-exception`: the entry was an exception, which
       * this repair undoes; the firmware continues, and the other repairs act at the entry that follows.
       */
      readonly acts?: 'instead-of-fault' | 'undoes-exception';
      /** The fix beside those of these other checks; left out: the same. */
      readonly fixBeside?: (others: readonly string[]) => string;
      apply(target: RepairTarget, subject: Subject): void;
    }
  | {
      readonly at: 'before-write';
      readonly what: string;
      readonly fix: string;
      /** The write to suppress, or the value to write instead. */
      readonly seq: number;
      readonly value: number | null;
      /** The write happens, but this watchdog causes no resets. Without the write, the firmware would wait for the registers of the watchdog. */
      readonly vetoes?: 'iwdg' | 'wwdg';
      /** In place of the next reset that software asks for, this bit is set: it loads the option bytes and resets the chip. `seq` is not used. */
      readonly launches?: string;
    }
  | {
      readonly at: 'redirect';
      readonly what: string;
      readonly fix: string;
      /** Reads of [from, from + 8) return the words of the ROM's vector table. */
      readonly from: number;
    }
  | {
      readonly at: 'keep';
      readonly what: string;
      readonly fix: string;
      /** Each word keeps `value` from the reset on (`resets` as in `MagicWord`) until it is read; behind that, still against the store at `against`. */
      readonly words: readonly {
        readonly address: number;
        readonly value: number;
        readonly resets?: number;
        readonly against?: number;
      }[];
      /** Bits that the program reads as 0 behind that reset, up to the next one. */
      readonly hidden?: readonly { readonly address: number; readonly mask: number; readonly resets: number }[];
    };

export interface Check {
  readonly id: string;
  readonly question: string;
  /** The check is about the path, not about the state at the entry, so it also applies without an entry. */
  readonly path: boolean;
  judge(subject: Subject): Judgement;
  /** Called if the verdict is fail or warn; null if there is no repair to try. */
  repair(subject: Subject): Repair | null;
  /** If the evidence fits several causes: a judgement for each, the most plausible first. The diagnosis takes the one whose repair helps. */
  choices?(subject: Subject): readonly { readonly judgement: Judgement; readonly repair: Repair }[];
  /** Names of the failing members that the repair mends, if there can be several (for example DMA channels): a proved cause is reduced to those that matter. */
  members?(subject: Subject, repair: Repair): readonly string[];
  /** Failing members that the emulator does not model: a successful run does not show that they are harmless. */
  unmodelled?(subject: Subject): readonly string[];
  /** Judgement and repair of some of the members. */
  narrow?(subject: Subject, members: readonly string[], repair: Repair): { readonly judgement: Judgement; readonly repair: Repair };
  /** The repair stays that of all members: those that do not matter in this run may at another time. */
  readonly repairsAll?: true;
  /** The check covers many kinds of things: if a more specific check explains as much, that one is named first. */
  readonly general?: true;
  /** The check is about what follows the entry: reaching the ROM does not show that it is harmless. */
  readonly afterEntry?: true;
  /** The check is about the real board: a run that reaches DFU does not show that it is harmless. */
  staysOpen?(subject: Subject): boolean;
  /** A warning of this check is only a remark: it explains nothing unless it is proved. */
  readonly remark?: true | ((subject: Subject) => boolean);
  /** If this check fails and has no repair, no other one can reach DFU, so no search is made. */
  readonly decides?: true;
  /** It is about what asks for the ROM: no suspicion where, with it repaired, the program never comes to the ROM. */
  readonly isRequest?: true;
  /** The evidence is too weak for a suspicion: the check is reported as a cause only if it is proved. */
  isTentative?(subject: Subject): boolean;
  /** Where nobody wrote it, what the check finds fault with is what a reset leaves, and no document asks for more: a run in which it is harmless has nothing to say of it. */
  readonly leftByReset?: true;
  /** `lastWriter` is no write: the instruction that it names is what the check is about. */
  readonly namesInstruction?: true;
  /** The repair replaces the jump itself, so it is significant only if no smaller repair helps. */
  isLastResort?(subject: Subject): boolean;
  /** For `bootbench explain <id>`: what the check is about, why it matters and how to do it right, in a few short paragraphs of plain text. */
  readonly explanation: string;
}

/** Values by which a ROM would start no DFU out of a plain reset, where nobody but it can do what is missing. */
const NOT_OUT_OF_RESET: readonly string[] = ['keeps', 'software-returns'];
/** The hardware chose the ROM at a reset: no program handed anything over, and what `option` is about is the ROM's own work. */
export const isLeftToRom = (entry: EntryFacts | null | undefined, rom: RomFacts, option: string): boolean =>
  entry?.how === 'boot' && !NOT_OUT_OF_RESET.includes(rom.option(option)?.value ?? '');

export const pass = (
  observed: string | null,
  because: string,
  source: string | null = null,
  confidence: Confidence | null = null,
): Judgement => ({
  verdict: 'pass',
  observed,
  expected: null,
  because,
  source,
  confidence,
});
export const notApplicable = (because: string): Judgement => ({
  verdict: 'n/a',
  observed: null,
  expected: null,
  because,
  source: null,
  confidence: null,
});
export const unknown = (because: string): Judgement => ({
  verdict: 'unknown',
  observed: null,
  expected: null,
  because,
  source: null,
  confidence: null,
});
/** Data EEPROM of L0 and L1: stores program it after FLASH has been unlocked for it (RM0376 3.3.4, RM0038 3.4.2). */
export const isDataEeprom = ({ name, programmedBy }: MemoryRow): boolean => name === 'eeprom' && programmedBy !== undefined;

/** A rule is broken: `fail` if it is documented, else `warn`. */
export const broken = (
  verdict: 'fail' | 'warn',
  judgement: Pick<Judgement, 'observed' | 'expected' | 'because' | 'source' | 'confidence'> & Pick<Judgement, 'lastWriter' | 'besides'>,
): Judgement => ({ verdict, ...judgement });
