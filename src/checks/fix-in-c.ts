/**
 * Fixes as C that a person can put in as they are. A fix of one part goes where its cause was made: right before the jump, or in place of the line that is named.
 * Where a fix has several parts, or goes elsewhere, each part stands behind a comment that says where: it begins with one of `GOES`.
 */
import type { ChipDescription } from '../emu/chip.ts';
import { hex, type RomFacts, type Subject } from './check.ts';

/** What the comment in front of a part begins with: where it goes. The rest of the comment is for the reader. */
const GOES = {
  file: 'at file scope',
  declaration: 'in place of the declaration',
  here: 'here, in place of the jump',
  main: 'first thing in main()',
  unmask: 'before interrupts are unmasked',
  before: 'right before that line',
  after: 'right after that line',
} as const;
export type Goes = keyof typeof GOES;

export const part = (goes: Goes, remark: string, ...code: readonly string[]): string =>
  [`/* ${GOES[goes]}${remark === '' ? '' : `${/^[,;]/.test(remark) ? '' : ' '}${remark}`} */`, ...code].join('\n');

export interface Part {
  /** Null where the fix goes to the place that its cause names. */
  readonly goes: Goes | null;
  /** What the comment in front of it says, without its delimiters. */
  readonly remark: string;
  readonly code: readonly string[];
}
/** A fix by its parts. */
export function partsOf(fix: string): readonly Part[] {
  const parts: { goes: Goes | null; remark: string; code: string[] }[] = [];
  for (const line of fix.replace(/\n+$/, '').split('\n')) {
    const goes = (Object.keys(GOES) as Goes[]).find((g) => line.startsWith(`/* ${GOES[g]}`)) ?? null;
    if (goes !== null) parts.push({ goes, remark: line.slice(3 + GOES[goes].length, -2).trim(), code: [] });
    else if (parts.length === 0) parts.push({ goes, remark: '', code: [line] });
    else parts.at(-1)!.code.push(line);
  }
  return parts;
}

/** Where the words of the ROM's table are taken from, and the jump: both are in registers before MSP changes, and nothing touches the stack in between. */
export const jumpInC = (rom: RomFacts): string => [words(rom), branch('msr msp, %0\\n\\tbx %1', '"r"(sp), "r"(pc)')].join('\n');
/** The same for code on PSP: the stack in use changes where no variable is read from it any more. */
export const jumpOnMspInC = (rom: RomFacts): string =>
  [words(rom), branch('msr control, %2\\n\\tisb\\n\\tmsr msp, %0\\n\\tbx %1', '"r"(sp), "r"(pc), "r"(0)')].join('\n');

const ERASE_F0 = [
  'FLASH->KEYR = 0x45670123u; FLASH->KEYR = 0xCDEF89ABu;',
  'FLASH->CR |= FLASH_CR_PER; FLASH->AR = 0x08000000u; FLASH->CR |= FLASH_CR_STRT;',
];
/** For a ROM that stays beside an erased first page alone (F070x6, L0): the jump from RAM, behind the erase. */
export const eraseAndJumpInC = (rom: RomFacts, erase: readonly string[] = ERASE_F0): string =>
  [
    part(
      'file',
      ', in RAM: it erases the page that main may be in, and the application is gone until DFU brings one',
      '__attribute__((section(".data.erase_and_jump"), noinline, long_call)) static void erase_and_jump(uint32_t sp, uint32_t pc) {',
      '  SysTick->CTRL = 0; NVIC->ICER[0] = 0xFFFFFFFFu;   /* their vectors are erased, too */',
      ...erase.map((line) => `  ${line}`),
      '  while (FLASH->SR & FLASH_SR_BSY) {}',
      indented(branch('msr msp, %0\\n\\tbx %1', '"r"(sp), "r"(pc)')),
      '}',
    ),
    part('here', '', words(rom), 'erase_and_jump(sp, pc);'),
  ].join('\n');

const words = ({ vectorTable }: RomFacts): string =>
  [
    `uint32_t sp = *(volatile uint32_t *)${hex(vectorTable)}u;   /* in place of the old reads */`,
    `uint32_t pc = *(volatile uint32_t *)${hex(vectorTable + 4)}u;   /* the word, with bit 0 as it is */`,
  ].join('\n');
const branch = (instructions: string, operands: string): string =>
  `__asm volatile("${instructions}" : : ${operands} : "memory");   /* in place of the old jump */`;

const REQUEST = '0xB00710ADu';
const NOINIT = '__attribute__((section(".noinit")))';
/** For what only a reset ends: the wish is left in a word, and the jump is made behind the reset. `here` says where the wish is made. */
export function byResetInC({ rom, state }: Subject, here = ''): string {
  const dirty = ((state.read(CCR, 4) ?? 0) & CCR_DC) !== 0 ? ['SCB_CleanDCache_by_Addr((void *)&dfu_request, sizeof dfu_request);'] : [];
  return [
    part('file', ', in a NOLOAD section, which start-up code does not clear', `${NOINIT} static volatile uint32_t dfu_request;`),
    part('here', here, `dfu_request = ${REQUEST};`, ...dirty, 'NVIC_SystemReset();'),
    part('main', '', `if (dfu_request == ${REQUEST}) {`, '  dfu_request = 0;', ...jumpInC(rom).split('\n').map(indented), '}'),
  ].join('\n');
}
const indented = (line: string): string => `  ${line.replace(IN_PLACE, '')}`;
/** Where a piece of code replaces another one. */
const IN_PLACE = / {3}\/\* in place of the old (reads|jump) \*\//;
const CCR = 0xe000ed14;
const CCR_DC = 1 << 16;

/** A variable that outlives a reset, by the name and size that the image has for it; its type is known by nobody where it may be an array or a structure. */
export function keptInC(name: string, bytes: number): string {
  const type = ({ 1: 'uint8_t', 2: 'uint16_t', 4: 'uint32_t' } as const)[bytes];
  return type === undefined ? `${NOINIT}   /* in front of it, and no "= value" */` : `${NOINIT} volatile ${type} ${name};`;
}
/** The user's own declaration so that it outlives a reset. */
export const keptDeclaration = (own: string): string => `${NOINIT} ${own.replace(/\s*=[^;]*;/, ';')}`;

const setBit = (block: string, register: string, bit: string): string => `${block}->${register} |= ${block}_${register}_${bit};`;
/** Clock enable of a block as C; empty where it is always clocked. */
const clockInC = ({ blocks, rcc }: ChipDescription, name: string): string[] => {
  const [register, bit] = blocks.find((b) => b.name === name)?.clock?.split('.') ?? [];
  return register && bit ? [setBit(rcc, register, bit)] : [];
};
/** Bus clock of the block that has the backup registers; empty where it has none of its own. */
export function backupClockInC(chip: ChipDescription, address: number): string[] {
  const sram = chip.memories.find((m) => m.gate?.writable !== undefined && address >= m.base && address < m.base + m.size);
  const [register, bit] = sram?.gate?.clock.split('.') ?? [];
  return register && bit ? [setBit(chip.rcc, register, bit)] : clockInC(chip, registersOfBackup(chip));
}
/** What has to come before a backup register or a word of the backup SRAM is written. */
export function backupAccessInC(chip: ChipDescription, address: number): string[] {
  const register = chip.facts['PWR']?.registers.find((r) => r.fields.some((f) => f.name === 'DBP'))?.name;
  return [...clockInC(chip, 'PWR'), ...(register ? [setBit('PWR', register, 'DBP')] : []), ...backupClockInC(chip, address)];
}
const registersOfBackup = ({ facts }: ChipDescription): string =>
  facts['BKP'] ? 'BKP' : facts['TAMP']?.registers.some((r) => r.name === 'BKP0R') ? 'TAMP' : 'RTC';

/** Reset of a block through RCC as C; empty where RCC cannot reset it. */
export function resetInC({ blocks, rcc }: ChipDescription, name: string): string[] {
  const [register, bit] = blocks.find((b) => b.name === name)?.reset?.split('.') ?? [];
  if (!register || !bit) return [];
  return [setBit(rcc, register, bit), `${rcc}->${register} &= ~${rcc}_${register}_${bit};`];
}
