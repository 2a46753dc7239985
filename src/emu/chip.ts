/** The shape of chip data. Rows live in src/chips; this file knows no chip. */
import type { BlockFacts } from './registers.ts';

export type Confidence = 'documented' | 'measured' | 'reported' | 'inferred' | 'fitted' | 'assumed';

/** A value with where it comes from. */
export interface Sourced<T> {
  readonly value: T;
  readonly source: string;
  readonly confidence: Confidence;
}

export type CoreType = 'cortex-m0' | 'cortex-m4f' | 'cortex-m33f' | 'cortex-m7f';

export interface CoreRow {
  readonly name: string;
  readonly type: CoreType;
  readonly nvicLines: number;
  readonly priorityBits: number;
  readonly mpuRegions: number;
  /** Clock that the core runs from, and that SysTick's external reference is derived from (already divided). */
  readonly clock: string;
  readonly sysTickClock: string | null;
}

export interface MemoryRow {
  readonly name: string;
  readonly base: number;
  readonly size: number;
  /** ram: reads and writes. flash: reads; writes go to the block `programmedBy`. rom: reads. */
  readonly kind: 'ram' | 'flash' | 'rom';
  /** user: the firmware's; system: system memory (the ROM); data: not executable. */
  readonly zone: 'user' | 'system' | 'data';
  /** Further addresses at which the same bytes appear. */
  readonly aliases?: readonly number[];
  /** Block that programs this flash: its `writeElse` gets the absolute address. */
  readonly programmedBy?: string;
  /** Reads and fetches pay flash wait states and go through the instruction cache. */
  readonly waitStates?: boolean;
  /** Accesses are served by a block instead (its read/write get the offset in this memory): option areas with access rules. */
  readonly guardedBy?: string;
  /** Keeps its contents with VBAT; lost only with power. All RAM survives a system reset. */
  readonly backup?: boolean;
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
  /** RCC register and field that clocks the block, e.g. `AHB2ENR.GPIOAEN`. Left out = always clocked. */
  readonly clock?: string;
  /** RCC register and field that resets the block. */
  readonly reset?: string;
  /** In the backup domain: a system reset does not reach it. */
  readonly backup?: boolean;
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface ChipDescription {
  /** Canonical part, e.g. `STM32H533RE`. */
  readonly name: string;
  readonly family: string;
  readonly cores: readonly CoreRow[];
  readonly memories: readonly MemoryRow[];
  readonly blocks: readonly BlockRow[];
  /** Names of all clocks that RCC drives. */
  readonly clocks: readonly string[];
  /** Block whose registers carry the clock-enable and reset bits. */
  readonly rcc: string;
  /** Board and chip parameters with their defaults (delays in ps, voltages, crystal frequencies). */
  readonly parameters: Readonly<Record<string, Sourced<number>>>;
  readonly facts: Readonly<Record<string, BlockFacts>>;
}
