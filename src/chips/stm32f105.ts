/** STM32F105 and F107 (connectivity line): F103's blocks with OTG_FS, PLL2 and PLL3, and a ROM of 18 KB with DFU. Data only. */
import type { ChipDescription, RomReference, Sourced } from '../emu/chip.ts';
import { coveredBy, deriveBlocks, type Derivation } from './derive.ts';
import { loadFacts, withFacts } from './facts.ts';
import f107 from './generated/stm32f107.json' with { type: 'json' };
import { lazyChip, type MadeDescription } from './lazy.ts';
import { OTG_FS_F4 } from './otg-fs.ts';
import { withRam, type PartSize } from './parts.ts';
import { AN2606, known, sourcesOf, withOptions } from './rows.ts';
import { F1_BEHAVIOUR, F1_CLOCKS, F1_COMMON, F1_OWN, F1_PARAMETERS, f1Boot, f1Core, f1Flash, f1Memories } from './stm32f1.ts';

const ROM_BASE = 0x1fffb000;
const TABLE = `${AN2606} Table 47`;
/** In the SVD of all F1, on none of these lines. */
const ABSENT = ['TIM8', 'TIM9', 'TIM10', 'TIM11', 'TIM12', 'TIM13', 'TIM14', 'ADC3', 'SDIO', 'FSMC', 'USB', 'GPIOF', 'GPIOG'];
const ETHERNET = ['ETHERNET_MAC', 'ETHERNET_MMC', 'ETHERNET_PTP', 'ETHERNET_DMA'];
const OTG = ['GLOBAL', 'HOST', 'DEVICE', 'PWRCLK'].map((part) => `USB_OTG_${part}`);

export interface F105Line {
  readonly name: string;
  readonly absent: readonly string[];
}
export const F105: F105Line = { name: 'STM32F105', absent: ETHERNET };
export const F107: F105Line = { name: 'STM32F107', absent: [] };

function derivation(line: F105Line, part: PartSize): Derivation {
  const absent = [...ABSENT, ...line.absent];
  const exti = F1_OWN['EXTI']!;
  return {
    behaviour: F1_BEHAVIOUR,
    own: {
      ...Object.fromEntries(Object.entries(F1_OWN).filter(([name]) => !absent.includes(name))),
      EXTI: withOptions(exti, 'exti-v1', { ports: 'ABCDE' }),
      FLASH: f1Flash(part, 0x800, 2),
      DBGMCU: { model: 'dbgmcu', size: 0x400, options: { devId: 0x418, revId: 0x1001 } },
    },
    covered: { ...Object.fromEntries(absent.map((name) => [name, null])), ...Object.fromEntries(OTG.map((name) => [name, 'OTG_FS'])) },
    more: [
      {
        name: 'OTG_FS',
        model: 'usb-otg-fs',
        base: 0x50000000,
        size: 0x40000,
        irqs: [67],
        clock: 'AHBENR.OTGFSEN',
        reset: 'AHBRSTR.OTGFSRST',
        options: { fifoWords: 320, clock: 'usb', busClock: 'hclk', supplyWire: null },
      },
    ],
  };
}

const PARAMETERS: Readonly<Record<string, Sourced<number>>> = {
  ...F1_PARAMETERS,
  'hse.hz': known(25_000_000, 'board default: the crystal of ST’s evaluation board, which also serves Ethernet', 'reported'),
};

/** A part of a line. */
export function f105Chip(line: F105Line, part: PartSize): ChipDescription {
  const rom: RomReference = {
    id: 'stm32f105',
    vectorTable: known(ROM_BASE, TABLE),
    range: known([ROM_BASE, 0x1ffff7ff] as const, TABLE),
    ramUse: known([{ base: 0x20000000, size: 0x1000 }], TABLE),
    versions: known(['V1.0', 'V2.0', 'V2.1', 'V2.2'], `${AN2606} Table 48`),
    startUpMs: known(524.376, `${AN2606} Table 227 (PA9 high; low: 1.396)`),
    usbConnectMs: known(13_700, `${AN2606} Table 229 (8 MHz; 14.7456 MHz 4500, 25 MHz 460)`),
  };
  const make = (): MadeDescription => {
    const d = derivation(line, part);
    return {
      ...F1_COMMON,
      cores: f1Core(68),
      sources: sourcesOf(
        'STMicroelectronics/cmsis_device_f1:Include/stm32f105xc.h, stm32f107xc.h',
        `ST SVD ${f107.svd}, corrected after RM0008 (tools/svd-fixes.ts); OTG_FS: as F2 and F4`,
      ),
      memories: withRam(f1Memories(part, ROM_BASE, 0x47e0), part.ram),
      blocks: deriveBlocks(f107, d),
      clocks: [...F1_CLOCKS, 'pll2', 'pll3'],
      facts: withFacts(loadFacts(f107), { OTG_FS: OTG_FS_F4 }),
      covered: coveredBy(d),
      parameters: PARAMETERS,
      boot: f1Boot(ROM_BASE),
      rom,
    };
  };
  return lazyChip(part.name, 'STM32F1', make, rom);
}
export const STM32F105RC = f105Chip(F105, { name: 'STM32F105RC', flashKilobytes: 256 });
