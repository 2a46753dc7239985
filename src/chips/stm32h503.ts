/**
 * STM32H503: the H533's blocks without TrustZone, with two PLLs, no VDDUSB and a ROM at another address. Registers of the blocks that are alike are those of the H533's SVD,
 * which is the newer one; the others' are of its own. Data only.
 */
import type { ModelName } from '../peripherals/index.ts';
import type { BlockRow, ChipDescription, OptionByteRow } from '../emu/chip.ts';
import { FDCAN_RAM_BYTES } from './derive.ts';
import { loadFacts, madeOnDemand, withFacts } from './facts.ts';
import generated from './generated/stm32h503.json' with { type: 'json' };
import { lazyChip, type MadeDescription } from './lazy.ts';
import type { PartSize } from './parts.ts';
import { AN2606, factoryValues, known, optionByte, sourcesOf, withOptions } from './rows.ts';
import { STM32H533RE } from './stm32h533.ts';

const TABLE = `${AN2606} Table 121`;
const ROM_BASE = 0x0bf87000;
const ABSENT = /TZEN|SECBOOT|BOOT_UBE|USBPD_DIS|SRAM13_RST|SRAM3_ECC|EDATA/;

function optionBytes(): Record<string, OptionByteRow> {
  const kept = Object.entries(STM32H533RE.optionBytes!).filter(([name]) => !ABSENT.test(name));
  return {
    ...Object.fromEntries(kept),
    NRST_SHDW: { field: 'FLASH.OPTSR_CUR.NRST_SHDW', factory: known(1, 'no published factory value', 'assumed') },
    SRAM1_RST: optionByte('OPTSR2_CUR', 'SRAM1_RST', known(1, 'RAM survives resets on new parts', 'inferred')),
    SRAM1_ECC: { field: 'FLASH.OPTSR2_CUR.SRAM1_ECC', factory: known(1, 'no published factory value (1 = ECC off)', 'assumed') },
    WRPSG1: { field: 'FLASH.WRP1R_CUR.WRPSG1', factory: known(0xff, 'nothing protected', 'inferred') },
    WRPSG2: { field: 'FLASH.WRP2R_CUR.WRPSG2', factory: known(0xff, 'nothing protected', 'inferred') },
  };
}

/** Blocks whose registers are not those of H533. */
const OWN = /^(RCC|PWR|FLASH|SBS|EXTI|TAMP|ICACHE|RAMCFG|DBGMCU|CRS|OPAMP1|COMP|GTZC1|GPIO.|HASH)$/;

/** What H533 has not. */
const ANALOG: Readonly<Record<string, ModelName>> = { COMP: 'comp', OPAMP1: 'opamp' };

/** Rows of H533 that this chip has. */
function blocks(options: Readonly<Record<string, OptionByteRow>>): readonly BlockRow[] {
  const like = new Map(STM32H533RE.blocks.map((b) => [b.name, b]));
  const rows = generated.peripherals.map((p): BlockRow => {
    const row = like.get(p.name) ?? { name: p.name, model: null, base: parseInt(p.base, 16), size: parseInt(p.size, 16), irqs: p.irqs };
    const gates = { ...(p.clock ? { clock: p.clock } : {}), ...(p.reset ? { reset: p.reset } : {}) };
    if (!like.has(p.name)) return { ...row, ...gates, model: ANALOG[p.name] ?? null };
    if (p.name === 'RCC') return { ...row, options: {} };
    if (p.name === 'DBGMCU') return withOptions(row, 'dbgmcu', { devId: 0x474, revId: 0x1000 });
    if (p.name === 'RAMCFG')
      return withOptions(row, 'ramcfg', { memories: { 1: ['sram1', 0x4000], 2: ['sram2', 0x4000], 5: ['bkpsram', 0x800] } });
    if (p.name !== 'FLASH') return row;
    return withOptions(row, 'flash-h5', { bankBytes: 0x10000, flashKilobytes: 128, optionBytes: factoryValues(options) });
  });
  const common = like.get('ADC12_COMMON')!;
  return [...rows, withOptions(common, 'adc-common-v2', { converters: ['ADC1'] })].sort((a, b) => a.base - b.base);
}

const RAM: Readonly<Record<string, number>> = { sram1: 0x20000000, sram2: 0x20004000 };
const CLOCKS_OF_OTHERS = /^(pll3.|uart\d|usart6|spi4|i2c3)$/;

export function h503Chip(part: PartSize): ChipDescription {
  const like = STM32H533RE;
  const rom: NonNullable<ChipDescription['rom']> = {
    id: 'stm32h503',
    vectorTable: known(ROM_BASE, `${TABLE} and Table 226`),
    range: known([ROM_BASE, 0x0bf8ffff] as const, `${AN2606} Table 226`),
    ramUse: known([{ base: 0x20000000, size: 0x4000 }], `${AN2606} Table 226 (Table 121 prints an address that this chip lacks)`),
    versions: known(['V14.1', 'V14.2'], `${AN2606} Table 123`),
    startUpMs: known(1.5, `${AN2606} Table 227`),
    usbConnectMs: known(251, `${AN2606} Table 229`),
  };
  const make = (): MadeDescription => {
    const options = optionBytes();
    const rows = blocks(options);
    const alike = rows.map((b) => b.facts ?? b.name).filter((name) => !OWN.test(name));
    const own = generated.peripherals.filter((p) => OWN.test(p.name));
    return {
      ...like,
      cores: [{ ...like.cores[0]!, nvicLines: 134 }],
      sources: sourcesOf(
        'STMicroelectronics/cmsis_device_h5:Include/stm32h503xx.h',
        `ST SVD ${generated.svd} for what differs from STM32H533, its SVD for the rest`,
      ),
      memories: like.memories.flatMap((m) => {
        if (m.name === 'flash') return [{ ...m, size: part.flashKilobytes * 1024 }];
        if (m.name === 'sysgap') return [{ ...m, size: ROM_BASE - m.base }];
        if (m.name === 'rom') return [{ ...m, base: ROM_BASE }];
        if (m.name === 'canram') return [{ ...m, size: FDCAN_RAM_BYTES }];
        const ram = RAM[m.name];
        return ram === undefined ? (m.name === 'sram3' ? [] : [m]) : [{ ...m, base: ram, size: 0x4000 }];
      }),
      blocks: rows,
      covered: {},
      clocks: like.clocks.filter((name) => !CLOCKS_OF_OTHERS.test(name)),
      facts: withFacts(
        loadFacts({ ...generated, peripherals: own }),
        madeOnDemand(() => Object.fromEntries(alike.map((name) => [name, like.facts[name]!]))),
      ),
      parameters: {
        ...like.parameters,
        'hse.hz': known(24_000_000, 'NUCLEO-H503RB public board files', 'reported'),
      },
      boot: like.boot!.map((rule) => (rule.boots === 'system' ? { ...rule, vectors: ROM_BASE } : rule)),
      optionBytes: options,
      rom,
    };
  };
  return lazyChip(part.name, 'STM32H5', make, rom);
}

export const STM32H503RB = h503Chip({ name: 'STM32H503RB', flashKilobytes: 128 });
