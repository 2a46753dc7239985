/**
 * What parts have beside the rows that they take from a kin's: blocks that the kin or its SVD lacks, and bits of RCC that the SVD has forgotten. Places, interrupts and
 * bits: the parts' CMSIS headers (documented); registers are those of the same block elsewhere. Data only.
 */
import type { BlockRow, ChipDescription } from '../emu/chip.ts';
import type { BlockFacts } from '../emu/registers.ts';
import { factsOnDemand, loadFacts, withFacts, type GeneratedFacts } from './facts.ts';
import { gatedBy, rccWith, withFields, type Gate } from './gates.ts';
import f303 from './generated/stm32f303.json' with { type: 'json' };
import f405 from './generated/stm32f405.json' with { type: 'json' };
import f412 from './generated/stm32f412.json' with { type: 'json' };
import f429 from './generated/stm32f429.json' with { type: 'json' };
import f469 from './generated/stm32f469.json' with { type: 'json' };
import g431 from './generated/stm32g431.json' with { type: 'json' };
import h533 from './generated/stm32h533.json' with { type: 'json' };
import h745 from './generated/stm32h745.json' with { type: 'json' };
import l152 from './generated/stm32l152.json' with { type: 'json' };
import l476 from './generated/stm32l476.json' with { type: 'json' };
import l496 from './generated/stm32l496.json' with { type: 'json' };
import { withOthers } from './lazy.ts';
import { DAC_F3, F091_DMA1, F091_DMA2 } from './requests.ts';
import type { RowParts } from './rows.ts';

type Facts = ChipDescription['facts'];

interface Extra {
  readonly name: string;
  /** Left out: it is told of a block that the part has. */
  readonly base?: number;
  /** Its name in RCC, if that is another. */
  readonly bits?: string;
  /** A bit of RCC without a block. */
  readonly bare?: true;
  readonly irqs?: readonly number[];
  readonly gate?: Gate;
  /** Whose registers it has, under which name. */
  readonly like?: readonly [facts: GeneratedFacts, name: string];
  readonly more?: RowParts;
}

const at = (base: number, irqs: readonly number[], gate: Gate, like: Extra['like'], more?: RowParts): Omit<Extra, 'name'> => ({
  base,
  irqs,
  gate,
  ...(like === undefined ? {} : { like }),
  ...(more === undefined ? {} : { more }),
});
const H7_CRYPTO: readonly Extra[] = [
  { name: 'CRYP', ...at(0x48021000, [79], 'AHB2 4', [f429, 'CRYP']) },
  { name: 'HASH', ...at(0x48021400, [80], 'AHB2 5', [f429, 'HASH']) },
];
const H72_DTS: Extra = { name: 'DTS', ...at(0x58006800, [147], 'APB4 26', [h533, 'DTS']) };
const H73_CRYPTO: readonly Extra[] = [
  ...H7_CRYPTO,
  H72_DTS,
  { name: 'OTFDEC1', ...at(0x5200b800, [151], 'AHB3 22', [h533, 'OTFDEC1']) },
  { name: 'OTFDEC2', ...at(0x5200bc00, [152], 'AHB3 23', [h533, 'OTFDEC1']) },
];
const H747_DSI: Extra = {
  name: 'DSIHOST',
  bits: 'DSI',
  ...at(0x50000000, [123], 'APB3 4', [h745, 'DSIHOST'], { model: 'dsihost', size: 0x1000 }),
};
const aes = (irq: number, gate: Gate, like: GeneratedFacts): readonly Extra[] => [
  { name: 'AES', ...at(0x50060000, [irq], gate, [like, 'AES']) },
];
const L48_AES = aes(79, 'AHB2 16', l476);
const F73_AES = aes(79, 'AHB2 4', g431);
const G48_AES = aes(85, 'AHB2 24', g431);
/** RM0432 table 2. */
const L4_DSI: Extra = {
  name: 'DSIHOST',
  bits: 'DSI',
  ...at(0x40016c00, [78], 'APB2 27', [f469, 'DSIHOST'], { model: 'dsihost', size: 0x800 }),
};
/** The SVDs have the blocks, but no gates for them. */
const F41_CRYPTO: readonly Extra[] = [
  { name: 'CRYP', gate: 'AHB2 4' },
  { name: 'HASH', gate: 'AHB2 5' },
];
const G0_CRYPTO: readonly Extra[] = [
  { name: 'AES', ...at(0x40026000, [31], 'AHB 16', [g431, 'AES']) },
  // CCIPR.RNGSEL chooses HSI16, SYSCLK or PLLQ; taken for SYSCLK (assumed)
  { name: 'RNG', ...at(0x40025000, [31], 'AHB 18', [g431, 'RNG'], { model: 'rng', options: { clock: 'sysclk', slowest: 32 } }) },
];
const L0_LCD: Extra = { name: 'LCD', ...at(0x40002400, [30], 'APB1 9', [l152, 'LCD']) };
const H5_CEC: Extra = { name: 'CEC', ...at(0x40007000, [119], 'APB1L 28', [h745, 'CEC']) };
const F41X_EXTI: Extra = { name: 'EXTIT', gate: 'APB2 15 enable', bare: true };
const F413: readonly Extra[] = [
  F41X_EXTI,
  { name: 'I2S2ext', base: 0x40003400, like: [f412, 'I2S2ext'] },
  { name: 'I2S3ext', base: 0x40004000, like: [f405, 'I2S3ext'] },
];

const F3_LARGE: readonly Extra[] = [
  { name: 'SPI4', gate: 'APB2 15' },
  { name: 'TIM20', gate: 'APB2 20' },
];
const F3_DAC2: Extra = {
  name: 'DAC2',
  ...at(0x40009800, [55], 'APB1 26', [f303, 'DAC'], { model: 'dac', options: { ...DAC_F3, dma: 'dac2', listener: 25 } }),
};
const L45X_EXTRAS: readonly Extra[] = [
  { name: 'DFSDM', bits: 'DFSDM1', gate: 'APB2 24' },
  { name: 'TIM3', more: { reset: 'APB1RSTR1.TIM3RST' } },
];
const F091: readonly Extra[] = [
  { name: 'DMA1', like: [l476, 'DMA1'], more: { options: { lines: [0, 1, 1, 2, 2, 2, 2], requests: F091_DMA1 } } as RowParts },
  {
    name: 'DMA2',
    ...at(0x40020400, [10, 11], 'AHB 1 enable', [l476, 'DMA2'], {
      model: 'dma-v1',
      options: { lines: [0, 0, 1, 1, 1], requests: F091_DMA2 },
    }),
  },
];

/** By line. */
const EXTRAS: Readonly<Record<string, readonly Extra[]>> = {
  STM32H753: H7_CRYPTO,
  STM32H750: H7_CRYPTO,
  STM32H755: H7_CRYPTO,
  STM32H757: [...H7_CRYPTO, H747_DSI],
  STM32H747: [H747_DSI],
  STM32H723: [H72_DTS],
  STM32H725: [H72_DTS],
  STM32H733: H73_CRYPTO,
  STM32H735: H73_CRYPTO,
  STM32H730: H73_CRYPTO,
  STM32L486: L48_AES,
  STM32L4A6: [...L48_AES, { name: 'HASH', ...at(0x50060400, [80], 'AHB2 17', [l496, 'HASH']) }],
  STM32F732: F73_AES,
  STM32F733: F73_AES,
  STM32G483: G48_AES,
  STM32G484: G48_AES,
  STM32G4A1: G48_AES,
  STM32F415: F41_CRYPTO,
  STM32F417: F41_CRYPTO,
  STM32F412: [F41X_EXTI],
  STM32F413: F413,
  STM32F423: F413,
  STM32G0C1: G0_CRYPTO,
  STM32G081: G0_CRYPTO,
  STM32G041: G0_CRYPTO,
  STM32G061: G0_CRYPTO,
  STM32F091: F091,
  STM32F302: F3_LARGE,
  STM32F303: F3_LARGE,
  STM32F398: F3_LARGE,
  STM32F328: [F3_DAC2],
  STM32F334: [F3_DAC2, { name: 'HRTIM1', gate: 'APB2 29' }],
  STM32F446: [{ name: 'SPDIF_RX', irqs: [94] }],
  STM32L451: L45X_EXTRAS,
  STM32L452: L45X_EXTRAS,
  STM32L462: L45X_EXTRAS,
  STM32L4R9: [L4_DSI],
  STM32L4S9: [L4_DSI],
  STM32U585: [
    { name: 'AES', base: 0x420c0000, irqs: [93], like: [h533, 'AES'], more: { clock: 'AHB2ENR1.AESEN', reset: 'AHB2RSTR1.AESRST' } },
  ],
  STM32L053: [L0_LCD],
  STM32L063: [L0_LCD],
  STM32L073: [L0_LCD],
  STM32L083: [L0_LCD],
  STM32L162: [{ name: 'AES', gate: 'AHB 27' }],
  STM32H533: [H5_CEC],
  STM32H523: [H5_CEC],
  STM32H562: [H5_CEC],
  STM32H563: [H5_CEC],
  STM32H573: [H5_CEC],
};

/** `NAME:bit` or `NAME:bit:width`; `-NAME` goes, `=40000000` is the reset value. */
type Fields = Readonly<Record<string, string>>;
const FAST_PA9_PA10 = 'I2C_PA9_FMP:22 I2C_PA10_FMP:23';
const F0_SMALL: Fields = { 'SYSCFG.CFGR1': FAST_PA9_PA10 };
/** RM0394 6.4.2: seven bits, 64 after reset. */
const HSITRIM: Fields = { 'RCC.ICSCR': 'HSITRIM:24:7 =40000000' };
const L45X: Fields = {
  ...HSITRIM,
  'RCC.APB1RSTR1': 'TIM3RST:1',
  'RCC.APB1SMENR1': 'TIM3SMEN:1 UART4SMEN:19',
  'RCC.APB1SMENR2': 'I2C4SMEN:1',
  'RCC.CCIPR': 'DFSDM1SEL:31',
  'DBGMCU.APB1FZR1': 'DBG_TIM3_STOP:1',
  'EXTI.IMR2': 'MR40:8',
  'EXTI.EMR2': 'MR40:8',
};
/** The MCO of F302 and F303 up to 256 KB shows a flag where these parts have a divider. */
const F3_MCO: Fields = { 'RCC.CFGR': 'MCOPRE:28:3 PLLNODIV:31 -MCOF' };
const F301: Fields = { ...F3_MCO, 'RCC.CFGR3': 'TIM15SW:10 TIM16SW:11 TIM17SW:13', 'SYSCFG.CFGR1': 'I2C3_FMP:24' };
const F328: Fields = { ...F3_MCO, 'SYSCFG.CFGR1': 'DAC2_CH1_DMA_RMP:15' };
const G0_RNG: Fields = { 'RCC.CCIPR': 'RNGSEL:26:2 RNGDIV:28:2' };
/** Fields that a line has beside its kin's, and that software writes: headers and stm32-data. */
const FIELDS: Readonly<Record<string, Fields>> = {
  STM32F072: { 'SYSCFG.CFGR1': 'TIM16_DMA_RMP2:13 TIM17_DMA_RMP2:14' },
  STM32F042: { 'SYSCFG.CFGR1': `PA11_PA12_RMP:4 ${FAST_PA9_PA10}` },
  STM32F031: F0_SMALL,
  STM32F038: F0_SMALL,
  STM32F091: { 'SYSCFG.CFGR1': `IR_MOD:6:2 ${FAST_PA9_PA10}`, 'RCC.CFGR3': 'USART3SW:18:2' },
  STM32F301: F301,
  STM32F318: F301,
  STM32F328: F328,
  STM32F334: { ...F328, 'RCC.CFGR3': 'HRTIM1SW:12' },
  STM32F398: { ...F301, 'RCC.CFGR3': `${F301['RCC.CFGR3']} TIM20SW:15 TIM2SW:24 TIM34SW:25` },
  STM32G081: G0_RNG,
  STM32G041: G0_RNG,
  STM32G061: G0_RNG,
  STM32G0C1: G0_RNG,
  STM32L412: HSITRIM,
  STM32L422: HSITRIM,
  STM32L451: L45X,
  STM32L452: L45X,
  STM32L462: L45X,
};

const SIZE = 0x400;
const partsOf = ({ name, bits, irqs, gate, more }: Extra): Partial<BlockRow> => ({
  ...(irqs === undefined ? {} : { irqs }),
  ...(gate === undefined ? {} : gatedBy(bits ?? name, gate)),
  ...more,
});
function blocksWith(rows: readonly BlockRow[], extras: readonly Extra[]): readonly BlockRow[] {
  const told = new Map(extras.filter((e) => e.base === undefined).map((e) => [e.name, partsOf(e)]));
  const more = extras.flatMap((e): BlockRow[] =>
    e.base === undefined ? [] : [{ name: e.name, model: null, base: e.base, size: SIZE, irqs: [], ...partsOf(e) }],
  );
  return [...rows.map((row) => ({ ...row, ...told.get(row.name) })), ...more];
}
function factsWith(facts: Facts, extras: readonly Extra[], fields: Fields): Facts {
  const more: Record<string, BlockFacts> = Object.fromEntries(
    extras.flatMap(({ name, like }) =>
      like === undefined ? [] : [[name, factsOnDemand(name, () => loadFacts(like[0])[like[1]]!.registers)]],
    ),
  );
  const gates = Object.fromEntries(extras.flatMap(({ name, bits, gate }) => (gate === undefined ? [] : [[bits ?? name, gate]])));
  more['RCC'] = rccWith(() => facts['RCC']!, gates);
  for (const [path, code] of Object.entries(fields)) {
    const [block, register] = path.split('.') as [string, string];
    const of = more[block];
    more[block] = withFields(block, () => of ?? facts[block]!, register, code);
  }
  return withFacts(more, facts);
}

/** The part with what it has beside the rows that it was made of; these stay unmade until somebody looks. */
export function withExtras(chip: ChipDescription): ChipDescription {
  const fields = FIELDS[chip.line];
  const all = EXTRAS[chip.line] ?? [];
  if (all.length === 0 && fields === undefined) return chip;
  // what is told of a block of the largest die goes for parts that have it
  const has = (e: Extra): boolean => e.base !== undefined || e.bare === true || chip.blocks.some(({ name }) => name === e.name);
  let here: readonly Extra[] | null = null;
  const extras = (): readonly Extra[] => (here ??= all.filter(has));
  return withOthers(chip, {
    blocks: () => blocksWith(chip.blocks, extras()),
    facts: () => factsWith(chip.facts, extras(), fields ?? {}),
  });
}
