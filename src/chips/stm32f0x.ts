/**
 * STM32F030, F031, F051, F070, F091: what of the F072's rows each has. F030 and F070 have no HSI48 and no CRS; which ROM a part has hangs on its flash size. Data only; facts and
 * their sources as in the chips' fact sheets.
 */
import type { BlockRow, BootRule, ChipDescription, OptionByteRow, RomReference, Sourced } from '../emu/chip.ts';
import type { BlockFacts } from '../emu/registers.ts';
import { MS } from '../emu/time.ts';
import { madeOnDemand, withFacts } from './facts.ts';
import { gatedBy, rccWith, type Gates } from './gates.ts';
import { lazyChip, type MadeDescription } from './lazy.ts';
import type { PartSize } from './parts.ts';
import { AN2606, factoryValues, known, sourcesOf, type Row, withOptions } from './rows.ts';
import { bootsByPattern6, F04X_OPTION_BYTES, withBootSel } from './stm32f042.ts';
import { f0BootsByPattern2, STM32F072RB } from './stm32f072.ts';

const HEADERS = 'STMicroelectronics/cmsis_device_f0:Include';
/** Last bytes of system memory: unique ID, calibration values, flash size. */
const SYSTEM_END = 0x1ffff800;
const FACTS_FROM = 0x1ffff700;

interface F0Die {
  readonly header: string;
  readonly devId: number;
  /** F072's rows that it lacks. */
  readonly absent: readonly string[];
  readonly more?: readonly Row[];
  readonly hsi48: boolean;
  readonly romBase: number;
  readonly pageBytes: 1024 | 2048;
  readonly ramKilobytes: number;
  readonly boot: readonly BootRule[];
  readonly optionBytes: Readonly<Record<string, OptionByteRow>>;
  /** Of the flash interface, where it has more option bits than F072's. */
  readonly flashFacts?: (of: BlockFacts) => BlockFacts;
  readonly rom: Omit<RomReference, 'vectorTable' | 'range'>;
  readonly table: string;
}

const BASIC_ABSENT = ['CAN', 'CEC', 'CRS', 'DAC', 'GPIOE', 'TIM2', 'TSC'];
const pattern2 = f0BootsByPattern2;
const used = (kilobytes: number, table: string): Sourced<readonly { base: number; size: number }[]> =>
  known([{ base: 0x20000000, size: kilobytes * 1024 }], `${AN2606} ${table}`);
const row = (
  id: string,
  table: string,
  ram: number,
  versions: Sourced<readonly string[]>,
  startUp: number,
  connect: RomReference['usbConnectMs'],
): F0Die['rom'] => ({
  id,
  ramUse: used(ram, table),
  versions,
  startUpMs: known(startUp, `${AN2606} Table 227`),
  usbConnectMs: connect,
});
const NO_USB = known(0, 'no USB in this ROM');

const F070XB: F0Die = {
  header: 'stm32f070xb.h',
  devId: 0x448,
  absent: BASIC_ABSENT,
  hsi48: false,
  romBase: 0x1fffc800,
  pageBytes: 2048,
  ramKilobytes: 16,
  boot: pattern2(0x1fffc800),
  optionBytes: STM32F072RB.optionBytes!,
  table: 'Table 39',
  rom: row('stm32f070xb', 'Table 39', 6, known(['V10.2', 'V10.3'], `${AN2606} Table 40`), 6, known(320, `${AN2606} Table 229`)),
};
/** Its header has neither BOOT_SEL nor nBOOT0: of pattern 6 the pin and the empty flash remain. */
const F070X6: F0Die = {
  ...F070XB,
  header: 'stm32f070x6.h',
  devId: 0x445,
  absent: [...BASIC_ABSENT, 'I2C2', 'SPI2', 'TIM15', 'TIM6', 'TIM7', 'USART3', 'USART4'],
  romBase: 0x1fffc400,
  pageBytes: 1024,
  ramKilobytes: 6,
  boot: pattern2(0x1fffc400, true),
  table: 'Table 37',
  rom: row(
    'stm32f070x6',
    'Table 37',
    6,
    known(['V10.2', 'V10.3'], `${AN2606} Table 38`),
    3,
    known(320, `${AN2606} Table 229: to be defined; F070xB's figure`, 'assumed'),
  ),
};
/** Of 3 KB. */
const SMALL_ROM = 0x1fffec00;
const F030X8: F0Die = {
  header: 'stm32f030x8.h',
  devId: 0x440,
  absent: [...BASIC_ABSENT, 'TIM7', 'USART3', 'USART4', 'USB'],
  hsi48: false,
  romBase: SMALL_ROM,
  pageBytes: 1024,
  ramKilobytes: 8,
  boot: pattern2(SMALL_ROM),
  optionBytes: STM32F072RB.optionBytes!,
  table: 'Table 33',
  rom: row('stm32f030x8', 'Table 33', 2, known(['V2.1'], `${AN2606} Table 34`), 1.612, NO_USB),
};
const F030X6: F0Die = {
  ...F030X8,
  header: 'stm32f030x6.h',
  devId: 0x444,
  absent: [...F030X8.absent, 'I2C2', 'SPI2', 'TIM15', 'TIM6', 'USART2'],
  ramKilobytes: 4,
  table: 'Table 29',
  rom: row('stm32f030x6', 'Table 29', 2, known(['V1.0'], `${AN2606} Table 30`), 1.612, NO_USB),
};
/** F051 and F058, F031 and F038: the dies of F030 with TIM2, F051 with touch sensing, DAC and CEC too (their headers). */
const F051X8: F0Die = {
  ...F030X8,
  header: 'stm32f051x8.h',
  absent: ['CAN', 'CRS', 'GPIOE', 'TIM7', 'USART3', 'USART4', 'USB'],
};
const F031X6: F0Die = { ...F030X6, header: 'stm32f031x6.h', absent: F030X6.absent.filter((name) => name !== 'TIM2') };
const USARTS: Gates = { USART5: 'APB1 20', USART6: 'APB2 5', USART7: 'APB2 6', USART8: 'APB2 7' };
const usart = (n: number, base: number): Row => ({
  name: `USART${n}`,
  model: 'usart-v4',
  facts: 'USART1',
  base,
  size: 0x400,
  irqs: [29],
  ...gatedBy(`USART${n}`, USARTS[`USART${n}`]!),
  options: { block: `USART${n}`, clock: 'pclk1', fifoDepth: 1 },
});
const F030XC: F0Die = {
  ...F030X8,
  header: 'stm32f030xc.h',
  devId: 0x442,
  absent: [...BASIC_ABSENT, 'USB'],
  more: [usart(5, 0x40005000), usart(6, 0x40011400)],
  romBase: 0x1fffd800,
  pageBytes: 2048,
  ramKilobytes: 32,
  boot: pattern2(0x1fffd800),
  table: 'Table 31',
  rom: row('stm32f030xc', 'Table 31', 6, known(['V5.2'], `${AN2606} Table 32`), 2, NO_USB),
};
const F091XC: F0Die = {
  ...F030XC,
  header: 'stm32f091xc.h',
  absent: ['USB'],
  more: [...F030XC.more!, usart(7, 0x40011800), usart(8, 0x40011c00)],
  hsi48: true,
  boot: bootsByPattern6(0x1fffd800),
  optionBytes: F04X_OPTION_BYTES,
  flashFacts: withBootSel,
  table: 'Table 43',
  rom: row('stm32f091', 'Table 43', 6, known(['V5.0'], `${AN2606} Table 44`), 2, NO_USB),
};

const HSI48 = /^HSI48/;
/** RCC without what the die lacks, and with the gates of USART5 to USART8. */
function rccFacts(die: F0Die, of: BlockFacts): BlockFacts {
  const gone = (name: string): boolean =>
    (!die.hsi48 && (HSI48.test(name) || name.startsWith('CRS'))) ||
    die.absent.some((block) => name === `${block}EN` || name === `${block}RST`);
  return rccWith(() => of, Object.fromEntries((die.more ?? []).map(({ name }) => [name, USARTS[name]!])), gone);
}

const VALUE_LINE = /^STM32F0[37]0/;
function block(die: F0Die, part: PartSize, of: BlockRow): BlockRow {
  if (of.name === 'DBGMCU') return withOptions(of, 'dbgmcu', { devId: die.devId, revId: 0x1000 });
  // RM0360 has no UESM, WUS and WUFIE; the register facts are F072's
  if (of.model === 'usart-v4' && VALUE_LINE.test(part.name)) return withOptions(of, 'usart-v4', { wakesFromStop: false });
  if (of.name !== 'FLASH') return of;
  return withOptions(of, 'flash-f0', {
    bytes: part.flashKilobytes * 1024,
    flashKilobytes: part.flashKilobytes,
    pageBytes: die.pageBytes,
    wrpPages: 4096 / die.pageBytes,
    uidOffset: 0x1ffff7ac - die.romBase,
    sizeOffset: 0x1ffff7cc - die.romBase,
    optionBytes: factoryValues(die.optionBytes),
  });
}

function f0Chip(die: F0Die, part: PartSize): ChipDescription {
  const rom: RomReference = {
    ...die.rom,
    vectorTable: known(die.romBase, `${AN2606} ${die.table}`),
    range: known([die.romBase, SYSTEM_END - 1] as const, `${AN2606} ${die.table}`),
  };
  const make = (): MadeDescription => {
    return {
      ...STM32F072RB,
      sources: sourcesOf(
        `${HEADERS}/${die.header}`,
        'ST SVD STM32F0x2 v1.3, without what the header lacks; gates of USART5 to USART8: the header',
      ),
      memories: STM32F072RB.memories.map((m) => {
        if (m.name === 'flash') return { ...m, size: part.flashKilobytes * 1024 };
        if (m.name === 'rom') return { ...m, base: die.romBase, size: SYSTEM_END - die.romBase, factsFrom: FACTS_FROM - die.romBase };
        return m.name === 'sram' ? { ...m, size: part.ram?.[0]?.size ?? die.ramKilobytes * 1024 } : m;
      }),
      blocks: [...STM32F072RB.blocks.filter((r) => !die.absent.includes(r.name)).map((r) => block(die, part, r)), ...(die.more ?? [])].sort(
        (a, b) => a.base - b.base,
      ),
      clocks: STM32F072RB.clocks.filter((name) => die.hsi48 || name !== 'hsi48'),
      facts: madeOnDemand(() => factsOf(die)),
      parameters: {
        ...STM32F072RB.parameters,
        'hse.hz': known(8_000_000, 'NUCLEO-F030R8, F070RB and F091RC: clock from the ST-LINK, public board files', 'reported'),
        'hse.external': known(1, 'NUCLEO-F030R8, F070RB and F091RC: clock from the ST-LINK, public board files', 'reported'),
        'hse.start.ps': known(2 * MS, 'DS8626 r12 T32 (8 MHz crystal, F4)', 'assumed'),
      },
      boot: die.boot,
      optionBytes: die.optionBytes,
      rom,
    };
  };
  return lazyChip(part.name, 'STM32F0', make, rom);
}
function factsOf(die: F0Die): ChipDescription['facts'] {
  const facts = STM32F072RB.facts;
  const flash = die.flashFacts?.(facts['FLASH']!) ?? facts['FLASH']!;
  return withFacts({ RCC: rccFacts(die, facts['RCC']!), FLASH: flash }, facts);
}

export const f070Chip = (part: PartSize): ChipDescription => f0Chip(part.flashKilobytes > 32 ? F070XB : F070X6, part);
export const f030Chip = (part: PartSize): ChipDescription =>
  f0Chip(part.flashKilobytes > 64 ? F030XC : part.flashKilobytes > 32 ? F030X8 : F030X6, part);
export const f031Chip = (part: PartSize): ChipDescription => f0Chip(F031X6, part);
export const f051Chip = (part: PartSize): ChipDescription => f0Chip(F051X8, part);
export const f091Chip = (part: PartSize): ChipDescription => f0Chip(F091XC, part);

export const STM32F070RB = f070Chip({ name: 'STM32F070RB', flashKilobytes: 128 });
export const STM32F070F6 = f070Chip({ name: 'STM32F070F6', flashKilobytes: 32 });
export const STM32F030F4 = f030Chip({ name: 'STM32F030F4', flashKilobytes: 16 });
export const STM32F030R8 = f030Chip({ name: 'STM32F030R8', flashKilobytes: 64 });
export const STM32F030RC = f030Chip({ name: 'STM32F030RC', flashKilobytes: 256 });
export const STM32F091RC = f091Chip({ name: 'STM32F091RC', flashKilobytes: 256 });
