/** What the rows of several chips are made of. */
import type {
  BlockRow,
  BootCondition,
  BootRule,
  ChipDescription,
  CoreRow,
  MemoryRow,
  OptionByteRow,
  ResetFlagRow,
  Sourced,
} from '../emu/chip.ts';
import type { Confidence } from '../emu/confidence.ts';
import { RESET_CAUSES, type ResetCause } from '../emu/component.ts';
import type { ModelName, OptionsOf } from '../peripherals/index.ts';

/** A model and what it is told: no more and no less than it takes. */
type RowModel<M extends ModelName = ModelName> = M extends ModelName
  ? { readonly model: M } & (object extends OptionsOf<M> ? { readonly options?: OptionsOf<M> } : { readonly options: OptionsOf<M> })
  : never;
type Modelled = RowModel | { readonly model: null; readonly options?: never };
/** A block without behaviour. */
export type Unmodelled = Omit<BlockRow, 'model' | 'options'> & { readonly model: null };
/** A block of a chip, with the options that its model takes. */
export type Row = Omit<BlockRow, 'model' | 'options'> & Modelled;
/** What is said of a block whose place, interrupts and gates are derived. */
export type RowParts = Partial<Omit<BlockRow, 'name' | 'model' | 'options'>> &
  (Modelled | { readonly model?: never; readonly options?: never });

/** A row told something else, or more. */
export function withOptions<R extends { readonly model?: string | null; readonly options?: object }, M extends ModelName>(
  row: R,
  model: M,
  options: Partial<OptionsOf<M>>,
): R {
  if (row.model !== model) throw new Error(`options of ${model} for a row of ${row.model}`);
  return { ...row, options: { ...row.options, ...options } };
}

export const AN2606 = 'AN2606 Rev 70';

export const known = <T>(value: T, source: string, confidence: Confidence = 'documented'): Sourced<T> => ({ value, source, confidence });

/** @param header of CMSIS */
export const sourcesOf = (header: string, registers: string): NonNullable<ChipDescription['sources']> => ({
  memories: { source: `${header}; system memory: ${AN2606}`, confidence: 'documented' },
  registers: { source: registers, confidence: 'documented' },
});

/** Option bytes as the models of FLASH take them. */
export const factoryValues = (rows: Readonly<Record<string, OptionByteRow>>): Record<string, { field: string; value: number }> =>
  Object.fromEntries(Object.entries(rows).map(([name, o]) => [name, { field: o.field.replace('FLASH.', ''), value: o.factory.value }]));

/** Backup SRAM of H5 and U5: write-protected by DBP as the registers of the backup domain (RM0481 and RM0456, bit DBP of PWR; recalled), silent without its clock. */
export const backupSram = (size: number, clock: string): MemoryRow => ({
  name: 'bkpsram',
  base: 0x40036400,
  size,
  kind: 'ram',
  zone: 'data',
  backup: true,
  gate: { clock, writable: 'dbp' },
});

/** The Cortex-M4 of F4 and L4. */
export const cortexM4F = (nvicLines: number): CoreRow => ({
  name: 'cm4',
  type: 'cortex-m4f',
  nvicLines,
  priorityBits: 4,
  mpuRegions: 8,
  bitBand: true,
  clock: 'hclk',
  sysTickClock: 'systick-ext',
});

/** The Cortex-M3 of F2 and L1, r2p0. */
export const cortexM3 = (nvicLines: number): CoreRow => ({ ...cortexM4F(nvicLines), name: 'cm3', type: 'cortex-m3' });

/** The Cortex-M0+, with MPU. */
export const cortexM0Plus = (nvicLines: number): CoreRow => ({
  name: 'cm0plus',
  type: 'cortex-m0plus',
  nvicLines,
  priorityBits: 2,
  mpuRegions: 8,
  clock: 'hclk',
  sysTickClock: 'systick-ext',
});

/**
 * Reset flags of a chip with one core, in the order of the documents: the pin's, power's, software's, option bytes', the watchdogs', low power's. Internal resets
 * drive NRST low, so the pin's flag rises with every one of them.
 * @param register `RCC.CSR`
 * @param power flags that a supply raises, by name
 * @param optionBytes whether the reload of the option bytes has one
 */
export function resetFlagRows(
  register: string,
  power: Readonly<Record<string, readonly ResetCause[]>>,
  { optionBytes }: { readonly optionBytes: boolean },
): readonly ResetFlagRow[] {
  const raised: readonly (readonly [string, readonly ResetCause[]])[] = [
    ['PINRSTF', RESET_CAUSES],
    ...Object.entries(power),
    ['SFTRSTF', ['software', 'debugger', 'core']],
    ...(optionBytes ? [['OBLRSTF', ['option-bytes']] as const] : []),
    ['IWDGRSTF', ['iwdg']],
    ['WWDGRSTF', ['wwdg']],
    ['LPWRRSTF', ['low-power']],
  ];
  return raised.map(([name, raisedBy]) => ({ field: `${register}.${name}`, raisedBy }));
}
/** The usual flag of a supply that comes or sinks. */
export const POWER_CAUSES: readonly ResetCause[] = ['power', 'brownout'];

/** Boots of the chips that map a memory at address 0 (MEM_MODE 0, 1, 3). */
export const bootsFlash = (when: readonly BootCondition[], source: string): BootRule => ({
  when,
  boots: 'user',
  vectors: 0x08000000,
  remap: 0,
  source,
  confidence: 'documented',
});
export const bootsRom = (
  vectors: number,
  when: readonly BootCondition[],
  source: string,
  confidence: Confidence = 'documented',
): BootRule => ({ when, boots: 'system', vectors, remap: 1, source, confidence });
export const bootsSram = (when: readonly BootCondition[], source: string): BootRule => ({
  when,
  boots: 'user',
  vectors: 0x20000000,
  remap: 3,
  source,
  confidence: 'documented',
});
export const NO_ROM_AT_LEVEL_2 = `${AN2606} 4.1: no boot from system memory at RDP level 2`;

export interface TimRow {
  readonly n: number;
  /** Block whose registers it has; without: its own. */
  readonly facts?: string;
  readonly base: number;
  readonly irqs: readonly number[];
  readonly bus: 1 | 2;
  readonly bits: 16 | 32;
}
export const timBlock = (t: TimRow, gates: Pick<BlockRow, 'clock' | 'reset'>, options: Partial<OptionsOf<'tim'>> = {}): Row => ({
  name: `TIM${t.n}`,
  model: 'tim',
  ...(t.facts === undefined ? {} : { facts: t.facts }),
  base: t.base,
  size: 0x400,
  irqs: t.irqs,
  ...gates,
  options: {
    block: `TIM${t.n}`,
    clock: `timpclk${t.bus}`,
    bits: t.bits,
    // TIM1 and TIM8: break, update, trigger and commutation, capture compare.
    ...(t.irqs.length === 4 ? { irqs: { brk: 0, update: 1, trigger: 2, cc: 3 } } : {}),
    ...options,
  },
});

/** By option: RAM that a system reset erases while it is 0 (RM0351, RM0434, RM0440, RM0456: FLASH_OPTR; RM0481: FLASH_OPTSR2). That it reads 0 then is inferred. */
const ERASED: Readonly<Record<string, readonly string[]>> = {
  SRAM2_RST: ['sram2'],
  CCMSRAM_RST: ['ccm'],
  SRAM1_RST: ['sram1'],
  SRAM13_RST: ['sram1', 'sram3'],
  SRAM1345_RST: ['sram1', 'sram3', 'sram4'],
};
/** An option byte of this name. */
export function optionByte(register: string, name: string, factory: OptionByteRow['factory']): OptionByteRow {
  const erases = ERASED[name];
  return { field: `FLASH.${register}.${name}`, factory, ...(erases && { erases }) };
}
