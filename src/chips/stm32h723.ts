/**
 * STM32H723, H725, H730, H733, H735: the single-core H7 with one bank of flash and one USB, OTG_HS with its full-speed transceiver on PA11 and PA12. Rows and registers are
 * H743's (RM0468 and RM0433 describe the same blocks at the same places) without what RM0468 lacks, and with those that only these parts have (h723-blocks.ts;
 * DTS and OTFDEC: extras.ts). Data only.
 */
import type { BlockRow, ChipDescription, RomReference } from '../emu/chip.ts';
import { loadFacts, withFacts } from './facts.ts';
import { H723_BLOCKS, h723Facts, h723Rcc } from './h723-blocks.ts';
import { lazyChip, type MadeDescription } from './lazy.ts';
import { OTG_FS_H745, OTG_HS_H745 } from './otg-fs.ts';
import type { PartSize } from './parts.ts';
import { AN2606, known, sourcesOf, withOptions, type RowParts } from './rows.ts';
import { h743Chip, h743Facts } from './stm32h743.ts';

const TABLE = `${AN2606} Table 133`;
const ABSENT = ['OTG_FS', 'QUADSPI', 'DELAY_Block_QUADSPI', 'JPEG', 'GPIOI', 'SAI2', 'SAI3', 'DFSDM', 'DFSDM1'];
/** RM0468 2.4: ITCM 64 KB, DTCM 128 KB, AXI SRAM 128 KB with the 192 KB that TCM_AXI_SHARED leaves there, SRAM1, SRAM2, SRAM4. */
const RAM: Readonly<Record<string, readonly [base: number, kilobytes: number, alias?: number]>> = {
  itcm: [0, 64],
  dtcm: [0x20000000, 128],
  axisram: [0x24000000, 320],
  sram1: [0x30000000, 16, 0x10000000],
  sram2: [0x30004000, 16, 0x10004000],
  sram4: [0x38000000, 16],
  bkpsram: [0x38800000, 4],
};

const otg: RowParts = { facts: 'OTG_HS', model: 'usb-otg-fs', options: { fifoWords: 1024, clock: 'usb', busClock: 'hclk', ulpi: true } };

const FLASH_LATENCY: NonNullable<ChipDescription['flashLatency']> = known(
  {
    VOS0: [
      [70, 0],
      [140, 1],
      [210, 2],
      [275, 3],
    ],
    VOS1: [
      [67, 0],
      [133, 1],
      [200, 2],
    ],
    VOS2: [
      [50, 0],
      [100, 1],
      [150, 2],
    ],
    VOS3: [
      [35, 0],
      [70, 1],
      [85, 2],
    ],
  },
  'RM0468 Table 16, recalled',
  'assumed',
);

function row(b: BlockRow, part: PartSize): BlockRow {
  const kilobytes = part.flashKilobytes;
  switch (b.name) {
    case 'OTG_HS':
      return { ...b, ...otg };
    case 'FLASH':
      return withOptions(b, 'flash-h7', { bankBytes: kilobytes * 1024, banks: 1, flashKilobytes: kilobytes });
    case 'DBGMCU':
      return withOptions(b, 'dbgmcu', { devId: 0x483, revId: 0x1001 });
    default:
      return b;
  }
}

export function h723Chip(part: PartSize): ChipDescription {
  const rom: RomReference = {
    id: 'stm32h723',
    vectorTable: known(0x1ff09800, TABLE),
    range: known([0x1ff00000, 0x1ff1e7ff] as const, `${AN2606} Table 226`),
    ramUse: known([{ base: 0x24000000, size: 0x4000 }], TABLE),
    versions: known(['V9.1', 'V9.2', 'V9.3'], `${AN2606} Table 134`),
    startUpMs: known(53.975, `${AN2606} Table 227`),
    usbConnectMs: known(430, `${AN2606} Table 229 gives 53.9764, which cannot contain an enumeration; L496's figure`, 'assumed'),
  };
  const make = (): MadeDescription => {
    const like = h743Chip({ name: 'STM32H743ZI', flashKilobytes: 2048 });
    // H725 and H735 have an SMPS beside the LDO
    const facts = loadFacts(h743Facts(/^STM32H7[23]5/.test(part.name)));
    return {
      ...like,
      cores: [{ ...like.cores[0]!, nvicLines: 163 }],
      sources: sourcesOf(
        'STMicroelectronics/cmsis_device_h7:Include/stm32h723xx.h',
        'ST SVD of H745 as H743 has it; what RM0468 lacks is left out, what only these parts have is of the SVDs of L4R5, G474 and H563',
      ),
      facts: withFacts({ RCC: h723Rcc(facts) }, withFacts(facts, withFacts(h723Facts(), { OTG_FS: OTG_FS_H745, OTG_HS: OTG_HS_H745 }))),
      memories: like.memories.flatMap((m) => {
        if (m.name === 'flash') return [{ ...m, size: part.flashKilobytes * 1024 }];
        if (m.kind !== 'ram' || m.name === 'canram') return [m];
        const ram = RAM[m.name];
        if (!ram) return [];
        const [base, kilobytes, alias] = ram;
        return [{ ...m, base, size: kilobytes * 1024, ...(alias === undefined ? {} : { aliases: [alias] }) }];
      }),
      blocks: [...like.blocks.filter((b) => !ABSENT.includes(b.name)).map((b) => row(b, part)), ...H723_BLOCKS],
      parameters: {
        ...like.parameters,
        'hse.hz': known(8_000_000, 'NUCLEO-H723ZG: MCO of the ST-LINK; controller boards have 25 MHz', 'reported'),
      },
      rom,
      maxHclkHz: known(
        { VOS0: 275_000_000, VOS1: 200_000_000, VOS2: 150_000_000, VOS3: 85_000_000 },
        'RM0468 6.6.2 and Table 16, recalled',
        'assumed',
      ),
      flashLatency: FLASH_LATENCY,
    };
  };
  return lazyChip(part.name, 'STM32H7', make, rom);
}
export const STM32H723ZG = h723Chip({ name: 'STM32H723ZG', flashKilobytes: 1024 });
