/**
 * Blocks that H723, H725, H730, H733 and H735 have and H743 has not, and their bits in RCC. Places, interrupts and bits: CMSIS header stm32h723xx.h and ST's SVD of the
 * H723; registers are those of the same block elsewhere. Data only.
 */
import type { ChipDescription } from '../emu/chip.ts';
import type { BlockFacts } from '../emu/registers.ts';
import { fdcanOf } from './derive.ts';
import { loadFacts, type GeneratedFacts } from './facts.ts';
import { gatedBy, rccWith, type Gates } from './gates.ts';
import g4 from './generated/stm32g474.json' with { type: 'json' };
import h5 from './generated/stm32h563.json' with { type: 'json' };
import l4 from './generated/stm32l4r5.json' with { type: 'json' };
import type { Row, RowParts } from './rows.ts';

const GATES: Gates = {
  OSPI1: 'AHB3 14',
  OSPI2: 'AHB3 19',
  IOMNG: 'AHB3 21',
  FMAC: 'AHB2 16',
  CORDIC: 'AHB2 17',
  I2C5: 'APB1L 25',
  TIM23: 'APB1H 24',
  TIM24: 'APB1H 25',
  UART9: 'APB2 6',
  USART10: 'APB2 7',
  DFSDM1: 'APB2 30',
};
/** H743's names of bits that lie elsewhere here, or have another name. */
const gone = (field: string): boolean => /^(QSPI|DFSDM1)(EN|RST|LPEN)$/.test(field);

/** RCC's facts with these bits. */
export const h723Rcc = (h743: ChipDescription['facts']): BlockFacts => rccWith(() => h743['RCC']!, GATES, gone);
const from = (facts: GeneratedFacts, ...names: readonly string[]): PropertyDescriptorMap => {
  const all = Object.getOwnPropertyDescriptors(loadFacts(facts));
  return Object.fromEntries(names.map((name) => [name, all[name]!]));
};
/** Registers of blocks that H743 has not, as they are elsewhere. */
export const h723Facts = (): ReturnType<typeof loadFacts> =>
  Object.defineProperties({}, { ...from(l4, 'OCTOSPI1', 'OCTOSPIM'), ...from(g4, 'CORDIC', 'FMAC'), ...from(h5, 'PSSI') });

const row = (name: string, base: number, irqs: readonly number[], gate: string, more: RowParts = {}): Row => ({
  name,
  model: null,
  base,
  size: 0x400,
  irqs,
  ...gatedBy(gate, GATES[gate]!),
  ...more,
});
/** RCC_D2CCIP2R: USART1, 6, 9 and 10 share their clock by pairs, I2C5 that of I2C1 to I2C3. */
const serial = (block: string, clock: string): RowParts => ({
  model: 'usart-v4',
  facts: 'USART1',
  options: { block, clock, fifoDepth: 16, lowPower: false },
});
const timer = (n: number): RowParts => ({
  model: 'tim',
  facts: 'TIM2',
  options: { block: `TIM${n}`, clock: 'timpclk1', bits: 32 },
});

export const H723_BLOCKS: readonly Row[] = [
  row('I2C5', 0x40006400, [157, 158], 'I2C5', { model: 'i2c-v2', facts: 'I2C1', options: { clock: 'i2c123' } }),
  {
    ...{ name: 'FDCAN3', model: 'fdcan', facts: 'FDCAN1', base: 0x4000d400, size: 0x400, irqs: [159, 160] },
    ...{ clock: 'APB1HENR.FDCANEN', reset: 'APB1HRSTR.FDCANRST', options: fdcanOf('FDCAN3', 0) },
  },
  row('TIM23', 0x4000e000, [161], 'TIM23', timer(23)),
  row('TIM24', 0x4000e400, [162], 'TIM24', timer(24)),
  row('UART9', 0x40011800, [155], 'UART9', serial('UART9', 'usart6')),
  row('USART10', 0x40011c00, [156], 'USART10', serial('USART10', 'usart1')),
  row('DFSDM1', 0x40017800, [110, 111, 112, 113], 'DFSDM1'),
  { name: 'PSSI', model: null, base: 0x48020400, size: 0x400, irqs: [78], clock: 'AHB2ENR.DCMIEN', reset: 'AHB2RSTR.DCMIRST' },
  row('FMAC', 0x48024000, [153], 'FMAC'),
  row('CORDIC', 0x48024400, [154], 'CORDIC', { model: 'cordic' }),
  row('OCTOSPI1', 0x52005000, [92], 'OSPI1', { model: 'octospi', size: 0x1000 }),
  row('DLYB_OCTOSPI1', 0x52006000, [], 'OSPI1', { facts: 'DELAY_Block_SDMMC1', size: 0x1000 }),
  row('OCTOSPI2', 0x5200a000, [150], 'OSPI2', { model: 'octospi', facts: 'OCTOSPI1' }),
  row('DLYB_OCTOSPI2', 0x5200b000, [], 'OSPI2', { facts: 'DELAY_Block_SDMMC1' }),
  row('OCTOSPIM', 0x5200b400, [], 'IOMNG'),
];
