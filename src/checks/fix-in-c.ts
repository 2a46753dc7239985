/**
 * Fixes as C that a user can paste unchanged. A fix with one part goes to the place of its cause: right before the jump, or instead of the blamed line. If a fix
 * has several parts or goes elsewhere, a comment before each part names its place; the comment begins with one of the texts in `GOES`.
 */
import type { ChipDescription } from '../emu/chip.ts';
import { hex, type RomFacts, type Subject } from './check.ts';

/** The beginning of the comment before a part, which names its place. The rest of the comment is for the reader. */
const GOES = {
  // a word without a name: the comment begins as that of any other part at file scope
  word: 'at file scope, to be used instead of the word',
  file: 'at file scope',
  declaration: 'in place of the declaration',
  here: 'here, in place of the jump',
  main: 'at the start of main()',
  init: 'in main(), right behind HAL_Init()',
  called: 'right behind the call of HAL_Init()',
  unmask: 'before interrupts are unmasked',
  before: 'right before that line',
  after: 'right after that line',
  clears: 'right before the line that writes to it behind the reset',
  access: 'right before the access that faults',
  jump: 'right before the jump',
} as const;
export type Goes = keyof typeof GOES;

/** Part of a remark: a flag for the main loop may stand in the place of this fix. */
export const OR_MAIN_LOOP = '; or jump from the main loop';
export const offersMainLoop = (fix: { toString(): string }): boolean => String(fix).includes(OR_MAIN_LOOP);

export const part = (goes: Goes, remark: string, ...code: readonly string[]): string =>
  [`/* ${GOES[goes]}${remark === '' ? '' : `${/^[,;]/.test(remark) ? '' : ' '}${remark}`} */`, ...code].join('\n');

export interface Part {
  /** Null if the fix goes to the place of its cause. */
  readonly goes: Goes | null;
  /** The comment before the part, without its delimiters. */
  readonly remark: string;
  readonly code: readonly string[];
  /** It stands in place of the reads of the vector table and of the jump. */
  readonly replaces: 'jump' | null;
}
/** Without code: advice, or that there is none. */
export const isRemark = ({ code }: Part): boolean =>
  code
    .join('\n')
    .replace(/\/\*[^]*?\*\//g, '')
    .trim() === '';
/** The parts of a fix as `part` and its like wrote them, by their comments. */
export function partsOf(fix: { toString(): string }): readonly Part[] {
  const parts: { goes: Goes | null; remark: string; code: string[]; replaces: 'jump' | null }[] = [];
  for (const line of String(fix).replace(/\n+$/, '').split('\n')) {
    const goes = (Object.keys(GOES) as Goes[]).find((g) => line.startsWith(`/* ${GOES[g]}`)) ?? null;
    if (goes !== null) parts.push({ goes, remark: line.slice(3 + GOES[goes].length, -2).trim(), code: [], replaces: null });
    else if (parts.length === 0) parts.push({ goes, remark: '', code: [line], replaces: null });
    else parts.at(-1)!.code.push(line);
    if (line.includes(OLD_JUMP)) parts.at(-1)!.replaces = 'jump';
  }
  return parts;
}

/** Fixes together, line by line: what goes to the same place stands below one comment, first what goes to the place of its cause. */
export function fixesInOne(fixes: readonly { toString(): string }[]): readonly string[] {
  const places = new Map<string, Set<string>>([['', new Set()]]);
  for (const fix of fixes)
    for (const { goes, remark, code } of partsOf(fix)) {
      const place = goes === null ? '' : part(goes, remark);
      const lines = places.get(place) ?? new Set();
      for (const line of code) lines.add(line);
      places.set(place, lines);
    }
  return [...places].flatMap(([place, lines]) => (place === '' ? [...lines] : [place, ...lines]));
}

/** The reads of the ROM's vector table and the jump: both words are in registers before MSP changes, and nothing uses the stack in between. */
export const jumpInC = (rom: RomFacts): string => [words(rom), branch('msr msp, %0\\n\\tbx %1', '"r"(sp), "r"(pc)')].join('\n');
/** The same for code that uses PSP: the stack changes only after all variables have been read. */
export const jumpOnMspInC = (rom: RomFacts): string =>
  [words(rom), branch('msr control, %2\\n\\tisb\\n\\tmsr msp, %0\\n\\tbx %1', '"r"(sp), "r"(pc), "r"(0)')].join('\n');

const ERASE_F0 = [
  'FLASH->KEYR = 0x45670123u; FLASH->KEYR = 0xCDEF89ABu;',
  'FLASH->CR |= FLASH_CR_PER; FLASH->AR = 0x08000000u; FLASH->CR |= FLASH_CR_STRT;',
];
/** For a ROM that stays only if the first page is erased (F070x6, L0): erases the page and jumps, from RAM. */
export const eraseAndJumpInC = (rom: RomFacts, erase: readonly string[] = ERASE_F0): string =>
  [
    part(
      'file',
      ', in RAM: it erases the page that main() may be in; the application is gone until DFU writes a new one',
      '__attribute__((section(".data.erase_and_jump"), noinline, long_call)) static void erase_and_jump(uint32_t sp, uint32_t pc) {',
      '  SysTick->CTRL = 0; NVIC->ICER[0] = 0xFFFFFFFFu;   /* the erase removes their vectors, too */',
      ...erase.map((line) => `  ${line}`),
      '  while (FLASH->SR & FLASH_SR_BSY) {}',
      indented(branch('msr msp, %0\\n\\tbx %1', '"r"(sp), "r"(pc)')),
      '}',
    ),
    part('here', '', words(rom), 'erase_and_jump(sp, pc);'),
  ].join('\n');

const OLD_JUMP = 'in place of the old jump';
const words = ({ vectorTable }: RomFacts): string =>
  [
    `uint32_t sp = *(volatile uint32_t *)${hex(vectorTable)}u;   /* in place of the old reads */`,
    `uint32_t pc = *(volatile uint32_t *)${hex(vectorTable + 4)}u;   /* keep bit 0 of this word set */`,
  ].join('\n');
const branch = (instructions: string, operands: string): string =>
  `__asm volatile("${instructions}" : : ${operands} : "memory");   /* ${OLD_JUMP} */`;

/** Only the return from an exception ends it. */
export const LEAVE_HANDLER = '/* the exception has to return first: set a flag in its handler, and make the jump from the main loop */';
/** Interrupts of the ROM reach its handlers, whether it sets VTOR itself or not. */
export const romTableInC = ({ vectorTable }: Pick<RomFacts, 'vectorTable'>, why = ''): string =>
  `SCB->VTOR = ${hex(vectorTable)}u;${why === '' ? '' : `   /* ${why} */`}\n__DSB(); __ISB();`;

const REQUEST = '0xB00710ADu';
const NOINIT = '__attribute__((section(".noinit")))';
/** For state that only a reset ends: the firmware stores a request word, resets the chip, and jumps after the reset. `here` is the place that stores the request. */
export function byResetInC({ rom, state, startsApplication }: Subject, here = ''): string {
  if (startsApplication === true)
    return here.includes(OR_MAIN_LOOP) ? `/* ${APPLICATION_BY_RESET}${OR_MAIN_LOOP} */` : `/* ${APPLICATION_BY_RESET} */`;
  const dirty = ((state.read(CCR, 4) ?? 0) & CCR_DC) !== 0 ? ['SCB_CleanDCache_by_Addr((void *)&dfu_request, sizeof dfu_request);'] : [];
  return [
    part('file', ', in a NOLOAD section, which the start-up code does not clear', `${NOINIT} static volatile uint32_t dfu_request;`),
    part('here', here, `dfu_request = ${REQUEST};`, ...dirty, 'NVIC_SystemReset();'),
    part('main', '', `if (dfu_request == ${REQUEST}) {`, '  dfu_request = 0;', ...jumpInC(rom).split('\n').map(indented), '}'),
  ].join('\n');
}
const APPLICATION_BY_RESET =
  'in place of the jump, store a request in a word that a reset keeps, and reset the chip; where the word is found after a reset, start the application before anything else is set up';
const indented = (line: string): string => `  ${line.replace(IN_PLACE, '')}`;
/** A comment that names the code to replace. */
const IN_PLACE = / {3}\/\* in place of the old (reads|jump) \*\//;
/** In a patch the old code stays, behind the jump: what else it uses is not known. */
export const aboveOldCode = (code: readonly string[]): readonly string[] =>
  code.map((line) =>
    line.replace(IN_PLACE, (_, old: string) => (old === 'jump' ? '   /* never returns: the old jump below can go */' : '')),
  );
export const CCR = 0xe000ed14;
export const CCR_DC = 1 << 16;

/** A declaration of a variable that survives a reset, with the name and size from the image. Its type is not known if it can be an array or a structure. */
export function keptInC(name: string, bytes: number): string {
  const type = ({ 1: 'uint8_t', 2: 'uint16_t', 4: 'uint32_t' } as const)[bytes];
  return type === undefined
    ? `${NOINIT}   /* add this to the declaration, without an initialiser */`
    : `${NOINIT} volatile ${type} ${name};`;
}
/** Begins the remark of a part that names a call or a store: `in main (main.c:12)`. */
export const inFunction = (name: string, file: string, line: number | null): string => `in ${name} (${file}:${line})`;
/** The file and the line of that. */
export const IN_FUNCTION = /^in .+ \((.+):(\d+)\)/;
/** The remark of a part `declaration`: `of boot_magic (boot.c:8)`. */
export const DECLARED = /^of (\w+) \((.+):(\d+)\)/;
/** The user's own declaration, changed so that the variable survives a reset. */
export const keptDeclaration = (own: string): string => `${NOINIT} ${own.replace(/\s*=[^;]*;/, ';')}`;

const setBit = (block: string, register: string, bit: string): string => `${block}->${register} |= ${block}_${register}_${bit};`;
/** Clock enable of a block as C; empty if its clock is always on. */
export const clockInC = ({ blocks, rcc }: ChipDescription, name: string): string[] => {
  const [register, bit] = blocks.find((b) => b.name === name)?.clock?.split('.') ?? [];
  return register && bit ? [setBit(rcc, register, bit)] : [];
};
/** Enables the bus clock of the block with the backup registers; empty if it has none. */
export function backupClockInC(chip: ChipDescription, address: number): string[] {
  const sram = chip.memories.find((m) => m.gate?.writable !== undefined && address >= m.base && address < m.base + m.size);
  const [register, bit] = sram?.gate?.clock.split('.') ?? [];
  return register && bit ? [setBit(chip.rcc, register, bit)] : clockInC(chip, registersOfBackup(chip));
}
/**
 * Code that must run before a write to a backup register or to backup SRAM.
 *
 * @param clocked its bus clock is known to be on there
 */
export function backupAccessInC(chip: ChipDescription, address: number, clocked = false): string[] {
  const register = chip.facts['PWR']?.registers.find((r) => r.fields.some((f) => f.name === 'DBP'))?.name;
  return [
    ...clockInC(chip, 'PWR'),
    ...(register ? [setBit('PWR', register, 'DBP')] : []),
    ...(clocked ? [] : backupClockInC(chip, address)),
  ];
}
const registersOfBackup = ({ facts }: ChipDescription): string =>
  facts['BKP'] ? 'BKP' : facts['TAMP']?.registers.some((r) => r.name === 'BKP0R') ? 'TAMP' : 'RTC';

/** Reset of a block through RCC as C; empty if RCC cannot reset it. */
export function resetInC({ blocks, rcc }: ChipDescription, name: string): string[] {
  const [register, bit] = blocks.find((b) => b.name === name)?.reset?.split('.') ?? [];
  if (!register || !bit) return [];
  return [setBit(rcc, register, bit), `${rcc}->${register} &= ~${rcc}_${register}_${bit};`];
}
