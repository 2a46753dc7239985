/**
 * Names of registers and fields by family, so that checks need not know any. A field that a family lacks is null (or an empty list): the
 * check then does not apply. Rows are data; paths are those of the chip's register facts.
 */
import type { ChipDescription } from '../emu/chip.ts';
import type { TargetState } from './check.ts';
import type { FamilyFields } from './family-fields.ts';
import { MORE_FAMILIES } from './family-rows.ts';

const H5: FamilyFields = {
  family: 'STM32H5',
  document: 'AN2606 Rev 70 Table 124',
  hsi48: { on: 'RCC.CR.HSI48ON', ready: 'RCC.CR.HSI48RDY' },
  usbSupply: { bit: 'PWR.USBSCR.USB33SV', code: 'PWR->USBSCR |= PWR_USBSCR_USB33SV;' },
  icache: { enable: 'ICACHE.CR.EN', code: 'ICACHE->CR &= ~ICACHE_CR_EN; while (ICACHE->CR & ICACHE_CR_EN) {}' },
  dcache: { enable: 'DCACHE.CR.EN', code: 'DCACHE1->CR &= ~DCACHE_CR_EN; while (DCACHE1->CR & DCACHE_CR_EN) {}' },
  sysclk: {
    oscillator: 'RCC.CR.HSION',
    select: 'RCC.CFGR1.SW',
    status: 'RCC.CFGR1.SWS',
    sources: ['HSI', 'CSI', 'HSE', 'PLL1'],
    afterReset: 0,
    code: 'RCC->CR |= RCC_CR_HSION; while (!(RCC->CR & RCC_CR_HSIRDY)) {}\nRCC->CFGR1 &= ~RCC_CFGR1_SW; while (RCC->CFGR1 & RCC_CFGR1_SWS) {}',
  },
  plls: [
    { name: 'PLL1', on: 'RCC.CR.PLL1ON' },
    { name: 'PLL2', on: 'RCC.CR.PLL2ON' },
    { name: 'PLL3', on: 'RCC.CR.PLL3ON' },
  ],
  prescalers: ['RCC.CFGR2.HPRE', 'RCC.CFGR2.PPRE1', 'RCC.CFGR2.PPRE2', 'RCC.CFGR2.PPRE3'],
  flashLatency: 'FLASH.ACR.LATENCY',
  voltage: { field: 'PWR.VOSSR.ACTVOS', ranges: ['VOS3', 'VOS2', 'VOS1', 'VOS0'] },
  voltageControl: {
    field: 'PWR.VOSCR.VOS',
    highest: 3,
    code: 'PWR->VOSCR |= PWR_VOSCR_VOS; while (!(PWR->VOSSR & PWR_VOSSR_VOSRDY)) {}',
  },
  kernelClocks: ['RCC.CCIPR1', 'RCC.CCIPR2', 'RCC.CCIPR3', 'RCC.CCIPR4', 'RCC.CCIPR5'],
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 124: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
  clockRecovery: [
    { path: 'CRS.CR.CEN', reset: 0 },
    { path: 'CRS.CR.AUTOTRIMEN', reset: 0 },
    { path: 'CRS.CR.TRIM', reset: 0x20 },
    { path: 'CRS.CFGR.SYNCSRC', reset: 2 },
  ],
  usb: { enable: 'RCC.APB2ENR.USBEN', pullUp: 'USB.BCDR.DPPU_DPD', block: 'USB' },
  dmaChannels: ['GPDMA1.C#CR.EN', 'GPDMA2.C#CR.EN'],
  exti: { mask: ['EXTI.IMR1', 'EXTI.IMR2'], pending: ['EXTI.RPR1', 'EXTI.FPR1', 'EXTI.RPR2', 'EXTI.FPR2'] },
  iwdgRunning: 'IWDG.SR.ONF',
  wwdg: { running: 'WWDG.CR.WDGA', clock: 'RCC.APB1LENR.WWDGEN' },
  remap: null,
  trustZone: { field: 'FLASH.OPTSR2_CUR.TZEN', off: 0xc3, on: 0xb4 },
  protection: {
    field: 'FLASH.OPTSR_CUR.PRODUCT_STATE',
    open: [0xed, 0x17],
    names: {
      0xed: 'Open',
      0x17: 'Provisioning',
      0x2e: 'iROT-Provisioned',
      0xc6: 'TZ-Closed',
      0x72: 'Closed',
      0x5c: 'Locked',
      0x9a: 'Regression',
      0xa3: 'NS-Regression',
    },
    source: 'AN2606 Rev 70 Table 2, pattern 17: the bootloader is available in the product states Open and Provisioning',
  },
  bankCheck: null,
  emptyCheck: false,
};

/** H562, H563 and H573. */
const H56: FamilyFields = {
  ...H5,
  document: 'AN2606 Rev 70 Table 127',
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 127: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
};
/** Without VDDUSB, DCACHE, the third PLL and TrustZone. */
const H503: FamilyFields = {
  ...H5,
  line: 'STM32H503',
  document: 'AN2606 Rev 70 Table 121',
  usbSupply: null,
  dcache: null,
  plls: H5.plls.slice(0, 2),
  hseForUsb: { crystals: null, source: 'AN2606 Rev 70 Table 121: USB from HSI48, trimmed by CRS on SOF', confidence: 'documented' },
  trustZone: null,
};
const FAMILIES: readonly FamilyFields[] = [
  H503,
  ...['STM32H562', 'STM32H563', 'STM32H573'].map((line) => ({ ...H56, line })),
  H5,
  ...MORE_FAMILIES,
];

/** Row of a chip's family; null if there is none yet. */
export const familyOf = (chip: ChipDescription): FamilyFields | null =>
  FAMILIES.find(
    (f) => f.family === chip.family && (f.line === undefined || f.line === chip.line) && (f.rom === undefined || f.rom === chip.rom?.id),
  ) ?? null;

/** Why a check does not apply then. */
export const NO_FAMILY = 'the register names of this chip family are not known to this check yet';

/** Why the checks of the bus do not. */
export const NO_USB = 'this ROM has no USB';

interface Place {
  readonly address: number;
  readonly mask: number;
  readonly bit: number;
  readonly reset: number;
}
const places = new WeakMap<ChipDescription, Map<string, Place | null>>();
/** Where `BLOCK.REG` or `BLOCK.REG.FIELD` lies and what it is after reset; null if the chip has no such thing. */
export function locate(chip: ChipDescription, path: string): Place | null {
  const known = places.get(chip) ?? new Map<string, Place | null>();
  places.set(chip, known);
  let place = known.get(path);
  if (place === undefined) known.set(path, (place = lookUp(chip, path)));
  return place;
}
function lookUp(chip: ChipDescription, path: string): Place | null {
  const [blockName, registerName, fieldName] = path.split('.');
  const block = chip.blocks.find((b) => b.name === blockName);
  const register = block && chip.facts[block.facts ?? block.name]?.registers.find((r) => r.name === registerName);
  if (!register) return null;
  const at = { address: block.base + register.offset };
  if (fieldName === undefined) return { ...at, mask: 0xffffffff, bit: 0, reset: register.reset >>> 0 };
  const field = register.fields.find((f) => f.name === fieldName);
  if (!field) return null;
  const max = field.width >= 32 ? 0xffffffff : 2 ** field.width - 1;
  return { ...at, mask: (max << field.bit) >>> 0, bit: field.bit, reset: (register.reset >>> field.bit) & max };
}

/** Mask of a field inside its register, 0 if the chip lacks it. For `lastWriter`. */
export const maskOf = (chip: ChipDescription, path: string): number => locate(chip, path)?.mask ?? 0;
/** `RCC.CR` of `RCC.CR.PLL1ON`. */
export const registerOf = (path: string): string => path.split('.').slice(0, 2).join('.');
/** As C code spells it: `RCC->CR`. */
export const inC = (path: string): string => path.split('.').slice(0, 2).join('->');
/** As the manual spells it: `RCC_CR.PLL1ON`. */
export const inManual = (path: string): string => path.replace('.', '_');
/** C that lets the pull-up on D+ go; where that is on the board, C that holds the line low against it. */
export function pullUpOffInC({ pullUp, released }: NonNullable<FamilyFields['usb']>): string {
  if (pullUp === null)
    return 'GPIOA->BSRR = 1u << (12 + 16); GPIOA->MODER = (GPIOA->MODER & ~(3u << 24)) | (1u << 24);   /* the pull-up is on the board: D+ (PA12) is held low */';
  const bit = `${registerOf(pullUp).replace('.', '_')}_${pullUp.split('.')[2]}`;
  return (released ?? 0) === 0 ? `${inC(pullUp)} &= ~${bit};` : `${inC(pullUp)} |= ${bit};`;
}
/** Whether the application's device still pulls D+ up. An OTG core that was reset has SDIS at 0, and its transceiver without power. */
export function isPulledUp(state: TargetState, { enable, pullUp, released, block }: NonNullable<FamilyFields['usb']>): boolean {
  if (pullUp === null) return state.field(enable) === 1;
  if (state.field(`${block}.GCCFG.PWRDWN`) === 0) return false;
  return (state.field(pullUp) ?? released ?? 0) !== (released ?? 0);
}
/** C that clears fields, a line per register. */
export const clearedInC = (paths: readonly string[]): string =>
  [...new Set(paths.map(inC))]
    .map((register) => {
      const bits = paths.filter((path) => inC(path) === register).map((path) => `${register.replace('->', '_')}_${path.split('.')[2]}`);
      return `${register} &= ~(${bits.join(' | ')});`;
    })
    .join('\n');

/** Nothing answers for any of the fields that the chip has: a probe on a protected part, a bus that stands. */
export function isUnread(state: TargetState, paths: readonly string[]): boolean {
  const own = paths.filter((path) => locate(state.chip, path));
  return own.length > 0 && own.every((path) => state.field(path) === null);
}
export const UNREAD = 'none of the registers can be read on this target';
