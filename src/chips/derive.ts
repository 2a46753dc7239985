/**
 * Rows of a chip from its generated facts: every peripheral of the SVD gets one, at its place, with its interrupts, clock gate and reset. What an IP block does is
 * said once a family (`Behaviour`), what a block has of its own by name.
 */
import type { BlockRow, MemoryRow } from '../emu/chip.ts';
import type { GeneratedFacts, GeneratedPeripheral } from './facts.ts';
import { withOptions, type Row, type RowParts } from './rows.ts';
import type { OptionsOf } from '../peripherals/index.ts';
import { misoOf } from './requests.ts';

export type Behaviour = (p: GeneratedPeripheral, base: number) => RowParts | null;

export interface Derivation {
  readonly behaviour: readonly Behaviour[];
  /** By name, over what the behaviour gives. */
  readonly own: Readonly<Record<string, RowParts>>;
  /** Peripherals of the SVD that another row covers, or that the part lacks (null). */
  readonly covered?: Readonly<Record<string, string | null>>;
  /** Rows of blocks that the SVD lacks or splits. */
  readonly more?: readonly Row[];
}

const hex = (code: string): number => parseInt(code, 16);

/** Block of RCC and field, without the gates of registers that a part lacks. */
export function deriveBlocks(facts: GeneratedFacts, d: Derivation): readonly BlockRow[] {
  const rows: BlockRow[] = [];
  for (const p of facts.peripherals) {
    if (d.covered && p.name in d.covered) continue;
    const base = hex(p.base);
    const behaviour = d.behaviour.map((b) => b(p, base)).find((row) => row !== null) ?? {};
    rows.push({
      name: p.name,
      model: null,
      base,
      size: hex(p.size),
      irqs: p.irqs,
      ...(p.clock === undefined ? {} : { clock: p.clock }),
      ...(p.reset === undefined ? {} : { reset: p.reset }),
      ...behaviour,
      ...d.own[p.name],
    });
  }
  for (const row of d.more ?? []) rows.push(row);
  // A block's registers end where the next block begins: SVDs round sizes up.
  rows.sort((a, b) => a.base - b.base);
  return rows.map((row, i) => {
    const next = rows[i + 1];
    return next && row.base + row.size > next.base ? { ...row, size: next.base - row.base } : row;
  });
}

/** Names of those that another row covers, as `ChipDescription.covered` has them. */
export const coveredBy = (d: Derivation): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(d.covered ?? {}).flatMap(([name, by]) => (by === null ? [] : [[name, by]])));

export const gpio: Behaviour = (p) =>
  /^GPIO[A-K]$/.test(p.name) ? { model: 'gpio-v2', size: 0x400, options: { port: p.name.at(-1)! } } : null;

/** PG2 to PG15 have VDDIO2, which software declares valid: RM0351 5.1.3, RM0432 5.1.4, RM0456 10.4 (documented). */
export const onVddio2 = (declared: string): Partial<OptionsOf<'gpio-v2'>> => ({ supply: { wire: 'vddio2', pins: 0xfffc, declared } });
/** @param declared the bit that declares VDDIO2 valid */
export const gpioOnVddio2 =
  (declared: string): Behaviour =>
  (p, base) => {
    const row = gpio(p, base);
    return row !== null && p.name === 'GPIOG' ? withOptions(row, 'gpio-v2', onVddio2(declared)) : row;
  };

/** What one FDCAN has of the message RAM where places are fixed (RM0440 44.3.3); they follow each other. */
export const FDCAN_RAM_BYTES = 0x350;
/** @param step bytes from one block's part of the message RAM to the next one's */
export const fdcanOf = (block: string, step: number): OptionsOf<'fdcan'> => ({
  block,
  clock: 'fdcan',
  ram: 'canram',
  at: (Number(block.at(-1)) - 1) * step,
});
/** The message RAM of so many FDCANs. */
export const fdcanRam = (base: number, blocks: number): MemoryRow => ({
  name: 'canram',
  base,
  size: blocks * FDCAN_RAM_BYTES,
  kind: 'ram',
  zone: 'data',
});

const CAN_FILTERS: Readonly<Record<string, Pick<OptionsOf<'bxcan'>, 'filters'>>> = {
  CAN1: { filters: 'lends' },
  CAN2: { filters: 'borrows' },
};
/** bxCAN and FDCAN. bxCAN of F0 has one line for all. */
export const can: Behaviour = (p) => {
  if (/^FDCAN\d$/.test(p.name)) return { model: 'fdcan', size: 0x400, options: fdcanOf(p.name, FDCAN_RAM_BYTES) };
  return /^CAN\d?$/.test(p.name)
    ? { model: 'bxcan', size: 0x400, options: { clock: 'pclk1', oneLine: p.irqs.length === 1, ...CAN_FILTERS[p.name] } }
    : null;
};

export const touch: Behaviour = (p) => (p.name === 'TSC' ? { model: 'tsc', size: 0x400 } : null);

/** FMC, FSMC, QUADSPI and OCTOSPI, with no memory. */
export const memoryPorts: Behaviour = (p) => {
  if (/^FS?MC$/.test(p.name)) return { model: 'fmc' };
  return p.name === 'QUADSPI' ? { model: 'quadspi', size: 0x400 } : /^OCTOSPI\d$/.test(p.name) ? { model: 'octospi', size: 0x400 } : null;
};

/** LTDC, DMA2D and the DSI host, with no panel. */
export const display: Behaviour = (p) => {
  if (p.name === 'LTDC') return { model: 'ltdc', size: 0x400 };
  if (p.name === 'DMA2D') return { model: 'dma2d', size: 0xc00 };
  return p.name === 'DSIHOST' ? { model: 'dsihost', size: 0x800 } : null;
};

/** SDIO and SDMMC, with no card. */
export const cards: Behaviour = (p) => (/^SD(IO|MMC\d?)$/.test(p.name) ? { model: 'sdmmc', size: 0x400 } : null);

/** MAC and DMA of Ethernet where the SVD has four blocks; `bus` = prefix of their gates. */
export const ethernet =
  (bus: string): Behaviour =>
  (p) =>
    /^ethernet_(mac|dma)$/i.test(p.name)
      ? { model: 'eth', size: p.name.endsWith('MAC') ? 0x100 : 0x400, clock: `${bus}ENR.ETHMACEN`, reset: `${bus}RSTR.ETHMACRST` }
      : null;

/** First address of APB2 on the families whose APB1 and APB2 lie one behind the other. */
const APB2 = 0x40010000;
export const apbOf = (base: number): 1 | 2 => (base < APB2 ? 1 : 2);

/** @param wide timers of 32 bits; @param clock name of the kernel clock */
export const timers =
  (wide: readonly string[], clock: (base: number) => string = (base) => `timpclk${apbOf(base)}`): Behaviour =>
  (p, base) => {
    if (!/^TIM\d+$/.test(p.name)) return null;
    // Break, update, trigger and commutation, capture compare; or all but the last on one line.
    const irqs =
      p.irqs.length === 4
        ? { irqs: { brk: 0, update: 1, trigger: 2, cc: 3 } }
        : p.irqs.length === 2
          ? { irqs: { brk: 0, update: 0, trigger: 0, cc: 1 } }
          : {};
    return {
      model: 'tim',
      size: 0x400,
      options: { block: p.name, clock: clock(base), bits: wide.includes(p.name) ? 32 : 16, ...irqs },
    };
  };

export const spi: Behaviour = (p, base) =>
  /^SPI\d$/.test(p.name)
    ? { model: 'spi', size: 0x400, options: { block: p.name, clock: `pclk${apbOf(base)}`, miso: misoOf(Number(p.name.at(-1))) } }
    : null;

/** @param clock name of the kernel clock; @param more options */
export const usarts =
  (clock: (name: string, base: number) => string, more: Partial<OptionsOf<'usart-v4'>> = {}): Behaviour =>
  (p, base) =>
    /^(LP)?US?ART\d+$/.test(p.name)
      ? {
          model: 'usart-v4',
          size: 0x400,
          options: {
            block: p.name,
            clock: clock(p.name, base),
            fifoDepth: 1,
            ...(p.name.startsWith('LP') ? { lowPower: true } : {}),
            ...more,
          },
        }
      : null;
