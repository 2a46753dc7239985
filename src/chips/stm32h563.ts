/**
 * STM32H562, H563 and H573 (TrustZone off): the H533's blocks with more flash, RAM and interfaces. Registers of the blocks that both have are those of the H533's SVD, which is
 * the newer one; what the H533 lacks comes from the H563's. Data only.
 */
import type { BlockRow, ChipDescription } from '../emu/chip.ts';
import type { BlockFacts, RegisterFact } from '../emu/registers.ts';
import { loadFacts, withFacts, type GeneratedPeripheral } from './facts.ts';
import generated from './generated/stm32h563.json' with { type: 'json' };
import { lazyChip, type MadeDescription } from './lazy.ts';
import type { PartSize } from './parts.ts';
import { misoOf } from './requests.ts';
import { AN2606, known, sourcesOf, type Row, withOptions } from './rows.ts';
import { STM32H533RE } from './stm32h533.ts';

const TABLE = `${AN2606} Table 127`;

export interface H5Line {
  readonly name: string;
  /** Rows of H533 and of H563's SVD that it lacks. */
  readonly absent: readonly string[];
}
const CRYPTO = ['AES', 'SAES', 'OTFDEC1'];
export const H563: H5Line = { name: 'STM32H563', absent: ['I3C2', ...CRYPTO] };
export const H562: H5Line = { name: 'STM32H562', absent: ['I3C2', ...CRYPTO, 'ETH', 'SDMMC2', 'DLYBSD2', 'FDCAN2'] };
export const H573: H5Line = { name: 'STM32H573', absent: ['I3C2'] };

let more: readonly GeneratedPeripheral[] | undefined;
/** Blocks that H533 lacks. The RAM protection's registers (MPCBB) have no place in a chip without TrustZone. */
const others = (): readonly GeneratedPeripheral[] =>
  (more ??= (generated.peripherals as readonly GeneratedPeripheral[]).filter(
    (p) => !STM32H533RE.blocks.some((b) => b.name === p.name || b.base === parseInt(p.base, 16)) && !/MPCBB|^USB/.test(p.name),
  ));

/** RCC of H533 with the bits that only H563's has. */
function rccFacts(): BlockFacts {
  const own = loadFacts(generated)['RCC']!.registers;
  const registers = STM32H533RE.facts['RCC']!.registers.map((r): RegisterFact => {
    const extra = (own.find((o) => o.offset === r.offset)?.fields ?? []).filter(
      (f) => !r.fields.some((g) => f.bit < g.bit + g.width && g.bit < f.bit + f.width),
    );
    if (extra.length === 0 || !/(ENR|RSTR|CCIPR\d)$/.test(r.name)) return r;
    const { name, offset, size, reset, writable } = r;
    const added = extra.reduce((mask, f) => mask | (((1 << f.width) - 1) << f.bit), 0);
    return { name, offset, size, reset, writable: (writable | added) >>> 0, fields: [...r.fields, ...extra] };
  });
  return { name: 'RCC', registers };
}
let rcc: BlockFacts | undefined;
const RCC = (): BlockFacts => (rcc ??= rccFacts());

/** Enable or reset bit of a block, by its name. */
function gate(name: string, register: RegExp, suffix: string): string | undefined {
  const found = RCC().registers.find((r) => register.test(r.name) && r.fields.some((f) => f.name === name + suffix));
  return found && `${found.name}.${name}${suffix}`;
}

/** First address of the second peripheral bus. */
const APB2 = 0x40010000;
function otherRow(p: GeneratedPeripheral): Row {
  const clock = gate(p.name, /^(?!.*LPENR).*ENR$/, 'EN');
  const reset = gate(p.name, /RSTR$/, 'RST');
  const plain = {
    name: p.name,
    model: null,
    base: parseInt(p.base, 16),
    size: Math.max(parseInt(p.size, 16), 0x400),
    irqs: p.irqs,
    ...(clock ? { clock } : {}),
    ...(reset ? { reset } : {}),
  };
  const { name } = p;
  const number = Number(/\d+$/.exec(name)?.[0]);
  // Kernel clock muxes of these are not modelled: they run from their bus.
  if (/^US?ART/.test(name)) return { ...plain, model: 'usart-v4', facts: 'USART1', options: { block: name, clock: 'pclk1' } };
  if (/^SPI/.test(name))
    return {
      ...plain,
      model: 'spi-h7',
      facts: 'SPI1',
      options: { block: name, clock: number === 5 ? 'pclk3' : 'pclk2', fifoBytes: 8, miso: misoOf(number) },
    };
  if (/^TIM/.test(name)) {
    const clock = plain.base < APB2 ? 'timpclk1' : 'timpclk2';
    return { ...plain, model: 'tim', options: { block: name, clock, bits: 16 } };
  }
  if (/^LPTIM/.test(name)) return { ...plain, model: 'lptim', facts: 'LPTIM1', options: { clock: 'pclk3' } };
  if (name === 'I2C4') return { ...plain, model: 'i2c-v2', facts: 'I2C1', options: { clock: 'pclk3' } };
  if (name === 'CORDIC') return { ...plain, model: 'cordic' };
  if (/^SDMMC/.test(name)) return { ...plain, model: 'sdmmc', facts: 'SDMMC1' };
  if (name === 'ETH') return { ...plain, model: 'eth', size: 0x1400 };
  return name === 'GPIOI' ? { ...plain, model: 'gpio-v2', facts: 'GPIOC', options: { port: 'I' } } : plain;
}

function row(b: BlockRow, part: PartSize): BlockRow {
  if (b.name === 'DBGMCU') return withOptions(b, 'dbgmcu', { devId: 0x484, revId: 0x1000 });
  if (b.name === 'RAMCFG') {
    const bytes = (name: string): readonly [string, number] => [name, RAM[name]![1] * 1024];
    return withOptions(b, 'ramcfg', { memories: { 1: bytes('sram1'), 2: bytes('sram2'), 3: bytes('sram3'), 5: bytes('bkpsram') } });
  }
  if (b.name !== 'FLASH') return b;
  return withOptions(b, 'flash-h5', { bankBytes: part.flashKilobytes * 512, flashKilobytes: part.flashKilobytes });
}

const RAM: Readonly<Record<string, readonly [base: number, kilobytes: number]>> = {
  sram1: [0x20000000, 256],
  sram2: [0x20040000, 64],
  sram3: [0x20050000, 320],
  bkpsram: [0x40036400, 4],
};

export function h563Chip(line: H5Line, part: PartSize): ChipDescription {
  const like = STM32H533RE;
  const rom: NonNullable<ChipDescription['rom']> = {
    id: 'stm32h563',
    vectorTable: known(0x0bf97000, `${TABLE} and Table 226`),
    range: known([0x0bf97000, 0x0bf9ffff] as const, `${AN2606} Table 226`),
    ramUse: known([{ base: 0x20000000, size: 0x4000 }], TABLE),
    versions: known(['V14.3', 'V14.4', 'V14.5'], `${AN2606} Table 129`),
    startUpMs: known(1.8, `${AN2606} Table 227 (without SFSP)`),
    usbConnectMs: known(245, `${AN2606} Table 229`),
  };
  const make = (): MadeDescription => {
    const extra = others().filter((p) => !line.absent.includes(p.name));
    const own = loadFacts(generated);
    const rows = [...like.blocks.map((b) => row(b, part)), ...extra.map(otherRow)].filter((b) => !line.absent.includes(b.name));
    return {
      ...like,
      cores: [{ ...like.cores[0]!, nvicLines: 131 }],
      sources: sourcesOf(
        'STMicroelectronics/cmsis_device_h5:Include/stm32h563xx.h',
        `ST SVD ${generated.svd} for what STM32H533 lacks, its SVD for the rest`,
      ),
      memories: like.memories.map((m) => {
        if (m.name === 'flash') return { ...m, size: part.flashKilobytes * 1024 };
        const ram = RAM[m.name];
        return ram ? { ...m, base: ram[0], size: ram[1] * 1024 } : m;
      }),
      blocks: rows.sort((a, b) => a.base - b.base),
      facts: withFacts(
        Object.defineProperties(
          {},
          { ...Object.getOwnPropertyDescriptors(like.facts), RCC: { enumerable: true, get: RCC } },
        ) as ChipDescription['facts'],
        Object.fromEntries(extra.map((p) => [p.name, own[p.name]!])),
      ),
      parameters: {
        ...like.parameters,
        'hse.hz': known(8_000_000, 'NUCLEO-H563ZI public board files: clock from the ST-LINK', 'reported'),
        'hse.external': known(1, 'NUCLEO-H563ZI public board files: clock from the ST-LINK', 'reported'),
      },
      rom,
    };
  };
  return lazyChip(part.name, 'STM32H5', make, rom);
}
export const STM32H563ZI = h563Chip(H563, { name: 'STM32H563ZI', flashKilobytes: 2048 });
