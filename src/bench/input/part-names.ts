/**
 * What the debug data and the symbols of an image call its part: start-up files, device headers, macros, crates of Rust, boards. A name says more than machine
 * code can, so the strongest one decides.
 */
import { LINES, partsOf } from '../../chips/index.ts';
import { OTHER_LINES } from '../../chips/parts.ts';
import { isElf, parseElf } from '../../image/elf.ts';
import { ImageError } from '../../image/image.ts';

export interface NamedImage {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What the image calls the part. */
export interface Mention {
  /** `STM32F405`, `STM32F411xE`, `STM32F411CE`, `STM32F0X2`. */
  readonly part: string;
  readonly reason: string;
  readonly weight: number;
  /** It is that of a board, as the image spells it. */
  readonly board?: string;
}

const TEXT_SECTIONS = ['.debug_line', '.debug_line_str', '.debug_str', '.strtab', '.debug_info', '.comment'];
const PART = String.raw`stm32[cfghluw][0-9a-z][0-9a-z]{2}`;
/** Keys of GROUPS. */
const GROUP = 'stm32(?:f10x_(?:(?:ld|md|hd)(?:_vl)?|xl|cl)|f30x|f40xx|f40_41xxx|l1xx_(?:md|mdp|hd|xl))';
/** Pins and flash in the name of a board: `nucleo_f030r8`, `bluepill_f103c8`, `genericSTM32F103C8`, `ST_NUCLEO144_F767ZI`. */
const BOARD = String.raw`(?:nucleo(?:32|64|144)?[-_]|bluepill_|blackpill_|black_|disco_|discovery_|generic_?(?:stm32)?_?)([cfghluw][0-9a-z]{3}[a-z][0-9a-z])(?![a-z])`;
/** Of a start-up file there is one in an image: two that name different families are two parts. */
const STARTUP = 100;
/** A part's name in any text: it tells which of the parts is meant that something else names, and names none alone. */
const ASIDE = 5;
/** The macro that ST's headers ask for, on a command line: `-DSTM32F446xx`, `-D STM32H7A3xxQ`. */
const MACRO = new RegExp(String.raw`(?<=-D ?)(${PART}x[0-9a-z]|${GROUP})(?=q?\b)`, 'gi');
/** Those that a build defines, each once. */
export const macrosIn = (text: string): readonly string[] => [...new Set([...text.matchAll(MACRO)].map(([, name]) => name!.toUpperCase()))];
const THE_BOARD = 'the board';
/** What names a part, by how much it says. A `x` of the name stands for any character. */
const NAMES: readonly { readonly pattern: RegExp; readonly weight: number; readonly what: string }[] = [
  // CubeIDE writes one for each part, with its pins, flash and package: startup_stm32f103c8tx.s. A linker keeps the name of the object file where nothing else is left.
  {
    pattern: new RegExp(String.raw`startup_(${PART}[a-wyz][0-9a-z][a-z]x)\.[so]\b`, 'gi'),
    weight: 120,
    what: 'the start-up file',
  },
  { pattern: new RegExp(String.raw`startup_(${GROUP})\.[so]\b`, 'gi'), weight: 110, what: 'the start-up file' },
  {
    pattern: new RegExp(String.raw`startup_(${PART}(?:x[0-9a-z])?)(?:_[a-z0-9]+)?\.[so]\b`, 'gi'),
    weight: STARTUP,
    what: 'the start-up file',
  },
  // stm32-metapac, of which embassy-stm32 is made, has one folder a part
  {
    pattern: new RegExp(String.raw`(?<=[\\/]chips[\\/])(${PART}[a-z][0-9a-z])(?=[\\/\0])`, 'gi'),
    weight: 90,
    what: 'the folder of stm32-metapac',
  },
  // modules of the crates that svd2rust makes (`stm32f4::stm32f401`), as namespaces in the debug data and in mangled names
  { pattern: new RegExp(String.raw`(?<=\0)(${PART}(?:xx)?)(?=\0)`, 'gi'), weight: 60, what: 'the Rust module' },
  {
    pattern: new RegExp(String.raw`(?<=stm32[cfghluw][0-9a-z](?:\.\.|::|[\\/-][^\0]{0,24}src[\\/]))(${PART})(?=\.\.|::|[\\/])`, 'gi'),
    weight: 60,
    what: 'the Rust module',
  },
  {
    pattern: new RegExp(String.raw`(?<=[\0\dN])(stm32f30x|stm32f103xx)(?=\0|-[0-9]|\.\.|::|[0-9]{1,2}[a-z])`, 'gi'),
    weight: 55,
    what: 'the crate',
  },
  { pattern: new RegExp(String.raw`(?<![a-z0-9_])(${PART}x[0-9a-z])\.h\b`, 'gi'), weight: 50, what: 'the device header' },
  // Arm's compilers keep their command line in .comment
  { pattern: MACRO, weight: 50, what: 'the macro' },
  { pattern: new RegExp(BOARD, 'gi'), weight: 20, what: THE_BOARD },
  {
    pattern: new RegExp(String.raw`(?<![a-z0-9_])(${PART}[a-z][0-9a-z][a-z]x)_(?:flash|ram)\b`, 'gi'),
    weight: 10,
    what: 'the linker script',
  },
  // a folder, a project or a macro is named after the part
  {
    pattern: new RegExp(String.raw`(?<![a-z0-9])(${PART}[a-wyz][0-9b-i])(?:[a-z][0-9x])?(?![a-z0-9])`, 'gi'),
    weight: ASIDE,
    what: 'the name',
  },
  { pattern: new RegExp(String.raw`(?<![a-z0-9])(${PART})(?![a-z0-9])`, 'gi'), weight: ASIDE, what: 'the name' },
];
/** Boards whose names say no part: as Zephyr, ChibiOS and PlatformIO spell them; the part by ST's user manuals of the boards. */
const BOARDS: Readonly<Record<string, string>> = {
  stm32f0_discovery: 'STM32F051R8',
  stm32f072b_disco: 'STM32F072RB',
  stm32f3_disco: 'STM32F303VC',
  stm32f3_discovery: 'STM32F303VC',
  stm32f4_disco: 'STM32F407VG',
  stm32f4_discovery: 'STM32F407VG',
  stm32f411e_disco: 'STM32F411VE',
  stm32f429i_disc1: 'STM32F429ZI',
  stm32f429i_discovery: 'STM32F429ZI',
  stm32f469i_disco: 'STM32F469NI',
  stm32f723e_disco: 'STM32F723IE',
  stm32f746g_disco: 'STM32F746NG',
  stm32f769i_disco: 'STM32F769NI',
  stm32h747i_disco: 'STM32H747XI',
  stm32l_discovery: 'STM32L152RB',
  stm32l476g_disco: 'STM32L476VG',
  stm32l496g_disco: 'STM32L496AG',
  disco_l475_iot1: 'STM32L475VG',
  b_l475e_iot01a: 'STM32L475VG',
  b_u585i_iot02a: 'STM32U585AI',
  stm32_min_dev: 'STM32F103C8',
  olimex_stm32_p107: 'STM32F107VC',
  olimex_stm32_e407: 'STM32F407ZG',
};
const NAMED_BOARD = new RegExp(String.raw`(?<![a-z0-9])(?:st_)?(${Object.keys(BOARDS).join('|')})(?![a-z0-9])`, 'gi');
const BOARD_WEIGHT = 20;

export function mentionsOf(texts: readonly string[]): readonly Mention[] {
  const counts = new Map<string, Mention & { times: number }>();
  const count = (part: string, reason: string, weight: number, board?: string): void => {
    const key = `${weight} ${part}`;
    const known = counts.get(key);
    if (known) known.times++;
    else counts.set(key, { part, reason, weight, times: 1, ...(board !== undefined && { board }) });
  };
  for (const text of texts) {
    for (const { pattern, weight, what } of NAMES)
      for (const [whole, part] of text.matchAll(pattern))
        count(canonical(part!), `${what} ${whole.toLowerCase()}`, weight, what === THE_BOARD ? whole : undefined);
    for (const [whole, board] of text.matchAll(NAMED_BOARD))
      count(BOARDS[board!.toLowerCase()]!, `${THE_BOARD} ${whole.toLowerCase()}`, BOARD_WEIGHT, board);
  }
  return [...counts.values()].sort((a, b) => b.weight - a.weight || b.times - a.times);
}
export const bestMention = (texts: readonly string[]): Mention | null => mentionsOf(texts).find(({ weight }) => weight > ASIDE) ?? null;
/** Of the parts that the strongest mention leaves, those that a weaker one names more closely, with that mention; null where none does. */
export function closer(
  parts: readonly string[],
  texts: readonly string[],
): { readonly parts: readonly string[]; readonly mention: Mention } | null {
  for (const mention of mentionsOf(texts)) {
    const said = new Set(partsNamed(mention.part));
    const left = parts.filter((p) => said.has(p));
    if (left.length > 0 && left.length < parts.length) return { parts: left, mention };
  }
  return null;
}
/** Groups of stm32f10x.h of which no line is modelled: its value lines, and F101 and F103 of XL density. */
const OTHER_GROUPS: readonly (readonly [of: RegExp, part: string])[] = [
  [/F10X_[LMH]D_VL$/, 'STM32F100'],
  [/F10X_XL$/, 'STM32F103XG'],
];
const canonical = (part: string): string => {
  const upper = part.toUpperCase();
  const other = OTHER_GROUPS.find(([of]) => of.test(upper));
  if (other !== undefined) return other[1];
  return upper.startsWith('STM32') ? upper : `STM32${upper}`;
};

/** Start-up files of two families in one image, or names of two in two: the strongest of each. */
export function conflict(said: readonly (readonly Mention[])[], sure: number): readonly [Mention, Mention] | null {
  const strong = said.flatMap((mentions) => mentions.filter((m) => m.weight >= (said.length > 1 ? sure : STARTUP)));
  const first = strong[0];
  const second = strong.find((m) => first !== undefined && m.part.slice(0, FAMILY) !== first.part.slice(0, FAMILY));
  return first && second ? [first, second] : null;
}
const FAMILY = 'STM32F4'.length;

/** Files of ST's libraries (`stm32f4xx_gpio.c`, `system_stm32l4xx.c`), crates and folders of a family (`stm32f4xx_hal`, `st_stm32/stm32f4x`, `ports/STM32/STM32F4xx/`). */
const LIBRARY_FILE = /stm32([cfghluw][0-9a-z])(?:(?:xx|[0-9]x)(?:_[a-z0-9_]+)?\.[chs]\b|xx[-_]hal(?=[\0./\\-])|xx?(?=[\\/]))/gi;
/** The family that most names of such files speak of: `STM32F4`; null without any. */
export function namedFamily(texts: readonly string[]): string | null {
  const times = new Map<string, number>();
  for (const text of texts)
    for (const [, letters] of text.matchAll(LIBRARY_FILE)) {
      const family = canonical(letters!);
      times.set(family, (times.get(family) ?? 0) + 1);
    }
  return [...times].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

/** Parts of other makers by their start-up, system and header files. */
const OTHER_MAKER = new RegExp(
  String.raw`(?<![a-z0-9])(?:(?:gcc_)?(?:startup|system)_([a-z]{2,7}[0-9][a-z0-9]*)(?:_[a-z0-9_]+)?\.[chs]|` +
    String.raw`((?:gd32|at32f|apm32|ch32[fv]|py32|hc32|mm32|nrf5[0-9]|efm32|efr32|max326|lpc[0-9]|atsam|same?[0-9]{2}|tm4c|cc2[56]|xmc[14]|mk[0-9]|mkl[0-9]|rp2[0-9])[a-z0-9]*)(?:_[a-z0-9]+)?\.h)\b`,
  'gi',
);
/** The start-up or system file of a part that is no STM32: what it calls the part, and the file; null without one, or with one of an STM32. */
export function otherMaker(texts: readonly string[]): { readonly part: string; readonly file: string } | null {
  for (const text of texts)
    for (const [file, a, b] of text.matchAll(OTHER_MAKER)) {
      const part = (a ?? b)!.toUpperCase();
      if (!/^(?:STM|ARMC|CM\d|ARMV)/.test(part)) return { part, file: file.toLowerCase() };
    }
  return null;
}

/** Bytes of a section that are looked through: those of real firmware have less. */
const MOST_TEXT = 8 << 20;
/** What the debug sections and names of an image say. */
export function textsOf({ path, bytes }: NamedImage): string[] {
  if (!isElf(bytes)) return [];
  try {
    const elf = parseElf(bytes, false);
    const decoder = new TextDecoder('latin1');
    return TEXT_SECTIONS.flatMap((name) => {
      const section = elf.section(name);
      return section === null ? [] : [decoder.decode(section.subarray(0, MOST_TEXT))];
    });
  } catch (error) {
    throw error instanceof ImageError ? error.inFile(path) : error;
  }
}

/** ST's Standard Peripherals Libraries name groups of lines and densities: lines, the likeliest first, and letters of the flash's size (stm32f10x.h, stm32f4xx.h, stm32l1xx.h). The first of F4 knew these four lines. */
const GROUPS: Readonly<Record<string, readonly [lines: readonly string[], flash?: string]>> = {
  STM32F10X_LD: [['STM32F103'], '46'],
  STM32F10X_MD: [['STM32F103'], '8B'],
  STM32F10X_HD: [['STM32F103'], 'CDE'],
  STM32F10X_CL: [['STM32F105', 'STM32F107'], '8BC'],
  STM32F30X: [['STM32F303', 'STM32F302']],
  STM32F40XX: [['STM32F407', 'STM32F405', 'STM32F417', 'STM32F415']],
  STM32F4XX: [['STM32F407', 'STM32F405', 'STM32F417', 'STM32F415']],
  STM32F40_41XXX: [['STM32F407', 'STM32F405', 'STM32F417', 'STM32F415']],
  STM32L1XX_MD: [['STM32L152', 'STM32L151', 'STM32L100'], '68B'],
  STM32L1XX_MDP: [['STM32L152', 'STM32L151', 'STM32L162', 'STM32L100'], 'C'],
  STM32L1XX_HD: [['STM32L152', 'STM32L151', 'STM32L162'], 'D'],
  STM32L1XX_XL: [['STM32L152', 'STM32L151', 'STM32L162'], 'E'],
};
/** Letters of the flash's size that a device header or a start-up file stands for, the largest last: `stm32f103xb` is for 64 KB, too (stm32f0xx.h, f1xx.h, f3xx.h, f4xx.h, l1xx.h of CMSIS). */
const HEADERS: readonly (readonly [lines: RegExp, letters: readonly string[]])[] = [
  [/^STM32F10[0-3]/, ['46', '8B', 'CDE', 'FG']],
  [/^STM32F10[57]/, ['8BC']],
  [/^STM32F0(?:3[01]|42)/, ['46']],
  [/^STM32F051/, ['468']],
  [/^STM32F07[12]/, ['8B']],
  [/^STM32F091/, ['BC']],
  [/^STM32F30[123]/, ['68', 'BC', 'DE']],
  [/^STM32F334/, ['468']],
  [/^STM32F401/, ['BC', 'DE']],
  [/^STM32F411/, ['CE']],
  [/^STM32L1(?:00|5[12])/, ['68B']],
];
function flashOf(line: string, letter: string): string {
  const groups = HEADERS.find(([lines]) => lines.test(line))?.[1] ?? [];
  return groups.find((letters) => letters.endsWith(letter)) ?? letter;
}

/** Whether a line that is not modelled goes by the name too: F101 and F102 by `STM32F10X_MD`. */
export function sharesName(name: string): boolean {
  const line = new RegExp(`^${name.slice(0, 'STM32F10X'.length).replaceAll('X', '.')}$`);
  return OTHER_LINES.some((other) => line.test(other));
}

/** Parts that `STM32F411XE`, `STM32F405XX`, `STM32H533RETX`, `STM32F0X2` or `STM32F10X_HD` can mean. */
export function partsNamed(name: string): readonly string[] {
  const group = GROUPS[name];
  if (group) return group[0].flatMap((line) => partsOf(line).filter((p) => group[1]?.includes(p[10]!) ?? true));
  const [line, pins = 'X', flash = 'X'] = [name.slice(0, 9), name[9], name[10]];
  const lines = new RegExp(`^${line.replaceAll('X', '.')}$`);
  const parts = LINES.filter((l) => lines.test(l.name)).flatMap((l) => partsOf(l.name));
  const exact = parts.filter((p) => p === `${line}${pins}${flash}`);
  if (exact.length > 0) return exact;
  const letters = pins === 'X' ? flashOf(line, flash) : flash;
  const fits = parts.filter((p) => (pins === 'X' || p[9] === pins) && (flash === 'X' || letters.includes(p[10]!)));
  return [...fits.filter((p) => p[10] === flash), ...fits.filter((p) => p[10] !== flash)];
}
