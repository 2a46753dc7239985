/**
 * Fixes for sources that do not know the names of CMSIS: registers by their addresses, core registers by inline assembler. A fix that needs more (the data
 * cache as a whole) keeps its names.
 */
import type { ChipDescription } from '../emu/chip.ts';

/** Registers of the core (Armv7-M ARM B3, Armv8-M ARM D1.2). */
const CORE: Readonly<Record<string, number>> = {
  'SysTick->CTRL': 0xe000e010,
  'SysTick->LOAD': 0xe000e014,
  'SysTick->VAL': 0xe000e018,
  'NVIC->ISER': 0xe000e100,
  'NVIC->ICER': 0xe000e180,
  'NVIC->ISPR': 0xe000e200,
  'NVIC->ICPR': 0xe000e280,
  'SCB->ICSR': 0xe000ed04,
  'SCB->VTOR': 0xe000ed08,
  'SCB->AIRCR': 0xe000ed0c,
  'SCB->SCR': 0xe000ed10,
  'SCB->CCR': 0xe000ed14,
  'MPU->CTRL': 0xe000ed94,
  'FPU->FPCCR': 0xe000ef34,
};
const CORE_BITS: Readonly<Record<string, number>> = {
  SCB_ICSR_PENDSTCLR_Msk: 1 << 25,
  SCB_ICSR_PENDSVCLR_Msk: 1 << 27,
  FPU_FPCCR_LSPACT_Msk: 1,
  DMA_SxCR_EN: 1,
  DMA_CCR_EN: 1,
  DMA_CCR_RESET: 1 << 1,
  DMA_CCR_SUSP: 1 << 2,
  DMA_CSR_SUSPF: 1 << 13,
};
const ICIALLU = 0xe000ef50;
const DCCMVAC = 0xe000ef68;
const CCR_IC = 1 << 17;
const RESET_KEY = 0x05fa0004;

const hex = (n: number): string => `0x${(n >>> 0).toString(16).toUpperCase()}u`;
const at = (address: number): string => `*(volatile uint32_t *)${hex(address)}`;
const asm = (instructions: string, clobbers = '"memory"'): string =>
  `__asm volatile("${instructions.replaceAll('; ', '\\n\\t')}" : : : ${clobbers})`;

/** Calls as statements. `n` is the number of an interrupt. */
const CALLS: readonly (readonly [RegExp, (argument: string) => string])[] = [
  [/\b__enable_irq\(\)/g, () => asm('cpsie i')],
  [/\b__disable_irq\(\)/g, () => asm('cpsid i')],
  [/\b__enable_fault_irq\(\)/g, () => asm('cpsie f')],
  [/\b__DSB\(\)/g, () => asm('dsb')],
  [/\b__ISB\(\)/g, () => asm('isb')],
  [/\b__DMB\(\)/g, () => asm('dmb')],
  [/\b__WFI\(\)/g, () => asm('wfi')],
  [
    /\b__set_CONTROL\(__get_CONTROL\(\) & ~CONTROL_FPCA_Msk\)/g,
    () => asm('mrs r0, control; bic r0, r0, #4; msr control, r0', '"r0", "memory"'),
  ],
  [/\b__set_CONTROL\(0\)/g, () => asm('movs r0, #0; msr control, r0; isb', '"r0", "memory"')],
  [/\b__set_BASEPRI\(0\)/g, () => asm('movs r0, #0; msr basepri, r0', '"r0", "memory"')],
  [
    /\bNVIC_DisableIRQ\(\(IRQn_Type\)(\d+)\)/g,
    (n) => `${at(CORE['NVIC->ICER']! + 4 * (Number(n) >>> 5))} = ${hex(1 << (Number(n) & 31))}; ${asm('dsb; isb')}`,
  ],
  [
    /\bNVIC_ClearPendingIRQ\(\(IRQn_Type\)(\d+)\)/g,
    (n) => `${at(CORE['NVIC->ICPR']! + 4 * (Number(n) >>> 5))} = ${hex(1 << (Number(n) & 31))}`,
  ],
  [/\bNVIC_SystemReset\(\)/g, () => `${asm('dsb')}; ${at(CORE['SCB->AIRCR']!)} = ${hex(RESET_KEY)}; for (;;) {}`],
  [
    /\bSCB_DisableICache\(\)/g,
    () => `${asm('dsb; isb')}; ${at(CORE['SCB->CCR']!)} &= ~${hex(CCR_IC)}; ${at(ICIALLU)} = 0; ${asm('dsb; isb')}`,
  ],
  [/\bSCB_CleanDCache_by_Addr\(\(void \*\)([^,]+), [^)]+\)/g, (place) => `${at(DCCMVAC)} = (uint32_t)${place}; ${asm('dsb')}`],
];
/** What is left of CMSIS in a line. */
const LEFT = /\b\w+->|\b(?:NVIC|SCB)_\w+\(|\b__(?:[a-z]+_)+\w+\(|\b__[DI][SM]B\(|\b__WFI\(|\b[A-Z][A-Za-z0-9]*_[A-Z]\w*\b/g;

/**
 * Lines of C without the names of CMSIS that `knows` does not know; null where that is not possible. Also without the types of <stdint.h> if they are not known.
 */
export function inAddresses(code: readonly string[], chip: ChipDescription, knows: (name: string) => boolean): readonly string[] | null {
  const lines: string[] = [];
  for (const line of code) {
    const remark = line.search(/\/\*/);
    const [text, rest] = remark < 0 ? [line, ''] : [line.slice(0, remark), line.slice(remark)];
    const changed = withTypes(withoutNames(text, chip, knows), knows);
    if (namesIn(changed).some((name) => !knows(name))) return null;
    lines.push(changed + (rest === '' && changed !== text ? inNames(text) : rest));
  }
  return lines;
}

/** A store to a register by its names, for who reads the addresses. */
const inNames = (text: string): string =>
  /^\s*\w+->\w+(\[\d+\])? [|&]?= [^;]+;$/.test(text) ? `   /* ${text.trim().slice(0, -1)} */` : '';

/** Names of CMSIS in code, without what follows them; handlers are the program's own. */
const namesIn = (text: string): string[] =>
  (text.match(LEFT) ?? []).map((name) => name.replace(/->$|\($/, '')).filter((name) => !/^__(?:attribute|asm)|_Handler$/.test(name));

function withoutNames(text: string, chip: ChipDescription, knows: (name: string) => boolean): string {
  let changed = text;
  for (const [call, form] of CALLS)
    changed = changed.replaceAll(call, (whole: string, argument: string) => (namesIn(whole).every(knows) ? whole : form(argument)));
  changed = changed.replaceAll(/\bsizeof NVIC->\w+ \/ sizeof NVIC->\w+\[0\]/g, (whole) => (knows('NVIC') ? whole : `${nvicWords(chip)}u`));
  changed = changed.replaceAll(/\b([A-Za-z]\w*)->(\w+)(?:\[(\w+)\])?/g, (whole, block: string, register: string, index?: string) => {
    if (knows(block) && knows(register)) return whole;
    const address = CORE[`${block}->${register}`] ?? addressOf(chip, block, register);
    if (address === null) return whole;
    if (index === undefined) return at(address);
    return /^\d+$/.test(index) ? at(address + 4 * Number(index)) : `((volatile uint32_t *)${hex(address)})[${index}]`;
  });
  return changed.replaceAll(/\b[A-Z][A-Za-z0-9]*_\w+\b/g, (name) => {
    const bits = knows(name) ? null : (CORE_BITS[name] ?? bitsOf(chip, name));
    return bits === null ? name : hex(bits);
  });
}
const nvicWords = (chip: ChipDescription): number => Math.ceil(Math.max(...chip.cores.map((c) => c.nvicLines)) / 32);

const TYPES: Readonly<Record<string, string>> = { uint32_t: 'unsigned int', uint16_t: 'unsigned short', uint8_t: 'unsigned char' };
const withTypes = (text: string, knows: (name: string) => boolean): string =>
  text.replaceAll(/\buint(?:8|16|32)_t\b/g, (name) => (knows(name) ? name : TYPES[name]!));

const registersOf = (chip: ChipDescription, block: ChipDescription['blocks'][number]) =>
  chip.facts[block.facts ?? block.name]?.registers ?? [];

/** A register as ST's headers name it: each channel of a DMA has a structure of its own there. */
function addressOf(chip: ChipDescription, name: string, register: string): number | null {
  const [, dma, kind, number] = /^(\w*DMA\d*)_(Stream|Channel)(\d+)$/.exec(name) ?? [];
  const own =
    kind === undefined
      ? [register]
      : kind === 'Stream'
        ? [`S${number}${register}`]
        : [`${register}${number}`, `C${number}${register.replace(/^C/, '')}`];
  const block = chip.blocks.find((b) => b.name === (dma ?? name));
  const found = block && registersOf(chip, block).find((r) => own.includes(r.name));
  return block && found ? block.base + found.offset : null;
}

/** What headers leave out of the name of a register in the names of its bits: `FLASH_SR_BSY` of H5 is in NSSR, `FLASH_OPTSR_OPT_BUSY` of H7 in OPTSR_CUR. */
const namesInHeaders = (register: string): readonly string[] => [
  register,
  register.replace(/^NS(?=SR$)/, ''),
  register.replace(/_CUR$/, ''),
];
/** The SVDs of F0 call the ports IOP, the headers GPIO; G0's header numbers BSY; H5's SVD has OPTSTRT for OPTSTART. */
const inSvd = (field: string): string =>
  field
    .replace(/^GPIO(?=[A-K]EN$)/, 'IOP')
    .replace(/^BSY1$/, 'BSY')
    .replace(/^OPTSTART$/, 'OPTSTRT');

/** `RCC_CR_HSION`, `RCC_CFGR_SW_0`, `…_Msk`, `…_Pos`; GPIO, ICACHE and their like without their number. */
function bitsOf(chip: ChipDescription, name: string): number | null {
  for (const block of chip.blocks) {
    const prefix = [block.name, block.name.replace(/\d+$/, '')].find((p) => name.startsWith(`${p}_`));
    if (prefix === undefined) continue;
    for (const register of registersOf(chip, block)) {
      const before = namesInHeaders(register.name)
        .map((r) => `${prefix}_${r}_`)
        .find((start) => name.startsWith(start));
      const [, field, end] = before === undefined ? [] : /^(\w+?)(?:_(Msk|Pos|\d+))?$/.exec(name.slice(before.length))!;
      const found = register.fields.find((f) => f.name === field || f.name === (field && inSvd(field)));
      if (found === undefined) continue;
      if (end === 'Pos') return found.bit;
      if (end !== undefined && end !== 'Msk') return 2 ** (found.bit + Number(end));
      return (found.width >= 32 ? 0xffffffff : 2 ** found.width - 1) * 2 ** found.bit;
    }
  }
  return null;
}
