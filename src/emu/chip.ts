/** The shape of chip data. Rows live in src/chips; this file knows no chip. */
import type { ResetCause } from './component.ts';
import type { Confidence } from './confidence.ts';
import type { CoreType } from './core/models/names.ts';
import type { BlockFacts } from './registers.ts';

/** A value with where it comes from. */
export interface Sourced<T> {
  readonly value: T;
  readonly source: string;
  readonly confidence: Confidence;
}

export interface CoreRow {
  readonly name: string;
  readonly type: CoreType;
  readonly nvicLines: number;
  readonly priorityBits: number;
  readonly mpuRegions: number;
  /** Where this chip has another revision of the core than its row in src/emu/core/models. */
  readonly revision?: { readonly cpuid: number; readonly ccr: number };
  /** Bit-banding (an option of Cortex-M3 and M4): words of 0x22000000 and 0x42000000 stand for bits of the first megabyte of SRAM and of peripherals. */
  readonly bitBand?: boolean;
  /** The DWT has the software lock (an option of the core): until 0xC5ACCE55 is written to one of these (DWT_LAR, ITM_LAR), it ignores software. */
  readonly dwtLock?: Sourced<readonly number[]>;
  /** Clock that the core runs from, and that SysTick's external reference is derived from (already divided). */
  readonly clock: string;
  readonly sysTickClock: string | null;
  /** L1 caches: clock of the bus behind them, and its cycles from a miss to the word that the core waits for (flash: LATENCY more). */
  /** Cache of its own between the core and the flash (wires `art.enabled`, `art.page`: bits 31:20 of the addresses that it serves). */
  readonly flashCache?: Sourced<FlashCacheRow>;
  readonly lineFill?: { readonly clock: string; readonly cycles: Sourced<number> };
}

export interface MemoryRow {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  /** ram: reads and writes. flash: reads; writes go to the block `programmedBy`. rom: reads. */
  readonly kind: 'ram' | 'flash' | 'rom';
  /** user: the firmware's; system: system memory (the ROM); data: not executable. */
  readonly zone: 'user' | 'systemMemory' | 'data';
  /** In system memory: from this offset on stand facts about the part (unique ID, calibration). Reading them is no search for the ROM's vectors. */
  readonly factsFrom?: number;
  /** Further addresses at which the same bytes appear. */
  readonly aliases?: readonly number[];
  /** Block that programs this flash: its `writeElse` gets the absolute address. */
  readonly programmedBy?: string;
  /** Reads and fetches pay flash wait states and go through the instruction cache. */
  readonly waitStates?: boolean;
  /** Byte that an erased flash reads; 0xFF unless said otherwise. */
  readonly erased?: number;
  /** Accesses are served by a block instead (its read/write get the offset in this memory): option areas with access rules. */
  readonly guardedBy?: string;
  /** RCC register and field that clocks it: without, it reads 0 and drops writes, which may also need a wire. Only one that needs none is read and written fast. */
  readonly gate?: { readonly clock: string; readonly writable?: string };
  /** Name of the only core that sees it (tightly-coupled memory). Bus masters and the bench see what the first core sees. */
  readonly core?: string;
  /** Bus masters that reach it beside the core, by the names of their blocks; left out: all. */
  readonly masters?: readonly string[];
  /** Keeps its contents with VBAT; lost only with power. All RAM survives a system reset, but for what an option byte `erases`. */
  readonly backup?: boolean;
  /** Bytes that share one ECC code; left out: none. */
  readonly eccBytes?: number;
}

export interface BlockRow {
  readonly name: string;
  /** Behaviour: a name in the model table, or null for a declared, unmodelled block. */
  readonly model: string | null;
  /** Name of the register facts; defaults to `name`. */
  readonly facts?: string;
  readonly base: number;
  readonly size: number;
  readonly irqs?: readonly number[];
  /** It shows who asks on the interrupt lines of the chip: the level of each block on each is a wire, `irq.<line>.<block>`, also where one alone has the line. */
  readonly seesInterrupts?: boolean;
  /** Further ranges of addresses that the block answers, behind its own: offsets count from `base` (packet memory of the USB of G0 and C0). */
  readonly windows?: readonly { readonly base: number; readonly size: number }[];
  /** RCC register and field that clocks the block, e.g. `AHB2ENR.GPIOAEN`. Left out = always clocked. */
  readonly clock?: string;
  /** Without its clock the block ignores writes but still answers reads. */
  readonly readsUnclocked?: boolean;
  /** Offsets of words that are read and written without the clock. */
  readonly unclocked?: readonly number[];
  /** RCC register and field that resets the block. */
  readonly reset?: string;
  /** In the backup domain: a system reset does not reach it. */
  readonly backup?: boolean;
  /** Outside the core domain: it works on while that has no supply (Standby), and waking up does not reset it. */
  readonly worksInStandby?: boolean;
  /** Name of the core that the block belongs to: its interrupts reach that core alone, a reset that it asks for counts as that core's. */
  readonly core?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** The block is a USB device controller, whatever its generation. */
export const isUsbController = (row: BlockRow): boolean => row.model?.startsWith('usb') === true;

/** Something that a boot rule looks at when the core leaves reset: a pin's level, a register field, a flag of a block. */
export interface BootCondition {
  /** `pin:BOOT0` (parameter `boot0.level`), `field:FLASH.OPTSR_CUR.PRODUCT_STATE`, `flash:empty` (first word erased). */
  readonly signal: string;
  readonly is: readonly number[];
}

/** Rows are tried in order; the first whose conditions all hold decides where the core starts. */
export interface BootRule {
  readonly when: readonly BootCondition[];
  /** held: the core waits until the wire `core.release.<name>` rises. */
  readonly boots: 'user' | 'system' | 'held';
  /** Address of the vector table, or the field that holds it (shifted left by `shift`). */
  readonly vectors: number | { readonly field: string; readonly shift: number };
  /** Value of the wire `boot.remap`: what the place in `ChipDescription.remap` shows; the core then starts from the table there. */
  readonly remap?: number;
  /** Secure or first-stage code of the vendor runs before the table's code does. */
  readonly firstStage?: string;
  /** Core this row starts; left out = the only one. */
  readonly core?: string;
  readonly source: string;
  readonly confidence: Confidence;
}

/** A place in the address space that shows one of several memories from their first byte on. */
export interface RemapRow {
  readonly base: number;
  /** Wire whose value chooses. */
  readonly wire: string;
  /** Memory by value; with a value that is not here nothing answers. */
  readonly shows: Readonly<Record<number, string>>;
}

export interface OptionByteRow {
  /** Field that shows the value in force, e.g. `FLASH.OPTSR_CUR.SWAP_BANK`. */
  readonly field: string;
  readonly factory: Sourced<number>;
  /** While it is 0, a system reset erases these memories. */
  readonly erases?: readonly string[];
}

/** A flag of the reset status register and the resets that raise it. */
export interface ResetFlagRow {
  readonly field: string;
  readonly raisedBy: readonly ResetCause[];
}

/** What is known of the vendor's ROM; the stand-in's own options live in src/rom. */
export interface RomReference {
  /** Profile id in src/rom. */
  readonly id: string;
  readonly vectorTable: Sourced<number>;
  /** Another table in system memory at which products enter it. */
  readonly otherTable?: Sourced<number>;
  /** Whole system memory, first and last byte. */
  readonly range: Sourced<readonly [number, number]>;
  readonly ramUse: Sourced<readonly { readonly base: number; readonly size: number }[]>;
  /** Versions in the field, newest last. */
  readonly versions: Sourced<readonly string[]>;
  /** Bootloader reset to ready for detection. */
  readonly startUpMs: Sourced<number>;
  /** Plugging the cable to a working connection. */
  readonly usbConnectMs: Sourced<number>;
}

/** Highest HCLK in MHz per number of flash wait states, by voltage range (`VOS0`…). */
export type LatencyTable = Readonly<Record<string, readonly (readonly [maxMHz: number, waitStates: number])[]>>;

/** Flash as its controller reads it: line by line, through caches of rows that software switches, or a word at a time and ahead (wires `art.icache`, `art.dcache`, `flash.prefetch`). */
export interface FlashCacheRow {
  readonly lineBytes: 4 | 8 | 16 | 32;
  readonly rowBytes: 16 | 32;
  readonly codeRows: number;
  readonly dataRows: number;
}

/** What a part has around its die. */
export interface PackageRow {
  /** Its letter in the part number; null: any that the part comes in. */
  readonly letter: string | null;
  readonly name: string;
  /** Pins by port, as bits. */
  readonly pins: Readonly<Record<string, number>>;
}

export interface ChipDescription {
  /** Canonical part, e.g. `STM32H533RE`. */
  readonly name: string;
  readonly family: string;
  /** What its manuals and its ROM are named by, `STM32H533`. */
  readonly line: string;
  /** Where the part number says it. */
  readonly package?: PackageRow;
  readonly cores: readonly CoreRow[];
  readonly memories: readonly MemoryRow[];
  readonly blocks: readonly BlockRow[];
  /** Every chip with two cores: their turns are `cycles` of this clock long at most. */
  readonly quantum?: { readonly clock: string; readonly cycles: number };
  /** Names of all clocks that RCC drives. */
  readonly clocks: readonly string[];
  /** Block whose registers carry the clock-enable and reset bits. */
  readonly rcc: string;
  /** Board and chip parameters with their defaults (delays in ps, voltages, crystal frequencies). */
  readonly parameters: Readonly<Record<string, Sourced<number>>>;
  readonly facts: Readonly<Record<string, BlockFacts>>;
  readonly boot?: readonly BootRule[];
  readonly remap?: RemapRow;
  /** By the name that a scenario uses. Parameters `option.<name>` override the factory value. */
  readonly optionBytes?: Readonly<Record<string, OptionByteRow>>;
  readonly resetFlags?: { readonly clear: string; readonly flags: readonly ResetFlagRow[] };
  readonly rom?: RomReference;
  /** Caches of the flash controller, in front of a core without others. */
  readonly flashCache?: Sourced<FlashCacheRow>;
  readonly flashLatency?: Sourced<LatencyTable>;
  /** Highest HCLK by voltage range. */
  readonly maxHclkHz?: Sourced<Readonly<Record<string, number>>>;
  /** Where the places of memories and blocks, and the layouts of the registers are from. */
  readonly sources?: Readonly<Record<'memories' | 'registers', { readonly source: string; readonly confidence: Confidence }>>;
  /** SVD peripherals that have no row of their own, and the row that covers them. */
  readonly covered?: Readonly<Record<string, string>>;
}
