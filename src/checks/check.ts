/**
 * What a check is. A check answers one question about the state handed over at the last entry, or about the path to it. It reads a target
 * (live machine, snapshot, board) and never decides an outcome; its repair is a counterfactual edit that the diagnosis applies to a fork.
 */
import type { ChipDescription, MemoryRow } from '../emu/chip.ts';
import type { Confidence } from '../emu/confidence.ts';

export type Verdict = 'pass' | 'fail' | 'warn' | 'n/a' | 'unknown';

/** Who changed something last: an instruction's address, when, and what kind of writer. */
export interface Writer {
  readonly pc: number;
  /** LR at that instruction, where it is known. */
  readonly lr?: number;
  /** Picoseconds since power-on. */
  readonly at: number;
  readonly kind: 'cpu' | 'exception' | 'dma' | 'debugger' | 'scenario';
  readonly core: number;
  /** Number of the write since power-on: names it for a repair. */
  readonly seq: number;
}

/** What another core of the chip does. */
export type CoreState = 'running' | 'asleep' | 'locked up' | 'held';

/** Registers and memory at the judged instant. Nothing here has side effects. */
export interface TargetState {
  readonly chip: ChipDescription;
  /** Core register by lower-case name (`primask`, `msp`, `vtor`, `xpsr`…); null if the target cannot tell. */
  core(register: string): number | null;
  /** Bus read as a debugger makes it; null where nothing answers. PPB registers too. */
  read(address: number, size: 1 | 2 | 4): number | null;
  /** Field or register of a block: `RCC.CR.HSI48ON`, `PWR.USBSCR`; null if the chip has no such thing. */
  field(path: string): number | null;
  /** L1 caches of the core, where the target can look into them: data lines newer than memory, and how many instruction lines are older. */
  readonly l1?: { readonly dirty: readonly number[]; readonly stale: number } | null;
  /** The MPU region that decides about an address, by its registers; null where the default map does. Left out where the target cannot tell. */
  mpuRegion?(address: number): { readonly number: number; readonly rbar: number; readonly attributes: number } | null;
  /** The cores that were not the one judged; left out where the target cannot tell. */
  readonly otherCores?: readonly { readonly name: string; readonly state: CoreState }[];
  /** Whether a watchdog block counts, where no register shows it; left out where the target cannot tell. */
  watchdogRuns?(block: string): boolean;
  /** Level of a boot pin (`BOOT0`) as the boot table looks at it; null if unknown. */
  bootPin?(name: string): number | null;
  /** The flash was empty when the chip looked last: not at every reset. Left out where the target does not show it, and its first word has to do. */
  emptyFlash?(): boolean;
  /** What the board and the chip make of a pin: its level, `z` if nothing drives it; null if unknown. */
  pin?(name: string): 0 | 1 | 'z' | null;
  /** Rate of a clock in hertz, 0 if stopped, null if unknown. */
  clockHz(name: string): number | null;
  /** What the board has at `hse` or `lse`, crystal or clock, in hertz; 0 = nothing. Left out where the target cannot tell. */
  crystalHz?(name: 'hse' | 'lse'): number;
  /** How long that crystal takes to start, and how long its kind does by the datasheet, in seconds; null if unknown. */
  crystalStart?(name: 'hse' | 'lse'): { readonly seconds: number; readonly typical: number } | null;
}

/** Facts about the entry that is judged. */
export interface EntryFacts {
  /** Address that the core went on at, as branched to: bit 0 is the Thumb bit where it is known. */
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
  /** The core waited for flash that was being programmed or erased; left out where the target cannot tell. */
  readonly waited?: boolean;
}

/** Events since power-on, where the target has them. */
export interface TargetHistory {
  /** Last instruction that changed a bit of `mask`, by `RCC.CR` or `CPU.PRIMASK`; null if reset or the hardware did. */
  lastWriter(register: string, mask?: number): Writer | null;
  /** Of a register of option bytes: the last instruction that changed it before a reset; left out where the target keeps none. */
  lastWriterBeforeReset?(register: string, mask?: number): Writer | null;
  readonly resets: readonly ResetFacts[];
  readonly entries: readonly EntryFacts[];
  /** Read of a would-be vector: the addresses in or near system memory that user code read before the entry, newest last. */
  readonly vectorReads: readonly { readonly address: number; readonly value: number; readonly pc: number; readonly at: number }[];
  /** Words by which something was handed over a reset by software, or should have been; the most telling first. */
  readonly magic: readonly MagicWord[];
  /** BKPT instructions that user code ran, oldest first; left out where the target does not count them. */
  readonly breakpoints?: readonly { readonly semihosting: boolean; readonly pc: number; readonly at: number }[];
  /** Devices of user code that the host saw before the judged instant, oldest first; left out where the target does not watch the bus. */
  readonly usbOfUser?: readonly UsbFacts[];
  /** RX pins of the ROM's serial interfaces that fell while the ROM ran, after the last entry too; left out where nobody watches them. */
  readonly fellInRom?: readonly { readonly pin: string; readonly at: number }[];
  /** Ports of the ROM on which a master outside called the chip while the ROM ran, with the pins that keep that master out when they are held high. */
  readonly selectedInRom?: readonly { readonly name: string; readonly pins: readonly string[]; readonly at: number }[];
  /** The last DFU leave that was carried out, and what came of it by the end of the run; null if there was none. */
  readonly leave?: LeaveFacts | null;
  /** First fault before any entry. */
  readonly firstFault: FaultFacts | null;
  /** What started the watchdog that resets the chip over and over; null or left out where nobody watched. */
  readonly watchdogStart?: Writer | null;
  /** What that fault, or the branch of a wrong entry, was made of; null or left out where nobody followed it. */
  readonly failure?: FailureFacts | null;
}

/** A jump or an access that went wrong, followed back. */
export interface FailureFacts {
  readonly kind: 'jump' | 'read' | 'write';
  readonly pc: number;
  readonly at: number;
  readonly address: number;
  /** Memory that the target or address was loaded from at last, and the instruction that loaded it; null where it was made otherwise. */
  readonly loaded: { readonly address: number; readonly pc: number } | null;
  /** What a failed read should have given is branched to a few instructions later. */
  readonly feedsBranch: boolean;
  /** It came by a load through SP. */
  readonly throughStack: boolean;
}

export interface FaultFacts {
  readonly kind: string;
  readonly address: number | null;
  readonly pc: number;
  /** The last instruction before it: for a fetch, the branch. */
  readonly from: number;
  readonly at: number;
}

/** A stay of a device on the bus. */
export interface UsbFacts {
  readonly at: number;
  readonly enumerated: boolean;
  /** The pull-up went, or the cable; null = still there. */
  readonly endedAt: number | null;
}

export interface LeaveFacts {
  readonly at: number;
  /** User code ran after it. */
  readonly started: boolean;
  /** Causes of the resets between the leave and the end. */
  readonly resets: readonly string[];
  /** The host configured a device of user code before it, and after it. */
  readonly usbBefore: boolean;
  readonly usbAfter: boolean;
  /** User code entered the ROM once more after it. */
  readonly entry: { readonly pc: number | null; readonly at: number } | null;
  /** An exception of user code was taken to a handler in system memory after it. */
  readonly exceptionInSystem: { readonly pc: number | null; readonly at: number } | null;
  /** Address of the vector table that was left to; null where nobody watched. */
  readonly table: number | null;
  /** What the same program shows when the same chip is reset instead, and did not show after the leave. */
  readonly missing: readonly string[];
  /** State that is other than after that reset, in the order of `LEFT_KINDS`. */
  readonly left: readonly LeftState[];
}

/** Groups of state that a ROM hands over when it leaves; `supply`: what power-on alone puts back; `security`: what is out of reach for code that is not secure; `rest`: all other blocks of the chip. */
export const LEFT_KINDS = ['vtor', 'remap', 'clocks', 'supply', 'irq', 'flash', 'security', 'rest'] as const;
export type LeftKind = (typeof LEFT_KINDS)[number];
export interface LeftState {
  readonly kind: LeftKind;
  /** As the program found it, and as a reset leaves it. */
  readonly observed: string;
  readonly expected: string;
  /** With this as after a reset, and whatever else is needed beside it, the way back works: it stands in a minimal set. */
  readonly relied: boolean;
}

/** A variable that holds a request. */
export interface MagicVariable {
  readonly name: string;
  readonly bytes: number;
  /** Section of the image that it lies in; null or left out where that is not known. */
  readonly section?: string | null;
  /** Where it is declared; null where the debug data does not say. */
  readonly declared: { readonly file: string; readonly line: number } | null;
}

/** A word that outlived a reset, or should have: user code decides upon it behind the reset, or nobody reads it. */
export interface MagicWord {
  readonly address: number;
  /** How many resets of the history there were up to the one that it had to outlive, power-on included; left out = 2. */
  readonly resets?: number;
  /** Last value that was stored there before the reset, and what it really held then (a write that was dropped differs); null = never stored to. */
  readonly wanted: number | null;
  readonly atReset: number;
  /** At the reset only a dirty line of the data cache held it. */
  readonly inDirtyLine: boolean;
  /** A narrow store that the ECC of the RAM held back, so that the reset lost it: why, in words, and the bytes of an ECC word. */
  readonly heldBack?: { readonly because: string; readonly bytes: number };
  /** Value when user code read it after the reset, and who wrote it in between; null = nobody read it. */
  readonly read: number | null;
  readonly reader: Writer | null;
  /** Of a register: its bus clock was off when it was stored to; left out where that is not known. */
  readonly writtenWithoutClock?: boolean;
  /** Of data EEPROM: it was unlocked when it was stored to; left out where it was not, and elsewhere. */
  readonly writtenUnlocked?: true;
  /** The bus clock of the register was off then: such a read gives 0. */
  readonly readWithoutClock: boolean;
  readonly writer: Writer | null;
  readonly overwrittenBy: Writer | null;
  /** `overwrittenBy` came before the reset. */
  readonly lostBefore?: true;
  /** The RAM that held it was without supply before the reset: Standby or Shutdown. */
  readonly lostSupply?: true;
  /** What the decision behind the read compares it with, and where; null = no decision was seen. */
  readonly comparedWith: number | null;
  readonly decision: Writer | null;
  /** The variable of the image that it belongs to; null or left out where there is none. */
  readonly variable?: MagicVariable | null;
  /** Another word that was given the value which this one is compared with. */
  readonly elsewhere: { readonly address: number; readonly writer: Writer } | null;
}

/** What a run of the ROM needs to know to judge: the profile's facts, not its code. */
export interface RomFacts {
  readonly vectorTable: number;
  readonly initialStack: number;
  readonly resetVector: number;
  readonly range: readonly [number, number];
  readonly ramUse: readonly { readonly base: number; readonly size: number }[];
  readonly usbIrq: number;
  /** RX pins that the ROM watches beside USB, for a start bit or for a start of frame on CAN. */
  readonly listensTo: readonly { readonly name: string; readonly pin: string }[];
  /** Value of a ROM option in this run, with how sure it is; null if the family lacks it. */
  option(id: string): { readonly value: string; readonly confidence: Confidence } | null;
}

export interface Subject {
  readonly state: TargetState;
  readonly history: TargetHistory | null;
  readonly entry: EntryFacts | null;
  readonly rom: RomFacts;
  /** Outcome of the run that is judged. */
  readonly outcome: string;
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
}

/** Edits that a repair can make. `entry`: state edits before the first ROM instruction. */
export interface RepairTarget {
  setCore(register: string, value: number): void;
  /** Stores into a register's storage: no side effects of a bus write but the consequences of the new value (clocks, wires). */
  setField(path: string, value: number): void;
  /** As setField, past any lock: option bytes as if they had been programmed otherwise. */
  putField?(path: string, value: number): void;
  /** A word of the flash as if it had never been programmed. */
  eraseWord?(address: number): void;
  /** A bus write as software would make it. */
  write(address: number, size: 1 | 2 | 4, value: number): void;
  /** No exception is active and none pending; Thread mode on MSP. */
  leaveHandlerMode(): void;
  clearNvic(what: 'enabled' | 'pending', lines?: readonly number[]): void;
  /** The exception that is active was never taken: the code that it interrupted goes on. */
  undoException?(): void;
  /** The watchdog of this block was never started. */
  stopTimersOf(block: string): void;
  /** The board drives this pin so from here on, whatever the scenario does. */
  holdPin?(name: string, level: 0 | 1): void;
  /** The board has a crystal of this frequency, which starts as the datasheet says. */
  fitCrystal?(name: 'hse' | 'lse', hz: number): void;
  /** The other cores are back in reset. */
  holdOtherCores?(): void;
  branchTo(address: number): void;
  /** The same from user code, in place of a fault: the entry is still to come. */
  jumpTo?(address: number): void;
}

export type Repair =
  | {
      readonly at: 'entry';
      /** What the bench changes, in words, and the same as C for the user. */
      readonly what: string;
      readonly fix: string;
      /**
       * `instead-of-fault`: applied in place of the first fault, where the firmware never got to an entry. `undoes-exception`: the entry was an exception
       * that this takes back; the firmware goes on, and the other repairs act at the entry that it comes to.
       */
      readonly acts?: 'instead-of-fault' | 'undoes-exception';
      apply(target: RepairTarget, subject: Subject): void;
    }
  | {
      readonly at: 'before-write';
      readonly what: string;
      readonly fix: string;
      /** The write to suppress, or to replace by a value. */
      readonly seq: number;
      readonly value: number | null;
      /** The write stays: the resets that this watchdog asks for do not come. Without its start the firmware would wait for its registers. */
      readonly vetoes?: 'iwdg' | 'wwdg';
    }
  | {
      readonly at: 'redirect';
      readonly what: string;
      readonly fix: string;
      /** Reads of [from, from + 8) answer with the words of the ROM's table. */
      readonly from: number;
    }
  | {
      readonly at: 'keep';
      readonly what: string;
      readonly fix: string;
      /** Each word keeps `value` from the reset on (`resets` as in `MagicWord`), until it has been read. */
      readonly words: readonly { readonly address: number; readonly value: number; readonly resets?: number }[];
    };

export interface Check {
  readonly id: string;
  readonly question: string;
  /** Judges the path rather than the state handed over: is asked without an entry too. */
  readonly path: boolean;
  judge(subject: Subject): Judgement;
  /** Called when the verdict is fail or warn; null if the bench knows no counterfactual. */
  repair(subject: Subject): Repair | null;
  /** When the evidence fits several objects: what each of them would mean, the most plausible first. The diagnosis takes the one that helps. */
  choices?(subject: Subject): readonly { readonly judgement: Judgement; readonly repair: Repair }[];
  /** Objects that are broken, by name, where there may be several: a proved cause is narrowed to those that matter. */
  members?(subject: Subject): readonly string[];
  /** Those of the broken objects that have no behaviour in the emulator: that a run went well does not make them harmless. */
  unmodelled?(subject: Subject): readonly string[];
  /** Judgement and repair of some of the members. */
  narrow?(subject: Subject, members: readonly string[]): { readonly judgement: Judgement; readonly repair: Repair };
  /** It stands for many kinds of objects: where a more particular check explains as much, that one is named first. */
  readonly general?: true;
  /** Judges what comes after the entry: that the ROM was reached does not make it harmless. */
  readonly afterEntry?: true;
  /** What it says of a board is not shown by a run that reaches DFU: that does not make it harmless. */
  staysOpen?(subject: Subject): boolean;
  /** A warning of it is a remark: it explains nothing without proof. */
  readonly remark?: true | ((subject: Subject) => boolean);
  /** While it fails no repair can lead to DFU: nothing else is searched for. */
  readonly decides?: true;
  /** The evidence is too weak to accuse anyone without proof: what is not proved is not told. */
  isTentative?(subject: Subject): boolean;
  /** The repair replaces the jump itself, so that it says something only where nothing smaller helps. */
  isLastResort?(subject: Subject): boolean;
  /** For `bootbench explain <id>`: what the check is about, why it matters, how to get it right. Plain text, a few short paragraphs. */
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
/** Data EEPROM of L0 and L1: stores program it where FLASH has been unlocked for it (RM0376 3.3.4, RM0038 3.4.2). */
export const isDataEeprom = ({ name, programmedBy }: MemoryRow): boolean => name === 'eeprom' && programmedBy !== undefined;

export const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;

/** A rule is broken: `fail` if it is documented, else `warn`. */
export const broken = (
  verdict: 'fail' | 'warn',
  judgement: Pick<Judgement, 'observed' | 'expected' | 'because' | 'source' | 'confidence'> & { readonly lastWriter?: Writer | null },
): Judgement => ({ verdict, ...judgement });
