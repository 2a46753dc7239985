/** STM32F042: what of the F072's rows it has, with smaller pages and the boot pattern of F04x. Data only; facts and their sources as in the chip's fact sheet. */
import type { BlockRow, BootCondition, BootRule, ChipDescription, OptionByteRow } from '../emu/chip.ts';
import type { BlockFacts, RegisterFact } from '../emu/registers.ts';
import { lazyChip, type MadeDescription } from './lazy.ts';
import type { PartSize } from './parts.ts';
import { AN2606, bootsFlash, bootsRom, bootsSram, factoryValues, known, NO_ROM_AT_LEVEL_2, sourcesOf, withOptions } from './rows.ts';
import { STM32F072RB } from './stm32f072.ts';

const CMSIS = 'STMicroelectronics/cmsis_device_f0:Include/stm32f042x6.h';
const TABLE = `${AN2606} Table 35`;
const PATTERN_6 = `${AN2606} Table 2, pattern 6`;
const ROM_BASE = 0x1fffc400;
/** F072's that this part lacks. */
const ABSENT: readonly string[] = ['TIM6', 'TIM7', 'TIM15', 'USART3', 'USART4', 'I2C2', 'DAC', 'GPIOD', 'GPIOE'];

const erased = (field: string): OptionByteRow => ({ field, factory: known(1, 'erased user option byte', 'assumed') });
export const F04X_OPTION_BYTES: Readonly<Record<string, OptionByteRow>> = {
  ...STM32F072RB.optionBytes,
  BOOT_SEL: erased('FLASH.OBR.BOOT_SEL'),
  nBOOT0: erased('FLASH.OBR.nBOOT0'),
};
/** F072's SVD entry lacks the two bits of F04x and F09x. */
export function withBootSel(of: BlockFacts): BlockFacts {
  const more = [
    { name: 'nBOOT0', bit: 11, width: 1 },
    { name: 'BOOT_SEL', bit: 15, width: 1 },
  ];
  const registers: readonly RegisterFact[] = of.registers.map((r) =>
    r.name === 'OBR' ? { ...plain(r), fields: [...r.fields, ...more] } : r,
  );
  return { name: of.name, registers };
}
const plain = (r: RegisterFact): Omit<RegisterFact, 'fields'> => ({
  name: r.name,
  offset: r.offset,
  size: r.size,
  reset: r.reset,
  writable: r.writable,
});

const SEL = 'field:FLASH.OBR.BOOT_SEL';
const pin = (level: 0 | 1): readonly BootCondition[] => [
  { signal: SEL, is: [1] },
  { signal: 'pin:BOOT0', is: [level] },
];
const bit = (nBOOT0: 0 | 1): readonly BootCondition[] => [
  { signal: SEL, is: [0] },
  { signal: 'field:FLASH.OBR.nBOOT0', is: [nBOOT0] },
];
const nBOOT1 = (value: 0 | 1): BootCondition => ({ signal: 'field:FLASH.OBR.nBOOT1', is: [value] });
const empty: BootCondition = { signal: 'flash:empty', is: [1] };
export const bootsByPattern6 = (base: number): readonly BootRule[] => [
  bootsFlash([{ signal: 'field:FLASH.OBR.RDPRT', is: [3] }], NO_ROM_AT_LEVEL_2),
  bootsRom(base, [...pin(1), nBOOT1(1)], PATTERN_6),
  bootsRom(base, [...bit(0), nBOOT1(1)], PATTERN_6),
  bootsRom(base, [...pin(0), empty], PATTERN_6),
  bootsRom(base, [...bit(1), empty], PATTERN_6),
  bootsSram([...pin(1), nBOOT1(0)], 'RM0091 2.5: embedded SRAM'),
  bootsSram([...bit(0), nBOOT1(0)], 'RM0091 2.5: embedded SRAM'),
  bootsFlash([], PATTERN_6),
];

function block(row: BlockRow, part: PartSize): BlockRow {
  if (row.name === 'DBGMCU') return withOptions(row, 'dbgmcu', { devId: 0x445, revId: 0x1000 });
  if (row.name !== 'FLASH') return row;
  return withOptions(row, 'flash-f0', {
    bytes: part.flashKilobytes * 1024,
    flashKilobytes: part.flashKilobytes,
    pageBytes: 0x400,
    wrpPages: 4,
    uidOffset: 0x1ffff7ac - ROM_BASE,
    sizeOffset: 0x1ffff7cc - ROM_BASE,
    optionBytes: factoryValues(F04X_OPTION_BYTES),
  });
}

let flash: BlockFacts | undefined;

export function f042Chip(part: PartSize): ChipDescription {
  const rom: NonNullable<ChipDescription['rom']> = {
    id: 'stm32f042',
    vectorTable: known(ROM_BASE, TABLE),
    range: known([ROM_BASE, 0x1ffff7ff] as const, TABLE),
    ramUse: known([{ base: 0x20000000, size: 0x1800 }], `${TABLE}: all of it`),
    versions: known(['V10.0', 'V10.1'], `${AN2606} Table 36`),
    startUpMs: known(0.058, `${AN2606} Table 227`),
    usbConnectMs: known(350, `${AN2606} Table 229`),
  };
  const make = (): MadeDescription => ({
    ...STM32F072RB,
    sources: sourcesOf(CMSIS, 'ST SVD STM32F0x2 v1.3; BOOT_SEL and nBOOT0: RM0091 3.5.8'),
    memories: STM32F072RB.memories.map((m) => {
      if (m.name === 'flash') return { ...m, size: part.flashKilobytes * 1024 };
      if (m.name === 'rom') return { ...m, base: ROM_BASE, size: 0x3400, factsFrom: 0x3300 };
      return m.name === 'sram' ? { ...m, size: 0x1800 } : m;
    }),
    blocks: STM32F072RB.blocks.filter((row) => !ABSENT.includes(row.name)).map((row) => block(row, part)),
    // The other blocks are still expanded when they are first asked for.
    facts: Object.defineProperties(
      {},
      {
        ...Object.getOwnPropertyDescriptors(STM32F072RB.facts),
        FLASH: { enumerable: true, get: () => (flash ??= withBootSel(STM32F072RB.facts['FLASH']!)) },
      },
    ),
    parameters: {
      ...STM32F072RB.parameters,
      'hse.hz': known(8_000_000, 'NUCLEO-F042K6 public board files: clock from the ST-LINK', 'reported'),
      'hse.external': known(1, 'NUCLEO-F042K6 public board files', 'reported'),
    },
    boot: bootsByPattern6(ROM_BASE),
    optionBytes: F04X_OPTION_BYTES,
    rom,
  });
  return lazyChip(part.name, 'STM32F0', make, rom);
}
export const STM32F042K6 = f042Chip({ name: 'STM32F042K6', flashKilobytes: 32 });
